package action

import (
	"context"
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// The kinds that look whether the source is as it was: at the beginning of the
// freeze, and at any later moment.
const (
	KindFreeze    runbook.StepKind = "freeze"
	KindUnchanged runbook.StepKind = "source.unchanged"
)

// SourceChange is one difference between the source and inventory.json.
type SourceChange struct {
	ID cloud.ResourceID
	// What is "changed", "new" or "gone".
	What string
	// Properties that differ, by name; never their values.
	Properties []string
}

// Source compares the source with what the plan was made from.
type Source interface {
	// Changes scans the source by reading only and compares the fingerprint of
	// each resource with that in inventory.json, in the order of the ids. looked
	// is how many were compared, unread names what could not be read: of that
	// nobody knows whether it changed.
	Changes(ctx context.Context) (changes []SourceChange, looked int, unread []string, err error)
}

// Unchanged finds changes that nobody announced.
type Unchanged struct {
	only
	Source Source
}

var _ Test = Unchanged{}

// Try compares. A change that the inputs name was announced.
func (a Unchanged) Try(ctx context.Context, c *Call) ([]Evidence, error) {
	var in struct {
		Announced []cloud.ResourceID `json:"announced"`
	}
	if err := inputs(c, &in); err != nil {
		return nil, err
	}
	changes, looked, unread, err := a.Source.Changes(ctx)
	if err != nil {
		return nil, err
	}
	var wrong []SourceChange
	for _, change := range changes {
		if !slices.Contains(in.Announced, change.ID) {
			wrong = append(wrong, change)
		}
	}
	e := Evidence{Kind: "source", Text: number(looked) + " resources compared, " + number(len(wrong)) + " changed unannounced", Data: map[string]string{
		"compared": number(looked), "changed": number(len(changes)), "unannounced": number(len(wrong)), "unread": number(len(unread)),
	}}
	const shown = 20
	for k, change := range wrong[:min(shown, len(wrong))] {
		e.Data["change"+number(k+1)] = change.What + " " + string(change.ID)
	}
	switch {
	case len(wrong) > 0:
		return []Evidence{e}, fault.Newf(fault.Found, "compare the source with inventory.json: %d changes that nobody announced, first: %s is %s", len(wrong), wrong[0].ID, wrong[0].What).
			Hintf("settle it with who made it, then: landfall assess")
	case len(unread) > 0:
		return []Evidence{e}, fault.Newf(fault.Unavailable, "compare the source with inventory.json: %d were not read, first: %s", len(unread), unread[0])
	case looked == 0:
		return []Evidence{e}, fault.Newf(fault.Found, "compare the source with inventory.json: there was nothing to compare")
	}
	return []Evidence{e}, nil
}
