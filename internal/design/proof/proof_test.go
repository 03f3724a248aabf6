package proof_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/design/network"
	"example.com/landfall/internal/design/proof"
	"example.com/landfall/internal/inventory"
)

// machines is a family that gives each instance a network interface and each
// database a subnet of its own: what the network family knows of others.
func machines() design.Family {
	instance := func(c *design.Context, r *inventory.Resource) design.Decision {
		nsg, asgs := c.Plan.Security(r, design.List(r.Properties["SecurityGroupIds"]))
		subnet, ok := c.Plan.Subnet(r.Properties["SubnetId"])
		if !ok {
			return design.Decision{Action: design.Manual, Why: "no subnet"}
		}
		var members []any
		for _, id := range asgs {
			members = append(members, map[string]any{"id": string(id)})
		}
		configuration := map[string]any{"subnet": map[string]any{"id": string(subnet)}, "applicationSecurityGroups": members, "privateIPAllocationMethod": "Dynamic"}
		if ip := design.Text(r.Properties, "PrivateIpAddress"); ip != "" {
			configuration["privateIPAddress"], configuration["privateIPAllocationMethod"] = c.Plan.Address(ip), "Static"
		}
		if design.Text(r.Properties, "PublicIp") != "" {
			configuration["publicIPAddress"] = map[string]any{"id": "/public"}
		}
		c.Put(design.Target{Type: "Microsoft.Network/networkInterfaces", Base: r.Name, APIVersion: "2025-07-01", Model: map[string]any{"properties": map[string]any{
			"networkSecurityGroup": map[string]any{"id": string(nsg)}, "ipConfigurations": []any{map[string]any{"name": "main", "properties": configuration}},
		}}}, r)
		return design.Decision{Action: design.Migrate, Why: "a test"}
	}
	database := func(c *design.Context, r *inventory.Resource) design.Decision {
		set, _ := c.Find(r, r.Properties["DBSubnetGroupName"], "AWS::RDS::DBSubnetGroup")
		near := design.List(set.Properties["SubnetIds"])
		subnet, ok := c.Plan.Dedicated(design.Purpose{Name: "postgres", Delegation: "Microsoft.DBforPostgreSQL/flexibleServers", Bits: 28, From: r, Near: near, Groups: design.List(r.Properties["VPCSecurityGroups"])})
		if ok {
			c.Put(design.Target{Type: "Microsoft.DBforPostgreSQL/flexibleServers", Base: r.Name, APIVersion: "2025-08-01", Model: map[string]any{"properties": map[string]any{
				"network": map[string]any{"delegatedSubnetResourceId": string(subnet)},
			}}}, r)
		}
		return design.Decision{Action: design.Replace, Why: "a test"}
	}
	return design.Family{Name: "machines", Rules: []design.Rule{
		{Name: "test/instance", Kinds: []cloud.Kind{"AWS::EC2::Instance"}, Stage: design.Compute, Apply: instance},
		{Name: "test/database", Kinds: []cloud.Kind{"AWS::RDS::DBInstance"}, Stage: design.Data, Apply: database},
	}}
}

func families() []design.Family {
	return []design.Family{network.Family(), machines(), proof.Family()}
}

// town makes a VPC with an internet gateway, security groups with random rules,
// instances and a database.
type town struct {
	*rand.Rand
	list []inventory.Resource
}

func (w *town) add(kind cloud.Kind, name string, properties inventory.Properties) string {
	id := "arn:aws:ec2:us-east-1:123456789012:" + strings.ToLower(name[:1]) + "/" + name
	w.list = append(w.list, inventory.Resource{
		ID: cloud.ResourceID(id), Kind: kind, Name: name, Account: designtest.Account, Region: designtest.Region, Properties: properties, Aliases: []string{name},
	})
	return name
}

func (w *town) rule(groups int, in bool) map[string]any {
	m := map[string]any{"IpProtocol": []string{"tcp", "tcp", "tcp", "udp", "-1", "icmp", "50"}[w.IntN(7)]}
	if p := m["IpProtocol"]; p == "tcp" || p == "udp" {
		from := []int{22, 80, 443, 5432, 8080, 0, 1024}[w.IntN(7)]
		m["FromPort"], m["ToPort"] = float64(from), float64(from+[]int{0, 0, 1, 100, 1000}[w.IntN(5)])
	} else {
		m["FromPort"], m["ToPort"] = float64(-1), float64(-1)
	}
	if w.IntN(2) == 0 {
		key := "SourceSecurityGroupId"
		if !in {
			key = "DestinationSecurityGroupId"
		}
		m[key] = fmt.Sprintf("sg-%08d", w.IntN(groups))
		return m
	}
	blocks := []string{"0.0.0.0/0", "10.20.0.0/16", "10.0.0.0/8", "10.20.1.0/24", "10.20.2.0/25", "10.20.1.16/28", "203.0.113.0/24", "203.0.113.9/32", "192.168.0.0/16", "10.20.2.7/32"}
	m["CidrIp"] = blocks[w.IntN(len(blocks))]
	return m
}

func (w *town) build(groups, rules, instances int) []inventory.Resource {
	w.add("AWS::EC2::VPC", "vpc-00000001", inventory.Properties{"VpcId": "vpc-00000001", "CidrBlock": "10.20.0.0/16"})
	w.add("AWS::EC2::InternetGateway", "igw-00000001", inventory.Properties{"InternetGatewayId": "igw-00000001"})
	w.add("AWS::EC2::RouteTable", "rtb-00000001", inventory.Properties{"RouteTableId": "rtb-00000001", "VpcId": "vpc-00000001"})
	w.add("AWS::EC2::Route", "rtb-00000001-default", inventory.Properties{"RouteTableId": "rtb-00000001", "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-00000001"})
	for i := range 3 {
		id := fmt.Sprintf("subnet-%08d", i)
		w.add("AWS::EC2::Subnet", id, inventory.Properties{"SubnetId": id, "VpcId": "vpc-00000001", "CidrBlock": fmt.Sprintf("10.20.%d.0/24", i+1), "AvailabilityZone": "us-east-1" + string(rune('a'+i))})
		w.add("AWS::EC2::SubnetRouteTableAssociation", fmt.Sprintf("rtbassoc-%08d", i), inventory.Properties{"SubnetId": id, "RouteTableId": "rtb-00000001"})
	}
	for i := range groups {
		id := fmt.Sprintf("sg-%08d", i)
		var in, out []any
		for range w.IntN(rules + 1) {
			in = append(in, w.rule(groups, true))
		}
		for range w.IntN(rules + 1) {
			out = append(out, w.rule(groups, false))
		}
		if w.IntN(2) == 0 {
			out = []any{map[string]any{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}}
		}
		w.add("AWS::EC2::SecurityGroup", id, inventory.Properties{"GroupId": id, "GroupName": fmt.Sprint("group-", i), "GroupDescription": "test", "VpcId": "vpc-00000001", "SecurityGroupIngress": in, "SecurityGroupEgress": out})
	}
	some := func() []any {
		list := []any{fmt.Sprintf("sg-%08d", w.IntN(groups))}
		if w.IntN(2) == 0 {
			list = append(list, fmt.Sprintf("sg-%08d", w.IntN(groups)))
		}
		return list
	}
	for i := range instances {
		id := fmt.Sprintf("i-%08d", i)
		p := inventory.Properties{"InstanceId": id, "SubnetId": fmt.Sprintf("subnet-%08d", i%2), "SecurityGroupIds": some(), "PrivateIpAddress": fmt.Sprintf("10.20.%d.%d", i%2+1, 5+i), "State": map[string]any{"Name": "running"}}
		if w.IntN(2) == 0 {
			p["PublicIp"] = fmt.Sprintf("198.51.100.%d", i+1)
		}
		w.add("AWS::EC2::Instance", id, p)
	}
	w.add("AWS::RDS::DBSubnetGroup", "data", inventory.Properties{"DBSubnetGroupName": "data", "SubnetIds": []any{"subnet-00000002"}})
	w.add("AWS::RDS::DBInstance", "orders", inventory.Properties{"DBInstanceIdentifier": "orders", "Engine": "postgres", "Port": "5432", "VPCSecurityGroups": some(), "DBSubnetGroupName": "data"})
	return w.list
}

// TestRandomGroupsAreProvedEqual draws security groups and lets the network
// family write their NSGs: the bodies let the same packets through.
func TestRandomGroupsAreProvedEqual(t *testing.T) {
	t.Parallel()
	for seed := range uint64(25) {
		w := &town{Rand: rand.New(rand.NewPCG(seed, 9))}
		d := designtest.Make(t, families(), w.build(4, 4, 5)...)
		if d.Network == nil || !d.Network.Equal || d.Network.Endpoints == 0 {
			t.Fatalf("seed %d: %+v", seed, d.Network)
		}
		if len(d.Blocking()) > 0 {
			t.Errorf("seed %d: %+v", seed, d.Blocking())
		}
	}
}

// spoiled is a family that changes one rule of one NSG behind the network
// family's back.
func spoiled(r *rand.Rand, what *string) design.Family {
	return design.Family{Name: "spoiled", Finish: func(c *design.Context) {
		var rules []map[string]any
		for _, b := range c.Targets() {
			if b.Type != "Microsoft.Network/networkSecurityGroups" {
				continue
			}
			for _, m := range design.Maps(design.At(b.Body, "properties.securityRules")) {
				if design.Text(m, "properties.access") == "Deny" || strings.Contains(design.Text(m, "properties.sourceAddressPrefix"), "/32") {
					rules = append(rules, m)
				}
			}
		}
		if len(rules) == 0 {
			return
		}
		m := rules[r.IntN(len(rules))]
		*what = fmt.Sprint(m)
		m["properties"].(map[string]any)["access"] = "Allow"
		m["properties"].(map[string]any)["sourceAddressPrefix"] = "*"
	}}
}

// TestSpoiledRuleBlocks opens one rule in a proved design: a critical finding
// of the difference's own name forbids deployment, until it is accepted.
func TestSpoiledRuleBlocks(t *testing.T) {
	t.Parallel()
	found := 0
	for seed := range uint64(20) {
		w := &town{Rand: rand.New(rand.NewPCG(seed, 10))}
		list := w.build(3, 3, 4)
		what := ""
		make := func(accept map[string]string) *design.Design {
			c := designtest.Case{Resources: list, Options: design.Options{Accept: accept}}
			c.Families = []design.Family{network.Family(), machines(), spoiled(rand.New(rand.NewPCG(seed, 1)), &what), proof.Family()}
			return c.Make(t)
		}
		d := make(nil)
		if d.Network.Equal {
			continue
		}
		found++
		accept := map[string]string{}
		for _, f := range d.Blocking() {
			if f.Severity != design.Critical || !strings.HasPrefix(f.ID, "network.wider:") || !strings.Contains(f.Text, "passes at the target") {
				t.Errorf("%s: finding %+v", what, f)
			}
			accept[f.ID] = "a test"
		}
		if len(accept) == 0 {
			t.Errorf("seed %d: %s is a difference and blocks nothing: %+v", seed, what, d.Network.Differences)
		}
		again := make(accept)
		if len(again.Blocking()) > 0 || again.Network.Equal {
			t.Errorf("seed %d: accepted by name, and yet %+v", seed, again.Blocking())
		}
		for _, x := range again.Network.Differences {
			if x.Wider && x.Accepted != "a test" {
				t.Errorf("seed %d: %+v", seed, x)
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d spoiled rules were found", found)
	}
}

// TestNothingToProve leaves the proof out where no endpoint is in a VPC.
func TestNothingToProve(t *testing.T) {
	t.Parallel()
	w := &town{Rand: rand.New(rand.NewPCG(1, 1))}
	w.add("AWS::EC2::VPC", "vpc-00000001", inventory.Properties{"VpcId": "vpc-00000001", "CidrBlock": "10.20.0.0/16"})
	if d := designtest.Make(t, families(), w.list...); d.Network != nil {
		t.Errorf("%+v", d.Network)
	}
}

// TestWithoutCounterpartIsUndecided never calls equal what it did not compare.
func TestWithoutCounterpartIsUndecided(t *testing.T) {
	t.Parallel()
	w := &town{Rand: rand.New(rand.NewPCG(1, 1))}
	list := w.build(2, 2, 2)
	d := designtest.Make(t, []design.Family{network.Family(), proof.Family()}, list...)
	if d.Network == nil || d.Network.Equal || len(d.Network.Undecided) != 3 {
		t.Fatalf("%+v", d.Network)
	}
	if !strings.Contains(d.Network.Undecided[0], "nothing in the target's network takes its place") {
		t.Errorf("%q", d.Network.Undecided)
	}
	found := false
	for _, f := range d.Findings {
		found = found || f.ID == "network.undecided" && !f.Blocks
	}
	if !found {
		t.Errorf("no finding: %+v", d.Findings)
	}
}

// TestTemplateIsProvedEqual proves a template, in which no address is known.
func TestTemplateIsProvedEqual(t *testing.T) {
	t.Parallel()
	d := designtest.Make(t, families(), designtest.FromTemplate(t, `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.30.0.0/16}}
  Gate: {Type: AWS::EC2::InternetGateway}
  Attach: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref Net, InternetGatewayId: !Ref Gate}}
  Out: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref Net}}
  Way: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref Out, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref Gate}}
  Near: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.30.1.0/24}}
  Deep: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.30.2.0/24}}
  Link: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {SubnetId: !Ref Near, RouteTableId: !Ref Out}}
  Web:
    Type: AWS::EC2::SecurityGroup
    Properties:
      VpcId: !Ref Net
      GroupDescription: web
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0}, {IpProtocol: tcp, FromPort: 22, ToPort: 22, CidrIp: 10.30.2.0/24}]
  Data:
    Type: AWS::EC2::SecurityGroup
    Properties: {VpcId: !Ref Net, GroupDescription: data, SecurityGroupEgress: [{IpProtocol: udp, FromPort: 53, ToPort: 53, CidrIp: 10.30.0.0/16}]}
  Rule: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !Ref Data, IpProtocol: tcp, FromPort: 9000, ToPort: 9010, SourceSecurityGroupId: !Ref Web}}
  Front: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, SubnetId: !Ref Near, SecurityGroupIds: [!Ref Web]}}
  Back: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, SubnetId: !Ref Deep, SecurityGroupIds: [!Ref Data]}}
  Set: {Type: AWS::RDS::DBSubnetGroup, Properties: {DBSubnetGroupDescription: data, SubnetIds: [!Ref Deep]}}
  Store: {Type: AWS::RDS::DBInstance, Properties: {Engine: postgres, DBInstanceClass: db.t3.micro, DBSubnetGroupName: !Ref Set, VPCSecurityGroups: [!Ref Data]}}
`)...)
	if d.Network == nil || !d.Network.Equal || d.Network.Endpoints < 7 {
		t.Errorf("%+v", d.Network)
	}
}

// TestInputOrderChangesNothing shuffles the inventory.
func TestInputOrderChangesNothing(t *testing.T) {
	t.Parallel()
	w := &town{Rand: rand.New(rand.NewPCG(3, 10))}
	list := w.build(4, 4, 5)
	what := ""
	all := func() []design.Family {
		return []design.Family{network.Family(), machines(), spoiled(rand.New(rand.NewPCG(2, 1)), &what), proof.Family()}
	}
	want := fmt.Sprintf("%+v", designtest.Make(t, all(), list...).Network)
	for range 5 {
		w.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if got := fmt.Sprintf("%+v", designtest.Make(t, all(), list...).Network); got != want {
			t.Fatalf("%s\n%s", got, want)
		}
	}
}
