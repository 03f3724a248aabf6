package route53

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/traffic"
)

// record is a resource record set as far as this package leads it.
type record struct {
	Name string `json:"name"` // lower case, with the last dot
	Type string `json:"type"`
	// TTL is in seconds; an alias has none.
	TTL    int64    `json:"ttl,omitempty"`
	Values []string `json:"values,omitempty"`
	Alias  *alias   `json:"alias,omitempty"`
	// Identifier tells record sets of one name and type apart.
	Identifier string `json:"id,omitempty"`
	Weight     *int64 `json:"weight,omitempty"`
	// Rest is the routing policy besides the weight, the health check and all else
	// of the service's own form, as it was read.
	Rest string `json:"rest,omitempty"`
}

type alias struct {
	Name   string `json:"name"`
	Zone   string `json:"zone"`
	Health bool   `json:"health,omitempty"`
}

// The names and identifiers that this package makes. People see them in the
// console, so they say what they are.
const (
	journalLabel = "_landfall"
	sourceLabel  = "landfall-source"
	targetLabel  = "landfall-target"
	sourceSet    = "landfall: source"
	targetSet    = "landfall: target"
)

// leading types say where a name stands.
func leading(kind string) bool { return kind == "A" || kind == "AAAA" || kind == "CNAME" }

// name is an entrance with what its zone has at it.
type name struct {
	fqdn, zone, zoneID string // fqdn and zone (its apex) with the last dot
	// before are the leading record sets as they were before the first change,
	// others the types of further record sets at the name.
	before []record
	others []string
}

// wanted says how a name is to be led.
type wanted struct {
	share  int   // of the target, in percent
	ttl    int64 // in seconds, 0 as before
	target traffic.Endpoint
	alone  bool // the target has it alone, for good
}

// desired returns the leading record sets of the name and of its helpers for
// what is wanted. It is a function of its arguments alone.
func (n name) desired(w wanted) ([]record, error) {
	if err := w.target.Valid(); err != nil {
		return nil, err
	}
	if len(n.before) == 0 {
		return nil, fault.Newf(fault.NotFound, "lead %q: the zone has no record that leads it", n.plain()).Hintf("landfall assess, then: landfall plan")
	}
	var out []record
	var err error
	switch {
	case n.before[0].Type == "CNAME":
		out, err = n.byName(w)
	case n.addressable(w):
		out, err = n.byAddress(w)
	default:
		out, err = n.aliasesByName(w)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Identifier, b.Identifier))
	})
	return out, nil
}

func (n name) plain() string { return strings.TrimSuffix(n.fqdn, ".") }

func (n name) helper(label string) string { return label + "." + n.fqdn }

// addressable reports whether the target has an address of a family that the
// name has records of.
func (n name) addressable(w wanted) bool {
	return slices.ContainsFunc(n.before, func(r record) bool { return len(addressesOf(r.Type, w.target.Addresses)) > 0 })
}

// byAddress leads a name with records of addresses. A family that the target
// has no address of is taken away as soon as the target gets any share: its
// users would all stay at the source.
func (n name) byAddress(w wanted) ([]record, error) {
	var out []record
	for _, kind := range []string{"A", "AAAA"} {
		was := ofType(n.before, kind)
		values := addressesOf(kind, w.target.Addresses)
		switch {
		case w.alone && len(values) > 0:
			out = append(out, record{Name: n.fqdn, Type: kind, TTL: w.lifetime(n.before), Values: values})
		case w.alone, len(was) == 0, len(values) == 0 && w.share > 0:
		case len(values) == 0:
			out = append(out, w.timed(was)...)
		default:
			source, under := n.source(kind, was, w)
			target := record{Name: n.fqdn, Type: kind, TTL: w.lifetime(was), Values: values, Identifier: targetSet, Weight: new(int64(w.share))}
			out = append(append(out, source, target), under...)
		}
	}
	return out, nil
}

// source is the record set that leads to the source by weight: the plain one
// that was there, or one that leads to those that were there under a helper's
// name.
func (n name) source(kind string, was []record, w wanted) (record, []record) {
	weight := new(int64(100 - w.share))
	if len(was) == 1 && was[0].Identifier == "" {
		r := w.timed(was)[0]
		r.Identifier, r.Weight = sourceSet, weight
		return r, nil
	}
	under := w.timed(was)
	for i := range under {
		under[i].Name = n.helper(sourceLabel)
	}
	r := record{Name: n.fqdn, Type: kind, Identifier: sourceSet, Weight: weight}
	if kind == "CNAME" {
		r.TTL, r.Values = w.lifetime(was), []string{n.helper(sourceLabel)}
	} else {
		r.Alias = &alias{Name: n.helper(sourceLabel), Zone: n.zoneID, Health: true}
	}
	return r, under
}

// byName leads a name that is another's. A target without a name of its own gets
// a helper's.
func (n name) byName(w wanted) ([]record, error) {
	host, out := dotted(w.target.Host), []record(nil)
	ttl := w.lifetime(n.before)
	if host == "" {
		host = n.helper(targetLabel)
		for _, kind := range []string{"A", "AAAA"} {
			if values := addressesOf(kind, w.target.Addresses); len(values) > 0 {
				out = append(out, record{Name: host, Type: kind, TTL: ttl, Values: values})
			}
		}
	}
	target := record{Name: n.fqdn, Type: "CNAME", TTL: ttl, Values: []string{host}}
	if w.alone {
		return append(out, target), nil
	}
	target.Identifier, target.Weight = targetSet, new(int64(w.share))
	source, under := n.source("CNAME", n.before, w)
	return append(append(out, source, target), under...), nil
}

// aliasesByName leads a name with alias records, where the target has a host
// name only: the name becomes another's, which it cannot at the top of a zone or
// beside records of other types (RFC 1034, section 3.6.2).
func (n name) aliasesByName(w wanted) ([]record, error) {
	const op = "lead %q to a host name: "
	switch {
	case n.fqdn == n.zone:
		return nil, fault.Newf(fault.Refused, op+"it is the top of its zone, which cannot be another name's", n.plain()).
			Hintf("give the target's front a public address of its own")
	case len(n.others) > 0:
		return nil, fault.Newf(fault.Refused, op+"it has records of type %s too, beside which no CNAME may stand", n.plain(), strings.Join(n.others, ", ")).
			Hintf("give the target's front a public address of its own")
	}
	first := n.before[0]
	if slices.ContainsFunc(n.before, func(r record) bool {
		return r.Identifier != "" || r.Alias == nil || r.Alias.Name != first.Alias.Name
	}) {
		return nil, fault.Newf(fault.Refused, op+"its records are addresses, or have a routing policy, and the target has no address", n.plain()).
			Hintf("give the target's front a public address of its own")
	}
	was := record{Name: n.fqdn, Type: "CNAME", TTL: traffic.ShortTTL, Values: []string{first.Alias.Name}}
	alike := n
	alike.before = []record{was}
	return alike.byName(w)
}

// timed are records with the wanted time to live.
func (w wanted) timed(was []record) []record {
	out := slices.Clone(was)
	for i := range out {
		if out[i].Alias == nil && w.ttl > 0 {
			out[i].TTL = w.ttl
		}
	}
	return out
}

// lifetime is the time to live of a record beside others: what is wanted, or the
// shortest that they have, or that of addresses behind an alias.
func (w wanted) lifetime(was []record) int64 {
	if w.ttl > 0 {
		return w.ttl
	}
	shortest := int64(0)
	for _, r := range was {
		if r.TTL > 0 && (shortest == 0 || r.TTL < shortest) {
			shortest = r.TTL
		}
	}
	return cmp.Or(shortest, traffic.ShortTTL)
}

func ofType(records []record, kind string) []record {
	var out []record
	for _, r := range records {
		if r.Type == kind {
			out = append(out, r)
		}
	}
	return out
}

func addressesOf(kind string, all []netip.Addr) []string {
	var out []string
	for _, a := range all {
		if a = a.Unmap(); a.Is4() == (kind == "A") && kind != "CNAME" {
			out = append(out, a.String())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func dotted(host string) string {
	if host == "" {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")) + "."
}
