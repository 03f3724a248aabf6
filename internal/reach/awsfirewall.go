package reach

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

const (
	kindFirewall  cloud.Kind = "AWS::NetworkFirewall::Firewall"
	kindPolicy    cloud.Kind = "AWS::NetworkFirewall::FirewallPolicy"
	kindRuleGroup cloud.Kind = "AWS::NetworkFirewall::RuleGroup"
)

// forwarder names what forwards at the end of a route, and what it decides by:
// a firewall with its rule groups, the appliances behind an endpoint, a machine.
func (a *awsReader) forwarder(r *inventory.Resource) string {
	for _, key := range []string{"InstanceId", "NetworkInterfaceId"} {
		if v := text(r.Properties[key]); v != "" {
			if m, ok := a.find(r, v, "AWS::EC2::Instance", "AWS::EC2::NetworkInterface"); ok {
				v = m.Name
			}
			return "machine " + v
		}
	}
	for _, key := range []string{"VpcEndpointId", "GatewayId"} {
		v := text(r.Properties[key])
		if v == "" {
			continue
		}
		if f := a.firewallOf(r, v); f != nil {
			return a.firewall(f)
		}
		if e, ok := a.find(r, v, kindPrivateLink); ok {
			return "appliances behind endpoint " + e.Name
		}
		return v
	}
	return ""
}

// firewallOf finds the firewall that has an endpoint: one that lists it, or one
// whose attribute a template selects it from.
func (a *awsReader) firewallOf(from *inventory.Resource, endpoint string) *inventory.Resource {
	for _, ref := range inventory.References(endpoint) {
		if f, ok := a.find(from, ref.String(), kindFirewall); ok {
			return f
		}
	}
	for _, f := range a.byKind[kindFirewall] {
		found := false
		for _, v := range []any{f.Properties["EndpointIds"], f.Attributes["EndpointIds"], f.Attributes["FirewallStatus"]} {
			walk(v, func(s string) { found = found || s == endpoint || strings.HasSuffix(s, ":"+endpoint) })
		}
		if found {
			return f
		}
	}
	return nil
}

// firewall names a firewall with the parts of its policy.
func (a *awsReader) firewall(f *inventory.Resource) string {
	name := "firewall " + f.Name
	p, ok := a.find(f, f.Properties["FirewallPolicyArn"], kindPolicy)
	if !ok {
		return name + ", whose policy is not known"
	}
	policy := p.Properties["FirewallPolicy"]
	var parts []string
	for _, key := range []string{"StatelessRuleGroupReferences", "StatefulRuleGroupReferences"} {
		for _, m := range maps(at(policy, key)) {
			g, ok := a.find(p, m["ResourceArn"], kindRuleGroup)
			if !ok {
				parts = append(parts, "group "+text(m["ResourceArn"])+", which is not known")
				continue
			}
			parts = append(parts, rulesOf(g)+" of "+g.Name)
		}
	}
	if len(parts) == 0 {
		parts = []string{"no rule groups"}
	}
	slices.Sort(parts)
	return name + " (policy " + p.Name + ": " + strings.Join(slices.Compact(parts), "; ") + ")"
}

// rulesOf says of which of its forms the rules of a group are (AWS Network
// Firewall API reference, "RulesSource").
func rulesOf(g *inventory.Resource) string {
	source := at(g.Properties["RuleGroup"], "RulesSource")
	for _, form := range []struct{ key, rules string }{{"StatefulRules", "five-tuple rules"}, {"StatelessRulesAndCustomActions", "stateless rules"}} {
		list := maps(at(source, form.key))
		if form.key == "StatelessRulesAndCustomActions" {
			list = maps(at(source, form.key, "StatelessRules"))
		}
		if len(list) > 0 {
			return fmt.Sprintf("%d %s", len(list), form.rules)
		}
	}
	switch {
	case text(at(source, "RulesString")) != "":
		return "Suricata rules"
	case at(source, "RulesSourceList") != nil:
		return "names of domains"
	}
	return "rules that are not known"
}
