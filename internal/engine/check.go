package engine

import (
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// check is Check on a compiled plan.
func (c *compiled) check(s State, e *Event) error {
	if e.At.IsZero() {
		return refuse(fault.Invalid, e, "it has no time")
	}
	if err := checkSaid(e); err != nil {
		return err
	}
	if e.Kind == Begin {
		return c.checkBegin(s, e)
	}
	switch {
	case s.Begun.IsZero():
		return refuse(fault.Conflict, e, "the run has not begun")
	case s.Mode == Ended:
		return refuse(fault.Conflict, e, "the run is over: "+s.Result)
	}
	switch e.Kind {
	case AttemptEnded, GateAsked, TriggerAsked, Woke:
		return c.checkReport(s, e)
	case Clock:
		return nil
	case Approve, Reject, Confirm, Skip, Retry, Settle:
		return c.checkStep(s, e)
	case Pause, Resume, Rollback, Abort, Drain, Extend:
		return c.checkRun(s, e)
	default:
		return refuse(fault.Invalid, e, "it is no event")
	}
}

// Bounds of what a person says: all of it goes into one entry of the ledger, and
// a run of which an entry cannot be written stands still for everybody.
const (
	maxName     = 256
	maxReason   = 8 << 10
	maxProof    = 64 << 10
	maxEvidence = 20
)

// checkSaid refuses what the ledger could not keep.
func checkSaid(e *Event) error {
	switch e.Kind {
	case AttemptEnded, GateAsked, TriggerAsked, Woke:
		return nil // of what a worker says, the ledger is given as much as it takes
	}
	for _, name := range []string{e.By, e.Role, e.How} {
		if !line(name) {
			return refuse(fault.Invalid, e, "the name, the role or the way of proving it is no plain line of at most "+number(maxName)+" bytes")
		}
	}
	proof := 0
	for name, value := range e.Proof {
		proof += len(name) + len(value)
	}
	switch {
	case len(e.Reason) > maxReason:
		return refuse(fault.Invalid, e, "the reason is longer than "+number(maxReason)+" bytes")
	case proof > maxProof:
		return refuse(fault.Invalid, e, "the proof is longer than "+number(maxProof)+" bytes")
	case len(e.Evidence) > maxEvidence || slices.ContainsFunc(e.Evidence, func(id string) bool { return !line(id) }):
		return refuse(fault.Invalid, e, "the evidence is more than "+number(maxEvidence)+" lines of at most "+number(maxName)+" bytes")
	}
	return nil
}

// line says whether a text is one that the ledger takes for a name.
func line(text string) bool {
	return len(text) <= maxName && strings.ToValidUTF8(text, "") == text &&
		!strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 })
}

func refuse(kind fault.Kind, e *Event, why string) *fault.Error {
	about := e.Step
	if about == "" {
		about = e.Trigger
	}
	return &fault.Error{Op: opOf(e.Kind), Resource: about, Kind: kind, Err: reason(why)}
}

// opOf is the verb of an event: a person's own, or that it is taken. A refused
// rollback is part of what a trigger tells people, so its text stays as
// recorded histories have it.
func opOf(kind EventKind) string {
	switch kind {
	case Approve, Reject, Confirm, Pause, Resume, Skip, Retry, Settle, Abort, Drain, Extend:
		return string(kind)
	default:
		return "take " + string(kind)
	}
}

// reason is a cause that is a sentence.
type reason string

func (r reason) Error() string { return string(r) }

func (c *compiled) checkBegin(s State, e *Event) error {
	if !s.Begun.IsZero() {
		return refuse(fault.Conflict, e, "the run has begun already")
	}
	if e.Plan != "" && e.Plan != s.Plan {
		return refuse(fault.Conflict, e, "the fingerprint is another runbook's")
	}
	if e.Until != "" && !slices.Contains(runbook.Phases(), e.Until) {
		return refuse(fault.Invalid, e, "its last phase is none")
	}
	f := e.From
	if f == nil {
		return nil
	}
	if f.Run != s.Run || f.Plan != s.Plan {
		return refuse(fault.Conflict, e, "the checkpoint is of another run or of another runbook")
	}
	if f.Begun.IsZero() {
		return refuse(fault.Conflict, e, "the checkpoint is of a run that has not begun")
	}
	return f.fits(c)
}

// checkReport looks at what the driver reports. A report of what is not under
// way is late or a second one.
func (c *compiled) checkReport(s State, e *Event) error {
	if e.Kind == TriggerAsked || e.Kind == Woke && e.Trigger != "" {
		return c.checkTrigger(s, e)
	}
	i, ok := c.index[e.Step]
	if !ok {
		return refuse(fault.NotFound, e, "the runbook has no such step")
	}
	st := s.Steps[i]
	switch e.Kind {
	case AttemptEnded:
		if !st.inFlight() || e.Attempt != st.Attempt {
			return refuse(fault.Conflict, e, "that attempt is not under way")
		}
	case GateAsked:
		k := gateIndex(&c.plan.Steps[i], e.Gate)
		if k < 0 {
			return refuse(fault.NotFound, e, "the step has no such gate")
		}
		if st.Status != Gated || !st.Gates[k].Out || e.Attempt != st.Gates[k].Asking {
			return refuse(fault.Conflict, e, "nobody waits for that answer")
		}
	case Woke:
		if st.Wake.IsZero() {
			return refuse(fault.Conflict, e, "the step has no timer")
		}
	}
	return nil
}

func (c *compiled) checkTrigger(s State, e *Event) error {
	k, ok := c.trigger[e.Trigger]
	if !ok {
		return refuse(fault.NotFound, e, "the runbook has no such trigger")
	}
	g := s.Triggers[k]
	switch {
	case e.Kind == Woke && (g.Wake.IsZero() || !g.Watching):
		return refuse(fault.Conflict, e, "the trigger has no timer")
	case e.Kind == TriggerAsked && (!g.Watching || !g.Out || e.Attempt != 0 && e.Attempt != g.Asking):
		return refuse(fault.Conflict, e, "nobody waits for that answer")
	}
	return nil
}

// checkStep looks at what a person says about a step.
func (c *compiled) checkStep(s State, e *Event) error {
	i, ok := c.index[e.Step]
	if !ok {
		return refuse(fault.NotFound, e, "the runbook has no such step").Hintf("landfall status")
	}
	if strings.TrimSpace(e.By) == "" {
		return refuse(fault.Denied, e, "it does not say who")
	}
	if s.Aborting {
		return refuse(fault.Conflict, e, "the run is ending")
	}
	st, step := s.Steps[i], &c.plan.Steps[i]
	switch e.Kind {
	case Approve:
		return c.checkApprove(s, e, st, step)
	case Reject:
		return checkReject(s, e, st)
	case Confirm:
		if st.Status != Person {
			return refuse(fault.Conflict, e, "the step is "+st.Status.Word()+" and waits for no person to carry it out").Hintf("landfall status")
		}
		if strings.TrimSpace(e.Reason) == "" && len(e.Evidence) == 0 {
			return refuse(fault.Invalid, e, "it says nothing of what was done").Hintf("say it with --reason")
		}
	case Skip:
		return checkSkip(s, e, st, step)
	case Retry:
		if st.Status != Operator {
			return refuse(fault.Conflict, e, "the step is "+st.Status.Word()+" and does not wait for an operator").Hintf("landfall status")
		}
		if e.Accept {
			return needReason(e)
		}
	case Settle:
		if st.Status != Operator || st.Outcome != runbook.Unknown {
			return refuse(fault.Conflict, e, "it is not unknown what the step has done").Hintf("landfall status")
		}
		if e.Effect == nil {
			return refuse(fault.Invalid, e, "it does not say whether the effect is there")
		}
		return needReason(e)
	}
	return nil
}

func needReason(e *Event) error {
	if strings.TrimSpace(e.Reason) == "" {
		return refuse(fault.Invalid, e, "it gives no reason").Hintf("give it with --reason")
	}
	return nil
}

// checkReject takes a refusal of a step that asks for approval, and of one that
// waits for an operator with approvals: whether those still hold is for people to
// say, and a step that nobody could ask anew could only be skipped. What is not
// known is settled first: approvals are asked for before an attempt, and a look
// needs none.
func checkReject(s State, e *Event, st *StepState) error {
	switch {
	case st.Status == Asked:
	case s.Mode != Forward || st.Undo || st.Status != Operator:
		return refuse(fault.Conflict, e, "the step is "+st.Status.Word()+" and asks for no approval").Hintf("landfall status")
	case len(st.Approvals) == 0:
		return refuse(fault.Conflict, e, "the step has no approvals that could be taken back").Hintf("landfall status")
	case st.Outcome == runbook.Unknown:
		return refuse(fault.Conflict, e, "nobody knows what the step has done").Hintf("landfall settle %s --there --reason TEXT, or --not-there", e.Step)
	}
	return needReason(e)
}

func (c *compiled) checkApprove(s State, e *Event, st *StepState, step *runbook.Step) error {
	switch {
	case st.Status != Asked:
		return refuse(fault.Conflict, e, "the step is "+st.Status.Word()+" and asks for no approval").Hintf("landfall status")
	case e.Plan != s.Plan:
		return refuse(fault.Conflict, e, "the fingerprint is not that of the runbook that runs").Hintf("read it again with: landfall status")
	case len(step.Approvals.Roles) > 0 && !slices.Contains(step.Approvals.Roles, e.Role):
		return refuse(fault.Denied, e, "it takes one of the roles "+strings.Join(step.Approvals.Roles, ", ")).Hintf("landfall approve %s --role %s", step.ID, step.Approvals.Roles[0])
	case slices.ContainsFunc(st.Approvals, func(a Approval) bool { return samePerson(a.By, e.By) }):
		return refuse(fault.Conflict, e, "the same person has approved already, and it takes different ones")
	}
	return nil
}

// samePerson compares names as mail addresses and user names are compared.
func samePerson(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

func checkSkip(s State, e *Event, st *StepState, step *runbook.Step) error {
	if err := needReason(e); err != nil {
		return err
	}
	if s.Mode == Back && !st.Undo {
		return refuse(fault.Conflict, e, "the run goes back").Hintf("settle it, or wait until the run has gone back")
	}
	switch st.Status {
	case Operator, Person, Retrying, Waiting, Gated, Asked, Ready:
	default:
		return refuse(fault.Conflict, e, "the step is "+st.Status.Word()+" and cannot be skipped")
	}
	if e.Accept {
		return nil
	}
	if len(step.After.Writers) > 0 || len(step.After.Weights) > 0 {
		return refuse(fault.Refused, e, "it decides which side writes or serves, so what comes after rests on it").
			Hintf("skip it with --accept when that was done by hand")
	}
	return nil
}

// checkRun looks at what a person says about the run.
func (c *compiled) checkRun(s State, e *Event) error {
	if strings.TrimSpace(e.By) == "" && e.Kind != Drain {
		return refuse(fault.Denied, e, "it does not say who")
	}
	if s.Aborting || s.Draining && e.Kind != Abort {
		return refuse(fault.Conflict, e, "the run is ending")
	}
	switch e.Kind {
	case Pause:
		if s.Paused && s.PausedBy != "" {
			return refuse(fault.Conflict, e, "the run is paused by "+s.PausedBy).Hintf("landfall resume")
		}
	case Resume:
		if !s.Paused {
			return refuse(fault.Conflict, e, "the run is not paused").Hintf("landfall status")
		}
	case Extend:
		return c.checkExtend(s, e)
	case Rollback:
		return c.checkRollback(s, e)
	}
	return nil
}

func (c *compiled) checkExtend(s State, e *Event) error {
	if s.Mode != Forward {
		return refuse(fault.Conflict, e, "the run goes back")
	}
	to := slices.Index(runbook.Phases(), e.Until)
	switch {
	case e.Until != "" && to < 0:
		return refuse(fault.Invalid, e, "its last phase is none")
	case s.Until == "" || e.Until != "" && to <= slices.Index(runbook.Phases(), s.Until):
		return refuse(fault.Conflict, e, "the run goes that far already")
	}
	return nil
}

func (c *compiled) checkRollback(s State, e *Event) error {
	target := -1
	if e.Step != "" {
		i, ok := c.index[e.Step]
		if !ok {
			return refuse(fault.NotFound, e, "the runbook has no such step").Hintf("landfall status")
		}
		st := s.Steps[i]
		if !slices.Contains(s.Order, i) && !st.Effect && !st.inFlight() {
			return refuse(fault.Conflict, e, "the step is "+string(st.Status)+": there is nothing to take back")
		}
		target = i
	}
	if s.Mode == Back && (target >= 0 || s.Target < 0) {
		return refuse(fault.Conflict, e, "the run goes back already")
	}
	if gone := c.gone(s, target); gone != "" {
		return refuse(fault.Refused, e, "the source is not whole any more since "+gone+": there is nothing to go back to").
			Hintf("mend forward; landfall rollback --to STEP takes back what came after it")
	}
	if e.Accept {
		return needReason(e)
	}
	if losses := c.losses(s, target); len(losses) > 0 {
		return refuse(fault.Refused, e, "going back loses: "+listed(losses, 5)).
			Hintf("landfall rollback --accept --reason TEXT")
	}
	return nil
}
