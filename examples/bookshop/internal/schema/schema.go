package schema

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"example.com/landfall/examples/bookshop/internal/trouble"
)

//go:embed sql/*.sql
var files embed.FS

// lockKey is an arbitrary number that the migrations of all instances share.
const lockKey = 0x626f6f6b73 // "books"

// Version is one numbered SQL file.
type Version struct {
	Number int
	Name   string
	SQL    string
}

// Versions returns all versions, oldest first.
func Versions() ([]Version, error) {
	names, err := fs.Glob(files, "sql/*.sql")
	if err != nil {
		return nil, trouble.Of(trouble.Internal, "list schema versions", "", err)
	}
	versions := make([]Version, 0, len(names)) // Glob sorts, and so do the numbers
	for i, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, trouble.Of(trouble.Internal, "read schema version", name, err)
		}
		base := strings.TrimSuffix(strings.TrimPrefix(name, "sql/"), ".sql")
		digits, title, _ := strings.Cut(base, "_")
		number, err := strconv.Atoi(digits)
		if err != nil || number != i+1 {
			return nil, trouble.Of(trouble.Internal, "number schema version", name, err)
		}
		versions = append(versions, Version{Number: number, Name: title, SQL: string(text)})
	}
	return versions, nil
}

// Result says what Apply did.
type Result struct {
	Before, After int
	Partitions    int // months created
}

// Apply brings the database at conn to the newest version and creates the
// event partitions from three months back to two months ahead of now. Calling
// it again changes nothing. When a version cannot be applied, the ones before
// it stay applied.
func Apply(ctx context.Context, conn *pgx.Conn, now time.Time) (Result, error) {
	versions, err := Versions()
	if err != nil {
		return Result{}, err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lockKey); err != nil {
		return Result{}, Trouble(err, "lock the schema", "")
	}
	defer func() {
		// The lock goes with the session in any case; a caller that keeps the
		// connection gets it back without the lock.
		_, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", lockKey)
	}()
	before, err := current(ctx, conn)
	if err != nil {
		return Result{}, err
	}
	if before > len(versions) {
		return Result{}, trouble.Of(trouble.Conflict, "migrate", "", fmt.Errorf("the database has schema version %d, this program knows %d: run a newer bookshop", before, len(versions)))
	}
	for _, v := range versions[before:] {
		if err := apply(ctx, conn, v); err != nil {
			return Result{Before: before}, err
		}
	}
	result := Result{Before: before, After: len(versions)}
	err = conn.QueryRow(ctx, "SELECT shop.ensure_event_months($1, $2)", Month(now, -3), Month(now, 2)).Scan(&result.Partitions)
	return result, Trouble(err, "create event partitions", "")
}

// Month returns the first day of the month that lies months after now's, in
// UTC. It starts from the first, because three months before May 31 would be
// February 31, which time.AddDate takes for March 3.
func Month(now time.Time, months int) time.Time {
	now = now.UTC()
	return time.Date(now.Year(), now.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
}

// current returns the version of the database; 0 for one without the shop.
func current(ctx context.Context, conn *pgx.Conn) (int, error) {
	const table = `CREATE SCHEMA IF NOT EXISTS shop;
		CREATE TABLE IF NOT EXISTS shop.schema_version (
			version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`
	if _, err := conn.Exec(ctx, table); err != nil {
		return 0, Trouble(err, "create table", "shop.schema_version")
	}
	var version int
	err := conn.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM shop.schema_version").Scan(&version)
	return version, Trouble(err, "read table", "shop.schema_version")
}

func apply(ctx context.Context, conn *pgx.Conn, v Version) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, v.SQL); err != nil {
			return Trouble(err, "apply schema version", v.Name)
		}
		_, err := tx.Exec(ctx, "INSERT INTO shop.schema_version (version, name) VALUES ($1, $2)", v.Number, v.Name)
		return Trouble(err, "record schema version", v.Name)
	})
	return Trouble(err, "commit schema version", v.Name)
}
