package pg_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestParse(t *testing.T) {
	t.Parallel()
	e, err := pg.Parse(`postgres://al%20ice:se'cr\et@db.example:6432/shop?sslmode=require`)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.String(); got != "postgres://al ice@db.example:6432/shop" {
		t.Error(got)
	}
	if got := e.Conninfo(map[string]string{"application_name": "landfall x"}); got != `host='db.example' port=6432 user='al ice' password='se\'cr\\et' dbname='shop' sslmode=require application_name='landfall x'` {
		t.Error(got)
	}
	if got := e.WithDatabase("other").String(); got != "postgres://al ice@db.example:6432/other" || e.Database() != "shop" {
		t.Error(got)
	}
	for mode, want := range map[string]string{"disable": "disable", "prefer": "prefer", "require": "require", "verify-full": "verify-full", "verify-ca": "verify-full"} {
		if e, err := pg.Parse("postgres://a@h/d?sslmode=" + mode); err != nil || e.TLS() != want {
			t.Errorf("%s: %s, %v", mode, e.TLS(), err)
		}
	}
	_, err = pg.Parse("postgres://bob:hunter2@[bad/shop?sslmode=nonsense")
	if !fault.Is(err, fault.Usage) || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
	_, err = e.Connect(t.Context(), "test")
	if err == nil || strings.Contains(err.Error(), "cr\\et") {
		t.Errorf("a password in %v", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      pg.Name
		sql, text string
	}{
		{pg.Name{Schema: "public", Name: "a_1$"}, `"public"."a_1$"`, `public.a_1$`},
		{pg.Name{Schema: "Shop", Name: `od"d`}, `"Shop"."od""d"`, `"Shop"."od""d"`},
		{pg.Name{Schema: "1a", Name: "é"}, `"1a"."é"`, `"1a"."é"`},
	} {
		if c.name.SQL() != c.sql || c.name.String() != c.text {
			t.Errorf("%s %s", c.name.SQL(), c.name)
		}
	}
	if got := pg.Literal(`it's \n`); got != ` E'it''s \\n'` {
		t.Error(got)
	}
	s := pg.Selection{Schemas: []string{"shop"}, Tables: []string{"public.a"}, Except: []string{"shop.b"}}
	for name, want := range map[pg.Name]bool{{Schema: "shop", Name: "a"}: true, {Schema: "shop", Name: "b"}: false, {Schema: "public", Name: "a"}: true, {Schema: "public", Name: "b"}: false} {
		if s.Keeps(name) != want {
			t.Errorf("%s: %t", name, !want)
		}
	}
}

func TestLSN(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"} {
		if l, err := pg.ParseLSN(text); err != nil || l.String() != text {
			t.Errorf("%s: %s %v", text, l, err)
		}
	}
	if _, err := pg.ParseLSN("x"); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	e, err := pg.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := e.Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func TestLook(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	conn := connect(t, p.URL())
	s, err := pg.Look(t.Context(), conn)
	if err != nil || s.Major() < 15 || s.Platform != pg.Plain || !s.Superuser || s.Encoding != "UTF8" || s.SystemID == 0 || s.Size == 0 {
		t.Errorf("%+v %v", s, err)
	}
	if now, err := pg.Now(t.Context(), conn); err != nil || now == 0 {
		t.Errorf("%s %v", now, err)
	}
	_, err = conn.Exec(t.Context(), "SELECT 1/0")
	if err := pg.Fault(err, "divide", "x"); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "22012") {
		t.Error(err)
	}
	if _, err := conn.Exec(t.Context(), "SELECT FROM nowhere"); !fault.Is(pg.Fault(err, "read", ""), fault.NotFound) || pg.Code(err) != "42P01" {
		t.Error(err)
	}
}

// A login that is a member of a superuser's role makes a subscription although a
// plain server of this version does not let it.
func TestPrivileged(t *testing.T) {
	t.Parallel()
	p := testkit.OwnPostgres(t)
	owner := connect(t, p.URL())
	for _, sql := range []string{"CREATE ROLE member LOGIN PASSWORD 'x'", "CREATE ROLE stranger LOGIN PASSWORD 'x'", "GRANT " + pg.Quote(p.User) + " TO member",
		"GRANT CREATE ON DATABASE postgres TO member, stranger"} {
		if _, err := owner.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	const sql = "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION y WITH (connect = false)"
	stranger := connect(t, strings.Replace(p.URL(), p.User+":"+p.Password, "stranger:x", 1))
	if err := pg.Privileged(t.Context(), stranger, sql); pg.Code(err) != "42501" {
		t.Error(err)
	}
	member := connect(t, strings.Replace(p.URL(), p.User+":"+p.Password, "member:x", 1))
	if err := pg.Privileged(t.Context(), member, sql); err != nil {
		t.Fatal(err)
	}
	var role string
	if err := member.QueryRow(t.Context(), "SELECT current_user").Scan(&role); err != nil || role != "member" {
		t.Errorf("the session is %q's afterwards, %v", role, err)
	}
}

const world = `
CREATE SCHEMA s; CREATE TYPE s.colour AS ENUM ('red'); CREATE TYPE s.pair AS (a int, b text); CREATE TYPE s.odd AS (c s.colour);
CREATE DOMAIN s.posint AS int CHECK (VALUE > 0); CREATE TYPE s.span AS RANGE (subtype = int);
CREATE TABLE s.all_kinds (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, e s.colour, ea s.colour[], p s.pair, o s.odd, d s.posint, da s.posint[],
  r s.span, n numeric(10,2)[], j jsonb, a aclitem, g int GENERATED ALWAYS AS (1) STORED, gone int);
ALTER TABLE s.all_kinds DROP COLUMN gone;
CREATE TABLE s.nokey (a int); CREATE TABLE s.fullkey (a int); ALTER TABLE s.fullkey REPLICA IDENTITY FULL;
CREATE TABLE s.uniq (a int NOT NULL, b int NOT NULL, c int, UNIQUE (c), UNIQUE (b, a)); CREATE UNIQUE INDEX lazy ON s.uniq (a) WHERE b > 0;
CREATE TABLE s.tree (k int, v int, PRIMARY KEY (v, k)) PARTITION BY RANGE (k);
CREATE TABLE s.branch PARTITION OF s.tree FOR VALUES FROM (0) TO (10) PARTITION BY LIST (v); CREATE TABLE s.leaf PARTITION OF s.branch DEFAULT;
CREATE TABLE s.child (x int) INHERITS (s.nokey); CREATE UNLOGGED TABLE s."Un logged" (a int PRIMARY KEY); CREATE TEMP TABLE gone (a int);
CREATE EXTENSION pg_trgm SCHEMA s; CREATE VIEW s.v AS SELECT 1`

func TestTables(t *testing.T) {
	t.Parallel()
	conn := connect(t, testkit.Postgres(t).URL())
	if _, err := conn.Exec(t.Context(), world, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	tables, err := pg.Tables(t.Context(), conn, pg.Selection{Except: []string{"s.fullkey"}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]pg.Table{}
	var names []string
	for _, table := range tables {
		got[table.Name.Name] = table
		names = append(names, table.Name.String())
	}
	if want := []string{`s."Un logged"`, "s.all_kinds", "s.child", "s.leaf", "s.nokey", "s.uniq"}; !slices.Equal(names, want) {
		t.Errorf("%v", names)
	}
	binary := map[string]bool{}
	for _, c := range got["all_kinds"].Columns {
		binary[c.Name] = c.Binary
	}
	for name, want := range map[string]bool{"id": true, "e": true, "ea": false, "p": true, "o": false, "d": true, "da": false, "r": true, "n": true, "j": true, "a": false, "g": true} {
		if have, ok := binary[name]; !ok || have != want {
			t.Errorf("column %s: binary %t", name, have)
		}
	}
	leaf := got["leaf"]
	if leaf.Root == nil || leaf.Root.Name != "tree" || !slices.Equal(leaf.Key, []string{"v", "k"}) || !leaf.Primary || !leaf.Replicated {
		t.Errorf("%+v", leaf)
	}
	if u := got["uniq"]; !slices.Equal(u.Key, []string{"b", "a"}) || u.Primary || u.Replicated {
		t.Errorf("%+v", u)
	}
	if c := got["child"]; len(c.Inherits) != 1 || c.Inherits[0].Name != "nokey" || c.Key != nil || c.Root != nil {
		t.Errorf("%+v", c)
	}
	if got["Un logged"].Persistence != "u" || !got["all_kinds"].Columns[11].Generated || got["all_kinds"].Columns[0].Identity != "a" || got["all_kinds"].Columns[8].Type != "numeric(10,2)[]" {
		t.Errorf("%+v", got["all_kinds"].Columns)
	}
}
