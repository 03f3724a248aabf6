package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/landfall/internal/config"
	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/store"
)

func workspace(t testing.TB) *store.Workspace {
	t.Helper()
	w, err := store.Create(t.TempDir(), []byte("schemaVersion: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func mode(t testing.TB, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestTheConfigFileHasOneName(t *testing.T) {
	t.Parallel()
	if store.ConfigFile != config.FileName {
		t.Errorf("store says %q, config says %q", store.ConfigFile, config.FileName)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "folder")
	w, err := store.Create(dir, []byte("first"))
	if err != nil || w.Root() != dir {
		t.Fatalf("%+v, %v", w, err)
	}
	if mode(t, filepath.Join(dir, ".landfall")) != 0o700 {
		t.Error("the private folder is open to others")
	}
	_, err = store.Create(dir, []byte("second"))
	if !fault.Is(err, fault.Conflict) || strings.Contains(err.Error(), "\n") {
		t.Errorf("created twice: %v", err)
	}
	if b, err := os.ReadFile(w.ConfigPath()); err != nil || string(b) != "first" {
		t.Errorf("the second attempt changed the file: %q, %v", b, err)
	}
	names(t, dir, ".landfall", "landfall.yaml")
}

// names checks that the folder holds exactly these.
func names(t testing.TB, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	deep := filepath.Join(w.Root(), "a", "b")
	if err := os.MkdirAll(filepath.Join(deep, store.ConfigFile), 0o700); err != nil { // a folder of that name marks nothing
		t.Fatal(err)
	}
	for _, dir := range []string{w.Root(), filepath.Join(w.Root(), "a"), deep} {
		if found, err := store.Find(dir); err != nil || found.Root() != w.Root() {
			t.Errorf("Find(%s) = %+v, %v", dir, found, err)
		}
	}
	if found, err := store.Open(w.Root()); err != nil || found.Root() != w.Root() {
		t.Errorf("Open = %+v, %v", found, err)
	}
	_, err := store.Open(deep)
	_, none := store.Find(t.TempDir())
	for _, err := range []error{err, none} {
		if !fault.Is(err, fault.NotFound) || fault.HintOf(err) == "" {
			t.Errorf("no workspace: %v", err)
		}
	}
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	w := workspace(t)
	dir := filepath.Join(w.Root(), ".landfall")
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path, err := w.Private("sandbox", "state.json")
	if err != nil || path != filepath.Join(dir, "sandbox", "state.json") || mode(t, dir) != 0o700 {
		t.Errorf("%s, %v, mode %v", path, err, mode(t, dir))
	}
	if filepath.Dir(w.LedgerPath()) != dir {
		t.Errorf("the ledger is at %s", w.LedgerPath())
	}
	if b, err := os.ReadFile(filepath.Join(dir, ".gitignore")); err != nil || string(b) != "*\n" {
		t.Errorf(".gitignore: %q, %v", b, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Private(); !fault.Is(err, fault.Conflict) {
		t.Errorf("a file in its place: %v", err)
	}
}
