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
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/subnets"
)

// balancerKind is a balancer of the second generation. Only those of type
// "application" are always in a group.
const balancerKind cloud.Kind = "AWS::ElasticLoadBalancingV2::LoadBalancer"

// dedicated is a subnet that belongs to one purpose.
type dedicated struct {
	net        *vnet
	name       string
	delegation string
	target     netip.Prefix
	id         cloud.ResourceID
	// nsg is "" when nothing narrows the traffic.
	nsg cloud.ResourceID
	// set are the security groups that its NSG carries, nil for none.
	set *groupSet
	// outside says that what it leads to stood in no subnet of the source: a
	// private endpoint to a bucket.
	outside bool
	// near are the source subnets of what stands in it.
	near []*subnet
	// members are the source resources that stand in it.
	members []*inventory.Resource
	// ports pairs a port of the source with the one that the target listens on.
	ports []portPair
	// endpoints are the targets of the private endpoints in it.
	endpoints []cloud.ResourceID
	// listens are the ports of the purpose.
	listens []int
}

// portPair says that a service that listened on Source listens on Target.
type portPair struct{ source, target int }

// form is what Azure demands of a subnet for a purpose.
type form struct {
	// exact is the name that Azure demands.
	exact string
	bits  int
	// open subnets take no NSG, closed says that routes and NAT of the source's
	// subnets do not apply.
	open, closed bool
}

// formOf knows the subnets with rules of their own: the exact names and sizes
// are those of Microsoft Learn, "Azure Bastion configuration settings", "About
// VPN Gateway settings", "Azure Firewall FAQ", "Azure Route Server FAQ".
func formOf(name, delegation string) form {
	switch strings.ToLower(name) {
	case "bastion", "azurebastionsubnet":
		return form{exact: "AzureBastionSubnet", bits: 26, open: true, closed: true}
	case "gatewaysubnet":
		return form{exact: "GatewaySubnet", bits: 27, open: true, closed: true}
	case "firewall", "azurefirewallsubnet":
		return form{exact: "AzureFirewallSubnet", bits: 26, open: true, closed: true}
	case "routeserversubnet":
		return form{exact: "RouteServerSubnet", bits: 26, open: true, closed: true}
	}
	switch delegation {
	case "Microsoft.Web/serverFarms", "Microsoft.App/environments", "Microsoft.ContainerInstance/containerGroups":
		return form{}
	case "":
		// A gateway of applications or APIs needs its own way to the Internet
		// and refuses a default route elsewhere.
		return form{closed: strings.Contains(name, "gateway") || strings.Contains(name, "apim") || strings.Contains(name, "endpoint")}
	}
	return form{closed: true}
}

// Dedicated returns a subnet of the network that stands for the VPC of the
// given source subnets, for one purpose. Purposes of the same name, delegation
// and security groups share a subnet.
func (p *Plan) Dedicated(purpose design.Purpose) (cloud.ResourceID, bool) {
	d := p.dedicate(purpose)
	if d == nil {
		return "", false
	}
	return d.id, true
}

func (p *Plan) dedicate(purpose design.Purpose) *dedicated {
	v, near := p.near(purpose.Near)
	if v == nil {
		return nil
	}
	if purpose.From != nil && purpose.From.Kind == clusterKind {
		purpose.Groups = p.machineGroups(purpose.From)
		p.gatewaysFirst(near)
	}
	f := formOf(purpose.Name, purpose.Delegation)
	d := &dedicated{net: v, name: cmp.Or(f.exact, purpose.Name, "service"), delegation: purpose.Delegation, near: near, listens: purpose.Listens}
	key := p.key(v) + "|" + strings.ToLower(d.name) + "|" + purpose.Delegation
	grouped := len(purpose.Groups) > 0 || inDefaultGroup(purpose.From)
	d.outside = strings.HasPrefix(d.name, "endpoints") && !grouped
	if !f.open && !d.outside {
		if grouped {
			d.set = p.setIn(v, purpose.From, purpose.Groups)
			key += "|" + d.set.key
		}
		key += "|" + p.aclKey(near)
	}
	if old := p.stands[key]; old != nil {
		old.join(purpose.From, near, purpose.Listens)
		return old
	}
	p.stands[key] = d
	p.special = append(p.special, d)
	d.join(purpose.From, nil, nil)
	p.putDedicated(d, f, max(purpose.Bits, 0))
	p.refresh()
	return d
}

// inDefaultGroup reports whether a resource that names no security groups is
// in the default group of its VPC: what has network interfaces in subnets always
// is in a group (Amazon VPC User Guide, "Default security groups for your VPCs").
func inDefaultGroup(r *inventory.Resource) bool {
	if r == nil {
		return false
	}
	subnets, ok := reach.Grouped(r.Kind)
	if kind := design.Text(r.Properties, "Type"); !ok || r.Kind == balancerKind && kind != "" && kind != "application" {
		return false
	}
	return slices.ContainsFunc(subnets, func(path string) bool { return len(design.List(design.At(r.Properties, path))) > 0 })
}

// join adds a member.
func (d *dedicated) join(r *inventory.Resource, near []*subnet, listens []int) {
	if r != nil && !slices.Contains(d.members, r) {
		d.members = append(d.members, r)
	}
	for _, s := range near {
		if !slices.Contains(d.near, s) {
			d.near = append(d.near, s)
		}
	}
	for _, port := range listens {
		if !slices.Contains(d.listens, port) {
			d.listens = append(d.listens, port)
		}
	}
}

// near returns the network that references to subnets or a VPC mean, and the
// subnets.
func (p *Plan) near(refs []any) (*vnet, []*subnet) {
	var v *vnet
	var found []*subnet
	unknown := false
	for _, ref := range refs {
		for _, one := range design.List(ref) {
			text, ok := one.(string)
			if !ok || strings.TrimSpace(text) == "" {
				continue
			}
			if s := p.subnetFor(text); s != nil {
				if v == nil {
					v = s.net
				}
				if s.net == v && !slices.Contains(found, s) {
					found = append(found, s)
				}
				continue
			}
			if r, ok := p.c.Find(p.any(), text, vpcKind); ok && v == nil {
				v = p.byVPC[r.ID]
			}
			unknown = true
		}
	}
	if v == nil && unknown {
		v = p.assume()
	}
	// In the order of their addresses: a scan lists them in any order.
	slices.SortStableFunc(found, func(a, b *subnet) int {
		return cmp.Or(a.target.Addr().Compare(b.target.Addr()), cmp.Compare(a.name, b.name))
	})
	return v, found
}

func (p *Plan) key(v *vnet) string {
	if v.source == nil {
		return "?"
	}
	return string(v.source.ID)
}

// putDedicated finds a block for the subnet and puts it.
func (p *Plan) putDedicated(d *dedicated, f form, bits int) {
	if bits == 0 || f.bits > 0 && f.bits < bits {
		bits = cmp.Or(f.bits, 27)
	}
	d.target = p.place(d.net, min(bits, 29))
	parent := p.putVNet(d.net)
	properties := subnets.SubnetPropertiesFormat{AddressPrefix: new(d.target.String())}
	if f.exact == "" {
		properties.DefaultOutboundAccess = new(false)
	}
	if d.delegation != "" {
		properties.Delegations = &[]subnets.Delegation{{
			Name: new("service"), Properties: &subnets.ServiceDelegationPropertiesFormat{ServiceName: new(d.delegation)},
		}}
	}
	if strings.HasPrefix(d.name, "endpoints") {
		// Without this an NSG does not see what is sent to private endpoints.
		properties.PrivateEndpointNetworkPolicies = new(subnets.VirtualNetworkPrivateEndpointNetworkPoliciesNetworkSecurityGroupEnabled)
	}
	if !f.closed && len(d.near) > 0 {
		if nat := p.natFor(d.near[0]); nat != "" {
			properties.NatGateway = &subnets.SubResource{Id: new(string(nat))}
		}
		if table := p.sharedTable(d.near[0]); table != "" {
			properties.RouteTable = &subnets.RouteTable{Id: new(string(table))}
		}
	}
	if !f.open && !d.outside && (d.set != nil || p.aclKey(d.near) != "" || !f.closed && len(d.near) > 0 && p.aclOfNAT(d.near[0]) != nil) {
		d.nsg = p.emptyNSG(strings.TrimPrefix(d.net.name+"-"+d.name, "-"))
		properties.NetworkSecurityGroup = &subnets.NetworkSecurityGroup{Id: new(string(d.nsg))}
	}
	d.id = p.child(d.net, design.Target{
		Type: "Microsoft.Network/virtualNetworks/subnets", Parent: parent, Base: d.name, Exact: f.exact != "", NoLocation: true, Model: subnets.Subnet{Properties: &properties},
	})
}

// place finds a block in the free space of a network: from its end, clear of
// the blocks that rules name, which would suddenly mean the new subnet too.
func (p *Plan) place(v *vnet, bits int) netip.Prefix {
	for _, s := range v.subnets {
		p.settle(s)
	}
	for _, avoid := range [][]netip.Prefix{append(p.named(v), v.taken...), v.taken} {
		for _, b := range slices.Backward(v.blocks) {
			if t, ok := lastFree(b.Target, bits, avoid); ok {
				v.taken = append(v.taken, t)
				return t
			}
		}
	}
	for _, b := range v.extra {
		if t, ok := lastFree(b, bits, v.taken); ok {
			v.taken = append(v.taken, t)
			return t
		}
	}
	return p.extra(v, bits)
}

// named returns the parts of a network that rules of the source name, at the
// target; the blocks of the VPC as a whole are none.
func (p *Plan) named(v *vnet) []netip.Prefix {
	var out []netip.Prefix
	for _, named := range p.blocksInRules() {
		for _, b := range v.blocks {
			if b.Source.IsValid() && contains(b.Source, named) && named != b.Source {
				out = append(out, b.moved(named))
			}
		}
	}
	return sorted(out)
}

// blocksInRules returns the blocks that rules of the source name, read once.
func (p *Plan) blocksInRules() []netip.Prefix {
	if p.inRules != nil {
		return p.inRules
	}
	found := map[netip.Prefix]bool{}
	for _, r := range p.c.OfKind(groupKind, "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::NetworkAclEntry", "AWS::EC2::PrefixList") {
		visit(map[string]any(r.Properties), func(text string) {
			if named, ok := parsePrefix(text); ok {
				found[named] = true
			}
		})
	}
	p.inRules = slices.SortedFunc(maps.Keys(found), func(a, b netip.Prefix) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
	})
	if p.inRules == nil {
		p.inRules = []netip.Prefix{}
	}
	return p.inRules
}
