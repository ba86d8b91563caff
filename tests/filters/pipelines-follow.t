#!/usr/bin/env bash
# pipelines/follow: which statuses end it, and how it stops when told to.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/follow.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; kill $follow 2>/dev/null; rm -rf "$dir"' EXIT
follow=
follow_script=$PWD/pipelines/follow

### With filters that only end, s3ack with the next of a list of statuses.
mkdir "$dir/bin"
for f in s3list s3fetch logparse sentinelpost; do
	printf '#!/bin/sh\n' >"$dir/bin/$f"
done
cat >"$dir/bin/s3ack" <<-EOF
	#!/bin/sh
	echo >>"$dir/polls"
	exit "\$(sed -n "\$(wc -l <"$dir/polls")p" "$dir/codes")"
EOF
chmod +x "$dir"/bin/*
polls() { wc -l <"$dir/polls"; }
# follow_codes CODE ...: what it ends with, and after how many polls.
follow_codes() {
	: >"$dir/polls"
	printf '%s\n' "$@" >"$dir/codes"
	PATH=$dir/bin:$PATH timeout 500 "$follow_script" s3://logs/ "$dir/f" 0 2>"$dir/err"
	echo "$? $(polls)"
}
is "$(follow_codes 0 65 69 75 0 78)" "78 6" "it goes on after 0, 65, 69 and 75"
for code in 64 70 71 74 77 78; do
	is "$(follow_codes 75 $code 0)" "$code 2" "it ends with $code"
done
printf '#!/bin/sh\nkill -9 $$\n' >"$dir/bin/s3fetch"
is "$(follow_codes 0)" "137 1" "a filter that was killed ends it, though s3ack is content"
is "$(follow_codes 65)" "137 1" "or knows of dead letters only"
printf '#!/bin/sh\n' >"$dir/bin/s3fetch"

### Told to stop.
# begin SECONDS: in the background, its pid in $follow.
begin() {
	rm -f "$dir/rc"
	: >"$dir/polls"
	"$follow_script" s3://logs/ "$dir/f" "$1" 2>"$dir/err" &
	follow=$!
}
ended() {
	until_true eval '! kill -0 $follow 2>/dev/null' || kill -9 "$follow"
	wait "$follow"
}
polled() { [ "$(polls)" -ge "$1" ]; }
# Not in the short sleeps in which it waits for the poll to end.
resting() { pgrep -P "$follow" -fx 'sleep 1' >"$dir/sleep"; }
echo 65 >"$dir/codes"
(
	PATH=$dir/bin:$PATH
	begin 3600
	until_true polled 1 && until_true resting
	ok "it rests"
	kill "$follow"
	ended
	is $? 65 "told to stop while it rests, it ends with the status of the poll before"
	! kill -0 "$(cat "$dir/sleep")" 2>/dev/null
	ok "and leaves nothing behind"
	echo "$tap_count $tap_failed" >"$dir/tap"
)
read -r tap_count tap_failed <"$dir/tap"

# A first filter that waits for the signal, and a last one that takes its time.
cat >"$dir/bin/s3list" <<-EOF
	#!/usr/bin/env bash
	trap 'exit 75' TERM
	touch "$dir/ready.s3list"
	while :; do sleep 0.1; done
EOF
cat >"$dir/bin/s3ack" <<-EOF
	#!/usr/bin/env bash
	trap : TERM
	touch "$dir/ready.s3ack"
	cat >/dev/null
	sleep 0.5
	echo >"$dir/entered"
	exit 75
EOF
for f in s3fetch logparse sentinelpost; do
	printf '#!/usr/bin/env bash\ntrap : TERM\ntouch "%s"\nwhile read -r l || [ $? -gt 128 ]; do :; done\n' "$dir/ready.$f" >"$dir/bin/$f"
done
ready() { [ "$(find "$dir" -name 'ready.*' | wc -l)" = 5 ]; }
(
	PATH=$dir/bin:$PATH
	begin 0
	until_true ready
	kill "$follow"
	ended
	is "$? $([ -e "$dir/entered" ] && echo entered)" "75 entered" \
		"told to stop in a poll, it tells the filters and waits for them"
	echo "$tap_count $tap_failed" >"$dir/tap"
)
read -r tap_count tap_failed <"$dir/tap"

# What is but stopped has not ended.
rm -f "$dir"/ready.* "$dir/entered"
(
	PATH=$dir/bin:$PATH
	begin 0
	until_true ready
	poll=$(pgrep -o -P "$follow" -x bash)
	kill -STOP -- "-$poll"
	until_true eval 'ps -o stat= -p "$poll" | grep -q T'
	sleep 0.5
	kill -0 "$follow"
	ok "a poll that is stopped is waited for"
	kill -CONT -- "-$poll"
	kill "$follow"
	ended
	is "$? $([ -e "$dir/entered" ] && echo entered)" "75 entered" "and ends when it goes on"
	echo "$tap_count $tap_failed" >"$dir/tap"
)
read -r tap_count tap_failed <"$dir/tap"

### With the real ones: what comes is moved.
mkdir -p "$dir/store/logs" "$dir/more"
mksamples --objects 2 --no-odd "$dir/store/logs" >"$dir/manifest"
mksamples --objects 5 --no-odd --seed 7 "$dir/more" >"$dir/manifest.more"
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1
settled() {
	[ "$(sqlite3 "$dir/f/state.db" "select count(*) from objects where status = 'delivered'" 2>/dev/null || echo 0)" = "$1" ]
}
begin 0
until_true settled "$(wc -l <"$dir/manifest")"
ok "what is there is moved"
s3put --list "$dir/manifest.more" --dir "$dir/more" "$S3SIM_URL/logs" >/dev/null
all=$(cat "$dir/manifest" "$dir/manifest.more" | jq -r .key | sort -u | wc -l)
until_true settled "$all"
ok "and what comes later, too"
kill "$follow"
ended
rc=$?
[ $rc = 0 ] || [ $rc = 75 ]
ok "it stops ($rc)"
is "$(sim_status .tables.AWSCloudTrail.rows)" "$(cat "$dir/manifest" "$dir/manifest.more" | jq -s 'unique_by(.key) | map(.records) | add')" \
	"each row came once"
AZURE_CLIENT_SECRET=wrong-secret begin 0
s3put "$dir/more/$(jq -r .file "$dir/manifest.more" | head -n 1)" "$S3SIM_URL/logs/new.json.gz" >/dev/null
ended
is $? 77 "a wrong secret ends it"
tap_done
