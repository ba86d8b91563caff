#!/usr/bin/env bash
# What the README tells people to type: what can run here runs, on the
# simulators; what needs AWS or Azure runs with stand-ins for their clients, which
# note what they are asked.
set -u
cd "$(dirname "$0")/../.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/fences.sh
. tests/lib/s3sim.sh
. tests/lib/sentinelsim.sh
top=$PWD
dir=$(mktemp -d "${TMPDIR:-/tmp}/readme.XXXXXX") || exit 1
trap 's3sim_stop; sim_stop; rm -rf "$dir"' EXIT
mkdir -p "$dir/store/bucket" "$dir/here" "$dir/bin" "$dir/odd"
mksamples --objects 3 --no-odd "$dir/store/bucket" >"$dir/manifest"
# One with a record that is a dead letter, and the names of the README.
mksamples --objects 1 "$dir/odd" | jq -r 'select(.kind == "bad-record").file' | while read -r file; do
	cp "$dir/odd/$file" "$dir/store/bucket"
done
good=$dir/store/bucket/$(jq -r 'select(.kind == "cloudtrail").file' "$dir/manifest" | head -n 1)
cp "$good" "$dir/store/bucket/AWSLogs%2Fx.json.gz"
cp "$good" "$dir/here/x.json.gz"
ln -s "$top/tools" "$dir/here/tools"
s3sim_start --root "$dir/store" --bucket bucket || exit 1
export AWS_ENDPOINT_URL_S3=$S3SIM_URL
sim_start --stream Custom-AWSCloudTrail || exit 1
rows() { sim_status '.tables.AWSCloudTrail.rows // 0'; }

### The pipes
fences README.md sh "$dir/sh"
n=$(find "$dir/sh" -name '??' | wc -l)
[ "$n" -ge 7 ]
ok "there are pipes to try ($n)"
for block in "$dir"/sh/??; do
	name="line $(cat "$block.at")"
	before=$(rows)
	(cd "$dir/here" && bash "$block") >"$dir/out" 2>"$dir/err"
	rc=$?
	[ $rc = 0 ] || [ $rc = 65 ]
	ok "$name: ends with $rc" || sed 's/^/# /' "$dir/err"
	is "$(grep -c '"level":"error"' "$dir/err")" 0 "$name: without an error"
	[ -s "$dir/out" ] || grep -q '>' "$block"
	ok "$name: something comes out"
	case $(cat "$block") in
	*--dry-run*)
		is "$(rows)" "$before" "$name: sends nothing"
		like "$(cat "$dir/out")" '"plan":' "$name: tells what it would"
		;;
	*'--state state.db'*)
		[ "$(rows)" -gt "$before" ]
		ok "$name: rows arrive"
		is "$(sqlite3 "$dir/here/state.db" "select count(*) from objects where status = 'delivered'")" \
			"$(find "$dir/store/bucket" -name 'AWSLogs*' | wc -l)" "$name: all is settled"
		(cd "$dir/here" && bash "$block") >"$dir/out" 2>"$dir/err"
		is "$? $(grep -c '"receipt":' "$dir/out")" "0 0" "$name: again, and there is nothing to do"
		;;
	*'s3fetch <dead.ndjson'*)
		is "$(wc -l <"$dir/here/still-dead.ndjson")" "$(wc -l <"$dir/here/dead.ndjson")" "$name: what is not mended stays"
		;;
	*sentinelpost*)
		[ "$(rows)" -gt "$before" ]
		ok "$name: rows arrive"
		;;
	esac
done

### JSON
fences README.md json "$dir/json"
for block in "$dir"/json/??; do
	at=$(cat "$block.at")
	jq -e . "$block" >/dev/null
	ok "line $at: is JSON"
done
is "$(jq -r '.Statement[].Action' "$dir/json/01" | sort | paste -sd' ')" "kms:Decrypt s3:GetObject s3:ListBucket" \
	"the policy allows what is needed, and no more"

### With az and aws
fences README.md bash "$dir/bash"
cat >"$dir/bin/az" <<-'EOF'
	#!/usr/bin/env bash
	printf '%s\n' "az $(printf '%q ' "$@")" >>"$CALLS"
	case "$*" in
	*'account show'*) echo SUB ;;
	*'workspace show'*location*) echo westeurope ;;
	*'workspace show'*) echo /subscriptions/SUB/resourceGroups/RG/providers/Microsoft.OperationalInsights/workspaces/WS ;;
	*'ad sp show'*) echo OBJECT ;;
	esac
	body=$(printf '%s\n' "$@" | sed -n 's/^@//p')
	[ -z "$body" ] || jq -e . "$body" >/dev/null
EOF
cat >"$dir/bin/aws" <<-'EOF'
	#!/usr/bin/env bash
	printf '%s\n' "aws $(printf '%q ' "$@")" >>"$CALLS"
	[ "$1 $2" != 'configure export-credentials' ] || echo "export AWS_SESSION_TOKEN=token"
EOF
chmod +x "$dir"/bin/*
cat "$dir"/bash/?? >"$dir/all"
(cd "$dir/here" && CALLS=$dir/calls PATH=$dir/bin:$PATH bash -eu "$dir/all") >"$dir/out" 2>"$dir/err"
is "$? $(cat "$dir/err")" "0 " "the commands for AWS and Azure are sound shell"
arm=https://management.azure.com/subscriptions/SUB/resourceGroups
ws=$arm/RG/providers/Microsoft.OperationalInsights/workspaces/WS
rule=/subscriptions/SUB/resourceGroups/my-group/providers/Microsoft.Insights/dataCollectionRules/logbridge
for call in \
	"put .*--url https://management.azure.com$rule\\\\\?api-version=2023-03-11" \
	"get .*--url https://management.azure.com$rule\\\\\?api-version=2023-03-11" \
	"put .*--url $ws/providers/Microsoft.SecurityInsights/onboardingStates/default\\\\\?api-version=" \
	"put .*--body @table.json --url $ws/tables/AwsTrail_CL\\\\\?api-version=2022-10-01" \
	"role assignment create --role 3913510d-42f4-4e42-8a64-420c390055eb --assignee-object-id OBJECT --assignee-principal-type ServicePrincipal --scope $rule "; do
	grep -qE -e "$call" "$dir/calls"
	ok "it asks: $call"
done
is "$(jq -c '[.location, .kind, .properties.destinations.logAnalytics[0].workspaceResourceId, .properties.dataFlows[0].outputStream]' "$dir/here/dcr.json")" \
	"[\"westeurope\",\"Direct\",\"${ws#https://management.azure.com}\",\"Custom-AwsTrail_CL\"]" "the rule is of that workspace"
tap_done
