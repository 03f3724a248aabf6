package objects_test

import (
	"io"
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit/objectworld"
)

// Who may not read tags is told of none by S3: nothing is copied without its tags
// in silence. Who may is asked once, for an object that has none.
func TestTagsThatMayNotBeRead(t *testing.T) {
	t.Parallel()
	s := settings()
	s.Tags = true
	for _, c := range []struct {
		answer fault.Kind
		want   manifest.Result
	}{{fault.Denied, manifest.Denied}, {fault.NotFound, manifest.Copied}, {fault.Unsupported, manifest.Copied}} {
		w := &objectworld.World{}
		small(w, 3)
		w.Before = func(call objectworld.Call) error {
			if call.Op == "source.Tags" {
				return fault.Of(c.answer, "read tags", call.Name, nil)
			}
			return nil
		}
		got, _ := copyAll(t, w, s)
		for key, line := range got {
			if line.Result != c.want || c.want == manifest.Denied && !strings.Contains(line.Reason, "read tags") {
				t.Errorf("%s: %q is %+v", c.answer, key, line)
			}
		}
	}
	w := &objectworld.World{}
	m := newMover(t, w, s, objects.Ports{Folder: t.TempDir()})
	for i, pass := range []string{"p", "q"} {
		small(w, 1+20*i)
		if _, err := m.Copy(t.Context(), objects.Pass{ID: pass}, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	if n := objectworld.Count(w.Calls(), "source.Tags"); n != 1 {
		t.Errorf("tags were asked for %d times", n)
	}
}

// The mark of a copy out of another bucket is none of this one.
func TestMarkedFrom(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	small(w, 1)
	s := settings()
	s.Source = "s3://one/prefix"
	copyAll(t, w, s)
	b, _, _ := w.Blob("k00")
	if !objects.MarkedFrom(&b, "s3://one") || objects.MarkedFrom(&b, "s3://another/prefix") || objects.MarkedFrom(&object.Blob{}, "s3://one") {
		t.Errorf("the mark is %v", b.Metadata)
	}
}

// A copy under another name is one also for a pass that renames nothing: it is
// not deleted as long as its object is there.
func TestDeletesLeaveRenamedCopies(t *testing.T) {
	t.Parallel()
	for _, mode := range []objects.Deletes{objects.DeleteOurs, objects.DeleteAll} {
		w := &objectworld.World{}
		for _, key := range []string{"a.", "gone.", "plain"} {
			w.Add(key, []byte(key))
		}
		s := settings()
		s.Names.Keys = name.Rename
		copyAll(t, w, s)
		w.Drop("gone.")
		s = settings()
		s.Delete = mode
		m := newMover(t, w, s, objects.Ports{Folder: t.TempDir()})
		if plan, err := m.Plan(t.Context(), objects.Rates{}); err != nil || plan.Delete.Objects != 1 || plan.Extra.Objects != 2 {
			t.Errorf("%s: %+v, %v", mode, plan, err)
		}
		got, _ := copyAll(t, w, s)
		if names := w.Names(); len(names) != 2 || names[0] != "a~x2E" || got["a~x2E"].Result != manifest.Extra || !strings.Contains(got["a~x2E"].Reason, `the copy of "a."`) {
			t.Errorf("%s: %q, %+v", mode, names, got["a~x2E"])
		}
	}
}
