package follow

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// Stream is one slot with its publications on the publisher and its subscription
// on the subscriber. The source is the publisher of the generations, the target
// that of the reverse stream.
type Stream struct {
	Run Run
	// Name is that of Run.Generation or Run.Reverse.
	Name                  string
	Publisher, Subscriber pg.Endpoint
	// Route is the publisher as the subscriber's server reaches it; the zero value
	// means as Publisher does.
	Route pg.Endpoint
	// Tables are those of the publisher, with columns: they decide whether rows
	// travel in binary form. A table that is not Replicated goes into a publication
	// of its own that carries inserts and truncates only: one that published its
	// updates would make them fail at the publisher. Unlogged tables write no log, and
	// are left out.
	Tables []pg.Table
}

// Reversed is the stream that carries back what is written at the subscribers of
// the streams. at are the tables as the new publisher has them (pg.Tables there),
// and route is it as the source's server reaches it.
func Reversed(forward Stream, at []pg.Table, route pg.Endpoint) Stream {
	return Stream{
		Run: forward.Run, Name: forward.Run.Reverse(), Tables: at,
		Publisher: forward.Subscriber, Subscriber: forward.Publisher, Route: route,
	}
}

// Partly names the tables of which the stream carries inserts and truncates only,
// and those of which it carries nothing.
func (s Stream) Partly() (inserts, nothing []pg.Name) {
	for _, t := range s.Tables {
		switch {
		case t.Persistence == "u":
			nothing = append(nothing, t.Name)
		case !updates(t):
			inserts = append(inserts, t.Name)
		}
	}
	return inserts, nothing
}

// Publish makes the publications, or makes them hold exactly Tables. It comes
// before the slot: pgoutput looks a publication up as of the change that it
// decodes, and fails for one that was made later. Replica identities come before
// it (Identify).
func (s Stream) Publish(ctx context.Context) error {
	if err := s.valid(); err != nil {
		return err
	}
	reader, err := s.reader(ctx)
	if err != nil {
		return err
	}
	return within(ctx, s.Publisher, func(conn *pgx.Conn) error {
		server, err := pg.Look(ctx, conn)
		if err != nil {
			return err
		}
		if server.Standby {
			return fault.Newf(fault.Refused, "publish tables of %q: the server is in recovery", s.Publisher.String())
		}
		all := s.publications(min(server.Major(), reader))
		if len(all) == 1 {
			// One of an earlier list of tables is emptied, and otherwise not made.
			all = append(all, publication{name: s.Name + insertsOnly, publish: "insert"})
		}
		for _, p := range all {
			if err := p.make(ctx, conn); err != nil {
				return pg.Fault(err, "make the publication", p.name)
			}
		}
		return nil
	})
}

func (s Stream) valid() error {
	if err := s.Run.Valid(); err != nil {
		return err
	}
	if rest, ok := strings.CutPrefix(s.Name, s.Run.prefix()); !ok || rest == "" {
		return fault.Newf(fault.Invalid, "replicate as %q: the name is not one of run %s", s.Name, string(s.Run))
	}
	return nil
}

// reader is the major version of the subscriber, where there is one.
func (s Stream) reader(ctx context.Context) (int, error) {
	var server pg.Server
	if !s.Subscriber.Valid() {
		return truncates, nil
	}
	err := within(ctx, s.Subscriber, func(conn *pgx.Conn) (err error) {
		server, err = pg.Look(ctx, conn)
		return err
	})
	return server.Major(), err
}

// truncates is the version that brought TRUNCATE into logical replication: a publisher
// before it sends none, and the worker of an older subscriber stops at one.
const truncates = 11

func (s Stream) publications(major int) []publication {
	whole := publication{name: s.Name, publish: "insert, update, delete, truncate"}
	part := publication{name: s.Name + insertsOnly, publish: "insert, truncate"}
	if major < truncates {
		whole.publish, part.publish = "insert, update, delete", "insert"
	}
	for _, t := range s.Tables {
		switch {
		case t.Persistence == "u":
		case updates(t):
			whole.tables = append(whole.tables, t.Name)
		default:
			part.tables = append(part.tables, t.Name)
		}
	}
	if len(part.tables) == 0 {
		return []publication{whole}
	}
	return []publication{whole, part}
}

// updates reports whether updates and deletes of a table can be replicated: it has a
// replica identity, and one that the subscriber can find a row by. Without a primary
// key it compares all columns (function FindReplTupleInLocalRel of the server).
func updates(t pg.Table) bool {
	return t.Replicated && (t.Identity != "f" || t.Primary || len(t.Unequal()) == 0)
}

type publication struct {
	name, publish string
	tables        []pg.Name
}

func (p publication) make(ctx context.Context, conn *pgx.Conn) error {
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_publication WHERE pubname = $1)", p.name).Scan(&exists); err != nil {
		return err
	}
	if !exists && len(p.tables) == 0 && strings.HasSuffix(p.name, insertsOnly) {
		return nil
	}
	if !exists {
		sql := "CREATE PUBLICATION " + pg.Quote(p.name)
		if len(p.tables) > 0 {
			sql += " FOR TABLE " + p.list()
		}
		_, err := conn.Exec(ctx, sql+" WITH (publish = "+pg.Literal(p.publish)+")")
		return err
	}
	if _, err := conn.Exec(ctx, "ALTER PUBLICATION "+pg.Quote(p.name)+" SET (publish = "+pg.Literal(p.publish)+")"); err != nil {
		return err
	}
	return p.alter(ctx, conn)
}

// alter makes a publication that is there hold its tables. SET TABLE wants one at
// least, so tables are added and dropped one list at a time.
func (p publication) alter(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `SELECT n.nspname, c.relname FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = r.prpubid
JOIN pg_catalog.pg_class c ON c.oid = r.prrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE p.pubname = $1`, p.name)
	if err != nil {
		return err
	}
	held, err := pgx.CollectRows(rows, pgx.RowToStructByPos[pg.Name])
	if err != nil {
		return err
	}
	more := publication{name: p.name, tables: without(p.tables, held)}
	fewer := publication{name: p.name, tables: without(held, p.tables)}
	if len(more.tables) > 0 {
		if _, err := conn.Exec(ctx, "ALTER PUBLICATION "+pg.Quote(p.name)+" ADD TABLE "+more.list()); err != nil {
			return err
		}
	}
	if len(fewer.tables) > 0 {
		_, err = conn.Exec(ctx, "ALTER PUBLICATION "+pg.Quote(p.name)+" DROP TABLE "+fewer.list())
	}
	return err
}

// list names the tables with ONLY: children of an inheritance are in the list by
// themselves, and may be in another generation.
func (p publication) list() string {
	words := make([]string, len(p.tables))
	for i, t := range p.tables {
		words[i] = "ONLY " + t.SQL()
	}
	return strings.Join(words, ", ")
}

func without(all, others []pg.Name) []pg.Name {
	drop := map[pg.Name]bool{}
	for _, n := range others {
		drop[n] = true
	}
	return slices.DeleteFunc(slices.Clone(all), func(n pg.Name) bool { return drop[n] })
}

// oneWay refuses while a subscription of the run writes into the publisher: what it
// applies there would come back, since the origin of a change is looked at from
// PostgreSQL 16 on only.
func (s Stream) oneWay(ctx context.Context, publisher *pgx.Conn) error {
	names, err := subscriptions(ctx, publisher, s.Run)
	if err != nil {
		return err
	}
	if len(names) > 0 {
		return fault.Newf(fault.Refused, "replicate from %q: subscription %s of the same run still writes into it", s.Publisher.String(), strings.Join(names, ", ")).
			Hintf("drop the other direction first")
	}
	return nil
}

// subscriptions lists those of a run in the database of the session.
func subscriptions(ctx context.Context, conn *pgx.Conn, run Run) ([]string, error) {
	return texts(ctx, conn, subscribed(run))
}

func subscribed(run Run) string {
	return `SELECT subname FROM pg_catalog.pg_subscription
WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) AND ` + run.ours("subname") + ` ORDER BY 1`
}

func texts(ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]string, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, pg.Fault(err, "ask", conn.Config().Database)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return all, pg.Fault(err, "ask", conn.Config().Database)
}
