package follow

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// Slot is a replication slot as pg_replication_slots tells it.
type Slot struct {
	Name   string `json:"name"`
	Active bool   `json:"active"`
	// Confirmed is confirmed_flush_lsn: everything that committed before it is applied,
	// visible and durable at the subscriber, whose worker reports it only then. Every
	// login may read it, on managed services too. Restart is what keeps WAL on the
	// publisher.
	Confirmed pg.LSN `json:"confirmed"`
	Restart   pg.LSN `json:"restart"`
	// Status is wal_status ("reserved", "extended", "unreserved", "lost"), "" before
	// PostgreSQL 13.
	Status string `json:"status,omitempty"`
	// Retained are the bytes of WAL that the slot keeps, Safe those that may still be
	// written before it is lost (-1 for no bound).
	Retained int64 `json:"retained"`
	Safe     int64 `json:"safe"`
}

// slots are read as JSON, because older servers lack some of the columns.
const slots = `SELECT s.slot_name, s.active, coalesce(s.confirmed_flush_lsn::text, '0/0'), coalesce(s.restart_lsn::text, '0/0'),
coalesce(pg_catalog.row_to_json(s)->>'wal_status', ''), coalesce((pg_catalog.row_to_json(s)->>'safe_wal_size')::int8, -1),
coalesce(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn), 0)::int8
FROM pg_catalog.pg_replication_slots s WHERE s.database = pg_catalog.current_database() AND s.slot_type = 'logical'`

func scanSlot(row pgx.CollectableRow) (Slot, error) {
	var s Slot
	var confirmed, restart string
	err := row.Scan(&s.Name, &s.Active, &confirmed, &restart, &s.Status, &s.Safe, &s.Retained)
	if err != nil {
		return s, err
	}
	if s.Confirmed, err = pg.ParseLSN(confirmed); err != nil {
		return s, err
	}
	s.Restart, err = pg.ParseLSN(restart)
	return s, err
}

// Slot says how the slot stands; fault.NotFound when there is none.
func (s Stream) Slot(ctx context.Context) (found Slot, err error) {
	err = within(ctx, s.Publisher, func(conn *pgx.Conn) error {
		found, err = s.slot(ctx, conn)
		return err
	})
	return found, err
}

func (s Stream) slot(ctx context.Context, conn *pgx.Conn) (Slot, error) {
	rows, err := conn.Query(ctx, slots+" AND s.slot_name = $1", s.Name)
	if err != nil {
		return Slot{}, pg.Fault(err, "look at slot", s.Name)
	}
	found, err := pgx.CollectExactlyOneRow(rows, scanSlot)
	return found, pg.Fault(err, "look at slot", s.Name)
}

// MakeSlot makes the slot without a snapshot, for a stream whose subscriber has
// all rows already; those of a base copy are made with it. It returns where the
// stream begins. A slot that nobody has subscribed to yet is made anew, so that it
// does not begin before what the subscriber has. It refuses (fault.Refused) while a
// subscription of the same run writes into the publisher: its changes would come
// back.
func (s Stream) MakeSlot(ctx context.Context) (begin pg.LSN, err error) {
	if err := s.valid(); err != nil {
		return 0, err
	}
	var known bool
	if err := within(ctx, s.Subscriber, func(conn *pgx.Conn) (err error) {
		known, err = s.subscribed(ctx, conn)
		return err
	}); err != nil {
		return 0, err
	}
	err = within(ctx, s.Publisher, func(conn *pgx.Conn) error {
		if err := s.oneWay(ctx, conn); err != nil {
			return err
		}
		found, err := s.slot(ctx, conn)
		if err == nil && known {
			begin = found.Confirmed
			return nil
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		begin, err = makeAnew(ctx, conn, s.Name)
		return err
	})
	return begin, err
}

const (
	// slotTries is how often a slot is made that a session which was cut off still
	// makes, or has just made; slotPause is between two tries.
	slotTries = 20
	slotPause = 250 * time.Millisecond
)

// makeAnew drops a slot that nobody has read and makes it again.
func makeAnew(ctx context.Context, conn *pgx.Conn, name string) (begin pg.LSN, err error) {
	for range slotTries {
		if err = dropSlot(ctx, conn, name); err == nil {
			begin, err = makeSlot(ctx, conn, name)
		}
		if !fault.Is(err, fault.Conflict) {
			return begin, err
		}
		if err := pg.Sleep(ctx, slotPause); err != nil {
			return 0, err
		}
	}
	return 0, err
}

func makeSlot(ctx context.Context, conn *pgx.Conn, name string) (pg.LSN, error) {
	var text string
	err := conn.QueryRow(ctx, "SELECT lsn::text FROM pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput')", name).Scan(&text)
	if err != nil {
		return 0, pg.Fault(err, "make slot", name)
	}
	return pg.ParseLSN(text)
}

// Advances reports whether the slot confirms what is written: it writes a mark and
// waits for it, at most for the time given.
func (s Stream) Advances(ctx context.Context, within time.Duration) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	f := NewFollower([]Stream{s}, Options{})
	defer f.Close()
	lsn, err := f.Mark(ctx)
	if err != nil {
		return false, err
	}
	if err := f.Await(ctx, lsn); err != nil {
		if fault.Is(err, fault.Timeout) {
			return false, nil
		}
		return false, err
	}
	return true, nil
}

// dropSlot drops a slot; its walsender, which is a session of Landfall's login, is
// ended. A slot that is not there is no error.
func dropSlot(ctx context.Context, conn *pgx.Conn, name string) error {
	return until(ctx, func() (bool, error) {
		_, err := conn.Exec(ctx, "SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE slot_name = $1 AND database = pg_catalog.current_database()", name)
		switch pg.Code(err) {
		case "55006": // active for a process
			_, err = conn.Exec(ctx, "SELECT pg_catalog.pg_terminate_backend(active_pid) FROM pg_catalog.pg_replication_slots WHERE slot_name = $1 AND active_pid IS NOT NULL", name)
			return false, pg.Fault(err, "end the reader of slot", name)
		case "42704":
			return true, nil
		}
		return err == nil, pg.Fault(err, "drop slot", name)
	})
}
