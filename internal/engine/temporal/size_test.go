package temporal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// many is a plan of n steps side by side and a sign-off, as a compiled one says
// them, and where it stands when all of them are done with two pieces of evidence
// each.
func many(t testing.TB, n int) (*runbook.Runbook, *engine.State) {
	t.Helper()
	var steps []runbook.Step
	for i := range n {
		steps = append(steps, runbook.Step{ID: fmt.Sprintf("execute.copy.bucket-%05d", i), Title: fmt.Sprintf("copy bucket %05d", i), Do: "copy what is new", Owner: "storage", Needs: []string{},
			Inputs: map[string]any{"source": fmt.Sprintf("arn:aws:s3:::shop-%05d", i), "target": fmt.Sprintf("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/shop%05d", i)}, ExpectedSeconds: 60})
	}
	plan := book(append(steps, runbook.Step{ID: "sign-off", Kind: "manual", Needs: []string{steps[n-1].ID}})...)
	s, err := engine.Start(plan, "r", printOf(t, plan))
	if err != nil {
		t.Fatal(err)
	}
	s = s.Largest()
	for i, st := range s.Steps {
		for k := range 2 {
			sum := sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(k)})
			st.Evidence = append(st.Evidence, "sha256:"+hex.EncodeToString(sum[:]))
		}
		st.Detail = "copied and compared"
	}
	last := s.Steps[n]
	*last = engine.StepState{Status: engine.Pending}
	s.Order, s.Begun, s.Now = s.Order[:n], time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)
	return plan, &s
}

// A run of ten thousand steps with two pieces of evidence each goes over into its
// next history and to its end: what is too much for a payload stays in the ledger.
func TestTenThousandStepsAreCarried(t *testing.T) {
	t.Parallel()
	plan, from := many(t, 10_000)
	whole, err := packed("the state", from)
	if err != nil {
		t.Fatal(err)
	}
	packedPlan, err := pack("the runbook", plan)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the plan takes %d bytes, the state %d", len(packedPlan), len(whole))
	if len(whole) <= 1<<20 {
		t.Fatalf("the state takes %d bytes: the test tests nothing", len(whole))
	}
	x := &trip{t: t, hands: &fakeHands{}, plan: plan, from: from, every: time.Minute}
	x.look = func(env *testsuite.TestWorkflowEnvironment, s engine.Summary) {
		if x.histories > 1 {
			person(env, s)
		}
	}
	x.setup = func(env *testsuite.TestWorkflowEnvironment, history int) { env.SetContinueAsNewSuggested(history == 0) }
	end := x.run()
	if end.Result != "done" || x.histories < 2 || len(end.Steps) != 10_001 {
		t.Errorf("%s after %d histories", end.Result, x.histories)
	}
}

// A plan of which the state could not be carried is refused at its begin.
func TestTooLargeAPlanIsRefused(t *testing.T) {
	t.Parallel()
	plan, _ := many(t, 25_000)
	_, err := (&Client{}).input(engine.Request{Run: "r", Plan: plan, Fingerprint: printOf(t, plan)})
	if !fault.Is(err, fault.Unsupported) || !strings.Contains(fault.HintOf(err), "split") {
		t.Errorf("%v", err)
	}
}

// A run that cannot go over into another history stays in its own, and is not
// ended for it.
func TestAStateThatFitsNowhereEndsNoRun(t *testing.T) {
	t.Parallel()
	plan := book(runbook.Step{ID: "a"}, runbook.Step{ID: "b"}, runbook.Step{ID: "c"})
	x := &trip{t: t, hands: &fakeHands{}, plan: plan}
	x.input = func(in *Input) { in.Queues = map[runbook.Place]string{"x": strings.Repeat("x", maxInput)} } // stands for whatever goes along
	x.setup = func(env *testsuite.TestWorkflowEnvironment, _ int) { env.SetContinueAsNewSuggested(true) }
	if end := x.run(); end.Result != "done" || x.histories != 1 {
		t.Errorf("%s: %s, %d histories", end.Result, statuses(end), x.histories)
	}
}

// A number of seconds that is no time any more is the longest one.
func TestAttemptTime(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int64]time.Duration{math.MinInt64: time.Minute, 0: time.Minute, 90: 90 * time.Second, math.MaxInt64: longestAttempt, math.MaxInt64/int64(time.Second) + 1: longestAttempt} {
		if got := attemptTime(&runbook.Step{TimeoutSeconds: seconds}); got != want {
			t.Errorf("%d: %v, want %v", seconds, got, want)
		}
	}
}

// Many entries go to the ledger in several writes, each small enough, in order.
func TestEntriesFit(t *testing.T) {
	t.Parallel()
	var entries []engine.Entry
	for i := range 5000 {
		entries = append(entries, engine.Entry{Number: int64(i + 1), Kind: "step.waiting", Text: strings.Repeat("x", i%1000), Data: map[string]string{"a": "b"}})
	}
	entries[7].Proof = map[string]string{"token": strings.Repeat("p", 2*recordBytes)}
	next := int64(1)
	for rest := entries; len(rest) > 0; {
		n := fitting(rest)
		content, err := packed("entries", rest[:n])
		if err != nil || n < 1 || n > 1 && len(content) > maxInput/4 || rest[0].Number != next {
			t.Fatalf("%d entries from %d take %d bytes, %v", n, next, len(content), err)
		}
		next += int64(n)
		rest = rest[n:]
	}
	if fitting(entries[7:8]) != 1 || fitting(entries[:20]) != 7 {
		t.Errorf("%d and %d", fitting(entries[7:8]), fitting(entries[:20]))
	}
}
