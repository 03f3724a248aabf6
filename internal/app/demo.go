package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox"
	"example.com/landfall/internal/view"
)

// downWithin bounds taking the demo's sandbox down after the user stopped it.
const downWithin = 2 * time.Minute

// DemoOptions says how to run the demo.
type DemoOptions struct {
	// Keep leaves the sandbox up at the end.
	Keep bool
}

// Demo brings the sandbox up, runs the sample workload on the AWS side under
// constant load, audits that no order was lost, doubled, changed or reordered,
// assesses, designs, deploys and plans it, carries its objects over, records what
// was measured, and takes the sandbox down again. Each number of
// the result was measured in this run. An audit that finds something, or had
// nothing to look at, is an error of kind fault.Found; the result is complete
// then too.
func (a *App) Demo(ctx context.Context, o DemoOptions, progress *view.Progress) (view.Demo, error) {
	w, err := a.need()
	if err != nil {
		return view.Demo{}, err
	}
	began := a.setup.Now()
	d := view.Demo{Workspace: w.Root(), Kept: o.Keep}
	progress.Say("== sandbox: both clouds on this machine")
	up, err := a.SandboxUp(ctx, progress)
	if err == nil {
		d.Stages, d.Endpoints = up.Stages, up.Endpoints
		d.UpSeconds = a.setup.Now().Sub(began).Seconds()
		err = a.demoLoad(ctx, &d, progress)
		if err == nil || fault.Is(err, fault.Found) {
			err = errors.Join(err, a.demoAssess(ctx, &d, progress))
		}
		if err == nil || fault.Is(err, fault.Found) {
			err = errors.Join(err, a.demoDesign(ctx, &d, progress))
		}
		if err == nil || fault.Is(err, fault.Found) {
			err = errors.Join(err, a.demoPlan(ctx, &d, progress))
		}
		if err == nil || fault.Is(err, fault.Found) {
			err = errors.Join(err, a.demoMove(ctx, &d, progress))
		}
	} else if ctx.Err() != nil && !o.Keep {
		err = fault.Of(fault.Canceled, "the sandbox is taken down again", "", nil)
	}
	if !o.Keep {
		// Also when it did not come up, or not all of it.
		if downErr := a.demoDown(ctx, &d, progress); downErr != nil {
			return d, errors.Join(downErr, err)
		}
	}
	if err != nil && !fault.Is(err, fault.Found) {
		return d, err
	}
	verdict, verifyErr := a.LedgerVerify(ctx)
	d.LedgerEntries, d.LedgerHead, d.LedgerIntact = verdict.Entries, verdict.Head, verdict.Intact
	d.TotalSeconds = a.setup.Now().Sub(began).Seconds()
	return d, errors.Join(err, verifyErr)
}

// demoLoad runs load and audit and records both.
func (a *App) demoLoad(ctx context.Context, d *view.Demo, progress *view.Progress) error {
	rate, length := a.Config.Sandbox.Load.RatePerSecond, a.Config.Sandbox.Load.Seconds
	progress.Say("== load: %d requests a second for %d s on the AWS side, open loop", rate, length)
	runs, err := a.Workspace.Private("runs")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(runs, 0o700); err != nil {
		return fault.Wrap(err, "make folder", runs)
	}
	journal := filepath.Join(runs, a.setup.Now().UTC().Format("20060102T150405.000")+".journal")
	err = a.shop(ctx, progress, &d.Load, "load", "--url", d.Endpoints[shopEndpoint], "--journal", journal,
		"--rate", fmt.Sprint(rate), "--duration", fmt.Sprintf("%ds", length))
	if err != nil {
		return err
	}
	progress.Say("== audit: each order that was accepted, against the database")
	auditErr := a.shop(ctx, progress, &d.Audit, "audit", "--journal", journal, "--wait", "30s", "--json")
	if auditErr != nil && !fault.Is(auditErr, fault.Found) {
		return auditErr
	}
	if auditErr == nil && d.Audit.Accepted == 0 {
		auditErr = fault.Newf(fault.Found, "no order was accepted under load: nothing is proved").
			Hintf("landfall demo, with more sandbox.load.seconds or a lower sandbox.load.ratePerSecond")
	}
	census, err := sandbox.TakeCensus(ctx, a.Workspace.Root())
	if err != nil {
		return errors.Join(auditErr, err)
	}
	d.Census = counted(census)
	return errors.Join(auditErr, a.demoRecord(ctx, d))
}

// demoRecord puts what was measured into the ledger and links each claim to
// its entry.
func (a *App) demoRecord(ctx context.Context, d *view.Demo) error {
	name := a.Config.Workload.Name
	load, err := a.record(ctx, "load.measured", name, d.Load)
	if err != nil {
		return err
	}
	audit, err := a.record(ctx, "orders.audited", name, d.Audit)
	if err != nil {
		return err
	}
	count, err := a.record(ctx, "sandbox.counted", name, d.Census)
	if err != nil {
		return err
	}
	d.Evidence = map[string]int64{"load": load.Seq, "audit": audit.Seq, "census": count.Seq}
	return nil
}

// demoAssess assesses the account as any user would: the same program, with
// the sandbox's endpoint and credentials in its environment.
func (a *App) demoAssess(ctx context.Context, d *view.Demo, progress *view.Progress) error {
	progress.Say("== assess: what the workload is, what it depends on, how well it runs")
	root := a.Workspace.Root()
	err := a.rehearse(ctx, progress, sandbox.RunSelf, &d.Assessed, "assess", "--workspace", root, "--json")
	if err != nil {
		return err
	}
	d.Evidence["assessment"] = d.Assessed.Evidence
	return nil
}

func (a *App) demoDown(ctx context.Context, d *view.Demo, progress *view.Progress) error {
	progress.Say("== down")
	// Who stopped the demo wants it gone, not half gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downWithin)
	defer cancel()
	down, err := a.SandboxDown(ctx)
	d.Down = down
	return err
}

// shop runs one verb of the sample workload's program and decodes its result.
// The program's own exit code 1 means that it found something.
func (a *App) shop(ctx context.Context, progress *view.Progress, into any, args ...string) error {
	return a.rehearse(ctx, progress, sandbox.RunShop, into, args...)
}

// rehearse runs a program in the sandbox and decodes its result.
func (a *App) rehearse(ctx context.Context, progress *view.Progress, run func(context.Context, sandbox.ShopRun) (int, error), into any, args ...string) error {
	var out bytes.Buffer
	// The error of a program that has a result says nothing that it does not.
	var complaint string
	talk := &lineWriter{say: func(line string) {
		if strings.HasPrefix(line, `{"error":`) {
			complaint = line
			return
		}
		progress.Say("   %s", line)
	}}
	code, err := run(ctx, sandbox.ShopRun{
		Workspace: a.Workspace.Root(), Exe: a.setup.Exe, Args: args, Environ: a.setup.Environ, Out: &out, Err: talk,
	})
	talk.flush()
	if err != nil {
		return err
	}
	if code != 0 && out.Len() == 0 {
		if complaint != "" {
			progress.Say("   %s", complaint)
		}
		return fault.Newf(fault.Unavailable, "run %s: it ended with exit code %d; what it said stands above", args[0], code)
	}
	if err := json.Unmarshal(out.Bytes(), into); err != nil {
		return fault.Of(fault.Internal, "read the result of", args[0], err)
	}
	if code != 0 {
		return fault.Newf(fault.Found, "%s found violations", args[0])
	}
	return nil
}

// lineWriter passes whole lines on.
type lineWriter struct {
	say  func(string)
	rest string
}

func (w *lineWriter) Write(data []byte) (int, error) {
	lines := strings.Split(w.rest+string(data), "\n")
	w.rest = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		w.say(strings.TrimRight(line, "\r"))
	}
	return len(data), nil
}

func (w *lineWriter) flush() {
	if w.rest != "" {
		w.say(w.rest)
		w.rest = ""
	}
}

func counted(c sandbox.Census) view.Census {
	shown := view.Census{
		Services: []view.ServiceCount{}, Resources: c.Resources,
		Buckets: c.Buckets, Objects: c.Objects, ObjectBytes: c.ObjectBytes, Tables: c.Tables, Rows: c.Rows,
		LogLines: c.LogLines, MetricSeries: c.MetricSeries, TrailEvents: c.TrailEvents,
	}
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		shown.Services = append(shown.Services, view.ServiceCount{Service: name, Resources: c.Services[name]})
	}
	return shown
}
