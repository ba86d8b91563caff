#!/usr/bin/env bash
# sentinelpost against an ingestion endpoint and a token server that attack: it
# ends, in bounded memory, nothing is settled that was not taken, and what they
# say back steers no terminal and tells no secret.  (What merely fails or is
# unusual: sentinelpost-service.t.)
set -u
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/sentinelpost.sh
. tests/lib/hostile.sh
[ -x /usr/bin/time ] || skip_all "/usr/bin/time is not installed"
export LB_CLOCK_SPEED=1000
SIM_TLS=1 SIM_SECRET=client-secret-of-the-test sim_start --stream Custom-T_CL || exit 99
trap 'raw_stop; sim_stop; rm -rf "$tmp"' EXIT
tls=(--tls "$SIM_DIR/ca/server.pem" "$SIM_DIR/ca/server.key")
object "$A" 3 >"$tmp/a"

# post [OPTION ..]: the filter on $tmp/a, against the server in RAW.
post() {
	rm -f "$dead"
	weighed "$post" --log-format text --ca "$SIM_CA" --dead-letter "$dead" "$@" <"$tmp/a"
}
# judge NAME RC [ERE]: nothing is settled, nothing is dead, nothing is told.
judge() {
	is "$rc $(done_code) | $(receipts) | $(wc -c <"$dead" 2>/dev/null || echo 0)" "$2 $2 |  | 0" "$1: exit $2, nothing settled" || head -c 2000 "$tmp/err" | sed 's/^/# /'
	[ -z "${3:-}" ] || like "$err" "$3" "$1: it says so"
	unlike "$err" "client-secret|access-token-of" "$1: no secret is told, nor the beginning of one"
	contained "$1"
}
# patience RC: see store.t
patience() { [ "$1" = 69 ] && echo 2m || echo 6h; }
# endpoint NAME RC ERE STEP ..: such an ingestion endpoint; authority: so for tokens.
endpoint() {
	raw "${tls[@]}" "${@:4}"
	LOGBRIDGE_SENTINEL_ENDPOINT=https://127.0.0.1:$RAW post --give-up "$(patience "$2")"
	judge "endpoint: $1" "$2" "$3"
	raw_stop
}
authority() {
	sim_control reset
	raw "${tls[@]}" "${@:4}"
	AZURE_AUTHORITY_HOST=https://127.0.0.1:$RAW post --give-up "$(patience "$2")"
	judge "tokens: $1" "$2" "$3"
	is "$(sim_status '.by_kind.ingest // 0')" 0 "tokens: $1: no row was sent"
	raw_stop
}
# reply STATUS HEADERS BODY: as a step; the body as it is.
reply() {
	local LC_ALL=C
	printf 'send:HTTP/1.1 %s X\\r\\n%sContent-Length: %d\\r\\n\\r\\n%s' "$1" "$2" "${#3}" "${3//\\/\\\\}"
}
token() { reply 200 '' "{\"token_type\":\"Bearer\",\"expires_in\":$1,\"access_token\":\"$2\"}"; }

# --- the ingestion endpoint

python3 - "$tmp" <<'PY'
import os, sys
def write(name, text):
    with open(os.path.join(sys.argv[1], name), "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
write("deep", '{"error":' * 300000)
write("members", "{" + ",".join(f'"m{i}":{i}' for i in range(300000)) + "}")
PY
for after in 0 999999999999999999999 -1 'Fri, 31 Dec 9999 23:59:59 GMT' 1e99; do
	endpoint "429 for ever, Retry-After: $after" 69 "unavailable for [0-9]+ s" expect "$(reply 429 "Retry-After: $after\\r\\n" '')" again
done
endpoint "429 without advice" 69 "unavailable" expect "$(reply 429 '' '')" again
endpoint "thousands of headers" 69 "headers are over" expect 'send:HTTP/1.1 204 No Content\r\n' "file:$tmp/many" 'send:\r\n'
endpoint "interim replies without end" 69 "headers are over|over its limit" expect "file:$tmp/interim"
endpoint "an endless header" 69 "header is over its limit" expect 'send:HTTP/1.1 204 No Content\r\nX: ' fill:3000000
drip=()
for _ in {1..25}; do drip+=('send:X: y\r\n' sleep:250); done
endpoint "headers that drip" 69 "unavailable" expect 'send:HTTP/1.1 204 No Content\r\n' "${drip[@]}" wait
endpoint "a body that drips" 69 "unavailable" expect 'send:HTTP/1.1 500 X\r\nContent-Length: 1000\r\n\r\n' "${drip[@]}" wait
for to in https://evil.example/ http://127.0.0.1:1/ file:///etc/passwd; do
	endpoint "a redirect to $to" 78 "302" expect "$(reply 302 "Location: $to\\r\\n" '')" again
done
endpoint "a redirect to itself" 78 "307" expect "$(reply 307 'Location: /\r\n' '')" again
endpoint "garbage" 69 "unavailable" expect "file:$tmp/garbage"
for body in deep members garbage; do
	endpoint "500 with $body" 69 "500" expect 'send:HTTP/1.1 500 X\r\nConnection: close\r\n\r\n' "file:$tmp/$body"
	endpoint "403 with $body" 77 "403" expect 'send:HTTP/1.1 403 X\r\nConnection: close\r\n\r\n' "file:$tmp/$body"
done
endpoint "200 with an endless body" 69 "over its limit" expect 'send:HTTP/1.1 200 OK\r\n\r\n' fill:3000000
endpoint "401 for ever" 77 "401" expect "$(reply 401 '' '')" again
endpoint "what steers terminals" 77 "403" expect \
	"$(reply 403 $'x-ms-request-id: \x1b[2J\x9b\\r\\nx-ms-error-code: \x1b]0;x\x07\\r\\n' $'{"error":{"code":"\\u001b[31m\\u009b","message":"\\u202e\\r\\n\x9b\xff fake: error: line"}}')" again
is "$(wc -l <"$tmp/err")" 2 "endpoint: what steers terminals: one message and its hint"
x=$(printf '%0384d' 0)
endpoint "our secret, and our token, cut by the end of the text" 77 "403" expect \
	"$(reply 403 '' "{\"error\":{\"code\":\"X\",\"message\":\"$x$SIM_SECRET\"}}")" again
# With a token that is known, for the simulator's is not.
raw "${tls[@]}" expect "$(token 3600 access-token-of-the-test)" expect \
	"$(reply 403 'x-ms-request-id: access-token-of-the-test\r\n' '{"error":{"code":"access-token-of-the-test","message":"you sent access-token-of-the-test"}}')" again
AZURE_AUTHORITY_HOST=https://127.0.0.1:$RAW LOGBRIDGE_SENTINEL_ENDPOINT=https://127.0.0.1:$RAW post
judge "endpoint: our token said back" 77 "403"
raw_stop

# Rows refused: dead letters, and the line stops when they are too many.
raw "${tls[@]}" expect "$(reply 413 '' '')" again
LOGBRIDGE_SENTINEL_ENDPOINT=https://127.0.0.1:$RAW post
is "$rc $(receipts) $(deads .dead.http)" "65 k/a delivered 3 0 3 413 413 413" "endpoint: 413 for everything: each row alone is dead"
[ "$(requests)" -le 8 ]
ok "endpoint: 413 for everything: each row is sent no more often than it takes to find out" || echo "# $(requests)"
contained "endpoint: 413 for everything"
LOGBRIDGE_SENTINEL_ENDPOINT=https://127.0.0.1:$RAW post --max-dead 2
is "$rc $(receipts)" "78 " "endpoint: 413 for everything: --max-dead stops the line"
raw_stop
raw "${tls[@]}" expect "$(reply 400 '' "{\"error\":{\"code\":\"\\u001b[31mBad\",\"message\":\"$SIM_SECRET\\u0000\\u009b\"}}")" again
LOGBRIDGE_SENTINEL_ENDPOINT=https://127.0.0.1:$RAW post
is "$rc $(receipts)" "65 k/a delivered 3 0 3" "endpoint: 400 for everything: dead"
contained "endpoint: 400 for everything"
unlike "$(cat "$dead" "$tmp/out")" "client-secret" "endpoint: 400 for everything: dead letters hold no secret"
jq -e . "$dead" >/dev/null
ok "endpoint: 400 for everything: and are JSON"
raw_stop

# --- tokens

for life in 0 -1 1e9 0.5 999999999999999999999 '"soon"' '"9x"' '{}' null; do
	authority "expires_in $life" 69 "answer holds none" expect "$(token "$life" t)" again
done
for bad in 'a b' 'a\r\nX-Evil: 1' 'a\u0000b' 'a\u001bb' 'a\u009bb' 'é' ''; do
	authority "the token '$bad'" 69 "answer holds none" expect "$(token 3600 "$bad")" again
done
authority "a token of 100 KB" 69 "answer holds none" expect "$(token 3600 "$(printf '%0100000d' 0)")" again
for body in deep members garbage; do
	authority "200 with $body" 69 "answer holds none|over its limit" expect 'send:HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n' "file:$tmp/$body"
done
authority "thousands of headers" 69 "headers are over" expect 'send:HTTP/1.1 200 OK\r\n' "file:$tmp/many" 'send:\r\n'
authority "an endless header" 69 "header is over its limit" expect 'send:HTTP/1.1 200 OK\r\nX: ' fill:3000000
authority "an endless body" 69 "over its limit" expect 'send:HTTP/1.1 200 OK\r\n\r\n' fill:3000000
authority "headers that drip" 69 "cannot get a token" expect 'send:HTTP/1.1 200 OK\r\n' "${drip[@]}" wait
authority "a redirect to itself" 77 "307" expect "$(reply 307 'Location: /\r\n' '')" again
authority "a redirect elsewhere" 77 "302" expect "$(reply 302 'Location: https://evil.example/\r\n' '')" again
authority "429 for ever" 69 "429" expect "$(reply 429 'Retry-After: 999999999999999999999\r\n' '')" again
authority "what steers terminals" 77 "400" expect \
	"$(reply 400 $'x-ms-request-id: \x1b[2J\\r\\n' $'{"error":"\\u001b[31m","error_description":"\\u202e\\u009b\x9b\xff"}')" again
# The text is cut at 511 bytes, request ids at 127.
x=$(printf '%0495d' 0)
authority "our secret, cut by the end of the text" 77 "400" expect \
	"$(reply 400 'x-ms-request-id: 17\r\n' "{\"error\":\"invalid_client\",\"error_description\":\"$x$SIM_SECRET\"}")" again
authority "our secret, cut by the end of a request id" 77 "400" expect \
	"$(reply 400 "x-ms-request-id: ${x:0:110}$SIM_SECRET\\r\\n" '{"error":"invalid_client"}')" again
# A token for a second, again and again: it serves as long as it does.
raw "${tls[@]}" expect "$(token 1 access-token-of-the-test)" again
AZURE_AUTHORITY_HOST=https://127.0.0.1:$RAW post --give-up 2m
[ "$rc" = 77 ] || [ "$rc" = 69 ]
ok "tokens: one that the endpoint does not know: exit 77" || echo "# $rc"
is "$(receipts)" "" "tokens: one that the endpoint does not know: nothing is settled"
raw_stop
tap_done
