#!/usr/bin/env bash
# s3ack: what receipts do to the state and to the exit code, and in which order
# things become true.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/signals.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/s3ack.XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit

# receipt KEY STATUS [MEMBERS [FETCH]]: a receipt line; MEMBERS go into it.
receipt() {
	local id
	id=$(printf 's3\0b\0%s\0e' "$1" | sha256sum)
	printf '{"id":"%s-%s","receipt":{"to":"h/dcr-1","status":"%s","format":"x/1"%s},"object":{"store":"s3","bucket":"b","key":"%s","size":9,"etag":"e","modified":"2026-11-20T10:00:00Z"}}\n' \
		"${id:0:16}" "${4:-0001}" "$2" "${3:+,$3}" "$1"
}
done_line='{"done":{"stage":"sentinelpost","exit":0}}'
finished() { echo "$done_line"; }

# done_of NAME: that number of s3ack's done line, the last of out; without jq,
# whose start takes longer than all the rest.
done_of() { tail -n 1 out | sed -nE 's/^\{"done":\{"stage":"s3ack",.*"'"$1"'":([0-9]+)[,}].*/\1/p'; }

# ack [OPTION ...]: one run; leaves $rc, out, err.
ack() {
	s3ack --log-format text "$@" >out 2>err
	rc=$?
}
sql() { sqlite3 -cmd '.timeout 10000' "${2:-s.db}" "$1"; }
status() { sql "select status from objects where key = '$1'"; }
fresh() { rm -f s.db*; }

# ---- Lines ----

{
	receipt a delivered
	echo '{"later":[1, 2.50, "\u00e9"]}'
	receipt c gone
	printf '%s' "$done_line"
} >in
ack --state s.db <in
is $rc 0 "delivered and gone are settled"
is "$(head -n 4 out)" "$(cat in)" "all lines are passed on in order, byte by byte"
is "$(tail -n 1 out | jq -c '.done | [.exit, .receipts, .delivered, .gone, .refused]')" "[0,2,1,1,0]" \
	"the done line counts"
is "$(status a) $(status c)" "delivered gone" "the state has them"
is "$(stat -c %a s.db)" 600 "the state has mode 600"
is "$(sql "select etag, size, modified from objects where key = 'a'")" "e|9|2026-11-20 10:00:00" \
	"and what the object lines said"
{ receipt a delivered && printf '\n \t\r\n' && finished | sed 's/$/\r/'; } >blank
ack --state s.db <blank
is "$rc $(head -n 4 out | cmp - blank 2>&1)" "0 " "blank lines say nothing, and a carriage return is a space"
ack <in
is "$rc $(head -n 4 out)" "0 $(cat in)" "without --state lines are passed on all the same"
fresh

# ---- Exit codes: the receipts of one object, in order ----

# ends CODE NAME KEY-STATUS RECEIPT-STATUS/MEMBERS ...
ends() {
	local want=$1 name=$2 in_state=$3 r n=0
	shift 3
	fresh
	for r; do
		n=$((n + 1))
		receipt k "${r%%/*}" "${r#*/}" "000$n"
	done >in
	finished >>in
	ack --state s.db <in
	is "$rc $(done_of exit) $(status k)" "$want $want $in_state" "$name"
}
ends 0 "delivered" delivered delivered/
ends 75 "failed" failed 'failed/"reason":"missing-rows"'
ends 75 "partial" partial 'partial/"through":5'
ends 0 "partial, then delivered" delivered 'partial/"through":5' delivered/
ends 0 "failed, then delivered" delivered failed/ delivered/
ends 0 "delivered, then failed: settled is settled" delivered delivered/ failed/
ends 65 "delivered with dead records" delivered 'delivered/"dead":2'
ends 65 "delivered as a dead letter" delivered 'delivered/"dead_object":true'
ends 75 "dead records of what is not settled" partial 'partial/"dead":2'
ends 0 "gone, then delivered by another" delivered gone/ delivered/
ends 75 "five failures quarantine" quarantined failed/ failed/ failed/ failed/ failed/
like "$(cat err)" "error: 's3://b/k' failed 5 times" "which is told with the object's name"
like "$(cat err)" "hint:.*--forget" "and what to do"
ends 75 "five that do not count leave it" failed 'failed/"try":false' 'failed/"try":false' \
	'failed/"reason":"error","code":"AccessDenied"' 'failed/"http":503' 'failed/"reason":"Unavailable"'
like "$(cat err)" "warning: 's3://b/k' is not settled: Unavailable" "each is told with its reason"
ends 75 "through does not go back" partial 'partial/"through":9' 'partial/"through":4'
is "$(sql "select through, format from objects")" "9|x/1" "it stays where it was"
fresh

{ finished; receipt k delivered; } >in
ack --state s.db <in
is "$rc $(status k)" "75 delivered" "a receipt after the last done line: the stage before was killed"
receipt k delivered >in
ack --state s.db <in
is $rc 75 "no done line at all"
like "$(cat err)" "without its done line" "is told"
fresh

# sentinelpost passes on the done lines of those before it while requests are
# under way; killed then, it leaves no line of its own.
{
	receipt k delivered
	for stage in s3list s3fetch logparse; do echo "{\"done\":{\"stage\":\"$stage\",\"exit\":0}}"; done
} >in
ack --state s.db <in
is "$rc $(status k)" "75 delivered" "done lines of stages before the destination are not enough"
like "$(cat err)" "no destination said that it was done" "which is told"
finished >>in
ack --state s.db <in
is $rc 0 "its own is"
{ receipt k delivered; echo '{"done":{"stage":"splunkpost","exit":0}}'; } >in
ack --state s.db <in
is $rc 0 "whatever its name"
fresh

# ---- Two destinations ----

{
	receipt k delivered
	receipt k partial '"through":3' | sed 's/dcr-1/dcr-2/'
	finished
} >in
ack --state s.db --need 2 <in
is "$rc $(status k) $(sql 'select through from objects')" "75 partial 3" "--need 2: one has it, one has begun"
{ receipt k delivered | sed 's/dcr-1/dcr-2/'; finished; } >in
ack --state s.db --need 2 <in
is "$rc $(status k)" "0 delivered" "and now both"
fresh

# The other arm's receipts come to another s3ack, while this one works.
mkfifo arm
s3ack --state s.db --need 2 <arm >one 2>err &
pid=$!
exec 7>arm
receipt k delivered >&7
receipt l delivered >&7
passed_two() { [ "$(wc -l <one)" -ge 2 ]; }
until_true passed_two
{ receipt k delivered | sed 's/dcr-1/dcr-2/'; finished; } >in
ack --state s.db --need 2 <in
is "$rc $(status k) $(status l)" "0 delivered partial" "--need 2, the arm that is second: what it has is settled"
{ receipt l delivered | sed 's/dcr-1/dcr-2/'; finished; } >in
ack --state s.db --need 2 <in
finished >&7
exec 7>&-
wait $pid
is "$? $(jq -c 'select(.done.stage == "s3ack").done.exit' one) $(status l)" "0 0 delivered" \
	"the arm that was first knows at its end what the other has settled"
rm arm
fresh
{ receipt k delivered; receipt k delivered; finished; } >in
ack --state s.db --need 2 <in
is "$rc $(status k)" "75 partial" "one that says it twice is still one"
ack --need 2 <in
is $rc 64 "--need without --state is wrong usage"
ack --state s.db --need 0 <in
is $rc 64 "so is --need 0"
ack --state s.db --name '' <in
is $rc 64 "and an empty name"
{ receipt k delivered; finished; } >in
ack --state s.db --name other <in
is "$rc $(sql "select group_concat(pipeline || ':' || status, ' ') from (select * from objects order by pipeline)")" \
	"0 default:partial other:delivered" "pipelines share a file"
fresh

# ---- Receipts that are none ----

{ receipt k delivered | sed 's/"key":"k"/"key":"other"/'; receipt l delivered; finished; } >in
ack --state s.db <in
is "$rc $(sql 'select group_concat(key) from objects')" "70 l" "the id of another object: refused, exit 70"
is "$(wc -l <out) $(grep -c other out)" "3 0" "and not passed on"
like "$(cat err)" "receipt on line 1 refused: its id is that of another object" "its place is told"
fresh
{ receipt k finished; receipt l delivered; finished; } >in
ack --state s.db <in
is "$rc $(sql 'select group_concat(key) from objects') $(done_of refused)" "65 l 1" \
	"a status that is none: refused, exit 65"
{ receipt k delivered | jq -c 'del(.object)'; finished; } >in
ack --state s.db <in
is "$rc $(wc -l <out)" "65 2" "no object: refused"
fresh

# counts NAME STATUS MEMBERS [WANT]: a receipt whose counts say something wrong.
counts() {
	{ receipt k "$2" "$3"; receipt l delivered; finished; } >in
	ack --state s.db <in
	is "$rc $(sql "select group_concat(key) from objects where status <> 'failed'") $(grep -c '"key":"k"' out)" "${4:-70 l 0}" "$1"
	fresh
}
counts "more records than rows, filtered and dead: refused" delivered '"records":9,"rows":7,"filtered":0,"dead":1,"through":9'
like "$(cat err)" "receipt on line 1 refused: its counts do not add up" "it is told which"
counts "fewer" delivered '"records":9,"rows":10,"filtered":0,"dead":0,"through":9'
counts "counts that overflow" delivered \
	'"records":9,"rows":18446744073709551615,"filtered":10,"dead":0,"through":9'
counts "delivered, but not all of it settled" delivered '"records":9,"rows":9,"filtered":0,"dead":0,"through":8'
counts "settled beyond its records" partial '"records":9,"rows":9,"filtered":0,"dead":0,"through":10'
counts "counts that add up" delivered '"records":9,"rows":5,"filtered":3,"dead":1,"through":9' "65 k,l 1"
counts "with those that were skipped" delivered '"records":9,"rows":5,"filtered":0,"dead":0,"through":9,"skipped":4' "0 k,l 1"
counts "a failed one may miss rows" failed '"records":9,"rows":5,"filtered":0,"dead":0,"through":5' "75 l 1"
{ receipt k delivered '"records":9,"rows":5,"filtered":0,"dead":0,"through":9' | sed 's/"size":9/"size":9,"skip":4/'; finished; } >in
ack --state s.db <in
is "$rc $(status k)" "0 delivered" "skip of the object line stands in for skipped"
fresh
id=$(printf 's3\0b\0\377\0e' | sha256sum | cut -c1-16)
{
	printf '{"id":"%s-0001","receipt":{"status":"delivered"},"object":{"store":"s3","bucket":"b","key64":"/w==","etag":"e"}}\n' "$id"
	finished
} >in
ack --state s.db <in
is "$rc $(sql 'select hex(key) from object')" "0 FF" "a key that is not UTF-8"
fresh

# Objects of other stores: a file that logparse read, an object of a stage.
id=$(printf 'file\0\0/var/log/x.gz\0e' | sha256sum | cut -c1-16)
{
	printf '{"id":"%s-0001","receipt":{"to":"t","status":"failed","reason":"error"},"object":{"store":"file","bucket":"","key":"/var/log/x.gz","etag":"e"}}\n' "$id"
	finished
} >in
ack --state s.db <in
is "$rc $(s3list --state s.db --show | jq -c 'select(.key) | [.store, .bucket, .key, .state.is]')" \
	'75 ["file","","/var/log/x.gz","waiting"]' "a file's receipt is kept as such, and --show says so"
is "$(s3list --state s.db --forget '/var/*' | jq -c .done.forgotten)" 1 "and can be freed"
id=$(printf 'gs\0b\0k\0e' | sha256sum | cut -c1-16)
printf '{"id":"%s-0001","receipt":{"to":"t","status":"failed"},"object":{"store":"gs","bucket":"b","key":"k","etag":"e"}}\n' "$id" >in
ack --state s.db <in
is "$(s3list --state s.db --show s3://b/ | jq -c 'select(.done).done.shown') $(s3list --state s.db --show --include k | jq -c 'select(.done).done.shown')" "0 1" \
	"a bucket of another store is another bucket"
fresh

# ---- What is passed on is on the disk ----

# Input that stays open while we look.
mkfifo pipe
rm -f out
s3ack --state s.db <pipe >out 2>err &
pid=$!
exec 7>pipe
receipt a delivered >&7
until_true test -s out
is "$(wc -l <out) $(status a)" "1 delivered" "a receipt comes out at once, and is in the state then"
kill -9 $pid
wait $pid 2>/dev/null
exec 7>&-
is "$(status a) $(sql 'pragma integrity_check')" "delivered ok" "kill -9 changes nothing about it"
fresh

# A reader that leaves: what is in the pipe by then is entered.
exec 7<>pipe
for i in $(seq 100); do receipt "k$i" delivered; done >&7
{
	s3ack --state s.db <pipe 2>err
	echo $? >rc
} | true
is "$(cat rc err) $(sql 'select count(*) from objects')" "141 100" \
	"the reader has left: 100 receipts are entered, then SIGPIPE"
exec 7>&-
fresh

# A reader that stays and reads nothing: SIGTERM is obeyed all the same.
mkfifo unread
python3 -c 'print(("{\"some\":\"" + "x" * 300000 + "\"}\n") * 4, end="")' >in
receipt k delivered >>in
s3ack --state s.db --stop-within 1ms <in >unread 2>err &
pid=$!
exec 8<>unread
until_true full 8
kill $pid
wait $pid
is $? 75 "standard output that nobody reads: SIGTERM ends it after --stop-within"
like "$(cat err)" "took nothing more" "it says so"
exec 8<&-
rm unread
fresh

# Input that never pauses: SIGTERM is obeyed too.  The clock runs fast, for both
# work without a pause until then.
mkfifo busy
yes "$(receipt k delivered)" >busy 2>yes.err &
yes=$!
LB_CLOCK_SPEED=20 "$BUILD/testbin/s3ack" --state s.db --stop-within 1ms <busy >/dev/null 2>err &
pid=$!
entered() { [ "$(status k 2>/dev/null)" = delivered ]; }
until_true entered
kill $pid
wait $pid
is $? 75 "input without a pause: SIGTERM ends it after --stop-within"
wait $yes 2>/dev/null
rm busy
fresh

python3 - >in <<'PY'
import hashlib
for n in range(3000):
    h = hashlib.sha256(b"s3\0b\0k%d\0e" % n).hexdigest()[:16]
    print('{"id":"%s-0001","receipt":{"status":"delivered"},"object":'
          '{"store":"s3","bucket":"b","key":"k%d","etag":"e"}}' % (h, n))
PY
finished >>in
ack --state s.db <in
is "$rc $(sql 'select count(*) from objects') $(head -n 3001 out | cmp - in && echo same)" "0 3000 same" \
	"several transactions, nothing lost between them"
fresh

# Standard output is lost: what comes without a pause is entered all the same.
for lost in /dev/full closed; do
	if [ $lost = closed ]; then
		cat in | s3ack --state s.db >&- 2>err
	else
		cat in | s3ack --state s.db >$lost 2>err
	fi
	is "$? $(sql 'select count(*) from objects')" "74 3000" "$lost standard output: 74, and all receipts are entered"
	fresh
done

# ---- What is old is forgotten ----

# old N: an s3list that looks back an hour, and receipts for N objects of 2026-11-20.
s3list_since() { AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y s3list --endpoint http://127.0.0.1:1 --give-up 0s --state s.db "$@" s3://b/ >/dev/null 2>&1; }
sed 's/"etag":"e"/&,"modified":"2020-01-01T00:00:00Z"/' in >old
s3list_since --since 1h
ack --state s.db --metrics metrics <old
is "$rc $(sql 'select count(*) from objects')" "0 0" "3,000 objects older than any look-back window are forgotten in one run"
like "$(cat metrics)" 'logbridge_state_pruned_total\{stage="s3ack"\} 3000' "and counted"
fresh
[ "$(s3list --endpoint http://127.0.0.1:1 --give-up 0s --state s.db --since 1h s3://b/ 2>&1 >/dev/null | grep -c 'are given again')" = 0 ]
ok "a look-back within what is kept is no warning"
s3list_since --since 1h
ack --state s.db <old
like "$(AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=y s3list --log-format text --endpoint http://127.0.0.1:1 --give-up 0s --state s.db --since 2019-01-01 s3://b/ 2>&1)" \
	"objects modified before 20.* are no longer in the state and are given again" "an earlier --since is told what was forgotten"
fresh
s3list_since
ack --state s.db <old
is "$rc $(sql 'select count(*) from objects')" "0 3000" "without --since nothing is"
fresh
s3list_since --since 1h
s3list_since --name other
ack --state s.db --name other <old
is "$rc $(sql 'select count(*) from objects')" "0 3000" "another pipeline's window does not matter"
fresh
s3list_since --since 1h
sed 's/"delivered"/"partial"/' old >open
ack --state s.db <open
is "$rc $(sql 'select count(*) from objects')" "75 3000" "what is not settled is kept"
fresh

# It is forgotten beside the work too: idle, and with a clock that runs fast.
s3list_since --since 1h
mkfifo idle
LB_CLOCK_SPEED=600 "$BUILD/testbin/s3ack" --state s.db <idle >/dev/null 2>err &
pid=$!
exec 7>idle
head -n 100 old >&7
forgotten() { [ "$(sql 'select pruned > 0 from pipeline')" = 1 ] && [ "$(sql 'select count(*) from objects')" = 0 ]; }
until_true forgotten
kill -0 $pid
is "$? $(sql 'select count(*) from objects')" "0 0" "an s3ack that waits for input forgets what is old"
exec 7>&-
wait $pid
rm idle
fresh

# ---- Odd ends of input and output ----

ack --state '' <in
is $rc 64 "an empty name of a state is wrong usage"
ack --state s.db </
is $rc 74 "input that cannot be read is 74"
like "$(cat err)" "cannot read standard input" "and told"
{ receipt k delivered | jq -c 'del(.receipt.to)'; finished; } >one
ack --state s.db --need 2 <one
is "$rc $(done_of refused)" "65 1" "--need counts destinations: a receipt that names none is refused"
ack --state s.db <one
is $rc 0 "else it will do"
reason=$(printf '\303\244%.0s' $(seq 400))
{ receipt k2 failed "\"reason\":\"$reason\""; finished; } >one
ack --state s.db <one
is "$(sql "select reason from objects where key = 'k2'")" "${reason:0:512}" "a long reason is kept in part, cut between characters"
for bad in '"reason":7' '"reason":"x","http":"no"' '"through":1.5' '"dead":-1'; do
	{ receipt k3 failed "$bad"; finished; } >one
	ack --state s.db <one
	is "$rc $(done_of refused)" "65 1" "$bad: refused"
done
{ receipt "$(printf 'k%.0s' $(seq 9000))" delivered; finished; } >one
ack --state s.db <one
is "$rc $(done_of refused)" "65 1" "a key longer than any: refused"
fresh
# A reader that leaves while it is waited for.
mkfifo unread
yes '{"some":"line of the wire that is not empty"}' | head -n 20000 >one
s3ack --state s.db <one >unread 2>err &
pid=$!
exec 8<>unread
until_true full 8
exec 8<&-
wait $pid
is "$? $(cat err)" "141 " "a reader that leaves a full pipe"
rm unread
fresh

# ---- A state that fails ----

ack --state no/such/folder/s.db <in
is "$rc $(wc -l <out) $(done_of exit)" "78 1 78" "no folder: 78, nothing is passed on"
like "$(cat err)" "hint: its folder must be there" "with a hint"
head -c 9000 /dev/zero | tr '\0' x >s.db
ack --state s.db <in
is "$rc $(wc -l <out)" "78 1" "no database: 78"
fresh
(
	ulimit -f 100
	ack --state s.db <in
	echo "$rc" >rc
)
is "$(cat rc)" 74 "no room: 74"
like "$(cat err)" "hint: .*nothing was marked done" "with a hint"
passed=$(grep -c '"receipt":{' out)
[ "$passed" -le "$(sql 'select count(*) from objects')" ]
ok "what was passed on is in the state"
ack --state s.db <in
is "$rc $(sql 'select count(*) from objects')" "0 3000" "with room again all goes in"
is "$(find . -name 's.db-s3ack-*.lock' | wc -l)" 1 "one lock file beside it"
fresh

# ---- Signals ----

# ready: start s3ack on the pipe and see a line go through it.
ready() {
	rm -f out # the shell makes it anew when the pipe opens, not before
	s3ack --state s.db "$@" <pipe >out 2>err &
	pid=$!
	exec 7>pipe
	echo '{"ready":1}' >&7
	until_true test -s out
}
ready
kill $pid
{ receipt k delivered; finished; } >&7
exec 7>&-
wait $pid
is "$? $(status k)" "0 delivered" "after SIGTERM it goes on to the end of input"
fresh
ready --stop-within 1ms
receipt k delivered >&7
finished >&7
kill $pid
wait $pid
is "$? $(tail -n 1 out | jq -c '[.done.stage, .done.exit]')" '75 ["s3ack",75]' "or until --stop-within"
exec 7>&-
fresh
ready
kill $pid
while kill $pid 2>/dev/null; do sleep 0.05; done
wait $pid
is $? 143 "a second signal ends it at once"
exec 7>&-
fresh

# ---- Metrics ----

{ receipt a delivered '"records":7,"rows":6,"dead":1'; receipt b failed; finished; } >in
ack --state s.db --metrics metrics <in
like "$(cat metrics)" 'logbridge_receipts_total\{stage="s3ack",status="delivered"\} 1' "metrics count receipts"
like "$(cat metrics)" 'logbridge_records_dead_total\{stage="s3ack"\} 1' "and dead records"
ack --state s.db --metrics no/such/file <in
is "$rc $(done_of failed)" "74 1" "a metrics file that cannot be written is 74, at the end"
tap_done
