package base

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// Clean removes what Base has made for a run but the copy itself: the slots of its
// generations on the source, the notes on the target, and its sessions on both. It
// goes by names alone and may be repeated. An endpoint may be the zero value; one
// that cannot be reached is a Leftover, as is everything that could not be removed.
func Clean(ctx context.Context, source, target pg.Endpoint, run string) ([]Leftover, error) {
	if !runName.MatchString(run) {
		return nil, fault.Newf(fault.Usage, "clean up: the run is named %q, not by eight lower-case hexadecimal digits", run)
	}
	left := cleanSide(ctx, "source", source, run, cleanSource)
	left = append(left, cleanSide(ctx, "target", target, run, cleanTarget)...)
	if ctx.Err() != nil {
		return left, fault.Wrap(ctx.Err(), "clean up after run", run)
	}
	return left, nil
}

func cleanSide(ctx context.Context, side string, e pg.Endpoint, run string, clean func(context.Context, *pgx.Conn, string) []Leftover) []Leftover {
	if !e.Valid() {
		return nil
	}
	conn, err := e.Connect(ctx, purpose(run))
	if err != nil {
		return []Leftover{{Side: side, Kind: "session", Name: e.String(), Message: err.Error()}}
	}
	defer func() { _ = conn.Close(ctx) }() // what it did is done
	var left []Leftover
	if err := endOthers(ctx, conn, run); err != nil {
		left = append(left, Leftover{Kind: "session", Name: "landfall " + purpose(run), Message: err.Error()})
	}
	left = append(left, clean(ctx, conn, run)...)
	for i := range left {
		left[i].Side = side
	}
	return left
}

func cleanSource(ctx context.Context, conn *pgx.Conn, run string) (left []Leftover) {
	rows, err := conn.Query(ctx, `SELECT slot_name FROM pg_catalog.pg_replication_slots WHERE slot_name ~ ('^landfall_' || $1 || '_[0-9]+$') AND database = pg_catalog.current_database() ORDER BY slot_name`, run)
	var names []string
	if err == nil {
		names, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil {
		return []Leftover{{Kind: "slot", Name: Name(run, 0), Message: message(err), Statement: "SELECT slot_name FROM pg_replication_slots WHERE slot_name LIKE 'landfall%'"}}
	}
	for _, name := range names {
		if err := dropSlot(ctx, conn, name); err != nil {
			left = append(left, Leftover{Kind: "slot", Name: name, Message: err.Error(), Statement: "SELECT pg_drop_replication_slot(" + pg.Literal(name) + ")"})
		}
	}
	return left
}

func cleanTarget(ctx context.Context, conn *pgx.Conn, run string) []Leftover {
	sql := "DROP SCHEMA IF EXISTS " + notes(run) + " CASCADE"
	if _, err := conn.Exec(ctx, sql); err != nil {
		return []Leftover{{Kind: "schema", Name: "landfall_" + run, Message: message(err), Statement: sql}}
	}
	return nil
}

// dropSlot drops a slot. A session of ours that still has it is ended; it takes a
// moment until the server has let go of it.
func dropSlot(ctx context.Context, conn *pgx.Conn, name string) error {
	ctx, cancel := context.WithTimeout(ctx, endWithin)
	defer cancel()
	for {
		_, err := conn.Exec(ctx, `SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE slot_name = $1`, name)
		if pg.Code(err) != "55006" { // object_in_use
			return pg.Fault(err, "drop the replication slot", name)
		}
		if _, failed := conn.Exec(ctx, `SELECT pg_catalog.pg_terminate_backend(active_pid) FROM pg_catalog.pg_replication_slots WHERE slot_name = $1 AND active`, name); failed != nil {
			return pg.Fault(failed, "end the session that has the replication slot", name)
		}
		if pg.Sleep(ctx, 50*time.Millisecond) != nil {
			return pg.Fault(err, "drop the replication slot", name)
		}
	}
}

// Forget drops the notes on the target, when the run needs them no more. The slots
// stay; Clean drops them as well.
func (b *Base) Forget(ctx context.Context) error {
	_, err := b.control.Exec(ctx, fmt.Sprintf("DROP SCHEMA IF EXISTS %s CASCADE", notes(b.Run)))
	return pg.Fault(err, "drop the notes of run", b.Run)
}
