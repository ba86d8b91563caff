#!/usr/bin/env bash
# tools/deps installs what is missing, and says so when it cannot.
set -u
cd "$(dirname "$0")/.." || exit
. tests/lib/tap.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/deps.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin"
# stub NAME SCRIPT
stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"$dir/bin/$1"
	chmod +x "$dir/bin/$1"
}
for f in env bash awk sed head cat grep; do ln -s "$(command -v $f)" "$dir/bin/$f"; done
stub apt-cache 'echo "  Depends: clang-14 (>= 14)"'
stub npm :
# All is there but what $dir/missing names; apt-get install makes it so.
stub dpkg-query "for p; do :; done; grep -qx \"\$p\" '$dir/missing' || printf installed"
stub apt-get "echo \"\$*\" >>'$dir/calls'; case \$1 in install) : >'$dir/missing' ;; esac"
stub id 'echo "$USER_ID"'
# deps UID ARG ...: what it says and does.
deps() {
	: >"$dir/calls"
	USER_ID=$1 PATH=$dir/bin tools/deps "${@:2}" >"$dir/out" 2>"$dir/err"
}
: >"$dir/missing"
deps 1000
is "$? $(cat "$dir/out" "$dir/err" "$dir/calls")" "0 " "nothing is missing: nothing is done"
printf 'jq\nlibzstd-dev\n' >"$dir/missing"
deps 1000 --check build
is "$? $(cat "$dir/out") $(wc -l <"$dir/calls")" "1 tools/deps: missing: libzstd-dev jq 0" "--check only reports"
deps 1000 build
is "$? $(wc -l <"$dir/calls")" "1 0" "neither root nor sudo"
like "$(cat "$dir/err")" 'as root: apt-get install libzstd-dev jq' "and it says what to do"
deps 0 build
is "$? $(tail -n 1 "$dir/calls")" "0 install -qq -y --no-install-recommends libzstd-dev jq" "root installs them"
stub sudo "echo sudo >>'$dir/calls'; exec \"\$@\""
echo strace >"$dir/missing"
deps 1000 build
is "$? $(wc -l <"$dir/calls")" "0 0" "what only the tests need is not for building"
deps 1000
is "$? $(grep -c sudo "$dir/calls") $(tail -n 1 "$dir/calls")" "0 2 install -qq -y --no-install-recommends strace" "the others by sudo"
echo strace >"$dir/missing"
stub apt-get 'echo "E: no network" >&2; exit 100'
deps 0
is "$? $(cat "$dir/err")" "100 E: no network" "a failure of apt-get is told"
deps 0 all
is $? 64 "wrong usage"
tap_done
