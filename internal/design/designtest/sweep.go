package designtest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// Sweep sets the properties of one resource of a workload one by one, to
// values made from the schema of its kind, and watches whether the design
// takes notice.
type Sweep struct {
	Families []design.Family
	// Template is the workload, Of the kind of the resource whose properties
	// are set: the workload has one of it.
	Template string
	Of       cloud.Kind
	// Only narrows the sweep to the paths that begin so, "" for all.
	Only string
	// Try are values, by path, that no schema tells: the words that matter.
	Try map[string]any
	// Apart compares with the workload in which only the value itself is
	// missing: a member is not noticed already because what it is part of is.
	Apart bool
}

// sweepDepth is how many levels of members are looked at. What stands deeper
// is part of the value that is set.
const sweepDepth = 6

// Unnoticed returns the paths whose value makes no difference to the design,
// whatever it is: neither to a body nor to a decision. Members of lists and
// maps are written as in the schema's own paths ("Listeners[].Port").
func (s Sweep) Unnoticed(t testing.TB) []string {
	t.Helper()
	schema, ok := cfn.Load().Kind(s.Of)
	if !ok {
		t.Fatalf("no schema of %s", s.Of)
	}
	facts := loaded(t)
	inv := inventoryOf(t, FromTemplate(t, s.Template))
	at := slices.IndexFunc(inv.Resources, func(r inventory.Resource) bool { return r.Kind == s.Of })
	if at < 0 {
		t.Fatalf("no %s in the template", s.Of)
	}
	before := inv.Resources[at].Properties
	plain := s.written(t, facts, inv)
	var out []string
	for _, p := range leaves(schema) {
		if !strings.HasPrefix(p.name(), s.Only) {
			continue
		}
		tries := p.values()
		if v, ok := s.Try[p.name()]; ok {
			tries = append(tries, v)
		}
		with := func(value any) string {
			changed := inv
			changed.Resources = slices.Clone(inv.Resources)
			changed.Resources[at].Properties, _ = set(deep(map[string]any(before)), schema.Root, p.steps, value).(map[string]any)
			return s.written(t, facts, changed)
		}
		without := plain
		if s.Apart {
			without = with(nil)
		}
		if !slices.ContainsFunc(tries, func(value any) bool { return with(value) != without }) {
			out = append(out, p.name())
		}
	}
	return out
}

// written is all that the design says.
func (s Sweep) written(t testing.TB, facts *catalog.Catalog, inv inventory.Inventory) string {
	t.Helper()
	d := Case{Families: s.Families, Resources: inv.Resources, facts: facts, built: true}.Make(t)
	d.Inputs = nil
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// leaf is a property without members of its own, or one at the depth where
// the sweep ends.
type leaf struct {
	steps []string
	of    *cfn.Type
}

// member is the step into a list or a map.
const member = "[]"

func (l leaf) name() string {
	return strings.ReplaceAll(strings.Join(l.steps, "."), "."+member, member)
}

// leaves are the properties that a template may set.
func leaves(schema *cfn.Schema) []leaf {
	var out []leaf
	var walk func(of *cfn.Type, steps []string, above []*cfn.Type)
	walk = func(of *cfn.Type, steps []string, above []*cfn.Type) {
		one := leaf{slices.Clone(steps), of}
		if slices.Contains(schema.ReadOnly, one.name()) || one.name() == schema.TagProperty && len(steps) > 0 {
			return
		}
		deeper := len(above) < sweepDepth && !slices.Contains(above, of)
		above = append(slices.Clone(above), of)
		switch {
		case deeper && len(of.Fields) > 0:
			for _, f := range of.Fields {
				walk(f.Type, append(steps, f.Name), above)
			}
		case deeper && of.Item != nil:
			walk(of.Item, append(steps, member), above)
		default:
			out = append(out, one)
		}
	}
	walk(schema.Root, nil, nil)
	return out
}

// values are what a property is set to: several, because one of them may be
// what is so anyway.
func (l leaf) values() []any {
	if len(l.of.Enum) > 0 {
		var out []any
		for _, e := range l.of.Enum {
			out = append(out, e)
		}
		return out
	}
	switch l.of.Form {
	case cfn.Boolean:
		return []any{true, false}
	case cfn.Integer, cfn.Number:
		return []any{17.0, 4000.0}
	}
	return []any{made(l.of, 0), "true", "4321"}
}

// made is some value of a type.
func made(of *cfn.Type, depth int) any {
	switch {
	case of.Form == cfn.Boolean:
		return true
	case of.Form == cfn.Integer || of.Form == cfn.Number:
		return 17.0
	case of.Form == cfn.Text && len(of.Enum) > 0:
		return of.Enum[0]
	case of.Form == cfn.Text:
		return "made-by-the-sweep"
	case of.Item != nil && depth < sweepDepth:
		if of.Form == cfn.Map {
			return map[string]any{"made": made(of.Item, depth+1)}
		}
		return []any{made(of.Item, depth+1)}
	}
	return filled(of, depth)
}

// filled is an object with the members that it must have.
func filled(of *cfn.Type, depth int) map[string]any {
	out := map[string]any{}
	for _, name := range of.Required {
		if f, ok := of.Field(name); ok && depth < sweepDepth {
			out[name] = made(f.Type, depth+1)
		}
	}
	if len(of.Fields) == 0 {
		out["Made"] = "by-the-sweep"
	}
	return out
}

// set returns a tree with a value at the end of the steps; what is missing on
// the way is made.
func set(tree any, of *cfn.Type, steps []string, value any) any {
	if len(steps) == 0 {
		return value
	}
	if steps[0] == member {
		if m, ok := tree.(map[string]any); ok || of.Form == cfn.Map {
			if !ok {
				m = map[string]any{"made": nil}
			}
			for name := range m {
				m[name] = set(m[name], of.Item, steps[1:], value)
			}
			return m
		}
		list, _ := tree.([]any)
		if len(list) == 0 {
			list = []any{nil}
		}
		list[0] = set(list[0], of.Item, steps[1:], value)
		return list
	}
	m, ok := tree.(map[string]any)
	if !ok {
		m = filled(of, 0)
	}
	f, _ := of.Field(steps[0])
	m[steps[0]] = set(m[steps[0]], f.Type, steps[1:], value)
	return m
}

// Excused compares what a sweep found with a list of what needs no notice, as
// "path<tab>why" lines; a path that ends in * stands for all that begin so.
// Both a path without a reason and a reason without a path are faults.
func Excused(t testing.TB, unnoticed []string, list string) {
	t.Helper()
	used := map[string]bool{}
	for _, path := range unnoticed {
		excuse := ""
		for line := range strings.Lines(list) {
			known, why, _ := strings.Cut(strings.TrimSpace(line), " ")
			head, many := strings.CutSuffix(known, "*")
			if why != "" && (known == path || many && strings.HasPrefix(path, head)) {
				excuse, used[known] = known, true
			}
		}
		if excuse == "" {
			t.Errorf("the design takes no notice of %s", path)
		}
	}
	for line := range strings.Lines(list) {
		known, why, _ := strings.Cut(strings.TrimSpace(line), " ")
		if known != "" && (!used[known] || why == "") {
			t.Errorf("%s needs no excuse, or has no reason", known)
		}
	}
}
