package postgres

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/follow/ddl"
	"example.com/landfall/internal/move/postgres/follow/fence"
	"example.com/landfall/internal/move/postgres/pg"
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
	// TargetWasEmpty says that the target held nothing before the copy.
	TargetWasEmpty bool `json:"targetWasEmpty"`
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
	// FencedAt and SwitchedAt say how long nobody could write.
	FencedAt   time.Time `json:"fencedAt,omitzero"`
	SwitchedAt time.Time `json:"switchedAt,omitzero"`
	// Lost says why following has ended for good.
	Lost string `json:"lost,omitempty"`
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

// reach writes down that a stage is reached, and tells the record.
func (m *Mover) reach(stage Stage, details map[string]any) error {
	m.doc.Stage = stage
	if err := m.save(); err != nil {
		return err
	}
	return m.tell("stage."+string(stage), details)
}

// at is an error unless the move stands at one of the stages.
func (m *Mover) at(verb string, stages ...Stage) error {
	for _, s := range stages {
		if m.doc.Stage == s {
			return nil
		}
	}
	stage := m.doc.Stage
	if stage == None {
		return fault.Newf(fault.NotFound, "%s: no move of this database is under way", verb).Hintf("landfall move postgres --source URL --target URL")
	}
	return fault.Newf(fault.Refused, "%s: the move is %q", verb, stage).Hintf("landfall move postgres status")
}

// newRun names a run by eight random hexadecimal digits.
func newRun() (follow.Run, error) {
	var b [4]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fault.Of(fault.Internal, "name the run", "", err)
	}
	return follow.Run(hex.EncodeToString(b[:])), nil
}
