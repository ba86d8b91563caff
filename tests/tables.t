#!/usr/bin/env bash
# Each format's columns are columns of its table, with their types.
cd "$(dirname "$0")/.." || exit 99
. tests/lib/tap.sh
command -v jq >/dev/null || skip_all "jq is not installed"
tables=../shared/facts/tables
[ -d "$tables" ] || skip_all "the tables' columns are not there"

columns() { awk '$1 == "column" { print $2, $3 }' "$1" | sort; }
for file in logparse/formats/*.format; do
	table=$(awk '$1 == "table" { print $2 }' "$file")
	# A table of one's own in the place of one that takes no rows.
	theirs=$tables/${table%_CL}.json
	[ -f "$theirs" ] || continue
	is "$(comm -23 <(columns "$file") <(jq -r '.columns[] | "\(.name) \(.type)"' "$theirs" | sort))" "" "$file"
done
tap_done
