#!/usr/bin/env bash
# Rows as Microsoft's own connector made them, turned back into raw events, give
# those rows back: each column that both state has the same value.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/lib/logparse.sh"
command -v python3 >/dev/null || skip_all "python3 is not installed"
rows=../shared/data/sentinel-tables
[ -d "$rows" ] || skip_all "the exported rows are not there"

# gives TABLE: its rows are given back, and recognised without a key.
gives() {
	local csv=$rows/$1_ingested.csv
	python3 tests/lib/fromrows.py "$1" raw "$csv" >"$tmp/raw"
	is "$(logparse --rows - <"$tmp/raw" 2>&1 | python3 tests/lib/fromrows.py "$1" check "$csv")" \
		"$(wc -l <"$tmp/raw") rows, enough columns" "$1"
	# The same with other bytes between the events, as Firehose writes them.
	is "$(tr -d '\n' <"$tmp/raw" | logparse --rows - 2>&1 | python3 tests/lib/fromrows.py "$1" check "$csv")" \
		"$(wc -l <"$tmp/raw") rows, enough columns" "$1, without line breaks"
}
gives AWSCloudTrail
gives AWSWAF
tap_done
