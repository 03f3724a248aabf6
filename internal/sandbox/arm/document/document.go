package document

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// MaxBytes is the most Resource Manager takes in one request: 4 MB.
const MaxBytes = 4 << 20

// Decode reads one JSON value and nothing after it.
func Decode(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("there is more after the end of the JSON value, at byte %d", d.InputOffset())
	}
	return plain(v), nil
}

// DecodeObject reads one JSON object. Nothing at all is an empty object, as
// Resource Manager takes it.
func DecodeObject(data []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return map[string]any{}, nil
	}
	v, err := Decode(data)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the body is not a JSON object")
	}
	return m, nil
}

// Of converts any Go value to a document by way of its JSON form.
func Of(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return Decode(data)
}

func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return i
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case map[string]any:
		for key, item := range v {
			v[key] = plain(item)
		}
	case []any:
		for i, item := range v {
			v[i] = plain(item)
		}
	}
	return v
}

// Clone copies a tree.
func Clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return CloneObject(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = Clone(item)
		}
		return out
	}
	return v
}

// CloneObject copies an object. A nil object gives an empty one.
func CloneObject(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for key, item := range m {
		out[key] = Clone(item)
	}
	return out
}

// Patch applies a JSON merge patch (RFC 7386), the form PATCH has in Resource
// Manager: objects merge, null deletes, anything else replaces.
func Patch(base, patch map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for key, value := range patch {
		inner, isObject := value.(map[string]any)
		switch {
		case value == nil:
			delete(out, key)
		case isObject:
			old, _ := out[key].(map[string]any)
			out[key] = Patch(old, inner)
		default:
			out[key] = Clone(value)
		}
	}
	return out
}

// Overlay lays the second object over the first: objects merge, anything else
// of the second replaces. Unlike Patch it keeps nulls.
func Overlay(base, over map[string]any) map[string]any {
	out := maps.Clone(base)
	if out == nil {
		out = map[string]any{}
	}
	for key, value := range over {
		inner, isObject := value.(map[string]any)
		old, wasObject := out[key].(map[string]any)
		if isObject && wasObject {
			out[key] = Overlay(old, inner)
			continue
		}
		out[key] = Clone(value)
	}
	return out
}

// Get follows a dotted path without regard to case. It returns nil where the
// path leads nowhere.
func Get(v any, path string) any {
	for part := range strings.SplitSeq(path, ".") {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v, _ = Member(m, part)
	}
	return v
}

// Text is Get for a string; "" when there is none.
func Text(v any, path string) string {
	s, _ := Get(v, path).(string)
	return s
}

// Object is Get for an object; nil when there is none.
func Object(v any, path string) map[string]any {
	m, _ := Get(v, path).(map[string]any)
	return m
}

// List is Get for an array; nil when there is none.
func List(v any, path string) []any {
	l, _ := Get(v, path).([]any)
	return l
}

// Member looks a key up, exactly first and then without regard to case.
func Member(m map[string]any, key string) (any, bool) {
	if v, ok := m[key]; ok {
		return v, true
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if strings.EqualFold(k, key) {
			return m[k], true
		}
	}
	return nil, false
}

// Set returns a copy of m with the value at the dotted path; objects on the
// way are made where they are missing.
func Set(m map[string]any, path string, value any) map[string]any {
	head, rest, deeper := strings.Cut(path, ".")
	out := maps.Clone(m)
	if out == nil {
		out = map[string]any{}
	}
	if !deeper {
		out[head] = value
		return out
	}
	inner, _ := out[head].(map[string]any)
	out[head] = Set(inner, rest, value)
	return out
}

// Equal compares two trees. Numbers compare by value.
func Equal(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		return ok && maps.EqualFunc(x, y, Equal)
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, Equal)
	case int64:
		if f, ok := b.(float64); ok {
			return float64(x) == f
		}
	case float64:
		if i, ok := b.(int64); ok {
			return x == float64(i)
		}
	}
	return a == b
}

// Strings returns the strings of an array and leaves out the rest.
func Strings(list []any) []string {
	var out []string
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
