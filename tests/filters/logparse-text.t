#!/usr/bin/env bash
# Rows of text are the same by the short way (columns right from fields) and by the
# long one (which a rule makes it go), on values of all kinds; rejected lines come
# back as the rows they would have been, with the names of their header line.
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/tap.sh
BUILD=${BUILD:-$PWD/build}
PATH=$BUILD/bin:$PATH LC_ALL=C
export PATH LC_ALL
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

# Lines of the fields of a format, each one of many values, by a fixed sequence.
lines() {
	awk -v names="$1" -v sep="$2" -v n="$3" 'BEGIN {
		count = split("- 0 1 7 00 007 65535 65536 2147483647 2147483648 123456789 1234567890 -1 1.5 1e3 x OK ACCEPT " \
			"10.0.0.1 255.255.255.255 256.1.1.1 1.2.3 1.2.3.4.5 01.2.3.4 1..2.3 1.2.3.4: 2001:db8::1 [::1]:80 1.2.3.4:80 h:99999 " \
			"1763632500 1763632560 0000000001 9999999999 99999999999 1763632500123 17636325x0 0 999999999999999999 " \
			"9223372036854775807 9223372036854775808 2026-11-20T09:55:00Z 2026-11-20T09:55:00 a\\b a\"b \303\251 \377 " \
			"abcdefghijklmnopqrstuvwxyz0123456789 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/t", value, " ")
		value[++count] = ""; value[++count] = "\001"; value[++count] = sprintf("%300s", ""); gsub(/ /, "y", value[count])
		fields = split(names, name, " ")
		seed = 7
		for (i = 0; i < n; i++) {
			line = ""
			for (k = 1; k <= fields; k++) {
				seed = (seed * 1103515245 + 12345) % 2147483648
				line = line (k > 1 ? sep : "") value[int(seed / 65536) % count + 1]
			}
			print line
		}
	}'
}

for format in vpcflow s3access alb nlb elbflow clb alb-connection cloudfront-realtime; do
	file=logparse/formats/$format.format
	names=$(awk '$1 == "fields" { $1 = ""; print }' "$file" | paste -sd' ')
	sep=' '
	grep -q '^frame.*tab' "$file" && sep=$'\t'
	{ cat "$file"; echo "filter no-such-field"; } >"$tmp/long.format"
	# Without a header line such values are not taken for the fields given.
	header=
	grep -q '^frame.*header' "$file" && header=$(xargs <<<"$names")
	{
		[ ! "$header" ] || echo "${header// /$sep}"
		lines "$names" "$sep" 4000
	} >"$tmp/in"
	printf 'no end' >>"$tmp/in"
	for way in short long; do
		opt=(--format "$format")
		[ $way = short ] || opt+=(--format-file "$tmp/long.format")
		logparse --log-format text "${opt[@]}" "$tmp/in" 2>/dev/null |
			sed 's/"id":"[0-9a-f-]*"/"id":""/' >"$tmp/$way"
	done
	is "$(cmp "$tmp/short" "$tmp/long" 2>&1)" "" "$format: the same both ways"
	rows=$(grep -c '"row":' "$tmp/short")
	[ "$rows" -gt 1000 ]
	ok "$format: $rows rows" || tail -2 "$tmp/short" | sed 's/^/# /'
	is "$(jq -c 'select(.row) | .row' "$tmp/short" 2>&1 | grep -c '^{"TimeGenerated"')" "$rows" "$format: which are JSON"
done

# A dead letter has the names of its fields: replayed, it is the row it would be.
printf 'end start bytes vpc-id\n1763632560 - 7 vpc-1\n' >"$tmp/in"
logparse --log-format text --format vpcflow --strict-time "$tmp/in" 2>/dev/null | grep '"reject":' |
	sed 's/"reject"/"object":{"store":"s3","bucket":"b","key":"k","modified":"2026-11-20T10:00:00Z"},"reject"/' >"$tmp/dead"
is "$(logparse --log-format text --rows <"$tmp/dead" 2>&1)" \
	'{"TimeGenerated":"2026-11-20T10:00:00Z","Bytes":7,"End":"2025-11-20T09:56:00Z","VpcId":"vpc-1"}' \
	"a dead letter of a log with a header"
printf '#Fields: time c-ip sc-status\n09:55:00\t10.0.0.1\t200\n' >"$tmp/in"
logparse --log-format text --format cloudfront --strict-time "$tmp/in" 2>/dev/null | grep '"reject":' |
	sed 's/"reject"/"object":{"store":"s3","bucket":"b","key":"k","modified":"2026-11-20T10:00:00Z"},"reject"/' >"$tmp/dead"
is "$(logparse --log-format text --rows <"$tmp/dead" 2>&1 | sed 's/,"SourceBucket".*/}/')" \
	'{"TimeGenerated":"2026-11-20T10:00:00Z","Time":"09:55:00","CIp":"10.0.0.1","ScStatus":"200"}' \
	"and of one with a directive"
sed 's/"header":"[^"]*"/"header":"#Fields:"/' "$tmp/dead" | logparse --log-format text --rows >"$tmp/out" 2>&1
is "$? $(grep -c TimeGenerated "$tmp/out")" "65 0" "and nothing of one whose names are lost"
printf '1763632500 x\n' | logparse --log-format text --format elbflow --strict-time - 2>/dev/null | grep '"reject":' |
	sed 's/"reject"/"object":{"store":"s3","bucket":"b","key":"GLBFlowLogs\/k"},"reject"/; s/"header":"[^"]*"/&/; s/"raw":"[^"]*"/"raw":"2 1 eni-0 1.2.3.4 1.2.3.5 1 2 6 1 1 1763632500 1763632560 ACCEPT OK"/' >"$tmp/dead"
is "$(logparse --log-format text --rows <"$tmp/dead" | jq -r .LogType)" "GLB" "and the key of its object"

# Separators that are no such, inside of quotes, in a field that takes the rest or in the
# whole line, are text, and must be escaped where they are tabs or line breaks.
of() { # FRAME STATEMENT COLUMN [TIME]: rows of what comes on standard input
	printf 'format q 1\ntable T\nframe %s\n%scolumn TimeGenerated datetime %s\ncolumn B string %s\n' \
		"$1" "$2" "${4:-a}" "$3" >"$tmp/q.format"
	logparse --log-format text --rows --format-file "$tmp/q.format" --format q - 2>&1
}
time=2026-01-01T00:00:00Z
is "$(printf '%s i"x"y "-"9 z\n' $time | of 'delimited space quotes' $'fields a b c d e\n' b)" \
	'{"TimeGenerated":"'$time'","B":"i\"x\"y"}' "quotes inside of a field, beside a dash in quotes without a blank behind it"
is "$(printf '%s\t"x\ty"\tz\n' $time | of 'delimited tab csv' $'fields a b c\n' b)" \
	'{"TimeGenerated":"'$time'","B":"x\ty"}' "a tab in quotes"
is "$(printf '%s\tx\ty\tz\n' $time | of 'delimited tab' $'fields a b ...\n' b)" \
	'{"TimeGenerated":"'$time'","B":"x\ty\tz"}' "tabs in the rest of a line"
is "$(printf '%s\tx\n' $time | of 'delimited tab' $'fields a b ...\n' b)" \
	'{"TimeGenerated":"'$time'","B":"x"}' "which may have none"
is "$(printf '%s\tx\tz\n' $time | of 'delimited tab' $'fields a b c\n' line)" \
	'{"TimeGenerated":"'$time'","B":"'$time'\tx\tz"}' "tabs of a whole line"
is "$(printf '%s x\n  at y\n\n  at z\n%s\n' $time $time | of lines $'begin 2*\n' line 'line as leading')" \
	'{"TimeGenerated":"'$time'","B":"'$time' x\n  at y\n\n  at z"}
{"TimeGenerated":"'$time'","B":"'$time'"}' "a record of several lines"
is "$(printf '%s x\n  at y\n%s\n  at z' $time $time | of lines $'begin 2*\n' line 'line as leading' | tail -1)" \
	'{"TimeGenerated":"'$time'","B":"'$time'\n  at z"}' "and one at the end, without its line break"

# A field that a rule alone looks at has no column: it is counted and kept by name.
printf 'format q 1\ntable T_CL\nframe delimited space\nfields a b c\nallowed c x y\ncolumn TimeGenerated datetime a\ncolumn B string b\n' \
	>"$tmp/q.format"
printf '%s 1 x\n%s 2 z\n%s 3 y\n' $time $time $time >"$tmp/in"
is "$(logparse --log-format text --format-file "$tmp/q.format" --format q - <"$tmp/in" 2>/dev/null |
	jq -c '.end // empty | .unmapped')" '{"c":2}' "a field of a rule alone is counted"
is "$(logparse --log-format text --rows --format-file "$tmp/q.format" --format q --extra Rest_CF - <"$tmp/in" 2>/dev/null |
	jq -c '[.B, .Rest_CF, .AdditionalFields]' | xargs)" '[1,null,{c:x}] [3,null,{c:y}]' "and kept"

# What has no time of its own has that of the reading on standard input, when its type
# is not known.
is "$(printf 'a line\n' | logparse --log-format text --rows - | jq -r '(.TimeGenerated | fromdate > 1700000000), .RawData' | xargs)" \
	"true a line" "lines on standard input"
is "$(printf 'a line\n' | logparse --log-format text --rows --strict-time - 2>&1 | grep -c no-time)" 1 "but not with --strict-time"
is "$(printf '2 1 eni-0 - - - - - - - - - - NODATA\n' | logparse --log-format text --rows --format vpcflow - 2>&1 | grep -c no-time)" \
	1 "nor of a known type"

# A line without its time has the object's, and is kept once: in its column, or by a
# name of its own where no column takes it whole.
printf '%s a\n\tb \377\n' $time >"$tmp/in"
is "$(logparse --log-format text --rows --format rds "$tmp/in" 2>/dev/null | jq -c '[.Message, .AdditionalFields]' | tail -1)" \
	'["\tb �",null]' "a line of RDS without a time"
is "$(logparse --log-format text --format rds "$tmp/in" 2>/dev/null | jq -c '.end // empty | [.time_fallback, .replaced]')" '[1,1]' "counted once"
printf 'format q 1\ntable T_CL\nframe lines\ncolumn TimeGenerated datetime line as leading\n' >"$tmp/q.format"
is "$(logparse --log-format text --rows --format-file "$tmp/q.format" --format q "$tmp/in" 2>/dev/null | jq -c .AdditionalFields | xargs)" \
	'null {line:\tb �}' "a line that no column takes"

# A column of a format cannot be what --extra names.
printf 'format q 1\ntable T\nframe lines\ncolumn TimeGenerated datetime line as leading\ncolumn A_CF string line\n' >"$tmp/q.format"
logparse --log-format text --format-file "$tmp/q.format" --extra A_CF "$tmp/in" >"$tmp/out" 2>"$tmp/err"
is "$? $(grep -c "extra 'A_CF' is a column of format 'q'" "$tmp/err")" "64 1" "--extra names a column that is there: exit 64"
tap_done
