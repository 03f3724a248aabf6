package objects_test

import (
	"bytes"
	"context"
	"io"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/tally"
	"example.com/landfall/internal/testkit/objectworld"
)

// watched collects what a following reports, and lets a test wait for a state.
type watched struct {
	mu   sync.Mutex
	lag  objects.Lag
	news chan struct{}
}

func (x *watched) report(l objects.Lag) {
	x.mu.Lock()
	x.lag = l
	x.mu.Unlock()
	select {
	case x.news <- struct{}{}:
	default:
	}
}

func (x *watched) until(t *testing.T, holds func(objects.Lag) bool) objects.Lag {
	t.Helper()
	for {
		x.mu.Lock()
		lag := x.lag
		x.mu.Unlock()
		if holds(lag) {
			return lag
		}
		select {
		case <-x.news:
		case <-t.Context().Done():
			t.Fatal("the state does not come")
		}
	}
}

// Events bring single keys at once, passes all else, and the pass after the fence
// everything; a message is let go when the target has what it tells of.
func TestFollowKeepsUp(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	small(w, 5)
	changes, fence := make(chan objects.Change), make(chan struct{})
	x := &watched{news: make(chan struct{}, 1)}
	s := settings()
	s.Delete = objects.DeleteOurs
	m := newMover(t, w, s, objects.Ports{Folder: t.TempDir(), Journal: &journal{}})
	var text bytes.Buffer
	var result objects.Result
	ended := make(chan error)
	go func() {
		var err error
		result, err = m.Follow(t.Context(), objects.Pass{ID: "f"}, objects.Feed{Every: time.Hour, Changes: changes, Fence: fence, Report: x.report}, &text)
		ended <- err
	}()
	x.until(t, func(l objects.Lag) bool { return l.Passes == 1 })
	done := make(chan string, 3)
	tell := func(key string) {
		changes <- objects.Change{Key: key, At: time.Now().Add(-time.Minute), Done: func() { done <- key }}
		if got := <-done; got != key {
			t.Errorf("%q was let go, want %q", got, key)
		}
	}
	w.Add("k01", []byte("changed"))
	tell("k01")
	if _, there, _ := w.Blob("k01"); string(there) != "changed" {
		t.Errorf("k01 is %q", there)
	}
	w.Drop("k02")
	tell("k02")
	if _, _, there := w.Blob("k02"); there {
		t.Error("k02 is still there")
	}
	tell("never")
	// k03 cannot be written till the pass behind the fence lists. A hand that still
	// holds its event lists that key alone.
	lists := false
	w.Before = func(c objectworld.Call) error {
		if c.Op == "source.Page" && c.Name != "k03" {
			select {
			case <-fence:
				lists = true
			default:
			}
		}
		if c.Op == "target.Put" && c.Name == "k03" && !lists {
			return fault.Newf(fault.Unavailable, "down")
		}
		return nil
	}
	w.Add("k03", []byte("late"))
	changes <- objects.Change{Key: "k03", At: time.Now().Add(-time.Minute), Done: func() { t.Error("k03 was let go") }}
	lag := x.until(t, func(l objects.Lag) bool { return l.Items == 1 })
	if lag.Oldest < time.Minute || lag.Oldest > time.Hour {
		t.Errorf("the lag is %v", lag.Oldest)
	}
	w.Add("silent", []byte("no event tells of it"))
	close(fence)
	if err := <-ended; err != nil || result.Err() != nil {
		t.Fatalf("%v, %v", err, result.Err())
	}
	x.until(t, func(l objects.Lag) bool { return l.Items == 0 && l.Oldest == 0 })
	all := lines(t, text.Bytes())
	if all["k03"].Result != manifest.Copied || all["silent"].Result != manifest.Copied || all["k01"].Result != manifest.Same || len(all) != 5 {
		t.Errorf("the last pass: %v", resultsOf(all))
	}
}

func TestFollowEndsWhenItIsTold(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	small(w, 3)
	ctx, cancel := context.WithCancel(t.Context())
	m := newMover(t, w, settings(), objects.Ports{Folder: t.TempDir()})
	_, err := m.Follow(ctx, objects.Pass{ID: "f"}, objects.Feed{Every: time.Hour, Report: func(l objects.Lag) { cancel() }}, io.Discard)
	if !fault.Is(err, fault.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A plan changes nothing, and says what the pass then does.
func TestPlanIsWhatCopyDoes(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{PageSize: 4}
	small(w, 9)
	copyAll(t, w, settings())
	w.Drop("k08")
	w.Add("k01", []byte("changed"))
	w.Add("large", body(1, 1000))
	w.Add("bad.", []byte("x"))
	w.Add("cold", []byte("x")).Object.Class = "GLACIER"
	s := settings()
	s.Delete = objects.DeleteOurs
	prices := tally.Prices{Get: 0.4, Write: 5, Egress: 90}
	m := newMover(t, w, s, objects.Ports{Folder: t.TempDir(), Prices: prices})
	w.Calls()
	plan, err := m.Plan(t.Context(), objects.Rates{BytesPerSecond: 100, ObjectsPerSecond: 1})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(w.Calls()); int64(n) != plan.Listing.Lists+plan.Listing.Enumerations {
		t.Errorf("%d calls, counted %+v", n, plan.Listing)
	}
	count := func(objects, bytes int64) manifest.Count { return manifest.Count{Objects: objects, Bytes: bytes} }
	if plan.Copy != count(2, 1007) || plan.Overwrite != count(1, 7) || plan.Same.Objects != 7 || plan.Delete.Objects != 1 ||
		plan.Refused.Objects != 1 || plan.Archived.Objects != 1 || len(plan.Named) != 2 || plan.Largest != 1000 || plan.Duration != 10070*time.Millisecond {
		t.Errorf("the plan is %+v", plan)
	}
	if plan.Fingerprint == settings().Fingerprint() || plan.Fingerprint == "" {
		t.Error("the fingerprint does not tell settings apart")
	}
	var text bytes.Buffer
	r, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, &text)
	if err != nil {
		t.Fatal(err)
	}
	if r.Counts.Results[manifest.Copied] != plan.Copy || r.Counts.Results[manifest.Same] != plan.Same || r.Counts.Results[manifest.Deleted] != plan.Delete {
		t.Errorf("the pass came to %+v", r.Counts)
	}
	did := objectworld.Count(w.Calls(), "source.Open", "source.Head", "target.Put", "target.Stage", "target.Commit", "target.Staged", "target.Delete")
	if want := plan.Use.Gets + plan.Use.Writes + plan.Use.Reads + plan.Use.Others; int64(did) != want {
		t.Errorf("%d requests were made, %d were planned", did, want)
	}
}

func TestPauseHoldsAndProgressTells(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	small(w, 20)
	paused := make(chan struct{})
	var once sync.Once
	var last move.Progress
	p := objects.Ports{Folder: t.TempDir(), Progress: func(p move.Progress) {
		last = p
		if p.Slowed == "paused" {
			once.Do(func() { close(paused) })
		}
	}}
	m := newMover(t, w, settings(), p)
	m.Pause()
	ended := make(chan error)
	go func() {
		_, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, io.Discard)
		ended <- err
	}()
	<-paused
	if n := objectworld.Count(w.Calls(), "source.Open"); n > 0 {
		t.Errorf("%d objects were read in a pause", n)
	}
	m.Resume()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if last.Items != 20 || last.TotalItems != 20 || !last.Listed || last.Bytes != last.TotalBytes || last.Doing != "copy" || last.Left != 0 {
		t.Errorf("the last progress is %+v", last)
	}
}

// The parts of a pass can be done by different movers, and one that was done is
// not done again.
func TestShardsAreDoneByDifferentWorkers(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{PageSize: 5}
	for _, folder := range []string{"a/", "b/", "c/"} {
		for i := range 20 {
			w.Add(folder+string(rune('a'+i)), body(i, i))
		}
	}
	p := objects.Ports{Folder: t.TempDir(), Journal: &journal{}}
	pass := objects.Pass{ID: "p", Run: "r1"}
	shards, err := newMover(t, w, settings(), p).Shards(t.Context(), pass)
	if err != nil || len(shards) < 3 {
		t.Fatalf("%v, %v", shards, err)
	}
	var done []objects.Done
	for _, shard := range shards {
		d, err := newMover(t, w, settings(), p).CopyShard(t.Context(), pass, shard)
		if err != nil {
			t.Fatal(err)
		}
		done = append(done, d)
	}
	w.Calls()
	m := newMover(t, w, settings(), p)
	if again, err := m.CopyShard(t.Context(), pass, shards[0]); err != nil || again.Counts.Lines != done[0].Counts.Lines || len(w.Calls()) > 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
	if _, err := m.Join(t.Context(), pass, done[1:], io.Discard); !fault.Is(err, fault.Refused) {
		t.Errorf("a manifest without a shard: %v", err)
	}
	var text bytes.Buffer
	r, err := m.Join(t.Context(), pass, done, &text)
	if err != nil || r.Counts.Lines != 60 || r.Summary.Head.Run != "r1" || len(lines(t, text.Bytes())) != 60 {
		t.Errorf("%+v, %v", r.Counts, err)
	}
	other := settings()
	other.Tags = true
	if _, err := newMover(t, w, other, p).Shards(t.Context(), pass); !fault.Is(err, fault.Conflict) {
		t.Errorf("other settings: %v", err)
	}
}
