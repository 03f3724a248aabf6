package control

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/provider"
)

// InProgress is the status of an operation that goes on.
const InProgress = "InProgress"

// maxOperations bounds how many finished operations are remembered. Azure
// forgets them after hours as well.
const maxOperations = 10000

// Operation is a long-running operation. Its fields but ID, Verb, Target and
// Location are read through Plane.Operation.
type Operation struct {
	// ID is the GUID that clients poll.
	ID string
	// Verb is the method that started it.
	Verb string
	// Target is the resource it is about.
	Target armid.ID
	// Location is the region it runs in, as part of the URL to poll.
	Location string
	// Status is InProgress, Succeeded, Failed or Canceled.
	Status string
	// Err is why it failed.
	Err *armerror.Error
	// Start and End are times of the sandbox's clock.
	Start, End time.Time

	done chan struct{}
}

// begin notes an operation on a record. The lock is held.
func (p *Plane) begin(verb string, target armid.ID, r *record) *Operation {
	p.serial++
	region := document.Text(r.written, "location")
	if region == "" || region == "global" {
		region = p.groupRegion(target)
	}
	op := &Operation{ID: p.guid("operation " + strconv.FormatInt(p.serial, 10)), Verb: verb, Target: target, Location: region, Status: InProgress, Start: p.options.Now(), done: make(chan struct{})}
	p.operations[op.ID] = op
	p.order = append(p.order, op.ID)
	r.busy = op.ID
	p.forget()
	return op
}

func (p *Plane) groupRegion(id armid.ID) string {
	if g, ok := p.records[(armid.ID{Subscription: id.Subscription, Group: id.Group}).Key()]; ok {
		if region := document.Text(g.written, "location"); region != "" {
			return region
		}
	}
	return "global"
}

// forget drops the oldest finished operations beyond the bound.
func (p *Plane) forget() {
	for len(p.order) > maxOperations {
		oldest := p.operations[p.order[0]]
		if oldest != nil && oldest.Status == InProgress {
			return
		}
		delete(p.operations, p.order[0])
		p.order = p.order[1:]
	}
}

// start runs the rest of an operation in the background, after the delay when
// it is an asynchronous one.
func (p *Plane) start(op *Operation, delayed bool, finish func(context.Context) error) {
	p.wait.Go(func() {
		var err error
		if delayed {
			err = p.pause()
		}
		if err == nil {
			err = finish(p.work)
		}
		p.end(op, err)
	})
}

func (p *Plane) pause() error {
	timer := time.NewTimer(p.options.Delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.work.Done():
		return p.work.Err()
	}
}

func (p *Plane) end(op *Operation, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	op.Status, op.End = Succeeded, p.options.Now()
	if err != nil {
		op.Status, op.Err = Failed, armerror.Of(err)
	}
	if errors.Is(err, context.Canceled) {
		op.Status = Canceled
	}
	close(op.done)
}

// Wait blocks until the operation is over and returns its error. Of a copy it
// only waits; the error is with Plane.Operation then.
func (o *Operation) Wait(ctx context.Context) error {
	select {
	case <-o.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if o.Err != nil {
		return o.Err
	}
	return nil
}

// Operation returns a copy of an operation.
func (p *Plane) Operation(id string) (Operation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	op, ok := p.operations[id]
	if !ok {
		return Operation{}, armerror.NotFound("OperationNotFound", "The operation '%s' could not be found.", id)
	}
	return *op, nil
}

// Background starts an operation that is not a write: an action, a deployment.
// finish runs without the lock.
func (p *Plane) Background(verb string, target armid.ID, finish func(context.Context) error) Operation {
	p.mu.Lock()
	defer p.mu.Unlock()
	op := p.begin(verb, target, &record{written: map[string]any{}})
	p.start(op, true, finish)
	return *op
}

// Act does a POST action on a resource.
func (p *Plane) Act(id armid.ID, name string, input map[string]any) (body any, answer provider.Answer, op *Operation, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v, ok := p.find(id)
	if !ok {
		return nil, answer, nil, p.absent(id)
	}
	kind, _ := p.table.Type(id.Type())
	answer, known := kind.Action(name)
	if !known {
		return nil, answer, nil, armerror.NotFound("InvalidAction", "The action '%s' of resource type '%s' could not be found.", name, kind.Name)
	}
	if err := p.writable(id); err != nil {
		return nil, answer, nil, err
	}
	r, stored := p.records[id.Key()]
	if !stored {
		r = &record{id: id, written: v.Body, state: Succeeded}
	}
	if r.busy != "" {
		return nil, answer, nil, busy(r)
	}
	effect, err := p.providers.Act(provider.Action{Subject: p.subject(r), Name: name, Input: input})
	if err != nil {
		return nil, answer, nil, err
	}
	if by, ok := p.options.Provisioners[id.TypeKey()].(Actor); ok && stored && answer.Async {
		return effect.Body, answer, p.actFor(by, r, name, effect), nil
	}
	p.applyEffect(r, effect, stored)
	if answer.Async {
		started := p.begin("POST", id, &record{written: r.written})
		p.start(started, true, func(context.Context) error { return nil })
		op = started
	}
	return effect.Body, answer, op, nil
}

// actFor has a real server do an action. What the action changes shows when the
// server has done it.
func (p *Plane) actFor(by Actor, old *record, name string, effect provider.Effect) *Operation {
	r := *old
	op := p.begin("POST", r.id, &r)
	p.setRuntime(&r, map[string]string{provider.Acting: name})
	p.start(op, true, func(ctx context.Context) error {
		err := by.Act(ctx, asResource(&r), name)
		if err != nil {
			p.options.Log.Warn("provisioner did not act", "resource", r.id.String(), "action", name, "error", err)
			err = armerror.New(http.StatusInternalServerError, "ActionFailed", "The server behind '%s' could not %s: %s", r.id.Name(), name, err)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		// Nobody writes or deletes a record that is busy.
		done := *p.records[r.id.Key()]
		done.busy = ""
		after := map[string]string{provider.Acting: ""}
		if err == nil {
			maps.Copy(after, effect.Runtime)
		}
		p.setRuntime(&done, after)
		return err
	})
	return op
}

func (p *Plane) applyEffect(r *record, effect provider.Effect, stored bool) {
	if len(effect.Runtime) == 0 || !stored {
		return
	}
	p.setRuntime(r, effect.Runtime)
}

// setRuntime remembers run-time values with a record.
func (p *Plane) setRuntime(r *record, values map[string]string) {
	next := *r
	next.runtime = map[string]string{}
	for key, value := range r.runtime {
		next.runtime[key] = value
	}
	for key, value := range values {
		next.runtime[key] = value
	}
	p.put(&next)
	p.refill(&next)
}

// SetRuntime changes what the sandbox shows of a running resource: the health
// that a Traffic Manager probe sees.
func (p *Plane) SetRuntime(id armid.ID, values map[string]string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.records[id.Key()]
	if !ok {
		return p.absent(id)
	}
	p.setRuntime(r, values)
	return nil
}

// Runtime returns the run-time values of a resource and its state.
func (p *Plane) Runtime(id armid.ID) (values map[string]string, state string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.records[id.Key()]
	if !ok {
		return nil, "", p.absent(id)
	}
	return r.runtime, r.state, nil
}
