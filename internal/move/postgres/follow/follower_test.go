package follow_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/testkit"
)

// until watches until a look is as wanted.
func until(t *testing.T, s follow.Stream, o follow.Options, ok func(follow.State) bool) follow.State {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	o.Every = 20 * time.Millisecond
	f := follow.NewFollower([]follow.Stream{s}, o)
	defer f.Close()
	var last follow.State
	enough := errors.New("enough")
	if err := f.Watch(ctx, func(state follow.State) error {
		if last = state; ok(state) {
			return enough
		}
		return nil
	}); !errors.Is(err, enough) {
		t.Fatalf("%v; the last look is %+v", err, last)
	}
	return last
}

func TestLag(t *testing.T) {
	t.Parallel()
	source, target := plain(t)
	do(t, source.owner, shop)
	do(t, target.owner, shop)
	s := stream(t, source, target)
	// A second generation has tables of its own, and is as far as it is.
	second := s
	second.Name, second.Tables, s.Tables = s.Run.Generation(2), s.Tables[:2], s.Tables[2:]
	begun(t, s)
	begun(t, second)
	until(t, s, follow.Options{}, func(s follow.State) bool {
		return s.Known && s.Bytes == 0 && s.Seconds == 0 && s.Streams[0].Worker != 0 && s.Streams[0].Active && s.Streams[0].Trouble == ""
	})
	must(t, s.Disable(t.Context()))
	do(t, source.owner, "INSERT INTO public.orders SELECT g, repeat('x', 100) FROM generate_series(1, 2000) g")
	state := until(t, s, follow.Options{}, func(s follow.State) bool { return s.Bytes > 200_000 && s.Seconds > 0.1 })
	if state.Lost != "" || state.Streams[0].Enabled || !strings.Contains(state.Streams[0].Trouble, "is disabled") || state.Stuck() != nil {
		t.Errorf("%+v", state)
	}
	f := follow.NewFollower([]follow.Stream{second, s}, follow.Options{})
	defer f.Close()
	lsn, err := f.Mark(t.Context())
	must(t, err)
	if err := f.Await(t.Context(), lsn); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), s.Name) {
		t.Errorf("waiting for a stream that is disabled: %v", err)
	}
	must(t, s.Enable(t.Context()))
	caughtUp(t, second, s)
	if got := one(t, target.owner, "SELECT count(*) FROM public.orders"); got != "2000" {
		t.Error(got)
	}
	// An asynchronous commit is seen before it is written: Mark lies behind it.
	do(t, source.owner, "SET synchronous_commit = off; INSERT INTO public.orders VALUES (0, 'last')")
	caughtUp(t, s)
	if got := one(t, target.owner, "SELECT note FROM public.orders WHERE id = 0"); got != "last" {
		t.Error(got)
	}
}

// A worker that is ended, and a publisher that crashes and comes back, cost a
// restart, and no row.
func TestRestarts(t *testing.T) {
	t.Parallel()
	source, target := served(t, part.RDSStatements, part.Setting{Name: "max_slot_wal_keep_size", Value: "64MB"}), plainOne(t)
	do(t, session(t, source.Endpoint), shop)
	do(t, target.owner, shop)
	s := stream(t, source, target)
	begun(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	f := follow.NewFollower([]follow.Stream{s}, follow.Options{})
	defer f.Close()
	look := func(what string, ok func(follow.State) bool) follow.State {
		t.Helper()
		var state follow.State
		testkit.Eventually(t, patience, func() (err error) {
			state, err = f.Look(ctx)
			if err == nil && !ok(state) {
				err = fault.Newf(fault.Unavailable, "%s: %+v", what, state)
			}
			return err
		})
		return state
	}
	state := look("a worker", func(s follow.State) bool {
		return s.Unreachable == "" && s.Streams[0].Worker != 0 && s.Streams[0].Active
	})
	if _, err := target.owner.Exec(ctx, "SELECT pg_terminate_backend($1)", state.Streams[0].Worker); err != nil {
		t.Fatal(err)
	}
	state = look("another worker", func(s follow.State) bool { return s.Streams[0].Restarts == 1 && s.Streams[0].Active })
	if state.Stuck() != nil || state.Streams[0].Errors != 0 {
		t.Errorf("%+v", state.Streams[0])
	}
	do(t, session(t, source.Endpoint), "SET synchronous_commit = on; INSERT INTO public.orders VALUES (1, 'kept')")
	// SIGKILL to a backend has the server end all of them and recover from its log.
	if _, err := source.owner.Exec(ctx, "DO $$ BEGIN EXECUTE format('COPY (SELECT) TO PROGRAM ''kill -9 %s''', pg_backend_pid()); END $$"); err == nil {
		t.Fatal("the publisher did not crash")
	}
	look("the publisher back, and read", func(s follow.State) bool {
		return s.Unreachable == "" && s.Lost == "" && s.Streams[0].Restarts > 1 && s.Streams[0].Active
	})
	caughtUp(t, s)
	if got := one(t, target.owner, "SELECT note FROM public.orders"); got != "kept" {
		t.Error(got)
	}
	givesUp(t, s, follow.Guard{Share: 0.3}, "may keep 20132659")
	if got := one(t, target.owner, "SELECT subenabled FROM pg_subscription WHERE subname = '"+s.Name+"'"); got != "false" {
		t.Error("the subscription is still enabled")
	}
}

func plainOne(t testing.TB) side {
	t.Helper()
	e := endpoint(t, testkit.Postgres(t).URL())
	return side{Endpoint: e, owner: session(t, e)}
}

// What stops the worker is named: the table and what does not fit there.
func TestStuck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, target, source, relation, reason string
		cure                                   string
	}{
		{"row", "INSERT INTO public.orders VALUES (5, 'theirs')", "INSERT INTO public.orders SELECT g, 'ours' FROM generate_series(1, 9) g", "public.orders",
			`a row with the same id stands in the way, in the unique index "orders_pkey"`, "DELETE FROM public.orders"},
		{"same row", "INSERT INTO public.codes VALUES ('k', 1)", "INSERT INTO public.codes VALUES ('k', 1)", "public.codes", `the same code stands`, "DELETE FROM public.codes"},
		{"column", "ALTER TABLE public.orders DROP COLUMN note", "INSERT INTO public.orders VALUES (1)", "public.orders", `column "note" does not exist`, "ALTER TABLE public.orders ADD COLUMN note text"},
		{"check", "ALTER TABLE public.orders ADD CHECK (id < 10)", "INSERT INTO public.orders VALUES (10)", "", "", "ALTER TABLE public.orders DROP CONSTRAINT orders_id_check"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			source, target := plain(t)
			do(t, source.owner, shop)
			do(t, target.owner, shop)
			s := stream(t, source, target)
			begun(t, s)
			do(t, source.owner, "INSERT INTO public.log VALUES ('before')")
			caughtUp(t, s)
			do(t, target.owner, c.target)
			do(t, source.owner, c.source)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			f := follow.NewFollower([]follow.Stream{s}, follow.Options{})
			defer f.Close()
			lsn, err := f.Mark(ctx)
			must(t, err)
			err = f.Await(ctx, lsn)
			if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), c.relation) || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("%v", err)
			}
			state, err := f.Look(ctx)
			stuck := state.Stuck()
			if err != nil || stuck == nil || stuck.Errors < 2 || stuck.Stall == nil && !strings.Contains(stuck.Trouble, "found out") {
				t.Fatalf("%+v, %v", state, err)
			}
			if stuck.Stall != nil && c.relation == "" && (len(stuck.Stall.Relations) != 1 || stuck.Stall.Relations[0] != "public.orders") {
				t.Errorf("%+v", stuck.Stall)
			}
			do(t, target.owner, c.cure)
			until(t, s, follow.Options{}, func(s follow.State) bool { return s.Streams[0].Confirmed >= lsn && s.Stuck() == nil })
		})
	}
}

// The guard gives up before the server runs out of room, and leaves no slot; the
// subscriber need not answer.
func TestGuard(t *testing.T) {
	t.Parallel()
	source, target := plain(t)
	do(t, source.owner, shop)
	do(t, target.owner, shop)
	s := stream(t, source, target)
	begun(t, s)
	away := s
	away.Subscriber = endpoint(t, deadURL(t))
	if err := givesUp(t, away, follow.Guard{Bytes: 1 << 20}, "may keep 1048576"); !strings.Contains(err.Error(), "is not disabled") {
		t.Error(err)
	}
}

// givesUp writes until the guard drops the slot.
func givesUp(t *testing.T, s follow.Stream, guard follow.Guard, reason string) error {
	t.Helper()
	at := session(t, s.Publisher)
	f := follow.NewFollower([]follow.Stream{s}, follow.Options{Guard: guard, Every: 5 * time.Millisecond})
	defer f.Close()
	if err := s.Disable(t.Context()); err != nil && !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	err := f.Watch(t.Context(), func(follow.State) error {
		do(t, at, "INSERT INTO public.log SELECT repeat('x', 1000) FROM generate_series(1, 1000)")
		return nil
	})
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), reason) || fault.HintOf(err) == "" {
		t.Error(err)
	}
	if _, err := s.Slot(t.Context()); !fault.Is(err, fault.NotFound) {
		t.Errorf("the slot is still there: %v", err)
	}
	return err
}

// deadURL is that of a port where nobody listens.
func deadURL(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	return part.PostgresURL(l.Addr().String(), "lander", "pw", "shop", "disable")
}

// A slot that the server has invalidated is told, and cleaned away like any other.
func TestInvalidated(t *testing.T) {
	t.Parallel()
	source := served(t, part.RDSStatements, part.Setting{Name: "max_slot_wal_keep_size", Value: "1MB"}, part.Setting{Name: "min_wal_size", Value: "32MB"}, part.Setting{Name: "max_wal_size", Value: "32MB"})
	target := plainOne(t)
	do(t, session(t, source.Endpoint), shop)
	do(t, target.owner, shop)
	s := stream(t, source, target)
	begun(t, s)
	caughtUp(t, s)
	must(t, s.Disable(t.Context()))
	for range 4 {
		do(t, source.owner, "SELECT pg_switch_wal()")
		do(t, source.owner, "INSERT INTO public.log VALUES ('x'); CHECKPOINT")
	}
	f := follow.NewFollower([]follow.Stream{s}, follow.Options{})
	defer f.Close()
	state, err := f.Look(t.Context())
	if err != nil || !strings.Contains(state.Lost, "is invalid") || state.Streams[0].Status != "lost" {
		t.Errorf("%+v, %v", state, err)
	}
	if err := f.Await(t.Context(), 1); !fault.Is(err, fault.Refused) {
		t.Error(err)
	}
	if left, err := f.Safe(t.Context()); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
	if state, err := f.Look(t.Context()); err != nil || !strings.Contains(state.Lost, "is gone") {
		t.Errorf("%+v, %v", state, err)
	}
}

// Clean works from the name of the run alone, leaves other runs alone, and removes
// what it can when one side is away.
func TestClean(t *testing.T) {
	t.Parallel()
	source, target := plain(t)
	do(t, source.owner, shop)
	do(t, target.owner, shop)
	ours, other := stream(t, source, target), stream(t, source, target)
	begun(t, other)
	begun(t, ours)
	tables := ours.Tables
	plan := follow.Identities(tables)
	must(t, follow.Identify(t.Context(), source.Endpoint, plan))
	dead := endpoint(t, deadURL(t))
	left, err := follow.Clean(t.Context(), ours.Run, follow.Sides{Source: dead, Target: target.Endpoint})
	if err != nil || len(left) != 1 || !strings.Contains(left[0], dead.String()) {
		t.Error(left, err)
	}
	count := func() string {
		return one(t, source.owner, "SELECT (SELECT count(*) FROM pg_replication_slots WHERE slot_name LIKE '%"+string(ours.Run)+"%') || ' ' || (SELECT count(*) FROM pg_publication WHERE pubname LIKE '%"+string(ours.Run)+"%') || ' ' || "+
			"(SELECT count(*) FROM pg_subscription WHERE subname LIKE '%"+string(ours.Run)+"%') || ' ' || (SELECT count(*) FROM pg_class WHERE relreplident = 'f' AND relnamespace = 'public'::regnamespace)")
	}
	if got := count(); got != "1 2 0 1" {
		t.Error(got)
	}
	for range 2 {
		left, err = follow.Clean(t.Context(), ours.Run, follow.Sides{Source: source.Endpoint, Target: dead, Identities: plan})
		if err != nil || len(left) != 1 {
			t.Error(left, err)
		}
	}
	if got := count(); got != "0 0 0 0" {
		t.Error(got)
	}
	if _, err := other.Slot(t.Context()); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := follow.Clean(ctx, ours.Run, follow.Sides{Source: source.Endpoint, Target: target.Endpoint}); err == nil {
		t.Error("a cut-off clean-up is no clean-up")
	}
}

// Cut off at any instant while it begins, a stream is completed by the same calls, and
// each row arrives once; cut off while it is cleaned up, it is by the next clean-up.
func TestCutOffAnywhere(t *testing.T) {
	t.Parallel()
	source, target := plain(t)
	do(t, source.owner, "CREATE TABLE public.log (line text)")
	do(t, target.owner, "CREATE TABLE public.log (line text)")
	s := stream(t, source, target)
	sides := follow.Sides{Source: source.Endpoint, Target: target.Endpoint}
	for i := range 8 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(10+i*i*8)*time.Millisecond)
		for _, step := range []func() error{
			func() error { return s.Publish(ctx) },
			func() error { _, err := s.MakeSlot(ctx); return err },
			func() error { return s.Subscribe(ctx) },
			func() error { return s.Enable(ctx) },
		} {
			if step() != nil {
				break
			}
		}
		cancel()
		must(t, s.Publish(t.Context()))
		_, err := s.MakeSlot(t.Context())
		must(t, err)
		must(t, s.Subscribe(t.Context()))
		must(t, s.Enable(t.Context()))
		do(t, source.owner, "INSERT INTO public.log VALUES ('x')")
		caughtUp(t, s)
		ctx, cancel = context.WithTimeout(t.Context(), time.Duration(5+i*10)*time.Millisecond)
		_, _ = follow.Clean(ctx, s.Run, sides) // most often it is cut off
		cancel()
		left, err := follow.Clean(t.Context(), s.Run, sides)
		if err != nil || len(left) > 0 {
			t.Fatal(left, err)
		}
	}
	if got := one(t, target.owner, "SELECT count(*) FROM public.log"); got != "8" {
		t.Errorf("%s rows of 8", got)
	}
}
