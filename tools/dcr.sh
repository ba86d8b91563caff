#!/usr/bin/env bash
# Print what Azure needs for a log type that logparse knows, as ARM JSON: the
# data collection rule (kind Direct), whose stream has the columns of the type's
# format file, and the body of a custom table for it.
#	dcr.sh --location L --workspace RESOURCE-ID [--dce RESOURCE-ID] [--no-guid] [--extra COL_CF] FORMAT
#	dcr.sh --location L --workspace RESOURCE-ID --table NAME_CL FORMAT
#	dcr.sh --table-body NAME_CL FORMAT
# The first is for the table that the format names, Sentinel's own mostly, the
# others for one of your own, which also keeps the time of events older than two days (EventTime).
# --dce: by a data collection endpoint, as for Private Link.  --no-guid: where
# the service refuses the rule because of columns of type guid.  --extra: with the
# column of logparse --extra, which the table must have, too.
set -euo pipefail

usage() {
	sed -n 's/^#	/usage: /p' "$0" >&2
	exit 64
}
location='' workspace='' dce='' table='' body='' extra='' guid=true
while [ $# -gt 1 ]; do
	case $1 in
	--location) location=$2 ;;
	--workspace) workspace=$2 ;;
	--dce) dce=$2 ;;
	--table) table=$2 ;;
	--extra) extra=$2 ;;
	--table-body) table=$2 body=1 ;;
	--no-guid) guid=false && set -- 0 "$@" ;;
	*) usage ;;
	esac
	shift 2
done
[ $# = 1 ] || usage
[ "$body" ] || { [ "$location" ] && [ "$workspace" ]; } || usage
file=$(dirname "$0")/../logparse/formats/$1.format
[ -f "$file" ] || { echo "dcr.sh: no format is called '$1'" >&2; exit 64; }
if [ "$table" ] && [[ ! $table =~ ^[A-Za-z][A-Za-z0-9_]{0,59}_CL$ ]]; then
	echo "dcr.sh: a custom table's name is letters, digits and _, and ends in _CL, unlike '$table'" >&2
	exit 64
fi

# Native columns of type guid: a stream has no such type, so the transform
# converts.  Types of streams and of tables differ in name.
awk '$1 == "table" { print "table", $2 } $1 == "column" { print $2, $3 }' "$file" |
	jq -Rn --arg location "$location" --arg workspace "$workspace" --arg dce "$dce" \
		--arg own "$table" --arg body "$body" --arg extra "$extra" --argjson guid "$guid" '
	[inputs | split(" ")] as $all |
	($all[] | select(.[0] == "table") | .[1]) as $table |
	# What logparse adds to the columns of the format file.
	(if $table | endswith("_CL") then
		[["SourceBucket", "string"], ["SourceKey", "string"], ["SourceRecord", "long"], ["EventHash", "string"], ["AdditionalFields", "dynamic"]]
	elif $extra != "" then [[$extra, "dynamic"]] else [] end) as $added |
	[($all[] | select(.[0] != "table")), $added[] | {name: .[0], type: (.[1] | if . == "bool" then "boolean" else . end)}] as $columns |
	[$columns[].name | select(IN("AwsEventId", "SharedEventId") and $guid and $own == "")] as $guids |
	# Names that a table of your own must not have get a _ more.
	(if $own == "" then [] else [$columns[].name | select(IN("Title", "UniqueId"))] end) as $reserved |
	"Custom-\($table)" as $stream |
	if $body != "" then
		{properties: {plan: "Analytics", schema: {name: $own, columns:
			[($columns + [{name: "EventTime", type: "datetime"}])[] |
				if .name | IN($reserved[]) then .name += "_" else . end |
				if .type == "datetime" then .type = "dateTime" else . end]}}}
	else
		{location: $location} +
		(if $dce == "" then {kind: "Direct"} else {} end) +
		{properties: ((if $dce == "" then {} else {dataCollectionEndpointId: $dce} end) + {
			streamDeclarations: {($stream): {columns: $columns}},
			destinations: {logAnalytics: [{workspaceResourceId: $workspace, name: "workspace"}]},
			dataFlows: [{streams: [$stream], destinations: ["workspace"],
				transformKql: (["source"] +
					($reserved | map("project-rename \(.)_ = \(.)")) +
					(if $own != "" then ["extend EventTime = TimeGenerated"] else [] end) +
					(if ($guids | length) > 0 then ["extend " + ($guids | map("\(.) = toguid(\(.))") | join(", "))] else [] end) |
					join(" | ")),
				outputStream: (if $own != "" then "Custom-\($own)" elif $table | endswith("_CL") then $stream else "Microsoft-\($table)" end)}]})}
	end'
