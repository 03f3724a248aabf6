package cloudformation

import (
	"reflect"
	"strconv"
	"strings"

	"example.com/landfall/internal/source/files/cloudformation/template"
)

// macros says what a template declares in its Transform section.
type macros struct {
	serverless bool
	// others is set when a macro that only the account knows may add or change
	// anything.
	others bool
}

const (
	serverlessMacro = "AWS::Serverless-"
	includeMacro    = "AWS::Include"
)

// macros reads the Transform section and names what is not expanded.
func (s *stack) macros(body map[string]any) macros {
	var out macros
	declared, ok := body["Transform"].([]any)
	if !ok {
		declared = []any{body["Transform"]}
	}
	for _, one := range declared {
		name, _ := one.(string)
		if m, ok := one.(map[string]any); ok {
			name, _ = m["Name"].(string)
		}
		switch {
		case name == "", name == "AWS::LanguageExtensions", name == includeMacro:
		case strings.HasPrefix(name, serverlessMacro):
			out.serverless = true
		case strings.HasPrefix(name, "AWS::CodeDeployBlueGreen"):
			// Its work is the Hooks section, which report names.
		case strings.HasPrefix(name, "AWS::SecretsManager-"):
			s.unread("Transform", "the macro "+strconv.Quote(name)+" is expanded by the account only", "the rotation functions that the macro adds")
		default:
			out.others = true
			s.unread("Transform", "the macro "+strconv.Quote(name)+" is expanded by the account only", "resources and properties that the macro adds or changes")
		}
	}
	return out
}

// macro names a macro call that is left where it stands.
func (s *stack) macro(at string, call any) {
	name := "?"
	if m, ok := call.(map[string]any); ok {
		name, _ = m["Name"].(string)
	}
	s.unread(at, "the macro "+strconv.Quote(name)+" is expanded by the account only", "what the macro puts there")
}

// include puts the parts that AWS::Include names in their places, where the
// file is beside the template. The tree of the document stays as it is.
func (s *stack) include(body map[string]any) map[string]any {
	out, _ := s.includeIn(body, "", 0).(map[string]any)
	fresh := cloneMap(out) // sections are replaced in it
	declared, ok := fresh["Transform"].([]any)
	if !ok {
		declared = []any{fresh["Transform"]}
	}
	for _, call := range declared {
		if location, ok := includeLocation(call); ok {
			s.includeSections(fresh, location)
		}
	}
	return fresh
}

// includeSections adds the sections of a part that the template as a whole
// includes.
func (s *stack) includeSections(body map[string]any, location string) {
	part := s.part(location)
	if part == nil {
		s.unread("Transform", "the part "+strconv.Quote(location)+" that AWS::Include names is not beside the template", "what the part holds")
		return
	}
	content, _ := s.includeIn(part.Body, "Transform", 1).(map[string]any)
	for _, name := range sortedKeys(content) {
		own, isMap := body[name].(map[string]any)
		more, both := content[name].(map[string]any)
		switch {
		case body[name] == nil:
			body[name] = content[name]
		case isMap && both:
			merged := cloneMap(more)
			for k, v := range own {
				merged[k] = v
			}
			body[name] = merged
		}
	}
}

// maxIncludes bounds parts that include parts.
const maxIncludes = 8

func (s *stack) includeIn(v any, path string, included int) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			if replaced := s.includeIn(v[i], path+"/"+strconv.Itoa(i), included); !same(replaced, v[i]) {
				v = append([]any{}, v...)
				v[i] = replaced
			}
		}
		return v
	case map[string]any:
		out := v
		for _, key := range sortedKeys(v) {
			inner := strings.TrimPrefix(path+"/"+key, "/")
			if replaced := s.includeIn(v[key], inner, included); !same(replaced, v[key]) {
				if same(out, v) {
					out = cloneMap(v)
				}
				out[key] = replaced
			}
		}
		if call, ok := v["Fn::Transform"]; ok {
			return s.included(out, call, path, included)
		}
		return out
	}
	return v
}

// included merges what a call of AWS::Include names into the mapping in which
// the call stands. A key that is there already stays: the documentation of
// AWS::Include says that neighbours win.
func (s *stack) included(m map[string]any, call any, path string, included int) any {
	location, ok := includeLocation(call)
	if !ok {
		return m
	}
	part := s.part(location)
	if part == nil || included >= maxIncludes {
		s.unread(path, "the part "+strconv.Quote(location)+" that AWS::Include names is not beside the template", "what the part holds")
		out := cloneMap(m)
		delete(out, "Fn::Transform")
		return out
	}
	content, _ := s.includeIn(part.Body, path, included+1).(map[string]any)
	out := cloneMap(content)
	for k, v := range m {
		if k != "Fn::Transform" {
			out[k] = v
		}
	}
	return out
}

func includeLocation(call any) (string, bool) {
	m, ok := call.(map[string]any)
	if !ok || m["Name"] != includeMacro {
		return "", false
	}
	parameters, _ := m["Parameters"].(map[string]any)
	switch location := parameters["Location"].(type) {
	case string:
		return location, true
	case map[string]any:
		if text, ok := location["Fn::Sub"].(string); ok {
			return text, true
		}
		return "?", true
	}
	return "?", true
}

func (s *stack) part(location string) *template.Template {
	d := s.run.library.locate(s.doc.name, location)
	if d == nil || d.err != nil {
		return nil
	}
	return d.tree
}

func cloneMap(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// same reports whether two values are one: the same mapping or list, not an
// equal one.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
	case []any:
		b, ok := b.([]any)
		return ok && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	}
	return true // a scalar is never replaced
}
