package design

import (
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// widened replaces the kinds of rules that end in * ("Custom::*") by those of
// the inventory that begin so and that no rule names: a template may call its
// custom resources what it likes.
func widened(families []Family, resources []inventory.Resource) []Family {
	named := map[cloud.Kind]bool{}
	wild := false
	for _, f := range families {
		for _, rule := range f.Rules {
			for _, kind := range rule.Kinds {
				named[kind] = true
				wild = wild || strings.HasSuffix(string(kind), "*")
			}
		}
	}
	if !wild {
		return families
	}
	var others []cloud.Kind
	for i := range resources {
		if kind := resources[i].Kind; !named[kind] {
			named[kind] = true
			others = append(others, kind)
		}
	}
	slices.Sort(others)
	out := slices.Clone(families)
	for i := range out {
		out[i].Rules = slices.Clone(out[i].Rules)
		for j := range out[i].Rules {
			out[i].Rules[j].Kinds = matching(out[i].Rules[j].Kinds, others)
		}
	}
	return out
}

func matching(kinds, others []cloud.Kind) []cloud.Kind {
	var out []cloud.Kind
	for _, kind := range kinds {
		head, wild := strings.CutSuffix(string(kind), "*")
		if !wild {
			out = append(out, kind)
			continue
		}
		for _, other := range others {
			if strings.HasPrefix(string(other), head) {
				out = append(out, other)
			}
		}
	}
	return out
}
