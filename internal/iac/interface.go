package iac

import (
	"cmp"
	"slices"
	"strings"
)

// link is a value that one module hands to another: the id of a resource, or a
// property that it has when it is there.
type link struct {
	item *item
	// path is "" for the id.
	path string
}

// words are the parts of the link's name in code.
func (l link) words() []string {
	words := slices.Clone(l.item.words)
	if l.path == "" {
		return append(words, "id")
	}
	for _, step := range path(l.path) {
		if step != "properties" {
			words = append(words, splitWords(step)...)
		}
	}
	return words
}

// interior is what printing a tier's resources turned out to need from
// outside, and with it the module's parameters.
type interior struct {
	tier *tier
	// body is the code of the resources.
	body string
	// parameters are those of the design, inputs those of earlier tiers.
	parameters map[string]bool
	inputs     map[link]bool
	// after are earlier tiers that must be there, whether they hand over
	// something or not.
	after                                             map[*tier]bool
	suffix, location, environment, assignments, group bool
}

func newInterior(t *tier) *interior {
	return &interior{tier: t, parameters: map[string]bool{}, inputs: map[link]bool{}, after: map[*tier]bool{}}
}

// told reports whether a module names the environment.
func told(all []*interior) bool {
	return slices.ContainsFunc(all, func(in *interior) bool { return in.environment })
}

// links are the inputs in order.
func (in *interior) links() []link {
	out := make([]link, 0, len(in.inputs))
	for l := range in.inputs {
		out = append(out, l)
	}
	sortLinks(out)
	return out
}

func sortLinks(links []link) {
	slices.SortFunc(links, func(a, b link) int {
		return cmp.Compare(strings.Join(a.words(), "_"), strings.Join(b.words(), "_"))
	})
}

// silent are the tiers that must be there and hand over nothing.
func (in *interior) silent() []*tier {
	var out []*tier
	for t := range in.after {
		gives := false
		for l := range in.inputs {
			gives = gives || l.item.tier == t
		}
		if !gives {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *tier) int { return cmp.Compare(a.order, b.order) })
	return out
}

// outputs are what a tier hands to others.
func outputs(t *tier, all []*interior) []link {
	var out []link
	for _, in := range all {
		for l := range in.inputs {
			if l.item.tier == t && !slices.Contains(out, l) {
				out = append(out, l)
			}
		}
	}
	sortLinks(out)
	return out
}

// isAssigned reports resources whose names are GUIDs that a tenant has once,
// so that every environment has its own.
func isAssigned(it *item) bool {
	return isGUID(it.Name) && strings.HasPrefix(strings.ToLower(string(it.Type)), "microsoft.authorization/role")
}

func (s *stack) assigned() []*item {
	var out []*item
	for _, t := range s.tiers {
		for _, it := range t.items {
			if isAssigned(it) {
				out = append(out, it)
			}
		}
	}
	return out
}

func camel(words []string) string {
	var out strings.Builder
	for i, word := range words {
		if i > 0 && isLetter(word[0]) {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		out.WriteString(word)
	}
	return out.String()
}

func snake(words []string) string { return strings.Join(words, "_") }
