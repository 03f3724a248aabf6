package network

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// entry is one numbered entry of a network ACL.
type entry struct {
	number   int
	deny     bool
	protocol string
	ports    []span
	block    netip.Prefix
}

// aclNSG is the NSG that stands for a network ACL on the subnets that follow
// the source's.
type aclNSG struct {
	// acl is nil where only the ACL of a NAT gateway's subnet counts.
	acl     *inventory.Resource
	nat     bool
	nsg     cloud.ResourceID
	subnets []*subnet
}

// aclOf returns the network ACL of a subnet, nil for one that lets everything
// through.
func (p *Plan) aclOf(s *subnet) *inventory.Resource {
	for _, r := range s.sources {
		if acl := p.wires.acls[r.ID]; acl != nil && !p.opensAll(acl) {
			return acl
		}
		if acl := p.defaultACL(s); acl != nil && p.wires.acls[r.ID] == nil && !p.opensAll(acl) {
			return acl
		}
	}
	return nil
}

// opensAll reports whether the first entry of both directions lets all IPv4
// through, as that of a default ACL does.
func (p *Plan) opensAll(acl *inventory.Resource) bool {
	if slices.Contains(acl.Marks, inventory.Default) && len(p.rawEntries(acl)) == 0 {
		return true
	}
	for _, in := range []bool{true, false} {
		list := p.entriesOf(acl, in)
		i := slices.IndexFunc(list, func(e entry) bool { return e.block.Addr().Is4() })
		if i < 0 || list[i].deny || list[i].protocol != "*" || list[i].block.Bits() != 0 {
			return false
		}
	}
	return true
}

// rawEntries returns the entries of an ACL that exist as resources.
func (p *Plan) rawEntries(acl *inventory.Resource) []*inventory.Resource {
	if p.entries == nil {
		p.entries = map[cloud.ResourceID][]*inventory.Resource{}
		for _, r := range p.c.Known("AWS::EC2::NetworkAclEntry") {
			if owner, ok := p.implied.Find(r, r.Properties["NetworkAclId"], aclKind); ok && !slices.Contains(r.Marks, inventory.Deleted) {
				p.entries[owner.ID] = append(p.entries[owner.ID], r)
			}
		}
	}
	return p.entries[acl.ID]
}

// entriesOf returns the entries of one direction in the order of their
// numbers. An entry that cannot be read lets nothing through.
func (p *Plan) entriesOf(acl *inventory.Resource, in bool) []entry {
	var out []entry
	for _, r := range p.rawEntries(acl) {
		if design.True(r.Properties, "Egress") == in {
			continue
		}
		if e, missing := readEntry(r); missing == nil {
			out = append(out, e)
		}
	}
	out = append(out, p.madeEntries(acl, out)...)
	slices.SortFunc(out, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.block.String(), b.block.String()))
	})
	return out
}

// readEntry reads an entry. A typed ICMP deny denies all of ICMP: narrower is
// safe, wider is not.
func readEntry(r *inventory.Resource) (entry, *lost) {
	e := entry{number: design.Int(r.Properties, "RuleNumber", 32767), deny: !strings.EqualFold(design.Text(r.Properties, "RuleAction"), "allow")}
	text := cmp.Or(design.Text(r.Properties, "CidrBlock"), design.Text(r.Properties, "Ipv6CidrBlock"))
	block, ok := parsePrefix(text)
	if !ok {
		return e, &lost{"networkacl.unresolved", "CidrBlock=" + text}
	}
	e.block = block
	rule := map[string]any{"IpProtocol": design.Text(r.Properties, "Protocol")}
	if rule["IpProtocol"] == "" {
		return e, &lost{"networkacl.unresolved", "Protocol"}
	}
	for _, end := range []struct{ key, to string }{{"PortRange.From", "FromPort"}, {"PortRange.To", "ToPort"}} {
		rule[end.to] = design.Text(r.Properties, end.key)
	}
	if p := rule["IpProtocol"]; p == "1" {
		rule["FromPort"], rule["ToPort"] = design.Text(r.Properties, "Icmp.Type"), design.Text(r.Properties, "Icmp.Code")
	}
	protocol, ports, missing := readProtocol(rule)
	if missing != nil && e.deny && missing.gap == "securitygroup.icmp-type" {
		protocol, ports, missing = "icmp", everyPort(), nil
	}
	e.protocol, e.ports = protocol, ports
	return e, missing
}

// aclFor returns the NSG for a subnet that follows one of the source.
func (p *Plan) aclFor(s *subnet) cloud.ResourceID {
	acl, nat := p.aclOf(s), p.aclOfNAT(s)
	if acl == nil && nat == nil {
		return ""
	}
	for _, a := range p.acls {
		if a.acl == acl && nat == nil && !a.nat {
			a.subnets = append(a.subnets, s)
			return a.nsg
		}
	}
	name := s.name
	if acl != nil {
		name = "acl-" + acl.Name
	}
	a := &aclNSG{acl: acl, nat: nat != nil, subnets: []*subnet{s}, nsg: p.emptyNSG(name)}
	for _, r := range []*inventory.Resource{acl, nat} {
		if r != nil && !p.isMade(r) {
			p.c.Attach(r, a.nsg)
		}
	}
	p.acls = append(p.acls, a)
	return a.nsg
}

// aclsNear returns the network ACLs of subnets, without those that let
// everything through.
func (p *Plan) aclsNear(near []*subnet) []*inventory.Resource {
	var out []*inventory.Resource
	for _, s := range near {
		if acl := p.aclOf(s); acl != nil && !slices.Contains(out, acl) {
			out = append(out, acl)
		}
	}
	slices.SortFunc(out, func(a, b *inventory.Resource) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func (p *Plan) aclKey(near []*subnet) string {
	key := ""
	for _, acl := range p.aclsNear(near) {
		key += string(acl.ID) + "|"
	}
	return key
}

// writeACLs writes the NSGs that stand for network ACLs.
func (p *Plan) writeACLs() {
	for _, a := range p.acls {
		open := []rule{{protocol: "*", ports: everyPort(), name: "allow-all"}}
		in, out := open, open
		if a.acl != nil {
			in, out = append(p.inside(a), p.aclRules(a.acl, true)...), append(p.inside(a), p.aclRules(a.acl, false)...)
		}
		if a.nat {
			out = p.throughNAT(a.subnets[0], out)
		}
		p.writeNSG(a.nsg, in, out)
	}
}

// inside lets traffic within each subnet through: an ACL stands at the border
// of a subnet and does not see it, an NSG does.
func (p *Plan) inside(a *aclNSG) []rule {
	var out []rule
	for _, s := range a.subnets {
		own := []peer{{block: s.target}}
		near := p.together(s)
		out = append(out, rule{protocol: "*", ports: everyPort(), peers: near, own: own, name: "inside-" + s.name})
	}
	return out
}

// plain drops blocks inside others: Azure refuses prefixes that overlap within
// one rule.
func plain(peers []peer) []peer {
	var blocks []netip.Prefix
	var out []peer
	for _, x := range peers {
		if x.block.IsValid() {
			blocks = append(blocks, x.block)
		} else {
			out = append(out, x)
		}
	}
	for _, b := range sorted(blocks) {
		out = append(out, peer{block: b})
	}
	return out
}
