package kinds

import (
	"slices"
	"strings"

	"example.com/landfall/internal/catalog/cfn"
)

// leg is one part of a path: a name and how many lists lie below it.
type leg struct {
	name   string // as given
	folded string
	lists  int
}

func legs(path string) []leg {
	var out []leg
	for part := range strings.SplitSeq(path, ".") {
		name := part
		lists := 0
		for strings.HasSuffix(name, "[]") {
			name = name[:len(name)-2]
			lists++
		}
		out = append(out, leg{name, cfn.Fold(name), lists})
	}
	return out
}

// key returns the key of the map that the leg means. An exact spelling goes
// before one that is equal when folded; of several, the first in order.
func (l leg) key(m map[string]any) (string, bool) {
	if _, ok := m[l.name]; ok {
		return l.name, true
	}
	best, found := "", false
	for k := range m {
		if cfn.Folds(k, l.folded) && (!found || k < best) {
			best, found = k, true
		}
	}
	return best, found
}

// visit calls leaf for each value that the path leads to, with the positions
// in the lists on the way. When leaf returns true the value is taken out of
// the tree; objects that become empty by that stay.
func visit(tree map[string]any, path []leg, at []int, leaf func(at []int, value any) bool) {
	key, ok := path[0].key(tree)
	if !ok {
		return
	}
	if visitLists(tree[key], path, path[0].lists, at, leaf) {
		delete(tree, key)
	}
}

// visitLists goes down the lists of the first leg and then the rest of the
// path. It reports whether the whole value was taken.
func visitLists(value any, path []leg, lists int, at []int, leaf func([]int, any) bool) bool {
	if lists > 0 {
		members, ok := value.([]any)
		if !ok {
			// An answer that holds one thing may leave the list out.
			members = []any{value}
		}
		all := len(members) > 0
		for i, member := range members {
			if !visitLists(member, path, lists-1, append(slices.Clip(at), i), leaf) {
				all = false
			}
		}
		return all
	}
	if len(path) == 1 {
		return leaf(at, value)
	}
	if list, ok := value.([]any); ok && len(list) == 1 {
		value = list[0] // Terraform writes a single block as a list of one
	}
	if m, ok := value.(map[string]any); ok {
		visit(m, path[1:], at, leaf)
		return len(m) == 0
	}
	return false
}

// put sets a value in the tree, making objects and lists on the way. A value
// that exists is kept. With fewer lists on the path than positions, the inner
// positions are dropped, and values that are members of a list themselves are
// appended to it; without any list, the first value stays.
func put(tree map[string]any, path []leg, at []int, value any) {
	lists := 0
	for _, l := range path {
		lists += l.lists
	}
	if lists < len(at) {
		at = slices.Clone(at[:lists])
		if lists > 0 && path[len(path)-1].lists > 0 {
			at[lists-1] = -1
		}
	}
	putAt(tree, path, at, value)
}

func putAt(tree map[string]any, path []leg, at []int, value any) {
	l := path[0]
	key, ok := l.key(tree)
	if !ok {
		key = l.name
	}
	tree[key] = putInto(tree[key], path, l.lists, at, value)
}

// putInto returns what stands below a leg when the value is put there.
func putInto(old any, path []leg, lists int, at []int, value any) any {
	if lists > 0 {
		members, ok := old.([]any)
		if !ok && old != nil {
			return old
		}
		i := 0
		if len(at) > 0 {
			i = at[0]
			at = at[1:]
		}
		if i < 0 {
			i = len(members)
		}
		for len(members) <= i {
			members = append(members, nil)
		}
		members[i] = putInto(members[i], path, lists-1, at, value)
		return members
	}
	if len(path) == 1 {
		if old == nil {
			return value
		}
		return merged(old, value)
	}
	m, ok := old.(map[string]any)
	if !ok {
		if old != nil {
			return old
		}
		m = map[string]any{}
	}
	putAt(m, path[1:], at, value)
	return m
}

// merged adds to an object the members that it does not have. Of other values
// the first stays.
func merged(first, second any) any {
	a, ok := first.(map[string]any)
	if !ok {
		return first
	}
	b, ok := second.(map[string]any)
	if !ok {
		return first
	}
	for k, v := range b {
		if key, ok := (leg{name: k, folded: cfn.Fold(k)}).key(a); ok {
			a[key] = merged(a[key], v)
		} else {
			a[k] = v
		}
	}
	return a
}

// Lookup returns the values at a path of a tree, in order. The case of names
// makes no difference: Lookup(item, "SecurityGroups[].GroupId").
func Lookup(tree map[string]any, path string) []any {
	var out []any
	if tree == nil {
		return nil
	}
	visit(tree, legs(path), nil, func(_ []int, value any) bool {
		if value != nil {
			out = append(out, value)
		}
		return false
	})
	return out
}

// LookupText returns the first text at a path of a tree, or "". Numbers are
// given as text.
func LookupText(tree map[string]any, path string) string {
	for _, v := range Lookup(tree, path) {
		if s, ok := scalarText(v); ok && s != "" {
			return s
		}
	}
	return ""
}
