package design

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
)

// order fills in dependsOn from the references in the bodies and puts the
// resources by id. A cycle is a defect, because no deployment could begin it:
// it is told, and cut where it closes, so that whoever walks the resources ends.
func (c *Context) order(out *Design) {
	for _, r := range c.resources {
		r.DependsOn = c.needs(r)
	}
	for cycle := cycleOf(c.resources); len(cycle) > 0; cycle = cycleOf(c.resources) {
		last, first := c.byID[strings.ToLower(cycle[len(cycle)-2])], cloud.ResourceID(cycle[len(cycle)-1])
		c.running = defect{rule: "order", source: last.ID}
		c.defect("resources wait for each other: %s", strings.Join(cycle, " -> "))
		last.DependsOn = slices.DeleteFunc(last.DependsOn, func(id cloud.ResourceID) bool { return id == first })
	}
	for _, r := range c.resources {
		out.Resources = append(out.Resources, *r)
	}
	slices.SortFunc(out.Resources, func(a, b Resource) int { return compareID(a.ID, b.ID) })
	for i := range out.Findings {
		if out.Findings[i].About == nil {
			out.Findings[i].About = []cloud.ResourceID{}
		}
	}
	if out.Findings == nil {
		out.Findings = []Finding{}
	}
	if out.Identity == nil {
		out.Identity = []Grant{}
	}
	slices.SortFunc(out.Identity, func(a, b Grant) int { return cmp.Compare(a.Role, b.Role) })
}

var idForm = regexp.MustCompile(`(?i)/subscriptions/[^/'"\s]+/resourceGroups/[^/'"\s]+/providers/[^'"\s,()]+`)

// needs returns what must exist before r, in order.
func (c *Context) needs(r *Resource) []cloud.ResourceID {
	found := map[cloud.ResourceID]bool{}
	note := func(text string) {
		for _, id := range idForm.FindAllString(text, -1) {
			if t := c.nearest(id); t != nil && t != r && !strings.HasPrefix(key(t.ID), key(r.ID)+"/") {
				found[t.ID] = true
			}
		}
	}
	walk(r.Body, note)
	for _, id := range r.DependsOn {
		note(string(id))
	}
	note(string(r.Scope))
	if parent, _, ok := cutLast(string(r.ID), "/"); ok {
		if parent, _, ok = cutLast(parent, "/"); ok {
			note(parent)
		}
	}
	return slices.SortedFunc(maps.Keys(found), compareID)
}

// nearest returns the resource that an id names, or the one that the part it
// names stands in (a front end of a balancer).
func (c *Context) nearest(id string) *Resource {
	for id != "" {
		if t := c.byID[strings.ToLower(id)]; t != nil {
			return t
		}
		i := strings.LastIndexByte(id, '/')
		if i <= 0 {
			return nil
		}
		id = id[:i]
	}
	return nil
}

// walk calls visit with every text of a tree; the order does not matter.
func walk(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(v)
	case []any:
		for _, w := range v {
			walk(w, visit)
		}
	case map[string]any:
		for k, w := range v {
			visit(k) // the ids of user-assigned identities are keys
			walk(w, visit)
		}
	}
}

// cycleOf returns the ids of one cycle of dependsOn, nil when there is none.
func cycleOf(resources []*Resource) []string {
	const (
		under = 1
		done  = 2
	)
	byID := map[cloud.ResourceID]*Resource{}
	for _, r := range resources {
		byID[r.ID] = r
	}
	state := map[cloud.ResourceID]int{}
	var path []string
	var visit func(r *Resource) bool
	visit = func(r *Resource) bool {
		state[r.ID] = under
		path = append(path, string(r.ID))
		for _, id := range r.DependsOn {
			next := byID[id]
			if next == nil || state[id] == done {
				continue
			}
			if state[id] == under {
				path = append(path, string(id))
				return true
			}
			if visit(next) {
				return true
			}
		}
		state[r.ID], path = done, path[:len(path)-1]
		return false
	}
	for _, r := range resources {
		if state[r.ID] == 0 && visit(r) {
			return path
		}
	}
	return nil
}

var parameterForm = regexp.MustCompile(`^\[parameters\('([^']+)'\)\]$`)

// ParameterIn returns the parameter that a text of a body stands for.
func ParameterIn(text string) (name string, ok bool) {
	m := parameterForm.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1], true
}

func compareID(a, b cloud.ResourceID) int { return cmp.Compare(a, b) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
