package pg_test

import (
	"testing"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/testkit"
)

// Landfall's own sessions write in a database that is read only for everybody else;
// a guest's do not.
func TestGuest(t *testing.T) {
	t.Parallel()
	server := testkit.Postgres(t)
	conn := connect(t, server.URL())
	if _, err := conn.Exec(t.Context(), "ALTER DATABASE "+pg.Quote(server.Database)+" SET default_transaction_read_only = on"); err != nil {
		t.Fatal(err)
	}
	e, err := pg.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	own, err := e.Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close(t.Context())
	if _, err := own.Exec(t.Context(), "CREATE TABLE public.a ()"); err != nil {
		t.Error(err)
	}
	guest, err := e.Guest(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer guest.Close(t.Context())
	if _, err := guest.Exec(t.Context(), "CREATE TABLE public.b ()"); pg.Code(err) != "25006" {
		t.Error(err)
	}
	var name string
	if err := guest.QueryRow(t.Context(), "SHOW application_name").Scan(&name); err != nil || name != "landfall test" {
		t.Error(name, err)
	}
}
