package app

import (
	"context"
	"net/netip"
	"net/url"
	"strings"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/target"
	"example.com/landfall/internal/traffic"
)

// Leaders builds what leads users, from the configuration. Wire makes it.
type Leaders struct {
	// Zones returns the switch of the source's hosted zones, Profiles that of the
	// target's Traffic Manager profiles.
	Zones    func(ctx context.Context) (traffic.Switch, error)
	Profiles func() (traffic.Switch, error)
}

// ways open what leads a name of a runbook.
type ways struct{ app *App }

var _ action.Ways = ways{}

// Open finds the driver by what keeps the name, and the target's front by the
// design and what the target gave it.
func (w ways) Open(ctx context.Context, way action.Way) (traffic.Switch, traffic.Entrance, error) {
	e := traffic.Entrance{Name: way.Route, Zone: way.Zone}
	var lead traffic.Switch
	var err error
	switch {
	case strings.Contains(way.Zone, "/trafficManagerProfiles/"):
		lead, err = w.app.Leaders.Profiles()
	case strings.Contains(way.Zone, ":hostedzone/"):
		lead, err = w.app.Leaders.Zones(ctx)
	default:
		err = fault.Newf(fault.Unsupported, "lead %q: nothing that landfall leads keeps the name (%q)", way.Route, way.Zone).Hintf("a person leads it")
	}
	if err == nil && way.Target != "" {
		e.Target, err = w.front(ctx, cloud.ResourceID(way.Target))
	}
	return lead, e, err
}

// front is where a resource of the production design takes requests.
func (w ways) front(ctx context.Context, id cloud.ResourceID) (traffic.Endpoint, error) {
	d, err := w.app.readDesign()
	if err != nil {
		return traffic.Endpoint{}, err
	}
	if e, ok := production(w.app.Config); ok {
		d = design.ForEnvironment(d, environmentOf(w.app.Config, e))
	}
	deployer, err := w.app.Readers.Deployer(d.Place.Subscription)
	if err != nil {
		return traffic.Endpoint{}, err
	}
	f := fronts{d, deployer}
	e, err := f.of(ctx, string(id))
	if err == nil && e.Host == "" && len(e.Addresses) == 0 {
		err = fault.Of(fault.Unavailable, "find where users reach", string(id), nil).Hintf("landfall deploy: it has neither an address nor a host name yet")
	}
	return e, err
}

// fronts read deployed resources of a design.
type fronts struct {
	design   *design.Design
	deployer target.Deployer
}

// of reads a resource and what stands in front of it, a few steps far: the
// public address of a load balancer's front, of the interface of a machine.
func (f fronts) of(ctx context.Context, id string) (traffic.Endpoint, error) {
	var out traffic.Endpoint
	for seen := map[string]bool{}; id != ""; {
		r, ok := f.resource(id)
		if !ok {
			return out, fault.Of(fault.NotFound, "find in the design", id, nil).Hintf("landfall design, landfall plan")
		}
		if seen[strings.ToLower(id)] {
			return out, nil
		}
		seen[strings.ToLower(id)] = true
		body, err := f.deployer.Read(ctx, r)
		if err != nil {
			return out, err
		}
		properties, _ := body["properties"].(map[string]any)
		if id = answering(properties, &out); id == "" && out.Host == "" && len(out.Addresses) == 0 {
			id = f.child(r)
		}
	}
	return out, nil
}

func (f fronts) resource(id string) (design.Resource, bool) {
	for _, r := range f.design.Resources {
		if strings.EqualFold(string(r.ID), id) {
			return r, true
		}
	}
	return design.Resource{}, false
}

// child is the endpoint of a profile that itself answers to nothing.
func (f fronts) child(of design.Resource) string {
	for _, r := range f.design.Resources {
		if r.Type == "Microsoft.Cdn/profiles/afdEndpoints" && strings.HasPrefix(strings.ToLower(string(r.ID)), strings.ToLower(string(of.ID))+"/") {
			return string(r.ID)
		}
	}
	return ""
}

// answering takes where a resource takes requests from what Resource Manager
// says of it, by the names that its kinds use, and returns the id of the
// resource that says more.
func answering(properties map[string]any, out *traffic.Endpoint) (next string) {
	for _, path := range []string{"hostName", "defaultHostName", "dnsConfig.fqdn", "configuration.ingress.fqdn", "ipAddress.fqdn", "dnsSettings.fqdn"} {
		if host, ok := design.At(properties, path).(string); ok && out.Host == "" {
			out.Host = strings.ToLower(host)
		}
	}
	for _, path := range []string{"gatewayUrl", "primaryEndpoints.web", "primaryEndpoints.blob"} {
		text, _ := design.At(properties, path).(string)
		if u, err := url.Parse(text); err == nil && u.Hostname() != "" && out.Host == "" {
			out.Host = u.Hostname()
		}
	}
	for _, path := range []string{"ipAddress", "ipAddress.ip", "staticIp"} {
		text, _ := design.At(properties, path).(string)
		if a, err := netip.ParseAddr(text); err == nil {
			out.Addresses = append(out.Addresses, a)
		}
	}
	for _, list := range []string{"frontendIPConfigurations", "ipConfigurations"} {
		for _, item := range design.Maps(properties[list]) {
			if id, ok := design.At(item, "properties.publicIPAddress.id").(string); ok {
				return id
			}
		}
	}
	for _, item := range design.Maps(design.At(properties, "networkProfile.networkInterfaces")) {
		if id, ok := item["id"].(string); ok {
			return id
		}
	}
	return ""
}
