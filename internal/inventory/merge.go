package inventory

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"example.com/landfall/internal/catalog/cfn"
	"example.com/landfall/internal/cloud"
)

// merger puts the observations of one build together.
type merger struct {
	schemas *cfn.Catalog
	pool    *pool
	things  []*thing
	// moved is where the ids of merged resources went: the id in a template to
	// the id of the live resource.
	moved map[cloud.ResourceID]cloud.ResourceID
	// byID and byName find a resource for the comparison of references. The
	// names are gathered when a comparison first needs them.
	byID   map[cloud.ResourceID]*thing
	byName func() map[string][]*thing
}

// thing is all observations of one resource.
type thing struct {
	id       cloud.ResourceID
	readings []*Observation
	resource Resource
	schema   *cfn.Schema
	// lent says that the properties and attributes are the only reading's own.
	lent bool
}

func newMerger(schemas *cfn.Catalog, p *pool, seen []Observation) *merger {
	m := &merger{schemas: schemas, pool: p, moved: map[cloud.ResourceID]cloud.ResourceID{}, byID: make(map[cloud.ResourceID]*thing, len(seen))}
	m.byName = sync.OnceValue(m.named)
	linkStacks(seen)
	byID := make(map[cloud.ResourceID]*thing, len(seen))
	for i := range seen {
		o := &seen[i]
		t := byID[o.ID]
		if t == nil {
			t = &thing{id: o.ID}
			byID[o.ID] = t
			m.things = append(m.things, t)
		}
		t.readings = append(t.readings, o)
	}
	slices.SortFunc(m.things, func(a, b *thing) int { return strings.Compare(string(a.id), string(b.id)) })
	for _, t := range m.things {
		t.order()
	}
	return m
}

// order puts the readings into the order of trust. Of one source, an AWS
// Config item goes before an older one of the same resource; otherwise the
// origin decides, and then what is said, so that the order of reading does
// not.
func (t *thing) order() {
	if len(t.readings) == 1 {
		return
	}
	said := make(map[*Observation]string, len(t.readings))
	text := func(o *Observation) string {
		if _, known := said[o]; !known {
			said[o] = canonical([]any{o.Kind, o.Properties, o.Attributes, o.Tags, o.Name, o.Aliases, o.Marks, o.LogicalID, o.Stack, o.Account, o.Region})
		}
		return said[o]
	}
	slices.SortFunc(t.readings, func(a, b *Observation) int {
		if by := cmp.Or(
			cmp.Compare(rank(a.Source), rank(b.Source)), strings.Compare(string(a.Source), string(b.Source)),
			-strings.Compare(captured(a), captured(b)),
			strings.Compare(a.Origin, b.Origin), strings.Compare(string(a.ID), string(b.ID)),
		); by != 0 {
			return by
		}
		return strings.Compare(text(a), text(b)) // costly: only where nothing else decides
	})
	t.readings = slices.CompactFunc(t.readings, func(a, b *Observation) bool {
		return a.Source == b.Source && a.Origin == b.Origin && a.ID == b.ID && text(a) == text(b)
	})
}

// captured is when AWS Config wrote the item down.
func captured(o *Observation) string {
	at, _ := o.Attributes["ConfigurationItemCaptureTime"].(string)
	return at
}

// merge returns the resources in order of their ids, and the differences.
func (m *merger) merge() ([]Resource, []Difference) {
	m.join()
	resources := make([]Resource, 0, len(m.things))
	for _, t := range m.things {
		m.settle(t)
		m.byID[t.id] = t
	}
	m.resolve()
	drift := []Difference{}
	for _, t := range m.things {
		drift = append(drift, m.drift(t)...)
		resources = append(resources, t.resource)
	}
	return resources, drift
}

// named finds things by their ids and aliases.
func (m *merger) named() map[string][]*thing {
	out := make(map[string][]*thing, 2*len(m.things))
	for _, t := range m.things {
		out[string(t.id)] = append(out[string(t.id)], t)
		for _, name := range t.resource.Aliases {
			out[name] = append(out[name], t)
		}
	}
	return out
}

// settle writes down what all readings of a resource say together.
func (m *merger) settle(t *thing) {
	r := Resource{ID: t.id, Kind: m.kind(t), Marks: marksOf(t.readings), Provenance: []Provenance{}}
	t.schema, _ = m.schemas.Kind(r.Kind)
	for _, o := range t.readings {
		r.Name, r.LogicalID, r.Stack = cmp.Or(r.Name, o.Name), cmp.Or(r.LogicalID, o.LogicalID), cmp.Or(r.Stack, o.Stack)
		r.Account, r.Region = cmp.Or(r.Account, o.Account), cmp.Or(r.Region, o.Region)
		r.Aliases = append(r.Aliases, o.Aliases...)
		if o.ID != t.id {
			r.Aliases = append(r.Aliases, string(o.ID))
		}
	}
	if r.Name == "" {
		r.Name = lastPart(string(r.ID))
	}
	r.Aliases = tidyNames(r.Aliases, string(r.ID))
	t.resource = r
	if len(t.readings) == 1 {
		m.lend(t)
		return
	}
	t.united()
	m.properties(t)
}

// lend makes what the only reading says the resource's: most resources are read
// once, and need not be held twice.
func (m *merger) lend(t *thing) {
	o, r := t.readings[0], &t.resource
	t.lent = true
	r.Properties, r.Tags = o.Properties, o.Tags
	if len(o.Attributes) > 0 {
		r.Attributes = o.Attributes
	}
	if r.Properties == nil {
		r.Properties = Properties{}
	}
	if r.Tags == nil {
		r.Tags = cloud.Tags{}
	}
	names := make([]string, 0, len(r.Properties))
	for name := range r.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	r.Provenance = append(r.Provenance, Provenance{o.Source, o.Origin, m.pool.list(names)})
}

// united takes tags and attributes from all readings, of several values that of
// the most trusted.
func (t *thing) united() {
	r := &t.resource
	r.Tags, r.Properties = cloud.Tags{}, Properties{}
	for _, o := range t.readings {
		for key, value := range o.Tags {
			if _, known := r.Tags[key]; !known {
				r.Tags[key] = value
			}
		}
		for name, value := range o.Attributes {
			if r.Attributes == nil {
				r.Attributes = map[string]any{}
			}
			old, known := r.Attributes[name]
			if !known {
				r.Attributes[name] = value
			} else if more, adds := extended(nil, old, value, false); adds {
				r.Attributes[name] = more
			}
		}
	}
}

// own gives the thing maps of its own before one of them is changed.
func (t *thing) own() {
	if t.lent {
		t.resource.Properties, t.resource.Attributes = maps.Clone(t.resource.Properties), maps.Clone(t.resource.Attributes)
		t.lent = false
	}
}

func lastPart(id string) string { return id[strings.LastIndexAny(id, "/:|")+1:] }

// kind is the kind of a resource. Where readings of one id say different
// kinds, the most trusted one that CloudFormation knows counts; the others are
// listed as a difference.
func (m *merger) kind(t *thing) cloud.Kind {
	for _, o := range t.readings {
		if _, known := m.schemas.Kind(o.Kind); known {
			return o.Kind
		}
	}
	return t.readings[0].Kind
}

// marksOf is the union of the marks. That a resource was deleted is not
// believed from a less trusted reading than one that still found it: an old
// snapshot remembers a bucket that was made anew.
func marksOf(readings []*Observation) []Mark {
	marks := []Mark{}
	found := false
	for _, o := range readings {
		for _, mark := range o.Marks {
			if mark != Deleted || !found {
				marks = append(marks, mark)
			}
		}
		if (o.Source == Live || o.Source == Describe) && !slices.Contains(o.Marks, Deleted) {
			found = true
		}
	}
	return tidySet(marks)
}

// properties takes each property from the most trusted source that says it,
// and writes down whose it is.
func (m *merger) properties(t *thing) {
	for i := 0; i < len(t.readings); {
		end := i
		for end < len(t.readings) && t.readings[end].Source == t.readings[i].Source {
			end++
		}
		m.fromSource(t, t.readings[i:end])
		i = end
	}
}

// fromSource adds what the readings of one source say together.
func (m *merger) fromSource(t *thing, readings []*Observation) {
	together := Properties{}
	for _, o := range readings {
		supplied := []string{}
		for name, value := range o.Properties {
			if _, known := t.resource.Properties[name]; known {
				continue // a more trusted source says it
			}
			old, said := together[name]
			if !said {
				together[name] = value
				supplied = append(supplied, name)
				continue
			}
			if more, adds := extended(m.typeOf(t, name), old, value, joins(o.Source)); adds {
				together[name] = more
				supplied = append(supplied, name)
			}
		}
		slices.Sort(supplied)
		addProvenance(&t.resource, Provenance{o.Source, o.Origin, m.pool.list(supplied)})
	}
	for name, value := range together {
		t.resource.Properties[name] = value
	}
}

// joins reports whether a source says one list in several places: Terraform
// has types that add one rule to a group, one policy to a role.
func joins(s Source) bool { return s == TerraformState || s == TerraformPlan }

// addProvenance notes a reading. What one origin said in several parts counts
// as one.
func addProvenance(r *Resource, p Provenance) {
	for i := range r.Provenance {
		if r.Provenance[i].Source == p.Source && r.Provenance[i].Origin == p.Origin {
			r.Provenance[i].Properties = tidySet(append(slices.Clone(r.Provenance[i].Properties), p.Properties...))
			return
		}
	}
	r.Provenance = append(r.Provenance, p)
}

func (m *merger) typeOf(t *thing, name string) *cfn.Type {
	if t.schema == nil {
		return nil
	}
	return below(t.schema.Root, name)
}

// extended adds to a value what another reading of the same source says beside
// it: the members that an object does not have and, where lists are joined,
// the members that a list without order does not have.
func extended(t *cfn.Type, old, more any, lists bool) (any, bool) {
	switch old := old.(type) {
	case map[string]any:
		other, ok := more.(map[string]any)
		if !ok {
			return old, false
		}
		return extendedObject(t, old, other, lists)
	case []any:
		other, ok := more.([]any)
		if !ok || !lists || t == nil || !t.Unordered && !t.Unique {
			return old, false
		}
		return extendedList(old, other)
	}
	return old, false
}

func extendedObject(t *cfn.Type, old, other map[string]any, lists bool) (any, bool) {
	var out map[string]any
	for name, value := range other {
		have, known := old[name]
		if known {
			grown, adds := extended(below(t, name), have, value, lists)
			if !adds {
				continue
			}
			value = grown
		}
		if out == nil {
			out = make(map[string]any, len(old)+1)
			for k, v := range old {
				out[k] = v
			}
		}
		out[name] = value
	}
	if out == nil {
		return old, false
	}
	return out, true
}

func extendedList(old, other []any) (any, bool) {
	known := make(map[string]bool, len(old))
	for _, v := range old {
		known[canonical(v)] = true
	}
	out := slices.Clone(old)
	for _, v := range other {
		if key := canonical(v); !known[key] {
			known[key] = true
			out = append(out, v)
		}
	}
	if len(out) == len(old) {
		return old, false
	}
	SortValues(out)
	return out, true
}
