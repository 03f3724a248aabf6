package engine

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/landfall/internal/runbook"
)

var update = flag.Bool("update", false, "write the histories that are not there")

// history is a run as it went under one version of the rules.
type history struct {
	Plan     *runbook.Runbook `json:"plan"`
	Events   []Event          `json:"events"`
	Commands [][]Command      `json:"commands"`
	State    json.RawMessage  `json:"state"`
}

// A history that was recorded gives the same commands for ever: a run may be
// under way by these rules. Never change one of these files. Rules that differ
// are another version of the interpreter, with histories of its own.
func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		path := filepath.Join("testdata", fmt.Sprintf("history-v1-%d.json", seed))
		if _, err := os.Stat(path); *update && os.IsNotExist(err) {
			record(t, path, seed)
		}
	}
	if path := filepath.Join("testdata", "history-v1-people.json"); *update {
		if _, err := os.Stat(path); os.IsNotExist(err) {
			people(t).write(t, path)
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "history-v*.json"))
	if err != nil || len(files) < 6 {
		t.Fatalf("%d histories, %v", len(files), err)
	}
	kinds, commands := map[EventKind]bool{}, map[CommandKind]bool{}
	for _, path := range files {
		replay(t, path, kinds, commands)
	}
	for _, kind := range []EventKind{Begin, AttemptEnded, GateAsked, TriggerAsked, Woke, Approve, Reject, Confirm, Pause, Resume, Skip, Retry, Settle, Rollback, Extend, Drain} {
		if !kinds[kind] {
			t.Errorf("no history has the event %q", kind)
		}
	}
	for _, kind := range []CommandKind{Record, DoStep, UndoStep, ProbeStep, YieldStep, AskGate, AskTrigger, Wake, Unwake, Tell, End} {
		if !commands[kind] {
			t.Errorf("no history has the command %q", kind)
		}
	}
}

func record(t *testing.T, path string, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 99))
	w := newWorld(t, r, randomPlan(r, 10), 50)
	begin(w)
	w.finish()
	h := history{Plan: w.plan, Events: w.events, State: json.RawMessage(asJSON(t, w.s))}
	for _, sent := range w.sent {
		var commands []Command
		if err := json.Unmarshal([]byte(sent), &commands); err != nil {
			t.Fatal(err)
		}
		h.Commands = append(h.Commands, commands)
	}
	h.write(t, path)
}

func (h history) write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(asJSON(t, h)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// people is a run in which people say all that they can say.
func people(t *testing.T) history {
	t.Helper()
	a, b, c, d := step("a"), step("b", "a"), step("c", "b"), step("d", "c")
	a.Approvals.Count, c.Kind = 1, kindManual
	d.Undo, d.UndoReason, d.Phase = nil, "mail was sent", runbook.Evaluate
	a.Messages = []runbook.Message{{When: "begun", To: []string{"users"}, Text: "it begins"}}
	m := newSim(t, planOf(a, b, c, d, step("e", "c")))
	m.must(Event{Kind: Begin, By: "ana", Until: runbook.Execute})
	m.must(by(Reject, "a"))
	m.must(by(Retry, "a"))
	m.must(by(Approve, "a"))
	m.ends("a", runbook.Unknown)
	m.probed("a", nil)
	settled := by(Settle, "a")
	settled.Effect = yesNo(true)
	m.must(settled)
	m.ends("b", runbook.BadEffect)
	m.must(by(Skip, "b"))
	m.must(by(Confirm, "c"))
	m.must(by(Pause, ""))
	m.ends("e", runbook.Yielded)
	m.must(by(Resume, ""))
	m.ends("e", runbook.Succeeded)
	m.must(Event{Kind: Extend, By: "ana"})
	m.ends("d", runbook.BadEffect)
	m.must(by(Rollback, "b"))
	m.ends("e", runbook.Succeeded)
	m.must(by(Confirm, "c"))
	m.ends("b", runbook.Succeeded)
	m.must(by(Resume, ""))
	m.must(Event{Kind: Drain})
	m.ends("b", runbook.Yielded)
	return history{Plan: m.plan, Events: m.event, Commands: m.turns, State: json.RawMessage(asJSON(t, m.s))}
}

func replay(t *testing.T, path string, kinds map[EventKind]bool, seen map[CommandKind]bool) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var h history
	if err := json.Unmarshal(data, &h); err != nil {
		t.Fatal(err)
	}
	s, err := Start(h.Plan, "run-1", print1)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for k, e := range h.Events {
		next, commands, err := Next(h.Plan, s, e)
		if err != nil {
			t.Fatalf("%s: event %d (%s %s) is refused: %v", path, k, e.Kind, e.Step, err)
		}
		if got, want := asJSON(t, commands), asJSON(t, h.Commands[k]); got != want {
			t.Fatalf("%s: event %d (%s %s) gives\n%s\nand was recorded with\n%s", path, k, e.Kind, e.Step, got, want)
		}
		kinds[e.Kind] = true
		for _, c := range commands {
			seen[c.Kind] = true
		}
		s = next
	}
	if !bytes.Equal([]byte(asJSON(t, s)), h.State) {
		t.Errorf("%s ends in another state", path)
	}
}

// FuzzEvents sends anything in any order: nothing may panic, a refused event
// changes nothing, and the counts stay right.
func FuzzEvents(f *testing.F) {
	f.Add(uint64(1), []byte{0, 1, 2, 3, 4, 5, 6, 7})
	f.Add(uint64(2), bytes.Repeat([]byte{1, 5, 9, 12, 0, 77}, 40))
	f.Add(uint64(3), []byte(strings.Repeat("go back and forth", 20)))
	f.Fuzz(func(t *testing.T, seed uint64, data []byte) {
		r := rand.New(rand.NewPCG(seed, 5))
		w := newWorld(t, r, randomPlan(r, 2+int(seed%12)), 0)
		begin(w)
		for len(data) >= 4 && w.ended == 0 {
			e := eventOf(w, data[:4])
			data = data[4:]
			before := asJSON(t, w.s)
			next, commands, err := Next(w.plan, w.s, e)
			if err == nil {
				w.s = next
				w.now = e.At
				w.counts()
				_ = Summarize(w.plan, w.s)
			} else if commands != nil || asJSON(t, next) != before {
				t.Fatalf("%s was refused and changed the state", e.Kind)
			}
		}
	})
}

func eventOf(w *world, b []byte) Event {
	kinds := []EventKind{Begin, AttemptEnded, AttemptEnded, GateAsked, TriggerAsked, Woke, Approve, Reject, Confirm, Pause, Resume, Skip, Retry, Settle, Rollback, Abort, Drain, Extend, "none"}
	outcomes := []runbook.Outcome{runbook.Succeeded, runbook.NoEffect, runbook.BadEffect, runbook.Unknown, runbook.Yielded, "none"}
	i := int(b[1]) % len(w.plan.Steps)
	st := w.s.Steps[i]
	e := Event{Kind: kinds[int(b[0])%len(kinds)], At: w.now.Add(seconds(int64(b[3]))), Step: w.plan.Steps[i].ID, By: string(rune('a' + b[2]%3)), Reason: "r", Plan: print1,
		Attempt: st.Attempt, Outcome: outcomes[int(b[2])%len(outcomes)], Accept: b[3]%2 == 0, Gate: "g1", Until: runbook.Phases()[b[2]%5]}
	if len(st.Gates) > 0 && e.Kind == GateAsked {
		e.Attempt = st.Gates[0].Asking
		e.Gate = w.plan.Steps[i].Gates[0].ID
	}
	if e.Kind == TriggerAsked || e.Kind == Woke && b[2]%2 == 0 {
		e.Trigger, e.Attempt = w.plan.Triggers[b[1]%2].ID, 0
	}
	switch b[3] % 3 {
	case 0:
		e.Open, e.Effect = yesNo(true), yesNo(true)
	case 1:
		e.Open, e.Effect = yesNo(false), yesNo(false)
	}
	if b[3]%5 == 0 {
		from := w.s
		e.From = &from
	}
	return e
}

// The rules know no clock, no chance and nothing outside: the same events give
// the same commands in a replay years later.
func TestTheRulesArePure(t *testing.T) {
	t.Parallel()
	allowed := []string{"cmp", "encoding/json", "maps", "slices", "strconv", "strings", "time", "example.com/landfall/internal/fault", "example.com/landfall/internal/runbook"}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && path != "." {
			return cmpErr(err, fs.SkipDir)
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			// The port names what a driver does; it holds no rule.
			if name, _ := strconv.Unquote(spec.Path.Value); !slices.Contains(allowed, name) && (path != "port.go" || name != "context") {
				t.Errorf("%s imports %s", path, name)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if id, ok := n.X.(*ast.Ident); ok && id.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Local"}, n.Sel.Name) {
					t.Errorf("%s reads the clock: time.%s", set.Position(n.Pos()), n.Sel.Name)
				}
			case *ast.GoStmt, *ast.SelectStmt:
				t.Errorf("%s: the rules do one thing after the other", set.Position(n.Pos()))
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func cmpErr(err, or error) error {
	if err != nil {
		return err
	}
	return or
}
