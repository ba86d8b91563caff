#!/usr/bin/env bash
# What parsing costs: logparse beside what else makes the same columns of the same
# logs, jq 1.6 and mawk, with the fastest programs for them that we know (peers/).
#	bench/parse.sh [MB] [RUNS]
# Plain files of MB million bytes (24) each, rows to /dev/null.  Figures are CPU
# seconds, user and system, of whole processes: medians of RUNS (7), one run of
# each in turn.  Run by `make bench-parse`.
set -euo pipefail
mb=${1:-24} runs=${2:-7}
here=$(cd "$(dirname "$0")" && pwd)
BUILD=${BUILD:-$here/../build}
times=8 # logparse reads a file so often in one run, as so many objects
export LC_ALL=C TZ=UTC
for need in jq mawk zcat; do
	command -v $need >/dev/null || { echo "parse.sh: $need is not installed (tools/deps test)" >&2; exit 69; }
done
tmp=$(mktemp -d "${TMPDIR:-/tmp}/logbridge-bench.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

# --- logs: the same bytes each time, shaped as real ones ---------------------
mkdir "$tmp/store"
"$BUILD/fakes/mksamples" --no-odd --seed 1 --date 2026-11-20 --objects $((mb * 10 / 6 + 1)) --records 400 "$tmp/store" >"$tmp/manifest"
find "$tmp/store" -type f | sort | xargs zcat >"$tmp/cloudtrail"
mawk -v MB="$mb" -f "$here/samples/vpcflow.awk" >"$tmp/vpcflow"
for log in alb waf; do
	mawk -v MB="$mb" -f "$here/samples/http.awk" -f "$here/samples/$log.awk" >"$tmp/$log"
done
# The same as s3fetch hands them over: as text, and with --raw as gzip in base64.
for log in cloudtrail vpcflow; do
	key=AWSLogs/1/CloudTrail/x.json
	[ $log = cloudtrail ] || key=AWSLogs/1/vpcflowlogs/x.log.gz
	"$BUILD/fakes/mkwire" --key "$key" --count $times "$tmp/$log" >"$tmp/$log.chunks"
	gzip -6 <"$tmp/$log" >"$tmp/$log.gz"
	"$BUILD/fakes/mkwire" --raw --key "$key" --count $times "$tmp/$log.gz" >"$tmp/$log.raw"
done

peers="cloudtrail waf vpcflow vpcflow-plain alb"
peer() { # NAME: the rows of a peer, of the log that its name begins with
	case $1 in
	cloudtrail | waf) jq -c -f "$here/peers/$1.jq" "$tmp/$1" ;;
	*) mawk -f "$here/peers/$1.awk" "$tmp/${1%-*}" ;;
	esac
}
rows() { # LOG [N]: of N files
	local files=() i
	for ((i = 0; i < ${2:-1}; i++)); do files+=("$tmp/$1"); done
	"$BUILD/bin/logparse" --rows --format "$1" "${files[@]}"
}
wire() { "$BUILD/bin/logparse" <"$tmp/$1"; }

# --- do they make the same? ---------------------------------------------------
# jq has null where there is no value, texts where logparse has false or 4, and
# rewrites the numbers in texts of JSON.
same='with_entries(select(.value != null and .value != "null") | .value |= (tostring | fromjson? // . | tostring))'
for log in cloudtrail waf; do
	cmp -s <(rows $log | head -n 2000 | jq -cS "$same") <(peer $log | head -n 2000 | jq -cS "$same") ||
		{ echo "parse.sh: logparse and jq do not make the same of $log" >&2; exit 1; }
done
for name in vpcflow vpcflow-plain alb; do
	cmp -s <(rows ${name%-*}) <(peer $name) || { echo "parse.sh: logparse and mawk do not make the same: $name" >&2; exit 1; }
done

# --- figures --------------------------------------------------------------------
TIMEFORMAT='%U %S'
cpu() { # NAME COMMAND ...: one run more
	local name=$1
	shift
	{ time "$@" >/dev/null 2>&1; } 2>>"$tmp/$name.cpu"
}
for ((run = 0; run < runs; run++)); do
	for log in cloudtrail waf vpcflow alb; do cpu $log rows $log $times; done
	for name in $peers; do cpu $name.peer peer $name; done
	for log in cloudtrail vpcflow; do
		cpu $log.chunks wire $log.chunks
		cpu $log.raw wire $log.raw
	done
done
speed() { # NAME LOG TIMES: MB a CPU second
	sort -n -k 1,1 -k 2,2 <(awk '{ print $1 + $2 }' "$tmp/$1.cpu") |
		awk -v n="$(wc -c <"$tmp/$2")" -v times="$3" '{ v[NR] = $1 } END { printf "%.1f", n * times / 1e6 / v[int((NR + 1) / 2)] }'
}
echo "logparse beside its peers: MB of raw log a CPU second, medians of $runs"
for name in $peers; do
	peer=mawk log=${name%-*}
	[ -e "$here/peers/$name.awk" ] || peer="jq 1.6"
	ours=$(speed $log $log $times) theirs=$(speed "$name.peer" $log 1)
	printf '%-14s %8.0f   %-6s %6.1f   %5.1f times\n' "$name" "$ours" "$peer" "$theirs" \
		"$(awk -v a="$ours" -v b="$theirs" 'BEGIN { print a / b }')"
done
for log in cloudtrail vpcflow; do
	printf '%-14s %8.0f   chunk lines of text\n%-14s %8.0f   chunk lines of gzip\n' \
		$log "$(speed $log.chunks $log $times)" $log "$(speed $log.raw $log $times)"
done
