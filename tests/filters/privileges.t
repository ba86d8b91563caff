#!/usr/bin/env bash
# What the kernel says of each filter at work, and of its helpers: no privilege,
# no core dump, no descriptor too many, and no credential in the environment.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
grep -qE -- '-DLB_NO_SANDBOX|--coverage' "$BUILD/flags" &&
	skip_all 'this build is for the sanitizers or for coverage: it is not confined'
dir=$(mktemp -d "${TMPDIR:-/tmp}/privileges.XXXXXX") || exit 99
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid"; rm -rf "$dir"' EXIT
mkdir "$dir/save" "$dir/m"
mkfifo "$dir/in"
ulimit -c unlimited 2>/dev/null

export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=plain-aws-secret AWS_SESSION_TOKEN=plain-aws-token
export AZURE_TENANT_ID=11111111-2222-3333-4444-555555555555 AZURE_CLIENT_SECRET=plain-azure-secret
export AZURE_CLIENT_ID=66666666-7777-8888-9999-000000000000 AZURE_PASSWORD=plain-azure-password
export HTTPS_PROXY=http://u:plain-proxy-password@127.0.0.1:1 AWS_BEARER_TOKEN_BEDROCK=plain-other

status_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

for f in logparse s3ack s3list s3fetch sentinelpost; do
	# Options come before operands.
	case $f in
	logparse) cmd=(logparse --metrics "$dir/m/p") after=(-) ;;
	s3ack) cmd=(s3ack --metrics "$dir/m/p") after=() ;;
	s3list) cmd=(s3list --metrics "$dir/m/p" --endpoint http://127.0.0.1:1) after=(s3://bucket/x) ;;
	s3fetch) cmd=(s3fetch --metrics "$dir/m/p" --save "$dir/save" --endpoint http://127.0.0.1:1) after=() ;;
	sentinelpost) cmd=(sentinelpost --metrics "$dir/m/p" --dead-letter "$dir/m/d" --endpoint https://127.0.0.1:1
		--rule dcr-1) after=() ;;
	esac
	rm -f "$dir/err" # else the one before would speak for this one
	"${cmd[@]}" --log-format json -v "${after[@]}" <"$dir/in" >"$dir/out" 2>"$dir/err" &
	pid=$!
	exec 7>"$dir/in"
	until_true grep -qs 'confined by' "$dir/err"
	ok "$f is at work"
	helpers=$(pgrep -P "$pid")
	want=1
	case $f in s3list | s3fetch | sentinelpost) want=2 ;; esac
	is "$(wc -w <<<"$helpers")" $want "$f: with its helpers"
	for p in $pid $helpers; do
		name="$f, its helper for $(cat "/proc/$p/comm")"
		[ "$p" != "$pid" ] || name=$f
		is "$(status_of "$p" NoNewPrivs) $(status_of "$p" Seccomp)" '1 2' "$name: no new privileges, filtered system calls"
		is "$(awk '/^Max core file size/ { print $5, $6 }' "/proc/$p/limits")" '0 0' "$name: no core dump"
		is "$(awk '/^Max msgqueue size/ { print $4, $5 }' "/proc/$p/limits")" '0 0' "$name: no message queues"
		case $name in
		*'for names') ;; # the resolver's modules may start threads
		*) is "$(awk '/^Max processes/ { print $3, $4 }' "/proc/$p/limits")" '0 0' "$name: no further processes" ;;
		esac
		case $name in
		*'for files') ;;
		*) is "$(status_of "$p" CapPrm) $(status_of "$p" CapEff)" '0000000000000000 0000000000000000' "$name: no capability" ;;
		esac
		if [ ! -r "/proc/$p/environ" ]; then
			# Who is not root cannot look into what must not be dumped.
			[ "$(id -u)" != 0 ] && [ "$(stat -c %u "/proc/$p/environ")" = 0 ]
			ok "$name: its environment is root's alone to see"
			continue
		fi
		tr '\0' '\n' <"/proc/$p/environ" >"$dir/environ"
		want='plain-'
		# What a filter uses it keeps until it has read it, a proxy for good.
		[ "$p" != "$pid" ] || case $f in s3list | s3fetch | sentinelpost) want='plain-(aws|azure|other)' ;; esac
		is "$(grep -cE "$want" "$dir/environ")" 0 "$name: no credential in its environment" ||
			sed 's/=.*//; s/^/# /' "$dir/environ"
	done
	for p in $helpers; do
		[ -r "/proc/$p/environ" ] || continue
		# Of a pipe's ends only those of standard error, where there is one.
		is "$(find "/proc/$p/fd" -lname 'pipe:*' | wc -l)" 0 "$f: helper $(cat "/proc/$p/comm") holds no pipe"
	done
	# Nobody is left when the filter is killed.
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	exec 7>&-
	pid=
	for p in $helpers; do
		until_true test ! -e "/proc/$p/environ" -o ! -s "/proc/$p/cmdline"
		ok "$f: no helper outlives it"
	done
done
tap_done
