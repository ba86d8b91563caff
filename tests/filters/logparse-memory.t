#!/usr/bin/env bash
# logparse's memory: under 64 MiB whatever is open and however it comes, and what
# there was no memory for is set aside, not lost.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/../lib/logparse.sh"

# bounded NAME [OPTION ...]: parse $tmp/in, in less than 64 MiB
bounded() {
	local name=$1
	shift
	/usr/bin/time -f %M -o "$tmp/peak" logparse --log-format text "$@" <"$tmp/in" >"$tmp/out" 2>"$tmp/err"
	rc=$? err=$(cat "$tmp/err")
	under_64 "$name"
}
# lines KIND: those of that kind, of all the megabytes
lines() { grep -aF "\"$1\":{" "$tmp/out"; }
# ends: how the objects ended, with how many of each
ends() { lines end | jq -r '.end | [.records, .rows, .rejects] | @csv' | sort | uniq -c | xargs; }
fill() { head -c "$1" /dev/zero | tr '\0' "$2"; }

# A record between two, of $1 bytes more than usual, and one a line.
three() {
	event 0
	printf '\n'
	event 1 ",\"x\":\"$(fill "$1" x)\""
	printf '\n'
	event 2
	printf '\n'
}
three 1000 >"$tmp/small"
mkwire --mix --count 4096 --step 500 "$tmp/small" >"$tmp/in"
bounded "4,096 objects with records of 1 KB"
is "$rc $(ends)" "0 4096 3,3,0" "  all are rows"
three 20000 >"$tmp/large"
mkwire --mix --count 2000 --step 2000 "$tmp/large" >"$tmp/in"
bounded "2,000 objects with records of 20 KB"
is "$rc $(lines end | jq '.end | select(.records != 3)' | wc -l)" "0 0" "  each record is a row or a reject"
is "$(lines reject | sed 's/"raw":.*/"raw":""}/' | jq -r .reject.reason | sort -u)" memory "  of reason memory"
rows=$(lines end | jq -s 'map(.end.rows) | add')
[ "$rows" -gt 4000 ] && [ "$rows" -lt 6000 ]
ok "  some of the large ones, none of the small: $rows rows"
one=$(lines reject | head -n 1 | jq -r .id)
lines reject | grep -F "\"$one\"" | jq -rj .raw | cmp - <(sed -n 2p "$tmp/large" | tr -d '\n')
ok "  the parts of one are its bytes"
fill 20000 'x' >"$tmp/text"
mkwire --mix --key notes.txt --count 2000 --step 2000 "$tmp/text" >"$tmp/in"
# Those that there is memory for are one line each.
bounded "2,000 objects of no known type"
is "$rc $(lines end | jq '.end | select(.records != 1)' | wc -l)" "0 0" "  each is one row or reject"
is "$(jq -s 'map(.raw // .row.RawData // "" | length) | add' "$tmp/out")" 40000000 "  with all its bytes"
{
	printf '[{"eventName":x,"y":"'
	fill 20000 y
} >"$tmp/bad"
mkwire --mix --count 2000 --step 2000 "$tmp/bad" >"$tmp/in"
bounded "2,000 objects that are no JSON"
is "$rc $(ends)" "0 2000 1,0,1" "  each is one reject"
is "$(jq -s 'map(select(.raw).raw | length) | add' "$tmp/out")" $((2000 * 20020)) "  with all its bytes"
head -c 60000 /dev/urandom | base64 -w0 >"$tmp/undecided"
mkwire --mix --key notes.txt --count 1000 --step 10000 "$tmp/undecided" >"$tmp/in"
bounded "1,000 objects of which it is not known yet what they are"
is "$rc $(lines end | jq '.end | select(.records != 1)' | wc -l)" "0 0" "  each is one row or reject"

# One object, however hostile.
{
	printf '[{"eventName":x}'
	fill 30000000 ' '
	printf ',{"eventName":"b","eventTime":"2026-11-20T09:00:00Z"}]'
} >"$tmp/space"
mkwire "$tmp/space" >"$tmp/in"
bounded "30 MB of spaces behind a bad record"
is "$rc $(counts)" "0 2,0,1,1,0" "  the next one is found"
{
	printf '{"eventName":'
	fill 3000000 '['
	printf '\n'
	event 1
} >"$tmp/deep"
mkwire "$tmp/deep" >"$tmp/in"
bounded "3,000,000 open brackets"
is "$rc $(counts)" "0 2,0,1,1,0" "  the next one is found"
for i in 1 2; do
	printf '{"eventName":"%s"}\n' "$(fill 30000000 y)"
done >"$tmp/wide"
mkwire "$tmp/wide" >"$tmp/in"
bounded "records of 30 MB"
is "$rc $(counts)" "0 2,0,0,2,0" "  are set aside"
# Candidates for a beginning that are none, inside each other.
{
	printf '{"a":x'
	for ((i = 0; i < 900; i++)); do printf ',{"userAgent":[1'; done
	yes ',1' | head -n 2000000 | tr -d '\n'
	printf '\n'
	event 1
} >"$tmp/nested"
mkwire --key a_CloudTrail_b "$tmp/nested" >"$tmp/in"
bounded "beginnings inside beginnings"
is "$rc $(counts)" "0 2,0,1,1,0" "  the next one is found"
# Pieces of a byte: the work stays linear.
event 1 ",\"x\":\"$(fill 200000 x)\"" >"$tmp/one"
mkwire --step 1 "$tmp/one" >"$tmp/in"
bounded "a record of 200 KB, byte by byte"
is "$rc $(counts)" "0 1,0,1,0,0" "  is a row"
printf x | gzip -n >"$tmp/x.gz"
many=()
for ((i = 0; i < 1000; i++)); do many+=("$tmp/x.gz"); done
for ((i = 0; i < 10; i++)); do cat "${many[@]}"; done >"$tmp/tiny"
event 1 ',"x":"' | head -c -1 | gzip >"$tmp/head"
printf '"}' | gzip >"$tmp/foot"
cat "$tmp/head" "$tmp/tiny" "$tmp/tiny" "$tmp/foot" >"$tmp/gz"
mkwire --raw "$tmp/gz" >"$tmp/in"
bounded "a record of 20,000 gzip members"
is "$rc $(counts)" "0 1,0,1,0,0" "  is a row"
tap_done
