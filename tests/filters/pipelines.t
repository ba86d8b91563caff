#!/usr/bin/env bash
# The pipelines that people copy: each is run.
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
records=$(jq -s 'map(select(.sound)) | (map(.records) | add) - (map(.bad) | add) - (map(.filtered) | add)' "$dir/manifest")

pipelines/poll s3://logs/ "$dir" 2>"$dir/err"
is $? 65 "poll: some are dead letters"
[ "$(sim_status .tables.AWSCloudTrail.rows)" -ge "$records" ]
ok "poll: the rows arrived"
is "$(jq -s 'map(select(.receipt)) | length' "$dir/receipts.ndjson")" "$(wc -l <"$dir/manifest")" "poll: a receipt for each object"
pipelines/poll s3://logs/ "$dir" 2>"$dir/err"
is $? 0 "poll: again, and there is nothing to do"

before=$(sim_status .tables.AWSCloudTrail.rows)
pipelines/replay "$dir/dead.ndjson" "$dir/still" >"$dir/out" 2>"$dir/err"
is "$? $(wc -l <"$dir/still")" "65 $(wc -l <"$dir/dead.ndjson")" "replay: what is not mended is dead again"
is "$(sim_status .tables.AWSCloudTrail.rows)" "$before" "replay: and adds no row"

file=$(jq -r 'select(.kind == "cloudtrail").file' "$dir/manifest" | head -n 1)
PAGER='cat' pipelines/look "$dir/store/logs/$file" >"$dir/rows"
is "$(wc -l <"$dir/rows")" "$(zcat "$dir/store/logs/$file" | jq '.Records | length')" "look: the rows of a file"
key=$(jq -r 'select(.kind == "cloudtrail").key' "$dir/manifest" | head -n 1)
PAGER='cat' pipelines/look "s3://logs/$key" >"$dir/again"
is "$(diff "$dir/rows" "$dir/again")" "" "look: the same of an object"
tap_done
