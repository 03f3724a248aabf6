package connect_test

import (
	"slices"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/connect"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

const (
	job     = cloud.ResourceID("arn:aws:ec2:us-east-1:123456789012:instance/i-job")
	cache   = cloud.ResourceID("arn:aws:elasticache:us-east-1:123456789012:replicationgroup:shop")
	queue   = cloud.ResourceID("arn:aws:sqs:us-east-1:123456789012:orders")
	code    = cloud.ResourceID("arn:aws:lambda:us-east-1:123456789012:function:mail")
	targets = "/subscriptions/s/resourceGroups/g/providers/"
	redis   = cloud.ResourceID(targets + "Microsoft.Cache/redisEnterprise/amr")
	bus     = cloud.ResourceID(targets + "Microsoft.ServiceBus/namespaces/sb")
	account = cloud.ResourceID(targets + "Microsoft.Storage/storageAccounts/st")
	site    = cloud.ResourceID(targets + "Microsoft.Web/sites/func-mail")
)

// estate is the shop with a cache, a queue, a function and a machine that
// nothing connects with the stores.
func estate() (*design.Design, *graph.Graph, *inventory.Inventory) {
	d, g, inv := shop()
	for i := range g.Nodes {
		g.Nodes[i].Boundary = graph.In
	}
	g.Nodes[1].Kind = "AWS::RDS::DBInstance"
	inv.Resources[1].Properties["Engine"] = "postgres"
	g.Nodes = append(g.Nodes,
		graph.Node{ID: job, Name: "job", Boundary: graph.In}, graph.Node{ID: cache, Name: "cache", Kind: "AWS::ElastiCache::ReplicationGroup", Boundary: graph.In},
		graph.Node{ID: queue, Name: "orders", Kind: "AWS::SQS::Queue", Boundary: graph.In}, graph.Node{ID: code, Name: "mail", Boundary: graph.In}, graph.Node{ID: code + "|permission|topic", Name: "topic", Boundary: graph.In},
		graph.Node{ID: "arn:aws:rds:us-east-1:123456789012:db:payroll", Name: "payroll", Kind: "AWS::RDS::DBInstance", Boundary: graph.Out},
		graph.Node{ID: "sg-job", Name: "sg-job", Boundary: graph.In}, graph.Node{ID: "sg-db", Name: "sg-db", Boundary: graph.In})
	g.Edges = append(g.Edges,
		graph.Edge{From: web, To: cache, Relation: graph.ConnectsTo, Port: 6379, Protocol: "tcp"},
		graph.Edge{From: web, To: queue, Relation: graph.ConnectsTo, Port: 443, Protocol: "tcp"},
		graph.Edge{From: code, To: db, Relation: graph.ConnectsTo, Port: 5432, Protocol: "tcp"},
		graph.Edge{From: code, To: cache, Relation: graph.ConnectsTo},
		graph.Edge{From: web, To: "arn:aws:rds:us-east-1:123456789012:db:payroll", Relation: graph.ConnectsTo, Port: 3306, Protocol: "tcp"},
		graph.Edge{From: web, To: job, Relation: graph.ConnectsTo, Port: 8125, Protocol: "udp"},
		graph.Edge{From: job, To: "sg-job", Relation: graph.GuardedBy}, graph.Edge{From: db, To: "sg-db", Relation: graph.GuardedBy})
	d.Decisions = append(d.Decisions,
		design.Decision{Source: cache, Action: design.Migrate, Targets: []cloud.ResourceID{redis}},
		design.Decision{Source: queue, Action: design.Migrate, Targets: []cloud.ResourceID{bus + "/queues/orders"}},
		design.Decision{Source: code, Action: design.Migrate, Targets: []cloud.ResourceID{account, site}})
	d.Resources = append(d.Resources,
		design.Resource{ID: redis, Type: "Microsoft.Cache/redisEnterprise", Name: "amr", Location: "eastus2"},
		design.Resource{ID: redis + "/databases/default", Type: "Microsoft.Cache/redisEnterprise/databases", Name: "amr/default", Body: map[string]any{"properties": map[string]any{"port": 10001}}},
		design.Resource{ID: bus, Type: "Microsoft.ServiceBus/namespaces", Name: "sb"}, design.Resource{ID: bus + "/queues/orders", Type: "Microsoft.ServiceBus/namespaces/queues", Name: "sb/orders"},
		design.Resource{ID: account, Type: "Microsoft.Storage/storageAccounts", Name: "st"}, design.Resource{ID: site, Type: "Microsoft.Web/sites", Name: "func-mail"})
	return d, g, inv
}

func TestTheTargetsOwnPortsAndNames(t *testing.T) {
	t.Parallel()
	planned := map[string]connect.Check{}
	for _, c := range connect.Plan(estate()) {
		planned[c.ID] = c
	}
	for id, host := range map[string]string{
		"source:web->target:amr:10001":            "amr.eastus2.redis.azure.net",
		"target:vm-web->target:amr:10001":         "amr.eastus2.redis.azure.net",
		"target:vm-web->target:sb:443":            "sb.servicebus.windows.net",
		"target:func-mail->target:psql-shop:5432": "psql-shop.postgres.database.azure.com",
		"source:web->source:cache:6379":           "",
	} {
		if c, ok := planned[id]; !ok || !c.Open || c.To.Host != host {
			t.Errorf("%s: %+v", id, c)
		}
	}
	for id := range planned {
		if slices.Contains([]string{"source:web->source:payroll:3306", "target:st->target:psql-shop:5432", "target:vm-web->target:amr:6379"}, id) {
			t.Errorf("%s is planned", id)
		}
	}
}

func TestThePortOfEachTarget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind       cloud.Kind
		port, want int
	}{
		{"Microsoft.DBforPostgreSQL/flexibleServers", 15432, 5432}, {"Microsoft.DBforMySQL/flexibleServers", 3307, 3306}, {"Microsoft.Sql/servers", 14330, 1433},
		{"Microsoft.Cache/redisEnterprise", 6380, 10000}, {"Microsoft.DocumentDB/databaseAccounts", 27017, 10255}, {"Microsoft.DocumentDB/databaseAccounts", 443, 443},
		{"Microsoft.EventHub/namespaces", 9098, 9093}, {"Microsoft.KeyVault/vaults", 443, 443},
	} {
		d, g, inv := shop()
		d.Resources[1].Type, g.Edges[0].Port = c.kind, c.port
		found := slices.ContainsFunc(connect.Plan(d, g, inv), func(k connect.Check) bool {
			return k.From.Side == connect.Target && k.To.Side == connect.Target && k.Port == c.want
		})
		if !found {
			t.Errorf("%s: %d does not become %d", c.kind, c.port, c.want)
		}
	}
}

func TestWhatNothingConnectsStaysShut(t *testing.T) {
	t.Parallel()
	shut := func(d *design.Design, g *graph.Graph, inv *inventory.Inventory) (out []string) {
		for _, c := range connect.Plan(d, g, inv) {
			if !c.Open {
				out = append(out, c.ID)
			}
		}
		return out
	}
	d, g, inv := estate()
	if got, want := shut(d, g, inv), []string{"source:job->source:cache:6379", "source:job->source:shop:5432", "source:job->source:web:8125"}; !slices.Equal(got, want) {
		t.Errorf("shut %q, want %q", got, want)
	}
	// A rule of the source lets it through: it would not stay shut.
	g.Edges = append(g.Edges, graph.Edge{From: "sg-job", To: "sg-db", Relation: graph.MayReach, Port: 5432, Potential: true})
	if got := shut(d, g, inv); slices.Contains(got, "source:job->source:shop:5432") || !slices.Contains(got, "source:job->source:cache:6379") {
		t.Errorf("shut with a rule %q", got)
	}
	// The instances of a group are reached alike.
	group := cloud.ResourceID("arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:1:autoScalingGroupName/all")
	g.Nodes = append(g.Nodes, graph.Node{ID: group, Name: "all", Boundary: graph.In})
	g.Edges = append(g.Edges, graph.Edge{From: group, To: job, Relation: graph.Launches}, graph.Edge{From: group, To: web, Relation: graph.Launches})
	if got := shut(d, g, inv); slices.Contains(got, "source:job->source:cache:6379") || slices.Contains(got, "source:all->source:cache:6379") {
		t.Errorf("shut in a group %q", got)
	}
}

func TestWhatCannotBePlannedIsNamed(t *testing.T) {
	t.Parallel()
	d, g, inv := estate()
	g.Edges = append(g.Edges, graph.Edge{From: "external:10.0.0.0/16", To: "sg-db", Relation: graph.MayReach, Port: 5432, Potential: true})
	g.Nodes = append(g.Nodes, graph.Node{ID: "external:192.0.2.0/24", Name: "192.0.2.0/24", External: true, Boundary: graph.Out})
	g.Edges = append(g.Edges, graph.Edge{From: web, To: "external:192.0.2.0/24", Relation: graph.ConnectsTo, Port: 22})
	got := connect.Unplannable(d, g, inv)
	want := []connect.Unplanned{
		{From: "job", To: "shop", Port: 5432, Why: "nothing connects them, and the rules of the source let it through"},
		{From: "mail", To: "cache", Why: "the dependency names no port"},
		{From: "web", To: "192.0.2.0/24", Port: 22, Why: "it is a range of addresses and no host"},
		{From: "web", To: "job", Port: 8125, Why: "it speaks udp, where no answer says nothing"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("not planned: %+v", got)
	}
}
