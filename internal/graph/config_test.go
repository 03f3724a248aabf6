package graph_test

import (
	"encoding/base64"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph"
	"example.com/landfall/internal/inventory"
)

// TestConfigurationGivesEdges: one resource's properties name another, in each
// of the ways that AWS has, and the edge has the right direction and word.
func TestConfigurationGivesEdges(t *testing.T) {
	t.Parallel()
	var s stock
	vpc := s.ec2("AWS::EC2::VPC", "vpc-0123456789abcdef0", "shop", nil)
	subnet := s.ec2("AWS::EC2::Subnet", "subnet-0123456789abcdef0", "shop", props{"VpcId": "vpc-0123456789abcdef0"})
	group := s.ec2("AWS::EC2::SecurityGroup", "sg-0123456789abcdef0", "shop", props{"VpcId": "vpc-0123456789abcdef0"})
	image := s.ec2("AWS::EC2::Image", "ami-0123456789abcdef0", "shop", nil)
	role := arnOf("iam", "role/shop-app")
	s.add("AWS::IAM::Role", role, "shop-app", "shop", nil)
	profile := arnOf("iam", "instance-profile/shop-app")
	s.add("AWS::IAM::InstanceProfile", profile, "shop-app", "shop", props{"Roles": []any{"shop-app"}})
	key := arnOf("kms", "key/11111111-2222-3333-4444-555555555555")
	s.add("AWS::KMS::Key", key, "data", "shop", nil)
	alias := arnOf("kms", "alias/shop")
	s.add("AWS::KMS::Alias", alias, "alias/shop", "", props{"AliasName": "alias/shop", "TargetKeyId": "11111111-2222-3333-4444-555555555555"})
	volume := s.ec2("AWS::EC2::Volume", "vol-0123456789abcdef0", "", props{"KmsKeyId": string(key)})
	instance := s.ec2("AWS::EC2::Instance", "i-0123456789abcdef0", "shop", props{"SubnetId": "subnet-0123456789abcdef0", "SecurityGroupIds": []any{"sg-0123456789abcdef0"},
		"ImageId": "ami-0123456789abcdef0", "IamInstanceProfile": "shop-app", "Volumes": []any{props{"VolumeId": "vol-0123456789abcdef0"}}})
	subnets := arnOf("rds", "subgrp:data")
	s.add("AWS::RDS::DBSubnetGroup", subnets, "data", "shop", props{"DBSubnetGroupName": "data", "SubnetIds": []any{"subnet-0123456789abcdef0"}})
	parameters := arnOf("rds", "pg:pg15")
	s.add("AWS::RDS::DBParameterGroup", parameters, "pg15", "shop", props{"DBParameterGroupName": "pg15"})
	db := arnOf("rds", "db:shop-db")
	s.add("AWS::RDS::DBInstance", db, "shop-db", "shop", props{"DBInstanceIdentifier": "shop-db", "DBSubnetGroupName": "data", "DBParameterGroupName": "pg15", "VPCSecurityGroups": []any{"sg-0123456789abcdef0"},
		"KmsKeyId": "alias/shop", "Endpoint": props{"Address": "shop-db.abc.us-east-1.rds.amazonaws.com", "Port": "5432"}, "EnableCloudwatchLogsExports": []any{"postgresql"}})
	log := arnOf("logs", "log-group:/aws/rds/instance/shop-db/postgresql")
	s.add("AWS::Logs::LogGroup", log, "/aws/rds/instance/shop-db/postgresql", "", nil)
	g := s.build(graph.Observed{})
	for _, want := range []struct {
		from, to cloud.ResourceID
		rel      graph.Relation
	}{
		{subnet, vpc, graph.InVPC}, {group, vpc, graph.InVPC}, {instance, subnet, graph.InSubnet}, {instance, group, graph.GuardedBy}, {instance, image, graph.RunsImage},
		{instance, profile, graph.UsesProfile}, {profile, role, graph.UsesRole}, {instance, volume, graph.HasVolume}, {volume, key, graph.EncryptedBy}, {alias, key, graph.AliasOf},
		{db, subnets, graph.InSubnet}, {subnets, subnet, graph.InSubnet}, {db, parameters, graph.UsesSettings}, {db, group, graph.GuardedBy}, {db, alias, graph.EncryptedBy}, {db, log, graph.LogsTo},
	} {
		wantEdge(t, &g, want.from, want.to, want.rel)
	}
	if n := node(t, &g, instance); n.Network != subnet {
		t.Errorf("the instance stands in %q, want %q", n.Network, subnet)
	}
	wantBoundary(t, &g, graph.In, instance, volume, alias, log)
}

func userData() string {
	return base64.StdEncoding.EncodeToString([]byte("#cloud-config\nenv:\n  DB=postgres://app@shop-db.abc.us-east-1.rds.amazonaws.com:5432/shop?sslmode=require\n  ORDERS_TABLE=shop-orders\n  PAY=https://api.pay.example/v1\n"))
}

// TestFreeTextGivesEdges: variables, user data and connection strings.
func TestFreeTextGivesEdges(t *testing.T) {
	t.Parallel()
	var s stock
	db := arnOf("rds", "db:shop-db")
	s.add("AWS::RDS::DBInstance", db, "shop-db", "shop", props{"Endpoint": props{"Address": "shop-db.abc.us-east-1.rds.amazonaws.com"}})
	table := arnOf("dynamodb", "table/shop-orders")
	s.add("AWS::DynamoDB::Table", table, "shop-orders", "shop", props{"TableName": "shop-orders"})
	queue := arnOf("sqs", "shop-mail")
	s.add("AWS::SQS::Queue", queue, "shop-mail", "shop", props{"QueueName": "shop-mail", "QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/shop-mail"})
	secret := arnOf("secretsmanager", "secret:shop/db-AbCdEf")
	s.add("AWS::SecretsManager::Secret", secret, "shop/db", "shop", nil)
	bucket := arnOf("s3", "shop-covers")
	s.add("AWS::S3::Bucket", bucket, "shop-covers", "shop", nil)
	template := s.ec2("AWS::EC2::LaunchTemplate", "lt-0123456789abcdef0", "shop", props{"LaunchTemplateData": props{"UserData": userData()}})
	function := arnOf("lambda", "function:mailer")
	s.add("AWS::Lambda::Function", function, "mailer", "shop", props{"FunctionName": "mailer", "Environment": props{"Variables": props{
		"QUEUE": "https://sqs.us-east-1.amazonaws.com/123456789012/shop-mail", "SECRET": "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db", "COVERS": "s3://shop-covers/prefix",
		"LEGACY": "Server=tcp:legacy.corp.example,1433;Database=x", "JDBC": "jdbc:postgresql://shop-db.abc.us-east-1.rds.amazonaws.com:5432/shop"}}})
	g := s.build(graph.Observed{})
	if e := wantEdge(t, &g, template, db, graph.ConnectsTo); e.Port != 5432 || e.Protocol != "tcp" {
		t.Errorf("port %d %s of the connection string, want 5432 tcp", e.Port, e.Protocol)
	}
	wantEdge(t, &g, template, table, graph.Uses)
	pay := wantEdge(t, &g, template, "external:api.pay.example", graph.ConnectsTo)
	if n := node(t, &g, "external:api.pay.example"); n.Kind != graph.ExternalHost || n.Boundary != graph.Out || pay.Border == "" {
		t.Errorf("the payment service: %+v, border %q", n, pay.Border)
	}
	wantEdge(t, &g, function, queue, graph.Uses)
	wantEdge(t, &g, function, secret, graph.ReadsSecret)
	wantEdge(t, &g, function, bucket, graph.Uses)
	wantEdge(t, &g, function, db, graph.ConnectsTo)
}

// TestDeliveriesGiveEdges: subscriptions, notifications, mappings, rules.
func TestDeliveriesGiveEdges(t *testing.T) {
	t.Parallel()
	var s stock
	queue, topic, function, bucket := arnOf("sqs", "mail"), arnOf("sns", "orders"), arnOf("lambda", "function:thumbs"), arnOf("s3", "covers-bucket")
	s.add("AWS::SQS::Queue", queue, "mail", "shop", nil)
	s.add("AWS::SNS::Topic", topic, "orders", "shop", nil)
	s.add("AWS::Lambda::Function", function, "thumbs", "shop", nil)
	s.add("AWS::S3::Bucket", bucket, "covers-bucket", "shop", props{"NotificationConfiguration": props{"LambdaConfigurations": []any{props{"Function": string(function)}}},
		"LoggingConfiguration": props{"DestinationBucketName": "logs-bucket"}})
	logs := arnOf("s3", "logs-bucket")
	s.add("AWS::S3::Bucket", logs, "logs-bucket", "shop", nil)
	subscription := topic + ":0a1b"
	s.add("AWS::SNS::Subscription", subscription, "sqs", "", props{"TopicArn": string(topic), "Protocol": "sqs", "Endpoint": string(queue)})
	mapping := function + "|mapping"
	s.add("AWS::Lambda::EventSourceMapping", mapping, "mapping", "", props{"FunctionName": "thumbs", "EventSourceArn": string(queue)})
	rule := arnOf("events", "rule/nightly")
	s.add("AWS::Events::Rule", rule, "nightly", "shop", props{"ScheduleExpression": "rate(1 day)", "Targets": []any{props{"Arn": string(function)}}})
	heard := arnOf("events", "rule/new-cover")
	s.add("AWS::Events::Rule", heard, "new-cover", "shop", props{"EventPattern": `{"source":["aws.s3"],"detail":{"bucket":{"name":["covers-bucket"]}}}`, "Targets": []any{props{"Arn": string(topic)}}})
	alarm := arnOf("cloudwatch", "alarm:age")
	s.add("AWS::CloudWatch::Alarm", alarm, "age", "", props{"Dimensions": []any{props{"Name": "QueueName", "Value": "mail"}}, "AlarmActions": []any{string(topic)}})
	dashboard := arnOf("cloudwatch", "dashboard/main")
	s.add("AWS::CloudWatch::Dashboard", dashboard, "main", "", props{"DashboardBody": `{"widgets":[{"properties":{"metrics":[["AWS/S3","X","BucketName","covers-bucket"]]}}]}`})
	g := s.build(graph.Observed{})
	wantEdge(t, &g, topic, queue, graph.DeliversTo)
	wantEdge(t, &g, bucket, function, graph.DeliversTo)
	wantEdge(t, &g, bucket, logs, graph.LogsTo)
	wantEdge(t, &g, function, queue, graph.Reads)
	wantEdge(t, &g, rule, function, graph.Triggers)
	wantEdge(t, &g, bucket, heard, graph.Notifies)
	wantEdge(t, &g, alarm, queue, graph.Watches)
	wantEdge(t, &g, alarm, topic, graph.Notifies)
	wantEdge(t, &g, dashboard, bucket, graph.Watches)
	wantBoundary(t, &g, graph.In, subscription, mapping, alarm, dashboard)
}

// TestPoliciesGiveEdges: permissions resolve to resources; a pattern says less
// than an ARN, and "everything" says nothing.
func TestPoliciesGiveEdges(t *testing.T) {
	t.Parallel()
	var s stock
	covers, other, queue := arnOf("s3", "shop-covers"), arnOf("s3", "archive"), arnOf("sqs", "orders")
	s.add("AWS::S3::Bucket", covers, "shop-covers", "shop", nil)
	s.add("AWS::S3::Bucket", other, "archive", "", nil)
	s.add("AWS::SQS::Queue", queue, "orders", "shop", nil)
	statement := func(action, resource any, condition any) props {
		p := props{"Effect": "Allow", "Action": action, "Resource": resource}
		if condition != nil {
			p["Condition"] = condition
		}
		return p
	}
	role := arnOf("iam", "role/app")
	s.add("AWS::IAM::Role", role, "app", "shop", props{"Policies": []any{props{"PolicyName": "p", "PolicyDocument": props{"Statement": []any{
		statement([]any{"s3:GetObject", "s3:PutObject"}, "arn:aws:s3:::shop-covers/*", nil), statement("sqs:SendMessage", string(queue), props{"Bool": props{"aws:SecureTransport": "true"}})}}}}})
	admin := arnOf("iam", "role/admin")
	s.add("AWS::IAM::Role", admin, "admin", "", props{"Policies": []any{props{"PolicyDocument": `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`}}})
	pattern := arnOf("iam", "role/pattern")
	s.add("AWS::IAM::Role", pattern, "pattern", "", props{"Policies": []any{props{"PolicyDocument": props{"Statement": []any{statement("s3:Get*", "arn:aws:s3:::shop-*", nil), statement("s3:GetObject", "*", nil)}}}}})
	g := s.build(graph.Observed{})
	reads := wantEdge(t, &g, role, covers, graph.Reads)
	wantEdge(t, &g, role, covers, graph.Writes)
	sends := wantEdge(t, &g, role, queue, graph.Writes)
	if sends.Confidence >= reads.Confidence || len(sends.Evidence) == 0 || sends.Evidence[0].Note != "if Bool aws:SecureTransport" {
		t.Errorf("a condition must lower the confidence and be noted: %+v, %v", sends, reads.Confidence)
	}
	if e := wantEdge(t, &g, pattern, covers, graph.Reads); e.Confidence >= reads.Confidence {
		t.Errorf("a pattern has %v, an ARN %v", e.Confidence, reads.Confidence)
	}
	if e := wantEdge(t, &g, pattern, other, graph.MayUse); !e.Potential {
		t.Errorf("any bucket is no bucket: %+v", e)
	}
	for _, to := range []cloud.ResourceID{covers, other, queue} {
		if e := edge(&g, admin, to, graph.Reads); e != nil {
			t.Errorf("an administrator's role gives an edge: %+v", e)
		}
	}
	wantBoundary(t, &g, graph.Out, admin, other)
}

// TestTemplatesGiveEdges: references in their text form, inside joins too.
func TestTemplatesGiveEdges(t *testing.T) {
	t.Parallel()
	var s stock
	add := func(kind, logical string, p props) cloud.ResourceID {
		id := cloud.ResourceID("cloudformation:shop/" + logical)
		r := s.add(kind, id, logical, "", p)
		r.LogicalID, r.Stack = logical, "shop"
		return id
	}
	ref := func(id cloud.ResourceID, attribute string) string {
		return inventory.Reference{Resource: id, Attribute: attribute}.String()
	}
	bucket := add("AWS::S3::Bucket", "Covers", props{"BucketName": "covers"})
	db := add("AWS::RDS::DBInstance", "Database", nil)
	role := add("AWS::IAM::Role", "Role", nil)
	policy := add("AWS::IAM::Policy", "Policy", props{"Roles": []any{ref("cloudformation:shop/Role", "")}, "PolicyDocument": props{"Statement": []any{props{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ref(bucket, "Arn") + "/*"}}}})
	function := add("AWS::Lambda::Function", "Fn", props{"Role": ref(role, "Arn"), "Environment": props{"Variables": props{"DB": "postgres://" + ref(db, "Endpoint.Address") + ":5432/x"}}})
	s.Resources[len(s.Resources)-1].Attributes = props{"DependsOn": []any{"Policy"}}
	g := graph.Build(s.Inventory, graph.Observed{}, graph.Options{Seeds: graph.Seeds{Stacks: []string{"shop"}}})
	wantEdge(t, &g, function, role, graph.UsesRole)
	wantEdge(t, &g, function, policy, graph.DependsOn)
	wantEdge(t, &g, role, bucket, graph.Reads)
	if edge(&g, function, db, graph.ConnectsTo) == nil {
		t.Errorf("no connection to the database:\n%s", edgesOf(&g, function))
	}
	wantBoundary(t, &g, graph.In, bucket, db, role, policy, function)
}
