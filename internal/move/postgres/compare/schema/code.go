package schema

import (
	"fmt"
	"strings"
)

// object is the beginning of a part whose objects are rows of a catalog in a
// schema: alias x, with its columns for the schema, the owner and the privileges.
type object struct {
	kind, catalog, schema, owner, acl, acltype string
}

// named is a part whose objects have a name of our own: that of the server differs
// from version to version.
type named struct {
	object
	name string
}

func (o object) named(name string) named { return named{o, name} }

func (n named) of(what, fields, where string) part {
	p := n.object.of(what, fields, where)
	p.sql = strings.Replace(p.sql, "NULL::text AS name", n.name+" AS name", 1)
	return p
}

func (o object) head() string {
	schema, owner, acl, acltype := "NULL::text", "NULL::oid", "NULL::aclitem[]", "NULL::text"
	if o.schema != "" {
		schema = "n.nspname::text"
	}
	if o.owner != "" {
		owner = "x." + o.owner
	}
	if o.acl != "" {
		acl, acltype = "x."+o.acl, "'"+o.acltype+"'"
	}
	return fmt.Sprintf("SELECT %s AS kind, 'pg_catalog.%s'::regclass::oid AS class, x.oid AS obj, 0 AS sub, NULL::text AS name, %s AS schema, NULL::text AS tab, %s AS owner, %s AS acl, %s AS acltype, ",
		o.kind, o.catalog, schema, owner, acl, acltype)
}

// from joins the schema and leaves out what is the system's: without a schema of
// its own that is what has an OID of a new cluster.
func (o object) from() string {
	if o.schema == "" {
		return " FROM pg_catalog." + o.catalog + " x WHERE x.oid >= 16384"
	}
	return " FROM pg_catalog." + o.catalog + " x JOIN pg_catalog.pg_namespace n ON n.oid = x." + o.schema + " WHERE " + aSchema
}

// of is a part: the kind as SQL, and the fields as arguments of jsonb_build_object.
func (o object) of(what, fields, where string) part {
	return part{what: what, sql: o.head() + "jsonb_build_object(" + fields + ") AS fields" + o.from() + where}
}

// function is the name of a function with its arguments, NULL for none.
func function(column string) string {
	return "CASE WHEN " + column + "::oid <> 0 THEN " + column + "::oid::regprocedure::text END"
}

// flag is true, or NULL for false.
func flag(column string) string { return "CASE WHEN " + column + " THEN true END" }

// typeName is the name of a type, NULL for none.
func typeName(column string) string {
	return "CASE WHEN " + column + " <> 0 THEN pg_catalog.format_type(" + column + ", NULL) END"
}

// identity is the name of an object of a catalog, NULL for none.
func identity(catalog, column string) string {
	return "CASE WHEN " + column + " <> 0 THEN (pg_catalog.pg_identify_object('pg_catalog." + catalog + "'::regclass, " + column + ", 0)).identity END"
}

func typeParts() []part {
	t := object{"CASE x.typtype WHEN 'd' THEN 'domain' ELSE 'type' END", "pg_type", "typnamespace", "typowner", "typacl", "T"}
	base := `'internal', CASE x.typtype WHEN 'b' THEN concat_ws(' ', 'length', x.typlen, 'align', x.typalign, 'storage', x.typstorage, 'category', x.typcategory, 'delimiter', x.typdelim,
    CASE WHEN x.typbyval THEN 'by value' END, CASE WHEN x.typispreferred THEN 'preferred' END) END,
  'shell', CASE WHEN NOT x.typisdefined THEN true END,
  'functions', CASE x.typtype WHEN 'b' THEN concat_ws(' ', x.typinput::oid::regprocedure, x.typoutput::oid::regprocedure, nullif(x.typreceive::oid, 0)::regprocedure, nullif(x.typsend::oid, 0)::regprocedure,
    nullif(x.typmodin::oid, 0)::regprocedure, nullif(x.typmodout::oid, 0)::regprocedure, nullif(x.typanalyze::oid, 0)::regprocedure, nullif((to_jsonb(x)->>'typsubscript'), '-')) END,
  'element', CASE WHEN x.typtype = 'b' THEN ` + typeName("x.typelem") + ` END,
  'labels', CASE x.typtype WHEN 'e' THEN (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = x.oid) END,
  'columns', CASE x.typtype WHEN 'c' THEN (SELECT array_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = x.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END,
  'range', (SELECT concat_ws(' ', 'of', pg_catalog.format_type(r.rngsubtype, NULL), 'by', (pg_catalog.pg_identify_object('pg_catalog.pg_opclass'::regclass, r.rngsubopc, 0)).identity,
     CASE WHEN r.rngcollation <> 0 THEN 'collate ' || (pg_catalog.pg_identify_object('pg_catalog.pg_collation'::regclass, r.rngcollation, 0)).identity END,
     CASE WHEN r.rngcanonical::oid <> 0 THEN 'canonical ' || r.rngcanonical::oid::regprocedure END, CASE WHEN r.rngsubdiff::oid <> 0 THEN 'difference ' || r.rngsubdiff::oid::regprocedure END)
     FROM pg_catalog.pg_range r WHERE r.rngtypid = x.oid),
  'of', CASE x.typtype WHEN 'd' THEN pg_catalog.format_type(x.typbasetype, x.typtypmod) END, 'not null', CASE WHEN x.typtype = 'd' AND x.typnotnull THEN true END,
  'default', x.typdefault, 'collation', CASE WHEN x.typcollation <> coalesce((SELECT b.typcollation FROM pg_catalog.pg_type b WHERE b.oid = x.typbasetype), 0)
     THEN ` + identity("pg_collation", "x.typcollation") + ` END`
	// Left out: arrays, multiranges of ranges, and the row types of tables.
	where := ` AND x.typtype <> 'm' AND (x.typtype <> 'c' OR (SELECT c.relkind = 'c' FROM pg_catalog.pg_class c WHERE c.oid = x.typrelid))
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_type el WHERE el.typarray = x.oid)`
	return []part{t.of("types", base, where),
		object{"'collation'", "pg_collation", "collnamespace", "collowner", "", ""}.of("collations", `'provider', x.collprovider::text, 'collate', x.collcollate, 'ctype', x.collctype,
  'locale', coalesce(to_jsonb(x)->>'colliculocale', to_jsonb(x)->>'colllocale'), 'rules', to_jsonb(x)->>'collicurules', 'not deterministic', CASE WHEN to_jsonb(x)->>'collisdeterministic' = 'false' THEN true END`, "")}
}

// madeWith is the type that an object was made for and goes with: the functions and
// the cast of a range or multirange.
func madeWith(catalog string) string {
	return "(SELECT (pg_catalog.pg_identify_object(d.refclassid, d.refobjid, 0)).identity FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog." + catalog +
		"'::regclass AND d.objid = x.oid AND d.deptype = 'i' AND d.refclassid = 'pg_catalog.pg_type'::regclass ORDER BY d.refobjid LIMIT 1)"
}

func codeParts() []part {
	// prokind came with PostgreSQL 11.
	const kind = `coalesce(to_jsonb(x)->>'prokind', CASE WHEN to_jsonb(x)->>'proisagg' = 'true' THEN 'a' ELSE 'f' END)`
	f := object{"CASE " + kind + " WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END", "pg_proc", "pronamespace", "proowner", "proacl", "f"}
	aggregate := `(SELECT concat_ws(E'\n', 'kind ' || a.aggkind::text || ' ' || a.aggnumdirectargs, 'returns ' || pg_catalog.format_type(x.prorettype, NULL), 'parallel ' || x.proparallel::text, 'arguments ' || pg_catalog.pg_get_function_arguments(x.oid),
    'step ' || a.aggtransfn::oid::regprocedure, 'state ' || pg_catalog.format_type(a.aggtranstype, NULL) || ' ' || a.aggtransspace, 'final ' || nullif(a.aggfinalfn::oid, 0)::regprocedure || ' ' || coalesce(to_jsonb(a)->>'aggfinalmodify', ''),
    CASE WHEN a.aggfinalextra THEN 'final extra' END, 'combine ' || nullif(a.aggcombinefn::oid, 0)::regprocedure, 'serial ' || nullif(a.aggserialfn::oid, 0)::regprocedure, 'deserial ' || nullif(a.aggdeserialfn::oid, 0)::regprocedure,
    'moving step ' || nullif(a.aggmtransfn::oid, 0)::regprocedure, 'moving back ' || nullif(a.aggminvtransfn::oid, 0)::regprocedure, 'moving final ' || nullif(a.aggmfinalfn::oid, 0)::regprocedure || ' ' || coalesce(to_jsonb(a)->>'aggmfinalmodify', ''),
    CASE WHEN a.aggmfinalextra THEN 'moving final extra' END, 'moving state ' || nullif(pg_catalog.format_type(nullif(a.aggmtranstype, 0), NULL), '???') || ' ' || a.aggmtransspace, 'moving start ' || a.aggminitval,
    'start ' || a.agginitval, 'sort by ' || (pg_catalog.pg_identify_object('pg_catalog.pg_operator'::regclass, nullif(a.aggsortop, 0), 0)).identity) FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid = x.oid)`
	return []part{
		f.of("functions", "'definition', CASE WHEN "+kind+" = 'a' THEN "+aggregate+" ELSE pg_catalog.pg_get_functiondef(x.oid) END, 'made with', "+madeWith("pg_proc"), ""),
		object{"'language'", "pg_language", "", "lanowner", "lanacl", "l"}.of("languages", "'untrusted', CASE WHEN NOT x.lanpltrusted THEN true END, 'handler', "+function("x.lanplcallfoid")+", 'inline', "+function("x.laninline")+
			", 'validator', "+function("x.lanvalidator"), ""),
		object{"'event trigger'", "pg_event_trigger", "", "evtowner", "", ""}.of("event triggers", "'event', x.evtevent, 'function', "+function("x.evtfoid")+", 'enabled', "+enabled("x.evtenabled")+
			", 'tags', "+sorted("x.evttags"), ""),
		// pg_identify_object writes it with "on" until PostgreSQL 15, and without since 16.
		object{"'transform'", "pg_transform", "", "", "", ""}.named("pg_catalog.format('for %s language %I', pg_catalog.format_type(x.trftype, NULL), (SELECT l.lanname FROM pg_catalog.pg_language l WHERE l.oid = x.trflang))").
			of("transforms", "'from', "+function("x.trffromsql")+", 'to', "+function("x.trftosql"), ""),
		object{"'statistics'", "pg_statistic_ext", "stxnamespace", "stxowner", "", ""}.of("statistics objects", "'definition', pg_catalog.pg_get_statisticsobjdef(x.oid), 'target', CASE WHEN (to_jsonb(x)->>'stxstattarget')::int >= 0 THEN to_jsonb(x)->>'stxstattarget' END", ""),
	}
}
