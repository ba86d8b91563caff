#!/usr/bin/env bash
# The fenced blocks of a Markdown document.

# fences FILE LANGUAGE DIR: each block of that language to DIR/01, DIR/02 ...,
# without the indentation of its fence; the line it is on to DIR/01.at.
fences() {
	mkdir -p "$3" && awk -v language="$2" -v dir="$3" '
		!inside && match($0, /^ *```/) {
			indent = RLENGTH - 3; inside = 1
			wanted = substr($0, RLENGTH + 1) == language
			if (wanted) { file = sprintf("%s/%02d", dir, ++n); print NR >(file ".at"); printf "" >file }
			next
		}
		inside && match($0, /^ *```$/) { if (wanted) { close(file); close(file ".at") }; inside = 0; next }
		inside && wanted { print substr($0, indent + 1) >file }' "$1"
}
