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

tap_done
