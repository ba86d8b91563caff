#!/usr/bin/env bash
# Black-box cases: tests/golden/FILTER/NAME/{cmd,stdin,expect.out,.err,.rc}.
# cmd is run from the root of the project; $case is the folder of the case.  A
# missing expect.out or .err means empty, a missing expect.rc 0.
# GOLDEN_UPDATE=1 rewrites the expectations: read the diff before committing.
cd "$(dirname "$0")/.." || exit 99
. tests/lib/tap.sh
PATH=${BUILD:-$PWD/build}/bin:$PATH LC_ALL=C TZ=UTC
export PATH LC_ALL TZ
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

# Compare one part with what is expected of it.
compare() {
	local want=$case/expect.$1
	[ -f "$want" ] || want=$2
	diff -u "$want" "$tmp/$1" | head -n 40
}

echo 0 >"$tmp/zero"
for case in tests/golden/*/*/; do
	case=${case%/}
	export case
	in=$case/stdin
	[ -f "$in" ] || in=/dev/null
	bash "$case/cmd" <"$in" >"$tmp/out" 2>"$tmp/err"
	echo $? >"$tmp/rc"
	if [ -n "${GOLDEN_UPDATE:-}" ]; then
		rm -f "$case"/expect.*
		cmp -s "$tmp/rc" "$tmp/zero" || cp "$tmp/rc" "$case/expect.rc"
		for part in out err; do
			[ ! -s "$tmp/$part" ] || cp "$tmp/$part" "$case/expect.$part"
		done
	fi
	diffs=$(compare out /dev/null; compare err /dev/null; compare rc "$tmp/zero")
	[ -z "$diffs" ]
	ok "${case#tests/golden/}" || printf '%s\n' "$diffs" | sed 's/^/# /'
done
# Cases may be newer than what they are held against: a tree that changed since.
newer=$(find logparse common -name '*.[ch]' -newer "$(command -v logparse)" 2>/dev/null | head -n 1)
[ "$tap_failed" = 0 ] || [ -z "$newer" ] || echo "# $newer is newer than the programs: make" >&2
tap_done
