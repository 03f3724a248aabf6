package facts_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight/facts"
	"example.com/landfall/internal/testkit"
)

const world = `
CREATE EXTENSION hstore; CREATE SCHEMA "Sales"; CREATE TYPE "Sales".colour AS ENUM ('red'); CREATE DOMAIN "Sales".pos AS int CHECK (VALUE > 0);
CREATE TYPE "Sales".pair AS (a int, j json);
CREATE TABLE keyed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
CREATE TABLE heap (a int, h hstore, c "Sales".colour[], d "Sales".pos, v varchar(3), r int4range);
CREATE TABLE unequal (j json, p point, x xml, pa "Sales".pair, ja json[], pp point[], ok jsonb, b box, ac aclitem);
CREATE TABLE pick (a int NOT NULL, b int NOT NULL, c int, UNIQUE (c), CONSTRAINT fits UNIQUE (a, b), g int GENERATED ALWAYS AS (1) STORED NOT NULL UNIQUE);
CREATE TABLE computed (g int GENERATED ALWAYS AS (a + 1) STORED PRIMARY KEY, a int);
CREATE TABLE refs (r regclass, l pg_lsn, m money, o oid);
CREATE UNLOGGED TABLE "Sales".fast (a int PRIMARY KEY);
CREATE TABLE parent (k text) PARTITION BY RANGE (k); CREATE TABLE leaf PARTITION OF parent DEFAULT;
CREATE TABLE child (x int) INHERITS (heap);
CREATE SEQUENCE near AS smallint; SELECT setval('near', 32000);
CREATE TABLE small (id int PRIMARY KEY); CREATE SEQUENCE wide OWNED BY small.id; SELECT setval('wide', 2000000000);
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS a; SELECT lo_create(0);
CREATE TABLE hashed (c "Sales".colour) PARTITION BY HASH (c);
CREATE FUNCTION definer() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
CREATE CAST ("Sales".colour AS hstore) WITHOUT FUNCTION`

func endpoint(t testing.TB, url string) pg.Endpoint {
	t.Helper()
	e, err := pg.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func run(t testing.TB, e pg.Endpoint, sql string) {
	t.Helper()
	conn, err := e.Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, text := range []string{"SET search_path = public", sql} {
		if _, err := conn.Exec(t.Context(), text, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	e := endpoint(t, testkit.Postgres(t).URL())
	run(t, e, strings.ReplaceAll(world, `CREATE CAST ("Sales".colour AS hstore) WITHOUT FUNCTION`, ""))
	f, err := facts.Read(t.Context(), e, facts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Unread != nil {
		t.Errorf("unread: %+v", f.Unread)
	}
	table := map[string]facts.Table{}
	for _, x := range f.Tables {
		table[x.Name.Name] = x
	}
	equal(t, "unequal", table["unequal"].Unequal, []string{"j json", "p point", "x xml", `pa "Sales".pair`, "ja json[]", "pp point[]", "b box"})
	equal(t, "heap", table["heap"].Unequal, nil)
	equal(t, "refs", table["refs"].Types, []string{"r regclass", "l pg_lsn"})
	equal(t, "money", table["refs"].Money, []string{"m"})
	equal(t, "candidate", []string{table["pick"].Candidate, table["keyed"].Candidate, table["heap"].Candidate, table["computed"].Candidate}, []string{"fits", "keyed_pkey", "", ""})
	equal(t, "generated key", table["computed"].GeneratedKey, []string{"g"})
	equal(t, "identities", table["keyed"].Identities, []string{"id"})
	equal(t, "inherits", table["child"].Inherits, []string{"public.heap"})
	if !table["fast"].Unlogged || table["leaf"].Partition != "public.parent" || !table["keyed"].Primary || table["pick"].Primary || !table["keyed"].Readable || !table["keyed"].Owned || table["keyed"].Indexes != 1 {
		t.Errorf("%+v", table)
	}
	used := map[string]string{}
	for _, s := range f.Sequences {
		used[s.Name.Name] = s.Column
		if near := s.Used > 0.9; near != (s.Name.Name == "near" || s.Name.Name == "wide") {
			t.Errorf("%+v", s)
		}
	}
	if used["wide"] != "public.small (id)" || len(used) != 3 {
		t.Errorf("%v", used)
	}
	var kinds []string
	for _, o := range f.Objects {
		kinds = append(kinds, o.Kind+" "+o.Label())
	}
	equal(t, "objects", kinds, []string{"function of a superuser public.definer()", "hash partition by enum public.hashed", "range partition by text public.parent", "materialized view public.mv"})
	if f.Large.Count != 1 || f.Extensions[0].Name != "hstore" || f.Available["hstore"].Version == "" || !f.Available["hstore"].Trusted || !f.Rights.Replicates || !f.Rights.Superuser || !f.Rights.Subscribes {
		t.Errorf("%+v %+v %+v", f.Large, f.Extensions, f.Rights)
	}
	if !slices.Contains(f.Names, `table "Sales".fast`) || !slices.Contains(f.Names, "function public.definer()") || !slices.Contains(f.Names, `type "Sales".pair`) || f.Locale.Provider != "libc" {
		t.Errorf("%v", f.Names)
	}
	if n, ok := f.Number("max_replication_slots"); !ok || n == 0 || f.Text("wal_level") != "logical" {
		t.Error(n, ok, f.Text("wal_level"))
	}
}

// Sessions of Landfall's login that are not its own are counted, by their name.
func TestSharedLogin(t *testing.T) {
	t.Parallel()
	e := endpoint(t, testkit.Postgres(t).URL())
	shared := func() int {
		f, err := facts.Read(t.Context(), e, facts.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return f.Activity.Shared
	}
	own, err := e.Connect(t.Context(), "move")
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close(t.Context())
	if n := shared(); n != 0 {
		t.Errorf("%d sessions of others", n)
	}
	if _, err := own.Exec(t.Context(), "SET application_name = 'bookshop'"); err != nil {
		t.Fatal(err)
	}
	if n := shared(); n != 1 {
		t.Errorf("%d sessions of others", n)
	}
}

// The first superuser owns what extensions brought, wherever one was created by a
// login that is none: that makes no role to carry over. A table of its own does.
func TestExtensionsMakeNoOwner(t *testing.T) {
	t.Parallel()
	server := testkit.Postgres(t)
	e, name := endpoint(t, server.URL()), "extender_"+server.Database
	run(t, e, "CREATE ROLE "+name+"; GRANT CREATE ON DATABASE "+server.Database+" TO "+name+"; GRANT CREATE ON SCHEMA public TO "+name+"; ALTER DATABASE "+server.Database+" OWNER TO "+name+
		"; SET ROLE "+name+"; CREATE EXTENSION hstore; CREATE TABLE public.mine (id int)")
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.WithoutCancel(t.Context()), server.URL())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.WithoutCancel(t.Context()))
		for _, sql := range []string{"ALTER DATABASE " + server.Database + " OWNER TO " + server.User, "DROP OWNED BY " + name + " CASCADE", "DROP ROLE " + name} {
			if _, err := conn.Exec(context.WithoutCancel(t.Context()), sql); err != nil {
				t.Error(err)
			}
		}
	})
	owners := func() (out []string) {
		f, err := facts.Read(t.Context(), e, facts.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range f.Roles {
			if r.Owns {
				out = append(out, r.Name)
			}
		}
		return out
	}
	equal(t, "owners", owners(), []string{name})
	run(t, e, "CREATE TABLE public.theirs (id int)")
	equal(t, "owners", owners(), []string{name, server.User})
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// No password gets into what was read, whatever holds one.
func TestSecretsAreLeftOut(t *testing.T) {
	t.Parallel()
	server := testkit.OwnPostgres(t)
	e := endpoint(t, server.URL())
	run(t, e, `CREATE ROLE app LOGIN PASSWORD 'hunter2'; ALTER ROLE app SET app.jwt_secret = 'hunter2'; ALTER DATABASE postgres SET app.api_key = 'hunter2'; ALTER DATABASE postgres SET work_mem = '5MB'`)
	run(t, e, `CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; CREATE USER MAPPING FOR app SERVER far OPTIONS (user 'x', password 'hunter2')`)
	run(t, e, `CREATE SUBSCRIPTION sub CONNECTION 'host=127.0.0.1 password=hunter2' PUBLICATION p WITH (connect = false)`)
	run(t, e, `ALTER SYSTEM SET primary_conninfo = 'host=x password=hunter2'`)
	run(t, e, `SELECT pg_reload_conf()`)
	run(t, e, `COMMENT ON DATABASE postgres IS 'x'`)
	f, err := facts.Read(t.Context(), e, facts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hunter2") || strings.Contains(string(text), server.Password) {
		t.Error("a password was read")
	}
	if len(f.Overrides) != 3 || !f.Overrides[0].Secret || f.Overrides[1].Value != "5MB" || len(f.Replication.Subscriptions) != 1 {
		t.Errorf("%+v", f.Overrides)
	}
}

func TestADatabaseThatIsNotThere(t *testing.T) {
	t.Parallel()
	e := endpoint(t, testkit.Postgres(t).URL()).WithDatabase("nowhere")
	f, err := facts.Read(t.Context(), e, facts.Options{})
	if err != nil || !f.Missing || f.Database != "nowhere" || f.Tables != nil || f.Text("wal_level") == "" || !f.Rights.Replicates {
		t.Errorf("%v %+v", err, f)
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	e := endpoint(t, testkit.Postgres(t).URL())
	run(t, e, `CREATE TABLE big AS SELECT i, repeat('x', 100) AS v FROM generate_series(1, 20000) i; CREATE TABLE text_only AS SELECT * FROM (SELECT i, NULL::aclitem AS a, repeat('y', 200) AS v FROM generate_series(1, 9000) i) s;
CREATE TABLE tiny (a int); ANALYZE`)
	f, err := facts.Read(t.Context(), e, facts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	samples, err := facts.Samples(t.Context(), e, f, time.Second)
	if err != nil || len(samples) != 2 || samples[0].Table != "public.big" || samples[0].Rows < 2000 || samples[0].Bytes < samples[0].Rows*100 || samples[0].Seconds <= 0 || samples[0].Stored > f.Largest()[0].Bytes {
		t.Errorf("%v %+v", err, samples)
	}
	if none, err := facts.Samples(t.Context(), e, f, 0); none != nil || err != nil {
		t.Error(none, err)
	}
}
