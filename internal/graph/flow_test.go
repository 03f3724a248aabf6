package graph_test

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
)

// threeTiers is a name, a balancer, instances of a group and a database, a
// queue with a worker behind, and a nightly job.
func threeTiers() (*stock, map[string]cloud.ResourceID) {
	var s stock
	id := map[string]cloud.ResourceID{
		"alb": arnOf("elasticloadbalancing", "loadbalancer/app/shop/50dc6c495c0c9188"), "listener": arnOf("elasticloadbalancing", "listener/app/shop/50dc6c495c0c9188/1111111111111111"),
		"rule": arnOf("elasticloadbalancing", "listener-rule/app/shop/50dc6c495c0c9188/1111111111111111/2222222222222222"), "web": arnOf("elasticloadbalancing", "targetgroup/web/1234567890abcdef"),
		"api": arnOf("elasticloadbalancing", "targetgroup/api/1234567890abcde0"), "asg": arnOf("autoscaling", "autoScalingGroup:1:autoScalingGroupName/shop"), "db": arnOf("rds", "db:shop-db"),
		"queue": arnOf("sqs", "jobs-queue"), "worker": arnOf("lambda", "function:worker"), "table": arnOf("dynamodb", "table/done-jobs"), "nightly": arnOf("events", "rule/nightly"),
		"zone": arnOf("route53", "hostedzone/Z1"),
	}
	id["record"] = id["zone"] + "|shop.example|A"
	s.add("AWS::ElasticLoadBalancingV2::LoadBalancer", id["alb"], "shop", "shop", props{"DNSName": "shop-1.us-east-1.elb.amazonaws.com"})
	s.add("AWS::ElasticLoadBalancingV2::Listener", id["listener"], "https", "shop", props{"LoadBalancerArn": string(id["alb"]), "Port": 443.0, "DefaultActions": []any{props{"Type": "forward", "TargetGroupArn": string(id["web"])}}})
	s.add("AWS::ElasticLoadBalancingV2::ListenerRule", id["rule"], "10", "", props{"ListenerArn": string(id["listener"]), "Priority": 10.0, "Actions": []any{props{"ForwardConfig": props{"TargetGroups": []any{props{"TargetGroupArn": string(id["api"])}}}}}})
	s.add("AWS::ElasticLoadBalancingV2::TargetGroup", id["web"], "web", "shop", nil)
	s.add("AWS::ElasticLoadBalancingV2::TargetGroup", id["api"], "api", "shop", nil)
	template := s.ec2("AWS::EC2::LaunchTemplate", "lt-11111111", "shop", props{"LaunchTemplateData": props{"UserData": "DB=postgres://shop-db.x.us-east-1.rds.amazonaws.com:5432/x QUEUE=https://sqs.us-east-1.amazonaws.com/123456789012/jobs-queue"}})
	id["template"] = template
	s.add("AWS::AutoScaling::AutoScalingGroup", id["asg"], "shop", "shop", props{"TargetGroupARNs": []any{string(id["web"]), string(id["api"])}, "LaunchTemplate": props{"LaunchTemplateId": "lt-11111111"}})
	s.add("AWS::RDS::DBInstance", id["db"], "shop-db", "shop", props{"Endpoint": props{"Address": "shop-db.x.us-east-1.rds.amazonaws.com"}, "MultiAZ": true, "BackupRetentionPeriod": 7.0}).Tags["criticality"] = "High"
	s.Resources[len(s.Resources)-1].Tags["RTO"] = "4h"
	s.Resources[len(s.Resources)-1].Tags["rpo-minutes"] = "15"
	s.add("AWS::SQS::Queue", id["queue"], "jobs-queue", "shop", nil)
	s.add("AWS::Lambda::Function", id["worker"], "worker", "shop", props{"Environment": props{"Variables": props{"DONE_TABLE": "done-jobs"}}})
	s.add("AWS::Lambda::EventSourceMapping", id["worker"]+"|m", "m", "", props{"FunctionName": "worker", "EventSourceArn": string(id["queue"])})
	s.add("AWS::DynamoDB::Table", id["table"], "done-jobs", "shop", nil)
	s.add("AWS::Events::Rule", id["nightly"], "nightly", "shop", props{"ScheduleExpression": "rate(1 day)", "Targets": []any{props{"Arn": string(id["worker"])}}})
	s.add("AWS::Route53::HostedZone", id["zone"], "shop.example", "shop", props{"Name": "shop.example"})
	s.add("AWS::Route53::RecordSet", id["record"], "shop.example", "", props{"Name": "shop.example", "Type": "A", "HostedZoneId": "Z1", "AliasTarget": props{"DNSName": "dualstack.shop-1.us-east-1.elb.amazonaws.com."}})
	return &s, id
}

func flowOf(t *testing.T, g *graph.Graph, node cloud.ResourceID) graph.Flow {
	t.Helper()
	for _, f := range g.Flows {
		if f.ID == "flow:"+string(node) {
			return f
		}
	}
	t.Fatalf("no flow of %s among %d", node, len(g.Flows))
	return graph.Flow{}
}

func TestFlows(t *testing.T) {
	t.Parallel()
	s, id := threeTiers()
	g := s.build(graph.Observed{Requests: []graph.Request{{Front: "shop", TargetGroup: string(id["web"]), Port: 443, Count: 1000, Source: "alb"}}})
	f := flowOf(t, &g, id["alb"])
	if f.Rank != 1 || f.Entry != id["record"] || !strings.HasPrefix(f.Name, "shop.example to ") || f.Calls != 1000 {
		t.Errorf("the flow of the balancer: %+v", f)
	}
	if !slices.Contains(f.Stores, id["db"]) || !slices.Contains(f.Stores, id["table"]) || !slices.Contains(f.Components, id["worker"]) {
		t.Errorf("stores %v of components %v", f.Stores, f.Components)
	}
	for _, one := range []string{"asg", "template", "worker"} {
		if !slices.Contains(f.SinglePoints, id[one]) {
			t.Errorf("%s is a single point, not in %v", one, f.SinglePoints)
		}
	}
	if slices.Contains(f.SinglePoints, id["web"]) {
		t.Error("one of two target groups is no single point")
	}
	if f.From != "tags" || f.Criticality != graph.CriticalityHigh || f.RTOSeconds != 4*3600 || f.RPOSeconds != 15*60 || len(f.Facts) != 1 {
		t.Errorf("recovery: %+v", f)
	}
	if n := node(t, &g, id["worker"]); n.Criticality != graph.CriticalityHigh || n.RTOSeconds != 4*3600 {
		t.Errorf("the worker inherits: %+v", n)
	}
	job := flowOf(t, &g, id["nightly"])
	if job.From != "unknown" || !asked(&g, id["nightly"]) || !slices.Equal(job.Stores, []cloud.ResourceID{id["table"]}) {
		t.Errorf("the nightly flow: %+v", job)
	}
}

func TestFlowAnswers(t *testing.T) {
	t.Parallel()
	s, id := threeTiers()
	o := shopSeeds()
	o.FlowAnswers = map[string]graph.FlowAnswer{
		"flow:" + string(id["alb"]):     {Name: "buying books", Criticality: graph.CriticalityMedium, RTO: time.Hour, RPO: time.Minute},
		"flow:" + string(id["nightly"]): {Drop: true},
	}
	g := graph.Build(s.Inventory, graph.Observed{}, o)
	if f := flowOf(t, &g, id["alb"]); f.Name != "buying books" || f.Criticality != graph.CriticalityMedium || f.RTOSeconds != 3600 || f.From != "answers" {
		t.Errorf("answered flow: %+v", f)
	}
	if len(g.Flows) != 1 {
		t.Errorf("%d flows, the dropped one is among them", len(g.Flows))
	}
}

// TestAPartAnswered: what an answer leaves empty is what the tags say.
func TestAPartAnswered(t *testing.T) {
	t.Parallel()
	s, id := threeTiers()
	tagged := s.build(graph.Observed{})
	before := flowOf(t, &tagged, id["alb"])
	if before.Criticality == "" || before.RPOSeconds == 0 {
		t.Fatalf("no tags: %+v", before)
	}
	o := shopSeeds()
	o.FlowAnswers = map[string]graph.FlowAnswer{"flow:" + string(id["alb"]): {RTO: 10 * time.Second}, "flow:" + string(id["nightly"]): {Name: "the night"}}
	g := graph.Build(s.Inventory, graph.Observed{}, o)
	if f := flowOf(t, &g, id["alb"]); f.RTOSeconds != 10 || f.Criticality != before.Criticality || f.RPOSeconds != before.RPOSeconds || f.From != "answers" {
		t.Errorf("%+v", f)
	}
	if f := flowOf(t, &g, id["nightly"]); f.Name != "the night" || f.From != "unknown" || !asked(&g, id["nightly"]) {
		t.Errorf("a name alone does not say how critical it is: %+v", f)
	}
}

func TestQueueFilledFromOutsideIsAnEntry(t *testing.T) {
	t.Parallel()
	s, id := threeTiers()
	s.add("AWS::IAM::Role", arnOf("iam", "role/partner"), "partner", "partner", props{"Policies": []any{props{"PolicyDocument": props{"Statement": []any{props{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": string(id["queue"])}}}}}})
	g := s.build(graph.Observed{})
	if f := flowOf(t, &g, id["queue"]); !slices.Contains(f.Because, "entry: messages from partner") {
		t.Errorf("why the queue is an entry: %v", f.Because)
	}
	wantBoundary(t, &g, graph.Shared, id["queue"])
}

// TestSchema: what Build makes is what the published schema says.
func TestSchema(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/reference/schemas/graph.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("graph.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("graph.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	s, _ := threeTiers()
	w := newTown()
	seen := w.seen()
	seen.From, seen.To, seen.Inputs = time.Unix(1, 0), time.Unix(2, 0), map[string]string{"flow.gz": "sha256:00"}
	seen.Conversations[0].First, seen.Conversations[0].Last = time.Unix(1, 5), time.Unix(2, 0)
	for name, g := range map[string]graph.Graph{
		"empty": graph.Build(stock{}.Inventory, graph.Observed{}, graph.Options{}), "tiers": s.build(graph.Observed{}), "town": graph.Build(w.Inventory, seen, shopSeeds()),
	} {
		text, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestQueries(t *testing.T) {
	t.Parallel()
	s, id := threeTiers()
	g := s.build(graph.Observed{})
	q := graph.NewQuery(&g)
	needs := q.Needs(id["alb"])
	i := slices.IndexFunc(needs, func(r graph.Reach) bool { return r.ID == id["db"] })
	if i < 0 || needs[i].Depth != 4 || !slices.Equal(needs[i].Path[1:], []cloud.ResourceID{id["api"], id["asg"], id["template"], id["db"]}) {
		t.Errorf("the way from the balancer to the database: %+v", needs)
	}
	users := q.Dependents(id["db"])
	if !slices.ContainsFunc(users, func(r graph.Reach) bool { return r.ID == id["record"] }) {
		t.Errorf("the name depends on the database, not among %+v", users)
	}
	if cut, ok := q.Cut(id["alb"], id["db"]); !ok || len(cut) != 1 {
		t.Errorf("cut between balancer and database: %v", cut)
	}
	if _, ok := q.Cut(id["alb"], "nothing"); ok {
		t.Error("there is a cut to what does not exist")
	}
	if len(q.Needs("nothing")) != 0 || len(q.Cycles()) != 0 {
		t.Errorf("cycles %v", q.Cycles())
	}
	waves := q.Order([]cloud.ResourceID{id["db"], id["template"], id["alb"], "nothing"})
	if len(waves) != 3 || waves[0][0] != id["alb"] || waves[2][0] != id["db"] {
		t.Errorf("deletion order %v", waves)
	}
}
