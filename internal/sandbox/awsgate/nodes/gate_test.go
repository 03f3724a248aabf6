package nodes_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"example.com/landfall/internal/sandbox/tools"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/testgate"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const instance = "i-0123456789abcdef0"

// gate starts a gate in front of moto with one node and returns its address.
func gate(t *testing.T) string {
	t.Helper()
	address, _ := testgate.Open(t)
	node := `{"instanceId":"` + instance + `","ipAddress":"10.0.1.5","lastPing":"2026-03-10T12:00:00Z","inventory":{"AWS:Application":[{"Name":"nginx","Version":"1.24"}],"AWS:Network":[{"Name":"eth0","IPV4":"10.0.1.5"}]},
		"patch":{"PatchGroup":"web","BaselineId":"pb-01234567890123456","Operation":"Scan","OperationStartTime":"2026-03-09T00:00:00Z","OperationEndTime":"2026-03-09T00:05:00Z","MissingCount":4}}`
	response, err := http.Post(address+"/_landfall/nodes", "application/x-ndjson", strings.NewReader(node))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("loading answers %s %s, %v", response.Status, body, err)
	}
	return address
}

func TestGoSDK(t *testing.T) {
	t.Parallel()
	client, ctx := ssm.NewFromConfig(testkit.AWSConfig(t, gate(t))), t.Context()
	nodes, err := client.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{})
	if err != nil || len(nodes.InstanceInformationList) != 1 {
		t.Fatalf("nodes are %+v, %v", nodes, err)
	}
	one := nodes.InstanceInformationList[0]
	if *one.InstanceId != instance || one.PingStatus != types.PingStatusOnline || !one.LastPingDateTime.Equal(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("the node is %+v", one)
	}
	inventory, err := client.GetInventory(ctx, &ssm.GetInventoryInput{
		Filters:          []types.InventoryFilter{{Key: aws.String("AWS:Application.Name"), Values: []string{"nginx"}, Type: types.InventoryQueryOperatorTypeEqual}},
		ResultAttributes: []types.ResultAttribute{{TypeName: aws.String("AWS:Network")}},
	})
	if err != nil || len(inventory.Entities) != 1 || inventory.Entities[0].Data["AWS:Network"].Content[0]["IPV4"] != "10.0.1.5" {
		t.Errorf("inventory is %+v, %v", inventory, err)
	}
	_, err = client.PutInventory(ctx, &ssm.PutInventoryInput{InstanceId: aws.String(instance), Items: []types.InventoryItem{{
		TypeName: aws.String("Custom:Owner"), SchemaVersion: aws.String("1.0"), CaptureTime: aws.String("2026-03-10T12:00:00Z"), Content: []map[string]string{{"Team": "shop"}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := client.ListInventoryEntries(ctx, &ssm.ListInventoryEntriesInput{InstanceId: aws.String(instance), TypeName: aws.String("Custom:Owner")})
	if err != nil || len(entries.Entries) != 1 || entries.Entries[0]["Team"] != "shop" {
		t.Errorf("entries are %+v, %v", entries, err)
	}
	patches, err := client.DescribeInstancePatchStates(ctx, &ssm.DescribeInstancePatchStatesInput{InstanceIds: []string{instance}})
	if err != nil || len(patches.InstancePatchStates) != 1 || patches.InstancePatchStates[0].MissingCount != 4 {
		t.Errorf("patch states are %+v, %v", patches, err)
	}
	_, err = client.GetInventorySchema(ctx, &ssm.GetInventorySchemaInput{TypeName: aws.String("AWS:Nope")})
	if _, ok := errors.AsType[*types.InvalidTypeNameException](err); !ok {
		t.Errorf("error is %v", err)
	}
	// The rest of Systems Manager stays with the control plane.
	if _, err := client.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/shop/x"), Value: aws.String("1"), Type: types.ParameterTypeString}); err != nil {
		t.Error(err)
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	address := gate(t)
	cache, err := tools.CacheDir(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	tool, err := tools.Locate(cache, tools.AWSCLI)
	if err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		instance:                 {"describe-instance-information", "--filters", "Key=PlatformTypes,Values=Linux"},
		`"Version": "1.24"`:      {"list-inventory-entries", "--instance-id", instance, "--type-name", "AWS:Application"},
		`"TypeName": "AWS:File"`: {"get-inventory-schema", "--type-name", "AWS"},
		`"Count": "1"`:           {"get-inventory", "--aggregators", "Expression=AWS:InstanceInformation.PlatformType"},
	} {
		command := exec.CommandContext(t.Context(), tool.Command[0], append(append(tool.Command[1:], "--endpoint-url", address, "--output", "json", "ssm"), args...)...)
		command.Env = append(append(os.Environ(), tool.Env...), "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret", "AWS_DEFAULT_REGION="+testkit.Region,
			"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true")
		out, err := command.CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("aws ssm %s prints %s, %v; want %s in it", strings.Join(args, " "), out, err, want)
		}
	}
}
