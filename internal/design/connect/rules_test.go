package connect_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/connect"
	"example.com/landfall/internal/design/designtest"
	"example.com/landfall/internal/inventory"
)

const network = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network"

// walled is a web server that may reach a database on its port alone, on both
// sides; at the target a rule before it forbids even that.
func walled(t *testing.T) (*design.Design, *inventory.Inventory, map[string]cloud.ResourceID) {
	t.Helper()
	inv := &inventory.Inventory{Resources: designtest.FromTemplate(t, `
Resources:
  Net: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.1.0.0/16}}
  Near: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Net, CidrBlock: 10.1.1.0/24}}
  Web: {Type: AWS::EC2::SecurityGroup, Properties: {GroupName: web, GroupDescription: w, VpcId: !Ref Net}}
  Data: {Type: AWS::EC2::SecurityGroup, Properties: {GroupName: data, GroupDescription: d, VpcId: !Ref Net, SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 6379, ToPort: 6379, SourceSecurityGroupId: !Ref Web}]}}
  Front: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref Near, SecurityGroupIds: [!Ref Web]}}
  Back: {Type: AWS::EC2::Instance, Properties: {SubnetId: !Ref Near, SecurityGroupIds: [!Ref Data]}}
`)}
	id := map[string]cloud.ResourceID{}
	for _, r := range inv.Resources {
		id[r.LogicalID] = r.ID
	}
	type body = map[string]any
	ref := func(path string) body { return body{"id": network + path} }
	rule := func(name, way, access, from, port string, priority int) body {
		return body{"name": name, "properties": body{"direction": way, "access": access, "protocol": "*", "priority": float64(priority), "sourceAddressPrefix": from, "destinationAddressPrefix": "*", "sourcePortRange": "*", "destinationPortRange": port}}
	}
	d := &design.Design{}
	put := func(id, kind string, properties body) {
		d.Resources = append(d.Resources, design.Resource{ID: cloud.ResourceID(id), Type: cloud.Kind(kind), Name: id[strings.LastIndexByte(id, '/')+1:], Body: body{"properties": properties}})
	}
	put(network+"/virtualNetworks/v", "Microsoft.Network/virtualNetworks", body{"addressSpace": body{"addressPrefixes": []any{"10.2.0.0/16"}}})
	put(network+"/virtualNetworks/v/subnets/s", "Microsoft.Network/virtualNetworks/subnets", body{"addressPrefix": "10.2.1.0/24"})
	put(network+"/networkSecurityGroups/nsg-data", "Microsoft.Network/networkSecurityGroups", body{"securityRules": []any{
		rule("deny-machines", "Inbound", "Deny", "10.2.1.0/24", "6379", 110), rule("allow-cache", "Inbound", "Allow", "*", "6379", 120), rule("allow-ssh", "Inbound", "Allow", "*", "22", 130),
	}})
	for _, x := range []struct{ name, nsg, source string }{{"front", "", "Front"}, {"back", "nsg-data", "Back"}} {
		face := body{"ipConfigurations": []any{body{"name": "a", "properties": body{"subnet": ref("/virtualNetworks/v/subnets/s")}}}}
		if x.nsg != "" {
			face["networkSecurityGroup"] = ref("/networkSecurityGroups/" + x.nsg)
		}
		put(network+"/networkInterfaces/nic-"+x.name, "Microsoft.Network/networkInterfaces", face)
		vm := cloud.ResourceID("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-" + x.name)
		put(string(vm), "Microsoft.Compute/virtualMachines", body{"networkProfile": body{"networkInterfaces": []any{ref("/networkInterfaces/nic-" + x.name)}}})
		id["vm-"+x.name] = vm
		d.Decisions = append(d.Decisions, design.Decision{Source: id[x.source], Action: design.Migrate, Targets: []cloud.ResourceID{vm}})
	}
	cache := cloud.ResourceID("/subscriptions/s/resourceGroups/g/providers/Microsoft.Cache/redisEnterprise/redis")
	put(string(cache), "Microsoft.Cache/redisEnterprise", body{})
	id["redis"] = cache
	d.Decisions[1].Targets = append(d.Decisions[1].Targets, cache)
	return d, inv, id
}

// TestRulesDecideOnBothSides: of a connection that failed both sides are told,
// with the source's port where the target listens elsewhere (a cache).
func TestRulesDecideOnBothSides(t *testing.T) {
	t.Parallel()
	d, inv, id := walled(t)
	end := func(side connect.Side, name string) connect.End {
		return connect.End{Side: side, ID: id[name], Name: name}
	}
	at := func(from, to connect.End, port int, open bool) connect.Check {
		return connect.Check{ID: from.Name + to.Name, From: from, To: to, Port: port, Open: open}
	}
	before := at(end(connect.Source, "Front"), end(connect.Source, "Back"), 6379, true)
	after := at(end(connect.Target, "vm-front"), end(connect.Target, "vm-back"), 6379, true)
	rules := connect.NewRules(d, inv, []connect.Check{before, after})
	moved := after
	moved.To, moved.Port = connect.End{Side: connect.Target, ID: id["redis"], Name: "redis"}, 10000
	outside := connect.End{Side: connect.Outside, Name: "partner", Host: "203.0.113.9"}
	for _, c := range []struct {
		check          connect.Check
		source, target string
	}{
		{before, "let through by data: ingress tcp 6379 web", "stopped by nsg-data: deny-machines (priority 110)"},
		{after, "let through by data: ingress tcp 6379 web", "stopped by nsg-data: deny-machines (priority 110)"},
		{at(end(connect.Target, "vm-front"), end(connect.Target, "vm-back"), 22, false), "stopped by data: no rule allows it", "let through by nsg-data: allow-ssh (priority 130)"},
		{moved, "let through by data: ingress tcp 6379 web", ""},
		{at(end(connect.Source, "Front"), outside, 443, true), "stopped by no route: Near: no route", ""},
		{at(end(connect.Source, "Front"), end(connect.Target, "vm-back"), 22, true), "", ""},
		{at(end(connect.Source, "nobody"), end(connect.Source, "Back"), 22, true), "", ""},
	} {
		source, target := rules.Of(c.check)
		if !strings.HasPrefix(source, c.source) || (source == "") != (c.source == "") || !strings.HasPrefix(target, c.target) {
			t.Errorf("%s port %d: %q and %q", c.check.ID, c.check.Port, source, target)
		}
	}
	v := connect.Judge(rules, []connect.Check{after}, []connect.Result{{ID: after.ID, State: connect.Filtered}})[0]
	if v.Passed || v.Rule != v.TargetRule || !strings.Contains(v.TargetRule, "deny-machines") || !strings.Contains(v.SourceRule, "6379") {
		t.Errorf("%+v", v)
	}
}
