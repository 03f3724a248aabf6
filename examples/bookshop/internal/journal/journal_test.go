package journal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/examples/bookshop/internal/journal"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

func clock() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// write makes a journal of three orders: accepted after two attempts,
// refused, and one without an outcome.
func write(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journal")
	w, err := journal.Create(path, "r1", clock)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		w.Try(journal.Try{ID: "r1-1", Customer: "c1", Sequence: 1, Hash: "aa", Attempt: 1}),
		w.Try(journal.Try{ID: "r1-2", Customer: "c2", Sequence: 1, Hash: "bb", Attempt: 1}),
		w.Try(journal.Try{ID: "r1-1", Customer: "c1", Sequence: 1, Hash: "aa", Attempt: 2}),
		w.End("r1-1", journal.Accepted, 201),
		w.End("r1-2", journal.Refused, 503),
		w.Try(journal.Try{ID: "r1-3", Customer: "c1", Sequence: 2, Hash: "cc", Attempt: 1}),
		w.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestWriteAndRead(t *testing.T) {
	t.Parallel()
	path := write(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Read(bytes.NewReader(text), path)
	if err != nil {
		t.Fatal(err)
	}
	want := []journal.Entry{
		{ID: "r1-1", Customer: "c1", Sequence: 1, Hash: "aa", Attempts: 2, Outcome: journal.Accepted},
		{ID: "r1-2", Customer: "c2", Sequence: 1, Hash: "bb", Attempts: 1, Outcome: journal.Refused},
		{ID: "r1-3", Customer: "c1", Sequence: 2, Hash: "cc", Attempts: 1, Outcome: journal.Unknown},
	}
	if j.Run != "r1" || j.Truncated != 0 || len(j.Entries) != 3 {
		t.Fatalf("read %+v", j)
	}
	for i := range want {
		if j.Entries[i] != want[i] {
			t.Errorf("entry %d: %+v, want %+v", i, j.Entries[i], want[i])
		}
	}
	if _, err := journal.Create(path, "r2", clock); !trouble.Is(err, trouble.Conflict) {
		t.Errorf("an existing journal gave %v", err)
	}
}

// A generator can be killed at any byte: whatever is left of its journal is
// read, at most one line is lost, and no outcome is made up.
func TestCutAtEveryByte(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(write(t))
	if err != nil {
		t.Fatal(err)
	}
	header := bytes.IndexByte(text, '\n') + 1
	for cut := header; cut <= len(text); cut++ {
		j, err := journal.Read(bytes.NewReader(text[:cut]), "cut")
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		unfinished := 0
		if text[cut-1] != '\n' {
			unfinished = 1
		}
		if j.Truncated != unfinished {
			t.Errorf("cut at %d: %d truncated lines, want %d", cut, j.Truncated, unfinished)
		}
		ends := strings.Count(string(text[:cut-unfinished]), `"accepted","status":201,"at":"2026-11-22T12:00:00Z"}`+"\n")
		if len(j.Entries) > 0 && (j.Entries[0].Outcome == journal.Accepted) != (ends == 1) {
			t.Errorf("cut at %d: the first order is %s", cut, j.Entries[0].Outcome)
		}
	}
}

func TestBrokenJournalsAreRefused(t *testing.T) {
	t.Parallel()
	const run = `{"kind":"run","run":"r1"}` + "\n"
	const try = `{"kind":"try","id":"a","customer":"c","sequence":1,"hash":"aa","attempt":1}` + "\n"
	for name, text := range map[string]string{
		"empty":               "",
		"no run":              try,
		"two runs":            run + run,
		"unnamed run":         `{"kind":"run"}` + "\n",
		"hole in the middle":  run + `{"kind":"try","id` + "\n" + try,
		"unknown kind":        run + `{"kind":"guess"}` + "\n",
		"unknown field":       run + `{"kind":"try","idd":"a"}` + "\n",
		"outcome without try": run + `{"kind":"end","id":"a","outcome":"accepted"}` + "\n",
		"unknown outcome":     run + try + `{"kind":"end","id":"a","outcome":"perhaps"}` + "\n",
		"another content":     run + try + strings.Replace(try, `"aa"`, `"bb"`, 1),
		"try after outcome":   run + try + `{"kind":"end","id":"a","outcome":"accepted"}` + "\n" + try,
		"endless line":        run + strings.Repeat("x", 100_000),
	} {
		if _, err := journal.Read(strings.NewReader(text), "j"); !trouble.Is(err, trouble.Invalid) {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"kind":"run","run":"r1"}` + "\n" + `{"kind":"try","id":"a","attempt":1}` + "\n" + `{"kind":"end","id":"a","outcome":"refused"}`))
	f.Add([]byte("\n\n{}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		j, err := journal.Read(bytes.NewReader(text), "fuzz")
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, e := range j.Entries {
			if seen[e.ID] || e.Outcome == "" {
				t.Errorf("order %q twice, or without outcome", e.ID)
			}
			seen[e.ID] = true
		}
	})
}
