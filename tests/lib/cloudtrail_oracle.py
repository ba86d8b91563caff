#!/usr/bin/env python3
"""An independent reading of CloudTrail files, to hold logparse's rows against.

    cloudtrail_oracle.py ROWS FILE ...
    cloudtrail_oracle.py --same ROWS ROWS

ROWS has bare rows, one a line; FILE are CloudTrail files, plain or gzip. Each
record's row is worked out here from the mapping below, which was typed from
Microsoft's column reference and not from logparse's format file, and must be
among the rows exactly as often. Number text is compared as text. Prints the
number of records, or what differs, with exit 1. --same: do two lots of rows mean
the same, however JSON inside them is escaped?
"""
import collections
import datetime
import gzip
import json
import re
import sys


class Num(str):
    """A JSON number, as its text."""


def load(text):
    return json.loads(text, parse_int=Num, parse_float=Num, parse_constant=Num)


STRINGS = {
    "AdditionalEventData": "additionalEventData", "APIVersion": "apiVersion",
    "AwsEventId": "eventID", "AWSRegion": "awsRegion", "AwsRequestId_": "requestID",
    "Category": "eventCategory", "ErrorCode": "errorCode", "ErrorMessage": "errorMessage",
    "CipherSuite": "tlsDetails cipherSuite", "TlsVersion": "tlsDetails tlsVersion",
    "ClientProvidedHostHeader": "tlsDetails clientProvidedHostHeader",
    "EC2RoleDelivery": "userIdentity sessionContext ec2RoleDelivery",
    "EventName": "eventName", "EventSource": "eventSource", "EventTypeName": "eventType",
    "EventVersion": "eventVersion", "RecipientAccountId": "recipientAccountId",
    "RequestParameters": "requestParameters", "Resources": "resources",
    "ResponseElements": "responseElements", "ServiceEventDetails": "serviceEventDetails",
    "SessionIssuerAccountId": "userIdentity sessionContext sessionIssuer accountId",
    "SessionIssuerArn": "userIdentity sessionContext sessionIssuer arn",
    "SessionIssuerPrincipalId": "userIdentity sessionContext sessionIssuer principalId",
    "SessionIssuerType": "userIdentity sessionContext sessionIssuer type",
    "SessionIssuerUserName": "userIdentity sessionContext sessionIssuer userName",
    "SharedEventId": "sharedEventID", "SourceIpAddress": "sourceIPAddress",
    "UserAgent": "userAgent", "UserIdentityAccessKeyId": "userIdentity accessKeyId",
    "UserIdentityAccountId": "userIdentity accountId", "UserIdentityArn": "userIdentity arn",
    "UserIdentityInvokedBy": "userIdentity invokedBy",
    "UserIdentityPrincipalid": "userIdentity principalId",
    "UserIdentityStoreArn": "userIdentity onBehalfOf identityStoreArn",
    "UserIdentityType": "userIdentity type",
    "UserIdentityUserId": "userIdentity onBehalfOf userId",
    "UserIdentityUserName": "userIdentity userName", "VpcEndpointId": "vpcEndpointId",
    "IpProtocol": "requestParameters ipPermissions items 0 ipProtocol",
    "SourcePort": "requestParameters ipPermissions items 0 fromPort",
    "DestinationPort": "requestParameters ipPermissions items 0 toPort",
    "CidrIp": "requestParameters ipPermissions items 0 ipRanges items 0 cidrIp",
}
BOOLS = {
    "ManagementEvent": "managementEvent", "ReadOnly": "readOnly",
    "SessionMfaAuthenticated": "userIdentity sessionContext attributes mfaAuthenticated",
}
TIMES = {
    "TimeGenerated": "eventTime",
    "SessionCreationDate": "userIdentity sessionContext attributes creationDate",
}


def find(value, path):
    for step in path.split():
        if isinstance(value, list) and step.isdigit():
            value = value[int(step)] if int(step) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            return None
    return value


def utc(text):
    m = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|z|[+-]\d\d:?\d\d)?", text)
    if not m:
        return None
    zone = (m[4] or "Z").upper().replace("Z", "+00:00")
    when = datetime.datetime.fromisoformat(f"{m[1]}T{m[2]}{zone[:3]}:{zone[-2:]}")
    when = when.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return when + ("." + m[3] if m[3] else "") + "Z"


def text_of(value):
    """A string column's value; JSON as a marker with its parsed form."""
    if isinstance(value, (dict, list)):
        return ("json", json.dumps(value, sort_keys=False))
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def row_of(record):
    row = {"OperationName": "CloudTrail"}
    for column, path in STRINGS.items():
        value = find(record, path)
        if value is not None:
            row[column] = text_of(value)
    for column, path in BOOLS.items():
        value = find(record, path)
        if value is not None:
            row[column] = {"true": True, "false": False}.get(str(value).lower())
    for column, path in TIMES.items():
        value = find(record, path)
        if value is not None:
            row[column] = utc(value)
    return row


def compact(text):
    """No white space between tokens."""
    return not re.search(r"\s", re.sub(r'"(?:[^"\\]|\\.)*"', '""', text))


def read_row(line):
    row = load(line)
    for column in STRINGS:
        value = row.get(column)
        if isinstance(value, str) and value[:1] in ("{", "["):
            try:
                parsed = load(value)
            except ValueError:
                continue  # a user agent may begin with a bracket
            if not compact(value):
                sys.exit(f"{column} is not compact: {value[:200]}")
            row[column] = ("json", json.dumps(parsed, sort_keys=False))
    return row


def records_of(path):
    data = open(path, "rb").read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    text = data.decode("utf-8-sig")
    decoder = json.JSONDecoder(parse_int=Num, parse_float=Num, parse_constant=Num)
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return
        value, at = decoder.raw_decode(text, at)
        if isinstance(value, dict):
            value = value["Records"] if isinstance(value.get("Records"), list) else [value]
        yield from value


def main():
    key = lambda row: json.dumps(row, sort_keys=True)
    count = lambda path: collections.Counter(key(read_row(line)) for line in open(path, encoding="utf-8"))
    same = sys.argv[1] == "--same"
    got = count(sys.argv[1 + same])
    want = count(sys.argv[3]) if same else collections.Counter()
    for path in sys.argv[2:] if not same else ():
        for record in records_of(path):
            if "digestStartTime" not in record:
                want[key(row_of(record))] += 1
    for name, extra in (("missing", want - got), ("unexpected", got - want)):
        for row in list(extra)[:3]:
            print(f"{name}: {row[:1500]}")
    if want != got:
        sys.exit(1)
    print(sum(want.values()))


if __name__ == "__main__":
    main()
