#!/usr/bin/env bash
# Bombs: objects that unpack to a thousand times their size, lines without end,
# records and members by the million; in a bucket, as files, and on the wire.
# Each filter stays under 64 MiB, says which object it was, counts what it set
# aside, and does all the others right.
#	BOMB_MB=16 BOMB_RECORDS=20000 BOMB_MEMBERS=200000
#	how long a line, how many small records, how many members that hold nothing
# `make test` has a gigabyte and a million of each; ten million records take some
# ten minutes of CPU.
# shellcheck source=tests/lib/logparse.sh
. "$(dirname "$0")/../lib/logparse.sh"
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
[ -x /usr/bin/time ] || skip_all "/usr/bin/time is not installed"
command -v zstd >/dev/null || skip_all "zstd is not installed"
mb=${BOMB_MB:-16} many=${BOMB_RECORDS:-20000} members=${BOMB_MEMBERS:-200000}
trap 's3sim_stop; sim_stop; cleanup' EXIT
unset AWS_ENDPOINT_URL_S3 AWS_PROFILE
bucket=$tmp/root/logs
mkdir -p "$bucket" "$tmp/few/logs"

# ---- The bombs ----

# A megabyte of text that gzip makes some hundred times smaller, packed; and so
# many of them, which are members of one file.  repeat N FILE: so many copies.
head -c 6000 /dev/urandom | base64 -w0 | head -c 8000 >"$tmp/block"
repeat() { perl -e 'open F, "<", $ARGV[1]; local $/; my $x = <F>; my $k = 1 + int(1e6 / length $x);
	for (my $n = $ARGV[0]; $n > 0; $n -= $k) { print $x x ($n < $k ? $n : $k) }' "$1" "$2"; }
packed() { repeat "$1" "$tmp/mb.gz"; }
repeat 131 "$tmp/block" >"$tmp/mb"
gzip -1n <"$tmp/mb" >"$tmp/mb.gz"
long_string() { repeat "$mb" "$tmp/mb"; }
first() {
	event 1
	printf '\n'
}
last() {
	event 2
	printf '\n'
}
# around PACKER: what comes on standard input, packed already, is the one long
# string of a record between two.
around() {
	{ first && printf '{"a":"'; } | "$@"
	cat
	{ printf '"}\n' && last; } | "$@"
}
gz=(gzip -1n) zst=(zstd -q)
skippable() { printf '\x50\x2a\x4d\x18%b' "$1"; }
make_bombs() {
	local b=$bucket
	records 1 | "${gz[@]}" | tee "$b/a-good" >"$b/z-good"
	packed "$mb" | around "${gz[@]}" >"$b/line"
	{ printf 'version account-id ' | "${gz[@]}" && packed "$mb" && { echo && last; } | "${gz[@]}"; } >"$b/header"
	{ printf '#Fields: ' | "${gz[@]}" && packed "$mb" && { echo && last; } | "${gz[@]}"; } >"$b/fields"
	head -c 100M /dev/zero | tr '\0' x | gzip -9n >"$b/bomb-gzip"
	head -c 100M /dev/zero | tr '\0' x | zstd -q >"$b/bomb-zstd"
	head -c 200M /dev/zero | tr '\0' x | gzip -1n | gzip -9n >"$b/nested"
	printf x | gzip -n >"$tmp/member" && repeat 100000 "$tmp/member" | around "${gz[@]}" >"$b/members"
	gzip -n </dev/null >"$tmp/member" && repeat "$members" "$tmp/member" >"$b/nothing"
	{ first | "${gz[@]}" && cat "$b/nothing" && last | "${gz[@]}"; } >"$b/empties"
	printf x | zstd -q >"$tmp/member" && repeat 100000 "$tmp/member" | around "${zst[@]}" >"$b/frames"
	skippable '\0\0\0\0' >"$tmp/member"
	{ first | "${zst[@]}" && repeat "$members" "$tmp/member" && last | "${zst[@]}"; } >"$b/skipped"
	{ first | "${zst[@]}" && skippable '\xff\xff\xff\xff'; } >"$b/skip-cut"
	{ first && cat "$tmp/mb"; } | zstd -q --ultra --long=31 -1 >"$b/window"
	{ first && head -c 6M /dev/zero | tr '\0' '[' && echo && last; } | "${gz[@]}" >"$b/depth"
	{ first && yes '{"a":' | head -n 1000000 | tr -d '\n' && echo && last; } | "${gz[@]}" >"$b/depth-objects"
	yes '{}' | head -n "$many" | "${gz[@]}" >"$b/tiny"
	{ printf '{"Records":[%s,' "$(event 1)" && yes '{},' | head -n "$((many - 1))" && printf '{}]}'; } | "${gz[@]}" >"$b/array"
	{ event 1 ",\"x\":{\"$(head -c 100000 "$tmp/mb")\":1},\"$(head -c 100000 "$tmp/mb")\":2" && echo && last; } | "${gz[@]}" >"$b/names"
	{ first && printf '{"eventName":"x","eventID":"x","eventTime":"2026-11-20T09:00:01Z"' &&
		seq 300000 | sed 's/.*/,"k&":1/' | tr -d '\n' && printf '}\n' && last; } | "${gz[@]}" >"$b/many-names"
}
# What becomes of each: an end with records, rows and reasons of rejects, or an
# error; each behind the rows that came before it.
expected() {
	sort <<-E
		a-good end 1 1
		z-good end 1 1
		line end 3 2 too-long
		header end 2 1 too-long
		fields end 2 1 too-long
		bomb-gzip error RatioExceeded
		bomb-zstd error RatioExceeded
		nested error RatioExceeded
		members end 3 2 missing-member
		nothing end 0 0
		empties end 2 2
		frames end 3 2 missing-member
		skipped end 2 2
		skip-cut error Truncated
		window error WindowTooLarge
		depth end 4 2 bad-json truncated
		depth-objects end 3 2 bad-json
		tiny end $many $many
		array end $((many + 1)) 1 missing-member
		names end 2 2
		many-names end 3 3
	E
}

# judge: of lines of the wire, what became of each object, as above; and
# whether the numbers of its end are those of its lines.
judge() {
	perl -ne '
		my ($id) = /^\{(?:"v":1,)?"id":"([^"]*)"/ or next;
		if (/^\{"v":1,.*?"key":"([^"]*)"/) { ($key{$id} = $1) =~ s,.*/logs/,, if index($1, "/logs/") >= 0; $key{$id} //= $1; $key{$id} =~ s/%2F/\//g }
		elsif (/^.{28,150},"row":/) { $rows{$id}++ }
		elsif (/^.{28,70}"reject":\{"reason":"([a-z-]*)"/) {
			my ($reason, $head) = ($1, substr($_, 0, 400));
			$head =~ /"more":true/ or $rejects{$id}++, $why{$id}{$reason} = 1
		}
		elsif (/"error":\{.*"code":"(\w+)","(?:http":\d+,")?retry":(\w+)/) { print "$key{$id} error $1", $2 eq "true" ? " again" : "", "\n" }
		elsif (/"end":\{"format"/) {
			my %n = /"(records|skipped|rows|rejects|filtered)":(\d+)/g;
			print join(" ", $key{$id}, "end", $n{records}, $n{rows}, sort keys %{$why{$id}}), "\n";
			print "$key{$id} does not add up: $_" if $n{records} != $n{rows} + $n{rejects} || $n{rows} != ($rows{$id} // 0) || $n{rejects} != ($rejects{$id} // 0)
		}' | sort
}
# weighed NAME COMMAND ..: its peak memory goes to $tmp/peak.NAME, what it says to $tmp/err.NAME
weighed() {
	local name=$1
	shift
	/usr/bin/time -q -f %M -o "$tmp/peak.$name" "$@" 2>"$tmp/err.$name"
}
# small NAME ..: each stayed under 64 MiB
small() {
	local name
	for name; do
		tail -n 1 "$tmp/peak.$name" >"$tmp/peak"
		under_64 "$what, $name"
	done
}
# named NAME: each error names its object
named() {
	local key
	for key in bomb-gzip bomb-zstd nested skip-cut window; do
		cat "$tmp"/err.* | grep -q "error: .*$key'" || echo "$key"
	done
}

make_bombs
expected >"$tmp/expected"
s3sim_start --root "$tmp/root" --bucket logs || exit 99
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
keys=()
for f in "$bucket"/*; do
	f=${f##*/}
	keys+=("s3://logs/${f//%2F//}")
done
for raw in --raw ''; do
	what="s3fetch $raw | logparse"
	# shellcheck disable=SC2086 # none is none
	weighed s3fetch s3fetch --log-format text $raw "${keys[@]}" | weighed logparse logparse --log-format text | judge >"$tmp/got"
	is "$(cat "$tmp/got")" "$(cat "$tmp/expected")" "$what: what becomes of each"
	is "$(named)" "" "$what: errors name their objects"
	small s3fetch logparse
done
what="logparse FILE .."
rm -f "$tmp"/err.*
weighed logparse logparse --log-format text "$bucket"/* | judge >"$tmp/got"
is "$(cat "$tmp/got")" "$(cat "$tmp/expected")" "$what: what becomes of each"
is "$(named)" "" "$what: errors name their objects"
small logparse
what="logparse -"
{ first && printf '{"a":"' && long_string && printf '"}\n' && last; } |
	weighed logparse logparse --log-format text - | judge >"$tmp/got"
is "$(cat "$tmp/got")" "- end 3 2 too-long" "$what: a line of $mb MB between two"
small logparse

# ---- The whole pipe: all is settled, nothing comes twice ----

for f in "$bucket"/*; do
	case ${f##*/} in line | header | fields | tiny | array | bomb-gzip) ;; *) ln "$f" "$tmp/few/logs/" ;; esac
done
s3sim_stop
s3sim_start --root "$tmp/few" --bucket logs || exit 99
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 99
pipe() {
	weighed s3list s3list --log-format text --state "$tmp/state" s3://logs/ | weighed s3fetch s3fetch --log-format text |
		weighed logparse logparse --log-format text |
		weighed sentinelpost sentinelpost --log-format text --dead-letter "$tmp/dead" |
		weighed s3ack s3ack --log-format text --state "$tmp/state" >"$tmp/out"
}
dead_objects=$(sed -n 's/ error .*//p' "$tmp/expected" | grep -vx bomb-gzip | paste -sd' ')
# What a file of dead letters holds: objects, and records (all but parts of some)
objects_in() { grep '^{"dead"' "$1" | jq -r .key | sort | paste -sd' '; }
records_in() {
	cut -c1-1000 "$1" | grep '^{"id"' | grep -v '"more":true' | sed -E 's/.*"object":\{[^}]*"key":"([^"]*)".*/\1/' | sort | paste -sd' '
}
what="the whole pipe"
pipe
is "$?" 65 "$what: ends with 65" || cat "$tmp"/err.*
small s3list s3fetch logparse sentinelpost s3ack
objects=$(ls "$tmp/few/logs" | wc -l)
is "$(jq -c 'select(.receipt.status == "delivered").receipt | select(.dead_object or .records == .rows + .filtered + .dead)' "$tmp/out" | wc -l)" \
	"$objects" "$what: each object is delivered, records are rows and dead letters"
is "$(jq -r 'select(.receipt.dead_object).object.key' "$tmp/out" | sort | paste -sd' ')" \
	"$dead_objects" "$what: those that cannot be unpacked are dead letters"
is "$(objects_in "$tmp/dead")" \
	"$dead_objects" "$what: the file names them"
sent=$(wc -l <"$SIM_DIR/rows/AWSCloudTrail.ndjson")
is "$sent" "$(jq -s 'map(select(.receipt.status == "delivered").receipt.rows) | add' "$tmp/out")" \
	"$what: as many rows arrived as receipts say"
pipe
is "$? $(jq -c 'select(.done.stage == "s3list").done.objects' "$tmp/out") $(wc -l <"$SIM_DIR/rows/AWSCloudTrail.ndjson")" "0 0 $sent" \
	"$what: run again it finds nothing to do"
what="dead letters again"
weighed s3fetch s3fetch --log-format text <"$tmp/dead" | weighed logparse logparse --log-format text |
	weighed sentinelpost sentinelpost --log-format text --dead-letter "$tmp/dead2" >"$tmp/out"
is "$?" 65 "$what: end with 65" || cat "$tmp"/err.*
small s3fetch logparse sentinelpost
is "$(objects_in "$tmp/dead2")" \
	"$dead_objects" "$what: those objects are dead letters again"
is "$(records_in "$tmp/dead2")" "$(records_in "$tmp/dead")" "$what: and so are those records"

# ---- A line without end, between two, on each filter's input ----

long() {
	printf '{"a":"'
	long_string
	printf '"}\n'
}
s3sim_stop
s3sim_start --root "$tmp/root" --bucket logs || exit 99
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
# between COMMAND ..: the lines of $tmp/one, then a long one, then those of $tmp/two
between() {
	what="$1, a line of $mb MB"
	{ cat "$tmp/one" && long && cat "$tmp/two"; } | weighed "$1" "$@" >"$tmp/out"
	is $? 65 "$what: exit 65"
	like "$(cat "$tmp/err.$1")" 'line 2[ ,].*'"$((mb * $(stat -c %s "$tmp/mb") + 8))"' bytes' "$what: its place and length are told"
	small "$1"
}
printf '{"store":"s3","bucket":"logs","key":"a-good"}\n' >"$tmp/one"
printf '{"store":"s3","bucket":"logs","key":"z-good"}\n' >"$tmp/two"
between s3fetch --log-format text
is "$(of 'select(.end).end.bytes' | tr ' ' '\n' | wc -l)" 2 "$what: the others are fetched"
between logparse --log-format text
is "$(of 'select(.bucket).key')" "a-good z-good" "$what: the others pass"
row() { printf '{"id":"%s","n":%d,"table":"AWSCloudTrail","row":{"TimeGenerated":"2026-11-20T10:00:00Z"}}\n' "$id" "$1"; }
row 0 >"$tmp/one"
{ row 1 && echo "$done_line"; } >"$tmp/two"
between sentinelpost --log-format text --dry-run
is "$(of 'select(.plan).plan.rows')" 2 "$what: the others are planned"
receipt() {
	printf '{"id":"%s-0001","receipt":{"to":"h/dcr-1","status":"delivered","format":"f/1","records":1,"rows":1,"filtered":0,"dead":0,"through":1},"object":{"store":"s3","bucket":"b","key":"%s","etag":"e"}}\n' \
		"$(printf 's3\0b\0%s\0e' "$1" | sha256sum | cut -c1-16)" "$1"
}
receipt k1 >"$tmp/one"
done_line=${done_line/s3fetch/sentinelpost}
{ receipt k2 && echo "$done_line"; } >"$tmp/two"
between s3ack --log-format text --state "$tmp/acks"
is "$(sqlite3 "$tmp/acks" "select group_concat(key, ' ') from (select key from objects where status = 'delivered' order by key)")" \
	"k1 k2" "$what: the others are settled"

# ---- Objects by the million, on the wire ----

pair='{"v":1,"id":"'$id'","object":{"store":"s3","bucket":"b","key":"k"}}
{"id":"'$id'","end":{"format":"f/1","records":0,"skipped":0,"rows":0,"rejects":0,"filtered":0}}'
line='{"store":"s3","bucket":"b","key":"k"}'
flooded() {
	what="$2, $((many * 5)) $1"
	{ yes "$3" | head -n $((many * 5)) && echo "$done_line"; } | weighed "$2" "$2" --log-format text "${@:4}" >"$tmp/out"
	rc=$?
	small "$2"
}
flooded 'object lines' logparse "$line"
is "$rc $(wc -l <"$tmp/out")" "0 $((many * 5 + 2))" "$what: pass"
flooded 'opens and ends' logparse "$pair"
is "$rc $(wc -l <"$tmp/out")" "0 $((many * 5 + 2))" "$what: pass"
flooded 'opens and ends' sentinelpost "$pair" --dry-run
is "$rc" 0 "$what: are none too many"
flooded 'receipts' s3ack "$(receipt k1)" --state "$tmp/acks"
is "$rc $(wc -l <"$tmp/out")" "0 $((many * 5 + 2))" "$what: pass"
for ((i = 1; i <= 5000; i++)); do printf '{"v":1,"id":"%016x-0001","object":{"store":"s3","bucket":"b","key":"k%d"}}\n' "$i" "$i"; done >"$tmp/opens"
# logparse goes on, to the end of input inside those that it took.
for f in logparse 'sentinelpost --dry-run'; do
	what="$f, 5,000 open at once" name=${f%% *}
	# shellcheck disable=SC2086 # with its option
	weighed "$name" $f --log-format text <"$tmp/opens" >"$tmp/out"
	rc=$? want=65
	[ "$f" != logparse ] || want=75
	is $rc $want "$what: exit $want"
	like "$(cat "$tmp/err.$name")" 'more than 4,?096 objects' "$what: it says so"
	small "$name"
done
tap_done
