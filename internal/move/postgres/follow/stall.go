package follow

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

// Bounds of what is read to find a reason.
const (
	stallWithin  = 10 * time.Second
	stallChanges = 2000
	stallCommits = 20
	stallNames   = 5
)

// Stall is the transaction that a stream cannot apply.
type Stall struct {
	// Relations are the tables that it writes, the first few.
	Relations []string `json:"relations"`
	// Relation and Reason are the first thing found that does not fit: a table or a
	// column that is missing, a row that stands in the way. Empty when nothing was.
	Relation string `json:"relation,omitempty"`
	Reason   string `json:"reason,omitempty"`
	// Commit is its place in the publisher's log.
	Commit pg.LSN `json:"commit"`
}

// String says it in a sentence.
func (s *Stall) String() string {
	if s.Reason != "" {
		return s.Relation + ": " + s.Reason
	}
	if len(s.Relations) == 0 {
		return "what it is is in the log of the subscriber's server"
	}
	return "it writes " + strings.Join(s.Relations, ", ") + "; the reason is in the log of the subscriber's server"
}

// stall reads the transactions that follow in the slot, without taking them out of
// it, and looks at the subscriber for what does not fit. The slot can be read while
// the worker waits before it tries again.
func (f *Follower) stall(ctx context.Context, s Stream) (*Stall, error) {
	ctx, cancel := context.WithTimeout(ctx, stallWithin)
	defer cancel()
	next, err := s.peek(ctx, f.past.end())
	if err != nil {
		return nil, err
	}
	conn, err := f.subscriber.get(ctx)
	if err != nil {
		return nil, err
	}
	var equal *Stall
	for i, t := range next {
		found := &Stall{Commit: t.commit, Relations: t.relations()}
		verdict, err := found.explain(ctx, conn, t)
		switch {
		case err != nil:
			return nil, err
		case verdict == applied:
			// Either it was applied and not confirmed, or the very same row was there
			// before; the next ones may tell.
			if equal == nil {
				equal = found
			}
		case verdict == unfit, equal == nil && i == 0:
			return found, nil
		default:
			return equal, nil
		}
	}
	if equal != nil {
		return equal, nil
	}
	return nil, fault.Newf(fault.Unavailable, "read slot %q: nothing is in it that was committed", s.Name)
}

func (t transaction) relations() []string {
	var names []string
	for _, c := range t.changes {
		if name := c.relation.String(); !slices.Contains(names, name) && len(names) < stallNames {
			names = append(names, name)
		}
	}
	return names
}

// Rest names the tables, a few, that transactions write which are still in the slot:
// after a fence, with everything drained and the subscription disabled, none may be,
// or somebody wrote after the fence. It is the last look before Drop. ctx bounds it.
func (s Stream) Rest(ctx context.Context) ([]string, error) {
	var end pg.LSN
	if err := within(ctx, s.Publisher, func(conn *pgx.Conn) (err error) {
		end, err = Mark(ctx, conn)
		return err
	}); err != nil {
		return nil, err
	}
	var rest []transaction
	err := until(ctx, func() (bool, error) {
		var err error
		rest, err = s.peek(ctx, end)
		if pg.Code(err) == "55006" { // its last reader is not gone yet
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return nil, err
	}
	var all transaction
	for _, t := range rest {
		all.changes = append(all.changes, t.changes...)
	}
	return all.relations(), nil
}

// peek streams from the slot as a subscriber does, confirms nothing, and hangs up when
// it has seen enough, or everything that was written before end.
func (s Stream) peek(ctx context.Context, end pg.LSN) ([]transaction, error) {
	conn, err := s.Publisher.Replication(ctx, purpose)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var names []string
	for _, p := range s.publications(0) {
		names = append(names, pg.Quote(p.name))
	}
	start := "START_REPLICATION SLOT " + pg.Quote(s.Name) + " LOGICAL 0/0 (proto_version '1', publication_names " + pg.Literal(strings.Join(names, ",")) + ")"
	if err := begin(ctx, conn, start); err != nil {
		return nil, pg.Fault(err, "read slot", s.Name)
	}
	var d decoder
	for read := 0; read < stallChanges && len(d.done) < stallCommits; read++ {
		message, err := conn.ReceiveMessage(ctx)
		if err != nil {
			return nil, pg.Fault(err, "read slot", s.Name)
		}
		data, ok := message.(*pgproto3.CopyData)
		if !ok || len(data.Data) == 0 {
			continue
		}
		switch data.Data[0] {
		case 'w': // start, end, clock: 8 bytes each
			if len(data.Data) > 25 {
				err = d.message(data.Data[25:])
			}
		case 'k':
			// How far the server has read. Between transactions it has sent all up to there.
			if d.current == nil && len(data.Data) >= 9 && pg.LSN(binary.BigEndian.Uint64(data.Data[1:])) >= end {
				return d.done, nil
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if d.current != nil {
		d.done = append(d.done, *d.current)
	}
	return d.done, nil
}

// begin sends a statement after which both sides send.
func begin(ctx context.Context, conn *pgconn.PgConn, sql string) error {
	conn.Frontend().SendQuery(&pgproto3.Query{String: sql})
	if err := conn.Frontend().Flush(); err != nil {
		return err
	}
	for {
		message, err := conn.ReceiveMessage(ctx)
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case *pgproto3.CopyBothResponse:
			return nil
		case *pgproto3.ErrorResponse:
			return pgconn.ErrorResponseToPgError(m)
		}
	}
}

// What a look at the subscriber says of a transaction.
const (
	unknown = iota
	unfit   // something does not fit
	applied // all that it inserts is there
)

func (s *Stall) explain(ctx context.Context, conn *pgx.Conn, t transaction) (int, error) {
	tables := map[*relation]*standing{}
	inserts, there := 0, 0
	for _, c := range t.changes {
		table := tables[c.relation]
		if table == nil {
			var err error
			if table, err = stand(ctx, conn, c.relation); err != nil {
				return unknown, err
			}
			tables[c.relation] = table
		}
		if table.reason != "" {
			s.Relation, s.Reason = c.relation.String(), table.reason
			return unfit, nil
		}
		if c.kind != 'I' {
			continue
		}
		inserts++
		reason, same, err := table.collides(ctx, conn, c)
		if err != nil {
			return unknown, err
		}
		if reason != "" && s.Reason == "" {
			s.Relation, s.Reason = c.relation.String(), reason
		}
		if reason != "" && !same {
			s.Relation, s.Reason = c.relation.String(), reason
			return unfit, nil
		}
		if same {
			there++
		}
	}
	switch {
	case there == 0:
		return unknown, nil
	case there == inserts && t.whole:
		return applied, nil
	}
	return unfit, nil
}

// standing is a table at the subscriber.
type standing struct {
	reason string // why the table as a whole does not fit
	unique map[string][]string
}

func stand(ctx context.Context, conn *pgx.Conn, r *relation) (*standing, error) {
	columns, err := texts(ctx, conn, `SELECT a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`, r.Schema, r.Name.Name)
	if err != nil {
		return nil, err
	}
	if len(columns) == 0 {
		return &standing{reason: "the table does not exist at the subscriber"}, nil
	}
	for _, c := range r.columns {
		if !slices.Contains(columns, c) {
			return &standing{reason: fmt.Sprintf("column %q does not exist at the subscriber", c)}, nil
		}
	}
	rows, err := conn.Query(ctx, `SELECT ic.relname, (SELECT pg_catalog.array_agg(a.attname::text ORDER BY o.at) FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY o(num, at)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.num WHERE o.at <= coalesce((to_jsonb(i)->>'indnkeyatts')::int, i.indnatts))
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid JOIN pg_catalog.pg_class c ON c.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL ORDER BY i.indisprimary DESC, ic.relname`, r.Schema, r.Name.Name)
	if err != nil {
		return nil, pg.Fault(err, "list the unique indexes of", r.String())
	}
	s := &standing{unique: map[string][]string{}}
	var index string
	var keys []string
	_, err = pgx.ForEachRow(rows, []any{&index, &keys}, func() error {
		s.unique[index] = slices.Clone(keys)
		return nil
	})
	return s, pg.Fault(err, "list the unique indexes of", r.String())
}

// collides looks for a row with the same key as an inserted one; same says that it is
// the same in all columns.
func (s *standing) collides(ctx context.Context, conn *pgx.Conn, c change) (reason string, same bool, err error) {
	for _, index := range sortedKeys(s.unique) {
		where, named := c.where(s.unique[index])
		if where == "" {
			continue
		}
		var columns []string
		for _, name := range c.relation.columns {
			columns = append(columns, pg.Quote(name)+"::text")
		}
		rows, err := conn.Query(ctx, "SELECT ARRAY["+strings.Join(columns, ", ")+"]::text[] FROM "+c.relation.SQL()+" WHERE "+where+" LIMIT 1")
		if err != nil {
			return "", false, pg.Fault(err, "look for a row of", c.relation.String())
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[[]*string])
		if pg.Code(err) == "42883" {
			continue // an operator that an extension keeps elsewhere
		}
		if err != nil {
			return "", false, pg.Fault(err, "look for a row of", c.relation.String())
		}
		if len(found) == 0 {
			continue
		}
		same = slices.EqualFunc(found[0], c.values, func(a, b *string) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) })
		return fmt.Sprintf("a row with %s stands in the way, in the unique index %q", named, index), same, nil
	}
	return "", false, nil
}

// where is the condition that finds a row by key columns, and the same for people,
// who get the names of the columns only: values may be personal. "" with a NULL, which
// is like nothing else.
func (c change) where(keys []string) (sql, named string) {
	var words []string
	for _, key := range keys {
		i := slices.Index(c.relation.columns, key)
		if i < 0 || i >= len(c.values) || c.values[i] == nil {
			return "", ""
		}
		words = append(words, pg.Quote(key)+" = "+pg.Literal(*c.values[i]))
	}
	return strings.Join(words, " AND "), "the same " + strings.Join(keys, ", ")
}

func sortedKeys(m map[string][]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
