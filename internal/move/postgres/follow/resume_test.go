package follow_test

import (
	"context"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/follow/fence"
	"example.com/landfall/internal/move/postgres/follow/sequence"
	"example.com/landfall/internal/move/postgres/pg"
)

// cutover is a switch that is killed again and again: what it knows after a kill is
// which steps had ended, and what was noted before they began.
type cutover struct {
	source, target side
	forward, back  follow.Stream
	noted, closed  fence.State // of the source, and of the target before it was opened
	shut           fence.Result
	done           int
}

// steps are in order; each may be begun again after it was cut off anywhere.
func (c *cutover) steps() []func(context.Context) error {
	drain := func(ctx context.Context) error {
		f := follow.NewFollower([]follow.Stream{c.forward}, follow.Options{})
		defer f.Close()
		if _, err := f.Mark(ctx); err != nil {
			return err
		}
		return f.Await(ctx, c.shut.LSN)
	}
	carry := func(ctx context.Context) error {
		here, err := c.source.Connect(ctx, "test")
		if err != nil {
			return err
		}
		defer here.Close(ctx)
		there, err := c.target.Connect(ctx, "test")
		if err != nil {
			return err
		}
		defer there.Close(ctx)
		all, err := sequence.Read(ctx, here, pg.Selection{})
		if err != nil {
			return err
		}
		return sequence.Carry(ctx, there, all, 0)
	}
	return []func(context.Context) error{
		func(ctx context.Context) (err error) {
			c.shut, err = fence.Shut(ctx, c.source.Endpoint, c.noted, fence.Options{})
			if err == nil && !c.shut.Holds {
				err = fault.Newf(fault.Refused, "gaps: %v", c.shut.Gaps)
			}
			return err
		},
		drain, carry,
		func(ctx context.Context) error {
			left, err := c.forward.Drop(ctx)
			if err == nil && len(left) > 0 {
				err = fault.Newf(fault.Unavailable, "left over: %v", left)
			}
			return err
		},
		func(ctx context.Context) error { return c.back.Publish(ctx) },
		func(ctx context.Context) error { _, err := c.back.MakeSlot(ctx); return err },
		func(ctx context.Context) error { return c.back.Subscribe(ctx) },
		func(ctx context.Context) error { return c.back.Enable(ctx) },
		func(ctx context.Context) error {
			return fence.Open(ctx, c.target.Endpoint, c.closed, fence.Options{})
		},
	}
}

// run goes on where the last one was cut off.
func (c *cutover) run(ctx context.Context) error {
	for steps := c.steps(); c.done < len(steps); c.done++ {
		if err := steps[c.done](ctx); err != nil {
			return err
		}
	}
	return nil
}

// A switch that is killed at many instants ends like one that is not: what was written
// before it at the source and after it at the target is on both sides once, and nothing
// is left of it.
func TestSwitchKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	source, target := plain(t)
	const schema = "CREATE SEQUENCE public.numbers; CREATE TABLE public.log (n bigint, side text)"
	do(t, source.owner, schema)
	do(t, target.owner, schema)
	acl := func(at side) string {
		return one(t, at.owner, "SELECT (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM pg_database, unnest(coalesce(datacl, acldefault('d', datdba))) a WHERE datname = current_database()) || "+
			"(SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))")
	}
	before := [2]string{acl(source), acl(target)}
	c := &cutover{source: source, target: target, forward: stream(t, source, target)}
	var err error
	c.closed, err = fence.Look(t.Context(), target.Endpoint)
	must(t, err)
	r, err := fence.Shut(t.Context(), target.Endpoint, c.closed, fence.Options{})
	if err != nil || !r.Holds {
		t.Fatal(r.Gaps, err)
	}
	tables, err := pg.Tables(t.Context(), target.owner, pg.Selection{})
	must(t, err)
	c.back = follow.Reversed(c.forward, tables, pg.Endpoint{})
	begun(t, c.forward)
	do(t, source.owner, "INSERT INTO public.log SELECT nextval('public.numbers'), 'source' FROM generate_series(1, 100)")
	c.noted, err = fence.Look(t.Context(), source.Endpoint)
	must(t, err)

	kills := 0
	for wait := 3 * time.Millisecond; ; wait += 7 * time.Millisecond {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		err := c.run(ctx)
		cut := ctx.Err() != nil
		cancel()
		if err == nil {
			break
		}
		if !cut && !fault.Is(err, fault.Timeout) && !fault.Is(err, fault.Unavailable) {
			t.Fatalf("step %d: %v", c.done, err)
		}
		kills++
	}
	do(t, target.owner, "INSERT INTO public.log SELECT nextval('public.numbers'), 'target' FROM generate_series(1, 100)")
	caughtUp(t, c.back)
	for _, at := range []side{source, target} {
		if got := one(t, at.owner, "SELECT count(*) || ' ' || count(DISTINCT n) || ' ' || string_agg(DISTINCT side, '') FROM public.log"); got != "200 200 sourcetarget" {
			t.Errorf("%s: %s", at.Endpoint, got)
		}
	}
	must(t, fence.Open(t.Context(), source.Endpoint, c.noted, fence.Options{}))
	if after := [2]string{acl(source), acl(target)}; after != before {
		t.Errorf("%v, before %v", after, before)
	}
	t.Logf("killed %d times", kills)
}
