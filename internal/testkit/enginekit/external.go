package enginekit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"example.com/landfall/internal/engine/codec"
	"example.com/landfall/internal/engine/host"
	"example.com/landfall/internal/sandbox/proc"
	"example.com/landfall/internal/sandbox/tools"
	"example.com/landfall/internal/testkit"
)

// temporalVariable names the folder with the official programs.
const temporalVariable = "LANDFALL_TEMPORAL"

const (
	programServer  = "temporal-server"
	programSQLTool = "temporal-sql-tool"
)

// made returns the path of a program that is built once: in the folder that
// the variable names, or in that of the engine in the cache.
func made(t testing.TB, name, command string) string {
	t.Helper()
	dir := os.Getenv(temporalVariable)
	if dir == "" {
		cache, err := tools.CacheDir(os.Getenv)
		check(t, err)
		dir = filepath.Join(cache, "engine")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the program %s is not there (%v); make it with: %s", name, err, command)
	}
	return path
}

// Database is where an official server keeps its runs.
type Database func(t testing.TB, dir string) (environ []string)

// SQLite keeps them in two files.
func SQLite(_ testing.TB, dir string) []string {
	return []string{"DB=sqlite", "DBNAME=" + filepath.Join(dir, "store.db"), "VISIBILITY_DBNAME=" + filepath.Join(dir, "visibility.db")}
}

// PostgreSQL keeps them in a cluster of this test, whose schema the server's
// own tool makes.
func PostgreSQL(t testing.TB, _ string) []string {
	t.Helper()
	p := testkit.OwnPostgres(t)
	t.Logf("PostgreSQL %s", p.Version)
	at, port, err := net.SplitHostPort(p.Address)
	check(t, err)
	tool := made(t, programSQLTool, "make setup-tests")
	for database, schema := range map[string]string{"temporal": "temporal", "temporal_visibility": "visibility"} {
		for _, args := range [][]string{{"create-database"}, {"setup-schema", "-v", "0.0"}, {"update-schema", "--schema-name", "postgresql/v12/" + schema}} {
			common := []string{"--plugin", "postgres12", "--endpoint", at, "--port", port, "--user", p.User, "--db", database}
			cmd := exec.CommandContext(t.Context(), tool, append(common, args...)...)
			cmd.Env = append(os.Environ(), "SQL_PASSWORD="+p.Password)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("make the schema of the server: %v\n%s", err, out)
			}
		}
	}
	return []string{"DB=postgres12", "POSTGRES_SEEDS=" + at, "DB_PORT=" + port, "POSTGRES_USER=" + p.User, "POSTGRES_PWD=" + p.Password,
		"DBNAME=temporal", "VISIBILITY_DBNAME=temporal_visibility"}
}

// External starts the official Temporal server, as somebody's cluster would be:
// its program, no TLS, and Landfall's namespace made in it.
func External(t testing.TB, database Database) Server {
	t.Helper()
	binary := made(t, programServer, "make setup-tests")
	dir := t.TempDir()
	// It would ask a host on the internet.
	settings := filepath.Join(dir, "settings.yaml")
	check(t, os.WriteFile(settings, []byte("frontend.enableServerVersionCheck:\n  - value: false\n"), 0o600))
	environ := append([]string{"LOG_LEVEL=error", "NUM_HISTORY_SHARDS=1", "DYNAMIC_CONFIG_FILE_PATH=" + settings}, database(t, dir)...)
	address := ""
	for i, name := range []string{"FRONTEND_GRPC_PORT", "FRONTEND_HTTP_PORT", "FRONTEND_MEMBERSHIP_PORT", "MATCHING_GRPC_PORT", "MATCHING_MEMBERSHIP_PORT",
		"HISTORY_GRPC_PORT", "HISTORY_MEMBERSHIP_PORT", "WORKER_GRPC_PORT", "WORKER_MEMBERSHIP_PORT", "INTERNAL_FRONTEND_GRPC_PORT", "INTERNAL_FRONTEND_MEMBERSHIP_PORT", "INTERNAL_FRONTEND_HTTP_PORT"} {
		port := lowPort()
		environ = append(environ, name+"="+strconv.Itoa(port))
		if i == 0 {
			address = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		}
	}
	starter := proc.NewStarter()
	t.Cleanup(starter.Close)
	log := filepath.Join(dir, "server.log")
	// A tag of its own: whoever ends a server ends all processes of its tag.
	tag := fmt.Sprintf("landfall-enginekit-%d-%s", os.Getpid(), address)
	child, err := starter.Start(proc.Spec{Tag: tag, Part: "temporal", Path: binary, Args: []string{"--allow-no-auth", "start"}, Environ: environ, Dir: dir, Log: log})
	check(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		if err := child.Kill(ctx); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the end of the server's log:\n%s", proc.Tail(log, 20))
		}
	})
	check(t, host.WriteKeyring(dir, codec.NewKeyring()))
	s := Server{Dir: dir, Address: address}
	awaitNamespace(t, s, child)
	return s
}

// lowPort is a free port that the server can register: on PostgreSQL its table
// of members takes numbers up to 32,767.
func lowPort() int {
	for {
		port := 12000 + rand.IntN(20000)
		if !proc.PortTaken(net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) {
			return port
		}
	}
}

// awaitNamespace makes the namespace as soon as the server answers.
func awaitNamespace(t testing.TB, s Server, child *proc.Child) {
	t.Helper()
	c, err := client.NewLazyClient(client.Options{HostPort: s.Address, Namespace: host.Namespace})
	check(t, err)
	defer c.Close()
	for end := time.Now().Add(Patience); ; time.Sleep(lookEvery) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		_, err := c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{Namespace: host.Namespace, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour)})
		cancel()
		var there *serviceerror.NamespaceAlreadyExists
		if err == nil || errors.As(err, &there) {
			return
		}
		if !child.Running() || time.Now().After(end) {
			t.Fatalf("the server does not answer: %v; it ended with %v", err, child.Err())
		}
	}
}
