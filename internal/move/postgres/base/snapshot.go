package base

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// errSnapshotLost says that nobody holds the snapshot any more.
var errSnapshotLost = errors.New("no session of the source holds the snapshot any more")

func snapshotLost() error {
	return fault.Of(fault.Unavailable, "read from the snapshot", "", errSnapshotLost)
}

const (
	// holders are sessions that hold a snapshot besides the one that made it.
	holders = 2
	// holdEvery is how often they are looked after. A firewall that forgets quiet
	// connections does so after minutes.
	holdEvery = 15 * time.Second
	// waitTold is after how long a slot that is not made yet is spoken of.
	waitTold = 2 * time.Second
)

// snapshot is one that is held. The zero pointer is none.
type snapshot struct {
	generation int
	maker      *pgconn.PgConn // the replication session; nil where a holder made it
	stop       context.CancelFunc
	done       sync.WaitGroup
	mu         sync.Mutex
	held       []holder
}

// holder is a session with the snapshot, and the name under which it lets others
// import it.
type holder struct {
	conn *pgx.Conn
	name string
}

const beginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

// hold opens a session with the snapshot of that name; "" makes a new one.
func (b *Base) hold(ctx context.Context, name string) (h holder, err error) {
	if h.conn, err = b.Source.Connect(ctx, purpose(b.Run)); err != nil {
		return h, err
	}
	steps := []string{settingsOfSession, beginReading}
	if name != "" {
		steps = append(steps, "SET TRANSACTION SNAPSHOT "+pg.Literal(name))
	}
	for _, sql := range steps {
		if _, err = h.conn.Exec(ctx, sql); err != nil {
			break
		}
	}
	if err == nil {
		err = h.conn.QueryRow(ctx, "SELECT pg_catalog.pg_export_snapshot()").Scan(&h.name)
	}
	if err != nil {
		return h, errors.Join(pg.Fault(err, "hold a snapshot of", b.Source.String()), h.conn.Close(ctx))
	}
	return h, nil
}

// take makes the slot of a generation, and holds the snapshot that comes with it.
func (b *Base) take(ctx context.Context, g *Generation) (*snapshot, error) {
	s := &snapshot{generation: g.Number}
	name := ""
	if !b.Once {
		var err error
		if s.maker, err = b.Source.Replication(ctx, purpose(b.Run)); err != nil {
			return nil, err
		}
		if name, err = b.makeSlot(ctx, s.maker, g); err != nil {
			s.release()
			return nil, err
		}
	}
	for range holders {
		h, err := b.hold(ctx, name)
		if err != nil {
			s.release()
			return nil, err
		}
		s.held = append(s.held, h)
		name = s.held[0].name
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.done.Go(func() { b.keep(ctx, s) })
	return s, nil
}

// makeSlot creates the slot and returns the name of its snapshot. The server waits
// for the transactions that are open at that moment ("Streaming Replication
// Protocol", CREATE_REPLICATION_SLOT): a long one is told of.
func (b *Base) makeSlot(ctx context.Context, conn *pgconn.PgConn, g *Generation) (string, error) {
	sql := "CREATE_REPLICATION_SLOT " + pg.Quote(g.Name) + " LOGICAL pgoutput "
	if b.source.Major() >= 15 {
		sql += "(SNAPSHOT 'export')"
	} else {
		sql += "EXPORT_SNAPSHOT"
	}
	timer := time.AfterFunc(waitTold, func() { b.meter.slow("waiting for open transactions of the source to end") })
	results, err := conn.Exec(ctx, sql).ReadAll()
	timer.Stop()
	b.meter.slow("")
	if err != nil {
		return "", pg.Fault(err, "make the replication slot", g.Name)
	}
	if len(results) == 0 || len(results[0].Rows) == 0 || len(results[0].Rows[0]) < 3 {
		return "", fault.Newf(fault.Internal, "make the replication slot %q: the server says neither where it begins nor what its snapshot is", g.Name)
	}
	row := results[0].Rows[0]
	if g.LSN, err = pg.ParseLSN(string(row[1])); err != nil {
		return "", err
	}
	return string(row[2]), nil
}

// keep looks after the holders, and replaces one that is lost by way of the other.
func (b *Base) keep(ctx context.Context, s *snapshot) {
	for pg.Sleep(ctx, holdEvery) == nil {
		s.check(ctx)
		names := s.names()
		if len(names) == 0 || len(names) >= holders {
			continue
		}
		h, err := b.hold(ctx, names[0])
		if err != nil {
			continue // the next look tries again
		}
		s.mu.Lock()
		s.held = append(s.held, h)
		s.mu.Unlock()
	}
}

// check drops the holders whose session is gone.
func (s *snapshot) check(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = slices.DeleteFunc(s.held, func(h holder) bool {
		_, err := h.conn.Exec(ctx, "SELECT 1")
		return err != nil && ctx.Err() == nil
	})
}

// names are those under which the snapshot can be imported.
func (s *snapshot) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, h := range s.held {
		names = append(names, h.name)
	}
	return names
}

// lost drops a name that could not be imported, and reports whether none is left.
func (s *snapshot) lost(ctx context.Context, name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = slices.DeleteFunc(s.held, func(h holder) bool {
		if h.name == name {
			_ = h.conn.Close(ctx) // it is of no use
			return true
		}
		return false
	})
	return len(s.held) == 0
}

// notImported reports whether an error says that a snapshot is not there.
func notImported(err error) bool {
	code := pg.Code(err)
	return code == "22023" || code == "42704" || code == "55000"
}

// release lets the snapshot go.
func (s *snapshot) release() {
	if s == nil {
		return
	}
	if s.stop != nil {
		s.stop()
		s.done.Wait()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.held {
		_ = h.conn.Close(ctx) // closing is all it is told
	}
	if s.maker != nil {
		_ = s.maker.Close(ctx)
	}
}

// inSnapshot runs a function in a session that sees the snapshot.
func (b *Base) inSnapshot(ctx context.Context, f func(conn *pgx.Conn) error) error {
	for {
		names := b.snapshot.names()
		if len(names) == 0 {
			return snapshotLost()
		}
		h, err := b.hold(ctx, names[0])
		if notImported(err) && !b.snapshot.lost(ctx, names[0]) {
			continue
		}
		if notImported(err) {
			return snapshotLost()
		}
		if err != nil {
			return err
		}
		err = f(h.conn)
		_ = h.conn.Close(ctx) // it only read
		return err
	}
}

// generation makes sure that there is a snapshot to copy the outstanding tables from.
func (b *Base) generation(ctx context.Context, outstanding []pg.Table) error {
	if b.snapshot != nil {
		b.snapshot.check(ctx)
		if len(b.snapshot.names()) > 0 {
			return nil
		}
		b.snapshot.release()
		b.mu.Lock()
		b.snapshot = nil
		b.mu.Unlock()
	}
	if b.begun++; b.begun > mostGenerations {
		return fault.Newf(fault.Unavailable, "copy %s: the snapshot was lost %d times", b.Source.String(), mostGenerations)
	}
	if err := b.discardEmpty(ctx); err != nil {
		return err
	}
	g := Generation{Number: 1, Begun: time.Now().UTC(), Tables: outstanding}
	b.mu.Lock()
	if n := len(b.known.generations); n > 0 {
		g.Number = b.known.generations[n-1].Number + 1
	}
	b.mu.Unlock()
	g.Name = Name(b.Run, g.Number)
	// It is noted before it is made: whatever is made is then found again.
	if err := storeGeneration(ctx, b.control, b.Run, g); err != nil {
		return err
	}
	b.point("generation noted")
	if b.Publish != nil {
		if err := b.Publish(ctx, g); err != nil {
			return err
		}
	}
	s, err := b.take(ctx, &g)
	if err != nil {
		return err
	}
	b.point("slot made")
	b.mu.Lock()
	b.snapshot = s
	b.mu.Unlock()
	if err := storeGeneration(ctx, b.control, b.Run, g); err != nil {
		return err
	}
	b.point("slot noted")
	return b.reread(ctx)
}

// discardEmpty drops the slots of generations that no table is of: nobody will
// follow them.
func (b *Base) discardEmpty(ctx context.Context) error {
	for _, g := range b.State().Generations {
		if len(g.Tables) > 0 {
			continue
		}
		if b.Discard != nil {
			if err := b.Discard(ctx, g); err != nil {
				return err
			}
		}
		if err := dropSlot(ctx, b.catalog, g.Name); err != nil {
			return err
		}
		if _, err := b.control.Exec(ctx, fmt.Sprintf("DELETE FROM %s.generation WHERE number = %d", notes(b.Run), g.Number)); err != nil {
			return pg.Fault(err, "forget generation", g.Name)
		}
	}
	return nil
}
