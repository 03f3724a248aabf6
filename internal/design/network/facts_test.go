package network_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

// one returns the target of a kind whose name ends so.
func one(t *testing.T, d *design.Design, kind cloud.Kind, name string) design.Resource {
	t.Helper()
	for _, r := range designtest.Resources(d, kind) {
		if strings.HasSuffix(r.Name, name) {
			return r
		}
	}
	t.Fatalf("no %s %s among %v", kind, name, names(d, kind))
	return design.Resource{}
}

// bodies reports values of a body that are others than expected.
func bodies(t *testing.T, r design.Resource, values map[string]string) {
	t.Helper()
	for path, value := range values {
		if got := strings.Join(design.Texts(design.At(r.Body, path)), " "); got != value {
			t.Errorf("%s: %s is %q, want %q", r.Name, path, got, value)
		}
	}
}

func gapsOf(t *testing.T, d *design.Design, name string) []string {
	t.Helper()
	return designtest.GapIDs(designtest.Decision(t, d, name))
}

// The plan for four tunnels with BGP: inside blocks of Azure's APIPA range, AWS
// the first address of each, Azure the second, two ASNs, no address space.
func TestTunnelsBetweenTheClouds(t *testing.T) {
	t.Parallel()
	d := designtest.Case{Families: families(), Resources: designtest.FromTemplate(t, "Resources:\n"+vpc("A", "10.0.0.0/16", "10.0.1.0/24")), Options: design.Options{
		Overrides: []design.Override{{Source: "a", Target: "Microsoft.Network/virtualNetworkGateways", Reason: "r"}},
	}}.Make(t)
	gateway := designtest.One(t, d, "Microsoft.Network/virtualNetworkGateways")
	bodies(t, gateway, map[string]string{
		"properties.sku.name": "VpnGw2AZ", "properties.activeActive": "true", "properties.enableBgp": "true", "properties.vpnType": "RouteBased", "properties.gatewayType": "Vpn", "properties.bgpSettings.asn": "65000",
	})
	var custom []string
	for _, m := range design.Maps(design.At(gateway.Body, "properties.bgpSettings.bgpPeeringAddresses")) {
		custom = append(custom, strings.Join(design.Texts(m["customBgpIpAddresses"]), " "))
	}
	if got := strings.Join(custom, ", "); got != "169.254.21.2 169.254.22.2, 169.254.21.6 169.254.22.6" {
		t.Errorf("addresses of the instances %s", got)
	}
	for n, c := range []struct{ aws, first, second string }{
		{"169.254.21.1", "169.254.21.2", "169.254.21.6"}, {"169.254.22.1", "169.254.22.2", "169.254.22.6"},
		{"169.254.21.5", "169.254.21.2", "169.254.21.6"}, {"169.254.22.5", "169.254.22.2", "169.254.22.6"},
	} {
		name := fmt.Sprintf("a-aws-%d", n+1)
		bodies(t, one(t, d, "Microsoft.Network/localNetworkGateways", name), map[string]string{
			"properties.bgpSettings.asn": "64512", "properties.bgpSettings.bgpPeeringAddress": c.aws, "properties.localNetworkAddressSpace.addressPrefixes": "",
		})
		link := one(t, d, "Microsoft.Network/connections", name)
		bodies(t, link, map[string]string{"properties.enableBgp": "true", "properties.connectionType": "IPsec", "properties.connectionProtocol": "IKEv2"})
		addresses := design.Maps(design.At(link.Body, "properties.gatewayCustomBgpIpAddresses"))
		if len(addresses) != 2 || design.Text(addresses[0], "customBgpIpAddress") != c.first || design.Text(addresses[1], "customBgpIpAddress") != c.second {
			t.Errorf("%s: %v", name, addresses)
		}
	}
	bodies(t, one(t, d, "Microsoft.Network/virtualNetworks/subnets", "/GatewaySubnet"), map[string]string{"properties.networkSecurityGroup.id": "", "properties.addressPrefix": "10.1.255.224/27"})
}

const vpnSite = `
  Gw: {Type: AWS::EC2::VPNGateway, Properties: {Type: ipsec.1%s}}
  GwOn: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref A, VpnGatewayId: !Ref Gw}}
  Site: {Type: AWS::EC2::CustomerGateway, Properties: {IpAddress: 203.0.113.9, Type: ipsec.1%s, Tags: [{Key: Name, Value: site}]}}
  Vpn: {Type: AWS::EC2::VPNConnection, Properties: {Type: ipsec.1, CustomerGatewayId: !Ref Site, VpnGatewayId: !Ref Gw%s, Tags: [{Key: Name, Value: vpn}]}}
`

// The ASNs of both ends: the source's, its defaults, and those that Azure
// refuses.
func TestASNs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		gateway, site         string
		gatewayASN, siteASN   string
		gatewayGap, deviceGap bool
	}{
		{"", "", "64512", "65000", false, false},
		{", AmazonSideAsn: 64777", ", BgpAsn: 65010", "64777", "65010", false, false},
		{", AmazonSideAsn: 4200000001", ", BgpAsnExtended: 4200000002", "4200000001", "4200000002", false, false},
		{", AmazonSideAsn: 65517", ", BgpAsn: 65515", "65000", "65515", true, true},
		{", AmazonSideAsn: 65515", ", BgpAsn: 12076", "65515", "12076", false, true},
		{", AmazonSideAsn: !Ref Missing", ", BgpAsn: many", "64512", "65000", false, false},
		{", AmazonSideAsn: -5", ", BgpAsn: -5", "65000", "65000", true, true},
		{", AmazonSideAsn: 0", ", BgpAsn: 0", "65000", "65000", true, true},
		{", AmazonSideAsn: 4294967294", ", BgpAsnExtended: 4294967294", "4294967294", "4294967294", false, false},
		{", AmazonSideAsn: 4294967295", ", BgpAsnExtended: 4294967295", "65000", "65000", true, true},
		{", AmazonSideAsn: 1e25", ", BgpAsn: 1e25", "65000", "65000", true, true},
		{"", ", BgpAsn: -5, BgpAsnExtended: 4200000002", "64512", "4200000002", false, false},
		{"", ", BgpAsn: 65010, BgpAsnExtended: -5", "64512", "65010", false, true},
	} {
		d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+fmt.Sprintf(strings.ReplaceAll(vpnSite, "!Ref Missing", "!Ref A"), strings.ReplaceAll(c.gateway, "!Ref Missing", "!Ref A"), c.site, ""))
		bodies(t, designtest.One(t, d, "Microsoft.Network/virtualNetworkGateways"), map[string]string{"properties.bgpSettings.asn": plainNumber(c.gatewayASN)})
		bodies(t, designtest.One(t, d, "Microsoft.Network/localNetworkGateways"), map[string]string{"properties.bgpSettings.asn": plainNumber(c.siteASN)})
		if got := slices.Contains(gapsOf(t, d, "Gw"), "vpn.asn"); got != c.gatewayGap {
			t.Errorf("%s: the gateway's gap %v", c.gateway, got)
		}
		if got := slices.Contains(gapsOf(t, d, "site"), "vpn.asn"); got != c.deviceGap {
			t.Errorf("%s: the device's gap %v", c.site, got)
		}
	}
}

// TestASNsOfHubs: the gateway of a hub network has the transit gateway's number
// only if Azure takes it.
func TestASNsOfHubs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		said, want string
		gap        bool
	}{{"64555", "64555", false}, {"-5", "65000", true}, {"65517", "65000", true}, {"99999999999", "65000", true}} {
		d := made(t, strings.ReplaceAll(transit(2, site), "AmazonSideAsn: 64555", "AmazonSideAsn: "+c.said))
		bodies(t, designtest.One(t, d, "Microsoft.Network/virtualNetworkGateways"), map[string]string{"properties.bgpSettings.asn": plainNumber(c.want)})
		if got := slices.Contains(gapsOf(t, d, "hub"), "vpn.asn"); got != c.gap {
			t.Errorf("%s: the gap %v", c.said, got)
		}
	}
}

// plainNumber writes a number as a body's JSON number is printed.
func plainNumber(text string) string {
	var n float64
	_, _ = fmt.Sscan(text, &n)
	return fmt.Sprint(n)
}

// What a VPN connection says beyond its ends is named, its keys are not.
func TestTunnelOptions(t *testing.T) {
	t.Parallel()
	d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+fmt.Sprintf(vpnSite, "", "", `, EnableAcceleration: true, LocalIpv4NetworkCidr: 192.168.0.0/16, RemoteIpv4NetworkCidr: 0.0.0.0/0, TunnelInsideIpVersion: ipv6, VpnTunnelOptionsSpecifications: [{PreSharedKey: hush-hush-hush, TunnelInsideCidr: 169.254.10.0/30, Phase1DHGroupNumbers: [{Value: 20}], DPDTimeoutSeconds: 40}, {DPDTimeoutSeconds: 40}]`))
	x := designtest.Decision(t, d, "vpn")
	var at []string
	for _, g := range x.Gaps {
		at = append(at, g.ID+" "+g.At)
	}
	slices.Sort(at)
	want := []string{"vpc.ipv6 TunnelInsideIpVersion=ipv6", "vpn.addresses vpn", "vpn.selectors LocalIpv4NetworkCidr=192.168.0.0/16", "vpn.tunnel-options DPDTimeoutSeconds=40", `vpn.tunnel-options Phase1DHGroupNumbers=[{"Value":20}]`, "vpn.tunnel-options TunnelInsideCidr=169.254.10.0/30"}
	if !slices.Equal(at, want) {
		t.Errorf("gaps %q", at)
	}
	if text := fmt.Sprint(x, d.Resources); strings.Contains(text, "hush") {
		t.Error("the design holds the source's key")
	}
	if todo := strings.Join(x.ToDo, "|"); !strings.Contains(todo, "nearest edge") {
		t.Errorf("to do %q", todo)
	}
}

// A VPC whose block IPAM chooses gets a VNet of the length it asks for, within
// what a VPC may have, and its subnets of theirs.
func TestBlocksThatIPAMChooses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		vpc, subnet  string
		vnet, places string
	}{
		{"20", "26", "10.0.0.0/20", "10.0.0.0/26"},
		{"28", "28", "10.0.0.0/28", "10.0.0.0/28"},
		{"12", "24", "10.0.0.0/16", "10.0.0.0/24"},
		{"30", "31", "10.0.0.0/28", "10.0.0.0/29"},
		{"wide", "narrow", "10.0.0.0/16", "10.0.0.0/24"},
	} {
		d := made(t, "  A: {Type: AWS::EC2::VPC, Properties: {Ipv4IpamPoolId: ipam-pool-1, Ipv4NetmaskLength: "+c.vpc+"}}\n  S: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref A, Ipv4IpamPoolId: ipam-pool-2, Ipv4NetmaskLength: "+c.subnet+"}}\n")
		bodies(t, designtest.One(t, d, "Microsoft.Network/virtualNetworks"), map[string]string{"properties.addressSpace.addressPrefixes": c.vnet})
		bodies(t, designtest.One(t, d, "Microsoft.Network/virtualNetworks/subnets"), map[string]string{"properties.addressPrefix": c.places})
		if !slices.Contains(findings(d), "network.vpc-block:A") {
			t.Errorf("%s: findings %v", c.vpc, findings(d))
		}
		for _, name := range []string{"A", "S"} {
			if todo := strings.Join(designtest.Decision(t, d, name).ToDo, "|"); !strings.Contains(todo, "address plan") {
				t.Errorf("%s: nothing about the address plan in %q", name, todo)
			}
		}
	}
}

// The smallest VPC, with the smallest subnet of AWS, keeps its offsets: both
// clouds keep the first four addresses and the last one.
func TestSmallestNetwork(t *testing.T) {
	t.Parallel()
	d := made(t, vpc("A", "10.0.0.0/28", "10.0.0.0/28"))
	designtest.Check(t, d)
	bodies(t, designtest.One(t, d, "Microsoft.Network/virtualNetworks"), map[string]string{"properties.addressSpace.addressPrefixes": "10.0.0.16/28"})
	bodies(t, designtest.One(t, d, "Microsoft.Network/virtualNetworks/subnets"), map[string]string{"properties.addressPrefix": "10.0.0.16/28", "properties.defaultOutboundAccess": "false"})
}

func TestSubnetOfAZoneID(t *testing.T) {
	t.Parallel()
	d := made(t, "  A: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}\n  S: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref A, CidrBlock: 10.0.1.0/24, AvailabilityZoneId: use1-az4, MapPublicIpOnLaunch: true, PrivateDnsNameOptionsOnLaunch: {HostnameType: resource-name}, EnableDns64: true}}\n")
	x := designtest.Decision(t, d, "S")
	if got := designtest.GapIDs(x); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"subnet.public-addresses", "vpc.dns-hostnames", "vpc.ipv6"}) {
		t.Errorf("gaps %v", got)
	}
	if !strings.Contains(strings.Join(x.ToDo, "|"), "use1-az4") {
		t.Errorf("to do %q", x.ToDo)
	}
}

func TestRouteToUnknownPrefixList(t *testing.T) {
	t.Parallel()
	d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+`
  T: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref A}}
  TA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref T, SubnetId: !Ref ASub}}
  List: {Type: AWS::EC2::PrefixList, Properties: {PrefixListName: offices, AddressFamily: IPv4, MaxEntries: 3, Entries: [{Cidr: 198.51.100.0/24}, {Cidr: 203.0.113.0/25}]}}
  Known: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationPrefixListId: !Ref List, InstanceId: i-1}}
  Foreign: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationPrefixListId: pl-0123456789abcdef0, InstanceId: i-1}}
`)
	var routes []string
	for _, m := range design.Maps(design.At(designtest.One(t, d, "Microsoft.Network/routeTables").Body, "properties.routes")) {
		routes = append(routes, design.Text(m, "properties.addressPrefix")+" "+design.Text(m, "properties.nextHopType"))
	}
	slices.Sort(routes)
	if !slices.Equal(routes, []string{"0.0.0.0/0 None", "198.51.100.0/24 VirtualAppliance", "203.0.113.0/25 VirtualAppliance"}) {
		t.Errorf("routes %v", routes)
	}
	for name, told := range map[string]bool{"Known": false, "Foreign": true} {
		if got := strings.Contains(strings.Join(designtest.Decision(t, d, name).ToDo, "|"), "prefix list"); got != told {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A security group that lets anyone to a console says so; a narrower one, or
// another port, does not.
func TestConsolesOpenToTheInternet(t *testing.T) {
	t.Parallel()
	for rule, open := range map[string]bool{
		"{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}":      true,
		"{IpProtocol: tcp, FromPort: 3000, ToPort: 4000, CidrIp: 0.0.0.0/0}":  true,
		"{IpProtocol: tcp, FromPort: 3389, ToPort: 3389, CidrIpv6: '::/0'}":   true,
		"{IpProtocol: '-1', CidrIp: 0.0.0.0/0}":                               true,
		"{IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 198.51.100.0/1}": false,
		"{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}":    false,
		"{IpProtocol: udp, FromPort: 22, ToPort: 22, CidrIp: 0.0.0.0/0}":      false,
	} {
		d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+"  G: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: g, VpcId: !Ref A, SecurityGroupIngress: ["+rule+"]}}\n  I: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref ASub, SecurityGroupIds: [!GetAtt G.GroupId]}}\n")
		x := designtest.Decision(t, d, "G")
		bastion := slices.ContainsFunc(x.Alternatives, func(a design.Alternative) bool { return a.Target == "Azure Bastion" })
		if got := slices.Contains(designtest.GapIDs(x), "securitygroup.admin-open"); got != open || bastion != open {
			t.Errorf("%s: gap %v, Bastion %v", rule, got, bastion)
		}
	}
}

// directed are the rules of an NSG by direction, "priority access" in order.
func directed(r design.Resource, direction string) []map[string]any {
	var out []map[string]any
	for _, m := range design.Maps(design.At(r.Body, "properties.securityRules")) {
		if design.Text(m, "properties.direction") == direction {
			out = append(out, m)
		}
	}
	return out
}

// An NSG takes 1,000 rules with priorities of 100 to 4096 in each direction,
// the last of which denies: AWS lets through only what a rule names, and Azure
// everything within the VNet.
func TestNSGLimits(t *testing.T) {
	t.Parallel()
	// Beside the rules in: one out, and a deny for each direction.
	for _, c := range []struct {
		rules, want int
		finding     bool
	}{{0, 3, false}, {1, 4, false}, {398, 401, false}, {399, 402, false}, {997, 1000, false}, {998, 1000, true}, {1200, 1000, true}} {
		var text strings.Builder
		for i := range c.rules {
			// Ports that touch no other, from blocks that touch no other.
			fmt.Fprintf(&text, "{IpProtocol: tcp, FromPort: %d, ToPort: %d, CidrIp: %d.%d.0.0/24},", 2+3*i, 2+3*i, 11+i/250, i%250)
		}
		d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+"  G: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: g, VpcId: !Ref A, SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 1, ToPort: 1, CidrIp: 127.0.0.1/32}], SecurityGroupIngress: ["+text.String()+"]}}\n  I: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref ASub, SecurityGroupIds: [!GetAtt G.GroupId]}}\n")
		nsg := designtest.One(t, d, "Microsoft.Network/networkSecurityGroups")
		in, out := directed(nsg, "Inbound"), directed(nsg, "Outbound")
		if len(in)+len(out) != c.want {
			t.Errorf("%d rules give %d in and %d out", c.rules, len(in), len(out))
		}
		if got := slices.ContainsFunc(findings(d), func(id string) bool { return strings.HasPrefix(id, "network.nsg-rules") }); got != c.finding {
			t.Errorf("%d rules: finding %v", c.rules, got)
		}
		for _, list := range [][]map[string]any{in, out} {
			before := 99
			for _, m := range list {
				p := design.Int(m, "properties.priority", 0)
				if p <= before || p > 4096 || len(design.Text(m, "name")) > 80 {
					t.Fatalf("%d rules: priority %d behind %d of %q", c.rules, p, before, design.Text(m, "name"))
				}
				before = p
			}
			if last := list[len(list)-1]; before != 4096 || design.Text(last, "properties.access") != "Deny" || design.Text(last, "properties.protocol") != "*" {
				t.Errorf("%d rules: the last is %v", c.rules, last)
			}
		}
	}
}

// The rules of one NSG name at most 100 application security groups.
func TestGroupsOfOneNSG(t *testing.T) {
	t.Parallel()
	for n, finding := range map[int]bool{100: false, 101: true} {
		var groups, rules strings.Builder
		for i := range n {
			fmt.Fprintf(&groups, "  G%d: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: g, GroupName: g%d, VpcId: !Ref A}}\n", i, i)
			fmt.Fprintf(&rules, "{IpProtocol: tcp, FromPort: 80, ToPort: 80, SourceSecurityGroupId: !GetAtt G%d.GroupId},", i)
		}
		d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+groups.String()+"  Hub: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: g, VpcId: !Ref A, SecurityGroupIngress: ["+rules.String()+"]}}\n  I: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref ASub, SecurityGroupIds: [!GetAtt Hub.GroupId]}}\n")
		if got := slices.ContainsFunc(findings(d), func(id string) bool { return strings.HasPrefix(id, "network.nsg-groups") }); got != finding {
			t.Errorf("%d groups: finding %v", n, got)
		}
	}
}

func TestNATGateways(t *testing.T) {
	t.Parallel()
	d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+`
  Ip: {Type: AWS::EC2::EIP, Properties: {Domain: vpc}}
  Out: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref ASub, AllocationId: !GetAtt Ip.AllocationId, SecondaryAllocationIds: [eipalloc-2, eipalloc-3], Tags: [{Key: Name, Value: out}]}}
  In: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref ASub, ConnectivityType: private, Tags: [{Key: Name, Value: in}]}}
  Wide: {Type: AWS::EC2::NatGateway, Properties: {AvailabilityMode: regional, VpcId: !Ref A, Tags: [{Key: Name, Value: wide}]}}
`)
	designtest.Check(t, d)
	out := one(t, d, "Microsoft.Network/natGateways", "out")
	// 350 s of AWS in whole minutes.
	bodies(t, out, map[string]string{"sku.name": "Standard", "properties.idleTimeoutInMinutes": "6", "zones": "1"})
	if got := len(design.Maps(design.At(out.Body, "properties.publicIpAddresses"))); got != 3 {
		t.Errorf("%d addresses", got)
	}
	for _, r := range designtest.Resources(d, "Microsoft.Network/publicIPAddresses") {
		bodies(t, r, map[string]string{"sku.name": "Standard", "properties.publicIPAllocationMethod": "Static"})
	}
	for name, want := range map[string]struct {
		action design.Action
		gap    string
	}{"out": {design.Migrate, "nat.address"}, "in": {design.Manual, "nat.private"}, "wide": {design.Migrate, "nat.address"}} {
		if x := designtest.Decision(t, d, name); x.Action != want.action || !slices.Contains(designtest.GapIDs(x), want.gap) {
			t.Errorf("%s: %s %v", name, x.Action, designtest.GapIDs(x))
		}
	}
	if x := designtest.Decision(t, d, "wide"); !strings.Contains(strings.Join(x.ToDo, "|"), "StandardV2") {
		t.Errorf("a regional gateway: %q", x.ToDo)
	}
}

// What takes the place of an endpoint depends on where it leads.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	for properties, want := range map[string]struct {
		action design.Action
		gaps   string
		made   int
	}{
		"{VpcId: !Ref A, ServiceName: com.amazonaws.us-east-1.s3}":                                                                                                        {design.Migrate, "vpcendpoint.gateway", 1},
		"{VpcId: !Ref A, ServiceName: com.amazonaws.us-east-1.s3, VpcEndpointType: Interface}":                                                                            {design.Migrate, "", 1},
		"{VpcId: !Ref A, ServiceName: com.amazonaws.us-east-1.s3, VpcEndpointType: Interface, IpAddressType: ipv6}":                                                       {design.Migrate, "vpc.ipv6", 1},
		"{VpcId: !Ref A, ServiceName: com.amazonaws.us-east-1.s3, PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: '*', Resource: '*'}]}}":            {design.Migrate, "vpcendpoint.gateway", 1},
		"{VpcId: !Ref A, ServiceName: com.amazonaws.us-east-1.s3, PolicyDocument: {Statement: [{Effect: Allow, Principal: '*', Action: 's3:GetObject', Resource: '*'}]}}": {design.Migrate, "vpcendpoint.gateway vpcendpoint.policy", 1},
		"{VpcId: !Ref A, ServiceName: com.amazonaws.us-east-1.s3, VpcEndpointType: Interface, PrivateDnsEnabled: false}":                                                  {design.Migrate, "vpcendpoint.dns", 1},
		"{VpcId: !Ref A, ServiceName: com.amazonaws.us-east-1.sts, VpcEndpointType: Interface}":                                                                           {design.Replace, "", 0},
		"{VpcId: !Ref A, ServiceName: com.amazonaws.us-east-1.sqs, VpcEndpointType: Interface}":                                                                           {design.Replace, "", 0},
		"{VpcId: !Ref A, ServiceName: com.amazonaws.vpce.us-east-1.vpce-svc-1, VpcEndpointType: Interface}":                                                               {design.Manual, "", 0},
		"{VpcId: !Ref A, ServiceName: com.amazonaws.vpce.us-east-1.vpce-svc-1, VpcEndpointType: GatewayLoadBalancer}":                                                     {design.Manual, "route.inspection", 0},
	} {
		d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+"  Files: {Type: AWS::S3::Bucket, Properties: {BucketName: files}}\n  E: {Type: AWS::EC2::VPCEndpoint, Properties: "+properties+"}\n")
		x := designtest.Decision(t, d, "E")
		got := slices.Compact(slices.Sorted(slices.Values(designtest.GapIDs(x))))
		if x.Action != want.action || strings.Join(got, " ") != want.gaps || len(names(d, "Microsoft.Network/privateEndpoints")) != want.made {
			t.Errorf("%s: %s, gaps %v, endpoints %v", properties, x.Action, got, names(d, "Microsoft.Network/privateEndpoints"))
		}
		if want.made > 0 {
			bodies(t, one(t, d, "Microsoft.Network/privateDnsZones", "core.windows.net"), map[string]string{})
			bodies(t, one(t, d, "Microsoft.Network/virtualNetworks/subnets", "endpoints"), map[string]string{"properties.privateEndpointNetworkPolicies": "NetworkSecurityGroupEnabled"})
		}
	}
}

// Networks whose default route table learns nothing cannot talk.
func TestTransitWithoutPropagation(t *testing.T) {
	t.Parallel()
	for option, peerings := range map[string]int{"": 2, ", DefaultRouteTableAssociation: enable, DefaultRouteTablePropagation: enable": 2, ", DefaultRouteTablePropagation: disable": 0, ", DefaultRouteTableAssociation: disable": 0} {
		d := made(t, strings.Replace(transit(2, ""), "AmazonSideAsn: 64555", "AmazonSideAsn: 64555, MulticastSupport: enable"+option, 1))
		if got := len(names(d, "Microsoft.Network/virtualNetworks/virtualNetworkPeerings")); got != peerings {
			t.Errorf("%q: %d peerings", option, got)
		}
		if got := gapsOf(t, d, "hub"); !slices.Contains(got, "transit.multicast") {
			t.Errorf("%q: gaps %v", option, got)
		}
	}
}

// A live scan names its parts by ids, and answers more than a template says;
// the network is the same.
func TestLiveNetworkIsTheTemplates(t *testing.T) {
	t.Parallel()
	template := designtest.FromTemplate(t, "Resources:\n"+vpc("Net", "10.0.0.0/16", "10.0.1.0/24")+`
  G: {Type: AWS::EC2::SecurityGroup, Properties: {GroupName: web, GroupDescription: g, VpcId: !Ref Net, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}], SecurityGroupEgress: [{IpProtocol: "-1", CidrIp: 0.0.0.0/0}], Tags: [{Key: Name, Value: web}]}}
  Gw: {Type: AWS::EC2::VPNGateway, Properties: {Type: ipsec.1, AmazonSideAsn: 64777, Tags: [{Key: Name, Value: gw}]}}
  GwOn: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Net, VpnGatewayId: !Ref Gw}}
`)
	live := []inventory.Resource{
		designtest.Live(t, "AWS::EC2::VPC", "vpc/vpc-1", `{"VpcId":"vpc-1","CidrBlock":"10.0.0.0/16","InstanceTenancy":"default","EnableDnsSupport":true,"Tags":[{"Key":"Name","Value":"net"}]}`),
		designtest.Live(t, "AWS::EC2::Subnet", "subnet/subnet-1", `{"SubnetId":"subnet-1","VpcId":"vpc-1","CidrBlock":"10.0.1.0/24","AvailabilityZone":"us-east-1a","AvailabilityZoneId":"use1-az4","MapPublicIpOnLaunch":false,"Tags":[{"Key":"Name","Value":"net-sub"}]}`),
		designtest.Live(t, "AWS::EC2::SecurityGroup", "security-group/sg-1", `{"GroupId":"sg-1","GroupName":"web","VpcId":"vpc-1","SecurityGroupIngress":[{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"CidrIp":"0.0.0.0/0"}],"SecurityGroupEgress":[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}],"Tags":[{"Key":"Name","Value":"web"}]}`),
		designtest.Live(t, "AWS::EC2::VPNGateway", "vpn-gateway/vgw-1", `{"VPNGatewayId":"vgw-1","Type":"ipsec.1","AmazonSideAsn":64777,"Tags":[{"Key":"Name","Value":"gw"}]}`),
	}
	live = append(live, designtest.Live(t, "AWS::EC2::VPCGatewayAttachment", "vpc-gateway-attachment/x", `{"VpcId":"vpc-1","VpnGatewayId":"vgw-1"}`))
	designtest.SameTargets(t, designtest.Make(t, families(), template...), designtest.Shuffled(t, families(), live...))
}

// Devices whose names come to the same letters are told apart.
func TestDevicesOfLikeNames(t *testing.T) {
	t.Parallel()
	text := vpc("A", "10.0.0.0/16", "10.0.1.0/24") + strings.ReplaceAll(fmt.Sprintf(vpnSite, "", "", ""), "Value: site}", "Value: site-1}")
	text += `
  Other: {Type: AWS::EC2::CustomerGateway, Properties: {IpAddress: 203.0.113.10, Type: ipsec.1, Tags: [{Key: Name, Value: site1}]}}
  Vpn2: {Type: AWS::EC2::VPNConnection, Properties: {Type: ipsec.1, CustomerGatewayId: !Ref Other, VpnGatewayId: !Ref Gw, Tags: [{Key: Name, Value: VPN}]}}
`
	d := made(t, text)
	designtest.Check(t, d)
	var got []string
	for _, p := range d.Parameters {
		got = append(got, p.Name)
	}
	if want := []string{"sharedKeyVPN", "sharedKeyVpn2", "siteSite1Peer", "siteSite1Peer2"}; !slices.Equal(got, want) {
		t.Errorf("parameters are %q, want %q", got, want)
	}
}
