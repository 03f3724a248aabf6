package objects_test

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit/objectworld"
)

// drawWorld makes objects of all kinds, blobs of others in their way, and blobs
// that no object answers to.
func drawWorld(t *rapid.T) *objectworld.World {
	w := &objectworld.World{PageSize: rapid.IntRange(1, 9).Draw(t, "page"), Seeks: rapid.Bool().Draw(t, "seeks")}
	key := rapid.StringOfN(rapid.RuneFrom([]rune("ab./~é\uE000𝄞")), 1, 8, -1)
	sizes := rapid.SampledFrom([]int{0, 1, 63, 64, 65, 128, 700})
	for i, k := range rapid.SliceOfNDistinct(key, 0, 14, rapid.ID).Draw(t, "keys") {
		content := body(i, sizes.Draw(t, "size"))
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			w.Put(&objectworld.Content{Object: object.Object{Key: k}, Body: content})
		case 1, 2:
			if len(content) > 0 {
				parts(w, k, content, rapid.SampledFrom([]int{50, 64, 130}).Draw(t, "part"))
			} else {
				w.Add(k, content)
			}
		case 3:
			w.Add(k, content).Object.Class = "DEEP_ARCHIVE"
		case 4:
			w.Add(k, content).Denied = true
		case 5:
			c := w.Add(k, content)
			c.Sums = object.Sums{}
		default:
			w.Add(k, content)
		}
		if name.Validate(k, name.Account{}) != nil {
			continue
		}
		switch rapid.IntRange(0, 5).Draw(t, "there") {
		case 0:
			w.Overwrite(k, body(i+100, len(content)))
		case 1:
			w.Overwrite(k, content)
		case 2:
			w.Leave(k, "other", []byte("x"))
		}
	}
	for i, n := range rapid.SliceOfNDistinct(key, 0, 4, rapid.ID).Draw(t, "blobs") {
		if name.Validate(n, name.Account{}) == nil {
			w.Overwrite(n, body(i+200, 10))
		}
	}
	return w
}

func drawSettings(t *rapid.T) objects.Settings {
	s := settings()
	s.Shards = rapid.IntRange(1, 8).Draw(t, "shards")
	s.Names.Keys = rapid.SampledFrom([]name.Mode{name.Exclude, name.Rename}).Draw(t, "mode")
	s.NoMark = rapid.IntRange(0, 4).Draw(t, "mark") == 0
	s.Path = rapid.SampledFrom([]objects.Path{objects.Streamed, objects.Streamed, objects.EitherPath}).Draw(t, "path")
	s.ServerFrom = 65
	if !s.NoMark {
		s.Delete = rapid.SampledFrom([]objects.Deletes{objects.DeleteNone, objects.DeleteOurs, objects.DeleteAll}).Draw(t, "delete")
	}
	return s
}

// trouble strikes at numbered calls.
type trouble struct {
	calls  atomic.Int64 // hooks before and after a call may run at once
	kills  map[int]bool
	before map[int]fault.Kind
	after  map[int]bool
	cancel context.CancelFunc
	// sent counts what took effect, by name and block.
	sent map[string]int
	// lost are names of which an answer was lost.
	deleted []string
}

func (x *trouble) arm(w *objectworld.World) {
	x.sent = map[string]int{}
	w.Before = func(objectworld.Call) error {
		n := int(x.calls.Add(1))
		if x.kills[n] {
			x.cancel()
			return context.Canceled
		}
		if kind := x.before[n]; kind != "" {
			return fault.Newf(kind, "injected")
		}
		return nil
	}
	w.After = func(c objectworld.Call) error {
		switch c.Op {
		case "target.Put", "target.Commit":
			x.sent[c.Name]++
		case "target.Stage":
			x.sent[c.Name+" "+c.ID]++
		case "target.Delete":
			x.deleted = append(x.deleted, c.Name)
		}
		if x.after[int(x.calls.Load())] {
			return fault.Newf(fault.Unavailable, "the answer is lost")
		}
		return nil
	}
}

func drawTrouble(t *rapid.T) *trouble {
	x := &trouble{kills: map[int]bool{}, before: map[int]fault.Kind{}, after: map[int]bool{}}
	at := rapid.IntRange(1, 150)
	for _, n := range rapid.SliceOfN(at, 0, 3).Draw(t, "kills") {
		x.kills[n] = true
	}
	for _, n := range rapid.SliceOfN(at, 0, 3).Draw(t, "faults") {
		x.before[n] = rapid.SampledFrom([]fault.Kind{fault.Unavailable, fault.Throttled, fault.Timeout}).Draw(t, "fault")
	}
	for _, n := range rapid.SliceOfN(at, 0, 3).Draw(t, "lost") {
		x.after[n] = true
	}
	return x
}

// passThrough copies in one pass, with a new mover on the same journal after each
// kill, till it ends.
func passThrough(t *rapid.T, w *objectworld.World, s objects.Settings, x *trouble) (map[string]manifest.Line, objects.Result) {
	folder, err := os.MkdirTemp("", "objects")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	j := &journal{}
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		x.cancel = cancel
		var text bytes.Buffer
		m := newMover(t, w, s, objects.Ports{Folder: folder, Journal: j})
		r, err := m.Copy(ctx, objects.Pass{ID: "p"}, &text)
		cancel()
		if err != nil {
			if !fault.Is(err, fault.Canceled) && !fault.Retryable(err) {
				t.Fatalf("the pass ended with %v", err)
			}
			continue
		}
		all := lines(t, text.Bytes())
		if int(r.Counts.Lines) != len(all) {
			t.Fatalf("%d lines are counted, there are %d", r.Counts.Lines, len(all))
		}
		files, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f.Name(), ".segment") {
				t.Fatalf("a file is left: %s", f.Name())
			}
		}
		return all, r
	}
	t.Fatal("the pass does not come to its end")
	return nil, objects.Result{}
}

// Whatever the world, the faults and the kills: each object is there, or is named
// with a reason; nothing that was finished is sent again; nothing is deleted that
// must not be.
func TestEveryObjectIsThereOrNamed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, s, x := drawWorld(t), drawSettings(t), drawTrouble(t)
		foreign := w.Names()
		x.arm(w)
		all, r := passThrough(t, w, s, x)
		w.Before, w.After = nil, nil
		mapper, err := name.New(s.Names)
		if err != nil {
			t.Fatal(err)
		}
		var answered []string
		for _, key := range w.Keys() {
			line, ok := all[key]
			if !ok {
				t.Fatalf("%q has no line", key)
			}
			checkLine(t, w, line)
			if blob, refusal := mapper.Blob(key, 0); refusal == nil {
				answered = append(answered, blob.Name)
			}
		}
		checkSent(t, x, s)
		checkDeleted(t, x, s, foreign, answered)
		if int(r.Counts.Lines) < len(w.Keys()) {
			t.Fatalf("%d lines of %d objects", r.Counts.Lines, len(w.Keys()))
		}
		checkQuiet(t, w, s)
	})
}

func checkLine(t *rapid.T, w *objectworld.World, line manifest.Line) {
	blobName := line.Name
	if blobName == "" {
		blobName = line.Key
	}
	_, there, ok := w.Blob(blobName)
	switch line.Result {
	case manifest.Copied, manifest.Same:
		if !ok || !bytes.Equal(there, w.Content(line.Key)) {
			t.Fatalf("%q is %s, and not there", line.Key, line.Result)
		}
	default:
		if line.Reason == "" {
			t.Fatalf("%q is %s for no reason", line.Key, line.Result)
		}
	}
	if line.Proof == move.Unproved && line.Result == manifest.Copied && line.Reason == "" {
		t.Fatalf("%q is not proved for no reason", line.Key)
	}
}

// checkSent: blobs are written once; a block is staged once. An answer that is
// lost costs nothing, for the mark and the id are there.
func checkSent(t *rapid.T, x *trouble, s objects.Settings) {
	for what, n := range x.sent {
		if n > 1 && !s.NoMark {
			t.Fatalf("%q was sent %d times", what, n)
		}
	}
}

func checkDeleted(t *rapid.T, x *trouble, s objects.Settings, foreign, answered []string) {
	for _, n := range x.deleted {
		switch {
		case s.Delete == objects.DeleteNone:
			t.Fatalf("%q was deleted without being told to", n)
		case s.Delete == objects.DeleteOurs && slices.Contains(foreign, n):
			t.Fatalf("%q was deleted, which somebody else wrote", n)
		case slices.Contains(answered, n):
			t.Fatalf("%q was deleted, which is an object's", n)
		}
	}
}

// checkQuiet: once all is there, a pass without a change sends nothing, and a
// verification that reads everything finds nothing.
func checkQuiet(t *rapid.T, w *objectworld.World, s objects.Settings) {
	var none trouble
	// What met a fault is copied by the next pass.
	passThrough(t, w, s, &none)
	w.Calls()
	all, _ := passThrough(t, w, s, &none)
	calls := w.Calls()
	for _, line := range all {
		if !slices.Contains([]manifest.Result{manifest.Same, manifest.Refused, manifest.Archived, manifest.Denied, manifest.Extra}, line.Result) {
			t.Fatalf("after two passes %q is %s: %s", line.Key, line.Result, line.Reason)
		}
	}
	if n := objectworld.Count(calls, "target.Put", "target.Commit", "target.Stage", "target.StageFrom", "target.Delete"); n > 0 {
		t.Fatalf("a pass without a change sent %d times: %v", n, calls)
	}
	for key, line := range verifyIn(t, w, s, objects.LevelFull) {
		if all[key].Result != manifest.Same {
			// What cannot be read at the source may be anything at the target.
			continue
		}
		if line.Result == manifest.Different || line.Result == manifest.Same && line.Proof == move.Unproved {
			t.Fatalf("verified: %+v", line)
		}
	}
}

func verifyIn(t *rapid.T, w *objectworld.World, s objects.Settings, level objects.Level) map[string]manifest.Line {
	folder, err := os.MkdirTemp("", "objects")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	var text bytes.Buffer
	m := newMover(t, w, s, objects.Ports{Folder: folder})
	if _, err := m.Verify(t.Context(), objects.Pass{ID: "v", Level: level}, &text); err != nil {
		t.Fatal(err)
	}
	return lines(t, text.Bytes())
}
