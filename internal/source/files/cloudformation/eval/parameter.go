package eval

import (
	"encoding/json"
	"strings"
)

// Parameter is a declared parameter of a template.
type Parameter struct {
	Type    string
	Default any
	// HasDefault tells an empty default from none.
	HasDefault bool
	NoEcho     bool
	Allowed    []string
}

// Declared reads the Parameters section. What is no mapping is left out.
func Declared(section map[string]any) map[string]Parameter {
	out := map[string]Parameter{}
	for name, raw := range section {
		m, ok := raw.(map[string]any)
		if !ok {
			continue
		}
		p := Parameter{NoEcho: plain(m["NoEcho"]) == "true"}
		p.Type, _ = m["Type"].(string)
		p.Default, p.HasDefault = m["Default"]
		if list, ok := m["AllowedValues"].([]any); ok {
			for _, v := range list {
				p.Allowed = append(p.Allowed, plain(v))
			}
		}
		out[name] = p
	}
	return out
}

func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}

// Value is what a reference to the parameter gives. given is the value handed
// in, nil for none. The value of a NoEcho parameter is a secret and that of a
// Systems Manager parameter is not in the template: both stay names.
func (p Parameter) Value(name string, given any) any {
	v := given
	if v == nil && p.HasDefault {
		v = p.Default
	}
	unknown := "${param:" + name + "}"
	switch {
	case p.NoEcho, v == nil && !p.HasDefault:
		return unknown
	case strings.HasPrefix(p.Type, "AWS::SSM::Parameter::Value"):
		if s := plain(v); s != "" && !Undecided(s) {
			return "${ssm:" + s + "}"
		}
		return unknown
	case p.isList():
		return p.list(v)
	}
	if list, ok := v.([]any); ok { // a default of the wrong form, which CloudFormation joins
		parts := make([]string, len(list))
		for i := range list {
			parts[i] = plain(list[i])
		}
		return strings.Join(parts, ",")
	}
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		return plain(v)
	case map[string]any:
		return compact(v)
	}
	return v
}

func (p Parameter) isList() bool {
	return p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<")
}

func (p Parameter) list(v any) any {
	if list, ok := v.([]any); ok {
		return copyOf(list)
	}
	s := plain(v)
	if s == "" {
		if m, ok := v.(map[string]any); ok {
			return copyOf(m)
		}
		return []any{}
	}
	return List(s)
}
