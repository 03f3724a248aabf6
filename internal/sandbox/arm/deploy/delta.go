package deploy

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/sandbox/arm/document"
)

// Delta lists the differences of two bodies in what-if's form: a path, a kind
// of change (Create, Delete, Modify, Array), the values, and for objects in
// arrays the changes inside them. Equal bodies have none. Null and absent are
// the same; ids are compared without regard to case.
func Delta(before, after map[string]any) []any {
	return objectDelta("", before, after)
}

func objectDelta(prefix string, before, after map[string]any) []any {
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	out := []any{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		path := name
		if prefix != "" {
			path = prefix + "." + name
		}
		out = append(out, valueDelta(path, before[name], after[name])...)
	}
	return out
}

func valueDelta(path string, before, after any) []any {
	if same(before, after) {
		return nil
	}
	switch {
	case absent(before):
		return []any{map[string]any{"path": path, "propertyChangeType": "Create", "before": nil, "after": after}}
	case absent(after):
		return []any{map[string]any{"path": path, "propertyChangeType": "Delete", "before": before, "after": nil}}
	}
	oldObject, wasObject := before.(map[string]any)
	newObject, isObject := after.(map[string]any)
	if wasObject && isObject {
		return objectDelta(path, oldObject, newObject)
	}
	oldList, wasList := before.([]any)
	newList, isList := after.([]any)
	if wasList && isList {
		return arrayDelta(path, oldList, newList)
	}
	return []any{map[string]any{"path": path, "propertyChangeType": "Modify", "before": before, "after": after}}
}

// arrayDelta compares item by item. An object that changed carries its own
// changes as children.
func arrayDelta(path string, before, after []any) []any {
	children := []any{}
	for i := range max(len(before), len(after)) {
		at := strconv.Itoa(i)
		switch {
		case i >= len(before):
			children = append(children, map[string]any{"path": at, "propertyChangeType": "Create", "before": nil, "after": after[i]})
		case i >= len(after):
			children = append(children, map[string]any{"path": at, "propertyChangeType": "Delete", "before": before[i], "after": nil})
		default:
			children = append(children, itemDelta(at, before[i], after[i])...)
		}
	}
	if len(children) == 0 {
		return nil
	}
	return []any{map[string]any{"path": path, "propertyChangeType": "Array", "children": children}}
}

func itemDelta(at string, before, after any) []any {
	oldObject, wasObject := before.(map[string]any)
	newObject, isObject := after.(map[string]any)
	if !wasObject || !isObject {
		return valueDelta(at, before, after)
	}
	inner := objectDelta("", oldObject, newObject)
	if len(inner) == 0 {
		return nil
	}
	return []any{map[string]any{"path": at, "propertyChangeType": "Modify", "children": inner}}
}

func absent(v any) bool { return v == nil }

// same compares loosely where Resource Manager does: an id in another case is
// the same id, and an empty object or array is as good as none.
func same(a, b any) bool {
	if document.Equal(a, b) {
		return true
	}
	x, isText := a.(string)
	y, alsoText := b.(string)
	if isText && alsoText {
		return strings.HasPrefix(x, "/subscriptions/") && strings.EqualFold(x, y)
	}
	return empty(a) && empty(b)
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}
