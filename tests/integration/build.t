#!/usr/bin/env bash
# Two builds in two folders give the same binaries; install and uninstall put
# files where they belong, and take them away.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/build.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
unset BUILD MAKEFLAGS MFLAGS MAKELEVEL

for copy in one second/and-deeper; do
	mkdir -p "$dir/$copy"
	git ls-files -z | xargs -0 cp --parents -t "$dir/$copy" 2>/dev/null
	make -C "$dir/$copy" -j2 WERROR=1 all >"$dir/log" 2>&1
	ok "build in $copy, without a warning" || tail -n 20 "$dir/log" | sed 's/^/# /'
done
for f in s3list s3fetch logparse sentinelpost s3ack; do
	cmp -s "$dir/one/build/bin/$f" "$dir/second/and-deeper/build/bin/$f"
	ok "$f is the same in both"
done

make -C "$dir/one" install DESTDIR="$dir/root" PREFIX=/usr >"$dir/log" 2>&1
ok "install" || tail -n 20 "$dir/log" | sed 's/^/# /'
is "$(cd "$dir/root" && find . -type f -o -type l | grep -v share/ | sort | paste -sd' ')" \
	"./usr/bin/logparse ./usr/bin/s3ack ./usr/bin/s3fetch ./usr/bin/s3list ./usr/bin/sentinelpost" "the programs are there"
like "$("$dir/root/usr/bin/logparse" --version)" "^logparse" "and run"
for s in 1 7; do
	is "$(find "$dir/root/usr/share/man/man$s" -type f -printf '%f\n' | sort)" \
		"$(git ls-files "*.$s" | sed 's#.*/##' | sort)" "the manuals of section $s are there"
done
doc=$dir/root/usr/share/doc/logbridge
# As a user has them: no tree, the filters in the path, nothing to write beside.
(
	cd "$dir" || exit
	export PATH=$dir/root/usr/bin:$PATH
	for p in "$doc"/pipelines/*; do
		[ -x "$p" ] && bash "$p" 2>&1 | grep -q "^usage: ${p##*/} " || echo "$p"
	done
	"$doc/tools/dcr.sh" --location l --workspace /w cloudtrail | jq -e .kind >/dev/null || echo dcr.sh
	echo '{"eventVersion":"1.08","eventTime":"2026-01-02T03:04:05Z","eventName":"X"}' >log
	PAGER="cat" "$doc/pipelines/look" "$dir/log" cloudtrail | jq -e .EventName >/dev/null || echo look
	s3list --version >/dev/null || echo s3list
) >"$dir/bad"
is "$(cat "$dir/bad")" "" "the examples work where they are installed"
# What the README and the manuals point at is there.
grep -oE '\b(tools/dcr\.sh|CHANGELOG\.md|wire\.md|docs/[a-z/]+\.md)' "$doc/README.md" | sort -u | while read -r f; do
	[ -e "$doc/$f" ] || [ -e "$doc/docs/$f" ] || echo "$f"
done >"$dir/bad"
is "$(cat "$dir/bad")" "" "so is what the README points at"
is "$(find "$dir/root" -type f -perm /022 | wc -l)" 0 "nobody else can write them"
make -C "$dir/one" uninstall DESTDIR="$dir/root" PREFIX=/usr >"$dir/log" 2>&1
is "$(find "$dir/root" ! -type d)" "" "uninstall leaves nothing"
is "$(find "$dir/root" -name '*logbridge*')" "" "and no folder of ours"
tap_done
