package engine

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A run goes on from its state however much of it was trimmed away, and what was
// trimmed is none of what it goes by.
func TestTrimmedRunsGoOn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w, at := rough(rt, t)
		for n := 0; n < at && w.play(); n++ {
		}
		if w.ended > 0 {
			return
		}
		before := asJSON(t, w.s)
		much := rapid.IntRange(0, TrimMost).Draw(rt, "much")
		trimmed := w.s.Trim(much)
		if asJSON(t, w.s) != before {
			t.Fatal("trimming changed the state itself")
		}
		whole, less := w.fork(5), w.fork(5)
		var again State
		if err := json.Unmarshal([]byte(asJSON(t, trimmed)), &again); err != nil {
			t.Fatal(err)
		}
		less.s = again
		whole.finish()
		less.finish()
		if whole.s.Result != less.s.Result || !slices.Equal(statuses(whole.s), statuses(less.s)) {
			t.Fatalf("trimmed by %d it ended %s %v, and otherwise %s %v", much, less.s.Result, statuses(less.s), whole.s.Result, statuses(whole.s))
		}
	})
}

// Each trimming leaves less, and the statuses, approvals and counts stay.
func TestTrimTakesMore(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	w := newWorld(t, r, randomPlan(r, 20), 30)
	begin(w)
	for n := 0; n < 80 && w.play(); n++ {
	}
	s := w.s
	s.Steps = slices.Clone(s.Steps)
	for i := range s.Steps {
		st := *s.Steps[i]
		st.Detail, st.Evidence = strings.Repeat("ä", maxText), slices.Repeat([]string{strings.Repeat("0", 64)}, mostKept)
		st.Cursor = json.RawMessage(`"` + strings.Repeat("c", 10_000) + `"`)
		s.Steps[i] = &st
	}
	last := len(asJSON(t, s))
	for much := 1; much <= TrimMost; much++ {
		trimmed := s.Trim(much)
		size := len(asJSON(t, trimmed))
		if size >= last {
			t.Errorf("trimmed by %d it takes %d, by one less %d", much, size, last)
		}
		last = size
		for i, st := range trimmed.Steps {
			if st.Status != s.Steps[i].Status || len(st.Approvals) != len(s.Steps[i].Approvals) || st.Attempt != s.Steps[i].Attempt {
				t.Fatalf("step %d is another one", i)
			}
		}
	}
	if most := 500 * len(s.Steps); last > most {
		t.Errorf("%d steps take %d bytes when nothing more can go", len(s.Steps), last)
	}
}
