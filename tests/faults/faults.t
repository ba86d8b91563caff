#!/usr/bin/env bash
# The fault harness (tests/faults/run), a few dozen runs of it: whatever dies,
# hangs, is cut, full or gone, nothing is lost.
#	FAULT_RUNS=40 FAULT_SEED=1
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
runs=${FAULT_RUNS:-40}
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
tests/faults/run --runs "$runs" --seed "${FAULT_SEED:-1}" >"$out" 2>&1
ok "$runs runs" || grep -v '^ok' "$out" | sed 's/^/# /'
like "$(tail -n 1 "$out")" "^$runs runs: $runs fine, 0 not" "nothing is lost in any"
tail -n 1 "$out" | sed 's/^/# /'
tap_done
