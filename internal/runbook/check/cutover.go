package check

import (
	"fmt"
	"slices"

	"example.com/landfall/internal/runbook"
)

// margin is what resolvers keep a name longer than they were told.
const margin = 60

// state: what the steps say of writers, shares and sides is possible.
func (p *plan) state() {
	sets, routes := map[string]bool{}, map[string]bool{}
	for _, d := range p.Data {
		if sets[d.ID] {
			p.block("data.twice:"+d.ID, "give each set of data an id of its own", nil, "two sets of data are called %s", d.ID)
		}
		sets[d.ID] = true
	}
	for _, r := range p.Routes {
		if routes[r.ID] {
			p.block("route.twice:"+r.ID, "give each route an id of its own", nil, "two routes are called %s", r.ID)
		}
		routes[r.ID] = true
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		p.after(s, &s.After, sets, routes)
		if s.Undo != nil && s.Undo.After != nil {
			p.after(s, s.Undo.After, sets, routes)
		}
	}
}

func (p *plan) after(s *runbook.Step, a *runbook.After, sets, routes map[string]bool) {
	one := []string{s.ID}
	for _, id := range append(sorted(a.Writers), sorted(a.Replicates)...) {
		if !sets[id] {
			p.block("data.unknown:"+s.ID+":"+id, "name a set of data of the runbook", one, "%s speaks of %s, which is no set of data", s.ID, id)
		}
	}
	for _, id := range sorted(a.Weights) {
		if w := a.Weights[id]; w.Source+w.Target != 100 || w.Source < 0 || w.Target < 0 {
			p.block("weights:"+s.ID+":"+id, "let the shares add up to 100", one, "%s sends %d %% and %d %% of %s, which is not 100", s.ID, w.Source, w.Target, id)
		}
	}
	for _, id := range append(sorted(a.Weights), sorted(a.TTLSeconds)...) {
		if !routes[id] {
			p.block("route.unknown:"+s.ID+":"+id, "name a route of the runbook", one, "%s speaks of %s, which is no route", s.ID, id)
		}
	}
	for _, id := range sorted(a.Writers) {
		stated, _ := s.Inputs["stated"].(string)
		if a.Writers[id] == runbook.Nowhere && !s.InWindow && stated == "" && a == &s.After {
			p.block("fence.window:"+s.ID+":"+id, "put the fence into the window, or state when nothing can be written", one, "%s lets nobody write %s outside of the window", s.ID, id)
		}
	}
}

// handover: a set of data changes hands behind a fence, and with nothing left
// to carry over.
func (p *plan) handover() {
	given, fences := map[string]bool{}, map[string][]int{}
	for i := range p.Steps {
		for set, side := range p.Steps[i].After.Writers {
			if side == runbook.Nowhere {
				fences[set] = append(fences[set], i)
			}
		}
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		for _, set := range sorted(s.After.Writers) {
			if s.After.Writers[set] == runbook.Nowhere {
				continue
			}
			given[set] = given[set] || s.After.Writers[set] == runbook.AtTarget
			if !slices.ContainsFunc(fences[set], p.behind[i].Has) {
				p.block("fence:"+s.ID+":"+set, "let it need a step that lets nobody write", []string{s.ID}, "%s lets the %s write %s without a fence before it: two sides could write at one time", s.ID, s.After.Writers[set], set)
			}
			if !p.zero(s, set) && s.After.Writers[set] == runbook.AtTarget {
				p.block("zero-lag:"+s.ID+":"+set, "add a gate on what is left to carry over that opens at nought only", []string{s.ID}, "%s lets the target write %s, and no gate waits until nothing is left to carry over", s.ID, set)
			}
		}
	}
	for _, d := range p.Data {
		if !d.ReadOnly && !given[d.ID] {
			p.block("handover:"+d.ID, "add the steps that hand it over, or leave it at the source", nil, "%s is written, and no step lets the target write it", d.ID)
		}
	}
}

// zero reports whether a gate of the step is about what is left of the set, and
// open at nought only.
func (p *plan) zero(s *runbook.Step, set string) bool {
	return slices.ContainsFunc(s.Gates, func(g runbook.Gate) bool {
		for _, f := range g.Facts {
			if f.Source != "lag" || fmt.Sprint(f.Inputs["data"]) != set || f.Type != "number" {
				return false
			}
		}
		program, err := p.compiled(g.Expr, g.Facts)
		if err != nil {
			return false
		}
		at := func(value float64) bool {
			yes := open(program, g.Facts, value)
			return yes != nil && *yes
		}
		return len(g.Facts) > 0 && at(0) && !at(1e-6) && !at(1) && !at(1e9)
	})
}

// names: each name expires sooner in time before it changes, and gets its time
// to live back after the last change.
func (p *plan) names() {
	changing, keeping := map[string][]int{}, map[string][]int{}
	var waits []int
	for i := range p.Steps {
		s := &p.Steps[i]
		for id := range s.After.Weights {
			changing[id] = append(changing[id], i)
		}
		for id := range s.After.TTLSeconds {
			keeping[id] = append(keeping[id], i)
		}
		if s.WaitSeconds >= margin {
			waits = append(waits, i)
		}
	}
	for _, r := range p.Routes {
		changes := changing[r.ID]
		var lowered, back []int
		for _, i := range keeping[r.ID] {
			if s := &p.Steps[i]; s.Phase == runbook.Execute && (r.TTLSeconds == 0 || s.After.TTLSeconds[r.ID] <= r.TTLSeconds) {
				lowered = append(lowered, i)
			} else {
				back = append(back, i)
			}
		}
		if len(changes) == 0 {
			p.block("route.stays:"+r.ID, "add the steps that send its users to the target", nil, "no step sends the users of %s to the target", r.ID)
			continue
		}
		for _, i := range changes {
			if !p.expired(r, i, lowered, waits) {
				p.block("ttl:"+p.Steps[i].ID, "let it need a wait of one old time to live after the new one is set", []string{p.Steps[i].ID},
					"%s changes %s before its old time to live of %d s has run out everywhere", p.Steps[i].ID, r.ID, r.TTLSeconds)
			}
		}
		p.restored(r, changes, back)
	}
}

// expired reports whether a wait of one old time to live lies between a step
// that lowers it and the change.
func (p *plan) expired(r runbook.Route, change int, lowered, waits []int) bool {
	for _, l := range lowered {
		for _, w := range waits {
			long := p.Steps[w].WaitSeconds >= r.TTLSeconds+margin
			if long && p.behind[w].Has(l) && (w == change || p.behind[change].Has(w)) {
				return true
			}
		}
	}
	return false
}

func (p *plan) restored(r runbook.Route, changes, back []int) {
	for _, b := range back {
		after := true
		for _, c := range changes {
			after = after && p.behind[b].Has(c)
		}
		if ttl := p.Steps[b].After.TTLSeconds[r.ID]; after && (r.TTLSeconds == 0 || ttl == r.TTLSeconds) {
			return
		}
	}
	p.block("ttl.back:"+r.ID, "add a step after the cutover that sets it", nil, "no step gives %s its time to live back after the last change", r.ID)
}
