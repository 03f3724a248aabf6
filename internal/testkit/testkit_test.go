package testkit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/jackc/pgx/v5"

	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m,
		testkit.Body{Name: "count", Run: count},
		testkit.Body{Name: "hang", Run: func(ctx context.Context, c testkit.Child) error {
			c.Point("hanging")
			time.Sleep(time.Hour) // killed long before
			return nil
		}},
		testkit.Body{Name: "refuse", Run: func(context.Context, testkit.Child) error { return errors.New("no such planet") }},
	)
}

func account(t *testing.T, cfg aws.Config) string {
	t.Helper()
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(out.Account)
}

func TestMotoOfOnesOwn(t *testing.T) {
	t.Parallel()
	m := testkit.Moto(t)
	if got := account(t, m.Config(t)); got != testkit.Account {
		t.Errorf("account %s, want %s", got, testkit.Account)
	}
	if got := account(t, testkit.AWSConfig(t, m.URL)); got != testkit.Account {
		t.Errorf("account %s with any credentials, want %s", got, testkit.Account)
	}
}

// Two tests that share a moto do not see each other's resources.
func TestSharedMotoKeepsAccountsApart(t *testing.T) {
	t.Parallel()
	a, b := testkit.SharedMoto(t), testkit.SharedMoto(t)
	if a.URL != b.URL || a.Account == b.Account {
		t.Fatalf("%+v and %+v: want one server, two accounts", a, b)
	}
	if got := account(t, a.Config(t)); got != a.Account {
		t.Errorf("account %s, want %s", got, a.Account)
	}
	sqsa, sqsb := sqs.NewFromConfig(a.Config(t)), sqs.NewFromConfig(b.Config(t))
	if _, err := sqsa.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("orders")}); err != nil {
		t.Fatal(err)
	}
	out, err := sqsb.ListQueues(t.Context(), nil)
	if err != nil || len(out.QueueUrls) != 0 {
		t.Errorf("the other account sees %v, %v", out, err)
	}
}

func TestObjectStore(t *testing.T) {
	t.Parallel()
	a, own := testkit.ObjectStore(t), testkit.OwnObjectStore(t)
	if a.URL != testkit.ObjectStore(t).URL || a.URL == own.URL {
		t.Error("want one shared server and one of this test's own")
	}
	for _, store := range []testkit.ObjectStoreServer{a, own} {
		bucket := store.Bucket(t)
		client := store.Client(t)
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("a b/ö"), Body: strings.NewReader("hello")}); err != nil {
			t.Fatal(err)
		}
		out, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
		if err != nil || len(out.Contents) != 1 || aws.ToString(out.Contents[0].Key) != "a b/ö" {
			t.Errorf("listed %v, %v", out, err)
		}
	}
}

func TestAzurite(t *testing.T) {
	t.Parallel()
	a, b := testkit.Azurite(t), testkit.Azurite(t)
	if a.Name == b.Name {
		t.Error("two calls got one account")
	}
	own := testkit.OwnAzurite(t, "mine")[0]
	if own.Name != "mine" {
		t.Errorf("own account is %q", own.Name)
	}
	for _, account := range []testkit.AzuriteAccount{a, b, own} {
		options := &azblob.ClientOptions{ClientOptions: testkit.AzureOptions(t, nil)}
		client, err := azblob.NewClientFromConnectionString(account.ConnectionString, options)
		if err != nil {
			t.Fatal(err)
		}
		// The same name in each account: they share nothing.
		if _, err := client.CreateContainer(t.Context(), "covers", nil); err != nil {
			t.Fatalf("account %s: %v", account.Name, err)
		}
	}
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	a, b := testkit.Postgres(t), testkit.Postgres(t)
	own := testkit.OwnPostgres(t, part.Setting{Name: "max_connections", Value: "17"})
	if a.Address != b.Address || a.Database == b.Database || a.Address == own.Address {
		t.Errorf("want two databases of one cluster and a cluster: %+v, %+v, %+v", a, b, own)
	}
	for _, p := range []testkit.PostgresServer{a, b, own} {
		conn, err := pgx.Connect(t.Context(), p.URL())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		var level, connections string
		if _, err := conn.Exec(t.Context(), "CREATE TABLE t (id int)"); err != nil {
			t.Error(err)
		}
		if err := conn.QueryRow(t.Context(), "SELECT current_setting('wal_level'), current_setting('max_connections')").Scan(&level, &connections); err != nil {
			t.Fatal(err)
		}
		if level != "logical" || (connections == "17") != (p == own) {
			t.Errorf("wal_level %s, max_connections %s", level, connections)
		}
	}
}

// count adds the numbers 1 to 3 to a file, each at most once: the temp file
// and the rename make each addition whole or absent.
func count(_ context.Context, c testkit.Child) error {
	path := filepath.Join(c.Dir, "numbers")
	for n := 1; n <= 3; n++ {
		b, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		line := fmt.Sprintf("%d\n", n)
		if strings.Contains(string(b), line) {
			continue
		}
		c.Point("before write")
		if err := os.WriteFile(path+".new", append(b, line...), 0o600); err != nil {
			return err
		}
		c.Point("before rename")
		if err := os.Rename(path+".new", path); err != nil {
			return err
		}
		c.Point("after rename")
	}
	return nil
}

func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	testkit.CrashMatrix(t, "count", func(t *testing.T, dir string) {
		b, err := os.ReadFile(filepath.Join(dir, "numbers"))
		if err != nil || string(b) != "1\n2\n3\n" {
			t.Errorf("numbers = %q, %v", b, err)
		}
	})
}

// The harness kills where it was told to, not before and not after.
func TestCrashAtAPoint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	out := testkit.Crash{Body: "count", Dir: dir, At: testkit.Point{Name: "before rename", Hit: 2}}.Run(t)
	b, err := os.ReadFile(filepath.Join(dir, "numbers"))
	if !out.Killed || err != nil || string(b) != "1\n" || len(out.Points) != 5 {
		t.Errorf("killed %v, numbers %q, %v, points %v", out.Killed, b, err, out.Points)
	}
}

func TestCrashAfterATime(t *testing.T) {
	t.Parallel()
	out := testkit.Crash{Body: "hang", Dir: t.TempDir(), After: 50 * time.Millisecond}.Run(t)
	if !out.Killed {
		t.Errorf("outcome %+v", out)
	}
}

func TestBodyThatFails(t *testing.T) {
	t.Parallel()
	out := testkit.Crash{Body: "refuse", Dir: t.TempDir()}.Run(t)
	if out.Killed || out.ExitCode == 0 || !strings.Contains(out.Output, "no such planet") {
		t.Errorf("outcome %+v", out)
	}
	out = testkit.Crash{Body: "unheard of", Dir: t.TempDir()}.Run(t)
	if out.ExitCode == 0 || !strings.Contains(out.Output, "unheard of") {
		t.Errorf("an unknown body: %+v", out)
	}
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	testkit.FullDisk(t, 0, func(dir string) {
		err := os.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o600)
		if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EFBIG) {
			t.Errorf("writing one byte: %v", err)
		}
	})
}

func TestFullDiskWithALittleRoom(t *testing.T) {
	t.Parallel()
	testkit.FullDisk(t, 64<<10, func(dir string) {
		if err := os.WriteFile(filepath.Join(dir, "a"), make([]byte, 32<<10), 0o600); err != nil {
			t.Errorf("what has room: %v", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "b"), make([]byte, 128<<10), 0o600); err == nil {
			t.Error("what has no room was written")
		}
	})
}

func TestGolden(t *testing.T) {
	t.Parallel()
	testkit.Golden(t, filepath.Join("testdata", "golden.txt"), []byte("one\ntwo\n"))
}

// What Golden says when texts differ is read by people.
func TestGoldenShowsTheFirstDifference(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	testkit.Golden(r, filepath.Join("testdata", "golden.txt"), []byte("one\nthree\n"))
	for _, want := range []string{"1   one", "2 - two", "2 + three", "-update"} {
		if !strings.Contains(r.said, want) {
			t.Errorf("it says %q, without %q", r.said, want)
		}
	}
}

// recorder is a test whose failures are kept.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) { r.said += fmt.Sprintf(format, args...) }

func TestEventually(t *testing.T) {
	t.Parallel()
	looks := 0
	testkit.Eventually(t, 10*time.Second, func() error {
		if looks++; looks < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if looks != 3 {
		t.Errorf("looked %d times", looks)
	}
}
