package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/landfall/internal/engine"
	"example.com/landfall/internal/runbook"
)

// EngineStatus is how the engine of a workspace is.
type EngineStatus struct {
	// Address of an existing cluster, or of the embedded engine when it runs.
	Address string `json:"address,omitempty"`
	// Embedded says that it is the workspace's own.
	Embedded bool   `json:"embedded"`
	State    string `json:"state"`
	PID      int    `json:"pid,omitempty"`
	Version  string `json:"version,omitempty"`
	Server   string `json:"server,omitempty"`
	// MemoryBytes and FileBytes are those of the embedded engine.
	MemoryBytes int64     `json:"memoryBytes,omitempty"`
	FileBytes   int64     `json:"fileBytes,omitempty"`
	Started     time.Time `json:"started,omitzero"`
	// Run is the run under way, "" for none.
	Run string `json:"run,omitempty"`
}

// Text writes it for people.
func (s EngineStatus) Text(p *Paper) {
	if !s.Embedded {
		p.Line("engine: the cluster at %s (%s)", s.Address, s.State)
		return
	}
	p.Line("engine: %s", s.State)
	if s.PID != 0 {
		p.Line("  process %d at %s, version %s, server %s", s.PID, s.Address, s.Version, s.Server)
		p.Line("  memory %s, files %s", mebibytes(s.MemoryBytes), mebibytes(s.FileBytes))
	}
	if s.Run != "" {
		p.Line("  under way: %s", s.Run)
	}
}

// Approved is a person's yes.
type Approved struct {
	// What is "runbook" or the id of a step.
	What        string `json:"what"`
	Fingerprint string `json:"fingerprint"`
	By          string `json:"by,omitempty"`
	How         string `json:"how,omitempty"`
	// Given are all who have approved so far, of Needed.
	Given  []string `json:"given,omitempty"`
	Needed int      `json:"needed,omitempty"`
	// PointOfNoReturn is the step after which going back loses something.
	PointOfNoReturn string `json:"pointOfNoReturn,omitempty"`
	Evidence        int64  `json:"evidence,omitempty"`
}

// Text writes it for people.
func (a Approved) Text(p *Paper) {
	if a.What != "runbook" {
		p.Line("approved %s of the runbook %s", a.What, a.Fingerprint)
		return
	}
	p.Line("%s approved the runbook %s (%s, ledger entry %d)", a.By, a.Fingerprint, a.How, a.Evidence)
	if a.PointOfNoReturn != "" {
		p.Line("  point of no return: %s", a.PointOfNoReturn)
	}
	have := fmt.Sprintf("%d of %s", len(a.Given), plural(int64(a.Needed), "approval", "approvals"))
	if a.Needed > len(a.Given) {
		p.Line("  %s: another person has to approve it", have)
		return
	}
	p.Line("  %s", have)
	p.Line("")
	p.Line("next: landfall run")
}

// RunStatus is how a run stands.
type RunStatus struct {
	Run         string    `json:"run"`
	Fingerprint string    `json:"fingerprint"`
	Environment string    `json:"environment"`
	Begun       time.Time `json:"begun"`
	By          string    `json:"by"`
	// Ended and Result are those of a run that is over.
	Ended   *time.Time     `json:"ended,omitempty"`
	Result  string         `json:"result,omitempty"`
	Summary engine.Summary `json:"summary"`
	// Still is what stands still, and says nothing itself.
	Still []string `json:"still,omitempty"`
}

// Text writes it for people: where it is, what it waits for, and what a person
// says next.
func (s RunStatus) Text(p *Paper) {
	r := &s.Summary
	p.Line("run %s of the runbook %s, environment %s", s.Run, s.Fingerprint, s.Environment)
	p.Line("  begun by %s at %s", s.By, s.Begun.UTC().Format(time.RFC3339))
	p.Line("  %s", s.headline())
	for _, text := range s.Still {
		p.Line("  %s %s", p.Mark(Bad), text)
	}
	var counts []string
	for _, c := range r.Counts {
		counts = append(counts, fmt.Sprintf("%d %s", c.Steps, c.Status.Word()))
	}
	if len(counts) > 0 {
		p.Line("  %s: %s", plural(int64(r.Total), "step", "steps"), strings.Join(counts, ", "))
	}
	for _, step := range r.Active {
		p.Line("")
		p.Line("  %s: %s (%s)%s", step.ID, step.Status.Word(), step.Owner, attempts(step))
		p.Line("    %s", step.Title)
		if s.Ended != nil {
			continue // nobody can say anything to it any more
		}
		for _, text := range []string{step.Waits, step.Detail} {
			if text != "" {
				p.Line("    %s", text)
			}
		}
		if step.Command != "" {
			p.Line("    next: %s", step.Command)
		}
	}
	if r.MoreActive > 0 {
		p.Line("")
		p.Line("  and %d more under way", r.MoreActive)
	}
	if len(r.Next) > 0 {
		p.Line("")
		p.Line("  then: %s", strings.Join(r.Next, ", "))
	}
	if len(r.Kept) > 0 {
		p.Line("")
		p.Line("  still in effect: %s", strings.Join(r.Kept, ", "))
	}
	for _, t := range r.Triggers {
		switch {
		case t.Fired:
			p.Line("  trigger %s has fired: %s", t.ID, t.Detail)
		case t.Blind:
			p.Line("  trigger %s has no data: %s", t.ID, t.Detail)
		}
	}
	if next := s.next(); next != "" {
		p.Line("")
		p.Line("next: %s", next)
	}
}

// next is what a person says to the run as a whole, "" when it goes on alone or
// its steps say what they wait for.
func (s RunStatus) next() string {
	r := &s.Summary
	switch {
	case s.Ended == nil && r.Paused:
		return "landfall resume"
	case s.Ended == nil && r.Held:
		return "landfall run --until " + phaseAfter(r.Until)
	case s.Ended == nil:
		return ""
	case s.Result == "drained", engine.ClosedAs(s.Result) && r.Total > 0:
		return "landfall run --resume"
	case s.Result == "done":
		return "landfall ledger verify"
	}
	return "landfall plan   (landfall run begins anew)"
}

// phaseAfter is the phase up to which one goes next.
func phaseAfter(p runbook.Phase) string {
	all := runbook.Phases()
	return string(all[min(slices.Index(all, p)+1, len(all)-1)])
}

func attempts(step engine.ActiveStep) string {
	if step.Attempt > 1 {
		return fmt.Sprintf(", attempt %d", step.Attempt)
	}
	return ""
}

// headline says in a line how the run stands.
func (s RunStatus) headline() string {
	r := &s.Summary
	switch {
	case s.Ended != nil:
		return fmt.Sprintf("%s at %s", s.Result, s.Ended.UTC().Format(time.RFC3339))
	case r.Draining:
		return "is being drained: what is under way ends, nothing new begins"
	case r.Aborting:
		return "is being aborted: what is under way ends"
	case r.Paused:
		return "paused" + byWhom(r.PausedBy) + because(r.Why)
	case r.Held:
		return fmt.Sprintf("done up to the phase %s, and waits to be asked further", r.Until)
	case r.Mode == engine.Back:
		return fmt.Sprintf("going back%s", because(r.Why))
	}
	out := fmt.Sprintf("%d%% done", r.Percent)
	if r.LeftSeconds > 0 {
		out += fmt.Sprintf(", %s left as expected, people's answers not counted", Lasts(r.LeftSeconds))
	}
	return out
}

func byWhom(who string) string {
	if who == "" {
		return ""
	}
	return " by " + who
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// RunNews is what happened to a run between two looks.
type RunNews struct {
	At      time.Time `json:"at,omitzero"`
	Percent int       `json:"percent"`
	// Lines tell of each step that came to another status.
	Lines []string `json:"lines"`
	// Trouble says that the engine did not answer.
	Trouble string `json:"trouble,omitempty"`
}

// None says that nothing happened.
func (n RunNews) None() bool { return len(n.Lines) == 0 && n.Trouble == "" }

// NewsOf compares two looks at a run.
func NewsOf(before, now engine.Summary) RunNews {
	n := RunNews{At: now.Now, Percent: now.Percent}
	if before.Seq == now.Seq {
		return n
	}
	had := map[string]engine.ActiveStep{}
	for _, step := range before.Active {
		had[step.ID] = step
	}
	for _, step := range now.Active {
		old, ok := had[step.ID]
		delete(had, step.ID)
		if ok && old.Status == step.Status && old.Attempt == step.Attempt && old.Detail == step.Detail {
			continue
		}
		line := fmt.Sprintf("%s: %s", step.ID, step.Status.Word())
		if step.Attempt > 1 {
			line += fmt.Sprintf(" (attempt %d)", step.Attempt)
		}
		for _, text := range []string{step.Detail, step.Waits} {
			if text != "" {
				line += "; " + text
			}
		}
		if step.Command != "" {
			line += "\n    next: " + step.Command
		}
		n.Lines = append(n.Lines, line)
	}
	if count(now, engine.Done) != count(before, engine.Done) {
		n.Lines = append(n.Lines, Progressed(now))
	}
	if before.Mode != now.Mode && before.Mode != "" {
		n.Lines = append(n.Lines, direction(now.Mode)+because(now.Why))
	}
	if now.Paused && !before.Paused {
		n.Lines = append(n.Lines, "paused"+byWhom(now.PausedBy)+because(now.Why))
	}
	if now.Held && !before.Held {
		n.Lines = append(n.Lines, fmt.Sprintf("done up to the phase %s", now.Until))
	}
	return n
}

func direction(m engine.Mode) string {
	switch m {
	case engine.Back:
		return "the run goes back"
	case engine.Ended:
		return "the run is over"
	case engine.Forward:
	}
	return "the run goes forward"
}

func count(s engine.Summary, status engine.Status) int {
	for _, c := range s.Counts {
		if c.Status == status {
			return c.Steps
		}
	}
	return 0
}
