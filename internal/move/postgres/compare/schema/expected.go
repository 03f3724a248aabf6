package schema

import (
	"slices"
	"strings"

	"example.com/landfall/internal/move/postgres/pg"
)

// notCarried are the kinds that a move leaves where they are.
func notCarried(kind string) bool { return kind == "publication" || kind == "subscription" }

// provided reports whether a managed service makes the object in each of its
// databases (documentation of Azure Database for PostgreSQL, "Extensions"; of
// Amazon RDS, "Working with PostgreSQL features").
func provided(o Object, p pg.Platform) bool {
	var owners, extensions []string
	switch p {
	case pg.Flexible:
		owners, extensions = []string{"azuresu", "azure_superuser"}, []string{"azure", "pgaadauth"}
	case pg.RDS, pg.Aurora:
		owners, extensions = []string{"rdsadmin"}, []string{"rds_tools", "aws_commons"}
	default:
		return false
	}
	if o.Kind == "privileges" {
		return systems(o)
	}
	if o.Kind == "extension" {
		return slices.Contains(extensions, o.Name)
	}
	return slices.Contains(owners, o.Owner)
}

// systems reports whether privileges are of an object of the system: on a managed
// service nobody but the service may change them.
func systems(o Object) bool {
	return strings.HasPrefix(o.Name, "pg_catalog") || strings.HasPrefix(o.Name, "information_schema")
}

// superusers reports whether only a superuser can make the object (PostgreSQL
// manual: CREATE LANGUAGE, CREATE TYPE, CREATE OPERATOR CLASS and their like).
func superusers(o Object) bool {
	switch o.Kind {
	case "language", "operator class", "operator family", "text search parser", "text search template", "access method", "foreign data wrapper", "event trigger", "transform":
		return true
	case "type":
		return o.Fields["functions"] != "" || o.Fields["shell"] != ""
	case "function":
		return strings.Contains(o.Fields["definition"], "\n LANGUAGE c\n") || strings.Contains(o.Fields["definition"], "\n LANGUAGE internal\n")
	case "privileges":
		return systems(o)
	case "cast":
		return o.Fields["method"] == "b"
	}
	return false
}

// fencing reports whether the object is what the fence sets.
func fencing(o Object) bool { return o.Kind == "setting" && o.Name == "default_transaction_read_only" }

// expects says why a field may differ.
func (c comparing) expects(source, target Object, field string) string {
	a, b := source.Fields[field], target.Fields[field]
	switch {
	case notCarried(source.Kind):
		return NotCarried
	case source.Kind == "user mapping" && (a == "" && !c.source.Server.Superuser || b == "" && !c.target.Server.Superuser):
		return Hidden
	case field == "owner":
		return c.owner(source, target)
	case field == "grants":
		return c.granted(source, target)
	case source.Kind == "setting" && fencing(source) && c.known.Fenced:
		return ByFence
	case source.Kind == "extension" && field == "version" && c.source.Server.Major() != c.target.Server.Major():
		return ByVersion
	case field == "column order" && source.Fields["parents"] != "" && source.Fields["partition bound"] == "" && sameLines(a, b):
		return ByInheritance
	case source.Kind == "database" && c.source.Server.Major() != c.target.Server.Major() && field == "provider":
		return ByVersion
	case c.source.Server.Major() != c.target.Server.Major() && source.Kind == "trigger" && field == "definition" && executes(a) == executes(b):
		return ByVersion
	case c.source.Server.Major() != c.target.Server.Major() && a != "" && c.loose(a) == c.loose(b):
		return ByVersion
	}
	return ""
}

// executes is the definition of a trigger with the word that pg_get_triggerdef has
// since PostgreSQL 12: "EXECUTE FUNCTION", which was "EXECUTE PROCEDURE" before.
func executes(definition string) string {
	const old, new = " EXECUTE PROCEDURE ", " EXECUTE FUNCTION "
	// The last one: the condition before it may hold the words in a text.
	if i, j := strings.LastIndex(definition, old), strings.LastIndex(definition, new); i > j {
		return definition[:i] + new + definition[i+len(old):]
	}
	return definition
}

func (c comparing) owner(source, target Object) string {
	switch {
	case source.Kind == "database":
		return OwnDatabase
	case !c.targetRoles[source.Owner]:
		return "the role " + source.Owner + " is not on the target"
	case source.Kind == "schema" && source.Name == "public" && c.crosses(15):
		// PostgreSQL 15 gives public to pg_database_owner (release notes).
		return ByVersion
	}
	return ""
}

// multiranges is the version whose ranges each bring a multirange along, with its
// functions and a cast.
const multiranges = 14

// ofOneVersion reports whether only one of two versions has an object by itself: what
// comes with a multirange, and what initdb grants on a view of information_schema that
// the other version lacks. The grants of initdb are those of the owner, and SELECT of
// everybody.
func (c comparing) ofOneVersion(o Object) bool {
	if c.source.Server.Major() == c.target.Server.Major() {
		return false
	}
	if o.Fields["made with"] != "" {
		return c.crosses(multiranges)
	}
	return o.Kind == "privileges" && strings.HasPrefix(o.Name, "information_schema.") &&
		!slices.ContainsFunc(o.Grants, func(line string) bool { return line != "PUBLIC: SELECT" && !strings.HasPrefix(line, o.Owner+": ") })
}

// renamedByParents explains inherited constraints that one side has under another
// name: of the same table, with the same definition, one for one.
func renamedByParents(missing, extra []Difference, source Catalogue, others map[[2]string]Object) {
	lacks := map[string]*Difference{}
	for i := range missing {
		if missing[i].Kind == constraint {
			lacks[missing[i].Name] = &missing[i]
		}
	}
	there := map[string][]*Difference{}
	for i := range extra {
		if o := others[[2]string{constraint, extra[i].Name}]; extra[i].Kind == constraint && inherited(o) {
			there[ofTable(o)] = append(there[ofTable(o)], &extra[i])
		}
	}
	for _, o := range source.Objects {
		d, key := lacks[o.Name], ofTable(o)
		if o.Kind != constraint || d == nil || !inherited(o) || len(there[key]) == 0 {
			continue
		}
		d.Expected, there[key][0].Expected = ByParent, ByParent
		there[key] = there[key][1:]
	}
}

const constraint = "constraint"

// inherited reports whether a constraint is there by its parents alone.
func inherited(o Object) bool {
	by := o.Fields["inherited"]
	return by != "" && !strings.Contains(by, "local")
}

// ofTable is the table of a constraint, and what it says.
func ofTable(o Object) string {
	_, table, _ := strings.Cut(o.Name, " on ")
	return table + "\n" + o.Fields["definition"] + "\n" + o.Fields["not validated"] + "\n" + o.Comment
}

// crosses reports whether a version lies between the two servers.
func (c comparing) crosses(version int) bool {
	return (c.source.Server.Major() >= version) != (c.target.Server.Major() >= version)
}

// granted explains privileges that differ by roles that the target has not, by
// the fence, and by what PostgreSQL 15 took from PUBLIC.
func (c comparing) granted(source, target Object) string {
	if c.known.Fenced && source.Kind == "database" {
		return ByFence
	}
	if source.Kind == "schema" && source.Name == "public" && c.crosses(15) {
		return ByVersion
	}
	lacking := ""
	sourceOwner := source.Owner
	if source.Kind == "database" && source.Owner != target.Owner {
		// Who owned the source's has rights of its own on the target's.
		sourceOwner = ""
		target.Grants = slices.DeleteFunc(slices.Clone(target.Grants), func(line string) bool { return strings.HasPrefix(line, target.Owner+": ") })
		target.Owner = ""
	}
	left := func(lines []string, owner string) []string {
		var out []string
		for _, line := range c.grants(lines) {
			role, list, _ := strings.Cut(line, ": ")
			switch {
			case role == owner:
				// What the owner may do goes by the role that owns it on each side.
				out = append(out, "the owner: "+list)
			case !c.targetRoles[role]:
				lacking = role
			default:
				out = append(out, line)
			}
		}
		slices.Sort(out)
		return out
	}
	if slices.Equal(left(source.Grants, sourceOwner), left(target.Grants, target.Owner)) {
		if source.Kind == "database" && sourceOwner == "" && lacking == "" {
			return OwnDatabase
		}
		if lacking == "" {
			lacking = source.Owner
		}
		if !c.targetRoles[lacking] {
			return "the role " + lacking + " is not on the target"
		}
	}
	return ""
}

func sameLines(a, b string) bool {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// loose is a text of the server without what versions write differently: blanks,
// and the table before a column (views write it since PostgreSQL 16 only where
// there are several). Names of schemas stay.
func (c comparing) loose(text string) string {
	var out []string
	for i := 0; i < len(text); {
		n := word(text[i:])
		one := text[i : i+n]
		i += n
		last := len(out) - 1
		switch {
		case strings.TrimSpace(one) == "":
		case one == "." && last >= 0 && !c.schemas[strings.Trim(out[last], `"`)]:
			out = out[:last]
		default:
			out = append(out, one)
		}
	}
	// XMLSERIALIZE says NO INDENT since PostgreSQL 16 where that is the default.
	return strings.ReplaceAll(strings.Join(out, " "), " NO INDENT )", " )")
}

// word is the length of the first word.
func word(text string) int {
	name := func(b byte) bool {
		return b == '_' || b == '$' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
	}
	switch {
	case text[0] == '\'' || text[0] == '"':
		if end := strings.IndexByte(text[1:], text[0]); end >= 0 {
			return end + 2
		}
		return len(text)
	case name(text[0]):
		n := 1
		for n < len(text) && name(text[n]) {
			n++
		}
		return n
	}
	return 1
}
