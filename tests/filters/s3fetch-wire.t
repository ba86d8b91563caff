#!/usr/bin/env bash
# s3fetch and the wire: identity, the lines of one object and of many, what
# passes on, what a dead-letter file gives back.  (tests/lib/wirecheck.py holds
# each output of fetch() to the rules of the wire.)
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/s3fetch.sh

printf 'hello\n' >"$tmp/text"
seq 50000 >"$tmp/seq"
gzip -c "$tmp/seq" >"$tmp/seq.gz"
zstd -qc "$tmp/seq" >"$tmp/seq.zst"
for f in text seq seq.gz seq.zst; do put "$f" "$tmp/$f"; done
etag=$(md5sum <"$tmp/text" | cut -c1-32)

# id PART ..: the start of the SHA-256 of the parts with NUL between
id() {
	local all
	all=$(printf '%s\\0' "$@")
	printf "${all%\\0}" | sha256sum | cut -c1-16
}
# ids: the ids of the open lines in $tmp/out
ids() { jq -r 'select(.v) | .id' "$tmp/out"; }
# opens: the objects of the open lines in $tmp/out
opens() { jq -c 'select(.v).object' "$tmp/out"; }

# --- identity

line text "\"etag\":\"$etag\"" >"$tmp/in"
fetch
is "$(ids | cut -c1-17)" "$(id s3 logs text "$etag")-" "an id is the start of SHA-256 of store, bucket, key, etag"
line text "\"etag\":\"\\\"$etag\\\"\"" >"$tmp/in"
fetch
is "$(ids | cut -c1-17)" "$(id s3 logs text "$etag")-" "the etag without its quotes"
line text '"version":"null"' >"$tmp/in"
fetch
is "$(ids | cut -c1-17)" "$(id s3 logs text "$etag")-" "an etag that only the store tells"
is "$(opens | jq -r '.etag + .version')" "${etag}null" "which the open line then has"
line none '"version":"v 1"' | tr -d ' ' >"$tmp/in"
fetch
is "$(ids | cut -c1-17)" "$(id s3 logs none v1)-" "the version where there is no etag"
put '%FF%00x' "$tmp/text"
printf '{"store":"s3","bucket":"logs","key64":"/wB4","etag":"%s"}\n' "$etag" >"$tmp/in"
fetch
is "$rc $(ids | cut -c1-17)" "0 $(id s3 logs '\xff\0x' "$etag")-" "the bytes of a key that is no text"
put '%C3%A9' "$tmp/text"
printf '{"store":"s3","bucket":"logs","key":"\\u00e9","etag":"%s"}\n' "$etag" >"$tmp/in"
fetch
is "$rc $(ids | cut -c1-17)" "0 $(id s3 logs '\xc3\xa9' "$etag")-" "and of one with escapes"
like "$(ids)" '^[0-9a-f]{16}-[0-9a-f]{4}$' "four hex digits follow"

# --- two fetches of one object

# All sixteen are open at once; with this seed two of their nonces are alike.
for _ in {1..16}; do line seq; done >"$tmp/in"
reset
faults '{"op":"GET","times":-1,"drip_bytes":100000,"drip_ms":100}'
LB_SEED=649 fetch
is "$rc $(ids | sort -u | wc -l) $(ids | cut -c1-16 | sort -u | wc -l)" "0 16 1" \
	"sixteen fetches of one object at once have ids of their own"
is "$(grep -c "^seq end $(stat -c %s "$tmp/seq")" <<<"$sum")" 16 "and never mix"
is "$(jq -r 'select(.text or .end or .v) | .id' "$tmp/out" | uniq | sort | uniq -c | awk '$1 > 1' | wc -l)" 16 \
	"though their lines interleave"
fetch
first=$(ids | sort)
fetch
isnt() { [ "$1" != "$2" ]; ok "$3"; }
isnt "$first" "$(ids | sort)" "another run has other ids"
jobs=3 fetch --jobs 3
is "$rc $(grep -c ' end ' <<<"$sum")" "0 16" "no more than --jobs objects are open"

# --- chunks

reset
faults '{"op":"GET","times":-1,"drip_bytes":1,"drip_ms":0}'
printf 'a\303\266\342\202\254\360\237\230\200\n%.0s' {1..40} >"$tmp/utf8"
put utf8 "$tmp/utf8"
line utf8 >"$tmp/in"
fetch
cmp "$tmp/utf8" "$tmp/got/utf8"
is "$rc $(grep -c '"b64"' "$tmp/out")" "0 0" "text that comes byte by byte is cut between characters"
printf 'fine\n\303' >"$tmp/torn"
put torn "$tmp/torn"
line torn >"$tmp/in"
fetch
cmp "$tmp/torn" "$tmp/got/torn"
is "$(jq -c 'select(.b64) | [.at, .b64]' "$tmp/out")" '[5,"ww=="]' "a character that its object cuts is bytes"
reset
# Every control character takes six bytes on the wire; odd bytes in long lines.
head -c 700000 /dev/zero | tr '\0' '\001' >"$tmp/control"
{ head -c 300000 /dev/zero | tr '\0' x; printf '\377'; head -c 300000 /dev/zero | tr '\0' y; } >"$tmp/oneline"
head -c 300000 /dev/urandom >"$tmp/noise"
printf '\357\273\277bom\r\n\0nul\n' >"$tmp/bom"
for f in control oneline noise bom; do
	put "$f" "$tmp/$f"
	listed "$f" "$tmp/$f"
done >"$tmp/in"
fetch
is "$rc $(grep -c ' end ' <<<"$sum") $(grep -c BROKEN <<<"$sum")" "0 4 0" "bytes of all kinds, in lines of 256 KiB at most"
for f in control oneline noise bom; do cmp "$tmp/$f" "$tmp/got/$f" || break; done
ok "none is lost or changed"
is "$(jq -r 'select(.v and .object.key == "bom").id' "$tmp/out" | xargs -I{} jq -c 'select(.id == "{}" and .at != null) | .text' "$tmp/out")" \
	"\"$(printf '\357\273\277')bom\\r\\n\\u0000nul\\n\"" "a byte order mark and NUL are text"
listed seq.gz "$tmp/seq.gz" >"$tmp/in"
fetch
is "$(jq -s 'map(select(.at != null) | .at + (.text | utf8bytelength)) | last' "$tmp/out")" "$(stat -c %s "$tmp/seq")" \
	"at counts decoded bytes"
is "$(jq -c 'select(.end).end' "$tmp/out")" \
	"{\"bytes\":$(stat -c %s "$tmp/seq"),\"stored_bytes\":$(stat -c %s "$tmp/seq.gz")}" "end has both"

# --- --raw

head -c 2000 "$tmp/seq.gz" >"$tmp/cut.gz"
put cut.gz "$tmp/cut.gz"
for f in text seq.gz seq.zst cut.gz; do listed "$f" "$tmp/$f"; done >"$tmp/in"
fetch --raw
is "$rc $(grep -c ' end ' <<<"$sum")" "0 4" "--raw gives what is stored, damaged or not"
for f in text seq.gz seq.zst cut.gz; do cmp "$tmp/$f" "$tmp/got/$f" || break; done
ok "byte by byte"
is "$(jq -c 'select(.v).raw' "$tmp/out" | sort | uniq -c | tr -s ' ')" " 4 true" "and the open lines say so"
is "$(tail -n 1 "$tmp/out" | jq -c '.done | [.bytes == .stored_bytes, .objects]')" '[true,4]' "done counts stored bytes"

# --- what a line says

cat >"$tmp/in" <<-END
	 {  "etag" : "$etag" , "key" :"text", "bucket": "logs" ,"store":"s3"}
	{"sto\u0072e":"s3","bucket":"logs","k\u0065y":"te\u0078t","etag":"$etag"}
	{"store":"s3","bucket":"x","bucket":"logs","key":"none","key":"text"}
END
fetch
is "$rc $(grep -c '^text end 6 6' <<<"$sum")" "0 3" "any order, spacing and escapes; of two members the last"
resume='"skip":17,"format":"cloudtrail/1","ack":{"queue":"q","handle":"h","of":[1,2]},"new":{"a":[1e400,"\u00e9"]}'
line text "\"etag\":\"$etag\",$resume" >"$tmp/in"
fetch
is "$(sed -n 's/.*"object":\(.*\)}$/\1/p' "$tmp/out")" "$(cat "$tmp/in")" \
	"an object line is in the open line as it is: skip, format, ack, what is not known"
line text "$resume" >"$tmp/in"
fetch
is "$(sed -n 's/.*"object":\(.*\)}$/\1/p' "$tmp/out" | sed 's/,"size".*//')" "$(sed 's/}$//' "$tmp/in")" \
	"with what the reply tells behind them, where there is no etag"
cat >"$tmp/other" <<-'END'
	{"store":"gs","bucket":"logs","key":"text"}
	{"store":"file","bucket":"","key":"/x"}
	{"receipt":{"to":"x","status":"gone"},"object":{"store":"s3","bucket":"logs","key":"text"},"id":"0123456789abcdef-0123"}
	{"v":1,"id":"0123456789abcdef-0000","object":{"store":"s3","bucket":"logs","key":"text"}}
	{"id":"0123456789abcdef-0000","at":0,"text":"x","bucket":"logs"}
	{"id":"0123456789abcdef-0000","mark":{"records":1},"new":1}
	{ "id" : "0123456789abcdef-0000" , "n" : 0 , "table" : "T" , "row" : { "a" : 1.50 , "b" : 18446744073709551616 } }
	{"id":"0123456789abcdef-0000","error":{"code":"X","retry":false}}
	{"bucket2":"logs"}
	[1]
	{"not":"json"
END
{ cat "$tmp/other"; line text; } >"$tmp/in"
fetch
is "$(head -n 11 "$tmp/out")" "$(cat "$tmp/other")" "all else passes on, byte by byte and in its order"
is "$rc $(grep -c '^text end' <<<"$sum")" "65 1" "what is no JSON object counts"
{
	printf '{"id":"0123456789abcdef-0123","n":0,"table":"T","row":{"a":"'
	head -c $((8 * 1024 * 1024 - 63)) /dev/zero | tr '\0' x
	printf '"}}\n'
	line text
} >"$tmp/in"
is "$(head -n 1 "$tmp/in" | wc -c)" $((8 * 1024 * 1024 + 1)) "(a line of 8 MiB and its end)"
fetch
is "$rc $(head -n 1 "$tmp/out" | cmp - <(head -n 1 "$tmp/in") && echo same)" "0 same" "a line of just 8 MiB passes"
sed '1s/xx/xxx/' "$tmp/in" >"$tmp/in2" && mv "$tmp/in2" "$tmp/in"
fetch
is "$rc $(head -n 1 <<<"$sum")" "65 text end 6 6" "one byte more is skipped"

# --- done lines

for code in 0 65 69 75 77 78 70 64 74 71 42 -1; do
	{ line text; echo "{\"done\":{\"stage\":\"x\",\"exit\":$code}}"; } >"$tmp/in"
	fetch
	want=$code
	case $code in 42 | -1) want=70 ;; esac
	is "$rc $(tail -n 1 "$tmp/out" | jq .done.exit) $(grep -c '"stage":"x"' "$tmp/out")" "$want $want 1" \
		"a done line with $code passes on, and counts"
done
{ line none; line text; echo '{"done":{"stage":"x","exit":75}}'; echo '{"done":{"stage":"y","exit":69}}'; } >"$tmp/in"
fetch
is "$rc" 69 "of several the most severe one"

# --- dead letters

row='{"id":"0123456789abcdef-0123","n":4,"dead":{"reason":"refused","http":400},"object":{"store":"s3","bucket":"logs","key":"a"},"table":"T","row":{"a":1}}'
reject='{"id":"0123456789abcdef-0123","n":5,"dead":{"reason":"bad-json"},"object":{"store":"s3","bucket":"logs","key":"a"},"reject":{"reason":"bad-json","at":7},"raw":"{"}'
object="\"store\":\"s3\",\"bucket\":\"logs\",\"key\":\"text\",\"etag\":\"$etag\""
{
	echo "$row"
	echo "{\"dead\":{\"reason\":\"crc\",\"time\":\"x\"},$object,\"receives\":11,\"ack\":{\"handle\":\"h\"},\"skip\":3,\"format\":\"f/1\"}"
	echo "$reject"
	echo "{\"dead\":{\"reason\":\"crc\"},\"object\":{\"store\":\"s3\",\"bucket\":\"logs\",\"key\":\"text\"},$object}"
} >"$tmp/in"
fetch
is "$rc $(sort <<<"$sum")" "0 done 0
reject
row
text end 6 6
text end 6 6" "a dead-letter file: rows and rejects pass, objects are fetched"
is "$(grep -cF "$row" "$tmp/out") $(grep -cF "$reject" "$tmp/out")" "1 1" "as they are"
is "$(opens | sort)" "{$object,\"skip\":3,\"format\":\"f/1\"}
{$object}" "without what made them dead; where to go on inside stays"

# --- operands

keys=('a b' 'a+b' 'a%2Bb' "it's" '日本' 'a&b=c;d?e#f' '<x>"\' './../x' '~*!()' '/' '//x/' '%' '{"store":"s3"}' $'tab\tnl\n')
args=()
for k in "${keys[@]}"; do
	printf '%s' "$k" >"$tmp/o"
	put "$(python3 -c 'import sys, urllib.parse as u; print(u.quote(sys.argv[1], safe=""))' "$k")" "$tmp/o" ||
		echo "# cannot put $k"
	args+=("s3://logs/$k")
done
echo 's3://logs/nothing' >"$tmp/in"
fetch "${args[@]}"
is "$rc $(grep -c ' end ' <<<"$sum")" "0 ${#keys[@]}" "operands, nothing in them decoded; standard input is not read"
fetch -- $'s3://logs/\xff\x80'
is "$rc $(opens)" '0 {"store":"s3","bucket":"logs","key64":"/4A="}' "one that is not UTF-8 is key64"
fetch "s3://logs/$(printf 'x%.0s' {1..1025})"
is "$rc" 64 "one over 1,024 bytes is a usage error"
printf 's3://logs/\377\000x\ns3://logs/text' >"$tmp/in"
fetch
is "$rc $(sort <<<"$sum")" "0 %FF%00x end 6 6
done 0
text end 6 6" "lines may hold them too, of any bytes"

tap_done
