#!/usr/bin/env bash
# The edges of sentinelpost: lines that are not for it, rows without an open,
# --bare, forged receipts, done lines and exit codes, and how it leaves.
# shellcheck disable=SC2015,SC2154 # `a && b` before ok; variables of the helpers
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/sentinelpost.sh
. tests/lib/signals.sh
export LB_CLOCK_SPEED=1000
sim_start --stream Custom-T_CL --stream Custom-Mine_CL || exit
object "$A" 3 >"$tmp/a"
object_line='{"store":"s3","bucket":"b","key":"k","size":1,"etag":"e"}'

# Lines that a destination refuses: s3fetch's and s3list's.
# refused NAME LINE
refused() {
	{ open "$A" && printf '%s\n' "$2"; } >"$tmp/in"
	run --dead-letter "$dead" <"$tmp/in"
	is "$rc $(done_code) $(receipts) $(count) $(wc -c <"$dead")" "65 65  0 0" "$1 is refused, nothing of it is kept"
	like "$err" "line 2 is .*is logparse missing\?.*hint: s3list .. \| s3fetch \| logparse \| sentinelpost" "$1: with the hint"
}
refused "a chunk of text" "{\"id\":\"$A\",\"at\":0,\"text\":\"x\"}"
refused "a chunk of bytes" "{\"id\":\"$A\",\"at\":0,\"b64\":\"eA==\"}"
refused "an object line" "$object_line"
refused "an end of s3fetch" "{\"id\":\"$A\",\"end\":{\"bytes\":1,\"stored_bytes\":1}}"

# Receipts come from destinations alone.
forged='{"id":"'$A'","receipt":{"to":"x","status":"delivered","format":"f/1","records":3,"rows":3,"filtered":0,"dead":0,"through":3},"object":'$object_line'}'
{ echo "$forged" && cat "$tmp/a" && echo "$forged" && echo "${forged%\}},\"row\":{},\"text\":\"x\",\"bucket\":\"b\"}"; } >"$tmp/in"
run <"$tmp/in"
outcome "forged receipts are dropped" 0 "k/a delivered 3 3 0" 3
is "$(told .receipts_dropped)" 3 "and counted"
like "$err" "3 receipts in the input were dropped" "and told"
printf '%s\n' "$forged" >"$tmp/in"
run <"$tmp/in"
outcome "one alone settles nothing" 0 "" 0

# Rows without an open: delivered and counted, without a receipt.
sed -n 2,4p "$tmp/a" >"$tmp/strays"
run <"$tmp/strays"
outcome "rows without an open" 0 "" 3
is "$(told '[.rows, .accepted, .strays]')" "[3,3,3]" "are counted"
{ cat "$tmp/strays" && totals mark "$A" 9 9 0 0; } >"$tmp/in"
run <"$tmp/in"
outcome "their marks mean nothing" 0 "" 3
# An object whose open line was lost is not settled, and stops no other.
for end in "$(totals end "$A" 9 9 0 0)" "{\"id\":\"$A\",\"end\":{\"bytes\":1,\"stored_bytes\":1}}"; do
	{ cat "$tmp/strays" && echo "$end" && object "$B" 2; } >"$tmp/in"
	run <"$tmp/in"
	outcome "an end of what was never opened: ${end##*\"end\":}" 75 "k/b delivered 2 2 0" 5
	like "$err" "line 4 ends an object that is not open: it gets no receipt" "and told"
done
printf '{"table":"T_CL","row":{"a":1}}\n{"row":{"a":2},"n":5,"table":"T_CL","id":"not an id"}\n' >"$tmp/in"
run <"$tmp/in"
outcome "they need neither id nor n" 0 "" 2
{ row "$A" 7 POISON | sed 's/"row"/"object":{"store":"s3","bucket":"b","key":"k\/é"},"row"/' && row "$B" 1 && reject "$A" 8; } >"$tmp/in"
poisoned --dead-letter "$dead" <"$tmp/in"
outcome "a bad one and a reject are dead letters" 65 "" 1
is "$(jq -c '[.id, .n, .dead.reason, .object.key]' "$dead" | sort | paste -sd' ')" \
	"[\"$A\",7,\"refused\",\"k/é\"] [\"$A\",8,\"bad-json\",null]" "that keep what is known of them"
poisoned <"$tmp/in"
outcome "without --dead-letter: something is not settled" 75 "" 1
is "$(told .refused)" 2 "and how much is told"
{ cat "$tmp/strays" && error "$A" Some 0 false; } >"$tmp/in"
run <"$tmp/in"
outcome "an error of what was never opened: run again" 75 "" 3
{ cat "$tmp/a" && row "$A" 3; } >"$tmp/in"
run <"$tmp/in"
outcome "a row behind its object's end" 0 "k/a delivered 3 3 0" 4

# What is not the wire.
printf 'plain text\n' >"$tmp/in"
run <"$tmp/in"
outcome "input without a line of the wire" 65 "" 0
like "$err" "holds no line of the wire.*hint: .*--bare --stream NAME.*logparse" "with the hint"
printf '{"note":1}\n' >"$tmp/in"
run <"$tmp/in"
outcome "lines of other stages alone" 65 "" 0
is "$(head -n 1 "$tmp/out")" '{"note":1}' "pass"
printf '\n\r\n\n' >"$tmp/in"
run <"$tmp/in"
outcome "blank lines" 65 "" 0
{ head -n 2 "$tmp/a" && printf '\n\r\n' && tail -n +3 "$tmp/a" | sed 's/$/\r/'; } >"$tmp/in"
run <"$tmp/in"
outcome "blank lines between, CR before LF" 0 "k/a delivered 3 3 0" 3
{ head -n 2 "$tmp/a" && head -c 9000000 /dev/zero | tr '\0' x && echo && tail -n +3 "$tmp/a"; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "a line over 8 MiB is skipped" 65 "k/a delivered 3 3 0" 3
like "$err" "skipped line 3 at byte [0-9]+: its 9000000 bytes" "its place is told"
is "$(told .too_long)" 1 "and counted"
{ open "$A" | jq -c '{object: .object, id: .id, later: [1, {"row": 2}], v: .v}' | sed 's/,/ ,  /' && jq -c '{row, x: null, n, table, id} | del(.row | nulls)' <"$tmp/strays" && totals end "$A" 3 3 0 0; } >"$tmp/in"
run <"$tmp/in"
outcome "any order and spacing, and members it does not know" 0 "k/a delivered 3 3 0" 3

seq -f 'line %g of a log' 3000 >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
is "$rc $(receipts) $(wc -l <"$dead")" "65  1000" "a long log is given up after --max-dead lines"
like "$err" "holds no line of the wire.*hint: .*--bare" "for what it is"
{
	echo '{"v":1,"id":"none","object":'"$object_line"'}'
	echo '{"v":1,"id":"'"$B"'","object":{"store":"s3","bucket":"b"}}'
	echo '{"v":1,"id":"'"$B"'","object":7}'
	printf '{"id":"%s","mark":{},"x":"\377"}\n' "$A"
	cat "$tmp/a"
} >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "opens that are none, a mark that is no text" 65 "k/a delivered 3 3 0" 3
is "$(deads .dead.reason)" '"not-wire" "not-wire" "not-wire" "not-wire"' "are set aside"
like "$err" "line 1 .*its id is none.*line 2 .*it has no key.*line 3.*line 4 .*it is not UTF-8" "and told, with the reason"
{ open "$B" && printf '\n \t\r\n' && open "$A" | sed 's/"v":1/"v":2/'; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "an open line of another version of the wire stops the line" 78 "" 0
is "$(wc -c <"$dead")" 0 "and blank lines are passed over"
like "$err" "line 4 .*another version.*hint: .*release" "which is told"
{ open "$A" && for i in $(seq 0 256); do row "$A" "$i" x "T$i"; done; } >"$tmp/in"
run --dry-run <"$tmp/in"
is "$rc" 78 "rows of more than 256 tables"
like "$err" "rows of more than 256 tables" "are too many"
for i in $(seq 5); do
	printf '{"v":1,"id":"aaaaaaaaaaaaaaaa-000%d","object":{"store":"s3","bucket":"b","key":"k","pad":"%s"}}\n' "$i" "$(head -c 2000000 /dev/zero | tr '\0' x)"
done >"$tmp/in"
run <"$tmp/in"
is "$rc" 65 "open objects with names of more than 8 MiB"
like "$err" "the lines of the 5 objects that are open take more than 8388608 bytes.*hint:" "are refused"

# Lines that are odd, and still what they are.
# odd NAME WANT-RC RECEIPTS WANT JQ LINE ..: behind an open; JQ is of dead letters.
odd() {
	local name=$1 want=$2 receipts=$3 got=$4 jq=$5
	shift 5
	{ open "$A" && printf '%s\n' "$@"; } >"$tmp/in"
	run --dead-letter "$dead" <"$tmp/in"
	is "$rc $(receipts) $(deads "$jq")" "$want $receipts $got" "$name" || sed 's/^/# /' "$tmp/err"
}
one_dead=$(totals end "$A" 1 0 1 0) none=$(totals end "$A" 0 0 0 0)
rejected() { printf '{"id":"%s","n":0,"reject":%s,"raw":"x"}' "$A" "$1"; }
while IFS='|' read -r reject reason name; do
	odd "a reject $name" 65 "k/a delivered 1 0 1" "\"$reason\"" .dead.reason "$(rejected "$reject")" "$one_dead"
done <<T
{}|reject|without a reason
{"reason":7,"format":7,"more":1}|reject|whose members are of other types
{"reason":""}|reject|whose reason is empty
{"reason":"a\"b"}|reject|whose reason holds escapes
{"reason":"$(printf '%64s' '' | tr ' ' x)"}|reject|whose reason is too long
{"reason":"$(printf '%63s' '' | tr ' ' x)","more":false}|$(printf '%63s' '' | tr ' ' x)|whose reason just fits
7|reject|that is no object
T
failed() { printf '{"id":"%s","error":%s}' "$A" "$1"; }
odd "an error that says nothing" 75 "k/a failed 0 0 0" "" .x "$(failed '{}')"
odd "an error that is no object" 75 "k/a failed 0 0 0" "" .x "$(failed 7)"
odd "an error whose members are of other types" 75 "k/a failed 0 0 0" "" .x "$(failed '{"stage":1,"code":2,"http":"x","retry":0,"message":[]}')"
is "$(receipt '[.reason, .code, .http, .stage]')" '["error","",null,null]' "its receipt names no code"
odd "an error for good that names no code" 65 "k/a delivered 0 0 0" '"error"' .dead.reason "$(failed '{"retry":false,"message":"","code":""}')"
odd "one with long names" 75 "k/a failed 0 0 0" "" .x "$(failed "{\"code\":\"$(printf '%500s' '' | tr ' ' x)\",\"message\":\"$(printf '%5000s' '' | tr ' ' y)\"}")"
is "$(receipt '.code | length')" 63 "they are cut"
for format in 7 '""' "\"$(printf '%96s' '' | tr ' ' x)\""; do
	odd "a format that is none: ${format:0:9}" 0 "k/a delivered 0 0 0" "" .x "${none/\"f\/1\"/$format}"
	is "$(receipt .format)" '""' "and is not repeated"
done
odd "a format with escapes" 0 "k/a delivered 0 0 0" "" .x "${none/f\/1/f\\/1\\u00e9}"
is "$(receipt .format)" '"f/1é"' "is repeated as it came"
for back in 'totals mark A 1 0 0 1' 'totals mark A 2 0 1 1' 'totals mark A 2 1 0 1' 'totals mark A 2 1 1 0'; do
	# shellcheck disable=SC2086 # split on purpose
	odd "a mark that goes back: ${back#totals mark A }" 70 "k/a partial 3 1 1" '"bad-json"' .dead.reason \
		"$(row "$A" 0)" "$(reject "$A" 1)" "$(totals mark "$A" 3 1 1 1)" "$(${back/A/$A})"
done
odd "a mark of sums that overflow" 70 "k/a failed 0 0 0" "" .x "{\"id\":\"$A\",\"end\":{\"records\":1,\"rows\":18446744073709551615,\"skipped\":2}}"
odd "a mark of numbers that are none" 0 "k/a delivered 0 0 0" "" .x "{\"id\":\"$A\",\"end\":{\"records\":\"1\",\"rows\":1.5,\"skipped\":-1}}"
odd "an n that is none" 0 "k/a delivered 2 2 0" "" .x "$(row "$A" 0 | sed 's/"n":0/"n":-7/')" "$(row "$A" 0 | sed 's/"n":0/"n":"x"/')" "$(totals end "$A" 2 2 0 0)"
long=$(printf '%70000s' '' | tr ' ' k)
{ open "$A" | sed "s|k/a|$long|" && error "$A" Cut 0 true; } >"$tmp/in"
run <"$tmp/in"
like "$err" "'$A' is not settled: Cut" "a key too long for a message: the id stands for it"
{ open "$A" | sed 's|"key":"k/a"|"key64":"/w=="|' && reject "$A" 0 && echo "$one_dead"; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
is "$rc $(deads .object.key64) $(jq -r 'select(.receipt).object.key64' "$tmp/out")" '65 "/w==" /w==' "a key that is no text"
printf '{"object":"\377","n":1,"table":"T_CL","row":{"a":"POISON"}}\n{"object":{"store":"s3"},"row":{},"table":"\377"}\n' >"$tmp/in"
poisoned --dead-letter "$dead" <"$tmp/in"
is "$rc $(jq -c '[.object, .table]' "$dead" | sort | paste -sd' ')" '65 [null,"T_CL"] [null,null]' "names that are no text are left out of dead letters"

# A dry run sends nothing and settles nothing, whatever it finds.
{ open "$A" && row "$A" 0 && reject "$A" 1 && row "$A" 2 x no/table && row "$A" 3 "$(head -c 1000000 /dev/zero | tr '\0' x)" && totals end "$A" 4 3 1 0; } >"$tmp/in"
run --dry-run --max-dead 1 --dead-letter "$dead" <"$tmp/in"
is "$rc $(told '[.rows, .rejects, .dead, .accepted]') $(test -e "$dead" && echo a file)" "0 [3,1,3,0] " "--dry-run: dead records are counted, no file is made"
is "$(jq -c 'select(.plan).plan | [.table, .requests, .rows]' "$tmp/out")" '["T_CL",1,1]' "the plan is of what would be sent"
is "$(sim_status '.by_kind')" "{}" "nobody was asked for anything"
if command -v script >/dev/null; then
	script -qec "$post --dry-run <$tmp/in" /dev/null >"$tmp/tty" </dev/null
	like "$(tr -d '\r' <"$tmp/tty")" "stream +requests +rows +bytes +as sent
Custom-T_CL +1 +1 +[0-9]+ +[0-9]+
total +1 +1 " "on a terminal the plan is a table"
	script -qec "$post <$tmp/a >$tmp/out" /dev/null >"$tmp/tty" </dev/null
	like "$(cat "$tmp/tty")" "[03] rows, [03] accepted, 0 dead; [01] objects; [01] requests" "and a line shows the progress when receipts go elsewhere"
else
	skip "script is not installed" "what is shown on a terminal"
fi

# --bare: each line a row.
bare() { printf '{"TimeGenerated":"%s","a":%d}\n' "$now" 1 "$now" 2; }
bare >"$tmp/in"
run --bare --stream Custom-Mine_CL <"$tmp/in"
outcome "--bare" 0 "" 0
is "$(count Mine_CL) $(told '[.rows, .accepted]')" "2 [2,2]" "each line is a row"
run --bare --stream Other <"$tmp/in"
is "$rc $(count Other)" "78 0" "of a stream that the rule does not declare"
{ bare && echo 'no row' && echo '[1]' && bare && printf '{"a":"\377"}\n'; } >"$tmp/in"
run --bare --stream Custom-Mine_CL --dead-letter "$dead" <"$tmp/in"
is "$rc $(count Mine_CL) $(deads '[.dead.reason, .raw // .raw64]')" '65 4 ["not-wire","no row"] ["not-wire","[1]"] ["not-wire","eyJhIjoi/yJ9"]' "what is no row is set aside"
sim_control reset && sim_control 400-on '{"contains":"POISON"}' && rm -f "$dead"
printf '{"a":"POISON"}\n{"receipt":{}}\n' >"$tmp/in"
again --bare --stream Custom-Mine_CL --dead-letter "$dead" <"$tmp/in"
is "$rc $(count Mine_CL) $(deads '[.table, .dead.reason, .row.a]')" '65 1 ["Mine_CL","refused","POISON"]' "a dead one names its table; members mean nothing here"
sim_control reset
again --dead-letter "$dead.2" <"$dead"
is "$rc $(count Mine_CL)" "0 1" "and can be piped back in"
printf '\n\r\n \t\n{"a":1} \n{"a":2} x\n' >"$tmp/in"
run --bare --stream Custom-Mine_CL --dead-letter "$dead" <"$tmp/in"
is "$rc $(count Mine_CL) $(deads .raw)" '65 1 "{\"a\":2} x"' "blank lines are passed over, more than a row is none"
printf '{"a":1}\n{"a":' >"$tmp/in"
run --bare --stream Custom-Mine_CL <"$tmp/in"
is "$rc $(count Mine_CL)" "75 1" "input that stops inside a row"
run --bare --stream Custom-Mine_CL </dev/null
outcome "no rows at all" 0 "" 0
printf '{"a":"%s"}\n' "$(head -c 1000000 /dev/zero | tr '\0' x)" >"$tmp/in"
run --bare --stream Custom-Mine_CL --dead-letter "$dead" <"$tmp/in"
is "$rc $(deads .dead.reason)" '65 "oversize"' "one over the limit"
for args in "--bare" "--bare --stream A --stream B" "--bare --stream A=B" "--bare --stream Custom-"; do
	# shellcheck disable=SC2086 # split on purpose
	again $args </dev/null
	is "$rc" 64 "$args is wrong usage"
done

# Done lines: all pass, the most severe exit code of all is ours.
passes() { printf '{"done":{"stage":"s%d","exit":%s}}\n' 1 "$1" 2 "$2"; }
while read -r one two want; do
	{ cat "$tmp/a" && passes "$one" "$two"; } >"$tmp/in"
	run <"$tmp/in"
	is "$rc $(done_code) $(jq -r 'select(.done) | .done.stage' "$tmp/out" | paste -sd' ')" "$want $want s1 s2 sentinelpost" "upstream ends with $one and $two: $want"
done <<'T'
0 0 0
65 0 65
65 75 75
75 69 69
69 71 71
71 74 74
74 77 77
77 78 78
78 70 70
0 300 70
0 "x" 70
T
{ head -n 3 "$tmp/a" && passes 65 0; } >"$tmp/in"
run <"$tmp/in"
is "$rc" 75 "its own, 75, is more severe than 65"
{ printf '{"done":{"stage":"s1","exit":0},"pad":"%s"}\n' "$(head -c 1100000 /dev/zero | tr '\0' x)" && cat "$tmp/a"; } >"$tmp/in"
run <"$tmp/in"
is "$rc $(jq -r 'if .done then .done.stage else "receipt" end' "$tmp/out" | paste -sd' ')" "0 s1 receipt sentinelpost" "one too long to be held back goes on at once"
{ cat "$tmp/a" && echo '{"done":{"stage":"s","exit":65}}' && object "$B" 1; } >"$tmp/in"
run <"$tmp/in"
is "$rc $(receipts)" "65 k/a delivered 3 3 0,k/b delivered 1 1 0" "a done line is no end of the input"

# Killed while rows are on their way: no done line says that all is well, though
# those before it had ended.
sim_control reset && sim_control hold
{ passes 0 0 && cat "$tmp/a"; } >"$tmp/in"
"$post" <"$tmp/in" >"$tmp/out" 2>"$tmp/err" &
pid=$!
until_true flying 1
{ kill -9 "$pid" && wait "$pid"; } 2>/dev/null
sim_control release
is "$(cat "$tmp/out")" "" "killed, it has passed on no done line"
run <"$tmp/in"
is "$rc $(jq -r 'if .done then .done.stage else "receipt" end' "$tmp/out" | paste -sd' ')" "0 receipt s1 s2 sentinelpost" \
	"it passes them on with its own"

accepted() { [ "$(count)" -ge "$1" ]; }

# Leaving: the reader has gone.
mkfifo "$tmp/in.pipe" "$tmp/out.pipe"
# started: 7 writes its input, 8 reads its output.
started() {
	LB_CLOCK_SPEED=1 "$post" --log-format text --linger 0 <"$tmp/in.pipe" 2>"$tmp/err" >"$tmp/out.pipe" &
	pid=$!
	exec 7>"$tmp/in.pipe" 8<"$tmp/out.pipe"
}
sim_control reset
started
cat "$tmp/a" >&7
read -r line <&8
like "$line" '"delivered"' "a receipt is not held back while the input goes on"
exec 8<&-
wait "$pid"
is "$? $(cat "$tmp/err")" "141 " "the reader leaves while it waits for input: SIGPIPE, without a word"
exec 7>&-
sim_control hold
started
cat "$tmp/a" >&7
until_true flying 1
exec 8<&-
wait "$pid"
is "$? $(cat "$tmp/err")" "141 " "while it waits for the service"
exec 7>&-
sim_control release
sim_control down '{"mode":"refuse"}'
started
cat "$tmp/a" >&7
until_true said 'trying again'
exec 8<&-
wait "$pid"
is $? 141 "while it waits out an outage"
exec 7>&-
sim_control up
sim_control reset
"$post" --log-format text <"$tmp/a" 2>"$tmp/err" >/dev/full
is $? 74 "a full disk behind standard output: 74"
like "$(cat "$tmp/err")" "cannot write standard output" "which is told"
"$post" <"$tmp/a" 2>/dev/null >&-
is $? 74 "closed standard output: 74"
"$post" <&- >"$tmp/out" 2>/dev/null
is "$? $(done_code)" "74 74" "closed standard input: 74"
"$post" <"$tmp" >"$tmp/out" 2>/dev/null
is "$? $(done_code)" "74 74" "a folder as standard input: 74"

# A reader that takes nothing does not hold it for ever once it is to stop.
sim_control reset
for i in $(seq 2000); do object "$(printf 'aaaaaaaaaaaaaaaa-%04x' "$i")" 1; done >"$tmp/many"
"$post" --log-format text --stop-within 2s <"$tmp/many" 2>"$tmp/err" >"$tmp/out.pipe" &
pid=$!
exec 8<"$tmp/out.pipe"
until_true accepted 2000
kill "$pid"
wait "$pid"
is $? 75 "a reader that takes nothing: it leaves after --stop-within"
like "$(cat "$tmp/err")" "takes nothing: leaving" "and says why"
exec 8<&-
run --metrics "$tmp/nowhere/metrics" <"$tmp/a"
is "$rc $(done_code) $(receipts)" "74 74 k/a delivered 3 3 0" "metrics that cannot be written: told at the end, in the done line too"

# Leaving: signals.
# begun [OPTION ..]: two of three rows of an object are read, the input goes on.
begun() {
	"$post" -v --log-format text --linger 0 "$@" <"$tmp/in.pipe" 2>"$tmp/err" >"$tmp/out" &
	pid=$!
	exec 7>"$tmp/in.pipe"
	{ open "$A" && rows "$A" 0 2 && totals mark "$A" 2 2 0 0 && row "$A" 2; } >&7
}
for signal in TERM INT; do
	sim_control reset
	LB_CLOCK_SPEED=1 begun --stop-within 5m
	until_true accepted 3
	kill -$signal "$pid"
	until_true said 'stopping at the end of input'
	totals end "$A" 3 3 0 0 >&7
	object "$B" 1 >&7
	exec 7>&-
	wait "$pid"
	is "$? $(receipts)" "0 k/a delivered 3 3 0,k/b delivered 1 1 0" "SIG$signal: it goes on to the end of input"
done
sim_control reset
LB_CLOCK_SPEED=1 begun --stop-within 200ms
until_true accepted 3
kill "$pid"
wait "$pid"
is "$? $(done_code) $(receipts)" "75 75 k/a partial 2 2 0" "after --stop-within it stops inside the object, with a partial receipt"
exec 7>&-
sim_control reset
sim_control hold
LB_CLOCK_SPEED=1 begun --stop-within 0
until_true flying 1
kill "$pid"
until_true said 'stopping at the end'
sim_control release
wait "$pid"
is "$?" 75 "requests under way then are waited for"
is "$(receipts) $(count)" "k/a partial 2 2 0 3" "what they bring is settled"
exec 7>&-
sim_control reset
sim_control hold
LB_CLOCK_SPEED=1 begun
until_true flying 1
kill "$pid"
until_true said 'stopping at the end'
until_taken "$pid"
kill "$pid"
wait "$pid"
is "$? $(cat "$tmp/out")" "143 " "a second signal ends it at once"
exec 7>&-
sim_control release
sim_control reset
set -m # a process group for each job
"$post" -v --log-format text --linger 0 --stop-within 5m <"$tmp/in.pipe" >"$tmp/out" 2>"$tmp/err" &
pid=$!
set +m
exec 7>"$tmp/in.pipe"
open "$A" >&7
row "$A" 0 >&7
until_true accepted 1
kill -TERM -- "-$pid" "$pid"
until_true said 'stopping at the end'
totals end "$A" 1 1 0 0 >&7
exec 7>&-
wait "$pid"
is "$? $(receipts)" "0 k/a delivered 1 1 0" "SIGTERM to the process group and to it is one request"
tap_done
