package deploy

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/control"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/template"
)

func ordered(problems []*armerror.Error) []*armerror.Error {
	slices.SortFunc(problems, func(a, b *armerror.Error) int { return cmp.Compare(a.Target, b.Target) })
	return problems
}

// StartWhatIf computes a what-if in the background, as the service answers it;
// Result has it when the operation is over. The error is what is refused at once.
func (r *Runner) StartWhatIf(ctx context.Context, q Request) (control.Operation, error) {
	answer, err := r.WhatIf(ctx, q)
	if err != nil {
		return control.Operation{}, err
	}
	op := r.plane.Background(http.MethodPost, q.ID, func(context.Context) error { return nil })
	r.keepResult(op.ID, answer)
	return op, nil
}

// WhatIf says what a deployment would change.
func (r *Runner) WhatIf(ctx context.Context, q Request) (map[string]any, error) {
	form := document.Text(q.Body, "properties.whatIfSettings.resultFormat")
	full := form == "" || strings.EqualFold(form, "FullResourcePayloads")
	if !full && !strings.EqualFold(form, "ResourceIdOnly") {
		return nil, armerror.BadRequest("InvalidRequestContent", "The result format '%s' is not one of 'FullResourcePayloads', 'ResourceIdOnly'.", form).At("properties.whatIfSettings.resultFormat")
	}
	p, err := r.read(q)
	if err != nil {
		return nil, err
	}
	if err := r.preflight(ctx, p); err != nil {
		return nil, err
	}
	c := &changes{runner: r, full: full, seen: map[string]bool{}}
	if err := c.plan(ctx, p); err != nil {
		return nil, err
	}
	if err := c.rest(p); err != nil {
		return nil, err
	}
	slices.SortStableFunc(c.list, func(a, b map[string]any) int {
		return cmp.Compare(strings.ToLower(document.Text(a, "resourceId")), strings.ToLower(document.Text(b, "resourceId")))
	})
	all := make([]any, len(c.list))
	for i, one := range c.list {
		all[i] = one
	}
	return map[string]any{"status": "Succeeded", "properties": map[string]any{"correlationId": correlation(p), "changes": all}}, nil
}

// changes collects the answer.
type changes struct {
	runner *Runner
	full   bool
	list   []map[string]any
	seen   map[string]bool
}

// plan adds the resources of a template and of the templates nested in it.
func (c *changes) plan(ctx context.Context, p *plan) error {
	assume := map[string]bool{}
	for key := range p.assume {
		assume[key] = true
	}
	for _, resource := range p.template.Resources {
		assume[resource.ID.Key()] = true
	}
	made := p.made.Fork()
	for _, wave := range p.template.Waves() {
		for _, resource := range wave {
			body, late, err := resource.Preview(runtime{c.runner.plane, true})
			if err != nil {
				return err
			}
			tell := c.one
			if resource.IsDeployment() {
				tell = func(ctx context.Context, resource *template.Resource, v previewed) error {
					return c.nested(ctx, p, resource, v)
				}
			}
			if err := tell(ctx, resource, previewed{body, late, foreseen{assume, made}}); err != nil {
				return err
			}
		}
		made.Settle()
	}
	return nil
}

type previewed struct {
	body map[string]any
	late bool
	foreseen
}

// nested adds what a nested deployment would do; one whose parameters are not
// known yet is named as unsupported, never left out.
func (c *changes) nested(ctx context.Context, p *plan, resource *template.Resource, v previewed) error {
	if v.late {
		c.add(map[string]any{"resourceId": resource.ID.String(), "changeType": "Unsupported", "unsupportedReason": "The parameters of this nested deployment are only known while the deployment runs."})
		return nil
	}
	inner, err := c.runner.read(Request{ID: resource.ID, APIVersion: resource.APIVersion, Body: v.body, outer: p.template, assume: v.assume, made: v.made, groups: c.runner.newGroups(p), depth: p.depth + 1})
	if err != nil {
		return err
	}
	return c.plan(ctx, inner)
}

func (c *changes) add(change map[string]any) {
	key := strings.ToLower(document.Text(change, "resourceId"))
	if !c.seen[key] {
		c.seen[key] = true
		c.list = append(c.list, change)
	}
}

func (c *changes) one(ctx context.Context, resource *template.Resource, v previewed) error {
	plane := c.runner.plane
	out, err := plane.Write(ctx, control.Write{ID: resource.ID, APIVersion: resource.APIVersion, Body: v.body, Check: true, Assume: v.assume, Planned: v.made, Deferred: v.late})
	if err != nil {
		return err
	}
	change := map[string]any{"resourceId": resource.ID.String()}
	before, exists := plane.Written(resource.ID)
	if !c.full {
		change["changeType"] = "Create"
		if exists {
			change["changeType"] = "Deploy"
		}
		c.add(change)
		return nil
	}
	after := envelope(resource, out.Written)
	if !exists {
		change["changeType"], change["after"] = "Create", after
		c.add(change)
		return nil
	}
	current, err := plane.Get(resource.ID)
	if err != nil {
		return err
	}
	delta := Delta(before, out.Written)
	change["before"], change["after"], change["changeType"] = current.Body, after, "NoChange"
	if len(delta) > 0 {
		change["changeType"], change["delta"] = "Modify", delta
	}
	c.add(change)
	return nil
}

func envelope(resource *template.Resource, body map[string]any) map[string]any {
	return document.Overlay(body, map[string]any{"id": resource.ID.String(), "type": resource.ID.Type(), "name": resource.ID.Name(), "apiVersion": resource.APIVersion})
}

// rest adds the resources of the group that the template does not have:
// ignored, or deleted in complete mode.
func (c *changes) rest(p *plan) error {
	if p.ID.Group == "" {
		return nil
	}
	extra, err := c.runner.extra(p)
	if err != nil {
		return err
	}
	kind := "Ignore"
	if p.complete {
		kind = "Delete"
	}
	for _, v := range extra {
		change := map[string]any{"resourceId": v.ID.String(), "changeType": kind}
		if c.full {
			change["before"] = v.Body
		}
		c.add(change)
	}
	return nil
}
