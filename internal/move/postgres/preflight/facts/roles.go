package facts

import "context"

// Role is a role as pg_roles shows it: without a password.
type Role struct {
	Name        string `json:"name"`
	Superuser   bool   `json:"superuser,omitempty"`
	Inherit     bool   `json:"inherit"`
	CreateRole  bool   `json:"createRole,omitempty"`
	CreateDB    bool   `json:"createDB,omitempty"`
	Login       bool   `json:"login,omitempty"`
	Replication bool   `json:"replication,omitempty"`
	Bypass      bool   `json:"bypassRLS,omitempty"`
	// Limit is CONNECTION LIMIT, -1 for none; Until is VALID UNTIL, "" for ever.
	Limit int    `json:"limit"`
	Until string `json:"until,omitempty"`
	// Owns, Holds and Secures say that objects of this database are its own, that
	// rights on them are granted to it, and that policies name it.
	Owns    bool   `json:"owns,omitempty"`
	Holds   bool   `json:"holds,omitempty"`
	Secures bool   `json:"secures,omitempty"`
	Comment string `json:"comment,omitempty"`
}

// Member is a membership. Inherit and Set are true before PostgreSQL 16, which
// brought them; Explicit says that the server has them.
type Member struct {
	Role     string `json:"role"`
	Member   string `json:"member"`
	Admin    bool   `json:"admin,omitempty"`
	Inherit  bool   `json:"inherit"`
	Set      bool   `json:"set"`
	Explicit bool   `json:"explicit,omitempty"`
}

// Grant is a right on the database. Grantee is "" for PUBLIC.
type Grant struct {
	Grantee   string `json:"grantee"`
	Right     string `json:"right"`
	Grantable bool   `json:"grantable,omitempty"`
}

func (r *reader) roles(ctx context.Context) error {
	f := r.facts
	// pg_shdepend says which roles the objects of a database need; the first
	// superuser is pinned and does not stand there (PostgreSQL manual, pg_shdepend).
	// What an extension brought is made by the target's own.
	if err := collect(ctx, r, &f.Roles, `
SELECT r.rolname::text, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls, r.rolconnlimit,
       CASE WHEN r.rolvaliduntil = 'infinity' THEN '' ELSE coalesce(pg_catalog.to_char(r.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"+00"'), '') END,
       coalesce('o' = ANY(d.types), false) OR r.oid IN (SELECT datdba FROM pg_catalog.pg_database WHERE datname = $1)
         OR r.oid = 10 AND EXISTS (SELECT FROM (
           SELECT 'pg_catalog.pg_class'::regclass::oid AS class, oid FROM pg_catalog.pg_class WHERE relowner = 10 AND relkind <> 't' AND relpersistence <> 't'
           UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid FROM pg_catalog.pg_proc WHERE proowner = 10
           UNION ALL SELECT 'pg_catalog.pg_namespace'::regclass, oid FROM pg_catalog.pg_namespace WHERE nspowner = 10 AND nspname !~ '^pg_'
           UNION ALL SELECT 'pg_catalog.pg_type'::regclass, oid FROM pg_catalog.pg_type WHERE typowner = 10) x
           WHERE x.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = x.class AND d.objid = x.oid AND d.deptype IN ('e', 'i'))),
       coalesce('a' = ANY(d.types), false), coalesce('r' = ANY(d.types), false), coalesce(pg_catalog.shobj_description(r.oid, 'pg_authid'), '')
FROM pg_catalog.pg_roles r LEFT JOIN (
  SELECT s.refobjid, pg_catalog.array_agg(DISTINCT s.deptype::text) AS types FROM pg_catalog.pg_shdepend s
  WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass
    AND (s.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = $1) OR s.classid = 'pg_catalog.pg_database'::regclass AND s.objid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = $1))
  GROUP BY 1) d ON d.refobjid = r.oid ORDER BY 1`, f.Database); err != nil {
		return err
	}
	// From PostgreSQL 16 on several roles can have granted the same membership.
	options := r.choose(16, "pg_catalog.bool_or(m.inherit_option), pg_catalog.bool_or(m.set_option), true", "true, true, false")
	if err := collect(ctx, r, &f.Members, `
SELECT g.rolname::text, u.rolname::text, pg_catalog.bool_or(m.admin_option), `+options+` FROM pg_catalog.pg_auth_members m
JOIN pg_catalog.pg_roles g ON g.oid = m.roleid JOIN pg_catalog.pg_roles u ON u.oid = m.member GROUP BY 1, 2 ORDER BY 1, 2`); err != nil {
		return err
	}
	return collect(ctx, r, &f.Grants, `
SELECT coalesce(g.rolname::text, ''), a.privilege_type, pg_catalog.bool_or(a.is_grantable) FROM pg_catalog.pg_database d, pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee WHERE d.datname = $1 AND a.grantee <> d.datdba GROUP BY 1, 2 ORDER BY 1, 2`, f.Database)
}
