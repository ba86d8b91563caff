#!/usr/bin/env bash
# Run every fuzzer of a build for so many seconds of CPU time, two at a time.
#	tests/fuzz/run.sh BUILD SECONDS [NAME ...]
# The fuzzers count wall time alone, so each runs in slices until the CPU time that
# was spent in it is enough: a loaded machine takes longer and tries as much.
# Inputs to begin with: tests/fuzz/corpus/NAME, when there is one; new ones, and
# those that find something, stay under BUILD.  Ends with 'N passed, N failed'.
set -u
build=$1 seconds=$2
shift 2
cd "$(dirname "$0")/../.." || exit 99
slice=120 # seconds of wall time at most between two looks at the clock

# once NAME SECONDS: one slice; its CPU seconds, whole ones, in $spent.
once() {
	local name=$1 corpus=$build/corpus/$1 seeds=tests/fuzz/corpus/$1 status TIMEFORMAT='%U %S'
	mkdir -p "$corpus" "$build/findings"
	[ -d "$seeds" ] || seeds=
	# shellcheck disable=SC2086
	{ time "$build/fuzz/$name" -max_total_time="$2" -timeout=20 -rss_limit_mb=2048 -max_len=4096 \
		-print_final_stats=1 -close_fd_mask=2 -artifact_prefix="$build/findings/$name-" "$corpus" $seeds \
		>"$build/$name.log" 2>&1; } 2>"$build/$name.cpu"
	status=$?
	spent=$(awk '{ printf "%d", $1 + $2 + 0.5 }' "$build/$name.cpu")
	return "$status"
}

one() {
	local name=$1 left=$seconds runs=0 spent
	while [ "$left" -gt 0 ]; do
		if ! once "$name" "$((left < slice ? left : slice))"; then
			echo "not ok $name"
			tail -n 40 "$build/$name.log"
			return
		fi
		runs=$((runs + $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log")))
		left=$((left - (spent > 0 ? spent : 1)))
	done
	echo "ok $name: $runs runs in $((seconds - left)) CPU-s"
}

[ $# -gt 0 ] || {
	for f in "$build"/fuzz/fuzz_*; do
		[ -x "$f" ] && [ ! -d "$f" ] && [[ $f != *.[od] ]] && set -- "$@" "${f##*/}"
	done
}
out=$(mktemp) || exit 99
trap 'rm -f "$out"' EXIT
for name; do
	one "$name" >>"$out" &
	while [ "$(jobs -pr | wc -l)" -ge 2 ]; do wait -n; done
done
wait
cat "$out"
passed=$(grep -c '^ok ' "$out")
failed=$(grep -c '^not ok ' "$out")
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
