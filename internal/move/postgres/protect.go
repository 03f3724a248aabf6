package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// protectEvery is how old an answer of the source may be.
const protectEvery = time.Second

// protector keeps the copy from burdening the source: it waits while others are
// busy there, and gives the copy up before its slots keep too much of the log.
type protector struct {
	m    *Mover
	mu   sync.Mutex
	conn *pgx.Conn
	at   time.Time
	said bool
	// lost says why the copy was given up for the sake of the source.
	lost string
}

// protect returns when the source may be burdened with another chunk.
func (p *protector) protect(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if p.m.ports.Now().Sub(p.at) < protectEvery {
			return nil
		}
		busy, err := p.look(ctx)
		if err != nil {
			return err
		}
		if p.m.settings.Busy == 0 || busy <= p.m.settings.Busy {
			p.at, p.said = p.m.ports.Now(), false
			return nil
		}
		if !p.said {
			p.said = true
			p.m.say("the copy waits: the source is busy")
		}
		if err := pg.Sleep(ctx, protectEvery); err != nil {
			return err
		}
	}
}

// look counts the sessions of others that work, and refuses when the slots of the
// move keep more of the log than they may.
func (p *protector) look(ctx context.Context) (busy int, err error) {
	if p.conn == nil {
		if p.conn, err = p.m.ports.Source.Connect(ctx, "protect"); err != nil {
			return 0, err
		}
	}
	bound, err := p.m.settings.Guard.Bound(ctx, p.conn)
	if err != nil {
		p.close()
		return 0, err
	}
	var kept int64
	err = p.conn.QueryRow(ctx, `
SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend' AND application_name NOT LIKE 'landfall%'),
       (SELECT coalesce(max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn)), 0)::bigint FROM pg_catalog.pg_replication_slots WHERE slot_name LIKE $1)`,
		"landfall\\_"+string(p.m.doc.Run)+"\\_%").Scan(&busy, &kept)
	if err != nil {
		p.close()
		return 0, pg.Fault(err, "look at the load of the source", "")
	}
	if bound >= 0 && kept > bound {
		p.lost = fmt.Sprintf("a slot kept %d MiB of the source's log, and may keep %d MiB", kept>>20, bound>>20)
		return 0, fault.Newf(fault.Refused, "go on with the copy: %s", p.lost)
	}
	return busy, nil
}

func (p *protector) close() {
	if p.conn != nil {
		_ = p.conn.Close(context.Background())
		p.conn = nil
	}
}
