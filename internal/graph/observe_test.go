package graph_test

import (
	"testing"
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
)

// network is an account with a NAT gateway, a balancer and a function, whose
// interfaces say what they are in their descriptions only.
func network() (*stock, map[string]cloud.ResourceID) {
	var s stock
	id := map[string]cloud.ResourceID{}
	id["app"] = s.ec2("AWS::EC2::Instance", "i-11111111", "shop", nil)
	s.ec2("AWS::EC2::NetworkInterface", "eni-11111111", "", props{"PrivateIpAddress": "10.0.1.1"})
	s.Resources[1].Attributes = props{"Attachment": props{"InstanceId": "i-11111111"}}
	id["nat"] = s.ec2("AWS::EC2::NatGateway", "nat-11111111", "shop", props{"SubnetId": "subnet-1"})
	s.ec2("AWS::EC2::NetworkInterface", "eni-22222222", "", props{"PrivateIpAddress": "10.0.0.2", "Description": "Interface for NAT Gateway nat-11111111"})
	id["alb"] = arnOf("elasticloadbalancing", "loadbalancer/app/shop/50dc6c495c0c9188")
	s.add("AWS::ElasticLoadBalancingV2::LoadBalancer", id["alb"], "shop", "shop", nil)
	s.ec2("AWS::EC2::NetworkInterface", "eni-33333333", "", props{"PrivateIpAddress": "10.0.0.3", "Description": "ELB app/shop/50dc6c495c0c9188"})
	id["fn"] = arnOf("lambda", "function:order-mailer")
	s.add("AWS::Lambda::Function", id["fn"], "order-mailer", "shop", props{"Role": "arn:aws:iam::123456789012:role/fn"})
	s.ec2("AWS::EC2::NetworkInterface", "eni-44444444", "", props{"PrivateIpAddress": "10.0.1.4", "Description": "AWS Lambda VPC ENI-order-mailer-0a1b2c3d-1111-2222-3333-444455556666"})
	id["cache"] = arnOf("elasticache", "replicationgroup:shop-cache")
	s.add("AWS::ElastiCache::ReplicationGroup", id["cache"], "shop-cache", "shop", nil)
	s.ec2("AWS::EC2::NetworkInterface", "eni-55555555", "", props{"PrivateIpAddress": "10.0.1.5", "Description": "ElastiCache shop-cache-001"})
	id["role"] = arnOf("iam", "role/fn")
	s.add("AWS::IAM::Role", id["role"], "fn", "shop", nil)
	id["bucket"] = arnOf("s3", "covers-bucket")
	s.add("AWS::S3::Bucket", id["bucket"], "covers-bucket", "shop", nil)
	id["group"] = arnOf("elasticloadbalancing", "targetgroup/web/1234567890abcdef")
	s.add("AWS::ElasticLoadBalancingV2::TargetGroup", id["group"], "web", "shop", nil)
	return &s, id
}

func talk(client, server string, port int) graph.Conversation {
	return graph.Conversation{Client: &graph.Endpoint{Address: client}, Server: &graph.Endpoint{Address: server}, Port: port, Protocol: "6", Bytes: 100, Packets: 4, Flows: 2, Sure: 1, Source: "flow-logs",
		First: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), Last: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}
}

func TestConversationsBecomeEdges(t *testing.T) {
	t.Parallel()
	s, id := network()
	through := talk("10.0.1.1", "192.0.2.44", 443)
	atGateway := talk("10.0.0.2", "192.0.2.44", 443)
	service := talk("10.0.1.1", "52.216.1.2", 443)
	service.Server.Service = "S3"
	again := talk("10.0.1.1", "52.216.9.9", 443)
	again.Server.Service = "S3"
	unsure := talk("10.0.1.4", "10.0.1.5", 6379)
	unsure.Sure = 0.5
	byInstance := talk("10.0.1.99", "10.0.1.5", 6379)
	byInstance.Client.Instance = "i-11111111"
	g := s.build(graph.Observed{Conversations: []graph.Conversation{
		talk("10.0.0.3", "10.0.1.1", 8080), talk("203.0.113.5", "10.0.0.3", 443), talk("198.51.100.5", "10.0.0.3", 443), through, atGateway, talk("10.0.1.1", "10.0.0.2", 443),
		service, again, unsure, byInstance, talk("10.9.8.7", "10.0.1.1", 22),
	}})
	e := wantEdge(t, &g, id["alb"], id["app"], graph.ConnectsTo)
	if e.Port != 8080 || e.Protocol != "tcp" || e.Bytes != 100 || e.Confidence != 0.9 || e.Evidence[0].Count != 2 || e.Evidence[0].First == nil {
		t.Errorf("balancer to instance: %+v", e)
	}
	if e := wantEdge(t, &g, graph.Internet, id["alb"], graph.ConnectsTo); e.Bytes != 200 {
		t.Errorf("clients from outside are one: %+v", e)
	}
	wantEdge(t, &g, id["app"], "external:192.0.2.44", graph.ConnectsTo)
	for _, e := range g.Edges {
		if (e.From == id["nat"] || e.To == id["nat"]) && e.Relation == graph.ConnectsTo {
			t.Errorf("the NAT gateway is an end: %+v", e)
		}
	}
	if e := wantEdge(t, &g, id["app"], "external:service/S3", graph.ConnectsTo); e.Bytes != 200 {
		t.Errorf("addresses of one service are one: %+v", e)
	}
	if e := wantEdge(t, &g, id["fn"], id["cache"], graph.ConnectsTo); e.Confidence != 0.45 {
		t.Errorf("an unsure server halves the confidence: %+v", e)
	}
	wantEdge(t, &g, id["app"], id["cache"], graph.ConnectsTo)
	wantEdge(t, &g, "external:10.9.8.0/24", id["app"], graph.ConnectsTo)
}

// TestConfiguredAndSeenIsSurer: one edge with both grounds.
func TestConfiguredAndSeenIsSurer(t *testing.T) {
	t.Parallel()
	s, id := network()
	s.add("AWS::Lambda::Function", arnOf("lambda", "function:other"), "other", "shop", nil)
	for i := range s.Resources {
		r := &s.Resources[i]
		switch r.ID {
		case id["cache"]:
			r.Properties = props{"PrimaryEndPoint": props{"Address": "master.shop-cache.x.cache.amazonaws.com"}}
		case id["fn"]:
			r.Properties["Environment"] = props{"Variables": props{"CACHE": "master.shop-cache.x.cache.amazonaws.com"}}
		}
	}
	g := s.build(graph.Observed{Conversations: []graph.Conversation{talk("10.0.1.4", "10.0.1.5", 6379)}})
	e := wantEdge(t, &g, id["fn"], id["cache"], graph.ConnectsTo)
	if e.Port != 6379 || len(e.Evidence) != 2 || e.Confidence <= 0.9 {
		t.Errorf("configured and seen: %+v", e)
	}
	found := 0
	for _, e := range g.Edges {
		if e.From == id["fn"] && e.To == id["cache"] {
			found++
		}
	}
	if found != 1 {
		t.Errorf("%d edges for one dependency:\n%s", found, edgesOf(&g, id["fn"]))
	}
}

func TestUsesBecomeEdges(t *testing.T) {
	t.Parallel()
	s, id := network()
	use := func(action string, readOnly bool) graph.Use {
		return graph.Use{Principal: string(id["role"]), Session: "order-mailer", Service: "s3", Action: action, Resource: "arn:aws:s3:::covers-bucket/a.jpg", DataEvent: true, ReadOnly: readOnly, Count: 5, Account: account}
	}
	refused := use("PutObject", false)
	refused.Errors = 5
	looked := graph.Use{Principal: string(id["role"]), Service: "ec2", Action: "DescribeInstances", ReadOnly: true, Count: 9}
	secret := graph.Use{Principal: string(id["role"]), Session: "i-11111111", Service: "secretsmanager", Action: "GetSecretValue", Resource: "arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf", ReadOnly: true, Count: 1}
	byService := graph.Use{Principal: "autoscaling.amazonaws.com", Service: "ec2", Action: "RunInstances", Count: 1}
	g := s.build(graph.Observed{Uses: []graph.Use{use("GetObject", true), refused, looked, secret, byService}})
	for _, from := range []cloud.ResourceID{id["role"], id["fn"]} {
		if e := wantEdge(t, &g, from, id["bucket"], graph.Reads); e.Calls != 5 || e.Evidence[0].At != "s3:GetObject" {
			t.Errorf("reads of the bucket: %+v", e)
		}
		if e := edge(&g, from, id["bucket"], graph.Writes); e != nil {
			t.Errorf("a refused call is a dependency: %+v", e)
		}
	}
	wantEdge(t, &g, id["role"], "external:service/ec2", graph.Inspects)
	wantEdge(t, &g, id["app"], "external:arn:aws:secretsmanager:us-east-1:123456789012:secret:gone-AbCdEf", graph.ReadsSecret)
}

func TestRequestsBecomeEdges(t *testing.T) {
	t.Parallel()
	s, id := network()
	g := s.build(graph.Observed{Requests: []graph.Request{
		{Front: "app/shop/50dc6c495c0c9188", Target: "10.0.1.1:8080", TargetGroup: string(id["group"]), Host: "shop.example", Port: 443, Count: 70, Bytes: 7000, Source: "alb"},
		{Front: "covers-bucket", Count: 3, Source: "s3"},
		{Front: "nobody", Count: 3, Source: "alb"},
	}})
	if e := wantEdge(t, &g, id["alb"], id["group"], graph.ForwardsTo); e.Calls != 70 {
		t.Errorf("requests: %+v", e)
	}
	wantEdge(t, &g, id["group"], id["app"], graph.Targets)
	if e := wantEdge(t, &g, graph.Internet, id["alb"], graph.ConnectsTo); e.Port != 443 || e.Evidence[0].Note != "shop.example" {
		t.Errorf("clients: %+v", e)
	}
	wantEdge(t, &g, graph.Internet, id["bucket"], graph.ConnectsTo)
}

// TestServicesAreKnownByTheirRanges: the default format of flow logs does not
// name AWS's services, but every account has their prefix lists.
func TestServicesAreKnownByTheirRanges(t *testing.T) {
	t.Parallel()
	s, id := network()
	lists := map[string][]any{
		"com.amazonaws.us-east-1.s3":                    {props{"Cidr": "52.216.0.0/15"}, props{"Cidr": "no block"}},
		"com.amazonaws.global.cloudfront.origin-facing": {props{"Cidr": "130.176.0.0/16"}},
		"com.amazonaws.us-east-1.ipv6.s3":               {props{"Cidr": "2600:1f00::/24"}},
		"com.amazonaws.us-east-1.dynamodb":              {props{"Cidr": "52.217.4.0/24"}},
		"partners":                                      {props{"Cidr": "203.0.113.0/24"}},
	}
	for name, entries := range lists {
		s.ec2("AWS::EC2::PrefixList", "pl-"+name, "", props{"PrefixListName": name, "Entries": entries})
	}
	g := s.build(graph.Observed{Conversations: []graph.Conversation{
		talk("10.0.1.1", "52.216.1.2", 443), talk("10.0.1.1", "52.217.4.9", 443), talk("10.0.1.4", "2600:1f00::7", 443), talk("130.176.9.9", "10.0.0.3", 443), talk("10.0.1.1", "203.0.113.8", 443),
	}})
	wantEdge(t, &g, id["app"], "external:service/S3", graph.ConnectsTo)
	wantEdge(t, &g, id["app"], "external:service/DYNAMODB", graph.ConnectsTo)
	wantEdge(t, &g, id["fn"], "external:service/S3", graph.ConnectsTo)
	wantEdge(t, &g, "external:service/CLOUDFRONT_ORIGIN_FACING", id["alb"], graph.ConnectsTo)
	wantEdge(t, &g, id["app"], "external:203.0.113.8", graph.ConnectsTo)
}

// TestOneAddressInTwoNetworks: VPCs made alike have the same addresses, and
// the log names the VPC of its own interface alone, or not even that.
func TestOneAddressInTwoNetworks(t *testing.T) {
	t.Parallel()
	for _, other := range []string{"0", "9"} { // before and after ours in the order of ids
		var s stock
		s.ec2("AWS::EC2::Instance", "i-"+other+"1111111", "", props{"VpcId": "vpc-" + other})
		s.Resources[0].Aliases = []string{"10.0.1.5"}
		db := s.ec2("AWS::EC2::Instance", "i-55555555", "shop", props{"VpcId": "vpc-5"})
		s.Resources[1].Aliases = []string{"10.0.1.5"}
		app := s.ec2("AWS::EC2::NetworkInterface", "eni-55555555", "shop", props{"VpcId": "vpc-5", "PrivateIpAddress": "10.0.1.1"})
		far := s.ec2("AWS::EC2::NetworkInterface", "eni-66666666", "", props{"VpcId": "vpc-" + other, "PrivateIpAddress": "10.8.0.1"})
		own, peered := talk("10.0.1.1", "10.0.1.5", 5432), talk("10.0.1.1", "10.8.0.1", 443)
		own.Client.Interface, peered.Client.Interface = "eni-55555555", "eni-55555555"
		g := s.build(graph.Observed{Conversations: []graph.Conversation{own, peered}})
		wantEdge(t, &g, app, db, graph.ConnectsTo)
		wantEdge(t, &g, app, far, graph.ConnectsTo)
	}
}

// TestOneNameInTwoAccounts: an event names a table without its account.
func TestOneNameInTwoAccounts(t *testing.T) {
	t.Parallel()
	s, id := network()
	table := arnOf("dynamodb", "table/carts")
	s.add("AWS::DynamoDB::Table", table, "carts", "shop", nil)
	s.add("AWS::DynamoDB::Table", "arn:aws:dynamodb:us-east-1:999999999999:table/carts", "carts", "", nil).Account = "999999999999"
	g := s.build(graph.Observed{Uses: []graph.Use{{Principal: string(id["role"]), Service: "dynamodb", Action: "GetItem", Resource: "carts", ReadOnly: true, DataEvent: true, Count: 3, Account: account, Region: region}}})
	wantEdge(t, &g, id["role"], table, graph.Reads)
}
