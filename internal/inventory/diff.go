package inventory

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
)

// Changes are the differences between two inventories.
type Changes struct {
	Added   []Resource `json:"added"`
	Removed []Resource `json:"removed"`
	Changed []Change   `json:"changed"`
	// Hidden is what the later reading could not read and the earlier could, if
	// anything is missing: what was removed may be there still.
	Hidden []Unread `json:"hidden,omitempty"`
}

// Change is one resource that is in both inventories with something different.
type Change struct {
	ID   cloud.ResourceID `json:"id"`
	Kind cloud.Kind       `json:"kind"`
	Name string           `json:"name"`
	// Values are the differences, in order of their paths.
	Values []ChangedValue `json:"values"`
}

// ChangedValue is one value that is different. Old or New is nil when it is
// absent on that side.
type ChangedValue struct {
	// Path is "properties.Engine", "tags.env", "name", "marks", ...
	Path string `json:"path"`
	Old  any    `json:"old"`
	New  any    `json:"new"`
}

// Empty reports whether nothing is different.
func (c Changes) Empty() bool {
	return len(c.Added) == 0 && len(c.Removed) == 0 && len(c.Changed) == 0
}

// Diff compares two inventories: what is there, and what is known of it. Where
// it was learnt (provenance) is not compared, and neither is how much a
// resource holds (see measured): nobody changed a table that has more items.
// Members of lists are compared one by one when both lists are of one length,
// otherwise the lists as a whole.
func Diff(before, after Inventory) Changes {
	c := Changes{Added: []Resource{}, Removed: []Resource{}, Changed: []Change{}}
	old, now := byID(before.Resources), byID(after.Resources)
	for id, r := range now {
		was, known := old[id]
		if !known {
			c.Added = append(c.Added, *r)
			continue
		}
		if values := changes(was, r); len(values) > 0 {
			c.Changed = append(c.Changed, Change{id, r.Kind, r.Name, values})
		}
	}
	for id, r := range old {
		if _, still := now[id]; !still {
			c.Removed = append(c.Removed, *r)
		}
	}
	if len(c.Removed) > 0 {
		c.Hidden = newlyUnread(before, after)
	}
	slices.SortFunc(c.Added, compareID)
	slices.SortFunc(c.Removed, compareID)
	slices.SortFunc(c.Changed, func(a, b Change) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return c
}

// newlyUnread are the gaps of the later reading that the earlier one had not.
func newlyUnread(before, after Inventory) []Unread {
	known := make(map[Unread]bool, len(before.Unread))
	for _, u := range before.Unread {
		known[u] = true
	}
	var list []Unread
	for _, u := range after.Unread {
		if !known[u] {
			list = append(list, u)
		}
	}
	return list
}

func compareID(a, b Resource) int { return strings.Compare(string(a.ID), string(b.ID)) }

func byID(resources []Resource) map[cloud.ResourceID]*Resource {
	out := make(map[cloud.ResourceID]*Resource, len(resources))
	for i := range resources {
		out[resources[i].ID] = &resources[i]
	}
	return out
}

func changes(old, now *Resource) []ChangedValue {
	var d differ
	d.compare("account", string(old.Account), string(now.Account))
	d.compare("aliases", texts(old.Aliases), texts(now.Aliases))
	d.compare("attributes", lasting(old.Attributes), lasting(now.Attributes))
	d.compare("kind", string(old.Kind), string(now.Kind))
	d.compare("logicalId", old.LogicalID, now.LogicalID)
	d.compare("marks", texts(old.Marks), texts(now.Marks))
	d.compare("name", old.Name, now.Name)
	d.compare("properties", tree(old.Properties), tree(now.Properties))
	d.compare("region", string(old.Region), string(now.Region))
	d.compare("stack", old.Stack, now.Stack)
	d.compare("tags", tagTree(old.Tags), tagTree(now.Tags))
	slices.SortFunc(d.found, func(a, b ChangedValue) int { return strings.Compare(a.Path, b.Path) })
	return d.found
}

// texts are the members of a list that is compared as a whole.
func texts[T ~string](list []T) any {
	if len(list) == 0 {
		return nil
	}
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

// measured reports whether an attribute counts what a resource holds, or says
// when it was looked at. The APIs bring such numbers up to date by themselves:
// those of a table some every six hours (DynamoDB API reference,
// TableDescription), those of a log group and a file system all the time.
func measured(name string) bool {
	switch name {
	case "ItemCount", "TableSizeBytes", "IndexSizeBytes", "StoredBytes", "SizeInBytes", "NumberOfRecoveryPoints", "ActivityStatus", "ConfigurationItemCaptureTime":
		return true
	}
	return false
}

// lasting returns the attributes without what is measured.
func lasting(m map[string]any) any {
	out, _ := without(m, measured, 0).(map[string]any)
	return tree(out)
}

// without copies a value without the members that leave names.
func without(v any, leave func(string) bool, depth int) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			if depth < maxDepth && !leave(name) {
				out[name] = without(member, leave, depth+1)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = without(v[i], leave, depth+1)
		}
		return out
	}
	return v
}

func tree(m map[string]any) any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func tagTree(tags cloud.Tags) any {
	out := make(map[string]any, len(tags))
	for k, v := range tags {
		out[k] = v
	}
	return out
}

type differ struct{ found []ChangedValue }

func (d *differ) compare(path string, old, now any) {
	switch x := old.(type) {
	case map[string]any:
		if y, ok := now.(map[string]any); ok {
			d.objects(path, x, y)
			return
		}
	case []any:
		if y, ok := now.([]any); ok && len(x) == len(y) {
			for i := range x {
				d.compare(path+"["+strconv.Itoa(i)+"]", x[i], y[i])
			}
			return
		}
	}
	_, oldText := old.(string)
	_, nowText := now.(string)
	if oldText != nowText || canonical(old) != canonical(now) {
		d.found = append(d.found, ChangedValue{path, old, now})
	}
}

func (d *differ) objects(path string, old, now map[string]any) {
	for name, v := range old {
		d.compare(path+"."+name, v, now[name])
	}
	for name, v := range now {
		if _, known := old[name]; !known {
			d.compare(path+"."+name, nil, v)
		}
	}
}
