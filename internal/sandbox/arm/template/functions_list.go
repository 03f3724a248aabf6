package template

import (
	"fmt"
	"slices"
	"strings"

	"example.com/landfall/internal/sandbox/arm/document"
)

// maxResult bounds what one function may produce, in bytes or items, so that a
// template cannot make the server run out of memory. range has the service's
// own limit of 10,000.
const (
	maxResult = 4 << 20
	maxRange  = 10000
)

func listFunctions() map[string]builtin {
	return map[string]builtin{
		"concat":        plainFunction(1, anyNumber, concat),
		"length":        plainFunction(1, 1, func(args []any) (any, error) { return length(args[0]) }),
		"contains":      plainFunction(2, 2, contains),
		"empty":         plainFunction(1, 1, empty),
		"first":         plainFunction(1, 1, func(args []any) (any, error) { return end(args[0], false) }),
		"last":          plainFunction(1, 1, func(args []any) (any, error) { return end(args[0], true) }),
		"skip":          plainFunction(2, 2, func(args []any) (any, error) { return cutList(args, false) }),
		"take":          plainFunction(2, 2, func(args []any) (any, error) { return cutList(args, true) }),
		"union":         plainFunction(1, anyNumber, union),
		"intersection":  plainFunction(2, anyNumber, intersection),
		"array":         plainFunction(1, 1, toArray),
		"createarray":   plainFunction(0, anyNumber, func(args []any) (any, error) { return slices.Clone(append([]any{}, args...)), nil }),
		"createobject":  plainFunction(0, anyNumber, createObject),
		"shallowmerge":  plainFunction(1, 1, shallowMerge),
		"items":         plainFunction(1, 1, items),
		"objectkeys":    plainFunction(1, 1, objectKeys),
		"flatten":       plainFunction(1, 1, flatten),
		"range":         intOf2(rangeOf),
		"tryget":        plainFunction(2, anyNumber, tryGet),
		"tryindexofkey": unsupported("tryIndexOfKey"),
	}
}

// unsupported keeps a known name out of "is not valid" answers.
func unsupported(name string) builtin {
	return builtin{min: 0, max: anyNumber, lazy: func(*frame, []expr) (any, error) {
		return nil, fmt.Errorf("the template function '%s' is not supported by the sandbox", name)
	}}
}

func concat(args []any) (any, error) {
	if _, ok := args[0].([]any); ok {
		var out []any
		for _, a := range args {
			list, err := asList(a)
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
		}
		return bounded(out)
	}
	var b strings.Builder
	for _, a := range args {
		s, err := toText(a)
		if err != nil {
			return nil, err
		}
		if b.Len()+len(s) > maxResult {
			return nil, fmt.Errorf("the result is longer than %d bytes", maxResult)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

func bounded(list []any) (any, error) {
	if len(list) > maxResult {
		return nil, fmt.Errorf("the result has more than %d items", maxResult)
	}
	return append([]any{}, list...), nil
}

func length(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return int64(len([]rune(v))), nil
	case []any:
		return int64(len(v)), nil
	case map[string]any:
		return int64(len(v)), nil
	}
	return nil, fmt.Errorf("a string, an array or an object is expected, not %s", describe(v))
}

func contains(args []any) (any, error) {
	switch in := args[0].(type) {
	case string:
		part, err := toText(args[1])
		return strings.Contains(in, part), err
	case []any:
		return slices.ContainsFunc(in, func(v any) bool { return document.Equal(v, args[1]) }), nil
	case map[string]any:
		key, err := asText(args[1])
		_, found := document.Member(in, key)
		return found, err
	}
	return nil, fmt.Errorf("a string, an array or an object is expected, not %s", describe(args[0]))
}

func empty(args []any) (any, error) {
	if args[0] == nil {
		return true, nil
	}
	n, err := length(args[0])
	return n == int64(0), err
}

func end(v any, last bool) (any, error) {
	switch v := v.(type) {
	case string:
		text := []rune(v)
		if len(text) == 0 {
			return "", nil
		}
		if last {
			return string(text[len(text)-1:]), nil
		}
		return string(text[:1]), nil
	case []any:
		if len(v) == 0 {
			return nil, nil
		}
		if last {
			return v[len(v)-1], nil
		}
		return v[0], nil
	}
	return nil, fmt.Errorf("a string or an array is expected, not %s", describe(v))
}

func cutList(args []any, keepHead bool) (any, error) {
	n, err := asInt(args[1])
	if err != nil {
		return nil, err
	}
	cut := func(size int) (int, int) {
		at := int(min(max(n, 0), int64(size)))
		if keepHead {
			return 0, at
		}
		return at, size
	}
	switch v := args[0].(type) {
	case string:
		text := []rune(v)
		from, to := cut(len(text))
		return string(text[from:to]), nil
	case []any:
		from, to := cut(len(v))
		return slices.Clone(v[from:to]), nil
	}
	return nil, fmt.Errorf("a string or an array is expected, not %s", describe(args[0]))
}

// union of objects merges them deeply, of arrays it keeps each item once.
func union(args []any) (any, error) {
	if first, ok := args[0].(map[string]any); ok {
		out := first
		for _, a := range args[1:] {
			m, err := asObject(a)
			if err != nil {
				return nil, err
			}
			out = document.Overlay(out, m)
		}
		return out, nil
	}
	out := []any{}
	for _, a := range args {
		list, err := asList(a)
		if err != nil {
			return nil, err
		}
		for _, item := range list {
			if !slices.ContainsFunc(out, func(v any) bool { return document.Equal(v, item) }) {
				out = append(out, item)
			}
		}
	}
	return out, nil
}

func intersection(args []any) (any, error) {
	if first, ok := args[0].(map[string]any); ok {
		out := map[string]any{}
		for key, value := range first {
			if common(args[1:], key, value) {
				out[key] = value
			}
		}
		return out, nil
	}
	first, err := asList(args[0])
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, item := range first {
		if common(args[1:], "", item) {
			out = append(out, item)
		}
	}
	return out, nil
}

// common reports whether every collection has the item, under the key when it
// is an object.
func common(in []any, key string, item any) bool {
	for _, c := range in {
		switch c := c.(type) {
		case map[string]any:
			if v, ok := c[key]; !ok || !document.Equal(v, item) {
				return false
			}
		case []any:
			if !slices.ContainsFunc(c, func(v any) bool { return document.Equal(v, item) }) {
				return false
			}
		}
	}
	return true
}

func toArray(args []any) (any, error) {
	if list, ok := args[0].([]any); ok {
		return list, nil
	}
	return []any{args[0]}, nil
}

func createObject(args []any) (any, error) {
	if len(args)%2 != 0 {
		return nil, fmt.Errorf("an even number of arguments is expected, not %d", len(args))
	}
	out := make(map[string]any, len(args)/2)
	for i := 0; i < len(args); i += 2 {
		key, err := asText(args[i])
		if err != nil {
			return nil, err
		}
		out[key] = args[i+1]
	}
	return out, nil
}

func shallowMerge(args []any) (any, error) {
	list, err := asList(args[0])
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, item := range list {
		m, err := asObject(item)
		if err != nil {
			return nil, err
		}
		for key, value := range m {
			out[key] = value
		}
	}
	return out, nil
}

func items(args []any) (any, error) {
	m, err := asObject(args[0])
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, key := range sortedKeys(m) {
		out = append(out, map[string]any{"key": key, "value": m[key]})
	}
	return out, nil
}

func objectKeys(args []any) (any, error) {
	m, err := asObject(args[0])
	if err != nil {
		return nil, err
	}
	return textList(sortedKeys(m)), nil
}

func flatten(args []any) (any, error) {
	list, err := asList(args[0])
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, item := range list {
		inner, err := asList(item)
		if err != nil {
			return nil, err
		}
		out = append(out, inner...)
	}
	return out, nil
}

func rangeOf(start, count int64) (any, error) {
	if count < 0 || count > maxRange {
		return nil, fmt.Errorf("the count %d is not between 0 and %d", count, maxRange)
	}
	out := make([]any, count)
	for i := range out {
		out[i] = start + int64(i)
	}
	return out, nil
}

func tryGet(args []any) (any, error) {
	value := args[0]
	for _, key := range args[1:] {
		next, err := pick(value, key)
		if err != nil {
			return nil, nil
		}
		value = next
	}
	return value, nil
}

func indexInList(list []any, sought any, last bool) any {
	found := int64(-1)
	for i, item := range list {
		if !document.Equal(item, sought) {
			continue
		}
		found = int64(i)
		if !last {
			break
		}
	}
	return found
}
