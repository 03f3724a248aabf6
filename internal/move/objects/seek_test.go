package objects_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit/objectworld"
)

// stuck says that it can begin a listing at a name, and cannot.
type stuck struct{ object.Target }

func (s stuck) PageFrom(context.Context, string, string, string) (object.Listed[object.Blob], error) {
	return object.Listed[object.Blob]{}, fault.Newf(fault.Unsupported, "the answer begins before it")
}

// A flat folder is cut into shards though the target is large, where the target
// can begin a listing at a name; each blob is listed about once then.
func TestFlatFoldersAreCutWhereTheTargetCanSeek(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{PageSize: 50, Seeks: true}
	const n = 5000
	for i := range n {
		w.Add(fmt.Sprintf("f/%04d", i), nil)
	}
	copyAll(t, w, settings())
	s := settings()
	s.Shards = 8
	for _, c := range []struct {
		target object.Target
		cut    bool
	}{{w.Target(), true}, {stuck{w.Target()}, false}} {
		m, err := objects.New(objects.Ports{Source: w.Source(), Target: c.target, Folder: t.TempDir()}, s, move.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		shards, err := m.Shards(t.Context(), objects.Pass{ID: "look"})
		if err != nil || (len(shards) > 1) != c.cut {
			t.Errorf("%T: %d shards, %v", c.target, len(shards), err)
		}
	}
	w.Calls()
	got, r := copyAll(t, w, s)
	if len(got) != n || r.Counts.Results[manifest.Same].Objects != n {
		t.Errorf("%+v", r.Counts)
	}
	if pages := objectworld.Count(w.Calls(), "target.Page"); pages > n/50+10 {
		t.Errorf("%d pages of the target were read, of about %d", pages, n/50)
	}
}

// A pass over what is equal reads each page of both sides once.
func TestNoChangePassReadsEachPageOnce(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	for i := range 5000 {
		w.Add(fmt.Sprintf("folder-%02d/%04d", i%20, i), nil)
	}
	s := settings()
	s.Shards = 64
	copyAll(t, w, s)
	w.Calls()
	_, r := copyAll(t, w, s)
	calls := w.Calls()
	if r.Counts.Results[manifest.Same].Objects != 5000 || len(calls) != 10 ||
		objectworld.Count(calls, "source.Page") != 5 || objectworld.Count(calls, "target.Page") != 5 {
		t.Errorf("%d requests: %+v", len(calls), r.Counts)
	}
}

// A shard that is begun long after the discovery is listed anew, and so is one
// that is worked on twice.
func TestOldListingsAreNotUsed(t *testing.T) {
	t.Parallel()
	for _, later := range []time.Duration{0, time.Hour} {
		w := &objectworld.World{}
		w.Add("a", nil)
		now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		m, err := objects.New(objects.Ports{Source: w.Source(), Target: w.Target(), Folder: t.TempDir(), Now: func() time.Time { return now }}, settings(), move.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		shards, err := m.Shards(t.Context(), objects.Pass{ID: "look"})
		if err != nil || len(shards) != 1 {
			t.Fatal(shards, err)
		}
		w.Add("b", nil)
		now = now.Add(later)
		want := int64(1)
		if later > 0 {
			want = 2
		}
		for _, id := range []string{"first", "second"} {
			done, err := m.CopyShard(t.Context(), objects.Pass{ID: id}, shards[0])
			if n := done.Counts.Results[manifest.Copied].Objects + done.Counts.Results[manifest.Same].Objects; err != nil || n != want {
				t.Errorf("%s, %s later: %d objects, want %d, %v", id, later, n, want, err)
			}
			want = 2
		}
	}
}
