package runbook_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/runbook"
)

// graph draws steps that need earlier ones only, in a random order.
func graph(t *rapid.T) []runbook.Step {
	n := rapid.IntRange(0, 30).Draw(t, "steps")
	steps := make([]runbook.Step, n)
	for i := range steps {
		steps[i] = runbook.Step{ID: fmt.Sprintf("execute.s%02d", i), Phase: runbook.Execute, ExpectedSeconds: rapid.Int64Range(1, 100).Draw(t, "takes"), WaitSeconds: rapid.Int64Range(0, 50).Draw(t, "waits"), InWindow: rapid.Bool().Draw(t, "window")}
		for k := range i {
			if rapid.IntRange(0, 4).Draw(t, "edge") == 0 {
				steps[i].Needs = append(steps[i].Needs, steps[k].ID)
			}
		}
	}
	return rapid.Permutation(steps).Draw(t, "order")
}

// Every step comes once, and after what it needs; a list in order stays as it is.
func TestOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		steps := graph(t)
		order, ok := runbook.Order(steps)
		if !ok || len(order) != len(steps) {
			t.Fatalf("%d of %d, %v", len(order), len(steps), ok)
		}
		var sorted []runbook.Step
		seen := map[string]bool{}
		for _, i := range order {
			for _, need := range steps[i].Needs {
				if !seen[need] {
					t.Fatalf("%s comes before %s", steps[i].ID, need)
				}
			}
			seen[steps[i].ID] = true
			sorted = append(sorted, steps[i])
		}
		again, _ := runbook.Order(sorted)
		if !slices.IsSorted(again) {
			t.Fatalf("an ordered list is put into another order: %v", again)
		}
	})
}

func TestOrderOfARing(t *testing.T) {
	t.Parallel()
	steps := []runbook.Step{{ID: "a", Needs: []string{"b"}}, {ID: "b", Needs: []string{"a"}}, {ID: "c", Needs: []string{"c"}}, {ID: "d", Needs: []string{"nothing"}}}
	order, ok := runbook.Order(steps)
	if ok || !slices.Equal(order, []int{3, 0, 1, 2}) {
		t.Errorf("%v %v", order, ok)
	}
	behind := (&runbook.Runbook{Steps: steps}).Behind()
	for i, want := range []bool{true, true, true, false} {
		if behind[i].Has(i) != want {
			t.Errorf("%s is behind itself: %v", steps[i].ID, !want)
		}
	}
}

// No step begins before what it needs has ended, none waits longer than it has
// to, and the longest chain is as long as the last end.
func TestSchedule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := &runbook.Runbook{Steps: graph(t)}
		slots := r.Schedule(runbook.InCutover)
		byID := map[string]runbook.Slot{}
		for _, s := range slots {
			byID[s.ID] = s
		}
		var end int64
		for i := range r.Steps {
			s, slot := &r.Steps[i], byID[r.Steps[i].ID]
			var ready int64
			for _, need := range s.Needs {
				ready = max(ready, byID[need].End)
			}
			if slot.Ready != ready || slot.Begin != ready+s.WaitSeconds || slot.End != slot.Begin+s.ExpectedSeconds {
				t.Fatalf("%+v of %+v", slot, s)
			}
			end = max(end, slot.End)
		}
		ids, seconds := runbook.Longest(slots)
		var sum int64
		for _, id := range ids {
			i := r.Index()[id]
			sum += r.Steps[i].Lead() + r.Steps[i].ExpectedSeconds
		}
		if seconds != end || sum != end || len(r.Steps) > 0 && byID[ids[0]].Ready != 0 {
			t.Fatalf("the chain %v takes %d s, the last end is %d s", ids, sum, end)
		}
		// Of a part of the steps the schedule is never longer.
		if _, inside := runbook.Longest(r.Schedule(runbook.InWindow)); inside > end {
			t.Fatalf("a part takes %d s, the whole %d s", inside, end)
		}
	})
}

func TestNoReturn(t *testing.T) {
	t.Parallel()
	undo := func(loses string) *runbook.Undo { return &runbook.Undo{Do: "x", Loses: loses} }
	binding := runbook.After{Gone: true}
	for _, c := range []struct {
		steps []runbook.Step
		want  string
	}{
		{nil, ""},
		{[]runbook.Step{{ID: "a", Undo: undo("")}, {ID: "b", UndoReason: "it changes nothing"}}, ""},
		{[]runbook.Step{{ID: "a", Undo: undo(""), After: binding}, {ID: "b", UndoReason: "no", After: binding}}, "b"},
		{[]runbook.Step{{ID: "a", Undo: undo("orders")}, {ID: "b", UndoReason: "no", After: binding}}, "a"},
		{[]runbook.Step{{ID: "b", UndoReason: "no", After: binding, Needs: []string{"a"}}, {ID: "a", Undo: undo("orders")}}, "a"},
	} {
		r := runbook.Runbook{Steps: c.steps}
		if got := r.NoReturn(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.steps, got, c.want)
		}
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	old := &runbook.Runbook{Workload: "shop", Inputs: map[string]string{"a": "1"}, Steps: []runbook.Step{
		{ID: "a", Title: "A", Do: "this", Needs: []string{}}, {ID: "b", Title: "B"}, {ID: "c", Title: "C", Undo: &runbook.Undo{Do: "x", ExpectedSeconds: 5}}}}
	same, err := runbook.Diff(old, old)
	if err != nil || !same.None() || same.Look() != 0 {
		t.Errorf("%+v %v", same, err)
	}
	changed := &runbook.Runbook{Workload: "shop", Inputs: map[string]string{"a": "2"}, Strategy: runbook.Canary, Steps: []runbook.Step{
		{ID: "a", Title: "A is called so", Do: "this", Needs: []string{}}, {ID: "c", Title: "C", Undo: &runbook.Undo{Do: "y", ExpectedSeconds: 5}}, {ID: "d", Title: "D"}}}
	c, err := runbook.Diff(old, changed)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Added) != 1 || c.Added[0].ID != "d" || len(c.Removed) != 1 || c.Removed[0].ID != "b" || c.Look() != 3 {
		t.Errorf("%+v", c)
	}
	want := []runbook.StepChange{
		{ID: "a", Title: "A is called so", Fields: []runbook.Change{{Field: "title", Before: `"A"`, After: `"A is called so"`}}},
		{ID: "c", Title: "C", Fields: []runbook.Change{{Field: "undo.do", Before: `"x"`, After: `"y"`}}, Look: true},
	}
	if fmt.Sprint(c.Changed) != fmt.Sprint(want) {
		t.Errorf("%+v", c.Changed)
	}
	if len(c.Runbook) != 1 || c.Runbook[0] != (runbook.Change{Field: "strategy", Before: `""`, After: `"canary"`}) {
		t.Errorf("%+v", c.Runbook)
	}
}

// The fingerprint follows the content and not the writing.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	a := &runbook.Runbook{Workload: "shop", Steps: []runbook.Step{{ID: "a", Inputs: map[string]any{"x": 1, "y": 2.0}}}}
	b := &runbook.Runbook{Workload: "shop", Steps: []runbook.Step{{ID: "a", Inputs: map[string]any{"y": 2, "x": 1.0}}}}
	one, err := a.Fingerprint()
	other, otherErr := b.Fingerprint()
	if err != nil || otherErr != nil || one != other {
		t.Errorf("%s %v, %s %v", one, err, other, otherErr)
	}
	b.Steps[0].Do = "x"
	if changed, _ := b.Fingerprint(); changed == one {
		t.Error("another step has the same fingerprint")
	}
}
