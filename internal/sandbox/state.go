package sandbox

import (
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
)

// Phase is where a sandbox stands.
type Phase string

// The phases. Down is the one that no state file holds: it is their absence.
//
//	starting -> seeding -> ready -> stopping -> stopped
//	any of the first three -> failed
const (
	PhaseDown     Phase = "down"
	PhaseStarting Phase = "starting" // servers are being started
	PhaseSeeding  Phase = "seeding"  // servers run, the AWS side is being filled
	PhaseReady    Phase = "ready"
	PhaseStopping Phase = "stopping"
	PhaseStopped  Phase = "stopped" // the supervisor ended in order
	PhaseFailed   Phase = "failed"  // see State.Trouble
)

// schemaVersion of the state file. A file of another version was written by
// another Landfall and is treated as one that cannot be read.
const schemaVersion = 1

// State is the state file of a sandbox, written by its supervisor alone.
type State struct {
	SchemaVersion int `json:"schemaVersion"`
	// Instance is made by each Up, so that it recognises its own supervisor.
	Instance string `json:"instance"`
	Tag      string `json:"tag"`
	Phase    Phase  `json:"phase"`
	// Supervisor is the process that wrote this.
	Supervisor proc.Identity `json:"supervisor"`
	Started    time.Time     `json:"started"`
	// Ready is when everything was up; zero before.
	Ready time.Time `json:"ready,omitzero"`
	// Parts are the servers, in the order of their names.
	Parts []part.Status `json:"parts"`
	// Stages are the steps of the start, in the order they ended.
	Stages []Stage `json:"stages"`
	// Events are what an onlooker is told, oldest first.
	Events []Event `json:"events"`
	// Endpoints are where things listen. Those not up yet are "".
	Endpoints Endpoints `json:"endpoints"`
	// Trouble is why the phase is failed.
	Trouble *Trouble `json:"trouble,omitempty"`
}

// Stage is a finished step of the start.
type Stage struct {
	Name    string  `json:"name"`
	Began   float64 `json:"beganSeconds"` // after the start of the supervisor
	Seconds float64 `json:"seconds"`
}

// Event is a line of progress.
type Event struct {
	// Number counts the events of one start from 1.
	Number int       `json:"number"`
	Time   time.Time `json:"time"`
	// Stage names the step; Text says what is known about it.
	Stage string `json:"stage"`
	Text  string `json:"text"`
	// Done of Total is how far the step is; Total is 0 when it cannot be counted.
	Done  int `json:"done,omitempty"`
	Total int `json:"total,omitempty"`
}

// maxEvents bounds what the state file keeps; a start has about forty.
const maxEvents = 400

// Endpoints are the addresses of a sandbox.
type Endpoints struct {
	// AWS is the one endpoint for every AWS service.
	AWS string `json:"aws"`
	// ResourceManager and Authority are the two of Azure's control plane.
	ResourceManager string `json:"resourceManager"`
	Authority       string `json:"authority"`
	// Blob, Queue and Table are Azure Storage, without the account.
	Blob  string `json:"blob"`
	Queue string `json:"queue"`
	Table string `json:"table"`
	// SourceDatabase and TargetDatabase are host:port of the two clusters.
	SourceDatabase string `json:"sourceDatabase"`
	TargetDatabase string `json:"targetDatabase"`
	// DNS is host:port of the name server.
	DNS string `json:"dns"`
	// Shop is the sample workload on the AWS side; TargetShop is where its
	// Azure side is to listen.
	Shop       string `json:"shop"`
	TargetShop string `json:"targetShop"`
}

// Trouble is an error on disk.
type Trouble struct {
	Kind fault.Kind `json:"kind"`
	Text string     `json:"text"`
	Hint string     `json:"hint,omitempty"`
}

func troubleOf(err error) *Trouble {
	return &Trouble{Kind: fault.KindOf(err), Text: err.Error(), Hint: fault.HintOf(err)}
}

// Err is the error again.
func (t *Trouble) Err() error {
	if t == nil {
		return nil
	}
	e := &fault.Error{Op: t.Text, Kind: t.Kind, Hint: t.Hint}
	return e
}

// readState reads the state file. One that is absent is NotFound; one that
// cannot be understood is Invalid.
func readState(l layout) (State, error) {
	var s State
	if err := readJSON(l.state(), &s); err != nil {
		return State{}, err
	}
	if s.SchemaVersion != schemaVersion {
		return State{}, fault.Newf(fault.Invalid, "read %q: schema version %d, this program knows %d", l.state(), s.SchemaVersion, schemaVersion).
			Hintf("landfall sandbox down")
	}
	return s, nil
}
