package network_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/network"
)

// vpc is the part of a template that makes a VPC with one subnet.
func vpc(id, block, subnet string) string {
	return "  " + id + ": {Type: AWS::EC2::VPC, Properties: {CidrBlock: " + block + ", Tags: [{Key: Name, Value: " + strings.ToLower(id) + "}]}}\n" +
		"  " + id + "Sub: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref " + id + ", CidrBlock: " + subnet + ", AvailabilityZone: us-east-1a, Tags: [{Key: Name, Value: " + strings.ToLower(id) + "-sub}]}}\n"
}

func made(t *testing.T, template string) *design.Design {
	t.Helper()
	return designtest.Make(t, families(), designtest.FromTemplate(t, "Resources:\n"+template)...)
}

func names(d *design.Design, kind cloud.Kind) []string {
	var out []string
	for _, r := range designtest.Resources(d, kind) {
		out = append(out, r.Name)
	}
	return out
}

func texts(d *design.Design, kind cloud.Kind, path string) []string {
	var out []string
	for _, r := range designtest.Resources(d, kind) {
		out = append(out, design.Texts(design.At(r.Body, path))...)
	}
	return out
}

func want(t *testing.T, got any, ok bool) {
	t.Helper()
	if !ok {
		t.Errorf("got %v", got)
	}
}

func findings(d *design.Design) []string {
	var out []string
	for _, f := range d.Findings {
		out = append(out, f.ID)
	}
	return out
}

func TestAddressPlan(t *testing.T) {
	t.Parallel()
	template := designtest.FromTemplate(t, "Resources:\n"+vpc("A", "10.0.0.0/16", "10.0.1.0/24")+vpc("B", "192.168.0.0/16", "192.168.1.0/24")+vpc("C", "172.16.0.0/16", "172.16.0.0/28"))
	cases := []struct {
		name    string
		options design.Options
		want    []string
		finding string
	}{
		{"next of the same size, around the others", design.Options{}, []string{"10.1.0.0/16", "172.18.0.0/16", "10.2.0.0/16"}, ""},
		{"around on premises", design.Options{OnPremises: []string{"10.1.0.0/16"}}, []string{"10.2.0.0/16", "172.18.0.0/16", "10.3.0.0/16"}, ""},
		{"as asked", design.Options{AddressSpaces: map[string]string{"a": "10.200.0.0/15"}}, []string{"10.200.0.0/16", "172.18.0.0/16", "10.1.0.0/16"}, ""},
		{"asked and too small", design.Options{AddressSpaces: map[string]string{"a": "10.200.0.0/20"}}, []string{"10.1.0.0/16", "172.18.0.0/16", "10.2.0.0/16"}, "network.address-space:a"},
		{"asked and taken", design.Options{AddressSpaces: map[string]string{"a": "192.168.0.0/16"}}, []string{"192.168.0.0/16", "172.18.0.0/16", "10.1.0.0/16"}, "network.overlap:a"},
		{"an unreadable block on premises", design.Options{OnPremises: []string{"headquarters"}}, []string{"10.1.0.0/16", "172.18.0.0/16", "10.2.0.0/16"}, "network.on-premises:headquarters"},
	}
	for _, c := range cases {
		d := designtest.Case{Families: families(), Resources: template, Options: c.options}.Make(t)
		got := texts(d, "Microsoft.Network/virtualNetworks", "properties.addressSpace.addressPrefixes")
		// In the order of names: a, b, c.
		wanted := []string{c.want[0], c.want[2], c.want[1]}
		if !slices.Equal(got, wanted) {
			t.Errorf("%s: %v, want %v", c.name, got, wanted)
		}
		if got := findings(d); c.finding != "" && !slices.Contains(got, c.finding) {
			t.Errorf("%s: findings %v", c.name, got)
		}
	}
}

// TestRulesDoNotStartToMeanTheNetwork: a group that names 10.1.0.0/16 means
// another network, so that the VNet keeps clear of it.
func TestRulesDoNotStartToMeanTheNetwork(t *testing.T) {
	t.Parallel()
	d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+`
  G: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: g, VpcId: !Ref A, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.1.4.0/24}, {IpProtocol: tcp, FromPort: 23, ToPort: 23, CidrIp: 10.0.0.0/8}]}}
`)
	want(t, texts(d, "Microsoft.Network/virtualNetworks", "properties.addressSpace.addressPrefixes"), slices.Equal(texts(d, "Microsoft.Network/virtualNetworks", "properties.addressSpace.addressPrefixes"), []string{"10.2.0.0/16"}))
}

func TestSubnetsAreMergedByTier(t *testing.T) {
	t.Parallel()
	resources := designtest.FromTemplate(t, shop)
	d := designtest.Case{Families: families(), Resources: resources, Options: design.Options{MergeSubnets: true}}.Make(t)
	designtest.Check(t, d)
	got := texts(d, "Microsoft.Network/virtualNetworks/subnets", "properties.addressPrefix")
	for _, block := range []string{"10.21.0.0/23", "10.21.10.0/23", "10.21.20.0/24"} {
		want(t, got, slices.Contains(got, block))
	}
	for _, name := range []string{"app-a", "app-b"} {
		if x := designtest.Decision(t, d, name); len(x.Targets) != 1 || !strings.HasSuffix(string(x.Targets[0]), "/snet-app") {
			t.Errorf("%s: %v", name, x.Targets)
		}
	}
}

// TestSubnetsAreWrittenOneByOne: Azure refuses two changes of one VNet at once.
func TestSubnetsAreWrittenOneByOne(t *testing.T) {
	t.Parallel()
	d := made(t, strings.TrimPrefix(shop, "\nResources:\n"))
	waits := map[cloud.ResourceID]bool{}
	list := designtest.Resources(d, "Microsoft.Network/virtualNetworks/subnets")
	for _, r := range list {
		for _, id := range r.DependsOn {
			if strings.Contains(string(id), "/subnets/") {
				if waits[id] {
					t.Errorf("two subnets wait for %s", id)
				}
				waits[id] = true
			}
		}
	}
	if len(waits) != len(list)-1 {
		t.Errorf("%d of %d subnets are waited for", len(waits), len(list))
	}
}

func TestPeering(t *testing.T) {
	t.Parallel()
	d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+vpc("B", "10.1.0.0/16", "10.1.1.0/24")+`
  Link: {Type: AWS::EC2::VPCPeeringConnection, Properties: {VpcId: !Ref A, PeerVpcId: !Ref B}}
  T: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref A, Tags: [{Key: Name, Value: t}]}}
  R: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 10.1.0.0/16, VpcPeeringConnectionId: !Ref Link}}
  TA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref T, SubnetId: !Ref ASub}}
`)
	got := names(d, "Microsoft.Network/virtualNetworks/virtualNetworkPeerings")
	want(t, got, slices.Equal(got, []string{"vnet-a/peer-b", "vnet-b/peer-a"}))
	// The subnet of B has no route back: the peering must not give it one.
	for _, r := range designtest.Resources(d, "Microsoft.Network/routeTables") {
		var hops []string
		for _, m := range design.Maps(design.At(r.Body, "properties.routes")) {
			hops = append(hops, design.Text(m, "name"))
		}
		want(t, hops, slices.Contains(hops, "no-route-to-a") == (r.Name == "rt-b-main"))
	}
}

func TestHalfPeering(t *testing.T) {
	t.Parallel()
	d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+"  Link: {Type: AWS::EC2::VPCPeeringConnection, Properties: {VpcId: !Ref A, PeerVpcId: vpc-0123456789abcdef0}}\n")
	x := designtest.Decision(t, d, "Link")
	want(t, x, x.Action == design.Manual && slices.Contains(designtest.GapIDs(x), "peering.half"))
	want(t, findings(d), slices.Contains(findings(d), "network.stays:Link"))
}

func transit(vpcs int, more string) string {
	text := "  Hub: {Type: AWS::EC2::TransitGateway, Properties: {AmazonSideAsn: 64555, Tags: [{Key: Name, Value: hub}]}}\n"
	for n := range vpcs {
		id := string(rune('A' + n))
		text += vpc(id, "10."+string(rune('0'+n))+".0.0/16", "10."+string(rune('0'+n))+".1.0/24")
		text += "  On" + id + ": {Type: AWS::EC2::TransitGatewayAttachment, Properties: {TransitGatewayId: !Ref Hub, VpcId: !Ref " + id + ", SubnetIds: [!Ref " + id + "Sub]}}\n"
	}
	return text + more
}

const site = `
  Site: {Type: AWS::EC2::CustomerGateway, Properties: {BgpAsn: 65010, IpAddress: 203.0.113.9, Type: ipsec.1, Tags: [{Key: Name, Value: site}]}}
  Vpn: {Type: AWS::EC2::VPNConnection, Properties: {Type: ipsec.1, CustomerGatewayId: !Ref Site, TransitGatewayId: !Ref Hub, Tags: [{Key: Name, Value: vpn}]}}
`

func TestTransitGateway(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, template           string
		peerings, gateways, wans int
		action                   design.Action
	}{
		{"one network", transit(1, ""), 0, 0, 0, design.Replace},
		{"three networks", transit(3, ""), 6, 0, 0, design.Migrate},
		{"two networks and a VPN", transit(2, site), 6, 1, 0, design.Migrate},
		{"five networks", transit(5, ""), 0, 0, 1, design.Migrate},
		{"a peering to another region", transit(2, "  Far: {Type: AWS::EC2::TransitGatewayPeeringAttachment, Properties: {TransitGatewayId: !Ref Hub, PeerAccountId: '1', PeerRegion: eu-west-1, PeerTransitGatewayId: tgw-1}}\n"), 0, 0, 1, design.Migrate},
	}
	var all []*design.Design
	for _, c := range cases {
		d := made(t, c.template)
		all = append(all, d)
		x := designtest.Decision(t, d, "hub")
		got := []int{len(names(d, "Microsoft.Network/virtualNetworks/virtualNetworkPeerings")), len(names(d, "Microsoft.Network/virtualNetworkGateways")), len(names(d, "Microsoft.Network/virtualWans"))}
		if !slices.Equal(got, []int{c.peerings, c.gateways, c.wans}) || x.Action != c.action || len(x.Alternatives) == 0 {
			t.Errorf("%s: peerings, gateways, WANs %v; %s", c.name, got, x.Action)
		}
	}
	designtest.Check(t, all...)
}

// TestTransitSegments: two networks whose tables do not know each other are not
// connected.
func TestTransitSegments(t *testing.T) {
	t.Parallel()
	d := made(t, transit(2, `
  T1: {Type: AWS::EC2::TransitGatewayRouteTable, Properties: {TransitGatewayId: !Ref Hub}}
  T2: {Type: AWS::EC2::TransitGatewayRouteTable, Properties: {TransitGatewayId: !Ref Hub}}
  A1: {Type: AWS::EC2::TransitGatewayRouteTableAssociation, Properties: {TransitGatewayRouteTableId: !Ref T1, TransitGatewayAttachmentId: !Ref OnA}}
  A2: {Type: AWS::EC2::TransitGatewayRouteTableAssociation, Properties: {TransitGatewayRouteTableId: !Ref T2, TransitGatewayAttachmentId: !Ref OnB}}
`))
	want(t, names(d, "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"), len(names(d, "Microsoft.Network/virtualNetworks/virtualNetworkPeerings")) == 0)
}

func TestVPN(t *testing.T) {
	t.Parallel()
	d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+`
  Gw: {Type: AWS::EC2::VPNGateway, Properties: {Type: ipsec.1, AmazonSideAsn: 64777}}
  GwOn: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref A, VpnGatewayId: !Ref Gw}}
  Site: {Type: AWS::EC2::CustomerGateway, Properties: {BgpAsn: 65010, IpAddress: 203.0.113.9, Type: ipsec.1, Tags: [{Key: Name, Value: site}]}}
  Vpn: {Type: AWS::EC2::VPNConnection, Properties: {Type: ipsec.1, StaticRoutesOnly: true, CustomerGatewayId: !Ref Site, VpnGatewayId: !Ref Gw, Tags: [{Key: Name, Value: vpn}]}}
  Way: {Type: AWS::EC2::VPNConnectionRoute, Properties: {VpnConnectionId: !Ref Vpn, DestinationCidrBlock: 192.168.7.0/24}}
`)
	designtest.Check(t, d)
	g := designtest.One(t, d, "Microsoft.Network/virtualNetworkGateways")
	want(t, g.Body, design.True(g.Body, "properties.activeActive") && design.Text(g.Body, "properties.sku.name") == "VpnGw2AZ" && design.Int(g.Body, "properties.bgpSettings.asn", 0) == 64777)
	l := designtest.One(t, d, "Microsoft.Network/localNetworkGateways")
	want(t, l.Body, design.Text(l.Body, "properties.gatewayIpAddress") == "203.0.113.9" && design.Text(l.Body, "properties.localNetworkAddressSpace.addressPrefixes") == "" &&
		slices.Equal(design.Texts(design.At(l.Body, "properties.localNetworkAddressSpace.addressPrefixes")), []string{"192.168.7.0/24"}))
	c := designtest.One(t, d, "Microsoft.Network/connections")
	want(t, c.Body, design.Text(c.Body, "properties.sharedKey") == "[parameters('sharedKeyVpn')]")
	i := slices.IndexFunc(d.Parameters, func(p design.Parameter) bool { return p.Name == "sharedKeyVpn" })
	want(t, d.Parameters, i >= 0 && d.Parameters[i].Secure)
	gs := names(d, "Microsoft.Network/virtualNetworks/subnets")
	want(t, gs, slices.Contains(gs, "vnet-a/GatewaySubnet"))
}

func TestTunnelPlan(t *testing.T) {
	t.Parallel()
	list := network.Tunnels()
	if len(list) != 4 {
		t.Fatalf("%d tunnels", len(list))
	}
	allowed := netip.MustParsePrefix("169.254.20.0/22")
	for i, a := range list {
		if a.Inside.Bits() != 30 || !allowed.Contains(a.Inside.Addr()) || a.Inside.Addr().As4()[2] < 21 || a.AWSAddress().Next() != a.AzureAddress() || a.AWSAddress().Prev() != a.Inside.Addr() {
			t.Errorf("tunnel %d: %v", i, a)
		}
		for _, b := range list[i+1:] {
			if a.Inside.Overlaps(b.Inside) {
				t.Errorf("%v overlaps %v", a, b)
			}
		}
	}
}

// TestBetweenTheClouds: an override asks for the VPN that the move itself may
// need.
func TestBetweenTheClouds(t *testing.T) {
	t.Parallel()
	d := designtest.Case{Families: families(), Resources: designtest.FromTemplate(t, "Resources:\n"+vpc("A", "10.0.0.0/16", "10.0.1.0/24")), Options: design.Options{
		Overrides: []design.Override{{Source: "a", Target: "Microsoft.Network/virtualNetworkGateways", Reason: "the ledger stays"}},
	}}.Make(t)
	designtest.Check(t, d)
	want(t, names(d, "Microsoft.Network/localNetworkGateways"), len(names(d, "Microsoft.Network/localNetworkGateways")) == 4)
	want(t, names(d, "Microsoft.Network/connections"), len(names(d, "Microsoft.Network/connections")) == 4)
	g := designtest.One(t, d, "Microsoft.Network/virtualNetworkGateways")
	want(t, g.Body, design.Int(g.Body, "properties.bgpSettings.asn", 0) == 65000 && len(design.Maps(design.At(g.Body, "properties.bgpSettings.bgpPeeringAddresses"))) == 2)
	x := designtest.Decision(t, d, "a")
	want(t, x.ToDo, len(x.ToDo) == 3)
}

func TestDirectConnect(t *testing.T) {
	t.Parallel()
	for speed, size := range map[string]int{"1Gbps": 1000, "400Mbps": 500, "100Gbps": 10000, "fast": 1000} {
		d := made(t, "  Line: {Type: AWS::DirectConnect::Connection, Properties: {Bandwidth: "+speed+", ConnectionName: line, Location: EqDC2}}\n")
		c := designtest.One(t, d, "Microsoft.Network/expressRouteCircuits")
		want(t, c.Body, design.Int(c.Body, "properties.serviceProviderProperties.bandwidthInMbps", 0) == size)
		gaps := designtest.GapIDs(designtest.Decision(t, d, "line"))
		want(t, gaps, slices.Contains(gaps, "directconnect.port") == (speed == "100Gbps"))
	}
}
