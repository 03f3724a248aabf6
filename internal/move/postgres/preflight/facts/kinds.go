package facts

import "slices"

// kind is a kind of object and the query that lists it: schema, name, detail.
type kind struct {
	kind string
	// from and until are the first and the last major version that have it, 0 for
	// any.
	from, until int
	sql         string
}

func (k kind) fits(major int) bool { return major >= k.from && (k.until == 0 || major <= k.until) }

// The kinds of Object.
const (
	AccessMethod    = "access method"
	BaseType        = "base type"
	BinaryCast      = "cast"
	CollationUsed   = "collation in use"
	Collation       = "collation"
	ConstraintOpen  = "constraint not validated"
	DefaultInternal = "aggregate with internal state"
	EnumHash        = "hash partition by enum"
	EventTrigger    = "event trigger"
	ForeignServer   = "foreign server"
	ForeignTable    = "foreign table"
	ForeignWrapper  = "foreign data wrapper"
	Function        = "function in an untrusted language"
	FunctionDefiner = "security definer function"
	FunctionSuper   = "function of a superuser"
	FunctionLeak    = "leakproof function"
	FunctionSets    = "function that sets a parameter"
	Gone            = "what newer versions have no more"
	InvalidIndex    = "invalid index"
	Label           = "security label"
	Language        = "language"
	Matview         = "materialized view"
	OperatorClass   = "operator class"
	SearchParser    = "text search parser"
	SearchTemplate  = "text search template"
	Tablespace      = "tablespace"
	TextPartition   = "range partition by text"
	TriggerAlways   = "trigger that fires on replication"
	UserMapping     = "user mapping"
)

// own leaves out what is an extension's, what a new cluster has, and what another
// object brings along: the functions and the cast of a range are made with its type.
func own(class, alias string) string {
	return alias + ".oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x WHERE x.classid = 'pg_catalog." + class + "'::regclass AND x.objid = " + alias + ".oid AND x.deptype IN ('e', 'i'))"
}

func kinds() []kind {
	return slices.Concat(superuserKinds(), functionKinds(), otherKinds(), goneKinds())
}

// superuserKinds are what a plain server lets superusers alone create (PostgreSQL
// manual, the Notes of each CREATE).
func superuserKinds() []kind {
	return []kind{
		{AccessMethod, 0, 0, `SELECT '', amname::text, amtype::text FROM pg_catalog.pg_am a WHERE ` + own("pg_am", "a")},
		{BaseType, 0, 0, `SELECT n.nspname::text, t.typname::text, '' FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'b' AND NOT (t.typelem <> 0 AND t.typinput = 'pg_catalog.array_in'::regproc) AND t.typisdefined AND ` + own("pg_type", "t")},
		{BinaryCast, 0, 0, `SELECT '', pg_catalog.format_type(c.castsource, NULL) || ' AS ' || pg_catalog.format_type(c.casttarget, NULL), CASE c.castmethod WHEN 'b' THEN 'without function' WHEN 'i' THEN 'with inout' ELSE 'with function' END
FROM pg_catalog.pg_cast c WHERE ` + own("pg_cast", "c")},
		{OperatorClass, 0, 0, `SELECT n.nspname::text, o.opcname::text, m.amname::text FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace
JOIN pg_catalog.pg_am m ON m.oid = o.opcmethod WHERE ` + own("pg_opclass", "o")},
		{SearchParser, 0, 0, `SELECT n.nspname::text, p.prsname::text, '' FROM pg_catalog.pg_ts_parser p JOIN pg_catalog.pg_namespace n ON n.oid = p.prsnamespace WHERE ` + own("pg_ts_parser", "p")},
		{SearchTemplate, 0, 0, `SELECT n.nspname::text, p.tmplname::text, '' FROM pg_catalog.pg_ts_template p JOIN pg_catalog.pg_namespace n ON n.oid = p.tmplnamespace WHERE ` + own("pg_ts_template", "p")},
		{ForeignWrapper, 0, 0, `SELECT '', f.fdwname::text, '' FROM pg_catalog.pg_foreign_data_wrapper f WHERE ` + own("pg_foreign_data_wrapper", "f")},
		{EventTrigger, 0, 0, `SELECT '', e.evtname::text, e.evtevent::text || ', ' || pg_catalog.pg_get_userbyid(e.evtowner) FROM pg_catalog.pg_event_trigger e WHERE ` + own("pg_event_trigger", "e")},
		{Language, 0, 0, `SELECT '', l.lanname::text, CASE WHEN l.lanpltrusted THEN 'trusted' ELSE 'untrusted' END FROM pg_catalog.pg_language l WHERE l.lanispl AND ` + own("pg_language", "l")},
		{DefaultInternal, 0, 0, `SELECT n.nspname::text, p.proname::text, '' FROM pg_catalog.pg_aggregate a JOIN pg_catalog.pg_proc p ON p.oid = a.aggfnoid JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE (a.aggtranstype = 'pg_catalog.internal'::regtype OR a.aggmtranstype = 'pg_catalog.internal'::regtype) AND ` + own("pg_proc", "p")},
		{Label, 0, 0, `SELECT '', l.provider, pg_catalog.count(*)::text FROM (SELECT provider FROM pg_catalog.pg_seclabel UNION ALL SELECT provider FROM pg_catalog.pg_shseclabel) l GROUP BY l.provider`},
	}
}

func functionKinds() []kind {
	const function = `SELECT n.nspname::text, p.proname::text, `
	const from = `, '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang
JOIN pg_catalog.pg_roles o ON o.oid = p.proowner WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND `
	return []kind{
		// The functions of aggregates are said to be of language internal.
		{Function, 0, 0, function + `l.lanname::text` + from + `NOT l.lanpltrusted AND NOT EXISTS (SELECT FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid) AND ` + own("pg_proc", "p")},
		{FunctionSuper, 0, 0, function + `o.rolname::text || CASE WHEN p.prosecdef THEN ', security definer' ELSE '' END` + from + `o.rolsuper AND ` + own("pg_proc", "p")},
		{FunctionDefiner, 0, 0, function + `o.rolname::text` + from + `p.prosecdef AND NOT o.rolsuper AND ` + own("pg_proc", "p")},
		{FunctionLeak, 0, 0, function + `o.rolname::text` + from + `p.proleakproof AND ` + own("pg_proc", "p")},
		{FunctionSets, 0, 0, function + `s.name, '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL (SELECT pg_catalog.split_part(c, '=', 1) AS name FROM pg_catalog.unnest(p.proconfig) c) s JOIN pg_catalog.pg_settings g ON pg_catalog.lower(g.name) = pg_catalog.lower(s.name)
WHERE g.context IN ('superuser', 'superuser-backend') AND ` + own("pg_proc", "p")},
	}
}

// textual are the columns of partition keys with their types.
const textual = ` FROM pg_catalog.pg_partitioned_table p JOIN pg_catalog.pg_class c ON c.oid = p.partrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL pg_catalog.unnest(p.partattrs::int2[]) k(num) JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num JOIN pg_catalog.pg_type t ON t.oid = a.atttypid `

func otherKinds() []kind {
	return []kind{
		{CollationUsed, 0, 0, `SELECT DISTINCT n.nspname::text, c.collname::text, '' FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
JOIN (SELECT a.attcollation AS id FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class r ON r.oid = a.attrelid WHERE a.attrelid >= 16384 AND r.relkind <> 't'
      UNION SELECT typcollation FROM pg_catalog.pg_type WHERE oid >= 16384) u ON u.id = c.oid
WHERE c.collname NOT IN ('default', 'C', 'POSIX') AND c.oid < 16384`},
		{Collation, 0, 0, `SELECT n.nspname::text, c.collname::text, CASE c.collprovider WHEN 'i' THEN 'icu' ELSE 'libc' END FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
WHERE n.nspname <> 'pg_catalog' AND ` + own("pg_collation", "c")},
		{ConstraintOpen, 0, 0, `SELECT n.nspname::text, r.relname::text, c.conname::text FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class r ON r.oid = c.conrelid
JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace WHERE NOT c.convalidated AND ` + own("pg_constraint", "c")},
		{EnumHash, 11, 0, `SELECT n.nspname::text, c.relname::text, a.attname::text` + textual + `WHERE p.partstrat = 'h' AND t.typtype = 'e'`},
		{TextPartition, 0, 0, `SELECT n.nspname::text, c.relname::text, a.attname::text` + textual + `LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
WHERE p.partstrat = 'r' AND a.attcollation <> 0 AND coalesce(l.collname, '') NOT IN ('C', 'POSIX')`},
		{ForeignServer, 0, 0, `SELECT '', s.srvname::text, f.fdwname::text FROM pg_catalog.pg_foreign_server s JOIN pg_catalog.pg_foreign_data_wrapper f ON f.oid = s.srvfdw WHERE ` + own("pg_foreign_server", "s")},
		{ForeignTable, 0, 0, `SELECT n.nspname::text, c.relname::text, s.srvname::text FROM pg_catalog.pg_foreign_table t JOIN pg_catalog.pg_class c ON c.oid = t.ftrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_foreign_server s ON s.oid = t.ftserver WHERE ` + own("pg_class", "c")},
		// Options of user mappings hold passwords and are not asked for.
		{UserMapping, 0, 0, `SELECT '', m.srvname::text, m.usename::text FROM pg_catalog.pg_user_mappings m`},
		{InvalidIndex, 0, 0, `SELECT n.nspname::text, c.relname::text, t.relname::text FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_class t ON t.oid = i.indrelid WHERE NOT i.indisvalid AND n.nspname !~ '^pg_' AND c.oid >= 16384`},
		{Matview, 0, 0, `SELECT n.nspname::text, c.relname::text, CASE WHEN c.relispopulated THEN 'populated' ELSE 'not populated' END FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' AND ` + own("pg_class", "c")},
		{Tablespace, 0, 0, `SELECT '', s.spcname::text, (SELECT pg_catalog.count(*) FROM pg_catalog.pg_class c WHERE c.reltablespace = s.oid)::text FROM pg_catalog.pg_tablespace s
WHERE s.spcname NOT IN ('pg_default', 'pg_global') AND (EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.reltablespace = s.oid)
  OR EXISTS (SELECT FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database() AND d.dattablespace = s.oid))`},
		{TriggerAlways, 0, 0, `SELECT n.nspname::text, c.relname::text, g.tgname::text FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT g.tgisinternal AND g.tgenabled IN ('A', 'R') AND ` + own("pg_class", "c")},
	}
}
