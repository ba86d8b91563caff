# The same as one writes it first: fields by name, printf, each time made anew.
function t(s) { return strftime("%Y-%m-%dT%H:%M:%SZ", s, 1) }
NR == 1 { for (i = 1; i <= NF; i++) f[$i] = i; next }
{ printf "{\"TimeGenerated\":\"%s\",\"AccountId\":\"%s\",\"Action\":\"%s\",\"Bytes\":%s,\"DstAddr\":\"%s\",\"DstPort\":%s,\"End\":\"%s\",\"InterfaceId\":\"%s\",\"LogStatus\":\"%s\",\"Packets\":%s,\"Protocol\":%s,\"SrcAddr\":\"%s\",\"SrcPort\":%s,\"Start\":\"%s\",\"Version\":%s}\n",
	t($f["start"]), $f["account-id"], $f["action"], $f["bytes"], $f["dstaddr"], $f["dstport"], t($f["end"]), $f["interface-id"], $f["log-status"], $f["packets"], $f["protocol"], $f["srcaddr"], $f["srcport"], t($f["start"]), $f["version"] }
