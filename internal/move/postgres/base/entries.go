package base

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

const (
	// batch is how many entries are made in one transaction.
	batch = 64
	// entryTries is how often an entry is tried that met a deadlock or a lock.
	entryTries = 5
)

// makers are sessions of the target that make objects, as many as IndexJobs.
type makers struct {
	base  *Base
	once  sync.Once
	slots chan struct{}
	mu    sync.Mutex
	idle  []*pgx.Conn
}

// do runs a function in a session, when one is free. A session that was lost is
// replaced and the function called again: it must tell what is done by the notes.
func (m *makers) do(ctx context.Context, f func(conn *pgx.Conn) error) error {
	m.once.Do(func() { m.slots = make(chan struct{}, m.base.IndexJobs) })
	select {
	case m.slots <- struct{}{}:
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), "wait for a session of", m.base.Target.String())
	}
	defer func() { <-m.slots }()
	conn, err := m.take(ctx)
	if err != nil {
		return err
	}
	err = f(conn)
	if conn.IsClosed() {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.idle = append(m.idle, conn)
	return err
}

func (m *makers) take(ctx context.Context) (*pgx.Conn, error) {
	m.mu.Lock()
	if n := len(m.idle); n > 0 {
		conn := m.idle[n-1]
		m.idle = m.idle[:n-1]
		m.mu.Unlock()
		return conn, nil
	}
	m.mu.Unlock()
	return m.base.openMaker(ctx)
}

func (m *makers) close(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, conn := range m.idle {
		_ = conn.Close(ctx) // nothing is open in it
	}
	m.idle = nil
}

// apply makes entries that are not done, in their order: many in one transaction
// as long as nothing is refused, one by one where something is.
func (b *Base) apply(ctx context.Context, conn *pgx.Conn, entries []*entry) error {
	var open []*entry
	for _, e := range entries {
		if e.state != stateDone && e.state != stateLoose && e.LeftOut == "" {
			open = append(open, e)
		}
	}
	for some := range slices.Chunk(open, batch) {
		if err := b.stop(ctx, "objects begin"); err != nil {
			return err
		}
		foreign := b.foreign()
		if len(foreign) == 0 && b.together(ctx, conn, some) == nil {
			continue
		}
		for _, e := range some {
			e.onForeign = ""
			for _, id := range e.Needs {
				e.onForeign = cmp.Or(e.onForeign, foreign[id])
			}
			if err := b.alone(ctx, conn, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// foreign are tables that were on the target before, by the number of their entry:
// nothing is made that would change them.
func (b *Base) foreign() map[int]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known.foreign == nil {
		b.known.foreign = map[int]string{}
		for _, e := range b.known.entries {
			if e.Kind == "TABLE" && e.state == stateFailed && len(e.trouble) > 0 && e.trouble[0].Code == "42P07" {
				b.known.foreign[e.ID] = pg.Name{Schema: e.Schema, Name: e.Entry.Name}.String()
			}
		}
	}
	return b.known.foreign
}

// stop passes a point, and ends the work where the context has ended.
func (b *Base) stop(ctx context.Context, name string) error {
	b.point(name)
	if ctx.Err() != nil {
		return fault.Wrap(ctx.Err(), "make objects on", b.Target.String())
	}
	return nil
}

// together makes entries in one round trip. It fails without a trace.
func (b *Base) together(ctx context.Context, conn *pgx.Conn, entries []*entry) error {
	sql, ok := b.script(entries)
	if !ok {
		return errors.New("one of them was in trouble before, or its tablespace is not there") // one by one
	}
	_, err := conn.PgConn().Exec(ctx, "BEGIN;\n"+sql+"COMMIT").ReadAll()
	if err != nil {
		if !conn.IsClosed() {
			_, _ = conn.Exec(ctx, "ROLLBACK") // the error is known; a lost session shows by the next statement
		}
		return err
	}
	b.haveMade(entries)
	return nil
}

// script makes entries and notes them, within a transaction. It is not ok where one
// has to be made alone.
func (b *Base) script(entries []*entry) (sql string, ok bool) {
	var out strings.Builder
	made := map[string][]string{}
	last := ""
	for _, e := range entries {
		if len(e.trouble) > 0 || e.tablespaceMissing(b.tablespaces) {
			return "", false
		}
		if s := e.settings(b.tablespaces); s != last {
			out.WriteString(s)
			last = s
		}
		for i := range e.Statements {
			out.WriteString(e.statement(i) + ";\n")
		}
		made[e.made()] = append(made[e.made()], strconv.Itoa(e.seq))
	}
	for _, state := range []string{stateDone, stateLoose} {
		if len(made[state]) > 0 {
			fmt.Fprintf(&out, "UPDATE %s.entry SET state = %s WHERE seq = ANY ('{%s}');\n", notes(b.Run), pg.Literal(state), strings.Join(made[state], ","))
		}
	}
	return out.String(), true
}

// haveMade counts entries that script has made.
func (b *Base) haveMade(entries []*entry) {
	for _, e := range entries {
		b.set(e, e.made(), nil)
		b.meter.made(e)
	}
	b.advance()
	b.point("objects made")
}

// statement is one of an entry, as it is executed.
func (e *entry) statement(i int) string {
	if i == 0 && e.loose {
		return e.Statements[0] + " NOT VALID"
	}
	return e.Statements[i]
}

// made is the state of an entry whose statements are executed.
func (e *entry) made() string {
	if e.loose {
		return stateLoose
	}
	return stateDone
}

func (b *Base) set(e *entry, state string, t []trouble) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e.state, e.trouble = state, t
	if e.Kind == "TABLE" {
		b.known.foreign = nil
	}
}

func (e *entry) tablespaceMissing(there []string) bool {
	return e.Tablespace != "" && !slices.Contains(there, e.Tablespace)
}

// settings are the defaults that the entry is made with.
func (e *entry) settings(tablespaces []string) string {
	space := e.Tablespace
	if e.tablespaceMissing(tablespaces) {
		space = ""
	}
	sql := "SET LOCAL default_tablespace = " + pg.Literal(space) + ";\n"
	if e.Method != "" {
		sql += "SET LOCAL default_table_access_method = " + pg.Literal(e.Method) + ";\n"
	}
	return sql
}

// passes reports whether an error says nothing about the statement: the session or
// server was lost, or a lock was in the way.
func passes(err error) bool {
	code := pg.Code(err)
	return code == "" || code == "40P01" || code == "55P03" || code == "40001" || retry(err) || code == "57014"
}

// alone makes one entry, a statement at a time, and notes what is refused.
func (b *Base) alone(ctx context.Context, conn *pgx.Conn, e *entry) error {
	for try := 0; ; try++ {
		err := b.statements(ctx, conn, e)
		if err == nil {
			b.meter.made(e)
			b.advance()
			return nil
		}
		if conn.IsClosed() || ctx.Err() != nil {
			return pg.Fault(err, "make "+strings.ToLower(e.Kind), e.Entry.Name)
		}
		if _, failed := conn.Exec(ctx, "ROLLBACK"); failed != nil {
			return pg.Fault(errors.Join(err, failed), "make "+strings.ToLower(e.Kind), e.Entry.Name)
		}
		if try >= entryTries || !passes(err) {
			return pg.Fault(err, "make "+strings.ToLower(e.Kind), e.Entry.Name)
		}
	}
}

// statements executes what of an entry is not done, in one transaction, and notes
// which statements were refused. Only an error that passes is returned.
func (b *Base) statements(ctx context.Context, conn *pgx.Conn, e *entry) error {
	if _, err := conn.PgConn().Exec(ctx, "BEGIN;\n"+e.settings(b.tablespaces)).ReadAll(); err != nil {
		return err
	}
	before := e.trouble
	retried := map[int]bool{}
	for _, t := range before {
		retried[t.Statement] = true
	}
	var refused []trouble
	if e.onForeign != "" {
		refused = append(refused, trouble{0, e.shown(strings.Join(e.Statements, ";\n")), "", "it needs " + e.onForeign + ", which was on the target before and is left alone", false})
	}
	for i := range e.Statements {
		sql := e.statement(i)
		if e.onForeign != "" || e.state == statePartly && !retried[i] {
			continue
		}
		err := b.savepoint(ctx, conn, sql)
		switch {
		case err == nil, e.fine(ctx, conn, err):
			continue
		case passes(err):
			return err
		}
		refused = append(refused, trouble{i, e.shown(sql), pg.Code(err), message(err), false})
		if i == 0 && !e.independent() {
			break
		}
	}
	if e.tablespaceMissing(b.tablespaces) {
		refused = append(refused, trouble{len(e.Statements), "", "", fmt.Sprintf("the target has no tablespace %q: it was made in the default one", e.Tablespace), false})
	}
	next := entry{seq: e.seq, trouble: refused, state: e.made()}
	if len(refused) > 0 {
		next.state = statePartly
		if refused[0].Statement == 0 && !e.independent() {
			next.state = stateFailed
		}
	}
	if _, err := conn.PgConn().Exec(ctx, next.stateSQL(b.Run)+"; COMMIT").ReadAll(); err != nil {
		return err
	}
	b.set(e, next.state, next.trouble)
	return nil
}

// independent reports whether the statements of an entry do not rest on the first:
// grants do not.
func (e *entry) independent() bool { return e.Kind == "ACL" || e.Kind == "DEFAULT ACL" }

// savepoint executes a statement so that its failure ends no transaction.
func (b *Base) savepoint(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, "SAVEPOINT one;\n"+sql+";\nRELEASE one").ReadAll()
	if err != nil && !conn.IsClosed() {
		if _, failed := conn.PgConn().Exec(ctx, "ROLLBACK TO one; RELEASE one").ReadAll(); failed != nil {
			return errors.Join(failed, err)
		}
	}
	return err
}

// fine reports whether an error is none: what was to be made is there as it should
// be. A schema may be there before, and the comment of an extension comes with it,
// while only its owner may write it again.
func (e *entry) fine(ctx context.Context, conn *pgx.Conn, err error) bool {
	name, extension := strings.CutPrefix(e.Entry.Name, "EXTENSION ")
	switch code := pg.Code(err); {
	case e.Kind == "SCHEMA" && code == "42P06":
		return true
	case e.Kind == "COMMENT" && extension && code == "42501":
		var has bool
		failed := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_catalog.pg_extension x WHERE pg_catalog.quote_ident(x.extname) = $1
AND pg_catalog.strpos($2, pg_catalog.quote_literal(pg_catalog.obj_description(x.oid, 'pg_extension'))) > 0)`, name, e.Statements[0]).Scan(&has)
		return failed == nil && has
	}
	return false
}

// message is what a server said, without what Landfall adds.
func message(err error) string {
	if e, ok := errors.AsType[*pgError](err); ok {
		if e.Detail != "" {
			return e.Message + " (" + e.Detail + ")"
		}
		return e.Message
	}
	return err.Error()
}

// shown is a statement as it may be kept: options of servers and of user mappings
// hold passwords.
func (e *entry) shown(sql string) string {
	switch e.Kind {
	case "USER MAPPING", "SERVER", "FOREIGN DATA WRAPPER", "SUBSCRIPTION":
		if head, _, found := strings.Cut(sql, "OPTIONS"); found {
			return head + "OPTIONS (...)"
		}
	}
	return sql
}
