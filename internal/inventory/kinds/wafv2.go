package kinds

import (
	"strings"

	"example.com/landfall/internal/cloud"
)

func wafRules() []Rule {
	set := func(kind cloud.Kind) Rule {
		return Rule{
			Kind: kind, Drop: []string{"LockToken"}, ID: idAt("ARN", "WebACLArn"), Name: nameAt("Name"), Shape: wafScope, Aliases: []string{"Id", "Arn"}, Unordered: []string{"Addresses"},
		}
	}
	patterns := set("AWS::WAFv2::RegexPatternSet")
	patterns.Move = map[string]string{"RegularExpressionList[].RegexString": "RegularExpressionList[]"}
	return []Rule{
		set("AWS::WAFv2::WebACL"), set("AWS::WAFv2::IPSet"), set("AWS::WAFv2::RuleGroup"), patterns,
		{
			Kind: "AWS::WAFv2::WebACLAssociation", ID: func(r *Reading) string { return r.said("WebACLArn") + "|" + r.said("ResourceArn") },
			Name: func(r *Reading) string { return after(r.said("ResourceArn"), "/") },
		},
		{Kind: "AWS::WAFv2::LoggingConfiguration", ID: func(r *Reading) string { return r.said("ResourceArn") + "|logging" }, Name: func(r *Reading) string { return after(r.said("ResourceArn"), "/") }},
	}
}

// wafScope tells the scope from the ARN, which has it as its first word:
// "regional/webacl/…", "global/webacl/…".
func wafScope(r *Reading) {
	if r.Properties["Scope"] != nil {
		return
	}
	switch arn := r.said("Arn"); {
	case strings.Contains(arn, ":global/"):
		r.Properties["Scope"] = "CLOUDFRONT"
	case strings.Contains(arn, ":regional/"):
		r.Properties["Scope"] = "REGIONAL"
	}
}
