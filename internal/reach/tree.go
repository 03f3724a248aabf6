package reach

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"example.com/landfall/internal/inventory"
)

// The functions of this file read trees as encoding/json makes them. What is
// missing or of another type reads as nothing.

func at(v any, path ...string) any {
	for _, step := range path {
		if l, ok := v.([]any); ok && len(l) > 0 {
			v = l[0]
		}
		switch m := v.(type) {
		case map[string]any:
			v = m[step]
		case inventory.Properties:
			v = m[step]
		default:
			return nil
		}
	}
	return v
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool, float64, int, int64, json.Number:
		return fmt.Sprint(v)
	}
	return ""
}

// apart are the parts of a list in one text. Commas within a function that a
// template leaves open part nothing.
func apart(s string) []string {
	var out []string
	depth, from := 0, 0
	for i, r := range s {
		switch {
		case r == '{':
			depth++
		case r == '}':
			depth--
		case r == ',' && depth <= 0:
			out, from = append(out, s[from:i]), i+1
		}
	}
	return append(out, s[from:])
}

func truth(v any) bool { return strings.EqualFold(text(v), "true") }

func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	case []string:
		out := make([]any, len(v))
		for i, s := range v {
			out[i] = s
		}
		return out
	}
	return []any{v}
}

func maps(v any) []map[string]any {
	var out []map[string]any
	for _, x := range list(v) {
		if m, ok := x.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// prefixes reads blocks of addresses; a single address is a block of one.
func prefixes(values ...any) []netip.Prefix {
	var out []netip.Prefix
	for _, v := range values {
		for _, x := range list(v) {
			s := strings.TrimSpace(text(x))
			if p, err := netip.ParsePrefix(s); err == nil {
				out = append(out, p.Masked())
			} else if a, err := netip.ParseAddr(s); err == nil {
				out = append(out, netip.PrefixFrom(a.Unmap().WithZone(""), a.Unmap().BitLen()))
			}
		}
	}
	return out
}

func address(v any) netip.Addr {
	a, err := netip.ParseAddr(text(v))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}
