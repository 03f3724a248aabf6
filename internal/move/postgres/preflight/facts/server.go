package facts

import (
	"context"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// hidden are parameters that can hold a password.
var hidden = regexp.MustCompile(`(?i)conninfo|_command$|passphrase|secret|passw|token|credential|api_?key|private_?key`)

// settings asks a session that has set nothing itself.
func (r *reader) settings(ctx context.Context) error {
	conn, err := r.endpoint.Guest(ctx, "preflight")
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	rows, err := conn.Query(ctx, `SELECT name, coalesce(setting, ''), coalesce(unit, ''), source, context, coalesce(pending_restart, false) FROM pg_catalog.pg_settings`)
	if err != nil {
		return err
	}
	defer rows.Close()
	r.facts.Settings = map[string]Setting{}
	for rows.Next() {
		var name string
		var s Setting
		if err := rows.Scan(&name, &s.Value, &s.Unit, &s.Source, &s.Context, &s.Restart); err != nil {
			return err
		}
		if !hidden.MatchString(name) && s.Source != "client" {
			r.facts.Settings[name] = s
		}
	}
	return rows.Err()
}

func (r *reader) locale(ctx context.Context) error {
	f, l := r.facts, &r.facts.Locale
	*l = Locale{Encoding: f.Server.Encoding, Provider: "libc", Collate: f.Server.Collate, CType: f.Server.CType}
	if err := r.conn.QueryRow(ctx, `
SELECT pg_catalog.pg_get_userbyid(datdba), coalesce((SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()), false), pg_catalog.age(datfrozenxid)::int8,
       coalesce(pg_catalog.shobj_description(oid, 'pg_database'), ''), datconnlimit
FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`).Scan(&f.Owner, &f.Encrypted, &f.Activity.XIDAge, &f.Comment, &f.Limit); err != nil {
		return err
	}
	if err := r.collations(ctx); err != nil {
		return err
	}
	if !r.since(15) {
		if !r.since(13) {
			return nil // pg_collation_actual_version knows ICU only
		}
		// Before 15 the version is kept with the collation of that name.
		err := r.conn.QueryRow(ctx, `SELECT coalesce(max(pg_catalog.pg_collation_actual_version(oid)), '') FROM pg_catalog.pg_collation
WHERE collprovider = 'c' AND collcollate = $1`, l.Collate).Scan(&l.Version)
		return err
	}
	icu := r.choose(17, "datlocale", "daticulocale")
	return r.conn.QueryRow(ctx, `
SELECT CASE datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END, coalesce(`+icu+`, ''),
       coalesce(pg_catalog.pg_database_collation_actual_version(oid), ''), coalesce(datcollversion, '')
FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`).Scan(&l.Provider, &l.ICU, &l.Version, &l.Recorded)
}

func (r *reader) collations(ctx context.Context) error {
	rows, err := r.conn.Query(ctx, `SELECT n.nspname, c.collname FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
WHERE c.collencoding IN (-1, pg_catalog.pg_char_to_encoding($1))`, r.facts.Locale.Encoding)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowToStructByPos[pg.Name])
	r.facts.Locale.Collations = map[string]bool{}
	for _, n := range names {
		r.facts.Locale.Collations[n.String()] = true
	}
	return err
}

func (r *reader) rights(ctx context.Context) error {
	f, g := r.facts, &r.facts.Rights
	g.CreatesRoles = f.Server.Superuser || f.Server.CreateRole
	subscribes := r.choose(16, "pg_catalog.pg_has_role(current_user, 'pg_create_subscription', 'USAGE')", "false")
	err := r.conn.QueryRow(ctx, `
SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolsuper AND rolname = current_user),
       EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolsuper AND pg_catalog.pg_has_role(current_user, oid, 'MEMBER')),
       pg_catalog.has_database_privilege(d.oid, 'CREATE'), pg_catalog.pg_has_role(current_user, d.datdba, 'USAGE'),
       pg_catalog.pg_has_role(current_user, 'pg_signal_backend', 'USAGE'),
       `+subscribes+`, coalesce((SELECT rolbypassrls OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user), false),
       coalesce((SELECT min(rolname::text) FROM pg_catalog.pg_roles WHERE rolname IN ('rds_superuser', 'azure_pg_admin') AND pg_catalog.pg_has_role(current_user, oid, 'MEMBER')), '')
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`).Scan(&g.Superuser, &g.Becomes, &g.Creates, &g.Owns, &g.Signals, &g.Subscribes, &g.Bypasses, &g.Admin)
	if err != nil {
		return err
	}
	g.Signals = g.Signals || g.Superuser
	// The managed services let their administrators, and they patch the server so
	// that it stands in no catalogue (Amazon RDS user guide, "Performing logical
	// replication for Amazon RDS for PostgreSQL"; Microsoft Learn, "Logical
	// replication and logical decoding in Azure Database for PostgreSQL").
	managed := f.Server.Platform != pg.Plain && g.Admin != "" && !r.since(16)
	g.Subscribes = g.Subscribes && g.Creates || g.Becomes || managed || g.Admin == "rds_superuser"
	return nil
}

// tryReplication opens a replication connection and asks who is there: it needs
// the attribute, what stands for it on RDS, a line in pg_hba.conf and a free
// sender, and nothing else tells of all four. It writes nothing.
func (g *Rights) tryReplication(ctx context.Context, e pg.Endpoint) {
	conn, err := e.Replication(ctx, "preflight")
	if err != nil {
		g.Refusal, g.RefusalCode = err.Error(), pg.Code(err)
		return
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "IDENTIFY_SYSTEM").ReadAll(); err != nil {
		g.Refusal, g.RefusalCode = pg.Fault(err, "ask", e.String()).Error(), pg.Code(err)
		return
	}
	g.Replicates = true
}

func (r *reader) replication(ctx context.Context) error {
	f := &r.facts.Replication
	current := "CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn() ELSE pg_catalog.pg_current_wal_lsn() END"
	if err := collect(ctx, r, &f.Slots, `
SELECT slot_name::text, coalesce(plugin::text, ''), coalesce(database::text, ''), active, coalesce(pg_catalog.pg_wal_lsn_diff(`+current+`, restart_lsn), 0)::int8
FROM pg_catalog.pg_replication_slots WHERE NOT temporary ORDER BY 1`); err != nil {
		return err
	}
	return r.conn.QueryRow(ctx, `SELECT (SELECT count(*) FROM pg_catalog.pg_stat_replication), (SELECT count(*) FROM pg_catalog.pg_replication_origin),
(SELECT count(*) FROM pg_catalog.pg_stat_subscription WHERE pid IS NOT NULL)`).Scan(&f.Senders, &f.Origins, &f.Workers)
}

func (r *reader) links(ctx context.Context) error {
	f := &r.facts.Replication
	if err := collect(ctx, r, &f.Publications, `SELECT pubname::text, pg_catalog.pg_get_userbyid(pubowner)::text, true, puballtables FROM pg_catalog.pg_publication ORDER BY 1`); err != nil {
		return err
	}
	// subconninfo, which can hold a password, is not asked for.
	return collect(ctx, r, &f.Subscriptions, `SELECT subname::text, pg_catalog.pg_get_userbyid(subowner)::text, subenabled, false FROM pg_catalog.pg_subscription
WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) ORDER BY 1`)
}

func (r *reader) activity(ctx context.Context) error {
	f := &r.facts.Activity
	return r.conn.QueryRow(ctx, `SELECT count(*), count(*) FILTER (WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
  AND usesysid IN (SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper)),
  count(*) FILTER (WHERE datname = pg_catalog.current_database() AND usename = session_user AND pg_catalog.left(application_name, 8) <> 'landfall')
FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'`).Scan(&f.Connections, &f.Superusers, &f.Shared)
}

func (r *reader) transactions(ctx context.Context) error {
	f := &r.facts.Activity
	// The text of a query is not asked for: it can hold anything.
	err := collect(ctx, r, &f.Long, `
SELECT pid, coalesce(usename::text, ''), coalesce(state, ''), extract(epoch FROM pg_catalog.clock_timestamp() - xact_start)::float8, backend_xid IS NOT NULL
FROM pg_catalog.pg_stat_activity WHERE xact_start < pg_catalog.clock_timestamp() - interval '5 minutes' AND pid <> pg_catalog.pg_backend_pid()
  AND backend_type = 'client backend' ORDER BY xact_start, pid`)
	if err != nil {
		return err
	}
	return collect(ctx, r, &f.Prepared, `SELECT gid, owner::text, extract(epoch FROM pg_catalog.clock_timestamp() - prepared)::float8
FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database() ORDER BY gid`)
}

func (r *reader) available(ctx context.Context) error {
	// Which extensions need no superuser is known since PostgreSQL 13.
	trusted := r.choose(13, "coalesce(v.trusted, false)", "false")
	rows, err := r.conn.Query(ctx, `SELECT a.name::text, coalesce(a.default_version, ''), `+trusted+`, coalesce(v.superuser, true) FROM pg_catalog.pg_available_extensions a
LEFT JOIN pg_catalog.pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version`)
	if err != nil {
		return err
	}
	defer rows.Close()
	found := map[string]Offer{}
	for rows.Next() {
		var name string
		var o Offer
		if err := rows.Scan(&name, &o.Version, &o.Trusted, &o.Superuser); err != nil {
			return err
		}
		found[name] = o
	}
	if err := rows.Err(); err != nil {
		return err
	}
	r.facts.Available = found
	return nil
}

func (r *reader) overrides(ctx context.Context) error {
	rows, err := r.conn.Query(ctx, `
SELECT coalesce(u.rolname::text, ''), coalesce(d.datname::text, ''), c.text FROM pg_catalog.pg_db_role_setting s
LEFT JOIN pg_catalog.pg_roles u ON u.oid = s.setrole LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase, pg_catalog.unnest(s.setconfig) c(text)
WHERE s.setdatabase = 0 OR d.datname = $1 ORDER BY 1, 2, 3`, r.facts.Database)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var o Override
		var text string
		if err := rows.Scan(&o.Role, &o.Database, &text); err != nil {
			return err
		}
		o.Name, o.Value, _ = strings.Cut(text, "=")
		if hidden.MatchString(o.Name) {
			o.Value, o.Secret = "", true
		}
		r.facts.Overrides = append(r.facts.Overrides, o)
	}
	return rows.Err()
}
