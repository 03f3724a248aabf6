package rows

import (
	"fmt"
	"strings"
	"testing"

	"example.com/landfall/internal/move/postgres/pg"
)

// corners are values of which a weaker hash takes some for others: NULL for what
// stands for it, numbers that hashint8extended folds to the same, texts that end where
// the next begins, a value in one column for the same in the next.
const corners = `CREATE TABLE public.corners AS SELECT a, b, c, d, e, f, g, h, i
FROM (VALUES (NULL::int2), (0::int2), (1::int2)) a(a), (VALUES (NULL::int4), (0), (1), (-1)) b(b),
  (VALUES (NULL::int8), (0::int8), (1::int8), (4294967297), (-1::int8), (-4294967296), (4294967296)) c(c), (VALUES (NULL::text), (''), ('a'), ('ab')) d(d),
  (VALUES (NULL::varchar), (''), ('a'), ('b')) e(e), (VALUES (NULL::char(4)), (''), ('a')) f(f), (VALUES (NULL::uuid), ('00000000-0000-0000-0000-000000000000'), ('00000000-0000-0000-0000-000000000001')) g(g),
  (VALUES (NULL::bool), (false), (true)) h(h), (VALUES (NULL::numeric), (1.0), (1.00)) i(i);`

// No two of some hundred thousand rows that differ in the least have one hash, with
// and without columns that may be NULL.
func TestRowsThatDifferHaveOtherHashes(t *testing.T) {
	t.Parallel()
	source, _, _ := two(t)
	source.exec(corners + "CREATE TABLE public.full AS SELECT a, b, c, d, e, f, g, h, i FROM public.corners WHERE num_nulls(a, b, c, d, e, f, g, h, i) = 0")
	f, err := look(t.Context(), source.conn, source.conn)
	if err != nil || f.old || !f.encoded {
		t.Fatalf("%+v, %v", f, err)
	}
	for _, c := range strings.Split("abcdefghi", "") {
		source.exec("ALTER TABLE public.full ALTER " + c + " SET NOT NULL")
	}
	tables, err := pg.Tables(t.Context(), source.conn, pg.Selection{})
	if err != nil || len(tables) != 2 {
		t.Fatal(len(tables), err)
	}
	for _, table := range tables {
		s, why := f.shapeOf(table, table)
		if why != "" || strings.Contains(s.row, " IS NULL") != (table.Name.Name == "corners") {
			t.Fatalf("%s %s", why, s.row)
		}
		if got := source.one("SELECT pg_catalog.concat(count(*) - count(DISTINCT " + s.row + "), ' of ', count(*) > 400)" + s.from()); got != "0 of t" {
			t.Errorf("%s: %s rows have the hash of another", table.Name, got)
		}
	}
}

// A table of very many columns is compared in full: the last column counts, and
// whether it is NULL.
func TestManyColumns(t *testing.T) {
	t.Parallel()
	source, target, sides := two(t)
	var columns []string
	for i := range 500 {
		columns = append(columns, fmt.Sprintf("c%d %s", i, []string{"int", "text", "bigint"}[i%3]))
	}
	for _, s := range []*side{source, target} {
		s.exec("CREATE TABLE public.many (id int PRIMARY KEY, " + strings.Join(columns, ", ") + "); INSERT INTO public.many (id) SELECT generate_series(1, 20)")
	}
	if got := compareOf(t, sides, Options{})["public.many"]; got.Verdict != Equal {
		t.Fatal(show(got))
	}
	target.exec("UPDATE public.many SET c0 = 0 WHERE id = 3; UPDATE public.many SET c70 = '' WHERE id = 5; UPDATE public.many SET c499 = '' WHERE id = 7")
	if got := compareOf(t, sides, Options{})["public.many"]; got.Verdict != Different || got.Changed != 3 {
		t.Error(show(got))
	}
}
