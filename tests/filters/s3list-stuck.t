#!/usr/bin/env bash
# s3list whose reader takes nothing: asked to stop, it ends within --stop-within
# and says that its output is not whole.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/signals.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/s3list-stuck.XXXXXX") || exit 1
trap 'kill "$filler" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir" || exit

printf '{"id":"%s-0001","receipt":{"to":"h/d","status":"failed","reason":"x"},"object":{"store":"s3","bucket":"b","key":"k","etag":"e"}}\n' \
	"$(printf 's3\0b\0k\0e' | sha256sum | cut -c1-16)" | s3ack --state s.db >ack.out 2>&1
like "$(cat ack.out)" '"failed":1' "an object failed"

# A pipe that is full, and stays so though s3list makes it larger.
mkfifo pipe
exec 9<>pipe
perl -e 'fcntl(STDOUT, 1031, 256 * 1024) or die "F_SETPIPE_SZ: $!"' >pipe
dd if=/dev/zero of=pipe bs=4096 2>/dev/null &
filler=$!
until_true full 9

# stuck NAME OPTION ...
stuck() {
	local name=$1 pid rc
	shift
	s3list --log-format text --state s.db --stop-within 200ms "$@" >pipe 2>err &
	pid=$!
	until_catches "$pid"
	kill -TERM "$pid"
	wait "$pid"
	rc=$?
	is "$rc" 75 "$name: exit 75, for the end of the output is missing"
	like "$(cat err)" 'end of the output is missing' "$name: and it says so"
}
stuck "--show" --show
stuck "--forget" --forget '*'
tap_done
