#!/usr/bin/env bash
# SIGKILL of the whole pipe at random moments, started again with the same
# state each time: no record is missing at the end, what came twice was in
# flight, and the next run finds nothing to do.
#	KILLS=20 KILL_SEED=1 tests/integration/kill.t
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
kills=${KILLS:-20}
RANDOM=${KILL_SEED:-1}
dir=$(mktemp -d "${TMPDIR:-/tmp}/kill.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT
mkdir -p "$dir/store/logs"
mksamples --no-odd --objects 5000 --records 12 "$dir/store/logs" >"$dir/manifest"
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1

# A process group of its own, so that all of the pipe can be killed at once.
export -f pipeline
export dir
settled() { sqlite3 -readonly "$dir/state.db" 'select count(*) from object' 2>/dev/null || echo 0; }
killed=0 advanced=0
for i in $(seq "$kills"); do
	before=$(settled)
	target=$((before + RANDOM % 120)) ms=$((RANDOM % 20))
	setsid bash -c 'pipeline "$dir" s3://logs/' </dev/null >/dev/null 2>&1 &
	pid=$!
	# A moment somewhere in the work, wherever that is on this machine: so
	# many objects later, and a bit.
	for _ in $(seq 500); do
		[ "$(settled)" -lt "$target" ] && kill -0 "$pid" 2>/dev/null || break
		sleep 0.01
	done
	sleep "0.$(printf %03d $((ms + 1)))"
	kill -0 "$pid" 2>/dev/null && killed=$((killed + 1))
	kill -9 -- "-$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	[ "$(settled)" -gt "$before" ] && advanced=$((advanced + 1))
done
echo "# $(settled) of 5,000 objects were settled by then"
[ "$killed" -ge $((kills / 2)) ]
ok "$killed of $kills runs were killed in the middle (seed ${KILL_SEED:-1})"
[ "$advanced" -ge $((kills / 4)) ]
ok "$advanced of them had settled something before"
is "$(sqlite3 "$dir/state.db" 'pragma integrity_check')" ok "the state is sound"

pipeline "$dir" s3://logs/
is $? 0 "the last run ends with 0" || pipeline_said "$dir"
jq -r .AwsEventId "$SIM_DIR/rows/AWSCloudTrail.ndjson" | sort >"$dir/got"
for f in "$dir"/store/logs/*; do zcat "$f"; done | jq -r '.Records[].eventID' | sort >"$dir/want"
is "$(wc -l <"$dir/want")" 60000 "60,000 records were there"
is "$(comm -23 "$dir/want" <(uniq "$dir/got") | wc -l)" 0 "each arrived at least once"
is "$(comm -13 "$dir/want" <(uniq "$dir/got") | wc -l)" 0 "and nothing else"
echo "# $(($(wc -l <"$dir/got") - 60000)) rows came more than once"
# What can be in flight: 16 objects being fetched, and 8 requests of 1 MB.
[ $(($(wc -l <"$dir/got") - 60000)) -le $((kills * 8000)) ]
ok "what came twice is no more than what was in flight"
is "$(sqlite3 "$dir/state.db" "select count(*) from objects where status = 'delivered'")" 5000 \
	"the state says delivered of each object"

pipeline "$dir" s3://logs/
is "$? $(jq -c 'select(.done.stage == "s3list").done.objects' "$dir/out")" "0 0" "the next run lists nothing"
tap_done
