#!/usr/bin/env bash
# The dead letters of sentinelpost: what gets into the file, in which form, that
# it is safe before anything is acknowledged, that it can be piped back in, and
# when a run of them stops the line.
# shellcheck disable=SC2015,SC2154 # `a && b` before ok; variables of the helpers
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/sentinelpost.sh
. tests/lib/s3sim.sh
trap 's3sim_stop; sim_stop; rm -rf "$tmp"' EXIT
export LB_CLOCK_SPEED=1000
sim_start --stream Custom-T_CL --stream Custom-U_CL --stream Custom-AWSCloudTrail || exit
object "$A" 3 >"$tmp/a"
{ open "$A" && row "$A" 0 && row "$A" 1 POISON && totals end "$A" 2 2 0 0; } >"$tmp/poison"
big=$(head -c 1000000 /dev/zero | tr '\0' x)

# What gets in, and in which form.
poisoned --dead-letter "$dead" <"$tmp/poison"
outcome "a row that is refused" 65 "k/a delivered 2 1 1" 1
is "$(deads '[.id, .n, .table, .dead.reason, .dead.http, .dead.code, .object, .row.a]')" \
	"[\"$A\",1,\"T_CL\",\"refused\",400,\"InvalidRecord\",{\"store\":\"s3\",\"bucket\":\"b\",\"key\":\"k/a\"},\"POISON\"]" "is kept whole, with the reason, status, code and object"
is "$(deads '(.dead.time | fromdate > 1700000000), (.dead.request_id | length)')" "true 36" "and the time and the service's request id"
is "$(jq -r 'keys_unsorted | join(" ")' "$dead")" "id n table dead object row" "in the order of the wire: the payload last"
{ open "$A" && row "$A" 0 "$big" && row "$A" 1 && totals end "$A" 2 2 0 0; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "a row over the limit of a request" 65 "k/a delivered 2 1 1" 1
is "$(deads '[.dead.reason, .dead.http, (.row.a | length)]')" '["oversize",null,1000000]' "was not even sent"
scripted '[{"status":413,"count":2}]' --jobs 1 --dead-letter "$dead" <"$tmp/poison"
outcome "413 to a row alone" 65 "k/a delivered 2 1 1" 1
is "$(deads '[.n, .dead.reason, .dead.http, .dead.code]')" '[0,"oversize",413,"ContentLengthLimitExceeded"]' "is oversize too"
{ open "$A" && reject "$A" 0 && totals end "$A" 1 0 1 0; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "a reject" 65 "k/a delivered 1 0 1" 0
is "$(deads '[.id, .n, .dead.reason, .object.key, .reject, .raw]')" \
	"[\"$A\",0,\"bad-json\",\"k/a\",{\"reason\":\"bad-json\",\"at\":7,\"format\":\"f/1\"},\"{oops\"]" "is kept with what it takes to parse it again"
{ open "$A" && printf '{"id":"%s","n":0,"reject":{"reason":"r"},"raw64":"/w=="}\n' "$A" && totals end "$A" 1 0 1 0; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
is "$(deads .raw64)" '"/w=="' "one of bytes"
{ open "$A" | sed 's/"size"/"text":"t","row":{},"x":1,"size"/' && error "$A" BadGzip 0 false; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
is "$(deads '[.dead.reason, .key, .text, .row, .x]')" '["BadGzip","k/a",null,null,1]' "an object's members that make it another kind of line are left out"
{
	open "$A"
	row "$A" 0 x 'no/table'
	printf '{"id":"%s","n":1,"row":{"a":1}}\n' "$A"
	printf '{"id":"%s","n":2,"table":"T_CL","row":[1]}\n' "$A"
	printf '{"id":"%s","n":3,"table":"T_CL","row":{"a":"\377"}}\n' "$A"
	row "$A" 4
	totals end "$A" 5 5 0 0
} >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "rows that cannot be one" 65 "k/a delivered 5 1 4" 1
is "$(deads '[.dead.reason, .n, .table, .row.a, .raw, .raw64]')" \
	'["bad-table",0,"no/table","x",null,null] ["bad-table",1,null,1,null,null] ["bad-row",2,null,null,"[1]",null] ["bad-utf8",3,null,null,null,"eyJhIjoi/yJ9"]' "each as it came"
printf 'no wire\n{"id":"x"}\n{"a":\n' >"$tmp/in"
cat "$tmp/a" >>"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
is "$rc $(deads '[.dead.reason, .raw, .id]')" '65 ["not-wire","no wire",null] ["not-wire","{\"a\":",null]' "what is no JSON object is not the wire"
{ open "$A" && printf '{"id":"%s","n":0,"table":"T_CL","row":{"a":"' "$A" && head -c 8388400 /dev/zero | tr '\0' y && printf '"}}\n' && totals end "$A" 1 1 0 0; } >"$tmp/in"
run --dead-letter "$dead" <"$tmp/in"
outcome "a row whose dead letter would be longer than a line may be" 65 "k/a delivered 1 0 1" 0
is "$(awk 'length($0) > 8388608' "$dead" | wc -l) $(jq -r .raw "$dead" | tr -d '\n' | wc -c) $(jq -s 'map(select(.reject.more | not)) | length' "$dead")" "0 8388408 1" "is kept in pieces of one record"

# The file: for its owner alone, locked, whole lines, appended to.
rm -f "$dead"
again --dead-letter "$dead" <"$tmp/a"
is "$rc $(stat -c '%a %s' "$dead")" "0 600 0" "made with mode 0600"
printf '{"kept":1}\n{"torn' >"$dead" && chmod 644 "$dead"
sim_control 400-on '{"contains":"POISON"}'
again --dead-letter "$dead" <"$tmp/poison"
is "$(stat -c %a "$dead") $(deads '.kept // .dead.reason')" '600 1 "refused"' "one that was there: mode mended, the torn end cut off, appended to"
like "$err" "cut 6 bytes of an unfinished line off the dead-letter file '$dead'" "and that is told"
printf 'torn from the first byte' >"$dead"
again --dead-letter "$dead" <"$tmp/poison"
is "$(deads .dead.reason)" '"refused"' "a file that is one torn line"
sim_control hold
"$post" --dead-letter "$dead" <"$tmp/a" >/dev/null 2>&1 &
first=$!
until_true flying 1
again --dead-letter "$dead" <"$tmp/a"
is "$rc $(done_code) $(told .rows)" "75 75 0" "a second process with the same file reads nothing"
like "$err" "'$dead' is in use by another process.*hint:" "and says why"
sim_control release
wait "$first"
is $? 0 "the first one is not disturbed"
again --dead-letter "$dead" <"$tmp/a"
is "$rc" 0 "the lock goes with the process"
ln -s "$dead" "$tmp/link"
again --dead-letter "$tmp/link" <"$tmp/poison"
is "$rc $(wc -l <"$dead") $(stat -c %F "$tmp/link")" "65 2 symbolic link" "a link to a file is followed"
for bad in "$tmp" "$tmp/nowhere/dead" "$dead/dead" /dev/null; do
	again --dead-letter "$bad" <"$tmp/a"
	is "$rc $(done_code) $(receipts)" "78 78 " "no dead-letter file: ${bad#"$tmp"}"
	like "$err" "dead-letter file.*hint:" "it says so: ${bad#"$tmp"}"
done
mkfifo "$tmp/pipe"
again --dead-letter "$tmp/pipe" <"$tmp/a"
is "$rc" 78 "a pipe is no file to keep anything in"

# Rotation: the file is moved away while it is written.
rm -f "$dead"
mkfifo "$tmp/in.pipe"
: >"$tmp/out"
"$post" --log-format text --linger 0 --dead-letter "$dead" <"$tmp/in.pipe" >"$tmp/out" 2>"$tmp/err" &
pid=$!
exec 7>"$tmp/in.pipe"
cat "$tmp/poison" >&7
until_true wrote '"delivered"'
mv "$dead" "$dead.1"
sed 's/aaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbb/; s/"k.a"/"k\/b"/' "$tmp/poison" >&7
exec 7>&-
wait "$pid"
is "$? $(jq -r .object.key "$dead.1" "$dead" | paste -sd' ') $(stat -c %a "$dead")" "65 k/a k/b 600" "moved away: a new one is begun"

# Safe before it is acknowledged: the file, and its folder after creation.
# Which files those of a filter are is root's alone to see.
if [ "$(id -u)" = 0 ] && strace -o /dev/null true 2>/dev/null; then
	export ASAN_OPTIONS=detect_leaks=0
	sim_control 400-on '{"contains":"POISON"}'
	mkdir "$tmp/folder"
	# order NAME WANT: the calls that matter, in their order.
	order() {
		strace -f -y -s 200 -e trace=fsync,write,writev -o "$tmp/trace" "$post" --dead-letter "$tmp/folder/dead" <"$tmp/poison" >"$tmp/out" 2>"$tmp/err"
		is "$? $(sed -n 's/.*writev([0-9]*<[^>]*folder\/dead>.*/write/p; s/.*fsync([0-9]*<[^>]*folder\/dead>.*/fsync/p; s/.*fsync([0-9]*<[^>]*folder>.*/fsync-folder/p; s/.* write(1<.*"{\\"id\\".*\\"receipt\\".*/receipt/p' "$tmp/trace" | paste -sd' ')" "$2" "$1"
	}
	order "a new file: it and its folder are synced, then the receipt is written" "65 write fsync fsync-folder receipt"
	order "an old one: it is synced" "65 write fsync receipt"
	# broken NAME INJECTION: the call fails, nothing is acknowledged.
	broken() {
		rm -rf "$tmp/folder" && mkdir "$tmp/folder"
		rc=0
		strace -f -o /dev/null -e trace=fsync,writev -e inject="$2" "$post" --log-format text --dead-letter "$tmp/folder/dead" <"$tmp/poison" >"$tmp/out" 2>"$tmp/err" || rc=$?
		is "$rc $(done_code) $(receipts)" "74 74 " "$1: exit 74, nothing is acknowledged" || sed 's/^/# /' "$tmp/err"
		like "$(cat "$tmp/err")" "cannot [a-z ]*the dead-letter file '$tmp/folder/dead'.*hint:|cannot sync the directory" "$1: it says so"
	}
	broken "no room for the line" writev:error=ENOSPC
	broken "no room at the sync" fsync:error=ENOSPC:when=1
	broken "the folder cannot be synced" fsync:error=EIO:when=2
	broken "a quota" writev:error=EDQUOT
	# unready NAME CALL: a file that is there cannot be made ready.
	unready() {
		printf 'torn' >"$dead" && chmod 644 "$dead"
		rc=0
		strace -f -o /dev/null -P "$dead" -e trace="$2" -e inject="$2:error=EIO" "$post" --log-format text --dead-letter "$dead" <"$tmp/poison" >"$tmp/out" 2>"$tmp/err" || rc=$?
		is "$rc $(done_code) $(told .rows) $(receipts)" "74 74 0 " "$1: exit 74, nothing is read" || sed 's/^/# /' "$tmp/err"
	}
	unready "its mode cannot be mended" fchmod
	unready "its end cannot be read" pread64
	unready "it cannot be cut" ftruncate
	unset ASAN_OPTIONS
else
	skip "strace does not work here" "the order of calls, and calls that fail"
fi
# Settled before, and then the file fails: what was settled stays, the rest does not.
mkfifo "$tmp/later.pipe"
rm -f "$dead"
sim_control reset && sim_control 400-on '{"contains":"POISON"}'
: >"$tmp/out"
"$post" --log-format text --linger 0 --dead-letter "$dead" <"$tmp/later.pipe" >"$tmp/out" 2>"$tmp/err" &
pid=$!
exec 7>"$tmp/later.pipe"
cat "$tmp/poison" >&7
until_true wrote '"delivered"'
mv "$dead" "$dead.away" && mkdir "$dead"
( # it may leave before it has read all
	trap '' PIPE
	sed 's/aaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbb/; s/"k.a"/"k\/b"/' "$tmp/poison"
	error "$B" BadGzip 0 false
) >&7 2>/dev/null
wait "$pid"
is "$? $(receipts)" "78 k/a delivered 2 1 1" "moved away, and something else in its place: the line stops"
exec 7>&-
rmdir "$dead"
{ open "$A" && rows "$A" 0 2 && totals mark "$A" 2 2 0 0 && error "$A" BadGzip 0 false; } >"$tmp/in"
rm -f "$dead"
(
	trap '' XFSZ
	ulimit -f 0
	"$post" --log-format text --dead-letter "$dead" <"$tmp/in" 2>/dev/null | cat >/dev/null
	exit "${PIPESTATUS[0]}"
)
is "$?" 74 "no room for an object's line"
# A small disk: lines that did not fit leave no piece behind.
{ open "$A" && for i in 0 1 2; do row "$A" $i "$(printf '%30000s' '')" no/table; done && totals end "$A" 3 3 0 0; } >"$tmp/in"
rm -f "$dead"
(
	trap '' XFSZ
	ulimit -f 16
	again --dead-letter "$dead" <"$tmp/in" >/dev/null
	echo "$rc" >"$tmp/rc"
)
is "$(cat "$tmp/rc") $(receipts) $(tail -c 1 "$dead" | tr '\n' n)" "74  " "a disk that is full"
again --dead-letter "$dead" <"$tmp/in"
is "$rc $(deads .n)" "65 0 1 2" "once there is room all is kept, once"

# Replay: rows, rejects and objects, through s3fetch and logparse.
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
s3sim_start --bucket logs || exit
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
filters=$BUILD/testbin
record() { printf '{"eventVersion":"1.08","eventTime":"%s","eventSource":"s3.amazonaws.com","eventName":"%s","awsRegion":"us-east-1","eventID":"11111111-2222-3333-4444-%012d"}' "$now" "$1" "$2"; }
printf '{"Records":[%s,%s,{"eventName":oops},%s]}' "$(record Good 1)" "$(record POISON 2)" "$(record Good 3)" | gzip >"$tmp/mixed"
head -c 40 "$tmp/mixed" >"$tmp/cut"
s3put "$tmp/mixed" "$S3SIM_URL/logs/mixed%20%22.json.gz" >/dev/null
s3put "$tmp/cut" "$S3SIM_URL/logs/cut.json.gz" >/dev/null
sim_control reset && sim_control 400-on '{"contains":"POISON"}' && rm -f "$dead"
"$filters/s3list" s3://logs/ 2>/dev/null | "$filters/s3fetch" 2>/dev/null | "$filters/logparse" 2>/dev/null | "$post" --dead-letter "$dead" >"$tmp/out" 2>/dev/null
is "$? $(receipts | tr , '\n' | sort | paste -sd,)" '65 cut.json.gz delivered 0 0 0,mixed ".json.gz delivered 4 2 2' "one of each kind"
# replay FILE [OPTION ..]: it goes in again; what is dead then, in $dead.
replay() {
	local from=$1
	shift
	rc=0
	"$filters/s3fetch" <"$from" 2>/dev/null | "$filters/logparse" 2>/dev/null | "$post" "$@" >"$tmp/out" 2>"$tmp/err" || rc=$?
}
plain() { jq -cS 'del(.dead.time, .dead.request_id)' "$1" | sort; }
cp "$dead" "$tmp/first"
is "$(jq -c '[.dead.reason, (.object.key // .key), has("row"), has("reject"), has("bucket")]' "$dead" | sort | paste -sd' ')" \
	'["Truncated","cut.json.gz",false,false,true] ["bad-json","mixed \".json.gz",false,true,false] ["refused","mixed \".json.gz",true,false,false]' "a row, a reject and an object line"
for i in 1 2 3; do
	mv "$dead" "$tmp/last"
	replay "$tmp/last" --dead-letter "$dead"
	is "$rc $(receipts) | $(diff <(plain "$tmp/first") <(plain "$dead") && echo the same)" "65 cut.json.gz delivered 0 0 0 | the same" "replayed $i times: what stays dead stays as it was"
done
is "$(sim_status .tables.AWSCloudTrail.rows)" 2 "and nothing came twice"
# What mends: the service takes the row, the reject was mended by hand, the
# object can be read (it had been received too often, say).
sim_control 400-on '{"contains":[]}'
{
	grep '"row"' "$dead"
	jq -c --arg raw "$(record Mended 4)" 'select(.reject) | .raw = $raw' "$dead"
	"$filters/s3list" s3://logs/ 2>/dev/null | grep mixed | jq -c '{dead:{reason:"TooManyReceives"}} + . + {skip:2,format:"cloudtrail/1"}'
} >"$tmp/mended"
sim_control reset
replay "$tmp/mended" --dead-letter "$dead.2"
is "$rc $(receipts)" '65 mixed ".json.gz delivered 4 1 1' "the object is gone on with where its line says; the others need no receipt"
is "$(sim_rows AWSCloudTrail | jq -r '[.EventName, .AwsEventId[-2:]] | join(" ")' | sort | paste -sd,)" "Good 03,Mended 04,POISON 02" "all three kinds arrive"
s3sim_stop
export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x AWS_REGION=x

# --max-dead: so many of one table, one format, or of what is no row, with none
# accepted between.
bad_rows() { local i; for ((i = $2; i < $3; i++)); do row "$1" "$i" "${4:-POISON}" "${5:-T_CL}"; done; }
{ open "$A" && bad_rows "$A" 0 20 && totals end "$A" 20 20 0 0; } >"$tmp/in"
poisoned --max-dead 5 --dead-letter "$dead" <"$tmp/in"
is "$rc $(done_code) $(receipts)" "78 78 " "dead rows of one table stop the line, nothing is settled"
like "$err" "5 dead rows of table 'T_CL' in a row.*hint:.*stream 'Custom-T_CL'" "it names table and stream"
poisoned --max-dead 0 --dead-letter "$dead" <"$tmp/in"
outcome "0: never" 65 "k/a delivered 20 0 20" 0
poisoned --max-dead 21 --dead-letter "$dead" <"$tmp/in"
outcome "fewer than the limit" 65 "k/a delivered 20 0 20" 0
{ open "$A" && for i in 0 2 4 6 8; do bad_rows "$A" $i $((i + 1)) && row "$A" $((i + 1)); done && totals end "$A" 10 10 0 0; } >"$tmp/in"
poisoned --jobs 1 --max-dead 3 --dead-letter "$dead" <"$tmp/in"
outcome "accepted rows of the table between end a run" 65 "k/a delivered 10 5 5" 5
{ open "$A" && for i in 0 2 4 6 8; do bad_rows "$A" $i $((i + 1)) && row "$A" $((i + 1)) x U_CL; done && totals end "$A" 10 10 0 0; } >"$tmp/in"
poisoned --jobs 1 --max-dead 3 --dead-letter "$dead" <"$tmp/in"
is "$rc" 78 "those of another table do not"
{ open "$A" && for i in 0 2 4 6 8; do row "$A" $i && row "$A" $((i + 1)) "$big"; done && totals end "$A" 10 10 0 0; } >"$tmp/in"
run --linger 5m --max-dead 3 --dead-letter "$dead" <"$tmp/in"
outcome "oversize rows, and good ones between that wait to be sent" 65 "k/a delivered 10 5 5" 5
{ open "$A" && bad_rows "$A" 0 10 "$big" && totals end "$A" 10 10 0 0; } >"$tmp/in"
run --max-dead 3 --dead-letter "$dead" <"$tmp/in"
is "$rc $(wc -l <"$dead")" "78 3" "oversize rows alone count"
{ open "$A" && for i in $(seq 0 19); do printf '{"id":"%s","n":%d,"table":"T_CL","row":"text"}\n' "$A" "$i"; done && totals end "$A" 20 20 0 0; } >"$tmp/in"
run --max-dead 5 --dead-letter "$dead" <"$tmp/in"
is "$rc $(wc -l <"$dead")" "78 5" "rows that are none count for their table"
like "$err" "5 dead rows of table 'T_CL'" "which is named"
sed 's/"table":"T_CL",//' "$tmp/in" >"$tmp/in2"
run --max-dead 5 --dead-letter "$dead" <"$tmp/in2"
is "$rc $(wc -l <"$dead")" "78 5" "those without a table too"
like "$err" "5 lines in a row that are no rows.*hint:" "as lines that are no rows"
{ open "$A" && for i in $(seq 0 19); do reject "$A" "$i"; done && totals end "$A" 20 0 20 0; } >"$tmp/in"
run --max-dead 5 --dead-letter "$dead" <"$tmp/in"
is "$rc $(done_code) $(receipts) $(wc -l <"$dead")" "78 78  5" "rejects of one format stop the line"
like "$err" "5 rejects of format 'f' in a row.*hint:" "it names the format"
run --max-dead 5 <"$tmp/in"
is "$rc" 78 "without a dead-letter file too"
{ open "$A" && for i in $(seq 0 7); do reject "$A" "$i" | sed "s/f.1/f$((i % 4))/"; done && totals end "$A" 8 0 8 0; } >"$tmp/in"
run --max-dead 3 --dead-letter "$dead" <"$tmp/in"
outcome "each format has its own run" 65 "k/a delivered 8 0 8" 0
{ cat "$tmp/a" && for i in $(seq 20); do echo no wire; done; } >"$tmp/in"
run --max-dead 5 --dead-letter "$dead" <"$tmp/in"
is "$rc $(receipts)" "78 k/a delivered 3 3 0" "lines that are not the wire; what was settled before stays so"
poisoned --dead-letter "$dead" < <(open "$A" && bad_rows "$A" 0 1100 && totals end "$A" 1100 1100 0 0)
is "$rc" 78 "1,000 unless told otherwise"
tap_done
