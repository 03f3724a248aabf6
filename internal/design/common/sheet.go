package common

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"example.com/landfall/internal/design"
	"example.com/landfall/internal/inventory"
)

// The confidences that design.Decision.Confidence names.
const (
	LikeForLike = 0.9
	NamedGaps   = 0.7
	Redesign    = 0.5
	Guess       = 0.3
)

// Sheet gathers what a rule says of one resource, and remembers which of its
// properties the rule read: Done names the others, so that none is dropped
// without a word.
type Sheet struct {
	design.Decision
	C    *design.Context
	R    *inventory.Resource
	read map[string]bool
}

// Open begins a sheet. Properties that carry no setting count as read.
func Open(c *design.Context, r *inventory.Resource) *Sheet {
	s := &Sheet{C: c, R: r, read: map[string]bool{}}
	return s.Knows("Tags", "Arn", "ARN", "Id", "Name", "Description", "Comment", "HostedZoneTags", "CertificateTags")
}

// Knows counts properties as read.
func (s *Sheet) Knows(names ...string) *Sheet {
	for _, name := range names {
		s.read[name] = true
	}
	return s
}

// At returns the value at a path below the properties.
func (s *Sheet) At(path string) any {
	first, _, _ := strings.Cut(path, ".")
	s.read[first] = true
	return design.At(s.R.Properties, path)
}

// Has reports whether a property says anything.
func (s *Sheet) Has(path string) bool { return Said(s.At(path)) }

// Text returns the text at a path.
func (s *Sheet) Text(path string) string { s.At(path); return design.Text(s.R.Properties, path) }

// Int returns the whole number at a path, def when there is none; a reference
// that nobody resolved gives def and a word about it.
func (s *Sheet) Int(path string, def int) int {
	s.unresolved(path, def)
	return design.Int(s.R.Properties, path, def)
}

// Plain returns the text at a path, def when there is none or when it is a
// reference that nobody resolved, which it then says.
func (s *Sheet) Plain(path, def string) string {
	text := s.Text(path)
	if s.unresolved(path, def) || text == "" {
		return def
	}
	return text
}

func (s *Sheet) unresolved(path string, def any) bool {
	if text := s.Text(path); Unresolved(text) {
		s.Do("%s is known only when the source is deployed; %v is taken: check it", path, def)
		return true
	}
	return false
}

// Unresolved reports whether a text holds a template's reference.
func Unresolved(text string) bool { return strings.Contains(text, "${") }

// True reports whether the value at a path is true.
func (s *Sheet) True(path string) bool { s.At(path); return design.True(s.R.Properties, path) }

// List returns the list at a path.
func (s *Sheet) List(path string) []any { return design.List(s.At(path)) }

// Maps returns the mappings at a path.
func (s *Sheet) Maps(path string) []map[string]any { return design.Maps(s.At(path)) }

// Texts returns the texts at a path.
func (s *Sheet) Texts(path string) []string { return design.Texts(s.At(path)) }

// Meets adds a gap of the catalogue that a property meets, with its value.
func (s *Sheet) Meets(id, path string) { s.Gap(id, path+"="+Shown(s.At(path))) }

// Setting is a property that meets a gap of the catalogue when it says
// anything.
type Setting struct{ Gap, Path string }

// MeetsEach adds the gaps of those settings that the resource has.
func (s *Sheet) MeetsEach(settings ...Setting) {
	for _, one := range settings {
		s.At(one.Path)
	}
	s.MeetsIn(s.R.Properties, settings...)
}

// MeetsIn adds the gaps of those settings that a part of the resource has.
func (s *Sheet) MeetsIn(part any, settings ...Setting) {
	for _, one := range settings {
		if v := design.At(part, one.Path); Said(v) {
			s.Gap(one.Gap, one.Path+"="+Shown(v))
		}
	}
}

// Gap adds a gap of the catalogue; at says where the resource meets it.
func (s *Sheet) Gap(id, at string) { s.Gaps = append(s.Gaps, s.C.Gap(id, Readable(at))) }

// Do adds what a person has to do, once.
func (s *Sheet) Do(format string, args ...any) {
	if text := Readable(fmt.Sprintf(format, args...)); !slices.Contains(s.ToDo, text) {
		s.ToDo = append(s.ToDo, text)
	}
}

// Not adds an alternative that is not taken.
func (s *Sheet) Not(target, why string) {
	s.Alternatives = append(s.Alternatives, design.Alternative{Target: target, WhyNot: why})
}

// Decide sets action, confidence and reason.
func (s *Sheet) Decide(action design.Action, confidence float64, why string, args ...any) {
	s.Action, s.Confidence, s.Why = action, confidence, Readable(fmt.Sprintf(why, args...))
}

// Done returns the decision, with the properties that the rule did not read
// named.
func (s *Sheet) Done() design.Decision {
	if rest := s.rest(); len(rest) > 0 && s.Action != design.Retire {
		s.Do("look at what no rule reads: %s", strings.Join(rest, ", "))
	}
	return s.Decision
}

func (s *Sheet) rest() []string {
	var rest []string
	for _, name := range slices.Sorted(maps.Keys(map[string]any(s.R.Properties))) {
		if !s.read[name] && Said(s.R.Properties[name]) {
			rest = append(rest, name+"="+Shown(s.R.Properties[name]))
		}
	}
	return rest
}

// Said reports whether a value is more than empty or off: an empty list or
// mapping, false and "" are what AWS means when it says nothing.
func Said(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != "" && !strings.EqualFold(v, "false")
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

// shownMost keeps what is quoted of a property on one line.
const shownMost = 60

// Shown is a value as a decision quotes it: JSON, shortened; "none" for what
// is not there.
func Shown(v any) string {
	encoded, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	if string(encoded) == "null" {
		return "none"
	}
	text := Readable(strings.Trim(string(encoded), `"`))
	if len(text) > shownMost {
		text = strings.ToValidUTF8(text[:shownMost-3], "") + "..."
	}
	return text
}
