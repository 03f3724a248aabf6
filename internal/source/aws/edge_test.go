package aws

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

func TestBuckets(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := s3.NewFromConfig(a.config, func(o *s3.Options) { o.UsePathStyle = true })
	name, bare := "covers-"+a.id, "bare-"+a.id
	bucket := &name
	made(a, api.CreateBucket, &s3.CreateBucketInput{Bucket: bucket})
	made(a, api.CreateBucket, &s3.CreateBucketInput{Bucket: &bare, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}})
	made(a, api.PutBucketVersioning, &s3.PutBucketVersioningInput{Bucket: bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: "Enabled"}})
	made(a, api.PutBucketTagging, &s3.PutBucketTaggingInput{Bucket: bucket, Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: sdk.String("workload"), Value: sdk.String("shop")}}}})
	made(a, api.PutBucketEncryption, &s3.PutBucketEncryptionInput{Bucket: bucket, ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{Rules: []s3types.ServerSideEncryptionRule{
		{BucketKeyEnabled: sdk.Bool(true), ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{SSEAlgorithm: "aws:kms", KMSMasterKeyID: sdk.String("alias/data")}}}}})
	made(a, api.PutBucketLifecycleConfiguration, &s3.PutBucketLifecycleConfigurationInput{Bucket: bucket, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: []s3types.LifecycleRule{{
		ID: sdk.String("old"), Status: "Enabled", Filter: &s3types.LifecycleRuleFilter{And: &s3types.LifecycleRuleAndOperator{Prefix: sdk.String("in/"), Tags: []s3types.Tag{{Key: sdk.String("a"), Value: sdk.String("b")}}}},
		Transitions: []s3types.Transition{{Days: sdk.Int32(30), StorageClass: "STANDARD_IA"}}, Expiration: &s3types.LifecycleExpiration{Days: sdk.Int32(365)},
		NoncurrentVersionExpiration: &s3types.NoncurrentVersionExpiration{NoncurrentDays: sdk.Int32(7)}}}}})
	made(a, api.PutBucketCors, &s3.PutBucketCorsInput{Bucket: bucket, CORSConfiguration: &s3types.CORSConfiguration{CORSRules: []s3types.CORSRule{{AllowedMethods: []string{"GET"}, AllowedOrigins: []string{"https://shop.example"}, ExposeHeaders: []string{"ETag"}, MaxAgeSeconds: sdk.Int32(60)}}}})
	made(a, api.PutBucketPolicy, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: sdk.String(readCovers)})
	made(a, api.PutPublicAccessBlock, &s3.PutPublicAccessBlockInput{Bucket: bucket, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{BlockPublicAcls: sdk.Bool(true)}})
	made(a, api.PutBucketWebsite, &s3.PutBucketWebsiteInput{Bucket: bucket, WebsiteConfiguration: &s3types.WebsiteConfiguration{IndexDocument: &s3types.IndexDocument{Suffix: sdk.String("index.html")}, ErrorDocument: &s3types.ErrorDocument{Key: sdk.String("error.html")}}})
	made(a, api.PutBucketNotificationConfiguration, &s3.PutBucketNotificationConfigurationInput{Bucket: bucket, SkipDestinationValidation: sdk.Bool(true), NotificationConfiguration: &s3types.NotificationConfiguration{
		LambdaFunctionConfigurations: []s3types.LambdaFunctionConfiguration{{LambdaFunctionArn: sdk.String("arn:aws:lambda:us-east-1:1:function:thumbs"), Events: []s3types.Event{"s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"},
			Filter: &s3types.NotificationConfigurationFilter{Key: &s3types.S3KeyFilter{FilterRules: []s3types.FilterRule{{Name: "suffix", Value: sdk.String(".jpg")}}}}}}}})
	r := a.read(s3Service())
	covers := r.one("AWS::S3::Bucket", name)
	hasTag(t, covers, "workload", "shop")
	alias(t, covers, name+".s3.amazonaws.com")
	alias(t, covers, name+".s3.us-east-1.amazonaws.com")
	encryption := "BucketEncryption.ServerSideEncryptionConfiguration.0."
	has(t, covers, map[string]any{
		"VersioningConfiguration.Status": "Enabled", encryption + "BucketKeyEnabled": true, encryption + "ServerSideEncryptionByDefault.SSEAlgorithm": "aws:kms",
		encryption + "ServerSideEncryptionByDefault.KMSMasterKeyID": "alias/data", "LifecycleConfiguration.Rules.0.Id": "old", "LifecycleConfiguration.Rules.0.Prefix": "in/",
		"LifecycleConfiguration.Rules.0.TagFilters.0.Key": "a", "LifecycleConfiguration.Rules.0.Transitions.0.TransitionInDays": 30.0, "LifecycleConfiguration.Rules.0.ExpirationInDays": 365.0,
		"LifecycleConfiguration.Rules.0.NoncurrentVersionExpiration.NoncurrentDays": 7.0, "CorsConfiguration.CorsRules.0.ExposedHeaders.0": "ETag", "CorsConfiguration.CorsRules.0.MaxAge": 60.0,
		"PublicAccessBlockConfiguration.BlockPublicAcls": true, "WebsiteConfiguration.IndexDocument": "index.html", "WebsiteConfiguration.ErrorDocument": "error.html",
		"NotificationConfiguration.LambdaConfigurations.0.Event": "s3:ObjectCreated:Copy", "NotificationConfiguration.LambdaConfigurations.1.Event": "s3:ObjectCreated:Put",
		"NotificationConfiguration.LambdaConfigurations.0.Filter.S3Key.Rules.0.Value": ".jpg",
	})
	has(t, r.one("AWS::S3::BucketPolicy", name), map[string]any{"Bucket": name, "PolicyDocument.Statement.0.Action": "s3:GetObject"})
	if plain := r.one("AWS::S3::Bucket", bare); plain.Region != "eu-west-1" || plain.Properties["WebsiteConfiguration"] != nil || plain.Properties["CorsConfiguration"] != nil {
		t.Errorf("%s in %s: %v", bare, plain.Region, plain.Properties)
	}
}

func TestLambda(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := lambda.NewFromConfig(a.config)
	made(a, api.CreateFunction, &lambda.CreateFunctionInput{
		FunctionName: sdk.String("thumbs"), Role: sdk.String(a.role("thumbs")), Runtime: "python3.12", Handler: sdk.String("main.handler"), Code: &lambdatypes.FunctionCode{ZipFile: []byte("x")}, MemorySize: sdk.Int32(512),
		Tags: map[string]string{"workload": "shop"}, Environment: &lambdatypes.Environment{Variables: map[string]string{"BUCKET": "covers", "DB_PASSWORD": "kB7secretX", "DATABASE_URL": "mysql://shop:kB7secretX@db.internal:3306/shop"}},
	})
	made(a, api.PublishVersion, &lambda.PublishVersionInput{FunctionName: sdk.String("thumbs")})
	made(a, api.CreateAlias, &lambda.CreateAliasInput{FunctionName: sdk.String("thumbs"), Name: sdk.String("live"), FunctionVersion: sdk.String("1")})
	made(a, api.AddPermission, &lambda.AddPermissionInput{FunctionName: sdk.String("thumbs"), StatementId: sdk.String("covers"), Action: sdk.String("lambda:InvokeFunction"), Principal: sdk.String("s3.amazonaws.com"), SourceArn: sdk.String("arn:aws:s3:::covers")})
	made(a, api.PutFunctionConcurrency, &lambda.PutFunctionConcurrencyInput{FunctionName: sdk.String("thumbs"), ReservedConcurrentExecutions: sdk.Int32(5)})
	r := a.read(lambdaService())
	function := r.one("AWS::Lambda::Function", "thumbs")
	hasTag(t, function, "workload", "shop")
	has(t, function, map[string]any{
		"MemorySize": 512.0, "Runtime": "python3.12", "Environment.Variables.BUCKET": "covers", "Environment.Variables.DB_PASSWORD": "(redacted)",
		"Environment.Variables.DATABASE_URL": "mysql://shop:(redacted)@db.internal:3306/shop", "ReservedConcurrentExecutions": 5.0,
	})
	has(t, r.one("AWS::Lambda::Alias", "thumbs:live"), map[string]any{"FunctionVersion": "1", "FunctionName": "thumbs"})
	has(t, r.one("AWS::Lambda::Version", "thumbs:1"), map[string]any{"Version": "1"})
	has(t, r.one("AWS::Lambda::Permission", "covers"), map[string]any{"FunctionName": "thumbs", "Principal": "s3.amazonaws.com", "SourceArn": "arn:aws:s3:::covers", "Action": "lambda:InvokeFunction"})
	noSecret(t, observed(r), "kB7secretX")
}

func TestMessaging(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	queues, topics, events := sqs.NewFromConfig(a.config), sns.NewFromConfig(a.config), eventbridge.NewFromConfig(a.config)
	dead := "arn:aws:sqs:us-east-1:" + a.id + ":dead"
	made(a, queues.CreateQueue, &sqs.CreateQueueInput{QueueName: sdk.String("dead")})
	url := made(a, queues.CreateQueue, &sqs.CreateQueueInput{QueueName: sdk.String("orders.fifo"), Tags: map[string]string{"workload": "shop"}, Attributes: map[string]string{"FifoQueue": "true", "VisibilityTimeout": "90"}}).QueueUrl
	other := made(a, queues.CreateQueue, &sqs.CreateQueueInput{QueueName: sdk.String("mail"), Attributes: map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + dead + `","maxReceiveCount":"5"}`, "Policy": readCovers}}).QueueUrl
	topic := made(a, topics.CreateTopic, &sns.CreateTopicInput{Name: sdk.String("news"), Attributes: map[string]string{"DisplayName": "News"}}).TopicArn
	made(a, topics.Subscribe, &sns.SubscribeInput{TopicArn: topic, Protocol: sdk.String("sqs"), Endpoint: &dead, Attributes: map[string]string{"RawMessageDelivery": "true", "FilterPolicy": `{"kind":["order"]}`}})
	made(a, events.CreateEventBus, &eventbridge.CreateEventBusInput{Name: sdk.String("shop")})
	made(a, events.PutRule, &eventbridge.PutRuleInput{Name: sdk.String("paid"), EventBusName: sdk.String("shop"), EventPattern: sdk.String(`{"source":["shop"]}`)})
	made(a, events.PutTargets, &eventbridge.PutTargetsInput{Rule: sdk.String("paid"), EventBusName: sdk.String("shop"), Targets: []ebtypes.Target{{Id: sdk.String("1"), Arn: &dead}}})
	r := a.read(sqsService(), snsService(), eventsService())
	orders := r.one("AWS::SQS::Queue", "orders.fifo")
	hasTag(t, orders, "workload", "shop")
	alias(t, orders, *url)
	has(t, orders, map[string]any{"FifoQueue": true, "VisibilityTimeout": 90.0, "QueueUrl": *url})
	has(t, r.one("AWS::SQS::Queue", "mail"), map[string]any{"RedrivePolicy.deadLetterTargetArn": dead, "RedrivePolicy.maxReceiveCount": 5.0, "Policy": nil})
	has(t, r.one("AWS::SQS::QueuePolicy", "mail"), map[string]any{"Queues.0": *other, "PolicyDocument.Statement.0.Effect": "Allow"})
	has(t, r.one("AWS::SNS::Topic", "news"), map[string]any{"DisplayName": "News", "TopicName": "news", "TopicArn": *topic})
	r.count("AWS::SNS::TopicPolicy", 0) // the one that every topic has says nothing
	has(t, r.one("AWS::SNS::Subscription", "sqs:"+dead), map[string]any{"RawMessageDelivery": true, "FilterPolicy.kind.0": "order", "TopicArn": *topic})
	has(t, r.one("AWS::Events::Rule", "paid"), map[string]any{"EventBusName": "shop", "Targets.0.Arn": dead, "EventPattern.source.0": "shop"})
	r.count("AWS::Events::EventBus", 2)
}

func TestNames(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := route53.NewFromConfig(a.config)
	zone := made(a, api.CreateHostedZone, &route53.CreateHostedZoneInput{Name: sdk.String("shop.example"), CallerReference: sdk.String("x"), HostedZoneConfig: &r53types.HostedZoneConfig{Comment: sdk.String("public")}}).HostedZone
	var changes []r53types.Change
	record := func(set r53types.ResourceRecordSet) {
		changes = append(changes, r53types.Change{Action: "CREATE", ResourceRecordSet: &set})
	}
	address := []r53types.ResourceRecord{{Value: sdk.String("192.0.2.1")}}
	for i := range 320 { // more than a page
		record(r53types.ResourceRecordSet{Name: sdk.String(fmt.Sprintf("h%03d.shop.example.", i)), Type: "A", TTL: sdk.Int64(60), ResourceRecords: address})
	}
	record(r53types.ResourceRecordSet{Name: sdk.String("www.shop.example."), Type: "A", TTL: sdk.Int64(60), ResourceRecords: address, SetIdentifier: sdk.String("blue"), Weight: sdk.Int64(10)})
	record(r53types.ResourceRecordSet{Name: sdk.String("www.shop.example."), Type: "A", TTL: sdk.Int64(60), ResourceRecords: address, SetIdentifier: sdk.String("green"), Weight: sdk.Int64(0)})
	record(r53types.ResourceRecordSet{Name: sdk.String("*.shop.example."), Type: "CNAME", TTL: sdk.Int64(60), ResourceRecords: []r53types.ResourceRecord{{Value: sdk.String("www.shop.example")}}})
	made(a, api.ChangeResourceRecordSets, &route53.ChangeResourceRecordSetsInput{HostedZoneId: zone.Id, ChangeBatch: &r53types.ChangeBatch{Changes: changes}})
	r := a.read(route53Service())
	id := strings.TrimPrefix(*zone.Id, "/hostedzone/")
	has(t, r.one("AWS::Route53::HostedZone", "shop.example"), map[string]any{"Id": id, "HostedZoneConfig.Comment": "public", "Name": "shop.example."})
	r.count("AWS::Route53::RecordSet", 320+3+2) // with the zone's own SOA and NS
	ids := map[string]bool{}
	for _, one := range r.resources {
		ids[string(one.ID)] = true
	}
	for _, want := range []string{"|www.shop.example.|A|blue", "|www.shop.example.|A|green", "|*.shop.example.|CNAME"} {
		if !ids["arn:aws:route53:::hostedzone/"+id+want] {
			t.Errorf("no record %s", want)
		}
	}
}

func TestWAF(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := wafv2.NewFromConfig(a.config)
	visible := &waftypes.VisibilityConfig{CloudWatchMetricsEnabled: true, MetricName: sdk.String("x"), SampledRequestsEnabled: true}
	for _, scope := range []waftypes.Scope{"REGIONAL", "CLOUDFRONT"} {
		made(a, api.CreateIPSet, &wafv2.CreateIPSetInput{Name: sdk.String("office"), Scope: scope, IPAddressVersion: "IPV4", Addresses: []string{"192.0.2.0/24"}})
		made(a, api.CreateWebACL, &wafv2.CreateWebACLInput{Name: sdk.String("front"), Scope: scope, DefaultAction: &waftypes.DefaultAction{Allow: &waftypes.AllowAction{}}, VisibilityConfig: visible,
			Tags: []waftypes.Tag{{Key: sdk.String("workload"), Value: sdk.String("shop")}}})
	}
	r := a.read(wafService(), wafGlobalService())
	r.count("AWS::WAFv2::WebACL", 2)
	r.count("AWS::WAFv2::IPSet", 2)
	var scopes []string
	for _, one := range r.resources {
		if one.Kind == "AWS::WAFv2::WebACL" {
			hasTag(t, one, "workload", "shop")
			scopes = append(scopes, one.Properties["Scope"].(string))
		}
	}
	slices.Sort(scopes)
	if !slices.Equal(scopes, []string{"CLOUDFRONT", "REGIONAL"}) {
		t.Errorf("scopes %v", scopes)
	}
}

func TestStacks(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	api := cloudformation.NewFromConfig(a.config)
	const template = `{"Resources":{"Orders":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"stack-orders"}}},"Outputs":{"Url":{"Value":{"Ref":"Orders"}}}}`
	made(a, api.CreateStack, &cloudformation.CreateStackInput{StackName: sdk.String("shop"), TemplateBody: sdk.String(template)})
	r := a.read(cloudformationService())
	stack := r.one("AWS::CloudFormation::Stack", "shop")
	resources, _ := stack.Attributes["StackResources"].([]any)
	if len(resources) != 1 || resources[0].(map[string]any)["LogicalResourceId"] != "Orders" {
		t.Errorf("resources %v", stack.Attributes["StackResources"])
	}
}
