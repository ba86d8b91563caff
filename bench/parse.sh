#!/usr/bin/env bash
# What parsing text costs: logparse --rows beside mawk, which makes the same rows of
# the same columns, on plain files, rows to /dev/null.
#	bench/parse.sh [MB] [RUNS]
# Prints CPU seconds (user and system, median of RUNS) and how many MB a second of
# CPU that is; run by `make bench-parse`.
set -euo pipefail
mb=${1:-100} runs=${2:-5}
BUILD=${BUILD:-$PWD/build}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# VPC flow logs of version 2, with their header.
awk -v bytes=$((mb * 1000000)) 'BEGIN {
	srand(1)
	print head = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
	for (n = 0; n < bytes; n += length(line) + 1) {
		start = 1763632500 + int(rand() * 600)
		line = sprintf("2 123456789012 eni-%08x%08x %d.%d.%d.%d 10.%d.%d.%d %d %d %d %d %d %d %d %s OK", rand() * 4294967295, rand() * 4294967295,
			1 + rand() * 222, rand() * 256, rand() * 256, rand() * 256, rand() * 256, rand() * 256, rand() * 256,
			1024 + rand() * 64000, rand() < .5 ? 443 : rand() * 65536, rand() < .8 ? 6 : 17, 1 + rand() * 500,
			40 + rand() * 500000, start, start + 60, rand() < .9 ? "ACCEPT" : "REJECT")
		print line
	}
}' >"$tmp/vpcflow"
cat >"$tmp/vpcflow.awk" <<'END'
function t(s) { return strftime("%Y-%m-%dT%H:%M:%SZ", s, 1) }
NR == 1 { for (i = 1; i <= NF; i++) f[$i] = i; next }
{ printf "{\"TimeGenerated\":\"%s\",\"AccountId\":\"%s\",\"Action\":\"%s\",\"Bytes\":%s,\"DstAddr\":\"%s\",\"DstPort\":%s,\"End\":\"%s\",\"InterfaceId\":\"%s\",\"LogStatus\":\"%s\",\"Packets\":%s,\"Protocol\":%s,\"SrcAddr\":\"%s\",\"SrcPort\":%s,\"Start\":\"%s\",\"Version\":%s}\n",
	t($f["start"]), $f["account-id"], $f["action"], $f["bytes"], $f["dstaddr"], $f["dstport"], t($f["end"]), $f["interface-id"], $f["log-status"], $f["packets"], $f["protocol"], $f["srcaddr"], $f["srcport"], t($f["start"]), $f["version"] }
END

# cpu COMMAND ...: seconds of CPU that it takes.
cpu() {
	local i
	for ((i = 0; i < runs; i++)); do
		/usr/bin/time -f '%U %S' -o "$tmp/time" "$@" >/dev/null
		awk '{ print $1 + $2 }' "$tmp/time"
	done | sort -n | sed -n "$((runs / 2 + 1))p"
}
# report NAME SECONDS FILE
report() {
	printf '%-24s %6s CPU-s %8.0f MB/CPU-s\n' "$1" "$2" \
		"$(awk -v n="$(wc -c <"$3")" -v s="$2" 'BEGIN { print n / 1e6 / s }')"
}
cmp -s <("$BUILD/bin/logparse" --rows "$tmp/vpcflow") <(mawk -f "$tmp/vpcflow.awk" "$tmp/vpcflow") ||
	{ echo "parse.sh: logparse and mawk do not make the same rows" >&2; exit 1; }
ours=$(cpu "$BUILD/bin/logparse" --rows "$tmp/vpcflow")
theirs=$(cpu mawk -f "$tmp/vpcflow.awk" "$tmp/vpcflow")
report "vpcflow: logparse" "$ours" "$tmp/vpcflow"
report "vpcflow: mawk" "$theirs" "$tmp/vpcflow"
awk -v a="$theirs" -v b="$ours" 'BEGIN { printf "vpcflow: %.1f times mawk\n", a / b }'
