package ddl_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/follow/ddl"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// world has every kind that is looked at, with names that have to be quoted.
const world = `
CREATE SCHEMA "S.s"; CREATE EXTENSION pg_trgm SCHEMA public; CREATE EXTENSION postgres_fdw SCHEMA public;
CREATE TYPE public.colour AS ENUM ('red', 'blue'); CREATE TYPE public.pair AS (a int, b text); CREATE TYPE public.span AS RANGE (subtype = int); CREATE DOMAIN public.positive AS int CHECK (VALUE > 0);
CREATE FUNCTION public.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1'; CREATE PROCEDURE public.p() LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE public.total(int) (sfunc = int4pl, stype = int);
CREATE FUNCTION public.trig() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TABLE public.t (id bigserial PRIMARY KEY, a int DEFAULT 5, b text COLLATE "C", c public.positive, "D.d" int);
CREATE TABLE public.u (id int REFERENCES public.t, x int GENERATED ALWAYS AS IDENTITY); CREATE INDEX plain ON public.t (a); CREATE UNIQUE INDEX uniq ON public.t (b);
CREATE TABLE "S.s"."T.t" (id int); CREATE TABLE public.parts (id int) PARTITION BY RANGE (id); CREATE TABLE public.part1 PARTITION OF public.parts FOR VALUES FROM (0) TO (10);
CREATE VIEW public.v AS SELECT id FROM public.t; CREATE MATERIALIZED VIEW public.mv AS SELECT 1 AS one; CREATE SEQUENCE public.seq;
CREATE TRIGGER tr BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.trig(); CREATE RULE ru AS ON DELETE TO public.u DO ALSO NOTHING;
CREATE POLICY po ON public.u USING (id > 0); CREATE STATISTICS public.st ON a, b FROM public.t; CREATE PUBLICATION theirs FOR TABLE public.t;
CREATE OPERATOR public.@@@ (leftarg = int, rightarg = int, function = int4pl); CREATE CAST (public.pair AS text) WITH INOUT; CREATE COLLATION public.coll (locale = 'C');
CREATE CONVERSION public.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8; CREATE TEXT SEARCH DICTIONARY public.dict (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION public.conf (COPY = pg_catalog.simple);
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'h'); CREATE FOREIGN TABLE public.ft (id int) SERVER elsewhere;
CREATE OPERATOR CLASS public.opc FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int);
CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (password 'hunter2'); CREATE ACCESS METHOD am TYPE TABLE HANDLER heap_tableam_handler; CREATE OPERATOR FAMILY public.fam USING hash;
CREATE TEXT SEARCH PARSER public.prs (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype); CREATE TEXT SEARCH TEMPLATE public.tmpl (LEXIZE = dsimple_lexize);
CREATE TRANSFORM FOR int LANGUAGE plpgsql (FROM SQL WITH FUNCTION prsd_lextype(internal));
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC; CREATE SCHEMA landfall_0a1b2c3d; CREATE TABLE landfall_0a1b2c3d.progress (id int); CREATE PUBLICATION landfall_0a1b2c3d_1`

func database(t *testing.T) *pgx.Conn {
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
	do(t, conn, world)
	return conn
}

func do(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatalf("%.60q: %v", sql, err)
	}
}

func read(t *testing.T, conn *pgx.Conn, s pg.Selection) ddl.Catalogue {
	t.Helper()
	c, err := ddl.Read(t.Context(), conn, s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Equal definitions have equal digests in two databases, whatever their numbers are,
// and what is no definition changes none.
func TestDigestsDependOnDefinitionsAlone(t *testing.T) {
	t.Parallel()
	one, two := database(t), database(t)
	c := read(t, one, pg.Selection{})
	if changes := ddl.Changes(c, read(t, two, pg.Selection{})); len(changes) > 0 {
		t.Error(changes)
	}
	for kind := range c.Objects {
		for name := range c.Objects[kind] {
			if strings.Contains(name, "landfall_") || strings.Contains(name, "gin_trgm") || strings.Contains(name, "pg_catalog") {
				t.Errorf("%s %s is in it", kind, name)
			}
		}
	}
	want := []string{
		"access method", "aggregate", "cast", "collation", "column", "composite type", "constraint", "conversion", "default privileges", "domain", "extension", "foreign server", "foreign table",
		"function", "index", "materialized view", "operator", "operator class", "operator family", "policy", "procedure", "publication", "rule", "schema", "sequence", "statistics", "table",
		"text search configuration", "text search dictionary", "text search parser", "text search template", "transform", "trigger", "type", "user mapping", "view",
	}
	if kinds := slices.Sorted(maps.Keys(c.Objects)); !slices.Equal(kinds, want) || c.Count() < 60 {
		t.Errorf("%v, %d objects", kinds, c.Count())
	}
	stamp, err := ddl.Stamp(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"INSERT INTO public.t (a) SELECT g FROM generate_series(1, 1000) g", "ANALYZE", "VACUUM", "SELECT nextval('public.seq')",
		"CREATE TEMP TABLE gone (id int); DROP TABLE gone", "REINDEX TABLE public.t", "VACUUM FULL public.t", "REFRESH MATERIALIZED VIEW public.mv", "TRUNCATE public.t CASCADE",
	} {
		do(t, one, sql)
		if sql == "VACUUM" {
			if now, err := ddl.Stamp(t.Context(), one); err != nil || now != stamp {
				t.Errorf("rows, statistics or a vacuum changed the stamp: %v", err)
			}
		}
		if changes := ddl.Changes(c, read(t, one, pg.Selection{})); len(changes) > 0 {
			t.Errorf("%s: %v", sql, changes)
		}
	}
	// It goes through a journal.
	page, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back ddl.Catalogue
	if err := json.Unmarshal(page, &back); err != nil || len(ddl.Changes(c, back)) > 0 {
		t.Error(err)
	}
}

func TestChangesAreNamed(t *testing.T) {
	t.Parallel()
	conn := database(t)
	last := read(t, conn, pg.Selection{})
	stamp := ""
	for _, c := range []struct{ sql, want string }{
		{"CREATE TABLE public.n (id int PRIMARY KEY, v text)", "table public.n added!"},
		{"ALTER TABLE public.n ADD w int", "column public.n.w added!"},
		{"ALTER TABLE public.t ALTER a SET DEFAULT 6", "column public.t.a changed!"},
		{"ALTER TABLE public.t ALTER a TYPE bigint; ALTER TABLE public.t DROP COLUMN \"D.d\"", `column public.t."D.d" dropped!; column public.t.a changed!`},
		{"ALTER TABLE \"S.s\".\"T.t\" ADD \"x.\"\"y\" int", `column "S.s"."T.t"."x.""y" added!`},
		{"DROP TABLE \"S.s\".\"T.t\"", `table "S.s"."T.t" dropped`},
		{"ALTER TABLE public.u REPLICA IDENTITY FULL", "table public.u changed!"},
		{"CREATE TABLE public.part2 PARTITION OF public.parts FOR VALUES FROM (10) TO (20)", "table public.part2 added!"},
		{"ALTER TABLE public.parts DETACH PARTITION public.part1", "table public.part1 changed!"},
		{"CREATE INDEX more ON public.t (b, a); DROP INDEX public.uniq", "index more on public.t added; index uniq on public.t dropped!"},
		{"ALTER TABLE public.u ADD CONSTRAINT ck CHECK (id > 0) NOT VALID", "constraint ck on public.u added"},
		{"ALTER TABLE public.u VALIDATE CONSTRAINT ck", "constraint ck on public.u changed!"},
		{"ALTER TABLE public.t DISABLE TRIGGER tr", "trigger tr on public.t changed"},
		{"DROP RULE ru ON public.u; ALTER POLICY po ON public.u TO CURRENT_USER", "policy po on public.u changed; rule ru on public.u dropped"},
		{"CREATE OR REPLACE FUNCTION public.f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 2'", "function public.f(integer) changed"},
		{"CREATE OR REPLACE VIEW public.v AS SELECT id, 1 AS k FROM public.t", "view public.v changed"},
		{"ALTER TYPE public.colour ADD VALUE 'green'", "type public.colour changed!"},
		{"ALTER DOMAIN public.positive SET NOT NULL", "domain public.positive changed"},
		{"CREATE SEQUENCE public.seq2; ALTER SEQUENCE public.seq INCREMENT 5", "sequence public.seq changed; sequence public.seq2 added"},
		{"COMMENT ON TABLE public.t IS 'c'; COMMENT ON COLUMN public.t.a IS 'c'", "column public.t.a changed!; table public.t changed!"},
		{"GRANT SELECT ON public.t TO PUBLIC", "table public.t changed!"},
		{"ALTER SERVER elsewhere OPTIONS (SET host 'i')", "foreign server elsewhere changed"},
		{"ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM PUBLIC", "default privileges of % in public on r dropped"},
		{"DROP EXTENSION pg_trgm; DROP AGGREGATE public.total(int)", "aggregate public.total(integer) dropped; extension pg_trgm dropped"},
		{"ALTER TEXT SEARCH CONFIGURATION public.conf DROP MAPPING FOR word; ALTER PUBLICATION theirs ADD TABLE public.u", "publication theirs changed; text search configuration public.conf changed"},
		{"CREATE TABLE landfall_0a1b2c3d.more (id int)", ""},
	} {
		do(t, conn, c.sql)
		next := read(t, conn, pg.Selection{})
		var got []string
		for _, x := range ddl.Changes(last, next) {
			text := x.String()
			if x.Breaks {
				text += "!"
			}
			if x.Advice == "" {
				t.Errorf("%s has no advice", x)
			}
			got = append(got, text)
		}
		want := strings.ReplaceAll(c.want, "%", conn.Config().User)
		if text := strings.Join(got, "; "); text != want {
			t.Errorf("%s:\n got %s\nwant %s", c.sql, text, want)
		}
		now, err := ddl.Stamp(t.Context(), conn)
		if err != nil || now == stamp {
			t.Errorf("%s: the stamp does not show it (%v)", c.sql, err)
		}
		last, stamp = next, now
	}
}

// Tables that are left out may change; Watch reads definitions when there is reason.
func TestWatch(t *testing.T) {
	t.Parallel()
	conn := database(t)
	s := pg.Selection{Except: []string{"public.u"}}
	w := ddl.NewWatch(read(t, conn, s), s)
	for _, c := range []struct {
		sql  string
		want int
	}{{"SELECT 1", 0}, {"ALTER TABLE public.u ADD y int; CREATE INDEX iu ON public.u (y)", 0}, {"ALTER TABLE public.t ADD y int", 1}, {"INSERT INTO public.t (a) VALUES (1)", 1}, {"ALTER TABLE public.t DROP y", 0}} {
		do(t, conn, c.sql)
		got, err := w.Look(t.Context(), conn)
		if err != nil || len(got) != c.want {
			t.Errorf("%s: %v, %v", c.sql, got, err)
		}
	}
}

// What is dropped while it is read is no error.
func TestReadUnderChange(t *testing.T) {
	t.Parallel()
	conn := database(t)
	other, err := pgx.Connect(t.Context(), conn.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		defer other.Close(context.WithoutCancel(ctx))
		for i := 0; ; i++ {
			sql := fmt.Sprintf("CREATE TABLE public.x%d (id int PRIMARY KEY, v int DEFAULT 3); CREATE VIEW public.y%[1]d AS SELECT * FROM public.x%[1]d; DROP TABLE public.x%[1]d CASCADE", i)
			if _, err := other.Exec(context.WithoutCancel(ctx), sql, pgx.QueryExecModeSimpleProtocol); err != nil || ctx.Err() != nil {
				done <- err
				return
			}
		}
	}()
	for range 10 {
		c := read(t, conn, pg.Selection{})
		if _, ok := c.Objects["table"]["public.t"]; !ok {
			t.Error("a table is missing")
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
