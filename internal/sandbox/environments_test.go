package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/cli"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/sandbox"
	"example.com/landfall/internal/sandbox/dns"
	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/view"
	"example.com/landfall/internal/wire"
)

// cliVariable makes the test binary the landfall executable for every verb.
const cliVariable = "LANDFALL_TEST_CLI"

// landfall is the program, as cmd/landfall builds it.
func landfall() int {
	dir, err := os.Getwd()
	if err != nil {
		return 1
	}
	exe, err := os.Executable()
	if err != nil {
		return 1
	}
	return cli.Main(context.Background(), cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.LookupEnv, Dir: dir, Exe: exe,
		Version: "test", Now: time.Now, User: "tester", Environ: os.Environ(),
	}, wire.Build, os.Args[1:])
}

// verb runs a verb of landfall in the sandbox's workspace with the sandbox's
// environment, and returns its exit code and what it said.
func verb(t *testing.T, o sandbox.Options, args ...string) (code int, out, talk string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code, err := sandbox.RunSelf(t.Context(), sandbox.ShopRun{
		Workspace: o.Workspace, Exe: o.Exe, Args: append(args, "--workspace", o.Workspace),
		Environ: append(slices.Clone(o.Environ), cliVariable+"=1"), Out: &stdout, Err: &stderr,
	})
	if err != nil {
		t.Fatal(err)
	}
	return code, stdout.String(), stderr.String()
}

// must is verb, for what has to succeed.
func must(t *testing.T, o sandbox.Options, args ...string) string {
	t.Helper()
	code, out, talk := verb(t, o, args...)
	if code != 0 {
		t.Fatalf("landfall %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, talk)
	}
	return out
}

// shopPassword is the administrator's in every environment.
const shopPassword = "Lf1-of-no-other-sandbox"

// checkEnvironments deploys the sample workload's test environment and, once
// that is verified, its production beside it. Afterwards a deployment of either
// would change nothing, and each has a database of its own.
func checkEnvironments(t *testing.T, o sandbox.Options, _ sandbox.Upped) {
	must(t, o, "init", "bookshop")
	must(t, o, "assess", "--no-logs")
	must(t, o, "design")
	parameters := writeParameters(t, o)
	deploy := func(environment string, approve ...string) view.Deployed {
		t.Helper()
		out := must(t, o, append([]string{"deploy", "--environment", environment, "--parameters", parameters, "--json"}, approve...)...)
		var shown view.Deployed
		if err := json.Unmarshal([]byte(out), &shown); err != nil {
			t.Fatal(err)
		}
		return shown
	}
	early := deploy("production")
	code, _, talk := verb(t, o, "deploy", "--environment", "production", "--parameters", parameters, "--approve", early.Preview.Fingerprint)
	if code == 0 || !strings.Contains(talk, "production is shut") {
		t.Errorf("production before test: exit code %d: %s", code, talk)
	}
	for _, environment := range []string{"test", "production"} {
		preview := deploy(environment)
		done := deploy(environment, "--approve", preview.Preview.Fingerprint)
		if preview.Preview.Touched() == 0 || !done.Verified || done.After == nil || done.After.Touched() > 0 {
			t.Errorf("%s: %d to change, verified %v", environment, preview.Preview.Touched(), done.Verified)
		}
	}
	var addresses []string
	for _, environment := range []string{"test", "production"} {
		again := deploy(environment)
		if n := again.Preview.Touched(); n > 0 || !again.Verified {
			t.Errorf("%s would change %d resources once more", environment, n)
		}
		addresses = append(addresses, databaseOf(t, o, again))
	}
	for i, want := range []string{"made_in_0", "made_in_1"} {
		if got := databases(t, addresses[i], want); got != want {
			t.Errorf("the database at %s holds %s, want %s", addresses[i], got, want)
		}
	}
}

// writeParameters makes up a value for each parameter of the design.
func writeParameters(t *testing.T, o sandbox.Options) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(o.Workspace, "design.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d design.Design
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	for _, p := range d.Parameters {
		if p.Default == nil && p.Name != "tenantId" {
			values[p.Name] = shopPassword
		}
	}
	raw, err = json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "parameters.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// databaseOf returns the address of an environment's flexible server: where its
// name leads, and where a cluster runs that the status tells of.
func databaseOf(t *testing.T, o sandbox.Options, d view.Deployed) string {
	t.Helper()
	for _, c := range d.Preview.Changes {
		segments := strings.Split(string(c.ID), "/")
		if !strings.EqualFold(segments[len(segments)-2], "flexibleServers") {
			continue
		}
		name := segments[len(segments)-1]
		found, err := dns.Resolver(environment(t, o)["LANDFALL_SANDBOX_DNS"]).LookupHost(t.Context(), name+".postgres.database.azure.com")
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %v, %v", name, found, err)
		}
		address := net.JoinHostPort(found[0], "5432")
		for _, p := range statusOf(t, o).Parts {
			if strings.HasPrefix(p.Name, "postgres-azure") && p.State == part.Ready && p.Addresses[0] == address {
				return address
			}
		}
		t.Fatalf("%s leads to %s, where no cluster runs: %+v", name, address, statusOf(t, o).Parts)
	}
	t.Fatalf("%s has no flexible server", d.Environment)
	return ""
}

// databases makes a database and lists those that were made so.
func databases(t *testing.T, address, name string) (found string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), part.PostgresURL(address, "bookshop", shopPassword, "postgres", "require"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Error(err)
	}
	if err := conn.QueryRow(t.Context(), "SELECT string_agg(datname, ' ') FROM pg_database WHERE datname LIKE 'made_in_%'").Scan(&found); err != nil {
		t.Error(err)
	}
	return found
}

// The deletion of an environment takes its own database along and no other.
func checkEnvironmentGone(t *testing.T, o sandbox.Options, _ sandbox.Upped) {
	env := environment(t, o)
	credential, options := azureAccess(t, env)
	groups, err := armresources.NewResourceGroupsClient(env["AZURE_SUBSCRIPTION_ID"], credential, options)
	if err != nil {
		t.Fatal(err)
	}
	poller, err := groups.BeginDelete(t.Context(), "rg-bookshop-test", nil)
	if err == nil {
		_, err = poller.PollUntilDone(t.Context(), &runtime.PollUntilDoneOptions{Frequency: 50 * time.Millisecond})
	}
	if err != nil {
		t.Fatal(err)
	}
	kept := ""
	for _, p := range statusOf(t, o).Parts {
		if strings.HasPrefix(p.Name, "postgres-azure-psql-bookshop-db-") && p.State == part.Ready {
			kept = p.Addresses[0]
		}
	}
	if got := databases(t, kept, "made_in_2"); got != "made_in_1 made_in_2" {
		t.Errorf("production at %s holds %s", kept, got)
	}
	conn, err := pgx.Connect(t.Context(), env["LANDFALL_SANDBOX_TARGET_DATABASE"])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var left int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname LIKE 'made_in_%'").Scan(&left); err != nil || left > 0 {
		t.Errorf("%d databases of the test environment are there, %v", left, err)
	}
}
