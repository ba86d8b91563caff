#!/usr/bin/env bash
# The servers, the pipe and the faults of the fault harness (tests/faults/run);
# source it from the project's root after tests/lib/{filters,s3sim,sentinelsim}.sh.
#
# One worker has an S3 and a Sentinel simulator, each behind a relay that can
# break connections, both over TLS, under names that a name server of ours
# knows; and a small disk for the state and the dead letters.
# shellcheck disable=SC2034,SC2154 # codes ..; work, seed, dir: of tests/faults/run

speed=200 # of the filters' clock
filters=(s3list s3fetch logparse sentinelpost s3ack)

# ---- Servers ----

# relay NAME PORT: a relay to that port; sets relay_port.
relay() {
	echo pass >"$work/plan.$1"
	tcpfault --to "$2" --port-file "$work/port.$1" --plan "$work/plan.$1" --seed "$seed" &
	relays+=("$!")
	until [ -s "$work/port.$1" ]; do nap 20; done
	relay_port=$(cat "$work/port.$1")
}

servers_start() {
	owner=$BASHPID pids=()
	local post=post.westeurope-1.ingest.monitor.azure.com
	CA_NAMES=,DNS:s3.test,DNS:$post,DNS:login.microsoftonline.com
	ca_make "$work/ca" || return
	relays=()
	s3sim_start --tls-cert "$work/ca/server.pem" --tls-key "$work/ca/server.key" || return
	SIM_TLS=1 sim_start --stream Custom-AWSCloudTrail || return
	relay s3 "$S3SIM_PORT"
	export AWS_ENDPOINT_URL_S3=https://s3.test:$relay_port AWS_CA_BUNDLE=$work/ca/ca.pem
	relay sim "$SIM_PORT"
	export LOGBRIDGE_SENTINEL_ENDPOINT=https://$post:$relay_port AZURE_AUTHORITY_HOST=https://login.microsoftonline.com:$relay_port
	# The name server: up.
	exec 8<>"$work/dns"
	echo 1 >"$work/dns"
	export DNS_FD=8 LD_PRELOAD=
	disk=$work/disk
	mkdir "$disk"
	mounted=
	[ "$(id -u)" != 0 ] || ! mount -t tmpfs -o size=3m,mode=0700 tmpfs "$disk" 2>/dev/null || mounted=1
}

servers_stop() {
	local rc=0
	# A child that was killed before it became a filter has our traps, too.
	[ "$BASHPID" = "$owner" ] || return 0
	[ ${#pids[@]} = 0 ] || kill -KILL "${pids[@]}" 2>/dev/null
	[ -z "${mounted:-}" ] || umount -l "$disk"
	[ ${#relays[@]} = 0 ] || kill "${relays[@]}" 2>/dev/null
	s3sim_stop || rc=1
	sim_stop || rc=1
	return $rc
}

s3_control() { curl -sS --noproxy '*' -k -m 20 --fail-with-body -d "${2-}" "https://127.0.0.1:$S3SIM_PORT/_control/$1" >/dev/null; }

# nap MS, without a process.
nap() { read -rt "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))" <&7 || :; }

# below N: a random number from 0.
below() { draw=$((RANDOM % $1)); }
# pick WORD ..: one of them, in $picked.
pick() {
	below $#
	shift "$draw"
	picked=$1
}

# ---- The pipe ----

# pipe_start: all five, each a child of its own; their pids in pids.  spec[i]
# and limit[i] are what failnth.so does to one, and its largest file.
pipe_start() {
	local i p=$work/p both fd
	pids=() codes=() ends=()
	# Pipes: FIFOs whose ends are open before a child is there, which may be
	# killed at once.
	for i in 1 2 3 4; do
		[ -p "$p$i" ] || mkfifo "$p$i"
		exec {both}<>"$p$i"
		exec {fd}<"$p$i" && ends[2 * i]=$fd
		exec {fd}>"$p$i" && ends[2 * i - 1]=$fd
		exec {both}<&-
	done
	exec {fd}</dev/null && ends[0]=$fd
	exec {fd}>>"$dir/out" && ends[9]=$fd
	for i in 0 1 2 3 4; do
		one "$i" "${filters[i]}" &
		pids[i]=$!
	done
	for fd in "${ends[@]}"; do exec {fd}<&-; done
}

# one I NAME: becomes that filter.
one() {
	local i=$1 fd args=(--log-format text --stop-within 3s --metrics "$dir/metrics.$2")
	exec <&"${ends[2 * i]}" >&"${ends[2 * i + 1]}" 2>>"$dir/said" 7<&-
	for fd in "${ends[@]}"; do exec {fd}<&-; done
	export LD_PRELOAD=$BUILD/faults/dns.so LB_CLOCK_SPEED=$speed LB_CLOCK_WALL=$((wall + skew))
	[ -z "${spec[i]:-}" ] || export LD_PRELOAD=$LD_PRELOAD:$BUILD/faults/failnth.so FAILNTH_SPEC=${spec[i]}
	if [ -n "${limit[i]:-}" ]; then
		trap '' XFSZ
		ulimit -f "${limit[i]}"
	fi
	case $2 in
	s3list) args+=(--state "$disk/state.db" --give-up 3h "s3://$bucket/") ;;
	s3fetch) args+=(--jobs 4 --give-up 3h) ;;
	sentinelpost) args+=(--ca "$SIM_CA" --jobs 2 --linger 100ms --give-up 3h --dead-letter "$disk/dead.ndjson") ;;
	s3ack) args+=(--state "$disk/state.db") ;;
	esac
	exec "$BUILD/testbin/$2" "${args[@]}"
}

alive() {
	local p
	for p in "${pids[@]}"; do
		! kill -0 "$p" 2>/dev/null || return 0
	done
	return 1
}

# pipe_wait: collects the exit codes.
pipe_wait() {
	local i
	for i in 0 1 2 3 4; do
		codes[i]=0
		wait "${pids[i]}" 2>/dev/null || codes[i]=$?
	done
	pids=()
}

# ---- Faults ----

s3_unrule() {
	curl -sS --noproxy '*' -k -m 20 -X DELETE ${2:+-d "$2"} "https://127.0.0.1:$S3SIM_PORT/_control/$1" >/dev/null
}
plan() { printf '%s\n' "$2" >"$work/plan.$1.new" && mv "$work/plan.$1.new" "$work/plan.$1"; }

# What must not be left to chance: a run begins with one of these, by its seed,
# so that as many runs in a row have them all.
musts=('kill 0' 'kill 1' 'kill 2' 'kill 3' 'kill 4' kill-all 'term 0' 'term 1' 'term 2' 'term 3' 'term 4' term-all
	'stop 0' 'stop 1' 'stop 2' 'stop 3' 'stop 4' 'precise 4:sync:kill:0:N:1' 'precise 4:write:kill:0:N:1'
	full 'limit 3:N' 'limit 4:N' 's3 "drip_bytes":50,"drip_ms":5' 's3 "cut_after":N00' 's3 "length_add":100'
	's3 "length_add":-50' 's3 "action":"reset"' 'relay-s3 cut 50 0 6000' 'relay-s3 refuse 60 0 0'
	'relay-sim cut 50 0 6000' 'relay-sim upcut 50 0 6000' 'relay-sim stall 40 0 6000' 'down refuse' 'share slow=40%:100ms'
	dns 'replace N' 'clock 1200' 'clock -1200' rotate s3-rotate)
fault_must() {
	read -r fault arg <<<"${musts[seed % ${#musts[@]}]}"
	below 5
	arg=${arg//N/$((draw + 1))}
	case $fault in
	s3) arg="{\"op\":\"GET\",$arg,\"times\":-1,\"chance\":0.4,\"seed\":$RANDOM}" ;;
	*rotate) arg=$seed.$RANDOM ;;
	esac
}

# fault_draw: a random fault of the list in fault, its argument in arg.
fault_draw() {
	local n
	pick kill kill kill kill-all term term-all stop stop precise precise s3 s3 s3 sim sim sim share share share \
		down relay-s3 relay-s3 relay-sim relay-sim dns full full limit clock revoke deny rotate s3-rotate \
		replace delete flip poison
	fault=$picked arg=
	case $fault in
	kill | term | stop) below 5 && arg=$draw ;;
	precise) # killed, or failed, at one certain call
		below 60 && n=$((draw + 1))
		pick 4:sync:kill:0 4:write:kill:0 4:write:error:28 4:sync:error:5 3:write:kill:0 3:sync:kill:0 \
			3:sync:error:28 3:write:error:28 1:write:kill:0 1:read:error:104 2:write:kill:0 0:write:kill:0 \
			0:read:error:104 2:alloc:error:12 1:alloc:error:12 3:alloc:error:12 4:alloc:error:12 0:alloc:error:12
		case $picked in
		*alloc*) n=$((n * 97)) ;;
		*sync*) n=$((n % 8 + 1)) ;;
		esac
		arg=$picked:$n:1
		;;
	s3)
		below 30
		pick '"action":"slowdown"' '"action":"internal"' '"action":"unavailable","retry_after":2' '"action":"reset"' \
			'"action":"close"' "\"cut_after\":$((draw * 100))" "\"cut_after\":$((draw * 100)),\"cut_reset\":true" \
			"\"stall_after\":$((draw * 50))" '"length_add":100' '"length_add":-50' '"drip_bytes":50,"drip_ms":5' \
			'"action":"denied"' '"action":"expired"' '"delay_ms":100'
		n=$picked
		pick '"op":"GET"' '"op":"GET"' '"op":"LIST"'
		arg="{$picked,$n,\"times\":-1,\"chance\":0.4,\"seed\":$RANDOM}"
		;;
	sim)
		pick '"status":429,"retry_after":2' '"status":500' '"status":503' '"status":408' '"status":413' \
			'"action":"reset-before"' '"action":"reset-after"' '"action":"timeout","delay":"1s"' \
			'"action":"serve","delay":"200ms"' '"status":401' '"status":503,"body":"<html>no</html>"' \
			'"status":500,"after":true' '"status":302,"headers":{"Location":"https://127.0.0.1:1/"}'
		n=$picked
		pick ingest ingest token
		below 4
		arg="[{\"on\":\"$picked\",$n,\"skip\":$((RANDOM % 3)),\"count\":$((draw + 1))}]"
		[ "$picked" = ingest ] || arg=${arg/,\"after\":true/}
		;;
	share)
		pick 429=60% 500=60% 503=60% reset-before=60% reset-after=60% 'slow=40%:100ms' \
			'429=10%,500=20%,reset-after=30%' token-500=60% token-reset-before=60%
		arg=$picked
		;;
	down) pick reset refuse && arg=$picked ;;
	relay-*)
		pick 'cut 50 0 6000' 'reset 50 0 6000' 'cut 100 0 1500' 'upcut 50 0 6000' 'stall 40 0 6000' 'refuse 60 0 0' \
			'drip 100 300 900'
		arg=$picked
		;;
	limit)
		below 60 && n=$draw
		pick 3 4 && arg=$picked:$((n + 1))
		;;
	clock) pick 1200 -1200 && arg=$picked ;;
	*rotate) arg=$seed.$RANDOM ;;
	replace | delete) below ${#holds[@]} && arg=$draw ;;
	poison) # a record that the service will not have
		below ${#holds[@]}
		arg=$(head -n 1 "$top/ids/${keys[draw]}")
		;;
	flip) below 200 && arg="{\"op\":\"GET\",\"flip_at\":$draw,\"times\":2}" ;;
	esac
}

# fault_kind NAME ARGUMENT: in $kind what the summary calls it.
fault_kind() {
	local i class how
	kind=$1
	case $1 in
	kill | term | stop) kind="$1 ${filters[$2]}" ;;
	precise)
		IFS=: read -r i class how _ <<<"$2"
		kind="$how at one $class of ${filters[i]}"
		;;
	limit) kind="no room for ${filters[${2%%:*}]}" ;;
	s3)
		kind=${2#\{\"op\":\"*\",\"}
		kind=${kind#action\":\"}
		kind="s3 ${kind%%\"*}"
		;;
	sim)
		[[ $2 =~ \"(status|action)\":\"?([a-z0-9-]+) ]] && kind="sim ${BASH_REMATCH[2]}"
		[[ $2 != *token* ]] || kind+=' of a token'
		;;
	share)
		kind="share ${2%%=*}"
		[[ $2 != *,* ]] || kind='share of several'
		;;
	down | relay-*) kind="$1 ${2%% *}" ;;
	esac
}

# fault_on NAME ARGUMENT, and later fault_off NAME ARGUMENT.
fault_on() {
	case $1 in
	kill | term) kill "-${1^^}" "${pids[$2]}" ;;
	stop) kill -STOP "${pids[$2]}" ;;
	kill-all) kill -KILL "${pids[@]}" ;;
	term-all) kill -TERM "${pids[@]}" ;;
	s3 | flip) s3_control faults "$2" ;;
	sim) sim_control script "$2" ;;
	share) sim_control faults "{\"faults\":\"$2\",\"seed\":$seed}" ;;
	down) sim_control down "{\"mode\":\"$2\"}" ;;
	relay-*) plan "${1#relay-}" "$2" ;;
	dns) printf 0 >"$work/dns" ;;
	full) dd if=/dev/zero of="$disk/filler" bs=4096 ;;
	revoke) sim_control revoke-tokens ;;
	deny) sim_control deny ;;
	rotate) sim_control rotate-secret "{\"secret\":\"rotated-$2\"}" && sim_control revoke-tokens ;;
	s3-rotate)
		s3_control keys "{\"access_key_id\":\"AKID$2\",\"secret_access_key\":\"rotated-$2\"}"
		s3_unrule keys "{\"access_key_id\":\"$AWS_ACCESS_KEY_ID\"}"
		;;
	poison) sim_control 400-on "[\"${2:-none}\"]" ;;
	replace) object_replace "$2" ;;
	delete) object_delete "$2" ;;
	esac 2>/dev/null
}

fault_off() {
	case $1 in
	stop) kill -CONT "${pids[$2]}" ;;
	s3 | flip) s3_unrule faults ;;
	sim) sim_control clear-script ;;
	share) sim_control faults '{"faults":""}' ;;
	down) sim_control up ;;
	relay-*) plan "${1#relay-}" "$pace" ;;
	dns) printf 1 >"$work/dns" ;;
	full) rm -f "$disk/filler" ;;
	deny) sim_control grant ;;
	poison) sim_control 400-on '[]' ;;
	# What a person does before the next run.
	rotate) export AZURE_CLIENT_SECRET=rotated-$2 ;;
	s3-rotate) export AWS_ACCESS_KEY_ID=AKID$2 AWS_SECRET_ACCESS_KEY=rotated-$2 ;;
	esac 2>/dev/null
	return 0
}
