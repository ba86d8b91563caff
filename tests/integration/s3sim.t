#!/usr/bin/env bash
# s3sim held to S3's rules by a client of the test's own; the same probes on
# Ceph RGW, where it is installed, to show that the fake and a real server
# agree; then s3sim's own business: faults, files, TLS, start and end.
set -u
cd "$(dirname "$0")/../.." || exit
: "${BUILD:=build}"
. tests/lib/tap.sh
. tests/lib/rgw.sh
. tests/lib/s3sim.sh
command -v python3 >/dev/null || skip_all "python3 is not installed"

tmp=$(mktemp -d "${TMPDIR:-/tmp}/s3sim-t.XXXXXX") || exit 1
trap 's3sim_stop; rgw_stop "$tmp/rgw"; rm -rf "$tmp"' EXIT
export PYTHONDONTWRITEBYTECODE=1 AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY='se/cr+et='
unset AWS_SESSION_TOKEN AWS_PROFILE

# A script that prints lines of TAP without numbers.
run() { # SCRIPT ARGUMENT ...
	local rc
	python3 "tests/integration/s3sim/$1" "${@:2}" >"$tmp/tap" 2>"$tmp/err"
	rc=$?
	awk -v n="$tap_count" '/^ok /{ sub(/^ok/, "ok " ++n) }
		/^not ok /{ sub(/^not ok/, "not ok " ++n) } { print }' "$tmp/tap"
	tap_count=$((tap_count + $(grep -c -E '^(not )?ok ' "$tmp/tap")))
	tap_failed=$((tap_failed + $(grep -c '^not ok ' "$tmp/tap")))
	[ "$rc" -le 1 ] && [ ! -s "$tmp/err" ]
	ok "$1 came to its end"
	sed 's/^/# /' "$tmp/err"
}

stop() {
	s3sim_stop
	ok "SIGTERM ends it with exit 0"
}

put() { s3put "$@" 2>"$tmp/err"; }
get() { put --request GET "$1"; }

# In memory.
s3sim_start
run probe.py "$S3SIM_URL" sim
run faults.py "$S3SIM_URL"
is "$(cat "$S3SIM_DIR/err")" "" "it had nothing to complain of"
stop

# In files, through a restart; a key longer than a file name may be.
long=$(printf 'seg%%2Fment/%.0s' $(seq 60))
mkdir "$tmp/root"
s3sim_start --root "$tmp/root" --bucket logs
run probe.py "$S3SIM_URL" sim
printf 'one' >"$tmp/one"
put "$tmp/one" "$S3SIM_URL/logs/a%20b/%2E/%00%FF"
ok "put a key of strange bytes"
printf 'two' | put - "$S3SIM_URL/logs/$long"
ok "put a long key"
stop
printf 'three' >"$tmp/root/logs/AWSLogs%2Fx.json.gz"
touch -d 2026-01-02T03:04:05Z "$tmp/root/logs/AWSLogs%2Fx.json.gz"
s3sim_start --root "$tmp/root"
is "$(get "$S3SIM_URL/logs/a%20b/%2E/%00%FF")" one "it is there after a restart"
is "$(get "$S3SIM_URL/logs/$long")" two "so is the long one"
is "$(put --include --request GET "$S3SIM_URL/logs/AWSLogs/x.json.gz" |
	tr -d '\r' | grep -E '^(Content-Encoding|Last-Modified|three)')" \
	"Last-Modified: Fri, 02 Jan 2026 03:04:05 GMT
Content-Encoding: gzip
three" "a file laid there is served with its time and CloudTrail's headers"
put --request DELETE "$S3SIM_URL/logs/$long"
like "$(get "$S3SIM_URL/logs?list-type=2")" "<KeyCount>2<" "a long key is deleted"
is "$(find "$tmp/root" -name '.put-*')" "" "no temporary file stays"
stop

# s3put: many at once.
for i in 1 2 3; do
	printf '%s' "$i" >"$tmp/f$i"
	printf '{"file":"f%d","key":"list/%d%%20%%C3%%A9","kind":"x"}\n' "$i" "$i"
done >"$tmp/manifest"
s3sim_start --log "$tmp/requests"
put --create "$S3SIM_URL/logs" && put --create "$S3SIM_URL/logs"
ok "s3put --create makes a bucket, and is content with one"
put --list "$tmp/manifest" --dir "$tmp" "$S3SIM_URL/logs/pre"
ok "s3put --list"
is "$(get "$S3SIM_URL/logs/pre/list/2%20%C3%A9")" 2 "its objects are there"
echo '{"file":"f1"}' | put --list - --dir "$tmp" "$S3SIM_URL/logs"
is $? 64 "a manifest without a key is refused"
put "$tmp/f1" "$S3SIM_URL/none/k"
is $? 78 "what the server refuses is exit 78"
like "$(cat "$tmp/err")" NoSuchBucket ".. and named"
AWS_SECRET_ACCESS_KEY=wrong put "$tmp/f1" "$S3SIM_URL/logs/k"
is $? 78 "a wrong secret is refused"
like "$(AWS_SESSION_TOKEN=x get "$S3SIM_URL/logs/k")" InvalidToken \
	"a token that is none is refused"
is "$(wc -l <"$tmp/requests")" 9 "--log has a line per request"
unlike "$(cat "$tmp/requests")" 'se/cr|cr\+et' ".. and no secret"
url=$S3SIM_URL
stop
put "$tmp/f1" "$url/logs/k"
is $? 69 "no server is exit 69"

# Credentials from a file, a token required, another region, TLS.
cat >"$tmp/keys" <<'J'
[{"access_key_id":"A1","secret_access_key":"s1"},
 {"access_key_id":"A2","secret_access_key":"s2","session_token":"t2"}]
J
# shellcheck source=tests/lib/ca.sh
. tests/lib/ca.sh
ca_make "$tmp/ca"
s3sim_start --credentials "$tmp/keys" --region eu-west-1 --bucket logs \
	--tls-cert "$tmp/ca/server.pem" --tls-key "$tmp/ca/server.key"
tls=${S3SIM_URL/http:/https:}
put_as() { # KEY SECRET TOKEN
	AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=$2 \
		AWS_SESSION_TOKEN=$3 put --cafile "$tmp/ca/ca.pem" "$tmp/f1" \
		"$tls/logs/k"
}
put_as A1 s1 ''
ok "https, and a key from a file"
put_as A2 s2 t2
ok "a key with its token"
put_as A2 s2 ''
is $? 78 "a key without its token"
AWS_ACCESS_KEY_ID=A1 AWS_SECRET_ACCESS_KEY=s1 put "$tmp/f1" "$tls/logs/k"
is $? 69 "https with an unknown certificate"
stop

# Wrong options.
for options in "--port x" "--port 99999" "--nothing" "operand" \
	"--bucket UPPER" "--tls-cert x"; do
	# shellcheck disable=SC2086
	"$BUILD/fakes/s3sim" $options >"$tmp/out" 2>&1
	is $? 64 "s3sim $options: exit 64"
done
"$BUILD/fakes/s3sim" --credentials "$tmp/none" >"$tmp/out" 2>&1
is $? 78 "no such file of credentials: exit 78"
"$BUILD/fakes/s3sim" --root "$tmp/none" >"$tmp/out" 2>&1
is $? 74 "no such root: exit 74"

# The real one.
if rgw_start "$tmp/rgw"; then
	run probe.py "$RGW_ENDPOINT" rgw
else
	skip "$RGW_REASON" "the same probes on Ceph RGW"
fi
tap_done
