package temporal_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/enginekit"
)

func TestMain(m *testing.M) { testkit.Main(m, enginekit.Body()) }

// longVariable asks for the long tests: with LANDFALL_LONG=1 the crash matrix
// has 3,600 runs, with another number so many, and the bookshop goes back from
// every step. They mostly wait, so many at a time make use of a machine:
//
//	LANDFALL_LONG=1 go test ./internal/engine/temporal -run TestCrashMatrix -parallel 24 -timeout 8h
const longVariable = "LANDFALL_LONG"

// allRuns is how many runs the whole crash matrix has; of six, one is under way
// while the engine is killed.
const allRuns = 3600

// crashes are the runs of the crash matrix: with workers killed, with the engine
// killed, and how many of them go together.
func crashes(t *testing.T) (workers, engines, together int) {
	t.Helper()
	text := os.Getenv(longVariable)
	if text == "" {
		return 6, 4, 6
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	if n == 1 {
		n = allRuns
	}
	return n - n/6, n / 6, 24
}

// seed is that of the crashes; LANDFALL_SEED takes another.
func seed(t *testing.T) *rand.Rand {
	t.Helper()
	n := uint64(1)
	if text := os.Getenv("LANDFALL_SEED"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d", n)
	return rand.New(rand.NewPCG(n, 5))
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

// Whatever is killed at whatever moment, a run comes to the end to which it
// comes undisturbed, and nothing is done twice. Workers are killed at named
// points: around each record, each effect, each proof, each answer. Engines are
// killed at any time.
//
// A sample of all points; see longVariable for all of them.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	random := seed(t)
	e := enginekit.NewEngine(t)
	type undisturbed struct {
		essence string
		effects []string
		points  []testkit.Point
	}
	var calm [2]undisturbed
	t.Run("undisturbed", func(t *testing.T) {
		for i, back := range []bool{false, true} {
			t.Run(fmt.Sprintf("back=%v", back), func(t *testing.T) {
				t.Parallel()
				w := enginekit.NewWorld(t, e.Server(), fmt.Sprintf("calm-%d", i), enginekit.AllKinds)
				w.Back = back
				end, points := finish(t, w, testkit.Crash{})
				slices.SortFunc(points, func(a, b testkit.Point) int {
					return slices.Compare([]string{a.Name, a.String()}, []string{b.Name, b.String()})
				})
				calm[i] = undisturbed{enginekit.Essence(end), w.Effects(t), slices.Compact(points)}
			})
		}
	})
	if calm[0].points == nil || calm[1].points == nil {
		t.FailNow()
	}
	t.Logf("%d and %d points", len(calm[0].points), len(calm[1].points))
	compare := func(t *testing.T, w *enginekit.World, i int, end engine.State) {
		t.Helper()
		if got := enginekit.Essence(end); got != calm[i].essence {
			t.Errorf("it came to\n%s\nundisturbed to\n%s", got, calm[i].essence)
		}
		if got := w.Effects(t); !slices.Equal(got, calm[i].effects) {
			t.Errorf("it did\n%v\nundisturbed\n%v", got, calm[i].effects)
		}
	}
	workers, engines, together := crashes(t)
	begun := time.Now()
	for first := 0; first < workers; first += together {
		t.Run(fmt.Sprintf("workers %d", first), func(t *testing.T) {
			for n := first; n < min(first+together, workers); n++ {
				i := n % 2
				at := calm[i].points[random.IntN(len(calm[i].points))]
				t.Run(fmt.Sprintf("back=%v at %s", i == 1, at), func(t *testing.T) {
					t.Parallel()
					w := enginekit.NewWorld(t, e.Server(), fmt.Sprintf("worker-%d", n), enginekit.AllKinds)
					w.Back = i == 1
					end, _ := finish(t, w, testkit.Crash{At: at})
					compare(t, w, i, end)
				})
			}
		})
	}
	t.Logf("%d runs with a worker killed took %v and the engine %.0f CPU seconds", workers, time.Since(begun), usage(t, e).cpu)
	for first := 0; first < engines; first += together {
		t.Run(fmt.Sprintf("engine %d", first), func(t *testing.T) {
			over := make(chan struct{})
			killed := make(chan int)
			pauses := make([]time.Duration, kills)
			for i := range pauses {
				pauses[i] = time.Duration(1000+random.IntN(9000)) * time.Millisecond
			}
			go func() { killed <- storm(t, e, pauses, over) }()
			t.Run("runs", func(t *testing.T) {
				for n := first; n < min(first+together, engines); n++ {
					after := time.Duration(random.IntN(15000)) * time.Millisecond
					t.Run(fmt.Sprintf("back=%v", n%2 == 1), func(t *testing.T) {
						t.Parallel()
						w := enginekit.NewWorld(t, e.Server(), fmt.Sprintf("engine-%d", n), enginekit.AllKinds)
						w.Back = n%2 == 1
						end, _ := finish(t, w, testkit.Crash{After: after})
						compare(t, w, n%2, end)
					})
				}
			})
			close(over)
			if n := <-killed; n == 0 {
				t.Error("the engine was never killed")
			}
		})
	}
}

// kills is how often an engine is killed while runs are under way: on a busy
// machine it takes seconds to come back, and runs have to come on as well.
const kills = 4

// storm kills the engine again and again until over is closed.
func storm(t *testing.T, e *enginekit.Engine, pauses []time.Duration, over <-chan struct{}) int {
	n := 0
	for _, pause := range pauses {
		select {
		case <-over:
			return n
		case <-time.After(pause):
		}
		e.Kill(t)
		n++
		e.Up(t)
	}
	return n
}
