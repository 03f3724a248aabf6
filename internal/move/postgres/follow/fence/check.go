package fence

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// mostRoles bounds how many roles a check puts on.
const mostRoles = 50

// Result is what Shut and Check found.
type Result struct {
	// LSN is behind every commit in the database, asynchronous ones too.
	LSN pg.LSN `json:"lsn"`
	// Holds says that the fence is proved; Gaps says what is against it.
	Holds bool     `json:"holds"`
	Gaps  []string `json:"gaps,omitempty"`
	// Ended counts the sessions that were ended; Tried are the tries to write: one
	// sentence each, with what the server answered.
	Ended int      `json:"ended"`
	Tried []string `json:"tried"`
	// Prepared are prepared transactions: whoever prepared them, or a superuser, can
	// commit them at any time. Each is a gap.
	Prepared []string `json:"prepared,omitempty"`
	// Stay are sessions of superusers, which Landfall may not end.
	Stay []string `json:"stay,omitempty"`
}

func (r *Result) gap(format string, args ...any) {
	r.Gaps = append(r.Gaps, fmt.Sprintf(format, args...))
}

// Check tries to write, and looks at who could. Result.Holds is false, with the
// reasons, when the fence lets anybody through whom a grant binds.
func Check(ctx context.Context, at pg.Endpoint, s State, o Options) (r Result, err error) {
	err = within(ctx, at, func(conn *pgx.Conn) error {
		if err := same(ctx, conn, s); err != nil {
			return err
		}
		r, err = check(ctx, at, conn, s, o)
		return err
	})
	return r, err
}

func check(ctx context.Context, at pg.Endpoint, conn *pgx.Conn, s State, o Options) (Result, error) {
	var r Result
	for _, look := range []func() error{
		func() error { return r.settings(ctx, conn, s) },
		func() error { return r.doors(ctx, conn) },
		func() error { return r.people(ctx, conn) },
		func() error { return r.subscriptions(ctx, conn) },
		func() error { return r.prepared(ctx, conn) },
		func() error { return r.tryRoles(ctx, at, conn, s) },
		func() error { return r.tryLogins(ctx, conn, o) },
	} {
		if err := look(); err != nil {
			return r, err
		}
	}
	lsn, err := inserted(ctx, conn)
	r.LSN, r.Holds = lsn, len(r.Gaps) == 0
	return r, err
}

func (r *Result) settings(ctx context.Context, conn *pgx.Conn, s State) error {
	now, err := settings(ctx, conn)
	if err != nil {
		return pg.Fault(err, "read the settings of", s.Database)
	}
	if !now[0].Set || !readOnly(now[0].Was) {
		r.gap("read-only transactions are not the default of the database")
	}
	return nil
}

// doors names who may connect.
func (r *Result) doors(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `SELECT rolname FROM pg_catalog.pg_roles WHERE rolcanlogin AND NOT rolsuper AND rolname <> session_user
AND pg_catalog.has_database_privilege(oid, pg_catalog.current_database(), 'CONNECT') ORDER BY 1`)
	if err != nil {
		return pg.Fault(err, "list who may connect to", conn.Config().Database)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, name := range names {
		r.gap("%q may connect, as a member of a role that may: take that membership away, or give Landfall a login of its own", name)
	}
	return pg.Fault(err, "list who may connect to", conn.Config().Database)
}

func (r *Result) people(ctx context.Context, conn *pgx.Conn) error {
	if err := settle(ctx, conn); err != nil {
		return err
	}
	all, err := listVisitors(ctx, conn, time.Time{})
	if err != nil {
		return err
	}
	for _, v := range all {
		switch {
		case v.Super:
			r.Stay = append(r.Stay, v.String())
		case v.User == conn.Config().User:
			r.gap("%s uses Landfall's own login: give Landfall, or the application, another one", v)
		default:
			r.gap("%s is there", v)
		}
	}
	return nil
}

// subscriptions that are not Landfall's write into the database.
func (r *Result) subscriptions(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `SELECT subname FROM pg_catalog.pg_subscription WHERE subenabled AND pg_catalog.left(subname, 9) <> 'landfall_'
AND subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) ORDER BY 1`)
	if err != nil {
		return pg.Fault(err, "list the subscriptions of", conn.Config().Database)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, name := range names {
		r.gap("subscription %q writes into the database: ALTER SUBSCRIPTION %s DISABLE", name, pg.Quote(name))
	}
	return pg.Fault(err, "list the subscriptions of", conn.Config().Database)
}

func (r *Result) prepared(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, "SELECT gid, owner, prepared::text FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database() ORDER BY 1")
	if err != nil {
		return pg.Fault(err, "list the prepared transactions of", conn.Config().Database)
	}
	var gid, owner, at string
	_, err = pgx.ForEachRow(rows, []any{&gid, &owner, &at}, func() error {
		r.Prepared = append(r.Prepared, fmt.Sprintf("%q of %q, prepared at %s", gid, owner, at))
		r.gap("transaction %q of %q is prepared: COMMIT PREPARED or ROLLBACK PREPARED %s", gid, owner, pg.Literal(gid))
		return nil
	})
	return pg.Fault(err, "list the prepared transactions of", conn.Config().Database)
}

// tryRoles writes in a session with the settings that everybody gets, as Landfall's
// login and as every role that it may put on. What a role's own settings would do is
// not seen this way, but those were set aside.
func (r *Result) tryRoles(ctx context.Context, at pg.Endpoint, conn *pgx.Conn, s State) error {
	rows, err := conn.Query(ctx, `SELECT rolname FROM pg_catalog.pg_roles WHERE NOT rolsuper AND rolname <> session_user AND pg_catalog.left(rolname, 3) <> 'pg_'
AND pg_catalog.pg_has_role(session_user, oid, 'MEMBER') ORDER BY rolcanlogin DESC, 1 LIMIT `+fmt.Sprint(mostRoles))
	if err != nil {
		return pg.Fault(err, "list the roles of", s.Login)
	}
	roles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return pg.Fault(err, "list the roles of", s.Login)
	}
	guest, err := at.Guest(ctx, purpose+" try")
	if err != nil {
		return err
	}
	defer guest.Close(context.WithoutCancel(ctx))
	now, err := settings(ctx, conn)
	if err != nil {
		return pg.Fault(err, "read the settings of", s.Database)
	}
	if mine, _ := (State{Settings: now}).setting(s.Login); mine.Set && mine.Was == let {
		r.Tried = append(r.Tried, fmt.Sprintf("%q, Landfall's login, may write: triggers of what it replicates need that", s.Login))
		if _, err := guest.Exec(ctx, "SET default_transaction_read_only = on"); err != nil {
			return pg.Fault(err, "try to write into", s.Database)
		}
	} else if err := r.try(ctx, guest, s.Login); err != nil {
		return err
	}
	for _, role := range roles {
		if _, err := guest.Exec(ctx, "SET ROLE "+pg.Quote(role)); err != nil {
			return pg.Fault(err, "put on the role", role)
		}
		if err := r.try(ctx, guest, role); err != nil {
			return err
		}
		if _, err := guest.Exec(ctx, "RESET ROLE"); err != nil {
			return pg.Fault(err, "put off the role", role)
		}
	}
	return nil
}

// tryLogins opens sessions as applications do.
func (r *Result) tryLogins(ctx context.Context, conn *pgx.Conn, o Options) error {
	for _, login := range o.Logins {
		guest, err := login.Guest(ctx, purpose+" try")
		switch {
		case err == nil:
			r.gap("%q connected to %q", login.User(), login.Database())
			err = r.try(ctx, guest, login.User())
			_ = guest.Close(context.WithoutCancel(ctx)) // it was for the try alone
			if err != nil {
				return err
			}
		case pg.Code(err) == "42501":
			r.Tried = append(r.Tried, fmt.Sprintf("%q was not let in", login.User()))
		case slices.Contains([]string{"28P01", "28000"}, pg.Code(err)):
			r.Tried = append(r.Tried, fmt.Sprintf("%q could not be tried: its password is not right", login.User()))
		default:
			return err
		}
	}
	return nil
}

// try deletes no row of a table that the role may delete from, or makes a temporary
// table, and rolls back. Read-only transactions refuse both before anything else.
func (r *Result) try(ctx context.Context, guest *pgx.Conn, role string) error {
	var table pg.Name
	sql := "CREATE TEMPORARY TABLE landfall_try ()"
	err := guest.QueryRow(ctx, `SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND NOT c.relhastriggers AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'DELETE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') ORDER BY 1, 2 LIMIT 1`).Scan(&table.Schema, &table.Name)
	if err == nil {
		sql = "DELETE FROM ONLY " + table.SQL() + " WHERE false"
	} else if err != pgx.ErrNoRows { //nolint:errorlint // pgx returns it as it is
		return pg.Fault(err, "look for a table to try", "")
	}
	tx, err := guest.Begin(ctx)
	if err != nil {
		return pg.Fault(err, "try to write as", role)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // that is what it is for
	_, err = tx.Exec(ctx, sql)
	switch pg.Code(err) {
	case "25006":
		r.Tried = append(r.Tried, fmt.Sprintf("%q: %s was refused: the transaction is read only", role, sql))
		return nil
	case "42501":
		r.Tried = append(r.Tried, fmt.Sprintf("%q: %s was refused: the role may not", role, sql))
		return nil
	}
	if err != nil {
		return pg.Fault(err, "try to write as", role)
	}
	r.gap("%q wrote: %s went through", role, sql)
	return nil
}
