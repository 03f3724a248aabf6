package objects_test

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // ETags are
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit/objectworld"
)

// journal keeps notes in memory.
type journal struct {
	mu    sync.Mutex
	pages map[string][]byte
}

func (j *journal) Page(key string) ([]byte, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	page, ok := j.pages[key]
	return page, ok
}

func (j *journal) Keep(key string, page []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.pages == nil {
		j.pages = map[string][]byte{}
	}
	if _, ok := j.pages[key]; !ok {
		j.pages[key] = bytes.Clone(page)
	}
	return nil
}

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
	Errorf(string, ...any)
	Context() context.Context
}

// block is so small that objects of a few hundred bytes are large.
const block = 64

func settings() objects.Settings {
	return objects.Settings{Source: "s3://b", Target: "az://a/c", Block: block, Shards: 4}
}

func newMover(t tester, w *objectworld.World, s objects.Settings, p objects.Ports) *objects.Mover {
	t.Helper()
	p.Source, p.Target = w.Source(), w.Target()
	m, err := objects.New(p, s, move.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// lines reads a manifest and checks it.
func lines(t tester, text []byte) map[string]manifest.Line {
	t.Helper()
	r, err := manifest.Open(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all := map[string]manifest.Line{}
	for {
		line, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		key := line.Key
		if line.Version != "" {
			key += "@" + line.Version
		}
		if _, twice := all[key]; twice {
			t.Fatalf("%q has two lines", key)
		}
		all[key] = line
	}
	if !r.Ordered() {
		t.Fatalf("the lines are not in order: %q", slices.Sorted(maps.Keys(all)))
	}
	return all
}

// copyAll copies in one pass and returns the manifest's lines.
func copyAll(t *testing.T, w *objectworld.World, s objects.Settings) (map[string]manifest.Line, objects.Result) {
	t.Helper()
	var text bytes.Buffer
	m := newMover(t, w, s, objects.Ports{Folder: t.TempDir()})
	r, err := m.Copy(t.Context(), objects.Pass{ID: "p"}, &text)
	if err != nil {
		t.Fatal(err)
	}
	return lines(t, text.Bytes()), r
}

func verifyAll(t *testing.T, w *objectworld.World, s objects.Settings, level objects.Level) (map[string]manifest.Line, objects.Result) {
	t.Helper()
	var text bytes.Buffer
	m := newMover(t, w, s, objects.Ports{Folder: t.TempDir()})
	r, err := m.Verify(t.Context(), objects.Pass{ID: "p", Level: level}, &text)
	if err != nil {
		t.Fatal(err)
	}
	return lines(t, text.Bytes()), r
}

func resultsOf(all map[string]manifest.Line) map[string]string {
	out := map[string]string{}
	for key, line := range all {
		out[key] = string(line.Result)
	}
	return out
}

// body of so many bytes, different for each seed.
func body(seed, size int) []byte {
	b := make([]byte, size)
	state := uint32(seed)*2654435761 + 1
	for i := range b {
		state = state*1664525 + 1013904223
		b[i] = byte(state >> 24)
	}
	return b
}

// parts adds an object that was uploaded in parts, of which S3 holds the ETag.
func parts(w *objectworld.World, key string, content []byte, size int) {
	outer := md5.New()
	n := 0
	for from := 0; from < len(content); from += size {
		sum := md5.Sum(content[from:min(from+size, len(content))])
		_, _ = outer.Write(sum[:])
		n++
	}
	w.Put(&objectworld.Content{
		Object: object.Object{Key: key, ETag: fmt.Sprintf("%x-%d", outer.Sum(nil), n)}, Body: content, Parts: n, PartSize: int64(size),
	})
}

func TestCopyBringsEverythingAndProvesIt(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Add("empty", nil)
	c := w.Add("small", body(1, 10))
	c.Headers = object.Headers{Type: "text/plain", Encoding: "gzip", CacheControl: "no-cache"}
	c.Metadata, c.Tags = map[string]string{"who": "me"}, map[string]string{"team": "x"}
	w.Add("large", body(2, 1000))
	w.Add("dir/", nil)
	parts(w, "parted", body(3, 500), 130)
	w.Put(&objectworld.Content{Object: object.Object{Key: "opaque", Class: "STANDARD_IA"}, Body: body(4, 300)})
	s := settings()
	s.Tags = true
	got, r := copyAll(t, w, s)
	for _, key := range w.Keys() {
		line := got[key]
		if line.Result != manifest.Copied {
			t.Errorf("%q: %+v", key, line)
		}
		if want := key == "opaque"; (line.Proof != move.Bound) != want {
			t.Errorf("%q: proof %v, reason %q", key, line.Proof, line.Reason)
		}
		if _, there, _ := w.Blob(key); !bytes.Equal(there, w.Content(key)) {
			t.Errorf("%q: the contents differ", key)
		}
	}
	small, _, _ := w.Blob("small")
	if small.Headers != c.Headers || small.Metadata["who"] != "me" || w.BlobTags("small")["team"] != "x" {
		t.Errorf("small is %+v with tags %v", small, w.BlobTags("small"))
	}
	if opaque, _, _ := w.Blob("opaque"); opaque.Tier != "Cool" {
		t.Errorf("the tier is %q", opaque.Tier)
	}
	if r.Counts.Lines != 6 || r.Err() != nil || r.Left() != 0 {
		t.Errorf("result %+v, %v", r, r.Err())
	}
	calls := w.Calls()
	if n := objectworld.Count(calls, "source.Head", "target.Head"); n != 3 {
		t.Errorf("%d heads were asked for: large objects have one each", n)
	}

	again, _ := copyAll(t, w, s)
	for key, line := range again {
		want := move.Recorded
		if key == "opaque" {
			want = move.Unproved
		}
		if line.Result != manifest.Same || line.Proof != want {
			t.Errorf("again, %q: %+v", key, line)
		}
	}
	for _, call := range w.Calls() {
		if call.Op != "source.Page" && call.Op != "target.Page" {
			t.Errorf("a pass without a change asked for %v", call)
		}
	}
}

func TestRefusedObjectsAreNamed(t *testing.T) {
	t.Parallel()
	w := &objectworld.World{}
	w.Add("a.", nil)
	w.Add("b", []byte("x"))
	w.Add("c/../d", nil)
	w.Add("cold", []byte("x")).Object.Class = "GLACIER"
	w.Add("secret", []byte("x")).Denied = true
	got, r := copyAll(t, w, settings())
	want := map[string]string{"a.": "refused", "b": "copied", "c/../d": "refused", "cold": "archived", "secret": "denied"}
	if fmt.Sprint(resultsOf(got)) != fmt.Sprint(want) {
		t.Errorf("got %v", resultsOf(got))
	}
	if !strings.HasPrefix(got["a."].Reason, string(name.KeyDotEnd)) || r.Err() == nil {
		t.Errorf("%+v, %v", got["a."], r.Err())
	}

	s := settings()
	s.Names.Keys, s.RestoreDays = name.Rename, 3
	got, _ = copyAll(t, w, s)
	want = map[string]string{"a.": "copied", "b": "same", "c/../d": "copied", "cold": "archived", "secret": "denied"}
	if fmt.Sprint(resultsOf(got)) != fmt.Sprint(want) || objectworld.Count(w.Calls(), "source.Restore") != 1 {
		t.Errorf("got %v", resultsOf(got))
	}
	got, _ = copyAll(t, w, s)
	want["a."], want["c/../d"] = "same", "same"
	if fmt.Sprint(resultsOf(got)) != fmt.Sprint(want) || objectworld.Count(w.Calls(), "source.Restore") != 0 {
		t.Errorf("again, got %v", resultsOf(got))
	}
}
