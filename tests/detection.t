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
# .. that logparse gives to the bytes on standard input.
format_of() { logparse --log-format text - 2>/dev/null | format_in; }

# hidden NAME FORMAT: $tmp/whole, of which no key is known.
hidden() {
	local got
	for cut in whole 1024; do
		if [ $cut = whole ]; then cp "$tmp/whole" "$tmp/cut"; else head -c $cut "$tmp/whole" >"$tmp/cut"; fi
		got=$(format_of <"$tmp/cut")
		case $got in
		"$2" | json | csv | raw | unknown) ;;
		# Load balancers' are VPC flow logs, and their key alone says whose.
		vpcflow) [ "$2" = elbflow ] ;;
		*) false ;;
		esac
		ok "$1: its key hidden, $cut: $got" || echo "# it is $2"
	done
}

for case in tests/golden/logparse/*/; do
	name=$(basename "$case")
	[ -f "$case/stdin" ] && [ -f "$case/expect.out" ] || continue
	# Those of one whole object, and of a type that was not told.
	[ "$(grep -c '"v":1' "$case/stdin")" = 1 ] || continue
	jq -j 'select(.text) | .text' "$case/stdin" >"$tmp/whole" 2>/dev/null || continue
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
tap_done
