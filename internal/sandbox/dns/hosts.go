package dns

import (
	"net/netip"
	"slices"
	"strings"
	"sync"

	mdns "github.com/miekg/dns"

	"example.com/landfall/internal/fault"
)

// hostTTL is the TTL of the names that the clouds hand out: 60 seconds is what
// Elastic Load Balancing and CloudFront use, and what Route 53 gives an alias
// to them.
const hostTTL = 60

// HostMap holds the addresses of names that a cloud hands out and no zone
// holds: load balancers, databases, gateways. The zero value is empty and
// ready; it is safe for concurrent use.
type HostMap struct {
	mu    sync.RWMutex
	names map[string][]netip.Addr
}

// Set gives a name its addresses, instead of those it had. A name that begins
// with "*." stands for every name below the rest that is not set itself. An
// address outside loopback is Refused: the sandbox sends nobody elsewhere.
func (h *HostMap) Set(name string, addresses ...netip.Addr) error {
	key, err := hostKey(name)
	if err != nil {
		return err
	}
	for _, a := range addresses {
		if !a.IsLoopback() {
			return fault.Newf(fault.Refused, "set host %q: %s is not a loopback address", name, a)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.names == nil {
		h.names = map[string][]netip.Addr{}
	}
	h.names[key] = slices.Clone(addresses)
	return nil
}

// Delete removes a name. Removing one that is not there is harmless.
func (h *HostMap) Delete(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.names, mdns.CanonicalName(name))
}

// Lookup returns the addresses of a name.
func (h *HostMap) Lookup(name string) ([]netip.Addr, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	name = mdns.CanonicalName(name)
	// Route 53's console writes alias targets of load balancers with this
	// prefix, under which they have IPv6 addresses too.
	plain := strings.TrimPrefix(name, "dualstack.")
	for _, key := range []string{name, plain} {
		if found, ok := h.names[key]; ok {
			return slices.Clone(found), true
		}
	}
	for up := parent(plain); up != "."; up = parent(up) {
		if found, ok := h.names["*."+up]; ok {
			return slices.Clone(found), true
		}
	}
	return nil, false
}

func hostKey(name string) (string, error) {
	if _, ok := mdns.IsDomainName(name); !ok || mdns.Fqdn(name) == "." {
		return "", fault.Newf(fault.Invalid, "set host %q: not a domain name", name)
	}
	return mdns.CanonicalName(name), nil
}
