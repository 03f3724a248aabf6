package dump_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/pgworld"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func programs(t *testing.T) dump.Programs {
	t.Helper()
	p, err := dump.Find(t.Context(), dump.Wanted{Source: 15, Target: 15})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fake makes a folder with a pg_dump that says its version and fails as told.
func fake(t *testing.T, version, script string) string {
	t.Helper()
	dir := t.TempDir()
	text := "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'pg_dump (PostgreSQL) " + version + "'; exit; fi\n" + script + "\n"
	for _, name := range []string{"pg_dump", "pg_restore"} {
		testkit.WriteProgram(t, filepath.Join(dir, name), text)
	}
	return dir
}

func TestFind(t *testing.T) {
	t.Parallel()
	p, err := dump.Find(t.Context(), dump.Wanted{Dir: fake(t, "17.2 (Debian)", ""), Source: 15, Target: 16})
	if err != nil || p.Major != 17 || filepath.Base(p.Restore) != "pg_restore" {
		t.Errorf("%+v, %v", p, err)
	}
	for _, test := range []struct {
		version, dir, want string
	}{
		{"14.9", "", "the newest one here is of PostgreSQL 14"},
		{"9.6.1", "", `find pg_dump for PostgreSQL 15`},
		{"", t.TempDir(), `find pg_dump for PostgreSQL 15`},
	} {
		dir := test.dir
		if dir == "" {
			dir = fake(t, test.version, "")
		}
		_, err := dump.Find(t.Context(), dump.Wanted{Dir: dir, Source: 15, Target: 16})
		if fault.KindOf(err) != fault.Missing || !strings.Contains(err.Error(), test.want) || !strings.Contains(fault.HintOf(err), "postgresql-client-16") {
			t.Errorf("%q: %v, %s", test.version, err, fault.HintOf(err))
		}
	}
}

// What pg_dump says when it fails is told; passwords go by the environment alone.
func TestFailuresTellWhy(t *testing.T) {
	t.Parallel()
	dir := fake(t, "15.1", `case "$*" in *secret*) echo "pg_dump: error: the password is among the arguments" >&2;; esac
[ "$PGPASSWORD" = secret ] || echo "pg_dump: error: no password" >&2
echo "pg_dump: last built-in OID is 16383" >&2; echo "pg_dump: error: permission denied for table x" >&2; exit 1`)
	p, err := dump.Find(t.Context(), dump.Wanted{Dir: dir, Source: 15})
	if err != nil {
		t.Fatal(err)
	}
	source, err := pg.Parse("postgres://u:secret@h.example/d")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Schema(t.Context(), dump.Options{Source: source})
	if err == nil || !strings.Contains(err.Error(), "pg_dump: permission denied for table x") || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Schema(ctx, dump.Options{Source: source}); fault.KindOf(err) != fault.Canceled {
		t.Error(err)
	}
}

// A connection that was lost is no mistake of anybody: the same can work a moment later.
func TestALostConnectionMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	source, err := pg.Parse("postgres://u@h.example/d")
	if err != nil {
		t.Fatal(err)
	}
	for said, want := range map[string]fault.Kind{
		"query failed: server closed the connection unexpectedly":                                               fault.Unavailable,
		"query failed: SSL connection has been closed unexpectedly":                                             fault.Unavailable,
		"query failed: FATAL: terminating connection due to administrator command":                              fault.Unavailable,
		"connection to server at \"h\", port 5432 failed: Connection refused":                                   fault.Unavailable,
		"connection to server at \"h\", port 5432 failed: FATAL: password authentication failed for user \"u\"": fault.Internal,
		"query failed: ERROR: permission denied for table x":                                                    fault.Internal,
	} {
		p, err := dump.Find(t.Context(), dump.Wanted{Dir: fake(t, "15.1", "cat >&2 <<'END'\npg_dump: error: "+said+"\nEND\nexit 1"), Source: 15})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Schema(t.Context(), dump.Options{Source: source}); fault.KindOf(err) != want || !strings.Contains(err.Error(), said) {
			t.Errorf("%q: %s %v", said, fault.KindOf(err), err)
		}
	}
}

// Every entry has what it is and the statements that make it; those that need
// others come after them, and every statement is one that a server accepts.
func TestSchemaOfEverything(t *testing.T) {
	t.Parallel()
	server := testkit.Postgres(t)
	conn, err := pgx.Connect(t.Context(), server.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), pgworld.Everything(), pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	source, err := pg.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := programs(t).Schema(t.Context(), dump.Options{Source: source})
	if err != nil {
		t.Fatal(err)
	}
	place := map[int]int{}
	kinds := map[string]int{}
	for i, e := range entries {
		kinds[e.Kind]++
		place[e.ID] = i
		if e.Kind == "" || e.Name == "" || e.Class > 0 && e.OID == 0 {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
	for i, e := range entries {
		for _, id := range e.Needs {
			if at, ok := place[id]; ok && at >= i && entries[at].After == e.After && !strings.Contains(e.Kind, "ACL") && e.Kind != "EVENT TRIGGER" {
				t.Errorf("%s %s comes before %s, which it needs", e.Kind, e.Name, entries[at].Name)
			}
		}
	}
	for kind, want := range map[string]int{"FUNCTION": 16, "RULE": 3, "FK CONSTRAINT": 8, "TABLE ATTACH": 7, "EVENT TRIGGER": 1} {
		if kinds[kind] != want {
			t.Errorf("%d of %s, want %d", kinds[kind], kind, want)
		}
	}
	again(t, entries)
}

// again makes everything in another database, statement by statement.
func again(t *testing.T, entries []dump.Entry) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testkit.Postgres(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	for _, sql := range []string{"SET check_function_bodies = off", "SET search_path = ''", "BEGIN"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range entries {
		if e.Method != "" {
			if _, err := conn.Exec(t.Context(), "SET default_table_access_method = "+e.Method); err != nil {
				t.Fatal(err)
			}
		}
		for i, s := range e.Statements {
			// The extended protocol takes one statement at a time.
			if _, err := conn.Exec(t.Context(), s, pgx.QueryExecModeExec); err != nil {
				t.Fatalf("%s %s, statement %d of %d: %v\n%s", e.Kind, e.Name, i+1, len(e.Statements), err, s)
			}
		}
		if e.Kind == "FUNCTION" && len(e.Statements) != 2 {
			t.Errorf("%s: %q", e.Name, e.Statements)
		}
	}
}
