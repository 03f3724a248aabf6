package compute_test

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/compute"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

// thing begins the ids, so that values can name other resources.
const thing = "arn:aws:test:us-east-1:123456789012:thing/"

// values are what a property may hold that nobody thought of.
func values() []any {
	return []any{
		nil, "", "x", "web", "app", "0", "-1", "443", "true", "false", "10.0.0.9", "us-east-1a", "m5.large", "ubuntu", "2147483648", "arn:aws:x:::y/z", "${ref:cloudformation:shop/Gone}", "${ref:cloudformation:shop/Gone#Arn}",
		0.0, -3.0, 1.5, 99999999.0, 80.0, true, false, []any{}, []any{nil}, []any{"web", 3.0, map[string]any{}}, map[string]any{}, map[string]any{"x": nil},
		thing + "0", thing + "1", thing + "2", thing + "3", thing + "4", thing + "5", "HTTPS", "TCP", "UDP", "TLS", "network", "gateway", "internal", "spot", "dedicated", "forward", "redirect", "gp3", "io2", "FARGATE_SPOT", "* * * * *", "0 8 * * MON-FRI",
	}
}

// anyOf draws a value for a property of a type, mostly of the right form.
func anyOf(t *rapid.T, kind *cfn.Type, depth int) any {
	if kind == nil || depth > 4 || rapid.IntRange(0, 9).Draw(t, "wrong") == 0 {
		return rapid.SampledFrom(values()).Draw(t, "value")
	}
	switch {
	case len(kind.Fields) > 0:
		out := map[string]any{}
		for _, f := range kind.Fields {
			if rapid.Bool().Draw(t, f.Name) {
				out[f.Name] = anyOf(t, f.Type, depth+1)
			}
		}
		return out
	case kind.Item != nil:
		var out []any
		for range rapid.IntRange(0, 2).Draw(t, "items") {
			out = append(out, anyOf(t, kind.Item, depth+1))
		}
		return out
	case len(kind.Enum) > 0:
		return rapid.SampledFrom(kind.Enum).Draw(t, "enum")
	}
	return rapid.SampledFrom(values()).Draw(t, "value")
}

// Whatever a workload's resources say, each gets one decision, nothing panics,
// no rule is at fault, and every body is one that Azure's types take.
func TestNothingThatIsSaidBreaksARule(t *testing.T) {
	t.Parallel()
	schemas, oracle := cfn.Load(), designtest.NewOracle(t)
	var kinds []cloud.Kind
	for _, r := range compute.Family().Rules {
		kinds = append(kinds, r.Kinds...)
	}
	rapid.Check(t, func(rt *rapid.T) {
		var resources []inventory.Resource
		for i := range rapid.IntRange(1, 6).Draw(rt, "resources") {
			kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
			r := inventory.Resource{Kind: kind, ID: cloud.ResourceID(thing + strconv.Itoa(i)), Name: rapid.SampledFrom([]string{"web", "app", "a b/c", "0", "Ünïcode", strings.Repeat("long", 40)}).Draw(rt, "name"),
				Account: designtest.Account, Region: designtest.Region, Properties: inventory.Properties{}}
			r.Aliases = []string{r.Name}
			if schema, ok := schemas.Kind(kind); ok {
				properties, _ := anyOf(rt, schema.Root, 0).(map[string]any)
				r.Properties = properties
			}
			resources = append(resources, r)
		}
		d, err := designtest.Case{Families: families(), Resources: resources}.Try(t)
		if err != nil {
			rt.Fatal(err)
		}
		if len(d.Decisions) != len(resources) {
			rt.Fatalf("%d decisions for %d resources", len(d.Decisions), len(resources))
		}
		if faults := oracle.Faults(d); len(faults) > 0 {
			rt.Fatal(strings.Join(faults, "\n"))
		}
	})
}

func TestEveryGapIsMet(t *testing.T) {
	t.Parallel()
	designtest.Gaps(t, compute.Family())
}

// Every kind that CloudFormation knows of the group has a rule.
func TestEveryKindOfTheGroupHasARule(t *testing.T) {
	t.Parallel()
	ruled := map[cloud.Kind]bool{}
	for _, r := range compute.Family().Rules {
		if r.Apply == nil || r.Source == "" || r.Name == "" {
			t.Errorf("rule %q is not whole", r.Name)
		}
		for _, k := range r.Kinds {
			ruled[k] = true
		}
	}
	for _, kind := range cfn.Load().Kinds() {
		for _, group := range []string{"AWS::AutoScaling::", "AWS::AutoScalingPlans::", "AWS::ApplicationAutoScaling::", "AWS::ElasticLoadBalancing::", "AWS::ElasticLoadBalancingV2::", "AWS::Batch::", "AWS::ImageBuilder::", "AWS::Lightsail::", "AWS::GameLift::", "AWS::PCS::", "AWS::WorkSpaces::", "AWS::AppStream::"} {
			if strings.HasPrefix(string(kind), group) && !ruled[kind] {
				t.Errorf("%s has no rule", kind)
			}
		}
	}
	for _, kind := range []cloud.Kind{"AWS::EC2::Instance", "AWS::EC2::Volume", "AWS::EC2::VolumeAttachment", "AWS::EC2::Snapshot", "AWS::EC2::Image", "AWS::EC2::LaunchTemplate", "AWS::EC2::KeyPair", "AWS::EC2::Host", "AWS::EC2::PlacementGroup",
		"AWS::EC2::CapacityReservation", "AWS::EC2::CapacityReservationFleet", "AWS::EC2::SpotFleet", "AWS::EC2::EC2Fleet", "AWS::SSM::ManagedInstanceInventory"} {
		if !ruled[kind] {
			t.Errorf("%s has no rule", kind)
		}
	}
}

// Kinds that a table decides say what to do.
func TestPlainKindsSayWhatToDo(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(),
		designtest.Live(t, "AWS::GameLift::Fleet", "fleet/game", `{"Name":"game"}`), designtest.Live(t, "AWS::Lightsail::Instance", "instance/blog", `{"InstanceName":"blog","BundleId":"nano"}`),
		designtest.Live(t, "AWS::WorkSpaces::Workspace", "workspace/desk", `{"BundleId":"x"}`), designtest.Live(t, "AWS::EC2::SnapshotBlockPublicAccess", "block/one", `{"State":"block-all-sharing"}`))
	designtest.Check(t, d)
	for _, name := range []string{"game", "blog", "desk"} {
		if one := designtest.Decision(t, d, name); one.Action != design.Manual || len(one.ToDo) < 2 || strings.Contains(one.Why, "{name}") {
			t.Errorf("%+v", one)
		}
	}
}
