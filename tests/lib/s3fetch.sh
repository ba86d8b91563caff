#!/usr/bin/env bash
# What the tests of s3fetch share: source it, call the checks, end with
# tap_done.  Works in a folder of its own ($tmp), with a simulator that serves
# the bucket "logs".
# shellcheck disable=SC2034 # what it sets is for those who source it
BUILD=${BUILD:-$PWD/build}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib/tap.sh
. "$here/tap.sh"
# shellcheck source=tests/lib/s3sim.sh
. "$here/s3sim.sh"
command -v python3 >/dev/null || skip_all "python3 is not installed"
unset SSL_CERT_FILE AWS_SESSION_TOKEN AWS_PROFILE AWS_ENDPOINT_URL LB_CLOCK_WALL
export PYTHONDONTWRITEBYTECODE=1 LC_ALL=C TZ=UTC
tmp=$(mktemp -d "${TMPDIR:-/tmp}/s3fetch.XXXXXX") || exit 99
cleanup() {
	# shellcheck disable=SC2046 # several
	kill $(jobs -p) 2>/dev/null
	wait
	rm -rf "$tmp" "${S3SIM_DIR:-$tmp}"
}
trap cleanup EXIT
s3sim_start --bucket logs || exit 99
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
# The program with a clock that runs fast: a minute of backoff is a second.
slow=$BUILD/bin/s3fetch
fast=$BUILD/testbin/s3fetch

# put KEY FILE: KEY percent-encoded
put() { s3put "$2" "$S3SIM_URL/logs/$1" >/dev/null; }

# line KEY [MEMBERS]: an object line, KEY as JSON text
line() {
	printf '{"store":"s3","bucket":"logs","key":"%s"%s}\n' "$1" "${2:+,$2}"
}

# listed KEY FILE: an object line as s3list writes it
listed() {
	line "$1" "\"size\":$(stat -c %s "$2"),\"etag\":\"$(md5sum <"$2" | cut -c1-32)\",\"modified\":\"2026-01-02T03:04:05Z\""
}

# fetch OPTION ..: the program on $tmp/in; leaves out, err, rc, and sum, what
# the checker of the wire says, with the objects' bytes in $tmp/got.
fetch() {
	rm -rf "$tmp/got" && mkdir "$tmp/got"
	rc=0
	LB_CLOCK_SPEED=${speed:-60} "${bin:-$fast}" "$@" \
		<"$tmp/in" >"$tmp/out" 2>"$tmp/err" || rc=$?
	sum=$(python3 "$here/wirecheck.py" --max-open "${jobs:-16}" "$tmp/got" <"$tmp/out")
	err=$(cat "$tmp/err")
}

faults() { s3sim_control faults "$1" >/dev/null; }
reset() { s3sim_control reset >/dev/null; }

# gets KEY: how many GETs the simulator saw
gets() { s3sim_status ".gets_by_key[\"$1\"] // 0"; }

# asked KEY: did it see any?
asked() { [ "$(gets "$1")" -gt 0 ]; }
