package iac

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
)

const (
	templateSchema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
	// nestedVersion is the API version of the deployments inside the template
	// that reach other groups and the subscription.
	nestedVersion = "2025-04-01"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := plainJSON(m.name)
		if err != nil {
			return nil, err
		}
		value, err := plainJSON(m.value)
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// plainJSON encodes without the escapes that only HTML needs.
func plainJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

// ARM prints a design as one deployment template for its resource group. It is
// the form that Landfall deploys itself: ids are expressions, so that it can be
// deployed to any group, names are the design's.
func ARM(d *design.Design) ([]byte, error) {
	s, err := newStack(d)
	if err != nil {
		return nil, err
	}
	parameters := object{}
	for _, name := range slices.Sorted(maps.Keys(s.params)) {
		p := s.params[name]
		declared := object{{"type", armType(p)}}
		if p.Default != nil && !p.Secure {
			declared = append(declared, member{"defaultValue", escaped(p.Default)})
		}
		if p.Description != "" {
			declared = append(declared, member{"metadata", object{{"description", armText(p.Description)}}})
		}
		parameters = append(parameters, member{name, declared})
	}
	resources := []any{}
	for _, t := range s.tiers {
		for _, it := range t.items {
			resources = append(resources, s.armResource(it))
		}
	}
	template := object{
		{"$schema", templateSchema}, {"contentVersion", "1.0.0.0"},
		{"metadata", object{{"workload", armText(d.Workload)}}},
		{"parameters", parameters}, {"resources", resources},
	}
	encoded, err := plainJSON(template)
	if err != nil {
		return nil, fault.Of(fault.Internal, "print template of workload", d.Workload, err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, encoded, "", "  "); err != nil {
		return nil, fault.Of(fault.Internal, "print template of workload", d.Workload, err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func armType(p design.Parameter) string {
	switch {
	case p.Secure && p.Type == "object":
		return "secureObject"
	case p.Secure:
		return "securestring"
	}
	return p.Type
}

// escaped makes literals of all texts of a default.
func escaped(v any) any {
	switch v := v.(type) {
	case string:
		return armText(v)
	case []any:
		out := make([]any, len(v))
		for i, w := range v {
			out[i] = escaped(w)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, w := range v {
			out[k] = escaped(w)
		}
		return out
	}
	return v
}

// armText writes a literal: one that begins with "[" would be read as an
// expression.
func armText(s string) string {
	if strings.HasPrefix(s, "[") {
		return "[" + s
	}
	return s
}

func (s *stack) armResource(it *item) any {
	body := object{{"type", string(it.Type)}, {"apiVersion", it.APIVersion}, {"name", armText(it.Name)}}
	if it.Location != "" {
		body = append(body, member{"location", armText(string(it.Location))})
	}
	if len(it.Tags) > 0 {
		tags := object{}
		for _, name := range it.Tags.Keys() {
			tags = append(tags, member{armText(name), armText(it.Tags[name])})
		}
		body = append(body, member{"tags", tags})
	}
	if scope, ok := s.scopeOf(it); ok {
		body = append(body, member{"scope", s.armID(scope)})
	}
	for _, name := range slices.Sorted(maps.Keys(it.Body)) {
		body = append(body, member{name, s.armValue(it.Body[name])})
	}
	depends := []string{}
	for _, need := range it.needs {
		depends = append(depends, s.armNeed(need))
	}
	slices.Sort(depends)
	depends = slices.Compact(depends)
	if it.home.own {
		if len(depends) > 0 {
			body = append(body, member{"dependsOn", depends})
		}
		return body
	}
	return s.nested(it, body, depends)
}

// scopeOf returns the resource that an extension resource stands on.
func (s *stack) scopeOf(it *item) (string, bool) {
	scope, _, _, _ := splitID(string(it.ID))
	_, _, _, extension := splitID(scope)
	return scope, extension
}

// nested wraps what stands outside the group in a deployment of its own.
func (s *stack) nested(it *item, body object, depends []string) object {
	out := object{{"type", "Microsoft.Resources/deployments"}, {"apiVersion", nestedVersion}, {"name", s.nestedName(it)}}
	if it.home.subscription == string(s.design.Place.Subscription) {
		out = append(out, member{"subscriptionId", "[subscription().subscriptionId]"})
	} else {
		out = append(out, member{"subscriptionId", it.home.subscription})
	}
	if it.home.group != "" {
		out = append(out, member{"resourceGroup", it.home.group})
	} else {
		out = append(out, member{"location", string(s.design.Place.Location)})
	}
	if len(depends) > 0 {
		out = append(out, member{"dependsOn", depends})
	}
	l := lift{stack: s}
	inner := object{{"$schema", templateSchema}, {"contentVersion", "1.0.0.0"}}
	resources := []any{l.value(body)}
	return append(out, member{"properties", object{
		{"mode", "Incremental"}, {"expressionEvaluationOptions", object{{"scope", "inner"}}}, {"parameters", l.given},
		{"template", append(inner, member{"parameters", l.declared}, member{"resources", resources})},
	}})
}

// lift makes parameters of the expressions of a nested template, so that they
// are evaluated where the outer one stands: "resourceGroup()" means another
// group inside, or none.
type lift struct {
	stack           *stack
	given, declared object
}

func (l *lift) value(v any) any {
	switch v := v.(type) {
	case string:
		return l.text(v)
	case []any:
		out := make([]any, len(v))
		for i, w := range v {
			out[i] = l.value(w)
		}
		return out
	case object:
		out := object{}
		for _, m := range v {
			out = append(out, member{l.text(m.name), l.value(m.value)})
		}
		return out
	}
	return v
}

func (l *lift) text(s string) string {
	if !strings.HasPrefix(s, "[") || strings.HasPrefix(s, "[[") {
		return s
	}
	at := slices.IndexFunc(l.given, func(m member) bool { return m.value.(object)[0].value == s })
	if at < 0 {
		at = len(l.given)
		name, kind := fmt.Sprintf("p%d", at+1), "string"
		if parameter, ok := design.ParameterIn(s); ok {
			kind = armType(l.stack.params[parameter])
		}
		l.given = append(l.given, member{name, object{{"value", s}}})
		l.declared = append(l.declared, member{name, object{{"type", kind}}})
	}
	return "[parameters('" + l.given[at].name + "')]"
}

func (s *stack) nestedName(it *item) string {
	name := it.home.name() + "-" + strings.Join(it.words, "-")
	return name[:min(len(name), 64)]
}

// armNeed is what dependsOn names: the resource, or the deployment that makes it.
func (s *stack) armNeed(need *item) string {
	if need.home.own {
		return "[" + s.idCall(string(need.ID)) + "]"
	}
	scope := "/subscriptions/" + need.home.subscription
	if need.home.group != "" {
		scope += "/resourceGroups/" + need.home.group
	}
	return s.armID(scope + "/providers/Microsoft.Resources/deployments/" + s.nestedName(need))
}

func (s *stack) armValue(v any) any {
	switch v := v.(type) {
	case string:
		return s.armString(v)
	case []any:
		out := make([]any, len(v))
		for i, w := range v {
			out[i] = s.armValue(w)
		}
		return out
	case map[string]any:
		out := object{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out = append(out, member{s.armString(name), s.armValue(v[name])})
		}
		return out
	}
	return v
}

func (s *stack) armString(text string) string {
	parts := s.parts(text)
	expressions := make([]string, 0, len(parts))
	plain := true
	for _, p := range joinedPlace(parts) {
		switch p.kind {
		case literal:
			expressions = append(expressions, quoted(p.text))
			continue
		case parameter:
			expressions = append(expressions, "parameters("+quoted(p.text)+")")
		case output:
			expressions = append(expressions, s.armOutput(p))
		case resource:
			expressions = append(expressions, s.idCall(p.id))
		case group:
			expressions = append(expressions, "resourceGroup().id")
		case subscription:
			expressions = append(expressions, "subscription().id")
		}
		plain = false
	}
	switch {
	case plain:
		return armText(text)
	case len(expressions) == 1:
		return "[" + expressions[0] + "]"
	}
	return "[concat(" + strings.Join(expressions, ", ") + ")]"
}

// joinedPlace makes literals of suffix and location: the template has the
// design's own.
func joinedPlace(parts []part) []part {
	for i := range parts {
		if parts[i].kind == suffix || parts[i].kind == location {
			parts[i].kind = literal
		}
	}
	return joined(parts)
}

func (s *stack) armOutput(p part) string {
	call := "reference(" + s.idCall(p.id) + ", " + quoted(p.version) + ", 'Full')"
	for _, step := range path(p.text) {
		if strings.HasPrefix(step, "[") {
			call += step
		} else {
			call += "." + step
		}
	}
	return call
}

func (s *stack) armID(id string) string {
	return "[" + s.idCall(id) + "]"
}

// idCall is the call that gives an id: of the group, of the subscription, of
// another group, or on another resource.
func (s *stack) idCall(id string) string {
	if strings.EqualFold(id, string(s.design.Place.GroupID())) {
		return "resourceGroup().id"
	}
	scope, kind, names, ok := splitID(id)
	if !ok {
		return quoted(id)
	}
	args := []string{quoted(kind)}
	for _, name := range names {
		args = append(args, quoted(name))
	}
	if _, _, _, extension := splitID(scope); extension {
		return "extensionResourceId(" + strings.Join(append([]string{s.idCall(scope)}, args...), ", ") + ")"
	}
	h := s.homeOf(scope)
	sameSubscription := strings.EqualFold(h.subscription, string(s.design.Place.Subscription))
	switch {
	case h.own:
	case h.subscription == "":
		return "tenantResourceId(" + strings.Join(args, ", ") + ")"
	case h.group == "" && sameSubscription:
		return "subscriptionResourceId(" + strings.Join(args, ", ") + ")"
	case h.group == "":
		return "subscriptionResourceId(" + strings.Join(append([]string{quoted(h.subscription)}, args...), ", ") + ")"
	case sameSubscription:
		args = append([]string{quoted(h.group)}, args...)
	default:
		args = append([]string{quoted(h.subscription), quoted(h.group)}, args...)
	}
	return "resourceId(" + strings.Join(args, ", ") + ")"
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
