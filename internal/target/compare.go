package target

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/design"
)

// The actions of a property change that reading back finds.
const (
	// Differs: the target has another value.
	Differs = "differs"
	// Unread: what was deployed cannot be compared with what is read.
	Unread = "unread"
)

// A body names the value of a parameter so.
const referencePrefix, referenceSuffix = "[parameters('", "')]"

// Compare holds what the target answers against what was deployed, property by
// property, and returns where they are not known to be equal, by path; nothing
// when everything that was deployed is there. What the target adds to a body by
// itself is no difference. An expression of which only the run knows the value
// is Unread. So is a secret, unless the target answers nothing in its place: no
// service answers secrets, and what-if does not compare them either.
func Compare(deployed design.Resource, parameters []design.Parameter, values map[string]any, read map[string]any) []PropertyChange {
	c := comparison{parameters: map[string]design.Parameter{}, values: values}
	for _, p := range parameters {
		c.parameters[p.Name] = p
	}
	if deployed.Location != "" && region(design.Text(read, "location")) != region(string(deployed.Location)) {
		c.add("location", Differs, string(deployed.Location), read["location"])
	}
	tags, _ := read["tags"].(map[string]any)
	for _, name := range deployed.Tags.Keys() {
		if tags[name] != deployed.Tags[name] {
			c.add("tags."+name, Differs, deployed.Tags[name], tags[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(deployed.Body)) {
		c.value(name, deployed.Body[name], member(read, name))
	}
	slices.SortStableFunc(c.out, func(a, b PropertyChange) int { return cmp.Compare(a.Path, b.Path) })
	return c.out
}

// region is the form in which names of regions are compared: "East US" is
// "eastus" (Microsoft Learn, "az account list-locations": name and display name).
func region(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }

type comparison struct {
	parameters map[string]design.Parameter
	values     map[string]any
	out        []PropertyChange
}

func (c *comparison) add(path, action string, before, after any) {
	c.out = append(c.out, PropertyChange{Path: path, Action: action, Before: before, After: after})
}

// value compares one deployed value with what is read in its place.
func (c *comparison) value(path string, deployed, read any) {
	if empty(deployed) && empty(read) {
		return
	}
	switch v := deployed.(type) {
	case string:
		c.text(path, v, read)
	case map[string]any:
		other, ok := read.(map[string]any)
		if !ok {
			c.add(path, Differs, v, read)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			c.value(path+"."+name, v[name], member(other, name))
		}
	case []any:
		c.list(path, v, read)
	default:
		if !same(v, read) {
			c.add(path, Differs, v, read)
		}
	}
}

// member finds a property in any case: Resource Manager reads names without
// regard to it and answers its own (ids of identities are such names).
func member(in map[string]any, name string) any {
	if v, ok := in[name]; ok {
		return v
	}
	for _, other := range slices.Sorted(maps.Keys(in)) {
		if strings.EqualFold(other, name) {
			return in[other]
		}
	}
	return nil
}

func (c *comparison) text(path, deployed string, read any) {
	if !strings.HasPrefix(deployed, "[") {
		if got, ok := read.(string); !ok || got != deployed && !(strings.HasPrefix(deployed, "/") && strings.EqualFold(got, deployed)) {
			c.add(path, Differs, deployed, read)
		}
		return
	}
	name, whole := strings.CutPrefix(deployed, referencePrefix)
	name, end := strings.CutSuffix(name, referenceSuffix)
	p, known := c.parameters[name]
	value, given := c.values[name]
	if !given {
		value, given = p.Default, p.Default != nil
	}
	switch {
	case !whole || !end || !known || !given:
		c.add(path, Unread, deployed, nil)
	case p.Secure && read == nil:
	case p.Secure:
		// Whatever stands there, it is not shown.
		c.add(path, Unread, deployed, nil)
	default:
		before := len(c.out)
		c.literal(path, value, read)
		for i := range c.out[before:] {
			c.out[before+i].Before = deployed
		}
	}
}

// literal compares the value of a parameter, in which nothing is an expression.
func (c *comparison) literal(path string, value, read any) {
	inner := comparison{}
	if text, ok := value.(string); ok {
		if read != text {
			c.add(path, Differs, text, read)
		}
		return
	}
	inner.value(path, value, read)
	c.out = append(c.out, inner.out...)
}

// list compares elements by their names where all of them have one, because a
// service answers them in its own order, else one after the other.
func (c *comparison) list(path string, deployed []any, read any) {
	other, ok := read.([]any)
	if !ok || len(other) != len(deployed) {
		c.add(path, Differs, deployed, read)
		return
	}
	mine, theirs := named(deployed), named(other)
	for i, v := range deployed {
		at := path + "." + strconv.Itoa(i)
		if mine == nil || theirs == nil {
			c.value(at, v, other[i])
			continue
		}
		c.value(at, v, theirs[design.Text(v.(map[string]any), "name")])
	}
}

// named returns the elements by name, nil unless each has one of its own.
func named(list []any) map[string]any {
	out := map[string]any{}
	for _, v := range list {
		object, _ := v.(map[string]any)
		name := design.Text(object, "name")
		if name == "" {
			return nil
		}
		out[name] = v
	}
	if len(out) != len(list) {
		return nil
	}
	return out
}

// empty: absent, null, an object or a list of nothing are the same to Resource
// Manager.
func empty(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return (r.Kind() == reflect.Map || r.Kind() == reflect.Slice) && r.Len() == 0
}

// same compares scalars; a number is the same in each way to hold it.
func same(a, b any) bool {
	x, isNumber := float(a)
	y, alsoNumber := float(b)
	if isNumber && alsoNumber {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

func float(v any) (float64, bool) {
	r := reflect.ValueOf(v)
	switch {
	case !r.IsValid():
		return 0, false
	case r.CanFloat():
		return r.Float(), true
	case r.CanInt():
		return float64(r.Int()), true
	}
	return 0, false
}
