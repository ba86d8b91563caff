#!/usr/bin/env python3
"""Hold a stream of chunks to the rules of the wire, and sum it up.

usage: wirecheck.py [--max-open N] [DIR] <lines

Prints a line an object, in order of its end: KEY end BYTES STORED, KEY error
CODE HTTP RETRY, or KEY open BYTES; then done EXIT for each done line; other
kinds as KIND.  Keys are percent-encoded.  With DIR the bytes of each object go
to a file there, named after its key, encoded entirely (cut when it is too
long).  Exit 1 when a rule is broken."""
import base64
import hashlib
import json
import os
import re
import sys
import urllib.parse

ORDER = ["receipt", "row", "reject", "error", "mark", "end", "done", "text",
         "b64", "object", "bucket"]


def quote(key):
    return urllib.parse.quote_from_bytes(key, safe="/")


class Checker:
    def __init__(self, directory, max_open):
        self.dir, self.max_open = directory, max_open
        self.objects, self.seen, self.broken = {}, set(), 0

    def fail(self, number, why):
        print(f"BROKEN line {number}: {why}")
        self.broken += 1

    def kind(self, line):
        return next((k for k in ORDER if k in line), "other")

    def identity(self, o):
        key = base64.b64decode(o["key64"]) if "key64" in o \
            else o["key"].encode()
        etag = o.get("etag", "").strip('"')
        parts = [o["store"].encode(), o["bucket"].encode(), key,
                 (etag or o.get("version", "")).encode()]
        return key, hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]

    def open(self, number, line):
        key, start = self.identity(line["object"])
        if list(line)[:3] != ["v", "id", "object"] or line["v"] != 1:
            self.fail(number, "members of open")
        if line["id"] in self.seen:
            self.fail(number, "id opened twice")
        if not re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]{4}", line["id"]) or \
                line["id"][:16] != start:
            self.fail(number, "id is not the object's")
        self.seen.add(line["id"])
        self.objects[line["id"]] = {"key": key, "data": bytearray()}
        if self.max_open and len(self.objects) > self.max_open:
            self.fail(number, "too many objects are open")

    def chunk(self, number, line, raw):
        o = self.objects.get(line["id"])
        if o is None:
            return self.fail(number, "chunk of no open object")
        if len(raw) > 256 * 1024:
            self.fail(number, "chunk line over 256 KiB")
        if line["at"] != len(o["data"]):
            self.fail(number, f"at is {line['at']}, not {len(o['data'])}")
        data = line["text"].encode() if "text" in line \
            else base64.b64decode(line["b64"], validate=True)
        if not data:
            self.fail(number, "empty chunk")
        o["data"] += data

    def close(self, line_id, number):
        o = self.objects.pop(line_id, None)
        if o is None:
            self.fail(number, "end of no open object")
            return None
        self.keep(o)
        return o

    def keep(self, o):
        if self.dir:
            name = urllib.parse.quote_from_bytes(o["key"], safe="") or "%"
            if len(name) > 255:
                name = name[:238] + "%" + hashlib.md5(o["key"]).hexdigest()[:16]
            with open(os.path.join(self.dir, name), "wb") as f:
                f.write(o["data"])

    def line(self, number, raw):
        try:
            line = json.loads(raw.decode())
        except ValueError:
            print("alien")
            return
        kind = self.kind(line)
        if kind == "object" and "id" in line:
            self.open(number, line)
        elif kind in ("text", "b64"):
            self.chunk(number, line, raw)
        elif kind == "end" and "stored_bytes" in line["end"]:
            o, e = self.close(line["id"], number), line["end"]
            if o is not None:
                if e["bytes"] != len(o["data"]):
                    self.fail(number, "bytes are not those of the chunks")
                print(quote(o["key"]), "end", e["bytes"], e["stored_bytes"])
        elif kind == "error":
            o, e = self.close(line["id"], number), line["error"]
            if o is not None:
                print(quote(o["key"]), "error", quote(e["code"].encode()), e.get("http", "-"),
                      str(e["retry"]).lower())
        elif kind == "done":
            print("done", line["done"]["exit"])
        else:
            print(kind)

    def finish(self):
        for o in self.objects.values():
            self.keep(o)
            print(quote(o["key"]), "open", len(o["data"]))


def main():
    args, max_open = sys.argv[1:], 0
    if args[:1] == ["--max-open"]:
        max_open, args = int(args[1]), args[2:]
    c = Checker(args[0] if args else None, max_open)
    data = sys.stdin.buffer.read()
    lines = data.split(b"\n")
    if lines.pop() != b"":
        c.fail(len(lines) + 1, "the last line has no newline")
    for number, raw in enumerate(lines, 1):
        c.line(number, raw)
    c.finish()
    return c.broken > 0


sys.exit(main())
