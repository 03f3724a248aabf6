package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite"

	"example.com/landfall/internal/sandbox/arm/armtest"
	"example.com/landfall/internal/sandbox/tools"
)

var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

// TestMain lets the scripts run the program itself and a small SQL shell, as
// processes of their own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"landfall": main,
		"sql":      sqlShell,
		// The sandbox wants the shop's program beside landfall before it
		// starts anything. No script comes so far as to start it.
		"bookshop": func() { os.Exit(1) },
	})
}

// TestScripts runs the product as a user does: each script reads like a
// session at a terminal. Error texts are asserted here and nowhere else.
func TestScripts(t *testing.T) {
	cache, err := tools.CacheDir(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
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
			e.Setenv("TOOLS", cache)
			if strings.Contains(filepath.Base(e.WorkDir), "deploy") {
				if err := azure(e); err != nil {
					return err
				}
			}
			if strings.Contains(filepath.Base(e.WorkDir), "run") {
				if err := withEngine(e, cache); err != nil {
					return err
				}
			}
			return takePort(e)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fingerprint": fingerprint, "arm": armCall, "await": await, "exits": exits, "kill9": kill9, "planned": planned, "signers": signers,
		},
	})
}

// takePort listens on a port for as long as the script runs, and tells it
// which: $TAKEN.
func takePort(e *testscript.Env) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	e.Defer(func() { _ = listener.Close() }) // nothing was written to it
	_, port, err := net.SplitHostPort(listener.Addr().String())
	e.Setenv("TAKEN", port)
	return err
}

// azure starts a Resource Manager of the script's own and points the program
// at it.
func azure(e *testscript.Env) error {
	running, err := armtest.Serve(e.WorkDir)
	if err != nil {
		return err
	}
	e.Defer(func() { _ = running.Close() }) // the test is over
	e.Values[azureValue] = running
	for name, value := range armtest.Variables() {
		e.Setenv(name, value)
	}
	for name, value := range map[string]string{
		"LANDFALL_TARGET_SUBSCRIPTION": armtest.Subscription, "LANDFALL_TARGET_TENANT": armtest.Tenant, "LANDFALL_TARGET_ENDPOINT": running.URL,
		"LANDFALL_TARGET_AUTHORITY": running.URL + "/", "LANDFALL_TARGET_CA_FILE": running.Authorities,
	} {
		e.Setenv(name, value)
	}
	return nil
}

// azureValue is the key of the script's Resource Manager among its values.
const azureValue = "azure"

// arm METHOD PATH VERSION [BODY] does something in the subscription that
// landfall has not done; PATH begins below the subscription.
func armCall(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: arm METHOD PATH VERSION [BODY]")
	}
	body := strings.Join(args[3:], " ")
	_, err := ts.Value(azureValue).(*armtest.Running).Do(context.Background(), args[0], "/subscriptions/"+armtest.Subscription+args[1], args[2], body)
	ts.Check(err)
}

// fingerprint FILE puts the fingerprint of a preview into $FINGERPRINT, and
// that of production into $PRODUCTION too.
func fingerprint(ts *testscript.TestScript, _ bool, args []string) {
	var shown struct {
		Stage   string
		Preview struct{ Fingerprint string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &shown))
	ts.Setenv("FINGERPRINT", shown.Preview.Fingerprint)
	if shown.Stage == "production" {
		ts.Setenv("PRODUCTION", shown.Preview.Fingerprint)
	}
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
