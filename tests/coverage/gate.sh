#!/usr/bin/env bash
# gate.sh BUILD: what the tests went through of the product's sources, which
# are below the current folder, from what gcov counted under BUILD; exit 1, and
# where, when that is too little.  README.md beside this tells what counts.
set -euo pipefail
here=$(dirname "$0")
build=${1%/}
export LINES_MIN=95 BRANCHES_MIN=90 EXCLUDED_MAX=2
PRODUCT=(common s3list s3fetch logparse sentinelpost)

# The files of one folder at a time: objects of the same name would mix.
counts() {
	local dir=$1
	shift
	local notes=("$@")
	[ ${#notes[@]} = 0 ] || gcov --branch-probabilities --branch-counts --stdout --object-directory "$dir" "${notes[@]}" 2>/dev/null
}

# The injectable clock and random source come last: of their lines only those
# that the product has, too, are looked at.
for d in "${PRODUCT[@]/#/$build/}" "$build/inject"; do
	mapfile -t notes < <(find "$d" -name '*.gcno')
	counts "$d" "${notes[@]}"
	echo "end of $d"
done 2>/dev/null | LC_ALL=C awk -v build="$build" -f "$here/gate.awk"
