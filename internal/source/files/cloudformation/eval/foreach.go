package eval

import (
	"maps"
	"slices"
	"strings"
	"unicode"
)

// loopPrefix begins the key of a loop ("Fn::ForEach" in the user guide):
//
//	Fn::ForEach::Name: [Identifier, collection, {key: value}]
const loopPrefix = "Fn::ForEach::"

// HasLoops reports whether there is a loop in a tree.
func HasLoops(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			if strings.HasPrefix(k, loopPrefix) || HasLoops(inner) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, HasLoops)
	}
	return false
}

// Unfold returns the tree with its loops unrolled. A loop whose collection is
// not known stays away and is a problem of its own.
func (e *Evaluator) Unfold(path string, v any) any {
	e.path = append(e.path[:0], path)
	return e.unfold(v, 0)
}

func (e *Evaluator) unfold(v any, depth int) any {
	if depth > maxDepth {
		e.problem("nested deeper than %d levels", maxDepth)
		return nil
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = e.unfold(v[i], depth+1)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if !e.afford(len(key)) {
				return out
			}
			e.path = append(e.path, key)
			if strings.HasPrefix(key, loopPrefix) {
				e.loop(out, v[key], depth)
			} else {
				out[key] = e.unfold(v[key], depth+1)
			}
			e.path = e.path[:len(e.path)-1]
		}
		return out
	}
	return v
}

// loop writes one loop's entries into out.
func (e *Evaluator) loop(out map[string]any, args any, depth int) {
	list, _ := args.([]any)
	if len(list) != 3 {
		e.problem("Fn::ForEach takes an identifier, a collection and a mapping")
		return
	}
	identifier, isText := list[0].(string)
	body, isMapping := list[2].(map[string]any)
	if !isText || !isMapping {
		e.problem("Fn::ForEach takes an identifier, a collection and a mapping")
		return
	}
	collection, ok := e.collection(list[1], depth)
	if !ok {
		return
	}
	for _, item := range collection {
		if !e.afford(len(item)) {
			return
		}
		turn, _ := e.replace(body, identifier, item, depth).(map[string]any)
		for key, value := range e.unfold(turn, depth+1).(map[string]any) {
			if _, twice := out[key]; twice {
				e.problem("the loop makes the key %q twice", key)
			}
			out[key] = value
		}
	}
}

func (e *Evaluator) collection(v any, depth int) ([]string, bool) {
	switch v := e.eval(v, depth+1).(type) {
	case []any:
		var items []string
		for _, item := range v {
			if !known(item) {
				e.problem("the loop cannot be unrolled: its collection holds %q, which is not known", e.text(item))
				return nil, false
			}
			items = append(items, e.text(item))
		}
		return items, true
	default:
		e.problem("the loop cannot be unrolled: its collection %q is not a known list", e.text(v))
		return nil, false
	}
}

// replace puts an item in the place of an identifier: ${Identifier} as it is,
// &{Identifier} without what a logical id cannot hold, and {"Ref": Identifier}.
func (e *Evaluator) replace(v any, identifier, item string, depth int) any {
	if depth > maxDepth || !e.afford(0) {
		return nil
	}
	switch v := v.(type) {
	case string:
		return e.replaceText(v, identifier, item)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = e.replace(v[i], identifier, item, depth+1)
		}
		return out
	case map[string]any:
		if name, ok := v["Ref"].(string); ok && len(v) == 1 && name == identifier {
			return item
		}
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[e.replaceText(key, identifier, item)] = e.replace(value, identifier, item, depth+1)
		}
		return out
	}
	return v
}

func (e *Evaluator) replaceText(s, identifier, item string) string {
	if !strings.Contains(s, "{"+identifier+"}") {
		return s
	}
	plain := strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			return r
		}
		return -1
	}, item)
	return e.bounded(strings.NewReplacer("${"+identifier+"}", item, "&{"+identifier+"}", plain).Replace(s))
}

// List cuts a text into the items of a list parameter: at commas outside of
// the forms of what is not known. A text that is one such form may stand for
// any number of items and stays a text.
func List(s string) any {
	if strings.HasPrefix(s, "${") && !strings.HasPrefix(s, "${ref:") && closing(s) == len(s) {
		return s
	}
	out := []any{}
	depth, start := 0, 0
	for i := range len(s) {
		switch {
		case strings.HasPrefix(s[i:], "${"):
			depth++
		case s[i] == '}' && depth > 0:
			depth--
		case s[i] == ',' && depth == 0:
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[start:]))
}

// closing is where the form at the start of s ends.
func closing(s string) int {
	depth := 0
	for i := range len(s) {
		switch {
		case strings.HasPrefix(s[i:], "${"), depth > 0 && s[i] == '{' && s[i-1] != '$':
			depth++
		case s[i] == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}
