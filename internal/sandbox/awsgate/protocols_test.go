package awsgate_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// Every protocol of AWS, through the gate to moto and back, and into the trail
// under the right name.
func TestProtocols(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	cfg := b.config(t)
	ctx := t.Context()

	vpc, err := ec2.NewFromConfig(cfg).CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	must(t)(rds.NewFromConfig(cfg).CreateDBParameterGroup(ctx, &rds.CreateDBParameterGroupInput{
		DBParameterGroupName: aws.String("pg"), DBParameterGroupFamily: aws.String("postgres15"), Description: aws.String("d")}))
	must(t)(dynamodb.NewFromConfig(cfg).CreateTable(ctx, &dynamodb.CreateTableInput{TableName: aws.String("carts"), BillingMode: ddb.BillingModePayPerRequest,
		KeySchema:            []ddb.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: ddb.KeyTypeHash}},
		AttributeDefinitions: []ddb.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: ddb.ScalarAttributeTypeS}}}))
	must(t)(lambda.NewFromConfig(cfg).ListFunctions(ctx, &lambda.ListFunctionsInput{}))
	must(t)(route53.NewFromConfig(cfg).CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: aws.String("shop.test"), CallerReference: aws.String("1")}))
	must(t)(cloudwatch.NewFromConfig(cfg).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{}))
	must(t)(sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("orders")}))
	b.bucket(t, "protocols")

	want := []string{"CreateBucket", "CreateQueue", "DescribeAlarms", "CreateHostedZone", "ListFunctions20150331", "CreateTable",
		"CreateDBParameterGroup", "CreateVpc"}
	events := b.events(t, nil)
	if len(events) != len(want) {
		t.Fatalf("%d events, want %d: %v", len(events), len(want), names(events))
	}
	for i, e := range events {
		if aws.ToString(e.EventName) != want[i] {
			t.Errorf("event %d is %s, want %s", i, aws.ToString(e.EventName), want[i])
		}
	}
	newest := b.events(t, []types.LookupAttribute{{AttributeKey: types.LookupAttributeKeyResourceName, AttributeValue: vpc.Vpc.VpcId}})
	if len(newest) != 1 || aws.ToString(newest[0].EventName) != "CreateVpc" {
		t.Errorf("events of the VPC: %v", names(newest))
	}
}

// An error of the service reaches the SDK as it was, and the trail.
func TestErrorsPass(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	_, err := iam.NewFromConfig(b.config(t)).GetUser(t.Context(), &iam.GetUserInput{UserName: aws.String("nobody")})
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || api.ErrorCode() != "NoSuchEntity" {
		t.Fatalf("error %v, want NoSuchEntity", err)
	}
	events := b.events(t, nil)
	if len(events) != 1 {
		t.Fatalf("%d events, want 1", len(events))
	}
	record := recordOf(t, events[0])
	if record["errorCode"] != "NoSuchEntity" || record["awsRegion"] != "us-east-1" {
		t.Errorf("record %v", record)
	}
}

// The real command line, an operation for each protocol, and its lookup-events
// finds exactly these calls.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	for _, args := range [][]string{
		{"ec2", "describe-vpcs"}, {"rds", "describe-db-instances"}, {"dynamodb", "list-tables"}, {"lambda", "list-functions"},
		{"route53", "list-hosted-zones"}, {"cloudwatch", "describe-alarms"}, {"backup", "list-backup-vaults"}, {"efs", "describe-file-systems"},
	} {
		b.cli(t, args...)
	}
	out := b.cli(t, "cloudtrail", "lookup-events", "--query", "Events[].EventName", "--output", "text")
	want := "DescribeFileSystems\tListBackupVaults\tDescribeAlarms\tListHostedZones\tListFunctions20150331\tListTables\tDescribeDBInstances\tDescribeVpcs\n"
	if out != want {
		t.Errorf("lookup-events prints\n%s\nwant\n%s", out, want)
	}
}

// events looks up all events, newest first, leaving out the lookups.
func (b *bed) events(t testing.TB, attributes []types.LookupAttribute) []types.Event {
	t.Helper()
	pages := cloudtrail.NewLookupEventsPaginator(cloudtrail.NewFromConfig(b.config(t)), &cloudtrail.LookupEventsInput{LookupAttributes: attributes})
	var out []types.Event
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			if aws.ToString(e.EventName) != "LookupEvents" {
				out = append(out, e)
			}
		}
	}
	return out
}

func names(events []types.Event) []string {
	var out []string
	for _, e := range events {
		out = append(out, aws.ToString(e.EventName))
	}
	return out
}

// An operation that the control plane has no code for is refused by name, in
// the protocol's own form, and is not told as a failure that may pass.
func TestUnknownOperation(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	_, err := ec2.NewFromConfig(b.config(t)).DescribePlacementGroups(t.Context(), &ec2.DescribePlacementGroupsInput{})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "UnknownOperationException" || api.ErrorFault() == smithy.FaultServer {
		t.Errorf("query: %v", err)
	}
	_, err = lambda.NewFromConfig(b.config(t)).ListFunctionUrlConfigs(t.Context(), &lambda.ListFunctionUrlConfigsInput{FunctionName: aws.String("f")})
	if !errors.As(err, &api) || api.ErrorCode() != "UnknownOperationException" {
		t.Errorf("REST: %v", err)
	}
}

// The ARNs of the tagging API are those that AWS gives the same things.
func TestTaggingNamesThingsAsAWSDoes(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	cfg := b.config(t)
	made, err := ec2.NewFromConfig(cfg).CreateManagedPrefixList(t.Context(), &ec2.CreateManagedPrefixListInput{
		PrefixListName: aws.String("offices"), AddressFamily: aws.String("IPv4"), MaxEntries: aws.Int32(2),
		TagSpecifications: []ec2types.TagSpecification{{ResourceType: "prefix-list", Tags: []ec2types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	found, err := resourcegroupstaggingapi.NewFromConfig(cfg).GetResources(t.Context(), &resourcegroupstaggingapi.GetResourcesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range found.ResourceTagMappingList {
		if strings.HasSuffix(aws.ToString(one.ResourceARN), ":prefix-list/"+aws.ToString(made.PrefixList.PrefixListId)) {
			return
		}
	}
	t.Errorf("no ARN of prefix list %s in %v", aws.ToString(made.PrefixList.PrefixListId), found.ResourceTagMappingList)
}
