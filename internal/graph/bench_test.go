package graph_test

import (
	"fmt"
	"testing"

	"example.com/landfall/internal/graph"
)

// bigStock is an account of n resources in the proportions of a large one:
// per twenty resources one network with its parts, instances with disks and
// interfaces, functions with variables, queues, buckets, roles with policies
// and alarms. Every workload has two hundred resources.
func bigStock(n int) stock {
	var s stock
	s.Resources = make([]resource, 0, n)
	for i := 0; len(s.Resources) < n; i++ {
		owner := fmt.Sprint("app-", i/10)
		if i/10 == 7 {
			owner = "shop"
		}
		block(&s, i, owner)
	}
	s.Resources = s.Resources[:n]
	return s
}

func block(s *stock, i int, owner string) {
	id := func(prefix string, k int) string { return fmt.Sprintf("%s-%08x", prefix, i*8+k) }
	vpc := fmt.Sprintf("vpc-%08x", i/10)
	if i%10 == 0 {
		s.ec2("AWS::EC2::VPC", vpc, owner, nil)
	}
	s.ec2("AWS::EC2::Subnet", id("subnet", 0), owner, props{"VpcId": vpc})
	s.ec2("AWS::EC2::SecurityGroup", id("sg", 0), owner, props{"VpcId": vpc, "SecurityGroupIngress": []any{props{"IpProtocol": "tcp", "FromPort": 443.0, "ToPort": 443.0, "CidrIp": "0.0.0.0/0"}}})
	role := fmt.Sprint("role-", i)
	bucket, queue, table := fmt.Sprint("bucket-", i), fmt.Sprint("queue-", i), fmt.Sprint("table-", i)
	s.add("AWS::S3::Bucket", arnOf("s3", bucket), bucket, owner, props{"BucketName": bucket})
	s.add("AWS::SQS::Queue", arnOf("sqs", queue), queue, owner, props{"QueueName": queue})
	s.add("AWS::DynamoDB::Table", arnOf("dynamodb", "table/"+table), table, owner, props{"TableName": table})
	s.add("AWS::IAM::Role", arnOf("iam", "role/"+role), role, owner, props{"RoleName": role, "Policies": []any{props{"PolicyName": "p", "PolicyDocument": props{"Statement": []any{
		props{"Effect": "Allow", "Action": []any{"s3:GetObject", "s3:PutObject"}, "Resource": "arn:aws:s3:::" + bucket + "/*"}, props{"Effect": "Allow", "Action": "sqs:*", "Resource": string(arnOf("sqs", queue))}}}}}})
	for k := range 4 {
		name := fmt.Sprintf("fn-%d-%d", i, k)
		s.add("AWS::Lambda::Function", arnOf("lambda", "function:"+name), name, owner, props{"FunctionName": name, "Role": string(arnOf("iam", "role/"+role)), "Environment": props{"Variables": props{
			"BUCKET": bucket, "QUEUE": "https://sqs.us-east-1.amazonaws.com/123456789012/" + queue, "TABLE_NAME": table}}, "VpcConfig": props{"SubnetIds": []any{id("subnet", 0)}, "SecurityGroupIds": []any{id("sg", 0)}}})
		address := fmt.Sprintf("10.%d.%d.%d", i>>14&255, i>>6&255, i&63*4+k)
		s.ec2("AWS::EC2::Volume", id("vol", k), "", nil)
		s.ec2("AWS::EC2::NetworkInterface", id("eni", k), "", props{"SubnetId": id("subnet", 0), "PrivateIpAddress": address})
		s.ec2("AWS::EC2::Instance", id("i", k), owner, props{"SubnetId": id("subnet", 0), "SecurityGroupIds": []any{id("sg", 0)}, "PrivateIpAddress": address,
			"Volumes": []any{props{"VolumeId": id("vol", k)}}, "NetworkInterfaces": []any{props{"NetworkInterfaceId": id("eni", k)}}})
	}
	s.add("AWS::CloudWatch::Alarm", arnOf("cloudwatch", fmt.Sprint("alarm:a", i)), fmt.Sprint("a", i), "", props{"Dimensions": []any{props{"Name": "QueueName", "Value": queue}}})
}

// bigSeen are conversations between instances, so many that the graph has
// about a million edges.
func bigSeen(s *stock, n int) graph.Observed {
	var addresses []string
	for i := range s.Resources {
		if r := &s.Resources[i]; r.Kind == "AWS::EC2::Instance" {
			addresses = append(addresses, r.Properties["PrivateIpAddress"].(string))
		}
	}
	var o graph.Observed
	o.Conversations = make([]graph.Conversation, 0, n)
	for i := range n {
		from, to := addresses[i%len(addresses)], addresses[(i*7+i/len(addresses)*13+1)%len(addresses)]
		o.Conversations = append(o.Conversations, graph.Conversation{Client: &graph.Endpoint{Address: from}, Server: &graph.Endpoint{Address: to}, Port: 1024 + i%5, Protocol: "tcp", Bytes: 100, Packets: 1, Flows: 1, Sure: 1, Source: "flow-logs"})
	}
	return o
}

// BenchmarkBuild makes the graph, the boundary and the flows of a hundred
// thousand resources and about a million edges.
func BenchmarkBuild(b *testing.B) {
	s := bigStock(100_000)
	seen := bigSeen(&s, 750_000)
	b.ReportAllocs()
	for b.Loop() {
		g := s.build(seen)
		b.ReportMetric(float64(len(g.Nodes)), "nodes")
		b.ReportMetric(float64(len(g.Edges)), "edges")
		in := 0
		for i := range g.Nodes {
			if g.Nodes[i].Boundary == graph.In {
				in++
			}
		}
		b.ReportMetric(float64(in), "in")
	}
}
