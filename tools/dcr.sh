#!/usr/bin/env bash
# Print the data collection rule (ARM JSON, kind Direct) for a log type that
# logparse knows: the stream's columns are those of its format file.
#	tools/dcr.sh --location L --workspace RESOURCE-ID FORMAT
set -euo pipefail
usage() {
	echo "usage: tools/dcr.sh --location L --workspace RESOURCE-ID FORMAT" >&2
	exit 64
}
location='' workspace=''
while [ $# -gt 1 ]; do
	case $1 in
	--location) location=$2 ;;
	--workspace) workspace=$2 ;;
	*) usage ;;
	esac
	shift 2
done
[ $# = 1 ] && [ -n "$location" ] && [ -n "$workspace" ] || usage
file=$(dirname "$0")/../logparse/formats/$1.format
[ -f "$file" ] || { echo "tools/dcr.sh: no format is called '$1'" >&2; exit 64; }

# Columns that are guid in the table: a stream has no such type, so the
# transform converts them.
guids='["AwsEventId", "SharedEventId"]'
awk '$1 == "table" { print "table", $2 } $1 == "column" { print $2, $3 }' "$file" |
	jq -Rn --arg location "$location" --arg workspace "$workspace" --argjson guids "$guids" '
	[inputs | split(" ")] as $all |
	($all[] | select(.[0] == "table") | .[1]) as $table |
	[$all[] | select(.[0] != "table") | {name: .[0], type: (.[1] | if . == "bool" then "boolean" else . end)}] as $columns |
	[$columns[].name | select(IN($guids[])) | "\(.) = toguid(\(.))"] as $convert |
	{location: $location, kind: "Direct", properties: {
		streamDeclarations: {("Custom-" + $table): {columns: $columns}},
		destinations: {logAnalytics: [{workspaceResourceId: $workspace, name: "workspace"}]},
		dataFlows: [{streams: ["Custom-" + $table], destinations: ["workspace"],
			transformKql: ("source" + (if ($convert | length) > 0 then " | extend " + ($convert | join(", ")) else "" end)),
			outputStream: (if ($table | endswith("_CL")) then "Custom-" else "Microsoft-" end + $table)}]}}'
