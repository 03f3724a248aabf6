package network

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	words "example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/dnsresolver/2025-05-01/dnsforwardingrulesets"
	"github.com/hashicorp/go-azure-sdk/resource-manager/dnsresolver/2025-05-01/dnsresolvers"
	"github.com/hashicorp/go-azure-sdk/resource-manager/dnsresolver/2025-05-01/forwardingrules"
	"github.com/hashicorp/go-azure-sdk/resource-manager/dnsresolver/2025-05-01/inboundendpoints"
	"github.com/hashicorp/go-azure-sdk/resource-manager/dnsresolver/2025-05-01/outboundendpoints"
	rulesetlinks "github.com/hashicorp/go-azure-sdk/resource-manager/dnsresolver/2025-05-01/virtualnetworklinks"
)

const (
	resolverPage = "Microsoft Learn, What is Azure DNS Private Resolver?"
	rulesetKind  = cloud.Kind("Microsoft.Network/dnsForwardingRulesets")
)

func nameRules() []design.Rule {
	return []design.Rule{
		ruleTargets{"Microsoft.Network/dnsResolvers", rulesetKind}.of(ruled("route53resolver/endpoint", design.Networks, resolverPage, resolverRule, "AWS::Route53Resolver::ResolverEndpoint")),
		ruleTargets{"Microsoft.Network/dnsForwardingRulesets/forwardingRules"}.of(ruled("route53resolver/rule", design.Networks, resolverPage, forwardRule, "AWS::Route53Resolver::ResolverRule")),
		ruleTargets{"Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks"}.of(ruled("route53resolver/association", design.Networks, resolverPage, forwardLinkRule, "AWS::Route53Resolver::ResolverRuleAssociation")),
	}
}

// networkOfEndpoint returns the network and the subnets of a resolver endpoint.
func (p *Plan) networkOfEndpoint(r *inventory.Resource) (*vnet, []any) {
	var near []any
	for _, m := range design.Maps(r.Properties["IpAddresses"]) {
		near = append(near, m["SubnetId"])
	}
	if len(near) == 0 {
		near = []any{design.Text(r.Attributes, "HostVPCId")}
	}
	v, _ := p.near(near)
	return v, near
}

func (p *Plan) resolverOf(v *vnet, r *inventory.Resource) cloud.ResourceID {
	id := p.c.Once("network|resolver|"+p.key(v), func() cloud.ResourceID {
		return p.c.Put(design.Target{Type: "Microsoft.Network/dnsResolvers", Base: v.name, Model: dnsresolvers.DnsResolver{
			Properties: dnsresolvers.DnsResolverProperties{VirtualNetwork: dnsresolvers.SubResource{Id: string(p.putVNet(v))}},
		}})
	})
	p.c.Attach(r, id)
	return id
}

func resolverRule(p *Plan, r *inventory.Resource) design.Decision {
	v, near := p.networkOfEndpoint(r)
	if v == nil {
		return manual("it stands in a VPC that is not known", 1, "make an Azure DNS Private Resolver in the VNet that takes its place")
	}
	resolver := p.resolverOf(v, r)
	purpose := design.Purpose{Delegation: "Microsoft.Network/dnsResolvers", Bits: 28, From: r, Near: near, Groups: design.List(r.Properties["SecurityGroupIds"])}
	d := migrated(0.8, "", p.c.Gap("resolver.addresses", r.Name))
	if strings.HasPrefix(strings.ToUpper(design.Text(r.Properties, "Direction")), "INBOUND") {
		purpose.Name = "dns-inbound"
		subnet := p.dedicate(purpose)
		p.c.Put(design.Target{Type: "Microsoft.Network/dnsResolvers/inboundEndpoints", Parent: resolver, Base: r.Name, Location: p.c.Place.Location, Model: inboundendpoints.InboundEndpoint{
			Properties: inboundendpoints.InboundEndpointProperties{IPConfigurations: []inboundendpoints.IPConfiguration{{
				PrivateIPAllocationMethod: new(inboundendpoints.IPAllocationMethodDynamic), Subnet: inboundendpoints.SubResource{Id: string(subnet.id)},
			}}},
		}}, r)
		d.Why = fmt.Sprintf("an inbound endpoint of a DNS Private Resolver in VNet %s answers what on premises ask; it has one address where the source has %d", v.name, len(near))
		d.ToDo = []string{"point the forwarders on premises to the address of the inbound endpoint"}
		return d
	}
	purpose.Name = "dns-outbound"
	subnet := p.dedicate(purpose)
	outbound := p.c.Put(design.Target{Type: "Microsoft.Network/dnsResolvers/outboundEndpoints", Parent: resolver, Base: r.Name, Location: p.c.Place.Location, Model: outboundendpoints.OutboundEndpoint{
		Properties: outboundendpoints.OutboundEndpointProperties{Subnet: outboundendpoints.SubResource{Id: string(subnet.id)}},
	}}, r)
	p.c.Put(design.Target{Type: rulesetKind, Base: r.Name, Model: dnsforwardingrulesets.DnsForwardingRuleset{
		Properties: dnsforwardingrulesets.DnsForwardingRulesetProperties{DnsResolverOutboundEndpoints: []dnsforwardingrulesets.SubResource{{Id: string(outbound)}}},
	}}, r)
	d.Why = fmt.Sprintf("an outbound endpoint of a DNS Private Resolver in VNet %s and a forwarding ruleset ask other networks", v.name)
	return d
}

// rulesetOf returns the ruleset of the endpoint that a rule forwards by.
func (p *Plan) rulesetOf(r *inventory.Resource) (cloud.ResourceID, bool) {
	e, ok := p.c.Find(r, r.Properties["ResolverEndpointId"], "AWS::Route53Resolver::ResolverEndpoint")
	if !ok {
		return "", false
	}
	return p.c.TargetOf(e, rulesetKind)
}

// dnsPort is where a server listens of which nothing else is said.
const dnsPort = 53

func forwardRule(p *Plan, r *inventory.Resource) design.Decision {
	if kind := strings.ToUpper(design.Text(r.Properties, "RuleType")); kind == "SYSTEM" || kind == "RECURSIVE" {
		return replaced(0.8, "what no forwarding rule names, Azure's resolver answers itself")
	}
	ruleset, ok := p.rulesetOf(r)
	if !ok {
		return manual("the endpoint that it forwards by is not part of the workload", 0.5, "forward "+design.Text(r.Properties, "DomainName")+" by the ruleset of the platform's resolver")
	}
	var servers []forwardingrules.TargetDnsServer
	for _, m := range design.Maps(r.Properties["TargetIps"]) {
		text := design.Text(m, "Ip")
		if b, ok := parsePrefix(text); ok && b.Addr().Is4() && b.IsSingleIP() {
			port := design.Int(m, "Port", dnsPort)
			if port < 1 || port > 65535 {
				port = dnsPort
			}
			servers = append(servers, forwardingrules.TargetDnsServer{IPAddress: p.Address(text), Port: new(int64(port))})
		}
	}
	domain := strings.TrimSuffix(design.Text(r.Properties, "DomainName"), ".") + "."
	if len(servers) == 0 || unresolved(domain) {
		return manual("its domain or its servers are not known", 0.5, "add a forwarding rule for "+domain+" to the ruleset")
	}
	p.c.Put(design.Target{Type: "Microsoft.Network/dnsForwardingRulesets/forwardingRules", Parent: ruleset, Base: r.Name, NoLocation: true, Model: forwardingrules.ForwardingRule{
		Properties: forwardingrules.ForwardingRuleProperties{
			DomainName: domain, ForwardingRuleState: new(forwardingrules.ForwardingRuleStateEnabled), TargetDnsServers: servers,
		},
	}}, r)
	return migrated(0.9, fmt.Sprintf("a forwarding rule sends questions for %s to the same %s", domain, words.Count(len(servers), "server")))
}

func forwardLinkRule(p *Plan, r *inventory.Resource) design.Decision {
	rule, ok := p.c.Find(r, r.Properties["ResolverRuleId"], "AWS::Route53Resolver::ResolverRule")
	v := p.netOf(r, r.Properties["VPCId"])
	if !ok || v == nil {
		return replaced(0.4, "its rule or its VPC is not part of the workload")
	}
	ruleset, ok := p.rulesetOf(rule)
	if !ok {
		return replaced(0.5, "its rule has no ruleset at the target")
	}
	id := p.c.Once("network|ruleset-link|"+string(ruleset)+"|"+p.key(v), func() cloud.ResourceID {
		return p.c.Put(design.Target{Type: "Microsoft.Network/dnsForwardingRulesets/virtualNetworkLinks", Parent: ruleset, Base: v.name, NoLocation: true, Model: rulesetlinks.VirtualNetworkLink{
			Properties: rulesetlinks.VirtualNetworkLinkProperties{VirtualNetwork: rulesetlinks.SubResource{Id: string(p.putVNet(v))}},
		}})
	})
	p.c.Attach(r, id)
	others := slices.DeleteFunc(p.c.Referring(rule, r.Kind, "ResolverRuleId"), func(o *inventory.Resource) bool { return o == r })
	d := migrated(0.8, "the ruleset is linked to VNet "+v.name)
	if len(others) > 0 {
		d.Gaps = []design.Gap{p.c.Gap("resolver.ruleset", rule.Name)}
	}
	return d
}
