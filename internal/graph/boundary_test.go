package graph_test

import (
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

// town is a small account: a shop and a payroll in one network, with a key, a
// NAT gateway, a bucket of logs and a policy between them, and strangers.
type town struct {
	stock
	vpc, public, shopNet, payNet, nat, address, key, logs, exports, policy, zone cloud.ResourceID
	shop, db, pay, payDB, report, orphan, payRecord, oldRecord, alias, recorder  cloud.ResourceID
}

func newTown() *town {
	t := &town{}
	t.vpc = t.ec2("AWS::EC2::VPC", "vpc-11111111", "shop", nil)
	t.public = t.ec2("AWS::EC2::Subnet", "subnet-11111111", "shop", props{"VpcId": "vpc-11111111"})
	t.shopNet = t.ec2("AWS::EC2::Subnet", "subnet-22222222", "shop", props{"VpcId": "vpc-11111111"})
	t.payNet = t.ec2("AWS::EC2::Subnet", "subnet-33333333", "payroll", props{"VpcId": "vpc-11111111"})
	t.address = t.ec2("AWS::EC2::EIP", "eipalloc-11111111", "shop", nil)
	t.nat = t.ec2("AWS::EC2::NatGateway", "nat-11111111", "shop", props{"SubnetId": "subnet-11111111", "AllocationId": "eipalloc-11111111"})
	routes := t.ec2("AWS::EC2::RouteTable", "rtb-33333333", "payroll", props{"VpcId": "vpc-11111111"})
	t.add("AWS::EC2::Route", routes+"|0.0.0.0/0", "0.0.0.0/0", "", props{"RouteTableId": "rtb-33333333", "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-11111111"})
	t.key = arnOf("kms", "key/11111111-2222-3333-4444-555555555555")
	t.add("AWS::KMS::Key", t.key, "data", "shop", nil)
	t.alias = arnOf("kms", "alias/data")
	t.add("AWS::KMS::Alias", t.alias, "alias/data", "", props{"AliasName": "alias/data", "TargetKeyId": string(t.key)})
	t.logs = arnOf("s3", "logs-bucket")
	t.add("AWS::S3::Bucket", t.logs, "logs-bucket", "shop", nil)
	t.ec2("AWS::EC2::FlowLog", "fl-11111111", "shop", props{"ResourceId": "vpc-11111111", "LogDestination": "arn:aws:s3:::logs-bucket"})
	t.exports = arnOf("s3", "exports-bucket")
	t.add("AWS::S3::Bucket", t.exports, "exports-bucket", "", props{"BucketEncryption": props{"Key": props{"KMSMasterKeyID": string(t.key)}}})
	t.policy = arnOf("iam", "policy/exports")
	t.add("AWS::IAM::ManagedPolicy", t.policy, "exports", "", props{"PolicyDocument": props{"Statement": []any{props{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::exports-bucket/*"}}}})
	for _, owner := range []string{"shop", "payroll"} {
		t.add("AWS::IAM::Role", arnOf("iam", "role/"+owner), owner, owner, props{"ManagedPolicyArns": []any{string(t.policy)}})
		t.add("AWS::IAM::InstanceProfile", arnOf("iam", "instance-profile/"+owner), owner, owner, props{"Roles": []any{owner}})
	}
	t.db, t.payDB = arnOf("rds", "db:shop-db"), arnOf("rds", "db:pay-db")
	t.add("AWS::RDS::DBInstance", t.db, "shop-db", "shop", props{"DBInstanceIdentifier": "shop-db", "KmsKeyId": string(t.key)})
	t.add("AWS::RDS::DBInstance", t.payDB, "pay-db", "payroll", props{"DBInstanceIdentifier": "pay-db", "KmsKeyId": string(t.key), "Endpoint": props{"Address": "pay-db.x.us-east-1.rds.amazonaws.com"}})
	t.shop = t.ec2("AWS::EC2::Instance", "i-11111111", "shop", props{"SubnetId": "subnet-22222222", "IamInstanceProfile": "shop", "PrivateIpAddress": "10.0.2.1"})
	t.pay = t.ec2("AWS::EC2::Instance", "i-22222222", "payroll", props{"SubnetId": "subnet-33333333", "IamInstanceProfile": "payroll", "PrivateIpAddress": "10.0.3.1"})
	t.report = t.ec2("AWS::EC2::Instance", "i-33333333", "", props{"SubnetId": "subnet-22222222", "PrivateIpAddress": "10.0.2.9"})
	t.orphan = t.ec2("AWS::EC2::Volume", "vol-99999999", "", nil)
	t.ec2("AWS::EC2::NetworkInterface", "eni-11111111", "", props{"SubnetId": "subnet-22222222", "PrivateIpAddress": "10.0.2.5", "Description": "RDSNetworkInterface"})
	t.zoneAndRecords()
	return t
}

func (t *town) zoneAndRecords() {
	t.zone = arnOf("route53", "hostedzone/Z1")
	t.add("AWS::Route53::HostedZone", t.zone, "shop.internal", "shop", props{"Name": "shop.internal", "VPCs": []any{props{"VPCId": "vpc-11111111"}}})
	t.payRecord, t.oldRecord = t.zone+"|pay-db.shop.internal|CNAME", t.zone+"|old.shop.internal|A"
	t.add("AWS::Route53::RecordSet", t.payRecord, "pay-db.shop.internal", "", props{"Name": "pay-db.shop.internal", "Type": "CNAME", "HostedZoneId": "Z1", "ResourceRecords": []any{"pay-db.x.us-east-1.rds.amazonaws.com"}})
	t.add("AWS::Route53::RecordSet", t.oldRecord, "old.shop.internal", "", props{"Name": "old.shop.internal", "Type": "A", "HostedZoneId": "Z1", "ResourceRecords": []any{"192.0.2.77"}})
	t.recorder = arnOf("config", "delivery-channel/default")
	t.add("AWS::Config::DeliveryChannel", t.recorder, "default", "", props{"S3BucketName": "logs-bucket"})
}

// seen: the report box reads the shop's database, payroll was refused there.
func (t *town) seen() graph.Observed {
	end := func(address string) *graph.Endpoint { return &graph.Endpoint{Address: address} }
	db := &graph.Endpoint{Address: "10.0.2.5", Interface: "eni-11111111"}
	return graph.Observed{Conversations: []graph.Conversation{
		{Client: end("10.0.2.1"), Server: db, Port: 5432, Protocol: "tcp", Bytes: 1000, Packets: 10, Flows: 2, Sure: 1},
		{Client: end("10.0.2.9"), Server: db, Port: 5432, Protocol: "tcp", Bytes: 5000, Packets: 50, Flows: 1, Sure: 1},
		{Client: end("10.0.3.1"), Server: db, Port: 5432, Protocol: "tcp", Packets: 3, Flows: 1, Sure: 1, Refused: true},
		{Client: end("203.0.113.7"), Server: end("10.0.2.1"), Port: 22, Protocol: "tcp", Packets: 3, Flows: 1, Sure: 1, Rejected: true},
	}}
}

// withOwner gives the interface of the database its group, so that it is known.
func (t *town) build(o graph.Options) graph.Graph {
	return graph.Build(t.Inventory, t.seen(), o)
}

func TestBoundaryOfATown(t *testing.T) {
	t.Parallel()
	w := newTown()
	for i := range w.Resources {
		if r := &w.Resources[i]; r.ID == w.db {
			r.Properties["VpcSubnetIds"] = []any{"subnet-22222222"}
		}
	}
	g := w.build(shopSeeds())
	wantBoundary(t, &g, graph.In, w.public, w.shopNet, w.db, w.shop, w.zone, w.alias)
	wantBoundary(t, &g, graph.Shared, w.vpc, w.nat, w.address, w.key, w.logs, w.exports, w.policy)
	wantBoundary(t, &g, graph.Out, w.payNet, w.pay, w.payDB, w.report, w.orphan, w.payRecord, w.oldRecord, w.recorder)
	for _, id := range []cloud.ResourceID{w.report, w.oldRecord, w.recorder, w.zone} {
		if !asked(&g, id) {
			t.Errorf("nobody asks about %s", id)
		}
	}
	if e := wantEdge(t, &g, w.report, w.db, graph.ConnectsTo); e.Bytes != 5000 || e.Port != 5432 || e.Border == "" {
		t.Errorf("the report box reads the database: %+v", e)
	}
	if e := edge(&g, w.pay, w.db, graph.ConnectsTo); e != nil {
		t.Errorf("a refused conversation is a dependency: %+v", e)
	}
	if g.Questions[0].About != w.report {
		t.Errorf("the first question is about %s, want the report box, which has the most bytes", g.Questions[0].About)
	}
}

// TestAnswersAreKept: what a person said overrides, and is not asked again.
func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	w := newTown()
	o := shopSeeds()
	o.Answers = map[cloud.ResourceID]graph.Boundary{w.report: graph.In, w.zone: graph.Shared, w.recorder: graph.Out}
	g := w.build(o)
	wantBoundary(t, &g, graph.In, w.report)
	wantBoundary(t, &g, graph.Shared, w.zone, w.logs)
	wantBoundary(t, &g, graph.Out, w.recorder)
	for id := range o.Answers {
		if asked(&g, id) {
			t.Errorf("%s was answered and is asked again", id)
		}
	}
}

func TestEachSeedFindsTheWorkload(t *testing.T) {
	t.Parallel()
	w := newTown()
	for name, c := range map[string]struct {
		seeds graph.Seeds
		in    []cloud.ResourceID
		out   []cloud.ResourceID
	}{
		"names": {graph.Seeds{Names: []string{"shop-*", "i-1111*"}}, []cloud.ResourceID{w.db, w.shop}, []cloud.ResourceID{w.payDB, w.orphan}},
		"ids":   {graph.Seeds{IDs: []string{"i-22222222"}}, []cloud.ResourceID{w.pay}, []cloud.ResourceID{w.shop, w.orphan}},
		"vpc":   {graph.Seeds{VPCs: []string{"vpc-11111111"}}, []cloud.ResourceID{w.vpc, w.shop, w.pay, w.report, w.public, w.nat, w.zone}, []cloud.ResourceID{w.orphan}},
	} {
		g := w.build(graph.Options{Seeds: c.seeds})
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantBoundary(t, &g, graph.In, c.in...)
			for _, id := range c.out {
				if n := node(t, &g, id); n.Boundary == graph.In {
					t.Errorf("%s is in: %s", id, n.Reason)
				}
			}
		})
	}
	g := w.build(graph.Options{Seeds: graph.Seeds{Names: []string{"nothing-*"}}})
	if len(g.Questions) == 0 || g.Questions[len(g.Questions)-1].ID != "seeds" && g.Questions[0].ID != "seeds" {
		t.Errorf("seeds that match nothing must be a question: %+v", g.Questions)
	}
}

// TestMarkedResourcesTakeNoPart: deleted things and Landfall's own identity.
func TestMarkedResourcesTakeNoPart(t *testing.T) {
	t.Parallel()
	var s stock
	gone := s.ec2("AWS::EC2::Instance", "i-11111111", "shop", props{"SubnetId": "subnet-11111111"})
	s.Resources[0].Marks = []inventory.Mark{inventory.Deleted}
	user := arnOf("iam", "user/landfall")
	s.add("AWS::IAM::User", user, "landfall", "shop", nil).Marks = []inventory.Mark{inventory.Operator}
	subnet := s.ec2("AWS::EC2::Subnet", "subnet-11111111", "", nil)
	acl := s.ec2("AWS::EC2::NetworkAcl", "acl-11111111", "", nil)
	s.Resources[3].Marks = []inventory.Mark{inventory.Default}
	live := s.ec2("AWS::EC2::Subnet", "subnet-22222222", "shop", props{"NetworkAclId": "acl-11111111"})
	use := graph.Use{Principal: string(user), Service: "s3", Action: "GetObject", Resource: string(subnet), Count: 3}
	g := s.build(graph.Observed{Uses: []graph.Use{use}})
	wantBoundary(t, &g, graph.Out, gone, user, subnet)
	wantBoundary(t, &g, graph.In, live)
	wantBoundary(t, &g, graph.Shared, acl)
	for _, e := range g.Edges {
		if e.From == gone || e.From == user {
			t.Errorf("edge of a marked resource: %+v", e)
		}
	}
}
