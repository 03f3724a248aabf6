package view

import (
	"fmt"
	"slices"

	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/compile"
)

// Planned is the result of "landfall plan".
type Planned struct {
	Workload    string           `json:"workload"`
	Fingerprint string           `json:"fingerprint"`
	Environment string           `json:"environment"`
	Strategy    runbook.Strategy `json:"strategy"`
	Why         string           `json:"why"`
	Window      *runbook.Window  `json:"window,omitempty"`
	// Steps counts by phase, Manual those that a person carries out.
	Steps  map[runbook.Phase]int `json:"steps"`
	Total  int                   `json:"total"`
	Manual int                   `json:"manual"`
	// CutoverSeconds is from the freeze to the end of the cutover, WindowSeconds
	// what of it takes place in the window, BackSeconds how long a rollback from
	// its end takes until the source has all users and writes again.
	CutoverSeconds  int64             `json:"cutoverSeconds"`
	WindowSeconds   int64             `json:"windowSeconds"`
	BackSeconds     int64             `json:"backSeconds"`
	PointOfNoReturn string            `json:"pointOfNoReturn,omitempty"`
	Loses           string            `json:"loses,omitempty"`
	CriticalPath    []string          `json:"criticalPath"`
	Data            []runbook.DataSet `json:"data"`
	Routes          []runbook.Route   `json:"routes"`
	Findings        []runbook.Finding `json:"findings"`
	Blocking        int               `json:"blocking"`
	NotPlanned      int               `json:"notPlanned"`
	// Evidence is the ledger entry that records the plan.
	Evidence int64 `json:"evidence"`
}

// OfRunbook sums up a runbook.
func OfRunbook(r *runbook.Runbook, fingerprint string) Planned {
	out := Planned{
		Workload: r.Workload, Fingerprint: fingerprint, Environment: r.Environment, Strategy: r.Strategy, Why: r.Why, Window: r.Window, Steps: map[runbook.Phase]int{}, Total: len(r.Steps),
		CutoverSeconds: r.ExpectedSeconds, BackSeconds: r.BackSeconds(), PointOfNoReturn: r.PointOfNoReturn, CriticalPath: r.CriticalPath, Data: r.Data, Routes: r.Routes,
		Findings: r.Findings, NotPlanned: len(r.NotPlanned),
	}
	_, out.WindowSeconds = runbook.Longest(r.Schedule(runbook.InWindow))
	for i := range r.Steps {
		s := &r.Steps[i]
		out.Steps[s.Phase]++
		if s.Kind == compile.Manual {
			out.Manual++
		}
		if s.ID == r.PointOfNoReturn {
			out.Loses = "what was written since: " + s.UndoReason
			if s.Undo != nil {
				out.Loses = s.Undo.Loses
			}
		}
	}
	for _, f := range r.Findings {
		if f.Blocks {
			out.Blocking++
		}
	}
	return out
}

// Text writes the result for a person: what blocks comes first.
func (r Planned) Text(p *Paper) {
	p.Line("%s: %s to %s, %s", r.Workload, plural(int64(r.Total), "step", "steps"), r.Environment, r.Strategy)
	p.Line("  because %s", r.Why)
	for _, f := range r.Findings {
		mark := Warn
		if f.Blocks {
			mark = Bad
		}
		p.Line("  %s %s: %s", p.Mark(mark), f.ID, f.Text)
		for _, e := range f.Example {
			p.Line("            %s", e)
		}
		if f.Do != "" {
			p.Line("            %s", f.Do)
		}
	}
	p.Title("steps")
	var rows [][]string
	for _, phase := range runbook.Phases() {
		rows = append(rows, []string{"  " + string(phase), fmt.Sprint(r.Steps[phase])})
	}
	p.Table(rows)
	p.Line("  %d of them by people; who does what is in runbook.md", r.Manual)
	p.Title("cutover")
	p.Line("  from the freeze of changes to the end: %s", Lasts(r.CutoverSeconds))
	if r.Window != nil {
		p.Line("  window: %s, of which the steps take %s; %s are kept for going back", Lasts(r.Window.Seconds), Lasts(r.WindowSeconds), Lasts(r.Window.RollbackSeconds))
	}
	p.Line("  %s and %s change hands", plural(int64(r.written()), "set of data", "sets of data"), plural(int64(len(r.Routes)), "name", "names"))
	if r.BackSeconds > 0 {
		p.Line("  a rollback from its end gives the source all users and writes back within %s", Lasts(r.BackSeconds))
	}
	switch r.PointOfNoReturn {
	case "":
		p.Line("  point of no return: none, every step can be undone")
	default:
		p.Line("  point of no return: %s; after it going back loses %s", r.PointOfNoReturn, r.Loses)
	}
	p.Line("")
	p.Line("wrote runbook.json (%s, ledger entry %d), runbook.md and runbook.svg; %s not planned, with the reason", short(r.Fingerprint), r.Evidence, plural(int64(r.NotPlanned), "thing is", "things are"))
	if r.Blocking == 0 {
		p.Line("next: read runbook.md, then: landfall approve runbook --fingerprint %s", r.Fingerprint)
	}
}

func (r Planned) written() int {
	n := 0
	for _, d := range r.Data {
		if !d.ReadOnly {
			n++
		}
	}
	return n
}

// Lasts writes a length of time for people.
func Lasts(seconds int64) string {
	const minute, hour, day = 60, 3600, 86_400
	switch {
	case seconds >= 2*day:
		return fmt.Sprintf("%.1f days", float64(seconds)/day)
	case seconds >= hour:
		return fmt.Sprintf("%d h %02d min", seconds/hour, seconds%hour/minute)
	case seconds >= 2*minute, seconds == minute:
		return fmt.Sprintf("%d min", (seconds+minute-1)/minute)
	}
	return fmt.Sprintf("%d s", seconds)
}

// Advised is the result of "landfall plan --advise".
type Advised struct {
	Workload string `json:"workload"`
	// Chosen is what landfall.yaml says, "" when it says nothing.
	Chosen runbook.Strategy `json:"chosen,omitempty"`
	compile.Advice
}

// Text writes the comparison.
func (r Advised) Text(p *Paper) {
	p.Line("%s: %s", r.Workload, r.Recommended)
	p.Line("  because %s", r.Why)
	if r.Chosen != "" && r.Chosen != r.Recommended {
		p.Line("  landfall.yaml takes %s", r.Chosen)
	}
	p.Line("")
	rows := [][]string{{"STRATEGY", "NO WRITES FOR", "WINDOW", "RISK", "BOTH RUN FOR", "COST OF BOTH", "GOING BACK", "ROLLBACK", "STEPS"}}
	for _, o := range r.Options {
		window, cost := "none", "not known"
		if o.WindowSeconds > 0 {
			window = Lasts(o.WindowSeconds)
			if !o.Fits {
				window += " (too long)"
			}
		}
		if o.DoubleRunUSD != nil {
			cost = dollars(*o.DoubleRunUSD)
		}
		rows = append(rows, []string{string(o.Strategy), Lasts(o.DowntimeSeconds), window, o.Risk, Lasts(o.DoubleRunSeconds), cost, Lasts(o.RollbackSeconds), o.Rollback, fmt.Sprint(o.Steps)})
	}
	p.Table(rows)
	p.Title("why")
	for _, o := range r.Options {
		p.Line("  %s: %s", o.Strategy, o.RiskWhy)
	}
	if losses := r.losses(); len(losses) > 0 {
		p.Title("lost by going back, whichever is taken")
		for _, l := range losses {
			p.Line("  %s", l)
		}
	}
	p.Title("what the guides recommend; they do not agree")
	for _, s := range r.Sources {
		p.Line("  %-10s  %s", s.Recommends, s.Title)
		p.Line("              %s", s.Says)
	}
	p.Line("")
	p.Line("next: landfall plan --strategy %s, or set runbook.strategy in landfall.yaml", r.Recommended)
}

func (r Advised) losses() []string {
	var out []string
	for _, o := range r.Options {
		for _, l := range o.Loses {
			if !slices.Contains(out, l) {
				out = append(out, l)
			}
		}
	}
	return out
}

// PlanChanges is the result of "landfall plan --diff".
type PlanChanges struct {
	Approved string `json:"approved"`
	Planned  string `json:"planned"`
	Same     bool   `json:"same"`
	runbook.Changes
}

// Text writes what an approver has to look at.
func (r PlanChanges) Text(p *Paper) {
	if r.Same {
		p.Line("the same as the approved runbook, %s", short(r.Approved))
		return
	}
	if r.None() {
		p.Line("nothing that is done differs from the approved runbook %s; only what it was made from is another", short(r.Approved))
		return
	}
	p.Line("approved %s, planned %s: %s to look at again", short(r.Approved), short(r.Planned), plural(int64(r.Look()), "step", "steps"))
	for _, s := range r.Added {
		p.Line("  added    %s: %s", s.ID, s.Title)
	}
	for _, s := range r.Removed {
		p.Line("  removed  %s: %s", s.ID, s.Title)
	}
	for _, s := range r.Changed {
		word := "changed "
		if !s.Look {
			word = "reworded"
		}
		p.Line("  %s %s", word, s.ID)
		for _, f := range s.Fields {
			p.Line("             %s: %s -> %s", f.Field, clip(f.Before), clip(f.After))
		}
	}
	for _, f := range r.Runbook {
		p.Line("  runbook  %s: %s -> %s", f.Field, clip(f.Before), clip(f.After))
	}
}

// clip cuts a value for a line.
func clip(text string) string {
	const most = 80
	if text == "" {
		return "none"
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}
