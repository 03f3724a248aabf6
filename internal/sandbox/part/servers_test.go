package part_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
)

func TestMoto(t *testing.T) {
	t.Parallel()
	r := start(t, host(t), part.Moto(part.MotoOptions{Account: "111122223333"}))
	client := sts.New(sts.Options{Region: "us-east-1", BaseEndpoint: aws.String(r.URL(0)), Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")})
	who, err := client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || aws.ToString(who.Account) != "111122223333" {
		t.Errorf("GetCallerIdentity = %+v, %v", who, err)
	}
	// Its state is gone with the process, so it must not come back silently.
	if err := r.Status().Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-r.Done()
	if st := r.Status(); st.State != part.Failed || !strings.Contains(st.Trouble, "landfall sandbox down") {
		t.Errorf("status after a crash = %+v", st)
	}
}

func TestObjectStore(t *testing.T) {
	t.Parallel()
	h := host(t)
	r := start(t, h, part.ObjectStore(part.ObjectStoreOptions{Key: "root", Secret: "top-secret-word"}))
	client := s3.New(s3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(r.URL(0)), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("root", "top-secret-word", ""),
	})
	bucket, key := aws.String("books"), aws.String("k/ä b")
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	}); err != nil {
		t.Fatalf("versioning: %v", err)
	}
	for _, body := range []string{"one", "two"} {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
	// After a crash the objects and their versions are still there.
	if err := r.Status().Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the server is back", func() bool { st := r.Status(); return st.State == part.Ready && st.Restarts == 1 })
	versions, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: bucket})
	if err != nil || len(versions.Versions) != 2 {
		t.Fatalf("versions = %+v, %v", versions, err)
	}
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: key, VersionId: versions.Versions[1].VersionId})
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if body, err := io.ReadAll(got.Body); err != nil || string(body) != "one" {
		t.Errorf("the older version = %q, %v", body, err)
	}
	if line := read("/proc/" + itoa(r.Status().Process.PID) + "/cmdline"); strings.Contains(line, "top-secret-word") || !strings.Contains(line, "--keep-alive") {
		t.Errorf("command line = %q", line)
	}
	wrong := part.ObjectStore(part.ObjectStoreOptions{Key: "root", Secret: "wrong"})
	if err := wrong.Healthy(t.Context(), r.Site()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("health with a wrong secret: %v", err)
	}
}

func TestAzurite(t *testing.T) {
	t.Parallel()
	accounts, err := part.NewAccounts("first")
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, host(t), part.Azurite(accounts))
	put(t, r.Site(), accounts, "first", "before")

	// A new account needs a restart; what was written a moment ago survives.
	if err := r.Reconfigure(t.Context(), func() {
		if _, err := accounts.Add("second2"); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	put(t, r.Site(), accounts, "second2", "after")
	client := blobClient(t, r.Site(), accounts, "first")
	got, err := client.DownloadStream(t.Context(), "box", "before", nil)
	if err != nil {
		t.Fatalf("a blob from before the restart: %v", err)
	}
	defer got.Body.Close()
	if body, err := io.ReadAll(got.Body); err != nil || string(body) != "before" {
		t.Errorf("blob = %q, %v", body, err)
	}
	if st := r.Status(); st.State != part.Ready || st.Restarts != 0 || len(st.Addresses) != 3 {
		t.Errorf("status = %+v", st)
	}
	for _, socket := range []int{part.AzuriteBlob, part.AzuriteQueue, part.AzuriteTable} {
		res, err := http.Get(part.AzuriteURL(r.Site(), socket, "first") + "?comp=list")
		if err != nil {
			t.Errorf("socket %d: %v", socket, err)
			continue
		}
		res.Body.Close()
		want := []string{"Azurite-Blob", "Azurite-Queue", "Azurite-Table"}[socket]
		if !strings.HasPrefix(res.Header.Get("Server"), want) {
			t.Errorf("socket %d is served by %q, want %q", socket, res.Header.Get("Server"), want)
		}
	}
}

// What an account held goes with it, of all three kinds, and nothing of another.
func TestPurgeAccount(t *testing.T) {
	t.Parallel()
	accounts, err := part.NewAccounts("kept", "purged")
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, host(t), part.Azurite(accounts))
	for _, name := range accounts.Names() {
		put(t, r.Site(), accounts, name, "blob")
		key, _ := accounts.Key(name)
		for _, kind := range []string{"queue", "table"} {
			if err := part.MakeForTest(t.Context(), r.Site(), name, key, kind, "things"); err != nil {
				t.Fatalf("make a %s: %v", kind, err)
			}
		}
	}
	key, _ := accounts.Key("purged")
	if err := part.PurgeAccount(t.Context(), r.Site(), "purged", key); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"kept": 3, "purged": 0} {
		key, _ := accounts.Key(name)
		if got, err := part.CountForTest(t.Context(), r.Site(), name, key); err != nil || got != want {
			t.Errorf("account %s holds %d things, %v, want %d", name, got, err, want)
		}
	}
	if err := part.PurgeAccount(t.Context(), r.Site(), "purged", key); err != nil {
		t.Errorf("emptying twice: %v", err)
	}
	if err := part.PurgeAccount(t.Context(), r.Site(), "purged", "no base64!"); !fault.Is(err, fault.Invalid) {
		t.Errorf("a broken key: %v", err)
	}
	if err := part.PurgeAccount(t.Context(), r.Site(), "kept", key); err == nil {
		t.Error("the key of another account opens this one")
	}
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	if _, err := part.NewAccounts(); err == nil {
		t.Error("no account at all: Azurite would know its public one")
	}
	for _, name := range []string{"", "ab", "Upper", "with-dash", "a;b", "a:b", strings.Repeat("a", 25)} {
		if _, err := part.NewAccounts(name); !fault.Is(err, fault.Invalid) {
			t.Errorf("account %q: %v", name, err)
		}
	}
	a, err := part.NewAccounts("one", "two")
	if err != nil {
		t.Fatal(err)
	}
	key, _ := a.Key("one")
	if again, err := a.Add("one"); err != nil || again != key {
		t.Error("adding an account twice changes its key")
	}
	a.Remove("one")
	if _, ok := a.Key("one"); ok || len(a.Names()) != 1 {
		t.Errorf("names after a removal = %v", a.Names())
	}
}

func blobClient(t *testing.T, s part.Site, accounts *part.Accounts, account string) *azblob.Client {
	t.Helper()
	key, _ := accounts.Key(account)
	client, err := azblob.NewClientFromConnectionString(part.ConnectionString(s, account, key), nil)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func put(t *testing.T, s part.Site, accounts *part.Accounts, account, blob string) {
	t.Helper()
	client := blobClient(t, s, accounts, account)
	if _, err := client.CreateContainer(t.Context(), "box", nil); err != nil {
		t.Fatalf("create container: %v", err)
	}
	if _, err := client.UploadStream(t.Context(), "box", blob, bytes.NewReader([]byte(blob)), nil); err != nil {
		t.Fatalf("upload: %v", err)
	}
}

func TestPostgresAsRDS(t *testing.T) {
	t.Parallel()
	h := host(t)
	o := part.PostgresOptions{Name: "aws", Superuser: part.RDSOwner, Password: "owner'pw", Statements: append(part.RDSStatements("bookshop", "mas'ter", "bookshop", "payroll"), part.MoverStatements("mover", "mo'ver", "bookshop")...)}
	r := start(t, h, part.Postgres(o))
	master := connect(t, r, "bookshop", "mas'ter", "bookshop", "disable")
	var super, createDB, createRole, replication, member bool
	err := master.QueryRow(t.Context(), `SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, pg_has_role('bookshop', 'rds_superuser', 'member')
		FROM pg_roles WHERE rolname = current_user`).Scan(&super, &createDB, &createRole, &replication, &member)
	if err != nil || super || !createDB || !createRole || !replication || !member {
		t.Errorf("master: superuser %v, createdb %v, createrole %v, replication %v, rds_superuser %v, %v", super, createDB, createRole, replication, member, err)
	}
	for name, want := range map[string]string{
		"wal_level": "logical", "unix_socket_directories": "", "password_encryption": "scram-sha-256", "fsync": "on", "shared_buffers": "64MB", "listen_addresses": "127.0.0.1",
	} {
		var got string
		if err := master.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v, want %q", name, got, err, want)
		}
	}
	for _, sql := range []string{"CREATE TABLE t (id int)", "CREATE PUBLICATION p FOR TABLE t", "SELECT pg_create_logical_replication_slot('s', 'pgoutput')"} {
		if _, err := master.Exec(t.Context(), sql); err != nil {
			t.Errorf("logical replication by the master user: %v", err)
		}
	}
	if _, err := pgx.Connect(t.Context(), part.PostgresURL(r.Address(0), "bookshop", "mas'ter", "rdsadmin", "disable")); err == nil {
		t.Error("the master user gets into the service's own database")
	}
	if _, err := pgx.Connect(t.Context(), part.PostgresURL(r.Address(0), "bookshop", "wrong", "bookshop", "disable")); err == nil {
		t.Error("a wrong password is good enough")
	}
	// Who moves the database owns what the master user owns, and is somebody else.
	mover := connect(t, r, "mover", "mo'ver", "bookshop", "disable")
	for _, sql := range []string{"ALTER TABLE t REPLICA IDENTITY FULL", "ALTER PUBLICATION p SET (publish = 'insert')", "ALTER DATABASE bookshop SET work_mem = '4MB'", "SELECT pg_terminate_backend(-1)", "CREATE ROLE made"} {
		if _, err := mover.Exec(t.Context(), sql); err != nil {
			t.Errorf("the mover: %s: %v", sql, err)
		}
	}
	crash(t, r)
	// The cluster recovers with its data, and is not furnished again.
	master = connect(t, r, "bookshop", "mas'ter", "bookshop", "disable")
	var slots int
	if err := master.QueryRow(t.Context(), "SELECT count(*) FROM pg_replication_slots").Scan(&slots); err != nil || slots != 1 {
		t.Errorf("slots after a crash = %d, %v", slots, err)
	}
	if log := read(r.Status().Log); strings.Contains(log, "mas'ter") {
		t.Error("the log holds a password")
	}
}

// What was stopped comes back at its address with what it held, and what was
// removed comes back empty.
func TestAgain(t *testing.T) {
	t.Parallel()
	first := start(t, host(t), part.Postgres(part.PostgresOptions{Name: "again", Superuser: "owner", Password: "pw"}))
	if _, err := connect(t, first, "owner", "pw", "postgres", "disable").Exec(t.Context(), "CREATE DATABASE kept"); err != nil {
		t.Fatal(err)
	}
	last := first
	for _, one := range []struct {
		end       func(*part.Running, context.Context) error
		databases int
	}{{(*part.Running).Stop, 1}, {(*part.Running).Remove, 0}} {
		for range 2 {
			if err := one.end(last, t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		again, err := last.Again(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := again.Stop(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
		var databases int
		err = connect(t, again, "owner", "pw", "postgres", "disable").QueryRow(t.Context(), "SELECT count(*) FROM pg_database WHERE datname = 'kept'").Scan(&databases)
		if err != nil || databases != one.databases || again.Address(0) != first.Address(0) {
			t.Errorf("%d databases at %s, %v; want %d at %s", databases, again.Address(0), err, one.databases, first.Address(0))
		}
		last = again
	}
	if err := last.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", last.Address(0))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := last.Again(t.Context()); !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), last.Address(0)) {
		t.Errorf("Again while another has the port: %v", err)
	}
	if _, err := os.Stat(last.Site().Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a start that did not succeed left its folder: %v", err)
	}
}

// crash kills the first process of the cluster only: its server processes
// must be gone too before it can start again.
func crash(t *testing.T, r *part.Running) {
	t.Helper()
	if err := r.Status().Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster is back", func() bool { st := r.Status(); return st.State == part.Ready && st.Restarts >= 1 })
}

func TestPostgresAsFlexibleServer(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	o := part.PostgresOptions{
		Name: "azure", Superuser: part.FlexibleServerOwner, Password: "owner", Certificate: cert, Key: key, RequireTLS: true,
		Settings: []part.Setting{{"log_min_duration_statement", "1000"}}, Statements: part.FlexibleServerStatements("landfall", "pw"),
	}
	r := start(t, host(t), part.Postgres(o))
	admin := connect(t, r, "landfall", "pw", "postgres", "require")
	var super, member, tls bool
	err := admin.QueryRow(t.Context(), `SELECT rolsuper, pg_has_role('azure_pg_admin', 'member'), (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())
		FROM pg_roles WHERE rolname = current_user`).Scan(&super, &member, &tls)
	if err != nil || super || !member || !tls {
		t.Errorf("administrator: superuser %v, azure_pg_admin %v, TLS %v, %v", super, member, tls, err)
	}
	if _, err := pgx.Connect(t.Context(), part.PostgresURL(r.Address(0), "landfall", "pw", "postgres", "disable")); err == nil {
		t.Error("a connection without TLS is let in")
	}
	if _, err := admin.Exec(t.Context(), "CREATE DATABASE bookshop"); err != nil {
		t.Errorf("create a database: %v", err)
	}
}

// A cluster whose making was cut short is made again from the start.
func TestHalfMadeClusterIsThrownAway(t *testing.T) {
	t.Parallel()
	h := host(t)
	o := part.PostgresOptions{Name: "half", Superuser: "owner", Password: "pw", Statements: []part.Statement{{Database: "postgres", SQL: "CREATE ROLE x"}, {Database: "postgres", SQL: "this is no SQL"}}}
	if _, err := part.Start(t.Context(), h, part.Postgres(o)); err == nil || !strings.Contains(err.Error(), "statement 2") || strings.Contains(err.Error(), "this is no SQL\"") {
		t.Fatalf("Start = %v", err)
	}
	o.Statements = o.Statements[:1]
	r := start(t, h, part.Postgres(o))
	mark := filepath.Join(r.Site().Dir, "furnished")
	// Without its mark the cluster is one whose making a kill cut short.
	if err := errors.Join(r.Stop(t.Context()), os.Remove(mark)); err != nil {
		t.Fatal(err)
	}
	r = start(t, h, part.Postgres(o))
	if _, err := os.Stat(mark); err != nil {
		t.Error(err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	// And a whole one is used as it is.
	o.Statements = []part.Statement{{Database: "postgres", SQL: "CREATE ROLE x"}}
	start(t, h, part.Postgres(o))
}

func connect(t *testing.T, r *part.Running, user, password, database, mode string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), part.PostgresURL(r.Address(0), user, password, database, mode))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}
