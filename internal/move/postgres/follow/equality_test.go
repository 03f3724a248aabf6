package follow_test

import (
	"slices"
	"testing"

	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/pg"
)

// A table that the subscriber could find no row of gets no identity FULL, and is
// followed for inserts only where somebody else has given it one: its first update
// would stop the whole stream.
func TestTablesWithoutEquality(t *testing.T) {
	t.Parallel()
	_, conn := plain(t)
	do(t, conn.owner, `CREATE TYPE public.shape AS (a int, p point); CREATE DOMAIN public.place AS point; CREATE TYPE public.colour AS ENUM ('red');
CREATE TABLE public.fine (a int, v varchar, e public.colour[], r int4range, t timestamptz, j jsonb); CREATE TABLE public.docs (a int, d json); CREATE TABLE public.shapes (s public.shape); CREATE TABLE public.places (p public.place[]);
CREATE TABLE public.made (a int, g point GENERATED ALWAYS AS (point(a, a)) STORED); CREATE TABLE public.keyed (a int PRIMARY KEY, d json); CREATE TABLE public.unique_docs (a int NOT NULL UNIQUE, d json);
CREATE TABLE public.full_docs (a int, d json); ALTER TABLE public.full_docs REPLICA IDENTITY FULL; CREATE TABLE public.full_keyed (a int PRIMARY KEY, d json); ALTER TABLE public.full_keyed REPLICA IDENTITY FULL;
CREATE TABLE public.computed_key (a int, d int, k int GENERATED ALWAYS AS (a + 1) STORED NOT NULL UNIQUE)`)
	tables, err := pg.Tables(t.Context(), conn.owner, pg.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	plan := map[string]string{}
	for _, i := range follow.Identities(tables) {
		plan[i.Table.Name] = i.Statement()
	}
	const alter = `ALTER TABLE ONLY "public".`
	for name, want := range map[string]string{
		"fine": alter + `"fine" REPLICA IDENTITY FULL`, "docs": "", "shapes": "", "places": "", "made": alter + `"made" REPLICA IDENTITY FULL`, "keyed": "",
		"unique_docs": alter + `"unique_docs" REPLICA IDENTITY USING INDEX "unique_docs_a_key"`, "full_docs": "", "full_keyed": "", "computed_key": alter + `"computed_key" REPLICA IDENTITY FULL`,
	} {
		if plan[name] != want {
			t.Errorf("%s: %q", name, plan[name])
		}
	}
	inserts, _ := (follow.Stream{Tables: tables}).Partly()
	var names []string
	for _, n := range inserts {
		names = append(names, n.Name)
	}
	slices.Sort(names)
	if want := []string{"computed_key", "docs", "fine", "full_docs", "made", "places", "shapes", "unique_docs"}; !slices.Equal(names, want) {
		t.Errorf("%v", names)
	}
}
