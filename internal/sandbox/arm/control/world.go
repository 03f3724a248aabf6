package control

import (
	"fmt"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armid"
	"example.com/landfall/internal/sandbox/arm/provider"
)

// world answers what the functions of providers ask about one record. It is
// used while the plane's lock is held.
type world struct {
	p *Plane
	r *record
}

var _ provider.World = world{}

// GUID changes with every life of a resource: one that is deleted and made
// again is another one, with another principal.
func (w world) GUID(purpose string) string {
	return w.p.guid(fmt.Sprintf("%s %d %s", w.r.id.Key(), w.r.serial, purpose))
}

func (w world) Base() string { return w.p.options.Base() }

func (w world) Tenant() string { return w.p.options.Tenant }

func (w world) Lookup(id string) (map[string]any, bool) {
	parsed, err := armid.Parse(id)
	if err != nil {
		return nil, false
	}
	v, ok := w.p.find(parsed)
	return v.Body, ok
}

func (w world) Others(kind string) []armid.ID {
	var out []armid.ID
	for _, r := range w.p.ofKind(strings.ToLower(kind)) {
		out = append(out, r.id)
	}
	return out
}

// maxPool bounds the search for a free value; the largest subnet has 65,536
// addresses by Azure's limit for a /16.
const maxPool = 1 << 17

func (w world) Claim(pool, holder, wish string, nth func(int) (string, bool)) (string, bool) {
	taken := w.p.claims[pool]
	if taken == nil {
		taken = map[string]string{}
		w.p.claims[pool] = taken
	}
	held := ""
	for value, by := range taken {
		if by == holder {
			held = value
		}
	}
	if wish == "" && held != "" {
		return held, true
	}
	if wish == "" {
		wish = firstFree(taken, nth)
	}
	if by, used := taken[wish]; wish == "" || used && by != holder {
		return "", false
	}
	if held != "" {
		delete(taken, held)
	}
	taken[wish] = holder
	return wish, true
}

func firstFree(taken map[string]string, nth func(int) (string, bool)) string {
	for n := range maxPool {
		value, ok := nth(n)
		if !ok {
			return ""
		}
		if _, used := taken[value]; !used {
			return value
		}
	}
	return ""
}

// release gives back what a resource and everything below it claimed.
func (p *Plane) release(id armid.ID) {
	key := id.Key()
	for pool, taken := range p.claims {
		for value, holder := range taken {
			if holder == key || strings.HasPrefix(holder, key+"/") {
				delete(taken, value)
			}
		}
		if len(taken) == 0 {
			delete(p.claims, pool)
		}
	}
}

// Available reports whether a name can be used for a type; reason is "" when
// it can.
func (p *Plane) Available(id armid.ID) (reason, message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return provider.Available(world{p, &record{id: id}}, id)
}
