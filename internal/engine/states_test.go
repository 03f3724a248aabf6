package engine

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// statesPath is the page that tells how steps and runs come from one state to
// another. Its tables are what the rules do: -update looks for everything that
// happens in many runs, and the test compares.
const statesPath = "../../docs/design/engine-states.md"

// transitions are the states to which an event brings one, by state and event.
type transitions map[[2]string]map[string]bool

func (a transitions) add(from, event, to string) {
	key := [2]string{from, event}
	if a[key] == nil {
		a[key] = map[string]bool{}
	}
	a[key][to] = true
}

// moves are the transitions of steps, by an event about them and by any other, and
// of runs.
type moves struct{ own, other, run transitions }

func newMoves() moves { return moves{transitions{}, transitions{}, transitions{}} }

func stepWord(st *StepState) string {
	if st.Undo {
		return string(st.Status) + " (back)"
	}
	return string(st.Status)
}

func runWord(s State) string {
	word := string(s.Mode)
	switch {
	case s.Begun.IsZero():
		return "not begun"
	case s.Mode == Ended:
		return "ended: " + s.Result
	case s.Aborting:
		return word + ", aborting"
	case s.Draining:
		return word + ", draining"
	case s.Paused:
		word += ", paused"
	}
	if s.Held {
		word += ", held"
	}
	return word
}

func (x moves) note(w *world, before State, e Event, after State) {
	x.run.add(runWord(before), string(e.Kind), runWord(after))
	about := e.Trigger == "" && slices.Contains([]EventKind{AttemptEnded, GateAsked, Woke, Approve, Reject, Confirm, Retry, Settle, Skip}, e.Kind)
	if e.Kind == Begin && e.From != nil {
		before = *e.From
	}
	for i, st := range before.Steps {
		from, to := stepWord(st), stepWord(after.Steps[i])
		switch own := about && w.plan.Steps[i].ID == e.Step; {
		case own:
			x.own.add(from, string(e.Kind), to)
		case from != to:
			x.other.add(from, string(e.Kind), to)
		}
	}
}

// explore leads a run on, and looks at each moment at what other events would do.
func (x moves) explore(t testing.TB, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 11))
	w := newWorld(t, r, randomPlan(r, 3+r.IntN(10)), 60)
	begin(w)
	x.note(w, mustStart(t, w), w.events[0], w.s)
	for n := 0; n < 150; n++ {
		for range 4 {
			e := eventOf(w, []byte{byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
			if r.IntN(12) == 0 {
				e.Kind = Clock
			}
			s := w.s
			if e.Kind == Begin && e.From != nil {
				s = mustStart(t, w)
			}
			if after, _, err := Next(w.plan, s, e); err == nil {
				x.note(w, s, e, after)
			}
		}
		before, had := w.s, len(w.events)
		if !x.lead(w, seed%2 == 1) {
			return
		}
		if len(w.events) == had+1 {
			x.note(w, before, w.events[had], w.s)
		}
	}
}

// lead leads a run on by an event, and sometimes to an early end.
func (moves) lead(w *world, ends bool) bool {
	ending := w.s.Draining || w.s.Aborting
	switch end := w.r.IntN(100); {
	case ending && len(w.flying) == 0, w.ended > 0:
		return false
	case ending && end > 1:
		w.answer(w.r.IntN(len(w.flying)))
		return true
	case end < 2 && ends:
		_ = w.send(Event{Kind: []EventKind{Drain, Abort}[end], By: "ana"}) // refused while it is aborted
		return true
	}
	return w.play()
}

func mustStart(t testing.TB, w *world) State {
	t.Helper()
	s, err := Start(w.plan, "run-1", print1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// sender says who may send an event, and when it is taken.
type sender struct {
	kind      EventKind
	who, when string
}

func senders() []sender {
	return []sender{
		{Begin, "the driver, in the name of who begins the run", "once, as the first event; with a checkpoint of the same run and runbook it goes on from there"},
		{AttemptEnded, "the driver", "the attempt of that number is under way"},
		{GateAsked, "the driver", "the step is at its gates and the question of that number has no answer"},
		{TriggerAsked, "the driver", "the trigger watches and the question has no answer"},
		{Woke, "the driver", "the step or trigger has a timer; before its time the timer is set again"},
		{Clock, "the driver, at the begin of a history", "always; the only event after the begin that may set the run's time back"},
		{Approve, "a person with a role of the step, each person once", "the step asks, and the person names the fingerprint that runs"},
		{Reject, "a person, with a reason", "the step asks for approval; or it waits for an operator, has approvals, and it is known what it has done: they are taken back"},
		{Confirm, "a person, with what was done or evidence", "the step waits for a person"},
		{Retry, "a person; outside the window with a reason", "the step waits for an operator"},
		{Settle, "a person, with a reason", "the step waits for an operator and nobody knows what it has done"},
		{Skip, "a person, with a reason; accepting it where the step decides who writes or serves", "the step waits for anything and has no attempt under way; on the way back only what is being taken back"},
		{Pause, "a person", "the run is not paused by a person and is not ending"},
		{Resume, "a person", "the run is paused"},
		{Extend, "a person", "the run goes forward, and the phase is beyond the last one"},
		{Rollback, "a person, accepting with a reason what it loses; a trigger where it loses nothing", "there is something to take back, the source is whole, and the run does not go back that far already"},
		{Drain, "anyone who reaches the engine", "the run is not ending"},
		{Abort, "a person", "the run is not being aborted"},
	}
}

// stateRows are the states of steps in the order of their way, forward and back.
func stateRows() []string {
	var out []string
	for _, s := range Statuses() {
		out = append(out, string(s), string(s)+" (back)")
	}
	return out
}

func table(b *bytes.Buffer, first string, all transitions, rows []string) {
	fmt.Fprintf(b, "| %s | event | then |\n|---|---|---|\n", first)
	for _, from := range rows {
		for _, who := range senders() {
			if to := all[[2]string{from, string(who.kind)}]; len(to) > 0 {
				fmt.Fprintf(b, "| %s | %s | %s |\n", from, who.kind, strings.Join(slices.Sorted(maps.Keys(to)), "; "))
			}
		}
	}
	b.WriteByte('\n')
}

func (x moves) page() []byte {
	var b bytes.Buffer
	b.WriteString(statesHead)
	b.WriteString("| event | who sends it | taken when |\n|---|---|---|\n")
	for _, s := range senders() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", s.kind, s.who, s.when)
	}
	b.WriteString("\n## A step, by an event about it\n\n")
	table(&b, "step is", x.own, stateRows())
	b.WriteString("## A step, by what happens elsewhere\n\nAnother step is settled, a place becomes free, or something is said to the run. A step that nothing happens to is not named.\n\n")
	table(&b, "step is", x.other, stateRows())
	b.WriteString("## A run\n\n")
	rows := map[string]bool{}
	for key := range x.run {
		rows[key[0]] = true
	}
	table(&b, "run is", x.run, slices.Sorted(maps.Keys(rows)))
	b.Truncate(b.Len() - 1)
	return b.Bytes()
}

const statesHead = `# States of steps and runs

Made by ` + "`go test ./internal/engine -run TestStates -update`" + ` from what the rules do; a test fails when they do something else. What each state means to an operator stands in [the guide](../guides/run.md#what-each-status-means).
*(back)* is the same state while the step is being taken back. Which of several states follows is decided by the step (its gates, approvals, window, tries), by what the event says, and by where the run stands. An event that is not named
for a state is refused and changes nothing. The time of an event never goes back by more than a minute without ` + "`clock.set`" + ` in the ledger: then the clock was set right, and waits that began by the wrong time begin anew.

## Who may say what

`

// readPage reads the tables of the page.
func readPage(page []byte) moves {
	x, part := newMoves(), transitions{}
	for line := range strings.Lines(string(page)) {
		switch {
		case strings.HasPrefix(line, "## A step, by an event"):
			part = x.own
		case strings.HasPrefix(line, "## A step, by what"):
			part = x.other
		case strings.HasPrefix(line, "## A run"):
			part = x.run
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 3 || strings.HasPrefix(line, "|---") {
			continue
		}
		for _, to := range strings.Split(strings.TrimSpace(cells[2]), "; ") {
			part.add(strings.TrimSpace(cells[0]), cells[1], to)
		}
	}
	for _, part := range []transitions{x.own, x.other, x.run} {
		delete(part, [2]string{"step is", "event"})
		delete(part, [2]string{"run is", "event"})
	}
	return x
}

// The page has every transition that the rules make, and is written as it would
// be made.
func TestStatesArePublished(t *testing.T) {
	t.Parallel()
	if *update {
		x := newMoves()
		for seed := range uint64(24000) {
			x.explore(t, seed)
		}
		if err := os.WriteFile(statesPath, x.page(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(statesPath)
	if err != nil {
		t.Fatal(err)
	}
	published := readPage(page)
	if !bytes.Equal(published.page(), page) {
		t.Errorf("the page is not as it would be written; see -update")
	}
	x := newMoves()
	for seed := range uint64(300) {
		x.explore(t, seed)
	}
	for name, parts := range map[string][2]transitions{"own": {x.own, published.own}, "other": {x.other, published.other}, "run": {x.run, published.run}} {
		missing(t, name, parts[0], parts[1])
		// What is published and never seen is rare, or is none any more.
		if have, want := size(parts[0]), size(parts[1]); have*10 < want*4 {
			t.Errorf("%s: %d transitions are published, %d were seen", name, want, have)
		}
	}
}

func size(all transitions) int {
	n := 0
	for _, to := range all {
		n += len(to)
	}
	return n
}

func missing(t *testing.T, name string, have, published transitions) {
	t.Helper()
	for key, states := range have {
		for to := range states {
			if !published[key][to] {
				t.Errorf("%s: %s comes from %q to %q, and the page has it not; see -update", name, key[1], key[0], to)
			}
		}
	}
}

// Every event has a sender.
func TestEveryEventHasASender(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "model.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var kinds, have []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "EventKind" {
			word, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, word)
		}
		return true
	})
	for _, s := range senders() {
		have = append(have, string(s.kind))
	}
	slices.Sort(kinds)
	slices.Sort(have)
	if !slices.Equal(kinds, have) {
		t.Errorf("events %v, with a sender %v", kinds, have)
	}
}
