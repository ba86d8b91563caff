#!/usr/bin/env bash
# Names that steer terminals: keys, etags, versions, tables and reasons of all
# bytes, in what each filter says of an object that fails.  Nothing of them
# reaches standard error raw, as text or JSON, nor a terminal on standard output.
set -u
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/s3fetch.sh
. tests/lib/hostile.sh
[ -x /usr/bin/time ] || skip_all "/usr/bin/time is not installed"
command -v script >/dev/null || skip_all "script(1) is not installed"
PATH=$BUILD/bin:$PATH
export AZURE_TENANT_ID=t AZURE_CLIENT_ID=c AZURE_CLIENT_SECRET=client-secret LB_CLOCK_SPEED=200
export LOGBRIDGE_SENTINEL_ENDPOINT=http://127.0.0.1:1 LOGBRIDGE_SENTINEL_RULE=dcr-1 AZURE_AUTHORITY_HOST=http://127.0.0.1:1

# Lines of the wire with such names; each for the filter that reads it.
python3 - "$tmp" <<'PY'
import base64, hashlib, json, os, sys
evil = ["\x1b[31;1mred\x1b]0;title\x07", "".join(map(chr, range(1, 32))) + "\x7f", "a\nlogparse: error: forged\nb",
        "".join(map(chr, range(0x80, 0xa0))), "\u202eright\u202c\u2066iso\u2069\u200f\u061c\u2028\u2029", "nul\0nul", "%s%n%s%d"]
keys = [("key", k) for k in evil] + [("key64", base64.b64encode(bytes(range(128, 256))).decode()),
        ("key64", base64.b64encode(b"\x9b31m\xc2\x9b\xe2\x80\xae\xff").decode())]
def write(name, lines):
    with open(os.path.join(sys.argv[1], name), "w") as f:
        f.writelines(json.dumps(l, separators=(",", ":")) + "\n" for l in lines)
def ident(o):
    k = o["key"].encode() if "key" in o else base64.b64decode(o["key64"])
    return hashlib.sha256(b"\0".join([b"s3", b"logs", k, o.get("etag", "e").encode()])).hexdigest()[:16]
objects = [dict(store="s3", bucket="logs", **{m: k}, size=9, etag="e") for m, k in keys]
bad = [dict(o, **{m: e}) for o in objects[:1] for m in ("etag", "version", "region", "endpoint", "bucket", "store") for e in evil]
write("objects", objects)
write("bad-objects", bad)
opens = [({"v": 1, "id": ident(o) + "-0001", "object": o}, ident(o) + "-0001") for o in objects]
# Places that are wrong, gzip that is none, errors with words.
logs, rows, acks = [], [], []
for o, i in opens:
    logs += [o, {"id": i, "at": 5, "text": "x"}]
    rows += [o, {"id": i, "n": 0, "table": "T_CL", "row": {"TimeGenerated": "2026-01-02T03:04:05Z"}},
             {"id": i, "end": {"format": "f/1", "records": 9, "skipped": 0, "rows": 9, "rejects": 0, "filtered": 0}}]
    acks += [{"id": i, "receipt": {"to": "h/dcr-1", "status": "failed", "reason": evil[0] + evil[3], "format": "f/1", "records": 0, "rows": 0,
              "filtered": 0, "dead": 0, "through": 0}, "object": o["object"]}] * 5
for n, e in enumerate(evil):
    o = {"v": 1, "id": "%016x-0001" % n, "object": dict(objects[0])}
    logs += [o, {"id": o["id"], "error": {"stage": e, "code": e, "http": 400, "retry": True, "message": e, "request_id": e}},
             {"id": e, "text": e}]
    rows += [o, {"id": o["id"], "n": 0, "table": e, "row": {"TimeGenerated": e}}, {"id": o["id"], "n": 1, "reject": {"reason": e, "at": 0, "format": e}, "raw": e},
             {"id": o["id"], "error": {"stage": e, "code": e, "http": 400, "retry": True, "message": e, "request_id": e}}, {"id": e, "n": 1, "row": {}}]
    acks += [{"id": e, "receipt": {"to": e, "status": e, "reason": e}, "object": objects[0]}]
write("logs", logs)
write("rows", rows)
write("acks", acks)
PY
# said NAME COMMAND ..: on $tmp/in, as text and as JSON.
said() {
	local form
	for form in text json; do
		weighed "${@:2}" --log-format $form -v <"$tmp/in"
		[ -s "$tmp/err" ]
		ok "$1, $form: it says something (exit $rc)"
		contained "$1, $form"
		unlike "$(cat "$tmp/err")" $'(^|\n)(logparse: error: )?forged' "$1, $form: no line is forged"
		iconv -f UTF-8 -t UTF-8 "$tmp/out" | jq -e . >/dev/null
		ok "$1, $form: what it writes is JSON in UTF-8"
		[ $form = text ] || jq -e . "$tmp/err" >/dev/null
		ok "$1, $form: so is what it says"
	done
}
cp "$tmp/objects" "$tmp/in"
said "s3fetch: objects that are not there" "$BUILD/testbin/s3fetch"
cp "$tmp/bad-objects" "$tmp/in"
said "s3fetch: object lines that are none" "$BUILD/testbin/s3fetch"
cp "$tmp/logs" "$tmp/in"
said "logparse" "$BUILD/testbin/logparse"
cp "$tmp/rows" "$tmp/in"
said "sentinelpost" "$BUILD/testbin/sentinelpost" --dead-letter "$tmp/dead" --give-up 1m
cp "$tmp/acks" "$tmp/in"
said "s3ack" "$BUILD/testbin/s3ack" --state "$tmp/state.db"
: >"$tmp/in"
unset -f said
for form in text json; do
	weighed "$BUILD/testbin/s3list" --state "$tmp/state.db" --log-format $form -v s3://logs/ <"$tmp/in"
	contained "s3list, $form"
	weighed "$BUILD/testbin/s3list" --state "$tmp/state.db" --show --log-format $form -v <"$tmp/in"
	contained "s3list --show, $form"
	jq -e . "$tmp/out" >/dev/null
	ok "s3list --show, $form: its lines are JSON"
done
[ "$(grep -c '"reason"' "$tmp/out")" -ge 7 ]
ok "s3list --show: they name what failed"

# A screen gets the same lines in other words.
(cd "$tmp" && script -qec "stty -onlcr; s3list --state state.db --show 2>/dev/null" /dev/null </dev/null) >"$tmp/screen"
harmless "$tmp/screen"
ok "a terminal on standard output is not steered" || LC_ALL=C cat -v "$tmp/screen" | sed 's/^/# /'
is "$(jq -cS . "$tmp/screen" | sort | sha256sum)" "$(jq -cS . "$tmp/out" | sort | sha256sum)" "and it gets the same lines"
tap_done
