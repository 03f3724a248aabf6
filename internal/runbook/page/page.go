package page

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/runbook"
)

// The names of the files.
const (
	Document = "runbook.md"
	Picture  = "runbook.svg"
)

// Files prints the pages of a runbook whose fingerprint is given.
func Files(r *runbook.Runbook, fingerprint string) []design.File {
	return []design.File{{Path: Document, Content: document(r, fingerprint)}, {Path: Picture, Content: picture(r)}}
}

// sheet is a Markdown document under construction.
type sheet struct {
	*runbook.Runbook
	b      bytes.Buffer
	slots  map[string]runbook.Slot // from the freeze on
	inside map[string]runbook.Slot // from the begin of the window on
	order  []int
	index  map[string]int
}

func document(r *runbook.Runbook, fingerprint string) []byte {
	s := &sheet{Runbook: r, slots: map[string]runbook.Slot{}, index: r.Index(), inside: map[string]runbook.Slot{}}
	s.order, _ = runbook.Order(r.Steps)
	for _, slot := range r.Schedule(runbook.InCutover) {
		s.slots[slot.ID] = slot
	}
	for _, slot := range r.Schedule(runbook.InWindow) {
		s.inside[slot.ID] = slot
	}
	s.line("<!-- Printed by landfall from runbook.json: change landfall.yaml or the design and run landfall plan again. -->")
	s.line("# Runbook of %s: to %s, %s", plain(r.Workload), plain(r.Environment), r.Strategy)
	s.line("")
	s.line("Fingerprint `%s`. Whoever approves, approves exactly this version.", fingerprint)
	s.approve()
	s.line("")
	s.line("![The timeline of the cutover](%s)", Picture)
	s.needed()
	s.findings()
	s.path()
	s.noReturn()
	s.back()
	s.triggers()
	s.acceptance()
	s.contacts()
	s.messages()
	s.data()
	s.people()
	s.steps()
	s.left()
	return s.b.Bytes()
}

func (s *sheet) line(format string, args ...any) { fmt.Fprintf(&s.b, format+"\n", args...) }

func (s *sheet) title(text string) {
	s.line("")
	s.line("## %s", text)
	s.line("")
}

// table writes rows, the first of which is the heading.
func (s *sheet) table(rows [][]string) {
	for i, row := range rows {
		cells := make([]string, len(row))
		for j, cell := range row {
			cells[j] = strings.ReplaceAll(cell, "|", `\|`)
		}
		s.line("| %s |", strings.Join(cells, " | "))
		if i == 0 {
			s.line("|%s", strings.Repeat(" --- |", len(row)))
		}
	}
}

// plain takes from a text what Markdown would understand differently.
func plain(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r < ' ':
			out.WriteByte(' ')
		case r == '<':
			out.WriteString("&lt;")
		case r == '>':
			out.WriteString("&gt;")
		case r == '*' || r == '_' || r == '[':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r == '`':
			out.WriteByte('\'')
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// lasts writes a length of time.
func lasts(seconds int64) string {
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

func (s *sheet) step(id string) *runbook.Step {
	if i, known := s.index[id]; known {
		return &s.Steps[i]
	}
	return nil
}

func (s *sheet) findings() {
	if len(s.Findings) == 0 {
		return
	}
	s.title("Findings")
	for _, f := range s.Findings {
		mark := "Look at it"
		if f.Blocks {
			mark = "**Blocks**"
		}
		s.line("- %s: %s. To mend it: %s. (`%s`)", mark, plain(f.Text), plain(f.Do), f.ID)
		for _, e := range f.Example {
			s.line("  1. %s", plain(e))
		}
	}
}

// path shows what decides how long it takes.
func (s *sheet) path() {
	s.title("Critical path")
	s.line("Whatever delays one of these delays the end. Times count from the freeze of changes.")
	s.line("")
	rows := [][]string{{"step", "begins", "waits", "takes", "ends", "in the window", "how that is known"}}
	for _, id := range s.CriticalPath {
		st := s.step(id)
		if st == nil {
			continue
		}
		slot := s.slots[id]
		inside := ""
		if st.InWindow {
			inside = "yes"
		}
		rows = append(rows, []string{plain(st.Title) + " (`" + id + "`)", "+" + lasts(slot.Ready), dash(st.Lead()), lasts(st.ExpectedSeconds), "+" + lasts(slot.End), inside, plain(st.ExpectedBasis)})
	}
	s.table(rows)
	if s.Window != nil {
		ids, forward := runbook.Longest(s.Schedule(runbook.InWindow))
		s.line("")
		s.line("Of the window of %s the longest chain of steps takes %s (%s), %s are kept for going back, and %s are to spare.", lasts(s.Window.Seconds), lasts(forward), some(len(ids)), lasts(s.Window.RollbackSeconds), lasts(max(s.Window.Seconds-s.Window.RollbackSeconds-forward, 0)))
	}
}

// noReturn says what cannot be had back.
func (s *sheet) noReturn() {
	s.title("What can still be undone")
	if s.PointOfNoReturn == "" {
		s.line("Everything, at any time.")
		return
	}
	s.line("Up to `%s` a rollback brings the source back as it was. From there on each of these loses something or stays:", s.PointOfNoReturn)
	s.line("")
	rows := [][]string{{"step", "phase", "going back over it"}}
	var group []*runbook.Step // that say the same of themselves, one after the other
	flush := func() {
		if len(group) == 0 {
			return
		}
		name := code(group[0].ID)
		if n := len(group); n > 1 {
			name += fmt.Sprintf(" to %s (%s)", code(group[n-1].ID), some(n))
		}
		rows = append(rows, []string{name, string(group[0].Phase), loss(group[0])})
		group = nil
	}
	for _, i := range s.order {
		st := &s.Steps[i]
		if loss(st) == "" {
			continue
		}
		if len(group) > 0 && (loss(group[0]) != loss(st) || group[0].Phase != st.Phase) {
			flush()
		}
		group = append(group, st)
	}
	flush()
	s.table(rows)
}

// loss says what going back over a step loses, "" for nothing.
func loss(st *runbook.Step) string {
	switch {
	case st.Undo != nil && st.Undo.Loses != "":
		return "loses " + plain(st.Undo.Loses)
	case st.Undo == nil && st.After.Binds():
		return "is not possible: " + plain(st.UndoReason)
	}
	return ""
}

// dash writes a length of time that may be none.
func dash(seconds int64) string {
	if seconds == 0 {
		return "-"
	}
	return lasts(seconds)
}

// back is the rollback plan: what is undone, newest first, with the time from
// the begin of the rollback.
func (s *sheet) back() {
	s.title("Rollback plan")
	s.line("From the end of the cutover, in this order; a rollback that begins earlier begins further down. Steps that change nothing have nothing to undo and are left out.")
	s.line("")
	rows := [][]string{{"undo of", "what happens", "owner", "takes", "done after", "loses"}}
	var sum int64
	order := slices.Clone(s.order)
	slices.Reverse(order)
	for _, i := range order {
		st := &s.Steps[i]
		if st.Phase != runbook.Execute || st.Undo == nil {
			continue
		}
		sum += st.Undo.ExpectedSeconds
		rows = append(rows, []string{"`" + st.ID + "`", plain(st.Undo.Do), plain(st.Owner), lasts(st.Undo.ExpectedSeconds), lasts(sum), cmp.Or(plain(st.Undo.Loses), "nothing")})
	}
	s.table(rows)
	s.line("")
	if back := s.BackSeconds(); back > 0 {
		s.line("**The source takes all users and all writes again after %s**; what stands below that only tidies up. Between the first name that goes back and the last fence that is lifted users can read and cannot write.", lasts(back))
		s.line("")
	}
	s.line("Going back is not always better than fixing forward: once users have written at the target, compare what going back loses with what staying costs, and let the one who decides say so.")
}

func (s *sheet) triggers() {
	s.title("Rollback triggers")
	if len(s.Triggers) == 0 {
		s.line("None: no name is switched, so people decide by the tests.")
		return
	}
	rows := [][]string{{"when", "for", "watched", "then", "who may overrule it", "why"}}
	for _, t := range s.Triggers {
		then := t.Action
		if t.To != "" {
			then += " to before `" + t.To + "`"
		}
		rows = append(rows, []string{"`" + t.Expr + "`", dash(t.HoldSeconds), "`" + t.From + "` to `" + t.Until + "`", then, plain(t.Decides), plain(t.Why)})
	}
	s.table(rows)
}

func (s *sheet) acceptance() {
	s.title("Acceptance")
	for _, c := range s.Acceptance {
		measured := "a person says so"
		if c.Gate != nil {
			measured = "measured: `" + c.Gate.Expr + "`, " + plain(c.Gate.Why)
		}
		s.line("- [ ] %s (%s)", plain(c.Text), measured)
	}
}

func (s *sheet) contacts() {
	s.title("Contacts")
	if len(s.Contacts) == 0 {
		s.line("Nobody is named yet: set `runbook.contacts` in landfall.yaml.")
		return
	}
	rows := [][]string{{"role", "who", "reach", "does"}}
	for _, c := range s.Contacts {
		rows = append(rows, []string{plain(c.Role), plain(c.Name), plain(c.Reach), plain(c.Does)})
	}
	s.table(rows)
}

func (s *sheet) messages() {
	rows := [][]string{{"when", "to", "text"}}
	for _, i := range s.order {
		st := &s.Steps[i]
		for _, m := range st.Messages {
			when := map[string]string{"before": "before `%s`", "begun": "when `%s` begins", "done": "when `%s` is done", "failed": "when `%s` fails"}[m.When]
			rows = append(rows, []string{fmt.Sprintf(when, st.ID), plain(strings.Join(m.To, ", ")), plain(m.Text)})
		}
	}
	if len(rows) > 1 {
		s.title("Messages")
		s.table(rows)
	}
}
