package database_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/engine/internal/database"
	"example.com/landfall/internal/fault"
)

// store is a folder with a new store; its name has what an SQLite URI would
// take for something else.
func store(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a b?c=d#e%20f")
	path := filepath.Join(dir, "engine.db")
	if err := errors.Join(os.Mkdir(dir, 0o700), prepare(path)); err != nil {
		t.Fatal(err)
	}
	return path
}

func prepare(path string) error {
	return database.PrepareStore(context.Background(), path, slog.New(slog.DiscardHandler))
}

// edit runs statements on a file, as another program would.
func edit(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+database.Name(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, path, query string) string {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+database.Name(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var answer string
	if err := db.QueryRow(query).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

const (
	columns = "SELECT group_concat(t || '.' || c) FROM (SELECT m.name t, x.name c FROM sqlite_master m, pragma_table_xinfo(m.name) x WHERE m.type='table' ORDER BY 1, 2)"
	keep    = "INSERT INTO shards VALUES (41, 7, x'00', 'proto3')"
	kept    = "SELECT count(*) FROM shards WHERE shard_id = 41"
)

func TestAStoreIsMadeOnce(t *testing.T) {
	t.Parallel()
	path := store(t)
	edit(t, path, keep)
	if err := prepare(path); err != nil {
		t.Fatal(err)
	}
	if ask(t, path, kept) != "1" {
		t.Error("what was in the store is gone")
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("beside the store: %v, %v", entries, err)
	}
}

// A process that was killed while it made the store left a draft; an empty
// file is what a full disk leaves.
func TestAHalfMadeStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "engine.db")
	for _, name := range []string{path, path + ".new"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit(t, path+".new", "CREATE TABLE shards (x)")
	if err := prepare(path); err != nil {
		t.Fatal(err)
	}
	if err := prepare(path); err != nil {
		t.Error(err)
	}
}

// older turns a new store into one of schema 0.5, before several changes of
// columns and tables.
func older(t *testing.T, path string) {
	t.Helper()
	edit(t, path, keep,
		"DROP TABLE current_chasm_executions", "DROP TABLE tasks_v2", "DROP TABLE task_queues_v2", "DROP TABLE chasm_node_maps",
		"ALTER TABLE current_executions DROP COLUMN data", "ALTER TABLE current_executions DROP COLUMN data_encoding",
		"ALTER TABLE current_executions DROP COLUMN start_time", "PRAGMA user_version = 5")
}

func TestAnOlderStoreIsMigrated(t *testing.T) {
	t.Parallel()
	path, fresh := store(t), store(t)
	older(t, path)
	for range 2 { // the second time there is nothing to do
		if err := prepare(path); err != nil {
			t.Fatal(err)
		}
	}
	if have, want := ask(t, path, columns), ask(t, fresh, columns); have != want {
		t.Errorf("after the migration:\n%s\nnew:\n%s", have, want)
	}
	if ask(t, path, "PRAGMA user_version") != ask(t, fresh, "PRAGMA user_version") || ask(t, path, kept) != "1" {
		t.Error("the version or the content is not what it should be")
	}
	before := path + ".schema-0.5"
	if ask(t, before, "PRAGMA user_version") != "5" || ask(t, before, kept) != "1" {
		t.Error("the copy is not the store of before")
	}
}

// What cannot be used is refused with one line, and not a byte of it changes.
func TestRefusedStores(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, path string)
		kind  fault.Kind
		says  string
	}{
		"newer":               {func(t *testing.T, p string) { edit(t, p, "PRAGMA user_version = 1099") }, fault.Unsupported, "has schema 1.99, this engine works with " + database.Schema()},
		"of another program":  {func(t *testing.T, p string) { edit(t, p, "PRAGMA application_id = 1") }, fault.Invalid, "another program"},
		"a table is missing":  {func(t *testing.T, p string) { edit(t, p, "DROP TABLE timer_tasks") }, fault.Unsupported, `"timer_tasks.`},
		"a column is missing": {func(t *testing.T, p string) { edit(t, p, "ALTER TABLE shards DROP COLUMN data") }, fault.Unsupported, `"shards.data"`},
		"no database": {func(t *testing.T, p string) {
			if err := os.WriteFile(p, bytes.Repeat([]byte("text"), 1024), 0o600); err != nil {
				t.Fatal(err)
			}
		}, fault.Invalid, "open the engine's store"},
		// It says 0.5 and has the tables of today: the steps do not apply.
		"the version lies": {func(t *testing.T, p string) { edit(t, p, "PRAGMA user_version = 5") }, fault.Unsupported, "migrate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := store(t)
			c.spoil(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			err = prepare(path)
			if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") || fault.HintOf(err) == "" {
				t.Errorf("%v (%s), want %s with %q", err, fault.KindOf(err), c.kind, c.says)
			}
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was changed, %v", err)
			}
		})
	}
}

func TestVisibilityIsMadeAnewWhenItDiffers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "visibility.db")
	look := func(want bool) {
		t.Helper()
		if remade, err := database.PrepareVisibility(context.Background(), path); err != nil || remade != want {
			t.Errorf("made anew: %v, %v; want %v", remade, err, want)
		}
	}
	look(true)
	look(false)
	for _, change := range []string{
		"ALTER TABLE executions_visibility ADD COLUMN Extra INT", "DROP TABLE executions_visibility", "CREATE INDEX extra ON executions_visibility (run_id)",
	} {
		edit(t, path, change)
		look(true)
		look(false)
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte("no database "), 500), 0o600); err != nil {
		t.Fatal(err)
	}
	look(true)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	look(true)
	look(false)
}

func TestBackup(t *testing.T) {
	t.Parallel()
	path := store(t)
	edit(t, path, "PRAGMA journal_mode = wal", keep)
	// The engine is in the middle of a write that is not committed.
	db, err := sql.Open("sqlite", "file:"+database.Name(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("DELETE FROM shards"); err != nil {
		t.Fatal(err)
	}
	ctx, to := context.Background(), filepath.Join(t.TempDir(), "copy of it's.db")
	if err := database.Backup(ctx, path, to); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy has mode %v, %v", info.Mode(), err)
	}
	if ask(t, to, kept) != "1" {
		t.Error("the copy does not have what was committed")
	}
	if err := prepare(to); err != nil {
		t.Errorf("the copy is no store: %v", err)
	}
	if err := database.Backup(ctx, path, to); !fault.Is(err, fault.Conflict) {
		t.Errorf("over a file: %v", err)
	}
	if err := database.Backup(ctx, path+".none", to+".2"); !fault.Is(err, fault.NotFound) {
		t.Errorf("of nothing: %v", err)
	}
	if err := database.Backup(ctx, path, filepath.Join(to, "below a file")); err == nil {
		t.Error("below a file")
	}
	entries, err := os.ReadDir(filepath.Dir(to))
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if err != nil || slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, ".") }) {
		t.Errorf("drafts are left: %v, %v", names, err)
	}
}

func TestOpenRuns(t *testing.T) {
	t.Parallel()
	path := store(t)
	const namespace = "00112233-4455-6677-8899-aabbccddeeff"
	row := "INSERT INTO current_executions (shard_id, namespace_id, workflow_id, run_id, create_request_id, state, status, last_write_version, data) VALUES "
	edit(t, path,
		row+"(1, x'00112233445566778899aabbccddeeff', 'running', x'01', '', 2, 1, 0, x'')",
		row+"(1, x'00112233445566778899aabbccddeeff', 'created', x'02', '', 1, 1, 0, x'')",
		row+"(1, x'00112233445566778899aabbccddeeff', 'ended', x'03', '', 3, 2, 0, x'')",
		row+"(1, x'99112233445566778899aabbccddeeff', 'of the server', x'04', '', 2, 1, 0, x'')")
	if n, err := database.OpenRuns(context.Background(), path, namespace); err != nil || n != 2 {
		t.Errorf("%d open runs, %v; want 2", n, err)
	}
	if _, err := database.OpenRuns(context.Background(), path, "landfall"); !fault.Is(err, fault.Internal) {
		t.Errorf("a name for an id: %v", err)
	}
	if _, err := database.OpenRuns(context.Background(), path+".none", namespace); err == nil {
		t.Error("runs of no store")
	}
	if err := database.Checkpoint(path); err != nil {
		t.Error(err)
	}
}
