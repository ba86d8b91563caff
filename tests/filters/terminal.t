#!/usr/bin/env bash
# What the filters do on a terminal: messages as text, and progress on standard
# error, but not between lines that standard output shows on the same screen.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
command -v script >/dev/null || skip_all "script(1) is not installed"
dir=$(mktemp -d "${TMPDIR:-/tmp}/terminal.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT
mkdir -p "$dir/store/logs"
mksamples --objects 3 --no-odd "$dir/store/logs" >"$dir/manifest"
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1

# on_terminal COMMAND: what its screen gets, its status as result.
on_terminal() {
	(cd "$dir" && script -qec "stty -onlcr; $1" /dev/null </dev/null) >"$dir/screen"
}
clear=$'\r\033[K'
on_terminal "s3list --state s.db s3://logs/ | s3fetch | logparse | sentinelpost | s3ack --state s.db >receipts"
is $? 0 "a pipe on a terminal"
for f in s3list s3fetch logparse sentinelpost s3ack; do
	grep -qaF "$clear$f: " "$dir/screen"
	ok "$f says how far it is"
done
like "$(tr '\r' '\n' <"$dir/screen" | tail -n 1)" $'^\033\\[K$' "and nothing of it stays"
# What a screen shows, where later text covers what stood there before.  (Lines
# that take several writes can have that of others in their middle.)
for command in "s3list s3://logs/" "s3list s3://logs/ | s3fetch" "s3fetch 's3://logs/$(jq -r .key "$dir/manifest" | head -n 1)' | logparse" \
	"s3list s3://logs/ | s3fetch | logparse | sentinelpost" "s3list s3://logs/ | s3fetch | logparse | sentinelpost | s3ack --state t.db"; do
	on_terminal "$command"
	unlike "$(cat "$dir/screen")" "${command##*| } *: [0-9]" "no progress of whose lines are on the screen: ${command##*| }"
	case ${command##*| } in s3fetch | logparse) continue ;; esac
	sed 's/.*\r\x1b\[K//; s/.*\r//' "$dir/screen" | jq -c . >/dev/null 2>"$dir/err"
	is "$? $(cat "$dir/err")" "0 " "and its lines cover that of the others"
done
on_terminal "s3list --progress s3://logs/ >/dev/null"
grep -qaF "${clear}s3list: " "$dir/screen"
ok "--progress shows it all the same"
# Narrow and wide screens: what is longer than a line would leave its rest behind.
for columns in 20 1000; do
	on_terminal "stty cols $columns; s3list --progress s3://logs/ >/dev/null"
	longest=$(tr '\r' '\n' <"$dir/screen" | sed 's/\x1b\[K//g' | wc -L)
	[ "$longest" -gt 10 ] && [ "$longest" -lt $columns ]
	ok "no line is as wide as the screen, of $columns columns" || echo "# $longest"
done
on_terminal "s3list --nonsense"
is $? 64 "a mistake on a terminal"
is "$(cat "$dir/screen")" "s3list: error: unknown option '--nonsense'
s3list: hint: 's3list --help' lists the options" "is told as text, without a done line"
on_terminal "s3list --log-format json --nonsense"
like "$(cat "$dir/screen")" '^\{"time":.*"level":"error","prog":"s3list"' "or as JSON, if asked for"
s3list --log-format text --nonsense 2>"$dir/err" >/dev/null
like "$(cat "$dir/err")" '^s3list: error: ' "text, where there is no terminal, if asked for"
tap_done
