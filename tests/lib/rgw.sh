# shellcheck shell=bash
# A real S3 server for tests: one Ceph object gateway (RGW) on loopback.
#
#   . tests/lib/rgw.sh
#   rgw_start DIR || { echo "1..0 # SKIP $RGW_REASON"; exit 0; }
#   trap 'rgw_stop DIR' EXIT
#
# rgw_start makes DIR, starts monitor, object store (in memory) and gateway as
# the current user, and exports
#   RGW_ENDPOINT                              http://127.0.0.1:PORT
#   AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY   of a fresh user, AWS_REGION
# It takes one to three seconds.  On failure it leaves no process behind,
# returns 1 and says why in RGW_REASON.  rgw_stop ends all and removes DIR.
#
# Written for Ceph 16.2 (Debian 12) and 18.2 (Debian 13).

export RGW_REASON=
RGW_PATIENCE=${RGW_PATIENCE:-60} # seconds that any one step may take

# The folder of Ceph's plug-ins, whatever the architecture.
rgw_plugins() {
	local dir
	for dir in /usr/lib/*/ceph/erasure-code /usr/lib/ceph/erasure-code; do
		[ -d "$dir" ] && { dirname "$dir"; return; }
	done
	return 1
}

# A port of loopback on which nobody listens.
rgw_port() {
	local port
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		# Below the kernel's range for outgoing connections (32768-).
		port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
	return 1
}

rgw_config() { # DIR PORT MON2 MON1 PLUGINS
	local d=$1
	# No authentication at all makes radosgw hang: cephx it is, with one
	# keyring for all.  The class dir of Debian 13 is relative to nowhere.
	# tcp_nodelay: else 44 ms a request (Nagle).  The small
	# numbers of pools' groups and threads are for a start within a second.
	cat >"$d/ceph.conf" <<-CONF
	[global]
	fsid = $(cat /proc/sys/kernel/random/uuid)
	mon host = [v2:127.0.0.1:$3,v1:127.0.0.1:$4]
	mon initial members = a
	public addr = 127.0.0.1
	cluster addr = 127.0.0.1
	ms bind ipv6 = false
	keyring = $d/keyring
	run dir = $d/run
	admin socket = $d/run/\$name.\$pid.asok
	log file = $d/\$name.log
	log to stderr = false
	err to stderr = false
	mon cluster log file = $d/cluster.log
	crash dir = $d/run
	plugin dir = $5
	erasure code dir = $5/erasure-code
	osd class dir = $(dirname "$5")/rados-classes
	osd pool default size = 1
	osd pool default min size = 1
	osd pool default pg num = 4
	osd pool default pgp num = 4
	osd pool default pg autoscale mode = off
	osd crush chooseleaf type = 0
	mon allow pool size one = true
	mon max pg per osd = 1000
	mon warn on pool no redundancy = false
	mon data = $d/mon
	mon data avail crit = 1
	mon data avail warn = 1
	mon osd min down reporters = 1
	paxos propose interval = 0.02
	osd data = $d/osd
	osd objectstore = memstore
	memstore device bytes = 4294967296
	osd max object name len = 2048
	osd class load list = *
	osd class default list = *
	[client.rgw.a]
	rgw frontends = beast endpoint=127.0.0.1:$2 tcp_nodelay=1
	rgw data = $d/rgw
	rgw run sync thread = false
	rgw enable quota threads = false
	rgw enable usage log = false
	rgw gc max objs = 1
	rgw lc max objs = 1
	rgw num control oids = 1
	rgw thread pool size = 32
	rgw dns name = localhost
	CONF
}

# Start a daemon in the foreground of a job, so that its pid is known.
rgw_daemon() { # DIR NAME COMMAND ...
	local d=$1 name=$2
	shift 2
	"$@" -f -c "$d/ceph.conf" >"$d/$name.out" 2>&1 </dev/null &
	echo $! >"$d/$name.pid"
}

rgw_alive() { # DIR NAME
	kill -0 "$(cat "$1/$2.pid")" 2>/dev/null
}

rgw_keyring() { # DIR
	local n
	ceph-authtool -C "$1/keyring" --gen-key -n mon. --cap mon 'allow *' &&
	for n in client.admin client.rgw.a osd.0; do
		ceph-authtool "$1/keyring" --gen-key -n "$n" --cap mon 'allow *' \
		    --cap osd 'allow *' --cap mgr 'allow *' || return 1
	done
}

rgw_store() { # DIR: monitor and object store
	local d=$1 conf=$1/ceph.conf uuid
	local fsid mon
	uuid=$(cat /proc/sys/kernel/random/uuid)
	fsid=$(sed -n 's/^fsid = //p' "$conf")
	mon=$(sed -n 's/^mon host = //p' "$conf")
	rgw_keyring "$d" &&
	monmaptool --create --addv a "$mon" --fsid "$fsid" "$d/monmap" &&
	ceph-mon --mkfs -i a -c "$conf" --monmap "$d/monmap" \
	    --keyring "$d/keyring" || return 1
	rgw_daemon "$d" mon ceph-mon -i a
	timeout "$RGW_PATIENCE" ceph -c "$conf" osd create "$uuid" &&
	ceph-osd -i 0 --mkfs --osd-uuid "$uuid" -c "$conf" || return 1
	rgw_daemon "$d" osd ceph-osd -i 0
}

rgw_gateway() { # DIR PORT
	local i name
	rgw_daemon "$1" rgw radosgw -n client.rgw.a
	for ((i = 0; i < RGW_PATIENCE * 20; i++)); do
		curl -s -o "$1/up" --noproxy '*' --max-time 2 "http://127.0.0.1:$2/" && return
		for name in rgw osd mon; do
			rgw_alive "$1" "$name" || return 1
		done
		sleep 0.05
	done
	return 1
}

# A user whose keys RGW draws, so that no secret is on a command line.
rgw_user() { # DIR
	timeout "$RGW_PATIENCE" radosgw-admin -c "$1/ceph.conf" -n client.rgw.a \
	    user create --uid=test --display-name=test >"$1/user.json" || return 1
	AWS_ACCESS_KEY_ID=$(jq -r '.keys[0].access_key' "$1/user.json")
	AWS_SECRET_ACCESS_KEY=$(jq -r '.keys[0].secret_key' "$1/user.json")
	AWS_REGION=us-east-1
	[ -n "$AWS_ACCESS_KEY_ID" ] && [ "$AWS_ACCESS_KEY_ID" != null ]
}

rgw_try() { # DIR PLUGINS
	local d=$1 port mon2 mon1
	rm -rf "$d"
	mkdir -p "$d/mon" "$d/osd" "$d/rgw" "$d/run" && chmod 700 "$d" || return 1
	port=$(rgw_port) && mon2=$(rgw_port) && mon1=$(rgw_port) || return 1
	rgw_config "$d" "$port" "$mon2" "$mon1" "$2"
	rgw_store "$d" >>"$d/start.log" 2>&1 &&
	    rgw_gateway "$d" "$port" >>"$d/start.log" 2>&1 &&
	    rgw_user "$d" 2>>"$d/start.log" || return 1
	RGW_ENDPOINT=http://127.0.0.1:$port
}

rgw_start() { # DIR
	local command dir plugins
	for command in ceph ceph-mon ceph-osd ceph-authtool monmaptool radosgw \
	    radosgw-admin curl jq; do
		command -v "$command" >/dev/null || {
			RGW_REASON="$command is not installed (tools/deps test)"
			return 1
		}
	done
	plugins=$(rgw_plugins) || {
		RGW_REASON="Ceph's erasure-code plug-ins are not installed"
		return 1
	}
	mkdir -p "$1" && dir=$(cd "$1" && pwd) || return 1
	# Sockets of the daemons: at most 107 bytes (sun_path).
	if [ "${#dir}" -gt 60 ]; then
		RGW_REASON="the path of '$dir' is too long for Ceph's sockets"
		return 1
	fi
	# Once more with other ports, should one have been taken meanwhile.
	if rgw_try "$dir" "$plugins" || { rgw_end "$dir"; rgw_try "$dir" "$plugins"; }; then
		export RGW_ENDPOINT AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION
		unset AWS_SESSION_TOKEN AWS_PROFILE
		return 0
	fi
	rgw_end "$dir"
	RGW_REASON="Ceph did not start: $(tail -n 1 "$dir/start.log" 2>/dev/null | tr -d '#')"
	return 1
}

# End the daemons.  In memory nothing needs saving, and on SIGTERM they would
# wait for one another for seconds: SIGKILL, but for the monitor.
rgw_end() { # DIR
	local name pid i
	for name in rgw osd mon; do
		pid=$(cat "$1/$name.pid" 2>/dev/null) || continue
		if [ "$name" = mon ]; then
			kill "$pid" 2>/dev/null
			for ((i = 0; i < 40; i++)); do
				kill -0 "$pid" 2>/dev/null || break
				sleep 0.05
			done
		fi
		kill -9 "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
		rm -f "$1/$name.pid"
	done
	return 0
}

rgw_stop() { # DIR
	rgw_end "$1"
	rm -rf "$1"
}
