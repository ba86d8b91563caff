/*
 * CloudTrail events, as templates that are filled in.  They are somebody
 * else's JSON, peculiarities and all, so no JSON writer is used.
 *
 * In a template '@' and a letter stand for:
 *   a account       A another account    r region         t eventTime
 *   T an hour before it, or so           e, q, v UUIDs    u user name
 *   R role name     s session name       k access key id  p, P principal ids
 *   i IP address    g user agent         h 17 hex digits  n port number
 *   N number to 99,999                   b 64-bit number  w word of 12 letters
 *   l ARN of the identity's role session L 8 to 60 KB of a policy document
 *   @ an '@'
 * A letter that occurs again in one event gives the same text again, but for
 * h, n, N, b and w, which are drawn anew.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "timefmt.h"
#include "trail.h"

#define USER                                                             \
	"\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":\"@P\"," \
	"\"arn\":\"arn:aws:iam::@a:user/@u\",\"accountId\":\"@a\","      \
	"\"accessKeyId\":\"@k\",\"userName\":\"@u\"},"
#define CONSOLE_USER                                                      \
	"\"userIdentity\":{\"type\":\"IAMUser\",\"principalId\":\"@P\","  \
	"\"arn\":\"arn:aws:iam::@a:user/@u\",\"accountId\":\"@a\","       \
	"\"accessKeyId\":\"@k\",\"userName\":\"@u\",\"sessionContext\":{" \
	"\"attributes\":{\"creationDate\":\"@T\","                        \
	"\"mfaAuthenticated\":\"true\"}}},"
#define ROLE_SESSION                                                         \
	"\"type\":\"AssumedRole\",\"principalId\":\"@p:@s\",\"arn\":\"@l\"," \
	"\"accountId\":\"@a\",\"accessKeyId\":\"@k\",\"sessionContext\":{"   \
	"\"sessionIssuer\":{\"type\":\"Role\",\"principalId\":\"@p\","       \
	"\"arn\":\"arn:aws:iam::@a:role/@R\",\"accountId\":\"@a\","          \
	"\"userName\":\"@R\"},"
#define ROLE                                                                  \
	"\"userIdentity\":{" ROLE_SESSION "\"attributes\":{\"creationDate\":" \
	"\"@T\",\"mfaAuthenticated\":\"false\"}}},"
#define WHEN(source, name)                               \
	"\"eventTime\":\"@t\",\"eventSource\":\"" source \
	".amazonaws.com\",\"eventName\":\"" name "\",\"awsRegion\":\"@r\","
#define FROM "\"sourceIPAddress\":\"@i\",\"userAgent\":\"@g\","
#define CALL                                                     \
	"\"eventType\":\"AwsApiCall\",\"managementEvent\":true," \
	"\"recipientAccountId\":\"@a\",\"eventCategory\":\"Management\""
#define DATA                                                      \
	"\"eventType\":\"AwsApiCall\",\"managementEvent\":false," \
	"\"recipientAccountId\":\"@a\",\"eventCategory\":\"Data\""
#define TLS(host)                                                         \
	",\"tlsDetails\":{\"tlsVersion\":\"TLSv1.3\",\"cipherSuite\":"    \
	"\"TLS_AES_128_GCM_SHA256\",\"clientProvidedHostHeader\":\"" host \
	"\"}"
#define IDS "\"requestID\":\"@q\",\"eventID\":\"@e\","
#define RO  "\"readOnly\":true,"
#define RW  "\"readOnly\":false,"

static const struct {
	unsigned weight; /* of a thousand or so */
	const char *text;
} templates[] = {
    /* A look around by a role: the bulk of any trail. */
    {200,
	"{\"eventVersion\":\"1.11\"," ROLE WHEN("ec2", "DescribeInstances") FROM
	"\"requestParameters\":{\"maxResults\":1000,\"instancesSet\":{},"
	"\"filterSet\":{\"items\":[{\"name\":\"vpc-id\",\"valueSet\":{"
	"\"items\":[{\"value\":\"vpc-@h\"}]}}]}},\"responseElements\":null," IDS
	    RO CALL TLS("ec2.@r.amazonaws.com") "}"},
    /* A service assumes a role. */
    {150,
	"{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"AWSService\","
	"\"invokedBy\":\"lambda.amazonaws.com\"}," WHEN("sts",
	    "AssumeRole") "\"sourceIPAddress\":\"lambda.amazonaws.com\","
			  "\"userAgent\":"
			  "\"lambda.amazonaws.com\",\"requestParameters\":{"
			  "\"roleArn\":"
			  "\"arn:aws:iam::@a:role/"
			  "@R\",\"roleSessionName\":\"@s\"},"
			  "\"responseElements\":{\"credentials\":{"
			  "\"accessKeyId\":\"@k\","
			  "\"sessionToken\":\"IQoJb3JpZ2luX2VjE@w@w//////////"
			  "wEaCXVzLWVhc3Qt\","
			  "\"expiration\":\"Nov 2, 2025, 1:49:50 "
			  "PM\"},\"assumedRoleUser\":{"
			  "\"assumedRoleId\":\"@p:@s\",\"arn\":\"@l\"}}," IDS RO
			  "\"resources\":[{\"accountId\":\"@a\",\"type\":\"AWS:"
			  ":IAM::Role\","
			  "\"ARN\":\"arn:aws:iam::@a:role/@R\"}],"
			  "\"eventType\":\"AwsApiCall\",\"managementEvent\":"
			  "true,"
			  "\"recipientAccountId\":\"@a\",\"sharedEventID\":\"@"
			  "v\","
			  "\"eventCategory\":\"Management\"}"},
    /* A role of another account. */
    {50, "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"AWSAccount\","
	 "\"principalId\":\"@p:@s\",\"accountId\":\"@A\"}," WHEN(
	     "sts", "AssumeRole") FROM
	"\"requestParameters\":{\"roleArn\":\"arn:aws:iam::@a:role/@R\","
	"\"roleSessionName\":\"@s\",\"externalId\":\"@w\","
	"\"durationSeconds\":3600},\"responseElements\":{\"credentials\":{"
	"\"accessKeyId\":\"@k\",\"expiration\":\"Nov 2, 2025, 1:49:50 PM\","
	"\"sessionToken\":\"FwoGZXIvYXdzE@w+@w/@w==\"}}," IDS RO
	"\"resources\":[{\"accountId\":\"@a\",\"type\":\"AWS::IAM::Role\","
	"\"ARN\":\"arn:aws:iam::@a:role/@R\"}],"
	"\"eventType\":\"AwsApiCall\",\"managementEvent\":true,"
	"\"recipientAccountId\":\"@a\",\"sharedEventID\":\"@v\","
	"\"eventCategory\":\"Management\"" TLS("sts.@r.amazonaws.com") "}"},
    /* Objects read and written: data events with resources. */
    {120, "{\"eventVersion\":\"1.10\"," ROLE WHEN("s3", "GetObject") FROM
	"\"requestParameters\":{\"bucketName\":\"data-@a\",\"Host\":"
	"\"data-@a.s3.@r.amazonaws.com\",\"key\":\"in/@w/@N.parquet\"},"
	"\"responseElements\":null,\"additionalEventData\":{"
	"\"SignatureVersion\":\"SigV4\",\"CipherSuite\":"
	"\"TLS_AES_128_GCM_SHA256\",\"bytesTransferredIn\":0.0,"
	"\"AuthenticationMethod\":\"AuthHeader\",\"x-amz-id-2\":"
	"\"@w@w+@w/@w=\",\"bytesTransferredOut\":@N.0}," IDS RO
	"\"resources\":[{\"type\":\"AWS::S3::Object\",\"ARN\":"
	"\"arn:aws:s3:::data-@a/in/@w/part.parquet\"},{\"accountId\":\"@a\","
	"\"type\":\"AWS::S3::Bucket\",\"ARN\":\"arn:aws:s3:::data-@a\"}]," DATA
	    TLS("data-@a.s3.@r.amazonaws.com") "}"},
    {40, "{\"eventVersion\":\"1.10\"," USER WHEN("s3", "PutObject") FROM
	"\"requestParameters\":{\"bucketName\":\"up-@a\",\"key\":"
	"\"caf\\u00e9\\/\\ud83d\\ude00 \\\"@w\\\" \\\\ \\u0000\\t.txt\","
	"\"x-amz-acl\":\"bucket-owner-full-control\"},"
	"\"responseElements\":{\"x-amz-server-side-encryption\":\"AES256\"},"
	"\"additionalEventData\":{\"bytesTransferredIn\":1E9,"
	"\"bytesTransferredOut\":-0.0}," IDS RW
	"\"resources\":[{\"type\":\"AWS::S3::Object\",\"ARN\":"
	"\"arn:aws:s3:::up-@a/x\"}]," DATA "}"},
    {80, "{\"eventVersion\":\"1.08\",\"userIdentity\":{" ROLE_SESSION
	 "\"attributes\":{\"creationDate\":\"@T\",\"mfaAuthenticated\":"
	 "\"false\"},\"ec2RoleDelivery\":\"2.0\"}}," WHEN("kms", "Decrypt") FROM
	"\"requestParameters\":{\"encryptionContext\":{\"aws:s3:arn\":"
	"\"arn:aws:s3:::data-@a\"},\"encryptionAlgorithm\":"
	"\"SYMMETRIC_DEFAULT\"},\"responseElements\":null," IDS RO
	"\"resources\":[{\"accountId\":\"@a\",\"type\":\"AWS::KMS::Key\","
	"\"ARN\":\"arn:aws:kms:@r:@a:key/@v\"}],"
	"\"eventType\":\"AwsApiCall\",\"managementEvent\":true,"
	"\"recipientAccountId\":\"@a\",\"sharedEventID\":\"@v\","
	"\"vpcEndpointId\":\"vpce-@h\",\"vpcEndpointAccountId\":\"@a\","
	"\"eventCategory\":\"Management\"}"},
    /* Logins. */
    {25, "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"IAMUser\","
	 "\"principalId\":\"@P\",\"arn\":\"arn:aws:iam::@a:user/@u\","
	 "\"accountId\":\"@a\",\"userName\":\"@u\"}," WHEN(
	     "signin", "ConsoleLogin") FROM
	"\"requestParameters\":null,\"responseElements\":{\"ConsoleLogin\":"
	"\"Success\"},\"additionalEventData\":{\"LoginTo\":"
	"\"https://console.aws.amazon.com/console/home?state=hash&isauth="
	"true\",\"MobileVersion\":\"No\",\"MFAIdentifier\":"
	"\"arn:aws:iam::@a:mfa/@u\",\"MFAUsed\":\"Yes\"},"
	"\"eventID\":\"@e\",\"readOnly\":false,\"eventType\":"
	"\"AwsConsoleSignIn\",\"managementEvent\":true,"
	"\"recipientAccountId\":\"@a\",\"eventCategory\":\"Management\"" TLS(
	    "signin.aws.amazon.com") "}"},
    {10, "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"IAMUser\","
	 "\"accountId\":\"@a\",\"accessKeyId\":\"\",\"userName\":"
	 "\"HIDDEN_DUE_TO_SECURITY_REASONS\"}," WHEN("signin", "ConsoleLogin")
	     FROM
	"\"errorMessage\":\"No username found in supplied account\","
	"\"requestParameters\":null,\"responseElements\":{\"ConsoleLogin\":"
	"\"Failure\"},\"additionalEventData\":{\"LoginTo\":"
	"\"https://console.aws.amazon.com/console/home\",\"MobileVersion\":"
	"\"No\",\"MFAUsed\":\"No\"},\"eventID\":\"@e\",\"readOnly\":false,"
	"\"eventType\":\"AwsConsoleSignIn\",\"managementEvent\":true,"
	"\"recipientAccountId\":\"@a\",\"eventCategory\":\"Management\"" TLS(
	    "signin.aws.amazon.com") "}"},
    {10, "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"Root\","
	 "\"principalId\":\"@a\",\"arn\":\"arn:aws:iam::@a:root\","
	 "\"accountId\":\"@a\",\"accessKeyId\":\"@k\",\"sessionContext\":{"
	 "\"attributes\":{\"creationDate\":\"@T\",\"mfaAuthenticated\":"
	 "\"true\"},\"sessionCredentialFromConsole\":\"true\"}}," WHEN(
	     "iam", "ListAccessKeys") FROM
	"\"requestParameters\":null,\"responseElements\":null," IDS RO CALL TLS(
	    "iam.amazonaws.com") "}"},
    /* Errors. */
    {60, "{\"eventVersion\":\"1.09\"," USER WHEN("ec2", "DescribeVolumes") FROM
	"\"errorCode\":\"Client.UnauthorizedOperation\",\"errorMessage\":"
	"\"You are not authorized to perform this operation. User: "
	"arn:aws:iam::@a:user/@u is not authorized to perform: "
	"ec2:DescribeVolumes because no identity-based policy allows the "
	"ec2:DescribeVolumes action\",\"requestParameters\":{\"volumeSet\":{},"
	"\"filterSet\":{}},\"responseElements\":null," IDS RO CALL TLS(
	    "ec2.@r.amazonaws.com") "}"},
    {30, "{\"eventVersion\":\"1.09\"," ROLE WHEN(
	     "secretsmanager", "GetSecretValue") FROM
	"\"errorCode\":\"AccessDenied\",\"errorMessage\":\"User: @l is not "
	"authorized to perform: secretsmanager:GetSecretValue on resource: "
	"@w\",\"requestParameters\":null,\"responseElements\":null," IDS RO CALL
	"}"},
    /* Changes that detections look for. */
    {30, "{\"eventVersion\":\"1.09\"," CONSOLE_USER WHEN(
	     "ec2", "AuthorizeSecurityGroupIngress") FROM
	"\"requestParameters\":{\"groupId\":\"sg-@h\",\"ipPermissions\":{"
	"\"items\":[{\"ipProtocol\":\"tcp\",\"fromPort\":@n,\"toPort\":@n,"
	"\"groups\":{},\"ipRanges\":{\"items\":[{\"cidrIp\":\"0.0.0.0/0\","
	"\"description\":\"caf\xc3\xa9 \xe2\x80\x93 temporary\"},{\"cidrIp\":"
	"\"@i/32\"}]},\"ipv6Ranges\":{\"items\":[{\"cidrIpv6\":\"::/0\"}]},"
	"\"prefixListIds\":{}},{\"ipProtocol\":\"udp\",\"fromPort\":53,"
	"\"toPort\":53,\"groups\":{},\"ipRanges\":{},\"ipv6Ranges\":{},"
	"\"prefixListIds\":{}}]}},\"responseElements\":{\"requestId\":\"@q\","
	"\"_return\":true,\"securityGroupRuleSet\":{\"items\":[{"
	"\"groupOwnerId\":\"@a\",\"groupId\":\"sg-@h\","
	"\"securityGroupRuleId\":\"sgr-@h\",\"isEgress\":false,"
	"\"ipProtocol\":\"tcp\",\"fromPort\":22,\"toPort\":22,"
	"\"cidrIpv4\":\"0.0.0.0/0\"}]}}," IDS RW CALL TLS(
	    "ec2.@r.amazonaws.com") ",\"sessionCredentialFromConsole\":"
				    "\"true\"}"},
    {30, "{\"eventVersion\":\"1.09\"," ROLE WHEN("ec2", "RunInstances") FROM
	"\"requestParameters\":{\"instancesSet\":{\"items\":[{\"imageId\":"
	"\"ami-@h\",\"minCount\":1,\"maxCount\":1}]},\"instanceType\":"
	"\"m5.large\",\"userData\":\"<sensitiveDataRemoved>\","
	"\"blockDeviceMapping\":{},\"monitoring\":{\"enabled\":false},"
	"\"disableApiTermination\":false,\"networkInterfaceSet\":{\"items\":[{"
	"\"deviceIndex\":0,\"subnetId\":\"subnet-@h\"}]},"
	"\"iamInstanceProfile\":{\"name\":\"@R\"},\"ebsOptimized\":false},"
	"\"responseElements\":{\"requestId\":\"@q\",\"reservationId\":"
	"\"r-@h\",\"ownerId\":\"@a\",\"groupSet\":{},\"instancesSet\":{"
	"\"items\":[{\"instanceId\":\"i-@h\",\"imageId\":\"ami-@h\","
	"\"instanceState\":{\"code\":0,\"name\":\"pending\"},"
	"\"privateDnsName\":\"ip-10-0-0-1.@r.compute.internal\","
	"\"amiLaunchIndex\":0,\"productCodes\":{},\"instanceType\":"
	"\"m5.large\",\"launchTime\":1.7E+12,\"placement\":{"
	"\"availabilityZone\":\"@ra\",\"tenancy\":\"default\"},"
	"\"networkInterfaceSet\":{\"items\":[{\"networkInterfaceId\":"
	"\"eni-@h\",\"macAddress\":\"0a:1b:2c:3d:4e:5f\","
	"\"attachment\":{\"attachTime\":1700000000123,\"status\":"
	"\"attaching\"}}]},\"rootDeviceType\":\"ebs\"}]}}," IDS RW CALL TLS(
	    "ec2.@r.amazonaws.com") "}"},
    {15, "{\"eventVersion\":\"1.08\"," CONSOLE_USER WHEN("iam", "CreateUser")
	     FROM
	"\"requestParameters\":{\"userName\":"
	"\"\xe5\xb1\xb1\xe7\x94\xb0.@w\",\"tags\":[{\"key\":\"Gr\xc3\xb6\xc3"
	"\x9f"
	"e\",\"value\":\"\xf0\x9f\x98\x80\"}]},\"responseElements\":{"
	"\"user\":{\"path\":\"/\",\"userName\":\"\xe5\xb1\xb1\xe7\x94\xb0\","
	"\"userId\":\"@P\",\"arn\":\"arn:aws:iam::@a:user/x\","
	"\"createDate\":\"Nov 2, 2025, 1:49:50 PM\"}}," IDS RW CALL TLS(
	    "iam.amazonaws.com") "}"},
    {15, "{\"eventVersion\":\"1.08\"," CONSOLE_USER WHEN(
	     "cloudtrail", "StopLogging") FROM
	"\"requestParameters\":{\"name\":\"arn:aws:cloudtrail:@r:@a:trail/@w\""
	"},\"responseElements\":null," IDS RW CALL "}"},
    /* A policy that makes one record large. */
    {2, "{\"eventVersion\":\"1.08\"," USER WHEN("iam", "CreatePolicyVersion")
	    FROM
	"\"requestParameters\":{\"policyArn\":\"arn:aws:iam::@a:policy/@w\","
	"\"policyDocument\":\"{\\\"Version\\\":\\\"2012-10-17\\\","
	"\\\"Statement\\\":[@L]}\",\"setAsDefault\":true},"
	"\"responseElements\":{\"policyVersion\":{\"versionId\":\"v2\","
	"\"isDefaultVersion\":true}}," IDS RW CALL "}"},
    /* Numbers whose text must survive. */
    {20, "{\"eventVersion\":\"1.08\"," ROLE WHEN("monitoring", "PutMetricAlarm")
	     FROM
	"\"requestParameters\":{\"alarmName\":\"@w\",\"threshold\":1E9,"
	"\"evaluationPeriods\":1,\"datapointsToAlarm\":1.0,\"ratio\":0.0,"
	"\"small\":-1.5e-7,\"large\":@b,\"most\":9223372036854775807,"
	"\"over\":18446744073709551616,\"deep\":[[[[[[{\"a\":[]}]]]]]]},"
	"\"responseElements\":null," IDS RW CALL "}"},
    /* Older versions have fewer members. */
    {30, "{\"eventVersion\":\"1.05\",\"userIdentity\":{" ROLE_SESSION
	 "\"webIdFederationData\":{},\"attributes\":{\"mfaAuthenticated\":"
	 "\"false\",\"creationDate\":\"@T\"}},\"invokedBy\":"
	 "\"autoscaling.amazonaws.com\"}," WHEN("elasticloadbalancing",
	     "DescribeTargetHealth") "\"sourceIPAddress\":\"autoscaling."
				     "amazonaws.com\",\"userAgent\":"
				     "\"autoscaling.amazonaws.com\","
				     "\"requestParameters\":{"
				     "\"targetGroupArn\":\"arn:aws:"
				     "elasticloadbalancing:@r:@a:"
				     "targetgroup/"
				     "@w\"},\"responseElements\":null," IDS
				     "\"apiVersion\":\"2015-12-01\","
				     "\"eventType\":\"AwsApiCall\","
				     "\"recipientAccountId\":\"@a\"}"},
    /* What a service does by itself. */
    {15,
	"{\"eventVersion\":\"1.08\",\"userIdentity\":{\"accountId\":\"@a\","
	"\"invokedBy\":\"kms.amazonaws.com\"}," WHEN("kms",
	    "RotateKey") "\"sourceIPAddress\":\"kms.amazonaws.com\","
			 "\"userAgent\":"
			 "\"kms.amazonaws.com\",\"requestParameters\":null,"
			 "\"responseElements\":null,\"eventID\":\"@e\","
			 "\"readOnly\":false,"
			 "\"resources\":[{\"accountId\":\"@a\",\"type\":\"AWS::"
			 "KMS::Key\","
			 "\"ARN\":\"arn:aws:kms:@r:@a:key/@v\"}],\"eventType\":"
			 "\"AwsServiceEvent\",\"managementEvent\":true,"
			 "\"recipientAccountId\":\"@a\","
			 "\"serviceEventDetails\":{\"keyId\":"
			 "\"@v\"},\"eventCategory\":\"Management\"}"},
    /* Federation: people of an identity provider. */
    {20, "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"SAMLUser\","
	 "\"principalId\":\"@w=:@u@@example.com\",\"userName\":"
	 "\"@u@@example.com\",\"identityProvider\":\"@w=\"}," WHEN(
	     "sts", "AssumeRoleWithSAML") FROM
	"\"requestParameters\":{\"sAMLAssertionID\":\"_@v\","
	"\"roleSessionName\":\"@u@@example.com\",\"roleArn\":"
	"\"arn:aws:iam::@a:role/@R\",\"principalArn\":"
	"\"arn:aws:iam::@a:saml-provider/Entra\",\"durationSeconds\":3600},"
	"\"responseElements\":{\"subjectType\":\"persistent\",\"issuer\":"
	"\"https://sts.windows.net/@v/\"}," IDS RO CALL TLS(
	    "sts.@r.amazonaws.com") "}"},
    {20, "{\"eventVersion\":\"1.11\",\"userIdentity\":{" ROLE_SESSION
	 "\"attributes\":{\"creationDate\":\"@T\",\"mfaAuthenticated\":"
	 "\"false\"}},\"onBehalfOf\":{\"userId\":\"@v\",\"identityStoreArn\":"
	 "\"arn:aws:identitystore::@A:identitystore/d-@h\"},"
	 "\"credentialId\":\"@w\"}," WHEN("sso", "GetRoleCredentials") FROM
	"\"requestParameters\":{\"roleName\":\"@R\",\"accountId\":\"@a\"},"
	"\"responseElements\":null," IDS RO CALL ",\"addendum\":null}"},
    /* A member that did not exist yet, and an empty one. */
    {10, "{\"eventVersion\":\"1.12\"," ROLE WHEN("lambda", "Invoke") FROM
	"\"requestParameters\":{\"functionName\":\"arn:aws:lambda:@r:@a:"
	"function:@w\",\"\":\"\"},\"responseElements\":null,"
	"\"additionalEventData\":{\"functionVersion\":\"$LATEST\"}," IDS RW
	"\"resources\":[{\"accountId\":\"@a\",\"type\":"
	"\"AWS::Lambda::Function\",\"ARN\":\"arn:aws:lambda:@r:@a:function:x\""
	"}]," DATA ",\"eventContext\":{\"tagContext\":{\"resourceTags\":[]}}}"},
};

enum { KINDS = sizeof(templates) / sizeof(templates[0]) };

static const char insight[] =
    "{\"eventVersion\":\"1.09\",\"eventTime\":\"@t\",\"awsRegion\":\"@r\","
    "\"eventID\":\"@e\",\"eventType\":\"AwsCloudTrailInsight\","
    "\"recipientAccountId\":\"@a\",\"sharedEventID\":\"@v\","
    "\"insightDetails\":{\"state\":\"Start\",\"eventSource\":"
    "\"autoscaling.amazonaws.com\",\"eventName\":"
    "\"CompleteLifecycleAction\",\"insightType\":\"ApiCallRateInsight\","
    "\"insightContext\":{\"statistics\":{\"baseline\":{\"average\":"
    "9.82222E-5},\"insight\":{\"average\":5.0},\"insightDuration\":1,"
    "\"baselineDuration\":10181},\"attributions\":[{\"attribute\":"
    "\"userIdentityArn\",\"insight\":[{\"value\":\"@l\",\"average\":0.6}],"
    "\"baseline\":[{\"value\":\"@l\",\"average\":9.82222E-5}]}]}},"
    "\"eventCategory\":\"Insight\"}";

static const char bad[] =
    "{\"eventVersion\":\"1.08\"," USER WHEN("ec2", "StartInstances") FROM
    "\"requestParameters\":{\"instancesSet\":nul},\"requestID\":\"@q\""
    ",\"eventID\":\"@e\",\"readOnly\":fals}";

static const char digest[] =
    "{\"awsAccountId\":\"@a\",\"digestStartTime\":\"@T\",\"digestEndTime\":"
    "\"@t\",\"digestS3Bucket\":\"logs\",\"digestS3Object\":\"AWSLogs/@a/"
    "CloudTrail-Digest/@r/@w.json.gz\",\"digestPublicKeyFingerprint\":"
    "\"@h@h\",\"digestSignatureAlgorithm\":\"SHA256withRSA\","
    "\"newestEventTime\":\"@t\",\"oldestEventTime\":\"@T\","
    "\"previousDigestS3Bucket\":\"logs\",\"previousDigestS3Object\":"
    "\"AWSLogs/@a/CloudTrail-Digest/@r/@w.json.gz\","
    "\"previousDigestHashValue\":\"@h@h@h\",\"previousDigestHashAlgorithm\":"
    "\"SHA-256\",\"previousDigestSignature\":\"@h@h@h@h\",\"logFiles\":[{"
    "\"s3Bucket\":\"logs\",\"s3Object\":\"@F\",\"hashValue\":\"@h@h@h\","
    "\"hashAlgorithm\":\"SHA-256\",\"newestEventTime\":\"@t\","
    "\"oldestEventTime\":\"@T\"}]}";

/* The texts of one event that its template may use several times. */
struct event {
	struct dice *d;
	const struct trail_place *p;
	const char *file; /* for @F */
	char time[TIMEFMT_MAX], before[TIMEFMT_MAX];
	char uuid[3][37]; /* e, q, v */
	char user[24], role[24], session[24];
	char key[21], role_id[22], user_id[22], address[16];
	const char *agent;
	char other[13];
};

static const char hex[] = "0123456789abcdef";
static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char lower[] = "abcdefghijklmnopqrstuvwxyz";

static void
make_uuid(struct dice *d, char out[37])
{
	dice_text(d, out, 36, hex);
	out[8] = out[13] = out[18] = out[23] = '-';
	out[14] = '4';
	out[19] = "89ab"[dice_below(d, 4)];
	out[36] = '\0';
}

/* An id such as AIDA.. or ASIA..: its first four letters, then n random. */
static void
make_id(struct dice *d, char *out, const char *first, size_t n)
{
	memcpy(out, first, 4);
	dice_text(d, out + 4, n, upper);
	out[4 + n] = '\0';
}

static void
begin(struct event *e, struct dice *d, const struct trail_place *p)
{
	static const char *const agents[] = {
	    "aws-cli/2.15.30 Python/3.11.8 Linux/5.10 exe/x86_64.amzn.2023",
	    "Boto3/1.34.69 md/Botocore#1.34.69 ua/2.0 os/linux#6.1 "
	    "lang/python#3.12.2",
	    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
	    "(KHTML, like Gecko) Chrome/123.0.0.0 Safari/537.36",
	    "APN/1.0 HashiCorp/1.0 Terraform/1.7.5 (+https://www.terraform.io) "
	    "terraform-provider-aws/5.42.0 aws-sdk-go-v2/1.26.0",
	    "AWS Internal",
	    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488]",
	};
	static const char *const users[] = {"alice", "bob", "carol.jones",
	    "deploy", "ci-runner", "m.o'brien", "svc_backup", "zoe"};
	static const char *const roles[] = {"Admin", "ReadOnly", "LambdaExec",
	    "AWSReservedSSO_Ops", "ecsTaskRole", "CrossAccountAudit"};
	uint64_t x = dice_throw(d);
	int64_t at = p->from_ms;

	if (p->span_ms > 0)
		at += (int64_t)(dice_throw(d) % (uint64_t)p->span_ms);
	*e = (struct event){.d = d, .p = p};
	timefmt_rfc3339(e->time, at, false);
	timefmt_rfc3339(
	    e->before, at - 60000 - (int64_t)(x % 3600) * 1000, false);
	for (int i = 0; i < 3; i++)
		make_uuid(d, e->uuid[i]);
	(void)snprintf(e->user, sizeof(e->user), "%s",
	    users[dice_below(d, sizeof(users) / sizeof(users[0]))]);
	(void)snprintf(e->role, sizeof(e->role), "%s",
	    roles[dice_below(d, sizeof(roles) / sizeof(roles[0]))]);
	dice_text(d, e->session, 10, lower);
	make_id(d, e->key, x & 1 ? "ASIA" : "AKIA", 16);
	make_id(d, e->role_id, "AROA", 17);
	make_id(d, e->user_id, "AIDA", 17);
	/* TEST-NET-3 and the like: addresses of documentation only. */
	(void)snprintf(e->address, sizeof(e->address), "%s.%u",
	    x & 2 ? "203.0.113" : "198.51.100", dice_below(d, 256));
	e->agent = agents[dice_below(d, sizeof(agents) / sizeof(agents[0]))];
	dice_text(d, e->other, 12, "0123456789");
}

/* 8 to 60 KB of a policy, as JSON inside a JSON string. */
static void
add_policy(struct buf *out, struct event *e)
{
	uint32_t n = 60 + dice_below(e->d, 400);
	char word[13] = "";

	for (uint32_t i = 0; i < n; i++) {
		dice_text(e->d, word, 12, lower);
		buf_addf(out,
		    "%s{\\\"Effect\\\":\\\"Allow\\\",\\\"Action\\\":\\\"s3:Get*"
		    "\\\",\\\"Resource\\\":\\\"arn:aws:s3:::%s/"
		    "*\\\",\\\"Condition"
		    "\\\":{\\\"Bool\\\":{\\\"aws:SecureTransport\\\":\\\"true"
		    "\\\"}}}",
		    i > 0 ? "," : "", word);
	}
}

/* What a letter that is drawn anew each time stands for. */
static void
add_fresh(struct buf *out, struct event *e, char c)
{
	char text[18] = "";

	switch (c) {
	case 'h':
		dice_text(e->d, text, 17, hex);
		buf_add(out, text, 17);
		break;
	case 'w':
		dice_text(e->d, text, 12, lower);
		buf_add(out, text, 12);
		break;
	case 'n':
		buf_addf(out, "%u", 1 + dice_below(e->d, 65535));
		break;
	case 'N':
		buf_addf(out, "%u", dice_below(e->d, 100000));
		break;
	case 'b':
		buf_addf(out, "%lld", (long long)(dice_throw(e->d) >> 1));
		break;
	default:
		INVARIANT(c == 'L');
		add_policy(out, e);
	}
}

static void
fill(struct buf *out, struct event *e, const char *text)
{
	const struct {
		char letter;
		const char *value;
	} table[] = {{'a', e->p->account}, {'A', e->other}, {'r', e->p->region},
	    {'t', e->time}, {'T', e->before}, {'e', e->uuid[0]},
	    {'q', e->uuid[1]}, {'v', e->uuid[2]}, {'u', e->user},
	    {'R', e->role}, {'s', e->session}, {'k', e->key}, {'p', e->role_id},
	    {'P', e->user_id}, {'i', e->address}, {'g', e->agent},
	    {'F', e->file}, {'@', "@"}};
	const char *at;
	size_t i, n = sizeof(table) / sizeof(table[0]);

	for (; (at = strchr(text, '@')) != NULL; text = at + 2) {
		buf_add(out, text, (size_t)(at - text));
		for (i = 0; i < n && table[i].letter != at[1]; i++)
			;
		if (i < n)
			buf_adds(out, table[i].value);
		else if (at[1] == 'l')
			buf_addf(out, "arn:aws:sts::%s:assumed-role/%s/%s",
			    e->p->account, e->role, e->session);
		else
			add_fresh(out, e, at[1]);
	}
	buf_adds(out, text);
}

size_t
trail_kinds(void)
{
	return KINDS;
}

void
trail_kind(
    struct buf *out, struct dice *d, const struct trail_place *p, size_t kind)
{
	struct event e;

	begin(&e, d, p);
	fill(out, &e, templates[kind].text);
}

void
trail_any(struct buf *out, struct dice *d, const struct trail_place *p)
{
	unsigned total = 0, at;
	size_t kind = 0;

	for (size_t i = 0; i < KINDS; i++)
		total += templates[i].weight;
	at = dice_below(d, total);
	while (at >= templates[kind].weight)
		at -= templates[kind++].weight;
	trail_kind(out, d, p, kind);
}

void
trail_insight(struct buf *out, struct dice *d, const struct trail_place *p)
{
	struct event e;

	begin(&e, d, p);
	fill(out, &e, insight);
}

void
trail_bad(struct buf *out, struct dice *d, const struct trail_place *p)
{
	struct event e;

	begin(&e, d, p);
	fill(out, &e, bad);
}

void
trail_digest(struct buf *out, struct dice *d, const struct trail_place *p,
    const char *names_log)
{
	struct event e;

	begin(&e, d, p);
	e.file = names_log;
	fill(out, &e, digest);
}
