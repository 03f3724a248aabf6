package sandbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/tools"
)

const (
	// lookEvery is how often the state file and the locks are looked at.
	lookEvery = 50 * time.Millisecond
	// spawnWithin bounds the time until a new supervisor holds its lock.
	spawnWithin = 20 * time.Second
	// lockWithin bounds the wait for another "up" or "down" that is between
	// its look and its act; both take that long only when they sweep.
	lockWithin = 2 * time.Minute
	// dyingWithin bounds how long the kernel takes to clear away a process
	// that was killed.
	dyingWithin = 2 * time.Second
	// hintDown is what to do about a supervisor that does not answer.
	hintDown = "landfall sandbox down"
)

// Options say what sandbox is wanted.
type Options struct {
	// Workspace is the folder it belongs to.
	Workspace string
	// CacheDir holds the tools; Exe is the landfall executable, which is
	// started again as the supervisor.
	CacheDir, Exe string
	// Objects, HistoryDays and Seed size the seed.
	Objects, HistoryDays int
	Seed                 uint64
	// Types is a file with Azure's type definitions; "" for none.
	Types string
	// AWSPort and ShopPort fix those two ports; 0 means any that is free.
	AWSPort, ShopPort int
	// Environ is the environment of the caller.
	Environ []string
	// Log is told what the caller's side does; nil means silence.
	Log *slog.Logger `json:"-"`
}

// order is what Up asks of the supervisor. It goes through a file, so that
// the supervisor's command line is the same for every sandbox.
type order struct {
	Instance    string `json:"instance"`
	CacheDir    string `json:"cacheDir"`
	Exe         string `json:"exe"`
	Objects     int    `json:"objects"`
	HistoryDays int    `json:"historyDays"`
	Seed        uint64 `json:"seed"`
	Types       string `json:"types,omitempty"`
	AWSPort     int    `json:"awsPort,omitempty"`
	ShopPort    int    `json:"shopPort,omitempty"`
}

// order is the same with absolute paths: the supervisor works in the
// workspace, the caller anywhere.
func (o Options) order() (order, error) {
	want := order{
		Instance: rand.Text(), CacheDir: o.CacheDir, Exe: o.Exe, Objects: o.Objects, HistoryDays: o.HistoryDays,
		Seed: o.Seed, Types: o.Types, AWSPort: o.AWSPort, ShopPort: o.ShopPort,
	}
	for _, path := range []*string{&want.CacheDir, &want.Exe, &want.Types} {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return order{}, fault.Wrap(err, "find", *path)
		}
		*path = abs
	}
	return want, nil
}

func (o Options) log() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

// Upped is the result of Up.
type Upped struct {
	// Already says that the sandbox was up, and nothing was done.
	Already bool `json:"already"`
	// Followed says that another Up had begun the start.
	Followed bool `json:"followed"`
	// Swept names the processes that a dead supervisor had left.
	Swept  []string `json:"swept"`
	Status Status   `json:"status"`
}

// Up brings the sandbox of a workspace up and returns when it is ready; report
// hears what happens meanwhile, and may be nil. When it is up already, or
// another Up is at it, nothing is started a second time. What a supervisor
// that died left behind is swept first.
//
// When ctx ends the start goes on without its onlooker, and the error is
// Canceled; Down ends it.
func Up(ctx context.Context, o Options, report func(Event)) (Upped, error) {
	if report == nil {
		report = func(Event) {}
	}
	l, err := newLayout(o.Workspace)
	if err != nil {
		return Upped{}, err
	}
	if err := l.make(); err != nil {
		return Upped{}, err
	}
	if err := checkOrder(o); err != nil {
		return Upped{}, err
	}
	result, instance, err := attachOrSpawn(ctx, l, o, report)
	if err != nil || result.Already {
		return result, err
	}
	if err := follow(ctx, l, instance, report); err != nil {
		return result, err
	}
	result.Status, err = StatusOf(ctx, o.Workspace)
	return result, err
}

// checkOrder finds what is missing before anything is started or wiped.
func checkOrder(o Options) error {
	if o.Objects < 0 || o.HistoryDays < 0 {
		return fault.Newf(fault.Usage, "start the sandbox: %d objects and %d days of history", o.Objects, o.HistoryDays)
	}
	for _, name := range tools.Sandbox() {
		if _, err := tools.Locate(o.CacheDir, name); err != nil {
			return err
		}
	}
	_, err := findBookshop(o.Exe, o.Environ)
	return err
}

// attachOrSpawn finds the running supervisor or starts one, and returns the
// instance to follow ("": whichever runs). It holds the lock that keeps two
// of them, or a "down", from doing so at the same time.
func attachOrSpawn(ctx context.Context, l layout, o Options, report func(Event)) (Upped, string, error) {
	unlock, err := lockUp(ctx, l)
	if err != nil {
		return Upped{}, "", err
	}
	defer unlock()
	alive, err := supervisorAlive(l)
	if err != nil {
		return Upped{}, "", err
	}
	if alive {
		result, instance, err := attach(ctx, l, o)
		if !fault.Is(err, fault.Unavailable) || fault.HintOf(err) != hintDown {
			return result, instance, err
		}
		// One that was killed a moment ago still holds its lock and does not
		// answer any more; it is gone soon, unlike one that hangs.
		if gone, lookErr := awaitGone(ctx, l, dyingWithin); lookErr != nil || !gone {
			return result, instance, err
		}
	}
	result := Upped{Swept: []string{}}
	if result.Swept, err = cleanSlate(ctx, l); err != nil {
		return result, "", err
	}
	if n := len(result.Swept); n > 0 {
		report(Event{Stage: "sweep", Text: fmt.Sprintf("an earlier start died: ended %d processes it left, and begin afresh", n)})
	}
	want, err := o.order()
	if err != nil {
		return result, "", err
	}
	return result, want.Instance, spawn(ctx, l, o, want)
}

// attach looks at the supervisor that runs.
func attach(ctx context.Context, l layout, o Options) (Upped, string, error) {
	var s State
	err := ask(ctx, l, "GET", "/state", &s)
	switch {
	case fault.Is(err, fault.NotFound):
		// It holds the lock and has not written its files yet.
		return Upped{Followed: true, Swept: []string{}}, "", nil
	case err != nil:
		return Upped{}, "", fault.Of(fault.Unavailable, "start the sandbox: it runs, but its supervisor does not answer", "", err).
			Hintf(hintDown)
	case s.Phase == PhaseFailed:
		e := fault.Of(fault.Unavailable, "start the sandbox: it runs and has failed", "", s.Trouble.Err())
		return Upped{}, "", e.Hintf("landfall sandbox down && landfall sandbox up")
	case s.Phase == PhaseStopping, s.Phase == PhaseStopped:
		return Upped{}, "", fault.Newf(fault.Conflict, "start the sandbox: it is being stopped").Hintf("try again in a moment")
	case s.Phase == PhaseReady:
		status, err := StatusOf(ctx, o.Workspace)
		return Upped{Already: true, Swept: []string{}, Status: status}, s.Instance, err
	}
	return Upped{Followed: true, Swept: []string{}}, s.Instance, nil
}

// cleanSlate ends what is left of a sandbox whose supervisor is gone, and removes
// its files. It returns the names of the processes it ended.
func cleanSlate(ctx context.Context, l layout) ([]string, error) {
	killed, err := proc.Sweep(ctx, l.everything())
	if err != nil {
		return nil, err
	}
	return names(killed), l.wipe()
}

func names(found []proc.Found) []string {
	out := make([]string, 0, len(found))
	for _, f := range found {
		out = append(out, f.String())
	}
	return out
}

// spawn starts the supervisor and returns when it holds its lock.
func spawn(ctx context.Context, l layout, o Options, want order) error {
	if err := writeJSON(l.order(), want); err != nil {
		return err
	}
	// A new file for each start: what the last one said is in the older half.
	if err := os.Rename(l.supervisorLog(), l.supervisorLog()+".1"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault.Wrap(err, "put the old log aside", "")
	}
	log, err := os.OpenFile(l.supervisorLog(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fault.Wrap(err, "open log", l.supervisorLog())
	}
	defer log.Close()
	cmd := exec.Command(o.Exe, "sandbox", "serve", "--workspace", l.workspace, "--log-level", "info")
	cmd.Dir = l.workspace
	cmd.Env = append(proc.BaseEnviron(o.Environ), proc.TagVariable+"="+l.tag, proc.PartVariable+"=supervisor")
	cmd.Stdout, cmd.Stderr = log, log
	// A session of its own: the terminal's Ctrl-C and hang-up are not for it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fault.Of(fault.KindOf(err), "start the supervisor", o.Exe, err)
	}
	o.log().Info("started the supervisor", slog.Int("process", cmd.Process.Pid))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the state file and the log say why it ended
	}()
	return awaitLock(ctx, l, want.Instance, ended)
}

func awaitLock(ctx context.Context, l layout, instance string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, spawnWithin)
	defer cancel()
	for {
		s, err := readState(l)
		if err == nil && s.Instance == instance {
			return nil
		}
		select {
		case <-ended:
			if s, err := readState(l); err == nil && s.Instance == instance {
				return nil // it got as far as to say what is wrong
			}
			return supervisorGone(l)
		case <-ctx.Done():
			return fault.Wrap(ctx.Err(), "start the supervisor", "")
		case <-time.After(lookEvery):
		}
	}
}

func supervisorGone(l layout) error {
	text := proc.Tail(l.supervisorLog(), 3)
	if text == "" {
		text = "it said nothing"
	}
	return fault.Newf(fault.Unavailable, "start the sandbox: the supervisor ended: %s", text).Hintf("read %s, then run: landfall sandbox up", l.supervisorLog())
}

// follow reports progress until the start is over.
func follow(ctx context.Context, l layout, instance string, report func(Event)) error {
	last := 0
	for {
		alive, err := supervisorAlive(l)
		if err != nil {
			return err
		}
		s, err := readState(l)
		switch {
		case err != nil && !alive:
			return fault.Newf(fault.Canceled, "start the sandbox: it was stopped meanwhile")
		case err != nil && !fault.Is(err, fault.NotFound):
			return err
		case err == nil && instance != "" && s.Instance != instance:
			return fault.Newf(fault.Conflict, "start the sandbox: another start took its place")
		case err == nil:
			last = relay(s.Events, last, report)
			if over, err := outcome(s); over {
				return err
			}
			if !alive {
				return supervisorGone(l)
			}
		}
		select {
		case <-ctx.Done():
			return fault.Of(fault.Canceled, "wait for the sandbox: it goes on starting", "", ctx.Err()).
				Hintf("landfall sandbox status, or landfall sandbox down")
		case <-time.After(lookEvery):
		}
	}
}

// relay reports the events after the last one.
func relay(events []Event, last int, report func(Event)) int {
	for _, e := range events {
		if e.Number > last {
			report(e)
			last = e.Number
		}
	}
	return last
}

// outcome tells whether the start is over, and how.
func outcome(s State) (over bool, err error) {
	switch s.Phase {
	case PhaseReady:
		return true, nil
	case PhaseFailed:
		return true, s.Trouble.Err()
	case PhaseStopping, PhaseStopped:
		return true, fault.Newf(fault.Canceled, "start the sandbox: it was stopped meanwhile")
	}
	return false, nil
}

// lockUp takes the lock that orders the decisions of Up and Down.
func lockUp(ctx context.Context, l layout) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWithin)
	defer cancel()
	lock := flock.New(l.upLock(), flock.SetPermissions(0o600))
	locked, err := lock.TryLockContext(ctx, lookEvery)
	if err != nil || !locked {
		e := fault.Of(fault.Conflict, "wait for another sandbox command", "", err)
		if fault.Is(err, fault.Canceled) {
			e.Kind = fault.Canceled
		}
		return nil, e
	}
	return func() { _ = lock.Unlock() }, nil // closing the file gives it back in any case
}

// supervisorAlive reports whether somebody holds the supervisor's lock. It
// takes a shared lock to find out, so that several may look at once.
func supervisorAlive(l layout) (bool, error) {
	if _, err := os.Stat(l.serveLock()); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	lock := flock.New(l.serveLock(), flock.SetPermissions(0o600))
	free, err := lock.TryRLock()
	if err != nil {
		return false, fault.Wrap(err, "look at the supervisor's lock", "")
	}
	if free {
		_ = lock.Unlock() // closing the file gives it back in any case
	}
	return !free, nil
}

// pathOf returns the value of PATH in environ. Of several the last counts, as
// for the programs started with it.
func pathOf(environ []string) string {
	for _, v := range slices.Backward(environ) {
		if path, ok := strings.CutPrefix(v, "PATH="); ok {
			return path
		}
	}
	return ""
}
