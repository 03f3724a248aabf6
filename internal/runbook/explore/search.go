package explore

import "slices"

// done is a step that has its effect, with the world before it.
type done struct {
	step   int
	before world
	parts  byte // of the effect that are there
}

// state is a moment of a run. Steps that are done stand in the order in which
// they were; a rollback takes them back from the last to the first.
type state struct {
	now   world
	stack []done
	// broken is a step that has an effect and is not done, when isBroken: it
	// failed after it, or nobody knows. Others go on beside it. One at a time is
	// looked at.
	broken   done
	isBroken bool
	back     bool
}

// key tells states apart.
func (s *state) key() string {
	b := make([]byte, 0, 16+len(s.stack)*20)
	b = s.now.bytes(b)
	for _, d := range s.stack {
		b = d.bytes(b)
	}
	if s.isBroken {
		b = append(s.broken.bytes(b), 'b')
	}
	return string(append(b, bit(s.back)))
}

func (w *world) bytes(b []byte) []byte {
	flags := bit(w.sourceServes) | bit(w.targetServes)<<1 | bit(w.gone)<<2 | bit(w.whole)<<3 | bit(w.returned)<<4 | bit(w.written)<<5 | bit(w.declared)<<6 | bit(w.missed)<<7
	return append(b, byte(w.writer), byte(w.carried), byte(w.atSource), byte(w.atSource>>8), byte(w.atTarget), byte(w.atTarget>>8), flags)
}

func (d *done) bytes(b []byte) []byte {
	return d.before.bytes(append(b, byte(d.step), byte(d.step>>8), d.parts))
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// node is a state with how it was come to.
type node struct {
	state
	from int
	by   event
}

// search goes through all states, nearest first, so that the first fault has
// the shortest way. whole is false when there were more than limit.
func (m *model) search(limit int) (code string, example []event, whole bool) {
	nodes := []node{{state: state{now: m.begin()}, from: -1}}
	seen := map[string]bool{nodes[0].key(): true}
	for at := 0; at < len(nodes); at++ {
		if nodes[at].back && len(nodes[at].stack) == 0 {
			if !m.returned(&nodes[at].now) {
				return notReturned, way(nodes, at, event{}), true
			}
			continue
		}
		for _, n := range m.next(&nodes[at].state) {
			n.from = at
			if n.code != "" {
				return n.code, way(nodes, at, n.by), true
			}
			key := n.key()
			if seen[key] {
				continue
			}
			if len(nodes) >= limit {
				return "", nil, false
			}
			seen[key] = true
			nodes = append(nodes, n.node)
		}
	}
	return "", nil, true
}

// way lists the events that lead to a node and one more.
func way(nodes []node, at int, last event) []event {
	var out []event
	if last.what != "" {
		out = append(out, last)
	}
	for ; nodes[at].from >= 0; at = nodes[at].from {
		out = append(out, nodes[at].by)
	}
	slices.Reverse(out)
	return out
}

// move is a step from one state to another; code is what goes wrong by it.
type move struct {
	node
	code string
}

// next returns everything that can happen.
func (m *model) next(s *state) []move {
	if s.back {
		return m.undo(s)
	}
	var out []move
	for i := range m.steps {
		if m.ready(s, i) {
			out = append(out, m.do(s, i)...)
		}
	}
	if len(out) == 0 && !s.isBroken && !m.finished(&s.now) {
		out = append(out, move{code: notFinished, node: node{by: event{step: -1, what: "all steps are done"}}})
	}
	if s.isBroken {
		out = append(out, m.mend(s))
	}
	if len(s.stack) > 0 || s.isBroken {
		back := state{now: s.now, stack: s.settled(), back: true}
		out = append(out, move{node: node{state: back, by: event{step: -1, what: "a rollback begins"}}})
	}
	return out
}

// settled is the stack with the broken step on top: what is begun is taken back
// before what was done.
func (s *state) settled() []done {
	if !s.isBroken {
		return s.stack
	}
	return append(slices.Clone(s.stack), s.broken)
}

// ready reports whether a step may begin: it is not done, and what it needs is.
func (m *model) ready(s *state, i int) bool {
	if s.has(i) || s.isBroken && s.broken.step == i {
		return false
	}
	for _, need := range m.steps[i].needs {
		if !s.has(need) {
			return false
		}
	}
	return true
}

func (s *state) has(i int) bool {
	return slices.ContainsFunc(s.stack, func(d done) bool { return d.step == i })
}

// do carries a step out: it is done, or it has an effect, or a part of one, and
// is not done. A step that fails before its effect leaves things as they are.
func (m *model) do(s *state, i int) []move {
	c := &m.steps[i].do
	out := []move{m.effect(s, i, c.parts, "done")}
	if s.isBroken {
		return out
	}
	for parts := byte(1); parts <= c.parts; parts++ {
		if parts&c.parts == parts {
			out = append(out, m.fails(s, i, parts))
		}
	}
	return out
}

func (m *model) effect(s *state, i int, parts byte, what string) move {
	after, code := s.now.apply(&m.steps[i].do, parts)
	next := *s
	next.now, next.stack = after, append(slices.Clone(s.stack), done{i, s.now, parts})
	return move{node: node{state: next, by: event{i, what, m.steps[i].id}}, code: code}
}

func (m *model) fails(s *state, i int, parts byte) move {
	after, code := s.now.apply(&m.steps[i].do, parts)
	what := "fails after its effect, or nobody knows"
	if parts != m.steps[i].do.parts {
		what = "fails after a part of its effect"
	}
	next := *s
	next.now, next.broken, next.isBroken = after, done{i, s.now, parts}, true
	return move{node: node{state: next, by: event{i, what, m.steps[i].id}}, code: code}
}

// mend is the operator who has a broken step done after all.
func (m *model) mend(s *state) move {
	i := s.broken.step
	after, code := s.now.apply(&m.steps[i].do, m.steps[i].do.parts)
	last := s.broken
	last.parts = m.steps[i].do.parts
	next := state{now: after, stack: append(slices.Clone(s.stack), last)}
	return move{node: node{state: next, by: event{i, "tried again and done", m.steps[i].id}}, code: code}
}

// undo takes the last step back, or keeps it as the plan says.
func (m *model) undo(s *state) []move {
	last := s.stack[len(s.stack)-1]
	st := &m.steps[last.step]
	now := s.now
	now.declared = now.declared || st.declares
	rest := slices.Clone(s.stack[:len(s.stack)-1])
	if st.kept && st.do.gone && st.declares {
		// What is removed cannot take users or writes again: the way back ends here.
		return []move{{node: node{state: state{now: now, back: true}, by: event{last.step, "kept; the rollback ends above it", st.id}}}}
	}
	if st.kept {
		return []move{{node: node{state: state{now: now, stack: rest, back: true}, by: event{last.step, "kept, it cannot be taken back", st.id}}}}
	}
	did := st.do
	did.parts &= last.parts
	c := restoring(&last.before, did)
	if st.undo != nil {
		over(&c, st.undo)
	}
	var out []move
	for parts := byte(1); parts <= c.parts; parts++ {
		if parts&c.parts != parts {
			continue
		}
		after, code := now.apply(&c, parts)
		next := state{now: after, stack: rest, back: true}
		what := "taken back"
		if parts != c.parts {
			if code == "" {
				continue // a part of an undo leads nowhere else than the whole
			}
			what = "taken back in part"
		}
		out = append(out, move{node: node{state: next, by: event{last.step, what, st.id}}, code: code})
	}
	return out
}

// restoring is the change that puts back what a step has changed.
func restoring(before *world, did change) change {
	return change{parts: did.parts, writer: before.writer, carried: before.carried, atSource: before.atSource, atTarget: before.atTarget,
		sourceServes: before.sourceServes, targetServes: before.targetServes, setsSource: did.setsSource, setsTarget: did.setsTarget, gone: before.gone}
}

// over lays what an undo says itself over what was before.
func over(c, said *change) {
	c.parts |= said.parts
	if said.parts&partWriter != 0 {
		c.writer = said.writer
	}
	if said.parts&partCarried != 0 {
		c.carried = said.carried
	}
	if said.parts&partShares != 0 {
		c.atSource, c.atTarget = said.atSource, said.atTarget
	}
	if said.parts&partServes != 0 {
		c.sourceServes, c.setsSource = said.sourceServes, said.setsSource || c.setsSource
		c.targetServes, c.setsTarget = said.targetServes, said.setsTarget || c.setsTarget
	}
	if said.parts&partGone != 0 {
		c.gone = said.gone
	}
}

// returned reports whether the source is as it was, or the plan had said that
// it would not be.
func (m *model) returned(w *world) bool {
	if w.declared {
		return true
	}
	if m.set {
		return w.writer == source && w.sourceServes
	}
	return w.atSource == 100 && w.sourceServes
}

// finished reports whether all is at the target.
func (m *model) finished(w *world) bool {
	if m.set {
		return w.writer == target
	}
	return w.atTarget == 100
}
