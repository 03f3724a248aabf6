package objects

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/move/objects/listing"
	"example.com/landfall/internal/move/objects/manifest"
)

// In whatever order workers are done, the lines stand in the order in which their
// places were given out, each once, and what was held back is put in its place.
func TestLinesComeBackIntoOrder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 200).Draw(t, "n")
		shard := listing.Shard{Except: []string{"k0050", "k0120"}}
		out := &segments{folder: folder, stem: "s", shard: shard}
		var m meter
		l := newLines(out, &m)
		late := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "late")
		held := rapid.IntRange(-1, n-1).Draw(t, "held")
		var workers sync.WaitGroup
		for i := range n {
			line := &manifest.Line{Key: fmt.Sprintf("k%04d", i), Size: 1, Result: manifest.Copied}
			switch {
			case i == held:
				l.mu.Lock()
				out.hold()
				l.mu.Unlock()
			case late[i]:
				seq, err := l.reserve()
				if err != nil {
					t.Fatal(err)
				}
				workers.Go(func() { l.fill(seq, line, nil) })
			default:
				if err := l.now(line); err != nil {
					t.Fatal(err)
				}
			}
		}
		workers.Wait()
		if held >= 0 {
			if err := out.add(&manifest.Line{Key: fmt.Sprintf("k%04d", held), Size: 1, Result: manifest.Deleted}); err != nil {
				t.Fatal(err)
			}
		}
		done, err := out.finish(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var lines int64
		last := ""
		for _, s := range done {
			segment := s.File.Segment
			lines += segment.Counts.Lines
			if !segment.Ordered || segment.Counts.Lines > 0 && segment.First <= last {
				t.Fatalf("the segment %+v comes after %q", segment, last)
			}
			last = segment.Last
		}
		if lines != int64(n) || len(done) > 3 || len(done) < 1 {
			t.Fatalf("%d lines in %d segments, want %d", lines, len(done), n)
		}
	})
}

// Whoever waits for a place gives up when the shard does.
func TestLinesStop(t *testing.T) {
	t.Parallel()
	out := &segments{folder: t.TempDir(), stem: "s"}
	var m meter
	l := newLines(out, &m)
	for range ahead {
		if _, err := l.reserve(); err != nil {
			t.Fatal(err)
		}
	}
	gone, why := make(chan error), errors.New("enough")
	go func() {
		_, err := l.reserve()
		gone <- err
	}()
	l.stop(why)
	if err := <-gone; !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	if err := l.now(&manifest.Line{Key: "a", Result: manifest.Same}); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

// A shard that is not finished leaves no file.
func TestAbandonedSegmentsLeaveNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	out := &segments{folder: folder, stem: "s", shard: listing.Shard{Except: []string{"b"}}}
	for _, key := range []string{"a", "c"} {
		if err := out.add(&manifest.Line{Key: key, Result: manifest.Same}); err != nil {
			t.Fatal(err)
		}
	}
	out.hold()
	if err := out.add(&manifest.Line{Key: "d", Result: manifest.Same}); err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(folder); len(files) != 2 {
		t.Errorf("%d files while it is written", len(files))
	}
	out.abandon()
	if files, _ := os.ReadDir(folder); len(files) != 0 {
		t.Errorf("%d files are left", len(files))
	}
}
