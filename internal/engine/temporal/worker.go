package temporal

import (
	"log/slog"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/fault"
)

const (
	// attemptsAtOnce bounds the attempts that one worker carries out at the same
	// time; questionsAtOnce, recordsAtOnce and messagesAtOnce are those of what is
	// no attempt, and has its own room: a run whose records wait for long attempts
	// would stand still, and triggers would see nothing.
	attemptsAtOnce  = 50
	questionsAtOnce = 50
	recordsAtOnce   = 20
	messagesAtOnce  = 20
	// partsAtOnce bounds the parts of steps: they share what a mover has of
	// requests and memory.
	partsAtOnce = 8
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
type Worker struct{ workers []worker.Worker }

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
	out := &Worker{[]worker.Worker{w}}
	a := &activities{o.Hands, o.Log}
	options.DisableWorkflowWorker = true
	type side struct {
		queue    string
		atOnce   int
		register func(worker.Registry, *activities)
	}
	sides := []side{{partsQueue, partsAtOnce, registerParts}}
	if o.Home {
		sides = append(sides, side{ledgerQueue, recordsAtOnce, registerLedger}, side{questionQueue, questionsAtOnce, registerQuestions}, side{messageQueue, messagesAtOnce, registerMessages})
	}
	for _, side := range sides {
		options.MaxConcurrentActivityExecutionSize = side.atOnce
		beside := worker.New(c, o.Queue+side.queue, options)
		side.register(beside, a)
		out.workers = append(out.workers, beside)
	}
	return out
}

// register tells a worker, or a replayer, what there is on the queue of a run:
// everything, as a run of version 0 of the driver has no other.
func register(w worker.Registry, o WorkerOptions) {
	a := &activities{o.Hands, o.Log}
	if o.Home {
		w.RegisterWorkflowWithOptions(Run, workflow.RegisterOptions{Name: workflowName})
		w.RegisterWorkflowWithOptions(FanOut, workflow.RegisterOptions{Name: fanWorkflow})
		w.RegisterWorkflowWithOptions(CarryParts, workflow.RegisterOptions{Name: partsWorkflow})
		registerLedger(w, a)
		registerMessages(w, a)
	}
	w.RegisterActivityWithOptions(a.step, activity.RegisterOptions{Name: stepActivity})
	registerParts(w, a)
	registerQuestions(w, a)
}

// registerParts is of what is beside the queue of any worker.
func registerParts(w worker.Registry, a *activities) {
	w.RegisterActivityWithOptions(a.step, activity.RegisterOptions{Name: partActivity})
}

func registerLedger(w worker.Registry, a *activities) {
	w.RegisterActivityWithOptions(a.record, activity.RegisterOptions{Name: recordActivity})
	w.RegisterActivityWithOptions(a.prove, activity.RegisterOptions{Name: proveActivity})
	w.RegisterActivityWithOptions(a.keep, activity.RegisterOptions{Name: keepActivity})
}

func registerMessages(w worker.Registry, a *activities) {
	w.RegisterActivityWithOptions(a.tell, activity.RegisterOptions{Name: tellActivity})
}

func registerQuestions(w worker.Registry, a *activities) {
	w.RegisterActivityWithOptions(a.ask, activity.RegisterOptions{Name: askActivity})
}

// Start begins to take work.
func (w *Worker) Start() error {
	for i, one := range w.workers {
		if err := one.Start(); err != nil {
			(&Worker{w.workers[:i]}).Stop()
			return fault.Of(fault.Unavailable, "start", "the worker", err)
		}
	}
	return nil
}

// Stop takes nothing new, asks attempts under way to stop where they are, and
// waits for them. What they prove and end with is recorded meanwhile.
func (w *Worker) Stop() {
	var all sync.WaitGroup
	for _, one := range w.workers {
		all.Go(one.Stop)
	}
	all.Wait()
}
