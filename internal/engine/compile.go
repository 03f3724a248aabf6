package engine

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// The kinds that the rules themselves carry out.
const (
	kindManual runbook.StepKind = "manual"
	kindWait   runbook.StepKind = "wait"
)

// rules is one version of how a run goes. A version that runs went by is never
// changed and never removed; another behaviour is another version.
type rules struct {
	// maxInFlight bounds the attempts under way at one time: one engine file
	// carries about two hundred, and a server refuses two thousand.
	maxInFlight int
	// longestWait bounds a wait between two attempts.
	longestWait time.Duration
	// gateEvery is how often a gate is asked that does not say it.
	gateEvery time.Duration
	// answerWithin is how long an answer is awaited before the question counts as
	// lost: longer than whoever measures may take, or one that takes longer than
	// the time between two questions would never be heard.
	answerWithin time.Duration
	apply        func(t *turn, e *Event)
}

func rulesOf(version int) (rules, bool) {
	switch version {
	case 1:
		return rules{maxInFlight: 100, longestWait: time.Hour, gateEvery: 30 * time.Second, answerWithin: 5 * time.Minute, apply: applyV1}, true
	default:
		return rules{}, false
	}
}

// compiled is a plan with the indices that the rules need.
type compiled struct {
	plan  *runbook.Runbook
	rules rules
	// index and trigger are looked up only; their order is never used.
	index   map[string]int
	trigger map[string]int
	// needs and dependents are indices of steps, phase the number of the phase.
	needs, dependents [][]int
	phase             []int
	// topo is an order in which each step comes after those that it needs.
	topo []int
	// watchers are the triggers that begin or end with a step.
	watchers map[int][]int
}

// compile checks what the rules rest on and makes the indices.
func compile(plan *runbook.Runbook) (*compiled, error) {
	if plan == nil {
		return nil, fault.Newf(fault.Invalid, "run a runbook that is not there")
	}
	r, ok := rulesOf(plan.InterpreterVersion)
	if !ok {
		return nil, fault.Newf(fault.Unsupported, "run a runbook of interpreter version %d: this release knows up to %d", plan.InterpreterVersion, runbook.Interpreter).
			Hintf("run it with the release that made it, or make it anew with: landfall plan")
	}
	n := len(plan.Steps)
	c := &compiled{plan: plan, rules: r, index: make(map[string]int, n), trigger: make(map[string]int, len(plan.Triggers)),
		needs: make([][]int, n), dependents: make([][]int, n), phase: make([]int, n), watchers: map[int][]int{}}
	for i := range plan.Steps {
		s := &plan.Steps[i]
		if _, twice := c.index[s.ID]; twice || s.ID == "" {
			return nil, invalid("the id of step %d, %q, is not its own", i+1, s.ID)
		}
		c.index[s.ID] = i
	}
	for i := range plan.Steps {
		if err := c.addStep(i); err != nil {
			return nil, err
		}
	}
	if err := c.sort(); err != nil {
		return nil, err
	}
	return c, c.addTriggers()
}

func invalid(format string, args ...any) error {
	e := fault.Newf(fault.Invalid, "run the runbook: "+format, args...)
	return e.Hintf("make it anew with: landfall plan")
}

func (c *compiled) addStep(i int) error {
	s := &c.plan.Steps[i]
	c.phase[i] = slices.Index(runbook.Phases(), s.Phase)
	if c.phase[i] < 0 {
		return invalid("step %q is in the phase %q, which is none", s.ID, s.Phase)
	}
	if s.Undo == nil && s.UndoReason == "" {
		return invalid("step %q has neither an undo nor a reason why none", s.ID)
	}
	for _, id := range s.Needs {
		j, ok := c.index[id]
		if !ok {
			return invalid("step %q needs %q, which is not a step", s.ID, id)
		}
		if !slices.Contains(c.needs[i], j) {
			c.needs[i] = append(c.needs[i], j)
			c.dependents[j] = append(c.dependents[j], i)
		}
	}
	for k, g := range s.Gates {
		if slices.ContainsFunc(s.Gates[:k], func(o runbook.Gate) bool { return o.ID == g.ID }) {
			return invalid("step %q has two gates %q", s.ID, g.ID)
		}
	}
	return nil
}

// sort orders the steps, and refuses a circle. Among those that may come next
// the first of the runbook comes first.
func (c *compiled) sort() error {
	n := len(c.plan.Steps)
	missing := make([]int, n)
	for i := range missing {
		if missing[i] = len(c.needs[i]); missing[i] == 0 {
			c.topo = append(c.topo, i)
		}
	}
	for at := 0; at < len(c.topo); at++ {
		for _, d := range c.dependents[c.topo[at]] {
			if missing[d]--; missing[d] == 0 {
				c.topo = append(c.topo, d)
			}
		}
	}
	if len(c.topo) == n {
		return nil
	}
	circle := slices.IndexFunc(missing, func(m int) bool { return m > 0 })
	return invalid("step %q needs, over others, itself", c.plan.Steps[circle].ID)
}

func (c *compiled) addTriggers() error {
	for k, t := range c.plan.Triggers {
		if _, twice := c.trigger[t.ID]; twice || t.ID == "" {
			return invalid("the id of trigger %d, %q, is not its own", k+1, t.ID)
		}
		c.trigger[t.ID] = k
		if !slices.Contains([]string{"rollback", "pause", "ask"}, t.Action) {
			return invalid("trigger %q wants %q, which is no action", t.ID, t.Action)
		}
		for _, id := range []string{t.From, t.Until, t.To} {
			if _, ok := c.index[id]; !ok && (id != "" || t.From == "") {
				return invalid("trigger %q names %q, which is not a step", t.ID, id)
			}
		}
		for _, id := range []string{t.From, t.Until} {
			if i, ok := c.index[id]; ok && !slices.Contains(c.watchers[i], k) {
				c.watchers[i] = append(c.watchers[i], k)
			}
		}
	}
	if id := c.plan.PointOfNoReturn; id != "" {
		if _, ok := c.index[id]; !ok {
			return invalid("the point of no return is %q, which is not a step", id)
		}
	}
	return nil
}

// of returns what was compiled for the state before, or compiles.
func (s State) of(plan *runbook.Runbook) (*compiled, error) {
	if s.compiled != nil && s.compiled.plan == plan {
		return s.compiled, nil
	}
	c, err := compile(plan)
	if err != nil {
		return nil, err
	}
	return c, s.fits(c)
}

// fits says whether a state is one of this plan: what comes from outside as
// JSON may be another's, or broken.
func (s State) fits(c *compiled) error {
	wrong := func(what string) error {
		return fault.Newf(fault.Conflict, "go on with run %q: %s of its state are not those of the runbook", s.Run, what)
	}
	if len(s.Steps) != len(c.plan.Steps) || slices.Contains(s.Steps, nil) {
		return wrong("the steps")
	}
	for i, st := range s.Steps {
		if len(st.Gates) != len(c.plan.Steps[i].Gates) && len(st.Gates) != 0 {
			return wrong("the gates")
		}
	}
	outside := func(i int) bool { return i < 0 || i >= len(s.Steps) }
	if slices.ContainsFunc(s.Order, outside) || slices.ContainsFunc(s.Queue, outside) || s.Target >= len(s.Steps) {
		return wrong("the order")
	}
	if len(s.Triggers) != len(c.plan.Triggers) || len(s.Phases) != len(runbook.Phases()) {
		return wrong("the triggers")
	}
	if s.Interpreter != c.plan.InterpreterVersion {
		return wrong("the rules")
	}
	return nil
}

// Start returns the state of a run that has not begun. The runbook has to be
// the one with the fingerprint, which Next never changes.
func Start(plan *runbook.Runbook, run, fingerprint string) (State, error) {
	if strings.TrimSpace(run) == "" || strings.TrimSpace(fingerprint) == "" {
		return State{}, fault.Newf(fault.Invalid, "start a run without a name or without the fingerprint of its runbook")
	}
	c, err := compile(plan)
	if err != nil {
		return State{}, err
	}
	s := State{Run: run, Plan: fingerprint, Interpreter: plan.InterpreterVersion, Mode: Forward, Target: -1,
		Steps: make([]*StepState, len(plan.Steps)), Triggers: make([]TriggerState, len(plan.Triggers)), Order: []int{}, compiled: c}
	for _, p := range runbook.Phases() {
		s.Phases = append(s.Phases, PhaseState{Phase: p})
	}
	for i := range plan.Steps {
		s.Steps[i] = &StepState{Status: Pending}
		s.Phases[c.phase[i]].Open++
	}
	return s, nil
}

// Key is the idempotency key of a command that does or takes back a step: the
// same for every attempt, another one after the step was taken back.
func Key(run string, c Command) string {
	what := "do"
	if c.Kind == UndoStep {
		what = "undo"
	}
	key := run + "/" + c.Step + "/" + what
	if c.Round > 0 {
		key += "/" + strconv.Itoa(c.Round)
	}
	return key
}
