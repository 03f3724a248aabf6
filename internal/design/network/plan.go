package network

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/reach"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/virtualnetworks"
)

// The kinds of the source that the plan rests on.
const (
	vpcKind    cloud.Kind = "AWS::EC2::VPC"
	subnetKind cloud.Kind = "AWS::EC2::Subnet"
	groupKind  cloud.Kind = "AWS::EC2::SecurityGroup"
)

// Plan is the network of the design: which VNet stands for which VPC, which
// subnets there are, who stands where. It implements design.NetworkPlan.
type Plan struct {
	c       *design.Context
	nets    []*vnet
	byVPC   map[cloud.ResourceID]*vnet
	subnets map[cloud.ResourceID]*subnet
	// assumed is the VNet for networks that no resource describes.
	assumed *vnet
	// foreign are blocks that no VNet may overlap.
	foreign []netip.Prefix

	groups  map[cloud.ResourceID]*group
	sets    []*groupSet
	bySet   map[string]*groupSet
	special []*dedicated
	stands  map[string]*dedicated
	peps    map[string]cloud.ResourceID
	passed  []passage
	acls    []*aclNSG
	entries map[cloud.ResourceID][]*inventory.Resource
	wires   *wiring
	implied *reach.Implied
	links   []link
	hubs    map[cloud.ResourceID]*vnet
	// routing are what write the routes of the tables that were put.
	routing []func()
	// idle are endpoints of the source that led nowhere yet, unworn security
	// groups that nothing carried yet.
	idle, unworn []*inventory.Resource

	// inRules are the blocks that rules of the source name.
	inRules []netip.Prefix
	// privately are the private blocks that rules and routes name.
	privately []netip.Prefix

	finished bool
	said     map[string]bool
	remarks  map[cloud.Kind][]remark
}

// vnet is a target network.
type vnet struct {
	// source is nil for the assumed one.
	source *inventory.Resource
	name   string
	blocks []Block
	// extra are blocks at the target that have no source.
	extra []netip.Prefix
	// taken are the blocks of its subnets.
	taken []netip.Prefix
	// subnets of the source, in the order of the design.
	subnets []*subnet
	id      cloud.ResourceID
	// last is the child that was put last: Azure refuses to change two children
	// of one VNet at once.
	last cloud.ResourceID
	// links are the private DNS zones that are linked already.
	links map[string]bool
}

// Of returns the network plan of a design in the making, nil when the family
// has not begun.
func Of(c *design.Context) *Plan {
	p, _ := c.Plan.(*Plan)
	return p
}

// Blocks returns the pairs of blocks of addresses, source and target, in
// order.
func Blocks(c *design.Context) []Block {
	var out []Block
	if p := Of(c); p != nil {
		for _, v := range p.nets {
			for _, b := range v.blocks {
				if b.Source.IsValid() {
					out = append(out, b)
				}
			}
		}
	}
	return out
}

func start(c *design.Context) {
	p := &Plan{
		c: c, byVPC: map[cloud.ResourceID]*vnet{}, subnets: map[cloud.ResourceID]*subnet{}, groups: map[cloud.ResourceID]*group{},
		bySet: map[string]*groupSet{}, stands: map[string]*dedicated{}, peps: map[string]cloud.ResourceID{}, said: map[string]bool{}, hubs: map[cloud.ResourceID]*vnet{}, remarks: remarksByKind(),
	}
	c.Plan = p
	p.imply()
	p.foreign = p.known()
	var vpcs []*inventory.Resource
	for _, r := range c.OfKind(vpcKind) {
		if p.moves(r) {
			vpcs = append(vpcs, r)
		}
	}
	// By block first: names of live VPCs may be ids, which a template lacks.
	slices.SortStableFunc(vpcs, func(a, b *inventory.Resource) int {
		return cmp.Compare(design.Text(a.Properties, "CidrBlock"), design.Text(b.Properties, "CidrBlock"))
	})
	for _, r := range vpcs {
		p.addVNet(r)
	}
	for _, r := range c.OfKind(subnetKind) {
		if v := p.netOf(r, r.Properties["VpcId"]); v != nil {
			p.addSubnet(v, r)
		} else if _, known := c.Find(r, r.Properties["VpcId"], vpcKind); !known {
			// A template may take its VPC as a parameter and make subnets in it.
			p.addSubnet(p.assume(), r)
		}
	}
	p.wires = p.wire()
	if c.Options.MergeSubnets {
		p.merge()
	}
	p.links = p.readLinks()
	p.readGroups()
}

// moves reports whether a VPC gets a VNet: AWS's default VPC does only when
// something of the workload stands in it.
func (p *Plan) moves(vpc *inventory.Resource) bool {
	if !slices.Contains(vpc.Marks, inventory.Default) {
		return !slices.Contains(vpc.Marks, inventory.Deleted)
	}
	inside := map[cloud.ResourceID]bool{vpc.ID: true}
	for _, s := range p.c.OfKind(subnetKind) {
		if v, ok := p.c.Find(s, s.Properties["VpcId"], vpcKind); ok && v == vpc {
			inside[s.ID] = true
		}
	}
	for _, r := range p.c.Everything() {
		if slices.Contains(r.Marks, inventory.Default) || isPlumbing(r.Kind) {
			continue
		}
		if n := p.c.Node(r); n != nil && inside[n.Network] {
			return true
		}
	}
	return false
}

// isPlumbing reports whether a kind is part of a VPC rather than a user of it.
func isPlumbing(kind cloud.Kind) bool {
	switch kind {
	case vpcKind, subnetKind, "AWS::EC2::RouteTable", "AWS::EC2::Route", "AWS::EC2::NetworkAcl", "AWS::EC2::NetworkAclEntry", "AWS::EC2::DHCPOptions",
		"AWS::EC2::InternetGateway", "AWS::EC2::VPCGatewayAttachment", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::SubnetNetworkAclAssociation", groupKind:
		return true
	}
	return false
}

// known returns the blocks that VNets may not overlap: all VPCs, also those
// that stay behind, and the networks on premises.
func (p *Plan) known() []netip.Prefix {
	out := reserved()
	for _, r := range p.c.Known(vpcKind, "AWS::EC2::VPCCidrBlock") {
		out = append(out, blocksOf(r)...)
	}
	for _, text := range p.c.Options.OnPremises {
		if b, ok := parsePrefix(text); ok {
			out = append(out, b)
		} else {
			p.c.Finding(design.Finding{
				ID: "network.on-premises:" + text, Severity: design.High, Text: "the block of addresses on premises " + text + " cannot be read, so nothing keeps clear of it",
				Do: "write it as 192.168.0.0/16 in landfall.yaml",
			})
		}
	}
	return out
}

// blocksOf returns the blocks of IPv4 addresses of a VPC, the first one first.
func blocksOf(vpc *inventory.Resource) []netip.Prefix {
	list := append(design.Texts(vpc.Properties["CidrBlock"]), design.Texts(vpc.Properties["CidrBlocks"])...)
	for _, set := range []any{vpc.Properties["CidrBlockAssociationSet"], vpc.Attributes["CidrBlockAssociationSet"]} {
		for _, m := range design.Maps(set) {
			if state := design.Text(m, "CidrBlockState.State"); state == "" || state == "associated" || state == "associating" {
				list = append(list, design.Text(m, "CidrBlock"))
			}
		}
	}
	var out []netip.Prefix
	for _, text := range list {
		if b, ok := parsePrefix(text); ok && b.Addr().Is4() && !slices.ContainsFunc(out, b.Overlaps) {
			out = append(out, b)
		}
	}
	return out
}

// addVNet chooses the blocks of the VNet that stands for a VPC.
func (p *Plan) addVNet(vpc *inventory.Resource) *vnet {
	v := &vnet{source: vpc, name: vpc.Name, links: map[string]bool{}}
	blocks := blocksOf(vpc)
	for _, r := range p.c.OfKind("AWS::EC2::VPCCidrBlock") {
		if owner, ok := p.c.Find(r, r.Properties["VpcId"], vpcKind); ok && owner == vpc {
			for _, b := range blocksOf(r) {
				if !slices.Contains(blocks, b) {
					blocks = append(blocks, b)
				}
			}
		}
	}
	if len(blocks) == 0 {
		bits := design.Int(vpc.Properties, "Ipv4NetmaskLength", 16)
		blocks = []netip.Prefix{{}}
		if b, ok := p.free(netip.Prefix{}, min(max(bits, 16), 28)); ok {
			v.blocks = append(v.blocks, Block{Target: b})
			p.foreign = append(p.foreign, b)
		}
		p.c.Finding(design.Finding{
			ID: "network.vpc-block:" + vpc.Name, Severity: design.Medium, About: []cloud.ResourceID{vpc.ID},
			Text: "the block of VPC " + vpc.Name + " is not known, so its VNet and the subnets are laid out anew and rules with its addresses are not translated",
			Do:   "scan the account, or give the block as a template parameter",
		})
	}
	for i, b := range blocks {
		if b.IsValid() {
			p.addBlock(v, b, i == 0)
		}
	}
	p.nets = append(p.nets, v)
	p.byVPC[vpc.ID] = v
	return v
}

// addBlock chooses the target of one block of a VPC.
func (p *Plan) addBlock(v *vnet, source netip.Prefix, primary bool) {
	target, ok := netip.Prefix{}, false
	if primary {
		target, ok = p.asked(v.source, source)
	}
	if !ok {
		target, ok = p.free(source, source.Bits(), p.mentioned(source)...)
	}
	if !ok {
		target, ok = p.free(source, source.Bits())
	}
	if !ok {
		p.c.Finding(design.Finding{
			ID: "network.no-block:" + v.name, Severity: design.Critical, Blocks: true, About: []cloud.ResourceID{v.source.ID},
			Text: "no private block of the size of " + source.String() + " is free for the VNet of VPC " + v.name + ", so it keeps the addresses of the VPC and cannot be connected with it",
			Do:   "name a free block under design.addressSpaces in landfall.yaml",
		})
		target = source
	}
	v.blocks = append(v.blocks, Block{Source: source, Target: target})
	p.foreign = append(p.foreign, target)
}

// asked returns the block that landfall.yaml wants for a VPC.
func (p *Plan) asked(vpc *inventory.Resource, source netip.Prefix) (netip.Prefix, bool) {
	text := ""
	for _, name := range append([]string{string(vpc.ID), vpc.Name, vpc.LogicalID}, vpc.Aliases...) {
		if t := p.c.Options.AddressSpaces[name]; t != "" && name != "" {
			text = t
			break
		}
	}
	if text == "" {
		return netip.Prefix{}, false
	}
	wanted, ok := parsePrefix(text)
	if !ok || !wanted.Addr().Is4() || wanted.Bits() > source.Bits() {
		p.c.Finding(design.Finding{
			ID: "network.address-space:" + vpc.Name, Severity: design.High, Blocks: true, About: []cloud.ResourceID{vpc.ID},
			Text: "the address space " + text + " for VPC " + vpc.Name + " is no IPv4 block as large as " + source.String() + ", so the next free block is taken instead",
			Do:   "give a block of at least that size under design.addressSpaces",
		})
		return netip.Prefix{}, false
	}
	if i := slices.IndexFunc(p.foreign, wanted.Overlaps); i >= 0 {
		p.c.Finding(design.Finding{
			ID: "network.overlap:" + vpc.Name, Severity: design.Critical, Blocks: true, About: []cloud.ResourceID{vpc.ID},
			Text: "the address space " + text + " for VPC " + vpc.Name + " overlaps " + p.foreign[i].String() + ": networks that overlap can be neither peered nor connected by VPN",
			Do:   "choose another block under design.addressSpaces, or accept this finding when the two never need a connection",
		})
	}
	return netip.PrefixFrom(wanted.Addr(), source.Bits()), true
}

func (p *Plan) free(after netip.Prefix, bits int, more ...netip.Prefix) (netip.Prefix, bool) {
	return nextFree(after, bits, append(more, p.foreign...))
}

// mentioned returns the private blocks in rules and routes that do not contain
// the VPC's own: were the VNet placed there, a rule for another network would
// suddenly mean it.
func (p *Plan) mentioned(own netip.Prefix) []netip.Prefix {
	if p.privately == nil {
		p.privately = p.private()
	}
	var out []netip.Prefix
	for _, b := range p.privately {
		if !contains(b, own) {
			out = append(out, b)
		}
	}
	return sorted(out)
}

// private returns the private blocks of IPv4 that rules and routes name.
func (p *Plan) private() []netip.Prefix {
	found := map[netip.Prefix]bool{}
	for _, r := range p.c.OfKind(groupKind, "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::NetworkAclEntry", "AWS::EC2::Route",
		"AWS::EC2::PrefixList", "AWS::EC2::VPNConnectionRoute", "AWS::EC2::TransitGatewayRoute", "AWS::EC2::ClientVpnEndpoint") {
		visit(map[string]any(r.Properties), func(text string) {
			if b, ok := parsePrefix(text); ok && b.Addr().Is4() && slices.ContainsFunc(private(), b.Overlaps) {
				found[b] = true
			}
		})
	}
	return slices.AppendSeq([]netip.Prefix{}, maps.Keys(found))
}

// visit calls yield with every text of a tree.
func visit(v any, yield func(string)) {
	switch v := v.(type) {
	case string:
		yield(v)
	case []any:
		for _, w := range v {
			visit(w, yield)
		}
	case map[string]any:
		for _, w := range v {
			visit(w, yield)
		}
	}
}

// netOf returns the VNet for a reference to a VPC, nil when it names none that
// moves.
func (p *Plan) netOf(from *inventory.Resource, ref any) *vnet {
	if from == nil {
		return nil
	}
	for _, r := range p.c.FindAll(from, ref, vpcKind) {
		if v := p.byVPC[r.ID]; v != nil {
			return v
		}
	}
	return nil
}

// VNet returns the target network that stands for a VPC.
func (p *Plan) VNet(ref any) (cloud.ResourceID, bool) {
	if v := p.netFor(ref); v != nil {
		return p.putVNet(v), true
	}
	return "", false
}

// netFor finds the network for a reference of any resource; a reference to a
// network that is not described means the assumed one.
func (p *Plan) netFor(ref any) *vnet {
	text, ok := ref.(string)
	if !ok || strings.TrimSpace(text) == "" {
		return nil
	}
	if r, ok := p.c.Find(p.any(), text, vpcKind); ok {
		if v := p.byVPC[r.ID]; v != nil {
			return v
		}
		return p.addVNet(r)
	}
	if s := p.subnetFor(text); s != nil {
		return s.net
	}
	return p.assume()
}

// any returns a resource to look from where the one that asks is not known.
func (p *Plan) any() *inventory.Resource {
	for _, r := range p.c.Everything() {
		return r
	}
	return &inventory.Resource{}
}

// assume returns the VNet for what stands in a network that no resource
// describes: a template takes its VPC as a parameter.
func (p *Plan) assume() *vnet {
	if p.assumed != nil {
		return p.assumed
	}
	v := &vnet{name: p.c.Options.Workload, links: map[string]bool{}}
	if b, ok := p.free(netip.Prefix{}, 16); ok {
		v.blocks = []Block{{Target: b}}
		p.foreign = append(p.foreign, b)
	}
	p.assumed = v
	p.nets = append(p.nets, v)
	p.c.Finding(design.Finding{
		ID: "network.unknown-vpc", Severity: design.High, About: []cloud.ResourceID{},
		Text: "resources stand in a VPC or in subnets that the inventory does not describe; a VNet and subnets are laid out for them, without the routes and rules of the source",
		Do:   "scan the account, or add the template that makes the network, and design again",
	})
	return v
}

// putVNet puts the network on first asking.
func (p *Plan) putVNet(v *vnet) cloud.ResourceID {
	if v.id != "" {
		return v.id
	}
	model := virtualnetworks.VirtualNetwork{Properties: &virtualnetworks.VirtualNetworkPropertiesFormat{
		AddressSpace: &virtualnetworks.AddressSpace{AddressPrefixes: new(v.space())},
	}}
	if servers := p.dnsServers(v); len(servers) > 0 {
		model.Properties.DhcpOptions = &virtualnetworks.DhcpOptions{DnsServers: &servers}
	}
	v.id = p.c.Put(design.Target{Type: "Microsoft.Network/virtualNetworks", Base: v.name, Model: model}, sources(v.source)...)
	return v.id
}

func sources(r *inventory.Resource) []*inventory.Resource {
	if r == nil {
		return nil
	}
	return []*inventory.Resource{r}
}

// space returns the address space of a network.
func (v *vnet) space() []string {
	var out []string
	for _, b := range v.blocks {
		out = append(out, b.Target.String())
	}
	return append(out, texts(v.extra)...)
}

// Address returns an address or block at the target for one at the source.
func (p *Plan) Address(text string) string {
	a, ok := parsePrefix(text)
	if !ok {
		return text
	}
	for _, v := range p.nets {
		for _, b := range v.blocks {
			if !b.Source.IsValid() || !contains(b.Source, a) {
				continue
			}
			if to := b.moved(a); strings.Contains(text, "/") {
				return to.String()
			} else {
				return to.Addr().String()
			}
		}
	}
	return text
}
