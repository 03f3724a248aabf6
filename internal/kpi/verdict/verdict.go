package verdict

import (
	"fmt"
	"math"

	"example.com/landfall/internal/kpi"
)

// Verdict is what comes of comparing one KPI.
type Verdict string

// The verdicts.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
	// Unjudged KPIs have no direction that is better: they tell the load.
	Unjudged Verdict = "unjudged"
)

// Rule says when a KPI is as good as before.
type Rule struct {
	// Statistic is what is compared: a mean, or a percentile by the hour.
	Statistic kpi.Statistic
	// Tolerance is how much worse the target may be, as a part of the baseline:
	// 0.1 for a tenth.
	Tolerance float64
	// Floor is, for shares (errors, availability), the difference that is borne
	// whatever the baseline was: 0.001 for one of a thousand.
	Floor float64
}

// Pair is a KPI on both sides, with the load that it was measured under.
type Pair struct {
	// Baseline is of the source, Target of the target; nil when there is none.
	Baseline, Target *kpi.KPI
	// BaselineLoad and TargetLoad are the throughput of the same subject, nil where
	// nobody counts requests: then nothing is known of the load.
	BaselineLoad, TargetLoad *kpi.KPI
	Rule                     Rule
}

// Result is a verdict with what it rests on.
type Result struct {
	Verdict   Verdict       `json:"verdict"`
	Why       string        `json:"why"`
	Statistic kpi.Statistic `json:"statistic"`
	// Baseline and Target are the values that were compared, nil when there is
	// none.
	Baseline *float64 `json:"baseline,omitempty"`
	Target   *float64 `json:"target,omitempty"`
	// Effect is the difference, with the bounds in which the true one lies with 95
	// of a hundred: relative (0.1 is a tenth more at the target) unless Absolute.
	Effect   *float64 `json:"effect,omitempty"`
	Low      *float64 `json:"low,omitempty"`
	High     *float64 `json:"high,omitempty"`
	Absolute bool     `json:"absolute,omitempty"`
	// Tolerated is the effect in the bad direction that the rule bears.
	Tolerated float64 `json:"tolerated"`
	// Hours were compared; OtherLoad were left out for their load.
	Hours     int `json:"hours"`
	OtherLoad int `json:"otherLoad"`
	// Ranks is the chance of a difference in ranks like this between equals
	// (Mann-Whitney over hours), for comparison with judges that use it.
	Ranks *float64 `json:"ranks,omitempty"`
}

const (
	// miss is the chance that an interval does not hold the true effect.
	miss = 0.05
	// fewest is how many independent hours either side must have.
	fewest = 4
)

// Judge compares one KPI. It is a function of the pair alone.
func Judge(p Pair) Result {
	r := Result{Verdict: Inconclusive, Statistic: p.Rule.Statistic, Tolerated: p.Rule.Tolerance}
	if p.Baseline != nil && p.Baseline.Better == kpi.Neither {
		r.Verdict, r.Why = Unjudged, "no direction of it is better"
		return r
	}
	if r.Why = unusable(p); r.Why != "" {
		return r
	}
	old, now := hoursOf(p.Baseline, p.Rule.Statistic), hoursOf(p.Target, p.Rule.Statistic)
	if len(old) == 0 || len(now) == 0 {
		r.Why = fmt.Sprintf("the %s by the hour is not known on both sides", p.Rule.Statistic)
		return r
	}
	kept := sameLoad(p, now)
	r.OtherLoad, r.Hours = len(now)-len(kept), len(kept)
	if len(kept) == 0 {
		r.Why = "in no hour the target had a load like that of the baseline"
		return r
	}
	var e effect
	if share(p.Baseline) {
		r.Absolute = true
		e = differenceOf(old, kept)
		r.Tolerated = math.Max(p.Rule.Floor, p.Rule.Tolerance*e.baseline)
	} else {
		e = ratioOf(p.Baseline, old, kept)
	}
	r.say(e)
	if e.fewest < fewest {
		r.Why = fmt.Sprintf("%d hours were compared, which tell as much as %.1f that are independent", r.Hours, e.fewest)
		return r
	}
	r.decide(p.Baseline.Better, e)
	return r
}

// unusable says why two KPIs cannot be compared, "" when they can.
func unusable(p Pair) string {
	switch {
	case p.Baseline == nil || p.Baseline.Samples == 0 || p.Baseline.Series == nil:
		return "the baseline has no data of it"
	case p.Target == nil || p.Target.Series == nil:
		return "nobody measured it at the target"
	case p.Target.Samples == 0:
		return "nothing happened at the target"
	case p.Baseline.Unit != p.Target.Unit || p.Baseline.Metric != p.Target.Metric:
		return fmt.Sprintf("the target's is %s in %s, the baseline's %s in %s", p.Target.Metric, p.Target.Unit, p.Baseline.Metric, p.Baseline.Unit)
	case p.Rule.Tolerance < 0 || math.IsNaN(p.Rule.Tolerance):
		return "the rule bears less than nothing"
	}
	return ""
}

func share(k *kpi.KPI) bool { return k.Unit == kpi.Ratio }

func (r *Result) say(e effect) {
	r.Baseline, r.Target = known(e.baseline), known(e.target)
	r.Effect, r.Low, r.High = known(e.size), known(e.low), known(e.high)
	r.Ranks = known(e.ranks)
}

// known is nil for what is no number.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// decide compares the interval with what is borne. A metric of which more is
// better is bad below.
func (r *Result) decide(better kpi.Better, e effect) {
	low, high, word := e.low, e.high, "more"
	if better == kpi.Higher {
		low, high, word = -e.high, -e.low, "less"
	}
	switch {
	case high <= r.Tolerated:
		r.Verdict, r.Why = Pass, fmt.Sprintf("at most %s %s, and %s is borne", r.amount(high), word, r.amount(r.Tolerated))
	case low > r.Tolerated:
		r.Verdict, r.Why = Fail, fmt.Sprintf("at least %s %s, and %s is borne", r.amount(low), word, r.amount(r.Tolerated))
	default:
		r.Why = fmt.Sprintf("between %s and %s %s, and %s is borne: measure longer", r.amount(low), r.amount(high), word, r.amount(r.Tolerated))
	}
}

func (r *Result) amount(v float64) string {
	if r.Absolute {
		return fmt.Sprintf("%.3g points", 100*v)
	}
	return fmt.Sprintf("%.3g %%", 100*v)
}
