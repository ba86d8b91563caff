#!/usr/bin/env bash
# s3fetch: whose failure is it?  One object's, the store's, a setting's.
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/s3fetch.sh

printf 'hello\n' >"$tmp/text"
put text "$tmp/text"

# --- what the store teaches, while many requests are under way

s3sim_control buckets '{"name":"far","region":"eu-west-1"}' >/dev/null
for i in {1..20}; do
	s3put --region eu-west-1 "$tmp/text" "$S3SIM_URL/far/$i" >/dev/null
	put "$i" "$tmp/text"
	printf '{"store":"s3","bucket":"far","key":"%d"}\n' "$i"
done >"$tmp/in"
reset
faults '{"op":"GET","times":16,"delay_ms":300}'
fetch
is "$rc $(grep -c ' end 6 6' <<<"$sum")" "0 20" \
	"sixteen requests to the wrong region at once: all are sent anew"
for i in {1..20}; do line "$i"; done >"$tmp/in"
s3sim_control clock '{"ahead_s":3600}' >/dev/null
reset
faults '{"op":"GET","times":16,"delay_ms":300}'
fetch
is "$rc $(grep -c ' end 6 6' <<<"$sum")" "0 20" \
	"sixteen requests with the wrong time at once: all are sent anew"
like "$err" "clock differs from the store's by 3[56][0-9][0-9] s" "and the log says so"
s3sim_control clock '{"ahead_s":0}' >/dev/null

# --- one object that cannot be had, and nothing else to fetch

# (The fast clock must not run away from the store's by 15 minutes.)
# fails KEY CODE NAME: it ends as an error to be tried again, 75
fails() {
	is "$rc $(grep "^$1 " <<<"$sum")" "75 $1 error $2 true" "$3"
}
printf 'odd one\n' >"$tmp/odd"
put odd "$tmp/odd"
{ line odd; line text; } >"$tmp/in"
reset
faults '{"op":"GET","key":"text","times":-1,"action":"internal"}'
speed=1000 fetch --jobs 1
fails text "InternalError 500" "an object that fails after another came"
like "$(gets logs/text) $(gets logs/odd)" '^9 5$' \
	"the store proved four times that it gives the other one, so five of nine failures counted"
is "$(jq -c '.done.errors // empty' "$tmp/out")" 1 "and it is counted"
reset
faults '{"op":"GET","key":"text","times":-1,"cut_after":0}'
speed=1000 fetch --jobs 1
fails text "ConnectionCut -" "one whose body is always cut"
# A quarter of an hour passes here before the bucket is asked for; then the
# fast clock is too far from the store's, so the store refuses to answer, and
# is an answer.
patient() { speed=1000 fetch; }
line text >"$tmp/in"
reset
faults '{"op":"GET","key":"text","times":-1,"action":"unavailable"}'
patient
fails text "ServiceUnavailable 503" "one that fails with nothing fetched before"
[ "$(s3sim_status '.by_operation.BUCKET_HEAD | add')" -ge 4 ]
ok "the bucket is asked for instead" || s3sim_status .by_operation
reset
faults '[{"op":"GET","key":"text","times":-1,"action":"unavailable"},
	{"op":"BUCKET_HEAD","times":-1,"action":"denied"}]'
patient
fails text "ServiceUnavailable 503" "that this is forbidden is an answer, too"
reset
faults '[{"op":"GET","key":"text","times":-1,"action":"unavailable"},
	{"op":"BUCKET_HEAD","times":-1,"action":"slowdown"}]'
speed=500 fetch --give-up 10m
is "$rc $(head -n 1 <<<"$sum")" "69 text error Unavailable 503 true" \
	"but not that it is throttled: waited out until --give-up"

# --- an outage

line text >"$tmp/in"
reset
faults '{"op":"GET","times":-1,"action":"unavailable"}'
fetch --give-up 0s
is "$rc $(head -n 1 <<<"$sum") $(gets logs/text)" "69 text error Unavailable 503 true 1" "--give-up 0s waits for nothing"

{ line odd; line text; line text; } >"$tmp/in"
reset
faults '[{"op":"GET","key":"odd","after":1,"times":-1,"action":"unavailable"},
	{"op":"GET","key":"text","times":-1,"action":"unavailable"}]'
speed=500 fetch --jobs 2 --give-up 10m
is "$rc $(sort <<<"$sum")" "69 done 69
odd end 8 8
text error Unavailable 503 true
text error Unavailable 503 true" \
	"the buckets are listed but no object comes: an outage, nothing counts"
reset
faults '[{"op":"GET","key":"odd","after":1,"times":3,"action":"unavailable"},
	{"op":"GET","key":"text","times":12,"action":"unavailable"}]'
speed=1000 fetch --jobs 2
is "$rc $(sort <<<"$sum")" "0 done 0
odd end 8 8
text end 6 6
text end 6 6" "when it is over all of them come"
# metric NAME: its value
metric() { sed -n "s/^logbridge_$1{stage=\"s3fetch\"\(,[^}]*\)*} //p" "$tmp/prom"; }
reset
faults '{"op":"GET","times":-1,"action":"unavailable"}'
line text >"$tmp/in"
: >"$tmp/prom"
LB_CLOCK_SPEED=30 "$fast" --metrics "$tmp/prom" <"$tmp/in" >"$tmp/out" 2>"$tmp/err" &
pid=$!
until_true grep -q 'breaker_state.*"open"} 1' "$tmp/prom"
ok "the metrics tell of an open breaker"
is "$(metric breaker_opened_total) $(metric objects_in_hand)" "1 1" "how often it opened, and what waits"
[ "$(metric unavailable_seconds | cut -d. -f1)" -gt 0 ]
ok "and for how long"
kill -9 "$pid"
wait "$pid" 2>/dev/null
put gone "$tmp/odd"
{ line gone; line text; } >"$tmp/in"
reset
faults '[{"op":"GET","key":"text","times":-1,"action":"internal"},
	{"op":"GET","key":"gone","after":1,"times":-1,"action":"missing"}]'
speed=1000 fetch --jobs 1
fails text "InternalError 500" "that the object it is asked for is gone is an answer"

tap_done
