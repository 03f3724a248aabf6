package temporal_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/testkit"
)

// Whom a kill ends.
const (
	theWorker = "worker"
	theEngine = "engine"
	theBoth   = "both"
)

// kill is one kill of the matrix: of whom, when a run passes a point.
type kill struct {
	Whom string `json:"whom"`
	// Back says that the run goes back at its end.
	Back bool          `json:"back"`
	At   testkit.Point `json:"at"`
	// Run is the run, of those of a crowd, whose passing counts.
	Run string `json:"run"`
}

func (k kill) String() string {
	way := "forward"
	if k.Back {
		way = "back"
	}
	return fmt.Sprintf("%s at %s (%s)", k.Whom, k.At, way)
}

// The writes to the ledger that every run makes at least: which events come
// together into one write depends on the moment.
const (
	writesForward = 18
	writesBack    = 26
)

// killPoints are the points that every run of the plan passes: around each
// attempt, its effect, its proof, each answer and each write to the ledger.
func killPoints(plan *runbook.Runbook, back bool) []testkit.Point {
	var out []testkit.Point
	add := func(hit int, names ...string) {
		for _, name := range names {
			out = append(out, testkit.Point{Name: name, Hit: hit})
		}
	}
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if s.Undo == nil {
			continue // it has no effect of its own
		}
		did := string(engine.DoStep) + " " + s.ID + " "
		add(1, did+"begun", did+action.BeforeEffect)
		evidence := 1
		if s.Inputs["crash"] == action.AfterEffect {
			// The attempt ends its worker; what it did is found by a probe.
			probe := string(engine.ProbeStep) + " " + s.ID + " "
			add(1, probe+"begun", probe+"ended")
			evidence = 0
		} else {
			add(1, did+action.AfterEffect, did+action.AfterProof, did+"ended", "prove "+s.ID, "proved "+s.ID)
		}
		if s.Inputs["fails"] != nil {
			add(2, did+"begun", did+action.BeforeEffect, did+action.AfterEffect, did+"ended")
		}
		if s.Inputs["badProofs"] != nil {
			add(2, did+"begun", did+"ended")
		}
		for _, g := range s.Gates {
			add(1, "ask "+g.ID, "asked "+g.ID)
			add(2, "ask "+g.ID, "asked "+g.ID)
		}
		if !back {
			continue
		}
		undo := string(engine.UndoStep) + " " + s.ID + " "
		add(1, undo+"begun", undo+action.BeforeEffect, undo+action.AfterEffect, undo+action.AfterProof, undo+"ended")
		add(evidence+1, "prove "+s.ID, "proved "+s.ID)
	}
	for _, g := range plan.Triggers {
		add(1, "ask "+g.ID, "asked "+g.ID)
		add(2, "ask "+g.ID, "asked "+g.ID)
	}
	writes := writesForward
	if back {
		writes = writesBack
	}
	for n := range writes {
		add(n+1, "record", "recorded")
	}
	return out
}

// sortOf is the name of a point without the step or gate that it is about.
func sortOf(name string) string {
	words := strings.Fields(name)
	if len(words) > 1 {
		words[1] = "*"
	}
	return strings.Join(words, " ")
}

// matrix are all kills: of the worker, of the engine and of both at once, at each
// point of a run that comes to its end and of one that goes back there.
func matrix(plan *runbook.Runbook) []kill {
	var out []kill
	for _, whom := range []string{theWorker, theEngine, theBoth} {
		for _, back := range []bool{false, true} {
			for _, at := range killPoints(plan, back) {
				out = append(out, kill{Whom: whom, Back: back, At: at})
			}
		}
	}
	return out
}

// sample takes n of the kills, equally far from each other in their order, so
// that some of every sort are among them.
func sample(all []kill, n int, random *rand.Rand) []kill {
	first := random.IntN(len(all))
	out := make([]kill, n)
	for i := range out {
		out[i] = all[(first+i*len(all)/n)%len(all)]
	}
	return out
}

// deal gives each kill to a run of its way, a few to each, and says of the runs
// which go back.
func deal(name string, kills []kill, each int) (dealt []kill, back []bool) {
	for _, way := range []bool{false, true} {
		n := 0
		for _, k := range kills {
			if k.Back != way {
				continue
			}
			if n%each == 0 {
				back = append(back, way)
			}
			n++
			k.Run = runName(name, len(back)-1)
			dealt = append(dealt, k)
		}
	}
	return dealt, back
}

func runName(crowd string, i int) string { return fmt.Sprintf("%s-%d", crowd, i) }

// The matrix has what is around every effect once, of everyone who can be killed.
func TestTheMatrixIsWhole(t *testing.T) {
	t.Parallel()
	all := matrix(crowdBook("effects"))
	seen := map[string]int{}
	for _, k := range all {
		seen[k.String()]++
	}
	for name, n := range seen {
		if n != 1 {
			t.Errorf("%s is there %d times", name, n)
		}
	}
	for _, step := range []string{"first", "tried", "spoilt", "batches", "gated", "asked", "side-1", "side-2", "side-3"} {
		for _, moment := range []string{"begun", "before effect", "after effect", "after proof", "ended"} {
			for _, whom := range []string{theWorker, theEngine, theBoth} {
				for _, point := range []string{whom + " at do " + step + " " + moment + "#1 (forward)", whom + " at do " + step + " " + moment + "#1 (back)", whom + " at undo " + step + " " + moment + "#1 (back)"} {
					if seen[point] != 1 {
						t.Errorf("there is no kill of %s", point)
					}
				}
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	some := sample(all, 12, random)
	dealt, back := deal("crowd", some, 2)
	if len(dealt) != 12 || !slices.Contains(back, true) || !slices.Contains(back, false) {
		t.Errorf("dealt %v to %v", dealt, back)
	}
	for _, k := range dealt {
		if n := slices.IndexFunc(some, func(o kill) bool { k.Run = ""; return o == k }); n < 0 {
			t.Errorf("%v was not to be dealt", k)
		}
	}
}
