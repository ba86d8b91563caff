#!/usr/bin/env bash
# s3fetch --save: objects as files, below one folder whatever their keys say.
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/s3fetch.sh

save=$tmp/a/save
mkdir -p "$save" "$tmp/outside"
seq 100000 | gzip >"$tmp/seq.gz"
echo hello >"$tmp/text"

# fresh: an empty folder to save into
fresh() { rm -rf "$save" && mkdir "$save"; }

put seq.gz "$tmp/seq.gz"
put a/b/text "$tmp/text"
{
	listed seq.gz "$tmp/seq.gz"
	echo s3://logs/a/b/text
	echo '{"id":"0123456789abcdef-0123","n":0,"table":"T","row":{}}'
	echo '{"done":{"stage":"s3list","exit":75}}'
} >"$tmp/in"
fetch --save "$save"
is "$rc $sum" "75 done 75" "only done is written; what was read counts"
cmp "$tmp/seq.gz" "$save/logs/seq.gz" && cmp "$tmp/text" "$save/logs/a/b/text"
ok "the stored bytes, in bucket and key"
is "$(find "$save" -type f | wc -l)" 2 "and no other file"
is "$(jq -c '.done | [.objects, .stored_bytes]' "$tmp/out")" \
	"[2,$(($(stat -c %s "$tmp/seq.gz") + 6))]" "the totals"

# Keys that try to get out, or are no names: KEY in the URL, the file's name.
long=$(printf 'x%.0s' {1..300})
cases=(
	'../../outside/evil' '%2E%2E/%2E%2E/outside/evil'
	'e/..' 'e/%2E%2E'
	'.' '%2E'
	'/etc/passwd' '%/etc/passwd'
	'dir//file' 'dir/%/file'
	'folder/' 'folder/%'
	'a/./b' 'a/%2E/b'
	'%252E%252E/x' '%252E%2E/x'
	'%25' '%25'
	'...' '...'
	'sp%20ace%0Anewline' $'sp ace\nnewline'
	'%FF%FE' $'\xff\xfe'
	'-rf' '-rf'
	"$long/y" "$(printf 'x%.0s' {1..254})%/$(printf 'x%.0s' {1..46})/y"
)
fresh
for ((i = 0; i < ${#cases[@]}; i += 2)); do
	echo "$i" >"$tmp/o"
	put "${cases[i]}" "$tmp/o" || echo "# cannot put ${cases[i]}"
	python3 - "${cases[i]}" <<-'END'
		import base64, json, sys, urllib.parse
		key = urllib.parse.unquote_to_bytes(sys.argv[1])
		print(json.dumps({"store": "s3", "bucket": "logs",
		    "key64": base64.b64encode(key).decode()}))
	END
done >"$tmp/in"
fetch --save "$save"
is "$rc" 0 "keys of every shape"
sed 's/^/# /' "$tmp/err"
for ((i = 0; i < ${#cases[@]}; i += 2)); do
	is "$(cat "$save/logs/${cases[i + 1]}" 2>/dev/null)" "$i" \
		"${cases[i]:0:40} is saved as ${cases[i + 1]:0:40}" | tr '\n' ' ' |
		tr -c '[:print:]' '?'
	echo
	tap_count=$((tap_count + 1))
done
is "$(find "$save" -type f -printf x | wc -c)" $((${#cases[@]} / 2)) "one file each"
is "$(find "$tmp/outside" -type f | wc -l)" 0 "nothing outside"

# Links that lie in wait are not followed.
fresh
mkdir -p "$save/logs/a"
ln -s "$tmp/outside" "$save/logs/a/b"
echo s3://logs/a/b/text >"$tmp/in"
fetch --save "$save"
is "$rc $(find "$tmp/outside" -type f | wc -l)" "65 0" "a folder that is a link"
like "$err" "cannot save 's3://logs/a/b/text'" "is named"
fresh
mkdir "$save/logs"
ln -s "$tmp/outside/file" "$save/logs/seq.gz"
echo s3://logs/seq.gz >"$tmp/in"
fetch --save "$save"
is "$rc $(find "$tmp/outside" -type f | wc -l)" "0 0" "a file that is a link is replaced"
cmp "$tmp/seq.gz" "$save/logs/seq.gz" && [ ! -L "$save/logs/seq.gz" ]
ok "by the object"

# One key ends where another goes on.
fresh
put x "$tmp/text"
put x/y "$tmp/text"
printf 's3://logs/x\ns3://logs/x/y\n' >"$tmp/in"
fetch --save "$save" --jobs 1
is "$rc $(jq -c '[.done.objects, .done.errors]' "$tmp/out")" "65 [1,1]" \
	"a name that is taken fails that object alone"
like "$err" "cannot save 's3://logs/x/y': cannot create its file: Not a directory.*one key ends where the other goes on" \
	"and why is told"
printf 's3://logs/x/y\ns3://logs/x\n' >"$tmp/in"
fresh
fetch --save "$save" --jobs 1
is "$rc $(jq -c '[.done.objects, .done.errors]' "$tmp/out")" "65 [1,1]" "the other way round, too"
like "$err" "cannot save 's3://logs/x': cannot name its file: (Is a directory|File exists)" "and why is told"

# Nothing is left of what is not complete.
fresh
{ echo s3://logs/none; echo s3://logs/seq.gz; } >"$tmp/in"
reset
faults '{"op":"GET","cut_after":10000,"key":"seq.gz"}'
fetch --save "$save"
is "$rc $(find "$save" -type f | wc -l)" "65 1" "a missing object is exit 65"
cmp "$tmp/seq.gz" "$save/logs/seq.gz"
ok "a body that was cut is gone on with"
fresh
reset
faults '{"op":"GET","key":"seq.gz","times":-1,"stall_after":10000}'
echo s3://logs/seq.gz >"$tmp/in"
"$slow" --stop-within 100ms --save "$save" <"$tmp/in" >"$tmp/out" 2>"$tmp/err" &
pid=$!
begun() { [ "$(find "$save" -type f | wc -l)" = 1 ]; }
until_true begun
kill "$pid"
wait "$pid"
is "$(jq -c .done.exit "$tmp/out") $(find "$save" -type f | wc -l)" "75 0" \
	"SIGTERM removes the unfinished file"
reset
# A disk that takes no more (a limit on the size of files) concerns every object.
{ echo s3://logs/seq.gz; echo s3://logs/a/b/text; } >"$tmp/in"
rc=0
(ulimit -f 100; exec "$slow" --jobs 1 --save "$save" <"$tmp/in" >"$tmp/out" 2>"$tmp/err") || rc=$?
is "$rc $(jq -c .done.exit "$tmp/out") $(find "$save" -type f | wc -l)" "74 74 0" "a full disk stops the line"
like "$(cat "$tmp/err")" "cannot save 's3://logs/seq.gz': cannot write its file: File too large" "and why is told"
printf '{"store":"s3","bucket":"logs","key":"a\\u0000b"}\n' >"$tmp/in"
put 'a%00b' "$tmp/text"
fetch --save "$save"
is "$rc $(find "$save" -type f | wc -l)" "65 0" "a key with NUL cannot be a file's name"
like "$err" "cannot save 's3://logs/a.b': .*NUL" "and is told"
fetch --save "$tmp/not-there"
is "$rc" 78 "a folder that is not there"
fetch --save "$save" --raw
is "$rc" 64 "--save with --raw"
tap_done
