package view

import (
	"fmt"
	"strings"
)

// Initialised is the result of "landfall init".
type Initialised struct {
	Workspace string `json:"workspace"`
	File      string `json:"file"`
	Workload  string `json:"workload"`
	// Here says that the workspace is the working directory, so that the next
	// command needs no --workspace.
	Here bool `json:"-"`
}

// Text writes the result for a person.
func (r Initialised) Text(p *Paper) {
	p.Line("wrote %s for workload %s", r.File, r.Workload)
	p.Line("")
	if r.Here {
		p.Line("next: edit it, then: landfall doctor")
		return
	}
	p.Line("next: edit it, then: landfall doctor --workspace %s", r.Workspace)
}

// Setting is one configuration value with its origin.
type Setting struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
	// Shown is the value as a person reads it.
	Shown  string `json:"-"`
	Origin string `json:"origin"`
	// Environment is the variable that can set it, or "" for lists.
	Environment string `json:"environment,omitempty"`
}

// Settings is the result of "landfall config".
type Settings struct {
	File     string    `json:"file"`
	Settings []Setting `json:"settings"`
}

// Text writes the result for a person.
func (r Settings) Text(p *Paper) {
	rows := [][]string{{"KEY", "VALUE", "ORIGIN"}}
	for _, s := range r.Settings {
		rows = append(rows, []string{s.Key, s.Shown, s.Origin})
	}
	p.Table(rows)
}

// Finding is one line of the doctor's report.
type Finding struct {
	// Area groups findings: workspace, tools, aws, azure, machine.
	Area   string `json:"area"`
	Name   string `json:"name"`
	Mark   Mark   `json:"status"`
	Detail string `json:"detail"`
	// Mend is what to do about it; empty when nothing is to be done.
	Mend string `json:"mend,omitempty"`
}

// Diagnosis is the result of "landfall doctor".
type Diagnosis struct {
	Findings []Finding    `json:"findings"`
	Counts   map[Mark]int `json:"counts"`
}

// Text writes the result for a person.
func (r Diagnosis) Text(p *Paper) {
	area := ""
	for _, f := range r.Findings {
		if f.Area != area {
			area = f.Area
			p.Title("%s", area)
		}
		p.Line("  %s %s: %s", p.Mark(f.Mark), f.Name, f.Detail)
		if f.Mend != "" {
			p.Line("          mend: %s", f.Mend)
		}
	}
	var counts []string
	for _, m := range []Mark{Good, Info, Warn, Unknown, Bad} {
		if n := r.Counts[m]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, m))
		}
	}
	p.Line("")
	p.Line("%s", strings.Join(counts, ", "))
}
