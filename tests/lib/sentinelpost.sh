#!/usr/bin/env bash
# What the tests of sentinelpost share: source it from the project's root, call
# sim_start, then the helpers and checks, end with tap_done.
# shellcheck disable=SC2034,SC2120 # what it sets and takes is for those who source it
: "${BUILD:=$PWD/build}"
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
# shellcheck source=tests/lib/sentinelsim.sh
. tests/lib/sentinelsim.sh
export LC_ALL=C TZ=UTC
# A proxy of the caller stays out of it; s3fetch asks for credentials even when
# nothing is to be fetched.
unset HTTPS_PROXY https_proxy NO_PROXY no_proxy SSL_CERT_FILE
export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_REGION=x
post=$BUILD/testbin/sentinelpost
tmp=$(mktemp -d "${TMPDIR:-/tmp}/sentinelpost.XXXXXX") || exit
trap 'sim_stop; rm -rf "$tmp"' EXIT
dead=$tmp/dead now=$(date -u +%Y-%m-%dT%H:%M:%SZ)

# The lines of logparse.  A is an id of object k/a, B of k/b.
A=aaaaaaaaaaaaaaaa-0001 B=bbbbbbbbbbbbbbbb-0002
open() { printf '{"v":1,"id":"%s","object":{"store":"s3","bucket":"b","key":"k/%s","size":9,"etag":"e","modified":"%s"}}\n' "$1" "${1:0:1}" "$now"; }
# row ID N [VALUE [TABLE]]
row() { printf '{"id":"%s","n":%d,"table":"%s","row":{"TimeGenerated":"%s","a":"%s"}}\n' "$1" "$2" "${4:-T_CL}" "$now" "${3:-$2}"; }
# rows ID FROM TO [VALUE]: TO is one too many
rows() { local i; for ((i = $2; i < $3; i++)); do row "$1" "$i" "${4:-}"; done; }
# reject ID N [MORE]
reject() { printf '{"id":"%s","n":%d,"reject":{"reason":"bad-json","at":7,"format":"f/1"%s},"raw":"{oops"}\n' "$1" "$2" "${3:+,\"more\":true}"; }
# totals KIND ID RECORDS ROWS REJECTS FILTERED [SKIPPED]
totals() { printf '{"id":"%s","%s":{"format":"f/1","records":%d,"skipped":%d,"rows":%d,"rejects":%d,"filtered":%d}}\n' "$2" "$1" "$3" "${7:-0}" "$4" "$5" "$6"; }
# error ID CODE HTTP RETRY
error() { printf '{"id":"%s","error":{"stage":"s3fetch","code":"%s","http":%d,"retry":%s,"message":"m"}}\n' "$1" "$2" "$3" "$4"; }
# object ID N: one of N rows
object() { open "$1" && rows "$1" 0 "$2" && totals end "$1" "$2" "$2" 0 0; }

# run [OPTION ...] <lines: fills rc, err, $tmp/out, $tmp/err; with fresh counters
# and no dead-letter file.
run() {
	sim_control reset && rm -f "$dead"
	again "$@"
}
again() {
	rc=0
	"$post" --log-format text "$@" >"$tmp/out" 2>"$tmp/err" || rc=$?
	err=$(cat "$tmp/err")
}
# Like run, with a script that the simulator follows.
scripted() {
	local script=$1
	shift
	sim_control reset && rm -f "$dead"
	sim_control script "$script"
	again "$@"
}
# Like run, with a simulator that refuses requests with POISON in a row.
poisoned() {
	sim_control reset && rm -f "$dead"
	sim_control 400-on '{"contains":"POISON"}'
	again "$@"
}

# What came of it, by one jq, whose start takes longer than all it does here.
each='map(select(.receipt) | "\(.object.key) \(.receipt.status) \(.receipt.through) \(.receipt.rows) \(.receipt.dead)") | join(",")'
receipts() { jq -rs "$each" "$tmp/out"; }
# receipt JQ: of the last receipt
receipt() { jq -c "select(.receipt) | .receipt | $1" "$tmp/out" | tail -n 1; }
done_code() { tail -n 1 "$tmp/out" | jq -r .done.exit; }
# told JQ: of the done line
told() { tail -n 1 "$tmp/out" | jq -c ".done | $1"; }
count() { sim_rows "${1:-T_CL}" 2>/dev/null | wc -l; }
# deads JQ: of each dead letter
deads() { jq -c "$1" "$dead" | paste -sd' '; }
# outcome NAME WANT-RC RECEIPTS ROWS: one call judges all that came of it.
outcome() { is "$rc $(jq -rs "\"\(last.done.exit) | \($each)\"" "$tmp/out") | $(count)" "$2 $2 | $3 | $4" "$1" || sed 's/^/# /' "$tmp/err"; }

flying() { [ "$(sim_status .in_flight)" -ge "$1" ]; }
said() { grep -q -- "$1" "$tmp/err"; }
wrote() { grep -q -- "$1" "$tmp/out"; }
# metric NAME [LABELS]: its value in $tmp/metrics
metric() { sed -n "s/^logbridge_$1{stage=\"sentinelpost\"${2:+,$2}} //p" "$tmp/metrics"; }
