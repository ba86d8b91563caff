#!/usr/bin/env bash
# s3fetch as a filter: what it reads, what it writes, how it ends.
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/s3fetch.sh
bin=$slow

echo hello >"$tmp/text"
seq 400000 >"$tmp/seq"
gzip -c "$tmp/seq" >"$tmp/seq.gz"
put text "$tmp/text"
put seq "$tmp/seq"
put seq.gz "$tmp/seq.gz"
listed text "$tmp/text" >"$tmp/one"

# --- standard output

rc=0
"$bin" <"$tmp/one" >/dev/full 2>"$tmp/err" || rc=$?
is "$rc" 74 "a full disk"
like "$(cat "$tmp/err")" "cannot write standard output: No space" "and why"
rc=0
"$bin" <"$tmp/one" >&- 2>"$tmp/err" || rc=$?
is "$rc" 74 "a closed standard output"
for _ in {1..20}; do line seq; done >"$tmp/in"
"$bin" <"$tmp/in" 2>"$tmp/err" | head -n 1 >"$tmp/head"
is "${PIPESTATUS[0]} $(wc -l <"$tmp/head") $(wc -c <"$tmp/err")" "141 1 0" \
	"| head -1: killed by SIGPIPE, silently"
# A reader that does not read while the server hangs up.
for f in seq seq.gz; do
	listed "$f" "$tmp/$f" >"$tmp/in"
	reset
	faults '[{"op":"GET","cut_after":300000}]'
	rc=0
	"$bin" <"$tmp/in" 2>"$tmp/err" | { sleep 1; cat; } >"$tmp/out"
	is "$(jq -rj '.text // empty' "$tmp/out" | md5sum)" "$(md5sum <"$tmp/seq")" \
		"a reader that sleeps loses nothing of $f"
done

# --- standard input

: >"$tmp/in"
fetch
is "$rc $sum" "0 done 0" "empty input is fine"
printf '%s' "$(cat "$tmp/one")" >"$tmp/in"
fetch
is "$rc ${sum%%$'\n'*}" "0 text end 6 6" "a missing last newline"
{ cat "$tmp/one"; printf '{"store":"s3","bucket":"lo'; } >"$tmp/in"
fetch
is "$rc $sum" "75 text end 6 6
done 75" "a line cut by the end of who wrote it goes nowhere"
like "$err" "the input stops inside line 2" "and is told of"
printf 's3://logs/text' >"$tmp/in"
fetch
is "$rc ${sum%%$'\n'*}" "0 text end 6 6" "of an address too"
printf 's3://logs/text\r\n\r\n \t\n{"store":"s3","bucket":"logs","key":"text"}\r\n' >"$tmp/in"
fetch
is "$rc $sum" "0 text end 6 6
text end 6 6
done 0" "lines that end as on Windows"
rc=0
"$bin" <&- >"$tmp/out" 2>"$tmp/err" || rc=$?
is "$rc $(jq -c .done.exit "$tmp/out")" "74 74" "a closed standard input"
rc=0
"$bin" <. >"$tmp/out" 2>"$tmp/err" || rc=$?
is "$rc" 74 "a folder for standard input"
fetch s3://logs/text s3://logs/seq
is "$rc $(sort <<<"$sum")" "0 done 0
seq end $(stat -c %s "$tmp/seq") $(stat -c %s "$tmp/seq")
text end 6 6" "operands"
for bad in text s3:// s3://logs s3://logs/ gs://logs/k 's3://lo gs/k'; do
	fetch "$bad"
	is "$rc" 64 "operand '$bad' is a usage error"
done
printf 'the wrong\nfile\n' >"$tmp/in"
fetch
is "$rc $sum" "65 alien
alien
done 65" "what is not the wire passes on, with exit 65"
like "$err" "holds no line of the wire.*hint.*s3list" "and a hint"
printf '{"eventVersion":"1.08"}\n' >"$tmp/in"
fetch
is "$rc $sum" "65 other
done 65" "so does JSON that is none of it"
{
	echo '{"id":"0123456789abcdef-0123","n":0,"table":"T","row":{"a":1e0}}'
	cat "$tmp/one"
	echo ' { "id" : "x" , "new" : "kind" } '
	echo '{"store":"file","bucket":"","key":"/x"}'
	echo
	echo '{"done":{"stage":"s3list","exit":69}}'
} >"$tmp/in"
fetch
is "$rc $(sort <<<"$sum")" "69 bucket
done 69
done 69
other
row
text end 6 6" "all other kinds pass on, and the exit code of done"
is "$(grep -c '^{"id":"0123456789abcdef-0123","n":0,"table":"T","row":{"a":1e0}}$' "$tmp/out") $(grep -c '^ { "id" : "x" , "new" : "kind" } $' "$tmp/out")" \
	"1 1" "byte by byte"
is "$(tail -n 1 "$tmp/out" | jq -r .done.stage)" s3fetch "its own done comes last"
{
	printf '{"store":"s3","bucket":"logs","key":"%s"}\n' "$(head -c 9000000 /dev/zero | tr '\0' x)"
	cat "$tmp/one"
} >"$tmp/in"
fetch
is "$rc ${sum%%$'\n'*}" "65 text end 6 6" "a line over 8 MiB is skipped"
like "$err" "line 1, at byte 0, is skipped" "and its place told"
for bad in '{"store":"s3","bucket":"logs"}' \
	'{"store":"s3","bucket":"logs","key64":"%%%"}' 's3://logs/' \
	"{\"store\":\"s3\",\"bucket\":\"logs\",\"key\":\"k\",\"x\":\"$(printf 'x%.0s' {1..65536})\"}"; do
	{ printf '%s\n' "$bad"; cat "$tmp/one"; } >"$tmp/in"
	fetch
	like "$rc $sum $err" "^65 text end 6 6.done 65.*object line 1 cannot be fetched" \
		"an object line without a name: ${bad:0:60}"
	is "$(grep -c . "$tmp/err")" 1 "which is told once"
done
for bad in '{"store":"s3","bucket":"../x","key":"k"}' \
	'{"store":"s3","bucket":"logs","key":""}' \
	'{"store":"s3","bucket":"logs","key":"k","etag":"a\r\nHost: x"}' \
	'{"store":"s3","bucket":"logs","key":"k","region":"a/b"}' \
	'{"store":"s3","bucket":"logs","key":"k","version":"a b"}' \
	'{"store":"s3","bucket":"logs","key":"k","size":"9"}' \
	"{\"store\":\"s3\",\"bucket\":\"logs\",\"key\":\"$(printf 'x%.0s' {1..1025})\"}"; do
	{ printf '%s\n' "$bad"; cat "$tmp/one"; } >"$tmp/in"
	fetch
	like "$rc $sum $err" "^65 .*error BadObjectLine - false.*text end 6 6.*object line 1 cannot be fetched" \
		"one that cannot be fetched is an error line: ${bad:0:60}"
	is "$(jq -c 'select(.v).object' "$tmp/out" | grep -cxF "$(jq -c . <<<"$bad")")" 1 \
		"with the line as it was, for the dead letters"
done
for _ in {1..7}; do line '' ; echo nonsense; done >"$tmp/in"
fetch
is "$(grep -c 'object line [0-9]' "$tmp/err") $(grep -c 'is not the wire' "$tmp/err") $(grep -c 'more such' "$tmp/err")" \
	"5 5 2" "the log does not overflow with them"
like "$err" "7 lines of the input were not the wire, 7 object lines could not be fetched" \
	"but counts them"
printf '{"id":"0123456789abcdef-0123","n":0,"table":"T","row":{"a":"\xff"}}\n' | cat - "$tmp/one" >"$tmp/in"
fetch
is "$rc $(sort <<<"$sum")" "65 alien
done 65
text end 6 6" "a line that is not UTF-8 is not the wire"

# --- keys

keys=('a b' 'a+b' 'a%2Bb' "it's" '日本' 'a&b=c;d?e#f' '<x>"' 'a//b' './../x' '~*!()' $'tab\tnl\n')
for k in "${keys[@]}"; do
	enc=$(python3 -c 'import sys, urllib.parse as u; print(u.quote(sys.argv[1], safe="/"))' "$k")
	printf '%s' "$k" >"$tmp/o"
	s3put "$tmp/o" "$S3SIM_URL/logs/$enc" >/dev/null || echo "# cannot put $enc"
	python3 -c 'import json, sys; print(json.dumps({"store": "s3", "bucket": "logs", "key": sys.argv[1]}))' "$k"
done >"$tmp/in"
fetch
is "$rc $(grep -c ' end ' <<<"$sum") $(find "$tmp/got" -type f -exec cat {} + | tr -d '\n' | wc -c)" \
	"0 ${#keys[@]} $(printf '%s' "${keys[@]}" | tr -d '\n' | wc -c)" "ugly keys"

# --- memory

head -c 100000000 /dev/zero | tr '\0' a >"$tmp/large"
put large "$tmp/large"
head -c 24000000 /dev/urandom >"$tmp/noise"
zstd -q -1 --zstd=wlog=23 <"$tmp/noise" >"$tmp/wide.zst"
put wide.zst "$tmp/wide.zst"
# With lines of 8 MiB that pass, to a reader that is slow.
row='{"id":"0123456789abcdef-0123","n":0,"table":"T","row":{"a":"'
for _ in 1 2 3 4 5 6; do
	line wide.zst
	line wide.zst
	printf '%s%s"}}\n' "$row" "$(head -c 8388000 /dev/zero | tr '\0' x)"
done >"$tmp/in"
line large >>"$tmp/in"
# The program's own peak, not that of a shell before exec.
"$bin" <"$tmp/in" 2>"$tmp/err" > >(sleep 1; wc -l >"$tmp/lines") &
pid=$!
peak=0
while p=$(awk '/VmHWM/ { print $2 }' "/proc/$pid/status" 2>/dev/null) && [ -n "$p" ]; do
	peak=$p
	sleep 0.05
done
rc=0
wait "$pid" || rc=$?
is "$rc" 0 "twelve objects with windows of 8 MiB and a large one"
echo "# peak $peak KiB"
case $BUILD in
*address*) skip "sanitizers take memory of their own" "within 64 MiB" ;;
*)
	[ "$peak" -gt 0 ] && [ "$peak" -lt $((64 * 1024)) ]
	ok "within 64 MiB"
	;;
esac
# Two of four find no room for their windows, stop, and go on later.
head -c 3000000 "$tmp/noise" >"$tmp/wait"
zstd -q -1 --zstd=wlog=21 <"$tmp/wait" >"$tmp/wait.zst"
reset
for i in 1 2 3 4; do
	put "wait$i" "$tmp/wait.zst"
	line "wait$i"
done >"$tmp/in"
jobs=4 fetch --jobs 4 --memory 32M
is "$rc $(grep -c ' end 3000000 ' <<<"$sum")" "0 4" "windows that do not fit side by side"
for i in 1 2 3 4; do cmp "$tmp/wait" "$tmp/got/wait$i" || break; done
ok "no byte of them is lost"
[ "$(s3sim_status .by_operation.GET | tr -dc '0-9 ,\n' | tr ',' '\n' | tail -n 1)" != 4 ]
ok "they did wait" || s3sim_status .by_operation
fetch --jobs 1024
is "$rc" 64 "--memory must do for --jobs"

# --- help, metrics

"$bin" --help >"$tmp/out" && grep -q -- --max-ratio "$tmp/out"
ok "--help"
"$bin" --help >/dev/full 2>/dev/null
is "$?" 74 "--help to a full disk"
fetch --no-such-option
is "$rc" 64 "an unknown option"
cp "$tmp/one" "$tmp/in"
fetch --metrics "$tmp/prom"
is "$rc $(grep -c '^logbridge_objects_total{stage="s3fetch"} 1$' "$tmp/prom")" "0 1" "--metrics"
tap_done
