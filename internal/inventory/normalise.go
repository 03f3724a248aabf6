package inventory

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
)

// maxDepth bounds how deep a value is followed.
const maxDepth = 64

// normalise brings an observation into the one form that readings are compared
// and written in: the kind in CloudFormation's spelling, numbers as float64,
// lists without order sorted, tags apart from the properties, names of equal
// things once.
func (b *Builder) normalise(o *Observation) {
	n := normaliser{b.pool}
	schema, known := b.schemas.Kind(o.Kind)
	if known {
		o.Kind = schema.Kind
		o.Properties = n.properties(schema, o)
	} else {
		o.Properties, _ = n.normal(nil, map[string]any(o.Properties), 0).(map[string]any)
	}
	if o.Attributes != nil {
		o.Attributes, _ = n.normal(nil, o.Attributes, 0).(map[string]any)
	}
	for key, value := range o.Tags {
		o.Tags[key] = n.pool.text(value)
	}
	o.Name, o.Account, o.Region = n.pool.text(o.Name), cloud.Account(n.pool.text(string(o.Account))), cloud.Region(n.pool.text(string(o.Region)))
	o.Aliases = tidyNames(o.Aliases, string(o.ID))
	for i, name := range o.Aliases {
		o.Aliases[i] = n.pool.text(name)
	}
	o.Marks = tidySet(o.Marks)
}

// normaliser brings values into their one form and equal ones into one place.
type normaliser struct{ pool *pool }

func (n normaliser) properties(schema *cfn.Schema, o *Observation) Properties {
	out := make(Properties, len(o.Properties))
	for name, v := range o.Properties {
		field, ok := schema.Root.Field(name)
		switch {
		case ok && field.Name == schema.TagProperty && plainTags(o, v):
		case ok:
			if value := n.normal(field.Type, v, 1); value != nil {
				out[field.Name] = value
			}
		default:
			// A name that the kind does not have is kept where it does no harm.
			if o.Attributes == nil {
				o.Attributes = map[string]any{}
			}
			if _, taken := o.Attributes[name]; !taken && v != nil {
				o.Attributes[name] = v
			}
		}
	}
	return out
}

// plainTags moves the tags of a property to the resource's tags. Tags that say
// more than key and value stay.
func plainTags(o *Observation, v any) bool {
	found := cloud.Tags{}
	switch v := v.(type) {
	case []any:
		for _, member := range v {
			m, _ := member.(map[string]any)
			key, isText := m["Key"].(string)
			value, hasValue := m["Value"].(string)
			if !isText || len(m) > 2 || !hasValue && m["Value"] != nil {
				return false
			}
			found[key] = value
		}
	case map[string]any:
		for key, value := range v {
			text, isText := value.(string)
			if !isText {
				return false
			}
			found[key] = text
		}
	default:
		return false
	}
	if o.Tags == nil {
		o.Tags = cloud.Tags{}
	}
	for key, value := range found {
		if _, known := o.Tags[key]; !known {
			o.Tags[key] = value
		}
	}
	return true
}

// normal returns a value in the form that encoding/json decodes into. The
// values that are given are not kept. What is below the depth of 0 is shared.
func (n normaliser) normal(t *cfn.Type, v any, depth int) any {
	if depth > maxDepth {
		return nil
	}
	switch v := v.(type) {
	case nil, bool:
		return v
	case string:
		return n.pool.text(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return v
	case map[string]any:
		return n.object(t, v, depth)
	case Properties:
		return n.object(t, v, depth)
	case []any:
		return n.list(t, v, depth)
	case int64:
		return float64(v)
	case int:
		return float64(v)
	case json.Number:
		f, err := v.Float64()
		if err != nil || math.IsInf(f, 0) {
			return v.String()
		}
		return f
	}
	return n.viaJSON(t, v, depth)
}

// viaJSON brings any other value into the form that its JSON has.
func (n normaliser) viaJSON(t *cfn.Type, v any, depth int) any {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var decoded any
	if json.Unmarshal(text, &decoded) != nil {
		return nil
	}
	return n.normal(t, decoded, depth+1)
}

func (n normaliser) object(t *cfn.Type, m map[string]any, depth int) any {
	out := make(map[string]any, len(m))
	for name, member := range m {
		if value := n.normal(below(t, name), member, depth+1); value != nil {
			out[n.pool.text(name)] = value
		}
	}
	if depth == 0 {
		return out
	}
	return n.pool.value(out)
}

func (n normaliser) list(t *cfn.Type, list []any, depth int) any {
	var item *cfn.Type
	if t != nil {
		item = t.Item
	}
	out := make([]any, 0, len(list))
	for _, member := range list {
		if value := n.normal(item, member, depth+1); value != nil {
			out = append(out, value)
		}
	}
	if t != nil && t.Unordered {
		SortValues(out)
	}
	if depth == 0 {
		return out
	}
	return n.pool.value(out)
}

// below is the type of a member, nil if it is not known.
func below(t *cfn.Type, name string) *cfn.Type {
	if t == nil {
		return nil
	}
	if field, ok := t.Field(name); ok {
		return field.Type
	}
	if t.Form == cfn.Map {
		return t.Item
	}
	return nil
}

// SortValues orders a list of values by their JSON, equal ones beside each
// other, and returns it.
func SortValues(list []any) []any {
	if len(list) < 2 {
		return list
	}
	type keyed struct {
		key   string
		value any
	}
	all := make([]keyed, len(list))
	for i, v := range list {
		all[i] = keyed{canonical(v), v}
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return strings.Compare(a.key, b.key) })
	for i := range all {
		list[i] = all[i].value
	}
	return list
}

// canonical is the JSON of a value, with the names of objects in order.
func canonical(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text)
}

func tidyNames(names []string, own string) []string {
	out := make([]string, 0, len(names))
	for _, name := range names {
		if name != "" && name != own {
			out = append(out, name)
		}
	}
	return tidySet(out)
}

// tidySet orders a list and leaves out what is in it twice.
func tidySet[T cmp.Ordered](list []T) []T {
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}
