package main

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"example.com/landfall/internal/testkit"
)

// TestPostgresScripts runs the product against two clusters of PostgreSQL.
func TestPostgresScripts(t *testing.T) {
	servers := map[string]testkit.PostgresServer{"source": testkit.OwnPostgres(t), "target": testkit.OwnPostgres(t)}
	sql := func(ts *testscript.TestScript, side, database, statement string) {
		conn, err := pgx.Connect(context.Background(), servers[side].DatabaseURL(database))
		ts.Check(err)
		defer conn.Close(context.Background())
		_, err = conn.Exec(context.Background(), statement, pgx.QueryExecModeSimpleProtocol)
		ts.Check(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "postgres"), UpdateScripts: *update, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			database := filepath.Base(e.WorkDir)
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("DB", database)
			e.Setenv("SOURCE", servers["source"].DatabaseURL(database))
			e.Setenv("TARGET", servers["target"].DatabaseURL(database))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			// run-sql source|target STATEMENT executes in the script's own database, database
			// source|target makes it.
			"run-sql": func(ts *testscript.TestScript, _ bool, args []string) {
				sql(ts, args[0], ts.Getenv("DB"), args[1])
			},
			"database": func(ts *testscript.TestScript, _ bool, args []string) {
				sql(ts, args[0], "postgres", `CREATE DATABASE "`+ts.Getenv("DB")+`"`)
			},
		},
	})
}
