package config

import (
	"net/netip"

	"example.com/landfall/internal/cloud"
)

// Design says what a person wants differently from what the rules decide.
type Design struct {
	// Overrides change single decisions.
	Overrides []Override
	// Accept names findings and network differences that a person accepted,
	// with the reason.
	Accept map[string]string
	// AddressSpaces are the blocks of the networks at the target, by VPC id or
	// name.
	AddressSpaces map[string]string
	// OnPremises are blocks of addresses that the networks must not overlap.
	OnPremises []string
	// MergeSubnets makes one subnet of those of one tier in several zones.
	MergeSubnets bool
	// Tags are put on every resource at the target.
	Tags cloud.Tags
}

// Override changes one decision of the design.
type Override struct {
	// Source is a resource's id or name; "*" stands for any run of characters.
	Source string
	// Action, Size and Target are "" where the rule's choice stays.
	Action, Size, Target string
	// Reason is kept in the design.
	Reason string
}

// The stages of an environment.
const (
	Production    = "production"
	NonProduction = "non-production"
)

// Environment is a place that the design is deployed to.
type Environment struct {
	Name string
	// Stage is Production or NonProduction.
	Stage string
	// Subscription, ResourceGroup and Region replace those of the target.
	Subscription  cloud.Account
	ResourceGroup string
	Region        cloud.Region
}

func designKeys() []key {
	return []key{
		{path: "design.overrides", form: records,
			doc: "decisions that a person takes instead of the rules",
			fields: []key{
				{path: "source", form: text, must: true, doc: "id or name of the resource, or KIND/NAME where several share a name; * stands for any run of characters", rule: rule{pattern: `^\S.{0,511}$`, wants: "an id or a name"}},
				{path: "action", form: text, doc: "migrate, replace, retain, retire or manual", rule: rule{oneOf: []string{"migrate", "replace", "retain", "retire", "manual"}}},
				{path: "size", form: text, doc: "size or SKU to take, such as Standard_D4s_v5", rule: rule{pattern: `^\S+$`, wants: "a size without spaces"}},
				{path: "target", form: text, doc: "kind to take instead, one of the decision's alternatives"},
				{path: "reason", form: text, must: true, doc: "why; it is kept in the design"},
			},
			rule: rule{unique: "source", check: overrides},
			put:  func(c *Config, v any) { c.Design.Overrides = overridesOf(v.([]map[string]string)) }},
		{path: "design.accept", form: pairs,
			doc:   "findings and network differences that a person accepted, by name, with the reason",
			names: rule{pattern: `^\S+$`, wants: "the name of a finding, without spaces"},
			rule:  rule{pattern: `^.{1,999}$`, wants: "a reason"},
			put:   func(c *Config, v any) { c.Design.Accept = v.(map[string]string) }},
		{path: "design.addressSpaces", form: pairs,
			doc:   "block of addresses of the network that stands for a VPC, by its id or name",
			names: rule{pattern: `^\S.{0,255}$`, wants: "a VPC id or name"},
			rule:  block(),
			put:   func(c *Config, v any) { c.Design.AddressSpaces = v.(map[string]string) }},
		{path: "design.onPremises", form: texts,
			doc:  "blocks of addresses in use elsewhere, which the networks at the target must not overlap",
			rule: block(),
			put:  func(c *Config, v any) { c.Design.OnPremises = v.([]string) }},
		{path: "design.mergeSubnets", form: boolean, def: false,
			doc: "make one subnet of those of one tier in several zones: a subnet at the target spans zones",
			put: func(c *Config, v any) { c.Design.MergeSubnets = v.(bool) }},
		{path: "design.tags", form: pairs,
			doc: "tags of every resource at the target",
			// The limits of Azure for a tag's name and value.
			names: rule{pattern: `^[^<>%&\\?/]{1,512}$`, wants: `a name without < > % & \ ? /`},
			rule:  rule{pattern: `^.{0,256}$`, wants: "at most 256 characters", empty: true},
			put:   func(c *Config, v any) { c.Design.Tags = v.(map[string]string) }},
		{path: "environments", form: records,
			doc: "places that the design is deployed to; production opens when another one was deployed and verified",
			fields: []key{
				{path: "name", form: text, must: true, doc: "name of the environment", rule: rule{pattern: `^[a-z][a-z0-9-]{0,19}$`, wants: "a letter, then lower-case letters, digits and hyphens, at most 20"}},
				{path: "stage", form: text, must: true, doc: "production or non-production", rule: rule{oneOf: []string{NonProduction, Production}}},
				{path: "subscription", form: text, doc: "subscription instead of target.subscription", rule: uuid()},
				{path: "resourceGroup", form: text, doc: "resource group instead of one named after workload and environment", rule: group()},
				{path: "region", form: text, doc: "region instead of target.region", rule: azureRegion()},
			},
			rule: rule{unique: "name"},
			put:  func(c *Config, v any) { c.Environments = environments(v.([]map[string]string)) }},
	}
}

// block accepts a block of addresses whose host bits are zero.
func block() rule {
	return rule{wants: "a block of addresses such as 10.40.0.0/16", test: func(value string) string {
		p, err := netip.ParsePrefix(value)
		switch {
		case err != nil:
			return "is no block of addresses"
		case p != p.Masked():
			return "has bits set behind its length; it would be " + p.Masked().String()
		}
		return ""
	}}
}

// group is the form of a resource group's name (Microsoft Learn, "Naming rules
// and restrictions for Azure resources").
func group() rule {
	return rule{pattern: `^[A-Za-z0-9_().-]{0,89}[A-Za-z0-9_()-]$`, wants: "1 to 90 letters, digits and _ ( ) . -, no dot at the end"}
}

func overrides(row map[string]string) string {
	if row["action"] == "" && row["size"] == "" && row["target"] == "" {
		return "changes nothing: give it an action, a size or a target"
	}
	return ""
}

func overridesOf(rows []map[string]string) []Override {
	out := make([]Override, 0, len(rows))
	for _, row := range rows {
		out = append(out, Override{Source: row["source"], Action: row["action"], Size: row["size"], Target: row["target"], Reason: row["reason"]})
	}
	return out
}

func environments(rows []map[string]string) []Environment {
	out := make([]Environment, 0, len(rows))
	for _, row := range rows {
		out = append(out, Environment{Name: row["name"], Stage: row["stage"], Subscription: cloud.Account(row["subscription"]), ResourceGroup: row["resourceGroup"], Region: cloud.Region(row["region"])})
	}
	return out
}
