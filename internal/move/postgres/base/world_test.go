package base_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	osexec "os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/base"
	"example.com/landfall/internal/move/postgres/dump"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m, testkit.Body{Name: copyBody, Run: copyUntilKilled}) }

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sides are two empty databases and a run between them.
type sides struct {
	source, target string
	run            string
}

func between(t testing.TB, source, target testkit.PostgresServer) sides {
	t.Helper()
	b := make([]byte, 4)
	_, err := rand.Read(b)
	fatal(t, err)
	s := sides{source.URL(), target.URL(), hex.EncodeToString(b)}
	t.Cleanup(func() {
		left, err := base.Clean(context.Background(), s.endpoint(t, s.source), s.endpoint(t, s.target), s.run)
		if err != nil || len(left) > 0 {
			t.Errorf("clean up: %+v, %v", left, err)
		}
	})
	return s
}

func pair(t testing.TB) sides {
	t.Helper()
	return between(t, testkit.Postgres(t), testkit.Postgres(t))
}

func (s sides) endpoint(t testing.TB, url string) pg.Endpoint {
	t.Helper()
	e, err := pg.Parse(url)
	fatal(t, err)
	return e
}

func (s sides) options(t testing.TB) base.Options {
	t.Helper()
	return base.Options{Source: s.endpoint(t, s.source), Target: s.endpoint(t, s.target), Run: s.run}
}

// copy does one pass in a Base of its own.
func (s sides) copy(t testing.TB, o base.Options) (base.Result, error) {
	t.Helper()
	b, err := base.Open(t.Context(), o)
	if err != nil {
		return base.Result{}, err
	}
	defer b.Close()
	return b.Copy(t.Context())
}

// clone does one pass that leaves nothing out.
func (s sides) clone(t testing.TB, o base.Options) base.Result {
	t.Helper()
	r, err := s.copy(t, o)
	fatal(t, err)
	for _, l := range r.Left {
		t.Errorf("left: %+v", l)
	}
	return r
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	fatal(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// exec runs statements, in one text or several.
func exec(t testing.TB, url string, statements ...string) {
	t.Helper()
	conn := connect(t, url)
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%v\n%.2000s", err, sql)
		}
	}
	fatal(t, conn.Close(t.Context()))
}

func one[T any](t testing.TB, url, sql string) (value T) {
	t.Helper()
	conn := connect(t, url)
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	fatal(t, conn.Close(t.Context()))
	return value
}

var volatile = regexp.MustCompile(`(?m)^(\\(un)?restrict .*|-- Dumped .*|--\n)`)

// schemaOf is the schema of a database as pg_dump tells it, without what a run made.
func schemaOf(t testing.TB, url string) []string {
	t.Helper()
	p, err := dump.Find(t.Context(), dump.Wanted{Source: 15, Target: 15})
	fatal(t, err)
	e, err := pg.Parse(url)
	fatal(t, err)
	cmd := osexec.Command(p.Dump, "--schema-only", "--exclude-schema=landfall_*", "--no-password")
	cmd.Env, cmd.Stderr = e.Environment(), os.Stderr
	out, err := cmd.Output()
	fatal(t, err)
	parts := strings.Split(volatile.ReplaceAllString(string(out), ""), "\n\n\n")
	for i, part := range parts {
		// pg_dump puts what is inherited first: the order of columns is not kept.
		lines := strings.Split(part, "\n")
		for j := range lines {
			lines[j] = strings.TrimSuffix(lines[j], ",")
		}
		slices.Sort(lines)
		parts[i] = strings.Join(lines, "\n")
	}
	return parts
}

// rowsOf are number and hash of the rows of every table, sequence and large object.
func rowsOf(t testing.TB, url string) []string {
	t.Helper()
	conn := connect(t, url)
	defer func() { _ = conn.Close(context.Background()) }()
	for _, sql := range []string{"SET search_path = ''", "SET extra_float_digits = 3", "SET row_security = off"} {
		_, err := conn.Exec(t.Context(), sql)
		fatal(t, err)
	}
	rows, err := conn.Query(t.Context(), `SELECT CASE relkind WHEN 'S' THEN format('SELECT last_value || '' '' || is_called FROM %I.%I', nspname, relname)
  ELSE format('SELECT count(*) || '' '' || coalesce(sum(hashtextextended(ROW(%s)::text, 0)::numeric), 0) FROM ONLY %I.%I t',
    (SELECT string_agg(format('t.%I', attname), ', ' ORDER BY attname) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped), nspname, relname) END
FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^(pg_toast|landfall_)' AND (relkind IN ('r', 'S') OR relkind = 'm' AND relispopulated)
UNION ALL SELECT format('SELECT %s::oid || '' '' || md5(lo_get(%s))', oid, oid) FROM pg_largeobject_metadata ORDER BY 1`)
	fatal(t, err)
	queries, err := pgx.CollectRows(rows, pgx.RowTo[string])
	fatal(t, err)
	var out []string
	for _, q := range queries {
		var text string
		if err := conn.QueryRow(t.Context(), q).Scan(&text); err != nil {
			text = err.Error()
		}
		out = append(out, q+": "+text)
	}
	return out
}

// same compares schema and rows of both sides.
func (s sides) same(t testing.TB) {
	t.Helper()
	s.sameSchema(t)
	differ(t, "rows", rowsOf(t, s.source), rowsOf(t, s.target))
}

func (s sides) sameSchema(t testing.TB) {
	t.Helper()
	a, b := schemaOf(t, s.source), schemaOf(t, s.target)
	slices.Sort(a)
	slices.Sort(b)
	differ(t, "schema", a, b)
}

func differ(t testing.TB, what string, source, target []string) {
	t.Helper()
	in := func(all []string) map[string]bool {
		m := map[string]bool{}
		for _, s := range all {
			m[s] = true
		}
		return m
	}
	a, b := in(source), in(target)
	for _, x := range source {
		if !b[x] {
			t.Errorf("%s: only the source has %s", what, x)
		}
	}
	for _, x := range target {
		if !a[x] {
			t.Errorf("%s: only the target has %s", what, x)
		}
	}
}

// slots are the replication slots of the run.
func (s sides) slots(t testing.TB) []string {
	t.Helper()
	return one[[]string](t, s.source, fmt.Sprintf("SELECT coalesce(array_agg(slot_name::text ORDER BY 1), '{}') FROM pg_replication_slots WHERE slot_name LIKE 'landfall_%s%%'", s.run))
}
