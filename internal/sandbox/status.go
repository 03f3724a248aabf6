package sandbox

import (
	"context"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
)

// Status is what "landfall sandbox status" tells.
type Status struct {
	Phase     Phase  `json:"phase"`
	Workspace string `json:"workspace"`
	// Supervisor is its process number, 0 when none runs.
	Supervisor    int          `json:"supervisor"`
	Started       time.Time    `json:"started,omitzero"`
	UptimeSeconds float64      `json:"uptimeSeconds"`
	Parts         []PartStatus `json:"parts"`
	Stages        []Stage      `json:"stages"`
	Endpoints     Endpoints    `json:"endpoints"`
	Logs          string       `json:"logs"`
	Trouble       *Trouble     `json:"trouble,omitempty"`
}

// PartStatus is one server of the sandbox, or a service that the supervisor
// itself hosts.
type PartStatus struct {
	Name      string     `json:"name"`
	State     part.State `json:"state"`
	Addresses []string   `json:"addresses"`
	PID       int        `json:"pid"`
	// MemoryBytes are the resident bytes of the process and its descendants.
	// For a service that the supervisor hosts they are the supervisor's.
	MemoryBytes   int64   `json:"memoryBytes"`
	UptimeSeconds float64 `json:"uptimeSeconds"`
	Restarts      int     `json:"restarts"`
	Log           string  `json:"log"`
	Trouble       string  `json:"trouble,omitempty"`
}

// StatusOf returns the status of the sandbox of a workspace. A sandbox that
// does not run is PhaseDown and no error.
func StatusOf(ctx context.Context, workspace string) (Status, error) {
	l, err := newLayout(workspace)
	if err != nil {
		return Status{}, err
	}
	alive, err := supervisorAlive(l)
	if err != nil {
		return Status{}, err
	}
	s, alive, err := currentState(ctx, l, alive)
	if fault.Is(err, fault.NotFound) {
		phase := PhaseDown
		if alive {
			phase = PhaseStarting
		}
		return Status{Phase: phase, Workspace: l.workspace, Parts: []PartStatus{}, Stages: []Stage{}, Logs: l.logs()}, nil
	}
	if err != nil {
		return Status{}, err
	}
	return describe(ctx, l, s, alive), nil
}

// currentState asks the supervisor, and reads its file when it does not run or
// does not answer. It also returns whether it runs, because that may have
// changed meanwhile.
func currentState(ctx context.Context, l layout, alive bool) (State, bool, error) {
	if !alive {
		s, err := readState(l)
		return s, false, err
	}
	var s State
	askErr := ask(ctx, l, "GET", "/state", &s)
	if askErr == nil {
		return s, true, nil
	}
	if fault.Is(askErr, fault.NotFound) {
		s, err := readState(l) // it has not written how to reach it yet
		return s, true, err
	}
	gone, err := awaitGone(ctx, l, dyingWithin)
	if err != nil {
		return State{}, false, err
	}
	s, err = readState(l)
	if err == nil && !gone {
		s.Trouble = &Trouble{Kind: fault.Unavailable, Text: "the supervisor does not answer: " + askErr.Error(), Hint: hintDown}
	}
	return s, !gone, err
}

func describe(ctx context.Context, l layout, s State, alive bool) Status {
	now := time.Now()
	out := Status{
		Phase: s.Phase, Workspace: l.workspace, Started: s.Started, Parts: []PartStatus{}, Stages: s.Stages,
		Endpoints: s.Endpoints, Logs: l.logs(), Trouble: s.Trouble,
	}
	if alive {
		out.Supervisor = s.Supervisor.PID
		out.UptimeSeconds = seconds(now.Sub(s.Started))
	}
	if !alive && s.Phase != PhaseFailed && s.Phase != PhaseStopped {
		out.Phase = PhaseFailed
		out.Trouble = &Trouble{
			Kind: fault.Unavailable, Text: "the supervisor is gone; it died while the sandbox was " + string(s.Phase),
			Hint: "landfall sandbox up begins afresh, landfall sandbox down cleans up",
		}
	}
	for _, p := range s.Parts {
		one := PartStatus{
			Name: p.Name, State: p.State, Addresses: p.Addresses, Restarts: p.Restarts, Log: p.Log, Trouble: p.Trouble,
		}
		if p.Process.Alive() {
			one.PID = p.Process.PID
			one.MemoryBytes = memory(ctx, p, s)
			one.UptimeSeconds = seconds(now.Sub(p.Started))
		} else if p.State == part.Ready || p.State == part.Starting {
			one.State = part.Failed
			one.Trouble = "its process is gone"
		}
		out.Parts = append(out.Parts, one)
	}
	return out
}

func memory(ctx context.Context, p part.Status, s State) int64 {
	if p.Process == s.Supervisor {
		return p.Process.OwnMemory(ctx) // its descendants are the other parts
	}
	return p.Process.Memory(ctx)
}
