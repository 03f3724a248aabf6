package engine

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/landfall/internal/runbook"
)

// Every text that the engine itself sends to people stands in this file; those
// of a step stand in the runbook.

func (t *turn) tell(step int, m runbook.Message) {
	c := Command{Kind: Tell, Message: &m}
	if step >= 0 {
		c.Step = t.plan(step).ID
	}
	t.other = append(t.other, c)
}

// tellStep sends the messages that the runbook has for a moment of a step.
func (t *turn) tellStep(i int, when string) {
	for _, m := range t.plan(i).Messages {
		if m.When == when {
			t.tell(i, m)
		}
	}
}

func (t *turn) tellApproval(i int) {
	step := t.plan(i)
	to := step.Approvals.Roles
	if len(to) == 0 {
		to = []string{"approver"}
	}
	text := "Step " + step.ID + " (" + step.Title + ") waits for " + number(step.Approvals.Count) + " approvals of the runbook " + t.s.Plan + "."
	if step.Approvals.Why != "" {
		text += " Who approves answers for: " + step.Approvals.Why + "."
	}
	t.tell(i, runbook.Message{When: "approval", To: to, Text: text + " Approve it with: landfall approve " + step.ID})
}

func (t *turn) tellPerson(i int) {
	step, what := t.plan(i), t.plan(i).Do
	text := "Step " + step.ID + " (" + step.Title + ") is for a person to carry out: "
	if t.s.Steps[i].Undo && step.Undo != nil {
		text, what = "Step "+step.ID+" ("+step.Title+") is for a person to take back: ", step.Undo.Do
	}
	t.tell(i, runbook.Message{When: "person", To: t.owner(i), Text: text + what + " Say that it is done with: landfall confirm " + step.ID + " --reason TEXT"})
}

func (t *turn) tellOperator(i int, why string) {
	step := t.plan(i)
	t.tell(i, runbook.Message{When: "operator", To: t.owner(i),
		Text: "Step " + step.ID + " (" + step.Title + ") needs a decision: " + cut(why) + ". Look at it with: landfall status"})
}

func (t *turn) tellBlind(g *runbook.Trigger, detail string) {
	t.tell(-1, runbook.Message{When: "trigger", To: []string{g.Decides},
		Text: "Trigger " + g.ID + " has no data and watches nothing: " + orNoData(cut(detail)) + "."})
}

func (t *turn) tellTrigger(g *runbook.Trigger, what string) {
	t.tell(-1, runbook.Message{When: "trigger", To: []string{g.Decides},
		Text: "Trigger " + g.ID + " is true (" + g.Why + "): " + what + "."})
}

func (t *turn) tellBack(to, why string) {
	t.tell(-1, runbook.Message{When: "rollback", To: t.everyone(), Text: "The migration of " + t.c.plan.Workload + " " + backText(to) + ": " + orNone(cut(why)) + "."})
}

func (t *turn) tellArrived(to, kept string) {
	t.tell(-1, runbook.Message{When: "rollback", To: t.everyone(),
		Text: "The migration of " + t.c.plan.Workload + " is back at the state before " + to + ", " + kept + ". It stands still until someone says: landfall resume"})
}

func (t *turn) tellRun(result, text string) {
	t.tell(-1, runbook.Message{When: "run", To: t.everyone(), Text: "The migration of " + t.c.plan.Workload + " has ended: " + result + ". " + upper(text) + "."})
}

func (t *turn) tellHeld() {
	t.tell(-1, runbook.Message{When: "run", To: t.everyone(),
		Text: "The migration of " + t.c.plan.Workload + " has done everything " + untilText(t.s.Until) + ". Go on with: landfall run --until PHASE"})
}

// beginPhase and endPhases tell of the phases.
func (t *turn) beginPhase(k int) {
	p := &t.s.Phases[k]
	if p.Begun {
		return
	}
	p.Begun = true
	t.record("phase.begun", -1, string(p.Phase), map[string]string{"phase": string(p.Phase)})
	t.tell(-1, runbook.Message{When: "phase", To: t.everyone(), Text: "The phase " + string(p.Phase) + " of the migration of " + t.c.plan.Workload + " begins."})
}

func (t *turn) endPhases() {
	for k := range t.s.Phases {
		p := &t.s.Phases[k]
		if !p.Begun || p.Ended || p.Open > 0 {
			continue
		}
		p.Ended = true
		t.record("phase.ended", -1, string(p.Phase), map[string]string{"phase": string(p.Phase)})
		t.tell(-1, runbook.Message{When: "phase", To: t.everyone(), Text: "The phase " + string(p.Phase) + " of the migration of " + t.c.plan.Workload + " is over."})
	}
}

func (t *turn) owner(i int) []string {
	if owner := t.plan(i).Owner; owner != "" {
		return []string{owner}
	}
	return []string{"operator"}
}

// everyone is every role that the runbook has a contact for.
func (t *turn) everyone() []string {
	var roles []string
	for _, c := range t.c.plan.Contacts {
		if c.Role != "" && !slices.Contains(roles, c.Role) {
			roles = append(roles, c.Role)
		}
	}
	if len(roles) == 0 {
		return []string{"operator"}
	}
	return roles
}

func backText(to string) string {
	if to == "" {
		return "goes back to the beginning"
	}
	return "goes back to the state before " + to
}

func untilText(until runbook.Phase) string {
	if until == "" {
		return "to the end"
	}
	return "until the end of the phase " + string(until)
}

func withDetail(detail string) string {
	if detail == "" {
		return ""
	}
	return ": " + cut(detail)
}

func orNoData(detail string) string {
	if detail == "" {
		return "there was no data"
	}
	return detail
}

func orOpen(detail string) string {
	if detail == "" {
		return "open"
	}
	return detail
}

func yes(b bool) string { return strconv.FormatBool(b) }

func number(n int) string { return strconv.Itoa(n) }

func quoted(s string) string { return strconv.Quote(s) }

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func span(n int64) string { return seconds(n).String() }

// listed joins texts, and cuts what is too many to read.
func listed(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return strings.Join(all[:most], ", ") + " and " + number(len(all)-most) + " more"
}

func upper(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
