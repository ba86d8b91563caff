# What logparse makes of CloudTrail, columns without a value as null.  Of several
# spellings the fastest in jq 1.6: objects that are used again in variables, no
# conditions (a text of JSON is "null" where there is none), nothing left out.
.Records[] | .userIdentity as $u | $u.sessionContext as $s | $s.sessionIssuer as $i | .tlsDetails as $t
| .requestParameters as $q | ($q.ipPermissions.items?[0]) as $p
| {TimeGenerated: .eventTime, AdditionalEventData: (.additionalEventData | tojson), APIVersion: .apiVersion,
AwsEventId: .eventID, AWSRegion: .awsRegion, AwsRequestId_: .requestID, Category: .eventCategory,
CidrIp: $p.ipRanges.items[0].cidrIp, CipherSuite: $t.cipherSuite, ClientProvidedHostHeader: $t.clientProvidedHostHeader,
DestinationPort: $p.toPort, EC2RoleDelivery: $s.ec2RoleDelivery, ErrorCode: .errorCode, ErrorMessage: .errorMessage,
EventName: .eventName, EventSource: .eventSource, EventTypeName: .eventType, EventVersion: .eventVersion,
IpProtocol: $p.ipProtocol, ManagementEvent: .managementEvent, OperationName: "CloudTrail", ReadOnly: .readOnly,
RecipientAccountId: .recipientAccountId, RequestParameters: ($q | tojson), Resources: (.resources | tojson),
ResponseElements: (.responseElements | tojson), ServiceEventDetails: (.serviceEventDetails | tojson),
SessionCreationDate: $s.attributes.creationDate, SessionIssuerAccountId: $i.accountId, SessionIssuerArn: $i.arn,
SessionIssuerPrincipalId: $i.principalId, SessionIssuerType: $i.type, SessionIssuerUserName: $i.userName,
SessionMfaAuthenticated: $s.attributes.mfaAuthenticated, SharedEventId: .sharedEventID,
SourceIpAddress: .sourceIPAddress, SourcePort: $p.fromPort, TlsVersion: $t.tlsVersion, UserAgent: .userAgent,
UserIdentityAccessKeyId: $u.accessKeyId, UserIdentityAccountId: $u.accountId, UserIdentityArn: $u.arn,
UserIdentityInvokedBy: $u.invokedBy, UserIdentityPrincipalid: $u.principalId,
UserIdentityStoreArn: $u.onBehalfOf.identityStoreArn, UserIdentityType: $u.type,
UserIdentityUserId: $u.onBehalfOf.userId, UserIdentityUserName: $u.userName, VpcEndpointId: .vpcEndpointId}
