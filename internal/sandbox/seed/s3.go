package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// bucketRow is one bucket and what is switched on for it.
type bucketRow struct {
	name      string
	owner     workload
	usedBy    []string
	versioned bool
	encrypted bool
	lifecycle []types.LifecycleRule
	policy    func(s *scope, arn string) string
}

func buckets() []bucketRow {
	return []bucketRow{
		{"bookshop-covers", bookshop, nil, true, true, coverRules(), nil},
		{"bookshop-invoices", bookshop, nil, true, true, invoiceRules(), nil},
		{"shared-exports", platform, []string{"bookshop", "payroll"}, true, true, nil, exportsPolicy},
		{"bookshop-logs", bookshop, []string{"payroll"}, false, false, logRules(), logsPolicy},
		{"bookshop-trail", bookshop, nil, false, false, nil, trailPolicy},
	}
}

// s3 makes the buckets. Notifications wait for the queues: see s3Events.
func (s *scope) s3() {
	for _, row := range buckets() {
		s.as(row.owner).oneBucket(row)
	}
	covers := s.bucket("bookshop-covers")
	do(s, s.clients.s3.PutBucketCors, &s3.PutBucketCorsInput{Bucket: &covers, CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{{
		AllowedMethods: []string{"GET", "HEAD"}, AllowedOrigins: []string{"https://" + shopName}, MaxAgeSeconds: aws.Int32(3600),
	}}}})
	do(s, s.clients.s3.PutBucketLogging, &s3.PutBucketLoggingInput{Bucket: &covers, BucketLoggingStatus: &types.BucketLoggingStatus{LoggingEnabled: &types.LoggingEnabled{
		TargetBucket: aws.String(s.bucket("bookshop-logs")), TargetPrefix: aws.String("s3/covers/"),
	}}})
}

func (s *scope) oneBucket(row bucketRow) {
	name := s.bucket(row.name)
	named(s, Resource{Kind: "AWS::S3::Bucket", Name: name, UsedBy: row.usedBy}, s.clients.s3.CreateBucket, &s3.CreateBucketInput{Bucket: &name})
	s.set("bucket/"+row.name, name)
	do(s, s.clients.s3.PutPublicAccessBlock, &s3.PutPublicAccessBlockInput{Bucket: &name, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
	}})
	tags := tagList(tagsOf(s.owner), func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })
	do(s, s.clients.s3.PutBucketTagging, &s3.PutBucketTaggingInput{Bucket: &name, Tagging: &types.Tagging{TagSet: tags}})
	if row.versioned {
		do(s, s.clients.s3.PutBucketVersioning, &s3.PutBucketVersioningInput{Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	}
	rule := types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256}
	if row.encrypted {
		rule = types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String(s.id("key-arn"))}
	}
	do(s, s.clients.s3.PutBucketEncryption, &s3.PutBucketEncryptionInput{Bucket: &name, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &rule, BucketKeyEnabled: aws.Bool(row.encrypted)}},
	}})
	if row.lifecycle != nil {
		do(s, s.clients.s3.PutBucketLifecycleConfiguration, &s3.PutBucketLifecycleConfigurationInput{Bucket: &name,
			LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: row.lifecycle}})
	}
	if row.policy != nil {
		s.bucketPolicy(row.name, row.policy(s, "arn:aws:s3:::"+name))
	}
}

func (s *scope) bucketPolicy(name, text string) {
	do(s, s.clients.s3.PutBucketPolicy, &s3.PutBucketPolicyInput{Bucket: aws.String(s.bucket(name)), Policy: &text})
}

func coverRules() []types.LifecycleRule {
	return []types.LifecycleRule{{
		ID: aws.String("old-covers"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("covers/")},
		NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(30)},
		AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(7)},
	}}
}

func invoiceRules() []types.LifecycleRule {
	return []types.LifecycleRule{{
		ID: aws.String("archive"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("archive/")},
		Transitions: []types.Transition{{Days: aws.Int32(90), StorageClass: types.TransitionStorageClassStandardIa}, {Days: aws.Int32(365), StorageClass: types.TransitionStorageClassDeepArchive}},
	}, {
		ID: aws.String("drafts"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("drafts/")},
		Expiration: &types.LifecycleExpiration{Days: aws.Int32(14)},
	}}
}

func logRules() []types.LifecycleRule {
	return []types.LifecycleRule{{
		ID: aws.String("forget"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")},
		Expiration: &types.LifecycleExpiration{Days: aws.Int32(90)},
	}}
}

// exportsPolicy lets both workloads' roles in: the bucket's tags name no
// workload, so only this and the managed policy tell who uses it.
func exportsPolicy(s *scope, arn string) string {
	return document(statement{Sid: "exports", Effect: "Allow", Action: []string{"s3:GetObject", "s3:PutObject"}, Resource: arn + "/*",
		Principal: map[string]any{"AWS": []string{s.iamARN("role/bookshop-instance"), s.iamARN("role/payroll-instance"), s.iamARN("role/payroll-function")}}})
}

func logsPolicy(s *scope, arn string) string {
	return document(
		// 127311923021 is Elastic Load Balancing's own account for us-east-1.
		statement{Sid: "alb", Effect: "Allow", Principal: map[string]any{"AWS": "arn:aws:iam::127311923021:root"}, Action: "s3:PutObject", Resource: arn + "/alb/*"},
		statement{Sid: "delivery", Effect: "Allow", Principal: map[string]any{"Service": "delivery.logs.amazonaws.com"}, Action: "s3:PutObject", Resource: arn + "/AWSLogs/" + string(s.o.Account) + "/*",
			Condition: map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": string(s.o.Account)}}},
		statement{Sid: "s3", Effect: "Allow", Principal: map[string]any{"Service": "logging.s3.amazonaws.com"}, Action: "s3:PutObject", Resource: arn + "/s3/covers/*"},
	)
}

func trailPolicy(s *scope, arn string) string {
	service := map[string]any{"Service": "cloudtrail.amazonaws.com"}
	return document(
		statement{Sid: "acl", Effect: "Allow", Principal: service, Action: "s3:GetBucketAcl", Resource: arn},
		statement{Sid: "write", Effect: "Allow", Principal: service, Action: "s3:PutObject", Resource: arn + "/AWSLogs/" + string(s.o.Account) + "/*",
			Condition: map[string]any{"StringEquals": map[string]any{"s3:x-amz-acl": "bucket-owner-full-control"}}},
	)
}

// s3Events connects the invoices to the mail queue and the covers to the
// thumbnail function and the event bus, and lets CloudFront read the covers.
func (s *scope) s3Events() {
	do(s, s.clients.s3.PutBucketNotificationConfiguration, &s3.PutBucketNotificationConfigurationInput{
		Bucket: aws.String(s.bucket("bookshop-invoices")), NotificationConfiguration: &types.NotificationConfiguration{
			QueueConfigurations: []types.QueueConfiguration{{
				Id: aws.String("mail-new-invoice"), QueueArn: aws.String(s.arn("sqs", "bookshop-mail")), Events: []types.Event{"s3:ObjectCreated:*"},
				Filter: &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{FilterRules: []types.FilterRule{{Name: types.FilterRuleNamePrefix, Value: aws.String("invoices/")}}}},
			}},
		},
	})
	do(s, s.clients.s3.PutBucketNotificationConfiguration, &s3.PutBucketNotificationConfigurationInput{
		Bucket: aws.String(s.bucket("bookshop-covers")), NotificationConfiguration: &types.NotificationConfiguration{
			LambdaFunctionConfigurations: []types.LambdaFunctionConfiguration{{
				Id: aws.String("thumbnail"), LambdaFunctionArn: aws.String(s.arn("lambda", "function:bookshop-cover-thumbs")), Events: []types.Event{"s3:ObjectCreated:Put"},
			}},
			EventBridgeConfiguration: &types.EventBridgeConfiguration{},
		},
	})
	s.bucketPolicy("bookshop-covers", document(statement{Sid: "cdn", Effect: "Allow", Principal: map[string]any{"Service": "cloudfront.amazonaws.com"},
		Action: "s3:GetObject", Resource: "arn:aws:s3:::" + s.bucket("bookshop-covers") + "/*",
		Condition: map[string]any{"StringEquals": map[string]any{"AWS:SourceArn": s.id("distribution-arn")}}}))
	s.bucketPolicy("bookshop-invoices", document(statement{Sid: "tls", Effect: "Deny", Principal: "*", Action: "s3:*",
		Resource:  []string{"arn:aws:s3:::" + s.bucket("bookshop-invoices"), "arn:aws:s3:::" + s.bucket("bookshop-invoices") + "/*"},
		Condition: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}}))
}
