package part

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/proc"
)

const (
	// portTries bounds how often another port is tried when somebody took the
	// chosen one between the choice and the start.
	portTries = 5
	// askTimeout bounds one health check.
	askTimeout = 5 * time.Second
	// askPause is the first pause between two checks of a starting server; it
	// doubles up to askPauseMax.
	askPause, askPauseMax = 10 * time.Millisecond, 250 * time.Millisecond
	// stopWait bounds the stop of a server on top of its own grace.
	stopWait = 30 * time.Second
)

// errStranger means that the port is lost: our process cannot listen there.
var errStranger = errors.New("another program listens there")

// Start starts a server and returns when it answered. When ctx ends before
// that, or the server does not become ready in time, nothing of it is left
// running, and no data folder that was not there before. The Running server
// lives until Stop.
func Start(ctx context.Context, host Host, server Server) (*Running, error) {
	site, err := newSite(ctx, host, server)
	if err != nil {
		return nil, err
	}
	r := newRunning(host, server, site)
	ctx, cancel := context.WithTimeout(ctx, server.ReadyWithin)
	defer cancel()
	if err := r.firstStart(ctx); err != nil {
		r.set(func(s *Status) { s.State, s.Trouble = Failed, err.Error() })
		if removal := site.forget(); removal != nil {
			r.log().Error("remove the data of a start", slog.String("part", server.Name), slog.String("cause", removal.Error()))
		}
		return nil, err
	}
	go r.watch()
	return r, nil
}

// forget removes the data folder that a start made.
func (s Site) forget() error {
	if !s.fresh {
		return nil
	}
	return fault.Wrap(os.RemoveAll(s.Dir), "remove folder", s.Dir)
}

func newSite(ctx context.Context, host Host, server Server) (Site, error) {
	site := Site{Tag: host.Tag, Dir: filepath.Join(host.Dir, server.Name), Host: host.Address, Environ: proc.BaseEnviron(host.Environ)}
	site.Environ = append(site.Environ, proc.TagVariable+"="+host.Tag, proc.PartVariable+"="+server.Name)
	if server.Tool != "" {
		tool, err := host.Locate(server.Tool)
		if err != nil {
			return site, err
		}
		site.Tool = tool
		site.Environ = append(site.Environ, tool.Env...)
	}
	if server.Unprivileged != "" {
		find := host.Unprivileged
		if find == nil {
			find = proc.Unprivileged
		}
		as, err := find(ctx, server.Unprivileged)
		if err != nil {
			return site, err
		}
		site.As = as
		if as.Foreign() {
			// Another user cannot enter our folders, which are closed to
			// everybody, so its data lives in the folder for temporary files.
			site.Dir = filepath.Join(ForeignDir(host.Tag), server.Name)
		}
	}
	_, err := os.Stat(site.Dir)
	site.fresh = errors.Is(err, fs.ErrNotExist)
	return site, makeDirs(site, host.LogDir)
}

// ForeignDir is where the data of servers lies that must run as another user
// and cannot enter the sandbox's own folder.
func ForeignDir(tag string) string { return filepath.Join(os.TempDir(), "landfall-sandbox-"+tag) }

func makeDirs(site Site, logDir string) error {
	for _, dir := range []string{filepath.Dir(site.Dir), site.Dir, logDir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fault.Wrap(err, "make folder", "")
		}
	}
	if !site.As.Foreign() {
		return nil
	}
	for _, dir := range []string{filepath.Dir(site.Dir), site.Dir} {
		if err := os.Chown(dir, int(site.As.UID), int(site.As.GID)); err != nil {
			return fault.Wrap(err, "hand a folder over", "")
		}
	}
	return nil
}

// choosePorts fills in the ports. A fixed one that is taken is an error;
// a preferred one is given up after the first try.
func (r *Running) choosePorts(ctx context.Context, try int) error {
	r.site.Ports = make([]int, len(r.server.Ports))
	for i, p := range r.server.Ports {
		r.site.Ports[i] = cmp.Or(p.Fixed, p.Preferred)
		if p.Fixed != 0 {
			if err := proc.CheckPort(ctx, r.site.Address(i)); err != nil {
				return fault.Wrap(err, "start "+r.server.Name, "")
			}
			continue
		}
		if p.Preferred != 0 && try == 0 && !proc.PortTaken(r.site.Address(i)) {
			continue
		}
		free, err := r.anotherPort(i)
		if err != nil {
			return err
		}
		r.site.Ports[i] = free
	}
	return nil
}

// anotherPort returns a free port that no earlier socket of the server was
// given: the kernel may offer one twice, because nobody listens on it yet.
func (r *Running) anotherPort(i int) (int, error) {
	const offers = 20
	for range offers {
		free, err := proc.FreePort(r.site.Host)
		if err != nil || !slices.Contains(r.site.Ports[:i], free) {
			return free, err
		}
	}
	return 0, fault.Newf(fault.Conflict, "start %s: %d times the kernel offered a port that is in use already", r.server.Name, offers)
}

// firstStart starts the process on free ports, with another try when a port
// was lost to somebody else meanwhile.
func (r *Running) firstStart(ctx context.Context) error {
	var err error
	for try := range portTries {
		if err = r.choosePorts(ctx, try); err != nil {
			return err
		}
		if err = r.launch(ctx); err == nil {
			return nil
		}
		if ctx.Err() != nil || !r.lostPort() {
			return err
		}
		r.log().Info("port taken meanwhile, trying others", slog.String("part", r.server.Name))
	}
	return err
}

func (r *Running) furnish(ctx context.Context) error {
	if r.server.Furnish == nil {
		return nil
	}
	return fault.Wrap(r.server.Furnish(ctx, r.site), "furnish "+r.server.Name, "")
}

// lostPort reports whether, now that our process is gone, somebody listens on
// one of its ports.
func (r *Running) lostPort() bool {
	for i := range r.site.Ports {
		if proc.PortTaken(r.site.Address(i)) {
			return true
		}
	}
	return false
}

// launch prepares and starts the process, waits for its first good answer and
// furnishes it: a server is ready, also after a crash in the middle of it, only
// with what it is to hold. When it returns an error, the process is gone.
func (r *Running) launch(ctx context.Context) error {
	if r.server.Prepare != nil {
		if err := r.server.Prepare(ctx, r.site); err != nil {
			return fault.Wrap(err, "prepare "+r.server.Name, "")
		}
	}
	child, err := r.host.Starter.Start(r.spec())
	if err != nil {
		return err
	}
	r.setChild(child)
	err = r.awaitReady(ctx, child)
	if err == nil {
		err = r.furnish(ctx)
	}
	if err != nil {
		r.kill()
		return err
	}
	r.set(func(s *Status) { s.State, s.Trouble = Ready, "" })
	return nil
}

func (r *Running) spec() proc.Spec {
	c := r.server.Command(r.site)
	return proc.Spec{
		Tag: r.host.Tag, Part: r.server.Name, Path: c.Path, Args: c.Args,
		Environ: append(append([]string{}, r.site.Environ...), c.Env...),
		Dir:     r.site.Dir, Log: r.logPath(), As: r.site.As,
		StopSignal: c.StopSignal, DeathSignal: c.DeathSignal, Grace: c.Grace, Title: c.Title,
	}
}

func (r *Running) awaitReady(ctx context.Context, child *proc.Child) error {
	var last error
	for pause := askPause; ; pause = min(2*pause, askPauseMax) {
		if last = r.ask(ctx, child); last == nil || errors.Is(last, errStranger) {
			return last
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-child.Done():
			timer.Stop()
			return r.endedEarly(child)
		case <-ctx.Done():
			timer.Stop()
			return r.notReady(ctx, last)
		}
	}
}

// ask sends one health check and makes sure that it was our process that
// answered: another server that took the port would answer as well.
func (r *Running) ask(ctx context.Context, child *proc.Child) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if err := r.server.Healthy(ctx, r.site); err != nil {
		return err
	}
	for i := range r.site.Ports {
		if owns, known := child.Owns(ctx, r.site.Address(i)); known && !owns {
			return fault.Of(fault.Conflict, "start "+r.server.Name+" on", r.site.Address(i), errStranger)
		}
	}
	if !child.Running() {
		return r.endedEarly(child)
	}
	return nil
}

func (r *Running) endedEarly(child *proc.Child) error {
	<-child.Done()
	if err := child.Err(); err != nil {
		return err
	}
	return fault.Newf(fault.Unavailable, "start %s: it ended at once", r.server.Name).Hintf("read %s", r.logPath())
}

func (r *Running) notReady(ctx context.Context, last error) error {
	if fault.Is(ctx.Err(), fault.Canceled) {
		return fault.Of(fault.Canceled, "start "+r.server.Name, "", ctx.Err())
	}
	return fault.Newf(fault.Timeout, "start %s: no good answer within %s: %v", r.server.Name, r.server.ReadyWithin, last).
		Hintf("read %s", r.logPath())
}
