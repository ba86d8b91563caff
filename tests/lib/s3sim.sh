#!/usr/bin/env bash
# Start, steer and stop the S3 simulator (tests/fakes/s3sim).  One simulator a
# shell; source this file and call s3sim_start.
#
#   s3sim_start --bucket logs             # or --root DIR, --log FILE ..
#   s3put FILE "$S3SIM_URL/logs/some%20key"
#   s3sim_control faults '{"op":"GET","times":3,"action":"slowdown"}'
#   s3sim_status .by_operation.GET
#   s3sim_stop
#
# Afterwards: S3SIM_URL, S3SIM_PORT, S3SIM_PID, S3SIM_DIR (for its files), and
# AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION in the environment,
# unless they were there before.  Failures say why in S3SIM_DIR/err.

s3sim_start() {
	local bin=${BUILD:-build}/fakes/s3sim i
	export AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-AKIDEXAMPLE}
	export AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-se/cr+et=%41}
	export AWS_REGION=${AWS_REGION:-us-east-1}
	S3SIM_DIR=$(mktemp -d "${TMPDIR:-/tmp}/s3sim.XXXXXX") || return
	"$bin" --port-file "$S3SIM_DIR/port" "$@" \
		>"$S3SIM_DIR/out" 2>"$S3SIM_DIR/err" </dev/null &
	S3SIM_PID=$!
	for ((i = 0; i < 6000; i++)); do
		[ -s "$S3SIM_DIR/port" ] && break
		if ! kill -0 "$S3SIM_PID" 2>/dev/null; then
			echo "s3sim did not start:" >&2
			cat "$S3SIM_DIR/err" >&2
			return 1
		fi
		sleep 0.02
	done
	S3SIM_PORT=$(cat "$S3SIM_DIR/port") || return
	# shellcheck disable=SC2034 # for those who source this
	S3SIM_URL=http://127.0.0.1:$S3SIM_PORT
}

# s3sim_control WHAT [JSON]: POST to /_control/WHAT; the reply goes to stdout.
s3sim_control() {
	curl -sS --noproxy '*' -m 60 --fail-with-body -d "${2-}" \
		"http://127.0.0.1:$S3SIM_PORT/_control/$1"
}

# s3sim_status [JQ]: the counts, or a part of them.
s3sim_status() {
	curl -sS --noproxy '*' -m 60 "http://127.0.0.1:$S3SIM_PORT/_status" |
		jq -c "${1:-.}"
}

# s3put ..: the uploader, as a command.
s3put() {
	"${BUILD:-build}/fakes/s3put" "$@"
}

# End it; returns its exit status (0 unless it fell over).
s3sim_stop() {
	local rc=0
	[ -n "${S3SIM_PID:-}" ] || return 0
	kill "$S3SIM_PID" 2>/dev/null
	wait "$S3SIM_PID" || rc=$?
	S3SIM_PID=
	[ "$rc" = 0 ] || cat "$S3SIM_DIR/err" >&2
	rm -rf "$S3SIM_DIR"
	return "$rc"
}
