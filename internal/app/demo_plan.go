package app

import (
	"context"

	"example.com/landfall/internal/sandbox"
	"example.com/landfall/internal/view"
)

// demoPlan compiles the runbook and goes through it in simulated time: what
// each step would find is looked up at both clouds of the sandbox, and nothing
// is done.
func (a *App) demoPlan(ctx context.Context, d *view.Demo, progress *view.Progress) error {
	root := a.Workspace.Root()
	progress.Say("== plan: the runbook, checked before anybody approves it")
	if err := a.rehearse(ctx, progress, sandbox.RunSelf, &d.Planned, "plan", "--workspace", root, "--json"); err != nil {
		return err
	}
	d.Evidence["runbook"] = d.Planned.Evidence
	progress.Say("== dry run: the whole runbook in simulated time; nothing is done")
	if err := a.rehearse(ctx, progress, sandbox.RunSelf, &d.Dry, "run", "--dry-run", "--workspace", root, "--json"); err != nil {
		return err
	}
	d.Evidence["dry-run"] = d.Dry.Evidence
	return nil
}
