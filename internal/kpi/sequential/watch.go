package sequential

import (
	"math"

	"example.com/landfall/internal/fault"
)

// The odds ratios that are looked at: the lattice of multiples of latticeStep
// around no difference, out to a factor of about 100 either way.
const (
	latticeStep = 0.02
	latticeHalf = 230
)

// Options say what is judged. They have to be fixed before the first round.
type Options struct {
	// Tolerated is the odds ratio of target to source up to which the target is
	// not called worse: 1 for none, 1.1 for a tenth more.
	Tolerated float64
	// Limit is the odds ratio below which the target has to be shown to be before
	// it is called good; it is above Tolerated.
	Limit float64
	// FalseAlarm bounds the chance that a target within Tolerated is ever called
	// worse, FalsePass the chance that one at or above Limit is ever called good.
	FalseAlarm, FalsePass float64
}

// Judgement is what the rounds so far say.
type Judgement string

// The judgements.
const (
	// Inconclusive: the rounds so far say neither; no traffic, or no data, says
	// nothing.
	Inconclusive Judgement = "inconclusive"
	// Worse: the target's odds ratio is above what is tolerated.
	Worse Judgement = "worse"
	// Good: the target's odds ratio is below the limit.
	Good Judgement = "good"
)

// Watch judges a stream of rounds. Its memory and the time for a round do not
// grow with the number of rounds. It is not safe for concurrent use.
type Watch struct {
	options Options
	// log is, for each odds ratio of the lattice, the logarithm of the likelihood
	// of all rounds.
	log    [2*latticeHalf + 1]float64
	totals Round
	rounds int64
	// worst and best are the highest e-values that were ever reached: what was
	// shown once stays shown.
	worst, best float64
}

// NewWatch returns a watch without rounds. Options that cannot be are Invalid.
func NewWatch(o Options) (*Watch, error) {
	const op = "judge the target"
	level := func(x float64) bool { return x > 0 && x < 1 }
	switch {
	case !(o.Tolerated >= 1) || math.IsInf(o.Tolerated, 1):
		return nil, fault.Newf(fault.Invalid, "%s: the tolerated odds ratio %v is below 1", op, o.Tolerated).Hintf("1 tolerates nothing, 1.1 a tenth more")
	case !(o.Limit > o.Tolerated) || floorOf(o.Limit) <= ceilOf(o.Tolerated) || floorOf(o.Limit) > latticeHalf/2:
		return nil, fault.Newf(fault.Invalid, "%s: the limit %v is not above the tolerated odds ratio %v, or is above 10", op, o.Limit, o.Tolerated)
	case !level(o.FalseAlarm) || !level(o.FalsePass):
		return nil, fault.Newf(fault.Invalid, "%s: false alarms %v and false passes %v have to be between 0 and 1", op, o.FalseAlarm, o.FalsePass)
	}
	return &Watch{options: o}, nil
}

// Add takes a round. Counts that cannot be are Invalid, and not taken.
func (w *Watch) Add(r Round) error {
	if !r.Source.sound() || !r.Target.sound() {
		return fault.Newf(fault.Invalid, "judge the target: a round has %d bad of %d requests on the source, %d of %d on the target", r.Source.Bad, r.Source.Requests, r.Target.Bad, r.Target.Requests)
	}
	w.totals.Source.add(r.Source)
	w.totals.Target.add(r.Target)
	w.rounds++
	if !r.speaks() {
		return nil
	}
	t := newTable(r)
	for i := range w.log {
		w.log[i] += t.likelihood(float64(r.Target.Bad), oddsAt(i-latticeHalf))
	}
	w.worst = math.Max(w.worst, w.above(ceilOf(w.options.Tolerated)))
	w.best = math.Max(w.best, w.below(floorOf(w.options.Limit)))
	return nil
}

func (c *Count) add(other Count) {
	c.Requests += other.Requests
	c.Bad += other.Bad
}

// Judgement says what the rounds so far show. Once it is Worse or Good it stays,
// and Worse goes before Good.
func (w *Watch) Judgement() Judgement {
	switch {
	case w.worst >= math.Log(1/w.options.FalseAlarm):
		return Worse
	case w.best >= math.Log(1/w.options.FalsePass):
		return Good
	}
	return Inconclusive
}

// Evidence returns the highest e-values so far: against "the target is within
// what is tolerated", and against "the target is at or above the limit".
func (w *Watch) Evidence() (worse, good float64) {
	return math.Exp(w.worst), math.Exp(w.best)
}

// Totals returns how many rounds were taken, and the sums of their counts.
func (w *Watch) Totals() (int64, Round) { return w.rounds, w.totals }

// Interval bounds the odds ratio of target to source: the true one lies within
// at all times together with a chance of at least 1-miss. Without rounds that
// say anything it is from 0 to infinity.
func (w *Watch) Interval(miss float64) (low, high float64) {
	bar := math.Log(2 / miss)
	low, high = 0, math.Inf(1)
	for k := -latticeHalf; k <= latticeHalf && w.above(k) >= bar; k++ {
		low = math.Exp(oddsAt(k))
	}
	for k := latticeHalf; k >= -latticeHalf && w.below(k) >= bar; k-- {
		high = math.Exp(oddsAt(k))
	}
	return low, high
}

// above is the logarithm of the e-value against "the odds ratio is at most that
// of lattice point k": a mixture of the likelihood ratios of points above it.
// The distribution has a monotone likelihood ratio, so the expectation is at
// most 1 at each smaller odds ratio too, even at one that changes from round to
// round.
func (w *Watch) above(k int) float64 { return w.mixture(k, +1) }

// below is the same against "the odds ratio is at least that of k".
func (w *Watch) below(k int) float64 { return w.mixture(k, -1) }

func (w *Watch) mixture(k, side int) float64 {
	var terms []float64
	for _, distance := range distances() {
		if at := k + side*distance; at >= -latticeHalf && at <= latticeHalf {
			terms = append(terms, w.log[at+latticeHalf]-w.log[k+latticeHalf])
		}
	}
	// Points beyond the lattice have their share of the weight, and say nothing.
	return logSum(terms) - math.Log(float64(len(distances())))
}

// distances are how far from the hypothesis the mixture looks, in points of the
// lattice: evenly in the logarithm of the distance, so that small differences
// are found with many requests and great ones at once.
func distances() []int {
	return []int{2, 3, 4, 6, 8, 11, 16, 22, 32, 45, 64, 90, 128, 180}
}

// ceilOf and floorOf are the lattice points on either side of an odds ratio. What
// is tolerated goes up to the next, the limit down, so that neither kind of
// error becomes more likely than was asked for.
func ceilOf(odds float64) int { return int(math.Ceil(math.Log(odds)/latticeStep - 1e-9)) }

func floorOf(odds float64) int { return int(math.Floor(math.Log(odds)/latticeStep + 1e-9)) }

func oddsAt(k int) float64 { return float64(k) * latticeStep }

// logSum is the logarithm of the sum of what the terms are logarithms of.
func logSum(terms []float64) float64 {
	most := math.Inf(-1)
	for _, t := range terms {
		most = math.Max(most, t)
	}
	if math.IsInf(most, -1) {
		return most
	}
	sum := 0.0
	for _, t := range terms {
		sum += math.Exp(t - most)
	}
	return most + math.Log(sum)
}
