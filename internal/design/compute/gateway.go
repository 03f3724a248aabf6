package compute

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/managedidentity/2024-11-30/identities"
	agw "github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/applicationgateways"
)

// gateway is an application gateway while it is written. Its parts name each
// other by whole ids, so its own id is known first.
type gateway struct {
	*balancer
	id    cloud.ResourceID
	p     agw.ApplicationGatewayPropertiesFormat
	acl   *inventory.Resource
	vault bool
	// priority is that of the next routing rule: hosts first, then the others.
	priority int64
}

// sub is the reference to a part of the gateway.
func (g *gateway) sub(collection, name string) *agw.SubResource {
	return &agw.SubResource{Id: new(string(g.id) + "/" + collection + "/" + name)}
}

// guard is a gateway that a web ACL protects.
type guard struct {
	gateway cloud.ResourceID
	acl     *inventory.Resource
}

const policyKind cloud.Kind = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"

// attach enters the policy that stands for the web ACL, whichever of both was
// put first.
func (g guard) attach(c *design.Context) {
	target, ok := c.Resource(g.gateway)
	policy, found := c.TargetOf(g.acl, policyKind)
	if !ok || design.At(target.Body, "properties.firewallPolicy") != nil {
		return
	}
	if found {
		setBody(target.Body, map[string]any{"id": string(policy)}, "properties", "firewallPolicy")
		return
	}
	// Without a policy the tier that inspects is paid for nothing.
	setBody(target.Body, map[string]any{"name": "Standard_v2", "tier": "Standard_v2"}, "properties", "sku")
}

// webACL finds the web ACL of a balancer.
func (f *family) webACL(c *design.Context, r *inventory.Resource) *inventory.Resource {
	for _, a := range c.OfKind("AWS::WAFv2::WebACLAssociation", "AWS::WAFRegional::WebACLAssociation") {
		if of, ok := c.Find(a, a.Properties["ResourceArn"], r.Kind); !ok || of != r {
			continue
		}
		if acl, ok := c.Find(a, a.Properties["WebACLArn"], "AWS::WAFv2::WebACL"); ok {
			return acl
		}
		if acl, ok := c.Find(a, a.Properties["WebACLId"], "AWS::WAFRegional::WebACL"); ok {
			return acl
		}
	}
	return f.onlyACL(c, r)
}

// onlyACL is the regional web ACL of a workload whose reading names no
// association: where there is one such ACL and one balancer that it can stand
// for, leaving it out would open what is closed.
func (f *family) onlyACL(c *design.Context, r *inventory.Resource) *inventory.Resource {
	var found []*inventory.Resource
	for _, acl := range c.OfKind("AWS::WAFv2::WebACL") {
		if strings.EqualFold(design.Text(acl.Properties, "Scope"), "REGIONAL") {
			found = append(found, acl)
		}
	}
	guards := len(c.OfKind("AWS::WAFv2::WebACLAssociation")) + len(c.OfKind("AWS::ApiGateway::Stage", "AWS::AppSync::GraphQLApi", "AWS::Cognito::UserPool", "AWS::AppRunner::Service"))
	balancers := slices.DeleteFunc(slices.Clone(c.OfKind(balancerKind)), func(b *inventory.Resource) bool {
		kind := design.Text(b.Properties, "Type")
		return kind == "network" || kind == "gateway"
	})
	if len(found) != 1 || guards > 0 || len(balancers) != 1 || r.Kind != balancerKind {
		return nil
	}
	return found[0]
}

// asGateway writes the balancer as an application gateway.
func (b *balancer) asGateway() design.Decision {
	g := &gateway{balancer: b, priority: 100}
	g.id = cloud.ResourceID(string(b.C.Place.GroupID()) + "/providers/" + string(gatewayKind) + "/" + b.C.Name(gatewayKind, "", b.r.Name))
	g.acl = b.f.webACL(b.C, b.r)
	if g.acl != nil && len(b.C.OfKind("AWS::WAFv2::WebACLAssociation", "AWS::WAFRegional::WebACLAssociation")) == 0 {
		b.Do("nothing says what the web ACL %s guards; it is taken to guard %s, the only balancer that it can", g.acl.Name, b.r.Name)
	}
	g.frame()
	for _, fr := range b.fronts {
		g.listen(fr)
	}
	if len(b.fronts) == 0 {
		b.Decide(design.Manual, common.Redesign, "it has no listener in this workload, and an application gateway needs one")
		b.Do("find the listeners of %s, or retire it", b.r.Name)
		return b.Done()
	}
	g.finishParts()
	id := b.C.Put(design.Target{Type: gatewayKind, Base: common.LastName(g.id), Exact: true, Model: g.model(), After: g.after()}, b.r)
	g.members(id)
	for _, fr := range b.fronts {
		if fr.trust != nil {
			b.C.Attach(fr.trust, id)
		}
	}
	if g.acl != nil {
		b.f.guarded = append(b.f.guarded, guard{id, g.acl})
	}
	if b.attributes["access_logs.s3.enabled"] == "true" {
		if logs := common.Diagnostics(b.C, id); logs != "" {
			b.C.Attach(b.r, logs)
		}
		b.Gap("alb.access-logs", "access_logs.s3.bucket="+b.attributes["access_logs.s3.bucket"])
	}
	b.applicationGaps()
	kind := "Standard_v2"
	if g.acl != nil {
		kind = "WAF_v2"
	}
	b.Decide(design.Migrate, common.NamedGaps, "an %s balancer with %s and %s becomes an application gateway of tier %s over %s",
		map[bool]string{true: "internal application", false: "application"}[b.internal], common.Count(len(b.fronts), "listener"), common.Count(len(b.pools), "target group"), kind, zoneWords(b.C.Zones()))
	b.Not("Microsoft.Cdn/profiles (Azure Front Door)", "it stands outside the network and ends sessions at the edge; take it for several regions or with CloudFront in front")
	b.Not(string(lbKind), "it knows no paths, hosts, cookies or certificates")
	b.EffortDays = 2
	b.Cost = hourly(b.C, "aws_lb", "Application load balancer", "azurerm_application_gateway", map[bool]string{true: "Gateway usage (WAF v2)", false: "Gateway usage (basic v2)"}[g.acl != nil])
	return b.Done()
}

// frame writes subnet, front end, tier and autoscale. An application gateway
// needs a subnet of its own (Microsoft Learn, "Application Gateway
// infrastructure configuration").
func (g *gateway) frame() {
	sku := agw.ApplicationGatewaySku{Name: new(agw.ApplicationGatewaySkuNameStandardVTwo), Tier: new(agw.ApplicationGatewayTierStandardVTwo)}
	if g.acl != nil {
		sku = agw.ApplicationGatewaySku{Name: new(agw.ApplicationGatewaySkuNameWAFVTwo), Tier: new(agw.ApplicationGatewayTierWAFVTwo)}
	}
	least := int64(max(g.Int("MinimumLoadBalancerCapacity.CapacityUnits", 0)/10, 2))
	g.p = agw.ApplicationGatewayPropertiesFormat{
		Sku: &sku, AutoscaleConfiguration: &agw.ApplicationGatewayAutoscaleConfiguration{MinCapacity: min(least, 100), MaxCapacity: new(max(min(least, 100)*2, int64(10)))},
		// HTTP/2 between client and balancer is on unless it is switched off.
		EnableHTTP2: new(g.attributes["routing.http2.enabled"] != "false"),
	}
	subnet := g.subnet()
	g.p.GatewayIPConfigurations = &[]agw.ApplicationGatewayIPConfiguration{{Name: new("gateway"), Properties: &agw.ApplicationGatewayIPConfigurationPropertiesFormat{Subnet: &agw.SubResource{Id: new(subnet)}}}}
	face := agw.ApplicationGatewayFrontendIPConfigurationPropertiesFormat{}
	name := "public"
	if g.internal {
		name = "private"
		face.Subnet, face.PrivateIPAllocationMethod, face.PrivateIPAddress = &agw.SubResource{Id: new(subnet)}, new(agw.IPAllocationMethodStatic), new(g.address(subnet))
		g.Gap("alb.private", "Scheme=internal")
	} else {
		face.PublicIPAddress = &agw.SubResource{Id: new(string(putPublic(g.C, g.r.Name, g.C.Zones(), g.r)))}
		face.PrivateIPAllocationMethod = new(agw.IPAllocationMethodDynamic)
	}
	g.p.FrontendIPConfigurations = &[]agw.ApplicationGatewayFrontendIPConfiguration{{Name: new(name), Properties: &face}}
	g.p.FrontendPorts, g.p.HTTPListeners, g.p.RequestRoutingRules = &[]agw.ApplicationGatewayFrontendPort{}, &[]agw.ApplicationGatewayHTTPListener{}, &[]agw.ApplicationGatewayRequestRoutingRule{}
}

func (g *gateway) subnet() string {
	var ports []int
	for _, fr := range g.fronts {
		ports = append(ports, fr.port)
	}
	if g.C.Plan != nil {
		near := slices.Clone(g.subnets)
		if vpc := g.Text("VpcId"); vpc != "" && len(near) == 0 {
			near = []any{vpc}
		}
		for _, p := range g.targetVPCs() {
			if len(near) == 0 {
				near = []any{p}
			}
		}
		purpose := design.Purpose{Name: "gateway", Bits: 24, From: g.r, Near: near, Groups: g.groups, Listens: ports}
		if g.internal {
			// A gateway without a public address needs a delegated subnet (Microsoft
			// Learn, "Private Application Gateway deployment").
			purpose.Name, purpose.Delegation = "gateway-private", string(gatewayKind)
		}
		if id, ok := g.C.Plan.Dedicated(purpose); ok {
			return string(id)
		}
	}
	g.Do("the network of %s is not known: give the deployment a subnet for its gateway alone", g.r.Name)
	return g.f.parameter(g.C, design.Parameter{Name: "gatewaySubnetId", Description: "Id of a subnet that holds application gateways only"})
}

// targetVPCs are the networks of the target groups, for a balancer that names
// no subnet.
func (b *balancer) targetVPCs() []any {
	var out []any
	for _, fr := range b.fronts {
		for _, t := range b.C.FindAll(fr.from, design.At(fr.from.Properties, "DefaultActions.TargetGroupArn"), targetsKind) {
			out = append(out, t.Properties["VpcId"])
		}
	}
	return slices.DeleteFunc(out, func(v any) bool { return v == nil })
}

// address returns a free address at the end of the subnet: a private front end
// of this generation is static, and instances take addresses from the
// beginning.
func (g *gateway) address(subnet string) string {
	target, ok := g.C.Resource(cloud.ResourceID(subnet))
	if ok {
		text := design.Text(target.Body, "properties.addressPrefix")
		if list := design.Texts(design.At(target.Body, "properties.addressPrefixes")); text == "" && len(list) > 0 {
			text = list[0]
		}
		if prefix, err := netip.ParsePrefix(text); err == nil && prefix.Addr().Is4() && prefix.Bits() <= 28 {
			taken := g.f.faces[subnet]
			g.f.faces[subnet]++
			last := prefix.Masked().Addr().As4()
			size := uint32(1) << (32 - prefix.Bits())
			value := uint32(last[0])<<24 | uint32(last[1])<<16 | uint32(last[2])<<8 | uint32(last[3])
			value += size - 2 - uint32(taken)
			return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}).String()
		}
	}
	return g.f.parameter(g.C, design.Parameter{Name: common.ParameterName("gatewayAddress", g.r.Name), Description: "Private address of the gateway for " + g.r.Name + ", from the subnet of the gateways"})
}

// model completes the gateway.
func (g *gateway) model() agw.ApplicationGateway {
	model := agw.ApplicationGateway{Properties: &g.p}
	if zones := g.C.Zones(); len(zones) > 0 {
		model.Zones = &zones
	}
	if g.vault {
		model.Identity = userAssigned([]cloud.ResourceID{g.identity()})
	}
	return model
}

// secretsUser is the role Key Vault Secrets User (Microsoft Learn, "Azure
// built-in roles for Security"): a gateway reads the certificate with its key
// as a secret.
const secretsUser = "4633458b-17de-408a-b874-0445c86b69e6"

func (g *gateway) identity() cloud.ResourceID {
	return g.C.Once("compute/gateway-identity|"+string(g.r.ID), func() cloud.ResourceID {
		return g.C.Put(design.Target{Type: identityKind, Base: g.r.Name + "-gateway", Model: identities.Identity{}}, g.r)
	})
}

func (g *gateway) after() []cloud.ResourceID {
	if !g.vault {
		return nil
	}
	return []cloud.ResourceID{common.RoleAssignment(g.C, g.identity(), common.Certificates(g.C), secretsUser, g.r)}
}

// finishParts writes pools, settings and probes of every target group that a
// rule names. A pool without anybody in it answers where nothing may be
// reached.
func (g *gateway) finishParts() {
	pools := []agw.ApplicationGatewayBackendAddressPool{}
	settings := []agw.ApplicationGatewayBackendHTTPSettings{}
	probes := []agw.ApplicationGatewayProbe{}
	for _, p := range g.pools {
		pools = append(pools, g.pool(p))
		settings = append(settings, g.settings(p))
		if !p.probe.off {
			probes = append(probes, g.probe(p))
		}
	}
	if g.refuses() {
		pools = append(pools, agw.ApplicationGatewayBackendAddressPool{Name: new(nobody), Properties: &agw.ApplicationGatewayBackendAddressPoolPropertiesFormat{}})
		settings = append(settings, agw.ApplicationGatewayBackendHTTPSettings{Name: new(nobody), Properties: &agw.ApplicationGatewayBackendHTTPSettingsPropertiesFormat{
			Port: new(int64(80)), Protocol: new(agw.ApplicationGatewayProtocolHTTP), CookieBasedAffinity: new(agw.ApplicationGatewayCookieBasedAffinityDisabled), RequestTimeout: new(int64(30)),
		}})
	}
	g.p.BackendAddressPools, g.p.BackendHTTPSettingsCollection = &pools, &settings
	if len(probes) > 0 {
		g.p.Probes = &probes
	}
}

// nobody is the pool without members.
const nobody = "nobody"

// refuses reports whether some rule leads to nobody.
func (g *gateway) refuses() bool {
	uses := func(pool *agw.SubResource) bool {
		return pool != nil && strings.HasSuffix(*pool.Id, "/backendAddressPools/"+nobody)
	}
	for _, r := range *g.p.RequestRoutingRules {
		if uses(r.Properties.BackendAddressPool) {
			return true
		}
	}
	if g.p.UrlPathMaps == nil {
		return false
	}
	for _, m := range *g.p.UrlPathMaps {
		if uses(m.Properties.DefaultBackendAddressPool) || slices.ContainsFunc(*m.Properties.PathRules, func(r agw.ApplicationGatewayPathRule) bool { return uses(r.Properties.BackendAddressPool) }) {
			return true
		}
	}
	return false
}

func (g *gateway) pool(p *pool) agw.ApplicationGatewayBackendAddressPool {
	var addresses []agw.ApplicationGatewayBackendAddress
	for _, a := range p.addresses {
		if g.C.Plan != nil {
			a = g.C.Plan.Address(a)
		}
		addresses = append(addresses, agw.ApplicationGatewayBackendAddress{IPAddress: new(a)})
	}
	for _, m := range p.members {
		if name := g.hostName(m); name != "" {
			addresses = append(addresses, agw.ApplicationGatewayBackendAddress{Fqdn: new(name)})
		}
	}
	out := agw.ApplicationGatewayBackendAddressPool{Name: new(p.name), Properties: &agw.ApplicationGatewayBackendAddressPoolPropertiesFormat{}}
	if len(addresses) > 0 {
		out.Properties.BackendAddresses = &addresses
	}
	return out
}

// hostName is the name of a member that is no machine: a function or a
// container app.
func (g *gateway) hostName(m *inventory.Resource) string {
	if id, ok := g.C.TargetOf(m, "Microsoft.Web/sites"); ok {
		return g.C.Output(id, "properties.defaultHostName")
	}
	id, ok := g.C.TargetOf(m, "Microsoft.App/containerApps")
	if !ok {
		return ""
	}
	if app, _ := g.C.Resource(id); design.At(app.Body, "properties.configuration.ingress") == nil {
		return ""
	}
	return g.C.Output(id, "properties.configuration.ingress.fqdn")
}

// platform reports whether a pool's members are services with names of their
// own, which answer to that name and by HTTPS.
func (g *gateway) platform(p *pool) bool {
	return slices.ContainsFunc(p.members, func(m *inventory.Resource) bool { return g.hostName(m) != "" })
}

func (g *gateway) settings(p *pool) agw.ApplicationGatewayBackendHTTPSettings {
	out := agw.ApplicationGatewayBackendHTTPSettingsPropertiesFormat{
		Port: new(int64(p.port)), Protocol: new(agw.ApplicationGatewayProtocolHTTP), CookieBasedAffinity: new(agw.ApplicationGatewayCookieBasedAffinityDisabled),
		// ALB's idle timeout ends a request that says nothing for so long; the
		// gateway's request timeout is the nearest there is.
		RequestTimeout: new(int64(min(max(g.idle, 1), 86400))), PickHostNameFromBackendAddress: new(false),
	}
	if p.protocol == "HTTPS" {
		out.Protocol = new(agw.ApplicationGatewayProtocolHTTPS)
		// ALB does not check the certificates of its targets (Elastic Load
		// Balancing User Guide, "Target groups for your Application Load Balancers").
		out.ValidateCertChainAndExpiry, out.ValidateSNI = new(false), new(false)
		g.Gap("alb.backend-tls", "target group "+p.from.Name+": Protocol=HTTPS")
	}
	if g.platform(p) {
		out.Port, out.Protocol, out.PickHostNameFromBackendAddress = new(int64(443)), new(agw.ApplicationGatewayProtocolHTTPS), new(true)
		out.ValidateCertChainAndExpiry, out.ValidateSNI = nil, nil
	}
	if !p.probe.off {
		out.Probe, out.ProbeEnabled = g.sub("probes", p.name), new(true)
	}
	if delay := g.number(p.attributes, "deregistration_delay.timeout_seconds", 300); delay > 0 {
		out.ConnectionDraining = &agw.ApplicationGatewayConnectionDraining{Enabled: true, DrainTimeoutInSec: int64(min(delay, 3600))}
	}
	g.stick(p, &out)
	g.poolGaps(p)
	return agw.ApplicationGatewayBackendHTTPSettings{Name: new(p.name), Properties: &out}
}

// stick keeps a client with its target: the gateway sets a cookie of its own
// that lives as long as the browser.
func (g *gateway) stick(p *pool, out *agw.ApplicationGatewayBackendHTTPSettingsPropertiesFormat) {
	if p.attributes["stickiness.enabled"] != "true" {
		return
	}
	out.CookieBasedAffinity, out.AffinityCookieName = new(agw.ApplicationGatewayCookieBasedAffinityEnabled), new("ApplicationGatewayAffinity")
	if p.attributes["stickiness.type"] == "app_cookie" {
		g.Gap("alb.app-cookie", "target group "+p.from.Name+": stickiness.app_cookie.cookie_name="+p.attributes["stickiness.app_cookie.cookie_name"])
		return
	}
	g.Gap("alb.cookie", "target group "+p.from.Name+": stickiness.lb_cookie.duration_seconds="+cmp.Or(p.attributes["stickiness.lb_cookie.duration_seconds"], "86400"))
}

func (g *gateway) probe(p *pool) agw.ApplicationGatewayProbe {
	out := agw.ApplicationGatewayProbePropertiesFormat{
		Protocol: new(agw.ApplicationGatewayProtocolHTTP), Path: new(probePath(p.probe.path)), Interval: new(int64(min(max(p.probe.interval, 1), 86400))), Timeout: new(int64(min(max(p.probe.timeout, 1), 86400))),
		UnhealthyThreshold: new(int64(min(max(p.probe.unhealthy, 1), 20))), PickHostNameFromBackendHTTPSettings: new(false), MinServers: new(int64(0)),
		Match: &agw.ApplicationGatewayProbeHealthResponseMatch{StatusCodes: new(statusCodes(p.probe.codes))},
	}
	if p.probe.protocol == "HTTPS" || g.platform(p) {
		out.Protocol = new(agw.ApplicationGatewayProtocolHTTPS)
	}
	if g.platform(p) {
		out.PickHostNameFromBackendHTTPSettings = new(true)
	} else {
		// ALB asks a target by its address; a gateway needs a name to ask for.
		out.Host = new("127.0.0.1")
	}
	if port, err := strconv.Atoi(p.probe.port); err == nil && port > 0 && port < 65536 && port != p.port {
		out.Port = new(int64(port))
	}
	if p.probe.healthy != 1 {
		g.Gap("alb.healthy-threshold", "target group "+p.from.Name+": HealthyThresholdCount="+strconv.Itoa(p.probe.healthy))
	}
	return agw.ApplicationGatewayProbe{Name: new(p.name), Properties: &out}
}

func probePath(path string) string {
	if !strings.HasPrefix(path, "/") {
		return "/" + path
	}
	return path
}

// statusCodes reads a matcher: "200", "200,202", "200-299".
func statusCodes(matcher string) []string {
	var out []string
	for part := range strings.SplitSeq(matcher, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	if len(out) == 0 {
		return []string{"200"}
	}
	return out
}

// members enters machines and scale sets into their pools.
func (g *gateway) members(id cloud.ResourceID) {
	for _, p := range g.pools {
		g.C.Attach(p.from, id)
		joined := len(p.addresses) > 0
		for _, m := range p.members {
			joined = g.join(m, "applicationGatewayBackendAddressPools", string(id)+"/backendAddressPools/"+p.name) || g.hostName(m) != "" || joined
		}
		if !joined {
			g.absent(p)
			g.Do("nobody of this design stands in the target group %s: enter its targets into the pool %s of the gateway", p.from.Name, p.name)
		}
	}
}
