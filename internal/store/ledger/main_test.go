package ledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"example.com/landfall/internal/store/ledger"
)

// roleVariable makes the test binary another program: a writer that the tests
// start several of and kill.
const roleVariable = "LANDFALL_LEDGER_TEST_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(roleVariable); path != "" {
		if err := write(path, os.Args[1], os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// write appends count entries as the actor and prints the number of each one
// that it was told is safe.
func write(path, actor, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	l, err := ledger.Open(context.Background(), path, ledger.Options{})
	if err != nil {
		return err
	}
	for i := range n {
		e, err := l.Append(context.Background(), ledger.Record{Kind: "test.written", Actor: actor, Subject: "s", Body: map[string]any{"i": i}})
		if err != nil {
			return err
		}
		fmt.Println(e.Seq)
	}
	return l.Close()
}

// clock gives times that are a second apart.
func clock() func() time.Time {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)
	return func() time.Time { at = at.Add(time.Second); return at }
}

func options() ledger.Options {
	return ledger.Options{Now: clock(), Random: rand.NewChaCha8([32]byte{1})}
}

func open(t testing.TB, path string) *ledger.Ledger {
	t.Helper()
	l, err := ledger.Open(t.Context(), path, options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// filled makes a ledger with n entries and returns its path. It is closed.
func filled(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path)
	for i := range n {
		record := ledger.Record{Kind: "test.written", Actor: "ann", Subject: fmt.Sprintf("subject %d", i), Body: map[string]any{"i": i, "text": "<é>"}}
		if _, err := l.Append(t.Context(), record); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// raw opens the file behind the ledger's back.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	return db
}

func verify(t testing.TB, path string, expected ...ledger.Head) (ledger.Verdict, error) {
	t.Helper()
	l, err := ledger.OpenReadOnly(t.Context(), path)
	if err != nil {
		return ledger.Verdict{}, err
	}
	defer l.Close()
	return l.Verify(t.Context(), expected...)
}
