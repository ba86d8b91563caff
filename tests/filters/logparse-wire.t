#!/usr/bin/env bash
# logparse and the wire: lines of one object, of several, of none, and the lines
# that are not for it.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/../lib/logparse.sh"

records 3 ',"x":"é\n"' >"$tmp/three"
records 2 >"$tmp/two"

# --- one object ---------------------------------------------------------
mkwire "$tmp/three" >"$tmp/in"
parse
is "$rc $err" "0 " "an object"
is "$(of '.n // empty')" "0 1 2" "its records have numbers from 0"
is "$(of '[keys_unsorted[0], .table // "", (.row // {} | keys_unsorted[0])] | @csv')" \
	'"v","", "id","AWSCloudTrail","TimeGenerated" "id","AWSCloudTrail","TimeGenerated" "id","AWSCloudTrail","TimeGenerated" "id","", "done","", "done","",' \
	"open, rows with TimeGenerated first, end, done"
is "$(head -n 1 "$tmp/out")" "$open" "the open line as it came"
is "$(counts)" '3,0,3,0,0' "the end has the counts"
is "$(of 'select(.end).end.bytes')" "$(stat -c %s "$tmp/three")" "and the bytes"
cp "$tmp/out" "$tmp/want"

# However it is cut, and in whatever form.
differ=0
for step in 1 2 3 7 64 1000; do
	for form in "" --b64 --raw; do
		# shellcheck disable=SC2086
		mkwire --step $step $form "$tmp/three" >"$tmp/in"
		parse
		sed 's/,"raw":true//' "$tmp/out" | cmp -s - "$tmp/want" || differ=$((differ + 1))
	done
done
is $differ 0 "the same lines however the bytes were cut"
{
	head -n 1 "$tmp/want"
	printf ' { "at" : 0 , "text" : "{\\"Records\\"" , "new" : { } , "\\u0069d" : "\\u0030%s" }\r\n' "${id#0}"
	printf '{"b64":"%s","id":"%s","at":10}\n' "$(tail -c +11 "$tmp/three" | base64 -w0 | sed 's,/,\\/,g')" "$id"
	printf '{"end":{},"id":"%s"}\n%s\n%s' "$id" "$done_line" ""
} >"$tmp/in"
parse
is "$(cmp "$tmp/out" "$tmp/want")" "" "any order, spacing, unknown members, escaped base64"

# --- what fails an object -----------------------------------------------
broken() { # NAME WANTED_ERROR
	parse
	is "$rc $(of 'select(.error).error | [.stage, .code, .retry] | @csv')" "70 \"logparse\",\"BadChunk\",true" "$1: exit 70"
	is "$(of 'select(.end or .error or .mark) | keys_unsorted[1]')" "mark error" "$1: a mark, an error, no end"
	is "$(of 'select(.done).done | [.stage, .exit] | @csv')" '"s3fetch",0 "logparse",70' "$1: its done line tells"
	said "$2" "$1: and stderr"
}
mkwire --step 200 "$tmp/three" | sed '3s/"at":[0-9]*/"at":199/' >"$tmp/in"
broken "a wrong at" "out of place"
is "$(counts mark)" "1,0,1,0,0" "a wrong at: the mark has the records before"
mkwire --step 200 "$tmp/three" | sed '3s/"at":[0-9]*/"at":"200"/' >"$tmp/in"
broken "an at that is no number" "out of place"
mkwire --step 200 "$tmp/three" | sed '3s/,"at":[0-9]*//' >"$tmp/in"
broken "no at" "out of place"
mkwire --step 200 "$tmp/three" | sed 3d >"$tmp/in"
broken "a missing chunk" "out of place"
mkwire --step 200 "$tmp/two" | sed 3d >"$tmp/in"
broken "a missing last chunk" "missing before the end"
mkwire "$tmp/two" | sed 's/"end":{.*/"end":{"bytes":"many"}}/' >"$tmp/in"
broken "an end whose bytes are no number" "missing before the end"
mkwire --step 200 "$tmp/three" | sed '3s/"text":.*/"text":5}/' >"$tmp/in"
broken "text that is no string" "cannot be read"
mkwire --step 200 "$tmp/three" | sed '3s/"text":.*/"b64":"!!!!"}/' >"$tmp/in"
broken "b64 that is none" "cannot be read"
mkwire --step 200 "$tmp/three" | sed $'3s/"text":"/&\xff/' >"$tmp/in"
broken "text that is not UTF-8" "cannot be read"
mkwire --step 200 "$tmp/three" | sed '3s/"text":"/&\\ud800/' >"$tmp/in"
broken "text with half a character" "cannot be read"
# The others are not touched by it.
{
	mkwire --step 200 --no-done "$tmp/three" | sed 3d
	mkwire --id 2 "$tmp/two"
} >"$tmp/in"
parse
is "$rc $(counts)" "70 2,0,2,0,0" "the next object is not touched by it"

# --- lines without an open -----------------------------------------------
mkwire "$tmp/two" | sed 1d >"$tmp/in"
parse
is "$rc $(of 'select(.row)')" "70 " "a chunk without its open: exit 70"
said "belongs to no open object" "a chunk without its open: told"
mkwire --step 1 "$tmp/two" | sed 1d >"$tmp/in"
parse
is "$rc $(wc -l <"$tmp/err")" "70 6" "many of them: told a few times"
printf '{"id":"%s","end":{"records":5}}\n{"id":"%s","error":{"stage":"x","code":"y","retry":true}}\n%s\n' \
	"$id" "$id" "$done_line" >"$tmp/in"
parse
is "$rc $(head -n 3 "$tmp/out" | cmp - "$tmp/in")" "0 " "end and error of objects that are not open pass"
{
	mkwire --no-end --no-done "$tmp/two"
	mkwire "$tmp/two"
} >"$tmp/in"
parse
is "$rc $(of 'select(.error).error.code')" "70 BadChunk" "an id that is open already: exit 70"
said "open already" "an id that is open already: told"
for bad in '{"v":1,"id":"xyz","object":{"store":"s3","bucket":"b","key":"k"}}' \
	"{\"v\":1,\"id\":\"$id\",\"object\":{\"store\":\"s3\",\"bucket\":\"b\"}}" \
	"{\"v\":1,\"id\":\"$id\",\"object\":5}" \
	"{\"v\":2,\"id\":\"$id\",\"object\":{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\"}}" \
	"{\"v\":1,\"id\":\"$id\",\"object\":{\"store\":\"s3\",\"bucket\":\"b\",\"key64\":\"!\"}}" \
	"{\"v\":1,\"id\":\"${id^^}x\",\"object\":{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k\"}}"; do
	printf '%s\n%s\n' "$bad" "$done_line" >"$tmp/in"
	parse
	is "$rc $(wc -l <"$tmp/out")" "70 2" "an open line that is none: ${bad:0:70}"
	said "cannot be used" "  is told"
done
for member in store bucket key; do
	jq -c ".object.$member = (\"x\" * 70000)" <<<"$open" >"$tmp/in"
	parse
	is "$rc $(wc -l <"$tmp/out")" "70 1" "an object with an endless $member"
done

# --- several objects -------------------------------------------------------
mkwire --mix --step 10 "$tmp/three" "$tmp/two" "$tmp/three" >"$tmp/in"
parse
is "$rc $(counts)" "0 2,0,2,0,0 3,0,3,0,0 3,0,3,0,0" "objects that interleave"
jq -c 'select(.id == "0000000000000003-0001" and (.row or .end)) | del(.id)' "$tmp/out" >"$tmp/one"
jq -c 'select(.row or .end) | del(.id)' "$tmp/want" | cmp -s - "$tmp/one"
ok "give what each gives alone"
mkwire --mix --count 4096 "$tmp/two" >"$tmp/in"
parse
is "$rc $(of 'select(.end).end.rows' | tr ' ' '\n' | sort | uniq -c | xargs)" "0 4096 2" "4,096 objects are open at once"
{
	mkwire --no-end --no-done --count 4096 /dev/null
	mkwire --no-done --id 4097 --count 2 "$tmp/two"
	for ((i = 1; i <= 4096; i++)); do printf '{"id":"%016x-0001","end":{"bytes":0}}\n' "$i"; done
	mkwire --id 5000 "$tmp/two"
} >"$tmp/in"
parse
is "$rc $(of 'select(.error) | [.id, .error.code, .error.retry] | @csv')" \
	'65 "0000000000001001-0001","TooManyOpen",true "0000000000001002-0001","TooManyOpen",true' "the 4,097th is refused: exit 65"
is "$(of 'select(.end).end.rows' | tr ' ' '\n' | sort | uniq -c | xargs)" "4096 0 1 2" "the others end, and there is room again"
said "fan out object lines" "with a hint"

# --- errors from before -----------------------------------------------------
error="{\"id\":\"$id\",\"error\":{\"stage\":\"s3fetch\",\"code\":\"BadChecksum\",\"retry\":false,\"message\":\"m\",\"x\": 1}}"
{
	mkwire --no-end --no-done --step 200 "$tmp/three" | head -n 3
	printf '%s\n' "$error"
	printf '{"id":"%s","end":{"bytes":5}}\n%s\n' "$id" "$done_line"
} >"$tmp/in"
parse
is "$rc $(counts mark)" "0 2,0,2,0,0" "an error in the middle: a mark of what was whole"
is "$(of 'select(.n or .mark or .error) | keys_unsorted[1]')" "n n mark error" "before it; the record that was not is none"
is "$(grep error "$tmp/out")" "$error" "the error as it came"
is "$(of 'select(.end).end.bytes')" "5" "its id is no longer open"
{
	head -n 1 "$tmp/want"
	printf '%s\n%s\n' "$error" "$done_line"
} >"$tmp/in"
parse
is "$rc $(counts mark)" "0 0,0,0,0,0" "an error at once"

# --- input that stops inside --------------------------------------------------
mkwire --no-end --step 200 "$tmp/three" | head -n 3 >"$tmp/in"
parse
is "$rc $(of 'select(.end or .error)')" "75 " "input that stops inside an object: exit 75, no end"
is "$(of 'select(.n or .mark or .reject) | keys_unsorted[1]')" "n n mark" "the unfinished record is no reject"
is "$(tail -n 1 "$tmp/out" | jq -c '.done | [.exit, .records, .rows, .rejects]')" "[75,2,2,0]" "the done line tells 75"
said "input stops inside it" "and stderr the object"
mkwire "$tmp/three" | head -c 600 >"$tmp/in"
parse
is "$rc $(of 'select(.row)')" "75 " "input that stops inside a line: exit 75"

# --- lines for others ---------------------------------------------------------
cat >"$tmp/in" <<LINES
{"some":"thing",  "n" : 1.50e+3, "u":"\u00e9\ud800" }
{"id":"$id","n":17,"table":"T","row":{"a":1e5},"more":[1, 2]}
{"dead":{"reason":"x"},"object":{"store":"s3"},"id":"$id","n":17,"table":"T","row":{"a":0.0}}
{"id":"$id","receipt":{"status":"delivered"},"object":{"store":"s3","bucket":"b","key":"k"},"row":{}}
{"store":"s3","bucket":"b","key":"k","new":true}
{"dead":{"reason":"BadChecksum"},"object":{"store":"s3","bucket":"b","key":"k"},"store":"s3","bucket":"b","key":"k","size":1}
{"id":"$id","mark":{"records":5}}
not JSON

[1,2]
{"done":{"stage":"s3list","exit":0,"x":1}}
LINES
printf 'not UTF-8: \xff\n{"not":"UTF-8: \xff"}\n%s' "$done_line" >>"$tmp/in"
parse
{
	cat "$tmp/in"
	printf '\n{"done":{"stage":"logparse","exit":0,"objects":0,"bytes":0,"records":0,"skipped":0,"rows":0,"rejects":0,"filtered":0}}\n'
} | cmp - "$tmp/out"
is "$? $rc $err" "0 0 " "what is not for logparse passes, byte for byte"

for code in 65 69 71 74 75 77 64 78 70; do
	printf '{"done":{"stage":"a","exit":65}}\n{"done":{"stage":"b","exit":%d}}\n' $code >"$tmp/in"
	parse
	is "$rc $(of 'select(.done.stage == "logparse").done.exit')" "$code $code" "exit $code from before is passed on"
done
printf '{"done":{"stage":"a"}}\n' >"$tmp/in"
parse
is $rc 70 "a done line without its exit is a bug"

# --- another logparse before -----------------------------------------------------
{
	mkwire --no-done --count 2 "$tmp/three"
	printf '{"v":1,"id":"%s","object":{"store":"stage","bucket":"","key":"mine"}}\n' 00000000000000aa-0001
	printf '{"id":"%s","n":0,"table":"T_CL","row":{"a":1}}\n' 00000000000000aa-0001
	printf '{"id":"%s","n":1,"reject":{"reason":"bad-json","at":0,"format":"cloudtrail/1"},"raw":"{\\"eventName\\":1}"}\n' 00000000000000aa-0001
	printf '{"id":"%s","end":{"format":"mine/1","records":2,"skipped":0,"rows":1,"rejects":1,"filtered":0}}\n' 00000000000000aa-0001
	mkwire --id 9 /dev/null
} | logparse >"$tmp/in"
parse
is "$rc $err" "0 " "the lines of another logparse, or of a stage with objects of its own"
cmp <(grep -v '"stage":"logparse"' "$tmp/in") <(grep -v '"stage":"logparse"' "$tmp/out")
ok "pass as they are"
head -n 3 "$tmp/in" >"$tmp/cut"
mv "$tmp/cut" "$tmp/in"
parse
is "$rc $(of 'select(.mark)')" "75 " "when they stop inside an object, no mark is made up"
tap_done
