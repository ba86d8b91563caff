#!/usr/bin/env bash
# From inside each filter, and each helper of one, try what its sandbox
# forbids: open a file, connect, start a program, trace, read another's
# memory.  Each attempt is stopped, with Landlock and without it; and each
# succeeds under --no-sandbox, so that the test is known to try.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/sentinelsim.sh
grep -qE -- '-DLB_NO_SANDBOX|--coverage' "$BUILD/flags" &&
	skip_all 'this build is for the sanitizers or for coverage: it is not confined'
PATH=$BUILD/testbin:$PATH
dir=$(mktemp -d "${TMPDIR:-/tmp}/sandbox.XXXXXX") || exit 99
sleeper=
trap 'sim_stop; kill "$sleeper"; rm -rf "$dir"' EXIT
sim_start --stream Custom-T_CL || exit 99
cd "$dir" || exit 99

# What is attempted upon: a process of ours, a file, a server.
sleep 10000 &
sleeper=$!
export LB_ESCAPE_PID=$! LB_ESCAPE_FILE LB_ESCAPE_PORT
LB_ESCAPE_PORT=${SIM_CONTROL##*:}
until [ "$(cat "/proc/$sleeper/comm")" = sleep ]; do sleep 0.02; done
LB_ESCAPE_ADDRESS=0x$(sed -n '1s/-.*//p' "/proc/$LB_ESCAPE_PID/maps")
export LB_ESCAPE_ADDRESS

export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=not-a-real-secret AWS_REGION=us-east-1
mkdir state metrics in save dead
printf '{"Records":[]}\n' >in/log.json

# How each is started, so that it has all the helpers it can have.
command_of() {
	case $1 in
	logparse) cmd=(logparse --metrics metrics/m.prom --format cloudtrail in/log.json -) ;;
	s3ack) cmd=(s3ack --state state/s.db --metrics metrics/m.prom) ;;
	# Nobody is at this address: they try again until they give up.
	s3list) cmd=(s3list --state state/s.db --metrics metrics/m.prom --endpoint http://127.0.0.1:1
		--give-up "$give_up" s3://bucket/logs/) ;;
	s3fetch) cmd=(s3fetch --save save --metrics metrics/m.prom --endpoint http://127.0.0.1:1
		--give-up "$give_up" s3://bucket/a) ;;
	sentinelpost) cmd=(sentinelpost --dead-letter dead/d --metrics metrics/m.prom
		--endpoint https://127.0.0.1:2 --give-up "$give_up") ;;
	esac
}

# escape WHERE WHAT FILTER [OPTION ...]: what came of it to $said: "done", an
# error's name, "killed" by its system call; "" when it was not tried.  By a pipe,
# whose end is that of all who write: a program that took a helper's place may
# outlive the filter, which only sees that the helper is gone.
escape() {
	local where=$1 what=$2 filter=$3
	shift 3
	command_of "$filter"
	rm -rf outside made
	echo victim >victim
	LB_ESCAPE_FILE=$dir/victim
	case $what in
	write) LB_ESCAPE_FILE=$dir/outside ;;
	mkdir) LB_ESCAPE_FILE=$dir/made ;;
	esac
	{
		LB_ESCAPE=$what LB_ESCAPE_IN=$where "${before[@]}" "${cmd[0]}" "$@" "${cmd[@]:1}" \
			<"$input" 2>&1 >out | cat >err
		rc=${PIPESTATUS[0]}
	} 2>/dev/null
	said=$(sed -n "s/^escape $what: //p" err)
	[ -n "$said" ] || [ $rc != 159 ] || said=killed
}

tried() { grep -q '^escape ' err 2>/dev/null || [ -e said ]; }

# The same in the middle of the work: it waits for input, or for a service.
escape_later() {
	local pid
	rm -f err
	mkfifo fifo
	input=fifo
	give_up=400ms
	{ LB_ESCAPE_LATER=1 escape "$@"; echo "$said" >said; } &
	pid=$!
	exec 7>fifo
	until_true tried
	exec 7>&-
	wait "$pid"
	said=$(cat said)
	rm -f fifo said
	input=/dev/null
	give_up=1ms
}

input=/dev/null
give_up=1ms
before=()
landlock=true
logparse -v --log-format text </dev/null >/dev/null 2>err
grep -q 'no Landlock' err && landlock=false

refused=(open write unlink mkdir udp listen unix fork kill code)
killed=(exec ptrace vmread)

# is_refused NAME WHERE WHAT FILTER ..: it is tried, and fails.
is_refused() {
	local name=$1
	shift
	escape "$@"
	like "$said" '^(EPERM|EACCES)$' "$name: $2 is refused"
}

# --- the filters themselves
for f in logparse s3ack s3list s3fetch sentinelpost; do
	for kernel in landlock none; do
		before=()
		[ $kernel = landlock ] || before=(without landlock --)
		for what in "${refused[@]}"; do
			is_refused "$f, Landlock: $kernel" filter "$what" $f
		done
		for what in "${killed[@]}"; do
			escape filter "$what" $f
			is "$said" killed "$f, Landlock: $kernel: $what ends it"
		done
	done
	before=()
	case $f in
	logparse | s3ack)
		later=("${refused[@]}" connect)
		is_refused "$f" filter connect $f
		before=(without landlock --)
		is_refused "$f, without Landlock" filter connect $f
		before=()
		;;
	*)
		later=(open unix fork)
		if $landlock; then
			is_refused "$f, to a port that is nobody's business" filter connect $f
		else
			skip 'no Landlock here' "$f, to a port that is nobody's business: connect is refused"
		fi
		;;
	esac
	for what in "${later[@]}"; do
		escape_later filter "$what" $f
		like "$said" '^(EPERM|EACCES)$' "$f, in the middle of its work: $what is refused"
	done
	for what in "${killed[@]}"; do
		escape_later filter "$what" $f
		is "$said" killed "$f, in the middle of its work: $what ends it"
	done
	for what in "${refused[@]}" connect "${killed[@]}"; do
		escape filter "$what" $f --no-sandbox
		is "$said" 'done' "$f --no-sandbox: $what succeeds"
	done
	grep -q 'not confined: --no-sandbox' err
	ok "$f --no-sandbox: and a warning is written"
done
escape filter connect sentinelpost --dry-run
is "$said" EPERM "sentinelpost --dry-run: connect is refused"

# --- their helpers for files: only Landlock knows one file from another
for f in logparse s3ack s3list s3fetch sentinelpost; do
	for what in connect udp listen unix fork kill code; do
		is_refused "$f, its helper for files" files "$what" $f
	done
	for what in "${killed[@]}"; do
		escape files "$what" $f
		is "$said" '' "$f, its helper for files: $what ends it"
		unlike "$rc" '^0$' "$f: which is noticed"
	done
	for what in open write unlink mkdir; do
		if $landlock; then
			escape files "$what" $f
			is "$said" EACCES "$f, its helper for files: $what elsewhere is refused"
		else
			skip 'no Landlock here' "$f, its helper for files: $what elsewhere is refused"
		fi
		escape files "$what" $f --no-sandbox
		is "$said" 'done' "$f, its helper for files, --no-sandbox: $what succeeds"
	done
done

# --- without Landlock they still are no way to others
before=(without landlock --)
for what in connect udp listen unix fork kill code; do
	is_refused 's3fetch without Landlock, its helper for files' files "$what" s3fetch
done
for what in listen fork kill code; do
	is_refused 's3list without Landlock, its helper for names' names "$what" s3list
done
for what in "${killed[@]}"; do
	escape files "$what" s3fetch
	is "$said $((rc == 0))" ' 0' "s3fetch without Landlock, its helper for files: $what ends it"
	escape names "$what" s3list
	is "$said" '' "s3list without Landlock, its helper for names: $what ends it"
done
before=()

# --- the helper for names may ask anybody, and read what it is configured with
for what in open write unlink mkdir listen fork kill code; do
	is_refused 's3list, its helper for names' names "$what" s3list
done
for what in "${killed[@]}"; do
	escape names "$what" s3list
	is "$said" '' "s3list, its helper for names: $what ends it"
done
for what in open exec kill; do
	escape names "$what" s3list --no-sandbox
	is "$said" 'done' "s3list, its helper for names, --no-sandbox: $what succeeds"
done
tap_done
