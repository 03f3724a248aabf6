package app

import (
	"context"
	"errors"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox"
	"example.com/landfall/internal/view"
)

// demoMove carries the workload's buckets over to the Azure side of the sandbox,
// as any user would, and compares both sides afterwards.
func (a *App) demoMove(ctx context.Context, d *view.Demo, progress *view.Progress) error {
	book, err := a.readRunbook()
	if err != nil {
		return err
	}
	progress.Say("== move: the buckets, each object with its proof")
	var found error
	for _, set := range book.Data {
		// What only services write, such as the trail, goes on being written.
		if set.Kind != "objects" || set.Target == "" || set.ReadOnly {
			continue
		}
		target, err := a.demoTarget(set.Target)
		if err != nil {
			return err
		}
		o, err := a.objectOptions(string(set.Source), target)
		if err != nil {
			return err
		}
		m, err := a.demoBucket(ctx, o, progress)
		if err != nil {
			return err
		}
		d.Moved = append(d.Moved, m)
		if !m.Proved() {
			found = errors.Join(found, fault.Newf(fault.Found, "%s is not as %s is: see the manifest %s", o.Target, o.Source, m.Verified.Manifest))
		}
	}
	return found
}

// demoTarget is a resource of production as the environment that the demo deploys
// has it.
func (a *App) demoTarget(id cloud.ResourceID) (string, error) {
	d, err := a.readDesign()
	if err != nil {
		return "", err
	}
	e, err := a.environment(demoEnvironment)
	if err != nil {
		return "", err
	}
	if p, ok := production(a.Config); ok {
		d = design.ForEnvironment(d, environmentOf(a.Config, p))
	}
	one := design.ForEnvironment(&design.Design{Workload: d.Workload, Place: d.Place, Resources: []design.Resource{{ID: id}}}, environmentOf(a.Config, e))
	return string(one.Resources[0].ID), nil
}

// demoPart is the part of a bucket that the demo carries over, "" for all of it.
// The covers are twenty thousand files of one kind: one in ten shows as much.
func demoPart(source string) string {
	if strings.HasPrefix(source, "s3://bookshop-covers") {
		return "covers/*0.jpg"
	}
	return ""
}

// demoBucket copies one bucket and reads both sides to compare them, which takes
// no longer here than asking for hashes. The sample has
// a key that Azure cannot hold, so that both find something.
func (a *App) demoBucket(ctx context.Context, o MoveOptions, progress *view.Progress) (view.DemoMoved, error) {
	m := view.DemoMoved{Part: demoPart(o.Source)}
	run := func(into *view.Moved, verb string, more ...string) error {
		args := append([]string{verb, "objects", o.Source, o.Target, "--names", "rename", "--workspace", a.Workspace.Root(), "--json"}, more...)
		if m.Part != "" {
			args = append(args, "--include", m.Part)
		}
		err := a.rehearse(ctx, progress, sandbox.RunSelf, into, args...)
		if fault.Is(err, fault.Found) && into.Digest != "" {
			return nil // what was found stands in the result
		}
		return err
	}
	if err := run(&m.Copied, "move"); err != nil {
		return m, err
	}
	return m, run(&m.Verified, "verify", "--level", "full")
}
