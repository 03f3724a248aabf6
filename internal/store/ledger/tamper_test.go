package ledger_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/ledger"
)

// tamper changes a copy of the ledger in content behind the ledger's back,
// with the triggers out of the way, and puts the triggers back, so that only
// the change itself can be found.
func tamper(t testing.TB, content []byte, change func(db *sql.DB) error) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "landfall-tamper-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "ledger.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	defer db.Close()
	names, statements := triggers(t, db)
	for _, name := range names {
		if _, err := db.Exec("DROP TRIGGER " + name); err != nil {
			t.Fatal(err)
		}
	}
	if err := change(db); err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func triggers(t testing.TB, db *sql.DB) (names, statements []string) {
	t.Helper()
	rows, err := db.Query("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name, statement string
		if err := rows.Scan(&name, &statement); err != nil {
			t.Fatal(err)
		}
		names, statements = append(names, name), append(statements, statement)
	}
	return names, statements
}

func contents(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func run(statement string, args ...any) func(*sql.DB) error {
	return func(db *sql.DB) error { _, err := db.Exec(statement, args...); return err }
}

// The probe itself must not count as a change.
func TestTamperWithNothing(t *testing.T) {
	t.Parallel()
	path := tamper(t, contents(t, filled(t, 3)), func(*sql.DB) error { return nil })
	if v, err := verify(t, path); err != nil || v.Entries != 3 {
		t.Errorf("verify: %+v, %v", v, err)
	}
}

// Every single change of every kind is found, at the first bad entry.
func TestEveryChangeIsFound(t *testing.T) {
	t.Parallel()
	const entries = 6
	content := contents(t, filled(t, entries))
	rapid.Check(t, func(r *rapid.T) {
		seq := rapid.Int64Range(1, entries).Draw(r, "seq")
		other := rapid.Int64Range(1, entries).Filter(func(n int64) bool { return n != seq }).Draw(r, "other")
		var change func(*sql.DB) error
		want := seq
		kind := rapid.SampledFrom([]string{"change", "append text", "renumber", "delete", "delete and close up", "swap", "swap contents", "insert", "insert at the end", "head"}).Draw(r, "kind")
		switch kind {
		case "change":
			column := rapid.SampledFrom([]string{"time", "kind", "actor", "subject", "body", "previous", "hash"}).Draw(r, "column")
			text := rapid.StringMatching(`[ -~]{0,20}`).Draw(r, "text")
			change = run("UPDATE entry SET "+column+" = ? WHERE seq = ?", text, seq)
		case "append text":
			column := rapid.SampledFrom([]string{"time", "kind", "actor", "subject", "body", "previous", "hash"}).Draw(r, "column")
			change = run("UPDATE entry SET "+column+" = "+column+" || ? WHERE seq = ?", rapid.SampledFrom([]string{" ", "\x00", "x", "\x00x"}).Draw(r, "tail"), seq)
		case "renumber":
			change = run("UPDATE entry SET seq = ? WHERE seq = ?", entries+rapid.Int64Range(1, 9).Draw(r, "by"), seq)
		case "delete":
			change = run("DELETE FROM entry WHERE seq = ?", seq)
		case "delete and close up":
			change = func(db *sql.DB) error {
				if err := run("DELETE FROM entry WHERE seq = ?", seq)(db); err != nil {
					return err
				}
				for i := seq + 1; i <= entries; i++ {
					if err := run("UPDATE entry SET seq = ? WHERE seq = ?", i-1, i)(db); err != nil {
						return err
					}
				}
				return nil
			}
		case "swap":
			change, want = swap(seq, other), min(seq, other)
		case "swap contents":
			change, want = swapContents(seq, other), min(seq, other)
		case "insert":
			if seq == entries { // the copy is the last entry itself, in its own place
				want = entries + 1
			}
			change = func(db *sql.DB) error {
				for i := int64(entries); i >= seq; i-- {
					if err := run("UPDATE entry SET seq = ? WHERE seq = ?", i+1, i)(db); err != nil {
						return err
					}
				}
				return run("INSERT INTO entry SELECT ?, time, kind, actor, subject, body, previous, hash FROM entry WHERE seq = ?", seq, entries+1)(db)
			}
		case "insert at the end":
			change, want = insertValid(t, entries), entries+1
		case "head":
			change, want = run("UPDATE head SET seq = ?", other), 0
			if other == entries {
				change = run("UPDATE head SET hash = (SELECT hash FROM entry WHERE seq = ?)", seq%entries)
			}
		}
		v, err := verify(t, tamper(t, content, change))
		if !fault.Is(err, fault.Found) || v.Break == nil || want > 0 && v.Break.Seq != want || v.Break.Why == "" || strings.Contains(err.Error(), "\n") {
			r.Fatalf("%s of entry %d (%d): %+v, %v; want a break at %d", kind, seq, other, v.Break, err, want)
		}
	})
}

func swap(a, b int64) func(*sql.DB) error {
	return func(db *sql.DB) error {
		for _, step := range [][2]int64{{a, 1000}, {b, a}, {1000, b}} {
			if err := run("UPDATE entry SET seq = ? WHERE seq = ?", step[1], step[0])(db); err != nil {
				return err
			}
		}
		return nil
	}
}

// swapContents leaves each row its own place in the chain.
func swapContents(a, b int64) func(*sql.DB) error {
	return run(`UPDATE entry SET (time, kind, actor, subject, body) =
		(SELECT time, kind, actor, subject, body FROM entry o WHERE o.seq = ? + ? - entry.seq) WHERE seq IN (?, ?)`, a, b, a, b)
}

// insertValid adds a well-formed entry that continues the chain, as somebody
// would who knows the encoding, but leaves the head.
func insertValid(t testing.TB, last int64) func(*sql.DB) error {
	return func(db *sql.DB) error {
		e := ledger.Entry{Seq: last + 1, Time: "2026-01-02T03:04:05.000000Z", Kind: "approval.given", Actor: "mallory", Body: []byte("{}")}
		if err := db.QueryRow("SELECT hash FROM entry WHERE seq = ?", last).Scan(&e.Previous); err != nil {
			return err
		}
		e.Hash = hash(e)
		return run("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", e.Seq, e.Time, e.Kind, e.Actor, e.Subject, string(e.Body), e.Previous, e.Hash)(db)
	}
}

// A tail that is cut off together with the head row is whole by itself; the
// copy of the head, or a head that was kept elsewhere, shows it.
func TestCutTailIsFoundByAKeptHead(t *testing.T) {
	t.Parallel()
	original := filled(t, 5)
	kept, err := ledger.ReadHeadFile(original)
	if err != nil || kept.Seq != 5 {
		t.Fatalf("kept head %+v, %v", kept, err)
	}
	path := tamper(t, contents(t, original), func(db *sql.DB) error {
		if err := run("DELETE FROM entry WHERE seq > 3")(db); err != nil {
			return err
		}
		return run("UPDATE head SET seq = 3, hash = (SELECT hash FROM entry WHERE seq = 3)")(db)
	})
	if v, err := verify(t, path); err != nil || v.Entries != 3 || len(v.Checked) != 0 {
		t.Fatalf("alone: %+v, %v", v, err)
	}
	if v, err := verify(t, path, kept); !fault.Is(err, fault.Found) || v.Break == nil || v.Break.Seq != 4 {
		t.Errorf("with an expected head: %+v, %v", v, err)
	}
	if err := os.WriteFile(path+".head", contents(t, original+".head"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v, err := verify(t, path); !fault.Is(err, fault.Found) || v.Break == nil || v.Break.Seq != 4 {
		t.Errorf("with the copy beside it: %+v, %v", v, err)
	}
	// An append must not cover the traces.
	l := open(t, path)
	if _, err := l.Append(t.Context(), ledger.Record{Kind: "test.written", Actor: "ann"}); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if v, err := verify(t, path); !fault.Is(err, fault.Found) {
		t.Errorf("after an append: %+v, %v", v, err)
	}
}

// A chain that was computed anew from a changed entry on is found by a head
// that was kept before.
func TestRewrittenChainIsFoundByAKeptHead(t *testing.T) {
	t.Parallel()
	original := filled(t, 5)
	kept, err := ledger.ReadHeadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	path := tamper(t, contents(t, original), func(db *sql.DB) error { return rewrite(db, 2) })
	if v, err := verify(t, path); err != nil || v.Entries != 5 {
		t.Fatalf("alone: %+v, %v", v, err)
	}
	if v, err := verify(t, path, kept); !fault.Is(err, fault.Found) || v.Break == nil || v.Break.Seq != 5 {
		t.Errorf("with an expected head: %+v, %v", v, err)
	}
}

// rewrite changes the actor of an entry and makes the rest of the chain fit.
func rewrite(db *sql.DB, seq int64) error {
	rows, err := db.Query("SELECT seq, time, kind, actor, subject, body, previous FROM entry ORDER BY seq")
	if err != nil {
		return err
	}
	var all []ledger.Entry
	for rows.Next() {
		var e ledger.Entry
		if err := rows.Scan(&e.Seq, &e.Time, &e.Kind, &e.Actor, &e.Subject, (*[]byte)(&e.Body), &e.Previous); err != nil {
			return err
		}
		all = append(all, e)
	}
	for i := seq - 1; i < int64(len(all)); i++ {
		e := &all[i]
		if e.Seq == seq {
			e.Actor = "mallory"
		} else {
			e.Previous = all[i-1].Hash
		}
		e.Hash = hash(*e)
		if err := run("UPDATE entry SET actor = ?, previous = ?, hash = ? WHERE seq = ?", e.Actor, e.Previous, e.Hash, e.Seq)(db); err != nil {
			return err
		}
	}
	return run("UPDATE head SET hash = ?", all[len(all)-1].Hash)(db)
}

// What surrounds the entries is checked as well.
func TestTamperedSurroundings(t *testing.T) {
	t.Parallel()
	content := contents(t, filled(t, 3))
	for statement, seq := range map[string]int64{
		"UPDATE anchor SET id = 'x'":                 1,
		"UPDATE anchor SET created = 'x'":            1,
		"DELETE FROM anchor":                         0,
		"DELETE FROM head":                           4,
		"CREATE TABLE more (a)":                      0,
		"CREATE VIEW more AS SELECT * FROM entry":    0,
		"ALTER TABLE entry ADD COLUMN more TEXT":     0,
		"UPDATE head SET seq = 7":                    4,
		"DELETE FROM entry":                          1,
		"UPDATE entry SET hash = '' WHERE seq = 3":   3,
		"UPDATE entry SET seq = seq + 1":             -1, // refused or found: row by row it collides
		"UPDATE entry SET seq = seq + 10":            1,
		"UPDATE entry SET body = CAST(body AS BLOB)": -1, // STRICT refuses
	} {
		refused := false
		path := tamper(t, content, func(db *sql.DB) error {
			_, err := db.Exec(statement)
			refused = err != nil
			return nil
		})
		v, err := verify(t, path)
		if seq < 0 && refused {
			continue
		}
		if !fault.Is(err, fault.Found) || v.Break == nil || seq >= 0 && v.Break.Seq != seq {
			t.Errorf("%s: %+v, %v, want a break at %d", statement, v.Break, err, seq)
		}
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	if _, err := db.Exec("DROP TRIGGER entry_no_DELETE"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if v, err := verify(t, path); !fault.Is(err, fault.Found) || v.Break == nil || !strings.Contains(v.Break.Why, "entry_no_DELETE") {
		t.Errorf("a missing trigger: %+v, %v", v, err)
	}
}

func TestAppendRefusesABrokenEnd(t *testing.T) {
	t.Parallel()
	content := contents(t, filled(t, 3))
	for _, statement := range []string{"UPDATE entry SET actor = 'mallory' WHERE seq = 3", "DELETE FROM entry WHERE seq = 3", "UPDATE head SET hash = 'x'", "DELETE FROM entry"} {
		path := tamper(t, content, run(statement))
		l := open(t, path)
		if _, err := l.Append(t.Context(), ledger.Record{Kind: "test.written", Actor: "ann"}); !fault.Is(err, fault.Found) || fault.HintOf(err) == "" {
			t.Errorf("%s: append gives %v", statement, err)
		}
		if _, err := l.Export(t.Context(), &bytes.Buffer{}); !fault.Is(err, fault.Found) {
			t.Errorf("%s: export gives %v", statement, err)
		}
	}
}

func TestReadingStopsAtAChangedEntry(t *testing.T) {
	t.Parallel()
	path := tamper(t, contents(t, filled(t, 3)), run("UPDATE entry SET actor = 'mallory' WHERE seq = 2"))
	l := open(t, path)
	got := ""
	for e, err := range l.Entries(t.Context(), 1, ledger.Filter{}) {
		got += fmt.Sprint(e.Seq, fault.KindOf(err), " ")
	}
	if got != "1 0found " {
		t.Errorf("got %q", got)
	}
}

func TestHeadFile(t *testing.T) {
	t.Parallel()
	path := filled(t, 2)
	good := contents(t, path+".head")
	for _, c := range []struct {
		content string
		kind    fault.Kind
	}{
		{"", fault.Found}, {"{}", fault.Found}, {strings.Replace(string(good), `"seq":2`, `"seq":1`, 1), fault.Found}, {string(good), ""},
	} {
		if err := os.WriteFile(path+".head", []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if v, err := verify(t, path); fault.KindOf(err) != c.kind {
			t.Errorf("%q: %+v, %v", c.content, v, err)
		}
	}
	// The copy of another ledger's head.
	if err := os.WriteFile(path+".head", contents(t, otherHead(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	if v, err := verify(t, path); !fault.Is(err, fault.Found) {
		t.Errorf("another ledger's head: %+v, %v", v, err)
	}
	if _, err := ledger.ParseHead("x/1/sha256:00"); !fault.Is(err, fault.Usage) {
		t.Errorf("ParseHead: %v", err)
	}
}

func otherHead(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.db")
	l, err := ledger.Open(t.Context(), path, ledger.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(t.Context(), ledger.Record{Kind: "test.written", Actor: "ann"}); err != nil {
		t.Fatal(err)
	}
	return path + ".head"
}
