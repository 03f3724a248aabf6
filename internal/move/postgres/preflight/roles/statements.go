package roles

import (
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
)

func (b *builder) add(role, sql string) {
	b.plan.Statements = append(b.plan.Statements, Statement{SQL: sql, Role: role})
}

func (b *builder) omit(name, why string) {
	b.plan.Omitted = append(b.plan.Omitted, Left{Name: name, Why: why})
}

// create makes the roles that are not there, without a password.
func (b *builder) create() {
	for _, r := range b.source.Roles {
		at, planned := b.at[r.Name]
		if planned && r.Login && r.Name != b.login() {
			b.plan.Passwords = append(b.plan.Passwords, r.Name)
		}
		if !planned || b.plan.Roles[at].Exists {
			continue
		}
		b.add(r.Name, "CREATE ROLE "+pg.Quote(r.Name)+attributes(r, b.powers()))
		if r.Comment != "" {
			b.add(r.Name, "COMMENT ON ROLE "+pg.Quote(r.Name)+" IS "+strings.TrimSpace(pg.Literal(r.Comment)))
		}
	}
}

// attributes leaves out SUPERUSER, and what only superusers give where there is
// none.
func attributes(r facts.Role, powers bool) string {
	var out strings.Builder
	for _, a := range []struct {
		set  bool
		name string
	}{{r.Login, "LOGIN"}, {!r.Inherit, "NOINHERIT"}, {r.CreateDB, "CREATEDB"}, {r.CreateRole, "CREATEROLE"}, {r.Replication && powers, "REPLICATION"}, {r.Bypass && powers, "BYPASSRLS"}} {
		if a.set {
			out.WriteString(" " + a.name)
		}
	}
	if r.Limit >= 0 {
		out.WriteString(" CONNECTION LIMIT " + strconv.Itoa(r.Limit))
	}
	if r.Until != "" {
		out.WriteString(" VALID UNTIL " + pg.Literal(r.Until))
	}
	return out.String()
}

// own makes Landfall's login a member of the owners: only who can become a role
// may give objects to it (PostgreSQL manual, ALTER TABLE, OWNER TO).
func (b *builder) own() {
	login := b.login()
	if login == "" || b.powers() {
		return
	}
	for _, r := range b.plan.Roles {
		if !r.Owns || r.Name == login || b.holds(r.Name, login) {
			continue
		}
		grant := "GRANT " + pg.Quote(r.Name) + " TO " + pg.Quote(login)
		if b.target.Major >= 16 {
			grant += " WITH INHERIT TRUE, SET TRUE"
		}
		b.plan.Statements = append(b.plan.Statements, Statement{SQL: grant, Role: r.Name, Why: "objects can be given only to a role that one is a member of",
			Undo: "REVOKE " + pg.Quote(r.Name) + " FROM " + pg.Quote(login)})
	}
}

// holds reports whether the target has the membership already, of its own accord.
func (b *builder) holds(role, member string) bool {
	return b.target.Facts != nil && slices.ContainsFunc(b.target.Facts.Members, func(m facts.Member) bool {
		return m.Role == role && m.Member == member && m.Inherit && m.Set
	})
}

func (b *builder) members() {
	for _, m := range b.source.Members {
		if _, planned := b.at[m.Member]; !planned {
			continue
		}
		role := m.Role
		label := "membership of " + m.Member + " in " + m.Role
		_, planned := b.at[role]
		switch why, instead, own := provider(b.source.Server.Platform, role, b.target.Platform); {
		case own && instead == "":
			b.omit(label, why)
			continue
		case own:
			role = instead
		case strings.HasPrefix(role, "pg_") && (since(role) == 0 || since(role) > b.target.Major):
			b.omit(label, "the target's version has no such role")
			continue
		case !strings.HasPrefix(role, "pg_") && !planned:
			b.omit(label, "that role is not made")
			continue
		}
		b.add(m.Member, "GRANT "+pg.Quote(role)+" TO "+pg.Quote(m.Member)+b.options(m))
	}
}

// options are those of a membership, in the form of the target's version.
func (b *builder) options(m facts.Member) string {
	if b.target.Major < 16 {
		if m.Admin {
			return " WITH ADMIN OPTION"
		}
		return ""
	}
	var out []string
	if m.Admin {
		out = append(out, "ADMIN TRUE")
	}
	if m.Explicit {
		out = append(out, "INHERIT "+truth(m.Inherit), "SET "+truth(m.Set))
	}
	if out == nil {
		return ""
	}
	return " WITH " + strings.Join(out, ", ")
}

func truth(b bool) string {
	if b {
		return "TRUE"
	}
	return "FALSE"
}

// roomy is a limit of sessions that is not in the way of the copy.
const roomy = 50

// grants are the rights on the database itself. What PUBLIC has not at the source
// is taken from it.
func (b *builder) grants() {
	database := pg.Quote(b.target.Database)
	public := map[string]bool{}
	for _, g := range b.source.Grants {
		role := "PUBLIC"
		if g.Grantee == "" {
			public[g.Right] = true
		} else {
			if _, planned := b.at[g.Grantee]; !planned {
				b.omit(g.Right+" on the database for "+g.Grantee, "that role is not made")
				continue
			}
			role = pg.Quote(g.Grantee)
		}
		sql := "GRANT " + g.Right + " ON DATABASE " + database + " TO " + role
		if g.Grantable {
			sql += " WITH GRANT OPTION"
		}
		b.add(g.Grantee, sql)
	}
	if at, planned := b.at[b.source.Owner]; planned && b.plan.Roles[at].Name != b.login() {
		b.plan.Statements = append(b.plan.Statements, Statement{SQL: "GRANT ALL ON DATABASE " + database + " TO " + pg.Quote(b.source.Owner), Role: b.source.Owner,
			Why: "it owns the database at the source"})
	}
	if b.source.Comment != "" {
		b.add("", "COMMENT ON DATABASE "+database+" IS "+strings.TrimSpace(pg.Literal(b.source.Comment)))
	}
	switch limit := b.source.Limit; {
	case limit >= roomy:
		b.add("", "ALTER DATABASE "+database+" CONNECTION LIMIT "+strconv.Itoa(limit))
	case limit > 0:
		b.omit("CONNECTION LIMIT "+strconv.Itoa(limit)+" of the database", "the copy itself may need more sessions; set it by hand afterwards")
	}
	for _, right := range []string{"CONNECT", "TEMPORARY"} {
		if !public[right] && len(b.source.Roles) > 0 {
			b.add("", "REVOKE "+right+" ON DATABASE "+database+" FROM PUBLIC")
		}
	}
}

// settings are those of roles and of the database. A value that may be a secret
// is not carried over.
func (b *builder) settings() {
	for _, o := range b.source.Overrides {
		label := "setting " + o.Name
		of := "ALL"
		if o.Role != "" {
			label, of = label+" of "+o.Role, pg.Quote(o.Role)
		}
		_, planned := b.at[o.Role]
		switch {
		case o.Secret:
			b.omit(label, "its value may be a secret; set it by hand")
			continue
		case o.Role != "" && !planned:
			continue // the role is listed as left
		case strings.HasPrefix(o.Name, "rds."):
			b.omit(label, "only RDS has it")
			continue
		}
		head := "ALTER ROLE " + of
		switch {
		case o.Database != "" && o.Role == "":
			head = "ALTER DATABASE " + pg.Quote(b.target.Database)
		case o.Database != "":
			head += " IN DATABASE " + pg.Quote(b.target.Database)
		case o.Role == "":
			b.omit(label+" of all roles in all databases", "it would change other databases of the target")
			continue
		}
		b.add(o.Role, head+" SET "+parameter(o.Name)+" TO "+value(o.Name, o.Value))
	}
}

// parameter quotes a name; custom ones have a part before a dot, which is quoted
// by itself.
func parameter(name string) string {
	head, tail, custom := strings.Cut(name, ".")
	if !custom {
		return pg.Quote(name)
	}
	return pg.Quote(head) + "." + pg.Quote(tail)
}

// value writes a value as ALTER ... SET wants it. Parameters that are lists are
// kept by the server as they are written, names quoted; as one text they would
// be one name (function GetConfigOptionFlags, GUC_LIST_QUOTE, of the server).
func value(name, text string) string {
	lists := []string{"search_path", "local_preload_libraries", "session_preload_libraries", "shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"}
	if !slices.Contains(lists, strings.ToLower(name)) || text == "" {
		return strings.TrimSpace(pg.Literal(text))
	}
	var out []string
	for _, element := range elements(text) {
		out = append(out, strings.TrimSpace(pg.Literal(element)))
	}
	return strings.Join(out, ", ")
}

// elements splits a list of names of which some are quoted.
func elements(text string) []string {
	var out []string
	for rest := strings.TrimSpace(text); rest != ""; {
		var element string
		if rest[0] == '"' {
			end := 1
			for end < len(rest) && (rest[end] != '"' || end+1 < len(rest) && rest[end+1] == '"') {
				if rest[end] == '"' {
					end++
				}
				end++
			}
			element, rest = strings.ReplaceAll(rest[1:min(end, len(rest))], `""`, `"`), rest[min(end+1, len(rest)):]
			_, rest, _ = strings.Cut(rest, ",")
		} else {
			element, rest, _ = strings.Cut(rest, ",")
			element = strings.TrimSpace(element)
		}
		out, rest = append(out, element), strings.TrimSpace(rest)
	}
	return out
}
