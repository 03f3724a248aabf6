package app

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
)

// probeFacts is the name of the source that looks at the clouds themselves.
const probeFacts = "probe"

// sourceChanges is what a probe is asked for that compares the source with
// inventory.json: how many resources changed that nobody announced.
const sourceChanges = "source-changes"

const (
	// answerWithin is how long a question waits for a look: less than the engine
	// waits for the answer.
	answerWithin = 90 * time.Second
	// scanWithin bounds one look at all accounts and regions.
	scanWithin = 2 * time.Hour
	// freshFor is how long one look answers all who ask.
	freshFor = time.Minute
)

// facts are the sources of facts, those of this package among them.
func (a *App) facts(wired map[string]action.FactSource) map[string]action.FactSource {
	out := map[string]action.FactSource{
		probeFacts: &probes{app: a, source: sourceNow{a}}, lagFacts: &lags{app: a, mover: objectMover{a}, set: a.dataSet},
	}
	for name, source := range wired {
		out[name] = source
	}
	return out
}

// probes answer facts by looking. A look at a large source takes longer than an
// answer may: it goes on beyond the question, which then has no data, and the
// next question gets what it found.
type probes struct {
	app    *App
	source action.Source

	mu      sync.Mutex
	running chan struct{}
	last    sourceLook
}

// sourceLook is one comparison of the source with an inventory.
type sourceLook struct {
	inventory string
	begun     time.Time
	changes   []action.SourceChange
	unread    []string
	err       error
}

// Measure answers how many changes there are. Of what could not be read nobody
// knows: without a change elsewhere that is no data.
func (p *probes) Measure(ctx context.Context, f runbook.Fact) (action.Measured, error) {
	what, _ := f.Inputs["what"].(string)
	if what != sourceChanges {
		return action.Measured{}, fault.Newf(fault.Unsupported, "measure %q: a probe cannot tell %q", f.Name, what)
	}
	inventory, err := p.inventory()
	if err != nil {
		return action.Measured{}, err
	}
	look, err := p.look(ctx, inventory)
	if err != nil {
		return action.Measured{}, err
	}
	names := unannounced(look.changes, f.Inputs["announced"])
	m := action.Measured{Value: float64(len(names)), Unix: look.begun.Unix()}
	switch {
	case len(names) > 0:
		m.From = listing(names)
	case len(look.unread) > 0:
		return m, fault.Newf(fault.Unavailable, "%d parts of the source were not read, first %s", len(look.unread), look.unread[0])
	}
	return m, nil
}

func (p *probes) inventory() (string, error) {
	w, err := p.app.need()
	if err != nil {
		return "", err
	}
	return w.Fingerprint(store.Inventory)
}

// look returns the last look if it is fresh, else joins the one under way or
// begins one.
func (p *probes) look(ctx context.Context, inventory string) (sourceLook, error) {
	p.mu.Lock()
	if p.last.inventory == inventory && p.app.setup.Now().Sub(p.last.begun) < freshFor {
		defer p.mu.Unlock()
		return p.last, p.last.err
	}
	if p.running == nil {
		p.running = make(chan struct{})
		go p.scan(context.WithoutCancel(ctx), inventory, p.running)
	}
	done := p.running
	p.mu.Unlock()
	timer := time.NewTimer(answerWithin)
	defer timer.Stop()
	select {
	case <-done:
	case <-ctx.Done():
		return sourceLook{}, fault.Wrap(ctx.Err(), "look at the source", "")
	case <-timer.C:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// One that was compared with another inventory, or never, is no answer.
	if p.last.inventory != inventory || p.last.begun.IsZero() {
		return sourceLook{}, fault.Newf(fault.Unavailable, "the look at the source is under way")
	}
	return p.last, p.last.err
}

func (p *probes) scan(ctx context.Context, inventory string, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, scanWithin)
	defer cancel()
	look := sourceLook{inventory: inventory, begun: p.app.setup.Now()}
	look.changes, _, look.unread, look.err = p.source.Changes(ctx)
	p.mu.Lock()
	p.last, p.running = look, nil
	p.mu.Unlock()
	close(done)
}

// unannounced names the changes that the runbook itself does not make.
func unannounced(changes []action.SourceChange, announced any) []string {
	var known []string
	if list, ok := announced.([]any); ok {
		for _, id := range list {
			if text, ok := id.(string); ok {
				known = append(known, text)
			}
		}
	}
	var out []string
	for _, c := range changes {
		if !slices.ContainsFunc(known, func(id string) bool { return cloud.ResourceID(id) == c.ID }) {
			out = append(out, string(c.ID)+" is "+c.What)
		}
	}
	return out
}

// listing is a list that a person reads: the first, and how many more.
func listing(names []string) string {
	const shown = 5
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:shown], ", ") + " and " + several(len(names)-shown, "more", "more")
}
