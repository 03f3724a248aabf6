package proof_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/rules"
)

// proved designs a template with all families.
func proved(t *testing.T, text string) *design.Design {
	t.Helper()
	d, err := designtest.Case{Families: rules.All(), Resources: designtest.FromTemplate(t, text)}.Try(t)
	if err != nil {
		t.Fatal(err)
	}
	if d.Network == nil {
		t.Fatal("nothing was proved")
	}
	return d
}

// unlike are the differences that no platform demands.
func unlike(d *design.Design) []string {
	var out []string
	for _, x := range d.Network.Differences {
		if !strings.HasPrefix(x.Name, "network.platform:") {
			out = append(out, x.Name+" ("+x.SourceRule+"; "+x.TargetRule+")")
		}
	}
	return out
}

// written is a value as JSON.
func written(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A public subnet and one behind a NAT gateway; %o is what else the public one
// says, %m the subnets of the cluster, %n what follows it.
const waysOut = `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.1.0.0/16}}
  Gate: {Type: AWS::EC2::InternetGateway}
  On: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Net, InternetGatewayId: !Ref Gate}}
  Open: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.1.1.0/24%o}}
  OpenT: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  OpenR: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref OpenT, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gate}}
  OpenA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref OpenT, SubnetId: !Ref Open}}
  Nat: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref Open}}
  Own: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.1.2.0/24}}
  OwnT: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  OwnR: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref OwnT, DestinationCidrBlock: 0.0.0.0/0, NatGatewayId: !Ref Nat}}
  OwnA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref OwnT, SubnetId: !Ref Own}}
  Shut: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.1.3.0/24}}
  ShutT: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  ShutA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref ShutT, SubnetId: !Ref Shut}}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: {Service: eks.amazonaws.com}, Action: 'sts:AssumeRole'}]}}}
  K: {Type: AWS::EKS::Cluster, Properties: {Name: k, RoleArn: !GetAtt Role.Arn, Version: '1.36', ResourcesVpcConfig: {SubnetIds: [%m]}}}
%n`

// TestWayOutOfACluster: AKS gives its machines a way to the Internet only where
// those of EKS have one.
func TestWayOutOfACluster(t *testing.T) {
	t.Parallel()
	nodes := func(name, subnet, more string) string {
		return "  " + name + ": {Type: AWS::EKS::Nodegroup, Properties: {ClusterName: !Ref K, NodeRole: !GetAtt Role.Arn, Subnets: [!Ref " + subnet + "]" + more + "}}\n"
	}
	template := func(public string) string {
		return "  L: {Type: AWS::EC2::LaunchTemplate, Properties: {LaunchTemplateData: {NetworkInterfaces: [{DeviceIndex: 0, AssociatePublicIpAddress: " + public + "}]}}}\n"
	}
	const public = ", MapPublicIpOnLaunch: true"
	for name, c := range map[string]struct{ open, subnets, more, want, gap string }{
		"no way out":                           {"", "!Ref Shut", nodes("N", "Shut", ""), "none", "eks.no-egress"},
		"no machines":                          {"", "!Ref Shut", "", "none", "eks.no-egress"},
		"behind a NAT gateway":                 {public, "!Ref Open, !Ref Own", nodes("N", "Own", ""), "userAssignedNATGateway", ""},
		"pods behind a NAT gateway":            {public, "!Ref Open, !Ref Own", "  F: {Type: AWS::EKS::FargateProfile, Properties: {ClusterName: !Ref K, PodExecutionRoleArn: !GetAtt Role.Arn, Subnets: [!Ref Own], Selectors: [{Namespace: x}]}}\n", "userAssignedNATGateway", ""},
		"behind one and with addresses":        {public, "!Ref Open, !Ref Own", nodes("N", "Own", "") + nodes("P", "Open", ""), "userAssignedNATGateway", ""},
		"with addresses":                       {public, "!Ref Open, !Ref Own", nodes("N", "Open", ""), "loadBalancer", ""},
		"with addresses of a template":         {"", "!Ref Open", template("true") + nodes("N", "Open", ", LaunchTemplate: {Id: !Ref L}"), "loadBalancer", ""},
		"without addresses":                    {"", "!Ref Open", nodes("N", "Open", ""), "none", "eks.no-egress-server"},
		"without those, which a template says": {public, "!Ref Open", template("false") + nodes("N", "Open", ", LaunchTemplate: {Id: !Ref L}"), "none", "eks.no-egress"},
	} {
		d := proved(t, strings.NewReplacer("%o", c.open, "%m", c.subnets, "%n", c.more).Replace(waysOut))
		cluster := designtest.One(t, d, "Microsoft.ContainerService/managedClusters")
		if got := design.Text(cluster.Body, "properties.networkProfile.outboundType"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if got := design.Text(cluster.Body, "properties.bootstrapProfile.artifactSource"); (got == "Cache") != (c.want == "none") {
			t.Errorf("%s: its own images come from %q", name, got)
		}
		if got := designtest.GapIDs(designtest.Decision(t, d, "K")); c.gap != "" && !slices.Contains(got, c.gap) || c.gap == "" && slices.Contains(got, "eks.no-egress") {
			t.Errorf("%s: %v", name, got)
		}
		if list := unlike(d); len(list) > 0 || len(d.Network.Undecided) > 0 || !d.Network.Equal {
			t.Errorf("%s: %v %v", name, list, d.Network.Undecided)
		}
	}
}

// TestMachinesOfSeveralKinds: machines without a way out share AKS's subnet with
// others that have one, and the proof says so.
func TestMachinesOfSeveralKinds(t *testing.T) {
	t.Parallel()
	more := `
  N: {Type: AWS::EKS::Nodegroup, Properties: {ClusterName: !Ref K, NodeRole: !GetAtt Role.Arn, Subnets: [!Ref Own, !Ref Shut]}}
`
	d := proved(t, strings.NewReplacer("%o", "", "%m", "!Ref Own, !Ref Shut", "%n", more).Replace(waysOut))
	if d.Network.Equal || len(unlike(d)) == 0 {
		t.Error("a way out that some machines did not have is called equal")
	}
}

// A balancer with a group before a machine; %s is the scheme, %b the rule of the
// balancer's group, %p the port that the machine takes.
const fronted = `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.1.0.0/16}}
  Gate: {Type: AWS::EC2::InternetGateway}
  On: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Net, InternetGatewayId: !Ref Gate}}
  T: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  R: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gate}}
  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.1.1.0/24}}
  TA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref T, SubnetId: !Ref A}}
  ClientGroup: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: client, VpcId: !Ref Net}}
  FrontGroup: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: front, VpcId: !Ref Net, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, %b}]}}
  BackGroup: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: back, VpcId: !Ref Net, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: %p, ToPort: %p, SourceSecurityGroupId: !Ref FrontGroup}]}}
  Client: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, InstanceType: t3.small, SubnetId: !Ref A, SecurityGroupIds: [!Ref ClientGroup]}}
  Back: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, InstanceType: t3.small, SubnetId: !Ref A, SecurityGroupIds: [!Ref BackGroup]}}
  Front: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Type: network, Scheme: %s, Subnets: [!Ref A], SecurityGroups: [!Ref FrontGroup]}}
  Listen: {Type: AWS::ElasticLoadBalancingV2::Listener, Properties: {LoadBalancerArn: !Ref Front, Port: 443, Protocol: TCP, DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]}}
  Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {VpcId: !Ref Net, Port: 8443, Protocol: TCP, TargetType: instance, Targets: [{Id: !Ref Back}]}}
`

// TestGroupOfABalancer: a rule that names the group of a balancer lets in whom
// that group lets in, to the port of the target alone.
func TestGroupOfABalancer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ scheme, rule, port, want string }{
		"a group":                    {"internal", "SourceSecurityGroupId: !Ref ClientGroup", "8443", "clientgroup"},
		"a block":                    {"internal", "CidrIp: 10.1.1.0/25", "8443", ".0/25"},
		"everyone inside":            {"internal", "CidrIp: 0.0.0.0/0", "8443", "10.0.0.0/8"},
		"the internet":               {"internet-facing", "CidrIp: 0.0.0.0/0", "8443", "Internet"},
		"a block of the internet":    {"internet-facing", "CidrIp: 203.0.113.0/24", "8443", "203.0.113.0/24"},
		"another port of the target": {"internal", "CidrIp: 10.1.1.0/25", "8080", ""},
		"inside from outside":        {"internet-facing", "SourceSecurityGroupId: !Ref ClientGroup", "8443", ""},
	} {
		d := proved(t, strings.NewReplacer("%s", c.scheme, "%b", c.rule, "%p", c.port).Replace(fronted))
		if list := unlike(d); len(list) > 0 || len(d.Network.Undecided) > 0 {
			t.Errorf("%s: %v %v", name, list, d.Network.Undecided)
		}
		got := ""
		for _, r := range designtest.Resources(d, "Microsoft.Network/networkSecurityGroups") {
			for _, m := range design.Maps(design.At(r.Body, "properties.securityRules")) {
				if r.Name == "nsg-BackGroup" && design.Text(m, "properties.direction") == "Inbound" && design.Text(m, "properties.access") == "Allow" && !strings.HasPrefix(design.Text(m, "name"), "platform-") {
					got += design.Text(m, "properties.destinationPortRange") + " " + strings.ToLower(written(t, m)) + "\n"
				}
			}
		}
		if c.want == "" && got != "" || c.want != "" && (!strings.Contains(got, strings.ToLower(c.want)) || !strings.Contains(got, "8443") || strings.Contains(got, "frontgroup")) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestIPv6OfMadeGroups: the rule with which AWS lets a group's members out over
// IPv6 is in the NSG where the VPC has had IPv6, and nowhere else.
func TestIPv6OfMadeGroups(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		more string
		want bool
	}{
		"without IPv6": {"", false},
		"with a block": {"  Six: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Net, AmazonProvidedIpv6CidrBlock: true}}\n", true},
		"with a block and rules that were changed": {`  Six: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref Net, AmazonProvidedIpv6CidrBlock: true}}
  X: {Type: AWS::EC2::SecurityGroupEgress, Properties: {GroupId: !Ref ClientGroup, IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 203.0.113.0/24}}
`, false},
	} {
		d := proved(t, strings.NewReplacer("%s", "internal", "%b", "CidrIp: 10.1.1.0/25", "%p", "8443").Replace(fronted)+c.more)
		got := false
		for _, r := range designtest.Resources(d, "Microsoft.Network/networkSecurityGroups") {
			got = got || r.Name == "nsg-ClientGroup" && strings.Contains(written(t, r.Body), `"::/0"`)
		}
		if got != c.want {
			t.Errorf("%s: IPv6 outwards %v, want %v", name, got, c.want)
		}
	}
}

// TestListOfAnEndpoint: a rule that names the prefix list of a gateway endpoint
// by the endpoint's attribute, or by the id that its routes have, means the
// service.
func TestListOfAnEndpoint(t *testing.T) {
	t.Parallel()
	d := proved(t, strings.NewReplacer("%s", "internal", "%b", "CidrIp: 10.1.1.0/25", "%p", "8443").Replace(fronted)+`
  Store: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref Net, VpcEndpointType: Gateway, ServiceName: com.amazonaws.us-east-1.s3, RouteTableIds: [!Ref T]}}
  To: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationPrefixListId: pl-63a5400a, VpcEndpointId: !Ref Store}}
  OutGroup: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: out, VpcId: !Ref Net, SecurityGroupEgress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, DestinationPrefixListId: pl-63a5400a}]}}
  Out: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, InstanceType: t3.small, SubnetId: !Ref A, SecurityGroupIds: [!Ref OutGroup]}}
`)
	found := false
	for _, r := range designtest.Resources(d, "Microsoft.Network/networkSecurityGroups") {
		found = found || r.Name == "nsg-OutGroup" && strings.Contains(written(t, r.Body), `"Storage"`)
	}
	if !found {
		t.Error("the list is not known")
	}
}

// TestUndecidedOnce: what stays undecided for two reasons is said once for each.
func TestUndecidedOnce(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, strings.NewReplacer("%o", "", "%m", "!Ref Shut", "%n", "").Replace(waysOut))...)
	if d.Network == nil || len(d.Network.Undecided) == 0 {
		t.Fatal("a cluster without a counterpart is decided")
	}
	if slices.Sort(d.Network.Undecided); len(slices.Compact(slices.Clone(d.Network.Undecided))) != len(d.Network.Undecided) {
		t.Errorf("%q", d.Network.Undecided)
	}
}
