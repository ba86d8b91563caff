# Reads the text that gcov prints; see gate.sh.
#	     -:    0:Source:common/buf.c
#	    12:   34:	if (a && b)
#	branch  0 taken 7 (fallthrough)
# "-" has no code, "#####" never ran, "12*" ran in part.
BEGIN {
	worst = 0
}

function complain(what) {
	print "coverage: " what
	worst = 1
}

# A line of source, once for each file: what its comments say about it.
function read_marks(text) {
	if (text ~ /COV_EXCL/ && text !~ /COV_EXCL(_BEGIN)?: *[^ *]|COV_EXCL_END/)
		complain(file ":" line ": a mark without a reason")
	if (text ~ /COV_EXCL_BEGIN:/) {
		if (block)
			complain(file ":" line ": a block in a block")
		block = line
	}
	if (block || text ~ /COV_EXCL:/)
		excluded[file, line] = 1
	if (text ~ /COV_EXCL_END/) {
		if (!block)
			complain(file ":" line ": an end without a begin")
		block = 0
	}
	if (text ~ /^[ \t]*INVARIANT\(/)
		invariant = 1
	if (invariant)
		asserted[file, line] = 1
	if (text ~ /;/)
		invariant = 0
}

function end_file() {
	if (block)
		complain(file ":" block ": a block without an end")
	block = invariant = 0
	seen[file] = 1
}

/^ *[^:]*: *0:Source:/ {
	if (file != "")
		end_file()
	sub(/^[^:]*: *0:Source:(\.\/)?/, "")
	file = $0
	counted = file ~ /^(common|s3list|s3fetch|logparse|sentinelpost)\/[a-z0-9_]+\.[ch]$/
	next
}

/^end of / {
	if (file != "")
		end_file()
	file = ""
	counted = 0
	extra = $0 ~ /inject$/
	next
}

!counted {
	next
}

/^branch +[0-9]+ / {
	if (skip || (file, line) in asserted)
		next
	key = file SUBSEP line SUBSEP $2
	if (extra && !(key in taken))
		next
	if (!(key in taken))
		taken[key] = 0
	if ($3 == "taken")
		taken[key] += $4
	next
}

/^ *[-#=0-9*]+: *[0-9]+:/ {
	n = $0
	sub(/:.*/, "", n)
	gsub(/[ *]/, "", n)
	rest = $0
	sub(/^[^:]*: */, "", rest)
	line = rest + 0
	sub(/^[0-9]+:/, "", rest)
	if (!(file in seen))
		read_marks(rest)
	skip = n == "-" || line == 0
	if (skip)
		next
	key = file SUBSEP line
	if (extra && !(key in ran)) {
		skip = 1
		next
	}
	if (!(key in ran))
		ran[key] = 0
	if (n ~ /^[0-9]/)
		ran[key] += n
}

function percent(some, all) {
	return all == 0 ? 100 : 100 * some / all
}

function folder(f) {
	sub(/\/.*/, "", f)
	return f
}

# Adds one to a sum of this file, of its folder and of all.
function add(sum, f) {
	sum[f]++
	sum[folder(f) "/"]++
	sum["all"]++
}

function figures(f) {
	return sprintf("%6.2f%% of %5d lines %6.2f%% of %5d branches %3d excluded", \
	    percent(lines_hit[f], lines[f]), lines[f], \
	    percent(branches_hit[f], branches[f]), branches[f], left_out[f])
}

function count_lines(    key, k) {
	for (key in ran) {
		split(key, k, SUBSEP)
		if (key in excluded) {
			add(left_out, k[1])
			continue
		}
		add(lines, k[1])
		if (ran[key] > 0)
			add(lines_hit, k[1])
		else
			at[key] = "never runs"
	}
}

function count_branches(    key, k, where) {
	for (key in taken) {
		split(key, k, SUBSEP)
		where = k[1] SUBSEP k[2]
		if (where in excluded)
			continue
		add(branches, k[1])
		if (taken[key] > 0)
			add(branches_hit, k[1])
		else if (ran[where] > 0) {
			at[where] = "not taken: branch"
			ways[where, k[3]] = 1
		}
	}
}

# Of this many branches at the most is a line of source.
function ways_at(where,    i, s) {
	for (i = 0; i < 100; i++)
		if ((where, i) in ways)
			s = s " " i
	return s
}

function write_missed(to,    where, k, sorted) {
	sorted = "sort -t: -k1,1 -k2,2n >'" to "'"
	printf "" | sorted
	for (where in at) {
		split(where, k, SUBSEP)
		printf "%s:%s: %s%s\n", k[1], k[2], at[where], ways_at(where) | sorted
	}
	close(sorted)
}

# All, and each folder by itself: a large one does not speak for a small one.
function judge_one(f, name,    of) {
	of = f == "all" ? "" : " of " f
	if (percent(lines_hit[f], lines[f]) < ENVIRON["LINES_MIN"])
		complain("fewer than " ENVIRON["LINES_MIN"] "% of the lines" of " ran; " name)
	if (percent(branches_hit[f], branches[f]) < ENVIRON["BRANCHES_MIN"])
		complain("fewer than " ENVIRON["BRANCHES_MIN"] "% of the branches" of " were taken; " name)
}

function judge(    name, out, f) {
	name = build "/missed names the others"
	out = percent(left_out["all"], lines["all"] + left_out["all"])
	if (lines["all"] == 0)
		complain("nothing was counted")
	for (f in lines)
		if (f == "all" || f ~ /\/$/)
			judge_one(f, name)
	if (out > ENVIRON["EXCLUDED_MAX"])
		complain("more than " ENVIRON["EXCLUDED_MAX"] "% of the lines are marked as excluded")
}

# Least covered first, then the folders.
END {
	count_lines()
	count_branches()
	write_missed(build "/missed")
	for (f in lines)
		if (f ~ /\.[ch]$/)
			printf "%s  %s\n", figures(f), f | "sort -n"
	close("sort -n")
	for (f in lines)
		if (f ~ /\/$/)
			printf "%s  %s\n", figures(f), f | "sort -k10"
	close("sort -k10")
	printf "%s  all\n", figures("all")
	judge()
	exit worst
}
