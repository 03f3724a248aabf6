package graph_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
)

// randomStock draws an account: instances, buckets, roles and networks that
// name each other at random.
func randomStock(t *rapid.T) stock {
	var s stock
	owners := []string{"", "shop", "payroll"}
	n := rapid.IntRange(2, 25).Draw(t, "resources")
	id := func(prefix string, i int) string { return fmt.Sprintf("%s-%08x", prefix, i) }
	for i := range n {
		pick := func(what string) int { return rapid.IntRange(0, n-1).Draw(t, what) }
		owner := rapid.SampledFrom(owners).Draw(t, "owner")
		switch i % 5 {
		case 0:
			s.ec2("AWS::EC2::VPC", id("vpc", i), owner, nil)
		case 1:
			s.ec2("AWS::EC2::Subnet", id("subnet", i), owner, props{"VpcId": id("vpc", pick("vpc"))})
		case 2:
			s.ec2("AWS::EC2::Instance", id("i", i), owner, props{"SubnetId": id("subnet", pick("subnet")), "UserData": "BUCKET=bucket-" + fmt.Sprint(pick("bucket")), "PrivateIpAddress": fmt.Sprintf("10.0.0.%d", i)})
		case 3:
			name := fmt.Sprintf("bucket-%d", i)
			s.add("AWS::S3::Bucket", arnOf("s3", name), name, owner, props{"BucketName": name, "LoggingConfiguration": props{"DestinationBucketName": fmt.Sprintf("bucket-%d", pick("logs"))}})
		case 4:
			topic := string(arnOf("sns", fmt.Sprint("topic-", i)))
			s.add("AWS::SNS::Topic", cloud.ResourceID(topic), fmt.Sprint("topic-", i), owner, props{"Subscription": []any{props{"Protocol": "sqs", "Endpoint": string(arnOf("sns", fmt.Sprint("topic-", pick("to"))))}}})
		}
	}
	return s
}

func randomSeen(t *rapid.T) graph.Observed {
	var o graph.Observed
	for range rapid.IntRange(0, 8).Draw(t, "conversations") {
		address := func(what string) *graph.Endpoint {
			return &graph.Endpoint{Address: fmt.Sprintf("10.0.0.%d", rapid.IntRange(0, 26).Draw(t, what))}
		}
		o.Conversations = append(o.Conversations, graph.Conversation{Client: address("client"), Server: address("server"), Port: rapid.SampledFrom([]int{0, 443, 5432}).Draw(t, "port"), Protocol: "tcp",
			Bytes: int64(rapid.IntRange(0, 9).Draw(t, "bytes")), Packets: 1, Sure: 1, Rejected: rapid.Bool().Draw(t, "rejected")})
	}
	return o
}

func bytesOf(t *rapid.T, g graph.Graph) string {
	data, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestOrderAndRepetitionChangeNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, seen := randomStock(t), randomSeen(t)
		first := bytesOf(t, s.build(seen))
		s.Resources = append(rapid.Permutation(s.Resources).Draw(t, "order"), s.Resources[0])
		if len(seen.Conversations) > 0 {
			seen.Conversations = append(rapid.Permutation(seen.Conversations).Draw(t, "talks"), seen.Conversations[0])
		}
		if second := bytesOf(t, s.build(seen)); first != second {
			t.Fatalf("another order gives another graph:\n%s\n%s", first, second)
		}
	})
}

func TestEveryNodeHasAReason(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := randomStockGraph(t)
		for _, n := range g.Nodes {
			if n.Reason == "" || n.Boundary != graph.In && n.Boundary != graph.Out && n.Boundary != graph.Shared {
				t.Fatalf("node without a reason: %+v", n)
			}
		}
		for _, e := range g.Edges {
			if len(e.Evidence) == 0 || e.Confidence <= 0 || e.Confidence > 0.99 || e.From == e.To {
				t.Fatalf("edge without evidence: %+v", e)
			}
		}
	})
}

func randomStockGraph(t *rapid.T) graph.Graph {
	s := randomStock(t)
	return s.build(randomSeen(t))
}

// TestMoreSeedsNeverTakeOut: what is in or shared with some seeds is in or
// shared with more.
func TestMoreSeedsNeverTakeOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, seen := randomStock(t), randomSeen(t)
		var ids []string
		for _, r := range s.Resources {
			if rapid.Bool().Draw(t, "seed") {
				ids = append(ids, string(r.ID))
			}
		}
		few := rapid.IntRange(0, len(ids)).Draw(t, "few")
		less := graph.Build(s.Inventory, seen, graph.Options{Seeds: graph.Seeds{IDs: ids[:few]}})
		more := graph.Build(s.Inventory, seen, graph.Options{Seeds: graph.Seeds{IDs: ids}})
		for i, n := range less.Nodes {
			if n.Boundary != graph.Out && more.Nodes[i].Boundary == graph.Out {
				// A seed may have the tag that spoke for another workload until then:
				// whoever else has it is nobody's now, and a person is asked.
				if n.Owner != "" && more.Nodes[i].Owner == "" && asked(&more, n.ID) {
					continue
				}
				t.Fatalf("%s was %s (%s) and is out with more seeds: %s", n.ID, n.Boundary, n.Reason, more.Nodes[i].Reason)
			}
			if slices.Contains(ids, string(n.ID)) && more.Nodes[i].Boundary == graph.Out {
				t.Fatalf("the seed %s is out", n.ID)
			}
		}
	})
}

// TestDeletionOrderRespectsNeeds: whoever needs something goes before it, rings
// go together, and nothing is lost or doubled.
func TestDeletionOrderRespectsNeeds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := randomStockGraph(t)
		q := graph.NewQuery(&g)
		var ids []cloud.ResourceID
		for _, n := range g.Nodes {
			ids = append(ids, n.ID)
		}
		wave := map[cloud.ResourceID]int{}
		for i, w := range q.Order(ids) {
			for _, id := range w {
				if _, double := wave[id]; double {
					t.Fatalf("%s stands in two waves", id)
				}
				wave[id] = i
			}
		}
		if len(wave) != len(ids) {
			t.Fatalf("%d of %d nodes are in a wave", len(wave), len(ids))
		}
		ring := map[cloud.ResourceID]int{}
		for i, c := range q.Cycles() {
			for _, id := range c {
				ring[id] = i + 1
			}
		}
		for _, id := range ids {
			for _, r := range q.Needs(id) {
				same := ring[id] != 0 && ring[id] == ring[r.ID]
				if !same && wave[id] >= wave[r.ID] || same && wave[id] != wave[r.ID] {
					t.Fatalf("%s needs %s and goes in wave %d, the other in %d", id, r.ID, wave[id], wave[r.ID])
				}
			}
		}
	})
}

// TestCutsCut: without the nodes of a cut no way is left, and with any one of
// them put back there is one; a single point is a cut of one.
func TestCutsCut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := meshOf(t)
		q := graph.NewQuery(&g)
		from, to := g.Nodes[0].ID, g.Nodes[len(g.Nodes)-1].ID
		cut, ok := q.Cut(from, to)
		if !ok {
			return
		}
		if reachable(&g, from, to, cut) {
			t.Fatalf("the cut %v leaves a way from %s to %s", cut, from, to)
		}
		for i := range cut {
			less := slices.Delete(slices.Clone(cut), i, i+1)
			if !reachable(&g, from, to, less) {
				t.Fatalf("the cut %v is not the smallest: %v is one", cut, less)
			}
		}
		single := q.SinglePoints(from, to)
		if len(cut) == 1 != (len(single) > 0) {
			t.Fatalf("cut %v, single points %v", cut, single)
		}
		for _, one := range single {
			if reachable(&g, from, to, []cloud.ResourceID{one}) {
				t.Fatalf("%s is no single point", one)
			}
		}
	})
}

func meshOf(t *rapid.T) graph.Graph {
	var g graph.Graph
	n := rapid.IntRange(2, 9).Draw(t, "nodes")
	for i := range n {
		g.Nodes = append(g.Nodes, graph.Node{ID: cloud.ResourceID(fmt.Sprint("n", i))})
	}
	for range rapid.IntRange(0, 25).Draw(t, "edges") {
		a, b := rapid.IntRange(0, n-1).Draw(t, "a"), rapid.IntRange(0, n-1).Draw(t, "b")
		g.Edges = append(g.Edges, graph.Edge{From: g.Nodes[a].ID, To: g.Nodes[b].ID, Relation: graph.Uses})
	}
	return g
}

// reachable is the plain search that the clever one is checked against.
func reachable(g *graph.Graph, from, to cloud.ResourceID, without []cloud.ResourceID) bool {
	seen := map[cloud.ResourceID]bool{from: true}
	for changed := true; changed; {
		changed = false
		for _, e := range g.Edges {
			if seen[e.From] && !seen[e.To] && !slices.Contains(without, e.To) {
				seen[e.To], changed = true, true
			}
		}
	}
	return seen[to]
}
