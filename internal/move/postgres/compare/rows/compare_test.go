package rows

import (
	"testing"

	"example.com/landfall/internal/move"
)

// Two databases with the same content are equal although OIDs, the order of rows
// and of columns, dropped columns and the images of NaN differ.
func TestEqual(t *testing.T) {
	t.Parallel()
	source, target, sides := two(t)
	source.exec(kinds)
	target.exec(filler + kinds)
	target.exec(`CREATE TABLE s.again AS SELECT * FROM s.nokey ORDER BY b, a; TRUNCATE s.nokey; ALTER TABLE s.nokey ADD gone int; INSERT INTO s.nokey SELECT *, 1 FROM s.again; DROP TABLE s.again;
		ALTER TABLE s.nokey DROP gone, ADD c int; ALTER TABLE s.nokey DROP a; ALTER TABLE s.nokey ADD a int; ALTER TABLE s.nokey DROP c; TRUNCATE s.nokey;
		INSERT INTO s.nokey (a, b) SELECT g%10, 'x'||g%3 FROM generate_series(1,200) g ORDER BY random(); INSERT INTO s.nokey (a, b) VALUES (NULL, NULL), (NULL, NULL), (NULL, '');
		UPDATE s.kinds SET f8 = (SELECT 'Infinity'::float8 * g.x FROM (VALUES (0::float8)) g(x)), f4 = (SELECT 'Infinity'::float4 * g.x FROM (VALUES (0::float4)) g(x)),
		  fa = ARRAY[4, NULL, (SELECT 'Infinity'::float8 * g.x FROM (VALUES (0::float8)) g(x)), 4/7.0] WHERE id = 4`)
	for name, got := range compareOf(t, sides, Options{}) {
		if got.Verdict != Equal || got.Proof != move.Read || got.SourceRows != got.TargetRows {
			t.Errorf("%s: %+v", name, got)
		}
	}
	views, err := Views(t.Context(), sides, Options{})
	if err != nil || len(views) != 2 || views[0].Verdict != Equal || views[1].Verdict != Equal || views[0].SourceRows == 0 || views[1].Reason == "" {
		t.Errorf("%+v %v", views, err)
	}
}
