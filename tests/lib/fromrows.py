#!/usr/bin/env python3
"""Raw events out of rows as the portal exports them, and the other way round.

    fromrows.py TABLE raw FILE.csv      the events, one a line
    fromrows.py TABLE check FILE.csv    rows on standard input: each column that
                                        both state, when they differ
"""
import csv
import json
import sys
from datetime import datetime, timezone

# Column -> path of the event, as published for the tables; JSON: the text is parsed.
CLOUDTRAIL = {
    "AwsEventId": "eventID", "EventVersion": "eventVersion", "EventSource": "eventSource",
    "EventTypeName": "eventType", "EventName": "eventName", "AWSRegion": "awsRegion",
    "SourceIpAddress": "sourceIPAddress", "UserAgent": "userAgent", "ErrorCode": "errorCode",
    "ErrorMessage": "errorMessage", "RecipientAccountId": "recipientAccountId",
    "AwsRequestId_": "requestID", "APIVersion": "apiVersion", "SharedEventId": "sharedEventID",
    "VpcEndpointId": "vpcEndpointId", "Category": "eventCategory",
    "UserIdentityType": "userIdentity.type", "UserIdentityPrincipalid": "userIdentity.principalId",
    "UserIdentityArn": "userIdentity.arn", "UserIdentityAccountId": "userIdentity.accountId",
    "UserIdentityUserName": "userIdentity.userName", "UserIdentityAccessKeyId": "userIdentity.accessKeyId",
    "UserIdentityInvokedBy": "userIdentity.invokedBy",
    "TlsVersion": "tlsDetails.tlsVersion", "CipherSuite": "tlsDetails.cipherSuite",
    "ClientProvidedHostHeader": "tlsDetails.clientProvidedHostHeader",
}
CLOUDTRAIL_JSON = {
    "ResponseElements": "responseElements", "RequestParameters": "requestParameters",
    "AdditionalEventData": "additionalEventData", "Resources": "resources",
    "ServiceEventDetails": "serviceEventDetails",
    "ReadOnly": "readOnly", "ManagementEvent": "managementEvent",
}
WAF = {
    "Action": "action", "HttpSourceId": "httpSourceId", "HttpSourceName": "httpSourceName",
    "Ja3Fingerprint": "ja3Fingerprint", "TerminatingRuleId": "terminatingRuleId",
    "TerminatingRuleType": "terminatingRuleType", "WebAclId": "webaclId",
}
WAF_JSON = {
    "CaptchaResponse": "captchaResponse", "ChallengeResponse": "challengeResponse",
    "HttpRequest": "httpRequest", "Labels": "labels",
    "NonTerminatingMatchingRules": "nonTerminatingMatchingRules", "OversizeFields": "oversizeFields",
    "RateBasedRuleList": "rateBasedRuleList", "RequestHeadersInserted": "requestHeadersInserted",
    "ResponseCodeSent": "responseCodeSent", "RuleGroupList": "ruleGroupList",
    "TerminatingRuleMatchDetails": "terminatingRuleMatchDetails",
}
TABLES = {"AWSCloudTrail": (CLOUDTRAIL, CLOUDTRAIL_JSON), "AWSWAF": (WAF, WAF_JSON)}


def moment(text):
    """The portal's time: 15/06/2026, 11:38:23.992"""
    return datetime.strptime(text, "%d/%m/%Y, %H:%M:%S.%f").replace(tzinfo=timezone.utc)


def put(event, path, value):
    *parents, last = path.split(".")
    for name in parents:
        event = event.setdefault(name, {})
    event[last] = value


def event_of(table, row):
    texts, jsons = TABLES[table]
    event = {}
    when = moment(row["TimeGenerated [UTC]"])
    if table == "AWSWAF":
        event["timestamp"] = round(when.timestamp() * 1000)
        event["formatVersion"] = 1
    else:
        event["eventTime"] = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    for column, path in texts.items():
        if row.get(column):
            put(event, path, row[column])
    for column, path in jsons.items():
        if row.get(column):
            put(event, path, json.loads(row[column]))
    return event


def differ(column, theirs, ours):
    """Do a cell's text and a row's value say something else?"""
    if column == "TimeGenerated":
        return moment(theirs) != datetime.fromisoformat(ours.replace("Z", "+00:00"))
    if isinstance(ours, str):
        try:  # JSON in a text: & stands there as \u0026
            return json.loads(theirs) != json.loads(ours)
        except ValueError:
            return theirs != ours
    return json.loads(theirs) != ours


def main():
    table, what, path = sys.argv[1:]
    with open(path, encoding="utf-8-sig", newline="") as f:
        rows = list(csv.DictReader(f))
    if what == "raw":
        for row in rows:
            print(json.dumps(event_of(table, row), separators=(",", ":")))
        return
    ours = [json.loads(line) for line in sys.stdin]
    if len(ours) != len(rows):
        print(f"{len(ours)} rows of {len(rows)}")
    stated = 0
    for n, (row, own) in enumerate(zip(rows, ours)):
        for column, theirs in row.items():
            column = column.removesuffix(" [UTC]")
            if not theirs or column not in own:
                continue
            stated += 1
            if differ(column, theirs, own[column]):
                print(f"row {n}, {column}: {theirs!r}, not {own[column]!r}")
        lost = [c for c in row if row[c] and c in {**TABLES[table][0], **TABLES[table][1]} and c not in own]
        if lost:
            print(f"row {n} lacks {lost}")
    print(f"{len(rows)} rows, {'enough' if stated > 10 * len(rows) else stated} columns")


main()
