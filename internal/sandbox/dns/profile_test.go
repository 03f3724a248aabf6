package dns

import (
	"fmt"
	"testing"

	mdns "github.com/miekg/dns"
)

func endpoint(name string, weight uint64, status string) Endpoint {
	return Endpoint{Name: name, Target: "127.0.9." + name, Enabled: true, Status: status, Weight: weight}
}

func profileServer(p Profile) *Server {
	return newServer(Options{Profiles: profilesOf{p}, Seed: 5, Location: "westeurope"})
}

func TestProfileWeights(t *testing.T) {
	t.Parallel()
	const n = 4000
	p := Profile{Name: "shop", Enabled: true, Method: ByWeight, TTL: 10, Endpoints: []Endpoint{
		endpoint("1", 900, "Online"), endpoint("2", 100, "CheckingEndpoint"), endpoint("3", 1000, "Degraded"),
	}}
	got := shares(t, profileServer(p), "shop.trafficmanager.net.", n)
	if !within(got["127.0.9.1"], n, .9) || !within(got["127.0.9.2"], n, .1) || got["127.0.9.3"] != 0 {
		t.Errorf("shares: %v", got)
	}
}

// Which endpoints are answered, by the states of all.
func TestEligible(t *testing.T) {
	t.Parallel()
	disabled := func(e Endpoint) Endpoint { e.Enabled = false; return e }
	for _, c := range []struct {
		name      string
		endpoints []Endpoint
		want      string
	}{
		{"healthy ones", []Endpoint{endpoint("1", 1, "Online"), endpoint("2", 1, "Degraded"), endpoint("3", 1, "Stopped"), endpoint("4", 1, "")}, "14"},
		{"unmonitored ones count as healthy", []Endpoint{endpoint("1", 1, "Unmonitored"), endpoint("2", 1, "Degraded")}, "1"},
		{"all when all are degraded", []Endpoint{endpoint("1", 1, "Degraded"), endpoint("2", 1, "Stopped")}, "12"},
		{"never a disabled one", []Endpoint{disabled(endpoint("1", 1, "Online")), endpoint("2", 1, "Degraded"), endpoint("3", 1, "Disabled")}, "2"},
		{"none", []Endpoint{disabled(endpoint("1", 1, "Online"))}, ""},
	} {
		got := ""
		for _, e := range (Profile{Endpoints: c.endpoints}).eligible() {
			got += e.Name
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestProfileAnswers(t *testing.T) {
	t.Parallel()
	one, two := endpoint("1", 1, "Online"), endpoint("2", 1, "Online")
	change := func(e Endpoint, f func(*Endpoint)) Endpoint { f(&e); return e }
	base := func(f func(*Profile)) Profile {
		p := Profile{Name: "Shop", Enabled: true, Method: ByPriority, TTL: 10, Endpoints: []Endpoint{one, two}}
		f(&p)
		return p
	}
	const ask = "shop.trafficmanager.net."
	const negative = "authority trafficmanager.net. 30 SOA"
	for _, c := range []struct {
		name    string
		profile Profile
		ask     string
		rrtype  string
		want    string
	}{
		{"the lowest priority", base(func(p *Profile) {
			p.Endpoints = []Endpoint{change(one, func(e *Endpoint) { e.Priority = 9 }), change(two, func(e *Endpoint) { e.Priority = 3 })}
		}), ask, "A", "NOERROR | aa | " + ask + " 10 A 127.0.9.2"},
		{"performance: the own location", base(func(p *Profile) {
			p.Method = ByPerformance
			p.Endpoints = []Endpoint{change(one, func(e *Endpoint) { e.Location = "East US" }), change(two, func(e *Endpoint) { e.Location = "West Europe" })}
		}), ask, "A", "NOERROR | aa | " + ask + " 10 A 127.0.9.2"},
		{"geographic: the world", base(func(p *Profile) {
			p.Method = ByGeography
			p.Endpoints = []Endpoint{change(one, func(e *Endpoint) { e.Geo = []string{"DE"} }), change(two, func(e *Endpoint) { e.Geo = []string{"WORLD"} })}
		}), ask, "A", "NOERROR | aa | " + ask + " 10 A 127.0.9.2"},
		{"an address has no IPv6 answer", base(func(*Profile) {}), ask, "AAAA", "NOERROR | aa | " + negative},
		{"a name outside the sandbox ends the chain", base(func(p *Profile) {
			p.Endpoints = []Endpoint{change(one, func(e *Endpoint) { e.Target = "Front.Example.COM" })}
		}), ask, "A", "NOERROR | aa | " + ask + " 10 CNAME front.example.com."},
		{"nested profiles that lead in a circle", base(func(p *Profile) {
			p.Endpoints = []Endpoint{change(one, func(e *Endpoint) { e.Target = "shop.trafficmanager.net" })}
		}), ask, "A", "SERVFAIL | aa"},
		{"a disabled profile is not there", base(func(p *Profile) { p.Enabled = false }), ask, "A", "NXDOMAIN | aa | " + negative},
		{"no endpoints", base(func(p *Profile) { p.Endpoints = nil }), ask, "A", "NOERROR | aa | " + negative},
		{"another name", base(func(*Profile) {}), "shoe.trafficmanager.net.", "A", "NXDOMAIN | aa | " + negative},
		{"below a profile", base(func(*Profile) {}), "www.shop.trafficmanager.net.", "A", "NXDOMAIN | aa | " + negative},
		{"the zone itself", base(func(*Profile) {}), "trafficmanager.net.", "A", "NOERROR | aa | " + negative},
		{"a method that is not supported", base(func(p *Profile) { p.Method = "Subnet" }), ask, "A", "SERVFAIL | aa"},
		{"a broken target", base(func(p *Profile) {
			p.Endpoints = []Endpoint{change(one, func(e *Endpoint) { e.Target = "" })}
		}), ask, "A", "SERVFAIL | aa"},
	} {
		got := show(profileServer(c.profile).reply(t.Context(), question(c.ask, c.rrtype), mdns.MaxMsgSize))
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestProfileMultiValue(t *testing.T) {
	t.Parallel()
	p := Profile{Name: "shop", Enabled: true, Method: ByMultiValue, TTL: 10, MaxReturn: 2}
	for i := 1; i <= 4; i++ {
		p.Endpoints = append(p.Endpoints, endpoint(fmt.Sprint(i), 1, "Online"))
	}
	const n = 100
	got := shares(t, profileServer(p), "shop.trafficmanager.net.", n)
	total := 0
	for _, count := range got {
		total += count
	}
	if total != 2*n || len(got) != 4 {
		t.Errorf("answers: %v", got)
	}
}
