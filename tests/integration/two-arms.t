#!/usr/bin/env bash
# Two destinations of one tee, --need 2: inside a large object one arm is ahead
# when the other dies.  What both have is settled, no more; the next run goes on
# there, and in the end each has every row.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/two-arms.XXXXXX") || exit 1
declare -A sim_pid sim_dir sim_control
cleanup() {
	s3sim_stop
	for arm in one two; do
		SIM_PID=${sim_pid[$arm]:-} SIM_DIR=${sim_dir[$arm]:-} sim_stop
	done
	rm -rf "$dir"
}
trap cleanup EXIT
mkdir -p "$dir/store/logs"
mksamples --huge 64M "$dir/store/logs" >"$dir/manifest"
records=$(jq -s 'map(select(.kind == "huge").records) | add' "$dir/manifest")
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
for arm in one two; do
	[ $arm = one ] && SIM_RULE=dcr-11111111111111111111111111111111 || SIM_RULE=dcr-22222222222222222222222222222222
	sim_start --stream Custom-AWSCloudTrail || exit 1
	sim_pid[$arm]=$SIM_PID sim_dir[$arm]=$SIM_DIR sim_control[$arm]=$SIM_CONTROL
	# shellcheck disable=SC2153 # of sentinelsim.sh
	printf 'export %s=%q\n' LOGBRIDGE_SENTINEL_ENDPOINT "$SIM_URL" LOGBRIDGE_SENTINEL_RULE "$SIM_RULE" \
		AZURE_AUTHORITY_HOST "$SIM_URL" >"$dir/$arm.env"
done
control() { SIM_CONTROL=${sim_control[$1]} sim_control "${@:2}"; }

# post ARM: one destination, with receipts of its own.
post() {
	(
		# shellcheck source=/dev/null
		. "$dir/$1.env"
		echo $BASHPID >"$dir/pid.$1"
		exec sentinelpost --log-format text --dead-letter "$dir/dead.$1" 2>"$dir/err.$1"
	) | s3ack --log-format text --state "$dir/state.db" --need 2 >"$dir/out.$1" 2>"$dir/err.ack.$1"
	echo "${PIPESTATUS[*]}" >"$dir/rc.$1"
}
# run: all of it, with a fast clock so that partial receipts come early.
run() {
	rm -f "$dir"/rc.*
	(
		PATH=$BUILD/testbin:$PATH
		export LB_CLOCK_SPEED=50
		s3list --state "$dir/state.db" s3://logs/ 2>"$dir/err.s3list" |
			tee "$dir/listed" | s3fetch 2>"$dir/err.s3fetch" | logparse 2>"$dir/err.logparse" |
			tee >(post one) | post two
	)
	until_true test -s "$dir/rc.one"
	until_true test -s "$dir/rc.two"
}
sql() { sqlite3 -readonly -cmd '.timeout 10000' "$dir/state.db" "$1" 2>/dev/null; }

# The second is soon out of reach, and the first goes on as far as pipes let it.
control two script '[{"on":"ingest","skip":24,"count":0,"action":"timeout"}]'
run &
running=$!
stuck() { SIM_CONTROL=${sim_control[two]} sim_status '.scripted | length > 0'; }
ahead=0
for _ in $(seq 2400); do
	sleep 0.05
	[ "$(stuck)" = true ] || continue
	# Receipts of what it had by then may be on their way: see it a few times.
	[ "$(sql 'select count(*) = 2 and min(through) > 0 and max(through) > min(through) from part')" = 1 ] || continue
	ahead=$((ahead + 1))
	[ $ahead -lt 20 ] || break
done
kill -9 "$(cat "$dir/pid.two")"
wait $running
like "$(cat "$dir/rc.two")" "^137 75" "one arm is killed: its s3ack says 75"
like "$(cat "$dir/rc.one")" " 75$" "the other ends with 75, for the object is not settled"
first=$(sql "select max(through) from part") second=$(sql "select min(through) from part")
[ "${second:-0}" -gt 0 ] && [ "$first" -gt "$second" ]
ok "the first had $first records, the second $second, of $records"
is "$(sql 'select status, through from objects')" "partial|$second" "settled is what both have"
s3list --state "$dir/state.db" --show >"$dir/show"
is "$(jq -c 'select(.state) | [.skip, .state.delivered_by, .state.need]' "$dir/show")" "[$second,0,2]" "--show says so"

control two clear-script
run
is "$(jq -c 'select(.key) | .skip' "$dir/listed")" "$second" "the next run begins there"
is "$(sql 'select status from objects')" delivered "both deliver: settled"
is "$(awk '{ print ($1 == 0) + ($2 == 0 || $2 == 75) }' "$dir/rc.one" "$dir/rc.two" | paste -sd' ')" "2 2" "without an error" ||
	sed 's/^/# /' "$dir"/err.*
is "$(cat "$dir/rc.one" "$dir/rc.two" | grep -c ' 0$' | sed 's/[12]/some/')" some "the arm that ends last knows that all is settled"
for arm in one two; do
	jq -r .AwsEventId "${sim_dir[$arm]}/rows/AWSCloudTrail.ndjson" | sort >"$dir/got.$arm"
done
zcat "$dir"/store/logs/* | grep -oE '"eventID":"[^"]*"' | cut -d'"' -f4 | sort >"$dir/want"
for arm in one two; do
	is "$(comm -23 <(uniq "$dir/want") <(uniq "$dir/got.$arm") | wc -l)" 0 "each row is in destination $arm"
	dup=$(($(wc -l <"$dir/got.$arm") - $(wc -l <"$dir/want")))
	[ $dup -le $((records - second)) ]
	ok "$dup came twice there, none of those below $second twice"
done
run
is "$(tail -n 1 "$dir/listed" | jq -c '.done | [.objects, .settled]') $(cat "$dir/rc.one") $(cat "$dir/rc.two")" "[0,1] 0 0 0 0" "and then there is nothing to do"
tap_done
