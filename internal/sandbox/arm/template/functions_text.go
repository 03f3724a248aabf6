package template

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// placeholder is one {n}, {n,width} or {n:form} of the format function.
var placeholder = regexp.MustCompile(`\{\{|\}\}|\{(\d+)(?:,(-?\d+))?(?::([^{}]*))?\}`)

func textFunctions() map[string]builtin {
	return map[string]builtin{
		"tolower":     textOf1(func(s string) (any, error) { return strings.ToLower(s), nil }),
		"toupper":     textOf1(func(s string) (any, error) { return strings.ToUpper(s), nil }),
		"trim":        textOf1(func(s string) (any, error) { return strings.TrimSpace(s), nil }),
		"startswith":  textOf2(func(a, b string) (any, error) { return strings.HasPrefix(strings.ToLower(a), strings.ToLower(b)), nil }),
		"endswith":    textOf2(func(a, b string) (any, error) { return strings.HasSuffix(strings.ToLower(a), strings.ToLower(b)), nil }),
		"string":      plainFunction(1, 1, func(args []any) (any, error) { return toText(args[0]) }),
		"substring":   plainFunction(2, 3, substring),
		"replace":     plainFunction(3, 3, replace),
		"split":       plainFunction(2, 2, split),
		"join":        plainFunction(2, 2, join),
		"padleft":     plainFunction(2, 3, padLeft),
		"format":      plainFunction(1, anyNumber, format),
		"indexof":     plainFunction(2, 2, func(args []any) (any, error) { return indexOf(args, false) }),
		"lastindexof": plainFunction(2, 2, func(args []any) (any, error) { return indexOf(args, true) }),
	}
}

// toText is the string function: a document as compact JSON, a string as it is.
func toText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		// .NET writes True and False.
		if v {
			return "True", nil
		}
		return "False", nil
	case nil:
		return "", fmt.Errorf("null cannot be turned into a string")
	}
	data, err := json.Marshal(v)
	return string(data), err
}

func substring(args []any) (any, error) {
	s, err := asText(args[0])
	if err != nil {
		return nil, err
	}
	text := []rune(s)
	start, err := asInt(args[1])
	if err != nil {
		return nil, err
	}
	length := int64(len(text)) - start
	if len(args) == 3 {
		if length, err = asInt(args[2]); err != nil {
			return nil, err
		}
	}
	if start < 0 || length < 0 || start > int64(len(text)) || length > int64(len(text))-start {
		return nil, fmt.Errorf("start %d and length %d lie outside a string of %d characters", start, length, len(text))
	}
	return string(text[start : start+length]), nil
}

func replace(args []any) (any, error) {
	var s [3]string
	for i := range s {
		var err error
		if s[i], err = asText(args[i]); err != nil {
			return nil, err
		}
	}
	if s[1] == "" {
		return nil, fmt.Errorf("the string to replace is empty")
	}
	if grown := strings.Count(s[0], s[1]) * len(s[2]); grown > maxResult {
		return nil, fmt.Errorf("the result is longer than %d bytes", maxResult)
	}
	return strings.ReplaceAll(s[0], s[1], s[2]), nil
}

func split(args []any) (any, error) {
	s, err := asText(args[0])
	if err != nil {
		return nil, err
	}
	delimiters, isList := args[1].([]any)
	if !isList {
		delimiters = []any{args[1]}
	}
	parts := []string{s}
	for _, d := range delimiters {
		delimiter, err := asText(d)
		if err != nil {
			return nil, err
		}
		if delimiter == "" {
			continue
		}
		var next []string
		for _, p := range parts {
			next = append(next, strings.Split(p, delimiter)...)
		}
		parts = next
	}
	return textList(parts), nil
}

func textList(parts []string) []any {
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out
}

func join(args []any) (any, error) {
	list, err := asList(args[0])
	if err != nil {
		return nil, err
	}
	delimiter, err := asText(args[1])
	if err != nil {
		return nil, err
	}
	parts := make([]string, len(list))
	for i, item := range list {
		if parts[i], err = toText(item); err != nil {
			return nil, err
		}
	}
	return strings.Join(parts, delimiter), nil
}

func padLeft(args []any) (any, error) {
	s, err := toText(args[0])
	if err != nil {
		return nil, err
	}
	width, err := asInt(args[1])
	if err != nil {
		return nil, err
	}
	pad := " "
	if len(args) == 3 {
		if pad, err = asText(args[2]); err != nil {
			return nil, err
		}
	}
	if len([]rune(pad)) != 1 || width > maxResult {
		return nil, fmt.Errorf("width %d or padding '%s' is not valid", width, short(pad))
	}
	if missing := width - int64(len([]rune(s))); missing > 0 {
		s = strings.Repeat(pad, int(missing)) + s
	}
	return s, nil
}

func indexOf(args []any, last bool) (any, error) {
	if list, ok := args[0].([]any); ok {
		return indexInList(list, args[1], last), nil
	}
	s, err := asText(args[0])
	if err != nil {
		return nil, err
	}
	part, err := asText(args[1])
	if err != nil {
		return nil, err
	}
	low, sought := strings.ToLower(s), strings.ToLower(part)
	i := strings.Index(low, sought)
	if last {
		i = strings.LastIndex(low, sought)
	}
	if i <= 0 {
		return int64(i), nil
	}
	return int64(len([]rune(low[:i]))), nil
}

// format is .NET composite formatting. Of the numeric forms it knows D (digits)
// and 0 (zero padding); another one is refused by name rather than guessed.
func format(args []any) (any, error) {
	pattern, err := asText(args[0])
	if err != nil {
		return nil, err
	}
	var failed error
	out := placeholder.ReplaceAllStringFunc(pattern, func(hit string) string {
		if hit == "{{" || hit == "}}" {
			return hit[:1]
		}
		m := placeholder.FindStringSubmatch(hit)
		text, err := formatOne(args[1:], m[1], m[2], m[3])
		if err != nil && failed == nil {
			failed = err
		}
		return text
	})
	if failed != nil {
		return nil, failed
	}
	return out, nil
}

func formatOne(args []any, index, width, form string) (string, error) {
	i, err := strconv.Atoi(index)
	if err != nil || i >= len(args) {
		return "", fmt.Errorf("there is no argument {%s}", index)
	}
	text, err := formatValue(args[i], form)
	if err != nil || width == "" {
		return text, err
	}
	w, err := strconv.Atoi(width)
	if err != nil || w > maxResult || w < -maxResult {
		return "", fmt.Errorf("the width %q is not valid", width)
	}
	return fmt.Sprintf("%*s", w, text), nil
}

func formatValue(v any, form string) (string, error) {
	if v == nil {
		return "", nil
	}
	if form == "" {
		return toText(v)
	}
	n, isInt := v.(int64)
	digits := 0
	switch {
	case strings.HasPrefix(strings.ToUpper(form), "D"):
		digits, _ = strconv.Atoi(form[1:])
	case strings.Trim(form, "0") == "":
		digits = len(form)
	default:
		return "", fmt.Errorf("the format '%s' is not supported", short(form))
	}
	if !isInt || digits > 100 {
		return "", fmt.Errorf("the format '%s' needs an integer", short(form))
	}
	return fmt.Sprintf("%0*d", digits, n), nil
}
