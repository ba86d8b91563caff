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
# Which faults they are follows from the seeds: none of these is left to chance.
if [ "$runs" -ge 40 ]; then
	for kind in 'kill '{s3list,s3fetch,logparse,sentinelpost,s3ack} 'term '{s3list,s3fetch,logparse,sentinelpost,s3ack} \
		'stop '{s3list,s3fetch,logparse,sentinelpost,s3ack} kill-all term-all 'kill at one sync of s3ack' \
		'kill at one write of s3ack' full 'no room for s3ack' 'no room for sentinelpost' 's3 drip_bytes' 's3 cut_after' \
		's3 length_add' 's3 reset' 'relay-s3 cut' 'relay-s3 refuse' 'relay-sim cut' 'relay-sim upcut' \
		'relay-sim stall' 'down refuse' 'share slow' dns replace clock rotate s3-rotate; do
		grep -qE "^  $kind: [1-9]" "$out"
		ok "drawn: $kind"
	done
fi
grep -v '^ok' "$out" | sed 's/^/# /'
tap_done
