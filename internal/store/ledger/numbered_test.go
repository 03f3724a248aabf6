package ledger_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/ledger"
)

func numbered(from, to int) []ledger.Record {
	var out []ledger.Record
	for n := from; n <= to; n++ {
		out = append(out, ledger.Record{Kind: "run.stepped", Actor: "ann", Body: map[string]any{"n": n}})
	}
	return out
}

// Whoever writes the same numbers again, at the same time or later, adds what
// is missing and nothing else; other entries between them do not matter.
func TestAppendNumberedIsIdempotent(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path)
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for to := 3; to <= 30; to += 3 {
				if _, err := l.AppendNumbered(t.Context(), "run/shop", 1, numbered(1, to)); err != nil {
					t.Error(err)
				}
				if _, err := l.Append(t.Context(), ledger.Record{Kind: "other.thing", Actor: "bob", Subject: "run/shop2/7"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	var got []string
	for e, err := range l.Entries(t.Context(), 1, ledger.Filter{Kind: "run."}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Subject+string(e.Body))
	}
	if len(got) != 30 {
		t.Fatalf("%d entries: %v", len(got), got)
	}
	for i, s := range got {
		if want := fmt.Sprintf(`run/shop/%d{"n":%d}`, i+1, i+1); s != want {
			t.Errorf("entry %d is %s, want %s", i, s, want)
		}
	}
	if v, err := l.Verify(t.Context()); err != nil || v.Break != nil {
		t.Errorf("verify: %+v, %v", v, err)
	}
}

func TestAppendNumberedRefuses(t *testing.T) {
	t.Parallel()
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"))
	if _, err := l.AppendNumbered(t.Context(), "run/shop", 2, numbered(2, 2)); !fault.Is(err, fault.Conflict) {
		t.Errorf("a gap: %v", err)
	}
	for name, records := range map[string][]ledger.Record{
		"own subject": {{Kind: "run.stepped", Actor: "ann", Subject: "mine"}},
		"second bad":  {{Kind: "run.stepped", Actor: "ann"}, {Kind: "bad", Actor: "ann"}},
	} {
		if _, err := l.AppendNumbered(t.Context(), "run/shop", 1, records); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
	head, err := l.Head(t.Context())
	if err != nil || head.Seq != 0 {
		t.Errorf("something was written: %+v, %v", head, err)
	}
}

// A writer that was brought back from an older copy writes other things under
// numbers that are taken. Passed over, they would be in no ledger.
func TestAppendNumberedRefusesAnotherEntry(t *testing.T) {
	t.Parallel()
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"))
	if _, err := l.AppendNumbered(t.Context(), "run/shop", 1, numbered(1, 3)); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]ledger.Record{
		"body":  {Kind: "run.stepped", Actor: "ann", Body: map[string]any{"n": 7}},
		"kind":  {Kind: "run.jumped", Actor: "ann", Body: map[string]any{"n": 2}},
		"actor": {Kind: "run.stepped", Actor: "bob", Body: map[string]any{"n": 2}},
	} {
		again := append(numbered(1, 1), r)
		again = append(again, numbered(3, 4)...)
		if added, err := l.AppendNumbered(t.Context(), "run/shop", 1, again); !fault.Is(err, fault.Conflict) || len(added) > 0 {
			t.Errorf("another %s: %v, %v", name, added, err)
		}
	}
	if added, err := l.AppendNumbered(t.Context(), "run/shop", 2, numbered(2, 4)); err != nil || len(added) != 1 {
		t.Errorf("the same again: %v, %v", added, err)
	}
}
