package designtest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// Hostile designs a workload many times with some of its values taken away or
// put in another form, as files of people have them, and reports a design that
// cannot be made or that no provider would take.
func Hostile(t testing.TB, families func() []design.Family, rounds int, resources ...inventory.Resource) {
	t.Helper()
	oracle := NewOracle(t)
	for seed := range uint64(rounds) {
		source := rand.New(rand.NewPCG(seed, 11))
		broken := make([]inventory.Resource, len(resources))
		for i, r := range resources {
			broken[i] = clone(r)
			broken[i].Properties, _ = bend(source, map[string]any(broken[i].Properties), 25).(map[string]any)
		}
		d, err := Case{Families: families(), Resources: broken}.Try(t)
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			return
		}
		for _, fault := range oracle.Faults(d) {
			t.Errorf("seed %d: %s", seed, fault)
		}
		if t.Failed() {
			return
		}
	}
}

// bend changes about one in odds values of a tree.
func bend(source *rand.Rand, v any, odds int) any {
	if source.IntN(odds) == 0 {
		wrong := []any{nil, "", "text", "${ref:cloudformation:shop/Nothing}", "${ref:cloudformation:shop/Nothing#Arn}/x", 7.5, -1.0, true, []any{}, []any{nil, "a", 1.0}, map[string]any{}, map[string]any{"Key": "value"}}
		return wrong[source.IntN(len(wrong))]
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for _, k := range sortedKeys(v) {
			out[k] = bend(source, v[k], odds)
		}
		return out
	case inventory.Properties:
		return bend(source, map[string]any(v), odds)
	case []any:
		out := make([]any, len(v))
		for i, w := range v {
			out[i] = bend(source, w, odds)
		}
		return out
	}
	return v
}

func sortedKeys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Uncovered returns the kinds of some services ("IAM") that no rule of the
// families decides.
func Uncovered(families []design.Family, kinds []cloud.Kind, services ...string) []cloud.Kind {
	known := map[cloud.Kind]bool{}
	for _, f := range families {
		for _, r := range f.Rules {
			for _, k := range r.Kinds {
				known[k] = true
			}
		}
	}
	var out []cloud.Kind
	for _, k := range kinds {
		if !known[k] && slices.Contains(services, k.Service()) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}
