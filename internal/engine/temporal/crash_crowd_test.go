package temporal_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/enginekit"
)

const (
	// lookEvery is how often a process looks for what others did.
	lookEvery = 25 * time.Millisecond
	// askAgain is how soon a run that was told something is looked at once more: it
	// may not have heard it. One whose ledger has nothing new is looked at ever more
	// seldom, as each question is work for server and worker: after askFirst, and
	// askLast at most.
	askAgain = 500 * time.Millisecond
	askFirst = 5 * time.Second
	askLast  = 20 * time.Second
	// turnWithin is how long a worker may take to interpret: all runs of a crowd are
	// interpreted anew after each kill, on a machine that may have others to serve.
	turnWithin = 10 * time.Second
	// forgotten is after how long an engine that nobody kills may be killed again: who
	// was about to may be dead.
	forgotten = 5 * time.Second
	// crowdPatience bounds a run that lives through many kills.
	crowdPatience = 2 * time.Hour
	// staggered bounds the time between the begins of the runs of a crowd.
	staggered = 6 * time.Second
)

// crowd are runs that share an engine and a worker process: each kill is one for
// all that are under way, and each run is checked by itself afterwards.
type crowd struct {
	name   string
	dir    string
	engine *enginekit.Engine
	worlds []*enginekit.World
	kills  []kill
	// commits are after how many of its transactions, counted from when it is up,
	// the engine is killed, one after the other.
	commits []uint32
	ends    []*engine.State // nil of a run that has none
	mu      sync.Mutex
	struck  []strike
}

// strike is the end of a process by a kill.
type strike struct {
	whom string
	at   time.Time
}

// crowdBook is the runbook of all kinds, whose trigger is not asked each second:
// a crowd lives for minutes, most of which it waits.
func crowdBook(effects string) *runbook.Runbook {
	plan := enginekit.AllKinds(effects)
	plan.Triggers[0].EverySeconds = 2
	return plan
}

// newCrowd has as many runs as back says, going back or not.
func newCrowd(t *testing.T, e *enginekit.Engine, name string, back []bool) *crowd {
	c := &crowd{name: name, dir: t.TempDir(), engine: e, ends: make([]*engine.State, len(back))}
	for i, b := range back {
		w := enginekit.NewWorld(t, e.Server(), runName(name, i), crowdBook)
		w.Back = b
		c.worlds = append(c.worlds, w)
	}
	return c
}

// live carries all runs out to their ends, with the kills, and checks what has to
// hold of each.
func (c *crowd) live(t *testing.T, random *rand.Rand) []*engine.State {
	t.Helper()
	order := crowdOrder{Server: c.engine.Server(), Queue: "test-" + c.name, Worlds: map[string]string{}, Kills: c.kills}
	for _, w := range c.worlds {
		order.Worlds[w.Run] = w.Dir
	}
	data, err := json.Marshal(order)
	check(t, err)
	check(t, os.WriteFile(filepath.Join(c.dir, fileOrder), data, 0o600))
	over := make(chan struct{})
	var keepers, runs sync.WaitGroup
	keepers.Go(func() { c.keepWorker(t) })
	keepers.Go(func() { c.keepEngine(t, over) })
	for i, w := range c.worlds {
		after := time.Duration(0)
		if i > 0 {
			after = time.Duration(random.Int64N(int64(staggered)))
		}
		runs.Go(func() {
			time.Sleep(after)
			c.begin(t, w)
			c.ends[i] = operate(t, w)
		})
	}
	runs.Wait()
	check(t, os.WriteFile(filepath.Join(c.dir, fileLeave), nil, 0o600))
	close(over)
	keepers.Wait()
	for i, w := range c.worlds {
		if c.ends[i] == nil {
			t.Errorf("%s has no end", w.Run)
			continue
		}
		w.Sound(t, *c.ends[i])
	}
	return c.ends
}

// compare checks that each run came to what the undisturbed one of its way did.
func (c *crowd) compare(t *testing.T, calm [2]undisturbed) {
	t.Helper()
	for i, w := range c.worlds {
		if c.ends[i] == nil {
			continue
		}
		want := calm[0]
		if w.Back {
			want = calm[1]
		}
		if got := enginekit.Essence(*c.ends[i]); got != want.essence {
			t.Errorf("%s came to\n%s\nundisturbed to\n%s", w.Run, got, want.essence)
		}
		if got := w.Effects(t); !slices.Equal(got, want.effects) {
			t.Errorf("%s did\n%v\nundisturbed\n%v", w.Run, got, want.effects)
		}
	}
}

// begin starts a run on the queue of the crowd.
func (c *crowd) begin(t *testing.T, w *enginekit.World) {
	within := enginekit.Quick()
	within.Turn = turnWithin
	testkit.Eventually(t, enginekit.Patience, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		connection, err := c.engine.Server().Connect(ctx, nil)
		if err != nil {
			return err
		}
		defer connection.Close()
		return connection.Runs("test-"+c.name).Within(within).
			Start(ctx, engine.Request{Run: w.Run, Plan: w.Plan, Fingerprint: enginekit.Print(t, w.Plan), By: "ada"})
	})
}

// operate answers what a run asks until it has ended. It looks when the ledger
// says that something happened.
func operate(t *testing.T, w *enginekit.World) *engine.State {
	var seen int64
	wait, looked := askFirst, time.Now()
	for end := time.Now().Add(crowdPatience); time.Now().Before(end); time.Sleep(lookEvery) {
		size := int64(0)
		if info, err := os.Stat(filepath.Join(w.Dir, "ledger")); err == nil {
			size = info.Size()
		}
		if size == seen && time.Since(looked) < wait {
			continue
		}
		if wait = min(2*wait, askLast); size != seen {
			wait = askFirst
		}
		last, asked, over := w.Look(t, nil)
		if over {
			return last
		}
		if asked {
			wait = askAgain
		}
		seen, looked = size, time.Now()
	}
	t.Errorf("the run %s does not end: %s", w.Run, enginekit.Essence(w.State(t)))
	return nil
}

// keepWorker starts the worker process again and again until it leaves.
func (c *crowd) keepWorker(t *testing.T) {
	process := testkit.Crash{Body: crowdBody, Dir: c.dir, Within: crowdPatience}
	for {
		o := process.Run(t)
		if !o.Killed && o.ExitCode == 0 {
			return
		}
		if !o.Killed {
			t.Errorf("the worker ended with %d and is started again: %s", o.ExitCode, o.Output)
			time.Sleep(time.Second)
			continue
		}
		c.note(theWorker)
	}
}

func (c *crowd) note(whom string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.struck = append(c.struck, strike{whom, time.Now()})
}

// keepEngine starts the engine again when a point has killed it, and kills it
// itself after the transactions that commits says.
func (c *crowd) keepEngine(t *testing.T, over <-chan struct{}) {
	up := filepath.Join(c.dir, fileUp)
	check(t, os.WriteFile(up, nil, 0o600))
	begun := committed(c.engine)
	looked, seen := time.Now(), time.Now()
	for ; ; time.Sleep(2 * time.Millisecond) {
		select {
		case <-over:
			return
		default:
		}
		if len(c.commits) > 0 && committed(c.engine)-begun >= c.commits[0] && os.Remove(up) == nil {
			c.engine.Kill(t)
			c.commits = c.commits[1:]
		} else if time.Since(looked) < lookEvery {
			continue
		}
		looked = time.Now()
		_, held, err := host.Holder(c.engine.Dir)
		check(t, err)
		if _, err := os.Stat(up); err == nil {
			seen = looked
		}
		if held && time.Since(seen) > forgotten {
			check(t, os.WriteFile(up, nil, 0o600))
		}
		if held {
			continue
		}
		c.note(theEngine)
		c.engine.Up(t)
		begun, seen = committed(c.engine), time.Now()
		check(t, os.WriteFile(up, nil, 0o600))
	}
}

// committed is how many transactions were written to the engine's store: a number
// in the index of its write-ahead log (SQLite documentation, "WAL-mode File
// Format", iChange). It is 0 while there is no index.
func committed(e *enginekit.Engine) uint32 {
	f, err := os.Open(filepath.Join(e.Dir, host.FileStore+"-shm"))
	if err != nil {
		return 0
	}
	defer f.Close()
	var header [12]byte
	if _, err := f.ReadAt(header[:], 0); err != nil {
		return 0
	}
	return binary.NativeEndian.Uint32(header[8:])
}

// tally counts the kills of a crowd, and of each how many runs lived through it:
// those that passed a point before it and one after it.
func (c *crowd) tally(t *testing.T) (n tally) {
	for _, w := range c.worlds {
		passed, err := passings(w.Dir)
		check(t, err)
		n.runs++
		for _, s := range c.struck {
			if len(passed) > 0 && passed[0].at.Before(s.at) && passed[len(passed)-1].at.After(s.at) {
				n.lived++
			}
		}
	}
	for _, s := range c.struck {
		if s.whom == theEngine {
			n.engines++
		} else {
			n.workers++
		}
	}
	n.points = len(c.kills) - len(c.missed(t))
	return n
}

// tally is what crowds lived through: kills of workers, which runs themselves do
// as well, and of engines, of both together those at points of the matrix, and how
// often a run lived through one.
type tally struct{ runs, workers, engines, points, lived int }

func (n *tally) add(m tally) {
	n.runs, n.workers, n.engines, n.points, n.lived = n.runs+m.runs, n.workers+m.workers, n.engines+m.engines, n.points+m.points, n.lived+m.lived
}

func (n tally) String() string {
	return fmt.Sprintf("%d runs, %d kills of a worker and %d of an engine, which runs lived through %d times", n.runs, n.workers, n.engines, n.lived)
}

// missed are the kills whose points were not passed.
func (c *crowd) missed(t *testing.T) []kill {
	fired, err := firedKills(c.dir)
	check(t, err)
	var out []kill
	for i, k := range c.kills {
		if !fired[i] {
			out = append(out, k)
		}
	}
	return out
}

// names are those of the points that a run passed, with how often.
func names(t *testing.T, w *enginekit.World) map[string]int {
	passed, err := passings(w.Dir)
	check(t, err)
	out := map[string]int{}
	for _, p := range passed {
		out[p.name]++
	}
	return out
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
