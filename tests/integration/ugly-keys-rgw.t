#!/usr/bin/env bash
# 2,500 objects with every ugly byte in their keys, on a real S3 server: each
# is listed and fetched exactly once, with its own bytes.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/rgw.sh
command -v python3 >/dev/null || skip_all "python3 is not installed"
dir=$(mktemp -d "${TMPDIR:-/tmp}/ugly.XXXXXX") || exit 1
trap 'rgw_stop "$dir/rgw"; rm -rf "$dir"' EXIT
rgw_start "$dir/rgw" || skip_all "$RGW_REASON"
export AWS_ENDPOINT_URL_S3=$RGW_ENDPOINT

# Each object's contents are its key, percent-encoded, so that a mix-up shows.
mkdir "$dir/files"
python3 - "$dir" >"$dir/manifest" <<'PY'
import json, random, sys, urllib.parse
r = random.Random(7)
pieces = [" ", "+", "%", "&", "=", ";", "#", "?", '"', "'", "<", ">", "\x01", "\x1f", "\x7f", "\n",
          "\r", "\t", "é", "日本", "\U0001f600", "//", "/./", "/../", "~", "*", "%2F", "&amp;", "\\",
          "|", "^", "`", "{", "}", "[", "]", "@", ":", ",", "$", "!", "(", ")", "\u00a0", "\u2028", "a", "Z", "0", "-", "_", "."]
keys = set()
for p in pieces:
    keys.add("p/" + p + "x")
    keys.add("p/x" + p)
    keys.add("p/" + p * 3 + "z")
for n in (1022, 1024):
    for c in ("k", "%", "é", " "):
        key = "p/" + c * ((n - 2) // len(c.encode()))
        keys.add(key)
while len(keys) < 2500:
    keys.add("p/" + "".join(r.choice(pieces) for _ in range(r.randint(1, 40))))
for i, key in enumerate(sorted(keys)):
    assert len(key.encode()) <= 1024
    quoted = urllib.parse.quote(key.encode(), safe="")
    open(f"{sys.argv[1]}/files/{i}", "w").write(quoted)
    print(json.dumps({"file": str(i), "key": quoted}))
PY
is "$(wc -l <"$dir/manifest")" 2500 "2,500 keys"
s3put --create "$RGW_ENDPOINT/ugly"
s3put --list "$dir/manifest" --dir "$dir/files" "$RGW_ENDPOINT/ugly"
ok "are uploaded"
jq -r .key "$dir/manifest" | sort >"$dir/want"

s3list s3://ugly/p/ >"$dir/listed" 2>"$dir/err"
is "$?" 0 "s3list ends with 0" || sed 's/^/# /' "$dir/err"
cat >"$dir/names.py" <<'PY'
import base64, json, sys, urllib.parse
for line in sys.stdin:
    o = json.loads(line)
    if "done" in o:
        continue
    if sys.argv[1] == "listed":
        key = base64.b64decode(o["key64"]) if "key64" in o else o["key"].encode()
        print(urllib.parse.quote(key, safe=""))
    elif "text" in o:
        print(o["text"])
    elif "error" in o:
        print(o)
PY
python3 "$dir/names.py" listed <"$dir/listed" | sort >"$dir/got"
is "$(diff "$dir/want" "$dir/got" | head -5)" "" "each is listed exactly once"

s3fetch <"$dir/listed" >"$dir/fetched" 2>"$dir/err"
is "$?" 0 "s3fetch ends with 0" || head -5 "$dir/err" | sed 's/^/# /'
python3 "$dir/names.py" fetched <"$dir/fetched" | sort >"$dir/got"
is "$(diff "$dir/want" "$dir/got" | head -5)" "" "each is fetched exactly once, with its own bytes"
tap_done
