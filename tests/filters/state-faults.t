#!/usr/bin/env bash
# The state file when things go wrong: no room, no right to write, damage, other
# versions, writers in the way, and being killed at any moment.  What s3ack has
# passed on is in the state, always; and what is not is given again.
#	STATE_KILLS=30 STATE_SEED=1 tests/filters/state-faults.t
set -u
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
command -v python3 >/dev/null || skip_all "python3 is not installed"
receipts_py=$PWD/tests/lib/receipts.py
kills=${STATE_KILLS:-30}
RANDOM=${STATE_SEED:-1}
tmp=$(mktemp -d "${TMPDIR:-/tmp}/state-faults.XXXXXX") || exit 99
cleanup() {
	s3sim_stop
	# shellcheck disable=SC2046 # several
	kill -9 $(jobs -p) 2>/dev/null
	umount "$tmp/small" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT
s3sim_start --bucket logs || exit 99
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
cd "$tmp" || exit 99
s3sim_control fill '{"bucket":"logs","prefix":"w/","count":3000,"size":1}' >/dev/null
s3list s3://logs/w/ >listed
python3 "$receipts_py" delivered <listed >receipts

# ack: s3ack on $in (receipts); leaves acked, err, rc.
ack() {
	rc=0
	s3ack --log-format text --state "${db:-s.db}" <"${in:-receipts}" >acked 2>err || rc=$?
}
list() {
	rc=0
	s3list --log-format text --state "${db:-s.db}" s3://logs/w/ >out 2>err </dev/null || rc=$?
}
given() { tail -n 1 out | jq -c .done.objects; }
passed() { grep -c '"receipt":{' acked; }
sql() { sqlite3 -cmd '.timeout 20000' "${db:-s.db}" "$1"; }
fresh() { rm -f s.db*; }
# sound: is the file whole, and is all in it that was passed on?
sound() {
	[ "$(sql 'pragma integrity_check')" = ok ] &&
		[ -z "$(comm -23 <(jq -r 'select(.receipt).object.key' acked 2>/dev/null | sort) \
			<(sql 'select key from objects where status = '\''delivered'\' | sort) | head -n 1)" ]
}

### Another process writes for long: waited for (30 s), then 75
# It begins here and is looked at in the end.
s3list --state busy.db --show >/dev/null
mkfifo hold
sqlite3 busy.db <hold >held.out 2>&1 &
exec 6>hold
echo "begin immediate; select 'held';" >&6
until_true test -s held.out
s3ack --log-format text --state busy.db <receipts >busy.acked 2>busy.err &
busy=$!

### Kill -9 of s3ack
alive=0 lost=0
for _ in $(seq "$kills"); do
	fresh
	s3ack --state s.db <receipts >acked 2>/dev/null &
	pid=$!
	sleep "0.$(printf %03d $((RANDOM % 60)))"
	kill -9 $pid 2>/dev/null && alive=$((alive + 1))
	wait $pid 2>/dev/null
	[ -e s.db ] || continue
	s3list --state s.db --show >/dev/null 2>&1 # makes the schema, should that be missing
	sound || lost=$((lost + 1))
done
is $lost 0 "kill -9 of s3ack at $kills moments (seed ${STATE_SEED:-1}): a sound state, with all that was passed on"
[ $alive -gt 0 ]
ok "$alive of them were in its work"
before=$(sql 'select count(*) from objects')
list
is "$rc $(given)" "0 $((3000 - before))" "the next listing gives what is not in it"
ack
is "$rc $(sql 'select count(*) from objects')" "0 3000" "and the next s3ack completes it"

### Kill -9 of s3list, with its lock and its reading
lost=0
for _ in $(seq "$kills"); do
	s3list --state s.db s3://logs/ >out 2>/dev/null </dev/null &
	pid=$!
	sleep "0.$(printf %03d $((RANDOM % 40)))"
	kill -9 $pid 2>/dev/null
	wait $pid 2>/dev/null
	[ "$(sql 'pragma integrity_check')" = ok ] || lost=$((lost + 1))
done
list
is "$lost $rc $(given)" "0 0 0" "kill -9 of s3list: the state is sound, and no lock is left"
fresh

### Kill between what s3ack does, one after the other
if strace -o /dev/null true 2>/dev/null; then
	# A traced program cannot be looked through for leaks.
	leaks=${ASAN_OPTIONS:-}
	[ -z "$leaks" ] || export ASAN_OPTIONS=$leaks:detect_leaks=0
	# Each of them ends by the first call of that kind after the state is open.
	traced() {
		{
			strace -f -qq -o trace -e inject="$1" -e trace="${1%%:*}" "${@:2}" s3ack --state s.db <one >acked 2>err
			rc=$?
		} 2>/dev/null # the shell's word on who was killed
	}
	head -n 1 receipts >one
	echo '{"done":{"stage":"destination","exit":0}}' >>one
	in=one ack # how often is synced in all?
	fresh
	strace -f -qq -o trace -e trace=fdatasync,fsync s3ack --state s.db <one >acked 2>err
	syncs=$(grep -c 'sync(' trace)
	[ "$syncs" -gt 2 ]
	ok "a receipt takes syncs of the state"
	fresh
	wrong=0 without=0 with=0
	for n in $(seq "$syncs"); do
		fresh
		traced "fdatasync,fsync:signal=KILL:when=$n"
		s3list --state s.db --show >/dev/null 2>&1
		sound || wrong=$((wrong + 1))
		[ "$(sql 'select count(*) from objects')" = 1 ] && with=$((with + 1)) || without=$((without + 1))
	done
	is $wrong 0 "killed at each sync in turn: the state is sound, nothing is passed on that is not in it"
	[ $without -gt 0 ]
	ok "before the commit nothing is acknowledged ($without times, $with after it)"
	fresh
	in=one ack
	fresh
	s3list --state s.db --show >/dev/null
	traced "write:signal=KILL:when=1" -P "$PWD/acked" # not what it makes its sandbox with
	is "$rc $(passed) $(sql 'select count(*) from objects')" "137 0 1" "killed after the commit, before it passes on: it is settled all the same"
	list
	is "$rc $(given)" "0 2999" "and not given again"
	wrong=0
	for n in $(seq "$syncs"); do
		fresh
		traced "fdatasync,fsync:error=EIO:when=$n"
		s3list --state s.db --show >/dev/null 2>&1
		if sound; then
			# A sync of what is not the state itself (its folder) may fail.
			[ $rc = 74 ] && [ "$(passed)" = 0 ] || [ "$rc" = 0 ] || wrong=$((wrong + 1))
		else
			wrong=$((wrong + 1))
		fi
	done
	is $wrong 0 "a disk that fails at each sync in turn: 74, and nothing is passed on that is not in the state"
	fresh
	[ -z "$leaks" ] || export ASAN_OPTIONS=$leaks
else
	skip "strace is not usable" "killed, or failing, at each sync"
fi

### No room
if mkdir small && mount -t tmpfs -o size=4k tmpfs small 2>/dev/null; then
	umount small
	stopped=0 wrong=0
	for size in 4 20 60 100 150 200 250; do
		mount -t tmpfs -o size=${size}k tmpfs small
		db=small/s.db ack
		if [ $rc = 74 ]; then
			stopped=$((stopped + 1))
			grep -q 'hint: .*nothing was marked done' err || wrong=$((wrong + 1))
		fi
		# What is read back must not need room itself: elsewhere.
		cp small/s.db s.db && cp small/s.db-wal s.db-wal 2>/dev/null
		if [ "$(passed)" -gt 0 ]; then sound || wrong=$((wrong + 1)); fi
		fresh
		mount -o remount,size=8m small
		db=small/s.db ack
		[ "$rc $(db=small/s.db sql 'select count(*) from objects')" = "0 3000" ] || wrong=$((wrong + 1))
		umount small
	done
	is $wrong 0 "a full disk: 74, what was passed on is in the state, with room again all goes in"
	[ $stopped -ge 4 ]
	ok "$stopped sizes were too small"
	mount -t tmpfs -o size=8m tmpfs small
	ack # a state that is whole, then no room at all
	cp s.db small/s.db
	fresh
	head -c 16m /dev/zero >small/filler 2>/dev/null
	db=small/s.db list
	is "$rc $(tail -n 1 out | jq .done.exit)" "74 74" "s3list, which notes how far it looks back, is 74 too"
	like "$(cat err)" "hint: .*full" "and says so"
	rm small/filler
	db=small/s.db list
	is "$rc $(given)" "0 0" "until there is room"
	umount small
else
	skip "no file system can be mounted" "a full disk"
fi
(
	ulimit -f 40
	db=s.db ack
	echo "$rc" >rc
)
is "$(cat rc) $(passed)" "74 0" "a limit of the file's size is no death by a signal, but 74"
s3list --state s.db --show >out
sound
ok "with a sound state"
fresh

### No right to write
ack
chmod 755 "$tmp"
as_nobody() {
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}
mkdir ro
cp s.db ro/s.db
chmod 444 ro/s.db
chmod 555 ro
sum=$(sha256sum <ro/s.db)
as_nobody s3ack --log-format text --state ro/s.db <receipts >acked 2>err
is "$? $(passed)" "74 0" "a read-only state: s3ack is 74 and passes nothing on"
like "$(cat err)" "hint:.*writable" "with a hint"
as_nobody s3list --log-format text --state ro/s.db s3://logs/w/ >out 2>err </dev/null
is "$? $(grep -c '"key"' out)" "74 0" "s3list, which cannot take its lock, is 74 and gives nothing"
like "$(cat err)" "hint:.*writable" "with a hint"
as_nobody s3list --log-format text --state ro/s.db --forget '*' >out 2>err
is "$?" 74 "--forget is 74"
is "$(sha256sum <ro/s.db)" "$sum" "the file is as it was"
chmod 700 ro
mkdir nothing
chmod 555 nothing
as_nobody s3ack --log-format text --state nothing/s.db <receipts >acked 2>err
is "$? $(passed)" "74 0" "a folder where nothing can be made: 74"
like "$(cat err)" "nothing/s.db': Permission denied" "which is named"
chmod 700 nothing

### Damage
# damaged NAME EXIT: both programs refuse s.db, and leave it as it is.
damaged() {
	local sum code
	sum=$(sha256sum <s.db)
	ack
	code="$rc $(passed)"
	like "$(cat err)" "hint:" "$1: s3ack says what to do"
	list
	is "$code $rc $(grep -c '"key"' out)" "$2 0 $2 0" "$1: $2 for both, nothing passed on, nothing given"
	is "$(sha256sum <s.db)" "$sum" "$1: the file is left as it is"
}
fresh
ack
cp s.db whole.db
head -c 100 /dev/zero | dd of=s.db conv=notrunc status=none
damaged "a header of zeros" 78
cp whole.db s.db
size=$(stat -c %s whole.db)
yes damaged | dd of=s.db bs=4096 seek=1 count=$((size / 4096 - 1)) iflag=fullblock conv=notrunc status=none
damaged "pages of garbage" 74
# damage TABLE: the root of one table or index alone, so that opening goes well.
damage() {
	local root
	cp whole.db s.db
	root=$(sqlite3 whole.db "select rootpage from sqlite_schema where name = '$1'")
	yes damaged | dd of=s.db bs=4096 seek=$((root - 1)) count=1 iflag=fullblock conv=notrunc status=none
}
for table in object sqlite_autoindex_bucket_1; do
	damage $table
	ack
	is "$rc $(passed)" "74 0" "damage in $table: s3ack is 74 and passes nothing on"
	like "$(cat err)" "hint: the state is damaged" "with a hint"
	list
	is "$rc $(grep -c '"key"' out) $(tail -n 1 out | jq .done.exit)" "74 0 74" "s3list is 74 and gives nothing"
done
damage unsettled
s3list --log-format text --state s.db --show >out 2>err
is "$? $(tail -n 1 out | jq .done.exit)" "74 74" "damage where the unsettled are: --show is 74"
s3list --log-format text --state s.db --forget '*' >out 2>err
is "$? $(tail -n 1 out | jq .done.exit)" "74 74" "as is --forget"
rm -f s.db*
head -c $((size / 2)) whole.db >s.db
list
[ "$rc" = 74 ]
ok "half of a file: 74"
head -c 50 whole.db >s.db
damaged "a piece of a header" 74
cp whole.db s.db
sqlite3 s.db 'pragma user_version = 99'
damaged "a newer version's" 78
like "$(cat err)" "schema version is 99.*" "a newer version's: it is told which"
like "$(cat err)" "hint:.*newer logbridge" "a newer version's: and whose it is"
rm -f s.db*
sqlite3 s.db 'create table t(x); insert into t values (1)'
damaged "another program's" 78
cp whole.db s.db
head -c 100000 /dev/urandom >s.db-wal
list
is "$rc $(given)" "0 0" "a log beside it that is garbage holds no transaction: as if there was none"
fresh
: >s.db
list
is "$rc $(given)" "0 3000" "an empty file is as good as none"
fresh

### The one that waited
wait $busy
is "$? $(grep -c '"receipt":{' busy.acked)" "75 0" "a writer that does not end: 75 after a while, nothing passed on"
like "$(cat busy.err)" "hint: another process" "with a hint"
echo "rollback;" >&6
exec 6>&-
db=busy.db ack
is "$rc $(db=busy.db sql 'select count(*) from objects')" "0 3000" "once it has ended all goes in"
tap_done
