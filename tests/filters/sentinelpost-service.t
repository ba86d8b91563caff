#!/usr/bin/env bash
# sentinelpost against services, proxies and networks that fail or lie: what is
# an outage is waited out until --give-up (69), what is a wrong setting stops the
# line (77, 78); in both cases nothing is settled and nothing is a dead letter.
# shellcheck disable=SC2015,SC2154 # `a && b` before ok; variables of the helpers
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/sentinelpost.sh
export LB_CLOCK_SPEED=1000
SIM_TLS=1 sim_start --stream Custom-T_CL || exit
object "$A" 3 >"$tmp/a"

# raw STEP ..: a server that does that; its port in RAW.
raws=()
trap 'kill "${raws[@]}" 2>/dev/null; sim_stop; rm -rf "$tmp"' EXIT
raw() {
	rm -f "$tmp/port"
	"$BUILD/fakes/rawserver" --port-file "$tmp/port" "$@" &
	raws+=($!)
	until_true test -s "$tmp/port"
	RAW=$(cat "$tmp/port")
}
# judge NAME WANT-RC [ERE]: nothing is settled, the exit code and message.
judge() {
	is "$rc $(done_code) | $(receipts) | $(wc -c <"$dead" 2>/dev/null || echo 0)" "$2 $2 |  | 0" "$1: exit $2, nothing settled" || sed 's/^/# /' "$tmp/err"
	[ -z "${3:-}" ] || like "$err" "$3" "$1: it says so"
}
tls=(--tls "$SIM_DIR/ca/server.pem" "$SIM_DIR/ca/server.key")
# endpoint NAME WANT-RC ERE STEP ..: an ingestion endpoint that does that.
endpoint() {
	local name=$1 want=$2 ere=$3
	shift 3
	raw "${tls[@]}" "$@"
	LOGBRIDGE_SENTINEL_ENDPOINT=https://127.0.0.1:$RAW run --ca "$SIM_CA" --give-up 2m --dead-letter "$dead" <"$tmp/a"
	judge "$name" "$want" "$ere"
}
# authority NAME WANT-RC ERE STEP ..: so for tokens.
authority() {
	local name=$1 want=$2 ere=$3
	shift 3
	raw "${tls[@]}" "$@"
	AZURE_AUTHORITY_HOST=https://127.0.0.1:$RAW run --ca "$SIM_CA" --give-up 2m --dead-letter "$dead" <"$tmp/a"
	judge "$name" "$want" "$ere"
	is "$(sim_status '.by_kind.ingest // 0')" 0 "$name: no row was sent"
}
run --ca "$SIM_CA" <"$tmp/a"
outcome "over TLS, to begin with" 0 "k/a delivered 3 3 0" 3

# Outages.
endpoint "closed without a reply" 69 "unavailable for [0-9]+ s" expect
endpoint "reset" 69 "unavailable" expect reset
endpoint "cut inside the headers" 69 "unavailable" expect 'send:HTTP/1.1 204 No Content\r\nx-ms-request-id: 1'
endpoint "cut inside the body" 69 "unavailable" expect 'send:HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'
endpoint "cut inside a chunk" 69 "unavailable" expect 'send:HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc'
endpoint "no HTTP" 69 "unavailable" expect 'send:220 smtp.example ESMTP\r\n'
endpoint "silence" 69 "too long" expect wait
endpoint "headers without end" 69 "header is over its limit" expect 'send:HTTP/1.1 204 No Content\r\nx: ' fill:200000
endpoint "a reply without end" 69 "reply is over its limit" expect 'send:HTTP/1.1 200 OK\r\n\r\n' fill:2000000
endpoint "an error with an endless page" 69 "503: xxx" expect 'send:HTTP/1.1 503 Busy\r\n\r\n' fill:2000000
endpoint "a handshake that is cut" 69 "cannot post to" reset
endpoint "500 with what is no JSON" 69 "500: <html>" expect 'send:HTTP/1.1 500 Oops\r\nContent-Length: 6\r\nRetry-After: soon\r\n\r\n<html>' again
for after in 0 -1 1e9 'Wed, 01 Jan 2020 00:00:00 GMT' 999999999999999999999; do
	endpoint "503, Retry-After: $after" 69 "503" expect "send:HTTP/1.1 503 Busy\\r\\nContent-Length: 0\\r\\nRetry-After: $after\\r\\n\\r\\n" again
done
AZURE_AUTHORITY_HOST='' LOGBRIDGE_SENTINEL_ENDPOINT=https://no-such-rule.westeurope-1.ingest.monitor.azure.com \
	HTTPS_PROXY='' run --give-up 2m --dead-letter "$dead" <"$tmp/a"
judge "hosts that are not found" 69 "cannot get a token from 'https://login.microsoftonline.com': .*(resolve|connect)"
authority "no token: reset" 69 "cannot get a token" reset
authority "no token: not Entra" 69 "answer holds none" expect 'send:HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi' again
authority "no token: one that is none" 69 "answer holds none" expect 'send:HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"access_token":"a b","expires_in":3600} ' again
authority "no token: one that has ended" 69 "answer holds none" expect 'send:HTTP/1.1 200 OK\r\nContent-Length: 37\r\n\r\n{"access_token":"ab","expires_in":0}  ' again
authority "no token: throttled" 69 "429" expect 'send:HTTP/1.1 429 Slow\r\nContent-Length: 0\r\nRetry-After: 30\r\n\r\n' again
authority "no token: an endless one" 69 "reply is over its limit" expect 'send:HTTP/1.1 200 OK\r\n\r\n' fill:2000000

# A request is not made more often than the breaker lets it.
for i in $(seq 40); do object "$(printf 'aaaaaaaaaaaaaaaa-%04x' "$i")" 1; done >"$tmp/many"
scripted '[{"status":503,"count":0}]' --ca "$SIM_CA" --linger 0 --give-up 30m <"$tmp/many"
is "$rc $(receipts)" "69 " "thirty minutes of 503"
[ "$(sim_status .by_kind.ingest)" -le 60 ]
ok "at most a trial a minute while the breaker is open" || echo "# $(sim_status .by_kind.ingest) requests"

# Wrong settings.
endpoint "a redirect" 78 "302.*hint: .*no answer of the Logs Ingestion API" expect 'send:HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n' again
for status in 201 206 304 402 405 409 410 418 451; do
	endpoint "$status" 78 "$status" expect "send:HTTP/1.1 $status X\\r\\nContent-Length: 0\\r\\n\\r\\n" again
done
endpoint "a status that is none" 69 "unavailable" expect 'send:HTTP/1.1 999999 X\r\nContent-Length: 0\r\n\r\n' again
endpoint "415 to plain bodies too" 78 "415" expect 'send:HTTP/1.1 415 X\r\nContent-Length: 0\r\n\r\n' again
authority "no token: a redirect" 77 "302" expect 'send:HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n' again
authority "no token: no such page" 78 "404.*hint: .*AZURE_AUTHORITY_HOST" expect 'send:HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n' again
raw sleep:200 'send:HTTP/1.1 400 this is no TLS\r\n\r\n' wait
LOGBRIDGE_SENTINEL_ENDPOINT=https://127.0.0.1:$RAW run --ca "$SIM_CA" --dead-letter "$dead" <"$tmp/a"
judge "no TLS where https is" 78 "hint: there is no TLS"
ca_make "$tmp/other"
raw --tls "$tmp/other/server.pem" "$tmp/other/server.key" expect
LOGBRIDGE_SENTINEL_ENDPOINT=https://127.0.0.1:$RAW run --ca "$SIM_CA" --dead-letter "$dead" <"$tmp/a"
judge "a certificate of another authority" 78 "hint: there is no TLS with 127.0.0.1 that could be trusted.*--ca FILE"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$tmp/key" -out "$tmp/cert" -days 2 \
	-subj /CN=elsewhere -addext subjectAltName=DNS:elsewhere.example 2>/dev/null
raw --tls "$tmp/cert" "$tmp/key" expect
cat "$SIM_CA" "$tmp/cert" >"$tmp/both"
LOGBRIDGE_SENTINEL_ENDPOINT=https://127.0.0.1:$RAW run --ca "$tmp/both" --dead-letter "$dead" <"$tmp/a"
judge "the certificate of another host" 78 "hint: there is no TLS"
run --ca "$tmp/nowhere" --dead-letter "$dead" <"$tmp/a"
is "$rc $(done_code)" "78 78" "a CA file that is not there"

# Replies that are unusual and good.
good() {
	raw "${tls[@]}" "$@"
	LOGBRIDGE_SENTINEL_ENDPOINT=https://127.0.0.1:$RAW run --ca "$SIM_CA" --give-up 2m <"$tmp/a"
	is "$rc $(receipts)" "0 k/a delivered 3 3 0" "$name" || sed 's/^/# /' "$tmp/err"
}
name="an interim reply first" good expect 'send:HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'
name="200 with a body" good expect 'send:HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}x'
name="202" good expect 'send:HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n'
name="closed behind a whole reply" good expect 'send:HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'

# Proxies: for https to elsewhere.
# proxied NAME WANT-RC ERE STEP ..
proxied() {
	local name=$1 want=$2 ere=$3
	shift 3
	raw "$@"
	AZURE_AUTHORITY_HOST='' LOGBRIDGE_SENTINEL_ENDPOINT=https://x-1.westeurope-1.ingest.monitor.azure.com \
		HTTPS_PROXY=http://user:proxy-pass@127.0.0.1:$RAW run --give-up 2m --dead-letter "$dead" <"$tmp/a"
	judge "$name" "$want" "$ere"
	unlike "$err" "proxy-pass|$SIM_SECRET" "$name: no secret is told"
}
proxied "a proxy that wants credentials" 77 "407.*hint: the proxy of HTTPS_PROXY wants credentials" \
	expect 'send:HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
proxied "a proxy that cannot connect" 69 "502" expect 'send:HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n'
proxied "a proxy that is closed" 69 "cannot get a token" expect reset
proxied "a proxy that answers itself" 78 "hint: there is no TLS" expect 'send:HTTP/1.1 200 OK\r\n\r\n' sleep:200 'send:HTTP/1.1 200 OK\r\n\r\nwelcome'
tap_done
