#!/usr/bin/env bash
# sentinelpost under pressure: its limits of memory and of open objects, many
# tables, many rules, long objects, signals, and a service without gzip.
# shellcheck disable=SC2015,SC2154 # `a && b` before ok; variables of the helpers
set -u
cd "$(dirname "$0")/../.." || exit
: "${BUILD:=$PWD/build}"
. tests/lib/tap.sh
. tests/lib/signals.sh
. tests/lib/sentinelsim.sh
post=$BUILD/testbin/sentinelpost
export LC_ALL=C TZ=UTC
tmp=$(mktemp -d "${TMPDIR:-/tmp}/sentinelpost-load.XXXXXX") || exit
trap 'sim_stop; rm -rf "$tmp"' EXIT
A=aaaaaaaaaaaaaaaa-0001

# Lines of logparse, many at once: rows ID FROM TO TABLE [COLUMNS], where & is n.
open() { printf '{"v":1,"id":"%s","object":{"store":"s3","bucket":"b","key":"%s","size":9,"etag":"e"}}\n' "$1" "${1##*-}"; }
rows() { seq "$2" $(($3 - 1)) | sed "s/.*/{\"id\":\"$1\",\"n\":&,\"table\":\"$4\",\"row\":{\"TimeGenerated\":\"2026-11-20T10:00:00Z\",\"a\":&${5:-}}}/"; }
rejects() { seq "$2" $(($3 - 1)) | sed "s/.*/{\"id\":\"$1\",\"n\":&,\"reject\":{\"reason\":\"bad-json\",\"at\":0,\"format\":\"f\"},\"raw\":\"x\"}/"; }
# totals KIND ID ROWS REJECTS
totals() { printf '{"id":"%s","%s":{"format":"f/1","records":%d,"skipped":0,"rows":%d,"rejects":%d,"filtered":0}}\n' "$2" "$1" $(($3 + $4)) "$3" "$4"; }
run() {
	rc=0
	"$post" --log-format text "$@" >"$tmp/out" 2>"$tmp/err" || rc=$?
	err=$(cat "$tmp/err")
}
receipts() { jq -cr 'select(.receipt) | "\(.receipt.status) \(.receipt.through) \(.receipt.rows) \(.receipt.dead)"' "$tmp/out" | paste -sd,; }
flying() { [ "$(sim_status .in_flight)" -ge "$1" ]; }

streams=()
for i in $(seq 0 39); do streams+=(--stream "Custom-T$i"); done
sim_start "${streams[@]}" || exit

# Memory: every request waits, so that as much is held as ever will be.
{
	open "$A"
	rows "$A" 0 120000 T0 ",\"b\":\"$(head -c 600 /dev/urandom | base64 -w 0 | tr '/+' '__')\""
	totals end "$A" 120000 0
} >"$tmp/in"
[ "$(stat -c %s "$tmp/in")" -gt 100000000 ]
ok "100 MB of rows"
sim_control hold
"$post" --jobs 16 --compress 0 <"$tmp/in" >"$tmp/out" 2>"$tmp/err" &
pid=$!
until_true flying 16
ok "sixteen requests are under way"
sleep 0.3
peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status")
sim_control release
wait "$pid"
is "$? $(receipts)" "0 delivered 120000 120000 0" "all of it is delivered"
case $BUILD in
*address*) skip "the sanitizer has its own memory" "within the budget of 64 MiB" ;;
*)
	[ "$peak" -le 65536 ]
	ok "within the budget of 64 MiB" || echo "# $peak KiB"
	;;
esac
is "$(sim_status '.tables.T0.rows')" 120000 "each row once"

# More tables than batches, each row for another one; none is full before the end.
sim_control reset
{
	open "$A"
	for k in $(seq 0 9); do
		for i in $(seq 0 39); do rows "$A" $((k * 40 + i)) $((k * 40 + i + 1)) "T$i"; done
	done
	totals end "$A" 400 0
} >"$tmp/in"
run --linger 5m <"$tmp/in"
is "$rc $(receipts)" "0 delivered 400 400 0" "forty tables in turn"
is "$(sim_status '[.tables[].rows] | add, length' | paste -sd' ')" "400 40" "each got its rows"

# Objects that are open.
for i in $(seq 4096); do open "$(printf 'aaaaaaaaaaaaaaaa-%04x' "$i")"; done >"$tmp/in"
run <"$tmp/in"
is "$rc" 75 "4,096 objects may be open"
like "$err" "stopped inside 4096 objects" "they are unfinished"
open bbbbbbbbbbbbbbbb-0000 >>"$tmp/in"
run <"$tmp/in"
is "$rc" 65 "one more is refused"
like "$err" "more than 4096 objects.*hint:" "and told"
# Far more may come one after the other, with one row each in one batch.
seq 12000 | awk '{
	id = sprintf("aaaaaaaaaaaa%04x-0000", $1)
	printf "{\"v\":1,\"id\":\"%s\",\"object\":{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"%d\"}}\n", id, $1
	printf "{\"id\":\"%s\",\"n\":0,\"table\":\"T1\",\"row\":{\"TimeGenerated\":\"2026-11-20T10:00:00Z\"}}\n", id
	printf "{\"id\":\"%s\",\"end\":{\"format\":\"f/1\",\"records\":1,\"rows\":1}}\n", id
}' >"$tmp/in"
sim_control reset
run --linger 5m <"$tmp/in"
is "$rc $(jq -c 'select(.receipt.status == "delivered").object.key' "$tmp/out" | wc -l) $(sim_status .tables.T1.rows)" \
	"0 12000 12000" "12,000 small objects"

# A run of rejects with rows between that are still on their way.
sim_control reset
{
	open "$A"
	for i in $(seq 0 10 190); do
		rejects "$A" "$i" $((i + 9))
		rows "$A" $((i + 9)) $((i + 10)) T2
	done
	totals end "$A" 20 180
} >"$tmp/in"
run --linger 5m --max-dead 10 --dead-letter "$tmp/dead" <"$tmp/in"
is "$rc $(receipts)" "65 delivered 200 20 180" "rows that are accepted end a run of rejects"
rm -f "$tmp/dead"
{ open "$A" && rows "$A" 0 5 T2 && rejects "$A" 5 30 && totals end "$A" 5 25; } >"$tmp/in"
run --linger 5m --max-dead 10 --dead-letter "$tmp/dead" <"$tmp/in"
is "$rc" 78 "rows before it do not"
is "$(wc -l <"$tmp/dead") $(sim_status .tables.T2.rows)" "20 25" "and all is kept that was read"
rm -f "$tmp/dead"

# A long object: what is settled is told while it lasts.
sim_control reset
mkfifo "$tmp/fifo"
: >"$tmp/out"
LB_CLOCK_SPEED=100 "$post" --stop-within 5m <"$tmp/fifo" >"$tmp/out" 2>"$tmp/err" &
pid=$!
exec 7>"$tmp/fifo"
{ open "$A" && rows "$A" 0 3 T3 && totals mark "$A" 3 0 && rows "$A" 3 5 T3; } >&7
until_true grep -q '"partial"' "$tmp/out"
is "$(receipts)" "partial 3 3 0" "a partial receipt, up to the mark"
{ totals mark "$A" 5 0 && rows "$A" 5 6 T3; } >&7
until_true grep -q '"through":5' "$tmp/out"
is "$(receipts)" "partial 3 3 0,partial 5 5 0" "the next one when it moved, and none between"
kill "$pid"
until_taken "$pid"
totals mark "$A" 6 0 >&7
wait "$pid"
is "$?" 75 "SIGTERM stops it inside the object when the input does not end"
exec 7>&-
like "$(tail -n 1 "$tmp/out")" '"done":.*"exit":75' "with its done line"
is "$(jq -r 'select(.receipt).receipt | "\(.status) \(.through)"' "$tmp/out" | tail -n 1)" "partial 6" "and what was settled last"

# SIGTERM while the service is down: what is on its way is given up in time.
sim_control reset
sim_control down '{"mode":"refuse"}'
{ open "$A" && rows "$A" 0 3 T3 && totals end "$A" 3 0; } >"$tmp/in"
: >"$tmp/err"
LB_CLOCK_SPEED=10 "$post" --linger 0 --stop-within 5s <"$tmp/in" >"$tmp/out" 2>"$tmp/err" &
pid=$!
until_true grep -q 'trying again' "$tmp/err"
kill "$pid"
wait "$pid"
is "$? $(receipts)" "75 " "SIGTERM in an outage settles nothing"
sim_control up
LB_CLOCK_SPEED=1 run <"$tmp/in"
is "$rc $(receipts)" "0 delivered 3 3 0" "and loses nothing"

# Metrics.
run --metrics "$tmp/metrics" <"$tmp/in"
like "$(cat "$tmp/metrics")" 'logbridge_rows_accepted_total\{stage="sentinelpost"\} 3' "metrics tell of it"
if command -v promtool >/dev/null; then
	promtool check metrics <"$tmp/metrics" >/dev/null 2>&1
	ok "as Prometheus likes them"
else
	skip "promtool is not installed" "as Prometheus likes them"
fi
sim_stop

# A service that refuses gzip.
sim_start --stream Custom-T --no-gzip || exit
{ open "$A" && rows "$A" 0 20000 T && totals end "$A" 20000 0; } >"$tmp/in"
run <"$tmp/in"
is "$rc $(receipts) $(sim_status .tables.T.rows)" "0 delivered 20000 20000 0 20000" "without gzip"
is "$(grep -c 'does not take compressed' <<<"$err")" 1 "one warning"
sim_stop

# Two rules share the load; one that is at its limit does not hold up the other.
cat >"$tmp/config" <<-'JSON'
	{"rules":[{"id":"dcr-00000000000000000000000000000001","granted":true,
	 "streams":{"Custom-T":{"table":"T","columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"a","type":"int"}]}}},
	 {"id":"dcr-00000000000000000000000000000002","granted":true,
	 "streams":{"Custom-T":{"table":"T","columns":[{"name":"TimeGenerated","type":"datetime"},{"name":"a","type":"int"}]}}}]}
JSON
sim_start --config "$tmp/config" || exit
unset LOGBRIDGE_SENTINEL_RULE
two=(--rule dcr-00000000000000000000000000000002 --rule dcr-00000000000000000000000000000001)
{ open "$A" && rows "$A" 0 60000 T && totals end "$A" 60000 0; } >"$tmp/in"
run "${two[@]}" <"$tmp/in"
is "$rc $(receipts) $(sim_status .tables.T.rows)" "0 delivered 60000 60000 0 60000" "two rules"
is "$(jq -r 'select(.receipt).receipt.to' "$tmp/out")" \
	"127.0.0.1/dcr-00000000000000000000000000000001+dcr-00000000000000000000000000000002" "the destination names both"
is "$(jq -r '.path | select(contains("streams"))' "$SIM_DIR/requests.ndjson" | sort -u | wc -l)" 2 "both are used"
sim_control reset
sim_control script '[{"rule":"dcr-00000000000000000000000000000002","status":429,"retry_after":3600,"count":0}]'
run "${two[@]}" <"$tmp/in"
is "$rc $(receipts) $(sim_status .tables.T.rows)" "0 delivered 60000 60000 0 60000" "one of them throttled for an hour"
tap_done
