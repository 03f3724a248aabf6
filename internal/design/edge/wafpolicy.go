package edge

import (
	"strconv"
	"strings"
	"unicode"

	gateway "github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/webapplicationfirewallpolicies"
)

// ruleNames gives names of letters and digits, each once: policies take no
// others.
func ruleNames(rules []wafRule) []string {
	seen := map[string]int{}
	out := make([]string, len(rules))
	for i, r := range rules {
		name := strings.Map(func(c rune) rune {
			if c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c)) {
				return c
			}
			return -1
		}, r.name)
		if name == "" || !unicode.IsLetter(rune(name[0])) {
			name = "rule" + name
		}
		name = name[:min(len(name), 100)]
		key := strings.ToLower(name)
		if seen[key]++; seen[key] > 1 {
			name += strconv.Itoa(seen[key])
		}
		out[i] = name
	}
	return out
}

// doorVersion is the API version of doorBody. The SDK's own model of this type
// drags a retired client library in, so the few parts that are used stand here.
const doorVersion = "2025-03-01"

type doorBody struct {
	Sku        doorSku        `json:"sku"`
	Properties doorProperties `json:"properties"`
}

type doorSku struct {
	Name string `json:"name"`
}

type doorProperties struct {
	PolicySettings doorSettings `json:"policySettings"`
	CustomRules    struct {
		Rules []doorCustom `json:"rules"`
	} `json:"customRules"`
	ManagedRules struct {
		ManagedRuleSets []doorManaged `json:"managedRuleSets"`
	} `json:"managedRules"`
}

type doorSettings struct {
	EnabledState                  string `json:"enabledState"`
	Mode                          string `json:"mode"`
	RequestBodyCheck              string `json:"requestBodyCheck"`
	CustomBlockResponseStatusCode int    `json:"customBlockResponseStatusCode,omitempty"`
}

type doorManaged struct {
	RuleSetType    string `json:"ruleSetType"`
	RuleSetVersion string `json:"ruleSetVersion"`
	RuleSetAction  string `json:"ruleSetAction,omitempty"`
}

type doorCustom struct {
	Name                       string           `json:"name"`
	Priority                   int              `json:"priority"`
	EnabledState               string           `json:"enabledState"`
	RuleType                   string           `json:"ruleType"`
	RateLimitThreshold         int              `json:"rateLimitThreshold,omitempty"`
	RateLimitDurationInMinutes int              `json:"rateLimitDurationInMinutes,omitempty"`
	GroupBy                    []doorGroup      `json:"groupBy,omitempty"`
	MatchConditions            []doorConditions `json:"matchConditions"`
	Action                     string           `json:"action"`
}

type doorGroup struct {
	VariableName string `json:"variableName"`
}

type doorConditions struct {
	MatchVariable   string   `json:"matchVariable"`
	Selector        string   `json:"selector,omitempty"`
	Operator        string   `json:"operator"`
	NegateCondition bool     `json:"negateCondition"`
	MatchValue      []string `json:"matchValue"`
	Transforms      []string `json:"transforms,omitempty"`
}

// doorPolicy is the policy for Front Door. Its managed rule sets need the
// premium tier (Microsoft Learn, "Azure Front Door tier comparison").
func doorPolicy(a *acl) doorBody {
	out := doorBody{Sku: doorSku{"Standard_AzureFrontDoor"}}
	if len(a.managed) > 0 || premium(a.C) {
		out.Sku.Name = "Premium_AzureFrontDoor"
	}
	out.Properties.PolicySettings = doorSettings{EnabledState: "Enabled", Mode: "Prevention", RequestBodyCheck: "Enabled"}
	if a.response >= 400 && a.response < 600 {
		out.Properties.PolicySettings.CustomBlockResponseStatusCode = a.response
	}
	out.Properties.CustomRules.Rules = []doorCustom{}
	names := ruleNames(a.rules)
	for i, r := range a.rules {
		out.Properties.CustomRules.Rules = append(out.Properties.CustomRules.Rules, doorRule(r, names[i], i+1))
	}
	out.Properties.ManagedRules.ManagedRuleSets = []doorManaged{}
	for _, set := range a.managed {
		kind, version, _ := strings.Cut(set, " ")
		m := doorManaged{RuleSetType: kind, RuleSetVersion: version}
		if set == defaultRuleSet {
			m.RuleSetAction = "Block"
		}
		out.Properties.ManagedRules.ManagedRuleSets = append(out.Properties.ManagedRules.ManagedRuleSets, m)
	}
	return out
}

func doorRule(r wafRule, name string, priority int) doorCustom {
	out := doorCustom{Name: name, Priority: priority, EnabledState: "Enabled", RuleType: "MatchRule", Action: r.action}
	if r.limit > 0 {
		out.RuleType, out.RateLimitThreshold, out.RateLimitDurationInMinutes = "RateLimitRule", r.limit, r.minutes
		out.GroupBy = []doorGroup{{"SocketAddr"}}
	}
	for _, c := range r.conditions {
		operator := c.operator
		if operator == "Regex" {
			operator = "RegEx"
		}
		out.MatchConditions = append(out.MatchConditions, doorConditions{MatchVariable: c.variable, Selector: c.selector, Operator: operator, NegateCondition: c.negate, MatchValue: c.values, Transforms: c.transforms})
	}
	return out
}

// gatewayPolicy is the policy for Application Gateway.
func gatewayPolicy(a *acl) gateway.WebApplicationFirewallPolicy {
	rules := make([]gateway.WebApplicationFirewallCustomRule, 0, len(a.rules))
	names := ruleNames(a.rules)
	for i, r := range a.rules {
		rules = append(rules, gatewayRule(r, names[i], int64(i+1)))
	}
	p := &gateway.WebApplicationFirewallPolicyPropertiesFormat{
		PolicySettings: &gateway.PolicySettings{State: new(gateway.WebApplicationFirewallEnabledStateEnabled), Mode: new(gateway.WebApplicationFirewallModePrevention), RequestBodyCheck: new(true)},
		CustomRules:    &rules,
	}
	if a.response == 403 || a.response == 405 || a.response == 406 || a.response == 429 {
		p.PolicySettings.CustomBlockResponseStatusCode = new(int64(a.response))
	}
	for _, set := range a.managed {
		kind, version, _ := strings.Cut(set, " ")
		p.ManagedRules.ManagedRuleSets = append(p.ManagedRules.ManagedRuleSets, gateway.ManagedRuleSet{RuleSetType: kind, RuleSetVersion: version})
	}
	return gateway.WebApplicationFirewallPolicy{Properties: p}
}

func gatewayRule(r wafRule, name string, priority int64) gateway.WebApplicationFirewallCustomRule {
	out := gateway.WebApplicationFirewallCustomRule{Name: new(name), Priority: priority, State: new(gateway.WebApplicationFirewallStateEnabled),
		RuleType: gateway.WebApplicationFirewallRuleTypeMatchRule, Action: gateway.WebApplicationFirewallAction(r.action)}
	if r.limit > 0 {
		duration, by := gateway.ApplicationGatewayFirewallRateLimitDurationFiveMins, gateway.ApplicationGatewayFirewallUserSessionVariableClientAddr
		if r.minutes == 1 {
			duration = gateway.ApplicationGatewayFirewallRateLimitDurationOneMin
		}
		if r.forwarded {
			by = gateway.ApplicationGatewayFirewallUserSessionVariableClientAddrXFFHeader
		}
		out.RuleType, out.RateLimitThreshold, out.RateLimitDuration = gateway.WebApplicationFirewallRuleTypeRateLimitRule, new(int64(r.limit)), new(duration)
		out.GroupByUserSession = &[]gateway.GroupByUserSession{{GroupByVariables: []gateway.GroupByVariable{{VariableName: by}}}}
	}
	for _, c := range r.conditions {
		variable := c.variable
		switch variable {
		case "RequestHeader":
			variable = "RequestHeaders"
		case "Cookies":
			variable = "RequestCookies"
		}
		m := gateway.MatchCondition{Operator: gateway.WebApplicationFirewallOperator(c.operator), MatchValues: c.values, NegationConditon: new(c.negate),
			MatchVariables: []gateway.MatchVariable{{VariableName: gateway.WebApplicationFirewallMatchVariable(variable)}}}
		if c.selector != "" {
			m.MatchVariables[0].Selector = new(c.selector)
		}
		if len(c.transforms) > 0 {
			list := make([]gateway.WebApplicationFirewallTransform, len(c.transforms))
			for i, t := range c.transforms {
				list[i] = gateway.WebApplicationFirewallTransform(t)
			}
			m.Transforms = &list
		}
		out.MatchConditions = append(out.MatchConditions, m)
	}
	return out
}
