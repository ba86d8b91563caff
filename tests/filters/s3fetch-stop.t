#!/usr/bin/env bash
# s3fetch is told to stop, or its reader goes: what is finished, what is left,
# how it ends.
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/s3fetch.sh
. tests/lib/signals.sh
bin=$slow

echo hello >"$tmp/text"
seq 100000 >"$tmp/seq"
put text "$tmp/text"
put seq "$tmp/seq"
size=$(stat -c %s "$tmp/seq")
line seq >"$tmp/one"
mkfifo "$tmp/in" "$tmp/pipe"

# begin OPTION ..: the program, in the background ($pid), on what is written to
# descriptor 7; its output goes to $tmp/out.
begin() {
	: >"$tmp/out"
	"$bin" -v "$@" <"$tmp/in" >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	exec 7>"$tmp/in"
}

# ended: wait for its end; sets rc and sum
ended() {
	rc=0
	wait "$pid" || rc=$?
	exec 7>&-
	sum=$(python3 tests/lib/wirecheck.py <"$tmp/out")
}

# until_some FILE TEXT: until the file holds it
until_some() { until_true grep -q -- "$2" "$1"; }

slowly='{"op":"GET","key":"seq","drip_bytes":60000,"drip_ms":50,"times":-1}'
endless='{"op":"GET","key":"seq","drip_bytes":60000,"drip_ms":1000000,"times":-1}'

# --- SIGTERM, SIGINT

for sig in TERM INT; do
	reset
	faults "$slowly"
	begin --jobs 1
	{ cat "$tmp/one"; line text; line text; } >&7
	until_some "$tmp/out" '"at":'
	kill -s "$sig" "$pid"
	ended
	is "$rc $sum" "75 seq end $size $size
done 75" "SIG$sig: the object in hand is finished, no other begun, exit 75"
	is "$(gets logs/text)" 0 "nor asked for"
done
reset
faults "$slowly"
begin --jobs 2
{ cat "$tmp/one"; line text; } >&7
until_some "$tmp/out" '"end"'
kill "$pid"
until_some "$tmp/err" "asked to stop"
{
	echo '{"id":"0123456789abcdef-0123","n":0,"table":"T","row":{}}'
	echo '{"done":{"stage":"s3list","exit":69}}'
} >&7
ended
is "$rc $(sort <<<"$sum")" "69 done 69
done 69
row
seq end $size $size
text end 6 6" "what comes meanwhile passes on, and counts"
begin
: >&7
until_true kill -0 "$pid"
line text >&7
until_some "$tmp/out" '"end"'
kill "$pid"
ended
is "$rc $sum" "75 text end 6 6
done 75" "SIGTERM when idle ends it, and its input had not ended: 75"
begin
: >&7
until_true kill -0 "$pid"
{ line text && echo '{"done":{"stage":"s3list","exit":0}}'; } >&7
until_some "$tmp/out" '"end"'
kill "$pid"
ended
is "$rc $(sort <<<"$sum")" "0 done 0
done 0
text end 6 6" "unless who wrote it was done: 0"

reset
faults "$slowly"
: >"$tmp/out" # else the one before would speak for this one
"$bin" -v --jobs 1 s3://logs/seq s3://logs/text >"$tmp/out" 2>"$tmp/err" &
pid=$!
until_some "$tmp/out" '"at":'
kill "$pid"
ended
is "$rc $sum" "75 seq end $size $size
done 75" "operands that are left count"

# As timeout(1) does it: the process, then its whole group.
reset
faults "$slowly"
{ cat "$tmp/one"; line text; } >"$tmp/two"
: >"$tmp/out"
# shellcheck disable=SC2016 # for the shell that begins the group
setsid bash -c 'trap "" TERM INT
	"$1" -v --jobs 1 <"$2/two" >"$2/out" 2>"$2/err" & echo $! >"$2/pid"
	wait $!; echo $? >"$2/rc"' - "$bin" "$tmp" &
group=$!
until_some "$tmp/out" '"at":'
at_once "$(cat "$tmp/pid")" "-$group"
wait "$group"
is "$(cat "$tmp/rc") $(python3 tests/lib/wirecheck.py <"$tmp/out")" \
	"75 seq end $size $size
done 75" "a signal to the process and its group is one request to stop"

# --- the second signal

# twice: both signals, far enough apart to be two
twice() {
	kill "$pid"
	until_taken "$pid"
	kill "$pid"
	rc=0
	wait "$pid" || rc=$?
	exec 7>&-
}
# blocked FILE OPTION ..: the program, until nobody takes its output ($tmp/pipe,
# held open by descriptor 9)
blocked() {
	local in=$1
	shift
	reset
	exec 9<>"$tmp/pipe"
	"$bin" -v "$@" <"$in" >"$tmp/pipe" 2>"$tmp/err" &
	pid=$!
	until_true asked logs/seq
	until_true full 9
}
reset
faults "$endless"
begin
cat "$tmp/one" >&7
until_some "$tmp/out" '"at":'
twice
is "$rc $(grep -c '"done"' "$tmp/out")" "143 0" "a second signal ends it at once"
for _ in {1..20}; do cat "$tmp/one"; done >"$tmp/more"
blocked "$tmp/more"
twice
exec 9<&-
is "$rc" 143 "also when nobody takes what it writes"

# --- --stop-within

reset
faults "$endless"
begin --stop-within 100ms
cat "$tmp/one" >&7
until_some "$tmp/out" '"at":'
kill "$pid"
ended
like "$rc $sum" $'^75 done 75\nseq open [1-9][0-9]*$' \
	"after --stop-within an object stays open, no end is written"
like "$(cat "$tmp/err")" "left 's3://logs/seq' unfinished, at byte [1-9]" "the log says where"
reset
faults '{"op":"GET","times":-1,"action":"unavailable","retry_after":3600}'
begin --stop-within 100ms
line text >&7
until_some "$tmp/err" "again in 3600000 ms"
kill "$pid"
ended
is "$rc $sum" "75 done 75" "nor waits for a store that is down"

blocked "$tmp/more" --stop-within 100ms
kill "$pid"
rc=0
wait "$pid" || rc=$?
exec 9<&-
is "$rc" 75 "a reader that takes nothing holds it no longer than that"
like "$(cat "$tmp/err")" "takes nothing: leaving, with [0-9]+ bytes unwritten" "and the log says so"
rc=0
python3 - "$bin" "$tmp" <<-'END' || rc=$?
	import signal, socket, subprocess, sys, time
	ours, theirs = socket.socketpair()
	with open(sys.argv[2] + "/more") as i, open(sys.argv[2] + "/err", "w") as e:
	    p = subprocess.Popen([sys.argv[1], "--stop-within", "100ms"], stdin=i,
	        stdout=theirs, stderr=e)
	ours.recv(1)
	time.sleep(0.3)
	p.send_signal(signal.SIGTERM)
	sys.exit(p.wait())
END
is "$rc" 75 "nor one at the other end of a socket"
# A slow reader gets whole lines, but not all of them.
cat >"$tmp/slow.py" <<-'END'
	import os, sys, time
	data = os.read(0, 50000)
	open(sys.argv[1], "w").close()
	while data:
	    os.write(1, data)
	    time.sleep(0.2)
	    data = os.read(0, 50000)
END
python3 "$tmp/slow.py" "$tmp/reading" <"$tmp/pipe" >"$tmp/out" &
reader=$!
"$bin" -v --jobs 1 --stop-within 100ms <"$tmp/more" >"$tmp/pipe" 2>"$tmp/err" &
pid=$!
until_true test -e "$tmp/reading"
kill "$pid"
rc=0
wait "$pid" || rc=$?
wait "$reader"
sum=$(python3 tests/lib/wirecheck.py <"$tmp/out")
like "$rc $sum" "^75 .*done 75" "a slow reader is not waited for either"
like "$sum" "seq open" "it gets whole lines, and done"

# --- the reader goes

# gone NAME: with the reader of $tmp/pipe gone it ends, silently
gone() {
	exec 8<&-
	rc=0
	wait "$pid" || rc=$?
	exec 7>&-
	is "$rc $(grep -c . "$tmp/err")" "141 0" "$1"
}
# quiet OPTION ..: as begin, but its output goes to $tmp/pipe, which descriptor 8 reads
quiet() {
	"$bin" "$@" <"$tmp/in" >"$tmp/pipe" 2>"$tmp/err" &
	pid=$!
	exec 7>"$tmp/in" 8<"$tmp/pipe"
}
reset
quiet --jobs 2
line text >&7
for _ in 1 2 3; do read -r -u 8 -t 60 _; done
gone "a reader that goes is noticed when idle"
reset
faults "$endless"
quiet
cat "$tmp/one" >&7
for _ in 1 2; do read -r -u 8 -t 60 _; done
gone "and while an object is on its way"
reset
faults '{"op":"GET","times":-1,"action":"unavailable","retry_after":3600}'
quiet
line text >&7
until_true asked logs/text
gone "and while a store that is down is waited for"

tap_done
