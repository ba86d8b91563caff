#!/usr/bin/env bash
# The pipelines of more than one pipe: shards side by side, fetching and parsing
# in several processes, two destinations.  What happens when a part of them dies.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/wide.XXXXXX") || exit 1
second_pid=''
trap 's3sim_stop; sim_stop; kill $second_pid 2>/dev/null; rm -rf "$dir"' EXIT
mkdir -p "$dir/store/logs" "$dir/bin"
mksamples --objects 12 "$dir/store/logs" >"$dir/manifest"
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1
objects=$(wc -l <"$dir/manifest")
rows() { sim_status '.tables.AWSCloudTrail.rows // 0'; }
settled() { sqlite3 "$1" "select count(*) from objects where status in ('delivered', 'gone')"; }
# stub NAME SCRIPT: a filter that is something else.
stub() {
	printf '#!/usr/bin/env bash\n%s\n' "$2" >"$dir/bin/$1"
	chmod +x "$dir/bin/$1"
}

# What one pipe does: so many rows, of torn objects too.
pipelines/poll s3://logs/ "$dir/one" 2>/dev/null
is $? 65 "one pipe, to compare"
all=$(rows)

### backfill
pipelines/backfill s3://logs/ 2020-01-01 2100-01-01 3 "$dir/b" 2>"$dir/err"
is "$? $(settled "$dir/b/state.db") $(($(rows) - all))" "65 $objects $all" "backfill: each object once, with dead letters"
is "$(cat "$dir"/b/receipts.?.ndjson | grep -c '"receipt":')" "$objects" "backfill: a receipt for each"
is "$(find "$dir/b" -name 'receipts.*' | wc -l)" 3 "backfill: from three pipes"
is "$(cat "$dir"/b/dead.?.ndjson | wc -l)" "$(wc -l <"$dir/one/dead.ndjson")" "backfill: the same dead letters"
pipelines/backfill s3://logs/ 2020-01-01 2100-01-01 3 "$dir/b" 2>"$dir/err"
is "$? $(($(rows) - all))" "0 $all" "backfill: again, and there is nothing to do"
pipelines/backfill s3://logs/ 2020-01-01 2020-01-02 2 "$dir/n" 2>"$dir/err"
is "$? $(cat "$dir"/n/receipts.?.ndjson | grep -c '"receipt":')" "0 0" "backfill: nothing is outside of the time"
pipelines/backfill s3://logs/ today 2020-01-02 2 "$dir/n" 2>"$dir/err"
is "$?" 64 "backfill: a time that is none"
for f in s3fetch logparse sentinelpost; do stub $f 'exec cat'; done
stub s3list 'while [ $# -gt 0 ]; do [ "$1" != --shard ] || echo "${2%/*}"; shift; done'
stub s3ack 'read -r i; set -- $CODES; shift "$i"; [ "$1" != kill ] || kill -9 $$; exit "$1"'
for case in '0 0 0:0' '0 65 75:75' '69 75 65:69' '77 0 78:78' '0 70 78:70' '71 74 77:77' '64 77 0:64' 'kill 0 78:70' '0 0 7:70'; do
	is "$(CODES=${case%:*} PATH=$dir/bin:$PATH pipelines/backfill s3://logs/ 1d 0d 3 "$dir/n" 2>/dev/null; echo $?)" \
		"${case#*:}" "backfill: of ${case%:*} the most severe"
done
stub s3list 'trap "exit 75" TERM; touch "$DIR/on.$$"; while :; do sleep 0.1; done'
stub s3ack 'trap : TERM; cat >/dev/null; exit 75'
for f in s3fetch logparse sentinelpost; do stub $f 'trap : TERM; while read -r l || [ $? -gt 128 ]; do :; done'; done
DIR=$dir PATH=$dir/bin:$PATH pipelines/backfill s3://logs/ 1d 0d 2 "$dir/n" 2>"$dir/err" &
pid=$!
for ((i = 0; i < 1200; i++)); do
	[ "$(find "$dir" -name 'on.*' | wc -l)" -lt 2 ] || break
	sleep 0.05
done
kill "$pid"
wait "$pid"
is $? 75 "backfill: told to stop, it tells all pipes and waits for them"
rm "$dir"/bin/*

### fan-out
if command -v parallel >/dev/null; then
	before=$(rows)
	pipelines/fan-out s3://logs/ "$dir/f" 3 2>"$dir/err"
	is "$? $(settled "$dir/f/state.db") $(($(rows) - before))" "65 $objects $all" "fan-out: each object once, with dead letters" ||
		sed 's/^/# /' "$dir/err" | head -n 5
	pipelines/fan-out s3://logs/ "$dir/f" 3 2>"$dir/err"
	is $? 0 "fan-out: again, and there is nothing to do"
	LOGBRIDGE_SENTINEL_RULE=dcr-ffffffffffffffffffffffffffffffff pipelines/fan-out s3://logs/ "$dir/w" 2>"$dir/err"
	is $? 78 "fan-out: a wrong rule"
	# One of the workers dies: what it had is for the next run.
	stub s3fetch "mkdir '$dir/died' 2>/dev/null && kill -9 \$\$; exec '$BUILD/bin/s3fetch' \"\$@\""
	PATH=$dir/bin:$PATH pipelines/fan-out s3://logs/ "$dir/k" 3 2>"$dir/err"
	is $? 75 "fan-out: a worker that was killed is told"
	[ "$(settled "$dir/k/state.db" 2>/dev/null || echo 0)" -lt "$objects" ]
	ok "fan-out: what it had is not settled"
	pipelines/fan-out s3://logs/ "$dir/k" 3 2>"$dir/err"
	is "$(settled "$dir/k/state.db")" "$objects" "fan-out: and is, after the next run"
	rm "$dir"/bin/*
else
	skip "GNU parallel is not installed" "fan-out"
fi

### two-destinations
# settings NAME: of the destination that runs, for an arm.
settings() {
	printf '%s=%q\n' LOGBRIDGE_SENTINEL_ENDPOINT "$SIM_URL" LOGBRIDGE_SENTINEL_RULE "$SIM_RULE" \
		AZURE_AUTHORITY_HOST "$SIM_URL" AZURE_TENANT_ID "$AZURE_TENANT_ID" \
		AZURE_CLIENT_ID "$AZURE_CLIENT_ID" AZURE_CLIENT_SECRET "$AZURE_CLIENT_SECRET" >"$1"
}
mkdir "$dir/t" "$dir/u" "$dir/v"
settings "$dir/t/one.env"
before=$(rows)
one_pid=$SIM_PID one_dir=$SIM_DIR one_control=$SIM_CONTROL
SIM_RULE=dcr-22222222222222222222222222222222 sim_start --stream Custom-AWSCloudTrail || exit 1
second_pid=$SIM_PID
SIM_RULE=dcr-22222222222222222222222222222222 settings "$dir/t/two.env"
for f in u v; do cp "$dir"/t/*.env "$dir/$f"; done
for v in LOGBRIDGE_SENTINEL_ENDPOINT LOGBRIDGE_SENTINEL_RULE AZURE_CLIENT_SECRET; do unset $v; done
rows_one() { curl -sS --noproxy '*' "$one_control/_status" | jq '.tables.AWSCloudTrail.rows // 0'; }
to() { jq -r 'select(.receipt).receipt.to' "$1" | sort | uniq -c | awk '{ print $1, $2 }' | paste -sd' '; }

pipelines/two-destinations s3://logs/ "$dir/t" 2>"$dir/err"
is "$? $(settled "$dir/t/state.db")" "65 $objects" "two: settled, with dead letters" || sed 's/^/# /' "$dir/err" | head -n 5
is "$(($(rows_one) - before)) $(rows)" "$all $all" "two: the same rows in both"
is "$(to "$dir/t/receipts.one.ndjson") $(to "$dir/t/receipts.two.ndjson")" \
	"$objects 127.0.0.1/dcr-0123456789abcdef0123456789abcdef $objects 127.0.0.1/dcr-22222222222222222222222222222222" \
	"two: receipts of both"
pipelines/two-destinations s3://logs/ "$dir/t" 2>"$dir/err"
is "$? $(rows)" "0 $all" "two: again, and there is nothing to do"

# Either arm stops, for a wrong setting or because it is killed: nothing is settled.
undone() { sqlite3 "$1" "select count(*) from objects where status in ('delivered', 'gone')" 2>/dev/null || echo 0; }
for arm in one two; do
	sed -i 's/^AZURE_CLIENT_SECRET=.*/AZURE_CLIENT_SECRET=wrong-secret/' "$dir/u/$arm.env"
	pipelines/two-destinations s3://logs/ "$dir/u" 2>"$dir/err"
	is $? 77 "two: a wrong secret of arm $arm"
	like "$(cat "$dir/err")" 'AADSTS7000215' "two: and it is told"
	cp "$dir/t/$arm.env" "$dir/u/$arm.env"
	stub sentinelpost "[ \"\$LOGBRIDGE_SENTINEL_RULE\" != \"\$(. '$dir/u/$arm.env'; echo \$LOGBRIDGE_SENTINEL_RULE)\" ] || kill -9 \$\$
exec '$BUILD/bin/sentinelpost' \"\$@\""
	PATH=$dir/bin:$PATH pipelines/two-destinations s3://logs/ "$dir/v" 2>"$dir/err"
	rc=$?
	[ $rc != 0 ] && [ $rc != 65 ]
	ok "two: arm $arm is killed, and that is told ($rc)"
	is "$(undone "$dir/v/state.db")" 0 "two: nothing is settled by arm $arm's death"
	rm "$dir"/bin/*
done
for f in u v; do
	pipelines/two-destinations s3://logs/ "$dir/$f" 2>"$dir/err"
	is "$(settled "$dir/$f/state.db")" "$objects" "two: settled by the next run"
done
rm "$dir/u/two.env"
pipelines/two-destinations s3://logs/ "$dir/u" 2>"$dir/err"
is $? 78 "two: no settings for an arm"

sim_stop
is $? 0 "the second simulator ends well"
SIM_PID=$one_pid SIM_DIR=$one_dir second_pid=''
tap_done
