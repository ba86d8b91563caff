#!/usr/bin/env bash
# Certificates for tests, made on the fly and thrown away with their folder.

# ca_make DIR: a test CA (DIR/ca.pem) and a server's certificate and key
# signed by it (DIR/server.pem, DIR/server.key), for 127.0.0.1, ::1, localhost
# and the names that CA_NAMES holds (",DNS:a.test,DNS:b.test").
ca_make() {
	local dir=$1
	mkdir -p "$dir"
	(
		umask 077
		cd "$dir" || exit
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-keyout ca.key -out ca.pem -days 30 -subj '/CN=logbridge test CA' \
			-addext basicConstraints=critical,CA:TRUE \
			-addext keyUsage=critical,keyCertSign,cRLSign &&
			openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
				-keyout server.key -out server.csr -subj '/CN=localhost' &&
			printf '%s\n' 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'"${CA_NAMES:-}" \
				'extendedKeyUsage=serverAuth' >server.ext &&
			openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key \
				-CAcreateserial -days 30 -extfile server.ext -out server.pem
	) >"$dir/ca.log" 2>&1 || {
		cat "$dir/ca.log" >&2
		return 1
	}
}

# ca_server DIR NAME FILE: one more certificate, DIR/FILE.pem and .key, signed by
# the CA of ca_make, for the host NAME.
ca_server() {
	local dir=$1
	(
		umask 077
		cd "$dir" || exit
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
			-keyout "$3.key" -out "$3.csr" -subj "/CN=$2" &&
			printf '%s\n' "subjectAltName=DNS:$2" 'extendedKeyUsage=serverAuth' >"$3.ext" &&
			openssl x509 -req -in "$3.csr" -CA ca.pem -CAkey ca.key \
				-CAcreateserial -days 30 -extfile "$3.ext" -out "$3.pem"
	) >"$dir/$3.log" 2>&1 || {
		cat "$dir/$3.log" >&2
		return 1
	}
}

# ca_app DIR: a certificate that an application signs its assertions with:
# DIR/app.pem, DIR/app.key (RSA), and both in DIR/app-both.pem, as
# AZURE_CLIENT_CERTIFICATE_PATH takes it.
ca_app() {
	local dir=$1
	mkdir -p "$dir"
	(
		umask 077
		cd "$dir" || exit
		openssl req -x509 -newkey rsa:2048 -nodes -keyout app.key -out app.pem \
			-days 30 -subj '/CN=logbridge test app' &&
			cat app.key app.pem >app-both.pem
	) >"$dir/app.log" 2>&1 || {
		cat "$dir/app.log" >&2
		return 1
	}
}
