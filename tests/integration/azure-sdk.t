#!/usr/bin/env bash
# Microsoft's own client (@azure/monitor-ingestion, @azure/identity) uploads to
# the Sentinel simulator over TLS: the simulator's claim to be like the real
# endpoint, judged by the one program made for the real endpoint.
set -u
cd "$(dirname "$0")/../.." || exit
: "${BUILD:=build}"
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/sentinelsim.sh

node_need
node_packages azure-sdk
cp tests/integration/azure-sdk/sdk.mjs "$node_work/"

tmp=$(mktemp -d "${TMPDIR:-/tmp}/azure-sdk-t.XXXXXX")
trap 'sim_stop; rm -rf "$tmp"' EXIT
ca_app "$tmp" || exit
openssl genrsa -out "$tmp/idp.key" 2048 2>/dev/null
openssl rsa -in "$tmp/idp.key" -pubout -out "$tmp/idp.pub" 2>/dev/null
printf '{"issuer":"https://idp.test","subject":"workload","audience":"api://AzureADTokenExchange","key":"%s"}\n' \
	"$tmp/idp.pub" >"$tmp/federation.json"
export IDENTITY_HEADER=identity-header-of-the-test
SIM_TLS=1 sim_start --stream Custom-Sdk_CL --client-cert "$tmp/app.pem" --federation "$tmp/federation.json" || exit
export SIM_URL SIM_CONTROL SIM_DIR SIM_RULE NODE_EXTRA_CA_CERTS=$SIM_CA
export APP_PEM=$tmp/app-both.pem IDP_KEY=$tmp/idp.key ASSERTION_FILE=$tmp/assertion
unset HTTPS_PROXY https_proxy HTTP_PROXY http_proxy
"$node" "$node_work/sdk.mjs"
