# What logparse makes of access logs of an application load balancer.  A line is
# cut at its quotes, of which the data has none but those around fields.
BEGIN { FS = "\"" }
{
	split($1, head, " ")
	split($5, tls, " ")
	split($11, rule, " ")
	split(head[4], client, ":")
	target = ",\"TargetIp\":\"-\""
	if (head[5] != "-") {
		split(head[5], server, ":")
		target = ",\"TargetIp\":\"" server[1] "\",\"TargetPort\":" server[2]
	}
	print "{\"TimeGenerated\":\"" head[2] "\",\"ActionsExecuted\":\"" $12 "\",\"Alb\":\"" head[3] "\",\"ALBType\":\"" head[1] \
		"\",\"ChosenCertArn\":\"" $10 "\",\"Classification\":\"" $22 "\",\"ClassificationReason\":\"" $24 \
		"\",\"ClientIp\":\"" client[1] "\",\"ClientPort\":" client[2] ",\"ConnTraceId\":\"" substr($25, 2) "\",\"DomainName\":\"" $8 \
		"\",\"ElbStatusCode\":" head[9] ",\"LambdaErrorReason\":\"" $16 "\",\"MatchedRulePriority\":\"" rule[1] \
		"\",\"ReceivedBytes\":" head[11] ",\"RedirectUrl\":\"" $14 "\",\"RequestCreationTime\":\"" rule[2] \
		"\",\"RequestProcessingTime\":\"" head[6] "\",\"RequestRaw\":\"" $2 "\",\"ResponseProcessingTime\":\"" head[8] \
		"\",\"SentBytes\":" head[12] ",\"SslCipher\":\"" tls[1] "\",\"SslProtocol\":\"" tls[2] "\",\"TargetGroupArn\":\"" tls[3] "\"" target \
		",\"TargetPortList\":\"" $18 "\",\"TargetProcessingTime\":\"" head[7] "\",\"TargetStatusCode\":\"" head[10] \
		"\",\"TargetStatusCodeList\":\"" $20 "\",\"TraceId\":\"" $6 "\",\"UserAgent\":\"" $4 "\"}"
}
