package reach

import (
	"net/netip"
	"slices"
)

// Oracle answers which rules of one network decide over a connection. Not safe
// for concurrent use.
type Oracle struct {
	s  *side
	at map[string][]int
}

// Deciding is what decides over a connection. Where the ends may stand in
// several places, or clients' ports are told apart, both may be given.
type Deciding struct {
	// Passes names the rule that lets it through, Stops the rule or the route
	// that stops it; "" where there is no such case.
	Passes, Stops string
	// Unknown says why it cannot be told.
	Unknown string
}

// NewOracle prepares a network: aws says whether it is read by FromAWS or by
// FromAzure.
func NewOracle(net Network, aws bool) *Oracle {
	o := &Oracle{s: newSide(&net, aws, newBook()), at: map[string][]int{}}
	o.s.sports = clientPorts(&net, &net)
	cuts := o.s.mentioned()
	slices.SortFunc(cuts, comparePrefix)
	cuts = slices.Compact(cuts)
	spots, open := map[spotKey]int{}, map[string]bool{}
	for i := range net.Interfaces {
		f := &net.Interfaces[i]
		for _, p := range o.s.placesOf(f, cuts, &open) {
			o.at[f.ID] = append(o.at[f.ID], o.s.spot(i, p, spots))
		}
	}
	return o
}

// Has reports whether an interface is known with a place.
func (o *Oracle) Has(id string) bool { return len(o.at[id]) > 0 }

// Between says what decides over a TCP connection between two interfaces; ok is
// false when one of them has no place in the network.
func (o *Oracle) Between(from, to string, port uint16) (d Deciding, ok bool) {
	for _, a := range o.at[from] {
		for _, b := range o.at[to] {
			if x, y := &o.s.spots[a], &o.s.spots[b]; x.v6 == y.v6 {
				o.judge(&d, x, y, port)
				ok = true
			}
		}
	}
	return d, ok
}

// Out says what decides over a TCP connection to an address outside, or with an
// address that is not valid, to some address of the internet.
func (o *Oracle) Out(from string, to netip.Addr, port uint16) (d Deciding, ok bool) {
	far := &party{tag: "an address of the internet", iface: -1, subnet: -1, spot: -1}
	if to.IsValid() {
		far = o.s.block(to)
	}
	for _, a := range o.at[from] {
		if x := &o.s.spots[a]; x.v6 == far.v6 {
			o.judge(&d, x, far, port)
			ok = true
		}
	}
	return d, ok
}

// judge adds what decides between two parties, for each class of clients' ports.
func (o *Oracle) judge(d *Deciding, a, b *party, port uint16) {
	point := uint32(protocolTCP)<<16 | uint32(port)
	for k := range o.s.sports {
		v := o.s.judge(a, b, k)
		switch text := o.s.explain(&v, point, k); {
		case v.unknown != "":
			d.Unknown = first(d.Unknown, v.unknown)
		case o.s.book.sets[v.mask].has(point) && !o.s.book.sets[v.set].has(point):
			d.Unknown = first(d.Unknown, first(v.unsureAt(point), "a rule that is not known whole may decide"))
		case o.s.book.sets[v.set].has(point):
			d.Passes = first(d.Passes, text)
		default:
			d.Stops = first(d.Stops, text)
		}
	}
}

func first(old, text string) string {
	if old != "" {
		return old
	}
	return text
}
