package temporal

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// The names under which histories know the workflow, its activities and its
// handlers. They are part of every recorded history: never change one.
const (
	workflowName   = "landfall.run"
	stepActivity   = "landfall.step"
	askActivity    = "landfall.ask"
	tellActivity   = "landfall.tell"
	recordActivity = "landfall.record"
	proveActivity  = "landfall.prove"
	fanWorkflow    = "landfall.fan"
	partsWorkflow  = "landfall.parts"
	partActivity   = "landfall.part"
	keepActivity   = "landfall.keep"
	eventUpdate    = "landfall.event"
	statusQuery    = "landfall.status"
	stateQuery     = "landfall.state"
)

// Input starts a run, and carries it over into its next history.
type Input struct {
	Run string `json:"run"`
	// Fingerprint of the plan.
	Fingerprint string `json:"fingerprint"`
	// Plan is the runbook, packed.
	Plan []byte `json:"plan"`
	// State is where the run stands, packed; nil for a new one.
	State []byte `json:"state,omitempty"`
	// From is the checkpoint of another engine, packed; nil without one.
	From  []byte        `json:"from,omitempty"`
	Until runbook.Phase `json:"until,omitempty"`
	// Held are commands that the history before this one did not begin.
	Held []engine.Command `json:"held,omitempty"`
	// Untold are messages that the history before this one has not sent.
	Untold []engine.Telling `json:"untold,omitempty"`
	// Queues are the task queues by place; what is not named goes to the queue
	// of the workflow itself.
	Queues map[runbook.Place]string `json:"queues,omitempty"`
	// By, How and Role say who started it.
	By   string `json:"by"`
	How  string `json:"how"`
	Role string `json:"role,omitempty"`
	// BeatMillis takes the place of beatTimeout when it is set, TakenMillis that
	// of takenWithin.
	BeatMillis  int64 `json:"beatMillis,omitempty"`
	TakenMillis int64 `json:"takenMillis,omitempty"`
	// Fans bound the parts of attempts.
	Fans Fans `json:"fans,omitzero"`
	// Form is the version of the driver by which the run was started: a history is
	// replayed as it was made. Version 0 has one queue for everything, version 1
	// carries each attempt out on one worker.
	Form int `json:"form,omitempty"`
}

// form is the version of the driver by which runs are started.
const form = fanForm

// The queues beside that of a run on which its workspace's worker listens. What
// a run cannot do without has room there, however many attempts are under way.
const (
	ledgerQueue   = "-ledger"
	questionQueue = "-questions"
	messageQueue  = "-messages"
	// partsQueue is beside that of every worker: it takes fewer parts at a time
	// than attempts, as each of them is as much work as it can be.
	partsQueue = "-parts"
)

// taken is how long an attempt may wait for a worker before people are told.
func (in *Input) taken() time.Duration {
	if in.TakenMillis > 0 {
		return time.Duration(in.TakenMillis) * time.Millisecond
	}
	return takenWithin
}

// beat is how long a worker may be silent. It is part of the input, so that a
// history is replayed with the times with which it was made.
func (in *Input) beat() time.Duration {
	if in.BeatMillis > 0 {
		return time.Duration(in.BeatMillis) * time.Millisecond
	}
	return beatTimeout
}

// Ended is what a run came to: its last state, packed.
type Ended struct {
	Result string `json:"result"`
	State  []byte `json:"state"`
}

// maxUnpacked bounds what a packed value may become.
const maxUnpacked = 256 << 20

// pack writes a value as compressed JSON, if it fits into a payload by itself.
func pack(what string, value any) ([]byte, error) {
	out, err := packed(what, value)
	if err == nil && len(out) > room(0) {
		return nil, fault.Newf(fault.Unsupported, "%s takes %d bytes, an engine takes %d", what, len(out), room(0))
	}
	return out, err
}

// packed writes a value as compressed JSON: a payload has a limit, and plans of
// thousands of steps repeat themselves.
func packed(what string, value any) ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, fault.Of(fault.Internal, "pack", what, err)
	}
	if err := json.NewEncoder(z).Encode(value); err != nil {
		return nil, fault.Of(fault.Internal, "pack", what, err)
	}
	if err := z.Close(); err != nil {
		return nil, fault.Of(fault.Internal, "pack", what, err)
	}
	return out.Bytes(), nil
}

// unpack reads what pack wrote.
func unpack(what string, data []byte, into any) error {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("unpack %s: %w", what, err)
	}
	if err := json.NewDecoder(io.LimitReader(z, maxUnpacked)).Decode(into); err != nil {
		return fmt.Errorf("unpack %s: %w", what, err)
	}
	return z.Close()
}
