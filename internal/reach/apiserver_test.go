package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// clusters are an EKS cluster and the AKS cluster that takes its place, with a
// machine of the workload's own in group web; vpc is what the cluster says of its
// API server, profile what the target says of its own.
func clusters(t *testing.T, vpc, profile string) (Network, Network, Pairing) {
	t.Helper()
	a := &account{}
	a.add(t, "AWS::EC2::VPC", "vpc", `{"CidrBlock":"10.0.0.0/16"}`)
	a.add(t, "AWS::EC2::Subnet", "s1", `{"VpcId":"vpc","CidrBlock":"10.0.1.0/24"}`)
	a.add(t, "AWS::EC2::Subnet", "s2", `{"VpcId":"vpc","CidrBlock":"10.0.2.0/24"}`)
	a.add(t, "AWS::EC2::InternetGateway", "igw-1", `{}`)
	a.add(t, kindTable, "out", `{"VpcId":"vpc"}`)
	a.add(t, kindAssociation, "on1", `{"SubnetId":"s1","RouteTableId":"out"}`)
	a.add(t, kindRoute, "r", `{"RouteTableId":"out","DestinationCidrBlock":"0.0.0.0/0","GatewayId":"igw-1"}`)
	const all = `[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}]`
	a.add(t, kindGroup, "web", `{"GroupName":"web","VpcId":"vpc","SecurityGroupEgress":`+all+`}`)
	a.add(t, kindGroup, "lone", `{"GroupName":"lone","VpcId":"vpc","SecurityGroupEgress":`+all+`}`)
	a.add(t, kindGroup, "api", `{"GroupName":"api","VpcId":"vpc","SecurityGroupIngress":[{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"SourceSecurityGroupId":"web"}]}`)
	a.add(t, kindCluster, "k", `{"ResourcesVpcConfig":{"SubnetIds":["s2"],"SecurityGroupIds":["api"]`+vpc+`}}`)
	a.add(t, "AWS::EC2::Instance", "w", `{"SubnetId":"s1","SecurityGroupIds":["web"],"PublicIp":"198.51.100.1","PrivateIpAddress":"10.0.1.9"}`)
	a.add(t, "AWS::EC2::Instance", "x", `{"SubnetId":"s2","SecurityGroupIds":["lone"],"PrivateIpAddress":"10.0.2.9"}`)
	rule := func(name, way, access string, priority int) string {
		return fmt.Sprintf(`{"name":%q,"properties":{"access":%q,"direction":%q,"priority":%d,"protocol":"*","sourceAddressPrefix":"*","sourcePortRange":"*","destinationAddressPrefix":"*","destinationPortRange":"*"}}`, name, access, way, priority)
	}
	target := FromAzure(azureBodies(t, `[
	{"id":"/n/v","type":"Microsoft.Network/virtualNetworks","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]}}},
	{"id":"/n/v/subnets/s1","type":"Microsoft.Network/virtualNetworks/subnets","properties":{"addressPrefix":"10.0.1.0/24","defaultOutboundAccess":false}},
	{"id":"/n/v/subnets/s2","type":"Microsoft.Network/virtualNetworks/subnets","properties":{"addressPrefix":"10.0.2.0/24","defaultOutboundAccess":false}},
	{"id":"/n/open","type":"Microsoft.Network/networkSecurityGroups","properties":{"securityRules":[`+rule("out", "Outbound", "Allow", 100)+`,`+rule("in", "Inbound", "Deny", 100)+`]}},
	{"id":"/n/w","type":"Microsoft.Network/networkInterfaces","properties":{"networkSecurityGroup":{"id":"/n/open"},"ipConfigurations":[{"properties":{"subnet":{"id":"/n/v/subnets/s1"},"privateIPAllocationMethod":"Static","privateIPAddress":"10.0.1.9","publicIPAddress":{"id":"/n/ip"}}}]}},
	{"id":"/n/x","type":"Microsoft.Network/networkInterfaces","properties":{"networkSecurityGroup":{"id":"/n/open"},"ipConfigurations":[{"properties":{"subnet":{"id":"/n/v/subnets/s2"},"privateIPAllocationMethod":"Static","privateIPAddress":"10.0.2.9"}}]}},
	{"id":"/n/k","type":"Microsoft.ContainerService/managedClusters","properties":{"apiServerAccessProfile":`+profile+`,"agentPoolProfiles":[{"vnetSubnetID":"/n/v/subnets/s2"}]}}]`))
	return FromAWS(a.list, a.find), target, Pairing{Ends: []Pair{{Source: "w", Target: "/n/w"}, {Source: "x", Target: "/n/x"}, {Source: "k|api", Target: "/n/k"}}}
}

// TestAPIServers: who reaches a cluster's API server is decided on both sides,
// by its interfaces in the VPC and by its public address (Amazon EKS User Guide,
// "Cluster API server endpoint"; Microsoft Learn, "Create a private Azure
// Kubernetes Service (AKS) cluster" and "Use API server authorized IP address
// ranges in Azure Kubernetes Service (AKS)").
func TestAPIServers(t *testing.T) {
	t.Parallel()
	const private, both = `,"EndpointPrivateAccess":true,"EndpointPublicAccess":false`, `,"EndpointPrivateAccess":true`
	const narrow = `,"PublicAccessCidrs":["203.0.113.0/24"]`
	for name, c := range map[string]struct {
		vpc, profile string
		want         string
		undecided    string
	}{
		"public on both sides, and the groups guard nothing": {``, `{}`, "", ""},
		"the same ranges":                          {narrow, `{"authorizedIPRanges":["203.0.113.0/24"]}`, "", ""},
		"ranges that are left out":                 {narrow, `{}`, "network.wider:0.0.0.0/0:k-api-server:tcp:443", "whether w may reach it"},
		"ranges that are added":                    {``, `{"authorizedIPRanges":["203.0.113.0/24"]}`, "network.narrower:0.0.0.0/0:k-api-server:tcp:443", "whether w may reach it"},
		"private on both sides, and no NSG guards": {private, `{"enablePrivateCluster":true}`, "network.wider:x:k-api-server:tcp:443", ""},
		"private made public":                      {private, `{}`, "network.wider:0.0.0.0/0:k-api-server:tcp:443", ""},
		"both ways, of which one is kept":          {both, `{}`, "", ""},
		"both ways, and ranges":                    {both + narrow, `{"authorizedIPRanges":["203.0.113.0/24"]}`, "", "k API server: whether w may reach it"},
		"public made private":                      {``, `{"enablePrivateCluster":true}`, "network.narrower:0.0.0.0/0:k-api-server:tcp:443", ""},
		"a range that is not known":                {`,"PublicAccessCidrs":["${param:Office}"]`, `{}`, "", "k API server: the block ${param:Office}"},
		"whether it is private is not known":       {`,"EndpointPrivateAccess":"${param:Private}"`, `{}`, "", "EndpointPrivateAccess ${param:Private} is not known"},
	} {
		source, target, p := clusters(t, c.vpc, c.profile)
		if len(source.Doubts)+len(target.Doubts) > 0 {
			t.Errorf("%s: %v %v", name, source.Doubts, target.Doubts)
		}
		proof := Compare(source, target, p)
		var about []string
		for _, d := range proof.Differences {
			if strings.Contains(d.Name, "k-api-server") {
				about = append(about, d.Name)
			}
		}
		if c.want != "" && !slices.Contains(about, c.want) || c.want == "" && len(about) > 0 {
			t.Errorf("%s: %q, want %q", name, about, c.want)
		}
		if got := strings.Join(proof.Undecided, "\n"); c.undecided == "" && got != "" || !strings.Contains(got, c.undecided) {
			t.Errorf("%s: undecided %q, want %q", name, got, c.undecided)
		}
	}
}

// TestAPIServerWithoutCounterpart is named.
func TestAPIServerWithoutCounterpart(t *testing.T) {
	t.Parallel()
	source, target, p := clusters(t, ``, `{}`)
	p.Ends[2].Target = "/n/w"
	if got := Compare(source, target, p).Undecided; len(got) != 1 || got[0] != "k API server: nothing at the target takes its place" {
		t.Errorf("%q", got)
	}
}

// TestOwnMachinesReachTheirAPIServer: whatever way the cluster's own machines
// have out, they are not compared with its public address.
func TestOwnMachinesReachTheirAPIServer(t *testing.T) {
	t.Parallel()
	source, target, p := clusters(t, `,"EndpointPrivateAccess":true`, `{}`)
	p.Ends = append(p.Ends, Pair{Source: "k", Target: "/n/k"})
	for _, d := range Compare(source, target, p).Differences {
		if strings.Contains(d.Name, "k-api-server") {
			t.Errorf("%+v", d)
		}
	}
}

// TestFargateProfile: pods are in the cluster's own group.
func TestFargateProfile(t *testing.T) {
	t.Parallel()
	a := small(t)
	a.add(t, kindCluster, "k", `{"ResourcesVpcConfig":{"SubnetIds":["s1"]}}`)
	a.add(t, kindFargate, "pods", `{"ClusterName":"k","Subnets":["s2"]}`)
	a.add(t, kindFargate, "anywhere", `{"ClusterName":"k"}`)
	a.add(t, kindFargate, "lost", `{"ClusterName":"gone","Subnets":["s2"]}`)
	n := FromAWS(a.list, a.find)
	for id, want := range map[string]string{"pods": "s2", "anywhere": "s1"} {
		i := slices.IndexFunc(n.Interfaces, func(f Interface) bool { return f.ID == id })
		if i < 0 || !slices.Equal(n.Interfaces[i].Labels, []string{"cluster-group|k"}) || n.Interfaces[i].Places[0].Subnet != want {
			t.Errorf("%s: %d %+v", id, i, n.Interfaces)
		}
	}
	if text := fmt.Sprint(n.Doubts); !strings.Contains(text, "Fargate profile lost: its cluster is not known") {
		t.Error(text)
	}
}

// TestIPv6Outwards: the default group lets all of IPv6 out in a VPC that has
// such a block, and where changes came before the block, nothing tells it
// (VPC user guide, "Default security groups for your VPCs").
func TestIPv6Outwards(t *testing.T) {
	t.Parallel()
	far := netip.MustParseAddr("2001:db8:9::1")
	for name, c := range map[string]struct {
		vpc    string
		block  bool
		change bool
		want   string
	}{
		"no block":                        {``, false, false, "|default group: no rule allows it|"},
		"a block of its own":              {`,"Ipv6CidrBlock":"2001:db8::/56"`, false, false, "default group: egress any all ::/0||"},
		"a block that came later":         {``, true, false, "default group: egress any all ::/0||"},
		"its own, and a change":           {`,"Ipv6CidrBlock":"2001:db8::/56"`, false, true, "default group: egress any all ::/0||"},
		"one that came later, and change": {``, true, true, "||a rule that is not known whole may decide"},
	} {
		a := &account{}
		a.add(t, "AWS::EC2::VPC", "vpc", `{"CidrBlock":"10.0.0.0/16","DefaultSecurityGroup":"sg-d"`+c.vpc+`}`)
		if c.block {
			a.add(t, "AWS::EC2::VPCCidrBlock", "six", `{"VpcId":"vpc","Ipv6CidrBlock":"2001:db8::/56"}`)
		}
		if c.change {
			a.add(t, "AWS::EC2::SecurityGroupEgress", "e", `{"GroupId":"sg-d","IpProtocol":"tcp","FromPort":22,"ToPort":22,"CidrIp":"10.0.0.0/8"}`)
		}
		a.add(t, "AWS::EC2::Subnet", "s", `{"VpcId":"vpc","CidrBlock":"10.0.1.0/24","Ipv6CidrBlock":"2001:db8:0:1::/64"}`)
		a.add(t, "AWS::EC2::EgressOnlyInternetGateway", "eigw", `{}`)
		a.add(t, kindTable, "out", `{"VpcId":"vpc"}`)
		a.add(t, kindAssociation, "on", `{"SubnetId":"s","RouteTableId":"out"}`)
		a.add(t, kindRoute, "r", `{"RouteTableId":"out","DestinationIpv6CidrBlock":"::/0","EgressOnlyInternetGatewayId":"eigw"}`)
		a.add(t, "AWS::EC2::Instance", "i", `{"SubnetId":"s","Ipv6Addresses":[{"Ipv6Address":"2001:db8:0:1::5"}]}`)
		if got := whoMay(FromAWS(a.list, a.find), "i", far, 443); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
