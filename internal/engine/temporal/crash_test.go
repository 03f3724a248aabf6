package temporal_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/enginekit"
)

func TestMain(m *testing.M) {
	// Most of them wait for engines and workers most of the time: more go at a time
	// than there are processors, unless the command line says otherwise.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	testkit.Main(m, enginekit.Body(), testkit.Body{Name: crowdBody, Run: crowdWork})
}

// longVariable asks for the long tests: with LANDFALL_LONG=1 the crash matrix has
// each of its kills, with another number so many of them, and the bookshop goes
// back from every step. Crowds mostly wait, so a few at a time make use of a
// machine:
//
//	LANDFALL_LONG=1 go test ./internal/engine/temporal -run TestCrashMatrix -v -parallel 4 -timeout 4h
//
// A crowd is repeated alone by its name and the seed:
//
//	LANDFALL_LONG=1 LANDFALL_SEED=1 go test ./internal/engine/temporal -run TestCrashMatrix/crowds/crowd-07 -v
const longVariable = "LANDFALL_LONG"

// scope is how much of the matrix is gone through.
type scope struct {
	// kills in all, perCrowd of them in one crowd, perRun of these for one run.
	kills, perCrowd, perRun int
	// commits are how many times in each crowd the engine is killed after some of
	// its transactions, mostCommits of them at most.
	commits     int
	mostCommits uint32
}

func scopeOf(t *testing.T, all int) scope {
	t.Helper()
	text := os.Getenv(longVariable)
	if text == "" {
		return scope{kills: 12, perCrowd: 12, perRun: 3, commits: 1, mostCommits: 600}
	}
	n, err := strconv.Atoi(text)
	check(t, err)
	if n == 1 || n > all {
		n = all
	}
	return scope{kills: n, perCrowd: 24, perRun: 3, commits: 4, mostCommits: 1500}
}

// seedOf is the seed of the matrix; LANDFALL_SEED takes another.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	n := uint64(1)
	if text := os.Getenv("LANDFALL_SEED"); text != "" {
		var err error
		n, err = strconv.ParseUint(text, 10, 64)
		check(t, err)
	}
	t.Logf("seed %d", n)
	return n
}

// finish carries a world out to its end with one worker, and returns what it
// came to and the points that the worker passed.
func finish(t *testing.T, w *enginekit.World, crash testkit.Crash) (engine.State, []testkit.Point) {
	t.Helper()
	leave := w.Workers(t, crash)
	w.Begin(t, nil)
	end := w.Operate(t, nil)
	w.Sound(t, *end)
	var points []testkit.Point
	for _, o := range leave() {
		points = append(points, o.Points...)
	}
	return *end, points
}

// undisturbed is what a run comes to of which nobody kills anything but the run
// itself, which ends its own worker once.
type undisturbed struct {
	essence string
	effects []string
	passed  map[string]int
}

// calm carries out a run to its end and one that goes back there.
func calm(t *testing.T) (out [2]undisturbed) {
	t.Helper()
	e := enginekit.NewEngine(t)
	var both sync.WaitGroup
	for i, name := range []string{"forward", "back"} {
		c := newCrowd(t, e, name, []bool{i == 1})
		both.Go(func() {
			if ends := c.live(t, rand.New(rand.NewPCG(1, 1))); ends[0] != nil {
				out[i] = undisturbed{enginekit.Essence(*ends[0]), c.worlds[0].Effects(t), names(t, c.worlds[0])}
			}
		})
	}
	both.Wait()
	var known []string
	for _, p := range killPoints(crowdBook(""), true) {
		known = append(known, sortOf(p.Name))
	}
	for i := range out {
		if out[i].passed == nil {
			t.FailNow()
		}
		for _, p := range killPoints(crowdBook(""), i == 1) {
			if out[i].passed[p.Name] < p.Hit {
				t.Errorf("a run does not pass %s, at which something was to be killed", p)
			}
		}
		for name := range out[i].passed {
			// Of a step of which that is not planned as well: a machine that stands
			// still for seconds has dead workers.
			if !slices.Contains(known, sortOf(name)) {
				t.Errorf("a run passes %q, and nothing is killed at its like", name)
			}
		}
	}
	return out
}

// Whatever is killed at whatever moment, a run comes to the end to which it
// comes undisturbed, and nothing is done twice. The worker, the engine or both
// are killed at named points: around each record, each effect, each proof, each
// answer; and the engine after any of its transactions.
//
// A sample of the matrix; see longVariable for all of it.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	seed := seedOf(t)
	random := rand.New(rand.NewPCG(seed, 5))
	all := matrix(crowdBook(""))
	s := scopeOf(t, len(all))
	left := sample(all, s.kills, random)
	random.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
	var undisturbed [2]undisturbed
	var calmed sync.WaitGroup
	calmed.Go(func() { undisturbed = calm(t) })
	var sum tally
	// A point that was not passed, as another kill came in its way, is tried once more.
	for _, name := range []string{"crowds", "again"} {
		var mu sync.Mutex
		var missed []kill
		t.Run(name, func(t *testing.T) {
			for i, kills := range slices.Collect(slices.Chunk(left, s.perCrowd)) {
				t.Run(fmt.Sprintf("crowd-%02d", i), func(t *testing.T) {
					t.Parallel()
					c := s.crowd(t, fmt.Sprintf("%s-%02d", name, i), kills, rand.New(rand.NewPCG(seed, uint64(i+10))))
					n := c.tally(t)
					t.Logf("%v", n)
					calmed.Wait()
					c.compare(t, undisturbed)
					mu.Lock()
					defer mu.Unlock()
					missed = append(missed, c.missed(t)...)
					sum.add(n)
				})
			}
		})
		if left = missed; len(left) == 0 {
			break
		}
		t.Logf("not passed: %v", left)
	}
	calmed.Wait()
	if len(left) > 0 {
		t.Errorf("these points were never passed: %v", left)
	}
	t.Logf("%d of the %d kills at points: %v", sum.points, len(all), sum)
}

// crowd lives through the kills.
func (s scope) crowd(t *testing.T, name string, kills []kill, random *rand.Rand) *crowd {
	t.Helper()
	dealt, back := deal(name, kills, s.perRun)
	c := newCrowd(t, enginekit.NewEngine(t), name, back)
	c.kills = dealt
	for range s.commits {
		c.commits = append(c.commits, 1+random.Uint32N(s.mostCommits))
	}
	c.live(t, random)
	return c
}
