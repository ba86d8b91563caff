#!/usr/bin/env bash
# Start, steer and stop the Sentinel simulator (tests/fakes/sentinelsim).
# One simulator a shell; source this file and call sim_start.
#
#   sim_start --stream Custom-T_CL        # or --tables DIR, --config FILE ..
#   sim_control script '[{"status":429,"retry_after":1}]'
#   sim_status .tables.T_CL.rows
#   sim_rows T_CL
#   sim_stop
#
# Before sim_start: SIM_TLS=1 for TLS (then SIM_CA is the CA's file),
# SIM_KEEP=no to keep sums of rows only,
# SIM_RULE, SIM_SECRET to choose these.  Afterwards: SIM_URL, SIM_PORT,
# SIM_CONTROL (its control port's URL), SIM_DIR (rows/, requests.ndjson), and
# what the filters read from the environment.

# shellcheck source=tests/lib/ca.sh
. "$(dirname "${BASH_SOURCE[0]}")/ca.sh"

: "${SIM_RULE:=dcr-0123456789abcdef0123456789abcdef}"
: "${SIM_SECRET:=test-secret~with+odd&characters=%41}"

sim_start() {
	local bin=${BUILD:-build}/fakes/sentinelsim tls=() keep=() i
	SIM_DIR=$(mktemp -d "${TMPDIR:-/tmp}/sentinelsim.XXXXXX") || return
	mkdir "$SIM_DIR/rows"
	if [ -n "${SIM_TLS:-}" ]; then
		ca_make "$SIM_DIR/ca" || return
		SIM_CA=$SIM_DIR/ca/ca.pem
		tls=(--tls-cert "$SIM_DIR/ca/server.pem" --tls-key "$SIM_DIR/ca/server.key")
	fi
	[ "${SIM_KEEP:-yes}" = no ] || keep=(--rows-dir "$SIM_DIR/rows")
	AZURE_CLIENT_SECRET=$SIM_SECRET "$bin" --rule "$SIM_RULE" \
		--port-file "$SIM_DIR/port" --control-port-file "$SIM_DIR/control" \
		"${keep[@]}" --request-log "$SIM_DIR/requests.ndjson" \
		--tenant 11111111-2222-3333-4444-555555555555 \
		--client-id 66666666-7777-8888-9999-000000000000 \
		"${tls[@]}" "$@" >"$SIM_DIR/out" 2>"$SIM_DIR/err" &
	SIM_PID=$!
	for ((i = 0; i < 6000; i++)); do
		[ -s "$SIM_DIR/port" ] && break
		if ! kill -0 "$SIM_PID" 2>/dev/null; then
			cat "$SIM_DIR/err" >&2
			return 1
		fi
		sleep 0.02
	done
	SIM_PORT=$(cat "$SIM_DIR/port") || return
	SIM_CONTROL=http://127.0.0.1:$(cat "$SIM_DIR/control")
	SIM_URL=http${tls:+s}://127.0.0.1:$SIM_PORT
	export LOGBRIDGE_SENTINEL_ENDPOINT=$SIM_URL LOGBRIDGE_SENTINEL_RULE=$SIM_RULE
	export AZURE_AUTHORITY_HOST=$SIM_URL AZURE_CLIENT_SECRET=$SIM_SECRET
	export AZURE_TENANT_ID=11111111-2222-3333-4444-555555555555
	export AZURE_CLIENT_ID=66666666-7777-8888-9999-000000000000
}

# End it, wait for it, remove its folder; its exit status is returned.
sim_stop() {
	local rc=0
	[ -n "${SIM_PID:-}" ] || return 0
	kill "$SIM_PID" 2>/dev/null
	wait "$SIM_PID" || rc=$?
	SIM_PID=
	[ ! -s "$SIM_DIR/err" ] || cat "$SIM_DIR/err" >&2
	rm -rf "$SIM_DIR"
	return "$rc"
}

# sim_control COMMAND [JSON]: non-zero with the reason on stderr when refused.
sim_control() {
	local out
	out=$(curl -sS --fail-with-body --noproxy '*' -d "${2:-}" "$SIM_CONTROL/_control/$1") || {
		echo "sim_control $1: $out" >&2
		return 1
	}
}

# sim_status [JQ]: the status page, or a part of it.
sim_status() {
	curl -sS --noproxy '*' "$SIM_CONTROL/_status" | jq -cr "${1:-.}"
}

# sim_rows TABLE: the rows it accepted, one a line.
sim_rows() {
	cat "$SIM_DIR/rows/$1.ndjson"
}

# sim_token [SCOPE]: a fresh access token, for tests that speak HTTP themselves.
sim_token() {
	local url=$SIM_URL/$AZURE_TENANT_ID/oauth2/v2.0/token
	# The secret goes by a pipe, not by the command line.
	printf '%s' "$SIM_SECRET" | curl -sS --noproxy '*' ${SIM_CA:+--cacert "$SIM_CA"} \
		-d grant_type=client_credentials -d "client_id=$AZURE_CLIENT_ID" \
		--data-urlencode "scope=${1:-https://monitor.azure.com/.default}" \
		--data-urlencode client_secret@- "$url" | jq -r .access_token
}
