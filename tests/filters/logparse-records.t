#!/usr/bin/env bash
# logparse and records: what is set aside and how, marks, resume, and counts that
# always balance.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/../lib/logparse.sh"
M=1048576

# fill N CHAR
fill() { head -c "$1" /dev/zero | tr '\0' "$2"; }
# balance NAME: records = skipped + rows + rejects + filtered, in each mark and end
balance() {
	is "$(of '(.mark // .end | select(. != null and .records)) | select(.records != .skipped + .rows + .rejects + .filtered)')" "" "$1: the counts balance"
	is "$(of 'select(.row or (.reject and .reject.more != true)) | .n' | tr ' ' '\n' | sort -n | uniq -d)" "" "$1: one row or reject a record"
}

# --- what is set aside ---------------------------------------------------
{
	printf '{"Records":['
	event 0
	printf ',{"eventVersion":"1","eventTime":tru},7,'
	event 3
	printf ',{"eventVersion":"1","x":1},{"eventVersion":"1","eventName":"\001"},'
	event 6
	printf ',{"eventVersion":"1","eventName":"cut off'
} >"$tmp/bad"
mkwire "$tmp/bad" >"$tmp/in"
parse
is "$rc $(of 'select(.reject) | [.n, .reject.reason] | @csv')" \
	'0 1,"bad-json" 2,"not-object" 4,"missing-member" 5,"bad-json" 7,"truncated"' "records that cannot be parsed, by number and reason"
is "$(counts)" "8,0,3,5,0" "are counted"
balance "rejects"
at_is=$(jq -rc 'select(.reject) | [.reject.at, .raw] | @json' "$tmp/out" | while read -r l; do
	at=$(jq '.[0]' <<<"$l") raw=$(jq -rj '.[1]' <<<"$l")
	[ "$(tail -c +$((at + 1)) "$tmp/bad" | head -c ${#raw})" = "$raw" ] || echo "$l"
done)
is "$at_is" "" "each is at its offset, with all its bytes"
is "$(of 'select(.reject) | .reject.format' | tr ' ' '\n' | uniq)" "cloudtrail/1" "with the format to parse it again"
is "$(grep -c 'record 1 at byte .*: bad-json' "$tmp/err")" 1 "stderr names record, place and reason"
[[ $err != *"cut off"* ]]
ok "and never what a record holds"
printf '[{"eventName":"a\xff"},{"eventName":x\xff}]' >"$tmp/utf8"
mkwire --b64 "$tmp/utf8" >"$tmp/in"
parse
is "$(of 'select(.n == 0).row.EventName')" "a�" "bytes that are no UTF-8: U+FFFD in a row"
is "$(of 'select(.end).end.replaced')" 1 "counted"
is "$(of 'select(.n == 1).raw64' | base64 -d | od -An -tx1)" "$(printf '{"eventName":x\xff}' | od -An -tx1)" "raw64 in a reject"
for ((i = 0; i < 100; i++)); do printf '{"eventName":x}\n'; done >"$tmp/many"
mkwire "$tmp/many" >"$tmp/in"
parse
is "$rc $(counts) $(wc -l <"$tmp/err")" "0 100,0,0,100,0 6" "many of an object: a few are told"
printf 'no text\0\nthat is no log\n' >"$tmp/text"
mkwire --key notes.txt "$tmp/text" >"$tmp/in"
parse
is "$rc $(of 'select(.reject) | [.n, .reject.reason, .reject.format, .raw] | @json')" \
	'0 [0,"unknown-format",null,"no text\u0000\nthat is no log\n"]' "an object of no known type is one reject, whole"
is "$(counts)" "1,0,0,1,0" "and one record"

# --- long ones -------------------------------------------------------------
# long N C: an object with a record that is N bytes in all, of the character C,
# between two others
long() {
	local head='{"eventVersion":"1.09","eventTime":"2026-11-20T09:00:01Z","eventName":"Long","requestParameters":{"x":"'
	printf '{"Records":['
	event 0
	printf ',%s' "$head"
	if [ "$2" = '\' ]; then
		yes '\\' | head -n $((($1 - ${#head} - 3) / 2)) | tr -d '\n'
	else
		fill $(($1 - ${#head} - 3)) "$2"
	fi
	printf '"}},'
	event 2
	printf ']}'
}
long $((4 * M)) a >"$tmp/long"
mkwire "$tmp/long" >"$tmp/in"
parse
is "$rc $(counts) $(of 'select(.end).end.cut')" "0 3,0,3,0,0 1" "a record of 4 MiB is a row; its long value is cut"
is "$(of 'select(.n == 1).row.RequestParameters | fromjson | keys[0]')" "x" "and is JSON still"
is "$(of 'select(.n == 1).row.RequestParameters | utf8bytelength')" 65536 "of 65,536 bytes"
long $((4 * M + 1)) a >"$tmp/long"
mkwire "$tmp/long" >"$tmp/in"
parse
is "$rc $(of 'select(.n) | [.n, .reject.reason, .reject.more] | @csv')" \
	'0 0,, 1,"too-long",true 1,"too-long",true 1,"too-long",true 1,"too-long",true 1,"too-long", 2,,' \
	"a byte more: several reject lines with one n, all but the last with more"
is "$(counts)" "3,0,2,1,0" "which are one reject"
jq -rj 'select(.reject).raw' "$tmp/out" | cmp - <(tail -c +$((1 + $(jq 'select(.reject).reject.at' "$tmp/out" | head -n 1))) "$tmp/long" | head -c $((4 * M + 1)))
ok "their bytes are the record"
mkwire --step 99999 --b64 "$tmp/long" | logparse 2>/dev/null | cmp - "$tmp/out"
ok "the same however it is cut"
long $((3 * M)) a | sed 's/"eventName":"Long"/"eventName":oops/' >"$tmp/long"
mkwire "$tmp/long" >"$tmp/in"
parse
is "$(of 'select(.reject) | [.reject.reason, .reject.more, (.raw | length)] | @csv')" "\"bad-json\",,$((3 * M - 2))" \
	"a reject that fits a line is one"
long $((4 * M)) '\' | sed 's/"eventName":"Long"/"eventName":oops/' >"$tmp/long"
mkwire "$tmp/long" >"$tmp/in"
parse
is "$(counts) $(of 'select(.reject).reject.more')" "3,0,2,1,0 true true true null" "one whose line would pass 8 MiB is several"
is "$(awk 'length > 8388608' "$tmp/out" | wc -l)" 0 "no line passes 8 MiB"
balance "long records"
# Rows: each of many columns has up to 64 KiB.
cat >"$tmp/wide.format" <<'FORMAT'
format wide 1
table Wide_CL
frame json
members t
column TimeGenerated datetime t
FORMAT
for ((i = 0; i < 128; i++)); do echo "column C$i string c$i"; done >>"$tmp/wide.format"
{
	printf '{"t":"2026-11-20T09:00:01Z"'
	long=$(fill 32000 a)
	for ((i = 0; i < 120; i++)); do printf ',"c%d":"%s"' "$i" "$long"; done
	printf '}\n{"t":"2026-11-20T09:00:02Z"}\n'
} >"$tmp/wide"
mkwire "$tmp/wide" >"$tmp/in"
parse --format-file "$tmp/wide.format"
is "$rc $(counts)" "0 2,0,2,0,0" "a row of nearly 4 MiB"
# A JSON value of control characters is written with twelve bytes for one.
{
	printf '{"t":"2026-11-20T09:00:01Z"'
	long=$(yes '\u0001' | head -n 5000 | tr -d '\n')
	for ((i = 0; i < 128; i++)); do printf ',"c%d":["%s"]' "$i" "$long"; done
	printf '}\n{"t":"2026-11-20T09:00:02Z"}\n'
} >"$tmp/wide"
mkwire "$tmp/wide" >"$tmp/in"
parse --format-file "$tmp/wide.format"
is "$rc $(counts)" "0 2,0,2,0,0" "and one of escapes"
# Bytes that are no UTF-8 become three each.
for ((i = 128; i < 400; i++)); do echo "column C$i string c$i"; done >>"$tmp/wide.format"
{
	printf '{"t":"2026-11-20T09:00:01Z"'
	long=$(fill 10000 '\377')
	for ((i = 0; i < 400; i++)); do printf ',"c%d":"%s"' "$i" "$long"; done
	printf '}\n{"t":"2026-11-20T09:00:02Z"}\n'
} >"$tmp/wide"
mkwire --b64 "$tmp/wide" >"$tmp/in"
parse --format-file "$tmp/wide.format"
is "$rc $(of 'select(.reject) | [.n, .reject.reason, .reject.more] | @csv')" \
	'0 0,"row-too-long",' "a row line that would pass 8 MiB is a reject"
balance "wide rows"
is "$(of 'select(.end).end | [.replaced, .records] | @csv')" ",2" "what was done for it is not counted"

# Lines that are too long themselves.
{
	printf '{"x":"'
	fill 8388610 x
	printf '"}\n'
	mkwire "$tmp/bad"
} >"$tmp/in"
parse
is "$rc $(counts)" "65 8,0,3,5,0" "an input line over 8 MiB is skipped: exit 65"
said "line 1 at byte 0 is 8388618 bytes" "its place is told"
{
	mkwire --no-end --no-done /dev/null
	printf '{"id":"%s","at":0,"text":"' "$id"
	fill 8388610 ' '
	printf '"}\n{"id":"%s","at":8388610,"text":"{}"}\n{"id":"%s","end":{}}\n' "$id" "$id"
} >"$tmp/in"
parse
is "$rc $(of 'select(.error).error.code')" "70 BadChunk" "when it was a chunk, its object fails"
{
	printf '{"x":"'
	fill $((8388608 - 8)) x
	printf '"}\n%s\n' "$done_line"
} >"$tmp/in"
parse
is "$rc $(head -n 1 "$tmp/out" | wc -c)" "0 8388609" "a line of 8 MiB passes"

# --- marks -------------------------------------------------------------------
records 40 ",\"requestParameters\":\"$(fill 60000 a)\",\"responseElements\":\"$(fill 60000 a)\",\"resources\":\"$(fill 60000 a)\"" >"$tmp/rows"
cat "$tmp/rows" "$tmp/rows" >"$tmp/more"
mkwire "$tmp/more" >"$tmp/in"
parse
is "$rc $(counts)" "0 80,0,80,0,0" "14 MB of rows"
most=$(awk '/"row":/ { sum += length + 1 } /"mark":/ || /"end":/ { if (sum > most) most = sum; sum = 0 } END { print most }' "$tmp/out")
[ "$most" -le $((4 * M)) ]
ok "a mark at least every 4 MiB: at most $most bytes without"
is "$(of 'select(.row or .mark) | if .row then empty else .mark.rows end')" "$(awk '/"row":/ { n++ } /"mark":/ { printf "%s%d", s, n; s = " " }' "$tmp/out")" \
	"each says how many rows came before it"
for ((i = 0; i < 6; i++)); do
	printf '{"eventName":x,"y":"'
	fill $M y
	printf '"}\n'
done >"$tmp/rejects"
mkwire "$tmp/rejects" >"$tmp/in"
parse
is "$rc $(counts) $(of 'select(.mark).mark.rejects')" "0 6,0,0,6,0 3 6" "rejects are marked like rows"

# --- resume ---------------------------------------------------------------------
for ((i = 0; i < 5; i++)); do event "$i"; done >"$tmp/five"
printf '{"eventName":x}' >>"$tmp/five"
for ((i = 6; i < 10; i++)); do event "$i"; done >>"$tmp/five"
mkwire "$tmp/five" >"$tmp/in"
parse
cp "$tmp/out" "$tmp/whole"
is "$(counts)" "10,0,9,1,0" "ten records, one bad"
resume() { # SKIP FORMAT
	mkwire --members ",\"skip\":$1,\"format\":\"$2\"" "$tmp/five" >"$tmp/in"
	parse
}
for ((skip = 0; skip <= 12; skip++)); do
	resume $skip cloudtrail/1
	cmp -s <(jq -c "select(.n >= $skip)" "$tmp/whole") <(jq -c 'select(.n)' "$tmp/out") || echo "skip $skip"
	[ "$(jq '.end // empty | .records - .skipped - .rows - .rejects' "$tmp/out")" = 0 ] || echo "balance $skip"
	[ "$(jq '.end // empty | .skipped' "$tmp/out")" = $((skip < 10 ? skip : 10)) ] || echo "skipped $skip"
done >"$tmp/wrong"
is "$(cat "$tmp/wrong")" "" "skip with the same framing: the rest, with the same numbers and bytes"
resume 7 cloudtrail/1
is "$(counts)" "10,7,3,0,0" "what was settled is skipped"
for format in cloudtrail/2 cloudtrail nosuch/1 "" json; do
	resume 7 "$format"
	is "$rc $(counts)" "0 10,0,9,1,0" "skip with format '$format': starts over"
done
mkwire --members ',"skip":7' "$tmp/five" >"$tmp/in"
parse
is "$rc $(counts)" "0 10,0,9,1,0" "skip without a format: starts over"
for skip in -1 1.5 '"7"' null 99999999999999999999; do
	mkwire --members ",\"skip\":$skip,\"format\":\"cloudtrail/1\"" "$tmp/five" >"$tmp/in"
	parse
	is "$rc $(counts)" "0 10,0,9,1,0" "skip of $skip: starts over"
done
# Inside a reject in parts, and of a digest.
mkwire --members ',"skip":2,"format":"cloudtrail/1"' <(long $((5 * M)) a) >"$tmp/in"
parse
is "$rc $(of 'select(.n).n')" "0 2" "records over 4 MiB are skipped as one"
printf '{"digestStartTime":"2026-11-20T09:00:00Z","logFiles":[]}' >"$tmp/digest"
mkwire --key 1_CloudTrail-Digest_x.json.gz "$tmp/digest" >"$tmp/in"
parse
is "$rc $(counts)" "0 1,0,0,0,1" "a digest is one record, filtered"

# --- times -----------------------------------------------------------------------
printf '{"eventName":"a"}{"eventName":"b","eventTime":"soon"}{"eventName":"c","eventTime":"-"}' >"$tmp/times"
mkwire "$tmp/times" >"$tmp/in"
parse
is "$(of 'select(.row).row.TimeGenerated')" "2026-11-20T10:00:00.000Z 2026-11-20T10:00:00.000Z 2026-11-20T10:00:00.000Z" \
	"without a time: the object's"
is "$(of 'select(.end).end.time_fallback')" 3 "counted"
parse --strict-time
is "$rc $(of 'select(.reject).reject.reason')" "0 no-time no-time no-time" "--strict-time: rejected"
sed 's/,"modified":"[^"]*"//' -i "$tmp/in"
parse
is "$rc $(of 'select(.reject).reject.reason')" "0 no-time no-time no-time" "no time at all: rejected, never now"
tap_done
