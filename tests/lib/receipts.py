#!/usr/bin/env python3
# A destination's receipts, for tests of s3ack: one for each object line on
# standard input, then a done line.  Its ids come from the wire's words, not
# from the filters' code.
#	receipts.py STATUS [MEMBERS [FETCH]] <objects >receipts
# MEMBERS is JSON, merged into the receipt; FETCH is the id's last four digits.
import base64
import hashlib
import json
import sys

status = sys.argv[1]
members = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
fetch = sys.argv[3] if len(sys.argv) > 3 else "0001"
counts = {"records": 5, "rows": 5, "filtered": 0, "dead": 0, "through": 5}
if status != "delivered":
    counts = {"records": 0, "rows": 0, "filtered": 0, "dead": 0, "through": 0}


def key_bytes(o):
    if "key64" in o:
        return base64.b64decode(o["key64"])
    return o["key"].encode()


for line in sys.stdin.buffer:
    o = json.loads(line)
    if "bucket" not in o:
        continue
    etag = o.get("etag", "")
    if len(etag) >= 2 and etag[0] == etag[-1] == '"':
        etag = etag[1:-1]
    name = b"\0".join([o["store"].encode(), o["bucket"].encode(), key_bytes(o),
                       (etag or o.get("version", "")).encode()])
    receipt = {"to": "host/dcr-1", "status": status, "format": "x/1", **counts, **members}
    print('{"id":"%s-%s","receipt":%s,"object":%s}' % (
        hashlib.sha256(name).hexdigest()[:16], fetch,
        json.dumps(receipt, separators=(",", ":")), line.decode().strip()))
print('{"done":{"stage":"destination","exit":0}}')
