package view

import (
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/engine/simulate"
	"example.com/landfall/internal/runbook"
)

// DryRun is what a run would do, beginning now. Nothing of it was done.
type DryRun struct {
	Workload    string `json:"workload"`
	Environment string `json:"environment"`
	Fingerprint string `json:"fingerprint"`
	Strategy    string `json:"strategy"`
	// Approved are those who have approved this fingerprint so far, of Needed.
	Approved []string    `json:"approved"`
	Needed   int         `json:"needed"`
	Until    string      `json:"until,omitempty"`
	Begins   time.Time   `json:"begins"`
	Ends     time.Time   `json:"ends"`
	Steps    []DryStep   `json:"steps"`
	Triggers []DryAsking `json:"triggers"`
	// Messages counts those that would go out.
	Messages int `json:"messages"`
	// CriticalPath decides how long the cutover takes, CriticalSeconds is its
	// length.
	CriticalPath    []string `json:"criticalPath"`
	CriticalSeconds int64    `json:"criticalSeconds"`
	PointOfNoReturn string   `json:"pointOfNoReturn,omitempty"`
	// Stops counts steps at which the run would stand for an operator, Wrong
	// looks and gates that found something to be mended until then.
	Stops    int   `json:"stops"`
	Wrong    int   `json:"wrong"`
	Evidence int64 `json:"evidence,omitempty"`
}

// DryStep is one step of a dry run.
type DryStep struct {
	simulate.Step
	Title string        `json:"title"`
	Phase runbook.Phase `json:"phase"`
	Kind  string        `json:"kind"`
	Owner string        `json:"owner"`
}

// DryAsking is a trigger that would be asked while the run is on its way.
type DryAsking struct {
	ID           string `json:"id"`
	EverySeconds int64  `json:"everySeconds"`
	From         string `json:"from"`
	Until        string `json:"until"`
	Action       string `json:"action"`
}

// OfDryRun joins a simulation with the runbook that it is of.
func OfDryRun(r *runbook.Runbook, fingerprint string, s simulate.Result) DryRun {
	out := DryRun{Workload: r.Workload, Environment: r.Environment, Fingerprint: fingerprint, Strategy: string(r.Strategy), Approved: []string{}, Begins: s.Begins, Ends: s.Ends,
		Steps: []DryStep{}, Triggers: []DryAsking{}, Messages: len(s.Messages), CriticalPath: r.CriticalPath, CriticalSeconds: r.ExpectedSeconds, PointOfNoReturn: r.PointOfNoReturn}
	index := r.Index()
	for _, one := range s.Steps {
		step := &r.Steps[index[one.ID]]
		out.Steps = append(out.Steps, DryStep{Step: one, Title: step.Title, Phase: step.Phase, Kind: string(step.Kind), Owner: step.Owner})
		if one.Stops != "" {
			out.Stops++
		}
		if one.Look != nil && one.Look.Wrong {
			out.Wrong++
		}
		for _, g := range one.Gates {
			if g.Open == nil || !*g.Open {
				out.Wrong++
			}
		}
	}
	for _, t := range r.Triggers {
		out.Triggers = append(out.Triggers, DryAsking{ID: t.ID, EverySeconds: t.EverySeconds, From: t.From, Until: t.Until, Action: t.Action})
	}
	return out
}

// Text writes it for people: when each step would begin, what it waits for,
// who is asked, and what a look at it finds today.
func (d DryRun) Text(p *Paper) {
	p.Line("%s: dry run of the runbook %s, environment %s, %s. Nothing was changed.", d.Workload, d.Fingerprint, d.Environment, d.Strategy)
	p.Line("  approved by %d of %d%s", len(d.Approved), d.Needed, listOf(d.Approved))
	p.Line("  begin %s, expected end %s (%s, people answering at once)", d.Begins.UTC().Format(time.DateTime), d.Ends.UTC().Format(time.DateTime), Lasts(int64(d.Ends.Sub(d.Begins).Seconds())))
	var phase runbook.Phase
	for _, s := range d.Steps {
		if s.Phase != phase {
			phase = s.Phase
			p.Title("%s", phase)
		}
		d.step(p, &s)
	}
	p.Title("cutover")
	p.Line("  critical path (%s): %s", Lasts(d.CriticalSeconds), strings.Join(d.CriticalPath, " > "))
	if d.PointOfNoReturn != "" {
		p.Line("  point of no return: %s", d.PointOfNoReturn)
	}
	for _, t := range d.Triggers {
		p.Line("  trigger %s: asked every %s from %s to %s; it may %s", t.ID, Lasts(t.EverySeconds), t.From, t.Until, t.Action)
	}
	p.Line("")
	p.Line("%s, %s by people, %s to give, %s to send", several(len(d.Steps), "step"), d.people(), several(d.approvals(), "approval"), several(d.Messages, "message"))
	if d.Stops > 0 {
		p.Line("%s would stop for an operator", several(d.Stops, "step"))
	}
	if d.Wrong > 0 {
		p.Line("%s %s not as the runbook wants it today; earlier steps may mend that", several(d.Wrong, "look"), areOrIs(d.Wrong))
	}
	p.Line("")
	if len(d.Approved) < d.Needed {
		p.Line("next: landfall approve runbook --fingerprint %s", d.Fingerprint)
		return
	}
	p.Line("next: landfall run")
}

func (d DryRun) step(p *Paper, s *DryStep) {
	p.Line("  +%-9s %s (%s, %s)", Lasts(int64(s.Begins.Sub(d.Begins).Seconds())), s.ID, s.Owner, Lasts(int64(s.Ends.Sub(s.Begins).Seconds())))
	if waits := s.Begins.Sub(s.Ready); waits > time.Second {
		p.Line("             waits %s first", Lasts(int64(waits.Seconds())))
	}
	for _, g := range s.Gates {
		state := "no data"
		if g.Open != nil {
			state = map[bool]string{true: "open", false: "closed"}[*g.Open]
		}
		p.Line("             gate %s, measured now: %s%s", g.ID, state, because(g.Detail))
	}
	if n := len(s.Approvers); n > 0 {
		p.Line("             asks for %s of %s", several(n, "approval"), roles(s.Approvers))
	}
	switch {
	case s.Stops != "":
		p.Line("             would stop: %s", s.Stops)
	case s.Look != nil && s.Look.Wrong:
		p.Line("             looked: NOT YET: %s", s.Look.Text)
	case s.Look != nil:
		p.Line("             looked: %s", s.Look.Text)
	case s.Person:
		p.Line("             %s carries it out: %s", s.Owner, s.Title)
	}
}

func (d DryRun) people() string {
	n := 0
	for _, s := range d.Steps {
		if s.Person {
			n++
		}
	}
	return strconv.Itoa(n)
}

func (d DryRun) approvals() int {
	n := 0
	for _, s := range d.Steps {
		n += len(s.Approvers)
	}
	return n
}

// roles are the different ones, in their order.
func roles(list []string) string {
	var out []string
	for _, role := range list {
		if role == "" {
			role = "anyone who may approve"
		}
		if len(out) == 0 || out[len(out)-1] != role {
			out = append(out, role)
		}
	}
	return strings.Join(out, ", ")
}

func listOf(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names, ", ")
}

func several(n int, one string) string { return plural(int64(n), one, one+"s") }

func areOrIs(n int) string {
	if n == 1 {
		return "finds something that is"
	}
	return "find something that is"
}
