package iac

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"example.com/landfall/internal/fault"
)

// terraformModule prints the resources of one tier.
type terraformModule struct {
	*interior
	stack   *stack
	implied map[*item]bool
	current *item
	// exports are the properties that others read, by resource.
	exports map[*item][]string
}

func (s *stack) terraformTier(t *tier, exports map[*item][]string) (*terraformModule, error) {
	for _, it := range t.items {
		if err := s.readable(it); err != nil {
			return nil, err
		}
	}
	m := &terraformModule{interior: newInterior(t), stack: s, exports: exports}
	var out strings.Builder
	for i, it := range t.items {
		if i > 0 {
			out.WriteString("\n")
		}
		text, err := m.resource(it)
		if err != nil {
			return nil, err
		}
		out.WriteString(text)
	}
	m.body = out.String()
	return m, nil
}

// readable refuses a body that reads a property of something that the design
// does not make before it: Terraform has no expression for that.
func (s *stack) readable(it *item) (err error) {
	visitTexts(it.Body, func(text string) {
		for _, p := range s.parts(text) {
			if p.kind == output && (p.item == nil || !slices.Contains(it.needs, p.item)) {
				err = fault.Newf(fault.Internal, "print %q in Terraform: it reads %q of %q, which it does not wait for", it.ID, p.text, p.id)
			}
		}
	})
	return err
}

// exportsOf collects the properties that bodies read from other resources: the
// provider hands on only what it is asked for.
func (s *stack) exportsOf() map[*item][]string {
	out := map[*item][]string{}
	for _, it := range s.items {
		visitTexts(it.Body, func(text string) {
			for _, p := range s.parts(text) {
				if p.kind != output || p.item == nil {
					continue
				}
				// Indexes are not part of what is asked for.
				asked, _, _ := strings.Cut(p.text, "[")
				if !slices.Contains(out[p.item], asked) {
					out[p.item] = append(out[p.item], asked)
				}
			}
		})
	}
	for _, paths := range out {
		slices.Sort(paths)
	}
	return out
}

// visitTexts calls visit with every text and every key of a tree, in order.
func visitTexts(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(v)
	case []any:
		for _, w := range v {
			visitTexts(w, visit)
		}
	case map[string]any:
		for _, name := range sortedNames(v) {
			visit(name)
			visitTexts(v[name], visit)
		}
	}
}

func (m *terraformModule) resource(it *item) (string, error) {
	m.current, m.implied = it, map[*item]bool{}
	var b strings.Builder
	for _, note := range it.notes {
		b.WriteString("# " + note + "\n")
	}
	fmt.Fprintf(&b, "resource \"azapi_resource\" %s {\n", strconv.Quote(snake(it.words)))
	fmt.Fprintf(&b, "  type      = %s\n  name      = %s\n  parent_id = %s\n", hclQuoted(string(it.Type)+"@"+it.APIVersion), m.name(it), m.parent(it))
	if it.Location != "" {
		fmt.Fprintf(&b, "  location  = %s\n", m.text(string(it.Location)))
	}
	if len(it.Tags) > 0 {
		b.WriteString("  tags = {\n")
		for _, name := range it.Tags.Keys() {
			fmt.Fprintf(&b, "    %s = %s\n", hclKey(name), m.expressed(m.stack.tagParts(name, it.Tags[name])))
		}
		b.WriteString("  }\n")
	}
	body, secret := m.split(it.Body)
	identity, typed := identityOf(body)
	if typed {
		delete(body, "identity")
	}
	for _, given := range []struct {
		name string
		tree map[string]any
	}{{"body", body}, {"sensitive_body", secret}} {
		if len(given.tree) == 0 {
			continue
		}
		text, err := m.value(given.tree, 1)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "  %s = %s\n", given.name, text)
	}
	if exports := m.exports[it]; len(exports) > 0 {
		b.WriteString("  response_export_values = [")
		for i, path := range exports {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(hclQuoted(path))
		}
		b.WriteString("]\n")
	}
	if typed {
		m.identity(&b, identity)
	}
	m.dependsOn(&b, it)
	b.WriteString("}\n")
	return b.String(), nil
}

// identityOf returns the managed identities of a body when they have the form
// that the provider has a block for.
func identityOf(body map[string]any) (map[string]any, bool) {
	identity, ok := body["identity"].(map[string]any)
	if !ok {
		return nil, false
	}
	if kind, ok := identity["type"].(string); !ok || kind == "" {
		return nil, false
	}
	for name, value := range identity {
		if _, isMap := value.(map[string]any); name != "type" && (name != "userAssignedIdentities" || !isMap) {
			return nil, false
		}
	}
	return identity, true
}

func (m *terraformModule) identity(b *strings.Builder, identity map[string]any) {
	kind, _ := identity["type"].(string)
	b.WriteString("\n  identity {\n    type = " + hclQuoted(kind) + "\n")
	if ids, _ := identity["userAssignedIdentities"].(map[string]any); len(ids) > 0 {
		b.WriteString("    identity_ids = [\n")
		for _, id := range sortedNames(ids) {
			b.WriteString("      " + m.text(id) + ",\n")
		}
		b.WriteString("    ]\n")
	}
	b.WriteString("  }\n")
}

func (m *terraformModule) dependsOn(b *strings.Builder, it *item) {
	var names []string
	for _, need := range it.needs {
		switch {
		case need.tier != m.tier:
			m.after[need.tier] = true
		case !m.implied[need]:
			names = append(names, "azapi_resource."+snake(need.words))
		}
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	b.WriteString("\n  depends_on = [\n")
	for _, name := range names {
		b.WriteString("    " + name + ",\n")
	}
	b.WriteString("  ]\n")
}

func (m *terraformModule) name(it *item) string {
	if isAssigned(it) {
		m.assignments = true
		return "var.assignments." + snake(it.words)
	}
	return m.text(it.last)
}

// parent is the id of what the resource stands in or on.
func (m *terraformModule) parent(it *item) string {
	switch {
	case it.parent != nil:
		return m.expression(part{kind: resource, item: it.parent, id: string(it.parent.ID)})
	case it.scope != nil:
		return m.expression(part{kind: resource, item: it.scope, id: string(it.scope.ID)})
	}
	scope, kind, names, _ := splitID(string(it.ID))
	if len(names) > 1 {
		types := strings.Split(kind, "/")
		return m.text(scope + "/providers/" + pairs(strings.Join(types[:len(types)-1], "/"), names[:len(names)-1]))
	}
	return m.text(scope)
}

// split takes the values of secure parameters out of a body, so that they
// never reach the state: the provider sends the sensitive body and forgets it.
// It merges objects only, so what holds a secret inside a list goes whole.
func (m *terraformModule) split(body map[string]any) (plain, secret map[string]any) {
	plain, secret = map[string]any{}, map[string]any{}
	for name, value := range body {
		switch v := value.(type) {
		case map[string]any:
			open, hidden := m.split(v)
			if len(hidden) > 0 {
				secret[name] = hidden
			}
			if len(open) > 0 || len(hidden) == 0 {
				plain[name] = open
			}
		default:
			if m.holdsSecret(v) {
				secret[name] = v
			} else {
				plain[name] = v
			}
		}
	}
	return plain, secret
}

func (m *terraformModule) holdsSecret(v any) bool {
	found := false
	visitTexts(v, func(text string) {
		for _, p := range m.stack.parts(text) {
			found = found || p.kind == parameter && m.stack.params[p.text].Secure
		}
	})
	return found
}

func (m *terraformModule) value(v any, depth int) (string, error) {
	pad := strings.Repeat("  ", depth)
	switch v := v.(type) {
	case nil:
		return "null", nil
	case bool:
		return strconv.FormatBool(v), nil
	case string:
		return m.text(v), nil
	case []any:
		if len(v) == 0 {
			return "[]", nil
		}
		out := "[\n"
		for _, w := range v {
			text, err := m.value(w, depth+1)
			if err != nil {
				return "", err
			}
			out += pad + "  " + text + ",\n"
		}
		return out + pad + "]", nil
	case map[string]any:
		if len(v) == 0 {
			return "{}", nil
		}
		out := "{\n"
		for _, name := range sortedNames(v) {
			text, err := m.value(v[name], depth+1)
			if err != nil {
				return "", err
			}
			out += pad + "  " + m.key(name) + " = " + text + "\n"
		}
		return out + pad + "}", nil
	}
	text, _, err := number(v)
	return text, err
}

func (m *terraformModule) key(name string) string {
	parts := m.stack.parts(name)
	for _, p := range parts {
		if p.kind != literal && p.kind != suffix && p.kind != location {
			if len(parts) == 1 {
				return "(" + m.expression(p) + ")"
			}
			return m.interpolated(parts)
		}
	}
	return hclKey(name)
}

func hclKey(name string) string {
	if isIdentifier(name) {
		return name
	}
	return hclQuoted(name)
}

func (m *terraformModule) text(s string) string { return m.expressed(m.stack.parts(s)) }

func (m *terraformModule) expressed(parts []part) string {
	if len(parts) == 1 && parts[0].kind != literal {
		return m.expression(parts[0])
	}
	return m.interpolated(parts)
}

func (m *terraformModule) interpolated(parts []part) string {
	out := `"`
	for i, p := range parts {
		if p.kind == literal {
			out += hclEscaped(p.text, i+1 < len(parts))
		} else {
			out += "${" + m.expression(p) + "}"
		}
	}
	return out + `"`
}

func (m *terraformModule) expression(p part) string {
	switch p.kind {
	case parameter:
		m.parameters[p.text] = true
		return "var." + snake(m.stack.spelt[p.text])
	case suffix:
		m.suffix = true
		return "var.suffix"
	case location:
		m.location = true
		return "var.location"
	case environment:
		m.environment = true
		return "var.environment_name"
	case group:
		m.group = true
		return "var.resource_group_id"
	case subscription:
		m.group = true
		return `join("/", slice(split("/", var.resource_group_id), 0, 3))`
	}
	known := p.item != nil && slices.Contains(m.current.needs, p.item)
	switch {
	case !known:
		return m.id(p.id)
	case p.item.tier != m.tier:
		l := link{p.item, p.text}
		if p.kind == resource {
			l.path = ""
		}
		m.inputs[l] = true
		return "var." + snake(l.words())
	}
	m.implied[p.item] = true
	out := "azapi_resource." + snake(p.item.words)
	if p.kind == resource {
		return out + ".id"
	}
	return out + ".output" + hclPath(p.text)
}

func hclPath(text string) string {
	out := ""
	for _, step := range path(text) {
		switch {
		case strings.HasPrefix(step, "["):
			out += step
		case isIdentifier(step):
			out += "." + step
		default:
			out += "[" + hclQuoted(step) + "]"
		}
	}
	return out
}

// id writes an id of the place by its names.
func (m *terraformModule) id(id string) string {
	own := string(m.stack.design.Place.GroupID())
	if rest, ok := cutFold(id, own); ok && (rest == "" || rest[0] == '/') {
		m.group = true
		return m.interpolated(append([]part{{kind: group}}, m.stack.words(rest)...))
	}
	if rest, ok := cutFold(id, "/subscriptions/"+string(m.stack.design.Place.Subscription)); ok && (rest == "" || rest[0] == '/') {
		return m.interpolated(append([]part{{kind: subscription}}, m.stack.words(rest)...))
	}
	return hclQuoted(id)
}

func cutFold(s, prefix string) (rest string, ok bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func hclQuoted(s string) string { return `"` + hclEscaped(s, false) + `"` }

// hclEscaped writes what stands between quotes of a template: HCL Native
// Syntax Specification, quoted templates. A dollar or percent sign before
// another one is read together with it, so that doubling the second does not
// help: it is then written by its number. more says that an expression follows.
func hclEscaped(s string, more bool) string {
	var out strings.Builder
	last := rune(0)
	for i, r := range s {
		rest := s[i+utf8.RuneLen(r):]
		if sign := r == '$' || r == '%'; sign && (strings.HasPrefix(rest, "{") || more && rest == "") {
			if last == '$' || last == '%' || rest == "" {
				fmt.Fprintf(&out, `\u%04x`, r)
			} else {
				out.WriteRune(r)
				out.WriteRune(r)
			}
			last = r
			continue
		}
		last = r
		switch {
		case r == '\\':
			out.WriteString(`\\`)
		case r == '"':
			out.WriteString(`\"`)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\t':
			out.WriteString(`\t`)
		case r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// formatted is what the tool's own formatter would give.
func formatted(text string) []byte { return hclwrite.Format([]byte(text)) }
