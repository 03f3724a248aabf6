package catalog

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed data/roles.tsv.gz
var rolesGZ []byte

// Role is a built-in role of Azure.
type Role struct {
	GUID, Name                                       string
	Actions, NotActions, DataActions, NotDataActions []string
}

// Known reports whether the catalogue knows what the role grants.
func (r Role) Known() bool { return len(r.Actions) > 0 || len(r.DataActions) > 0 }

const roleWidth = 6

type roles struct {
	// lines by name, index from lower-case names and ids to lines.
	lines []string
	index map[string]int
}

func loadRoles() (roles, error) {
	text, err := unzip("roles", rolesGZ)
	out := roles{index: make(map[string]int, 1800)}
	eachLine(text, func(guid, line string) {
		_, rest, _ := strings.Cut(line, "\t")
		name, _, _ := strings.Cut(rest, "\t")
		out.index[strings.ToLower(guid)] = len(out.lines)
		out.index[strings.ToLower(name)] = len(out.lines)
		out.lines = append(out.lines, line)
	})
	return out, err
}

func readRole(line string) (Role, error) {
	r := &cells{text: strings.Split(line, "\t")}
	if len(r.text) != roleWidth {
		return Role{}, fmt.Errorf("role %q has %d cells, want %d", r.at(0), len(r.text), roleWidth)
	}
	return Role{r.at(0), r.at(1), r.list(2, ";"), r.list(3, ";"), r.list(4, ";"), r.list(5, ";")}, nil
}

// Role returns a built-in role by its name or its guid, in any case.
func (c *Catalog) Role(nameOrGUID string) (Role, bool) {
	at, ok := c.roles.index[strings.ToLower(nameOrGUID)]
	if !ok {
		return Role{}, false
	}
	role, err := readRole(c.roles.lines[at])
	return role, err == nil
}

// Roles returns all built-in roles by name. It reads the whole table: call it once.
func (c *Catalog) Roles() []Role {
	out := make([]Role, 0, len(c.roles.lines))
	for _, line := range c.roles.lines {
		if role, err := readRole(line); err == nil {
			out = append(out, role)
		}
	}
	slices.SortFunc(out, func(a, b Role) int { return strings.Compare(a.Name, b.Name) })
	return out
}
