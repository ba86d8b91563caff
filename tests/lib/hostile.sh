#!/usr/bin/env bash
# What the tests of hostile peers share: a scripted server, and a filter that
# must end, in bounded memory, without a byte on stderr that could steer a
# terminal.  Source it behind tests/lib/tap.sh; it uses $tmp and $BUILD.
# shellcheck disable=SC2034,SC2154 # what it sets and takes is for those who source it

servers=()
# What both kinds of peers send: headers and interim replies without end, garbage.
yes 'X-1: y' | head -n 200000 | sed 's/$/\r/' >"$tmp/many"
yes 'HTTP/1.1 100 Continue' | head -n 200000 | sed 's/$/\r\n\r/' >"$tmp/interim"
head -c 300000 /dev/urandom >"$tmp/garbage"
# raw STEP ..: a server that does that; its port in RAW, its requests in $tmp/log.
raw() {
	rm -f "$tmp/port" "$tmp/log"
	"$BUILD/fakes/rawserver" --port-file "$tmp/port" --log "$tmp/log" "$@" 2>/dev/null &
	servers+=($!)
	until_true test -s "$tmp/port"
	RAW=$(cat "$tmp/port")
}
raw_stop() {
	[ "${#servers[@]}" -gt 0 ] || return 0 # wait(1) for none is one for all
	kill "${servers[@]}" 2>/dev/null
	wait "${servers[@]}" 2>/dev/null
	servers=()
}
requests() { grep -c '^[A-Z]* /' "$tmp/log"; }

# weighed COMMAND ..: leaves rc, err, $tmp/out, $tmp/err, $tmp/peak (KiB).  A
# filter that hangs is ended: 124.
weighed() {
	rc=0
	timeout 600 /usr/bin/time -q -f %M -o "$tmp/peak" "$@" >"$tmp/out" 2>"$tmp/err" || rc=$?
	err=$(tr -d '\0' <"$tmp/err")
}
# harmless FILE: is it text, without what steers a terminal or turns text round?
# (Perl's own decoding takes surrogates, noncharacters and what lies beyond Unicode.)
harmless() {
	perl -0777 -ne 'exit(utf8::decode($_) &&
		!/[^\P{Cc}\n]|\p{Cf}|\p{Zl}|\p{Zp}|\p{Cs}|\p{NChar}|[^\x{0}-\x{10ffff}]/ ? 0 : 1)' "$1"
}
# contained NAME: whatever it said and however it ended, it did no harm.
contained() {
	harmless "$tmp/err"
	ok "$1: nothing on stderr steers a terminal" || LC_ALL=C cat -v "$tmp/err" | sed 's/^/# /'
	[[ $BUILD == *address* ]] && return
	[ "$(tail -n 1 "$tmp/peak")" -lt 65536 ]
	ok "$1: in less than 64 MiB" || sed 's/^/# KiB /' "$tmp/peak"
}
