package fence

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// Options of Shut, Check and Open. The zero value ends sessions at once.
type Options struct {
	// Grace is how long transactions that are open may go on after none can be begun
	// any more by those who are not connected; idle sessions are ended at once.
	Grace time.Duration
	// Logins are those of applications, tried by Check where they are known.
	Logins []pg.Endpoint
	// Record is told every transition; nil for none.
	Record func(Transition)
}

// Transition is a moment of a fence, with the time on Landfall's clock and the end of
// the server's log.
type Transition struct {
	At       time.Time `json:"at"`
	Database string    `json:"database"`
	What     What      `json:"what"`
	LSN      pg.LSN    `json:"lsn"`
}

// What happens to a fence.
type What string

// The transitions in their order. Nobody else writes from Shut to Opening, with the
// exception of whom State.Weak names.
const (
	Shutting What = "shutting"
	Closed   What = "shut"
	Opening  What = "opening"
	Opened   What = "open"
)

func (o Options) record(ctx context.Context, conn *pgx.Conn, s State, what What) (pg.LSN, error) {
	lsn, err := inserted(ctx, conn)
	if err == nil && o.Record != nil {
		o.Record(Transition{time.Now(), s.Database, what, lsn})
	}
	return lsn, err
}

// inserted is the end of the log with what is not written yet: an asynchronous
// commit lies before it, and not before pg_current_wal_lsn.
func inserted(ctx context.Context, conn *pgx.Conn) (pg.LSN, error) {
	var text string
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.pg_current_wal_insert_lsn()::text").Scan(&text); err != nil {
		return 0, pg.Fault(err, "ask for the end of the log of", conn.Config().Database)
	}
	return pg.ParseLSN(text)
}

// Shut fences the database. When it returns a Result that holds, no session but
// Landfall's is left, none can be opened by those whom grants bind, every
// transaction has ended, and Result.LSN is behind the last commit. Shutting twice is
// no error. An error leaves the fence as far as it came; Open takes it back. ctx
// bounds the wait for sessions to end.
func Shut(ctx context.Context, at pg.Endpoint, s State, o Options) (r Result, err error) {
	err = within(ctx, at, func(conn *pgx.Conn) error {
		if err := same(ctx, conn, s); err != nil {
			return err
		}
		if _, err := o.record(ctx, conn, s, Shutting); err != nil {
			return err
		}
		if err := shutSettings(ctx, conn, s); err != nil {
			return err
		}
		if err := LetWorkers(ctx, conn); err != nil {
			return err
		}
		if err := retried(ctx, func() error { return shutConnect(ctx, conn, s) }); err != nil {
			return pg.Fault(err, "take CONNECT away in", s.Database)
		}
		ended, err := drive(ctx, conn, o.Grace)
		if err != nil {
			return err
		}
		if r, err = check(ctx, at, conn, s, o); err != nil {
			return err
		}
		r.Ended = ended
		if !r.Holds {
			return nil
		}
		r.LSN, err = o.record(ctx, conn, s, Closed)
		return err
	})
	return r, err
}

// same refuses to fence what the state does not describe.
func same(ctx context.Context, conn *pgx.Conn, s State) error {
	now, err := look(ctx, conn)
	if err != nil {
		return err
	}
	if now.Database != s.Database || now.Login != s.Login || now.Owner != s.Owner {
		return fault.Newf(fault.Conflict, "fence database %q: what was noted is of database %q, owner %q, login %q", now.Database, s.Database, s.Owner, s.Login)
	}
	return nil
}

// shutSettings makes read-only transactions the default. A role that somebody else
// alone may alter stays as it is: it cannot connect, and check says so if it can.
func shutSettings(ctx context.Context, conn *pgx.Conn, s State) error {
	now, err := settings(ctx, conn)
	if err != nil {
		return pg.Fault(err, "read the settings of", s.Database)
	}
	for _, one := range now {
		if one.Set && (readOnly(one.Was) || one.Was == let) {
			continue
		}
		err := one.set(ctx, conn, s.Database, "= on")
		if err != nil && (one.Role == "" || pg.Code(err) != "42501") {
			return pg.Fault(err, "make read-only transactions the default of", s.Database)
		}
	}
	return nil
}

func (s Setting) set(ctx context.Context, conn *pgx.Conn, database, value string) error {
	sql := "ALTER DATABASE " + pg.Quote(database)
	if s.Role != "" {
		sql = "ALTER ROLE " + pg.Quote(s.Role) + " IN DATABASE " + pg.Quote(database)
	}
	verb := " SET default_transaction_read_only " + value
	if value == "" {
		verb = " RESET default_transaction_read_only"
	}
	return retried(ctx, func() error {
		return pg.Privileged(ctx, conn, sql+verb)
	})
}

// retried repeats what met another change of the same row of the catalogue, which
// the server answers with an internal error instead of waiting for it.
func retried(ctx context.Context, work func() error) error {
	const times = 10
	for i := 1; ; i++ {
		err := work()
		if pg.Code(err) != "XX000" || i == times {
			return err
		}
		if err := pg.Sleep(ctx, time.Duration(i)*50*time.Millisecond); err != nil {
			return err
		}
	}
}

// shutConnect leaves CONNECT to Landfall's login alone, in one transaction.
func shutConnect(ctx context.Context, conn *pgx.Conn, s State) error {
	now, err := look(ctx, conn)
	if err != nil {
		return err
	}
	ours := Grant{Grantee: s.Login, Grantor: s.Owner}
	return asGrantors(ctx, conn, s, func(as func(grantor, sql string) error) error {
		if !slices.ContainsFunc(now.Grants, ours.reaches) {
			if err := as(s.Owner, "GRANT CONNECT ON DATABASE "+pg.Quote(s.Database)+" TO "+ours.to()); err != nil {
				return err
			}
		}
		for _, g := range now.Grants {
			if ours.reaches(g) {
				continue
			}
			if err := as(g.Grantor, "REVOKE CONNECT ON DATABASE "+pg.Quote(s.Database)+" FROM "+g.to()); err != nil {
				return err
			}
		}
		return nil
	})
}

// reaches reports whether both grants are from and to the same, whatever their
// options are.
func (g Grant) reaches(o Grant) bool { return g.Grantee == o.Grantee && g.Grantor == o.Grantor }

// asGrantors runs statements in one transaction, each as the role that is the
// grantor: a grant of somebody else is another grant.
func asGrantors(ctx context.Context, conn *pgx.Conn, s State, work func(as func(grantor, sql string) error) error) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		return work(func(grantor, sql string) error {
			if grantor != s.Owner { // what a member of the owner grants is the owner's
				if _, err := tx.Exec(ctx, "SET LOCAL ROLE "+pg.Quote(grantor)); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "RESET ROLE")
			return err
		})
	})
}

// Open restores what State says. Opening twice, or without a fence, is no error.
// Who was granted CONNECT by somebody else meanwhile keeps it.
func Open(ctx context.Context, at pg.Endpoint, s State, o Options) error {
	return within(ctx, at, func(conn *pgx.Conn) error {
		if err := same(ctx, conn, s); err != nil {
			return err
		}
		if _, err := o.record(ctx, conn, s, Opening); err != nil {
			return err
		}
		if err := openSettings(ctx, conn, s); err != nil {
			return err
		}
		if err := retried(ctx, func() error { return openConnect(ctx, conn, s) }); err != nil {
			return pg.Fault(err, "give CONNECT back in", s.Database)
		}
		if err := restored(ctx, conn, s); err != nil {
			return err
		}
		_, err := o.record(ctx, conn, s, Opened)
		return err
	})
}

func openSettings(ctx context.Context, conn *pgx.Conn, s State) error {
	now, err := settings(ctx, conn)
	if err != nil {
		return pg.Fault(err, "read the settings of", s.Database)
	}
	for _, one := range now {
		was, noted := s.setting(one.Role)
		if !noted && !(one.Set && one.Was == let) || was.Set == one.Set && was.Was == one.Was {
			continue // somebody else's, or as it was
		}
		value := ""
		if was.Set {
			value = "= " + pg.Literal(was.Was)
		}
		if err := one.set(ctx, conn, s.Database, value); err != nil {
			return pg.Fault(err, "give back the default of transactions in", s.Database)
		}
	}
	return nil
}

func (s State) setting(role string) (Setting, bool) {
	i := slices.IndexFunc(s.Settings, func(one Setting) bool { return one.Role == role })
	if i < 0 {
		return Setting{Role: role}, false
	}
	return s.Settings[i], true
}

func openConnect(ctx context.Context, conn *pgx.Conn, s State) error {
	now, err := look(ctx, conn)
	if err != nil {
		return err
	}
	return asGrantors(ctx, conn, s, func(as func(grantor, sql string) error) error {
		for _, g := range slices.Backward(s.Grants) {
			if slices.Contains(now.Grants, g) {
				continue
			}
			sql := "GRANT CONNECT ON DATABASE " + pg.Quote(s.Database) + " TO " + g.to()
			if g.Option && g.Grantee != s.Owner { // the owner's is no option, but his nature
				sql += " WITH GRANT OPTION"
			}
			if err := as(g.Grantor, sql); err != nil {
				return err
			}
		}
		ours := Grant{Grantee: s.Login, Grantor: s.Owner}
		if slices.ContainsFunc(s.Grants, ours.reaches) {
			return nil
		}
		return as(s.Owner, "REVOKE CONNECT ON DATABASE "+pg.Quote(s.Database)+" FROM "+ours.to())
	})
}

// restored checks that everything that was noted is there again.
func restored(ctx context.Context, conn *pgx.Conn, s State) error {
	now, err := look(ctx, conn)
	if err != nil {
		return err
	}
	for _, g := range s.Grants {
		if !slices.Contains(now.Grants, g) {
			return fault.Newf(fault.Conflict, "open database %q: CONNECT for %s from %q is not as it was", s.Database, g.to(), g.Grantor)
		}
	}
	for _, was := range s.Settings {
		if is, _ := now.setting(was.Role); is.Set != was.Set || is.Was != was.Was {
			return fault.Newf(fault.Conflict, "open database %q: default_transaction_read_only of %q is %q, and was %q", s.Database, was.Role, is.Was, was.Was)
		}
	}
	return nil
}

// let is the value that LetWorkers sets. It is written unlike a person would, so that Open
// knows it.
const let = "False"

// LetWorkers lets the owners of Landfall's subscriptions write in a fenced database
// where tables have triggers that fire for replicated rows (ENABLE ALWAYS or REPLICA).
// A worker itself writes rows below the check for read-only transactions; statements
// of triggers do not, and the worker would fail at them for ever. Shut calls it, and so
// does whoever enables a subscription in a database that is shut already; Open takes it
// back. The session is one with the database.
func LetWorkers(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `SELECT DISTINCT pg_catalog.pg_get_userbyid(subowner)::text FROM pg_catalog.pg_subscription
WHERE pg_catalog.left(subname, 9) = 'landfall_' AND subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
  AND EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE tgenabled IN ('A', 'R')) ORDER BY 1`)
	if err != nil {
		return pg.Fault(err, "list the subscriptions of", conn.Config().Database)
	}
	owners, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(owners) == 0 {
		return pg.Fault(err, "list the subscriptions of", conn.Config().Database)
	}
	now, err := settings(ctx, conn)
	if err != nil {
		return pg.Fault(err, "read the settings of", conn.Config().Database)
	}
	if !readOnly(now[0].Was) {
		return nil // it is not shut
	}
	for _, owner := range owners {
		if err := (Setting{Role: owner}).set(ctx, conn, conn.Config().Database, "= "+pg.Quote(let)); err != nil {
			return pg.Fault(err, "let the worker write in", conn.Config().Database)
		}
	}
	return nil
}
