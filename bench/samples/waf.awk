# WAF logs, MB million bytes of them.
function group(name, rule) {
	return sprintf("{\"ruleGroupId\":\"AWS#AWSManagedRules%s\",\"terminatingRule\":%s,\"nonTerminatingMatchingRules\":[],\"excludedRules\":null,\"customerConfig\":null}",
		name, rule == "" ? "null" : "{\"ruleId\":\"" rule "\",\"action\":\"BLOCK\",\"ruleMatchDetails\":null}")
}
function header(name, value) { return "{\"name\":\"" name "\",\"value\":\"" value "\"}" }
BEGIN {
	at = 1795165200000
	for (n = 0; n < MB * 1000000; n += length(line) + 1) {
		at += int(rand() * 20)
		host = one_of(hosts, nhosts)
		bad = rand() < .1
		query = substr(one_of(queries, nqueries), 2)
		line = sprintf("{\"timestamp\":%.0f,\"formatVersion\":1,\"webaclId\":\"arn:aws:wafv2:us-east-2:123456789012:regional/webacl/shop/8f1c2a7b-1d3e-4c1e-9f3e-0a1b2c3d4e5f\"," \
			"\"terminatingRuleId\":\"%s\",\"terminatingRuleType\":\"%s\",\"action\":\"%s\",\"terminatingRuleMatchDetails\":%s,\"httpSourceName\":\"ALB\"," \
			"\"httpSourceId\":\"123456789012-app/shop-prod/50dc6c495c0c9188\",\"ruleGroupList\":[%s,%s,%s],\"rateBasedRuleList\":[],\"nonTerminatingMatchingRules\":%s," \
			"\"requestHeadersInserted\":null,\"responseCodeSent\":%s,\"httpRequest\":{\"clientIp\":\"%s\",\"country\":\"%s\",\"headers\":[%s,%s,%s,%s,%s,%s],\"uri\":\"%s\"," \
			"\"args\":\"%s\",\"httpVersion\":\"HTTP/2.0\",\"httpMethod\":\"%s\",\"requestId\":\"1-%s-%s\",\"fragment\":\"\",\"scheme\":\"https\",\"host\":\"%s\"}," \
			"\"labels\":[{\"name\":\"awswaf:clientip:geo:country:US\"},{\"name\":\"awswaf:clientip:geo:region:US-OH\"}],\"ja3Fingerprint\":\"%s\"}",
			at, bad ? "AWS-AWSManagedRulesSQLiRuleSet" : "Default_Action", bad ? "MANAGED_RULE_GROUP" : "REGULAR", bad ? "BLOCK" : "ALLOW",
			bad ? "[{\"conditionType\":\"SQL_INJECTION\",\"sensitivityLevel\":\"HIGH\",\"location\":\"QUERY_STRING\",\"matchedData\":[\"10\",\"AND\",\"1\"]}]" : "[]",
			group("AmazonIpReputationList"), group("CommonRuleSet"), group("SQLiRuleSet", bad ? "SQLi_QUERYARGUMENTS" : ""),
			rand() < .2 ? "[{\"ruleId\":\"count-bots\",\"action\":\"COUNT\",\"ruleMatchDetails\":[]}]" : "[]", bad ? 403 : "null",
			address(), one_of(countries, ncountries), header("host", host), header("user-agent", one_of(agents, nagents)),
			header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), header("accept-encoding", "gzip, deflate, br"),
			header("x-forwarded-proto", "https"), header("if-none-match", "W/\\\"" hex(12) "\\\""), one_of(paths, npaths), query,
			one_of(methods, nmethods), hex(8), hex(24), host, hex(32))
		print line
	}
}
