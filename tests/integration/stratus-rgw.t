#!/usr/bin/env bash
# 310 real CloudTrail events, from a real S3 server through the five filters:
# each row as an independent script works it out, each object accounted for.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/rgw.sh
. tests/lib/sentinelsim.sh
logs=../shared/data/cloudtrail-stratus/docs/detonation-logs
[ -d "$logs" ] || skip_all "no real events here"
command -v python3 >/dev/null || skip_all "python3 is not installed"
dir=$(mktemp -d "${TMPDIR:-/tmp}/stratus.XXXXXX") || exit 1
trap 'sim_stop; rgw_stop "$dir/rgw"; rm -rf "$dir"' EXIT
rgw_start "$dir/rgw" || skip_all "$RGW_REASON"
sim_start --stream Custom-AWSCloudTrail || exit 1
export AWS_ENDPOINT_URL_S3=$RGW_ENDPOINT

s3put --create "$RGW_ENDPOINT/trail"
for f in "$logs"/*.json; do
	jq -cn --arg f "${f##*/}" '{file: $f, key: ("AWSLogs/1/CloudTrail/" + $f)}'
done | s3put --list - --dir "$logs" "$RGW_ENDPOINT/trail"
ok "35 objects are uploaded"

pipeline "$dir" s3://trail/AWSLogs/
is $? 0 "the pipe ends with 0" || pipeline_said "$dir"
is "$(python3 tests/lib/cloudtrail_oracle.py "$SIM_DIR/rows/AWSCloudTrail.ndjson" "$logs"/*.json 2>&1)" \
	310 "310 rows, each equal to the script's"
is "$(jq -s '[.[].receipt | select(.)] | [length, (map(.rows) | add), (map(select(.status == "delivered")) | length)]' -c "$dir/out")" \
	"[35,310,35]" "a receipt for each object"
is "$(sim_status '.tables.AWSCloudTrail | [.undeclared, .clash, .too_long, .time_bad, .time_missing]')" \
	'[{},{},{},0,0]' "the service had nothing to object to but age"
pipeline "$dir" s3://trail/AWSLogs/
is $? 0 "the next run ends with 0"
is "$(jq -c 'select(.done.stage == "s3list").done | [.listed, .objects]' "$dir/out")" "[35,0]" \
	"and lists nothing new"
is "$(sim_status .tables.AWSCloudTrail.rows)" 310 "nothing was sent twice"
tap_done
