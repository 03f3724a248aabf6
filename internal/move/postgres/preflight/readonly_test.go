package preflight_test

import (
	"encoding/json"
	"strings"
	"testing"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/move/postgres/preflight"
)

// prepare leaves a prepared transaction where the server allows them.
func prepare(t testing.TB, m managed) {
	t.Helper()
	conn := open(t, m.super)
	defer conn.Close(t.Context())
	for _, sql := range []string{"BEGIN", "CREATE TABLE pending (a int)", "PREPARE TRANSACTION 'left open'"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(pg.Fault(err, "execute", sql))
		}
	}
}

// secrets fails when a password stands anywhere in a report.
func secrets(t testing.TB, r preflight.Report) {
	t.Helper()
	all, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"hunter2", masterPassword, adminPassword} {
		if strings.Contains(string(all), password) {
			t.Errorf("the report holds %q", password)
		}
	}
}
