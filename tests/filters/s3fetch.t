#!/usr/bin/env bash
# s3fetch: every outcome of an object.
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/s3fetch.sh

printf 'hello\nw\303\266rld\n' >"$tmp/text"
printf 'a line\n\377\376 no text\nanother\n' >"$tmp/odd"
head -c 300000 /dev/urandom >"$tmp/noise"
seq 300000 >"$tmp/seq"
gzip -c "$tmp/seq" >"$tmp/seq.gz"
zstd -qc "$tmp/seq" >"$tmp/seq.zst"
cat "$tmp/seq.gz" "$tmp/seq.gz" >"$tmp/two.gz"
head -c 50000 "$tmp/seq.gz" >"$tmp/cut.gz"
{ cat "$tmp/seq.gz"; echo more; } >"$tmp/trail.gz"
{ head -c 3000 "$tmp/seq.gz"; printf 'X'; tail -c +3002 "$tmp/seq.gz"; } >"$tmp/bad.gz"
{ head -c -8 "$tmp/seq.gz"; printf '\0\0\0\0'; tail -c 4 "$tmp/seq.gz"; } >"$tmp/crc.gz"
head -c 70000000 /dev/zero | tr "\0" a | gzip -9 >"$tmp/bomb.gz"
head -c 30000000 /dev/urandom | zstd -q --long=27 --single-thread >"$tmp/long.zst"
: >"$tmp/empty"
for f in text odd noise seq seq.gz seq.zst two.gz cut.gz trail.gz bad.gz crc.gz bomb.gz long.zst empty; do
	put "$f" "$tmp/$f" || exit 99
done

# --- what comes out

for f in text odd noise seq empty; do
	listed "$f" "$tmp/$f" >"$tmp/in"
	fetch
	is "$rc $sum" "0 $f end $(stat -c %s "$tmp/$f") $(stat -c %s "$tmp/$f")
done 0" "$f"
	cmp "$tmp/got/$f" "$tmp/$f"
	ok "its bytes"
done
for f in seq.gz seq.zst; do
	listed "$f" "$tmp/$f" >"$tmp/in"
	fetch
	is "$rc $sum" "0 $f end $(stat -c %s "$tmp/seq") $(stat -c %s "$tmp/$f")
done 0" "$f is decoded"
	cmp "$tmp/got/$f" "$tmp/seq"
	ok "its bytes"
	fetch --raw
	is "$rc $sum" "0 $f end $(stat -c %s "$tmp/$f") $(stat -c %s "$tmp/$f")
done 0" "$f with --raw"
	cmp "$tmp/got/$f" "$tmp/$f"
	ok "its bytes as stored"
	like "$(head -n 1 "$tmp/out")" '"raw":true\}$' "the open line says raw"
done
listed two.gz "$tmp/two.gz" >"$tmp/in"
fetch
cat "$tmp/seq" "$tmp/seq" | cmp - "$tmp/got/two.gz"
ok "all members of a gzip file"
listed odd "$tmp/odd" >"$tmp/in"
fetch
is "$(grep -c '"text":"a line' "$tmp/out") $(grep -c '"b64":"//4gbm8gdGV4dAo="' "$tmp/out")" "1 1" \
	"a line that is no text is b64, those around it stay text"
listed text "$tmp/text" >"$tmp/in"
fetch
is "$(sed 's/-[0-9a-f]\{4\}"/-XXXX"/' "$tmp/out")" "$(sed "s/ID/$(printf 's3\0logs\0text\0%s' "$(md5sum <"$tmp/text" | cut -c1-32)" | sha256sum | cut -c1-16)-XXXX/" <<-END
	{"v":1,"id":"ID","object":$(listed text "$tmp/text")}
	{"id":"ID","at":0,"text":"hello\nw$(printf '\303\266')rld\n"}
	{"id":"ID","end":{"bytes":13,"stored_bytes":13}}
	{"done":{"stage":"s3fetch","exit":0,"objects":1,"bytes":13,"stored_bytes":13,"errors":0}}
END
)" "the lines, byte by byte"
ids=$(for _ in 1 2 3; do fetch; head -n 1 "$tmp/out" | jq -r .id; done | sort -u | wc -l)
is "$ids" 3 "each fetch has an id of its own"

# --- what the store says

echo s3://logs/text >"$tmp/in"
fetch
is "$(head -n 1 "$tmp/out" | jq -c '.object | [.size, .etag, (.modified | length)]')" \
	"[13,\"$(md5sum <"$tmp/text" | cut -c1-32)\",20]" \
	"an address gets size, etag and time from the reply"
line none >"$tmp/in"
fetch
is "$rc $sum" "0 none error NoSuchKey 404 false
done 0" "an object that is gone"
like "$err" "get 's3://logs/none': 404 NoSuchKey: .*request id" "and the log says so"
like "$(grep '"error"' "$tmp/out")" '"request_id":"[0-9A-F]+"' "with the request id"
line text '"etag":"0123456789abcdef0123456789abcdef"' >"$tmp/in"
fetch
is "$rc $sum" "0 text error PreconditionFailed 412 false
done 0" "another version than the one listed"
line text '"version":"null"' >"$tmp/in"
fetch
is "$rc ${sum%%$'\n'*}" "0 text end 13 13" "a version is asked for"
line text '"version":"other"' >"$tmp/in"
fetch
like "$rc $sum" "error (NoSuchVersion|InvalidArgument|NotImplemented)" "one that is none"
line text '"receives":11' >"$tmp/in"
reset
fetch
is "$rc $sum $(gets text)" "65 text error TooManyReceives - false
done 65 0" "a message received too often is not fetched"
printf '{"dead":{"reason":"x"},"store":"s3","bucket":"logs","key":"text","receives":11}\n' >"$tmp/in"
fetch
is "$rc ${sum%%$'\n'*} $(grep -c dead "$tmp/out")" "0 text end 13 13 0" \
	"but its dead letter is, when it is piped back in"
reset
faults '{"op":"GET","key":"text","action":"denied"}'
line text >"$tmp/in"
fetch
is "$rc $sum" "75 text error AccessDenied 403 true
done 75" "AccessDenied is to be tried again"
reset
faults '{"op":"GET","status":403,"code":"InvalidObjectState","message":"archived"}'
fetch
is "$rc $sum" "75 text error InvalidObjectState 403 true
done 75" "so is another refusal"

# --- what the bytes say

for case in "cut.gz Truncated" "trail.gz TrailingGarbage" "bad.gz BadGzip" \
	"crc.gz BadChecksum" "long.zst WindowTooLarge"; do
	read -r f code <<<"$case"
	listed "$f" "$tmp/$f" >"$tmp/in"
	fetch
	case $f in bad.gz) code='(BadGzip|BadChecksum)' ;; esac
	like "$rc $sum" "^65 $f error $code - false.done 65" "$f is $code"
	like "$(grep '"error"' "$tmp/out")" 'byte [0-9]+' "and says where"
done
listed long.zst "$tmp/long.zst" >"$tmp/in"
fetch --memory 1200M
is "$rc" 0 "with more --memory its window is taken"
listed bomb.gz "$tmp/bomb.gz" >"$tmp/in"
fetch
is "$rc ${sum%%$'\n'*}" "65 bomb.gz error RatioExceeded - false" "a bomb"
fetch --max-ratio 2000
is "$rc" 0 "one that --max-ratio allows"

# --- bodies that break

reset
for f in seq.gz seq; do
	listed "$f" "$tmp/$f" >"$tmp/in"
	reset
	faults '[{"op":"GET","cut_after":1000},{"op":"GET","cut_after":70000,"cut_reset":true},
		{"op":"GET","cut_after":0}]'
	fetch
	is "$rc $(gets "logs/$f")" "0 4" "$f cut three times is gone on with"
	cmp "$tmp/got/$f" "$tmp/seq"
	ok "no byte twice, none missing"
done
echo s3://logs/seq.gz >"$tmp/in"
reset
faults '{"op":"GET","cut_after":1000}'
fetch
is "$rc $(cmp "$tmp/got/seq.gz" "$tmp/seq" && echo same)" "0 same" \
	"of an address too, by the reply's etag"
listed seq.gz "$tmp/seq.gz" >"$tmp/in"
reset
faults '[{"op":"GET","length_add":-1000}]'
fetch
is "$rc $(cmp "$tmp/got/seq.gz" "$tmp/seq" && echo same) $(gets logs/seq.gz)" \
	"0 same 2" "a body that is short but looks whole"
reset
faults '[{"op":"GET","length_add":1000}]'
fetch
is "$rc $(cmp "$tmp/got/seq.gz" "$tmp/seq" && echo same) $(gets logs/seq.gz)" \
	"0 same 1" "a length that is too large: all bytes of the etag are there"
reset
faults '[{"op":"GET","stall_after":5000}]'
fetch
is "$rc $(cmp "$tmp/got/seq.gz" "$tmp/seq" && echo same)" "0 same" \
	"a body that stalls"
put changing "$tmp/seq.gz"
listed changing "$tmp/seq.gz" >"$tmp/in"
reset
faults '[{"op":"GET","cut_after":5000},{"op":"GET","action":"replace"}]'
fetch
is "$rc $sum" "0 changing error PreconditionFailed 412 false
done 0" "an object replaced while it is fetched is gone"

# --- a store that is not there

listed text "$tmp/text" >"$tmp/in"
for action in slowdown internal unavailable reset close; do
	reset
	faults "{\"op\":\"GET\",\"times\":3,\"action\":\"$action\"}"
	fetch
	is "$rc ${sum%%$'\n'*} $(gets logs/text)" "0 text end 13 13 4" "$action, three times"
done
reset
faults '{"op":"GET","times":9,"action":"unavailable"}'
fetch
is "$rc ${sum%%$'\n'*} $(gets logs/text)" "0 text end 13 13 10" \
	"an outage of nine answers is waited out and counts against no object"
like "$err" "store is unavailable.*the store answers again" "the log says both"
reset
faults '{"op":"GET","times":-1,"action":"unavailable"}'
{ listed text "$tmp/text"; listed seq "$tmp/seq"; } >"$tmp/in"
fetch --give-up 90s
is "$rc $(sort <<<"$sum")" "69 done 69
seq error Unavailable 503 true
text error Unavailable 503 true" "--give-up: every object in hand is to be tried again"
reset
AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 fetch --give-up 20s
is "$rc $(grep -c 'Unavailable - true' <<<"$sum")" "69 2" "nobody listens there"
reset
faults '{"op":"GET","key":"text","times":-1,"action":"internal"}'
{
	listed text "$tmp/text"
	for _ in {1..6000}; do line odd; done
} >"$tmp/in"
speed=60 fetch --jobs 3
is "$rc $(grep text <<<"$sum") $(grep -c 'odd end' <<<"$sum")" \
	"75 text error InternalError 500 true 6000" \
	"one object fails while the others come"
[ "$(gets logs/text)" -ge 5 ]
ok "after five attempts"

# --- what stops the line

reset
faults '{"op":"GET","times":-1,"action":"denied"}'
for _ in {1..40}; do listed text "$tmp/text"; done >"$tmp/in"
jobs=4 fetch --jobs 4
is "$rc $(grep -c AccessDenied <<<"$sum")" "77 10" "ten AccessDenied in a row stop the line"
like "$err" "hint.*s3:GetObject" "with a hint"
reset
faults '{"op":"GET","times":9,"action":"denied"}'
jobs=1 fetch --jobs 1
is "$rc $(grep -c AccessDenied <<<"$sum") $(grep -c 'text end' <<<"$sum")" "75 9 31" "nine do not"
reset
printf '{"store":"s3","bucket":"nowhere","key":"k"}\n' >"$tmp/in"
fetch
is "$rc $sum" "78 done 78" "NoSuchBucket stops it at once, nothing is said of the object"
listed text "$tmp/text" >"$tmp/in"
AWS_SECRET_ACCESS_KEY=wrong fetch
is "$rc $sum" "77 done 77" "a wrong secret"
AWS_ACCESS_KEY_ID=wrong fetch
is "$rc $sum" "77 done 77" "a wrong key"
AWS_ACCESS_KEY_ID='' fetch
is "$rc $sum" "77 done 77" "no key"
reset
faults '{"op":"GET","action":"expired"}'
fetch
is "$rc $sum" "77 done 77" "an expired token"
unlike "$(cat "$tmp/out" "$tmp/err")" "$AWS_SECRET_ACCESS_KEY" "no secret is told"
line text '"endpoint":"http://127.0.0.2:9"' >"$tmp/in"
fetch
is "$rc $sum" "78 done 78" "a line that names another endpoint stops it"
like "$err" "hint.*--endpoint" "with a hint"
fetch --endpoint "$S3SIM_URL"
is "$rc ${sum%%$'\n'*}" "0 text end 13 13" "unless --endpoint rules"
line text "\"endpoint\":\"$S3SIM_URL/\"" >"$tmp/in"
fetch
is "$rc" 0 "the endpoint given here may stand in the line"
s3sim_control buckets '{"name":"far","region":"eu-west-1"}' >/dev/null
s3put "$tmp/text" --region eu-west-1 "$S3SIM_URL/far/text" >/dev/null 2>&1 ||
	s3put --region eu-west-1 "$tmp/text" "$S3SIM_URL/far/text" >/dev/null
printf '{"store":"s3","bucket":"far","key":"text"}\n' >"$tmp/in"
fetch
is "$rc ${sum%%$'\n'*}" "0 text end 13 13" "another region is learned"
printf '{"store":"s3","bucket":"far","key":"text","region":"eu-west-1"}\n' >"$tmp/in"
reset
fetch
is "$rc $(gets far/text)" "0 1" "or is in the line"

# --- many at once

reset
for i in {1..300}; do
	echo "object $i" >"$tmp/o"
	printf '{"file":"%s","key":"many/%d"}\n' "$tmp/o.$i" "$i"
	mv "$tmp/o" "$tmp/o.$i"
done >"$tmp/manifest"
s3put --list "$tmp/manifest" "$S3SIM_URL/logs" >/dev/null
for i in {1..300}; do line "many/$i"; done >"$tmp/in"
faults '[{"op":"GET","prefix":"many/","chance":0.1,"seed":3,"times":-1,"action":"slowdown"},
	{"op":"GET","prefix":"many/","chance":0.2,"seed":5,"times":-1,"cut_after":4}]'
jobs=64 speed=60 fetch --jobs 64
is "$rc $(grep -c ' end ' <<<"$sum") $(cat "$tmp/got"/many* | sort | md5sum)" \
	"0 300 $(cat "$tmp"/o.* | sort | md5sum)" "300 objects, one in four requests fails"
tap_done
