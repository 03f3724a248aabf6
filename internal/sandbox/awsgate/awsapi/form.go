package awsapi

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxFormDepth bounds the nesting of a form's names. The deepest input of the
// query services (Auto Scaling's mixed instances policy) stays under twelve.
const maxFormDepth = 24

// Form decodes the flat names of a query or ec2 form into nested values:
// `A.member.1.B=x` and `A.1.B=x` both become {"A": [{"B": "x"}]}, and
// `M.entry.1.key=k` with its `.value` becomes {"M": {"k": ...}}. Leaves are
// strings. Indices give the order and need not be contiguous.
func Form(form url.Values) map[string]any {
	root := map[string]any{}
	// Sorted, so that of two names that contradict each other the same one
	// always wins.
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if name == "" || len(form[name]) == 0 {
			continue
		}
		place(root, strings.SplitN(name, ".", maxFormDepth), form[name][0])
	}
	out := make(map[string]any, len(root))
	for name, v := range root {
		out[name] = settle(v)
	}
	return out
}

func place(node map[string]any, path []string, value string) {
	for _, part := range path[:len(path)-1] {
		child, ok := node[part].(map[string]any)
		if !ok {
			child = map[string]any{}
			node[part] = child
		}
		node = child
	}
	leaf := path[len(path)-1]
	if _, taken := node[leaf].(map[string]any); !taken {
		node[leaf] = value
	}
}

// settle turns the maps whose names are indices into lists, bottom up.
func settle(v any) any {
	node, ok := v.(map[string]any)
	if !ok {
		return v
	}
	for name, child := range node {
		node[name] = settle(child)
	}
	if list, ok := indexed(node); ok {
		return list
	}
	if len(node) == 1 {
		if list, ok := node["member"].([]any); ok {
			return list
		}
		if list, ok := node["entry"].([]any); ok {
			return entries(list)
		}
	}
	return node
}

// indexed returns the values of a map whose names are all positive numbers, in
// numeric order.
func indexed(node map[string]any) ([]any, bool) {
	if len(node) == 0 {
		return nil, false
	}
	keys := make([]int, 0, len(node))
	names := make(map[int]string, len(node))
	for name := range node {
		n, err := strconv.Atoi(name)
		if err != nil || n < 1 {
			return nil, false
		}
		keys = append(keys, n)
		names[n] = name
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	list := make([]any, len(keys))
	for i, n := range keys {
		list[i] = node[names[n]]
	}
	return list, true
}

// entries turns a list of {key, value} into a map. A list of anything else is
// kept, so that nothing the caller sent is lost.
func entries(list []any) any {
	out := make(map[string]any, len(list))
	for _, v := range list {
		pair, _ := v.(map[string]any)
		key, ok := pair["key"].(string)
		if !ok {
			return list
		}
		out[key] = pair["value"]
	}
	return out
}
