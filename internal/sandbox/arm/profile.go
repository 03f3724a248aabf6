package arm

import (
	"strings"

	"example.com/landfall/internal/sandbox/arm/control"
	"example.com/landfall/internal/sandbox/arm/document"
)

// Profile is a Traffic Manager profile as a DNS server needs it.
type Profile struct {
	// ID is the resource id.
	ID string
	// Name is the full name: "shop.trafficmanager.net".
	Name string
	// Routing is the method: "Weighted", "Priority", "Performance".
	Routing string
	// TTLSeconds is how long resolvers may keep an answer.
	TTLSeconds int64
	// Enabled is false when the profile answers nothing.
	Enabled bool
	// Endpoints in the order of the profile.
	Endpoints []Endpoint
}

// Endpoint is where a profile points.
type Endpoint struct {
	// Name of the endpoint.
	Name string
	// Target is a host name or an address.
	Target string
	// Weight is 1 to 1000; Priority 1 is tried first.
	Weight, Priority int64
	// Serving is true for an endpoint that is enabled and seen healthy.
	Serving bool
}

// Profiles returns the Traffic Manager profiles as they are now, by name.
func (s *Server) Profiles() []Profile {
	all, err := s.plane.List(control.Query{Scope: s.plane.Subscription(), Type: "Microsoft.Network/trafficManagerProfiles"})
	if err != nil {
		return nil
	}
	out := make([]Profile, 0, len(all))
	for _, v := range all {
		out = append(out, profileOf(v))
	}
	return out
}

func profileOf(v control.View) Profile {
	p := Profile{ID: v.ID.String(), Name: document.Text(v.Body, "properties.dnsConfig.fqdn"), Routing: document.Text(v.Body, "properties.trafficRoutingMethod"),
		Enabled: !strings.EqualFold(document.Text(v.Body, "properties.profileStatus"), "Disabled")}
	// 60 seconds is the TTL a profile has when none is given.
	p.TTLSeconds = number(v.Body, "properties.dnsConfig.ttl", 60)
	for i, item := range document.List(v.Body, "properties.endpoints") {
		p.Endpoints = append(p.Endpoints, Endpoint{
			Name: document.Text(item, "name"), Target: document.Text(item, "properties.target"),
			Weight: number(item, "properties.weight", 1), Priority: number(item, "properties.priority", int64(i+1)),
			Serving: document.Text(item, "properties.endpointMonitorStatus") == "Online",
		})
	}
	return p
}

func number(v any, path string, otherwise int64) int64 {
	if n, ok := document.Get(v, path).(int64); ok {
		return n
	}
	return otherwise
}
