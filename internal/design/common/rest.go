package common

import (
	"maps"
	"slices"
)

// Rest names the members of a part of a property that say something and that
// no rule reads; at is the path of the part.
func (s *Sheet) Rest(at string, part any, names ...string) {
	m, _ := part.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if slices.Contains(names, name) && Said(m[name]) {
			s.Do("look at what no rule reads: %s.%s=%s", at, name, Shown(m[name]))
		}
	}
}
