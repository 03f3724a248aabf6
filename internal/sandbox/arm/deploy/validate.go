package deploy

import (
	"context"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/control"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/template"
)

// maxProblems bounds the details of one refusal.
const maxProblems = 20

// Validate answers what a deployment would be, or why it is refused.
func (r *Runner) Validate(ctx context.Context, q Request) (map[string]any, error) {
	p, err := r.read(q)
	if err != nil {
		return nil, err
	}
	if err := r.preflight(ctx, p); err != nil {
		return nil, err
	}
	validated := []any{}
	for _, resource := range p.template.Resources {
		if !resource.Skipped && !resource.Existing {
			validated = append(validated, map[string]any{"id": resource.ID.String()})
		}
	}
	body := r.body(p, "Succeeded")
	return document.Set(body, "properties.validatedResources", validated), nil
}

// preflight checks every resource of the template before anything is written,
// taking as existing what the template itself makes.
func (r *Runner) preflight(ctx context.Context, p *plan) error {
	assume := map[string]bool{}
	for key := range p.assume {
		assume[key] = true
	}
	for _, resource := range p.template.Resources {
		if !resource.Skipped {
			assume[resource.ID.Key()] = true
		}
	}
	var problems []*armerror.Error
	made := p.made.Fork()
	for _, wave := range p.template.Waves() {
		for _, resource := range wave {
			if len(problems) >= maxProblems {
				break
			}
			if err := r.preflightOne(ctx, p, resource, foreseen{assume, made}); err != nil {
				e := armerror.Of(err)
				if e.Target == "" {
					e = e.At(resource.ID.String())
				}
				problems = append(problems, e)
			}
		}
		made.Settle()
	}
	if len(problems) == 0 {
		return nil
	}
	return armerror.BadRequest("InvalidTemplateDeployment", "The template deployment '%s' is not valid according to the validation procedure. See inner errors for details.", p.ID.Name()).With(problems...)
}

// foreseen is what a check may take as done by the time of a write.
type foreseen struct {
	// assume are the resources that the template makes, made their bodies as
	// far as earlier waves settle them.
	assume map[string]bool
	made   *control.Planned
}

func (r *Runner) preflightOne(ctx context.Context, p *plan, resource *template.Resource, f foreseen) error {
	body, late, err := resource.Preview(runtime{r.plane, true})
	if err != nil {
		return err
	}
	if resource.IsDeployment() {
		// Parameters that are only known later leave the nested template to the
		// time when it runs.
		if late {
			return nil
		}
		nested, err := r.read(Request{ID: resource.ID, APIVersion: resource.APIVersion, Body: body, outer: p.template, assume: f.assume, made: f.made, groups: r.newGroups(p), depth: p.depth + 1})
		if err != nil {
			return err
		}
		return r.preflight(ctx, nested)
	}
	_, err = r.plane.Write(ctx, control.Write{ID: resource.ID, APIVersion: resource.APIVersion, Body: body, Check: true, Assume: f.assume, Planned: f.made, Deferred: late})
	return err
}

// body is the deployment as it is answered.
func (r *Runner) body(p *plan, state string) map[string]any {
	mode := "Incremental"
	if p.complete {
		mode = "Complete"
	}
	properties := map[string]any{"mode": mode, "provisioningState": state, "timestamp": r.plane.Now().UTC().Format("2006-01-02T15:04:05.0000000Z"), "templateHash": templateHash(p.source),
		"correlationId": correlation(p), "providers": p.providers(), "dependencies": p.dependencies()}
	if p.template.Values != nil {
		properties["parameters"] = p.template.Values
	}
	out := map[string]any{"properties": properties}
	for _, key := range []string{"location", "tags"} {
		if v, ok := p.Body[key]; ok {
			out[key] = v
		}
	}
	return out
}

func correlation(p *plan) string {
	h := hash("correlation " + p.ID.Key())
	return strings.Join([]string{hexOf(h[0:4]), hexOf(h[4:6]), "4" + hexOf(h[6:8])[1:], "8" + hexOf(h[8:10])[1:], hexOf(h[10:16])}, "-")
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, len(b)*2)
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

// providers lists the namespaces and types of the template.
func (p *plan) providers() []any {
	types := map[string][]any{}
	var names []string
	seen := map[string]bool{}
	for _, resource := range p.template.Resources {
		namespace := resource.ID.Namespace()
		if namespace == "" {
			namespace = "Microsoft.Resources"
		}
		short := strings.TrimPrefix(resource.ID.Type(), namespace+"/")
		if seen[strings.ToLower(resource.ID.Type())] {
			continue
		}
		seen[strings.ToLower(resource.ID.Type())] = true
		if types[namespace] == nil {
			names = append(names, namespace)
		}
		types[namespace] = append(types[namespace], map[string]any{"resourceType": short, "locations": []any{document.Text(p.Body, "location")}})
	}
	out := []any{}
	for _, n := range names {
		out = append(out, map[string]any{"namespace": n, "resourceTypes": types[n]})
	}
	return out
}

// dependencies lists which resource waits for which.
func (p *plan) dependencies() []any {
	byKey := map[string]*template.Resource{}
	for _, resource := range p.template.Resources {
		byKey[resource.ID.Key()] = resource
	}
	out := []any{}
	for _, resource := range p.template.Resources {
		var needs []any
		for _, key := range resource.Depends {
			if other := byKey[key]; other != nil {
				needs = append(needs, named(other))
			}
		}
		if len(needs) > 0 {
			entry := named(resource)
			entry["dependsOn"] = needs
			out = append(out, entry)
		}
	}
	return out
}

func named(r *template.Resource) map[string]any {
	return map[string]any{"id": r.ID.String(), "resourceType": r.ID.Type(), "resourceName": r.Name}
}
