#!/usr/bin/env bash
# docs/wire.md: the lines it shows are those that the filters write, and the stages
# that it lists work in their places.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/fences.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
command -v python3 >/dev/null || skip_all "python3 is not installed"
dir=$(mktemp -d "${TMPDIR:-/tmp}/wire-doc.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT
export PYTHONDONTWRITEBYTECODE=1
mkdir -p "$dir/store/bucket" "$dir/bin"
mksamples --objects 5 "$dir/store/bucket" >"$dir/manifest"
s3sim_start --root "$dir/store" --bucket bucket --bucket lines || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail --stream Custom-Lines_CL || exit 1

### The lines
fences docs/wire.md json "$dir/json"
cat "$dir"/json/?? >"$dir/lines"
is "$(jq -c . "$dir/lines" 2>&1)" "$(cat "$dir/lines")" "the lines shown are JSON, in the form that is written"
is "$(sed -n 's/^| `\([a-z]*\)`.* | \([a-z]*\) |.*/\1/p' docs/wire.md | paste -sd' ')" \
	"$(sed -n '/^kind_of/,/^}/s/.*if (w->\([a-z]*\)\.p.*/\1/p' common/wire.c | paste -sd' ')" "the kinds are told apart in that order"
# kind FILTER: the lines of the document that jq says so of.
lines() { jq -c "select($1)" "$dir/lines"; }
open_line=$(lines .v) fetched_end=$(lines .end.stored_bytes)
{
	echo "$open_line"
	lines .at
	echo "$fetched_end"
	lines .done
} >"$dir/fetched"
logparse <"$dir/fetched" >"$dir/parsed" 2>/dev/null
is "$(grep -v '"done":' "$dir/parsed")" "$(echo "$open_line"; lines 'has("n")'; lines .end.records)" "logparse makes of it what is shown"
is "$(head -n 2 "$dir/fetched" | logparse 2>/dev/null | grep '"mark":')" "$(lines .mark)" "and the mark, where its input stops"
sentinelpost --dead-letter "$dir/dead" <"$dir/parsed" 2>/dev/null | jq -c 'select(.receipt) | .receipt.to = "x"' >"$dir/receipt"
is "$(cat "$dir/receipt")" "$(lines .receipt | jq -c '.receipt.to = "x"')" "sentinelpost writes the receipt that is shown"
id=''
eval "$(sed -n 's/^    \(printf .s3.*-c1-16\) .*/id=$(\1)/p' docs/wire.md)"
is "$id" "$(jq -r '.id[:16]' <<<"$open_line")" "the id is computed as it says"
lines '.store and (.id | not)' | sed 's/"b","key":"k"/"bucket","key":"none"/' | s3fetch 2>/dev/null | jq -c '.error // empty | del(.request_id)' >"$dir/error"
is "$(cat "$dir/error")" "$(lines .error | jq -c '.error | del(.request_id)')" "s3fetch writes the error that is shown"

### The lister
fences docs/wire.md sh "$dir/sh"
cat >"$dir/bin/aws" <<-'EOF'
	#!/usr/bin/env bash
	s3list s3://bucket/AWSLogs/ | jq -s '{Contents: [.[] | select(.key) |
		{Key: .key, Size: .size, ETag: "\"\(.etag)\"", LastModified: (.modified | sub("[.]000Z"; "+00:00"))}]}'
EOF
chmod +x "$dir/bin/aws"
(cd "$dir" && PATH=$dir/bin:$PATH bash sh/01) >"$dir/out" 2>"$dir/err"
is $? 65 "lister: the pipe ends as with s3list"
s3list s3://bucket/AWSLogs/ | s3fetch 2>/dev/null | logparse 2>/dev/null | sentinelpost --dead-letter "$dir/dead2" >"$dir/out2" 2>/dev/null
receipts() { jq -c 'select(.receipt) | [.id[:16], .receipt]' "$1" | sort; }
is "$(receipts "$dir/out")" "$(receipts "$dir/out2")" "lister: the same receipts"

### What stands between
fences docs/wire.md python "$dir/python"
drop() { python3 "$dir/python/01" "$@"; }
s3list s3://bucket/AWSLogs/ | s3fetch 2>/dev/null | logparse 2>/dev/null >"$dir/parsed"
drop <"$dir/parsed" >"$dir/out"
is "$(diff "$dir/parsed" "$dir/out" | grep '^[<>]')" '> {"done":{"stage":"drop","exit":65,"dropped":0}}' "drop.py: nothing to drop, and all passes"
name=$(jq -r '.row.EventName // empty' "$dir/parsed" | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
n=$(jq -c "select(.row.EventName == \"$name\")" "$dir/parsed" | wc -l)
drop "$name" <"$dir/parsed" >"$dir/dropped"
is "$? $(($(wc -l <"$dir/parsed") + 1 - $(wc -l <"$dir/dropped")))" "65 $n" "drop.py: drops $name"
sentinelpost --missing filtered --dead-letter "$dir/dead3" <"$dir/dropped" >"$dir/out" 2>/dev/null
is "$? $(jq -s 'map(.receipt // empty | .filtered) | add' "$dir/out")" "65 $((n + $(jq -s 'map(.filtered) | add' "$dir/manifest")))" \
	"drop.py: sentinelpost counts them as filtered"
sentinelpost --dead-letter "$dir/dead3" <"$dir/dropped" >"$dir/out" 2>/dev/null
is "$? $(jq -r '.receipt.reason // empty' "$dir/out" | sort -u)" "70 missing-rows" "drop.py: and as a loss, without --missing filtered"
printf '%s\n' '{"done":{"stage":"a","exit":75}}' '{"done":{"stage":"b","exit":78}}' '{"done":{"stage":"c","exit":65}}' '[1]' 'no "row": of ours' |
	drop >"$dir/out"
is "$? $(tail -n 1 "$dir/out" | jq -c .)" '78 {"done":{"stage":"drop","exit":78,"dropped":0}}' "drop.py: the most severe exit code"
yes "$(grep -m1 '"row":' "$dir/parsed")" | drop 2>"$dir/err" | head -n 1 >/dev/null
is "$(cat "$dir/err")" "" "drop.py: a reader that left"

### The parser
parse() { python3 "$dir/python/02"; }
printf '2026-11-25T10:00:0%dZ user%d did \xe6\x97\xa5 "%d"\n' 1 1 1 2 2 2 >"$dir/a.log"
printf '2026-11-25T10:00:03Z ann half\nnot a record\n\n2026-11-25T10:00:04Z \xff\xfe bad\n2026-11-25T10:00:05Z bob last, without its newline' >"$dir/b.log"
printf -v long '%0200d' 0
long=${long//0/x}
for ((i = 1; i <= 2500; i++)); do echo "2026-11-25T11:00:00Z u$i $long"; done | gzip >"$dir/c.log.gz"
gzip -c "$dir/a.log" | head -c 40 >"$dir/torn.log.gz"
for f in a.log b.log c.log.gz torn.log.gz; do s3put "$dir/$f" "$S3SIM_URL/lines/$f" >/dev/null; done
s3list s3://lines/ | s3fetch 2>/dev/null >"$dir/fetched"
parse <"$dir/fetched" >"$dir/parsed"
is $? 65 "lines.py: ends with what it read"
is "$(jq -sc '[(map(select(.row)) | length), (map(select(.reject)) | length), (map(select(.mark)) | length), (map(select(.end)) | length), (map(select(.error)) | length)]' "$dir/parsed")" \
	"[2504,2,3,3,1]" "lines.py: rows, rejects, marks, ends and an error"
is "$(jq -c 'select(.reject) | [.n, .reject.at, .raw // .raw64]' "$dir/parsed")" \
	"$(printf '%s\n' '[1,30,"not a record"]' "[2,44,\"$(printf '2026-11-25T10:00:04Z \xff\xfe bad' | base64)\"]")" "lines.py: rejects keep their place and bytes"
sentinelpost --stream Lines_CL=Custom-Lines_CL --dead-letter "$dir/dead4" <"$dir/parsed" >"$dir/out" 2>"$dir/err"
is "$? $(jq -r '.receipt.status // empty' "$dir/out" | sort | uniq -c | xargs)" "65 4 delivered" "lines.py: all is settled" || sed 's/^/# /' "$dir/err"
is "$(sim_status '.tables.Lines_CL | [.rows, .time_bad]')" "[2504,0]" "lines.py: and the rows arrived"
# Interleaved, and cut anywhere: the same rows.
id_a=$(jq -r 'select(.object.key == "a.log").id' "$dir/fetched") id_b=$(jq -r 'select(.object.key == "b.log").id' "$dir/fetched")
python3 - "$dir/a.log" "$id_a" "$dir/b.log" "$id_b" >"$dir/mixed" <<-'EOF'
	import base64, json, sys
	files = [(open(f, "rb").read(), i, f) for f, i in (sys.argv[1:3], sys.argv[3:5])]
	for data, i, f in files:
	    print(json.dumps({"object": {"key": f.split("/")[-1], "bucket": "lines", "store": "s3"}, "v": 1, "id": i, "more": [1]}))
	for at in range(0, max(len(d) for d, _, _ in files), 3):
	    for data, i, _ in files:
	        if at < len(data):
	            print(json.dumps({"b64": base64.b64encode(data[at:at + 3]).decode(), "id": i, "at": at}))
	for data, i, _ in files:
	    print(json.dumps({"end": {"bytes": len(data)}, "id": i}))
EOF
is "$(parse <"$dir/mixed" | jq -c 'select(.n != null)' | sort)" "$(jq -c --arg a "$id_a" --arg b "$id_b" 'select(.n != null and (.id == $a or .id == $b))' "$dir/parsed" | sort)" \
	"lines.py: the same of interleaved chunks of three bytes"
head -n 40 "$dir/mixed" | parse >"$dir/out"
is "$? $(grep -c '"mark":' "$dir/out") $(grep -c '"end":' "$dir/out")" "75 2 0" "lines.py: input that stops"
sed -n '1,9p;12,$p' "$dir/mixed" | parse >"$dir/out"
is "$? $(grep -c BadChunk "$dir/out")" "70 2" "lines.py: chunks that are missing"
sed "1s/\"store\"/\"skip\": 1, \"format\": \"lines\/1\", \"store\"/" "$dir/mixed" | parse >"$dir/out"
is "$(jq -c --arg a "$id_a" 'select(.id == $a and (.n != null or .end)) | .n // [.end.records, .end.skipped, .end.rows]' "$dir/out" | xargs)" "1 [2,1,1]" \
	"lines.py: skip leaves out what is settled"
tap_done
