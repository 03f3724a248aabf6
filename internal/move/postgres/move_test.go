package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres"
	"example.com/landfall/internal/move/postgres/compare"
	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
)

// memory is a store that outlives movers.
type memory struct {
	mu      sync.Mutex
	content []byte
}

func (s *memory) Load() ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.content, s.content != nil, nil
}

func (s *memory) Save(content []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content = content
	return nil
}

// pair is a database in use, a server for it, and what a move of it has recorded.
type pair struct {
	t              *testing.T
	source, target testkit.PostgresServer
	store          *memory
	mu             sync.Mutex
	records        []string
	point          func(name string)
	kept           *keptPages
}

const shop = `
CREATE SCHEMA shop; CREATE TYPE shop.state AS ENUM ('open', 'done');
CREATE TABLE shop.item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, label text NOT NULL, price numeric(10,2), tags text[], doc jsonb, at timestamptz DEFAULT now(), UNIQUE (label));
CREATE TABLE shop.entry (id bigserial PRIMARY KEY, item bigint NOT NULL REFERENCES shop.item, worker int NOT NULL, n int NOT NULL, state shop.state DEFAULT 'open', UNIQUE (worker, n));
CREATE TABLE shop.heap (a int, b text);
CREATE INDEX item_tags ON shop.item USING gin (tags); CREATE INDEX entry_open ON shop.entry (item) WHERE state = 'open';
CREATE VIEW shop.open AS SELECT * FROM shop.entry WHERE state = 'open';
CREATE MATERIALIZED VIEW shop.sums AS SELECT item, count(*) AS n FROM shop.entry GROUP BY item; CREATE MATERIALIZED VIEW shop.a_total AS SELECT coalesce(sum(n), 0)::bigint AS n FROM shop.sums;
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := now(); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.touch();
INSERT INTO shop.item (label, price, tags, doc) SELECT 'item ' || i, i * 1.1, ARRAY['t' || i % 7], jsonb_build_object('i', i) FROM generate_series(1, 2000) i;
INSERT INTO shop.heap SELECT i % 50, repeat('x', i % 30) FROM generate_series(1, 1000) i;
CREATE ROLE app LOGIN PASSWORD 'app'; GRANT USAGE ON SCHEMA shop TO app; GRANT ALL ON ALL TABLES IN SCHEMA shop TO app; GRANT ALL ON ALL SEQUENCES IN SCHEMA shop TO app`

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t, store: &memory{}, kept: &keptPages{pages: map[string][]byte{}}}
	var starts sync.WaitGroup
	starts.Go(func() { p.source = testkit.OwnPostgres(t) })
	starts.Go(func() { p.target = testkit.OwnPostgres(t) })
	starts.Wait()
	for _, s := range []*testkit.PostgresServer{&p.source, &p.target} {
		p.exec(*s, "CREATE DATABASE shop")
		s.Database = "shop"
	}
	p.exec(p.source, shop)
	p.exec(p.target, "CREATE ROLE app LOGIN PASSWORD 'app'") // its password does not come along
	return p
}

func (p *pair) exec(at testkit.PostgresServer, sql string) {
	p.t.Helper()
	conn, err := pgx.Connect(p.t.Context(), at.URL())
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(p.t.Context()))
	if _, err := conn.Exec(p.t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		p.t.Fatalf("%s: %v", sql, err)
	}
}

func (p *pair) endpoint(at testkit.PostgresServer) pg.Endpoint {
	e, err := pg.Parse(at.URL())
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

// mover is one as a new process has it.
func (p *pair) mover(s postgres.Settings) *postgres.Mover {
	p.t.Helper()
	m, err := postgres.New(postgres.Ports{
		Source: p.endpoint(p.source), Target: p.endpoint(p.target), Store: p.store, Point: p.point,
		Record: func(_ context.Context, kind string, body any) error {
			text, err := json.Marshal(body)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.records = append(p.records, kind+" "+string(text))
			return err
		},
		Say: func(text string) { p.t.Log(text) },
		Progress: func(now move.Progress) {
			if now.Doing == "" || now.Unit == "" {
				p.t.Errorf("progress of nothing: %+v", now)
			}
		},
		Journal: func(string) (postgres.Kept, error) { return p.kept, nil },
	}, s, move.Limits{})
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

// writer is an application that writes at one side, as long as it is let, and
// remembers what was accepted.
type writer struct {
	p     *pair
	stop  chan struct{}
	done  sync.WaitGroup
	mu    sync.Mutex
	taken map[string][]time.Time // by side: when writes were accepted
	rows  int
}

func (p *pair) write(workers int) *writer {
	w := &writer{p: p, stop: make(chan struct{}), taken: map[string][]time.Time{}}
	for n := range workers {
		w.done.Go(func() { w.work(n) })
	}
	return w
}

// work tries both sides in turn with the application's login.
func (w *writer) work(worker int) {
	ctx := context.WithoutCancel(w.p.t.Context())
	sides := map[string]string{
		"source": strings.Replace(w.p.source.URL(), w.p.source.User+":"+w.p.source.Password, "app:app", 1),
		"target": strings.Replace(w.p.target.URL(), w.p.target.User+":"+w.p.target.Password, "app:app", 1),
	}
	conns := map[string]*pgx.Conn{}
	for n := 0; ; {
		for side, url := range sides {
			select {
			case <-w.stop:
				for _, c := range conns {
					if c != nil {
						_ = c.Close(ctx)
					}
				}
				return
			default:
			}
			if conns[side] == nil || conns[side].IsClosed() {
				conns[side], _ = pgx.Connect(ctx, url)
			}
			if conns[side] == nil {
				time.Sleep(5 * time.Millisecond)
				continue
			}
			began := time.Now()
			_, err := conns[side].Exec(ctx, "INSERT INTO shop.entry (item, worker, n) VALUES ($1, $2, $3)", 1+n%2000, worker, n)
			if err != nil {
				time.Sleep(5 * time.Millisecond)
				// What was cut off may have been written: the next has another number.
				n++
				continue
			}
			n++
			w.mu.Lock()
			w.taken[side] = append(w.taken[side], began)
			w.rows++
			w.mu.Unlock()
		}
	}
}

func (w *writer) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rows
}

// until waits for so many more writes.
func (w *writer) until(more int) {
	w.p.t.Helper()
	for wanted := w.count() + more; w.count() < wanted; time.Sleep(5 * time.Millisecond) {
		if w.p.t.Context().Err() != nil {
			w.p.t.Fatal("nothing is written any more")
		}
	}
}

func (w *writer) end() map[string][]time.Time {
	close(w.stop)
	w.done.Wait()
	return w.taken
}

func (p *pair) one(at testkit.PostgresServer, sql string) (value int64) {
	p.t.Helper()
	conn, err := pgx.Connect(p.t.Context(), at.URL())
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(p.t.Context()))
	if err := conn.QueryRow(p.t.Context(), sql).Scan(&value); err != nil {
		p.t.Fatal(err)
	}
	return value
}

// clean fails unless nothing of a move is left on either server.
func (p *pair) clean() {
	p.t.Helper()
	for _, at := range []testkit.PostgresServer{p.source, p.target} {
		n := p.one(at, `SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_subscription)
			+ (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'landfall%') + (SELECT count(*) FROM pg_replication_origin)`)
		if n != 0 {
			p.t.Errorf("%d things of the move are left at %s", n, at.Address)
		}
	}
}

// A database that is written all the time goes over, back with all that was
// written at the target, and over again; nothing is lost or doubled, and at no
// instant both sides take writes.
func TestThereAndBackUnderLoad(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	w := p.write(3)
	w.until(50)
	const margin = 1000
	settings := postgres.Settings{Identity: true, Margin: margin}
	m := p.mover(settings)
	result, err := m.Copy(t.Context())
	if err != nil {
		t.Fatalf("%v: %+v", err, result.Left)
	}
	if _, err := p.mover(settings).Verify(t.Context(), rows.Options{}, compare.Parts{}); err != nil {
		t.Errorf("under change: %v", err)
	}
	w.until(50)
	if err := p.mover(settings).Cutover(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.until(100)
	if err := p.mover(settings).Back(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Nobody uses a number twice whatever was given out and not written: both ways the
	// side that serves is ahead.
	there, back := p.one(p.target, "SELECT last_value FROM shop.item_id_seq"), p.one(p.source, "SELECT last_value FROM shop.item_id_seq")
	if there < 2000+margin || back < there+margin {
		t.Errorf("the sequence stood at 2000, then at %d, and is at %d", there, back)
	}
	w.until(100)
	before := w.count()
	if err := p.mover(settings).Cutover(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Materialized views are refreshed where they are not equal, in the order in which
	// they read each other.
	if n := p.one(p.target, "SELECT n FROM shop.a_total"); n < int64(before) {
		t.Errorf("%d rows were there, and a materialized view counts %d", before, n)
	}
	w.until(50)
	taken := w.end()
	m = p.mover(settings)
	if lag, err := m.Lag(t.Context(), time.Minute); err != nil || lag.Lost != "" {
		t.Errorf("the way back: %+v %v", lag, err)
	}
	accepted := len(taken["source"]) + len(taken["target"])
	if n := p.one(p.target, "SELECT count(*) FROM shop.entry"); n < int64(accepted) {
		t.Errorf("%d writes were accepted, and %d rows are there", accepted, n)
	}
	if err := m.SignOff(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.clean()
	if m.Document().Stage != postgres.Signed {
		t.Errorf("the move is %q", m.Document().Stage)
	}
	if n := p.one(p.target, "SELECT last_value - (SELECT max(id) FROM shop.entry) FROM shop.entry_id_seq"); n < 0 {
		t.Errorf("the sequence is %d behind", -n)
	}
	oneWriter(t, p, taken)
}

// oneWriter fails when the times of accepted writes of the two sides overlap.
func oneWriter(t *testing.T, p *pair, taken map[string][]time.Time) {
	t.Helper()
	type write struct {
		at   time.Time
		side string
	}
	var all []write
	for side, times := range taken {
		for _, at := range times {
			all = append(all, write{at, side})
		}
	}
	changes := 0
	for i := range all {
		for j := i + 1; j < len(all); j++ {
			if all[j].at.Before(all[i].at) {
				all[i], all[j] = all[j], all[i]
			}
		}
		if i > 0 && all[i].side != all[i-1].side {
			changes++
		}
	}
	// Source, target, source, target: three switches, and no more.
	if changes != 3 || len(taken["target"]) == 0 {
		t.Errorf("the side that takes writes changed %d times in %d writes", changes, len(all))
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, r := range p.records {
			if strings.HasPrefix(r, "postgres.fence") {
				t.Log(r)
			}
		}
	}
}

// A move that is given up leaves the source as it was.
func TestAbandonAndEmpty(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	before := p.one(p.source, "SELECT count(*) FROM shop.item")
	m := p.mover(postgres.Settings{Identity: true})
	if _, err := m.Copy(t.Context()); err != nil {
		t.Fatal(err)
	}
	proves(t, p)
	if m = p.mover(postgres.Settings{}); m.Document().Stage != postgres.Proved {
		t.Errorf("the move is %q", m.Document().Stage)
	}
	if err := m.Abandon(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	p.clean()
	p.exec(p.source, "SET ROLE app; INSERT INTO shop.item (label) VALUES ('after')")
	if n := p.one(p.source, "SELECT count(*) FROM shop.item"); n != before+1 {
		t.Errorf("%d items", n)
	}
	if n := p.one(p.source, "SELECT count(*) FROM pg_class WHERE relreplident = 'f'"); n != 0 {
		t.Errorf("%d replica identities are left", n)
	}
	if err := m.Abandon(t.Context(), true); !fault.Is(err, fault.Refused) {
		t.Errorf("emptied again: %v", err)
	}
	if n := p.one(p.target, "SELECT count(*) FROM pg_namespace WHERE nspname = 'shop'"); n != 0 {
		t.Error("the copy is still there")
	}
	if _, err := p.mover(postgres.Settings{}).Copy(t.Context()); err != nil {
		t.Errorf("a second move: %v", err)
	}
}

// proves takes a move to where it is proved: a comparison that was cut off goes on, and
// one that found something begins anew.
func proves(t *testing.T, p *pair) {
	t.Helper()
	p.kept = &keptPages{pages: map[string][]byte{}}
	if err := errors.Join(p.mover(postgres.Settings{}).Fence(t.Context()), p.mover(postgres.Settings{}).Drain(t.Context())); err != nil {
		t.Fatal(err)
	}
	p.exec(p.target, "BEGIN READ WRITE; UPDATE shop.heap SET b = 'wrong' WHERE a = 7; COMMIT")
	p.kept.full = true
	if err := p.mover(postgres.Settings{}).Prove(t.Context()); err == nil || fault.Is(err, fault.Found) || len(p.kept.pages) == 0 {
		t.Errorf("cut off: %v, %d tables are kept", err, len(p.kept.pages))
	}
	p.kept.full = false
	if err := p.mover(postgres.Settings{}).Prove(t.Context()); !fault.Is(err, fault.Found) || p.kept.found == 0 || len(p.kept.pages) > 0 {
		t.Errorf("%d tables were taken from the journal, %d are in it at the end: %v", p.kept.found, len(p.kept.pages), err)
	}
	p.exec(p.target, "BEGIN READ WRITE; TRUNCATE shop.heap; INSERT INTO shop.heap SELECT i % 50, repeat('x', i % 30) FROM generate_series(1, 1000) i; COMMIT")
	p.kept.found = 0
	if err := p.mover(postgres.Settings{}).Prove(t.Context()); err != nil || p.kept.found > 0 {
		t.Errorf("mended: %v, %d tables were taken from the journal", err, p.kept.found)
	}
}

// keptPages is a journal that outlives movers.
type keptPages struct {
	mu    sync.Mutex
	pages map[string][]byte
	found int
	// full lets nothing more be kept after a page.
	full bool
}

func (k *keptPages) Page(key string) ([]byte, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	page, ok := k.pages[key]
	if ok {
		k.found++
	}
	return page, ok
}

func (k *keptPages) Keep(key string, page []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pages[key] = page
	if k.full {
		return errors.New("no room for more")
	}
	return nil
}

func (k *keptPages) Discard() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.pages)
	return nil
}

func (k *keptPages) Close() error { return nil }

// Verbs that do not fit the stage are refused, and change nothing.
func TestVerbsWantTheirStage(t *testing.T) {
	t.Parallel()
	source, target := testkit.Postgres(t), testkit.Postgres(t)
	p := &pair{t: t, store: &memory{}, source: source, target: target}
	m := p.mover(postgres.Settings{})
	for name, verb := range map[string]func(context.Context) error{"fence": m.Fence, "cutover": m.Cutover, "open": m.Open, "back": m.Back, "sign off": m.SignOff, "abandon": func(ctx context.Context) error { return m.Abandon(ctx, false) }} {
		if err := verb(t.Context()); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s without a move: %v", name, err)
		}
	}
	p.store.content = fmt.Appendf(nil, `{"run":"00000000","stage":"switched","source":%q,"target":%q}`, p.endpoint(source), p.endpoint(target))
	m = p.mover(postgres.Settings{})
	for name, verb := range map[string]func(context.Context) error{"drain": m.Drain, "abandon": func(ctx context.Context) error { return m.Abandon(ctx, false) }} {
		if err := verb(t.Context()); err != nil && !fault.Is(err, fault.Refused) {
			t.Errorf("%s after the switch: %v", name, err)
		}
	}
	if m.Document().Stage != postgres.Switched {
		t.Errorf("the stage is %q", m.Document().Stage)
	}
	p.store.content = []byte(`{"stage":"following","source":"other","target":"other"}`)
	if _, err := postgres.New(postgres.Ports{Source: p.endpoint(source), Target: p.endpoint(target), Store: p.store}, postgres.Settings{}, move.Limits{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("another pair: %v", err)
	}
}
