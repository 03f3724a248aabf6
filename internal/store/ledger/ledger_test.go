package ledger_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store/ledger"
)

func TestAppendAndRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path)
	var appended []ledger.Entry
	for _, r := range []ledger.Record{
		{Kind: "sandbox.started", Actor: "landfall", Subject: "sandbox"},
		{Kind: "approval.given", Actor: "ann", Subject: "runbook.json", Body: map[string]any{"fingerprint": "sha256:" + strings.Repeat("0", 64), "b": 1, "a": []int{1}}},
		{Kind: "approval.withdrawn", Actor: "bob", Body: struct{}{}},
	} {
		e, err := l.Append(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		appended = append(appended, e)
	}
	var read []ledger.Entry
	for e, err := range l.Entries(t.Context(), 1, ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, e)
	}
	if len(read) != 3 {
		t.Fatalf("read %d entries", len(read))
	}
	for i, e := range read {
		if e.Seq != int64(i+1) || e.Hash != appended[i].Hash || e.Hash != hash(e) {
			t.Errorf("read %+v, appended %+v", e, appended[i])
		}
		if i > 0 && e.Previous != read[i-1].Hash {
			t.Errorf("entry %d does not continue the one before", e.Seq)
		}
	}
	if got := string(read[1].Body); !strings.HasPrefix(got, `{"a":[1],"b":1,`) || string(read[0].Body) != "{}" {
		t.Errorf("bodies %s and %s", read[0].Body, got)
	}
	if want := "2026-01-02T03:04:07.678901Z"; read[0].Time != want || read[0].When().Format(time.RFC3339Nano) != want {
		t.Errorf("time %s, %s", read[0].Time, read[0].When())
	}
	head, err := l.Head(t.Context())
	if err != nil || head.Seq != 3 || head.Hash != read[2].Hash {
		t.Errorf("head %+v, %v", head, err)
	}
	kept, err := ledger.ReadHeadFile(path)
	if err != nil || kept != head {
		t.Errorf("kept head %+v, %v, want %+v", kept, err, head)
	}
	if parsed, err := ledger.ParseHead(head.String()); err != nil || parsed != head {
		t.Errorf("ParseHead(%s) = %+v, %v", head, parsed, err)
	}
	v, err := l.Verify(t.Context(), head)
	if err != nil || v.Entries != 3 || v.Head != head || v.Break != nil || len(v.Checked) != 2 {
		t.Errorf("verify: %+v, %v", v, err)
	}
}

// hash computes an entry's hash from the description in the reference alone,
// so that a change of the encoding is noticed.
func hash(e ledger.Entry) string {
	h := sha256.New()
	for _, field := range []string{"landfall ledger entry 1", strconv.FormatInt(e.Seq, 10), e.Time, e.Kind, e.Actor, e.Subject, string(e.Body), e.Previous} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(field))))
		h.Write([]byte(field))
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func TestFilter(t *testing.T) {
	t.Parallel()
	l := open(t, filepath.Join(t.TempDir(), "ledger.db"))
	for _, r := range []ledger.Record{
		{Kind: "step.done", Actor: "ann", Subject: "a"}, {Kind: "step.undone", Actor: "bob", Subject: "a"},
		{Kind: "steps.listed", Actor: "ann", Subject: "b"}, {Kind: "step.done", Actor: "bob", Subject: "b"},
	} {
		if _, err := l.Append(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	at := func(second int) time.Time { return time.Date(2026, 1, 2, 3, 4, 5+second, 678901000, time.UTC) }
	for _, c := range []struct {
		from   int64
		filter ledger.Filter
		want   string
	}{
		{0, ledger.Filter{}, "1234"}, {3, ledger.Filter{}, "34"}, {9, ledger.Filter{}, ""},
		{1, ledger.Filter{Kind: "step.done"}, "14"}, {1, ledger.Filter{Kind: "step."}, "124"}, {1, ledger.Filter{Kind: "step"}, ""},
		{1, ledger.Filter{Actor: "ann"}, "13"}, {2, ledger.Filter{Kind: "step.", Actor: "bob", Subject: "b"}, "4"},
		{1, ledger.Filter{Since: at(3), Until: at(4)}, "23"}, {1, ledger.Filter{Since: at(3).Add(time.Microsecond)}, "34"},
	} {
		got := ""
		for e, err := range l.Entries(t.Context(), c.from, c.filter) {
			if err != nil {
				t.Fatal(err)
			}
			got += strconv.FormatInt(e.Seq, 10)
		}
		if got != c.want {
			t.Errorf("from %d, %+v: got %q, want %q", c.from, c.filter, got, c.want)
		}
	}
	for range l.Entries(t.Context(), 1, ledger.Filter{}) {
		break // ending early must give the connection back
	}
}

// Appending while iterating must neither block nor show up.
func TestAppendWhileReading(t *testing.T) {
	t.Parallel()
	l := open(t, filled(t, 3))
	n := 0
	for _, err := range l.Entries(t.Context(), 1, ledger.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(t.Context(), ledger.Record{Kind: "test.seen", Actor: "ann"}); err != nil {
			t.Fatal(err)
		}
		n++
	}
	if head, err := l.Head(t.Context()); err != nil || n != 3 || head.Seq != 6 {
		t.Errorf("iterated over %d entries, head %+v, %v", n, head, err)
	}
}

func TestRecordsAreChecked(t *testing.T) {
	t.Parallel()
	path := filled(t, 1)
	l := open(t, path)
	good := ledger.Record{Kind: "test.written", Actor: "ann", Subject: "s"}
	for name, c := range map[string]struct {
		change func(*ledger.Record)
		kind   fault.Kind
	}{
		"no kind":            {func(r *ledger.Record) { r.Kind = "" }, fault.Invalid},
		"one word":           {func(r *ledger.Record) { r.Kind = "started" }, fault.Invalid},
		"capitals":           {func(r *ledger.Record) { r.Kind = "Test.Written" }, fault.Invalid},
		"long kind":          {func(r *ledger.Record) { r.Kind = "a." + strings.Repeat("b", 100) }, fault.Invalid},
		"no actor":           {func(r *ledger.Record) { r.Actor = "" }, fault.Invalid},
		"two lines":          {func(r *ledger.Record) { r.Actor = "ann\nbob" }, fault.Invalid},
		"not UTF-8":          {func(r *ledger.Record) { r.Subject = "\xff" }, fault.Invalid},
		"long subject":       {func(r *ledger.Record) { r.Subject = strings.Repeat("s", 3000) }, fault.Invalid},
		"a list":             {func(r *ledger.Record) { r.Body = []int{1} }, fault.Invalid},
		"null":               {func(r *ledger.Record) { r.Body = (*struct{})(nil) }, fault.Invalid},
		"not JSON":           {func(r *ledger.Record) { r.Body = map[string]any{"f": func() {}} }, fault.Invalid},
		"a rounded number":   {func(r *ledger.Record) { r.Body = map[string]any{"n": int64(1<<53 + 1)} }, fault.Invalid},
		"a large body":       {func(r *ledger.Record) { r.Body = map[string]any{"s": strings.Repeat("x", 1<<20)} }, fault.Invalid},
		"a password":         {func(r *ledger.Record) { r.Body = map[string]any{"db": map[string]any{"password": "hunter2"}} }, fault.Refused},
		"a numeric password": {func(r *ledger.Record) { r.Body = map[string]any{"password": 1234} }, fault.Refused},
		"a password in text": {func(r *ledger.Record) { r.Body = map[string]any{"error": "dial postgres://a:hunter2@h/d"} }, fault.Refused},
		"a secret subject":   {func(r *ledger.Record) { r.Subject = "postgres://a:hunter2@h/d" }, fault.Refused},
	} {
		r := good
		c.change(&r)
		_, err := l.Append(t.Context(), r)
		if !fault.Is(err, c.kind) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want the kind %s", name, err, c.kind)
		}
	}
	good.Body = map[string]any{"password": "env:PGPASSWORD", "secretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:x", "tokenCount": 3}
	if _, err := l.Append(t.Context(), good); err != nil {
		t.Errorf("references are refused: %v", err)
	}
	if v, err := verify(t, path); err != nil || v.Entries != 2 {
		t.Errorf("a refused record was written: %+v, %v", v, err)
	}
}

func TestFileIsTheOwnersOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "odd name ?#%41 é.db")
	l := open(t, path)
	if _, err := l.Append(t.Context(), ledger.Record{Kind: "test.written", Actor: "ann"}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(filepath.Base(f), "odd name ?#%41 é.db") {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
	l.Close()
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode after opening: %v, %v", info.Mode(), err)
	}
}

func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	var group sync.WaitGroup
	for range 4 {
		// Each has a ledger of its own, and all of them make the file at once.
		l, err := ledger.Open(t.Context(), path, ledger.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for range 2 {
			group.Go(func() {
				for range 10 {
					if _, err := l.Append(t.Context(), ledger.Record{Kind: "test.written", Actor: "ann"}); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	group.Wait()
	if v, err := verify(t, path); err != nil || v.Entries != 80 {
		t.Errorf("verify: %+v, %v", v, err)
	}
}

func TestCancelledAppendAddsNothing(t *testing.T) {
	t.Parallel()
	path := filled(t, 1)
	l := open(t, path)
	db := raw(t, path)
	defer db.Close()
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil { // another writer that does not end
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := l.Append(ctx, ledger.Record{Kind: "test.written", Actor: "ann"})
	if !fault.Is(err, fault.Timeout) {
		t.Errorf("append under a lock gives %v", err)
	}
	if _, err := db.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), ledger.Record{Kind: "test.written", Actor: "ann"}); err != nil {
		t.Error(err)
	}
	if v, err := verify(t, path); err != nil || v.Entries != 2 {
		t.Errorf("verify: %+v, %v", v, err)
	}
}

func TestTriggersRefuse(t *testing.T) {
	t.Parallel()
	path := filled(t, 3)
	db := raw(t, path)
	defer db.Close()
	for _, statement := range []string{
		"UPDATE entry SET actor = 'mallory' WHERE seq = 2", "DELETE FROM entry WHERE seq = 3", "DELETE FROM entry",
		"INSERT OR REPLACE INTO entry SELECT * FROM entry WHERE seq = 2",
		"INSERT INTO entry VALUES (9, 't', 'k.k', 'a', 's', '{}', 'p', 'h')",
		"UPDATE head SET seq = 2", "UPDATE head SET hash = 'x'", "DELETE FROM head", "UPDATE anchor SET id = 'x'", "DELETE FROM anchor",
	} {
		if _, err := db.Exec(statement); err == nil {
			t.Errorf("%s: allowed", statement)
		}
	}
	db.Close()
	if v, err := verify(t, path); err != nil || v.Entries != 3 {
		t.Errorf("verify: %+v, %v", v, err)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := ledger.OpenReadOnly(t.Context(), filepath.Join(dir, "none.db")); !fault.Is(err, fault.NotFound) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := ledger.Open(t.Context(), filepath.Join(dir, "no", "folder.db"), options()); !fault.Is(err, fault.NotFound) {
		t.Errorf("no folder: %v", err)
	}
	other := filepath.Join(dir, "other.db")
	db := raw(t, other)
	if _, err := db.Exec("CREATE TABLE t (a)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	newer := filled(t, 1)
	db = raw(t, newer)
	if _, err := db.Exec("PRAGMA user_version = 2"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, kind := range map[string]fault.Kind{
		dir: fault.Invalid, other: fault.Invalid, newer: fault.Unsupported,
		write("empty.db", ""): fault.Invalid, write("text.db", strings.Repeat("hello\n", 1000)): fault.Invalid, write("short.db", "SQLite format 3\x00"): fault.Invalid,
	} {
		_, err := ledger.Open(t.Context(), path, options())
		_, readOnly := ledger.OpenReadOnly(t.Context(), path)
		if !fault.Is(err, kind) || !fault.Is(readOnly, kind) || fault.HintOf(err) == "" || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v and %v, want the kind %s", path, err, readOnly, kind)
		}
	}
}
