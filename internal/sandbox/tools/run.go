package tools

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"example.com/landfall/internal/fault"
)

const (
	// attempts of a step that downloads.
	attempts = 3
	// firstPause before the second attempt; each further one is four times it.
	firstPause = 2 * time.Second
	// stepTimeout bounds one run of an installer: a slow line may need
	// minutes for the packages of moto, a slow machine to compile.
	stepTimeout = 30 * time.Minute
	// askTimeout bounds questions, which are answered in well under a second.
	askTimeout = 20 * time.Second
	// heartbeat is how often a long step says that it is still at work.
	heartbeat = 15 * time.Second
	// tailLines of an installer's output are shown when it does not succeed.
	tailLines = 12
	// maxTailBytes are read from the end of its log for that.
	maxTailBytes = 8 << 10
)

// job is one tool being made.
type job struct {
	ctx  context.Context
	spec Spec
	// dir is where it is built, final where it will be.
	dir, final string
	log        *os.File
	say        func(format string, args ...any)
}

// step is one installer's command.
type step struct {
	// what is said on the progress line.
	what string
	argv []string
	// env on top of the caller's environment.
	env []string
	dir string
	// download steps are tried again.
	download bool
	// gentle steps are asked to stop and not killed: a package manager that
	// is killed leaves a system that must be repaired.
	gentle bool
}

// run runs the step, again after a pause when it downloads.
func (j *job) run(s step) error {
	tries := 1
	if s.download {
		tries = attempts
	}
	pause := firstPause
	for try := 1; ; try++ {
		j.say("%s", s.what)
		err := j.once(s)
		if err == nil {
			return nil
		}
		if j.ctx.Err() != nil {
			return fault.Wrap(j.ctx.Err(), "install tool", string(j.spec.Name))
		}
		if errors.Is(err, exec.ErrNotFound) || try == tries {
			return j.failure(s, err)
		}
		j.say("%s: %v; trying again in %s", s.what, err, pause)
		if err := sleep(j.ctx, pause); err != nil {
			return fault.Wrap(err, "install tool", string(j.spec.Name))
		}
		pause *= 4
	}
}

// once runs the command of the step with its output in the log.
func (j *job) once(s step) error {
	ctx, cancel := context.WithTimeout(j.ctx, stepTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.argv[0], s.argv[1:]...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), s.env...)
	cmd.Stdout, cmd.Stderr = j.log, j.log
	if s.gentle {
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
		cmd.WaitDelay = 5 * time.Minute
	} else {
		boundToParent(cmd)
		cmd.WaitDelay = 5 * time.Second
	}
	fmt.Fprintf(j.log, "\n$ %s\n", strings.Join(s.argv, " "))
	stop := j.beat(s.what)
	defer stop()
	// The parent-death signal follows the thread that forked, not the
	// process; a thread that ends early would take the installer with it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Run()
	if err != nil && ctx.Err() != nil && j.ctx.Err() == nil {
		return fmt.Errorf("not done within %s", stepTimeout)
	}
	return err
}

// beat says now and then that the step is still at work.
func (j *job) beat(what string) (stop func()) {
	done := make(chan struct{})
	start := time.Now()
	go func() {
		tick := time.NewTicker(heartbeat)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				j.say("%s: %s so far", what, time.Since(start).Round(time.Second))
			}
		}
	}()
	return func() { close(done) }
}

// failure shows the end of the installer's output and names the log.
func (j *job) failure(s step, err error) error {
	tail := tailOf(j.log.Name())
	for _, line := range tail {
		j.say("| %s", line)
	}
	kind := failureKind(err, tail)
	if len(tail) > 0 {
		err = fmt.Errorf("%w: %s", err, tail[len(tail)-1])
	}
	return fault.Of(kind, "install tool", string(j.spec.Name), fmt.Errorf("%s: %w", s.what, err)).
		Hintf("read %s, then run: %s", j.log.Name(), j.spec.setup())
}

// failureKind tells a full disk from everything else that stops an installer,
// which is nearly always the network. Installers say it in words only.
func failureKind(err error, tail []string) fault.Kind {
	if errors.Is(err, exec.ErrNotFound) {
		return fault.Missing
	}
	for _, line := range tail {
		if strings.Contains(line, "No space left on device") || strings.Contains(line, "ENOSPC") {
			return fault.Storage
		}
	}
	return fault.Unavailable
}

// tailOf returns the last lines of the log that say something. A log that
// cannot be read gives none: it is only an addition to an error.
func tailOf(path string) []string {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxTailBytes {
		if _, err := f.Seek(-maxTailBytes, io.SeekEnd); err != nil {
			return nil
		}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxTailBytes))
	if err != nil {
		return nil
	}
	var lines []string
	for line := range bytes.Lines(b) {
		text := strings.TrimSpace(string(line))
		if text != "" && !strings.HasPrefix(text, "$ ") {
			lines = append(lines, text)
		}
	}
	return lines[max(0, len(lines)-tailLines):]
}

// ask runs a short question to a program, such as its version.
func ask(ctx context.Context, argv ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	return string(out), err
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
