package objects_test

import (
	"context"
	"fmt"
	"testing"

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
	w := &objectworld.World{PageSize: 100, Seeks: true}
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
		if err != nil || (len(shards) > 4) != c.cut {
			t.Errorf("%T: %d shards, %v", c.target, len(shards), err)
		}
	}
	w.Calls()
	got, r := copyAll(t, w, s)
	if len(got) != n || r.Counts.Results[manifest.Same].Objects != n {
		t.Errorf("%+v", r.Counts)
	}
	if pages := objectworld.Count(w.Calls(), "target.Page"); pages > n/100+30 {
		t.Errorf("%d pages of the target were read, of about %d", pages, n/100)
	}
}
