#!/usr/bin/env bash
# Secrets in memory: of each filter that waits in the middle of its work, and has
# signed, asked for a token and posted, those it uses are in locked memory and
# nowhere else; those it does not use are nowhere, and none is in a helper.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
grep -qE -- '-fsanitize|--coverage' "$BUILD/flags" && skip_all 'this build is for the sanitizers or for coverage'
python3 tests/lib/memsecrets.py $$ x >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || skip_all 'only root sees the memory of others'
dir=$(mktemp -d "${TMPDIR:-/tmp}/memory.XXXXXX") || exit 1
pid=
trap '[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null; s3sim_stop; sim_stop; rm -rf "$dir"' EXIT
mkdir -p "$dir/store/logs" "$dir/m"
mksamples --objects 3 "$dir/store/logs" >/dev/null

export AWS_SECRET_ACCESS_KEY='aws/SeCrEt+kEy%41=zQ7' AWS_SESSION_TOKEN='aws/sEsSiOn+tOkEn==xK9'
SIM_SECRET='azure~SeCrEt+of/app&%41=wJ3'
ca_make "$dir/ca" || exit 1
export AWS_CA_BUNDLE=$dir/ca/ca.pem SSL_CERT_FILE=$dir/ca/ca.pem
s3sim_start --root "$dir/store" --bucket logs --tls-cert "$dir/ca/server.pem" --tls-key "$dir/ca/server.key" || exit 1
export AWS_ENDPOINT_URL_S3=https://127.0.0.1:$S3SIM_PORT
sim_start --stream Custom-AWSCloudTrail --tls-cert "$dir/ca/server.pem" --tls-key "$dir/ca/server.key" || exit 1
SIM_URL=https://127.0.0.1:$SIM_PORT
export LOGBRIDGE_SENTINEL_ENDPOINT=$SIM_URL AZURE_AUTHORITY_HOST=$SIM_URL AZURE_PASSWORD=aZuRe-PaSsWoRd-of-nobody
s3list s3://logs/ 2>/dev/null >"$dir/objects"
head -n 1 "$dir/objects" | s3fetch >"$dir/chunks" 2>/dev/null
logparse <"$dir/chunks" >"$dir/rows" 2>/dev/null
# In this order; the last two are what becomes of Azure's: the form for the token, which messages
# are rid of, and the token.
secrets=("$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" "$SIM_SECRET" "$AZURE_PASSWORD"
	'azure~SeCrEt%2Bof%2Fapp%26%2541%3DwJ3' 're:eyJ[A-Za-z0-9_-]{10,}[.][A-Za-z0-9_-]{10,}[.]')

# places PID: which secrets are in locked memory, and what is elsewhere.
places() {
	python3 tests/lib/memsecrets.py "$1" "${secrets[@]}" >"$dir/places" || return
	locked=$(sed -n 's/^locked //p' "$dir/places" | sort -u | paste -sd' ')
	elsewhere=$(grep -v '^locked' "$dir/places" | paste -sd' ')
}

# at_work FILTER FILE PATTERN [OPTION ..]: gives it the file, and waits until it
# has answered so, with its input still open.
at_work() {
	local f=$1 file=$2 pattern=$3
	shift 3
	mkfifo "$dir/in"
	rm -f "$dir/out" "$dir/err"
	"$f" --metrics "$dir/m/p" "$@" <"$dir/in" >"$dir/out" 2>"$dir/err" &
	pid=$!
	exec 7>"$dir/in"
	[ -z "$file" ] || grep -v '^{"done"' "$file" >&7
	until_true grep -qs -- "$pattern" "$dir/out" "$dir/err"
}
leave() {
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	pid=
	exec 7>&-
	rm -f "$dir/in" "$dir/out" "$dir/err"
}

for f in s3fetch logparse sentinelpost s3ack; do
	case $f in
	s3fetch) want='0 1' && at_work $f <(head -n 1 "$dir/objects") '"end":{' ;;
	logparse) want='' && at_work $f "$dir/chunks" '"end":{' ;;
	sentinelpost) want='2 4 5' && at_work $f "$dir/rows" '"status":"delivered"' --dead-letter "$dir/dead" ;;
	s3ack) want='' && at_work $f '' 'confined by' -v --log-format text --state "$dir/state.db" ;;
	esac
	ok "$f has worked, and waits" || sed 's/^/# /' "$dir/err"
	places "$pid"
	is "$locked" "$want" "$f: what it uses is in locked memory"
	is "$elsewhere" '' "$f: and nothing of it elsewhere"
	for p in $(pgrep -P "$pid"); do
		name=$(cat "/proc/$p/comm")
		places "$p"
		is "$locked$elsewhere" '' "$f: nor in its helper for $name"
	done
	leave
done

# s3list ends when it has listed, so this is in the middle of a request: the key
# is where it ought to be; libcurl has copied the token, and wipes what it can.
curl -sS --noproxy '*' --cacert "$AWS_CA_BUNDLE" -d '{"op":"LIST","times":-1,"delay_ms":60000}' \
	"$AWS_ENDPOINT_URL_S3/_control/faults" >/dev/null
at_work s3list '' 'GET\|request\|confined by' -v -v --log-format text s3://logs/
ok 's3list is at work'
secrets=("$AWS_SECRET_ACCESS_KEY")
places "$pid"
is "$locked$elsewhere" 0 's3list: its key is in locked memory, and nowhere else'
leave
tap_done
