#!/usr/bin/env bash
# SIGKILL of one filter, or of all, at random moments in the middle of the work,
# started again with the same state each time: no record is missing at the end,
# what came twice was in flight (tests/lib/inflight.py says what that is), the
# state says what the destination holds, and the next run finds nothing to do.
#	KILLS=200 OBJECTS=20000 SEED=1 tests/integration/kill.t
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
kills=${KILLS:-200} objects=${OBJECTS:-20000}
seed=${SEED:-$RANDOM}
RANDOM=$seed
again="SEED=$seed KILLS=$kills OBJECTS=$objects tests/integration/kill.t"
echo "# $again"
dir=$(mktemp -d "${TMPDIR:-/tmp}/kill.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT
mkdir -p "$dir/store/logs"
# One in 400 is of several chunks: they are cut inside, and gone on with there.
mksamples --no-odd --objects $((objects - objects / 400)) --records 10 "$dir/store/logs" >"$dir/manifest"
mksamples --no-odd --objects $((objects / 400)) --records 600 --seed 2 "$dir/store/logs" >>"$dir/manifest"
s3sim_start --root "$dir/store" --bucket logs --log "$dir/s3.log" || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1
rows=$SIM_DIR/rows/AWSCloudTrail.ndjson
state=$dir/state.db
filters=(s3list s3fetch logparse sentinelpost s3ack)

# filter NAME OPTION ..: one of the pipe, which leaves its process id.
filter() {
	echo $BASHPID >"$dir/pid.$1"
	exec "$@" 2>"$dir/err.$1"
}
start() {
	rm -f "$dir"/pid.*
	{
		filter s3list --state "$state" s3://logs/ | filter s3fetch | filter logparse |
			filter sentinelpost --dead-letter "$dir/dead.ndjson" |
			filter s3ack --state "$state" >"$dir/out"
	} </dev/null 2>/dev/null &
	pipe=$!
	pids=()
	for name in "${filters[@]}"; do
		until [ -s "$dir/pid.$name" ]; do sleep 0.002; done
		pids+=("$(cat "$dir/pid.$name")")
	done
}
settled() { sqlite3 -readonly "$state" 'select count(*) from object where status = 0' 2>/dev/null || echo 0; }

# over VICTIMS: the run has ended.  Note what it has come to, once the
# destination has looked at all that was sent to it.
over() {
	local rc
	wait "$pipe" 2>/dev/null
	rc=$?
	# s3ack speaks for a sentinelpost that is no more, unless it had ended.
	case $1, in
	*,s3ack,*) ;;
	*,sentinelpost,*)
		[ "$rc" != 0 ] || grep -q '"stage":"sentinelpost"' "$dir/out" || lies=$((lies + 1))
		;;
	esac
	while [ "$(sim_status .in_flight)" != 0 ]; do sleep 0.01; done
	printf '%s\t%s\t%s\t%s\n' "$runs" "$(stat -c %s "$rows")" "$(date +%s%3N)" "${1#,}" >>"$dir/runs"
	sqlite3 -readonly -separator $'\t' "$state" "select $runs, cast(key as text), through from object
		where status = 2" >>"$dir/partial" 2>"$dir/err.sqlite3"
	runs=$((runs + 1))
}

# strike: at the next moment, which is so many requests or receipts from now,
# and a bit; then one filter that is there, or all.
strike() {
	local what=$((RANDOM % 3)) count=$RANDOM bit=$((RANDOM % 8)) whom=$RANDOM file alive=() name i
	# One request to the destination is of some 65 objects.
	case $what in
	0) file=$dir/s3.log count=$((count % (2 * pace + 1))) ;;
	1) file=$SIM_DIR/requests.ndjson count=$((count % (pace / 50 + 2))) ;;
	2) file=$dir/out count=$((count % (pace + 1))) ;;
	esac
	# What is left of a pipe runs dry soon.
	[ -z "$victims" ] || count=$((count / 4))
	await 120 "$count" "$file" "${pids[@]}"
	case $? in
	1) return 1 ;;
	2) echo "# they hang: $again"; kill -9 "${pids[@]}" 2>/dev/null; return 1 ;;
	esac
	sleep "0.00$bit"
	for i in "${!pids[@]}"; do
		kill -0 "${pids[$i]}" 2>/dev/null && alive+=("$i")
	done
	[ ${#alive[@]} -gt 0 ] || return 1
	if [ $((whom % 4)) = 0 ]; then
		kill -9 "${pids[@]}" 2>/dev/null
		victims=$victims,all
		for i in "${alive[@]}"; do victims=$victims,${filters[$i]}; done
	else
		i=${alive[$((whom / 4 % ${#alive[@]}))]}
		kill -9 "${pids[$i]}" 2>/dev/null || return 1
		victims=$victims,${filters[$i]}
	fi
	killed=$((killed + 1))
}

killed=0 runs=0 working=0 lies=0
: >"$dir/partial"
while [ "$killed" -lt "$kills" ] && [ "$runs" -lt $((kills * 2)) ]; do
	done=$(settled)
	[ "$done" -lt "$objects" ] || break
	# So that there is work left at the last kill.
	pace=$(((objects - done) / (kills - killed) / 2))
	before=$killed victims=
	start
	while [ "$killed" -lt "$kills" ] && strike; do :; done
	[ "$killed" = "$before" ] || [ "$(settled)" = "$done" ] || working=$((working + 1))
	over "$victims"
done
echo "# $(settled) of $objects objects were settled by then, in $runs runs"
is "$killed" "$kills" "$kills kills in the middle of the work (seed $seed)"
[ "$working" -ge $((runs / 4)) ]
ok "$working of $runs runs settled something before they died"
is "$lies" 0 "no exit status of 0 where sentinelpost was killed"
is "$(sqlite3 "$state" 'pragma integrity_check')" ok "the state is sound"

start
wait "$pipe"
is $? 0 "the last run ends with 0" || pipeline_said "$dir"
over ""
sqlite3 -readonly -separator $'\t' "$state" 'select cast(key as text), updated from object where status = 0' >"$dir/settled"
request=$((1000000 / ($(stat -c %s "$rows") / $(wc -l <"$rows")) + 1))
receipts=$((262144 / ($(wc -c <"$dir/out") / $(wc -l <"$dir/out")) + 1000))
python3 tests/lib/inflight.py "$dir/store/logs" "$rows" "$dir/runs" "$dir/settled" "$dir/partial" \
	"$request" "$receipts" >"$dir/judged"
rc=$? verdict=$(tail -n 1 "$dir/judged")
[ "$rc" -eq 0 ]
ok "each record arrived, and those that came again were in flight: $verdict" ||
	echo "# again: $again"
sed 's/^/# /' "$dir/judged"
echo "# $(wc -l <"$dir/partial") times an object was settled in part after a run"
is "$(sqlite3 "$state" "select status, count(*), sum(dead), sum(dead_object) from objects group by status")" \
	"delivered|$objects|0|0" "the state says delivered of each object"
[ ! -s "$dir/dead.ndjson" ]
ok "nothing is dead"

start
wait "$pipe"
is "$? $(jq -c 'select(.done.stage == "s3list").done.objects' "$dir/out")" "0 0" "the next run lists nothing"
tap_done
