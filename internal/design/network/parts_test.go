package network_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/network"
	"example.com/landfall/internal/inventory"
)

const parts = `
  Wall: {Type: AWS::NetworkFirewall::Firewall, Properties: {FirewallName: wall, VpcId: !Ref A, FirewallPolicyArn: !Ref Law, SubnetMappings: [{SubnetId: !Ref ASub}]}}
  Law:
    Type: AWS::NetworkFirewall::FirewallPolicy
    Properties:
      FirewallPolicyName: law
      FirewallPolicy: {StatelessDefaultActions: ["aws:forward_to_sfe"], StatelessFragmentDefaultActions: ["aws:forward_to_sfe"], StatefulRuleGroupReferences: [{ResourceArn: !Ref Names}, {ResourceArn: !Ref Five}, {ResourceArn: !Ref Script}]}
  Names: {Type: AWS::NetworkFirewall::RuleGroup, Properties: {RuleGroupName: names, Capacity: 10, Type: STATEFUL, RuleGroup: {RulesSource: {RulesSourceList: {GeneratedRulesType: ALLOWLIST, Targets: [.example.com, api.example.org], TargetTypes: [TLS_SNI]}}}}}
  Five:
    Type: AWS::NetworkFirewall::RuleGroup
    Properties:
      RuleGroupName: five
      Capacity: 10
      Type: STATEFUL
      RuleGroup: {RulesSource: {StatefulRules: [{Action: DROP, Header: {Protocol: TCP, Source: ANY, SourcePort: ANY, Direction: ANY, Destination: 198.51.100.0/24, DestinationPort: "22"}, RuleOptions: [{Keyword: "sid:1"}]}]}}
  Script: {Type: AWS::NetworkFirewall::RuleGroup, Properties: {RuleGroupName: script, Capacity: 10, Type: STATEFUL, RuleGroup: {RulesSource: {RulesString: 'pass tcp any any -> any any (sid:1;)'}}}}
  Ask: {Type: AWS::Route53Resolver::ResolverEndpoint, Properties: {Name: ask, Direction: OUTBOUND, SecurityGroupIds: [], IpAddresses: [{SubnetId: !Ref ASub}, {SubnetId: !Ref ASub}]}}
  Told: {Type: AWS::Route53Resolver::ResolverEndpoint, Properties: {Name: told, Direction: INBOUND, SecurityGroupIds: [], IpAddresses: [{SubnetId: !Ref ASub}, {SubnetId: !Ref ASub}]}}
  Corp: {Type: AWS::Route53Resolver::ResolverRule, Properties: {Name: corp, RuleType: FORWARD, DomainName: corp.example, ResolverEndpointId: !Ref Ask, TargetIps: [{Ip: 192.168.0.53, Port: 53}]}}
  CorpHere: {Type: AWS::Route53Resolver::ResolverRuleAssociation, Properties: {ResolverRuleId: !Ref Corp, VPCId: !Ref A}}
  Space: {Type: AWS::ServiceDiscovery::PrivateDnsNamespace, Properties: {Name: svc.internal, Vpc: !Ref A}}
  Dhcp: {Type: AWS::EC2::DHCPOptions, Properties: {DomainNameServers: [10.0.1.53, AmazonProvidedDNS], DomainName: corp.example, Tags: [{Key: Name, Value: dhcp}]}}
  DhcpOn: {Type: AWS::EC2::VPCDHCPOptionsAssociation, Properties: {VpcId: !Ref A, DhcpOptionsId: !Ref Dhcp}}
  Idle: {Type: AWS::EC2::EIP, Properties: {Domain: vpc}}
  Used: {Type: AWS::EC2::EIP, Properties: {Domain: vpc, InstanceId: !Ref Box}}
  Box: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, SubnetId: !Ref ASub}}
  Mirror: {Type: AWS::EC2::TrafficMirrorTarget, Properties: {Description: m}}
  Tokens: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref A, VpcEndpointType: Interface, ServiceName: com.amazonaws.us-east-1.sts, SubnetIds: [!Ref ASub]}}
`

func TestParts(t *testing.T) {
	t.Parallel()
	d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+parts)
	bodies := *d
	// The published types stop at the rulesets themselves.
	bodies.Resources = slices.DeleteFunc(slices.Clone(d.Resources), func(r design.Resource) bool {
		return strings.HasPrefix(string(r.Type), "Microsoft.Network/dnsForwardingRulesets/")
	})
	bodies.Decisions = nil
	designtest.Check(t, &bodies)
	cases := []struct {
		name   string
		action design.Action
		gap    string
		target string
	}{
		{"wall", design.Migrate, "firewall.implicit-deny", "Microsoft.Network/azureFirewalls"},
		{"names", design.Migrate, "", "Microsoft.Network/firewallPolicies"},
		{"five", design.Migrate, "", "Microsoft.Network/firewallPolicies"},
		{"script", design.Manual, "firewall.suricata", ""},
		{"ask", design.Migrate, "resolver.addresses", "Microsoft.Network/dnsResolvers"},
		{"told", design.Migrate, "resolver.addresses", "Microsoft.Network/dnsResolvers"},
		{"corp", design.Migrate, "", "Microsoft.Network/dnsForwardingRulesets"},
		{"CorpHere", design.Migrate, "", "Microsoft.Network/dnsForwardingRulesets"},
		{"svc.internal", design.Migrate, "servicediscovery.registration", "Microsoft.Network/privateDnsZones"},
		{"dhcp", design.Replace, "vpc.dhcp", "Microsoft.Network/virtualNetworks"},
		{"Idle", design.Retire, "", ""},
		{"Used", design.Migrate, "eip.address", "Microsoft.Network/publicIPAddresses"},
		{"Mirror", design.Manual, "", ""},
		{"Tokens", design.Replace, "", ""},
	}
	for _, c := range cases {
		x := designtest.Decision(t, d, c.name)
		at := slices.IndexFunc(x.Targets, func(id cloud.ResourceID) bool { return strings.Contains(string(id), c.target) })
		if x.Action != c.action || c.gap != "" && !slices.Contains(designtest.GapIDs(x), c.gap) || c.target != "" && at < 0 {
			t.Errorf("%s: %s %v %v: %s", c.name, x.Action, designtest.GapIDs(x), x.Targets, x.Why)
		}
	}
	servers := texts(d, "Microsoft.Network/virtualNetworks", "properties.dhcpOptions.dnsServers")
	want(t, servers, slices.Equal(servers, []string{"10.1.1.53"}))
}

// TestNetworkOfAnotherTemplate: the VPC and the subnets are parameters.
func TestNetworkOfAnotherTemplate(t *testing.T) {
	t.Parallel()
	resources := designtest.FromTemplate(t, `
Parameters:
  Vpc: {Type: "AWS::EC2::VPC::Id"}
  Sub: {Type: "AWS::EC2::Subnet::Id"}
Resources:
  G: {Type: AWS::EC2::SecurityGroup, Properties: {GroupDescription: g, GroupName: g, VpcId: !Ref Vpc, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 0.0.0.0/0}]}}
  Box: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, SubnetId: !Ref Sub, SecurityGroupIds: [!GetAtt G.GroupId, sg-0123456789abcdef0]}}
`)
	d := designtest.Make(t, families(), resources...)
	designtest.Check(t, d)
	want(t, findings(d), slices.Contains(findings(d), "network.unknown-vpc"))
	want(t, names(d, "Microsoft.Network/virtualNetworks/subnets"), len(names(d, "Microsoft.Network/virtualNetworks/subnets")) == 1)
	x := designtest.Decision(t, d, "Box")
	want(t, x, x.Action == design.Migrate)
	want(t, findings(d), slices.ContainsFunc(findings(d), func(id string) bool { return strings.HasPrefix(id, "network.unknown-group:") }))
}

// TestGroupsKeepWithinLimits: a group with more rules than an NSG
// takes gives an NSG within the limits and a finding that blocks.
func TestGroupsKeepWithinLimits(t *testing.T) {
	t.Parallel()
	group := func(rules, peers int) []inventory.Resource {
		var list []string
		for n := range rules {
			for m := range peers {
				list = append(list, fmt.Sprintf(`{"IpProtocol":"tcp","FromPort":%d,"ToPort":%d,"CidrIp":"203.%d.%d.%d/32"}`, 1000+2*n, 1000+2*n, 40*(n/250)+m/200, n%250, m%200))
			}
		}
		return []inventory.Resource{
			designtest.Live(t, "AWS::EC2::VPC", "vpc/vpc-1", `{"CidrBlock":"10.20.0.0/16"}`),
			designtest.Live(t, "AWS::EC2::Subnet", "subnet/subnet-1", `{"CidrBlock":"10.20.1.0/24","VpcId":"vpc-1"}`),
			designtest.Live(t, "AWS::EC2::SecurityGroup", "security-group/sg-1", `{"GroupName":"wide","VpcId":"vpc-1","SecurityGroupIngress":[`+strings.Join(list, ",")+`]}`),
			designtest.Live(t, "AWS::EC2::Instance", "instance/i-1", `{"SubnetId":"subnet-1","SecurityGroupIds":["sg-1"]}`),
		}
	}
	for _, c := range []struct {
		rules, peers, want int
		blocked            bool
	}{{5, 60, 7, false}, {900, 1, 902, false}, {1500, 1, 1000, true}, {1, 6000, 4, false}} {
		d := designtest.Make(t, families(), group(c.rules, c.peers)...)
		nsg := designtest.One(t, d, "Microsoft.Network/networkSecurityGroups")
		list := design.Maps(design.At(nsg.Body, "properties.securityRules"))
		used := map[string]bool{}
		for _, m := range list {
			key := design.Text(m, "properties.direction") + design.Text(m, "properties.priority")
			if n := design.Int(m, "properties.priority", 0); used[key] || n < 100 || n > 4096 {
				t.Errorf("priority %s twice or out of range", key)
			}
			used[key] = true
			if n := len(design.List(design.At(m, "properties.sourceAddressPrefixes"))); n > 4000 {
				t.Errorf("%d addresses in one rule", n)
			}
		}
		if len(list) != c.want || (len(d.Blocking()) > 0) != c.blocked {
			t.Errorf("%d ports x %d peers: %d rules, want %d; blocked %v", c.rules, c.peers, len(list), c.want, d.Blocking())
		}
	}
}

// TestServicesThatListenElsewhere: a cache that moves to another port is let
// in there too.
func TestServicesThatListenElsewhere(t *testing.T) {
	t.Parallel()
	cache := design.Family{Name: "cache", Rules: []design.Rule{{Name: "cache/group", Kinds: []cloud.Kind{"AWS::ElastiCache::ReplicationGroup"}, Stage: design.Data, Source: "test", Apply: func(c *design.Context, r *inventory.Resource) design.Decision {
		id := c.Put(design.Target{Type: "Microsoft.Cache/redisEnterprise", Base: r.Name, APIVersion: "2025-07-01", Model: map[string]any{"sku": map[string]any{"name": "Balanced_B0"}}}, r)
		c.Plan.PrivateEndpoint(id, "redisEnterprise", []any{"subnet-1"})
		return design.Decision{Action: design.Migrate, Why: "test", Confidence: 0.9}
	}}}}
	d := designtest.Make(t, []design.Family{network.Family(), machines(), cache},
		designtest.Live(t, "AWS::EC2::VPC", "vpc/vpc-1", `{"CidrBlock":"10.20.0.0/16"}`),
		designtest.Live(t, "AWS::EC2::Subnet", "subnet/subnet-1", `{"CidrBlock":"10.20.1.0/24","VpcId":"vpc-1"}`),
		designtest.Live(t, "AWS::EC2::SecurityGroup", "security-group/sg-app", `{"GroupName":"app","VpcId":"vpc-1","SecurityGroupEgress":[{"IpProtocol":"tcp","FromPort":6379,"ToPort":6379,"DestinationSecurityGroupId":"sg-cache"}]}`),
		designtest.Live(t, "AWS::EC2::SecurityGroup", "security-group/sg-cache", `{"GroupName":"cache","VpcId":"vpc-1","SecurityGroupIngress":[{"IpProtocol":"tcp","FromPort":6379,"ToPort":6379,"SourceSecurityGroupId":"sg-app"}]}`),
		designtest.Live(t, "AWS::EC2::Instance", "instance/i-1", `{"SubnetId":"subnet-1","SecurityGroupIds":["sg-app"]}`),
		designtest.Live(t, "AWS::ElastiCache::ReplicationGroup", "replicationgroup/cache-1", `{"SecurityGroupIds":["sg-cache"],"Engine":"redis"}`))
	designtest.Check(t, d)
	ports := map[string]string{}
	for _, r := range designtest.Resources(d, "Microsoft.Network/networkSecurityGroups") {
		for _, m := range design.Maps(design.At(r.Body, "properties.securityRules")) {
			if design.Text(m, "properties.access") == "Allow" {
				ports[r.Name+" "+design.Text(m, "properties.direction")] = strings.Join(design.Texts(design.At(m, "properties.destinationPortRanges")), ",")
			}
		}
	}
	if ports["nsg-sg-app Outbound"] != "6379,10000" || ports["nsg-vpc-1-endpoints Inbound"] != "6379,10000" {
		t.Errorf("ports %v", ports)
	}
}

// TestGatewaysList: the ACL of the NAT gateway's subnet sees what private
// subnets send to the Internet, and nothing of what they send to each other.
func TestGatewaysList(t *testing.T) {
	t.Parallel()
	d := made(t, strings.TrimPrefix(shop, "\nResources:\n")+`
  Edge: {Type: AWS::EC2::NetworkAcl, Properties: {VpcId: !Ref Net, Tags: [{Key: Name, Value: edge}]}}
  EdgeA: {Type: AWS::EC2::SubnetNetworkAclAssociation, Properties: {SubnetId: !Ref PublicA, NetworkAclId: !Ref Edge}}
  EdgeIn: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Edge, RuleNumber: 100, Protocol: 6, RuleAction: allow, CidrBlock: 0.0.0.0/0, PortRange: {From: 443, To: 65535}}}
  EdgeOut: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref Edge, RuleNumber: 100, Egress: true, Protocol: 6, RuleAction: allow, CidrBlock: 0.0.0.0/0, PortRange: {From: 443, To: 65535}}}
`)
	designtest.Check(t, d)
	i := slices.IndexFunc(d.Resources, func(r design.Resource) bool { return r.Name == "nsg-app-a" })
	if i < 0 {
		t.Fatalf("no NSG for the subnet: %v", names(d, "Microsoft.Network/networkSecurityGroups"))
	}
	rules := compiled(design.Maps(design.At(d.Resources[i].Body, "properties.securityRules")))
	z := &azure{rules: map[string][]nsgRule{"app": rules}}
	me := &endpoint{nsgs: []string{"app"}}
	for _, c := range []struct {
		to      string
		packet  packet
		allowed bool
	}{
		{"203.0.113.7", packet{"tcp", 50000, 443}, true},
		{"203.0.113.7", packet{"tcp", 50000, 25}, false},
		{"203.0.113.7", packet{"tcp", 200, 443}, false},
		{"203.0.113.7", packet{"udp", 50000, 443}, false},
		{"10.21.20.5", packet{"tcp", 50000, 25}, true},
	} {
		to := netip.MustParseAddr(c.to)
		if got := z.passes(me, nil, netip.MustParseAddr("10.21.10.4"), to, c.packet); got != c.allowed {
			t.Errorf("%s %v: %v", c.to, c.packet, got)
		}
	}
}

// A forwarding rule asks a port that there is.
func TestResolverPorts(t *testing.T) {
	t.Parallel()
	for said, port := range map[string]string{"5353": "5353", "0": "53", "-1": "53", "70000": "53"} {
		d := made(t, vpc("A", "10.0.0.0/16", "10.0.1.0/24")+strings.ReplaceAll(parts, "Port: 53}", "Port: "+said+"}"))
		bodies(t, designtest.One(t, d, "Microsoft.Network/dnsForwardingRulesets/forwardingRules"), map[string]string{"properties.targetDnsServers.port": port})
	}
}
