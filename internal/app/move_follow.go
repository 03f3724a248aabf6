package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/store/journal"
)

const (
	// passEvery is the time between two passes where nobody says otherwise.
	passEvery = time.Minute
	// fenceEvery is how often a process that follows looks whether the fence is up.
	fenceEvery = time.Second
	// fenceWithin bounds the wait for the last pass of a process that follows.
	fenceWithin = 12 * time.Hour
)

// follow makes pass after pass until another process says that the fence is up,
// and then the last one. Its passes keep no journal: one that is broken off is
// found again by looking, and there are too many of them to be kept.
func (r *moving) follow(ctx context.Context) error {
	var err error
	if r.journal, _, _, err = r.state.openPass(r.verb, "follow", journal.Options{Now: r.setup.Now}); err != nil {
		return err
	}
	defer r.journal.Close() //nolint:errcheck // nothing is kept in it
	now := r.setup.Now().UTC()
	r.pass = begunPass{Run: now.Format(runForm) + "F", At: now.Format(time.RFC3339)}
	r.out.Verb, r.out.Run, r.out.Resumed = "follow", r.pass.Run, false
	folder, err := r.state.parts(r.verb, r.pass.Run)
	if err != nil {
		return err
	}
	if r.mover, err = r.newMover(folder, nil); err != nil {
		return err
	}
	feed, end := r.feed(ctx, folder)
	defer end()
	paper, err := r.state.sheet(r.pass.Run, r.verb)
	if err != nil {
		return err
	}
	defer paper.drop()
	result, err := r.mover.Follow(ctx, objects.Pass{ID: r.pass.Run, Run: r.pass.Run}, feed, paper.file)
	if err != nil {
		r.used(result)
		return err
	}
	r.o.Final = true
	return r.finish(ctx, paper, result)
}

// feed is what the following goes by: events where there is a queue, and the
// file that says that the fence is up.
func (r *moving) feed(ctx context.Context, folder string) (objects.Feed, func()) {
	every := r.o.Every
	if every <= 0 {
		every = passEvery
	}
	ctx, cancel := context.WithCancel(ctx)
	fence := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() { r.awaitFence(ctx, fence) })
	feed := objects.Feed{Every: every, Fence: fence, Report: r.reporter(folder)}
	if r.events != nil {
		feed.Changes = r.chosen(ctx, r.events(ctx))
	}
	r.show.Say("following: a pass %s after the end of each; landfall move objects ... --final ends it behind the fence", every)
	return feed, func() {
		cancel()
		watching.Wait()
		_ = r.unfence() // the next one that follows takes it away, too
	}
}

// chosen lets only those changes through that are of this move: others are done.
func (r *moving) chosen(ctx context.Context, changes <-chan objects.Change) <-chan objects.Change {
	out := make(chan objects.Change)
	go func() {
		defer close(out)
		for c := range changes {
			if !r.filter.Keeps(c.Key) {
				c.Done()
				continue
			}
			select {
			case out <- c:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// reporter writes down how far behind the target is, for gates and for people,
// and clears away what a finished pass has left.
func (r *moving) reporter(folder string) func(objects.Lag) {
	var mu sync.Mutex
	passes := 0
	var written time.Time
	return func(l objects.Lag) {
		mu.Lock()
		defer mu.Unlock()
		now := r.setup.Now()
		if l.Passes > passes {
			passes = l.Passes
			r.show.Say("pass %d: %s not copied yet, %.0f s behind", l.Passes, several(int(l.Items), "change", "changes"), l.Oldest.Seconds())
			if err := emptyFolder(folder); err != nil {
				r.show.Say("%v", err)
			}
		} else if now.Sub(written) < time.Second {
			return
		}
		written = now
		err := r.state.write(lagFile, lagNow{At: now.UTC(), OldestSeconds: l.Oldest.Seconds(), Items: l.Items, Bytes: l.Bytes, Passes: l.Passes, Listed: l.Listed.UTC(), Events: r.o.Events != ""})
		if err != nil {
			r.show.Say("%v", err)
		}
	}
}

func emptyFolder(folder string) error {
	all, err := os.ReadDir(folder)
	if err != nil {
		return fault.Wrap(err, "read folder", folder)
	}
	for _, e := range all {
		if err := os.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
			return fault.Wrap(err, "clear folder", folder)
		}
	}
	return nil
}

func (r *moving) fencePath() string { return filepath.Join(r.state.dir, fenceFile) }

func (r *moving) unfence() error {
	if err := os.Remove(r.fencePath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(err, "take down", r.fencePath())
	}
	return nil
}

// awaitFence closes the channel when the file is there.
func (r *moving) awaitFence(ctx context.Context, fence chan<- struct{}) {
	ticker := time.NewTicker(fenceEvery)
	defer ticker.Stop()
	for {
		if _, err := os.Stat(r.fencePath()); err == nil {
			close(fence)
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// lock takes the pair for this process alone. The last pass waits for a process
// that follows, and lets it make one of its own.
func (r *moving) lock(ctx context.Context) (release func(), err error) {
	release, err = r.state.lock(r.verb)
	if !r.o.Final || !fault.Is(err, fault.Conflict) {
		return release, err
	}
	ctx, cancel := context.WithTimeout(ctx, fenceWithin)
	defer cancel()
	r.show.Say("another landfall moves these objects: it makes its last pass")
	ticker := time.NewTicker(fenceEvery)
	defer ticker.Stop()
	for {
		// Each time, because one that just begins takes away what it finds.
		if err := r.state.write(fenceFile, map[string]string{"at": r.setup.Now().UTC().Format(time.RFC3339)}); err != nil {
			return nil, err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, fault.Wrap(ctx.Err(), "wait for the process that follows", "")
		}
		release, err = r.state.lock(r.verb)
		if err == nil {
			if err := r.unfence(); err != nil {
				release()
				return nil, err
			}
			return release, nil
		}
		if !fault.Is(err, fault.Conflict) {
			return nil, err
		}
	}
}
