package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/aws-sdk-go-v2/service/wafv2/types"
)

type wafReader interface {
	GetIPSet(context.Context, *wafv2.GetIPSetInput, ...func(*wafv2.Options)) (*wafv2.GetIPSetOutput, error)
	GetLoggingConfiguration(context.Context, *wafv2.GetLoggingConfigurationInput, ...func(*wafv2.Options)) (*wafv2.GetLoggingConfigurationOutput, error)
	GetRegexPatternSet(context.Context, *wafv2.GetRegexPatternSetInput, ...func(*wafv2.Options)) (*wafv2.GetRegexPatternSetOutput, error)
	GetRuleGroup(context.Context, *wafv2.GetRuleGroupInput, ...func(*wafv2.Options)) (*wafv2.GetRuleGroupOutput, error)
	GetWebACL(context.Context, *wafv2.GetWebACLInput, ...func(*wafv2.Options)) (*wafv2.GetWebACLOutput, error)
	ListIPSets(context.Context, *wafv2.ListIPSetsInput, ...func(*wafv2.Options)) (*wafv2.ListIPSetsOutput, error)
	ListRegexPatternSets(context.Context, *wafv2.ListRegexPatternSetsInput, ...func(*wafv2.Options)) (*wafv2.ListRegexPatternSetsOutput, error)
	ListRuleGroups(context.Context, *wafv2.ListRuleGroupsInput, ...func(*wafv2.Options)) (*wafv2.ListRuleGroupsOutput, error)
	ListTagsForResource(context.Context, *wafv2.ListTagsForResourceInput, ...func(*wafv2.Options)) (*wafv2.ListTagsForResourceOutput, error)
	ListResourcesForWebACL(context.Context, *wafv2.ListResourcesForWebACLInput, ...func(*wafv2.Options)) (*wafv2.ListResourcesForWebACLOutput, error)
	ListWebACLs(context.Context, *wafv2.ListWebACLsInput, ...func(*wafv2.Options)) (*wafv2.ListWebACLsOutput, error)
}

// wafService reads the web ACLs of the region, wafGlobalService those of
// CloudFront, which only us-east-1 answers (WAF API reference, Scope).
func wafService() service {
	return service{name: "wafv2", steps: func(config sdk.Config) []*step { return wafSteps(config, "REGIONAL") }}
}

func wafGlobalService() service {
	return service{name: "wafv2", global: true, steps: func(config sdk.Config) []*step { return wafSteps(config, "CLOUDFRONT") }}
}

func wafSteps(config sdk.Config, scope string) []*step {
	var api wafReader = wafv2.NewFromConfig(config)
	within := "Scope:" + scope
	tags := func() *step {
		return list(api.ListTagsForResource, "ResourceARN=ARN").into("TagInfoForResource.TagList", "Tags")
	}
	return []*step{
		list(api.ListWebACLs, within).items("WebACLs", "AWS::WAFv2::WebACL").with(append(wafUsers(api, scope),
			get(api.GetWebACL, "Name", "Id", within).into("WebACL", ""),
			tags(),
			get(api.GetLoggingConfiguration, "ResourceArn=ARN").items("LoggingConfiguration", "AWS::WAFv2::LoggingConfiguration").absent("WAFNonexistentItemException"),
		)...),
		list(api.ListIPSets, within).items("IPSets", "AWS::WAFv2::IPSet").with(get(api.GetIPSet, "Name", "Id", within).into("IPSet", ""), tags()),
		list(api.ListRuleGroups, within).items("RuleGroups", "AWS::WAFv2::RuleGroup").with(get(api.GetRuleGroup, "Name", "Id", within).into("RuleGroup", ""), tags()),
		list(api.ListRegexPatternSets, within).items("RegexPatternSets", "AWS::WAFv2::RegexPatternSet").with(get(api.GetRegexPatternSet, "Name", "Id", within).into("RegexPatternSet", ""), tags()),
	}
}

// wafUsers asks what a regional web ACL protects, a kind at a time; a
// distribution names its web ACL itself.
func wafUsers(api wafReader, scope string) []*step {
	if scope != "REGIONAL" {
		return nil
	}
	var steps []*step
	for _, kind := range types.ResourceType("").Values() {
		steps = append(steps, get(api.ListResourcesForWebACL, "WebACLArn=ARN", "ResourceType:"+string(kind)).
			items("ResourceArns", "AWS::WAFv2::WebACLAssociation").as("ResourceArn").carrying("WebACLArn=ARN"))
	}
	return steps
}
