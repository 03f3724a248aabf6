package explore

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/runbook"
)

// side is a runbook.Side in a byte.
type side byte

const (
	none side = iota
	source
	target
)

func sideOf(s runbook.Side) side {
	switch s {
	case runbook.AtSource:
		return source
	case runbook.AtTarget:
		return target
	}
	return none
}

// world is what is so. It is small and comparable, because there are many.
type world struct {
	// ofSet: it is about a set of data, which has no shares; else about a route,
	// which has no writer.
	ofSet              bool
	writer, carried    side // carried is where changes go: "replicates"
	atSource, atTarget int16
	// serves at the two sides.
	sourceServes, targetServes, gone bool
	// whole: nobody has written the source since the target got everything.
	// returned is the same the other way round.
	whole, returned bool
	// written: the target took writes that the source may lack. missed: some of
	// them while nothing was carried back, so that carrying on later does not
	// bring them.
	written, missed bool
	// declared: the plan had said that this cannot be had back.
	declared bool
}

// The parts of a change, as bits.
const (
	partWriter = 1 << iota
	partCarried
	partShares
	partServes
	partGone
)

// change is what a step does to the world; parts says to which of it.
type change struct {
	parts                        byte
	writer, carried              side
	atSource, atTarget           int16
	sourceServes, targetServes   bool
	setsSource, setsTarget, gone bool
}

// step is a step that concerns the set of data or the route.
type step struct {
	id    string
	needs []int // in the model
	do    change
	// undo is nil to put back what was; kept steps have none at all.
	undo *change
	kept bool
	// declares: taking it back, or keeping it, gives something up, as the plan
	// says.
	declares bool
}

// model is a runbook cut down to one set of data or one route.
type model struct {
	steps []step
	set   bool // a set of data, else a route
}

// key says what a model is, without the names of its steps.
func (m *model) key() string {
	var b strings.Builder
	fmt.Fprint(&b, m.set)
	for i := range m.steps {
		s := &m.steps[i]
		undo := change{}
		if s.undo != nil {
			undo = *s.undo
		}
		fmt.Fprint(&b, "|", s.needs, s.do, s.undo != nil, undo, s.kept, s.declares)
	}
	return b.String()
}

// book is a runbook with what all its models are made from.
type book struct {
	*runbook.Runbook
	behind []runbook.Set
	place  []int // of each step in the order
	// sets and routes are the steps that speak of one, all those that speak of
	// every one: who serves, and what is gone.
	sets, routes map[string][]int
	all          []int
	limit        int // the place of the point of no return
	declared     bool
}

func newBook(r *runbook.Runbook) *book {
	b := &book{Runbook: r, behind: r.Behind(), place: make([]int, len(r.Steps)), sets: map[string][]int{}, routes: map[string][]int{}}
	order, _ := runbook.Order(r.Steps)
	for at, i := range order {
		s := &r.Steps[i]
		b.place[i] = at
		if s.ID == r.PointOfNoReturn {
			b.limit, b.declared = at, true
		}
		if len(s.After.Serves) > 0 || s.After.Gone {
			b.all = append(b.all, i)
			continue
		}
		for id := range s.After.Writers {
			b.sets[id] = append(b.sets[id], i)
		}
		for id := range s.After.Replicates {
			if _, twice := s.After.Writers[id]; !twice {
				b.sets[id] = append(b.sets[id], i)
			}
		}
		for id := range s.After.Weights {
			b.routes[id] = append(b.routes[id], i)
		}
	}
	return b
}

// project takes the steps that concern a set of data or a route. What such a
// step needs through others it needs directly here.
func (b *book) project(set, route string) *model {
	m := &model{set: set != ""}
	concern := b.routes[route]
	if m.set {
		concern = b.sets[set]
	}
	concern = append(slices.Clone(concern), b.all...)
	slices.SortFunc(concern, func(x, y int) int { return b.place[x] - b.place[y] })
	for at, i := range concern {
		s := &b.Steps[i]
		do := changeOf(&s.After, set, route)
		n := step{id: s.ID, do: do, kept: s.Undo == nil}
		for k, other := range concern[:at] {
			if b.behind[i].Has(other) {
				n.needs = append(n.needs, k)
			}
		}
		if s.Undo != nil && s.Undo.After != nil {
			undo := changeOf(s.Undo.After, set, route)
			n.undo = &undo
		}
		gives := n.kept || s.Undo.Loses != "" && (set == "" || do.parts&(partWriter|partCarried|partServes) != 0)
		n.declares = gives && b.declared && b.limit <= b.place[i]
		m.steps = append(m.steps, n)
	}
	return m
}

func changeOf(a *runbook.After, set, route string) change {
	var c change
	if side, ok := a.Writers[set]; ok && set != "" {
		c.parts, c.writer = c.parts|partWriter, sideOf(side)
	}
	if side, ok := a.Replicates[set]; ok && set != "" {
		c.parts, c.carried = c.parts|partCarried, sideOf(side)
	}
	if w, ok := a.Weights[route]; ok && route != "" {
		c.parts, c.atSource, c.atTarget = c.parts|partShares, int16(w.Source), int16(w.Target)
	}
	if len(a.Serves) > 0 {
		c.parts |= partServes
		c.sourceServes, c.setsSource = at(a.Serves, runbook.AtSource)
		c.targetServes, c.setsTarget = at(a.Serves, runbook.AtTarget)
	}
	if a.Gone {
		c.parts, c.gone = c.parts|partGone, true
	}
	return c
}

func at(serves map[runbook.Side]bool, side runbook.Side) (yes, set bool) {
	yes, set = serves[side]
	return yes, set
}

// begin is the world before the first step.
func (m *model) begin() world {
	if m.set {
		return world{ofSet: true, writer: source, sourceServes: true}
	}
	return world{atSource: 100, sourceServes: true}
}

// apply makes the given parts of a change; code is what goes wrong by it.
func (w world) apply(c *change, parts byte) (after world, code string) {
	after = w
	parts &= c.parts
	if parts&partCarried != 0 {
		after.carried = c.carried
	}
	if parts&partShares != 0 {
		after.atSource, after.atTarget = c.atSource, c.atTarget
	}
	if parts&partServes != 0 {
		if c.setsSource {
			after.sourceServes = c.sourceServes
		}
		if c.setsTarget {
			after.targetServes = c.targetServes
		}
	}
	if parts&partGone != 0 {
		after.gone = c.gone
	}
	if parts&partWriter != 0 {
		code = after.hand(c.writer)
	}
	after.follow()
	if code == "" {
		code = after.wrong()
	}
	return after, code
}

// hand gives the right to write to a side.
func (w *world) hand(to side) (code string) {
	from := w.writer
	w.writer = to
	switch {
	case from == to:
	case from != none && to != none:
		// Between two sides that may write there is a moment in which both do.
		return twoWriters
	case to == target && !w.whole:
		return stale
	case to == source && w.written && !w.returned && !w.declared:
		return lost
	case to == source:
		w.written = false
	}
	return ""
}

// follow keeps what is known of where all writes are.
func (w *world) follow() {
	switch w.writer {
	case source:
		w.whole = false
	case target:
		w.written, w.returned = true, false
		w.missed = w.missed || w.carried != source
	case none:
		w.whole = w.whole || w.carried == target && !w.written
		w.returned = w.returned || w.carried == source && !w.missed
	}
}

// wrong is what may never be so.
func (w *world) wrong() string {
	switch {
	case w.ofSet && w.gone && w.writer == source:
		return removed
	case w.ofSet:
		return ""
	case w.atSource+w.atTarget != 100 || w.atSource < 0 || w.atTarget < 0:
		return shares
	case w.gone && w.atSource > 0:
		return removed
	case w.atTarget > 0 && !w.targetServes, w.atSource > 0 && !w.sourceServes:
		return unserved
	}
	return ""
}
