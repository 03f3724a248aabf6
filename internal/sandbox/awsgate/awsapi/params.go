package awsapi

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// String returns the member as text; numbers and booleans are printed, an
// absent member is "".
func String(params map[string]any, name string) string {
	switch v := params[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case nil, map[string]any, []any:
		return ""
	default:
		if f, ok := number(v); ok {
			return strconv.FormatFloat(f, 'f', -1, 64)
		}
	}
	return ""
}

// Int returns the member as an integer. ok is false when it is absent or no
// whole number.
func Int(params map[string]any, name string) (value int64, ok bool) {
	switch v := params[name].(type) {
	case string:
		n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
		return n, err == nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, true
		}
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	}
	f, ok := Float(params, name)
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// Float returns the member as a number. ok is false when it is absent or none.
func Float(params map[string]any, name string) (value float64, ok bool) {
	return number(params[name])
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil && !math.IsNaN(f)
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case float64:
		return v, true
	case float32:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case int:
		return float64(v), true
	}
	return 0, false
}

// Bool returns the member as a boolean. ok is false when it is absent or none.
func Bool(params map[string]any, name string) (value, ok bool) {
	switch v := params[name].(type) {
	case bool:
		return v, true
	case string:
		// ParseBool would take "1" and "t", which no AWS service does.
		switch strings.ToLower(v) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	}
	return false, false
}

// Time returns the member as a time: epoch seconds (JSON, CBOR) or ISO 8601
// (query). ok is false when it is absent or neither.
func Time(params map[string]any, name string) (value time.Time, ok bool) {
	switch v := params[name].(type) {
	case time.Time:
		// CBOR carries a float, whose last digits are noise.
		return v.UTC().Round(time.Microsecond), true
	case string:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04Z", time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				return t.UTC(), true
			}
		}
	}
	f, ok := Float(params, name)
	// The bound keeps the nanoseconds of UnixMilli-style sums within int64.
	if !ok || math.Abs(f) > 1<<40 {
		return time.Time{}, false
	}
	whole, part := math.Modf(f)
	return time.Unix(int64(whole), int64(math.Round(part*1e6))*1e3).UTC(), true
}

// List returns the member as a list; nil when it is absent or none. A single
// value is no list: query forms decode `.member.1` into lists.
func List(params map[string]any, name string) []any {
	list, _ := params[name].([]any)
	return list
}

// Strings returns the member as a list of texts, leaving out what is no text.
func Strings(params map[string]any, name string) []string {
	var out []string
	for _, v := range List(params, name) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// Map returns the member as a structure; nil when it is absent or none. A nil
// map can be read, so lookups chain without checks.
func Map(params map[string]any, name string) map[string]any {
	m, _ := params[name].(map[string]any)
	return m
}

// Maps returns the member as a list of structures, leaving out what is none.
func Maps(params map[string]any, name string) []map[string]any {
	var out []map[string]any
	for _, v := range List(params, name) {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Has reports whether the member was sent at all.
func Has(params map[string]any, name string) bool {
	_, ok := params[name]
	return ok
}
