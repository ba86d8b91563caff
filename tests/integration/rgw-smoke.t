#!/usr/bin/env bash
# Ceph RGW starts, takes and gives objects signed by s3put, and ends without a
# trace.
set -u
cd "$(dirname "$0")/../.." || exit
: "${BUILD:=build}"
. tests/lib/tap.sh
. tests/lib/rgw.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/rgw-t.XXXXXX") || exit 1
trap 'rgw_stop "$dir/rgw"; rm -rf "$dir"' EXIT

rgw_start "$dir/rgw" || skip_all "$RGW_REASON"
put() { "$BUILD/fakes/s3put" "$@" 2>"$dir/err"; }
get() { put --request GET "$1"; }
bucket=$RGW_ENDPOINT/smoke

put --create "$bucket"
ok "create a bucket"
head -c 3000000 /dev/urandom >"$dir/big"
put "$dir/big" "$bucket/big"
ok "put 3 MB"
get "$bucket/big" | cmp -s - "$dir/big"
ok "get them"
printf 'odd' | put - "$bucket/a%20b%2B%E6%97%A5%25//./x%01"
ok "put an odd key"
is "$(get "$bucket/a%20b%2B%E6%97%A5%25//./x%01")" odd "get it"
for i in $(seq 100); do
	printf '{"file":"big","key":"many/%d"}\n' "$i"
done | put --list - --dir "$dir" --unsigned "$bucket"
ok "put a hundred over one connection"
is "$(get "$bucket?list-type=2&prefix=many%2F" | grep -o '<Key>' | wc -l)" 100 \
    "they are listed"
is "$(put --header 'Range: bytes=-5' --request GET "$bucket/big" | wc -c)" 5 \
    "a range"
like "$(AWS_SECRET_ACCESS_KEY=wrong get "$bucket/big")" SignatureDoesNotMatch \
    "a wrong secret is refused"
like "$(get "$bucket/none")" NoSuchKey "NoSuchKey"
put --request DELETE "$bucket/big"
ok "delete"

pids=$(cat "$dir"/rgw/*.pid)
rgw_stop "$dir/rgw"
alive=0
for p in $pids; do
	kill -0 "$p" 2>/dev/null && alive=$((alive + 1))
done
is "$(echo "$pids" | wc -l) $alive" "3 0" "the three daemons are gone"
[ ! -e "$dir/rgw" ]
ok "and their folder too"
tap_done
