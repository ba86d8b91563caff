# What logparse makes of WAF logs, columns without a value as null.
.httpRequest as $h | first((.ruleGroupList[]? | select(.terminatingRule)), null) as $g
| {TimeGenerated: ((.timestamp / 1000 | floor | todate | .[:19]) + "." + (.timestamp % 1000 + 1000 | tostring | .[1:]) + "Z"),
Action: .action, Args: $h.args, CaptchaResponse: .captchaResponse, ChallengeResponse: .challengeResponse, ClientIp: $h.clientIp,
Country: $h.country, ExcludedRules: $g.excludedRules, FormatVersion: "\(.formatVersion)", Headers: $h.headers, HttpMethod: $h.httpMethod,
HttpRequest: $h, HttpSourceId: .httpSourceId, HttpSourceName: .httpSourceName, HttpVersion: $h.httpVersion,
Ja3Fingerprint: .ja3Fingerprint, Labels: .labels, NonTerminatingMatchingRules: .nonTerminatingMatchingRules,
OversizeFields: .oversizeFields, RateBasedRuleList: .rateBasedRuleList, RequestHeadersInserted: .requestHeadersInserted,
RequestId: $h.requestId, ResponseCodeSent: .responseCodeSent, RuleGroupId: $g.ruleGroupId, RuleGroupList: .ruleGroupList,
TerminatingRule: $g.terminatingRule, TerminatingRuleId: .terminatingRuleId, TerminatingRuleMatchDetails: .terminatingRuleMatchDetails,
TerminatingRuleType: .terminatingRuleType, Uri: $h.uri, WebAclId: .webaclId}
