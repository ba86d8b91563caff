#!/usr/bin/env bash
# logparse and stored bytes ("raw":true, as s3fetch --raw writes them): gzip and
# zstd whole and damaged, bombs, and many of them at once in bounded memory.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/../lib/logparse.sh"

records 300 >"$tmp/json"
records 2 >"$tmp/small"
# rows FILE: of its lines
rows() { sed -n 's/^{"id":"[^"]*","n":[0-9]*,"table":"[^"]*","row":\(.*\)}$/\1/p' "$1"; }
mkwire "$tmp/json" | logparse >"$tmp/whole"
rows "$tmp/whole" >"$tmp/rows"
is "$(jq -c . "$tmp/rows" | cmp - "$tmp/rows" && wc -l <"$tmp/rows")" 300 "there are rows"

# same NAME: a whole object with those rows
same() {
	parse
	is "$rc $err $(counts)" "0  300,0,300,0,0" "$1"
	rows "$tmp/out" | cmp -s - "$tmp/rows"
	ok "  its rows"
}
gzip -c "$tmp/json" >"$tmp/gz"
zstd -q -c "$tmp/json" >"$tmp/zst"
for step in 65536 1000 1; do
	mkwire --raw --step $step "$tmp/gz" >"$tmp/in"
	same "gzip, $step bytes a chunk"
	mkwire --raw --step $step "$tmp/zst" >"$tmp/in"
	same "zstd, $step bytes a chunk"
done
mkwire --raw "$tmp/json" >"$tmp/in"
same "not compressed"
{
	head -c 5000 "$tmp/json" | gzip -1
	printf '' | gzip
	tail -c +5001 "$tmp/json" | head -c 1 | gzip -9
	tail -c +5002 "$tmp/json" | gzip -n
	head -c 512 /dev/zero
} >"$tmp/members"
mkwire --raw --step 99 "$tmp/members" >"$tmp/in"
same "gzip of four members, padded with zeros"
{
	head -c 5000 "$tmp/json" | zstd -q
	printf '\x50\x2a\x4d\x18\x04\0\0\0skip'
	tail -c +5001 "$tmp/json" | zstd -q --no-check -19
} >"$tmp/frames"
mkwire --raw --step 99 "$tmp/frames" >"$tmp/in"
same "zstd of two frames and one to skip"
mkwire --raw "$tmp/gz" | sed 's/"size":9/"size":9,"skip":299,"format":"cloudtrail\/1"/' >"$tmp/in"
parse
is "$(counts)" "300,299,1,0,0" "skip counts records, not bytes"

# --- damaged -------------------------------------------------------------
# damaged NAME CODE WORDS: an error of this stage that is final, after a mark
damaged() {
	local answers
	parse
	mapfile -t answers < <(jq -rs 'map(select(.error or .mark or .end)) |
		"\([.[] | select(.error).error | [.stage, .code, .retry] | @csv]) \([.[] | select(.end)])",
		([.[] | select(.mark or .error) | keys_unsorted[1]] | join(" ")),
		([.[] | select(.mark).mark | .records - .rows | tostring] | join(" "))' "$tmp/out")
	is "$rc ${answers[0]}" "0 [\"\\\"logparse\\\",\\\"$2\\\",false\"] []" "$1: an error line, retry false, no end"
	is "${answers[1]}" "mark error" "$1: after a mark"
	is "${answers[2]}" 0 "$1: of what was whole; the record that was not is no reject"
	said "$3" "$1: told on stderr"
}
head -c $(($(stat -c %s "$tmp/gz") - 100)) "$tmp/gz" >"$tmp/bad"
mkwire --raw "$tmp/bad" >"$tmp/in"
damaged "gzip cut off" Truncated "inside the gzip member"
head -c -4 "$tmp/gz" >"$tmp/bad"
mkwire --raw "$tmp/bad" >"$tmp/in"
damaged "gzip cut in its trailer" Truncated "inside the gzip member"
head -c 7 "$tmp/gz" >"$tmp/bad"
mkwire --raw "$tmp/bad" >"$tmp/in"
damaged "gzip cut in its header" Truncated "inside the gzip member"
{
	head -c -8 "$tmp/gz"
	printf 'AAAA'
	tail -c 4 "$tmp/gz"
} >"$tmp/bad"
mkwire --raw --step 100 "$tmp/bad" >"$tmp/in"
damaged "a wrong CRC" BadChecksum "wrong checksum"
{
	cat "$tmp/gz"
	echo garbage
} >"$tmp/bad"
mkwire --raw --step 100 "$tmp/bad" >"$tmp/in"
damaged "garbage behind" TrailingGarbage "begins no other"
printf '\x1f\x8b\x08\0\0\0\0\0\0\3\xff\xff\xff\xff\xff\xff' >"$tmp/bad"
mkwire --raw "$tmp/bad" >"$tmp/in"
damaged "no deflate" BadGzip "gzip member"
head -c -50 "$tmp/zst" >"$tmp/bad"
mkwire --raw "$tmp/bad" >"$tmp/in"
damaged "zstd cut off" Truncated "inside the zstd frame"
{
	head -c -4 "$tmp/zst"
	printf 'AAAA'
} >"$tmp/bad"
mkwire --raw "$tmp/bad" >"$tmp/in"
damaged "zstd damaged" BadZstd "damaged"
printf '\x28\xb5\x2f\xfd\0\xb0\0\0\0' >"$tmp/bad"
mkwire --raw "$tmp/bad" >"$tmp/in"
damaged "a window of 4 GiB" WindowTooLarge "needs a window of"
{
	mkwire --raw --no-done "$tmp/bad"
	mkwire --raw --id 2 "$tmp/gz"
} >"$tmp/in"
parse
is "$rc $(counts)" "0 300,0,300,0,0" "the next object is whole"

# --- bombs ------------------------------------------------------------------
head -c 70000000 /dev/zero | tr '\0' ' ' | gzip >"$tmp/bomb"
mkwire --raw "$tmp/bomb" >"$tmp/in"
damaged "70 MB of spaces" RatioExceeded "more than 1000 times"
parse --max-ratio 2000
is "$rc $(of 'select(.error)')" "0 " "--max-ratio lets it pass"
{
	printf '{"Records":['
	for i in 1 2 3; do
		event $i
		printf ,
	done
	head -c 70000000 /dev/zero | tr '\0' ' '
	event 4
	printf ']}'
} | zstd -q >"$tmp/bomb"
mkwire --raw --step 64 "$tmp/bomb" >"$tmp/in"
damaged "a bomb of zstd, in small chunks" RatioExceeded "more than 1000 times"
is "$(counts mark)" "3,0,3,0,0" "the records before it are rows"
# 100 MB in gzip that makes 200 to 1 of it, in gzip that makes 50 to 1 of that.
head -c 100000000 /dev/zero | tr '\0' ' ' | gzip -1 >"$tmp/inner"
gzip -9 <"$tmp/inner" >"$tmp/bomb"
mkwire --raw "$tmp/bomb" >"$tmp/in"
damaged "a bomb in a bomb" RatioExceeded "more than 1000 times"
mkwire --b64 "$tmp/inner" | sed "s/\"size\":9/\"size\":$(stat -c %s "$tmp/bomb")/" >"$tmp/in"
damaged "a bomb in one that s3fetch unpacked" RatioExceeded "more than 1000 times"
mkwire --b64 "$tmp/inner" | sed "s/\"size\":9,//" >"$tmp/in"
parse
is "$rc $(of 'select(.error)')" "0 " "  as large as it came, when that is not known"
mkwire --raw "$tmp/gz" >"$tmp/in"
parse --max-ratio 2
is "$rc $(counts)" "0 300,0,300,0,0" "under 64 MiB no ratio counts"

# --- many at once --------------------------------------------------------------
for ((i = 0; i < 20; i++)); do cat "$tmp/json"; done >"$tmp/twenty"
gzip -c "$tmp/twenty" >"$tmp/gz20"
mkwire --raw --mix --count 1000 --step 300 "$tmp/gz" >"$tmp/in"
/usr/bin/time -f %M -o "$tmp/peak" logparse <"$tmp/in" >"$tmp/out" 2>"$tmp/err"
is "$? $(counts | tr ' ' '\n' | sort | uniq -c | xargs)" "0 1000 300,0,300,0,0" "1,000 gzip streams that interleave"
under_64 "many at once"
# Windows of 8 MiB, of which there is room for one.
{
	for ((i = 0; i < 10; i++)); do
		cat "$tmp/json"
		head -c 400000 /dev/urandom | base64 -w0
		echo
	done
} >"$tmp/large"
zstd -q --long=23 --zstd=wlog=23 -c <"$tmp/large" >"$tmp/window"
zstd -q -19 -c <"$tmp/small" >"$tmp/frame"
mkwire --raw "$tmp/window" | logparse 2>/dev/null | jq -c 'select(.end).end | [.records, .rows, .rejects]' >"$tmp/alone"
head -c 300000 "$tmp/window" >"$tmp/part"
{
	mkwire --no-done --no-end --raw "$tmp/part"
	mkwire --no-done --no-end --raw --id 2 --count 3 "$tmp/part"
	mkwire --no-done --raw --id 9 "$tmp/gz"
	for i in 2 3 4; do printf '{"id":"%016x-0001","end":{"bytes":300000}}\n' $i; done
	mkwire --raw --id 10 "$tmp/frame"
	printf '{"id":"%s","end":{"bytes":300000}}\n' "$id"
} >"$tmp/in"
/usr/bin/time -f %M -o "$tmp/peak" logparse <"$tmp/in" >"$tmp/out" 2>"$tmp/err"
is "$? $(of 'select(.error) | [.id, .error.code] | @csv')" \
	"0 $(for i in 1 2 3 4; do printf '"%016x-0001","Truncated" ' $i; done | xargs -d' ' | sed 's/ *$//')" \
	"zstd streams with large windows go on when others have ended"
is "$(counts | tr ' ' '\n' | sort | xargs)" "2,0,2,0,0 300,0,300,0,0" "small ones do not wait for them"
under_64 "many at once"
{
	mkwire --no-done --no-end --raw "$tmp/part"
	mkwire --no-done --raw --id 2 "$tmp/window"
} >"$tmp/in"
parse
is "$rc $(of 'select(.error)')" "75 " "one that waited when the input stopped"
is "$(of 'select(.end).end | [.records, .rows, .rejects] | @json')" "$(cat "$tmp/alone")" "and had its end is whole"
# Too much that waits.
head -c 12000000 /dev/urandom | base64 -w 3000 | zstd -q -1 --long=23 --zstd=wlog=23 >"$tmp/much"
{
	mkwire --no-done --no-end --raw "$tmp/part"
	mkwire --no-done --raw --id 2 "$tmp/much"
	mkwire --raw --id 3 "$tmp/gz"
} >"$tmp/in"
parse
is "$rc $(of 'select(.error).error | [.code, .retry] | @csv')" '75 "NoMemory",true' "too many bytes that wait: the object fails, retry true"
said "fewer --jobs" "with a hint"
is "$(counts)" "300,0,300,0,0" "and frees what it had"
tap_done
