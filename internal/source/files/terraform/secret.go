package terraform

import (
	"encoding/json"
	"maps"
	"slices"

	"example.com/landfall/internal/inventory/kinds"
)

// hidden stands for a value that Terraform calls sensitive.
const hidden = kinds.Redacted

// step is one step of a path to a sensitive value, as a raw state writes it:
// {"type": "get_attr", "value": "password"}, or {"type": "index", "value":
// {"value": 0, "type": "number"}}.
type step struct {
	Type  string `json:"type"`
	Value any    `json:"value"`
}

// sensitivePath reads such a path; what it does not understand ends it, so
// that more is hidden, not less.
func sensitivePath(raw json.RawMessage) []any {
	var steps []step
	if json.Unmarshal(raw, &steps) != nil {
		return nil
	}
	var path []any
	for _, s := range steps {
		value := s.Value
		if object, ok := value.(map[string]any); ok {
			value = object["value"]
		}
		switch value := value.(type) {
		case string, float64:
			path = append(path, value)
		default:
			return path
		}
	}
	return path
}

// hide replaces what lies at the path. A path that leads nowhere changes
// nothing; an empty one, nothing either, as it names no attribute.
func hide(values map[string]any, path []any) {
	if len(path) == 0 {
		return
	}
	var at any = values
	for i, leg := range path {
		last := i == len(path)-1
		switch container := at.(type) {
		case map[string]any:
			name, ok := leg.(string)
			if _, there := container[name]; !ok || !there {
				return
			}
			if last && container[name] != nil {
				container[name] = hidden
			}
			at = container[name]
		case []any:
			index, ok := leg.(float64)
			if !ok || index < 0 || int(index) >= len(container) {
				return
			}
			if last && container[int(index)] != nil {
				container[int(index)] = hidden
			}
			at = container[int(index)]
		default:
			return
		}
	}
}

// hideMarked replaces the values that a tree of the same shape marks with
// true: sensitive_values, before_sensitive and after_sensitive.
func hideMarked(value, marks any) any {
	switch marks := marks.(type) {
	case bool:
		if marks && value != nil {
			return hidden
		}
	case map[string]any:
		if object, ok := value.(map[string]any); ok {
			for name, mark := range marks {
				if member, there := object[name]; there {
					object[name] = hideMarked(member, mark)
				}
			}
		}
	case []any:
		if list, ok := value.([]any); ok {
			for i := range min(len(list), len(marks)) {
				list[i] = hideMarked(list[i], marks[i])
			}
		}
	}
	return value
}

// marked are the paths that a tree marks with true.
func marked(marks any, prefix string) []string {
	switch marks := marks.(type) {
	case bool:
		if marks && prefix != "" {
			return []string{prefix}
		}
	case map[string]any:
		var out []string
		for _, name := range sortedKeys(marks) {
			at := name
			if prefix != "" {
				at = prefix + "." + name
			}
			out = append(out, marked(marks[name], at)...)
		}
		return out
	case []any:
		var out []string
		for _, mark := range marks {
			out = append(out, marked(mark, prefix+"[]")...)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
