package objects_test

import (
	"fmt"
	"testing"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit/objectworld"
)

func versioned() objects.Settings {
	s := settings()
	s.Versions = true
	return s
}

// deleted is a world in which two keys have versions and are deleted.
func deleted(keeps bool) *objectworld.World {
	w := &objectworld.World{Keeps: keeps}
	for _, key := range []string{"a", "b"} {
		w.Put(&objectworld.Content{Object: object.Object{Key: key, Version: key + "1"}, Body: []byte(key), Sums: object.Sums{Known: object.CRC64, CRC64: objectworld.CRC([]byte(key))}})
		w.Put(&objectworld.Content{Object: object.Object{Key: key, Version: key + "2", Marker: true}})
	}
	w.Add("current", []byte("x")).Object.Version = "c1"
	return w
}

// A key that is deleted is not written again, and deleted again, with each pass.
func TestDeletedKeysAreMovedOnce(t *testing.T) {
	t.Parallel()
	for _, keeps := range []bool{true, false} {
		w := deleted(keeps)
		got, r := copyAll(t, w, versioned())
		if r.Err() != nil || got["b@b2"].Result == "" || got["current@c1"].Result != manifest.Copied {
			t.Fatalf("keeps %t: %v, %v", keeps, resultsOf(got), r.Err())
		}
		if keeps && (got["a@a1"].Result != manifest.Copied || got["b@b1"].Result != manifest.Copied) {
			t.Errorf("%v", resultsOf(got))
		}
		w.Calls()
		got, r = copyAll(t, w, versioned())
		writes := objectworld.Count(w.Calls(), "target.Put", "target.Delete", "target.Commit")
		if r.Err() != nil || len(got) != 5 {
			t.Errorf("keeps %t, again: %v, %v", keeps, resultsOf(got), r.Err())
		}
		if keeps && (writes != 0 || got["a@a1"].Result != manifest.Same || got["a@a1"].Proof != move.Recorded || got["a@a2"].Proof != move.Bound) {
			t.Errorf("again: %d writes, %+v", writes, got)
		}
		// A container that keeps none says so only in answer to a write.
		if !keeps && writes > 4 {
			t.Errorf("again: %d writes", writes)
		}
	}
}

// A blob that somebody else wrote under the name of a deleted key is theirs.
func TestDeletedKeysLeaveTheBlobsOfOthers(t *testing.T) {
	t.Parallel()
	w := deleted(true)
	w.Overwrite("a", []byte("theirs"))
	got, r := copyAll(t, w, versioned())
	if got["a@a1"].Result != manifest.Refused || got["a@a2"].Result != manifest.Refused || r.Err() == nil {
		t.Errorf("%v, %v", resultsOf(got), r.Err())
	}
	if _, there, _ := w.Blob("a"); string(there) != "theirs" {
		t.Errorf("their blob is %q", there)
	}
}

// Of an archived version nobody claims a copy, and nothing is asked of the source
// that it was not told to.
func TestArchivedVersionsAreNamed(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	old := w.Add("a", []byte("old"))
	old.Object.Version, old.Object.Class = "v1", "GLACIER"
	w.Add("a", []byte("new")).Object.Version = "v2"
	for n := range 2 {
		got, _ := copyAll(t, w, versioned())
		if got["a@v1"].Result != manifest.Archived || got["a@v2"].Result != []manifest.Result{manifest.Copied, manifest.Same}[n] {
			t.Errorf("pass %d: %v", n, resultsOf(got))
		}
	}
	if n := objectworld.Count(w.Calls(), "source.Restore"); n != 0 {
		t.Errorf("%d restores were asked for", n)
	}
}

// What is said of versions that are older than the one that is there rests on
// nothing: they may have been denied.
func TestOlderVersionsAreNotVouchedFor(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	for i := range 3 {
		c := w.Add("a", body(i, 10))
		c.Object.Version, c.Denied = fmt.Sprintf("v%d", i), i == 1
	}
	copyAll(t, w, versioned())
	got, _ := copyAll(t, w, versioned())
	if got["a@v1"].Proof != move.Unproved || got["a@v2"].Proof != move.Recorded || got["a@v1"].Reason == "" {
		t.Errorf("%+v", got)
	}
}
