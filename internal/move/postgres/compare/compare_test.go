package compare_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/compare"
	"example.com/landfall/internal/move/postgres/compare/rows"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/pgworld"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func database(t *testing.T, url string) (pg.Endpoint, *pgx.Conn) {
	t.Helper()
	e, err := pg.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := e.Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return e, conn
}

func do(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatalf("%s: %v", sql[:min(len(sql), 200)], err)
	}
}

func run(t *testing.T, sides rows.Sides, options compare.Options) compare.Report {
	t.Helper()
	r, err := compare.Run(t.Context(), sides, options)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The world with every kind of object is equal to itself, rows and all; what is
// changed in one part shows in that part, and in the sentences.
func TestRun(t *testing.T) {
	t.Parallel()
	var sides rows.Sides
	var target *pgx.Conn
	for _, e := range []*pg.Endpoint{&sides.Source, &sides.Target} {
		*e, target = database(t, testkit.Postgres(t).URL())
		do(t, target, "SET search_path = public;"+pgworld.Everything()+";"+pgworld.Rows(200)+";SET search_path = ''; SELECT pg_catalog.lo_from_bytea(4711, pg_catalog.decode(pg_catalog.repeat('00ff', 5000), 'hex'))")
	}
	r := run(t, sides, compare.Options{})
	if !r.Equal() || r.Rows == 0 || r.Bytes == 0 || r.Schema == nil || len(r.Views) != 3 || len(r.Sequences) != 6 || r.LargeObjects.Source == 0 || r.LargeObjects.Bytes < 10000 {
		t.Errorf("%q %+v", r.Differences(), r.LargeObjects)
	}
	do(t, target, `SELECT pg_catalog.lo_put(4711, 6000, '\x01'); SELECT pg_catalog.setval('shop.customers_id_seq', 1, false); SELECT pg_catalog.nextval('shop.untouched');
		COMMENT ON TABLE shop.nokey IS 'x'; SET session_replication_role = replica; UPDATE shop.bulk SET body = body || 'x' WHERE id = (SELECT min(id) FROM shop.bulk); REFRESH MATERIALIZED VIEW shop.m_empty`)
	got := run(t, sides, compare.Options{}).Differences()
	for _, want := range []string{`table shop.nokey: differs in ["comment"]`, "table shop.bulk: different: 0 rows missing, 0 extra, 1 changed", "sequence shop.customers_id_seq: different: the target gives 1 next", "large objects: different: 0 missing, 0 extra, 1 changed",
		"materialized view shop.m_empty: different: it is populated on one side only"} {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	part := run(t, sides, compare.Options{Parts: compare.Parts{NoSchema: true, NoRows: true, NoViews: true, NoLargeObjects: true}})
	if part.Schema != nil || part.Tables != nil || part.LargeObjects != nil || len(part.Differences()) != 1 {
		t.Errorf("%q", part.Differences())
	}
	if _, err := compare.Run(t.Context(), rows.Sides{}, compare.Options{}); !fault.Is(err, fault.Usage) {
		t.Error(err)
	}
}

// Large objects are equal by content, whatever holes they have, read by pages and
// by functions; sequences that are ahead are good, also downwards.
func TestBeside(t *testing.T) {
	t.Parallel()
	source, a := database(t, testkit.OwnPostgres(t).URL())
	p := testkit.OwnPostgres(t)
	_, b := database(t, p.URL())
	both := `CREATE SEQUENCE public.up INCREMENT 5; CREATE SEQUENCE public.down INCREMENT -2; CREATE SEQUENCE public.ended MAXVALUE 9223372036854775807 INCREMENT 10; CREATE SEQUENCE public.behind; CREATE SEQUENCE public.secret;
		SELECT lo_from_bytea(1000, 'abc'), lo_from_bytea(1001, ''), lo_from_bytea(1003, 'same'), lo_create(1004); SELECT lo_put(1004, 100000, 'end');`
	do(t, a, both+`SELECT setval('public.ended', 9223372036854775805), setval('public.behind', 7), setval('public.up', 1), setval('public.down', -11); CREATE SEQUENCE public.gone; SELECT lo_from_bytea(1002, 'gone')`)
	do(t, b, both+`SELECT setval('public.ended', 9223372036854775806), setval('public.behind', 6), setval('public.up', 6), setval('public.down', -13); CREATE SEQUENCE public.more;
		SELECT lo_put(1004, 5000, decode(repeat('00', 9000), 'hex')); SELECT lo_from_bytea(1005, 'more'); SELECT lo_put(1000, 3, 'd');
		CREATE ROLE poor LOGIN PASSWORD 'poor'; GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO poor; REVOKE ALL ON SEQUENCE public.secret FROM poor;
		GRANT SELECT ON LARGE OBJECT 1000, 1001, 1003, 1004, 1005 TO poor`)
	poor, _ := database(t, strings.Replace(p.URL(), p.User+":"+p.Password, "poor:poor", 1))
	r := run(t, rows.Sides{Source: source, Target: poor}, compare.Options{Parts: compare.Parts{NoSchema: true, NoRows: true, NoViews: true}})
	want := map[string]rows.Verdict{"up": rows.Equal, "down": rows.Equal, "ended": rows.Equal, "behind": rows.Different, "gone": rows.Missing, "more": rows.Extra, "secret": rows.Unreadable}
	for _, s := range r.Sequences {
		if s.Verdict != want[s.Name.Name] || s.Ahead != (s.Name.Name == "up" || s.Name.Name == "down") || (s.Reason == "") != (s.Verdict == rows.Equal) {
			t.Errorf("%s: %s %t %s", s.Name, s.Verdict, s.Ahead, s.Reason)
		}
	}
	if l := r.LargeObjects; len(r.Sequences) != len(want) || l.Verdict != rows.Different || l.Missing != 1 || l.Extra != 1 || l.Changed != 1 || !slices.Equal(l.OIDs, []uint32{1000, 1002, 1005}) {
		t.Errorf("%+v", l)
	}
	do(t, b, "REVOKE SELECT ON LARGE OBJECT 1003 FROM poor")
	r = run(t, rows.Sides{Source: source, Target: poor}, compare.Options{Parts: compare.Parts{NoSchema: true, NoRows: true, NoViews: true, NoSequences: true}})
	if r.LargeObjects.Verdict != rows.Unreadable || r.LargeObjects.Reason == "" || r.Equal() {
		t.Errorf("%+v", r.LargeObjects)
	}
}
