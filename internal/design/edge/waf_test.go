package edge_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/designtest"
)

const (
	gatewayPolicies cloud.Kind = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
	doorPolicies    cloud.Kind = "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies"
)

// guarded is a web ACL with one rule of a statement, for both fronts.
func guarded(statement, action string) string {
	text := `
  Ips: {Type: AWS::WAFv2::IPSet, Properties: {Name: office, Scope: REGIONAL, IPAddressVersion: IPV4, Addresses: [192.0.2.0/24, 198.51.100.7/32, 192.0.2.0/24]}}
  None: {Type: AWS::WAFv2::IPSet, Properties: {Name: none, Scope: REGIONAL, IPAddressVersion: IPV4, Addresses: []}}
  Words: {Type: AWS::WAFv2::RegexPatternSet, Properties: {Name: words, Scope: REGIONAL, RegularExpressionList: ["^a", "b$"]}}
  Own: {Type: AWS::WAFv2::RuleGroup, Properties: {Name: own, Scope: REGIONAL, Capacity: 5, Rules: [{Name: inner, Priority: 2, Action: {Block: {}}, Statement: {GeoMatchStatement: {CountryCodes: [DE]}}}, {Name: first, Priority: 1, Action: {Allow: {}}, Statement: {GeoMatchStatement: {CountryCodes: [AT]}}}]}}
`
	for _, scope := range []string{"REGIONAL", "CLOUDFRONT"} {
		text += fmt.Sprintf("  %s: {Type: AWS::WAFv2::WebACL, Properties: {Name: %s, Scope: %s, DefaultAction: {Allow: {}}, Rules: [{Name: one, Priority: 1, %s, Statement: %s}]}}\n", strings.ToLower(scope), strings.ToLower(scope), scope, action, statement)
	}
	return text
}

// spoken writes the rules of a policy of either kind in one form.
func spoken(policy map[string]any) []string {
	var out []string
	rules := design.Maps(design.At(policy, "properties.customRules"))
	if list := design.Maps(design.At(policy, "properties.customRules.rules")); list != nil {
		rules = list
	}
	for _, r := range rules {
		text := design.Text(r, "action")
		if limit := design.Text(r, "rateLimitThreshold"); limit != "" {
			text += " over " + limit + " in " + design.Text(r, "rateLimitDuration") + design.Text(r, "rateLimitDurationInMinutes")
		}
		for _, m := range design.Maps(r["matchConditions"]) {
			not := ""
			if design.True(m, "negationConditon") || design.True(m, "negateCondition") {
				not = "!"
			}
			variable := design.Text(m, "matchVariable") + design.Text(m, "matchVariables.variableName")
			if selector := design.Text(m, "selector") + design.Text(m, "matchVariables.selector"); selector != "" {
				variable += ":" + selector
			}
			values := append(design.Texts(m["matchValue"]), design.Texts(m["matchValues"])...)
			text += " | " + not + variable + " " + strings.ToLower(design.Text(m, "operator")) + " " + strings.Join(values, ",")
			if transforms := design.Texts(m["transforms"]); len(transforms) > 0 {
				text += " (" + strings.Join(transforms, ",") + ")"
			}
		}
		out = append(out, text)
	}
	return out
}

const field = `FieldToMatch: {QueryString: {}}, TextTransformations: [{Priority: 0, Type: NONE}]`

// Each statement of AWS WAF, as both kinds of policies say it ("" where a rule
// is left out), with the gaps that it meets.
func TestEveryStatement(t *testing.T) {
	t.Parallel()
	const block = "Action: {Block: {}}"
	office := "192.0.2.0/24,198.51.100.7/32"
	var designs []*design.Design
	for _, c := range []struct{ statement, action, want, gaps string }{
		{"{IPSetReferenceStatement: {Arn: !GetAtt Ips.Arn}}", block, "Block | RemoteAddr ipmatch " + office, ""},
		{"{IPSetReferenceStatement: {Arn: !GetAtt None.Arn}}", block, "", ""},
		{"{IPSetReferenceStatement: {Arn: 'arn:aws:wafv2:us-east-1:123456789012:regional/ipset/gone/1'}}", block, "", "waf.group"},
		{"{NotStatement: {Statement: {IPSetReferenceStatement: {Arn: !GetAtt Ips.Arn}}}}", block, "Block | !RemoteAddr ipmatch " + office, ""},
		{"{GeoMatchStatement: {CountryCodes: [DE, AT]}}", "Action: {Count: {}}", "Log | RemoteAddr geomatch DE,AT", ""},
		{"{GeoMatchStatement: {CountryCodes: []}}", block, "", "waf.statement"},
		{"{ByteMatchStatement: {SearchString: x, PositionalConstraint: EXACTLY, " + field + "}}", "Action: {Allow: {}}", "Allow | QueryString equal x", ""},
		{"{ByteMatchStatement: {SearchString: x, PositionalConstraint: STARTS_WITH, " + field + "}}", block, "Block | QueryString beginswith x", ""},
		{"{ByteMatchStatement: {SearchString: x, PositionalConstraint: ENDS_WITH, " + field + "}}", block, "Block | QueryString endswith x", ""},
		{"{ByteMatchStatement: {SearchString: x, PositionalConstraint: CONTAINS, " + field + "}}", block, "Block | QueryString contains x", ""},
		{"{ByteMatchStatement: {SearchString: x, PositionalConstraint: CONTAINS_WORD, " + field + "}}", block, "Block | QueryString contains x", "waf.word"},
		{"{ByteMatchStatement: {SearchStringBase64: YWRtaW4=, PositionalConstraint: EXACTLY, FieldToMatch: {SingleHeader: {Name: x-shop}}, TextTransformations: [{Priority: 0, Type: LOWERCASE}, {Priority: 1, Type: URL_DECODE}]}}", block, "Block | RequestHeader:x-shop equal admin (Lowercase,UrlDecode)", ""},
		{"{ByteMatchStatement: {SearchString: x, PositionalConstraint: EXACTLY, FieldToMatch: {Body: {}}, TextTransformations: [{Priority: 0, Type: HTML_ENTITY_DECODE}]}}", block, "Block | RequestBody equal x", "waf.transform"},
		{"{ByteMatchStatement: {SearchString: POST, PositionalConstraint: EXACTLY, FieldToMatch: {Method: {}}, TextTransformations: [{Priority: 0, Type: COMPRESS_WHITE_SPACE}]}}", block, "Block | RequestMethod equal POST (Trim)", ""},
		{"{ByteMatchStatement: {SearchString: x, PositionalConstraint: EXACTLY, FieldToMatch: {Headers: {MatchPattern: {All: {}}, MatchScope: ALL, OversizeHandling: MATCH}}, TextTransformations: [{Priority: 0, Type: NONE}]}}", block, "", "waf.statement"},
		{"{ByteMatchStatement: {SearchString: x, PositionalConstraint: EXACTLY, FieldToMatch: {SingleQueryArgument: {Name: q}}, TextTransformations: [{Priority: 0, Type: NONE}]}}", block, "Block | QueryString equal x", "waf.argument"},
		{"{RegexMatchStatement: {RegexString: '^/admin', FieldToMatch: {UriPath: {}}, TextTransformations: [{Priority: 0, Type: NONE}]}}", block, "Block | RequestUri regex ^/admin", "waf.uri"},
		{"{RegexPatternSetReferenceStatement: {Arn: !GetAtt Words.Arn, " + field + "}}", block, "Block | QueryString regex ^a,b$", ""},
		{"{SizeConstraintStatement: {Size: 8192, ComparisonOperator: GT, " + field + "}}", block, "Block | QueryString greaterthan 8192", ""},
		{"{SizeConstraintStatement: {Size: 8192, ComparisonOperator: LE, " + field + "}}", block, "Block | QueryString lessthanorequal 8192", ""},
		{"{SizeConstraintStatement: {Size: 8192, ComparisonOperator: NE, " + field + "}}", block, "", "waf.statement"},
		{"{SqliMatchStatement: {" + field + "}}", block, "", "waf.attack"},
		{"{XssMatchStatement: {" + field + "}}", block, "", "waf.attack"},
		{"{LabelMatchStatement: {Key: x, Scope: LABEL}}", block, "", "waf.label"},
		{"{AndStatement: {Statements: [{GeoMatchStatement: {CountryCodes: [DE]}}, {NotStatement: {Statement: {IPSetReferenceStatement: {Arn: !GetAtt Ips.Arn}}}}]}}", block, "Block | RemoteAddr geomatch DE | !RemoteAddr ipmatch " + office, ""},
		{"{AndStatement: {Statements: [{GeoMatchStatement: {CountryCodes: [DE]}}, {LabelMatchStatement: {Key: x, Scope: LABEL}}]}}", block, "", "waf.label"},
		{"{OrStatement: {Statements: [{GeoMatchStatement: {CountryCodes: [DE]}}, {LabelMatchStatement: {Key: x, Scope: LABEL}}]}}", block, "Block | RemoteAddr geomatch DE", "waf.label"},
		{"{NotStatement: {Statement: {OrStatement: {Statements: [{GeoMatchStatement: {CountryCodes: [DE]}}, {LabelMatchStatement: {Key: x, Scope: LABEL}}]}}}}", block, "", "waf.label"},
		{"{NotStatement: {Statement: {AndStatement: {Statements: [{GeoMatchStatement: {CountryCodes: [DE]}}, {ByteMatchStatement: {SearchString: x, PositionalConstraint: EXACTLY, " + field + "}}]}}}}", block, "Block | !RemoteAddr geomatch DE;Block | !QueryString equal x", ""},
		{"{RuleGroupReferenceStatement: {Arn: !GetAtt Own.Arn}}", "OverrideAction: {None: {}}", "Allow | RemoteAddr geomatch AT;Block | RemoteAddr geomatch DE", ""},
		{"{RateBasedStatement: {Limit: 500, AggregateKeyType: IP}}", block, "Block over 500 in FiveMins5 | !RemoteAddr ipmatch 255.255.255.255/32", ""},
		{"{RateBasedStatement: {Limit: 500, AggregateKeyType: IP, EvaluationWindowSec: 60, ScopeDownStatement: {GeoMatchStatement: {CountryCodes: [DE]}}}}", "Action: {Captcha: {}}", "JSChallenge over 500 in OneMin1 | RemoteAddr geomatch DE", "waf.challenge"},
		{"{RateBasedStatement: {Limit: 500, AggregateKeyType: CONSTANT, EvaluationWindowSec: 600, ScopeDownStatement: {LabelMatchStatement: {Key: x, Scope: LABEL}}}}", block, "", "waf.label waf.rate-key waf.window"},
		{"{ManagedRuleGroupStatement: {VendorName: AWS, Name: AWSManagedRulesCommonRuleSet}}", "OverrideAction: {Count: {}}", "", "waf.managed waf.override"},
		{"{ManagedRuleGroupStatement: {VendorName: AWS, Name: AWSManagedRulesATPRuleSet}}", "OverrideAction: {None: {}}", "", "waf.fraud"},
		{"{ManagedRuleGroupStatement: {VendorName: Fence, Name: Rules}}", "OverrideAction: {None: {}}", "", "waf.vendor"},
	} {
		d := designtest.Make(t, families(), designtest.FromTemplate(t, "Resources:\n"+guarded(c.statement, c.action))...)
		designs = append(designs, d)
		for name, kind := range map[string]cloud.Kind{"regional": gatewayPolicies, "cloudfront": doorPolicies} {
			got := strings.Join(spoken(designtest.One(t, d, kind).Body), ";")
			got = strings.NewReplacer("RequestHeaders:", "RequestHeader:").Replace(got)
			want := strings.NewReplacer("FiveMins5", map[string]string{"regional": "FiveMins", "cloudfront": "5"}[name], "OneMin1", map[string]string{"regional": "OneMin", "cloudfront": "1"}[name]).Replace(c.want)
			if got != want {
				t.Errorf("%s: the %s policy says %q, want %q", c.statement, name, got, want)
			}
			ids := slices.DeleteFunc(designtest.GapIDs(decision(t, d, name)), func(id string) bool { return id == "waf.forced" })
			slices.Sort(ids)
			if gaps := strings.Join(slices.Compact(ids), " "); gaps != c.gaps {
				t.Errorf("%s: the %s web ACL meets %q, want %q", c.statement, name, gaps, c.gaps)
			}
		}
	}
	designtest.Check(t, designs...)
	designtest.Prose(t, designs...)
}

// What a set lists beyond what one condition takes is in several rules.
func TestLargeSets(t *testing.T) {
	t.Parallel()
	var addresses []string
	for i := range 1200 {
		addresses = append(addresses, fmt.Sprintf("10.%d.%d.0/24", i/250, i%250))
	}
	set := "  Many: {Type: AWS::WAFv2::IPSet, Properties: {Name: many, Scope: REGIONAL, IPAddressVersion: IPV4, Addresses: [" + strings.Join(addresses, ", ") + "]}}\n"
	for statement, want := range map[string][]int{
		"{IPSetReferenceStatement: {Arn: !GetAtt Many.Arn}}":                              {540, 540, 120},
		"{NotStatement: {Statement: {IPSetReferenceStatement: {Arn: !GetAtt Many.Arn}}}}": {1200},
	} {
		d := designed(t, guarded(statement, "Action: {Block: {}}")+set)
		var got []int
		for _, r := range design.Maps(design.At(designtest.One(t, d, gatewayPolicies).Body, "properties.customRules")) {
			n := 0
			for _, m := range design.Maps(r["matchConditions"]) {
				values := len(design.Texts(m["matchValues"]))
				if n += values; values > 540 {
					t.Errorf("a condition has %d addresses", values)
				}
			}
			got = append(got, n)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: rules of %v addresses, want %v", statement, got, want)
		}
	}
}

// A policy and the profile that it guards are of one tier, whatever makes the
// tier: deep in a statement, in a group, or nothing.
func TestTiersAgree(t *testing.T) {
	t.Parallel()
	site := `
  Cdn: {Type: AWS::CloudFront::Distribution, Properties: {DistributionConfig: {Enabled: true, WebACLId: !GetAtt cloudfront.Arn, Origins: [{Id: o, DomainName: one.example, CustomOriginConfig: {OriginProtocolPolicy: https-only}}],
    Restrictions: {GeoRestriction: {RestrictionType: blacklist, Locations: [KP]}}, DefaultCacheBehavior: {TargetOriginId: o, ViewerProtocolPolicy: https-only}}}}
  Deep: {Type: AWS::WAFv2::RuleGroup, Properties: {Name: deep, Scope: CLOUDFRONT, Capacity: 5, Rules: [{Name: inner, Priority: 2, Action: {Block: {}}, Statement: {AndStatement: {Statements: [{GeoMatchStatement: {CountryCodes: [DE]}}, {SqliMatchStatement: {` + field + `}}]}}}]}}
`
	for statement, want := range map[string]string{
		"{GeoMatchStatement: {CountryCodes: [DE]}}":                                            "Standard_AzureFrontDoor",
		"{SqliMatchStatement: {" + field + "}}":                                                "Premium_AzureFrontDoor",
		"{NotStatement: {Statement: {XssMatchStatement: {" + field + "}}}}":                    "Premium_AzureFrontDoor",
		"{RuleGroupReferenceStatement: {Arn: !GetAtt Deep.Arn}}":                               "Premium_AzureFrontDoor",
		"{ManagedRuleGroupStatement: {VendorName: AWS, Name: AWSManagedRulesCommonRuleSet}}":   "Premium_AzureFrontDoor",
		"{ManagedRuleGroupStatement: {VendorName: Fence, Name: AWSManagedRulesCommonRuleSet}}": "Premium_AzureFrontDoor",
	} {
		d := designed(t, guarded(statement, "Action: {Block: {}}")+site)
		profile, policy := design.Text(designtest.One(t, d, "Microsoft.Cdn/profiles").Body, "sku.name"), design.Text(designtest.One(t, d, doorPolicies).Body, "sku.name")
		if profile != want || policy != want {
			t.Errorf("%s: the profile is %s and its policy %s, want %s", statement, profile, policy, want)
		}
	}
}
