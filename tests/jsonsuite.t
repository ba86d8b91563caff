#!/usr/bin/env bash
# logparse --format json with the documents of JSONTestSuite, one an object: what
# is JSON gives no reject, what is none gives one; and brackets without end are
# taken in bounded memory.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/lib/logparse.sh"
command -v jq >/dev/null || skip_all "jq is not installed"

# Which documents are not as they should be: "name records rejects" each.
verdicts() {
	jq -r 'if .object then .object.key | sub(".*/"; "") elif .end then [.end.records, .end.rejects] | @tsv else empty end' "$1" |
		paste - - | while read -r name records rejects; do
		case $name in
		n_structure_no_data.json | n_single_space.json | n_structure_UTF8_BOM_no_data.json) [ "$records" = 0 ] ;;
		n_*) [ "$rejects" -ge 1 ] ;;
		y_*) [ "$rejects" = 0 ] && [ "$records" -ge 0 ] ;;
		esac || echo "$name $records $rejects"
	done
}

suite=../shared/data/JSONTestSuite/test_parsing
if [ -d "$suite" ]; then
	logparse --log-format text --format json "$suite"/* >"$tmp/out" 2>"$tmp/err"
	is "$?" 0 "all documents are taken"
	is "$(jq -c 'select(.end) | 1' "$tmp/out" | wc -l)" "$(find "$suite" -type f | wc -l)" "each has its end"
	is "$(verdicts "$tmp/out")" "" "each is judged as it should be"
	is "$(jq -rs 'map(select(.end) | .end | .records == .skipped + .rows + .rejects + .filtered) | all' "$tmp/out")" true "counts balance"
else
	skip "not there" "JSONTestSuite"
fi

# The same, with documents of our own: names say what they are.
mkdir "$tmp/own"
n=0
own() {
	n=$((n + 1))
	printf '%b' "$2" >"$tmp/own/$1_$n.json"
}
for good in '{}' '[]' '[[[]]]' '"x"' 'null' '-0' ' [1, 2e5 ,true]\n' '{"a":1}{"b":2}' '1\n2' '{"":{"":""}}' '"\\ud834\\udd1e"' '["\\ud800"]'; do
	own y "$good"
done
for bad in '[1,]' '[,1]' '[1,,2]' '[1 2]' '[1' '[1,' '[' '[]]' '[][]' '{"a":1,}' '{"a"}' '{a:1}' "{'a':1}" '1 2' '{"a":1} "x"' '[01]' '[1.]' '[.5]' '[+1]' '[NaN]' 'nul' '"\t"' '"\\x"' '[1]x' '[\v]' '\xff' '["a" "b"]' '{"a":1' '"a' '[1:2]'; do
	own n "$bad"
done
logparse --log-format text --format json "$tmp/own"/* >"$tmp/out" 2>/dev/null
is "$(verdicts "$tmp/out")" "" "$n documents of our own"

# 100,000 brackets, within a stack and a memory of 256 and 65,536 KiB.
for deep in '[' '{"":' '[{"":'; do
	printf "$deep%.0s" {1..100000} >"$tmp/deep.json"
	got=$(
		ulimit -s 256
		[ -n "${ASAN_OPTIONS:-}" ] && [ "${BUILD%address*}" != "$BUILD" ] || ulimit -v 262144
		logparse --log-format text --format json "$tmp/deep.json" 2>/dev/null |
			jq -c 'select(.end) | [.end.rows, .end.rejects >= 1]'
	)
	is "$got" "[0,true]" "100,000 times $deep"
done
tap_done
