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
	// MaxReturn bounds the answer of a MultiValue profile; 0 for all.
	MaxReturn int64
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
	// Location is the endpoint's region, for routing by performance.
	Location string
	// Geo are the regions mapped to it, for geographic routing.
	Geo []string
	// Serving is true for an endpoint that is enabled and not seen unhealthy.
	// When all are, all that are enabled serve ("Traffic Manager endpoint
	// monitoring" in Azure's documentation: it answers as if they were online).
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
	p.MaxReturn = number(v.Body, "properties.maxReturn", 0)
	healthy := 0
	for i, item := range document.List(v.Body, "properties.endpoints") {
		well := monitored(item) == endpointWell
		if well {
			healthy++
		}
		p.Endpoints = append(p.Endpoints, Endpoint{
			Name: document.Text(item, "name"), Target: document.Text(item, "properties.target"),
			Weight: number(item, "properties.weight", 1), Priority: number(item, "properties.priority", int64(i+1)),
			Location: document.Text(item, "properties.endpointLocation"), Geo: document.Strings(document.List(item, "properties.geoMapping")),
			Serving: well,
		})
	}
	for i, item := range document.List(v.Body, "properties.endpoints") {
		if healthy == 0 && monitored(item) == endpointIll {
			p.Endpoints[i].Serving = true
		}
	}
	return p
}

// health is what a monitor status means for an endpoint.
type health int

const (
	endpointOut  health = iota // not to be answered
	endpointIll                // only when no other is well
	endpointWell               // also before the first probe
)

func monitored(endpoint any) health {
	switch document.Text(endpoint, "properties.endpointMonitorStatus") {
	case "Disabled", "Inactive":
		return endpointOut
	case "Degraded", "Stopped":
		return endpointIll
	}
	return endpointWell
}

func number(v any, path string, otherwise int64) int64 {
	if n, ok := document.Get(v, path).(int64); ok {
		return n
	}
	return otherwise
}
