package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/store/durable"
)

// list stands for an artefact.
type list struct {
	SchemaVersion int               `json:"schemaVersion"`
	Inputs        map[string]string `json:"inputs"`
	Items         []string          `json:"items"`
	Tags          map[string]string `json:"tags,omitempty"`
}

func (*list) ArtefactVersion() int { return 2 }

func someList(items ...string) *list {
	return &list{SchemaVersion: 2, Inputs: map[string]string{"b": fingerprint, "a": fingerprint}, Items: items, Tags: map[string]string{"z": "<", "y": "é"}}
}

const fingerprint = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestWriteAndRead(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	if err := w.Write(store.Inventory, someList("one")); err != nil {
		t.Fatal(err)
	}
	want := `{
  "schemaVersion": 2,
  "inputs": {
    "a": "` + fingerprint + `",
    "b": "` + fingerprint + `"
  },
  "items": [
    "one"
  ],
  "tags": {
    "y": "é",
    "z": "<"
  }
}
`
	if got, err := os.ReadFile(w.Path(store.Inventory)); err != nil || string(got) != want {
		t.Errorf("got\n%s, %v", got, err)
	}
	var back list
	if err := w.Read(store.Inventory, &back); err != nil || back.Items[0] != "one" {
		t.Errorf("read %+v, %v", back, err)
	}
	before, err := w.Fingerprint(store.Inventory)
	if err != nil || !strings.HasPrefix(before, "sha256:") {
		t.Fatalf("fingerprint %q, %v", before, err)
	}
	// Another layout of the same data has the same fingerprint; other data has
	// another one.
	if err := os.WriteFile(w.Path(store.Graph), []byte(strings.ReplaceAll(want, "\n", "\r\n  ")), 0o600); err != nil {
		t.Fatal(err)
	}
	if after, err := w.Fingerprint(store.Graph); err != nil || after != before {
		t.Errorf("another layout: %s, %v, want %s", after, err, before)
	}
	if err := w.Write(store.Inventory, someList("two")); err != nil {
		t.Fatal(err)
	}
	if after, err := w.Fingerprint(store.Inventory); err != nil || after == before {
		t.Errorf("other data: %s, %v", after, err)
	}
	names(t, w.Root(), ".landfall", "graph.json", "inventory.json", "landfall.yaml")
}

// The fingerprint that Put returns is the one that the file has.
func TestPutReturnsTheFingerprint(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := workspace(t)
		value := someList(rapid.SliceOf(rapid.String()).Draw(rt, "items")...)
		value.Tags = rapid.MapOf(rapid.String(), rapid.String()).Draw(rt, "tags")
		put, err := w.Put(store.Inventory, value)
		if err != nil {
			rt.Fatal(err)
		}
		if read, err := w.Fingerprint(store.Inventory); err != nil || read != put {
			rt.Fatalf("the file has %s, %v; put said %s", read, err, put)
		}
	})
}

func TestReadIsTheInverseOfWrite(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	rapid.Check(t, func(r *rapid.T) {
		value := someList(rapid.SliceOf(rapid.String()).Draw(r, "items")...)
		value.Tags = rapid.MapOf(rapid.String(), rapid.String()).Draw(r, "tags")
		if err := w.Write(store.Design, value); err != nil {
			r.Fatal(err)
		}
		first, err := os.ReadFile(w.Path(store.Design))
		if err != nil {
			r.Fatal(err)
		}
		var back list
		if err := w.Read(store.Design, &back); err != nil {
			r.Fatal(err)
		}
		if err := w.Write(store.Design, &back); err != nil {
			r.Fatal(err)
		}
		second, err := os.ReadFile(w.Path(store.Design))
		if err != nil || string(first) != string(second) {
			r.Fatalf("written, read and written again:\n%s\n%s", first, second)
		}
	})
}

func TestWriteRefusesWhatIsNoArtefact(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	for name, value := range map[string]*list{
		"another version": {SchemaVersion: 1, Inputs: map[string]string{}},
		"no version":      {Inputs: map[string]string{}},
		"no inputs":       {SchemaVersion: 2},
		"no fingerprint":  {SchemaVersion: 2, Inputs: map[string]string{"a": "sha256:0"}},
		"no input name":   {SchemaVersion: 2, Inputs: map[string]string{"": fingerprint}},
		"nothing":         nil,
	} {
		if err := w.Write(store.Inventory, value); !fault.Is(err, fault.Internal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []store.Name{"", "a", "../a.json", "A.json", "a/b.json", ".json"} {
		if err := w.Write(name, someList()); !fault.Is(err, fault.Internal) {
			t.Errorf("%q: %v", name, err)
		}
	}
	names(t, w.Root(), ".landfall", "landfall.yaml")
}

func TestBrokenArtefacts(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	if err := w.Write(store.Design, someList("one", "two")); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(w.Path(store.Design))
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string { return strings.Replace(string(good), old, new, 1) }
	for name, c := range map[string]struct {
		content string
		kind    fault.Kind
		says    string
	}{
		"empty":          {"", fault.Invalid, "ends too early"},
		"truncated":      {string(good[:len(good)/2]), fault.Invalid, "ends too early"},
		"one byte less":  {string(good[:len(good)-3]), fault.Invalid, "ends too early"},
		"not JSON":       {"hello", fault.Invalid, "line 1"},
		"a merge mark":   {replace(`  "items"`, "<<<<<<< ours\n  \"items\""), fault.Invalid, "line 7"},
		"more behind":    {string(good) + "{}", fault.Invalid, "line 16"},
		"a list":         {"[]", fault.Invalid, "array"},
		"no version":     {replace(`"schemaVersion": 2,`, ""), fault.Invalid, "schemaVersion"},
		"version text":   {replace(`"schemaVersion": 2`, `"schemaVersion": "2"`), fault.Invalid, "line 2"},
		"newer":          {replace(`"schemaVersion": 2`, `"schemaVersion": 3, "unheardOf": {}`), fault.Unsupported, "newer"},
		"older":          {replace(`"schemaVersion": 2`, `"schemaVersion": 1`), fault.Unsupported, "older"},
		"unknown member": {replace(`"items"`, `"itens": [], "items"`), fault.Invalid, "itens"},
		"wrong type":     {replace(`"one"`, `1`), fault.Invalid, "line 8"},
		"binary":         {"\x00\x01\x02", fault.Invalid, "line 1"},
	} {
		if err := os.WriteFile(w.Path(store.Design), []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		var back list
		err := w.Read(store.Design, &back)
		if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") || fault.HintOf(err) == "" {
			t.Errorf("%s: %v, want the kind %s and %q", name, err, c.kind, c.says)
		}
	}
	if err := os.Remove(w.Path(store.Design)); err != nil {
		t.Fatal(err)
	}
	if err := w.Read(store.Design, &list{}); !fault.Is(err, fault.NotFound) || fault.HintOf(err) != "landfall design" {
		t.Errorf("no artefact: %v, hint %q", err, fault.HintOf(err))
	}
	if err := os.Mkdir(w.Path(store.Design), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := w.Read(store.Design, &list{}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a folder: %v", err)
	}
}

// A reader beside a writer sees one whole version or the other.
func TestReadersSeeWholeVersions(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	long, short := someList(strings.Split(strings.Repeat("x ", 20_000), " ")...), someList("y")
	if err := w.Write(store.Graph, short); err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for i := range 20 {
			if err := w.Write(store.Graph, []*list{long, short}[i%2]); err != nil {
				t.Error(err)
			}
		}
	})
	for range 60 {
		var got list
		if err := w.Read(store.Graph, &got); err != nil || len(got.Items) != len(long.Items) && len(got.Items) != 1 {
			t.Errorf("read %d items, %v", len(got.Items), err)
		}
	}
	group.Wait()
}

// The permissions of an existing file stay; what a killed write left is swept
// away once nobody can be writing it any more.
func TestReplaceKeepsModeAndSweeps(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	path := w.Path(store.Verdict)
	if err := w.Write(store.Verdict, someList()); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	old, fresh, other := filepath.Join(w.Root(), ".verdict.json123"), filepath.Join(w.Root(), ".verdict.json456"), filepath.Join(w.Root(), ".verdict.jsonx")
	for _, f := range []string{old, fresh, other} {
		if err := os.WriteFile(f, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * time.Hour)
	for _, f := range []string{old, other} {
		if err := os.Chtimes(f, long, long); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Write(store.Verdict, someList("more")); err != nil {
		t.Fatal(err)
	}
	if mode(t, path) != 0o640 {
		t.Errorf("mode %v", mode(t, path))
	}
	names(t, w.Root(), ".landfall", ".verdict.json456", ".verdict.jsonx", "landfall.yaml", "verdict.json")
}

func TestWriteErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := durable.Replace(filepath.Join(dir, "no", "file"), nil, 0o600); !fault.Is(err, fault.NotFound) {
		t.Errorf("no folder: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.Replace(filepath.Join(dir, "taken"), []byte("x"), 0o600); err == nil {
		t.Error("a folder was replaced by a file")
	}
	if err := durable.Create(filepath.Join(dir, "taken"), []byte("x"), 0o600); !fault.Is(err, fault.Conflict) {
		t.Errorf("a taken name: %v", err)
	}
	names(t, dir, "taken")
}
