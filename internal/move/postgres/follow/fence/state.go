package fence

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// purpose is how the sessions of this package show in pg_stat_activity.
const purpose = "fence"

// State is a database as it was before the fence. It is a plain value for the
// journal; keep the first that was made: one that is made while the fence stands
// describes the fence, and says so with Shut.
type State struct {
	Database string `json:"database"`
	Owner    string `json:"owner"`
	// Login is Landfall's, the only one that stays.
	Login string `json:"login"`
	// Grants are those of CONNECT, the dependent ones first. A database whose list of
	// rights was never written has the same as one that says the default.
	Grants []Grant `json:"grants"`
	// Settings are those of default_transaction_read_only for the database (Role "")
	// and, in it, for the roles whose own setting could outrank that.
	Settings []Setting `json:"settings"`
	// Shut says that nobody but Login may connect and the default is read only
	// already.
	Shut bool `json:"shut,omitempty"`
	// Weak says what the fence cannot hold by itself, one sentence each: superusers,
	// members of Landfall's login.
	Weak []string `json:"weak,omitempty"`
}

// Grant is a grant of CONNECT.
type Grant struct {
	// Grantee is "" for PUBLIC.
	Grantee string `json:"grantee"`
	Grantor string `json:"grantor"`
	Option  bool   `json:"option,omitempty"`
}

func (g Grant) to() string {
	if g.Grantee == "" {
		return "PUBLIC"
	}
	return pg.Quote(g.Grantee)
}

// Setting is a value of default_transaction_read_only; Set is false for none.
type Setting struct {
	Role string `json:"role,omitempty"`
	Set  bool   `json:"set"`
	Was  string `json:"was,omitempty"`
}

// Look says how the database stands, for the journal, and refuses (fault.Denied)
// what could not be fenced or not be restored, before anything is changed. It
// changes nothing.
func Look(ctx context.Context, at pg.Endpoint) (s State, err error) {
	err = within(ctx, at, func(conn *pgx.Conn) error {
		s, err = look(ctx, conn)
		if err != nil {
			return err
		}
		if err := may(ctx, conn, s); err != nil {
			return err
		}
		s.Weak, err = weak(ctx, conn, s.Login)
		return err
	})
	return s, err
}

func within(ctx context.Context, at pg.Endpoint, work func(*pgx.Conn) error) error {
	conn, err := at.Connect(ctx, purpose)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return work(conn)
}

// look reads grants and settings.
func look(ctx context.Context, conn *pgx.Conn) (State, error) {
	var s State
	err := conn.QueryRow(ctx, `SELECT datname, pg_catalog.pg_get_userbyid(datdba), session_user FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()`).
		Scan(&s.Database, &s.Owner, &s.Login)
	if err != nil {
		return s, pg.Fault(err, "look at database", conn.Config().Database)
	}
	rows, err := conn.Query(ctx, `SELECT CASE a.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(a.grantee) END, pg_catalog.pg_get_userbyid(a.grantor), a.is_grantable
FROM pg_catalog.pg_database d, pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
WHERE d.datname = pg_catalog.current_database() AND a.privilege_type = 'CONNECT' ORDER BY 2, 1`)
	if err != nil {
		return s, pg.Fault(err, "read who may connect to", s.Database)
	}
	grants, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Grant])
	if err != nil {
		return s, pg.Fault(err, "read who may connect to", s.Database)
	}
	s.Grants = dependentFirst(grants, s.Owner)
	if s.Settings, err = settings(ctx, conn); err != nil {
		return s, pg.Fault(err, "read the settings of", s.Database)
	}
	s.Shut = readOnly(s.Settings[0].Was) && !slices.ContainsFunc(s.Grants, func(g Grant) bool { return g.Grantee != s.Login })
	return s, nil
}

// dependentFirst orders grants so that none comes before those that rest on it.
func dependentFirst(grants []Grant, owner string) []Grant {
	var ordered []Grant
	for left := grants; len(left) > 0; {
		var next, rest []Grant
		for _, g := range left {
			// Of the owner nothing depends on a grant to himself.
			supports := g.Grantee != owner && slices.ContainsFunc(left, func(o Grant) bool { return o != g && o.Grantor == g.Grantee })
			if supports {
				rest = append(rest, g)
			} else {
				next = append(next, g)
			}
		}
		if len(next) == 0 { // the server allows no circle
			return append(ordered, rest...)
		}
		ordered, left = append(ordered, next...), rest
	}
	return ordered
}

// settings lists the database's own first, then the roles that have one of their
// own, anywhere or in this database: a role's setting outranks the database's, and
// one for the role in the database outranks both (PostgreSQL manual, "ALTER ROLE").
func settings(ctx context.Context, conn *pgx.Conn) ([]Setting, error) {
	rows, err := conn.Query(ctx, `
WITH own AS (SELECT s.setdatabase, s.setrole, pg_catalog.substr(c, pg_catalog.strpos(c, '=') + 1) AS value FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) c
  WHERE pg_catalog.split_part(c, '=', 1) = 'default_transaction_read_only'),
here AS (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
roles AS (SELECT DISTINCT setrole FROM own WHERE setdatabase IN (0, (SELECT oid FROM here)) UNION SELECT 0::oid)
SELECT coalesce(r.rolname, ''), o.value IS NOT NULL, coalesce(o.value, '')
FROM roles x LEFT JOIN pg_catalog.pg_roles r ON r.oid = x.setrole LEFT JOIN own o ON o.setrole = x.setrole AND o.setdatabase = (SELECT oid FROM here)
WHERE x.setrole = 0 OR r.rolname IS NOT NULL ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Setting])
}

// readOnly reads a boolean as the server does.
func readOnly(value string) bool {
	v := strings.ToLower(strings.TrimSpace(value))
	return v == "1" || v == "on" || v != "" && (strings.HasPrefix("true", v) || strings.HasPrefix("yes", v))
}

// may refuses what this login could not shut or not open again.
func may(ctx context.Context, conn *pgx.Conn, s State) error {
	var owns, signals bool
	err := conn.QueryRow(ctx, `SELECT pg_catalog.pg_has_role(session_user, d.datdba, 'USAGE'), pg_catalog.pg_has_role(session_user, 'pg_signal_backend', 'USAGE')
FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`).Scan(&owns, &signals)
	if err != nil {
		return pg.Fault(err, "look at the rights of", s.Login)
	}
	if !owns {
		return fault.Newf(fault.Denied, "fence database %q: it belongs to %q, and the login %q is not a member of that role", s.Database, s.Owner, s.Login).
			Hintf("GRANT %s TO %s", pg.Quote(s.Owner), pg.Quote(s.Login))
	}
	if !signals {
		return fault.Newf(fault.Denied, "fence database %q: the login %q may not end the sessions of others", s.Database, s.Login).
			Hintf("GRANT pg_signal_backend TO %s", pg.Quote(s.Login))
	}
	for _, g := range s.Grants {
		if g.Grantor == s.Owner {
			continue
		}
		var member bool
		if err := conn.QueryRow(ctx, "SELECT pg_catalog.pg_has_role(session_user, $1::name, 'MEMBER')", g.Grantor).Scan(&member); err != nil {
			return pg.Fault(err, "look at the rights of", s.Login)
		}
		if !member {
			return fault.Newf(fault.Denied, "fence database %q: CONNECT was granted to %s by %q, and could not be granted by it again: the login %q is not a member of that role", s.Database, g.to(), g.Grantor, s.Login).
				Hintf("GRANT %s TO %s", pg.Quote(g.Grantor), pg.Quote(s.Login))
		}
	}
	return nil
}

// weak names those whom no grant binds.
func weak(ctx context.Context, conn *pgx.Conn, login string) ([]string, error) {
	rows, err := conn.Query(ctx, `SELECT rolname, rolsuper FROM pg_catalog.pg_roles
WHERE rolcanlogin AND rolname <> session_user AND (rolsuper OR pg_catalog.pg_has_role(oid, session_user::text::name, 'USAGE')) ORDER BY 2 DESC, 1`)
	if err != nil {
		return nil, pg.Fault(err, "list the roles of", conn.Config().Host)
	}
	var all []string
	var name string
	var super bool
	_, err = pgx.ForEachRow(rows, []any{&name, &super}, func() error {
		if super {
			all = append(all, fmt.Sprintf("%q is a superuser, whom no grant keeps out", name))
		} else {
			all = append(all, fmt.Sprintf("%q is a member of Landfall's login %q, and may connect as long as that may", name, login))
		}
		return nil
	})
	return all, pg.Fault(err, "list the roles of", conn.Config().Host)
}
