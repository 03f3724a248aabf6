package edge

import (
	"strings"
	"unicode"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cdn/2025-12-01/routes"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cdn/2025-12-01/rules"
	"github.com/hashicorp/go-azure-sdk/resource-manager/cdn/2025-12-01/rulesets"
)

const (
	ruleSetKind cloud.Kind = "Microsoft.Cdn/profiles/ruleSets"
	ruleKind    cloud.Kind = "Microsoft.Cdn/profiles/ruleSets/rules"
)

// ruleSets returns the rule sets of a route: the page of the root, and headers
// that are added to answers.
func (d *door) ruleSets(b map[string]any, last bool) []routes.ResourceReference {
	var out []routes.ResourceReference
	if page := strings.TrimPrefix(design.Text(d.config, "DefaultRootObject"), "/"); last && page != "" {
		out = append(out, routes.ResourceReference{Id: new(string(d.rootPage(page)))})
	}
	if policy := design.Text(b, "ResponseHeadersPolicyId"); policy != "" {
		if id, ok := d.headers(policy); ok {
			out = append(out, routes.ResourceReference{Id: new(string(id))})
		} else {
			d.Gap("cloudfront.response", "ResponseHeadersPolicyId="+policy)
		}
	}
	return out
}

// plainName keeps letters and digits: rule sets and rules take no others.
func plainName(text string) string {
	name := strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return -1
	}, text)
	if name == "" || !unicode.IsLetter(rune(name[0])) {
		name = "r" + name
	}
	return name[:min(len(name), 60)]
}

func (d *door) set(name string) cloud.ResourceID {
	return d.C.Put(design.Target{Type: ruleSetKind, Parent: d.profile, Base: name, Exact: true, NoLocation: true, Model: rulesets.RuleSet{Properties: &rulesets.RuleSetProperties{}}}, d.R)
}

// rootPage serves a page for "/" alone, as a default root object does.
func (d *door) rootPage(page string) cloud.ResourceID {
	// Distributions without names of their own share the workload's; those with
	// the same page share the set.
	name := plainName(endpointName(d.C, d.R) + "root" + page)
	return d.C.Once("edge/root/"+strings.ToLower(name), func() cloud.ResourceID { return d.putRootPage(name, page) })
}

func (d *door) putRootPage(name, page string) cloud.ResourceID {
	set := d.set(name)
	d.C.Put(design.Target{Type: ruleKind, Parent: set, Base: "page", Exact: true, NoLocation: true, Model: rules.Rule{Properties: &rules.RuleProperties{
		Order: new(int64(1)), MatchProcessingBehavior: new(rules.MatchProcessingBehaviorContinue),
		Conditions: &[]rules.DeliveryRuleCondition{rules.DeliveryRuleURLPathCondition{Name: rules.MatchVariableURLPath, Parameters: rules.URLPathMatchConditionParameters{
			TypeName: rules.DeliveryRuleConditionParametersTypeDeliveryRuleURLPathMatchConditionParameters, Operator: rules.URLPathOperatorEqual, MatchValues: &[]string{"/"}, NegateCondition: new(false)}}},
		Actions: &[]rules.DeliveryRuleAction{rules.URLRewriteAction{Name: rules.DeliveryRuleActionNameURLRewrite, Parameters: rules.URLRewriteActionParameters{
			TypeName: rules.DeliveryRuleActionParametersTypeDeliveryRuleURLRewriteActionParameters, SourcePattern: "/", Destination: "/" + page, PreserveUnmatchedPath: new(false)}}},
	}}})
	return set
}

// securityHeaders is the policy SecurityHeadersPolicy that AWS manages
// (CloudFront Developer Guide, "Use managed response headers policies").
const securityHeaders = "67f7725c-6f97-4210-82d7-5512b31e9d03"

// headersMost is how many actions a rule takes (Microsoft Learn, "Azure Front
// Door rule set").
const headersMost = 5

// headers adds the headers of a response headers policy to answers; ok is
// false for a policy that is not known or says more than a rule can.
func (d *door) headers(policy string) (cloud.ResourceID, bool) {
	name := "SecurityHeaders"
	var list []header
	if policy == securityHeaders {
		list = []header{{"Strict-Transport-Security", "max-age=31536000"}, {"X-Content-Type-Options", "nosniff"}, {"X-Frame-Options", "SAMEORIGIN"}, {"X-XSS-Protection", "1; mode=block"}, {"Referrer-Policy", "strict-origin-when-cross-origin"}}
	} else {
		found, ok := d.C.Find(d.R, policy, "AWS::CloudFront::ResponseHeadersPolicy")
		if !ok {
			return "", false
		}
		config := found.Properties["ResponseHeadersPolicyConfig"]
		if design.At(config, "CorsConfig") != nil || design.At(config, "RemoveHeadersConfig") != nil || design.At(config, "ServerTimingHeadersConfig") != nil {
			d.Gap("cloudfront.response", found.Name)
		}
		if name, list = plainName(found.Name), headersOf(config); len(list) == 0 {
			return "", false
		}
	}
	return d.C.Once("edge/headers/"+name, func() cloud.ResourceID {
		set := d.set(name)
		for i := 0; i < len(list); i += headersMost {
			var actions []rules.DeliveryRuleAction
			for _, h := range list[i:min(i+headersMost, len(list))] {
				actions = append(actions, rules.DeliveryRuleResponseHeaderAction{Name: rules.DeliveryRuleActionNameModifyResponseHeader, Parameters: rules.HeaderActionParameters{
					TypeName: rules.DeliveryRuleActionParametersTypeDeliveryRuleHeaderActionParameters, HeaderAction: rules.HeaderActionOverwrite, HeaderName: h.name, Value: new(h.value)}})
			}
			d.C.Put(design.Target{Type: ruleKind, Parent: set, Base: "headers" + string(rune('a'+i/headersMost)), Exact: true, NoLocation: true, Model: rules.Rule{Properties: &rules.RuleProperties{
				Order: new(int64(i/headersMost + 1)), MatchProcessingBehavior: new(rules.MatchProcessingBehaviorContinue), Actions: &actions}}})
		}
		return set
	}), true
}

type header struct{ name, value string }

func headersOf(config any) []header {
	var list []header
	security := design.At(config, "SecurityHeadersConfig")
	add := func(name, value string) {
		if value != "" {
			list = append(list, header{name, value})
		}
	}
	if design.At(security, "ContentTypeOptions") != nil {
		add("X-Content-Type-Options", "nosniff")
	}
	add("Content-Security-Policy", design.Text(security, "ContentSecurityPolicy.ContentSecurityPolicy"))
	add("X-Frame-Options", design.Text(security, "FrameOptions.FrameOption"))
	add("Referrer-Policy", design.Text(security, "ReferrerPolicy.ReferrerPolicy"))
	if age := design.Text(security, "StrictTransportSecurity.AccessControlMaxAgeSec"); age != "" {
		value := "max-age=" + age
		if design.True(security, "StrictTransportSecurity.IncludeSubdomains") {
			value += "; includeSubDomains"
		}
		if design.True(security, "StrictTransportSecurity.Preload") {
			value += "; preload"
		}
		add("Strict-Transport-Security", value)
	}
	for _, item := range design.Maps(design.At(config, "CustomHeadersConfig.Items")) {
		add(design.Text(item, "Header"), design.Text(item, "Value"))
	}
	return list
}
