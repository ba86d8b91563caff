#!/usr/bin/env bash
# The pipelines that people copy, one pipe each: poll, look, and the replays.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/pipelines.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT
mkdir -p "$dir/store/logs"
mksamples --objects 6 "$dir/store/logs" >"$dir/manifest"
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1
objects=$(wc -l <"$dir/manifest")
records=$(jq -s 'map(select(.sound)) | (map(.records) | add) - (map(.bad) | add) - (map(.filtered) | add)' "$dir/manifest")
rows() { sim_status '.tables.AWSCloudTrail.rows // 0'; }
settled() { sqlite3 "$1" "select count(*) from objects where status in ('delivered', 'gone')"; }

### poll
pipelines/poll s3://logs/ "$dir/p" 2>"$dir/err"
is $? 65 "poll: some are dead letters"
[ "$(rows)" -ge "$records" ]
ok "poll: the rows arrived"
is "$(jq -s 'map(select(.receipt)) | length' "$dir/p/receipts.ndjson")" "$objects" "poll: a receipt for each object"
pipelines/poll s3://logs/ "$dir/p" 2>"$dir/err"
is "$? $(cat "$dir/err")" "0 " "poll: again, and there is nothing to do"
pipelines/poll s3://no-such-bucket/ "$dir/p" 2>"$dir/err"
is $? 78 "poll: no such bucket"
LOGBRIDGE_SENTINEL_RULE=dcr-ffffffffffffffffffffffffffffffff pipelines/poll s3://logs/ "$dir/w" 2>"$dir/err"
is $? 78 "poll: a wrong rule"
AWS_SECRET_ACCESS_KEY=wrong-secret pipelines/poll s3://logs/ "$dir/w" 2>"$dir/err"
is $? 77 "poll: a wrong secret"
mkdir "$dir/bin"
for f in s3list s3fetch logparse sentinelpost; do
	# One that dies without a word, as of SIGKILL.
	printf '#!/bin/sh\nkill -9 $$\n' >"$dir/bin/$f"
	chmod +x "$dir/bin/$f"
	PATH=$dir/bin:$PATH pipelines/poll s3://logs/ "$dir/k" 2>"$dir/err"
	rc=$?
	like "$rc" '^(75|137)$' "poll: $f is killed at once, and that is told"
	is "$(settled "$dir/k/state.db")" 0 "poll: nothing is settled then"
	rm "$dir/bin/$f"
done
# One that is killed when all it said is settled, with dead letters.
printf '#!/usr/bin/env bash\n"%s" "$@" | grep -v done\nkill -9 $$\n' "$BUILD/bin/s3list" >"$dir/bin/s3list"
chmod +x "$dir/bin/s3list"
PATH=$dir/bin:$PATH pipelines/poll s3://logs/ "$dir/k" 2>"$dir/err"
is "$? $(settled "$dir/k/state.db")" "137 $objects" "poll: s3list is killed, and that is told before dead letters"
rm "$dir/bin/s3list"

# Told to stop, as a terminal or a supervisor tells all of a group.
printf '#!/usr/bin/env bash\ntrap "exit 75" TERM\ntouch "%s"\nwhile :; do sleep 0.1; done\n' "$dir/listing" >"$dir/bin/s3list"
chmod +x "$dir/bin/s3list"
PATH=$dir/bin:$PATH setsid pipelines/poll s3://logs/ "$dir/k" 2>"$dir/err" &
pid=$!
for ((i = 0; i < 1200; i++)); do
	[ ! -e "$dir/listing" ] || [ "$(pgrep -g "$pid" | wc -l)" -lt 6 ] || break
	sleep 0.05
done
sleep 0.5 # the filters have begun, too
kill -- -"$pid"
wait "$pid"
rc=$?
[ $rc = 75 ] || [ $rc = 143 ] # a filter was but starting
ok "poll: told to stop, it ends with the status of its filters ($rc)"
rm "$dir/bin/s3list"

### look
file=$(jq -r 'select(.kind == "cloudtrail").file' "$dir/manifest" | head -n 1)
PAGER='cat' pipelines/look "$dir/store/logs/$file" >"$dir/rows"
is "$(wc -l <"$dir/rows")" "$(zcat "$dir/store/logs/$file" | jq '.Records | length')" "look: the rows of a file"
key=$(jq -r 'select(.kind == "cloudtrail").key' "$dir/manifest" | head -n 1)
PAGER='cat' pipelines/look "s3://logs/$key" >"$dir/again"
is "$(diff "$dir/rows" "$dir/again")" "" "look: the same of an object"
PAGER='cat' pipelines/look "s3://logs/$key" cloudtrail | cmp -s - "$dir/rows"
ok "look: and with its type"

### replay-dead
before=$(rows)
pipelines/replay-dead "$dir/p/dead.ndjson" "$dir/still" >"$dir/out" 2>"$dir/err"
is "$? $(wc -l <"$dir/still")" "65 $(wc -l <"$dir/p/dead.ndjson")" "replay-dead: what is not mended is dead again"
# Rows of a torn object that were delivered then are left out now.
is "$(rows)" "$before" "replay-dead: and adds no row"
cp "$dir/p/dead.ndjson" "$dir/kept"
pipelines/replay-dead "$dir/p/dead.ndjson" "$dir/p/dead.ndjson" >"$dir/out" 2>"$dir/err"
is "$? $(cmp "$dir/kept" "$dir/p/dead.ndjson" 2>&1)" "64 " "replay-dead: not into itself"
# Without the script: what is appended to the file that is read is not read.
grep '"reject":' "$dir/kept" >"$dir/reject"
for ((i = 0; i < 400; i++)); do cat "$dir/reject"; done >"$dir/itself"
n=$(wc -l <"$dir/itself")
s3fetch <"$dir/itself" | logparse 2>/dev/null | timeout 6000 sentinelpost --max-dead 0 --dead-letter "$dir/itself" >"$dir/out" 2>"$dir/err"
is "$? $(wc -l <"$dir/itself")" "65 $((2 * n))" "replaying dead letters into themselves ends"
# A stream that is in the rule now.
mkdir "$dir/r"
jq -c 'select(.row)' <(logparse "$dir/store/logs/$file") | head -n 3 |
	jq -c '{id, n, dead: {reason: "refused", http: 400, time: "2026-11-20T10:00:00Z"}, object: {store: "s3", bucket: "b", key: "k"}, table, row}' >"$dir/r/dead"
before=$(rows)
pipelines/replay-dead "$dir/r/dead" "$dir/r/still" >"$dir/out" 2>"$dir/err"
is "$? $(($(rows) - before)) $(wc -c <"$dir/r/still")" "0 3 0" "replay-dead: what is mended is delivered"

### replay-dump
s3list s3://logs/ | s3fetch --raw >"$dir/dump" 2>/dev/null
before=$(rows)
pipelines/replay-dump "$dir/dump" "$dir/d.dead" >"$dir/out" 2>"$dir/err"
is "$? $(grep -c '"receipt":' "$dir/out")" "65 $objects" "replay-dump: a receipt for each object"
[ $(($(rows) - before)) -ge "$records" ]
ok "replay-dump: the rows arrived"
gzip -c "$dir/dump" | zcat | pipelines/replay-dump - "$dir/d.dead" "$dir/d.db" >"$dir/out" 2>"$dir/err"
is "$? $(settled "$dir/d.db")" "65 $objects" "replay-dump: from a pipe, into a state"
s3list --state "$dir/d.db" s3://logs/ >"$dir/out"
is "$(jq -c 'select(.done).done | [.settled, .objects]' "$dir/out")" "[$objects,0]" "replay-dump: which leaves nothing to do"
head -c 30000 "$dir/dump" | pipelines/replay-dump - "$dir/d.dead" >"$dir/out" 2>"$dir/err"
is $? 75 "replay-dump: a torn dump is told"

# As they are installed, the filters being in the path.
for p in pipelines/*; do
	like "$(sed -n 2p "$p")" '^# [A-Z].*' "$p says what it is for"
	grep -q "^#	${p#pipelines/} " "$p"
	ok "$p says how it is called"
	bash "$p" >/dev/null 2>"$dir/err"
	is "$? $(grep -c "^usage: ${p#pipelines/} " "$dir/err")" "64 1" "$p without operands says it, too"
done
for command in "backfill s3://logs/ 1d 0d 0" "backfill s3://logs/ 1d 0d many" "follow s3://logs/ $dir/f soon"; do
	# shellcheck disable=SC2086 # split on purpose
	timeout 600 pipelines/$command 2>"$dir/err"
	is $? 64 "$command: a number is wanted"
done
tap_done
