#!/usr/bin/env bash
# What every filter owes its neighbours in a pipe, whatever it does.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/signals.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/contract.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT

mkdir -p "$dir/store/logs"
mksamples --objects 4 --no-odd "$dir/store/logs" >/dev/null
for i in $(seq 3000); do : >"$dir/store/logs/empty%2F$i"; done
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1

object='{"store":"s3","bucket":"b","key":"k","size":1,"etag":"e","modified":"2026-11-20T10:00:00Z"}'
oid=$(printf 's3\0b\0k\0e' | sha256sum | cut -c1-16)-0001
done_line='{"done":{"stage":"before","exit":0}}'

# Input that makes each filter say something, and how to run it.
declare -A input run
s3list s3://logs/AWSLogs/ >"$dir/listed"
s3fetch <"$dir/listed" >"$dir/fetched"
logparse <"$dir/fetched" >"$dir/parsed"
sentinelpost <"$dir/parsed" >"$dir/posted"
input=([s3list]=/dev/null [s3fetch]=$dir/listed [logparse]=$dir/fetched
	[sentinelpost]=$dir/parsed [s3ack]=$dir/posted)
run=([s3list]='s3list s3://logs/AWSLogs/' [s3fetch]=s3fetch [logparse]=logparse
	[sentinelpost]=sentinelpost [s3ack]='s3ack --state state.db')
filters="s3list s3fetch logparse sentinelpost s3ack"

for f in $filters; do
	cd "$dir" || exit
	rm -f state.db*
	in=${input[$f]}
	# shellcheck disable=SC2206 # split on purpose
	cmd=(${run[$f]})
	"${cmd[@]}" <"$in" >out 2>err
	is $? 0 "$f: good input ends with 0"
	is "$(cat err)" "" "$f: and without a word"
	is "$(tail -n 1 out | jq -c '.done | [.stage, .exit]')" "[\"$f\",0]" "$f: its done line is the last"
	is "$(jq -c . out 2>&1 | wc -l)" "$(wc -l <out)" "$f: each line is JSON"

	"$f" --help >out 2>err
	is "$? $(wc -c <err)" "0 0" "$f: --help"
	like "$(cat out)" "usage: $f " "$f: --help tells the usage"
	like "$("$f" --version)" "^$f \(logbridge\) [0-9.]+$" "$f: --version"
	"$f" --help >/dev/full 2>/dev/null
	is $? 74 "$f: --help to a full disk is 74"
	"$f" --no-such-option </dev/null >out 2>err
	is "$? $(jq -c '.done.exit' out)" "64 64" "$f: an unknown option is 64, in its done line too"
	like "$(cat err)" "no-such-option" "$f: and is named"
	"${cmd[@]}" --jobs 2>/dev/null >/dev/null <"$in"
	is $? 64 "$f: an option where operands stand is 64"

	rm -f state.db*
	"${cmd[@]}" <"$in" >/dev/full 2>err
	is $? 74 "$f: a full disk is 74"
	like "$(cat err)" "cannot write standard output" "$f: and is told"
	(ulimit -f 0; exec "${cmd[@]}" <"$in" >out 2>/dev/null)
	is $? 74 "$f: a file at its size limit is 74, no death by a signal"
	[ "$f" = s3ack ] || { (ulimit -f 0; "${cmd[@]}" <"$in"; echo $?) 2>err | tail -n 1 | cat; } | grep -qx 0
	ok "$f: that no file may be written (LimitFSIZE=0) does not matter to a pipe"
	"${cmd[@]}" <"$in" >&- 2>/dev/null
	is $? 74 "$f: a closed standard output is 74"
	"${cmd[@]}" <"$in" 2>&- >out
	is $? 0 "$f: a closed standard error is nothing"
	cd - >/dev/null || exit
done

# A reader that leaves: the filter dies of SIGPIPE (141), without a word.
{
	s3list s3://logs/ 2>"$dir/err"
	echo $? >"$dir/rc"
} | head -n 1 >/dev/null
is "$(cat "$dir/rc" "$dir/err")" 141 "s3list: a reader that left"
for i in $(seq 400); do cat "$dir/listed"; done | {
	s3fetch 2>"$dir/err"
	echo $? >"$dir/rc"
} | head -n 1 >/dev/null
is "$(cat "$dir/rc" "$dir/err")" 141 "s3fetch: a reader that left"
for f in logparse sentinelpost s3ack; do
	yes '{"some":"thing"}' | head -n 300000 | {
		"$f" 2>"$dir/err"
		echo $? >"$dir/rc"
	} | head -n 1 >/dev/null
	is "$(cat "$dir/rc" "$dir/err")" 141 "$f: a reader that left"
done
# It is noticed while there is nothing to write, too.
for f in s3fetch logparse sentinelpost s3ack; do
	mkfifo "$dir/in"
	{
		"$f" <"$dir/in" 2>"$dir/err"
		echo $? >"$dir/rc"
	} | true &
	exec 7>"$dir/in"
	wait $!
	exec 7>&-
	is "$(cat "$dir/rc" "$dir/err")" 141 "$f: a reader that left while idle"
	rm -f "$dir/in"
done

# Input of other kinds.
for f in s3fetch logparse sentinelpost; do
	: | "$f" >"$dir/out" 2>"$dir/err"
	is "$? $(jq -c .done.exit "$dir/out") $(cat "$dir/err")" "0 0 " "$f: empty input is fine"
done
: | s3ack >/dev/null 2>&1
is $? 75 "s3ack: empty input lacks the done line"
for f in s3fetch logparse sentinelpost s3ack; do
	printf 'plain text\nmore of it\n' | "$f" --log-format text >/dev/null 2>"$dir/err"
	is $? 65 "$f: input that is not the wire is 65"
	like "$(cat "$dir/err")" "hint:" "$f: with a hint"
	printf '{"some":"thing"}\n%s' "$done_line" | "$f" >"$dir/out" 2>/dev/null
	is "$(head -n 2 "$dir/out")" "$(printf '{"some":"thing"}\n%s' "$done_line")" \
		"$f: passes on what it does not know, and a last line that lacks its newline"
	for code in 65 69 70 75 77 78; do
		printf '{"done":{"stage":"before","exit":%d}}\n' $code | "$f" >"$dir/out" 2>/dev/null
		is "$? $(tail -n 1 "$dir/out" | jq .done.exit)" "$code $code" "$f: passes on exit $code from before"
	done
	# What a killed neighbour left of its last line is no line: it goes nowhere.
	printf '%s\n{"id":"%s","n":0,"table":"T","row":{"a' "$done_line" "$oid" |
		"$f" --log-format text >"$dir/out" 2>"$dir/err"
	is "$? $(jq -c .done.stage "$dir/out" | paste -sd' ')" "75 \"before\" \"$f\"" "$f: input that stops inside a line is 75"
	is "$(cat "$dir/err")" "$f: warning: the input stops inside line 2" "$f: and its place is told"
	{
		printf '{"x":"'
		head -c 9000000 /dev/zero | tr '\0' x
		printf '"}\n%s\n' "$done_line"
	} | "$f" --log-format text >/dev/null 2>"$dir/err"
	is $? 65 "$f: a line over 8 MiB is 65"
	like "$(cat "$dir/err")" "line 1" "$f: and its place is told"
done

# Who has nothing to fetch needs no credentials: rows that are replayed.
env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY s3fetch <"$dir/parsed" >"$dir/out" 2>"$dir/err"
is "$? $(grep -c '"row":' "$dir/out")" "0 $(grep -c '"row":' "$dir/parsed")" "s3fetch: rows pass without credentials"
env -u AWS_ACCESS_KEY_ID s3fetch s3://logs/x >/dev/null 2>"$dir/err"
is $? 77 "s3fetch: but nothing is fetched"

# Rows alone: what is missing from them shows in the exit code.
gzip -c "$dir/listed" | head -c 300 >"$dir/torn.gz"
logparse --rows "$dir/torn.gz" >/dev/null 2>"$dir/err"
is $? 65 "logparse --rows: a torn file is 65"
printf '{"v":1,"id":"%s","object":%s}\n{"id":"%s","error":{"stage":"s3fetch","code":"BadGzip","retry":false,"message":"m"}}\n' \
	"$oid" "$object" "$oid" | logparse --log-format text --rows >/dev/null 2>"$dir/err"
is "$? $(grep -c BadGzip "$dir/err")" "65 1" "logparse --rows: so is an object that could not be fetched"

# A name server that knows nothing: waited out, until --give-up.
for f in s3list s3fetch; do
	LB_CLOCK_SPEED=100 AWS_ENDPOINT_URL_S3=https://no-such-host.invalid \
		"$BUILD/testbin/$f" --log-format text --give-up 30s s3://logs/AWSLogs/x >"$dir/out" 2>"$dir/err"
	is "$? $(tail -n 1 "$dir/out" | jq .done.exit)" "69 69" "$f: a host that is not found is 69 after --give-up"
	like "$(cat "$dir/err")" "no-such-host.invalid" "$f: and is named"
done

# Signals: the first lets input come to its end, or stops after --stop-within.
for f in logparse sentinelpost s3ack; do
	mkfifo "$dir/in"
	# Whoever starts it may have blocked the signal.
	env --block-signal=TERM "$f" --stop-within 1ms <"$dir/in" >"$dir/out" 2>/dev/null &
	pid=$!
	exec 7>"$dir/in"
	printf '%s\n' "$done_line" >&7
	until_catches "$pid"
	kill "$pid"
	wait "$pid"
	rc=$?
	exec 7>&-
	rm -f "$dir/in"
	is "$rc $(tail -n 1 "$dir/out" | jq -r .done.stage)" "75 $f" "$f: SIGTERM ends it after --stop-within with 75"
done

for f in logparse sentinelpost s3ack; do
	mkfifo "$dir/in"
	"$f" <"$dir/in" >/dev/null 2>&1 &
	pid=$!
	exec 7>"$dir/in"
	until_catches "$pid"
	at_once "$pid"
	until_taken "$pid"
	kill -0 "$pid"
	ok "$f: two signals at once are one"
	kill "$pid"
	wait "$pid"
	is $? 143 "$f: a second one ends it at once"
	exec 7>&-
	rm -f "$dir/in"
done

# s3ack commits what it reads even when nobody reads it.
receipt="{\"id\":\"$oid\",\"receipt\":{\"to\":\"h/dcr-1\",\"status\":\"delivered\",\"format\":\"x/1\",\"records\":1,\"rows\":1,\"filtered\":0,\"dead\":0,\"through\":1},\"object\":$object}"
printf '%s\n%s\n' "$receipt" "$done_line" | s3ack --state "$dir/a.db" >/dev/full 2>/dev/null
is $? 74 "s3ack: a full disk is 74"
printf '%s\n%s\n' "$receipt" "$done_line" | s3ack --state "$dir/b.db" >&- 2>/dev/null
for db in a b; do
	is "$(sqlite3 "$dir/$db.db" 'select count(*) from objects')" 1 "s3ack: the receipt is in the state all the same"
done
tap_done
