package recorder_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"example.com/landfall/internal/sandbox/tools"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/testgate"
)

// gate starts a gate in front of moto; all calls of these tests go through it.
func gate(t *testing.T) (address string, config aws.Config, moto testkit.MotoServer) {
	t.Helper()
	address, moto = testgate.Open(t)
	config = testkit.AWSConfig(t, address)
	config.Credentials = credentials.NewStaticCredentialsProvider(moto.Key, moto.Secret, "")
	return address, config, moto
}

// What the SDK does through the gate is what AWS Config shows, at once.
func TestThroughTheGate(t *testing.T) {
	t.Parallel()
	_, config, moto := gate(t)
	b := &bench{t: t, config: config, account: moto.Account}
	client, ctx := configservice.NewFromConfig(config), t.Context()
	first, err := client.SelectResourceConfig(ctx, &configservice.SelectResourceConfigInput{Expression: aws.String("SELECT COUNT(*) WHERE resourceType = 'AWS::EC2::Instance'")})
	if err != nil || first.Results[0] != `{"COUNT(*)":0}` || *first.QueryInfo.SelectFields[0].Name != "COUNT(*)" {
		t.Fatalf("a fresh account gives %+v, %v", first, err)
	}
	n := b.network()
	listed, err := client.ListDiscoveredResources(ctx, &configservice.ListDiscoveredResourcesInput{ResourceType: types.ResourceTypeInstance})
	if err != nil || len(listed.ResourceIdentifiers) != 1 || *listed.ResourceIdentifiers[0].ResourceId != n.instance {
		t.Fatalf("instances are %+v, %v", listed, err)
	}
	pages := configservice.NewSelectResourceConfigPaginator(client, &configservice.SelectResourceConfigInput{
		Expression: aws.String("SELECT resourceId, relationships.resourceId WHERE resourceType IN ('AWS::EC2::Instance', 'AWS::EC2::Subnet') AND relationships.resourceId = '" + n.vpc + "'"), Limit: 1,
	})
	found := ""
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		found += strings.Join(page.Results, " ")
	}
	for _, id := range []string{n.instance, n.subnet, n.group} {
		if !strings.Contains(found, id) {
			t.Errorf("the query does not find %s: %s", id, found)
		}
	}
	machines := ec2.NewFromConfig(config)
	if _, err := machines.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{n.instance}}); err != nil {
		t.Fatal(err)
	}
	history, err := client.GetResourceConfigHistory(ctx, &configservice.GetResourceConfigHistoryInput{ResourceType: types.ResourceTypeInstance, ResourceId: &n.instance})
	if err != nil || len(history.ConfigurationItems) != 2 {
		t.Fatalf("the history is %+v, %v", history, err)
	}
	deleted, was := history.ConfigurationItems[0], history.ConfigurationItems[1]
	if deleted.ConfigurationItemStatus != types.ConfigurationItemStatusResourceDeleted || was.ConfigurationItemStatus != types.ConfigurationItemStatusResourceDiscovered {
		t.Errorf("states are %s and %s", deleted.ConfigurationItemStatus, was.ConfigurationItemStatus)
	}
	var configuration struct{ InstanceID, SubnetID string }
	if err := json.Unmarshal([]byte(aws.ToString(was.Configuration)), &configuration); err != nil || configuration.InstanceID != n.instance || configuration.SubnetID != n.subnet {
		t.Errorf("the configuration is %s, %v", aws.ToString(was.Configuration), err)
	}
	if was.Tags["app"] != "shop" || len(was.Relationships) < 4 || was.ConfigurationItemCaptureTime.After(*deleted.ConfigurationItemCaptureTime) {
		t.Errorf("the item is %+v", was)
	}
}

func TestErrorsReachTheSDK(t *testing.T) {
	t.Parallel()
	_, config, _ := gate(t)
	client := configservice.NewFromConfig(config)
	_, err := client.SelectResourceConfig(t.Context(), &configservice.SelectResourceConfigInput{Expression: aws.String("SELECT a FROM b")})
	if _, ok := errors.AsType[*types.InvalidExpressionException](err); !ok {
		t.Errorf("error is %v", err)
	}
	_, err = client.GetResourceConfigHistory(t.Context(), &configservice.GetResourceConfigHistoryInput{ResourceType: types.ResourceTypeInstance, ResourceId: aws.String("i-1")})
	if _, ok := errors.AsType[*types.ResourceNotDiscoveredException](err); !ok {
		t.Errorf("error is %v", err)
	}
}

// Recorders and delivery channels are the control plane's.
func TestRecordersPassThrough(t *testing.T) {
	t.Parallel()
	_, config, moto := gate(t)
	client, ctx := configservice.NewFromConfig(config), t.Context()
	_, err := client.PutConfigurationRecorder(ctx, &configservice.PutConfigurationRecorderInput{ConfigurationRecorder: &types.ConfigurationRecorder{
		Name: aws.String("default"), RoleARN: aws.String("arn:aws:iam::" + moto.Account + ":role/config"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{})
	if err != nil || len(out.ConfigurationRecorders) != 1 {
		t.Errorf("recorders are %+v, %v", out, err)
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	address, _, moto := gate(t)
	cache, err := tools.CacheDir(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	tool, err := tools.Locate(cache, tools.AWSCLI)
	if err != nil {
		t.Fatal(err)
	}
	aws := func(args ...string) string {
		command := exec.CommandContext(t.Context(), tool.Command[0], append(append(tool.Command[1:], "--endpoint-url", address, "--output", "json"), args...)...)
		command.Env = append(append(os.Environ(), tool.Env...), "AWS_ACCESS_KEY_ID="+moto.Key, "AWS_SECRET_ACCESS_KEY="+moto.Secret, "AWS_DEFAULT_REGION="+testkit.Region,
			"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true")
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	var made struct{ Vpc struct{ VpcID string } }
	if err := json.Unmarshal([]byte(aws("ec2", "create-vpc", "--cidr-block", "10.44.0.0/16")), &made); err != nil {
		t.Fatal(err)
	}
	if out := aws("configservice", "list-discovered-resources", "--resource-type", "AWS::EC2::VPC"); !strings.Contains(out, made.Vpc.VpcID) {
		t.Errorf("list-discovered-resources prints %s", out)
	}
	if out := aws("configservice", "select-resource-config", "--expression", "SELECT resourceId WHERE configuration.cidrBlock = '10.44.0.0/16'"); !strings.Contains(out, made.Vpc.VpcID) {
		t.Errorf("select-resource-config prints %s", out)
	}
	aws("ec2", "delete-vpc", "--vpc-id", made.Vpc.VpcID)
	if out := aws("configservice", "get-resource-config-history", "--resource-type", "AWS::EC2::VPC", "--resource-id", made.Vpc.VpcID); !strings.Contains(out, "ResourceDeleted") || !strings.Contains(out, "ResourceDiscovered") {
		t.Errorf("get-resource-config-history prints %s", out)
	}
}
