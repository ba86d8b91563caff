#!/usr/bin/env bash
# The EXAMPLES of the manual pages, as they are shown, run on the simulators.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
command -v mandoc >/dev/null || skip_all "mandoc is not installed"
dir=$(mktemp -d "${TMPDIR:-/tmp}/manual.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT

# What the examples name: the bucket "bucket", an object and a file of one name,
# dead letters, receipts, bare rows, addresses.
mkdir -p "$dir/store/bucket" "$dir/odd" "$dir/here"
mksamples --objects 3 --no-odd "$dir/store/bucket" >"$dir/manifest"
mksamples --objects 1 "$dir/odd" | jq -r 'select(.kind == "bad-record").file' | while read -r file; do
	cp "$dir/odd/$file" "$dir/bad.json.gz"
done
cp "$dir/store/bucket/$(jq -r .file "$dir/manifest" | head -n 1)" "$dir/here/x.json.gz"
cp "$dir/here/x.json.gz" "$dir/store/bucket/AWSLogs%2Fx.json.gz"
s3sim_start --root "$dir/store" --bucket bucket || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail --stream Custom-Mine_CL --stream Custom-Other || exit 1
pipelines/poll s3://bucket/AWSLogs/ "$dir/here" 2>/dev/null
rm "$dir"/here/state.db* "$dir"/here/dead.ndjson
logparse "$dir/bad.json.gz" 2>/dev/null | sentinelpost --dead-letter "$dir/here/dead.ndjson" >/dev/null 2>&1
logparse --rows "$dir/here/x.json.gz" >"$dir/here/rows.ndjson" 2>/dev/null
echo s3://bucket/AWSLogs/x.json.gz >"$dir/here/addresses"

# examples PAGE DIR: each to a file, what is above it to the same with .about.
examples() {
	mkdir -p "$2" && mandoc -T ascii -O width=1000 "$1" | sed $'s/.\b//g' | awk -v dir="$2" '
		/^[A-Z]/ { inside = $0 == "EXAMPLES"; next }
		!inside { next }
		/^           / { if (!code) { file = sprintf("%s/%02d", dir, ++n); print about >(file ".about") }
			code = 1; print substr($0, 12) >file; next }
		/^     [^ ]/ { code = 0; about = substr($0, 6) }'
}
for page in s3list/s3list.1 s3fetch/s3fetch.1 logparse/logparse.1 logparse/logparse-formats.5 sentinelpost/sentinelpost.1 s3list/s3ack.1 docs/logbridge.7; do
	name=$(basename "$page")
	examples "$page" "$dir/$name"
	cp -r "$dir/here" "$dir/run"
	n=0
	for example in "$dir/$name"/??; do
		n=$((n + 1))
		(cd "$dir/run" && timeout 600 bash "$example") >"$dir/out" 2>"$dir/err" </dev/null
		rc=$?
		want=0
		grep -q '< *dead.ndjson' "$example" && want=65
		about=$(cat "$example.about")
		is $rc $want "$name: $about" || { cat "$example"; cat "$dir/err"; } | sed 's/^/# /'
		# --show has nothing to show here; what goes to a file says nothing.
		[ -s "$dir/out" ] || grep -qE -e '--show|--forget|>|select\(.reject\)' "$example"
		ok "$name: and something comes out" || sed 's/^/# /' "$example"
		unlike "$(cat "$dir/err")" '"level":"error"' "$name: without an error"
	done
	[ $n -ge 3 ]
	ok "$name: there are examples ($n)"
	rm -rf "$dir/run"
done
tap_done
