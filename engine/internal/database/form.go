package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"go.temporal.io/server/schema"
	sqliteschema "go.temporal.io/server/schema/sqlite"

	"example.com/landfall/internal/fault"
)

// The places of the statements in the server module.
const (
	storeSchema      = "sqlite/v3/temporal/schema.sql"
	storeVersions    = "sqlite/v3/temporal/versioned"
	visibilitySchema = "sqlite/v3/visibility/schema.sql"
)

// form is what a file says of itself in its header: whose it is, and which
// version of the tables it has. SQLite keeps both numbers for the application
// (SQLite documentation, "Database File Format").
type form struct {
	application int64
	version     int64
}

// The applications: "LfSt" and "LfVi".
const (
	storeApplication      = 0x4c665374
	visibilityApplication = 0x4c665669
)

// Schema is the version of the store's tables that this engine works with.
func Schema() string { return sqliteschema.Version }

// versionNumber turns "0.11" into 11 and "1.2" into 1002, for the header.
func versionNumber(version string) (int64, error) {
	major, minor, _ := strings.Cut(version, ".")
	a, errA := strconv.ParseInt(major, 10, 32)
	b, errB := strconv.ParseInt(minor, 10, 32)
	if errA != nil || errB != nil || a < 0 || b < 0 || b > 999 {
		return 0, fault.Newf(fault.Internal, "read schema version %q", version)
	}
	return a*1000 + b, nil
}

func versionText(number int64) string { return fmt.Sprintf("%d.%d", number/1000, number%1000) }

func (f form) stamp(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id=%d; PRAGMA user_version=%d", f.application, f.version))
	return err
}

func readForm(ctx context.Context, db *sql.DB) (f form, err error) {
	if err = db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&f.application); err == nil {
		err = db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&f.version)
	}
	return f, err
}

// columns returns "table.column" for each column and "index name" for each
// named index, sorted. A migrated file has the same as a new one, though its
// statements read differently.
func columns(ctx context.Context, db *sql.DB) ([]string, error) {
	return texts(ctx, db, `SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table'
		UNION SELECT 'index ' || name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1`)
}

// statements returns all definitions of a file, sorted.
func statements(ctx context.Context, db *sql.DB) ([]string, error) {
	return texts(ctx, db, "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master ORDER BY 1")
}

func texts(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}

// inMemory describes a database that the statements make.
func inMemory(ctx context.Context, make string, describe func(context.Context, *sql.DB) ([]string, error)) ([]string, error) {
	db, err := sql.Open("sqlite", "file::memory:")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection would have a memory of its own
	if _, err := db.ExecContext(ctx, make); err != nil {
		return nil, err
	}
	return describe(ctx, db)
}

// migration is one step from a version of the store to the next.
type migration struct {
	version    int64
	statements string
}

// migrations returns the steps after the version, in order.
func migrations(after int64) ([]migration, error) {
	entries, err := fs.ReadDir(schema.Assets(), storeVersions)
	if err != nil {
		return nil, fault.Of(fault.Internal, "read migrations", storeVersions, err)
	}
	var steps []migration
	for _, entry := range entries {
		number, err := versionNumber(strings.TrimPrefix(entry.Name(), "v"))
		if err != nil {
			return nil, err
		}
		if number <= after {
			continue
		}
		text, err := migrationText(path.Join(storeVersions, entry.Name()))
		if err != nil {
			return nil, fault.Of(fault.Internal, "read migration", entry.Name(), err)
		}
		steps = append(steps, migration{number, text})
	}
	slices.SortFunc(steps, func(a, b migration) int { return int(a.version - b.version) })
	return steps, nil
}

// migrationText joins the statements that a step's manifest names.
func migrationText(folder string) (string, error) {
	var manifest struct{ SchemaUpdateCqlFiles []string }
	data, err := fs.ReadFile(schema.Assets(), path.Join(folder, "manifest.json"))
	if err == nil {
		err = json.Unmarshal(data, &manifest)
	}
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, name := range manifest.SchemaUpdateCqlFiles {
		data, err := fs.ReadFile(schema.Assets(), path.Join(folder, name))
		if err != nil {
			return "", err
		}
		all.Write(data)
		all.WriteString("\n")
	}
	return all.String(), nil
}

func readSchema(name string) (string, error) {
	data, err := fs.ReadFile(schema.Assets(), name)
	if err != nil {
		return "", fault.Of(fault.Internal, "read schema", name, err)
	}
	return string(data), nil
}
