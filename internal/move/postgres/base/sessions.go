package base

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// endWithin bounds the wait for sessions that were ended.
const endWithin = 30 * time.Second

// purpose is in the name of every session of a run, by which they are found again.
func purpose(run string) string { return "base " + run }

// settingsOfSession make the two sides agree on what pg leaves open, and lift
// limits of versions that have them: an unknown name cannot be set.
const settingsOfSession = `SELECT pg_catalog.set_config(v.name, v.value, false)
FROM (VALUES ('lc_monetary', 'C'), ('idle_session_timeout', '0'), ('transaction_timeout', '0')) v(name, value) WHERE pg_catalog.current_setting(v.name, true) IS NOT NULL`

// settingsOfTarget are for what is made there. Notes are on disk no later than what
// they tell of: both are in one transaction.
const settingsOfTarget = "SET check_function_bodies = off; SET xmloption = content; SET client_min_messages = error; SET synchronous_commit = off; SET default_tablespace = ''"

// quiet makes triggers and rules sleep; only some logins may say so, and there are
// none before the rows unless somebody made them.
const quiet = "SET session_replication_role = replica"

// openSource opens a session that rows are read with.
func (b *Base) openSource(ctx context.Context) (*wire, error) {
	w, err := openWire(ctx, b.Source, purpose(b.Run))
	if err != nil {
		return nil, err
	}
	defer w.bound(ctx)()
	if _, err := w.query(settingsOfSession); err != nil {
		w.close()
		return nil, pg.Fault(err, "prepare a session of", b.Source.String())
	}
	return w, nil
}

// openTarget opens a session that rows are written with.
func (b *Base) openTarget(ctx context.Context) (*wire, error) {
	w, err := openWire(ctx, b.Target, purpose(b.Run))
	if err != nil {
		return nil, err
	}
	defer w.bound(ctx)()
	if err := b.prepare(func(sql string) (string, error) {
		a, err := w.query(sql)
		return append(a.values, "")[0], err
	}); err != nil {
		w.close()
		return nil, err
	}
	a, err := w.query("SELECT pg_catalog.pg_backend_pid()")
	if err == nil && len(a.values) == 1 {
		var pid uint64
		pid, err = strconv.ParseUint(a.values[0], 10, 32)
		w.pid = uint32(pid)
	}
	if err != nil {
		w.close()
		return nil, pg.Fault(err, "prepare a session of", b.Target.String())
	}
	return w, nil
}

// openMaker opens a session that objects are made with.
func (b *Base) openMaker(ctx context.Context) (*pgx.Conn, error) {
	conn, err := b.Target.Connect(ctx, purpose(b.Run))
	if err != nil {
		return nil, err
	}
	err = b.prepare(func(sql string) (string, error) {
		results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
		if err != nil || len(results) == 0 || len(results[0].Rows) == 0 {
			return "", err
		}
		return string(results[0].Rows[0][0]), nil
	})
	if err != nil {
		_ = conn.Close(ctx) // the error tells
		return nil, err
	}
	return conn, nil
}

func (b *Base) prepare(query func(sql string) (string, error)) error {
	if _, err := query(settingsOfTarget + "; " + settingsOfSession); err != nil {
		return pg.Fault(err, "prepare a session of", b.Target.String())
	}
	if _, err := query(quiet); err != nil && pg.Code(err) != "42501" {
		return pg.Fault(err, "prepare a session of", b.Target.String())
	}
	if b.memory > 0 {
		if _, err := query(fmt.Sprintf("SET maintenance_work_mem = %d", b.memory)); err != nil && pg.Code(err) != "42501" {
			return pg.Fault(err, "prepare a session of", b.Target.String())
		}
	}
	epoch, err := query("SELECT epoch FROM " + notes(b.Run) + ".run")
	if err != nil {
		return pg.Fault(err, "read the notes of run", b.Run)
	}
	if epoch != fmt.Sprint(b.epoch) {
		return fault.Newf(fault.Conflict, "go on with run %s: another Landfall has taken it over", b.Run)
	}
	return nil
}

// endOthers ends the sessions of a run that are not this one, and waits until they
// are gone: what they were doing is then done or rolled back.
func endOthers(ctx context.Context, conn *pgx.Conn, run string) error { return end(ctx, conn, run, 0) }

// end ends one session of a run, by the number of its process, or all others for 0.
func end(ctx context.Context, conn *pgx.Conn, run string, pid uint32) error {
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	for {
		var left int
		err := conn.QueryRow(ctx, `SELECT count(*) FROM (SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE application_name = $1 AND pid <> pg_catalog.pg_backend_pid() AND datname = pg_catalog.current_database() AND usename = current_user
AND ($2::bigint = 0 OR pid = $2::bigint)) ended`, "landfall "+purpose(run), int64(pid)).Scan(&left)
		if err != nil {
			return pg.Fault(err, "end older sessions of run", run)
		}
		if left == 0 {
			return nil
		}
		if err := pg.Sleep(ctx, 20*time.Millisecond); err != nil {
			return fault.Of(fault.Timeout, "end older sessions of run", run, err)
		}
	}
}
