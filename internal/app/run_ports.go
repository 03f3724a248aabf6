package app

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design/connect"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/target"
	"example.com/landfall/internal/view"
)

// actions are the kinds of steps that this release carries out by itself.
func (a *App) actions() action.Registry {
	checks := action.Checks{Environ: a.setup.Environ, Client: a.checksClient()}
	if root, err := a.root(); err == nil {
		checks.Dir = root
	}
	names, objects, shards := a.names(), objectMover{a}, a.objectShards()
	databases := databaseMover{a}
	return action.Registry{
		action.KindManual: action.Manual{}, action.KindWait: action.Wait{}, action.KindNote: action.Note{},
		action.KindLandingZone: action.LandingZone{Landings: landings{a}}, action.KindDeploy: action.Deploy{Landings: landings{a}},
		action.KindConnections: action.Connections{Connector: connector{a}},
		action.KindFreeze:      action.Unchanged{Source: sourceNow{a}}, action.KindUnchanged: action.Unchanged{Source: sourceNow{a}},
		action.KindChecks: checks, action.KindHTTP: checks, action.KindCommand: checks,
		action.KindDNS: names, action.KindExpired: names,
		action.KindShift: action.Shift{Ways: ways{a}, Names: names}, action.KindTTL: action.Lifetime{Ways: ways{a}, Names: names},
		action.KindMoveObjects:  action.MoveObjectsInParts{MoveObjects: action.MoveObjects{Mover: objects}, Shards: shards},
		action.KindMovePostgres: action.MovePostgres{Mover: databases}, action.KindVerifyPostgres: action.VerifyPostgres{Mover: databases},
		action.KindFencePostgres: action.FencePostgres(databases), action.KindReturnPostgres: action.ReturnPostgres(databases),
		action.KindWritersPostgres: action.WritersPostgres(databases),
		action.KindVerifyObjects:   action.VerifyObjectsInParts{VerifyObjects: action.VerifyObjects{Mover: objects}, Shards: shards},
	}
}

// landings prepares deployments as "landfall deploy" does.
type landings struct{ app *App }

// Landing reads what is to be deployed. It asks nobody.
func (l landings) Landing(_ context.Context, environment string) (action.Landing, error) {
	run := &deploying{App: l.app, o: DeployOptions{Environment: environment}, progress: view.NewProgress(io.Discard, false, l.app.setup.Now)}
	if err := run.prepare(); err != nil {
		return nil, err
	}
	return landing{run}, nil
}

type landing struct{ run *deploying }

func (l landing) Preflight(ctx context.Context) ([]target.Check, error) {
	return l.run.deployer.Preflight(ctx, l.run.design)
}

func (l landing) WhatIf(ctx context.Context) (action.Preview, error) {
	preview, err := l.run.preview(ctx)
	if err != nil {
		return action.Preview{}, err
	}
	if failing := preview.Failing(); len(failing) > 0 {
		return action.Preview{}, fault.Newf(fault.Refused, "deploy %q: %s: %s", l.run.environment.Name, failing[0].Name, failing[0].Detail).Hintf("%s", failing[0].Do)
	}
	l.run.out.Preview = preview
	out := action.Preview{Changes: preview.Changes, Fingerprint: preview.Fingerprint}
	for _, part := range l.run.parts {
		running, err := l.run.deployer.UnderWay(ctx, part)
		if err != nil {
			return out, err
		}
		out.UnderWay = out.UnderWay || running
	}
	return out, nil
}

// Deploy deploys what the last preview said. Production stays shut until the
// same design was verified elsewhere: an approved runbook does not open it.
func (l landing) Deploy(ctx context.Context, progress target.Progress) ([]target.Outcome, error) {
	r := l.run
	if err := r.gate(ctx); err != nil {
		return nil, err
	}
	r.o.Approve = r.out.Preview.Fingerprint
	progress(0, len(r.design.Resources), r.environment.Name)
	if err := r.execute(ctx); err != nil {
		return r.out.Deployments, err
	}
	return r.out.Deployments, nil
}

func (l landing) ReadBack(ctx context.Context) (action.ReadBack, error) {
	r := l.run
	preview, err := r.preview(ctx)
	if err != nil {
		return action.ReadBack{}, err
	}
	r.out.After, r.out.Unproved = &preview, nil
	out := action.ReadBack{Resources: len(r.design.Resources)}
	for _, c := range preview.Changes {
		switch c.Action {
		case target.Create:
			out.Missing = append(out.Missing, string(c.ID))
		case target.Modify, target.Delete:
			out.Different = append(out.Different, string(c.ID))
		}
	}
	if len(out.Missing)+len(out.Different) > 0 {
		return out, nil
	}
	if err := r.verified(ctx); err != nil {
		return out, err
	}
	for _, c := range r.out.Unproved {
		out.Different = append(out.Different, string(c.ID)+": "+c.Why)
	}
	return out, nil
}

// connector judges the connections of which the folder "connections" of the
// workspace holds results: they are tried where they begin, by "landfall
// connections try --out FILE", and brought here.
type connector struct{ app *App }

// connectionsFolder holds results of connections that were tried.
const connectionsFolder = "connections"

// Connections pairs what has to be with what was found.
func (c connector) Connections(_ context.Context, environment string, progress func(done, total int)) ([]action.Connection, error) {
	root, err := c.app.root()
	if err != nil {
		return nil, err
	}
	if _, err := c.app.PlanConnections(environment); err != nil {
		return nil, err
	}
	plan, err := c.app.readChecks("")
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(root, connectionsFolder, "*.json"))
	if err != nil {
		return nil, fault.Of(fault.Internal, "list results of", connectionsFolder, err)
	}
	results, err := c.app.readResults(files)
	if err != nil {
		return nil, err
	}
	rules, err := c.app.connectionRules(plan)
	if err != nil {
		return nil, err
	}
	var out []action.Connection
	for i, v := range connect.Judge(rules, plan.Checks, results) {
		out = append(out, action.Connection{ID: v.ID, Expected: v.Open, Tried: v.Result.State != connect.NotTried, Passed: v.Passed, Detail: strings.TrimSpace(v.Result.State + " " + v.Result.Detail)})
		progress(i+1, len(plan.Checks))
	}
	return out, nil
}

// sourceNow compares the source with the inventory of the plan.
type sourceNow struct{ app *App }

// Changes scans the accounts, reading only.
func (s sourceNow) Changes(ctx context.Context) ([]action.SourceChange, int, []string, error) {
	a := s.app
	w, err := a.need()
	if err != nil {
		return nil, 0, nil, err
	}
	var before inventory.Inventory
	if err := w.Read(store.Inventory, &before); err != nil {
		return nil, 0, nil, err
	}
	if !slices.Contains(before.Scope.Sources, inventory.Live) {
		return nil, 0, nil, fault.Newf(fault.Refused, "compare the source with inventory.json: it was read from files, and ids in files are not those of the account").Hintf("landfall assess, landfall design, landfall plan")
	}
	scanner, err := a.Readers.Live(ctx, nil)
	if err != nil {
		return nil, 0, nil, err
	}
	into := &collecting{builder: inventory.NewBuilder()}
	bar := view.NewProgress(io.Discard, false, a.setup.Now).Begin("", 0, "calls")
	into.begin(bar)
	defer bar.Done()
	if err := scanner.Scan(ctx, into); err != nil {
		return nil, 0, nil, err
	}
	now := into.builder.Build()
	diff := inventory.Diff(before, now)
	if err := s.inside(&diff, now); err != nil {
		return nil, 0, nil, err
	}
	var out []action.SourceChange
	for i := range diff.Added {
		out = append(out, action.SourceChange{ID: diff.Added[i].ID, What: "new"})
	}
	for i := range diff.Removed {
		out = append(out, action.SourceChange{ID: diff.Removed[i].ID, What: "gone"})
	}
	for _, c := range diff.Changed {
		change := action.SourceChange{ID: c.ID, What: "changed"}
		for _, v := range c.Values {
			change.Properties = append(change.Properties, v.Path)
		}
		out = append(out, change)
	}
	slices.SortFunc(out, func(a, b action.SourceChange) int { return strings.Compare(string(a.ID), string(b.ID)) })
	unread := []string{}
	for _, u := range diff.Hidden {
		unread = append(unread, u.Operation+" in "+string(u.Region)+": "+u.Hides)
	}
	return out, len(now.Resources), unread, nil
}

// inside leaves out what stands outside of the workload's boundary: others may
// change what is theirs. Something new is inside when a graph of what is there
// now says so.
func (s sourceNow) inside(diff *inventory.Changes, now inventory.Inventory) error {
	if len(diff.Added)+len(diff.Removed)+len(diff.Changed) == 0 {
		return nil
	}
	was, err := s.app.readGraph()
	if err != nil {
		return err
	}
	outside := map[cloud.ResourceID]bool{}
	note := func(g graph.Graph) {
		for _, n := range g.Nodes {
			outside[n.ID] = n.Boundary == graph.Out
		}
	}
	if len(diff.Added) > 0 {
		note(graph.Build(now, graph.Observed{}, s.app.graphOptions()))
	}
	note(was)
	theirs := func(r inventory.Resource) bool { return outside[r.ID] }
	diff.Added, diff.Removed = slices.DeleteFunc(diff.Added, theirs), slices.DeleteFunc(diff.Removed, theirs)
	diff.Changed = slices.DeleteFunc(diff.Changed, func(c inventory.Change) bool { return outside[c.ID] })
	return nil
}
