package rows

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres/pg"
)

// pair is a table on both sides; one of them is nil where it is not there.
type pair struct {
	source, target *pg.Table
	shape          shape
	why            string
}

func (p pair) name() pg.Name {
	if p.source != nil {
		return p.source.Name
	}
	return p.target.Name
}

// size is how much there is to read on the larger side.
func (p pair) size() int64 {
	var n int64
	for _, t := range []*pg.Table{p.source, p.target} {
		if t != nil {
			n = max(n, t.Bytes)
		}
	}
	return n
}

// comparer is one comparison of many tables.
type comparer struct {
	sides   Sides
	options Options
	facts   facts
	meter   *meter
	pace    [2]*pace
}

// worker compares table after table with a session on each side.
type worker struct {
	*comparer
	couple couple
}

const (
	// keepSuspects bounds how many rows of a table are followed one by one under
	// change.
	keepSuspects = 50_000
	// groupRows is how many rows a server sorts at most to list them.
	groupRows = 4_000_000
	// passes is how often a table is compared anew where more rows differ than are
	// kept: what was written by one transaction after the source's snapshot is such a case.
	passes = 3
)

// table compares one table. The error is one that ends the whole comparison.
func (w *worker) table(ctx context.Context, p pair) (Table, error) {
	began := time.Now()
	t := Table{Name: p.name(), Proof: move.Unproved}
	switch {
	case p.source == nil:
		t.Verdict, t.Reason = Extra, "the source has no such table"
		return t, nil
	case p.target == nil:
		t.Verdict, t.Reason = Missing, "the target has no such table"
		return t, nil
	}
	t.Keyed, t.Bytes = p.source.Key != nil, p.source.Bytes
	if p.why != "" {
		t.Verdict, t.Reason = Different, p.why
		return t, nil
	}
	err := w.compare(ctx, p, &t)
	if err != nil && aboutTable(err) && ctx.Err() == nil {
		err = w.refused(ctx, &t, err)
	}
	if t.Verdict == Different && t.Reason == "" && w.options.Applied != nil && p.source.Persistence == "u" {
		t.Reason = "it is unlogged: its changes are not replicated"
	}
	t.Seconds = time.Since(began).Seconds()
	return t, pg.Fault(err, "compare table", t.Name.String())
}

// refused makes the result of a table that a side does not let be read.
func (w *worker) refused(ctx context.Context, t *Table, err error) error {
	known := *t
	*t = Table{Name: t.Name, Keyed: t.Keyed, Bytes: t.Bytes, Verdict: Unreadable, Reason: reason(err)}
	if known.Verdict == Different {
		// The totals differ; only where is not known.
		t.Verdict, t.Proof, t.SourceRows, t.TargetRows = Different, move.Read, known.SourceRows, known.TargetRows
	}
	failed := w.anew(ctx)
	if failed == nil && pg.Code(err) == notPopulated {
		failed = w.populated(ctx, t)
	}
	return failed
}

// notPopulated is the SQLSTATE of reading a materialized view that was created or
// refreshed WITH NO DATA (object_not_in_prerequisite_state).
const notPopulated = "55000"

func (w *worker) populated(ctx context.Context, t *Table) error {
	var is [2]bool
	err := w.couple.both(func(side int, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT relispopulated FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1)", t.SQL()).Scan(&is[side])
	})
	switch {
	case err != nil || is[0] && is[1]:
	case is[0] != is[1]:
		t.Verdict, t.Proof, t.Reason = Different, move.Read, "it is populated on one side only"
	default:
		t.Verdict, t.Proof, t.Reason = Equal, move.Read, "it is populated on neither side"
	}
	return err
}

// anew ends the transactions of both sessions, and opens those again that the end of
// a statement half way has closed.
func (w *worker) anew(ctx context.Context) error {
	if !w.couple[0].IsClosed() && !w.couple[1].IsClosed() {
		return w.couple.end(ctx)
	}
	w.couple.close(ctx)
	fresh, err := open(ctx, w.sides, w.options.Workers)
	w.couple = fresh
	if err != nil {
		return err
	}
	return w.facts.prepare(ctx, fresh)
}

func (w *worker) compare(ctx context.Context, p pair, t *Table) error {
	for pass := 1; ; pass++ {
		again, err := w.pass(ctx, p, t)
		if err != nil || !again || pass == passes {
			return err
		}
	}
}

// pass compares a table once. again says that too many rows differed to follow
// them, while changes flow.
func (w *worker) pass(ctx context.Context, p pair, t *Table) (again bool, err error) {
	t.Missing, t.Extra, t.Changed, t.Open, t.Rows = 0, 0, 0, 0, nil
	if t.At, err = w.couple.begin(ctx, w.options.Applied); err != nil {
		return false, err
	}
	totals, err := w.totals(ctx, p)
	if err != nil {
		return false, err
	}
	t.SourceRows, t.TargetRows = totals[0].rows, totals[1].rows
	if totals[0].equal(totals[1]) {
		t.Verdict, t.Proof = Equal, move.Read
		return false, w.couple.end(ctx)
	}
	if w.options.Applied == nil {
		t.Verdict = Different
	}
	s := &sieve{flows: w.options.Applied != nil, keep: cmpOr(w.options.keep, keepSuspects), first: cmpOr(w.options.First, 20)}
	if err := w.sift(ctx, p.shape, max(t.SourceRows, t.TargetRows), s); err != nil {
		return false, err
	}
	if !s.flows {
		t.Missing, t.Extra, t.Changed = s.missing, s.extra, s.changed
		t.Rows, err = p.shape.rowsOf(ctx, w.couple, w.facts, listed{s.kept, w.options.Values})
		if err != nil {
			return false, err
		}
		w.verdict(t)
		return false, w.couple.end(ctx)
	}
	if err := w.couple.end(ctx); err != nil {
		return false, err
	}
	return s.over > 0, w.follow(ctx, p.shape, s, t)
}

func cmpOr(n, otherwise int) int {
	if n > 0 {
		return n
	}
	return otherwise
}

func (w *worker) verdict(t *Table) {
	t.Proof = move.Read
	switch {
	case t.Missing+t.Extra+t.Changed > 0:
		t.Verdict = Different
	case t.Open > 0:
		t.Verdict, t.Proof, t.Reason = Undecided, move.Unproved, "rows changed as often as they were read"
	default:
		t.Verdict = Equal
	}
}

// sieve keeps what is found to differ.
type sieve struct {
	flows                   bool
	keep, first             int
	kept                    []*suspect
	missing, extra, changed int64
	// over counts those that were not kept.
	over int64
}

func (s *sieve) found(one suspect) {
	m, e, c := one.counts()
	s.missing, s.extra, s.changed = s.missing+m, s.extra+e, s.changed+c
	limit := s.first
	if s.flows {
		limit = s.keep
	}
	if len(s.kept) < limit {
		s.kept = append(s.kept, &one)
		return
	}
	s.over += m + e + c
}

// sift finds the rows that differ between the snapshots of both sides.
func (w *worker) sift(ctx context.Context, s shape, rows int64, into *sieve) error {
	n := buckets(rows)
	var spreads [2]map[int64]total
	err := w.couple.both(func(side int, conn *pgx.Conn) (err error) {
		spreads[side], err = s.spread(ctx, conn, n)
		return at(side, err)
	})
	if err != nil {
		return err
	}
	for _, group := range differing(spreads[0], spreads[1], groupRows) {
		if err := s.differ(ctx, w.couple, n, group, into.found); err != nil {
			return err
		}
	}
	return nil
}

// follow reads what differed again while changes flow.
func (w *worker) follow(ctx context.Context, s shape, from *sieve, t *Table) error {
	t.Reread += int64(len(from.kept))
	if s.direct {
		if err := w.couple.byIndex(ctx, "SESSION", true); err != nil {
			return err
		}
	}
	r := resolving{shape: s, couple: w.couple, applied: w.options.Applied, rounds: cmpOr(w.options.Rounds, 30)}
	proved, open, err := r.resolve(ctx, from.kept)
	if err != nil {
		return err
	}
	for _, one := range proved {
		missing, extra, changed := one.counts()
		t.Missing, t.Extra, t.Changed = t.Missing+missing, t.Extra+extra, t.Changed+changed
	}
	t.Open = int64(len(open)) + from.over
	shown := proved[:min(len(proved), cmpOr(w.options.First, 20))]
	slices.SortFunc(shown, func(a, b *suspect) int { return compareID(a, b) })
	if t.Rows, err = s.rowsOf(ctx, w.couple, w.facts, listed{shown, w.options.Values}); err != nil {
		return err
	}
	w.verdict(t)
	if s.direct {
		return w.couple.byIndex(ctx, "SESSION", false)
	}
	return nil
}

func compareID(a, b *suspect) int {
	if a.id < b.id {
		return -1
	}
	return 1
}
