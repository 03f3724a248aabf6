package seed

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

// waf puts a web ACL in front of the balancer: a managed group and a rate limit.
func (s *scope) wafv2() {
	visible := func(name string) *types.VisibilityConfig {
		return &types.VisibilityConfig{CloudWatchMetricsEnabled: true, SampledRequestsEnabled: true, MetricName: &name}
	}
	tags := tagList(tagsOf(s.owner), func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })
	acl := get(s, s.waf.CreateWebACL, &wafv2.CreateWebACLInput{
		Name: aws.String("bookshop"), Scope: types.ScopeRegional, DefaultAction: &types.DefaultAction{Allow: &types.AllowAction{}}, Tags: tags, VisibilityConfig: visible("bookshop"),
		Rules: []types.Rule{
			{Name: aws.String("common"), Priority: 1, OverrideAction: &types.OverrideAction{None: &types.NoneAction{}}, VisibilityConfig: visible("common"),
				Statement: &types.Statement{ManagedRuleGroupStatement: &types.ManagedRuleGroupStatement{VendorName: aws.String("AWS"), Name: aws.String("AWSManagedRulesCommonRuleSet")}}},
			{Name: aws.String("rate"), Priority: 2, Action: &types.RuleAction{Block: &types.BlockAction{}}, VisibilityConfig: visible("rate"),
				Statement: &types.Statement{RateBasedStatement: &types.RateBasedStatement{Limit: aws.Int64(2000), AggregateKeyType: types.RateBasedStatementAggregateKeyTypeIp}}},
		},
	}, func(o *wafv2.CreateWebACLOutput) *types.WebACLSummary { return o.Summary })
	if acl == nil {
		return
	}
	arn := aws.ToString(acl.ARN)
	s.made(Resource{Kind: "AWS::WAFv2::WebACL", ID: arn, Name: "bookshop"})
	s.set("web-acl", arn)
	do(s, s.waf.AssociateWebACL, &wafv2.AssociateWebACLInput{WebACLArn: &arn, ResourceArn: aws.String(s.id("alb"))})
}
