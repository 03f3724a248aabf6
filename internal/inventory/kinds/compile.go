package kinds

import (
	"cmp"
	"slices"
	"strings"
)

// compiled is a rule with its paths taken apart.
type compiled struct {
	Rule
	moves                      []move
	drop, attribute, unordered [][]leg
	aliases                    []string
}

type move struct {
	from, to []leg
	// target is the path of the value in the schema.
	target string
}

func compile(rule Rule) compiled {
	out := compiled{Rule: rule, aliases: rule.Aliases}
	for from, to := range rule.Move {
		out.moves = append(out.moves, move{legs(from), legs(to), to})
	}
	// What lies deeper goes first: the rest of an object may go elsewhere.
	slices.SortFunc(out.moves, func(a, b move) int {
		return cmp.Or(-cmp.Compare(len(a.from), len(b.from)), strings.Compare(pathText(a.from), pathText(b.from)))
	})
	out.drop, out.attribute, out.unordered = paths(rule.Drop), paths(rule.Attribute), paths(rule.Unordered)
	return out
}

func paths(texts []string) [][]leg {
	out := make([][]leg, 0, len(texts))
	for _, text := range texts {
		out = append(out, legs(text))
	}
	return out
}

func pathText(path []leg) string {
	parts := make([]string, len(path))
	for i, l := range path {
		parts[i] = l.name + strings.Repeat("[]", l.lists)
	}
	return strings.Join(parts, ".")
}
