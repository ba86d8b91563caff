#!/usr/bin/env bash
# Names of hosts: looked up by a helper that reads the files of the resolver as
# they are then, not as they were when the sandbox closed; one that hangs or has
# ended is an outage or a clear end, and nothing is taken for done.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
unshare -m true 2>/dev/null || skip_all 'no namespace for mounts here'
dir=$(mktemp -d "${TMPDIR:-/tmp}/names.XXXXXX") || exit 99
trap 's3sim_stop; rm -rf "$dir"' EXIT

unset SSL_CERT_FILE SSL_CERT_DIR # they would be elsewhere
mkdir -p "$dir/store/logs" "$dir/etc"
printf 'one\n' >"$dir/store/logs/a"
s3sim_start --root "$dir/store" --bucket logs || exit 99
cp /etc/passwd /etc/nsswitch.conf /etc/host.conf "$dir/etc/" 2>/dev/null
printf 'hosts: files\n' >"$dir/etc/nsswitch.conf"
: >"$dir/etc/hosts"
chmod -R a+rX "$dir"

# elsewhere COMMAND ..: with our own /etc.
elsewhere() {
	# shellcheck disable=SC2016 # for the other shell
	unshare -m sh -c 'mount --bind "$1" /etc && shift && exec "$@"' sh "$dir/etc" "$@"
}
# put_hosts LINE: as those who care do, by another file of that name.
put_hosts() {
	printf '%s\n' "$1" >"$dir/etc/hosts.new"
	mv "$dir/etc/hosts.new" "$dir/etc/hosts"
}
# All of it: a signal takes its time to reach each thread.
is_still() { ! grep -q '^State:.[RSD]' "/proc/$1/status" 2>/dev/null; }
# The helper for names of the filter that a shell runs elsewhere.
helper_of() {
	local filter
	filter=$(pgrep -P "$1" -x s3fetch) && pgrep -P "$filter" -x names
}
store=(--log-format text --allow-http --addressing path --endpoint "http://store.test:$S3SIM_PORT")

put_hosts '127.0.0.1 store.test'
elsewhere s3list "${store[@]}" s3://logs/ >"$dir/out" 2>"$dir/err"
is "$? $(jq -rc 'select(.key).key' "$dir/out")" '0 a' 's3list: a name of /etc/hosts'
elsewhere s3fetch "${store[@]}" s3://logs/a >"$dir/out" 2>"$dir/err"
is "$? $(jq -rc 'select(.text).text' "$dir/out")" '0 one' 's3fetch: a name of /etc/hosts'
put_hosts '::2 store.test
127.0.0.1 store.test'
elsewhere s3fetch "${store[@]}" s3://logs/a >"$dir/out" 2>"$dir/err"
is "$? $(jq -rc 'select(.text).text' "$dir/out")" '0 one' 'the second of its addresses, where the first does not answer'

: >"$dir/etc/hosts"
elsewhere "$BUILD/testbin/s3list" "${store[@]}" --give-up 1ms s3://logs/ >"$dir/out" 2>"$dir/err"
is "$?" 69 'a name that is not found is an outage'
like "$(cat "$dir/err")" "could not resolve host 'store.test': Name or service not known" 'and told'
like "$(cat "$dir/err")" 'hint: ' 'with a hint'

# The file is replaced while s3fetch works, and it is root's alone to see where
# that is tried: what counts is the file of that name.
mkfifo "$dir/in"
: >"$dir/err"
LB_CLOCK_SPEED=50 elsewhere "$BUILD/testbin/s3fetch" "${store[@]}" <"$dir/in" >"$dir/out" 2>"$dir/err" &
pid=$!
exec 7>"$dir/in"
echo 's3://logs/a' >&7
until_true grep -q 'could not resolve' "$dir/err"
ok 's3fetch: a name that is not known'
put_hosts '127.0.0.1 store.test'
until_true grep -q '"end":' "$dir/out"
ok 'is found once the file that says so has been put in place'
exec 7>&-
wait "$pid"
is $? 0 'and the line goes on'

# With a proxy it is the proxy's name that is looked up, and no other.
put_hosts '127.0.0.1 proxy.test'
HTTPS_PROXY=http://proxy.test:1 elsewhere s3list --log-format text --give-up 1ms \
	--endpoint https://other.test s3://logs/ >"$dir/out" 2>"$dir/err"
unlike "$(cat "$dir/err")" 'could not resolve' 'behind a proxy: the store is its to find'
like "$(cat "$dir/err")" 'onnect' 'which is not there'
HTTPS_PROXY=http://nobody.test:1 elsewhere s3list --log-format text --give-up 1ms \
	--endpoint https://other.test s3://logs/ >"$dir/out" 2>"$dir/err"
like "$(cat "$dir/err")" "could not resolve host 'nobody.test'" 'a proxy that is not found'
HTTPS_PROXY=http://nobody.test:1 NO_PROXY=.test elsewhere s3list --log-format text --give-up 1ms \
	--endpoint https://other.test s3://logs/ >"$dir/out" 2>"$dir/err"
like "$(cat "$dir/err")" "could not resolve host 'other.test'" 'NO_PROXY: then the host itself'

# The helper itself: stopped, it makes an outage; ended, an end.
put_hosts '127.0.0.1 store.test'
for how in STOP KILL; do
	: >"$dir/err"
	LB_CLOCK_SPEED=20 elsewhere "$BUILD/testbin/s3fetch" "${store[@]}" -v -v --give-up 2m <"$dir/in" >"$dir/out" 2>"$dir/err" &
	pid=$!
	exec 7>"$dir/in"
	until_true helper_of "$pid" >"$dir/helper"
	kill -$how "$(cat "$dir/helper")"
	until_true is_still "$(cat "$dir/helper")"
	echo 's3://logs/a' >&7
	exec 7>&-
	wait "$pid"
	rc=$?
	if [ $how = STOP ]; then
		is "$rc $(tail -n 1 "$dir/out" | jq .done.exit)" '69 69' 'a helper for names that hangs: 69 after --give-up'
		like "$(cat "$dir/err")" 'looking the name up took too long' 'and told'
		kill -KILL "$(cat "$dir/helper")" 2>/dev/null
	else
		is "$rc $(tail -n 1 "$dir/out" | jq .done.exit)" '74 74' 'one that has ended: 74'
		like "$(cat "$dir/err")" 'the helper for names has ended' 'and told'
	fi
	is "$(grep -c '"end":' "$dir/out")" 0 'nothing is said of the object'
done
tap_done
