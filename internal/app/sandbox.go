package app

import (
	"context"
	"maps"
	"os"
	"slices"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox"
	"example.com/landfall/internal/sandbox/tools"
	"example.com/landfall/internal/view"
)

// typesVariable names a file with Azure's type definitions, against which the
// sandbox's Resource Manager then checks every body.
const typesVariable = "LANDFALL_AZURE_TYPES"

// SandboxSetup installs the tools that are missing; withTests also those that
// only the test suite needs. say hears what happens.
func (a *App) SandboxSetup(ctx context.Context, withTests bool, say func(string)) (view.SandboxTools, error) {
	if a.CacheErr != nil {
		return view.SandboxTools{}, a.CacheErr
	}
	var names []tools.Name
	for _, spec := range tools.All() {
		if withTests || !spec.TestsOnly {
			names = append(names, spec.Name)
		}
	}
	err := tools.Install(ctx, a.CacheDir, names, func(name tools.Name, line string) { say(string(name) + ": " + line) })
	if err != nil {
		return view.SandboxTools{}, err
	}
	result := view.SandboxTools{Cache: a.CacheDir, Tools: []view.SandboxTool{}}
	for _, spec := range tools.All() {
		if !slices.Contains(names, spec.Name) {
			continue
		}
		tool, err := tools.Locate(a.CacheDir, spec.Name)
		if err != nil {
			return result, err
		}
		result.Tools = append(result.Tools, view.SandboxTool{Name: string(spec.Name), Version: tool.Version, Title: spec.Title, Dir: tool.Dir})
	}
	return result, nil
}

// SandboxUp brings the sandbox of the workspace up, or follows the one that is
// coming up. Cancelling ends the wait and not the sandbox.
func (a *App) SandboxUp(ctx context.Context, progress *view.Progress) (view.SandboxStatus, error) {
	w, err := a.need()
	if err != nil {
		return view.SandboxStatus{}, err
	}
	if a.CacheErr != nil {
		return view.SandboxStatus{}, a.CacheErr
	}
	if _, err := w.Private(); err != nil {
		return view.SandboxStatus{}, err
	}
	follow := follower{progress: progress, bars: map[string]*view.Bar{}}
	upped, err := sandbox.Up(ctx, a.sandboxOptions(w.Root()), follow.event)
	follow.end()
	if err != nil {
		if fault.Is(err, fault.Canceled) {
			err = fault.Of(fault.Canceled, "stopped waiting; the sandbox goes on coming up", "", nil).
				Hintf("landfall sandbox up   (to wait again), or: landfall sandbox down")
		}
		return view.SandboxStatus{}, err
	}
	result := status(upped.Status)
	result.Already, result.Swept = upped.Already, upped.Swept
	if !upped.Already && !upped.Followed {
		_, err = a.record(ctx, "sandbox.started", a.Config.Workload.Name, map[string]any{
			"objects": a.Config.Sandbox.Objects, "historyDays": a.Config.Sandbox.HistoryDays, "seed": a.Config.Sandbox.Seed,
		})
	}
	return result, err
}

func (a *App) sandboxOptions(workspace string) sandbox.Options {
	types, _ := a.setup.Getenv(typesVariable)
	c := a.Config.Sandbox
	return sandbox.Options{
		Workspace: workspace, CacheDir: a.CacheDir, Exe: a.setup.Exe,
		Objects: c.Objects, HistoryDays: c.HistoryDays, Seed: c.Seed, Types: types,
		AWSPort: c.AWSPort, ShopPort: c.ShopPort,
		Environ: a.setup.Environ, Log: a.setup.Log,
	}
}

// SandboxStatus tells what runs. Like SandboxDown it needs no readable
// configuration.
func (a *App) SandboxStatus(ctx context.Context) (view.SandboxStatus, error) {
	root, err := a.root()
	if err != nil {
		return view.SandboxStatus{}, err
	}
	s, err := sandbox.StatusOf(ctx, root)
	return status(s), err
}

// SandboxEnv returns the variables that point SDKs and tools at the sandbox.
func (a *App) SandboxEnv(ctx context.Context) (view.SandboxEnv, error) {
	root, err := a.root()
	if err != nil {
		return view.SandboxEnv{}, err
	}
	variables, err := sandbox.Env(ctx, root)
	result := view.SandboxEnv{Variables: []view.SandboxVariable{}}
	for _, v := range variables {
		result.Variables = append(result.Variables, view.SandboxVariable(v))
	}
	return result, err
}

// SandboxDown ends the sandbox, whatever state it is in. It needs no readable
// configuration: what runs must be stoppable with a broken landfall.yaml.
func (a *App) SandboxDown(ctx context.Context) (view.SandboxDown, error) {
	root, err := a.root()
	if err != nil {
		return view.SandboxDown{}, err
	}
	downed, err := sandbox.Down(ctx, root)
	if err != nil {
		return view.SandboxDown{}, err
	}
	if downed.WasUp {
		_, err = a.record(ctx, "sandbox.stopped", a.workload(), map[string]any{"orderly": downed.Orderly})
	}
	return view.SandboxDown{WasUp: downed.WasUp, Orderly: downed.Orderly, Stopped: downed.Stopped, Swept: downed.Swept, Logs: downed.Logs}, err
}

// SandboxServe is the supervisor process that SandboxUp starts.
func (a *App) SandboxServe(ctx context.Context) error {
	root, err := a.root()
	if err != nil {
		return err
	}
	return sandbox.Serve(ctx, sandbox.ServeOptions{Workspace: root, Environ: os.Environ(), Log: a.setup.Log, Now: a.setup.Now})
}

// follower turns the sandbox's events into progress: lines for what happens
// once, a bar for each stage that can be counted. Stages run side by side.
type follower struct {
	progress *view.Progress
	bars     map[string]*view.Bar
}

func (f *follower) event(e sandbox.Event) {
	if e.Total <= 0 {
		f.progress.Say("%s: %s", e.Stage, e.Text)
		return
	}
	bar := f.bars[e.Stage]
	if bar == nil {
		bar = f.progress.Begin(label(e), int64(e.Total), "items")
		f.bars[e.Stage] = bar
	}
	bar.Set(int64(e.Done))
}

// end closes the bars. Not before: a stage may find more to do after it has
// done all that it knew of.
func (f *follower) end() {
	for _, stage := range slices.Sorted(maps.Keys(f.bars)) {
		f.bars[stage].Done()
	}
}

func status(s sandbox.Status) view.SandboxStatus {
	shown := view.SandboxStatus{
		Phase: string(s.Phase), Workspace: s.Workspace, UptimeSeconds: s.UptimeSeconds,
		Parts: []view.SandboxPart{}, Stages: []view.SandboxStage{}, Logs: s.Logs,
		Endpoints: endpoints(s.Endpoints),
	}
	for _, p := range s.Parts {
		shown.Parts = append(shown.Parts, view.SandboxPart{
			Name: p.Name, State: string(p.State), Addresses: p.Addresses, PID: p.PID, MemoryBytes: p.MemoryBytes,
			UptimeSeconds: p.UptimeSeconds, Restarts: p.Restarts, Log: p.Log, Trouble: p.Trouble,
		})
	}
	for _, st := range s.Stages {
		shown.Stages = append(shown.Stages, view.SandboxStage{Name: st.Name, Seconds: st.Seconds})
	}
	if s.Trouble != nil {
		shown.Trouble = s.Trouble.Text
	}
	return shown
}

// shopEndpoint is the name of the sample workload among the endpoints.
const shopEndpoint = "bookshop (aws side)"

// endpoints names the addresses that a user types somewhere.
func endpoints(e sandbox.Endpoints) map[string]string {
	named := map[string]string{
		"aws": e.AWS, "azure resource manager": e.ResourceManager, "azure authority": e.Authority,
		"azure blob": e.Blob, "azure queue": e.Queue, "dns": e.DNS,
		"postgresql aws": e.SourceDatabase, "postgresql azure": e.TargetDatabase, shopEndpoint: e.Shop,
	}
	for name, address := range named {
		if address == "" {
			delete(named, name)
		}
	}
	return named
}

func label(e sandbox.Event) string {
	if e.Text == "" {
		return e.Stage
	}
	return e.Stage + ": " + e.Text
}
