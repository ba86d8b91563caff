#!/bin/sh
# Print the given files as one C file: an array of {name, text, length},
# ended by a null name.  The name is the file's without folder and ending.
set -eu
echo '/* Made by tools/embed.sh from logparse/formats. */'
echo '#include "builtin.h"'
i=0
for f in "$@"; do
	printf 'static const char text%d[] = {' "$i"
	od -An -v -tu1 "$f" | sed 's/  *\([0-9]\)/\1/; s/  */,/g; s/$/,/'
	echo '0};'
	i=$((i + 1))
done
echo 'const struct builtin builtin_formats[] = {'
i=0
for f in "$@"; do
	printf '\t{"%s", text%d, sizeof(text%d) - 1},\n' "$(basename "$f" .format)" "$i" "$i"
	i=$((i + 1))
done
printf '\t{0, 0, 0},\n};\n'
