#!/usr/bin/env bash
# Torture: in each filter, on a small input, the Nth allocation, read, write,
# open, fsync, connect .. fails, for each N until none is left.  No crash, no
# hang, no exit 0 with output missing, nothing wrong in the output, no state that
# is damaged or holds more than the receipts said (tests/faults/judge*.c).
#	TORTURE_SAMPLE=40    about so many N of each kind of failure; 0: every one
#	TORTURE_SEED=1       which
#	TORTURE_SCENES='s3list s3ack'
#	TORTURE_MODES=alloc,read
#	TORTURE_ONLY=SCENE/MODE:N      that run alone, with what it says
#	TORTURE_EVERY=1      those of libraries that look alike, too (see picks_make())
#	TORTURE_GDB=1        and where the call is made
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
sample=${TORTURE_SAMPLE:-40} only=${TORTURE_ONLY:-} parts=2
[ -z "$only" ] || parts=1
tmp=${TMPDIR:-/tmp}
[ ! -w /dev/shm ] || tmp=/dev/shm # fsync(2) takes no time there
dir=$(mktemp -d "$tmp/torture.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
# Waiting takes no time, and random numbers are the same each time.
export LB_CLOCK_SPEED=2000 LB_SEED=7
bin=$BUILD/testbin
# The library comes before a sanitizer's, where there is one.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0

# ---- Inputs ----

event() {
	printf '{"eventVersion":"1.08","eventTime":"2026-11-20T10:00:00Z","eventSource":"s3.amazonaws.com","eventName":"PutObject","awsRegion":"us-east-1","eventID":"%s"}' "$1"
}
object() { printf '{"store":"s3","bucket":"logs","key":"%s","size":9,"etag":"e","modified":"2026-11-20T10:00:00Z"}' "$1"; }
id() { printf '%s-0001' "$(printf 's3\0logs\0%s\0e' "$1" | sha256sum | cut -c1-16)"; }
opened() { printf '{"v":1,"id":"%s","object":%s}\n' "$(id "$1")" "$(object "$1")"; }
failed() { printf '{"id":"%s","error":{"stage":"s3fetch","code":"%s","retry":%s,"message":"m"}}\n' "$(id "$1")" "$2" "$3"; }
finished() { printf '{"done":{"stage":"%s","exit":%d}}\n' "$1" "${2:-0}"; }

chunks() {
	local text
	text=$(printf '{"Records":[%s,%s,{"a":},%s]}' "$(event 1)" "$(event 2)" "$(event 3)")
	opened a
	printf '{"id":"%s","at":0,"text":%s}\n' "$(id a)" "$(jq -Rs . <<<"$text")"
	printf '{"id":"%s","end":{"bytes":%d,"stored_bytes":9}}\n' "$(id a)" $((${#text} + 1))
	opened b
	failed b Cut true
	finished s3fetch
}

# What sentinelpost reads: each record says who it is, "KEY#N".
row() { printf '{"id":"%s","n":%d,"table":"T_CL","row":{"TimeGenerated":"2026-11-20T10:00:00Z","a":"%s#%d"}}\n' "$(id "$1")" "$2" "$1" "$2"; }
counts() { printf '{"id":"%s","%s":{"format":"f/1","records":%d,"skipped":0,"rows":%d,"rejects":%d,"filtered":0}}\n' "$(id "$2")" "$1" $(($3 + $4)) "$3" "$4"; }
rows() {
	opened a && row a 0 && row a 1 && counts end a 2 0
	opened b && row b 0 && counts mark b 1 0 && row b 1
	printf '{"id":"%s","n":2,"reject":{"reason":"bad-json","at":7,"format":"f/1"},"raw":"{b#2"}\n' "$(id b)"
	counts end b 2 1
	opened gone && failed gone NoSuchKey true
	opened torn && failed torn BadGzip false
	finished logparse
}

receipt() {
	printf '{"id":"%s","receipt":{"to":"h/dcr-1","status":"%s","format":"f/1","records":2,"rows":2,"filtered":0,"dead":0,"through":2},"object":%s}\n' \
		"$(id "$1")" "$2" "$(object "$1")"
}
receipts() {
	receipt a partial && receipt a delivered && receipt c gone
	[ "$1" != old ] || receipt b failed
	receipt d delivered && finished sentinelpost
}

inputs() {
	local d=$dir/store/logs
	mkdir -p "$d"
	printf '{"Records":[%s,%s]}' "$(event 1)" "$(event 2)" | gzip -n >"$d/a%2F1"
	event 3 | zstd -q >"$d/a%2F2"
	event 4 >"$d/b"
	printf '{"Records":[%s]}' "$(event 5)" | gzip -n | head -c 60 >"$d/torn"
	for key in a/1 a/2 b torn missing; do
		printf '{"store":"s3","bucket":"logs","key":"%s"}\n' "$key"
	done >"$dir/objects"
	chunks >"$dir/chunks"
	rows >"$dir/rows"
	receipts new >"$dir/receipts"
	receipts old >"$dir/receipts.old"
	"$bin/s3ack" --state "$dir/old.db" <"$dir/receipts.old" >/dev/null 2>&1
	sqlite3 "$dir/old.db" 'pragma wal_checkpoint(truncate)' >/dev/null
	sed 's/"column"/&/' tests/golden/logparse/format-file/my.format >"$dir/my.format"
}

# ---- Scenes ----

scenes='list list-state show forget fetch fetch-save parse parse-files parse-rows parse-where post post-tls dry-run ack ack-old'

# scene NAME: sets filter and args (of the driver, then of the filter) and
# starts the servers that it needs.
scene() {
	local s3='--endpoint' d=$my
	unset LB_CLOCK_WALL
	case $1 in
	list | list-state | fetch*)
		[ -n "${S3SIM_PID:-}" ] || s3sim_start --root "$dir/store" --bucket logs || return
		s3=$S3SIM_URL
		;;
	post*)
		sim_stop
		[ "$1" != post-tls ] || local SIM_TLS=1
		sim_start --stream Custom-T_CL || return
		sim_control 400-on '{"contains":"b#0"}'
		;;
	esac
	case $1 in
	list) filter=s3list args=(-- s3list --endpoint "$s3" --give-up 60s --include '*' s3://logs/) ;;
	list-state)
		filter=s3list args=(--state "$d/s.db" --like "$dir/old.db" --metrics "$d/m"
			-- s3list --endpoint "$s3" --state "$d/s.db" --metrics "$d/m" --give-up 60s --since 3650d s3://logs/)
		;;
	show)
		export LB_CLOCK_WALL=1800000000 # it says when what is due
		filter=s3list args=(--state "$d/s.db" --like "$dir/old.db" -- s3list --state "$d/s.db" --show)
		;;
	forget) filter=s3list args=(--state "$d/s.db" --like "$dir/old.db" -- s3list --state "$d/s.db" --forget '*') ;;
	fetch) filter=s3fetch args=(--in "$dir/objects" --metrics "$d/m" -- s3fetch --endpoint "$s3" --jobs 2 --metrics "$d/m" --give-up 60s) ;;
	fetch-save)
		mkdir -p "$d/save"
		filter=s3fetch args=(--in "$dir/objects" --save "$d/save" -- s3fetch --endpoint "$s3" --save "$d/save" --give-up 60s)
		;;
	parse) filter=logparse args=(--in "$dir/chunks" --metrics "$d/m" -- logparse --metrics "$d/m") ;;
	parse-files) filter=logparse args=(-- logparse --format-file "$dir/my.format" "$dir/store/logs/a%2F1" "$dir/store/logs/a%2F2" "$dir/store/logs/torn") ;;
	parse-rows) filter=rows args=(--in "$dir/store/logs/a%2F1" -- logparse --rows -) ;;
	parse-where)
		# shellcheck disable=SC2016
		filter=rows args=(--in "$dir/store/logs/a%2F1" -- logparse --rows --where '. as $x | true' --map '.Added = 1' -)
		;;
	post | post-tls)
		filter=sentinelpost args=(--in "$dir/rows" --dead "$d/dead" --metrics "$d/m" --rows "$SIM_DIR/rows/T_CL.ndjson"
			-- sentinelpost --dead-letter "$d/dead" --metrics "$d/m" --give-up 60s ${SIM_TLS:+--ca "$SIM_CA"})
		;;
	dry-run) filter=plan args=(--in "$dir/rows" -- sentinelpost --dry-run) ;;
	ack) filter=s3ack args=(--in "$dir/receipts" --state "$d/s.db" --metrics "$d/m" -- s3ack --state "$d/s.db" --metrics "$d/m") ;;
	ack-old) filter=s3ack args=(--in "$dir/receipts" --state "$d/s.db" --like "$dir/old.db" -- s3ack --need 1 --state "$d/s.db") ;;
	*) echo "no scene $1" >&2 && return 1 ;;
	esac
}

# part I: all scenes, every parts-th run of each; ends with 1 when one is wrong.
part() {
	local my=$dir/part$1 s filter args rc=0
	mkdir "$my"
	for s in ${only:+"${only%%/*}"} ${only:-${TORTURE_SCENES:-$scenes}}; do
		[ "$s" != "$only" ] || break
		scene "$s" && "$BUILD/faults/torture" --name "$s" --filter "$filter" --library "$BUILD/faults/failnth.so" \
			--part "$1/$parts" --sample "$sample" --offset "${TORTURE_SEED:-1}" ${TORTURE_MODES:+--modes "$TORTURE_MODES"} \
			${only:+--only "${only#*/}"} ${TORTURE_GDB:+--stop} ${TORTURE_EVERY:+--every} "${args[@]}" || rc=1
	done
	s3sim_stop || rc=1
	sim_stop || rc=1
	return $rc
}

PATH=$bin:$PATH
inputs
for ((i = 0; i < parts; i++)); do
	part "$i" >"$dir/said$i" 2>&1 &
	pids[i]=$!
done
for ((i = 0; i < parts; i++)); do
	wait "${pids[i]}"
	ok "part $((i + 1)) of $parts: no run went wrong"
	sed 's/^/# /' "$dir/said$i"
done
tap_done
