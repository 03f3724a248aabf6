package control

import (
	"maps"

	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/provider"
)

// Planned is what a deployment that is only checked would make, one wave after
// the other, of the resources that have parts: a subnet is judged by its
// network as the same template leaves it, not by the one that stands there.
type Planned struct {
	settled, wave map[string]map[string]any
}

// Fork returns a plan of its own that begins with what is settled here, for a
// deployment inside of the deployment; that of nil begins with nothing.
func (p *Planned) Fork() *Planned {
	out := &Planned{settled: map[string]map[string]any{}, wave: map[string]map[string]any{}}
	if p != nil {
		maps.Copy(out.settled, p.settled)
	}
	return out
}

// Settle ends a wave: what its writes would make is there for the next one.
func (p *Planned) Settle() {
	maps.Copy(p.settled, p.wave)
	clear(p.wave)
}

// owner returns what an owner of parts would be by now. known is false when the
// deployment does not make it before; the body is nil when it is made of values
// that only the run knows.
func (p *Planned) owner(id armid.ID) (body map[string]any, known bool) {
	if p == nil {
		return nil, false
	}
	body, known = p.settled[id.Key()]
	return body, known
}

// note keeps what a checked write would make. Parts of one wave see each other,
// because all of them end up in the same owner; the owner's own write is seen
// from the next wave on, because nothing says that it comes first.
func (p *Planned) note(c *candidate, deferred bool) {
	if p == nil || len(provider.Parts(c.id.Type())) == 0 {
		return
	}
	written := c.written
	if deferred {
		written = nil
	}
	switch {
	case c.target.Key() == c.id.Key():
		p.wave[c.id.Key()] = written
	case !deferred:
		p.settled[c.id.Key()] = written
	}
}
