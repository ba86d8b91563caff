#!/usr/bin/env bash
# TAP for shell tests: source this, call the checks, end with tap_done.

tap_count=0 tap_failed=0

# Tests start it hundreds of times: Debian's own, not a wrapper that looks for
# one, and without the folders of packages, of which none is needed.
python3() {
	if [ -x /usr/bin/python3 ]; then /usr/bin/python3 -S "$@"; else command python3 "$@"; fi
}

# ok NAME: judges the exit status of the command before it; so there is no $(..)
# in NAME, whose status it would be.  What failed is said on standard error, too,
# that prove shows.
ok() {
	# shellcheck disable=SC2319 # a condition's status is welcome too
	local rc=$?
	tap_count=$((tap_count + 1))
	if [ "$rc" -eq 0 ]; then
		echo "ok $tap_count - $1"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $1"
		echo "# ${0##*/}: failed: $tap_count - $1" >&2
	fi
	return "$rc"
}

# is GOT WANT NAME
is() {
	[ "$1" = "$2" ]
	ok "$3" && return
	printf '%s\n' "got:  $1" "want: $2" | head -c 4000 | sed 's/^/# /' >&2
	return 1
}

# like GOT ERE NAME
like() {
	[[ $1 =~ $2 ]]
	ok "$3" && return
	printf '%s\n' "got:  $1" "want: $2" | head -c 4000 | sed 's/^/# /' >&2
	return 1
}

# unlike GOT ERE NAME
unlike() {
	[[ ! $1 =~ $2 ]]
	ok "$3" && return
	printf '%s\n' "got:  $1" "bad:  $2" | head -c 4000 | sed 's/^/# /' >&2
	return 1
}

# until_true COMMAND ..: waits until it succeeds, for some minutes at most: on a
# busy machine that is no failure.
until_true() {
	local i
	for ((i = 0; i < 6000; i++)); do
		"$@" && return
		sleep 0.05
	done
	echo "# ${0##*/}: waited in vain for: $*" >&2
	return 1
}

# skip REASON NAME
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $2 # SKIP $1"
}

# skip_all REASON: the whole file; ends it.
skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

tap_done() {
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
}
