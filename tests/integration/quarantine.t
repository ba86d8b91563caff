#!/usr/bin/env bash
# The whole pipe over objects that fail: five tries and quarantine, failures that
# are no tries, what --show and --forget are for, and receipts that no
# destination wrote.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/quarantine.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT
mkdir -p "$dir/store/logs"
mksamples --objects 3 --no-odd "$dir/store/logs" >"$dir/manifest"
objects=$(wc -l <"$dir/manifest")
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1
PATH=$BUILD/testbin:$PATH

# run [STAGE ...]: the pipe, with a stage between; each run is ten minutes after
# the one before, so that nothing rests.
minutes=0
now=$(date +%s)
run() {
	minutes=$((minutes + 10))
	export LB_CLOCK_WALL=$((now + minutes * 60))
	s3list --log-format text --state "$dir/state.db" s3://logs/ 2>"$dir/err.s3list" | tee "$dir/listed" |
		s3fetch --log-format text 2>"$dir/err.s3fetch" | logparse --log-format text 2>"$dir/err.logparse" |
		"${@:-cat}" |
		sentinelpost --log-format text --dead-letter "$dir/dead" 2>"$dir/err.sentinelpost" |
		s3ack --log-format text --state "$dir/state.db" >"$dir/out" 2>"$dir/err.s3ack"
	rc=$?
}
given() { tail -n 1 "$dir/listed" | jq -c .done.objects; }
sql() { sqlite3 "$dir/state.db" "$1"; }
states() { sql "select status || ' ' || count(*) || ' ' || coalesce(max(tries), 0) from objects group by status order by 1" | paste -sd,; }

### A stage that loses rows
# lose: every tenth row gets lost.
lose() { awk '!/"row":/ || ++n % 10'; }
for try in 1 2 3 4; do
	run lose
	is "$rc $(states)" "70 failed $objects $try" "rows get lost, run $try: 70, a failed try of each object"
done
like "$(cat "$dir/err.s3ack")" "is not settled: missing-rows" "with the reason"
run lose
is "$rc $(states)" "70 quarantined $objects 5" "the fifth run: quarantined"
is "$(grep -c 'failed 5 times and is not given again: missing-rows' "$dir/err.s3ack")" "$objects" "each is told by name"
run
is "$rc $(given)" "75 0" "no further run fetches them, and says that something is not settled"
is "$(s3list --state "$dir/state.db" --show | jq -r 'select(.state).state | .is + " " + .reason' | sort | uniq -c | awk '{ print $1, $2, $3 }')" \
	"$objects quarantined missing-rows" "--show names them"

# By hand: what --show gives can be fetched.
key=$(jq -r .key "$dir/manifest" | head -n 1)
s3list --state "$dir/state.db" --show --include "$key" 2>/dev/null | s3fetch 2>/dev/null | logparse 2>/dev/null |
	sentinelpost 2>/dev/null | s3ack --state "$dir/state.db" >"$dir/out" 2>/dev/null
is "$? $(sql "select status from objects where key = '$key'")" "0 delivered" "--show | s3fetch | ..: one is tried by hand, and settled"
is "$(s3list --state "$dir/state.db" --forget '*' | jq -c .done.forgotten)" $((objects - 1)) "--forget frees the others"
run
is "$rc $(states)" "0 delivered $objects 0" "and with the cause mended all are delivered"
rm -f "$dir"/state.db*

### No rights, no service: no tries
for _ in 1 2 3 4 5 6 7; do
	s3sim_control faults '{"op":"GET","times":-1,"action":"denied"}' >/dev/null
	run
	s3sim_control reset >/dev/null
done
like "$rc $(states)" "^7[57] failed $objects 0$" "AccessDenied of each object in seven runs: no tries"
like "$(cat "$dir/err.s3fetch")" "AccessDenied" "(which is what happened)"
s3sim_control faults '{"op":"GET","times":-1,"action":"unavailable"}' >/dev/null
LB_CLOCK_SPEED=3600 run
LB_CLOCK_SPEED=3600 run
s3sim_control reset >/dev/null
is "$(states)" "failed $objects 0" "a store that is down: none"
like "$rc" "^(69|75)$" "and 69 or 75"
run
is "$rc $(states)" "0 delivered $objects 0" "with rights and service all are delivered"
rm -f "$dir"/state.db*

### A destination that dies with its requests under way
sim_control script '[{"on":"ingest","count":0,"action":"reply","status":204,"delay":"60s"}]' >/dev/null
mkfifo "$dir/posted"
s3ack --log-format text --state "$dir/state.db" <"$dir/posted" >"$dir/out" 2>"$dir/err.s3ack" &
acker=$!
s3list s3://logs/ 2>/dev/null | s3fetch 2>/dev/null | logparse 2>/dev/null |
	bash -c 'echo $$ >"$1"; exec sentinelpost >"$2" 2>/dev/null' - "$dir/pid" "$dir/posted" 2>/dev/null &
asked() { [ "$(sim_status .requests)" -gt 0 ]; }
until_true asked
kill -9 "$(cat "$dir/pid")"
wait $acker
is "$? $(sql 'select count(*) from objects')" "75 0" "whatever is done before it, it is not: 75"
like "$(cat "$dir/err.s3ack")" "hint: it was killed" "and that is told"
sim_control clear-script
rm -f "$dir"/state.db*

### Receipts that no destination wrote
# forge: a receipt for each object that is opened, at once.
forge() {
	jq -c --unbuffered 'if .object and .id and (.receipt | not) then .,
		{id, receipt: {to: "forged", status: "delivered", format: "x/1", records: 1, rows: 1, filtered: 0, dead: 0, through: 1}, object}
		else . end'
}
sim_control script '[{"on":"ingest","count":0,"status":403,"code":"OperationFailed"}]' >/dev/null
run forge
is "$rc $(sql 'select count(*) from objects')" "77 0" "receipts written before the destination settle nothing"
is "$(grep -c forged "$dir/out")" 0 "they end at the destination"
sim_control clear-script
rm -f "$dir"/state.db*

# A log record that reads like a receipt, for an object that is there.
victim='{"store":"s3","bucket":"logs","key":"victim","size":1,"etag":"e"}'
id=$(printf 's3\0logs\0victim\0e' | sha256sum | cut -c1-16)
receipt="{\"id\":\"$id-0001\",\"receipt\":{\"to\":\"x\",\"status\":\"delivered\",\"format\":\"x/1\",\"records\":1,\"rows\":1,\"filtered\":0,\"dead\":0,\"through\":1},\"object\":$victim}"
jq -cn --arg r "$receipt" '{Records: [{eventVersion: "1.08", eventTime: "2026-11-20T10:00:00Z", eventSource: "s3.amazonaws.com",
	eventName: ("\n" + $r + "\n"), awsRegion: "us-east-1", userAgent: $r, eventID: "e-1", eventType: "AwsApiCall"}]}' >"$dir/hostile"
printf '%s\n%s\n' "$receipt" "$receipt" >"$dir/lines"
s3put "$dir/hostile" "$S3SIM_URL/logs/hostile" >/dev/null
s3put "$dir/lines" "$S3SIM_URL/logs/hostile%0A.json" >/dev/null
run
is "$(sql "select count(*) from objects where key = 'victim'") $(grep -c '"to":"x"' "$dir/out")" "0 0" "a log that holds receipts settles nothing but itself"
is "$(sql "select status from objects where key = 'hostile'")" delivered "which it does"
tap_done
