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
	web = cloud.ResourceID("arn:aws:ec2:us-east-1:123456789012:instance/i-web")
	db  = cloud.ResourceID("arn:aws:rds:us-east-1:123456789012:db:shop")
	vm  = cloud.ResourceID("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm-web")
	pg  = cloud.ResourceID("/subscriptions/s/resourceGroups/g/providers/Microsoft.DBforPostgreSQL/flexibleServers/psql-shop")
)

// shop is a web server that needs a database and a payment service.
func shop() (*design.Design, *graph.Graph, *inventory.Inventory) {
	d := &design.Design{
		Decisions: []design.Decision{
			{Source: web, Action: design.Migrate, Targets: []cloud.ResourceID{vm}},
			{Source: db, Action: design.Migrate, Targets: []cloud.ResourceID{pg}},
		},
		Resources: []design.Resource{{ID: vm, Type: "Microsoft.Compute/virtualMachines", Name: "vm-web"}, {ID: pg, Type: "Microsoft.DBforPostgreSQL/flexibleServers", Name: "psql-shop"}},
	}
	g := &graph.Graph{
		Nodes: []graph.Node{{ID: web, Name: "web"}, {ID: db, Name: "shop"}, {ID: "external:pay.example.com", Name: "pay.example.com", External: true}, {ID: graph.Internet, Name: "internet", External: true}},
		Edges: []graph.Edge{
			{From: web, To: db, Relation: "connects to", Port: 5432, Protocol: "tcp"},
			{From: web, To: "external:pay.example.com", Relation: "calls", Port: 443, Protocol: "tcp"},
			{From: graph.Internet, To: web, Relation: "calls", Port: 443, Protocol: "tcp"},
			{From: web, To: db, Relation: "may reach", Port: 22, Potential: true},
		},
	}
	inv := &inventory.Inventory{Resources: []inventory.Resource{
		{ID: web, Properties: inventory.Properties{"PrivateIpAddress": "10.0.0.5"}},
		{ID: db, Properties: inventory.Properties{"Endpoint": map[string]any{"Address": "shop.abc.us-east-1.rds.amazonaws.com"}}},
	}}
	return d, g, inv
}

func ids(checks []connect.Check) []string {
	var out []string
	for _, c := range checks {
		out = append(out, c.ID)
	}
	return out
}

func TestEachDependencyIsTriedInAllWays(t *testing.T) {
	t.Parallel()
	got := connect.Plan(shop())
	want := []string{
		"source:web->outside:pay.example.com:443", "source:web->source:shop:5432", "source:web->target:psql-shop:5432",
		"target:vm-web->outside:pay.example.com:443", "target:vm-web->source:shop:5432", "target:vm-web->target:psql-shop:5432",
	}
	if !slices.Equal(ids(got), want) {
		t.Fatalf("checks %q", ids(got))
	}
	for _, c := range got {
		if !c.Open || c.To.Host == "" {
			t.Errorf("check %+v", c)
		}
	}
	if got[2].To.Host != "psql-shop.postgres.database.azure.com" || got[1].To.Host != "shop.abc.us-east-1.rds.amazonaws.com" || got[0].Protocol != "https" {
		t.Errorf("hosts %+v", got)
	}
}

// Two machines that need each other one way only: the other way stays shut.
func TestTheOtherWayStaysShut(t *testing.T) {
	t.Parallel()
	d, g, inv := shop()
	other := cloud.ResourceID("arn:aws:ec2:us-east-1:123456789012:instance/i-app")
	g.Nodes = append(g.Nodes, graph.Node{ID: other, Name: "app"})
	g.Edges = append(g.Edges, graph.Edge{From: web, To: other, Relation: "calls", Port: 8080, Protocol: "tcp"})
	got := connect.Plan(d, g, inv)
	at := slices.IndexFunc(got, func(c connect.Check) bool { return c.ID == "source:app->source:web:8080" })
	if at < 0 || got[at].Open {
		t.Errorf("checks %q", ids(got))
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	d, g, inv := shop()
	checks := connect.Plan(d, g, inv)
	shut := checks[0]
	shut.ID, shut.Open = "shut", false
	checks = append(checks, shut)
	found := func(id, state string) connect.Result { return connect.Result{ID: id, State: state} }
	verdicts := connect.Judge(connect.NewRules(d, inv, checks), checks, []connect.Result{
		found("source:web->source:shop:5432", connect.Open), found("target:vm-web->target:psql-shop:5432", connect.Filtered),
		found("source:web->target:psql-shop:5432", connect.Open), found("source:web->target:psql-shop:5432", connect.Broken), found("shut", connect.NoName),
	})
	state := map[string]connect.Verdict{}
	for _, v := range verdicts {
		state[v.ID] = v
	}
	for id, passed := range map[string]bool{
		"source:web->source:shop:5432": true, "target:vm-web->target:psql-shop:5432": false,
		"source:web->target:psql-shop:5432": false, "target:vm-web->source:shop:5432": false, "shut": false,
	} {
		if state[id].Passed != passed {
			t.Errorf("%s: %+v", id, state[id])
		}
	}
	if v := state["target:vm-web->source:shop:5432"]; v.Result.State != connect.NotTried {
		t.Errorf("a check without result is %q", v.Result.State)
	}
	if v := state["target:vm-web->target:psql-shop:5432"]; v.Rule != "" {
		t.Errorf("without any network the deciding rule is %q", v.Rule)
	}
	if verdicts[0].Passed || !verdicts[len(verdicts)-1].Passed {
		t.Error("what failed does not come first")
	}
}
