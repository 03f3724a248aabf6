package view

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/assess"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/view/report"
)

// shownLines bounds the lists in the text form; the artefacts hold all.
const shownLines = 12

// flowWidth bounds the name of a flow in a table: the other columns and it fit
// 120 columns.
const flowWidth = 72

// Assessed is the result of "landfall assess".
type Assessed struct {
	Workload  string          `json:"workload"`
	Run       string          `json:"run"`
	Scope     inventory.Scope `json:"scope"`
	Resources int             `json:"resources"`
	// Boundary counts the resources in, out and shared; Marked those with each mark.
	Boundary map[graph.Boundary]int `json:"boundary"`
	Marked   map[inventory.Mark]int `json:"marked"`
	Unread   []inventory.Unread     `json:"unread"`
	Refused  []inventory.Refused    `json:"refused"`
	Drift    int                    `json:"drift"`
	Edges    int                    `json:"edges"`
	Observed int                    `json:"observed"`
	Flows    []graph.Flow           `json:"flows"`
	// Questions are what a person should settle.
	Questions    []graph.Question     `json:"questions"`
	KPIs         int                  `json:"kpis"`
	Unmeasured   int                  `json:"unmeasured"`
	Readiness    map[assess.State]int `json:"readiness"`
	Complexity   assess.Complexity    `json:"complexity"`
	Completeness assess.Completeness  `json:"completeness"`
	Files        []string             `json:"files"`
	// Stages say what took how long.
	Stages []SandboxStage `json:"stages"`
	// Evidence is the ledger entry that records the assessment.
	Evidence int64 `json:"evidence"`
	// NoSeeds says that landfall.yaml has no seeds, so that nothing can be in.
	NoSeeds bool `json:"noSeeds,omitempty"`
	// Workspace is the folder when it is not the working directory, for the
	// commands that the text names.
	Workspace string `json:"-"`
}

// Text writes the result for a person: what could not be read comes first.
func (r Assessed) Text(p *Paper) {
	p.Line("%s: %s in %s, %s", r.Workload, plural(int64(r.Resources), "resource", "resources"), plural(int64(len(r.Scope.Accounts)), "account", "accounts"), plural(int64(len(r.Scope.Regions)), "region", "regions"))
	r.gaps(p)
	if r.NoSeeds {
		p.Title("boundary")
		p.Line("  %s boundary.seeds in landfall.yaml is empty, or matches nothing: nothing is in", p.Mark(Warn))
	} else {
		p.Title("boundary: %d in, %d shared, %d out", r.Boundary[graph.In], r.Boundary[graph.Shared], r.Boundary[graph.Out])
	}
	if len(r.Marked) > 0 {
		var parts []string
		for _, m := range []inventory.Mark{inventory.Default, inventory.ServiceLinked, inventory.Operator, inventory.Conditional, inventory.Deleted} {
			if n := r.Marked[m]; n > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n, m))
			}
		}
		p.Line("  marked: %s", strings.Join(parts, ", "))
	}
	p.Line("  %s between them, %d seen in logs", plural(int64(r.Edges), "dependency", "dependencies"), r.Observed)
	r.questions(p)
	r.flows(p)
	r.rest(p)
}

// gaps are what was not read, or not understood.
func (r Assessed) gaps(p *Paper) {
	if len(r.Unread) == 0 && len(r.Refused) == 0 {
		p.Line("  %s everything was read", p.Mark(Good))
	}
	if len(r.Unread) > 0 {
		p.Title("could not be read: %d", len(r.Unread))
		for _, u := range r.Unread[:min(len(r.Unread), shownLines)] {
			where := strings.TrimSpace(string(u.Account) + " " + string(u.Region))
			p.Line("  %s %s, %s: %s", p.Mark(Unknown), u.Operation, where, u.Reason)
			p.Line("          hides %s", u.Hides)
		}
		more(p, len(r.Unread), "inventory.json, unread")
	}
	if len(r.Refused) > 0 {
		p.Title("could not be understood: %d", len(r.Refused))
		for _, u := range r.Refused[:min(len(r.Refused), shownLines)] {
			p.Line("  %s %s: %s", p.Mark(Unknown), u.File, u.Reason)
		}
		more(p, len(r.Refused), "inventory.json, refused")
	}
	if r.Drift > 0 {
		p.Line("")
		p.Line("  %s %s: two sources say different things (inventory.json, drift)", p.Mark(Warn), plural(int64(r.Drift), "difference", "differences"))
	}
}

func (r Assessed) questions(p *Paper) {
	if len(r.Questions) == 0 {
		return
	}
	p.Title("to settle: %d", len(r.Questions))
	for _, q := range r.Questions[:min(len(r.Questions), shownLines)] {
		p.Line("  %s", q.Text)
		if q.Why != "" {
			p.Line("      because %s", q.Why)
		}
	}
	more(p, len(r.Questions), "graph.json, questions")
	p.Line("  settle them: what belongs under boundary.answers in landfall.yaml (assessment.html has it to copy),")
	p.Line("  how critical a flow is in questions.yaml, which landfall assess --questions writes")
}

func (r Assessed) flows(p *Paper) {
	if len(r.Flows) == 0 {
		return
	}
	p.Title("critical flows, proposed: %d", len(r.Flows))
	rows := [][]string{{"RANK", "FLOW", "COMPONENTS", "CRITICALITY", "RTO", "RPO"}}
	for _, f := range r.Flows[:min(len(r.Flows), shownLines)] {
		rows = append(rows, []string{fmt.Sprint(f.Rank), narrow(f.Name, flowWidth), fmt.Sprint(len(f.Components)), orUnknown(string(f.Criticality)), orUnknown(report.Span(f.RTOSeconds)), orUnknown(report.Span(f.RPOSeconds))})
	}
	p.Table(rows)
	more(p, len(r.Flows), "graph.json, flows")
}

func (r Assessed) rest(p *Paper) {
	p.Title("baseline: %s, %d not measured", plural(int64(r.KPIs), "KPI", "KPIs"), r.Unmeasured)
	var ready []string
	for _, s := range []assess.State{assess.Ready, assess.Conditions, assess.NotReady, assess.Unknown} {
		ready = append(ready, fmt.Sprintf("%d %s", r.Readiness[s], s))
	}
	p.Title("readiness: %s", strings.Join(ready, ", "))
	p.Line("  complexity: %s (%d points)", r.Complexity.Level, r.Complexity.Score)
	for _, w := range r.Complexity.Warnings {
		p.Line("  %s %s", p.Mark(Warn), w)
	}
	var covers []string
	for _, c := range r.Completeness.Parts {
		covers = append(covers, fmt.Sprintf("%s %d of %d", c.Name, c.Have, c.Of))
	}
	p.Line("  completeness: %d%% (%s)", r.Completeness.Percent, strings.Join(covers, ", "))
	p.Line("")
	p.Line("wrote %s; ledger entry %d", strings.Join(r.Files, ", "), r.Evidence)
	p.Line("")
	where := ""
	if r.Workspace != "" {
		where = " --workspace " + r.Workspace
	}
	next := "next: look at assessment.html, then: landfall graph%s --out graph.svg"
	if len(r.Questions) > 0 {
		next = "next: look at assessment.html, settle the questions, then: landfall assess%s"
	}
	p.Line(next, where)
}

// more says where the rest of a list is.
func more(p *Paper, n int, where string) {
	if n > shownLines {
		p.Line("  and %d more: %s", n-shownLines, where)
	}
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// Compared is the result of "landfall diff".
type Compared struct {
	Before string `json:"before"`
	After  string `json:"after"`
	inventory.Changes
}

// Text writes the result for a person.
func (r Compared) Text(p *Paper) {
	p.Line("%s -> %s: %d added, %d removed, %d changed", r.Before, r.After, len(r.Added), len(r.Removed), len(r.Changed))
	for _, h := range r.Hidden {
		p.Line("  %s a removal may be a gap: %s %s was not read this time; hides %s", p.Mark(Unknown), h.Operation, h.Region, h.Hides)
	}
	if r.Empty() {
		return
	}
	p.Line("")
	for _, a := range r.Added {
		p.Line("+ %s %s  %s", a.Kind, a.Name, a.ID)
	}
	for _, a := range r.Removed {
		p.Line("- %s %s  %s", a.Kind, a.Name, a.ID)
	}
	for _, c := range r.Changed {
		p.Line("~ %s %s  %s", c.Kind, c.Name, c.ID)
		for _, v := range c.Values {
			p.Line("    %s: %s -> %s", v.Path, brief(v.Old), brief(v.New))
		}
	}
}

// narrow cuts a text in the middle, where names differ least.
func narrow(s string, width int) string {
	runes := []rune(s)
	if len(runes) <= width {
		return s
	}
	head := (width - 1) * 2 / 3
	return string(runes[:head]) + "…" + string(runes[len(runes)-(width-1-head):])
}

// brief shows a value on one line.
func brief(v any) string {
	if v == nil {
		return "absent"
	}
	var b strings.Builder
	if err := JSON(&b, v); err != nil {
		return fmt.Sprint(v)
	}
	s := strings.Join(strings.Fields(b.String()), " ")
	const width = 100
	if runes := []rune(s); len(runes) > width {
		return string(runes[:width]) + "…"
	}
	return s
}

// RunList is the result of "landfall diff --list".
type RunList struct {
	Runs []string `json:"runs"`
}

// Text writes the result for a person.
func (r RunList) Text(p *Paper) {
	if len(r.Runs) == 0 {
		p.Line("no assessment was kept yet")
		p.Line("")
		p.Line("next: landfall assess")
		return
	}
	for _, run := range slices.Backward(r.Runs) {
		p.Line("%s", run)
	}
}
