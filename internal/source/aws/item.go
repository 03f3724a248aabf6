package aws

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// item is an element of an API's answer, as a JSON tree under the SDK's names.
type item map[string]any

// text returns the text at the path ("Endpoint.Address"), "" when there is
// none.
func (i item) text(path string) string {
	s, _ := i.value(path).(string)
	return s
}

// flag returns whether true stands at the path.
func (i item) flag(path string) bool {
	b, _ := i.value(path).(bool)
	return b
}

// list returns the list at the path.
func (i item) list(path string) []any {
	l, _ := i.value(path).([]any)
	return l
}

// texts returns the texts of the list at the path.
func (i item) texts(path string) []string {
	var found []string
	for _, v := range i.list(path) {
		if s, ok := v.(string); ok {
			found = append(found, s)
		}
	}
	return found
}

// objects returns the objects of the list at the path.
func (i item) objects(path string) []item {
	var found []item
	for _, v := range i.list(path) {
		if o, ok := v.(map[string]any); ok {
			found = append(found, o)
		}
	}
	return found
}

// value returns what stands at the path, or nil.
func (i item) value(path string) any {
	var at any = map[string]any(i)
	for _, name := range strings.Split(path, ".") {
		object, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = object[name]
	}
	return at
}

// elements returns what stands at the path, going through lists; the lists
// met last are opened too. The path "" is the answer itself.
func elements(answer any, path string) []any {
	at := []any{answer}
	if path != "" {
		for _, name := range strings.Split(path, ".") {
			at = below(at, name)
		}
	}
	return opened(at)
}

func below(values []any, name string) []any {
	var found []any
	for _, v := range opened(values) {
		if object, ok := v.(map[string]any); ok && object[name] != nil {
			found = append(found, object[name])
		}
	}
	return found
}

func opened(values []any) []any {
	var found []any
	for _, v := range values {
		if list, ok := v.([]any); ok {
			found = append(found, list...)
		} else {
			found = append(found, v)
		}
	}
	return found
}

// asItem turns an element into an item of its own: an object is copied one
// level deep, a plain text goes under the name.
func asItem(element any, name string) (item, error) {
	switch v := element.(type) {
	case map[string]any:
		return maps.Clone(v), nil
	case string:
		if name != "" {
			return item{name: v}, nil
		}
	}
	return nil, fmt.Errorf("an element of the answer is %T, not an object", element)
}

// readPair reads "to=from", or "same".
func readPair(text string) pair {
	to, from, ok := strings.Cut(text, "=")
	if !ok {
		from = to
	}
	return pair{to, from}
}

// join puts the lists and objects of several pages together.
func join(pages []any) any {
	if len(pages) == 1 {
		return pages[0]
	}
	var list []any
	object := map[string]any{}
	for _, p := range pages {
		switch v := p.(type) {
		case []any:
			list = append(list, v...)
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				object[key] = joinMember(object[key], v[key])
			}
		case nil:
		default:
			list = append(list, v)
		}
	}
	if len(object) > 0 && list == nil {
		return object
	}
	if list == nil {
		return nil
	}
	return list
}

func joinMember(a, b any) any {
	first, ok := a.([]any)
	second, also := b.([]any)
	if ok && also {
		return slices.Concat(first, second)
	}
	if b != nil {
		return b
	}
	return a
}

// remove takes what stands at the path out of an answer, through lists.
func remove(answer any, path []string) {
	for _, v := range opened([]any{answer}) {
		object, ok := v.(map[string]any)
		switch {
		case !ok:
		case len(path) == 1:
			delete(object, path[0])
		default:
			remove(object[path[0]], path[1:])
		}
	}
}
