package page

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/runbook"
)

// data lists what moves, and the ways in.
func (s *sheet) data() {
	s.title("Data and names")
	if len(s.Data) == 0 {
		s.line("No data moves.")
	} else {
		rows := [][]string{{"data", "kind", "size", "method", "changes at the target", "source"}}
		for _, d := range s.Data {
			size, returns := "not known", "cannot be carried back"
			if d.Bytes > 0 {
				size = fmt.Sprintf("%.1f GiB", float64(d.Bytes)/(1<<30))
			}
			switch {
			case d.ReadOnly:
				returns = "none: the workload does not write it"
			case d.Returns:
				returns = "are carried back until the sign-off"
			}
			rows = append(rows, []string{"`" + d.ID + "`", d.Kind, size, d.Method, returns, code(string(d.Source))})
		}
		s.table(rows)
	}
	s.line("")
	if len(s.Routes) == 0 {
		s.line("No name is switched.")
		return
	}
	rows := [][]string{{"name", "shifted by", "time to live", "from", "to"}}
	for _, r := range s.Routes {
		ttl := "not known"
		if r.TTLSeconds > 0 {
			ttl = lasts(r.TTLSeconds)
		}
		rows = append(rows, []string{code(r.ID), r.By, ttl, code(string(r.Front)), code(string(r.Target))})
	}
	s.table(rows)
}

// people lists by owner what is done by hand.
func (s *sheet) people() {
	s.title("What people have to do")
	byOwner := map[string][]*runbook.Step{}
	for _, i := range s.order {
		if st := &s.Steps[i]; st.Kind == "manual" {
			byOwner[st.Owner] = append(byOwner[st.Owner], st)
		}
	}
	for _, owner := range sortedKeys(byOwner) {
		var sum int64
		for _, st := range byOwner[owner] {
			sum += st.ExpectedSeconds
		}
		s.line("")
		s.line("### %s: %s, about %s", plain(owner), some(len(byOwner[owner])), lasts(sum))
		s.line("")
		for _, st := range byOwner[owner] {
			s.line("- [ ] %s: %s (`%s`)", st.Phase, plain(st.Title), st.ID)
			for _, text := range items(st) {
				s.line("  - [ ] %s", plain(text))
			}
		}
	}
}

// items are the single things of a list for people.
func items(st *runbook.Step) []string {
	list, _ := st.Inputs["items"].([]any)
	var out []string
	for _, entry := range list {
		if m, ok := entry.(map[string]any); ok {
			out = append(out, fmt.Sprint(m["name"])+": "+fmt.Sprint(m["do"]))
		}
	}
	return out
}

// steps prints every step in full, by phase.
func (s *sheet) steps() {
	for _, phase := range runbook.Phases() {
		s.title("Steps: " + string(phase))
		rows := [][]string{{"step", "owner", "by", "takes", "needs", "waits for"}}
		for _, i := range s.order {
			st := &s.Steps[i]
			if st.Phase != phase {
				continue
			}
			by := string(st.Kind)
			if by == "manual" {
				by = "people"
			}
			rows = append(rows, []string{plain(st.Title) + " (`" + st.ID + "`)", plain(st.Owner), by, lasts(st.ExpectedSeconds), short(st.Needs), plain(strings.Join(waits(st), "; "))})
		}
		s.table(rows)
		for _, i := range s.order {
			if st := &s.Steps[i]; st.Phase == phase {
				s.full(st)
			}
		}
	}
}

// short names the first of many.
func short(needs []string) string {
	const most = 4
	var out []string
	for i, id := range needs {
		if i == most {
			out = append(out, fmt.Sprintf("and %d more", len(needs)-most))
			break
		}
		out = append(out, "`"+id+"`")
	}
	return strings.Join(out, ", ")
}

// waits says what keeps a step from beginning besides other steps.
func waits(st *runbook.Step) []string {
	var out []string
	if st.InWindow {
		out = append(out, "the window")
	}
	if st.WaitSeconds > 0 {
		out = append(out, lasts(st.WaitSeconds))
	}
	for _, g := range st.Gates {
		text := "gate " + g.ID
		if g.HoldSeconds > 0 {
			text += " for " + lasts(g.HoldSeconds)
		}
		out = append(out, text)
	}
	if st.Approvals.Count > 0 {
		out = append(out, "the word of "+persons(&st.Approvals))
	}
	return out
}

// full prints one step: what happens, how it is seen, proved and undone.
func (s *sheet) full(st *runbook.Step) {
	s.line("")
	s.line("<details><summary><code>%s</code>: %s</summary>", st.ID, plain(st.Title))
	s.line("")
	s.line("- Is it done already? %s.", plain(st.Probe))
	s.line("- Do: %s.", plain(st.Do))
	s.line("- Prove: %s.", plain(st.Verify))
	for _, g := range st.Gates {
		s.line("- Gate `%s`: `%s`; %s.", g.ID, g.Expr, plain(g.Why))
	}
	if st.Approvals.Count > 0 {
		s.line("- Approvals: %s, for this: %s.", persons(&st.Approvals), plain(st.Approvals.Why))
	}
	switch {
	case st.Undo == nil:
		s.line("- Undo: none; %s.", plain(st.UndoReason))
	case st.Undo.Loses != "":
		s.line("- Undo: %s. It loses %s.", plain(st.Undo.Do), plain(st.Undo.Loses))
	default:
		s.line("- Undo: %s.", plain(st.Undo.Do))
	}
	s.line("- Takes %s (%s); given up after %s.", lasts(st.ExpectedSeconds), plain(st.ExpectedBasis), lasts(st.TimeoutSeconds))
	s.line("")
	s.line("</details>")
}

func (s *sheet) left() {
	if len(s.NotPlanned) == 0 {
		return
	}
	s.title("Not planned")
	rows := [][]string{{"what", "why", "resource"}}
	for _, n := range s.NotPlanned {
		rows = append(rows, []string{plain(n.What), plain(n.Why), code(string(n.About))})
	}
	s.table(rows)
}

// code writes a name as it is.
func code(name string) string {
	return "`" + strings.NewReplacer("`", "'", "<", "(", ">", ")", "\n", " ", "\x00", " ").Replace(name) + "`"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
