#!/usr/bin/env bash
# sentinelpost from outside, against the Sentinel simulator: what is sent, and
# what a service that refuses or fails makes of it.  See the other tests of this
# name for receipts, dead letters, edges, bad services and load.
# shellcheck disable=SC2015,SC2154 # `a && b` before ok; variables of the helpers
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/sentinelpost.sh
export LB_CLOCK_SPEED=1000
sim_start --stream Custom-T_CL --stream Custom-U_CL --stream Custom-Other_CL || exit

# Delivery.
object "$A" 5 >"$tmp/a"
run <"$tmp/a"
outcome "an object is delivered" 0 "k/a delivered 5 5 0" 5
is "$(jq -c 'select(.receipt) | .receipt | [.to, .format, .records, .filtered]' "$tmp/out")" \
	"[\"127.0.0.1/$SIM_RULE\",\"f/1\",5,0]" "the receipt names destination and format"
is "$(jq -c 'select(.receipt) | .object' "$tmp/out")" "$(head -n 1 "$tmp/a" | jq -c .object)" "and carries the object line"
is "$(sim_rows T_CL | jq -r .a | paste -sd,)" "0,1,2,3,4" "rows as they came"
unlike "$err$(cat "$tmp/out")" "test-secret" "the secret is nowhere"
{ open "$A" && rows "$A" 0 2 && row "$A" 2 x U_CL && row "$A" 3 x V && totals end "$A" 4 4 0 0; } >"$tmp/in"
run --stream V=Custom-Other_CL <"$tmp/in"
outcome "two tables and a mapped one" 0 "k/a delivered 4 4 0" 2
is "$(count U_CL) $(count Other_CL)" "1 1" "each in its stream"
{ open "$A" && rows "$A" 0 2 && open "$B" && row "$B" 0 && row "$A" 2 && totals end "$B" 1 1 0 0 && totals end "$A" 3 3 0 0; } >"$tmp/in"
run <"$tmp/in"
is "$rc $(receipts | tr , '\n' | sort | paste -sd,)" "0 k/a delivered 3 3 0,k/b delivered 1 1 0" "interleaved objects"
{ open "$A" && totals end "$A" 0 0 0 0; } >"$tmp/in"
run <"$tmp/in"
outcome "an empty object" 0 "k/a delivered 0 0 0" 0
run </dev/null
outcome "empty input" 0 "" 0
printf '%s' "$(cat "$tmp/a")" >"$tmp/in"
run <"$tmp/in"
outcome "the last newline is missing" 0 "k/a delivered 5 5 0" 5
sed 's/"T_CL"/"\\u0054_CL"/; s,f/1,f\\/1,; s/"id":"a/"\\u0069d" : "\\u0061/; s/-0001"/\\u002D0001"/; s/$/\r/' "$tmp/a" >"$tmp/in"
run <"$tmp/in"
outcome "escapes in names, ids and tables" 0 "k/a delivered 5 5 0" 5

# Wrong settings: stop, say why, settle nothing.
AZURE_CLIENT_SECRET=wrong-secret run --dead-letter "$dead" <"$tmp/a"
outcome "wrong secret" 77 "" 0
like "$err" "AADSTS7000215.*hint:.*AZURE_CLIENT_SECRET is wrong" "and what mends it"
unlike "$err" "wrong-secret" "without naming it"
env -u AZURE_CLIENT_SECRET "$post" <"$tmp/a" >"$tmp/out" 2>"$tmp/err"
is "$? $(done_code)" "77 77" "no secret"
LOGBRIDGE_SENTINEL_RULE=dcr-ffffffffffffffffffffffffffffffff run --dead-letter "$dead" <"$tmp/a"
outcome "wrong rule" 78 "" 0
like "$err" "404 NotFound.*hint:.*immutable id is dcr-ffff" "and the hint names it"
run --dead-letter "$dead" --stream T_CL=Custom-Nope <"$tmp/a"
outcome "wrong stream" 78 "" 0
like "$err" "404 InvalidStream.*hint:.*stream Custom-Nope.*--stream" "and the hint names it"
is "$(wc -c <"$dead")" 0 "nothing is set aside for it"
sim_control reset && sim_control deny "{\"rule\":\"$SIM_RULE\"}"
again --dead-letter "$dead" <"$tmp/a"
outcome "no role" 77 "" 0
like "$err" "403 OperationFailed.*hint:.*Monitoring Metrics Publisher.*30 minutes" "and the hint names the role"
{ object "$A" 2 && open "$B" && row "$B" 0 x U_CL && totals end "$B" 1 1 0 0; } >"$tmp/in"
scripted '[{"status":404,"code":"NotFound","skip":1}]' --linger 0 --jobs 1 <"$tmp/in"
is "$rc" 78 "404 midway stops"
unlike "$(receipts)" "k/b" "the object it hit has no receipt"

# Sizes.
big=$(head -c 1000000 /dev/zero | tr '\0' x)
{ open "$A" && row "$A" 0 && row "$A" 1 "$big" && totals end "$A" 2 2 0 0; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "a row over the limit" 65 "k/a delivered 2 1 1" 1
is "$(jq -r .dead.reason "$dead")" oversize "is a dead letter"
# exact N LENGTH: a row whose text has so many bytes
exact() { printf '{"id":"%s","n":%d,"table":"T_CL","row":{"a":"%s"}}\n' "$A" "$1" "${big:0:$(($2 - 8))}"; }
{ open "$A" && exact 0 999998 && exact 1 999999 && totals end "$A" 2 2 0 0; } >"$tmp/in"
is "$(jq -c 'select(.row) | .row | tojson | length' "$tmp/in" | paste -sd,)" "999998,999999" "(rows of just so many bytes)"
run --dead-letter "$dead" <"$tmp/in"
outcome "with its brackets 1,000,000 bytes fit, one more does not" 65 "k/a delivered 2 1 1" 1
is "$(sim_status .max_raw) $(jq -c .n "$dead")" "1000000 1" "to the byte"
{ open "$A" && exact 0 499998 && exact 1 499999 && exact 2 499998 && exact 3 500000 && totals end "$A" 4 4 0 0; } >"$tmp/in"
run <"$tmp/in"
is "$rc $(receipts) $(jq -r '.raw // 0' "$SIM_DIR/requests.ndjson" | tail -n 3 | sort -n | paste -sd,)" "0 k/a delivered 4 4 0 500000,500002,1000000" "so for two rows in one request"
{ open "$A" && rows "$A" 0 50 "${big:0:100000}" && totals end "$A" 50 50 0 0; } >"$tmp/in"
run <"$tmp/in"
outcome "five requests of 1 MB" 0 "k/a delivered 50 50 0" 50
is "$(sim_status '[.. | objects | .max_raw? // empty] | max <= 1000000')" true "none has more than 1,000,000 bytes"
run --compress 0 <"$tmp/in"
outcome "the same without compression" 0 "k/a delivered 50 50 0" 50
run --compress fast <"$tmp/in"
outcome "and with the fast one" 0 "k/a delivered 50 50 0" 50
scripted '[{"status":413},{"status":413}]' <"$tmp/a"
outcome "413 halves" 0 "k/a delivered 5 5 0" 5

# The service fails.
scripted '[{"status":429,"retry_after":7}]' <"$tmp/a"
outcome "429" 0 "k/a delivered 5 5 0" 5
scripted '[{"status":503,"count":4},{"action":"reset-before","count":3}]' <"$tmp/a"
outcome "5xx and resets until the breaker opens" 0 "k/a delivered 5 5 0" 5
like "$err" "after a pause of a minute" "the breaker is told of"
scripted '[{"action":"reset-after"}]' <"$tmp/a"
is "$rc $(receipts) $(sim_rows T_CL | sort -u | wc -l)" "0 k/a delivered 5 5 0 5" "a reset after acceptance: nothing is lost"
scripted '[{"status":503,"count":0}]' --give-up 10m --dead-letter "$dead" <"$tmp/a"
outcome "unavailable past --give-up" 69 "" 0
is "$(wc -c <"$dead")" 0 "makes no dead letter"
sim_control reset && sim_control down '{"mode":"refuse"}'
again --give-up 10m <"$tmp/a"
outcome "nobody listens" 69 "" 0
sim_control up
sim_control reset
{
	object "$A" 2
	until_true test -s "$SIM_DIR/rows/T_CL.ndjson"
	sim_control revoke-tokens
	object "$B" 2
} | { again; printf '%s\n' "$rc" >"$tmp/rc"; }
rc=$(cat "$tmp/rc")
is "$rc $(receipts)" "0 k/a delivered 2 2 0,k/b delivered 2 2 0" "a token revoked midway is renewed"
scripted '[{"status":401,"count":0}]' <"$tmp/a"
outcome "401 again and again" 77 "" 0
scripted '[{"on":"token","status":503,"count":3}]' <"$tmp/a"
outcome "no token for a while" 0 "k/a delivered 5 5 0" 5

# Dry run.
run --dry-run <"$tmp/a"
is "$rc $(jq -c 'select(.plan) | .plan | [.table, .stream, .requests, .rows]' "$tmp/out") $(sim_status '[.requests[]?] | flatten | length >= 0')" \
	'0 ["T_CL","Custom-T_CL",1,5] true' "--dry-run counts"
env -u LOGBRIDGE_SENTINEL_ENDPOINT -u AZURE_CLIENT_SECRET "$post" --dry-run <"$tmp/a" >"$tmp/out" 2>&1
is "$? $(count)" "0 0" "and needs neither endpoint nor secret"
is "$(jq -c 'select(.receipt)' "$tmp/out")" "" "and writes no receipt"
sim_stop

# A table of the Auxiliary plan takes no request whose times are more than half an
# hour apart: what is refused for that is cut, and none of it is dead.
printf '%s\n' '{"table":"Aux_CL","plan":"Auxiliary","columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"n","type":"int"}]}' >"$tmp/aux.json"
sim_start --stream "Custom-Aux_CL=$tmp/aux.json" || exit
{
	open "$A"
	for i in $(seq 0 99); do
		printf '{"id":"%s","n":%d,"table":"Aux_CL","row":{"TimeGenerated":"%s","n":%d}}\n' "$A" "$i" \
			"$(date -u -d "$now -$i minutes" +%Y-%m-%dT%H:%M:%S.%6NZ)" "$i"
	done
	totals end "$A" 100 100 0 0
} >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
is "$rc $(receipts) $(wc -c <"$dead")" "0 k/a delivered 100 100 0 0" "a batch that spans more than thirty minutes"
is "$(sim_rows Aux_CL | jq -r .n | sort -n | uniq | wc -l) $(count Aux_CL) $(sim_status '.refused | keys[0]')" \
	"100 100 RecordsTimeRangeIsMoreThan30Minutes" "is cut until each part fits, each row once"
sim_stop

# TLS.
SIM_TLS=1 sim_start --stream Custom-T_CL || exit
again --ca "$SIM_CA" <"$tmp/a"
outcome "TLS with --ca" 0 "k/a delivered 5 5 0" 5
run <"$tmp/a"
outcome "TLS without" 78 "" 0
like "$err" "hint:.*--ca FILE" "and the hint"
tap_done
