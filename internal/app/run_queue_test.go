package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
)

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	content, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func idOf(t *testing.T, w *store.Workspace) string {
	t.Helper()
	id, err := workspaceID(w)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// The id is made once, whoever asks at the same time, goes along with the
// workspace, and is no other workspace's.
func TestWorkspaceID(t *testing.T) {
	t.Parallel()
	a := workspace(t)
	ids := make([]string, 8)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() { ids[i] = idOf(t, a.Workspace) })
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] || !idForm.MatchString(id) {
			t.Fatalf("ids %v", ids)
		}
	}
	if other := idOf(t, workspace(t).Workspace); other == ids[0] {
		t.Error("two workspaces have one id")
	}
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(a.Workspace.Root(), moved); err != nil {
		t.Fatal(err)
	}
	w, err := store.Open(moved)
	if err != nil {
		t.Fatal(err)
	}
	if id := idOf(t, w); id != ids[0] {
		t.Errorf("moved it has the id %s, before %s", id, ids[0])
	}
	path, err := w.Private(idFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("../x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := workspaceID(w); !fault.Is(err, fault.Invalid) {
		t.Errorf("a broken id: %v", err)
	}
}

// A run that is under way on a queue of the old kind stays on it; one that is over
// does not decide.
func TestAQueueOfTheOldKindStays(t *testing.T) {
	t.Parallel()
	a := workspace(t)
	x := store.Execution{Run: "shop-1", Fingerprint: "sha256:a", Begun: time.Now()}
	if err := a.Workspace.KeepExecution(x); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(a.Workspace.Root()))
	old := hex.EncodeToString(sum[:6])
	if name, err := servedQueue(a.Workspace, "near-aws"); err != nil || name != "near-aws" {
		t.Errorf("the worker of a place serves %q, %v", name, err)
	}
	if id := idOf(t, a.Workspace); id != old || runQueue(id, false) != "landfall-"+old || runQueue(id, true) != "landfall-"+old+"-rehearsal" {
		t.Errorf("the id is %s, the queue was named %s", id, old)
	}
	b := workspace(t)
	now := time.Now()
	x.Ended, x.Result = &now, "done"
	if err := b.Workspace.KeepExecution(x); err != nil {
		t.Fatal(err)
	}
	sum = sha256.Sum256([]byte(b.Workspace.Root()))
	if id := idOf(t, b.Workspace); id == hex.EncodeToString(sum[:6]) {
		t.Error("a run that is over keeps the old name")
	}
}

// The worker of a place listens where the run sends its steps, and nowhere when
// nobody says which workspace it is for.
func TestQueuesOfPlaces(t *testing.T) {
	t.Parallel()
	a, runs := approvedShop(t)
	a.Config.Engine.Queues = map[string]string{"source": "near-aws", "target": "landfall-0123456789ab.far"}
	var worked []Work
	a.Engines.Work = func(_ context.Context, place EnginePlace, w Work) error {
		if worked = append(worked, w); !strings.HasPrefix(place.Queue, queuePrefix) {
			t.Errorf("the place has the queue %q", place.Queue)
		}
		return nil
	}
	if err := a.Worker(t.Context(), "near-aws"); !fault.Is(err, fault.NotFound) || len(worked) > 0 {
		t.Errorf("a folder without an id: %v", err)
	}
	if _, err := a.Run(t.Context(), RunOptions{Detach: true}, unheard); err != nil {
		t.Fatal(err)
	}
	id := idOf(t, a.Workspace)
	want := map[runbook.Place]string{"source": "landfall-" + id + ".near-aws", "target": "landfall-0123456789ab.far"}
	for place, queue := range want {
		if got := runs.queues[place]; got != queue {
			t.Errorf("steps at the %s go to %q, want %q", place, got, queue)
		}
	}
	if x, err := a.Workspace.Execution(runs.started[0]); err != nil || x.Queue != "landfall-"+id {
		t.Errorf("the register has %+v, %v", x, err)
	}
	for _, name := range []string{"", "near-aws", "landfall-0123456789ab.far"} {
		if err := a.Worker(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	for i, queue := range []string{"", "landfall-" + id + ".near-aws", "landfall-0123456789ab.far"} {
		if w := worked[i]; w.Queue != queue || w.Home != (i == 0) {
			t.Errorf("worker %d: %+v", i, w)
		}
	}
}

// Hands do nothing for a run that is not in their register: a step is refused
// with words that a person reads, and nothing stands in the wrong ledger.
func TestHandsKnowTheirRuns(t *testing.T) {
	t.Parallel()
	a, _, state := beganShop(t)
	_, work, err := a.workplace("")
	if err != nil {
		t.Fatal(err)
	}
	step := runbook.Step{ID: "plan.note", Kind: "note"}
	for run, does := range map[string]bool{state.Run: true, "another-1": false, "../x": false} {
		got := work.Hands.Step(t.Context(), engine.StepCall{Run: run, Kind: engine.DoStep, Attempt: 1, Step: step}, func(engine.Beat) {}, nil)
		if refused := got.Outcome == runbook.NoEffect && strings.Contains(got.Detail, "knows no run"); refused == does || refused && got.Final {
			t.Errorf("%s: %+v", run, got)
		}
		answer, err := work.Hands.Ask(t.Context(), engine.Question{Run: run, ID: "g", Expr: "1 < 2"})
		if err != nil || (answer.Open != nil) != does {
			t.Errorf("%s: asked %+v, %v", run, answer, err)
		}
		_, proveErr := work.Hands.Prove(t.Context(), run, "plan.note", []engine.Proof{{Kind: "note", Text: "x"}})
		tellErr := work.Hands.Tell(t.Context(), engine.Telling{Run: run, Message: runbook.Message{To: []string{"users"}, Text: "x"}})
		recordErr := work.Hands.Record(t.Context(), run, []engine.Entry{{Number: state.Records + 1, Kind: "run.looked", Text: "x", At: time.Unix(0, 0)}})
		if err := errors.Join(proveErr, tellErr, recordErr); (err == nil) != does {
			t.Errorf("%s: %v", run, err)
		}
	}
	x, err := a.Workspace.Execution(state.Run)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for result, does := range map[string]bool{"done": false, "abandoned": false, resultDrained: true, engine.Terminated: true} {
		x.Ended, x.Result = &now, result
		if err := a.Workspace.KeepExecution(x); err != nil {
			t.Fatal(err)
		}
		if err := (ownRuns{a.hands(), a}).own(x.Run); (err == nil) != does {
			t.Errorf("%s: %v", result, err)
		}
	}
}
