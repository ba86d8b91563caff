#!/usr/bin/env bash
# logparse's rows of text logs as AWS's documents and other projects have them:
# every line in the right table, none rejected; and columns are those of the tables.
cd "$(dirname "$0")/.." || exit 99
. tests/lib/tap.sh
BUILD=${BUILD:-$PWD/build}
PATH=$BUILD/bin:$PATH
export PATH
shared=../shared/data

# expect FILE FORMAT TABLE RECORDS: all of its lines become rows of that table.
expect() {
	local file=$shared/$1 want="$2/1 $4 $4 0 $4 of $3" got
	if [ ! -f "$file" ]; then
		skip "not there" "$1"
		return
	fi
	got=$(logparse --log-format text "$file" 2>&1 |
		jq -r --slurp '([.[] | select(.row) | .table] | group_by(.) | map("\(length) of \(.[0])")) as $rows |
			.[] | select(.end) | .end | "\(.format) \(.records) \(.rows) \(.rejects) \($rows | join(" "))"')
	is "$got" "$want" "$1"
}
expect aws-text/V2_RECORDS.log vpcflow AWSVPCFlow 5
expect aws-text/V3_FILE.log vpcflow AWSVPCFlow 2
expect aws-text/V4_FILE.log vpcflow AWSVPCFlow 2
expect aws-text/alb_al_valid_logs.log alb AWSALBAccessLogs 2
expect aws-text/clb_al_valid_logs.log clb AWSCLBAccess_CL 2
expect aws-text/nlb_al_valid_logs.log nlb AWSNLBAccessLogs 1
expect lambda-promtail/testdata/albaccesslog.log.gz alb AWSALBAccessLogs 2
expect lambda-promtail/testdata/cloudfront.log.gz cloudfront AWSCloudFront_AccessLog_CL 2
expect lambda-promtail/testdata/cloudtrail-log-file.json.gz cloudtrail AWSCloudTrail 2
expect lambda-promtail/testdata/nlbaccesslog.log.gz nlb AWSNLBAccessLogs 2
expect lambda-promtail/testdata/s3accesslog.log s3access AWSS3ServerAccess 1
expect lambda-promtail/testdata/vpcflowlog.log.gz vpcflow AWSVPCFlow 3
expect lambda-promtail/testdata/waflog.log.gz waf AWSWAF 1
expect lambda-promtail/testdata/msklog.log.gz raw LogbridgeRaw_CL 2

# Every column is one of the table's, with its type; all but the service's own are
# there.
for format in vpcflow s3access alb nlb elbflow; do
	table=../shared/facts/tables/$(awk '$1 == "table" { print $2 }' "logparse/formats/$format.format").json
	if [ ! -f "$table" ]; then
		skip "not there" "$format: columns are those of the table"
		continue
	fi
	is "$(awk '$1 == "column" { print $2, $3 }' "logparse/formats/$format.format" | sort)" \
		"$(jq -r '.columns[] | select(.standard != true) | "\(.name) \(.type)"' "$table" | sort)" \
		"$format: columns are those of the table"
done
tap_done
