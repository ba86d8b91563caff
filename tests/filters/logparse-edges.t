#!/usr/bin/env bash
# logparse where the wire ends: raw files and bytes, bare rows, input that is no
# wire, and output that cannot be written.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/../lib/logparse.sh"

name=111122223333_CloudTrail_eu-west-1_20261120T0900Z_abc.json
mkdir "$tmp/d"
records 3 >"$tmp/d/$name"
cd "$tmp/d" || exit 99
gzip -k "$name"
zstd -q "$name"
: >"$tmp/in"

# --- files ------------------------------------------------------------------
for f in "$name" "$name.gz" "$name.zst"; do
	parse "$f"
	is "$rc $err $(counts)" "0  3,0,3,0,0" "a file: ${f##*.}"
	is "$(of 'select(.object).object | [.store, .bucket, .key, .size] | @json')" \
		"[\"file\",\"\",\"$tmp/d/$f\",$(stat -c %s "$f")]" "  its object line"
	is "$(of 'select(.object).object.modified')" "$(date -u -r "$f" +%FT%TZ)" "  its time"
	is "$(of 'select(.object) | [.v, .raw] | @json')" '[1,null]' "  its open line"
	oid=$(printf 'file\0\0%s\0' "$tmp/d/$f" | sha256sum | cut -c1-16)
	like "$(of 'select(.object).id')" "^$oid-[0-9a-f]{4}\$" "  its id"
done
parse "$name" "$name.gz" "./$name.zst" "$tmp/d/../d/$name"
is "$rc $(of 'select(.end).end.rows')" "0 3 3 3 3" "several files"
is "$(of 'select(.object).object.key' | tr ' ' '\n' | tail -n 1)" "$tmp/d/$name" "by their absolute names"
is "$(of 'select(.done) | [.done.stage, .done.exit, .done.objects] | @json')" '["logparse",0,4]' "one done line"
parse no-such-file "$name" /nonexistent/x "$tmp/d"
is "$rc $(of 'select(.end).end.rows')" "74 3" "a file that is missing, a folder: 74, the others are read"
said "cannot open 'no-such-file': No such file" "the missing one is named"
said "cannot open '$tmp/d': it is a directory" "the folder too"
parse s3://b/k
is "$rc" 74 "an s3:// operand: 74"
said "s3fetch s3://" "  with a hint"
parse "$(printf 'd/%.0s' {1..3000})x"
is "$rc" 74 "a name that is too long: 74"
if [ "$(id -u)" = 0 ]; then
	skip "root reads everything" "a file that may not be read"
else
	cp "$name" locked
	chmod 0 locked
	parse locked
	is "$rc $(grep -c 'Permission denied' "$tmp/err")" "74 1" "a file that may not be read"
fi
: >empty
parse empty
is "$rc $(counts)" "0 0,0,0,0,0" "an empty file"
printf '\xef\xbb\xbf \t\r\n\n' >"$tmp/d/blank"
parse "$tmp/d/blank"
is "$rc $err $(counts)" "0  0,0,0,0,0" "a file of blank lines"
cp "$name" 'odd "name"'$'\n\xff'
parse 'odd "name"'*
is "$rc $(of 'select(.object).object.key64' | base64 -d | od -An -c | tr -d ' \n')" \
	"0 $(printf '%s' "$tmp/d/odd \"name\""$'\n\xff' | od -An -c | tr -d ' \n')" "a name that is no UTF-8 is key64"
mkfifo fifo
cat "$name.gz" >fifo &
parse fifo
is "$rc $(of 'select(.object).object | [.key, .size] | @json') $(counts)" "0 [\"$tmp/d/fifo\",null] 3,0,3,0,0" "a FIFO"
cp "$name" gone
exec 8<gone
rm gone
parse /dev/fd/8
exec 8<&-
is "$rc $(counts)" "0 3,0,3,0,0" "a descriptor whose file is gone"
parse <(cat "$name.zst")
is "$rc $(counts)" "0 3,0,3,0,0" "a pipe that bash made: <(..)"
head -c -10 "$name.gz" >torn.gz
parse torn.gz "$name"
is "$rc $(of 'select(.error).error.code') $(of 'select(.end).end.rows')" "0 Truncated 3" "a torn file is an error line, the next is read"
printf '{"digestStartTime":"x"}' >1_CloudTrail-Digest_eu-west-1_x.json
parse 1_CloudTrail-Digest_eu-west-1_x.json
is "$rc $(counts)" "0 1,0,0,0,1" "a digest is known by its name"
# Lines of the wire are no log: rows of them would be of no use.
mkwire "$name" >dump.ndjson
for f in dump.ndjson -; do
	cp dump.ndjson "$tmp/in"
	parse $f
	is "$rc $(of 'select(.error).error.code') $(of 'select(.row)')" "0 WireLines " "lines of the wire as operand $f: an error line"
	said "logparse < FILE" "  and what to do"
done
parse --rows dump.ndjson
is "$rc $(cat "$tmp/out")" "65 " "  with --rows exit 65"
printf '{"v":1,"id":"x","event":{"object":{}}}' >other.json
parse other.json
is "$rc $(counts)" "0 1,0,1,0,0" "  a log that begins so is a log"

# --- raw bytes on standard input -------------------------------------------------
for f in "$name" "$name.gz" "$name.zst"; do
	cp "$f" "$tmp/in"
	parse -
	is "$rc $err $(counts)" "0  3,0,3,0,0" "-: ${f##*.}"
	is "$(of 'select(.object).object | @json')" '{"store":"file","bucket":"","key":"-"}' "  its object line"
done
rc=0
printf '{"eventName":"a"}' >"$tmp/in"
parse - "$name"
is "$rc $(counts)" "0 1,0,1,0,0 3,0,3,0,0" "- among files; what is of no known type has the time of the reading"
logparse - <&- >"$tmp/out" 2>"$tmp/err"
is "$? $(grep -c 'cannot read' "$tmp/err")" "74 1" "- when standard input is closed: 74"
logparse --log-format text - <"$tmp/d" >"$tmp/out" 2>"$tmp/err"
is "$?" 74 "- when it is a folder: 74"
logparse <&- >"$tmp/out" 2>"$tmp/err"
is "$? $(grep -c 'cannot read standard input' "$tmp/err")" "74 1" "the wire from a closed standard input: 74"

# --- bare rows --------------------------------------------------------------------
: >"$tmp/in"
parse --rows "$name" "$name.gz"
is "$rc $err $(of '.eventID // .AwsEventId')" "0  id-0 id-1 id-2 id-0 id-1 id-2" "--rows: rows alone"
is "$(head -c 30 "$tmp/out")" '{"TimeGenerated":"2026-11-20T0' "  TimeGenerated first"
printf '{"eventName":"a","eventTime":"2026-11-20T09:00:00Z"}{"eventName":x}{"eventName":"b","eventTime":"2026-11-20T09:00:00Z"}' >"$tmp/in"
parse --rows --format cloudtrail -
is "$rc $(of .EventName)" "65 a b" "a reject: exit 65"
said "'-', record 1 at byte 52: bad-json" "  told on stderr"
for ((i = 0; i < 9; i++)); do printf '{"eventName":x}\n'; done >"$tmp/in"
parse --rows --format cloudtrail -
is "$rc $(wc -l <"$tmp/err")" "65 9" "each of them is"
parse --rows torn.gz
is "$rc $(grep -c Truncated "$tmp/err")" "65 1" "a torn file: 65"
mkwire "$name" | sed $'2i\\ \t\r' >"$tmp/in"
parse --rows
is "$rc $err $(of .AwsEventId)" "0  id-0 id-1 id-2" "--rows of the wire, with a blank line in it"
logparse <"$tmp/in" >"$tmp/parsed"
cp "$tmp/parsed" "$tmp/in"
parse --rows
is "$rc $err $(of .AwsEventId)" "0  id-0 id-1 id-2" "of rows that were parsed before"
mkwire --step 200 "$name" | sed 3d >"$tmp/in"
parse --rows
is "$rc $(of .AwsEventId)" "70 id-0" "of an object that fails: 70"
mkwire --no-end "$name" | head -n 2 >"$tmp/in"
parse --rows
is "$rc $(of .AwsEventId)" "75 id-0 id-1 id-2" "of input that stops inside: 75"
for retry in true:75 false:65; do
	printf '{"id":"%s","error":{"stage":"s3fetch","code":"Oops","retry":%s}}\n' "$id" "${retry%:*}" >"$tmp/in"
	parse --rows
	is "$rc $(wc -c <"$tmp/out")" "${retry#*:} 0" "of an error line with retry ${retry%:*}: ${retry#*:}"
	said "Oops" "  told"
done
printf '{"store":"s3","bucket":"b","key":"k"}\n%s\n' "$done_line" >"$tmp/in"
parse --rows
is "$rc $(wc -c <"$tmp/out")" "65 0" "of an object line: 65"
said "is s3fetch missing?" "  with a hint"
printf '%s\nnot the wire\n' "$done_line" >"$tmp/in"
parse --rows
is "$rc $(wc -c <"$tmp/out")" "65 0" "of a line that is none of the wire: 65"
said "line 2 is not the wire" "  told"
for row in "" '"modified":"2026-11-20T09:00:00Z",'; do
	printf '{"dead":{"reason":"x"},"object":{"store":"s3",%s"bucket":"b","key":"k"},"id":"%s","n":4,"reject":{"reason":"x","at":1,"format":"cloudtrail/1"},"raw":"{\\"eventName\\":\\"a\\"}"}\n' "$row" "$id"
done >"$tmp/in"
parse --rows
is "$rc $(of .EventName)" "65 a" "of dead letters: a row, or 65"
said "line 1 is a reject" "  told"

# --- no wire ------------------------------------------------------------------------
: >"$tmp/in"
parse
is "$rc $err $(of .done.exit)" "0  0" "empty input is fine"
# alien NAME: input that is no wire
alien() {
	parse
	is "$rc $(tail -n 1 "$tmp/out" | jq .done.exit)" "65 65" "$1 without '-': 65"
	said "holds no line of the wire" "  told"
	said "logparse -" "  with a hint"
}
cp "$name" "$tmp/in"
alien "a raw log"
printf '2 123 eni-1 - - 1\n2 123 eni-2 - - 1\n' >"$tmp/in"
alien "lines of text"
printf 'text' >"$tmp/in"
alien "a line that lacks its end"
cp "$name.gz" "$tmp/in"
alien "gzip"
{
	printf '{"Records":['
	head -c 9000000 /dev/zero | tr '\0' ' '
	printf ']}'
} >"$tmp/in"
alien "a raw log of one line over 8 MiB"
printf '\n\n' >"$tmp/in"
alien "blank lines"
for f in "$name" "$name.gz"; do
	cp "$f" "$tmp/in"
	logparse <"$tmp/in" 2>/dev/null | head -c "$(stat -c %s "$f")" | cmp - "$f"
	ok "it passes on as it is, for the next to judge"
done

# --- options -------------------------------------------------------------------------
: >"$tmp/in"
parse --format nosuch "$name"
is "$rc $(of .done.exit)" "64 64" "--format of an unknown name: 64"
said "nosuch" "  which is named"
printf '{"id":"x","eventName":"a","eventTime":"2026-11-20T09:00:00Z"}' >"$tmp/in"
parse --format cloudtrail -
is "$rc $(counts)" "0 1,0,1,0,0" "--format takes it for that, whatever it looks like"
parse --format auto -
is "$(of 'select(.end).end.format')" "json/1" "--format auto looks"
is "$(logparse --list-formats | grep ^cloudtrail)" "cloudtrail/1	AWSCloudTrail	AWS CloudTrail log files" "--list-formats"
[ "$(logparse --list-formats | grep -c "^[a-z0-9-]*/[0-9]*	[A-Za-z0-9_]*	.")" -ge 12 ]
ok "  and all others"
logparse --list-formats >/dev/full 2>/dev/null
is $? 74 "--list-formats to a full disk"
parse --format-file /nonexistent.format
is "$rc $(of .done.exit)" "74 74" "--format-file that is missing: 74"
parse --format-file "$tmp/d"
is "$rc" 74 "--format-file that is a folder: 74"
printf 'format x 1\nframe csv\n' >"$tmp/bad.format"
parse --format-file "$tmp/bad.format"
is "$rc $(of .done.exit)" "78 78" "--format-file that is wrong: 78"
said "line 2: expected 'json'" "  where and why"
head -c 1100000 /dev/zero | tr '\0' '#' >"$tmp/bad.format"
parse --format-file "$tmp/bad.format"
is "$rc" 78 "--format-file over 1 MiB: 78"
printf 'format cloudtrail 9\nabout mine\ntable Mine_CL\nframe json\ncolumn TimeGenerated datetime t\n' >"$tmp/own.format"
is "$(logparse --format-file "$tmp/own.format" --list-formats | grep ^cloudtrail)" "cloudtrail/9	Mine_CL	mine" "--format-file replaces one of its name"
for option in "--max-ratio 0" "--max-ratio x" "--format" "--rows=1"; do
	# shellcheck disable=SC2086
	parse $option
	is "$rc" 64 "$option: 64"
done

# --- metrics ---------------------------------------------------------------------------
printf '{"eventName":x}' | cat "$name" - >"$tmp/in"
parse --metrics "$tmp/metrics" -
for m in objects_total:1 records_total:4 rows_total:3 rejects_total:1 filtered_total:0 skipped_total:0 time_fallback_total:0; do
	is "$(grep "^logbridge_${m%:*}{" "$tmp/metrics")" "logbridge_${m%:*}{stage=\"logparse\"} ${m#*:}" "metric ${m%:*}"
done
if command -v promtool >/dev/null; then
	promtool check metrics <"$tmp/metrics" >"$tmp/err" 2>&1
	is "$? $(cat "$tmp/err")" "0 " "promtool likes them"
else
	skip "promtool is not installed" "promtool likes them"
fi
parse --metrics /nonexistent/metrics -
is "$rc" 74 "metrics that cannot be written: 74"

# --- output ----------------------------------------------------------------------------
for f in "$name" -; do
	logparse "$f" <"$name" >/dev/full 2>"$tmp/err"
	is "$? $(grep -c 'cannot write standard output' "$tmp/err")" "74 1" "a full disk: 74 ($f)"
	logparse "$f" <"$name" >&- 2>"$tmp/err"
	is "$?" 74 "a closed standard output: 74 ($f)"
done
logparse --rows "$name" 2>&- >"$tmp/out"
is "$? $(wc -l <"$tmp/out")" "0 3" "a closed standard error is nothing"
tap_done
