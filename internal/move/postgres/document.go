package postgres

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/follow/ddl"
	"example.com/landfall/internal/move/postgres/follow/fence"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/roles"
)

// Stage is how far a move is; see the package.
type Stage string

// The stages.
const (
	None      Stage = ""
	Copying   Stage = "copying"
	Copied    Stage = "copied" // of a move that follows nothing
	Following Stage = "following"
	Fenced    Stage = "fenced"
	Drained   Stage = "drained"
	Proved    Stage = "proved"
	Returning Stage = "returning"
	Switched  Stage = "switched"
	Signed    Stage = "signed"
	Abandoned Stage = "abandoned"
)

// Document is what a move keeps. It holds no password.
type Document struct {
	Run   follow.Run `json:"run"`
	Stage Stage      `json:"stage"`
	// Source and Target are without password.
	Source string `json:"source"`
	Target string `json:"target"`
	// Settings are those that the move was begun with.
	Settings Settings  `json:"settings"`
	Began    time.Time `json:"began"`
	// SourceAddress and TargetAddress are those by which the servers reach each other,
	// "" for those of the URLs.
	SourceAddress string `json:"sourceAddress,omitempty"`
	TargetAddress string `json:"targetAddress,omitempty"`
	// TargetWasEmpty says that the target held nothing before the copy but schemas,
	// which TargetHad names.
	TargetWasEmpty bool     `json:"targetWasEmpty"`
	TargetHad      []string `json:"targetHad,omitempty"`
	// Roles is the plan that was made for the target before anything was changed: only
	// the first one knows what was not there.
	Roles roles.Plan `json:"roles"`
	// Identities were set at the source for the move.
	Identities []follow.Identity `json:"identities,omitempty"`
	// Catalogue is the schema of the source as it was copied.
	Catalogue ddl.Catalogue `json:"catalogue"`
	// Streams are what the target follows, or followed before the switch.
	Streams []Streamed `json:"streams,omitempty"`
	// Left is what the target does not have.
	Left []base.Left `json:"left,omitempty"`
	// Source fence and target fence, as the databases stood before. A side is shut
	// or being shut as long as it has one.
	SourceFence *fence.State `json:"sourceFence,omitempty"`
	TargetFence *fence.State `json:"targetFence,omitempty"`
	// FenceLSN is behind the last commit at the source.
	FenceLSN pg.LSN `json:"fenceLSN,omitempty"`
	// Turned says that what is written at the target goes to the source.
	Turned bool `json:"turned,omitempty"`
	// Rejoined says that the target follows by one stream again, after a way back.
	Rejoined bool `json:"rejoined,omitempty"`
	// FencedAt and OpenedAt say how long nobody could write.
	FencedAt time.Time `json:"fencedAt,omitzero"`
	OpenedAt time.Time `json:"openedAt,omitzero"`
	// Served says that the target was open to others at some time.
	Served bool `json:"served,omitempty"`
	// Untold is a stage that was reached and perhaps not recorded.
	Untold *untold `json:"untold,omitempty"`
	// Lost says why following has ended for good.
	Lost string `json:"lost,omitempty"`
}

// untold is what the record has still to be told.
type untold struct {
	Stage   Stage `json:"stage"`
	Details any   `json:"details,omitempty"`
}

// Streamed is a stream with the names of its tables.
type Streamed struct {
	Name   string    `json:"name"`
	Tables []pg.Name `json:"tables"`
	// Ready says that the target may apply it.
	Ready bool `json:"ready"`
}

// Store keeps a document durably: what Save has returned nil for is what Load
// gives after a kill.
type Store interface {
	Load() (content []byte, found bool, err error)
	Save(content []byte) error
}

func (m *Mover) load() error {
	content, found, err := m.ports.Store.Load()
	if err != nil || !found {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var d Document
	if err := decoder.Decode(&d); err != nil {
		return fault.Of(fault.Invalid, "read how far the move is", "", err).Hintf("another version of Landfall wrote it: go on with that one")
	}
	m.doc = d
	return nil
}

func (m *Mover) save() error {
	content, err := json.MarshalIndent(m.doc, "", "  ")
	if err != nil {
		return fault.Of(fault.Internal, "write down how far the move is", "", err)
	}
	return m.ports.Store.Save(append(content, '\n'))
}

// reach writes down that a stage is reached, and tells the record: at least once,
// whatever happens in between.
func (m *Mover) reach(stage Stage, details map[string]any) error {
	if err := m.catchUp(); err != nil {
		return err
	}
	m.doc.Stage, m.doc.Untold = stage, &untold{stage, details}
	if err := m.save(); err != nil {
		return err
	}
	return m.catchUp()
}

// catchUp tells the record what it may not have been told.
func (m *Mover) catchUp() error {
	u := m.doc.Untold
	if u == nil {
		return nil
	}
	if err := m.tell("stage."+string(u.Stage), u.Details); err != nil {
		return err
	}
	m.doc.Untold = nil
	return m.save()
}

// at is an error unless the move stands at one of the stages.
func (m *Mover) at(verb string, stages ...Stage) error {
	if m.in(stages...) {
		return nil
	}
	stage := m.doc.Stage
	if stage == None {
		return fault.Newf(fault.NotFound, "%s: no move of this database is under way", verb).Hintf("landfall move postgres --source URL --target URL")
	}
	return fault.Newf(fault.Refused, "%s: the move is %q", verb, stage).Hintf("landfall move postgres status")
}

// in reports whether the move stands at one of the stages.
func (m *Mover) in(stages ...Stage) bool { return slices.Contains(stages, m.doc.Stage) }

// newRun names a run by eight random hexadecimal digits.
func newRun() (follow.Run, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fault.Of(fault.Internal, "name the run", "", err)
	}
	return follow.Run(hex.EncodeToString(b[:])), nil
}
