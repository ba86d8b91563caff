#!/usr/bin/env bash
# logparse --where and --map give jq's answers: the rows that `select(EXPR)` lets
# through in jq are those that are kept, byte for byte, and --map makes what jq
# makes.  Programs in the spirit of jq's own tests, on CloudTrail's events and on
# rows of every type.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/../lib/logparse.sh"
command -v jq >/dev/null || skip_all "jq is not installed"

cat >"$tmp/all.format" <<'END'
format	all 1
table	All
frame	json
column	TimeGenerated	datetime	at
column	S	string	s
column	N	real	n
column	L	long	l
column	B	bool	b
column	D	dynamic	d
END
# Rows of every type, and of none.
{
	n=0
	for m in '"s":"abc"' '"s":"ABC","n":1,"b":true' '"s":"","n":0,"b":false' '"s":"a,b, c","d":[1,2,3]' '"n":-1.5,"l":42' \
		'"n":1e3,"d":{"a":1,"b":[{"c":"x"},{"c":null}]}' '"s":"é€😀","d":"text"' '"s":"line\nfeed\ttab\u0000nul","d":5' '"d":[]' '"d":{}' \
		'"d":[[1,[2]],{"a":"b"},null,true]' '"s":"2015-03-05T23:51:47Z"' '"s":"{\"x\":1}"' '"s":"\"quoted\" \\ back"' '"d":{"b":2,"a":[3,1,2]}' \
		'"s":"foo bar foo","l":7' '"l":9007199254740993' '"s":"aGVsbG8=","n":100' '"s":"123","n":123,"l":123' '"d":[{"a":1,"b":2},{"a":3,"b":4}]'; do
		printf '{"at":"2026-11-20T09:00:%02dZ",%s}\n' $((n++)) "$m"
	done
} >"$tmp/all"
all=(--format-file "$tmp/all.format" --format all)
logparse "${all[@]}" --rows "$tmp/all" >"$tmp/rows" 2>/dev/null
is "$(wc -l <"$tmp/rows")" 20 "there are rows of every type"

# ask BEFORE AFTER FILE: jq's answers for each row of FILE, to all $programs in one
# start, as starting takes it longer than all else: [I,ANSWER] is what BEFORE
# PROGRAM AFTER says, with I its place.
ask() {
	local i
	for ((i = 0; i < ${#programs[@]}; i++)); do
		[ $i = 0 ] || echo ,
		echo "($1${programs[i]}$2 | [$i, .])"
	done >"$tmp/program"
	jq -cSf "$tmp/program" "$3"
}
# sort_out: what stands behind I in the lines [I,..] on standard input, as
# ${sorted[I]}, a line for each.
sort_out() {
	local line i
	sorted=()
	while IFS= read -r line; do
		line=${line#[} i=${line%%,*} line=${line#*,}
		sorted[i]+=${line%]}$'\n'
	done
}
# ask_rows BEFORE AFTER: jq's answers of each row of $tmp/rows, sorted out; ${rows[..]}
ask_rows() {
	mapfile -t rows <"$tmp/rows"
	ask "$1" "$2" "$tmp/rows" >"$tmp/answers"
	sort_out <"$tmp/answers"
}
# lines_of TEXT: how many
lines_of() {
	local breaks=${1//[!$'\n']/}
	echo ${#breaks}
}

# What fails on a row fails in jq, too, which ends there: each row for itself.
mapfile -t programs <<'END'
.S == "abc"
.S != "abc"
.N > 0
.N >= -1.5 and .N < 100
.B
.B | not
.B == false
.S > "a"
.S < .D
.D == [1,2,3]
.D == .D
.D > {}
.D.a
.D.a == 1
.D.b[1].c == null
.D[0]
.D[0].a? == 1
.D | type == "array"
.D | length > 2
.S | length > 5
.S | test("^a")
.S // "" | test("B"; "i")
(.S // "") | test("[[:digit:]]+")
(.S // "") | test("fo{2}.*foo$")
(.S // "") | startswith("a")
(.S // "") | endswith("o")
(.S // "") | contains("\u0000")
(.S // "") | ascii_downcase == "abc"
(.S // "") | ltrimstr("foo") | startswith(" ")
(.S // "") | split(", ") | length > 1
(.S // "") | explode | any(. > 127)
(.S // "") | test("é")
(.S // "") | utf8bytelength > length
(.S // "") | @base64d == "hello"
.S | fromjson.x == 1
.S | tonumber > 100
try (.S | tonumber > 100) catch false
.S | IN("abc", "ABC")
.N | IN(1, 1000, null)
.S | in({"abc": 1, "": 2})
.L | in([1,2,3])
has("S")
has("S") and has("N")
[.N, .L] | add > 100
.N + .L == 246
.N * 2 == 2000
.L % 2 == 0
any(.N, .L; . == 123)
all(.S, .N; . != null)
[.D[]?] | any
[.. | numbers] | max > 3
[paths] | length > 8
.D | tostring | length > 10
to_entries | map(.key) | index("D") != null
keys == ["D", "TimeGenerated"]
select(.S == "abc" or .N == 1)
if .N then .N > 5 elif .S then .S == "abc" else false end
reduce (.D[]? | numbers) as $x (0; . + $x) == 6
first(.D[]?) == 1
[limit(2; .D[]?)] == [1, 2]
.D as [$a] ?// $a | $a == 1
label $out | .D[]? | if . == 2 then true, break $out else empty end
. as {S: $s, N: $n} | $s == "ABC" and $n == 1
def f(x): x == "abc"; f(.S)
.S | ascii_downcase | . == "abc"
.TimeGenerated | fromdateiso8601 % 2 == 0
.S | strptime("%Y-%m-%dT%H:%M:%SZ") | mktime > 0
.L == 9007199254740992
.N == 1.0e0
.N == 0
.D | tojson | contains("[2]")
.D | inside([1,2,3,4])
.D | map(.a) | . == [1, 3]
.D | map_values(. + 1) | add > 5
.D | sort == [1,2,3]
.D | [splits("e")] | length == 2
.S | gsub("\\s+"; "_") == "foo_bar_foo"
.S | [match("foo"; "g").offset] == [0, 8]
.S | capture("(?<a>[a-z]+),") | .a == "a"
.D | getpath(["b", 0, "c"]) == "x"
.Missing.deep.path == null
empty
error
error(.S)
.[]
(.S, .N) | type == "number"
false, .B
not
null
[]
END
ask_rows '[try (if any(' '; .) then "keep" else "drop" end) catch "fail"] | .[0] // "drop"'
for i in "${!programs[@]}"; do
	mapfile -t say <<<"${sorted[i]%$'\n'}"
	declare -A times=([keep]=0 [fail]=0 [drop]=0)
	want='' got='' ends=''
	for n in "${!say[@]}"; do
		verdict=${say[n]//\"/}
		times[$verdict]=$((times[$verdict] + 1))
		[ "$verdict" != keep ] || want+=${rows[n]}$'\n'
	done
	logparse "${all[@]}" --where "${programs[i]}" "$tmp/all" >"$tmp/out" 2>/dev/null
	while IFS= read -r line; do
		if [[ $line =~ ^\{\"id\":\"[^\"]*\",\"n\":[0-9]+,\"table\":\"All\",\"row\":(.*)\}$ ]]; then
			got+=${BASH_REMATCH[1]}$'\n'
		elif [[ $line =~ ^\{\"id\":\"[^\"]*\",\"end\":.*,\"rows\":([0-9]+),\"rejects\":([0-9]+),\"filtered\":([0-9]+)[,}] ]]; then
			ends+="[${BASH_REMATCH[1]},${BASH_REMATCH[2]},${BASH_REMATCH[3]}]"
		fi
	done <"$tmp/out"
	is "$got" "$want" "--where '${programs[i]}': ${times[keep]} rows"
	is "$ends" "[${times[keep]},${times[fail]},${times[drop]}]" "  with the same rejects and as many filtered"
done

# --map: objects; what is handed through is not compared as text, but as jq reads it.
mapfile -t programs <<'END'
.
{S, N}
{S: .S, Both: (.N + .L)}
del(.D)
.N |= . + 1
.D.a = 1
.New = (.S | length)
. + {X: .D}
with_entries(select(.key != "S"))
with_entries(.value |= tostring)
if .B then .S = "yes" else empty end
., .
.S
{(.S // "none"): 1}
.D |= (arrays | map(. as $x | {v: $x}))
walk(if type == "string" then ascii_upcase else . end) | .TimeGenerated = "2026-11-20T09:00:00Z"
to_entries | from_entries
. as $row | reduce keys[] as $k ({}; .[$k] = $row[$k])
delpaths([["S"], ["D", 0]])
.L = (.L // 0 | tostring)
END
ask '[try (' ') catch "failed"] | if length == 1 and (.[0] | type) == "object" then .[0] | with_entries(select(.value != null)) else empty end' "$tmp/rows" >"$tmp/answers"
sort_out <"$tmp/answers"
for i in "${!sorted[@]}"; do wants[i]=${sorted[i]}; done
for i in "${!programs[@]}"; do
	logparse "${all[@]}" --rows --map "(${programs[i]}) | if type == \"object\" then .TimeGenerated = (.TimeGenerated // \"2000-01-01T00:00:00Z\") else . end" "$tmp/all" 2>/dev/null |
		sed "s/.*/[$i,&]/"
done | jq -cS 'if .[1].TimeGenerated == "2000-01-01T00:00:00Z" then del(.[1].TimeGenerated) else . end' >"$tmp/answers"
sort_out <"$tmp/answers"
for i in "${!programs[@]}"; do
	is "${sorted[i]-}" "${wants[i]-}" "--map '${programs[i]}': $(lines_of "${wants[i]-}") rows"
done

# --- CloudTrail ----------------------------------------------------------------------
for n in Decrypt GetObject PutObject Decrypt AssumeRole; do
	event 1 ',"sourceIPAddress":"10.0.0.1","userIdentity":{"type":"Root","arn":"arn:x"},"readOnly":true' | sed "s/GetObject/$n/"
done | sed 's/}{/},{/g; s/^/{"Records":[/; s/$/]}/' >"$tmp/ct"
logparse --format cloudtrail --rows "$tmp/ct" >"$tmp/rows" 2>/dev/null
mapfile -t programs <<'END'
.EventName != "Decrypt"
.EventName | startswith("Get") or . == "PutObject"
.UserIdentityType == "Root" and .ReadOnly
.SourceIpAddress | test("^10\\.")
.EventName | IN("Decrypt", "AssumeRole") | not
END
ask_rows 'any(' '; .)'
for i in "${!programs[@]}"; do
	mapfile -t say <<<"${sorted[i]%$'\n'}"
	want=''
	for n in "${!say[@]}"; do
		[ "${say[n]}" != true ] || want+=${rows[n]}$'\n'
	done
	is "$(logparse --format cloudtrail --rows --where "${programs[i]}" "$tmp/ct" 2>/dev/null)" "${want%$'\n'}" \
		"CloudTrail: ${programs[i]}: $(lines_of "$want") rows"
done
tap_done
