package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// Designed is the result of "landfall design".
type Designed struct {
	Workload    string       `json:"workload"`
	Fingerprint string       `json:"fingerprint"`
	Place       design.Place `json:"place"`
	Decisions   int          `json:"decisions"`
	Resources   int          `json:"resources"`
	// Actions counts the decisions by action, Gaps by severity.
	Actions map[design.Action]int   `json:"actions"`
	Gaps    map[design.Severity]int `json:"gaps"`
	// Manual are the decisions that a person has to take, Unmapped the kinds that
	// no rule knows.
	Manual    []ManualDecision   `json:"manual"`
	Unmapped  []cloud.Kind       `json:"unmapped"`
	WorstGaps []NamedGap         `json:"worstGaps"`
	Findings  []design.Finding   `json:"findings"`
	Network   NetworkVerdict     `json:"network"`
	Wider     int                `json:"wider"`
	Roles     int                `json:"roles"`
	Cost      design.CostSummary `json:"cost"`
	Documents int                `json:"documents"`
	// Parameters are what a deployment wants to be given.
	Parameters []Parameter `json:"parameters"`
	// Evidence is the ledger entry that records the design.
	Evidence int64 `json:"evidence"`
}

// ManualDecision is a decision that a person has to take.
type ManualDecision struct {
	Source cloud.ResourceID `json:"source"`
	Kind   cloud.Kind       `json:"kind"`
	Name   string           `json:"name"`
	Do     string           `json:"do"`
}

// NamedGap is a gap with the resource that meets it.
type NamedGap struct {
	design.Gap
	Name string     `json:"name"`
	Kind cloud.Kind `json:"kind"`
}

// NetworkVerdict sums up the network proof.
type NetworkVerdict struct {
	// Verdict is "equal", "different", "undecided" or "none".
	Verdict   string `json:"verdict"`
	Endpoints int    `json:"endpoints"`
	Wider     int    `json:"wider"`
	Narrower  int    `json:"narrower"`
	Accepted  int    `json:"accepted"`
	Undecided int    `json:"undecided"`
}

// OfDesign sums up a design.
func OfDesign(d *design.Design, fingerprint string, evidence int64, documents int) Designed {
	out := Designed{
		Workload: d.Workload, Fingerprint: fingerprint, Place: d.Place, Decisions: len(d.Decisions), Resources: len(d.Resources),
		Actions: map[design.Action]int{}, Gaps: map[design.Severity]int{}, Manual: []ManualDecision{}, Unmapped: []cloud.Kind{}, WorstGaps: []NamedGap{},
		Findings: d.Findings, Network: networkVerdict(d), Roles: len(d.Identity), Cost: d.Cost, Evidence: evidence, Documents: documents,
	}
	for _, v := range d.Decisions {
		out.Actions[v.Action]++
		if v.Action == design.Manual {
			do := ""
			if len(v.ToDo) > 0 {
				do = v.ToDo[0]
			}
			if do == "" {
				do = v.Why
			}
			out.Manual = append(out.Manual, ManualDecision{v.Source, v.Kind, v.Name, do})
		}
		if v.Rule == "design/service-map" && !slices.Contains(out.Unmapped, v.Kind) {
			out.Unmapped = append(out.Unmapped, v.Kind)
		}
		for _, g := range v.Gaps {
			out.Gaps[g.Severity]++
			if g.Severity == design.Critical || g.Severity == design.High {
				out.WorstGaps = append(out.WorstGaps, NamedGap{g, v.Name, v.Kind})
			}
		}
	}
	for _, g := range d.Identity {
		if len(g.Wider) > 0 {
			out.Wider++
		}
	}
	slices.Sort(out.Unmapped)
	slices.SortStableFunc(out.WorstGaps, func(a, b NamedGap) int { return cmp.Compare(a.Severity, b.Severity) })
	return out
}

func networkVerdict(d *design.Design) NetworkVerdict {
	if d.Network == nil {
		return NetworkVerdict{Verdict: "none"}
	}
	v := NetworkVerdict{Verdict: "different", Endpoints: d.Network.Endpoints, Undecided: len(d.Network.Undecided)}
	for _, x := range d.Network.Differences {
		switch {
		case x.Accepted != "":
			v.Accepted++
		case x.Wider:
			v.Wider++
		default:
			v.Narrower++
		}
	}
	switch {
	case d.Network.Equal:
		v.Verdict = "equal"
	case v.Wider+v.Narrower == 0 && v.Undecided > 0:
		v.Verdict = "undecided"
	case v.Wider+v.Narrower == 0:
		v.Verdict = "accepted"
	}
	return v
}

// Text writes the result for a person: what blocks comes first.
func (r Designed) Text(p *Paper) {
	p.Line("%s: %s and %s in %s, resource group %s%s", r.Workload, plural(int64(r.Decisions), "decision", "decisions"), plural(int64(r.Resources), "target resource", "target resources"), r.Place.Location, r.Place.Group, of(r.Place.Environment))
	p.Line("  %s", r.actions())
	r.findings(p)
	p.Title("proofs")
	r.proofs(p)
	r.people(p)
	parameters(p, r.Parameters)
	p.Title("cost a month, estimated from list prices")
	p.Line("  where both sides have a known price (%s): before %s, after %s", plural(int64(r.Cost.Compared), "decision", "decisions"), dollars(r.Cost.ComparedBefore), dollars(r.Cost.ComparedAfter))
	p.Line("  all that is known: before at least %s, after at least %s; what has no known price is named in design/cost.md", dollars(r.Cost.Before), dollars(r.Cost.After))
	egress := "not known"
	if r.Cost.EgressKnown() {
		egress = dollars(r.Cost.Egress)
	}
	p.Line("  moving the known data out of AWS, once: %s", egress)
	p.Line("")
	p.Line("wrote design.json (%s, ledger entry %d) and %s below design/", short(r.Fingerprint), r.Evidence, plural(int64(r.Documents), "document", "documents"))
	environment := r.Place.Environment
	if environment == "" {
		environment = "NAME"
	}
	p.Line("next: landfall explain NAME, landfall iac, landfall deploy --environment %s", environment)
}

// of names the environment whose names are shown.
func of(environment string) string {
	if environment == "" {
		return ""
	}
	return " (environment " + environment + ")"
}

// actions counts the decisions by action, in words.
func (r Designed) actions() string {
	var parts []string
	for _, a := range []design.Action{design.Migrate, design.Replace, design.Retain, design.Retire, design.Manual} {
		if n := r.Actions[a]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, a))
		}
	}
	return strings.Join(parts, ", ")
}

func dollars(v float64) string { return fmt.Sprintf("$%.0f", v) }

// short shows enough of a fingerprint to recognise it.
func short(fingerprint string) string {
	const shown = len("sha256:") + 12
	return fingerprint[:min(len(fingerprint), shown)]
}

func (r Designed) findings(p *Paper) {
	var blocking, other []design.Finding
	for _, f := range r.Findings {
		if f.Blocks && f.Accepted == "" {
			blocking = append(blocking, f)
		} else if f.Accepted == "" {
			other = append(other, f)
		}
	}
	if len(blocking) > 0 {
		p.Title("blocks the deployment: %d", len(blocking))
		for _, f := range blocking[:min(len(blocking), shownLines)] {
			p.Line("  %s %s: %s", p.Mark(Bad), f.ID, f.Text)
			if f.Do != "" {
				p.Line("          %s", f.Do)
			}
		}
		more(p, len(blocking), "design.json, findings")
	}
	if len(other) > 0 {
		p.Title("to know: %d", len(other))
		for _, f := range other[:min(len(other), shownLines)] {
			p.Line("  %s %s: %s", p.Mark(Warn), f.ID, f.Text)
		}
		more(p, len(other), "design.json, findings")
	}
}

func (r Designed) proofs(p *Paper) {
	n := r.Network
	switch n.Verdict {
	case "none":
		p.Line("  %s network: nothing to prove, no network in the workload", p.Mark(Info))
	case "equal":
		but := ""
		if n.Accepted > 0 {
			but = fmt.Sprintf(", but for %s that Azure's platform demands (design.json, network)", plural(int64(n.Accepted), "rule", "rules"))
		}
		p.Line("  %s network: the same packets pass between %s on both sides%s", p.Mark(Good), plural(int64(n.Endpoints), "endpoint", "endpoints"), but)
	default:
		mark := Warn
		if n.Wider > 0 {
			mark = Bad
		} else if n.Verdict == "undecided" {
			mark = Unknown
		}
		p.Line("  %s network: %d wider, %d narrower, %d accepted, %d undecided, between %s (design.json, network)", p.Mark(mark), n.Wider, n.Narrower, n.Accepted, n.Undecided, plural(int64(n.Endpoints), "endpoint", "endpoints"))
	}
	switch {
	case r.Roles == 0:
		p.Line("  %s identity: no workload role", p.Mark(Info))
	case r.Wider == 0:
		p.Line("  %s identity: none of %s may do more than before", p.Mark(Good), plural(int64(r.Roles), "role", "roles"))
	default:
		p.Line("  %s identity: %d of %s may do more than before (design.json, identity)", p.Mark(Warn), r.Wider, plural(int64(r.Roles), "role", "roles"))
	}
}

// people is what is left for people to do.
func (r Designed) people(p *Paper) {
	if len(r.Manual) > 0 {
		p.Title("no automatic mapping: %d", len(r.Manual))
		for _, m := range r.Manual[:min(len(r.Manual), shownLines)] {
			p.Line("  %s (%s): %s", m.Name, m.Kind, m.Do)
		}
		more(p, len(r.Manual), "design.json, decisions")
	}
	if len(r.WorstGaps) > 0 {
		p.Title("behaves differently: %d critical, %d high, %d medium, %d low", r.Gaps[design.Critical], r.Gaps[design.High], r.Gaps[design.Medium], r.Gaps[design.Low])
		for _, g := range r.WorstGaps[:min(len(r.WorstGaps), shownLines)] {
			p.Line("  %s %s: %s", g.Severity, g.Name, g.Title)
		}
		more(p, len(r.WorstGaps), "design.json, decisions")
	}
}

// Refreshed is the result of "landfall catalog refresh".
type Refreshed struct {
	ReadAt string          `json:"readAt"`
	Parts  []RefreshedPart `json:"parts"`
}

// RefreshedPart is one question to a cloud.
type RefreshedPart struct {
	Name   string `json:"name"`
	Count  int    `json:"count"`
	Unread string `json:"unread,omitempty"`
}

// Text writes the result for a person.
func (r Refreshed) Text(p *Paper) {
	for _, part := range r.Parts {
		if part.Unread != "" {
			p.Line("  %s %s: %s", p.Mark(Unknown), part.Name, part.Unread)
			continue
		}
		p.Line("  %s %s: %d", p.Mark(Good), part.Name, part.Count)
	}
	p.Line("wrote catalog.json; the next design reads it")
}

// Printed is the result of "landfall iac".
type Printed struct {
	Folder string `json:"folder"`
	Files  int    `json:"files"`
	// Blocking counts the findings that forbid a deployment of what was printed.
	Blocking int `json:"blocking"`
	// Parameters are what a deployment wants to be given.
	Parameters []Parameter `json:"parameters"`
	// Pipelines says what was found in the checkout and what was written for it.
	Pipelines []design.Finding `json:"pipelines,omitempty"`
}

// Text writes the result for a person.
func (r Printed) Text(p *Paper) {
	p.Line("wrote %s below %s", plural(int64(r.Files), "file", "files"), r.Folder)
	parameters(p, r.Parameters)
	for _, f := range r.Pipelines {
		p.Line("  %s %s: %s", p.Mark(Info), f.ID, f.Text)
		if f.Do != "" {
			p.Line("          %s", f.Do)
		}
	}
	if r.Blocking > 0 {
		p.Line("  %s %s of the design: do not deploy this before they are mended or accepted", p.Mark(Bad), plural(int64(r.Blocking), "finding blocks", "findings block"))
	}
}
