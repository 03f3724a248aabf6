package network

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/azurefirewalls"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/firewallpolicies"
	"github.com/hashicorp/go-azure-sdk/resource-manager/network/2025-07-01/firewallpolicyrulecollectiongroups"
)

const (
	firewallPage = "Microsoft Learn, What is Azure Firewall?"
	firewallKind = cloud.Kind("Microsoft.Network/azureFirewalls")
	policyKind   = cloud.Kind("Microsoft.Network/firewallPolicies")
	ruleSetKind  = cloud.Kind("Microsoft.Network/firewallPolicies/ruleCollectionGroups")
)

func firewallRules() []design.Rule {
	return []design.Rule{
		ruleTargets{policyKind, ruleSetKind}.of(ruled("networkfirewall/policy", design.Networks, firewallPage, firewallPolicyRule, "AWS::NetworkFirewall::FirewallPolicy")),
		ruled("networkfirewall/rule-group", design.Networks, firewallPage, ruleGroupRule, "AWS::NetworkFirewall::RuleGroup"),
		ruleTargets{firewallKind, publicIP}.of(ruled("networkfirewall/firewall", design.Networks, firewallPage, firewallRule, "AWS::NetworkFirewall::Firewall")),
		ruled("networkfirewall/endpoint", design.Networks, firewallPage, func(p *Plan, r *inventory.Resource) design.Decision {
			return manual("it gives another VPC an endpoint of the firewall", 1, "peer the VNet with the one that has Azure Firewall and route through its address")
		}, "AWS::NetworkFirewall::VpcEndpointAssociation"),
		ruled("networkfirewall/logging", design.Networks, firewallPage, func(p *Plan, r *inventory.Resource) design.Decision {
			return manual("logs of Azure Firewall go where its diagnostic setting says", 0.25, "make a diagnostic setting for the firewall with the categories that "+r.Name+" has (flows, alerts, TLS)")
		}, "AWS::NetworkFirewall::LoggingConfiguration"),
		ruled("networkfirewall/tls", design.Networks, firewallPage, func(p *Plan, r *inventory.Resource) design.Decision {
			d := manual("inspecting TLS needs Azure Firewall Premium and a certificate authority in Key Vault", 2, "take the Premium tier, and put the authority's certificate into Key Vault")
			d.Gaps = []design.Gap{p.c.Gap("firewall.tls", r.Name)}
			return d
		}, "AWS::NetworkFirewall::TLSInspectionConfiguration", "AWS::NetworkFirewall::ContainerAssociation"),
	}
}

// firewallIn returns the firewall of a network, nil when it has none.
func (p *Plan) firewallIn(v *vnet) *inventory.Resource {
	for _, r := range p.c.OfKind("AWS::NetworkFirewall::Firewall") {
		if p.netOf(r, r.Properties["VpcId"]) == v {
			return r
		}
	}
	return nil
}

// firewallAddress returns the address to which routes send what a firewall is
// to see: Azure Firewall takes the first free address of its subnet, which is
// the fifth.
func (p *Plan) firewallAddress(v *vnet, r route) string {
	if p.firewallIn(v) == nil || r.via != nil && r.via.Kind == "AWS::EC2::VPCEndpoint" && design.Text(r.via.Properties, "VpcEndpointType") == "Gateway" {
		return ""
	}
	return nth(p.firewallSubnet(v).target, 4).String()
}

func (p *Plan) firewallSubnet(v *vnet) *dedicated {
	return p.dedicate(design.Purpose{Name: "AzureFirewallSubnet", Bits: 26, Near: []any{p.ref(v)}})
}

func firewallRule(p *Plan, r *inventory.Resource) design.Decision {
	v := p.netOf(r, r.Properties["VpcId"])
	if v == nil {
		return manual("its VPC is not part of the workload", 1, "find out which network it guards, and put Azure Firewall there")
	}
	properties := azurefirewalls.AzureFirewallPropertiesFormat{
		Sku: &azurefirewalls.AzureFirewallSku{Name: new(azurefirewalls.AzureFirewallSkuNameAZFWVNet), Tier: new(azurefirewalls.AzureFirewallSkuTierStandard)},
		IPConfigurations: &[]azurefirewalls.AzureFirewallIPConfiguration{{
			Name: new("main"),
			Properties: &azurefirewalls.AzureFirewallIPConfigurationPropertiesFormat{
				Subnet:          &azurefirewalls.SubResource{Id: new(string(p.firewallSubnet(v).id))},
				PublicIPAddress: &azurefirewalls.SubResource{Id: new(string(p.putAddress(r.Name+"-firewall", p.c.Zones())))},
			},
		}},
	}
	if policy, ok := p.c.Find(r, r.Properties["FirewallPolicyArn"], "AWS::NetworkFirewall::FirewallPolicy"); ok {
		if id, ok := p.c.TargetOf(policy, policyKind); ok {
			properties.FirewallPolicy = &azurefirewalls.SubResource{Id: new(string(id))}
		}
	}
	model := azurefirewalls.AzureFirewall{Properties: &properties}
	set(&model.Zones, p.c.Zones())
	p.c.Put(design.Target{Type: firewallKind, Base: r.Name, Model: model}, r)
	return migrated(0.7, fmt.Sprintf("Azure Firewall in VNet %s, in all zones, stands for its endpoints in %d subnets; routes lead to its one private address", v.name, len(design.List(r.Properties["SubnetMappings"]))),
		p.c.Gap("firewall.implicit-deny", r.Name))
}

// groupsOfPolicy returns the rule groups of a policy, in the order in which
// they decide.
func (p *Plan) groupsOfPolicy(r *inventory.Resource) []*inventory.Resource {
	var out []*inventory.Resource
	list := design.Maps(design.At(r.Properties, "FirewallPolicy.StatefulRuleGroupReferences"))
	slices.SortStableFunc(list, func(a, b map[string]any) int {
		return cmp.Compare(design.Int(a, "Priority", 0), design.Int(b, "Priority", 0))
	})
	for _, m := range append(list, design.Maps(design.At(r.Properties, "FirewallPolicy.StatelessRuleGroupReferences"))...) {
		if g, ok := p.c.Find(r, m["ResourceArn"], "AWS::NetworkFirewall::RuleGroup"); ok && !slices.Contains(out, g) {
			out = append(out, g)
		}
	}
	return out
}

func firewallPolicyRule(p *Plan, r *inventory.Resource) design.Decision {
	policy := p.c.Put(design.Target{Type: policyKind, Base: r.Name, Model: firewallpolicies.FirewallPolicy{Properties: &firewallpolicies.FirewallPolicyPropertiesFormat{
		Sku: &firewallpolicies.FirewallPolicySku{Tier: new(firewallpolicies.FirewallPolicySkuTierStandard)},
	}}}, r)
	groups := p.groupsOfPolicy(r)
	last := cloud.ResourceID("")
	for i, g := range groups {
		rules := collectionsOf(g)
		if len(rules) == 0 {
			continue
		}
		t := design.Target{
			Type: ruleSetKind, Parent: policy, Base: g.Name, NoLocation: true,
			Model: firewallpolicyrulecollectiongroups.FirewallPolicyRuleCollectionGroup{Properties: &firewallpolicyrulecollectiongroups.FirewallPolicyRuleCollectionGroupProperties{
				Priority: new(int64(100 + i)), RuleCollections: &rules,
			}},
		}
		// A policy takes one change at a time.
		if last != "" {
			t.After = []cloud.ResourceID{last}
		}
		last = p.c.Put(t, g)
	}
	d := migrated(0.65, fmt.Sprintf("a firewall policy carries what of its %d rule groups are lists of domains and rules of five parts", len(groups)), p.c.Gap("firewall.implicit-deny", r.Name))
	return d
}

// collectionsOf writes what of a rule group Azure Firewall can say: lists of
// domains become application rules, rules of five parts network rules.
func collectionsOf(g *inventory.Resource) []firewallpolicyrulecollectiongroups.FirewallPolicyRuleCollection {
	var out []firewallpolicyrulecollectiongroups.FirewallPolicyRuleCollection
	add := func(name string, deny bool, rules []firewallpolicyrulecollectiongroups.FirewallPolicyRule) {
		if len(rules) == 0 {
			return
		}
		action := firewallpolicyrulecollectiongroups.FirewallPolicyFilterRuleCollectionActionTypeAllow
		if deny {
			action = firewallpolicyrulecollectiongroups.FirewallPolicyFilterRuleCollectionActionTypeDeny
		}
		out = append(out, firewallpolicyrulecollectiongroups.FirewallPolicyFilterRuleCollection{
			Name: new(name), Priority: new(int64(100 + 10*len(out))), Rules: &rules,
			Action: &firewallpolicyrulecollectiongroups.FirewallPolicyFilterRuleCollectionAction{Type: &action},
		})
	}
	source := design.At(g.Properties, "RuleGroup.RulesSource")
	var drops, passes []firewallpolicyrulecollectiongroups.FirewallPolicyRule
	for i, m := range design.Maps(design.At(source, "StatefulRules")) {
		if rule, ok := fiveParts(m, i); ok {
			if a := strings.ToUpper(design.Text(m, "Action")); a == "DROP" || a == "REJECT" {
				drops = append(drops, rule)
			} else if a == "PASS" {
				passes = append(passes, rule)
			}
		}
	}
	add("drop", true, drops)
	add("pass", false, passes)
	if rule, deny, ok := domains(design.At(source, "RulesSourceList")); ok {
		add("domains", deny, []firewallpolicyrulecollectiongroups.FirewallPolicyRule{rule})
	}
	return out
}

// domains writes a list of domains; a leading dot means all names below.
func domains(list any) (firewallpolicyrulecollectiongroups.FirewallPolicyRule, bool, bool) {
	var names []string
	for _, text := range design.Texts(design.At(list, "Targets")) {
		if strings.HasPrefix(text, ".") {
			names = append(names, "*"+text, text[1:])
		} else {
			names = append(names, text)
		}
	}
	if len(names) == 0 {
		return nil, false, false
	}
	type protocol = firewallpolicyrulecollectiongroups.FirewallPolicyRuleApplicationProtocol
	rule := firewallpolicyrulecollectiongroups.ApplicationRule{
		Name: new("domains"), SourceAddresses: &[]string{"*"}, TargetFqdns: &names,
		Protocols: &[]protocol{
			{ProtocolType: new(firewallpolicyrulecollectiongroups.FirewallPolicyRuleApplicationProtocolTypeHTTP), Port: new(int64(80))},
			{ProtocolType: new(firewallpolicyrulecollectiongroups.FirewallPolicyRuleApplicationProtocolTypeHTTPS), Port: new(int64(443))},
		},
	}
	return rule, strings.HasPrefix(strings.ToUpper(design.Text(list, "GeneratedRulesType")), "DENY"), true
}

// fiveParts writes a rule of protocol, addresses and ports.
func fiveParts(m map[string]any, n int) (firewallpolicyrulecollectiongroups.FirewallPolicyRule, bool) {
	any := func(text string) []string {
		text = strings.Trim(text, "[] ")
		if text == "" || strings.EqualFold(text, "ANY") {
			return []string{"*"}
		}
		var out []string
		for part := range strings.SplitSeq(text, ",") {
			out = append(out, strings.ReplaceAll(strings.TrimSpace(part), ":", "-"))
		}
		return out
	}
	protocol := firewallpolicyrulecollectiongroups.FirewallPolicyRuleNetworkProtocolAny
	switch strings.ToUpper(design.Text(m, "Header.Protocol")) {
	case "TCP", "HTTP", "TLS", "SSH", "SMTP", "FTP":
		protocol = firewallpolicyrulecollectiongroups.FirewallPolicyRuleNetworkProtocolTCP
	case "UDP", "DNS", "NTP", "DHCP":
		protocol = firewallpolicyrulecollectiongroups.FirewallPolicyRuleNetworkProtocolUDP
	case "ICMP":
		protocol = firewallpolicyrulecollectiongroups.FirewallPolicyRuleNetworkProtocolICMP
	case "IP":
	default:
		return nil, false
	}
	from, to, ports := any(design.Text(m, "Header.Source")), any(design.Text(m, "Header.Destination")), any(design.Text(m, "Header.DestinationPort"))
	for _, part := range slices.Concat(from, to, ports) {
		// Variables and negations of Suricata mean nothing here.
		if strings.ContainsAny(part, "$!") {
			return nil, false
		}
	}
	return firewallpolicyrulecollectiongroups.NetworkRule{
		Name: new(fmt.Sprintf("rule-%d", n+1)), SourceAddresses: &from, DestinationAddresses: &to, DestinationPorts: &ports,
		IPProtocols: &[]firewallpolicyrulecollectiongroups.FirewallPolicyRuleNetworkProtocol{protocol},
	}, true
}

func ruleGroupRule(p *Plan, r *inventory.Resource) design.Decision {
	source := design.At(r.Properties, "RuleGroup.RulesSource")
	_, put := p.c.TargetOf(r, ruleSetKind)
	switch {
	case design.Text(source, "RulesString") != "":
		d := manual("its rules are written for Suricata", 3, "write the rules of "+r.Name+" as network and application rules of the firewall policy, or rely on the signatures of Azure Firewall Premium")
		d.Gaps = []design.Gap{p.c.Gap("firewall.suricata", "RulesSource.RulesString")}
		return d
	case design.At(source, "StatelessRulesAndCustomActions") != nil:
		d := manual("its rules see single packets, and Azure Firewall sees connections", 1, "write the rules of "+r.Name+" as NSG rules of the subnets in front")
		d.Gaps = []design.Gap{p.c.Gap("firewall.stateless", "RulesSource.StatelessRulesAndCustomActions")}
		return d
	case !put:
		return manual("no policy of the workload uses it, or its rules name variables", 1, "write the rules of "+r.Name+" in the firewall policy by hand")
	}
	d := migrated(0.7, "a rule collection group of the firewall policy carries it")
	for _, m := range design.Maps(design.At(source, "StatefulRules")) {
		if strings.EqualFold(design.Text(m, "Action"), "ALERT") {
			d.Gaps = append(d.Gaps, p.c.Gap("firewall.alert", "Action=ALERT"))
		}
	}
	return d
}
