package store

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/landfall/examples/bookshop/internal/schema"
)

// Options say how to reach the database.
type Options struct {
	URL      string // postgres://..., never logged
	Instance string // shown in pg_stat_activity
	MaxConns int32  // 0 means 16
}

// Store is a connection pool and the queries of the shop. It is safe for
// concurrent use.
type Store struct {
	pool      *pgxpool.Pool
	lastReset atomic.Int64 // nanoseconds since 1970
}

// Open prepares the pool. It does not connect: a shop that starts before its
// database serves /healthz and becomes ready when the database answers.
func Open(ctx context.Context, opts Options) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(opts.URL)
	if err != nil {
		return nil, schema.Trouble(err, "read BOOKSHOP_DATABASE_URL", "")
	}
	cfg.MaxConns = 16
	if opts.MaxConns > 0 {
		cfg.MaxConns = opts.MaxConns
	}
	cfg.MaxConnLifetime = 10 * time.Minute
	cfg.MaxConnIdleTime = time.Minute
	cfg.ConnConfig.ConnectTimeout = 3 * time.Second
	// Bounds on the server's side, so that a request that this process gave up
	// does not go on holding row locks.
	for name, value := range map[string]string{
		"application_name":                    "bookshop/" + opts.Instance,
		"search_path":                         "shop, public",
		"statement_timeout":                   "8s",
		"lock_timeout":                        "4s",
		"idle_in_transaction_session_timeout": "10s",
		"timezone":                            "UTC",
	} {
		cfg.ConnConfig.RuntimeParams[name] = value
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, schema.Trouble(err, "open database", cfg.ConnConfig.Host)
	}
	return &Store{pool: pool}, nil
}

// Close closes the pool and waits for the connections in use.
func (s *Store) Close() { s.pool.Close() }

// Connections returns how many connections are open and how many are in use.
func (s *Store) Connections() (open, used int32) {
	stat := s.pool.Stat()
	return stat.TotalConns(), stat.AcquiredConns()
}

// Check asks the database for one row of the schema.
func (s *Store) Check(ctx context.Context) error {
	var version int
	err := s.pool.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM schema_version").Scan(&version)
	return schema.Trouble(err, "check database", "")
}

// Writable returns nil when the database takes writes at this moment.
func (s *Store) Writable(ctx context.Context) error {
	// An update that touches no row is still refused on a read-only database.
	_, err := s.pool.Exec(ctx, "UPDATE setting SET value = value WHERE false")
	return s.wrote(err, "check that the database takes writes", "")
}

// write runs one transaction. A commit that got no answer is trouble.Unknown.
func (s *Store) write(ctx context.Context, op, resource string, body func(pgx.Tx) error) error {
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return s.wrote(err, op, resource)
	}
	if err := body(tx); err != nil {
		// A rollback that does not get through is done by the server when it
		// sees the connection closed.
		_ = tx.Rollback(context.WithoutCancel(ctx))
		return s.wrote(err, op, resource)
	}
	return s.wrote(committed(tx.Commit(ctx), op, resource), op, resource)
}

// wrote gives a write's error its kind. After a refusal because of read-only
// mode it replaces the pooled connections: "ALTER DATABASE ... SET
// default_transaction_read_only" holds for new sessions only, so a session
// that was opened behind a fence would stay read-only after it is lifted.
func (s *Store) wrote(err error, op, resource string) error {
	if schema.ReadOnly(err) {
		last, now := s.lastReset.Load(), time.Now().UnixNano()
		if now-last > int64(time.Second) && s.lastReset.CompareAndSwap(last, now) {
			s.pool.Reset()
		}
	}
	return schema.Trouble(err, op, resource)
}
