package store_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store"
)

func TestRuns(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	if runs, err := w.Runs(); err != nil || len(runs) != 0 {
		t.Fatalf("a new workspace has runs %v, %v", runs, err)
	}
	at := time.Date(2026, 11, 22, 16, 30, 0, 0, time.UTC)
	var want []store.RunID
	for _, item := range []string{"one", "two", "three"} {
		if err := w.Write(store.Inventory, someList(item)); err != nil {
			t.Fatal(err)
		}
		run, err := w.Keep(at, store.Inventory)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, run)
	}
	if got := []store.RunID{"20261122T163000Z", "20261122T163000Z-2", "20261122T163000Z-3"}; !slices.Equal(want, got) {
		t.Fatalf("kept %v, want %v", want, got)
	}
	if runs, err := w.Runs(); err != nil || !slices.Equal(runs, want) {
		t.Errorf("listed %v, %v, want %v", runs, err, want)
	}
	// A later assessment changes the artefact and not what a run holds.
	var back list
	if err := w.ReadRun(want[0], store.Inventory, &back); err != nil || back.Items[0] != "one" {
		t.Errorf("read %+v, %v", back, err)
	}
	if err := w.ReadRun(want[0], store.Graph, &back); !fault.Is(err, fault.NotFound) {
		t.Errorf("an artefact that the run lacks: %v", err)
	}
	names(t, filepath.Join(w.Root(), ".landfall", "assessments"), "20261122T163000Z", "20261122T163000Z-2", "20261122T163000Z-3")
}

// What cannot be kept whole leaves no run behind, and a run cut short is told
// from a good one.
func TestRunsAreWhole(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	if err := w.Write(store.Inventory, someList("one")); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 22, 16, 30, 0, 0, time.UTC)
	if _, err := w.Keep(at, store.Inventory, store.Graph); !fault.Is(err, fault.NotFound) {
		t.Fatalf("kept a graph that is not there: %v", err)
	}
	names(t, filepath.Join(w.Root(), ".landfall", "assessments"))
	run, err := w.Keep(at, store.Inventory)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.Root(), ".landfall", "assessments", string(run), "inventory.json.gz")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for size := range len(content) {
		if err := os.WriteFile(path, content[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := w.ReadRun(run, store.Inventory, &list{}); !fault.Is(err, fault.Invalid) {
			t.Fatalf("%d of %d bytes: %v", size, len(content), err)
		}
	}
}
