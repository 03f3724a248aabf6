package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/subnets"
)

// subnet is a target subnet that follows one of the source, or several when
// they are merged.
type subnet struct {
	net *vnet
	// sources are empty for a subnet that no resource describes.
	sources []*inventory.Resource
	// from are the blocks of the sources, as far as they are known.
	from   []netip.Prefix
	target netip.Prefix
	name   string
	id     cloud.ResourceID
}

// addSubnet lays out the subnet that follows a source subnet.
func (p *Plan) addSubnet(v *vnet, r *inventory.Resource) *subnet {
	s := &subnet{net: v, sources: []*inventory.Resource{r}, name: r.Name}
	if from, ok := parsePrefix(design.Text(r.Properties, "CidrBlock")); ok && from.Addr().Is4() {
		s.from = []netip.Prefix{from}
		for _, b := range v.blocks {
			if b.Source.IsValid() && contains(b.Source, from) {
				s.target = b.moved(from)
			}
		}
	}
	v.subnets = append(v.subnets, s)
	p.subnets[r.ID] = s
	if s.target.IsValid() && !slices.ContainsFunc(v.taken, s.target.Overlaps) {
		v.taken = append(v.taken, s.target)
	} else {
		s.target = netip.Prefix{}
	}
	return s
}

// settle gives a block to a subnet whose own is not known: after all those
// that are.
func (p *Plan) settle(s *subnet) {
	if s.target.IsValid() {
		return
	}
	bits := 24
	if len(s.from) > 0 {
		bits = s.from[0].Bits()
	} else if len(s.sources) > 0 {
		bits = design.Int(s.sources[0].Properties, "Ipv4NetmaskLength", 24)
	}
	// No subnet of a VPC is larger than a /16 (Amazon VPC User Guide, "Subnet CIDR
	// blocks"); Azure's smallest is a /29 (Microsoft Learn, "Azure Virtual Network
	// frequently asked questions").
	bits = min(max(bits, 16), 29)
	for _, b := range s.net.blocks {
		if t, ok := firstFree(b.Target, bits, b.Target.Addr(), s.net.taken); ok {
			s.target = t
			s.net.taken = append(s.net.taken, t)
			return
		}
	}
	s.target = p.extra(s.net, bits)
}

// extra adds a block to the VNet because the blocks it has are full.
func (p *Plan) extra(v *vnet, bits int) netip.Prefix {
	after := netip.Prefix{}
	if len(v.blocks) > 0 {
		after = v.blocks[len(v.blocks)-1].Target
	}
	block, ok := p.free(after, min(bits, 24))
	if !ok {
		p.c.Finding(design.Finding{
			ID: "network.full:" + v.name, Severity: design.Critical, Blocks: true, About: about(v.source),
			Text: fmt.Sprintf("no private block of addresses is left for another /%d subnet of the VNet of %s", bits, v.name),
			Do:   "free a block, or take subnets out of the workload",
		})
		return netip.PrefixFrom(netip.MustParseAddr("192.168.255.0"), bits).Masked()
	}
	v.extra = append(v.extra, block)
	p.foreign = append(p.foreign, block)
	if r, ok := p.c.Resource(v.id); ok {
		if properties, ok := r.Body["properties"].(map[string]any); ok {
			properties["addressSpace"] = map[string]any{"addressPrefixes": list(v.space())}
		}
	}
	t := netip.PrefixFrom(block.Addr(), bits)
	v.taken = append(v.taken, t)
	return t
}

func about(r *inventory.Resource) []cloud.ResourceID {
	if r == nil {
		return []cloud.ResourceID{}
	}
	return []cloud.ResourceID{r.ID}
}

func list[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// subnetFor finds the subnet for a reference of any resource. nil means that it
// names no subnet: nothing at all, or a VPC.
func (p *Plan) subnetFor(ref any) *subnet {
	text, ok := ref.(string)
	if !ok || strings.TrimSpace(text) == "" {
		return nil
	}
	if r, ok := p.c.Find(p.any(), text, subnetKind); ok {
		if s := p.subnets[r.ID]; s != nil {
			return s
		}
		// It is outside the boundary, and yet something of the workload stands
		// in it.
		if v := p.netOf(r, r.Properties["VpcId"]); v != nil {
			return p.addSubnet(v, r)
		}
	}
	return nil
}

// Subnet returns the target subnet that stands for a source subnet. A
// reference that names nothing known gets a subnet in a VNet for networks that
// no resource describes; an empty one gets none.
func (p *Plan) Subnet(ref any) (cloud.ResourceID, bool) {
	text, ok := ref.(string)
	if !ok || strings.TrimSpace(text) == "" {
		return "", false
	}
	s := p.subnetFor(text)
	if s == nil {
		s = p.assumedSubnet(text)
	}
	return p.putSubnet(s), true
}

// assumedSubnet is the subnet for a reference that names nothing known.
func (p *Plan) assumedSubnet(text string) *subnet {
	v := p.assume()
	name := assumedName(text)
	for _, s := range v.subnets {
		if s.name == name {
			return s
		}
	}
	s := &subnet{net: v, name: name}
	v.subnets = append(v.subnets, s)
	return s
}

// assumedName makes a name of an unresolved reference: "${param:SubnetA}",
// "${Fn::ImportValue:net-SubnetA}", "subnet-0abc".
func assumedName(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	words := strings.Fields(b.String())
	words = slices.DeleteFunc(words, func(w string) bool {
		return slices.Contains([]string{"param", "ref", "Fn", "ImportValue", "Select", "Split", "cloudformation", "terraform"}, w)
	})
	if name := strings.Join(words, "-"); name != "" {
		return name
	}
	return "subnet"
}

// putSubnet puts a subnet on first asking, with what hangs on it.
func (p *Plan) putSubnet(s *subnet) cloud.ResourceID {
	if s.id != "" {
		return s.id
	}
	p.settle(s)
	properties := subnets.SubnetPropertiesFormat{
		AddressPrefix: new(s.target.String()),
		// What has no NAT gateway and no public address of its own had no way
		// out at the source either.
		DefaultOutboundAccess: new(false),
	}
	parent := p.putVNet(s.net)
	if nat := p.natFor(s); nat != "" {
		properties.NatGateway = &subnets.SubResource{Id: new(string(nat))}
	}
	if table := p.tableFor(s); table != "" {
		properties.RouteTable = &subnets.RouteTable{Id: new(string(table))}
	}
	if nsg := p.aclFor(s); nsg != "" {
		properties.NetworkSecurityGroup = &subnets.NetworkSecurityGroup{Id: new(string(nsg))}
	}
	s.id = p.child(s.net, design.Target{
		Type: "Microsoft.Network/virtualNetworks/subnets", Parent: parent, Base: s.name, NoLocation: true, Model: subnets.Subnet{Properties: &properties},
	}, s.sources...)
	return s.id
}

// child puts a child of a VNet after the one that was put before it.
func (p *Plan) child(v *vnet, t design.Target, from ...*inventory.Resource) cloud.ResourceID {
	if v.last != "" {
		t.After = append(t.After, v.last)
	}
	v.last = p.c.Put(t, from...)
	return v.last
}
