package compile_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/compile"
)

// Objects that are copied in the window are copied by the kind, and stay when the
// window is given up: the next copy then is short. A trial is emptied.
func TestObjectsAreMovedByTheirKind(t *testing.T) {
	t.Parallel()
	in := named(t, "bookshop")
	in.Kinds = map[runbook.StepKind]bool{"move.objects": true, "verify.objects": true}
	covers := resource(t, in, "Covers")
	in.Choices.Data = []compile.DataChoice{{Of: string(covers), Method: "offline", Bytes: 1 << 30}}
	r := compiled(t, in, runbook.BigBang)
	var kept, emptied, compared int
	for _, s := range r.Steps {
		if s.Inputs["source"] != string(covers) {
			continue
		}
		switch {
		case s.Kind == "verify.objects":
			compared++
		case s.Kind != "move.objects":
		case strings.HasPrefix(s.ID, "execute.copy."):
			kept++
			if s.Undo == nil || s.Undo.Inputs["keep"] != true {
				t.Errorf("%s takes the copy away: %+v", s.ID, s.Undo)
			}
		case strings.HasPrefix(s.ID, "execute.trial."):
			emptied++
			if s.Undo == nil || s.Undo.Inputs["keep"] != nil {
				t.Errorf("%s leaves the trial: %+v", s.ID, s.Undo)
			}
		}
	}
	if kept != 1 || emptied != 1 || compared != 2 {
		t.Errorf("%d copies, %d trials, %d comparisons", kept, emptied, compared)
	}
}
