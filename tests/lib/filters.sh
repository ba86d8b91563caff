#!/usr/bin/env bash
# For tests of whole pipes: the filters in PATH, a folder, and the five in a row.
# Source it from the project's root after tests/lib/tap.sh; start the servers
# with rgw.sh, s3sim.sh and sentinelsim.sh.

BUILD=${BUILD:-$PWD/build}
PATH=$BUILD/bin:$BUILD/fakes:$PATH LC_ALL=C TZ=UTC
export BUILD PATH LC_ALL TZ
# A proxy or profile of the caller stays out of it.
unset SSL_CERT_FILE SSL_CERT_DIR AWS_PROFILE AWS_SESSION_TOKEN AWS_CA_BUNDLE AWS_ENDPOINT_URL HTTPS_PROXY https_proxy

# pipeline DIR S3URL [LISTOPTION ...]: all five filters; what they say and write
# goes to DIR (out, err.FILTER, dead.ndjson, state.db); returns s3ack's status.
pipeline() {
	local dir=$1 url=$2
	shift 2
	s3list --log-format text --state "$dir/state.db" "$@" "$url" 2>"$dir/err.s3list" |
		s3fetch --log-format text 2>"$dir/err.s3fetch" |
		logparse --log-format text 2>"$dir/err.logparse" |
		sentinelpost --log-format text --dead-letter "$dir/dead.ndjson" 2>"$dir/err.sentinelpost" |
		s3ack --log-format text --state "$dir/state.db" >"$dir/out" 2>"$dir/err.s3ack"
}

# What the filters said, for the diagnostics of a failed test.
pipeline_said() {
	tail -n 5 "$1"/err.* 2>/dev/null | sed 's/^/# /'
}
