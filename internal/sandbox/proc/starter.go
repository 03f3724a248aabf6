package proc

import (
	"errors"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
)

// outputWait is how long the output of a dead child is still read.
const outputWait = 2 * time.Second

// Starter starts children from one operating system thread that lives as long
// as the Starter.
//
// The kernel's "tell me when my parent dies" (PR_SET_PDEATHSIG) is tied to the
// parent's *thread*. The Go runtime ends threads when it likes, and a child
// started from such a thread would be killed in the middle of its work; so all
// starting happens on a thread that is locked and kept.
type Starter struct {
	requests chan startRequest
	done     chan struct{}
	stopped  chan struct{}
	once     sync.Once
}

type startRequest struct {
	cmd   *exec.Cmd
	reply chan error
}

// NewStarter returns a Starter. Close it when no child is needed any more.
func NewStarter() *Starter {
	s := &Starter{requests: make(chan startRequest), done: make(chan struct{}), stopped: make(chan struct{})}
	go s.serve()
	return s
}

// serve finds a thread that can end, and starts children from it.
func (s *Starter) serve() {
	runtime.LockOSThread()
	if !onMainThread() {
		// Never unlocked: the thread ends with this goroutine, and with it, by
		// the death signal, every child that is still there.
		s.loop()
		return
	}
	// The runtime parks the main thread instead of ending it: its children
	// would live on. While this goroutine holds it, another cannot get it.
	held := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		close(held)
		s.loop()
	}()
	<-held
	runtime.UnlockOSThread()
}

func (s *Starter) loop() {
	defer close(s.stopped)
	for {
		select {
		case r := <-s.requests:
			r.reply <- r.cmd.Start()
		case <-s.done:
			return
		}
	}
}

// Close ends the starting thread. Children that still run are told so by
// their death signal; stop them first for an orderly end. Closing twice is
// harmless.
func (s *Starter) Close() {
	s.once.Do(func() { close(s.done) })
	<-s.stopped
}

// Start starts a child. It returns as soon as the program runs; whether it
// does its work is for a health check to say.
func (s *Starter) Start(spec Spec) (*Child, error) {
	spec = spec.withDefaults()
	if spec.Tag == "" || spec.Part == "" {
		return nil, fault.Newf(fault.Internal, "start %q: a tag and a part are needed", spec.Path)
	}
	log, err := OpenLog(spec.Log, spec.LogLimit)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Env, cmd.Dir = spec.environ(), spec.Dir
	cmd.Stdout, cmd.Stderr = log, log
	// A grandchild that keeps the output open must not keep Wait from
	// returning once the child itself is gone.
	cmd.WaitDelay = outputWait
	cmd.SysProcAttr = attributes(spec)
	if err := s.run(cmd); err != nil {
		log.Close()
		return nil, startError(spec, err)
	}
	return watch(spec, cmd, log)
}

func (s *Starter) run(cmd *exec.Cmd) error {
	r := startRequest{cmd: cmd, reply: make(chan error, 1)}
	select {
	case s.requests <- r:
		return <-r.reply
	case <-s.done:
		return fault.Newf(fault.Canceled, "the starter is closed")
	}
}

func startError(spec Spec, err error) error {
	kind := fault.KindOf(err)
	if kind == fault.NotFound || errors.Is(err, exec.ErrNotFound) {
		return fault.Of(fault.Missing, "start "+spec.Part, spec.Path, err)
	}
	return fault.Of(kind, "start "+spec.Part, spec.Path, err)
}
