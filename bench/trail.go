package main

import (
	"fmt"
	"io"
	"math/rand/v2"
)

// call is what principals do.
type call struct{ source, name, parameters, resources string }

func calls() []call {
	const bucket = `{"bucketName":"bookshop-invoices","Host":"bookshop-invoices.s3.us-east-1.amazonaws.com","key":"invoices/2026/%d.json"}`
	const object = `,"resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::bookshop-invoices/invoices/2026/%d.json"},{"accountId":"123456789012","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::bookshop-invoices"}]`
	const key = `,"resources":[{"accountId":"123456789012","type":"AWS::KMS::Key","ARN":"arn:aws:kms:us-east-1:123456789012:key/1b2c"}]`
	return []call{
		{"s3", "PutObject", bucket, object}, {"s3", "GetObject", bucket, object}, {"s3", "ListObjects", `{"bucketName":"bookshop-covers","prefix":"%d"}`, ""},
		{"kms", "Decrypt", `{"encryptionContext":{"SecretARN":"arn:aws:secretsmanager:us-east-1:123456789012:secret:db-%d"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}`, key},
		{"secretsmanager", "GetSecretValue", `{"secretId":"arn:aws:secretsmanager:us-east-1:123456789012:secret:db-%d"}`, ""},
		{"ec2", "DescribeInstances", `{"instancesSet":{},"filterSet":{"items":[{"name":"tag:n","valueSet":{"items":[{"value":"%d"}]}}]}}`, ""},
		{"rds", "DescribeDBInstances", `{"maxRecords":%d}`, ""}, {"dynamodb", "GetItem", `{"tableName":"sessions","key":{"id":"%d"}}`, ""},
		{"sqs", "GetQueueAttributes", `{"queueUrl":"https://sqs.us-east-1.amazonaws.com/123456789012/orders","n":%d}`, ""},
		{"sts", "AssumeRole", `{"roleArn":"arn:aws:iam::123456789012:role/bookshop-function","roleSessionName":"mailer-%d"}`, ""},
		{"lambda", "Invoke", `{"functionName":"arn:aws:lambda:us-east-1:123456789012:function:mailer","n":%d}`, ""},
		{"logs", "CreateLogStream", `{"logGroupName":"/aws/lambda/mailer","logStreamName":"2026/%d"}`, ""},
	}
}

// trailFile writes one file of records.
func trailFile(w io.Writer, r *rand.Rand, more func() bool) error {
	if _, err := io.WriteString(w, `{"Records":[`); err != nil {
		return err
	}
	list := calls()
	for n := 0; more(); n++ {
		if n > 0 {
			if _, err := io.WriteString(w, ","); err != nil {
				return err
			}
		}
		if _, err := w.Write(event(r, list, n)); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, `]}`)
	return err
}

func event(r *rand.Rand, list []call, n int) []byte {
	c := list[r.IntN(len(list))]
	number := r.IntN(1_000_000)
	role := fmt.Sprintf("role-%03d", r.IntN(200))
	who := fmt.Sprintf(`{"type":"AssumedRole","principalId":"AROAEXAMPLE%s:i-%017x","arn":"arn:aws:sts::123456789012:assumed-role/%s/i-%017x","accountId":"123456789012",`+
		`"accessKeyId":"ASIA%016X","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAEXAMPLE%s","arn":"arn:aws:iam::123456789012:role/%s","accountId":"123456789012","userName":"%s"},`+
		`"attributes":{"creationDate":"2026-11-20T10:00:00Z","mfaAuthenticated":"false"}}}`, role, r.IntN(50), role, r.IntN(50), r.Uint64(), role, role, role)
	switch r.IntN(10) {
	case 0:
		who = `{"type":"AWSService","invokedBy":"autoscaling.amazonaws.com"}`
	case 1:
		who = fmt.Sprintf(`{"type":"IAMUser","principalId":"AIDA%d","arn":"arn:aws:iam::123456789012:user/ci-%d","accountId":"123456789012","accessKeyId":"AKIA%016X","userName":"ci-%d"}`, number%5, number%5, r.Uint64(), number%5)
	}
	failure := ""
	if r.IntN(50) == 0 {
		failure = `"errorCode":"AccessDenied","errorMessage":"User is not authorized to perform this: \"denied\"",`
	}
	resources := c.resources
	if resources != "" && c.source == "s3" {
		resources = fmt.Sprintf(resources, number)
	}
	second := 36_000 + n/40
	return fmt.Appendf(nil, `{"eventVersion":"1.11","userIdentity":%s,"eventTime":"2026-11-20T%02d:%02d:%02dZ","eventSource":"%s.amazonaws.com","eventName":"%s","awsRegion":"us-east-1",`+
		`"sourceIPAddress":"10.20.%d.%d","userAgent":"aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26.5 md/GOOS#linux md/GOARCH#amd64 api/%s#1.50.0 m/E,g",%s"requestParameters":%s,"responseElements":null,`+
		`"additionalEventData":{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":%d,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"%016x%016x","bytesTransferredOut":%d},`+
		`"requestID":"%016X","eventID":"%08x-%04x-4%03x-8%03x-%012x","readOnly":%t%s,"eventType":"AwsApiCall","managementEvent":%t,"recipientAccountId":"123456789012","eventCategory":"%s",`+
		`"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"%s.us-east-1.amazonaws.com"}}`,
		who, second/3600%24, second/60%60, second%60, c.source, c.name, r.IntN(2), 10+r.IntN(200), c.source, failure, fmt.Sprintf(c.parameters, number),
		r.IntN(90_000), r.Uint64(), r.Uint64(), r.IntN(90_000), r.Uint64(), r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Uint64()&0xffffffffffff,
		c.name[0] != 'P' && c.name[0] != 'C' && c.name[0] != 'I', resources, c.source != "s3" && c.source != "dynamodb", category(c.source), c.source)
}

func category(source string) string {
	if source == "s3" || source == "dynamodb" {
		return "Data"
	}
	return "Management"
}
