package app

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
)

// mostSQL is the longest SQL filter in characters (Microsoft Learn, "Service
// Bus quotas").
const mostSQL = 1024

// sqlFilter writes a filter policy of SNS as a SQL filter of Service Bus
// (Microsoft Learn, "Subscription Rule SQL Filter Syntax"), and names the
// operators that cannot be written. What cannot be written lets messages
// through, so that none is lost.
func sqlFilter(policy map[string]any) (sql string, lost []string) {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(policy)) {
		var one string
		var without []string
		switch nested, isMap := policy[key].(map[string]any); {
		case key == "$or":
			one, without = anyOf(policy[key])
		case isMap:
			one, without = sqlFilter(prefixed(key, nested))
		default:
			one, without = conditions(key, design.List(policy[key]))
		}
		lost = append(lost, without...)
		if one != "" {
			all = append(all, one)
		}
	}
	return strings.Join(all, " AND "), lost
}

// prefixed writes the path of a member into its key.
func prefixed(key string, nested map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range nested {
		out[key+"."+k] = v
	}
	return out
}

func anyOf(v any) (string, []string) {
	var parts, lost []string
	for _, p := range design.Maps(v) {
		one, without := sqlFilter(p)
		lost = append(lost, without...)
		if one == "" {
			return "", append(lost, "$or")
		}
		parts = append(parts, "("+one+")")
	}
	if len(parts) == 0 {
		return "", lost
	}
	return "(" + strings.Join(parts, " OR ") + ")", lost
}

// conditions writes the alternatives of one key.
func conditions(key string, values []any) (string, []string) {
	var equal, parts, lost []string
	name := "[" + strings.ReplaceAll(key, "]", "]]") + "]"
	for _, v := range values {
		switch v := v.(type) {
		case map[string]any:
			for _, operator := range slices.Sorted(maps.Keys(v)) {
				if text := comparison(name, operator, v[operator]); text != "" {
					parts = append(parts, text)
				} else {
					lost = append(lost, key+"."+operator)
				}
			}
		case nil:
			parts = append(parts, name+" IS NULL")
		default:
			equal = append(equal, literal(v))
		}
	}
	if len(lost) > 0 {
		// One alternative that cannot be said makes the others too narrow.
		return "", lost
	}
	switch {
	case len(equal) == 1:
		parts = append([]string{name + " = " + equal[0]}, parts...)
	case len(equal) > 1:
		parts = append([]string{name + " IN (" + strings.Join(equal, ", ") + ")"}, parts...)
	}
	if len(parts) < 2 {
		return strings.Join(parts, ""), nil
	}
	return "(" + strings.Join(parts, " OR ") + ")", nil
}

// comparison writes one operator, "" for what SQL filters cannot say: a match
// without regard to capitals, a block of addresses, a pattern with wildcards.
func comparison(name, operator string, v any) string {
	switch operator {
	case "prefix":
		if s, ok := v.(string); ok {
			return name + " LIKE " + pattern(s, "", "%")
		}
	case "suffix":
		if s, ok := v.(string); ok {
			return name + " LIKE " + pattern(s, "%", "")
		}
	case "exists":
		if exists, ok := v.(bool); ok && !exists {
			return "NOT EXISTS(" + name + ")"
		}
		return "EXISTS(" + name + ")"
	case "numeric":
		return numeric(name, design.List(v))
	case "anything-but":
		return anythingBut(name, v)
	}
	return ""
}

func anythingBut(name string, v any) string {
	if m, ok := v.(map[string]any); ok {
		for _, operator := range []string{"prefix", "suffix"} {
			if m[operator] != nil && len(m) == 1 {
				if inner := comparison(name, operator, m[operator]); inner != "" {
					return strings.Replace(inner, " LIKE ", " NOT LIKE ", 1)
				}
			}
		}
		return ""
	}
	var values []string
	for _, one := range design.List(v) {
		if _, isMap := one.(map[string]any); isMap {
			return ""
		}
		values = append(values, literal(one))
	}
	if len(values) == 0 {
		return ""
	}
	return name + " NOT IN (" + strings.Join(values, ", ") + ")"
}

// numeric writes [">", 5, "<=", 9].
func numeric(name string, pairs []any) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		operator, ok := pairs[i].(string)
		number := design.Text(map[string]any{"v": pairs[i+1]}, "v")
		if _, isNumber := design.Number(map[string]any{"v": pairs[i+1]}, "v"); !ok || !isNumber || !slices.Contains([]string{"=", ">", ">=", "<", "<="}, operator) {
			return ""
		}
		parts = append(parts, name+" "+operator+" "+number)
	}
	if len(parts) > 1 {
		return "(" + strings.Join(parts, " AND ") + ")"
	}
	return strings.Join(parts, "")
}

func literal(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case bool:
		return strings.ToUpper(shown(v))
	}
	return shown(v)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// pattern quotes a text for LIKE, whose wildcards are % and _.
func pattern(s, before, after string) string {
	if strings.ContainsAny(s, `%_\`) {
		s = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
		return quote(before+s+after) + ` ESCAPE '\'`
	}
	return quote(before + s + after)
}
