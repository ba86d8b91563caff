#!/usr/bin/env bash
# The fault harness finds a defect: with an s3list that keeps one object to itself
# runs fail, say what was lost, and print one command that does it again, with
# the same faults.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
: "${BUILD:=$PWD/build}"
dir=$(mktemp -d "${TMPDIR:-/tmp}/defect.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT

# The same products, but for one.
cp -rs "$BUILD/." "$dir" 2>/dev/null
rm "$dir/testbin/s3list"
cat >"$dir/testbin/s3list" <<-EOF
	#!/bin/bash
	exec "$BUILD/testbin/s3list" "\$@" > >(unset LD_PRELOAD FAILNTH_SPEC; exec sed -u '1{/^{"done"/!d}')
EOF
chmod +x "$dir/testbin/s3list"
export BUILD=$dir

seed=${FAULT_SEED:-5}
tests/faults/run --runs 1 --seed "$seed" >"$dir/out" 2>&1
is $? 1 'a run with a defect fails'
said=$(cat "$dir/out")
like "$said" "not ok seed $seed" 'and says of which seed'
like "$said" 'lost: [0-9]+, such as [0-9a-f-]+ of ' 'how many records were lost, and one of them'
like "$said" 'not delivered: .*of which the state knows nothing' 'and that an object was never looked at'
like "$(tail -n 1 "$dir/out")" '^1 runs: 0 fine, 1 not' 'in the summary, too'

again=$(sed -n 's/^not ok .*; again: //p' "$dir/out")
like "$again" '^tests/faults/run --seed [0-9]+$' 'one command does it again'
$again >"$dir/out2" 2>&1
is $? 1 'which fails as well'
drawn() { grep -E '^  drawn: [a-z0-9-]+ ' "$1" | grep -vE 'drawn: (round|  at) '; }
drawn "$dir/out" >"$dir/drawn"
[ -s "$dir/drawn" ]
ok 'with faults' || sed 's/^/# /' "$dir/out"
is "$(drawn "$dir/out2" | head -n "$(wc -l <"$dir/drawn")")" "$(cat "$dir/drawn")" 'the same ones'
tap_done
