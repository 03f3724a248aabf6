package iac

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
)

//go:embed bicep.md
var bicepReadme string

// Bicep prints a design as Bicep: main.bicep, a module per tier, and the
// parameters of each environment, all below "bicep". Without environments the
// design's own place is the only one.
func Bicep(d *design.Design, environments []design.Environment) ([]design.File, error) {
	s, err := newStack(d)
	if err != nil {
		return nil, err
	}
	var modules []*bicepModule
	var interiors []*interior
	for _, t := range s.tiers {
		m, err := s.bicepTier(t)
		if err != nil {
			return nil, err
		}
		modules, interiors = append(modules, m), append(interiors, m.interior)
	}
	files := []design.File{{Path: "bicep/main.bicep", Content: []byte(s.bicepMain(interiors))}, {Path: "bicep/README.md", Content: []byte(bicepReadme)}}
	for _, m := range modules {
		files = append(files, design.File{Path: "bicep/modules/" + m.tier.name + ".bicep", Content: []byte(m.file(interiors))})
	}
	for _, env := range own(d, environments) {
		text, err := s.bicepParameters(env, told(interiors))
		if err != nil {
			return nil, err
		}
		files = append(files, design.File{Path: "bicep/parameters/" + env.Name + ".bicepparam", Content: []byte(text)})
	}
	slices.SortFunc(files, func(a, b design.File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// own gives the design's own place where no environment is named.
func own(d *design.Design, environments []design.Environment) []design.Environment {
	if len(environments) > 0 {
		return environments
	}
	name := d.Place.Environment
	if name == "" {
		name = "main"
	}
	return []design.Environment{{Name: name, Subscription: d.Place.Subscription, Group: d.Place.Group, Location: d.Place.Location}}
}

// file is the module: its parameters, its resources, what it hands on.
func (m *bicepModule) file(all []*interior) string {
	var b strings.Builder
	s := m.stack
	title := fmt.Sprintf("// Tier %s of workload %s: %s.\n", m.tier.name, oneLine(s.design.Workload), plural(len(m.tier.items), "resource"))
	b.WriteString(title)
	if m.tier.home.group == "" {
		b.WriteString("\ntargetScope = 'subscription'\n")
	}
	if m.location {
		b.WriteString("\n@description('Region of the resources.')\nparam location string\n")
	}
	if m.environment {
		b.WriteString("\n@description('" + environmentWords + "')\nparam environmentName string\n")
	}
	if m.suffix {
		b.WriteString("\n@description('Part of the names that are unique in the world.')\nparam suffix string\n")
	}
	if m.assignments {
		b.WriteString("\n@description('Names of role assignments and definitions, which a tenant has once.')\nparam assignments object\n")
	}
	if m.group {
		b.WriteString("\n@description('Resource group of the workload.')\nparam resourceGroupId string\n")
	}
	for _, name := range slices.Sorted(maps.Keys(m.parameters)) {
		b.WriteString("\n" + s.bicepParam(name))
	}
	for _, l := range m.links() {
		fmt.Fprintf(&b, "\nparam %s string\n", camel(l.words()))
	}
	for _, symbol := range slices.Sorted(maps.Keys(m.existing)) {
		b.WriteString("\n" + m.existing[symbol])
	}
	b.WriteString(m.body)
	for _, l := range outputs(m.tier, all) {
		value := camel(l.item.words) + ".id"
		if l.path != "" {
			value = camel(l.item.words) + bicepPath(l.path)
		}
		fmt.Fprintf(&b, "\noutput %s string = %s\n", camel(l.words()), value)
	}
	return b.String()
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// bicepParam declares a parameter of the design, without a default when it is
// a secret.
func (s *stack) bicepParam(name string) string {
	p := s.params[name]
	out := ""
	if p.Secure {
		out += "@secure()\n"
	}
	if p.Description != "" {
		out += "@description(" + bicepQuoted(p.Description) + ")\n"
	}
	return out + "param " + camel(s.spelt[name]) + " " + bicepType(p) + "\n"
}

// bicepMain binds the modules together.
func (s *stack) bicepMain(all []*interior) string {
	var b strings.Builder
	fmt.Fprintf(&b, "// Workload %s: %s in %s.\n\ntargetScope = 'resourceGroup'\n", oneLine(s.design.Workload), plural(len(s.items), "resource"), plural(len(s.tiers), "module"))
	b.WriteString("\n@description('Region of the resources.')\nparam location string = resourceGroup().location\n")
	b.WriteString("\n@description('Part of the names that are unique in the world.')\nparam suffix string\n")
	if told(all) {
		b.WriteString("\n@description('" + environmentWords + "')\nparam environmentName string\n")
	}
	if len(s.assigned()) > 0 {
		b.WriteString("\n@description('Names of role assignments and definitions, which a tenant has once.')\nparam assignments object\n")
	}
	for _, name := range slices.Sorted(maps.Keys(s.params)) {
		b.WriteString("\n" + s.bicepParam(name))
	}
	for _, in := range all {
		b.WriteString("\n" + s.bicepCall(in))
	}
	return b.String()
}

func (s *stack) bicepCall(in *interior) string {
	var b strings.Builder
	symbol := camel(splitWords(in.tier.name)) + "Module"
	fmt.Fprintf(&b, "module %s 'modules/%s.bicep' = {\n  name: '%s'\n", symbol, in.tier.name, in.tier.name)
	h := in.tier.home
	switch {
	case h.own:
	case h.group == "" && strings.EqualFold(h.subscription, string(s.design.Place.Subscription)):
		b.WriteString("  scope: subscription()\n")
	case h.group == "":
		fmt.Fprintf(&b, "  scope: subscription(%s)\n", bicepQuoted(h.subscription))
	case strings.EqualFold(h.subscription, string(s.design.Place.Subscription)):
		fmt.Fprintf(&b, "  scope: resourceGroup(%s)\n", bicepQuoted(h.group))
	default:
		fmt.Fprintf(&b, "  scope: resourceGroup(%s, %s)\n", bicepQuoted(h.subscription), bicepQuoted(h.group))
	}
	var lines []string
	for _, given := range []struct {
		used        bool
		name, value string
	}{{in.location, "location", "location"}, {in.suffix, "suffix", "suffix"}, {in.environment, "environmentName", "environmentName"}, {in.assignments, "assignments", "assignments"}, {in.group, "resourceGroupId", "resourceGroup().id"}} {
		if given.used {
			lines = append(lines, given.name+": "+given.value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.parameters)) {
		lines = append(lines, camel(s.spelt[name])+": "+camel(s.spelt[name]))
	}
	for _, l := range in.links() {
		lines = append(lines, camel(l.words())+": "+camel(splitWords(l.item.tier.name))+"Module.outputs."+camel(l.words()))
	}
	if len(lines) > 0 {
		b.WriteString("  params: {\n    " + strings.Join(lines, "\n    ") + "\n  }\n")
	}
	if silent := in.silent(); len(silent) > 0 {
		b.WriteString("  dependsOn: [\n")
		for _, t := range silent {
			b.WriteString("    " + camel(splitWords(t.name)) + "Module\n")
		}
		b.WriteString("  ]\n")
	}
	b.WriteString("}\n")
	return b.String()
}

// bicepParameters are the values of one environment. Secrets come from
// variables of the environment of whoever deploys.
func (s *stack) bicepParameters(env design.Environment, told bool) (string, error) {
	moved := design.ForEnvironment(&design.Design{Workload: s.design.Workload, Place: s.design.Place, Parameters: s.design.Parameters}, env)
	var b strings.Builder
	b.WriteString("using '../main.bicep'\n\n")
	fmt.Fprintf(&b, "// Deploy into resource group %s of subscription %s.\n", oneLine(moved.Place.Group), oneLine(string(moved.Place.Subscription)))
	fmt.Fprintf(&b, "param location = %s\n\nparam suffix = %s\n", bicepQuoted(string(moved.Place.Location)), bicepQuoted(moved.Place.Suffix))
	if told {
		fmt.Fprintf(&b, "\nparam environmentName = %s\n", bicepQuoted(moved.Place.Environment))
	}
	if items := s.assigned(); len(items) > 0 {
		b.WriteString("\nparam assignments = {\n")
		for _, it := range items {
			fmt.Fprintf(&b, "  %s: %s\n", camel(it.words), bicepQuoted(s.nameIn(it, env)))
		}
		b.WriteString("}\n")
	}
	for _, p := range moved.Parameters {
		value, err := s.bicepGiven(p)
		if err != nil {
			return "", fault.Of(fault.Internal, "print parameter", p.Name, err)
		}
		fmt.Fprintf(&b, "\nparam %s = %s\n", camel(s.spelt[p.Name]), value)
	}
	return b.String(), nil
}

// nameIn is what an assignment is called in an environment.
func (s *stack) nameIn(it *item, env design.Environment) string {
	moved := design.ForEnvironment(&design.Design{Workload: s.design.Workload, Place: s.design.Place, Resources: []design.Resource{{ID: it.ID, Type: it.Type, Name: it.Name, DependsOn: []cloud.ResourceID{}}}}, env)
	return moved.Resources[0].Name
}

// bicepGiven is a parameter's value: its default, or the environment variable
// that a deployment takes it from, "databasePassword" in
// LANDFALL_PARAMETER_DATABASEPASSWORD.
func (s *stack) bicepGiven(p design.Parameter) (string, error) {
	variable := "readEnvironmentVariable(" + bicepQuoted(design.ParameterVariable(p.Name)) + ")"
	switch {
	case p.Secure || p.Default == nil && p.Type == "string":
		return variable, nil
	case p.Default == nil && p.Type == "int":
		return "int(" + variable + ")", nil
	case p.Default == nil && p.Type == "bool":
		return "bool(" + variable + ")", nil
	case p.Default == nil:
		return "json(" + variable + ")", nil
	}
	plain := &bicepModule{interior: newInterior(&tier{home: home{own: true}}), stack: &stack{design: &design.Design{Place: design.Place{Subscription: "-", Group: "-"}}}}
	return plain.value(p.Default, 0)
}
