#!/usr/bin/env bash
# Help, manual and the table of exit codes agree; links in the documents lead
# somewhere; nothing in the tree names a machine.
set -u
cd "$(dirname "$0")/.." || exit
. tests/lib/tap.sh
: "${BUILD:=$PWD/build}"
PATH=$BUILD/bin:$PATH
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

declare -A page=([s3list]=s3list/s3list.1 [s3ack]=s3list/s3ack.1 [s3fetch]=s3fetch/s3fetch.1
	[logparse]=logparse/logparse.1 [sentinelpost]=sentinelpost/sentinelpost.1)
codes=$(sed -n 's/.*EXIT_[A-Z]* = \([0-9]*\).*/\1/p' common/exitcode.h)
for f in s3list s3fetch logparse sentinelpost s3ack; do
	p=${page[$f]}
	[ -f "$p" ]
	ok "$f has a manual page" || continue
	"$f" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p' | sort >"$tmp/help"
	sed -n 's/^\.It Fl -\([a-z-]*\).*/\1/p' "$p" | sort >"$tmp/man"
	is "$(diff "$tmp/help" "$tmp/man")" "" "$f: --help and the manual have the same options"
	sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EX/s/^\.It \([0-9]*\)$/\1/p' "$p" >"$tmp/codes"
	is "$(grep -vxF -f <(printf '%s\n' "$codes") "$tmp/codes")" "" "$f: its exit codes are in the table"
	[ "$(wc -l <"$tmp/codes")" -ge 4 ]
	ok "$f: and there are some"
	# Each code of its own, and with those of others before it each that there is.
	own='0 64 70 71 74 75 78'
	case $f in
	s3list) own+=' 69 77' ;;
	logparse) own+=' 65' ;;
	*) own=$codes ;;
	esac
	is "$(tr ' ' '\n' <<<"$own" | grep -v '^141$' | sort)" "$(sort "$tmp/codes")" "$f: and they are all"
	is "$(grep -E '^\.Sh (NAME|SYNOPSIS|DESCRIPTION|ENVIRONMENT|EXIT STATUS|EXAMPLES|DIAGNOSTICS|SEE ALSO)$' "$p" | wc -l)" 8 \
		"$f: the manual has all sections"
	# What it reads of the environment (LB_* is for tests, IDENTITY_ENDPOINT for later).
	sources=()
	case $f in
	s3list | s3fetch) sources=(common/awsenv.c common/s3.c common/http.c) ;;
	sentinelpost) sources=(sentinelpost/*.c common/http.c) ;;
	esac
	: >"$tmp/read"
	[ ${#sources[@]} = 0 ] || cat "${sources[@]}" | grep -oE '"(AWS|AZURE|LOGBRIDGE|HTTPS|NO|SSL)_[A-Z0-9_]+"' | tr -d '"' | sort -u >"$tmp/read"
	sed -n '/^\.Sh ENVIRONMENT/,/^\.Sh [FX]/s/^\.It Ev //p' "$p" | tr -d ' ' | tr ',' '\n' | sort >"$tmp/told"
	is "$(grep -vxF -f "$tmp/told" "$tmp/read" | paste -sd' ')" "" "$f: the manual has all variables it reads"
	if command -v mandoc >/dev/null; then
		is "$(mandoc -T lint -W warning "$p" 2>&1)" "" "$f: the manual is well-formed"
	else
		skip "mandoc is not installed" "$f: the manual is well-formed"
	fi
done
# What a message advises exists (--all and --assignee are of az, --profile is of aws).
for f in s3list s3fetch logparse sentinelpost s3ack; do "$f" --help; done |
	sed -n 's/^  \(--[a-z-]*\).*/\1/p' | sort -u >"$tmp/options"
is "$(cat common/*.c s3list/*.c s3fetch/*.c logparse/*.c sentinelpost/*.c | grep -o '"[^"]*"' |
	grep -oE -- '(^|[^-[:alnum:]])--[a-z][a-z-]+' | grep -oE -- '--[a-z-]+' | sort -u |
	grep -vxF -e --all -e --assignee -e --profile -f "$tmp/options")" "" "no message names an option that is not there"
# A .Dl line is broken where it is shown, and is another command then.
is "$(grep -HnE '^\.Dl .{67,}' ./*/*.[157])" "" "no example is broken by the width of a screen"
# Nor is a backslash at its end, which roff takes for its own.
is "$(grep -HnE '(^|[^\\])\\$' ./*/*.[157])" "" "a line that goes on ends in \\e"
# The page that introduces them.
is "$(sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EX/s/^\.It \([0-9]*\)$/\1/p' docs/logbridge.7 | paste -sd' ')" \
	"$(sed -n 's/^    {\(EXIT_[A-Z]*\), ".*/\1/p' common/exitcode.c | while read -r c; do
		sed -n "s/.*$c = \([0-9]*\),.*/\1/p" common/exitcode.h
	done | paste -sd' ')" "logbridge(7) has all exit codes, the most severe first"
if command -v mandoc >/dev/null; then
	is "$(mandoc -T lint -W warning docs/logbridge.7 2>&1)" "" "logbridge(7) is well-formed"
fi
for p in */*.1 */*.5 */*.7; do
	grep -oE '^\.Xr [a-z0-9-]+ [157]' "$p" | while read -r _ name section; do
		case $name in head | jq | tee) continue ;; esac
		[ -n "$(git ls-files "*/$name.$section")" ] || echo "$p: $name($section)"
	done
done >"$tmp/xr"
is "$(cat "$tmp/xr")" "" "the manuals refer to pages that are there"
for d in s3list s3fetch logparse sentinelpost; do
	[ -f $d/DESIGN.md ]
	ok "$d has its design" || continue
	missing=
	for c in "$d"/*.c; do
		grep -qE "\b${c##*/}|\b$(basename "$c" .c)\b" $d/DESIGN.md || missing+=" $c"
	done
	is "$missing" "" "$d: the design names each file"
done

n=0
for d in docs/decisions/*.md; do
	n=$((n + 1))
	[[ ${d##*/} == "$(printf %04d $n)"-* ]] && head -n 1 "$d" | grep -q "^# $n\. [A-Z]" || echo "$d"
done >"$tmp/decisions"
is "$(cat "$tmp/decisions")" "" "decisions are numbered one after the other, and say their number"
git ls-files '*.md' | while read -r md; do
	grep -oE '\]\([^)# ]+' "$md" | sed 's/^](//' | grep -vE '^(https?|mailto):' | while read -r link; do
		[ -e "$(dirname "$md")/$link" ] || echo "$md: $link"
	done
done >"$tmp/links"
is "$(cat "$tmp/links")" "" "links lead somewhere"
# (that the tests it names exist, the links have shown)
is "$(sed -n '/^|/{/^| cannot/d;/^|---/d;/\.\.\/tests\//d;p;}' docs/threat-model.md)" "" "each line of the threat model names its test"
grep -o 'tests/[^)]*' docs/threat-model.md | sort -u | while read -r t; do
	case $t in
	tests/filters/*.t | tests/hostile/*.t | tests/integration/*.t | tests/faults/*.t) grep -q '^tap_done' "$t" && [ -x "$t" ] ;;
	tests/unit/test_*.c) grep -q 'return tap_done()' "$t" ;;
	tests/fuzz/run.sh) ;;
	*) false ;;
	esac || echo "$t"
done >"$tmp/unproved"
is "$(cat "$tmp/unproved")" "" "and \`make test\` runs each of them"
is "$(git grep -nIE '[[:blank:]]+$' -- . ':!*.ndjson' ':!tests/golden/*/*/stdin' ':!tests/golden/*/*/expect.*' ':!LICENSE' | head -n 5)" "" \
	"no blanks at the end of lines"
is "$(git grep -nIE '(^|[^[:alnum:]/.$}"])/(work|farm|home)/[a-z]' -- . ':!tests/docs.t' | head -n 5)" "" "no path of a machine"
grep -q "make demo" README.md && grep -q "make test" README.md
ok "the README has the two commands"
tap_done
