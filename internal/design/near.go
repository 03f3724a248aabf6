package design

import (
	"cmp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the names that may have been meant by a word, nearest first:
// those that hold it or that it holds, and those of which at most a third of
// the letters differ. Capitals count for nothing.
func Nearest(word string, names []string, most int) []string {
	const longest = 200
	type near struct {
		name string
		far  int
	}
	var found []near
	word = strings.ToLower(word)
	if word == "" || len(word) > longest {
		return nil
	}
	for _, name := range names {
		lower := strings.ToLower(name)
		if name == "" || len(name) > longest || slices.ContainsFunc(found, func(n near) bool { return n.name == name }) {
			continue
		}
		far := levenshtein.ComputeDistance(word, lower)
		holds := len(word) > 2 && strings.Contains(lower, word) || len(name) > 2 && strings.Contains(word, lower)
		if holds || far <= max(2, max(len(name), len(word))/3) && far < min(len(name), len(word)) {
			found = append(found, near{name, far})
		}
	}
	slices.SortStableFunc(found, func(a, b near) int { return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.name, b.name)) })
	var out []string
	for _, n := range found[:min(len(found), most)] {
		out = append(out, n.name)
	}
	return out
}
