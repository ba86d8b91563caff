#!/usr/bin/env bash
# design.md, Outcomes: what each receipt does to the next listing, sentence by
# sentence, with s3list and s3ack alone.
set -u
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/signals.sh
. tests/lib/s3sim.sh
command -v python3 >/dev/null || skip_all "python3 is not installed"
receipts_py=$PWD/tests/lib/receipts.py
tmp=$(mktemp -d "${TMPDIR:-/tmp}/outcomes.XXXXXX") || exit 99
trap 's3sim_stop; rm -rf "$tmp"' EXIT
s3sim_start --bucket logs || exit 99
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
cd "$tmp" || exit 99

# put KEY [TEXT]: an object.
put() { echo "${2:-$1}" | s3put - "$S3SIM_URL/logs/$1" >/dev/null; }
# list: the next run of s3list; leaves out, err, rc.
list() {
	rc=0
	s3list --log-format text --state s.db s3://logs/ >out 2>err </dev/null || rc=$?
}
# given KEY ..: the keys that this run gave, in order, and its exit code.
# Like all here that is asked often, without jq and python3, whose start takes
# longer than all the rest.
given() {
	local line
	while IFS= read -r line; do
		if [[ $line =~ ^\{\"store\".*\"key\":\"([^\"\\]*)\", ]]; then printf '%s ' "${BASH_REMATCH[1]}"; fi
	done <out
	echo "$rc"
}
# receipt KEY STATUS [MEMBERS [FETCH]]: what receipts.py says for a listed object.
receipt() {
	local members=${3:-} fetch=${4:-0001} line id n=0 member
	members=${members#\{} members=${members%\}}
	[ "$2" = delivered ] && n=5
	for member in '"format":"x/1"' "\"records\":$n" "\"rows\":$n" '"filtered":0' '"dead":0' "\"through\":$n"; do
		[[ $members == *"${member%%:*}:"* ]] || members=$member${members:+,$members}
	done
	while IFS= read -r line; do
		[[ $line =~ ^\{\"store\":\"s3\",\"bucket\":\"logs\",\"key\":\"$1\",.*\"etag\":\"([^\"]*)\" ]] || continue
		id=$(printf 's3\0logs\0%s\0%s' "$1" "${BASH_REMATCH[1]}" | sha256sum)
		printf '{"id":"%s-%s","receipt":{"to":"host/dcr-1","status":"%s",%s},"object":%s}\n' \
			"${id:0:16}" "$fetch" "$2" "$members" "$line"
	done <listed
	echo '{"done":{"stage":"destination","exit":0}}'
}
# ack KEY STATUS [MEMBERS [FETCH]]: it goes through s3ack.  With edit, what jq
# makes of the object's line does.
ack() {
	local key=$1
	rc=0
	if [ "${edit:-}" ]; then
		jq -c --arg k "$key" "$edit | select(.key == \$k)" listed | python3 "$receipts_py" "${@:2}"
	else
		receipt "$@"
	fi | s3ack --log-format text --state s.db >acked 2>err || rc=$?
}
show() { s3list --state s.db --show "$@" | jq -c 'select(.key)'; }
# tries: what is shown of the one object: its state and how often it failed.
tries() { s3list --state s.db --show | sed -nE 's/^\{"store".*"state":\{"is":"([a-z]+)","tries":([0-9]+),.*/\1 \2/p'; }
# done_of NAME [FILE]: that number of the filter's own done line.
done_of() { sed -nE 's/^\{"done":\{"stage":"s3(list|ack)",.*"'"$1"'":([0-9]+)[,}].*/\2/p' "${@:2}"; }
# skip: where the one object that was given is gone on with.
skip() { sed -nE 's/^\{"store".*"skip":([0-9]+),"format":"([^"]*)"[,}].*/\1 \2/p' out; }
sql() { sqlite3 s.db "$1"; }
later() { # SECONDS COMMAND ..: with a clock that is so far on
	LB_CLOCK_WALL=$(($(date +%s) + $1)) PATH=$BUILD/testbin:$PATH "${@:2}"
}
for k in a b c d e; do put $k; done
list
cp out listed
is "$(given)" "a b c d e 0" "nothing is known: all is given"

### delivered
ack a delivered
is "$rc $(tail -n 1 acked | jq -c '.done | [.delivered, .records, .rows]')" "0 [1,5,5]" "delivered: 0, and counted"
list
is "$(given)" "b c d e 0" "delivered: settled, not given again"
ack b delivered '{"rows":3,"dead":2}'
is "$rc $(sql "select status, dead from objects where key = 'b'")" "65 delivered|2" "delivered: dead says how many of its records are dead letters, exit 65"
ack c delivered '{"records":0,"rows":0,"through":0,"dead_object":true}'
is "$rc $(sql "select status, dead_object from objects where key = 'c'")" "65 delivered|1" "delivered, dead_object: the object itself is one, exit 65"
list
is "$(given)" "d e 0" "both are settled all the same"
is "$(s3list --state s.db --show | jq -c 'select(.done).done | [.delivered, .dead, .dead_objects]')" "[3,2,1]" "--show has the sums"

### gone
ack d gone '{"code":"NoSuchKey"}'
is "$rc $(done_of gone acked) $(sql "select status from objects where key = 'd'")" "0 1 gone" "gone: 0, counted"
list
is "$(given)" "e 0" "gone: settled"
ack d delivered
is "$rc $(sql "select status from objects where key = 'd'")" "0 delivered" "gone for one fetch, delivered by another: delivered"
ack a failed
list
is "$(given)" "e 0" "settled is settled, whatever a late receipt says"

### partial
ack e partial '{"records":3,"rows":3,"through":3}'
is $rc 75 "partial: not settled, 75"
list
is "$(given)" "e 0" "partial: given again"
is "$(jq -c 'select(.key) | to_entries | map(.key) | .[-2:]' out) $(jq -c 'select(.key) | [.skip, .format]' out)" \
	'["skip","format"] [3,"x/1"]' "with skip and format, to go on inside it"
ack e partial '{"records":9,"rows":9,"through":9,"format":"x/1"}' 0002
ack e partial '{"records":4,"rows":4,"through":4,"format":"x/1"}' 0003
list
is "$(skip)" "9 x/1" "through never goes back"
ack e partial '{"records":2,"rows":2,"through":2,"format":"x/2"}' 0004
list
is "$(skip)" "2 x/2" "another version of the format counts anew"
ack e partial '{"records":2,"rows":2,"through":0,"format":"x/2"}' 0005
list
is "$(skip)" "2 x/2" "a receipt that settles nothing changes nothing"
ack e delivered '{"format":"x/2","skipped":2,"records":5,"rows":3}' 0006
list
is "$rc $(given)" "0 0" "delivered in the end: settled"

### failed
put f
list
cp out listed
ack f failed '{"reason":"missing-rows","records":4,"rows":4,"through":4}'
is $rc 75 "failed: not settled, 75"
like "$(cat err)" "'s3://logs/f' is not settled: missing-rows" "told with its reason"
list
is "$(given)" 75 "failed: it rests first, and is not settled: 75"
is "$(show | jq -c '[.key, .state.is, .state.tries, .state.reason, has("next_try"), (.state | has("next_try"))]')" \
	'["f","waiting",1,"missing-rows",false,true]' "--show says why and until when"
later 3600 list
is "$(given) $(skip)" "f 0 4 x/1" "and comes again, behind what was settled of it"
is "$(tries)" "waiting 1" "(on the clock of now it rests)"
for fetch in 0002 0002 0002 0002 0002 0002; do ack f failed '{"reason":"missing-rows"}' $fetch; done
is "$(tries)" "waiting 2" "one fetch fails once, however often it is told"

### Unavailability and AccessDenied do not count as tries.
n=10
for m in '{"reason":"error","code":"AccessDenied","http":403}' '{"reason":"error","code":"AccessDenied"}' \
	'{"reason":"error","code":"SlowDown","http":503}' '{"reason":"error","code":"InternalError","http":500}' \
	'{"reason":"error","code":"Timeout"}' '{"reason":"error","code":"ConnectionFailed"}' '{"reason":"x","http":429}' \
	'{"reason":"x","http":408}' '{"reason":"error","code":"odd","try":false}'; do
	n=$((n + 1))
	ack f failed "$m" 00$n
done
is "$(tries)" "waiting 2" "nine failures for want of a service or of a right: still two tries"

### After five failed tries an object is quarantined.
ack f failed '{"reason":"missing-rows"}' 0003
ack f failed '{"reason":"missing-rows"}' 0004
is "$(tries)" "waiting 4" "four tries: not yet"
ack f failed '{"reason":"missing-rows"}' 0005
is "$rc $(done_of quarantined acked)" "75 1" "the fifth quarantines it: 75"
like "$(cat err)" "'s3://logs/f' failed 5 times and is not given again: missing-rows" "told by name"
like "$(cat err)" "hint:.*--forget" "and what to do"
later 100000 list
is "$(given)" 75 "it is not given any more, and the run is not 0"
like "$(cat err)" "'s3://logs/f' is in quarantine after 5 failed tries" "it is named"
is "$(show | jq -c '[.key, .state.is, .state.tries, .state.reason]')" '["f","quarantined",5,"missing-rows"]' "--show names it, with the reason"
ack f failed '{"reason":"missing-rows"}' 0006
is "$(tries) $(done_of quarantined acked)" "quarantined 6 0" "once is enough"
s3list --state s.db --show | jq -c 'select(.key)' >shown
is "$(jq -c '[.store, .bucket, .key, .etag, .size, .skip, .format]' shown)" \
	"$(jq -c 'select(.key == "f") | [.store, .bucket, .key, .etag, .size, 4, "x/1"]' listed)" "--show gives a whole object line, to fetch by hand"

### --forget GLOB frees it.
is "$(s3list --state s.db --forget 'g*' | done_of forgotten) $(tries)" "0 quarantined 6" "--forget of another glob leaves it"
is "$(s3list --state s.db --name other --forget '*' | done_of forgotten) $(tries)" "0 quarantined 6" "as does another pipeline's"
is "$(s3list --state s.db --forget '*' s3://logs/g s3://other/ | done_of forgotten) $(tries)" "0 quarantined 6" "and another prefix"
is "$(s3list --state s.db --forget '[e-f]' s3://logs/ | done_of forgotten)" 1 "--forget GLOB frees it"
list
is "$(given) $(skip)" "f 0 4 x/1" "it is given at once, behind what is settled"
ack f failed '{"reason":"missing-rows"}' 0007
is "$(tries)" "waiting 1" "and its tries begin anew"
is "$(s3list --state s.db --forget '*' | done_of forgotten)" 1 "one that rests is freed as well"
list
is "$(given)" "f 0" "it need not rest"
ack f failed '{"reason":"missing-rows"}' 0008
ack f delivered '{}' 0009
list
is "$(given) $(show)" "0 " "delivered in the end: settled, nothing to show"

### Many of them
s3sim_control reset >/dev/null
s3sim_control fill '{"bucket":"logs","prefix":"many/","count":3000,"size":1}' >/dev/null
list
jq -c 'select(.key | startswith("many/")?)' out >many
for fetch in 0001 0002 0003 0004 0005; do
	head -n 12 many | python3 "$receipts_py" failed '{"reason":"odd"}' $fetch | s3ack --state s.db >/dev/null 2>&1
done
tail -n +13 many | python3 "$receipts_py" failed '{"reason":"odd","try":false}' | s3ack --state s.db >/dev/null 2>&1
list
is "$rc $(tail -n 1 out | jq -c '.done | [.quarantined, .waiting]')" "75 [12,2988]" "many are in quarantine, and many rest"
is "$(grep -c 'is in quarantine after' err)" 10 "ten are named"
like "$(cat err)" "more objects are in quarantine" "for there are more"
like "$(cat err)" "2988 objects failed before" "and how many rest is told"
later 3600 s3list --state s.db --show --include '*2999' >shown
is "$(jq -c 'select(.state) | [.key, .state.is]' shown)" '["many/000002999","due"]' "--show says when one is due"
mkfifo unread
s3list --log-format text --state s.db --show >unread 2>err &
pid=$!
exec 8<unread 9>unread
until_true full 9
exec 9>&-
kill $pid
cat <&8 >shown
wait $pid
is "$? $(done_of exit shown) $(jq -c . shown 2>&1 | wc -l)" "75 75 $(wc -l <shown)" "SIGTERM ends --show, with a done line"
[ "$(wc -l <shown)" -lt 3000 ]
ok "before the end"
exec 8<&-
is "$(s3list --state s.db --forget '*' | done_of forgotten)" 3000 "--forget of all"
python3 "$receipts_py" delivered <many | s3ack --state s.db >/dev/null

### Identity: an object is its bucket, key and etag.
s3sim_control reset >/dev/null
put f "something else"
list
is "$(given)" "f 0" "an object that was replaced (another etag) is given again"
cp out listed
ack f delivered
put f "something else"
list
is "$(given)" 0 "the same bytes put again (the same etag) are not"
put f f
list
is "$(given)" 0 "nor are those that were delivered before"
for n in 1 2 3 4 5; do put "q$n"; done
list
cp out listed
ack q1 failed '{}' 0001
put q1 changed
list
like "$(given)" "^q1 " "what failed and was replaced is another object: it need not rest"
is "$(jq -c 'select(.key == "q1") | [.skip, .format]' out)" "[null,null]" "and begins at its beginning"
edit='del(.etag) | .version = "v1"' ack q2 failed
edit='del(.etag) | .version = "v2"' ack q2 delivered
is "$(show --include q2 | jq -c '[.version, .etag, .state.is]')" '["v1",null,"waiting"]' "the version stands in for a missing etag"
tap_done
