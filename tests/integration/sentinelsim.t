#!/usr/bin/env bash
# Holds the Sentinel simulator to each rule it claims to enforce, from
# outside, with curl.  README.md beside the simulator lists the rules.
set -u
cd "$(dirname "$0")/../.." || exit
: "${BUILD:=build}"
. tests/lib/tap.sh
. tests/lib/sentinelsim.sh

tmp=$(mktemp -d "${TMPDIR:-/tmp}/sentinelsim-t.XXXXXX")
trap 'sim_stop; rm -rf "$tmp"' EXIT
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)

# What a test declares: an open stream, and one with every column type.
cat >"$tmp/typed.json" <<'J'
{"table":"Typed_CL","columns":[
 {"name":"TimeGenerated","type":"datetime"},{"name":"s","type":"string"},
 {"name":"i","type":"int"},{"name":"l","type":"long"},{"name":"r","type":"real"},
 {"name":"b","type":"boolean"},{"name":"t","type":"dateTime"},
 {"name":"d","type":"dynamic"},{"name":"g","type":"guid"},
 {"name":"TenantId","type":"string","standard":true}]}
J

# call URL [curl option ...]: fills status, head, body, rc.
call() {
	local url=$1
	shift
	rc=0
	status=$(curl -sS --noproxy '*' -m 60 ${SIM_CA:+--cacert "$SIM_CA"} -D "$tmp/head" -o "$tmp/body" \
		-w '%{http_code}' "$@" "$url" 2>"$tmp/curl") || rc=$?
	head=$(tr -d '\r' <"$tmp/head" 2>/dev/null)
	body=$(tr -d '\0' <"$tmp/body" 2>/dev/null)
}
header() { sed -n "s/^$1: //Ip" <<<"$head"; }

# post BODY [curl option ...]: to $stream of $rule with a good token.
post() {
	local data=$1
	shift
	: >"$tmp/head"
	: >"$tmp/body"
	printf '%s' "$data" >"$tmp/data"
	call "$SIM_URL/dataCollectionRules/${rule:-$SIM_RULE}/streams/${stream:-Custom-Open_CL}?${query-api-version=2023-01-01}" \
		-K "$tmp/auth" -H "Content-Type: ${type-application/json}" --data-binary "@${file:-$tmp/data}" "$@"
}

# Keep tokens out of command lines.
auth() { printf 'header = "Authorization: %s"\n' "$1" >"$tmp/auth"; }
fresh() { auth "Bearer $(sim_token)"; }

# refused STATUS CODE NAME: was the last call an error of the right shape?
refused() {
	is "$status $(jq -r '.error.code' <<<"$body" 2>/dev/null)" "$1 $2" "$3: $1 $2"
	is "$(header x-ms-error-code)" "$2" "$3: x-ms-error-code"
	is "$(jq -c '.error|[(.message|type),(.details|type)]' <<<"$body")" '["string","array"]' "$3: message and details"
}

row="{\"TimeGenerated\":\"$now\",\"a\":1}"
guid='^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$'

# --- starting ---------------------------------------------------------------
sim=$BUILD/fakes/sentinelsim
start_rc() { AZURE_CLIENT_SECRET=x "$sim" "$@" >/dev/null 2>"$tmp/err"; echo $?; }
is "$("$sim" --help >/dev/null; echo $?)" 0 '--help'
is "$(start_rc)" 64 'nothing declared is a usage error'
is "$(start_rc --nonsense)" 64 'unknown option'
is "$(start_rc --stream Custom-A --port 70000)" 64 'port out of range'
is "$(start_rc --stream Custom-A operand)" 64 'operand'
is "$(start_rc --stream Custom-A --tls-cert x)" 64 'certificate without key'
is "$(start_rc --stream Custom-A --faults 429=5)" 64 'a share without %'
is "$(start_rc --stream Custom-A --faults nonsense=5%)" 64 'unknown fault'
is "$(start_rc --stream Custom-A --faults 429=60%,503=60%)" 64 'over 100%'
is "$(start_rc --config /nonexistent)" 78 'no configuration file'
is "$(start_rc --stream Custom-../etc/x)" 78 'a table that names no file'
bad_config() {
	printf '%s' "$1" >"$tmp/bad.json"
	is "$(start_rc --config "$tmp/bad.json")" 78 "configuration: $2"
}
id=dcr-00000000000000000000000000000001
bad_config '{' 'no JSON'
bad_config '{}' 'no rules'
bad_config '{"rules":[{"id":"dcr-1","streams":{}}]}' 'an id that is none'
bad_config "{\"rules\":[{\"id\":\"$id\",\"streams\":{\"Custom-A\":{}}}]}" 'no columns'
bad_config "{\"rules\":[{\"id\":\"$id\",\"streams\":{\"Custom-A\":{\"columns\":[{\"name\":\"x\",\"type\":\"decimal\"}]}}}]}" 'unknown type'
bad_config "{\"rules\":[{\"id\":\"$id\",\"streams\":{}},{\"id\":\"$id\",\"streams\":{}}]}" 'a rule twice'
bad_config "$(jq -nc --arg id $id '{rules:[{id:$id,streams:([range(11)|{key:"Custom-\(.)",value:{columns:[]}}]|from_entries)}]}')" 'eleven streams'
bad_config "{\"rules\":[{\"id\":\"$id\",\"streams\":{\"Custom-A_CL\":{\"columns\":[{\"name\":\"$(printf 'x%.0s' {1..46})\",\"type\":\"int\"}]}}}]}" 'a name of 46 characters in a custom table'

columns_config() { bad_config "{\"rules\":[{\"id\":\"$id\",\"streams\":{\"Custom-A_CL\":{\"columns\":[{\"name\":\"$1\",\"type\":\"int\"}]}}}]}" "a column named '$1'"; }
for name in '' 1a _a a-b 'a b' é RawData TenantId Title id; do columns_config "$name"; done
is "$(start_rc --stream Microsoft-Syslog)" 78 'a stream whose name does not begin with Custom-'
cat >"$tmp/aux.json" <<'J'
{"table":"Aux_CL","plan":"Auxiliary","columns":[{"name":"TimeGenerated","type":"datetime"},
 {"name":"s","type":"string"},{"name":"d","type":"dynamic"}]}
J
cat >"$tmp/config.json" <<J
{"rules":[{"id":"$id","granted":false,"streams":{"Custom-Typed":{"columns_file":"typed.json"}}}]}
J
ca_app "$tmp/app" || exit
ca_app "$tmp/other" || exit
openssl genrsa -out "$tmp/idp.key" 2048 2>/dev/null
openssl rsa -in "$tmp/idp.key" -pubout -out "$tmp/idp.pub" 2>/dev/null
mkdir "$tmp/arc"
jq -nc --arg key "$tmp/idp.pub" '{issuer:"https://idp.test",subject:"arn:aws:iam::1:role/r",
	audience:"api://AzureADTokenExchange",key:$key}' >"$tmp/federation.json"
export IDENTITY_HEADER=identity-header-of-the-test
sim_start --stream Custom-Open_CL --stream "Custom-Typed_CL=$tmp/typed.json" --stream "Custom-Aux_CL=$tmp/aux.json" --config "$tmp/config.json" \
	--client-cert "$tmp/app/app.pem" --federation "$tmp/federation.json" --arc-dir "$tmp/arc" \
	--pid-file "$tmp/pid" || exit
is "$(cat "$tmp/pid")" "$SIM_PID" 'pid file'
like "$(cat "$SIM_DIR/out")" "^listening on http://127.0.0.1:$SIM_PORT" 'says where it listens'
is "$(ls "$SIM_DIR"/*.tmp 2>/dev/null)" '' 'no temporary file is left'

# --- tokens -----------------------------------------------------------------
tokens=$SIM_URL/$AZURE_TENANT_ID/oauth2/v2.0/token
declare -A form
# ask [curl option ...]: a token request with the fields of form.
ask() {
	local args=() k
	for k in "${!form[@]}"; do
		printf '%s' "${form[$k]}" >"$tmp/field.$k"
		args+=(--data-urlencode "$k@$tmp/field.$k")
	done
	call "$tokens" "${args[@]}" "$@"
}
good_form() {
	form=([grant_type]=client_credentials [client_id]=$AZURE_CLIENT_ID
		[client_secret]=$SIM_SECRET [scope]=https://monitor.azure.com/.default)
}
# denied STATUS ERROR CODE NAME
denied() {
	is "$status $(jq -r '"\(.error) \(.error_codes[0])"' <<<"$body")" "$1 $2 $3" "token: $4"
	like "$(jq -r .error_description <<<"$body")" "^AADSTS$3: .*Trace ID: .*Correlation ID: .*Timestamp: " "token: $4: description"
}
good_form; ask
is "$status $(jq -c '[.token_type,.expires_in,.ext_expires_in,(.access_token|length>100)]' <<<"$body")" \
	'200 ["Bearer",3599,3599,true]' 'token: granted'
like "$(header Cache-Control)" no-store 'token: not cached'
form[scope]=https://monitor.azure.com//.default; ask; is "$status" 200 'token: two slashes in the scope'
good_form; form[claims]='{"access_token":{"xms_cc":{"values":["cp1"]}}}'; form[x-client-SKU]=x
tokens+="?client-request-id=0a0a0a0a-0000-4000-8000-000000000000"
ask; is "$status" 200 'token: claims and more parameters'
form[client_secret]=wrong; ask
denied 401 invalid_client 7000215 'wrong secret'
is "$(jq -r .correlation_id <<<"$body")" 0a0a0a0a-0000-4000-8000-000000000000 'token: correlation id comes back'
is "$(jq -r 'keys|join(",")' <<<"$body")" correlation_id,error,error_codes,error_description,timestamp,trace_id 'token: members of an error'
like "$(jq -r .timestamp <<<"$body")" '^[0-9-]{10} [0-9:]{8}Z$' 'token: form of the timestamp'
tokens=${tokens%\?*}
good_form; unset 'form[client_secret]'; ask; denied 401 invalid_client 7000218 'no secret'
for k in grant_type client_id scope; do
	good_form; unset "form[$k]"; ask; denied 400 invalid_request 900144 "no $k"
done
good_form; form[grant_type]=password; ask; denied 400 unsupported_grant_type 70003 'other grant'
good_form; form[client_id]=somebody; ask; denied 400 unauthorized_client 700016 'unknown client'
good_form; form[scope]=https://monitor.azure.com; ask; denied 400 invalid_scope 1002012 'scope without /.default'
good_form; form[scope]=https://nobody.example/.default; ask; denied 400 invalid_resource 500011 'unknown resource'
good_form; tokens=$SIM_URL/other/oauth2/v2.0/token; ask; denied 400 invalid_request 90002 'unknown tenant'
tokens=$SIM_URL/$AZURE_TENANT_ID/oauth2/v2.0/token
call "$tokens"; denied 400 invalid_request 900561 'GET'
ask -H 'Content-Type: application/json'; denied 400 invalid_request 900144 'a body that is no form'
call "$tokens" -d 'grant_type=%zz'; denied 400 invalid_request 9000411 'a bad escape'

call "$SIM_URL/$AZURE_TENANT_ID/v2.0/.well-known/openid-configuration"
is "$status $(jq -r .token_endpoint <<<"$body")" "200 $tokens" 'discovery: token endpoint'
call "$SIM_URL/common/discovery/instance?api-version=1.1&authorization_endpoint=x"
is "$status $(jq -r .tenant_discovery_endpoint <<<"$body")" \
	"200 $SIM_URL/$AZURE_TENANT_ID/v2.0/.well-known/openid-configuration" 'discovery: instance'
call "$SIM_URL/other/v2.0/.well-known/openid-configuration"; is "$status" 400 'discovery: unknown tenant'

# Assertions: jwt ALG KEY HEADER CLAIMS
b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
jwt() {
	local alg=$1 key=$2 opts=() part
	part=$(jq -c --arg a "$alg" '.alg=$a' <<<"$3" | tr -d '\n' | b64).$(jq -c . <<<"$4" | tr -d '\n' | b64)
	[ "$alg" = RS256 ] || opts=(-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32)
	printf '%s.%s' "$part" "$(printf '%s' "$part" | openssl dgst -sha256 -sign "$key" "${opts[@]}" | b64)"
}
thumb() { openssl x509 -in "$2" -outform DER | openssl dgst "-$1" -binary | b64; }
s=$(date +%s)
claims=$(jq -nc --arg c "$AZURE_CLIENT_ID" --arg a "$tokens" --argjson s "$s" \
	'{aud:$a,iss:$c,sub:$c,jti:"0a0a0a0a-0000-4000-8000-000000000001",nbf:$s,iat:$s,exp:($s+600)}')
ps_head=$(jq -nc --arg x "$(thumb sha256 "$tmp/app/app.pem")" '{typ:"JWT","x5t#S256":$x}')
rs_head=$(jq -nc --arg x "$(thumb sha1 "$tmp/app/app.pem")" '{typ:"JWT",x5t:$x}')
prove_with() {
	good_form; unset 'form[client_secret]'
	form[client_assertion_type]=urn:ietf:params:oauth:client-assertion-type:jwt-bearer
	form[client_assertion]=$1
	ask
}
app=$tmp/app/app.key
prove_with "$(jwt PS256 "$app" "$ps_head" "$claims")"; is "$status" 200 'assertion: PS256'
prove_with "$(jwt RS256 "$app" "$rs_head" "$claims")"; is "$status" 200 'assertion: RS256'
official=$(jq -c --arg t "$AZURE_TENANT_ID" '.aud="https://login.microsoftonline.com/\($t)/oauth2/v2.0/token"' <<<"$claims")
prove_with "$(jwt PS256 "$app" "$ps_head" "$official")"; is "$status" 200 'assertion: the real audience'
prove_with "$(jwt PS256 "$tmp/other/app.key" "$ps_head" "$claims")"; denied 401 invalid_client 700027 'assertion: wrong key'
prove_with "$(jwt PS256 "$app" "$rs_head" "$claims")"; denied 401 invalid_client 700027 'assertion: no x5t#S256'
# wrong claims: JQ CODE NAME
while IFS='|' read -r edit code name; do
	prove_with "$(jwt PS256 "$app" "$ps_head" "$(jq -c "$edit" <<<"$claims")")"
	denied 401 invalid_client "$code" "assertion: $name"
done <<'T'
.exp-=2000|700024|expired
.nbf+=2000|700024|not yet valid
.exp+=1|700024|longer than ten minutes
.iss="x"|700021|other issuer
.sub="x"|700021|other subject
.aud="https://login.microsoftonline.com/x"|700023|other audience
del(.aud)|50027|no audience
del(.jti)|50027|no jti
T
prove_with not.a.jwt; denied 401 invalid_client 50027 'assertion: no JWT'
prove_with "$(jwt PS256 "$app" "$ps_head" "$claims")"; form[client_assertion_type]=x; ask
denied 400 invalid_request 900144 'assertion: wrong type'
fed=$(jq -nc --argjson s "$s" '{iss:"https://idp.test",sub:"arn:aws:iam::1:role/r",aud:"api://AzureADTokenExchange",iat:$s,exp:($s+3600)}')
prove_with "$(jwt RS256 "$tmp/idp.key" '{"typ":"JWT","kid":"1"}' "$fed")"; is "$status" 200 'federation: granted'
while IFS='|' read -r edit code name; do
	prove_with "$(jwt RS256 "$tmp/idp.key" '{"typ":"JWT"}' "$(jq -c "$edit" <<<"$fed")")"
	denied 401 invalid_client "$code" "federation: $name"
done <<'T'
.sub="ARN:aws:iam::1:role/r"|700213|subject in other case
.aud="x"|700212|other audience
.exp-=9000|700024|expired
T
prove_with "$(jwt RS256 "$app" '{"typ":"JWT"}' "$fed")"; denied 401 invalid_client 700027 'federation: wrong key'

# Managed identities
imds="$SIM_URL/metadata/identity/oauth2/token?resource=https%3A%2F%2Fmonitor.azure.com&api-version"
call "$imds=2018-02-01" -H 'Metadata: true'
is "$status $(jq -c '[.token_type,(.expires_in|type),(.expires_on|type),.resource]' <<<"$body")" \
	'200 ["Bearer","string","string","https://monitor.azure.com"]' 'IMDS: granted'
auth "Bearer $(jq -r .access_token <<<"$body")"; post "[$row]"; is "$status" 204 'IMDS: the token is good'
call "$imds=2018-02-01"; is "$status" 400 'IMDS: Metadata header missing'
call "$imds=1999-01-01" -H 'Metadata: true'; is "$status" 400 'IMDS: unknown version'
call "$imds=2018-02-01&client_id=$AZURE_CLIENT_ID" -H 'Metadata: true'; is "$status" 200 'IMDS: by client id'
call "$imds=2018-02-01&client_id=x" -H 'Metadata: true'; is "$status" 400 'IMDS: unknown identity'
call "$SIM_URL/metadata/identity/oauth2/token?resource=x&api-version=2018-02-01" -H 'Metadata: true'; is "$status" 400 'IMDS: other resource'
msi="$SIM_URL/msi/token?resource=https://monitor.azure.com/&api-version=2019-08-01"
call "$msi" -H "X-IDENTITY-HEADER: $IDENTITY_HEADER"; is "$status" 200 'App Service: granted'
call "$msi" -H "X-IDENTITY-HEADER: x"; is "$status" 401 'App Service: wrong header'
call "$imds=2020-06-01" -H 'Metadata: true'
is "$status $(header WWW-Authenticate)" "401 Basic realm=$tmp/arc/sentinelsim.key" 'Arc: challenge'
printf 'header = "Authorization: Basic %s"\n' "$(cat "$tmp/arc/sentinelsim.key")" >"$tmp/arc.auth"
call "$imds=2020-06-01" -H 'Metadata: true' -K "$tmp/arc.auth"; is "$status" 200 'Arc: granted'
call "$imds=2020-06-01" -H 'Metadata: true' -K "$tmp/arc.auth"; is "$status" 401 'Arc: a key is good once'

# --- the ingestion request ----------------------------------------------------
fresh
sim_control reset
post "[$row]"
is "$status:$body" 204: 'accepted: 204 without a body'
like "$(header x-ms-request-id)" "$guid" 'accepted: x-ms-request-id'
is "$(header x-ms-error-code)" '' 'accepted: no error code'
like "$(header Date)" GMT 'accepted: Date'
query=api%2Dversion=2023-01-01 post "[$row]"; is "$status" 204 'a query name in percent escapes'
query=api-version=2021-11-01-preview post "[$row]"; is "$status" 204 'the older api-version'
query='' post "[$row]"; refused 400 MissingApiVersionParameter 'no api-version'
query=api-version=2016-04-01 post "[$row]"; refused 400 InvalidApiVersionParameter 'unknown api-version'
query=api-version=%zz post "[$row]"; refused 400 InvalidRequest 'a bad escape'
post "[$row]" -X PUT; refused 405 MethodNotAllowed 'PUT'
call "$SIM_URL/dataCollectionRules/$SIM_RULE?api-version=2023-01-01" -K "$tmp/auth"; refused 404 NotFound 'another path'
call "$SIM_URL/" ; refused 404 NotFound 'the root'
rule=dcr-ffffffffffffffffffffffffffffffff post "[$row]"; refused 404 NotFound 'unknown rule'
stream=Custom-Nothing post "[$row]"; refused 404 InvalidStream 'undeclared stream'
stream=custom-open_cl post "[$row]"; refused 404 InvalidStream 'stream in other case'
rule=$id stream=Custom-Typed post "[$row]"; refused 403 OperationFailed 'no role'
like "$(jq -r .error.message <<<"$body")" "^The authentication token provided does not have access to ingest data for the data collection rule with immutable Id '$id'" 'no role: text'
sim_control grant "{\"rule\":\"$id\"}"; rule=$id stream=Custom-Typed post "[$row]"; is "$status" 204 'role granted'
sim_control deny; post "[$row]"; refused 403 OperationFailed 'role taken from all'
sim_control grant; post "[$row]"; is "$status" 204 'role granted to all'
is "$(sim_control deny '{"rule":"dcr-x"}' 2>/dev/null; echo $?)" 1 'deny: unknown rule'

for t in text/plain application/jsonx application/x-www-form-urlencoded 'application/json; charset=latin1' ''; do
	type=$t post "[$row]"; refused 415 UnsupportedMediaType "content type '$t'"
done
for t in 'application/json; charset=utf-8' 'Application/JSON;charset="UTF-8"'; do
	type=$t post "[$row]"; is "$status" 204 "content type '$t'"
done
post "[$row]" -H 'Content-Encoding: br'; refused 415 UnsupportedContentEncoding 'brotli'
post "[$row]" -H 'Content-Encoding: identity'; is "$status" 204 'identity'

# Tokens at the ingestion endpoint
good=$(cat "$tmp/auth")
no_auth() {
	refused 401 "$1" "$2"
	like "$(header WWW-Authenticate)" '^Bearer authorization_uri=' "$2: WWW-Authenticate"
}
: >"$tmp/auth"; post "[$row]"; no_auth AuthenticationFailed 'no token'
auth 'Basic eDp5'; post "[$row]"; no_auth AuthenticationFailed 'basic authentication'
auth 'Bearer nonsense'; post "[$row]"; no_auth InvalidAuthenticationToken 'no token of ours'
t=$(sim_token); auth "Bearer ${t%??}AA"; post "[$row]"; no_auth InvalidAuthenticationToken 'a forged token'
auth "Bearer $(sim_token https://management.azure.com/.default)"; post "[$row]"; no_auth InvalidAuthenticationToken 'wrong audience'
like "$(header WWW-Authenticate)" 'error="invalid_token".*audience' 'wrong audience: said so'
# Two minutes are left for a slow machine.
fresh; sim_control clock '{"advance":"3480s"}'; post "[$row]"; is "$status" 204 'a token before its end'
sim_control clock '{"advance":"130s"}'; post "[$row]"; no_auth InvalidAuthenticationToken 'an expired token'
fresh; sim_control revoke-tokens; post "[$row]"; no_auth InvalidAuthenticationToken 'a revoked token'
fresh; post "[$row]"; is "$status" 204 'a new token after that'
sim_control rotate-secret '{"secret":"another-one"}'; is "$(sim_token)" null 'the old secret is refused'
good_form; form[client_secret]=another-one; ask; is "$status" 200 'the rotated secret is accepted'
sim_control expire-secret; ask; denied 401 invalid_client 7000222 'expired secret'
sim_control reset; ask; denied 401 invalid_client 7000215 'reset: the rotated secret is gone'
printf '%s\n' "$good" >"$tmp/auth"; fresh

# --- size -------------------------------------------------------------------
pad() { head -c "$1" /dev/zero | tr '\0' ' '; } # JSON takes blanks
exact() { printf '[%s' "$row"; pad $(($1 - ${#row} - 2)); printf ']'; }
exact 1048576 >"$tmp/full"; file=$tmp/full post ''; is "$status" 204 'exactly 1 MiB'
exact 1048577 >"$tmp/over"; file=$tmp/over post ''; refused 413 ContentLengthLimitExceeded '1 MiB and a byte'
is "$(jq -r .error.message <<<"$body")" \
	'Maximum allowed content length: 1048576 bytes (1 MB). Provided content length: 1048577 bytes.' '413: text'
file=$tmp/over post '' -H 'Expect:'; is "$status" 413 '413 without Expect, body drained'
file=$tmp/over post '' -H 'Expect: 100-continue'; is "$status" 413 '413 with Expect'
file=$tmp/over post '' -H 'Transfer-Encoding: chunked'; is "$status" 413 '413 for a chunked body'
file=$tmp/full post '' -H 'Transfer-Encoding: chunked'; is "$status" 204 'a chunked body of 1 MiB'
gz() { gzip -n; }
exact 3000000 | gz >"$tmp/big.gz"; file=$tmp/big.gz post '' -H 'Content-Encoding: gzip'
is "$status" 204 'gzip: the limit is of what is sent'
is "$(sim_status '[.max_raw,.max_bytes]')" '[3000000,1048577]' 'largest bodies seen'
before=$(sim_status .tables.Open_CL.rows)
exact 60000000 | gz >"$tmp/huge.gz"; file=$tmp/huge.gz post '' -H 'Content-Encoding: gzip'
is "$status $(sim_status '.lost."inflated-over-50MiB"')" '204 1' 'over 50 MiB inflated: 204 and lost'
is "$(sim_status .tables.Open_CL.rows)" "$before" 'over 50 MiB: no row came'

# --- gzip -------------------------------------------------------------------
before=$(sim_status .tables.Open_CL.rows)
{ printf '[%s' "$row" | gz; printf ',%s' "$row" | gz; printf ']' | gz; } >"$tmp/many.gz"
file=$tmp/many.gz post '' -H 'Content-Encoding: gzip'; is "$status" 204 'gzip: several members'
is "$(sim_status .tables.Open_CL.rows)" $((before + 2)) 'gzip: rows of all members'
printf '[%s]' "$row" | gz >"$tmp/ok.gz"
bad_gzip() { file=$tmp/bad.gz post '' -H 'Content-Encoding: gzip'; refused 400 InvalidContentEncoding "gzip: $1"; }
head -c -4 "$tmp/ok.gz" >"$tmp/bad.gz"; bad_gzip 'cut off'
{ cat "$tmp/ok.gz"; printf x; } >"$tmp/bad.gz"; bad_gzip 'a byte behind'
{ cat "$tmp/ok.gz"; head -c 8 /dev/zero; } >"$tmp/bad.gz"; bad_gzip 'zeros behind'
{ head -c -8 "$tmp/ok.gz"; printf 12345678; } >"$tmp/bad.gz"; bad_gzip 'wrong checksum'
printf '[%s]' "$row" >"$tmp/bad.gz"; bad_gzip 'none at all'
: >"$tmp/bad.gz"; bad_gzip 'empty'
gz <"$tmp/ok.gz" >"$tmp/twice.gz"; file=$tmp/twice.gz post '' -H 'Content-Encoding: gzip'; refused 400 InvalidJson 'gzip twice'
file=$tmp/ok.gz post ''; refused 400 InvalidJson 'gzip without the header'

# --- JSON -------------------------------------------------------------------
rows() { sim_status '.tables.Open_CL.rows // 0'; }
before=$(rows)
post "$row"; is "$status $(sim_status '.lost."bare-object"')" '204 1' 'a bare object: 204, and lost'
is "$(rows)" "$before" 'a bare object: no row'
post '[]'; is "$status" 204 'no rows'
for b in '"x"' 5 null true '[1]' "[$row,2]" '[[]]' "[\"x\",$row]"; do post "$b"; refused 400 InvalidRequestBody "no array of objects: $b"; done
for b in '' ' ' '[' "[$row" "[$row,]" "[,$row]" "[$row]x" "[$row][$row]" "$row$row" '[{"a":1,}]' '[{a:1}]' "[{'a':1}]" \
	'[{"a":01}]' '[{"a":.5}]' '[{"a":1.}]' '[{"a":+1}]' '[{"a":1e}]' '[{"a":NaN}]' '[{"a":"\x"}]' '[{"a":"\u12"}]' \
	$'[{"a":"\t"}]' $'[{"a":"\xff"}]' $'[{"a":"\xed\xa0\x80"}]' $'[{"a":"\xc0\x80"}]' $'\xef\xbb\xbf[]' '[{"a":tru}]' '[{"a"}]' '[{"a":1 "b":2}]'; do
	post "$b"; refused 400 InvalidJson "malformed: $(printf %q "$b" | head -c 40)"
done
is "$(rows)" "$before" 'nothing of refused bodies is kept'
deep() { printf '[{"a":'; printf "%$1s" '' | tr ' ' '['; printf "%$1s" '' | tr ' ' ']'; printf '}]'; }
post "$(deep 500)"; is "$status" 204 'nested 500 deep'
post "$(deep 100000)"; refused 400 InvalidJson 'nested too deep'

if [ -d ../shared/data/JSONTestSuite/test_parsing ]; then
	suite=../shared/data/JSONTestSuite/test_parsing
	{
		cat "$tmp/auth"
		echo 'silent'
		echo 'noproxy = "*"'
		for f in "$suite"/[yn]_*.json; do
			n=$(basename "$f" .json)
			{ printf '[{"v":'; cat "$f"; printf '}]'; } >"$tmp/$n.case"
			printf 'next\nsilent\nnoproxy = "*"\n%s\nurl = "%s"\nheader = "Content-Type: application/json"\ndata-binary = "@%s"\noutput = "/dev/null"\nwrite-out = "%s %%{http_code}\\n"\n' \
				"$(cat "$tmp/auth")" "$SIM_URL/dataCollectionRules/$SIM_RULE/streams/Custom-Open_CL?api-version=2023-01-01" "$tmp/$n.case" "${n:0:1}"
		done
	} | sed '1,/^next$/d' >"$tmp/suite.curl"
	curl -K "$tmp/suite.curl" >"$tmp/suite.out"
	is "$(sort "$tmp/suite.out" | uniq -c | awk '{ print $2, $3 }' | paste -sd,)" 'n 400,y 204' \
		"JSONTestSuite: all $(wc -l <"$tmp/suite.out") verdicts"
else
	skip 'no ../shared' JSONTestSuite
fi

# --- what is kept -------------------------------------------------------------
sim_control reset
: >"$tmp/want"
for r in '{"TimeGenerated":"2026-01-01T00:00:00Z","n":1E9}' '{"a":0.0,"b":-0,"c":1.10e+05,"d":12345678901234567890}' \
	'{"s":"\u00e9\/\ud83d\ude00 \" x  y","ü":"é"}' '{"o":{"a":[1,{"b":[]}],"c":{}},"e":"","n":null,"t":true,"f":false}' '{}' '{"k":1,"k":2}' '{"l":"\ud800"}'; do
	printf '%s\n' "$r" >>"$tmp/want"
done
post "[$(paste -sd, "$tmp/want")]"; is "$status" 204 'rows of every kind'
cmp -s "$tmp/want" "$SIM_DIR/rows/Open_CL.ndjson"; ok 'rows are kept byte for byte'
post $' [ { "a b" : [ 1 , 2 ]\n,\t"c" : { "d" : "e  f" } } ,\r\n{ } ] '
is "$(tail -n 2 "$SIM_DIR/rows/Open_CL.ndjson" | paste -sd' ')" '{"a b":[1,2],"c":{"d":"e  f"}} {}' 'less the blanks between tokens'
is "$(sim_status '.tables.Open_CL|[.rows,.lone_surrogates,.time_missing]')" '[9,1,8]' 'counted'
is "$(stat -c %a "$SIM_DIR/rows/Open_CL.ndjson")" 600 'rows are private'

# Declarations: counted, not applied
stream=Custom-Typed_CL
is_counted() { is "$(sim_status ".tables.Typed_CL|$1")" "$2" "$3"; }
post "[{\"TimeGenerated\":\"$now\",\"s\":\"x\",\"i\":-5,\"l\":9223372036854775807,\"r\":1.5,\"b\":true,\"t\":\"2026-01-01\",\"d\":[1],\"g\":\"0a0a0a0a-0000-4000-8000-00000000000F\"}]"
is_counted '[.undeclared,.clash,.too_long,.time_missing]' '[{},{},{},0]' 'a row as declared'
is_counted '.filled|length' 9 'filled columns are counted'
post "[{\"TimeGenerated\":null,\"s\":null,\"i\":null}]"; is_counted '[.clash,.time_missing,.filled.s]' '[{},1,1]' 'null fits everywhere but is no time'
# clash COLUMN VALUE ...
for c in 's 1' 's {}' 's true' 'i 1.5' 'i 2147483648' 'i "1"' 'i 1e3' 'l 9223372036854775808' 'l "x"' 'r "1.5"' 'b 1' 'b "true"' \
	't 5' 't "yesterday"' 't "2026-02-30"' 't "2026-01-01T25:00:00Z"' 'g "x"' 'g 1'; do
	n=$(sim_status ".tables.Typed_CL.clash.${c%% *} // 0")
	post "[{\"TimeGenerated\":\"$now\",\"${c%% *}\":${c#* }}]"
	is_counted ".clash.${c%% *}" $((n + 1)) "type clash: $c"
done
for c in 's ""' 'i 0' 'i -2147483648' 'l -9223372036854775808' 'r 1' 'r -1e-5' 'b false' 'd "x"' 'd 1' 't "2026-01-01T00:00:00.1234567Z"' \
	't "2026-01-01 00:00:00+02:00"' 't "2024-02-29T23:59"'; do
	n=$(sim_status .tables.Typed_CL.clash)
	post "[{\"TimeGenerated\":\"$now\",\"${c%% *}\":${c#* }}]"
	is_counted .clash "$n" "fits: $c"
done
post "[{\"TimeGenerated\":\"$now\",\"x\":1,\"TenantId\":\"t\",\"\\u0073\":\"escaped name of s\"},{\"TimeGenerated\":\"$now\",\"x\":2,\"s\":\"1\",\"s\":\"2\"}]"
is_counted .undeclared '{"x":2,"TenantId":1}' 'undeclared columns, set by the service too'
is_counted .duplicate_columns 1 'a column twice'
at() { date -u -d "$1" +%Y-%m-%dT%H:%M:%S.1234567Z; }
for t in '47 hours ago' '23 hours'; do post "[{\"TimeGenerated\":\"$(at "$t")\"}]"; done
is_counted '[.time_past,.time_future,.time_bad]' '[0,0,0]' 'times in the window'
for t in '49 hours ago' '25 hours'; do post "[{\"TimeGenerated\":\"$(at "$t")\"}]"; done
post '[{"TimeGenerated":"now"},{"TimeGenerated":5},{"s":"x"}]'
is_counted '[.time_past,.time_future,.time_bad,.time_missing]' '[1,1,2,2]' 'times outside the window, bad, missing'
long() { head -c "$1" /dev/zero | tr '\0' x; }
printf '[{"TimeGenerated":"%s","s":"%s","d":{"k":"%s"}}]' "$now" "$(long 65536)" "$(long 65528)" >"$tmp/long"
file=$tmp/long post ''; is_counted .too_long '{}' 'values of exactly 64 KB'
printf '[{"TimeGenerated":"%s","s":"%s","d":{"k":"%s"}}]' "$now" "$(long 65537)" "$(long 65529)" >"$tmp/long"
file=$tmp/long post ''; is_counted .too_long '{"s":1,"d":1}' 'values over 64 KB'
is_counted .rows_changed 0 'nothing is changed without --apply'
is "$(tail -n 1 "$SIM_DIR/rows/Typed_CL.ndjson" | jq -c '[(.s|length),(.d.k|length)]')" '[65537,65529]' 'long values are kept as sent'
unset stream

# The Auxiliary plan
aux() { stream=Custom-Aux_CL post "$1"; }
at() { date -u -d "$now $1" +%Y-%m-%dT%H:%M:%S.%6NZ; }
aux "[{\"TimeGenerated\":\"$(at '-30 minutes')\"},{\"TimeGenerated\":\"$(at '')\",\"s\":\"x\",\"d\":{\"a\":[1]}}]"
is "$status" 204 'Auxiliary: thirty minutes apart'
aux "[{\"TimeGenerated\":\"$(at '')\"},{\"TimeGenerated\":\"$(at '-1801 seconds')\"}]"
refused 400 RecordsTimeRangeIsMoreThan30Minutes 'Auxiliary: more than that'
aux "[{\"TimeGenerated\":\"$(at '')\",\"s\":{\"a\":1}}]"; refused 400 InvalidRequestBody 'Auxiliary: an object in a string'
is "$(sim_status '.tables.Aux_CL|[.rows,.time_form]')" '[2,0]' 'Auxiliary: times of six decimals'
aux "[{\"TimeGenerated\":\"$now\"}]"; is "$status $(sim_status .tables.Aux_CL.time_form)" '204 1' 'Auxiliary: others are counted'
stream=Custom-Typed_CL post "[{\"TimeGenerated\":\"$(at '')\"},{\"TimeGenerated\":\"$(at '-1 day')\",\"s\":{}}]"; is "$status" 204 'other plans do not mind'

# --- steering -----------------------------------------------------------------
sim_control reset
is "$(sim_status '[.requests,.by_status,.tables.Open_CL.rows]') $(wc -c <"$SIM_DIR/rows/Open_CL.ndjson")" '[0,{},0] 0' 'reset'
script() { sim_control script "$1"; }
script '[{"status":429,"retry_after":7},{"status":503,"headers":{"Retry-After":"Wed, 21 Oct 2026 07:28:00 GMT","x-more":"1"},"count":2},{"status":500,"code":"Odd","message":"why"}]'
post "[$row]"; refused 429 TooManyRequests 'script: 429'; is "$(header Retry-After)" 7 'script: Retry-After'
post "[$row]"; is "$status $(header Retry-After) $(header x-more)" '503 Wed, 21 Oct 2026 07:28:00 GMT 1' 'script: headers'
post "[$row]"; is "$status" 503 'script: count'
post "[$row]"; refused 500 Odd 'script: code'
post "[$row]"; is "$status" 204 'script: over'
is "$(sim_status .scripted)" '{"429":1,"503":2,"500":1}' 'script: counted'
script '[{"status":400,"stream":"Custom-Typed_CL"},{"status":502,"skip":1,"body":"<html>"},{"status":401,"on":"token","body":{"error":"x"}}]'
post "[$row]"; is "$status" 204 'script: other stream, one skipped'
post "[$row]"; is "$status:$body" '502:<html>' 'script: any body'
is "$(sim_token)" null 'script: for tokens'
stream=Custom-Typed_CL post "[$row]"; is "$status" 400 'script: its stream'
is "$(sim_status .script_left)" 0 'script: nothing left'
before=$(rows)
script '[{"action":"reset-before"}]'; post "[$row]"; is "$rc $(rows)" "56 $before" 'reset before: nothing kept'
script '[{"action":"reset-after"}]'; post "[$row]"; is "$rc $(rows)" "56 $((before + 1))" 'reset after: rows kept'
script '[{"status":500,"after":true}]'; post "[$row]"; is "$status $(rows)" "500 $((before + 2))" 'an error after acceptance'
script '[{"action":"timeout"}]'; post "[$row]" -m 0.3; is "$rc" 28 'timeout: until the client leaves'
script '[{"action":"timeout","delay":"10ms"}]'; post "[$row]"; is "$rc" 52 'timeout: closed without a reply'
script '[{"action":"serve","delay":"50ms"}]'; post "[$row]"; is "$status" 204 'slow'
script '[{"status":204}]'; post "[$row]"; is "$status $(rows)" "204 $((before + 3))" 'a 204 that kept nothing'
script '[{"status":429,"count":0}]'; for _ in 1 2 3; do post "[$row]"; done; is "$status" 429 'count 0: for ever'
sim_control clear-script; post "[$row]"; is "$status" 204 'clear-script'
for b in '{}' '[{}]' '[{"status":99}]' '[{"action":"dance"}]' '[{"status":500,"delay":"x"}]' '[{"status":500,"on":"moon"}]' 'x'; do
	script "$b" 2>/dev/null
	is $? 1 "script: refused: $b"
done

sim_control 400-on '{"contains":["poison","v\u00e9nom"]}'
post "[$row,{\"a\":\"poison\"}]"; refused 400 InvalidRecord '400-on'
post "[$row,{\"a\":\"antidote\"}]"; is "$status" 204 '400-on: others pass'
sim_control 400-on '{"contains":[]}'; post '[{"a":"poison"}]'; is "$status" 204 '400-on: cleared'

sim_control down; post "[$row]"; is "$status $rc" '000 56' 'down: reset'
sim_control down '{"mode":"refuse"}'; post "[$row]"; is "$rc" 7 'down: refused'
sim_control up; post "[$row]"; is "$status" 204 'up on the same port'

is "$(sim_status .limits)" '{"requests":12000,"bytes":2000000000,"window":60}' 'limits: those of a real rule unless told otherwise'
sim_control limits '{"requests":3,"window":"30s"}'
for _ in 1 2 3; do post "[$row]"; done; is "$status" 204 'limit of requests: reached'
post "[$row]"; refused 429 TooManyRequests 'limit of requests: passed'
like "$(header Retry-After)" '^([1-9]|[12][0-9]|30)$' 'limit: Retry-After'
sim_control clock '{"advance":"30s"}'; post "[$row]"; is "$status" 204 'limit: the next window'
sim_control limits '{"bytes":100}'; post "[$row]"; post "[$row,$row]"; is "$status $(sim_status .throttled)" '429 2' 'limit of bytes'
sim_control reset

# Held requests: in flight at once, deterministic without sleeping
sim_control hold
for i in 1 2 3 4 5; do
	curl -sS --noproxy '*' -K "$tmp/auth" -o /dev/null -w '%{http_code}\n' -H 'Content-Type: application/json' -d "[$row]" \
		"$SIM_URL/dataCollectionRules/$SIM_RULE/streams/Custom-Open_CL?api-version=2023-01-01" >"$tmp/held.$i" &
	held[i]=$!
done
all_held() { [ "$(sim_status .held)" = 5 ]; }
until_true all_held
is "$(sim_status '[.held,.in_flight,.requests]')" '[5,5,0]' 'hold: five wait'
sim_control release
wait "${held[@]}"
is "$(cat "$tmp"/held.* | sort -u) $(sim_status '[.held,.in_flight,.in_flight_max]')" '204 [0,0,5]' 'release'

# --- seeded faults --------------------------------------------------------------
faults='429=10%:3s,503=10%,500=5%,401=2%,403=2%,408=2%,413=2%,413-timeout=2%,413-abort=2%,reset-before=5%,reset-after=5%,slow=5%:1ms,timeout=2%:1ms'
sweep() { # SEED: the outcomes of 150 requests
	sim_control reset
	sim_control faults "{\"seed\":$1,\"faults\":\"$faults\"}"
	for ((i = 0; i < 150; i++)); do
		post "[{\"TimeGenerated\":\"$now\",\"i\":$i}]"
		echo "$status.$rc"
	done
}
sweep 1 >"$tmp/one"
kept=$(wc -l <"$SIM_DIR/rows/Open_CL.ndjson")
is "$kept" $(($(grep -c '^204' "$tmp/one") + $(sim_status '.faults."reset-after"'))) 'faults: rows are those accepted, lost replies too'
is "$(sim_status '[.faults[]]|add')" "$(sim_status '(.faults.slow // 0) + .requests - (.by_status."204")')" 'faults: each is counted'
sweep 1 >"$tmp/again"; sweep 2 >"$tmp/two"
cmp -s "$tmp/one" "$tmp/again"; ok 'faults: a seed repeats itself'
is "$(cmp -s "$tmp/one" "$tmp/two"; echo $?)" 1 'faults: another seed is different'
sim_control faults '{"faults":"token-503=100%"}'; ask; is "$status" 503 'faults: of the token endpoint'
sim_control faults '{"faults":""}'

# --- logs -----------------------------------------------------------------------
sim_control reset
post "[$row]" -H 'x-ms-client-request-id: client-id-1'
is "$(tail -n 1 "$SIM_DIR/requests.ndjson" | jq -c '[.method,.path,.status,.rows,.bytes,.raw,.client_request_id]')" \
	"[\"POST\",\"/dataCollectionRules/$SIM_RULE/streams/Custom-Open_CL\",\"204\",1,$((${#row} + 2)),$((${#row} + 2)),\"client-id-1\"]" 'request log'
is "$(tail -n 1 "$SIM_DIR/requests.ndjson" | jq -r .request_id)" "$(header x-ms-request-id)" 'request log: the id of the reply'
jq -e . "$SIM_DIR/requests.ndjson" >/dev/null; ok 'request log: all JSON'
secrets=$(printf '%s\n' "$SIM_SECRET" another-one "$(sed -n 's/.*Bearer \(.*\)"/\1/p' "$tmp/auth")" "$(jq -sRr @uri <<<"$SIM_SECRET" | sed 's/%0A$//')")
is "$(grep -cFf <(printf '%s\n' "$secrets") "$SIM_DIR/requests.ndjson" "$SIM_DIR/out" "$SIM_DIR/err" | cut -d: -f2 | paste -sd+ | bc)" 0 'no secret, no token in any log'
is "$(tr '\0' '\n' <"/proc/$SIM_PID/cmdline" | grep -cF "$SIM_SECRET")" 0 'no secret in the arguments'

# --- hostile ----------------------------------------------------------------------
raw() { timeout 60 bash -c "exec 3<>/dev/tcp/127.0.0.1/$SIM_PORT && cat >&3 && head -c 12 <&3" 2>/dev/null; }
like "$(printf 'nonsense\r\n\r\n' | raw)" '^(HTTP/1.1 400)?$' 'no HTTP'
like "$(printf 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n' | raw)" '^(HTTP/1.1 400)?$' 'a negative length'
like "$(printf 'GET /%%00 HTTP/1.1\r\nHost: x\r\n\r\n' | raw)" '^HTTP/1.1 400' 'a NUL in the path'
{ printf 'GET / HTTP/1.1\r\nHost: x\r\nX: '; long 300000; printf '\r\n\r\n'; } | raw >"$tmp/out"
like "$(cat "$tmp/out")" '^(HTTP/1.1 4[0-9][0-9])?$' 'a header of 300 KB'
call "$SIM_URL/$(long 9000)"; is "$status" 400 'a long path'
head -c 200000 /dev/urandom | raw >/dev/null
post "$(printf '[{"%s":1}]' "$(long 100000)")"; is "$status" 204 'a long column name'
jq -nc '[range(5000)|{key:"col\(.)",value:1}]|from_entries|[.]' >"$tmp/wide"
stream=Custom-Typed_CL file=$tmp/wide post ''
is "$status $(sim_status '.tables.Typed_CL.undeclared|[length,."(others)"]')" '204 [1001,4000]' 'five thousand columns: bounded'
for i in $(seq 300); do printf 'POST /x HTTP/1.1\r\nContent-Length: 9\r\n' | raw >/dev/null & done
post "[$row]"; is "$status" 204 'it still serves'
rss=$(awk '/VmHWM/ { print $2 }' "/proc/$SIM_PID/status")
case $BUILD in
*address*) skip 'sanitizer' 'memory stays bounded' ;;
*) [ "$rss" -lt 600000 ]; ok "memory stays bounded ($rss kB)" ;;
esac
jobs -p | grep -vx "$SIM_PID" | xargs kill 2>/dev/null

# --- ending ---------------------------------------------------------------------
script '[{"action":"timeout"}]'
post "[$row]" -m 600 &
in_hand() { [ "$(sim_status .in_flight)" = 1 ]; }
until_true in_hand
sim_stop; ok 'SIGTERM ends it, with a request in hand'
wait

# --- other set-ups ----------------------------------------------------------------
ln -s /dev/full "$tmp/Full_CL.ndjson"
SIM_TLS=1 sim_start --stream "Custom-Typed_CL=$tmp/typed.json" --stream Custom-Full_CL --apply --max-raw 2000000 \
	--token-life 60 --audience https://monitor.azure.us --rows-dir "$tmp" --now 1767225600 || exit
auth "Bearer $(sim_token https://monitor.azure.us/.default)"
good_form; tokens=$SIM_URL/$AZURE_TENANT_ID/oauth2/v2.0/token; form[scope]=https://monitor.azure.us/.default; ask
is "$status $(jq .expires_in <<<"$body")" '200 60' 'TLS; --token-life, --audience'
form[scope]=https://monitor.azure.com/.default; ask; denied 400 invalid_resource 500011 'scope of another cloud'
like "$(header Date)" 'Thu, 01 Jan 2026' '--now'
stream=Custom-Typed_CL
post "[{\"TimeGenerated\":\"2025-12-20T00:00:00Z\",\"x\":1,\"s\":\"$(long 65535)é\",\"i\":\"7\",\"d\":{\"a\":1}},{\"s\":\"a\\n\\u00e9\"},{\"TimeGenerated\":\"2025-12-31T00:00:00Z\"}]"
is "$status" 204 'apply: accepted'
is "$(sed -n 1p "$tmp/Typed_CL.ndjson" | jq -c '[(keys|join(",")),(.s|length),(.TimeGenerated|startswith("2026-01-01T00:00:"))]')" \
	'["TimeGenerated,d,s",65535,true]' 'apply: dropped, cut at a character, time replaced'
like "$(sed -n 2p "$tmp/Typed_CL.ndjson")" '^\{"TimeGenerated":"2026-01-01T00:00:[0-9.]+Z","s":"a\\n\\u00e9"\}$' 'apply: time added'
is "$(sed -n 3p "$tmp/Typed_CL.ndjson")" '{"TimeGenerated":"2025-12-31T00:00:00Z"}' 'apply: a good row as sent'
exact 2000001 | gz >"$tmp/big.gz"; file=$tmp/big.gz post '' -H 'Content-Encoding: gzip'; refused 413 ContentLengthLimitExceeded '--max-raw'
exact 2000000 | gz >"$tmp/big.gz"; file=$tmp/big.gz post '' -H 'Content-Encoding: gzip'; is "$status" 204 '--max-raw: exactly'
stream=Custom-Full_CL post "[$row]"; refused 500 InternalServerError 'rows that cannot be kept'
is "$(sim_status .tables.Full_CL.rows)" 0 'rows that cannot be kept are not counted'
is "$(curl -s --cacert "$SIM_CA" --ciphers DEFAULT@SECLEVEL=0 --tls-max 1.1 "$SIM_URL/"; echo $?)" 35 'TLS 1.1 is refused'
script '[{"action":"reset-after"}]'; post "[$row]"; is "$rc" 56 'reset under TLS'
unset stream
sim_stop 2>/dev/null; ok 'ends'
unset SIM_CA

sim_start --stream Custom-Open_CL --no-gzip --limit-requests 2 --faults 503=100% --fault-seed 9 || exit
fresh
post "[$row]"; is "$status $(sim_status .fault_seed)" '503 9' '--faults'
sim_control faults '{"faults":""}'
file=$tmp/ok.gz post '' -H 'Content-Encoding: gzip'; refused 501 NotImplemented '--no-gzip'
post "[$row]"; post "[$row]"; post "[$row]"; is "$status" 429 '--limit-requests'
sim_control reset; post "[$row]"; is "$status" 503 'reset: faults as at the start'
sim_control faults '{"faults":""}'; post "[$row]"
kill -9 "$SIM_PID"; wait "$SIM_PID" 2>/dev/null
is "$(cat "$SIM_DIR/rows/Open_CL.ndjson")" "$row" 'killed: accepted rows are in the file'
SIM_PID=; rm -rf "$SIM_DIR"

if [ -d ../shared/facts/tables ]; then
	sim_start --tables ../shared/facts/tables --discard || exit
	fresh
	stream=Custom-AWSCloudTrail post 'anything'; is "$status" 204 '--tables, --discard'
	sim_stop; ok 'ends'
else
	skip 'no ../shared' '--tables'
fi
tap_done
