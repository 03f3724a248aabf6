package check

import (
	"example.com/landfall/internal/runbook"
)

// times: each step can end in its time, and the window holds what is in it and
// the way back.
func (p *plan) times() {
	for i := range p.Steps {
		s := &p.Steps[i]
		one := []string{s.ID}
		switch {
		case s.ExpectedSeconds < 1 || s.ExpectedBasis == "":
			p.block("time:"+s.ID, "say how long it takes and how that is known", one, "%s does not say how long it takes, or how that is known", s.ID)
		case s.TimeoutSeconds < s.ExpectedSeconds:
			p.block("timeout:"+s.ID, "give it at least the time that it takes", one, "%s is given up after %d s and takes %d s", s.ID, s.TimeoutSeconds, s.ExpectedSeconds)
		case s.WaitSeconds < 0 || s.Retry.Attempts < 1:
			p.block("retry:"+s.ID, "allow one attempt or more, and no negative wait", one, "%s waits %d s and has %d attempts", s.ID, s.WaitSeconds, s.Retry.Attempts)
		}
	}
	inside := p.Schedule(runbook.InWindow)
	path, forward := runbook.Longest(inside)
	back := p.UndoSeconds(runbook.InWindow)
	switch w := p.Window; {
	case len(inside) > 0 && w == nil:
		p.block("window.none", "give the runbook a window", path, "%d steps begin in the window only, and there is none", len(inside))
	case len(inside) > 0 && back > w.RollbackSeconds:
		p.block("window.back", "set runbook.window.rollbackMinutes to what going back takes", nil, "going back takes up to %d min, and the window keeps %d min for it", (back+59)/60, w.RollbackSeconds/60)
	case len(inside) > 0 && forward > w.Seconds-w.RollbackSeconds:
		p.block("window.short", "make the window longer, follow large data online, or take another strategy: landfall plan --advise", path, "the steps in the window take %d min, and it has %d min before the time for going back", (forward+59)/60, max(w.Seconds-w.RollbackSeconds, 0)/60)
	}
	// What takes place after a step of the window and before another one would be
	// carried out inside of it without being counted.
	window, before := runbook.NewSet(len(p.Steps)), runbook.NewSet(len(p.Steps))
	for i := range p.Steps {
		if p.Steps[i].InWindow {
			window.Add(i)
			before.Join(p.behind[i])
		}
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.InWindow || s.Phase != runbook.Execute || !before.Has(i) || !p.behind[i].Meets(window) {
			continue
		}
		if inner, outer := p.between(i); inner != "" {
			p.block("window.gap:"+s.ID, "let it begin in the window too", []string{inner, s.ID, outer}, "%s stands between %s and %s, which begin in the window, and is not in it", s.ID, inner, outer)
		}
	}
}

// between returns a step of the window before the step and one after it.
func (p *plan) between(i int) (before, after string) {
	for n := range p.Steps {
		switch {
		case !p.Steps[n].InWindow:
		case before == "" && p.behind[i].Has(n):
			before = p.Steps[n].ID
		case after == "" && p.behind[n].Has(i):
			after = p.Steps[n].ID
		}
	}
	if before == "" || after == "" {
		return "", ""
	}
	return before, after
}

// readOnly: nothing is written at the source before execution begins, and
// nothing is deleted there before decommission.
func (p *plan) readOnly() {
	for i := range p.Steps {
		s := &p.Steps[i]
		early := s.Phase == runbook.Plan || s.Phase == runbook.Prepare
		one := []string{s.ID}
		if early && (len(s.After.Writers)+len(s.After.Weights)+len(s.After.TTLSeconds)+len(s.After.Serves) > 0) {
			p.block("read-only:"+s.ID, "move it to execute", one, "%s changes the source in phase %s", s.ID, s.Phase)
		}
		if s.After.Gone && s.Phase != runbook.Decommission {
			p.block("gone:"+s.ID, "delete nothing before decommission", one, "%s deletes at the source in phase %s", s.ID, s.Phase)
		}
		if s.After.Gone && s.Approvals.Count < 1 {
			p.block("gone.approval:"+s.ID, "let people approve it", one, "%s deletes at the source without approval", s.ID)
		}
	}
}

// noReturn: the point of no return is the one that the steps give.
func (p *plan) noReturn() {
	if want := p.NoReturn(); want != p.PointOfNoReturn {
		p.block("no-return", "make the runbook anew: landfall plan", some(want), "the runbook names %q as its point of no return, and its steps %q", p.PointOfNoReturn, want)
	}
}
