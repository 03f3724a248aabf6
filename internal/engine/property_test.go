package engine

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"example.com/landfall/internal/runbook"
	"pgregory.net/rapid"
)

// rough is a world in the middle of a run in which much went wrong.
func rough(rt *rapid.T, t *testing.T) (*world, int) {
	seed := rapid.Uint64().Draw(rt, "seed")
	r := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(t, r, randomPlan(r, rapid.IntRange(2, 24).Draw(rt, "steps")), rapid.IntRange(0, 60).Draw(rt, "rough"))
	begin(w)
	return w, rapid.IntRange(0, 300).Draw(rt, "at")
}

// Every run that gets fair events ends, whatever happened before, and replaying
// its events gives the same commands byte for byte.
func TestEveryRunEndsAndReplays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, _ := rough(rt, t)
		w.finish()
		s, err := Start(w.plan, "run-1", print1)
		if err != nil {
			t.Fatal(err)
		}
		for k, e := range w.events {
			next, commands, err := Next(w.plan, s, e)
			if err != nil {
				t.Fatalf("event %d (%s) is refused at replay: %v", k, e.Kind, err)
			}
			if got := asJSON(t, commands); got != w.sent[k] {
				t.Fatalf("event %d (%s) gives\n%s\nat replay, and gave\n%s", k, e.Kind, got, w.sent[k])
			}
			s = next
		}
		if asJSON(t, s) != asJSON(t, w.s) {
			t.Fatal("replay ends in another state")
		}
	})
}

// A state goes through JSON at any moment and nothing changes.
func TestStateIsItsCheckpoint(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, at := rough(rt, t)
		for n := 0; n < at && w.play(); n++ {
			var again State
			if err := json.Unmarshal([]byte(asJSON(t, w.s)), &again); err != nil {
				t.Fatal(err)
			}
			if asJSON(t, again) != asJSON(t, w.s) {
				t.Fatal("the state is another one after JSON")
			}
			w.s = again
		}
		before := len(w.events)
		s, err := Start(w.plan, "run-1", print1)
		if err != nil {
			t.Fatal(err)
		}
		for k, e := range w.events[:before] {
			next, commands, err := Next(w.plan, s, e)
			if err != nil || asJSON(t, commands) != w.sent[k] {
				t.Fatalf("event %d (%s) has another effect on a state that went through JSON: %v", k, e.Kind, err)
			}
			s = next
		}
	})
}

// From every reachable state a rollback takes back everything that is there,
// once, newest first, and what cannot be taken back is kept with the reason.
func TestRollbackFromEverywhere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, at := rough(rt, t)
		for n := 0; n < at && w.play(); n++ {
		}
		if w.ended > 0 || w.s.Mode == Back {
			return
		}
		f := w.fork(7)
		order := slices.Clone(f.s.Order)
		if err := f.send(Event{Kind: Rollback, By: "ana", Accept: true, Reason: "test"}); err != nil {
			t.Fatalf("roll back: %v", err)
		}
		f.finish()
		if f.s.Result != "rolled back" {
			t.Fatalf("the run ended %q", f.s.Result)
		}
		checkUndone(t, f, order)
	})
}

func checkUndone(t *testing.T, f *world, order []int) {
	t.Helper()
	var want []string
	for _, i := range slices.Backward(order) {
		if st := f.s.Steps[i].Status; st != Skipped && f.plan.Steps[i].Undo != nil && f.plan.Steps[i].Kind != kindManual && f.plan.Steps[i].Kind != kindWait {
			want = append(want, f.plan.Steps[i].ID)
		}
	}
	var got []string
	for _, id := range f.undone {
		if slices.Contains(got, id) {
			t.Fatalf("%s was taken back twice: %v", id, f.undone)
		}
		if slices.Contains(want, id) {
			got = append(got, id)
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("taken back %v, want %v", got, want)
	}
	for i, st := range f.s.Steps {
		id := f.plan.Steps[i].ID
		if f.effect[id] && st.Status != Kept {
			t.Fatalf("the effect of %s is still there, and the step is %s", id, st.Status)
		}
		if st.Status == Kept && f.plan.Steps[i].Undo != nil {
			t.Fatalf("%s was kept and has an undo", id)
		}
		if st.Effect != (st.Status == Kept) {
			t.Fatalf("%s is %s and its effect is %v", id, st.Status, st.Effect)
		}
	}
	for i := range f.s.Steps {
		if f.s.Steps[i].Status == Kept && f.plan.Steps[i].After.Writers != nil {
			return
		}
	}
	if f.writer != runbook.AtSource || f.weight.Source != 100 {
		t.Fatalf("rolled back with the writer %s and the weights %v", f.writer, f.weight)
	}
}

// A run that is drained at any moment and goes on in another engine ends as the
// undisturbed one does.
func TestDrainAndGoOn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, at := rough(rt, t)
		for n := 0; n < at && w.play(); n++ {
		}
		if w.ended > 0 || w.s.Draining {
			return
		}
		calm, moved := w.fork(1), w.fork(2)
		calm.finish()
		if err := moved.send(Event{Kind: Drain}); err != nil {
			t.Fatalf("drain: %v", err)
		}
		kill := rapid.Bool().Draw(rt, "kill")
		if !kill {
			moved.finish()
		}
		other := elsewhere(t, moved)
		if !kill && len(other.attempts()) > 0 {
			for _, c := range other.flying {
				if c.Kind == DoStep && !slices.Contains(readyIDs(moved), c.Step) && moved.s.Steps[index(moved, c.Step)].inFlight() {
					t.Fatalf("%s was under way at the end of the drain", c.Step)
				}
			}
		}
		other.finish()
		if !slices.Equal(statuses(other.s), statuses(calm.s)) || other.s.Result != calm.s.Result {
			t.Fatalf("ended %s\n%v, undisturbed %s\n%v", other.s.Result, statuses(other.s), calm.s.Result, statuses(calm.s))
		}
	})
}

func index(w *world, id string) int {
	return slices.IndexFunc(w.plan.Steps, func(s runbook.Step) bool { return s.ID == id })
}

func readyIDs(w *world) []string {
	var out []string
	for i, st := range w.s.Steps {
		if st.Status == Ready {
			out = append(out, w.plan.Steps[i].ID)
		}
	}
	return out
}

// elsewhere takes the checkpoint of a world to a fresh engine. Attempts that
// were under way there may still have had their effect.
func elsewhere(t *testing.T, w *world) *world {
	t.Helper()
	var from State
	if err := json.Unmarshal([]byte(asJSON(t, w.s)), &from); err != nil {
		t.Fatal(err)
	}
	// A drain that was cut short is a checkpoint as well.
	other := w.fork(3)
	other.flying, other.keys, other.ended = nil, nil, 0
	s, err := Start(w.plan, "run-1", print1)
	if err != nil {
		t.Fatal(err)
	}
	other.s, other.events, other.sent = s, nil, nil
	if err := other.send(Event{Kind: Begin, By: "ana", From: &from}); err != nil {
		t.Fatalf("begin from the checkpoint: %v", err)
	}
	return other
}
