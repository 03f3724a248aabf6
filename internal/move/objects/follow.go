package objects

import (
	"context"
	"io"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
)

// Change is an event: something happened to a key at the source.
type Change struct {
	Key string
	// At is when it happened, as the source says.
	At time.Time
	// Done, where set, is called once the target has what the source has now: an
	// event queue lets go of its message then, and tells it again otherwise.
	Done func()
}

// Lag is how far the target is behind.
type Lag struct {
	// Oldest is the age of the oldest change that is known and not copied, 0 for
	// none.
	Oldest time.Duration
	// Items and Bytes are what is known and not copied.
	Items, Bytes int64
	// Passes is how many passes have been made, Listed when the last one ended: of
	// a change since then nothing may be known where there are no events.
	Passes int
	Listed time.Time
}

// Feed is what a following goes by.
type Feed struct {
	// Every is how long after the end of a pass the next one begins.
	Every time.Duration
	// Changes are events, nil where there is no queue. A closed channel brings no
	// more; the passes go on.
	Changes <-chan Change
	// Fence is closed when nobody writes at the source any more: a last pass over
	// everything is made then, and ends the following.
	Fence <-chan struct{}
	// Report is told about each change of the lag.
	Report func(Lag)
}

// Follow keeps the target up with the source till the fence is up, and returns
// the result of the pass after that, which alone has a manifest and is resumed:
// the others are begun anew after a kill. A pass that meets trouble that passes is
// made again. Each fence wants a pass with an id of its own: a shard that was
// finished under an earlier one says nothing about this one.
func (m *Mover) Follow(ctx context.Context, pass Pass, feed Feed, to io.Writer) (Result, error) {
	pass.Level = ""
	if err := pass.valid(); err != nil {
		return Result{}, err
	}
	f := &following{m: m, feed: feed, open: map[string]time.Time{}}
	if feed.Report == nil {
		f.feed.Report = func(Lag) {}
	}
	before := pass
	before.ID, before.fleeting = pass.ID+"-before", true
	for {
		last := f.fenced()
		// The time before the pass is what its listing vouches for.
		began := m.ports.Now()
		var result Result
		var err error
		if last {
			result, err = m.all(ctx, pass, to, copying{m})
		} else {
			var done []Done
			_, done, err = m.walk(ctx, before, copying{m})
			result = m.result(done)
		}
		if err == nil {
			f.done(began, result)
			if last {
				return result, nil
			}
		} else if !fault.Retryable(err) || ctx.Err() != nil {
			return result, err
		}
		if err := f.wait(ctx, last); err != nil {
			return result, err
		}
	}
}

const (
	// hands is how many events are taken up at once.
	hands = 16
	// lastAgain is how long after trouble the last pass is made again.
	lastAgain = 5 * time.Second
)

// following is one call of Follow.
type following struct {
	m    *Mover
	feed Feed

	mu  sync.Mutex
	lag Lag
	// open are events that the target is behind, by key.
	open map[string]time.Time
}

func (f *following) fenced() bool {
	select {
	case <-f.feed.Fence:
		return true
	default:
		return false
	}
}

// done tells how things are after a pass: what it could not copy is behind by as
// long as the pass is ago, and all that events told before is settled.
func (f *following) done(began time.Time, r Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lag = Lag{Passes: f.lag.Passes + 1, Listed: began}
	clear(f.open)
	for _, result := range []manifest.Result{manifest.Changing, manifest.Failed} {
		n := r.Counts.Results[result]
		f.lag.Items += n.Objects
		f.lag.Bytes += n.Bytes
	}
	f.report()
}

// report is called with the lock held.
func (f *following) report() {
	lag, now := f.lag, f.m.ports.Now()
	if lag.Items > 0 {
		lag.Oldest = now.Sub(lag.Listed)
	}
	lag.Items += int64(len(f.open))
	for _, at := range f.open {
		lag.Oldest = max(lag.Oldest, now.Sub(at))
	}
	f.feed.Report(lag)
}

// wait takes up what events name, till the next pass is due or the fence is up.
// A last pass that met trouble is made again after a while, for the fence is up.
func (f *following) wait(ctx context.Context, last bool) error {
	timer := time.NewTimer(f.feed.Every)
	defer timer.Stop()
	fence := f.feed.Fence
	if last {
		fence = nil
		timer.Reset(min(f.feed.Every, lastAgain))
	}
	run, end := f.m.single(ctx)
	defer end()
	due := make(chan struct{})
	var workers sync.WaitGroup
	for range hands {
		workers.Go(func() { f.hand(run, due) })
	}
	select {
	case <-run.ctx.Done():
	case <-timer.C:
	case <-fence:
	}
	close(due)
	workers.Wait()
	return context.Cause(run.ctx)
}

// hand takes up one event after the other.
func (f *following) hand(r *run, due <-chan struct{}) {
	for {
		select {
		case <-due:
			return
		case <-r.ctx.Done():
			return
		case change, ok := <-f.feed.Changes:
			if !ok {
				return
			}
			if err := f.take(r, change); err != nil {
				r.cancel(err)
				return
			}
		}
	}
}

// take copies what one event names. What cannot be copied now stays open: the
// next pass finds it, and the queue tells it again.
func (f *following) take(r *run, c Change) error {
	f.mu.Lock()
	if c.At.IsZero() {
		c.At = f.m.ports.Now()
	}
	if at, known := f.open[c.Key]; !known || c.At.Before(at) {
		f.open[c.Key] = c.At
	}
	f.report()
	f.mu.Unlock()
	line, err := f.m.one(r.ctx, r, c.Key)
	if err != nil && !fault.Retryable(err) {
		return err
	}
	if err != nil || line != nil && !settled(line.Result) {
		return nil
	}
	if c.Done != nil {
		c.Done()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, c.Key)
	f.report()
	return nil
}

// settled reports whether looking at a key again would change nothing.
func settled(r manifest.Result) bool {
	return r != manifest.Failed && r != manifest.Changing
}

// single is a run for objects that no listing brings.
func (m *Mover) single(ctx context.Context) (r *run, end func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	r = &run{m: m, shard: listing.Shard{}, ctx: ctx, cancel: cancel, pool: newPool(m.gate), objects: 1}
	return r, func() {
		cancel(nil)
		r.pool.close()
	}
}

// one makes the target equal to the source for a single key. nil is a key that
// neither side has, or that is another's affair.
func (m *Mover) one(ctx context.Context, r *run, key string) (*manifest.Line, error) {
	now, err := m.relist(ctx, key)
	if err != nil {
		return nil, err
	}
	t := &task{object: object.Object{Key: key}}
	if now != nil {
		t.object = *now
	}
	place, ok := m.prefix(key)
	if !ok {
		return nil, nil
	}
	t.name = place
	if line, err := r.apart(t); line != nil || err != nil {
		return line, err
	}
	if t.folder {
		return m.copyFolder(ctx, t)
	}
	if err := m.look(ctx, t); err != nil {
		return nil, err
	}
	if now == nil {
		return m.gone(ctx, r, t)
	}
	if m.settings.Versions {
		// Earlier versions belong before this one: the next pass has them all.
		return nil, fault.Newf(fault.Unavailable, "copy the versions of %q with the next pass", key)
	}
	if line := m.judge(t); line != nil {
		return line, nil
	}
	return m.copyObject(ctx, r, t)
}

// gone deletes the blob of a key that was deleted, where that is wanted.
func (m *Mover) gone(ctx context.Context, r *run, t *task) (*manifest.Line, error) {
	if t.blob == nil {
		return nil, nil
	}
	if m.settings.Delete == DeleteNone {
		return m.stray(ctx, t.blob)
	}
	return copying{m}.last(ctx, r, t.blob)
}
