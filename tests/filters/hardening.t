#!/usr/bin/env bash
# What the compiler and the linker were asked to harden is hardened: read back
# from the binaries themselves.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
: "${BUILD:=$PWD/build}"

grep -qE -- '-fsanitize|--coverage' "$BUILD/flags" &&
	skip_all 'this build is for the sanitizers or for coverage'
command -v readelf >/dev/null || skip_all 'no readelf'

# has PATTERN NAME <TEXT
has() {
	grep -qE -- "$1"
	ok "$2"
}
lacks() {
	! grep -qE -- "$1"
	ok "$2"
}

for f in s3list s3ack s3fetch logparse sentinelpost; do
	bin=$BUILD/bin/$f
	segments=$(readelf -lW "$bin")
	dynamic=$(readelf -dW "$bin")
	symbols=$(readelf -W --dyn-syms "$bin")
	has 'Type: +DYN' "$f: position independent" <<<"$(readelf -hW "$bin")"
	has 'FLAGS_1.* PIE' "$f: and an executable" <<<"$dynamic"
	has 'GNU_RELRO' "$f: relocations are made read-only" <<<"$segments"
	has 'FLAGS.*BIND_NOW|FLAGS_1.* NOW' "$f: all of them, at start" <<<"$dynamic"
	has 'GNU_STACK.* RW +0x' "$f: no code on the stack" <<<"$segments"
	lacks 'LOAD.* (RWE|WE) ' "$f: no memory that can be written and run" <<<"$segments"
	lacks 'LOAD +0x0+ .* R E ' "$f: code is apart from headers and constants" <<<"$segments"
	lacks 'R(UN)?PATH' "$f: no path to libraries inside" <<<"$dynamic"
	lacks 'TEXTREL' "$f: code is not written to at start" <<<"$dynamic"
	has ' __stack_chk_fail' "$f: stack protector" <<<"$symbols"
	has ' __[a-z_]+_chk' "$f: fortified functions" <<<"$symbols"
	# Which instruction ends a sanctioned jump, by machine.
	case $(uname -m) in
	x86_64) flag=-fcf-protection=full insn=endbr64 ;;
	aarch64) flag=-mbranch-protection=standard insn='bti|paciasp' ;;
	*) flag='' ;;
	esac
	if [ -z "$flag" ] || ! grep -qF -- "$flag" "$BUILD/flags"; then
		skip 'this compiler has none' "$f: control-flow protection"
	elif ! readelf -sW "$bin" | grep -q ' main$'; then
		skip 'the binary is stripped' "$f: control-flow protection"
	else
		has "$insn" "$f: control-flow protection" \
			<<<"$(objdump -d --no-show-raw-insn "$bin" | grep -A1 '<main>:')"
	fi
done
has -fstack-clash-protection 'stack clash protection' <"$BUILD/flags"
has _FORTIFY_SOURCE=[23] 'the level of fortified functions' <"$BUILD/flags"
case $(uname -m)-$(gcc -dumpversion 2>/dev/null) in
x86_64-1[2-9]*)
	if grep -q '^[^ ]*\(ccache \)\?\(gcc\|cc\) ' "$BUILD/flags"; then
		has _FORTIFY_SOURCE=3 'level 3 where the compiler has it' <"$BUILD/flags"
		has -fcf-protection 'CET where the compiler has it' <"$BUILD/flags"
	fi
	;;
esac
tap_done
