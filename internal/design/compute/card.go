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
	"example.com/landfall/internal/design/network"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/networkinterfaces"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/publicipaddresses"
)

// card is a network interface of a machine.
type card struct {
	// from is the interface of the source, nil when only the machine names it.
	from   *inventory.Resource
	subnet any
	groups []any
	// address is a fixed private address, "" for one that Azure chooses.
	address string
	// more are further addresses.
	more    []string
	forward bool
	public  bool
	// elastic is the elastic address in front of it.
	elastic *inventory.Resource
	ipv6    bool
}

// readCards finds the interfaces: those in the list, else the one that the
// machine's own properties describe.
func (m *machine) readCards() {
	specs := m.Maps("NetworkInterfaces")
	slices.SortStableFunc(specs, func(a, b map[string]any) int {
		return design.Int(a, "DeviceIndex", 0) - design.Int(b, "DeviceIndex", 0)
	})
	if len(specs) == 0 {
		specs = []map[string]any{{}}
	}
	for i, spec := range specs {
		m.Rest("NetworkInterfaces", spec, "AssociateCarrierIpAddress", "ConnectionTrackingSpecification", "EnaSrdSpecification", "EnaQueueCount", "Ipv4PrefixCount", "Ipv4Prefixes", "Ipv6PrefixCount", "Ipv6Prefixes", "PrimaryIpv6")
		c := m.card(spec, i == 0)
		if i > 0 && c.from == nil && c.subnet == nil && spec["NetworkInterfaceId"] == nil {
			// A live scan repeats a network card without a subnet of its own.
			continue
		}
		m.cards = append(m.cards, c)
	}
	m.cards[0].elastic = first(m.f.addresses[m.r.ID])
	for i := range m.cards {
		if from := m.cards[i].from; from != nil && m.cards[i].elastic == nil {
			m.cards[i].elastic = first(m.f.addresses[from.ID])
		}
	}
	m.cards[0].public = m.cards[0].public || m.publicByItself(specs[0])
	m.Knows("SecurityGroups", "SecurityGroupIds", "Ipv6Addresses", "Ipv6AddressCount", "AssociatePublicIpAddress", "SubnetId")
}

func first(list []*inventory.Resource) *inventory.Resource {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// card reads one interface: the specification over the interface that exists.
func (m *machine) card(spec map[string]any, primary bool) card {
	c := card{subnet: spec["SubnetId"], forward: design.Text(spec, "SourceDestCheck") == "false"}
	view := inventory.Properties(spec)
	if from, ok := m.C.Find(m.r, spec["NetworkInterfaceId"], interfaceKind); ok {
		c.from = from
		view = over(from.Properties, view)
		c.subnet, c.forward = view["SubnetId"], design.Text(view, "SourceDestCheck") == "false"
	} else if ref := spec["NetworkInterfaceId"]; ref != nil && spec["SubnetId"] == nil {
		m.Do("the network interface %s is not part of the workload: check subnet, groups and address of the one that stands in", common.Shown(ref))
	}
	for _, name := range []string{"GroupSet", "Groups", "SecurityGroupIds"} {
		c.groups = append(c.groups, design.List(view[name])...)
	}
	if primary {
		if c.subnet == nil {
			c.subnet = m.At("SubnetId")
		}
		if len(c.groups) == 0 {
			c.groups = append(slices.Clone(m.List("SecurityGroupIds")), m.List("SecurityGroups")...)
		}
		c.forward = c.forward || m.Text("SourceDestCheck") == "false"
		c.address = m.fixed(m.Text("PrivateIpAddress"))
		c.ipv6 = m.Int("Ipv6AddressCount", 0) > 0 || len(m.List("Ipv6Addresses")) > 0
	}
	if address := design.Text(view, "PrivateIpAddress"); address != "" {
		c.address = m.fixed(address)
	}
	for _, a := range design.Maps(view["PrivateIpAddresses"]) {
		address := m.fixed(design.Text(a, "PrivateIpAddress"))
		switch {
		case address == "" || address == c.address:
		case design.True(a, "Primary"):
			c.address = address
		default:
			c.more = append(c.more, address)
		}
	}
	if c.address == "" && network.NamedAcross(m.C, m.r, c.groups) {
		// Rules of another network can mean it only by an address that stays.
		if address, err := netip.ParseAddr(cmp.Or(design.Text(view, "PrivateIpAddress"), m.Text("PrivateIpAddress"))); err == nil && primary {
			c.address = m.C.Plan.Address(address.String())
		}
	}
	// A network interface takes 256 configurations, the primary one included
	// (Microsoft Learn, "Networking limits").
	for range min(design.Int(spec, "SecondaryPrivateIpAddressCount", 0), 255-len(c.more)) {
		c.more = append(c.more, "")
	}
	c.public = design.True(view, "AssociatePublicIpAddress")
	c.ipv6 = c.ipv6 || design.Int(view, "Ipv6AddressCount", 0) > 0 || len(design.List(view["Ipv6Addresses"])) > 0
	return c
}

// fixed returns the address at the target for one that a template fixes. What
// a scan reads may as well have been chosen by EC2: then Azure chooses too, as a
// template without an address would have it.
func (m *machine) fixed(address string) string {
	written := slices.ContainsFunc(m.r.Provenance, func(p inventory.Provenance) bool { return p.Source == inventory.CloudFormation })
	if address == "" || !written || common.Unresolved(address) || m.C.Plan == nil {
		return ""
	}
	return m.C.Plan.Address(address)
}

// publicByItself reports whether EC2 gives the first interface a public
// address: because the machine asks for it, has one, or its subnet does it.
func (m *machine) publicByItself(spec map[string]any) bool {
	if asked, _ := m.first("AssociatePublicIpAddress"); asked != "" {
		return strings.EqualFold(asked, "true")
	}
	if asked := design.Text(spec, "AssociatePublicIpAddress"); asked != "" {
		return strings.EqualFold(asked, "true")
	}
	if m.Text("PublicIp") != "" && !common.Unresolved(m.Text("PublicIp")) {
		return true
	}
	subnet, ok := m.C.Find(m.r, m.cards[0].subnet, "AWS::EC2::Subnet")
	running := design.Text(m.r.Properties, "State.Name") == "running"
	return ok && !running && design.True(subnet.Properties, "MapPublicIpOnLaunch")
}

// firstInterface is the specification of the first interface, if there is one.
func (m *machine) firstInterface() map[string]any {
	for _, spec := range m.Maps("NetworkInterfaces") {
		if design.Int(spec, "DeviceIndex", 0) == 0 {
			return spec
		}
	}
	return nil
}

// firstOfAll returns the target's subnet that comes first by name of those that
// stand for some source subnets: a template and a scan list them in different
// orders.
func firstOfAll(c *design.Context, subnets []any) (any, bool) {
	var best cloud.ResourceID
	var at any
	if c.Plan == nil {
		return nil, false
	}
	for _, s := range subnets {
		if id, ok := c.Plan.Subnet(s); ok && (best == "" || id < best) {
			best, at = id, s
		}
	}
	return at, best != ""
}

// subnetID returns the target's subnet for an interface.
func (m *machine) subnetID(c card) string {
	if m.C.Plan != nil {
		if id, ok := m.C.Plan.Subnet(c.subnet); ok {
			return string(id)
		}
		if group, ok := m.C.Find(m.r, at(c.groups, 0), "AWS::EC2::SecurityGroup"); ok && group.Properties["VpcId"] != nil {
			if id, ok := m.C.Plan.Dedicated(design.Purpose{Name: "machines", Bits: 24, From: group, Near: []any{group.Properties["VpcId"]}, Groups: c.groups}); ok {
				return string(id)
			}
		}
	}
	m.Do("%s stands in the default VPC or in a subnet that is not known: give the deployment a subnet for it", m.name)
	return m.f.parameter(m.C, design.Parameter{Name: "machineSubnetId", Description: "Id of the subnet for machines whose own subnet is not known"})
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

func (m *machine) security(c card) (nsg cloud.ResourceID, asgs []cloud.ResourceID) {
	if m.C.Plan == nil {
		return "", nil
	}
	// Without groups it is in the default group, which the plan knows.
	return m.C.Plan.Security(m.r, c.groups)
}

// putCard puts an interface. The name of a machine's first one is its own.
func (m *machine) putCard(i int) cloud.ResourceID {
	c := m.cards[i]
	if c.from != nil {
		if id, ok := m.C.TargetOf(c.from, nicKind); ok {
			m.C.Attach(m.r, id)
			return id
		}
	}
	nsg, asgs := m.security(c)
	subnet := networkinterfaces.Subnet{Id: new(m.subnetID(c))}
	var groups *[]networkinterfaces.ApplicationSecurityGroup
	if len(asgs) > 0 {
		groups = &[]networkinterfaces.ApplicationSecurityGroup{}
		for _, id := range asgs {
			*groups = append(*groups, networkinterfaces.ApplicationSecurityGroup{Id: new(string(id))})
		}
	}
	configuration := func(name, address string) networkinterfaces.NetworkInterfaceIPConfiguration {
		if address != "" && !holds(m.C, *subnet.Id, address) {
			m.Do("%s has the address %q, which its subnet at the target cannot give: Azure chooses one, and who knows the old one is told", m.name, address)
			address = ""
		}
		p := networkinterfaces.NetworkInterfaceIPConfigurationPropertiesFormat{
			Primary: new(name == "primary"), Subnet: &subnet, ApplicationSecurityGroups: groups,
			PrivateIPAllocationMethod: new(networkinterfaces.IPAllocationMethodDynamic), PrivateIPAddressVersion: new(networkinterfaces.IPVersionIPvFour),
		}
		if address != "" {
			p.PrivateIPAllocationMethod, p.PrivateIPAddress = new(networkinterfaces.IPAllocationMethodStatic), new(address)
		}
		return networkinterfaces.NetworkInterfaceIPConfiguration{Name: new(name), Properties: &p}
	}
	configurations := []networkinterfaces.NetworkInterfaceIPConfiguration{configuration("primary", c.address)}
	if id := m.publicAddress(i); id != "" {
		configurations[0].Properties.PublicIPAddress = &networkinterfaces.PublicIPAddress{Id: new(string(id))}
	}
	for n, address := range c.more {
		configurations = append(configurations, configuration("secondary-"+letters(n), address))
	}
	model := networkinterfaces.NetworkInterface{Properties: &networkinterfaces.NetworkInterfacePropertiesFormat{
		EnableAcceleratedNetworking: new(m.facts.AcceleratedNetworking), EnableIPForwarding: new(c.forward), IPConfigurations: &configurations,
	}}
	if nsg != "" {
		model.Properties.NetworkSecurityGroup = &networkinterfaces.NetworkSecurityGroup{Id: new(string(nsg))}
	}
	base := m.name
	if i > 0 {
		base += "-eth" + string(rune('0'+i%10))
	}
	id := m.C.Put(design.Target{Type: nicKind, Base: base, Model: model}, m.r)
	if c.from != nil {
		m.C.Attach(c.from, id)
	}
	if c.ipv6 {
		m.Gap("ec2.ipv6", "Ipv6Addresses")
	}
	return id
}

// letters numbers by letters: a, b, ... z, a1, b1, ...
func letters(n int) string {
	text := string(rune('a' + n%26))
	if n >= 26 {
		text += strconv.Itoa(n / 26)
	}
	return text
}

// publicAddress returns the address in front of an interface, "" for none: a
// machine has a public one only where the source has.
func (m *machine) publicAddress(i int) cloud.ResourceID {
	c := m.cards[i]
	if c.elastic == nil && !c.public || m.hidden(c) {
		return ""
	}
	if c.elastic != nil {
		if id, ok := m.C.TargetOf(c.elastic, publicKind); ok {
			m.C.Attach(m.r, id)
			return id
		}
	}
	var zones []string
	if m.zone != "" {
		zones = []string{m.zone}
	}
	sources := []*inventory.Resource{m.r}
	id := putPublic(m.C, m.name, zones, sources...)
	if c.elastic != nil {
		m.C.Attach(c.elastic, id)
	} else {
		m.Gap("ec2.public-address", "AssociatePublicIpAddress=true")
	}
	return id
}

// hidden reports whether the public address of a source leads nowhere, since its
// subnet has no route to an internet gateway: at the target it would be reached.
func (m *machine) hidden(c card) bool {
	if network.Reachable(m.C, c.subnet) {
		return false
	}
	m.Do("%s gets no public address: the routes of its subnet lead to no internet gateway, so that nobody reached the one it had", m.name)
	return true
}

// putPublic puts a Standard public address, which is always static (Microsoft
// Learn, "Public IP addresses in Azure").
func putPublic(c *design.Context, base string, zones []string, sources ...*inventory.Resource) cloud.ResourceID {
	model := publicipaddresses.PublicIPAddress{
		Sku: &publicipaddresses.PublicIPAddressSku{Name: new(publicipaddresses.PublicIPAddressSkuNameStandard), Tier: new(publicipaddresses.PublicIPAddressSkuTierRegional)},
		Properties: &publicipaddresses.PublicIPAddressPropertiesFormat{
			PublicIPAllocationMethod: new(publicipaddresses.IPAllocationMethodStatic), PublicIPAddressVersion: new(publicipaddresses.IPVersionIPvFour),
		},
	}
	if len(zones) > 0 {
		model.Zones = &zones
	}
	return c.Put(design.Target{Type: publicKind, Base: base, Model: model}, sources...)
}
