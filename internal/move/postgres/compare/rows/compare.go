package rows

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/postgres/pg"
)

// ownPrefix begins the names of what Landfall makes for itself.
const ownPrefix = "landfall_"

// Compare compares all tables that are meant on both sides, in the order of their
// names. A difference is no error. What the journal has as equal is taken from it.
func Compare(ctx context.Context, sides Sides, options Options) ([]Table, error) {
	return compareAll(ctx, sides, options, pg.Tables)
}

// Views compares materialized views in the same way. One that is not populated on
// either side is equal, and says so.
func Views(ctx context.Context, sides Sides, options Options) ([]Table, error) {
	return compareAll(ctx, sides, options, pg.Views)
}

type lister func(context.Context, *pgx.Conn, pg.Selection) ([]pg.Table, error)

func compareAll(ctx context.Context, sides Sides, options Options, list lister) ([]Table, error) {
	if err := valid(sides, options); err != nil {
		return nil, err
	}
	c, err := open(ctx, sides, options.Workers)
	if err != nil {
		return nil, err
	}
	defer c.close(ctx)
	work := &comparer{sides: sides, options: options}
	if work.facts, err = look(ctx, c[0], c[1]); err != nil {
		return nil, err
	}
	if err := work.facts.prepare(ctx, c); err != nil {
		return nil, err
	}
	pairs, err := work.pairs(ctx, c, list)
	if err != nil {
		return nil, err
	}
	done, pairs, err := work.kept(pairs)
	if err != nil {
		return nil, err
	}
	slow := ""
	if options.Limits.BytesPerSecond > 0 {
		slow = fmt.Sprintf("limit of %d bytes per second", options.Limits.BytesPerSecond)
	}
	work.meter = newMeter(options.Progress, pairs, slow)
	for i := range work.pace {
		work.pace[i] = &pace{perSecond: options.Limits.BytesPerSecond}
	}
	results, err := work.run(ctx, c, pairs)
	if err != nil {
		return nil, err
	}
	results = append(results, done...)
	slices.SortFunc(results, func(a, b Table) int { return a.Name.Compare(b.Name) })
	return results, nil
}

func valid(sides Sides, options Options) error {
	if !sides.Source.Valid() || !sides.Target.Valid() {
		return fault.Newf(fault.Usage, "compare two databases: want a source and a target")
	}
	if options.Journal != nil && options.Pass == "" {
		return fault.Newf(fault.Internal, "compare with a journal: the pass has no name")
	}
	return nil
}

func (w *comparer) jobs() int { return cmpOr(w.options.Jobs, 4) }

// pairs lists the tables of both sides, largest first.
func (w *comparer) pairs(ctx context.Context, c couple, list lister) ([]pair, error) {
	var tables [2][]pg.Table
	err := c.both(func(side int, conn *pgx.Conn) (err error) {
		tables[side], err = list(ctx, conn, w.options.Select)
		return fault.Wrap(err, "read", sideName(side))
	})
	if err != nil {
		return nil, err
	}
	byName := map[pg.Name]*pair{}
	for side := range tables {
		for i := range tables[side] {
			t := &tables[side][i]
			if strings.HasPrefix(t.Schema, ownPrefix) {
				continue
			}
			p := byName[t.Name]
			if p == nil {
				p = &pair{}
				byName[t.Name] = p
			}
			if side == 0 {
				p.source = t
			} else {
				p.target = t
			}
		}
	}
	var out []pair
	for _, p := range byName {
		if p.source != nil && p.target != nil {
			p.shape, p.why = w.facts.shapeOf(*p.source, *p.target)
		}
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b pair) int { return cmp.Or(cmp.Compare(b.size(), a.size()), a.name().Compare(b.name())) })
	return out, nil
}

func (w *comparer) key(name pg.Name) string { return "rows/" + w.options.Pass + "/" + name.String() }

// kept takes the results of an earlier run of this pass from the journal.
func (w *comparer) kept(pairs []pair) (done []Table, left []pair, err error) {
	if w.options.Journal == nil {
		return nil, pairs, nil
	}
	for _, p := range pairs {
		page, there := w.options.Journal.Page(w.key(p.name()))
		if !there {
			left = append(left, p)
			continue
		}
		var t Table
		if err := json.Unmarshal(page, &t); err != nil {
			return nil, nil, fault.Of(fault.Storage, "read the journal of table", p.name().String(), err)
		}
		done = append(done, t)
	}
	return done, left, nil
}

// keep notes a table that is equal: nothing else is final.
func (w *comparer) keep(t Table) error {
	if w.options.Journal == nil || t.Verdict != Equal {
		return nil
	}
	page, err := json.Marshal(t)
	if err != nil {
		return fault.Of(fault.Internal, "note table", t.Name.String(), err)
	}
	return fault.Wrap(w.options.Journal.Keep(w.key(t.Name), page), "note table", t.Name.String())
}

// run hands the tables out to workers.
func (w *comparer) run(ctx context.Context, first couple, pairs []pair) ([]Table, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var lock sync.Mutex
	var results []Table
	q := newQueue(batch(pairs), func(t Table) error {
		lock.Lock()
		defer lock.Unlock()
		results = append(results, t)
		if t.Verdict != Equal {
			w.meter.failed()
		}
		return w.keep(t)
	})
	defer context.AfterFunc(ctx, q.close)()
	var group sync.WaitGroup
	for i := range max(1, min(w.jobs(), len(pairs))) {
		group.Go(func() {
			if err := w.work(ctx, i, first, q); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		if ctx.Err() != nil && err == context.Canceled {
			return nil, fault.Of(fault.Canceled, "compare tables", "", err)
		}
		return nil, err
	}
	return results, nil
}

// work compares what the queue hands out. The first worker has the sessions that are
// there, each other opens its own when there is something for it.
func (w *comparer) work(ctx context.Context, i int, first couple, q *queue) (err error) {
	one := &worker{comparer: w}
	if i == 0 {
		one.couple = first
	}
	defer func() { one.couple.close(ctx) }()
	for pairs, ok := q.take(); ok; pairs, ok = q.take() {
		if one.couple[0] == nil {
			if one.couple, err = open(ctx, w.sides, w.options.Workers); err != nil {
				q.done(pairs) // a server lets no more sessions in: those that are there do it
				return nil
			}
			if err := w.facts.prepare(ctx, one.couple); err != nil {
				return err
			}
		}
		back, err := one.some(ctx, pairs, q.report)
		if err != nil {
			return err
		}
		q.done(back)
	}
	return nil
}

// some compares a batch: small tables by one statement on each side, of which those
// are returned that differ, or that a side refuses. They are to be compared alone.
func (w *worker) some(ctx context.Context, pairs []pair, report func(Table) error) ([]pair, error) {
	if len(pairs) > 1 {
		return w.together(ctx, pairs, report)
	}
	t, err := w.table(ctx, pairs[0])
	if err != nil {
		return nil, err
	}
	return nil, report(t)
}

// together compares small tables at once and returns those that are not equal.
func (w *worker) together(ctx context.Context, pairs []pair, report func(Table) error) ([]pair, error) {
	began := time.Now()
	place, sums, err := w.sums(ctx, pairs)
	if err != nil {
		if !aboutTable(err) || ctx.Err() != nil {
			return nil, err
		}
		return pairs, w.anew(ctx)
	}
	var left []pair
	for i, p := range pairs {
		if !sums[0][i].equal(sums[1][i]) {
			left = append(left, p)
			continue
		}
		t := Table{Name: p.name(), Verdict: Equal, Proof: move.Read, Keyed: p.source.Key != nil, Bytes: p.source.Bytes, At: place,
			SourceRows: sums[0][i].rows, TargetRows: sums[1][i].rows, Seconds: time.Since(began).Seconds() / float64(len(pairs))}
		w.meter.did(t.SourceRows, t.Bytes)
		if err := report(t); err != nil {
			return nil, err
		}
	}
	return left, nil
}
