#!/usr/bin/env bash
# From inside each filter, and each helper of one, try what its sandbox
# forbids: open a file, connect, start a program, trace, read another's
# memory, and what would come to the same by another way.  Each attempt is
# stopped, with Landlock and without it; and each succeeds under --no-sandbox,
# so that the test is known to try.
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
export LB_ESCAPE_PID=$! LB_ESCAPE_DIR=$dir/victims LB_ESCAPE_PORT
LB_ESCAPE_PORT=${SIM_CONTROL##*:}
until [ "$(cat "/proc/$sleeper/comm")" = sleep ]; do sleep 0.02; done
LB_ESCAPE_ADDRESS=0x$(sed -n '1s/-.*//p' "/proc/$LB_ESCAPE_PID/maps")
export LB_ESCAPE_ADDRESS

export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=not-a-real-secret AWS_REGION=us-east-1
mkdir state metrics in save dead victims
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

# escape WHERE "WHAT .." FILTER [OPTION ...]: what came of each to said[WHAT]:
# "done", an error's name, "killed" by its system call; nothing when it was not
# tried.  By a pipe, whose end is that of all who write: a program that took a
# helper's place may outlive the filter, which only sees that the helper is gone.
escape() {
	local where=$1 what=$2 filter=$3 name result
	shift 3
	command_of "$filter"
	rm -rf victims/*
	echo victim >victims/victim
	{
		LB_ESCAPE=$what LB_ESCAPE_IN=$where "${before[@]}" "${cmd[0]}" "$@" "${cmd[@]:1}" \
			<"$input" 2>&1 >out | cat >err
		rc=${PIPESTATUS[0]}
	} 2>/dev/null
	said=()
	while read -r _ name result; do said[${name%:}]=$result; done < <(grep '^escape ' err)
	[ -n "${said[$what]-}" ] || [ "$rc" != 159 ] || said[$what]=killed
}

tried() { grep -q '^escape ' err 2>/dev/null || [ -e ended ]; }

# The same in the middle of the work: it waits for input, or for a service.
escape_later() {
	local pid
	rm -f err ended
	mkfifo fifo
	input=fifo
	give_up=400ms
	{ LB_ESCAPE_LATER=1 escape "$@"; declare -p said rc >ended.new; mv ended.new ended; } &
	pid=$!
	exec 7>fifo
	until_true tried
	exec 7>&-
	wait "$pid"
	eval "$(sed 's/^declare -[-aA]* //' ended)"
	rm -f fifo ended
	input=/dev/null
	give_up=1ms
}

declare -A said=()
input=/dev/null
give_up=1ms
before=()
landlock=true
logparse -v --log-format text </dev/null >/dev/null 2>err
grep -q 'no Landlock' err && landlock=false

# What is refused to everybody, what to those who have no files, no sockets; and
# what ends a process.
calls='chmod chown times link symlink fifo fork userns clone3 kill tgkill sigqueue pidfd shm memfd inotify'
calls+=' code dumpable survive rlimit affinity type'
files='open write memory unlink mkdir'
net='listen datagram mptcp fastopen sctp raw ping packet netlink crypto vsock syslog'
ends='exec ptrace vmread'
killed="$ends execveat getfd uring faults bpf perf key handle mount unshare setns"
# Not every kernel or container lets everybody do these.
depends=' chown userns clone3 pidfd memfd fastopen mptcp sctp raw ping packet netlink crypto vsock type '
depends+='execveat getfd uring faults bpf perf key handle mount unshare setns '

# are_refused NAME WHERE "WHAT .." FILTER ..: they are tried, and fail.
are_refused() {
	local name=$1 what
	shift
	escape "$@"
	each_refused "$name" "$2"
}
each_refused() {
	local what
	for what in $2; do
		like "${said[$what]-}" '^(EPERM|EACCES|ENOSYS)$' "$1: $what is refused"
	done
}
# ends_it NAME WHERE "WHAT .." FILTER ..: each of them is the end of that process.
ends_it() {
	local name=$1 where=$2 what
	for what in $3; do
		escape "$where" "$what" "${@:4}"
		if [ "$where" = filter ]; then
			is "${said[$what]-}" killed "$name: $what ends it"
		else
			is "${said[$what]-}" '' "$name: $what ends it"
			unlike "$rc" '^0$' "$name: which is noticed"
		fi
	done
}
# are_done NAME WHERE "WHAT .." FILTER ..: without a sandbox they succeed.
are_done() {
	local what
	escape "$2" "$3" "$4" --no-sandbox "${@:5}"
	for what in $3; do
		if [ "${said[$what]-}" != 'done' ] && [[ $depends == *" $what "* ]]; then
			skip "here it is ${said[$what]-nothing} in any case" "$1 --no-sandbox: $what succeeds"
		else
			is "${said[$what]-}" 'done' "$1 --no-sandbox: $what succeeds"
		fi
	done
}

# Calls of other kinds of programs, which have other numbers: where nothing ends
# whoever tries them in any case.
others=
for what in x32 i386; do
	[ "$(uname -m)" = x86_64 ] || break
	escape filter $what logparse --no-sandbox
	case ${said[$what]-killed} in killed) ;; *) others+=" $what" ;; esac
done

# --- the filters themselves
for f in logparse s3ack s3list s3fetch sentinelpost; do
	refused="$calls $files $net udp unix sockopt"
	case $f in logparse | s3ack) refused+=' connect' ;; esac
	are_refused "$f" filter "$refused" $f
	ends_it "$f" filter "$killed$others" $f
	before=(without landlock --)
	are_refused "$f, without Landlock" filter "$refused" $f
	ends_it "$f, without Landlock" filter "$ends" $f
	before=()
	case $f in
	logparse | s3ack) ;;
	*)
		if $landlock; then
			are_refused "$f, to a port that is nobody's business" filter connect $f
		else
			skip 'no Landlock here' "$f, to a port that is nobody's business: connect is refused"
		fi
		;;
	esac
	escape_later filter "$refused" $f
	each_refused "$f, in the middle of its work" "$refused"
	for what in $ends; do
		escape_later filter "$what" $f
		is "${said[$what]-}" killed "$f, in the middle of its work: $what ends it"
	done
	are_done "$f" filter "$calls $files $net udp unix sockopt connect ${killed#exec }" $f
	are_done "$f" filter exec $f
	grep -q 'not confined: --no-sandbox' err
	ok "$f --no-sandbox: and a warning is written"
done
escape filter connect sentinelpost --dry-run
is "${said[connect]-}" EPERM "sentinelpost --dry-run: connect is refused"

# --- their helpers for files: only Landlock knows one file from another
refused="$calls $net udp unix sockopt connect"
for f in logparse s3ack s3list s3fetch sentinelpost; do
	are_refused "$f, its helper for files" files "$refused" $f
	ends_it "$f, its helper for files" files "$ends" $f
	if $landlock; then
		are_refused "$f, its helper for files, elsewhere" files "$files" $f
	else
		skip 'no Landlock here' "$f, its helper for files, elsewhere: $files are refused"
	fi
	are_done "$f, its helper for files," files "$refused $files ${killed#exec }" $f
	are_done "$f, its helper for files," files exec $f
done
ends_it "s3fetch, its helper for files" files "${killed#"$ends "}$others" s3fetch

# --- who runs expressions: what forks processes, and these, which fork none
refused="$calls $files $net udp unix sockopt connect"
are_refused 'logparse, who keeps the worker' expressions "${refused/ fork / }" logparse --where .a+1
ends_it 'logparse, who keeps the worker' expressions "$killed" logparse --where .a+1
are_refused 'logparse, the worker' worker "$refused" logparse --where .a+1
for what in $ends; do
	escape worker "$what" logparse --where .a+1
	is "${said[$what]-}" '' "logparse, the worker: $what ends it"
done
are_done 'logparse, the worker,' worker "$refused" logparse --where .a+1

# --- the helper for names may ask anybody, and read what it is configured with
refused="$calls $net write memory unlink mkdir"
are_refused 's3list, its helper for names' names "$refused" s3list
ends_it 's3list, its helper for names' names "$killed$others" s3list
if $landlock; then
	are_refused 's3list, its helper for names, elsewhere' names open s3list
else
	skip 'no Landlock here' 's3list, its helper for names, elsewhere: open is refused'
fi
are_done 's3list, its helper for names,' names "$refused open ${killed#exec }" s3list
are_done 's3list, its helper for names,' names exec s3list

# --- without Landlock they still are no way to others
before=(without landlock --)
are_refused 's3fetch without Landlock, its helper for files' files "$calls $net udp unix sockopt connect" s3fetch
ends_it 's3fetch without Landlock, its helper for files' files "$ends" s3fetch
are_refused 's3list without Landlock, its helper for names' names "$refused" s3list
ends_it 's3list without Landlock, its helper for names' names "$ends" s3list
tap_done
