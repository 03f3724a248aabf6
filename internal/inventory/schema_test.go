package inventory_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// What the builder makes is what docs/reference says that inventory.json is.
func TestInventoryFollowsItsSchema(t *testing.T) {
	t.Parallel()
	schema := published(t)
	b := inventory.NewBuilder()
	empty := b.Build()
	b.Input("live", "sha256:1")
	b.Scope(account, "us-east-1")
	b.Unread(inventory.Unread{Source: inventory.Live, Operation: "rds:DescribeDBInstances", Region: "us-east-1", Reason: "denied: AccessDenied", Hides: "all AWS::RDS::DBInstance"})
	b.Refused(inventory.Refused{File: "x.yaml#/Resources/A", Reason: "no Type"})
	for _, mark := range []inventory.Mark{inventory.Deleted, inventory.Default, inventory.ServiceLinked, inventory.Operator, inventory.Conditional} {
		for _, source := range inventory.Sources() {
			r := instance(inventory.Properties{"Engine": string(source), "MultiAZ": true, "BackupRetentionPeriod": 7})
			r.Marks, r.Attributes = []inventory.Mark{mark}, map[string]any{"State": "available"}
			add(t, b, seen(source, "o", r))
		}
	}
	add(t, b, seen(inventory.CloudFormation, "s.yaml", inventory.Resource{Kind: "AWS::S3::Bucket", Stack: "s", LogicalID: "B", Tags: cloud.Tags{"a": "b"}}))
	full := b.Build()
	if len(full.Drift) == 0 || len(full.Unread) != 1 || len(full.Refused) != 1 || len(full.Scope.Sources) != len(inventory.Sources()) {
		t.Fatalf("%+v", full)
	}
	for _, inv := range []inventory.Inventory{empty, full} {
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(asJSON(t, inv)))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(document); err != nil {
			t.Error(err)
		}
		var back inventory.Inventory
		if err := json.Unmarshal([]byte(asJSON(t, inv)), &back); err != nil || asJSON(t, back) != asJSON(t, inv) {
			t.Errorf("read back: %v", err)
		}
	}
	if schema.Validate(map[string]any{"schemaVersion": 1}) == nil {
		t.Error("the schema takes anything")
	}
}

func published(t *testing.T) *jsonschema.Schema {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "docs", "reference", "schemas", "inventory.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("inventory.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("inventory.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
