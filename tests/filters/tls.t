#!/usr/bin/env bash
# Whom the filters talk to: TLS 1.2 or later, a certificate of the host by an
# authority that is trusted, and nothing in the environment, in a folder of
# the user's or in a server's manner that makes them take less.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/ca.sh
tmp=$(mktemp -d "${TMPDIR:-/tmp}/tls.XXXXXX") || exit 99
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$tmp"' EXIT

ca_make "$tmp/ca" || exit 99
(
	cd "$tmp/ca" || exit
	umask 077
	: >index.txt
	echo 01 >serial
	cat >ca.cnf <<-'CNF'
		[ca]
		default_ca = it
		[it]
		database = index.txt
		serial = serial
		new_certs_dir = .
		default_md = sha256
		policy = any
		x509_extensions = ext
		unique_subject = no
		[any]
		commonName = supplied
		[ext]
		subjectAltName = IP:127.0.0.1
	CNF
	openssl ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key -in server.csr \
		-startdate 200101000000Z -enddate 200201000000Z -out expired.pem
	printf 'subjectAltName=DNS:other.example\n' >other.ext
	openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days 2 -extfile other.ext -out other.pem
	openssl req -x509 -key server.key -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -out self.pem
) >"$tmp/ca.log" 2>&1 || {
	cat "$tmp/ca.log"
	exit 99
}

# serve CERT [OPTION ...]: a server on $port that answers each request with 200.
serve() {
	local cert=$1 i said
	shift
	: >"$tmp/server" # not what the one before said
	openssl s_server -accept 127.0.0.1:0 -cert "$tmp/ca/$cert.pem" -key "$tmp/ca/server.key" -www "$@" \
		>"$tmp/server" 2>&1 </dev/null &
	server=$!
	for ((i = 0; i < 6000; i++)); do
		# read(1) takes whole lines alone.
		while read -r said; do
			[[ $said =~ ^ACCEPT\ .*:([0-9]+)$ ]] && port=${BASH_REMATCH[1]} && return
		done <"$tmp/server"
		sleep 0.02
	done
	return 1
}
unserve() {
	kill "$server"
	wait "$server" 2>/dev/null
	server=
}

export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=not-a-real-secret AWS_REGION=us-east-1
export AZURE_TENANT_ID=11111111-2222-3333-4444-555555555555 AZURE_CLIENT_SECRET=neither-is-this
export AZURE_CLIENT_ID=66666666-7777-8888-9999-000000000000
export AWS_CA_BUNDLE=$tmp/ca/ca.pem
row='{"id":"0123456789abcdef-0000","n":0,"table":"T","row":{"TimeGenerated":"2026-11-20T10:00:00Z"}}'

# A good server's page is no answer to them: let them give up on it soon.
PATH=$BUILD/testbin:$PATH
export LB_CLOCK_SPEED=100

# run FILTER: its output to out and err, its status is returned.
run() {
	local url=https://127.0.0.1:$port
	case $1 in
	s3list) s3list --log-format text --endpoint "$url" --give-up 60s s3://bucket/logs/ ;;
	s3fetch) s3fetch --log-format text --endpoint "$url" --give-up 60s s3://bucket/logs/a ;;
	sentinelpost)
		AZURE_AUTHORITY_HOST=$url sentinelpost --log-format text --endpoint "$url" --rule dcr-1 \
			--give-up 60s --ca "$AWS_CA_BUNDLE" <<<"$row"
		;;
	esac >"$tmp/out" 2>"$tmp/err"
}

# refused WHAT: each of the three says so, with 78, and has sent nothing.
refused() {
	local f
	for f in s3list s3fetch sentinelpost; do
		run $f
		is "$? $(tail -n 1 "$tmp/out" | jq .done.exit)" '78 78' "$f: $1 stops the line"
		like "$(cat "$tmp/err")" "127\\.0\\.0\\.1|'s3://bucket/logs/a?'" "$f: and what failed is named" || sed 's/^/# /' "$tmp/err"
	done
}

# That these servers are what they should be: who asks for it does get in.
careless() {
	curl -q -sk --noproxy '*' -o "$tmp/page" -w '%{http_code}' "$@" "https://127.0.0.1:$port/"
}
careful() {
	careless --cacert "$tmp/ca/ca.pem" --no-insecure "$@"
}

serve server
is "$(careful)" 200 'a good server'
for f in s3list s3fetch sentinelpost; do
	run $f
	unlike "$(cat "$tmp/err")" 'certificate|TLS' "$f: has nothing against it"
done
unserve

serve server -tls1_1 -cipher 'DEFAULT:@SECLEVEL=0'
if [ "$(careless --tlsv1.0 --tls-max 1.1 --ciphers 'DEFAULT:@SECLEVEL=0')" = 200 ]; then
	refused 'TLS 1.1'
else
	skip 'this OpenSSL has no TLS 1.1 to offer' 'TLS 1.1'
fi
unserve

serve server -tls1_2
is "$(careful --tls-max 1.2)" 200 'a server of TLS 1.2'
run s3list
unlike "$(cat "$tmp/err")" 'certificate|TLS' 's3list: TLS 1.2 will do'
unserve

for kind in self expired other; do
	serve $kind
	is "$(careless)" 200 "a server whose certificate is $kind"
	case $kind in
	self) what='a self-signed certificate' ;;
	expired) what='an expired certificate' ;;
	other) what='the certificate of another host' ;;
	esac
	refused "$what"
	unserve
done

# Nothing but --ca and its variables says whom to trust.
serve self
mkdir "$tmp/home"
printf 'insecure\ncacert = %s/ca/self.pem\n' "$tmp" | tee "$tmp/home/.curlrc" "$tmp/home/.config" >"$tmp/home/_curlrc"
export HOME=$tmp/home CURL_HOME=$tmp/home CURL_CA_BUNDLE=$tmp/ca/self.pem
export AWS_NO_VERIFY_SSL=true PYTHONHTTPSVERIFY=0 NODE_TLS_REJECT_UNAUTHORIZED=0 SSL_CERT_DIR=$tmp/ca
export SSL_CERT_FILE=$tmp/ca/self.pem
refused 'a certificate that .curlrc and the like would let in'
unset AWS_CA_BUNDLE SSL_CERT_FILE
for f in s3list s3fetch; do
	run $f
	is $? 78 "$f: nor with the authorities of the system"
done
# The one variable of OpenSSL that is looked at, where AWS's own is not set.
SSL_CERT_FILE=$tmp/ca/self.pem run s3list
unlike "$(cat "$tmp/err")" 'certificate|TLS' 's3list: SSL_CERT_FILE names authorities'
unserve
tap_done
