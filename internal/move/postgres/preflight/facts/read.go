package facts

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
)

// Options say what is read.
type Options struct {
	Select pg.Selection
	// Sample bounds the timed reads together; 0 reads none.
	Sample time.Duration
	// Each is told which part is read; nil is nobody.
	Each func(what string)
}

// denied is insufficient_privilege; refusals is the class of all errors that say
// that the server does not take the statement (PostgreSQL manual, "PostgreSQL Error
// Codes").
const (
	denied   = "42501"
	refusals = "42"
)

// always is the database that every server has.
const always = "postgres"

// reader reads into Facts with one session.
type reader struct {
	conn     *pgx.Conn
	endpoint pg.Endpoint
	facts    *Facts
	o        Options
}

// Read reads everything of one side. A database that is not there is no error:
// Facts.Missing says so. Nothing is written: the session is read only.
func Read(ctx context.Context, e pg.Endpoint, o Options) (*Facts, error) {
	f := &Facts{Database: e.Database(), Mode: e.TLS(), Password: e.Password() != ""}
	conn, err := session(ctx, e, f)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if f.Server, err = pg.Look(ctx, conn); err != nil {
		return nil, err
	}
	r := &reader{conn, e, f, o}
	if f.Missing {
		r.endpoint = e.WithDatabase(always)
	}
	if err := r.all(ctx); err != nil {
		return nil, pg.Fault(err, "read the catalogue of", e.String())
	}
	f.Rights.tryReplication(ctx, r.endpoint)
	return f, nil
}

// session opens a session that can only read. Where the database is not there,
// the one that every server has stands for it.
func session(ctx context.Context, e pg.Endpoint, f *Facts) (*pgx.Conn, error) {
	const missing = "3D000"
	conn, err := e.Connect(ctx, "preflight")
	if pg.Code(err) == missing && e.Database() != always {
		f.Missing = true
		conn, err = e.WithDatabase(always).Connect(ctx, "preflight")
	}
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "SET default_transaction_read_only = on"); err != nil {
		conn.Close(context.WithoutCancel(ctx))
		return nil, pg.Fault(err, "make the session read only on", e.String())
	}
	return conn, nil
}

// all reads the parts one after the other. A part that the login may not ask is
// noted, and so is one that the server cannot answer, such as a list of extensions
// with a broken file among them. Without the first parts nothing can be said.
func (r *reader) all(ctx context.Context) error {
	parts := []part{
		{"settings", r.settings}, {"the database", r.locale}, {"rights of the login", r.rights}, {"replication", r.replication}, {"sessions", r.activity}, {"open transactions", r.transactions},
		{"available extensions", r.available}, {"settings of databases and roles", r.overrides}, {"roles", r.roles},
	}
	if !r.facts.Missing {
		parts = append(parts, part{"extensions", r.extensions}, part{tables, r.tables}, part{"sequences", r.sequences}, part{"large objects", r.large},
			part{"names", r.names}, part{"publications and subscriptions", r.links})
		for _, k := range kinds() {
			if k.fits(r.facts.Server.Major()) {
				parts = append(parts, part{k.kind, func(ctx context.Context) error { return r.objects(ctx, k) }})
			}
		}
	}
	const needed = 3 // settings, database, rights
	for i, p := range parts {
		if r.o.Each != nil {
			r.o.Each(p.what)
		}
		err := p.read(ctx)
		code := pg.Code(err)
		if code == denied || i >= needed && p.what != tables && strings.HasPrefix(code, refusals) {
			r.facts.Unread = append(r.facts.Unread, Unread{p.what, pg.Fault(err, "read", p.what).Error()})
			continue
		}
		if err != nil {
			return pg.Fault(err, "read", p.what)
		}
	}
	return nil
}

// tables are needed as well.
const tables = "tables"

type part struct {
	what string
	read func(context.Context) error
}

// since reports whether the server has what a major version brought.
func (r *reader) since(major int) bool { return r.facts.Server.Major() >= major }

// choose is the first text from a major version on, the second before it.
func (r *reader) choose(major int, then, before string) string {
	if r.since(major) {
		return then
	}
	return before
}

// collect reads the rows of a query into a slice of structs by position.
func collect[T any](ctx context.Context, r *reader, into *[]T, sql string, args ...any) error {
	rows, err := r.conn.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	*into = out
	return err
}
