package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store"
)

// workspace makes one and returns the application in it.
func workspace(t *testing.T) *App {
	t.Helper()
	setup := Setup{Dir: t.TempDir(), Now: time.Now, User: "tester", Version: "test", Getenv: func(string) (string, bool) { return "", false }}
	if _, err := Init(t.Context(), setup, "shop"); err != nil {
		t.Fatal(err)
	}
	w, err := store.Open(setup.Dir)
	if err != nil {
		t.Fatal(err)
	}
	return New(setup, Parts{Workspace: w})
}

// What was recorded is listed, verified and exported; the export is held
// against the head, and a second export does not overwrite the first.
func TestLedgerRoundTrip(t *testing.T) {
	t.Parallel()
	a, ctx := workspace(t), t.Context()
	if _, err := a.record(ctx, "load.measured", "shop", map[string]any{"requests": 7}); err != nil {
		t.Fatal(err)
	}
	list, err := a.LedgerList(ctx, LedgerOptions{}, "load.")
	if err != nil || len(list.Entries) != 1 || list.Entries[0].Actor != "tester" || string(list.Entries[0].Body) != `{"requests":7}` {
		t.Errorf("list %+v, %v", list, err)
	}
	verdict, err := a.LedgerVerify(ctx)
	if err != nil || !verdict.Intact || verdict.Entries != 2 {
		t.Errorf("verify %+v, %v", verdict, err)
	}
	path := filepath.Join(a.setup.Dir, "out.jsonl")
	exported, err := a.LedgerExport(ctx, LedgerOptions{}, path)
	if err != nil || exported.Entries != 2 || exported.Head != verdict.Head {
		t.Errorf("export %+v, %v", exported, err)
	}
	if again, err := a.LedgerCheck(ctx, LedgerOptions{Export: path, Heads: []string{verdict.Head}}); err != nil || !again.Intact || len(again.Checked) != 1 {
		t.Errorf("verify the export %+v, %v", again, err)
	}
	if _, err := a.LedgerExport(ctx, LedgerOptions{}, path); !fault.Is(err, fault.Conflict) {
		t.Errorf("second export: %v, want conflict", err)
	}
	// An export that was cut off is not intact, and lacks the head.
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)*2/3], 0o600); err != nil {
		t.Fatal(err)
	}
	if cut, err := a.LedgerCheck(ctx, LedgerOptions{Export: path, Heads: []string{verdict.Head}}); err == nil || cut.Intact {
		t.Errorf("half an export: %+v, %v; want an error", cut, err)
	}
}

// A secret never gets into the ledger, and the error does not repeat it.
func TestRecordRefusesSecrets(t *testing.T) {
	t.Parallel()
	a := workspace(t)
	_, err := a.record(t.Context(), "x.y", "shop", map[string]any{"password": "hunter2"})
	if err == nil || fault.KindOf(err) == fault.Internal || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v (%s)", err, fault.KindOf(err))
	}
	if verdict, err := a.LedgerVerify(t.Context()); err != nil || verdict.Entries != 1 {
		t.Errorf("%+v, %v; want the first entry alone", verdict, err)
	}
}

// With a landfall.yaml that cannot be read, the record is still readable.
func TestLedgerOfABrokenWorkspace(t *testing.T) {
	t.Parallel()
	a := workspace(t)
	broken := New(a.setup, Parts{WorkspaceErr: fault.Newf(fault.Invalid, "line 3: unknown key")})
	if verdict, err := broken.LedgerVerify(t.Context()); err != nil || !verdict.Intact {
		t.Errorf("%+v, %v", verdict, err)
	}
	if _, err := broken.Settings(); !fault.Is(err, fault.Invalid) {
		t.Errorf("settings: %v, want invalid", err)
	}
	if status, err := broken.SandboxStatus(t.Context()); err != nil || status.Phase != "down" {
		t.Errorf("status %+v, %v", status, err)
	}
	if down, err := broken.SandboxDown(t.Context()); err != nil || down.WasUp {
		t.Errorf("down %+v, %v", down, err)
	}
}

func TestInitTwiceKeepsEverything(t *testing.T) {
	t.Parallel()
	a := workspace(t)
	path := filepath.Join(a.setup.Dir, ".gitignore")
	if err := os.WriteFile(path, []byte("mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Init(t.Context(), a.setup, "other"); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v, want conflict", err)
	}
	if err := writeNew(path, ignored); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "mine\n" {
		t.Errorf("%q, %v", data, err)
	}
}

// What happens in a workspace whose landfall.yaml is broken is recorded too.
func TestRecordWithABrokenConfiguration(t *testing.T) {
	t.Parallel()
	whole := workspace(t)
	broken := New(whole.setup, Parts{WorkspaceErr: fault.Newf(fault.Invalid, "landfall.yaml:1:1: broken")})
	if _, err := broken.record(t.Context(), "sandbox.stopped", broken.workload(), nil); err != nil {
		t.Fatal(err)
	}
	list, err := whole.LedgerList(t.Context(), LedgerOptions{}, "sandbox.stopped")
	if err != nil || len(list.Entries) != 1 || list.Entries[0].Subject != "" {
		t.Errorf("list %+v, %v", list, err)
	}
}
