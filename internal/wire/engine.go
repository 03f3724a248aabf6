package wire

import (
	"context"
	"strconv"
	"time"

	"example.com/landfall/internal/app"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/engine/temporal"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

// engines builds what carries runs out: a program of its own on this machine,
// which is started when it is needed, or the cluster that landfall.yaml names.
// Both are asked in the same way.
func engines(s app.Setup, c *config.Config, cacheDir string) app.Engines {
	e := engineParts{setup: s, config: c, cacheDir: cacheDir}
	return app.Engines{Connect: e.connect, Work: e.work, Status: e.status, Start: e.start, Stop: e.stop}
}

const (
	// dials is how often an engine of this machine is tried that should answer and
	// does not, dialPause the time between.
	dials     = 3
	dialPause = 300 * time.Millisecond
)

type engineParts struct {
	setup    app.Setup
	config   *config.Config
	cacheDir string
}

// dial connects to the engine of the place, which start brings up when it is
// the embedded one and does not run.
func (e engineParts) dial(ctx context.Context, place app.EnginePlace, start bool) (*temporal.Connection, error) {
	c := &e.config.Engine
	if c.Address != "" && !place.Rehearsal {
		return temporal.Connect(ctx, host.Config{
			Address: c.Address, Namespace: c.Namespace, TLS: host.TLS{Off: c.Insecure, CA: c.CAFile, Cert: c.CertFile, Key: c.KeyFile}, APIKeyVariable: c.APIKeyVariable,
			KeyringDir: place.Dir, Env: e.setup.Getenv, Log: e.setup.Log,
		})
	}
	// One that was killed is still written down for a moment, and takes a
	// connection with it: it is looked for again.
	for try := 0; ; try++ {
		at, err := host.Find(place.Dir)
		if err != nil && start && (fault.Is(err, fault.NotFound) || fault.Is(err, fault.Unavailable)) {
			at, err = e.bring(ctx, place)
		}
		if err != nil {
			return nil, err
		}
		local := host.Local(place.Dir, at, e.setup.Getenv)
		local.Log = e.setup.Log
		connection, err := temporal.Connect(ctx, local)
		if err == nil || !start || try == dials-1 || !fault.Is(err, fault.Unavailable) {
			return connection, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(dialPause):
		}
	}
}

func (e engineParts) connect(ctx context.Context, place app.EnginePlace, start bool) (engine.Runs, func(), error) {
	connection, err := e.dial(ctx, place, start)
	if err != nil {
		return nil, nil, err
	}
	return connection.Runs(place.Queue), connection.Close, nil
}

func (e engineParts) work(ctx context.Context, place app.EnginePlace, w app.Work) error {
	connection, err := e.dial(ctx, place, false)
	if err != nil {
		return err
	}
	defer connection.Close()
	if w.Queue == "" {
		w.Queue = place.Queue
	}
	return connection.Work(ctx, temporal.WorkerOptions{Queue: w.Queue, Home: w.Home, Hands: w.Hands, Log: e.setup.Log})
}

// bring starts the embedded engine. It keeps a worker of this workspace beside
// it: this program, as "landfall worker".
func (e engineParts) bring(ctx context.Context, place app.EnginePlace) (host.Address, error) {
	binary, err := host.Binary(e.setup.Exe, e.cacheDir, e.setup.Version, e.setup.Getenv)
	if err != nil {
		return host.Address{}, err
	}
	hours := strconv.FormatFloat(float64(e.config.Engine.IdleMinutes)/60, 'f', 4, 64)
	flags := []string{"--hours", hours}
	if !place.Rehearsal {
		flags = append(flags, "--worker", e.setup.Exe, "--worker-arg=worker", "--worker-arg=--workspace="+place.Workspace)
	}
	return host.Start(ctx, binary, place.Dir, flags...)
}

func (e engineParts) start(ctx context.Context, place app.EnginePlace) error {
	if a := e.config.Engine.Address; a != "" {
		return fault.Newf(fault.Conflict, "start the engine: landfall.yaml names the cluster at %q", a).Hintf("landfall engine status")
	}
	_, err := e.bring(ctx, place)
	return err
}

func (e engineParts) stop(ctx context.Context, place app.EnginePlace) (bool, error) {
	if a := e.config.Engine.Address; a != "" && !place.Rehearsal {
		return false, fault.Newf(fault.Conflict, "stop the engine: landfall.yaml names the cluster at %q", a).Hintf("landfall engine status")
	}
	return host.Stop(ctx, place.Dir)
}

func (e engineParts) status(ctx context.Context, place app.EnginePlace) (view.EngineStatus, error) {
	if a := e.config.Engine.Address; a != "" {
		out := view.EngineStatus{Address: a, State: "answers"}
		connection, err := e.dial(ctx, place, false)
		if err != nil {
			out.State = err.Error()
			return out, nil
		}
		connection.Close()
		return out, nil
	}
	s, err := host.StatusOf(ctx, place.Dir, e.setup.Getenv)
	if err != nil {
		return view.EngineStatus{}, err
	}
	out := view.EngineStatus{Embedded: true, Address: s.Address.Address, State: string(s.State), PID: s.PID, Version: s.Address.Version, Server: s.Address.Server, MemoryBytes: s.MemoryBytes, Started: s.Address.Started}
	for _, f := range s.Files {
		out.FileBytes += f.SizeBytes
	}
	return out, nil
}
