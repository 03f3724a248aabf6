package compute

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// balancer is a load balancer of any generation, read into one form, from which
// an application gateway or a load balancer of Azure is written.
type balancer struct {
	*common.Sheet
	f *family
	r *inventory.Resource
	// internal ones have no public address.
	internal bool
	subnets  []any
	groups   []any
	// attributes are the load balancer's own, by key.
	attributes map[string]string
	fronts     []front
	pools      []*pool
	idle       int
}

// front is a listener.
type front struct {
	from     *inventory.Resource
	port     int
	protocol string // HTTP, HTTPS, TCP, UDP, TCP_UDP, TLS
	policy   string
	// certificates are the names of certificates, the default one first.
	certificates []any
	trust        *inventory.Resource
	verify       string
	routes       []route
	fallback     []map[string]any
	idle         int
}

// route is a rule of a listener.
type route struct {
	from     *inventory.Resource
	priority int
	hosts    []string
	paths    []string
	// other names the conditions that have no counterpart.
	other   []string
	actions []map[string]any
}

// pool is a target group.
type pool struct {
	from     *inventory.Resource
	name     string
	port     int
	protocol string
	version  string
	kind     string // instance, ip, lambda, alb
	probe    probe
	// members are machines and groups; addresses other targets.
	members    []*inventory.Resource
	addresses  []string
	attributes map[string]string
}

// probe is a health check.
type probe struct {
	off                                   bool
	protocol, path, port, codes           string
	interval, timeout, healthy, unhealthy int
}

// keys reads a list of keys and values.
func keys(list any) map[string]string {
	out := map[string]string{}
	for _, m := range design.Maps(list) {
		out[design.Text(m, "Key")] = design.Text(m, "Value")
	}
	return out
}

// startBalancers finds which listener, rule and machine belongs where.
func (f *family) startBalancers(c *design.Context) {
	for _, child := range []struct {
		kind   cloud.Kind
		name   string
		parent cloud.Kind
	}{
		{listenerKind, "LoadBalancerArn", balancerKind}, {"AWS::ElasticLoadBalancingV2::ListenerRule", "ListenerArn", listenerKind}, {"AWS::ElasticLoadBalancingV2::ListenerCertificate", "ListenerArn", listenerKind},
	} {
		for _, r := range c.OfKind(child.kind) {
			if parent, ok := c.Find(r, r.Properties[child.name], child.parent); ok {
				f.children[parent.ID] = append(f.children[parent.ID], r)
			}
		}
	}
	join := func(from *inventory.Resource, targets any, member *inventory.Resource) {
		for _, t := range c.FindAll(from, targets, targetsKind) {
			if !slices.Contains(f.children[t.ID], member) {
				f.children[t.ID] = append(f.children[t.ID], member)
			}
		}
	}
	for _, g := range c.OfKind(groupKind) {
		join(g, g.Properties["TargetGroupARNs"], g)
		for _, t := range design.Maps(g.Properties["TrafficSources"]) {
			join(g, t["Identifier"], g)
		}
	}
	for _, s := range c.OfKind("AWS::ECS::Service") {
		for _, b := range design.Maps(s.Properties["LoadBalancers"]) {
			join(s, b["TargetGroupArn"], s)
		}
	}
	for _, t := range c.OfKind(targetsKind) {
		for _, one := range design.Maps(t.Properties["Targets"]) {
			if r, ok := c.Find(t, one["Id"], instanceKind, "AWS::Lambda::Function", balancerKind); ok {
				join(t, string(t.ID), r)
			}
		}
	}
}

// poolName is the name of a target group's pool, settings and probe.
func (f *family) poolName(r *inventory.Resource) string { return part(r.Name) }

// part makes the name of a part of a gateway or balancer: letters, digits and
// hyphens, at most 80.
func part(words ...string) string {
	var all []string
	for _, word := range words {
		word = strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
				return r
			}
			return '-'
		}, word)
		if word = strings.Trim(word, "-_"); word != "" {
			all = append(all, word)
		}
	}
	text := strings.Join(all, "-")
	if text == "" {
		return "part"
	}
	return strings.TrimRight(text[:min(len(text), 80)], "-_")
}

// readELBv2 reads an application or network load balancer.
func (f *family) readELBv2(c *design.Context, r *inventory.Resource) *balancer {
	b := &balancer{Sheet: common.Open(c, r), f: f, r: r}
	b.Knows("CanonicalHostedZoneID", "DNSName", "LoadBalancerArn", "LoadBalancerFullName", "LoadBalancerName", "Name", "Type", "State", "VpcId", "AvailabilityZones", "LoadBalancerAttributes", "Subnets", "SecurityGroups", "SubnetMappings", "Scheme", "IpAddressType")
	b.internal = b.Text("Scheme") == "internal"
	b.subnets, b.groups = b.List("Subnets"), b.List("SecurityGroups")
	for _, m := range b.Maps("SubnetMappings") {
		if m["SubnetId"] != nil && !slices.Contains(b.subnets, m["SubnetId"]) {
			b.subnets = append(slices.Clone(b.subnets), m["SubnetId"])
		}
	}
	b.attributes = keys(b.At("LoadBalancerAttributes"))
	b.idle = b.number(b.attributes, "idle_timeout.timeout_seconds", 60)
	for _, child := range f.children[r.ID] {
		if child.Kind == listenerKind {
			b.fronts = append(b.fronts, f.readFront(b, child))
		}
	}
	slices.SortStableFunc(b.fronts, func(x, y front) int {
		return cmp.Or(cmp.Compare(x.port, y.port), strings.Compare(x.protocol, y.protocol))
	})
	return b
}

func (b *balancer) number(from map[string]string, key string, def int) int {
	return design.Int(map[string]any{"v": from[key]}, "v", def)
}

func (f *family) readFront(b *balancer, r *inventory.Resource) front {
	p := r.Properties
	out := front{
		from: r, protocol: strings.ToUpper(plainText(p, "Protocol")), port: design.Int(p, "Port", 0), policy: plainText(p, "SslPolicy"), fallback: ordered(p["DefaultActions"]),
		idle: b.number(keys(p["ListenerAttributes"]), "tcp.idle_timeout.seconds", 350), verify: design.Text(p, "MutualAuthentication.Mode"),
	}
	if out.protocol == "" {
		out.protocol = map[bool]string{true: "HTTP", false: "TCP"}[b.Text("Type") != "network"]
	}
	if out.port <= 0 || out.port > 65535 {
		out.port = map[string]int{"HTTPS": 443, "TLS": 443}[out.protocol]
		if out.port == 0 {
			out.port = 80
		}
		b.Do("the port of listener %s is not known; %d is taken: correct it", r.Name, out.port)
	}
	for _, m := range design.Maps(p["Certificates"]) {
		out.certificates = append(out.certificates, m["CertificateArn"])
	}
	for _, child := range f.children[r.ID] {
		switch child.Kind {
		case "AWS::ElasticLoadBalancingV2::ListenerCertificate":
			for _, m := range design.Maps(child.Properties["Certificates"]) {
				out.certificates = append(out.certificates, m["CertificateArn"])
			}
		case "AWS::ElasticLoadBalancingV2::ListenerRule":
			if !design.True(child.Properties, "IsDefault") {
				out.routes = append(out.routes, readRoute(child))
			}
		}
	}
	out.certificates = distinct(out.certificates)
	out.trust, _ = b.C.Find(r, design.At(p, "MutualAuthentication.TrustStoreArn"), "AWS::ElasticLoadBalancingV2::TrustStore")
	slices.SortStableFunc(out.routes, func(x, y route) int {
		return cmp.Or(cmp.Compare(x.priority, y.priority), strings.Compare(x.from.Name, y.from.Name))
	})
	return out
}

// ordered returns actions in the order in which they are done.
func ordered(actions any) []map[string]any {
	out := slices.Clone(design.Maps(actions))
	slices.SortStableFunc(out, func(x, y map[string]any) int { return design.Int(x, "Order", 0) - design.Int(y, "Order", 0) })
	return out
}

func distinct(list []any) []any {
	var out []any
	for _, v := range list {
		if text, ok := v.(string); ok && text != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// readRoute reads a rule: the newer form of a condition stands under its own
// name, the older one under Values.
func readRoute(r *inventory.Resource) route {
	out := route{from: r, priority: design.Int(r.Properties, "Priority", 50000), actions: ordered(r.Properties["Actions"])}
	for _, c := range design.Maps(r.Properties["Conditions"]) {
		field := design.Text(c, "Field")
		config := c[map[string]string{"host-header": "HostHeaderConfig", "path-pattern": "PathPatternConfig"}[field]]
		values := append(design.Texts(design.At(config, "Values")), design.Texts(c["Values"])...)
		switch {
		case field != "host-header" && field != "path-pattern":
			out.other = append(out.other, condition(c))
		case design.At(config, "RegexValues") != nil || c["RegexValues"] != nil:
			out.other = append(out.other, field+" by expression")
		case len(values) == 0:
			// Without its values it would catch everything.
			out.other = append(out.other, field+" without values")
		case field == "host-header" && !slices.Contains(values, "*"):
			out.hosts = append(out.hosts, values...)
		case field == "path-pattern":
			out.paths = append(out.paths, values...)
		}
	}
	slices.Sort(out.hosts)
	slices.Sort(out.other)
	out.hosts, out.other = slices.Compact(out.hosts), slices.Compact(out.other)
	if design.At(r.Properties, "Transforms") != nil {
		out.other = append(out.other, "transforms")
	}
	return out
}

// condition shows a condition that has no counterpart, with its values.
func condition(c map[string]any) string {
	text := cmp.Or(design.Text(c, "Field"), "a condition without a field")
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if name != "Field" && c[name] != nil {
			text += " " + common.Shown(c[name])
		}
	}
	return text
}

// poolOf returns the pool for a target group, once for each balancer.
func (b *balancer) poolOf(r *inventory.Resource) *pool {
	for _, p := range b.pools {
		if p.from == r {
			return p
		}
	}
	props := r.Properties
	protocol := strings.ToUpper(plainText(props, "Protocol"))
	p := &pool{
		from: r, name: b.f.poolName(r), protocol: cmp.Or(protocol, "HTTP"), version: strings.ToUpper(plainText(props, "ProtocolVersion")), kind: cmp.Or(plainText(props, "TargetType"), "instance"),
		port: design.Int(props, "Port", 80), attributes: keys(props["TargetGroupAttributes"]),
	}
	if p.port <= 0 || p.port > 65535 {
		p.port = 80
	}
	b.Rest("target group "+r.Name, map[string]any(props), "TargetControlPort")
	if plainText(props, "IpAddressType") == "ipv6" {
		b.Gap("elb.ipv6", "target group "+r.Name+": IpAddressType=ipv6")
	}
	network := p.protocol == "TCP" || p.protocol == "UDP" || p.protocol == "TLS" || p.protocol == "TCP_UDP"
	defaults := probe{protocol: p.protocol, path: "/", port: "traffic-port", codes: "200", interval: 30, timeout: 5, healthy: 5, unhealthy: 2}
	if network {
		defaults.protocol = "TCP"
	}
	p.probe = probe{
		off: design.Text(props, "HealthCheckEnabled") == "false", protocol: cmp.Or(strings.ToUpper(plainText(props, "HealthCheckProtocol")), defaults.protocol),
		path: cmp.Or(plainText(props, "HealthCheckPath"), defaults.path), port: cmp.Or(plainText(props, "HealthCheckPort"), defaults.port), codes: cmp.Or(plainText(props, "Matcher.HttpCode"), defaults.codes),
		interval: design.Int(props, "HealthCheckIntervalSeconds", defaults.interval), timeout: design.Int(props, "HealthCheckTimeoutSeconds", defaults.timeout),
		healthy: design.Int(props, "HealthyThresholdCount", defaults.healthy), unhealthy: design.Int(props, "UnhealthyThresholdCount", defaults.unhealthy),
	}
	p.members = b.f.children[r.ID]
	for _, t := range design.Maps(props["Targets"]) {
		if id := plainText(t, "Id"); id != "" && p.kind == "ip" && strings.ContainsAny(id, ".:") && !strings.HasPrefix(id, "arn:") {
			p.addresses = append(p.addresses, id)
		}
		if port := design.Int(t, "Port", p.port); port != p.port {
			b.Gap("elb.target-ports", "Targets.Port="+common.Shown(port))
		}
	}
	b.pools = append(b.pools, p)
	return p
}

// join enters a machine, or the members of a scale set, into a pool of a
// gateway or balancer. field is the property of the interface that names pools.
func (b *balancer) join(member *inventory.Resource, field string, id string) bool {
	if set, ok := b.C.TargetOf(member, scaleSetKind); ok {
		target, _ := b.C.Resource(set)
		cards, _ := design.At(target.Body, "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations").([]any)
		return len(cards) > 0 && enter(cards[0], field, id)
	}
	for _, nic := range b.C.TargetsOf(member) {
		if target, ok := b.C.Resource(nic); ok && strings.EqualFold(string(target.Type), string(nicKind)) {
			return enter(any(target.Body), field, id)
		}
	}
	return false
}

// enter adds a pool to the first configuration of an interface.
func enter(card any, field, id string) bool {
	list, _ := design.At(card, "properties.ipConfigurations").([]any)
	if len(list) == 0 {
		return false
	}
	first, ok := design.At(list[0], "properties").(map[string]any)
	if !ok {
		return false
	}
	pools, _ := first[field].([]any)
	for _, p := range pools {
		if design.Text(p, "id") == id {
			return true
		}
	}
	first[field] = append(pools, map[string]any{"id": id})
	return true
}

// absent says that a pool has nobody in it.
func (b *balancer) absent(p *pool) {
	if len(p.members)+len(p.addresses) == 0 {
		b.Gap("elb.no-targets", "target group "+p.from.Name)
	}
}
