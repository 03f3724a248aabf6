SET check_function_bodies = on;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS hstore;
CREATE SCHEMA shop;
CREATE SCHEMA "Odd ""Schema"", with; things";
CREATE SCHEMA api AUTHORIZATION pgworld_owner;
COMMENT ON SCHEMA shop IS 'It''s the shop; it has a semicolon, $$dollars$$ and \backslashes\';

-- Types.
CREATE TYPE shop.colour AS ENUM ('red', 'green', 'blue', 'it''s "odd"; isn''t it');
CREATE TYPE shop.pair AS (a integer, b text);
CREATE TYPE shop.nested AS (p shop.pair, c shop.colour, l text[]);
CREATE TYPE shop.floats AS RANGE (subtype = float8, subtype_diff = float8mi, multirange_type_name = shop.manyfloats);
CREATE DOMAIN shop.positive AS integer DEFAULT 1 CONSTRAINT is_positive CHECK (VALUE > 0);
CREATE DOMAIN shop.code AS text COLLATE "C" NOT NULL CHECK (VALUE ~ '^[A-Z]{2,}$') CHECK (length(VALUE) < 9);
CREATE DOMAIN shop.codes AS shop.code[];
COMMENT ON TYPE shop.pair IS 'two things';
COMMENT ON COLUMN shop.pair.b IS 'the second';
COMMENT ON DOMAIN shop.positive IS 'more than nothing';
COMMENT ON CONSTRAINT is_positive ON DOMAIN shop.positive IS 'really more';
CREATE COLLATION shop.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);

-- Functions of every kind.
CREATE FUNCTION shop.twice(n integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 3 AS 'SELECT n * 2';
CREATE FUNCTION shop.atomic(a integer, b integer DEFAULT 7) RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN a > b THEN a ELSE b END; SELECT a + b; END;
CREATE FUNCTION shop.returning(a text) RETURNS text LANGUAGE sql IMMUTABLE RETURN upper(a) || ';';
CREATE FUNCTION shop.quoting() RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, shop AS $body$
-- TOC entry 1 (class 0 OID 0)
-- Name: a comment that looks like one of pg_dump; Type: TABLE; Schema: -; Owner: nobody
DECLARE t text := $q$it's; "odd" $q$; BEGIN
/* comment; /* nested; */ */ RETURN t || E'\';' || ';';
END; $body$;
CREATE FUNCTION shop.many(OUT a integer, OUT b text, VARIADIC v integer[]) RETURNS SETOF record LANGUAGE sql AS $$ SELECT x, x::text FROM unnest(v) x $$;
CREATE FUNCTION shop.tabled(n integer) RETURNS TABLE (i integer, c shop.colour) LANGUAGE sql ROWS 3 AS $$ SELECT g, 'red'::shop.colour FROM generate_series(1, n) g $$;
CREATE PROCEDURE shop.proceed(INOUT n integer) LANGUAGE plpgsql AS $$ BEGIN n := n + 1; END $$;
COMMENT ON FUNCTION shop.twice(integer) IS 'doubles';
COMMENT ON PROCEDURE shop.proceed(integer) IS 'goes on';
CREATE AGGREGATE shop.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0', PARALLEL = SAFE, COMBINEFUNC = int4pl);
CREATE AGGREGATE shop.middle(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA);
CREATE FUNCTION shop.pair_eq(shop.pair, shop.pair) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a = ($2).a AND ($1).b = ($2).b';
CREATE OPERATOR shop.=== (FUNCTION = shop.pair_eq, LEFTARG = shop.pair, RIGHTARG = shop.pair, COMMUTATOR = OPERATOR(shop.===));
COMMENT ON OPERATOR shop.=== (shop.pair, shop.pair) IS 'the same pair';
CREATE FUNCTION shop.backwards(integer, integer) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS 'SELECT btint4cmp($2, $1)';
CREATE FUNCTION shop.pair_text(shop.pair) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ($1).a';
CREATE CAST (shop.pair AS integer) WITH FUNCTION shop.pair_text(shop.pair) AS ASSIGNMENT;
COMMENT ON CAST (shop.pair AS integer) IS 'takes the first';
CREATE CONVERSION shop.latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;

-- Text search.
CREATE TEXT SEARCH DICTIONARY shop.words (TEMPLATE = simple, STOPWORDS = english);
CREATE TEXT SEARCH CONFIGURATION shop.search (COPY = simple);
ALTER TEXT SEARCH CONFIGURATION shop.search ALTER MAPPING FOR asciiword WITH shop.words, simple;
COMMENT ON TEXT SEARCH CONFIGURATION shop.search IS 'finds';

-- Sequences.
CREATE SEQUENCE shop.numbers AS smallint INCREMENT -3 MINVALUE -300 MAXVALUE 30 START 30 CYCLE CACHE 5;
CREATE SEQUENCE shop.untouched START 77;
CREATE SEQUENCE "Odd ""Schema"", with; things"."Seq; uence";

-- Plain tables.
CREATE TABLE shop.customers (
  id bigint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 3) PRIMARY KEY,
  name text NOT NULL COLLATE "C", email text UNIQUE DEFERRABLE INITIALLY DEFERRED,
  rank shop.positive, born date, credit numeric(12,2) DEFAULT 0.00 CHECK (credit >= 0), tags text[] DEFAULT '{}', extra jsonb,
  shout text GENERATED ALWAYS AS (shop.returning(name)) STORED, referrer bigint REFERENCES shop.customers (id) ON DELETE SET NULL, gone integer,
  CONSTRAINT named_check CHECK (name <> 'nobody; "really"') NO INHERIT);
ALTER TABLE shop.customers DROP COLUMN gone;
ALTER TABLE shop.customers ALTER COLUMN extra SET STORAGE EXTERNAL, ALTER COLUMN extra SET COMPRESSION pglz, ALTER COLUMN born SET STATISTICS 300, ALTER COLUMN name SET (n_distinct = -0.5);
COMMENT ON TABLE shop.customers IS E'people\nwho; buy\\';
COMMENT ON COLUMN shop.customers.email IS 'may be ''null''';
COMMENT ON CONSTRAINT named_check ON shop.customers IS 'nobody is nobody';
CREATE TABLE shop.orders (
  id serial, customer bigint NOT NULL REFERENCES shop.customers, made timestamptz NOT NULL DEFAULT '2024-01-01 00:00:00+00', state shop.colour DEFAULT 'red',
  amount numeric, note text, PRIMARY KEY (id) WITH (fillfactor = 80)) WITH (fillfactor = 90, autovacuum_enabled = false);
CREATE TABLE shop.items (
  "order" integer, line smallint, "Part ""no""" varchar(20), size shop.floats, at tsrange, room integer,
  PRIMARY KEY ("order", line) INCLUDE (room),
  CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, at WITH &&) WHERE (room > 0) DEFERRABLE,
  CONSTRAINT of_order FOREIGN KEY ("order") REFERENCES shop.orders MATCH FULL ON UPDATE CASCADE ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE shop.nulls (a integer, b integer, UNIQUE NULLS NOT DISTINCT (a), UNIQUE (b, a));
-- A cycle of foreign keys.
CREATE TABLE shop.chicken (id integer PRIMARY KEY, egg integer);
CREATE TABLE shop.egg (id integer PRIMARY KEY, chicken integer REFERENCES shop.chicken DEFERRABLE);
ALTER TABLE shop.chicken ADD CONSTRAINT laid FOREIGN KEY (egg) REFERENCES shop.egg DEFERRABLE;
ALTER TABLE shop.egg ADD CONSTRAINT late CHECK (id > -5) NOT VALID;
ALTER TABLE shop.egg ADD CONSTRAINT lazy FOREIGN KEY (id) REFERENCES shop.chicken NOT VALID;
-- Types of all sorts, and arrays of them.
CREATE TABLE shop.kinds (
  id uuid PRIMARY KEY, b boolean, i2 smallint, i4 integer, i8 bigint, f4 real, f8 double precision, n numeric, m money, c char(5), v varchar(7), t text, ci "char", nm name,
  by bytea, d date, tm time(3), tz timetz, ts timestamp, tsz timestamptz, iv interval, ip inet, ci4 cidr, mac macaddr, mac8 macaddr8, bits bit(5), vb bit varying(9),
  pt point, ln line, seg lseg, bx box, pa path, po polygon, ci2 circle, j json, jb jsonb, jp jsonpath, x xml, tv tsvector, tq tsquery, r4 int4range, mr int8multirange,
  e shop.colour, ea shop.colour[], p shop.pair, pp shop.pair[], ne shop.nested, dm shop.positive, dc shop.code, dcs shop.codes, rf shop.floats, mf shop.manyfloats,
  ia integer[][], ta text[], h hstore, ha hstore[], rc regclass, rp regprocedure, rt regtype[], o oid, xi xid8, lsn pg_lsn, tid tid, snap pg_snapshot, acl aclitem, acls aclitem[], vec int2vector, ov oidvector);
-- No key, no columns, odd names, inheritance, unlogged.
CREATE TABLE shop.nokey (a integer, b text, c float8);
CREATE TABLE shop.nothing ();
CREATE TABLE shop.dropped (a integer, b integer);
ALTER TABLE shop.dropped DROP COLUMN a, DROP COLUMN b;
CREATE TABLE shop.computed (a integer GENERATED ALWAYS AS (1 + 1) STORED);
CREATE TABLE "Odd ""Schema"", with; things"."Ta""ble; ' \ $$ ünïcode" ("Col""umn; '" text PRIMARY KEY, "select" integer, "日本" text, " " integer DEFAULT nextval('"Odd ""Schema"", with; things"."Seq; uence"'));
COMMENT ON TABLE "Odd ""Schema"", with; things"."Ta""ble; ' \ $$ ünïcode" IS 'odd';
CREATE UNLOGGED TABLE shop.cache (k text PRIMARY KEY, v bytea) WITH (toast_tuple_target = 4080);
CREATE TABLE shop.base (id integer PRIMARY KEY, a text DEFAULT 'a' NOT NULL, b integer);
CREATE TABLE shop.derived (extra text, CHECK (b > -1)) INHERITS (shop.base);
CREATE TABLE shop.reordered (b integer, z integer, id integer NOT NULL, a text NOT NULL);
ALTER TABLE shop.reordered INHERIT shop.base;
ALTER TABLE shop.base ADD COLUMN later integer DEFAULT 5;
CREATE TABLE shop.second_base (id integer NOT NULL, y integer DEFAULT 3);
CREATE TABLE shop.both (z integer) INHERITS (shop.derived, shop.second_base);
CREATE TABLE shop.of_type OF shop.pair (PRIMARY KEY (a));
CREATE TABLE shop.wide (id bigint PRIMARY KEY, big text, blob bytea, filler char(100) DEFAULT 'x', small integer);
ALTER TABLE shop.wide ALTER COLUMN blob SET STORAGE EXTERNAL;
CREATE TABLE shop.bulk (id bigint GENERATED BY DEFAULT AS IDENTITY, grp integer NOT NULL, val numeric, body text, made timestamp, PRIMARY KEY (id));
CREATE TABLE shop.keyless_bulk (grp integer, val float8, body text);

-- Partitions of every kind.
CREATE TABLE shop.measures (at date NOT NULL, device integer NOT NULL, value float8, note text, PRIMARY KEY (at, device)) PARTITION BY RANGE (at);
CREATE TABLE shop.measures_2023 PARTITION OF shop.measures FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE shop.measures_2024 (value float8, note text, device integer NOT NULL, dead integer, at date NOT NULL) PARTITION BY HASH (device);
ALTER TABLE shop.measures_2024 DROP COLUMN dead;
ALTER TABLE shop.measures ATTACH PARTITION shop.measures_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE shop.measures_2024_0 PARTITION OF shop.measures_2024 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE shop.measures_2024_1 PARTITION OF shop.measures_2024 FOR VALUES WITH (MODULUS 2, REMAINDER 1) WITH (fillfactor = 70);
CREATE TABLE shop.measures_rest PARTITION OF shop.measures DEFAULT;
CREATE INDEX measures_value ON shop.measures (value DESC NULLS LAST) INCLUDE (note);
CREATE TABLE shop.listed (c shop.colour, n integer, UNIQUE (c, n)) PARTITION BY LIST (c);
CREATE TABLE shop.listed_red PARTITION OF shop.listed (CONSTRAINT few CHECK (n < 1000000)) FOR VALUES IN ('red', NULL);
CREATE TABLE shop.listed_rest PARTITION OF shop.listed DEFAULT;
CREATE TABLE shop.childless (a integer) PARTITION BY RANGE (a);
CREATE TABLE shop.refers (at date, device integer, FOREIGN KEY (at, device) REFERENCES shop.measures);
ALTER TABLE shop.listed ADD CONSTRAINT to_order FOREIGN KEY (n) REFERENCES shop.orders (id);

-- Indexes of every method and option.
CREATE UNIQUE INDEX lower_name ON shop.customers (lower(name), rank DESC NULLS LAST) WHERE rank > 3;
CREATE INDEX customers_tags ON shop.customers USING gin (tags) WITH (fastupdate = off);
CREATE INDEX customers_extra ON shop.customers USING gin (extra jsonb_path_ops);
CREATE INDEX customers_name_trgm ON shop.customers USING gist (name gist_trgm_ops (siglen = 32));
CREATE INDEX customers_hash ON shop.customers USING hash (email);
CREATE INDEX customers_born ON shop.customers USING brin (born, credit) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX kinds_point ON shop.kinds USING spgist (pt);
CREATE INDEX kinds_collated ON shop.kinds (t COLLATE "C" text_pattern_ops, (i4 + i2));
CREATE INDEX kinds_words ON shop.kinds USING gin (to_tsvector('shop.search', t));
CREATE INDEX orders_customer ON shop.orders (customer) INCLUDE (state) WITH (deduplicate_items = off);
CREATE INDEX bulk_grp ON shop.bulk (grp, val);
CREATE INDEX bulk_body ON shop.bulk (body);
CREATE UNIQUE INDEX bulk_unique ON shop.bulk (grp, id);
ALTER TABLE shop.bulk ADD CONSTRAINT bulk_val UNIQUE (id, val);
CREATE UNIQUE INDEX reordered_id ON shop.reordered (id);
ALTER TABLE shop.reordered REPLICA IDENTITY USING INDEX reordered_id;
ALTER TABLE shop.nokey REPLICA IDENTITY FULL;
ALTER TABLE shop.cache REPLICA IDENTITY NOTHING;
ALTER TABLE shop.orders CLUSTER ON orders_customer;
ALTER INDEX shop.kinds_collated ALTER COLUMN 2 SET STATISTICS 500;
COMMENT ON INDEX shop.lower_name IS 'names in small';
CREATE STATISTICS shop.related (dependencies, ndistinct, mcv) ON grp, val FROM shop.bulk;
CREATE STATISTICS shop.expressed ON (grp % 10), (lower(body)) FROM shop.bulk;
ALTER STATISTICS shop.related SET STATISTICS 50;
COMMENT ON STATISTICS shop.related IS 'they know each other';

-- Views, matviews, rules, recursion; one needs a key to be grouped by.
CREATE VIEW shop.v_customers WITH (security_barrier = true) AS SELECT id, name, upper(name) AS upper, credit FROM shop.customers WHERE credit > 1 WITH LOCAL CHECK OPTION;
CREATE VIEW shop.v_grouped AS SELECT c.id, c.name, c.rank, count(*) AS orders FROM shop.customers c JOIN shop.orders o ON o.customer = c.id GROUP BY c.id;
CREATE RECURSIVE VIEW shop.v_recursive (id, referrer, depth) AS SELECT id, referrer, 0 FROM shop.customers WHERE referrer IS NULL UNION ALL SELECT c.id, c.referrer, r.depth + 1 FROM shop.customers c JOIN v_recursive r ON c.referrer = r.id;
CREATE VIEW shop.v_invoker WITH (security_invoker = true) AS SELECT * FROM shop.v_customers;
CREATE MATERIALIZED VIEW shop.m_second AS SELECT state, count(*) AS n, sum(amount) AS amount FROM shop.orders GROUP BY state;
CREATE MATERIALIZED VIEW shop.a_first AS SELECT sum(n) AS n FROM shop.m_second;
CREATE MATERIALIZED VIEW shop.m_empty AS SELECT 1 AS one WITH NO DATA;
CREATE UNIQUE INDEX m_second_state ON shop.m_second (state);
COMMENT ON MATERIALIZED VIEW shop.m_second IS 'by state';
CREATE VIEW shop.v_on_matview AS SELECT * FROM shop.a_first, shop.m_empty;
CREATE RULE keep_out AS ON INSERT TO shop.v_grouped DO INSTEAD (INSERT INTO shop.nokey (a, b) VALUES (1, 'x;y'); NOTIFY pgworld, 'a;b');
CREATE RULE logged AS ON DELETE TO shop.nokey WHERE old.a = 0 DO ALSO INSERT INTO shop.nokey (a) VALUES (-1);
COMMENT ON RULE keep_out ON shop.v_grouped IS 'nothing';
ALTER VIEW shop.v_customers ALTER COLUMN credit SET DEFAULT 5;

-- Triggers that would spoil rows if they fired while rows are carried over.
CREATE FUNCTION shop.spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'DELETE' THEN RETURN old; END IF; new.note := coalesce(new.note, '') || ' spoiled'; RETURN new; END $$;
CREATE FUNCTION shop.watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE FUNCTION shop.redirect() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TRIGGER spoil BEFORE INSERT OR UPDATE OF note ON shop.orders FOR EACH ROW WHEN (new.amount > 5) EXECUTE FUNCTION shop.spoil('an "arg"; ''x''');
CREATE TRIGGER always BEFORE INSERT ON shop.measures FOR EACH ROW EXECUTE FUNCTION shop.spoil();
CREATE TRIGGER tables AFTER UPDATE ON shop.orders REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION shop.watch();
CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON shop.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shop.watch();
CREATE TRIGGER instead INSTEAD OF INSERT ON shop.v_invoker FOR EACH ROW EXECUTE FUNCTION shop.redirect();
CREATE TRIGGER truncated BEFORE TRUNCATE ON shop.orders EXECUTE FUNCTION shop.watch();
ALTER TABLE shop.orders DISABLE TRIGGER truncated;
ALTER TABLE shop.orders ENABLE REPLICA TRIGGER checked;
ALTER TABLE shop.measures ENABLE ALWAYS TRIGGER always;
COMMENT ON TRIGGER spoil ON shop.orders IS 'spoils';

-- Row security.
ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE shop.customers FORCE ROW LEVEL SECURITY;
CREATE POLICY mine ON shop.orders AS PERMISSIVE FOR SELECT TO "pgworld Reader", CURRENT_USER USING (customer = 1 AND note <> 'a;b');
CREATE POLICY never ON shop.customers AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (true) WITH CHECK (credit < 10);
COMMENT ON POLICY mine ON shop.orders IS 'only mine';

-- Owners and grants.
ALTER TABLE shop.nokey OWNER TO pgworld_owner;
ALTER SEQUENCE shop.numbers OWNER TO pgworld_owner;
ALTER FUNCTION shop.twice(integer) OWNER TO pgworld_owner;
ALTER TYPE shop.colour OWNER TO pgworld_owner;
GRANT USAGE ON SCHEMA shop TO "pgworld Reader", pgworld_owner;
GRANT SELECT, INSERT ON shop.customers TO "pgworld Reader" WITH GRANT OPTION;
GRANT SELECT (id, state), UPDATE (note) ON shop.orders TO "pgworld Reader";
REVOKE EXECUTE ON FUNCTION shop.quoting() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION shop.quoting() TO pgworld_owner;
REVOKE USAGE ON TYPE shop.pair FROM PUBLIC;
GRANT USAGE ON SEQUENCE shop.numbers TO "pgworld Reader";
GRANT ALL ON ALL TABLES IN SCHEMA api TO PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO "pgworld Reader";
ALTER DEFAULT PRIVILEGES FOR ROLE pgworld_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Foreign data and publications.
CREATE FOREIGN DATA WRAPPER nowhere OPTIONS (debug 'true');
CREATE SERVER far TYPE 'x' VERSION '1.0' FOREIGN DATA WRAPPER nowhere OPTIONS (host 'h;1');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS ("user" 'who''s');
CREATE FOREIGN TABLE shop.distant (a integer OPTIONS (x 'y') NOT NULL, b text) SERVER far OPTIONS (at 'there');
COMMENT ON SERVER far IS 'far away';
CREATE PUBLICATION chosen FOR TABLE shop.customers (id, name) WHERE (id > 5), shop.nokey WITH (publish = 'insert, update', publish_via_partition_root = true);
