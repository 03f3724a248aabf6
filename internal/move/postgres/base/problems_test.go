package base_test

import (
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/testkit"
)

// What the target refuses is told with its words, one by one; all else arrives. When
// the reason is gone, the next pass mends it.
func TestWhatIsRefusedIsToldAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	s := between(t, testkit.OwnPostgres(t), testkit.Postgres(t))
	exec(t, s.source, `CREATE ROLE absent; CREATE TABLE owned (id int PRIMARY KEY, body text); INSERT INTO owned VALUES (1, 'x');
ALTER TABLE owned OWNER TO absent; CREATE TABLE there (id int); INSERT INTO there VALUES (1);
CREATE TABLE granted (id int); GRANT SELECT ON granted TO PUBLIC; GRANT SELECT ON granted TO absent; INSERT INTO granted VALUES (5);
CREATE INDEX ON there (id); CREATE VIEW seen AS SELECT * FROM there;
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION one() OWNER TO absent; SELECT lo_from_bytea(77, 'x')`)
	exec(t, s.target, "CREATE TABLE there (other text); INSERT INTO there VALUES ('keep me'); SELECT lo_from_bytea(77, 'mine')")
	r, err := s.copy(t, s.options(t))
	fatal(t, err)
	got := map[string]string{}
	for _, l := range r.Left {
		if l.Message == "" || l.Later {
			t.Errorf("%+v", l)
		}
		got[l.Kind+" "+l.Name] += l.Code
	}
	for what, code := range map[string]string{
		"TABLE public.owned": "42704", "FUNCTION public.one()": "42704", "TABLE public.there": "42P07", "ROWS public.there": "",
		"ACL public.TABLE granted": "42704", "INDEX public.there_id_idx": "", "VIEW public.seen": "", "LARGE OBJECT 77": "23505",
	} {
		if have, ok := got[what]; !ok || have != code {
			t.Errorf("%s: %q, %t, want %q in %+v", what, have, ok, code, r.Left)
		}
		delete(got, what)
	}
	if len(got) > 0 {
		t.Errorf("besides: %v", got)
	}
	if err := r.Err(); fault.KindOf(err) != fault.Found {
		t.Error(err)
	}
	if kept := one[string](t, s.target, "SELECT other || (SELECT count(*) FROM owned) || has_table_privilege('pg_monitor', 'granted', 'SELECT') FROM there"); kept != "keep me1true" {
		t.Error(kept)
	}
	exec(t, s.target, "DROP TABLE there; SELECT lo_unlink(77)", "SELECT lo_from_bytea(77, 'x')", "DO $$ BEGIN CREATE ROLE absent; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
	r, err = s.copy(t, s.options(t))
	fatal(t, err)
	if len(r.Left) != 1 || r.Left[0].Kind != "LARGE OBJECT" {
		t.Errorf("%+v", r.Left)
	}
	s.same(t)
	exec(t, s.target, "DROP OWNED BY absent; DROP ROLE absent")
}

// Neither side's login is a superuser in production.
func TestCopyWithoutSuperuser(t *testing.T) {
	t.Parallel()
	source, target := testkit.OwnPostgres(t), testkit.OwnPostgres(t)
	login := func(server testkit.PostgresServer, statements []part.Statement, name string) testkit.PostgresServer {
		for _, st := range statements {
			exec(t, server.DatabaseURL(st.Database), st.SQL)
		}
		server.User, server.Password, server.Database = name, "pw", "shop"
		return server
	}
	rds := login(source, part.RDSStatements("master", "pw", "shop"), "master")
	flexible := login(target, part.FlexibleServerStatements("boss", "pw", "shop"), "boss")
	for _, server := range []testkit.PostgresServer{rds, flexible} {
		exec(t, server.URL(), "CREATE ROLE app NOLOGIN", "GRANT app TO current_user")
	}
	s := between(t, rds, flexible)
	exec(t, s.source, `GRANT CREATE ON SCHEMA public TO app; CREATE EXTENSION pg_trgm; COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';
CREATE TABLE people (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, boss int REFERENCES people); CREATE INDEX ON people USING gin (name gin_trgm_ops);
INSERT INTO people (name, boss) SELECT 'n' || g, nullif(g / 2, 0) FROM generate_series(1, 5000) g;
ALTER TABLE people OWNER TO app; GRANT SELECT ON people TO PUBLIC; SELECT lo_from_bytea(0, 'large')`)
	exec(t, s.target, "CREATE ROLE master NOLOGIN", "GRANT master TO current_user") // as the roles' plan does
	r := s.clone(t, s.options(t))
	if n := one[int](t, s.target, "SELECT count(*) + (SELECT count(*) FROM pg_largeobject_metadata) FROM people WHERE boss IS NOT NULL"); n != 5000 || r.Rows != 5000 {
		t.Errorf("%d, %d rows", n, r.Rows)
	}
	if next := one[int](t, s.target, "SELECT nextval(pg_get_serial_sequence('people', 'id'))"); next != 5001 {
		t.Errorf("the next number is %d", next)
	}
}

// Only what was selected comes, and what it needs; what needs more is told.
func TestSelection(t *testing.T) {
	t.Parallel()
	s := pair(t)
	exec(t, s.source, `CREATE SCHEMA a; CREATE SCHEMA b; CREATE SCHEMA c; CREATE TYPE b.kind AS ENUM ('x'); CREATE FUNCTION b.unused() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TABLE c.other (id int PRIMARY KEY); INSERT INTO c.other VALUES (1); CREATE TABLE a.wanted (id serial PRIMARY KEY, k b.kind, o int REFERENCES c.other); INSERT INTO a.wanted (k, o) VALUES ('x', 1);
CREATE TABLE a.left_out (id int); INSERT INTO a.left_out VALUES (1); CREATE VIEW a.both AS SELECT w.id FROM a.wanted w, a.left_out; COMMENT ON TABLE a.wanted IS 'yes'; CREATE VIEW a.fine AS SELECT id FROM a.wanted; SELECT lo_from_bytea(0, 'x')`)
	o := s.options(t)
	o.Selection = pg.Selection{Schemas: []string{"a"}, Except: []string{"a.left_out"}}
	r, err := s.copy(t, o)
	fatal(t, err)
	var left []string
	for _, l := range r.Left {
		left = append(left, l.Kind+" "+l.Name+": "+l.Message)
	}
	if got := strings.Join(left, "\n"); got != "VIEW a.both: it needs a.left_out, which is not selected\nFK CONSTRAINT a.wanted wanted_o_fkey: it needs c.other, which is not selected" {
		t.Error(got)
	}
	got := one[string](t, s.target, `SELECT string_agg(relname, ' ' ORDER BY relname) || ' ' || obj_description('a.wanted'::regclass) || ' ' || nextval('a.wanted_id_seq') || ' ' || (SELECT count(*) FROM pg_proc WHERE proname = 'unused') || (SELECT count(*) FROM pg_largeobject_metadata)
FROM pg_class WHERE relnamespace = 'a'::regnamespace`)
	if got != "fine wanted wanted_id_seq wanted_pkey yes 2 00" {
		t.Error(got)
	}
	o.Selection = pg.Selection{}
	if _, err := base.Open(t.Context(), o); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "another selection") {
		t.Error(err)
	}
}

// The last that opens a run has it; the one before may write nothing more.
func TestARunIsTakenOver(t *testing.T) {
	t.Parallel()
	s := pair(t)
	exec(t, s.source, "CREATE TABLE t AS SELECT g FROM generate_series(1, 10) g")
	older, err := base.Open(t.Context(), s.options(t))
	fatal(t, err)
	defer older.Close()
	s.clone(t, s.options(t))
	if _, err := older.Copy(t.Context()); fault.KindOf(err) != fault.Conflict {
		t.Error(err)
	}
	s.same(t)
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	s := pair(t)
	for want, change := range map[string]func(*base.Options){
		"eight lower-case hexadecimal digits":       func(o *base.Options) { o.Run = "x" },
		"source and target are one database":        func(o *base.Options) { o.Target = o.Source },
		"pg_dump is of 14":                          func(o *base.Options) { o.Programs.Dump, o.Programs.Major = "/x", 14 },
		"connect to \"postgres://u@127.0.0.1:1/d\"": func(o *base.Options) { o.Source = s.endpoint(t, "postgres://u:p@127.0.0.1:1/d") },
	} {
		o := s.options(t)
		change(&o)
		b, err := base.Open(t.Context(), o)
		if b != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if left, err := base.Clean(t.Context(), pg.Endpoint{}, s.endpoint(t, "postgres://u:p@127.0.0.1:1/d"), s.run); err != nil || len(left) != 1 || left[0].Side != "target" {
		t.Errorf("%+v, %v", left, err)
	}
	if _, err := base.Clean(t.Context(), pg.Endpoint{}, pg.Endpoint{}, "'; DROP"); fault.KindOf(err) != fault.Usage {
		t.Error(err)
	}
}
