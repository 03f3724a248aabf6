package schema_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/move/postgres/compare/schema"
	"example.com/landfall/internal/testkit"
)

// What is no object of its own, and what says the usual in other words, is no
// difference: an operator that only its negator names, privileges written out as they
// are by default, a partition's foreign key that a restore names after its parent's.
func TestWhatIsNoDifference(t *testing.T) {
	t.Parallel()
	source, target := connect(t, testkit.Postgres(t).URL()), connect(t, testkit.Postgres(t).URL())
	const both = `CREATE FUNCTION public.same(boolean, boolean) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE TABLE public.k (a int PRIMARY KEY); CREATE TABLE public.p (a int) PARTITION BY RANGE (a); CREATE TABLE public.p1 (a int);`
	do(t, source, both+`CREATE OPERATOR public.=== (FUNCTION = public.same, LEFTARG = boolean, RIGHTARG = boolean, NEGATOR = OPERATOR(public.!===));
ALTER TABLE public.p1 ADD CONSTRAINT mine FOREIGN KEY (a) REFERENCES public.k; ALTER TABLE public.p ADD CONSTRAINT parents FOREIGN KEY (a) REFERENCES public.k; ALTER TABLE public.p ATTACH PARTITION public.p1 DEFAULT;
ALTER TABLE public.p1 ADD CONSTRAINT gone CHECK (a > 0); ALTER TABLE public.p1 DROP CONSTRAINT gone;
GRANT USAGE ON LANGUAGE sql TO PUBLIC; GRANT EXECUTE ON FUNCTION pg_catalog.lower(text) TO PUBLIC`)
	do(t, target, both+`CREATE OPERATOR public.=== (FUNCTION = public.same, LEFTARG = boolean, RIGHTARG = boolean);
ALTER TABLE public.p ATTACH PARTITION public.p1 DEFAULT; ALTER TABLE public.p ADD CONSTRAINT parents FOREIGN KEY (a) REFERENCES public.k`)
	r := schema.Compare(read(t, source), read(t, target), schema.Known{})
	for _, d := range r.Unexpected() {
		// The negator itself is a difference.
		if d.Kind != "operator" || d.Fields[0] != "negator" {
			t.Errorf("%+v", d)
		}
	}
	do(t, source, "REVOKE EXECUTE ON FUNCTION pg_catalog.lower(text) FROM PUBLIC")
	found := false
	for _, d := range schema.Compare(read(t, source), read(t, target), schema.Known{}).Missing {
		found = found || d.Kind == "privileges" && strings.HasPrefix(d.Name, "pg_catalog.lower(")
	}
	if !found {
		t.Error("privileges of the system's own function that were taken are not found")
	}
}
