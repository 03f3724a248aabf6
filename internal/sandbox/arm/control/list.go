package control

import (
	"strings"

	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/provider"
)

// Query is a list of resources.
type Query struct {
	// Scope is where to look.
	Scope armid.ID
	// Type is a full type; "" lists the tracked resources of the scope: those
	// at the top level, as "resources" does.
	Type string
}

// List returns resources in the order of their ids.
func (p *Plane) List(q Query) ([]View, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !q.Scope.IsTenant() {
		if _, ok := p.find(q.Scope); !ok {
			return nil, p.absent(q.Scope)
		}
	}
	if parts, ok := p.partsOf(q); ok {
		return parts, nil
	}
	var out []View
	seen := map[string]bool{}
	for _, r := range p.candidates(q) {
		key := r.id.Key()
		if !q.Scope.Contains(r.id) || key == q.Scope.Key() || !p.listed(r, q) {
			continue
		}
		seen[key] = true
		out = append(out, p.view(r))
	}
	return append(out, p.implicitChildren(q, seen)...), nil
}

// candidates are the records that a list may hold, in the order of their ids.
func (p *Plane) candidates(q Query) []*record {
	if q.Type != "" {
		return p.ofKind(strings.ToLower(q.Type))
	}
	var out []*record
	for _, key := range p.keys() {
		out = append(out, p.records[key])
	}
	return out
}

// listed: extensions (locks, assignments, deployments) appear only when asked
// for by type; of a type, everything at or below the scope.
func (p *Plane) listed(r *record, q Query) bool {
	if q.Type == "" {
		return r.id.IsResource() && !r.id.IsChild() && !r.id.IsExtension() && !untracked(r.id.TypeKey())
	}
	return strings.EqualFold(r.id.Type(), q.Type)
}

func untracked(kind string) bool {
	return strings.HasPrefix(kind, "microsoft.authorization/") || strings.HasPrefix(kind, "microsoft.resources/deployments") || kind == "microsoft.insights/diagnosticsettings"
}

// partsOf lists the elements of a parent's list: the subnets of a network.
func (p *Plane) partsOf(q Query) ([]View, bool) {
	if q.Type == "" || !q.Scope.IsResource() {
		return nil, false
	}
	last := q.Type[strings.LastIndexByte(q.Type, '/')+1:]
	if !strings.EqualFold(q.Scope.Type()+"/"+last, q.Type) {
		return nil, false
	}
	probe := q.Scope.Child(last, "x")
	part, ok := provider.PartOf(probe)
	parent, stored := p.records[q.Scope.Key()]
	if !ok || !stored {
		return nil, false
	}
	var out []View
	for _, element := range p.view(parent).elements(part) {
		name, _ := element["name"].(string)
		if v, found := p.findPart(q.Scope.Child(last, name), part); found {
			out = append(out, v)
		}
	}
	return out, true
}

func (v View) elements(part provider.Part) []map[string]any {
	properties, _ := v.Body["properties"].(map[string]any)
	items, _ := properties[part.Property].([]any)
	var out []map[string]any
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func (p *Plane) implicitChildren(q Query, seen map[string]bool) []View {
	if q.Type == "" || !q.Scope.IsResource() {
		return nil
	}
	var out []View
	for _, child := range provider.Implicits(q.Scope.Type()) {
		id := q.Scope.Child(child.Type, child.Name)
		if !strings.EqualFold(id.Type(), q.Type) || seen[id.Key()] {
			continue
		}
		if v, ok := p.find(id); ok {
			out = append(out, v)
		}
	}
	return out
}

// Keep stores a record as it is, without the pipeline: deployments keep
// themselves this way.
func (p *Plane) Keep(id armid.ID, body map[string]any, state string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old, ok := p.records[id.Key()]
	r := &record{id: id, written: body, state: state, plain: true, created: p.options.Now(), changed: p.options.Now()}
	if ok {
		r.created, r.revision = old.created, old.revision+1
	}
	p.put(r)
}

// Admit checks what a deployment needs before it is kept: scope, name, locks.
func (p *Plane) Admit(id armid.ID, version string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := p.admit(Write{ID: id, APIVersion: version})
	return err
}
