package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/tally"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/testkit/objectworld"
	"example.com/landfall/internal/view"
)

// plainKey signs in name only.
type plainKey struct{}

func (plainKey) Public() string              { return "public" }
func (plainKey) Fingerprint() string         { return "SHA256:key" }
func (plainKey) Sign(string) (string, error) { return "signature", nil }

// moverOver is a workspace whose objects are those of the world, and what moves
// them in shards.
func moverOver(t *testing.T, w *objectworld.World) objectShards {
	t.Helper()
	a := workspace(t)
	a.Movers.Objects = func(context.Context, ObjectSides) (ObjectPorts, error) {
		return ObjectPorts{Source: w.Source(), Target: w.Target()}, nil
	}
	a.Movers.Key = func(string) (ManifestKey, bool, error) { return plainKey{}, false, nil }
	if err := a.Workspace.KeepExecution(store.Execution{Run: "shop-1", Fingerprint: "sha256:x", Environment: "test", Begun: noon(), By: "ada"}); err != nil {
		t.Fatal(err)
	}
	m := a.objectShards()
	m.shards = 1000
	return m
}

// folders is a bucket of so many folders of five objects each, at most 64, in
// folders of eight, listed two at a time, so that each folder is worth a shard.
func folders(n int) *objectworld.World {
	w := &objectworld.World{PageSize: 2, Seeks: true}
	for i := range n {
		for k := range 5 {
			key := fmt.Sprintf("f%d/g%d/o%d", i/8, i%8, k)
			w.Add(key, []byte(strings.Repeat(key, k)))
		}
	}
	return w
}

func shardSet(step string) action.ObjectSet {
	return action.ObjectSet{Data: "bucket:covers", Source: "arn:aws:s3:::covers", Target: "/x/storageAccounts/stshop/blobServices/default/containers/covers", Step: "shop-1/" + step}
}

func quietly(move.Progress) {}

// wholly is what all parts came to that were there.
func wholly(p action.Parts) action.Ended {
	return action.Ended{Done: p.Done + len(p.All), Of: p.Done + len(p.All)}
}

func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// carry has workers carry parts out in turn; what is left is kept by the first.
func carry(t *testing.T, p action.Parts, s action.ObjectSet, workers ...objectShards) {
	t.Helper()
	for i, part := range p.All {
		left := must[[]byte](t)(workers[i%len(workers)].Shard(t.Context(), s, p.Work, part.Work, quietly))
		if (left == nil) != (i%len(workers) == 0) {
			t.Fatalf("worker %d left %d bytes", i%len(workers), len(left))
		}
		if left != nil {
			if err := workers[0].Keep(t.Context(), s, p.Work, left); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// essence is what of each line of the last manifest does not depend on which pass
// has copied the object.
func essence(t *testing.T, m objectShards, verb string) (lines []string, results map[manifest.Result]int) {
	t.Helper()
	r, _, _, err := m.here(shardSet("x"), json.RawMessage(`{"verb":"`+verb+`","source":"s3://covers","target":"az://stshop/covers"}`))
	if err != nil {
		t.Fatal(err)
	}
	last, ok, err := r.state.last(verb)
	if err != nil || !ok {
		t.Fatalf("no last pass: %v", err)
	}
	file := must[*os.File](t)(os.Open(last.Manifest))
	defer file.Close() //nolint:errcheck // it was read
	reader := must[*manifest.Reader](t)(manifest.Open(file))
	defer reader.Close()
	results = map[manifest.Result]int{}
	for {
		l, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return lines, results
		}
		if err != nil {
			t.Fatal(err)
		}
		results[l.Result]++
		lines = append(lines, fmt.Sprint(l.Key, " ", l.ETag, " ", l.Size, " ", l.Sums.CRC64, " ", l.Result.Good()))
	}
}

// puts counts the writes of each blob.
func puts(w *objectworld.World) map[string]int {
	out := map[string]int{}
	for _, c := range w.Calls() {
		if c.Op == "target.Put" {
			out[c.Name]++
		}
	}
	return out
}

// A pass in shards by three workers, two of them in other folders, comes to what
// one process comes to: the same lines, each object written once. Closed twice it
// is the same pass.
func TestShardsComeTogether(t *testing.T) {
	t.Parallel()
	alone, w := folders(40), folders(40)
	single := moverOver(t, alone)
	if _, err := single.Copy(t.Context(), shardSet("copy"), quietly); err != nil {
		t.Fatal(err)
	}
	want, _ := essence(t, single, verbCopy)

	home := moverOver(t, w)
	set := shardSet("copy")
	parts := must[action.Parts](t)(home.Split(t.Context(), set, action.ObjectPass{Key: "k"}))
	if len(parts.All) < 40 {
		t.Fatalf("%d shards", len(parts.All))
	}
	carry(t, parts, set, home, moverOver(t, w), moverOver(t, w))
	done := must[action.ObjectsDone](t)(home.Close(t.Context(), set, parts.Work, wholly(parts), quietly))
	got, results := essence(t, home, verbCopy)
	if !slices.Equal(got, want) || results[manifest.Copied] != 200 || done.Counts["copied"] != 200 || done.Found != "" {
		t.Errorf("%d lines, want %d; %v, %+v", len(got), len(want), results, done)
	}
	for name, n := range puts(w) {
		if n != 1 {
			t.Errorf("%s was written %d times", name, n)
		}
	}
	again := must[action.ObjectsDone](t)(home.Close(t.Context(), set, parts.Work, wholly(parts), quietly))
	if again.Digest != done.Digest {
		t.Errorf("closed twice it came to %s and %s", done.Digest, again.Digest)
	}
	list := must[view.LedgerEntries](t)(home.app.LedgerList(t.Context(), LedgerOptions{}, entryCopied))
	var told struct{ Use tally.Use }
	if len(list.Entries) != 1 || json.Unmarshal(list.Entries[0].Body, &told) != nil || told.Use.Gets < 200 || told.Use.Writes < 200 {
		t.Errorf("the ledger has %d entries, and of use %+v", len(list.Entries), told.Use)
	}
}

// Lines that do not come, because there are too many of them or because they are
// broken, are made again by looking: nothing is sent twice for it.
func TestLinesThatDoNotCome(t *testing.T) {
	t.Parallel()
	w := folders(20)
	home, away, set := moverOver(t, w), moverOver(t, w), shardSet("copy")
	parts := must[action.Parts](t)(home.Split(t.Context(), set, action.ObjectPass{Key: "k"}))
	for i, part := range parts.All {
		left := must[[]byte](t)(away.Shard(t.Context(), set, parts.Work, part.Work, quietly))
		switch i % 3 {
		case 0:
			left[len(left)-1] ^= 1
		case 1:
			left = left[:len(left)/2]
		}
		if err := home.Keep(t.Context(), set, parts.Work, left); err != nil {
			t.Fatal(err)
		}
	}
	must[action.ObjectsDone](t)(home.Close(t.Context(), set, parts.Work, wholly(parts), quietly))
	lines, results := essence(t, home, verbCopy)
	if len(lines) != 100 || results[manifest.Copied] == 0 || results[manifest.Same] == 0 {
		t.Errorf("%d lines, %v", len(lines), results)
	}
	for name, n := range puts(w) {
		if n != 1 {
			t.Errorf("%s was written %d times", name, n)
		}
	}
}

// While a step works on a pair, or only holds it between two shards, nobody else
// does; and the other way round. One that was asked to stop lets go of it, and the
// next attempt gives out what is not done. Behind the fence that is so only right
// after the attempt that was stopped.
func TestAStepHoldsItsPair(t *testing.T) {
	t.Parallel()
	m, set := moverOver(t, folders(20)), shardSet("copy")
	outside := func(source string) error {
		_, err := m.app.MoveObjects(t.Context(), MoveOptions{Source: source, Target: "az://stshop/covers", Tags: true}, view.NewProgress(io.Discard, false, time.Now))
		return err
	}
	r, _, _, err := m.here(set, json.RawMessage(`{"source":"s3://covers","target":"az://stshop/covers"}`))
	if err == nil {
		err = r.state.make()
	}
	if err != nil {
		t.Fatal(err)
	}
	release := must[func()](t)(r.state.lock(verbCopy))
	if _, err := m.Split(t.Context(), set, action.ObjectPass{Key: "k"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("split while another process moves: %v", err)
	}
	release()
	parts := must[action.Parts](t)(m.Split(t.Context(), set, action.ObjectPass{Key: "k"}))
	if err := outside("s3://covers"); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), `step "copy" of the run "shop-1"`) {
		t.Errorf("a move while a step holds the pair: %v", err)
	}
	if _, err := m.Split(t.Context(), shardSet("other"), action.ObjectPass{Key: "o"}); !fault.Is(err, fault.Conflict) {
		t.Errorf("another step: %v", err)
	}
	some := action.Parts{Work: parts.Work, All: parts.All[:7]}
	carry(t, some, set, m)
	// Two workers at a time are at work, and no third one alone.
	first, second := must[func()](t)(r.state.share(verbCopy)), must[func()](t)(r.state.share(verbCopy))
	if _, err := r.state.lock(verbCopy); !fault.Is(err, fault.Conflict) {
		t.Errorf("alone beside two workers: %v", err)
	}
	first()
	second()
	stopped := action.Ended{Done: 7, Of: len(parts.All), Stopped: true}
	must[action.ObjectsDone](t)(m.Close(t.Context(), set, parts.Work, stopped, quietly))
	next := must[action.Parts](t)(m.Split(t.Context(), set, action.ObjectPass{Key: "k"}))
	if next.Done != 7 || len(next.All) != len(parts.All)-7 {
		t.Errorf("after the stop %d are done and %d are given out", next.Done, len(next.All))
	}
	must[action.ObjectsDone](t)(m.Close(t.Context(), set, next.Work, stopped, quietly))
	if err := outside("s3://covers"); err != nil {
		t.Errorf("a move while the step is stopped: %v", err)
	}
	// Behind the fence.
	last := must[action.Parts](t)(m.Split(t.Context(), set, action.ObjectPass{Key: "f", Final: true}))
	carry(t, action.Parts{Work: last.Work, All: last.All[:3]}, set, m)
	must[action.ObjectsDone](t)(m.Close(t.Context(), set, last.Work, stopped, quietly))
	last = must[action.Parts](t)(m.Split(t.Context(), set, action.ObjectPass{Key: "f", Final: true, Again: true}))
	if last.Done != 3 {
		t.Errorf("right after the stop %d are done", last.Done)
	}
	must[action.ObjectsDone](t)(m.Close(t.Context(), set, last.Work, stopped, quietly))
	if last = must[action.Parts](t)(m.Split(t.Context(), set, action.ObjectPass{Key: "f", Final: true})); last.Done != 0 {
		t.Errorf("later %d are done of a pass behind a fence that may have been away", last.Done)
	}
}

// A worker that is thought dead may still be at work beside the one that has its
// shard: they do not write into each other's lines.
func TestTwoWorkersOnOneShard(t *testing.T) {
	t.Parallel()
	home, set := moverOver(t, folders(8)), shardSet("copy")
	second := objectShards{home.objectMover, &openPasses{all: map[string]*openPass{}}, home.shards}
	parts := must[action.Parts](t)(home.Split(t.Context(), set, action.ObjectPass{Key: "k"}))
	var both sync.WaitGroup
	for _, part := range parts.All {
		for _, worker := range []objectShards{home, second} {
			both.Go(func() {
				if _, err := worker.Shard(t.Context(), set, parts.Work, part.Work, quietly); err != nil {
					t.Error(err)
				}
			})
		}
	}
	both.Wait()
	must[action.ObjectsDone](t)(home.Close(t.Context(), set, parts.Work, wholly(parts), quietly))
	if lines, _ := essence(t, home, verbCopy); len(lines) != 40 {
		t.Errorf("%d lines", len(lines))
	}
}

// A run that is over, or that nobody knows, holds nothing.
func TestARunThatIsOverHoldsNothing(t *testing.T) {
	t.Parallel()
	m, set := moverOver(t, folders(3)), shardSet("copy")
	must[action.Parts](t)(m.Split(t.Context(), set, action.ObjectPass{Key: "k"}))
	ended := noon()
	if err := m.app.Workspace.KeepExecution(store.Execution{Run: "shop-1", Fingerprint: "sha256:x", Environment: "test", Begun: noon(), By: "ada", Ended: &ended, Result: "aborted"}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.app.MoveObjects(t.Context(), MoveOptions{Source: "s3://covers", Target: "az://stshop/covers", Tags: true}, view.NewProgress(io.Discard, false, time.Now)); err != nil {
		t.Error(err)
	}
}

// Whatever a worker leaves is read as it was, and never when it was cut off or
// changed.
func TestWhatIsLeftOfAShard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		l := left{By: "x", Use: tally.Use{Gets: 7}, Done: objects.Done{Shard: objects.Shard{Prefix: rapid.String().Draw(t, "prefix")}}}
		files := map[string]string{}
		for i, size := range rapid.SliceOfN(rapid.IntRange(0, maxLines/2), 0, 4).Draw(t, "sizes") {
			name := fmt.Sprintf("%d%s", i, segmentEnd)
			files[name] = strings.Repeat("z", size)
			if err := os.WriteFile(filepath.Join(dir, name), []byte(files[name]), 0o600); err != nil {
				t.Fatal(err)
			}
			l.Done.Segments = append(l.Done.Segments, objects.Segment{Name: name})
		}
		packed, err := packLeft(l, dir)
		if err != nil || len(packed) > maxLines+64<<10 {
			t.Fatalf("%d bytes, %v", len(packed), err)
		}
		got, err := unpackLeft(packed)
		if err != nil || got.By != "x" || got.Use.Gets != 7 || got.Whole != (len(got.lines) == len(files)) {
			t.Fatalf("%+v, %v", got, err)
		}
		for i, lines := range got.lines {
			if string(lines) != files[got.Done.Segments[i].Name] {
				t.Fatalf("file %d differs", i)
			}
		}
		if cut := rapid.IntRange(0, len(packed)-1).Draw(t, "cut"); cut < len(packed) {
			if _, err := unpackLeft(packed[:cut]); !fault.Is(err, fault.Invalid) {
				t.Fatalf("cut off at %d of %d: %v", cut, len(packed), err)
			}
		}
	})
	for _, name := range []string{"../x" + segmentEnd, "x.page", "a/b" + segmentEnd} {
		l := left{Done: objects.Done{Segments: []objects.Segment{{Name: name}}}, lines: [][]byte{nil}}
		l.Done.Segments[0].File.SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		if err := l.sound(); !fault.Is(err, fault.Invalid) {
			t.Errorf("a file %q is kept", name)
		}
	}
}

// Notes are kept once, whoever keeps them, and what was used is added up.
func TestPagesOfShards(t *testing.T) {
	t.Parallel()
	p := pages{t.TempDir()}
	if _, ok := p.Page("a"); ok {
		t.Error("a page that nobody kept")
	}
	for _, content := range []string{"first", "second"} {
		if err := p.Keep("a", []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if page, ok := p.Page("a"); !ok || string(page) != "first" {
		t.Errorf("%q", page)
	}
	for by, use := range map[string]tally.Use{"x": {Gets: 1}, "y": {Gets: 2, Egress: 5}} {
		if err := errors.Join(p.used(by, use), p.used(by, use)); err != nil {
			t.Fatal(err)
		}
	}
	if use, err := p.useOf(tally.Use{Writes: 3}); err != nil || use != (tally.Use{Gets: 3, Egress: 5, Writes: 3}) {
		t.Errorf("%+v %v", use, err)
	}
}
