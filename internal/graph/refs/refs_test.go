package refs_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/graph/refs"
	"example.com/landfall/internal/inventory"
)

const prefix = "arn:aws:"

// shelf is one resource of each form of name.
func shelf() []inventory.Resource {
	make := func(kind, id, name string, p inventory.Properties, aliases ...string) inventory.Resource {
		return inventory.Resource{ID: cloud.ResourceID(id), Kind: cloud.Kind(kind), Name: name, Account: "123456789012", Region: "us-east-1", Properties: p, Aliases: aliases}
	}
	at := func(service, rest string) string { return prefix + service + ":us-east-1:123456789012:" + rest }
	return []inventory.Resource{
		make("AWS::EC2::VPC", at("ec2", "vpc/vpc-0123456789abcdef0"), "main", nil),
		make("AWS::S3::Bucket", "arn:aws:s3:::my.covers", "my.covers", nil),
		make("AWS::SQS::Queue", at("sqs", "orders-queue"), "orders-queue", nil),
		make("AWS::RDS::DBInstance", at("rds", "db:shop-db"), "shop-db", inventory.Properties{"Endpoint": map[string]any{"Address": "shop-db.x.us-east-1.rds.amazonaws.com"}}),
		make("AWS::SecretsManager::Secret", at("secretsmanager", "secret:shop/db-AbCdEf"), "shop/db", nil),
		make("AWS::Lambda::Function", at("lambda", "function:mailer"), "mailer", nil),
		make("AWS::ElasticLoadBalancingV2::LoadBalancer", at("elasticloadbalancing", "loadbalancer/app/shop/50dc6c495c0c9188"), "shop", inventory.Properties{"DNSName": "shop-1.us-east-1.elb.amazonaws.com"}),
		make("AWS::EC2::Instance", at("ec2", "instance/i-0123456789abcdef0"), "web", inventory.Properties{"PrivateIp": "10.0.0.7"}),
		make("AWS::Logs::LogGroup", at("logs", "log-group:/shop/app"), "/shop/app", nil),
		make("AWS::DynamoDB::Table", at("dynamodb", "table/shop-orders"), "shop-orders", nil),
		make("AWS::ECR::Repository", at("ecr", "repository/shop/web"), "shop/web", nil),
		make("AWS::EFS::FileSystem", at("elasticfilesystem", "file-system/fs-01234567"), "share", nil),
		make("AWS::ApiGateway::RestApi", "arn:aws:apigateway:us-east-1::/restapis/a1b2c3d4e5", "shop-api", nil),
		make("AWS::KMS::Alias", at("kms", "alias/shop"), "alias/shop", nil),
		make("AWS::IAM::Role", "arn:aws:iam::123456789012:role/service/app", "app", nil),
		make("AWS::S3::Bucket", "cloudformation:shop/Covers", "Covers", nil),
		make("AWS::SSM::Parameter", at("ssm", "parameter/shop/level"), "level", nil),
	}
}

func names(x *refs.Index, found []refs.Mention) string {
	var list []string
	for _, f := range found {
		if f.To < 0 {
			list = append(list, "!"+f.Outside)
		} else {
			list = append(list, x.Resource(f.To).Name)
		}
	}
	return strings.Join(list, " ")
}

func TestFind(t *testing.T) {
	t.Parallel()
	x := refs.NewIndex(shelf())
	for text, want := range map[string]string{
		"vpc-0123456789abcdef0":                                               "main",
		"a vpc-0123456789abcdef0, and (i-0123456789abcdef0)":                  "main web",
		"vpc-99999999":                                                        "!vpc-99999999",
		"arn:aws:s3:::my.covers/a/b.jpg":                                      "my.covers",
		"s3://my.covers/a":                                                    "my.covers",
		"https://my.covers.s3.us-east-1.amazonaws.com/a.jpg":                  "my.covers",
		"my.covers.s3.amazonaws.com":                                          "my.covers",
		"https://s3.us-east-1.amazonaws.com/my.covers/x":                      "my.covers",
		"https://sqs.us-east-1.amazonaws.com/123456789012/orders-queue":       "orders-queue",
		"http://127.0.0.1:4566/123456789012/orders-queue":                     "orders-queue",
		"postgres://u:p@shop-db.x.us-east-1.rds.amazonaws.com:5432/x":         "shop-db",
		"jdbc:postgresql://shop-db.x.us-east-1.rds.amazonaws.com/x":           "shop-db",
		"Server=tcp:shop-db.x.us-east-1.rds.amazonaws.com,1433;Database=x":    "shop-db",
		"user:secret@shop-db.x.us-east-1.rds.amazonaws.com:5432":              "shop-db",
		"someone@shop-db.x.us-east-1.rds.amazonaws.com":                       "",
		"arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db":        "shop/db",
		"arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db-AbCdEf": "shop/db",
		"arn:aws:lambda:us-east-1:123456789012:function:mailer:live":          "mailer",
		"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:mailer/invocations": "mailer",
		"dualstack.shop-1.us-east-1.elb.amazonaws.com.":                               "shop",
		"SHOP-1.us-east-1.elb.amazonaws.com":                                          "shop",
		"app/shop/50dc6c495c0c9188":                                                   "shop",
		"http://10.0.0.7:8080/":                                                       "web",
		"arn:aws:logs:us-east-1:123456789012:log-group:/shop/app:*":                   "/shop/app",
		"arn:aws:dynamodb:us-east-1:123456789012:table/shop-orders/stream/2026-01-01": "shop-orders",
		"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web:1.2":                   "shop/web",
		"fs-01234567.efs.us-east-1.amazonaws.com":                                     "share",
		"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod":                 "shop-api",
		"arn:aws:sts::123456789012:assumed-role/app/session":                          "app",
		"alias/shop": "alias/shop",
		"arn:aws:ssm:us-east-1:123456789012:parameter/shop/level": "level",
		"${ref:cloudformation:shop/Covers#Arn}/*":                 "Covers",
		"https://api.pay.example:8443/v1":                         "!api.pay.example",
		"see https://127.0.0.1:80/ and 0.0.0.0:80":                "",
		"mailer":         "",
		"a-b-c":          "",
		"arn:aws:s3:::*": "",
	} {
		if got := names(x, x.Find(-1, text)); got != want {
			t.Errorf("Find(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestByProperty(t *testing.T) {
	t.Parallel()
	x := refs.NewIndex(shelf())
	for _, c := range []struct{ property, value, want string }{
		{"BucketName", "my.covers", "my.covers"}, {"DestinationBucketName", "my.covers", "my.covers"}, {"QueueName", "orders-queue", "orders-queue"}, {"ORDERS_TABLE", "shop-orders", "shop-orders"},
		{"DBInstanceIdentifier", "shop-db", "shop-db"}, {"FunctionName", "mailer", "mailer"}, {"KmsKeyId", "alias/shop", "alias/shop"}, {"Role", "app", "app"}, {"LogGroupName", "/shop/app", "/shop/app"},
		{"LoadBalancer", "shop", "shop"}, {"Comment", "my.covers", ""}, {"TableName", "my.covers", ""}, {"", "", ""}, {"_", "x", ""},
	} {
		if got := names(x, x.ByProperty(-1, c.property, c.value)); got != c.want {
			t.Errorf("ByProperty(%q, %q) = %q, want %q", c.property, c.value, got, c.want)
		}
	}
}

// TestNearComesFirst: a name that two regions have means the one of the
// resource that says it.
func TestNearComesFirst(t *testing.T) {
	t.Parallel()
	list := []inventory.Resource{
		{ID: "arn:aws:sqs:us-east-1:1:jobs", Kind: "AWS::SQS::Queue", Name: "jobs", Region: "us-east-1"},
		{ID: "arn:aws:sqs:eu-west-1:1:jobs", Kind: "AWS::SQS::Queue", Name: "jobs", Region: "eu-west-1"},
		{ID: "arn:aws:lambda:eu-west-1:1:function:f", Kind: "AWS::Lambda::Function", Name: "f", Region: "eu-west-1"},
	}
	x := refs.NewIndex(list)
	if found := x.ByProperty(2, "QueueName", "jobs"); len(found) != 1 || found[0].To != 1 {
		t.Errorf("found %+v, want the queue of the function's own region", found)
	}
}

// TestNoTextPanics cuts and mixes texts of every form.
func TestNoTextPanics(t *testing.T) {
	t.Parallel()
	x := refs.NewIndex(shelf())
	r := rand.New(rand.NewPCG(1, 2))
	seeds := []string{"arn:aws:lambda:us-east-1:123456789012:function:mailer:live", "jdbc:postgresql://u:p@h.example:5432/x", "vpc-0123456789abcdef0", "${ref:cloudformation:shop/Covers#Arn}", "[::1]:443", "https://[2001:db8::1]:8443/x@y", "::::", "arn:arn:arn:", "@:@:", "://"}
	for range 10_000 {
		a, b := seeds[r.IntN(len(seeds))], seeds[r.IntN(len(seeds))]
		text := a[:r.IntN(len(a)+1)] + b[r.IntN(len(b)+1):]
		x.Find(-1, text)
		x.ByProperty(-1, text, text)
		x.InText(-1, text)
		x.Host(-1, text)
		x.ARN(-1, text)
	}
}

func FuzzFind(f *testing.F) {
	for _, seed := range []string{"arn:aws:s3:::my.covers/x", "postgres://a:b@c:1/d", "vpc-01234567", "s3://x", "${ref:a#b}", "x@y:1", "\x00\xff"} {
		f.Add(seed)
	}
	x := refs.NewIndex(shelf())
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range x.Find(3, text) {
			if m.To >= int32(len(shelf())) || m.To < 0 && m.Outside == "" {
				t.Fatalf("mention of nothing: %+v", m)
			}
		}
		x.ByProperty(3, text, text)
		x.InText(3, text)
	})
}
