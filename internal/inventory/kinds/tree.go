package kinds

import (
	"encoding/json"
	"math"
	"strconv"
)

// maxDepth bounds how deep a value is followed. No answer of AWS is deeper
// than some twenty levels; a statement of a web ACL is the deepest.
const maxDepth = 64

// clone copies the objects and lists of a tree and brings numbers to float64,
// so that a reading may take values out. What is deeper than maxDepth is cut
// off.
func clone(v any, depth int) any {
	if depth > maxDepth {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		return cloneObject(v, depth)
	case []any:
		out := make([]any, len(v))
		for i, member := range v {
			out[i] = clone(member, depth+1)
		}
		return out
	case nil, string, bool, float64:
		return v
	case int64:
		return float64(v)
	}
	return plain(v)
}

func cloneObject(v map[string]any, depth int) map[string]any {
	out := make(map[string]any, len(v))
	for k, member := range v {
		if member != nil {
			out[k] = clone(member, depth+1)
		}
	}
	return out
}

// plain brings the values that a decoder or a rule may produce into those that
// encoding/json decodes into. What has no such form is left out.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if f, err := v.Float64(); err == nil && !math.IsInf(f, 0) {
			return f
		}
		return v.String()
	case int:
		return float64(v)
	case int32:
		return float64(v)
	case []string:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = s
		}
		return out
	case []map[string]any:
		out := make([]any, len(v))
		for i, m := range v {
			out[i] = clone(m, 0)
		}
		return out
	case map[string]string:
		out := make(map[string]any, len(v))
		for k, s := range v {
			out[k] = s
		}
		return out
	}
	return nil
}

// scalarText renders a text, number or boolean as text.
func scalarText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	}
	return "", false
}
