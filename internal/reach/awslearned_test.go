package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/inventory"
)

// gated is a VPC whose table takes the routes of a virtual private gateway.
func gated(t *testing.T, connection string) *account {
	t.Helper()
	a := &account{}
	a.add(t, "AWS::EC2::VPC", "vpc", `{"CidrBlock":"10.0.0.0/16"}`)
	a.add(t, "AWS::EC2::Subnet", "s", `{"VpcId":"vpc","CidrBlock":"10.0.1.0/24"}`)
	a.add(t, kindTable, "t", `{"VpcId":"vpc"}`)
	a.add(t, kindAssociation, "on", `{"SubnetId":"s","RouteTableId":"t"}`)
	a.add(t, kindVPNGateway, "vgw", `{}`)
	a.add(t, "AWS::EC2::VPNGatewayRoutePropagation", "p", `{"VpnGatewayId":"vgw","RouteTableIds":["t"]}`)
	if connection != "" {
		a.add(t, kindConnection, "vpn", connection)
	}
	a.add(t, kindGroup, "sg", `{"GroupName":"sg","VpcId":"vpc","SecurityGroupIngress":[{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"192.168.0.0/16"}],"SecurityGroupEgress":[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}]}`)
	a.add(t, "AWS::EC2::Instance", "i", `{"SubnetId":"s","SecurityGroupIds":["sg"]}`)
	return a
}

// TestPropagatedRoutes: what is told statically is decided, what only BGP knows
// is named with the block that it matters for.
func TestPropagatedRoutes(t *testing.T) {
	t.Parallel()
	const static, dynamic = `{"VpnGatewayId":"vgw","StaticRoutesOnly":true}`, `{"VpnGatewayId":"vgw"}`
	for name, c := range map[string]struct {
		connection string
		change     func(a *account)
		passes     bool
		doubt      string
	}{
		"static routes": {static, func(a *account) {
			a.add(t, "AWS::EC2::VPNConnectionRoute", "r", `{"VpnConnectionId":"vpn","DestinationCidrBlock":"192.168.0.0/16"}`)
		}, true, ""},
		"static, and no route": {static, func(*account) {}, false, ""},
		"BGP":                  {dynamic, func(*account) {}, false, "which routes vpn learns over BGP is not known; one for 192.168.0.0/16 would decide"},
		"BGP and a route beside it": {dynamic, func(a *account) {
			a.add(t, kindRoute, "r", `{"RouteTableId":"t","DestinationCidrBlock":"192.168.0.0/16","GatewayId":"vgw"}`)
		}, true, "no rule names a block that only such a route leads to"},
		"a gateway of unknown ways": {"", func(*account) {}, false, "which routes p learns over BGP"},
		"Direct Connect":            {static, func(a *account) { a.add(t, kindVirtualInterface, "dx", `{"VirtualGatewayId":"vgw"}`) }, false, "which routes dx learns over BGP"},
		"a table that lists its own": {dynamic, func(a *account) {
			a.list[2].Provenance = []inventory.Provenance{{Source: inventory.Live}}
			a.add(t, kindRoute, "r", `{"RouteTableId":"t","DestinationCidrBlock":"192.168.0.0/16","GatewayId":"vgw"}`).Attributes = map[string]any{"Origin": "EnableVgwRoutePropagation"}
		}, true, ""},
	} {
		a := gated(t, c.connection)
		c.change(a)
		n := FromAWS(a.list, a.find)
		text := fmt.Sprint(n.Doubts)
		if c.doubt == "" && len(n.Doubts) > 0 || !strings.Contains(text, c.doubt) {
			t.Errorf("%s: doubts %q, want %q", name, text, c.doubt)
		}
		got := whoMay(n, "i", netip.MustParseAddr("192.168.1.1"), 443)
		if passes := !strings.HasPrefix(got, "|"); passes != c.passes {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestTransitGatewayAndOtherSites: routes to a VPN are decided; a table that one
// feeds over BGP is named; a peering leads nowhere without a route of its own.
func TestTransitGatewayAndOtherSites(t *testing.T) {
	t.Parallel()
	far := netip.MustParseAddr("192.168.1.1")
	for name, c := range map[string]struct {
		change func(a *account)
		want   string
		doubt  string
	}{
		"a static VPN": {func(a *account) {
			a.add(t, kindConnection, "vpn", `{"TransitGatewayId":"tgw","StaticRoutesOnly":true}`).Attributes = map[string]any{"TransitGatewayAttachmentId": "tgw-attach-9"}
			a.add(t, "AWS::EC2::TransitGatewayRoute", "site", `{"TransitGatewayRouteTableId":"tgw-rtb-1","DestinationCidrBlock":"192.168.0.0/16","TransitGatewayAttachmentId":"tgw-attach-9"}`)
		}, "sg: egress", ""},
		"a VPN with BGP": {func(a *account) {
			a.add(t, kindConnection, "vpn", `{"TransitGatewayId":"tgw"}`)
		}, "|no route", "table tgw default: which routes vpn learns over BGP is not known"},
		"a peering without a route": {func(a *account) {
			a.add(t, "AWS::EC2::TransitGatewayPeeringAttachment", "peer", `{"TransitGatewayId":"tgw"}`)
		}, "|no route", ""},
		"a route to a peering": {func(a *account) {
			a.add(t, "AWS::EC2::TransitGatewayPeeringAttachment", "peer", `{"TransitGatewayId":"tgw"}`)
			a.add(t, "AWS::EC2::TransitGatewayRoute", "site", `{"TransitGatewayRouteTableId":"tgw-rtb-1","DestinationCidrBlock":"192.168.0.0/16","TransitGatewayAttachmentId":"peer"}`)
		}, "||t-s: 0.0.0.0/0 to transit tgw, tgw default: 192.168.0.0/16 to unknown", ""},
	} {
		a := egress(t)
		c.change(a)
		n := FromAWS(a.list, a.find)
		if got := whoMay(n, "i", far, 443); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if text := fmt.Sprint(n.Doubts); c.doubt == "" && len(n.Doubts) > 0 || !strings.Contains(text, c.doubt) {
			t.Errorf("%s: doubts %q, want %q", name, text, c.doubt)
		}
	}
}

// TestPrefixListsByID: the route of a gateway endpoint says whose a list is; one
// that nothing tells of stays open by its id.
func TestPrefixListsByID(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(a *account, e *inventory.Resource)
		tag    string
		why    string
	}{
		"nothing tells": {func(*account, *inventory.Resource) {}, "", "the entries of prefix list pl-9 are not known"},
		"the endpoint's attribute": {func(_ *account, e *inventory.Resource) {
			e.Attributes = map[string]any{"PrefixListId": "pl-9"}
		}, "aws:s3", ""},
		"a route to the endpoint": {func(a *account, _ *inventory.Resource) {
			a.add(t, kindRoute, "r", `{"RouteTableId":"t","DestinationPrefixListId":"pl-9","GatewayId":"e"}`)
		}, "aws:s3", ""},
		"a list of CloudFront's": {func(a *account, _ *inventory.Resource) {
			a.add(t, kindPrefixList, "pl-9", `{"PrefixListName":"com.amazonaws.global.cloudfront.origin-facing","OwnerId":"AWS"}`)
		}, "aws:cloudfront.origin-facing", ""},
		"one whose entries a scan did not read": {func(a *account, _ *inventory.Resource) {
			a.add(t, kindPrefixList, "pl-9", `{"PrefixListName":"offices"}`).Provenance = []inventory.Provenance{{Source: inventory.Live}}
		}, "", "the entries of prefix list pl-9 are not known"},
	} {
		a := &account{}
		a.add(t, "AWS::EC2::VPC", "vpc", `{"CidrBlock":"10.0.0.0/16"}`)
		a.add(t, kindTable, "t", `{"VpcId":"vpc"}`)
		e := a.add(t, kindPrivateLink, "e", `{"ServiceName":"com.amazonaws.eu-west-1.s3","VpcId":"vpc","RouteTableIds":["t"]}`)
		a.add(t, kindGroup, "g", `{"GroupName":"g","VpcId":"vpc","SecurityGroupEgress":[{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"DestinationPrefixListId":"pl-9"}]}`)
		c.change(a, e)
		n := FromAWS(a.list, a.find)
		i := slices.IndexFunc(n.Filters, func(f Filter) bool { return f.ID == "g" })
		if r := n.Filters[i].Out[0]; strings.Join(r.To.Tags, " ") != c.tag || r.Unknown != c.why {
			t.Errorf("%s: %+v", name, r)
		}
		if len(n.Tables[0].Routes) != 1 || n.Tables[0].Routes[0].Tag != "aws:s3" {
			t.Errorf("%s: routes %+v", name, n.Tables[0].Routes)
		}
	}
}

// TestHubs: a Virtual WAN hub joins the networks that are connected to it, but
// for subnets whose tables refuse its routes; routing of its own stays open.
func TestHubs(t *testing.T) {
	t.Parallel()
	const net = `{"id":"/n/%[1]s","type":"Microsoft.Network/virtualNetworks","properties":{"addressSpace":{"addressPrefixes":["10.%[2]d.0.0/16"]}}},
		{"id":"/n/%[1]s/subnets/s","type":"Microsoft.Network/virtualNetworks/subnets","properties":{"addressPrefix":"10.%[2]d.1.0/24"%[3]s}},
		{"id":"/n/nic-%[1]s","type":"Microsoft.Network/networkInterfaces","properties":{"ipConfigurations":[{"properties":{"subnet":{"id":"/n/%[1]s/subnets/s"}}}]}},
		{"id":"/n/hub/hubVirtualNetworkConnections/%[1]s","type":"Microsoft.Network/virtualHubs/hubVirtualNetworkConnections","properties":{"remoteVirtualNetwork":{"id":"/N/%[1]s"}%[4]s}},`
	for name, c := range map[string]struct {
		subnet, connection, more string
		want                     string
		doubt                    string
	}{
		"joined":                  {``, ``, ``, "nothing filters it||", ""},
		"routes refused":          {`,"routeTable":{"id":"/n/t"}`, ``, ``, "|no route", ""},
		"a table of its own":      {``, `,"routingConfiguration":{"associatedRouteTable":{"id":"/n/hub/hubRouteTables/apart"}}`, ``, "|no route", "hub connection b: it has routing of its own"},
		"routing intent":          {``, ``, `,{"id":"/n/hub/routingIntent/i","type":"Microsoft.Network/virtualHubs/routingIntent","properties":{}}`, "|no route", "hub connection b: it has routing of its own (i)"},
		"a gateway of other ways": {``, ``, `,{"id":"/n/gw","type":"Microsoft.Network/vpnGateways","properties":{}}`, "nothing filters it||", "gateway gw: which routes it tells its hub"},
	} {
		n := FromAzure(azureBodies(t, `[`+fmt.Sprintf(net, "a", 1, "", "")+fmt.Sprintf(net, "b", 2, c.subnet, c.connection)+`
		{"id":"/n/t","type":"Microsoft.Network/routeTables","properties":{"disableBgpRoutePropagation":true}},
		{"id":"/n/hub","type":"Microsoft.Network/virtualHubs","properties":{}}`+c.more+`]`))
		d, ok := NewOracle(n, false).Between("/n/nic-a", "/n/nic-b", 443)
		if got := d.Passes + "|" + d.Stops + "|" + d.Unknown; !ok || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if text := fmt.Sprint(n.Doubts); c.doubt == "" && len(n.Doubts) > 0 || !strings.Contains(text, c.doubt) {
			t.Errorf("%s: doubts %q, want %q", name, text, c.doubt)
		}
	}
}
