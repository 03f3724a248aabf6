package follow_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/follow/fence"
	"example.com/landfall/internal/move/postgres/follow/sequence"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/testkit"
)

// ledger has a number from a sequence, and a table without a key beside it, in which
// a row that is applied twice would show.
const ledger = `
CREATE SEQUENCE public.numbers;
CREATE TABLE public.orders (id bigint PRIMARY KEY DEFAULT nextval('public.numbers'), token text NOT NULL, side text NOT NULL);
CREATE TABLE public.log (token text NOT NULL, side text NOT NULL);
CREATE ROLE app LOGIN PASSWORD 'pw'; GRANT ALL ON public.orders, public.log, public.numbers TO app; GRANT USAGE ON SCHEMA public TO app`

// writers write into both sides all the time, whoever lets them.
type writers struct {
	urls     map[string]string
	accepted [2]atomic.Int64
	mu       sync.Mutex
	sure     map[string]string // token to side
	unsure   map[string]string // cut off before the answer
	stop     context.CancelFunc
	done     sync.WaitGroup
}

func sides() [2]string { return [2]string{"source", "target"} }

// start begins two writers for each side: one connects for every write, the other
// keeps its session as long as it lives.
func start(t *testing.T, urls map[string]string) *writers {
	ctx, stop := context.WithCancel(t.Context())
	w := &writers{urls: urls, sure: map[string]string{}, unsure: map[string]string{}, stop: stop}
	for i, side := range sides() {
		for _, keep := range []bool{false, true} {
			w.done.Go(func() { w.write(ctx, i, side, keep) })
		}
	}
	t.Cleanup(w.end)
	return w
}

func (w *writers) end() {
	w.stop()
	w.done.Wait()
}

func (w *writers) write(ctx context.Context, index int, side string, keep bool) {
	var conn *pgx.Conn
	for n := 0; ctx.Err() == nil; n++ {
		if conn == nil || conn.IsClosed() || !keep {
			if conn != nil {
				_ = conn.Close(context.WithoutCancel(ctx))
			}
			var err error
			if conn, err = pgx.Connect(ctx, w.urls[side]); err != nil {
				conn = nil
				pause(ctx)
				continue
			}
		}
		token := fmt.Sprintf("%s-%t-%d", side, keep, n)
		_, err := conn.Exec(context.WithoutCancel(ctx), fmt.Sprintf(`WITH o AS (INSERT INTO public.orders (token, side) VALUES ('%s', '%s')) INSERT INTO public.log VALUES ('%[1]s', '%[2]s')`, token, side), pgx.QueryExecModeSimpleProtocol)
		w.note(token, side, err)
		if err == nil {
			w.accepted[index].Add(1)
		}
		pause(ctx)
	}
	if conn != nil {
		_ = conn.Close(context.WithoutCancel(ctx))
	}
}

// note keeps what the server accepted, and what it may have accepted.
func (w *writers) note(token, side string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		w.sure[token] = side
	case pg.Code(err) == "" || pg.Code(err) == "57P01":
		w.unsure[token] = side
	}
}

func pause(ctx context.Context) {
	select {
	case <-time.After(8 * time.Millisecond):
	case <-ctx.Done():
	}
}

// more waits until a side has accepted so many writes more.
func (w *writers) more(t *testing.T, index int, n int64) {
	t.Helper()
	want := w.accepted[index].Load() + n
	testkit.Eventually(t, patience, func() error {
		if got := w.accepted[index].Load(); got < want {
			return fault.Newf(fault.Unavailable, "%d writes of %d at the %s", got, want, sides()[index])
		}
		return nil
	})
}

// crossing is a switch under test.
type crossing struct {
	source, target side
	mu             sync.Mutex
	transitions    []string
	at             []time.Time
}

func (c *crossing) options(name string) fence.Options {
	return fence.Options{Record: func(x fence.Transition) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.transitions, c.at = append(c.transitions, name+" "+string(x.What)), append(c.at, x.At)
	}}
}

// shut fences a side, and returns what is noted for opening it.
func (c *crossing) shut(t *testing.T, at side, name string) (fence.State, pg.LSN) {
	t.Helper()
	s, err := fence.Look(t.Context(), at.Endpoint)
	must(t, err)
	r, err := fence.Shut(t.Context(), at.Endpoint, s, c.options(name))
	must(t, err)
	if !r.Holds {
		t.Fatal(r.Gaps)
	}
	return s, r.LSN
}

// over drains a stream whose publisher is fenced, carries the sequences, drops it, and
// begins the stream of the other direction, before anybody writes there.
func over(t *testing.T, old, next follow.Stream, end pg.LSN) {
	t.Helper()
	f := follow.NewFollower([]follow.Stream{old}, follow.Options{})
	defer f.Close()
	_, err := f.Mark(t.Context())
	must(t, err)
	must(t, f.Await(t.Context(), end))
	here, there := session(t, old.Publisher), session(t, old.Subscriber)
	all, err := sequence.Read(t.Context(), here, pg.Selection{})
	must(t, err)
	must(t, sequence.Carry(t.Context(), there, all, 10))
	// As long as the old direction is there, the new one is refused.
	must(t, next.Publish(t.Context()))
	if _, err := next.MakeSlot(t.Context()); !fault.Is(err, fault.Refused) {
		t.Fatalf("both directions at once: %v", err)
	}
	must(t, old.Disable(t.Context()))
	rest, err := old.Rest(t.Context())
	if err != nil || len(rest) > 0 {
		t.Fatal(rest, err)
	}
	left, err := old.Drop(t.Context())
	if err != nil || len(left) > 0 {
		t.Fatal(left, err)
	}
	begun(t, next)
}

// Writers try both sides all the time, over a cutover and a rollback, with logins as
// RDS and Flexible Server give them. By the clocks of the servers' commits, writes
// change side twice and never overlap; every write that was accepted is on both sides
// at the end, once; what was cut off is on both or on none.
func TestExactlyOneWriter(t *testing.T) {
	t.Parallel()
	stamps := part.Setting{Name: "track_commit_timestamp", Value: "on"}
	c := &crossing{source: served(t, part.RDSStatements, stamps), target: served(t, part.FlexibleServerStatements, stamps)}
	do(t, session(t, c.source.Endpoint), ledger)
	do(t, session(t, c.target.Endpoint), ledger)
	open, _ := c.shut(t, c.target, "target")

	forward := stream(t, c.source, c.target)
	begun(t, forward)
	w := start(t, map[string]string{"source": c.source.cut("app", "pw"), "target": c.target.cut("app", "pw")})
	w.more(t, 0, 60)

	notedSource, end := c.shut(t, c.source, "source")
	tables, err := pg.Tables(t.Context(), session(t, c.target.Endpoint), pg.Selection{})
	must(t, err)
	back := follow.Reversed(forward, tables, pg.Endpoint{})
	over(t, forward, back, end)
	must(t, fence.Open(t.Context(), c.target.Endpoint, open, c.options("target")))
	w.more(t, 1, 60)

	notedTarget, end := c.shut(t, c.target, "target")
	again := forward
	again.Name = forward.Run.Generation(2)
	over(t, back, again, end)
	must(t, fence.Open(t.Context(), c.source.Endpoint, notedSource, c.options("source")))
	w.more(t, 0, 60)
	w.end()
	caughtUp(t, again)
	must(t, fence.Open(t.Context(), c.target.Endpoint, notedTarget, fence.Options{}))

	c.verify(t, w)
}

func (c *crossing) verify(t *testing.T, w *writers) {
	t.Helper()
	want := []string{"target shutting", "target shut", "source shutting", "source shut", "target opening", "target open", "target shutting", "target shut", "source opening", "source open"}
	if !slices.Equal(c.transitions, want) || !slices.IsSortedFunc(c.at, time.Time.Compare) {
		t.Error(c.transitions, c.at)
	}
	var order []string
	for _, at := range []side{c.source, c.target} {
		// The time of a commit travels with it: it is that of the side that wrote.
		rows, err := at.owner.Query(t.Context(), "SELECT token, side FROM public.orders ORDER BY pg_xact_commit_timestamp(xmin), id")
		must(t, err)
		found, changes, last := map[string]string{}, 0, "source"
		var token, side string
		_, err = pgx.ForEachRow(rows, []any{&token, &side}, func() error {
			if side != last {
				changes, last = changes+1, side
			}
			found[token] = side
			return nil
		})
		must(t, err)
		if changes != 2 {
			t.Errorf("writes change side %d times by the clock of %s", changes, at.Endpoint)
		}
		for token := range w.sure {
			if found[token] == "" {
				t.Errorf("%s was accepted, and is not at %s", token, at.Endpoint)
			}
		}
		for token := range found {
			if w.sure[token] == "" && w.unsure[token] == "" {
				t.Errorf("%s is at %s, and nobody wrote it", token, at.Endpoint)
			}
		}
		order = append(order, one(t, at.owner, "SELECT md5(string_agg(o.id || o.token || o.side, ' ' ORDER BY o.id)) FROM public.orders o")+
			one(t, at.owner, "SELECT md5(string_agg(token || side, ' ' ORDER BY token COLLATE \"C\")) FROM public.log"))
		if doubled := one(t, at.owner, "SELECT (SELECT count(*) FROM public.orders) - (SELECT count(*) FROM public.log) + (SELECT count(*) - count(DISTINCT token) FROM public.log)"); doubled != "0" {
			t.Errorf("%s rows too many or too few at %s", doubled, at.Endpoint)
		}
	}
	if order[0] != order[1] {
		t.Error("the sides differ")
	}
	t.Logf("%d writes accepted at the source, %d at the target, %d cut off", w.accepted[0].Load(), w.accepted[1].Load(), len(w.unsure))
}

// Rows arrive at a fenced source, triggers that fire for them included, while
// applications stay out.
func TestReverseIntoAFence(t *testing.T) {
	t.Parallel()
	c := &crossing{source: served(t, part.RDSStatements), target: served(t, part.FlexibleServerStatements)}
	do(t, session(t, c.source.Endpoint), ledger)
	do(t, session(t, c.target.Endpoint), ledger)
	noted, _ := c.shut(t, c.source, "source")
	tables, err := pg.Tables(t.Context(), session(t, c.target.Endpoint), pg.Selection{})
	must(t, err)
	back := follow.Reversed(stream(t, c.source, c.target), tables, pg.Endpoint{})
	begun(t, back)
	app, err := pgx.Connect(t.Context(), c.target.cut("app", "pw"))
	must(t, err)
	defer app.Close(t.Context())
	do(t, app, "INSERT INTO public.orders (token, side) VALUES ('a', 'target'); UPDATE public.orders SET token = 'b'")
	caughtUp(t, back)
	if got := one(t, c.source.owner, "SELECT string_agg(token, '') FROM public.orders"); got != "b" {
		t.Error(got)
	}

	do(t, session(t, c.source.Endpoint), `CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.log VALUES (new.token, 'trigger'); RETURN new; END $$;
		CREATE TRIGGER always AFTER INSERT ON public.orders FOR EACH ROW EXECUTE FUNCTION public.note(); ALTER TABLE public.orders ENABLE ALWAYS TRIGGER always`)
	do(t, app, "INSERT INTO public.orders (token, side) VALUES ('c', 'target')")
	// Without it the worker fails: an INSERT of a trigger is a statement, and refused.
	testkit.Eventually(t, patience, func() error {
		if one(t, c.source.owner, "SELECT sum(apply_error_count) FROM pg_stat_subscription_stats") == "0" {
			return fault.Newf(fault.Unavailable, "no error yet")
		}
		return nil
	})
	must(t, back.Enable(t.Context()))
	caughtUp(t, back)
	if got := one(t, c.source.owner, "SELECT string_agg(token || side, '') FROM public.log"); got != "ctrigger" {
		t.Error(got)
	}
	r, err := fence.Check(t.Context(), c.source.Endpoint, noted, fence.Options{Logins: []pg.Endpoint{endpoint(t, c.source.cut("app", "pw"))}})
	if err != nil || !r.Holds {
		t.Error(r.Gaps, err)
	}
	must(t, fence.Open(t.Context(), c.source.Endpoint, noted, fence.Options{}))
	if got := one(t, c.source.owner, "SELECT count(*) FROM pg_db_role_setting"); got != "0" {
		t.Errorf("%s settings are left", got)
	}
}
