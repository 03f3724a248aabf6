package app

import (
	"context"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/runbook"
)

// lagFacts is the name of the source that says how far the copy of a set of data
// is behind.
const lagFacts = "lag"

// lagFresh is how old what a process that follows has written may be.
const lagFresh = 30 * time.Second

// lags answer how far copies are behind. Of a bucket nobody can be asked: a pass
// finds what changed, so that each question is answered by one, which also copies
// what it finds. It goes on beyond the question when it takes longer, and the
// next question gets what it found.
type lags struct {
	app   *App
	mover action.ObjectMover
	set   func(data string) (runbook.DataSet, error)

	mu   sync.Mutex
	sets map[string]*lagging
}

// lagging is what is known of one set.
type lagging struct {
	running chan struct{}
	last    lagLook
}

// lagLook is what one pass found.
type lagLook struct {
	began, ended time.Time
	left         int64
	err          error
}

// Measure answers "lag_seconds": a change that is older than this is at the
// target; and, with {of: changes}, how many are not.
func (l *lags) Measure(ctx context.Context, f runbook.Fact) (action.Measured, error) {
	data, _ := f.Inputs["data"].(string)
	set, err := l.set(data)
	if err != nil {
		return action.Measured{}, err
	}
	if set.Kind == "postgres" {
		return databaseMover{l.app}.behind(ctx, action.DatabaseSet{Data: data, Source: string(set.Source), Target: string(set.Target), Step: "lag"}, f.Inputs["of"] == "changes")
	}
	if set.Kind != "objects" {
		return action.Measured{}, fault.Newf(fault.Unsupported, "measure %q: nothing here tells how far the copy of %q (%s) is behind", f.Name, data, set.Kind)
	}
	objects, err := l.app.objectSet(set, "lag")
	if err != nil {
		return action.Measured{}, err
	}
	if f.Inputs["of"] == "changes" {
		// Behind the fence nothing may be written any more by whoever only asks.
		began := l.app.setup.Now()
		seen, err := l.mover.Look(ctx, objects)
		if err != nil {
			return action.Measured{}, err
		}
		return action.Measured{Value: float64(seen.Left), Unix: began.Unix(), From: "listings of both sides"}, nil
	}
	if m, ok, err := l.followed(set); ok || err != nil {
		return m, err
	}
	look, err := l.look(ctx, objects)
	if err != nil {
		return action.Measured{}, err
	}
	if look.left > 0 {
		return action.Measured{}, fault.Newf(fault.Unavailable, "measure how far %q is behind: %d objects could not be copied", data, look.left)
	}
	return action.Measured{Value: look.ended.Sub(look.began).Seconds(), Unix: look.ended.Unix(), From: "a pass over both sides that copied what had changed"}, nil
}

// followed takes the word of a process that follows the set.
func (l *lags) followed(set runbook.DataSet) (action.Measured, bool, error) {
	o, err := l.app.objectOptions(string(set.Source), string(set.Target))
	if err != nil {
		return action.Measured{}, false, err
	}
	pair, err := parseSides(o.Source, o.Target)
	if err != nil {
		return action.Measured{}, false, err
	}
	state, err := l.app.moveState(pair)
	if err != nil {
		return action.Measured{}, false, err
	}
	var now lagNow
	ok, err := state.read(lagFile, &now)
	if err != nil || !ok || l.app.setup.Now().Sub(now.At) > lagFresh {
		return action.Measured{}, false, err
	}
	value := now.OldestSeconds
	if !now.Events {
		// Of what changed since the last listing nothing is known.
		value = max(value, now.At.Sub(now.Listed).Seconds())
	}
	return action.Measured{Value: value, Unix: now.At.Unix(), From: "the process that follows"}, true, nil
}

// look joins the pass under way, or begins one.
func (l *lags) look(ctx context.Context, set action.ObjectSet) (lagLook, error) {
	l.mu.Lock()
	if l.sets == nil {
		l.sets = map[string]*lagging{}
	}
	at := l.sets[set.Data]
	if at == nil {
		at = &lagging{}
		l.sets[set.Data] = at
	}
	if at.running == nil {
		at.running = make(chan struct{})
		go l.pass(context.WithoutCancel(ctx), set, at, at.running)
	}
	done := at.running
	l.mu.Unlock()
	timer := time.NewTimer(answerWithin)
	defer timer.Stop()
	select {
	case <-done:
	case <-ctx.Done():
		return lagLook{}, fault.Wrap(ctx.Err(), "look at", set.Data)
	case <-timer.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if at.last.ended.IsZero() {
		return lagLook{}, fault.Newf(fault.Unavailable, "the pass over %q is under way", set.Data)
	}
	return at.last, at.last.err
}

// pass copies what changed. It needs a copy of before: no gate begins one.
func (l *lags) pass(ctx context.Context, set action.ObjectSet, at *lagging, done chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, scanWithin)
	defer cancel()
	look := lagLook{began: l.app.setup.Now()}
	_, copied, err := l.mover.Last(ctx, set)
	switch {
	case err != nil:
		look.err = err
	case !copied:
		look.err = fault.Newf(fault.Unavailable, "measure how far %q is behind: there is no copy of it yet", set.Data)
	default:
		var d action.ObjectsDone
		d, look.err = l.mover.Copy(ctx, set, func(move.Progress) {})
		look.left = d.Counts["changing"] + d.Counts["failed"]
	}
	look.ended = l.app.setup.Now()
	l.mu.Lock()
	at.last, at.running = look, nil
	l.mu.Unlock()
	close(done)
}

// dataSet is a set of data of the runbook.
func (a *App) dataSet(id string) (runbook.DataSet, error) {
	r, err := a.readRunbook()
	if err != nil {
		return runbook.DataSet{}, err
	}
	for _, s := range r.Data {
		if s.ID == id {
			return s, nil
		}
	}
	return runbook.DataSet{}, fault.Newf(fault.NotFound, "find the set of data %q: the runbook has none of this name", strings.TrimSpace(id)).Hintf("landfall plan")
}
