package trail

import (
	"strings"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
)

// class is what CloudTrail makes of an operation.
type class struct {
	name     string
	readOnly bool
	// data: a data event, whose resource type is dataType. With no type
	// CloudTrail does not record the operation at all.
	data     bool
	dataType string
	// answers: the response is recorded although the call only reads.
	answers bool
}

// IsData reports whether the call is a data event, which LookupEvents does not
// show.
func IsData(call *awsapi.Call) bool { return classify(call).data }

func classify(call *awsapi.Call) class {
	c := class{name: eventName(call), readOnly: isReadOnly(call)}
	c.dataType, c.data = dataEvent(call)
	switch call.Service + ":" + call.Operation {
	case "sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity":
		c.answers = true
	}
	return c
}

// eventName is the operation under the name CloudTrail writes.
func eventName(call *awsapi.Call) string {
	switch call.Service {
	case "s3":
		return s3EventName(call.Operation)
	case "lambda":
		// Lambda's events carry the date of the API version in which the
		// operation appeared, from the path; data events do not.
		if suffix := lambdaSuffix(call); suffix != "" && call.Operation != "Invoke" && call.Operation != "InvokeWithResponseStream" {
			return call.Operation + suffix
		}
	}
	if call.Operation == "" {
		return "Unknown"
	}
	return call.Operation
}

func lambdaSuffix(call *awsapi.Call) string {
	date, _, _ := strings.Cut(strings.TrimPrefix(call.Path, "/"), "/")
	if len(date) != len("2015-03-31") || strings.Trim(date, "0123456789-") != "" {
		return ""
	}
	suffix := strings.ReplaceAll(date, "-", "")
	switch call.Operation {
	case "UpdateFunctionCode", "UpdateFunctionConfiguration", "AddPermission", "RemovePermission", "GetFunction", "GetFunctionConfiguration":
		return suffix + "v2"
	}
	return suffix
}

// s3EventName: CloudTrail knows S3 operations by the names of the REST API,
// where bucket configuration always has "Bucket" in it and versions of an
// operation share a name.
func s3EventName(operation string) string {
	switch operation {
	case "ListObjectsV2":
		return "ListObjects"
	case "GetPublicAccessBlock", "PutPublicAccessBlock", "DeletePublicAccessBlock":
		return strings.Replace(operation, "PublicAccessBlock", "BucketPublicAccessBlock", 1)
	case "GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration",
		"GetBucketNotificationConfiguration", "PutBucketNotificationConfiguration":
		return strings.TrimSuffix(operation, "Configuration")
	case "GetObjectLockConfiguration", "PutObjectLockConfiguration":
		return strings.Replace(operation, "ObjectLock", "BucketObjectLock", 1)
	case "":
		return "Unknown"
	}
	return operation
}

// isReadOnly: no model says it, but AWS names operations so that the first
// word tells; the exceptions are listed.
func isReadOnly(call *awsapi.Call) bool {
	switch call.Service + ":" + call.Operation {
	case "sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity",
		"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
		"kms:ReEncrypt", "kms:Sign", "kms:Verify", "kms:GenerateMac", "kms:VerifyMac", "kms:GenerateRandom",
		"logs:FilterLogEvents", "logs:StartQuery", "sqs:ReceiveMessage":
		return true
	}
	for _, first := range []string{"Get", "List", "Describe", "Head", "Lookup", "Search", "Query", "Scan", "Select",
		"BatchGet", "BatchDescribe", "Check", "Validate", "Preview", "Estimate", "Simulate", "TransactGet", "View"} {
		if rest, ok := strings.CutPrefix(call.Operation, first); ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z') {
			return true
		}
	}
	return false
}

// dataEvent: the operations that CloudTrail counts as data events, with their
// resource type, after "Logging data events" of its user guide.
func dataEvent(call *awsapi.Call) (resourceType string, data bool) {
	switch call.Service {
	case "s3":
		return s3Data(call)
	case "lambda":
		return "AWS::Lambda::Function", in(call.Operation, "Invoke", "InvokeAsync", "InvokeWithResponseStream")
	case "dynamodb":
		if call.Model == "dynamodbstreams" {
			return "AWS::DynamoDB::Stream", in(call.Operation, "GetRecords", "GetShardIterator")
		}
		return "AWS::DynamoDB::Table", in(call.Operation, "GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan",
			"BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems", "ExecuteStatement",
			"BatchExecuteStatement", "ExecuteTransaction")
	case "sqs":
		return "AWS::SQS::Queue", in(call.Operation, "SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage",
			"DeleteMessageBatch", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch")
	case "sns":
		return "AWS::SNS::Topic", in(call.Operation, "Publish", "PublishBatch")
	case "kinesis":
		return "AWS::Kinesis::Stream", in(call.Operation, "PutRecord", "PutRecords", "GetRecords", "GetShardIterator", "SubscribeToShard")
	case "monitoring":
		return "AWS::CloudWatch::Metric", in(call.Operation, "PutMetricData", "GetMetricData", "GetMetricWidgetImage")
	case "ebs":
		return "AWS::EC2::Snapshot", call.Operation != ""
	case "logs":
		return "", in(call.Operation, "PutLogEvents")
	case "events":
		return "", in(call.Operation, "PutEvents", "PutPartnerEvents")
	case "firehose":
		return "", in(call.Operation, "PutRecord", "PutRecordBatch")
	case "xray":
		return "", in(call.Operation, "PutTraceSegments", "PutTelemetryRecords")
	}
	return "", false
}

func s3Data(call *awsapi.Call) (string, bool) {
	if call.Model == "s3control" {
		return "", false
	}
	if awsapi.Has(call.Params, "Key") {
		return "AWS::S3::Object", true
	}
	// These act on a bucket and are yet in the user guide's table of
	// object-level actions.
	return "AWS::S3::Object", in(call.Operation, "ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads",
		"DeleteObjects", "HeadBucket")
}

func in(s string, list ...string) bool {
	for _, e := range list {
		if s == e {
			return true
		}
	}
	return false
}
