package arm

import (
	"regexp"
	"strings"

	"example.com/landfall/internal/sandbox/arm/armerror"
	"example.com/landfall/internal/sandbox/arm/control"
	"example.com/landfall/internal/sandbox/arm/document"
	"example.com/landfall/internal/sandbox/arm/provider"
)

// maxFilter bounds a $filter.
const maxFilter = 8192

var (
	comparison = regexp.MustCompile(`(?i)^(\w+)\s+(eq|ne)\s+'((?:[^']|'')*)'$`)
	textMatch  = regexp.MustCompile(`(?i)^(substringof\('((?:[^']|'')*)'\s*,\s*(\w+)\)|startswith\((\w+)\s*,\s*'((?:[^']|'')*)'\))$`)
	orWord     = regexp.MustCompile(`(?i)\s+or\s+`)
	andWord    = regexp.MustCompile(`(?i)\s+and\s+`)
)

// readFilter reads the $filter of a list: comparisons joined by "and", and
// those by "or", as the list of resources documents. Quoted values that contain
// these words between spaces are not supported and refused.
func readFilter(text string) (func(control.View) bool, error) {
	text = strings.TrimSpace(text)
	if text == "" || strings.EqualFold(text, "atScope()") {
		return func(control.View) bool { return true }, nil
	}
	if len(text) > maxFilter {
		return nil, badFilter(text[:80])
	}
	var any []func(control.View) bool
	for _, side := range orWord.Split(text, -1) {
		var all []func(control.View) bool
		// tagName and tagValue belong together: the value is that of the named tag.
		tag := ""
		for _, clause := range andWord.Split(side, -1) {
			test, err := readClause(strings.TrimSpace(strings.Trim(strings.TrimSpace(clause), "()")+closing(clause)), &tag)
			if err != nil {
				return nil, err
			}
			all = append(all, test)
		}
		any = append(any, every(all))
	}
	return some(any), nil
}

// closing gives back the bracket of a function call that Trim took.
func closing(clause string) string {
	lower := strings.ToLower(clause)
	if strings.Contains(lower, "substringof(") || strings.Contains(lower, "startswith(") {
		return ")"
	}
	return ""
}

func every(tests []func(control.View) bool) func(control.View) bool {
	return func(v control.View) bool {
		for _, t := range tests {
			if !t(v) {
				return false
			}
		}
		return true
	}
}

func some(tests []func(control.View) bool) func(control.View) bool {
	return func(v control.View) bool {
		for _, t := range tests {
			if t(v) {
				return true
			}
		}
		return false
	}
}

func badFilter(text string) error {
	return armerror.BadRequest("InvalidFilterInQueryString", "Invalid $filter '%s' specified in the query string.", text)
}

func readClause(text string, tag *string) (func(control.View) bool, error) {
	if m := textMatch.FindStringSubmatch(text); m != nil {
		field, part, prefix := m[3], unquote(m[2]), false
		if m[4] != "" {
			field, part, prefix = m[4], unquote(m[5]), true
		}
		read, ok := fields()[strings.ToLower(field)]
		if !ok {
			return nil, badFilter(text)
		}
		return func(v control.View) bool {
			have, want := strings.ToLower(read(v)), strings.ToLower(part)
			return strings.HasPrefix(have, want) || !prefix && strings.Contains(have, want)
		}, nil
	}
	m := comparison.FindStringSubmatch(text)
	if m == nil {
		return nil, badFilter(text)
	}
	field, equal, want := strings.ToLower(m[1]), strings.EqualFold(m[2], "eq"), unquote(m[3])
	switch field {
	case "tagname":
		*tag = want
		return func(v control.View) bool { _, ok := tagOf(v, want); return ok == equal }, nil
	case "tagvalue":
		name := *tag
		return func(v control.View) bool { return hasTagValue(v, name, want) == equal }, nil
	}
	read, ok := fields()[field]
	if !ok {
		return nil, badFilter(text)
	}
	return func(v control.View) bool {
		have := read(v)
		if field == "location" {
			return (provider.RegionName(have) == provider.RegionName(want)) == equal
		}
		return strings.EqualFold(have, want) == equal
	}, nil
}

func unquote(s string) string { return strings.ReplaceAll(s, "''", "'") }

// fields are what a filter may name.
func fields() map[string]func(control.View) string {
	property := func(path string) func(control.View) string {
		return func(v control.View) string { return document.Text(v.Body, path) }
	}
	return map[string]func(control.View) string{
		"resourcetype":      func(v control.View) string { return v.ID.Type() },
		"name":              func(v control.View) string { return v.ID.Name() },
		"resourcegroup":     func(v control.View) string { return v.ID.Group },
		"location":          property("location"),
		"kind":              property("kind"),
		"principalid":       property("properties.principalId"),
		"assignedto":        property("properties.principalId"),
		"rolename":          property("properties.roleName"),
		"type":              property("properties.type"),
		"provisioningstate": property("properties.provisioningState"),
		"level":             property("properties.level"),
	}
}

func tagOf(v control.View, name string) (string, bool) {
	value, ok := document.Member(document.Object(v.Body, "tags"), name)
	text, _ := value.(string)
	return text, ok
}

func hasTagValue(v control.View, name, want string) bool {
	if name != "" {
		have, ok := tagOf(v, name)
		return ok && strings.EqualFold(have, want)
	}
	for _, value := range document.Object(v.Body, "tags") {
		if text, ok := value.(string); ok && strings.EqualFold(text, want) {
			return true
		}
	}
	return false
}
