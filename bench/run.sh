#!/usr/bin/env bash
# Measure the filters beside peers that Debian has, in one run.  Prints a table;
# see bench/README.md for what it means.
#	bench/run.sh [MB] [RUNS]	raw log of so many MB (200), runs (3)
set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=${BUILD:-$PWD/build}
PATH=$BUILD/bin:$BUILD/fakes:$PATH
export BUILD PATH LC_ALL=C
mb=${1:-200} runs=${2:-3}
for need in jq /usr/bin/time zcat; do
	command -v $need >/dev/null || { echo "bench: $need is not installed (tools/deps test)" >&2; exit 69; }
done
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
work=$(mktemp -d "${TMPDIR:-/tmp}/logbridge-bench.XXXXXX")
trap 's3sim_stop; sim_stop; rm -rf "$work"' EXIT
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_CA_BUNDLE AWS_ENDPOINT_URL

# timed NAME COMMAND ...: adds "user+system peak-KB" to $work/NAME.
timed() {
	local name=$1
	shift
	/usr/bin/time -a -o "$work/$name" -f '%U %S %M' "$@"
}
# median NAME COLUMN: 1 CPU seconds, 2 peak KB
median() {
	awk -v c="$2" '{ print c == 1 ? $1 + $2 : $3 }' "$work/$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
row() { # NAME BYTES [PEER]
	awk -v n="$1" -v b="$2" -v c="$(median "$1" 1)" -v k="$(median "$1" 2)" -v p="${3:-}" \
		-v pc="$([ -z "${3:-}" ] || median "$3" 1)" -v pb="${4:-$2}" 'BEGIN {
		printf "%-34s %8.2f CPU-s/GB %8.0f MB/CPU-s %7.1f MB", n, c / b * 1e9, b / c / 1e6, k / 1024
		if (p != "") printf "   %.1f times less CPU than %s", (pc / pb) / (c / b), p
		print "" }'
}

mkdir -p "$work/store/logs"
mksamples --no-odd --objects $((mb * 10 / 7)) --records 400 "$work/store/logs" >"$work/manifest"
raw=$(jq -s 'map(.raw) | add' "$work/manifest")
stored=$(jq -s 'map(.stored) | add' "$work/manifest")
echo "CloudTrail: $(wc -l <"$work/manifest") objects, $((raw / 1000000)) MB raw, $((stored / 1000000)) MB stored; $runs runs, medians"

zcat "$work"/store/logs/* >"$work/plain.json"
# The peer is slow: a tenth of the log is enough for it.
# shellcheck disable=SC2012
ls "$work"/store/logs/* | awk 'NR % 10 == 0' | tr '\n' '\0' | xargs -0 zcat >"$work/tenth.json"
tenth=$(stat -c %s "$work/tenth.json")
cat >"$work/native.jq" <<'JQ'
.Records[] | {TimeGenerated: .eventTime, AwsEventId: .eventID, AWSRegion: .awsRegion, AwsRequestId_: .requestID,
 Category: .eventCategory, CipherSuite: .tlsDetails.cipherSuite, ErrorCode: .errorCode, ErrorMessage: .errorMessage,
 EventName: .eventName, EventSource: .eventSource, EventTypeName: .eventType, EventVersion: .eventVersion,
 ManagementEvent: .managementEvent, OperationName: "CloudTrail", ReadOnly: .readOnly,
 RecipientAccountId: .recipientAccountId, RequestParameters: (.requestParameters | tojson),
 ResponseElements: (.responseElements | tojson), SourceIpAddress: .sourceIPAddress, UserAgent: .userAgent,
 UserIdentityAccountId: .userIdentity.accountId, UserIdentityArn: .userIdentity.arn,
 UserIdentityPrincipalid: .userIdentity.principalId, UserIdentityType: .userIdentity.type}
JQ
for _ in $(seq "$runs"); do
	timed "logparse --rows" logparse --rows --format cloudtrail "$work/plain.json" >/dev/null
	timed "jq (half the columns)" jq -c -f "$work/native.jq" "$work/tenth.json" >/dev/null
done
row "logparse --rows" "$raw" "jq (half the columns)" "$tenth"
row "jq (half the columns)" "$tenth"

s3sim_start --root "$work/store" --bucket logs
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail --limit-requests 0 --limit-bytes 0
for _ in $(seq "$runs"); do
	timed s3list s3list s3://logs/ | timed s3fetch s3fetch | timed logparse logparse |
		timed sentinelpost sentinelpost | timed s3ack s3ack >/dev/null
	timed "s3list .. | s3ack, --raw, fast" bash -c 's3list s3://logs/ | s3fetch --raw | logparse | sentinelpost --compress fast | s3ack >/dev/null'
	timed "s3list .. | s3ack" bash -c 's3list s3://logs/ | s3fetch | logparse | sentinelpost | s3ack >/dev/null'
	timed "zcat | jq | gzip -6 (no network)" bash -c 'cat "$1"/tenth.json | jq -c -f "$1/native.jq" | gzip -6 >/dev/null' - "$work"
done
for f in s3list s3fetch logparse sentinelpost s3ack; do row "$f" "$raw"; done
row "s3list .. | s3ack" "$raw" "zcat | jq | gzip -6 (no network)" "$tenth"
row "s3list .. | s3ack, --raw, fast" "$raw" "zcat | jq | gzip -6 (no network)" "$tenth"
row "zcat | jq | gzip -6 (no network)" "$tenth"
echo "largest body sent: $(sim_status .max_bytes) bytes; rows $(sim_status .tables.AWSCloudTrail.rows), bodies $(sim_status .tables.AWSCloudTrail.bytes) bytes"
