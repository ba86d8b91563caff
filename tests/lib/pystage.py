#!/usr/bin/env python3
"""A parse stage by somebody else, for CloudTrail alone: what docs/wire.md says,
in Python. It stands in for logparse in a test, to see that the page is enough.
An object is held in memory until it ends.

    s3list .. | s3fetch | pystage.py | sentinelpost | s3ack
"""
import base64
import json
import re
import sys

from cloudtrail_oracle import BOOLS, STRINGS, TIMES, Num, find, utc

FORMAT, TABLE = "cloudtrail/1", "AWSCloudTrail"
SEVERITY = [0, 65, 75, 69, 71, 74, 77, 64, 78, 70]
MARK_AFTER = 4 << 20
decoder = json.JSONDecoder(parse_int=Num, parse_float=Num, parse_constant=Num)
code = 0


def worse(other):
    global code
    code = max(code, other, key=SEVERITY.index)


def put(line):
    sys.stdout.write(line + "\n")


def put_json(value):
    put(json.dumps(value, separators=(",", ":")))


def compact(value):
    """JSON without white space, numbers as they were written."""
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(k, ensure_ascii=False) + ":" + compact(v) for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    return str(value) if isinstance(value, Num) else json.dumps(value, ensure_ascii=False)


def row_of(record, fallback):
    row = {}
    for column, path in TIMES.items():
        value = find(record, path)
        row[column] = utc(value) if isinstance(value, str) else None
    row["TimeGenerated"] = row["TimeGenerated"] or fallback
    row["OperationName"] = "CloudTrail"
    for column, path in BOOLS.items():
        row[column] = {"true": True, "false": False}.get(str(find(record, path)).lower())
    for column, path in STRINGS.items():
        value = find(record, path)
        if isinstance(value, (dict, list, bool)):
            value = compact(value)
        row[column] = None if value is None else str(value)
    return {column: value for column, value in row.items() if value is not None}


def end_of_broken(text, at):
    """Where the brackets that open at a record that is no JSON close, or -1."""
    depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[][{}]', text[at:]):
        if token[0][0] != '"':
            depth += 1 if token[0] in "{[" else -1
            if depth == 0:
                return at + token.end()
    return -1


def frames(text, whole):
    """(start, end, value) of each record; value is None when it is no JSON."""
    begin = re.match(r'\s*(?:\[|\{\s*"Records"\s*:\s*\[)', text)
    at = begin.end() if begin else 0
    while True:
        at = re.compile(r"[\s,]*").match(text, at).end()
        if at == len(text) or text[at] == "]":
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:
            value, end = None, end_of_broken(text, at)
            if end < 0 and not whole:
                return  # it may have gone on
            end = end if end >= 0 else len(text)
        yield at, end, value
        at = end


class Object:
    def __init__(self, ident, line):
        self.id, self.line = ident, line
        self.data, self.failed = bytearray(), False
        self.skip = line.get("skip", 0) if line.get("format") == FORMAT else 0
        self.counts = dict.fromkeys(("records", "skipped", "rows", "rejects", "filtered"), 0)

    def fail(self, message):
        self.failed = True
        put_json({"id": self.id, "error": {"stage": "pystage", "code": "BadChunk", "retry": True, "message": message}})
        worse(70)

    def feed(self, chunk):
        if chunk.get("at") != len(self.data):
            self.fail("a chunk is out of place")
        elif "text" in chunk:
            self.data += chunk["text"].encode()
        else:
            self.data += base64.b64decode(chunk["b64"])

    def totals(self):
        return {"format": FORMAT, **self.counts}

    def mark(self):
        put_json({"id": self.id, "mark": self.totals()})

    def reject(self, n, at, reason, raw):
        about = {"reason": reason, "at": at, "format": FORMAT}
        put_json({"id": self.id, "n": n, "reject": about, "raw": raw})

    def records(self, whole):
        """Write all that is there; an unfinished record only when it was all."""
        text, written, c = self.data.decode(), 0, self.counts
        for at, end, value in frames(text, whole):
            n = c["records"]
            c["records"] += 1
            if n < self.skip:
                c["skipped"] += 1
            elif not isinstance(value, dict):
                c["rejects"] += 1
                self.reject(n, len(text[:at].encode()), "bad-json" if value is None else "not-object", text[at:end])
            elif "digestStartTime" in value:
                c["filtered"] += 1
            else:
                c["rows"] += 1
                row = row_of(value, self.line.get("modified", "1970-01-01T00:00:00Z"))
                put_json({"id": self.id, "n": n, "table": TABLE, "row": row})
                written += end - at
            if written >= MARK_AFTER:
                self.mark()
                written = 0

    def end(self):
        self.records(True)
        put_json({"id": self.id, "end": {**self.totals(), "bytes": len(self.data)}})

    def stop(self):
        """It goes no further: with an error line, or because input stops."""
        self.records(False)
        self.mark()


def take(line, objects):
    try:
        m = json.loads(line)
    except ValueError:
        m = None
    if not isinstance(m, dict):
        return put(line)
    o = objects.get(m.get("id"))
    if "done" in m:
        worse(m["done"].get("exit", 70))
    elif "error" in m and o is not None:
        if not o.failed:
            o.stop()
        objects.pop(o.id)
        if o.failed:
            return None
    elif "end" in m and o is not None:
        objects.pop(o.id)
        return None if o.failed else o.end()
    elif "text" in m or "b64" in m:
        if o is None:
            worse(70)
        elif not o.failed:
            o.feed(m)
        return None
    elif "object" in m and not m.keys() & {"receipt", "row", "reject", "mark"}:
        objects[m["id"]] = Object(m["id"], m["object"])
    return put(line)


def main():
    objects = {}
    for line in sys.stdin:
        if line.endswith("\n"):
            take(line[:-1], objects)
        else:
            worse(75)  # its writer died
    for o in objects.values():
        worse(75)
        if not o.failed:
            o.stop()
    put_json({"done": {"stage": "pystage", "exit": code}})
    sys.stdout.flush()
    return code


sys.exit(main())
