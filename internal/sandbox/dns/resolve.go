package dns

import (
	"fmt"

	mdns "github.com/miekg/dns"
)

// maxChain bounds how many names one question may lead through.
const maxChain = 16

// resolution is one question on its way to an answer.
type resolution struct {
	server *Server
	// zones gives the hosted zones; it is asked only for names that may be in
	// one, so that the others are answered while Route 53 is out of reach.
	zones func() (*index, error)
	// left is how many more names may be looked at; it is shared with the
	// resolutions of alias targets.
	left *int

	answer, authority []mdns.RR
	rcode             int
	// referral is true when somebody else has the answer.
	referral bool
	// outside is true when the chain ended at a name that is not ours.
	outside bool
	// why explains a failure to whoever asks with EDNS.
	why string
}

func (r *resolution) fail(why string) {
	r.answer, r.authority = nil, nil
	r.rcode, r.why = mdns.RcodeServerFailure, why
}

func (r *resolution) noName(soa *mdns.SOA) {
	r.rcode = mdns.RcodeNameError
	r.noData(soa)
}

// noData says that there is nothing of this type. The SOA record tells how
// long that may be remembered (RFC 2308: the lesser of its TTL and its last
// field).
func (r *resolution) noData(soa *mdns.SOA) {
	negative := mdns.Copy(soa)
	negative.Header().Ttl = min(soa.Hdr.Ttl, soa.Minttl)
	r.authority = append(r.authority, negative)
}

// follow walks the chain of names that begins at name.
func (r *resolution) follow(name string, qtype uint16) {
	for first := true; ; first = false {
		if *r.left--; *r.left < 0 {
			r.fail(fmt.Sprintf("the chain of names is longer than %d", maxChain))
			return
		}
		next, ours := r.step(name, qtype)
		if !ours {
			r.outside = true
			if first {
				r.rcode = mdns.RcodeRefused
				r.why = "the sandbox does not hold " + name
			}
			return
		}
		if next == "" {
			return
		}
		name = next
	}
}

// step answers one name. It returns the next name of the chain, if any, and
// whether the name is one of the sandbox's.
func (r *resolution) step(name string, qtype uint16) (next string, ours bool) {
	if r.host(name, qtype) {
		return "", true
	}
	if mdns.IsSubDomain(profileZone, name) {
		return r.profile(name, qtype), true
	}
	idx, err := r.zones()
	if err != nil {
		r.fail("the hosted zones cannot be read: " + err.Error())
		return "", true
	}
	if z := idx.zoneOf(name); z != nil {
		return r.zone(z, name, qtype), true
	}
	return "", false
}

// host answers names of the host map.
func (r *resolution) host(name string, qtype uint16) bool {
	addresses, ok := r.server.options.Hosts.Lookup(name)
	if !ok {
		return false
	}
	matched := false
	r.server.dice.shuffle("host "+name, len(addresses), func(i, j int) { addresses[i], addresses[j] = addresses[j], addresses[i] })
	for _, a := range addresses {
		if rr := addressRecord(name, hostTTL, a); rr.Header().Rrtype == qtype {
			r.answer, matched = append(r.answer, rr), true
		}
	}
	if !matched {
		r.noData(syntheticSOA(parent(name)))
	}
	return true
}

// zone answers a name of a hosted zone.
func (r *resolution) zone(z *zoneIndex, name string, qtype uint16) string {
	if ns := z.cut(name); ns != nil && qtype != mdns.TypeDS {
		r.refer(ns)
		return ""
	}
	byType, exists := z.find(name)
	if !exists {
		r.noName(r.soa(z))
		return ""
	}
	if sets := byType[qtype]; len(sets) > 0 {
		r.sets(z, name, qtype, sets)
		return ""
	}
	if sets := byType[mdns.TypeCNAME]; len(sets) > 0 {
		before := len(r.answer)
		r.sets(z, name, mdns.TypeCNAME, sets)
		if len(r.answer) == before+1 {
			if cname, ok := r.answer[before].(*mdns.CNAME); ok {
				return mdns.CanonicalName(cname.Target)
			}
		}
		return ""
	}
	r.noData(r.soa(z))
	return ""
}

// refer says which name servers have the answer.
func (r *resolution) refer(ns []RecordSet) {
	rrs, err := ns[0].records(ns[0].Name)
	if err != nil {
		r.fail(err.Error())
		return
	}
	r.referral = true
	r.authority = append(r.authority, rrs...)
}

// soa is the SOA record of a zone. Route 53 makes one with every zone; where
// it is missing or broken there is still an answer to be given.
func (r *resolution) soa(z *zoneIndex) *mdns.SOA {
	for _, set := range z.sets[z.Name][mdns.TypeSOA] {
		rrs, err := set.records(z.Name)
		if err != nil || len(rrs) == 0 {
			continue
		}
		if soa, ok := rrs[0].(*mdns.SOA); ok {
			return soa
		}
	}
	return syntheticSOA(z.Name)
}

// sets answers from the record sets of one name and type. name is the one that
// was asked for, which for a wildcard is not that of the sets.
func (r *resolution) sets(z *zoneIndex, name string, qtype uint16, sets []RecordSet) {
	group := z.ID + " " + sets[0].Name + " " + sets[0].Type
	chosen, ok := r.server.dice.choose(group, r.server.options.Region, sets)
	if !ok {
		r.fail("the routing policy of " + sets[0].Type + " record " + sets[0].Name + " is not supported")
		return
	}
	for _, set := range chosen {
		if set.Alias != "" {
			if r.alias(z, name, qtype, set); r.rcode == mdns.RcodeServerFailure {
				return
			}
			continue
		}
		rrs, err := set.records(name)
		if err != nil {
			r.fail(err.Error())
			return
		}
		// Route 53 gives the values of a record in random order.
		r.server.dice.shuffle(group+" values", len(rrs), func(i, j int) { rrs[i], rrs[j] = rrs[j], rrs[i] })
		r.answer = append(r.answer, rrs...)
	}
}

// alias answers an alias record: with the records of its target under its own
// name, since an alias, unlike a CNAME, is not visible to whoever asks. The
// TTL is that of the target.
func (r *resolution) alias(z *zoneIndex, name string, qtype uint16, set RecordSet) {
	inner := &resolution{server: r.server, zones: r.zones, left: r.left}
	inner.follow(mdns.CanonicalName(set.Alias), qtype)
	if inner.rcode == mdns.RcodeServerFailure {
		r.fail(inner.why)
		return
	}
	if inner.outside || inner.referral {
		r.fail("the alias " + set.Name + " stands for " + set.Alias + ", which the sandbox does not hold")
		return
	}
	ttl := ^uint32(0)
	for _, rr := range inner.answer {
		ttl = min(ttl, rr.Header().Ttl)
	}
	matched := false
	for _, rr := range inner.answer {
		if rr.Header().Rrtype != qtype {
			continue
		}
		own := mdns.Copy(rr)
		own.Header().Name, own.Header().Ttl = name, ttl
		r.answer, matched = append(r.answer, own), true
	}
	if !matched {
		r.noData(r.soa(z))
	}
}
