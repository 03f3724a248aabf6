package template

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/sandbox/arm/document"
)

func logicFunctions() map[string]builtin {
	constant := func(v any) builtin { return plainFunction(0, 0, func([]any) (any, error) { return v, nil }) }
	return map[string]builtin{
		"true":     constant(true),
		"false":    constant(false),
		"null":     constant(nil),
		"if":       {min: 3, max: 3, lazy: ifFunction},
		"and":      {min: 2, max: anyNumber, lazy: func(f *frame, args []expr) (any, error) { return f.until(args, false) }},
		"or":       {min: 2, max: anyNumber, lazy: func(f *frame, args []expr) (any, error) { return f.until(args, true) }},
		"coalesce": {min: 1, max: anyNumber, lazy: coalesceFunction},
		"not": plainFunction(1, 1, func(args []any) (any, error) {
			b, err := asBool(args[0])
			return !b, err
		}),
		"equals": plainFunction(2, 2, func(args []any) (any, error) { return document.Equal(args[0], args[1]), nil }),
		"bool":   plainFunction(1, 1, func(args []any) (any, error) { return toBool(args[0]) }),
	}
}

func ifFunction(f *frame, args []expr) (any, error) {
	v, err := f.eval(args[0])
	if err != nil {
		return nil, err
	}
	condition, err := asBool(v)
	if err != nil {
		return nil, err
	}
	if condition {
		return f.eval(args[1])
	}
	return f.eval(args[2])
}

// until evaluates booleans from the left until one is stop.
func (f *frame) until(args []expr, stop bool) (any, error) {
	for _, a := range args {
		v, err := f.eval(a)
		if err != nil {
			return nil, err
		}
		b, err := asBool(v)
		if err != nil || b == stop {
			return b, err
		}
	}
	return !stop, nil
}

func coalesceFunction(f *frame, args []expr) (any, error) {
	for _, a := range args {
		v, err := f.eval(a)
		if err != nil || v != nil {
			return v, err
		}
	}
	return nil, nil
}

func toBool(v any) (any, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case int64:
		return v != 0, nil
	case string:
		switch strings.ToLower(v) {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
	}
	return nil, fmt.Errorf("%s cannot be read as a boolean", describe(v))
}

func numberFunctions() map[string]builtin {
	compare := func(fn func(int) bool) builtin {
		return plainFunction(2, 2, func(args []any) (any, error) {
			c, err := order(args[0], args[1])
			return err == nil && fn(c), err
		})
	}
	return map[string]builtin{
		"add":             intOf2(func(a, b int64) (any, error) { return a + b, nil }),
		"sub":             intOf2(func(a, b int64) (any, error) { return a - b, nil }),
		"mul":             intOf2(func(a, b int64) (any, error) { return a * b, nil }),
		"div":             intOf2(func(a, b int64) (any, error) { return divide(a, b, false) }),
		"mod":             intOf2(func(a, b int64) (any, error) { return divide(a, b, true) }),
		"min":             plainFunction(1, anyNumber, func(args []any) (any, error) { return extreme(args, slices.Min[[]int64]) }),
		"max":             plainFunction(1, anyNumber, func(args []any) (any, error) { return extreme(args, slices.Max[[]int64]) }),
		"int":             plainFunction(1, 1, func(args []any) (any, error) { return toInt(args[0]) }),
		"greater":         compare(func(c int) bool { return c > 0 }),
		"greaterorequals": compare(func(c int) bool { return c >= 0 }),
		"less":            compare(func(c int) bool { return c < 0 }),
		"lessorequals":    compare(func(c int) bool { return c <= 0 }),
	}
}

func divide(a, b int64, rest bool) (any, error) {
	if b == 0 || a == math.MinInt64 && b == -1 {
		return nil, fmt.Errorf("%d cannot be divided by %d", a, b)
	}
	if rest {
		return a % b, nil
	}
	return a / b, nil
}

func extreme(args []any, choose func([]int64) int64) (any, error) {
	if list, ok := args[0].([]any); ok && len(args) == 1 {
		args = list
	}
	var numbers []int64
	for _, a := range args {
		n, err := asInt(a)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	if len(numbers) == 0 {
		return nil, fmt.Errorf("the array is empty")
	}
	return choose(numbers), nil
}

func toInt(v any) (any, error) {
	switch v := v.(type) {
	case int64:
		return v, nil
	case float64:
		return int64(v), nil
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("'%s' is no integer", short(v))
		}
		return n, nil
	}
	return nil, fmt.Errorf("%s cannot be read as an integer", describe(v))
}

// order compares two integers or two strings; strings ordinally, as the
// service documents for less and greater.
func order(a, b any) (int, error) {
	switch x := a.(type) {
	case int64:
		if y, ok := b.(int64); ok {
			return compareInts(x, y), nil
		}
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), nil
		}
	}
	return 0, fmt.Errorf("two integers or two strings are expected, not %s and %s", describe(a), describe(b))
}

func compareInts(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
