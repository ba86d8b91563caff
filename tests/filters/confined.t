#!/usr/bin/env bash
# What a filter says of its sandbox; and that it does not start where the
# sandbox cannot be closed, or says what it does without.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
grep -qF -- -DLB_NO_SANDBOX "$BUILD/flags" && skip_all 'this build is for the sanitizers: it is not confined'
dir=$(mktemp -d "${TMPDIR:-/tmp}/confined.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 99
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=not-a-real-secret AWS_REGION=us-east-1
mkdir state metrics save dead

# How each is started; with all the helpers that it can have.
command_of() {
	case $1 in
	logparse) cmd=(logparse --metrics metrics/m.prom -) ;;
	s3ack) cmd=(s3ack --state state/s.db --metrics metrics/m.prom) ;;
	s3list) cmd=(s3list --state state/s.db --metrics metrics/m.prom --endpoint http://127.0.0.1:1 --give-up 1ms s3://bucket/logs/) ;;
	s3fetch) cmd=(s3fetch --save save --metrics metrics/m.prom --endpoint http://127.0.0.1:1 --give-up 1ms s3://bucket/a) ;;
	sentinelpost) cmd=(sentinelpost --dead-letter dead/d --metrics metrics/m.prom --endpoint https://127.0.0.1:2 --rule dcr-1 --give-up 1ms) ;;
	esac
}

without landlock -- logparse -v --log-format text </dev/null >/dev/null 2>err
is "$? $(grep -c 'confined by seccomp; this kernel has no Landlock' err)" '0 1' '-v tells of a kernel without Landlock'
logparse -v --log-format text </dev/null >/dev/null 2>err
if ! grep -q 'no Landlock' err; then
	like "$(cat err)" 'confined by seccomp and Landlock \(ABI [0-9]+\)' '-v tells the ABI of Landlock'
	for what in rules rule; do
		command_of s3list
		without $what -- s3list -v --log-format text "${cmd[@]:1}" </dev/null >out 2>err
		like "$(cat err)" '.*warning: Landlock is there but does not work: Operation not permitted' \
			"Landlock refuses ($what): a warning, and seccomp"
		like "$(cat err)" 'confined by seccomp; ' "and -v does not speak of Landlock ($what)"
	done
else
	skip 'no Landlock here' '-v tells the ABI of Landlock'
fi

# Secrets stay out of swap where that is allowed; else it is told.
command_of s3list
without mlock -- s3list -v --log-format text "${cmd[@]:1}" </dev/null >out 2>err
like "$(cat err)" 'info: secrets are not locked in memory: Operation not permitted' 'memory that cannot be locked is told'
like "$(cat err)" 'Failed to connect' 'and the work goes on'

for f in logparse s3ack s3list s3fetch sentinelpost; do
	command_of $f
	for what in seccomp nodump nonewprivs corelimit capset; do
		without $what -- "${cmd[0]}" --log-format text "${cmd[@]:1}" </dev/null >out 2>err
		is "$? $(tail -n 1 out | jq .done.exit)" '78 78' "$f: without $what it does not start"
		like "$(cat err)" 'hint: .*--no-sandbox' "$f: and says how it would"
		without $what -- "${cmd[0]}" --no-sandbox "${cmd[@]:1}" </dev/null >out 2>err
		unlike "$?" '^78$' "$f: as it then does"
	done
done
tap_done
