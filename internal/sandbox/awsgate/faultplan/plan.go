package faultplan

import (
	"hash/fnv"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/landfall/internal/fault"
)

// Kind is what goes wrong with a call.
type Kind string

// The kinds of fault.
const (
	// Throttle answers with the throttling error of the service's protocol.
	Throttle Kind = "throttle"
	// Error500 answers with an internal error; nothing happened.
	Error500 Kind = "error500"
	// Reset cuts the connection before anything happened.
	Reset Kind = "reset"
	// EffectThenTimeout lets the call happen and cuts the connection without
	// an answer: the caller cannot know.
	EffectThenTimeout Kind = "effectThenTimeout"
	// Delay waits and then lets the call happen.
	Delay Kind = "delay"
)

// Limits of a plan.
const (
	maxRules       = 1000
	maxCallNumbers = 100_000
	maxDelay       = 10 * time.Minute
)

// Rule says which calls are hit. Exactly one of Probability, Every and Calls
// is set.
type Rule struct {
	// Name shows up in the listing; free text.
	Name string `json:"name,omitempty"`
	// Service and Operation are globs as in path.Match, compared without
	// regard to case; "" matches all. For Azure, Service is the resource type
	// and Operation the method.
	Service   string `json:"service,omitempty"`
	Operation string `json:"operation,omitempty"`
	// Kind of fault.
	Kind Kind `json:"kind"`
	// Probability of a fault for each matching call, above 0 and up to 1.
	Probability float64 `json:"probability,omitempty"`
	// Every hits the Nth, 2Nth, ... matching call.
	Every int `json:"every,omitempty"`
	// Calls are the numbers of the matching calls that are hit; the first is 1.
	Calls []int `json:"calls,omitempty"`
	// MaxCount bounds how often the rule fires; 0 is no bound.
	MaxCount int `json:"maxCount,omitempty"`
	// DelayMillis of the kind delay.
	DelayMillis int `json:"delayMillis,omitempty"`
}

// Check reports what is wrong with a rule.
func (r Rule) Check() error {
	switch r.Kind {
	case Throttle, Error500, Reset, EffectThenTimeout:
		if r.DelayMillis != 0 {
			return fault.Newf(fault.Invalid, "read fault rule: delayMillis does not go with kind %q", r.Kind)
		}
	case Delay:
		if r.DelayMillis <= 0 || time.Duration(r.DelayMillis)*time.Millisecond > maxDelay {
			return fault.Newf(fault.Invalid, "read fault rule: delayMillis %d is not within 1 and %d", r.DelayMillis, maxDelay.Milliseconds())
		}
	default:
		return fault.Newf(fault.Invalid, "read fault rule: kind %q is none of throttle, error500, reset, effectThenTimeout, delay", r.Kind)
	}
	for _, glob := range []string{r.Service, r.Operation} {
		if _, err := path.Match(glob, ""); err != nil {
			return fault.Of(fault.Invalid, "read glob", glob, err)
		}
	}
	return r.checkTrigger()
}

func (r Rule) checkTrigger() error {
	triggers := 0
	for _, set := range []bool{r.Probability != 0, r.Every != 0, len(r.Calls) > 0} {
		if set {
			triggers++
		}
	}
	switch {
	case triggers != 1:
		return fault.Newf(fault.Invalid, "read fault rule: want exactly one of probability, every, calls; got %d", triggers)
	case r.Probability < 0 || r.Probability > 1 || r.Probability != r.Probability:
		return fault.Newf(fault.Invalid, "read fault rule: probability %v is not within 0 and 1", r.Probability)
	case r.Every < 0 || r.MaxCount < 0:
		return fault.Newf(fault.Invalid, "read fault rule: every and maxCount must not be negative")
	case len(r.Calls) > maxCallNumbers || slices.ContainsFunc(r.Calls, func(n int) bool { return n < 1 }):
		return fault.Newf(fault.Invalid, "read fault rule: calls are up to %d numbers from 1", maxCallNumbers)
	}
	return nil
}

// Status is a rule with what became of it.
type Status struct {
	Rule
	Matched int `json:"matched"`
	Fired   int `json:"fired"`
}

// Fault is what happens to one call. The zero value is "nothing".
type Fault struct {
	Kind Kind
	// Delay before the call, for Kind Delay.
	Delay time.Duration
}

type tracked struct {
	rule    Rule
	random  *rand.Rand
	matched int
	fired   int
}

// Plan holds the rules. It is safe for concurrent use.
type Plan struct {
	seed  uint64
	mu    sync.Mutex
	rules []*tracked
}

// New returns an empty plan.
func New(seed uint64) *Plan { return &Plan{seed: seed} }

// Add appends rules; none is taken when one is wrong.
func (p *Plan) Add(rules ...Rule) error {
	for _, r := range rules {
		if err := r.Check(); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.rules)+len(rules) > maxRules {
		return fault.Newf(fault.Refused, "add fault rules: more than %d", maxRules)
	}
	for _, r := range rules {
		r.Calls = slices.Clone(r.Calls)
		// Every rule draws from a stream of its own, so that adding one does
		// not shift the faults of the others.
		p.rules = append(p.rules, &tracked{rule: r, random: rand.New(rand.NewPCG(p.seed, streamOf(r, len(p.rules))))})
	}
	return nil
}

func streamOf(r Rule, position int) uint64 {
	h := fnv.New64a()
	for _, part := range []string{r.Service, r.Operation, string(r.Kind)} {
		_, _ = h.Write([]byte(part + "\x00")) // a hash takes every write
	}
	return h.Sum64() + uint64(position)
}

// Clear removes all rules.
func (p *Plan) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = nil
}

// List returns the rules in the order they were added.
func (p *Plan) List() []Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Status, len(p.rules))
	for i, t := range p.rules {
		out[i] = Status{Rule: t.rule, Matched: t.matched, Fired: t.fired}
		out[i].Calls = slices.Clone(t.rule.Calls)
	}
	return out
}

// Next counts a call and says what happens to it.
func (p *Plan) Next(service, operation string) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	var hit Fault
	for _, t := range p.rules {
		if !matches(t.rule.Service, service) || !matches(t.rule.Operation, operation) {
			continue
		}
		t.matched++
		// The draw comes first and for every match: what another rule did
		// must not shift this rule's stream.
		if t.draws() && hit.Kind == "" && (t.rule.MaxCount == 0 || t.fired < t.rule.MaxCount) {
			t.fired++
			hit = Fault{Kind: t.rule.Kind, Delay: time.Duration(t.rule.DelayMillis) * time.Millisecond}
		}
	}
	return hit
}

func (t *tracked) draws() bool {
	switch {
	case t.rule.Probability > 0:
		return t.random.Float64() < t.rule.Probability
	case t.rule.Every > 0:
		return t.matched%t.rule.Every == 0
	}
	return slices.Contains(t.rule.Calls, t.matched)
}

func matches(glob, name string) bool {
	if glob == "" {
		return true
	}
	ok, err := path.Match(strings.ToLower(glob), strings.ToLower(name))
	return err == nil && ok
}
