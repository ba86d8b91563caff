#!/usr/bin/env bash
# logparse's CloudTrail rows against an independent reading of the same files.
cd "$(dirname "$0")/.." || exit 99
. tests/lib/tap.sh
BUILD=${BUILD:-$PWD/build}
PATH=$BUILD/bin:$BUILD/fakes:$PATH
export PATH
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
command -v python3 >/dev/null || skip_all "python3 is not installed"

# compare NAME RECORDS FILE ...
compare() {
	local name=$1 want=$2 got rc
	shift 2
	logparse --log-format text --format cloudtrail --rows "$@" >"$tmp/rows" 2>"$tmp/err"
	is "$? $(cat "$tmp/err")" "0 " "$name: parsed without a reject"
	got=$(python3 tests/lib/cloudtrail_oracle.py "$tmp/rows" "$@" 2>&1)
	is "$got" "$want" "$name: each row as expected"
}

mksamples --objects 30 --days 2 "$tmp/samples" >"$tmp/manifest"
mapfile -t files < <(jq -r 'select(.sound and .bad == 0 and (.kind | IN("zstd", "empty", "digest") | not)) | .file' "$tmp/manifest")
records=$(jq -s 'map(select(.sound and .bad == 0 and (.kind | IN("zstd", "empty", "digest") | not)) | .records) | add' "$tmp/manifest")
compare "samples" "$records" "${files[@]/#/$tmp/samples/}"

shared=../shared/data/cloudtrail-stratus/docs/detonation-logs
if [ -d "$shared" ]; then
	compare "stratus" 310 "$shared"/*.json
else
	skip "not there" "stratus"
fi
shared=../shared/data/cloudtrail-trailscraper
if [ -d "$shared" ]; then
	mapfile -t files < <(find "$shared" -name '*CloudTrail*.json.gz' | sort)
	got=$(logparse --rows --format cloudtrail "${files[@]}" 2>/dev/null | tee "$tmp/rows" | wc -l)
	is "$(python3 tests/lib/cloudtrail_oracle.py "$tmp/rows" "${files[@]}" 2>&1)" "$got" "trailscraper: ${#files[@]} files"
else
	skip "not there" "trailscraper"
fi

# Every column is one of the table's, with its type.
table=../shared/facts/tables/AWSCloudTrail.json
if [ -f "$table" ]; then
	awk '$1 == "column" { print $2, $3 }' logparse/formats/cloudtrail.format | sort >"$tmp/ours"
	jq -r '.columns[] | "\(.name) \(.type)"' "$table" | sort >"$tmp/theirs"
	is "$(comm -23 "$tmp/ours" "$tmp/theirs")" "" "columns are those of the table"
	is "$(comm -13 "$tmp/ours" "$tmp/theirs" | paste -sd' ')" \
		"AwsRequestId string SourceSystem string TenantId string Type string _BilledSize real _IsBillable string" \
		"all but the deprecated one and the service's own"
else
	skip "not there" "columns are those of the table"
fi
tap_done
