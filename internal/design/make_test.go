package design_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
)

const table = `
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties: {QueueName: orders}
  Returns:
    Type: AWS::SQS::Queue
    Properties: {QueueName: returns}
  Alerts:
    Type: AWS::SNS::Topic
    Properties: {TopicName: alerts}
`

// family makes one of a single rule.
func family(kind cloud.Kind, apply func(c *design.Context, r *inventory.Resource) design.Decision) design.Family {
	return design.Family{Name: "test", Rules: []design.Rule{{Name: "test/" + string(kind), Kinds: []cloud.Kind{kind}, Source: "a page", Apply: apply}},
		Gaps: "test.gap\tlow\ta title\tan effect\tdo this\ta source\n"}
}

func retire(*design.Context, *inventory.Resource) design.Decision {
	return design.Decision{Action: design.Retire, Why: "the test says so", Confidence: 0.9}
}

// identity puts a managed identity, the smallest body there is.
func identity(c *design.Context, r *inventory.Resource) design.Decision {
	c.Put(design.Target{Type: "Microsoft.ManagedIdentity/userAssignedIdentities", Base: r.Name, APIVersion: "2024-11-30"}, r)
	return design.Decision{Action: design.Migrate, Why: "the test says so", Confidence: 0.9}
}

func TestEveryResourceHasOneDecision(t *testing.T) {
	t.Parallel()
	resources := designtest.FromTemplate(t, table)
	d := designtest.Shuffled(t, []design.Family{family("AWS::SQS::Queue", identity)}, resources...)
	designtest.Check(t, d)
	if len(d.Decisions) != 3 {
		t.Fatalf("%d decisions for 3 resources", len(d.Decisions))
	}
	alerts := designtest.Decision(t, d, "alerts")
	if alerts.Action != design.Manual || alerts.Rule != "design/service-map" || len(alerts.ToDo) == 0 {
		t.Errorf("a kind without a rule: %+v", alerts)
	}
	orders := designtest.Decision(t, d, "orders")
	if orders.Rule != "test/AWS::SQS::Queue" || orders.RuleSource != "a page" || len(orders.Targets) != 1 {
		t.Errorf("a kind with a rule: %+v", orders)
	}
}

func TestAKindNobodyKnowsIsNamed(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, nil, designtest.Live(t, "AWS::Moonbase::Dome", "dome/one", `{}`))
	one := designtest.Decision(t, d, "one")
	if one.Action != design.Manual || !strings.Contains(one.Why, "AWS::Moonbase::Dome") {
		t.Errorf("%+v", one)
	}
	designtest.Check(t, d)
}

func TestMarksDecideWithoutARule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mark   inventory.Mark
		rule   bool
		action design.Action
		by     string
	}{
		{inventory.Deleted, true, design.Retire, "design/marks"},
		{inventory.Operator, true, design.Retire, "design/marks"},
		{inventory.Default, false, design.Retire, "design/marks"},
		{inventory.ServiceLinked, false, design.Retire, "design/marks"},
		// What AWS made is the rule's to judge: a default VPC may be in use.
		{inventory.Default, true, design.Migrate, "test/AWS::SQS::Queue"},
		{inventory.ServiceLinked, true, design.Migrate, "test/AWS::SQS::Queue"},
		{inventory.Conditional, true, design.Migrate, "test/AWS::SQS::Queue"},
	} {
		r := designtest.Live(t, "AWS::SQS::Queue", "orders", `{"QueueName":"orders"}`)
		r.Marks = []inventory.Mark{c.mark}
		var families []design.Family
		if c.rule {
			families = append(families, family("AWS::SQS::Queue", identity))
		}
		one := designtest.Decision(t, designtest.Make(t, families, r), "orders")
		if one.Action != c.action || one.Rule != c.by {
			t.Errorf("%s with rule %v: %s by %s", c.mark, c.rule, one.Action, one.Rule)
		}
	}
}

func TestOverridesTakeOneResourceAway(t *testing.T) {
	t.Parallel()
	resources := designtest.FromTemplate(t, table)
	for _, c := range []struct {
		override  design.Override
		action    design.Action
		why       string
		override1 string
		targets   int
	}{
		{design.Override{Source: "orders", Action: design.Retain, Reason: "bought elsewhere"}, design.Retain, "bought elsewhere", "bought elsewhere", 0},
		{design.Override{Source: "Orders", Action: design.Retire}, design.Retire, "landfall.yaml decides so without a reason", "", 0},
		{design.Override{Source: "ord*", Action: design.Manual, Reason: "odd"}, design.Manual, "odd", "odd", 0},
		{design.Override{Source: "orders", Action: design.Replace, Reason: "by hand"}, design.Replace, "the test says so", "by hand", 1},
		{design.Override{Source: "orders", Size: "big", Reason: "peaks"}, design.Migrate, "the test says so", "peaks", 1},
		{design.Override{Source: "[", Action: design.Retain}, design.Migrate, "the test says so", "", 1},
	} {
		d := designtest.Case{Families: []design.Family{family("AWS::SQS::Queue", identity)}, Resources: resources,
			Options: design.Options{Overrides: []design.Override{c.override}}}.Make(t)
		one := designtest.Decision(t, d, "orders")
		if one.Action != c.action || one.Why != c.why || one.Override != c.override1 || len(one.Targets) != c.targets {
			t.Errorf("%+v: %+v", c.override, one)
		}
		if other := designtest.Decision(t, d, "returns"); other.Action != design.Migrate {
			t.Errorf("%+v also decides %+v", c.override, other)
		}
	}
}

func TestSharedResourcesStay(t *testing.T) {
	t.Parallel()
	d := designtest.Case{Families: []design.Family{family("AWS::SQS::Queue", identity), family("AWS::SNS::Topic", retire)},
		Resources: designtest.FromTemplate(t, table), Shared: []string{"orders", "alerts"}, Out: []string{"returns"}}.Make(t)
	if one := designtest.Decision(t, d, "orders"); one.Action != design.Retain || !strings.HasPrefix(one.Why, "others use it too") {
		t.Errorf("%+v", one)
	}
	if one := designtest.Decision(t, d, "alerts"); one.Action != design.Retire {
		t.Errorf("what a rule retires stays retired: %+v", one)
	}
	if len(d.Decisions) != 2 {
		t.Errorf("%d decisions, want none for what is out", len(d.Decisions))
	}
}

func TestDefectsOfRulesAreTold(t *testing.T) {
	t.Parallel()
	put := func(c *design.Context, t design.Target) { t.APIVersion = "2024-11-30"; c.Put(t) }
	vault := design.Target{Type: "Microsoft.KeyVault/vaults", Base: "one", Exact: true}
	for name, c := range map[string]struct {
		apply func(c *design.Context, r *inventory.Resource)
		want  string
	}{
		"twice": {func(c *design.Context, _ *inventory.Resource) { put(c, vault); put(c, vault) }, "is put twice"},
		"name": {func(c *design.Context, _ *inventory.Resource) {
			put(c, design.Target{Type: "Microsoft.KeyVault/vaults", Base: "a/b", Exact: true})
		}, "an id cannot hold that name"},
		"no version": {func(c *design.Context, _ *inventory.Resource) { c.Put(vault) }, "no API version"},
		"gap":        {func(c *design.Context, _ *inventory.Resource) { c.Gap("none.such", "") }, `gap "none.such" is not in the catalogue`},
		"parameter": {func(c *design.Context, _ *inventory.Resource) {
			c.Parameter(design.Parameter{Name: "a", Description: "x"})
			c.Parameter(design.Parameter{Name: "a", Description: "y"})
		}, "declared twice"},
		"output": {func(c *design.Context, _ *inventory.Resource) { c.Output("/nowhere", "properties.x") }, "which is not put"},
		"body": {func(c *design.Context, _ *inventory.Resource) {
			c.Put(design.Target{Type: "Microsoft.KeyVault/vaults", Base: "b", APIVersion: "1", Model: map[string]any{"x": func() {}}})
		}, "encode model"},
		"list": {func(c *design.Context, _ *inventory.Resource) {
			c.Put(design.Target{Type: "Microsoft.KeyVault/vaults", Base: "b", APIVersion: "1", Model: []string{"x"}})
		}, "decode model"},
		"cycle": {func(c *design.Context, _ *inventory.Resource) {
			a := cloud.ResourceID(string(c.Place.GroupID()) + "/providers/Microsoft.KeyVault/vaults/b")
			b := vault
			b.Model = map[string]any{"properties": map[string]any{"other": string(a)}}
			put(c, b)
			put(c, design.Target{Type: "Microsoft.KeyVault/vaults", Base: "b", Exact: true, After: []cloud.ResourceID{cloud.ResourceID(string(c.Place.GroupID()) + "/providers/Microsoft.KeyVault/vaults/one")}})
		}, "wait for each other"},
	} {
		tellsOf(t, name, c.want, func(x *design.Context, r *inventory.Resource) design.Decision {
			c.apply(x, r)
			return retire(x, r)
		})
	}
	tellsOf(t, "panic", "it panics: the rule is lost", func(*design.Context, *inventory.Resource) design.Decision { panic("the rule\nis lost") })
	tellsOf(t, "silence", "it says nothing of", func(*design.Context, *inventory.Resource) design.Decision { return design.Decision{} })
}

// tellsOf designs a queue with a broken rule and a topic with a good one: the
// queue's decision is a person's, the finding blocks, the topic is decided.
func tellsOf(t *testing.T, name, want string, broken func(*design.Context, *inventory.Resource) design.Decision) {
	t.Helper()
	apply := func(c *design.Context, r *inventory.Resource) design.Decision {
		if r.Name == "orders" {
			return broken(c, r)
		}
		return retire(c, r)
	}
	d, err := designtest.Case{Resources: designtest.FromTemplate(t, table),
		Families: []design.Family{family("AWS::SQS::Queue", apply), {Name: "good", Rules: []design.Rule{{Name: "good/topic", Kinds: []cloud.Kind{"AWS::SNS::Topic"}, Apply: retire}}}}}.Try(t)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if one := designtest.Decision(t, d, "alerts"); one.Action != design.Retire {
		t.Errorf("%s: the topic is lost: %+v", name, one)
	}
	blocking := d.Blocking()
	if len(blocking) != 1 || !strings.HasPrefix(blocking[0].ID, design.DefectPrefix) || !strings.Contains(blocking[0].Text, want) || len(blocking[0].About) == 0 || blocking[0].Do == "" {
		t.Errorf("%s: %+v", name, blocking)
		return
	}
	if blocking[0].ID == design.DefectPrefix+"order" {
		return
	}
	if one := designtest.Decision(t, d, "orders"); one.Action != design.Manual || len(one.ToDo) == 0 || !strings.Contains(one.Why, "rule test/AWS::SQS::Queue has a defect") {
		t.Errorf("%s: %+v", name, one)
	}
}

// A family whose own part breaks does not lose what the rules decide.
func TestBrokenStartAndFinish(t *testing.T) {
	t.Parallel()
	odd := design.Family{Name: "odd", Start: func(*design.Context) { panic("start") }, Finish: func(*design.Context) { panic("finish") }}
	d, err := designtest.Case{Resources: designtest.FromTemplate(t, table), Families: []design.Family{odd, family("AWS::SQS::Queue", identity)}}.Try(t)
	if err != nil {
		t.Fatal(err)
	}
	if one := designtest.Decision(t, d, "orders"); one.Action != design.Migrate {
		t.Errorf("%+v", one)
	}
	if faults := designtest.NewOracle(t).Faults(d); len(faults) != 2 {
		t.Errorf("the checker sees %q", faults)
	}
	var ids []string
	for _, f := range d.Blocking() {
		ids = append(ids, f.ID)
	}
	if got := strings.Join(ids, " "); got != "design.defect.odd/finish design.defect.odd/start" {
		t.Errorf("findings: %s", got)
	}
}

func TestFamiliesMustFitTogether(t *testing.T) {
	t.Parallel()
	queue := designtest.Live(t, "AWS::SQS::Queue", "orders", `{}`)
	for _, c := range []struct {
		families []design.Family
		want     string
	}{
		{[]design.Family{family("AWS::SQS::Queue", retire), family("AWS::SQS::Queue", retire)}, "is in rule"},
		{[]design.Family{{Name: "odd", Gaps: "a\tb\n"}}, "six cells"},
		{[]design.Family{{Name: "odd", Gaps: "a\tdire\tb\tc\td\te\n"}}, `unknown severity "dire"`},
	} {
		_, err := designtest.Case{Resources: []inventory.Resource{queue}, Families: c.families}.Try(t)
		if fault.KindOf(err) != fault.Internal || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %q, have %v", c.want, err)
		}
	}
}

// Rules run by stage, then in the order in which they are listed.
func TestStagesGiveTheOrder(t *testing.T) {
	t.Parallel()
	var order []string
	rule := func(kind cloud.Kind, stage design.Stage) design.Rule {
		return design.Rule{Name: "test/x", Kinds: []cloud.Kind{kind}, Stage: stage, Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
			order = append(order, r.Name)
			return retire(c, r)
		}}
	}
	f := design.Family{Name: "test", Rules: []design.Rule{rule("AWS::SNS::Topic", design.Operations), rule("AWS::SQS::Queue", design.Keys)},
		Start:  func(*design.Context) { order = append(order, "start") },
		Finish: func(*design.Context) { order = append(order, "finish") }}
	designtest.Make(t, []design.Family{f}, designtest.FromTemplate(t, table)...)
	if got := strings.Join(order, " "); got != "start orders returns alerts finish" {
		t.Errorf("order: %s", got)
	}
}

func TestFindingsAreAcceptedByName(t *testing.T) {
	t.Parallel()
	f := design.Family{Name: "test", Finish: func(c *design.Context) {
		c.Finding(design.Finding{ID: "b", Severity: design.Low, Text: "b"})
		c.Finding(design.Finding{ID: "z", Severity: design.Critical, Text: "z", Blocks: true})
		c.Finding(design.Finding{ID: "a", Severity: design.Critical, Text: "a", Blocks: true})
	}}
	d := designtest.Case{Families: []design.Family{f}, Options: design.Options{Accept: map[string]string{"z": "known"}}}.Make(t)
	var ids []string
	for _, one := range d.Findings {
		ids = append(ids, one.ID+one.Accepted)
	}
	if got := strings.Join(ids, " "); got != "a zknown b" {
		t.Errorf("findings: %s", got)
	}
	if blocking := d.Blocking(); len(blocking) != 1 || blocking[0].ID != "a" {
		t.Errorf("blocking: %+v", blocking)
	}
}

// What landfall.yaml says of nothing that is there is told, not ignored.
func TestUnusedOverridesAndAcceptances(t *testing.T) {
	t.Parallel()
	d := designtest.Case{Families: []design.Family{family("AWS::SQS::Queue", identity)}, Resources: designtest.FromTemplate(t, table), Options: design.Options{
		Overrides: []design.Override{{Source: "orders", Size: "big"}, {Source: "no such", Size: "big"}}, Accept: map[string]string{"network.nonsense": "so"},
	}}.Make(t)
	var ids []string
	for _, f := range d.Findings {
		ids = append(ids, f.ID)
	}
	if want := []string{"override.ineffective:orders:size", "override.unused:no-such", "accept.unused:network.nonsense"}; !slices.Equal(ids, want) {
		t.Errorf("findings %q, want %q", ids, want)
	}
}

// What a template's reader leaves in place of an unknown value is nothing for
// people: whatever a rule says of it has the name of what is meant.
func TestDecisionsAreReadable(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, []design.Family{family("AWS::SQS::Queue", func(c *design.Context, r *inventory.Resource) design.Decision {
		one := retire(c, r)
		one.Why, one.ToDo = "it is in zone ${az:us-east-1#0} of ${param:Net}", []string{"look at ${ref:cloudformation:shop/Dead#Arn}"}
		one.Gaps = []design.Gap{c.Gap("test.gap", "CidrIp=${undefined:Range}")}
		return one
	})}, designtest.Live(t, "AWS::SQS::Queue", "orders", `{"QueueName":"orders"}`))
	one := designtest.Decision(t, d, "orders")
	if one.Why != "it is in zone 1 of us-east-1 of Net" || one.ToDo[0] != "look at Dead.Arn" || one.Gaps[0].At != "CidrIp=Range" {
		t.Errorf("%q %q %q", one.Why, one.ToDo, one.Gaps)
	}
}

// A name with line ends and escapes of a terminal stays on its line.
func TestDecisionsStayOnOneLine(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, []design.Family{family("AWS::SQS::Queue", func(c *design.Context, r *inventory.Resource) design.Decision {
		one := retire(c, r)
		one.Why, one.ToDo = "queue a\r\nb  goes", []string{"look at \x1b[31mit"}
		one.Gaps = []design.Gap{c.Gap("test.gap", "QueueName=a\tb")}
		return one
	})}, designtest.Live(t, "AWS::SQS::Queue", "orders", `{"QueueName":"orders"}`))
	one := designtest.Decision(t, d, "orders")
	if one.Why != "queue a b goes" || one.ToDo[0] != "look at [31mit" || one.Gaps[0].At != "QueueName=a b" {
		t.Errorf("%q %q %q", one.Why, one.ToDo, one.Gaps)
	}
}

// Parameters of two resources whose names come to the same letters are two, in
// whatever order the resources are read; a template knows no case.
func TestParametersOfResourcesStayApart(t *testing.T) {
	t.Parallel()
	apply := func(c *design.Context, r *inventory.Resource) design.Decision {
		one := retire(c, r)
		name := strings.ReplaceAll(r.Name, "-", "")
		first := c.ParameterOf(r, design.Parameter{Name: name + "Password", Secure: true, Description: "of " + r.Name})
		if again := c.ParameterOf(r, design.Parameter{Name: name + "Password", Secure: true, Description: "of " + r.Name}); again != first {
			t.Errorf("%s has %s and %s", r.Name, first, again)
		}
		one.Why = first + c.ParameterOf(nil, design.Parameter{Name: "shared", Description: "of all"})
		return one
	}
	for _, names := range [][]string{{"a-b", "ab", "aB"}, {"aB", "ab", "a-b"}} {
		var list []inventory.Resource
		for _, name := range names {
			list = append(list, designtest.Live(t, "AWS::SQS::Queue", name, `{}`))
		}
		d := designtest.Make(t, []design.Family{family("AWS::SQS::Queue", apply)}, list...)
		var got []string
		for _, p := range d.Parameters {
			got = append(got, p.Name+" "+p.Description)
		}
		if want := []string{"aBPassword2 of aB", "abPassword of a-b", "abPassword3 of ab", "shared of all"}; !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", names, got, want)
		}
		if one := designtest.Decision(t, d, "aB"); one.Why != "[parameters('aBPassword2')][parameters('shared')]" {
			t.Error(one.Why)
		}
	}
}
