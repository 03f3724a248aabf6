package pgworld_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/pgworld"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// Everything can be made and filled, and holds every class of object that the
// catalogue of the server has a table for.
func TestEverythingIsMade(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), testkit.Postgres(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	for _, sql := range []string{pgworld.Everything(), pgworld.Rows(1000)} {
		if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
	}
	var classes []string
	err = conn.QueryRow(t.Context(), `SELECT array_agg(what ORDER BY what) FROM (
  SELECT 'relation ' || k AS what FROM unnest('{r,i,S,v,m,c,f,p,I}'::text[]) k WHERE NOT EXISTS (SELECT FROM pg_class WHERE relkind::text = k AND oid >= 16384)
  UNION ALL SELECT 'constraint ' || k FROM unnest('{c,f,p,u,t,x}'::text[]) k WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE contype::text = k AND oid >= 16384)
  UNION ALL SELECT 'routine ' || k FROM unnest('{f,p,a}'::text[]) k WHERE NOT EXISTS (SELECT FROM pg_proc WHERE prokind::text = k AND oid >= 16384)
  UNION ALL SELECT 'type ' || k FROM unnest('{b,c,d,e,r,m}'::text[]) k WHERE NOT EXISTS (SELECT FROM pg_type WHERE typtype::text = k AND oid >= 16384)
  UNION ALL SELECT 'index by ' || k FROM unnest('{btree,hash,gist,gin,spgist,brin}'::text[]) k WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE amname = k AND c.oid >= 16384)
  UNION ALL SELECT 'none in ' || c.relname FROM pg_class c WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r'
    AND relname IN ('pg_event_trigger', 'pg_policy', 'pg_publication', 'pg_statistic_ext', 'pg_largeobject_metadata', 'pg_default_acl', 'pg_foreign_server', 'pg_user_mapping', 'pg_transform', 'pg_inherits', 'pg_publication_namespace')
    AND (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM pg_catalog.' || relname, false, true, '')))[1]::text = '0') missing`).Scan(&classes)
	if err != nil || len(classes) > 0 {
		t.Errorf("%v, not made: %v", err, classes)
	}
	var nokey, bulk int
	if err := conn.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM ONLY shop.nokey), (SELECT count(*) FROM shop.bulk)").Scan(&nokey, &bulk); err != nil || nokey != 300 || bulk != 1000 {
		t.Error(err, nokey, bulk)
	}
}
