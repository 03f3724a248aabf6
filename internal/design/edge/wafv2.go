package edge

import (
	"cmp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

const (
	gatewayPolicyKind cloud.Kind = "Microsoft.Network/ApplicationGatewayWebApplicationFirewallPolicies"
	doorPolicyKind    cloud.Kind = "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies"

	wafPage = "Microsoft Learn, Azure Web Application Firewall custom rules"
	// rulesMost is how many custom rules a policy takes (Microsoft Learn, "Azure
	// subscription and service limits, quotas, and constraints").
	rulesMost = 100
)

// wafRules stand in an earlier stage than the balancers that use policies.
func wafRules() []design.Rule {
	return []design.Rule{
		{Name: "wafv2/web-acl", Kinds: []cloud.Kind{"AWS::WAFv2::WebACL"}, Stage: design.Compute, Source: wafPage, Targets: []cloud.Kind{gatewayPolicyKind, doorPolicyKind}, Apply: webACL},
		{Name: "wafv2/part", Kinds: []cloud.Kind{"AWS::WAFv2::IPSet", "AWS::WAFv2::RegexPatternSet", "AWS::WAFv2::RuleGroup"}, Stage: design.Compute, Source: wafPage, Apply: wafPart},
		{Name: "wafv2/association", Kinds: []cloud.Kind{"AWS::WAFv2::WebACLAssociation", "AWS::WAFv2::LoggingConfiguration"}, Stage: design.Edge, Source: wafPage, Apply: wafAssociation},
	}
}

// wafRule is a rule of a policy in the terms that both kinds of policies share.
type wafRule struct {
	name, action string
	conditions   []wafCondition
	// limit is a number of requests within minutes, 0 for a rule that matches.
	limit   int
	minutes int
	// forwarded counts by the forwarded address.
	forwarded bool
}

// wafCondition is one thing to match; all conditions of a rule must.
type wafCondition struct {
	variable, selector, operator string
	values                       []string
	negate                       bool
	transforms                   []string
}

// acl is the translation of one web ACL.
type acl struct {
	*common.Sheet
	rules []wafRule
	// managed are rule sets as "type version".
	managed  []string
	response int
}

func webACL(c *design.Context, r *inventory.Resource) design.Decision {
	a := &acl{Sheet: common.Open(c, r).Knows("Capacity", "LabelNamespace", "VisibilityConfig", "WebACLName", "CustomResponseBodies", "RetrofittedByFirewallManager")}
	rules := a.Maps("Rules")
	slices.SortStableFunc(rules, func(x, y map[string]any) int {
		return cmp.Compare(design.Int(x, "Priority", 0), design.Int(y, "Priority", 0))
	})
	managedSeen := false
	for _, rule := range rules {
		before := len(a.managed)
		a.rule(rule)
		if len(a.managed) > before {
			managedSeen = true
		} else if managedSeen {
			a.Gap("waf.order", design.Text(rule, "Name"))
		}
	}
	a.defaultAction()
	if len(a.rules) > rulesMost {
		a.Gap("waf.many", design.Text(r.Properties, "Name"))
		a.rules = a.rules[:rulesMost]
	}
	a.leftovers()
	kind := "Front Door"
	if strings.EqualFold(a.Text("Scope"), "CLOUDFRONT") {
		c.Put(design.Target{Type: doorPolicyKind, Base: r.Name, Location: "global", APIVersion: doorVersion, Model: doorPolicy(a)}, r)
	} else {
		kind = "Application Gateway"
		if len(a.managed) == 0 {
			// A policy of a gateway has to name a managed rule set.
			a.Gap("waf.forced", "no managed rule group")
			a.managed = []string{defaultRuleSet}
		}
		c.Put(design.Target{Type: gatewayPolicyKind, Base: r.Name, Model: gatewayPolicy(a)}, r)
	}
	a.Decide(design.Migrate, common.NamedGaps, "%s has %s and guards a %s front, so it becomes a WAF policy with %s and %s", r.Name, common.Count(len(rules), "rule"), kind, common.Count(len(a.rules), "custom rule"), ruleSetsOf(a.managed))
	a.Do("run the policy in detection mode first and look for what it would block that AWS lets through")
	a.EffortDays = 1
	return a.Done()
}

func ruleSetsOf(managed []string) string {
	switch len(managed) {
	case 0:
		return "no managed rule set"
	case 1:
		return "the rule set " + managed[0]
	}
	return "the rule sets " + strings.Join(managed, ", ")
}

func (a *acl) leftovers() {
	for _, name := range []string{"AssociationConfig", "CaptchaConfig", "ChallengeConfig", "TokenDomains", "DataProtectionConfig", "OnSourceDDoSProtectionConfig", "ApplicationConfig", "MonetizationConfig"} {
		if a.Has(name) {
			a.Meets("waf.setting", name)
		}
	}
}

func (a *acl) defaultAction() {
	if _, blocks := design.At(a.At("DefaultAction"), "Block").(map[string]any); blocks {
		a.rules = append(a.rules, wafRule{name: "DefaultBlock", action: "Block", conditions: []wafCondition{anyone()}})
		a.response = design.Int(a.R.Properties, "DefaultAction.Block.CustomResponse.ResponseCode", a.response)
	}
}

// anyone matches every request: an address that is not one which no client has
// (Microsoft Learn, "Create rate limiting custom rules").
func anyone() wafCondition {
	return wafCondition{variable: "RemoteAddr", operator: "IPMatch", values: []string{"255.255.255.255/32"}, negate: true}
}

// rule translates one rule; what has no counterpart becomes a gap.
func (a *acl) rule(rule map[string]any) {
	name := design.Text(rule, "Name")
	statement, _ := rule["Statement"].(map[string]any)
	if group, ok := statement["ManagedRuleGroupStatement"].(map[string]any); ok {
		a.managedGroup(name, group, rule)
		return
	}
	if group, ok := statement["RuleGroupReferenceStatement"].(map[string]any); ok {
		a.ruleGroup(name, group)
		return
	}
	action := a.action(name, rule)
	if rate, ok := statement["RateBasedStatement"].(map[string]any); ok {
		a.rate(name, action, rate)
		return
	}
	for i, conditions := range a.alternatives(name, statement) {
		a.rules = append(a.rules, wafRule{name: numbered(name, i), action: action, conditions: conditions})
	}
	if len(design.Maps(rule["RuleLabels"])) > 0 {
		a.Gap("waf.label", name)
	}
}

func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	return name + "part" + string(rune('a'+min(i, 25)))
}

func (a *acl) action(name string, rule map[string]any) string {
	action, _ := rule["Action"].(map[string]any)
	for _, verb := range []string{"Block", "Allow", "Count", "Captcha", "Challenge"} {
		detail, ok := action[verb].(map[string]any)
		if !ok {
			continue
		}
		if len(detail) > 0 {
			a.Gap("waf.response", name)
			a.response = design.Int(detail, "CustomResponse.ResponseCode", a.response)
		}
		switch verb {
		case "Count":
			return "Log"
		case "Captcha", "Challenge":
			a.Gap("waf.challenge", name+": "+verb)
			return "JSChallenge"
		}
		return verb
	}
	return "Block"
}

func (a *acl) rate(name, action string, rate map[string]any) {
	rule := wafRule{name: name, action: action, limit: max(design.Int(rate, "Limit", 2000), 1), minutes: 5, conditions: []wafCondition{anyone()}}
	switch window := design.Int(rate, "EvaluationWindowSec", 300); window {
	case 0, 300:
	case 60:
		rule.minutes = 1
	default:
		a.Gap("waf.window", name+": EvaluationWindowSec="+common.Shown(window))
		rule.limit = max(rule.limit*300/window, 1)
	}
	switch key := design.Text(rate, "AggregateKeyType"); key {
	case "FORWARDED_IP":
		rule.forwarded = true
	case "IP", "":
	default:
		a.Gap("waf.rate-key", name+": AggregateKeyType="+key)
	}
	down, ok := rate["ScopeDownStatement"].(map[string]any)
	if !ok {
		a.rules = append(a.rules, rule)
		return
	}
	for i, conditions := range a.alternatives(name, down) {
		more := rule
		more.name, more.conditions = numbered(name, i), conditions
		a.rules = append(a.rules, more)
	}
}

// ruleGroup takes the rules of a group over as if they stood in the ACL.
func (a *acl) ruleGroup(name string, group map[string]any) {
	found, ok := a.C.Find(a.R, group["Arn"], "AWS::WAFv2::RuleGroup")
	if !ok {
		a.Gap("waf.group", name+": "+design.Text(group, "Arn"))
		return
	}
	rules := design.Maps(found.Properties["Rules"])
	slices.SortStableFunc(rules, func(x, y map[string]any) int {
		return cmp.Compare(design.Int(x, "Priority", 0), design.Int(y, "Priority", 0))
	})
	for _, rule := range rules {
		if statement, _ := rule["Statement"].(map[string]any); statement["RuleGroupReferenceStatement"] == nil {
			a.rule(rule)
		}
	}
}

const (
	defaultRuleSet = "Microsoft_DefaultRuleSet 2.1"
	botRuleSet     = "Microsoft_BotManagerRuleSet 1.1"
)

// managedGroup maps the groups that AWS keeps to the rule sets that Microsoft
// keeps (AWS WAF Developer Guide, "AWS Managed Rules rule groups list").
func (a *acl) managedGroup(name string, group, rule map[string]any) {
	which := design.Text(group, "Name")
	set := ""
	switch {
	case !strings.EqualFold(design.Text(group, "VendorName"), "AWS"):
		a.Gap("waf.vendor", name+": "+which)
		return
	case slices.Contains([]string{"AWSManagedRulesBotControlRuleSet", "AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesAnonymousIpList"}, which):
		set = botRuleSet
	case slices.Contains([]string{"AWSManagedRulesATPRuleSet", "AWSManagedRulesACFPRuleSet", "AWSManagedRulesAntiDDoSRuleSet"}, which):
		a.Gap("waf.fraud", name+": "+which)
		return
	default:
		set = defaultRuleSet
	}
	a.managed = with(a.managed, set)
	a.Gap("waf.managed", name+": "+which+" -> "+set)
	if design.At(rule, "OverrideAction.Count") != nil || len(design.Maps(group["RuleActionOverrides"]))+len(design.Maps(group["ExcludedRules"])) > 0 {
		a.Gap("waf.override", name)
	}
	if group["ScopeDownStatement"] != nil {
		a.Gap("waf.scope-down", name)
	}
}

func with(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

func wafPart(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r)
	for name := range r.Properties {
		s.Knows(name)
	}
	used := false
	for _, e := range c.Users(r) {
		for _, web := range c.OfKind("AWS::WAFv2::WebACL") {
			if web.ID == e.From {
				used = true
				c.Attach(r, c.TargetsOf(web)...)
			}
		}
	}
	s.Decide(design.Replace, common.LikeForLike, "policies hold addresses, patterns and rules themselves; those of %s stand in the policies of the web ACLs that use it", r.Name)
	if !used {
		s.Decide(design.Retire, common.NamedGaps, "no web ACL of the workload uses %s", r.Name)
	}
	return s.Done()
}

func wafAssociation(c *design.Context, r *inventory.Resource) design.Decision {
	s := common.Open(c, r).Knows("ResourceArn", "WebACLArn", "LogDestinationConfigs")
	for _, web := range c.FindAll(r, or(r.Properties["WebACLArn"], r.Properties["ResourceArn"]), "AWS::WAFv2::WebACL") {
		c.Attach(r, c.TargetsOf(web)...)
	}
	s.Decide(design.Replace, common.LikeForLike, "the gateway or Front Door names its policy itself, and logs what the policy does with its own logs")
	for _, name := range []string{"LoggingFilter", "RedactedFields"} {
		if s.Has(name) {
			s.Do("set up log scrubbing in the policy for %s=%s", name, common.Shown(s.At(name)))
		}
	}
	return s.Done()
}

func or(values ...any) any {
	for _, v := range values {
		if v != nil {
			return v
		}
	}
	return nil
}
