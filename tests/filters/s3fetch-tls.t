#!/usr/bin/env bash
# s3fetch and the way to the store: TLS, plain http, proxies, redirects; where
# credentials go, and where they never do.
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/s3fetch.sh
# shellcheck source=tests/lib/ca.sh
. tests/lib/ca.sh
command -v openssl >/dev/null || skip_all "openssl is not installed"

plain_port=$S3SIM_PORT plain_pid=$S3SIM_PID plain_dir=$S3SIM_DIR
mkdir -p "$tmp/root/logs"
echo hello >"$tmp/root/logs/text"
ca_make "$tmp/ca" && ca_server "$tmp/ca" store.example other && ca_make "$tmp/ca2" || exit 99
s3sim_start --root "$tmp/root" --tls-cert "$tmp/ca/other.pem" --tls-key "$tmp/ca/other.key" || exit 99
named_port=$S3SIM_PORT named_pid=$S3SIM_PID named_dir=$S3SIM_DIR
s3sim_start --root "$tmp/root" --tls-cert "$tmp/ca/server.pem" --tls-key "$tmp/ca/server.key" || exit 99
servers=()
trap 'kill "$plain_pid" "$named_pid" "${servers[@]}" 2>/dev/null; rm -rf "$plain_dir" "$named_dir"; cleanup' EXIT
line text >"$tmp/in"
unset HTTPS_PROXY https_proxy NO_PROXY no_proxy ALL_PROXY SSL_CERT_FILE AWS_CA_BUNDLE
export AWS_ENDPOINT_URL_S3=https://127.0.0.1:$S3SIM_PORT AWS_SESSION_TOKEN=

# raw STEP ..: a server that does that; its port in $raw, its log in $tmp/log
raw() {
	rm -f "$tmp/port" "$tmp/log"
	: >"$tmp/log"
	"$BUILD/fakes/rawserver" --port-file "$tmp/port" --log "$tmp/log" "$@" &
	servers+=($!)
	until_true test -s "$tmp/port"
	raw=$(cat "$tmp/port")
}
# stops NAME WANT-RC ERE: nothing is said of the object, and the log says why
stops() {
	is "$rc $sum" "$2 done $2" "$1: exit $2, nothing is said of the object"
	like "$err" "$3" "and why is told"
}
# secrets: is any in what it wrote or logged, at any level?
no_secret() {
	unlike "$(cat "$tmp/out" "$tmp/err")" "$AWS_SECRET_ACCESS_KEY|Signature=|AWS4-HMAC" "$1"
}

# --- TLS

AWS_CA_BUNDLE=$tmp/ca/ca.pem fetch -v -v
is "$rc $(head -n 1 <<<"$sum")" "0 text end 6 6" "AWS_CA_BUNDLE makes a store trusted"
no_secret "no secret in the log at any level"
fetch
stops "a certificate nobody vouches for" 78 "TLSFailed.*hint.*AWS_CA_BUNDLE"
AWS_CA_BUNDLE=$tmp/ca2/ca.pem fetch
stops "another authority" 78 "TLSFailed"
AWS_CA_BUNDLE=$tmp/ca/ca.pem AWS_ENDPOINT_URL_S3=https://127.0.0.1:$named_port fetch
stops "a certificate for another name" 78 "TLSFailed.*(subject|name)"
AWS_CA_BUNDLE=$tmp/none fetch
stops "a bundle that is not there" 78 "cannot read '$tmp/none'"
AWS_CA_BUNDLE=$tmp/root/logs/text fetch
stops "a bundle that is none" 78 "holds no certificate.*hint"
AWS_CA_BUNDLE=$tmp/ca/ca.pem AWS_ENDPOINT_URL_S3=https://127.0.0.1:$plain_port fetch
stops "https to a server without TLS" 78 "TLSFailed"
for how in reset wait; do
	raw "$how"
	AWS_CA_BUNDLE=$tmp/ca/ca.pem AWS_ENDPOINT_URL_S3=https://127.0.0.1:$raw speed=200 fetch --give-up 1m
	is "$rc $(head -n 1 <<<"$sum")" "69 text error Unavailable - true" "a handshake that does not end ($how) is an outage"
done

# --- plain http

for url in http://192.0.2.1 http://2130706433:$plain_port http://0x7f.1:$plain_port \
	http://localhost.example:$plain_port http://169.254.1.1 'http://[fe80::1]'; do
	AWS_ENDPOINT_URL_S3=$url fetch
	stops "$url" 78 "PlainHTTPRefused|no URL of a service"
done
for url in "http://user:secret@127.0.0.1:$plain_port" ftp://127.0.0.1/ "http://127.0.0.1:$plain_port/?x" \
	"http://127.0.0.1:$plain_port#x" "http://127.0.0.1:99999" "http://" "127.0.0.1:$plain_port"; do
	AWS_ENDPOINT_URL_S3=$url fetch
	is "$rc $sum" "78 done 78" "the endpoint '$url' is none"
	unlike "$err" ":secret@" "and what may be a password is not told"
	fetch --endpoint "$url"
	is "$rc $sum" "64 done 64" "as an option it is wrong usage"
done
for host in 127.0.0.1 localhost LOCALHOST; do
	AWS_ENDPOINT_URL_S3=http://$host:$plain_port HTTPS_PROXY=http://127.0.0.1:1 HTTP_PROXY=http://127.0.0.1:1 \
		ALL_PROXY=http://127.0.0.1:1 fetch
	is "$rc $(head -n 1 <<<"$sum")" "0 text error NoSuchKey 404 false" "plain http to $host, through no proxy"
done

# --- redirects

raw expect send:'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen' again
target=$raw target_log=$tmp/target.log
mv "$tmp/log" "$target_log"
for status in 301 302 303 307 308; do
	raw --tls "$tmp/ca/server.pem" "$tmp/ca/server.key" expect \
		"send:HTTP/1.1 $status X\r\nLocation: http://127.0.0.1:$target/logs/text\r\nContent-Length: 0\r\n\r\n" again
	AWS_CA_BUNDLE=$tmp/ca/ca.pem AWS_ENDPOINT_URL_S3=https://127.0.0.1:$raw fetch
	stops "$status from https to http" 78 "HTTP$status.*hint"
done
is "$(wc -c <"$target_log")" 0 "none of them is followed"

# --- whose endpoint a line may name

raw expect 'send:HTTP/1.1 502 X\r\nContent-Length: 0\r\n\r\n'
proxy=http://127.0.0.1:$raw
for host in s3.eu-west-3.amazonaws.com s3.dualstack.us-east-2.amazonaws.com s3-fips.us-gov-west-1.amazonaws.com \
	s3.cn-north-1.amazonaws.com.cn; do
	line text "\"endpoint\":\"https://$host\"" >"$tmp/in"
	HTTPS_PROXY=$proxy speed=1000 fetch --give-up 2s
	grep -q "^CONNECT logs.$host:443 " "$tmp/log"
	ok "a line may name AWS's $host"
done
: >"$tmp/log"
for url in https://evil.example https://s3.evil.example https://s3.amazonaws.com.evil.example http://s3.us-east-1.amazonaws.com \
	https://amazonaws.com https://evil.amazonaws.com https://s3.us-east-1.amazonaws.com:444 "https://127.0.0.1:$target" \
	'https://s3.us-east-1.amazonaws.com@evil.example' "https://127.0.0.1:$S3SIM_PORT.evil.example" 'https://s3.us-east-1.amazonaws.com/@x' \
	not-a-url; do
	line text "\"endpoint\":\"$url\"" >"$tmp/in"
	HTTPS_PROXY=$proxy speed=1000 fetch --give-up 2s
	stops "a line that names $url" 78 "neither AWS's nor the one given here.*hint.*give s3fetch the same --endpoint"
done
is "$(cat "$tmp/log" "$target_log" | wc -c)" 0 "nobody hears of it"
line text "\"endpoint\":\"https://evil.example\"" >"$tmp/in"
AWS_CA_BUNDLE=$tmp/ca/ca.pem fetch --endpoint "https://127.0.0.1:$S3SIM_PORT"
is "$rc $(head -n 1 <<<"$sum")" "0 text end 6 6" "with --endpoint it does not count"

# --- proxies

raw expect 'send:HTTP/1.1 200 Connected\r\n\r\n' "tunnel:$named_port"
line text >"$tmp/in"
export AWS_CA_BUNDLE=$tmp/ca/ca.pem AWS_ENDPOINT_URL_S3=https://store.example
HTTPS_PROXY=http://me:pass%20word@127.0.0.1:$raw fetch -v -v
is "$rc $(head -n 1 <<<"$sum")" "0 text end 6 6" "HTTPS_PROXY"
like "$(head -n 1 "$tmp/log")" "^CONNECT store.example:443 HTTP/1.1" "is asked to connect"
is "$(grep -ci '^proxy-authorization: basic' "$tmp/log") $(grep -ciE '^(authorization|x-amz)' "$tmp/log")" "1 0" \
	"it gets its own credentials, and not the store's"
no_secret "no secret is logged"
unlike "$err" "pass.*word" "nor the proxy's"
https_proxy=http://127.0.0.1:$raw fetch
is "$rc" 0 "so is https_proxy"
HTTPS_PROXY=http://127.0.0.1:$raw AWS_CA_BUNDLE=$tmp/ca2/ca.pem fetch
stops "a proxy does not vouch for the store" 78 "TLSFailed"
: >"$tmp/log"
HTTPS_PROXY=http://127.0.0.1:$raw NO_PROXY=other.example,.example speed=1000 fetch --give-up 2s
is "$rc $(wc -c <"$tmp/log")" "69 0" "hosts of NO_PROXY are reached without it"
raw expect 'send:HTTP/1.1 407 X\r\nContent-Length: 0\r\n\r\n'
HTTPS_PROXY=http://127.0.0.1:$raw fetch
stops "a proxy that wants credentials" 77 "ProxyDenied"
raw expect 'send:HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n'
HTTPS_PROXY=http://127.0.0.1:$raw speed=200 fetch --give-up 1m
is "$rc $(head -n 1 <<<"$sum")" "69 text error Unavailable - true" "one that cannot connect is an outage"
like "$err" "HTTPS_PROXY" "the log speaks of it"

tap_done
