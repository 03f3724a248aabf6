package app

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
)

// changing is a source that changes as it is told.
type changing struct {
	changes []action.SourceChange
	unread  []string
	err     error
	looks   int
	wait    chan struct{}
}

func (c *changing) Changes(context.Context) ([]action.SourceChange, int, []string, error) {
	if c.wait != nil {
		<-c.wait
	}
	c.looks++
	return c.changes, 3, c.unread, c.err
}

// probing is an application whose clock the test holds, and its probe.
func probing(t *testing.T, source action.Source) (*App, *probes, *time.Time) {
	t.Helper()
	a := workspace(t)
	now := noon()
	a.setup.Now = func() time.Time { return now }
	if err := a.Workspace.Write(store.Inventory, inventory.NewBuilder().Build()); err != nil {
		t.Fatal(err)
	}
	p := &probes{app: a, source: source}
	a.Facts[probeFacts] = p
	return a, p, &now
}

func changesFact(announced ...any) runbook.Fact {
	return runbook.Fact{Name: "changes", Source: probeFacts, Type: "number", MaxAgeSeconds: 3600, Inputs: map[string]any{"what": sourceChanges, "announced": announced}}
}

// What changed is counted and named, but not what the runbook itself changes.
func TestSourceChangesAreAFact(t *testing.T) {
	t.Parallel()
	source := &changing{changes: []action.SourceChange{{ID: "arn:a", What: "changed"}, {ID: "arn:b", What: "new"}}}
	a, p, _ := probing(t, source)
	m, err := p.Measure(t.Context(), changesFact("arn:b"))
	if err != nil || m.Value != 1.0 || m.From != "arn:a is changed" || m.Unix != noon().Unix() {
		t.Fatalf("%+v, %v", m, err)
	}
	if m, err = p.Measure(t.Context(), changesFact("arn:a", "arn:b", 7)); err != nil || m.Value != 0.0 || m.From != "" {
		t.Errorf("all announced: %+v, %v", m, err)
	}
	if source.looks != 1 {
		t.Errorf("%d looks within a minute", source.looks)
	}
	answer, err := a.hands().Ask(t.Context(), engine.Question{ID: "frozen", Expr: "changes == 0.0", Facts: []runbook.Fact{changesFact()}})
	if err != nil || answer.Open == nil || *answer.Open || !strings.Contains(answer.Detail, "arn:a is changed, arn:b is new") {
		t.Errorf("the gate says %+v, %v", answer, err)
	}
}

// A look is repeated when it is old, and when the inventory is another: that is
// how an announced change becomes the new state.
func TestLooksDoNotGoStale(t *testing.T) {
	t.Parallel()
	source := &changing{changes: []action.SourceChange{{ID: "arn:a", What: "changed"}}}
	a, p, now := probing(t, source)
	look := func() {
		t.Helper()
		if _, err := p.Measure(t.Context(), changesFact()); err != nil {
			t.Fatal(err)
		}
	}
	look()
	*now = now.Add(2 * freshFor)
	look()
	b := inventory.NewBuilder()
	b.Scope("123456789012", "us-east-1")
	if err := a.Workspace.Write(store.Inventory, b.Build()); err != nil {
		t.Fatal(err)
	}
	look()
	if source.looks != 3 {
		t.Errorf("%d looks, want 3", source.looks)
	}
}

// What could not be read is no yes, and no data is an error.
func TestWithoutDataThereIsNoAnswer(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]*changing{
		"unread": {unread: []string{"ListQueues in us-east-1: all queues"}},
		"broken": {err: errors.New("no credentials")},
	} {
		a, p, _ := probing(t, source)
		if _, err := p.Measure(t.Context(), changesFact()); err == nil {
			t.Errorf("%s: it was measured", name)
		}
		answer, err := a.hands().Ask(t.Context(), engine.Question{ID: "frozen", Expr: "changes == 0.0", Facts: []runbook.Fact{changesFact()}})
		if err != nil || answer.Open != nil || answer.Detail == "" {
			t.Errorf("%s: the gate says %+v, %v", name, answer, err)
		}
	}
	_, p, _ := probing(t, &changing{})
	other := changesFact()
	other.Inputs["what"] = "weather"
	if _, err := p.Measure(t.Context(), other); !fault.Is(err, fault.Unsupported) {
		t.Errorf("weather: %v", err)
	}
}

// A look that takes longer than the question goes on, and answers the next.
func TestALongLookAnswersTheNextQuestion(t *testing.T) {
	t.Parallel()
	source := &changing{wait: make(chan struct{})}
	_, p, _ := probing(t, source)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Measure(ctx, changesFact()); !fault.Is(err, fault.Canceled) {
		t.Fatalf("who asked has gone: %v", err)
	}
	close(source.wait)
	if m, err := p.Measure(t.Context(), changesFact()); err != nil || m.Value != 0.0 || source.looks != 1 {
		t.Errorf("%+v, %v after %d looks", m, err, source.looks)
	}
}

// An inventory from files has other ids than the account: comparing both would
// call everything changed.
func TestInventoryFromFilesIsNotCompared(t *testing.T) {
	t.Parallel()
	a, _, _ := probing(t, &changing{})
	if _, _, _, err := (sourceNow{a}).Changes(t.Context()); !fault.Is(err, fault.Refused) || fault.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}
