package base

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
)

const (
	defaultJobs = 4
	// defaultChunk keeps tables whole that two sessions would not carry in half the
	// time: the rows of a whole one go in frozen, those of pieces need a vacuum
	// afterwards. A kill costs a piece at most, half a minute of it.
	defaultChunk = 2 << 30
	// reserve is how many connections of a server are left to others.
	reserve = 5
	// tries is how often a pass begins again without having come further, and
	// firstPause the wait before the second try, doubled up to longestPause.
	tries        = 6
	firstPause   = 250 * time.Millisecond
	longestPause = 30 * time.Second
	// mostGenerations bounds those that one call of Copy begins.
	mostGenerations = 20
)

// Base is one run, opened. Copy is called by one goroutine at a time; SetLimits,
// Pause, Resume and State by any.
type Base struct {
	Options
	source, target   pg.Server
	epoch            int64
	memory           int64 // maintenance_work_mem in kB, 0 for the server's
	tablespaces      []string
	control, catalog *pgx.Conn // of the target, of the source
	pace             *pace
	meter            meter

	makers *makers
	after  sync.WaitGroup // what follows the rows of a table

	snapshot *snapshot
	// mu guards what follows.
	mu       sync.Mutex
	known    *known
	tables   map[pg.Name]*table
	readied  map[int]bool
	left     []Left // of this pass, beside what the notes have
	afterErr error
	objects  int64 // large ones, of this process
	advanced int64 // counts what is done, to tell a try that came further
	begun    int   // generations of this call
}

var runName = regexp.MustCompile(`^[0-9a-f]{8}$`)

// Open reaches both servers, ends older sessions of the run and reads its notes,
// which it makes on the target if there are none. It makes nothing on the source.
func Open(ctx context.Context, o Options) (*Base, error) {
	if !runName.MatchString(o.Run) {
		return nil, fault.Newf(fault.Usage, "copy a database: the run is named %q, not by eight lower-case hexadecimal digits", o.Run)
	}
	if o.ChunkBytes <= 0 {
		o.ChunkBytes = defaultChunk
	}
	b := &Base{Options: o, pace: newPace(o.Limits.BytesPerSecond), readied: map[int]bool{}}
	b.makers = &makers{base: b}
	if err := b.connect(ctx); err != nil {
		b.Close()
		return nil, err
	}
	if b.Programs.Dump == "" {
		var err error
		if b.Programs, err = dump.Find(ctx, dump.Wanted{Source: b.source.Major(), Target: b.target.Major()}); err != nil {
			b.Close()
			return nil, err
		}
	}
	if b.Programs.Major < b.source.Major() {
		b.Close()
		return nil, fault.Newf(fault.Missing, "copy a database of PostgreSQL %d: pg_dump is of %d, and none reads from a newer server", b.source.Major(), b.Programs.Major).
			Hintf("apt-get install postgresql-client-%d", b.source.Major())
	}
	return b, nil
}

// connect opens what is not open: the sessions that steer.
func (b *Base) connect(ctx context.Context) (err error) {
	if b.catalog == nil || b.catalog.IsClosed() {
		if b.catalog, err = b.Source.Connect(ctx, purpose(b.Run)); err != nil {
			return err
		}
		if b.source, err = pg.Look(ctx, b.catalog); err != nil {
			return err
		}
		if _, err := b.catalog.Exec(ctx, settingsOfSession); err != nil {
			return pg.Fault(err, "prepare a session of", b.Source.String())
		}
		if b.epoch == 0 {
			if err := endOthers(ctx, b.catalog, b.Run); err != nil {
				return err
			}
		}
	}
	if b.control != nil && !b.control.IsClosed() {
		return nil
	}
	if b.epoch > 0 {
		b.control, err = b.openMaker(ctx)
		return err
	}
	return b.takeOver(ctx)
}

// takeOver is the first session of the target: others of the run end by it.
func (b *Base) takeOver(ctx context.Context) error {
	conn, err := b.Target.Connect(ctx, purpose(b.Run))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // nothing is open in it
	if b.target, err = pg.Look(ctx, conn); err != nil {
		return err
	}
	if b.target.SystemID > 0 && b.target.SystemID == b.source.SystemID && b.Source.Database() == b.Target.Database() {
		return fault.Newf(fault.Refused, "copy %s: source and target are one database", b.Source.String())
	}
	selection, err := json.Marshal(b.Selection)
	if err != nil {
		return fault.Of(fault.Internal, "note the selection of run", b.Run, err)
	}
	source := b.Source.Database()
	if b.source.SystemID > 0 {
		source += " of cluster " + strconv.FormatUint(b.source.SystemID, 10)
	}
	if b.epoch, err = register(ctx, conn, b.Run, source, string(selection)); err != nil {
		return err
	}
	if err := endOthers(ctx, conn, b.Run); err != nil {
		return err
	}
	if err := b.measure(ctx, conn); err != nil {
		return err
	}
	if b.control, err = b.openMaker(ctx); err != nil {
		return err
	}
	return b.reread(ctx)
}

// measure asks the servers what they bear.
func (b *Base) measure(ctx context.Context, target *pgx.Conn) error {
	var shared, work int64
	err := target.QueryRow(ctx, `SELECT (SELECT setting::bigint * 8 FROM pg_catalog.pg_settings WHERE name = 'shared_buffers'), (SELECT setting::bigint FROM pg_catalog.pg_settings WHERE name = 'maintenance_work_mem'),
ARRAY(SELECT spcname::text FROM pg_catalog.pg_tablespace)`).Scan(&shared, &work, &b.tablespaces)
	if err != nil {
		return pg.Fault(err, "ask for the settings of", b.Target.String())
	}
	free := defaultJobs + 2
	for _, conn := range []*pgx.Conn{b.catalog, target} {
		var n int
		if err := conn.QueryRow(ctx, "SELECT current_setting('max_connections')::int - (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend')").Scan(&n); err != nil {
			return pg.Fault(err, "ask for free connections of", b.Target.String())
		}
		free = min(free, n-reserve)
	}
	// Four sessions steer and hold the snapshot.
	if b.Jobs <= 0 {
		b.Jobs = max(1, min(defaultJobs, free-2))
	}
	if b.IndexJobs <= 0 {
		b.IndexJobs = max(1, min(defaultJobs, free-2))
	}
	// shared_buffers is a quarter of the memory on the managed services and by the
	// manual's advice; all index builds together get half as much.
	if more := min(shared/2/int64(b.IndexJobs), 1<<20); more > work {
		b.memory = more
	}
	return nil
}

// reread reads the notes again.
func (b *Base) reread(ctx context.Context) error {
	k, err := read(ctx, b.control, b.Run, b.known)
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.known = k
	b.mu.Unlock()
	return nil
}

// Close ends the sessions. A snapshot that is still needed is lost by it: what is
// not finished goes into the next generation.
func (b *Base) Close() {
	b.release()
	b.after.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	b.makers.close(ctx)
	for _, conn := range []*pgx.Conn{b.control, b.catalog} {
		if conn != nil {
			_ = conn.Close(ctx) // what it was for is done or noted as not done
		}
	}
}

// SetLimits changes the limits while work is going on.
func (b *Base) SetLimits(l move.Limits) { b.pace.set(l.BytesPerSecond) }

// Pause lets nothing more be read from the source; Resume goes on.
func (b *Base) Pause() { b.pace.pause(true) }

// Resume takes back Pause.
func (b *Base) Resume() { b.pace.pause(false) }

// State is what the notes said when they were last read.
func (b *Base) State() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := State{Schema: b.known.done[doneSchema], Loaded: b.known.done[doneRows], Done: b.known.done[doneAll]}
	for _, g := range b.known.generations {
		s.Generations = append(s.Generations, b.complete(g))
	}
	return s
}

// complete adds the tables to a generation. b.mu is held.
func (b *Base) complete(g Generation) Generation {
	g.Live = b.snapshot != nil && b.snapshot.generation == g.Number
	g.Tables = nil
	for name, n := range finished(b.known.notes) {
		if n.generation != g.Number {
			continue
		}
		t := pg.Table{Name: name}
		if listed := b.tables[name]; listed != nil {
			t = listed.Table
		}
		g.Tables = append(g.Tables, t)
	}
	slices.SortFunc(g.Tables, func(a, b pg.Table) int { return a.Name.Compare(b.Name) })
	return g
}

// Copy does what is outstanding, in order: generation, schema, rows with their
// indexes, all else. It returns nil when everything has been done or tried; what
// the target refused is in Result.Left. An error ends the pass, and the next call
// goes on, in this process or another. Called after nil it tries once more what
// is left.
func (b *Base) Copy(ctx context.Context) (Result, error) {
	began := time.Now()
	b.begun = 0
	stop := b.watch(ctx)
	defer stop()
	pause, failures, before := firstPause, 0, int64(-1)
	for {
		err := b.pass(ctx)
		if err == nil {
			err = b.reread(ctx)
		}
		if err == nil {
			r := b.result()
			r.Took = time.Since(began)
			return r, nil
		}
		if now := b.progressed(); now > before {
			pause, failures, before = firstPause, 0, now
		}
		failures++
		if ctx.Err() != nil || failures >= tries || !(errors.Is(err, errSnapshotLost) || retry(err)) {
			return b.result(), err
		}
		b.meter.slow(fmt.Sprintf("a server was lost (%s)", fault.KindOf(err)))
		if err := pg.Sleep(ctx, pause); err != nil {
			return b.result(), fault.Wrap(err, "copy", b.Source.String())
		}
		pause = min(2*pause, longestPause)
	}
}

// retry reports whether the same can work a moment later.
func retry(err error) bool {
	switch fault.KindOf(pg.Fault(err, "", "")) {
	case fault.Unavailable, fault.Timeout, fault.Throttled:
		return true
	}
	return false
}

func (b *Base) progressed() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.advanced
}

func (b *Base) advance() {
	b.mu.Lock()
	b.advanced++
	b.mu.Unlock()
}

func (b *Base) point(name string) {
	if b.Point != nil {
		b.Point(name)
	}
}
