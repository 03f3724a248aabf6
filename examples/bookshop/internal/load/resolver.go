package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"

	"example.com/landfall/examples/bookshop/internal/trouble"
)

// maxTTL bounds how long an answer is kept, against a zone with a typing error.
const maxTTL = 5 * time.Minute

// resolver looks one host up at one DNS server and keeps the answer for as
// long as its TTL says. Each simulated client has its own, as real clients
// do: with weighted records each client may get another address, and only
// many caches together show the weights.
type resolver struct {
	server, host string
	now          func() time.Time

	mu      sync.Mutex
	random  *rand.Rand
	address netip.Addr
	expires time.Time
}

// resolve returns an address of the host. When the server does not answer, the
// last address is used on, as resolvers commonly do, until it answers again.
func (r *resolver) resolve(ctx context.Context) (netip.Addr, error) {
	r.mu.Lock()
	defer r.mu.Unlock() // held while asking: one question per client and TTL
	if r.address.IsValid() && r.now().Before(r.expires) {
		return r.address, nil
	}
	addresses, ttl, err := r.ask(ctx)
	if err != nil {
		if r.address.IsValid() {
			r.expires = r.now().Add(time.Second)
			return r.address, nil
		}
		return netip.Addr{}, err
	}
	r.address = addresses[r.random.IntN(len(addresses))]
	r.expires = r.now().Add(ttl)
	return r.address, nil
}

// ask sends one question and returns the addresses and the smallest TTL on the
// way to them, CNAMEs included.
func (r *resolver) ask(ctx context.Context) ([]netip.Addr, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	question := new(dns.Msg).SetQuestion(dns.Fqdn(r.host), dns.TypeA)
	answer, _, err := new(dns.Client).ExchangeContext(ctx, question, r.server)
	if err == nil && answer.Truncated {
		answer, _, err = (&dns.Client{Net: "tcp"}).ExchangeContext(ctx, question, r.server)
	}
	if err != nil {
		return nil, 0, trouble.Of(trouble.Unavailable, "resolve host", r.host, err)
	}
	if answer.Rcode != dns.RcodeSuccess {
		return nil, 0, trouble.Of(trouble.NotFound, "resolve host", r.host, errors.New(dns.RcodeToString[answer.Rcode]))
	}
	ttl := maxTTL
	var addresses []netip.Addr
	for _, record := range answer.Answer {
		ttl = min(ttl, time.Duration(record.Header().Ttl)*time.Second)
		if a, ok := record.(*dns.A); ok {
			if address, ok := netip.AddrFromSlice(a.A.To4()); ok {
				addresses = append(addresses, address)
			}
		}
	}
	if len(addresses) == 0 {
		return nil, 0, trouble.Of(trouble.NotFound, "resolve host", r.host, fmt.Errorf("the answer has no A record"))
	}
	return addresses, ttl, nil
}

// hostOf returns the host of "host:port".
func hostOf(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}
