#!/usr/bin/env bash
# Work goes on inside an object: killed or stopped in the middle of a large one,
# the next run skips the records that were settled.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/resume.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT
mkdir -p "$dir/store/logs"
mksamples --huge 160M "$dir/store/logs" >"$dir/manifest"
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1
export -f pipeline
export dir

through() { sqlite3 -readonly "$dir/state.db" 'select coalesce(max(through), 0) from object' 2>/dev/null || echo 0; }
# skipped: what logparse of the last run left out.
skipped() { jq 'select(.done.stage == "logparse").done.skipped' "$dir/out"; }

# A clock that runs fast makes partial receipts come early; s3ack has the common
# one, that it may wait for the last of them.
mkdir "$dir/bin"
for f in s3list s3fetch logparse sentinelpost; do
	ln -s "$BUILD/testbin/$f" "$dir/bin/$f"
done

# first_part SIGNAL: run until something inside the object is settled, then
# send it.  The store drips, for the object is not to end before that.
first_part() {
	s3sim_control faults '{"op":"GET","times":-1,"drip_bytes":200000,"drip_ms":100}' >/dev/null
	PATH=$dir/bin:$PATH LB_CLOCK_SPEED=20 setsid bash -c 'trap : TERM; pipeline "$dir" s3://logs/' </dev/null >/dev/null 2>&1 &
	pid=$!
	for _ in $(seq 10000); do
		[ "$(through)" -gt 0 ] || ! kill -0 "$pid" 2>/dev/null && break
		sleep 0.02
	done
	kill -0 "$pid" 2>/dev/null
	ok "SIG$1 comes in the middle of the object"
	kill "-$1" -- "-$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	rc=$?
	s3sim_control reset >/dev/null
}

first_part KILL
settled=$(through)
[ "$settled" -gt 0 ]
ok "$settled records are settled"
is "$(sqlite3 "$dir/state.db" 'select status from objects')" partial "the object is not"
is "$(s3list --state "$dir/state.db" s3://logs/ | jq -c 'select(.bucket) | [.skip, .format != null]')" \
	"[$settled,true]" "s3list gives it with skip and format"
pipeline "$dir" s3://logs/
is "$? $(skipped)" "0 $settled" "the next run skips those and settles the rest" || pipeline_said "$dir"
jq -r .AwsEventId "$SIM_DIR/rows/AWSCloudTrail.ndjson" | sort >"$dir/got"
zcat "$dir"/store/logs/* | grep -oE '"eventID":"[^"]*"' | cut -d'"' -f4 | sort >"$dir/want"
n=$(wc -l <"$dir/want")
[ "$n" -gt 100000 ]
ok "$n records were there"
is "$(comm -23 <(uniq "$dir/want") <(uniq "$dir/got") | wc -l)" 0 "each arrived"
twice=$(($(wc -l <"$dir/got") - n))
[ "$twice" -lt $((n - settled)) ]
ok "$twice rows came twice: fewer than without skip"

rm -f "$dir"/state.db*
first_part TERM
is $rc 75 "after SIGTERM, and --stop-within, the pipe ends with 75"
settled=$(through)
is "$(sqlite3 "$dir/state.db" 'select status from objects') $(jq -c 'select(.done.stage == "sentinelpost").done.exit' "$dir/out")" \
	"partial 75" "the object is partial"
is "$(jq -s 'map(select(.receipt)) | last | .receipt.through' "$dir/out")" "$settled" \
	"the last receipt says as far as the state"
pipeline "$dir" s3://logs/
is "$? $(skipped)" "0 $settled" "the next run goes on there" || pipeline_said "$dir"
tap_done
