package iac

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/fault"
)

// bicepModule prints the resources of one tier.
type bicepModule struct {
	*interior
	stack *stack
	// existing are the resources that extension resources stand on and that
	// another module or nobody makes, by id.
	existing map[string]string
	// implied are the resources of the module that the current one names.
	implied map[*item]bool
	current *item
}

func (s *stack) bicepTier(t *tier) (*bicepModule, error) {
	m := &bicepModule{interior: newInterior(t), stack: s, existing: map[string]string{}}
	var out strings.Builder
	for _, it := range t.items {
		text, err := m.resource(it)
		if err != nil {
			return nil, err
		}
		out.WriteString("\n" + text)
	}
	m.body = out.String()
	return m, nil
}

func (m *bicepModule) resource(it *item) (string, error) {
	m.current, m.implied = it, map[*item]bool{}
	var b strings.Builder
	for _, note := range it.notes {
		b.WriteString("// " + note + "\n")
	}
	fmt.Fprintf(&b, "resource %s %s = {\n", camel(it.words), bicepQuoted(string(it.Type)+"@"+it.APIVersion))
	if it.parent != nil && it.parent.tier == m.tier && it.parent.home == it.home {
		m.implied[it.parent] = true
		fmt.Fprintf(&b, "  parent: %s\n  name: %s\n", camel(it.parent.words), m.name(it, it.last))
	} else {
		fmt.Fprintf(&b, "  name: %s\n", m.name(it, it.Name))
	}
	if scope, ok := m.stack.scopeOf(it); ok {
		symbol, err := m.scope(it, scope)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "  scope: %s\n", symbol)
	}
	if it.Location != "" {
		fmt.Fprintf(&b, "  location: %s\n", m.text(string(it.Location)))
	}
	if len(it.Tags) > 0 {
		b.WriteString("  tags: {\n")
		for _, name := range it.Tags.Keys() {
			fmt.Fprintf(&b, "    %s: %s\n", bicepKey(name), m.expressed(m.stack.tagParts(name, it.Tags[name])))
		}
		b.WriteString("  }\n")
	}
	for _, name := range sortedNames(it.Body) {
		value, err := m.value(it.Body[name], 1)
		if err != nil {
			return "", fault.Of(fault.Internal, "print "+name+" of resource", string(it.ID), err)
		}
		fmt.Fprintf(&b, "  %s: %s\n", bicepKey(name), value)
	}
	m.dependsOn(&b, it)
	b.WriteString("}\n")
	return b.String(), nil
}

// dependsOn writes what no reference in the resource says.
func (m *bicepModule) dependsOn(b *strings.Builder, it *item) {
	var names []string
	for _, need := range it.needs {
		switch {
		case need.tier != m.tier:
			m.after[need.tier] = true
		case !m.implied[need]:
			names = append(names, camel(need.words))
		}
	}
	if len(names) == 0 {
		return
	}
	slices.Sort(names)
	b.WriteString("  dependsOn: [\n")
	for _, name := range names {
		b.WriteString("    " + name + "\n")
	}
	b.WriteString("  ]\n")
}

// name is the resource's name in code; assignments have one per environment.
func (m *bicepModule) name(it *item, name string) string {
	if isAssigned(it) {
		m.assignments = true
		return "assignments." + camel(it.words)
	}
	return m.text(name)
}

// scope returns the symbol of what an extension resource stands on, and
// declares it when another module makes it.
func (m *bicepModule) scope(it *item, scope string) (string, error) {
	if it.scope != nil && it.scope.tier == m.tier {
		m.implied[it.scope] = true
		return camel(it.scope.words), nil
	}
	outer, kind, names, ok := splitID(scope)
	if _, _, _, nested := splitID(outer); !ok || nested {
		return "", fault.Newf(fault.Unsupported, "print %q in Bicep: it stands on an extension resource", it.ID)
	}
	version := it.APIVersion
	words := append(splitWords(strings.ReplaceAll(strings.Join(names, "-"), m.stack.design.Place.Suffix, "")), "existing")
	if it.scope != nil {
		version = it.scope.APIVersion
		words = append(slices.Clone(it.scope.words), "existing")
	} else if near := m.stack.byID[strings.ToLower(outer+"/providers/"+pairs(strings.Join(strings.Split(kind, "/")[:2], "/"), names[:1]))]; near != nil {
		version = near.APIVersion
	}
	symbol := camel(words)
	m.existing[symbol] = fmt.Sprintf("resource %s %s existing = {\n  name: %s\n}\n", symbol, bicepQuoted(kind+"@"+version), m.text(strings.Join(names, "/")))
	return symbol, nil
}

// value prints a tree at a depth of indentation.
func (m *bicepModule) value(v any, depth int) (string, error) {
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
			out += pad + "  " + text + "\n"
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
			out += pad + "  " + m.key(name) + ": " + text + "\n"
		}
		return out + pad + "}", nil
	}
	return bicepNumber(v)
}

// bicepNumber prints a number. Bicep has whole numbers only; others are
// written through json().
func bicepNumber(v any) (string, error) {
	text, whole, err := number(v)
	if err != nil || whole {
		return text, err
	}
	return "json(" + bicepQuoted(text) + ")", nil
}

// number writes a JSON number, and says whether it is whole and fits 64 bits.
func number(v any) (text string, whole bool, err error) {
	switch n := v.(type) {
	case float64:
		if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
			return strconv.FormatInt(int64(n), 10), true, nil
		}
	case int, int32, int64:
		return fmt.Sprint(n), true, nil
	case json.Number:
		if _, err := n.Int64(); err == nil {
			return n.String(), true, nil
		}
	default:
		return "", false, fmt.Errorf("a value of type %T has no JSON form", v)
	}
	encoded, err := json.Marshal(v)
	return string(encoded), false, err
}

// key prints a member's name, which may hold an id (those of identities).
func (m *bicepModule) key(name string) string {
	for _, p := range m.stack.parts(name) {
		if p.kind != literal && p.kind != suffix && p.kind != location {
			return m.interpolated(m.stack.parts(name))
		}
	}
	return bicepKey(name)
}

func bicepKey(name string) string {
	if isIdentifier(name) {
		return name
	}
	return bicepQuoted(name)
}

func isIdentifier(name string) bool {
	if name == "" || !isLetter(name[0]) && name[0] != '_' {
		return false
	}
	for i := range len(name) {
		if c := name[i]; !isLetter(c) && !isDigit(c) && c != '_' {
			return false
		}
	}
	return true
}

// text prints a text: an expression when it is one, otherwise a string with
// the expressions in it.
func (m *bicepModule) text(s string) string { return m.expressed(m.stack.parts(s)) }

func (m *bicepModule) expressed(parts []part) string {
	if len(parts) == 1 && parts[0].kind != literal {
		return m.expression(parts[0])
	}
	return m.interpolated(parts)
}

func (m *bicepModule) interpolated(parts []part) string {
	out := "'"
	for _, p := range parts {
		if p.kind == literal {
			out += bicepEscaped(p.text)
		} else {
			out += "${" + m.expression(p) + "}"
		}
	}
	return out + "'"
}

func (m *bicepModule) expression(p part) string {
	switch p.kind {
	case parameter:
		m.parameters[p.text] = true
		return camel(m.stack.spelt[p.text])
	case suffix:
		m.suffix = true
		return "suffix"
	case location:
		m.location = true
		return "location"
	case environment:
		m.environment = true
		return "environmentName"
	case group:
		return m.groupID()
	case subscription:
		return "subscription().id"
	case output:
		return m.output(p)
	}
	return m.reference(p)
}

func (m *bicepModule) groupID() string {
	if m.tier.home.own {
		return "resourceGroup().id"
	}
	m.group = true
	return "resourceGroupId"
}

func (m *bicepModule) output(p part) string {
	switch {
	case p.item == nil || !slices.Contains(m.current.needs, p.item):
		// A resource that is no part of the design can be asked by its id.
		return "reference(" + m.id(p.id) + ", " + bicepQuoted(p.version) + ", 'Full')" + bicepPath(p.text)
	case p.item.tier != m.tier:
		l := link{p.item, p.text}
		m.inputs[l] = true
		return camel(l.words())
	}
	m.implied[p.item] = true
	return camel(p.item.words) + bicepPath(p.text)
}

func bicepPath(text string) string {
	out := ""
	for _, step := range path(text) {
		switch {
		case strings.HasPrefix(step, "["):
			out += step
		case isIdentifier(step):
			out += "." + step
		default:
			out += "[" + bicepQuoted(step) + "]"
		}
	}
	return out
}

// reference is the id of a resource: its symbol's where the order allows it,
// an input where another module makes it, otherwise written by its name.
func (m *bicepModule) reference(p part) string {
	switch {
	case p.item == nil || !slices.Contains(m.current.needs, p.item):
		return m.id(p.id)
	case p.item.tier == m.tier:
		m.implied[p.item] = true
		return camel(p.item.words) + ".id"
	}
	l := link{item: p.item}
	m.inputs[l] = true
	return camel(l.words())
}

// id writes an id by its type and names.
func (m *bicepModule) id(id string) string {
	if strings.EqualFold(id, string(m.stack.design.Place.GroupID())) {
		return m.groupID()
	}
	scope, kind, names, ok := splitID(id)
	if !ok {
		return bicepQuoted(id)
	}
	args := bicepQuoted(kind)
	for _, name := range names {
		if it := m.stack.byID[strings.ToLower(id)]; it != nil && isAssigned(it) {
			args += ", " + m.name(it, name)
			continue
		}
		args += ", " + m.interpolated(m.stack.words(name))
	}
	if _, _, _, extension := splitID(scope); extension {
		return "extensionResourceId(" + m.id(scope) + ", " + args + ")"
	}
	h := m.stack.homeOf(scope)
	switch {
	case h.own && m.tier.home.own:
		return "resourceId(" + args + ")"
	case h.own:
		return "'${" + m.groupID() + "}" + bicepEscaped("/providers/"+pairs(kind, names)) + "'"
	case h.subscription == "":
		return "tenantResourceId(" + args + ")"
	case h.group == "" && strings.EqualFold(h.subscription, string(m.stack.design.Place.Subscription)):
		return "subscriptionResourceId(" + args + ")"
	case h.group == "":
		return "subscriptionResourceId(" + bicepQuoted(h.subscription) + ", " + args + ")"
	}
	return "resourceId(" + bicepQuoted(h.subscription) + ", " + bicepQuoted(h.group) + ", " + args + ")"
}

func bicepQuoted(s string) string { return "'" + bicepEscaped(s) + "'" }

// bicepEscaped writes what stands between quotes: Microsoft Learn, "Data types
// in Bicep", strings.
func bicepEscaped(s string) string {
	var out strings.Builder
	for i, r := range s {
		switch {
		case r == '\\':
			out.WriteString(`\\`)
		case r == '\'':
			out.WriteString(`\'`)
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\t':
			out.WriteString(`\t`)
		case r == '$' && strings.HasPrefix(s[i+1:], "{"):
			out.WriteString(`\$`)
		case r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029:
			fmt.Fprintf(&out, `\u{%x}`, r)
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

func bicepType(p design.Parameter) string {
	if p.Type == "" {
		return "string"
	}
	return p.Type
}
