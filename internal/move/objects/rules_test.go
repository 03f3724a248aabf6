package objects_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/tally"
	"example.com/landfall/internal/testkit/objectworld"
)

func TestDeletesWhatTheyAreToldTo(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		delete objects.Deletes
		want   map[string]string
	}{
		{objects.DeleteNone, map[string]string{"a": "same", "foreign": "extra", "gone": "extra", "z": "same"}},
		{objects.DeleteOurs, map[string]string{"a": "same", "foreign": "extra", "gone": "deleted", "z": "same"}},
		{objects.DeleteAll, map[string]string{"a": "same", "foreign": "deleted", "gone": "deleted", "z": "same"}},
	} {
		w := &objectworld.World{PageSize: 2}
		for _, key := range []string{"a", "gone", "z"} {
			w.Add(key, []byte(key))
		}
		copyAll(t, w, settings())
		w.Drop("gone")
		w.Overwrite("foreign", nil)
		s := settings()
		s.Delete = c.delete
		got, r := copyAll(t, w, s)
		if fmt.Sprint(resultsOf(got)) != fmt.Sprint(c.want) || r.Err() != nil {
			t.Errorf("%q: got %v, %v", c.delete, resultsOf(got), r.Err())
		}
		for key, result := range c.want {
			if _, _, there := w.Blob(key); there == (result == "deleted") {
				t.Errorf("%q: %q is there: %t", c.delete, key, there)
			}
		}
	}
}

// A listing that breaks off, a bucket that is suddenly empty, and an object that
// comes up after the listing must not cost a blob.
func TestDoubtfulListingsDeleteNothing(t *testing.T) {
	t.Parallel()
	s := settings()
	s.Delete = objects.DeleteAll
	fresh := func() *objectworld.World {
		w := &objectworld.World{PageSize: 2}
		small(w, 9)
		copyAll(t, w, settings())
		return w
	}
	w := fresh()
	n := 0
	w.Before = func(c objectworld.Call) error {
		if c.Op == "source.Page" {
			if n++; n > 4 {
				return fault.Newf(fault.Unavailable, "reset")
			}
		}
		return nil
	}
	m := newMover(t, w, s, objects.Ports{Folder: t.TempDir()})
	if _, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, nil); !fault.Is(err, fault.Unavailable) || len(w.Names()) != 9 {
		t.Errorf("broken off: %v, %d blobs", err, len(w.Names()))
	}

	w = fresh()
	for _, key := range w.Keys() {
		w.Drop(key)
	}
	got, _ := copyAll(t, w, s)
	if got["k03"].Result != manifest.Extra || len(w.Names()) != 9 {
		t.Errorf("empty: %+v, %d blobs", got["k03"], len(w.Names()))
	}

	w = fresh()
	content := w.Content("k03")
	w.Drop("k03")
	listed := false
	w.Before = func(c objectworld.Call) error {
		// The point lookup before the delete is the first that names the key.
		if c.Op == "source.Page" && c.Name == "k03" && !listed {
			listed = true
			w.Add("k03", content)
		}
		return nil
	}
	got, _ = copyAll(t, w, s)
	if got["k03"].Result != manifest.Extra || len(w.Names()) != 9 || !listed {
		t.Errorf("come up again: %+v", got["k03"])
	}
}

func TestVersionsAreWrittenInOrder(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{PageSize: 1}
	for i, v := range []string{"v1", "v2", "v3"} {
		c := w.Add("a", body(i, 100))
		c.Object.Version = v
	}
	w.Put(&objectworld.Content{Object: object.Object{Key: "b", Version: "b1"}, Body: []byte("x")})
	w.Put(&objectworld.Content{Object: object.Object{Key: "b", Version: "b2", Marker: true}})
	s := settings()
	s.Versions = true
	w.Calls()
	got, r := copyAll(t, w, s)
	want := map[string]string{"a@v1": "copied", "a@v2": "copied", "a@v3": "copied", "b@b1": "copied", "b@b2": "deleted"}
	if fmt.Sprint(resultsOf(got)) != fmt.Sprint(want) || r.Err() != nil {
		t.Errorf("got %v, %v", resultsOf(got), r.Err())
	}
	var writes []string
	for _, c := range w.Calls() {
		if slices.Contains([]string{"target.Commit", "target.Put", "target.Delete"}, c.Op) && c.Name == "a" {
			writes = append(writes, c.Op)
		}
	}
	if _, there, _ := w.Blob("a"); !bytes.Equal(there, body(2, 100)) || len(writes) != 3 {
		t.Errorf("writes %q", writes)
	}
	if _, _, there := w.Blob("b"); there {
		t.Error("a deleted object is there")
	}
	w.Add("a", body(9, 100)).Object.Version = "v4"
	got, _ = copyAll(t, w, s)
	if got["a@v3"].Result != manifest.Same || got["a@v4"].Result != manifest.Copied {
		t.Errorf("again: %v", resultsOf(got))
	}
}

// Blocks that are staged survive a kill and are not sent again; those of others
// do not get in the way, and cost no blob.
func TestStagedBlocksAreUsedAgain(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Add("large", body(1, 1000))
	w.Overwrite("taken", []byte("before"))
	w.Leave("taken", "short", []byte("x"))
	w.Add("taken", body(2, 1000))
	ctx, cancel := context.WithCancel(t.Context())
	staged := map[string]int{}
	w.After = func(c objectworld.Call) error {
		if c.Op == "target.Stage" {
			if staged[c.Name+c.ID]++; len(staged) == 7 {
				cancel()
			}
		}
		return nil
	}
	m := newMover(t, w, settings(), objects.Ports{Folder: t.TempDir()})
	if _, err := m.Copy(ctx, objects.Pass{ID: "p"}, nil); !fault.Is(err, fault.Canceled) {
		t.Fatalf("got %v", err)
	}
	got, _ := copyAll(t, w, settings())
	if got["large"].Result != manifest.Copied || got["taken"].Result != manifest.Copied || got["large"].Proof != move.Bound {
		t.Errorf("got %+v", got)
	}
	for id, n := range staged {
		if n > 1 {
			t.Errorf("block %q was sent %d times", id, n)
		}
	}
	if len(staged) != 32 {
		t.Errorf("%d blocks were sent, want 2 times 16", len(staged))
	}
}

func TestObjectsThatChangeAreCopiedAgainOrNamed(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	small(w, 3)
	w.Add("often", []byte("0"))
	n := 0
	w.Before = func(c objectworld.Call) error {
		if c.Op != "source.Open" {
			return nil
		}
		switch {
		case c.Name == "often":
			n++
			w.Add("often", body(n, 10+n))
		case c.Name == "k01" && n < 100:
			n += 100
			w.Add("k01", []byte("once"))
		case c.Name == "k02":
			w.Drop("k02")
		}
		return nil
	}
	got, r := copyAll(t, w, settings())
	want := map[string]string{"k00": "copied", "k01": "copied", "k02": "changing", "often": "changing"}
	if fmt.Sprint(resultsOf(got)) != fmt.Sprint(want) || r.Err() == nil {
		t.Errorf("got %v", got)
	}
	if _, there, _ := w.Blob("k01"); string(there) != "once" {
		t.Errorf("k01 is %q", there)
	}
}

// A service of which the ETag looks like an MD5 and is none.
func TestETagsOfOtherServices(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Put(&objectworld.Content{Object: object.Object{Key: "small", ETag: strings.Repeat("ab", 16)}, Body: body(1, 20)})
	w.Put(&objectworld.Content{Object: object.Object{Key: "large", ETag: strings.Repeat("cd", 16)}, Body: body(1, 300)})
	got, _ := copyAll(t, w, settings())
	for key, line := range got {
		if line.Result != manifest.Copied || line.Proof != move.Unproved || line.Reason == "" {
			t.Errorf("%q: %+v", key, line)
		}
	}
	c := w.Add("broken", body(1, 20))
	c.Sums.CRC64++
	if got, _ = copyAll(t, w, settings()); got["broken"].Result != manifest.Failed {
		t.Errorf("broken: %+v", got["broken"])
	}
}

// An archive tier of INTELLIGENT_TIERING shows when the object is read.
func TestArchiveTiersAreRestored(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Add("a", []byte("x")).Object.Class = "INTELLIGENT_TIERING"
	w.Before = func(c objectworld.Call) error {
		if c.Op == "source.Open" {
			return fault.Of(fault.Refused, "read object", c.Name, object.ErrArchived)
		}
		return nil
	}
	s := settings()
	got, _ := copyAll(t, w, s)
	if got["a"].Result != manifest.Archived || objectworld.Count(w.Calls(), "source.Restore") != 0 {
		t.Errorf("got %+v", got["a"])
	}
	s.RestoreDays = 2
	if got, _ = copyAll(t, w, s); got["a"].Result != manifest.Archived || objectworld.Count(w.Calls(), "source.Restore") != 1 {
		t.Errorf("got %+v", got["a"])
	}
	w.Before = nil
	if got, _ = copyAll(t, w, s); got["a"].Result != manifest.Copied {
		t.Errorf("got %+v", got["a"])
	}
}

func TestServerSidePath(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	small(w, 5)
	w.Add("large", body(7, 5000))
	s := settings()
	s.Path, s.ServerFrom = objects.EitherPath, 50
	got, r := copyAll(t, w, s)
	calls := w.Calls()
	if got["large"].Proof != move.Bound || objectworld.Count(calls, "target.StageFrom") != 4 || objectworld.Count(calls, "source.Open") != 3 || r.Path != "" {
		t.Errorf("got %+v, path %q", got["large"], r.Path)
	}
	w.Add("large", body(8, 5000))
	w.Before = func(c objectworld.Call) error {
		if c.Op == "target.StageFrom" {
			return fault.Newf(fault.Denied, "CannotVerifyCopySource memory://source?key=large&version=")
		}
		return nil
	}
	got, r = copyAll(t, w, s)
	if got["large"].Result != manifest.Copied || r.Path == "" || strings.Contains(r.Path, "version=") {
		t.Errorf("got %+v, path %q", got["large"], r.Path)
	}
	w.Add("large", body(9, 5000))
	s.Path = objects.ServerSide
	if got, _ = copyAll(t, w, s); got["large"].Result != manifest.Refused {
		t.Errorf("got %+v", got["large"])
	}
}

func TestSidesOutOfOrderAreSorted(t *testing.T) {
	t.Parallel()
	back := func(a, b string) int { return strings.Compare(b, a) }
	w := &objectworld.World{PageSize: 3, SourceOrder: back}
	small(w, 9)
	got, r := copyAll(t, w, settings())
	if len(got) != 9 || fmt.Sprint(r.Unordered) != "[source]" || r.Err() != nil {
		t.Errorf("got %v, %v", got, r.Unordered)
	}
	w.SourceOrder, w.TargetOrder = nil, back
	w.Calls()
	s := settings()
	s.Delete = objects.DeleteAll
	got, r = copyAll(t, w, s)
	if r.Counts.Results[manifest.Same].Objects != 9 || fmt.Sprint(r.Unordered) != "[target]" || len(w.Names()) != 9 {
		t.Errorf("got %v, %v", resultsOf(got), r.Unordered)
	}
}

// An account with folders lists them before all else, holds no object below
// another, and takes the marker of a folder as a folder.
func TestHierarchicalAccounts(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{PageSize: 2, TargetOrder: func(a, b string) int {
		return strings.Compare(strings.ReplaceAll(a, "/", "\x00"), strings.ReplaceAll(b, "/", "\x00"))
	}}
	for _, key := range []string{"a-b", "a/b", "dir/", "x", "x/below"} {
		w.Add(key, []byte(key))
	}
	w.Edit("dir/", func(c *objectworld.Content) { c.Body, c.Object.Size = nil, 0 })
	s := settings()
	s.Names.Account.Hierarchical = true
	got, r := copyAll(t, w, s)
	want := map[string]string{"a-b": "copied", "a/b": "copied", "dir/": "copied", "x": "copied", "x/below": "refused"}
	if fmt.Sprint(resultsOf(got)) != fmt.Sprint(want) || r.Err() == nil {
		t.Errorf("got %v", got)
	}
	w.Calls()
	got, _ = copyAll(t, w, s)
	if got["a-b"].Result != manifest.Same || got["a/b"].Result != manifest.Same || got["dir/"].Result != manifest.Same || objectworld.Count(w.Calls(), "target.Put") > 0 {
		t.Errorf("again: %v", resultsOf(got))
	}
}

func TestPrefixesAreMapped(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Add("in/a", []byte("a"))
	w.Add("in/b/c", []byte("c"))
	w.Add("other", []byte("o"))
	w.Overwrite("out/x", nil)
	w.Overwrite("zzz", nil)
	s := settings()
	s.Names = name.Policy{SourcePrefix: "in/", TargetPrefix: "out/"}
	got, _ := copyAll(t, w, s)
	want := map[string]string{"in/a": "copied", "in/b/c": "copied", "in/x": "extra"}
	if fmt.Sprint(resultsOf(got)) != fmt.Sprint(want) || got["in/a"].Name != "out/a" {
		t.Errorf("got %v", got)
	}
}

func TestOutagesEndThePass(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	for i := range 500 {
		w.Add(fmt.Sprint(i), []byte("x"))
	}
	w.Before = func(c objectworld.Call) error {
		if c.Op == "target.Put" {
			return fault.Newf(fault.Unavailable, "down")
		}
		return nil
	}
	m := newMover(t, w, settings(), objects.Ports{Folder: t.TempDir()})
	if _, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, nil); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	if n := objectworld.Count(w.Calls(), "target.Put"); n > 200 {
		t.Errorf("%d writes were tried", n)
	}
}

func TestCostsEndThePass(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	for i := range 2000 {
		w.Add(fmt.Sprint(i), []byte("x"))
	}
	p := objects.Ports{Source: w.Source(), Target: w.Target(), Folder: t.TempDir(), Journal: &journal{}, Prices: tally.Prices{Write: 1}}
	m, err := objects.New(p, settings(), move.Limits{Cost: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, nil); !fault.Is(err, fault.Refused) || fault.HintOf(err) == "" {
		t.Fatalf("got %v", err)
	}
	if n := len(w.Names()); n < 400 || n > 1100 {
		t.Errorf("%d blobs were written for half a dollar", n)
	}
	m.SetLimits(move.Limits{})
	var text bytes.Buffer
	if _, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, &text); err != nil || len(w.Names()) != 2000 {
		t.Errorf("going on: %v, %d blobs", err, len(w.Names()))
	}
}

// Few objects may cost as much as many: the limit is looked at before each, and
// before each block of a large one, however little it is.
func TestCostsEndThePassWithinAnObject(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit float64
		most  int
	}{"a block": {3e-9, 5}, "next to nothing": {1e-12, 2}} {
		w := &objectworld.World{}
		w.Add("large", bytes.Repeat([]byte("0123456789abcdef"), 64))
		w.Add("other", bytes.Repeat([]byte("0123456789abcdef"), 64))
		s := settings()
		s.Block = 64
		p := objects.Ports{Source: w.Source(), Target: w.Target(), Folder: t.TempDir(), Prices: tally.Prices{Egress: 1.0 / 64}}
		m, err := objects.New(p, s, move.Limits{Cost: c.limit, Requests: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, err = m.Copy(t.Context(), objects.Pass{ID: "p"}, nil)
		if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "USD of") {
			t.Errorf("%s: got %v", name, err)
		}
		if n := objectworld.Count(w.Calls(), "source.Open"); n == 0 || n > c.most || len(w.Names()) > 0 {
			t.Errorf("%s: %d spans were read, blobs %v", name, n, w.Names())
		}
	}
}
