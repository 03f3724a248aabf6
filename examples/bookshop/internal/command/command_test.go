package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/landfall/examples/bookshop/internal/azureaccount"
	"example.com/landfall/examples/bookshop/internal/command"
	"example.com/landfall/examples/bookshop/internal/load"
	"example.com/landfall/examples/bookshop/internal/queue/azurequeue"
	"example.com/landfall/examples/bookshop/internal/shoptest"
	"example.com/landfall/internal/testkit"
)

// asShop makes this test binary be the shop: the tests below kill it for real.
const asShop = "BOOKSHOP_TEST_RUN_AS_SHOP"

func TestMain(m *testing.M) {
	if os.Getenv(asShop) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := command.Main(ctx, command.Env{Out: os.Stdout, Err: os.Stderr, Get: os.Getenv, Now: time.Now}, os.Args[1:])
		stop()
		os.Exit(code)
	}
	testkit.Main(m)
}

// cloud is what a shop is configured with.
type cloud struct {
	t        *testing.T
	env      []string
	address  string
	database string
}

// newCloud prepares a database and picks a port; more is the cloud's own part.
func newCloud(t *testing.T, instance string, more ...string) *cloud {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	database := shoptest.Owned(t, testkit.Postgres(t).URL())
	env := []string{asShop + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true",
		"BOOKSHOP_LISTEN=" + address, "BOOKSHOP_DATABASE_URL=" + database, "BOOKSHOP_INSTANCE=" + instance, "BOOKSHOP_DRAIN=100ms",
		"BOOKSHOP_ACCESS_LOG=" + filepath.Join(t.TempDir(), "access.log")}
	return &cloud{t, append(env, more...), address, database}
}

func amazon(t *testing.T) *cloud {
	t.Helper()
	// A moto of its own, because the environment holds one pair of keys: the
	// object store's, which a shared moto would not know.
	objects, moto := testkit.ObjectStore(t), testkit.Moto(t)
	name := "orders"
	made, err := sqs.NewFromConfig(moto.Config(t)).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return newCloud(t, "aws", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID="+objects.Key, "AWS_SECRET_ACCESS_KEY="+objects.Secret,
		"AWS_ENDPOINT_URL="+moto.URL, "AWS_ENDPOINT_URL_S3="+objects.URL,
		"BOOKSHOP_BLOBS=s3://"+objects.Bucket(t), "BOOKSHOP_QUEUE=sqs://"+strings.TrimPrefix(*made.QueueUrl, "http://"))
}

func azure(t *testing.T) *cloud {
	t.Helper()
	server := testkit.Azurite(t)
	account, err := azureaccount.New(azureaccount.Settings{ConnectionString: server.ConnectionString}, server.Name)
	if err != nil {
		t.Fatal(err)
	}
	covers, err := container.NewClientFromConnectionString(server.ConnectionString, "covers", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := covers.Create(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := azurequeue.Open(account, "orders").Create(t.Context()); err != nil {
		t.Fatal(err)
	}
	return newCloud(t, "azure", "AZURE_STORAGE_CONNECTION_STRING="+server.ConnectionString,
		"BOOKSHOP_BLOBS=azblob://"+server.Name+"/covers", "BOOKSHOP_QUEUE=azqueue://"+server.Name+"/orders")
}

// start starts a verb as a process, which dies with the test.
func (c *cloud) start(out io.Writer, args ...string) *exec.Cmd {
	c.t.Helper()
	child := exec.Command(os.Args[0], args...)
	child.Env, child.Stdout, child.Stderr = c.env, out, out
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := child.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = child.Process.Kill() // it may have ended
		_ = child.Wait()
	})
	return child
}

// serve starts the shop and waits until it is ready.
func (c *cloud) serve(out io.Writer) *exec.Cmd {
	c.t.Helper()
	child := c.start(out, "serve")
	testkit.Eventually(c.t, time.Minute, func() error {
		answer, err := http.Get("http://" + c.address + "/readyz")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err == nil && answer.StatusCode != http.StatusOK {
			err = fmt.Errorf("not ready: %s", body)
		}
		return err
	})
	return child
}

// run runs a verb in this process and returns its output and exit code.
func (c *cloud) run(args ...string) (out, talk string, code int) {
	c.t.Helper()
	child := exec.Command(os.Args[0], args...)
	var stdout, stderr bytes.Buffer
	child.Env, child.Stdout, child.Stderr = c.env, &stdout, &stderr
	err := child.Run()
	if exit := new(exec.ExitError); err != nil && !asExit(err, &exit) {
		c.t.Fatal(err)
	}
	return stdout.String(), stderr.String(), child.ProcessState.ExitCode()
}

func asExit(err error, into **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError)
	*into = e
	return ok
}

func (c *cloud) must(args ...string) string {
	c.t.Helper()
	out, talk, code := c.run(args...)
	if code != 0 {
		c.t.Fatalf("bookshop %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, talk)
	}
	return out
}

// The same binary on both clouds, under load, killed in the middle and
// started again: no order is lost, doubled, changed or reordered.
func TestLoadAndAuditSurviveAKill(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*testing.T) *cloud{"amazon": amazon, "azure": azure} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := make(t)
			c.must("migrate")
			c.must("stock", "--books", "60", "--covers", "60", "--seed", "3")
			if out := c.must("stock", "--books", "60", "--covers", "60", "--seed", "3"); !strings.Contains(out, "was there already") || !strings.Contains(out, "60 kept") {
				t.Errorf("stocking again: %s", out)
			}
			var talk bytes.Buffer
			shop := c.serve(&talk)
			path := filepath.Join(t.TempDir(), "journal")
			var sent bytes.Buffer
			generator := c.start(&sent, "load", "--url", "http://"+c.address, "--rate", "60", "--duration", "6s", "--mix", "browse=2,cover=1,order=3", "--journal", path, "--run", "kill-"+name, "--retries", "8")
			orders := shoptest.Connect(t, c.database)
			testkit.Eventually(t, 30*time.Second, func() error {
				if n := shoptest.Value[int](t, orders, "SELECT count(*) FROM shop.orders WHERE client_order_id LIKE 'kill-%'"); n < 30 {
					return fmt.Errorf("%d orders so far", n)
				}
				return nil
			})
			if err := shop.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = shop.Wait() // killed
			shop = c.serve(&talk)
			if err := generator.Wait(); err != nil {
				t.Fatalf("load: %v\n%s", err, &sent)
			}
			var summary load.Summary
			text := sent.String()
			if err := json.Unmarshal([]byte(text[strings.Index(text, "{"):]), &summary); err != nil || summary.Orders.Accepted < 60 || summary.Sent != 360 {
				t.Errorf("summary: %v\n%s", err, text)
			}
			if out, talk, code := c.run("audit", "--journal", path, "--wait", "60s"); code != 0 || !strings.Contains(out, "still queued 0") {
				t.Errorf("audit: exit code %d\n%s%s", code, out, talk)
			}
			if err := shop.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := shop.Wait(); err != nil || !strings.Contains(talk.String(), "stopped") {
				t.Errorf("SIGTERM: %v\n%s", err, &talk)
			}
			shoptest.Exec(t, orders, "UPDATE shop.order_line SET quantity = 40 WHERE order_no = (SELECT max(order_no) FROM shop.orders)")
			out, _, code := c.run("audit", "--json", "--journal", path)
			var result struct {
				OK         bool
				Violations []struct{ Kind string }
			}
			if err := json.Unmarshal([]byte(out), &result); err != nil || code != 1 || result.OK || result.Violations[0].Kind != "changed" {
				t.Errorf("audit of a changed database: exit code %d, %v\n%s", code, err, out)
			}
		})
	}
}

// The generator is killed instead: the audit reads what is left of its journal.
func TestAuditAfterTheGeneratorWasKilled(t *testing.T) {
	t.Parallel()
	c := amazon(t)
	c.must("migrate")
	c.must("stock", "--books", "30", "--covers", "0")
	c.serve(io.Discard)
	path := filepath.Join(t.TempDir(), "journal")
	generator := c.start(io.Discard, "load", "--url", "http://"+c.address, "--rate", "50", "--duration", "5m", "--mix", "order=1", "--journal", path, "--run", "r")
	testkit.Eventually(t, 30*time.Second, func() error {
		if info, err := os.Stat(path); err != nil || info.Size() < 10_000 {
			return fmt.Errorf("journal: %v", err)
		}
		return nil
	})
	if err := generator.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = generator.Wait() // killed
	out, talk, code := c.run("audit", "--journal", path, "--wait", "60s")
	if code != 0 {
		t.Errorf("exit code %d\n%s%s", code, out, talk)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"kind":"try","id":"r-9`); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if out, talk, code = c.run("audit", "--journal", path); code != 0 || !strings.Contains(out, "unfinished last line") {
		t.Errorf("cut in a line: exit code %d\n%s%s", code, out, talk)
	}
}

func TestWorkerAlone(t *testing.T) {
	t.Parallel()
	c := azure(t)
	c.must("migrate")
	var talk bytes.Buffer
	child := c.start(&talk, "worker")
	testkit.Eventually(t, time.Minute, func() error {
		answer, err := http.Get("http://" + c.address + "/healthz")
		if err == nil {
			answer.Body.Close()
		}
		return err
	})
	if err := child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err != nil {
		t.Errorf("SIGTERM: %v\n%s", err, &talk)
	}
}

// Wrong use ends with its exit code and one line that says what to do.
func TestWrongUse(t *testing.T) {
	t.Parallel()
	settings := map[string]string{"BOOKSHOP_DATABASE_URL": "postgres://nobody:topsecret@127.0.0.1:1/none", "BOOKSHOP_BLOBS": "s3://b", "BOOKSHOP_QUEUE": "sqs://h/1/q"}
	existing := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(existing, []byte("not a journal\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		env  map[string]string
		code int
		says string
	}{
		{nil, nil, 0, "bookshop migrate"},
		{[]string{"help"}, nil, 0, "bookshop audit"},
		{[]string{"stock", "--help"}, nil, 0, "-books"},
		{[]string{"sell"}, nil, 2, `no verb "sell"`},
		{[]string{"migrate", "now"}, settings, 2, `unexpected argument "now"`},
		{[]string{"migrate"}, nil, 2, "BOOKSHOP_DATABASE_URL"},
		{[]string{"migrate"}, settings, 8, "connect to database"},
		{[]string{"serve"}, map[string]string{"BOOKSHOP_LISTEN": "x"}, 2, "BOOKSHOP_LISTEN"},
		{[]string{"serve"}, map[string]string{"BOOKSHOP_DATABASE_URL": "postgres://x"}, 2, "BOOKSHOP_BLOBS"},
		{[]string{"worker"}, map[string]string{"BOOKSHOP_DATABASE_URL": "postgres://x", "BOOKSHOP_QUEUE": "azqueue://a/q"}, 2, "AZURE_STORAGE_ACCOUNT"},
		{[]string{"stock", "--books", "0", "--covers", "0"}, settings, 8, "connect to database"},
		{[]string{"load"}, nil, 2, "--journal"},
		{[]string{"load", "--url", "http://127.0.0.1:1", "--journal", existing}, nil, 5, "it exists"},
		{[]string{"load", "--url", "http://127.0.0.1:1", "--journal", existing + "2", "--mix", "x=1"}, nil, 2, "read mix"},
		{[]string{"audit"}, nil, 2, "--database"},
		{[]string{"audit", "--journal", existing + "3"}, settings, 4, "open journal"},
		{[]string{"audit", "--journal", existing}, settings, 3, "there:1"},
	} {
		var out, talk bytes.Buffer
		code := command.Main(t.Context(), command.Env{Out: &out, Err: &talk, Get: func(n string) string { return tc.env[n] }, Now: time.Now}, tc.args)
		if text := out.String() + talk.String(); code != tc.code || !strings.Contains(text, tc.says) || strings.Contains(text, "topsecret") {
			t.Errorf("%q: exit code %d, want %d with %q\n%s", tc.args, code, tc.code, tc.says, text)
		}
	}
}
