package app

import (
	"context"
	"os"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/view"
)

// engineFolder holds the embedded engine's files, inside the private folder.
const engineFolder = "engine"

// Engines is what carries runs out: the embedded engine of a workspace, or the
// cluster that landfall.yaml names.
type Engines struct {
	// Connect returns what speaks with the runs, and what closes it. The
	// embedded engine is started when it does not run and start says so;
	// otherwise that is NotFound.
	Connect func(ctx context.Context, place EnginePlace, start bool) (engine.Runs, func(), error)
	// Work carries out what is asked of a queue until ctx ends.
	Work func(ctx context.Context, place EnginePlace, w Work) error
	// Status, Start and Stop are about the process of the embedded engine.
	Status func(ctx context.Context, place EnginePlace) (view.EngineStatus, error)
	Start  func(ctx context.Context, place EnginePlace) error
	Stop   func(ctx context.Context, place EnginePlace) (bool, error)
}

// EnginePlace says where the engine of a workspace is.
type EnginePlace struct {
	// Dir holds the embedded engine's files, certificates and keys.
	Dir string
	// Workspace is the root of the workspace: the engine's own worker opens it.
	Workspace string
	// Queue is that of the runs: on a cluster several workspaces may have some.
	Queue string
	// Rehearsal is the engine of rehearsals: always an embedded one with a folder
	// of its own. It keeps no worker, because a worker's environment says which
	// clouds it reaches, and that of the rehearsal was looked at; the rehearsing
	// process works itself.
	Rehearsal bool
}

// Work is what a worker does.
type Work struct {
	// Queue that it serves, by its whole name; "" for that of the place.
	Queue string
	// Home workers run the interpreter and write the ledger.
	Home  bool
	Hands engine.Hands
}

// enginePlace is where the engine of the workspace is.
func (a *App) enginePlace() (EnginePlace, error) {
	w, err := a.need()
	if err != nil {
		return EnginePlace{}, err
	}
	id, err := workspaceID(w)
	if err != nil {
		return EnginePlace{}, err
	}
	dir, err := w.Private(engineFolder)
	return EnginePlace{Dir: dir, Workspace: w.Root(), Queue: runQueue(id, false)}, err
}

// runs connects to the engine.
func (a *App) runs(ctx context.Context, start bool) (engine.Runs, func(), error) {
	place, err := a.enginePlace()
	if err != nil {
		return nil, nil, err
	}
	return a.Engines.Connect(ctx, place, start)
}

// EngineStatus says how the engine of the workspace is.
func (a *App) EngineStatus(ctx context.Context) (view.EngineStatus, error) {
	place, err := a.enginePlace()
	if err != nil {
		return view.EngineStatus{}, err
	}
	return a.engineStatus(ctx, place)
}

// engineStatus adds the run under way to what the process says of itself.
func (a *App) engineStatus(ctx context.Context, place EnginePlace) (view.EngineStatus, error) {
	out, err := a.Engines.Status(ctx, place)
	if err != nil {
		return out, err
	}
	w, err := a.need()
	if err != nil {
		return out, err
	}
	x, err := openExecution(w)
	if x != nil {
		out.Run = x.Run
	}
	return out, err
}

// EngineStart starts the embedded engine and waits until it answers.
func (a *App) EngineStart(ctx context.Context) (view.EngineStatus, error) {
	place, err := a.enginePlace()
	if err != nil {
		return view.EngineStatus{}, err
	}
	if err := a.Engines.Start(ctx, place); err != nil {
		return view.EngineStatus{}, err
	}
	return a.engineStatus(ctx, place)
}

// EngineStop stops the embedded engine. Open runs go on when it is started
// again; nothing is lost.
func (a *App) EngineStop(ctx context.Context) (view.EngineStatus, error) {
	place, err := a.enginePlace()
	if err != nil {
		return view.EngineStatus{}, err
	}
	if _, err := a.Engines.Stop(ctx, place); err != nil {
		return view.EngineStatus{}, err
	}
	// A rehearsal that was killed leaves its engine behind.
	rehearsals, err := rehearsalPlace(a.Workspace)
	if err != nil {
		return view.EngineStatus{}, err
	}
	if _, err := os.Stat(rehearsals.Dir); err == nil {
		if _, err := a.Engines.Stop(ctx, rehearsals); err != nil {
			return view.EngineStatus{}, err
		}
	}
	return a.engineStatus(ctx, place)
}

// Worker carries out what is asked of a queue until it is told to end. Without
// a queue it is the worker of the workspace itself, which runs the interpreter
// and writes the ledger. With one it may stand in a folder that is a copy of
// little more than landfall.yaml, which knows no runs.
func (a *App) Worker(ctx context.Context, queue string) error {
	place, work, err := a.workplace(queue)
	if err != nil {
		return err
	}
	err = a.Engines.Work(ctx, place, work)
	if ctx.Err() != nil && err == nil {
		return nil
	}
	return err
}

func (a *App) workplace(queue string) (EnginePlace, Work, error) {
	if queue == "" {
		place, err := a.enginePlace()
		return place, Work{Home: true, Hands: ownRuns{a.hands(), a}}, err
	}
	w, err := a.need()
	if err != nil {
		return EnginePlace{}, Work{}, err
	}
	served, err := servedQueue(w, queue)
	if err != nil {
		return EnginePlace{}, Work{}, err
	}
	dir, err := w.Private(engineFolder)
	return EnginePlace{Dir: dir, Workspace: w.Root(), Queue: served}, Work{Queue: served, Hands: a.hands()}, err
}

// statusWithin bounds the question for the status: without a worker nobody
// answers it, and a person waits.
const statusWithin = 30 * time.Second

// noRun is the answer where no run was begun.
func noRun() error {
	return fault.Newf(fault.NotFound, "no run was begun in this workspace").Hintf("landfall run")
}

// noneUnderWay is the answer to who speaks with a run where none is open.
func noneUnderWay() error {
	return fault.Newf(fault.NotFound, "no run is under way in this workspace").Hintf("landfall run")
}
