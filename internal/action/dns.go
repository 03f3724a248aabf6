package action

import (
	"context"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/runbook"
)

// The kinds that ask name servers: a check of what they answer, and the same
// after a wait until caches have let go of a name.
const (
	KindDNS     runbook.StepKind = "dns.check"
	KindExpired runbook.StepKind = "traffic.expired"
)

// Names asks what name servers answer for a name: those that are authoritative
// for it, and resolvers of which users have one.
type Names struct {
	only
	// Resolvers ("192.0.2.1:53") are asked as users' are; the first also finds
	// the authoritative servers of a step that does not name them.
	Resolvers []string
	// Port is that of authoritative servers that were found, "53" when "".
	Port string
}

var _ Test = Names{}

type nameInputs struct {
	// Route is the name, Type the type of its records, "" for addresses (A).
	Route string `json:"route"`
	Type  string `json:"type"`
	Zone  string `json:"zone"`
	// TTLSeconds is the longest that an answer may be kept, 0 for any.
	TTLSeconds int64 `json:"ttlSeconds"`
	// Answers must be given, any one of them when AnyOf; empty for any answer.
	Answers []string `json:"answers"`
	AnyOf   bool     `json:"anyOf"`
	// Servers are the authoritative ones; they are looked up when empty.
	Servers   []string `json:"servers"`
	Resolvers []string `json:"resolvers"`
}

// Try asks each server; one that does not answer is a failure, as nobody knows
// what users of it get.
func (a Names) Try(ctx context.Context, c *Call) ([]Evidence, error) {
	var in nameInputs
	if err := inputs(c, &in); err != nil {
		return nil, err
	}
	kind, ok := dns.StringToType[strings.ToUpper(in.Type)]
	if in.Type == "" {
		kind, ok = dns.TypeA, true
	}
	if !ok || in.Route == "" {
		return nil, fault.Newf(fault.Invalid, "ask for the name of step %q: %q is no type of records, or the name is missing", c.Step.ID, in.Type)
	}
	servers, err := a.authoritative(ctx, in)
	if err != nil {
		return nil, err
	}
	resolvers := append(slices.Clone(in.Resolvers), a.Resolvers...)
	slices.Sort(resolvers)
	var out []Evidence
	var wrong []string
	for k, server := range append(servers, slices.Compact(resolvers)...) {
		e, err := ask(ctx, in, kind, server, k < len(servers))
		out = append(out, e)
		if err != nil {
			wrong = append(wrong, server+": "+err.Error())
		}
		c.beat(Progress{Text: server, Done: int64(k + 1)})
	}
	if len(wrong) > 0 {
		return out, fault.Newf(fault.Found, "ask for %q: %s", in.Route, strings.Join(wrong, "; "))
	}
	return out, nil
}

// ask asks one server. An authoritative one gives the whole time to live and
// says that it is authoritative; a resolver what is left of it.
func ask(ctx context.Context, in nameInputs, kind uint16, server string, authority bool) (Evidence, error) {
	e := Evidence{Kind: "dns", Text: in.Route + " at " + server, Data: map[string]string{"server": server, "name": in.Route, "authoritative": "false"}}
	answer, err := exchange(ctx, server, in.Route, kind, !authority)
	if err != nil {
		return e, err
	}
	if authority {
		e.Data["authoritative"] = "true"
		if !answer.Authoritative {
			return e, fault.Newf(fault.Found, "it is not authoritative for the name")
		}
	}
	if answer.Rcode != dns.RcodeSuccess {
		return e, fault.Newf(fault.Found, "it answers %s", dns.RcodeToString[answer.Rcode])
	}
	values, ttl := read(answer)
	e.Data["answers"], e.Data["ttl"] = strings.Join(values, " "), number(int(ttl))
	e.Text += ": " + strings.Join(values, " ") + ", " + number(int(ttl)) + " s"
	if len(values) == 0 {
		return e, fault.Newf(fault.Found, "it has no such record")
	}
	if in.TTLSeconds > 0 && int64(ttl) > in.TTLSeconds {
		return e, fault.Newf(fault.Found, "it may be kept for %d s, and not for %d s", ttl, in.TTLSeconds)
	}
	return e, in.expected(values)
}

func (in nameInputs) expected(values []string) error {
	if len(in.Answers) == 0 {
		return nil
	}
	found := 0
	for _, want := range in.Answers {
		if slices.Contains(values, plain(want)) {
			found++
		}
	}
	switch {
	case in.AnyOf && found > 0:
		// Every answer has to be one of those, too: one that is not leads
		// users elsewhere.
		for _, v := range values {
			if !slices.ContainsFunc(in.Answers, func(want string) bool { return plain(want) == v }) {
				return fault.Newf(fault.Found, "it answers %s, which is none of those expected", v)
			}
		}
		return nil
	case !in.AnyOf && found == len(in.Answers):
		return nil
	}
	return fault.Newf(fault.Found, "it answers %s, not %s", strings.Join(values, " "), strings.Join(in.Answers, " "))
}

// read returns the values of an answer in order, those of a chain of names
// included, and the shortest time to live.
func read(answer *dns.Msg) (values []string, ttl uint32) {
	for k, rr := range answer.Answer {
		if k == 0 || rr.Header().Ttl < ttl {
			ttl = rr.Header().Ttl
		}
		value := strings.TrimSpace(strings.TrimPrefix(rr.String(), rr.Header().String()))
		values = append(values, plain(value))
	}
	slices.Sort(values)
	return slices.Compact(values), ttl
}

func plain(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// exchange asks over UDP, and over TCP what does not fit. It asks three times:
// a datagram may be lost.
func exchange(ctx context.Context, server, name string, kind uint16, recurse bool) (*dns.Msg, error) {
	q := new(dns.Msg)
	q.SetQuestion(dns.Fqdn(name), kind)
	q.RecursionDesired = recurse
	var answer *dns.Msg
	var err error
	for range 3 {
		client := dns.Client{Timeout: 3 * time.Second}
		answer, _, err = client.ExchangeContext(ctx, q, server)
		if err == nil && answer.Truncated {
			client.Net = "tcp"
			answer, _, err = client.ExchangeContext(ctx, q, server)
		}
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, fault.Of(fault.Unavailable, "ask", server, err)
	}
	return answer, nil
}

// authoritative finds the servers of the zone that holds a name: those of the
// name itself, or of the nearest name above it that has any (RFC 1034, section
// 4.2).
func (a Names) authoritative(ctx context.Context, in nameInputs) ([]string, error) {
	if len(in.Servers) > 0 {
		return in.Servers, nil
	}
	if len(a.Resolvers) == 0 {
		return nil, fault.Newf(fault.Invalid, "find the name servers of %q: no resolver is known", in.Route)
	}
	zone := dns.Fqdn(in.Route)
	if in.Zone != "" && strings.Contains(in.Zone, ".") {
		zone = dns.Fqdn(in.Zone)
	}
	for at, end := 0, false; !end; at, end = dns.NextLabel(zone, at) {
		answer, err := exchange(ctx, a.Resolvers[0], zone[at:], dns.TypeNS, true)
		if err != nil {
			return nil, err
		}
		var hosts []string
		for _, rr := range answer.Answer {
			if ns, ok := rr.(*dns.NS); ok {
				hosts = append(hosts, ns.Ns)
			}
		}
		if len(hosts) > 0 {
			return a.addresses(ctx, hosts)
		}
	}
	return nil, fault.Newf(fault.NotFound, "find the name servers of %q", in.Route)
}

func (a Names) addresses(ctx context.Context, hosts []string) ([]string, error) {
	port := a.Port
	if port == "" {
		port = "53"
	}
	slices.Sort(hosts)
	var out []string
	for _, host := range hosts {
		answer, err := exchange(ctx, a.Resolvers[0], host, dns.TypeA, true)
		if err != nil {
			return nil, err
		}
		for _, rr := range answer.Answer {
			if record, ok := rr.(*dns.A); ok {
				out = append(out, net.JoinHostPort(record.A.String(), port))
			}
		}
	}
	if len(out) == 0 {
		return nil, fault.Newf(fault.NotFound, "find the addresses of the name servers %s", strings.Join(hosts, " "))
	}
	return out, nil
}
