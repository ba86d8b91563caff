#!/usr/bin/env bash
# The sample logs are what their manifest says, and the same for the same seed.
set -u
cd "$(dirname "$0")/.." || exit
: "${BUILD:=build}"
. tests/lib/tap.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/mksamples.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT

make_samples() { "$BUILD/fakes/mksamples" --date 2026-01-02 "$@"; }

make_samples --objects 6 "$dir/a" >"$dir/a.json"
make_samples --objects 6 "$dir/b" >"$dir/b.json"
make_samples --objects 6 --seed 2 "$dir/c" >"$dir/c.json"
cmp -s "$dir/a.json" "$dir/b.json" && diff -r "$dir/a" "$dir/b" >/dev/null
ok "the same seed gives the same files"
cmp -s "$dir/a.json" "$dir/c.json"
is $? 1 "another seed gives others"
is "$(jq -s length "$dir/a.json")" 21 "six ordinary objects, fifteen odd ones"
is "$(jq -s 'map(.key) | unique | length' "$dir/a.json")" 21 "no key twice"
is "$(jq -r .file "$dir/a.json" | LC_ALL=C sort)" \
    "$(find "$dir/a" -type f -printf '%P\n' | LC_ALL=C sort)" \
    "the manifest names every file"

# Each file, by gzip and jq, against its line of the manifest.
while IFS=$'\t' read -r kind file raw stored records bad; do
	f=$dir/a/$file
	is "$(stat -c %s "$f")" "$stored" "$kind: stored bytes"
	case $file:$kind in
	*:plain | *:misnamed | *:empty) cat "$f" >"$dir/raw" ;;
	*.zst:*) zstd -dcq "$f" >"$dir/raw" 2>"$dir/err" ;;
	*) gzip -dc <"$f" >"$dir/raw" 2>"$dir/err" ;;
	esac
	rc=$?
	case $kind in
	crc)
		grep -q crc "$dir/err"
		ok "$kind: gzip finds the CRC wrong" ;;
	truncated)
		grep -q 'unexpected end' "$dir/err"
		ok "$kind: gzip misses the end"
		# The whole records come before the last, unfinished one.
		is "$(grep -o '{"eventVersion"' "$dir/raw" | wc -l)" \
		    "$((records + 1))" "$kind: so many records and a torn one"
		continue ;;
	trailing)
		grep -q garbage "$dir/err"
		ok "$kind: gzip sees garbage" ;;
	*) is "$rc" 0 "$kind: no error" ;;
	esac
	is "$(stat -c %s "$dir/raw")" "$raw" "$kind: raw bytes"
	case $kind in
	empty) ;;
	bad-record)
		! jq . "$dir/raw" >/dev/null 2>&1
		ok "$kind: no JSON"
		is "$bad $(grep -o '{"eventVersion"' "$dir/raw" | wc -l)" "1 $records" \
		    "$kind: one of its records" ;;
	digest)
		is "$(jq -r '.logFiles | length' "$dir/raw")" 1 "$kind: log files" ;;
	*)
		is "$(jq '.Records | length' "$dir/raw")" "$records" \
		    "$kind: records, valid JSON"
		is "$(jq '[.Records[] | select((.eventTime | fromdate) > 0 and
		    (.eventID | length) == 36)] | length' "$dir/raw")" \
		    "$records" "$kind: each has its time and id" ;;
	esac
done < <(jq -r '[.kind, .file, .raw, .stored, .records, .bad] | @tsv' \
    "$dir/a.json" | sed 's/\\\\/\\/g')

grep -q -E '"key":"AWSLogs/[0-9]{12}/CloudTrail/[a-z0-9-]+/2026/01/02/[0-9]{12}_CloudTrail_[a-z0-9-]+_20260102T[0-9]{4}Z_[A-Za-z0-9]{16}\.json\.gz"' \
    "$dir/a.json"
ok "keys are as CloudTrail makes them"
is "$(find "$dir/a" -newermt 2026-01-03 | grep -v "/a$")" "" \
    "files have the time of their delivery"

make_samples --objects 2 --records 3 --days 3 --no-odd "$dir/d" >"$dir/d.json"
is "$(jq -c .records "$dir/d.json" | tr '\n' ' ')" "3 3 " "--records, --no-odd"
is "$(jq -r .key "$dir/d.json" | cut -d/ -f5-7 | sort | tr '\n' ' ')" \
    "2025/12/31 2026/01/02 " "--days spreads them"

make_samples --huge 20M "$dir/h" >"$dir/h.json"
h=$dir/h/$(jq -r .file "$dir/h.json")
gzip -dc "$h" >"$dir/raw"
ok "huge: a sound gzip file"
is "$(stat -c %s "$dir/raw")" "$(jq .raw "$dir/h.json")" "huge: its raw bytes"
is "$(jq '.Records | length' "$dir/raw")" "$(jq .records "$dir/h.json")" \
    "huge: its records"
is "$(wc -l <"$dir/raw")" 0 "huge: one line"

"$BUILD/fakes/mksamples" --date never "$dir/x" 2>/dev/null
is $? 64 "a date that is none"
"$BUILD/fakes/mksamples" "$dir/no/such" >/dev/null 2>&1
is $? 74 "a folder that cannot be made"
"$BUILD/fakes/mksamples" --objects 1 "$dir/x" >/dev/full 2>/dev/null
is $? 74 "a manifest that cannot be written"
tap_done
