package dns

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	mdns "github.com/miekg/dns"
)

// zonesOf is a source that never changes.
type zonesOf []Zone

func (z zonesOf) Zones(context.Context) ([]Zone, error) { return z, nil }

type profilesOf []Profile

func (p profilesOf) Profiles() []Profile { return p }

const soaValue = "ns-1.example.net. hostmaster.example.net. 1 7200 900 1209600 86400"

func set(name, rrtype string, ttl uint32, values ...string) RecordSet {
	return RecordSet{Name: name, Type: rrtype, TTL: ttl, Values: values, Policy: Simple}
}

func weighted(name, id string, weight uint64, value string) RecordSet {
	return RecordSet{Name: name, Type: "A", TTL: 5, Values: []string{value}, SetID: id, Policy: Weighted, Weight: weight}
}

func alias(name, target string) RecordSet {
	return RecordSet{Name: name, Type: "A", Alias: target, Policy: Simple}
}

// shopZones is a zone with one of everything, a private twin, and a second zone.
func shopZones() zonesOf {
	return zonesOf{
		{ID: "Z1", Name: "shop.example.", Sets: []RecordSet{
			set("shop.example.", "SOA", 900, soaValue),
			set("shop.example.", "NS", 172800, "ns-1.example.net."),
			set("shop.example.", "MX", 300, "10 mail.shop.example."),
			set("shop.example.", "TXT", 300, `"v=spf1 -all" "second; part"`),
			set("www.shop.example.", "A", 60, "127.0.0.2"),
			set("two.shop.example.", "A", 60, "127.0.0.2", "127.0.0.3"),
			set("a.deep.shop.example.", "A", 60, "127.0.0.4"),
			set("*.wild.shop.example.", "A", 60, "127.0.0.5"),
			set("known.wild.shop.example.", "TXT", 60, `"here"`),
			set("c1.shop.example.", "CNAME", 30, "c2.shop.example."),
			set("c2.shop.example.", "CNAME", 30, "www.other.example."),
			set("out.shop.example.", "CNAME", 30, "www.elsewhere.test."),
			set("tm.shop.example.", "CNAME", 30, "shop.trafficmanager.net."),
			set("loop.shop.example.", "CNAME", 30, "pool.shop.example."),
			set("pool.shop.example.", "CNAME", 30, "loop.shop.example."),
			set("gone.shop.example.", "CNAME", 30, "nothing.other.example."),
			alias("lb.shop.example.", "dualstack.front-1.us-east-1.elb.amazonaws.com."),
			alias("same.shop.example.", "www.shop.example."),
			alias("lost.shop.example.", "old.us-east-1.elb.amazonaws.com."),
			alias("knot.shop.example.", "knot.shop.example."),
			set("sub.shop.example.", "NS", 300, "ns.sub.shop.example."),
			set("broken.shop.example.", "A", 60, "not an address"),
			{Name: "cidr.shop.example.", Type: "A", TTL: 5, Values: []string{"127.0.0.9"}, Policy: Unsupported},
			set("split.shop.example.", "A", 60, "127.0.0.6"),
		}},
		{ID: "Z2", Name: "other.example.", Sets: []RecordSet{
			set("www.other.example.", "A", 120, "127.0.0.7"),
		}},
		{ID: "Z3", Name: "inner.shop.example.", Private: true, Sets: []RecordSet{
			set("db.inner.shop.example.", "A", 60, "127.0.0.8"),
		}},
		{ID: "Z0", Name: "inner.shop.example.", Sets: []RecordSet{
			set("db.inner.shop.example.", "A", 60, "203.0.113.1"),
		}},
	}
}

func shopHosts(t testing.TB) *HostMap {
	t.Helper()
	h := &HostMap{}
	for name, address := range map[string]string{
		"front-1.us-east-1.elb.amazonaws.com":  "127.1.0.1",
		"*.us-east-1.rds.amazonaws.com":        "127.1.0.2",
		"front.westeurope.cloudapp.azure.com.": "127.1.0.3",
	} {
		if err := h.Set(name, netip.MustParseAddr(address)); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func shopServer(t testing.TB) *Server {
	t.Helper()
	s := newServer(Options{
		Zones: shopZones(), Hosts: shopHosts(t), Seed: 1, Region: "us-east-1",
		Profiles: profilesOf{{Name: "shop", Enabled: true, Method: ByPriority, TTL: 20, Endpoints: []Endpoint{
			{Name: "azure", Target: "front.westeurope.cloudapp.azure.com", Enabled: true, Priority: 1},
		}}},
	})
	t.Cleanup(s.end)
	return s
}

func question(name, rrtype string) *mdns.Msg {
	m := new(mdns.Msg)
	m.SetQuestion(name, mdns.StringToType[rrtype])
	m.SetEdns0(1232, false)
	return m
}

// show writes an answer as one line: code, flags, answers, who is the authority.
func show(m *mdns.Msg) string {
	parts := []string{mdns.RcodeToString[m.Rcode]}
	if m.Authoritative {
		parts = append(parts, "aa")
	}
	for _, rr := range m.Answer {
		h := rr.Header()
		value := strings.TrimPrefix(rr.String(), h.String())
		parts = append(parts, fmt.Sprintf("%s %d %s %s", h.Name, h.Ttl, mdns.TypeToString[h.Rrtype], value))
	}
	for _, rr := range m.Ns {
		parts = append(parts, fmt.Sprintf("authority %s %d %s", rr.Header().Name, rr.Header().Ttl, mdns.TypeToString[rr.Header().Rrtype]))
	}
	return strings.Join(parts, " | ")
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	s := shopServer(t)
	const negative = "authority shop.example. 900 SOA"
	for _, c := range []struct{ name, rrtype, want string }{
		{"www.shop.example.", "A", "NOERROR | aa | www.shop.example. 60 A 127.0.0.2"},
		{"WwW.Shop.EXAMPLE.", "A", "NOERROR | aa | WwW.Shop.EXAMPLE. 60 A 127.0.0.2"},
		{"shop.example.", "SOA", "NOERROR | aa | shop.example. 900 SOA " + soaValue},
		{"shop.example.", "NS", "NOERROR | aa | shop.example. 172800 NS ns-1.example.net."},
		{"shop.example.", "MX", "NOERROR | aa | shop.example. 300 MX 10 mail.shop.example."},
		{"shop.example.", "TXT", `NOERROR | aa | shop.example. 300 TXT "v=spf1 -all" "second; part"`},

		// There is the name but not the type; there is not even the name.
		{"www.shop.example.", "AAAA", "NOERROR | aa | " + negative},
		{"deep.shop.example.", "A", "NOERROR | aa | " + negative},
		{"nothing.shop.example.", "A", "NXDOMAIN | aa | " + negative},
		{"b.deep.shop.example.", "A", "NXDOMAIN | aa | " + negative},

		// Wildcards answer only below the closest name there is.
		{"any.wild.shop.example.", "A", "NOERROR | aa | any.wild.shop.example. 60 A 127.0.0.5"},
		{"x.y.wild.shop.example.", "A", "NOERROR | aa | x.y.wild.shop.example. 60 A 127.0.0.5"},
		{"any.wild.shop.example.", "MX", "NOERROR | aa | " + negative},
		{"known.wild.shop.example.", "A", "NOERROR | aa | " + negative},
		{"x.known.wild.shop.example.", "A", "NXDOMAIN | aa | " + negative},
		{"wild.shop.example.", "A", "NOERROR | aa | " + negative},

		// Chains.
		{"c1.shop.example.", "A", "NOERROR | aa | c1.shop.example. 30 CNAME c2.shop.example. | c2.shop.example. 30 CNAME www.other.example. | www.other.example. 120 A 127.0.0.7"},
		{"c1.shop.example.", "CNAME", "NOERROR | aa | c1.shop.example. 30 CNAME c2.shop.example."},
		{"c1.shop.example.", "AAAA", "NOERROR | aa | c1.shop.example. 30 CNAME c2.shop.example. | c2.shop.example. 30 CNAME www.other.example. | authority other.example. 30 SOA"},
		{"out.shop.example.", "A", "NOERROR | aa | out.shop.example. 30 CNAME www.elsewhere.test."},
		{"gone.shop.example.", "A", "NXDOMAIN | aa | gone.shop.example. 30 CNAME nothing.other.example. | authority other.example. 30 SOA"},
		{"tm.shop.example.", "A", "NOERROR | aa | tm.shop.example. 30 CNAME shop.trafficmanager.net. | shop.trafficmanager.net. 20 CNAME front.westeurope.cloudapp.azure.com. | front.westeurope.cloudapp.azure.com. 60 A 127.1.0.3"},
		{"loop.shop.example.", "A", "SERVFAIL | aa"},

		// Aliases show the target's address and TTL under their own name.
		{"lb.shop.example.", "A", "NOERROR | aa | lb.shop.example. 60 A 127.1.0.1"},
		{"lb.shop.example.", "AAAA", "NOERROR | aa | " + negative},
		{"same.shop.example.", "A", "NOERROR | aa | same.shop.example. 60 A 127.0.0.2"},
		{"lost.shop.example.", "A", "SERVFAIL | aa"},
		{"knot.shop.example.", "A", "SERVFAIL | aa"},

		// Who else is asked.
		{"sub.shop.example.", "A", "NOERROR | authority sub.shop.example. 300 NS"},
		{"x.y.sub.shop.example.", "A", "NOERROR | authority sub.shop.example. 300 NS"},
		{"www.elsewhere.test.", "A", "REFUSED"},
		{".", "NS", "REFUSED"},

		// A private zone wins over the public one, and the longer name over both.
		{"db.inner.shop.example.", "A", "NOERROR | aa | db.inner.shop.example. 60 A 127.0.0.8"},
		{"none.inner.shop.example.", "A", "NXDOMAIN | aa | authority inner.shop.example. 30 SOA"},

		// What cannot be answered is not answered with something else.
		{"broken.shop.example.", "A", "SERVFAIL | aa"},
		{"cidr.shop.example.", "A", "SERVFAIL | aa"},

		// Names that the clouds hand out.
		{"db-1.us-east-1.rds.amazonaws.com.", "A", "NOERROR | aa | db-1.us-east-1.rds.amazonaws.com. 60 A 127.1.0.2"},
		{"front-1.us-east-1.elb.amazonaws.com.", "AAAA", "NOERROR | aa | authority us-east-1.elb.amazonaws.com. 30 SOA"},
		{"front-2.us-east-1.elb.amazonaws.com.", "A", "REFUSED"},

		{"www.shop.example.", "ANY", `NOERROR | aa | www.shop.example. 60 HINFO "RFC8482" ""`},
		{"nothing.shop.example.", "ANY", "NXDOMAIN | aa | " + negative},
		{"www.shop.example.", "AXFR", "REFUSED"},
	} {
		got := show(s.reply(t.Context(), question(c.name, c.rrtype), mdns.MaxMsgSize))
		if got != c.want {
			t.Errorf("%s %s\n got %s\nwant %s", c.name, c.rrtype, got, c.want)
		}
	}
}

// Whoever asks with EDNS is told why there is no answer.
func TestFailuresSayWhy(t *testing.T) {
	t.Parallel()
	s := shopServer(t)
	for name, want := range map[string]string{
		"loop.shop.example.":   "longer than 16",
		"lost.shop.example.":   "old.us-east-1.elb.amazonaws.com.",
		"cidr.shop.example.":   "policy",
		"broken.shop.example.": "broken.shop.example.",
		"www.elsewhere.test.":  "does not hold",
	} {
		m := s.reply(t.Context(), question(name, "A"), mdns.MaxMsgSize)
		if got := m.IsEdns0().String(); !strings.Contains(got, want) {
			t.Errorf("%s: says %q, want %q", name, got, want)
		}
	}
}

func TestMultipleValuesComeInChangingOrder(t *testing.T) {
	t.Parallel()
	s := shopServer(t)
	first := map[string]int{}
	for range 200 {
		m := s.reply(t.Context(), question("two.shop.example.", "A"), mdns.MaxMsgSize)
		if len(m.Answer) != 2 {
			t.Fatal(show(m))
		}
		first[m.Answer[0].(*mdns.A).A.String()]++
	}
	if first["127.0.0.2"] < 70 || first["127.0.0.3"] < 70 {
		t.Errorf("first in the answer: %v", first)
	}
}

// shares asks n times and counts the addresses.
func shares(t *testing.T, s *Server, name string, n int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for range n {
		m := s.reply(t.Context(), question(name, "A"), mdns.MaxMsgSize)
		for _, rr := range m.Answer {
			if a, ok := rr.(*mdns.A); ok {
				got[a.A.String()]++
			}
		}
	}
	return got
}

// within reports whether the count is within four standard deviations.
func within(count, n int, share float64) bool {
	mean := float64(n) * share
	deviation := float64(count) - mean
	return deviation*deviation <= 16*mean*(1-share)+0.5
}

func TestWeightedShares(t *testing.T) {
	t.Parallel()
	const n = 4000
	for _, c := range []struct {
		weights [3]uint64
		want    [3]float64
	}{
		{[3]uint64{1, 1, 2}, [3]float64{.25, .25, .5}},
		{[3]uint64{255, 0, 0}, [3]float64{1, 0, 0}},
		{[3]uint64{0, 0, 0}, [3]float64{1. / 3, 1. / 3, 1. / 3}},
		{[3]uint64{95, 5, 0}, [3]float64{.95, .05, 0}},
	} {
		var sets []RecordSet
		for i, w := range c.weights {
			sets = append(sets, weighted("w.example.", fmt.Sprint(i), w, fmt.Sprintf("127.0.0.%d", i)))
		}
		s := newServer(Options{Zones: zonesOf{{ID: "Z", Name: "example.", Sets: sets}}, Seed: 7})
		got := shares(t, s, "w.example.", n)
		for i, share := range c.want {
			if count := got[fmt.Sprintf("127.0.0.%d", i)]; !within(count, n, share) {
				t.Errorf("weights %v: answer %d came %d times of %d, want a share of %g", c.weights, i, count, n, share)
			}
		}
		again := newServer(Options{Zones: zonesOf{{ID: "Z", Name: "example.", Sets: sets}}, Seed: 7})
		if repeated := shares(t, again, "w.example.", n); fmt.Sprint(repeated) != fmt.Sprint(got) {
			t.Errorf("the same seed gives %v and %v", got, repeated)
		}
	}
}

// The choices for one name do not depend on what else is asked.
func TestChoicesOfAGroupAreItsOwn(t *testing.T) {
	t.Parallel()
	zone := Zone{ID: "Z", Name: "example.", Sets: []RecordSet{
		weighted("a.example.", "1", 1, "127.0.0.1"), weighted("a.example.", "2", 1, "127.0.0.2"),
		weighted("b.example.", "1", 1, "127.0.0.1"), weighted("b.example.", "2", 1, "127.0.0.2"),
	}}
	sequence := func(disturb bool) string {
		s := newServer(Options{Zones: zonesOf{zone}, Seed: 3})
		var out []string
		for range 50 {
			if disturb {
				shares(t, s, "b.example.", 3)
			}
			m := s.reply(t.Context(), question("a.example.", "A"), mdns.MaxMsgSize)
			out = append(out, m.Answer[0].(*mdns.A).A.String())
		}
		return strings.Join(out, " ")
	}
	if quiet, busy := sequence(false), sequence(true); quiet != busy {
		t.Errorf("undisturbed %s\ndisturbed %s", quiet, busy)
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	policy := func(id, value string, p Policy, change func(*RecordSet)) RecordSet {
		s := RecordSet{Name: "x.example.", Type: "A", TTL: 5, Values: []string{value}, SetID: id, Policy: p}
		if change != nil {
			change(&s)
		}
		return s
	}
	for _, c := range []struct {
		name string
		sets []RecordSet
		want string
	}{
		{"failover answers the primary", []RecordSet{
			policy("a", "127.0.0.1", Failover, nil), policy("b", "127.0.0.2", Failover, func(s *RecordSet) { s.Primary = true }),
		}, "127.0.0.2"},
		{"latency answers the own region", []RecordSet{
			policy("a", "127.0.0.1", Latency, func(s *RecordSet) { s.Region = "eu-west-1" }),
			policy("b", "127.0.0.2", Latency, func(s *RecordSet) { s.Region = "us-east-1" }),
		}, "127.0.0.2"},
		{"latency without the own region answers the first", []RecordSet{
			policy("b", "127.0.0.2", Latency, func(s *RecordSet) { s.Region = "eu-west-1" }),
			policy("a", "127.0.0.1", Latency, func(s *RecordSet) { s.Region = "ap-south-1" }),
		}, "127.0.0.1"},
		{"geolocation answers the default", []RecordSet{
			policy("a", "127.0.0.1", Geolocation, nil), policy("b", "127.0.0.2", Geolocation, func(s *RecordSet) { s.Default = true }),
		}, "127.0.0.2"},
	} {
		s := newServer(Options{Zones: zonesOf{{ID: "Z", Name: "example.", Sets: c.sets}}, Region: "us-east-1"})
		if got := shares(t, s, "x.example.", 20); len(got) != 1 || got[c.want] != 20 {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	var many []RecordSet
	for i := range 10 {
		many = append(many, policy(fmt.Sprint(i), fmt.Sprintf("127.0.0.%d", i+1), MultiValue, nil))
	}
	s := newServer(Options{Zones: zonesOf{{ID: "Z", Name: "example.", Sets: many}}})
	seen := map[string]bool{}
	for range 50 {
		m := s.reply(t.Context(), question("x.example.", "A"), mdns.MaxMsgSize)
		if len(m.Answer) != 8 {
			t.Fatalf("a multivalue answer has %d records, want 8", len(m.Answer))
		}
		for _, rr := range m.Answer {
			seen[rr.String()] = true
		}
	}
	if len(seen) != 10 {
		t.Errorf("of 10 records %d were seen", len(seen))
	}
}

func TestHostMap(t *testing.T) {
	t.Parallel()
	h := &HostMap{}
	if err := h.Set("db.example", netip.MustParseAddr("203.0.113.7")); err == nil {
		t.Error("an address outside loopback was taken")
	}
	for _, name := range []string{"", ".", strings.Repeat("x", 64) + ".example"} {
		if err := h.Set(name, netip.MustParseAddr("127.0.0.1")); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
	if err := h.Set("*.Example", netip.MustParseAddr("127.0.0.1")); err != nil {
		t.Fatal(err)
	}
	if err := h.Set("own.example.", netip.MustParseAddr("127.0.0.2")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"own.example.": "127.0.0.2", "a.example.": "127.0.0.1", "A.B.example": "127.0.0.1", "example.": ""} {
		got, ok := h.Lookup(name)
		if ok != (want != "") || ok && !slices.Equal(got, []netip.Addr{netip.MustParseAddr(want)}) {
			t.Errorf("%s: %v, %v, want %q", name, got, ok, want)
		}
	}
	h.Delete("own.example")
	if got, _ := h.Lookup("own.example"); len(got) != 1 || got[0].String() != "127.0.0.1" {
		t.Errorf("after the deletion: %v", got)
	}
}

// Records that cannot be used and zones that hide each other are named.
func TestIndexNamesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	_, trouble := newIndex([]Zone{
		{ID: "Z1", Name: "example.", Sets: []RecordSet{set("www.example.", "TEAPOT", 1, "x"), set("www.other.", "A", 1, "127.0.0.1")}},
		{ID: "Z2", Name: "EXAMPLE."},
	})
	text := strings.Join(trouble, "\n")
	for _, want := range []string{"TEAPOT", "www.other.", "Z2"} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing said about %s in %q", want, text)
		}
	}
}

func TestDecimalEscapes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`\052.example.com.`: "*.example.com.",
		`a\040b.example.`:   `a\032b.example.`,
		`"a\"b"`:            `"a\"b"`,
		`\999`:              `\999`,
		`\`:                 `\`,
		`x\05`:              `x\05`,
		`\134`:              `\092`,
		"plain":             "plain",
	} {
		if got := decimalEscapes(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
