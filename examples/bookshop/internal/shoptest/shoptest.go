package shoptest

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/examples/bookshop/internal/schema"
	"example.com/landfall/examples/bookshop/internal/stock"
	"example.com/landfall/examples/bookshop/internal/store"
)

// Owned gives the empty database at adminURL to a new role with the rights of
// an RDS master user, and returns the URL for that role.
func Owned(t testing.TB, adminURL string) string {
	t.Helper()
	admin, err := pgx.Connect(t.Context(), adminURL)
	if err != nil {
		t.Fatal(err)
	}
	// Closed at once: a database that somebody is connected to cannot be copied.
	defer admin.Close(t.Context())
	name := "owner_" + strings.ToLower(rand.Text())
	password := rand.Text()
	u, err := url.Parse(adminURL)
	if err != nil {
		t.Fatal(err)
	}
	database := strings.TrimPrefix(u.Path, "/")
	Exec(t, admin, "CREATE ROLE "+name+" LOGIN CREATEDB CREATEROLE REPLICATION PASSWORD '"+password+"'")
	Exec(t, admin, "ALTER DATABASE "+pgx.Identifier{database}.Sanitize()+" OWNER TO "+name)
	u.User = url.UserPassword(name, password)
	return u.String()
}

// Migrated is Owned with the shop's schema.
func Migrated(t testing.TB, adminURL string) string {
	t.Helper()
	owned := Owned(t, adminURL)
	if _, err := schema.Apply(t.Context(), Connect(t, owned), time.Now()); err != nil {
		t.Fatal(err)
	}
	return owned
}

// Stocked is Migrated with a catalogue and half as many past orders.
func Stocked(t testing.TB, adminURL string, books int) string {
	t.Helper()
	migrated := Migrated(t, adminURL)
	if _, err := stock.Rows(t.Context(), Connect(t, migrated), stock.Options{Books: books, Orders: books / 2, Seed: 1}, time.Now()); err != nil {
		t.Fatal(err)
	}
	return migrated
}

// Copied returns a copy of a database that nobody is connected to.
func Copied(t testing.TB, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	template, name := strings.TrimPrefix(u.Path, "/"), "copy_"+strings.ToLower(rand.Text())
	u.Path = "/postgres"
	maintenance := Connect(t, u.String())
	Exec(t, maintenance, "CREATE DATABASE "+name+" TEMPLATE "+pgx.Identifier{template}.Sanitize())
	u.Path = "/" + name
	return u.String()
}

// Connect opens a connection that is closed with the test.
func Connect(t testing.TB, databaseURL string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = conn.Close(ctx) // the server is about to go
	})
	return conn
}

// Exec runs statements that must succeed.
func Exec(t testing.TB, conn *pgx.Conn, statements string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statements, args...); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

// Value returns the one value that a query gives.
func Value[T any](t testing.TB, conn *pgx.Conn, query string, args ...any) T {
	t.Helper()
	var value T
	if err := conn.QueryRow(t.Context(), query, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

// Store opens the shop's pool, closed with the test.
func Store(t testing.TB, databaseURL string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: databaseURL, Instance: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
