#!/usr/bin/env bash
# What the tests of logparse share: source it, call the checks, end with
# tap_done.  Works in a folder of its own ($tmp).
# shellcheck disable=SC2034 # what it sets is for those who source it
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.." || exit 99
# shellcheck source=tests/lib/tap.sh
. "$here/tap.sh"
BUILD=${BUILD:-$PWD/build}
PATH=$BUILD/bin:$BUILD/fakes:$PATH LC_ALL=C TZ=UTC
export BUILD PATH LC_ALL TZ
tmp=$(mktemp -d "${TMPDIR:-/tmp}/logparse.XXXXXX") || exit 99
cleanup() {
	# shellcheck disable=SC2046 # several
	kill $(jobs -p) 2>/dev/null
	wait
	rm -rf "$tmp"
}
trap cleanup EXIT

# The id and the key that mkwire gives the first object; its open line.
id=0000000000000001-0001
open=$(mkwire --no-end --no-done </dev/null -)
done_line='{"done":{"stage":"s3fetch","exit":0}}'

# event N [MEMBERS]: a record, MEMBERS as ,"x":1
event() {
	printf '{"eventVersion":"1.09","eventTime":"2026-11-20T09:00:%02dZ","eventSource":"s3.amazonaws.com","eventName":"GetObject","eventID":"id-%d"%s}' \
		$(($1 % 60)) "$1" "${2:-}"
}

# records N [MEMBERS]: an object of N records
records() {
	local i
	printf '{"Records":['
	for ((i = 0; i < $1; i++)); do
		[ "$i" = 0 ] || printf ,
		event "$i" "${2:-}"
	done
	printf ']}'
}

# parse [OPTION ...]: the program on $tmp/in; leaves out, err and rc
parse() {
	rc=0
	logparse --log-format text "$@" <"$tmp/in" >"$tmp/out" 2>"$tmp/err" || rc=$?
	err=$(<"$tmp/err")
}

# of JQ: what jq says of the output, without quotes, lines joined by spaces
of() {
	jq -rc "$1" "$tmp/out" | paste -sd' '
}

# counts [LINE]: records skipped rows rejects filtered of marks or ends (end);
# without jq, whose start takes longer than all the rest
counts() {
	local found
	found=$(sed -nE 's/^\{"id":"[^"]*","'"${1:-end}"'":\{"format":"([^"\\]|\\.)*","records":([0-9]+),"skipped":([0-9]+),"rows":([0-9]+),"rejects":([0-9]+),"filtered":([0-9]+).*/\2,\3,\4,\5,\6/p' \
		"$tmp/out")
	echo "${found//$'\n'/ }"
}

# under_64 NAME: /usr/bin/time -f %M wrote less than 64 MiB to $tmp/peak
under_64() {
	local peak
	peak=$(tail -n 1 "$tmp/peak")
	case $BUILD in
	*address*)
		skip "sanitizers take memory of their own" "$1: less than 64 MiB"
		return
		;;
	esac
	[ "$peak" -lt 65536 ]
	ok "$1: less than 64 MiB" || echo "# $peak KiB"
}

# said TEXT NAME: it stands on stderr
said() {
	[[ $err == *"$1"* ]]
	ok "$2" || printf '%s\n' "$err" | head -n 5 | sed 's/^/# /'
}
