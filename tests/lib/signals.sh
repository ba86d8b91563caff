#!/usr/bin/env bash
# Signals at the right moment, whatever the machine is busy with: source it behind
# tap.sh.

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

# until_catches PID: wait until it does
until_catches() { until_true catches "$1"; }

# at_once PID ..: two requests to stop, to whom they are for at the same moment:
# it is stopped until both are there.
is_stopped() { grep -q '^State:.T' "/proc/$1/status"; }
at_once() {
	local pid=$1
	kill -STOP "$pid"
	until_true is_stopped "$pid"
	kill -TERM "$pid"
	kill -INT "${2:-$pid}"
	kill -CONT "$pid"
}

# full FD: does the pipe behind it, which can be written to, take nothing more?
full() {
	perl -e 'my $w = ""; vec($w, $ARGV[0], 1) = 1; exit(select(undef, $w, undef, 0) != 0)' "$1"
}

# taken PID: has it none that waits to be taken?
taken() { ! signal_term "$1" SigPnd ShdPnd; }

# until_taken PID: wait until a SIGTERM that was sent is taken, and for longer than
# the 100 ms in which a second one is the same request
until_taken() {
	until_true taken "$1"
	sleep 0.3
}
