#!/usr/bin/env bash
# Signals at the right moment, whatever the machine is busy with: source it.

# signal_term PID FIELD ..: has one of these masks of /proc/PID/status SIGTERM, bit 14?
signal_term() {
	local pid=$1 field mask
	shift
	for field; do
		mask=$(sed -n "s/^$field:\s*//p" "/proc/$pid/status" 2>/dev/null)
		[ $((0x${mask:-0} & 0x4000)) = 0 ] || return 0
	done
	return 1
}

# catches PID: does it handle SIGTERM?  The shell that is to become it may, too.
catches() {
	[ "$(readlink "/proc/$1/exe" 2>/dev/null)" != "$(readlink "/proc/$$/exe")" ] && signal_term "$1" SigCgt
}

# until_catches PID: wait until it does, two minutes at most
until_catches() {
	local i
	for ((i = 0; i < 6000; i++)); do
		catches "$1" && return 0
		sleep 0.02
	done
	return 1
}

# until_taken PID: wait until a SIGTERM that was sent is taken, and for longer than
# the 100 ms in which a second one is the same request
until_taken() {
	local i
	for ((i = 0; i < 6000; i++)); do
		signal_term "$1" SigPnd ShdPnd || break
		sleep 0.02
	done
	sleep 0.3
}
