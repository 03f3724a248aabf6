package preflight_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// Passwords of the logins that are no superusers.
const (
	masterPassword = "master-of-rds-pw"
	adminPassword  = "admin-of-azure-pw"
)

// managed is a server as a managed service hands it out: the login, and the
// superuser that nobody has there.
type managed struct{ login, super pg.Endpoint }

// rds is a source as on Amazon RDS, flexible a target as Azure Database for
// PostgreSQL; both with a database shop.
func rds(t testing.TB, settings ...part.Setting) managed {
	t.Helper()
	return lease(t, "master", masterPassword, part.RDSStatements("master", masterPassword, "shop"), settings)
}

func flexible(t testing.TB, settings ...part.Setting) managed {
	t.Helper()
	return lease(t, "azadmin", adminPassword, part.FlexibleServerStatements("azadmin", adminPassword, "shop"), settings)
}

func lease(t testing.TB, login, password string, statements []part.Statement, settings []part.Setting) managed {
	t.Helper()
	server := testkit.OwnPostgres(t, settings...)
	for _, s := range statements {
		run(t, endpoint(t, server.DatabaseURL(s.Database)), s.SQL)
	}
	return managed{endpoint(t, part.PostgresURL(server.Address, login, password, "shop", "disable")), endpoint(t, server.DatabaseURL("shop"))}
}

func endpoint(t testing.TB, url string) pg.Endpoint {
	t.Helper()
	e, err := pg.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// run executes statements in a session of its own. Several in one text are one
// transaction, so that what must stand alone is given alone.
func run(t testing.TB, e pg.Endpoint, statements ...string) {
	t.Helper()
	conn := open(t, e)
	defer conn.Close(t.Context())
	for _, sql := range statements {
		if strings.TrimSpace(sql) == "" {
			continue
		}
		if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s\n%v", sql, pg.Fault(err, "execute", ""))
		}
	}
}

func open(t testing.TB, e pg.Endpoint) *pgx.Conn {
	t.Helper()
	conn, err := e.Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "SET search_path = public"); err != nil {
		t.Fatal(err)
	}
	return conn
}
