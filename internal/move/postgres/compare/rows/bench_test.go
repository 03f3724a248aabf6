package rows

import (
	"testing"
	"time"

	"example.com/landfall/internal/move/postgres/pg"
)

// benchWorld is a table like pgbench's, one with many columns of all sorts, and
// many small ones.
const benchWorld = `CREATE TABLE public.accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84)); INSERT INTO public.accounts SELECT g, g / 100000, 0, '' FROM generate_series(1, 300000) g;
CREATE TABLE public.wide AS SELECT g::bigint id, g % 100 a, g * 2 b, (g * 3)::bigint c, timestamptz '2024-01-01 00:00:00+00' + g * interval '1s' ts, 'name ' || g n, repeat('x', g % 200) t, g::numeric / 7 nu, g::float8 / 3 f, g % 2 = 0 bo, md5(g::text)::uuid u, current_date + g % 1000 d, null::text e, jsonb_build_object('a', g) j
  FROM generate_series(1, 100000) g; ALTER TABLE public.wide ADD PRIMARY KEY (id);
DO $$ BEGIN FOR i IN 1..200 LOOP EXECUTE format('CREATE TABLE public.t%s (a int PRIMARY KEY, b text)', i); EXECUTE format('INSERT INTO public.t%s SELECT g, ''row'' || g FROM generate_series(1, 100) g', i); END LOOP; END $$; VACUUM ANALYZE;`

// BenchmarkCompare compares two databases, and runs the query of pgcopydb's
// "compare data" on the same: one table after the other, one side after the other.
func BenchmarkCompare(b *testing.B) {
	source, target, sides := two(b)
	for _, s := range []*side{source, target} {
		for _, sql := range splitStatements(benchWorld) {
			s.exec(sql)
		}
	}
	tables, err := pg.Tables(b.Context(), source.conn, pg.Selection{})
	if err != nil {
		b.Fatal(err)
	}
	var ours, peer time.Duration
	for b.Loop() {
		began := time.Now()
		for _, got := range compareOf(b, sides, Options{Jobs: 2}) {
			if got.Verdict != Equal {
				b.Fatal(show(got))
			}
		}
		ours += time.Since(began)
		began = time.Now()
		for _, t := range tables {
			sql := "SELECT (count(1) || ' ' || sum(hashtext(q::text)::bigint))::text FROM ONLY " + t.SQL() + " q"
			if a, c := source.one(sql), target.one(sql); a != c {
				b.Fatal(a, c)
			}
		}
		peer += time.Since(began)
	}
	b.ReportMetric(ours.Seconds()/float64(b.N), "s/compare")
	b.ReportMetric(peer.Seconds()/float64(b.N), "s/peer")
	b.ReportMetric(peer.Seconds()/ours.Seconds(), "ratio")
}

func splitStatements(text string) []string {
	head, tail := text[:len(text)-len("VACUUM ANALYZE;")], "VACUUM ANALYZE"
	return []string{head, tail}
}
