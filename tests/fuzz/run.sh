#!/usr/bin/env bash
# Run every fuzzer of a build for so many seconds, two at a time.
#	tests/fuzz/run.sh BUILD SECONDS
# Inputs to begin with: tests/fuzz/corpus/NAME, when there is one; new ones, and
# those that find something, stay under BUILD.  Ends with 'N passed, N failed'.
set -u
build=$1 seconds=$2
cd "$(dirname "$0")/../.." || exit 99

one() {
	local name=$1 corpus=$build/corpus/$1 seeds=tests/fuzz/corpus/$1
	mkdir -p "$corpus" "$build/findings"
	[ -d "$seeds" ] || seeds=
	# shellcheck disable=SC2086
	if "$build/fuzz/$name" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=4096 \
		-print_final_stats=1 -close_fd_mask=2 -artifact_prefix="$build/findings/$name-" "$corpus" $seeds \
		>"$build/$name.log" 2>&1; then
		echo "ok $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$name.log") runs"
	else
		echo "not ok $name"
		tail -n 40 "$build/$name.log"
	fi
}

passed=0 failed=0
out=$(mktemp) || exit 99
trap 'rm -f "$out"' EXIT
for f in "$build"/fuzz/fuzz_*; do
	[ -x "$f" ] && [ ! -d "$f" ] && [[ $f != *.[od] ]] || continue
	one "${f##*/}" >>"$out" &
	while [ "$(jobs -pr | wc -l)" -ge 2 ]; do wait -n; done
done
wait
cat "$out"
passed=$(grep -c '^ok ' "$out")
failed=$(grep -c '^not ok ' "$out")
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
