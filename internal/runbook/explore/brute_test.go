package explore_test

import (
	"slices"

	"example.com/landfall/internal/runbook"
)

// scene is everything about the one set of data and the one route of the small
// runbooks, in the words of the model and not in those of the search.
type scene struct {
	writer, carried runbook.Side
	share           runbook.Weights
	serves          [2]bool // at the source, at the target
	gone            bool
	// ahead: writes of a side that the other may lack.
	sourceAhead, targetAhead bool
	// came: everything of the target arrived at the source behind the fence.
	came bool
	// gap: the target was written while nothing was carried back.
	gap      bool
	forgiven bool
}

// brute walks all runs without remembering any state. It returns what goes
// wrong in the first faulty one, "" when none is.
func brute(r *runbook.Runbook) string {
	w := &walk{r: r, index: r.Index(), budget: 3_000_000}
	order, _ := runbook.Order(r.Steps)
	w.place = map[int]int{}
	for at, i := range order {
		w.place[i] = at
	}
	start := scene{writer: runbook.AtSource, carried: runbook.Nowhere, share: runbook.Weights{Source: 100}, serves: [2]bool{true, false}, sourceAhead: true}
	return w.forward(start, nil, -1)
}

type walk struct {
	r      *runbook.Runbook
	index  map[string]int
	place  map[int]int
	budget int
}

type past struct {
	step   int
	before scene
	some   []string // members of After that took effect
}

// members are the names of what an After changes.
func members(a *runbook.After) []string {
	var out []string
	if len(a.Writers) > 0 {
		out = append(out, "writers")
	}
	if len(a.Replicates) > 0 {
		out = append(out, "replicates")
	}
	if len(a.Weights) > 0 {
		out = append(out, "weights")
	}
	if len(a.Serves) > 0 {
		out = append(out, "serves")
	}
	if a.Gone {
		out = append(out, "gone")
	}
	return out
}

func (w *walk) forward(now scene, history []past, broken int) string {
	w.budget--
	if w.budget < 0 {
		panic("the runbook is too large for the brute force")
	}
	if len(history) > 0 {
		if fault := w.back(now, history); fault != "" {
			return fault
		}
	}
	begun := false
	for i := range w.r.Steps {
		s := &w.r.Steps[i]
		if !w.may(s, i, history, broken) {
			continue
		}
		begun = true
		all := members(&s.After)
		for _, some := range subsets(all) {
			after, fault := now.change(&s.After, some)
			if fault != "" {
				return s.ID + " " + fault
			}
			if len(some) == len(all) {
				if fault := w.forward(after, append(slices.Clone(history), past{i, now, some}), broken); fault != "" {
					return fault
				}
			}
			if broken < 0 && len(some) > 0 {
				if fault := w.stuck(after, history, past{i, now, some}); fault != "" {
					return fault
				}
			}
		}
	}
	if !begun && broken < 0 && (now.writer != runbook.AtTarget || now.share.Target != 100) {
		return "not finished"
	}
	return ""
}

// stuck is a step that has an effect and is not done: others go on, it is done
// after all, or everything goes back.
func (w *walk) stuck(now scene, history []past, p past) string {
	if fault := w.back(now, append(slices.Clone(history), p)); fault != "" {
		return fault
	}
	s := &w.r.Steps[p.step]
	mended, fault := now.change(&s.After, members(&s.After))
	if fault != "" {
		return fault
	}
	if fault := w.forward(mended, append(slices.Clone(history), past{p.step, p.before, members(&s.After)}), -1); fault != "" {
		return fault
	}
	for i := range w.r.Steps {
		other := &w.r.Steps[i]
		if i == p.step || !w.may(other, i, history, p.step) {
			continue
		}
		after, fault := now.change(&other.After, members(&other.After))
		if fault != "" {
			return fault
		}
		if fault := w.stuck(after, append(slices.Clone(history), past{i, now, members(&other.After)}), p); fault != "" {
			return fault
		}
	}
	return ""
}

func (w *walk) may(s *runbook.Step, i int, history []past, broken int) bool {
	has := func(i int) bool { return slices.ContainsFunc(history, func(p past) bool { return p.step == i }) }
	if has(i) || i == broken {
		return false
	}
	return !slices.ContainsFunc(s.Needs, func(need string) bool { return !has(w.index[need]) })
}

// back takes everything back, newest first.
func (w *walk) back(now scene, history []past) string {
	for len(history) > 0 {
		p := history[len(history)-1]
		history = history[:len(history)-1]
		s := &w.r.Steps[p.step]
		limit, known := w.index[w.r.PointOfNoReturn]
		said := known && w.place[limit] <= w.place[p.step] && len(members(&s.After)) > 0
		data := len(s.After.Writers)+len(s.After.Replicates)+len(s.After.Serves) > 0
		now.forgiven = now.forgiven || said && (s.Undo == nil || s.Undo.Loses != "" && data)
		if s.Undo == nil {
			if s.After.Gone && now.forgiven {
				return ""
			}
			continue
		}
		undone, fault := now.restore(s, p)
		if fault != "" {
			return fault
		}
		now = undone
	}
	if !now.forgiven && (now.writer != runbook.AtSource || now.share.Source != 100 || !now.serves[0]) {
		return "not returned"
	}
	return ""
}

func (c scene) restore(s *runbook.Step, p past) (scene, string) {
	a := runbook.After{}
	for _, name := range p.some {
		switch name {
		case "writers":
			a.Writers = map[string]runbook.Side{"db": p.before.writer}
		case "replicates":
			a.Replicates = map[string]runbook.Side{"db": p.before.carried}
		case "weights":
			a.Weights = map[string]runbook.Weights{"www": p.before.share}
		case "serves":
			a.Serves = map[runbook.Side]bool{runbook.AtSource: p.before.serves[0], runbook.AtTarget: p.before.serves[1]}
		}
	}
	if s.Undo.After != nil && s.Undo.After.Writers != nil {
		a.Writers = s.Undo.After.Writers
	}
	return c.change(&a, members(&a))
}

// change applies the named members of an After.
func (c scene) change(a *runbook.After, some []string) (scene, string) {
	fault := ""
	if slices.Contains(some, "replicates") {
		c.carried = a.Replicates["db"]
	}
	if slices.Contains(some, "weights") {
		c.share = a.Weights["www"]
	}
	if slices.Contains(some, "serves") {
		for side, at := range map[runbook.Side]int{runbook.AtSource: 0, runbook.AtTarget: 1} {
			if yes, said := a.Serves[side]; said {
				c.serves[at] = yes
			}
		}
	}
	c.gone = c.gone || slices.Contains(some, "gone")
	if slices.Contains(some, "writers") {
		fault = c.give(a.Writers["db"])
	}
	switch {
	case c.writer == runbook.AtSource:
		c.sourceAhead, c.targetAhead = true, false
	case c.writer == runbook.AtTarget:
		c.targetAhead, c.came = true, false
		c.gap = c.gap || c.carried != runbook.AtSource
	default:
		c.came = c.came || c.carried == runbook.AtSource && !c.gap
		if c.carried == runbook.AtTarget && !c.targetAhead {
			c.sourceAhead = false
		}
	}
	if fault != "" {
		return c, fault
	}
	switch {
	case c.share.Source+c.share.Target != 100:
		fault = "shares"
	case c.share.Source > 0 && !c.serves[0] || c.share.Target > 0 && !c.serves[1]:
		fault = "unserved"
	case c.gone && (c.share.Source > 0 || c.writer == runbook.AtSource):
		fault = "gone"
	}
	return c, fault
}

// give hands the right to write over. Behind a fence, what is carried arrives.
func (c *scene) give(to runbook.Side) string {
	from := c.writer
	c.writer = to
	switch {
	case from == to:
		return ""
	case from != runbook.Nowhere && to != runbook.Nowhere:
		return "two writers"
	case to == runbook.AtTarget && c.sourceAhead:
		return "stale"
	case to == runbook.AtSource && c.targetAhead && !c.came && !c.forgiven:
		return "lost"
	}
	return ""
}

// subsets are all choices of the names, nothing first.
func subsets(names []string) [][]string {
	out := [][]string{}
	for bits := range 1 << len(names) {
		some := []string{}
		for i, name := range names {
			if bits&(1<<i) != 0 {
				some = append(some, name)
			}
		}
		out = append(out, some)
	}
	return out
}
