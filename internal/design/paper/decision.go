package paper

import (
	"fmt"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
)

// record is the document of one decision.
type record struct {
	decision design.Decision
	file     design.File
}

// decisions prints a record for each decision that somebody may question:
// those with a target of their own, gaps, or work for people. The rest stands in
// the index only.
func decisions(d *design.Design) []record {
	byID := map[cloud.ResourceID]design.Resource{}
	for _, r := range d.Resources {
		byID[r.ID] = r
	}
	taken, called, label := map[string]int{}, titles(d), design.Labels(d)
	var out []record
	for _, v := range d.Decisions {
		if len(v.Gaps) == 0 && len(v.ToDo) == 0 && len(v.Alternatives) == 0 && v.Ruled == nil && v.Action != design.Migrate && v.Action != design.Manual {
			continue
		}
		name := slug(v)
		taken[name]++
		if n := taken[name]; n > 1 {
			name = fmt.Sprintf("%s-%d", name, n)
		}
		out = append(out, record{v, design.File{Path: "decisions/" + name + ".md", Content: decision(v, called(v), byID, label)}})
	}
	return out
}

// slug is the kind without "AWS::" and the name, as a file name.
func slug(v design.Decision) string {
	text := strings.ToLower(strings.TrimPrefix(string(v.Kind), "AWS::") + "-" + v.Name)
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	const most = 100
	name := b.String()
	return strings.Trim(name[:min(len(name), most)], "-")
}

func decision(v design.Decision, name string, byID map[cloud.ResourceID]design.Resource, label func(design.Resource) string) []byte {
	s := begin(fmt.Sprintf("%s: %s", escape(name), v.Outcome()))
	s.line("")
	s.line("- source: `%s` (%s)", v.Source, v.Kind)
	s.line("- rule: %s, confidence %.0f %%", v.Rule, v.Confidence*100)
	if v.RuleSource != "" {
		s.line("- rests on: %s", escape(v.RuleSource))
	}
	if v.Override != "" {
		s.line("- landfall.yaml: %s", escape(v.Override))
	}
	s.title("Decision")
	s.line("%s", escape(v.Why))
	if len(v.Targets) > 0 {
		s.line("")
		for _, id := range v.Targets {
			r := byID[id]
			s.line("- `%s` %s", r.Type, escape(label(r)))
		}
	}
	overruled(s, v.Ruled)
	if len(v.Alternatives) > 0 {
		s.title("Alternatives")
		for _, a := range v.Alternatives {
			s.line("- %s: %s", escape(a.Target), escape(a.WhyNot))
		}
	}
	s.title("Consequences")
	switch {
	case len(v.Gaps) > 0:
	case v.Action == design.Retire:
		s.line("Nothing at the target takes its place.")
	default:
		s.line("No difference in behaviour is known.")
	}
	for _, g := range v.Gaps {
		s.line("- **%s** %s", g.Severity, escape(g.Title))
		if g.At != "" {
			s.line("  - here: `%s`", strings.ReplaceAll(g.At, "`", "'"))
		}
		if g.Do != "" {
			s.line("  - %s", escape(g.Do))
		}
	}
	if len(v.ToDo) > 0 {
		s.title("To do by people")
		for i, t := range v.ToDo {
			s.line("%d. %s", i+1, escape(t))
		}
	}
	if v.Cost != nil || v.EffortDays > 0 {
		s.title("Cost and effort")
	}
	if v.Cost != nil {
		s.line("A month before: %s, after: %s. %s", dollars(v.Cost.Before), dollars(v.Cost.After), escape(v.Cost.Basis))
	}
	if v.EffortDays > 0 {
		s.line("Effort: %.1f person days.", v.EffortDays)
	}
	return s.bytes()
}

// overruled tells what the rule had decided before a person did.
func overruled(s *sheet, r *design.Ruled) {
	if r == nil {
		return
	}
	s.title("What the rule had decided")
	s.line("%s: %s", r.Action, escape(r.Why))
	s.line("")
	s.line("- rule: %s, confidence %.0f %%", r.Rule, r.Confidence*100)
	for _, t := range r.Targets {
		s.line("- it would have made `%s`", t)
	}
	for _, g := range r.Gaps {
		s.line("- that would behave differently: **%s** %s", g.Severity, escape(g.Title))
	}
}

// index lists every decision, so that nothing is found in no document.
func index(d *design.Design, records []record) []byte {
	paths := map[cloud.ResourceID]string{}
	for _, r := range records {
		paths[r.decision.Source] = r.file.Path
	}
	s := begin("The design of " + d.Workload)
	s.line("")
	s.line("Region %s, resource group `%s`: %s, %s. %s", d.Place.Location, d.Place.Group, counted(len(d.Decisions), "decision", "decisions"), counted(len(d.Resources), "target resource", "target resources"), whose(d))
	s.line("")
	for _, doc := range [][2]string{
		{"network-request.md", "what the platform team is asked for"}, {"security-parity.md", "security controls before and after"},
		{"failure-modes.md", "what can fail in each critical flow"}, {"proof-of-concept.md", "what to try first"},
		{"regions-and-quotas.md", "regions compared, limits needed"}, {"cost.md", "cost before and after"},
		{"names.md", "what is called otherwise in each environment"},
	} {
		s.line("- [%s](%s): %s", strings.TrimSuffix(doc[0], ".md"), doc[0], doc[1])
	}
	findings(s, d)
	parameters(s, d)
	s.title("Decisions")
	rows, called := [][]string{{"resource", "kind", "decision", "why"}}, titles(d)
	for _, v := range d.Decisions {
		name := called(v)
		if p, ok := paths[v.Source]; ok {
			name = fmt.Sprintf("[%s](%s)", strings.NewReplacer("[", "(", "]", ")").Replace(name), p)
		}
		rows = append(rows, []string{name, string(v.Kind), v.Outcome(), v.Why})
	}
	s.table(rows)
	return s.bytes()
}

func findings(s *sheet, d *design.Design) {
	if len(d.Findings) == 0 {
		return
	}
	s.title("Findings")
	rows := [][]string{{"severity", "finding", "what", "do", "state"}}
	for _, f := range d.Findings {
		state := "open"
		switch {
		case f.Accepted != "":
			state = "accepted: " + f.Accepted
		case f.Blocks:
			state = "blocks the deployment"
		}
		rows = append(rows, []string{string(f.Severity), f.ID, f.Text, f.Do, state})
	}
	s.table(rows)
}
