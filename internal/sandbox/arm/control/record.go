package control

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/provider"
)

// Provisioning states.
const (
	Succeeded = "Succeeded"
	Failed    = "Failed"
	Creating  = "Creating"
	Updating  = "Updating"
	Deleting  = "Deleting"
	Canceled  = "Canceled"
)

// record is one thing that exists. Its maps are never changed in place.
type record struct {
	id         armid.ID
	apiVersion string
	// written is the body as its writers wanted it, normalised, secrets
	// included; filled is what providers answer on top; given is what a
	// provisioner returned; keys are its access keys.
	written, filled, given, keys map[string]any
	runtime                      map[string]string
	state                        string
	serial                       int64
	revision                     int64
	created, changed             time.Time
	// busy is the operation in progress, "" when none.
	busy string
	// plain records (deployments) are answered as they are.
	plain bool
}

// View is a resource as it is answered.
type View struct {
	ID   armid.ID
	Body map[string]any
	ETag string
	// State is the provisioning state.
	State string
}

// subject is the record for the functions of its provider.
func (p *Plane) subject(r *record) provider.Subject {
	prior := r.filled
	if len(r.keys) > 0 {
		prior = document.Overlay(prior, map[string]any{KeysProperty: r.keys})
	}
	return provider.Subject{ID: r.id, Body: r.written, State: r.state, Prior: prior, Now: r.changed, Runtime: r.runtime, World: world{p, r}}
}

// refill computes the read-only properties anew.
func (p *Plane) refill(r *record) {
	if r.plain {
		return
	}
	r.revision++
	filled := p.providers.Fill(p.subject(r))
	if len(r.given) > 0 {
		filled = document.Overlay(filled, map[string]any{"properties": r.given})
	}
	r.filled = filled
}

// view renders a record.
func (p *Plane) view(r *record) View {
	v := View{ID: r.id, ETag: p.etag(r), State: r.state}
	body := document.Overlay(r.written, r.filled)
	if !r.plain {
		body = p.public(r.id.Type(), body)
	}
	body["id"], body["name"], body["type"] = r.id.String(), r.id.Name(), p.typeName(r.id)
	if r.id.IsSubscription() {
		body = p.subscriptionBody(r)
	}
	v.Body = body
	return v
}

// public takes out what is never answered.
func (p *Plane) public(kind string, body map[string]any) map[string]any {
	out := p.options.Definitions.Public(kind, body)
	hidden := provider.Hidden(kind)
	inner := document.Object(out, "properties")
	if len(hidden) == 0 || inner == nil {
		return out
	}
	inner = maps.Clone(inner)
	for _, name := range hidden {
		delete(inner, name)
	}
	return document.Set(out, "properties", inner)
}

// typeName answers a type in its published case, whatever the request wrote.
func (p *Plane) typeName(id armid.ID) string {
	if known, ok := p.table.Type(id.Type()); ok {
		return known.Name
	}
	return id.Type()
}

func (p *Plane) etag(r *record) string {
	return `"` + p.guid(fmt.Sprintf("etag %s %d %d", r.id.Key(), r.serial, r.revision)) + `"`
}

func (p *Plane) subscriptionBody(r *record) map[string]any {
	return map[string]any{
		"id": r.id.String(), "subscriptionId": r.id.Subscription, "displayName": "Landfall sandbox", "state": "Enabled", "tenantId": p.options.Tenant, "authorizationSource": "RoleBased",
		"subscriptionPolicies": map[string]any{"locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off"},
		"managedByTenants":     []any{}, "tags": tagsOf(r.written),
	}
}

func tagsOf(body map[string]any) map[string]any {
	if tags := document.Object(body, "tags"); tags != nil {
		return tags
	}
	return map[string]any{}
}

// find returns what an id names: a record, a part of one, or a child that
// comes with its parent. ok is false when there is nothing.
func (p *Plane) find(id armid.ID) (View, bool) {
	if r, ok := p.records[id.Key()]; ok {
		return p.view(r), true
	}
	if role, ok := p.builtInRole(id); ok {
		return role, true
	}
	if part, ok := provider.PartOf(id); ok {
		return p.findPart(id, part)
	}
	if implicit, ok := provider.ImplicitOf(id); ok {
		if _, exists := p.find(id.Parent()); exists {
			r := &record{id: id, written: implicit.Body, state: Succeeded}
			p.refillQuietly(r)
			return p.view(r), true
		}
	}
	return View{}, false
}

// refillQuietly fills a record that is not stored.
func (p *Plane) refillQuietly(r *record) {
	r.changed = p.options.Now()
	p.refill(r)
}

func (p *Plane) findPart(id armid.ID, part provider.Part) (View, bool) {
	parent, ok := p.records[id.Parent().Key()]
	if !ok {
		return View{}, false
	}
	whole := p.view(parent)
	element, at := provider.FindPart(whole.Body, part, id)
	if at < 0 {
		return View{}, false
	}
	return View{ID: id, Body: document.Overlay(element, map[string]any{"id": id.String(), "type": p.typeName(id)}), ETag: whole.ETag, State: parent.state}, true
}

// Get returns a resource, or the error that Resource Manager gives.
func (p *Plane) Get(id armid.ID) (View, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if v, ok := p.find(id); ok {
		return v, nil
	}
	return View{}, p.absent(id)
}

// Written returns a resource as it was written, without secrets, for comparing
// it with what somebody wants to write. ok is false when there is nothing.
func (p *Plane) Written(id armid.ID) (body map[string]any, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r, found := p.records[id.Key()]; found {
		return p.public(id.Type(), r.written), true
	}
	if part, isPart := provider.PartOf(id); isPart {
		if parent, found := p.records[id.Parent().Key()]; found {
			element, at := provider.FindPart(parent.written, part, id)
			return p.public(id.Type(), element), at >= 0
		}
		return nil, false
	}
	if v, found := p.find(id); found {
		return map[string]any{}, v.Body != nil
	}
	return nil, false
}

// absent says what is missing: the subscription, the group, or the resource.
func (p *Plane) absent(id armid.ID) error {
	if err := p.scopeError(id); err != nil {
		return err
	}
	switch {
	case id.IsGroup():
		return armerror.NotFound("ResourceGroupNotFound", "Resource group '%s' could not be found.", id.Group)
	case id.TypeKey() == "microsoft.resources/deployments":
		return armerror.NotFound("DeploymentNotFound", "Deployment '%s' could not be found.", id.Name())
	case id.TypeKey() == "microsoft.authorization/roleassignments":
		return armerror.NotFound("RoleAssignmentNotFound", "The role assignment '%s' is not found.", id.Name())
	case id.TypeKey() == "microsoft.authorization/roledefinitions":
		return armerror.NotFound("RoleDefinitionDoesNotExist", "The specified role definition with ID '%s' does not exist.", id.Name())
	}
	if id.IsChild() {
		if _, ok := p.find(id.Parent()); !ok {
			return parentMissing(id)
		}
	}
	where := ""
	if id.Group != "" {
		where = " under resource group '" + id.Group + "'"
	}
	return armerror.NotFound("ResourceNotFound", "The Resource '%s/%s'%s was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix", id.Type(), id.FullName(), where)
}

func parentMissing(id armid.ID) error {
	return armerror.NotFound("ParentResourceNotFound", "Failed to perform operation on nested resource. Can not find parent resource '%s'.", id.Parent())
}

// scopeError refuses a subscription that is not this one and a group that
// does not exist.
func (p *Plane) scopeError(id armid.ID) error {
	if id.Subscription == "" {
		return nil
	}
	if !strings.EqualFold(id.Subscription, p.options.Subscription) {
		return armerror.NotFound("SubscriptionNotFound", "The subscription '%s' could not be found.", id.Subscription)
	}
	if id.Group == "" || id.IsGroup() {
		return nil
	}
	group := armid.ID{Subscription: id.Subscription, Group: id.Group}
	if _, ok := p.records[group.Key()]; !ok {
		return armerror.NotFound("ResourceGroupNotFound", "Resource group '%s' could not be found.", id.Group)
	}
	return nil
}

// below returns the keys of records at or under an id, deepest first, so that
// a child goes before its parent.
func (p *Plane) below(id armid.ID) []string {
	var keys []string
	for key := range maps.Keys(p.records) {
		if id.Contains(p.records[key].id) {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int {
		if d := strings.Count(b, "/") - strings.Count(a, "/"); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return keys
}
