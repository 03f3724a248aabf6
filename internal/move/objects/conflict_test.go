package objects_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/testkit/objectworld"
)

// Somebody else writes at the target between the listing and the write: theirs
// is seen, and replaced only by a write that knows of it.
func TestWritesOfOthersAreSeen(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Add("equal", []byte("same content"))
	w.Add("other", []byte("content"))
	w.Add("busy", []byte("content"))
	done := map[string]bool{}
	w.Before = func(c objectworld.Call) error {
		if c.Op != "target.Put" || done[c.Name] && c.Name != "busy" {
			return nil
		}
		done[c.Name] = true
		if c.Name == "equal" {
			w.Overwrite(c.Name, []byte("same content"))
		} else {
			w.Overwrite(c.Name, []byte(fmt.Sprint("theirs", len(w.Calls()))))
		}
		return nil
	}
	got, _ := copyAll(t, w, settings())
	want := map[string]string{"busy": "changing", "equal": "copied", "other": "copied"}
	if fmt.Sprint(resultsOf(got)) != fmt.Sprint(want) {
		t.Errorf("got %v", got)
	}
	if _, there, _ := w.Blob("other"); string(there) != "content" {
		t.Errorf("other is %q", there)
	}
}

// An answer that is lost after the write has happened costs a look, no write.
func TestLostAnswersAreFoundOut(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Add("a", []byte("content"))
	w.Add("large", body(1, 500))
	lost := map[string]bool{}
	w.After = func(c objectworld.Call) error {
		if (c.Op == "target.Put" || c.Op == "target.Commit") && !lost[c.Name] {
			lost[c.Name] = true
			// What a driver says whose second sending met the work of its first.
			return fault.Newf(fault.Conflict, "ConditionNotMet")
		}
		return nil
	}
	got, _ := copyAll(t, w, settings())
	if got["a"].Result != manifest.Copied || got["large"].Result != manifest.Copied || objectworld.Count(w.Calls(), "target.Put", "target.Commit") != 2 {
		t.Errorf("got %v", got)
	}
}

func TestTargetThatDeniesEverythingEndsThePass(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	for i := range 300 {
		w.Add(fmt.Sprint(i), []byte("x"))
	}
	w.Before = func(c objectworld.Call) error {
		if c.Op == "target.Put" {
			return fault.Newf(fault.Denied, "AuthorizationPermissionMismatch")
		}
		return nil
	}
	m := newMover(t, w, settings(), objects.Ports{Folder: t.TempDir()})
	if _, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, io.Discard); !fault.Is(err, fault.Denied) {
		t.Errorf("got %v", err)
	}
}

// Without marks equality rests on hashes, or on reading.
func TestWithoutMarks(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	small(w, 3)
	parts(w, "parted", body(9, 300), 100)
	s := settings()
	s.NoMark = true
	copyAll(t, w, s)
	if b, _, _ := w.Blob("k01"); len(b.Metadata) != 0 {
		t.Errorf("metadata %v", b.Metadata)
	}
	w.Calls()
	got, _ := copyAll(t, w, s)
	calls := w.Calls()
	if got["parted"].Proof != move.Read || got["k02"].Proof != move.Recorded || objectworld.Count(calls, "target.Put", "target.Stage", "target.Commit") > 0 {
		t.Errorf("got %v", got)
	}
	w.Damage("parted", func(b []byte) []byte { b[7] ^= 1; return b })
	if got, _ = copyAll(t, w, s); got["parted"].Result != manifest.Copied {
		t.Errorf("got %+v", got["parted"])
	}
}

// What Azure cannot hold of an object is left out and named, or refuses it.
func TestLossesAreNamed(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	c := w.Add("a", []byte("x"))
	c.Metadata, c.Tags = map[string]string{"not-valid": "1", "ok": "2"}, map[string]string{"team@x": "1"}
	c.Headers.Redirect = "/elsewhere"
	s := settings()
	s.Tags = true
	got, r := copyAll(t, w, s)
	if len(got["a"].Losses) != 3 || r.Counts.Losses != 1 || r.Err() != nil {
		t.Errorf("got %+v", got["a"])
	}
	if b, _, _ := w.Blob("a"); b.Metadata["ok"] != "2" || len(b.Metadata) != 2 {
		t.Errorf("metadata %v", b.Metadata)
	}
	w.Erase("a")
	s.Names.Metadata = name.Fail
	if got, _ = copyAll(t, w, s); got["a"].Result != manifest.Refused || !strings.HasPrefix(got["a"].Reason, string(name.HeaderRedirect)) && got["a"].Reason == "" {
		t.Errorf("got %+v", got["a"])
	}
	w.Add("b.", nil)
	s.Names.Keys = name.Fail
	m := newMover(t, w, s, objects.Ports{Folder: t.TempDir()})
	if _, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, io.Discard); !fault.Is(err, fault.Refused) {
		t.Errorf("a key that ends the run: %v", err)
	}
}

// The limit of bytes holds the pass back, and the progress says so.
func TestLimitOfBytesIsKept(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	small(w, 12)
	var slowed string
	p := objects.Ports{Source: w.Source(), Target: w.Target(), Folder: t.TempDir(), Progress: func(p move.Progress) { slowed = p.Slowed }}
	m, err := objects.New(p, settings(), move.Limits{BytesPerSecond: 3000, Buffers: 256, Requests: 3})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	began := time.Now()
	r, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, &text)
	if err != nil || r.Counts.Results[manifest.Copied].Objects != 12 {
		t.Fatalf("%v, %+v", err, r.Counts)
	}
	// 1,518 bytes, of which a quarter of a second's worth may go at once.
	if took := time.Since(began); took < 200*time.Millisecond || slowed != "limit of bytes per second" {
		t.Errorf("it took %v, slowed by %q", took, slowed)
	}
}
