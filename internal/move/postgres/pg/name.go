package pg

import (
	"cmp"
	"strings"
)

// Name is a name in a schema.
type Name struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
}

// SQL is the name as a statement needs it.
func (n Name) SQL() string { return Quote(n.Schema) + "." + Quote(n.Name) }

// String is the name for people; a part is quoted where it has to be.
func (n Name) String() string { return plain(n.Schema) + "." + plain(n.Name) }

// Compare orders names.
func (n Name) Compare(o Name) int {
	return cmp.Or(strings.Compare(n.Schema, o.Schema), strings.Compare(n.Name, o.Name))
}

// Quote quotes an identifier.
func Quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// Literal quotes a text. It is right whatever standard_conforming_strings says.
func Literal(s string) string {
	text := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(text, `\`, `\\`)
	}
	return text
}

func plain(s string) string {
	for i, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (i == 0 || (r < '0' || r > '9') && r != '$') {
			return Quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}
