package schema

// secretOptions are options as names with a digest of their values: they may hold
// passwords, and are compared all the same.
func secretOptions(column string) string {
	return `(SELECT array_agg(pg_catalog.split_part(x, '=', 1) || ' = (digest ' || pg_catalog.left(pg_catalog.md5(x), 8) || ')' ORDER BY x COLLATE "C") FROM unnest(` + column + `) x)`
}

func foreignParts() []part {
	wrapper := object{"'foreign data wrapper'", "pg_foreign_data_wrapper", "", "fdwowner", "fdwacl", "F"}
	server := object{"'server'", "pg_foreign_server", "", "srvowner", "srvacl", "S"}
	return []part{
		wrapper.of("foreign data wrappers", "'handler', "+function("x.fdwhandler")+", 'validator', "+function("x.fdwvalidator")+", 'options', "+secretOptions("x.fdwoptions"), ""),
		server.of("servers", "'wrapper', (SELECT w.fdwname FROM pg_catalog.pg_foreign_data_wrapper w WHERE w.oid = x.srvfdw), 'type', x.srvtype, 'version', x.srvversion, 'options', "+secretOptions("x.srvoptions"), ""),
		// The view shows the options only to those who may see them.
		{what: "user mappings", sql: `SELECT 'user mapping' AS kind, 'pg_catalog.pg_user_mapping'::regclass::oid AS class, u.umid AS obj, 0 AS sub, u.usename || ' on server ' || pg_catalog.quote_ident(u.srvname) AS name, NULL::text AS schema, NULL::text AS tab,
  NULL::oid AS owner, NULL::aclitem[] AS acl, NULL::text AS acltype, jsonb_build_object('options', ` + secretOptions("u.umoptions") + `) AS fields FROM pg_catalog.pg_user_mappings u`},
		object{"'publication'", "pg_publication", "", "pubowner", "", ""}.of("publications", `'all tables', `+flag("x.puballtables")+`, 'events', concat_ws(' ', CASE WHEN x.pubinsert THEN 'insert' END, CASE WHEN x.pubupdate THEN 'update' END,
  CASE WHEN x.pubdelete THEN 'delete' END, CASE WHEN to_jsonb(x)->>'pubtruncate' = 'true' THEN 'truncate' END), 'via root', CASE WHEN to_jsonb(x)->>'pubviaroot' = 'true' THEN true END,
  'tables', (SELECT array_agg(r.prrelid::regclass::text ORDER BY r.prrelid::regclass::text COLLATE "C") FROM pg_catalog.pg_publication_rel r WHERE r.prpubid = x.oid)`, " AND x.pubname !~ '^landfall_'"),
		// subconninfo holds a password, and only a superuser may read it; nor may all
		// versions' logins read the OID.
		{what: "subscriptions", sql: `SELECT 'subscription' AS kind, 0::oid AS class, 0::oid AS obj, 0 AS sub, x.subname::text AS name, NULL::text AS schema, NULL::text AS tab,
  x.subowner AS owner, NULL::aclitem[] AS acl, NULL::text AS acltype, jsonb_build_object('disabled', CASE WHEN NOT x.subenabled THEN true END, 'publications', ` + sorted("x.subpublications") + `) AS fields
  FROM (SELECT subdbid, subname, subowner, subenabled, subpublications FROM pg_catalog.pg_subscription) x WHERE x.subname !~ '^landfall_' AND x.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`},
	}
}

// manyObjects is how many large objects are listed one by one; more are one object
// per owner.
const manyObjects = "10000"

func databaseParts() []part {
	extension := `SELECT 'extension' AS kind, 'pg_catalog.pg_extension'::regclass::oid AS class, x.oid AS obj, 0 AS sub, NULL::text AS name, NULL::text AS schema, NULL::text AS tab,
  NULL::oid AS owner, NULL::aclitem[] AS acl, NULL::text AS acltype, jsonb_build_object('version', x.extversion, 'schema', (SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid = x.extnamespace)) AS fields
  FROM pg_catalog.pg_extension x`
	large := `SELECT 'large object' AS kind, 'pg_catalog.pg_largeobject'::regclass::oid AS class, x.oid AS obj, 0 AS sub, x.oid::text AS name, NULL::text AS schema, NULL::text AS tab, x.lomowner AS owner, x.lomacl AS acl, 'L' AS acltype, '{}'::jsonb AS fields
  FROM pg_catalog.pg_largeobject_metadata x WHERE (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata) <= ` + manyObjects + `
  UNION ALL SELECT 'large objects', 0::oid, 0::oid, 0, 'of ' || pg_catalog.pg_get_userbyid(x.lomowner), NULL, NULL, NULL::oid, NULL::aclitem[], NULL::text,
  jsonb_build_object('count', count(*)::text, 'digest', pg_catalog.md5(string_agg(x.oid || ' ' || coalesce(x.lomacl::text, ''), ',' ORDER BY x.oid)))
  FROM pg_catalog.pg_largeobject_metadata x WHERE (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata) > ` + manyObjects + ` GROUP BY x.lomowner`
	// Privileges by default are listed as the difference that they make: without the
	// defaults of the kind.
	defaults := `SELECT 'default privileges' AS kind, 'pg_catalog.pg_default_acl'::regclass::oid AS class, x.oid AS obj, 0 AS sub, NULL::text AS name, (SELECT n.nspname::text FROM pg_catalog.pg_namespace n WHERE n.oid = x.defaclnamespace) AS schema, NULL::text AS tab,
  x.defaclrole AS owner, x.defaclacl AS acl, NULL::text AS acltype, '{}'::jsonb AS fields FROM pg_catalog.pg_default_acl x`
	return []part{
		{what: "extensions", sql: extension},
		{what: "large objects", sql: large},
		{what: "default privileges", sql: defaults},
		{what: "the database", sql: database},
		{what: "settings of the database", sql: settings},
		{what: "privileges of the system's and of extensions' objects", sql: changedPrivileges},
	}
}

// changedPrivileges are objects that were not made one by one, and whose privileges
// are not those that they were made with (pg_init_privs). Writing the privileges of
// the kind out changes none.
const changedPrivileges = `SELECT 'privileges' AS kind, x.class, x.oid AS obj, 0 AS sub, NULL::text AS name, NULL::text AS schema, NULL::text AS tab, x.owner, x.acl, x.acltype, '{}'::jsonb AS fields FROM (
    SELECT 'pg_catalog.pg_class'::regclass::oid AS class, oid, relowner AS owner, relacl AS acl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END AS acltype FROM pg_catalog.pg_class
    UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid, proowner, proacl, 'f' FROM pg_catalog.pg_proc
    UNION ALL SELECT 'pg_catalog.pg_type'::regclass, oid, typowner, typacl, 'T' FROM pg_catalog.pg_type
    UNION ALL SELECT 'pg_catalog.pg_language'::regclass, oid, lanowner, lanacl, 'l' FROM pg_catalog.pg_language
    UNION ALL SELECT 'pg_catalog.pg_foreign_data_wrapper'::regclass, oid, fdwowner, fdwacl, 'F' FROM pg_catalog.pg_foreign_data_wrapper
    UNION ALL SELECT 'pg_catalog.pg_namespace'::regclass, oid, nspowner, nspacl, 'n' FROM pg_catalog.pg_namespace WHERE nspname <> 'public') x
  WHERE (x.oid < 16384 OR EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = x.class AND d.objid = x.oid AND d.deptype = 'e'))
    AND x.acl IS DISTINCT FROM ` + initialPrivileges + `
    AND ` + inOrder + `coalesce(x.acl, ` + usualPrivileges + `)) i) IS DISTINCT FROM ` + inOrder + `coalesce(` + initialPrivileges + `, ` + usualPrivileges + `)) i)`

const (
	initialPrivileges = `(SELECT i.initprivs FROM pg_catalog.pg_init_privs i WHERE i.objoid = x.oid AND i.classoid = x.class AND i.objsubid = 0)`
	usualPrivileges   = `pg_catalog.acldefault(x.acltype::"char", x.owner)`
	inOrder           = `(SELECT array_agg(i::text ORDER BY i::text COLLATE "C") FROM unnest(`
)

const database = `SELECT 'database' AS kind, 'pg_catalog.pg_database'::regclass::oid AS class, x.oid AS obj, 0 AS sub, 'database' AS name, NULL::text AS schema, NULL::text AS tab, x.datdba AS owner, x.datacl AS acl, 'd' AS acltype,
  jsonb_build_object('encoding', pg_catalog.pg_encoding_to_char(x.encoding), 'collate', x.datcollate, 'ctype', x.datctype, 'provider', coalesce(to_jsonb(x)->>'datlocprovider', 'c'), 'locale', coalesce(to_jsonb(x)->>'daticulocale', to_jsonb(x)->>'datlocale'),
  'connections', CASE WHEN x.datconnlimit >= 0 THEN x.datconnlimit::text END) AS fields FROM pg_catalog.pg_database x WHERE x.datname = pg_catalog.current_database()`

// settings are those of the database, for everyone or for one role in it. Values of
// an application's own parameters may be secrets: they are compared as digests.
const settings = `SELECT 'setting' AS kind, 0::oid AS class, 0::oid AS obj, 0 AS sub, CASE x.setrole WHEN 0 THEN '' ELSE 'of ' || pg_catalog.pg_get_userbyid(x.setrole) || ': ' END || pg_catalog.split_part(s, '=', 1) AS name, NULL::text AS schema, NULL::text AS tab,
  NULL::oid AS owner, NULL::aclitem[] AS acl, NULL::text AS acltype, jsonb_build_object('value', CASE WHEN pg_catalog.split_part(s, '=', 1) LIKE '%.%'
    THEN '(digest ' || pg_catalog.left(pg_catalog.md5(s), 8) || ')' ELSE pg_catalog.substr(s, pg_catalog.strpos(s, '=') + 1) END) AS fields
  FROM pg_catalog.pg_db_role_setting x, unnest(x.setconfig) s WHERE x.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())`
