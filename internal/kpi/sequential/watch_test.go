package sequential

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"example.com/landfall/internal/fault"
	"pgregory.net/rapid"
)

func smallRound() *rapid.Generator[Round] {
	return rapid.Custom(func(t *rapid.T) Round {
		side := func(name string) Count {
			n := rapid.Int64Range(0, 12).Draw(t, name)
			return Count{Requests: n, Bad: rapid.Int64Range(0, n).Draw(t, name+" bad")}
		}
		return Round{Source: side("source"), Target: side("target")}
	})
}

// ways counts the ways to choose k of n, exactly.
func ways(n, k int64) float64 {
	out := 1.0
	for i := range k {
		out = out * float64(n-i) / float64(i+1)
	}
	return out
}

// likelihoods are the probabilities of each number of bad requests on the
// target, by the definition.
func likelihoods(r Round, logOdds float64) map[int64]float64 {
	bad, sum, out := r.Source.Bad+r.Target.Bad, 0.0, map[int64]float64{}
	for x := max(0, bad-r.Source.Requests); x <= min(bad, r.Target.Requests); x++ {
		out[x] = ways(r.Target.Requests, x) * ways(r.Source.Requests, bad-x) * math.Exp(float64(x)*logOdds)
		sum += out[x]
	}
	for x := range out {
		out[x] /= sum
	}
	return out
}

func TestLikelihoodIsTheDefinition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r, odds := smallRound().Draw(rt, "round"), rapid.Float64Range(-4.6, 4.6).Draw(rt, "log odds")
		if !r.speaks() {
			return
		}
		for x, want := range likelihoods(r, odds) {
			if got := math.Exp(newTable(r).likelihood(float64(x), odds)); math.Abs(got-want) > 1e-9*(1+want) {
				rt.Fatalf("%+v at %v: %d has %v, want %v", r, odds, x, got, want)
			}
		}
	})
}

// The likelihoods of rounds with millions of requests sum to one.
func TestLikelihoodOfGreatRounds(t *testing.T) {
	t.Parallel()
	for _, r := range []Round{
		{Source: Count{5_000_000, 3000}, Target: Count{300_000, 200}},
		{Source: Count{40_000, 39_990}, Target: Count{40_000, 39_000}},
	} {
		tab := newTable(r)
		for _, odds := range []float64{-4.6, -0.1, 0, 0.02, 4.6} {
			sum := 0.0
			for x := tab.low; x <= tab.high; x++ {
				if l := tab.likelihood(x, odds); l > -50 {
					sum += math.Exp(l)
				}
				if tab.high-tab.low > 5000 && x < tab.mode(math.Exp(odds))-3000 {
					x += 500 // far away from all that counts
				}
			}
			if math.Abs(sum-1) > 1e-6 {
				t.Errorf("%+v at %v: the sum is %v", r, odds, sum)
			}
		}
	}
}

func watchOf(t testing.TB, o Options) *Watch {
	t.Helper()
	w, err := NewWatch(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func usual() Options {
	return Options{Tolerated: 1.1, Limit: 1.5, FalseAlarm: 0.01, FalsePass: 0.05}
}

// The expectation of an e-value over all that a round can bring is one where the
// hypothesis just holds, and at most one where it holds by more: this is all
// that the stated rates rest on.
func TestExpectationIsAtMostOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		r, k := smallRound().Draw(rt, "round"), rapid.IntRange(-40, 40).Draw(rt, "hypothesis")
		within := rapid.IntRange(0, 60).Draw(rt, "how far within")
		if !r.speaks() {
			return
		}
		for _, side := range []int{+1, -1} {
			expected := 0.0
			bad := r.Source.Bad + r.Target.Bad
			for x, p := range likelihoods(r, oddsAt(k-side*within)) {
				w := watchOf(t, usual())
				if err := w.Add(Round{Source: Count{r.Source.Requests, bad - x}, Target: Count{r.Target.Requests, x}}); err != nil {
					rt.Fatal(err)
				}
				expected += p * math.Exp(w.mixture(k, side))
			}
			if expected > 1+1e-9 {
				rt.Fatalf("%+v, hypothesis %d, %d within, side %d: %v", r, k, within, side, expected)
			}
		}
	})
}

// sides draws rounds of which the rate goes up and down as over a day.
type sides struct {
	chance  *rand.Rand
	perTime float64 // requests of both sides in a round
	share   float64 // of the target
	rate    float64 // of bad requests, at its middle
	odds    float64 // of the target to the source
}

func (s sides) round(i int) Round {
	odds := s.rate / (1 - s.rate) * math.Exp(math.Sin(float64(i)/50))
	draw := func(mean, odds float64) Count {
		c := Count{Requests: poisson(s.chance, mean)}
		for range c.Requests {
			if s.chance.Float64() < odds/(1+odds) {
				c.Bad++
			}
		}
		return c
	}
	return Round{Source: draw(s.perTime*(1-s.share), odds), Target: draw(s.perTime*s.share, odds*s.odds)}
}

func poisson(chance *rand.Rand, mean float64) int64 {
	n, product := int64(0), chance.Float64()
	for limit := math.Exp(-mean); product > limit; n++ {
		product *= chance.Float64()
	}
	return n
}

// TestCalibration looks after each round, as a gate does. The whole table of
// docs comes from LANDFALL_LONG=1.
func TestCalibration(t *testing.T) {
	t.Parallel()
	runs, rounds := 60, 200
	if os.Getenv("LANDFALL_LONG") != "" {
		runs, rounds = 10_000, 2000
	}
	o := usual()
	for _, c := range []struct {
		perTime, share, rate, odds float64
	}{
		{10, 0.05, 0.01, 1}, {10, 0.5, 0.05, 1.1}, {40, 0.25, 0.02, 1}, {10, 0.5, 0.05, 1.5}, {40, 0.5, 0.05, 2}, {40, 0.5, 0.02, 10},
	} {
		t.Run(fmt.Sprintf("%v a round, share %v, rate %v, odds %v", c.perTime, c.share, c.rate, c.odds), func(t *testing.T) {
			t.Parallel()
			alarms, passes, after := 0, 0, 0
			for run := range runs {
				s := sides{rand.New(rand.NewPCG(uint64(run), 7)), c.perTime, c.share, c.rate, c.odds}
				w := watchOf(t, o)
				for i := 0; i < rounds && w.Judgement() == Inconclusive; i++ {
					if err := w.Add(s.round(i)); err != nil {
						t.Fatal(err)
					}
				}
				taken, _ := w.Totals()
				switch w.Judgement() {
				case Worse:
					alarms, after = alarms+1, after+int(taken)
				case Good:
					passes++
				}
			}
			t.Logf("%d runs of %d rounds: worse %d (after %d rounds), good %d", runs, rounds, alarms, after/max(alarms, 1), passes)
			// Three deviations above what is stated, of a binomial count.
			most := func(level float64) int {
				return int(level*float64(runs) + 3*math.Sqrt(level*float64(runs)) + 1)
			}
			if c.odds <= o.Tolerated && alarms > most(o.FalseAlarm) {
				t.Errorf("%d false alarms in %d runs", alarms, runs)
			}
			if c.odds >= o.Limit && passes > most(o.FalsePass) {
				t.Errorf("%d false passes in %d runs", passes, runs)
			}
			if c.odds >= 10 && alarms < runs*95/100 {
				t.Errorf("a target ten times as bad was found in %d of %d runs", alarms, runs)
			}
		})
	}
}

func TestWhatSaysNothingIsInconclusive(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Round{
		"no traffic":          {},
		"none on the target":  {Source: Count{100, 5}},
		"none on the source":  {Target: Count{100, 100}},
		"nothing bad at all":  {Source: Count{100, 0}, Target: Count{100, 0}},
		"nothing good at all": {Source: Count{100, 100}, Target: Count{100, 100}},
	} {
		w := watchOf(t, usual())
		for range 1000 {
			if err := w.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		if low, high := w.Interval(0.05); w.Judgement() != Inconclusive || low != 0 || !math.IsInf(high, 1) {
			t.Errorf("%s: %s, %v to %v", name, w.Judgement(), low, high)
		}
	}
}

func TestIntervalNarrowsOntoTheTruth(t *testing.T) {
	t.Parallel()
	w, wide := watchOf(t, usual()), math.Inf(1)
	s := sides{rand.New(rand.NewPCG(3, 3)), 200, 0.5, 0.1, 1.4}
	for _, rounds := range []int{20, 200, 2000} {
		for i := range rounds {
			if err := w.Add(s.round(i)); err != nil {
				t.Fatal(err)
			}
		}
		low, high := w.Interval(0.05)
		if low > 1.4 || high < 1.4 || high/low >= wide {
			t.Errorf("after %d rounds: %v to %v", rounds, low, high)
		}
		wide = high / low
	}
	if wide > 1.2 {
		t.Errorf("after all rounds the bounds are %v apart", wide)
	}
}

// Rounds in another order end at the same evidence now, whatever was shown on
// the way.
func TestOrderChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		rounds := rapid.SliceOfN(smallRound(), 1, 20).Draw(rt, "rounds")
		a, b := watchOf(t, usual()), watchOf(t, usual())
		for i := range rounds {
			if a.Add(rounds[i]) != nil || b.Add(rounds[len(rounds)-1-i]) != nil {
				rt.Fatal("refused")
			}
		}
		if x, y := a.above(5), b.above(5); math.Abs(x-y) > 1e-6*(1+math.Abs(x)) {
			rt.Fatalf("%v and %v", x, y)
		}
	})
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*Options){
		func(o *Options) { o.Tolerated = 0.9 }, func(o *Options) { o.Tolerated = math.NaN() }, func(o *Options) { o.Tolerated = math.Inf(1) },
		func(o *Options) { o.Limit = 1.1 }, func(o *Options) { o.Limit = 100 }, func(o *Options) { o.Limit = math.NaN() },
		func(o *Options) { o.FalseAlarm = 0 }, func(o *Options) { o.FalsePass = 1 }, func(o *Options) { o.FalseAlarm = math.NaN() },
	} {
		o := usual()
		change(&o)
		if _, err := NewWatch(o); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	w := watchOf(t, usual())
	for _, r := range []Round{{Source: Count{1, 2}}, {Target: Count{-1, -1}}, {Target: Count{3, -1}}} {
		if err := w.Add(r); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if n, totals := w.Totals(); n != 0 || totals != (Round{}) {
		t.Errorf("%d rounds, %+v", n, totals)
	}
}
