package designtest

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// networkVersion is the API version of the network's resources.
const networkVersion = "2025-07-01"

// Network is a small stand-in for the network family, for tests of other
// families: one VNet, a subnet for each that is asked for, one NSG, and
// private endpoints. It has no rules: VPCs and subnets of the source stay
// without a decision of its own.
func Network() design.Family {
	return design.Family{Name: "designtest", Start: func(c *design.Context) { c.Plan = &plan{c: c} }}
}

type plan struct{ c *design.Context }

func (p *plan) put(key string, t design.Target) cloud.ResourceID {
	t.APIVersion = networkVersion
	return p.c.Once("designtest|"+key, func() cloud.ResourceID { return p.c.Put(t) })
}

func (p *plan) vnet() cloud.ResourceID {
	return p.put("vnet", design.Target{Type: "Microsoft.Network/virtualNetworks", Base: "test", Model: map[string]any{
		"properties": map[string]any{"addressSpace": map[string]any{"addressPrefixes": []any{"10.0.0.0/8"}}},
	}})
}

func (p *plan) subnet(name, delegation string) cloud.ResourceID {
	properties := map[string]any{"addressPrefix": "10.0.0.0/16"}
	if delegation != "" {
		properties["delegations"] = []any{map[string]any{"name": "service", "properties": map[string]any{"serviceName": delegation}}}
	}
	return p.put("subnet|"+name, design.Target{Type: "Microsoft.Network/virtualNetworks/subnets", Parent: p.vnet(), Base: name, Model: map[string]any{"properties": properties}})
}

// Subnet gives every reference that is not empty a subnet of its own.
func (p *plan) Subnet(ref any) (cloud.ResourceID, bool) {
	text, ok := ref.(string)
	if !ok || text == "" {
		return "", false
	}
	// A template's reference and a live id name the same subnet.
	for _, r := range p.c.OfKind("AWS::EC2::Subnet") {
		if found, ok := p.c.Find(r, text, "AWS::EC2::Subnet"); ok {
			text = found.Name
			break
		}
	}
	return p.subnet(text, ""), true
}

// VNet gives the one VNet.
func (p *plan) VNet(ref any) (cloud.ResourceID, bool) {
	if text, ok := ref.(string); !ok || text == "" {
		return "", false
	}
	return p.vnet(), true
}

// Dedicated gives a subnet for each name of a purpose.
func (p *plan) Dedicated(purpose design.Purpose) (cloud.ResourceID, bool) {
	if len(purpose.Near) == 0 {
		return "", false
	}
	return p.subnet(purpose.Name, purpose.Delegation), true
}

// Security gives the one NSG, and an ASG for each security group.
func (p *plan) Security(from *inventory.Resource, groups []any) (cloud.ResourceID, []cloud.ResourceID) {
	if len(groups) == 0 {
		return "", nil
	}
	nsg := p.put("nsg", design.Target{Type: "Microsoft.Network/networkSecurityGroups", Base: "test", Model: map[string]any{"properties": map[string]any{}}})
	var asgs []cloud.ResourceID
	for _, r := range p.c.FindAll(from, groups, "AWS::EC2::SecurityGroup") {
		asgs = append(asgs, p.put("asg|"+r.Name, design.Target{Type: "Microsoft.Network/applicationSecurityGroups", Base: r.Name, Model: map[string]any{"properties": map[string]any{}}}))
	}
	return nsg, asgs
}

// PrivateEndpoint puts one in the subnet "endpoints".
func (p *plan) PrivateEndpoint(to cloud.ResourceID, group string, near []any) (cloud.ResourceID, bool) {
	if len(near) == 0 {
		return "", false
	}
	return p.put("endpoint|"+string(to)+group, design.Target{Type: "Microsoft.Network/privateEndpoints", Base: "test-" + group, Model: map[string]any{"properties": map[string]any{
		"subnet": map[string]any{"id": string(p.subnet("endpoints", ""))},
		"privateLinkServiceConnections": []any{map[string]any{"name": group, "properties": map[string]any{
			"privateLinkServiceId": string(to), "groupIds": []any{group},
		}}},
	}}}), true
}

// Outbound knows no routes.
func (p *plan) Outbound(cloud.ResourceID) design.Outbound { return design.OutboundUnknown }

// Address changes nothing.
func (p *plan) Address(text string) string { return text }
