package action

import (
	"context"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// The kinds that people and clocks carry out.
const (
	KindManual runbook.StepKind = "manual"
	KindWait   runbook.StepKind = "wait"
	KindNote   runbook.StepKind = "note"
)

// Manual is a step that a person carries out. The engine asks the person; what
// is left for an action is to say that nobody else can tell.
type Manual struct{}

// Check cannot tell.
func (Manual) Check(context.Context, *Call) (Seen, string, error) {
	return CannotTell, "a person carries it out, and only a person can tell", nil
}

// Apply is a person's.
func (Manual) Apply(_ context.Context, c *Call) error {
	return fault.Newf(fault.Unsupported, "carry out step %q: a person does", c.Step.ID).Hintf("landfall confirm %s --reason TEXT", c.Step.ID)
}

// Verify is a person's.
func (m Manual) Verify(ctx context.Context, c *Call) ([]Evidence, error) { return nil, m.Apply(ctx, c) }

// Undo is a person's.
func (m Manual) Undo(ctx context.Context, c *Call) ([]Evidence, error) { return nil, m.Apply(ctx, c) }

// Wait is a step that is nothing but its wait, which the engine keeps.
type Wait struct{ only }

// Try has nothing left to do.
func (Wait) Try(context.Context, *Call) ([]Evidence, error) { return nil, nil }

// Note puts a claim of the runbook into the ledger.
type Note struct{ only }

// Try gives the note as evidence.
func (Note) Try(_ context.Context, c *Call) ([]Evidence, error) {
	var in struct {
		Text string            `json:"text"`
		Data map[string]string `json:"data"`
	}
	if err := inputs(c, &in); err != nil {
		return nil, err
	}
	if in.Text == "" {
		return nil, fault.Newf(fault.Invalid, "note step %q: it has no text", c.Step.ID)
	}
	return []Evidence{{Kind: "note", Text: in.Text, Data: in.Data}}, nil
}

var (
	_ Action = Manual{}
	_ Test   = Wait{}
	_ Test   = Note{}
)
