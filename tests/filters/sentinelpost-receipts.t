#!/usr/bin/env bash
# The receipts of sentinelpost, outcome by outcome: what settles an object, how
# far `through` moves and when, and what makes an object fail or be gone.
# shellcheck disable=SC2015,SC2154 # `a && b` before ok; variables of the helpers
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/sentinelpost.sh
export LB_CLOCK_SPEED=1000
sim_start --stream Custom-T_CL --stream Custom-U_CL || exit

# Marks: what they say against what was read.
# disagrees NAME REASON [OPTION ..] <lines: the object fails, exit 70.
disagrees() {
	local name=$1 reason=$2
	shift 2
	run --dead-letter "$dead" "$@"
	is "$rc $(done_code) $(receipt '[.status, .reason, .through]')" "70 70 [\"failed\",\"$reason\",0]" "$name" || sed 's/^/# /' "$tmp/err"
}
{ open "$A" && rows "$A" 0 3 && totals end "$A" 4 4 0 0; } >"$tmp/in"
disagrees "a row that a mark counts did not come" missing-rows <"$tmp/in"
like "$err" "'s3://b/k/a' do not balance.*4 rows, 0 rejects, but 3 rows.*hint:.*--missing filtered" "it says what is missing of which object"
is "$(count)" 3 "the others were accepted"
run --dry-run <"$tmp/in"
is "$rc $(receipts)" "70 " "a dry run ends with 70 for it too"
run --missing filtered <"$tmp/in"
outcome "--missing filtered: dropped on purpose" 0 "k/a delivered 4 3 0" 3
is "$(receipt '[.records, .rows, .filtered, .dead]')" "[4,3,1,0]" "and counted as filtered: records = rows + filtered + dead"
{ open "$A" && totals end "$A" 4 4 0 0; } >"$tmp/in"
disagrees "no row at all came" missing-rows <"$tmp/in"
run --missing filtered <"$tmp/in"
outcome "--missing filtered: all of them" 0 "k/a delivered 4 0 0" 0
{ open "$A" && rows "$A" 0 3 && totals end "$A" 4 3 1 0; } >"$tmp/in"
disagrees "a reject is missing" missing-rows <"$tmp/in"
disagrees "which --missing filtered does not excuse" missing-rows --missing filtered <"$tmp/in"
{ open "$A" && reject "$A" 0 more && totals end "$A" 1 0 1 0; } >"$tmp/in"
disagrees "the last line of a reject is missing" missing-rows <"$tmp/in"
{ open "$A" && rows "$A" 0 3 && totals end "$A" 2 2 0 0; } >"$tmp/in"
disagrees "more rows than a mark counts" extra-rows <"$tmp/in"
disagrees "with --missing filtered too" extra-rows --missing filtered <"$tmp/in"
{ open "$A" && rows "$A" 0 3 && totals end "$A" 5 3 0 1; } >"$tmp/in"
disagrees "a mark that does not add up" unbalanced-mark <"$tmp/in"
{ open "$A" && rows "$A" 0 3 && row "$A" 2 && totals end "$A" 4 4 0 0; } >"$tmp/in"
disagrees "a record that comes twice" disordered-rows <"$tmp/in"
{ open "$A" && row "$A" 1 && row "$A" 0 && totals end "$A" 2 2 0 0; } >"$tmp/in"
disagrees "records out of order" disordered-rows <"$tmp/in"
{ open "$A" && row "$A" 5 && totals end "$A" 1 1 0 0; } >"$tmp/in"
disagrees "a record from behind its mark" disordered-rows <"$tmp/in"
{ open "$A" && row "$A" 0 && open "$A" && totals end "$A" 1 1 0 0; } >"$tmp/in"
disagrees "opened a second time" disordered-rows <"$tmp/in"
{ open "$A" && open "$A" && error "$A" Truncated 0 false; } >"$tmp/in"
disagrees "so is one that is dead" disordered-rows --dead-letter "$dead" <"$tmp/in"
unlike "$err" "give --dead-letter" "and what was given is not asked for"
{ open "$A" && rows "$A" 0 2 && totals mark "$A" 2 2 0 0 && rows "$A" 2 3 && totals end "$A" 5 5 0 0; } >"$tmp/in"
run <"$tmp/in"
outcome "what an agreeing mark settled stays settled" 70 "k/a partial 2 2 0,k/a failed 2 2 0" 3
{ open "$A" && rows "$A" 0 2 && totals mark "$A" 3 3 0 0 && rows "$A" 2 3 && totals end "$A" 3 3 0 0; } >"$tmp/in"
run <"$tmp/in"
outcome "a row that comes after its mark is missing there" 70 "k/a failed 0 0 0" 3
{ open "$A" && totals mark "$A" 3 3 0 0 && rows "$A" 0 2 && totals end "$A" 3 3 0 0; } >"$tmp/in"
run --missing filtered <"$tmp/in"
outcome "so with --missing filtered" 70 "k/a partial 3 0 0,k/a failed 3 0 0" 2
{ open "$A" && row "$A" 0 && open "$B" && row "$B" 0 && totals end "$A" 2 2 0 0 && totals end "$B" 1 1 0 0; } >"$tmp/in"
run <"$tmp/in"
outcome "the failure of one object is none of another's" 70 "k/a failed 0 0 0,k/b delivered 1 1 0" 2

# Two fetches of one object at once are told apart by the end of their ids.
again_id=${A%?}2
{ open "$A" && open "$again_id" && row "$A" 0 && row "$again_id" 0 && row "$again_id" 1 && totals end "$A" 1 1 0 0 && totals end "$again_id" 2 2 0 0; } >"$tmp/in"
run <"$tmp/in"
outcome "two fetches of one object" 0 "k/a delivered 1 1 0,k/a delivered 2 2 0" 3
is "$(jq -r 'select(.receipt).id' "$tmp/out" | paste -sd' ')" "$A $again_id" "each has a receipt of its own"
{ open "$A" && row "$A" 0 && totals end "$A" 1 1 0 0 && open "$A" && row "$A" 0 && totals end "$A" 1 1 0 0; } >"$tmp/in"
run <"$tmp/in"
outcome "an id that was closed may be opened again" 0 "k/a delivered 1 1 0,k/a delivered 1 1 0" 2

# through moves from agreeing mark to mark, whatever order batches are accepted in.
mkfifo "$tmp/fifo"
# background [OPTION ..]: reads the pipe that descriptor 7 writes to.
background() {
	: >"$tmp/out" # what the one before wrote would be taken for its own
	LB_CLOCK_SPEED=100 "$post" --log-format text --linger 0 "$@" <"$tmp/fifo" >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	exec 7>"$tmp/fifo"
}
# finished: end its input, wait for it.
finished() {
	exec 7>&-
	rc=0
	wait "$pid" || rc=$?
}
rows_of() { [ "$(count "$1")" -ge "$2" ]; }
sim_control reset
sim_control script '[{"stream":"Custom-T_CL","status":503,"retry_after":120,"count":0}]'
background
{ open "$A" && row "$A" 0 x T_CL && totals mark "$A" 1 1 0 0 && row "$A" 1 x U_CL && row "$A" 2 x U_CL && totals mark "$A" 3 3 0 0 && row "$A" 3 x U_CL; } >&7
until_true rows_of U_CL 3
open "$B" >&7 && row "$B" 0 x U_CL >&7 && totals end "$B" 1 1 0 0 >&7
until_true wrote '"key":"k/b"'
is "$(receipts)" "k/b delivered 1 1 0" "rows behind one that is not accepted settle nothing"
sim_control clear-script
until_true wrote '"partial"'
is "$(receipts)" "k/b delivered 1 1 0,k/a partial 3 3 0" "once it is, through moves over both marks, and not over the row after them"
totals end "$A" 4 4 0 0 >&7
finished
is "$rc $(receipts)" "0 k/b delivered 1 1 0,k/a partial 3 3 0,k/a delivered 4 4 0" "and to the end"

# Partial receipts: at least every 10 s of an object that moved, and of no other.
sim_control reset
background --dead-letter "$dead"
{ open "$A" && rows "$A" 0 3 && totals mark "$A" 3 3 0 0 && open "$B" && row "$B" 0; } >&7
until_true wrote '"through":3'
{ rows "$A" 3 5 && reject "$A" 5 && totals mark "$A" 7 5 1 1 && row "$A" 7; } >&7
until_true wrote '"through":7'
sleep 0.5 # 50 s of its clock, in which nothing moves
is "$(receipts)" "k/a partial 3 3 0,k/a partial 7 5 1" "a partial receipt for each move"
is "$(receipt '[.records, .rows, .filtered, .dead, .through]')" "[7,5,1,1,7]" "it counts what lies below through"
is "$(wc -l <"$dead")" 1 "and comes after the dead letter"
finished
is "$rc $(receipts)" "75 k/a partial 3 3 0,k/a partial 7 5 1" "input that stops inside objects: 75, and no end is made up"
like "$(cat "$tmp/err")" "stopped inside 2 objects" "it says of how many"
{ open "$A" && rows "$A" 0 2 && totals mark "$A" 2 2 0 0 && row "$A" 2; } >"$tmp/in"
run <"$tmp/in"
outcome "what was settled before the stop is told" 75 "k/a partial 2 2 0" 3
{ object "$A" 2 && printf '{"id":"%s","n":' "$B"; } >"$tmp/in"
run <"$tmp/in"
outcome "input that stops inside a line" 75 "k/a delivered 2 2 0" 2
like "$err" "stops inside line 5" "says where"

# An object that is gone on with.
{ open "$A" && row "$A" 17 && totals mark "$A" 18 1 0 0 17 && reject "$A" 18 && row "$A" 19 && totals end "$A" 20 2 1 0 17; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "resumed: the records before count as skipped" 65 "k/a delivered 20 2 1" 2
is "$(receipt '[.records, .skipped, .rows, .filtered, .dead]')" "[20,17,2,0,1]" "records = skipped + rows + filtered + dead"
{ open "$A" && row "$A" 17 POISON && row "$A" 18 && totals end "$A" 19 2 0 0 17; } >"$tmp/in"
poisoned <"$tmp/in"
outcome "resumed, and nothing settled: it stays where it was" 75 "k/a failed 17 0 0" 1
{ open "$A" && reject "$A" 17 && row "$A" 18 && totals end "$A" 19 1 1 0 17; } >"$tmp/in"
run <"$tmp/in"
outcome "so with a reject that is read before the mark" 75 "k/a failed 17 0 0" 1
{ open "$A" && row "$A" 17 && totals end "$A" 19 2 0 0 17; } >"$tmp/in"
run <"$tmp/in"
outcome "resumed, and a row is missing" 70 "k/a failed 0 0 0" 1

# Failed: an error that may be mended, a dead record and no file for it.
{ open "$A" && rows "$A" 0 2 && totals mark "$A" 2 2 0 0 && error "$A" ConnectionCut 0 true; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "error, retry:true" 75 "k/a partial 2 2 0,k/a failed 2 2 0" 2
is "$(receipt '[.reason, .code, .stage, .try]')" '["error","ConnectionCut","s3fetch",null]' "the receipt repeats it"
is "$(wc -c <"$dead")" 0 "and it is no dead letter"
{ open "$A" && error "$A" ConnectionCut 0 true; } | sed 's/"retry":true,//' >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "error without retry is taken for one that may be mended" 75 "k/a failed 0 0 0" 0
for retry in true false; do
	{ open "$A" && error "$A" AccessDenied 403 $retry; } >"$tmp/in"
	run --dead-letter "$dead" <"$tmp/in"
	outcome "AccessDenied, retry:$retry: may always be mended" 75 "k/a failed 0 0 0" 0
	is "$(receipt .try)" false "and is no try"
done
for http in 408 429 500 503; do
	{ open "$A" && error "$A" Some $http true; } >"$tmp/in"
	run <"$tmp/in"
	is "$(receipt '[.status, .http, .try]')" "[\"failed\",$http,false]" "unavailability ($http) is no try"
done
{ open "$A" && rows "$A" 0 3 && row "$A" 3 POISON && totals end "$A" 4 4 0 0; } >"$tmp/in"
poisoned <"$tmp/in"
outcome "a dead row, and no --dead-letter" 75 "k/a failed 0 0 0" 3
is "$(receipt .reason) $(told .refused)" '"dead-records" 1' "the reason, and the count"
like "$err" "hint: give --dead-letter FILE" "and the hint"
{ open "$A" && row "$A" 0 && reject "$A" 1 && totals end "$A" 2 1 1 0; } >"$tmp/in"
run <"$tmp/in"
outcome "a reject, and no --dead-letter" 75 "k/a failed 0 0 0" 1
{ open "$A" && rows "$A" 0 2 && totals mark "$A" 2 2 0 0 && reject "$A" 2 && totals end "$A" 3 2 1 0; } >"$tmp/in"
run <"$tmp/in"
outcome "what is before it is settled" 75 "k/a partial 2 2 0,k/a failed 2 2 0" 2

# Gone, whatever retry says.
for code in NoSuchKey NoSuchVersion PreconditionFailed; do
	for retry in true false; do
		{ open "$A" && rows "$A" 0 2 && totals mark "$A" 2 2 0 0 && row "$A" 2 && error "$A" $code 404 $retry; } >"$tmp/in"
		run --dead-letter "$dead" <"$tmp/in"
		outcome "$code, retry:$retry: gone, settled" 0 "k/a gone 2 2 0" 3
		is "$(receipt .code) $(told .gone) $(wc -c <"$dead")" "\"$code\" 1 0" "counted, and no dead letter"
	done
done
{ open "$A" && row "$A" 0 && totals mark "$A" 2 2 0 0 && error "$A" NoSuchKey 404 false; } >"$tmp/in"
disagrees "gone does not hide that rows are missing" missing-rows <"$tmp/in"
{ open "$A" && row "$A" 0 POISON && totals mark "$A" 1 1 0 0 && error "$A" NoSuchKey 404 false; } >"$tmp/in"
poisoned <"$tmp/in"
outcome "nor a record that is nowhere" 75 "k/a failed 0 0 0" 0

# An object that will never be read whole.
{ open "$A" && rows "$A" 0 2 && totals mark "$A" 2 2 0 0 && row "$A" 2 && error "$A" BadGzip 0 false; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "error, retry:false: the object is a dead letter, delivered" 65 "k/a delivered 2 2 0" 3
is "$(receipt .dead_object) $(told .dead_objects)" "true 1" "the receipt says so, the done line counts it"
is "$(deads '[.dead.reason, .dead.http, .store, .bucket, .key, .etag, .skip, .format]')" \
	'["BadGzip",null,"s3","b","k/a","e",2,"f/1"]' "its line says where to go on"
{ open "$A" && error "$A" TooManyReceives 0 false; } | sed 's/"etag":"e"/&,"ack":{"queue":"q","handle":"secret"},"receives":11/' >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "nothing of it was read" 65 "k/a delivered 0 0 0" 0
is "$(deads '[.dead.reason, .skip, .ack, .receives]')" '["TooManyReceives",null,null,null]' "its line starts anew, and holds nothing of the queue"
is "$(jq -c 'select(.receipt).object.ack.handle' "$tmp/out")" '"secret"' "which the receipt gives back"
run <"$tmp/in"
outcome "without --dead-letter it fails" 75 "k/a failed 0 0 0" 0
is "$(receipt '[.reason, .code, .dead_object]')" '["dead-records","TooManyReceives",null]' "for that reason"
{ open "$A" && rows "$A" 0 2 && totals mark "$A" 3 3 0 0 && error "$A" BadGzip 0 false; } >"$tmp/in"
disagrees "one of which rows are missing fails too" missing-rows <"$tmp/in"
is "$(wc -c <"$dead")" 0 "and is no dead letter then"

# `dead` counts the dead letters below through.
{ open "$A" && rows "$A" 0 2 && row "$A" 2 POISON && reject "$A" 3 && totals mark "$A" 4 3 1 0 && row "$A" 4 no-table '' && reject "$A" 5 && error "$A" Cut 0 true; } |
	sed '/no-table/s/"T_CL"/"no table"/' >"$tmp/in"
poisoned --dead-letter "$dead" <"$tmp/in"
outcome "dead letters behind the last mark do not count yet" 75 "k/a partial 4 2 2,k/a failed 4 2 2" 2
is "$(jq -cs "map(.n) | sort" "$dead") $(told .dead)" "[2,3,4,5] 4" "but are kept"
tap_done
