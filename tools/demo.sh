#!/usr/bin/env bash
# The demo: sample CloudTrail objects go from a local S3 server through the
# five filters into a local ingestion API.  Needs no account; everything it
# starts listens on loopback and is gone when it ends.
set -euo pipefail
cd "$(dirname "$0")/.."
BUILD=${BUILD:-$PWD/build}
export BUILD PATH=$BUILD/bin:$BUILD/fakes:$PATH
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh

work=$(mktemp -d "${TMPDIR:-/tmp}/logbridge-demo.XXXXXX")
trap 's3sim_stop; sim_stop; rm -rf "$work"' EXIT
# The servers are ours: credentials and proxies of the caller stay out of it.
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_CA_BUNDLE AWS_ENDPOINT_URL
export AWS_ACCESS_KEY_ID=AKIDDEMO AWS_SECRET_ACCESS_KEY=demo+secret/key AWS_REGION=us-east-1

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n== %s\n' "$*"; }

# Keys are long: their middle is left out.
short() { sed -E 's#AWSLogs/([0-9]+)/[^ '"'"']*/#AWSLogs/\1/../#g'; }

echo "All of this happens on this machine, between local servers: no account, nothing sent out."
say "Sample CloudTrail objects, as AWS delivers them, some of them broken on purpose"
mkdir -p "$work/store/logs"
mksamples "$work/store/logs" >"$work/manifest"
jq -rs '"\(length) objects of \(map(.raw) | add / 1000000 | . * 10 | round / 10) MB (\(map(.stored) | add / 1000 | round) kB stored), " +
	"\([.[].key | capture("AWSLogs/(?<a>[0-9]+)/").a] | unique | length) accounts, \(map(.records) | add) records; among them:",
	({crc: "the checksum is wrong", truncated: "cut short", trailing: "garbage behind the end", empty: "0 bytes",
	  "no-records": "an empty list of records", "odd-key": "every ugly character in its key", members: "four gzip members",
	  plain: "not compressed", misnamed: "not compressed, but called .gz", spaced: "white space everywhere", zstd: "Zstandard",
	  "bad-record": "one record is no JSON", "every-kind": "each kind of event", insight: "an Insights event",
	  digest: "a digest file, of no use as a row"} as $what |
	 [.[] | select(.kind != "cloudtrail").kind] | unique[] | "  \(. + " " * (12 - length))\($what[.] // "")")' "$work/manifest"

s3sim_start --root "$work/store" --bucket logs
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail

say "s3list | s3fetch | logparse | sentinelpost | s3ack"
run() {
	s3list --log-format text --state "$work/state.db" s3://logs/ |
		s3fetch --log-format text |
		logparse --log-format text |
		sentinelpost --log-format text --dead-letter "$work/dead.ndjson" |
		s3ack --log-format text --state "$work/state.db"
}
rc=0
run >"$work/out" 2>"$work/err" || rc=$?
echo "What the filters say on standard error:"
short <"$work/err" | sed 's/^/  /' | cut -c1-250
echo "exit status $rc$([ $rc != 65 ] || echo ': some records or objects are in the dead-letter file, the rest is delivered')"

say "Rows that arrived, by table"
for f in "$SIM_DIR"/rows/*.ndjson; do
	printf '  %-20s %6d rows\n' "$(basename "$f" .ndjson)" "$(wc -l <"$f")"
done

say "Three of them"
sim_rows AWSCloudTrail | awk 'NR % 400 == 7 && n++ < 3' | jq -c . | sed -E 's/^(.{300}).*/\1 ../'

say "A receipt for every object (records = rows + filtered + dead)"
printf '  %-9s %7s %6s %8s %5s  %s\n' status records rows filtered dead object
jq -r 'select(.receipt) | .receipt as $r | [$r.status + (if $r.dead_object then "*" else "" end), $r.records // 0,
	$r.rows, $r.filtered, $r.dead, .object.key | tostring] | @tsv' "$work/out" |
	sort -t "$(printf '\t')" -k6 |
	awk -F '\t' '{ printf "  %-10s %6d %6d %8d %5d  %s\n", $1, $2, $3, $4, $5, $6 }' | short
echo "  (* the object itself is a dead letter: what could be read of it is delivered)"

say "Dead letters, with reasons ($(wc -l <"$work/dead.ndjson"))"
jq -r '"  \(.dead.reason)\(if .reject then " at byte \(.reject.at)" else "" end): \(.object.key // .key)"' "$work/dead.ndjson" | short
echo "  Once mended they can be piped back in: s3fetch <dead.ndjson | logparse | sentinelpost"

say "Totals"
totals=$(jq -rs '[.[].receipt | select(.)] | map(.rows) as $rows |
	{receipts: length, records: (map(.records // 0) | add), rows: ($rows | add),
	 filtered: (map(.filtered) | add), dead: (map(.dead) | add), dead_objects: (map(select(.dead_object)) | length)}' "$work/out")
jq -r '"  \(.records) records = \(.rows) rows + \(.filtered) filtered + \(.dead) dead; \(.receipts) receipts, \(.dead_objects) unreadable objects"' <<<"$totals"
arrived=$(cat "$SIM_DIR"/rows/*.ndjson | wc -l)
jq -es --argjson arrived "$arrived" --slurpfile truth "$work/manifest" '.[0] as $t |
	([$truth[] | select(.sound)] | {records: (map(.records) | add), bad: (map(.bad) | add), filtered: (map(.filtered) | add)}) as $w |
	$t.records == $t.rows + $t.filtered + $t.dead and $t.receipts == ($truth | length) and $arrived >= $t.rows and
	$t.dead_objects == ([$truth[] | select(.sound | not)] | length) and
	$t.dead == $w.bad and $t.filtered == $w.filtered' <<<"$totals" >/dev/null ||
	{ echo "  they do not balance with what was made" >&2; exit 70; }
echo "  they balance, and agree with what was made"

say "Run again: nothing new to do"
run >"$work/again" 2>"$work/err" || { rc=$?; short <"$work/err"; exit $rc; }
[ "$(grep -c '"receipt":' "$work/again")" = 0 ]
jq -r 'select(.done.stage == "s3list").done | "  \(.listed) listed, \(.settled) settled before, \(.objects) new"' "$work/again"

say "Yours: build/bin is not in the path yet; either of"
cat <<'TXT'
  export PATH=$PWD/build/bin:$PATH
  sudo make install
TXT
say "then set the environment (README.md, From nothing to the first row), and type"
cat <<'TXT'
  export AWS_REGION=.. AWS_ACCESS_KEY_ID=.. AWS_SECRET_ACCESS_KEY=..
  export AZURE_TENANT_ID=.. AZURE_CLIENT_ID=.. AZURE_CLIENT_SECRET=..
  export LOGBRIDGE_SENTINEL_ENDPOINT=https://.. LOGBRIDGE_SENTINEL_RULE=dcr-..

  s3list --state state.db s3://YOUR-BUCKET/AWSLogs/ | s3fetch | logparse |
      sentinelpost --dead-letter dead.ndjson | s3ack --state state.db
TXT
