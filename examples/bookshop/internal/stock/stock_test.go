package stock_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image/jpeg"
	"testing"
	"time"

	"example.com/landfall/examples/bookshop/internal/blob"
	"example.com/landfall/examples/bookshop/internal/blob/s3blob"
	"example.com/landfall/examples/bookshop/internal/shoptest"
	"example.com/landfall/examples/bookshop/internal/stock"
	"example.com/landfall/examples/bookshop/internal/trouble"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// Every cover is a JPEG that decodes, of 1 to 6 KiB, unlike any other, and the
// same each time.
func TestCovers(t *testing.T) {
	t.Parallel()
	one, err := stock.NewArtist(1)
	if err != nil {
		t.Fatal(err)
	}
	two, err := stock.NewArtist(1)
	if err != nil {
		t.Fatal(err)
	}
	other, err := stock.NewArtist(2)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[[32]byte]int{}
	for id := 1; id <= 400; id++ {
		cover := one.Cover(id)
		picture, err := jpeg.Decode(bytes.NewReader(cover))
		if err != nil || picture.Bounds().Dx() != 120 || picture.Bounds().Dy() != 180 {
			t.Fatalf("cover %d: %v", id, err)
		}
		if len(cover) < 1<<10 || len(cover) > 6<<10 {
			t.Errorf("cover %d has %d bytes", id, len(cover))
		}
		sum := sha256.Sum256(cover)
		if before, twice := seen[sum]; twice {
			t.Errorf("covers %d and %d are the same", before, id)
		}
		seen[sum] = id
		if !bytes.Equal(cover, two.Cover(id)) || bytes.Equal(cover, other.Cover(id)) {
			t.Errorf("cover %d does not follow the seed", id)
		}
	}
}

func TestPuttingCoversCanBeRepeated(t *testing.T) {
	t.Parallel()
	server := testkit.ObjectStore(t)
	store := s3blob.Open(server.Config(t), server.Bucket(t))
	first, err := stock.Covers(t.Context(), store, stock.CoverOptions{Count: 40, Seed: 1})
	if err != nil || first.Put != 40 || first.Kept != 0 {
		t.Fatalf("first: %+v, %v", first, err)
	}
	// What a stopped or disturbed run leaves: one cover is damaged, ten are missing.
	if err := store.Put(t.Context(), "covers/7.jpg", []byte("half"), "image/jpeg"); err != nil {
		t.Fatal(err)
	}
	second, err := stock.Covers(t.Context(), store, stock.CoverOptions{Count: 50, Seed: 1})
	if err != nil || second.Put != 11 || second.Kept != 39 {
		t.Errorf("second: %+v, %v, want 11 put and 39 kept", second, err)
	}
	n := 0
	if err := store.List(t.Context(), "covers/", func(blob.Info) error { n++; return nil }); err != nil || n != 50 {
		t.Errorf("%d covers, %v", n, err)
	}
}

// Rows are a function of the seed, and a second run changes nothing.
func TestRows(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	opts := stock.Options{Books: 200, Orders: 300, Seed: 7}
	// One hash over what matters of all tables.
	const fingerprint = `SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM (
		SELECT b.book_id::text || isbn || title || coalesce(subtitle, '') || price_cents || format || details::text || subjects::text AS t FROM shop.book b
		UNION ALL SELECT client_order_id || customer_seq || encode(content_sha256, 'hex') || total_cents || placed_at FROM shop.orders
		UNION ALL SELECT order_no || '/' || line_no || '/' || book_id || '/' || quantity FROM shop.order_line
		UNION ALL SELECT book_id || ':' || on_hand FROM shop.stock) x`
	var prints []string
	for i := range 2 {
		conn := shoptest.Connect(t, shoptest.Migrated(t, testkit.Postgres(t).URL()))
		filled, err := stock.Rows(t.Context(), conn, opts, now)
		if err != nil || !filled {
			t.Fatalf("database %d: %v, %v", i, filled, err)
		}
		prints = append(prints, shoptest.Value[string](t, conn, fingerprint))
		again, err := stock.Rows(t.Context(), conn, opts, now)
		if err != nil || again {
			t.Errorf("the second run: filled %v, %v", again, err)
		}
		if got := shoptest.Value[string](t, conn, fingerprint); got != prints[i] {
			t.Error("the second run changed rows")
		}
		if _, err := stock.Rows(t.Context(), conn, stock.Options{Books: 5, Seed: 7}, now); !trouble.Is(err, trouble.Conflict) {
			t.Errorf("other options gave %v", err)
		}
	}
	if prints[0] != prints[1] {
		t.Error("two databases of one seed differ")
	}
}

func TestStockedShopIsConsistent(t *testing.T) {
	t.Parallel()
	conn := shoptest.Connect(t, shoptest.Stocked(t, testkit.Postgres(t).URL(), 200))
	for what, query := range map[string]string{
		"stock is the sum of its movements":   "SELECT count(*) FROM shop.stock s WHERE on_hand <> (SELECT sum(quantity) FROM shop.stock_movement m WHERE m.book_id = s.book_id)",
		"ledgers sum to zero":                 "SELECT count(*) FROM (SELECT FROM shop.ledger_entry GROUP BY order_no HAVING sum(amount) <> 0 OR count(*) <> 2) x",
		"totals are the lines":                "SELECT count(*) FROM shop.orders o WHERE total_cents <> (SELECT sum(line_cents) FROM shop.order_line l WHERE l.order_no = o.order_no)",
		"numbers go on behind the last order": "SELECT count(*) FROM shop.orders WHERE order_no > (SELECT last_value FROM shop.order_number)",
		"no event is outside a month":         "SELECT count(*) FROM shop.order_event_other",
		"check digits of ISBNs are right": `SELECT count(*) FROM shop.book WHERE (SELECT sum(substr(isbn, i, 1)::int * CASE WHEN i % 2 = 0 THEN 3 ELSE 1 END)
			FROM generate_series(1, 13) i) % 10 <> 0`,
	} {
		if n := shoptest.Value[int](t, conn, query); n != 0 {
			t.Errorf("%s: not so for %d", what, n)
		}
	}
	if n := shoptest.Value[int](t, conn, "SELECT count(DISTINCT title) FROM shop.book"); n < 150 {
		t.Errorf("200 books have %d titles", n)
	}
	// The identity columns go on behind the numbers that were given out.
	shoptest.Exec(t, conn, "INSERT INTO shop.customer (handle) VALUES ('new')")
	shoptest.Exec(t, conn, "INSERT INTO shop.author (given, family) VALUES ('New', 'Author')")
}

func TestOptionsAreBounded(t *testing.T) {
	t.Parallel()
	for _, opts := range []stock.Options{{}, {Books: -1}, {Books: 1, Orders: -1}, {Books: 2_000_000}} {
		if err := opts.Check(); !trouble.Is(err, trouble.Usage) {
			t.Errorf("%+v: got %v", opts, err)
		}
	}
	if err := (stock.Options{Books: 1}).Check(); err != nil {
		t.Error(fmt.Errorf("one book: %w", err))
	}
}
