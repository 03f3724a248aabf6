package fence

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// visitor is a session in the database that is not Landfall's.
type visitor struct {
	PID         int
	User        string
	Application string
	Kind        string
	Super       bool
	// Busy says that a transaction is open, Old that the session began before the
	// fence, and may write by default.
	Busy, Old bool
	// Nameless says that it may be one of Landfall's: a session is listed a moment
	// before it has its name.
	Nameless bool
}

func (v visitor) String() string {
	return fmt.Sprintf("session %d of %q (%s, application %q)", v.PID, v.User, v.Kind, v.Application)
}

// visitors lists them. Landfall's own are those of its login with its name; workers
// of its subscriptions and the readers of slots stay, since a stream can only read;
// processes without a user are the server's own.
const visitors = `
SELECT a.pid, a.usename::text, coalesce(a.application_name, ''), coalesce(a.backend_type, 'session'), coalesce(r.rolsuper, false), a.xact_start IS NOT NULL, coalesce(a.backend_start < $1::timestamptz, true),
  a.usename = session_user AND coalesce(a.application_name, '') = '' AND coalesce(a.backend_start > pg_catalog.clock_timestamp() - '1 s'::interval, false)
FROM pg_catalog.pg_stat_activity a LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND a.usename IS NOT NULL
  AND NOT (a.usename = session_user AND (a.application_name = 'landfall' OR pg_catalog.left(a.application_name, 9) = 'landfall '))
  AND coalesce(a.backend_type, '') NOT IN ('autovacuum worker', 'parallel worker')
  AND a.pid NOT IN (SELECT w.pid FROM pg_catalog.pg_stat_subscription w WHERE w.pid IS NOT NULL AND pg_catalog.left(w.subname, 9) = 'landfall_')
  AND a.pid NOT IN (SELECT s.active_pid FROM pg_catalog.pg_replication_slots s WHERE s.active_pid IS NOT NULL)
ORDER BY a.pid`

// listVisitors lists them; since is a time by the server's clock. It waits for the
// names of those that have none yet, unless applications without a name of their own
// knock with Landfall's login all the time.
func listVisitors(ctx context.Context, conn *pgx.Conn, since time.Time) ([]visitor, error) {
	const looks = 40
	for i := 1; ; i++ {
		all, err := lookForVisitors(ctx, conn, since)
		if err != nil || i == looks || !slices.ContainsFunc(all, func(v visitor) bool { return v.Nameless }) {
			return all, err
		}
		if err := pg.Sleep(ctx, 30*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func lookForVisitors(ctx context.Context, conn *pgx.Conn, since time.Time) ([]visitor, error) {
	rows, err := conn.Query(ctx, visitors, since)
	if err != nil {
		return nil, pg.Fault(err, "list the sessions of", conn.Config().Database)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[visitor])
	return all, pg.Fault(err, "list the sessions of", conn.Config().Database)
}

// arriving are the sessions between the check of their right to connect and their
// place in pg_stat_activity: they hold a lock on the database from before the one to
// after the other.
func arriving(ctx context.Context, conn *pgx.Conn) ([]int32, error) {
	var pids []int32
	err := conn.QueryRow(ctx, `SELECT coalesce(pg_catalog.array_agg(l.pid), '{}') FROM pg_catalog.pg_locks l WHERE l.locktype = 'object' AND l.classid = 'pg_catalog.pg_database'::regclass
  AND l.objid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND l.pid <> pg_catalog.pg_backend_pid()`).Scan(&pids)
	return pids, pg.Fault(err, "look for new sessions of", conn.Config().Database)
}

// settle waits until those that are arriving are there or gone. Whoever comes after
// them finds the right to connect taken away: an application that tries again and
// again keeps nobody waiting.
func settle(ctx context.Context, conn *pgx.Conn) error {
	first, err := arriving(ctx, conn)
	if err != nil {
		return err
	}
	for pause := time.Millisecond; len(first) > 0; pause = min(2*pause, 100*time.Millisecond) {
		if err := pg.Sleep(ctx, pause); err != nil {
			return fault.Wrap(err, "wait for new sessions of", conn.Config().Database)
		}
		now, err := arriving(ctx, conn)
		if err != nil {
			return err
		}
		first = slices.DeleteFunc(first, func(pid int32) bool { return !slices.Contains(now, pid) })
	}
	return nil
}

// drive ends sessions until none is left but those of superusers that Landfall may
// not end, and those of superusers and of Landfall's own login that began afterwards:
// check names them. CONNECT has been taken away before: whom grants bind does not
// come back.
func drive(ctx context.Context, conn *pgx.Conn, grace time.Duration) (int, error) {
	ended := map[int]bool{}
	began := time.Now()
	var since time.Time
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.clock_timestamp()").Scan(&since); err != nil {
		return 0, pg.Fault(err, "ask for the time at", conn.Config().Database)
	}
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		if err := settle(ctx, conn); err != nil {
			return len(ended), err
		}
		all, err := listVisitors(ctx, conn, since)
		if err != nil {
			return len(ended), err
		}
		left := 0
		for _, v := range all {
			if (v.Super || v.User == conn.Config().User) && !v.Old {
				continue // it would come back for ever; its transactions are read only by default
			}
			gone, err := v.end(ctx, conn, time.Since(began) < grace)
			if err != nil {
				return len(ended), err
			}
			if gone {
				ended[v.PID] = true
			}
			if !v.Super || gone {
				left++
			}
		}
		if left == 0 {
			return len(ended), nil
		}
		if err := pg.Sleep(ctx, pause); err != nil {
			return len(ended), fault.Wrap(err, fmt.Sprintf("end %d sessions of", len(all)), conn.Config().Database)
		}
	}
}

// end asks a session to end, and reports whether it was asked.
func (v visitor) end(ctx context.Context, conn *pgx.Conn, patient bool) (bool, error) {
	if patient && v.Busy {
		return false, nil
	}
	_, err := conn.Exec(ctx, "SELECT pg_catalog.pg_terminate_backend($1)", v.PID)
	if pg.Code(err) == "42501" && v.Super {
		return false, nil
	}
	return err == nil, pg.Fault(err, "end", v.String())
}
