package seed

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// shopPort is where the shop's process listens on its instances.
const shopPort = 8080

// elb makes the application load balancer with a redirecting and a forwarding
// listener, two target groups and the rules that choose between them.
func (s *scope) elb() {
	lb := get(s, s.clients.elb.CreateLoadBalancer, &elb.CreateLoadBalancerInput{
		Name: aws.String("bookshop"), Type: types.LoadBalancerTypeEnumApplication, Scheme: types.LoadBalancerSchemeEnumInternetFacing,
		Subnets: []string{s.id("subnet/public-a"), s.id("subnet/public-b")}, SecurityGroups: []string{s.id("group/alb")}, Tags: s.elbTags("bookshop"),
	}, func(o *elb.CreateLoadBalancerOutput) []types.LoadBalancer { return o.LoadBalancers })
	if len(lb) != 1 {
		return
	}
	arn := aws.ToString(lb[0].LoadBalancerArn)
	s.made(Resource{Kind: "AWS::ElasticLoadBalancingV2::LoadBalancer", ID: arn, Name: "bookshop"})
	s.set("alb", arn)
	s.set("alb-dns", aws.ToString(lb[0].DNSName))
	s.set("alb-zone", aws.ToString(lb[0].CanonicalHostedZoneId))
	do(s, s.clients.elb.ModifyLoadBalancerAttributes, &elb.ModifyLoadBalancerAttributesInput{LoadBalancerArn: &arn, Attributes: []types.LoadBalancerAttribute{
		{Key: aws.String("access_logs.s3.enabled"), Value: aws.String("true")},
		{Key: aws.String("access_logs.s3.bucket"), Value: aws.String(s.bucket("bookshop-logs"))},
		{Key: aws.String("access_logs.s3.prefix"), Value: aws.String("alb")},
		{Key: aws.String("idle_timeout.timeout_seconds"), Value: aws.String("60")},
		{Key: aws.String("deletion_protection.enabled"), Value: aws.String("false")},
	}})
	web, api := s.targetGroup("bookshop-web", "/healthz"), s.targetGroup("bookshop-api", "/healthz")
	s.listeners(arn, web, api)
}

func (s *scope) targetGroup(name, health string) string {
	group := get(s, s.clients.elb.CreateTargetGroup, &elb.CreateTargetGroupInput{
		Name: &name, Protocol: types.ProtocolEnumHttp, Port: aws.Int32(shopPort), VpcId: aws.String(s.id("vpc")), TargetType: types.TargetTypeEnumInstance,
		HealthCheckPath: &health, HealthCheckIntervalSeconds: aws.Int32(15), HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(3),
		Matcher: &types.Matcher{HttpCode: aws.String("200")}, Tags: s.elbTags(name),
	}, func(o *elb.CreateTargetGroupOutput) []types.TargetGroup { return o.TargetGroups })
	if len(group) != 1 {
		return ""
	}
	arn := aws.ToString(group[0].TargetGroupArn)
	s.made(Resource{Kind: "AWS::ElasticLoadBalancingV2::TargetGroup", ID: arn, Name: name})
	s.set("target-group/"+name, arn)
	do(s, s.clients.elb.ModifyTargetGroupAttributes, &elb.ModifyTargetGroupAttributesInput{TargetGroupArn: &arn, Attributes: []types.TargetGroupAttribute{
		{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("30")},
		{Key: aws.String("stickiness.enabled"), Value: aws.String(strconv.FormatBool(name == "bookshop-web"))},
	}})
	return arn
}

func (s *scope) listeners(lb, web, api string) {
	forward := func(group string) []types.Action {
		return []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &group}}
	}
	s.listener("http", &elb.CreateListenerInput{
		LoadBalancerArn: &lb, Port: aws.Int32(80), Protocol: types.ProtocolEnumHttp, Tags: s.elbTags("http"),
		DefaultActions: []types.Action{{Type: types.ActionTypeEnumRedirect, RedirectConfig: &types.RedirectActionConfig{
			Protocol: aws.String("HTTPS"), Port: aws.String("443"), Host: aws.String("#{host}"), Path: aws.String("/#{path}"), Query: aws.String("#{query}"),
			StatusCode: types.RedirectActionStatusCodeEnumHttp301,
		}}},
	})
	https := s.listener("https", &elb.CreateListenerInput{
		LoadBalancerArn: &lb, Port: aws.Int32(443), Protocol: types.ProtocolEnumHttps, Tags: s.elbTags("https"),
		SslPolicy: aws.String("ELBSecurityPolicy-TLS13-1-2-2021-06"), Certificates: []types.Certificate{{CertificateArn: aws.String(s.id("certificate"))}},
		DefaultActions: forward(web),
	})
	for _, r := range []struct {
		priority int32
		paths    []string
		actions  []types.Action
	}{
		{10, []string{"/orders", "/orders/*"}, forward(api)},
		{20, []string{"/admin/*"}, []types.Action{{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{
			StatusCode: aws.String("403"), ContentType: aws.String("text/plain"), MessageBody: aws.String("not here"),
		}}}},
		{30, []string{"/books/*", "/covers/*", "/search"}, forward(web)},
	} {
		rules := get(s, s.clients.elb.CreateRule, &elb.CreateRuleInput{
			ListenerArn: &https, Priority: &r.priority, Actions: r.actions, Tags: s.elbTags(""),
			Conditions: []types.RuleCondition{{Field: aws.String("path-pattern"), PathPatternConfig: &types.PathPatternConditionConfig{Values: r.paths}}},
		}, func(o *elb.CreateRuleOutput) []types.Rule { return o.Rules })
		for _, rule := range rules {
			s.made(Resource{Kind: "AWS::ElasticLoadBalancingV2::ListenerRule", ID: aws.ToString(rule.RuleArn), Name: strconv.Itoa(int(r.priority))})
		}
	}
}

func (s *scope) listener(name string, in *elb.CreateListenerInput) string {
	arn := get(s, s.clients.elb.CreateListener, in, func(o *elb.CreateListenerOutput) string {
		if len(o.Listeners) == 0 {
			return ""
		}
		return aws.ToString(o.Listeners[0].ListenerArn)
	})
	if s.err == nil {
		s.made(Resource{Kind: "AWS::ElasticLoadBalancingV2::Listener", ID: arn, Name: name})
	}
	s.set("listener/"+name, arn)
	return arn
}
