#!/usr/bin/env bash
# A log type is added by one format file and one folder of golden files, without C:
# here for a made-up one, in a copy of the tree whose logparse is built with it.
cd "$(dirname "$0")/.." || exit 99
. tests/lib/tap.sh
BUILD=${BUILD:-$PWD/build}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

mkdir -p "$tmp/formats" "$tmp/tree/tests/golden/logparse/lift"
cat >"$tmp/formats/lift.format" <<'F'
# Lifts of a made-up maker.
format	lift 1
about	rides of lifts
table	Lift_CL

frame	json rides
key	*/lifts/*
members	cabin floors door
require	cabin
allowed	door open closed
range	floors 0 200
filter	test true

column	TimeGenerated	datetime	at as epoch-ms | ^day
column	Cabin		string	part ":" -1 cabin
column	Floors		int	whole floors
column	Door		string	door | = "unknown"
column	Rider		string	riders[?paid].name
column	Route		string	join ">" from to
column	House		string	^house
F
case=$tmp/tree/tests/golden/logparse/lift
cat >"$case/raw" <<'J'
{"house":"H","day":"2026-11-20T00:00:00Z","rides":[
{"at":1763629200123,"cabin":"h:1:a","floors":3.5,"door":"open","from":1,"to":4,"riders":[{"name":"x"},{"name":"y","paid":1}],"odd":[1]},
{"at":"noon","cabin":"b","floors":1e2,"riders":[]},
{"cabin":"c","floors":201},{"cabin":"c","floors":2,"door":"ajar"},{"floors":1,"door":"open"},
{"cabin":"t","floors":1,"door":"open","test":true}]}
J
cat >"$case/want" <<'W'
Lift_CL {"TimeGenerated":"2025-11-20T09:00:00.123Z","Cabin":"a","Floors":3,"Door":"open","Rider":"y","Route":"1>4","House":"H"}
Lift_CL {"TimeGenerated":"2026-11-20T00:00:00Z","Cabin":"b","Floors":100,"Door":"unknown","House":"H"}
reject out-of-range
reject not-allowed
reject missing-member
lift/1 6 2 3 1
W

# What each line says, without ids and what says where a row comes from.
said() {
	jq -r 'if .row then "\(.table) \(.row | del(.SourceBucket, .SourceKey, .SourceRecord, .EventHash, .AdditionalFields) | tojson)"
		elif .reject then "reject \(.reject.reason)"
		elif .end then "\(.end.format) \(.end.records) \(.end.rows) \(.end.rejects) \(.end.filtered)" else empty end'
}
if ! command -v jq >/dev/null; then skip_all "jq is not installed"; fi
is "$("$BUILD/bin/logparse" --log-format text --format-file "$tmp/formats/lift.format" "$case/raw" 2>/dev/null | said)" "$(cat "$case/want")" \
	"--format-file is enough, and recognises it"
like "$("$BUILD/bin/logparse" --format-file "$tmp/formats/lift.format" --explain "$case/raw" 2>/dev/null | head -n 1)" \
	'lift/1, 80% sure: it has the members cabin floors door$' "--explain says why"

# Built in: the list of formats is all that changes.
sh tools/embed.sh logparse/formats/*.format "$tmp/formats/lift.format" >"$tmp/builtin.c"
cc=$(command -v cc || command -v gcc || command -v clang || true)
if [ "$cc" ] && [ "${BUILD%build}" != "$BUILD" ]; then
	libs="$(pkg-config --libs libcurl libssl libcrypto libseccomp sqlite3 libisal libdeflate libzstd zlib expat) -ljq"
	# shellcheck disable=SC2086 # words
	"$cc" -D_GNU_SOURCE -I. -Icommon -Ilogparse -o "$tmp/logparse" "$BUILD/logparse/main.o" "$tmp/builtin.c" \
		"$BUILD/logparse.a" "$BUILD/common.a" $libs -lm >"$tmp/cc" 2>&1
	is "$? $(cat "$tmp/cc")" "0 " "built in without C"
	is "$("$tmp/logparse" --log-format text "$case/raw" 2>/dev/null | said)" "$(cat "$case/want")" "and known by itself"
	is "$("$tmp/logparse" --list-formats | grep ^lift)" "lift/1	Lift_CL	rides of lifts" "and listed"
else
	skip "no compiler, or one with its own flags" "built in without C"
fi
tap_done
