package follow_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/move/postgres/follow"
	"example.com/landfall/internal/move/postgres/pg"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// patience is for waiting on servers; a busy machine must not fail a test.
const patience = 3 * time.Minute

// side is a database with Landfall's login and the superuser that stands for the
// provider.
type side struct {
	pg.Endpoint
	owner *pgx.Conn // superuser
	cut   func(login, password string) string
}

func endpoint(t testing.TB, url string) pg.Endpoint {
	t.Helper()
	e, err := pg.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// served makes a cluster as a managed service hands it out, with the database
// "shop" and the login "lander" that is its administrator.
func served(t testing.TB, statements func(master, password string, databases ...string) []part.Statement, settings ...part.Setting) side {
	t.Helper()
	server := testkit.OwnPostgres(t, settings...)
	conn := session(t, endpoint(t, server.URL()))
	for _, s := range statements("lander", `la'nd\er`, "shop") {
		do(t, conn, s.SQL)
	}
	url := func(login, password string) string {
		return part.PostgresURL(server.Address, login, password, "shop", "disable")
	}
	return side{endpoint(t, url("lander", `la'nd\er`)), session(t, endpoint(t, server.DatabaseURL("shop"))), url}
}

// plain makes two databases of one cluster, whose login is a superuser.
func plain(t testing.TB) (source, target side) {
	t.Helper()
	one := func() side {
		server := testkit.Postgres(t)
		e := endpoint(t, server.URL())
		return side{Endpoint: e, owner: session(t, e)}
	}
	return one(), one()
}

func session(t testing.TB, e pg.Endpoint) *pgx.Conn {
	t.Helper()
	conn, err := e.Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func do(t testing.TB, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// one reads a single value as text.
func one(t testing.TB, conn *pgx.Conn, sql string) string {
	t.Helper()
	var got *string
	if err := conn.QueryRow(t.Context(), "SELECT ("+sql+")::text").Scan(&got); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if got == nil {
		return "NULL"
	}
	return *got
}

// shop are tables with a key, with a unique index only, without either, and with
// types that cannot travel in binary form.
const shop = `
CREATE TABLE public.orders (id bigint PRIMARY KEY, note text, at timestamptz DEFAULT now());
CREATE TABLE public.codes (code text NOT NULL UNIQUE, n int);
CREATE TABLE public.log (line text);
CREATE UNLOGGED TABLE public.scratch (id int PRIMARY KEY);
CREATE TABLE public.parts (id int NOT NULL, region text NOT NULL, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
CREATE TABLE public.parts_eu PARTITION OF public.parts FOR VALUES IN ('eu'); CREATE TABLE public.parts_us PARTITION OF public.parts FOR VALUES IN ('us');`

const run = follow.Run("0a1b2c3d")

// stream is one from source to target with the tables of the source.
func stream(t testing.TB, source, target side) follow.Stream {
	t.Helper()
	tables, err := pg.Tables(t.Context(), session(t, source.Endpoint), pg.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("%08x", time.Now().UnixNano()&0xffffffff)
	r := follow.Run(name)
	return follow.Stream{Run: r, Name: r.Generation(1), Publisher: source.Endpoint, Subscriber: target.Endpoint, Tables: tables}
}

// begun makes and enables a stream; it is cleaned up with the test.
func begun(t testing.TB, s follow.Stream) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		left, err := follow.Clean(ctx, s.Run, follow.Sides{Source: s.Publisher, Target: s.Subscriber})
		if err != nil || len(left) > 0 {
			t.Error(left, err)
		}
	})
	must(t, s.Publish(t.Context()))
	if _, err := s.MakeSlot(t.Context()); err != nil {
		t.Fatal(err)
	}
	must(t, s.Subscribe(t.Context()))
	must(t, s.Enable(t.Context()))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// caughtUp waits until the subscriber has what is committed at the publisher.
func caughtUp(t testing.TB, streams ...follow.Stream) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	f := follow.NewFollower(streams, follow.Options{})
	defer f.Close()
	lsn, err := f.Mark(ctx)
	must(t, err)
	must(t, f.Await(ctx, lsn))
}

// secretFree fails for a text that holds the password of Landfall's login.
func secretFree(t testing.TB, text string) {
	t.Helper()
	for _, form := range []string{`la'nd`, `la''nd`, `la\'nd`} {
		if strings.Contains(text, form) {
			t.Errorf("a password in %s", text)
		}
	}
}
