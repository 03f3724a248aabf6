package template

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/sandbox/arm/document"
)

func isSecure(kind string) bool {
	return strings.EqualFold(kind, "securestring") || strings.EqualFold(kind, "secureobject")
}

// matchesType checks a value against a template type.
func matchesType(kind string, v any) error {
	ok := false
	switch strings.ToLower(kind) {
	case "string", "securestring":
		_, ok = v.(string)
	case "int":
		_, ok = v.(int64)
	case "bool":
		_, ok = v.(bool)
	case "array":
		_, ok = v.([]any)
	case "object", "secureobject":
		_, ok = v.(map[string]any)
	default:
		return fmt.Errorf("the type '%s' is not one of String, SecureString, Int, Bool, Array, Object, SecureObject", kind)
	}
	if !ok {
		return fmt.Errorf("expected a value of type '%s' but received %s", kind, describe(v))
	}
	return nil
}

// settle gives each declared parameter its value.
func (t *Template) settle(declared, given map[string]any) error {
	for _, name := range sortedKeys(given) {
		if _, ok := document.Member(declared, name); !ok {
			return invalid("the template parameters '%s' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '%s'", name, strings.Join(sortedKeys(declared), ", "))
		}
	}
	t.Values = map[string]any{}
	pending := map[string]map[string]any{}
	for _, name := range sortedKeys(declared) {
		def, ok := declared[name].(map[string]any)
		if !ok {
			return invalid("the parameter '%s' is not an object", name)
		}
		if g, found := document.Member(given, name); found {
			if err := t.give(name, def, g); err != nil {
				return err
			}
			continue
		}
		pending[name] = def
	}
	return t.defaults(pending)
}

func (t *Template) give(name string, def map[string]any, given any) error {
	m, ok := given.(map[string]any)
	if !ok {
		return invalid("the parameter '%s' must be an object with a 'value'", name)
	}
	if _, found := document.Member(m, "reference"); found {
		return invalid("the parameter '%s' is a key vault reference, which is not supported by the sandbox", name)
	}
	value, found := document.Member(m, "value")
	if !found {
		return invalid("the parameter '%s' has no value", name)
	}
	return t.accept(name, def, value)
}

// defaults evaluates default values. One may use parameters that come earlier
// or later, so it goes round until nothing moves.
func (t *Template) defaults(pending map[string]map[string]any) error {
	for len(pending) > 0 {
		before := len(pending)
		var last error
		for _, name := range sortedNames(pending) {
			def := pending[name]
			raw, found := document.Member(def, "defaultValue")
			if !found {
				if nullable, _ := def["nullable"].(bool); nullable {
					t.parameters[name] = nil
					delete(pending, name)
					continue
				}
				return invalid("the value for the template parameter '%s' is not provided. Please see https://aka.ms/arm-create-parameter-file for usage details", name)
			}
			f := t.frame()
			f.defaults = true
			value, err := f.value(raw)
			if err != nil {
				last = invalidCause(notDeferred(err, "parameter default", name), "the default value of the template parameter '%s'", name)
				continue
			}
			if err := t.accept(name, def, value); err != nil {
				return err
			}
			delete(pending, name)
		}
		if len(pending) == before {
			return last
		}
	}
	return nil
}

func sortedNames(m map[string]map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// accept checks a value against the declaration and keeps it.
func (t *Template) accept(name string, def map[string]any, value any) error {
	kind := document.Text(def, "type")
	if nullable, _ := def["nullable"].(bool); value == nil && nullable {
		t.parameters[name] = nil
		return nil
	}
	if err := matchesType(kind, value); err != nil {
		return invalid("the provided value for the template parameter '%s' is not valid: %s", name, err)
	}
	if err := withinLimits(def, value); err != nil {
		return invalid("the provided value for the template parameter '%s' is not valid: %s", name, err)
	}
	t.parameters[name] = value
	shown := map[string]any{"type": kind}
	if !isSecure(kind) {
		shown["value"] = value
	}
	t.secure[name] = isSecure(kind)
	t.Values[name] = shown
	return nil
}

func withinLimits(def map[string]any, value any) error {
	if allowed := document.List(def, "allowedValues"); len(allowed) > 0 && !allAllowed(allowed, value) {
		return fmt.Errorf("the value is not part of the allowed value(s) %s", quoted(allowed))
	}
	size, what := int64(0), ""
	switch v := value.(type) {
	case int64:
		return between(def, "Value", v, "value")
	case string:
		size, what = int64(len([]rune(v))), "number of characters"
	case []any:
		size, what = int64(len(v)), "number of items"
	default:
		return nil
	}
	return between(def, "Length", size, what)
}

// allAllowed: of an array every item must be allowed.
func allAllowed(allowed []any, value any) bool {
	in := func(v any) bool {
		return slices.ContainsFunc(allowed, func(a any) bool { return document.Equal(a, v) })
	}
	if list, ok := value.([]any); ok && !in(value) {
		return !slices.ContainsFunc(list, func(v any) bool { return !in(v) })
	}
	return in(value)
}

func quoted(list []any) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = fmt.Sprintf("'%v'", v)
	}
	return strings.Join(parts, ", ")
}

func between(def map[string]any, suffix string, n int64, what string) error {
	if low, ok := document.Get(def, "min"+suffix).(int64); ok && n < low {
		return fmt.Errorf("the %s %d is below the minimum %d", what, n, low)
	}
	if high, ok := document.Get(def, "max"+suffix).(int64); ok && n > high {
		return fmt.Errorf("the %s %d is above the maximum %d", what, n, high)
	}
	return nil
}
