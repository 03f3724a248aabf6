package temporal

import (
	"log/slog"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
)

const (
	// attemptsAtOnce bounds the attempts and questions that one worker carries
	// out at the same time.
	attemptsAtOnce = 50
	// stopWithin is how long a worker that is asked to leave waits for attempts
	// to say where they stopped.
	stopWithin = 20 * time.Second
	// oneTurn is how long the interpreter may think in one go; decoding a plan
	// of thousands of steps on a busy machine takes longer than the SDK's second.
	oneTurn = 20 * time.Second
)

// WorkerOptions say what a worker does.
type WorkerOptions struct {
	// Queue that it serves.
	Queue string
	// Home workers run the interpreter and write the ledger; the others only
	// carry out steps and ask gates.
	Home  bool
	Hands engine.Hands
	Log   *slog.Logger
	// Silence is that of the runs; see Client.Within.
	Silence Silence
}

// Worker carries out runs until it is stopped.
type Worker struct{ worker worker.Worker }

// NewWorker returns a worker that has not begun.
func NewWorker(c client.Client, o WorkerOptions) *Worker {
	// Otherwise the SDK reads the whole program to name it.
	worker.SetBinaryChecksum("landfall")
	options := worker.Options{
		MaxConcurrentActivityExecutionSize: attemptsAtOnce, WorkerStopTimeout: stopWithin, DeadlockDetectionTimeout: oneTurn, DisableWorkflowWorker: !o.Home,
		// By itself the SDK passes a sign of life on only after four fifths of the
		// time in which one has to come: a busy machine then counts as a dead one.
		MaxHeartbeatThrottleInterval: beatTimeout / beatsIn,
	}
	if o.Silence.Work > 0 {
		options.MaxHeartbeatThrottleInterval = o.Silence.Work / beatsIn
	}
	if o.Silence.Turn > 0 {
		options.StickyScheduleToStartTimeout = o.Silence.Turn
	}
	w := worker.New(c, o.Queue, options)
	register(w, o)
	return &Worker{w}
}

// register tells a worker or a replayer what there is.
func register(w worker.Registry, o WorkerOptions) {
	a := &activities{o.Hands, o.Log}
	if o.Home {
		w.RegisterWorkflowWithOptions(Run, workflow.RegisterOptions{Name: workflowName})
		w.RegisterActivityWithOptions(a.record, activity.RegisterOptions{Name: recordActivity})
		w.RegisterActivityWithOptions(a.prove, activity.RegisterOptions{Name: proveActivity})
		w.RegisterActivityWithOptions(a.tell, activity.RegisterOptions{Name: tellActivity})
	}
	w.RegisterActivityWithOptions(a.step, activity.RegisterOptions{Name: stepActivity})
	w.RegisterActivityWithOptions(a.ask, activity.RegisterOptions{Name: askActivity})
}

// Start begins to take work.
func (w *Worker) Start() error {
	if err := w.worker.Start(); err != nil {
		return fault.Of(fault.Unavailable, "start", "the worker", err)
	}
	return nil
}

// Stop takes nothing new, asks attempts under way to stop where they are, and
// waits for them.
func (w *Worker) Stop() { w.worker.Stop() }
