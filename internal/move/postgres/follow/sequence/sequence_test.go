package sequence_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/follow/sequence"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func database(t *testing.T, sql ...string) *pgx.Conn {
	t.Helper()
	e, err := pg.Parse(testkit.Postgres(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := e.Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	for _, s := range sql {
		if _, err := conn.Exec(t.Context(), s, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

const schema = `CREATE SCHEMA "S s"; CREATE SEQUENCE "S s"."Up 1" CACHE 10; CREATE SEQUENCE public.down INCREMENT -3 MINVALUE -100 MAXVALUE 50 START 50;
CREATE SEQUENCE public.round MAXVALUE 3 CYCLE; CREATE SEQUENCE public.full_ MAXVALUE 2; CREATE SEQUENCE public.far; CREATE SEQUENCE public.fresh START 7;
CREATE TABLE public.t (id bigserial, i int GENERATED ALWAYS AS IDENTITY); CREATE TABLE public.out_ (id serial)`

// numbers draws the next one of every sequence.
func numbers(t *testing.T, conn *pgx.Conn, all []sequence.Sequence) map[string]int64 {
	t.Helper()
	got := map[string]int64{}
	for _, s := range all {
		var n int64
		err := conn.QueryRow(t.Context(), "SELECT nextval($1::text::regclass)", s.SQL()).Scan(&n)
		if err != nil && pg.Code(err) != "2200H" {
			t.Fatal(err)
		}
		got[s.String()] = n
	}
	return got
}

func TestCarry(t *testing.T) {
	t.Parallel()
	here := database(t, schema, `SELECT nextval('"S s"."Up 1"'), nextval('public.down'), nextval('public.down'), nextval('public.round'), nextval('public.round'), nextval('public.full_'), nextval('public.full_');
		INSERT INTO public.t SELECT FROM generate_series(1, 41)`)
	there := database(t, schema, `SELECT setval('public.far', 1000)`)
	selection := pg.Selection{Except: []string{"public.out_"}}
	all, err := sequence.Read(t.Context(), here, selection)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 8 || all[0].String() != `"S s"."Up 1"` || all[0].Last != 10 || all[7].Owner == nil || all[7].Owner.Name != "t" || all[7].Last != 41 {
		t.Errorf("%+v", all)
	}
	before, _ := sequence.Read(t.Context(), there, selection)
	if behind := sequence.Behind(all, before); len(behind) != 6 {
		t.Error(behind)
	}
	for range 2 {
		if err := sequence.Carry(t.Context(), there, all, 5); err != nil {
			t.Fatal(err)
		}
	}
	after, err := sequence.Read(t.Context(), there, selection)
	if behind := sequence.Behind(all, after); err != nil || len(behind) > 0 {
		t.Error(behind, err)
	}
	next := numbers(t, there, all)
	for name, want := range map[string]int64{`"S s"."Up 1"`: 16, "public.down": 29, "public.round": 1, "public.full_": 0, "public.far": 1001, "public.fresh": 12, "public.t_id_seq": 47, "public.t_i_seq": 47} {
		if next[name] != want {
			t.Errorf("%s gives %d, want %d", name, next[name], want)
		}
	}
	// And back: never behind what the other has given out.
	all, _ = sequence.Read(t.Context(), there, selection)
	if err := sequence.Carry(t.Context(), here, all, 0); err != nil {
		t.Fatal(err)
	}
	back, _ := sequence.Read(t.Context(), here, selection)
	if behind := sequence.Behind(all, back); len(behind) > 0 {
		t.Error(behind)
	}
}

func TestMissingOnesAreNamed(t *testing.T) {
	t.Parallel()
	there := database(t, "CREATE SEQUENCE public.b; CREATE SEQUENCE public.c INCREMENT 2")
	all := []sequence.Sequence{
		{Name: pg.Name{Schema: "public", Name: "a"}, Last: 9, Called: true, Increment: 1, Min: 1, Max: math.MaxInt64},
		{Name: pg.Name{Schema: "public", Name: "b"}, Last: 9, Called: true, Increment: 1, Min: 1, Max: math.MaxInt64},
		{Name: pg.Name{Schema: "public", Name: "c"}, Last: 1, Increment: 1, Min: 1, Max: math.MaxInt64},
	}
	if err := sequence.Carry(t.Context(), there, all, 0); !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "public.a") {
		t.Error(err)
	}
	now, err := sequence.Read(t.Context(), there, pg.Selection{})
	if err != nil || now[0].Last != 9 {
		t.Error(now, err)
	}
	if behind := sequence.Behind(all, now); len(behind) != 2 {
		t.Error(behind)
	}
}

// However wide the bounds are, a margin stays within them, and never leads back.
func TestAheadStaysInBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		low, high := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		low, high = min(low, high), max(low, high)
		s := sequence.Sequence{Min: low, Max: high, Last: rapid.Int64Range(low, high).Draw(t, "last"), Called: rapid.Bool().Draw(t, "called"),
			Increment: rapid.OneOf(rapid.Int64Range(-3, -1), rapid.Int64Range(1, 3), rapid.Just(int64(math.MinInt64)), rapid.Just(int64(math.MaxInt64))).Draw(t, "increment")}
		got := s.Ahead(rapid.Int64().Draw(t, "margin"))
		if got.Last < low || got.Last > high {
			t.Fatalf("%d is out of %d to %d", got.Last, low, high)
		}
		if behind := sequence.Behind([]sequence.Sequence{s}, []sequence.Sequence{got}); len(behind) > 0 {
			t.Fatal(behind)
		}
	})
}
