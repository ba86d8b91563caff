#!/usr/bin/env bash
# The endpoint is down for ten minutes of the filters' clock, which runs fast:
# connections refused, 503s, requests that are never answered.  The pipe waits,
# its memory stays flat, metrics tell the state of the breaker; when the service
# is back nothing is lost.  Down for longer than --give-up: exit 69, nothing is
# settled, and the next run delivers all.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
PATH=$BUILD/testbin:$PATH
export LB_CLOCK_SPEED=100
dir=$(mktemp -d "${TMPDIR:-/tmp}/outage.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT
mkdir -p "$dir/store/logs"
# More than the filters hold, so that the pipe is full to its first stage.
mksamples --no-odd --objects 100 --records 600 "$dir/store/logs" >"$dir/manifest"
records=$(jq -s 'map(.records) | add' "$dir/manifest")
echo "# $(jq -s 'map(.raw) | add' "$dir/manifest") bytes, $records records"
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1
state=$dir/state.db
filters=(s3list s3fetch logparse sentinelpost s3ack)

# filter NAME ARGUMENT ..: one of the pipe, which leaves its process id.
filter() {
	local name=$1
	shift
	echo $BASHPID >"$dir/pid.$name"
	exec "$name" --log-format text "$@" 2>"$dir/err.$name"
}
# start [OPTION ..]: the pipe, with these options for sentinelpost
start() {
	rm -f "$dir"/pid.* "$dir"/*.prom
	{
		filter s3list --state "$state" s3://logs/ | filter s3fetch | filter logparse |
			filter sentinelpost --dead-letter "$dir/dead.ndjson" --metrics "$dir/post.prom" "$@" |
			filter s3ack --state "$state" >"$dir/out"
	} </dev/null 2>/dev/null &
	pipe=$!
	for name in "${filters[@]}"; do
		until [ -s "$dir/pid.$name" ]; do sleep 0.01; done
	done
}
ended() {
	rc=0
	wait "$pipe" || rc=$?
}
metric() { sed -n "s/^logbridge_$1{stage=\"sentinelpost\"${2:+,$2}} //p" "$dir/post.prom" 2>/dev/null; }
state_of() { metric breaker_state 'peer="service",state="'"$1"'"'; }
whole() { local v; v=$(metric "$1"); echo "${v%.*}"; }
# wait_for WHAT CONDITION ..: at most two minutes
wait_for() {
	local what=$1 i
	shift
	for ((i = 0; i < 6000; i++)); do
		"$@" && return
		kill -0 "$pipe" 2>/dev/null || break
		sleep 0.02
	done
	echo "# no $what"
	return 1
}
arrived() { [ "$(sim_status '.tables.AWSCloudTrail.rows // 0')" -ge "$1" ]; }
# down_for SECONDS: of its clock
down_for() { local s; s=$(whole unavailable_seconds); [ "${s:-0}" -ge "$1" ]; }
# Nothing is read any more: all that can be held is held.
full() {
	local now
	now=$(metric rows_total)
	[ -n "$now" ] && [ "$now" = "${before:-}" ] && [ "$(stat -c %Y.%i "$dir/post.prom")" != "${stamp:-}" ] && same=$((same + 1))
	[ "$now" = "${before:-}" ] || same=0
	before=$now stamp=$(stat -c %Y.%i "$dir/post.prom" 2>/dev/null)
	[ "$same" -ge 5 ]
}
peaks() {
	local name
	for name in "${filters[@]}"; do
		echo "$name $(awk '/^VmHWM/ { print $2 }' "/proc/$(cat "$dir/pid.$name")/status" 2>/dev/null)"
	done | sort
}
# seen STATE: wait until metrics tell of it
seen() { [ "$(state_of "$1")" = 1 ]; }
event_ids() { sim_rows AWSCloudTrail | jq -r .AwsEventId | sort; }

# outage NAME: what sim_control was told to do makes one; `mend` ends it.
outage() {
	local name=$1
	same=0 before='' stamp=''
	wait_for "breaker that opens" seen open
	ok "$name: metrics tell that the breaker is open"
	is "$(state_of closed) $(state_of half-open)" "0 0" "$name: and in no other state"
	wait_for "full pipe" full
	ok "$name: nothing more is read"
	wait_for "first minutes" down_for 200
	peaks >"$dir/peaks.before"
	wait_for "tenth minute" down_for 600
	ok "$name: down for ten minutes"
	peaks >"$dir/peaks.after"
	is "$(awk 'NF == 2 && $1 != "s3list" { printf "%s ", $1 }' "$dir/peaks.after")" "logparse s3ack s3fetch sentinelpost " "$name: all are there that have not done their work"
	is "$(join "$dir/peaks.before" "$dir/peaks.after" | awk '$3 > $2 + 1024 || $3 >= 65536')" "" \
		"$name: none took more memory meanwhile (1 MiB is noise), each holds less than 64 MiB"
	mend
	ended
	is "$rc" 0 "$name: the pipe ends well once the service is back" || pipeline_said "$dir"
	like "$(cat "$dir/err.sentinelpost")" "cannot post to .*trying again.*after a pause of a minute" "$name: its log told of the outage"
	is "$(seen closed && metric unavailable_seconds)" 0 "$name: metrics tell that it is over"
	[ "$(metric breaker_opened_total)" -ge 1 ]
	ok "$name: and how often the breaker opened"
	is "$(event_ids | uniq | wc -l)" "$records" "$name: no record is lost"
	is "$(sqlite3 "$state" 'select status, count(*) from objects group by status')" "delivered|100" "$name: all objects are settled"
	is "$(cat "$dir/dead.ndjson")" "" "$name: nothing is a dead letter"
}
fresh() {
	sim_control reset
	rm -f "$state"* "$dir/dead.ndjson"
}

# Midway: some of it has arrived.
start
wait_for "first rows" arrived 1
sim_control down '{"mode":"refuse"}'
mend() { sim_control up; }
outage "refused"
fresh
start
wait_for "first rows" arrived 1
sim_control script '[{"status":503,"count":0},{"on":"token","status":503,"count":0}]'
mend() { sim_control clear-script; }
outage "503"
fresh
start
wait_for "first rows" arrived 1
sim_control script '[{"action":"timeout","count":0}]'
wait_for "trial request" seen half-open
ok "no answer: metrics tell when the breaker lets one request try"
outage "no answer"

# For longer than --give-up, from the beginning.
fresh
sim_control down '{"mode":"refuse"}'
start --give-up 10m
ended
is "$rc" 69 "past --give-up: the pipe ends with 69"
like "$(cat "$dir/err.sentinelpost")" "unavailable|cannot get a token.*hint: .*nothing is lost" "it says so"
is "$(sqlite3 "$state" "select count(*) from objects where status in ('delivered', 'gone')") $(wc -c <"$dir/dead.ndjson")" "0 0" "nothing is settled, nothing is a dead letter"
is "$(sqlite3 "$state" "select count(*) from objects where tries > 0")" 0 "and no object has failed for it"
sim_control up
start
ended
is "$rc $(event_ids | uniq | wc -l)" "0 $records" "the next run delivers all of it"
is "$(event_ids | wc -l)" "$records" "once"

# So when it goes away midway: what was accepted is settled, the rest comes.
fresh
start --give-up 10m
wait_for "first rows" arrived 1
sim_control script '[{"status":503,"count":0}]'
ended
is "$rc" 69 "past --give-up, midway"
delivered=$(sqlite3 "$state" "select count(*) from objects where status = 'delivered'")
[ "$delivered" -lt 100 ]
ok "what is not accepted is not settled ($delivered objects are)"
sim_control clear-script
start
ended
is "$rc $(event_ids | uniq | wc -l)" "0 $records" "the next run delivers the rest"
tap_done
