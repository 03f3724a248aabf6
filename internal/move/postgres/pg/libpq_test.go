package pg_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/move/postgres/pg"
)

// Programs reach what the endpoint reaches, with the same demands on TLS.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		want []string
	}{
		{"postgres://u:p%20w@h:6432/d?sslmode=disable", []string{"PGDATABASE=d", "PGHOST=h", "PGPASSWORD=p w", "PGPORT=6432", "PGSSLMODE=disable", "PGUSER=u"}},
		{"host=h user=u password='p''w' dbname=d sslmode=require", []string{"PGPORT=5432", "PGSSLMODE=require"}},
	} {
		e, err := pg.Parse(strings.ReplaceAll(test.text, "''", `\'`))
		if err != nil {
			t.Fatal(err)
		}
		env := e.Environment()
		for _, want := range test.want {
			if !slices.Contains(env, want) {
				t.Errorf("%s: no %s", test.text, want)
			}
		}
		names := map[string]bool{}
		for _, v := range env {
			name, _, _ := strings.Cut(v, "=")
			if names[name] {
				t.Errorf("%s: %s is there twice", test.text, name)
			}
			names[name] = true
		}
	}
}
