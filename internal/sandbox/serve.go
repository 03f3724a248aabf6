package sandbox

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/gofrs/flock"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/tools"
)

const (
	// serveLockWithin bounds the wait for the supervisor's lock. Onlookers
	// hold it shared for a moment, so one look is not enough.
	serveLockWithin = 5 * time.Second
	// startWithin bounds the whole start. The longest honest part is seeding a
	// large number of objects.
	startWithin = 30 * time.Minute
	// tearDownWithin bounds the orderly end. It is below stopWithin of Down,
	// who kills what takes longer.
	tearDownWithin = 40 * time.Second
	// trimEvery is how often the supervisor looks at the size of its log.
	trimEvery = 30 * time.Second
)

// errStopAsked is the cause of an end that somebody asked for.
var errStopAsked = errors.New("stop asked for")

// ServeOptions say for which workspace to serve.
type ServeOptions struct {
	Workspace string
	// Environ is the environment of the process.
	Environ []string
	// Log is the supervisor's log; nil means silence.
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Serve is the supervisor: it does what Up ordered and stays until it is asked
// to stop (Down, or the end of ctx). It returns nil after an orderly end, and
// the error when the start did not succeed; then nothing of the sandbox runs.
func Serve(ctx context.Context, o ServeOptions) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l, err := newLayout(o.Workspace)
	if err != nil {
		return err
	}
	lock := flock.New(l.serveLock(), flock.SetPermissions(0o600))
	lockCtx, cancel := context.WithTimeout(ctx, serveLockWithin)
	defer cancel()
	if locked, err := lock.TryLockContext(lockCtx, lookEvery); err != nil || !locked {
		return fault.Of(fault.Conflict, "serve the sandbox of", l.workspace, err).Hintf("landfall sandbox status")
	}
	defer lock.Unlock()
	var want order
	if err := readJSON(l.order(), &want); err != nil {
		return fault.Wrap(err, "read what sandbox is wanted", "")
	}
	s, err := newSupervisor(l, want, o)
	if err != nil {
		return err
	}
	return s.run(ctx)
}

// supervisor is one running sandbox.
type supervisor struct {
	layout  layout
	order   order
	options ServeOptions
	log     *slog.Logger
	record  *record
	host    part.Host
	secrets secrets
	ids     azureIDs
	stack   closers
	// failed hears of servers that are given up.
	failed chan part.Status

	clouds
}

func newSupervisor(l layout, want order, o ServeOptions) (*supervisor, error) {
	self, err := proc.Identify(os.Getpid())
	if err != nil {
		return nil, err
	}
	accounts, err := part.NewAccounts(storageAccount)
	if err != nil {
		return nil, err
	}
	s := &supervisor{
		layout: l, order: want, options: o, log: o.Log, secrets: newSecrets(), ids: newAzureIDs(want.Seed),
		failed: make(chan part.Status, 64),
	}
	s.accounts = accounts
	s.secrets.StorageKey, _ = accounts.Key(storageAccount)
	s.record = &record{layout: l, now: o.Now, log: o.Log, state: State{
		SchemaVersion: schemaVersion, Instance: want.Instance, Tag: l.tag, Phase: PhaseStarting, Supervisor: self, Started: o.Now(),
		Parts: []part.Status{}, Stages: []Stage{}, Events: []Event{},
	}}
	s.host = part.Host{
		Tag: l.tag, Dir: l.data(), LogDir: l.logs(), Address: "127.0.0.1", Environ: o.Environ, Log: o.Log,
		Locate:  func(name tools.Name) (tools.Tool, error) { return tools.Locate(want.CacheDir, name) },
		Changed: s.partChanged,
	}
	return s, nil
}

func (s *supervisor) partChanged(p part.Status) {
	s.record.partChanged(p)
	if p.State == part.Failed {
		select {
		case s.failed <- p:
		default: // the first failure decides
		}
	}
}

func (s *supervisor) run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s.host.Starter = proc.NewStarter()
	control, err := serveControl(s.record, func() { stop(errStopAsked) })
	if err != nil {
		s.record.fail(err)
		s.host.Starter.Close()
		return err
	}
	go s.trimOwnLog(ctx)
	s.record.say("start", "starting the servers")
	if err = s.bringUp(ctx); err == nil {
		s.record.phase(PhaseReady)
		err = s.stay(ctx)
	}
	return s.finish(ctx, control, err)
}

// trimOwnLog keeps the supervisor's own log bounded; those of the servers are
// by their writer.
func (s *supervisor) trimOwnLog(ctx context.Context) {
	ticker := time.NewTicker(trimEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			// The shop writes its access log itself, so nobody else bounds it.
			for _, path := range []string{s.layout.supervisorLog(), s.layout.accessLog()} {
				if err := proc.TrimLog(path, proc.DefaultLogLimit); err != nil && !fault.Is(err, fault.NotFound) {
					s.log.Warn("trim log", slog.String("cause", err.Error()))
				}
			}
		}
	}
}

// stay returns when the sandbox is to end. A server that fails for good makes
// the sandbox failed but does not end it: what the others hold may still be
// wanted, and "down" is a decision of the user's.
func (s *supervisor) stay(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case p := <-s.failed:
			s.record.fail(fault.Newf(fault.Unavailable, "%s", p.Trouble).Hintf("landfall sandbox down && landfall sandbox up"))
		}
	}
}

// finish takes everything down and records how it ended.
func (s *supervisor) finish(ctx context.Context, control *controlServer, cause error) error {
	stopped := errors.Is(cause, errStopAsked) || ctx.Err() != nil
	if stopped {
		s.record.phase(PhaseStopping)
	}
	s.tearDown()
	if stopped {
		s.record.phase(PhaseStopped)
		cause = nil
	} else {
		// Half a cloud looks like a whole one: only the logs stay.
		if err := s.removeData(); err != nil {
			s.log.Error("remove the data of a failed start", slog.String("cause", err.Error()))
		}
		s.record.fail(cause)
	}
	control.close()
	return cause
}

func (s *supervisor) removeData() error {
	return errors.Join(os.RemoveAll(s.layout.data()), os.RemoveAll(part.ForeignDir(s.layout.tag)))
}

// tearDown stops everything, in the opposite order of its start, and sweeps.
func (s *supervisor) tearDown() {
	ctx, cancel := context.WithTimeout(context.Background(), tearDownWithin)
	defer cancel()
	for _, err := range s.stack.closeAll(ctx, s.log) {
		s.log.Error("stop", slog.String("cause", err.Error()))
	}
	// Whatever did not let itself be stopped dies with the starter's thread.
	s.host.Starter.Close()
	swept, err := proc.Sweep(ctx, s.layout.everything())
	for _, f := range swept {
		s.log.Warn("swept", slog.String("process", f.String()))
	}
	if err != nil {
		s.log.Error("sweep", slog.String("cause", err.Error()))
	}
}
