package main

import (
	"io"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// measure runs a command to its end, or until hold ends.
func measure(c *exec.Cmd, hold io.Reader) (measured, error) {
	// The kernel sends the signal when the thread ends that started the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := c.Start(); err != nil {
		return measured{}, err
	}
	var killed, over atomic.Bool
	go func() {
		// An error is the end as well.
		_, _ = io.Copy(io.Discard, hold)
		if !over.Load() {
			killed.Store(true)
			_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		}
	}()
	// How it ended stands in its state.
	_ = c.Wait()
	over.Store(true)
	m := measured{Seconds: time.Since(began).Seconds(), Exit: c.ProcessState.ExitCode(), Killed: killed.Load()}
	m.CPU = (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
	if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.RSS = float64(usage.Maxrss) / 1024 // kibibytes on Linux
	}
	return m, nil
}
