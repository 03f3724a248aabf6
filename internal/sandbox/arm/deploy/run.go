package deploy

import (
	"context"
	"errors"
	"net/http"
	"time"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/control"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/template"
)

// maxRetries bounds how often one resource is tried again because another of
// the same deployment holds its parent.
const maxRetries = 100

// Create starts a deployment. created says whether the name is new.
func (r *Runner) Create(ctx context.Context, q Request) (op control.Operation, created bool, err error) {
	if err := r.plane.Admit(q.ID, q.APIVersion); err != nil {
		return op, false, err
	}
	if q.ID.Group == "" && document.Text(q.Body, "location") == "" {
		return op, false, armerror.BadRequest("LocationRequired", "The location property is required for a deployment at the scope of a subscription.").At("location")
	}
	p, err := r.read(q)
	if err != nil {
		return op, false, err
	}
	if err := r.preflight(ctx, p); err != nil {
		return op, false, err
	}
	_, absent := r.plane.Get(q.ID)
	work, err := r.claim(p)
	if err != nil {
		return op, false, err
	}
	r.plane.Keep(q.ID, r.body(p, "Accepted"), "Accepted")
	op = r.plane.Background(http.MethodPut, q.ID, func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, work.cancel)
		defer stop()
		return r.execute(work.ctx, p)
	})
	return op, absent != nil, nil
}

type claimed struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// claim keeps a second deployment of the same name away while one runs.
func (r *Runner) claim(p *plan) (claimed, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k, ok := r.kept[p.ID.Key()]; ok && k.active {
		return claimed{}, armerror.Conflict("DeploymentActive", "Unable to edit or replace deployment '%s': previous deployment is still active. Please see https://aka.ms/arm-deploy for usage details.", p.ID.Name())
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.kept[p.ID.Key()] = &run{template: p.source, cancel: cancel, active: true}
	return claimed{ctx, cancel}, nil
}

// execute writes everything and settles the deployment's record.
func (r *Runner) execute(ctx context.Context, p *plan) error {
	start := r.plane.Now()
	r.plane.Keep(p.ID, r.body(p, "Running"), "Running")
	written, err := r.waves(ctx, p)
	if err == nil && p.complete {
		err = r.removeRest(ctx, p)
	}
	var outputs map[string]any
	if err == nil {
		outputs, err = p.template.Outputs(runtime{plane: r.plane})
	}
	r.finish(p, finished{start, written, outputs, err})
	r.mu.Lock()
	defer r.mu.Unlock()
	if k := r.kept[p.ID.Key()]; k != nil {
		k.active = false
		k.cancel()
	}
	return err
}

type finished struct {
	start   time.Time
	written []armid.ID
	outputs map[string]any
	err     error
}

func (r *Runner) finish(p *plan, f finished) {
	state := control.Succeeded
	if f.err != nil {
		state = control.Failed
	}
	if errors.Is(f.err, context.Canceled) {
		state = control.Canceled
	}
	body := r.body(p, state)
	resources := []any{}
	for _, id := range f.written {
		resources = append(resources, map[string]any{"id": id.String()})
	}
	properties := document.Object(body, "properties")
	properties["outputResources"], properties["duration"] = resources, isoSeconds(r.plane.Now().Sub(f.start))
	if f.outputs != nil {
		properties["outputs"] = f.outputs
	}
	if f.err != nil && state == control.Failed {
		if e, convErr := document.Of(armerror.Of(f.err)); convErr == nil {
			properties["error"] = e
		}
	}
	r.plane.Keep(p.ID, body, state)
	r.record(p.ID, map[string]any{"properties": map[string]any{"provisioningOperation": "EvaluateDeploymentOutput", "provisioningState": state, "timestamp": document.Text(body, "properties.timestamp"), "duration": properties["duration"], "statusCode": statusOf(f.err, "OK")}})
}

func statusOf(err error, good string) string {
	if err == nil {
		return good
	}
	if text := http.StatusText(armerror.Of(err).Status); text != "" {
		return text
	}
	return "InternalServerError"
}

// waves writes the resources. A resource that fails holds back what depends on
// it; the others go on, as in Resource Manager.
func (r *Runner) waves(ctx context.Context, p *plan) (written []armid.ID, err error) {
	failed := map[string]bool{}
	var problems []*armerror.Error
	for _, wave := range p.template.Waves() {
		var ready []*template.Resource
		for _, resource := range wave {
			if anyOf(resource.Depends, failed) {
				failed[resource.ID.Key()] = true
				continue
			}
			ready = append(ready, resource)
		}
		for key, problem := range r.wave(ctx, p, ready) {
			failed[key] = true
			problems = append(problems, problem)
		}
		for _, resource := range ready {
			if !failed[resource.ID.Key()] {
				written = append(written, resource.ID)
			}
		}
		if ctx.Err() != nil {
			return written, ctx.Err()
		}
	}
	if len(problems) == 0 {
		return written, nil
	}
	return written, armerror.Conflict("DeploymentFailed", "At least one resource deployment operation failed. Please list deployment operations for details. Please see https://aka.ms/arm-deployment-operations for usage details.").With(ordered(problems)...)
}

func anyOf(keys []string, in map[string]bool) bool {
	for _, k := range keys {
		if in[k] {
			return true
		}
	}
	return false
}

// started is one resource whose write goes on.
type started struct {
	resource *template.Resource
	outcome  control.Outcome
	at       time.Time
}

// wave starts all writes of a wave and waits for them.
func (r *Runner) wave(ctx context.Context, p *plan, wave []*template.Resource) map[string]*armerror.Error {
	failed := map[string]*armerror.Error{}
	var going []started
	note := func(s started, err error) {
		r.noteOperation(p.ID, s, err)
		if err != nil {
			e := armerror.Of(err)
			failed[s.resource.ID.Key()] = e.At(s.resource.ID.String())
		}
	}
	for _, resource := range wave {
		if ctx.Err() != nil {
			break
		}
		s := started{resource: resource, at: r.plane.Now()}
		var err error
		s.outcome, err = r.write(ctx, p, resource, &going, note)
		if err != nil || s.outcome.Operation == nil {
			note(s, err)
			continue
		}
		going = append(going, s)
	}
	for _, s := range going {
		note(s, s.outcome.Operation.Wait(context.WithoutCancel(ctx)))
	}
	return failed
}

// write writes one resource. When another write of the wave holds the same
// parent, those in flight are waited for and it is tried again, as Resource
// Manager does on a 429.
func (r *Runner) write(ctx context.Context, p *plan, resource *template.Resource, going *[]started, note func(started, error)) (control.Outcome, error) {
	body, err := resource.Body(runtime{plane: r.plane})
	if err != nil {
		return control.Outcome{}, err
	}
	if resource.IsDeployment() {
		return control.Outcome{}, r.nested(ctx, Request{ID: resource.ID, APIVersion: resource.APIVersion, Body: body, outer: p.template, depth: p.depth + 1})
	}
	for range maxRetries {
		out, err := r.plane.Write(ctx, control.Write{ID: resource.ID, APIVersion: resource.APIVersion, Body: body})
		if err == nil || armerror.Of(err).Status != http.StatusTooManyRequests || len(*going) == 0 {
			return out, err
		}
		for _, s := range *going {
			note(s, s.outcome.Operation.Wait(ctx))
		}
		*going = nil
	}
	return control.Outcome{}, armerror.Conflict("AnotherOperationInProgress", "'%s' stayed busy.", resource.ID)
}

// nested runs a deployment inside this one and waits for it.
func (r *Runner) nested(ctx context.Context, q Request) error {
	if err := r.plane.Admit(q.ID, q.APIVersion); err != nil {
		return err
	}
	p, err := r.read(q)
	if err != nil {
		return err
	}
	work, err := r.claim(p)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, work.cancel)
	defer stop()
	return r.execute(work.ctx, p)
}

func (r *Runner) noteOperation(deployment armid.ID, s started, err error) {
	state := control.Succeeded
	if err != nil {
		state = control.Failed
	}
	good := "OK"
	if s.outcome.Created {
		good = "Created"
	}
	properties := map[string]any{"provisioningOperation": "Create", "provisioningState": state, "timestamp": r.plane.Now().UTC().Format("2006-01-02T15:04:05.0000000Z"), "duration": isoSeconds(r.plane.Now().Sub(s.at)), "statusCode": statusOf(err, good),
		"targetResource": named(s.resource)}
	if err != nil {
		if e, convErr := document.Of(armerror.Of(err)); convErr == nil {
			properties["statusMessage"] = map[string]any{"error": e}
		}
	}
	r.record(deployment, map[string]any{"properties": properties})
}

// removeRest deletes what a complete deployment does not have, children and
// users first: what is still in use is tried again after the others.
func (r *Runner) removeRest(ctx context.Context, p *plan) error {
	rest, err := r.extra(p)
	for err == nil && len(rest) > 0 {
		var later []control.View
		var last error
		for _, v := range rest {
			err := r.removeOne(ctx, v)
			if err != nil {
				later, last = append(later, v), err
			}
		}
		if len(later) == len(rest) {
			return last
		}
		rest = later
	}
	return err
}

func (r *Runner) removeOne(ctx context.Context, v control.View) error {
	kind, _ := r.plane.Table().Type(v.ID.Type())
	version := "2021-04-01"
	if n := len(kind.Versions); n > 0 {
		version = kind.Versions[n-1]
	}
	out, err := r.plane.Delete(ctx, control.Remove{ID: v.ID, APIVersion: version})
	if err != nil || out.Operation == nil {
		return err
	}
	return out.Operation.Wait(ctx)
}

// extra lists the top-level resources of the group that the template does not
// have.
func (r *Runner) extra(p *plan) ([]control.View, error) {
	all, err := r.plane.List(control.Query{Scope: p.ID.Scope()})
	if err != nil {
		return nil, err
	}
	var out []control.View
	for _, v := range all {
		if !has(p.template, v.ID) {
			out = append(out, v)
		}
	}
	return out, nil
}

// has reports whether the template declares a resource; one whose condition is
// false counts as not declared and is removed (API versions since 2019-05-10).
func has(t *template.Template, id armid.ID) bool {
	for _, r := range t.Resources {
		if r.ID.Key() == id.Key() && !r.Skipped {
			return true
		}
	}
	return false
}
