#!/usr/bin/env bash
# What logparse recognises: with its key and all of its bytes each golden case is
# what it is; with the key hidden and the first KiB alone it is that or the
# generic form of what it is, and never something else.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/lib/logparse.sh"
command -v jq >/dev/null || skip_all "jq is not installed"

# The name of the format in an end line on standard input (without jq, whose
# start takes longer than all the rest).
format_in() { sed -n 's|^{"id":"[^"]*","end":{"format":"\([^/"]*\)/.*|\1|p'; }

# hidden NAME FORMAT: $tmp/whole, of which no key is known, is kept to be judged.
names=() wants=()
mkdir "$tmp/h"
hidden() {
	local file=$tmp/h/${#names[@]}
	names+=("$1") wants+=("$2")
	head -c 1024 "$tmp/whole" >"$file.1024"
	mv "$tmp/whole" "$file.whole"
}

# All that was kept, in one run of logparse: files whose names say nothing.
judge() {
	local i cut file='' what value got
	local -A is_a
	while read -r what value; do
		if [ "$what" = file ]; then file=$value; else is_a[$file]=$value; fi
	done < <(logparse --log-format text "$tmp"/h/* 2>/dev/null |
		sed -n 's|^{"v":1,.*"key":"[^"]*/\([^"/]*\)".*|file \1|p; s|^{"id":"[^"]*","end":{"format":"\([^/"]*\)/.*|format \1|p')
	for i in "${!names[@]}"; do
		for cut in whole 1024; do
			got=${is_a[$i.$cut]-}
			case $got in
			"${wants[i]}" | json | csv | raw | unknown) ;;
			# Load balancers' are VPC flow logs, and their key alone says whose.
			vpcflow) [ "${wants[i]}" = elbflow ] ;;
			*) false ;;
			esac
			ok "${names[i]}: its key hidden, $cut: $got" || echo "# it is ${wants[i]}"
		done
	done
}

# The texts of all cases; one start of jq for them, too.
declare -A text
while IFS=$'\t' read -r case packed; do
	text[$case]=$packed
done < <(jq -nrR 'reduce inputs as $l ({};
	.[input_filename] += ([$l | fromjson? | objects | .text | strings] | join(""))) |
	to_entries[] | "\(.key)\t\(.value | @base64)"' tests/golden/logparse/*/stdin)

for case in tests/golden/logparse/*/; do
	name=${case%/} name=${name##*/}
	[ -f "$case/stdin" ] && [ -f "$case/expect.out" ] || continue
	# Those of one whole object, and of a type that was not told.
	[ "$(grep -c '"v":1' "$case/stdin")" = 1 ] || continue
	base64 -d <<<"${text[${case}stdin]}" >"$tmp/whole"
	[ -s "$tmp/whole" ] || continue
	want=$(format_in <"$case/expect.out")
	[ "$want" ] || continue
	if ! { grep -q -e --format "$case/cmd" && [[ $want =~ ^(json|csv|raw)$ ]]; }; then
		is "$(logparse --log-format text <"$case/stdin" 2>/dev/null | format_in)" "$want" \
			"$name: with its key, whole"
	fi
	hidden "$name" "$want"
done

# Files of others: what they are goes by their names.
data=../shared/data
shared() {
	local want=$1 file
	shift
	for file; do
		[ -f "$file" ] || continue
		case $file in *.gz) zcat "$file" >"$tmp/whole" ;; *) cp "$file" "$tmp/whole" ;; esac
		hidden "$(basename "$file")" "$want"
	done
}
if [ -d $data ]; then
	shared cloudtrail $data/cloudtrail-stratus/docs/detonation-logs/*.json $data/lambda-promtail/testdata/cloudtrail-log-file.json.gz
	shared waf $data/lambda-promtail/testdata/waflog.log.gz
	shared raw $data/lambda-promtail/testdata/msklog.log.gz
	shared cloudwatch $data/s3-events/datadog-forwarder/cloudwatch_logs.json
	shared json $data/s3-events/*.json $data/lambda-promtail/testdata/events/*.json
fi
judge
tap_done
