#!/usr/bin/env bash
# design.md, Who acknowledges what: the state between s3list and s3ack, keys of
# any bytes on their way through both, locks, and which objects a run is about.
set -u
cd "$(dirname "$0")/../.." || exit 99
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
command -v python3 >/dev/null || skip_all "python3 is not installed"
receipts_py=$PWD/tests/lib/receipts.py
tmp=$(mktemp -d "${TMPDIR:-/tmp}/acknowledge.XXXXXX") || exit 99
cleanup() {
	s3sim_stop
	# shellcheck disable=SC2046 # several
	kill -9 $(jobs -p) 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT
cd "$tmp" || exit 99

# Objects with times of our choice.
mkdir -p store/times
for t in 2026-11-19T23:59:59 2026-11-20T00:00:00 2026-11-20T00:00:01; do
	echo x >"store/times/k$t"
	touch -d "${t}Z" "store/times/k$t"
	mv "store/times/k$t" "store/times/k%2F$(tr -d : <<<"$t")"
done
s3sim_start --root "$tmp/store" --bucket times --bucket logs || exit 99
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
put() { echo "${2:-x}" | s3put - "$S3SIM_URL/logs/$1" >/dev/null; }
# list OPERAND ..: a run of s3list; leaves out, err, rc.
list() {
	rc=0
	s3list --log-format text "$@" >out 2>err </dev/null || rc=$?
}
keys() { jq -r 'select(.key).key' out | tr '\n' ' '; }
total() { tail -n 1 out | jq -c ".done | $1"; }
receipts() { python3 "$receipts_py" "$@"; }
ack() { s3ack --log-format text --state s.db "$@" >acked 2>err; }
sql() { sqlite3 -cmd '.timeout 20000' s.db "$1"; }

### --since <= modified < --until
list --since 2026-11-20T00:00:00Z s3://times/
is "$rc $(keys)" "0 k/2026-11-20T000000 k/2026-11-20T000001 " "--since: its own second is in"
list --until 2026-11-20T00:00:00Z s3://times/
is "$rc $(keys)" "0 k/2026-11-19T235959 " "--until: its own second is out"
list --since 2026-11-20T00:00:00Z --until 2026-11-20T00:00:01Z s3://times/
is "$rc $(keys)$(total .outside)" "0 k/2026-11-20T000000 2" "both: one second"
list --since 2026-11-20T01:00:00+01:00 --until 2026-11-20T00:00:00.001Z s3://times/
is "$rc $(keys)" "0 k/2026-11-20T000000 " "with another zone, and a fraction"
list --since 2026-11-20 --until 2026-11-20T00:00:01Z s3://times/
is "$rc $(keys)" "0 k/2026-11-20T000000 " "a date is its midnight"
now=$(date -u -d '2026-11-20T00:00:00Z' +%s)
LB_CLOCK_WALL=$((now + 3600)) PATH=$BUILD/testbin:$PATH list --since 1h s3://times/
is "$(keys)" "k/2026-11-20T000000 k/2026-11-20T000001 " "an age counts from now" || cat err
for bad in 'yesterday' '24' '2026-13-01T00:00:00Z' '2026-02-30' '-1h' ''; do
	list --since "$bad" s3://times/
	is "$rc" 64 "--since '$bad' is wrong usage"
done
list --since 2026-11-20T00:00:00Z --until 2026-11-20T00:00:00Z s3://times/
is "$rc" 64 "--since that is --until gives nothing: wrong usage"

### --start-after, --include, --exclude
for k in a a%2Fb a%2Fb%2Fc a%2Bb b c; do put $k; done
list --start-after a s3://logs/
is "$(keys)" "a+b a/b a/b/c b c " "--start-after: not the key itself"
list --start-after a/ s3://logs/a
is "$(keys)" "a/b a/b/c " "within a prefix"
list --start-after zzz s3://logs/
is "$rc $(keys)$(total .listed)" "0 0" "behind all keys"
list --start-after '' s3://logs/b
is "$rc $(keys)" "0 b " "after nothing"
list --include 'a*' --exclude 'a/*' s3://logs/
is "$(keys)$(total .filtered)" "a a+b 4" "an --include, and no --exclude"
list --include 'a' s3://logs/
is "$(keys)" "a " "a glob is about the whole key"
list --include '*c' s3://logs/
is "$(keys)" "a/b/c c " "* is also a slash"
list --include 'a?b' s3://logs/
is "$(keys)" "a+b a/b " "? too"
list --include b --include c --exclude c s3://logs/
is "$(keys)" "b " "one --include is enough, one --exclude too much"
list --exclude '*' s3://logs/
is "$rc $(keys)$(total .filtered)" "0 6" "nothing wanted"

### --shard I/N
s3sim_control fill '{"bucket":"logs","prefix":"s/","count":997,"size":1}' >/dev/null
for n in 1 2 7; do
	: >all
	for i in $(seq 0 $((n - 1))); do
		list --shard "$i/$n" s3://logs/s/
		jq -r 'select(.key).key' out >>all
	done
	is "$(sort all | uniq | wc -l) $(wc -l <all)" "997 997" "--shard I/$n: each object is in exactly one"
done
python3 - >want <<'PY'
import hashlib
for n in range(997):
    key = b"s/%09d" % n
    if int.from_bytes(hashlib.sha256(key).digest()[:8], "big") % 7 == 3:
        print(key.decode())
PY
list --shard 3/7 s3://logs/s/
is "$(jq -r 'select(.key).key' out | diff - want)" "" "and in the one that the manual says"

### Keys of any bytes, through both and back
python3 - >ugly <<'PY'
import json, urllib.parse
keys = [b"u/" + bytes([i]) + b"x" for i in range(1, 256)]
keys += [b"u//a//", b"u/./b", b"u/../c", b"u/%2F", b"u/a+b c", "u/\u65e5\u672c\u8a9e \u00e9".encode(), b"u/\xff\xfe",
         b"u/\xed\xa0\x80", b"u/" + b"k" * 1022, b"u/" + b"%" * 1022, b"u/" + b"\xfe" * 1022,
         b"u/'; DROP TABLE object; --", b'u/"\\', b"u/{}", b"u/*", b"u/?", b"u/[a]"]
for k in sorted(set(keys)):
    print(json.dumps({"file": "one", "key": urllib.parse.quote(k, safe="")}))
PY
echo x >one
s3put --list ugly --dir . "$S3SIM_URL/logs" >/dev/null
ugly=$(wc -l <ugly)
list --state s.db s3://logs/u/
is "$rc $(total .objects)" "0 $ugly" "$ugly keys of every byte are given"
head -n -1 out >given
head -n 100 given | receipts partial '{"records":2,"rows":2,"through":2}' | ack
list --state s.db s3://logs/u/
is "$(jq -c 'select(.skip) | del(.skip, .format)' out | cmp - <(head -n 100 given | jq -c .) && total '[.objects,.settled]')" \
	"[$ugly,0]" "a partial receipt finds each again, with its skip"
receipts failed '{}' 0002 <given | ack
s3list --state s.db --show | jq -c 'select(.state) | [.key, .key64, .etag]' | sort >shown
is "$(diff shown <(jq -c '[.key, .key64, .etag]' given | sort) | head -n 3)" "" "--show names each by its own bytes"
is "$(s3list --state s.db --forget '*' | jq .done.forgotten)" "$ugly" "--forget frees each"
is "$(s3list --state s.db --forget '*' | jq .done.forgotten)" 0 "once"
receipts failed '{}' 0003 <given | ack
is "$(s3list --state s.db --forget 'u/\*' | jq .done.forgotten)" 1 "a glob's backslash takes the next byte as it is"
is "$(s3list --state s.db --forget $'u/[\xf0-\xff]*' | jq .done.forgotten)" \
	"$(python3 -c 'import json,sys,urllib.parse; print(sum(1 for l in sys.stdin if urllib.parse.unquote_to_bytes(json.loads(l)["key"])[2] >= 0xf0))' <ugly)" \
	"a set of bytes that are no UTF-8"
receipts delivered '{}' 0004 <given | ack
is "$? $(tail -n 1 acked | jq -c '.done | [.delivered, .refused]')" "0 [$ugly,0]" "receipts for all of them are believed"
list --state s.db s3://logs/u/
is "$rc $(keys)$(total .settled)" "0 $ugly" "and none is given again"
is "$(sql 'select count(distinct key) from object') $(sql 'pragma integrity_check')" "$ugly ok" "the state has each, and is sound"

### The file: SQLite, WAL, for its owner alone
is "$(sql 'pragma journal_mode') $(stat -c %a s.db)" "wal 600" "WAL, mode 600"
like "$(sql "select pipeline, store, bucket, key, status from objects where key = 'u/*'")" 'default\|s3\|logs\|u/\*\|delivered' \
	"sqlite3 shows it to people"
rm -f s.db*

### Two names in one state
put n1
list --state s.db s3://logs/n
receipts delivered <out | ack --name one
list --state s.db --name one s3://logs/n
is "$(keys)$(total .settled)" 1 "--name: what is settled for one"
list --state s.db --name two s3://logs/n
is "$(keys)" "n1 " "is not for the other"
receipts failed <out | ack --name two
is "$(s3list --state s.db --name one --show | jq -c 'select(.state)') $(s3list --state s.db --name two --show | jq -r 'select(.state).state.is')" \
	" waiting" "--show speaks of one pipeline"
list --state s.db --name "$(printf 'n%.0s' $(seq 600))" s3://logs/n
is $rc 64 "a name that is too long is wrong usage"
rm -f s.db*

### s3list reads while s3ack writes; both may begin at once on no file
s3sim_control fill '{"bucket":"logs","prefix":"w/","count":3000,"size":1}' >/dev/null
mkfifo in
s3ack --state s.db <in >acked 2>err.ack &
acker=$!
exec 7>in
list --state s.db s3://logs/w/
is "$rc $(total .objects)" "0 3000" "beside an s3ack that has nothing yet"
receipts delivered <out >r
ok=0 last=0
for part in 500 1000 1500 2000 2500 3000; do
	sed -n "$((last + 1)),${part}p" r >&7
	until_true eval '[ "$(wc -l <acked)" -ge $part ]'
	list --state s.db s3://logs/w/
	[ "$rc $(total .objects)" = "0 $((3000 - part))" ] && ok=$((ok + 1))
	last=$part
done
is $ok 6 "each run leaves out exactly what was acknowledged by then"
tail -n 1 r >&7
exec 7>&-
wait $acker
is "$? $(cat err.ack)" "0 " "and s3ack is not disturbed"
rm -f s.db* in

### Locks: one s3list of name, prefix and shard
# held: an s3list that cannot get on, for its pipe is full.
held() {
	rm -f full
	mkfifo full
	s3list --state s.db "$@" >full 2>/dev/null </dev/null &
	holder=$!
	exec 8<full
	until_true grep -q '^State:.S' /proc/$holder/status && until_true compgen -G 's.db-s3list-*.lock' >/dev/null &&
		until_true grep -qs . s.db-s3list-*.lock
}
free_it() {
	kill -9 $holder
	wait $holder 2>/dev/null
	exec 8<&-
}
s3sim_control fill '{"bucket":"logs","prefix":"l/","count":20000,"size":1}' >/dev/null
held s3://logs/l/
refused() {
	list --state s.db "$@"
	is "$rc $(total .exit)" "75 75" "$*: refused while another lists it"
	like "$(cat err)" "process $holder" "and told whose turn it is"
}
free() {
	list --state s.db "$@"
	is "$rc" 0 "$*: is another matter"
}
refused s3://logs/l/
refused s3://logs/n s3://logs/l/
refused --since 1h s3://logs/l/
free s3://logs/l/00000000
free --name other s3://logs/l/
free --shard 0/2 s3://logs/l/
cp s.db s2.db
free --state s2.db s3://logs/l/
list s3://logs/l/
is $rc 0 "without --state there is no lock"
free_it
free s3://logs/l/
held --shard 0/2 s3://logs/l/
refused --shard 0/2 s3://logs/l/
free --shard 1/2 s3://logs/l/
free_it
free --shard 0/2 s3://logs/l/

long=$(printf 'l%.0s' $(seq 1000))
free "s3://logs/$long"
like "$(sql "select scope from lookback where length(scope) = 64")" '^[0-9a-f]{64}$' "the scope of a long prefix is a hash"
list --state s.db "s3://logs/$(printf 'l%.0s' $(seq 100000))"
is "$rc $(total .exit)" "78 78" "a prefix beyond all bounds"
like "$(cat err)" "address of a request to bucket 'logs' is too long" "is told"

### Forged receipts
list --state s.db s3://logs/n
receipts delivered <out | sed 's/"key":"n1"/"key":"n2"/' | ack
is "$? $(sql 'select count(*) from objects')" "70 0" "an id that is another object's: refused, 70"
receipts delivered '{"records":6,"rows":5}' <out | ack
is "$? $(sql 'select count(*) from objects')" "70 0" "counts that do not add up: refused, 70"
receipts delivered '{"rows":5,"records":5,"through":4}' <out | ack
is "$? $(sql 'select count(*) from objects')" "70 0" "delivered, though not all of it is settled: refused, 70"
receipts delivered <out | jq -c 'if .receipt then del(.object) else . end' | ack
is "$? $(sql 'select count(*) from objects')" "65 0" "a receipt that names no object: refused, 65"
receipts delivered <out | jq -c 'if .receipt then .receipt.status = "done" else . end' | ack
is "$? $(sql 'select count(*) from objects')" "65 0" "a status that is none: refused, 65"
receipts delivered <out | sed 's/"id":"[0-9a-f]*/"id":"0000000000000000/' | ack
is "$? $(sql 'select count(*) from objects') $(grep -c '"receipt":{' acked)" "70 0 0" "none of them is passed on"
echo '{"store":"s3","bucket":"logs","key":"never/listed","size":1,"etag":"e"}' | receipts delivered | ack
is "$? $(sql 'select key from objects')" "0 never/listed" "an object that no s3list gave may have been another lister's"
list --state s.db s3://logs/n
is "$(keys)" "n1 " "and settles nothing else"
tap_done
