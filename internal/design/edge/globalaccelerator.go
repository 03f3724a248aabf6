package edge

import (
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/loadbalancers"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/publicipaddresses"
)

const balancerKind cloud.Kind = "Microsoft.Network/loadBalancers"

func acceleratorRules() []design.Rule {
	page := "Microsoft Learn, Cross-region (global) load balancer"
	return []design.Rule{
		{Name: "globalaccelerator/accelerator", Kinds: []cloud.Kind{"AWS::GlobalAccelerator::Accelerator"}, Stage: design.Names, Source: page, Targets: []cloud.Kind{balancerKind, publicAddressKind}, Apply: accelerator},
		{Name: "globalaccelerator/part", Kinds: []cloud.Kind{"AWS::GlobalAccelerator::Listener", "AWS::GlobalAccelerator::EndpointGroup"}, Stage: design.Names, Source: page, Apply: acceleratorPart},
	}
}

// acceleratorPart decides what the accelerator's own rule reads.
func acceleratorPart(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r)
	for name := range r.Properties {
		s.Knows(name)
	}
	parent := r
	if listener, ok := c.Find(r, r.Properties["ListenerArn"], "AWS::GlobalAccelerator::Listener"); ok {
		parent = listener
	}
	if a, ok := c.Find(parent, parent.Properties["AcceleratorArn"], "AWS::GlobalAccelerator::Accelerator"); ok {
		c.Attach(r, c.TargetsOf(a)...)
	}
	s.Decide(design.Replace, common.NamedGaps, "rules and pools of the global load balancer hold what %s says", r.Name)
	return s.Done()
}

// accelerator makes a global load balancer before the regional ones: one
// address for all regions, as an accelerator has.
func accelerator(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("Enabled", "DnsName", "DualStackDnsName", "Ipv4Addresses", "Ipv6Addresses", "IpAddressType", "AcceleratorArn")
	if s.Has("IpAddresses") {
		s.Meets("accelerator.addresses", "IpAddresses")
	}
	s.Gap("accelerator.addresses", "two addresses of AWS")
	backends, gateways := acceleratorEnds(c, r)
	if len(backends) == 0 {
		s.Decide(design.Manual, common.Redesign, "nothing behind %s has a load balancer at the target that a global one could send to", r.Name)
		if gateways > 0 {
			s.Do("put Front Door before the %s for what is behind %s", standing(gateways), r.Name)
		} else {
			s.Do("choose Front Door for HTTP, or a global load balancer before the balancers of each region, in place of %s", r.Name)
		}
		return s.Done()
	}
	address := c.Put(design.Target{Type: publicAddressKind, Base: r.Name, Model: publicipaddresses.PublicIPAddress{
		Sku:        &publicipaddresses.PublicIPAddressSku{Name: new(publicipaddresses.PublicIPAddressSkuNameStandard), Tier: new(publicipaddresses.PublicIPAddressSkuTierGlobal)},
		Properties: &publicipaddresses.PublicIPAddressPropertiesFormat{PublicIPAllocationMethod: new(publicipaddresses.IPAllocationMethodStatic), PublicIPAddressVersion: new(publicipaddresses.IPVersionIPvFour)},
	}}, r)
	id := c.Place.GroupID() + cloud.ResourceID("/providers/"+string(balancerKind)+"/"+c.Name(balancerKind, "", r.Name))
	name := string(id[strings.LastIndex(string(id), "/")+1:])
	p := &loadbalancers.LoadBalancerPropertiesFormat{
		FrontendIPConfigurations: &[]loadbalancers.FrontendIPConfiguration{{Name: new("front"), Properties: &loadbalancers.FrontendIPConfigurationPropertiesFormat{PublicIPAddress: &loadbalancers.PublicIPAddress{Id: new(string(address))}}}},
	}
	var ends []loadbalancers.LoadBalancerBackendAddress
	for _, front := range backends {
		ends = append(ends, loadbalancers.LoadBalancerBackendAddress{Name: new(front.name), Properties: &loadbalancers.LoadBalancerBackendAddressPropertiesFormat{LoadBalancerFrontendIPConfiguration: &loadbalancers.SubResource{Id: new(front.id)}}})
	}
	p.BackendAddressPools = &[]loadbalancers.BackendAddressPool{{Name: new("regions"), Properties: &loadbalancers.BackendAddressPoolPropertiesFormat{LoadBalancerBackendAddresses: &ends}}}
	list := balancing(c, r, string(id))
	p.LoadBalancingRules = &list
	c.Put(design.Target{Type: balancerKind, Base: name, Exact: true, Model: loadbalancers.LoadBalancer{
		Sku: &loadbalancers.LoadBalancerSku{Name: new(loadbalancers.LoadBalancerSkuNameStandard), Tier: new(loadbalancers.LoadBalancerSkuTierGlobal)}, Properties: p,
	}}, r)
	s.Gap("accelerator.dial", r.Name)
	s.Decide(design.Migrate, common.NamedGaps, "%s gives one pair of addresses for %s, so a global load balancer with one address stands before what takes their place", r.Name, common.Count(len(backends), "balancer"))
	s.Not("Front Door", "it ends HTTP connections at the edge and takes no other protocol")
	s.EffortDays = 1
	return s.Done()
}

func standing(gateways int) string {
	if gateways == 1 {
		return "application gateway that stands"
	}
	return common.Count(gateways, "application gateway") + " that stand"
}

type balancerFront struct{ name, id string }

// acceleratorEnds are the front ends of the load balancers that stand for what
// is behind an accelerator, and how many application gateways do.
func acceleratorEnds(c *design.Context, r *inventory.Resource) (fronts []balancerFront, gateways int) {
	for _, listener := range c.Referring(r, "AWS::GlobalAccelerator::Listener", "AcceleratorArn") {
		for _, group := range c.Referring(listener, "AWS::GlobalAccelerator::EndpointGroup", "ListenerArn") {
			for _, end := range design.Maps(group.Properties["EndpointConfigurations"]) {
				found, ok := c.Find(group, end["EndpointId"])
				if !ok {
					continue
				}
				if _, ok := c.TargetOf(found, "Microsoft.Network/applicationGateways"); ok {
					gateways++
				}
				id, ok := c.TargetOf(found, balancerKind)
				if !ok {
					continue
				}
				target, _ := c.Resource(id)
				for _, front := range design.Maps(design.At(target.Body, "properties.frontendIPConfigurations")) {
					if design.Text(front, "properties.publicIPAddress.id") != "" {
						fronts = append(fronts, balancerFront{name: target.Name, id: string(id) + "/frontendIPConfigurations/" + design.Text(front, "name")})
						break
					}
				}
			}
		}
	}
	return fronts, gateways
}

func balancing(c *design.Context, r *inventory.Resource, id string) []loadbalancers.LoadBalancingRule {
	var list []loadbalancers.LoadBalancingRule
	for _, listener := range c.Referring(r, "AWS::GlobalAccelerator::Listener", "AcceleratorArn") {
		protocol := loadbalancers.TransportProtocolTcp
		if strings.EqualFold(design.Text(listener.Properties, "Protocol"), "UDP") {
			protocol = loadbalancers.TransportProtocolUdp
		}
		affinity := loadbalancers.LoadDistributionDefault
		if design.Text(listener.Properties, "ClientAffinity") == "SOURCE_IP" {
			affinity = loadbalancers.LoadDistributionSourceIP
		}
		for _, ports := range design.Maps(listener.Properties["PortRanges"]) {
			from, to := design.Int(ports, "FromPort", 0), design.Int(ports, "ToPort", 0)
			for port := max(from, 1); port <= min(to, from+9, 65535); port++ {
				list = append(list, loadbalancers.LoadBalancingRule{Name: new(strings.ToLower(string(protocol)) + "-" + common.Shown(port)), Properties: &loadbalancers.LoadBalancingRulePropertiesFormat{
					Protocol: protocol, FrontendPort: int64(port), BackendPort: new(int64(port)), LoadDistribution: new(affinity),
					FrontendIPConfiguration: &loadbalancers.SubResource{Id: new(id + "/frontendIPConfigurations/front")},
					BackendAddressPool:      &loadbalancers.SubResource{Id: new(id + "/backendAddressPools/regions")},
				}})
			}
		}
	}
	return list
}
