package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/tools"
)

// database is the name of the database on both servers.
const database = "bench"

// stopWithin bounds the stop of the servers.
const stopWithin = time.Minute

// ticks of processor time in a second, as Linux counts them for /proc (proc(5),
// sysconf(_SC_CLK_TCK)).
const ticks = 100

// server is one of the two.
type server struct {
	address, user, password string
	postmaster              int
}

func (s server) url(database string) string {
	return part.PostgresURL(s.address, s.user, s.password, database, "disable")
}

// servers are source and target.
type servers struct {
	dir, programs  string
	host           part.Host
	running        []*part.Running
	source, target server
	// at is the target's database of the run, made those that are there.
	at    string
	count int
	made  []string
}

func start(ctx context.Context, dir, programs string) (*servers, error) {
	cache, err := tools.CacheDir(os.Getenv)
	if err != nil {
		return nil, err
	}
	s := &servers{dir: dir, programs: programs, host: part.Host{
		Starter: proc.NewStarter(), Tag: "landfall-postgresbench-" + strings.ToLower(rand.Text()[:12]),
		Locate: func(name tools.Name) (tools.Tool, error) { return tools.Locate(cache, name) },
		Dir:    filepath.Join(dir, "data"), LogDir: filepath.Join(dir, "log"), Address: "127.0.0.1", Environ: os.Environ(),
	}}
	for name, to := range map[string]*server{"source": &s.source, "target": &s.target} {
		o := part.PostgresOptions{Name: name, Superuser: "bench", Password: rand.Text(), Settings: []part.Setting{
			{Name: "shared_buffers", Value: "512MB"}, {Name: "max_wal_size", Value: "4GB"}, {Name: "autovacuum", Value: "off"}}}
		what := part.Postgres(o)
		what.ReadyWithin *= 4 // the machine may be busy
		running, err := part.Start(ctx, s.host, what)
		if err != nil {
			return nil, errors.Join(err, s.stop())
		}
		s.running = append(s.running, running)
		*to = server{address: running.Address(0), user: o.Superuser, password: o.Password}
		if to.postmaster, err = postmaster(ctx, *to); err != nil {
			return nil, errors.Join(err, s.stop())
		}
	}
	return s, nil
}

func (s *servers) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	var errs []error
	for _, r := range s.running {
		errs = append(errs, r.Stop(ctx))
	}
	s.host.Starter.Close()
	_, err := proc.Sweep(ctx, proc.Query{Tag: s.host.Tag})
	return errors.Join(append(errs, err)...)
}

// postmaster is the parent of a session.
func postmaster(ctx context.Context, s server) (int, error) {
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(ctx) }()
	stat, err := readStat(int(conn.PgConn().PID()))
	return stat.parent, err
}

// spent is what the servers have used up so far.
type spent struct{ source, target, wal float64 }

func (s *servers) spent(ctx context.Context) (spent, error) {
	var out spent
	var err error
	for _, of := range []server{s.source, s.target} {
		if err := quiet(ctx, of); err != nil {
			return out, err
		}
	}
	if out, err = s.used(); err != nil {
		return out, err
	}
	conn, err := pgx.Connect(ctx, s.target.url("postgres"))
	if err != nil {
		return out, err
	}
	defer func() { _ = conn.Close(ctx) }()
	return out, conn.QueryRow(ctx, "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8").Scan(&out.wal)
}

// quiet waits until no session is left: the time of one that is just ending would
// be missed.
func quiet(ctx context.Context, s server) error {
	conn, err := pgx.Connect(ctx, s.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for ctx.Err() == nil {
		var n int
		err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type IN ('client backend', 'walsender', 'parallel worker')").Scan(&n)
		if err != nil || n == 0 {
			time.Sleep(100 * time.Millisecond) // from leaving the list to the end of the process
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	return ctx.Err()
}

// stat is what /proc tells of a process.
type stat struct {
	parent int
	// own and children are ticks; children are those that have ended.
	own, children float64
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(text))
}

// parseStat reads the fields behind the name, which may hold anything.
func parseStat(text string) (stat, error) {
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 15 {
		return stat{}, fmt.Errorf("read what /proc tells of a process: %q", text)
	}
	var numbers [5]float64
	for i, at := range []int{1, 11, 12, 13, 14} {
		n, err := strconv.ParseFloat(fields[at], 64)
		if err != nil {
			return stat{}, err
		}
		numbers[i] = n
	}
	return stat{int(numbers[0]), numbers[1] + numbers[2], numbers[3] + numbers[4]}, nil
}

// cpu is the processor time of a server: of its first process, of the sessions that
// have ended, and of those that have not.
func cpu(postmaster int) (float64, error) {
	first, err := readStat(postmaster)
	if err != nil {
		return 0, err
	}
	sum := first.own + first.children
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if s, err := readStat(pid); err == nil && s.parent == postmaster { // it may have ended just now
			sum += s.own
		}
	}
	return sum / ticks, nil
}

// empty makes a database for a run on the target, and settles both servers. Those of
// many small tables are dropped after the last run: ext4 takes inodes that were freed
// a moment ago only after a search that costs more than making the files.
func (s *servers) empty(ctx context.Context, set string) error {
	if set != "many" {
		if err := s.clear(ctx); err != nil {
			return err
		}
	}
	s.count++
	s.at = database + "_" + strconv.Itoa(s.count)
	s.made = append(s.made, s.at)
	return s.administer(ctx, s.target, "CREATE DATABASE "+s.at, "CHECKPOINT")
}

// clear drops the databases of runs.
func (s *servers) clear(ctx context.Context) error {
	var all []string
	for _, name := range s.made {
		all = append(all, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}
	s.made = nil
	return s.administer(ctx, s.target, all...)
}

func (s *servers) administer(ctx context.Context, of server, statements ...string) error {
	conn, err := pgx.Connect(ctx, of.url("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

const (
	// manyTables bounds the set of small tables: pgcopydb takes more than a tenth of a
	// second for each.
	manyTables = 1000
	// wideRows bounds the set of wide rows, of which a copy takes 1.4 KB each with its
	// indexes.
	wideRows = 1_000_000
)

// fill makes a data set on the source.
func (s *servers) fill(ctx context.Context, set string, scale int) error {
	if err := s.administer(ctx, s.source, "DROP DATABASE IF EXISTS "+database+" WITH (FORCE)", "CREATE DATABASE "+database); err != nil {
		return err
	}
	var sql string
	switch set {
	case "pgbench":
		out, err := exec.CommandContext(ctx, filepath.Join(s.programs, "pgbench"), "-i", "-q", "-s", strconv.Itoa(scale), s.source.url(database)).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		sql = "CREATE TABLE public.ping (id int PRIMARY KEY)"
	case "many":
		sql = fmt.Sprintf(`DO $$ BEGIN FOR i IN 1..%d LOOP EXECUTE format('CREATE TABLE t%%s (id int PRIMARY KEY, a text, b timestamptz DEFAULT now(), c int)', i);
EXECUTE format('INSERT INTO t%%s SELECT g, md5(g::text), now(), g FROM generate_series(1, 50) g', i); EXECUTE format('CREATE INDEX ON t%%s (c)', i); IF i %% 100 = 0 THEN COMMIT; END IF; END LOOP; END $$`, min(100*scale, manyTables))
	case "wide":
		sql = fmt.Sprintf(`CREATE TABLE wide AS SELECT g AS id, md5(g::text) AS a, md5((g+1)::text) AS b, g %% 1000 AS c, g / 7.0 AS d, now() + g * interval '1 s' AS e, repeat(md5(g::text), 20) AS f, (random() * 1e9)::int AS h FROM generate_series(1, %d) g;
ALTER TABLE wide ADD PRIMARY KEY (id); CREATE INDEX ON wide (a); CREATE INDEX ON wide (b); CREATE INDEX ON wide (c, e); CREATE INDEX ON wide (d); CREATE INDEX ON wide (e); CREATE INDEX ON wide (h); CREATE UNIQUE INDEX ON wide (a, id)`, min(20000*scale, wideRows))
	default:
		return fmt.Errorf("unknown data set %q: want pgbench, many or wide", set)
	}
	conn, err := pgx.Connect(ctx, s.source.url(database))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range []string{sql, "VACUUM (ANALYZE)", "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
	}
	return nil
}

// digest is the number of rows and indexes of a database.
func (s *servers) digest(ctx context.Context, of server, name string) (string, error) {
	conn, err := pgx.Connect(ctx, of.url(name))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	var text string
	err = conn.QueryRow(ctx, `SELECT (SELECT sum((xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', schemaname, tablename), false, true, '')))[1]::text::bigint) FROM pg_tables WHERE schemaname = 'public')
|| ' rows, ' || (SELECT count(*) FROM pg_indexes WHERE schemaname = 'public') || ' indexes'`).Scan(&text)
	return text, err
}
