package main

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite"
)

var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

// TestMain lets the scripts run the program itself and a small SQL shell, as
// processes of their own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"landfall": main,
		"sql":      sqlShell,
	})
}

// TestScripts runs the product as a user does: each script reads like a
// session at a terminal. Error texts are asserted here and nowhere else.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			// Nothing of the developer's own clouds may reach a script.
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			e.Setenv("AWS_REGION", "us-east-1")
			e.Setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
			return nil
		},
	})
}

// sqlShell runs the statements given as arguments on a database: what somebody
// would do who wants to change history.
func sqlShell() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: sql FILE STATEMENT...")
		os.Exit(2)
	}
	db, err := sql.Open("sqlite", os.Args[1])
	if err == nil {
		defer db.Close() //nolint:errcheck // the process ends
		for _, statement := range os.Args[2:] {
			if _, err = db.Exec(statement); err != nil {
				break
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
