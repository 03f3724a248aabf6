package dns

import (
	"net/netip"
	"strings"

	mdns "github.com/miekg/dns"

	"example.com/landfall/internal/fault"
)

// negativeTTL is how long a negative answer may be kept where there is no SOA
// record that says so.
const negativeTTL = 30

func header(name string, rrtype uint16, ttl uint32) mdns.RR_Header {
	return mdns.RR_Header{Name: name, Rrtype: rrtype, Class: mdns.ClassINET, Ttl: ttl}
}

// addressRecord is an A or AAAA record, as the address is.
func addressRecord(name string, ttl uint32, a netip.Addr) mdns.RR {
	a = a.Unmap()
	if a.Is4() {
		return &mdns.A{Hdr: header(name, mdns.TypeA, ttl), A: a.AsSlice()}
	}
	return &mdns.AAAA{Hdr: header(name, mdns.TypeAAAA, ttl), AAAA: a.AsSlice()}
}

// syntheticSOA stands for zones that are the cloud's own.
func syntheticSOA(zone string) *mdns.SOA {
	return &mdns.SOA{
		Hdr: header(zone, mdns.TypeSOA, negativeTTL), Ns: "ns.landfall.invalid.", Mbox: "hostmaster.landfall.invalid.",
		Serial: 1, Refresh: 900, Retry: 300, Expire: 604800, Minttl: negativeTTL,
	}
}

// records turns the values of a set into records of the owner.
func (s RecordSet) records(owner string) ([]mdns.RR, error) {
	out := make([]mdns.RR, 0, len(s.Values))
	for _, value := range s.Values {
		rr, err := parseRecord(owner, s.Type, value)
		if err != nil {
			return nil, err
		}
		rr.Header().Ttl = s.TTL
		out = append(out, rr)
	}
	return out, nil
}

// parseRecord reads one value in the presentation format of zone files.
func parseRecord(owner, rrtype, value string) (mdns.RR, error) {
	if strings.ContainsAny(value, "\r\n") {
		return nil, fault.Newf(fault.Invalid, "read %s record of %q: the value has a line break", rrtype, owner)
	}
	// The owner is set afterwards, so that nothing in a name that somebody
	// asked for is read as part of a zone file.
	rr, err := mdns.NewRR(". 0 IN " + rrtype + " " + value)
	if err != nil || rr == nil {
		return nil, fault.Of(fault.Invalid, "read "+rrtype+" record of", owner, err)
	}
	rr.Header().Name = owner
	return rr, nil
}
