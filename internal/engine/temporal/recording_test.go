package temporal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/enginekit"
)

// While the ledger cannot be written the engine says how often that was tried;
// then it has nothing to say. Who has no keyring cannot give a run a word: it is
// refused, and the run goes on as if nothing had been said.
func TestALedgerThatFailsAndAForeignWord(t *testing.T) {
	t.Parallel()
	e := enginekit.NewEngine(t)
	w := enginekit.NewWorld(t, e.Server(), "recording", enginekit.Chain(2))
	ledger := filepath.Join(w.Dir, "ledger")
	if err := os.Mkdir(ledger, 0o700); err != nil {
		t.Fatal(err)
	}
	leave := w.Workers(t, testkit.Crash{})
	w.Begin(t, nil)
	testkit.Eventually(t, enginekit.Patience, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		tries, since, err := w.Runs().Recording(ctx, w.Run)
		if err != nil {
			return err
		}
		if tries < 2 || since.IsZero() {
			return fmt.Errorf("%d tries since %s", tries, since)
		}
		return nil
	})
	if err := os.Remove(ledger); err != nil {
		t.Fatal(err)
	}
	await(t, w, "sign-off", waitsAt("sign-off", engine.Person))
	ctx, cancel := context.WithTimeout(t.Context(), enginekit.Patience)
	defer cancel()
	// The last write may still be under way for the first time.
	testkit.Eventually(t, enginekit.Patience, func() error {
		tries, _, err := w.Runs().Recording(ctx, w.Run)
		if err == nil && tries != 0 {
			return fmt.Errorf("written, it was tried %d times", tries)
		}
		return err
	})
	if err := foreign(ctx, t, e.Server(), w.Run, engine.Event{Kind: engine.Confirm, Step: "sign-off", By: "eve", How: "ssh signature of x", Reason: "it is fine"}); err == nil {
		t.Error("a word that is not sealed was taken")
	}
	if end := w.Operate(t, nil); end == nil || end.Result != "done" {
		t.Errorf("after the foreign word: %+v", end)
	}
	entries, err := enginekit.Ledger(w.Dir, w.Run)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.By == "eve" {
			t.Errorf("the ledger has %+v", entry)
		}
	}
	leave()
}

// foreign gives a run a word as a program does that reaches the engine and has no
// keyring.
func foreign(ctx context.Context, t *testing.T, s enginekit.Server, run string, e engine.Event) error {
	t.Helper()
	config, err := s.Config()
	if err != nil {
		t.Fatal(err)
	}
	known, err := host.Dial(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer known.Close()
	plain, err := client.NewClientFromExisting(known, client.Options{Namespace: config.Namespace, DataConverter: converter.GetDefaultDataConverter()})
	if err != nil {
		t.Fatal(err)
	}
	bounded, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	handle, err := plain.UpdateWorkflow(bounded, client.UpdateWorkflowOptions{WorkflowID: "landfall-run/" + run, UpdateName: "landfall.event", Args: []any{e}, WaitForStage: client.WorkflowUpdateStageCompleted})
	if err != nil {
		return err
	}
	return handle.Get(bounded, nil)
}
