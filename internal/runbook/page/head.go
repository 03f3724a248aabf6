package page

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/runbook"
)

// approve tells an approver in a few lines what is at stake.
func (s *sheet) approve() {
	s.title("What you approve")
	s.line("- **Strategy**: %s, because %s.", s.Strategy, plain(s.Why))
	s.line("- **From the freeze of changes to the end of the cutover**: %s.", lasts(s.ExpectedSeconds))
	inside := s.Schedule(runbook.InWindow)
	if w := s.Window; w != nil {
		_, forward := runbook.Longest(inside)
		opens := "its begin is not agreed on yet"
		if w.Opens != nil {
			opens = "opens " + w.Opens.UTC().Format("2006-01-02 15:04") + " UTC (people read it in " + plain(w.Zone) + ")"
		}
		s.line("- **Window**: %s long, %s. The steps in it take %s; %s are kept for going back; %s are to spare.", lasts(w.Seconds), opens, lasts(forward), lasts(w.RollbackSeconds), lasts(max(w.Seconds-w.RollbackSeconds-forward, 0)))
	} else {
		s.line("- **Window**: none is needed.")
	}
	s.downtime()
	s.undoable()
	if blocking := s.blocking(); blocking > 0 {
		s.line("- **It cannot be approved yet**: %s.", block(blocking))
	}
}

func (s *sheet) blocking() int {
	n := 0
	for _, f := range s.Findings {
		if f.Blocks {
			n++
		}
	}
	return n
}

func block(n int) string {
	if n == 1 {
		return "1 finding blocks it"
	}
	return fmt.Sprintf("%d findings block it", n)
}

// downtime says for how long users cannot write: from the first fence to the
// last writer, and where all go at one time to the last name that leads to the
// target.
func (s *sheet) downtime() {
	from, writes, names := int64(-1), int64(0), int64(0)
	for i := range s.Steps {
		st := &s.Steps[i]
		slot, ok := s.slots[st.ID]
		if !ok {
			continue
		}
		for _, side := range st.After.Writers {
			if side == runbook.Nowhere && (from < 0 || slot.Begin < from) {
				from = slot.Begin
			}
			if side == runbook.AtTarget {
				writes = max(writes, slot.End)
			}
		}
		if len(st.After.Weights) > 0 {
			names = max(names, slot.End)
		}
	}
	switch atOnce := s.Strategy == runbook.BigBang || s.Strategy == runbook.BlueGreen; {
	case from < 0:
		s.line("- **Nothing is fenced**: writes go on.")
	case atOnce && names > writes:
		s.line("- **Users cannot write for** up to %s: the data changes hands within %s, and their names lead to the target after %s.", lasts(names-from), lasts(writes-from), lasts(names-from))
	case s.Strategy == runbook.Phased:
		s.line("- **Users cannot write** one set of data after the other, each while it changes hands; all of that takes place within %s.", lasts(writes-from))
	default:
		s.line("- **Users cannot write for** up to %s, from the first fence to the last switch.", lasts(writes-from))
	}
}

// undoable says until when everything can be undone, and what is lost by going
// back later.
func (s *sheet) undoable() {
	st := s.step(s.PointOfNoReturn)
	if st == nil {
		s.line("- **Everything can be undone**, at any time: there is no point of no return.")
		return
	}
	s.line("- **Everything can be undone until** \"%s\" (`%s`)%s: the point of no return.", plain(st.Title), st.ID, s.when(st))
	var loses []string
	for _, i := range s.order {
		u := s.Steps[i].Undo
		if s.Steps[i].Phase == runbook.Execute && u != nil && u.Loses != "" && !slices.Contains(loses, u.Loses) {
			loses = append(loses, u.Loses)
		}
	}
	const shown = 8
	if len(loses) > shown {
		loses = append(loses[:shown], fmt.Sprintf("and %d more, listed below", len(loses)-shown))
	}
	if len(loses) > 0 {
		s.line("- **Going back after that loses** %s.", plain(strings.Join(loses, "; ")))
	} else {
		s.line("- **Going back after that** is not possible without a loss: %s.", plain(st.UndoReason))
	}
}

// when says at which moment a step begins.
func (s *sheet) when(st *runbook.Step) string {
	if slot, ok := s.inside[st.ID]; ok {
		return fmt.Sprintf(", %s after the window opens", lasts(slot.Begin))
	}
	if slot, ok := s.slots[st.ID]; ok {
		return fmt.Sprintf(", %s after the freeze", lasts(slot.Begin))
	}
	return " in phase " + string(st.Phase)
}

// need is when a role is needed.
type need struct {
	before, cutover, window, after int
	first, last, opens, closes     int64
}

// needed says who is needed when, and who says yes to what.
func (s *sheet) needed() {
	s.title("Who is needed when")
	s.line("Each role answers for its steps, by its own hands or by those of Landfall. Times in the cutover count from the freeze of changes, times in the window from its begin.")
	s.line("")
	roles := s.roles()
	who := map[string]string{}
	for _, c := range s.Contacts {
		who[c.Role] = strings.TrimPrefix(who[c.Role]+", "+c.Name, ", ")
	}
	rows := [][]string{{"role", "who", "before the freeze", "in the cutover", "of that in the window", "after it"}}
	for _, role := range sortedKeys(roles) {
		n := roles[role]
		name := who[role]
		if name == "" {
			name = "**nobody is named**"
		} else {
			name = plain(name)
		}
		rows = append(rows, []string{plain(role), name, some(n.before), span(n.cutover, n.first, n.last), span(n.window, n.opens, n.closes), some(n.after)})
	}
	s.table(rows)
	s.line("")
	rows = [][]string{{"before", "when", "who says yes", "to what"}}
	for _, i := range s.order {
		if st := &s.Steps[i]; st.Approvals.Count > 0 {
			rows = append(rows, []string{plain(st.Title) + " (`" + st.ID + "`)", strings.TrimPrefix(strings.TrimPrefix(s.when(st), ", "), " "), persons(&st.Approvals), plain(st.Approvals.Why)})
		}
	}
	if len(rows) > 1 {
		s.table(rows)
	}
}

func (s *sheet) roles() map[string]need {
	roles := map[string]need{}
	for i := range s.Steps {
		st := &s.Steps[i]
		n := roles[st.Owner]
		switch st.Phase {
		case runbook.Plan, runbook.Prepare:
			n.before++
		case runbook.Execute:
			slot := s.slots[st.ID]
			if n.cutover == 0 || slot.Begin < n.first {
				n.first = slot.Begin
			}
			n.cutover, n.last = n.cutover+1, max(n.last, slot.End)
			if slot, ok := s.inside[st.ID]; ok {
				if n.window == 0 || slot.Begin < n.opens {
					n.opens = slot.Begin
				}
				n.window, n.closes = n.window+1, max(n.closes, slot.End)
			}
		default:
			n.after++
		}
		roles[st.Owner] = n
	}
	return roles
}

// some writes a number of steps.
func some(n int) string {
	if n == 0 {
		return "-"
	}
	return plural(n, "step", "steps")
}

func span(n int, from, to int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprintf("+%s to +%s (%s)", lasts(from), lasts(to), some(n))
}

// persons says how many people say yes, and of which roles.
func persons(a *runbook.Approvals) string {
	text := plural(a.Count, "person", "people")
	if len(a.Roles) > 0 {
		text += " (" + plain(strings.Join(a.Roles, ", ")) + ")"
	}
	return text
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
