package proc

import (
	"context"
	"errors"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"example.com/landfall/internal/fault"
)

// killWait bounds how long a killed process may take to disappear. It is long
// because a process in the middle of writing to a slow disk goes only then.
const killWait = 10 * time.Second

// Child is a process that a Starter started.
type Child struct {
	spec    Spec
	id      Identity
	started time.Time
	log     *Log
	done    chan struct{}

	mu     sync.Mutex
	reaped bool
	err    error
}

// watch begins to wait for the child.
func watch(spec Spec, cmd *exec.Cmd, log *Log) (*Child, error) {
	c := &Child{spec: spec, started: time.Now(), log: log, done: make(chan struct{})}
	// Not collected yet, so the number is still the child's, even if it is
	// dead by now: then there is nothing to identify and the start is unknown.
	id, err := Identify(cmd.Process.Pid)
	if err != nil {
		id = Identity{PID: cmd.Process.Pid}
	}
	c.id = id
	go c.wait(cmd)
	return c, nil
}

func (c *Child) wait(cmd *exec.Cmd) {
	if awaitExit(cmd.Process.Pid) {
		// The dead leader still holds its number, and with it the number of
		// its group, so whatever is left of the group can be killed safely.
		// Nothing of a server is of use without its leader, and it would hold
		// the port. An error here shows again in Kill, which sweeps.
		_ = c.signalGroup(syscall.SIGKILL)
		c.setReaped()
	}
	err := cmd.Wait()
	c.setReaped()
	c.mu.Lock()
	c.err = err
	c.mu.Unlock()
	c.log.Close()
	close(c.done)
}

func (c *Child) setReaped() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reaped = true
}

// signalGroup signals the whole group, as long as its number is ours.
func (c *Child) signalGroup(sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reaped {
		return nil
	}
	if err := syscall.Kill(-c.id.PID, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fault.Of(fault.KindOf(err), "signal "+c.spec.Part, "", err)
	}
	return nil
}

// Identity returns which process it is.
func (c *Child) Identity() Identity { return c.id }

// Started returns when it was started.
func (c *Child) Started() time.Time { return c.started }

// Done is closed when the child is gone and its output is in the log.
func (c *Child) Done() <-chan struct{} { return c.done }

// Running reports whether the child has not ended yet.
func (c *Child) Running() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

// Err returns how the child ended: nil while it runs or after it ended with
// exit code 0, otherwise an error with the last lines of its log.
func (c *Child) Err() error {
	if c.Running() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		return nil
	}
	e := fault.Of(fault.Unavailable, "run "+c.spec.Part, "", c.err)
	if tail := Tail(c.spec.Log, 3); tail != "" {
		e.Err = fault.Newf(fault.Unavailable, "%v: %s", c.err, tail)
	}
	return e.Hintf("read %s", c.spec.Log)
}

// LogDropped returns how much of its output could not be logged, and why.
func (c *Child) LogDropped() (int64, error) { return c.log.Dropped() }

// Signal signals the child's whole group.
func (c *Child) Signal(sig syscall.Signal) error { return c.signalGroup(sig) }

// Stop asks the child to stop, waits for the grace of its Spec (or until ctx
// ends, whichever is first), kills what is left of its group, and then sweeps
// those of its descendants that had left the group. Stopping a child that has
// ended, or stopping twice, is harmless. Concurrent calls are safe.
func (c *Child) Stop(ctx context.Context) error {
	if err := c.signalGroup(c.spec.StopSignal); err != nil {
		return err
	}
	grace := time.NewTimer(c.spec.Grace)
	defer grace.Stop()
	select {
	case <-c.done:
	case <-grace.C:
	case <-ctx.Done():
	}
	return c.Kill(context.WithoutCancel(ctx))
}

// Kill ends the child and its descendants at once.
func (c *Child) Kill(ctx context.Context) error {
	if err := c.signalGroup(syscall.SIGKILL); err != nil {
		return err
	}
	bound := time.NewTimer(killWait)
	defer bound.Stop()
	select {
	case <-c.done:
	case <-bound.C:
		return fault.Newf(fault.Timeout, "kill %s: process %d is still there after %s", c.spec.Part, c.id.PID, killWait)
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), "kill "+c.spec.Part, "")
	}
	_, err := Sweep(ctx, Query{Tag: c.spec.Tag, Part: c.spec.Part, Title: c.spec.Title})
	return err
}
