#!/usr/bin/env bash
# s3list and s3fetch against stores that attack by HTTP and XML: they end, in
# bounded memory, and take nothing for a listing or an object that is none.
# (Objects that are cut, changed or wrongly ranged: s3fetch-replies.t.)
set -u
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/s3fetch.sh
. tests/lib/hostile.sh
[ -x /usr/bin/time ] || skip_all "/usr/bin/time is not installed"
export LB_CLOCK_SPEED=200 AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SESSION_TOKEN=session-token-of-test

# patience RC: what is judged at once must not become an outage because this
# machine is slow; what is an outage is one soon.
patience() { [ "$1" = 69 ] && echo 30s || echo 6h; }
# listing NAME RC ERE KEYS STEP ..: s3list of s3://logs/p/ at such a store.
listing() {
	local name=$1 want=$2 ere=$3 keys=$4
	shift 4
	raw "$@"
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:$RAW weighed "$BUILD/testbin/s3list" --log-format text --give-up "$(patience "$want")" s3://logs/p/
	is "$rc $(jq -rs '"\(last.done.exit) \(map(select(.key).key) | join(","))"' "$tmp/out")" "$want $want $keys" \
		"s3list, $name: exit $want" || head -c 2000 "$tmp/err" | sed 's/^/# /' >&2
	[ -z "$ere" ] || like "$err" "$ere" "s3list, $name: it says so"
	contained "s3list, $name"
	raw_stop
}
# fetching NAME RC ERE LINES STEP ..: s3fetch of one object; LINES are the kinds
# of lines that it writes, with the code of an error.
fetching() {
	local name=$1 want=$2 ere=$3 lines=$4
	shift 4
	raw "$@"
	AWS_ENDPOINT_URL_S3=http://127.0.0.1:$RAW weighed "$BUILD/testbin/s3fetch" --log-format text --give-up "$(patience "$want")" s3://logs/k
	is "$rc $(jq -r 'if .v then "open" elif .text or .b64 then "chunk" elif .end then "end" elif .error then .error.code else "done" end' \
		"$tmp/out" | uniq | paste -sd,)" "$want $lines" "s3fetch, $name: exit $want" || head -c 2000 "$tmp/err" | sed 's/^/# /' >&2
	[ -z "$ere" ] || like "$err" "$ere" "s3fetch, $name: it says so"
	contained "s3fetch, $name"
	raw_stop
}
# both NAME LIST-RC LIST-ERE FETCH-RC FETCH-LINES STEP ..
both() {
	listing "$1" "$2" "$3" "" "${@:6}"
	fetching "$1" "$4" "" "$5" "${@:6}"
}
entry() { printf '<Contents><Key>%s</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>1</Size></Contents>' "$1"; }
# page MORE REST: a page of a listing; reply STATUS HEADERS BODY: as a step
page() { printf '<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>%s</IsTruncated>%s</ListBucketResult>' "$1" "$2"; }
token() { printf '<NextContinuationToken>%s</NextContinuationToken>' "$1"; }
reply() { printf 'send:HTTP/1.1 %s X\\r\\n%sContent-Length: %d\\r\\n\\r\\n%s' "$1" "$2" "${#3}" "$3"; }
ok='HTTP/1.1 200 OK\r\nETag: "e"\r\n'
one=$(page false "$(entry p/a)")

# --- headers

python3 - "$tmp" <<'PY'
import os, sys
def write(name, text):
    with open(os.path.join(sys.argv[1], name), "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
write("folded", " x\r\n" * 500000)
head = '<?xml version="1.0"?><ListBucketResult>'
def xml(name, pieces, n=20 << 20):
    out, size = [head], 0
    for p in pieces:
        size += len(p)
        if size > n: break
        out.append(p)
    write(name, "".join(out))
xml("names", (f"<a{i:x}/>" for i in range(10**9)))
xml("attributes", ("<a " + " ".join(f'b{i * 1000 + k:x}=""' for k in range(1000)) + "/>" for i in range(10**6)))
xml("one-tag", ["<a "] + [f'b{i:x}="" ' for i in range(10**6)])
xml("deep", ["<a>"] * 10**6)
xml("text", ["<Contents><Key>"] + ["k" * 1000] * 20000)
xml("entries", ("<Contents><Key>p/%06d</Key><LastModified>2026-01-02T03:04:05Z</LastModified><Size>1</Size></Contents>" % i for i in range(200000)))
xml("references", ["<Contents><Key>"] + ["&#107;"] * 10**6)
xml("cdata", ["<Contents><Key>"] + ["<![CDATA[" + "x" * 1000 + "]]>"] * 100000)
PY
both "thousands of headers" 78 "ReplyTooLarge" 75 "open,ReplyTooLarge,done" expect "send:$ok" "file:$tmp/many" 'send:\r\n'
both "an endless header" 78 "ReplyTooLarge" 75 "open,ReplyTooLarge,done" expect "send:${ok}X: " fill:3000000
both "one header, folded without end" 78 "ReplyTooLarge" 75 "open,ReplyTooLarge,done" expect "send:${ok}X: y\\r\\n" "file:$tmp/folded"
both "interim replies without end" 78 "ReplyTooLarge" 75 "open,ReplyTooLarge,done" expect "file:$tmp/interim"
both "garbage" 69 "ConnectionCut" 69 "open,Unavailable,done" expect "file:$tmp/garbage"
both "a status line without end" 78 "ReplyTooLarge" 75 "open,ReplyTooLarge,done" expect 'send:HTTP/1.1 200 ' fill:3000000
both "a status that is none" 69 "" 69 "open,Unavailable,done" expect 'send:HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n'
both "another HTTP" 69 "" 69 "open,Unavailable,done" expect 'send:HTTP/7.3 200 OK\r\nContent-Length: 0\r\n\r\n'
drip=()
for _ in {1..25}; do drip+=('send:X: y\r\n' sleep:250); done
both "headers that drip" 69 "Timeout" 69 "open,Unavailable,done" expect "send:$ok" "${drip[@]}" wait

# --- framing

both "a length that is none" 69 "ConnectionCut" 69 "open,Unavailable,done" expect 'send:HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello'
both "chunks that are none" 69 "ConnectionCut" 69 "open,Unavailable,done" \
	expect "send:${ok}Transfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\nhello\\r\\n"
both "a chunk larger than any" 69 "ConnectionCut" 69 "open,Unavailable,done" \
	expect "send:${ok}Transfer-Encoding: chunked\\r\\n\\r\\nffffffffffffffffffff\\r\\nhello\\r\\n"
for coding in br 'chunked, gzip' identity; do
	fetching "ended by no more than its cut: $coding" 75 "UnexpectedReply" "open,UnexpectedReply,done" \
		expect "send:${ok}Transfer-Encoding: $coding\\r\\n\\r\\nhello"
done
fetching "two lengths" 69 "ConnectionCut" "open,chunk,Unavailable,done" \
	expect "send:${ok}Content-Length: 5\\r\\nContent-Length: 10\\r\\n\\r\\nhello" next expect reset
both "trailers without end" 69 "" 69 "open,Unavailable,done" \
	expect "send:${ok}Transfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n" "file:$tmp/many"
both "a chunk's extension without end" 69 "Timeout|ConnectionCut" 69 "open,Unavailable,done" \
	expect "send:${ok}Transfer-Encoding: chunked\\r\\n\\r\\n5;x=" fill:3000000 wait
listing "a length and chunks" 0 "" p/a expect "send:HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n$(printf %x ${#one})\\r\\n$one\\r\\n0\\r\\n\\r\\n"
forged=$(page false "$(entry p/forged)")
listing "a page with another reply behind it" 0 "" p/a,p/b \
	expect "$(reply 200 '' "$(page true "$(entry p/a)$(token 1)")")$(reply 200 '' "$forged" | sed 's/^send://')" next \
	expect "$(reply 200 '' "$(page false "$(entry p/b)")")"
fetching "an object with more bytes behind it" 0 "" open,chunk,end,done \
	expect "send:${ok}Content-Length: 5\\r\\n\\r\\nhello and more"
is "$(jq -r 'select(.text).text' "$tmp/out")" hello "s3fetch: they are not its own"

# --- redirects

for to in http://127.0.0.1:1/ https://evil.example/ file:///etc/passwd gopher://127.0.0.1:1/x //evil.example/ 'http://u:p@127.0.0.1/'; do
	both "a redirect to $to" 78 "302|HTTP302" 78 "done" expect "$(reply 302 "Location: $to\\r\\n" '')" again
done
both "a redirect to itself" 78 "" 78 "done" expect "$(reply 307 'Location: /logs/?list-type=2\r\n' '')" again
raw expect "count:HTTP/1.1 301 X\\r\\nx-amz-bucket-region: r-@\\r\\nContent-Length: 0\\r\\n\\r\\n" again
urls=()
for i in {1..40}; do urls+=("s3://b$i/"); done
AWS_ENDPOINT_URL_S3=http://127.0.0.1:$RAW weighed "$BUILD/testbin/s3list" --log-format text --give-up 6h --jobs 40 "${urls[@]}"
is "$rc" 78 "s3list: forty buckets sent from region to region: exit 78"
[ "$(requests)" -le 700 ]
ok "s3list: they are not asked for without end" || echo "# $(requests) requests"
raw_stop

# --- bodies and XML

both "an error without end" 69 "503" 69 "open,Unavailable,done" expect 'send:HTTP/1.1 503 X\r\n\r\n' fill:30000000
listing "a listing of x" 78 "MalformedListing" "" expect "send:HTTP/1.1 200 OK\\r\\nContent-Length: 3000000\\r\\n\\r\\n" fill:3000000 again
for bomb in names:memory attributes:memory one-tag:'tag or comment' deep:'nested too deep' text:'text of one element' entries:'far (more|larger)' \
	references:'text of one element' cdata:'text of one element'; do
	listing "a page that is a bomb: ${bomb%%:*}" 78 "(Malformed|NotA)Listing: .*(${bomb#*:})" "" \
		expect "send:HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n" "file:$tmp/${bomb%%:*}"
done
for bomb in names attributes deep text; do
	fetching "an error that is a bomb: $bomb" 78 "" "done" expect 'send:HTTP/1.1 404 X\r\nConnection: close\r\n\r\n' "file:$tmp/$bomb"
done
entities='<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
listing "entities" 78 "document type" "" expect "$(reply 200 '' "$entities<ListBucketResult><Prefix>&c;</Prefix></ListBucketResult>")" again
external='<!DOCTYPE l SYSTEM "file:///etc/passwd" [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
listing "entities of files" 78 "document type" "" expect "$(reply 200 '' "$external<ListBucketResult><Prefix>&x;</Prefix></ListBucketResult>")" again
listing "UTF-16 in name alone" 78 "Malformed" "" expect "$(reply 200 '' '<?xml version="1.0" encoding="UTF-16"?><ListBucketResult/>')" again
listing "an encoding that is none" 78 "Malformed" "" expect "$(reply 200 '' '<?xml version="1.0" encoding="x-evil"?><ListBucketResult/>')" again

# --- listings without end, and of what was not asked for

listing "a token for ever" 78 "ListingStalled.*token that it gave before" p/a expect \
	"$(reply 200 '' "$(page true "$(entry p/a)$(token 1)")")" expect "$(reply 200 '' "$(page true "$(entry p/b)$(token 1)")")" again
for key in q/a p '' P/a p%2 ../p/a %71/x; do
	listing "the key '$key', outside of the prefix" 78 "NotAListing" "" expect "$(reply 200 '' "$(page false "$(entry p/a)$(entry "$key")")")" again
done
listing "an error that quotes the token, and cuts it" 69 "ErrorInListing" "" expect \
	"$(reply 200 '' "<Error><Code>InternalError</Code><Message>$(printf '%0111d' 0)${AWS_SESSION_TOKEN}</Message></Error>")" again
unlike "$err" "session-tok" "s3list: and no part of it is said"
for bad in '<Size>-1</Size>' '<Size>99999999999999999999</Size>' '<LastModified>never</LastModified>'; do
	listing "an object with $bad" 78 "NotAListing" "" expect "$(reply 200 '' "$(page false "<Contents><Key>p/a</Key><LastModified>2026-01-02T03:04:05Z</LastModified><Size>1</Size>$bad</Contents>")")" again
done

# --- advice that nobody should follow

for after in 0 -1 999999999999999999999 'Fri, 31 Dec 9999 23:59:59 GMT' soon; do
	both "503, Retry-After: $after" 69 "503" 69 "open,Unavailable,done" expect "$(reply 503 "Retry-After: $after\\r\\n" '')" again
	both "429, Retry-After: $after" 69 "429" 69 "open,Unavailable,done" expect "$(reply 429 "Retry-After: $after\\r\\n" '')" again
done
tap_done
