#!/usr/bin/env bash
# s3fetch against stores that lie, contradict themselves, drip or attack: an
# object is never complete before all its bytes came, and nothing is followed.
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/s3fetch.sh

plain='{"store":"s3","bucket":"logs","key":"k"}'
sized='{"store":"s3","bucket":"logs","key":"k","etag":"e","size":5}'
ok='HTTP/1.1 200 OK\r\nETag: "e"\r\n'
rest='HTTP/1.1 206 Partial Content\r\nETag: "e"\r\n'

# raw STEP ..: a server that does that, its URL in $url, its process in $server
raw() {
	rm -f "$tmp/port" "$tmp/log"
	"$BUILD/fakes/rawserver" --port-file "$tmp/port" --log "$tmp/log" "$@" &
	server=$!
	until_true test -s "$tmp/port"
	url=http://127.0.0.1:$(cat "$tmp/port")
}
# reply NAME LINE WANT STEP ..: fetch the object LINE from such a store
reply() {
	local name=$1 want=$3
	echo "$2" >"$tmp/in"
	shift 3
	raw "$@"
	AWS_ENDPOINT_URL_S3=$url speed=200 fetch --give-up 2m
	is "$rc $(head -n 1 <<<"$sum")" "$want" "$name" ||
		sed 's/^/# /' "$tmp/err"
	kill "$server"
	wait "$server" 2>/dev/null
}
# error STATUS BODY [HEADERS]: such a reply
error() {
	printf 'send:HTTP/1.1 %s X\\r\\n%sContent-Length: %d\\r\\n\\r\\n%s' "$1" "${3:-}" "${#2}" "$2"
}
requests() { grep -c '^[A-Z]* /' "$tmp/log"; }

# --- where an object ends

reply "neither length nor end are told" "$plain" "75 k error UnexpectedReply 200 true" \
	expect "send:${ok}\r\nhello"
reply "the length is none" "$plain" "75 k error UnexpectedReply 200 true" \
	expect "send:${ok}Content-Length: 99999999999999999999\r\n\r\nhello"
reply "where the line has it, it need not be told" "$sized" "0 k end 5 5" \
	expect "send:${ok}\r\nhello"
reply "chunks of HTTP tell their end" "$plain" "0 k end 5 5" \
	expect "send:${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
reply "and their cut" "$plain" "0 k end 10 10" \
	expect "send:${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" next \
	expect "send:${rest}Content-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nworld"
is "$(grep -aic '^range: bytes=5-' "$tmp/log") $(grep -aic '^if-match: "e"' "$tmp/log")" "1 1" \
	"the rest is asked for by Range, and If-Match of the first reply's etag"
reply "also by a range that does not know the whole" "$plain" "0 k end 10 10" \
	expect "send:${ok}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" next \
	expect "send:${rest}Content-Range: bytes 5-9/*\r\nContent-Length: 5\r\n\r\nworld"
reply "a store that knows no Range sends all again: no byte comes twice" "$plain" "0 k end 10 10" \
	expect "send:${ok}Content-Length: 10\r\n\r\nhello" next \
	expect "send:${ok}Content-Length: 10\r\n\r\nhelloworld"
is "$(cat "$tmp/got/k")" helloworld "nor is one missing"
reply "one that begins the range too early" "$plain" "0 k end 10 10" \
	expect "send:${ok}Content-Length: 10\r\n\r\nhello" next \
	expect "send:${rest}Content-Range: bytes 3-9/10\r\nContent-Length: 7\r\n\r\nloworld"
is "$(cat "$tmp/got/k")" helloworld "is no harm"
reply "one that begins it too late is" "$plain" "75 k error BadRange 206 true" \
	expect "send:${ok}Content-Length: 10\r\n\r\nhello" next \
	expect "send:${rest}Content-Range: bytes 6-9/10\r\nContent-Length: 4\r\n\r\norld"
reply "a range nobody asked for" "$plain" "75 k error BadRange 206 true" \
	expect "send:${rest}Content-Length: 5\r\n\r\nhello"
reply "the line has a larger size than the store" "$sized" "75 k error SizeMismatch 416 true" \
	expect "send:${ok}Content-Length: 3\r\n\r\nhel" next \
	expect "$(error 416 '<Error><Code>InvalidRange</Code></Error>')"
reply "a smaller one" "$sized" "75 k error SizeMismatch 200 true" \
	expect "send:${ok}Content-Length: 9\r\n\r\nhelloworl"
reply "no content at all" "$sized" "75 k error UnexpectedReply 204 true" \
	expect "send:HTTP/1.1 204 No Content\r\n\r\n"

# --- which object it is

reply "If-Match is ignored" "$sized" "0 k error PreconditionFailed 200 false" \
	expect 'send:HTTP/1.1 200 OK\r\nETag: "f"\r\nContent-Length: 5\r\n\r\nhello'
reply "If-Match fails, in no more words than the status" "$sized" \
	"0 k error PreconditionFailed 412 false" expect "$(error 412 '')"
reply "it was replaced between two parts" "$plain" "0 k error PreconditionFailed 206 false" \
	expect "send:${ok}Content-Length: 10\r\n\r\nhello" next \
	expect 'send:HTTP/1.1 206 X\r\nETag: "f"\r\nContent-Range: bytes 5-9/10\r\nContent-Length: 5\r\n\r\nworld'
reply "a weak etag" "$sized" "0 k end 5 5" \
	expect 'send:HTTP/1.1 200 OK\r\nETag: W/"e"\r\nContent-Length: 5\r\n\r\nhello'
reply "an etag that cannot be one" "$plain" "75 k error UnexpectedReply 200 true" \
	expect 'send:HTTP/1.1 200 OK\r\nETag: "a b"\r\nContent-Length: 5\r\n\r\nhello'
reply "no etag" "$plain" "0 k end 5 5" \
	expect 'send:HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
reply "no etag, and cut: the rest may be another's" "$plain" "75 k error ConnectionCut - true" \
	expect 'send:HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel' next \
	expect 'send:HTTP/1.1 206 X\r\nContent-Range: bytes 3-4/5\r\nContent-Length: 2\r\n\r\nlo'
is "$(requests)" 1 "so it is not asked for"

# Three windows do not fit: one waits, and its rest cannot be asked for.
window=$'\x28\xb5\x2f\xfd\x10\x60\x09\x0b\x0a' # 4 MiB; then a raw block of 82,273 bytes
raw expect "send:HTTP/1.1 200 OK\r\nContent-Length: 82282\r\n\r\n$window" sleep:3000 fill:82273
for _ in 1 2 3; do echo "$plain"; done >"$tmp/in"
AWS_ENDPOINT_URL_S3=$url bin=$slow fetch --jobs 3 --memory 36M
is "$rc $(sort <<<"$sum")" "75 done 75
k end 82273 82282
k end 82273 82282
k error UnexpectedReply - true" "no etag, and no memory for its window"
kill "$server"
reply "what ends where it would wait for memory is cut" "$sized" "65 k error Truncated - false" \
	expect "send:${ok}Content-Length: 5\r\n\r\n${window:0:5}"
reply "a range that is none" "$plain" "75 k error BadRange 206 true" \
	expect "send:${rest}Content-Range: bytes 0-x/y\r\nContent-Length: 5\r\n\r\nhello"

# --- what is not followed

for status in 301 302 303 307 308; do
	reply "$status" "$plain" "78 done 78" \
		expect "$(error $status '' 'Location: http://127.0.0.1:1/k\r\n')" again
	is "$(requests)" 1 "is not followed"
done
reply "a redirect to another endpoint, by S3's word" "$plain" "78 done 78" expect "$(error 301 \
	'<Error><Code>PermanentRedirect</Code><Endpoint>evil.example</Endpoint></Error>')" again
reply "a region that is another host's name" "$plain" "78 done 78" expect "$(error 301 \
	'<Error><Code>PermanentRedirect</Code></Error>' 'x-amz-bucket-region: evil.example/\r\n')" again
# Round and round, of its own name: it is told so often and no more.
reply "a store that sends us from region to region" "$plain" "78 done 78" \
	expect "$(error 301 '' 'x-amz-bucket-region: r-1\r\n')" \
	expect "$(error 301 '' 'x-amz-bucket-region: r-2\r\n')" again
[ "$(requests)" -le 10 ]
ok "is not heard without end"

# --- who is not S3

reply "a web server's 404 is no object's" "$plain" "78 done 78" \
	expect "$(error 404 '<html>not here</html>')"
like "$err" "hint.*is --endpoint" "but a wrong endpoint"
reply "a proxy's 403 is a refusal" "$plain" "75 k error HTTP403 403 true" \
	expect "$(error 403 '<html>no</html>')"
reply "a balancer's 503 is an outage" "$plain" "69 k error Unavailable 503 true" \
	expect "$(error 503 '<html>later</html>')" again
reply "so is what speaks no HTTP" "$plain" "69 k error Unavailable - true" \
	expect 'send:SSH-2.0-OpenSSH_9.2\r\n'
like "$err" "cannot get 's3://logs/k': ConnectionCut: Received HTTP/0.9" "and the log says so"

# --- attacks

reply "an endless header" "$plain" "75 k error ReplyTooLarge - true" \
	expect "send:${ok}X: " fill:3000000
many=()
for i in {1..28}; do many+=("send:X$i: " fill:4000 'send:\r\n'); done
reply "endless headers" "$plain" "75 k error ReplyTooLarge - true" \
	expect "send:${ok}" "${many[@]:0:60}"
many=()
for _ in {1..20}; do many+=('send:HTTP/1.1 100 Continue\r\nX: ' fill:4000 'send:\r\n\r\n'); done
reply "endless beginnings" "$plain" "75 k error ReplyTooLarge - true" \
	expect "${many[@]:0:60}"
reply "an error of three megabytes" "$plain" "69 k error Unavailable 500 true" \
	expect "send:HTTP/1.1 500 X\r\nContent-Length: 3000000\r\n\r\n" fill:3000000 again
lol='<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
lol+='<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">'
lol+='<!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;">]>'
reply "an error that is a bomb" "$plain" "78 done 78" \
	expect "$(error 404 "$lol<Error><Code>NoSuchKey</Code><Message>&f;&f;&f;</Message></Error>")"
reply "an error that steers terminals" "$plain" "75 k error No%22Such~Key 400 true" expect "$(error 400 \
	'<Error><Code>No"Such~Key</Code><Message>&#x9b;31m&#13;&#10;x</Message></Error>' \
	'x-amz-request-id: a"b\r\n')"
unlike "$(LC_ALL=C tr -d '\n' <"$tmp/err")" $'[\x01-\x1f\x7f\x9b]' "reaches none"
jq -e . "$tmp/out" >/dev/null
ok "its words are escaped on the wire"
reply "a body that drips" "$plain" "69 k error Unavailable - true" \
	expect "send:${ok}Content-Length: 50000\r\n\r\n" \
	fill:1 sleep:500 fill:1 sleep:500 fill:1 sleep:500 fill:1 sleep:500 fill:1 sleep:500 \
	fill:1 sleep:500 fill:1 sleep:500 fill:1 sleep:500 fill:1 sleep:500 fill:1 sleep:500 \
	fill:1 sleep:500 fill:1 sleep:500 fill:1 sleep:500 fill:1 sleep:500 fill:1 sleep:500 wait

tap_done
