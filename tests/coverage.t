#!/usr/bin/env bash
# The gate of `make coverage`, on sources as small as can be: what it counts,
# what it leaves out, and that it fails.
set -u
cd "$(dirname "$0")/.." || exit
. tests/lib/tap.sh
gate=$PWD/tests/coverage/gate.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/coverage.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 99

# try ARGUMENT ..: builds common/a.c, from standard input, runs it, asks the gate.
try() {
	rm -rf build common
	mkdir -p build/common common
	cat >common/a.c
	gcc --coverage -O0 -c -o build/common/a.o common/a.c && gcc --coverage -o build/a build/common/a.o &&
		build/a "$@" || return
	"$gate" build >out 2>&1
	rc=$?
}
all() { awk '$NF == "all" { print $1, $3, $5, $7 }' out; }

try <<'C'
int
main(int argc, char **argv)
{
	(void)argv;
	return argc > 1 ? 2 : 0;
}
C
is "$rc $(all)" '1 100.00% 2 50.00% 2' 'a branch is missing: it fails'
like "$(cat out)" 'coverage: fewer than 90% of the branches were taken' 'and says why'
is "$(cat build/missed)" 'common/a.c:5: not taken: branch 0' 'and where'

try 1 <<'C'
#define INVARIANT(c) ((c) ? (void)0 : bug())
static void bug(void) {} /* COV_EXCL: there are none */
int
main(int argc, char **argv)
{
	if (argc == 1) /* COV_EXCL: for a test */
		return 1; /* COV_EXCL: for a test */
	INVARIANT(argc > 0 &&
	    argv);
	/* COV_EXCL_BEGIN: for a test */
	if (argc == 1)
		return 0;
	/* COV_EXCL_END */
	return 0;
}
C
is "$(cat build/missed)" '' 'what is asserted has no branches, what is marked neither'
like "$(cat out)" ' 5 excluded  all' 'and is counted'
like "$(cat out)" 'more than 2% of the lines are marked' 'against the limit'

try <<'C'
static int
other(void)
{
	return 1;
}
int
main(int argc, char **argv)
{
	return argv ? 0 : argc + other();
}
C
is "$rc $(all | cut -d' ' -f 1,2)" '1 50.00% 4' 'a function that never runs: it fails'
is "$(grep never build/missed)" 'common/a.c:2: never runs
common/a.c:4: never runs' 'each line of it is named'

for mark in '/* COV_EXCL */' '/* COV_EXCL: */' '/* COV_EXCL_BEGIN */'; do
	try <<<"int main(void) { return 0; } $mark"
	like "$rc $(cat out)" '1 .*common/a.c:1: a mark without a reason' "$mark: a reason is asked for"
done
try <<<'int main(void) { return 0; } /* COV_EXCL_BEGIN: for a test */'
like "$rc $(cat out)" '1 .*common/a.c:1: a block without an end' 'a block without an end'
try <<<'int main(void) { return 0; } /* COV_EXCL_END */'
like "$rc $(cat out)" '1 .*common/a.c:1: an end without a begin' 'an end without a begin'

try <<'C'
int
main(void)
{
	return 0;
}
C
is "$rc $(all)" '0 100.00% 2 100.00% 0' 'all is covered: it passes'

# Two folders: what one lacks, and the other, ten times as large, outweighs.
mkdir -p build/s3list s3list
{
	echo 'int main(int argc, char **argv)'
	echo '{'
	for ((i = 0; i < 100; i++)); do echo '	argc = 1;'; done
	echo '	return argv[argc] != 0;'
	echo '}'
} >common/a.c
printf 'int f(int a);\nint\nf(int a)\n{\n\treturn a;\n}\n' >s3list/f.c
gcc --coverage -O0 -c -o build/common/a.o common/a.c
gcc --coverage -O0 -c -o build/s3list/f.o s3list/f.c
gcc --coverage -o build/a build/common/a.o build/s3list/f.o && build/a
"$gate" build >out 2>&1
rc=$?
like "$rc $(cat out)" '1 .*fewer than 95% of the lines of s3list/ ran' 'each folder has to pass by itself'
unlike "$(cat out)" 'of the lines ran' 'where all of them together do'
mkdir empty
"$gate" empty >out 2>&1
is $? 1 'nothing was counted: it fails'
tap_done
