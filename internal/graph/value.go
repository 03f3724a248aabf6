package graph

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// at walks down a value by names; lists are entered at their first element.
func at(v any, names ...string) any {
	for _, name := range names {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int64:
		return strconv.FormatInt(v, 10)
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func number(v any) int {
	n, err := strconv.Atoi(text(v))
	if err != nil || n < 0 || n > 65535 {
		return 0
	}
	return n
}

// elements returns a list's elements; a single value is a list of one.
func elements(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

// document returns a value, or what a text holds as JSON.
func document(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	if d, ok := parse(s); ok {
		return d
	}
	return v
}

// parse reads a text that looks like a JSON object or list. A policy inside
// another may be URL-encoded (IAM API, GetRolePolicy), which the readers of
// IAM undo.
func parse(s string) (any, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || len(s) > 1<<20 || s[0] != '{' && s[0] != '[' {
		return nil, false
	}
	var d any
	if json.Unmarshal([]byte(s), &d) != nil {
		return nil, false
	}
	return d, true
}

// plain returns the text behind base64, where there is one: user data comes so.
func plain(s string) string {
	if len(s) < 8 || len(s)%4 != 0 && !strings.Contains(s, "\n") {
		return s
	}
	raw, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(s, "\n", ""))
	if err != nil || !utf8.Valid(raw) {
		return s
	}
	return string(raw)
}
