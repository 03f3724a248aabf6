package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/source"
	"example.com/landfall/internal/testkit"
)

var _ source.Journal = (*Journal)(nil)

func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Body{Name: "keep", Run: keep})
}

func noon() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) }

func open(t testing.TB, path, work string) *Journal {
	t.Helper()
	j, err := Open(path, Options{Work: work, Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func shut(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// page is the content of the page n: long enough to be worth packing.
func page(n int) []byte { return []byte(strings.Repeat(fmt.Sprintf("page %d ", n), 50+n)) }

const pages = 4

// keep keeps the pages of a piece of work, each once: what is there already is
// not kept again.
func keep(_ context.Context, c testkit.Child) error {
	j, err := Open(filepath.Join(c.Dir, "journal"), Options{Work: "w", Now: noon})
	if err != nil {
		return err
	}
	j.point = c.Point
	for n := range pages {
		key := fmt.Sprint("key ", n)
		if got, ok := j.Page(key); ok {
			if !bytes.Equal(got, page(n)) {
				return fmt.Errorf("%s is %q", key, got)
			}
			continue
		}
		if err := j.Keep(key, page(n)); err != nil {
			return err
		}
		// What Keep has promised must still be there after any kill.
		if err := os.WriteFile(filepath.Join(c.Dir, fmt.Sprint("promised", n)), nil, 0o600); err != nil {
			return err
		}
	}
	return j.Close()
}

func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	testkit.CrashMatrix(t, "keep", func(t *testing.T, dir string) {
		j := open(t, filepath.Join(dir, "journal"), "w")
		defer shut(t, j)
		for n := range pages {
			if got, ok := j.Page(fmt.Sprint("key ", n)); !ok || !bytes.Equal(got, page(n)) {
				t.Errorf("page %d: %v %q", n, ok, got)
			}
		}
		if j.Len() != pages {
			t.Errorf("%d pages are kept, want %d", j.Len(), pages)
		}
	})
}

// After a kill in the middle, what was promised is there before anything is
// written again.
func TestPromisesHoldAfterAKill(t *testing.T) {
	t.Parallel()
	for hit := 1; hit <= pages; hit++ {
		dir := t.TempDir()
		if out := (testkit.Crash{Body: "keep", Dir: dir, At: testkit.Point{Name: "after sync", Hit: hit}}).Run(t); !out.Killed {
			t.Fatalf("it was not killed: %+v", out)
		}
		j := open(t, filepath.Join(dir, "journal"), "w")
		for n := range hit {
			if got, ok := j.Page(fmt.Sprint("key ", n)); !ok || !bytes.Equal(got, page(n)) {
				t.Errorf("killed at %d: page %d: %v", hit, n, ok)
			}
		}
		shut(t, j)
	}
}

// A file that was cut at any byte gives the records before the cut, and takes
// new ones after them.
func TestTornTail(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path, "w")
	var ends []int64
	for n := range 3 {
		if err := j.Keep(fmt.Sprint("key ", n), []byte{byte(n)}); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, j.end)
	}
	shut(t, j)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range whole {
		torn := filepath.Join(t.TempDir(), "torn")
		if err := os.WriteFile(torn, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, torn, "w")
		for n, end := range ends {
			if _, ok := j.Page(fmt.Sprint("key ", n)); ok != (int64(cut) >= end) {
				t.Fatalf("cut at %d: page %d is there: %v", cut, n, ok)
			}
		}
		if err := j.Keep("new", []byte("new")); err != nil {
			t.Fatal(err)
		}
		shut(t, j)
		j = open(t, torn, "w")
		if got, ok := j.Page("new"); !ok || string(got) != "new" {
			t.Fatalf("cut at %d: what was kept after it is %q, %v", cut, got, ok)
		}
		shut(t, j)
	}
}

// A flipped bit anywhere never gives a wrong page.
func TestBrokenBytes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path, "w")
	for n := range 3 {
		if err := j.Keep(fmt.Sprint("key ", n), page(n)); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, j)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "broken")
	for at := range whole {
		copied := bytes.Clone(whole)
		copied[at] ^= 0x10
		if err := os.WriteFile(broken, copied, 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, broken, "w")
		for n := range 3 {
			if got, ok := j.Page(fmt.Sprint("key ", n)); ok && !bytes.Equal(got, page(n)) {
				t.Fatalf("byte %d: page %d is %q", at, n, got)
			}
		}
		shut(t, j)
	}
}

func TestOtherWorkAndOldWorkBeginAnew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	for _, c := range []struct {
		name, work string
		now        time.Time
		kept       bool
	}{
		{"the same work an hour later", "w", noon().Add(time.Hour), true},
		{"another work", "v", noon(), false},
		{"the next day", "w", noon().Add(25 * time.Hour), false},
		{"a clock that was set back", "w", noon().Add(-time.Minute), false},
	} {
		first := open(t, path, "w")
		if err := first.Keep("k", []byte("p")); err != nil {
			t.Fatal(err)
		}
		shut(t, first)
		j, err := Open(path, Options{Work: c.work, Now: func() time.Time { return c.now }})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := j.Page("k"); ok != c.kept {
			t.Errorf("%s: kept %v, want %v", c.name, ok, c.kept)
		}
		if err := j.Discard(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a discarded journal is still there: %v", c.name, err)
		}
	}
}

func TestFirstPageOfAKeyStays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path, "w")
	for _, text := range []string{"first", "second"} {
		if err := j.Keep("k", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := j.Page("k"); string(got) != "first" {
		t.Errorf("page %q", got)
	}
	if _, ok := j.Page("other"); ok {
		t.Error("a page that nobody kept")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	shut(t, j)
}

func TestTwoProcessesDoNotShareAJournal(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path, "w")
	if _, err := Open(path, Options{Work: "w"}); !fault.Is(err, fault.Conflict) || fault.HintOf(err) == "" {
		t.Errorf("a second one: %v, hint %q", err, fault.HintOf(err))
	}
	shut(t, j)
	shut(t, open(t, path, "w"))
	if _, err := Open(filepath.Join(t.TempDir(), "none", "journal"), Options{}); !fault.Is(err, fault.Storage) {
		t.Errorf("no folder: %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal")
	j := open(t, path, "w")
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			key := fmt.Sprint(n % 32) // each key twice
			if err := j.Keep(key, page(n%32)); err != nil {
				t.Error(err)
			}
			if got, ok := j.Page(key); !ok || !bytes.Equal(got, page(n%32)) {
				t.Errorf("page %s: %v", key, ok)
			}
		})
	}
	all.Wait()
	shut(t, j)
	j = open(t, path, "w")
	defer shut(t, j)
	if j.Len() != 32 {
		t.Errorf("%d pages, want 32", j.Len())
	}
}

func TestFullDisk(t *testing.T) {
	testkit.FullDisk(t, 64<<10, func(dir string) {
		path := filepath.Join(dir, "journal")
		j := open(t, path, "w")
		kept := 0
		var err error
		for n := 0; err == nil && n < 1000; n++ {
			// Content that does not pack.
			b := make([]byte, 8<<10)
			for i := range b {
				b[i] = byte(n*i*i + i>>3*n + i*7919>>5)
			}
			if err = j.Keep(fmt.Sprint(n), b); err == nil {
				kept++
			}
		}
		if !fault.Is(err, fault.Storage) || fault.HintOf(err) == "" {
			t.Fatalf("after %d pages: %v", kept, err)
		}
		_ = j.Close()
		j = open(t, path, "w")
		if j.Len() < kept {
			t.Errorf("%d pages are left of %d", j.Len(), kept)
		}
		if err := j.Discard(); err != nil {
			t.Error(err)
		}
	})
}

// Whatever is kept is given back, in any process after.
func TestKeepsAnything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		path := filepath.Join(dir, "journal")
		want := rapid.MapOf(rapid.String(), rapid.SliceOf(rapid.Byte())).Draw(r, "pages")
		j, err := Open(path, Options{Work: "w", Now: noon})
		if err != nil {
			r.Fatal(err)
		}
		for key, p := range want {
			if err := j.Keep(key, p); err != nil {
				r.Fatal(err)
			}
		}
		if err := j.Close(); err != nil {
			r.Fatal(err)
		}
		if j, err = Open(path, Options{Work: "w", Now: noon}); err != nil {
			r.Fatal(err)
		}
		for key, p := range want {
			if got, ok := j.Page(key); !ok || !bytes.Equal(got, p) {
				r.Fatalf("page %q is %q, %v; want %q", key, got, ok, p)
			}
		}
		if err := j.Discard(); err != nil {
			r.Fatal(err)
		}
	})
}

// FuzzOpen opens files of any content: they are journals, or are begun anew,
// and take pages in either case.
func FuzzOpen(f *testing.F) {
	head := append([]byte(magic), record("w", []byte("2026-03-04T12:00:00Z"))...)
	f.Add([]byte(nil))
	f.Add(head)
	f.Add(append(bytes.Clone(head), record("k", []byte("p"))...))
	long := bytes.Clone(head)
	long = binary.LittleEndian.AppendUint32(long, maxKey)
	f.Add(binary.LittleEndian.AppendUint32(long, maxPage))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "journal")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, path, "w")
		if err := j.Keep("new key", []byte("p")); err != nil {
			t.Fatal(err)
		}
		if _, ok := j.Page("new key"); !ok {
			t.Error("it was not kept")
		}
		shut(t, j)
	})
}
