#!/usr/bin/env bash
# s3fetch against a real S3 server: versions, conditions, ranges, what is gone,
# denied or wrong, as that server says it.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/rgw.sh
command -v python3 >/dev/null || skip_all "python3 is not installed"
dir=$(mktemp -d "${TMPDIR:-/tmp}/s3fetch-rgw.XXXXXX") || exit 1
trap 'rgw_stop "$dir/rgw"; rm -rf "$dir"' EXIT
rgw_start "$dir/rgw" || skip_all "$RGW_REASON"
export AWS_ENDPOINT_URL_S3=$RGW_ENDPOINT PYTHONDONTWRITEBYTECODE=1
bucket=$RGW_ENDPOINT/logs

# fetch LINE [OPTION ..]: leaves rc, sum, err, and bytes in $dir/got
fetch() {
	local line=$1
	shift
	rm -rf "$dir/got" && mkdir "$dir/got"
	rc=0
	s3fetch "$@" <<<"$line" >"$dir/out" 2>"$dir/err" || rc=$?
	sum=$(python3 tests/lib/wirecheck.py "$dir/got" <"$dir/out")
	sum=${sum%%$'\n'*}
	err=$(cat "$dir/err")
}
# line KEY [MEMBERS]
line() { printf '{"store":"s3","bucket":"logs","key":"%s"%s}' "$1" "${2:+,$2}"; }
# versions: the ids of all versions, the newest first; markers likewise
versions() { s3put --request GET "$bucket?versions=" | grep -o '<Version>.*' | sed 's/<Version>/\n&/g' | sed -n 's/.*<VersionId>\([^<]*\).*/\1/p'; }

s3put --create "$bucket"
printf '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>' | s3put - "$bucket?versioning="
echo one | s3put - "$bucket/k"
echo two! | s3put - "$bucket/k"
newest=$(versions | head -n 1) oldest=$(versions | tail -n 1)
seq 2000000 >"$dir/large"
gzip -c "$dir/large" >"$dir/large.gz"
s3put "$dir/large.gz" "$bucket/large"

fetch "$(line k)"
is "$rc $sum" "0 k end 5 5" "an object"
is "$(jq -r 'select(.v).object | .size, .etag' "$dir/out" | tr '\n' ' ')" "5 $(echo two! | md5sum | cut -c1-32) " \
	"size and etag are learned"
fetch "$(line k "\"version\":\"$oldest\"")"
is "$rc $sum $(cat "$dir/got/k")" "0 k end 4 4 one" "an older version"
fetch "$(line k "\"version\":\"$newest\"")"
is "$rc $sum $(cat "$dir/got/k")" "0 k end 5 5 two!" "the newest by its name"
fetch "$(line k "\"version\":\"$oldest\",\"etag\":\"$(echo one | md5sum | cut -c1-32)\",\"size\":4")"
is "$rc $sum" "0 k end 4 4" "one with its etag"
fetch "$(line k "\"etag\":\"$(echo one | md5sum | cut -c1-32)\",\"size\":4")"
is "$rc $sum" "0 k error PreconditionFailed 412 false" "an etag that is no longer the newest is gone"
like "$err" "412 PreconditionFailed .request id tx" "with the server's request id"
fetch "$(line k '"version":"nonesuch"')"
like "$rc $sum" "^0 k error NoSuch(Key|Version) 404 false" "a version that is none"
fetch "$(line none)"
is "$rc $sum" "0 none error NoSuchKey 404 false" "no such key"
s3put --request DELETE "$bucket/k"
fetch "$(line k)"
is "$rc $sum" "0 k error NoSuchKey 404 false" "a key that was deleted"
fetch "$(line k "\"version\":\"$newest\"")"
is "$rc $sum" "0 k end 5 5" "but not this version of it"
fetch '{"store":"s3","bucket":"nowhere","key":"k"}'
is "$rc $sum" "78 done 78" "no such bucket"
fetch "$(line large)"
is "$rc $sum" "0 large end $(stat -c '%s' "$dir/large") $(stat -c '%s' "$dir/large.gz")" "an object in several parts"
cmp "$dir/large" "$dir/got/large"
ok "its bytes"
fetch "$(line large '"size":999999999,"etag":"'"$(md5sum <"$dir/large.gz" | cut -c1-32)"'"')"
is "$rc $sum" "75 large error SizeMismatch 416 true" "a size that is not the object's: the rest is asked for by Range"
mkdir "$dir/save"
fetch "$(line large)" --save "$dir/save"
is "$rc $sum" "0 done 0" "--save"
cmp "$dir/large.gz" "$dir/save/logs/large"
ok "saves what is stored"

radosgw-admin -c "$dir/rgw/ceph.conf" -n client.rgw.a user create --uid=other --display-name=other \
	--access-key=OTHERKEY --secret-key=othersecret >/dev/null 2>&1
for _ in {1..20}; do line large; echo; done >"$dir/in"
rc=0
AWS_ACCESS_KEY_ID=OTHERKEY AWS_SECRET_ACCESS_KEY=othersecret s3fetch --jobs 1 <"$dir/in" >"$dir/out" 2>"$dir/err" || rc=$?
is "$rc $(grep -c '"code":"AccessDenied","http":403,"retry":true' "$dir/out")" "77 10" "another's objects: ten AccessDenied stop the line"
AWS_SECRET_ACCESS_KEY=wrong fetch "$(line large)"
is "$rc $sum" "77 done 77" "a wrong secret"
like "$err" "SignatureDoesNotMatch.*hint.*AWS_SECRET_ACCESS_KEY" "is named"
AWS_ACCESS_KEY_ID=wrong fetch "$(line large)"
is "$rc $sum" "77 done 77" "a wrong key"
like "$err" "InvalidAccessKeyId.*hint.*AWS_ACCESS_KEY_ID" "is named, too"
tap_done
