package template

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// builtin is one function of the template language.
type builtin struct {
	min, max int
	run      func(f *frame, args []any) (any, error)
	// lazy gets its arguments unevaluated: only the branch that is taken may
	// fail, as in Resource Manager.
	lazy func(f *frame, args []expr) (any, error)
}

func (b builtin) arity() string {
	switch {
	case b.max < 0:
		return strconv.Itoa(b.min) + " or more"
	case b.min == b.max:
		return strconv.Itoa(b.min)
	}
	return fmt.Sprintf("%d to %d", b.min, b.max)
}

const anyNumber = -1

// functions is the whole table, by lower-case name.
func functions() map[string]builtin {
	all := map[string]builtin{}
	for _, group := range []map[string]builtin{logicFunctions(), numberFunctions(), textFunctions(), listFunctions(), deploymentFunctions(), resourceFunctions(), encodingFunctions()} {
		maps.Copy(all, group)
	}
	return all
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func asText(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("a string is expected, not %s", describe(v))
	}
	return s, nil
}

func asInt(v any) (int64, error) {
	i, ok := v.(int64)
	if !ok {
		return 0, fmt.Errorf("an integer is expected, not %s", describe(v))
	}
	return i, nil
}

func asBool(v any) (bool, error) {
	b, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("a boolean is expected, not %s", describe(v))
	}
	return b, nil
}

func asList(v any) ([]any, error) {
	l, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("an array is expected, not %s", describe(v))
	}
	return l, nil
}

func asObject(v any) (map[string]any, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("an object is expected, not %s", describe(v))
	}
	return m, nil
}

// textOf1 wraps a function of one string.
func textOf1(fn func(string) (any, error)) builtin {
	return builtin{min: 1, max: 1, run: func(_ *frame, args []any) (any, error) {
		s, err := asText(args[0])
		if err != nil {
			return nil, err
		}
		return fn(s)
	}}
}

// textOf2 wraps a function of two strings.
func textOf2(fn func(a, b string) (any, error)) builtin {
	return builtin{min: 2, max: 2, run: func(_ *frame, args []any) (any, error) {
		a, err := asText(args[0])
		if err != nil {
			return nil, err
		}
		b, err := asText(args[1])
		if err != nil {
			return nil, err
		}
		return fn(a, b)
	}}
}

// intOf2 wraps a function of two integers.
func intOf2(fn func(a, b int64) (any, error)) builtin {
	return builtin{min: 2, max: 2, run: func(_ *frame, args []any) (any, error) {
		a, err := asInt(args[0])
		if err != nil {
			return nil, err
		}
		b, err := asInt(args[1])
		if err != nil {
			return nil, err
		}
		return fn(a, b)
	}}
}

func plainFunction(low, high int, run func(args []any) (any, error)) builtin {
	return builtin{min: low, max: high, run: func(_ *frame, args []any) (any, error) { return run(args) }}
}
