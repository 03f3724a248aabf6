package kinds

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

func here() Place { return Place{Account: "123456789012", Region: "us-east-1"} }

// value draws a value of a type, as the API would write it.
func value(t *rapid.T, typ *cfn.Type, depth int) any {
	switch typ.Form {
	case cfn.Text:
		if len(typ.Enum) > 0 {
			return rapid.SampledFrom(typ.Enum).Draw(t, "enum")
		}
		return rapid.StringMatching(`[a-z][a-z0-9]{2,8}`).Draw(t, "text")
	case cfn.Integer, cfn.Number:
		return float64(rapid.IntRange(0, 70000).Draw(t, "number"))
	case cfn.Boolean:
		return rapid.Bool().Draw(t, "boolean")
	case cfn.List:
		if depth > 3 {
			return nil
		}
		list := []any{}
		for range rapid.IntRange(0, 2).Draw(t, "members") {
			list = append(list, value(t, typ.Item, depth+1))
		}
		return list
	case cfn.Map:
		return map[string]any{rapid.StringMatching(`[a-z]{3}`).Draw(t, "key"): value(t, typ.Item, depth+1)}
	case cfn.Object:
		if depth > 3 {
			return nil
		}
		object := map[string]any{}
		for _, f := range typ.Fields {
			if rapid.IntRange(0, 2).Draw(t, "given") == 0 {
				object[f.Name] = value(t, f.Type, depth+1)
			}
		}
		return object
	}
	return "free"
}

// Every kind, with whatever its schema allows, gives the same resource from
// the API's form and from AWS Config's: names in lower camel case, the
// configuration as text, tags as an object, nothing written as null. What is
// canonical already stays as it is.
func TestEveryKindFromBothForms(t *testing.T) {
	t.Parallel()
	c := New()
	for _, kind := range c.schemas.Kinds() {
		if kind == "AWS::IAM::Policy" {
			continue // AWS Config means a managed policy by it
		}
		schema, _ := c.schemas.Kind(kind)
		items := rapid.Custom(func(t *rapid.T) map[string]any {
			item, _ := value(t, schema.Root, 1).(map[string]any)
			return item
		})
		for seed := range 2 {
			bothForms(t, c, kind, identified(schema, items.Example(seed)))
		}
	}
}

// identified gives an item what identifies it, and no tags.
func identified(schema *cfn.Schema, item map[string]any) map[string]any {
	delete(item, schema.TagProperty)
	item["Arn"] = "arn:aws:x:us-east-1:123456789012:thing/one"
	for _, path := range schema.Identifier {
		if !strings.ContainsAny(path, ".[") {
			item[path] = "one"
		}
	}
	return item
}

func bothForms(t *testing.T, c *Converter, kind cloud.Kind, item map[string]any) {
	api := clone(item, 0).(map[string]any)
	api["Tags"] = []any{map[string]any{"Key": "app", "Value": "shop"}}
	want, err := c.FromAPI(kind, here(), api)
	if err != nil {
		t.Errorf("%s: %v", kind, err)
		return
	}
	text, err := json.Marshal(lowerNames(item))
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.FromConfig(map[string]any{
		"resourceType": string(kind), "accountId": "123456789012", "awsRegion": "us-east-1", "configurationItemStatus": "OK",
		"configuration": string(text), "tags": map[string]any{"app": "shop"}, "supplementaryConfiguration": map[string]any{},
	})
	if err != nil {
		t.Errorf("%s: %v", kind, err)
		return
	}
	if got[0].ID != want.ID || !reflect.DeepEqual(got[0].Tags, want.Tags) || !reflect.DeepEqual(got[0].Properties, want.Properties) {
		t.Errorf("%s: AWS Config gives %s %v %v\nthe API gives %s %v %v", kind, got[0].ID, got[0].Tags, got[0].Properties, want.ID, want.Tags, want.Properties)
	}
}

// lowerNames gives every name of the tree a small first letter, but leaves the
// names in free objects, which are three small letters here, as they are.
func lowerNames(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			out[strings.ToLower(name[:1])+name[1:]] = lowerNames(member)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = lowerNames(v[i])
		}
		return out
	}
	return v
}

func TestFromConfig(t *testing.T) {
	t.Parallel()
	c := New()
	item := map[string]any{
		"resourceType": "AWS::EC2::Volume", "resourceId": "vol-1", "arn": "arn:aws:ec2:us-east-1:123456789012:volume/vol-1", "awsAccountId": "123456789012",
		"awsRegion": "us-east-1", "configurationItemStatus": "ResourceDeleted", "configuration": `{"volumeId":"vol-1","size":8,"encrypted":true}`,
		"relationships": []any{map[string]any{"resourceId": "i-1", "relationshipName": "Is attached to Instance"}}, "tags": map[string]any{"Name": "data"},
	}
	all, err := c.FromConfig(item)
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	r := all[0]
	if r.ID != "arn:aws:ec2:us-east-1:123456789012:volume/vol-1" || r.Name != "data" || len(r.Marks) != 1 || r.Marks[0] != inventory.Deleted ||
		r.Properties["Size"] != 8.0 || r.Properties["Encrypted"] != true || r.Attributes["Relationships"] == nil {
		t.Errorf("%+v", r)
	}
	for _, status := range []string{"ResourceNotRecorded", "ResourceDeletedNotRecorded"} {
		item["configurationItemStatus"] = status
		if all, err := c.FromConfig(item); err != nil || all != nil {
			t.Errorf("%s: %v %v", status, all, err)
		}
	}
	deleted := map[string]any{"resourceType": "AWS::EC2::Instance", "resourceId": "i-9", "accountId": "123456789012", "awsRegion": "us-east-1", "configurationItemStatus": "ResourceDeleted", "configuration": nil}
	if all, err := c.FromConfig(deleted); err != nil || all[0].ID != "arn:aws:ec2:us-east-1:123456789012:instance/i-9" || all[0].Marks[0] != inventory.Deleted {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := c.FromConfig(map[string]any{"configuration": "{}"}); err == nil {
		t.Error("an item without a type is converted")
	}
	policy := map[string]any{"resourceType": "AWS::IAM::Policy", "resourceName": "p", "arn": "arn:aws:iam::123456789012:policy/p", "accountId": "123456789012", "awsRegion": "global", "configuration": `{"policyName":"p"}`}
	if all, err := c.FromConfig(policy); err != nil || all[0].Kind != "AWS::IAM::ManagedPolicy" || all[0].Region != "global" {
		t.Errorf("%+v %v", all, err)
	}
}

func TestFromTemplate(t *testing.T) {
	t.Parallel()
	c := New()
	got, unknown := c.FromTemplate("AWS::RDS::DBInstance", map[string]any{
		"MultiAZ": "true", "AllocatedStorage": 20, "VPCSecurityGroups": "sg-1", "Wrong": 1, "MasterUserPassword": "{{resolve:secretsmanager:db}}",
		"DBSubnetGroupName": "${ref:cloudformation:shop/Subnets}", "Port": json.Number("5432"), "BackupRetentionPeriod": "7",
	})
	want := inventory.Properties{
		"MultiAZ": true, "AllocatedStorage": "20", "VPCSecurityGroups": []any{"sg-1"}, "MasterUserPassword": "{{resolve:secretsmanager:db}}",
		"DBSubnetGroupName": "${ref:cloudformation:shop/Subnets}", "Port": "5432", "BackupRetentionPeriod": 7.0,
	}
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(unknown, []string{"Wrong"}) {
		t.Errorf("%v %v", got, unknown)
	}
	custom, unknown := c.FromTemplate("Custom::Thing", map[string]any{"A": "b", "Password": "hunter22"})
	if custom["A"] != "b" || custom["Password"] != Redacted || unknown != nil {
		t.Errorf("%v %v", custom, unknown)
	}
}
