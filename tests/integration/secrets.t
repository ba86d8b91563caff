#!/usr/bin/env bash
# No secret where it does not belong: not in `ps`, not in the environment of a
# running filter, not in what it logs at any level, writes to its pipe or keeps in
# files, also when services say the secrets back; and nothing that it writes but
# the TLS connection and the token request holds one.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/secrets.XXXXXX") || exit 1
pids=()
trap 'kill "${pids[@]}" 2>/dev/null; s3sim_stop; sim_stop; rm -rf "$dir"' EXIT
mkdir -p "$dir/store/logs" "$dir/seen"
mksamples --objects 3 "$dir/store/logs" >"$dir/manifest"

# What the filters use ..
export AWS_SECRET_ACCESS_KEY='aws/SeCrEt+kEy%41=zQ7' AWS_SESSION_TOKEN='aws/sEsSiOn+tOkEn==xK9'
SIM_SECRET='azure~SeCrEt+of/app&%41=wJ3'
# .. and what they do not.
export HTTPS_PROXY='http://me:pRoXy-PaSsWoRd@127.0.0.1:9' AWS_CONTAINER_AUTHORIZATION_TOKEN='cOnTaInEr-ToKeN'
export IDENTITY_HEADER='iDeNtItY-hEaDeR' MSI_SECRET='mSi-SeCrEt' AZURE_PASSWORD='aZuRe-PaSsWoRd'
export AZURE_CLIENT_CERTIFICATE_PASSWORD='cErT-PaSsWoRd' AZURE_STORAGE_KEY='sToRaGe-KeY' AZURE_FEDERATED_TOKEN='fEdErAtEd'
secrets=("$AWS_SECRET_ACCESS_KEY" "$AWS_SESSION_TOKEN" "$SIM_SECRET" pRoXy-PaSsWoRd "$AWS_CONTAINER_AUTHORIZATION_TOKEN"
	"$IDENTITY_HEADER" "$MSI_SECRET" "$AZURE_PASSWORD" "$AZURE_CLIENT_CERTIFICATE_PASSWORD" "$AZURE_STORAGE_KEY"
	"$AZURE_FEDERATED_TOKEN")
# An access token of the simulator is a JWT.
jwt='eyJ[A-Za-z0-9_-]{10,}[.][A-Za-z0-9_-]{10,}[.]'

# Each secret as it is, percent-encoded, in hex, and in base64 at any place.
for s in "${secrets[@]}"; do
	hex=$(printf %s "$s" | od -An -tx1 | tr -d ' \n')
	printf '%s\n%s\n%s\n' "$s" "$(jq -rn --arg s "$s" '$s | @uri')" "$hex"
	for pad in '' x xx; do
		printf '%s%s' "$pad" "$s" | base64 -w0 | cut -c5- | sed 's/.\{4\}$//'
	done
done | awk 'length >= 8' | sort -u >"$dir/forms"
found() { grep -aqF -f "$dir/forms" "$@" || grep -aqE "$jwt" "$@"; }
printf 'x=%s&y' "$(jq -rn --arg s "$SIM_SECRET" '$s | @uri')" >"$dir/with"
printf 'Basic %s' "$(printf 'me:%s' "$AWS_SECRET_ACCESS_KEY" | base64 -w0)" >"$dir/with64"
found "$dir/with" && found "$dir/with64" && ! found "$dir/manifest"
ok "a secret is found where there is one"

ca_make "$dir/ca" || exit 1
export AWS_CA_BUNDLE=$dir/ca/ca.pem SSL_CERT_FILE=$dir/ca/ca.pem
s3sim_start --root "$dir/store" --bucket logs --tls-cert "$dir/ca/server.pem" --tls-key "$dir/ca/server.key" || exit 1
export AWS_ENDPOINT_URL_S3=https://127.0.0.1:$S3SIM_PORT
s3sim_control() {
	curl -sS --noproxy '*' --cacert "$AWS_CA_BUNDLE" --fail-with-body -d "${2-}" "$AWS_ENDPOINT_URL_S3/_control/$1" >/dev/null
}
sim_start --stream Custom-AWSCloudTrail --tls-cert "$dir/ca/server.pem" --tls-key "$dir/ca/server.key" || exit 1
SIM_URL=https://127.0.0.1:$SIM_PORT
export LOGBRIDGE_SENTINEL_ENDPOINT=$SIM_URL AZURE_AUTHORITY_HOST=$SIM_URL

# pipe NAME: the five, as talkative as they can be; all that they say, write and
# keep goes to $dir/seen/NAME.
pipe() {
	local to=$dir/seen/$1 f format
	for format in text json; do
		mkdir -p "$to.$format"
		(
			cd "$to.$format" || exit
			said() { local f=$1; shift; "$f" -v -v --log-format $format --metrics "$f.prom" --progress --give-up 2s "$@" 2>"$f.err"; }
			said s3list --state state.db s3://logs/ | tee s3list.out |
				said s3fetch | tee s3fetch.out | said logparse | tee logparse.out |
				said sentinelpost --dead-letter dead.ndjson | tee sentinelpost.out |
				said s3ack --state state.db >s3ack.out
			echo $? >rc
		)
	done
	rc=$(cat "$to.text/rc" "$to.json/rc" | paste -sd' ')
}
# told NAME: nothing of a secret in it.
told() {
	local file
	for file in "$dir/seen/$1".*/*; do
		if found "$file"; then
			echo "# in ${file#"$dir/seen/"}"
			return 1
		fi
	done
}

pipe well
is "$rc" "65 65" "all is well (there are dead letters)"
told well
ok "all is well: and nothing tells a secret"
[ "$(cat "$dir"/seen/well.*/*.err | grep -c debug)" -gt 50 ]
ok "though they say much"
(unset AWS_SESSION_TOKEN; pipe untoken)
told untoken
ok "a session token is missing"
(AWS_SECRET_ACCESS_KEY=aNoThEr-SeCrEt; pipe wrong-key)
like "$(cat "$dir"/seen/wrong-key.text/s3list.err)" SignatureDoesNotMatch "a wrong key: S3 sends back what was signed"
told wrong-key && ! grep -rq aNoThEr-SeCrEt "$dir/seen"
ok "a wrong key: it is not told"
(AZURE_CLIENT_SECRET=aNoThEr-SeCrEt; pipe wrong-secret)
told wrong-secret && ! grep -rq aNoThEr-SeCrEt "$dir/seen"
ok "a wrong secret: it is not told"

# Services that say back what they were sent.
echoed="you sent $AWS_SECRET_ACCESS_KEY and $AWS_SESSION_TOKEN"
s3sim_control faults "{\"op\":\"LIST\",\"times\":-1,\"status\":403,\"code\":\"$AWS_SESSION_TOKEN\",\"message\":\"$echoed\"}"
pipe echo-list
like "$(cat "$dir/seen/echo-list.text/s3list.err")" 'you sent \[redacted\] and \[redacted\]' "S3 says it back to s3list"
told echo-list
ok "s3list does not"
s3sim_control reset
s3sim_control faults "{\"op\":\"GET\",\"times\":-1,\"status\":403,\"code\":\"Odd\",\"message\":\"$echoed\"}"
pipe echo-get
like "$(cat "$dir/seen/echo-get.text/s3fetch.out")" 'you sent \[redacted\] and \[redacted\]' "S3 says it back to s3fetch"
told echo-get
ok "s3fetch does not, nor do those behind it"
s3sim_control reset
for form in "$SIM_SECRET" "$(jq -rn --arg s "$SIM_SECRET" '$s | @uri')"; do
	sim_control script "[{\"on\":\"token\",\"count\":0,\"status\":401,\"body\":{\"error\":\"invalid_client\",\"error_description\":\"you sent $form\"}}]"
	pipe echo-token
	like "$(cat "$dir/seen/echo-token.text/sentinelpost.err")" 'you sent \[redacted\]' "the token endpoint says it back"
	told echo-token
	ok "sentinelpost does not"
	sim_control reset
done

# ps and /proc/PID/environ: each filter while it waits.  What it may itself need
# later stays; what it has taken is gone.
declare -A may=([s3list]='AWS_CONTAINER_AUTHORIZATION_TOKEN|HTTPS_PROXY' [logparse]=NOTHING [s3ack]=NOTHING
	[sentinelpost]='IDENTITY_HEADER|AZURE_CLIENT_CERTIFICATE_PASSWORD|HTTPS_PROXY')
may[s3fetch]=${may[s3list]}
# clean PID FILTER: once it has started.  The shell that becomes the filter has
# another environment, and in between there is none.
clean() {
	for _ in $(seq 6000); do
		# What must not be dumped is root's alone to see.
		[ "$(id -u)" = 0 ] || [ -r "/proc/$1/environ" ] || return 0
		if [ "$(cat "/proc/$1/comm")" = "$2" ] &&
			tr '\0' '\n' <"/proc/$1/environ" >"$dir/environ" && grep -q '^PATH=' "$dir/environ"; then
			grep -vE "^(${may[$2]})=" "$dir/environ" >"$dir/others"
			found "$dir/others" || return 0
		fi
		sleep 0.02
	done
	grep -aF -f "$dir/forms" "$dir/others" | sed 's/=.*//; s/^/# /'
	return 1
}
s3sim_control faults '{"op":"LIST","times":-1,"delay_ms":60000}'
for f in s3list s3fetch logparse sentinelpost s3ack; do
	mkfifo "$dir/in"
	case $f in
	s3list) exec 7<>"$dir/in"; s3list s3://logs/ >/dev/null 2>"$dir/err" & ;;
	*) "$f" <"$dir/in" >/dev/null 2>"$dir/err" & exec 7>"$dir/in" ;;
	esac
	pids=($!)
	clean "${pids[0]}" "$f"
	ok "$f: no secret in its environment" || sed 's/^/# /' "$dir/err"
	tr '\0' ' ' <"/proc/${pids[0]}/cmdline" >"$dir/cmdline"
	! found "$dir/cmdline" && grep -q "$f" "$dir/cmdline"
	ok "$f: nor in ps"
	kill -9 "${pids[0]}"
	wait "${pids[0]}" 2>/dev/null
	pids=()
	exec 7>&-
	rm -f "$dir/in"
done
s3sim_control reset

# Every write, seen from the kernel.  Strings in hex; -yy says what a descriptor is.
traced() {
	local f=$1
	shift
	# Leaks cannot be looked for where somebody else traces.
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 strace -f -qq -yy -xx -s 4000000 -o "$dir/$trace.$f" \
		-e trace=write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg "$f" "$@" 2>>"$dir/err"
}
# escaped TEXT: as strace -xx writes it
escaped() { printf %s "$1" | od -An -v -tx1 | tr -d '\n' | sed 's/ /\\x/g'; }
for s in "${secrets[@]}"; do
	escaped "$s"
	echo
	escaped "$(jq -rn --arg s "$s" '$s | @uri')"
	echo
done | sort -u >"$dir/escaped"
escaped 'Bearer eyJ' >"$dir/bearer"
echo >>"$dir/bearer"
trace=tls
if [ "$(id -u)" != 0 ] || ! strace -f -qq -o /dev/null true 2>/dev/null; then
	skip "strace cannot trace here, or who is not root cannot see what descriptors are" "writes"
	tap_done
	exit
fi
strike() {
	rm -f "$dir"/state.db*
	traced s3list -v -v --state "$dir/state.db" s3://logs/ | traced s3fetch -v -v | traced logparse -v -v |
		traced sentinelpost -v -v --dead-letter "$dir/dead" | traced s3ack -v -v --state "$dir/state.db" >"$dir/out"
	rc=$?
}
strike
is "$rc $(jq -s 'map(select(.receipt)) | length' "$dir/out")" "65 $(wc -l <"$dir/manifest")" "under strace, with TLS"
for f in s3list s3fetch logparse sentinelpost s3ack; do
	[ -s "$dir/tls.$f" ] && ! grep -qF -f "$dir/escaped" "$dir/tls.$f" && ! grep -qF -f "$dir/bearer" "$dir/tls.$f"
	ok "$f: no write holds a secret"
done
s3sim_stop
sim_stop

# Without TLS a socket shows what goes through it: of S3 the signature, never the
# secret; the client's secret in the token request alone, the token in requests.
unset AWS_SESSION_TOKEN
s3sim_start --root "$dir/store" --bucket logs || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1
trace=plain
strike
is "$rc" 65 "under strace, without TLS"
for f in s3list s3fetch logparse s3ack; do
	[ -s "$dir/plain.$f" ] && ! grep -qF -f "$dir/escaped" "$dir/plain.$f"
	ok "$f: no write holds a secret"
done
grep -F -f "$dir/escaped" "$dir/plain.sentinelpost" >"$dir/with"
is "$(wc -l <"$dir/with") $(grep -c "$(escaped grant_type=client_credentials | sed 's/\\/\\\\/g')" "$dir/with")" "1 1" \
	"sentinelpost: one write holds the secret, the token request"
grep -F -f "$dir/bearer" "$dir/plain.sentinelpost" >"$dir/with"
is "$(grep -vcE '(sendto|sendmsg|write|writev)\([0-9]+<TCP' "$dir/with")" 0 "sentinelpost: the token goes to a socket"
[ -s "$dir/with" ]
ok "sentinelpost: and there it is seen"
tap_done
