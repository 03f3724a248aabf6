package dns

import (
	"net/netip"
	"slices"
	"strings"

	mdns "github.com/miekg/dns"
)

// profileZone is where Traffic Manager's names live.
const profileZone = "trafficmanager.net."

// Method is how a Traffic Manager profile chooses among its endpoints.
type Method string

// The routing methods of Traffic Manager, in ARM's spelling. Performance takes
// the endpoint of the server's own location or else the first, Geographic the
// one mapped to the whole world or else the first. Subnet is not supported.
const (
	ByWeight      Method = "Weighted"
	ByPriority    Method = "Priority"
	ByPerformance Method = "Performance"
	ByGeography   Method = "Geographic"
	ByMultiValue  Method = "MultiValue"
)

// Profile is a Traffic Manager profile.
type Profile struct {
	// Name is the relative DNS name: "shop" for shop.trafficmanager.net.
	Name    string
	Enabled bool
	Method  Method
	TTL     uint32
	// MaxReturn bounds a MultiValue answer; 0 means all.
	MaxReturn int
	Endpoints []Endpoint
}

// Endpoint is one endpoint of a profile.
type Endpoint struct {
	Name string
	// Target is a host name or an IP address.
	Target  string
	Enabled bool
	// Status is the endpoint monitor status in ARM's spelling ("Online",
	// "Degraded", "Stopped", ...). An unknown or empty one counts as healthy,
	// as CheckingEndpoint and Unmonitored do.
	Status string
	// Weight is 1 to 1000; ARM's default of 1 stands for 0.
	Weight uint64
	// Priority is 1 to 1000, the lowest first; 0 comes last.
	Priority int
	// Location is the endpoint's Azure region.
	Location string
	// Geo are the geographic regions mapped to it, such as "WORLD" or "DE".
	Geo []string
}

// ProfileSource gives the profiles as they are now. It is called for every
// question about them, concurrently, and must be quick.
type ProfileSource interface {
	Profiles() []Profile
}

// eligible returns the endpoints that may be answered, in their order.
//
// "Traffic Manager endpoint monitoring" in Azure's documentation: disabled
// endpoints are never answered, degraded and stopped ones are not as long as
// another is left, and when all are, all are answered.
func (p Profile) eligible() []Endpoint {
	var enabled, healthy []Endpoint
	for _, e := range p.Endpoints {
		if !e.Enabled || e.Status == "Disabled" || e.Status == "Inactive" {
			continue
		}
		enabled = append(enabled, e)
		if e.Status != "Degraded" && e.Status != "Stopped" {
			healthy = append(healthy, e)
		}
	}
	if len(healthy) > 0 {
		return healthy
	}
	return enabled
}

// pick chooses among endpoints; there is at least one. More than one come back
// for MultiValue only; false when the method is not supported.
func (d *dice) pick(p Profile, location string, endpoints []Endpoint) ([]Endpoint, bool) {
	group := "profile " + strings.ToLower(p.Name)
	one := func(i int) ([]Endpoint, bool) { return endpoints[i : i+1], true }
	first := func(is func(Endpoint) bool) ([]Endpoint, bool) { return one(max(0, slices.IndexFunc(endpoints, is))) }
	switch p.Method {
	case ByWeight:
		weights := make([]uint64, len(endpoints))
		for i, e := range endpoints {
			weights[i] = max(1, e.Weight)
		}
		return one(d.weighted(group, weights))
	case ByPriority:
		best := 0
		for i, e := range endpoints {
			if rank(e) < rank(endpoints[best]) {
				best = i
			}
		}
		return one(best)
	case ByPerformance:
		return first(func(e Endpoint) bool { return location != "" && sameLocation(e.Location, location) })
	case ByGeography:
		return first(func(e Endpoint) bool { return slices.Contains(e.Geo, "WORLD") })
	case ByMultiValue:
		mixed := slices.Clone(endpoints)
		d.shuffle(group, len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		if p.MaxReturn > 0 {
			mixed = mixed[:min(len(mixed), p.MaxReturn)]
		}
		return mixed, true
	}
	return nil, false
}

func rank(e Endpoint) int {
	if e.Priority <= 0 {
		return 1 << 30
	}
	return e.Priority
}

// sameLocation compares "West Europe" and "westeurope" as equal, as ARM does.
func sameLocation(a, b string) bool {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }
	return plain(a) == plain(b)
}

// profile answers a name below trafficmanager.net. It returns the next name of
// the chain, or "".
func (r *resolution) profile(name string, qtype uint16) string {
	soa := syntheticSOA(profileZone)
	if name == profileZone {
		if qtype == mdns.TypeSOA {
			r.answer = append(r.answer, soa)
			return ""
		}
		r.noData(soa)
		return ""
	}
	p, found := r.profileNamed(strings.TrimSuffix(name, "."+profileZone))
	// A disabled profile answers as if it were not there, one without an
	// enabled endpoint with nothing.
	if !found || !p.Enabled {
		r.noName(soa)
		return ""
	}
	endpoints := p.eligible()
	if len(endpoints) == 0 {
		r.noData(soa)
		return ""
	}
	chosen, ok := r.server.dice.pick(p, r.server.options.Location, endpoints)
	if !ok {
		r.fail("the routing method " + string(p.Method) + " of profile " + p.Name + " is not supported")
		return ""
	}
	return r.endpoints(name, qtype, p, chosen)
}

func (r *resolution) profileNamed(relative string) (Profile, bool) {
	if r.server.options.Profiles == nil {
		return Profile{}, false
	}
	all := r.server.options.Profiles.Profiles()
	i := slices.IndexFunc(all, func(p Profile) bool { return strings.EqualFold(p.Name, relative) })
	if i < 0 {
		return Profile{}, false
	}
	return all[i], true
}

// endpoints puts the chosen endpoints into the answer: addresses as they are,
// a name as a CNAME to be followed.
func (r *resolution) endpoints(name string, qtype uint16, p Profile, chosen []Endpoint) string {
	matched := false
	for _, e := range chosen {
		a, err := netip.ParseAddr(e.Target)
		if err != nil {
			if _, ok := mdns.IsDomainName(e.Target); !ok || e.Target == "" || len(chosen) > 1 {
				r.fail("endpoint " + e.Name + " of profile " + p.Name + " has a target that cannot be answered")
				return ""
			}
			target := mdns.CanonicalName(e.Target)
			r.answer = append(r.answer, &mdns.CNAME{Hdr: header(name, mdns.TypeCNAME, p.TTL), Target: target})
			if qtype == mdns.TypeCNAME {
				return ""
			}
			return target
		}
		if rr := addressRecord(name, p.TTL, a); rr.Header().Rrtype == qtype {
			r.answer, matched = append(r.answer, rr), true
		}
	}
	if !matched {
		r.noData(syntheticSOA(profileZone))
	}
	return ""
}
