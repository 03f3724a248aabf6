package sandbox_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox"
	"example.com/landfall/internal/sandbox/proc"
)

// instants are when things are killed, in milliseconds after the start: the
// same in every run, spread over the time a start takes.
func instants(seed uint64, n int, longest time.Duration) []time.Duration {
	random := rand.New(rand.NewPCG(seed, 0))
	var out []time.Duration
	for i := range n {
		slot := longest / time.Duration(n)
		out = append(out, time.Duration(i)*slot+time.Duration(random.Int64N(int64(slot))))
	}
	return out
}

// supervisor waits for the supervisor's process and returns it.
func supervisor(t *testing.T, workspace string) proc.Identity {
	t.Helper()
	var id proc.Identity
	eventually(t, "the supervisor runs", func() bool {
		for _, f := range processes(t, t.Context(), workspace) {
			if f.Part == "supervisor" {
				id = f.Identity
			}
		}
		return id.PID != 0
	})
	return id
}

// The supervisor is killed at several moments of the start. Each time "down"
// leaves nothing, and at the end "up" works as if nothing had been.
func TestSupervisorKilledDuringStart(t *testing.T) {
	t.Parallel()
	o := options(t)
	for _, after := range instants(1, 5, 4*time.Second) {
		died := make(chan error, 1)
		go func() {
			_, err := sandbox.Up(t.Context(), o, nil)
			died <- err
		}()
		id := supervisor(t, o.Workspace)
		time.Sleep(after) // the moment is the point of the test
		if err := id.Signal(syscall.SIGKILL); err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		if err := <-died; err == nil {
			t.Logf("killed after %s, when it was ready", after)
		} else if !fault.Is(err, fault.Unavailable) || fault.HintOf(err) == "" {
			t.Errorf("Up whose supervisor was killed after %s: %v", after, err)
		}
		status, err := sandbox.StatusOf(t.Context(), o.Workspace)
		if err != nil || (status.Phase != sandbox.PhaseFailed && status.Phase != sandbox.PhaseDown) {
			t.Errorf("status after a kill: %+v, %v", status, err)
		}
		if _, err := sandbox.Down(t.Context(), o.Workspace); err != nil {
			t.Errorf("down: %v", err)
		}
		if left := processes(t, t.Context(), o.Workspace); len(left) > 0 {
			t.Errorf("killed after %s: left %v", after, left)
		}
	}
}

// Whoever looks on may die or leave: the start goes on. When the supervisor is
// killed, the next "up" sweeps and begins afresh, and says so; of two at the
// same time one does it and the other follows.
func TestOnlookersComeAndGo(t *testing.T) {
	t.Parallel()
	o := options(t)
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	first := exec.Command(o.Exe)
	first.Env = append(os.Environ(), upVariable+"="+string(raw))
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	id := supervisor(t, o.Workspace)
	eventually(t, "the supervisor has begun", func() bool { return len(processes(t, t.Context(), o.Workspace)) > 1 })
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // killed

	ctx, cancel := context.WithCancel(t.Context())
	got, err := sandbox.Up(ctx, o, func(sandbox.Event) { cancel() })
	if !fault.Is(err, fault.Canceled) || !strings.Contains(fault.HintOf(err), "landfall sandbox") || !got.Followed {
		t.Errorf("cancelled Up = %+v, %v, hint %q", got, err, fault.HintOf(err))
	}
	if !id.Alive() {
		t.Error("the supervisor went with its onlookers")
	}
	stray := straggler(t, o)
	if err := id.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	twoUpsAtOnce(t, o)
	if err := stray.Wait(); err == nil {
		t.Error("the straggler ended by itself")
	}
}

// straggler starts a process that does not die with the supervisor, as a
// crash may leave one.
func straggler(t *testing.T, o sandbox.Options) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/bin/sleep", "300")
	cmd.Env = []string{proc.TagVariable + "=" + sandbox.Tag(o.Workspace), proc.PartVariable + "=straggler"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func twoUpsAtOnce(t *testing.T, o sandbox.Options) {
	t.Helper()
	type result struct {
		sandbox.Upped
		err error
		log *events
	}
	results := make(chan result, 2)
	for range 2 {
		go func() {
			log := &events{}
			got, err := sandbox.Up(t.Context(), o, log.add)
			results <- result{got, err, log}
		}()
	}
	starter, follower := <-results, <-results
	if starter.Followed {
		starter, follower = follower, starter
	}
	if starter.err != nil || follower.err != nil {
		t.Fatalf("Up = %v and %v", starter.err, follower.err)
	}
	if starter.Followed || !follower.Followed {
		t.Errorf("of two one starts and one follows: %+v, %+v", starter.Upped, follower.Upped)
	}
	if len(starter.Swept) == 0 || !strings.Contains(starter.log.String(), "begin afresh") {
		t.Errorf("swept %v, events %s", starter.Swept, starter.log)
	}
	if starter.Status.Supervisor == 0 || starter.Status.Supervisor != follower.Status.Supervisor || starter.Status.Phase != sandbox.PhaseReady {
		t.Errorf("status = %+v and %+v", starter.Status, follower.Status)
	}
}
