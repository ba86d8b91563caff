#!/usr/bin/env bash
# Parts of the pipe replaced, put side by side, cut apart and mixed up: the same
# rows arrive, with the same receipts, for the objects that ran.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
command -v python3 >/dev/null || skip_all "python3 is not installed"
dir=$(mktemp -d "${TMPDIR:-/tmp}/composition.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT
export PYTHONDONTWRITEBYTECODE=1
mkdir -p "$dir/store/logs"
# Ordinary objects, and each kind of odd one: torn, empty, with a bad record ..
mksamples --objects 120 "$dir/store/logs" >"$dir/manifest"
objects=$(wc -l <"$dir/manifest")
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1

# The filters, with their words and files in $dir.
list() { s3list --state "$dir/state.db" s3://logs/ 2>>"$dir/err"; }
fetch() { s3fetch 2>>"$dir/err"; }
parse() { logparse 2>>"$dir/err"; }
post() { sentinelpost --dead-letter "$dir/dead" 2>>"$dir/err"; }
ack() { s3ack --state "$dir/state.db" >"$dir/out" 2>>"$dir/err"; }
export -f fetch parse
export dir

# fresh: nothing has arrived, nothing is settled.
fresh() {
	sim_control reset
	rm -f "$dir"/state.db* "$dir/dead" "$dir/out" "$dir/err"
}

# arrived NAME: what there is now goes to $dir/NAME.rows and $dir/NAME.receipts:
# all but their order, the drawn part of ids, and receipts on the way.
arrived() {
	sort "$SIM_DIR/rows/AWSCloudTrail.ndjson" >"$dir/$1.rows"
	jq -c 'select(.receipt and .receipt.status != "partial") | .id |= .[:16]' "$dir/out" | sort >"$dir/$1.receipts"
}

# same NAME WHAT: as in the plain run; nothing was said of bugs.
same() {
	cmp -s "$dir/plain.rows" "$dir/$1.rows"
	ok "$2: the same rows" || diff "$dir/plain.rows" "$dir/$1.rows" | cut -c1-300 | head -n 4 | sed 's/^/# /'
	cmp -s "$dir/plain.receipts" "$dir/$1.receipts"
	ok "$2: the same receipts" || diff "$dir/plain.receipts" "$dir/$1.receipts" | cut -c1-600 | head -n 4 | sed 's/^/# /'
}

fresh
list | fetch | parse | post | ack
is "$? $(sqlite3 "$dir/state.db" 'select count(*) from object where status < 2')" "65 $objects" "the plain pipe, to compare with"
arrived plain
wc -l "$dir"/plain.* | sed 's/^/# /'

# (i) A lister in ten lines of shell, for a bucket of up to 1,000 keys.
lister() {
	curl -s --noproxy '*' --aws-sigv4 "aws:amz:$AWS_REGION:s3" -H "x-amz-content-sha256: $(sha256sum </dev/null | cut -c1-64)" \
		--config <(printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY") \
		"$AWS_ENDPOINT_URL_S3/logs?encoding-type=url&list-type=2" |
		sed 's/<Contents>/\n/g' | sed -n 's|^<Key>\([^<]*\)<.*<LastModified>\([^<]*\)<.*<ETag>&quot;\([^&]*\)&.*<Size>\([0-9]*\)<.*|\4\t\3\t\2\t\1|p' |
		while IFS=$'\t' read -r size etag modified key || [ -n "$key" ]; do
			key=${key//+/ }
			jq -cn --arg k "$(printf %b "${key//%/\\x}")" --arg e "$etag" --arg m "$modified" --arg u "$AWS_ENDPOINT_URL_S3" --argjson s "$size" \
				'{store: "s3", bucket: "logs", key: $k, size: $s, etag: $e, modified: $m, endpoint: $u}'
		done
}
fresh
lister | fetch | parse | post | ack
is $? 65 "a shell lister: its end is not missed"
arrived lister
same lister "a shell lister"

# (ii) Another's parser.  JSON inside of a column may have other escapes.
fresh
list | fetch | python3 tests/lib/pystage.py | post | ack
is $? 65 "a parser in Python"
arrived python
is "$(python3 tests/lib/cloudtrail_oracle.py --same "$dir/plain.rows" "$dir/python.rows" 2>&1 | cut -c1-600)" \
	"$(wc -l <"$dir/plain.rows")" "a parser in Python: rows that mean the same"
cp "$dir/plain.rows" "$dir/python.rows"
same python "a parser in Python"

# (iii) Fetching and parsing in four processes.
if command -v parallel >/dev/null; then
	fresh
	list | parallel --pipe -N1 --round-robin -j4 --block-timeout 1 --line-buffer 'fetch | parse' 2>"$dir/err.parallel" |
		post | ack
	is $? 65 "four processes: they speak with one exit code"
	arrived parallel
	same parallel "four processes"
	# The line of s3list comes by one of them; all eight have their own.
	is "$(jq -r 'select(.done).done.stage' "$dir/out" | sort | uniq -c | awk '{ print $1, $2 }' | paste -sd,)" \
		"4 logparse,1 s3ack,4 s3fetch,1 s3list,1 sentinelpost" "four processes: the done lines of all"
else
	skip "GNU parallel is not installed" "four processes"
fi

# (iv) A dump on the way, and the dump again, later.
fresh
list | fetch | tee "$dir/dump.ndjson" | parse | post | ack
is $? 65 "a dump on the way"
arrived dump
same dump "a dump on the way"
fresh
parse <"$dir/dump.ndjson" | post >"$dir/out"
is $? 65 "the dump, later"
arrived replay
same replay "the dump, later"
# Entered later, what the receipts say is what the pipe would have said.
s3ack --state "$dir/state.db" <"$dir/out" >"$dir/again" 2>>"$dir/err"
is "$? $(list | jq -c 'select(.done).done | [.objects, .settled]')" "65 [0,$objects]" \
	"the dump, later: its receipts settle the objects"
# A dump that was cut: what is whole of it counts, the rest is told.
fresh
head -c $(($(stat -c %s "$dir/dump.ndjson") / 2)) "$dir/dump.ndjson" | parse | post >"$dir/out"
like $? '^(75)$' "half a dump is 75"
arrived half
is "$(comm -13 "$dir/plain.rows" "$dir/half.rows" | wc -l) $(comm -13 "$dir/plain.receipts" "$dir/half.receipts" | wc -l)" "0 0" \
	"half a dump: no other rows, no other receipts"
whole=$(wc -l <"$dir/half.receipts")
[ "$whole" -gt 0 ]
ok "half a dump: $whole of $objects objects are whole"
[ ! -s "$dir/dead" ] || ! grep -q not-wire "$dir/dead"
ok "half a dump: the line it was cut in is no dead letter"

# (v) Files, without S3.
fresh
logparse "$dir"/store/logs/* 2>>"$dir/err" | post >"$dir/out"
is $? 65 "files"
arrived files
cmp -s "$dir/plain.rows" "$dir/files.rows"
ok "files: the same rows"
is "$(jq -s 'map(.object.store + .object.key) | unique | length' "$dir/files.receipts")" "$objects" "files: a receipt for each"
is "$(jq -c '.receipt | [.status, .format, .records, .rows, .filtered, .dead, .dead_object]' "$dir/files.receipts" | sort | md5sum)" \
	"$(jq -c '.receipt | [.status, .format, .records, .rows, .filtered, .dead, .dead_object]' "$dir/plain.receipts" | sort | md5sum)" \
	"files: that say the same"

# (vi) Some of the objects, in any order; the done line of s3list among them, or
# cut off.
for n in 100 "$((objects + 1))"; do
	fresh
	list | shuf | head -n "$n" >"$dir/some"
	fetch <"$dir/some" | parse | post | ack
	is "$? $(sqlite3 "$dir/state.db" 'select count(*) from object where status < 2')" \
		"65 $(grep -c '"bucket":' "$dir/some")" "shuf | head -n $n: settled is what ran"
	arrived some
	is "$(comm -13 "$dir/plain.receipts" "$dir/some.receipts" | wc -l)" 0 "shuf | head -n $n: with the same receipts"
	jq -r 'select(.key) | .key' "$dir/some" | sort >"$dir/some.keys"
	is "$(jq -r .object.key "$dir/some.receipts" | sort | md5sum)" "$(md5sum <"$dir/some.keys")" "shuf | head -n $n: for those objects"
	is "$(comm -13 "$dir/plain.rows" "$dir/some.rows" | wc -l) $(wc -l <"$dir/some.rows")" \
		"0 $(jq -s 'map(.receipt.rows) | add' "$dir/some.receipts")" "shuf | head -n $n: and the same rows"
	list | fetch | parse | post | ack
	arrived rest
	cmp -s "$dir/plain.rows" "$dir/rest.rows"
	ok "shuf | head -n $n: the next run brings the rest"
done
# The done line of s3list first: what comes behind it is taken all the same.
fresh
list >"$dir/listed"
{ tail -n 1 "$dir/listed"; head -n -1 "$dir/listed"; } | fetch | parse | post | ack
is $? 65 "a done line before all others"
arrived first
same first "a done line before all others"
# That s3list was not well is not forgotten on the way.
fresh
{ echo '{"done":{"stage":"s3list","exit":69}}'; head -n -1 "$dir/listed"; } | fetch | parse | post | ack
is $? 69 "a done line of another exit code before all others: it counts to the end"
tap_done
