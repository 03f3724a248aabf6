package data

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// sheet is one source resource while its rule reads it, and the decision that
// grows from it: common.Sheet, with references that nobody resolved read as
// nothing, and a confidence that the gaps lower.
type sheet struct {
	*common.Sheet
	c *book
	r *inventory.Resource
}

func read(c *book, r *inventory.Resource) *sheet {
	return &sheet{Sheet: common.Open(c.Context, r), c: c, r: r}
}

// text returns a text. A reference that nobody resolved is no text: the rule's
// default holds, and the decision says so.
func (s *sheet) text(path string) string {
	text := s.Text(path)
	if common.Unresolved(text) || strings.Contains(text, "{{resolve:") {
		s.Do("settle %s of %s: it is only known when the source is deployed, and the default was taken", path, s.r.Name)
		return ""
	}
	return text
}

func (s *sheet) number(path string) (float64, bool) {
	if s.text(path) == "" {
		return 0, false
	}
	return design.Number(s.r.Properties, path)
}

func (s *sheet) int(path string, def int) int {
	if s.text(path) == "" {
		return def
	}
	return design.Int(s.r.Properties, path, def)
}

func (s *sheet) yes(path string) bool { return strings.EqualFold(s.text(path), "true") }

// outside says that a group of settings is not in the inventory; AWS's own
// default groups ("default.postgres16", "default:mysql-8-0") change nothing.
func (s *sheet) outside(path string) {
	name, _ := s.At(path).(string)
	if name != "" && !strings.HasPrefix(name, "default.") && !strings.HasPrefix(name, "default:") {
		s.Do("look up what %s %s of %s sets: it is not in the inventory, and the defaults were taken", path, name, s.r.Name)
	}
}

// skipAll ticks everything off.
func (s *sheet) skipAll() { s.Knows(slices.Collect(maps.Keys(s.r.Properties))...) }

// gapIf notes a difference when the source sets the property to something.
func (s *sheet) gapIf(id, path string) {
	if v := s.At(path); !void(v) && fmt.Sprint(v) != "0" && !strings.EqualFold(fmt.Sprint(v), "false") {
		s.Meets(id, path)
	}
}

// done closes the decision. Gaps take confidence away: nothing with a critical
// gap is more than a redesign.
func (s *sheet) done(action design.Action, confidence float64, why string, args ...any) design.Decision {
	for _, g := range s.Gaps {
		switch g.Severity {
		case design.Critical:
			confidence = min(confidence, common.Redesign)
		case design.High:
			confidence = min(confidence, common.NamedGaps)
		}
	}
	s.Decide(action, confidence, why, args...)
	if slices.Contains(s.r.Marks, inventory.Conditional) {
		s.Do("check that %s exists at all: its template makes it under a condition only", s.r.Name)
	}
	return s.Done()
}

// void values say nothing: an API answers them for what is not used.
func void(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, w := range v {
			if !void(w) {
				return false
			}
		}
		return true
	}
	return false
}

var personalPart = regexp.MustCompile(`\$\{[^}]*\}|\{\{[^}]*\}\}|\d{12}|<[a-z]+>`)

// base is what target names are made of: the source's name without account and
// region, which a template does not know and which mean nothing at the target.
func base(r *inventory.Resource) string {
	name := personalPart.ReplaceAllString(r.Name, "")
	if r.Region != "" {
		name = strings.ReplaceAll(name, string(r.Region), "")
	}
	for strings.Contains(name, "--") {
		name = strings.ReplaceAll(name, "--", "-")
	}
	if name = strings.Trim(name, "-_./: "); name != "" {
		return name
	}
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(string(r.Kind), "AWS::"), "::", "-"))
}

// setBody puts a value into a target's body.
func setBody(c *book, id cloud.ResourceID, name string, value any) {
	if t, ok := c.Resource(id); ok {
		t.Body[name] = value
	}
}
