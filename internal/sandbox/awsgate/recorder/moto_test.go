package recorder_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"example.com/landfall/internal/sandbox/awsgate/awsapi"
	"example.com/landfall/internal/sandbox/awsgate/recorder"
	"example.com/landfall/internal/testkit"
)

// bench is a recorder in front of a moto account, asked without a gate.
type bench struct {
	t        *testing.T
	config   aws.Config
	account  string
	recorder *recorder.Recorder
	log      *testLog
}

// testLog keeps the warnings of a recorder, which stand for kinds it could
// not read.
type testLog struct{ t *testing.T }

func (l *testLog) Write(p []byte) (int, error) {
	l.t.Errorf("the recorder warned: %s", p)
	return len(p), nil
}

func newBench(t *testing.T) *bench {
	t.Helper()
	moto := testkit.SharedMoto(t)
	address, err := url.Parse(moto.URL)
	if err != nil {
		t.Fatal(err)
	}
	config := moto.Config(t)
	log := &testLog{t}
	r := recorder.New(recorder.Options{
		Upstream: address, Account: moto.Account, Region: "us-east-1",
		Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	t.Cleanup(r.Close)
	return &bench{t, config, moto.Account, r, log}
}

// ask sends one operation and fails on an error.
func (b *bench) ask(operation string, params map[string]any) map[string]any {
	b.t.Helper()
	out, err := b.recorder.Answer(b.t.Context(), &awsapi.Call{Service: "config", Operation: operation, Params: params})
	if err != nil {
		b.t.Fatalf("%s: %v", operation, err)
	}
	return out
}

// changed tells the recorder of a successful call.
func (b *bench) changed(service, operation string) {
	// Through a gate, the gate tells it.
	if b.recorder == nil {
		return
	}
	b.recorder.Observed(context.Background(), &awsapi.Call{Service: service, Operation: operation}, awsapi.Outcome{Status: 200})
}

// rows runs a query and returns its rows.
func (b *bench) rows(expression string) []map[string]any {
	b.t.Helper()
	var rows []map[string]any
	for _, raw := range b.ask("SelectResourceConfig", map[string]any{"Expression": expression})["Results"].([]any) {
		var row map[string]any
		if err := json.Unmarshal([]byte(raw.(string)), &row); err != nil {
			b.t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

func (b *bench) ids(kind string) []string {
	b.t.Helper()
	var ids []string
	for _, one := range b.ask("ListDiscoveredResources", map[string]any{"resourceType": kind})["resourceIdentifiers"].([]any) {
		ids = append(ids, one.(map[string]any)["resourceId"].(string))
	}
	return ids
}

// network is a VPC with a subnet, a security group and an instance.
type network struct{ vpc, subnet, group, instance string }

func (b *bench) network() network {
	b.t.Helper()
	ctx, client := b.t.Context(), ec2.NewFromConfig(b.config)
	vpc, err := client.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	if err != nil {
		b.t.Fatal(err)
	}
	n := network{vpc: *vpc.Vpc.VpcId}
	subnet, err := client.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &n.vpc, CidrBlock: aws.String("10.9.1.0/24"), AvailabilityZone: aws.String("us-east-1b")})
	if err != nil {
		b.t.Fatal(err)
	}
	n.subnet = *subnet.Subnet.SubnetId
	group, err := client.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{VpcId: &n.vpc, GroupName: aws.String("web"), Description: aws.String("web")})
	if err != nil {
		b.t.Fatal(err)
	}
	n.group = *group.GroupId
	_, err = client.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &n.group, IpPermissions: []types.IpPermission{{
		IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), IpRanges: []types.IpRange{{CidrIp: aws.String("10.0.0.0/8")}},
	}}})
	if err != nil {
		b.t.Fatal(err)
	}
	run, err := client.RunInstances(ctx, &ec2.RunInstancesInput{
		ImageId: aws.String("ami-12c6146b"), InstanceType: types.InstanceTypeT3Micro, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		SubnetId: &n.subnet, SecurityGroupIds: []string{n.group},
		TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("app"), Value: aws.String("shop")}}}},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	n.instance = *run.Instances[0].InstanceId
	for _, operation := range []string{"CreateVpc", "CreateSubnet", "CreateSecurityGroup", "RunInstances"} {
		b.changed("ec2", operation)
	}
	return n
}

func TestInstanceIsSeenWithItsRelationships(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if got := b.ids("AWS::EC2::Instance"); len(got) != 0 {
		t.Fatalf("a fresh account has the instances %q", got)
	}
	n := b.network()
	if got := b.ids("AWS::EC2::Instance"); !slices.Equal(got, []string{n.instance}) {
		t.Fatalf("instances are %q, want %q", got, n.instance)
	}
	rows := b.rows("SELECT resourceId, configuration.instanceType, availabilityZone, tags, relationships WHERE resourceType = 'AWS::EC2::Instance' AND tags.tag = 'app=shop'")
	if len(rows) != 1 {
		t.Fatalf("the query finds %d instances, want 1", len(rows))
	}
	raw, err := json.Marshal(rows[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("row: %s", raw)
	if got := rows[0]["configuration"].(map[string]any)["instanceType"]; got != "t3.micro" {
		t.Errorf("instanceType is %v", got)
	}
	found := map[string]string{}
	for _, one := range rows[0]["relationships"].([]any) {
		r := one.(map[string]any)
		found[r["resourceType"].(string)] = r["resourceId"].(string) + " " + r["relationshipName"].(string)
	}
	for kind, want := range map[string]string{
		"AWS::EC2::VPC":           n.vpc + " Is contained in Vpc",
		"AWS::EC2::Subnet":        n.subnet + " Is contained in Subnet",
		"AWS::EC2::SecurityGroup": n.group + " Is associated with SecurityGroup",
	} {
		if found[kind] != want {
			t.Errorf("relationship to %s is %q, want %q", kind, found[kind], want)
		}
	}
	// The other end says it too.
	back := b.rows("SELECT resourceId WHERE resourceType = 'AWS::EC2::VPC' AND relationships.resourceId = '" + n.instance + "'")
	if len(back) != 1 || back[0]["resourceId"] != n.vpc {
		t.Errorf("the VPC does not say that it contains the instance: %v", back)
	}
}

func TestHistoryEndsWithResourceDeleted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	n := b.network()
	if got := b.ids("AWS::EC2::Instance"); len(got) != 1 {
		t.Fatalf("instances are %q", got)
	}
	client := ec2.NewFromConfig(b.config)
	if _, err := client.CreateTags(t.Context(), &ec2.CreateTagsInput{Resources: []string{n.instance}, Tags: []types.Tag{{Key: aws.String("stage"), Value: aws.String("two")}}}); err != nil {
		t.Fatal(err)
	}
	b.changed("ec2", "CreateTags")
	if got := b.rows("SELECT resourceId WHERE tags.key = 'stage'"); len(got) != 1 {
		t.Fatalf("the changed tag is not seen: %v", got)
	}
	if _, err := client.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{n.instance}}); err != nil {
		t.Fatal(err)
	}
	b.changed("ec2", "TerminateInstances")
	key := map[string]any{"resourceType": "AWS::EC2::Instance", "resourceId": n.instance}
	items := b.ask("GetResourceConfigHistory", key)["configurationItems"].([]any)
	var states []string
	for _, one := range items {
		states = append(states, one.(map[string]any)["configurationItemStatus"].(string))
	}
	if want := []string{"ResourceDeleted", "OK", "ResourceDiscovered"}; !slices.Equal(states, want) {
		t.Fatalf("the history is %q, want %q", states, want)
	}
	if got := b.ids("AWS::EC2::Instance"); len(got) != 0 {
		t.Errorf("a terminated instance is still listed: %q", got)
	}
	deleted := b.ask("ListDiscoveredResources", map[string]any{"resourceType": "AWS::EC2::Instance", "includeDeletedResources": true})["resourceIdentifiers"].([]any)
	if len(deleted) != 1 || deleted[0].(map[string]any)["resourceDeletionTime"].(time.Time).IsZero() {
		t.Errorf("deleted resources are %v", deleted)
	}
	if got := b.ask("BatchGetResourceConfig", map[string]any{"resourceKeys": []any{key}})["baseConfigurationItems"].([]any); len(got) != 0 {
		t.Errorf("BatchGetResourceConfig returns a deleted resource: %v", got)
	}
}

func TestNothingIsRecordedWhenNothingChanged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	n := b.network()
	before := b.rows("SELECT resourceType, resourceId, configurationStateId")
	for _, service := range []string{"ec2", "iam", "s3", "rds", "kms", "events", "backup"} {
		b.changed(service, "ModifySomething")
	}
	b.changed("s3", "PutBucketTagging")
	after := b.rows("SELECT resourceType, resourceId, configurationStateId")
	was, _ := json.Marshal(before)
	is, _ := json.Marshal(after)
	if string(was) != string(is) {
		t.Errorf("reading again recorded items without a change:\n%s\n%s", was, is)
	}
	if n.vpc == "" {
		t.Fatal("no VPC")
	}
}
