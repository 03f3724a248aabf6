package design_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

const namesakes = `
Resources:
  Machine:
    Type: AWS::EC2::Instance
    Properties: {InstanceType: t3.medium, Tags: [{Key: Name, Value: web}]}
  Second:
    Type: AWS::EC2::Instance
    Properties: {InstanceType: t3.medium, Tags: [{Key: Name, Value: twin}]}
  Third:
    Type: AWS::EC2::Instance
    Properties: {InstanceType: t3.medium, Tags: [{Key: Name, Value: twin}]}
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: web}
  Database:
    Type: AWS::RDS::DBInstance
    Properties: {DBInstanceIdentifier: db, Engine: postgres, DBInstanceClass: db.m6g.large}
  Cache:
    Type: AWS::ElastiCache::ReplicationGroup
    Properties: {ReplicationGroupId: cache, ReplicationGroupDescription: cache}
`

// faults checks the overrides of a small inventory.
func faults(t *testing.T, overrides ...design.Override) []design.OverrideFault {
	t.Helper()
	b := inventory.NewBuilder()
	for _, r := range designtest.FromTemplate(t, namesakes) {
		if err := b.Add(inventory.Observation{Resource: r, Source: inventory.Live, Origin: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	inv := b.Build()
	g := graph.Build(inv, graph.Observed{}, graph.Options{})
	for i := range g.Nodes {
		g.Nodes[i].Boundary = graph.In
	}
	facts, err := catalog.LoadWith(&catalog.Overlay{Offered: map[string][]string{"eastus2": {"Standard_D4s_v5", "Standard_D2s_v5"}}})
	if err != nil {
		t.Fatal(err)
	}
	queue := family("AWS::SQS::Queue", identity)
	queue.Rules[0].Targets = []cloud.Kind{"Microsoft.ServiceBus/namespaces/queues", "Microsoft.Storage/storageAccounts/queueServices/queues"}
	got, err := design.CheckOverrides(design.Input{Inventory: &inv, Graph: &g, Catalog: facts, Families: []design.Family{queue}, Options: design.Options{Workload: "shop", Region: "eastus2", Overrides: overrides}})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOverridesMeanOneResource(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, wants string }{
		{"web", `"web" is the name of 2 resources; say which one: AWS::EC2::Instance/web, AWS::SQS::Queue/web`},
		{"AWS::SQS::Queue/web", ""},
		{"AWS::EC2::Instance/web", ""},
		{"w*", ""},
		{"Machine", ""},
		{"twin", "/Second, "},
		{"AWS::EC2::Instance/twin", "/Third"},
		{"nothing", ""},
	} {
		got := faults(t, design.Override{Source: c.source, Action: design.Retire})
		switch {
		case c.wants == "" && len(got) > 0:
			t.Errorf("%s: %+v", c.source, got)
		case c.wants != "" && (len(got) != 1 || got[0].Field != "source" || !strings.Contains(got[0].Text, c.wants)):
			t.Errorf("%s: %+v, want %q", c.source, got, c.wants)
		}
	}
}

func TestSizesAndTargetsOfOverridesExist(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		override     design.Override
		field, wants string
	}{
		{design.Override{Source: "Machine", Size: "Standard_D4s_v5"}, "", ""},
		{design.Override{Source: "Machine", Size: "standard_d4s_v5"}, "", ""},
		{design.Override{Source: "Machine", Size: "Standard_D4s_v55"}, "size", `"Standard_D4s_v55" is no size of a virtual machine; nearest: Standard_D4s_v5`},
		{design.Override{Source: "Machine", Size: "Standard_D8s_v5"}, "size", `region eastus2 does not sell "Standard_D8s_v5"; nearest: Standard_D2s_v5, Standard_D4s_v5`},
		{design.Override{Source: "db", Size: "Standard_D4ds_v5"}, "", ""},
		{design.Override{Source: "db", Size: "db.m6g.large"}, "size", `"db.m6g.large" is no size of a flexible server; known: `},
		{design.Override{Source: "cache", Size: "Balanced_B10"}, "", ""},
		{design.Override{Source: "cache", Size: "Balanced_B11"}, "size", "nearest: Balanced_B1"},
		{design.Override{Source: "Queue", Size: "any"}, "", ""},
		{design.Override{Source: "Queue", Target: "microsoft.servicebus/namespaces/queues"}, "", ""},
		{design.Override{Source: "Queue", Target: "Microsoft.ServiceBus/namespace/queues"}, "target", `is nothing that AWS::SQS::Queue can become; nearest: Microsoft.ServiceBus/namespaces/queues`},
		{design.Override{Source: "Machine", Target: "a colleague's appliance"}, "", ""},
	} {
		got := faults(t, c.override)
		switch {
		case c.wants == "" && len(got) > 0:
			t.Errorf("%+v: %+v", c.override, got)
		case c.wants != "" && (len(got) != 1 || got[0].Field != c.field || !strings.Contains(got[0].Text, c.wants)):
			t.Errorf("%+v: %+v, want %q", c.override, got, c.wants)
		}
	}
	two := faults(t, design.Override{Source: "nothing", Size: "x"}, design.Override{Source: "Machine", Size: "huge"})
	if len(two) != 1 || two[0].Index != 1 {
		t.Errorf("%+v", two)
	}
}

// A person's decision keeps what the rule had decided, and why.
func TestOverridesKeepWhatTheRuleDecided(t *testing.T) {
	t.Parallel()
	rule := family("AWS::SQS::Queue", func(c *design.Context, r *inventory.Resource) design.Decision {
		d := identity(c, r)
		d.Gaps = []design.Gap{c.Gap("test.gap", "Fifo=true")}
		return d
	})
	for _, action := range []design.Action{design.Manual, design.Retire, design.Retain, design.Replace} {
		d := designtest.Case{Families: []design.Family{rule}, Resources: designtest.FromTemplate(t, table),
			Options: design.Options{Overrides: []design.Override{{Source: "orders", Action: action, Reason: "because"}}}}.Make(t)
		one := designtest.Decision(t, d, "orders")
		r := one.Ruled
		if one.Action != action || one.Override != "because" || r == nil {
			t.Errorf("%s: %+v", action, one)
			continue
		}
		if r.Action != design.Migrate || r.Why != "the test says so" || r.Rule != "test/AWS::SQS::Queue" || r.Confidence != 0.9 || len(r.Gaps) != 1 || r.Gaps[0].At != "Fifo=true" ||
			!slices.Equal(r.Targets, []cloud.Kind{"Microsoft.ManagedIdentity/userAssignedIdentities"}) {
			t.Errorf("%s: the rule's decision is kept as %+v", action, r)
		}
		if settled := action != design.Replace; settled != (len(one.Targets) == 0) {
			t.Errorf("%s has targets %q", action, one.Targets)
		}
		if manual := action == design.Manual; manual && (len(one.Gaps) != 1 || len(one.ToDo) != 1 || !strings.Contains(one.ToDo[0], "userAssignedIdentities")) {
			t.Errorf("%s: gaps %+v, to do %q", action, one.Gaps, one.ToDo)
		}
		if other := designtest.Decision(t, d, "returns"); other.Ruled != nil || other.Action != design.Migrate {
			t.Errorf("%s also changes %+v", action, other)
		}
		if moved := design.ForEnvironment(d, design.Environment{Name: "test"}); designtest.Decision(t, moved, "orders").Ruled == r {
			t.Errorf("%s: two environments share a record", action)
		}
	}
}

// What no rule knows is decided by landfall.yaml alone, and a size that nothing
// takes is told.
func TestOverridesOfWhatNoRuleKnows(t *testing.T) {
	t.Parallel()
	d := designtest.Case{Families: []design.Family{family("AWS::SQS::Queue", identity)}, Resources: designtest.FromTemplate(t, table), Options: design.Options{Overrides: []design.Override{
		{Source: "alerts", Target: "Microsoft.EventGrid/topics", Reason: "pushes"}, {Source: "orders", Target: "Microsoft.ManagedIdentity/userAssignedIdentities", Reason: "it is"}, {Source: "returns", Size: "large", Reason: "peaks"},
	}}}.Make(t)
	alerts := designtest.Decision(t, d, "alerts")
	if alerts.Action != design.Replace || alerts.Override != "pushes" || len(alerts.ToDo) != 1 || !strings.Contains(alerts.ToDo[0], "configure Microsoft.EventGrid/topics for alerts by hand") {
		t.Errorf("%+v", alerts)
	}
	var ids []string
	for _, f := range d.Findings {
		ids = append(ids, f.ID)
	}
	if !slices.Equal(ids, []string{"override.ineffective:returns:size"}) {
		t.Errorf("findings %q", ids)
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"bookshop-web", "bookshop-db", "BOOKSHOP-DB", "x", "", "unlike"}
	for word, want := range map[string]string{"bookshop-bd": "BOOKSHOP-DB bookshop-db", "web": "bookshop-web", "": "", "zzzzzz": "", "BOOKSHOP-WEB": "bookshop-web BOOKSHOP-DB"} {
		if got := strings.Join(design.Nearest(word, names, 2), " "); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
	if got := design.Nearest(strings.Repeat("a", 10_000), names, 2); got != nil {
		t.Errorf("a word of 10,000 letters: %q", got)
	}
}
