package inventory

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/catalog/cfn"
)

// resolve makes the references to things that were joined point to what they
// became.
func (m *merger) resolve() {
	if len(m.moved) == 0 {
		return
	}
	for _, t := range m.things {
		for name, v := range t.resource.Properties {
			if changed, did := m.pointed(v); did {
				t.own()
				t.resource.Properties[name] = changed
			}
		}
		for name, v := range t.resource.Attributes {
			if changed, did := m.pointed(v); did {
				t.own()
				t.resource.Attributes[name] = changed
			}
		}
	}
}

// pointed returns the value with its references resolved, and whether there
// was any to resolve. The value that is given stays as it is.
func (m *merger) pointed(v any) (any, bool) {
	switch v := v.(type) {
	case string:
		text := m.pointedText(v)
		return text, text != v
	case []any:
		var out []any
		for i := range v {
			changed, did := m.pointed(v[i])
			if did && out == nil {
				out = slices.Clone(v)
			}
			if did {
				out[i] = changed
			}
		}
		return out, out != nil
	case map[string]any:
		var out map[string]any
		for name, member := range v {
			changed, did := m.pointed(member)
			if did && out == nil {
				out = maps.Clone(v)
			}
			if did {
				out[name] = changed
			}
		}
		return out, out != nil
	}
	return v, false
}

func (m *merger) pointedText(text string) string {
	for _, ref := range References(text) {
		if to, ok := m.moved[ref.Resource]; ok {
			text = strings.ReplaceAll(text, ref.String(), Reference{to, ref.Attribute}.String())
		}
	}
	return text
}

// drift lists the properties of which the readings of a thing say different
// things.
func (m *merger) drift(t *thing) []Difference {
	if len(t.readings) < 2 {
		return nil
	}
	var found []Difference
	if d, differs := m.kinds(t); differs {
		found = append(found, d)
	}
	names := map[string]bool{}
	for _, o := range t.readings {
		for name := range o.Properties {
			names[name] = true
		}
	}
	for _, name := range ordered(names, strings.Compare) {
		if !readable(t.schema, name) {
			continue
		}
		if d, differs := m.difference(t, name); differs {
			found = append(found, d)
		}
	}
	return append(found, tagDrift(t)...)
}

// readable reports whether a property can be read back at all.
func readable(schema *cfn.Schema, name string) bool {
	return schema == nil || !slices.Contains(schema.WriteOnly, name)
}

// difference compares what each source says of one property, whatever its
// readings say of it together.
func (m *merger) difference(t *thing, name string) (Difference, bool) {
	said := m.said(t, name)
	if len(said) < 2 {
		return Difference{}, false
	}
	c := comparison{merger: m, kind: t.resource.Kind, writeOnly: writeOnly(t.schema)}
	for _, s := range said[1:] {
		if !c.same(m.typeOf(t, name), name, said[0].Value, s.Value, 0) {
			return Difference{t.id, name, said}, true
		}
	}
	return Difference{}, false
}

func writeOnly(schema *cfn.Schema) []string {
	if schema == nil {
		return nil
	}
	return schema.WriteOnly
}

// said is what each source says of a property, in the order of trust. The
// readings of one source are taken together; two files that contradict each
// other are listed both, except items of AWS Config, which are a history, and
// answers of the API, which are of different moments.
func (m *merger) said(t *thing, name string) []Said {
	var out []Said
	for _, o := range t.readings {
		value, says := o.Properties[name]
		if !says {
			continue
		}
		last := len(out) - 1
		if last < 0 || out[last].Source != o.Source {
			out = append(out, Said{o.Source, o.Origin, value})
			continue
		}
		if o.Source == Live || o.Source == Describe || o.Source == ConfigSnapshot || o.Source == Sweep {
			continue
		}
		_, isMap := value.(map[string]any)
		more, adds := extended(m.typeOf(t, name), out[last].Value, value, joins(o.Source))
		switch {
		case adds:
			out[last].Value = more
		case isMap || joins(o.Source) && isList(value):
		default:
			out = append(out, Said{o.Source, o.Origin, value})
		}
	}
	return out
}

func isList(v any) bool {
	_, ok := v.([]any)
	return ok
}

// kinds lists the kinds if the readings of one id say several.
func (m *merger) kinds(t *thing) (Difference, bool) {
	d := Difference{ID: t.id, Property: "kind"}
	different := false
	for _, o := range t.readings {
		d.Values = append(d.Values, Said{o.Source, o.Origin, string(o.Kind)})
		different = different || o.Kind != t.readings[0].Kind
	}
	return d, different
}

// tagDrift compares the tags that several sources give a value.
func tagDrift(t *thing) []Difference {
	keys := map[string]bool{}
	for _, o := range t.readings {
		for key := range o.Tags {
			keys[key] = true
		}
	}
	var found []Difference
	for _, key := range ordered(keys, strings.Compare) {
		d := Difference{ID: t.id, Property: "tags." + key}
		different := false
		for _, o := range t.readings {
			value, says := o.Tags[key]
			if !says || len(d.Values) > 0 && d.Values[len(d.Values)-1].Source == o.Source {
				continue
			}
			d.Values = append(d.Values, Said{o.Source, o.Origin, value})
			known := len(References(value)) == 0 && len(References(d.Values[0].Value.(string))) == 0
			different = different || known && value != d.Values[0].Value && value != Redacted && d.Values[0].Value != Redacted
		}
		if different {
			found = append(found, d)
		}
	}
	return found
}

// decoded is the document that a text holds.
func decoded(text string) (any, bool) {
	plain := strings.TrimSpace(text)
	if len(plain) < 2 || plain[0] != '{' && plain[0] != '[' {
		return nil, false
	}
	var v any
	if json.Unmarshal([]byte(plain), &v) != nil {
		return nil, false
	}
	return v, true
}
