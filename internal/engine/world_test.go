package engine

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"example.com/landfall/internal/runbook"
)

// randomPlan is a plan with steps of all kinds, gates, approvals, waits, a
// window, triggers, and a chain in which writers and traffic move.
func randomPlan(r *rand.Rand, size int) *runbook.Runbook {
	phases := runbook.Phases()
	var steps []runbook.Step
	for n := range size {
		s := step(fmt.Sprintf("s%02d", n))
		s.Phase = phases[n*len(phases)/size]
		s.Kind = []runbook.StepKind{"deploy", "copy", kindManual, kindWait}[pick(r, 5, 3, 1, 1)]
		for k := range n {
			if r.IntN(n) < 2 {
				s.Needs = append(s.Needs, fmt.Sprintf("s%02d", k))
			}
		}
		if r.IntN(5) == 0 {
			s.Undo, s.UndoReason = nil, "it changes nothing"
		}
		if r.IntN(6) == 0 {
			s.Gates = append(s.Gates, runbook.Gate{ID: "g1", EverySeconds: 10, HoldSeconds: int64(r.IntN(3) * 10), TimeoutSeconds: 300})
		}
		if r.IntN(8) == 0 {
			s.Gates = append(s.Gates, runbook.Gate{ID: "g2", EverySeconds: 7, TimeoutSeconds: 300})
		}
		if r.IntN(7) == 0 {
			s.Approvals = runbook.Approvals{Count: 1 + r.IntN(2)}
		}
		if r.IntN(6) == 0 {
			s.WaitSeconds = int64(1 + r.IntN(100))
		}
		s.InWindow = r.IntN(9) == 0
		s.Retry.Attempts = 1 + r.IntN(3)
		steps = append(steps, s)
	}
	cutover(r, steps)
	plan := planOf(steps...)
	opens := day().Add(time.Minute)
	plan.Window = &runbook.Window{Opens: &opens, Seconds: 600, RollbackSeconds: 60}
	plan.Triggers = []runbook.Trigger{
		{ID: "errors", EverySeconds: 15, HoldSeconds: 20, From: steps[0].ID, Until: steps[size-1].ID, Action: "rollback", To: steps[size/2].ID, Decides: "lead"},
		{ID: "slow", EverySeconds: 20, From: steps[size/3].ID, Action: []string{"pause", "ask"}[r.IntN(2)], Decides: "lead"},
	}
	return plan
}

// cutover makes some of the steps a chain: fence, hand over, shift twice.
func cutover(r *rand.Rand, steps []runbook.Step) {
	at := r.IntN(max(len(steps)-4, 1))
	if at+4 > len(steps) {
		return
	}
	afters := []runbook.After{
		{Writers: map[string]runbook.Side{"db": runbook.Nowhere}},
		{Writers: map[string]runbook.Side{"db": runbook.AtTarget}},
		{Weights: map[string]runbook.Weights{"www": {Source: 50, Target: 50}}},
		{Weights: map[string]runbook.Weights{"www": {Source: 0, Target: 100}}},
	}
	for k, after := range afters {
		s := &steps[at+k]
		s.After, s.Kind, s.UndoReason = after, "cutover", ""
		s.Undo = &runbook.Undo{Do: "back"}
		if k == 3 && r.IntN(2) == 0 {
			s.Undo.Loses = "what was written since"
		}
		if k > 0 && !slices.Contains(s.Needs, steps[at+k-1].ID) {
			s.Needs = append(s.Needs, steps[at+k-1].ID)
		}
	}
}

func pick(r *rand.Rand, weights ...int) int {
	all := 0
	for _, w := range weights {
		all += w
	}
	n := r.IntN(all)
	for k, w := range weights {
		if n -= w; n < 0 {
			return k
		}
	}
	return 0
}

// world carries commands out in a random order, with random outcomes while it
// is rough, and checks at each moment what always has to hold.
type world struct {
	t     testing.TB
	r     *rand.Rand
	plan  *runbook.Runbook
	s     State
	now   time.Time
	rough int // how many events go wrong at most
	leaps int // how often the clock leaps at most
	// what is under way, in the order in which it was begun
	flying []Command
	timers map[string]Command
	keys   []string // of timers, in order
	effect map[string]bool
	events []Event
	sent   []string // the commands of each event as JSON
	undone []string
	writer runbook.Side
	weight runbook.Weights
	ended  int
}

func newWorld(t testing.TB, r *rand.Rand, plan *runbook.Runbook, rough int) *world {
	s, err := Start(plan, "run-1", print1)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	return &world{t: t, r: r, plan: plan, s: s, now: day(), rough: rough, timers: map[string]Command{}, effect: map[string]bool{},
		writer: runbook.AtSource, weight: runbook.Weights{Source: 100}}
}

// fork is the same world, to be led elsewhere.
func (w *world) fork(seed uint64) *world {
	f := *w
	f.r = rand.New(rand.NewPCG(seed, 1))
	f.flying, f.keys = slices.Clone(w.flying), slices.Clone(w.keys)
	f.events, f.sent, f.undone = slices.Clone(w.events), slices.Clone(w.sent), nil
	f.timers, f.effect = map[string]Command{}, map[string]bool{}
	for k, v := range w.timers {
		f.timers[k] = v
	}
	for k, v := range w.effect {
		f.effect[k] = v
	}
	f.rough = 0
	return &f
}

func (w *world) send(e Event) error {
	w.now = w.now.Add(time.Duration(w.r.IntN(2000)) * time.Millisecond)
	if w.leaps > 0 && w.r.IntN(5) == 0 {
		w.leaps--
		w.now = w.now.Add(time.Duration(w.r.IntN(2*3600)-3600) * time.Second)
	}
	e.At = w.now
	next, commands, err := Next(w.plan, w.s, e)
	if err != nil {
		return err
	}
	if w.ended > 0 {
		w.t.Fatalf("%s was taken after the end", e.Kind)
	}
	w.s = next
	w.events = append(w.events, e)
	w.sent = append(w.sent, asJSON(w.t, commands))
	w.check(commands)
	return nil
}

// check takes commands and looks whether they may be.
func (w *world) check(commands []Command) {
	other := false
	for _, c := range commands {
		if c.Kind != Record {
			other = true
		} else if other {
			w.t.Fatalf("record %q comes after what it may allow", c.Entry.Kind)
		}
		switch c.Kind {
		case DoStep:
			w.mayDo(c)
			w.flying = append(w.flying, c)
		case UndoStep:
			if len(w.attempts()) > 0 {
				w.t.Fatalf("%s is taken back while %v are under way", c.Step, w.attempts())
			}
			w.flying = append(w.flying, c)
		case ProbeStep, AskGate, AskTrigger:
			w.flying = append(w.flying, c)
		case Wake:
			w.keys = append(slices.DeleteFunc(w.keys, func(k string) bool { return k == c.Step+"/"+c.Trigger }), c.Step+"/"+c.Trigger)
			w.timers[c.Step+"/"+c.Trigger] = c
		case Unwake:
			w.keys = slices.DeleteFunc(w.keys, func(k string) bool { return k == c.Step+"/"+c.Trigger })
		case End:
			w.ended++
		}
	}
	w.counts()
}

func (w *world) attempts() []string {
	var out []string
	for _, c := range w.flying {
		if c.Kind == DoStep || c.Kind == UndoStep {
			out = append(out, c.Step)
		}
	}
	return out
}

func (w *world) mayDo(c Command) {
	i := slices.IndexFunc(w.plan.Steps, func(s runbook.Step) bool { return s.ID == c.Step })
	for _, need := range w.plan.Steps[i].Needs {
		n := slices.IndexFunc(w.plan.Steps, func(s runbook.Step) bool { return s.ID == need })
		if !w.s.Steps[n].settled() {
			w.t.Fatalf("%s begins while %s is %s", c.Step, need, w.s.Steps[n].Status)
		}
	}
	if w.s.Mode != Forward || w.s.Paused || w.s.Draining {
		w.t.Fatalf("%s begins while the run is %s, paused %v", c.Step, w.s.Mode, w.s.Paused)
	}
	if k := w.plan.Steps[i].Kind; k == kindManual || k == kindWait {
		w.t.Fatalf("%s of kind %s is done by an attempt", c.Step, k)
	}
	if n := w.plan.Steps[i].Approvals.Count; len(w.s.Steps[i].Approvals) < n {
		w.t.Fatalf("%s begins with %d of %d approvals", c.Step, len(w.s.Steps[i].Approvals), n)
	}
	if slices.Contains(w.attempts(), c.Step) {
		w.t.Fatalf("%s is under way twice", c.Step)
	}
}

// counts compares the kept counts with counting.
func (w *world) counts() {
	flying, active, open := 0, 0, 0
	for _, st := range w.s.Steps {
		if st.inFlight() {
			flying++
		}
		if st.active() {
			active++
		}
		if !st.settled() {
			open++
		}
	}
	for _, p := range w.s.Phases {
		open -= p.Open
	}
	if flying != w.s.InFlight || active != w.s.Active || open != 0 {
		w.t.Fatalf("counted %d under way and %d active, the state says %d and %d; phases are off by %d", flying, active, w.s.InFlight, w.s.Active, open)
	}
}

// apply makes or takes back an effect, and keeps the rules of the world.
func (w *world) apply(id string, there bool) {
	if w.effect[id] == there {
		return
	}
	w.effect[id] = there
	s := w.plan.Steps[slices.IndexFunc(w.plan.Steps, func(s runbook.Step) bool { return s.ID == id })]
	if side, ok := s.After.Writers["db"]; ok {
		before := map[runbook.Side]runbook.Side{runbook.Nowhere: runbook.AtSource, runbook.AtTarget: runbook.Nowhere}[side]
		if !there {
			side, before = before, side
		}
		if w.writer != before {
			w.t.Fatalf("%s makes the writer %s out of %s", id, side, w.writer)
		}
		w.writer = side
	}
	if weights, ok := s.After.Weights["www"]; ok {
		before := runbook.Weights{Source: weights.Source + 50, Target: weights.Target - 50}
		if !there {
			weights, before = before, weights
		}
		if w.weight != before || weights.Source+weights.Target != 100 {
			w.t.Fatalf("%s makes the weights %v out of %v", id, weights, w.weight)
		}
		w.weight = weights
	}
}

// answer lets one of the commands under way end.
func (w *world) answer(k int) {
	c := w.flying[k]
	w.flying = slices.Delete(slices.Clone(w.flying), k, k+1)
	bad := w.rough > 0 && w.r.IntN(3) == 0
	if bad {
		w.rough--
	}
	switch c.Kind {
	case AskGate:
		open := yesNo(!bad)
		if bad && w.r.IntN(2) == 0 {
			open = nil
		}
		_ = w.send(Event{Kind: GateAsked, Step: c.Step, Gate: c.Gate, Attempt: c.Attempt, Open: open})
	case AskTrigger:
		open := yesNo(bad)
		if bad && w.r.IntN(2) == 0 {
			open = nil
		}
		_ = w.send(Event{Kind: TriggerAsked, Trigger: c.Trigger, Attempt: c.Attempt, Open: open})
	case ProbeStep:
		there := yesNo(w.effect[c.Step])
		if bad {
			there = nil
		}
		_ = w.send(Event{Kind: AttemptEnded, Step: c.Step, Attempt: c.Attempt, Effect: there})
	default:
		w.answerAttempt(c, bad)
	}
}

func (w *world) answerAttempt(c Command, bad bool) {
	want := c.Kind == DoStep
	outcome := runbook.Succeeded
	if bad {
		outcome = []runbook.Outcome{runbook.NoEffect, runbook.BadEffect, runbook.Unknown, runbook.Yielded}[w.r.IntN(4)]
	}
	var cursor json.RawMessage
	switch outcome {
	case runbook.Succeeded, runbook.BadEffect:
		if w.effect[c.Step] != want && !want && outcome == runbook.Succeeded {
			w.undone = append(w.undone, c.Step)
		}
		if want || outcome == runbook.Succeeded {
			w.apply(c.Step, want)
		}
	case runbook.NoEffect:
		if w.effect[c.Step] == want {
			// An action looks first: it would have found it.
			outcome = runbook.Succeeded
		}
	case runbook.Unknown:
		if w.r.IntN(2) == 0 {
			w.apply(c.Step, want)
		}
	case runbook.Yielded:
		if want {
			w.apply(c.Step, want)
		}
		cursor = json.RawMessage(`{"at":1}`)
	}
	if err := w.send(Event{Kind: AttemptEnded, Step: c.Step, Attempt: c.Attempt, Outcome: outcome, Cursor: cursor, Final: bad && w.r.IntN(4) == 0}); err != nil {
		w.t.Fatalf("attempt %d of %s ended: %v", c.Attempt, c.Step, err)
	}
}
