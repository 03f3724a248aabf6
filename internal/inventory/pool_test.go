package inventory

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func drawValue(rt *rapid.T, depth int) any {
	switch n := rapid.IntRange(0, 5).Draw(rt, "kind"); {
	case n == 0:
		return rapid.Bool().Draw(rt, "bool")
	case n == 1:
		return float64(rapid.IntRange(0, 3).Draw(rt, "number"))
	case n < 4 || depth == 0:
		return rapid.SampledFrom([]string{"", "a", "b", "1"}).Draw(rt, "text")
	case n == 4:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(rt, "length") {
			list = append(list, drawValue(rt, depth-1))
		}
		return list
	}
	object := map[string]any{}
	for range rapid.IntRange(0, 3).Draw(rt, "members") {
		object[rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "name")] = drawValue(rt, depth-1)
	}
	return object
}

// What comes out of the pool is equal to what went in, and equal values come
// out as one.
func TestThePoolChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := newPool()
		for range 20 {
			value := drawValue(rt, 3)
			text, err := json.Marshal(value)
			if err != nil {
				rt.Fatal(err)
			}
			out := p.value(value)
			if got, err := json.Marshal(out); err != nil || string(got) != string(text) {
				rt.Fatalf("%s came out as %s, %v", text, got, err)
			}
			var again any
			if err := json.Unmarshal(text, &again); err != nil {
				rt.Fatal(err)
			}
			if m, ok := p.value(again).(map[string]any); ok && len(text) < 60 && reflect.ValueOf(m).Pointer() != reflect.ValueOf(out).Pointer() {
				rt.Fatalf("%s came out in two places", text)
			}
		}
	})
}

// A resource that is read once keeps its reading's maps; that references in it
// are resolved must not change the reading.
func TestBuildingTwiceGivesTheSame(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	live := Resource{ID: "arn:aws:sqs:eu-west-1:210987654321:orders", Kind: "AWS::SQS::Queue", Name: "orders", Stack: "shop", LogicalID: "Orders", Account: "210987654321", Region: "eu-west-1"}
	template := Resource{Kind: "AWS::SQS::Queue", Stack: "shop", LogicalID: "Orders"}
	user := Resource{Kind: "AWS::Lambda::Function", Stack: "shop", LogicalID: "Worker", Properties: Properties{"Description": "reads ${ref:cloudformation:shop/Orders}"}}
	for source, r := range map[Source]Resource{Live: live, CloudFormation: template, Describe: user} {
		if err := b.Add(Observation{Resource: r, Source: source, Origin: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	first := b.Build()
	text, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(b.Build())
	if err != nil || string(again) != string(text) {
		t.Errorf("built again:\n%s\nfirst:\n%s\n%v", again, text, err)
	}
	for _, r := range first.Resources {
		if r.LogicalID == "Worker" && r.Properties["Description"] != "reads ${ref:"+string(live.ID)+"}" {
			t.Errorf("the reference is not resolved: %v", r.Properties)
		}
	}
}
