package main

import (
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
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
	own := watchOwn(c.Process.Pid)
	// How it ended stands in its state.
	_ = c.Wait()
	over.Store(true)
	m := measured{Seconds: time.Since(began).Seconds(), Exit: c.ProcessState.ExitCode(), Killed: killed.Load()}
	m.CPU = (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
	if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.RSS = float64(usage.Maxrss) / 1024 // kibibytes on Linux
	}
	m.Own = own()
	return m, nil
}

// look is the time between two looks at the memory of a mover.
const look = 20 * time.Millisecond

// watchOwn looks at the memory of a process that is no page of a file (proc(5),
// RssAnon of /proc/PID/status) until stop is called, which returns the most in
// MiB.
func watchOwn(pid int) (stop func() float64) {
	path := "/proc/" + strconv.Itoa(pid) + "/status"
	end, done := make(chan struct{}), make(chan float64)
	go func() {
		var most float64
		ticker := time.NewTicker(look)
		defer ticker.Stop()
		for {
			if kib, err := strconv.ParseFloat(strings.TrimSuffix(field(path, "RssAnon"), " kB"), 64); err == nil {
				most = max(most, kib/1024)
			}
			select {
			case <-ticker.C:
			case <-end:
				done <- most
				return
			}
		}
	}()
	return func() float64 {
		close(end)
		return <-done
	}
}
