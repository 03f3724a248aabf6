package check

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/runbook/explore"
	"example.com/landfall/internal/runbook/gate"
)

// stepID is "<phase>.<what>[.<of what>]".
var stepID = regexp.MustCompile(`^[a-z]+(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?){1,3}$`)

// plan is a runbook with what several checks want to know.
type plan struct {
	*runbook.Runbook
	index  map[string]int
	order  []int
	behind []runbook.Set
	found  []runbook.Finding
	// read are conditions by what they say: many steps ask the same.
	read map[string]*gate.Program
}

// Runbook returns everything that is wrong with a runbook, those findings that
// block first. It never changes the runbook.
func Runbook(r *runbook.Runbook) []runbook.Finding {
	p := &plan{Runbook: r, index: r.Index(), found: []runbook.Finding{}, read: map[string]*gate.Program{}}
	p.ids()
	if p.ring() {
		return p.sorted() // nothing else can be said of steps that need each other
	}
	p.behind = r.Behind()
	p.undo()
	p.conditions()
	p.people()
	p.times()
	p.state()
	p.handover()
	p.names()
	p.readOnly()
	p.noReturn()
	if !p.blocked() {
		p.found = append(p.found, explore.Runbook(r, explore.Limit)...)
	}
	return p.sorted()
}

func (p *plan) sorted() []runbook.Finding {
	slices.SortStableFunc(p.found, func(a, b runbook.Finding) int {
		return cmp.Or(cmp.Compare(order(a), order(b)), strings.Compare(a.ID, b.ID))
	})
	return p.found
}

func order(f runbook.Finding) int {
	if f.Blocks {
		return 0
	}
	return 1
}

func (p *plan) blocked() bool {
	return slices.ContainsFunc(p.found, func(f runbook.Finding) bool { return f.Blocks })
}

// block adds a finding that forbids approval. do says what mends it.
func (p *plan) block(id, do string, steps []string, format string, args ...any) {
	p.found = append(p.found, runbook.Finding{ID: id, Text: fmt.Sprintf(format, args...), Steps: steps, Do: do, Blocks: true})
}

// ids: unique, well formed, of their phase, and every need is there.
func (p *plan) ids() {
	seen := map[string]bool{}
	for i := range p.Steps {
		s := &p.Steps[i]
		one := []string{s.ID}
		switch {
		case seen[s.ID]:
			p.block("id.twice:"+s.ID, "give each step an id of its own", one, "two steps are called %s", s.ID)
		case !stepID.MatchString(s.ID) || !strings.HasPrefix(s.ID, string(s.Phase)+"."):
			p.block("id.form:"+s.ID, "write <phase>.<what>.<of what> in small letters, digits and hyphens", one, "%q is no id of a step in phase %s", s.ID, s.Phase)
		}
		seen[s.ID] = true
		if !slices.Contains(runbook.Phases(), s.Phase) {
			p.block("phase:"+s.ID, "take one of the five phases", one, "%s is in a phase that there is not: %q", s.ID, s.Phase)
		}
		for _, need := range s.Needs {
			n, known := p.index[need]
			switch {
			case !known:
				p.block("need:"+s.ID+":"+need, "take the need out, or add the step", one, "%s needs %s, which is no step", s.ID, need)
			case slices.Index(runbook.Phases(), p.Steps[n].Phase) > slices.Index(runbook.Phases(), s.Phase):
				p.block("need.later:"+s.ID+":"+need, "a step needs steps of its own phase or an earlier one", one, "%s needs %s, which is of a later phase", s.ID, need)
			}
		}
	}
}

// ring reports steps that need each other.
func (p *plan) ring() bool {
	order, ok := runbook.Order(p.Steps)
	p.order = order
	if ok {
		return false
	}
	behind := p.Behind()
	var ring []string
	for i := range p.Steps {
		if behind[i].Has(i) {
			ring = append(ring, p.Steps[i].ID)
		}
	}
	slices.Sort(ring)
	p.block("cycle", "take one of the needs out", ring, "%d steps need each other around a ring, so none of them can ever begin: %s", len(ring), short(ring))
	return true
}

func short(ids []string) string {
	const most = 6
	if len(ids) > most {
		return strings.Join(ids[:most], ", ") + fmt.Sprintf(" and %d more", len(ids)-most)
	}
	return strings.Join(ids, ", ")
}

// needs reports whether a step needs another, directly or through others.
func (p *plan) needs(step, other string) bool {
	i, known := p.index[step]
	n, found := p.index[other]
	return known && found && p.behind[i].Has(n)
}

// undo: every step is taken back or says why not; what it leaves is sound.
func (p *plan) undo() {
	for i := range p.Steps {
		s := &p.Steps[i]
		one := []string{s.ID}
		switch {
		case s.Undo == nil && s.UndoReason == "":
			p.block("undo:"+s.ID, "say how it is taken back, or why it cannot be", one, "%s says neither how it is taken back nor why it cannot be", s.ID)
		case s.Undo != nil && s.UndoReason != "":
			p.block("undo.both:"+s.ID, "keep one of them", one, "%s says how it is taken back and why it cannot be", s.ID)
		case s.Undo != nil && strings.TrimSpace(s.Undo.Do) == "":
			p.block("undo.empty:"+s.ID, "say what happens", one, "the undo of %s says nothing", s.ID)
		}
		if s.Undo == nil && s.Phase == runbook.Execute && len(s.After.Writers)+len(s.After.Weights) > 0 {
			p.block("undo.needed:"+s.ID, "say how it is taken back; what is lost by that may be said too", one, "%s changes who writes or who is served, and cannot be taken back", s.ID)
		}
		if s.Undo == nil || s.Undo.After == nil {
			continue
		}
		// Taking back may leave less than there was before, never more: a writer
		// that the step did not take away cannot be put up by its undo.
		for _, set := range sorted(s.Undo.After.Writers) {
			if side := s.Undo.After.Writers[set]; side != runbook.Nowhere && s.After.Writers[set] != runbook.Nowhere {
				p.block("undo.order:"+s.ID+":"+set, "let the undo of the fence give the writer back", one, "the undo of %s lets the %s write %s, although the fence below it is still up", s.ID, side, set)
			}
		}
	}
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
