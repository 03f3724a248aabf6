package runbook

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Changes are the differences between two runbooks. The zero value says that
// there are none.
type Changes struct {
	// Runbook are members outside of the steps.
	Runbook []Change     `json:"runbook"`
	Added   []Step       `json:"added"`
	Removed []Step       `json:"removed"`
	Changed []StepChange `json:"changed"`
}

// StepChange is what differs in one step.
type StepChange struct {
	ID     string   `json:"id"`
	Title  string   `json:"title"`
	Fields []Change `json:"fields"`
	// Look says that an approver has to look again: what is done, proved, undone,
	// gated or approved differs, not only how long it takes or what it is called.
	Look bool `json:"look"`
}

// Change is one member that differs, with its JSON before and after; "" is
// for one that is not there.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// None reports whether nothing differs.
func (c *Changes) None() bool {
	return len(c.Runbook)+len(c.Added)+len(c.Removed)+len(c.Changed) == 0
}

// Look counts the steps that an approver has to look at again.
func (c *Changes) Look() int {
	n := len(c.Added) + len(c.Removed)
	for i := range c.Changed {
		if c.Changed[i].Look {
			n++
		}
	}
	return n
}

// Diff tells what of the old runbook is different in the new one. The inputs
// are left out: they say where it comes from, and not what is done.
func Diff(old, new *Runbook) (Changes, error) {
	c := Changes{Runbook: []Change{}, Added: []Step{}, Removed: []Step{}, Changed: []StepChange{}}
	before, after, err := members(old, new)
	if err != nil {
		return c, err
	}
	for _, name := range []string{"steps", "inputs", "criticalPath", "expectedSeconds"} {
		delete(before, name)
		delete(after, name)
	}
	c.Runbook = differing("", before, after)
	was, is := old.Index(), new.Index()
	for _, s := range old.Steps {
		if _, kept := is[s.ID]; !kept {
			c.Removed = append(c.Removed, s)
		}
	}
	for _, s := range new.Steps {
		i, known := was[s.ID]
		if !known {
			c.Added = append(c.Added, s)
			continue
		}
		before, after, err := members(old.Steps[i], s)
		if err != nil {
			return c, err
		}
		fields := differing("", before, after)
		if len(fields) == 0 {
			continue
		}
		look := slices.ContainsFunc(fields, func(f Change) bool { return !cosmetic(f.Field) })
		c.Changed = append(c.Changed, StepChange{ID: s.ID, Title: s.Title, Fields: fields, Look: look})
	}
	return c, nil
}

// cosmetic members say nothing of what happens.
func cosmetic(field string) bool {
	return slices.Contains([]string{"title", "expectedSeconds", "expectedBasis", "messages", "owner"}, field)
}

// members takes two values apart into the members of their JSON objects.
func members(a, b any) (before, after map[string]any, err error) {
	for _, v := range []struct {
		from any
		to   *map[string]any
	}{{a, &before}, {b, &after}} {
		text, err := json.Marshal(v.from)
		if err != nil {
			return nil, nil, fmt.Errorf("encode for comparison: %w", err)
		}
		if err := json.Unmarshal(text, v.to); err != nil {
			return nil, nil, fmt.Errorf("compare: %w", err)
		}
	}
	return before, after, nil
}

// differing compares objects member by member, and goes into objects of both
// sides, so that one changed word does not show a whole step.
func differing(prefix string, before, after map[string]any) []Change {
	names := slices.Collect(maps.Keys(before))
	for name := range after {
		if _, there := before[name]; !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	out := []Change{}
	for _, name := range names {
		was, there := before[name]
		is, still := after[name]
		if there && still && reflect.DeepEqual(was, is) {
			continue
		}
		inner, wasObject := was.(map[string]any)
		other, isObject := is.(map[string]any)
		if wasObject && isObject {
			out = append(out, differing(prefix+name+".", inner, other)...)
			continue
		}
		out = append(out, Change{Field: prefix + name, Before: shown(was, there), After: shown(is, still)})
	}
	return out
}

func shown(v any, there bool) string {
	if !there {
		return ""
	}
	text, err := json.Marshal(v)
	if err != nil { // it came from JSON
		return fmt.Sprint(v)
	}
	return string(text)
}
