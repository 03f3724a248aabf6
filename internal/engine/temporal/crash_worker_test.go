package temporal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/engine/temporal"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/enginekit"
)

// The files of a crowd: what its worker processes and the test tell each other.
const (
	fileOrder = "order.json"
	fileFired = "fired"
	// fileUp is there while the engine may be killed. Who removes it kills.
	fileUp    = "engine-up"
	fileLeave = "leave"
	fileLog   = "worker.log"
	// filePoints is in the folder of each run.
	filePoints = "points"
)

const crowdBody = "worker of a crowd"

// crowdOrder is what a worker process of a crowd is told.
type crowdOrder struct {
	Server enginekit.Server `json:"server"`
	Queue  string           `json:"queue"`
	// Worlds are the folders of the runs.
	Worlds map[string]string `json:"worlds"`
	Kills  []kill            `json:"kills"`
}

// reaper kills at the points of the order. It knows what earlier processes of
// the crowd passed: a point counts over all of a run.
type reaper struct {
	dir   string
	order crowdOrder
	mu    sync.Mutex
	hits  map[string]map[string]int
	fired map[int]bool
}

func newReaper(dir string) (*reaper, error) {
	r := &reaper{dir: dir, hits: map[string]map[string]int{}}
	data, err := os.ReadFile(filepath.Join(dir, fileOrder))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &r.order); err != nil {
		return nil, err
	}
	for run, world := range r.order.Worlds {
		passed, err := passings(world)
		if err != nil {
			return nil, err
		}
		r.hits[run] = map[string]int{}
		for _, p := range passed {
			r.hits[run][p.name]++
		}
	}
	r.fired, err = firedKills(dir)
	return r, err
}

// at is the hook of every point of every run.
func (r *reaper) at(run, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hits[run][name]++
	err := appendTo(filepath.Join(r.order.Worlds[run], filePoints), strconv.FormatInt(time.Now().UnixNano(), 10)+"\t"+name)
	for i, k := range r.order.Kills {
		if !r.fired[i] && k.Run == run && k.At.Name == name && r.hits[run][name] >= k.At.Hit {
			r.fired[i] = true
			err = errors.Join(err, r.fire(i, k))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "note or kill:", err)
		os.Exit(2)
	}
}

// fire kills. No other point is passed meanwhile, so that of several kills each
// finds alive what it kills.
func (r *reaper) fire(i int, k kill) error {
	if k.Whom != theWorker {
		if err := r.killEngine(); err != nil {
			return err
		}
	}
	if err := appendTo(filepath.Join(r.dir, fileFired), strconv.Itoa(i)); err != nil {
		return err
	}
	if k.Whom == theEngine {
		return nil
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		return err
	}
	select {} // the kill is on its way
}

// killEngine kills the engine as soon as it is up, and returns when it is gone.
func (r *reaper) killEngine() error {
	for end := time.Now().Add(enginekit.Patience); time.Now().Before(end); time.Sleep(lookEvery) {
		if os.Remove(filepath.Join(r.dir, fileUp)) != nil {
			continue
		}
		pid, held, err := host.Holder(r.order.Server.Dir)
		if err != nil {
			return err
		}
		if !held {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return err
		}
		// The next one may be there before this process has another turn.
		for now := pid; held && now == pid; {
			time.Sleep(time.Millisecond)
			if now, held, err = host.Holder(r.order.Server.Dir); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.New("the engine does not come up")
}

// crowdHands carry out each run in its own folder.
type crowdHands map[string]enginekit.Hands

var _ engine.Hands = crowdHands{}

func (h crowdHands) Step(ctx context.Context, c engine.StepCall, beat func(engine.Beat), stop <-chan struct{}) engine.StepResult {
	return h[c.Run].Step(ctx, c, beat, stop)
}

func (h crowdHands) Ask(ctx context.Context, q engine.Question) (engine.Answer, error) {
	return h[q.Run].Ask(ctx, q)
}

func (h crowdHands) Tell(ctx context.Context, t engine.Telling) error { return h[t.Run].Tell(ctx, t) }

func (h crowdHands) Prove(ctx context.Context, run, step string, proof []engine.Proof) ([]string, error) {
	return h[run].Prove(ctx, run, step, proof)
}

func (h crowdHands) Record(ctx context.Context, run string, entries []engine.Entry) error {
	return h[run].Record(ctx, run, entries)
}

// crowdWork is a worker of all runs of a crowd as a child process. It leaves when
// it is asked to.
func crowdWork(ctx context.Context, c testkit.Child) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := newReaper(c.Dir)
	if err != nil {
		return err
	}
	hands := crowdHands{}
	for run, dir := range r.order.Worlds {
		hands[run] = enginekit.Hands{Dir: dir, Point: func(name string) { r.at(run, name) }}
	}
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(c.Dir, fileLeave)); err == nil {
				cancel()
			}
			time.Sleep(lookEvery)
		}
	}()
	file, err := os.OpenFile(filepath.Join(c.Dir, fileLog), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	log := slog.New(slog.NewTextHandler(file, &slog.HandlerOptions{Level: slog.LevelWarn}))
	connection, err := r.order.Server.Connect(ctx, log)
	if err != nil {
		return err
	}
	defer connection.Close()
	return connection.Work(ctx, temporal.WorkerOptions{Queue: r.order.Queue, Home: true, Hands: hands, Log: log, Silence: enginekit.Quick()})
}

// passing is one passing of a point by a run.
type passing struct {
	at   time.Time
	name string
}

// passings are those of a run, in order.
func passings(world string) ([]passing, error) {
	all, err := linesOf(filepath.Join(world, filePoints))
	var out []passing
	for _, line := range all {
		nanos, name, _ := strings.Cut(line, "\t")
		n, err := strconv.ParseInt(nanos, 10, 64)
		if err != nil {
			return nil, err
		}
		out = append(out, passing{time.Unix(0, n), name})
	}
	return out, err
}

// firedKills are the numbers of the kills that were done.
func firedKills(dir string) (map[int]bool, error) {
	all, err := linesOf(filepath.Join(dir, fileFired))
	out := map[int]bool{}
	for _, line := range all {
		n, err := strconv.Atoi(line)
		if err != nil {
			return nil, err
		}
		out[n] = true
	}
	return out, err
}

// linesOf are the lines of a file, none when it is not there.
func linesOf(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' }), nil
}

// appendTo writes a line in one go, so that a kill leaves all of it or nothing.
func appendTo(path, line string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}
