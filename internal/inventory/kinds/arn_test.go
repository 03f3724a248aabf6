package kinds

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/cloud"
)

func TestARN(t *testing.T) {
	t.Parallel()
	at := Place{Account: "123456789012", Region: "eu-west-1"}
	for _, x := range []struct {
		kind cloud.Kind
		at   Place
		name string
		want string
	}{
		{"AWS::EC2::Instance", at, "i-0abc", "arn:aws:ec2:eu-west-1:123456789012:instance/i-0abc"},
		{"AWS::EC2::Instance", Place{Account: "1", Region: "cn-north-1"}, "i-1", "arn:aws-cn:ec2:cn-north-1:1:instance/i-1"},
		{"AWS::EC2::VPC", Place{Account: "1", Region: "us-gov-west-1"}, "vpc-1", "arn:aws-us-gov:ec2:us-gov-west-1:1:vpc/vpc-1"},
		{"AWS::S3::Bucket", at, "covers", "arn:aws:s3:::covers"},
		{"AWS::IAM::Role", at, "service/web", "arn:aws:iam::123456789012:role/service/web"},
		{"AWS::ECS::Service", at, "shop|web", "arn:aws:ecs:eu-west-1:123456789012:service/shop/web"},
		{"AWS::ECS::Service", at, "web", ""},
		{"AWS::SSM::Parameter", at, "/shop/db", "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/db"},
		{"AWS::SSM::Parameter", at, "db", "arn:aws:ssm:eu-west-1:123456789012:parameter/db"},
		{"AWS::EC2::Route", at, "rtb-1|0.0.0.0/0", "arn:aws:ec2:eu-west-1:123456789012:route-table/rtb-1|0.0.0.0/0"},
		{"AWS::ApiGateway::RestApi", at, "abc", "arn:aws:apigateway:eu-west-1::/restapis/abc"},
		{"AWS::Lambda::Function", at, "arn:aws:lambda:eu-west-1:1:function:f", "arn:aws:lambda:eu-west-1:1:function:f"},
		{"AWS::Nothing::Here", at, "x", ""},
		{"AWS::EC2::Instance", at, "", ""},
	} {
		if got := ARN(x.kind, x.at, x.name); got != x.want {
			t.Errorf("%s %q: %q, want %q", x.kind, x.name, got, x.want)
		}
	}
}

func TestParseARN(t *testing.T) {
	t.Parallel()
	n, ok := ParseARN("arn:aws-iso-b:rds:us-isob-east-1:123456789012:db:orders:v1")
	if !ok || n.Service != "rds" || n.Resource != "db:orders:v1" || n.Place != (Place{"aws-iso-b", "123456789012", "us-isob-east-1"}) {
		t.Errorf("%+v %v", n, ok)
	}
	for _, text := range []string{"", "arn", "arn:aws", "arn:aws:s3", "arn:azure:s3:::x", "x:aws:s3:::b", "arn:aws::::x", "arn:aws:s3:::"} {
		if _, ok := ParseARN(text); ok {
			t.Errorf("%q is an ARN", text)
		}
	}
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	c := New()
	for arn, want := range map[string]cloud.Kind{
		"arn:aws:ec2:us-east-1:1:instance/i-1":                                        "AWS::EC2::Instance",
		"arn:aws:rds:us-east-1:1:db:orders":                                           "AWS::RDS::DBInstance",
		"arn:aws:rds:us-east-1:1:cluster-pg:x":                                        "AWS::RDS::DBClusterParameterGroup",
		"arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/shop/50dc6c495c":   "AWS::ElasticLoadBalancingV2::LoadBalancer",
		"arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/old":                   "AWS::ElasticLoadBalancing::LoadBalancer",
		"arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/shop/50dc6c495c":        "AWS::ElasticLoadBalancingV2::TargetGroup",
		"arn:aws:elasticloadbalancing:us-east-1:1:listener/app/shop/50dc/f2f7":        "AWS::ElasticLoadBalancingV2::Listener",
		"arn:aws:elasticloadbalancing:us-east-1:1:listener-rule/app/shop/50dc/f2f7/9": "AWS::ElasticLoadBalancingV2::ListenerRule",
		"arn:aws:s3:::covers":                              "AWS::S3::Bucket",
		"arn:aws:sqs:us-east-1:1:orders":                   "AWS::SQS::Queue",
		"arn:aws:sns:us-east-1:1:alerts":                   "AWS::SNS::Topic",
		"arn:aws:lambda:us-east-1:1:function:thumbs":       "AWS::Lambda::Function",
		"arn:aws:lambda:us-east-1:1:layer:libs:3":          "AWS::Lambda::LayerVersion",
		"arn:aws:kms:us-east-1:1:key/abc":                  "AWS::KMS::Key",
		"arn:aws:kms:us-east-1:1:alias/data":               "AWS::KMS::Alias",
		"arn:aws:iam::1:role/service/web":                  "AWS::IAM::Role",
		"arn:aws:dynamodb:us-east-1:1:table/sessions":      "AWS::DynamoDB::Table",
		"arn:aws:ecs:us-east-1:1:service/shop/web":         "AWS::ECS::Service",
		"arn:aws:ecs:us-east-1:1:cluster/shop":             "AWS::ECS::Cluster",
		"arn:aws:secretsmanager:us-east-1:1:secret:db-Abc": "AWS::SecretsManager::Secret",
		"arn:aws:logs:us-east-1:1:log-group:/aws/lambda/x": "AWS::Logs::LogGroup",
		"arn:aws:route53:::hostedzone/Z1":                  "AWS::Route53::HostedZone",
		"arn:aws:apigateway:us-east-1::/restapis/abc":      "AWS::ApiGateway::RestApi",
		"arn:aws:cloudfront::1:distribution/E1":            "AWS::CloudFront::Distribution",
	} {
		kind, name, ok := c.Identify(arn)
		if kind != want || !ok || name == "" {
			t.Errorf("%s: %s %q %v, want %s", arn, kind, name, ok, want)
		}
	}
	for _, text := range []string{"", "i-1", "arn:aws:unknown:us-east-1:1:thing/x", "arn:aws:ec2:us-east-1:1:nothing-known/x"} {
		if kind, _, ok := c.Identify(text); ok {
			t.Errorf("%q is a %s", text, kind)
		}
	}
}

// Identify finds the kind and the name of which ARN made an ARN. Kinds that
// share a form give that same ARN.
func TestIdentifyUndoesARN(t *testing.T) {
	t.Parallel()
	c := New()
	for kind, form := range c.arns.byKind {
		if form.composed || len(form.parts) == 1 {
			continue
		}
		parts := make([]string, len(form.parts)-1)
		for i := range parts {
			parts[i] = "n" + strings.Repeat("x", i+1)
		}
		arn := ARN(kind, Place{Account: "123456789012", Region: "us-east-1"}, strings.Join(parts, "|"))
		found, name, ok := c.Identify(arn)
		if !ok {
			t.Errorf("%s: %s is not identified", kind, arn)
			continue
		}
		if again := ARN(found, Place{Account: "123456789012", Region: "us-east-1"}, name); again != arn {
			t.Errorf("%s: %s is taken for %s %q, which is %s", kind, arn, found, name, again)
		}
	}
}

func TestARNsOfAnyTextDoNotPanic(t *testing.T) {
	t.Parallel()
	c := New()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		ParseARN(text)
		c.Identify("arn:aws:ec2:us-east-1:1:" + text)
		ARN("AWS::ECS::Service", Place{}, text)
		Lookup(map[string]any{text: []any{text}}, text)
	})
}
