package part

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/proc"
)

const (
	// maxRestarts within restartWindow is when a server counts as broken.
	maxRestarts   = 5
	restartWindow = 5 * time.Minute
	// restartPause is the first pause before a restart; it doubles up to
	// restartPauseMax.
	restartPause, restartPauseMax = 200 * time.Millisecond, 10 * time.Second
	// lookEvery is how often a ready server is asked whether it still answers.
	lookEvery = 5 * time.Second
)

// Running is a server that was ready at least once. Its methods may be called
// concurrently.
//
//	Starting -> Ready -> Restarting -> Ready ...
//	                  -> Failed      (data lost, or too many crashes)
//	any      -> Stopped              (Stop)
type Running struct {
	host   Host
	server Server

	// turn is held by whoever starts or stops the process.
	turn sync.Mutex
	site Site

	mu     sync.Mutex
	child  *proc.Child
	status Status
	notify sync.Mutex

	life     context.Context
	end      context.CancelFunc
	finished chan struct{}
}

func newRunning(host Host, server Server, site Site) *Running {
	r := &Running{host: host, server: server, site: site, finished: make(chan struct{})}
	// The life of a server is not that of the call that started it: Stop ends it.
	r.life, r.end = context.WithCancel(context.Background())
	r.status = Status{Name: server.Name, State: Starting, Log: r.logPath()}
	return r
}

func (r *Running) logPath() string { return filepath.Join(r.host.LogDir, r.server.Name+".log") }

func (r *Running) log() *slog.Logger {
	if r.host.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return r.host.Log
}

func (r *Running) set(change func(*Status)) {
	r.notify.Lock()
	defer r.notify.Unlock()
	r.mu.Lock()
	change(&r.status)
	now := r.status
	now.Addresses = slices.Clone(now.Addresses)
	r.mu.Unlock()
	if r.host.Changed != nil {
		r.host.Changed(now)
	}
}

func (r *Running) setChild(c *proc.Child) {
	r.mu.Lock()
	r.child = c
	r.mu.Unlock()
	r.set(func(s *Status) {
		s.Process, s.Started = c.Identity(), c.Started()
		s.Addresses = nil
		for i := range r.site.Ports {
			s.Addresses = append(s.Addresses, r.site.Address(i))
		}
	})
}

func (r *Running) currentChild() *proc.Child {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.child
}

// Status returns what is known about the server now.
func (r *Running) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.status
	s.Addresses = slices.Clone(s.Addresses)
	return s
}

// Site returns where the server lives. Ports never change while it runs, not
// even over a restart, because clients hold on to them.
func (r *Running) Site() Site { return r.site }

// Address returns host:port of the i-th socket.
func (r *Running) Address(i int) string { return r.site.Address(i) }

// URL returns the http URL of the i-th socket.
func (r *Running) URL(i int) string { return r.site.URL(i) }

// Done is closed when the server is stopped or has failed for good.
func (r *Running) Done() <-chan struct{} { return r.finished }

// Check asks the server now.
func (r *Running) Check(ctx context.Context) error {
	child := r.currentChild()
	if child == nil || !child.Running() {
		return fault.Newf(fault.Unavailable, "ask %s: it does not run", r.server.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return fault.Wrap(r.server.Healthy(ctx, r.site), "ask "+r.server.Name, "")
}

// watch keeps the server running until Stop.
func (r *Running) watch() {
	defer close(r.finished)
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var crashes []time.Time
	for {
		child := r.currentChild()
		select {
		case <-r.life.Done():
			return
		case <-look.C:
			r.look(child)
		case <-child.Done():
			// A restart on request ends one child and starts the next while
			// it holds the turn: only a child that is still the current one
			// afterwards has crashed.
			if again := r.revive(child, &crashes); !again {
				return
			}
		}
	}
}

// look records whether a ready server still answers. It does not act on it: a
// server that is only slow, or stopped in a debugger, must not be killed.
func (r *Running) look(child *proc.Child) {
	if !child.Running() || r.Status().State != Ready {
		return
	}
	err := r.Check(r.life)
	trouble := ""
	if err != nil {
		trouble = err.Error()
	} else if dropped, why := child.LogDropped(); dropped > 0 {
		trouble = fmt.Sprintf("%d bytes of its output are not in its log: %v", dropped, why)
	}
	if r.life.Err() == nil && trouble != r.Status().Trouble {
		r.set(func(s *Status) { s.Trouble = trouble })
	}
}

// revive starts the server again after its process ended by itself. It
// reports false when it is not to be watched any more.
func (r *Running) revive(dead *proc.Child, crashes *[]time.Time) bool {
	r.turn.Lock()
	defer r.turn.Unlock()
	if r.life.Err() != nil || r.Status().State == Failed {
		return false
	}
	if r.currentChild() != dead {
		return true
	}
	cause := r.endedEarly(dead)
	if r.server.Lost != "" {
		r.fail(fault.Of(fault.Unavailable, r.server.Name+" ended, and "+r.server.Lost, "", cause))
		return false
	}
	for {
		*crashes = recent(append(*crashes, time.Now()))
		if len(*crashes) > maxRestarts {
			r.fail(fault.Newf(fault.Unavailable, "run %s: it ended %d times within %s: %v", r.server.Name, len(*crashes), restartWindow, cause))
			return false
		}
		r.log().Warn("part ended, starting it again", slog.String("part", r.server.Name), slog.Int("attempt", len(*crashes)), slog.String("cause", cause.Error()))
		r.set(func(s *Status) { s.State, s.Trouble = Restarting, cause.Error() })
		if !r.pause(restartPause << (len(*crashes) - 1)) {
			return false
		}
		if cause = r.relaunch(); cause == nil {
			return true
		}
		if r.life.Err() != nil {
			return false
		}
	}
}

func recent(crashes []time.Time) []time.Time {
	return slices.DeleteFunc(crashes, func(t time.Time) bool { return time.Since(t) > restartWindow })
}

func (r *Running) fail(err error) {
	r.log().Error("part failed", slog.String("part", r.server.Name), slog.String("cause", err.Error()))
	r.set(func(s *Status) { s.State, s.Trouble = Failed, err.Error() })
}

func (r *Running) pause(d time.Duration) bool {
	timer := time.NewTimer(min(d, restartPauseMax))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.life.Done():
		return false
	}
}

func (r *Running) relaunch() error {
	ctx, cancel := context.WithTimeout(r.life, r.server.ReadyWithin)
	defer cancel()
	// What the crash left of the old process would hold the port.
	if err := r.currentChild().Kill(ctx); err != nil {
		return err
	}
	r.set(func(s *Status) { s.Restarts++ })
	return r.launch(ctx)
}

// Reconfigure stops the server, lets change edit what the next start uses, and
// starts it again on the same ports. Requests in flight are answered or cut
// off as the server's own stop does it. When the new start does not succeed
// the server counts as failed.
func (r *Running) Reconfigure(ctx context.Context, change func()) error {
	r.turn.Lock()
	defer r.turn.Unlock()
	if err := r.usable(); err != nil {
		return err
	}
	if err := r.currentChild().Stop(ctx); err != nil {
		return err
	}
	change()
	r.set(func(s *Status) { s.State, s.Trouble = Starting, "" })
	ctx, cancel := context.WithTimeout(ctx, r.server.ReadyWithin)
	defer cancel()
	// Stop must not wait for a start that nobody wants any more.
	defer context.AfterFunc(r.life, cancel)()
	if err := r.launch(ctx); err != nil {
		r.fail(err)
		return err
	}
	return nil
}

func (r *Running) usable() error {
	if r.life.Err() != nil {
		return fault.Newf(fault.Conflict, "restart %s: it was stopped", r.server.Name)
	}
	if s := r.Status(); s.State == Failed {
		return fault.Newf(fault.Unavailable, "restart %s: %s", r.server.Name, s.Trouble)
	}
	return nil
}

// Stop stops the server for good and returns when nothing of it runs. Stopping
// twice is harmless.
func (r *Running) Stop(ctx context.Context) error {
	r.end()
	r.turn.Lock()
	defer r.turn.Unlock()
	ctx, cancel := context.WithTimeout(ctx, stopWait)
	defer cancel()
	if err := r.currentChild().Stop(ctx); err != nil {
		return err
	}
	if r.Status().State != Stopped {
		r.set(func(s *Status) { s.State, s.Trouble = Stopped, "" })
	}
	return nil
}

// Remove stops the server for good and removes its data. Its log stays.
// Removing twice is harmless.
func (r *Running) Remove(ctx context.Context) error {
	if err := r.Stop(ctx); err != nil {
		return err
	}
	return fault.Wrap(os.RemoveAll(r.site.Dir), "remove the data of "+r.server.Name, "")
}

// Again starts a server that was stopped once more, on the same ports, with
// what it has on disk: everything after Stop, nothing after Remove. The result
// takes the place of this one, which stays stopped.
func (r *Running) Again(ctx context.Context) (*Running, error) {
	server := r.server
	server.Ports = slices.Clone(server.Ports)
	for i := range server.Ports {
		server.Ports[i].Fixed = r.site.Ports[i]
	}
	return Start(ctx, r.host, server)
}

// kill ends the process of a start that did not succeed. What it cannot end
// carries the tag, so the sweep of "down" finds it.
func (r *Running) kill() {
	ctx, cancel := context.WithTimeout(context.Background(), stopWait)
	defer cancel()
	if err := r.currentChild().Kill(ctx); err != nil {
		r.log().Error("kill part", slog.String("part", r.server.Name), slog.String("cause", err.Error()))
	}
}
