#!/usr/bin/env bash
# sentinelpost from outside, against the Sentinel simulator: what is sent, what
# receipts say, and what becomes of rows when the service refuses or fails.
# shellcheck disable=SC2015,SC2154 # `a && b` before ok; variables of the helpers
set -u
cd "$(dirname "$0")/../.." || exit
: "${BUILD:=$PWD/build}"
. tests/lib/tap.sh
. tests/lib/sentinelsim.sh
post=$BUILD/testbin/sentinelpost
export LB_CLOCK_SPEED=1000 LC_ALL=C TZ=UTC

tmp=$(mktemp -d "${TMPDIR:-/tmp}/sentinelpost-t.XXXXXX")
trap 'sim_stop; rm -rf "$tmp"' EXIT
dead=$tmp/dead now=$(date -u +%Y-%m-%dT%H:%M:%SZ)

# s3fetch asks for credentials even when nothing is to be fetched.
export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_REGION=x

# The lines of logparse.  A is object a's id, B that of b.
A=aaaaaaaaaaaaaaaa-0001 B=bbbbbbbbbbbbbbbb-0002
open() { printf '{"v":1,"id":"%s","object":{"store":"s3","bucket":"b","key":"k/%s","size":9,"etag":"e","modified":"%s"}}\n' "$1" "${1:0:1}" "$now"; }
row() { printf '{"id":"%s","n":%d,"table":"%s","row":{"TimeGenerated":"%s","a":"%s"}}\n' "$1" "$2" "${4:-T_CL}" "$now" "${3:-$2}"; }
rows() { for ((i = $2; i < $3; i++)); do row "$1" "$i" "${4:-}"; done; }
# reject ID N [MORE]
reject() { printf '{"id":"%s","n":%d,"reject":{"reason":"bad-json","at":7,"format":"f/1"%s},"raw":"{oops"}\n' "$1" "$2" "${3:+,\"more\":true}"; }
# totals KIND ID RECORDS ROWS REJECTS FILTERED
totals() { printf '{"id":"%s","%s":{"format":"f/1","records":%d,"skipped":0,"rows":%d,"rejects":%d,"filtered":%d}}\n' "$2" "$1" "$3" "$4" "$5" "$6"; }
error() { printf '{"id":"%s","error":{"stage":"s3fetch","code":"%s","http":%d,"retry":%s,"message":"m"}}\n' "$1" "$2" "$3" "$4"; }
# An object of N rows.
object() { open "$1" && rows "$1" 0 "$2" && totals end "$1" "$2" "$2" 0 0; }

# run [OPTION ...] <lines: fills rc, $tmp/out, err.  Fresh counters, no dead file.
run() {
	sim_control reset && rm -f "$dead"
	again "$@"
}
again() {
	rc=0
	"$post" --log-format text "$@" >"$tmp/out" 2>"$tmp/err" || rc=$?
	err=$(cat "$tmp/err")
}
# Like run, with a script that the simulator follows.
scripted() {
	local script=$1
	shift
	sim_control reset && rm -f "$dead"
	sim_control script "$script"
	again "$@"
}
receipts() { jq -cr 'select(.receipt) | "\(.object.key) \(.receipt.status) \(.receipt.through) \(.receipt.rows) \(.receipt.dead)"' "$tmp/out" | paste -sd,; }
done_code() { tail -n 1 "$tmp/out" | jq -r .done.exit; }
count() { sim_rows "${1:-T_CL}" 2>/dev/null | wc -l; }
# settled NAME WANT-RC RECEIPTS ROWS: one call judges the whole outcome.
outcome() { is "$rc $(done_code) | $(receipts) | $(count)" "$2 $2 | $3 | $4" "$1" || sed 's/^/# /' "$tmp/err"; }

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

# Rows that are refused.
{ open "$A" && rows "$A" 0 3 && row "$A" 3 POISON && rows "$A" 4 9 && totals end "$A" 9 9 0 0; } >"$tmp/poison"
sim_control reset && sim_control 400-on '{"contains":"POISON"}'
again --dead-letter "$dead" <"$tmp/poison"
outcome "one bad row of nine" 65 "k/a delivered 9 8 1" 8
is "$(jq -c '[.id, .n, .table, .dead.reason, .dead.http, .object, .row.a]' "$dead")" \
	"[\"$A\",3,\"T_CL\",\"refused\",400,{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k/a\"},\"POISON\"]" "its dead letter"
is "$(stat -c %a "$dead")" 600 "mode 0600"
is "$(sim_rows T_CL | jq -r .a | sort | paste -sd,)" "0,1,2,4,5,6,7,8" "each good row once"
sim_control reset && sim_control 400-on '{"contains":"POISON"}'
again <"$tmp/poison"
outcome "the same without --dead-letter" 75 "k/a failed 0 0 0" 8
like "$err" "hint: give --dead-letter" "and the hint"
is "$(jq -r 'select(.receipt) | .receipt.reason' "$tmp/out")" "dead-records" "the receipt's reason"

# Replay: the file itself through the whole line, then without the poison.
cp "$dead" "$tmp/replay"
printf '{"id":"torn' >>"$dead"
"$BUILD/testbin/s3fetch" <"$tmp/replay" 2>/dev/null | "$BUILD/testbin/logparse" 2>/dev/null |
	"$post" --log-format text --dead-letter "$tmp/dead2" >"$tmp/out" 2>"$tmp/err"
is "$(jq -c '[.n, .dead.reason, .object.key, .row.a]' "$tmp/dead2")" '[3,"refused","k/a","POISON"]' "replayed, refused again, still named"
sim_control 400-on '{"contains":[]}'
"$BUILD/testbin/s3fetch" <"$tmp/replay" 2>/dev/null | "$BUILD/testbin/logparse" 2>/dev/null | "$post" >"$tmp/out" 2>"$tmp/err"
is "$? $(sim_rows T_CL | grep -c POISON) $(receipts)" "0 1 " "replayed and accepted, without a receipt"
again --dead-letter "$dead" <"$tmp/a"
is "$(wc -l <"$dead") $(tail -c 1 "$dead" | od -An -c | tr -d ' ')" '1 \n' "a torn last line is cut off"
like "$err" "cut 11 bytes of an unfinished line" "and said"
(
	flock -x 9 || true
	sim_control hold
	"$post" --dead-letter "$dead" <"$tmp/a" >/dev/null 2>&1 &
	first=$!
	for ((i = 0; i < 500; i++)); do
		[ "$(sim_status .in_flight)" != 0 ] && break
		sleep 0.01
	done
	"$post" --log-format text --dead-letter "$dead" <"$tmp/a" >/dev/null 2>"$tmp/err"
	echo $? >"$tmp/second"
	sim_control release
	wait "$first"
) 9>"$tmp/lock"
is "$(cat "$tmp/second")" 75 "a second one with the same file"
ln -sf /dev/null "$tmp/null"
run --dead-letter "$tmp/null" <"$tmp/a"
outcome "a dead-letter file that is none" 78 "" 0

# A full disk: what was collected for the file is not acknowledged.
{ open "$A" && reject "$A" 0 && totals end "$A" 1 0 1 0 && open "$B" && row "$B" 0 "$(printf '%70000s' x)" no/table; } >"$tmp/in"
rm -f "$dead"
(
	trap '' XFSZ
	ulimit -f 8
	"$post" --log-format text --dead-letter "$dead" <"$tmp/in" 2>"$tmp/full.err" | cat >"$tmp/out"
	exit "${PIPESTATUS[0]}"
)
is "$?" 74 "the disk of the dead-letter file is full"
like "$(cat "$tmp/full.err")" "cannot write the dead-letter file .*hint: make room|cannot write the dead-letter file" "and says so"
is "$(jq -c 'select(.receipt)' "$tmp/out" | wc -l)" "$(wc -l <"$dead")" "no receipt without its dead letter"

# Rejects.
{ open "$A" && rows "$A" 0 2 && reject "$A" 2 && totals end "$A" 3 2 1 0; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "a reject" 65 "k/a delivered 3 2 1" 2
is "$(jq -c '[.n, .dead.reason, .reject.reason, .reject.at, .object.key, .raw]' "$dead")" \
	'[2,"bad-json","bad-json",7,"k/a","{oops"]' "its dead letter, with its own reason"
run <"$tmp/in"
outcome "without --dead-letter" 75 "k/a failed 0 0 0" 2
{ open "$A" && reject "$A" 0 more && reject "$A" 0 more && reject "$A" 0 && row "$A" 1 && totals end "$A" 2 1 1 0; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "a reject of three lines is one record" 65 "k/a delivered 2 1 1" 1
is "$(wc -l <"$dead") $(tail -n 1 "$tmp/out" | jq -c '[.done.rejects, .done.dead]')" "3 [1,1]" "all lines are kept, counted once"
run <"$tmp/in"
outcome "the same without --dead-letter" 75 "k/a failed 0 0 0" 1

# Marks, missing rows, unfinished objects.
{ open "$A" && rows "$A" 0 2 && totals mark "$A" 2 2 0 0 && row "$A" 2; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "input stops inside an object" 75 "k/a partial 2 2 0" 3
{ open "$A" && rows "$A" 0 2 && row "$A" 3 && totals end "$A" 5 4 0 1; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "a row is missing" 70 "k/a failed 0 0 0" 3
is "$(jq -r 'select(.receipt) | .receipt.reason' "$tmp/out")" "missing-rows" "its reason"
like "$err" "hint:.*--missing filtered" "and the hint"
run --missing filtered <"$tmp/in"
outcome "unless that is declared" 0 "k/a delivered 5 3 0" 3
is "$(jq -r 'select(.receipt) | .receipt.filtered' "$tmp/out")" 2 "then it counts as filtered"

# Error lines.
{ open "$A" && rows "$A" 0 2 && totals mark "$A" 2 2 0 0 && error "$A" NoSuchKey 404 true; } >"$tmp/in"
run <"$tmp/in"
outcome "NoSuchKey is gone, whatever retry says" 0 "k/a gone 2 2 0" 2
{ open "$A" && rows "$A" 0 2 && totals mark "$A" 2 2 0 0 && error "$A" SlowDown 503 true; } >"$tmp/in"
run <"$tmp/in"
outcome "an error to be tried again" 75 "k/a partial 2 2 0,k/a failed 2 2 0" 2
is "$(jq -c 'select(.receipt.status == "failed") | .receipt.try' "$tmp/out")" false "unavailability is no try"
{ open "$A" && rows "$A" 0 2 && totals mark "$A" 2 2 0 0 && error "$A" BadChecksum 0 false; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "an object that will never be read" 65 "k/a delivered 2 2 0" 2
is "$(jq -c 'select(.receipt) | .receipt.dead_object' "$tmp/out")" true "says so"
is "$(jq -c '[.dead.reason, .store, .bucket, .key, .skip, .format]' "$dead")" '["BadChecksum","s3","b","k/a",2,"f/1"]' "its line is a dead letter"
run <"$tmp/in"
outcome "without --dead-letter it stays" 75 "k/a partial 2 2 0,k/a failed 2 2 0" 2

# Not for a destination, or not the wire.
printf '{"id":"%s","at":0,"text":"x"}\n' "$A" >"$tmp/in"
run <"$tmp/in"
outcome "a chunk is refused" 65 "" 0
like "$err" "is logparse missing" "with the hint"
run <<<'{"store":"s3","bucket":"b","key":"k"}'
outcome "an object line is refused" 65 "" 0
like "$err" "is logparse missing" "with the hint"
{ open "$A" && echo 'no wire' && row "$A" 0 && printf 'b\377d\n' && totals end "$A" 1 1 0 0; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "lines that are not the wire" 65 "k/a delivered 1 1 0" 1
is "$(jq -c '[.dead.reason, .raw, .raw64]' "$dead" | paste -sd' ')" '["not-wire","no wire",null] ["not-wire",null,"Yv9k"]' "are dead letters"
seq -f 'line %g of a log' 3000 >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "a log is not the wire" 65 "" 0
like "$err" "holds no line of the wire.*hint:.*--bare" "with the hint"
{ cat "$tmp/a" && echo '{"receipt":{"status":"delivered"}}' && echo '{"note":1}' && echo '{"done":{"stage":"logparse","exit":65}}'; } >"$tmp/in"
run <"$tmp/in"
outcome "the upstream's exit code counts" 65 "k/a delivered 5 5 0" 5
is "$(jq -c 'select(.note or .done) | .note // .done.stage' "$tmp/out" | paste -sd' ')" '1 "logparse" "sentinelpost"' "others' lines pass, receipts are dropped"
{ open "$A" && row "$A" 0 && row "$A" 1 x 'no/table' && echo "{\"id\":\"$A\",\"n\":2,\"table\":\"T_CL\",\"row\":[1]}" && totals end "$A" 3 3 0 0; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "rows that cannot be one" 65 "k/a delivered 3 1 2" 1
is "$(jq -c '[.dead.reason, .n, .table, .row, .raw]' "$dead" | sed 's/"TimeGenerated":"[^"]*",//' | paste -sd' ')" \
	'["bad-table",1,"no/table",{"a":"x"},null] ["bad-row",2,null,null,"[1]"]' "are dead letters"

# Sizes.
big=$(head -c 1000000 /dev/zero | tr '\0' x)
{ open "$A" && row "$A" 0 && row "$A" 1 "$big" && totals end "$A" 2 2 0 0; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "a row over the limit" 65 "k/a delivered 2 1 1" 1
is "$(jq -r .dead.reason "$dead")" oversize "is a dead letter"
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
	for ((i = 0; i < 500; i++)); do
		[ -s "$SIM_DIR/rows/T_CL.ndjson" ] && break
		sleep 0.01
	done
	sim_control revoke-tokens
	object "$B" 2
} | { again; printf '%s\n' "$rc" >"$tmp/rc"; }
rc=$(cat "$tmp/rc")
is "$rc $(receipts)" "0 k/a delivered 2 2 0,k/b delivered 2 2 0" "a token revoked midway is renewed"
scripted '[{"status":401,"count":0}]' <"$tmp/a"
outcome "401 again and again" 77 "" 0
scripted '[{"on":"token","status":503,"count":3}]' <"$tmp/a"
outcome "no token for a while" 0 "k/a delivered 5 5 0" 5

# Runs of dead records.
{ open "$A" && rows "$A" 0 20 POISON && totals end "$A" 20 20 0 0; } >"$tmp/in"
sim_control reset && sim_control 400-on '{"contains":"POISON"}' && rm -f "$dead"
again --max-dead 5 --dead-letter "$dead" <"$tmp/in"
is "$rc $(receipts)" "78 " "--max-dead rows stop the line"
like "$err" "dead rows of table 'T_CL' in a row.*hint:" "and it says of what"
sim_control reset
{ open "$A" && for ((i = 0; i < 20; i++)); do reject "$A" "$i"; done && totals end "$A" 20 0 20 0; } >"$tmp/in"
run --max-dead 5 --dead-letter "$dead" <"$tmp/in"
is "$rc $(receipts)" "78 " "--max-dead rejects too"
like "$err" "rejects of format 'f' in a row.*hint:" "and it says of what"

{ open "$A" && for ((i = 0; i < 20; i++)); do row "$A" "$i" x no/table; done && totals end "$A" 20 20 0 0; } >"$tmp/in"
run --max-dead 5 --dead-letter "$dead" <"$tmp/in"
is "$rc $(receipts) $(wc -l <"$dead")" "78  5" "--max-dead rows without a table too"
like "$err" "5 lines in a row that are no rows.*hint:" "and it says so"

# Dry run and bare rows.
run --dry-run <"$tmp/a"
is "$rc $(jq -c 'select(.plan) | .plan | [.table, .stream, .requests, .rows]' "$tmp/out") $(sim_status '[.requests[]?] | flatten | length >= 0')" \
	'0 ["T_CL","Custom-T_CL",1,5] true' "--dry-run counts"
env -u LOGBRIDGE_SENTINEL_ENDPOINT -u AZURE_CLIENT_SECRET "$post" --dry-run <"$tmp/a" >"$tmp/out" 2>&1
is "$? $(count)" "0 0" "and needs neither endpoint nor secret"
is "$(jq -c 'select(.receipt)' "$tmp/out")" "" "and writes no receipt"
printf '{"TimeGenerated":"%s","a":%d}\n' "$now" 1 "$now" 2 >"$tmp/in"
run --bare --stream Custom-T_CL <"$tmp/in"
outcome "--bare" 0 "" 2
again --bare <"$tmp/in"
is "$rc $(done_code)" "64 64" "--bare needs a stream"

# Its neighbours.
# Killed while rows are on their way: no done line says that all is well, though
# those before it had ended.
sim_control reset && sim_control hold
{ printf '%s\n' '{"done":{"stage":"logparse","exit":0}}'; cat "$tmp/a"; } >"$tmp/in"
"$post" <"$tmp/in" >"$tmp/out" 2>"$tmp/err" &
pid=$!
for ((i = 0; i < 3000; i++)); do
	[ "$(sim_status .in_flight)" = 0 ] || break
	sleep 0.02
done
{ kill -9 "$pid" && wait "$pid"; } 2>/dev/null
sim_control release
is "$(cat "$tmp/out")" "" "killed, it has passed on no done line"
run <"$tmp/in"
is "$rc $(jq -r 'if .done then .done.stage else "receipt" end' "$tmp/out" | paste -sd' ')" "0 receipt logparse sentinelpost" \
	"it passes it on with its own"
: >"$tmp/out"
"$post" <"$tmp/a" 2>"$tmp/err" >/dev/full
is "$?" 74 "/dev/full"
"$post" <"$tmp/a" 2>"$tmp/err" >&-
is "$?" 74 "closed standard output"
"$post" <"$tmp/a" 2>"$tmp/err" | head -n 1 >/dev/null
is "$(cat "$tmp/err")" "" "a reader that leaves is no error"
{ "$post" <"$tmp/a" 2>"$tmp/err"; echo $? >"$tmp/rc"; } | true
like "$(cat "$tmp/rc")" '^(0|141)$' "it ends by SIGPIPE or was done"
sim_stop

# TLS.
SIM_TLS=1 sim_start --stream Custom-T_CL || exit
again --ca "$SIM_CA" <"$tmp/a"
outcome "TLS with --ca" 0 "k/a delivered 5 5 0" 5
run <"$tmp/a"
outcome "TLS without" 78 "" 0
like "$err" "hint:.*--ca FILE" "and the hint"
tap_done
