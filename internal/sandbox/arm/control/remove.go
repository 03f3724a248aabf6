package control

import (
	"context"
	"errors"
	"net/http"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/provider"
)

// Remove is a DELETE.
type Remove struct {
	ID         armid.ID
	APIVersion string
	IfMatch    string
	// Check stops before anything is removed.
	Check bool
}

// Delete removes a resource and everything below it.
func (p *Plane) Delete(ctx context.Context, d Remove) (Outcome, error) {
	if d.ID.TypeKey() == "microsoft.resources/tags" {
		return p.deleteTags(d)
	}
	p.mu.Lock()
	out, err := p.remove(d)
	p.mu.Unlock()
	if err == nil && out.Operation != nil && out.Status != http.StatusAccepted && !p.asyncDelete(d.ID) {
		return out, wait(ctx, &out)
	}
	return out, err
}

func (p *Plane) asyncDelete(id armid.ID) bool {
	kind, _ := p.table.Type(id.Type())
	return kind.Delete().Async
}

func wait(ctx context.Context, out *Outcome) error {
	err := out.Operation.Wait(ctx)
	out.Operation = nil
	return err
}

func (p *Plane) remove(d Remove) (Outcome, error) {
	kind, err := p.CheckType(d.ID, d.APIVersion)
	if err != nil {
		return Outcome{}, err
	}
	if err := p.CheckVersion(kind.Name, d.APIVersion); err != nil {
		return Outcome{}, err
	}
	if err := p.scopeError(d.ID); err != nil {
		return Outcome{}, err
	}
	v, ok := p.find(d.ID)
	if !ok {
		return p.removeAbsent(d, kind)
	}
	if err := precondition(d.IfMatch, "", v, true); err != nil {
		return Outcome{}, err
	}
	if err := p.removable(d.ID); err != nil {
		return Outcome{}, err
	}
	if err := p.unused(d.ID); err != nil || d.Check {
		return Outcome{View: v}, err
	}
	if part, ok := provider.PartOf(d.ID); ok {
		return p.removePart(d.ID, part, kind.Delete())
	}
	return p.removeRecord(d.ID, kind.Delete())
}

func (p *Plane) removeAbsent(d Remove, kind provider.Type) (Outcome, error) {
	if d.ID.IsGroup() || kind.DeleteAbsent() == http.StatusNotFound {
		return Outcome{}, p.absent(d.ID)
	}
	return Outcome{Status: http.StatusNoContent}, nil
}

func (p *Plane) removeRecord(id armid.ID, answer provider.Answer) (Outcome, error) {
	old, ok := p.records[id.Key()]
	if !ok {
		return Outcome{}, armerror.New(http.StatusMethodNotAllowed, "MethodNotAllowed", "'%s' comes with its parent and cannot be deleted by itself.", id)
	}
	if old.state == Deleting {
		return p.stillDeleting(old)
	}
	if old.busy != "" {
		return Outcome{}, busy(old)
	}
	keys := p.below(id)
	if !answer.Async && !p.provisioned(keys) {
		p.drop(keys, id)
		return Outcome{Status: answer.Status}, nil
	}
	r := *old
	r.state = Deleting
	p.put(&r)
	out := Outcome{Status: answer.Status, Operation: p.begin(http.MethodDelete, id, &r)}
	p.refill(&r)
	p.start(out.Operation, answer.Async, func(ctx context.Context) error { return p.finishRemove(ctx, id) })
	out.View = p.view(&r)
	return out, nil
}

// stillDeleting answers a second DELETE with the operation of the first.
func (p *Plane) stillDeleting(r *record) (Outcome, error) {
	op, ok := p.operations[r.busy]
	if !ok {
		return Outcome{}, busy(r)
	}
	return Outcome{View: p.view(r), Status: http.StatusAccepted, Operation: op}, nil
}

func (p *Plane) provisioned(keys []string) bool {
	for _, key := range keys {
		if p.options.Provisioners[p.records[key].id.TypeKey()] != nil {
			return true
		}
	}
	return false
}

// drop forgets records. The lock is held.
func (p *Plane) drop(keys []string, id armid.ID) {
	for _, key := range keys {
		p.take(key)
	}
	p.release(id)
	p.refreshDependents(id)
}

// awaitBelow waits for the operations of what lies below an id. Nothing new
// begins there, since whatever is written needs its parents to stay; but a
// server that is being set up would come up after it was taken down.
func (p *Plane) awaitBelow(ctx context.Context, id armid.ID) error {
	for _, op := range p.runningBelow(id) {
		select {
		case <-op.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (p *Plane) runningBelow(id armid.ID) []*Operation {
	p.mu.Lock()
	defer p.mu.Unlock()
	var running []*Operation
	for _, key := range p.below(id) {
		op := p.operations[p.records[key].busy]
		if key != id.Key() && op != nil && op.Status == InProgress {
			running = append(running, op)
		}
	}
	return running
}

// finishRemove takes down the servers behind the resources, children first,
// and forgets those that are gone. One that cannot be taken down stays, in the
// state Failed, with what is above it.
func (p *Plane) finishRemove(ctx context.Context, id armid.ID) error {
	if err := p.awaitBelow(ctx, id); err != nil {
		return err
	}
	p.mu.Lock()
	keys := p.below(id)
	doomed := make([]*record, len(keys))
	for i, key := range keys {
		doomed[i] = p.records[key]
	}
	p.mu.Unlock()
	var failed []error
	for _, r := range doomed {
		by := p.options.Provisioners[r.id.TypeKey()]
		if by == nil {
			continue
		}
		if err := by.Remove(ctx, asResource(r)); err != nil {
			p.options.Log.Warn("provisioner did not remove", "resource", r.id.String(), "error", err)
			failed = append(failed, armerror.New(http.StatusInternalServerError, "DeprovisioningFailed", "The server behind '%s' could not be removed: %s", r.id.Name(), err))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(failed) > 0 {
		p.failRemove(id)
		return errors.Join(failed...)
	}
	p.drop(p.below(id), id)
	return nil
}

func (p *Plane) failRemove(id armid.ID) {
	if old, ok := p.records[id.Key()]; ok {
		r := *old
		r.state, r.busy = Failed, ""
		p.put(&r)
		p.refill(&r)
	}
}

// removePart takes one element out of its parent's list.
func (p *Plane) removePart(id armid.ID, part provider.Part, answer provider.Answer) (Outcome, error) {
	if !part.Writable {
		return Outcome{}, armerror.New(http.StatusMethodNotAllowed, "MethodNotAllowed", "'%s' is written with its parent '%s' only.", id, id.Parent())
	}
	old := p.records[id.Parent().Key()]
	if old.busy != "" {
		return Outcome{}, busy(old)
	}
	_, at := provider.FindPart(old.written, part, id)
	if at < 0 {
		return Outcome{}, p.absent(id)
	}
	list := document.List(old.written, "properties."+part.Property)
	kept := append(append([]any{}, list[:at]...), list[at+1:]...)
	r := *old
	r.written, r.changed = document.Set(old.written, "properties."+part.Property, kept), p.options.Now()
	p.put(&r)
	p.drop(p.below(id), id)
	out := Outcome{Status: answer.Status}
	if answer.Async {
		r.state = Updating
		out.Operation = p.begin(http.MethodDelete, id, &r)
		p.start(out.Operation, true, func(ctx context.Context) error { return p.finishWrite(ctx, r.id) })
	}
	p.refill(&r)
	return out, nil
}

// unused refuses to delete what another resource refers to. References from
// inside the deleted tree do not count.
func (p *Plane) unused(id armid.ID) error {
	for _, key := range p.keys() {
		r := p.records[key]
		if id.Contains(r.id) || r.plain {
			continue
		}
		for _, ref := range provider.References(r.id, r.written) {
			code := provider.InUse(ref.Target)
			// A subnet inside the network that refers to it is no user of itself.
			if code == "" || !id.Contains(ref.Target) || r.id.Contains(id) {
				continue
			}
			return armerror.BadRequest(code, "%s is in use by %s and cannot be deleted. In order to delete it, delete the resource that uses it or remove the reference.", ref.Target, r.id)
		}
	}
	return nil
}

// refreshDependents fills in anew what other resources answer about this one:
// a Traffic Manager endpoint takes its target from the resource it names.
func (p *Plane) refreshDependents(id armid.ID) {
	for _, r := range p.ofKind("microsoft.network/trafficmanagerprofiles") {
		if r.id.Key() == id.Key() {
			continue
		}
		for _, ref := range provider.References(r.id, r.written) {
			if id.Contains(ref.Target) {
				next := *r
				p.put(&next)
				p.refill(&next)
				break
			}
		}
	}
}
