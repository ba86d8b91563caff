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
is "$(find "$dir/root/usr/share/man" -name '*.1' | wc -l)" "$(git ls-files '*.1' | wc -l)" "the manuals are there"
make -C "$dir/one" uninstall DESTDIR="$dir/root" PREFIX=/usr >"$dir/log" 2>&1
is "$(find "$dir/root" -type f | wc -l)" 0 "uninstall leaves nothing"
tap_done
