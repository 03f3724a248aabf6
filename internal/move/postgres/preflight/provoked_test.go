package preflight_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/move/postgres/preflight"
)

// provoked is one finding, the script that makes it, and what it has to be.
type provoked struct {
	id, subject string
	severity    preflight.Severity
	// source and target are executed by superusers of the sides, as is gone.
	source, target string
	// fix is a part of the fix: of its SQL, its parameters or its action.
	fix string
	// stays says that the fix is not SQL, or that nothing is to be done.
	stays bool
}

// scripts are what a catalogue can be made to say with SQL.
func scripts() []provoked {
	return []provoked{
		{id: "identity-missing", subject: "public.heap", severity: preflight.Loses, source: `CREATE TABLE heap (a int, b text); ALTER TABLE heap OWNER TO master`, fix: `ALTER TABLE ONLY "public"."heap" REPLICA IDENTITY FULL`},
		{id: "identity-missing", subject: "public.fits", severity: preflight.Loses, source: `CREATE TABLE fits (a int NOT NULL, b int, CONSTRAINT "by A" UNIQUE (a)); ALTER TABLE fits OWNER TO master`, fix: `REPLICA IDENTITY USING INDEX "by A"`},
		{id: "identity-missing", subject: "public.nothing", severity: preflight.Loses, source: `CREATE TABLE nothing (a int PRIMARY KEY); ALTER TABLE nothing REPLICA IDENTITY NOTHING; ALTER TABLE nothing OWNER TO master`, fix: `USING INDEX "nothing_pkey"`},
		{id: "identity-unequal", subject: "public.jsons", severity: preflight.Loses, source: `CREATE TABLE jsons (a int, j json); ALTER TABLE jsons OWNER TO master`, fix: "Add a primary key", stays: true},
		{id: "identity-unequal", subject: "public.points", severity: preflight.Loses, source: `CREATE TABLE points (a int NOT NULL UNIQUE, p point); ALTER TABLE points REPLICA IDENTITY FULL; ALTER TABLE points OWNER TO master`, fix: `USING INDEX "points_a_key"`},
		{id: "identity-slow", subject: "public.slow", severity: preflight.Warns, source: `CREATE TABLE slow AS SELECT i FROM generate_series(1, 20000) i; ALTER TABLE slow REPLICA IDENTITY FULL; ALTER TABLE slow OWNER TO master`, fix: "Add a primary key", stays: true},
		{id: "identity-generated", subject: "public.computed", severity: preflight.Loses, source: `CREATE TABLE computed (a int, g int GENERATED ALWAYS AS (a + 1) STORED PRIMARY KEY); ALTER TABLE computed OWNER TO master`, fix: "REPLICA IDENTITY FULL"},
		{id: "unlogged", subject: "public.fast", severity: preflight.Loses, source: `CREATE UNLOGGED TABLE fast (a int PRIMARY KEY); ALTER TABLE fast OWNER TO master`, fix: `SET LOGGED`},
		{id: "type-local", subject: "public.refs", severity: preflight.Warns, source: `CREATE TABLE refs (a int PRIMARY KEY, r regclass); ALTER TABLE refs OWNER TO master`, stays: true, fix: "Look at"},
		{id: "partition-hash-enum", subject: "public.hashed", severity: preflight.Blocks, source: `CREATE TYPE colour AS ENUM ('red'); CREATE TABLE hashed (c colour) PARTITION BY HASH (c); ALTER TABLE hashed OWNER TO master; ALTER TYPE colour OWNER TO master`, stays: true, fix: "Partition by"},
		{id: "trigger-always", subject: "public.watched", severity: preflight.Warns, source: `CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; ALTER FUNCTION noted() OWNER TO master;
CREATE TABLE watched (a int PRIMARY KEY); CREATE TRIGGER "Note" AFTER INSERT ON watched FOR EACH ROW EXECUTE FUNCTION noted(); ALTER TABLE watched ENABLE ALWAYS TRIGGER "Note"; ALTER TABLE watched OWNER TO master`, fix: `ENABLE TRIGGER "Note"`},
		{id: "index-invalid", subject: "public.broken", severity: preflight.Warns, source: `CREATE TABLE indexed (a int PRIMARY KEY, b int); CREATE INDEX broken ON indexed (b); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass; ALTER TABLE indexed OWNER TO master`, fix: `REINDEX INDEX "public"."broken"`},
		{id: "constraint-open", subject: "public.unchecked", severity: preflight.Notes, source: `CREATE TABLE unchecked (a int PRIMARY KEY); ALTER TABLE unchecked ADD CHECK (a > 0) NOT VALID; ALTER TABLE unchecked OWNER TO master`, stays: true},
		{id: "generated-columns", severity: preflight.Notes, stays: true}, {id: "identity-columns", severity: preflight.Notes, source: `CREATE TABLE counted (a int GENERATED ALWAYS AS IDENTITY PRIMARY KEY); ALTER TABLE counted OWNER TO master`, stays: true},
		{id: "inheritance", severity: preflight.Notes, source: `CREATE TABLE child (PRIMARY KEY (a)) INHERITS (heap); ALTER TABLE child OWNER TO master`, stays: true},
		{id: "partitions", severity: preflight.Notes, source: `CREATE TABLE parted (k int PRIMARY KEY) PARTITION BY RANGE (k); CREATE TABLE leaf PARTITION OF parted DEFAULT; ALTER TABLE leaf OWNER TO master; ALTER TABLE parted OWNER TO master`, stays: true},
		{id: "table-unreadable", subject: "other.secret", severity: preflight.Blocks, source: `CREATE ROLE stranger; CREATE SCHEMA other; CREATE TABLE other.secret (a int PRIMARY KEY); ALTER TABLE other.secret OWNER TO stranger`, fix: `GRANT SELECT ON TABLE "other"."secret" TO "master"`},
		{id: "table-not-owned", subject: "other.secret", severity: preflight.Blocks, fix: `GRANT "stranger" TO "master"`},
		{id: "row-security", subject: "public.hidden", severity: preflight.Blocks, source: `CREATE TABLE hidden (a int PRIMARY KEY); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; ALTER TABLE hidden FORCE ROW LEVEL SECURITY; ALTER TABLE hidden OWNER TO master`, fix: `ALTER ROLE "master" BYPASSRLS`},
		{id: "row-security-target", subject: "public.hidden", severity: preflight.Blocks, fix: `ALTER ROLE "azadmin" BYPASSRLS`},
		{id: "prepared-transaction", subject: "left open", severity: preflight.Blocks, fix: `ROLLBACK PREPARED 'left open'`},
		{id: "slot-inactive", subject: "forgotten", severity: preflight.Warns, source: `SELECT pg_create_logical_replication_slot('forgotten', 'test_decoding')`, fix: `pg_drop_replication_slot('forgotten')`},
		{id: "publication-foreign", subject: "theirs", severity: preflight.Notes, source: `CREATE PUBLICATION theirs`, stays: true},
		{id: "subscription-foreign", subject: "feed", severity: preflight.Warns, source: `ALTER SUBSCRIPTION feed ENABLE`, fix: `ALTER SUBSCRIPTION "feed" DISABLE`},
		{id: "sequence-near-end", subject: "public.small", severity: preflight.Warns, source: `CREATE SEQUENCE small AS smallint; SELECT setval('small', 32000); ALTER SEQUENCE small OWNER TO master`, stays: true, fix: "bigint"},
		{id: "sequences", severity: preflight.Notes, stays: true},
		{id: "large-objects", severity: preflight.Loses, source: `SELECT lo_from_bytea(0, 'x')`, stays: true, fix: "bytea"},
		{id: "materialized-view", subject: "public.summed", severity: preflight.Notes, source: `CREATE MATERIALIZED VIEW summed AS SELECT 1 AS a; ALTER MATERIALIZED VIEW summed OWNER TO master`, stays: true},
	}
}

// privileges are findings of objects that want a superuser, and of extensions and
// the target.
func privileges() []provoked {
	return []provoked{
		{id: "base-type", subject: "public.odd", severity: preflight.Blocks, source: `CREATE TYPE odd; CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT AS 'int4in'; CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out, LIKE = int)`, stays: true, fix: "extension"},
		{id: "function-untrusted", subject: "public.odd_in(cstring)", severity: preflight.Blocks, stays: true, fix: "trusted language"},
		{id: "function-superuser", subject: "public.odd_out(public.odd)", severity: preflight.Warns, stays: true, fix: "Look at"},
		{id: "operator-class", subject: "public.odd_ops", severity: preflight.Blocks, source: `CREATE OPERATOR CLASS odd_ops FOR TYPE int USING hash AS OPERATOR 1 =`, stays: true, fix: "operator class"},
		{id: "access-method", subject: "columns", severity: preflight.Blocks, source: `CREATE ACCESS METHOD columns TYPE TABLE HANDLER heap_tableam_handler`, stays: true, fix: "access method"},
		{id: "language", subject: "mine", severity: preflight.Blocks, source: `CREATE LANGUAGE mine HANDLER plpgsql_call_handler`, stays: true, fix: "extension"},
		{id: "text-search-parser", subject: "public.words", severity: preflight.Blocks, source: `CREATE TEXT SEARCH PARSER words (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)`, stays: true, fix: "Use one"},
		{id: "aggregate-internal", subject: "public.total", severity: preflight.Blocks, source: `CREATE AGGREGATE total(bigint) (SFUNC = int8_avg_accum, STYPE = internal, FINALFUNC = numeric_poly_avg)`, stays: true, fix: "extension"},
		{id: "cast", subject: "bigint AS box", severity: preflight.Loses, source: `CREATE FUNCTION boxed(bigint) RETURNS box LANGUAGE sql AS 'SELECT box ''1,1,2,2'''; ALTER FUNCTION boxed(bigint) OWNER TO master; CREATE CAST (bigint AS box) WITH FUNCTION boxed(bigint)`, stays: true, fix: "queries"},
		{id: "event-trigger", subject: "watch", severity: preflight.Loses, source: `CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; ALTER FUNCTION seen() OWNER TO master; CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION seen()`, stays: true, fix: "provider"},
		{id: "foreign-wrapper", subject: "wrapped", severity: preflight.Loses, source: `CREATE FOREIGN DATA WRAPPER wrapped`, stays: true, fix: "extension"},
		{id: "foreign-server", subject: "far", severity: preflight.Warns, source: `CREATE SERVER far FOREIGN DATA WRAPPER wrapped; ALTER SERVER far OWNER TO master`, stays: true, fix: "network"},
		{id: "foreign-table", subject: "public.away", severity: preflight.Notes, source: `CREATE FOREIGN TABLE away (a int) SERVER far; ALTER FOREIGN TABLE away OWNER TO master`, stays: true},
		{id: "user-mapping", subject: "far", severity: preflight.Warns, source: `CREATE USER MAPPING FOR master SERVER far OPTIONS (password 'hunter2')`, stays: true, fix: "anew"},
		{id: "function-leakproof", subject: "public.safe(integer)", severity: preflight.Loses, source: `CREATE FUNCTION safe(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; ALTER FUNCTION safe(int) LEAKPROOF; ALTER FUNCTION safe(int) OWNER TO master`, fix: "NOT LEAKPROOF"},
		{id: "function-sets", subject: "public.quiet()", severity: preflight.Warns, source: `CREATE FUNCTION quiet() RETURNS int LANGUAGE sql AS 'SELECT 1' SET session_replication_role = replica; ALTER FUNCTION quiet() OWNER TO master`, fix: "RESET session_replication_role"},
		{id: "security-definer", severity: preflight.Notes, source: `CREATE FUNCTION powered() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; ALTER FUNCTION powered() OWNER TO master`, stays: true},
		{id: "collation-own", subject: "public.german", severity: preflight.Notes, source: `CREATE COLLATION german (provider = icu, locale = 'de')`, stays: true},
		{id: "extension-not-loaded", subject: "pg_stat_statements", severity: preflight.Warns, source: `CREATE EXTENSION pg_stat_statements`, stays: true, fix: "shared_preload_libraries"},
		{id: "extension-schema", subject: "citext", severity: preflight.Warns, source: `CREATE EXTENSION citext SCHEMA public`, target: `CREATE SCHEMA elsewhere; CREATE EXTENSION citext SCHEMA elsewhere`, fix: `SET SCHEMA "public"`},
		{id: "extension-older", subject: "pg_trgm", severity: preflight.Warns, source: `CREATE EXTENSION pg_trgm`, target: `CREATE EXTENSION pg_trgm VERSION '1.3'`, fix: `ALTER EXTENSION "pg_trgm" UPDATE`},
		{id: "target-objects", subject: "table public.heap", severity: preflight.Blocks, target: `CREATE TABLE heap (a int)`, stays: true, fix: "Drop them"},
		{id: "target-others", severity: preflight.Notes, target: `CREATE TABLE unknown (a int)`, stays: true},
		{id: "parameter-differs", subject: "lock_timeout", severity: preflight.Warns, target: `ALTER DATABASE shop SET lock_timeout = '3s'`, fix: `ALTER DATABASE "shop" SET lock_timeout TO '0'`},
		{id: "parameter-differs", subject: "search_path", severity: preflight.Warns, target: `ALTER DATABASE shop SET search_path = "a b", public`, fix: `ALTER DATABASE "shop" SET search_path TO "$user", public`},
		{id: "money-locale", subject: "public.prices", severity: preflight.Loses, source: `CREATE TABLE prices (a int PRIMARY KEY, m money); ALTER TABLE prices OWNER TO master`, target: `ALTER DATABASE shop SET lc_monetary = 'POSIX'`, fix: `SET lc_monetary TO`},
		{id: "setting-secret", subject: "app.jwt_secret", severity: preflight.Warns, source: `ALTER DATABASE shop SET app.jwt_secret = 'hunter2'`, stays: true, fix: "by hand"},
		{id: "read-only-default", subject: "default_transaction_read_only", severity: preflight.Blocks, target: `ALTER DATABASE shop SET default_transaction_read_only = on`, fix: `RESET default_transaction_read_only`},
		{id: "role-left", subject: "rds_superuser", severity: preflight.Notes, stays: true},
		{id: "role-password", subject: "clerk", severity: preflight.Warns, source: `CREATE ROLE clerk LOGIN PASSWORD 'hunter2'; GRANT SELECT ON heap TO clerk`, stays: true, fix: "password"},
		{id: "role-attribute", subject: "copier", severity: preflight.Notes, source: `CREATE ROLE copier LOGIN REPLICATION; GRANT SELECT ON heap TO copier`, stays: true},
		{id: "role-omitted", subject: "membership of iam in rds_iam", severity: preflight.Notes, source: `CREATE ROLE iam LOGIN; GRANT rds_iam TO iam; GRANT SELECT ON heap TO iam`, stays: true},
		{id: "tls-off", severity: preflight.Warns, stays: true, fix: "sslmode"}, {id: "network-untried", severity: preflight.Notes, stays: true}, {id: "disk-unknown", severity: preflight.Notes, stays: true},
	}
}

func (p provoked) in(findings []preflight.Finding) *preflight.Finding {
	i := slices.IndexFunc(findings, func(f preflight.Finding) bool {
		return f.ID == p.id && (p.subject == "" || f.Subject == p.subject)
	})
	if i < 0 {
		return nil
	}
	return &findings[i]
}

func text(f preflight.Fix) string {
	out := strings.Join(f.SQL, "; ") + f.Action
	for _, p := range f.Parameters {
		out += p.Name + "=" + p.Value
	}
	return out
}

// Each script makes its finding, with its severity and fix; where the fix is SQL,
// it makes the finding go away. The servers are as RDS and Flexible Server hand
// them out, and the logins no superusers.
func eachFindingAndItsFix(t *testing.T, source, target managed) {
	cases := append(scripts(), privileges()...)
	run(t, source.super, `CREATE SUBSCRIPTION feed CONNECTION 'host=127.0.0.1 port=1 dbname=none' PUBLICATION p WITH (connect = false)`, `ALTER SUBSCRIPTION feed SET (slot_name = 'feed')`)
	for _, c := range cases {
		run(t, source.super, c.source)
		run(t, target.super, c.target)
	}
	prepare(t, source)
	run(t, source.super, "ANALYZE")
	before, err := preflight.Check(t.Context(), source.login, target.login, preflight.Options{Sample: -1})
	if err != nil {
		t.Fatal(err)
	}
	secrets(t, before)
	if wrong := wellFormed(before.Findings); wrong != "" {
		t.Error(wrong)
	}
	for _, c := range cases {
		f := c.in(before.Findings)
		if f == nil {
			t.Errorf("%s of %q was not found", c.id, c.subject)
			continue
		}
		if f.Severity != c.severity || !strings.Contains(text(f.Fix), c.fix) || f.What == "" || f.Why == "" {
			t.Errorf("%s of %q: %+v", c.id, c.subject, *f)
		}
		if c.stays != (len(f.Fix.SQL) == 0) {
			t.Errorf("%s of %q: fix %q", c.id, c.subject, f.Fix.SQL)
		}
	}
	for _, f := range before.Findings {
		on := source.super
		if f.Fix.Side == preflight.Target {
			on = target.super
		}
		run(t, on, f.Fix.SQL...)
	}
	after, err := preflight.Check(t.Context(), source.login, target.login, preflight.Options{Sample: -1})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if f := c.in(after.Findings); f != nil && !c.stays {
			t.Errorf("after its fix %s of %q is still there: %+v", c.id, c.subject, *f)
		}
	}
	for _, f := range after.Findings {
		if len(f.Fix.SQL) > 0 {
			t.Errorf("after the fixes: %+v", f)
		}
	}
}
