package control

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/provider"
	"example.com/landfall/internal/sandbox/arm/schema"
)

var versionForm = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})(-[a-z][a-z0-9-]*)?$`)

// CheckVersion refuses an api-version that cannot be one. The table does not
// know every version a service ever had, so any date that lies in the life of
// Resource Manager is taken.
func (p *Plane) CheckVersion(kind, version string) error {
	if version == "" {
		return armerror.BadRequest("MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all requests.")
	}
	m := versionForm.FindStringSubmatch(version)
	if m == nil {
		return armerror.BadRequest("InvalidApiVersionParameter", "The api-version '%s' is invalid. The supported versions are '%s'.", version, strings.Join(p.versions(kind), ","))
	}
	at, err := time.Parse(time.DateOnly, m[1])
	known := p.versions(kind)
	newest := ""
	if len(known) > 0 {
		newest = known[len(known)-1]
	}
	if err != nil || at.Year() < 2014 || at.After(p.options.Now()) && m[1] > newest {
		return armerror.BadRequest("NoRegisteredProviderFound", "No registered resource provider found for API version '%s' for type '%s'. The supported api-versions are '%s'.", version, kind, strings.Join(known, ", "))
	}
	return nil
}

func (p *Plane) versions(kind string) []string {
	t, _ := p.table.Type(kind)
	return t.Versions
}

// CheckType refuses a namespace or a type that Azure does not have.
func (p *Plane) CheckType(id armid.ID, version string) (provider.Type, error) {
	kind, ok := p.table.Type(id.Type())
	if ok {
		return kind, nil
	}
	if _, isPart := provider.PartOf(id); isPart {
		return provider.Type{Name: id.Type()}, nil
	}
	namespace, known := p.table.Namespace(id.Namespace())
	if !known {
		return kind, armerror.NotFound("InvalidResourceNamespace", "The resource namespace '%s' is invalid.", id.Namespace())
	}
	short := strings.TrimPrefix(id.Type(), id.Namespace()+"/")
	return kind, armerror.NotFound("InvalidResourceType", "The resource type '%s' could not be found in the namespace '%s' for api version '%s'.%s", short, namespace, version, p.similarType(namespace, id.Type()))
}

// similarType helps with a slip in a type name.
func (p *Plane) similarType(namespace, kind string) string {
	names := []string{}
	for _, t := range p.table.Types(namespace) {
		names = append(names, t.Name)
	}
	if near := schema.Nearest(kind, names); near != "" {
		return " The nearest known type is '" + near + "'."
	}
	return ""
}

// admit checks everything about a write that does not depend on the body.
func (p *Plane) admit(w Write) (provider.Type, error) {
	id := w.ID
	if id.IsTenant() || id.IsSubscription() {
		return provider.Type{}, armerror.New(405, "MethodNotAllowed", "'%s' cannot be written.", id)
	}
	kind, err := p.CheckType(id, w.APIVersion)
	if err != nil {
		return kind, err
	}
	if err := p.CheckVersion(kind.Name, w.APIVersion); err != nil {
		return kind, err
	}
	if err := p.scopeError(id); err != nil {
		if !w.Assume[(armid.ID{Subscription: id.Subscription, Group: id.Group}).Key()] {
			return kind, err
		}
	}
	if err := p.allowedScope(id); err != nil {
		return kind, err
	}
	if id.IsResource() && p.unregistered[strings.ToLower(id.Namespace())] {
		return kind, armerror.Conflict("MissingSubscriptionRegistration", "The subscription is not registered to use namespace '%s'. See https://aka.ms/rps-not-found for how to register subscriptions.", id.Namespace())
	}
	if err := p.parentExists(id, w.Assume); err != nil {
		return kind, err
	}
	if err := p.writable(id); err != nil {
		return kind, err
	}
	if err := provider.CheckName(id); err != nil {
		return kind, err
	}
	if p.options.Definitions != nil {
		if message := p.options.Definitions.CheckName(id.Type(), id.Name()); message != "" {
			return kind, armerror.BadRequest("InvalidResourceName", "Resource name '%s' is invalid. %s", id.Name(), message)
		}
	}
	return kind, nil
}

// allowedScope refuses a type where its definition does not allow it: a
// network directly below a subscription.
func (p *Plane) allowedScope(id armid.ID) error {
	if p.options.Definitions == nil || !id.IsResource() {
		return nil
	}
	r, ok := p.options.Definitions.Resource(id.Type())
	if !ok {
		return nil
	}
	bit := schema.ScopeTenant
	switch {
	case id.IsExtension():
		bit = schema.ScopeExtension
	case id.Group != "":
		bit = schema.ScopeGroup
	case id.Subscription != "":
		bit = schema.ScopeSubscription
	}
	if r.WriteScopes&bit == 0 {
		return armerror.NotFound("InvalidResourceType", "The resource type '%s' cannot be deployed at the scope of '%s'.", id.Type(), id)
	}
	return nil
}

func (p *Plane) parentExists(id armid.ID, assume map[string]bool) error {
	up := id.Parent()
	if up.IsTenant() || up.IsSubscription() || assume[up.Key()] {
		return nil
	}
	if group, ok := p.records[(armid.ID{Subscription: id.Subscription, Group: id.Group}).Key()]; ok && group.state == Deleting {
		return armerror.Conflict("ResourceGroupBeingDeleted", "The resource group '%s' is in deprovisioning state and cannot perform this operation.", id.Group)
	}
	v, ok := p.find(up)
	switch {
	case ok && v.State == Deleting:
		return armerror.Conflict("ParentResourceBeingDeleted", "The parent resource '%s' is being deleted.", up)
	case ok:
		return nil
	case id.IsChild() && assume[up.Parent().Key()]:
		return nil
	case id.IsChild():
		return parentMissing(id)
	}
	return p.absent(up)
}

// judge checks the body by itself and returns it as it is kept.
func (p *Plane) judge(w Write, c *candidate) (map[string]any, error) {
	body := w.Body
	if body == nil {
		body = map[string]any{}
	}
	for key, want := range map[string]string{"name": w.ID.Name(), "type": w.ID.Type()} {
		given := document.Text(body, key)
		if given != "" && !strings.EqualFold(given, want) && !strings.EqualFold(given, w.ID.FullName()) {
			return nil, armerror.BadRequest("InvalidRequestContent", "The request content was invalid: the resource %s '%s' in the request body does not match '%s' in the request URI.", key, given, want).At(key)
		}
	}
	if err := checkTags(body); err != nil {
		return nil, err
	}
	body, err := p.located(w, c, body)
	if err != nil {
		return nil, err
	}
	kept, err := p.byDefinition(w, body)
	if err != nil {
		return nil, err
	}
	for _, key := range []string{"id", "name", "type", "apiVersion", "etag"} {
		delete(kept, key)
	}
	return kept, nil
}

// located checks the region and writes it in its short form.
func (p *Plane) located(w Write, c *candidate, body map[string]any) (map[string]any, error) {
	given, ok := body["location"].(string)
	if !ok || w.Deferred && strings.HasPrefix(given, "[") {
		if w.ID.IsGroup() && c.before == nil {
			return nil, locationRequired()
		}
		return body, nil
	}
	region := provider.RegionName(given)
	if region != "global" && !slices.ContainsFunc(p.regions, func(r provider.Region) bool { return r.Name == region }) {
		return nil, armerror.BadRequest("LocationNotAvailableForResourceType", "The provided location '%s' is not available for resource type '%s'. List of available regions for the resource type is '%s'.", given, c.kind.Name, strings.Join(p.regionNames(), ","))
	}
	if _, isPart := provider.PartOf(w.ID); !isPart && c.before != nil {
		if was := document.Text(c.before.written, "location"); was != "" && was != region {
			return nil, moved(w.ID, was, region)
		}
	}
	return document.Set(body, "location", region), nil
}

func moved(id armid.ID, was, region string) error {
	if id.IsGroup() {
		return armerror.Conflict("InvalidResourceGroupLocation", "Invalid resource group location '%s'. The Resource group already exists in location '%s'.", region, was)
	}
	return armerror.Conflict("InvalidResourceLocation", "The resource '%s' already exists in location '%s' in resource group '%s'. A resource with the same name cannot be created in location '%s'. Please select a new resource name.", id.Name(), was, id.Group, region)
}

func locationRequired() error {
	return armerror.BadRequest("LocationRequired", "The location property is required for this definition.").At("location")
}

func (p *Plane) regionNames() []string {
	names := make([]string, len(p.regions))
	for i, r := range p.regions {
		names[i] = r.Name
	}
	return names
}

// byDefinition judges the body by the published type definition and counts.
func (p *Plane) byDefinition(w Write, body map[string]any) (map[string]any, error) {
	d := p.options.Definitions
	known := false
	var kept map[string]any
	var findings []schema.Finding
	if d != nil {
		kept, findings, known = d.Check(w.ID.Type(), body, schema.Mode{Partial: w.Patch, Deferred: w.Deferred})
	}
	if !known {
		p.unchecked++
		return withoutEnvelope(body), nil
	}
	p.checked++
	if r, _ := d.Resource(w.ID.Type()); r.Version != w.APIVersion {
		p.older++
	}
	return kept, findingsError(findings)
}

func withoutEnvelope(body map[string]any) map[string]any {
	out := maps.Clone(body)
	if out == nil {
		return map[string]any{}
	}
	return out
}

// refuseFindings judges a merged body as a whole: a PATCH must not leave out
// what is required.
func (p *Plane) refuseFindings(kind string, body map[string]any, deferred bool) error {
	if p.options.Definitions == nil {
		return nil
	}
	_, findings, _ := p.options.Definitions.Check(kind, body, schema.Mode{Deferred: deferred})
	return findingsError(findings)
}

// findingsError is the form in which Resource Manager refuses a body.
func findingsError(findings []schema.Finding) error {
	if len(findings) == 0 {
		return nil
	}
	if findings[0].Rule == schema.MissingProperty && findings[0].Path == "location" {
		return locationRequired()
	}
	details := make([]*armerror.Error, len(findings))
	for i, f := range findings {
		details[i] = (&armerror.Error{Code: string(f.Rule), Message: f.Message}).At(f.Path)
	}
	return armerror.BadRequest("InvalidRequestContent", "The request content was invalid and could not be deserialized: '%s'", findings[0].Message).At(findings[0].Path).With(details...)
}

// consistent checks the candidate against everything else that exists.
func (p *Plane) consistent(c *candidate, w Write) error {
	if err := p.room(c, w.Assume); err != nil {
		return err
	}
	if w.Deferred {
		return nil
	}
	if err := p.resolve(c, w.Assume); err != nil {
		return err
	}
	if err := p.authorizationRules(c); err != nil {
		return err
	}
	var before map[string]any
	if c.before != nil {
		before = c.before.written
	}
	return p.providers.Check(provider.Change{Subject: p.subject(c.record), Before: before})
}

// room refuses one more resource of a type than the sandbox can have servers
// for. Azure has no such limit: the text says whose they are, and what to do.
// What the same deployment makes besides counts too.
func (p *Plane) room(c *candidate, assume map[string]bool) error {
	most, bounded := p.options.AtMost[c.id.TypeKey()]
	if !bounded || c.before != nil {
		return nil
	}
	var there []*record
	for _, other := range p.ofKind(c.id.TypeKey()) {
		if other.id.Key() != c.id.Key() {
			there = append(there, other)
		}
	}
	if len(there)+p.planned(c.id, assume) < most {
		return nil
	}
	if len(there) == 0 {
		return armerror.Conflict("SandboxHasNoServerLeft", "the sandbox runs at most %d real servers of type %s at one time, and this deployment alone has more", most, c.kind.Name)
	}
	holder := there[0].id
	more := ""
	if len(there) > 1 {
		more = fmt.Sprintf(" and %d more", len(there)-1)
	}
	return armerror.Conflict("SandboxHasNoServerLeft", "the sandbox runs at most %d real servers of type %s at one time, and too few are free: '%s' of resource group '%s'%s; delete a resource group (az group delete --name %s), or deploy this environment to another sandbox",
		most, c.kind.Name, holder.Name(), holder.Group, more, holder.Group)
}

// planned counts the other resources of the same type that a deployment makes.
func (p *Plane) planned(id armid.ID, assume map[string]bool) int {
	count := 0
	for key := range assume {
		other, err := armid.Parse(key)
		if err == nil && other.TypeKey() == id.TypeKey() && key != id.Key() && p.records[key] == nil {
			count++
		}
	}
	return count
}

// resolve refuses ids in the body that lead nowhere.
func (p *Plane) resolve(c *candidate, assume map[string]bool) error {
	for _, ref := range provider.References(c.id, c.written) {
		if !strings.EqualFold(ref.Target.Subscription, p.options.Subscription) || assume[ref.Target.Key()] || assume[ref.Target.Parent().Key()] {
			continue
		}
		found, ok := p.findWith(c, ref.Target)
		if !ok {
			return armerror.BadRequest("InvalidResourceReference", "Resource %s referenced by resource %s was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.", ref.Target, c.id).At(ref.Path)
		}
		mine, theirs := document.Text(c.written, "location"), document.Text(found.Body, "location")
		if ref.SameRegion && mine != "" && theirs != "" && theirs != "global" && mine != theirs {
			return armerror.BadRequest("InvalidResourceReference", "Resource %s referenced by resource %s is in region '%s'. Please make sure that the referenced resource exists, and that both resources are in the same region.", ref.Target, c.id, theirs).At(ref.Path)
		}
	}
	return nil
}

// findWith looks a resource up as if the candidate were stored already: the
// rules of a load balancer name its own front ends.
func (p *Plane) findWith(c *candidate, id armid.ID) (View, bool) {
	if !c.id.Contains(id) {
		return p.find(id)
	}
	if id.Key() == c.id.Key() {
		return View{ID: c.id, Body: c.written}, true
	}
	part, ok := provider.PartOf(id)
	if !ok {
		return p.find(id)
	}
	element, at := provider.FindPart(c.written, part, id)
	return View{ID: id, Body: element}, at >= 0
}
