package iac

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
)

//go:embed terraform.md
var terraformReadme string

const terraformVersions = `terraform {
  required_version = ">= 1.11"

  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = "~> 2.4"
    }
  }
}
`

// groupVersion is the API version of resource groups.
const groupVersion = "2024-11-01"

// Terraform prints a design as Terraform with azapi resources: a root module, a
// module per tier, and the variables of each environment, all below "terraform".
func Terraform(d *design.Design, environments []design.Environment) ([]design.File, error) {
	s, err := newStack(d)
	if err != nil {
		return nil, err
	}
	exports := s.exportsOf()
	var modules []*terraformModule
	var interiors []*interior
	for _, t := range s.tiers {
		m, err := s.terraformTier(t, exports)
		if err != nil {
			return nil, err
		}
		modules, interiors = append(modules, m), append(interiors, m.interior)
	}
	files := []design.File{
		{Path: "terraform/main.tf", Content: formatted(s.terraformMain(interiors))},
		{Path: "terraform/variables.tf", Content: formatted(s.terraformVariables(told(interiors)))},
		{Path: "terraform/outputs.tf", Content: formatted(terraformRootOutputs)},
		{Path: "terraform/versions.tf", Content: formatted(terraformVersions)},
		{Path: "terraform/README.md", Content: []byte(terraformReadme)},
	}
	for _, m := range modules {
		dir := "terraform/" + m.tier.name + "/"
		title := fmt.Sprintf("# Tier %s of workload %s: %s.\n\n", m.tier.name, oneLine(d.Workload), plural(len(m.tier.items), "resource"))
		files = append(files,
			design.File{Path: dir + "main.tf", Content: formatted(title + m.body)},
			design.File{Path: dir + "variables.tf", Content: formatted(m.variables())},
			design.File{Path: dir + "outputs.tf", Content: formatted(m.outputs(interiors))},
			design.File{Path: dir + "versions.tf", Content: formatted(terraformVersions)})
	}
	for _, env := range own(d, environments) {
		text, err := s.terraformValues(env, told(interiors))
		if err != nil {
			return nil, err
		}
		files = append(files, design.File{Path: "terraform/environments/" + env.Name + ".tfvars", Content: formatted(text)})
	}
	slices.SortFunc(files, func(a, b design.File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

const terraformRootOutputs = `output "resource_group_id" {
  description = "Resource group of the workload."
  value       = azapi_resource.group.id
}
`

// variable declares one input. Words are for people.
func variable(name, kind, description string, sensitive bool) string {
	out := "variable \"" + name + "\" {\n"
	if description != "" {
		out += "  description = " + hclQuoted(description) + "\n"
	}
	out += "  type = " + kind + "\n"
	if sensitive {
		out += "  sensitive = true\n"
	}
	return out + "}\n"
}

func terraformType(p design.Parameter) string {
	switch p.Type {
	case "int":
		return "number"
	case "bool":
		return "bool"
	case "array", "object":
		return "any"
	}
	return "string"
}

const (
	locationWords    = "Region of the resources."
	suffixWords      = "Part of the names that are unique in the world."
	environmentWords = "Name of the environment."
	assignmentsWords = "Names of role assignments and definitions, which a tenant has once."
	groupWords       = "Resource group of the workload."
)

func (m *terraformModule) variables() string {
	var out []string
	for _, v := range []struct {
		used              bool
		name, kind, words string
	}{{m.group, "resource_group_id", "string", groupWords}, {m.location, "location", "string", locationWords}, {m.suffix, "suffix", "string", suffixWords}, {m.environment, "environment_name", "string", environmentWords}, {m.assignments, "assignments", "map(string)", assignmentsWords}} {
		if v.used {
			out = append(out, variable(v.name, v.kind, v.words, false))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.parameters)) {
		p := m.stack.params[name]
		out = append(out, variable(snake(m.stack.spelt[name]), terraformType(p), p.Description, p.Secure))
	}
	for _, l := range m.links() {
		out = append(out, variable(snake(l.words()), "string", "", false))
	}
	if len(out) == 0 {
		return "# The tier needs nothing from outside.\n"
	}
	return strings.Join(out, "\n")
}

func (m *terraformModule) outputs(all []*interior) string {
	var out []string
	for _, l := range outputs(m.tier, all) {
		value := "azapi_resource." + snake(l.item.words) + ".id"
		if l.path != "" {
			value = "azapi_resource." + snake(l.item.words) + ".output" + hclPath(l.path)
		}
		out = append(out, "output \""+snake(l.words())+"\" {\n  value = "+value+"\n}\n")
	}
	if len(out) == 0 {
		return "# No other tier needs anything of this one.\n"
	}
	return strings.Join(out, "\n")
}

// terraformMain is the root module: the resource group and the tiers.
func (s *stack) terraformMain(all []*interior) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Workload %s: %s in %s.\n\n", oneLine(s.design.Workload), plural(len(s.items), "resource"), plural(len(s.tiers), "module"))
	b.WriteString("provider \"azapi\" {\n  subscription_id = var.subscription_id\n}\n\n")
	fmt.Fprintf(&b, "resource \"azapi_resource\" \"group\" {\n  type = \"Microsoft.Resources/resourceGroups@%s\"\n  name = var.resource_group_name\n  parent_id = \"/subscriptions/${var.subscription_id}\"\n  location = var.location\n\n  lifecycle {\n    ignore_changes = [tags]\n  }\n}\n", groupVersion)
	for _, in := range all {
		b.WriteString("\n" + s.terraformCall(in))
	}
	return b.String()
}

func moduleSymbol(t *tier) string { return snake(splitWords(t.name)) }

func (s *stack) terraformCall(in *interior) string {
	var b strings.Builder
	fmt.Fprintf(&b, "module %q {\n  source = \"./%s\"\n\n", moduleSymbol(in.tier), in.tier.name)
	for _, given := range []struct {
		used        bool
		name, value string
	}{{in.group, "resource_group_id", "azapi_resource.group.id"}, {in.location, "location", "var.location"}, {in.suffix, "suffix", "var.suffix"}, {in.environment, "environment_name", "var.environment_name"}, {in.assignments, "assignments", "var.assignments"}} {
		if given.used {
			b.WriteString("  " + given.name + " = " + given.value + "\n")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.parameters)) {
		b.WriteString("  " + snake(s.spelt[name]) + " = var." + snake(s.spelt[name]) + "\n")
	}
	for _, l := range in.links() {
		b.WriteString("  " + snake(l.words()) + " = module." + moduleSymbol(l.item.tier) + "." + snake(l.words()) + "\n")
	}
	if silent := in.silent(); len(silent) > 0 {
		b.WriteString("\n  depends_on = [")
		for i, t := range silent {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString("module." + moduleSymbol(t))
		}
		b.WriteString("]\n")
	}
	b.WriteString("}\n")
	return b.String()
}

func (s *stack) terraformVariables(told bool) string {
	out := []string{
		variable("subscription_id", "string", "Subscription to deploy to.", false),
		variable("resource_group_name", "string", groupWords, false),
		variable("location", "string", locationWords, false),
		variable("suffix", "string", suffixWords, false),
	}
	if told {
		out = append(out, variable("environment_name", "string", environmentWords, false))
	}
	if len(s.assigned()) > 0 {
		out = append(out, variable("assignments", "map(string)", assignmentsWords, false))
	}
	for _, name := range slices.Sorted(maps.Keys(s.params)) {
		p := s.params[name]
		out = append(out, variable(snake(s.spelt[name]), terraformType(p), p.Description, p.Secure))
	}
	return strings.Join(out, "\n")
}

// terraformValues are the values of one environment. Secrets, and what has no
// default, come from variables of the environment of whoever deploys.
func (s *stack) terraformValues(env design.Environment, told bool) (string, error) {
	moved := design.ForEnvironment(&design.Design{Workload: s.design.Workload, Place: s.design.Place, Parameters: s.design.Parameters}, env)
	var b strings.Builder
	fmt.Fprintf(&b, "subscription_id = %s\nresource_group_name = %s\nlocation = %s\nsuffix = %s\n",
		hclQuoted(string(moved.Place.Subscription)), hclQuoted(moved.Place.Group), hclQuoted(string(moved.Place.Location)), hclQuoted(moved.Place.Suffix))
	if told {
		fmt.Fprintf(&b, "environment_name = %s\n", hclQuoted(moved.Place.Environment))
	}
	if items := s.assigned(); len(items) > 0 {
		b.WriteString("\nassignments = {\n")
		for _, it := range items {
			fmt.Fprintf(&b, "  %s = %s\n", snake(it.words), hclQuoted(s.nameIn(it, env)))
		}
		b.WriteString("}\n")
	}
	plain := &terraformModule{interior: newInterior(&tier{}), stack: &stack{design: &design.Design{Place: design.Place{Subscription: "-", Group: "-"}}}}
	for _, p := range moved.Parameters {
		if p.Secure || p.Default == nil {
			fmt.Fprintf(&b, "\n# %s comes from the environment variable TF_VAR_%s.\n", snake(s.spelt[p.Name]), snake(s.spelt[p.Name]))
			continue
		}
		text, err := plain.value(p.Default, 0)
		if err != nil {
			return "", fault.Of(fault.Internal, "print parameter", p.Name, err)
		}
		fmt.Fprintf(&b, "\n%s = %s\n", snake(s.spelt[p.Name]), text)
	}
	return b.String(), nil
}
