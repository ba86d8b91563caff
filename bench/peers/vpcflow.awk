# What logparse makes of VPC flow logs of version 2.  Of several spellings the
# fastest in mawk: each second's text is made once, and print joins its parts.
function t(s) { return s in known ? known[s] : known[s] = strftime("%Y-%m-%dT%H:%M:%SZ", s, 1) }
NR == 1 { next }
{
	start = t($11)
	print "{\"TimeGenerated\":\"" start "\",\"AccountId\":\"" $2 "\",\"Action\":\"" $13 "\",\"Bytes\":" $10 \
		",\"DstAddr\":\"" $5 "\",\"DstPort\":" $7 ",\"End\":\"" t($12) "\",\"InterfaceId\":\"" $3 "\",\"LogStatus\":\"" $14 \
		"\",\"Packets\":" $9 ",\"Protocol\":" $8 ",\"SrcAddr\":\"" $4 "\",\"SrcPort\":" $6 ",\"Start\":\"" start "\",\"Version\":" $1 "}"
}
