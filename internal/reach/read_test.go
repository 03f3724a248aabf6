package reach

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// account is a small inventory in which everything is found by its name.
type account struct {
	list []*inventory.Resource
}

func (a *account) add(t *testing.T, kind cloud.Kind, name, properties string) *inventory.Resource {
	t.Helper()
	r := &inventory.Resource{ID: cloud.ResourceID(name), Kind: kind, Name: name}
	if err := json.Unmarshal([]byte(properties), &r.Properties); err != nil {
		t.Fatal(err)
	}
	a.list = append(a.list, r)
	return r
}

func (a *account) find(_ *inventory.Resource, value any, kinds ...cloud.Kind) (*inventory.Resource, bool) {
	for _, r := range a.list {
		if s, ok := value.(string); ok && string(r.ID) == s && (len(kinds) == 0 || slices.Contains(kinds, r.Kind)) {
			return r, true
		}
	}
	return nil, false
}

// small is a VPC with what a web shop has.
func small(t *testing.T) *account {
	t.Helper()
	a := &account{}
	a.add(t, "AWS::EC2::VPC", "vpc", `{"CidrBlock":"10.0.0.0/16","CidrBlockAssociationSet":[{"CidrBlock":"10.9.0.0/16","CidrBlockState":{"State":"associated"}},{"CidrBlock":"10.8.0.0/16","CidrBlockState":{"State":"disassociated"}}]}`)
	a.add(t, "AWS::EC2::VPCCidrBlock", "more", `{"VpcId":"vpc","Ipv6CidrBlock":"2001:db8::/56"}`)
	a.add(t, "AWS::EC2::Subnet", "s1", `{"VpcId":"vpc","CidrBlock":"10.0.1.0/24","MapPublicIpOnLaunch":true}`)
	a.add(t, "AWS::EC2::Subnet", "s2", `{"VpcId":"vpc","CidrBlock":"10.0.2.0/24"}`)
	a.add(t, "AWS::EC2::InternetGateway", "igw", `{}`)
	a.add(t, "AWS::EC2::NatGateway", "nat", `{"SubnetId":"s1"}`)
	main := a.add(t, "AWS::EC2::RouteTable", "main", `{"VpcId":"vpc"}`)
	main.Attributes = map[string]any{"Main": true}
	a.add(t, "AWS::EC2::RouteTable", "out", `{"VpcId":"vpc"}`)
	a.add(t, "AWS::EC2::Route", "r1", `{"RouteTableId":"out","DestinationCidrBlock":"0.0.0.0/0","GatewayId":"igw"}`)
	a.add(t, "AWS::EC2::Route", "r2", `{"RouteTableId":"main","DestinationCidrBlock":"0.0.0.0/0","NatGatewayId":"nat"}`)
	a.add(t, "AWS::EC2::Route", "r3", `{"RouteTableId":"main","DestinationCidrBlock":"10.50.0.0/16","NetworkInterfaceId":"eni-1"}`)
	a.add(t, "AWS::EC2::Route", "r4", `{"RouteTableId":"main","DestinationCidrBlock":"10.51.0.0/16","TransitGatewayId":"gone","State":"blackhole"}`)
	a.add(t, "AWS::EC2::SubnetRouteTableAssociation", "a1", `{"RouteTableId":"out","SubnetId":"s1"}`)
	a.add(t, "AWS::EC2::PrefixList", "pl-1", `{"PrefixListName":"com.amazonaws.us-east-1.s3"}`)
	a.add(t, "AWS::EC2::PrefixList", "pl-2", `{"PrefixListName":"offices","Entries":[{"Cidr":"198.51.100.0/24"},{"Cidr":"203.0.113.0/24"}]}`)
	a.add(t, "AWS::EC2::VPCEndpoint", "s3", `{"ServiceName":"com.amazonaws.us-east-1.s3","VpcId":"vpc","RouteTableIds":["main"]}`)
	a.add(t, "AWS::EC2::SecurityGroup", "web", `{"GroupName":"web","VpcId":"vpc","SecurityGroupIngress":[{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"CidrIp":"0.0.0.0/0"},{"IpProtocol":"tcp","FromPort":22,"ToPort":22,"SourcePrefixListId":"pl-2"}],"SecurityGroupEgress":[{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"DestinationPrefixListId":"pl-1"}]}`)
	db := a.add(t, "AWS::EC2::SecurityGroup", "db", `{"GroupName":"db","VpcId":"vpc"}`)
	db.Provenance = []inventory.Provenance{{Source: inventory.CloudFormation}}
	a.add(t, "AWS::EC2::SecurityGroupIngress", "db-in", `{"GroupId":"db","IpProtocol":"6","FromPort":"5432","ToPort":"5432","SourceSecurityGroupId":"web"}`)
	a.add(t, "AWS::EC2::SecurityGroupIngress", "db-ping", `{"GroupId":"db","IpProtocol":"icmp","FromPort":8,"ToPort":-1,"CidrIp":"10.0.0.0/16"}`)
	a.add(t, "AWS::EC2::SecurityGroupIngress", "db-open", `{"GroupId":"db","IpProtocol":"-1","CidrIp":"${param:Office}"}`)
	a.add(t, "AWS::EC2::NetworkAcl", "acl", `{"VpcId":"vpc"}`)
	a.add(t, "AWS::EC2::NetworkAclEntry", "e1", `{"NetworkAclId":"acl","RuleNumber":100,"Protocol":6,"RuleAction":"allow","CidrBlock":"0.0.0.0/0","PortRange":{"From":443,"To":443}}`)
	a.add(t, "AWS::EC2::NetworkAclEntry", "e2", `{"NetworkAclId":"acl","RuleNumber":100,"Protocol":"1","Egress":true,"RuleAction":"deny","Ipv6CidrBlock":"::/0","Icmp":{"Type":8,"Code":0}}`)
	a.add(t, "AWS::EC2::SubnetNetworkAclAssociation", "aa", `{"NetworkAclId":"acl","SubnetId":"s2"}`)
	a.add(t, "AWS::EC2::Instance", "i-1", `{"SubnetId":"s1","SecurityGroupIds":["web"],"PrivateIpAddress":"10.0.1.7"}`)
	a.add(t, "AWS::EC2::Instance", "i-2", `{"NetworkInterfaces":[{"DeviceIndex":"0","SubnetId":"s2","GroupSet":["web","db"],"AssociatePublicIpAddress":false},{"DeviceIndex":"1","SubnetId":"s1","GroupSet":["db"]}]}`)
	a.add(t, "AWS::EC2::Instance", "i-3", `{"SubnetId":"s2"}`)
	a.add(t, "AWS::RDS::DBSubnetGroup", "set", `{"SubnetIds":["s1","s2"]}`)
	a.add(t, "AWS::RDS::DBInstance", "orders", `{"DBSubnetGroupName":"set","VPCSecurityGroups":["db"]}`)
	a.add(t, "AWS::Lambda::Function", "mailer", `{"VpcConfig":{"SubnetIds":["s2"],"SecurityGroupIds":["web"]}}`)
	a.add(t, "AWS::Lambda::Function", "outside", `{}`)
	a.add(t, "AWS::ElasticLoadBalancingV2::LoadBalancer", "alb", `{"Scheme":"internet-facing","Subnets":["s1"],"SecurityGroups":["web"]}`)
	a.add(t, "AWS::ElasticLoadBalancingV2::LoadBalancer", "nlb", `{"Type":"network","Scheme":"internet-facing","Subnets":["s1"]}`)
	a.add(t, "AWS::ElasticLoadBalancingV2::TargetGroup", "tg", `{"Port":8443,"Targets":[{"Id":"i-2"}]}`)
	a.add(t, "AWS::ElasticLoadBalancingV2::Listener", "l", `{"LoadBalancerArn":"nlb","DefaultActions":[{"Type":"forward","TargetGroupArn":"tg"}]}`)
	return a
}

func TestFromAWS(t *testing.T) {
	t.Parallel()
	a := small(t)
	n := FromAWS(a.list, a.find)
	if got := n.Spaces[0].Prefixes; !reflect.DeepEqual(got, prefixesOf("10.0.0.0/16", "10.9.0.0/16", "2001:db8::/56")) {
		t.Errorf("blocks %v", got)
	}
	if n.Subnets[0].Table != "out" || n.Subnets[1].Table != "main" || n.Subnets[1].Filter != "acl" || n.Subnets[0].Filter != "" {
		t.Errorf("subnets %+v", n.Subnets)
	}
	var hops []Hop
	for _, r := range n.Tables[0].Routes {
		hops = append(hops, r.Hop)
	}
	if want := []Hop{HopNAT, HopUnknown, HopNone, HopService}; !reflect.DeepEqual(hops, want) {
		t.Errorf("routes of the main table %v, want %v", hops, want)
	}
	filters := map[string]Filter{}
	for _, f := range n.Filters {
		filters[f.ID] = f
	}
	if web := filters["web"]; len(web.In[1].From.Prefixes) != 2 || !reflect.DeepEqual(web.Out[0].To.Tags, []string{"aws:s3"}) || len(web.Out) != 1 {
		t.Errorf("web %+v", web)
	}
	db := filters["db"]
	if len(db.In) != 3 || len(db.Out) != 2 || !db.Out[1].To.Prefixes[0].Addr().Is6() {
		t.Fatalf("db %+v", db)
	}
	if in := db.In[0]; in.Protocol != 6 || in.Ports[0] != (Range{5432, 5432}) || in.From.Labels[0] != "web" || in.Name != "ingress tcp 5432 web" {
		t.Errorf("db from web %+v", in)
	}
	if open := db.In[1]; open.Unknown == "" || open.Protocol != -1 {
		t.Errorf("a block that is not known: %+v", open)
	}
	if ping := db.In[2]; ping.Ports[0] != (Range{8 << 8, 8<<8 | 255}) || !strings.Contains(ping.Name, "type 8") {
		t.Errorf("ping %+v", ping)
	}
	acl := filters["acl"]
	if len(acl.In) != 1 || len(acl.Out) != 1 || !acl.Out[0].Deny || acl.Out[0].Ports[0] != (Range{8 << 8, 8 << 8}) {
		t.Errorf("acl %+v", acl)
	}
}

func TestFromAWSEndpoints(t *testing.T) {
	t.Parallel()
	a := small(t)
	n := FromAWS(a.list, a.find)
	ends := map[string]Interface{}
	for _, f := range n.Interfaces {
		ends[f.ID] = f
	}
	for _, id := range []string{"i-1", "i-2", "i-2|1", "i-3", "orders", "mailer", "alb"} {
		if _, ok := ends[id]; !ok {
			t.Errorf("no endpoint %s", id)
		}
	}
	if len(ends) != 7 {
		t.Errorf("%d endpoints: %v", len(ends), ends)
	}
	if f := ends["i-1"]; !f.Public || f.Places[0] != (Place{"s1", netip.MustParseAddr("10.0.1.7")}) {
		t.Errorf("i-1 %+v", f)
	}
	if f := ends["i-2"]; f.Public || !reflect.DeepEqual(f.Labels, []string{"web", "db"}) || !reflect.DeepEqual(f.Exposed, []Range{{8443, 8443}}) {
		t.Errorf("i-2 %+v", f)
	}
	if f := ends["i-3"]; !reflect.DeepEqual(f.Labels, []string{"default|vpc"}) {
		t.Errorf("i-3 is in the default group: %+v", f)
	}
	if f := ends["orders"]; len(f.Places) != 2 || !f.Mute {
		t.Errorf("orders %+v", f)
	}
	if f := ends["mailer"]; !f.Deaf || f.Mute {
		t.Errorf("mailer %+v", f)
	}
	if f := ends["alb"]; !f.Public {
		t.Errorf("alb %+v", f)
	}
}

// TestNothingBreaksTheReaders feeds properties of every wrong type.
func TestNothingBreaksTheReaders(t *testing.T) {
	t.Parallel()
	odd := []any{nil, "x", 1.5, true, []any{}, []any{nil, "x", map[string]any{}}, map[string]any{"x": nil}, map[string]any{"properties": []any{1.0}}}
	keys := []string{"VpcId", "CidrBlock", "CidrBlockAssociationSet", "SecurityGroupIngress", "SecurityGroupEgress", "Subnets", "SubnetIds", "NetworkInterfaces", "VPCZoneIdentifier",
		"LaunchTemplate", "PortRange", "Icmp", "Targets", "DefaultActions", "SubnetMappings", "SecurityGroups", "ServiceName", "NetworkLoadBalancerArns", "TargetGroupAttributes", "LoadBalancers", "ResourcesVpcConfig", "FirewallPolicy", "RuleGroup", "AllowedPrincipals", "Entries", "RouteTableIds", "VpcConfig", "Protocol", "RuleNumber"}
	for _, v := range odd {
		p := inventory.Properties{}
		for _, k := range keys {
			p[k] = v
		}
		a := &account{}
		for i, kind := range Kinds() {
			a.list = append(a.list, &inventory.Resource{ID: cloud.ResourceID(string(kind) + string(rune('a'+i%26))), Kind: kind, Properties: p, Attributes: map[string]any(p)})
		}
		FromAWS(a.list, a.find)
		var bodies []Body
		for _, kind := range []string{"virtualNetworks", "virtualNetworks/subnets", "networkSecurityGroups", "networkSecurityGroups/securityRules", "routeTables", "networkInterfaces", "privateEndpoints",
			"applicationGateways", "loadBalancers", "virtualNetworks/virtualNetworkPeerings", "localNetworkGateways", "connections", "virtualNetworkGateways",
			"virtualHubs", "virtualHubs/hubVirtualNetworkConnections", "virtualHubs/routingIntent", "virtualHubs/hubRouteTables", "vpnGateways"} {
			id := "/g/providers/Microsoft.Network/" + strings.ReplaceAll(kind, "/", "/x/") + "/y"
			bodies = append(bodies, Body{ID: id, Type: "Microsoft.Network/" + kind, Tree: map[string]any{"properties": v}})
		}
		bodies = append(bodies, Body{ID: "/g/k", Type: "Microsoft.ContainerService/managedClusters", Tree: map[string]any{"properties": v}})
		FromAzure(bodies)
	}
}

func azureBodies(t *testing.T, text string) []Body {
	t.Helper()
	var list []map[string]any
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	var out []Body
	for _, m := range list {
		id, _ := m["id"].(string)
		kind, _ := m["type"].(string)
		out = append(out, Body{ID: id, Type: kind, Tree: m})
	}
	return out
}

func TestFromAzure(t *testing.T) {
	t.Parallel()
	n := FromAzure(azureBodies(t, `[
	{"id":"/N/VNET","type":"Microsoft.Network/virtualNetworks","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]}}},
	{"id":"/N/other","type":"Microsoft.Network/virtualNetworks","properties":{"addressSpace":{"addressPrefixes":["10.1.0.0/16"]}}},
	{"id":"/N/VNET/subnets/web","type":"Microsoft.Network/virtualNetworks/subnets","properties":{"addressPrefix":"10.0.1.0/24","defaultOutboundAccess":false,"networkSecurityGroup":{"id":"/n/nsg"},"routeTable":{"id":"/n/table"}}},
	{"id":"/N/VNET/subnets/pe","type":"Microsoft.Network/virtualNetworks/subnets","properties":{"addressPrefixes":["10.0.2.0/24"],"privateEndpointNetworkPolicies":"Enabled"}},
	{"id":"/N/VNET/subnets/open","type":"Microsoft.Network/virtualNetworks/subnets","properties":{"addressPrefix":"10.0.3.0/24"}},
	{"id":"/N/VNET/virtualNetworkPeerings/a","type":"Microsoft.Network/virtualNetworks/virtualNetworkPeerings","properties":{"remoteVirtualNetwork":{"id":"/n/other"},"allowVirtualNetworkAccess":true}},
	{"id":"/N/other/virtualNetworkPeerings/b","type":"Microsoft.Network/virtualNetworks/virtualNetworkPeerings","properties":{"remoteVirtualNetwork":{"id":"/n/vnet"}}},
	{"id":"/n/nsg","type":"Microsoft.Network/networkSecurityGroups","properties":{"securityRules":[
	  {"name":"a","properties":{"access":"Allow","direction":"Inbound","priority":100,"protocol":"Tcp","sourceAddressPrefix":"internet","sourcePortRange":"*","destinationAddressPrefixes":["10.0.1.0/24","10.0.9.4"],"destinationPortRanges":["80","8080-8090"]}},
	  {"name":"b","properties":{"access":"Deny","direction":"Outbound","priority":200,"protocol":"*","sourceAddressPrefix":"*","sourcePortRange":"*","destinationApplicationSecurityGroups":[{"id":"/N/ASG"}],"destinationPortRange":"*"}},
	  {"name":"c","properties":{"access":"Allow","direction":"Inbound","priority":300,"protocol":"Icmp","sourceAddressPrefix":"[parameters('office')]","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"*"}}]}},
	{"id":"/n/nsg/securityRules/d","type":"Microsoft.Network/networkSecurityGroups/securityRules","properties":{"access":"Allow","direction":"Inbound","priority":50,"protocol":"Udp","sourceAddressPrefix":"*","sourcePortRange":"1000-2000","destinationAddressPrefix":"VirtualNetwork","destinationPortRange":"53"}},
	{"id":"/n/table","type":"Microsoft.Network/routeTables","properties":{"routes":[{"name":"x","properties":{"addressPrefix":"0.0.0.0/0","nextHopType":"VirtualAppliance","nextHopIpAddress":"10.0.1.4"}},{"name":"y","properties":{"addressPrefix":"10.9.0.0/16","nextHopType":"None"}}]}},
	{"id":"/n/nic","type":"Microsoft.Network/networkInterfaces","properties":{"ipConfigurations":[{"name":"m","properties":{"subnet":{"id":"/n/vnet/subnets/web"},"privateIPAllocationMethod":"Static","privateIPAddress":"10.0.1.9","applicationSecurityGroups":[{"id":"/n/asg"}],"publicIPAddress":{"id":"/n/ip"},"loadBalancerBackendAddressPools":[{"id":"/n/lb/backendAddressPools/p"}]}}]}},
	{"id":"/n/lb","type":"Microsoft.Network/loadBalancers","properties":{"frontendIPConfigurations":[{"name":"f","properties":{"publicIPAddress":{"id":"/n/ip2"}}}],"loadBalancingRules":[{"name":"r","properties":{"frontendIPConfiguration":{"id":"/n/lb/frontendIPConfigurations/f"},"backendAddressPool":{"id":"/n/lb/backendAddressPools/p"},"backendPort":8443,"frontendPort":443}}]}},
	{"id":"/n/pe","type":"Microsoft.Network/privateEndpoints","properties":{"subnet":{"id":"/n/vnet/subnets/pe"}}},
	{"id":"/n/pe2","type":"Microsoft.Network/privateEndpoints","properties":{"subnet":{"id":"/n/vnet/subnets/open"}}},
	{"id":"/n/app","type":"Microsoft.Web/sites","properties":{"virtualNetworkSubnetId":"/n/vnet/subnets/open"}},
	{"id":"/n/pg","type":"Microsoft.DBforPostgreSQL/flexibleServers","properties":{"network":{"delegatedSubnetResourceId":"/n/vnet/subnets/open"}}}]`))
	if len(n.Links) != 1 || len(n.Spaces) != 2 {
		t.Errorf("links %+v of %+v", n.Links, n.Spaces)
	}
	nsg := n.Filters[0]
	if len(nsg.In) != 6 || len(nsg.Out) != 4 {
		t.Fatalf("rules %+v", nsg)
	}
	if a := nsg.In[0]; a.From.Tags[0] != TagInternet || len(a.To.Prefixes) != 2 || a.Ports[1] != (Range{8080, 8090}) || a.SourcePorts != nil {
		t.Errorf("a %+v", a)
	}
	if b := nsg.Out[0]; !b.Deny || b.To.Labels[0] != "/n/asg" || b.Protocol != -1 {
		t.Errorf("b %+v", b)
	}
	if c := nsg.In[1]; c.Unknown == "" || c.Protocol != 1 {
		t.Errorf("c %+v", c)
	}
	if d := nsg.In[5]; d.Order != 50 || d.SourcePorts[0] != (Range{1000, 2000}) || d.To.Tags[0] != TagNetwork {
		t.Errorf("d %+v", d)
	}
	if r := n.Tables[0].Routes; r[0].Hop != HopUnknown || r[1].Hop != HopNone {
		t.Errorf("routes %+v", r)
	}
	ends := map[string]Interface{}
	for _, f := range n.Interfaces {
		ends[f.ID] = f
	}
	if f := ends["/n/nic"]; !f.Public || !f.Closed || !f.Translated || f.Labels[0] != "/n/asg" || f.Exposed[0] != (Range{8443, 8443}) || !f.Places[0].Address.IsValid() {
		t.Errorf("nic %+v", f)
	}
	if !ends["/n/pe2"].Open || ends["/n/pe"].Open || !ends["/n/pe"].Mute || !ends["/n/app"].Deaf || !ends["/n/pg"].Mute {
		t.Errorf("ends %+v", ends)
	}
	if s := n.Subnets[slices.IndexFunc(n.Subnets, func(s Subnet) bool { return s.Name == "web" })]; s.Outbound || s.Filter != "/n/nsg" || s.Table != "/n/table" {
		t.Errorf("web %+v", s)
	}
}

// TestApart parts lists that a parameter gives as one text, and no function.
func TestApart(t *testing.T) {
	t.Parallel()
	const open = `${Fn::Split:[",","${import:${param:App}-Subnets}"]}`
	for text, want := range map[string][]string{
		"": {""}, "s1": {"s1"}, "s1,s2": {"s1", "s2"}, open: {open}, "${param:A},${param:B}": {"${param:A}", "${param:B}"}, "a}},b": {"a}}", "b"}, "{,": {"{,"},
	} {
		if got := apart(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	a := &account{}
	a.add(t, "AWS::EC2::Instance", "i", `{"SubnetId":"${Fn::Split:[\",\",\"x\"]}","SecurityGroupIds":["${Fn::Split:[\",\",\"y\"]}"]}`)
	n := FromAWS(a.list, a.find)
	if f := n.Interfaces[0]; len(f.Places) != 1 || len(f.Labels) != 1 {
		t.Errorf("a function is taken apart: %+v", f)
	}
}
