-- What only a superuser can make.
CREATE FUNCTION shop.event() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE EVENT TRIGGER pgworld_event ON ddl_command_end WHEN TAG IN ('CREATE AGGREGATE') EXECUTE FUNCTION shop.event();
ALTER EVENT TRIGGER pgworld_event ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER pgworld_event IS 'looks on';
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE PUBLICATION of_schema FOR TABLES IN SCHEMA api;
CREATE OPERATOR FAMILY shop.wrong_ways USING btree;
CREATE OPERATOR CLASS shop.wrong_way FOR TYPE integer USING btree FAMILY shop.wrong_ways AS
  OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 shop.backwards(integer, integer);
COMMENT ON OPERATOR CLASS shop.wrong_way USING btree IS 'down is up';
CREATE INDEX bulk_wrong ON shop.bulk (grp shop.wrong_way);
CREATE TYPE shop.shell;
CREATE FUNCTION shop.shell_in(cstring) RETURNS shop.shell LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION shop.shell_out(shop.shell) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE shop.shell (INPUT = shop.shell_in, OUTPUT = shop.shell_out, LIKE = text, CATEGORY = 'S');
CREATE TABLE shop.no_binary (id integer PRIMARY KEY, s shop.shell, a shop.shell[]);
INSERT INTO shop.no_binary SELECT g, E'ta\tb, back\\slash ' || g, ARRAY['x', NULL, g::text]::shop.shell[] FROM pg_catalog.generate_series(1, 50) g;
CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler;
CREATE TABLE shop.by_method (a integer) USING heap_too;
INSERT INTO shop.by_method VALUES (1), (2);
CREATE TEXT SEARCH PARSER shop.parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
CREATE TEXT SEARCH TEMPLATE shop.template (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE FUNCTION shop.plother_handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE LANGUAGE plother HANDLER shop.plother_handler;
CREATE TRANSFORM FOR integer LANGUAGE plother (FROM SQL WITH FUNCTION prsd_lextype(internal), TO SQL WITH FUNCTION int4recv(internal));
