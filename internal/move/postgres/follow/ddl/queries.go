package ddl

import (
	"slices"
	"strings"
)

// queries read objects of one kind or several: kind, schema, name, schema and name
// of the table that it belongs to ("" for none), and the digest of the definition.
// They are written with a few words of their own, so that each says only what is
// its own: $own(class, oid) keeps what is no extension's, $schema(n) what is in a
// schema of the user, $acl(list, kind, owner) writes rights in order, $note(oid,
// class) the comment, $collation(oid) its name, and $digest(...) the digest of its
// arguments.
func queries(major int) []string {
	var all []string
	for _, sql := range slices.Concat(relationQueries(), codeQueries(major), otherQueries()) {
		all = append(all, expand(sql))
	}
	return all
}

// expand writes the words out.
func expand(sql string) string {
	for _, w := range []struct {
		word string
		text func(args []string) string
	}{
		{"$own(", func(a []string) string {
			return "NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog." + a[0] + "'::regclass AND e.objid = " + a[1] + " AND e.deptype = 'e')"
		}},
		{"$schema(", func(a []string) string {
			return a[0] + ".nspname !~ '^pg_' AND " + a[0] + ".nspname <> 'information_schema' AND pg_catalog.left(" + a[0] + ".nspname, 9) <> 'landfall_'"
		}},
		{"$acl(", func(a []string) string {
			return "(SELECT pg_catalog.string_agg(x::text, ' ' ORDER BY x::text COLLATE \"C\") FROM pg_catalog.unnest(coalesce(" + a[0] + ", pg_catalog.acldefault(" + a[1] + ", " + a[2] + "))) x)"
		}},
		{"$note(", func(a []string) string {
			return "pg_catalog.obj_description(" + a[0] + ", '" + a[1] + "')"
		}},
		{"$collation(", func(a []string) string {
			return "(SELECT ln.nspname || '.' || lc.collname FROM pg_catalog.pg_collation lc JOIN pg_catalog.pg_namespace ln ON ln.oid = lc.collnamespace WHERE lc.oid = " + a[0] + ")"
		}},
		{"$digest(", func(a []string) string {
			return "pg_catalog.md5(pg_catalog.concat_ws('|', " + strings.Join(quoteNulls(a), ", ") + "))"
		}},
	} {
		sql = replace(sql, w.word, w.text)
	}
	return sql
}

// quoteNulls keeps arguments that are NULL in their places.
func quoteNulls(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = "coalesce((" + a + ")::text, '-')"
	}
	return out
}

// replace replaces every word(arguments); arguments may hold brackets and quotes.
func replace(sql, word string, text func([]string) string) string {
	for {
		from := strings.LastIndex(sql, word) // the innermost first
		if from < 0 {
			return sql
		}
		var args []string
		depth, begin, quoted := 1, from+len(word), false
		i := begin
		for ; depth > 0; i++ {
			switch c := sql[i]; {
			case c == '\'':
				quoted = !quoted
			case quoted:
			case c == '(':
				depth++
			case c == ')':
				depth--
			case c == ',' && depth == 1:
				args = append(args, strings.TrimSpace(sql[begin:i]))
				begin = i + 1
			}
		}
		args = append(args, strings.TrimSpace(sql[begin:i-1]))
		sql = sql[:from] + text(args) + sql[i:]
	}
}

// relationQueries are tables and what belongs to them. pg_get_indexdef and its like
// say everything but what is asked for beside them. Options of a column that begin
// with "pg_" are the server's own notes, different on every server (pg_attver of
// 15.20), which pg_dump leaves out as well.
func relationQueries() []string {
	return []string{
		`SELECT 'schema', '', n.nspname, '', '', $digest(pg_catalog.pg_get_userbyid(n.nspowner), $acl(n.nspacl, 'n', n.nspowner), $note(n.oid, pg_namespace))
FROM pg_catalog.pg_namespace n WHERE $schema(n) AND $own(pg_namespace, n.oid)`,

		`SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'composite type' ELSE 'table' END,
  n.nspname, c.relname, n.nspname, c.relname, $digest(c.relkind, c.relpersistence, pg_catalog.pg_get_userbyid(c.relowner), $acl(c.relacl, 'r', c.relowner), c.reloptions,
  c.relrowsecurity, c.relforcerowsecurity, c.relreplident, pg_catalog.pg_get_expr(c.relpartbound, c.oid), CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
  (SELECT pg_catalog.string_agg(h.inhparent::regclass::text, ' ' ORDER BY h.inhseqno) FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid), $note(c.oid, pg_class),
  CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END, CASE WHEN c.relkind = 'f' THEN (SELECT ft.ftserver::text || ft.ftoptions::text FROM pg_catalog.pg_foreign_table ft WHERE ft.ftrelid = c.oid) END,
  CASE WHEN c.reloftype <> 0 THEN pg_catalog.format_type(c.reloftype, NULL) END)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND c.relpersistence <> 't' AND $schema(n) AND $own(pg_class, c.oid)`,

		`SELECT 'column', '', a.attname, n.nspname, c.relname, $digest(pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, pg_catalog.row_to_json(a)->>'attgenerated',
  $collation(a.attcollation), pg_catalog.pg_get_expr(d.adbin, d.adrelid), (SELECT pg_catalog.string_agg(x::text, ' ' ORDER BY x::text COLLATE "C") FROM pg_catalog.unnest(a.attacl) x),
  (SELECT pg_catalog.string_agg(o, ' ' ORDER BY o COLLATE "C") FROM pg_catalog.unnest(a.attoptions) o WHERE pg_catalog.left(o, 3) <> 'pg_'), a.attfdwoptions, a.attstorage, pg_catalog.col_description(c.oid, a.attnum))
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'c') AND c.relpersistence <> 't' AND $schema(n) AND $own(pg_class, c.oid)`,

		`SELECT 'index', '', ic.relname, n.nspname, c.relname, $digest(pg_catalog.pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisreplident, i.indisclustered, ic.reloptions, $note(i.indexrelid, pg_class))
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' AND $schema(n) AND $own(pg_class, c.oid)`,

		`SELECT 'constraint', '', k.conname, n.nspname, c.relname, $digest(pg_catalog.pg_get_constraintdef(k.oid), k.convalidated, k.condeferrable, k.condeferred, $note(k.oid, pg_constraint))
FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' AND $schema(n) AND $own(pg_class, c.oid)`,

		`SELECT 'trigger', '', t.tgname, n.nspname, c.relname, $digest(pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled, $note(t.oid, pg_trigger))
FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND c.relpersistence <> 't' AND $schema(n) AND $own(pg_class, c.oid)`,

		`SELECT 'rule', '', r.rulename, n.nspname, c.relname, $digest(pg_catalog.pg_get_ruledef(r.oid), r.ev_enabled, $note(r.oid, pg_rewrite))
FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND $schema(n) AND $own(pg_class, c.oid)`,

		`SELECT 'policy', '', p.polname, n.nspname, c.relname, $digest(p.polcmd, p.polpermissive,
  (SELECT pg_catalog.string_agg(CASE r WHEN 0 THEN 'public' ELSE pg_catalog.pg_get_userbyid(r) END, ' ' ORDER BY pg_catalog.pg_get_userbyid(r)::text COLLATE "C") FROM pg_catalog.unnest(p.polroles) r),
  pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), $note(p.oid, pg_policy))
FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE $schema(n) AND $own(pg_class, c.oid)`,

		`SELECT 'sequence', n.nspname, c.relname, '', '', $digest(q.seqtypid::regtype, q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache, q.seqcycle, pg_catalog.pg_get_userbyid(c.relowner),
  $acl(c.relacl, 's', c.relowner), c.relpersistence, $note(c.oid, pg_class))
FROM pg_catalog.pg_sequence q JOIN pg_catalog.pg_class c ON c.oid = q.seqrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' AND $schema(n) AND $own(pg_class, c.oid)`,
	}
}
