#!/usr/bin/env bash
# logparse and dead letters: rejects are parsed again, rows and objects pass.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/../lib/logparse.sh"

dead='"dead":{"reason":"bad-json","time":"2026-11-23T10:00:00Z"},"object":{"store":"s3","bucket":"b","key":"k"}'
good=$(event 4)
# letter N MEMBERS: a reject as it stands in a dead-letter file
letter() {
	printf '{%s,"id":"%s","n":%s,"reject":{"reason":"bad-json","at":9%s},%s}\n' "$dead" "$id" "$1" "$3" "$2"
}
raw() { jq -cn --arg raw "$1" '{$raw}' | sed 's/^{//; s/}$//'; }
raw64() { printf '"raw64":"%s"' "$(printf '%s' "$1" | base64 -w0)"; }
fmt=',"format":"cloudtrail/1"'

# one NAME LETTER: becomes a row
row() {
	printf '%s\n%s\n' "$2" "$done_line" >"$tmp/in"
	parse
	is "$rc $err $(of 'select(.row) | [.id, .n, .table, .object.key, .row.AwsEventId] | @csv')" \
		"0  \"$id\",7,\"AWSCloudTrail\",\"k\",\"id-4\"" "$1: a row"
	is "$(of 'select(.done.stage == "logparse").done | [.objects, .records, .rows, .rejects] | @json')" "[0,1,1,0]" "$1: counted"
}
# still NAME LETTER: stays what it is
still() {
	printf '%s\n%s\n' "$2" "$done_line" >"$tmp/in"
	parse
	is "$rc $err" "0 " "$1: no complaint"
	printf '%s\n' "$2" | cmp - <(grep -v '"done"' "$tmp/out")
	ok "$1: passes on as it is"
}
row "a reject that is good now" "$(letter 7 "$(raw "$good")" "$fmt")"
row "its bytes in raw64" "$(letter 7 "$(raw64 "$good")" "$fmt")"
row "raw64 with escaped slashes" "$(letter 7 "$(raw64 "$(event 4 ',"x":"???>>>"')" | sed 's,/,\\/,g')" "$fmt")"
row "white space around" "$(letter 7 "$(raw " $good
")" "$fmt")"
row "of another version" "$(letter 7 "$(raw "$good")" ',"format":"cloudtrail/99"')"
row "in other order" "$(letter 7 "$(raw "$good")" "$fmt" | jq -c '{raw, n, reject, x: 1, id, object, dead}')"
still "no JSON yet" "$(letter 7 "$(raw "${good}}")" "$fmt")"
still "no record" "$(letter 7 "$(raw '{"a":1}')" "$fmt")"
still "no time" "$(letter 7 "$(raw '{"eventName":"a"}')" "$fmt")"
still "no format" "$(letter 7 "$(raw "$good")" "")"
still "an unknown format" "$(letter 7 "$(raw "$good")" ',"format":"vpcflow/1"')"
still "a format that is no text" "$(letter 7 "$(raw "$good")" ',"format":5')"
still "no bytes" "$(letter 7 '"x":1' "$fmt")"
still "empty bytes" "$(letter 7 '"raw":""' "$fmt")"
still "raw that is no text" "$(letter 7 '"raw":{}' "$fmt")"
still "raw64 that is none" "$(letter 7 '"raw64":"!"' "$fmt")"
still "no number" "$(letter '"7"' "$(raw "$good")" "$fmt")"
still "no id" "$(letter 7 "$(raw "$good")" "$fmt" | sed "s/\"id\":\"$id\",//")"
still "reject that is no object" "$(letter 7 "$(raw "$good")" "$fmt" | jq -c '.reject = 1')"
still "a row" "{$dead,\"id\":\"$id\",\"n\":7,\"table\":\"T\",\"row\":{ \"a\": 1e400 }}"
still "an object" "{$dead,\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\",\"size\":1}"

# A filter that the format has now.
printf 'format cloudtrail 2\ntable T_CL\nframe json\nfilter noise\ncolumn TimeGenerated datetime t\n' >"$tmp/own.format"
letter 7 "$(raw '{"t":"2026-11-20T09:00:00Z","noise":1}')" "$fmt" >"$tmp/in"
parse --format-file "$tmp/own.format"
is "$rc $(of 'select(.n)') $(of '.done | [.records, .rows, .filtered] | @json')" "0  [1,0,1]" "a record that is filtered now is dropped and counted"
# The object's time, where the line says it.
letter 7 "$(raw '{"eventName":"a"}')" "$fmt" | sed 's/"key":"k"/&,"modified":"2026-11-20T10:00:00Z"/' >"$tmp/in"
parse
is "$rc $(of 'select(.row).row.TimeGenerated')" "0 2026-11-20T10:00:00Z" "the object's time stands in, when it is told"
parse --strict-time
is "$rc $(of 'select(.reject).n')" "0 7" "but not with --strict-time"

# Parts of a record are none, though the last one looks like one.
{
	letter 7 "$(raw 'x')" "$fmt,\"more\":true"
	letter 7 "$(raw "$good")" "$fmt,\"more\":true"
	letter 7 "$(raw "$good")" "$fmt"
} >"$tmp/in"
parse
is "$rc $(grep -v '"done"' "$tmp/out" | cmp - "$tmp/in")" "0 " "the parts of a long record pass on"
{
	letter 7 "$(raw "$good")" "$fmt,\"more\":true"
	letter 8 "$(raw "$good")" "$fmt"
	letter 7 "$(raw "$good")" "$fmt"
} >"$tmp/in"
parse
is "$rc $(of 'select(.row).n') $(of 'select(.reject).n')" "0 8 7 7" "others between them do not"
letter 7 "$(raw "$good")" "$fmt,\"more\":false" >"$tmp/in"
parse
is "$rc $(of 'select(.row).n')" "0 7" "more that is false is none"
{
	letter 7 "$(raw "$good")" "$fmt,\"more\":true"
	letter 7 "$(raw "$good")" "$fmt"
} >"$tmp/in"
parse --rows
is "$rc $(wc -c <"$tmp/out") $(wc -l <"$tmp/err")" "65 0 1" "--rows: one reject, told once"

# All of it: logparse's own rejects, once they are mended.
printf '{"Records":[' >"$tmp/bad"
for i in 0 1 2 3 4 5; do
	[ $i = 0 ] || printf , >>"$tmp/bad"
	event $i | sed "$([ $((i % 2)) = 0 ] || echo 's/"eventName":"GetObject"/"eventName":GetObject/')" >>"$tmp/bad"
done
printf ']}' >>"$tmp/bad"
mkwire "$tmp/bad" >"$tmp/in"
parse
is "$(counts)" "6,0,3,3,0" "three of six are rejects"
grep '"reject"' "$tmp/out" | sed 's/:GetObject/:\\"GetObject\\"/' >"$tmp/in"
parse
is "$rc $(of 'select(.row) | [.n, .row.EventName] | @csv')" '0 1,"GetObject" 3,"GetObject" 5,"GetObject"' "mended, they are rows with their numbers"
# More than a record's worth of bytes is none, even in one line.
letter 7 "\"raw\":\"$(event 4 ',"x":"' | sed 's/"/\\"/g; s/}$//')$(head -c 4194304 /dev/zero | tr '\0' a)\\\"}\"" "$fmt" >"$tmp/in"
parse
is "$rc $(of 'select(.reject).n')" "0 7" "a record over 4 MiB stays a reject"
tap_done
