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

func TestExecutions(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	if all, err := w.Executions(); err != nil || len(all) != 0 {
		t.Fatalf("a new workspace: %v, %v", all, err)
	}
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	later := store.Execution{Run: "shop-2", Fingerprint: "sha256:b", Environment: "production", Begun: at.Add(time.Hour), By: "ann"}
	first := store.Execution{Run: "shop-1", Fingerprint: "sha256:a", Environment: "test", Begun: at, By: "bob", Ended: &at, Result: "done"}
	for _, x := range []store.Execution{later, first, first} {
		if err := w.KeepExecution(x); err != nil {
			t.Fatal(err)
		}
	}
	if x, err := w.Execution("shop-2"); err != nil || x.By != "ann" {
		t.Errorf("one run: %+v, %v", x, err)
	}
	for run, kind := range map[string]fault.Kind{"shop-9": fault.NotFound, "../ledger": fault.Invalid} {
		if _, err := w.Execution(run); !fault.Is(err, kind) {
			t.Errorf("%q: %v", run, err)
		}
	}
	if err := w.KeepFor("shop-1", "runbook.json", []byte("{}")); err == nil {
		t.Error("a document took the place of nothing") // "runbook.json" ends in .json and would be read as a run
	}
	if err := w.KeepFor("shop-1", "runbook", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	all, err := w.Executions()
	if err != nil || len(all) != 2 || all[0].Run != "shop-1" || all[0].Result != "done" || all[1].Run != "shop-2" || all[1].Ended != nil {
		t.Fatalf("runs %+v, %v", all, err)
	}
	if content, err := w.KeptFor("shop-1", "runbook"); err != nil || !slices.Equal(content, []byte("{}")) {
		t.Errorf("kept %q, %v", content, err)
	}
	if _, err := w.KeptFor("shop-2", "runbook"); !fault.Is(err, fault.NotFound) {
		t.Errorf("nothing was kept: %v", err)
	}
	for _, run := range []string{"", "../ledger", "Shop", "a/b", "shop.json"} {
		if err := w.KeepExecution(store.Execution{Run: run}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", run, err)
		}
	}
	if err := os.WriteFile(filepath.Join(w.Root(), store.PrivateFolder, "executions", "shop-3.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Executions(); !fault.Is(err, fault.Invalid) {
		t.Errorf("a broken entry: %v", err)
	}
}
