package view

import (
	"fmt"
	"strings"
	"time"

	"example.com/landfall/internal/engine"
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
	if missing := a.Needed - len(a.Given); missing > 0 {
		p.Line("  %d of %d approvals: another person has to approve it", len(a.Given), a.Needed)
		return
	}
	p.Line("  %d of %d approvals", len(a.Given), a.Needed)
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
}

// Text writes it for people: where it is, what it waits for, and what a person
// says next.
func (s RunStatus) Text(p *Paper) {
	r := &s.Summary
	p.Line("run %s of the runbook %s, environment %s", s.Run, s.Fingerprint, s.Environment)
	p.Line("  %s", s.headline())
	var counts []string
	for _, c := range r.Counts {
		counts = append(counts, fmt.Sprintf("%d %s", c.Steps, c.Status))
	}
	if len(counts) > 0 {
		p.Line("  %d steps: %s", r.Total, strings.Join(counts, ", "))
	}
	for _, step := range r.Active {
		p.Line("")
		p.Line("  %s  %s (%s)", step.Status, step.ID, step.Owner)
		p.Line("    %s", step.Title)
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
	for _, id := range r.Kept {
		p.Line("  still in effect: %s", id)
	}
	for _, t := range r.Triggers {
		switch {
		case t.Fired:
			p.Line("  rollback trigger %s has fired: %s", t.ID, t.Detail)
		case t.Blind:
			p.Line("  rollback trigger %s has no data: %s", t.ID, t.Detail)
		}
	}
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
		return fmt.Sprintf("done up to the phase %s; landfall run --until PHASE goes on", r.Until)
	case r.Mode == engine.Back:
		return fmt.Sprintf("going back%s", because(r.Why))
	}
	out := fmt.Sprintf("%d%% done", r.Percent)
	if r.LeftSeconds > 0 {
		out += fmt.Sprintf(", %s left as expected, people's answers not counted", (time.Duration(r.LeftSeconds) * time.Second).String())
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
		line := fmt.Sprintf("%s: %s", step.ID, step.Status)
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
	done, was := count(now, engine.Done), count(before, engine.Done)
	if done != was {
		n.Lines = append(n.Lines, fmt.Sprintf("%d of %d steps done (%d%%)", done, now.Total, now.Percent))
	}
	if before.Mode != now.Mode && before.Mode != "" {
		n.Lines = append(n.Lines, fmt.Sprintf("the run is going %s%s", now.Mode, because(now.Why)))
	}
	if now.Paused && !before.Paused {
		n.Lines = append(n.Lines, "paused"+byWhom(now.PausedBy)+because(now.Why))
	}
	if now.Held && !before.Held {
		n.Lines = append(n.Lines, fmt.Sprintf("done up to the phase %s", now.Until))
	}
	return n
}

func count(s engine.Summary, status engine.Status) int {
	for _, c := range s.Counts {
		if c.Status == status {
			return c.Steps
		}
	}
	return 0
}
