package network

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// span is a range of ports, both ends included.
type span struct{ from, to int }

// String writes a span as an NSG takes it.
func (s span) String() string {
	if s.from == s.to {
		return strconv.Itoa(s.from)
	}
	return fmt.Sprintf("%d-%d", s.from, s.to)
}

func everyPort() []span { return []span{{0, 65535}} }

// joined orders spans and joins those that touch: Azure refuses ranges that
// overlap within one rule.
func joined(spans []span) []span {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && s.from <= out[n-1].to+1 {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// covers reports whether every port of inner is in outer; both are joined.
func covers(outer, inner []span) bool {
	for _, s := range inner {
		if !slices.ContainsFunc(outer, func(o span) bool { return o.from <= s.from && s.to <= o.to }) {
			return false
		}
	}
	return true
}

// common returns the ports that both have.
func common(a, b []span) []span {
	var out []span
	for _, x := range a {
		for _, y := range b {
			if from, to := max(x.from, y.from), min(x.to, y.to); from <= to {
				out = append(out, span{from, to})
			}
		}
	}
	return joined(out)
}

// without returns the ports of a that b has not.
func without(a, b []span) []span {
	for _, y := range b {
		var left []span
		for _, x := range a {
			if y.to < x.from || x.to < y.from {
				left = append(left, x)
				continue
			}
			if x.from < y.from {
				left = append(left, span{x.from, y.from - 1})
			}
			if y.to < x.to {
				left = append(left, span{y.to + 1, x.to})
			}
		}
		a = left
	}
	return a
}
