#!/usr/bin/env bash
# logparse asked to stop, and left by its reader: on the wire and with files.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/../lib/logparse.sh"
. tests/lib/signals.sh

records 3 >"$tmp/three"
records 20000 >"$tmp/much"
mkwire --step 200 "$tmp/three" >"$tmp/wire"
mkfifo "$tmp/fifo"

# start [OPTION ...]: logparse in the background, its input the FIFO on fd 7
start() {
	logparse --log-format text "$@" <"$tmp/fifo" >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	exec 7>"$tmp/fifo"
}
# ended: the exit status of it, once it has ended
ended() {
	rc=0
	wait "$pid" || rc=$?
	exec 7>&-
}
written() { [ "$(wc -l <"$tmp/out")" -ge "$1" ]; }

# --- a first signal -----------------------------------------------------------
for signal in TERM INT; do
	start
	head -n 2 "$tmp/wire" >&7
	until_true written 1
	kill -s $signal "$pid"
	tail -n +3 "$tmp/wire" >&7
	exec 7>&-
	ended
	is "$rc $(counts)" "0 3,0,3,0,0" "SIG$signal: it goes on to the end of input"
done
start --stop-within 1s
head -n 3 "$tmp/wire" >&7
until_true written 3
kill "$pid"
ended
is "$rc $(counts mark) $(of 'select(.end or .error)')" "75 2,0,2,0,0 " "after --stop-within it stops inside the object: 75, a mark, no end"
is "$(tail -n 1 "$tmp/out" | jq -c '.done | [.stage, .exit, .rows]')" '["logparse",75,2]' "and its done line"
start --stop-within 1s
until_catches "$pid"
kill "$pid"
ended
is "$rc $(of .done.exit)" "75 75" "with nothing open: 75 too, as input went on"
# Input that never pauses does not keep it.
start --stop-within 500ms
{
	head -n 1 "$tmp/wire"
	yes '{"some":"line"}'
} >&7 2>/dev/null &
feeder=$!
until_true written 1000
exec 7>&-
kill "$pid"
ended
kill "$feeder" 2>/dev/null
wait "$feeder" 2>/dev/null
is "$rc $(tail -n 2 "$tmp/out" | head -n 1 | jq -c .mark.records)" "75 0" "input without a pause: it stops all the same"

# --- a second one ----------------------------------------------------------------
start
head -n 3 "$tmp/wire" >&7
until_true written 3
kill "$pid"
until_taken "$pid"
kill "$pid"
ended
is "$rc $(of 'select(.done)')" "143 " "a second SIGTERM ends it at once"

# --- files -------------------------------------------------------------------------
logparse --log-format text "$tmp/fifo" "$tmp/three" >"$tmp/out" 2>"$tmp/err" &
pid=$!
until_catches "$pid"
kill "$pid"
cat "$tmp/three" >"$tmp/fifo"
ended
is "$rc $(of 'select(.end).end.rows')" "0 3 3" "a signal: all operands are read"
logparse --log-format text --stop-within 1s "$tmp/fifo" "$tmp/three" >"$tmp/out" 2>"$tmp/err" &
pid=$!
until_catches "$pid"
exec 7>"$tmp/fifo"
head -c 300 "$tmp/three" >&7
until_true written 2
kill "$pid"
ended
is "$rc $(of 'select(.end)') $(of 'select(.mark).mark | .records > 0')" "75  true" "after --stop-within it stops inside a file: 75, a mark"
logparse --log-format text --stop-within 1s "$tmp/fifo" >"$tmp/out" 2>"$tmp/err" &
pid=$!
until_catches "$pid"
kill "$pid"
ended
is "$rc $(of 'select(.done).done.exit')" "75 75" "waiting for the writer of a FIFO"

# --- the reader leaves --------------------------------------------------------------
mkwire "$tmp/much" >"$tmp/large"
{
	logparse <"$tmp/large" 2>"$tmp/err"
	echo $? >"$tmp/rc"
} | head -n 1 >"$tmp/out"
is "$(cat "$tmp/rc" "$tmp/err") $(of .v)" "141 1" "a reader that left while it writes: SIGPIPE, silent"
for f in "$tmp/much" -; do
	{
		logparse --rows "$f" <"$tmp/much" 2>"$tmp/err"
		echo $? >"$tmp/rc"
	} | head -n 1 >"$tmp/out"
	is "$(cat "$tmp/rc" "$tmp/err") $(wc -l <"$tmp/out")" "141 1" "the same with bare rows (${f##*/})"
done
for f in "" "$tmp/fifo" -; do
	{
		# shellcheck disable=SC2086
		logparse $f <"$tmp/fifo" 2>"$tmp/err"
		echo $? >"$tmp/rc"
	} | true &
	exec 7>"$tmp/fifo"
	wait $!
	exec 7>&-
	is "$(cat "$tmp/rc" "$tmp/err")" 141 "a reader that left while it waits (${f##*/})"
done
{
	logparse <"$tmp/fifo" 2>"$tmp/err"
	echo $? >"$tmp/rc"
} | head -n 2 >"$tmp/out" &
exec 7>"$tmp/fifo"
head -n 3 "$tmp/wire" >&7
wait $!
exec 7>&-
is "$(cat "$tmp/rc" "$tmp/err") $(wc -l <"$tmp/out")" "141 2" "lines go out before it waits"
tap_done
