package design

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// At returns the value at a path of a tree ("Endpoint.Address"), nil when
// there is none. A path step into a list takes the first element.
func At(tree any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		if list, ok := tree.([]any); ok && len(list) > 0 {
			tree = list[0]
		}
		switch m := tree.(type) {
		case map[string]any:
			tree = m[step]
		default:
			tree = property(tree, step)
		}
	}
	return tree
}

// Text returns the text at a path, "" when there is none; numbers and truth
// values in their JSON form.
func Text(tree any, path string) string {
	switch v := At(tree, path).(type) {
	case nil:
		return ""
	case string:
		return v
	case bool, float64, int, int64, json.Number:
		return fmt.Sprint(v)
	}
	return ""
}

// Number returns the number at a path; APIs and templates write some numbers
// as texts. ok is false when there is none.
func Number(tree any, path string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(Text(tree, path)), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false
	}
	return n, true
}

// Int returns the whole number at a path, def when there is none.
func Int(tree any, path string, def int) int {
	n, ok := Number(tree, path)
	if !ok || math.Abs(n) > 1<<53 {
		return def
	}
	return int(n)
}

// True reports whether the value at a path is true, or the text "true".
func True(tree any, path string) bool { return strings.EqualFold(Text(tree, path), "true") }

// List returns a list, or a list of the one value; nil gives none.
func List(value any) []any {
	switch v := value.(type) {
	case nil:
		return nil
	case []any:
		return v
	case []string:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = s
		}
		return out
	}
	return []any{value}
}

// Maps returns the elements of a list that are mappings.
func Maps(value any) []map[string]any {
	var out []map[string]any
	for _, v := range List(value) {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Texts returns the elements of a list that are texts or numbers, as texts.
func Texts(value any) []string {
	var out []string
	for _, v := range List(value) {
		if s := Text(map[string]any{"v": v}, "v"); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// property is a step into a named map type.
func property(tree any, step string) any {
	switch m := tree.(type) {
	case inventory.Properties:
		return m[step]
	case cloud.Tags:
		if v, ok := m[step]; ok {
			return v
		}
	}
	return nil
}
