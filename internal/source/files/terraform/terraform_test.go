package terraform

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/source/files/document"
	"example.com/landfall/internal/source/files/filestest"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ address, base, module string }{
		{"aws_vpc.main", "aws_vpc.main", ""},
		{"aws_vpc.main[0]", "aws_vpc.main", ""},
		{`aws_vpc.main["a.b[\"]"]`, "aws_vpc.main", ""},
		{`module.a["x.y"].module.b[3].aws_vpc.main["k"]`, "module.a.module.b.aws_vpc.main", `module.a["x.y"].module.b[3]`},
		{"module.a.data.aws_ami.x", "module.a.data.aws_ami.x", "module.a"},
		{"module.a", "module.a", ""},
		{"", "", ""},
	} {
		if got := baseOf(c.address); got != c.base {
			t.Errorf("baseOf(%q) = %q, want %q", c.address, got, c.base)
		}
		if got := moduleOf(c.address); got != c.module {
			t.Errorf("moduleOf(%q) = %q, want %q", c.address, got, c.module)
		}
	}
}

func TestProviderName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`provider["registry.terraform.io/hashicorp/aws"]`:               "aws",
		`provider["registry.terraform.io/hashicorp/aws"].west`:          "aws.west",
		`module.x.provider["registry.opentofu.org/hashicorp/aws"].west`: "aws.west",
		"provider.aws":                          "aws",
		"module.x.provider.aws.west":            "aws.west",
		"registry.terraform.io/hashicorp/awscc": "awscc",
		"aws":                                   "aws",
		"":                                      "",
	} {
		if got := providerName(text); got != want {
			t.Errorf("providerName(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	got := expand(map[string]string{
		"id": "x", "tags.%": "1", "tags.a.b/c": "v", "list.#": "2", "list.0": "a", "list.1": "b", "none.#": "0",
		"set.#": "2", "set.99.port": "1", "set.100.port": "2", "set.99.cidr.#": "1", "set.99.cidr.0": "::/0",
	})
	want := map[string]any{
		"id": "x", "tags": map[string]any{"a.b/c": "v"}, "list": []any{"a", "b"}, "none": []any{},
		"set": []any{map[string]any{"port": "1", "cidr": []any{"::/0"}}, map[string]any{"port": "2"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestHide(t *testing.T) {
	t.Parallel()
	values := map[string]any{"a": "s", "b": []any{map[string]any{"c": "s", "d": "kept"}}, "n": nil, "m": map[string]any{"k": "s"}}
	for _, raw := range []string{
		`[{"type":"get_attr","value":"a"}]`, `[{"type":"get_attr","value":"b"},{"type":"index","value":{"value":0,"type":"number"}},{"type":"get_attr","value":"c"}]`,
		`[{"type":"get_attr","value":"n"}]`, `[{"type":"get_attr","value":"none"},{"type":"get_attr","value":"x"}]`, `[{"type":"get_attr","value":"m"},{"type":"odd","value":[1]}]`, `7`, `[]`,
	} {
		hide(values, sensitivePath(json.RawMessage(raw)))
	}
	want := map[string]any{"a": hidden, "b": []any{map[string]any{"c": hidden, "d": "kept"}}, "n": nil, "m": hidden}
	if !reflect.DeepEqual(values, want) {
		t.Errorf("got %v, want %v", values, want)
	}
}

// Hiding by marks leaves nothing that is marked, whatever the two trees look
// like, and keeps the shape of what is not.
func TestHideMarkedLeavesNothingMarked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-c]`), 1, 3, rapid.ID[string]).Draw(t, "names")
		values, marks := map[string]any{}, map[string]any{}
		secret := map[string]bool{}
		for _, name := range names {
			values[name] = "value"
			secret[name] = rapid.Bool().Draw(t, name)
			marks[name] = secret[name]
		}
		hideMarked(map[string]any{"in": []any{values}}, map[string]any{"in": []any{marks}})
		for name, is := range secret {
			if (values[name] == hidden) != is {
				t.Fatalf("%s: %v, secret %v", name, values[name], is)
			}
		}
	})
}

func TestHeader(t *testing.T) {
	t.Parallel()
	h, err := ReadHeader(document.Bytes("x", []byte(`{"version":4,"resources":[{"a":[1,2]}],"serial":7,"lineage":"l"}`), document.Limits{}))
	if err != nil || h != (Header{4, "l", 7}) {
		t.Errorf("%+v, %v", h, err)
	}
}

// What a plan makes that has no id yet is known by its address, refers to what
// it will refer to, and nothing of the made-up id is left.
func TestPlannedResources(t *testing.T) {
	t.Parallel()
	s := &filestest.Sink{}
	if err := ReadPlan(t.Context(), filestest.NewRequests().Of("x", filestest.Fixture(t, "terraform-plan/plan.json")), s); err != nil {
		t.Fatal(err)
	}
	byAddress := map[string]inventory.Observation{}
	for _, o := range s.Observations {
		if _, known := byAddress[o.LogicalID]; !known {
			byAddress[o.LogicalID] = o
		}
	}
	mapping := byAddress["aws_lambda_event_source_mapping.orders"]
	if mapping.ID != "terraform:aws_lambda_event_source_mapping.orders" || mapping.Kind != "AWS::Lambda::EventSourceMapping" {
		t.Errorf("the mapping is %s %s; refused %v", mapping.ID, mapping.Kind, s.Reasons())
	}
	want := []any{"arn:aws:lambda:eu-west-1:210987654321:function:shop-resize", "arn:aws:sqs:eu-west-1:210987654321:shop-orders"}
	if !reflect.DeepEqual(mapping.Attributes["dependsOn"], want) {
		t.Errorf("the mapping depends on %v", mapping.Attributes["dependsOn"])
	}
	if got := mapping.Properties["EventSourceArn"]; got != "${ref:arn:aws:sqs:eu-west-1:210987654321:shop-orders#Arn}" {
		t.Errorf("the mapping's source is %v", got)
	}
	for address, action := range map[string]string{
		"module.network.aws_vpc.main": "no-op", "aws_security_group.web": "update", "aws_db_instance.main": "replace", "aws_sqs_queue.orders": "create", "aws_s3_bucket.old": "delete",
	} {
		if got := byAddress[address].Attributes["plannedAction"]; got != action {
			t.Errorf("%s: action %v, want %s", address, got, action)
		}
	}
	if o := byAddress[`aws_instance.web["blue"]`]; o.ID == "" || o.Attributes["plannedAction"] != nil {
		t.Errorf("what the plan leaves out is %+v", o)
	}
}

func FuzzState(f *testing.F) {
	for _, name := range []string{"terraform/terraform.tfstate", "terraform/v3.tfstate", "terraform/show.json", "terraform-plan/plan.json"} {
		f.Add(filestest.Fixture(f, name))
	}
	requests := filestest.NewRequests()
	f.Fuzz(func(t *testing.T, content []byte) {
		s := &filestest.Sink{}
		if err := ReadState(t.Context(), requests.Of("x", content), s); err != nil {
			t.Error(err)
		}
		if err := ReadPlan(t.Context(), requests.Of("x", content), s); err != nil {
			t.Error(err)
		}
		s.Whole(t)
	})
}
