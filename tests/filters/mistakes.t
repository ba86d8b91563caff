#!/usr/bin/env bash
# What new users get wrong: each mistake ends with its exit code, and is told
# with what failed, on what, what the service said, and what to do about it.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/mistakes.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT

mkdir -p "$dir/store/logs" "$dir/folder" "$dir/said"
mksamples --objects 3 --no-odd "$dir/store/logs" >"$dir/manifest"
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1
key=$(jq -r .key "$dir/manifest" | head -n 1)
cp "$dir/store/logs/$(jq -r .file "$dir/manifest" | head -n 1)" "$dir/x.json.gz"
logparse "$dir/x.json.gz" >"$dir/rows.ndjson"
cp /bin/true "$dir/binary"

# mistake NAME EXIT COMMAND ERE...: COMMAND as a user types it, in the folder.
# What it said is judged later, of many at once: jq takes longer to start.
names=() codes=() want_codes=() plains=() patterns=()
mistake() {
	local rc=0 ere
	err=$dir/said/${#names[@]}
	(cd "$dir" && exec timeout 600 bash -c "$3") >"$dir/out" 2>"$err" </dev/null || rc=$?
	names+=("$1") codes+=("$rc") want_codes+=("$2") plains+=("${plain:-}")
	shift 3
	printf -v ere '%s\n' "$@"
	patterns+=("$ere")
}

# judge: those since the last time.
judge() {
	local n file text pattern
	local -A said=()
	while IFS= read -r -d '' file && IFS= read -r -d '' text; do
		said[${file##*/}]+=$text
	done < <(jq -jR '"\(input_filename)\u0000" + (fromjson | "\(.level): \(.message)\n\u0000")' "$dir"/said/*)
	for n in "${!names[@]}"; do
		text=${said[$n]-}
		is "${codes[n]}" "${want_codes[n]}" "${names[n]}: exit ${want_codes[n]}" ||
			printf '%s\n' "$text" | head -n 5 | sed 's/^/# /'
		while IFS= read -r pattern; do
			[ -z "$pattern" ] || like "$text" "$pattern" "${names[n]}: /$pattern/"
		done <<<"${patterns[n]}"
		# The advice comes after what it is about.
		[ "${plains[n]}" ] || like "$text" $'(error|warning): [^\n]+\n(.*\n)?hint: ' "${names[n]}: and what to do"
		text=$(<"$dir/said/$n")
		[[ $text != *"$AZURE_CLIENT_SECRET"* && $text != *"$AWS_SECRET_ACCESS_KEY"* ]]
		ok "${names[n]}: without a secret"
	done
	rm "$dir"/said/*
	names=() codes=() want_codes=() plains=() patterns=()
}

### Addresses
mistake "no prefix" 64 's3list' 's3://BUCKET/PREFIX'
mistake "a bucket's name alone" 64 's3list logs' "'logs'" 'hint: .*s3://'
mistake "a web address" 64 's3list https://logs.s3.amazonaws.com/AWSLogs/' "'https://logs.s3" 'hint: .*s3://'
mistake "an ARN" 64 's3list arn:aws:s3:::logs' "'arn:aws:s3:::logs'" 'hint: .*s3://'
mistake "no bucket" 64 's3list s3:///AWSLogs/' "'s3:///AWSLogs/'.*bucket"
mistake "a bucket that is not there" 78 's3list s3://no-such-bucket/' \
	"cannot list 's3://no-such-bucket/'.*NoSuchBucket.*request id" 'hint: .*bucket'
mistake "a prefix where nothing is" 0 's3list s3://logs/AWSLogz/' "warning: .*'s3://logs/AWSLogz/'" 'hint: .*slash'
mistake "a leading slash" 0 's3list s3://logs//AWSLogs/' "'s3://logs//AWSLogs/'" 'hint: .*slash'
mistake "two prefixes, one in the other" 64 's3list s3://logs/ s3://logs/AWSLogs/' 'overlap'
mistake "a key without its bucket" 64 's3fetch AWSLogs/x.json.gz' "'AWSLogs/x.json.gz'" 'hint: .*s3://'
mistake "a bucket where an object is wanted" 64 's3fetch s3://logs/' "'s3://logs/'.*object" 'hint: .*s3list'
mistake "lines that are keys" 65 'echo AWSLogs/x.json.gz | s3fetch' 'line 1 ' 'hint: .*s3://bucket/key'
mistake "an object address for logparse" 74 "logparse 's3://logs/x'" "'s3://logs/x'" 'hint: .*s3fetch'
judge

### Endpoints
mistake "an endpoint without https" 64 's3list --endpoint s3.amazonaws.com s3://logs/' "'s3.amazonaws.com'" 'hint: .*https://'
mistake "the same in the environment" 78 'AWS_ENDPOINT_URL_S3=s3.amazonaws.com s3list s3://logs/' "'s3.amazonaws.com'" 'hint: .*https://'
mistake "plain http to a store elsewhere" 78 's3list --endpoint http://192.0.2.1 s3://logs/' 'http' 'hint: .*--allow-http'
mistake "a bucket in the endpoint" 78 "s3list --endpoint $S3SIM_URL/logs s3://logs/" "cannot list 's3://logs/'.*404" 'hint: .*--endpoint'
# A newer libmicrohttpd hangs up where this one answers in plain text; that
# looks like any broken connection.
if curl -sSk --noproxy '*' "${S3SIM_URL/http/https}" 2>&1 | grep -q 'wrong version'; then
	mistake "https to a plain port" 78 "s3list --endpoint ${S3SIM_URL/http/https} s3://logs/" 'TLS' 'hint: .*http'
else
	skip "this libmicrohttpd hangs up" "https to a plain port"
fi
mistake "a region that is none" 64 "s3list --region 'eu west' s3://logs/" "'eu west'" 'hint: .*eu-west-1'
mistake "nobody there" 69 'LB_CLOCK_SPEED=100 $BUILD/testbin/s3list --give-up 5s --endpoint https://127.0.0.1:1 s3://logs/' \
	'127.0.0.1 port 1' 'gave up' 'hint: .*HTTPS_PROXY'
mistake "an endpoint that only s3list knows" 78 's3list s3://logs/ | env -u AWS_ENDPOINT_URL_S3 s3fetch' \
	"names the endpoint '$S3SIM_URL'" 'hint: .*--endpoint'
judge

### Credentials
mistake "no AWS key" 77 'env -u AWS_ACCESS_KEY_ID s3list s3://logs/' 'AWS_ACCESS_KEY_ID is not set'
mistake "no AWS secret" 77 'env -u AWS_SECRET_ACCESS_KEY s3list s3://logs/' 'AWS_SECRET_ACCESS_KEY is not set'
mistake "an AWS secret with a newline" 77 'AWS_SECRET_ACCESS_KEY=abcdefgh$'"'\\n'"' s3list s3://logs/' 'AWS_SECRET_ACCESS_KEY' 'hint: .*newline'
mistake "an AWS key of somebody else" 77 "AWS_ACCESS_KEY_ID=AKIDOTHER s3fetch s3://logs/x" \
	"cannot get 's3://logs/x': 403 InvalidAccessKeyId.*request id" 'hint: .*AWS_ACCESS_KEY_ID'
mistake "a wrong AWS secret" 77 'AWS_SECRET_ACCESS_KEY=wrong-wrong s3list s3://logs/' 'SignatureDoesNotMatch' 'hint: .*AWS_SECRET_ACCESS_KEY'
for v in AZURE_TENANT_ID AZURE_CLIENT_ID AZURE_CLIENT_SECRET; do
	mistake "no $v" 77 "env -u $v sentinelpost <rows.ndjson" "$v is not set" "hint: .*$v"
done
mistake "an empty secret" 77 'AZURE_CLIENT_SECRET= sentinelpost <rows.ndjson' 'AZURE_CLIENT_SECRET is not set'
mistake "a tenant that is none" 77 "AZURE_TENANT_ID='my tenant' sentinelpost <rows.ndjson" 'AZURE_TENANT_ID' 'hint: .*tenant'
mistake "another tenant" 78 'AZURE_TENANT_ID=contoso.example sentinelpost <rows.ndjson' 'AADSTS90002' 'hint: .*AZURE_TENANT_ID'
mistake "another application" 77 'AZURE_CLIENT_ID=00000000-0000-0000-0000-000000000009 sentinelpost <rows.ndjson' \
	'AADSTS700016' 'hint: .*AZURE_CLIENT_ID'
mistake "the secret's id for its value" 77 'AZURE_CLIENT_SECRET=0b1c9f4e-8f0a-4a56-9d2b-6a7d3c1e5f20 sentinelpost <rows.ndjson' \
	'AADSTS7000215' "hint: .*AZURE_CLIENT_SECRET.*not its id"
mistake "a secret with a newline" 77 'AZURE_CLIENT_SECRET="$AZURE_CLIENT_SECRET"$'"'\\n'"' sentinelpost <rows.ndjson' \
	'AZURE_CLIENT_SECRET' 'hint: .*newline'
mistake "an authority of another cloud" 78 'AZURE_AUTHORITY_HOST=https://login.microsoftonline.us sentinelpost --endpoint https://x.ingest.monitor.azure.com <rows.ndjson' \
	"'login.microsoftonline.us'.*'x.ingest.monitor.azure.com'" 'hint: .*login.microsoftonline.com'
judge

### The destination
mistake "no endpoint" 64 'env -u LOGBRIDGE_SENTINEL_ENDPOINT sentinelpost <rows.ndjson' 'endpoint' 'hint: .*LOGBRIDGE_SENTINEL_ENDPOINT.*logsIngestion'
mistake "an empty one" 64 'LOGBRIDGE_SENTINEL_ENDPOINT= sentinelpost <rows.ndjson' 'endpoint' 'hint: .*LOGBRIDGE_SENTINEL_ENDPOINT'
mistake "no rule" 64 'env -u LOGBRIDGE_SENTINEL_RULE sentinelpost <rows.ndjson' 'rule' 'hint: .*LOGBRIDGE_SENTINEL_RULE.*immutableId'
mistake "an endpoint that is a host" 64 'sentinelpost --endpoint x.ingest.monitor.azure.com <rows.ndjson' "'x.ingest" 'hint: .*logsIngestion'
mistake "an endpoint with a path" 64 'sentinelpost --endpoint https://x.ingest.monitor.azure.com/dataCollectionRules <rows.ndjson' \
	'dataCollectionRules' 'hint: .*without a path'
mistake "an endpoint without TLS" 64 'sentinelpost --endpoint http://x.ingest.monitor.azure.com <rows.ndjson' 'has no TLS' 'hint: .*https://'
mistake "an endpoint elsewhere" 78 'env -u AZURE_AUTHORITY_HOST sentinelpost --endpoint https://logs.example.com <rows.ndjson' \
	"'logs.example.com'" 'hint: .*ingest.monitor.azure.com'
mistake "a rule's name for its id" 64 'sentinelpost --rule logbridge <rows.ndjson' "'logbridge'" 'hint: .*immutableId'
mistake "a rule's id without dcr-" 64 'sentinelpost --rule 0123456789abcdef0123456789abcdef <rows.ndjson' "'0123456789abcdef" 'hint: .*immutableId'
mistake "a rule's path in Azure" 64 \
	'sentinelpost --rule /subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/dataCollectionRules/r <rows.ndjson' 'hint: .*immutableId'
mistake "another rule" 78 'sentinelpost --rule dcr-ffffffffffffffffffffffffffffffff <rows.ndjson' 'dcr-ffff.*404.*request-id' 'hint: .*immutable id'
mistake "a stream that the rule does not have" 78 'sentinelpost --stream AWSCloudTrail=Custom-Other <rows.ndjson' \
	"'Custom-Other'.*404" 'hint: .*--stream'
mistake "a stream without its table" 64 'sentinelpost --stream Custom-Other <rows.ndjson' "'Custom-Other'" 'hint: .*TABLE=NAME'
mistake "two streams for a table" 64 'sentinelpost --stream T=Custom-A --stream T=Custom-B <rows.ndjson' "'T'" 'hint: '
mistake "--bare without a stream" 64 'sentinelpost --bare <rows.ndjson' '--bare' 'hint: .*--stream'
mistake "a file where input stands" 64 'sentinelpost rows.ndjson' "'rows.ndjson'" 'hint: .*< *rows.ndjson|hint: .*standard input'
judge

### What is between
for proxy in 'ht!tp://x' 'http://' 'ftp://proxy.example' 'http://u:hush@pro xy'; do
	mistake "HTTPS_PROXY=$proxy" 78 "HTTPS_PROXY='$proxy' s3list s3://logs/" 'HTTPS_PROXY is no address of a proxy' 'hint: .*http://'
	! grep -q hush "$err"
	ok "HTTPS_PROXY=$proxy: is not told"
done
# Who looks up the store's name, and where a proxy without a port is.
for proxy in http://localhost=1080 https://localhost=443 socks4a://localhost:1=1 socks5h://localhost=1080 localhost:1=1; do
	mistake "the proxy ${proxy%=*} is asked" 69 "LB_CLOCK_SPEED=100 HTTPS_PROXY=${proxy%=*} \$BUILD/testbin/s3list --give-up 5s --endpoint https://store.invalid s3://logs/" \
		"localhost port ${proxy#*=} " 'hint: .*HTTPS_PROXY'
done
for proxy in socks4://localhost:1 socks5://localhost:1; do
	mistake "the proxy $proxy takes addresses" 69 "LB_CLOCK_SPEED=100 HTTPS_PROXY=$proxy \$BUILD/testbin/s3list --give-up 5s --endpoint https://store.invalid s3://logs/" \
		"could not resolve host 'store.invalid'" 'hint: '
done
mistake "a proxy that is down" 69 'LB_CLOCK_SPEED=100 HTTPS_PROXY=http://127.0.0.1:1 $BUILD/testbin/s3list --give-up 5s --endpoint https://192.0.2.1 s3://logs/' \
	'proxy|127.0.0.1 port 1' 'hint: .*HTTPS_PROXY'
mistake "a proxy that refuses" 69 "LB_CLOCK_SPEED=100 HTTPS_PROXY=$S3SIM_URL \$BUILD/testbin/s3list --give-up 5s --endpoint https://192.0.2.1 s3://logs/" \
	'CONNECT tunnel failed, response [0-9]+' 'hint: .*HTTPS_PROXY'
judge

### Pipes
mistake "a raw log into logparse" 65 'zcat x.json.gz | logparse' 'no line of the wire' 'hint: .*logparse -'
mistake "a raw log into sentinelpost" 65 'zcat x.json.gz | sentinelpost' 'no line of the wire' 'hint: .*logparse'
mistake "a packed log into sentinelpost" 65 'sentinelpost <x.json.gz' 'no line of the wire' 'hint: .*logparse'
mistake "bare rows into sentinelpost" 65 'logparse --rows x.json.gz | sentinelpost' 'no line of the wire' 'hint: .*--bare'
mistake "a raw log into s3fetch" 65 's3fetch <x.json.gz' 'no line of the wire' 'hint: .*logparse -'
mistake "no s3fetch and no logparse" 65 's3list s3://logs/ | sentinelpost' 'object line' 'hint: .*s3fetch \| logparse'
mistake "no s3fetch" 65 's3list s3://logs/ | logparse | sentinelpost' 'object line' 'hint: .*s3fetch \| logparse'
mistake "no logparse" 65 's3list s3://logs/ | s3fetch | sentinelpost' 'is logparse missing' 'hint: .*logparse \| sentinelpost'
mistake "no sentinelpost" 75 's3ack --state state.db <rows.ndjson' 'destination' 'hint: .*sentinelpost'
mistake "a packed log into s3ack" 65 "s3ack <x.json.gz" "no line of the wire" "hint: .*sentinelpost"
mistake "nothing before s3ack" 75 's3ack --state state.db' 'done line' 'hint: .*again'
mistake "receipts that are not kept" 0 'sentinelpost <rows.ndjson | s3ack' 'warning: .*--state' 'hint: .*same'
mistake "no dead-letter file, and dead records" 75 \
	'printf "{\"eventVersion\":1.}\n" | logparse --format cloudtrail - | sentinelpost' 'dead' 'hint: .*--dead-letter'
judge

### Files and folders
mistake "no folder for the state" 78 's3list --state nowhere/state.db s3://logs/' "'nowhere/state.db" 'No such file' 'hint: .*folder'
mistake "the same for s3ack" 78 'sentinelpost <rows.ndjson | s3ack --state nowhere/state.db' "'nowhere/state.db'" 'hint: .*folder'
mistake "a folder for the state" 78 's3list --state folder s3://logs/' "'folder'" 'hint: .*file'
mistake "the same for s3ack" 78 'sentinelpost <rows.ndjson | s3ack --state folder' "'folder'" 'hint: .*file'
mistake "another file for the state" 78 's3list --state rows.ndjson s3://logs/' "'rows.ndjson'.*not a database" 'hint: .*--state'
mistake "a program for the state" 78 'sentinelpost <rows.ndjson | s3ack --state binary' "'binary'.*not a database" 'hint: .*--state'
mistake "the state of nobody" 64 's3list --show' '--state' 'hint: '
mistake "no folder for dead letters" 78 'sentinelpost --dead-letter nowhere/dead <rows.ndjson' "'nowhere/dead'.*No such file" 'hint: .*folder'
mistake "a folder for dead letters" 78 'sentinelpost --dead-letter folder <rows.ndjson' "'folder'.*directory" 'hint: .*file'
mistake "a folder that cannot be written" 74 'sentinelpost --dead-letter /sys/dead <rows.ndjson' "'/sys/dead'" 'hint: .*writ'
mistake "a device for dead letters" 78 'sentinelpost --dead-letter /dev/null <rows.ndjson' "'/dev/null'" 'hint: .*file'
mistake "no folder for metrics" 74 'logparse --metrics nowhere/m x.json.gz' "'nowhere/m'.*No such file" 'hint: .*folder'
ln -s /dev/null "$dir/null"
mistake "a device for metrics" 74 'logparse --metrics null x.json.gz' "'null'.*not a regular file" 'hint: .*replaces'
[ -L "$dir/null" ]
ok "a device for metrics: which stays"
mistake "a name for metrics that is too long" 74 "logparse --metrics $(printf '%04096d' 0) x.json.gz" 'cannot write metrics' 'hint: '
mistake "a folder for metrics" 74 's3list --metrics folder s3://logs/' "'folder'.*not a regular file" 'hint: .*replaces'
mistake "no folder to save in" 78 "s3fetch --save nowhere 's3://logs/$key'" "'nowhere'.*No such file" 'hint: .*folder'
plain=1 mistake "a log that is not there" 74 'logparse y.json.gz' "'y.json.gz'.*No such file"
mistake "a folder of logs" 74 'logparse folder' "'folder'.*directory" 'hint: .*/\*'
mistake "a file that is no log" 65 'logparse --rows binary' "'.*/binary'.*unknown-format" 'hint: .*--list-formats'
mistake "a format that is not known" 64 'logparse --format cloudtrial x.json.gz' "'cloudtrial'" 'hint: .*--list-formats'
plain=1 mistake "a format file that is not there" 74 'logparse --format-file f x.json.gz' "'f'.*No such file"
mistake "a format file that is none" 78 'logparse --format-file rows.ndjson x.json.gz' "'rows.ndjson', line 1" 'hint: .*logparse'
mistake "no certificates" 78 'sentinelpost --ca nowhere <rows.ndjson' "'nowhere'.*No such file" 'hint: .*PEM'
mistake "more jobs than files can be open" 78 "ulimit -n 40; s3fetch --jobs 64 's3://logs/$key'" '64 connections.*40' 'hint: .*ulimit.*--jobs'
mistake "no files can be open" 78 'ulimit -n 16; sentinelpost <rows.ndjson' '9 connections.*16' 'hint: .*ulimit.*--jobs'
plain=1 mistake "a limit that can be raised" 0 "ulimit -Sn 20; s3fetch --jobs 64 's3://logs/$key' | tail -n 1"
judge

### Options
mistake "a typo" 64 's3list --sicne 1h s3://logs/' "'--sicne'" 'hint: .*--help'
mistake "half an option" 64 's3list --sinc 1h s3://logs/' "'--sinc'" 'hint: .*--since'
mistake "an option of later" 64 's3list --follow s3://logs/' "'--follow'" 'hint: .*--help'
mistake "options after the prefix" 64 's3list s3://logs/ --since 1h' "'--since'" 'hint: .*before'
mistake "options after a file" 64 'logparse x.json.gz --rows' "'--rows'" 'hint: .*before'
mistake "an option without its value" 64 's3list s3://logs/ --state' "'--state'" 'hint: .*before'
mistake "a time without a meaning" 64 's3list --since yesterday s3://logs/' "--since .*'yesterday'" 'hint: .*2026-01-02T03:04:05Z.*24h'
mistake "a date without dashes" 64 's3list --since 20260102 s3://logs/' "--since .*'20260102'" 'hint: .*2026-01-02'
mistake "a time without a zone" 64 's3list --since 2026-01-02T03:04:05 s3://logs/' "'2026-01-02T03:04:05'" 'hint: .*03:04:05Z'
mistake "an age in weeks" 64 's3list --since 1w s3://logs/' "'1w'" 'hint: .*24h'
mistake "the later time first" 64 's3list --since 1h --until 2h s3://logs/' '--since .*--until' 'hint: '
mistake "a duration without a meaning" 64 'sentinelpost --linger soon <rows.ndjson' "--linger .*'soon'" 'hint: .*ms, s, m, h or d'
mistake "a duration beyond the limit" 64 'sentinelpost --linger 2h <rows.ndjson' "--linger .*'2h'" 'hint: .*at most 300s'
mistake "a size with another unit" 64 "s3fetch --memory 64MB 's3://logs/$key'" "--memory .*'64MB'" 'hint: .*K, M or G'
mistake "a size that is too small" 64 "s3fetch --memory 64 's3://logs/$key'" "--memory .*'64'" 'hint: .*24M'
mistake "a number beyond the limit" 64 "s3fetch --jobs 5000 's3://logs/$key'" "--jobs .*'5000'" 'hint: .*1 to 1024'
mistake "a number that is none" 64 's3list --jobs many s3://logs/' "--jobs .*'many'" 'hint: .*1 to '
mistake "a shard that counts from 1" 64 's3list --shard 4/4 s3://logs/' "--shard .*'4/4'" 'hint: .*0/4'
mistake "a glob that does not end" 64 "s3list --include '[a' s3://logs/" "--include '\[a'" 'hint: '
mistake "a level that is no number" 64 'sentinelpost --compress 6x <rows.ndjson' "--compress .*'6x'" 'hint: '
mistake "a level below none" 64 'sentinelpost --compress -1 <rows.ndjson' "--compress .*'-1'" 'hint: '
mistake "no such way with what is missing" 64 'sentinelpost --missing maybe <rows.ndjson' "--missing .*'maybe'" 'hint: '
mistake "a rule that is none, in the environment" 64 'LOGBRIDGE_SENTINEL_RULE=dcr/1 sentinelpost <rows.ndjson' "'dcr/1'" 'hint: '
mistake "a level that is none" 64 'sentinelpost --compress 20 <rows.ndjson' "--compress .*'20'" 'hint: '
mistake "a limit of later" 64 'sentinelpost --limit packed <rows.ndjson' "--limit .*'packed'" 'hint: '
mistake "destinations without a state" 64 's3ack --need 2 <rows.ndjson' '--need' 'hint: '
judge

# A certificate of nobody's.
sim_stop
SIM_TLS=1 sim_start --stream Custom-AWSCloudTrail || exit 1
mistake "a certificate that is not trusted" 78 'sentinelpost <rows.ndjson' 'certificate|TLS|SSL' 'hint: .*--ca'
mistake "a folder of certificates" 78 'sentinelpost --ca folder <rows.ndjson' "'folder'.*Is a directory" 'hint: .*PEM'
mistake "certificates that are none" 78 'sentinelpost --ca rows.ndjson <rows.ndjson' 'rows.ndjson|certificate' 'hint: .*--ca|hint: .*PEM'
sentinelpost --ca "$SIM_CA" <"$dir/rows.ndjson" >/dev/null 2>"$dir/err"
is "$? $(cat "$dir/err")" "0 " "and with it, all is well"
judge
tap_done
