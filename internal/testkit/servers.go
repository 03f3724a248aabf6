package testkit

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/sandbox/part"
)

// The kinds of shared servers.
const (
	kindMoto        = "moto"
	kindObjectStore = "objectstore"
	kindAzurite     = "azurite"
	kindPostgres    = "postgres"
)

// Account is the AWS account of a moto of one's own.
const Account = "123456789012"

// sharedAccounts is how many storage accounts a shared Azurite is started
// with; it reads them only then. A call beyond them gets a server of its own.
const sharedAccounts = 32

// postgresOwner is the superuser of test clusters.
const postgresOwner = "testkit"

// secret returns a random password.
func secret() string { return rand.Text() }

// sharedServer describes a shared server and how a lease of it is made.
func sharedServer(kind string) (part.Server, func(context.Context, *lease) error, error) {
	switch kind {
	case kindMoto:
		return manyAccounts(part.Moto(part.MotoOptions{Account: Account})), grantMotoAccount, nil
	case kindObjectStore:
		key, password := secret(), secret()
		return part.ObjectStore(part.ObjectStoreOptions{Key: key, Secret: password}), func(_ context.Context, l *lease) error {
			l.Name, l.Secret = key, password
			return nil
		}, nil
	case kindAzurite:
		return sharedAzurite()
	case kindPostgres:
		options := postgresOptions()
		return part.Postgres(options), func(_ context.Context, l *lease) error {
			l.Name, l.Secret = options.Superuser, options.Password
			return nil
		}, nil
	}
	return part.Server{}, nil, fault.Of(fault.Unsupported, "share server", kind, nil)
}

// MotoServer is an AWS control plane.
type MotoServer struct {
	URL string
	// Account is the account that the credentials belong to.
	Account     string
	Key, Secret string
}

// Config returns an SDK configuration for the server.
func (m MotoServer) Config(t testing.TB) aws.Config {
	return awsConfig(m.URL, m.Key, m.Secret)
}

// Moto starts an empty moto for this test alone. That takes one to two
// seconds of processor time; SharedMoto is cheaper.
func Moto(t testing.TB) MotoServer {
	t.Helper()
	r := ownServer(t, part.Moto(part.MotoOptions{Account: Account}))
	return MotoServer{URL: r.URL(0), Account: Account, Key: testKey, Secret: testSecret}
}

// SharedMoto returns an account of its own in the moto of this test binary.
// Names that are unique across accounts at AWS (buckets) are unique across
// tests, and nothing may call /moto-api/reset.
func SharedMoto(t testing.TB) MotoServer {
	t.Helper()
	l, ok := askKeeper(t, kindMoto)
	if !ok {
		return Moto(t)
	}
	return MotoServer{URL: l.Site.URL(0), Account: motoAccount(l.Number), Key: l.Name, Secret: l.Secret}
}

// manyAccounts makes moto look at each request for its account. With the
// variable that the sandbox sets, every request would belong to one; without
// it that account is the one of credentials moto does not know.
func manyAccounts(server part.Server) part.Server {
	one := server.Command
	server.Command = func(s part.Site) part.Command {
		c := one(s)
		c.Env = slices.DeleteFunc(c.Env, func(v string) bool { return strings.HasPrefix(v, "MOTO_ACCOUNT_ID=") })
		return c
	}
	return server
}

func motoAccount(number int) string { return fmt.Sprintf("2%011d", number) }

// grantMotoAccount makes an access key in an account that nobody else has:
// moto finds the account of a request by its key, and by this header before
// there is one.
func grantMotoAccount(ctx context.Context, l *lease) error {
	cfg := awsConfig(l.Site.URL(0), testKey, testSecret)
	client := iam.NewFromConfig(cfg, iam.WithAPIOptions(smithyhttp.AddHeaderValue("x-moto-account-id", motoAccount(l.Number))))
	user := aws.String("testkit")
	if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: user}); err != nil {
		return fault.Wrap(err, "make user in account", motoAccount(l.Number))
	}
	out, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user})
	if err != nil {
		return fault.Wrap(err, "make access key in account", motoAccount(l.Number))
	}
	l.Name, l.Secret = aws.ToString(out.AccessKey.AccessKeyId), aws.ToString(out.AccessKey.SecretAccessKey)
	return nil
}

// ObjectStoreServer is an S3 server with real data.
type ObjectStoreServer struct {
	URL         string
	Key, Secret string
}

// ObjectStore returns the versitygw of this test binary. Tests share it, so
// each works in buckets of its own: see Bucket.
func ObjectStore(t testing.TB) ObjectStoreServer {
	t.Helper()
	l, ok := askKeeper(t, kindObjectStore)
	if !ok {
		return OwnObjectStore(t)
	}
	return ObjectStoreServer{l.Site.URL(0), l.Name, l.Secret}
}

// OwnObjectStore starts an empty versitygw for this test alone.
func OwnObjectStore(t testing.TB) ObjectStoreServer {
	t.Helper()
	key, password := secret(), secret()
	r := ownServer(t, part.ObjectStore(part.ObjectStoreOptions{Key: key, Secret: password}))
	return ObjectStoreServer{r.URL(0), key, password}
}

// Config returns an SDK configuration for the server.
func (o ObjectStoreServer) Config(t testing.TB) aws.Config { return awsConfig(o.URL, o.Key, o.Secret) }

// Client returns an S3 client with buckets in the path, since no name of
// another host resolves to loopback.
func (o ObjectStoreServer) Client(t testing.TB) *s3.Client {
	return s3.NewFromConfig(o.Config(t), func(opt *s3.Options) { opt.UsePathStyle = true })
}

// Bucket makes an empty bucket with a name of its own.
func (o ObjectStoreServer) Bucket(t testing.TB) string {
	t.Helper()
	name := "test-" + strings.ToLower(secret())
	_, err := o.Client(t).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name})
	check(t, err)
	return name
}

// AzuriteAccount is a storage account in an Azurite.
type AzuriteAccount struct {
	Name, Key                   string
	BlobURL, QueueURL, TableURL string
	// ConnectionString is what the SDKs and tools of Azure Storage take.
	ConnectionString string
}

func azuriteAccount(site part.Site, name, key string) AzuriteAccount {
	return AzuriteAccount{
		Name: name, Key: key,
		BlobURL:          part.AzuriteURL(site, part.AzuriteBlob, name),
		QueueURL:         part.AzuriteURL(site, part.AzuriteQueue, name),
		TableURL:         part.AzuriteURL(site, part.AzuriteTable, name),
		ConnectionString: part.ConnectionString(site, name, key),
	}
}

func sharedAzurite() (part.Server, func(context.Context, *lease) error, error) {
	var names []string
	for i := range sharedAccounts {
		names = append(names, sharedAccount(i))
	}
	accounts, err := part.NewAccounts(names...)
	if err != nil {
		return part.Server{}, nil, err
	}
	return part.Azurite(accounts), func(_ context.Context, l *lease) error {
		l.Name = sharedAccount(l.Number)
		l.Secret, _ = accounts.Key(l.Name) // empty beyond the last one
		return nil
	}, nil
}

func sharedAccount(number int) string { return fmt.Sprintf("testkit%04d", number) }

// Azurite returns an empty storage account in the Azurite of this test binary.
func Azurite(t testing.TB) AzuriteAccount {
	t.Helper()
	l, ok := askKeeper(t, kindAzurite)
	if !ok || l.Secret == "" {
		return OwnAzurite(t, "testkit")[0]
	}
	return azuriteAccount(l.Site, l.Name, l.Secret)
}

// OwnAzurite starts an Azurite for this test alone, with these accounts.
func OwnAzurite(t testing.TB, names ...string) []AzuriteAccount {
	t.Helper()
	accounts, err := part.NewAccounts(names...)
	check(t, err)
	r := ownServer(t, part.Azurite(accounts))
	var out []AzuriteAccount
	for _, name := range names {
		key, _ := accounts.Key(name)
		out = append(out, azuriteAccount(r.Site(), name, key))
	}
	return out
}

// PostgresServer is a database of a PostgreSQL cluster with its superuser.
type PostgresServer struct {
	// Address is host:port.
	Address        string
	User, Password string
	Database       string
	// Version is that of the server, such as "15.18".
	Version string
}

// URL returns the connection string of the database.
func (p PostgresServer) URL() string { return p.DatabaseURL(p.Database) }

// DatabaseURL returns the connection string of another database of the cluster.
func (p PostgresServer) DatabaseURL(database string) string {
	return part.PostgresURL(p.Address, p.User, p.Password, database, "disable")
}

func postgresOptions(settings ...part.Setting) part.PostgresOptions {
	// What a test writes need not survive a power cut.
	fast := []part.Setting{{Name: "fsync", Value: "off"}, {Name: "synchronous_commit", Value: "off"}, {Name: "full_page_writes", Value: "off"}}
	return part.PostgresOptions{Name: "test", Superuser: postgresOwner, Password: secret(), Settings: append(fast, settings...)}
}

// Postgres returns an empty database, dropped at the end of the test, in the
// cluster of this test binary. Roles, replication slots and settings belong to
// the whole cluster: a test that changes them takes OwnPostgres.
func Postgres(t testing.TB) PostgresServer {
	t.Helper()
	l, ok := askKeeper(t, kindPostgres)
	if !ok {
		return OwnPostgres(t)
	}
	p := PostgresServer{l.Site.Address(0), l.Name, l.Secret, "postgres", l.Site.Tool.Version}
	name := "test_" + strings.ToLower(secret())
	admin(t, p, "CREATE DATABASE "+name)
	t.Cleanup(func() { admin(t, p, "DROP DATABASE "+name+" WITH (FORCE)") })
	p.Database = name
	return p
}

// admin runs a statement as the superuser, also while the test is ending.
func admin(t testing.TB, p PostgresServer, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), stopWithin)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.DatabaseURL("postgres"))
	check(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	check(t, err)
}

// OwnPostgres starts a cluster for this test alone. The settings are lines of
// postgresql.conf, added to those of the sandbox (wal_level is logical).
func OwnPostgres(t testing.TB, settings ...part.Setting) PostgresServer {
	t.Helper()
	options := postgresOptions(settings...)
	r := ownServer(t, part.Postgres(options))
	return PostgresServer{r.Address(0), options.Superuser, options.Password, "postgres", r.Site().Tool.Version}
}
