package rows

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// endpoint reaches a test database.
func endpoint(t testing.TB, url string) pg.Endpoint {
	t.Helper()
	e, err := pg.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// side is one of the two databases, as its owner.
type side struct {
	t        testing.TB
	server   testkit.PostgresServer
	endpoint pg.Endpoint
	conn     *pgx.Conn
}

func newSide(t testing.TB, p testkit.PostgresServer) *side {
	t.Helper()
	e := endpoint(t, p.URL())
	conn, err := e.Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return &side{t, p, e, conn}
}

func (s *side) exec(sql string) {
	s.t.Helper()
	if _, err := s.conn.Exec(s.t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		s.t.Fatalf("%s: %v", sql[:min(len(sql), 200)], err)
	}
}

func (s *side) one(sql string, args ...any) (out string) {
	s.t.Helper()
	if err := s.conn.QueryRow(s.t.Context(), sql, args...).Scan(&out); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// two are two empty databases.
func two(t testing.TB) (source, target *side, sides Sides) {
	t.Helper()
	source, target = newSide(t, testkit.Postgres(t)), newSide(t, testkit.Postgres(t))
	return source, target, Sides{source.endpoint, target.endpoint}
}

// compareOf compares and returns the results by name.
func compareOf(t testing.TB, sides Sides, options Options) map[string]Table {
	t.Helper()
	tables, err := Compare(t.Context(), sides, options)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]Table{}
	for _, one := range tables {
		out[one.Name.String()] = one
	}
	return out
}

// filler moves the OIDs of everything that is made after it.
const filler = `DO $$ BEGIN FOR i IN 1..40 LOOP EXECUTE format('CREATE TYPE public.filler%s AS ENUM (''a'')', i); END LOOP; END $$;`

// kinds has a column of every sort of type, and rows with their odd values.
const kinds = `
CREATE SCHEMA s; CREATE TYPE s.colour AS ENUM ('red', 'green'); CREATE TYPE s.pair AS (a int, b text); CREATE DOMAIN s.posint AS int CHECK (VALUE > 0);
CREATE DOMAIN s.code AS char(5); CREATE TYPE s.span AS RANGE (subtype = float8); CREATE DOMAIN s.nested AS s.colour; CREATE DOMAIN s.list AS int[];
CREATE EXTENSION hstore SCHEMA public; CREATE EXTENSION citext SCHEMA public;
CREATE COLLATION s.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE s.kinds (id int PRIMARY KEY, b bool, i2 smallint, i8 bigint, f4 real, f8 float8, fa float8[], n numeric, n2 numeric(12,3), t text, v varchar(9), c char(7), cc "char", na name,
  by bytea, d date, ti time, tz timetz, ts timestamp, tsz timestamptz, iv interval, u uuid, j json, jb jsonb, x xml, p point, po polygon, inet inet, ci cidr, m macaddr,
  bi bit(4), vb varbit, mo money, tv tsvector, tq tsquery, r int4range, mr nummultirange, ia int[], ta text[], e s.colour, ea s.colour[], pa s.pair, paa s.pair[], di s.posint, da s.posint[], dc s.code,
  sp s.span, ne s.nested, li s.list, h public.hstore, ct public.citext, rc regclass, rt regtype[], o oid, lo text COLLATE s.loose, g int GENERATED ALWAYS AS (id * 2) STORED, l pg_lsn, a aclitem, jp jsonpath);
INSERT INTO s.kinds (id) VALUES (1);
INSERT INTO s.kinds (id,b,i2,i8,f4,f8,fa,n,n2,t,v,c,cc,na,by,d,ti,tz,ts,tsz,iv,u,j,jb,x,p,po,inet,ci,m,bi,vb,mo,tv,tq,r,mr,ia,ta,e,ea,pa,paa,di,da,dc,sp,ne,li,h,ct,rc,rt,o,lo,l,a,jp) SELECT g, g%2=0, g, g::bigint<<33, g/3.0, g/7.0, ARRAY[g,NULL,'NaN',g/7.0], g/7.0, g/9.0, 'tèxt '||g, 'v'||g, 'c'||g, 'c', 'n'||g, decode(md5(g::text),'hex'), date '2020-01-01'+g, time '01:02:03', timetz '01:02:03+02',
  timestamp '2020-01-01 00:00:00.123456'+g*interval '1h', timestamptz '2020-01-01'+g*interval '1h', g*interval '1 day 1 second', md5(g::text)::uuid, '{"a" : 1}', '{"a":1}', '<a>x</a>', point(g,g/3.0), '((0,0),(1,1),(1,0))', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03',
  B'1010', B'101', g::money, 'a fat cat', 'fat & cat', int4range(g,g+5), '{[1,2],[5,7.5]}', ARRAY[g,NULL,2], ARRAY['a','',NULL], 'red', '{red,green}', ROW(g,'x"y')::s.pair, ARRAY[ROW(1,NULL)::s.pair], g, ARRAY[g]::s.posint[], 'ab',
  s.span(1,g), 'green', ARRAY[1,2], 'a=>1,b=>NULL', 'CiText', 's.kinds', '{s.kinds,int4}', g, 'LoOse', '0/1234', 'testkit=r/testkit'::aclitem, '$.a[*]' FROM generate_series(2, 60) g;
UPDATE s.kinds SET f8 = '-0', f4 = '-0', t = '' WHERE id = 3; UPDATE s.kinds SET f8 = 'NaN', f4 = 'NaN', n = 'NaN', d = 'infinity', ts = '-infinity' WHERE id = 4;
CREATE TABLE s.nokey (a int, b text); INSERT INTO s.nokey SELECT g%10, 'x'||g%3 FROM generate_series(1,200) g; INSERT INTO s.nokey VALUES (NULL, NULL), (NULL, ''), (NULL, NULL);
CREATE TABLE s.empty (); CREATE TABLE s.nothing (); INSERT INTO s.nothing SELECT FROM generate_series(1,5); ALTER TABLE s.nothing ADD z int; ALTER TABLE s.nothing DROP z;
CREATE TABLE s.parent (a int PRIMARY KEY, b text); CREATE TABLE s.child (c int) INHERITS (s.parent); INSERT INTO s.parent VALUES (1,'p'); INSERT INTO s.child VALUES (2,'c',3);
CREATE TABLE s.tree (k int, v text, PRIMARY KEY (k, v)) PARTITION BY RANGE (k); CREATE TABLE s.leaf1 PARTITION OF s.tree FOR VALUES FROM (0) TO (100); CREATE TABLE s.leaf2 PARTITION OF s.tree DEFAULT;
INSERT INTO s.tree SELECT g, 'v'||g FROM generate_series(1,150) g;
CREATE TABLE s.toast (id bigint PRIMARY KEY, big text); INSERT INTO s.toast SELECT g, (SELECT string_agg(md5(g::text||i), '') FROM generate_series(1,400) i) FROM generate_series(1,20) g;
CREATE TABLE s.textkey (k char(8), w s.nested, z numeric, v int, PRIMARY KEY (k, w, z)); INSERT INTO s.textkey SELECT 'k'||g, 'red', g/10.0, g FROM generate_series(1,50) g;
CREATE TABLE s.extkey (k public.citext PRIMARY KEY, v int); INSERT INTO s.extkey SELECT 'k'||g, g FROM generate_series(1,50) g;
CREATE MATERIALIZED VIEW s.mv AS SELECT k OPERATOR(pg_catalog.%) 3 AS a, count(*) n FROM s.tree GROUP BY 1; CREATE MATERIALIZED VIEW s.mvempty AS SELECT 1 AS a WITH NO DATA;`

// show is a result as text: a Table prints as its name.
func show(t Table) string {
	text, _ := json.Marshal(t)
	return string(text)
}
