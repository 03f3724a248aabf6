package paper_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/paper"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/reach"
)

type props = map[string]any

// put makes a target resource; members that are no properties of ARM's stand
// beside them.
func put(kind, name string, body props) design.Resource {
	id := group + kind + "/" + name
	if types, names := strings.Split(kind, "/"), strings.Split(name, "/"); len(types) > 2 {
		id = group + types[0]
		for i, n := range names {
			id += "/" + types[i+1] + "/" + n
		}
	}
	r := design.Resource{ID: cloud.ResourceID(id), Type: cloud.Kind(kind), Name: name, Location: "eastus2", Body: body}
	if body["location"] != nil {
		r.Location = "global"
	}
	return r
}

// printed prints one document of a design, with a flow through all decisions.
func printed(t *testing.T, d *design.Design, path string) string {
	t.Helper()
	flow := graph.Flow{Name: "all"}
	for _, v := range d.Decisions {
		flow.Components = append(flow.Components, v.Source)
	}
	for _, f := range paper.Files(d, &graph.Graph{Flows: []graph.Flow{flow}}) {
		if f.Path == path {
			return string(f.Content)
		}
	}
	t.Fatalf("no %s", path)
	return ""
}

func check(t *testing.T, text string, has, lacks []string) {
	t.Helper()
	for _, want := range has {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
	for _, bad := range lacks {
		if strings.Contains(text, bad) {
			t.Errorf("says %q:\n%s", bad, text)
		}
	}
}

// failure finds the row of one failure mode of a design whose first resource
// the only decision stands for.
func failure(t *testing.T, mode string, resources ...design.Resource) string {
	t.Helper()
	d := &design.Design{Decisions: []design.Decision{{Source: "arn:x", Kind: "AWS::X::Y", Name: "x", Action: design.Migrate, Targets: []cloud.ResourceID{resources[0].ID}}}, Resources: resources}
	for line := range strings.Lines(printed(t, d, "failure-modes.md")) {
		if strings.Contains(line, "| "+mode+" |") {
			return line
		}
	}
	return ""
}

func TestWhatStandsAgainstAFailure(t *testing.T) {
	t.Parallel()
	const zone, region, load, person = "a zone fails", "the region fails", "overload", "a person deletes or misconfigures it"
	global := props{"location": "global"}
	storage := put("Microsoft.Storage/storageAccounts", "st", props{"sku": props{"name": "Standard_LRS"}})
	blobs := put("Microsoft.Storage/storageAccounts/blobServices", "st/default", props{"properties": props{"isVersioningEnabled": true, "deleteRetentionPolicy": props{"enabled": true, "days": 9}}})
	cosmos := put("Microsoft.DocumentDB/databaseAccounts", "cosmos", props{"properties": props{"capabilities": []any{props{"name": "EnableServerless"}}, "backupPolicy": props{"type": "Continuous", "continuousModeProperties": props{"tier": "Continuous30Days"}}}})
	set := put("Microsoft.Compute/virtualMachineScaleSets", "vmss", props{})
	rules := put("Microsoft.Insights/autoscaleSettings", "as", props{"properties": props{"targetResourceUri": string(set.ID)}})
	plan := put("Microsoft.Web/serverFarms", "asp", props{"sku": props{"name": "FC1", "tier": "FlexConsumption"}, "properties": props{"zoneRedundant": true}})
	cases := []struct {
		mode, want string
		strong     bool
		resources  []design.Resource
	}{
		{zone, "served from many places", true, []design.Resource{put("Microsoft.Cdn/profiles", "afd", global)}},
		{zone, "served from many places", true, []design.Resource{put("Microsoft.Network/trafficManagerProfiles", "traf", global)}},
		{zone, "automatic failover", true, []design.Resource{put("Microsoft.Cache/redisEnterprise", "amr", props{"properties": props{"highAvailability": "Enabled"}})}},
		{zone, "not zone redundant", false, []design.Resource{put("Microsoft.Cache/redisEnterprise", "amr", props{"properties": props{"highAvailability": "Disabled"}})}},
		{zone, "spread over the zones by the platform", true, []design.Resource{put("Microsoft.ServiceBus/namespaces", "sb", props{})}},
		{zone, "zone redundant", true, []design.Resource{put("Microsoft.Web/sites", "func", props{"properties": props{"serverFarmId": string(plan.ID)}}), plan}},
		{load, "the platform scales it", true, []design.Resource{put("Microsoft.Cdn/profiles", "afd", global)}},
		{load, "the platform scales it", true, []design.Resource{put("Microsoft.EventGrid/systemTopics", "egst", props{})}},
		{load, "scales by itself", true, []design.Resource{storage}},
		{load, "scales by itself", true, []design.Resource{put("Microsoft.ServiceBus/namespaces", "sb", props{"sku": props{"name": "Standard"}})}},
		{load, "fixed size", false, []design.Resource{put("Microsoft.ServiceBus/namespaces", "sb", props{"sku": props{"name": "Premium"}})}},
		{load, "serverless", true, []design.Resource{cosmos}},
		{load, "fixed throughput", false, []design.Resource{put("Microsoft.DocumentDB/databaseAccounts", "cosmos", props{})}},
		{load, "scales out by itself", true, []design.Resource{plan}},
		{load, "scales out by its rules", true, []design.Resource{set, rules}},
		{load, "fixed size", false, []design.Resource{set}},
		{person, "earlier versions, deleted blobs for 9 days", false, []design.Resource{storage, blobs}},
		{person, "| nothing |", false, []design.Resource{storage}},
		{person, "restored from a backup: continuous, to any moment of 30 days", false, []design.Resource{cosmos}},
		{person, "built again from the infrastructure code", false, []design.Resource{set}},
		{region, "nothing: data and backups", false, []design.Resource{storage}},
		{region, "built again from the infrastructure code", false, []design.Resource{set}},
	}
	for _, c := range cases {
		word := "no"
		if c.strong {
			word = "yes"
		}
		if got := failure(t, c.mode, c.resources...); !strings.Contains(got, c.want) || !strings.Contains(got, "| "+word+" | no |") {
			t.Errorf("%s of %s: %s, want %q, %s", c.mode, c.resources[0].Type, got, c.want, word)
		}
	}
}

// A queue fails with its namespace, a role with what uses it; kinds tell
// resources of one name apart, and what is alike stands once.
func TestComponentsOfAFlow(t *testing.T) {
	t.Parallel()
	bus, queue := put("Microsoft.ServiceBus/namespaces", "sb", props{}), put("Microsoft.ServiceBus/namespaces/queues", "sb/orders", props{})
	vmss, id := put("Microsoft.Compute/virtualMachineScaleSets", "vmss", props{}), put("Microsoft.ManagedIdentity/userAssignedIdentities", "id", props{})
	of := func(source, kind, name string, r design.Resource) design.Decision {
		return design.Decision{Source: cloud.ResourceID(source), Kind: cloud.Kind(kind), Name: name, Action: design.Migrate, Targets: []cloud.ResourceID{r.ID}}
	}
	d := &design.Design{Resources: []design.Resource{bus, queue, vmss, id}, Decisions: []design.Decision{
		of("arn:q", "AWS::SQS::Queue", "orders", queue), of("arn:a", "AWS::AutoScaling::AutoScalingGroup", "app", vmss),
		of("arn:i1", "AWS::EC2::Instance", "app", vmss), of("arn:i2", "AWS::EC2::Instance", "app", vmss), of("arn:r", "AWS::IAM::Role", "role", id),
	}}
	text := printed(t, d, "failure-modes.md")
	check(t, text, []string{"| orders | sb | a zone fails |", "| app (AutoScaling::AutoScalingGroup) | vmss |", "| app (EC2::Instance) | vmss |", "| role | fails with what uses it |"}, []string{"none (migrate)", "orders ("})
	if n := strings.Count(text, "| app (EC2::Instance) | vmss | overload |"); n != 1 {
		t.Errorf("the same row %d times", n)
	}
}

func TestAddressesByDirection(t *testing.T) {
	t.Parallel()
	pip := func(name string) design.Resource {
		return put("Microsoft.Network/publicIPAddresses", name, props{})
	}
	ref := func(name string) props { return props{"id": strings.ToUpper(string(pip(name).ID))} }
	front := func(name string) props {
		return props{"name": "f-" + name, "properties": props{"publicIPAddress": ref(name)}}
	}
	prefix := put("Microsoft.Network/publicIPPrefixes", "prefix", props{})
	d := &design.Design{Resources: []design.Resource{
		pip("gateway"), pip("nat"), pip("nic"), pip("out"), pip("in"), prefix,
		put("Microsoft.Network/natGateways", "ng", props{"properties": props{"publicIpAddresses": []any{ref("nat")}, "publicIpPrefixes": []any{props{"id": string(prefix.ID)}}}}),
		put("Microsoft.Network/networkInterfaces", "n", props{"properties": props{"ipConfigurations": []any{props{}, front("nic")}}}),
		put("Microsoft.Network/applicationGateways", "agw", props{"properties": props{"frontendIPConfigurations": []any{front("gateway")}}}),
		put("Microsoft.Network/loadBalancers", "lb", props{"properties": props{"frontendIPConfigurations": []any{front("in"), front("out")},
			"outboundRules": []any{props{"properties": props{"frontendIPConfigurations": []any{props{"id": "/x/f-out"}}}}}}}),
	}}
	_, rest, _ := strings.Cut(printed(t, d, "network-request.md"), "## Outbound addresses")
	out, in, _ := strings.Cut(rest, "## Inbound addresses")
	check(t, out, []string{"| nat |", "| nic |", "| out |", "| prefix |"}, []string{"| gateway |", "| in |"})
	check(t, in, []string{"| gateway |", "| in |"}, []string{"| nat |", "| nic |", "| out |", "| prefix |"})
}

func TestColumnsOfRules(t *testing.T) {
	t.Parallel()
	rule := func(more props) *design.Design {
		p := props{"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": "*", "destinationPortRange": "443"}
		for k, v := range more {
			p[k] = v
		}
		return &design.Design{Resources: []design.Resource{put("Microsoft.Network/networkSecurityGroups", "nsg", props{"properties": props{"securityRules": []any{props{"name": "r", "properties": p}}}})}}
	}
	for _, c := range []struct {
		more       props
		has, lacks []string
	}{
		{props{}, []string{"| from | to | ports |\n", "| * | * | 443 |\n"}, []string{"source ports", "why"}},
		{props{"sourcePortRange": "1024-65535"}, []string{"| from | source ports | to | ports |\n", "| * | 1024-65535 | * | 443 |\n"}, []string{"why"}},
		{props{"sourcePortRange": nil, "sourcePortRanges": []any{"1-9", "20"}}, []string{"| * | 1-9, 20 | * | 443 |\n"}, nil},
		{props{"description": "the shop"}, []string{"| ports | why |\n", "| 443 | the shop |\n"}, []string{"source ports"}},
	} {
		check(t, printed(t, rule(c.more), "network-request.md"), c.has, c.lacks)
	}
}

func TestAcceptedDifferences(t *testing.T) {
	t.Parallel()
	d := &design.Design{Network: &reach.Proof{Differences: []reach.Difference{
		{Name: "network.platform:gatewaymanager:shop:tcp:65200-65535", Wider: true, Packet: "tcp a -> b", TargetRule: "nsg: platform", Accepted: "Azure steers the gateway"},
		{Name: "network.wider:web:db:tcp:5432", Wider: true, Packet: "tcp c -> d", TargetRule: "nsg: web", Accepted: "reports"},
		{Name: "network.wider:web:cache:tcp:6379", Wider: true, Packet: "tcp e -> f"},
	}}}
	check(t, printed(t, d, "network-request.md"), []string{
		"| network.platform:gatewaymanager:shop:tcp:65200-65535 | tcp a -&gt; b | nsg: platform | Azure steers the gateway | the design: the platform demands it |",
		"| network.wider:web:db:tcp:5432 | tcp c -&gt; d | nsg: web | reports | landfall.yaml |",
	}, []string{"web:cache"})
}

func TestControlsThatReallyStand(t *testing.T) {
	t.Parallel()
	trail, backup := design.Decision{Kind: "AWS::CloudTrail::Trail"}, design.Decision{Kind: "AWS::Backup::BackupVault"}
	vault, work := put("Microsoft.RecoveryServices/vaults", "v", props{}), put("Microsoft.OperationalInsights/workspaces", "log", props{})
	setting := func(category string) design.Resource {
		return put("Microsoft.Insights/diagnosticSettings", category, props{"properties": props{"logs": []any{props{"category": category, "enabled": true}}}})
	}
	for _, c := range []struct {
		name, control, kept string
		decisions           []design.Decision
		resources           []design.Resource
	}{
		{"a vault alone", "backups", "no: see the decisions", []design.Decision{backup}, []design.Resource{vault}},
		{"a policy", "backups", "yes", []design.Decision{backup}, []design.Resource{vault, put("Microsoft.RecoveryServices/vaults/backupPolicies", "v/p", props{})}},
		{"a protected item", "backups", "yes", []design.Decision{backup}, []design.Resource{put("Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems", "v/a/b/c", props{})}},
		{"a database", "backups", "added", nil, []design.Resource{put("Microsoft.DBforMySQL/flexibleServers", "m", props{"properties": props{"backup": props{"backupRetentionDays": 7}}})}},
		{"a workspace alone", "audit trail", "no: see the decisions", []design.Decision{trail}, []design.Resource{work, setting("PostgreSQLLogs")}},
		{"the activity log", "audit trail", "yes", []design.Decision{trail}, []design.Resource{setting("Administrative")}},
		{"nothing is encrypted, nothing is there", "encryption on the way", "nothing to keep", nil, nil},
		{"no identities", "least privilege", "nothing to keep", nil, nil},
	} {
		text := printed(t, &design.Design{Decisions: c.decisions, Resources: c.resources, Network: &reach.Proof{Equal: true}}, "security-parity.md")
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "| "+c.control+" |") && !strings.HasSuffix(line, "| "+c.kept+" |\n") {
				t.Errorf("%s: %s, want %q", c.name, line, c.kept)
			}
		}
	}
}

func TestCostNamesWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	gateway, routes, bus := put("Microsoft.Network/applicationGateways", "agw", props{}), put("Microsoft.Network/routeTables", "rt", props{}), put("Microsoft.ServiceBus/namespaces", "sb", props{})
	queue, vm := put("Microsoft.ServiceBus/namespaces/queues", "sb/q", props{}), put("Microsoft.Compute/virtualMachines", "vm", props{})
	zone, record := put("Microsoft.Network/dnsZones", "z", props{}), put("Microsoft.Network/dnsZones/A", "z/a", props{})
	of := func(name string, action design.Action, cost *design.Cost, r design.Resource) design.Decision {
		return design.Decision{Source: cloud.ResourceID("arn:" + name), Kind: "AWS::X::Y", Name: name, Action: action, Cost: cost, Targets: []cloud.ResourceID{r.ID}}
	}
	d := &design.Design{Resources: []design.Resource{gateway, routes, bus, queue, vm, zone, record}, Decisions: []design.Decision{
		of("machine", design.Migrate, &design.Cost{Before: usd(5), After: usd(6)}, vm), of("volume", design.Replace, nil, vm), of("balancer", design.Migrate, nil, gateway),
		of("listener", design.Replace, nil, gateway), of("table", design.Migrate, nil, routes), of("queue", design.Migrate, nil, queue), of("record", design.Migrate, nil, record),
		{Source: "arn:join", Kind: "AWS::EC2::EIPAssociation", Name: "join", Action: design.Retain, Targets: []cloud.ResourceID{gateway.ID}},
	}, Cost: design.CostSummary{Before: 5, After: 6, DoubleRun: 11, Notes: []string{design.EgressNotKnown + "1 data stores of unknown size"}}}
	text := printed(t, d, "cost.md")
	check(t, text, []string{
		"| balancer | AWS::X::Y | Microsoft.Network/applicationGateways agw |", "| queue | AWS::X::Y | Microsoft.ServiceBus/namespaces sb |", "no known price: 2, named below",
		"before at least $5.00, after at least $6.00", "moving the known data out of AWS, once: not known",
	}, []string{"| listener |", "| table |", "| volume |", "| record |", "| join |", "$0.00\n- decisions"})
	d.Decisions, d.Cost.Notes, d.Cost.Egress = d.Decisions[:1], nil, 3
	check(t, printed(t, d, "cost.md"), []string{"before $5.00, after $6.00", "once: $3.00"}, []string{"at least", "## Not known"})
}

func TestDistanceThatIsNotKnown(t *testing.T) {
	t.Parallel()
	d := &design.Design{Regions: []design.RegionAdvice{{Region: "centralus", Zones: 3}, {Region: "eastus", Kilometres: 271}}}
	check(t, printed(t, d, "regions-and-quotas.md"), []string{"| centralus |  | not known | 3 |", "| eastus |  | 271 |"}, []string{"| 0 | 3 |"})
}

func TestPartsWithoutANameNameTheirParent(t *testing.T) {
	t.Parallel()
	d := &design.Design{}
	for _, c := range [][2]string{
		{"arn:acl/acl-1", "shop-data"}, {"arn:acl/acl-1|egress|100", "100"}, {"arn:rtb/rtb-1|0.0.0.0/0", "0.0.0.0/0"}, {"arn:acl/acl-1|x", "5a50cfc1-7a38-4ddb-a20f-0c8a3622a8f3"},
		{"arn:acl/acl-1|y", "subnet-ad1c57c5571c3ed82"}, {"arn:acl/acl-1|z", "order-failed"}, {"arn:plain", "42"},
	} {
		d.Decisions = append(d.Decisions, design.Decision{Source: cloud.ResourceID(c[0]), Name: c[1], Action: design.Replace, Why: fmt.Sprint("of ", c[0])})
	}
	check(t, printed(t, d, "README.md"), []string{
		"| 100 (of shop-data) |", "| 0.0.0.0/0 (of rtb-1) |", "| 5a50cfc1-7a38-4ddb-a20f-0c8a3622a8f3 (of shop-data) |", "| subnet-ad1c57c5571c3ed82 (of shop-data) |", "| order-failed |", "| 42 |",
	}, nil)
}
