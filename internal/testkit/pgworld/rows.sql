-- The rows; all values come from the number of the row alone. Triggers stay quiet.
SET session_replication_role = replica;
INSERT INTO shop.customers (name, email, rank, born, credit, tags, extra, referrer)
  SELECT 'name ' || g, CASE WHEN g % 7 > 0 THEN 'mail' || g || '@example.com' END, 1 + g % 9, date '1950-01-01' + g, g * 1.25, ARRAY['t' || g % 5, NULL, 'x"y'], pg_catalog.jsonb_build_object('g', g, 'l', repeat('x', g % 50)),
         CASE WHEN g > 1 THEN 10 + 3 * (g / 2 - 1) END FROM pg_catalog.generate_series(2, 201) g;
UPDATE shop.customers SET credit = credit + 1 WHERE id % 5 = 0;
UPDATE shop.customers SET referrer = NULL WHERE referrer % 200 = 199;
DELETE FROM shop.customers WHERE id % 200 = 199;
INSERT INTO shop.orders (customer, made, state, amount, note)
  SELECT 10 + 3 * (g % 50), timestamptz '2024-02-01 00:00:00+00' + g * interval '1 minute', (ARRAY['red', 'green', 'blue', NULL]::shop.colour[])[1 + g % 4], g / 7.0, CASE WHEN g % 3 > 0 THEN 'note; ' || g END FROM pg_catalog.generate_series(1, 500) g;
INSERT INTO shop.items SELECT o, l, 'part ' || l, shop.floats(o, o + l), tsrange('2024-01-01'::timestamp + o * interval '1 day' + l * interval '1 hour', '2024-01-01'::timestamp + o * interval '1 day' + l * interval '1 hour' + interval '30 minutes'), o % 10 FROM pg_catalog.generate_series(1, 200) o, pg_catalog.generate_series(1, 3) l;
INSERT INTO shop.nulls VALUES (NULL, NULL), (1, NULL), (2, 3), (3, NULL);
INSERT INTO shop.chicken SELECT g, g FROM pg_catalog.generate_series(1, 20) g;
INSERT INTO shop.egg SELECT g, g FROM pg_catalog.generate_series(1, 20) g;
INSERT INTO shop.kinds (id) SELECT ('00000000-0000-0000-0000-' || lpad(g::text, 12, '0'))::uuid FROM pg_catalog.generate_series(1, 5) g WHERE false;
INSERT INTO shop.kinds SELECT ('00000000-0000-0000-0000-' || lpad(g::text, 12, '0'))::uuid, g % 2 = 0, g, -g, g * 10000000000, g / 3.0, g / 7.0, CASE g % 4 WHEN 0 THEN 'NaN' WHEN 1 THEN 'Infinity' ELSE g / 9.0 END, g * 1.01::money, 'c' || g, 'v' || g,
  E'tab\t, new\nline, back\\slash, quote" ' || g, 'z', 'name' || g, decode(lpad(to_hex(g), 4, '0'), 'hex'), CASE g % 3 WHEN 0 THEN 'infinity' ELSE date '0044-03-15 BC' + g END, time '23:59:59.999', timetz '01:02:03+05:30', timestamp '-infinity', timestamptz '1999-12-31 23:59:59.123456-08', interval '1 year 2 months -3 days 04:05:06.789',
  '10.1.2.3/24', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '10101', '110', point(g, -g), '{1,2,3}', '[(1,2),(3,4)]', '((1,2),(3,4))', '[(1,2),(3,4)]', '((0,0),(1,1),(1,0))', '<(1,2),3>', '{"a" : [1,  null]}', '{"b": 1.50, "a": "\u00e9"}', '$.a[*] ? (@ > 1)', '<a>b&amp;</a>', to_tsvector('simple', 'a b' || g), 'a & b | !c', int4range(g, g + 5), int8multirange(int8range(1, 3), int8range(5, 9)),
  'green', ARRAY['red', NULL, 'it''s "odd"; isn''t it']::shop.colour[], ROW(g, 'b"' || g)::shop.pair, ARRAY[ROW(1, NULL)::shop.pair, NULL], ROW(ROW(1, 'x'), 'red', ARRAY['l', NULL])::shop.nested, g, 'AB', ARRAY['AB', 'CDE']::shop.codes, shop.floats(g, NULL), shop.manyfloats(shop.floats(1, 2), shop.floats(3, 4)),
  ARRAY[[1, g], [NULL, 4]], ARRAY['', NULL, 'NULL', '{}'], public.hstore('k', NULL) || public.hstore('g', g::text), ARRAY[public.hstore('a', 'b')], 'shop.orders', 'shop.twice(integer)', ARRAY['shop.pair', 'integer', 'shop.colour[]']::regtype[], g, '123', '16/B374D848', '(1,2)', '10:20:10,14,15', 'pgworld_owner=arw/pgworld_owner', ARRAY['=r/pgworld_owner', 'pgworld_owner=X*/pgworld_owner']::aclitem[], '1 2 3', '4 5 6'
  FROM pg_catalog.generate_series(1, 40) g;
INSERT INTO shop.kinds (id, dm, dc) SELECT ('ffffffff-0000-0000-0000-' || lpad(g::text, 12, '0'))::uuid, 1, 'XY' FROM pg_catalog.generate_series(1, 10) g;
INSERT INTO shop.nokey SELECT g % 10, CASE WHEN g % 4 > 0 THEN 'same' END, CASE g % 5 WHEN 0 THEN 'NaN'::float8 WHEN 1 THEN '-0'::float8 ELSE g % 3 END FROM pg_catalog.generate_series(1, 300) g;
INSERT INTO shop.nothing SELECT FROM pg_catalog.generate_series(1, 7);
INSERT INTO shop.dropped SELECT FROM pg_catalog.generate_series(1, 3);
INSERT INTO shop.computed SELECT FROM pg_catalog.generate_series(1, 4);
INSERT INTO "Odd ""Schema"", with; things"."Ta""ble; ' \ $$ ünïcode" SELECT 'k' || g, g, '日本' || g FROM pg_catalog.generate_series(1, 30) g;
INSERT INTO shop.cache SELECT 'k' || g, decode(repeat(lpad(to_hex(g), 2, '0'), 100), 'hex') FROM pg_catalog.generate_series(1, 50) g;
INSERT INTO shop.base SELECT g, 'a' || g, g FROM pg_catalog.generate_series(1, 20) g;
INSERT INTO shop.derived SELECT g, 'd' || g, g, 'e' || g FROM pg_catalog.generate_series(21, 40) g;
INSERT INTO shop.reordered (b, z, id, a) SELECT g, -g, g, 'r' || g FROM pg_catalog.generate_series(41, 60) g;
INSERT INTO shop.both (id, a, b, y) SELECT g, 'm', g, g FROM pg_catalog.generate_series(61, 70) g;
INSERT INTO shop.of_type SELECT g, 'of' FROM pg_catalog.generate_series(1, 5) g;
INSERT INTO shop.wide SELECT g, CASE WHEN g % 2 > 0 THEN (SELECT string_agg(md5((g * 1000 + x)::text), '') FROM pg_catalog.generate_series(1, 300) x) END, decode(repeat(md5(g::text), 500), 'hex'), 'f' || g, CASE WHEN g % 3 > 0 THEN g END FROM pg_catalog.generate_series(1, 30) g;
INSERT INTO shop.bulk (grp, val, body, made) SELECT g % 100, g / 3.0, md5(g::text), timestamp '2024-01-01' + g * interval '1 second' FROM pg_catalog.generate_series(1, current_setting('pgworld.rows')::integer) g;
INSERT INTO shop.keyless_bulk SELECT g % 10, g % 1000, CASE WHEN g % 2 > 0 THEN md5((g % 1000)::text) END FROM pg_catalog.generate_series(1, current_setting('pgworld.rows')::integer) g;
INSERT INTO shop.measures SELECT date '2022-12-01' + (g % 900), g, g / 3.0, CASE WHEN g % 5 = 0 THEN 'n' || g END FROM pg_catalog.generate_series(1, 2000) g;
INSERT INTO shop.listed SELECT (ARRAY['red', 'green', NULL]::shop.colour[])[1 + g % 3], 1 + g % 500 FROM pg_catalog.generate_series(1, 400) g;
INSERT INTO shop.refers SELECT at, device FROM shop.measures ORDER BY device LIMIT 50;
SELECT pg_catalog.setval('shop.numbers', -9), pg_catalog.nextval('shop.numbers');
REFRESH MATERIALIZED VIEW shop.m_second;
REFRESH MATERIALIZED VIEW shop.a_first;
SELECT pg_catalog.lo_from_bytea(4000000001, 'small'), pg_catalog.lo_from_bytea(4000000002, decode(repeat('00ff41', 400000), 'hex')), pg_catalog.lo_create(4000000003);
COMMENT ON LARGE OBJECT 4000000001 IS 'small; one';
GRANT SELECT ON LARGE OBJECT 4000000001 TO "pgworld Reader";
ALTER LARGE OBJECT 4000000002 OWNER TO pgworld_owner;
RESET session_replication_role;
