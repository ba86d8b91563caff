#!/usr/bin/env bash
# logparse --where and --map: which rows go out and what becomes of them, that
# counts balance, what is a reject, and what expressions cannot reach.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/../lib/logparse.sh"

cat >"$tmp/mine.format" <<'END'
format	mine 1
table	Mine
frame	json
column	TimeGenerated	datetime	at
column	Name	string	name
column	Big	long	big
column	Real	real	real
column	Flag	bool	flag
column	Dyn	dynamic	dyn
END
# mine MEMBERS ...: an object of such records, one for each argument
mine() {
	local m i=0
	for m; do
		printf '{"at":"2026-11-20T09:00:%02dZ"%s}\n' $((i++)) "$m"
	done >"$tmp/mine"
	mkwire "$tmp/mine" >"$tmp/in"
}
# run OPTION ...: logparse on what mine() made
run() { parse --format-file "$tmp/mine.format" --format mine "$@"; }
# rows: the columns that there are besides the time, of all rows
rows() { sed -n 's/.*"row":{"TimeGenerated":"[^"]*",\{0,1\}\(.*\)}}$/\1/p' "$tmp/out" | paste -sd' '; }
# balance NAME: of every mark and end; there is one
balance() {
	local line records skipped rows rejects filtered lines odd=
	lines="$(counts mark) $(counts)"
	for line in $lines; do
		IFS=, read -r records skipped rows rejects filtered <<<"$line"
		[ "$records" = $((skipped + rows + rejects + filtered)) ] || odd+="$line "
	done
	[[ $lines == *,* && -z $odd ]]
	ok "$1: the counts balance" || echo "# of $lines: $odd"
}
# rejects: reason and detail of each
rejects() { sed -n 's/^{"id":"[^"]*","n":[0-9]*,"reject":{.*"reason":"\([^"]*\)",.*"detail":"\([^"]*\)".*/\1: \2/p' "$tmp/out"; }
# numbers, times: n and TimeGenerated of each row
numbers() { sed -n 's/^{"id":"[^"]*","n":\([0-9]*\),"table":.*/\1/p' "$tmp/out"; }
times() { sed -n 's/.*"row":{"TimeGenerated":"\([^"]*\)".*/\1/p' "$tmp/out"; }
# done_exit: the exit code in the last line
done_exit() { sed -n 's/^{"done":{"stage":"logparse","exit":\([0-9]*\).*/\1/p' "$tmp/out"; }

# --- what is kept --------------------------------------------------------
records 40 >"$tmp/object"
mkwire "$tmp/object" >"$tmp/in"
parse
grep '"row":' "$tmp/out" | awk 'NR % 2' >"$tmp/want"
parse --where '.AwsEventId | ltrimstr("id-") | tonumber % 2 == 0' --metrics "$tmp/metrics"
grep '"row":' "$tmp/out" | cmp -s - "$tmp/want"
ok "--where keeps and drops rows, and alters no byte of them"
is "$rc $(counts)" "0 40,0,20,0,20" "those dropped are filtered"
is "$(sed -n 's/^{"done":{"stage":"logparse",.*"filtered":\([0-9]*\).*/\1/p' "$tmp/out")" 20 "in done, too"
is "$(grep -c '^logbridge_filtered_total.* 20$' "$tmp/metrics")" 1 "and in the metrics"
balance "--where"
parse --where '.EventName == "GetObject"' --where '.AwsEventId != "id-3"'
is "$rc $(counts)" "0 40,0,39,0,1" "of several --where all are to be true"
parse --where 'false' --where 'error("not asked")'
is "$rc $(counts)" "0 40,0,0,0,40" "they are asked in order, up to one that is not"
parse --explain --where '.AwsEventId == "id-1"'
is "$(grep -c ': filtered$' "$tmp/out") $(grep -c 'a row of' "$tmp/out")" "39 1" "--explain tells"

# What is true: any result but null and false, as of select().
while IFS=$'\t' read -r expr want; do
	mine ',"name":"a","dyn":{"b":[1]}'
	run --where "$expr"
	is "$rc $(counts)" "0 $want" "what is kept: $expr"
done <<'END'
true	1,0,1,0,0
false	1,0,0,0,1
null	1,0,0,0,1
0	1,0,1,0,0
""	1,0,1,0,0
[]	1,0,1,0,0
empty	1,0,0,0,1
.Nothing	1,0,0,0,1
.Name	1,0,1,0,0
.	1,0,1,0,0
false, null, 1	1,0,1,0,0
false, null	1,0,0,0,1
true, error("later")	1,0,1,0,0
.Dyn.b[0] == 1	1,0,1,0,0
.Dyn.c.d == null	1,0,1,0,0
has("Name") and (has("Big") | not)	1,0,1,0,0
.TimeGenerated | fromdate > 0	1,0,1,0,0
select(.Name == "b")	1,0,0,0,1
try error("x") catch .	1,0,1,0,0
keys_unsorted[0] == "TimeGenerated"	1,0,1,0,0
END

# --- errors are of one row -----------------------------------------------
mine ',"name":"secret-1"' '' ',"name":"b"'
run --where '.Name | startswith("secret")'
is "$rc $(counts)" "0 3,0,1,1,1" "an error makes a reject of that row alone"
is "$(of 'select(.reject) | [.n, .reject.reason, .reject.detail, .reject.message, .raw] | @json')" \
	'[1,"where-error","the expression failed","startswith() requires string inputs","{\"at\":\"2026-11-20T09:00:01Z\"}"]' \
	"with the reason, what libjq says, and all its bytes"
said "record 1 at byte 48: where-error" "it is told"
balance "an error"
run --where 'error(.Name // "none")'
is "$(of 'select(.reject) | .reject.message // "-"')" "secret-1 none b" "what is said may be of the record"
[[ $err != *secret* ]]
ok "and does not stand on standard error"
grep '"reject":' "$tmp/out" >"$tmp/dead"
cp "$tmp/dead" "$tmp/in"
run --where 'error(.Name // "none")'
is "$rc $(grep -c where-error "$tmp/out")" "0 3" "tried again, the same is a reject still"
run --where '.Name != "b"'
is "$rc $(rows) $(grep -c '"reject":' "$tmp/out") $(of 'select(.done) | .done | [.rows, .filtered, .records] | @csv')" \
	'0 "Name":"secret-1"  0 2,1,3' "with another expression it is a row, or filtered"
mine ',"name":"b"' ',"name":1'
run --rows --where '.Name == "b" or error("x")'
is "$rc $(cat "$tmp/out")" '65 {"TimeGenerated":"2026-11-20T09:00:00Z","Name":"b"}' "--rows: the row alone, and 65 for a reject"

# --- what passes ----------------------------------------------------------
{
	echo '{"id":"00000000000000aa-0001","n":5,"table":"T","row":{"TimeGenerated":"2026-11-20T09:00:00Z","A":1}}'
	mkwire --no-done "$tmp/mine"
} >"$tmp/in"
run --where false --map 'error("x")'
is "$rc $(grep -c '"row":{"TimeGenerated":"2026-11-20T09:00:00Z","A":1}' "$tmp/out") $(counts)" "0 1 2,0,0,0,2" "rows that were made before pass as they are"

# --- --map ------------------------------------------------------------------
mine ',"name":"a\/\u0041","big":9007199254740993,"real":1.50e2,"flag":true,"dyn":{"z":1.0,"a":12345678901234567890,"a":3}'
all='"Name":"a\/\u0041","Big":9007199254740993,"Real":1.50e2,"Flag":true,"Dyn":{"z":1.0,"a":12345678901234567890,"a":3}'
run --map .
is "$rc $(rows)" "0 $all" "--map: what is handed through keeps its text"
while IFS=$'\t' read -r expr want; do
	run --map "$expr"
	is "$rc $(rows)" "0 $want" "--map '$expr'"
	balance "--map '$expr'"
done <<END
del(.Dyn)	"Name":"a\/\u0041","Big":9007199254740993,"Real":1.50e2,"Flag":true
{Big, Name}	"Big":9007199254740993,"Name":"a\/\u0041"
{Host: .Name, N: (.Dyn.z + 0), S: "é\"\n"}	"Host":"a/A","N":1,"S":"é\"\n"
.Big += 2 | {Big}	"Big":9007199254740994
.Name = null | {Name, Flag}	"Flag":true
.Flag |= not | {Flag}	"Flag":false
{A: [1, {b: null, "c\"\u0001": [[], {}]}], B: {}}	"A":[1,{"b":null,"c\"\u0001":[[],{}]}],"B":{}
{"a b\u0000": 1, "": 2}	"a b\u0000":1,"":2
.TimeGenerated = "2026-11-21T10:00:00+01:00" | {TimeGenerated, Flag}	"Flag":true
END
run --map '.TimeGenerated = "2026-11-21T10:00:00.5+01:00" | {Flag, TimeGenerated}'
is "$(times)" "2026-11-21T09:00:00.5Z" "a new time is written as times are"
grep -q '"row":{"TimeGenerated":' "$tmp/out"
ok "and comes first"
run --map '{Flag}'
is "$(times)" "2026-11-20T09:00:00Z" "the time stays when none is given"
run --map empty
is "$rc $(counts)" "0 1,0,0,0,1" "no result: the row is filtered"
run --map 'select(.Flag | not)'
is "$rc $(counts)" "0 1,0,0,0,1" "as select() has it"
run --map '{Long: ("ab" * 50000), Dyn: [range(30000)]}'
is "$rc $(of 'select(.row).row | (.Long | utf8bytelength), (.Long | endswith("...[cut]")), (.Dyn[-1])') $(of 'select(.end).end.cut')" \
	"0 65536 true ...[cut] 2" "what is over 64 KiB is cut, and counted"
run --map '{A: ("x" * 65000)} as $x | reduce range(135) as $i ({}; .["C\($i)"] = $x.A)'
is "$rc $(grep -o '"reject":{"reason":"[^"]*"' "$tmp/out")" '0 "reject":{"reason":"row-too-long"' "a row over 8 MiB is a reject"
# Each for a row of its own.
exprs=() wants=() members=() program=
while IFS=$'\t' read -r expr want; do
	program+="${program:+ el}if .Name == \"${#exprs[@]}\" then ($expr)"
	members+=(",\"name\":\"${#exprs[@]}\"")
	exprs+=("$expr") wants+=("$want")
done <<'END'
., .	there is more than one result
., error("x")	the expression failed
.Name	the result is no object
[.]	the result is no object
null	the result is no object
.TimeGenerated = "yesterday"	TimeGenerated is no time
.TimeGenerated = 5	TimeGenerated is no time
.X = reduce range(2000) as $i (1; [.])	a column is nested too deep, or too long
END
mine "${members[@]}"
run --map "$program else . end"
is "$rc $(counts)" "0 ${#exprs[@]},0,0,${#exprs[@]},0" "what --map cannot make a row of is a reject"
mapfile -t said < <(rejects)
for i in "${!exprs[@]}"; do
	is "${said[i]-}" "map-error: ${wants[i]}" "--map '${exprs[i]}' is a reject"
done
mine ',"name":"a"' ',"name":"b"' ',"name":"c"'
run --where '.Name != "b"' --map '.Name += "!"'
is "$rc $(rows) $(numbers | paste -sd' ')" '0 "Name":"a!" "Name":"c!" 0 2' "--where is asked of the row as it was; numbers stay"
balance "--where and --map"
run --rows --map '{Name}'
is "$rc $(head -n 1 "$tmp/out")" '0 {"TimeGenerated":"2026-11-20T09:00:00Z","Name":"a"}' "--rows prints what --map makes"
mine "$(printf ',"dyn":%0300d1%0300d' 0 0 | sed 's/,"dyn":\(0*\)1\(0*\)/,"dyn":\1x\2/; s/0*x/\n&/; s/\n\(0*\)x\(0*\)/\1x\2/; y/0/[/; s/x\(.*\)/1\1/' | sed 's/1\(\[*\)/1\1/; :a; s/1\(]*\)\[/1\1]/; ta')" ',"name":"b"'
run --map .
is "$rc $(counts) $(rejects)" "0 2,0,1,1,0 map-error: libjq does not take the row" "a row deeper than libjq's 256 is a reject"

# --- programs that are none --------------------------------------------------
while IFS=$'\t' read -r expr want; do
	# libjq forgets a string that is cut off.
	case $BUILD$expr in *address*\"abc) continue ;; esac
	for option in --where --map; do
		run $option "$expr"
		is "$rc $(done_exit)" "64 64" "$option '$expr': exit 64"
		said "$option: $want" "with what and where" || echo "# $want"
	done
done <<'END'
.a == 1 | | 2	syntax error, unexpected '|' at line 1, column 11
.a | foo(1)	foo/1 is not defined at line 1, column 6
.a as [$x	syntax error, unexpected
$x	$x is not defined at line 1, column 1
"abc	syntax error, unexpected
)	syntax error, unexpected INVALID_CHARACTER, expecting
END
printf -v expr '.a\n| .b == }'
run --where "$expr"
said "at line 2, column 9" "the line, too"
run --map . --map .
is "$rc" 64 "--map given twice: exit 64"
said "more than once" "and why"
deep=$(printf '[%.0s' {1..70})
run --where "$deep"
is "$rc" 64 "brackets without end: exit 64"

# --- out of reach -------------------------------------------------------------
for expr in env 'env.PATH' '$ENV' '$ENV.PATH' input inputs '[inputs]' debug stderr 'input_filename' input_line_number \
	halt '"x" | halt_error' 'import "a" as a; .' 'include "a"; .' modulemeta get_search_list '"\(env)"' '"\("\(env)")"' \
	'{a: env}' '{(env|tostring): 1}' '[1, env]' '. as {a: $x} | env' 'def f: env; f' '.a # comment
	| env' '$__prog_args' 'if env then 1 else 2 end' '$ ENV'; do
	run --where "$expr"
	is "$rc" 64 "out of reach: $expr"
	said "is out of reach" "  so it says" || echo "# $expr"
done
mine ',"name":"a","dyn":{"env":"x","input":1}'
for expr in '.Dyn.env == "x"' '.Dyn | {env, input} | .env == "x"' '{env: 1}.env' '.Dyn["env"]' '"env $ENV" | length' '.Dyn."env"' '1 # env'; do
	run --where "$expr"
	is "$rc $(counts)" "0 1,0,1,0,0" "a name of a member: $expr"
done
mkdir "$tmp/home"
echo 'def startswith($x): true; def mine: true;' >"$tmp/home/.jq"
HOME=$tmp/home run --where mine
is $rc 64 "what ~/.jq defines is not known"
HOME=$tmp/home run --where '.Name | startswith("no")'
is "$rc $(counts)" "0 1,0,0,0,1" "nor used"
SECRET=x run --where '[paths, ("now" | now), (builtins | length)] | tostring | test("SECRET") | not'
is "$rc $(counts)" "0 1,0,1,0,0" "nothing of the environment is found"

# --- without end ---------------------------------------------------------------
for expr in 'def f: f; f' '[repeat(1)]'; do
	run --where "$expr"
	is "$rc $(counts)" "0 1,0,0,1,0" "without end: $expr"
	like "$(rejects)" '^where-error: it takes too much (time|memory)$' "is stopped"
done
mine ',"name":"a"' ',"name":"b"'
run --where 'if .Name == "a" then ("x" * 1000) as $x | [limit(100000000; repeat($x + "x"))] else . end'
is "$rc $(counts) $(rows)" '0 2,0,1,1,0 "Name":"b"' "without measure: that row alone"
# Nested deeper than a stack of 8 MiB holds when it is freed: a row, or too much memory.
run --where 'if .Name == "a" then reduce range(1500000) as $i (1; [.]) else . end'
like "$rc $(counts)" '^0 2,0,(2,0|1,1),0$' "nested very deep"
# Of a result that is there many times by reference no more is written than a column takes.
run --map 'if .Name == "a" then {A: (reduce range(60) as $i ("x"; [., .]))} else . end'
is "$rc $(counts) $(rows)" '0 2,0,1,1,0 "Name":"b"' "a result without measure: that row alone"
like "$(rejects)" '^map-error: (a column is nested too deep, or too long|it takes too much (time|memory))$' "is no column"

# --- what libjq 1.6 or 1.7 does not survive, or does not come back from -------------
# Left inside of path(), it aborts at the next row; what it aborts on at once, what
# has no end, and memory without measure cost that row.
mine ',"name":"a"' ',"name":"b","dyn":{"x":[1,2]}' ',"name":"c"'
for expr in 'first(paths)' paths leaf_paths 'path(..)' 'path(..), error("x")' '(path(..) | select(length > 0)), repeat(1)' \
	'path(first(.Name, .Dyn))' 'limit(2; paths)' 'label $f | paths, break $f' 'isempty(paths) | not' 'path(limit(1; ..))'; do
	run --where "$expr"
	is "$rc $(counts)" "0 3,0,3,0,0" "left in the middle: $expr"
done
for expr in paths 'limit(2; path(..))' 'path(..), error("x")'; do
	run --map "$expr"
	is "$rc $(counts)" "0 3,0,0,3,0" "left in the middle: --map '$expr'"
done
run --map 'first(paths) as $p | {A: $p}'
is "$rc $(counts)" "0 3,0,3,0,0" "first(paths) in --map"
for expr in 'infinite | todate' '1e1000 | strftime("%Y")' '[-1] | implode' '"x" | indices("")' '("x" * 1e9) | length' \
	'[range(3e6)] | tojson | tojson | tojson' 'path(def f: f; f)' '[paths] | .[1e9] = 1' '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!" * 300 | test("(a|a)*(a|aa)+$")' \
	'tojson | gsub(""; "x")' 'def f: [f]; f' 'def f(g): f(g | g); f(.)' 'reduce range(1e9) as $i (.; .)'; do
	for option in --where --map; do
		# libjq's versions differ in what they survive: another row is a row in any case.
		run $option "if .Name == \"b\" then ($expr) else . end"
		like "$rc $(counts)" '^0 3,0,(2,1,0|2,0,1|3,0,0)$' "$option: that row alone: $expr"
	done
done
balance "when libjq ends"
run --where 'if .Name == "b" then path(..), def f: f; f else path(..) end' --map '{Name}'
is "$rc $(counts) $(rows)" '0 3,0,3,0,0 "Name":"a" "Name":"b" "Name":"c"' "several expressions, one left in the middle"

# Who runs them is ended by somebody: idle, another takes its place; who forks it, and
# nothing is told to be done.
mkfifo "$tmp/pipe"
# child PID: the first process that it started, last of all
child() { pgrep -n -P "$1"; }
# upto N: until so many lines are there
upto() {
	local i
	for ((i = 0; i < 3000; i++)); do
		[ "$(wc -l <"$tmp/out")" -lt "$1" ] || return 0
		sleep 0.02
	done
}
for whom in worker keeper; do
	: >"$tmp/out"
	logparse --format-file "$tmp/mine.format" --format mine --where '.Name + "x"' <"$tmp/pipe" >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	exec 7>"$tmp/pipe"
	mine ',"name":"a"'
	grep -v '"done":' "$tmp/in" >&7
	upto 3
	victim=$(child $pid)
	worker=$(child "$victim")
	[ $whom = keeper ] || victim=$worker
	kill -KILL "$victim"
	while kill -0 "$victim" 2>/dev/null && ! grep -q '^State:.*Z' "/proc/$victim/status" 2>/dev/null; do sleep 0.02; done
	# The worker goes with the keeper, but where gcov is to write.
	[ $whom = worker ] || kill -KILL "$worker" 2>/dev/null
	mine ',"name":"b"'
	sed 's/^{"v"\(.*\)-0001/{"v"\1-0002/; s/-0001"/-0002"/' "$tmp/in" >&7
	exec 7>&-
	wait $pid
	rc=$?
	err=$(cat "$tmp/err")
	if [ $whom = worker ]; then
		is "$rc $(rows)" '0 "Name":"a" "Name":"b"' "the worker is ended: another one works"
	else
		is "$rc $(rows) $(grep -c '"done":' "$tmp/out")" '71 "Name":"a" 0' "the keeper is ended: exit 71, and no done"
		said "the process that runs expressions has ended" "it is told"
	fi
done

# --- without libjq -----------------------------------------------------------------
# What is asked without it has the same answers: . as \$x | (EXPR) is asked with it,
# once of all that have, as libjq says in one --map, the same answers for all rows.
# both OPTION ...: for all of $exprs; counts the rows in $kept
both() {
	local i expr quick row program='' rows answers
	declare -A slow=()
	for expr in "${exprs[@]}"; do
		program+="${program:+, }([try (if any(($expr); .) then \"1\" else \"0\" end) catch \"?\"] | .[0] // \"0\")"
	done
	mapfile -t rows < <(logparse --map "{A: ([$program] | add)}" "$@" 2>/dev/null | sed -n 's/.*"A":"\([01?]*\)"}}$/\1/p')
	for i in "${!exprs[@]}"; do
		expr=${exprs[i]} answers=
		for row in "${rows[@]}"; do answers+=${row:i:1}; done
		# What an error says may differ.
		[[ $answers =~ ^[01]+$ ]] || answers=$expr
		[ "${slow[$answers]+x}" ] || slow[$answers]=$(logparse --where ". as \$x | ($expr)" "$@" 2>/dev/null | plain)
		quick=$(logparse --where "$expr" "$@" 2>/dev/null | plain)
		is "$quick" "${slow[$answers]}" "without libjq and with it: $expr"
		quick=${quick//[!$'\x01']/}
		kept+="${#quick} "
	done
}
# plain: the lines but the first and the last, without ids; a \x01 begins each row
plain() {
	local line
	while IFS= read -r line; do
		case $line in
		'{"v"'* | '{"done"'*) continue ;;
		'{"id":"'*) line=${line#'{"id":"'} line=${line#*\"} ;;
		esac
		case $line in *'"row"'*) printf '\x01' ;; esac
		printf '%s\n' "$line"
	done
}
kept=
printf '%s\n' 'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status odd' \
	'2 123456789010 eni-1 172.31.16.139 172.31.16.21 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK x' \
	'2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - NODATA y' \
	'2 123456789010 eni-2 2001:db8::1 172.31.16.21 99999999999 22 6 20 4249 1418530010 1418530070 REJECT OK "z"' >"$tmp/vpc"
exprs=('.SrcPort == 20641' '.DstPort == 22 and .Action != "REJECT"' '.SrcAddr | IN("172.31.16.139", null)' '.Bytes > 1000'
	'.SrcAddr // "" | test("^2001:")' '.LogStatus == "NODATA"' '.Extra_CF.odd == "y"' '.TimeGenerated < "2015"' '.None == null')
both --format vpcflow "$tmp/vpc"
both --format vpcflow --extra Extra_CF "$tmp/vpc"
is "$kept" "1 1 1 2 1 1 0 2 3 1 1 1 2 1 1 1 2 3 " "as many as there are"
mine ',"name":"a","dyn":{"a":{"b":"x"}}' ',"name":"b","big":7' ',"name":null,"real":1e300' ',"name":"\u00e9\n"' ',"big":9007199254740993'
kept=
exprs=('.Name == "a"' '.Dyn.a.b == "x"' '.Big == 7' '.Real > 1' '.Name > "a"' '.Name | test("^.$")' '.Name == "é\n"' '.TimeGenerated == "2026-11-20T09:00:01Z"'
	'.SourceRecord == 3' '.SourceKey | endswith("mine")' '.AdditionalFields == null' '.Big > 1e15' '.Dyn | not' '. != null')
sed 's/^table.*/table	Mine_CL/' "$tmp/mine.format" >"$tmp/custom.format"
both --format-file "$tmp/custom.format" --format mine "$tmp/mine"
is "$kept" "1 1 1 1 2 3 1 1 1 5 5 1 4 5 " "as many as there are, in a table of one's own"

# --- what there may be more of -----------------------------------------------------
{
	records 3000 ',"requestParameters":{"x":"y"}'
} >"$tmp/object"
mkwire "$tmp/object" >"$tmp/in"
run_records() { parse --where '.AwsEventId | ltrimstr("id-") | tonumber % 3 > 0' --map '.EventName += "x"'; }
run_records
is "$rc $(counts)" "0 3000,0,2000,0,1000" "thousands"
balance "thousands"
is "$(numbers | awk '$1 % 3 == 0 || $1 <= last { bad++ } { last = $1 } END { print bad + 0, NR }')" "0 2000" "in order, each with its number"
tap_done
