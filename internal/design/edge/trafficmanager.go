package edge

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/dns/2018-05-01/recordsets"
	"github.com/hashicorp/go-azure-sdk/resource-manager/trafficmanager/2022-04-01/profiles"
)

// member is one record set of a routed name.
type member struct {
	resource *inventory.Resource
	record   map[string]any
}

// members returns all record sets of the same zone, name and type that have
// an identifier, in the order of their identifiers.
func (e *entry) members() []member {
	var out []member
	add := func(r *inventory.Resource, record map[string]any) {
		if design.Text(record, "SetIdentifier") == "" || !strings.EqualFold(design.Text(record, "Type"), design.Text(e.record, "Type")) ||
			!strings.EqualFold(strings.TrimSuffix(design.Text(record, "Name"), "."), strings.TrimSuffix(design.Text(e.record, "Name"), ".")) {
			return
		}
		if z, ok := zoneOf(e.C, r, record); ok && z == e.zone {
			out = append(out, member{r, record})
		}
	}
	for _, r := range e.C.OfKind("AWS::Route53::RecordSet") {
		add(r, r.Properties)
	}
	for _, r := range e.C.OfKind("AWS::Route53::RecordSetGroup") {
		for _, record := range design.Maps(r.Properties["RecordSets"]) {
			add(r, record)
		}
	}
	slices.SortStableFunc(out, func(a, b member) int {
		return cmp.Compare(design.Text(a.record, "SetIdentifier"), design.Text(b.record, "SetIdentifier"))
	})
	return out
}

// as looks at another record set of the same name; what it finds is said of
// the one that is decided.
func (e *entry) as(m member, do func()) {
	resource, record := e.R, e.record
	e.R, e.record = m.resource, m.record
	do()
	e.R, e.record = resource, record
}

// routed makes a Traffic Manager profile of the record sets of one name.
func (e *entry) routed() {
	if e.private {
		e.Gap("dns.private-routing", e.name)
		e.Decide(design.Manual, common.Redesign, "Traffic Manager answers public names only; %s is routed inside a VPC", e.name)
		e.Do("choose a load balancer or one plain record in place of the %s of %s", common.Count(len(e.members()), "set"), e.name)
		return
	}
	members := e.members()
	if e.kind == "AAAA" && e.paired(members) {
		e.Gap("dns.ipv6", e.name)
		e.Decide(design.Replace, common.NamedGaps, "the profile that answers for %s by its A records answers for IPv6 too, as far as what stands behind it does", e.name)
		return
	}
	method, word := e.method()
	id := e.C.Once("edge/traffic/"+strings.ToLower(string(e.id)+"/"+e.kind+"/"+e.name), func() cloud.ResourceID {
		return e.profile(method, members)
	})
	e.C.Attach(e.R, id)
	e.Decide(design.Migrate, common.NamedGaps, "%s %s has %s routed by %s, so a Traffic Manager profile answers by the method %s; this is set %q",
		e.name, e.kind, common.Count(len(members), "set"), word, method, design.Text(e.record, "SetIdentifier"))
	e.Gap("dns.traffic", e.name)
	e.Not("weights in Front Door", "it would put a proxy before the workload that the source does not have")
	if e.addresses(members) || e.name == "@" {
		e.put(recordsets.RecordSetProperties{TargetResource: &recordsets.SubResource{Id: new(string(id))}})
		return
	}
	e.cname(e.C.Output(id, "properties.dnsConfig.fqdn"))
}

// paired reports whether sets of AAAA records are aliases of what the A records
// of the same name send to as well: what takes its place has no address of
// IPv6 that a second profile could answer with.
func (e *entry) paired(members []member) bool {
	if !slices.ContainsFunc(members, func(m member) bool { return m.record["AliasTarget"] != nil }) {
		return false
	}
	plain := maps.Clone(e.record)
	plain["Type"] = "A"
	found := false
	e.as(member{e.R, plain}, func() { found = len(e.members()) > 0 })
	return found
}

// addresses reports whether all endpoints of the profile have addresses: only
// then an A record may be an alias of it (Microsoft Learn, "Azure DNS alias
// records overview").
func (e *entry) addresses(members []member) bool {
	for _, m := range members {
		if m.record["AliasTarget"] == nil {
			continue
		}
		var found *inventory.Resource
		e.as(m, func() { found, _ = e.aliased() })
		if found == nil {
			return false
		}
		if _, ok := publicAddress(e.C, found); !ok {
			return false
		}
	}
	return e.kind != "CNAME"
}

// method is that of Traffic Manager for the way the record sets are routed
// (Microsoft Learn, "Traffic Manager routing methods").
func (e *entry) method() (profiles.TrafficRoutingMethod, string) {
	switch {
	case e.record["Weight"] != nil:
		return profiles.TrafficRoutingMethodWeighted, "weight"
	case design.Text(e.record, "Failover") != "":
		return profiles.TrafficRoutingMethodPriority, "failover"
	case design.Text(e.record, "Region") != "":
		return profiles.TrafficRoutingMethodPerformance, "latency"
	case e.record["GeoLocation"] != nil:
		return profiles.TrafficRoutingMethodGeographic, "place"
	case design.True(e.record, "MultiValueAnswer"):
		return profiles.TrafficRoutingMethodMultiValue, "several values"
	}
	e.Gap("dns.routing", "SetIdentifier="+design.Text(e.record, "SetIdentifier"))
	return profiles.TrafficRoutingMethodPerformance, "blocks of addresses or nearness"
}

func (e *entry) profile(method profiles.TrafficRoutingMethod, members []member) cloud.ResourceID {
	monitor, checked := e.monitor(members)
	var endpoints []profiles.Endpoint
	places := map[string]bool{}
	for i, m := range members {
		e.as(m, func() {
			p, ok := e.endpoint(method, i, checked)
			if ok && method == profiles.TrafficRoutingMethodGeographic {
				// A place belongs to one endpoint of a profile (Microsoft Learn,
				// "Geographic traffic routing method").
				if at := place(e.record); places[at] {
					e.Do("choose which set answers %s: the place of set %s is that of another one at the target", at, design.Text(e.record, "SetIdentifier"))
					ok = false
				} else {
					places[at] = true
				}
			}
			if ok {
				endpoints = append(endpoints, p)
			}
		})
	}
	base := e.name
	if base == "@" {
		base = "apex"
	}
	base = strings.NewReplacer("*", "any", ".", "-").Replace(base + "." + zoneName(e.zone))
	if e.kind == "AAAA" {
		// The name of a profile is one of all the world, and A records have theirs.
		base = "ipv6-" + base
	}
	relative := shortened(base, 63-len(e.C.Place.Suffix)-1) + "-" + e.C.Place.Suffix
	p := &profiles.ProfileProperties{
		ProfileStatus: new(profiles.ProfileStatusEnabled), TrafficRoutingMethod: new(method), Endpoints: &endpoints, MonitorConfig: &monitor,
		DnsConfig: &profiles.DnsConfig{RelativeName: new(relative), Ttl: new(e.ttl)},
	}
	if method == profiles.TrafficRoutingMethodMultiValue {
		p.MaxReturn = new(int64(8))
	}
	return e.C.Put(design.Target{Type: trafficKind, Base: base, Location: "global", Model: profiles.Profile{Properties: p}})
}

// endpoint is the place that one record set sends to.
func (e *entry) endpoint(method profiles.TrafficRoutingMethod, i int, checked bool) (profiles.Endpoint, bool) {
	p := &profiles.EndpointProperties{EndpointStatus: new(profiles.EndpointStatusEnabled)}
	kind := "externalEndpoints"
	value := ""
	if values := design.Texts(e.record["ResourceRecords"]); len(values) > 0 {
		value = strings.TrimSuffix(values[0], ".")
		if len(values) > 1 {
			e.Gap("dns.values", design.Text(e.record, "SetIdentifier"))
		}
		if _, err := netip.ParseAddr(value); err != nil {
			value = e.host(value)
		}
	} else if found, _ := e.aliased(); found != nil {
		if id, ok := publicAddress(e.C, found); ok {
			labelled(e.C, id)
			p.TargetResourceId, kind = new(string(id)), "azureEndpoints"
		} else if host, ok := hostOf(e.C, found); ok {
			value = host
		}
	}
	if value == "" && p.TargetResourceId == nil {
		value = strings.TrimSuffix(design.Text(e.record, "AliasTarget.DNSName"), ".")
		if value == "" || common.Unresolved(value) {
			e.Do("add the endpoint of set %s to the profile by hand", design.Text(e.record, "SetIdentifier"))
			return profiles.Endpoint{}, false
		}
	}
	if value != "" {
		p.Target = new(value)
	}
	e.share(p, method, i, kind)
	if !checked || design.Text(e.record, "HealthCheckId") == "" && !design.True(e.record, "AliasTarget.EvaluateTargetHealth") {
		// Route 53 answers with a set without a health check whatever its state.
		p.AlwaysServe = new(profiles.AlwaysServeEnabled)
	}
	return profiles.Endpoint{Name: new(strings.Map(dnsOnly, design.Text(e.record, "SetIdentifier"))), Type: new(string(trafficKind) + "/" + kind), Properties: p}, true
}

// share gives an endpoint its part of the traffic.
func (e *entry) share(p *profiles.EndpointProperties, method profiles.TrafficRoutingMethod, i int, kind string) {
	switch method {
	case profiles.TrafficRoutingMethodWeighted:
		weight := design.Int(e.record, "Weight", 1)
		if weight == 0 {
			// Route 53 sends nothing to weight 0; Traffic Manager begins at 1.
			p.EndpointStatus = new(profiles.EndpointStatusDisabled)
			e.Gap("dns.weight-zero", design.Text(e.record, "SetIdentifier"))
		}
		p.Weight = new(int64(min(max(weight, 1), 1000)))
	case profiles.TrafficRoutingMethodPriority:
		p.Priority = new(int64(i + 100))
		if strings.EqualFold(design.Text(e.record, "Failover"), "PRIMARY") {
			p.Priority = new(int64(1))
		}
	case profiles.TrafficRoutingMethodPerformance:
		if kind == "externalEndpoints" {
			near := e.C.Catalog.DefaultRegion(design.Text(e.record, "Region"))
			p.EndpointLocation = new(string(near.Name))
			if near.Name == "" {
				p.EndpointLocation = new(string(e.C.Place.Location))
			}
		}
	case profiles.TrafficRoutingMethodGeographic:
		codes := []string{place(e.record)}
		p.GeoMapping = &codes
	}
}

// place is Traffic Manager's code of a place (Microsoft Learn, "Geographic
// traffic routing method": country codes, GEO- and the continent, WORLD).
func place(record map[string]any) string {
	country, part := design.Text(record, "GeoLocation.CountryCode"), design.Text(record, "GeoLocation.SubdivisionCode")
	switch continent := design.Text(record, "GeoLocation.ContinentCode"); {
	case continent == "OC":
		return "GEO-AP"
	case continent == "AN":
		return "WORLD"
	case continent != "":
		return "GEO-" + continent
	case country == "*" || country == "":
		return "WORLD"
	case part != "":
		return country + "-" + part
	}
	return country
}

// monitor is how Traffic Manager probes: as the first health check of the
// record sets does.
func (e *entry) monitor(members []member) (profiles.MonitorConfig, bool) {
	m := profiles.MonitorConfig{Protocol: new(profiles.MonitorProtocolHTTPS), Port: new(int64(443)), Path: new("/"), IntervalInSeconds: new(int64(30)), TimeoutInSeconds: new(int64(10)), ToleratedNumberOfFailures: new(int64(3))}
	var checks []*inventory.Resource
	for _, part := range members {
		if check, ok := e.C.Find(part.resource, part.record["HealthCheckId"], "AWS::Route53::HealthCheck"); ok && !slices.Contains(checks, check) {
			checks = append(checks, check)
		}
	}
	if len(checks) == 0 {
		return m, slices.ContainsFunc(members, func(p member) bool { return design.True(p.record, "AliasTarget.EvaluateTargetHealth") })
	}
	if len(checks) > 1 {
		e.Gap("dns.one-probe", e.name)
	}
	config := checks[0].Properties["HealthCheckConfig"]
	path := design.Text(config, "ResourcePath")
	switch kind := design.Text(config, "Type"); {
	case strings.HasPrefix(kind, "TCP"):
		m.Protocol, m.Path = new(profiles.MonitorProtocolTCP), nil
	case strings.HasPrefix(kind, "HTTP") && !strings.HasPrefix(kind, "HTTPS"):
		m.Protocol, m.Port = new(profiles.MonitorProtocolHTTP), new(int64(80))
	}
	if port := design.Int(config, "Port", int(*m.Port)); port >= 1 && port <= 65535 {
		m.Port = new(int64(port))
	}
	if path != "" && m.Path != nil && !common.Unresolved(path) {
		m.Path = new("/" + strings.TrimPrefix(path, "/"))
	}
	if design.Int(config, "RequestInterval", 30) <= 10 {
		m.IntervalInSeconds, m.TimeoutInSeconds = new(int64(10)), new(int64(9))
	}
	m.ToleratedNumberOfFailures = new(int64(min(max(design.Int(config, "FailureThreshold", 3)-1, 0), 9)))
	return m, true
}

func healthCheck(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("HealthCheckConfig", "HealthCheckTags", "HealthCheckId")
	config := r.Properties["HealthCheckConfig"]
	kind := design.Text(config, "Type")
	users := c.Referring(r, "AWS::Route53::RecordSet", "HealthCheckId")
	for _, record := range users {
		if id, ok := c.TargetOf(record, trafficKind); ok {
			c.Attach(r, id)
		}
	}
	switch {
	case kind == "CALCULATED" || kind == "CLOUDWATCH_METRIC" || kind == "RECOVERY_CONTROL":
		s.Gap("dns.calculated", "Type="+kind)
		s.Decide(design.Manual, common.Redesign, "a profile probes its endpoints itself and takes no state of type %s", kind)
		s.Do("nest profiles, or let an alert switch the endpoint by its API, in place of %s", r.Name)
	case len(c.TargetsOf(r)) > 0:
		s.Decide(design.Replace, common.NamedGaps, "the profile of the name probes by %s as %s does", common.Shown(kind), r.Name)
		for _, name := range []string{"SearchString", "Inverted", "MeasureLatency", "EnableSNI", "Regions"} {
			if v := design.At(config, name); v != nil && common.Shown(v) != "false" {
				s.Gap("dns.probe", name+"="+common.Shown(v))
			}
		}
	default:
		s.Decide(design.Manual, common.Redesign, "no routed record of the workload uses %s; it only watches", r.Name)
		s.Do("make an availability test of Application Insights for %s", common.Shown(config))
	}
	return s.Done()
}
