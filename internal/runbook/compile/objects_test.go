package compile_test

import (
	"slices"
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

// What happens to names that Azure cannot hold is declared with the bucket, fails
// where nobody has, and stands in the inputs of the steps and thus in what is
// approved.
func TestPoliciesForNamesAreApproved(t *testing.T) {
	t.Parallel()
	plan := func(names, metadata string) (*runbook.Runbook, []runbook.Step) {
		in := named(t, "bookshop")
		in.Kinds = map[runbook.StepKind]bool{"move.objects": true, "verify.objects": true}
		covers := resource(t, in, "Covers")
		in.Choices.Data = []compile.DataChoice{{Of: string(covers), Names: names, Metadata: metadata, Bytes: 1 << 30}}
		r := compiled(t, in, runbook.BigBang)
		var steps []runbook.Step
		for _, s := range r.Steps {
			if s.Inputs["source"] == string(covers) && (s.Kind == "move.objects" || s.Kind == "verify.objects") {
				steps = append(steps, s)
			}
		}
		return r, steps
	}
	prints := map[string]bool{}
	for _, c := range [][4]string{{"", "", "fail", "fail"}, {"rename", "exclude", "rename", "exclude"}, {"exclude", "", "exclude", "fail"}} {
		r, steps := plan(c[0], c[1])
		print, err := r.Fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		prints[print] = true
		if len(steps) == 0 {
			t.Fatal("no step moves the bucket")
		}
		for _, s := range steps {
			if s.Inputs["names"] != c[2] || s.Inputs["metadata"] != c[3] {
				t.Errorf("%s: %v", s.ID, s.Inputs)
			}
			if s.Kind == "move.objects" && !strings.Contains(s.Do, "(names: "+c[2]+")") {
				t.Errorf("%s: %s", s.ID, s.Do)
			}
		}
	}
	if len(prints) != 3 {
		t.Errorf("%d fingerprints of three policies", len(prints))
	}
	in := named(t, "bookshop")
	in.Choices.Data = []compile.DataChoice{{Of: string(resource(t, in, "Database")), Names: "rename", Bytes: 1}}
	r := compiled(t, in, runbook.BigBang)
	if !slices.ContainsFunc(r.Findings, func(f runbook.Finding) bool { return strings.HasPrefix(f.ID, "names:") && f.Blocks }) {
		t.Errorf("names of objects in a database: %+v", r.Findings)
	}
}
