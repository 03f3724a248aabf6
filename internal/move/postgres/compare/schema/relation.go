package schema

// ours are the relations that are neither the system's, nor Landfall's, nor an
// extension's. Up to PostgreSQL 11 the OID is a hidden column, which a star leaves
// out.
const ours = `(SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relpersistence, c.reloptions, c.relam, c.reltablespace, c.reltoastrelid, c.relispopulated, c.relrowsecurity,
    c.relforcerowsecurity, c.relreplident, c.relispartition, c.relpartbound, c.reloftype, n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^(pg_toast|pg_temp|landfall_)' AND c.relpersistence <> 't'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e'))`

// aSchema is whether a schema is one that is moved.
const aSchema = `(n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^(pg_toast|pg_temp|landfall_)')`

func relationParts() []part {
	return []part{
		{what: "schemas", sql: `SELECT 'schema' AS kind, 'pg_catalog.pg_namespace'::regclass::oid AS class, n.oid AS obj, 0 AS sub, NULL::text AS name, n.nspname::text AS schema, NULL::text AS tab,
  n.nspowner AS owner, n.nspacl AS acl, 'n' AS acltype, '{}'::jsonb AS fields FROM pg_catalog.pg_namespace n WHERE ` + aSchema},
		{what: "tables", sql: tables},
		{what: "views", sql: `SELECT CASE c.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind, 'pg_catalog.pg_class'::regclass::oid AS class, c.oid AS obj, 0 AS sub, NULL::text AS name,
  c.nspname::text AS schema, c.relname::text AS tab, c.relowner AS owner, c.relacl AS acl, 'r' AS acltype, jsonb_build_object('definition', pg_catalog.pg_get_viewdef(c.oid),
  'options', ` + sorted("c.reloptions") + `, 'not populated', CASE WHEN NOT c.relispopulated THEN true END, 'access method', ` + accessMethod + `, 'tablespace', ` + tablespace + `) AS fields FROM ` + ours + ` c WHERE c.relkind IN ('v', 'm')`},
		{what: "sequences", sql: `SELECT 'sequence' AS kind, 'pg_catalog.pg_class'::regclass::oid AS class, c.oid AS obj, 0 AS sub, NULL::text AS name, c.nspname::text AS schema, c.relname::text AS tab,
  c.relowner AS owner, c.relacl AS acl, 's' AS acltype, jsonb_build_object('type', pg_catalog.format_type(s.seqtypid, NULL), 'start', s.seqstart::text, 'increment', s.seqincrement::text,
  'minimum', s.seqmin::text, 'maximum', s.seqmax::text, 'cache', s.seqcache::text, 'cycle', CASE WHEN s.seqcycle THEN true END, 'unlogged', CASE WHEN c.relpersistence = 'u' THEN true END,
  'owned by', (SELECT (pg_catalog.pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid)).identity || CASE d.deptype WHEN 'i' THEN ' as identity' ELSE '' END FROM pg_catalog.pg_depend d
     WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1)) AS fields
  FROM ` + ours + ` c JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid WHERE c.relkind = 'S'`},
		{what: "indexes", sql: `SELECT 'index' AS kind, 'pg_catalog.pg_class'::regclass::oid AS class, c.oid AS obj, 0 AS sub, NULL::text AS name, c.nspname::text AS schema, t.relname::text AS tab,
  NULL::oid AS owner, NULL::aclitem[] AS acl, NULL::text AS acltype, jsonb_build_object('definition', pg_catalog.pg_get_indexdef(c.oid), 'invalid', CASE WHEN NOT i.indisvalid THEN true END,
  'clustered', CASE WHEN i.indisclustered THEN true END, 'replica identity', CASE WHEN i.indisreplident THEN true END, 'not immediate', CASE WHEN NOT i.indimmediate THEN true END, 'tablespace', ` + tablespace + `,
  'options', ` + sorted("c.reloptions") + `,
  'statistics', (SELECT string_agg(a.attnum || '=' || (to_jsonb(a)->>'attstattarget'), ', ' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND (to_jsonb(a)->>'attstattarget')::int >= 0),
  'partition of', (SELECT string_agg(h.inhparent::regclass::text, ', ') FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid)) AS fields
  FROM ` + ours + ` c JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid JOIN ` + ours + ` t ON t.oid = i.indrelid WHERE c.relkind IN ('i', 'I')`},
	}
}

// sorted is a list of options in the order of their text.
func sorted(column string) string {
	return `(SELECT array_agg(x ORDER BY x COLLATE "C") FROM unnest(` + column + `) x)`
}

const accessMethod = `(SELECT m.amname FROM pg_catalog.pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap' AND c.relkind <> 'v')`

const tablespace = `(SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace)`

// tables are plain, partitioned and foreign ones.
const tables = `SELECT CASE c.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind, 'pg_catalog.pg_class'::regclass::oid AS class, c.oid AS obj, 0 AS sub, NULL::text AS name,
  c.nspname::text AS schema, c.relname::text AS tab, c.relowner AS owner, c.relacl AS acl, 'r' AS acltype, jsonb_build_object(
  'unlogged', CASE WHEN c.relpersistence = 'u' THEN true END,
  'options', (SELECT array_agg(x ORDER BY x COLLATE "C") FROM unnest(c.reloptions) x),
  'toast options', (SELECT array_agg(x ORDER BY x COLLATE "C") FROM pg_catalog.pg_class tc, unnest(tc.reloptions) x WHERE tc.oid = c.reltoastrelid),
  'access method', ` + accessMethod + `, 'tablespace', ` + tablespace + `,
  'row security', CASE WHEN c.relrowsecurity THEN true END, 'force row security', CASE WHEN c.relforcerowsecurity THEN true END,
  'replica identity', CASE c.relreplident WHEN 'd' THEN NULL WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' ELSE 'index' END,
  'partition key', CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
  'partition bound', CASE WHEN c.relispartition THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid) END,
  'partition detached', (SELECT true FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid AND to_jsonb(h)->>'inhdetachpending' = 'true' LIMIT 1),
  'parents', (SELECT array_agg(h.inhparent::regclass::text ORDER BY h.inhseqno) FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid),
  'of type', CASE WHEN c.reloftype <> 0 THEN pg_catalog.format_type(c.reloftype, NULL) END,
  'server', (SELECT s.srvname FROM pg_catalog.pg_foreign_table f JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid),
  'server options', (SELECT array_agg(x ORDER BY x COLLATE "C") FROM pg_catalog.pg_foreign_table f, unnest(f.ftoptions) x WHERE f.ftrelid = c.oid),
  'column order', (SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)) AS fields
  FROM ` + ours + ` c WHERE c.relkind IN ('r', 'p', 'f')`

func columnParts() []part {
	return []part{{what: "columns", sql: `SELECT 'column' AS kind, 'pg_catalog.pg_class'::regclass::oid AS class, c.oid AS obj, a.attnum::int AS sub, NULL::text AS name, c.nspname::text AS schema, c.relname::text AS tab,
  c.relowner AS owner, a.attacl AS acl, 'c' AS acltype, jsonb_build_object('type', pg_catalog.format_type(a.atttypid, a.atttypmod),
  'not null', CASE WHEN a.attnotnull THEN true END,
  'default', CASE WHEN coalesce(to_jsonb(a)->>'attgenerated', '') = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END,
  'generated', CASE coalesce(to_jsonb(a)->>'attgenerated', '') WHEN '' THEN NULL WHEN 's' THEN 'stored: ' ELSE 'virtual: ' END || pg_catalog.pg_get_expr(d.adbin, d.adrelid),
  'identity', CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END,
  'collation', CASE WHEN a.attcollation <> t.typcollation THEN (pg_catalog.pg_identify_object('pg_catalog.pg_collation'::regclass, a.attcollation, 0)).identity END,
  'storage', CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END,
  'compression', nullif(to_jsonb(a)->>'attcompression', ''),
  'statistics', CASE WHEN (to_jsonb(a)->>'attstattarget')::int >= 0 THEN to_jsonb(a)->>'attstattarget' END,
  'options', (SELECT array_agg(x ORDER BY x COLLATE "C") FROM unnest(a.attoptions) x WHERE x !~ '^pg_'),
  'server options', (SELECT array_agg(x ORDER BY x COLLATE "C") FROM unnest(a.attfdwoptions) x),
  'inherited', CASE WHEN a.attinhcount > 0 THEN a.attinhcount::text || CASE WHEN a.attislocal THEN ' and local' ELSE '' END END) AS fields
  FROM ` + ours + ` c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')`}}
}

func ruleParts() []part {
	return []part{
		// Constraints of kind n are NOT NULL since PostgreSQL 18; columns have it in all
		// versions. Those of kind t are listed as triggers. Foreign keys to a partitioned
		// table have one more for each partition, with names that the server chooses.
		{what: "constraints", sql: `SELECT 'constraint' AS kind, 'pg_catalog.pg_constraint'::regclass::oid AS class, k.oid AS obj, 0 AS sub, NULL::text AS name, c.nspname::text AS schema, c.relname::text AS tab,
  NULL::oid AS owner, NULL::aclitem[] AS acl, NULL::text AS acltype, jsonb_build_object('definition', pg_catalog.pg_get_constraintdef(k.oid), 'not validated', CASE WHEN NOT k.convalidated THEN true END,
  'no inherit', CASE WHEN k.connoinherit AND k.contype = 'c' THEN true END, 'inherited', CASE WHEN k.coninhcount > 0 THEN k.coninhcount::text || CASE WHEN k.conislocal THEN ' and local' ELSE '' END END,
  'index', CASE WHEN k.contype IN ('p', 'u', 'x') THEN (SELECT x.relname FROM pg_catalog.pg_class x WHERE x.oid = k.conindid) END) AS fields
  FROM ` + ours + ` c JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid WHERE k.contype NOT IN ('t', 'n')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint up WHERE up.oid = (to_jsonb(k)->>'conparentid')::oid AND up.conrelid = k.conrelid)`},
		{what: "domain constraints", sql: `SELECT 'domain constraint' AS kind, 'pg_catalog.pg_constraint'::regclass::oid AS class, k.oid AS obj, 0 AS sub, NULL::text AS name, n.nspname::text AS schema, NULL::text AS tab,
  NULL::oid AS owner, NULL::aclitem[] AS acl, NULL::text AS acltype, jsonb_build_object('definition', pg_catalog.pg_get_constraintdef(k.oid), 'not validated', CASE WHEN NOT k.convalidated THEN true END) AS fields
  FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE k.contypid <> 0 AND k.contype NOT IN ('t', 'n') AND ` + aSchema + ` AND ` + notOf("pg_type", "t.oid")},
		{what: "triggers", sql: `SELECT 'trigger' AS kind, 'pg_catalog.pg_trigger'::regclass::oid AS class, g.oid AS obj, 0 AS sub, NULL::text AS name, c.nspname::text AS schema, c.relname::text AS tab,
  NULL::oid AS owner, NULL::aclitem[] AS acl, NULL::text AS acltype, jsonb_build_object('definition', pg_catalog.pg_get_triggerdef(g.oid), 'enabled', ` + enabled("g.tgenabled") + `,
  'of parent', CASE WHEN coalesce(to_jsonb(g)->>'tgparentid', '0') <> '0' THEN true END) AS fields
  FROM ` + ours + ` c JOIN pg_catalog.pg_trigger g ON g.tgrelid = c.oid WHERE NOT g.tgisinternal`},
		{what: "rules", sql: `SELECT 'rule' AS kind, 'pg_catalog.pg_rewrite'::regclass::oid AS class, r.oid AS obj, 0 AS sub, NULL::text AS name, c.nspname::text AS schema, c.relname::text AS tab,
  NULL::oid AS owner, NULL::aclitem[] AS acl, NULL::text AS acltype, jsonb_build_object('definition', pg_catalog.pg_get_ruledef(r.oid), 'enabled', ` + enabled("r.ev_enabled") + `) AS fields
  FROM ` + ours + ` c JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid WHERE r.rulename <> '_RETURN'`},
		{what: "policies", sql: `SELECT 'policy' AS kind, 'pg_catalog.pg_policy'::regclass::oid AS class, p.oid AS obj, 0 AS sub, NULL::text AS name, c.nspname::text AS schema, c.relname::text AS tab,
  NULL::oid AS owner, NULL::aclitem[] AS acl, NULL::text AS acltype, jsonb_build_object('command', p.polcmd::text, 'restrictive', CASE WHEN NOT p.polpermissive THEN true END,
  'roles', (SELECT array_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(r)::text END ORDER BY CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(r)::text END COLLATE "C") FROM unnest(p.polroles) r),
  'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid), 'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)) AS fields
  FROM ` + ours + ` c JOIN pg_catalog.pg_policy p ON p.polrelid = c.oid`},
	}
}

// enabled is when a trigger or rule fires, NULL for as usual.
func enabled(column string) string {
	return `CASE ` + column + ` WHEN 'O' THEN NULL WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' ELSE 'always' END`
}

// notOf is that an object is not an extension's.
func notOf(catalog, oid string) string {
	return `NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.` + catalog + `'::regclass AND e.objid = ` + oid + ` AND e.deptype = 'e')`
}
