#!/usr/bin/env bash
# tools/dcr.sh: the rules and tables it prints are ones that Azure takes, as far as
# its documents say, and fit the rows that logparse writes.
set -u
cd "$(dirname "$0")/.." || exit
. tests/lib/tap.sh
. tests/lib/filters.sh
. tests/lib/sentinelsim.sh
dir=$(mktemp -d "${TMPDIR:-/tmp}/dcr.XXXXXX") || exit 1
trap 'sim_stop; rm -rf "$dir"' EXIT
ws=/subscriptions/S/resourceGroups/G/providers/Microsoft.OperationalInsights/workspaces/W
native=(tools/dcr.sh --location westeurope --workspace "$ws")

# Limits: "Azure Monitor service limits", "Structure of a data collection rule".
# shellcheck disable=SC2016 # jq's variables
sound='
	def known: IN("string", "int", "long", "real", "boolean", "dynamic", "datetime");
	def sound: (keys - ["location", "kind", "properties"] == []) and (.location | type == "string") and
	(.kind == "Direct" or (.properties.dataCollectionEndpointId | type == "string")) and
	(.properties | (.streamDeclarations | length == 1 and (keys[0] | startswith("Custom-"))) and
		(.destinations.logAnalytics | length == 1 and (.[0] | has("workspaceResourceId") and has("name"))) and
		(.dataFlows | length == 1) and
		(.dataFlows[0].streams == (.streamDeclarations | keys)) and
		(.dataFlows[0].destinations == [.destinations.logAnalytics[0].name]) and
		(.dataFlows[0].transformKql | startswith("source") and length <= 15360) and
		(.dataFlows[0].outputStream | test("^(Microsoft-[A-Za-z0-9]+|Custom-[A-Za-z0-9_]+_CL)$")) and
		([.streamDeclarations[].columns[]] | length <= 500 and (map(.name) | unique | length) == length and
			.[0] == {"name": "TimeGenerated", "type": "datetime"} and
			all(keys == ["name", "type"] and (.type | known) and (.name | test("^[A-Za-z][A-Za-z0-9_]{0,44}$")))));'

formats=()
for format in logparse/formats/*.format; do
	f=$(basename "$format" .format)
	formats+=("$f")
	"${native[@]}" "$f" >"$dir/$f.rule"
	"${native[@]}" --table My_CL "$f" >"$dir/$f.own"
	tools/dcr.sh --table-body My_CL "$f" >"$dir/$f.table"
done
# One start of jq for all formats, whose own takes longer than what is asked.
# What is no JSON leaves all behind it without an answer.
jq -rn --arg formats "${formats[*]}" "$sound"'
	# A table says dateTime where a stream says datetime; names that a custom
	# table must not have.
	def free: .name == "My_CL" and (.columns | length <= 500 and
		all(.type | IN("string", "int", "long", "real", "boolean", "dynamic", "dateTime")) and
		([.[].name] - ["id", "Title", "Type", "UniqueId", "ItemCount", "SourceSystem", "ManagementGroupName", "Computer",
			"TenantId", "_ResourceId", "_SubscriptionId", "_ItemId", "_IsBillable", "_BilledSize", "_TimeReceived"] |
			length) == length);
	(reduce inputs as $i ({}; .[input_filename | split("/") | last] += [$i])) as $all |
	($formats / " ")[] as $f |
	[$all["\($f).rule", "\($f).own", "\($f).table"] | if length == 1 then .[0] else null end] as [$rule, $own, $table] |
	$own.properties as $to | $table.properties.schema as $has |
	($rule | sound), ([$rule.properties.streamDeclarations[].columns[] | "\(.name) \(.type)"] | join(",")),
	($own | sound), ($has | free),
	([$to.streamDeclarations[].columns[] | if .name == "Title" then .name = "Title_" else . end] +
		[{name: "EventTime", type: "datetime"}] | sort | tojson),
	([$has.columns[] | .type |= ascii_downcase] | sort | tojson),
	($to.dataFlows[0] | .transformKql, .outputStream)' "$dir"/*.rule "$dir"/*.own "$dir"/*.table >"$dir/answers"
for f in "${formats[@]}"; do
	told=('' '' '' '' '' none '' '')
	for i in "${!told[@]}"; do IFS= read -r "told[$i]"; done
	is "${told[0]}" true "$f: a rule for Sentinel's own table"
	is "${told[1]}" "$(awk '$1 == "column" { printf "%s%s %s", c, $2, $3 == "bool" ? "boolean" : $3; c = "," }
			$1 == "table" && $2 ~ /_CL$/ { own = 1 }
			END { if (own) printf ",SourceBucket string,SourceKey string,SourceRecord long,EventHash string,AdditionalFields dynamic" }' \
		"logparse/formats/$f.format")" \
		"$f: the columns are those of its format file, and those that say where rows come from"
	is "${told[2]}" true "$f: a rule for a table of one's own"
	is "${told[3]}" true "$f: and its body"
	is "${told[4]}" "${told[5]}" "$f: the rule's output has the columns of the table"
	like "${told[6]}" '\| extend EventTime = TimeGenerated$' "$f: the time of old events is kept"
	is "${told[7]}" Custom-My_CL "$f: into that table"
done <"$dir/answers"

is "$("${native[@]}" --extra Rest_CF waf | jq -c '.properties.streamDeclarations[].columns | last')" '{"name":"Rest_CF","type":"dynamic"}' "--extra adds its column"

# The native table's guid columns, and the columns as Microsoft describes them.
"${native[@]}" cloudtrail >"$dir/rule.json"
is "$(jq -r '.properties.dataFlows[0] | .transformKql, .outputStream' "$dir/rule.json" | paste -sd' ')" \
	"source | extend AwsEventId = toguid(AwsEventId), SharedEventId = toguid(SharedEventId) Microsoft-AWSCloudTrail" "guid columns are converted"
is "$("${native[@]}" --no-guid cloudtrail | jq -r '.properties.dataFlows[0].transformKql')" source "unless --no-guid says so"
"${native[@]}" --dce /dce --no-guid cloudtrail >"$dir/dce.json"
is "$(jq -c "$sound"'[sound, .kind, .properties.dataCollectionEndpointId]' "$dir/dce.json")" '[true,null,"/dce"]' "with an endpoint of its own"
described=../shared/facts/tables/AWSCloudTrail.json
if [ -f "$described" ]; then
	is "$(jq -c '[.columns[] | select(.standard != true and .name != "AwsRequestId") | {name, type: (.type | if . == "bool" then "boolean" else . end)}] | sort' "$described")" \
		"$(jq -c '[.properties.streamDeclarations[].columns[]] | sort' "$dir/rule.json")" "all columns of AWSCloudTrail but the deprecated one"
else
	skip "the table's description is not here" "all columns of AWSCloudTrail but the deprecated one"
fi

# Rows of every kind of event, sent to a service that has this rule.
jq --arg rule "$SIM_RULE" '{rules: [{id: $rule, granted: true, streams:
	(.properties.streamDeclarations | with_entries(.value.table = (.key | ltrimstr("Custom-"))))}]}' "$dir/rule.json" >"$dir/config.json"
sim_start --config "$dir/config.json" || exit 1
mkdir "$dir/samples"
mksamples "$dir/samples" >/dev/null
logparse "$dir"/samples/* 2>/dev/null | sentinelpost --dead-letter "$dir/dead" >/dev/null 2>&1
is "$(sim_status '.tables.AWSCloudTrail | [.undeclared, .clash, .time_bad, .time_missing, .rows > 1000]')" '[{},{},0,0,true]' \
	"no row has a column that is not declared, or a value of another type"
is "$(sim_status '.tables.AWSCloudTrail.filled | keys')" "$(jq -c '[.properties.streamDeclarations[].columns[].name] | sort' "$dir/rule.json")" \
	"and each column that is declared is in some row"

# Wrong calls.
for args in "" cloudtrail "--location w cloudtrail" "--no-guid" "--location" "--location w --workspace /s nothing" \
	"--location w --workspace /s --table NoSuffix cloudtrail" "--table-body 1_CL cloudtrail" "--table-body a-b_CL cloudtrail" "--colour red cloudtrail"; do
	# shellcheck disable=SC2086 # split on purpose
	tools/dcr.sh $args >"$dir/out" 2>"$dir/err"
	is "$? $(wc -c <"$dir/out")" "64 0" "'$args' is wrong usage"
	like "$(cat "$dir/err")" '^(usage: )?dcr.sh[: ]' "'$args': and that is told"
done
tap_done
