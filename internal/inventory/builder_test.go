package inventory_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

const (
	account = "123456789012"
	db      = "arn:aws:rds:us-east-1:123456789012:db:orders"
	web     = "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1"
)

func seen(source inventory.Source, origin string, r inventory.Resource) inventory.Observation {
	return inventory.Observation{Resource: r, Source: source, Origin: origin}
}

func built(t testing.TB, observations ...inventory.Observation) inventory.Inventory {
	t.Helper()
	b := inventory.NewBuilder()
	for _, o := range observations {
		if err := b.Add(o); err != nil {
			t.Fatal(err)
		}
	}
	return b.Build()
}

func instance(properties inventory.Properties) inventory.Resource {
	return inventory.Resource{ID: db, Kind: "AWS::RDS::DBInstance", Name: "orders", Account: account, Region: "us-east-1", Properties: properties, Aliases: []string{"orders"}}
}

func TestTheMostTrustedSourceIsBelieved(t *testing.T) {
	t.Parallel()
	inv := built(t,
		seen(inventory.TerraformState, "x.tfstate", instance(inventory.Properties{"Engine": "postgres", "MultiAZ": false, "DBName": "shop"})),
		seen(inventory.Live, "rds:DescribeDBInstances", instance(inventory.Properties{"Engine": "postgres", "MultiAZ": true})),
	)
	if len(inv.Resources) != 1 {
		t.Fatalf("%+v", inv.Resources)
	}
	r := inv.Resources[0]
	if want := (inventory.Properties{"Engine": "postgres", "MultiAZ": true, "DBName": "shop"}); !reflect.DeepEqual(r.Properties, want) {
		t.Errorf("properties %v", r.Properties)
	}
	want := []inventory.Provenance{{inventory.Live, "rds:DescribeDBInstances", []string{"Engine", "MultiAZ"}}, {inventory.TerraformState, "x.tfstate", []string{"DBName"}}}
	if !reflect.DeepEqual(r.Provenance, want) {
		t.Errorf("provenance %v", r.Provenance)
	}
	if len(inv.Drift) != 1 || inv.Drift[0].Property != "MultiAZ" || inv.Drift[0].Values[0].Value != true || inv.Drift[0].Values[1].Value != false {
		t.Errorf("drift %+v", inv.Drift)
	}
}

func TestAnObservationMustSaySomething(t *testing.T) {
	t.Parallel()
	b := inventory.NewBuilder()
	if b.Add(inventory.Observation{Resource: inventory.Resource{ID: "x"}}) == nil || b.Add(inventory.Observation{Resource: inventory.Resource{Kind: "AWS::S3::Bucket", Stack: "s"}}) == nil {
		t.Error("an observation without kind or id is taken")
	}
	if err := b.Add(inventory.Observation{Resource: inventory.Resource{Kind: "aws::s3::bucket", Stack: "s", LogicalID: "B"}}); err != nil {
		t.Error(err)
	}
	if r := b.Build().Resources[0]; r.ID != "cloudformation:s/B" || r.Kind != "AWS::S3::Bucket" {
		t.Errorf("%+v", r)
	}
}

// A template's resource is joined with the live one by its stack and logical
// id, its physical id, or its name; references to it then point to that one.
func TestTemplatesJoinWithWhatIsLive(t *testing.T) {
	t.Parallel()
	live := inventory.Resource{ID: web, Kind: "AWS::EC2::SecurityGroup", Account: account, Region: "us-east-1", Aliases: []string{"sg-1"},
		Properties: inventory.Properties{"GroupId": "sg-1", "GroupName": "web", "VpcId": "vpc-1"}}
	tagged := live
	tagged.Stack, tagged.LogicalID = "shop", "Web"
	template := inventory.Resource{ID: "cloudformation:shop/Web", Kind: "AWS::EC2::SecurityGroup", Stack: "shop", LogicalID: "Web"}
	named, aliased := template, template
	named.Properties = inventory.Properties{"GroupName": "web"}
	aliased.Aliases = []string{"sg-1"}
	user := inventory.Resource{ID: "cloudformation:shop/App", Kind: "AWS::EC2::Instance", Stack: "shop", LogicalID: "App",
		Properties: inventory.Properties{"SecurityGroupIds": []any{"${ref:cloudformation:shop/Web#GroupId}"}}}
	for name, pair := range map[string][2]inventory.Resource{"stack": {tagged, template}, "name": {live, named}, "alias": {live, aliased}} {
		inv := built(t, seen(inventory.CloudFormation, "shop.yaml", pair[1]), seen(inventory.CloudFormation, "shop.yaml", user), seen(inventory.Live, "ec2", pair[0]))
		if len(inv.Resources) != 2 || inv.Resources[0].ID != web || inv.Resources[0].LogicalID != "Web" {
			t.Errorf("%s: %+v", name, inv.Resources)
			continue
		}
		if got := inv.Resources[1].Properties["SecurityGroupIds"].([]any)[0]; got != "${ref:"+web+"#GroupId}" {
			t.Errorf("%s: the reference is %v", name, got)
		}
	}
	other := live
	other.ID, other.Aliases = web+"2", []string{"sg-12"}
	inv := built(t, seen(inventory.CloudFormation, "shop.yaml", named), seen(inventory.Live, "ec2", live), seen(inventory.Live, "ec2", other))
	if len(inv.Resources) != 3 {
		t.Errorf("a name that two have is joined with one: %+v", inv.Resources)
	}
}

func TestWhatIsNoDrift(t *testing.T) {
	t.Parallel()
	policy := func(action, principal any) map[string]any {
		return map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": action, "Principal": principal}}}
	}
	for name, x := range map[string]struct {
		kind     cloud.Kind
		property string
		a, b     any
	}{
		"references":      {"AWS::RDS::DBInstance", "VPCSecurityGroups", []any{"sg-1"}, []any{"${ref:cloudformation:shop/Web#GroupId}"}},
		"unknown":         {"AWS::RDS::DBInstance", "DBSubnetGroupName", "subnets", "${ref:cloudformation:shop/Nothing}"},
		"write-only":      {"AWS::RDS::DBInstance", "MasterUserPassword", "a", "b"},
		"redacted":        {"AWS::RDS::DBInstance", "MasterUsername", inventory.Redacted, "b"},
		"number and text": {"AWS::RDS::DBInstance", "AllocatedStorage", "20", 20},
		"letters":         {"AWS::RDS::DBInstance", "DBInstanceIdentifier", "orders", "Orders"},
		"engine version":  {"AWS::RDS::DBInstance", "EngineVersion", "15.4", "15"},
		"order":           {"AWS::EC2::SecurityGroup", "SecurityGroupIngress", []any{map[string]any{"CidrIp": "1.0.0.0/8", "IpProtocol": "tcp"}, map[string]any{"CidrIp": "2.0.0.0/8", "IpProtocol": "tcp"}}, []any{map[string]any{"CidrIp": "2.0.0.0/8", "IpProtocol": "6"}, map[string]any{"CidrIp": "1.0.0.0/8", "IpProtocol": "tcp", "Description": "x"}}},
		"policies":        {"AWS::IAM::Role", "AssumeRolePolicyDocument", policy([]any{"sts:AssumeRole"}, map[string]any{"AWS": "arn:aws:iam::123456789012:root"}), policy("sts:assumerole", map[string]any{"AWS": []any{"123456789012"}})},
		"documents":       {"AWS::StepFunctions::StateMachine", "DefinitionString", `{"StartAt": "A"}`, `{"StartAt":"A"}`},
		"names":           {"AWS::RDS::DBInstance", "KmsKeyId", "sg-1", web},
	} {
		one := inventory.Resource{ID: db, Kind: x.kind, Properties: inventory.Properties{x.property: x.a}}
		two := inventory.Resource{ID: db, Kind: x.kind, Properties: inventory.Properties{x.property: x.b}}
		group := inventory.Resource{ID: web, Kind: "AWS::EC2::SecurityGroup", Stack: "shop", LogicalID: "Web", Aliases: []string{"sg-1"}, Properties: inventory.Properties{"GroupId": "sg-1"}}
		template := inventory.Resource{Kind: "AWS::EC2::SecurityGroup", Stack: "shop", LogicalID: "Web"}
		inv := built(t, seen(inventory.Live, "a", one), seen(inventory.CloudFormation, "b", two), seen(inventory.Live, "c", group), seen(inventory.CloudFormation, "b", template))
		if len(inv.Drift) != 0 {
			t.Errorf("%s: %+v", name, inv.Drift)
		}
	}
}

func TestWhatIsDrift(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		kind     cloud.Kind
		property string
		a, b     any
	}{
		"value":     {"AWS::RDS::DBInstance", "Engine", "mysql", "postgres"},
		"more":      {"AWS::EC2::SecurityGroup", "SecurityGroupIngress", []any{map[string]any{"CidrIp": "1.0.0.0/8"}}, []any{map[string]any{"CidrIp": "1.0.0.0/8"}, map[string]any{"CidrIp": "2.0.0.0/8"}}},
		"reference": {"AWS::RDS::DBInstance", "VPCSecurityGroups", []any{"sg-2"}, []any{"${ref:" + web + "#GroupId}"}},
		"variables": {"AWS::Lambda::Function", "Environment", map[string]any{"Variables": map[string]any{"A": "1"}}, map[string]any{"Variables": map[string]any{"A": "1", "B": "2"}}},
		"policies":  {"AWS::IAM::Role", "AssumeRolePolicyDocument", map[string]any{"Statement": map[string]any{"Effect": "Allow"}}, map[string]any{"Statement": map[string]any{"Effect": "Deny"}}},
	} {
		one := inventory.Resource{ID: db, Kind: x.kind, Properties: inventory.Properties{x.property: x.a}}
		two := inventory.Resource{ID: db, Kind: x.kind, Properties: inventory.Properties{x.property: x.b}}
		group := inventory.Resource{ID: web, Kind: "AWS::EC2::SecurityGroup", Aliases: []string{"sg-1"}, Properties: inventory.Properties{"GroupId": "sg-1"}}
		if inv := built(t, seen(inventory.Live, "a", one), seen(inventory.CloudFormation, "b", two), seen(inventory.Live, "c", group)); len(inv.Drift) != 1 || inv.Drift[0].Property != x.property {
			t.Errorf("%s: %+v", name, inv.Drift)
		}
	}
	inv := built(t, seen(inventory.Live, "a", inventory.Resource{ID: db, Kind: "AWS::RDS::DBInstance", Tags: cloud.Tags{"env": "prod"}}), seen(inventory.Sweep, "b", inventory.Resource{ID: db, Kind: "AWS::Neptune::DBInstance", Tags: cloud.Tags{"env": "test"}}))
	if inv.Resources[0].Kind != "AWS::RDS::DBInstance" || len(inv.Drift) != 2 || inv.Drift[0].Property != "kind" || inv.Drift[1].Property != "tags.env" {
		t.Errorf("%+v", inv.Drift)
	}
}

// Terraform says one list in several resources, and one resource in several
// parts.
func TestPartsOfTerraformAreJoined(t *testing.T) {
	t.Parallel()
	rule := func(cidr string) inventory.Resource {
		return inventory.Resource{ID: web, Kind: "AWS::EC2::SecurityGroup", Properties: inventory.Properties{"SecurityGroupIngress": []any{map[string]any{"CidrIp": cidr}}}}
	}
	inv := built(t, seen(inventory.TerraformState, "s#a", rule("1.0.0.0/8")), seen(inventory.TerraformState, "s#b", rule("2.0.0.0/8")), seen(inventory.TerraformState, "s#a", rule("1.0.0.0/8")))
	if got := inv.Resources[0].Properties["SecurityGroupIngress"].([]any); len(got) != 2 || len(inv.Drift) != 0 || len(inv.Resources[0].Provenance) != 2 {
		t.Errorf("%v %+v", got, inv.Drift)
	}
}

func TestMarks(t *testing.T) {
	t.Parallel()
	gone := instance(nil)
	gone.Marks = []inventory.Mark{inventory.Deleted, inventory.Default}
	if got := built(t, seen(inventory.ConfigSnapshot, "s", gone)).Resources[0].Marks; !slices.Equal(got, []inventory.Mark{inventory.Default, inventory.Deleted}) {
		t.Error(got)
	}
	if got := built(t, seen(inventory.ConfigSnapshot, "s", gone), seen(inventory.Live, "l", instance(nil))).Resources[0].Marks; !slices.Equal(got, []inventory.Mark{inventory.Default}) {
		t.Errorf("what is live is marked %v", got)
	}
}

// The order of the observations and their repetition change nothing.
func TestOrderAndDuplicatesChangeNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var all []inventory.Observation
		for range rapid.IntRange(1, 12).Draw(t, "n") {
			all = append(all, observation(t))
		}
		first := inventory.NewBuilder()
		for _, o := range all {
			add(t, first, o)
		}
		second := inventory.NewBuilder()
		for _, o := range rapid.Permutation(append(slices.Clone(all), all[:len(all)/2]...)).Draw(t, "order") {
			add(t, second, o)
		}
		a, b := asJSON(t, first.Build()), asJSON(t, second.Build())
		if a != b {
			t.Fatalf("in order: %s\nout of order: %s", a, b)
		}
		if again := asJSON(t, first.Build()); again != a {
			t.Fatalf("built again: %s", again)
		}
		if !inventory.Diff(first.Build(), second.Build()).Empty() {
			t.Fatal("the two are different")
		}
	})
}

func observation(t *rapid.T) inventory.Observation {
	n := rapid.IntRange(0, 2).Draw(t, "which")
	r := inventory.Resource{
		ID:   cloud.ResourceID(fmt.Sprintf("arn:aws:ec2:us-east-1:1:security-group/sg-%d", n)),
		Kind: rapid.SampledFrom([]cloud.Kind{"AWS::EC2::SecurityGroup", "AWS::EC2::Instance"}).Draw(t, "kind"),
		Name: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "name"),
		Tags: cloud.Tags{"env": rapid.SampledFrom([]string{"p", "t"}).Draw(t, "tag")},
		Properties: inventory.Properties{
			"GroupName":            rapid.SampledFrom([]string{"a", "b"}).Draw(t, "group"),
			"SecurityGroupIngress": []any{map[string]any{"CidrIp": rapid.SampledFrom([]string{"1.0.0.0/8", "2.0.0.0/8"}).Draw(t, "cidr")}},
			"VpcId":                "${ref:cloudformation:s/L" + fmt.Sprint(n) + "}",
		},
		Aliases: []string{fmt.Sprintf("sg-%d", n)},
	}
	if rapid.Bool().Draw(t, "template") {
		r.ID, r.Stack, r.LogicalID = cloud.ResourceID(fmt.Sprintf("cloudformation:s/L%d", n)), "s", fmt.Sprintf("L%d", n)
	}
	return seen(rapid.SampledFrom(inventory.Sources()).Draw(t, "source"), rapid.SampledFrom([]string{"x", "y"}).Draw(t, "origin"), r)
}

func add(t interface{ Fatal(...any) }, b *inventory.Builder, o inventory.Observation) {
	var copied inventory.Observation
	text, err := json.Marshal(o)
	if err == nil {
		err = json.Unmarshal(text, &copied)
	}
	if err == nil {
		err = b.Add(copied)
	}
	if err != nil {
		t.Fatal(err)
	}
	b.Input("live", "sha256:1")
	b.Scope("1", "us-east-1")
}

func asJSON(t interface{ Fatal(...any) }, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// 100,000 resources, half of them from two sources.
func BenchmarkBuild(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		builder := inventory.NewBuilder()
		for i := range 150_000 {
			source := inventory.Live
			if i >= 100_000 {
				source = inventory.ConfigSnapshot
			}
			id := fmt.Sprintf("i-%08d", i%100_000)
			if err := builder.Add(seen(source, "ec2:DescribeInstances", inventory.Resource{
				ID: cloud.ResourceID("arn:aws:ec2:us-east-1:123456789012:instance/" + id), Kind: "AWS::EC2::Instance", Account: account, Region: "us-east-1",
				Tags: cloud.Tags{"Name": id, "env": "prod"}, Aliases: []string{id, "10.0.0.1"},
				Properties: inventory.Properties{"InstanceId": id, "ImageId": "ami-1", "InstanceType": "t3.micro", "SubnetId": "subnet-1", "SecurityGroupIds": []any{"sg-1", "sg-2"},
					"BlockDeviceMappings": []any{map[string]any{"DeviceName": "/dev/xvda", "Ebs": map[string]any{"VolumeSize": 8.0}}}},
			})); err != nil {
				b.Fatal(err)
			}
		}
		if got := len(builder.Build().Resources); got != 100_000 {
			b.Fatal(got)
		}
	}
}
