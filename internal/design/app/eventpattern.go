package app

import (
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	es "github.com/hashicorp/go-azure-sdk/resource-manager/eventgrid/2025-02-15/eventsubscriptions"
)

// mostFilters is how many advanced filters, and values in all of them, one
// subscription may have (Microsoft Learn, "Understand event filtering for
// Event Grid subscriptions").
const mostFilters = 25

// filter is an event pattern in the words of Event Grid.
type filter struct {
	types    []string
	advanced []es.AdvancedFilter
	values   int
	// lost are the parts that cannot be said: events pass that did not before.
	lost []string
	// cased says that texts are compared, for which capitals do not count here.
	cased bool
}

// gridFilter writes a pattern of EventBridge for events in the CloudEvents
// form: detail-type is their type, detail their data.
func gridFilter(pattern map[string]any) filter {
	var f filter
	for _, key := range slices.Sorted(maps.Keys(pattern)) {
		switch key {
		case "detail-type":
			f.kinds(design.List(pattern[key]))
		case "detail":
			f.walk("data", pattern[key], "detail", 0)
		case "source":
			f.add("source", "source", design.List(pattern[key]))
		case "resources":
			f.add("subject", "resources", design.List(pattern[key]))
		case "account", "region", "version", "time", "id", "$or":
			if key == "account" || key == "region" || key == "version" {
				continue // everything comes from one subscription and region here
			}
			f.lost = append(f.lost, key)
		default:
			f.lost = append(f.lost, key)
		}
	}
	return f
}

// kinds takes a list of types as such, and anything else as a filter.
func (f *filter) kinds(values []any) {
	texts := design.Texts(values)
	if len(texts) == len(values) && len(texts) > 0 {
		f.types = texts
		return
	}
	f.add("type", "detail-type", values)
}

// walk goes down the members of the detail. Keys may be five levels deep.
func (f *filter) walk(path string, v any, at string, depth int) {
	m, ok := v.(map[string]any)
	if !ok || depth > 4 {
		f.lost = append(f.lost, at)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		switch child := m[key].(type) {
		case []any:
			if key == "$or" {
				f.lost = append(f.lost, at+".$or")
				continue
			}
			f.add(path+"."+key, at+"."+key, child)
		default:
			f.walk(path+"."+key, child, at+"."+key, depth+1)
		}
	}
}

// add writes the alternatives of one key. Alternatives of different operators
// would each be a filter, and all filters have to hold, so they are lost.
func (f *filter) add(key, at string, values []any) {
	groups := map[string][]any{}
	for _, v := range values {
		operator, value := operatorOf(v)
		if strings.HasPrefix(operator, "not") {
			groups[operator] = append(groups[operator], design.List(value)...)
			continue
		}
		groups[operator] = append(groups[operator], value)
	}
	if len(groups) != 1 {
		f.lost = append(f.lost, at)
		return
	}
	for operator, group := range groups {
		written, count := advanced(key, operator, group)
		if len(written) == 0 || len(f.advanced)+len(written) > mostFilters || f.values+count > mostFilters {
			f.lost = append(f.lost, at)
			return
		}
		f.advanced, f.values = append(f.advanced, written...), f.values+count
		f.cased = f.cased || operator == "text" || strings.HasPrefix(operator, "not") || strings.HasSuffix(operator, "fix")
	}
}

// operatorOf tells the operator and operand of one alternative.
func operatorOf(v any) (string, any) {
	switch v := v.(type) {
	case nil:
		return "null", nil
	case string:
		return "text", v
	case bool:
		return "bool", v
	case map[string]any:
		if len(v) != 1 {
			return "unknown", nil
		}
		for operator, value := range v {
			inner, nested := value.(map[string]any)
			switch {
			case operator == "anything-but" && nested:
				name, operand := operatorOf(inner)
				return "not-" + name, operand
			case operator == "anything-but":
				return "not", value
			case operator == "equals-ignore-case":
				return "text", value
			case operator == "wildcard":
				return wildcard(value)
			case nested:
				return "unknown", nil
			}
			return operator, value
		}
	}
	return "number", v
}

// wildcard turns "a*" and "*a" into prefix and suffix.
func wildcard(v any) (string, any) {
	text, _ := v.(string)
	switch strings.Count(text, "*") {
	case 0:
		return "text", text
	case 1:
		if head, ok := strings.CutSuffix(text, "*"); ok {
			return "prefix", head
		}
		if tail, ok := strings.CutPrefix(text, "*"); ok {
			return "suffix", tail
		}
	case 2:
		if len(text) > 2 && strings.HasPrefix(text, "*") && strings.HasSuffix(text, "*") {
			return "contains", strings.Trim(text, "*")
		}
	}
	return "unknown", nil
}

// advanced writes one operator, and counts its values.
func advanced(key, operator string, values []any) ([]es.AdvancedFilter, int) {
	texts := design.Texts(values)
	k := new(key)
	switch operator {
	case "text":
		return one(es.StringInAdvancedFilter{Key: k, Values: &texts}), len(texts)
	case "prefix":
		return one(es.StringBeginsWithAdvancedFilter{Key: k, Values: &texts}), len(texts)
	case "suffix":
		return one(es.StringEndsWithAdvancedFilter{Key: k, Values: &texts}), len(texts)
	case "contains":
		return one(es.StringContainsAdvancedFilter{Key: k, Values: &texts}), len(texts)
	case "not":
		return one(es.StringNotInAdvancedFilter{Key: k, Values: &texts}), len(texts)
	case "not-prefix":
		return one(es.StringNotBeginsWithAdvancedFilter{Key: k, Values: &texts}), len(texts)
	case "not-suffix":
		return one(es.StringNotEndsWithAdvancedFilter{Key: k, Values: &texts}), len(texts)
	case "bool":
		if len(values) == 1 {
			return one(es.BoolEqualsAdvancedFilter{Key: k, Value: new(values[0] == true)}), 1
		}
	case "number":
		var numbers []float64
		for _, v := range values {
			if n, ok := design.Number(map[string]any{"v": v}, "v"); ok {
				numbers = append(numbers, n)
			}
		}
		if len(numbers) == len(values) && len(numbers) > 0 {
			return one(es.NumberInAdvancedFilter{Key: k, Values: &numbers}), len(numbers)
		}
	case "exists":
		if len(values) == 1 && values[0] == true {
			return one(es.IsNotNullAdvancedFilter{Key: k}), 0
		}
		if len(values) == 1 && values[0] == false {
			return one(es.IsNullOrUndefinedAdvancedFilter{Key: k}), 0
		}
	case "null":
		return one(es.IsNullOrUndefinedAdvancedFilter{Key: k}), 0
	case "numeric":
		if len(values) == 1 {
			return bounds(key, design.List(values[0]))
		}
	}
	return nil, 0
}

func one(f es.AdvancedFilter) []es.AdvancedFilter { return []es.AdvancedFilter{f} }

// bounds writes [">", 5, "<=", 9] as two filters, which both have to hold.
func bounds(key string, pairs []any) ([]es.AdvancedFilter, int) {
	var out []es.AdvancedFilter
	for i := 0; i+1 < len(pairs); i += 2 {
		n, ok := design.Number(map[string]any{"v": pairs[i+1]}, "v")
		if !ok {
			return nil, 0
		}
		k, value := new(key), new(n)
		switch pairs[i] {
		case "=":
			out = append(out, es.NumberInAdvancedFilter{Key: k, Values: &[]float64{n}})
		case ">":
			out = append(out, es.NumberGreaterThanAdvancedFilter{Key: k, Value: value})
		case ">=":
			out = append(out, es.NumberGreaterThanOrEqualsAdvancedFilter{Key: k, Value: value})
		case "<":
			out = append(out, es.NumberLessThanAdvancedFilter{Key: k, Value: value})
		case "<=":
			out = append(out, es.NumberLessThanOrEqualsAdvancedFilter{Key: k, Value: value})
		default:
			return nil, 0
		}
	}
	return out, len(out)
}
