package engine

import (
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/runbook"
)

// Summary is where a run stands, small enough to be asked for every second.
type Summary struct {
	Run      string        `json:"run"`
	Plan     string        `json:"plan"`
	Mode     Mode          `json:"mode"`
	Result   string        `json:"result,omitempty"`
	Paused   bool          `json:"paused,omitempty"`
	PausedBy string        `json:"pausedBy,omitempty"`
	Why      string        `json:"why,omitempty"`
	Draining bool          `json:"draining,omitempty"`
	Aborting bool          `json:"aborting,omitempty"`
	Held     bool          `json:"held,omitempty"`
	Until    runbook.Phase `json:"until,omitempty"`
	Begun    time.Time     `json:"begun,omitzero"`
	Now      time.Time     `json:"now,omitzero"`
	// Seq and Records tell whether anything happened since the last look.
	Seq     int64 `json:"seq"`
	Records int64 `json:"records"`
	Total   int   `json:"total"`
	// Counts are the steps by status, in the order of their way.
	Counts []StatusCount `json:"counts"`
	// Active are the steps of which something goes on or is waited for, in the
	// order of the runbook, MoreActive those beyond the first fifty.
	Active     []ActiveStep `json:"active"`
	MoreActive int          `json:"moreActive,omitempty"`
	// Next are steps that come after those.
	Next []string `json:"next"`
	// Kept are the steps whose effect stays after going back, or after the run was
	// aborted.
	Kept []string `json:"kept,omitempty"`
	// Percent is measured in expected seconds.
	Percent int `json:"percent"`
	// LeftSeconds is the longest way to the end, waits included and people not;
	// Ends is when it would be there.
	LeftSeconds int64          `json:"leftSeconds"`
	Ends        time.Time      `json:"ends,omitzero"`
	Triggers    []TriggerLooks `json:"triggers,omitempty"`
}

// StatusCount is a number of steps.
type StatusCount struct {
	Status Status `json:"status"`
	Steps  int    `json:"steps"`
}

// ActiveStep is a step of which something goes on or is waited for.
type ActiveStep struct {
	ID      string        `json:"id"`
	Title   string        `json:"title"`
	Phase   runbook.Phase `json:"phase"`
	Owner   string        `json:"owner"`
	Status  Status        `json:"status"`
	Undo    bool          `json:"undo,omitempty"`
	Attempt int           `json:"attempt,omitempty"`
	Since   time.Time     `json:"since,omitzero"`
	Wake    time.Time     `json:"wake,omitzero"`
	// Waits says for whom or what.
	Waits  string `json:"waits,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Command is what a person says next, "" when it waits for no person.
	Command string `json:"command,omitempty"`
}

// TriggerLooks is a trigger that watches or has fired.
type TriggerLooks struct {
	ID     string `json:"id"`
	Fired  bool   `json:"fired,omitempty"`
	Blind  bool   `json:"blind,omitempty"`
	Detail string `json:"detail,omitempty"`
}

const (
	mostActive = 50
	mostNext   = 5
)

// Statuses returns all statuses in the order of a step's way.
func Statuses() []Status {
	return []Status{Pending, Waiting, Gated, Asked, Ready, Running, Probing, Retrying, Operator, Person, Done, Skipped, Undoing, Undone, Kept}
}

// Word is a status as people say it.
func (s Status) Word() string {
	switch s {
	case Pending:
		return "to come"
	case Waiting:
		return "waiting"
	case Gated:
		return "at its gates"
	case Asked:
		return "waiting for approval"
	case Running:
		return "under way"
	case Probing:
		return "being looked at"
	case Retrying:
		return "waiting for the next try"
	case Operator:
		return "waiting for an operator"
	case Person:
		return "waiting for a person"
	case Undoing:
		return "being taken back"
	case Undone:
		return "taken back"
	case Ready, Done, Skipped, Kept:
	}
	return string(s)
}

// Summarize says where a run stands. A state that is not one of the plan gives
// what can be said without it.
func Summarize(plan *runbook.Runbook, s State) Summary {
	out := Summary{Run: s.Run, Plan: s.Plan, Mode: s.Mode, Result: s.Result, Paused: s.Paused, PausedBy: s.PausedBy, Why: s.Why,
		Draining: s.Draining, Aborting: s.Aborting, Held: s.Held, Until: s.Until, Begun: s.Begun, Now: s.Now, Seq: s.Seq, Records: s.Records,
		Total: len(s.Steps), Counts: []StatusCount{}, Active: []ActiveStep{}, Next: []string{}}
	for _, status := range Statuses() {
		n := 0
		for _, st := range s.Steps {
			if st.Status == status {
				n++
			}
		}
		if n > 0 {
			out.Counts = append(out.Counts, StatusCount{status, n})
		}
	}
	c, err := s.of(plan)
	if err != nil {
		return out
	}
	c.steps(s, &out)
	c.progress(s, &out)
	for k, g := range s.Triggers {
		if g.Watching || g.Fired {
			out.Triggers = append(out.Triggers, TriggerLooks{ID: plan.Triggers[k].ID, Fired: g.Fired, Blind: g.Blind, Detail: g.Detail})
		}
	}
	return out
}

// steps fills in what goes on and what comes next.
func (c *compiled) steps(s State, out *Summary) {
	for i, st := range s.Steps {
		switch {
		case st.active():
			if len(out.Active) == mostActive {
				out.MoreActive++
				continue
			}
			out.Active = append(out.Active, c.activeStep(s, i))
		case st.Status == Kept, s.Mode == Ended && s.Result == "aborted" && st.Status == Done && c.plan.Steps[i].Undo != nil:
			out.Kept = append(out.Kept, c.plan.Steps[i].ID)
		case st.Status == Pending && s.Mode == Forward && len(out.Next) < mostNext && inPhase(c.phase[i], s.Until) && c.near(s, i):
			out.Next = append(out.Next, c.plan.Steps[i].ID)
		}
	}
	if s.Mode != Back {
		return
	}
	for n := len(s.Order) - 1; n >= s.Floor && len(out.Next) < mostNext; n-- {
		out.Next = append(out.Next, c.plan.Steps[s.Order[n]].ID)
	}
}

// near says that a step waits only for what is settled or goes on.
func (c *compiled) near(s State, i int) bool {
	for _, n := range c.needs[i] {
		if !s.Steps[n].settled() && !s.Steps[n].active() {
			return false
		}
	}
	return true
}

func (c *compiled) activeStep(s State, i int) ActiveStep {
	step, st := &c.plan.Steps[i], s.Steps[i]
	a := ActiveStep{ID: step.ID, Title: step.Title, Phase: step.Phase, Owner: step.Owner, Status: st.Status, Undo: st.Undo,
		Attempt: st.Attempt, Since: st.Since, Wake: st.Wake, Detail: st.Detail}
	switch st.Status {
	case Waiting:
		a.Waits = "until " + stamp(st.Wake)
		if st.Wake.IsZero() {
			a.Waits = "until the run goes on"
		}
	case Gated:
		a.Waits, a.Detail = c.closedGates(i, st)
	case Asked:
		a.Waits = moreApprovals(step.Approvals.Count-len(st.Approvals)) + " of " + strings.Join(orAnyone(step.Approvals.Roles), " or ")
		a.Command = "landfall approve " + step.ID
		if len(step.Approvals.Roles) > 0 {
			a.Command += " --role " + step.Approvals.Roles[0]
		}
	case Ready:
		a.Waits = "a place among those under way"
		if s.Paused {
			a.Waits = "until the run goes on"
		}
	case Retrying:
		a.Waits = "the next try"
	case Operator:
		a.Waits = "a decision of " + orSomeone(step.Owner)
		if st.Outcome == runbook.Unknown {
			a.Waits += ": is its effect --there, or --not-there?"
		}
		a.Command = operatorCommand(step, st)
	case Person:
		a.Waits = orSomeone(step.Owner) + " to carry it out"
		a.Command = "landfall confirm " + step.ID + " --reason TEXT"
	}
	return a
}

func moreApprovals(n int) string {
	if n == 1 {
		return "1 more approval"
	}
	return number(n) + " more approvals"
}

// operatorCommand is what an operator most likely says, complete. Of what is not
// known the person has looked; a step that the window stopped before its first
// attempt begins outside of it only when somebody accepts that.
func operatorCommand(step *runbook.Step, st *StepState) string {
	switch {
	case st.Outcome == runbook.Unknown:
		return "landfall settle " + step.ID + " --there --reason TEXT"
	case step.InWindow && st.Attempt == 0 && !st.Late:
		return "landfall retry " + step.ID + " --accept --reason TEXT"
	}
	return "landfall retry " + step.ID
}

func (c *compiled) closedGates(i int, st *StepState) (waits, detail string) {
	var closed, details []string
	for k, g := range st.Gates {
		gate := &c.plan.Steps[i].Gates[k]
		if g.Open != nil && *g.Open && !g.Held.IsZero() && g.Next.Sub(g.Held) > seconds(gate.HoldSeconds) {
			continue
		}
		closed = append(closed, gate.ID)
		details = append(details, gate.ID+": "+orNoData(g.Detail))
	}
	return "the gates " + listed(closed, 5), listed(details, 5)
}

// progress is measured in expected seconds: a step counts as done when it is
// settled, and one that goes on by the time that it has taken so far.
func (c *compiled) progress(s State, out *Summary) {
	var all, gone int64
	longest := make([]int64, len(s.Steps))
	for _, i := range c.topo {
		step, st := &c.plan.Steps[i], s.Steps[i]
		if !inPhase(c.phase[i], s.Until) {
			continue
		}
		// A second for each, so that steps without an expectation count as well.
		own := 1 + step.ExpectedSeconds + step.WaitSeconds
		all += own
		left := c.left(s, i, own)
		gone += max(own-left, 0) // a window may be further away than all of its time
		for _, n := range c.needs[i] {
			longest[i] = max(longest[i], longest[n])
		}
		if !st.settled() {
			longest[i] += left
		}
		out.LeftSeconds = max(out.LeftSeconds, longest[i])
	}
	if all > 0 {
		out.Percent = int(gone * 100 / all)
	}
	if s.Mode == Back {
		out.LeftSeconds = c.leftBack(s)
	}
	if s.Mode == Ended {
		out.LeftSeconds = 0
		return
	}
	if !s.Now.IsZero() && !s.Paused && !s.Held {
		out.Ends = s.Now.Add(seconds(out.LeftSeconds))
	}
}

// left is what remains of a step's expected time.
func (c *compiled) left(s State, i int, own int64) int64 {
	st := s.Steps[i]
	switch {
	case st.settled():
		return 0
	case st.Status == Pending, st.Status == Undone, st.Status == Kept:
		return own
	}
	if !st.Begun.IsZero() {
		spent := int64(s.Now.Sub(st.Begun) / time.Second)
		return max(c.plan.Steps[i].ExpectedSeconds-spent, 0) + 1
	}
	if st.Status == Waiting && !st.Wake.IsZero() {
		return max(int64(st.Wake.Sub(s.Now)/time.Second), 0) + c.plan.Steps[i].ExpectedSeconds
	}
	return c.plan.Steps[i].ExpectedSeconds + 1
}

// leftBack adds up what is to be taken back: it goes one at a time.
func (c *compiled) leftBack(s State) int64 {
	var sum int64
	for n := len(s.Order) - 1; n >= s.Floor && n >= 0; n-- {
		if u := c.plan.Steps[s.Order[n]].Undo; u != nil {
			sum += u.ExpectedSeconds
		}
	}
	return sum
}

func inPhase(phase int, until runbook.Phase) bool {
	return until == "" || phase <= slices.Index(runbook.Phases(), until)
}

func orAnyone(roles []string) []string {
	if len(roles) == 0 {
		return []string{"anyone who may approve"}
	}
	return roles
}

func orSomeone(owner string) string {
	if owner == "" {
		return "the operator"
	}
	return owner
}
