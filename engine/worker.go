package main

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/fault"
)

const (
	// workerStopWithin is how long a worker may take to stop its attempts where
	// they are.
	workerStopWithin = 25 * time.Second
	// workerAgain and workerAgainMost bound the wait before a worker that ended
	// is started again; it doubles each time, and begins anew when one has lived
	// for longer.
	workerAgain     = 500 * time.Millisecond
	workerAgainMost = 30 * time.Second
)

// keeper keeps a worker beside the server: a program of its own, so that
// neither takes the other along when it breaks. Its end is no end of a run.
type keeper struct {
	command []string
	dir     string
	log     *slog.Logger
}

// keep starts the worker, and again whenever it ends, until ctx ends; then it
// asks the worker to leave and waits for it. Without a command it does nothing:
// workers elsewhere carry the runs out.
func (k keeper) keep(ctx context.Context) (stop func()) {
	if len(k.command) == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		wait := workerAgain
		for ctx.Err() == nil {
			begun := time.Now()
			err := k.once(ctx)
			if ctx.Err() != nil {
				return
			}
			if time.Since(begun) > workerAgainMost {
				wait = workerAgain
			}
			k.log.Warn("the worker ended; it is started again", slog.Any("error", err), slog.Duration("after", wait))
			select {
			case <-ctx.Done():
			case <-time.After(wait):
			}
			wait = min(2*wait, workerAgainMost)
		}
	}()
	return func() { cancel(); <-done }
}

// once runs one worker until it ends. When ctx ends first it is asked to leave,
// and killed when it does not.
func (k keeper) once(ctx context.Context) error {
	path := filepath.Join(k.dir, host.FileErrors)
	stderr, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fault.Wrap(err, "open the worker's error file", path)
	}
	defer stderr.Close()
	cmd := exec.CommandContext(ctx, k.command[0], k.command[1:]...)
	cmd.Stderr = stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = workerStopWithin
	// A worker does not outlive an engine that was killed: another engine starts
	// one of its own.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	// The kernel sends the signal when the thread that started the child ends,
	// so this goroutine keeps its thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return cmd.Run()
}
