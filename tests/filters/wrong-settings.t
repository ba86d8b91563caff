#!/usr/bin/env bash
# A wrong setting stops the line, says what to fix, and consumes nothing.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/wrong.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT
mkdir -p "$dir/store/logs"
# Objects without a row are among them: empty ones, digests, damaged ones.
mksamples --objects 5 "$dir/store/logs" >/dev/null
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1

# try NAME EXIT MESSAGE-ERE [URL]: the pipe in the environment as it is now.
try() {
	rm -rf "$dir/run"
	mkdir "$dir/run"
	pipeline "$dir/run" "${4:-s3://logs/}"
	is $? "$2" "$1: exit $2" || pipeline_said "$dir/run"
	like "$(cat "$dir"/run/err.*)" "$3" "$1: the message says so"
	is "$(grep -c hint: <(cat "$dir"/run/err.*) | awk '{ print ($1 > 0) }')" 1 "$1: with a hint"
	is "$(sqlite3 "$dir/run/state.db" "select count(*) from objects where status in ('delivered', 'gone')" 2>/dev/null || echo 0)" 0 \
		"$1: nothing is marked done"
	! grep -q '"row":{' "$dir/run/dead.ndjson" 2>/dev/null
	ok "$1: no row is a dead letter"
	! grep -qF -e "${AZURE_CLIENT_SECRET:-no such text}" -e "$AWS_SECRET_ACCESS_KEY" "$dir"/run/err.* "$dir/run/out"
	ok "$1: no secret is shown"
}

AZURE_CLIENT_SECRET=wrong-secret try "wrong client secret" 77 "AADSTS|invalid_client|AZURE_CLIENT_SECRET"
AZURE_CLIENT_ID=00000000-0000-0000-0000-000000000001 try "wrong client id" 77 "AADSTS|AZURE_CLIENT_ID"
LOGBRIDGE_SENTINEL_RULE=dcr-ffffffffffffffffffffffffffffffff try "wrong rule" 78 "rule|--rule|dcr-"
sim_control deny '{}' 2>/dev/null || sim_control deny "{\"rule\":\"$SIM_RULE\"}"
try "role missing" 77 "Monitoring Metrics Publisher|role"
sim_control grant '{}' 2>/dev/null || sim_control grant "{\"rule\":\"$SIM_RULE\"}"
sim_control expire-secret
try "expired client secret" 77 "AADSTS7000222.*the secret has expired"
sim_control reset
AZURE_TENANT_ID=nobody.example try "unknown tenant" 78 "AADSTS90002.*there is no such tenant: check AZURE_TENANT_ID"
AZURE_CLIENT_SECRET='' try "no client secret" 77 "AZURE_CLIENT_SECRET is not set"
sim_control script '[{"status":401,"count":0}]'
try "tokens that are refused" 77 "401.*a new token was not accepted either"
sim_control reset
LOGBRIDGE_SENTINEL_ENDPOINT=https://logs.example.com try "an endpoint that is not Azure's" 78 "'logs.example.com' is not one of Azure Monitor's"
LOGBRIDGE_SENTINEL_ENDPOINT=https://x.ingest.monitor.azure.us AZURE_AUTHORITY_HOST=https://login.microsoftonline.com \
	try "an authority of another cloud" 78 "does not belong to the cloud of the endpoint"
# A host that is not found may be found later: that is waited out, past --give-up.
PATH=$BUILD/testbin:$PATH LB_CLOCK_SPEED=10000 LOGBRIDGE_SENTINEL_ENDPOINT=https://no-such.westeurope-1.ingest.monitor.azure.com \
	AZURE_AUTHORITY_HOST='' try "hosts that are not found" 69 "cannot get a token from 'https://login.microsoftonline.com'"
AWS_SECRET_ACCESS_KEY=wrong-aws-secret try "wrong AWS secret" 77 "SignatureDoesNotMatch"
AWS_ACCESS_KEY_ID=AKIDOTHER try "unknown AWS key" 77 "InvalidAccessKeyId"
try "no such bucket" 78 "NoSuchBucket" s3://no-such-bucket/
sim_stop
sim_start --stream Custom-Other || exit 1
try "undeclared stream" 78 "stream|Custom-AWSCloudTrail"
is "$(sim_status '.tables.Other.rows // 0')" 0 "and no row arrived anywhere"
sim_stop
SIM_TLS=1 sim_start --stream Custom-AWSCloudTrail || exit 1
try "a certificate that nobody trusts" 78 "certificate.*there is no TLS that could be trusted.*--ca FILE"
SSL_CERT_FILE=$SIM_CA pipeline "$dir/run" s3://logs/
is $? 65 "with its authority in SSL_CERT_FILE it is trusted" || pipeline_said "$dir/run"
sim_stop
sim_start --stream Custom-AWSCloudTrail || exit 1
mkdir "$dir/good"
pipeline "$dir/good" s3://logs/
is $? 65 "with the right settings all goes through"
tap_done
