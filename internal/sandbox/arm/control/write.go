package control

import (
	"context"
	"maps"
	"net/http"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/provider"
)

// Write is a PUT or PATCH.
type Write struct {
	ID         armid.ID
	APIVersion string
	Body       map[string]any
	// Patch merges Body into what is there.
	Patch bool
	// IfMatch and IfNoneMatch are the request's conditions, "" when absent.
	IfMatch, IfNoneMatch string
	// Check stops before anything is stored.
	Check bool
	// Assume holds the keys of resources that a check may take as existing,
	// because the same deployment makes them.
	Assume map[string]bool
	// Planned is what the same deployment makes before this write, for a check;
	// nil for none.
	Planned *Planned
	// Deferred lets template expressions stand for values not known yet.
	Deferred bool
}

// Outcome is what a write or a deletion led to.
type Outcome struct {
	View    View
	Created bool
	// Written is, after a check, the body as it would be kept, without secrets.
	Written map[string]any
	// Status is the HTTP status of the answer.
	Status int
	// Operation goes on after the answer; nil when all is done.
	Operation *Operation
}

// candidate is a record as it would be after the write.
type candidate struct {
	*record
	kind provider.Type
	// before is the stored record, nil when it is new.
	before *record
	// target is what the request named: the record, or a part of it.
	target  armid.ID
	created bool
}

// Write stores a resource. The error is an *armerror.Error.
func (p *Plane) Write(ctx context.Context, w Write) (Outcome, error) {
	if w.ID.TypeKey() == "microsoft.resources/tags" {
		return p.writeTags(w)
	}
	p.mu.Lock()
	c, err := p.prepare(w)
	if err != nil || w.Check {
		defer p.mu.Unlock()
		if c != nil && c.before == nil {
			p.release(c.id)
		}
		if err != nil {
			return Outcome{}, err
		}
		w.Planned.note(c, w.Deferred)
		return Outcome{View: p.view(c.record), Created: c.created, Status: c.kind.Put(c.created).Status, Written: p.writtenOf(c)}, nil
	}
	answer := c.kind.Put(c.created)
	if w.Patch {
		answer = c.kind.Patch()
	}
	out := p.store(c, answer)
	p.mu.Unlock()
	if out.Operation != nil && !answer.Async {
		return p.settle(ctx, out)
	}
	return out, nil
}

// writtenOf is what the request named, as it would be kept.
func (p *Plane) writtenOf(c *candidate) map[string]any {
	body := c.written
	if part, ok := provider.PartOf(c.target); ok && c.target.Key() != c.id.Key() {
		body, _ = provider.FindPart(c.written, part, c.target)
	}
	return p.public(c.target.Type(), body)
}

// store puts the candidate in place and starts its operation.
func (p *Plane) store(c *candidate, answer provider.Answer) Outcome {
	r := c.record
	provisioned := p.options.Provisioners[r.id.TypeKey()] != nil
	r.state = Succeeded
	if answer.Async || provisioned {
		r.state = Updating
		if c.before == nil {
			r.state = Creating
		}
	}
	p.put(r)
	p.refill(r)
	out := Outcome{Created: c.created, Status: answer.Status}
	if answer.Async || provisioned {
		verb := http.MethodPut
		out.Operation = p.begin(verb, c.target, r)
		p.start(out.Operation, answer.Async, func(ctx context.Context) error { return p.finishWrite(ctx, r.id) })
	}
	p.refreshDependents(r.id)
	out.View, _ = p.find(c.target)
	return out
}

// settle waits for an operation whose answer is not asynchronous.
func (p *Plane) settle(ctx context.Context, out Outcome) (Outcome, error) {
	if err := out.Operation.Wait(ctx); err != nil {
		return Outcome{}, err
	}
	v, err := p.Get(out.View.ID)
	out.View, out.Operation = v, nil
	return out, err
}

// finishWrite runs the provisioner, if any, and settles the state.
func (p *Plane) finishWrite(ctx context.Context, id armid.ID) error {
	given, err := p.provision(ctx, id)
	p.mu.Lock()
	defer p.mu.Unlock()
	old, ok := p.records[id.Key()]
	if !ok {
		return nil
	}
	r := *old
	r.state, r.busy = Succeeded, ""
	if err != nil {
		r.state = Failed
	}
	if given != nil {
		r.keys = document.Object(given, KeysProperty)
		r.given = maps.Clone(given)
		delete(r.given, KeysProperty)
	}
	p.put(&r)
	p.refill(&r)
	p.refreshDependents(id)
	return err
}

// provision calls the type's provisioner without holding the lock.
func (p *Plane) provision(ctx context.Context, id armid.ID) (map[string]any, error) {
	by := p.options.Provisioners[id.TypeKey()]
	if by == nil {
		return nil, nil
	}
	p.mu.Lock()
	r, ok := p.records[id.Key()]
	p.mu.Unlock()
	if !ok {
		return nil, nil
	}
	given, err := by.Provision(ctx, asResource(r))
	if err != nil {
		p.options.Log.Warn("provisioner did not succeed", "resource", id.String(), "error", err)
		return nil, armerror.New(http.StatusInternalServerError, "ProvisioningFailed", "The server behind '%s' could not be set up: %s", id.Name(), err)
	}
	return given, nil
}

func asResource(r *record) Resource {
	return Resource{ID: r.id.String(), Type: r.id.Type(), Name: r.id.Name(), Location: document.Text(r.written, "location"), Body: document.CloneObject(r.written)}
}

// prepare goes through all checks and returns the record to store. On an error
// the candidate is still returned when it claimed something.
func (p *Plane) prepare(w Write) (*candidate, error) {
	kind, err := p.admit(w)
	if err != nil {
		return nil, err
	}
	c, err := p.locate(w, kind)
	if err != nil {
		return nil, err
	}
	if err := p.conditions(w, c); err != nil {
		return nil, err
	}
	if !w.Check {
		if err := p.awake(c); err != nil {
			return nil, err
		}
	}
	judged, err := p.judge(w, c)
	if err != nil {
		return nil, err
	}
	if err := p.compose(c, w, judged); err != nil {
		return nil, err
	}
	return c, p.consistent(c, w)
}

// busy is what the network provider answers while another operation runs; it
// is a 429, so that clients come back by themselves.
func busy(r *record) error {
	return armerror.New(http.StatusTooManyRequests, "AnotherOperationInProgress", "Another operation on this or dependent resource is in progress. To retrieve status of the operation wait for operation '%s' of '%s'.", r.busy, r.id)
}

// awake refuses a write to what is busy, and to a server that was stopped or
// anything below one.
func (p *Plane) awake(c *candidate) error {
	if c.before != nil && c.before.busy != "" {
		return busy(c.before)
	}
	for id := c.id; id.IsResource(); id = id.Parent() {
		if r, ok := p.records[id.Key()]; ok {
			if err := provider.Stopped(p.subject(r)); err != nil {
				return err
			}
		}
	}
	return nil
}

// locate finds the record that a write changes, or makes a new one.
func (p *Plane) locate(w Write, kind provider.Type) (*candidate, error) {
	c := &candidate{kind: kind, target: w.ID}
	owner := w.ID
	if part, ok := provider.PartOf(w.ID); ok {
		if !part.Writable {
			return nil, armerror.New(http.StatusMethodNotAllowed, "MethodNotAllowed", "'%s' is written with its parent '%s' only.", w.ID, w.ID.Parent())
		}
		owner = w.ID.Parent()
	}
	before, ok := p.records[owner.Key()]
	if planned, known := w.Planned.owner(owner); known && w.Check && owner.Key() != w.ID.Key() {
		return p.locatePlanned(w, kind, &record{id: owner, written: planned}), nil
	}
	if !ok && owner.Key() != w.ID.Key() {
		if w.Check && w.Assume[owner.Key()] {
			return alone(w, kind), nil
		}
		return nil, parentMissing(w.ID)
	}
	if !ok {
		before = p.implicitRecord(w.ID)
	}
	if before == nil {
		if w.Patch {
			return nil, p.absent(w.ID)
		}
		p.serial++
		c.created = true
		c.record = &record{id: w.ID, serial: p.serial, created: p.options.Now(), written: map[string]any{}}
	} else {
		next := *before
		c.before, c.record = before, &next
	}
	c.changed, c.apiVersion = p.options.Now(), w.APIVersion
	return c, nil
}

// alone is the candidate of a part whose owner nobody knows yet.
func alone(w Write, kind provider.Type) *candidate {
	return &candidate{kind: kind, target: w.ID, created: true, record: &record{id: w.ID, written: map[string]any{}}}
}

// locatePlanned finds the record for a part of a resource that the same
// deployment makes or changes first.
func (p *Plane) locatePlanned(w Write, kind provider.Type, owner *record) *candidate {
	if owner.written == nil {
		return alone(w, kind)
	}
	c := &candidate{kind: kind, target: w.ID, record: owner}
	if before, ok := p.records[owner.id.Key()]; ok {
		next := *before
		next.written = owner.written
		c.before, c.record = before, &next
	}
	c.changed, c.apiVersion = p.options.Now(), w.APIVersion
	return c
}

// implicitRecord is the record of a child that comes with its parent and that
// nobody has written to yet.
func (p *Plane) implicitRecord(id armid.ID) *record {
	implicit, ok := provider.ImplicitOf(id)
	if !ok {
		return nil
	}
	p.serial++
	return &record{id: id, serial: p.serial, written: implicit.Body, state: Succeeded, created: p.options.Now()}
}

// conditions honours If-Match and If-None-Match.
func (p *Plane) conditions(w Write, c *candidate) error {
	v, exists := View{}, false
	if c.before != nil {
		v, exists = p.find(c.target)
	}
	return precondition(w.IfMatch, w.IfNoneMatch, v, exists)
}

func precondition(ifMatch, ifNoneMatch string, v View, exists bool) error {
	failed := ifMatch != "" && (!exists || ifMatch != "*" && !sameTag(ifMatch, v.ETag)) || ifNoneMatch != "" && exists && (ifNoneMatch == "*" || sameTag(ifNoneMatch, v.ETag))
	if failed {
		return armerror.New(http.StatusPreconditionFailed, "PreconditionFailed", "The condition set for ETag '%s%s' was not satisfied.", ifMatch, ifNoneMatch)
	}
	return nil
}

func sameTag(given, tag string) bool {
	return strings.Trim(strings.TrimPrefix(given, "W/"), `"`) == strings.Trim(tag, `"`)
}

// compose puts the judged body into the record: merged for a PATCH, replaced
// for a PUT except for the parts that a PUT leaves alone, or as one element of
// a list.
func (p *Plane) compose(c *candidate, w Write, judged map[string]any) error {
	if part, ok := provider.PartOf(w.ID); ok && c.id.Key() != w.ID.Key() {
		c.composePart(part, w, judged)
		return nil
	}
	if w.Patch {
		c.written = document.Patch(c.written, judged)
		// Tags are replaced as a whole by a PATCH; the tags resource is the way
		// to merge them.
		if tags := document.Object(judged, "tags"); tags != nil {
			c.written = document.Set(c.written, "tags", tags)
		}
		return p.refuseFindings(c.kind.Name, c.written, false)
	}
	next := judged
	for _, part := range provider.Parts(w.ID.Type()) {
		old := document.List(c.written, "properties."+part.Property)
		if part.Kept && old != nil && document.Get(judged, "properties."+part.Property) == nil {
			next = document.Set(next, "properties."+part.Property, old)
		}
	}
	c.written = next
	return nil
}

func (c *candidate) composePart(part provider.Part, w Write, judged map[string]any) {
	old := document.List(c.written, "properties."+part.Property)
	element, at := provider.FindPart(c.written, part, w.ID)
	next := map[string]any{}
	if w.Patch {
		next = document.Patch(element, judged)
	} else {
		maps.Copy(next, judged)
	}
	next["name"] = w.ID.Name()
	if len(part.Types) > 1 {
		next["type"] = w.ID.Type()
	}
	list := append([]any(nil), old...)
	if at < 0 {
		list, c.created = append(list, next), true
	} else {
		list[at] = next
	}
	c.written = document.Set(c.written, "properties."+part.Property, list)
}
