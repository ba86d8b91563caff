#!/usr/bin/env bash
# Amazon's own client (@aws-sdk/client-s3) against the S3 simulator: its claim
# to be like S3, judged by a program made for S3.
set -u
cd "$(dirname "$0")/../.." || exit
: "${BUILD:=build}"
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/s3sim.sh

node_need
node_packages aws-sdk
cp tests/integration/aws-sdk/sdk.mjs "$node_work/"
unset AWS_SESSION_TOKEN AWS_PROFILE AWS_REGION AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3
unset HTTPS_PROXY https_proxy HTTP_PROXY http_proxy
trap s3sim_stop EXIT
s3sim_start --bucket unused || exit
export S3SIM_URL AWS_EC2_METADATA_DISABLED=true
# Nothing from the user's own configuration.
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
"$node" --disable-warning=ExperimentalWarning "$node_work/sdk.mjs" 2>"$S3SIM_DIR/sdk.err"
rc=$?
sed 's/^/# /' "$S3SIM_DIR/sdk.err"
exit "$rc"
