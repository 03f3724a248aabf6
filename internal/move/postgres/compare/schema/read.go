package schema

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// part is one query of the catalogue: objects of one kind or of kinds that one
// catalog holds. Its columns are kind, class, obj, sub (the address of the object), name
// (NULL for the one of pg_identify_object), schema, tab (the table that it belongs
// to), owner, acl, acltype (as acldefault wants it), and fields.
type part struct {
	what string
	sql  string
	// since is the first major version that has it.
	since int
}

// around makes objects of what a part lists: who owns them and may use them, what
// is written about them. Defaults of privileges are written out, since an explicit
// grant of the default is no difference.
const around = `
WITH o AS (%s)
SELECT o.kind, coalesce(o.name, (pg_catalog.pg_identify_object(o.class, o.obj, o.sub)).identity, '?'), coalesce(o.schema, ''), coalesce(o.tab, ''),
  CASE WHEN o.owner IS NULL THEN '' ELSE pg_catalog.pg_get_userbyid(o.owner)::text END,
  coalesce((SELECT array_agg(g.line ORDER BY g.line COLLATE "C") FROM (
    SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(x.grantee)::text END || ': ' ||
      string_agg(x.privilege_type || CASE WHEN x.is_grantable THEN '*' ELSE '' END, ', ' ORDER BY x.privilege_type COLLATE "C") ||
      CASE WHEN x.grantor <> o.owner THEN ' (by ' || pg_catalog.pg_get_userbyid(x.grantor) || ')' ELSE '' END AS line
    FROM pg_catalog.aclexplode(coalesce(o.acl, pg_catalog.acldefault(o.acltype::"char", o.owner))) x GROUP BY x.grantee, x.grantor) g), '{}'),
  coalesce((SELECT d.description FROM pg_catalog.pg_description d WHERE d.objoid = o.obj AND d.classoid = o.class AND d.objsubid = o.sub),
    (SELECT d.description FROM pg_catalog.pg_shdescription d WHERE d.objoid = o.obj AND d.classoid = o.class), ''),
  coalesce((SELECT array_agg(l.line ORDER BY l.line COLLATE "C") FROM (
    SELECT l.provider || ': ' || l.label AS line FROM pg_catalog.pg_seclabel l WHERE l.objoid = o.obj AND l.classoid = o.class AND l.objsubid = o.sub
    UNION ALL SELECT l.provider || ': ' || l.label FROM pg_catalog.pg_shseclabel l WHERE l.objoid = o.obj AND l.classoid = o.class) l), '{}'),
  jsonb_strip_nulls(o.fields)::text
FROM o WHERE o.kind = 'privileges' OR NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = o.class AND d.objid = o.obj AND d.deptype = 'e')`

func parts() []part {
	return slices.Concat(relationParts(), columnParts(), ruleParts(), typeParts(), codeParts(), operatorParts(), searchParts(), foreignParts(), databaseParts())
}

func read(ctx context.Context, conn *pgx.Conn, selection pg.Selection) (Catalogue, error) {
	var all Catalogue
	var err error
	if all.Server, err = pg.Look(ctx, conn); err != nil {
		return all, err
	}
	// Compiling these statements takes longer than running them.
	if _, err := conn.Exec(ctx, "SELECT pg_catalog.set_config(name, 'off', false) FROM pg_catalog.pg_settings WHERE name = 'jit'"); err != nil {
		return all, pg.Fault(err, "set", "jit")
	}
	if all.Roles, err = roles(ctx, conn); err != nil {
		return all, pg.Fault(err, "list the roles", "")
	}
	for _, p := range parts() {
		if all.Server.Major() < p.since {
			continue
		}
		objects, err := p.read(ctx, conn, selection)
		if err != nil && (pg.Code(err) == "" || ctx.Err() != nil || lost(pg.Code(err))) {
			return all, pg.Fault(err, "read the catalogue of", p.what)
		}
		if err != nil {
			all.Unread = append(all.Unread, Unread{p.what, pg.Fault(err, "", "").Error()})
			continue
		}
		all.Objects = append(all.Objects, objects...)
	}
	slices.SortFunc(all.Objects, compareObjects)
	return all, nil
}

// lost reports whether the session cannot go on: connection, shut down, resources.
func lost(code string) bool { return slices.Contains([]string{"08", "57", "53"}, code[:2]) }

func compareObjects(a, b Object) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
}

func roles(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT rolname::text FROM pg_catalog.pg_roles ORDER BY rolname::text COLLATE "C"`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func (p part) read(ctx context.Context, conn *pgx.Conn, selection pg.Selection) ([]Object, error) {
	rows, err := conn.Query(ctx, strings.Replace(around, "%s", p.sql, 1))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []Object
	for rows.Next() {
		var o Object
		var table, fields string
		if err := rows.Scan(&o.Kind, &o.Name, &o.Schema, &table, &o.Owner, &o.Grants, &o.Comment, &o.Labels, &fields); err != nil {
			return nil, err
		}
		if !means(selection, o.Schema, table) {
			continue
		}
		if o.Fields, err = fieldsOf(fields); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, rows.Err()
}

// means reports whether an object is meant. What is in no schema is meant where
// the whole database is.
func means(s pg.Selection, schema, table string) bool {
	if schema == "" {
		return s.Schemas == nil && s.Tables == nil
	}
	return s.Keeps(pg.Name{Schema: schema, Name: table})
}

// fieldsOf reads the fields as texts; a list is a line per entry.
func fieldsOf(text string) (map[string]string, error) {
	var raw map[string]any
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for name, value := range raw {
		switch v := value.(type) {
		case []any:
			var lines []string
			for _, one := range v {
				lines = append(lines, fmt.Sprint(one))
			}
			out[name] = strings.Join(lines, "\n")
		default:
			out[name] = fmt.Sprint(v)
		}
	}
	return out, nil
}
