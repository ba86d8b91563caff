#!/usr/bin/env bash
# Size: one object of 2 GB on a single line, and 200,000 objects of one record
# each, through all five filters: each stays under 64 MiB, every row arrives
# once, the receipts are right.
#	SIZE_HUGE=2G SIZE_OBJECTS=200000 tests/integration/size.t
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
huge=${SIZE_HUGE:-2G} objects=${SIZE_OBJECTS:-200000}
[ -x /usr/bin/time ] || skip_all "/usr/bin/time is not installed"
dir=$(mktemp -d "${TMPDIR:-/tmp}/size.XXXXXX") || exit 1
# 200,000 files come and go faster in memory, where there is plenty (in KB).
small=$dir
if [ "$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)" -gt 6000000 ] &&
	[ "$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)" -gt 3000000 ] 2>/dev/null; then
	small=$(mktemp -d /dev/shm/size.XXXXXX) || exit 1
fi
trap 's3sim_stop; sim_stop; rm -rf "$dir" "$small"' EXIT
unset AWS_ENDPOINT_URL_S3

# weighed FILTER OPTION ..: its peak memory in KiB goes to $dir/peak.FILTER.
weighed() {
	local filter=$1
	shift
	/usr/bin/time -q -f %M -o "$dir/peak.$filter" "$filter" --log-format text "$@" 2>"$dir/err.$filter"
}

# move NAME: all that $dir/NAME serves, through the filters.  The rows are not
# kept, but added up: they would fill disks.
move() {
	s3sim_start --root "$dir/$1" --bucket logs || exit 1
	SIM_KEEP=no sim_start --stream Custom-AWSCloudTrail || exit 1
	AWS_ENDPOINT_URL_S3=$S3SIM_URL weighed s3list --state "$dir/$1.db" s3://logs/ |
		AWS_ENDPOINT_URL_S3=$S3SIM_URL weighed s3fetch | weighed logparse |
		weighed sentinelpost --dead-letter "$dir/$1.dead" |
		weighed s3ack --state "$dir/$1.db" >"$dir/$1.out"
	is $? 0 "$1: the pipe ends with 0" || pipeline_said "$dir"
	for filter in s3list s3fetch logparse sentinelpost s3ack; do
		peak=$(tail -n 1 "$dir/peak.$filter")
		[ "$peak" -lt 65536 ]
		ok "$1: $filter needed $((peak / 1024)) MiB at most"
	done
	got=$(sim_status '.tables.AWSCloudTrail | "\(.rows) \(.sum)"')
	s3sim_stop
	sim_stop
}

# files NAME: the objects' files, as operands for xargs -0
files() { find "$dir/$1/logs/" -type f -print0; }

# arrived NAME: what arrived is what logparse makes of the files themselves, and
# the event ids are those of the records, found by a search for text.
arrived() {
	local rows
	rows=$(jq -s 'map(.records) | add' "$dir/$1.manifest")
	is "${got% *}" "$rows" "$1: as many rows arrived as there are records"
	files "$1" | xargs -0 logparse --rows --format cloudtrail 2>"$dir/err.rows" |
		tee >(rowsum --member AwsEventId >"$dir/ids") | rowsum >"$dir/rows"
	is "$got" "$(cat "$dir/rows")" "$1: they are those of the files, each once"
	until_true test -s "$dir/ids"
	is "$(cat "$dir/ids")" "$(files "$1" | xargs -0 zcat | rowsum --member eventID)" \
		"$1: with the event ids of the records"
}

# settled NAME OBJECTS RECORDS: receipts and state say so.  A receipt's counts
# are records, rows, filtered, dead and through.
settled() {
	jq -rc 'select(.receipt.status == "delivered") | [.object.key,
		([.receipt | .records, .rows, .through] | unique | .[]), .receipt.filtered, .receipt.dead]
		| @tsv' "$dir/$1.out" >"$dir/receipts"
	is "$(cut -f1 "$dir/receipts" | sort -u | wc -l) $(wc -l <"$dir/receipts")" "$2 $2" \
		"$1: one receipt of delivery for each object"
	is "$(cut -f2- "$dir/receipts" | sort -u)" "$3	0	0" "$1: of $3 records each, all of them rows"
	is "$(sqlite3 "$dir/$1.db" 'select status, count(*) from objects group by status')" "delivered|$2" \
		"$1: so says the state"
	[ ! -s "$dir/$1.dead" ]
	ok "$1: nothing is dead"
}

mkdir -p "$dir/huge/logs"
mksamples --huge "$huge" "$dir/huge/logs" >"$dir/huge.manifest"
records=$(jq .records "$dir/huge.manifest")
echo "# $(jq -r '"\(.raw) bytes, \(.stored) stored"' "$dir/huge.manifest"), $records records"
move huge
arrived huge
settled huge 1 "$records"
# On the way its receipts only went up.
is "$(jq -s 'map(select(.receipt).receipt.through) | . == sort and (unique | length) == length' "$dir/huge.out")" \
	true "huge: each partial receipt went further"
rm -rf "$dir/huge"

mkdir -p "$small/many/logs"
[ "$small" = "$dir" ] || ln -s "$small/many" "$dir/many"
mksamples --no-odd --objects "$objects" --records 1 "$dir/many/logs" >"$dir/many.manifest"
move many
arrived many
settled many "$objects" 1
tap_done
