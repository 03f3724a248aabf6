package schema_test

import (
	"fmt"
	"testing"

	"example.com/landfall/internal/move/postgres/compare/schema"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
)

// BenchmarkRead reads the catalogue of 2,000 tables of eight columns, with their
// keys and foreign keys.
func BenchmarkRead(b *testing.B) {
	e, err := pg.Parse(testkit.Postgres(b).URL())
	if err != nil {
		b.Fatal(err)
	}
	conn, err := e.Connect(b.Context(), "test")
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	for i := range 2000 {
		sql := fmt.Sprintf("CREATE TABLE public.m%d (id int PRIMARY KEY, a text NOT NULL DEFAULT 'x', b int REFERENCES public.m0, c numeric, d date, e jsonb, f text, g text)", i)
		if _, err := conn.Exec(b.Context(), sql); err != nil {
			b.Fatal(err)
		}
	}
	var objects int
	for b.Loop() {
		c, err := schema.Read(b.Context(), conn, pg.Selection{})
		if err != nil || len(c.Unread) > 0 {
			b.Fatal(err, c.Unread)
		}
		objects = len(c.Objects)
	}
	b.ReportMetric(float64(objects), "objects")
}
