package rows

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// couple is a session on each side: source first.
type couple [2]*pgx.Conn

// open connects to both sides.
func open(ctx context.Context, sides Sides, workers int) (couple, error) {
	var c couple
	for i, e := range []pg.Endpoint{sides.Source, sides.Target} {
		conn, err := e.Connect(ctx, "compare")
		if err == nil {
			c[i] = conn
			err = settle(ctx, conn, workers)
		}
		if err != nil {
			c.close(ctx)
			return couple{}, err
		}
	}
	return c, nil
}

// settle sets what decides how text reads and how statements run. JIT costs more
// than it saves on statements that differ from table to table; lc_monetary is the
// form of the type money.
func settle(ctx context.Context, conn *pgx.Conn, workers int) error {
	settings := []string{"lc_monetary = 'C'", "lc_numeric = 'C'"}
	if workers != 0 {
		settings = append(settings, fmt.Sprintf("max_parallel_workers_per_gather = %d", max(workers, 0)))
	}
	for _, s := range settings {
		if _, err := conn.Exec(ctx, "SET "+s); err != nil {
			return pg.Fault(err, "set", s)
		}
	}
	_, err := conn.Exec(ctx, "SELECT pg_catalog.set_config(name, 'off', false) FROM pg_catalog.pg_settings WHERE name = 'jit'")
	return pg.Fault(err, "set", "jit")
}

func (c couple) close(ctx context.Context) {
	for _, conn := range c {
		if conn != nil {
			_ = conn.Close(context.WithoutCancel(ctx))
		}
	}
}

// both does something on both sides at once and returns the first error of the
// source, else of the target. The other side's statement runs to its end: a
// session whose statement is cut off is lost.
func (c couple) both(do func(side int, conn *pgx.Conn) error) error {
	done := make(chan error, 1)
	go func() { done <- do(1, c[1]) }()
	err := do(0, c[0])
	if other := <-done; err == nil {
		err = other
	}
	return err
}

// sided is an error of a server about one table.
type sided struct {
	side int
	err  error
}

func (s *sided) Error() string { return s.err.Error() }
func (s *sided) Unwrap() error { return s.err }

func at(side int, err error) error {
	if err == nil {
		return nil
	}
	return &sided{side, err}
}

// aboutTable reports whether a server refused one table, and not the session or
// the whole comparison: permission, row security, a broken page, a value that
// cannot be shown.
func aboutTable(err error) bool {
	code := pg.Code(err)
	if code == "" {
		return false
	}
	switch code[:2] {
	case "08", "57", "53", "40", "25", "28", "58":
		return false
	}
	return true
}

// reason is what a server said of a table, for people. Messages of the data
// exceptions quote values, which stay on the server.
func reason(err error) string {
	side := ""
	if s, ok := err.(*sided); ok {
		side = sideName(s.side) + ": "
	}
	code := pg.Code(err)
	if strings.HasPrefix(code, "22") {
		return side + "a value cannot be read (SQLSTATE " + code + ")"
	}
	text := pg.Fault(err, "", "").Error()
	if strings.HasPrefix(code, "42501") && strings.Contains(text, "row-level security") {
		return side + "row security would hide rows from this login (SQLSTATE 42501)"
	}
	return side + strings.TrimPrefix(text, ": ")
}

// begin opens a snapshot on both sides, the target's when it has everything that
// the source's shows. Without applied nothing flows, and there is no place.
//
// The place is the insert position: a commit is in the log before a snapshot shows it, but
// with synchronous_commit = off not yet in what is written (PostgreSQL manual, "Asynchronous Commit").
func (c couple) begin(ctx context.Context, applied func(context.Context, pg.LSN) error) (string, error) {
	const begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	if _, err := c[0].Exec(ctx, begin); err != nil {
		return "", pg.Fault(err, "begin at", sideName(0))
	}
	place, err := reach(ctx, c[0], applied)
	if err != nil {
		return "", err
	}
	if _, err := c[1].Exec(ctx, begin); err != nil {
		return "", pg.Fault(err, "begin at", sideName(1))
	}
	return place, nil
}

// reach waits until the target has all that the session at the source can see.
func reach(ctx context.Context, source *pgx.Conn, applied func(context.Context, pg.LSN) error) (string, error) {
	if applied == nil {
		return "", nil
	}
	var place string
	if err := source.QueryRow(ctx, "SELECT pg_catalog.pg_current_wal_insert_lsn()::text").Scan(&place); err != nil {
		return "", pg.Fault(err, "ask for the end of the log of", sideName(0))
	}
	lsn, err := pg.ParseLSN(place)
	if err != nil {
		return "", err
	}
	return place, fault.Wrap(applied(ctx, lsn), "wait until the target has applied", place)
}

func (c couple) end(ctx context.Context) error {
	return c.both(func(side int, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "ROLLBACK")
		return pg.Fault(err, "end the snapshot at", sideName(side))
	})
}

// prepare makes the text of floats inside rows and arrays read the same where one
// side writes as many digits as are needed (since PostgreSQL 12) and the other 17.
func (f facts) prepare(ctx context.Context, c couple) error {
	if f.floats {
		return nil
	}
	return c.both(func(side int, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SET extra_float_digits = 0")
		return pg.Fault(err, "set extra_float_digits at", sideName(side))
	})
}
