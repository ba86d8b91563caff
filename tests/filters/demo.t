#!/usr/bin/env bash
# The demo ends with 0 and shows what the README promises.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
BUILD=${BUILD:-$PWD/build} tools/demo.sh >"$out" 2>&1
is $? 0 "the demo ends with 0" || tail -n 15 "$out" | sed 's/^/# /' >&2
for shown in 'AWSCloudTrail +[0-9]+ rows' '^\{"TimeGenerated":' 'delivered +[0-9]+ +[0-9]+' \
	'BadChecksum: ' 'bad-json' 'they balance' ' 0 new' 's3ack --state state.db'; do
	grep -qE -e "$shown" "$out"
	ok "it shows: $shown"
done
tap_done
