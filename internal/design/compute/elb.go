package compute

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

const classicKind cloud.Kind = "AWS::ElasticLoadBalancing::LoadBalancer"

func (f *family) elbRules() []design.Rule {
	return []design.Rule{
		rule(design.Rule{Name: "elb/loadbalancer", Kinds: []cloud.Kind{classicKind}, Stage: design.Edge, Source: "Azure Architecture Center, Compare networking options on Azure and AWS", Targets: []cloud.Kind{gatewayKind, lbKind}}, f.classic),
	}
}

// classic decides a Classic Load Balancer: one that speaks HTTP becomes a
// gateway, one that passes connections a load balancer.
func (f *family) classic(c *design.Context, r *inventory.Resource) design.Decision {
	b := &balancer{Sheet: common.Open(c, r), f: f, r: r}
	b.Knows("AvailabilityZones", "CanonicalHostedZoneName", "CanonicalHostedZoneNameID", "DNSName", "Instances", "LoadBalancerName", "SourceSecurityGroup", "Subnets", "SecurityGroups", "Scheme", "Listeners", "HealthCheck", "Policies", "CrossZone")
	b.internal = b.Text("Scheme") == "internal"
	b.subnets, b.groups = b.List("Subnets"), b.List("SecurityGroups")
	b.idle = b.Int("ConnectionSettings.IdleTimeout", 60)
	b.attributes = map[string]string{"routing.http2.enabled": "false", "load_balancing.cross_zone.enabled": strconv.FormatBool(b.True("CrossZone"))}
	if b.True("AccessLoggingPolicy.Enabled") {
		b.attributes["access_logs.s3.enabled"], b.attributes["access_logs.s3.bucket"] = "true", b.Text("AccessLoggingPolicy.S3BucketName")
	}
	if b.Text("Scheme") == "" && len(b.subnets) == 0 {
		b.Do("%s stands in EC2-Classic or the default VPC", r.Name)
	}
	members := f.classicMembers(c, r)
	web := false
	for _, l := range b.Maps("Listeners") {
		web = web || strings.HasPrefix(strings.ToUpper(plainText(l, "Protocol")), "HTTP")
	}
	for _, l := range b.Maps("Listeners") {
		b.classicFront(l, members, web)
	}
	slices.SortStableFunc(b.fronts, func(x, y front) int { return cmp.Compare(x.port, y.port) })
	b.classicGaps()
	if web {
		return b.asGateway()
	}
	return b.asLoadBalancer()
}

// classicMembers are the machines and groups behind a classic balancer.
func (f *family) classicMembers(c *design.Context, r *inventory.Resource) []*inventory.Resource {
	out := c.FindAll(r, r.Properties["Instances"], instanceKind)
	for _, m := range design.Maps(r.Properties["Instances"]) {
		if i, ok := c.Find(r, m["InstanceId"], instanceKind); ok && !slices.Contains(out, i) {
			out = append(out, i)
		}
	}
	var members []*inventory.Resource
	for _, i := range out {
		if f.groups[i.ID] == nil {
			members = append(members, i)
		}
	}
	for _, g := range c.OfKind(groupKind) {
		if slices.Contains(c.FindAll(g, g.Properties["LoadBalancerNames"], classicKind), r) {
			members = append(members, g)
		}
	}
	return members
}

// classicFront reads a listener with the target group that it stands for: a
// classic balancer has one health check, and a port at the instances for each
// listener.
func (b *balancer) classicFront(l map[string]any, members []*inventory.Resource, web bool) {
	protocol := strings.ToUpper(cmp.Or(plainText(l, "Protocol"), "TCP"))
	behind := strings.ToUpper(cmp.Or(plainText(l, "InstanceProtocol"), protocol))
	port := design.Int(l, "LoadBalancerPort", 80)
	inner := design.Int(l, "InstancePort", port)
	if port <= 0 || port > 65535 || inner <= 0 || inner > 65535 {
		b.Do("a listener of %s has no port that is known (%s): write it by hand", b.r.Name, common.Shown(l))
		return
	}
	if web && !strings.HasPrefix(protocol, "HTTP") {
		b.Gap("elb.mixed", "Listeners.Protocol="+protocol+", port "+strconv.Itoa(port))
		b.Do("port %d passes %s connections, which a gateway does not: put a load balancer beside it for that port", port, protocol)
		return
	}
	name := part(b.r.Name, strconv.Itoa(inner))
	i := slices.IndexFunc(b.pools, func(p *pool) bool { return p.name == name })
	if i < 0 {
		i = len(b.pools)
		p := &pool{from: b.r, name: name, port: inner, protocol: map[bool]string{true: "HTTPS", false: "HTTP"}[behind == "HTTPS"], kind: "instance", members: members, probe: b.classicProbe(), attributes: map[string]string{}}
		if !web {
			p.protocol = "TCP"
		}
		b.classicAttributes(p, l)
		b.pools = append(b.pools, p)
	}
	fr := front{from: b.r, port: port, protocol: protocol, idle: b.idle, fallback: []map[string]any{{"Type": "pool", "Pool": b.pools[i].name}}}
	if protocol == "SSL" {
		fr.protocol = "TLS"
	}
	if id := l["SSLCertificateId"]; id != nil {
		fr.certificates = distinct([]any{id})
	}
	fr.policy = b.classicPolicy(l)
	b.fronts = append(b.fronts, fr)
}

// classicProbe reads "HTTP:8080/healthz" or "TCP:22".
func (b *balancer) classicProbe() probe {
	p := probe{protocol: "TCP", path: "/", port: "traffic-port", codes: "200", interval: b.Int("HealthCheck.Interval", 30), timeout: b.Int("HealthCheck.Timeout", 5), healthy: b.Int("HealthCheck.HealthyThreshold", 10), unhealthy: b.Int("HealthCheck.UnhealthyThreshold", 2)}
	protocol, rest, ok := strings.Cut(b.Plain("HealthCheck.Target", ""), ":")
	if !ok {
		return p
	}
	p.protocol = strings.ToUpper(protocol)
	port, location, found := strings.Cut(rest, "/")
	p.port = port
	if found {
		p.path = "/" + location
	}
	if p.protocol == "SSL" {
		p.protocol = "TCP"
	}
	return p
}

// classicAttributes gives a pool the policies of its listener and the
// draining of the balancer.
func (b *balancer) classicAttributes(p *pool, l map[string]any) {
	p.attributes["deregistration_delay.timeout_seconds"] = "0"
	if b.True("ConnectionDrainingPolicy.Enabled") {
		p.attributes["deregistration_delay.timeout_seconds"] = strconv.Itoa(b.Int("ConnectionDrainingPolicy.Timeout", 300))
	}
	names := design.Texts(l["PolicyNames"])
	for _, s := range b.Maps("LBCookieStickinessPolicy") {
		if slices.Contains(names, design.Text(s, "PolicyName")) {
			p.attributes["stickiness.enabled"], p.attributes["stickiness.lb_cookie.duration_seconds"] = "true", design.Text(s, "CookieExpirationPeriod")
		}
	}
	for _, s := range b.Maps("AppCookieStickinessPolicy") {
		if slices.Contains(names, design.Text(s, "PolicyName")) {
			p.attributes["stickiness.enabled"], p.attributes["stickiness.type"], p.attributes["stickiness.app_cookie.cookie_name"] = "true", "app_cookie", design.Text(s, "CookieName")
		}
	}
	for _, policy := range b.Maps("Policies") {
		if design.Text(policy, "PolicyType") == "ProxyProtocolPolicyType" && slices.Contains(design.Texts(policy["InstancePorts"]), strconv.Itoa(p.port)) {
			p.attributes["proxy_protocol_v2.enabled"] = "true"
		}
	}
}

// classicPolicy is the predefined security policy of a listener.
func (b *balancer) classicPolicy(l map[string]any) string {
	names := design.Texts(l["PolicyNames"])
	for _, policy := range b.Maps("Policies") {
		if !slices.Contains(names, design.Text(policy, "PolicyName")) {
			continue
		}
		for _, a := range design.Maps(policy["Attributes"]) {
			if design.Text(a, "Name") == "Reference-Security-Policy" {
				return design.Text(a, "Value")
			}
		}
	}
	return ""
}

func (b *balancer) classicGaps() {
	if !b.True("CrossZone") {
		b.Gap("nlb.cross-zone", "CrossZone=false")
	}
	known := []string{"SSLNegotiationPolicyType", "LBCookieStickinessPolicyType", "AppCookieStickinessPolicyType", "ProxyProtocolPolicyType"}
	for _, policy := range b.Maps("Policies") {
		if kind := design.Text(policy, "PolicyType"); !slices.Contains(known, kind) {
			b.Gap("elb.policy", "Policies.PolicyType="+kind)
		}
	}
}
