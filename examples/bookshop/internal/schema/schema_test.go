package schema_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"example.com/landfall/examples/bookshop/internal/schema"
	"example.com/landfall/examples/bookshop/internal/shoptest"
	"example.com/landfall/examples/bookshop/internal/trouble"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var november = time.Date(2026, 11, 30, 23, 30, 0, 0, time.UTC)

// The owner is no superuser; the second run changes nothing.
func TestApplyTwiceAsAnOrdinaryOwner(t *testing.T) {
	t.Parallel()
	conn := shoptest.Connect(t, shoptest.Owned(t, testkit.Postgres(t).URL()))
	if shoptest.Value[bool](t, conn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") {
		t.Fatal("the owner is a superuser: the test proves nothing")
	}
	first, err := schema.Apply(t.Context(), conn, november)
	if err != nil {
		t.Fatal(err)
	}
	if first.Before != 0 || first.After != 3 || first.Partitions != 6 {
		t.Errorf("first run: %+v", first)
	}
	second, err := schema.Apply(t.Context(), conn, november)
	if err != nil {
		t.Fatal(err)
	}
	if second.Before != 3 || second.After != 3 || second.Partitions != 0 {
		t.Errorf("second run: %+v", second)
	}
	later, err := schema.Apply(t.Context(), conn, november.AddDate(0, 1, 0))
	if err != nil || later.Partitions != 1 {
		t.Errorf("a month later: %+v, %v, want one partition more", later, err)
	}
}

func TestMonth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		day    string
		months int
		want   string
	}{
		{"2026-05-31", -3, "2026-02-01"}, {"2026-12-30", 2, "2027-02-01"}, {"2026-01-01", 0, "2026-01-01"}, {"2026-01-31", -13, "2024-12-01"},
	} {
		day, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := schema.Month(day, c.months).Format(time.DateOnly); got != c.want {
			t.Errorf("%d months from %s is %s, want %s", c.months, c.day, got, c.want)
		}
	}
}

// Two instances that start together: both succeed, each version runs once.
func TestApplyAtTheSameTime(t *testing.T) {
	t.Parallel()
	url := shoptest.Owned(t, testkit.Postgres(t).URL())
	var group errgroup.Group
	for range 4 {
		conn := shoptest.Connect(t, url)
		group.Go(func() error {
			_, err := schema.Apply(t.Context(), conn, november)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := shoptest.Value[int](t, shoptest.Connect(t, url), "SELECT count(*) FROM shop.schema_version"); n != 3 {
		t.Errorf("%d versions recorded, want 3", n)
	}
}

func TestANewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	conn := shoptest.Connect(t, shoptest.Migrated(t, testkit.Postgres(t).URL()))
	shoptest.Exec(t, conn, "INSERT INTO shop.schema_version VALUES (99, 'from the future')")
	if _, err := schema.Apply(t.Context(), conn, november); !trouble.Is(err, trouble.Conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
}

// The shop is a test object for migrations: each of these features has broken
// somebody's, so each must stay in the schema.
func TestSchemaHasWhatMigrationsStumbleOver(t *testing.T) {
	t.Parallel()
	conn := shoptest.Connect(t, shoptest.Migrated(t, testkit.Postgres(t).URL()))
	for what, query := range map[string]string{
		"foreign keys":             "SELECT count(*) >= 10 FROM pg_constraint WHERE contype = 'f' AND connamespace = 'shop'::regnamespace",
		"a table referring itself": "SELECT count(*) = 1 FROM pg_constraint WHERE contype = 'f' AND conrelid = confrelid",
		"a sequence of its own":    "SELECT count(*) = 1 FROM pg_sequences WHERE schemaname = 'shop' AND sequencename = 'order_number'",
		"identity always":          "SELECT count(*) >= 3 FROM pg_attribute WHERE attidentity = 'a'",
		"identity by default":      "SELECT count(*) >= 2 FROM pg_attribute WHERE attidentity = 'd'",
		"generated columns":        "SELECT count(*) = 3 FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE attgenerated = 's' AND relkind = 'r' AND relnamespace = 'shop'::regnamespace",
		"jsonb":                    "SELECT count(*) >= 4 FROM information_schema.columns WHERE table_schema = 'shop' AND data_type = 'jsonb'",
		"arrays":                   "SELECT count(*) >= 1 FROM information_schema.columns WHERE table_schema = 'shop' AND data_type = 'ARRAY'",
		"enums":                    "SELECT count(*) = 2 FROM pg_type WHERE typtype = 'e' AND typnamespace = 'shop'::regnamespace",
		"a partitioned table":      "SELECT count(*) = 1 FROM pg_partitioned_table WHERE partstrat = 'r'",
		"a default partition":      "SELECT count(*) = 1 FROM pg_partitioned_table WHERE partdefid <> 0",
		"a table without key":      "SELECT count(*) = 1 FROM pg_class c WHERE relname = 'page_view' AND NOT relhasindex OR relname = 'page_view' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND (indisprimary OR indisunique))",
		"a materialised view":      "SELECT count(*) = 1 FROM pg_matviews WHERE schemaname = 'shop' AND ispopulated",
		"a view":                   "SELECT count(*) = 1 FROM pg_views WHERE schemaname = 'shop'",
		"triggers":                 "SELECT count(*) >= 4 FROM pg_trigger WHERE NOT tgisinternal",
		"a large object":           "SELECT count(*) = 1 FROM pg_largeobject_metadata",
		"an extension":             "SELECT count(*) = 1 FROM pg_extension WHERE extname = 'pg_trgm'",
		"check constraints":        "SELECT count(*) >= 10 FROM pg_constraint WHERE contype = 'c' AND connamespace = 'shop'::regnamespace",
		"expression indexes":       "SELECT count(*) >= 2 FROM pg_index WHERE indexprs IS NOT NULL AND indrelid::regclass::text LIKE 'shop.%'",
		"partial indexes":          "SELECT count(*) = 3 FROM pg_index WHERE indpred IS NOT NULL AND indrelid::regclass::text LIKE 'shop.%'",
		"comments":                 "SELECT count(*) >= 8 FROM pg_description WHERE objoid >= 16384",
		"a row policy":             "SELECT count(*) = 1 FROM pg_policies WHERE schemaname = 'shop'",
	} {
		if !shoptest.Value[bool](t, conn, query) {
			t.Errorf("%s: not in the schema", what)
		}
	}
}

// Logical replication applies rows with an empty search_path and must be able
// to run every trigger function and generated column.
func TestTriggersWorkWithoutASearchPath(t *testing.T) {
	t.Parallel()
	conn := shoptest.Connect(t, shoptest.Stocked(t, testkit.Postgres(t).URL(), 20))
	shoptest.Exec(t, conn, "SET search_path = ''")
	before := shoptest.Value[int](t, conn, "SELECT on_hand FROM shop.stock WHERE book_id = 3")
	shoptest.Exec(t, conn, "INSERT INTO shop.stock_movement (book_id, quantity) VALUES (3, 7)")
	if after := shoptest.Value[int](t, conn, "SELECT on_hand FROM shop.stock WHERE book_id = 3"); after != before+7 {
		t.Errorf("on hand %d, want %d", after, before+7)
	}
	shoptest.Exec(t, conn, "UPDATE shop.book SET title = 'A New Name' WHERE book_id = 3")
	if text := shoptest.Value[string](t, conn, "SELECT search_text FROM shop.book WHERE book_id = 3"); !strings.HasPrefix(text, "a new name") {
		t.Errorf("search text %q does not follow the title", text)
	}
}

func TestTroubleGivesKinds(t *testing.T) {
	t.Parallel()
	conn := shoptest.Connect(t, shoptest.Migrated(t, testkit.Postgres(t).URL()))
	fails := func(sql string) error {
		_, err := conn.Exec(t.Context(), sql)
		return schema.Trouble(err, "try", "")
	}
	for sql, want := range map[string]trouble.Kind{
		"SELECT 1 FROM shop.nothing":                             trouble.NotFound,
		"INSERT INTO shop.setting VALUES ('a', '1'), ('a', '1')": trouble.Conflict,
		"SELECT * FROM pg_authid":                                trouble.Denied,
		"SELEC":                                                  trouble.Internal,
	} {
		if got := trouble.KindOf(fails(sql)); got != want {
			t.Errorf("%s: kind %q, want %q", sql, got, want)
		}
	}
	shoptest.Exec(t, conn, "SET default_transaction_read_only = on")
	err := fails("DELETE FROM shop.setting")
	if !trouble.Is(err, trouble.ReadOnly) || !schema.ReadOnly(err) {
		t.Errorf("a read-only database gave %v", err)
	}
	if again := schema.Trouble(err, "outer", ""); !errors.Is(again, err) || again.Error() != err.Error() {
		t.Errorf("a kind was given twice: %v", again)
	}
	if schema.Trouble(nil, "x", "") != nil {
		t.Error("nil became trouble")
	}
}
