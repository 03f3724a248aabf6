package compute

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	lb "github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/loadbalancers"
)

func mapsKeys(m map[string]string) iter.Seq[string] { return maps.Keys(m) }

// passed is a Standard load balancer while it is written.
type passed struct {
	*balancer
	id   cloud.ResourceID
	p    lb.LoadBalancerPropertiesFormat
	face string
}

func (l *passed) sub(collection, name string) *lb.SubResource {
	return &lb.SubResource{Id: new(string(l.id) + "/" + collection + "/" + name)}
}

// asLoadBalancer writes the balancer as a Standard load balancer.
func (b *balancer) asLoadBalancer() design.Decision {
	l := &passed{balancer: b, face: map[bool]string{true: "private", false: "public"}[b.internal]}
	l.id = cloud.ResourceID(string(b.C.Place.GroupID()) + "/providers/" + string(lbKind) + "/" + b.C.Name(lbKind, "", b.r.Name))
	l.p.FrontendIPConfigurations = &[]lb.FrontendIPConfiguration{l.frontEnd()}
	rules, pools, probes := []lb.LoadBalancingRule{}, []lb.BackendAddressPool{}, []lb.Probe{}
	for _, fr := range b.fronts {
		rules = append(rules, l.rules(fr)...)
	}
	for _, p := range b.pools {
		pools = append(pools, l.pool(p))
		probes = append(probes, l.probe(p))
	}
	l.p.BackendAddressPools = &pools
	if len(rules) > 0 {
		l.p.LoadBalancingRules, l.p.Probes = &rules, &probes
	}
	id := b.C.Put(design.Target{Type: lbKind, Base: common.LastName(l.id), Exact: true, Model: lb.LoadBalancer{
		Sku: &lb.LoadBalancerSku{Name: new(lb.LoadBalancerSkuNameStandard), Tier: new(lb.LoadBalancerSkuTierRegional)}, Properties: &l.p,
	}}, b.r)
	for _, p := range b.pools {
		b.C.Attach(p.from, id)
		joined := len(p.addresses) > 0
		for _, m := range p.members {
			joined = b.join(m, "loadBalancerBackendAddressPools", string(id)+"/backendAddressPools/"+p.name) || joined
		}
		if !joined {
			b.absent(p)
			b.Do("nobody of this design stands in the target group %s: enter its targets into the pool %s of the load balancer", p.from.Name, p.name)
		}
	}
	b.Decide(design.Migrate, common.NamedGaps, "%s balancer with %s and %s becomes a Standard load balancer over %s",
		map[bool]string{true: "an internal", false: "a public"}[b.internal], common.Count(len(b.fronts), "listener"), common.Count(len(b.pools), "target group"), zoneWords(b.C.Zones()))
	b.Not(string(gatewayKind), "it ends connections and hides the client's address; take it where TLS has to end at the balancer")
	b.EffortDays = 1
	b.Cost = b.ruleCost(len(rules))
	return b.Done()
}

// ruleCost prices a load balancer by the hour and by its rules.
func (b *balancer) ruleCost(rules int) *design.Cost {
	cost := hourly(b.C, "aws_lb", "Network load balancer", "", "")
	e, ok := b.C.Catalog.BalancerRules(rules)
	if !ok {
		return cost
	}
	if cost == nil {
		cost = &design.Cost{}
	}
	cost.After = new(e.Month())
	cost.Basis = strings.TrimPrefix(cost.Basis+"; after: "+common.Count(rules, "rule")+", "+e.Basis, "; ")
	return cost
}

// frontEnd is the one address over all zones; a network load balancer has one
// in each.
func (l *passed) frontEnd() lb.FrontendIPConfiguration {
	p := lb.FrontendIPConfigurationPropertiesFormat{PrivateIPAddressVersion: new(lb.IPVersionIPvFour)}
	out := lb.FrontendIPConfiguration{Name: new(l.face), Properties: &p}
	if !l.internal {
		p.PublicIPAddress = &lb.PublicIPAddress{Id: new(string(l.publicAddress()))}
		p.PrivateIPAddressVersion = nil
		return out
	}
	var fixed string
	for _, m := range l.Maps("SubnetMappings") {
		if a := plainText(m, "PrivateIPv4Address"); a != "" && l.C.Plan != nil && fixed == "" {
			fixed = l.C.Plan.Address(a)
		}
	}
	p.Subnet = &lb.Subnet{Id: new(l.privateSubnet())}
	p.PrivateIPAllocationMethod = new(lb.IPAllocationMethodDynamic)
	if fixed != "" && holds(l.C, *p.Subnet.Id, fixed) {
		p.PrivateIPAllocationMethod, p.PrivateIPAddress = new(lb.IPAllocationMethodStatic), new(fixed)
	}
	if zones := l.C.Zones(); len(zones) > 0 {
		out.Zones = &zones
	}
	return out
}

func (l *passed) privateSubnet() string {
	if subnet, ok := firstOfAll(l.C, l.subnets); ok {
		if id, ok := l.C.Plan.Subnet(subnet); ok {
			return string(id)
		}
	}
	l.Do("the subnet of %s is not known: give the deployment one", l.r.Name)
	return l.f.parameter(l.C, design.Parameter{Name: "machineSubnetId", Description: "Id of the subnet for machines whose own subnet is not known"})
}

// publicAddress is the first elastic address of the balancer, or a new one.
func (l *passed) publicAddress() cloud.ResourceID {
	var mapped []*inventory.Resource
	for _, m := range l.Maps("SubnetMappings") {
		mapped = append(mapped, l.C.FindAll(l.r, m["AllocationId"], "AWS::EC2::EIP")...)
	}
	if len(mapped) > 1 {
		l.Gap("nlb.zone-addresses", "SubnetMappings.AllocationId="+strconv.Itoa(len(mapped)))
	}
	for _, m := range l.Maps("SubnetMappings") {
		if ref := m["AllocationId"]; ref != nil && len(l.C.FindAll(l.r, ref, "AWS::EC2::EIP")) == 0 {
			l.Do("the address %s of %s is not part of the workload: a new one stands in", common.Shown(ref), l.r.Name)
		}
	}
	for _, eip := range mapped {
		if id, ok := l.C.TargetOf(eip, publicKind); ok {
			l.C.Attach(l.r, id)
			return id
		}
	}
	return putPublic(l.C, l.r.Name, l.C.Zones(), l.r)
}

// rules writes a listener. TCP_UDP is two rules.
func (l *passed) rules(fr front) []lb.LoadBalancingRule {
	var p *pool
	for _, a := range fr.fallback {
		if i := slices.IndexFunc(l.pools, func(p *pool) bool { return p.name == design.Text(a, "Pool") }); i >= 0 {
			p = l.pools[i]
		}
		target := a["TargetGroupArn"]
		if groups := design.Maps(design.At(a, "ForwardConfig.TargetGroups")); target == nil && len(groups) > 0 {
			target = groups[0]["TargetGroupArn"]
			if len(groups) > 1 {
				l.Gap("alb.weights", "port "+strconv.Itoa(fr.port)+": ForwardConfig.TargetGroups="+strconv.Itoa(len(groups)))
			}
		}
		if r, ok := l.C.Find(fr.from, target, targetsKind); ok && p == nil {
			p = l.poolOf(r)
		}
	}
	if p == nil {
		l.Do("the target group of port %d is not part of the workload: write its rule by hand", fr.port)
		return nil
	}
	protocols := []lb.TransportProtocol{lb.TransportProtocolTcp}
	switch fr.protocol {
	case "UDP", "QUIC":
		protocols = []lb.TransportProtocol{lb.TransportProtocolUdp}
	case "TCP_UDP", "TCP_QUIC":
		protocols = append(protocols, lb.TransportProtocolUdp)
	case "TLS":
		l.Gap("nlb.tls", "port "+strconv.Itoa(fr.port)+": Protocol=TLS")
		l.Do("let the targets of port %d end TLS themselves with a certificate from Key Vault, or put an application gateway with a TLS listener in their front", fr.port)
	}
	var out []lb.LoadBalancingRule
	for _, protocol := range protocols {
		out = append(out, l.rule(fr, p, protocol))
	}
	return out
}

func (l *passed) rule(fr front, p *pool, protocol lb.TransportProtocol) lb.LoadBalancingRule {
	spread := lb.LoadDistributionDefault
	if p.attributes["stickiness.enabled"] == "true" {
		spread = lb.LoadDistributionSourceIP
	}
	rule := lb.LoadBalancingRulePropertiesFormat{
		Protocol: protocol, FrontendPort: int64(fr.port), BackendPort: new(int64(p.port)), FrontendIPConfiguration: l.sub("frontendIPConfigurations", l.face),
		BackendAddressPool: l.sub("backendAddressPools", p.name), Probe: l.sub("probes", p.name), LoadDistribution: &spread, EnableFloatingIP: new(false),
		// Outgoing connections go through the NAT gateway, as at the source.
		DisableOutboundSnat: new(!l.internal),
	}
	if protocol == lb.TransportProtocolTcp {
		// 4 minutes unless changed, up to 100; a network load balancer has 350
		// seconds unless changed (requirements of both: Microsoft Learn, "TCP reset
		// and idle timeout for Azure Load Balancer").
		minutes := min(max((fr.idle+59)/60, 4), 100)
		rule.IdleTimeoutInMinutes, rule.EnableTcpReset = new(int64(minutes)), new(true)
		if minutes*60 != fr.idle {
			l.Gap("nlb.idle-timeout", "port "+strconv.Itoa(fr.port)+": tcp.idle_timeout.seconds="+strconv.Itoa(fr.idle)+", here "+strconv.Itoa(minutes*60))
		}
	}
	return lb.LoadBalancingRule{Name: new(part(strings.ToLower(string(protocol)), strconv.Itoa(fr.port))), Properties: &rule}
}

func (l *passed) pool(p *pool) lb.BackendAddressPool {
	out := lb.BackendAddressPool{Name: new(p.name), Properties: &lb.BackendAddressPoolPropertiesFormat{}}
	l.networkPoolGaps(p)
	if len(p.addresses) == 0 {
		return out
	}
	vnet, ok := cloud.ResourceID(""), false
	if l.C.Plan != nil {
		vnet, ok = l.C.Plan.VNet(p.from.Properties["VpcId"])
	}
	if !ok {
		l.Do("the network of the targets of %s is not known: enter their addresses into the pool by hand", p.from.Name)
		p.addresses = nil
		return out
	}
	var addresses []lb.LoadBalancerBackendAddress
	for i, a := range p.addresses {
		addresses = append(addresses, lb.LoadBalancerBackendAddress{Name: new(part("address", strconv.Itoa(i))), Properties: &lb.LoadBalancerBackendAddressPropertiesFormat{
			IPAddress: new(l.C.Plan.Address(a)), VirtualNetwork: &lb.SubResource{Id: new(string(vnet))},
		}})
	}
	out.Properties.LoadBalancerBackendAddresses = &addresses
	return out
}

// probe asks as the target group does. A probe with HTTP takes 200 as well and
// nothing else (Microsoft Learn, "Azure Load Balancer health probes").
func (l *passed) probe(p *pool) lb.Probe {
	out := lb.ProbePropertiesFormat{
		Protocol: lb.ProbeProtocolTcp, Port: int64(p.port), IntervalInSeconds: new(int64(max(p.probe.interval, 5))), NumberOfProbes: new(int64(max(p.probe.unhealthy, 1))), ProbeThreshold: new(int64(max(p.probe.unhealthy, 1))),
	}
	if port, err := strconv.Atoi(p.probe.port); err == nil && port > 0 && port < 65536 {
		out.Port = int64(port)
	}
	switch p.probe.protocol {
	case "HTTP", "HTTPS":
		out.Protocol = map[string]lb.ProbeProtocol{"HTTP": lb.ProbeProtocolHTTP, "HTTPS": lb.ProbeProtocolHTTPS}[p.probe.protocol]
		out.RequestPath = new(probePath(p.probe.path))
		if codes := cmp.Or(plainText(p.from.Properties, "Matcher.HttpCode"), "200-399"); codes != "200" {
			l.Gap("nlb.matcher", "target group "+p.from.Name+": Matcher.HttpCode="+codes)
		}
	}
	if p.probe.off {
		l.Do("the health check of %s is off at the source; a load balancer always asks: check that port %d answers", p.from.Name, out.Port)
	}
	return lb.Probe{Name: new(p.name), Properties: &out}
}

func (l *passed) networkPoolGaps(p *pool) {
	at := "target group " + p.from.Name + ": "
	if p.attributes["proxy_protocol_v2.enabled"] == "true" {
		l.Gap("nlb.proxy-protocol", at+"proxy_protocol_v2.enabled=true")
	}
	// Addresses of clients are kept unless the targets are addresses behind TCP
	// or TLS (Elastic Load Balancing User Guide, "Target group attributes").
	keeps := p.attributes["preserve_client_ip.enabled"]
	if keeps == "false" || keeps == "" && p.kind == "ip" && (p.protocol == "TCP" || p.protocol == "TLS") {
		l.Gap("nlb.client-address", at+"preserve_client_ip.enabled="+cmp.Or(keeps, "false"))
	}
	if p.kind == "alb" {
		l.Gap("nlb.alb-target", at+"TargetType=alb")
	}
	if p.kind == "lambda" {
		l.Gap("alb.lambda", at+"TargetType=lambda")
	}
	l.poolGaps(p)
}

// ipv6 says that the address of the balancer's front end is an IPv4 one.
func (b *balancer) ipv6() {
	if kind := b.Text("IpAddressType"); strings.HasPrefix(kind, "dualstack") {
		b.Gap("elb.ipv6", "IpAddressType="+kind)
	}
	for _, m := range b.Maps("SubnetMappings") {
		for _, name := range []string{"IPv6Address", "SourceNatIpv6Prefix"} {
			if text := design.Text(m, name); text != "" {
				b.Gap("elb.ipv6", "SubnetMappings."+name+"="+text)
			}
		}
	}
}

// networkGaps names what a network load balancer has and a Standard one has
// not.
func (b *balancer) networkGaps() {
	if b.attributes["load_balancing.cross_zone.enabled"] != "true" {
		b.Gap("nlb.cross-zone", "load_balancing.cross_zone.enabled="+cmp.Or(b.attributes["load_balancing.cross_zone.enabled"], "false"))
	}
	if len(b.groups) > 0 {
		b.Gap("nlb.security-groups", "SecurityGroups="+common.Shown(b.groups))
	}
	if b.attributes["access_logs.s3.enabled"] == "true" {
		b.Gap("nlb.access-logs", "access_logs.s3.bucket="+b.attributes["access_logs.s3.bucket"])
	}
	if b.attributes["deletion_protection.enabled"] == "true" {
		b.Gap("ec2.termination-protection", "deletion_protection.enabled=true")
	}
	b.ipv6()
	for _, key := range slices.Sorted(mapsKeys(b.attributes)) {
		value := b.attributes[key]
		if strings.HasPrefix(key, "access_logs.") || strings.HasPrefix(key, "deletion_protection") || strings.HasPrefix(key, "load_balancing.cross_zone") || value == "" || value == "false" || value == "any_availability_zone" || value == "0" {
			continue
		}
		b.Gap("alb.attribute", key+"="+value)
	}
}
