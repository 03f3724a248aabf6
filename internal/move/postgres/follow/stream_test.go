package follow_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/sandbox/part"
)

func TestNames(t *testing.T) {
	t.Parallel()
	if run.Generation(2) != "landfall_0a1b2c3d_2" || run.Reverse() != "landfall_0a1b2c3d_back" || run.Valid() != nil {
		t.Error(run.Generation(2), run.Reverse(), run.Valid())
	}
	for _, bad := range []follow.Run{"", "0A1B2C3D", "0a1b2c3", "0a1b2c3d4", "0a1b2c3'"} {
		if !fault.Is(bad.Valid(), fault.Invalid) {
			t.Errorf("%q is valid", bad)
		}
		if _, err := follow.Clean(t.Context(), bad, follow.Sides{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	s := follow.Stream{Run: run, Name: "landfall_ffffffff_1"}
	if err := s.Publish(t.Context()); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

// A stream between the two services, with their administrators: every kind of write
// arrives, and updates of a table that has no identity go on at the source.
func TestServices(t *testing.T) {
	t.Parallel()
	// So little memory makes a walsender stream transactions before they commit.
	source, target := served(t, part.RDSStatements, part.Setting{Name: "logical_decoding_work_mem", Value: "64kB"}), served(t, part.FlexibleServerStatements)
	at := session(t, source.Endpoint)
	for _, conn := range []side{source, target} {
		do(t, session(t, conn.Endpoint), shop)
	}
	s := stream(t, source, target)
	inserts, nothing := s.Partly()
	if len(inserts) != 2 || len(nothing) != 1 || nothing[0].Name != "scratch" {
		t.Error(inserts, nothing)
	}
	must(t, s.Publish(t.Context()))
	must(t, s.Publish(t.Context()))
	if err := s.Subscribe(t.Context()); !fault.Is(err, fault.NotFound) {
		t.Errorf("a subscription without a slot: %v", err)
	}
	begun(t, s)
	do(t, at, `INSERT INTO public.orders SELECT g, 'a' FROM generate_series(1, 100) g; INSERT INTO public.codes VALUES ('x', 1); INSERT INTO public.log VALUES ('l');
		INSERT INTO public.parts VALUES (1, 'eu'), (2, 'us')`)
	do(t, at, `UPDATE public.orders SET note = 'b' WHERE id % 2 = 0; DELETE FROM public.orders WHERE id > 90; UPDATE public.codes SET n = 2; UPDATE public.parts SET region = 'us' WHERE id = 1`)
	caughtUp(t, s)
	other := session(t, target.Endpoint)
	for sql, want := range map[string]string{
		"SELECT string_agg(note, '' ORDER BY id) FROM public.orders": strings.Repeat("ab", 45),
		"SELECT count(*) FROM public.parts_us":                       "2", "SELECT n FROM public.codes": "1", "SELECT line FROM public.log": "l",
	} {
		if got := one(t, other, sql); got != want {
			t.Errorf("%s: %s", sql, got)
		}
	}
	do(t, at, "TRUNCATE public.orders, public.log")
	caughtUp(t, s)
	if got := one(t, other, "SELECT (SELECT count(*) FROM public.orders) + (SELECT count(*) FROM public.log)"); got != "0" {
		t.Error(got)
	}
	if got := one(t, target.owner, "SELECT subbinary::text || substream::text FROM pg_subscription"); got != "truetrue" {
		t.Error(got)
	}
	do(t, at, "BEGIN; INSERT INTO public.log SELECT repeat('l', 100) FROM generate_series(1, 5000); SAVEPOINT s; INSERT INTO public.log VALUES ('gone'); ROLLBACK TO s; COMMIT")
	caughtUp(t, s)
	if got := one(t, other, "SELECT count(*) FROM public.log"); got != "5000" {
		t.Errorf("%s rows of a transaction that was streamed", got)
	}
	do(t, at, "TRUNCATE public.log")
	// Twice is once, and a new connection string does not lose its place.
	must(t, s.Publish(t.Context()))
	must(t, s.Subscribe(t.Context()))
	begin, err := s.MakeSlot(t.Context())
	must(t, err)
	if begin == 0 {
		t.Error("a slot that is read from was made anew")
	}
	do(t, at, "INSERT INTO public.orders VALUES (1, 'again')")
	caughtUp(t, s)
	if ok, err := s.Advances(t.Context(), patience); !ok || err != nil {
		t.Error(ok, err)
	}
	must(t, s.Disable(t.Context()))
	must(t, s.Disable(t.Context()))
	if slot, err := s.Slot(t.Context()); err != nil || slot.Confirmed == 0 {
		t.Error(slot, err)
	}
	if rest, err := s.Rest(t.Context()); err != nil || len(rest) > 0 {
		t.Error(rest, err)
	}
	do(t, at, "INSERT INTO public.log VALUES ('late'); UPDATE public.parts SET id = 3 WHERE id = 2; TRUNCATE public.codes")
	if rest, err := s.Rest(t.Context()); err != nil || !slices.Equal(rest, []string{"public.log", "public.parts_us", "public.codes"}) {
		t.Error(rest, err)
	}
}

// The password goes to the server, and into no error that comes back.
func TestPasswordsStayOut(t *testing.T) {
	t.Parallel()
	source, target := served(t, part.RDSStatements), plainOne(t)
	do(t, session(t, source.Endpoint), "CREATE TABLE public.orders (id int PRIMARY KEY)")
	s := stream(t, source, target)
	must(t, s.Publish(t.Context()))
	_, err := s.MakeSlot(t.Context())
	must(t, err)
	err = s.Subscribe(t.Context())
	if !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), `public"."orders`) {
		t.Error(err)
	}
	secretFree(t, err.Error())
	do(t, target.owner, "CREATE TABLE public.orders (id int PRIMARY KEY)")
	s.Route = endpoint(t, source.cut("nobody", `la'nd\er`))
	if err = s.Subscribe(t.Context()); err == nil {
		t.Fatal("a subscription to nobody")
	}
	secretFree(t, err.Error())
	left, err := s.Drop(t.Context())
	if len(left) > 0 || err != nil {
		t.Error(left, err)
	}
	if _, err := s.Slot(t.Context()); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

func TestPublicationsFollowTheTables(t *testing.T) {
	t.Parallel()
	source, target := plain(t)
	do(t, source.owner, "CREATE TABLE public.a (id int PRIMARY KEY); CREATE TABLE public.b (id int); CREATE TABLE public.c (id int PRIMARY KEY) INHERITS (public.b); CREATE TABLE public.d (id int UNIQUE)")
	s := stream(t, source, target)
	t.Cleanup(func() {
		_, err := follow.Clean(context.WithoutCancel(t.Context()), s.Run, follow.Sides{Source: source.Endpoint, Target: target.Endpoint})
		if err != nil {
			t.Error(err)
		}
	})
	held := func() string {
		return one(t, source.owner, "SELECT string_agg(pubname || ':' || tablename, ' ' ORDER BY pubname, tablename) FROM pg_publication_tables WHERE pubname LIKE '%"+string(s.Run)+"%'")
	}
	all := s.Tables
	for _, c := range []struct {
		tables []pg.Table
		want   string
	}{
		{all, "%:a %:c %_inserts:b %_inserts:d"}, {all[:2], "%:a %_inserts:b"}, {all[:1], "%:a"}, {all, "%:a %:c %_inserts:b %_inserts:d"}, {nil, "NULL"},
	} {
		s.Tables = c.tables
		must(t, s.Publish(t.Context()))
		// An empty second publication may stay: it publishes nothing.
		if got := held(); len(c.tables) != 1 && got != strings.ReplaceAll(c.want, "%", s.Name) {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestIdentities(t *testing.T) {
	t.Parallel()
	source, _ := plain(t)
	do(t, source.owner, `CREATE TABLE public.a (id int PRIMARY KEY); CREATE TABLE public.b (id int); CREATE TABLE public.c (id int NOT NULL UNIQUE, v int); CREATE TABLE public.n (id int PRIMARY KEY);
		ALTER TABLE public.n REPLICA IDENTITY NOTHING; CREATE TABLE public.gone (id int); CREATE TABLE public.theirs (id int)`)
	read := func() string {
		return one(t, source.owner, "SELECT string_agg(relname || relreplident::text, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
	}
	before := read()
	tables, err := pg.Tables(t.Context(), source.owner, pg.Selection{})
	must(t, err)
	plan := follow.Identities(tables)
	var statements []string
	for _, i := range plan {
		statements = append(statements, i.Statement())
	}
	if !slices.Contains(statements, `ALTER TABLE ONLY "public"."c" REPLICA IDENTITY USING INDEX "c_id_key"`) || !slices.Contains(statements, `ALTER TABLE ONLY "public"."b" REPLICA IDENTITY FULL`) || len(plan) != 5 {
		t.Error(statements)
	}
	must(t, follow.Identify(t.Context(), source.Endpoint, plan))
	must(t, follow.Identify(t.Context(), source.Endpoint, plan))
	if got := read(); got != "ad bf ci gonef ni theirsf" {
		t.Error(got)
	}
	do(t, source.owner, "DROP TABLE public.gone; ALTER TABLE public.theirs REPLICA IDENTITY NOTHING")
	must(t, follow.Restore(t.Context(), source.Endpoint, plan))
	must(t, follow.Restore(t.Context(), source.Endpoint, plan))
	if want := strings.NewReplacer(" goned", "", "theirsd", "theirsn").Replace(before); read() != want {
		t.Errorf("%s, want %s", read(), want)
	}
}
