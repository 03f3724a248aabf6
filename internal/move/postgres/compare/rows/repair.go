package rows

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
)

const (
	// repairedAtOnce is how many rows one transaction repairs.
	repairedAtOnce = 100_000
)

// Repair makes rows of the target equal to the source's: by key, or without one
// by adding and taking away copies of whole rows. Each transaction repairs some
// rows of one table; after a failure it is called again. Triggers and foreign keys of the target do
// not fire where the login may set session_replication_role. Every table that was touched is compared again.
func Repair(ctx context.Context, sides Sides, o RepairOptions) ([]Repaired, error) {
	if !o.Alone {
		return nil, fault.Newf(fault.Refused, "repair rows of the target: something else may write to it").
			Hintf("stop following, or fence both sides, and repair then")
	}
	o.Applied, o.Journal, o.Progress = nil, nil, nil
	o.Select.Tables, o.Select.Schemas = []string{}, nil
	for _, t := range o.Tables {
		if t.Verdict == Different || t.Verdict == Undecided {
			o.Select.Tables = append(o.Select.Tables, t.Name.String())
		}
	}
	if len(o.Select.Tables) == 0 {
		return nil, nil
	}
	if err := valid(sides, o.Options); err != nil {
		return nil, err
	}
	c, err := open(ctx, sides, o.Workers)
	if err != nil {
		return nil, err
	}
	defer c.close(ctx)
	work := &comparer{sides: sides, options: o.Options, pace: [2]*pace{{}, {}}}
	if work.facts, err = look(ctx, c[0], c[1]); err != nil {
		return nil, err
	}
	if err := work.facts.prepare(ctx, c); err != nil {
		return nil, err
	}
	pairs, err := work.pairs(ctx, c, pg.Tables)
	if err != nil {
		return nil, err
	}
	work.meter = newMeter(nil, nil, "")
	one := &worker{comparer: work, couple: c}
	var out []Repaired
	for _, p := range pairs {
		r, err := one.repair(ctx, p)
		if err != nil {
			return out, pg.Fault(err, "repair table", p.name().String())
		}
		out = append(out, r)
	}
	return out, nil
}

func (w *worker) repair(ctx context.Context, p pair) (Repaired, error) {
	r := Repaired{Name: p.name()}
	more := p.source != nil && p.target != nil && p.why == ""
	left := int64(math.MaxInt64)
	for more {
		before := left
		var err error
		left, more, err = w.repairSome(ctx, p, &r)
		if err != nil && aboutTable(err) && ctx.Err() == nil {
			r.Verdict, r.Reason = Different, reason(err)
			return r, w.anew(ctx)
		}
		if err != nil {
			return r, err
		}
		// Rows that do not stay as they are written end it.
		more = more && left < before
	}
	t, err := w.table(ctx, p)
	r.Verdict, r.Reason = t.Verdict, t.Reason
	return r, err
}

// repairSome repairs as many rows as one transaction takes, of those that differ;
// more says that there are others.
func (w *worker) repairSome(ctx context.Context, p pair, r *Repaired) (differ int64, more bool, err error) {
	if _, err := w.couple.begin(ctx, nil); err != nil {
		return 0, false, err
	}
	totals, err := w.totals(ctx, p)
	if err != nil {
		return 0, false, err
	}
	if totals[0].equal(totals[1]) {
		return 0, false, w.couple.end(ctx)
	}
	s := &sieve{first: cmpOr(w.options.keep, repairedAtOnce)}
	if err := w.sift(ctx, p.shape, max(totals[0].rows, totals[1].rows), s); err != nil {
		return 0, false, err
	}
	target := w.couple[1]
	if _, err := target.Exec(ctx, "ROLLBACK"); err != nil {
		return 0, false, at(1, err)
	}
	if _, err := target.Exec(ctx, "BEGIN"); err != nil {
		return 0, false, at(1, err)
	}
	quiet, err := quietly(ctx, target)
	if err != nil {
		return 0, false, at(1, err)
	}
	if p.shape.direct {
		if err := w.couple.byIndex(ctx, "LOCAL", true); err != nil {
			return 0, false, err
		}
	}
	m := mending{p, p.shape, w.couple, quiet, r}
	if p.shape.key != nil {
		err = m.byKey(ctx, s.kept)
	} else {
		err = m.byRow(ctx, s.kept)
	}
	if err != nil {
		return 0, false, err
	}
	if _, err := target.Exec(ctx, "COMMIT"); err != nil {
		return 0, false, at(1, err)
	}
	return s.missing + s.extra + s.changed, s.over > 0, w.couple.end(ctx)
}

// quietly keeps triggers, rules and foreign keys from acting, where the login may:
// an administrator of a managed service is granted it or not.
func quietly(ctx context.Context, conn *pgx.Conn) (bool, error) {
	if _, err := conn.Exec(ctx, "SAVEPOINT landfall"); err != nil {
		return false, err
	}
	_, err := conn.Exec(ctx, "SET LOCAL session_replication_role = replica")
	if pg.Code(err) != "42501" {
		return err == nil, err
	}
	_, err = conn.Exec(ctx, "ROLLBACK TO SAVEPOINT landfall")
	return false, err
}

// mending writes to one table.
type mending struct {
	pair   pair
	shape  shape
	couple couple
	quiet  bool
	count  *Repaired
}

const stage = "pg_temp.landfall_rows"

// byKey deletes what the source has not, and brings the source's rows of the other
// keys over by a temporary table.
func (m mending) byKey(ctx context.Context, suspects []*suspect) error {
	var extra, wanted []*suspect
	for _, one := range suspects {
		if len(one.source) == 0 {
			extra = append(extra, one)
		} else {
			wanted = append(wanted, one)
		}
		if len(one.target) > 1 {
			// A key that is there twice: the index that forbids it is broken.
			extra = append(extra, one)
		}
	}
	target := m.couple[1]
	n, err := m.remove(ctx, extra)
	if err != nil {
		return err
	}
	m.count.Deleted += n
	if len(wanted) == 0 {
		return nil
	}
	columns, binary := m.shape.carried(*m.pair.target)
	if _, err := target.Exec(ctx, "CREATE TEMPORARY TABLE landfall_rows (LIKE "+m.shape.name.SQL()+") ON COMMIT DROP"); err != nil {
		return at(1, err)
	}
	for from := 0; from < len(wanted); from += atOnce {
		part := wanted[from:min(from+atOnce, len(wanted))]
		query := "SELECT " + columns + m.shape.from() + m.shape.written(part)
		if _, err := carry(ctx, m.couple, query, copying{stage, columns, binary}); err != nil {
			return err
		}
	}
	if m.shape.direct {
		// Both tables are read in full from here on.
		if err := m.couple.byIndex(ctx, "LOCAL", false); err != nil {
			return err
		}
	}
	if err := m.updateInsert(ctx, columns); err == nil || pg.Code(err) == "" || !m.quiet {
		return err
	}
	// Values of a unique column that change places between rows, or an identity
	// column that may not be updated: the rows are taken away and put back. Where
	// foreign keys act, that could delete rows of other tables that are right.
	if _, err := target.Exec(ctx, "ROLLBACK TO SAVEPOINT staged"); err != nil {
		return at(1, err)
	}
	tag, err := target.Exec(ctx, "DELETE FROM ONLY "+m.shape.name.SQL()+" t USING "+stage+" s WHERE "+m.same())
	if err != nil {
		return at(1, err)
	}
	m.count.Updated += tag.RowsAffected()
	tag, err = target.Exec(ctx, "INSERT INTO "+m.shape.name.SQL()+" ("+columns+") OVERRIDING SYSTEM VALUE SELECT "+columns+" FROM "+stage)
	m.count.Inserted += int64(len(wanted)) - m.count.Updated
	if err == nil && tag.RowsAffected() < int64(len(wanted)) {
		err = fmt.Errorf("%d of %d rows are no longer at the source", int64(len(wanted))-tag.RowsAffected(), len(wanted))
	}
	return at(1, err)
}

func (m mending) updateInsert(ctx context.Context, columns string) error {
	target := m.couple[1]
	if _, err := target.Exec(ctx, "SAVEPOINT staged"); err != nil {
		return at(1, err)
	}
	var sets []string
	for _, c := range m.shape.columns {
		if !c.Generated && !m.isKey(c) {
			sets = append(sets, pg.Quote(c.Name)+" = s."+pg.Quote(c.Name))
		}
	}
	var updated, inserted int64
	if sets != nil {
		tag, err := target.Exec(ctx, "UPDATE ONLY "+m.shape.name.SQL()+" t SET "+strings.Join(sets, ", ")+" FROM "+stage+" s WHERE "+m.same())
		if err != nil {
			return at(1, err)
		}
		updated = tag.RowsAffected()
	}
	tag, err := target.Exec(ctx, "INSERT INTO "+m.shape.name.SQL()+" ("+columns+") OVERRIDING SYSTEM VALUE SELECT "+columns+" FROM "+stage+
		" s WHERE NOT EXISTS (SELECT FROM ONLY "+m.shape.name.SQL()+" t WHERE "+m.same()+")")
	if err != nil {
		return at(1, err)
	}
	inserted = tag.RowsAffected()
	m.count.Updated += updated
	m.count.Inserted += inserted
	return nil
}

func (m mending) isKey(c pg.Column) bool {
	for _, k := range m.shape.key {
		if k.Name == c.Name {
			return true
		}
	}
	return false
}

// same is that a row of the table and one of the temporary table have the same
// key. Types of extensions have operators that this session does not see.
func (m mending) same() string {
	var parts []string
	for _, c := range m.shape.key {
		one, other := "t."+pg.Quote(c.Name), "s."+pg.Quote(c.Name)
		if !m.shape.direct {
			one, other = "ROW("+one+")::pg_catalog.text", "ROW("+other+")::pg_catalog.text"
		}
		parts = append(parts, one+" = "+other)
	}
	return strings.Join(parts, " AND ")
}

func (m mending) remove(ctx context.Context, suspects []*suspect) (int64, error) {
	var n int64
	for from := 0; from < len(suspects); from += atOnce {
		where, args := m.shape.chosen(suspects[from:min(from+atOnce, len(suspects))])
		tag, err := m.couple[1].Exec(ctx, "DELETE"+m.shape.from()+where, args...)
		if err != nil {
			return n, at(1, err)
		}
		n += tag.RowsAffected()
	}
	return n, nil
}

// byRow adds and takes away copies of rows.
func (m mending) byRow(ctx context.Context, suspects []*suspect) error {
	var missing, extra []string
	var all []string
	for _, one := range suspects {
		more, less, _ := one.counts()
		if more > 0 {
			missing = append(missing, fmt.Sprintf("(%d::pg_catalog.int8, %d::pg_catalog.int8)", one.id, more))
		}
		if less > 0 {
			extra = append(extra, fmt.Sprintf("(%d::pg_catalog.int8, %d::pg_catalog.int8)", one.id, less))
		}
		all = append(all, strconv.FormatInt(one.id, 10))
	}
	// Some rows of each hash: as many as there are too many, or too few.
	some := func(what string, wanted []string) string {
		return "SELECT " + what + " FROM (SELECT *, ctid AS landfall_at, (" + m.shape.row + ") AS landfall_hash, pg_catalog.row_number() OVER (PARTITION BY (" + m.shape.row + ")) AS landfall_copy" + m.shape.from() +
			" WHERE (" + m.shape.row + ") = ANY ('{" + strings.Join(all, ",") + "}'::pg_catalog.int8[])) q JOIN (VALUES " + strings.Join(wanted, ", ") + ") w(h, n) ON w.h = q.landfall_hash AND q.landfall_copy <= w.n"
	}
	if extra != nil {
		tag, err := m.couple[1].Exec(ctx, "DELETE"+m.shape.from()+" WHERE ctid = ANY (ARRAY("+some("landfall_at", extra)+"))")
		if err != nil {
			return at(1, err)
		}
		m.count.Deleted += tag.RowsAffected()
	}
	if missing == nil {
		return nil
	}
	columns, binary := m.shape.carried(*m.pair.target)
	n, err := carry(ctx, m.couple, some(columns, missing), copying{m.shape.name.SQL(), columns, binary})
	m.count.Inserted += n
	return err
}
