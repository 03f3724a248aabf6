package objects_test

import (
	"context"
	"io"
	"testing"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit/objectworld"
)

// last keeps the last word of the progress.
func last(p *move.Progress) func(move.Progress) { return func(now move.Progress) { *p = now } }

// A blob under another name than its object's key is not extra, and the last
// word of a plan is of the whole listing.
func TestPlansKnowRenamedBlobs(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Add("a", []byte("x"))
	w.Add("b.", []byte("x"))
	s := settings()
	s.Names = name.Policy{Keys: name.Rename}
	if got, r := copyAll(t, w, s); r.Err() != nil || got["b."].Name == "" {
		t.Fatalf("%+v %v", got, r.Err())
	}
	s.Delete = objects.DeleteOurs
	for want, gone := range []string{"", "b."} {
		if gone != "" {
			w.Drop(gone)
		}
		var said move.Progress
		m := newMover(t, w, s, objects.Ports{Folder: t.TempDir(), Progress: last(&said)})
		p, err := m.Plan(t.Context(), objects.Rates{})
		if err != nil || p.Extra.Objects != int64(want) || p.Delete.Objects != int64(want) || !said.Listed || said.Items != said.TotalItems {
			t.Errorf("without %q: %+v, %+v, %v", gone, p, said, err)
		}
	}
}

// A delete marker is nothing to be copied, and versions are counted one by one.
func TestProgressOfVersions(t *testing.T) {
	t.Parallel()
	w := deleted(false)
	var said move.Progress
	m := newMover(t, w, versioned(), objects.Ports{Folder: t.TempDir(), Progress: last(&said)})
	if _, known := m.KeepsVersions(); known {
		t.Error("known before anything was written")
	}
	p, err := m.Plan(t.Context(), objects.Rates{})
	if err != nil || p.Copy.Objects != 3 || p.Copy.Bytes != 3 {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, io.Discard); err != nil || said.Items != 5 || said.TotalItems != 5 || said.Bytes != said.TotalBytes {
		t.Errorf("%+v %v", said, err)
	}
	if keeps, known := m.KeepsVersions(); keeps || !known {
		t.Error("a container that keeps no versions was written to")
	}
}

// silent is a source whose listing does not say what is restored.
type silent struct{ object.Source }

func (s silent) Page(ctx context.Context, within object.Range, delimiter, next string) (object.Listed[object.Object], error) {
	page, err := s.Source.Page(ctx, within, delimiter, next)
	for i := range page.Items {
		page.Items[i].Restored = false
	}
	return page, err
}

// What is restored is copied, also where the listing does not tell.
func TestRestoredObjectsAreCopied(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	for _, key := range []string{"archived", "restored", "restoring"} {
		w.Add(key, []byte("x")).Object.Class = "GLACIER"
	}
	w.Edit("restored", func(c *objectworld.Content) { c.Object.Restored = true })
	w.Edit("restoring", func(c *objectworld.Content) { c.Object.Restoring = true })
	s := settings()
	s.RestoreDays = 2
	m, err := objects.New(objects.Ports{Source: silent{w.Source()}, Target: w.Target(), Folder: t.TempDir()}, s, move.Limits{})
	fatal(t, err)
	r, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, io.Discard)
	asked := objectworld.Count(w.Calls(), "source.Restore")
	if n := r.Counts.Results; err != nil || n[manifest.Copied].Objects != 1 || n[manifest.Archived].Objects != 2 || asked != 1 {
		t.Errorf("%+v, %d restores, %v", n, asked, err)
	}
}

// Blocks that somebody else has left under a name neither close the path on
// which the target fetches, nor keep the object from being copied.
func TestServerSidePathClearsForeignBlocks(t *testing.T) {
	t.Parallel()
	for _, there := range []bool{false, true} {
		w := &objectworld.World{}
		if there {
			w.Overwrite("large", []byte("before"))
		}
		w.Leave("large", "short", []byte("y"))
		w.Add("large", body(7, 5000))
		w.Add("other", body(8, 5000))
		s := settings()
		s.Path, s.ServerFrom = objects.ServerSide, 50
		got, r := copyAll(t, w, s)
		if r.Err() != nil || r.Path != "" || got["large"].Result != manifest.Copied || w.Uncommitted("large") != 0 {
			t.Errorf("%+v, path %q, %v", got, r.Path, r.Err())
		}
	}
}
