package explore_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/explore"
)

type (
	sides  = map[string]runbook.Side
	shares = map[string]runbook.Weights
)

// good is a small cutover that is right: copy, fence, way back, switch, serve,
// shift, and in the end no way back.
func good() *runbook.Runbook {
	step := func(id string, after runbook.After, needs ...string) runbook.Step {
		return runbook.Step{ID: id, Phase: runbook.Execute, Needs: needs, After: after, Undo: &runbook.Undo{Do: "undo"}}
	}
	r := &runbook.Runbook{
		Data:   []runbook.DataSet{{ID: "db"}},
		Routes: []runbook.Route{{ID: "www"}},
		Steps: []runbook.Step{
			step("copy", runbook.After{Replicates: sides{"db": runbook.AtTarget}}),
			step("fence", runbook.After{Writers: sides{"db": runbook.Nowhere}}, "copy"),
			step("return", runbook.After{Replicates: sides{"db": runbook.AtSource}}, "fence"),
			step("switch", runbook.After{Writers: sides{"db": runbook.AtTarget}}, "return"),
			step("serve", runbook.After{Serves: map[runbook.Side]bool{runbook.AtTarget: true}}, "switch"),
			step("half", runbook.After{Weights: shares{"www": {Source: 50, Target: 50}}}, "serve"),
			step("all", runbook.After{Weights: shares{"www": {Source: 0, Target: 100}}}, "half"),
			step("end", runbook.After{Replicates: sides{"db": runbook.Nowhere}}, "all"),
			step("gone", runbook.After{Gone: true}, "end"),
		},
	}
	undo(r, "switch").After = &runbook.After{Writers: sides{"db": runbook.Nowhere}}
	for _, id := range []string{"end", "gone"} {
		i := r.Index()[id]
		r.Steps[i].Undo, r.Steps[i].UndoReason = nil, "it is over"
	}
	r.PointOfNoReturn = r.NoReturn()
	return r
}

func undo(r *runbook.Runbook, id string) *runbook.Undo { return r.Steps[r.Index()[id]].Undo }

func codes(list []runbook.Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, f.ID)
	}
	return out
}

func TestAGoodCutoverHasNoCounterExample(t *testing.T) {
	t.Parallel()
	if found := explore.Runbook(good(), explore.Limit); len(found) > 0 {
		t.Errorf("%+v", found)
	}
}

// Each change breaks the cutover in a way that has a name, and the example ends
// with what goes wrong.
func TestMutantsAreFound(t *testing.T) {
	t.Parallel()
	at := func(r *runbook.Runbook, id string) *runbook.Step { return &r.Steps[r.Index()[id]] }
	drop := func(r *runbook.Runbook, id, instead string) {
		r.Steps = slices.DeleteFunc(r.Steps, func(s runbook.Step) bool { return s.ID == id })
		for i := range r.Steps {
			for j, need := range r.Steps[i].Needs {
				if need == id {
					r.Steps[i].Needs[j] = instead
				}
			}
		}
	}
	for name, c := range map[string]struct {
		change func(r *runbook.Runbook)
		want   string
	}{
		"no fence":                           {func(r *runbook.Runbook) { drop(r, "fence", "copy") }, "explore.two-writers:data:db"},
		"the switch does not need the fence": {func(r *runbook.Runbook) { at(r, "return").Needs = []string{"copy"} }, "explore.two-writers:data:db"},
		"the switch needs nothing":           {func(r *runbook.Runbook) { at(r, "switch").Needs = nil }, "explore.two-writers:data:db"},
		"no copy":                            {func(r *runbook.Runbook) { drop(r, "copy", "fence"); at(r, "fence").Needs = nil }, "explore.stale-target:data:db"},
		"the copy ends before the fence": {func(r *runbook.Runbook) {
			at(r, "return").Needs = []string{"copy"}
			at(r, "fence").Needs = []string{"return"}
			at(r, "switch").Needs = []string{"fence"}
		}, "explore.stale-target:data:db"},
		"no way back": {func(r *runbook.Runbook) { drop(r, "return", "fence") }, "explore.lost-writes:data:db"},
		"the way back begins after the switch": {func(r *runbook.Runbook) {
			at(r, "switch").Needs = []string{"fence"}
			at(r, "return").Needs = []string{"switch"}
			at(r, "serve").Needs = []string{"return"}
		}, "explore.lost-writes:data:db"},
		"the way back ends and may be taken back": {func(r *runbook.Runbook) {
			at(r, "end").Undo, at(r, "end").UndoReason = &runbook.Undo{Do: "x"}, ""
			r.PointOfNoReturn = "gone"
		}, "explore.lost-writes:data:db"},
		"users before it serves": {func(r *runbook.Runbook) { at(r, "half").Needs = []string{"switch"} }, "explore.unserved:route:www"},
		"serve undone first": {func(r *runbook.Runbook) {
			at(r, "serve").Needs = []string{"switch"}
			undo(r, "half").After = &runbook.After{Serves: map[runbook.Side]bool{runbook.AtTarget: false}}
		}, "explore.unserved:route:www"},
		"shares of 110":                 {func(r *runbook.Runbook) { at(r, "half").After.Weights["www"] = runbook.Weights{Source: 60, Target: 50} }, "explore.shares:route:www"},
		"shares never reach 100":        {func(r *runbook.Runbook) { drop(r, "all", "half"); drop(r, "gone", "end") }, "explore.not-finished:route:www"},
		"removed before the last share": {func(r *runbook.Runbook) { at(r, "gone").Needs = []string{"half"} }, "explore.removed-in-use:route:www"},
		"the fence has no undo": {func(r *runbook.Runbook) {
			at(r, "fence").Undo, at(r, "fence").UndoReason = nil, "no"
		}, "explore.not-returned:data:db"},
		"the first share has no undo": {func(r *runbook.Runbook) {
			at(r, "half").Undo, at(r, "half").UndoReason = nil, "no"
		}, "explore.unserved:route:www"},
		"the undo of the switch lets the source write": {func(r *runbook.Runbook) { undo(r, "switch").After.Writers["db"] = runbook.AtSource }, "explore.two-writers:data:db"},
		"two things in one step": {func(r *runbook.Runbook) {
			at(r, "half").After.Serves = map[runbook.Side]bool{runbook.AtTarget: true}
			drop(r, "serve", "switch")
		}, "explore.unserved:route:www"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := good()
			c.change(r)
			found := explore.Runbook(r, explore.Limit)
			i := slices.Index(codes(found), c.want)
			if i < 0 {
				t.Fatalf("found %v, want %s", codes(found), c.want)
			}
			if f := found[i]; !f.Blocks || len(f.Example) == 0 || f.Text == "" || f.Do == "" {
				t.Errorf("%+v", f)
			}
		})
	}
}

// The example is the shortest one.
func TestExampleIsTheShortest(t *testing.T) {
	t.Parallel()
	r := good()
	r.Steps[r.Index()["switch"]].Needs = nil
	found := explore.Runbook(r, explore.Limit)
	if want := []string{"switch: done"}; len(found) == 0 || !slices.Equal(found[0].Example, want) {
		t.Errorf("%+v", found)
	}
}

// A loss that the plan names is no fault; one that it names too late is.
func TestDeclaredLoss(t *testing.T) {
	t.Parallel()
	r := good()
	r.Steps[r.Index()["switch"]].Needs = []string{"fence"}
	r.Steps = slices.DeleteFunc(r.Steps, func(s runbook.Step) bool { return s.ID == "return" })
	undo(r, "switch").Loses = "what was written since"
	r.PointOfNoReturn = r.NoReturn()
	if r.PointOfNoReturn != "switch" {
		t.Errorf("the point of no return is %s", r.PointOfNoReturn)
	}
	if found := explore.Runbook(r, explore.Limit); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	r.PointOfNoReturn = "end"
	if found := explore.Runbook(r, explore.Limit); !slices.Contains(codes(found), "explore.lost-writes:data:db") {
		t.Errorf("found %v", codes(found))
	}
}

// More states than allowed are never called a success.
func TestLimitIsSaid(t *testing.T) {
	t.Parallel()
	found := explore.Runbook(good(), 5)
	if len(found) != 2 || found[0].Blocks || !strings.HasPrefix(found[0].ID, "explore.not-whole:") {
		t.Errorf("%+v", found)
	}
}

// A search that looks at everything at once, without cutting the runbook down
// and without remembering where it was, comes to the same verdict on hundreds of
// small runbooks.
func TestAgreesWithBruteForce(t *testing.T) {
	t.Parallel()
	verdicts := map[bool]int{}
	for seed := range uint64(400) {
		random := rand.New(rand.NewPCG(seed, 7))
		r := good()
		// Six steps keep the brute force short.
		r.Steps = r.Steps[:6]
		r.Steps[5].After.Weights = shares{"www": {Source: 0, Target: 100}}
		for range 1 + random.IntN(3) {
			mutate(random, r)
		}
		if _, ok := runbook.Order(r.Steps); !ok {
			continue
		}
		r.PointOfNoReturn = r.NoReturn()
		if random.IntN(4) == 0 {
			r.PointOfNoReturn = ""
		}
		var blocking []string
		for _, f := range explore.Runbook(r, explore.Limit) {
			if f.Blocks {
				blocking = append(blocking, fmt.Sprint(f.ID, f.Example))
			}
		}
		fault := brute(r)
		if (fault == "") != (len(blocking) == 0) {
			t.Fatalf("seed %d: brute force says %q, the search %v\n%+v", seed, fault, blocking, r.Steps)
		}
		verdicts[fault == ""]++
	}
	if verdicts[true] < 20 || verdicts[false] < 100 {
		t.Errorf("the sample is one-sided: %v", verdicts)
	}
}

// mutate changes a runbook a little.
func mutate(random *rand.Rand, r *runbook.Runbook) {
	s := &r.Steps[random.IntN(len(r.Steps))]
	switch random.IntN(6) {
	case 0:
		s.Needs = nil
	case 1:
		other := &r.Steps[random.IntN(len(r.Steps))]
		s.After, other.After = other.After, s.After
	case 2:
		s.Undo, s.UndoReason = nil, "no"
	case 3:
		s.After = runbook.After{}
	case 4:
		if s.Undo != nil {
			s.Undo.Loses = "something"
		}
	case 5:
		s.Needs = append(s.Needs, r.Steps[random.IntN(len(r.Steps))].ID)
	}
}

// Sets that are the same up to names are answered alike, each with its own
// steps, and a set that differs by one step is not taken for one of them.
func TestWhatIsAlikeIsToldByItsOwnNames(t *testing.T) {
	t.Parallel()
	r := &runbook.Runbook{}
	for i := range 200 {
		set := fmt.Sprintf("db-%03d", i)
		r.Data = append(r.Data, runbook.DataSet{ID: set})
		fence := "copy-" + set
		step := func(id string, after runbook.After, needs ...string) {
			r.Steps = append(r.Steps, runbook.Step{ID: id, Phase: runbook.Execute, Needs: needs, After: after, Undo: &runbook.Undo{Do: "undo"}})
		}
		step(fence, runbook.After{Replicates: sides{set: runbook.AtTarget}})
		if i != 77 {
			fence = "fence-" + set
			step(fence, runbook.After{Writers: sides{set: runbook.Nowhere}}, "copy-"+set)
		}
		step("switch-"+set, runbook.After{Writers: sides{set: runbook.AtTarget}}, fence)
	}
	found := explore.Runbook(r, explore.Limit)
	if len(found) != 200 {
		t.Fatalf("%d findings", len(found))
	}
	for i, f := range found {
		set := fmt.Sprintf("db-%03d", i)
		if !strings.HasSuffix(f.ID, ":"+set) || slices.ContainsFunc(f.Steps, func(id string) bool { return !strings.HasSuffix(id, set) }) || len(f.Steps) == 0 {
			t.Errorf("%s: %v", f.ID, f.Steps)
		}
		if two := strings.HasPrefix(f.ID, "explore.two-writers:"); two != (i == 77) {
			t.Errorf("%s: %v", f.ID, f.Example)
		}
	}
}
