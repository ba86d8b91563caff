#!/usr/bin/env bash
# s3sim held to S3's rules by a client of the test's own; the same probes on
# Ceph RGW, where it is installed, to show that the fake and a real server
# agree; then s3sim's own business: faults, files, TLS, start and end.
set -u
here=$(cd "$(dirname "$0")" && pwd)
bin=${BUILD:-$here/../../build}/fakes
# shellcheck source=tests/lib/rgw.sh
. "$here/../lib/rgw.sh"
dir=$(mktemp -d "${TMPDIR:-/tmp}/s3sim.XXXXXX") || exit 1
pid=
count=0
export PYTHONDONTWRITEBYTECODE=1 AWS_REGION=us-east-1
unset AWS_SESSION_TOKEN AWS_PROFILE

cleanup() {
	[ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	rgw_stop "$dir/rgw"
	rm -rf "$dir"
}
trap cleanup EXIT

if ! command -v python3 >/dev/null; then
	echo "1..0 # SKIP python3 is not installed"
	exit 0
fi

ok() { # STATUS NAME
	count=$((count + 1))
	if [ "$1" = 0 ]; then echo "ok - $2"; else echo "not ok - $2"; fi
}

is() { # GOT WANT NAME
	[ "$1" = "$2" ]
	ok $? "$3"
	[ "$1" = "$2" ] || printf '#  got: %s\n# want: %s\n' "$1" "$2"
}

sim_start() { # OPTION ...
	rm -f "$dir/port"
	"$bin/s3sim" --port-file "$dir/port" --pid-file "$dir/pid" "$@" \
	    >"$dir/out" 2>&1 &
	pid=$!
	for _ in $(seq 200); do
		[ -s "$dir/port" ] && break
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	url=http://127.0.0.1:$(cat "$dir/port")
}

sim_stop() {
	kill "$pid"
	wait "$pid"
	is $? 0 "SIGTERM ends it with exit 0"
	pid=
}

# A script that prints its own lines of TAP.
run() { # SCRIPT ARGUMENT ...
	local rc
	python3 "$here/s3sim/$1" "${@:2}" >"$dir/tap" 2>"$dir/err"
	rc=$?
	cat "$dir/tap"
	count=$((count + $(grep -c -E '^(not )?ok ' "$dir/tap")))
	[ "$rc" -le 1 ] && [ ! -s "$dir/err" ]
	ok $? "$1 came to its end"
	sed 's/^/# /' "$dir/err"
}

put() { "$bin/s3put" "$@" 2>"$dir/err"; }
get() { put --request GET "$1"; }

export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY='se/cr+et='

# In memory.
sim_start
run probe.py "$url" sim
run faults.py "$url"
sim_stop
is "$(cat "$dir/out")" "" "it had nothing to complain of"

# In files, through a restart; a key longer than a file name may be.
long=$(printf 'seg%%2Fment/%.0s' $(seq 60))
mkdir "$dir/root"
sim_start --root "$dir/root" --bucket logs
run probe.py "$url" sim
printf 'one' >"$dir/one"
put "$dir/one" "$url/logs/a%20b/%2E/%00%FF"
ok $? "put a key of strange bytes"
printf 'two' | put - "$url/logs/$long"
ok $? "put a long key"
sim_stop
printf 'three' >"$dir/root/logs/AWSLogs%2Fx.json.gz"
touch -d 2026-01-02T03:04:05Z "$dir/root/logs/AWSLogs%2Fx.json.gz"
sim_start --root "$dir/root"
is "$(get "$url/logs/a%20b/%2E/%00%FF")" one "it is there after a restart"
is "$(get "$url/logs/$long")" two "so is the long one"
is "$(put --include --request GET "$url/logs/AWSLogs/x.json.gz" | tr -d '\r' |
    grep -E '^(Content-Encoding|Last-Modified|three)')" \
"Last-Modified: Fri, 02 Jan 2026 03:04:05 GMT
Content-Encoding: gzip
three" "a file laid there is served with its time and CloudTrail's headers"
put --request DELETE "$url/logs/$long"
is "$(get "$url/logs?list-type=2" | grep -o '<KeyCount>[0-9]*')" \
    "<KeyCount>2" "a long key is deleted"
is "$(find "$dir/root" -name '.put-*')" "" "no temporary file stays"
sim_stop

# s3put: many at once.
for i in 1 2 3; do
	printf '%s' "$i" >"$dir/f$i"
	printf '{"file":"f%d","key":"list/%d%%20%%C3%%A9","kind":"x"}\n' "$i" "$i"
done >"$dir/manifest"
sim_start --log "$dir/requests"
put --create "$url/logs" && put --create "$url/logs"
ok $? "s3put --create makes a bucket, and is content with one"
put --list "$dir/manifest" --dir "$dir" "$url/logs/pre"
ok $? "s3put --list"
is "$(get "$url/logs/pre/list/2%20%C3%A9")" 2 "its objects are there"
echo '{"file":"f1"}' | put --list - --dir "$dir" "$url/logs"
is $? 64 "a manifest without a key is refused"
put "$dir/f1" "$url/none/k"
is $? 78 "what the server refuses is exit 78"
grep -q NoSuchBucket "$dir/err"
ok $? ".. and named"
AWS_SECRET_ACCESS_KEY=wrong put "$dir/f1" "$url/logs/k"
is $? 78 "a wrong secret is refused"
AWS_SESSION_TOKEN=x get "$url/logs/pre/list/2%20%C3%A9" | grep -q InvalidToken
ok $? "a token that is none is refused"
is "$(wc -l <"$dir/requests")" 9 "--log has a line per request"
is "$(grep -c -e se/cr -e cr+et "$dir/requests")" 0 ".. and no secret"
sim_stop
put "$dir/f1" "$url/logs/k"
is $? 69 "no server is exit 69"

# Credentials from a file, a token required, another region, TLS.
cat >"$dir/keys" <<'J'
[{"access_key_id":"A1","secret_access_key":"s1"},
 {"access_key_id":"A2","secret_access_key":"s2","session_token":"t2"}]
J
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$dir/key.pem" \
    -out "$dir/cert.pem" 2>/dev/null
sim_start --credentials "$dir/keys" --region eu-west-1 --bucket logs \
    --tls-cert "$dir/cert.pem" --tls-key "$dir/key.pem"
tls=${url/http:/https:}
export AWS_REGION=eu-west-1
AWS_ACCESS_KEY_ID=A1 AWS_SECRET_ACCESS_KEY=s1 \
    put --cafile "$dir/cert.pem" "$dir/f1" "$tls/logs/k"
ok $? "https, and a key from a file"
AWS_ACCESS_KEY_ID=A2 AWS_SECRET_ACCESS_KEY=s2 AWS_SESSION_TOKEN=t2 \
    put --cafile "$dir/cert.pem" "$dir/f1" "$tls/logs/k"
ok $? "a key with its token"
AWS_ACCESS_KEY_ID=A2 AWS_SECRET_ACCESS_KEY=s2 \
    put --cafile "$dir/cert.pem" "$dir/f1" "$tls/logs/k"
is $? 78 "a key without its token"
AWS_ACCESS_KEY_ID=A1 AWS_SECRET_ACCESS_KEY=s1 put "$dir/f1" "$tls/logs/k"
is $? 69 "https with an unknown certificate"
sim_stop
export AWS_REGION=us-east-1

# Wrong options.
for options in "--port x" "--port 99999" "--nothing" "operand" \
    "--bucket UPPER" "--tls-cert x"; do
	# shellcheck disable=SC2086
	"$bin/s3sim" $options >"$dir/out" 2>&1
	is $? 64 "s3sim $options: exit 64"
done
"$bin/s3sim" --credentials "$dir/none" >"$dir/out" 2>&1
is $? 78 "no such file of credentials: exit 78"
"$bin/s3sim" --root "$dir/none" >"$dir/out" 2>&1
is $? 74 "no such root: exit 74"

# The real one.
if rgw_start "$dir/rgw"; then
	run probe.py "$RGW_ENDPOINT" rgw
else
	ok 0 "rgw # SKIP $RGW_REASON"
fi
echo "1..$count"
