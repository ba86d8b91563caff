#!/usr/bin/env bash
# What the fault harness (tests/faults/run) holds a run to.
# shellcheck disable=SC2034,SC2154 # records, twice; dir, codes ..: of tests/faults/run

# check_round: after each round.  Leaves rows.N (event ids that were accepted)
# and settled.N ("ETAG STATUS THROUGH") for check_run.
check_round() {
	local i code
	note "round $round ended after $took ms: ${codes[*]}"
	for i in 0 1 2 3 4; do
		code=${codes[i]}
		case $code in
		0 | 65 | 69 | 71 | 74 | 75 | 77 | 78) ;;
		132 | 137 | 143 | 141) ;; # killed by us; or its reader was
		*) fail "round $round: ${filters[i]} ended with $code" ;;
		esac
	done
	tail -c "+$((rows_from + 1))" "$SIM_DIR/rows/AWSCloudTrail.ndjson" 2>/dev/null |
		grep -oE '"AwsEventId":"[^"]*"' | cut -d'"' -f4 >"$dir/rows.$round"
	rows_from=$(wc -c <"$SIM_DIR/rows/AWSCloudTrail.ndjson" 2>/dev/null || echo 0)
	: >"$dir/settled.$round"
	[ ! -e "$disk/state.db" ] ||
		sqlite3 -readonly -separator ' ' "$disk/state.db" \
			"select etag, status, coalesce(through, 0) from objects" >"$dir/settled.$round" 2>/dev/null
	[ -z "$ambiguous" ] || : >"$dir/ambiguous.$round"
}

# ids REQUIRED OBJECT ..: "EVENT ETAG N REQUIRED", of objects of the pool.
ids() {
	local required=$1 o
	shift
	for o; do
		[ "$o" = gone ] || awk -v e="${etags[o]}" -v r="$required" '{ print $1, e, NR - 1, r }' "$top/ids/$o"
	done
}

# Rows: none is missing, none strange; one that comes again was not settled
# when it did.  Prints what is wrong, and "= RECORDS TWICE".
check_rows() {
	{ ids 1 "${holds[@]}" && ids 0 ${past[@]+"${past[@]}"}; } >"$dir/ids"
	# Whole objects that are dead letters, and all text of the others.
	jq -r 'select(.dead and .bucket).etag // empty' "$disk/dead.ndjson" 2>/dev/null | tr -d '"' >"$dir/dead.etags"
	grep -oE '[0-9a-f]{8}-[0-9a-f-]{27}' "$disk/dead.ndjson" 2>/dev/null | sort -u >"$dir/dead.ids"
	awk -v dir="$dir" -v rounds="$round" '
	function lines(file, array,   n, line) {
		n = 0
		while ((getline line < file) > 0) array[++n] = line
		close(file)
		return n
	}
	function wrong(what, which) {
		if (!said[what]++) first[what] = which
	}
	{ etag[$1] = $2; at[$1] = $3; required[$1] = $4 || required[$1] }
	END {
		n = lines(dir "/dead.etags", l); for (i = 1; i <= n; i++) dead_object[l[i]] = 1
		n = lines(dir "/dead.ids", l); for (i = 1; i <= n; i++) dead[l[i]] = 1
		for (r = 1; r <= rounds; r++) {
			delete now
			unclear = (getline x < (dir "/ambiguous." r)) >= 0
			n = lines(dir "/rows." r, l)
			for (i = 1; i <= n; i++) {
				id = l[i]
				if (!(id in etag)) { wrong("rows that were nowhere", id); continue }
				if (id in now && !unclear) wrong("rows twice in round " r " for no reason", id)
				if (settled[etag[id]] > at[id]) wrong("rows again in round " r " though settled", id " of " etag[id])
				now[id] = 1
				if (count[id]++) twice++
			}
			n = lines(dir "/settled." r, l)
			for (i = 1; i <= n; i++) {
				split(l[i], f, " ")
				settled[f[1]] = f[2] == "delivered" || f[2] == "gone" ? 1e9 : f[3]
			}
		}
		for (id in etag) {
			records += required[id]
			if (required[id] && !count[id] && !(id in dead) && !(etag[id] in dead_object))
				wrong("lost", id " of " etag[id])
		}
		for (what in said) print what ": " said[what] ", such as " first[what]
		print "= " records + 0, twice + 0
	}' "$dir/ids"
}

# The state: each object that is there is delivered.
check_state() {
	local o
	[ "$(sqlite3 -readonly "$disk/state.db" 'pragma integrity_check' 2>&1)" = ok ] || echo "the state is damaged"
	sort "$dir/settled.$round" >"$dir/state"
	for o in "${holds[@]}"; do
		[ "$o" = gone ] || grep -q "^${etags[o]} delivered " "$dir/state" ||
			echo "not delivered: $(grep "^${etags[o]}" "$dir/state" || echo "${etags[o]}, of which the state knows nothing")"
	done
	grep -vE ' (delivered|gone) ' "$dir/state" | sed 's/^/not settled: /'
}

# Receipts: records = rows + filtered + dead (+ skipped, of those that went on
# inside an object), and as many as there are.
check_receipts() {
	jq -rn --slurpfile m "$top/manifest" --rawfile e "$top/etags" '
		($e | split("\n")) as $etags |
		(reduce range($m | length) as $i ({}; .[$etags[$i]] = $m[$i])) as $by |
		inputs | select(.receipt.status == "delivered") | .receipt as $r | (.object.etag | gsub("\""; "")) as $etag |
		select($r.dead_object != true) |
		if $r.records != $r.rows + $r.filtered + $r.dead + ($r.skipped // 0) then "records do not add up: \(tojson)"
		elif $by[$etag].sound and $by[$etag].records != $r.records then "\($by[$etag].records) records: \(tojson)"
		else empty end' "$dir/out" 2>&1
	[ ! -e "$disk/dead.ndjson" ] || jq -e 'select(has("dead") | not)' "$disk/dead.ndjson" >"$dir/undead" 2>&1
	[ ! -s "$dir/undead" ] || echo "dead letters that are none: $(head -c 300 "$dir/undead")"
}

# What the filters said: no bug, no secret.
check_said() {
	grep -E 'bug:|runtime error:|Sanitizer|assert' "$dir/said" | head -n 3
	! grep -qF -e "$SIM_SECRET" -e 'se/cr+et=%41' "$dir/said" "$dir/out" || echo "a secret was told"
	! grep -qE 'rotated-[0-9]' "$dir/said" "$dir/out" || echo "a rotated secret was told"
}

# check_run: the whole; sets records and twice.
check_run() {
	local line
	while read -r line; do
		case $line in
		'= '*) read -r _ records twice <<<"$line" ;;
		*) fail "$line" ;;
		esac
	done < <(check_rows && check_state && check_receipts && check_said)
	: >"$dir/out"
	one_round
	[ "${codes[*]}" = "0 0 0 0 0" ] || fail "the run after it ended with ${codes[*]}"
	[ "$(jq -c 'select(.done.stage == "s3list").done.objects' "$dir/out")" = 0 ] || fail "the run after it lists something"
	[ ! -s "$dir/rows.$round" ] || fail "the run after it sends $(wc -l <"$dir/rows.$round") rows"
}
