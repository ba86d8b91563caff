#!/usr/bin/env bash
# s3list: what it lists, what it leaves out, and what it does when things fail.
set -u
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/ca.sh
command -v python3 >/dev/null || skip_all "python3 is not installed"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/s3list.XXXXXX") || exit 99
cleanup() {
	# shellcheck disable=SC2046 # several
	kill -9 $(jobs -p) 2>/dev/null
	wait
	rm -rf "$tmp" "${S3SIM_DIR:-$tmp}"
}
trap cleanup EXIT
s3sim_start --bucket logs || exit 99
export AWS_ENDPOINT_URL_S3=$S3SIM_URL

# list OPERAND ..: the program, with a clock that runs fast (a minute of backoff
# is a second); leaves out, err, rc and done.
list() {
	rc=0
	LB_CLOCK_SPEED=${speed:-60} "$BUILD/testbin/s3list" --log-format text "$@" \
		>"$tmp/out" 2>"$tmp/err" </dev/null || rc=$?
	err=$(cat "$tmp/err")
	done_line=$(tail -n 1 "$tmp/out")
}
keys() { jq -r 'select(.key).key' "$tmp/out"; }
totals() { jq -c ".done | $1" <<<"$done_line"; }
total() { [[ $done_line =~ ^\{\"done\":.*\"$1\":([0-9]+) ]] && echo "${BASH_REMATCH[1]}"; }
fault() { s3sim_control faults "$1" >/dev/null; }
reset() { s3sim_control reset >/dev/null; }
put() { : | s3put - "$S3SIM_URL/logs/$1" >/dev/null; }
fill() { s3sim_control fill "{\"bucket\":\"logs\",\"prefix\":\"$1\",\"count\":$2,\"size\":10}" >/dev/null; }

# whole NAME COUNT: all went well, and each of so many objects came once.
whole() {
	keys >"$tmp/keys"
	is "$rc $(sort -u "$tmp/keys" | wc -l) $(wc -l <"$tmp/keys") $(total exit)" "0 $2 $2 0" "$1" ||
		sed 's/^/# /' "$tmp/err"
}

# --- what is listed

fill p/ 2500
list s3://logs/p/
whole "2,500 objects over three pages" 2500
is "$(head -n 1 "$tmp/out" | sed 's/"etag":"[0-9a-f]*"/"etag":"E"/; s/"modified":"[^"]*"/"modified":"M"/')" \
	"{\"store\":\"s3\",\"bucket\":\"logs\",\"key\":\"p/000000000\",\"size\":10,\"etag\":\"E\",\"modified\":\"M\",\"endpoint\":\"$S3SIM_URL\"}" \
	"an object line has its members in order"
is "$done_line" '{"done":{"stage":"s3list","exit":0,"listed":2500,"objects":2500,"folders":0,"outside":0,"filtered":0,"other_shards":0,"settled":0,"waiting":0,"quarantined":0,"bytes":25000,"pages":3}}' \
	"the done line has the totals"
is "$err" "" "without a word"
list s3://logs/nothing/
is "$rc $(wc -l <"$tmp/out") $(total pages)" "0 1 1" "a prefix without objects"
list s3://logs
whole "a bucket" 2500
AWS_ENDPOINT_URL_S3='' list --endpoint "$S3SIM_URL" --region us-east-1 s3://logs/p/00000001
whole "--endpoint and --region" 10
is "$(head -n 1 "$tmp/out" | jq -c '[.region, .endpoint]')" "[\"us-east-1\",\"$S3SIM_URL\"]" "are in the object line"

# Every ugly byte, those that are no UTF-8 too.
python3 - >"$tmp/ugly" <<'PY'
import json, urllib.parse
keys = [b"u/" + bytes([i]) + b"x" for i in range(1, 256)]
keys += [b"u//a//", b"u/./b", b"u/../c", b"u/%2F", b"u/a+b c", "u/日本語 é".encode(), b"u/\xff\xfe", b"u/" + b"k" * 1022, b"u/" + b"%" * 1022]
for k in sorted(set(keys)):
    print(json.dumps({"file": "empty", "key": urllib.parse.quote(k, safe="")}))
PY
echo x >"$tmp/empty"
s3put --list "$tmp/ugly" --dir "$tmp" "$S3SIM_URL/logs" >/dev/null
ok "ugly keys are uploaded"
list s3://logs/u/
cat >"$tmp/names.py" <<'PY'
import base64, json, sys, urllib.parse
for line in sys.stdin:
    o = json.loads(line)
    if "bucket" in o:
        k = base64.b64decode(o["key64"]) if "key64" in o else o["key"].encode()
        print(urllib.parse.quote(k, safe=""))
PY
python3 "$tmp/names.py" <"$tmp/out" | sort >"$tmp/got"
is "$rc $(diff <(jq -r .key "$tmp/ugly" | sort) "$tmp/got" | head -n 3)" "0 " "each is listed, byte by byte"
is "$(grep -c key64 "$tmp/out")" 129 "those that are no UTF-8 as key64"

put f%2Ffolder%2F
put f%2Fempty
echo x | s3put - "$S3SIM_URL/logs/f%2Fodd%2F" >/dev/null
list s3://logs/f/
is "$(keys | tr '\n' ' ') $(total folders)" "f/empty f/odd/  1" "a folder's marker is left out, an empty object is not"

# --- choosing

list --start-after p/000002489 s3://logs/p/
whole "--start-after" 10
list --include '*7' --include '*8' --exclude '*0?8' s3://logs/p/
is "$rc $(keys | grep -c '[78]$') $(keys | grep -c '0.8$') $(total filtered)" "0 470 0 2030" \
	"--include and --exclude"
list --include 'p/0000000[!1-9]?' s3://logs/p/
whole "a set in a glob" 10
list --since 2100-01-01T00:00:00Z s3://logs/p/
is "$rc $(total outside)" "0 2500" "--since"
list --until 2020-01-01T00:00:00Z s3://logs/p/
is "$rc $(total outside)" "0 2500" "--until"
list --since 1h --until 2100-01-01 s3://logs/p/
whole "both, around them" 2500
: >"$tmp/all"
for i in 0 1 2; do
	list --shard $i/3 s3://logs/p/
	keys >>"$tmp/all"
	[ "$(total objects)" -gt 700 ]
	ok "shard $i has its part"
done
is "$(sort -u "$tmp/all" | wc -l) $(wc -l <"$tmp/all")" "2500 2500" "and together they have all, once"
fill q/ 1500
fill r/ 10
list --jobs 2 s3://logs/p/ s3://logs/q/ s3://logs/r/ s3://logs/nothing/
whole "four prefixes, two at a time" 4010
list --jobs 64 s3://logs/p/
whole "many jobs take smaller pages" 2500
is "$(total pages)" 20 "of 125 keys"

# --- usage

usage() { # WHAT MESSAGE OPTION ...
	list "${@:3}"
	is "$rc $(total exit)" "64 64" "$1"
	like "$err" "$2" "is told"
}
usage "no operand" "what is to be listed"
usage "another store" "only s3://|no s3://" gs://b/p
usage "a file" "no s3://" file:///var/log
usage "no bucket" "does not name a bucket" s3:///x
usage "one prefix inside another" "overlap" s3://logs/p/ s3://logs/p/x/
usage "a prefix twice" "overlap" s3://logs/p s3://logs/p
usage "a shard that is none" "--shard takes" --shard 3/3 s3://logs/
usage "a glob that is none" "not closed" --include '[a' s3://logs/
usage "times the wrong way round" "--since is not before" --since 1h --until 2h s3://logs/
usage "--show without a state" "need --state" --show
usage "an empty name of a state" "takes a file" --state '' s3://logs/
usage "--show and --forget" "do not go together" --state x --show --forget y
usage "an option that does not work yet" "profile" --profile x s3://logs/
usage "an addressing style that is none" "addressing" --addressing sideways s3://logs/
usage "an endpoint that is none" "endpoint" --endpoint file:///x s3://logs/
usage "no jobs" "jobs" --jobs 0 s3://logs/

# --- failures that pass

for f in '"action":"slowdown"' '"action":"internal"' '"action":"reset"' '"action":"close"' '"cut_after":20000' \
	'"cut_after":100000,"cut_reset":true' '"length_add":-30' '"action":"unavailable","retry_after":2' \
	'"code":"RequestTimeout","status":400'; do
	reset
	fault "{\"op\":\"LIST\",\"after\":1,\"times\":3,$f}"
	list s3://logs/p/
	whole "$f, three times" 2500
	like "$err" "trying again in" "is told"
done
reset
fault '{"op":"LIST","after":1,"times":1,"stall_after":50000}'
speed=600 list s3://logs/p/
whole "a page that stalls" 2500
reset
fault '{"op":"LIST","chance":0.5,"seed":3,"times":-1,"cut_after":3000}'
list --jobs 3 s3://logs/p/ s3://logs/q/
whole "half of all pages cut" 4000
reset
fault '{"op":"LIST","after":2,"times":1,"code":"InvalidArgument","status":400}'
list s3://logs/p/
whole "a continuation token that grew old" 2500

# --- failures that do not

stops() { # NAME EXIT MESSAGE
	is "$rc $(total exit)" "$2 $2" "$1: exit $2"
	like "$err" "$3" "$1: the message"
	is "$(grep -c '^s3list: hint:\|hint:' "$tmp/err")" 1 "$1: and a hint"
}
reset
fault '{"op":"LIST","times":-1,"action":"unavailable"}'
speed=3600 list --give-up 20m s3://logs/p/
is "$rc $(total exit)" "69 69" "a service that stays away"
like "$err" "gave up after (1[1-9]|[2-9][0-9])[0-9][0-9] s" "after --give-up"
[ "$(s3sim_status .by_operation.LIST | jq 'add // 0')" -lt 40 ]
ok "and is not hammered meanwhile"
list --give-up 0s s3://logs/p/
is "$rc" 69 "--give-up 0s gives up at once"
reset
fault '{"op":"LIST","after":1,"times":-1,"length_add":-30}'
speed=3600 list s3://logs/p/
stops "a page that never makes sense" 78 "MalformedListing"
is "$(keys | sort | uniq -d | wc -l)" 0 "none of it is given twice"
reset
fault '{"op":"LIST","after":1,"times":-1,"action":"denied"}'
list s3://logs/p/
stops "denied on the way" 77 "403 AccessDenied.*request id"
reset
list s3://no-such-bucket/
stops "no such bucket" 78 "cannot list 's3://no-such-bucket/': 404 NoSuchBucket.*request id"
AWS_SECRET_ACCESS_KEY=wrong+secret list s3://logs/
stops "a wrong secret" 77 "SignatureDoesNotMatch"
unlike "$err" "wrong.secret" "which is not shown"
AWS_SECRET_ACCESS_KEY='' list s3://logs/
stops "no secret" 77 "AWS_SECRET_ACCESS_KEY is not set"
reset
fault '{"op":"LIST","times":-1,"action":"expired"}'
list s3://logs/
stops "expired credentials" 77 "ExpiredToken"
reset
AWS_ENDPOINT_URL_S3=http://192.0.2.1:9 list s3://logs/
stops "plain http beyond this host" 78 "PlainHTTPRefused"
like "$err" "--allow-http" "which an option would allow"
AWS_ENDPOINT_URL_S3=ftp://h list s3://logs/
is "$rc" 78 "an endpoint of the environment that is none"
AWS_ENDPOINT_URL_S3=$S3SIM_URL/no/s3/here list s3://logs/
is "$rc" 78 "an endpoint that is no S3 service"

# --- region and clock

s3sim_control buckets '{"name":"far","region":"eu-west-1"}' >/dev/null
: | s3put --region eu-west-1 - "$S3SIM_URL/far/key" >/dev/null
list s3://far/
is "$rc $(jq -r 'select(.key).region' "$tmp/out")" "0 eu-west-1" "a bucket in another region is found"
s3sim_control clock '{"ahead_s":7200}' >/dev/null
list s3://logs/r/
whole "with a clock that is wrong" 10
like "$err" "clock differs" "which is told"
s3sim_control clock '{"ahead_s":0}' >/dev/null
s3sim_control keys '{"access_key_id":"ASIATEMP","secret_access_key":"temp","session_token":"tok/+=en"}' >/dev/null
AWS_ACCESS_KEY_ID=ASIATEMP AWS_SECRET_ACCESS_KEY=temp AWS_SESSION_TOKEN=tok/+=en list s3://logs/r/
whole "temporary credentials" 10

# --- the state

db=$tmp/state.db
# receipt STATUS [THROUGH]: receipts for the object lines on stdin
receipt() {
	python3 -c '
import hashlib, json, sys
for line in sys.stdin:
    o = json.loads(line)
    if "bucket" not in o: continue
    i = hashlib.sha256("\0".join([o["store"], o["bucket"], o["key"], o["etag"]]).encode()).hexdigest()[:16]
    for n in range(int(sys.argv[3])):
        print(json.dumps({"id": "%s-%04x" % (i, n), "receipt": {"to": "t", "status": sys.argv[1], "format": "F/1",
            "records": 5, "rows": 5, "filtered": 0, "dead": 0, "through": int(sys.argv[2])}, "object": o}))
print(json.dumps({"done": {"stage": "t", "exit": 0}}))
' "$1" "${2:-5}" "${3:-1}" | s3ack --state "$db" "${ack[@]}" >"$tmp/acked" 2>"$tmp/ackerr"
}
ack=()
list --state "$db" s3://logs/r/
whole "a state that is not there yet" 10
LB_CLOCK_WALL=$(date +%s)
export LB_CLOCK_WALL
sed -n 1,4p "$tmp/out" | receipt delivered
sed -n 5p "$tmp/out" | receipt gone
sed -n 6p "$tmp/out" | receipt partial 3
sed -n 7p "$tmp/out" | receipt failed
sed -n 8p "$tmp/out" | receipt failed 0 5
# What failed rests for some seconds, and is looked at from before: no filter
# is slow enough to see the end of it.
LB_CLOCK_WALL=$((LB_CLOCK_WALL - 240))
list --state "$db" --metrics "$tmp/metrics" s3://logs/r/
is "$(sed -n 's/^logbridge_oldest_unsettled_timestamp_seconds{.*} //p' "$tmp/metrics")" \
	"$(jq -rs 'map(select(.key).modified) | min | sub("[.].*"; "Z") | fromdate' "$tmp/out")" "metrics tell how far the pipeline is behind"
list --state "$db" s3://logs/r/
is "$rc $(keys | tr '\n' ' ')$(totals '[.objects,.settled,.waiting,.quarantined]')" \
	"75 r/000000005 r/000000008 r/000000009 [3,5,1,1]" "settled, waiting and quarantined ones are left out"
is "$(jq -c 'select(.key == "r/000000005") | [.skip, .format]' "$tmp/out")" '[3,"F/1"]' "a partial one says where to go on"
like "$err" "'s3://logs/r/000000007' is in quarantine" "one in quarantine is named"
like "$err" "hint:.*--forget" "and what to do"
like "$err" "1 objects failed before and rest" "those that wait are told"
list --state "$db" --exclude '*7' s3://logs/r/
is "$rc $(totals '[.waiting,.quarantined,.filtered]')" "75 [1,0,1]" "one that waits is not settled: 75"
list --state "$db" --exclude '*6' s3://logs/r/
is "$rc $(totals '[.waiting,.quarantined,.filtered]')" "75 [0,1,1]" "nor is one in quarantine"
list --state "$db" --exclude '*[67]' s3://logs/r/
is "$rc $(totals '[.waiting,.quarantined,.filtered]')" "0 [0,0,2]" "unless it is left out on purpose"
list --state "$db" --name other s3://logs/r/
whole "another pipeline knows nothing of it" 10
LB_CLOCK_WALL=$(($(date +%s) + 86400)) list --state "$db" s3://logs/r/000000006
like "$(keys)" r/000000006 "a failed one comes again in its time"
list --state "$db" --show
is "$rc $(jq -rc 'select(.state) | [.key, .state.is, .state.tries]' "$tmp/out" | sort | tr '\n' ' ')" \
	'0 ["r/000000005","partial",0] ["r/000000006","waiting",1] ["r/000000007","quarantined",5] ' \
	"--show names what is not settled"
unset LB_CLOCK_WALL
is "$(totals '[.shown,.delivered,.gone,.partial,.failed,.quarantined]')" "[3,4,1,1,1,1]" "and counts"
list --state "$db" --show s3://logs/r/000000006
is "$(keys)" r/000000006 "within a prefix"
list --state "$db" --show --exclude '*[67]'
is "$(keys)" r/000000005 "or by globs"
list --state "$db" --forget 'x*'
is "$rc $(total forgotten)" "0 0" "--forget of nothing"
list --state "$db" --forget '*/00000000[67]'
is "$rc $(total forgotten)" "0 2" "--forget frees"
list --state "$db" s3://logs/r/
is "$(totals '[.objects,.settled,.waiting,.quarantined]')" "[5,5,0,0]" "what then is given again"
s3put - "$S3SIM_URL/logs/r%2F000000000" <<<"changed" >/dev/null
list --state "$db" s3://logs/r/
like "$(keys)" r/000000000 "an object that was replaced is a new one"
# One of two destinations has it.
db=$tmp/need.db
ack=(--need 2)
list --state "$db" s3://logs/r/
sed -n 1p "$tmp/out" | receipt delivered
list --state "$db" --show
is "$(jq -rc 'select(.state) | [.key, .state.is, .state.delivered_by, .state.need]' "$tmp/out")" '["r/000000000","partial",1,2]' \
	"--show tells how many of those that are needed have it"
echo "not a database" >"$tmp/no.db"
list --state "$tmp/no.db" s3://logs/r/
is "$rc $(total exit)" "78 78" "a state that is none"

# --- a reader that takes its time

slow_start() { # OPTION ..: s3list against a pipe that nobody reads, yet
	rm -f "$tmp/pipe"
	mkfifo "$tmp/pipe"
	"$BUILD/testbin/s3list" --log-format text "$@" >"$tmp/pipe" 2>"$tmp/err" </dev/null &
	pid=$!
	exec 8<"$tmp/pipe"
}
holds_much() {
	[ "$(python3 -c '
import array, fcntl, termios
n = array.array("i", [0])
fcntl.ioctl(8, termios.FIONREAD, n)
print(n[0])' 8<&8)" -gt 200000 ]
}
idle() { [ "$(s3sim_status .in_hand)" -eq 0 ]; }
asked() { [ "$(s3sim_status .in_hand)" -ge 1 ]; }
fill s/ 20000
AZURE_CLIENT_SECRET=azure-secret slow_start --state "$db" s3://logs/s/
until_true holds_much && kill -0 $pid
ok "a pipe that is full is waited for"
list --state "$db" s3://logs/s/
is "$rc $(total exit)" "75 75" "a second one of the same prefix is refused"
like "$err" "process $pid" "and told whose turn it is"
for other in "--shard 0/2 s3://logs/s/" "--name other s3://logs/s/" "s3://logs/r/"; do
	# shellcheck disable=SC2086
	list --state "$db" $other
	is "$rc" 0 "but one of '$other' is not"
done
is "$(sqlite3 "$db" 'pragma wal_checkpoint(truncate)' 2>&1)" "0|0|0" "it holds no read transaction meanwhile"
unlike "$(cat "/proc/$pid/environ" 2>/dev/null | tr '\0' ' ')" "azure-secret|$(printf %q "$AWS_SECRET_ACCESS_KEY")" "nor a secret in its environment"
[ "$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status")" -lt 32768 ]
ok "nor much memory" || grep VmHWM "/proc/$pid/status"
kill $pid
cat <&8 >"$tmp/out"
wait $pid
is "$? $(tail -n 1 "$tmp/out" | jq -c '.done.exit')" "75 75" "SIGTERM: what was chosen is written, and a done line with 75"
is "$(jq -c . "$tmp/out" 2>&1 | wc -l)" "$(wc -l <"$tmp/out")" "in whole lines"
[ "$(wc -l <"$tmp/out")" -lt 15000 ]
ok "and no more is listed"

LB_CLOCK_SPEED=60 slow_start --stop-within 30s s3://logs/s/
until_true holds_much
kill $pid
wait $pid
is "$?" 75 "SIGTERM while nobody reads: it ends within --stop-within"
like "$(cat "$tmp/err")" "took nothing more" "and says what that means"
exec 8<&-

slow_start s3://logs/s/
until_true holds_much
exec 8<&-
wait $pid
is "$? $(cat "$tmp/err")" "141 " "a reader that leaves while the pipe is full"
fault '{"op":"LIST","times":-1,"delay_ms":3000}'
slow_start s3://logs/s/
until_true asked
exec 8<&-
wait $pid
is "$? $(cat "$tmp/err")" "141 " "and one that leaves while the store is asked"
until_true idle
"$BUILD/bin/s3list" s3://logs/s/ >"$tmp/out" 2>/dev/null &
pid=$!
until_true asked
kill -TERM $pid
wait $pid
is "$? $(jq -c .done.exit "$tmp/out")" "75 75" "SIGTERM while the store is asked"
reset

# --- metrics, memory

list --metrics "$tmp/metrics" --jobs 2 s3://logs/p/ s3://logs/q/
is "$rc $(grep -c '^logbridge_objects_total{stage="s3list"} 4000$' "$tmp/metrics")" "0 1" "metrics"
is "$(grep -c '^logbridge_objects_skipped_total{.*reason="settled"} 0$' "$tmp/metrics")" 1 "with the reasons for leaving out"
list --metrics "$tmp/no/such/file" s3://logs/r/
is "$rc $(total objects)" "74 10" "a metrics file that cannot be written is 74, at the end"
fill big/ 300000
max=$(python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$BUILD/bin/s3list" s3://logs/big/)
if [[ $BUILD == *address* ]]; then
	skip "under a sanitizer" "memory"
else
	[ "$max" -lt 32768 ]
	ok "300,000 objects take no more memory than a page: $max KiB"
fi
s3sim_stop
ok "the simulator had no complaint"

# --- TLS

ca_make "$tmp/ca" || exit 99
s3sim_start --bucket logs --tls-cert "$tmp/ca/server.pem" --tls-key "$tmp/ca/server.key" || exit 99
export AWS_ENDPOINT_URL_S3=https://127.0.0.1:$S3SIM_PORT
: | s3put --cafile "$tmp/ca/ca.pem" - "$AWS_ENDPOINT_URL_S3/logs/key" >/dev/null
AWS_CA_BUNDLE=$tmp/ca/ca.pem list s3://logs/
whole "AWS_CA_BUNDLE" 1
list s3://logs/
stops "a certificate that nobody vouches for" 78 "TLSFailed"
like "$err" "hint:.*AWS_CA_BUNDLE" "and what to do for one's own"
s3sim_stop
tap_done
