package reach

import (
	"net/netip"
	"strings"
	"testing"
)

// TestNodeGroups: machines of a node group are in the group that EKS makes, or
// in those of their launch template; what is not known is named.
func TestNodeGroups(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		nodes  string
		labels string
		doubt  string
	}{
		"the cluster's group":   {`{"ClusterName":"k","Subnets":["s1"]}`, "cluster-group|k", ""},
		"a launch template":     {`{"ClusterName":"k","Subnets":["s1"],"LaunchTemplate":{"Id":"lt","Version":"1"}}`, "web", ""},
		"an unknown template":   {`{"ClusterName":"k","Subnets":["s1"],"LaunchTemplate":{"Id":"lt-gone"}}`, "", "launch template is not known"},
		"an unknown cluster":    {`{"ClusterName":"gone","Subnets":["s1"]}`, "", "its cluster is not known"},
		"SSH from everywhere":   {`{"ClusterName":"k","Subnets":["s1"],"RemoteAccess":{"Ec2SshKey":"key"}}`, "cluster-group|k remote-access|nodes", ""},
		"SSH from one group":    {`{"ClusterName":"k","Subnets":["s1"],"RemoteAccess":{"Ec2SshKey":"key","SourceSecurityGroups":["web"]}}`, "cluster-group|k remote-access|nodes", ""},
		"no key, and no access": {`{"ClusterName":"k","Subnets":["s1"],"RemoteAccess":{}}`, "cluster-group|k", ""},
	} {
		a := small(t)
		a.add(t, kindCluster, "k", `{"ResourcesVpcConfig":{"SubnetIds":["s1","s2"]}}`)
		a.add(t, "AWS::EC2::LaunchTemplate", "lt", `{"LaunchTemplateData":{"NetworkInterfaces":[{"Groups":["web"]}]}}`)
		a.add(t, kindNodes, "nodes", c.nodes)
		n := FromAWS(a.list, a.find)
		labels := ""
		for _, f := range n.Interfaces {
			if f.ID == "nodes" {
				labels = strings.Join(f.Labels, " ")
			}
			if f.ID == "k" && strings.Join(f.Labels, " ") != "cluster-group|k" {
				t.Errorf("%s: the cluster is in %v", name, f.Labels)
			}
		}
		if labels != c.labels {
			t.Errorf("%s: labels %q, want %q", name, labels, c.labels)
		}
		text := ""
		for _, d := range n.Doubts {
			text += d.Text + "\n"
		}
		if c.doubt != "" && !strings.Contains(text, c.doubt) || c.doubt == "" && strings.Contains(text, "node group") {
			t.Errorf("%s: doubts %q", name, text)
		}
	}
}

// egress is a spoke whose way out leads through a transit gateway to the network
// that hub describes: by what routes its attachment's subnet.
func egress(t *testing.T, routes ...string) *account {
	t.Helper()
	a := &account{}
	a.add(t, "AWS::EC2::VPC", "spoke", `{"CidrBlock":"10.1.0.0/16"}`)
	a.add(t, "AWS::EC2::VPC", "hub", `{"CidrBlock":"10.2.0.0/16"}`)
	for name, at := range map[string]string{"s": "spoke 10.1.1", "h": "hub 10.2.1", "p": "hub 10.2.2"} {
		vpc, block, _ := strings.Cut(at, " ")
		a.add(t, "AWS::EC2::Subnet", name, `{"VpcId":"`+vpc+`","CidrBlock":"`+block+`.0/24"}`)
		a.add(t, "AWS::EC2::RouteTable", "t-"+name, `{"VpcId":"`+vpc+`"}`)
		a.add(t, kindAssociation, "on-"+name, `{"SubnetId":"`+name+`","RouteTableId":"t-`+name+`"}`)
	}
	a.add(t, "AWS::EC2::InternetGateway", "igw-1", `{}`)
	a.add(t, "AWS::EC2::NatGateway", "nat", `{"SubnetId":"p"}`)
	a.add(t, kindTransit, "tgw", `{"DefaultRouteTableAssociation":"enable","AssociationDefaultRouteTableId":"tgw-rtb-1"}`)
	a.add(t, "AWS::EC2::TransitGatewayVpcAttachment", "at-s", `{"TransitGatewayId":"tgw","VpcId":"spoke","SubnetIds":["s"]}`)
	a.add(t, "AWS::EC2::TransitGatewayVpcAttachment", "at-h", `{"TransitGatewayId":"tgw","VpcId":"hub","SubnetIds":["h"]}`)
	a.add(t, "AWS::EC2::TransitGatewayRoute", "all", `{"TransitGatewayRouteTableId":"tgw-rtb-1","DestinationCidrBlock":"0.0.0.0/0","TransitGatewayAttachmentId":"at-h"}`)
	for n, r := range append(routes, `{"RouteTableId":"t-s","DestinationCidrBlock":"0.0.0.0/0","TransitGatewayId":"tgw"}`, `{"RouteTableId":"t-p","DestinationCidrBlock":"0.0.0.0/0","GatewayId":"igw-1"}`) {
		a.add(t, "AWS::EC2::Route", "route-"+string(rune('a'+n)), r)
	}
	a.add(t, "AWS::EC2::SecurityGroup", "sg", `{"GroupName":"sg","VpcId":"spoke","SecurityGroupEgress":[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}]}`)
	a.add(t, "AWS::EC2::Instance", "i", `{"SubnetId":"s","SecurityGroupIds":["sg"]}`)
	return a
}

// TestThroughASharedNetwork: what a transit gateway hands to a network that lacks
// the address goes on by that network's routes: to a NAT gateway that knows the
// way back, nowhere, or to what nobody has computed.
func TestThroughASharedNetwork(t *testing.T) {
	t.Parallel()
	const toNAT, back = `{"RouteTableId":"t-h","DestinationCidrBlock":"0.0.0.0/0","NatGatewayId":"nat"}`, `{"RouteTableId":"t-p","DestinationCidrBlock":"10.0.0.0/8","TransitGatewayId":"tgw"}`
	for name, c := range map[string]struct {
		routes []string
		want   string
	}{
		"a NAT gateway":           {[]string{toNAT, back}, "sg: egress"},
		"one without a way back":  {[]string{toNAT}, "|no route: t-s"},
		"no route at all":         {nil, "|no route: t-s"},
		"a bare internet gateway": {[]string{`{"RouteTableId":"t-h","DestinationCidrBlock":"0.0.0.0/0","GatewayId":"igw-1"}`}, "|no route: t-s"},
		"a firewall":              {[]string{`{"RouteTableId":"t-h","DestinationCidrBlock":"0.0.0.0/0","VpcEndpointId":"vpce-9"}`}, "||t-s"},
	} {
		a := egress(t, c.routes...)
		if got := whoMay(FromAWS(a.list, a.find), "i", netip.MustParseAddr("203.0.113.1"), 443); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
