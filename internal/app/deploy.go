package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/iac"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/durable"
	"example.com/landfall/internal/target"
	"example.com/landfall/internal/view"
)

// Kinds of ledger entries about environments.
const (
	entryApproved = "deployment.approved"
	entryFailed   = "deployment.failed"
	entryDeployed = "environment.deployed"
	entryVerified = "environment.verified"
	entryUnproved = "environment.unproved"
	entryOverride = "environment.override"
)

// DeployOptions says what to deploy, and what was approved.
type DeployOptions struct {
	Environment string
	// Approve is the fingerprint of the preview that may be carried out; ""
	// only shows the preview.
	Approve string
	// Parameters are files of parameter values.
	Parameters []string
	// Override is the reason for going to production without a verified
	// environment before it.
	Override string
}

// deploying is one run of the verb.
type deploying struct {
	*App
	o           DeployOptions
	environment config.Environment
	design      *design.Design
	source      string // fingerprint of design.json
	values      map[string]any
	deployer    target.Deployer
	parts       []target.Deployment
	progress    *view.Progress
	out         view.Deployed
}

// Deploy shows what a deployment would do, or carries out the preview whose
// fingerprint was approved. A run that was killed goes on when the same command
// is given again; one whose work is done changes nothing.
func (a *App) Deploy(ctx context.Context, o DeployOptions, progress *view.Progress) (view.Deployed, error) {
	run := &deploying{App: a, o: o, progress: progress}
	if err := run.prepare(); err != nil {
		return view.Deployed{}, err
	}
	preview, err := run.preview(ctx)
	if err != nil {
		return run.out, err
	}
	run.out.Preview = preview
	if len(preview.Failing()) > 0 {
		return run.out, fault.Newf(fault.Refused, "deploy %q: %s failed, first: %s: %s", o.Environment, several(len(preview.Failing()), "check", "checks"), preview.Failing()[0].Name, preview.Failing()[0].Detail).
			Hintf("%s", preview.Failing()[0].Do)
	}
	if o.Approve == "" {
		return run.out, run.next(ctx)
	}
	if err := run.allowed(ctx); err != nil {
		return run.out, err
	}
	if err := run.execute(ctx); err != nil {
		return run.out, errors.Join(err, run.failed(ctx, err))
	}
	return run.out, run.verify(ctx)
}

// prepare reads everything that needs no network.
func (r *deploying) prepare() error {
	w, err := r.need()
	if err != nil {
		return err
	}
	if r.environment, err = r.App.environment(r.o.Environment); err != nil {
		return err
	}
	d, err := r.freshDesign("deploy " + strconv.Quote(r.o.Environment))
	if err != nil {
		return err
	}
	if blocking := d.Blocking(); len(blocking) > 0 {
		return fault.Newf(fault.Refused, "deploy %q: %s the design, first %s: %s", r.o.Environment, several(len(blocking), "finding blocks", "findings block"), blocking[0].ID, blocking[0].Text).
			Hintf("mend them, or accept each by name with a reason under design.accept in landfall.yaml, then: landfall design")
	}
	if r.source, err = w.Fingerprint(store.Design); err != nil {
		return err
	}
	r.design = design.ForEnvironment(d, environmentOf(r.Config, r.environment))
	place := r.design.Place
	if place.Subscription == design.NoSubscription {
		return fault.Newf(fault.Invalid, "deploy %q: no subscription is configured", r.o.Environment).Hintf("set target.subscription in landfall.yaml")
	}
	if r.values, err = r.parameterValues(); err != nil {
		return err
	}
	if r.deployer, err = r.Readers.Deployer(place.Subscription); err != nil {
		return err
	}
	r.out = view.Deployed{Environment: r.environment.Name, Stage: r.environment.Stage, Group: place.Group, Subscription: place.Subscription, Location: place.Location, Design: r.source, Resources: len(r.design.Resources)}
	return r.cut()
}

// environment returns a place of landfall.yaml by its name.
func (a *App) environment(name string) (config.Environment, error) {
	var names []string
	for _, e := range a.Config.Environments {
		if e.Name == name {
			return e, nil
		}
		names = append(names, e.Name)
	}
	return config.Environment{}, fault.Newf(fault.Usage, "find environment %q: landfall.yaml has %s", name, orNone(names)).
		Hintf("name one of them, or add it under environments in landfall.yaml")
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// cut prints the templates. The name of each deployment holds the hash of its
// template, so that a run that was killed finds its own again and another
// design never takes it for its own.
func (r *deploying) cut() error {
	parts := design.Split(r.design, design.TemplateLimit)
	for i, part := range parts {
		template, err := iac.ARM(part)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(template)
		values := map[string]any{}
		for _, p := range part.Parameters {
			if v, ok := r.values[p.Name]; ok {
				values[p.Name] = v
			}
		}
		name := "landfall-" + r.environment.Name + "-" + strconv.Itoa(i+1) + "of" + strconv.Itoa(len(parts)) + "-" + hex.EncodeToString(sum[:5])
		r.parts = append(r.parts, target.Deployment{Name: name, Place: r.design.Place, Template: template, Parameters: values, Resources: part.Resources})
	}
	return nil
}

// preview looks at what is there and asks what the deployment would do.
func (r *deploying) preview(ctx context.Context) (view.Preview, error) {
	var p view.Preview
	var err error
	if p.Checks, err = r.deployer.Preflight(ctx, r.design); err != nil {
		return p, err
	}
	if len(p.Failing()) > 0 {
		return p, nil
	}
	bar := r.progress.Begin("ask what would change", int64(len(r.parts)), "templates")
	defer bar.Done()
	for i, part := range r.parts {
		changes, err := r.deployer.WhatIf(ctx, part)
		if err != nil {
			return p, err
		}
		p.Changes = append(p.Changes, changes...)
		bar.Set(int64(i + 1))
	}
	if p.Others, err = r.deployer.Others(ctx, r.design.Place, r.design.Resources); err != nil {
		return p, err
	}
	r.hide(p.Changes)
	p.Fingerprint, err = r.fingerprint(p.Changes)
	return p, err
}

// hide takes secret values out of changes.
func (r *deploying) hide(changes []target.Change) {
	secrets := map[string]bool{}
	for _, p := range r.design.Parameters {
		if text, ok := r.values[p.Name].(string); ok && p.Secure {
			secrets[text] = true
		}
	}
	blank := func(v any) any {
		if text, ok := v.(string); ok && secrets[text] {
			return "(secret)"
		}
		return v
	}
	for i := range changes {
		for j := range changes[i].Properties {
			c := &changes[i].Properties[j]
			c.Before, c.After = blank(c.Before), blank(c.After)
		}
	}
}

// fingerprint is that of what would be done: the changes, where, and the
// templates.
func (r *deploying) fingerprint(changes []target.Change) (string, error) {
	var names []string
	for _, p := range r.parts {
		names = append(names, p.Name)
	}
	content, err := json.Marshal(map[string]any{"place": r.design.Place, "deployments": names, "changes": changes})
	if err != nil {
		return "", fault.Of(fault.Internal, "fingerprint preview", "", err)
	}
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// next says what can be done with the preview: nothing, when the environment
// is as designed; join what is under way; or approve.
func (r *deploying) next(ctx context.Context) error {
	if r.out.Preview.Touched() == 0 {
		if err := r.verified(ctx); err != nil || r.out.Verified {
			return err
		}
	}
	fingerprint := r.out.Preview.Fingerprint
	for _, part := range r.parts {
		running, err := r.deployer.UnderWay(ctx, part)
		if err != nil {
			return err
		}
		if before, err := r.before(); running && err == nil && before.Fingerprint != "" {
			r.out.UnderWay, fingerprint = part.Name, before.Fingerprint
		}
	}
	open, err := r.open(ctx)
	if err != nil {
		return err
	}
	r.out.Shut = !open
	r.out.Next = "landfall deploy --environment " + r.environment.Name
	for _, file := range r.o.Parameters {
		r.out.Next += " --parameters " + file
	}
	r.out.Next += " --approve " + fingerprint
	if !open {
		r.out.Next += " --override REASON"
	}
	return nil
}

// failed records that an approved deployment did not come to its end: what it
// has made so far stays where it is.
func (r *deploying) failed(ctx context.Context, cause error) error {
	_, err := r.record(context.WithoutCancel(ctx), entryFailed, r.environment.Name, map[string]any{
		"design": r.source, "approved": r.o.Approve, "kind": string(fault.KindOf(cause)), "deployments": r.out.Deployments, "place": r.design.Place,
	})
	return err
}

// approved is what a person let happen, kept until it has.
type approved struct {
	Fingerprint string          `json:"fingerprint"`
	Deployments []string        `json:"deployments"`
	Changes     []target.Change `json:"changes"`
}

func (r *deploying) approvedPath() (string, error) {
	w, err := r.need()
	if err != nil {
		return "", err
	}
	folder, err := w.Private("deploy")
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fault.Wrap(err, "make folder", folder)
	}
	return filepath.Join(folder, r.environment.Name+".json"), nil
}

// allowed compares what would be done with what was approved. The preview of a
// run that was cut off is a part of the approved one, and goes on.
func (r *deploying) allowed(ctx context.Context) error {
	path, err := r.approvedPath()
	if err != nil {
		return err
	}
	now := approved{Fingerprint: r.out.Preview.Fingerprint, Changes: r.out.Preview.Changes}
	for _, p := range r.parts {
		now.Deployments = append(now.Deployments, p.Name)
	}
	if now.Fingerprint != r.o.Approve {
		before, err := r.before()
		if err != nil {
			return err
		}
		if before.Fingerprint != r.o.Approve || !slices.Equal(before.Deployments, now.Deployments) || !within(now.Changes, before.Changes) {
			return fault.Newf(fault.Conflict, "deploy %q: what would be done is not what was approved (%s)", r.environment.Name, r.o.Approve).
				Hintf("read the new preview: landfall deploy --environment %s", r.environment.Name)
		}
		now = before
	}
	if err := r.gate(ctx); err != nil {
		return err
	}
	content, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return fault.Of(fault.Internal, "keep what was approved", path, err)
	}
	if err := durable.Replace(path, content, 0o600); err != nil {
		return err
	}
	// Who approved what is recorded before anything is done.
	entry, err := r.record(ctx, entryApproved, r.environment.Name, map[string]any{
		"design": r.source, "stage": r.environment.Stage, "preview": r.o.Approve, "resources": r.out.Preview.Touched(), "place": r.design.Place,
	})
	r.out.Evidence = append(r.out.Evidence, entry.Seq)
	return err
}

// before is what was approved for the environment and is not done yet.
func (r *deploying) before() (approved, error) {
	var out approved
	path, err := r.approvedPath()
	if err != nil {
		return out, err
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &out)
	}
	return out, fault.Wrap(err, "read what was approved", path)
}

// within reports whether each change that still would be made is one of those
// that were approved. A resource that was created and is not finished shows as
// a modification.
func within(now, approved []target.Change) bool {
	actions := map[string]string{}
	for _, c := range approved {
		actions[strings.ToLower(string(c.ID))] = c.Action
	}
	for _, c := range now {
		before := actions[strings.ToLower(string(c.ID))]
		switch {
		case c.Action == target.None, c.Action == before:
		case before == target.Create && c.Action != target.Delete:
		default:
			return false
		}
	}
	return true
}

// open reports whether the environment may be deployed to: production only
// when the same design was deployed to another environment and verified there.
func (r *deploying) open(ctx context.Context) (bool, error) {
	if r.environment.Stage != config.Production {
		return true, nil
	}
	return r.verifiedElsewhere(ctx)
}

// gate keeps production shut; a reason opens it, and is recorded.
func (r *deploying) gate(ctx context.Context) error {
	open, err := r.open(ctx)
	if err != nil || open {
		return err
	}
	if r.o.Override == "" {
		return fault.Newf(fault.Refused, "deploy %q: production is shut: no other environment was deployed from this design and verified", r.environment.Name).
			Hintf("landfall deploy --environment NAME of stage non-production first, or give --override with the reason, which the ledger keeps")
	}
	_, err = r.record(ctx, entryOverride, r.environment.Name, map[string]any{"design": r.source, "reason": r.o.Override})
	return err
}

// execute runs the deployments one after the other. What a killed run has
// finished is not done again: the target itself knows which deployment is
// under way or done.
func (r *deploying) execute(ctx context.Context) error {
	touched := map[string]bool{}
	for _, c := range r.out.Preview.Changes {
		if c.Action != target.None {
			touched[strings.ToLower(string(c.ID))] = true
		}
	}
	for _, part := range r.parts {
		if !slices.ContainsFunc(part.Resources, func(d design.Resource) bool { return touched[strings.ToLower(string(d.ID))] }) {
			continue
		}
		bar := r.progress.Begin("deploy "+part.Name, int64(len(part.Resources)), "resources")
		done, err := r.deployer.Deploy(ctx, part, cloud.Tags{"workload": r.design.Workload, "environment": r.environment.Name}, func(done, _ int, _ string) { bar.Set(int64(done)) })
		bar.Done()
		if err != nil {
			return err
		}
		r.out.Deployments = append(r.out.Deployments, done)
	}
	entry, err := r.record(ctx, entryDeployed, r.environment.Name, map[string]any{
		"design": r.source, "stage": r.environment.Stage, "approved": r.o.Approve, "deployments": r.out.Deployments, "place": r.design.Place,
	})
	r.out.Evidence = append(r.out.Evidence, entry.Seq)
	return err
}
