package network

import (
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// knowsGroups reports whether rules of one network know the members of security
// groups of another. Through a peering they do (Amazon VPC Peering Guide,
// "Update your security groups to reference peer security groups": in one region
// only); through a transit gateway only where it is enabled there (Amazon VPC
// Transit Gateways, "Security group referencing"). Elsewhere such a rule lets
// nothing through.
func (p *Plan) knowsGroups(a, b *vnet) bool {
	if a == b || a == nil || b == nil {
		return true
	}
	for _, l := range p.links {
		if l.a == a && l.b == b || l.a == b && l.b == a {
			if l.r.Kind == tgwKind {
				return strings.EqualFold(design.Text(l.r.Properties, "SecurityGroupReferencingSupport"), "enable")
			}
			return a.source == nil || b.source == nil || a.source.Region == b.source.Region
		}
	}
	return false
}

// NamedAcross reports whether rules in another network name one of the groups of
// a resource: they can only mean members whose addresses are fixed.
func NamedAcross(c *design.Context, from *inventory.Resource, groups []any) bool {
	p := Of(c)
	if p == nil {
		return false
	}
	return slices.ContainsFunc(c.FindAll(from, groups, groupKind), func(r *inventory.Resource) bool {
		g := p.groups[r.ID]
		return g != nil && g.across
	})
}

// foreignMembers names the members in another VNet: by their addresses where
// these are fixed, otherwise by their subnets.
func (p *Plan) foreignMembers(g *group) []end {
	var out []end
	add := func(b netip.Prefix) {
		if e := (end{peer: peer{block: b}}); !slices.Contains(out, e) {
			out = append(out, e)
		}
	}
	wide := false
	for _, r := range g.nics {
		addresses, all := p.addressesOf(g, p.c.TargetsOf(r))
		for _, b := range addresses {
			add(b)
		}
		if all {
			continue
		}
		wide = true
		for _, s := range p.subnetsOf(r) {
			p.settle(s)
			add(s.target)
		}
	}
	if !wide {
		return out
	}
	p.say(design.Finding{
		ID: "network.group-across:" + g.name, Severity: design.High, About: about(g.r),
		Text: "rules in another VNet name security group " + g.name + "; no rule can name the application security group of another VNet, so they name the whole subnets of its members",
		Do:   "accept it, give the members a subnet of their own, or narrow the rule to their addresses",
	})
	return out
}

// addressesOf returns the fixed addresses of those network interfaces that
// carry the group; all says that each of them has one.
func (p *Plan) addressesOf(g *group, targets []cloud.ResourceID) (out []netip.Prefix, all bool) {
	for _, id := range targets {
		face, ok := p.c.Resource(id)
		if !ok || face.Type != "Microsoft.Network/networkInterfaces" || !p.carries(g, design.Text(face.Body, "properties.networkSecurityGroup.id")) {
			continue
		}
		for _, m := range design.Maps(design.At(face.Body, "properties.ipConfigurations")) {
			b, ok := parsePrefix(design.Text(m, "properties.privateIPAddress"))
			if !ok {
				return out, false
			}
			out = append(out, b)
		}
	}
	return out, len(out) > 0
}

// carries reports whether an NSG is that of a set with the group.
func (p *Plan) carries(g *group, nsg string) bool {
	return slices.ContainsFunc(p.sets, func(s *groupSet) bool { return string(s.nsg) == nsg && slices.Contains(s.groups, g) })
}
