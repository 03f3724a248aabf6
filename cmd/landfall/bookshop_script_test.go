package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"example.com/landfall/internal/sandbox/part"
	"example.com/landfall/internal/testkit"
)

// TestBookshopScripts moves the sample workload while it is in use: its own load
// generator remembers what was accepted, its own audit looks for it at the end. The
// two clusters are as RDS and Flexible Server hand them out, and neither Landfall
// nor the shop has a superuser.
func TestBookshopScripts(t *testing.T) {
	w := newShopWorld(t)
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "bookshop"), UpdateScripts: *update, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("LANDFALL_SOURCE_DATABASE", w.sides["source"].url("lander"))
			e.Setenv("LANDFALL_TARGET_DATABASE", w.sides["target"].url("azadmin"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "shop": w.shop, "load": w.load, "orders": w.orders, "switching": w.switching, "audit": w.audit, "password": w.password,
		},
	})
}

// shopPassword is that of every login here.
const shopPassword = "shop's own"

// shopSide is a cluster with the shop's database.
type shopSide struct{ server testkit.PostgresServer }

func (s shopSide) url(login string) string {
	return part.PostgresURL(s.server.Address, login, shopPassword, "bookshop", "disable")
}

// shopWorld is the shop with its servers and its customers. One script uses it.
type shopWorld struct {
	t       *testing.T
	program string
	environ []string
	address string
	sides   map[string]shopSide
	serving *exec.Cmd
	loading *exec.Cmd
	said    *talk
	journal string
	// began is when the switch that is under way was begun.
	began time.Time
}

func newShopWorld(t *testing.T) *shopWorld {
	t.Helper()
	w := &shopWorld{t: t, program: filepath.Join(t.TempDir(), "bookshop"), journal: filepath.Join(t.TempDir(), "journal"), said: &talk{}}
	var starts sync.WaitGroup
	starts.Go(func() {
		if out, err := exec.Command("go", "build", "-o", w.program, "../../examples/bookshop").CombinedOutput(); err != nil {
			t.Errorf("build the shop: %v\n%s", err, out)
		}
	})
	var source, target testkit.PostgresServer
	starts.Go(func() { source = testkit.OwnPostgres(t) })
	starts.Go(func() { target = testkit.OwnPostgres(t) })
	objects, moto := testkit.OwnObjectStore(t), testkit.Moto(t)
	starts.Wait()
	if t.Failed() {
		t.FailNow()
	}
	w.sides = map[string]shopSide{"source": {source}, "target": {target}}
	execute(t, source.URL(), texts(part.RDSStatements("lander", shopPassword))...)
	execute(t, part.PostgresURL(source.Address, "lander", shopPassword, "postgres", "disable"),
		"CREATE ROLE shop LOGIN PASSWORD "+quoted(shopPassword), "GRANT shop TO lander", "CREATE DATABASE bookshop OWNER shop")
	// The Resource Manager gives databases to the role of the administrators.
	execute(t, target.URL(), append(texts(part.FlexibleServerStatements("azadmin", shopPassword)), "CREATE DATABASE bookshop OWNER azure_pg_admin")...)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	name := "orders"
	made, err := sqs.NewFromConfig(moto.Config(t)).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	w.environ = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_EC2_METADATA_DISABLED=true", "AWS_REGION=" + testkit.Region,
		"AWS_ACCESS_KEY_ID=" + objects.Key, "AWS_SECRET_ACCESS_KEY=" + objects.Secret, "AWS_ENDPOINT_URL=" + moto.URL, "AWS_ENDPOINT_URL_S3=" + objects.URL,
		"BOOKSHOP_LISTEN=" + w.address, "BOOKSHOP_DRAIN=100ms", "BOOKSHOP_BLOBS=s3://" + objects.Bucket(t), "BOOKSHOP_QUEUE=sqs://" + strings.TrimPrefix(*made.QueueUrl, "http://")}
	for _, args := range [][]string{{"migrate"}, {"stock", "--books", "120", "--covers", "0", "--seed", "3"}} {
		if out, err := w.command("source", args...).CombinedOutput(); err != nil {
			t.Fatalf("bookshop %s: %v\n%s", args[0], err, out)
		}
	}
	t.Cleanup(func() {
		w.stop(w.loading, syscall.SIGKILL)
		w.stop(w.serving, syscall.SIGKILL)
		if t.Failed() {
			t.Log(w.said.tail())
		}
	})
	return w
}

func texts(list []part.Statement) []string {
	var out []string
	for _, s := range list {
		out = append(out, s.SQL)
	}
	return out
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// talk keeps what the shop and the generator say.
type talk struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (k *talk) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.text.Write(p)
}

func (k *talk) tail() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	const most = 8000
	text := k.text.String()
	return text[max(len(text)-most, 0):]
}

// command is a verb of the shop, configured by nothing but variables for a side. It
// dies with the test.
func (w *shopWorld) command(side string, args ...string) *exec.Cmd {
	child := exec.Command(w.program, args...)
	child.Env = append(slices.Clone(w.environ), "BOOKSHOP_INSTANCE="+side, "BOOKSHOP_DATABASE_URL="+w.sides[side].url("shop"))
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return child
}

func (w *shopWorld) stop(child *exec.Cmd, with syscall.Signal) {
	if child != nil && child.ProcessState == nil {
		_ = child.Process.Signal(with) // it may have ended
		_ = child.Wait()
	}
}

// shop SIDE stops the shop and starts it with the database of a side; it returns
// when orders are accepted there. After a switch it says how long none was.
func (w *shopWorld) shop(ts *testscript.TestScript, _ bool, args []string) {
	w.stop(w.serving, syscall.SIGTERM)
	w.serving = w.command(args[0], "serve")
	w.serving.Stdout, w.serving.Stderr = w.said, w.said
	ts.Check(w.serving.Start())
	var last string
	eventually(ts, "the shop is not ready", func() bool {
		answer, err := http.Get("http://" + w.address + "/readyz")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		var ready struct{ Ready, TakesWrites bool }
		last = answer.Status
		return json.NewDecoder(answer.Body).Decode(&ready) == nil && ready.Ready && ready.TakesWrites
	})
	ts.Logf("the shop serves from the %s: %s", args[0], last)
	if w.began.IsZero() {
		return
	}
	w.await(ts, 1)
	ts.Logf("no order was accepted for %s", w.longest(ts).Round(time.Millisecond))
	w.began = time.Time{}
}

// load begin starts the customers, load end sends them home and reads what they say.
func (w *shopWorld) load(ts *testscript.TestScript, _ bool, args []string) {
	if args[0] == "begin" {
		// An order without an answer is tried again until it has one. There are few: the
		// audit waits for the worker, which a busy machine keeps from catching up.
		w.loading = exec.Command(w.program, "load", "--url", "http://"+w.address, "--rate", "4", "--duration", "1h", "--mix", "browse=1,order=3", "--journal", w.journal, "--run", "move", "--retries", "100000")
		w.loading.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		w.loading.Stdout, w.loading.Stderr = w.said, w.said
		ts.Check(w.loading.Start())
		return
	}
	ts.Check(w.loading.Process.Signal(syscall.SIGTERM))
	if err := w.loading.Wait(); err != nil {
		ts.Fatalf("the customers: %v", err)
	}
}

// accepted are the times at which orders were accepted, in their order.
func (w *shopWorld) accepted(ts *testscript.TestScript) []time.Time {
	text, err := os.ReadFile(w.journal)
	if os.IsNotExist(err) {
		return nil
	}
	ts.Check(err)
	var all []time.Time
	for line := range bytes.Lines(text) {
		var l struct {
			Outcome string
			At      time.Time
		}
		// The last line may not be whole.
		if json.Unmarshal(line, &l) == nil && l.Outcome == "accepted" {
			all = append(all, l.At)
		}
	}
	return all
}

// await waits until so many more orders were accepted, tried or not before.
func (w *shopWorld) await(ts *testscript.TestScript, more int) {
	wanted := len(w.accepted(ts)) + more
	eventually(ts, fmt.Sprintf("%d more orders are not accepted", more), func() bool { return len(w.accepted(ts)) >= wanted })
}

// orders N waits until so many more orders were accepted.
func (w *shopWorld) orders(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	w.await(ts, n)
}

// switching says that the next commands switch: "shop" ends it.
func (w *shopWorld) switching(*testscript.TestScript, bool, []string) { w.began = time.Now() }

// longest is the longest time without an accepted order since the switch began.
func (w *shopWorld) longest(ts *testscript.TestScript) time.Duration {
	var longest time.Duration
	all := w.accepted(ts)
	for i := range all[1:] {
		if all[i+1].After(w.began) {
			longest = max(longest, all[i+1].Sub(all[i]))
		}
	}
	return longest
}

// audit SIDE is the shop's own, of everything that the customers remember.
func (w *shopWorld) audit(ts *testscript.TestScript, _ bool, args []string) {
	out, err := w.command(args[0], "audit", "--journal", w.journal, "--wait", "10m").CombinedOutput()
	ts.Logf("%s", out)
	if err != nil {
		ts.Fatalf("the audit: %v", err)
	}
}

// password LOGIN gives a login of the target its password, as its administrator: in
// the database "postgres", because the shop's takes no writes before the switch.
func (w *shopWorld) password(ts *testscript.TestScript, _ bool, args []string) {
	conn, err := pgx.Connect(context.Background(), part.PostgresURL(w.sides["target"].server.Address, "azadmin", shopPassword, "postgres", "disable"))
	ts.Check(err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), "ALTER ROLE "+args[0]+" PASSWORD "+quoted(shopPassword))
	ts.Check(err)
}
