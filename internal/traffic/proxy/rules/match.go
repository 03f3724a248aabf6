package rules

import (
	"fmt"
	"strings"
)

// String says in a line what matches.
func (m Match) String() string {
	var parts []string
	if len(m.Methods) > 0 {
		parts = append(parts, strings.Join(m.Methods, "|"))
	}
	if len(m.Hosts) > 0 {
		parts = append(parts, strings.Join(m.Hosts, "|"))
	}
	switch {
	case m.Path.Exact != "":
		parts = append(parts, "path "+m.Path.Exact)
	case m.Path.Prefix != "":
		parts = append(parts, "below "+m.Path.Prefix)
	case m.Path.Regexp != "":
		parts = append(parts, "path ~ "+m.Path.Regexp)
	}
	for _, h := range m.Headers {
		parts = append(parts, "header "+h.String())
	}
	for _, c := range m.Cookies {
		parts = append(parts, "cookie "+c.String())
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, ", ")
}

// String says in a word what is wanted of a header or cookie.
func (v ValueMatch) String() string {
	switch {
	case v.Regexp != "":
		return fmt.Sprintf("%s ~ %s", v.Name, v.Regexp)
	case v.Value != "":
		return fmt.Sprintf("%s = %s", v.Name, v.Value)
	}
	return v.Name
}
