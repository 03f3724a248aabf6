package network

import (
	"cmp"
	"net/netip"
	"slices"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/reach"
)

const (
	tableKind       cloud.Kind = "AWS::EC2::RouteTable"
	aclKind         cloud.Kind = "AWS::EC2::NetworkAcl"
	associationKind cloud.Kind = "AWS::EC2::SubnetRouteTableAssociation"
	clusterKind     cloud.Kind = "AWS::EKS::Cluster"
)

// imply finds the parts that AWS makes with VPCs, clusters and endpoints and that
// no resource is for.
func (p *Plan) imply() {
	p.implied = reach.NewImplied(p.c.Known(vpcKind, "AWS::EC2::VPCCidrBlock", tableKind, associationKind, "AWS::EC2::Route", groupKind, aclKind, clusterKind, "AWS::EC2::VPCEndpoint"), p.c.Find)
}

// isMade reports whether a resource only stands for what AWS makes by itself:
// it is none of the inventory's.
func (p *Plan) isMade(r *inventory.Resource) bool { return slices.Contains(p.implied.Missing(), r) }

// impliedGroups reads the security groups that only their owner tells of.
func (p *Plan) impliedGroups() {
	for _, r := range p.implied.Missing() {
		if r.Kind != groupKind {
			continue
		}
		g := &group{key: string(r.ID), name: r.Name}
		p.groups[r.ID] = g
		for _, m := range design.Maps(r.Properties["SecurityGroupIngress"]) {
			p.readRule(g, r, m, true)
		}
		for _, m := range design.Maps(r.Properties["SecurityGroupEgress"]) {
			p.readRule(g, r, m, false)
		}
	}
	for _, v := range p.nets {
		if v.source == nil {
			continue
		}
		if r := p.implied.Of(v.source.ID, groupKind); r != nil && p.groups[r.ID] != nil {
			g := p.groups[r.ID]
			g.net, g.name = v, "default-"+v.name
			p.completeGroup(g, r)
		}
	}
	for _, r := range p.c.Known(clusterKind) {
		if own := p.implied.Of(r.ID, groupKind); own != nil && p.groups[own.ID] != nil {
			g := p.groups[own.ID]
			if g.net == nil {
				g.net = p.homeOf(r)
			}
			p.completeGroup(g, own)
		}
	}
}

// completeGroup adds the rules that AWS made with a group of which only further
// rules are known.
func (p *Plan) completeGroup(g *group, r *inventory.Resource) {
	if !p.implied.HalfKnown(r) {
		return
	}
	g.referenced = true
	g.in = append(g.in, permit{protocol: "*", ports: everyPort(), group: g})
	g.out = append(g.out, p.madeEgress(r)...)
}

// madeEgress are the permits outwards that AWS adds to a group: for all of IPv6
// only where it is certain that the group has it.
func (p *Plan) madeEgress(r *inventory.Resource) []permit {
	out := []permit{{protocol: "*", ports: everyPort(), block: netip.PrefixFrom(netip.IPv4Unspecified(), 0)}}
	vpc := cloud.ResourceID("")
	if v, ok := p.c.Find(r, r.Properties["VpcId"], vpcKind); ok {
		vpc = v.ID
	}
	changed := slices.ContainsFunc(p.c.Known("AWS::EC2::SecurityGroupEgress"), func(x *inventory.Resource) bool {
		owner, ok := p.implied.Find(x, cmp.Or(x.Properties["GroupId"], x.Properties["GroupName"]), groupKind)
		return ok && owner == r && !slices.Contains(x.Marks, inventory.Deleted)
	})
	if p.implied.OpensIPv6(r, vpc, changed) {
		out = append(out, permit{protocol: "*", ports: everyPort(), block: netip.PrefixFrom(netip.IPv6Unspecified(), 0)})
	}
	return out
}

// machineGroups are the security groups of a cluster's machines: not those that
// the cluster names, which guard the interfaces of its API server, but the one
// that EKS makes (Amazon EKS User Guide, "View Amazon EKS security group
// requirements for clusters").
func (p *Plan) machineGroups(cluster *inventory.Resource) []any {
	if own := p.implied.Of(cluster.ID, groupKind); own != nil {
		return []any{string(own.ID)}
	}
	return nil
}

// madeEntries are the entries with which AWS makes an ACL and which no resource
// is for, but for the numbers that others took (Amazon VPC User Guide, "Default
// network ACL for a VPC").
func (p *Plan) madeEntries(acl *inventory.Resource, given []entry) []entry {
	if len(p.rawEntries(acl)) == 0 || !p.isMade(acl) {
		return nil
	}
	var out []entry
	for n, block := range []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)} {
		if !slices.ContainsFunc(given, func(e entry) bool { return e.number == 100+n }) {
			out = append(out, entry{number: 100 + n, protocol: "*", ports: everyPort(), block: block})
		}
	}
	return out
}

// defaultACL is the default network ACL of a subnet without an association,
// where entries were added to one that no resource is for; nil otherwise.
func (p *Plan) defaultACL(s *subnet) *inventory.Resource {
	if s.net.source == nil {
		return nil
	}
	acl := p.implied.Of(s.net.source.ID, aclKind)
	if acl == nil || !p.isMade(acl) || len(p.rawEntries(acl)) == 0 {
		return nil
	}
	return acl
}
