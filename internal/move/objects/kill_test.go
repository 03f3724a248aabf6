package objects_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/rest"
	"example.com/landfall/internal/move/objects/s3"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/objectkit"
)

const (
	killedBody = "copy objects until killed"
	orders     = "orders.json"
	manifestIn = "manifest"
)

// order is what a child is to copy.
type order struct {
	Endpoint, Region, Key, Secret, Bucket string
	Target                                string
	// Account and AccountKey sign what goes to the target, where they are set.
	Account, AccountKey string
}

func (o order) credential() (blob.Credential, error) {
	if o.Account == "" {
		return blob.SAS("sig=x"), nil
	}
	return blob.SharedKey(o.Account, o.AccountKey)
}

// kept is a journal in files: each page is written whole or not at all.
type kept struct{ dir string }

func (k kept) path(key string) string { return filepath.Join(k.dir, fmt.Sprintf("%x.page", key)) }

func (k kept) Page(key string) ([]byte, bool) {
	page, err := os.ReadFile(k.path(key))
	return page, err == nil
}

func (k kept) Keep(key string, page []byte) error {
	if _, there := k.Page(key); there {
		return nil
	}
	next := k.path(key) + ".new"
	return errors.Join(os.WriteFile(next, page, 0o600), os.Rename(next, k.path(key)))
}

// telling passes a point before each request and after each answer.
type telling struct {
	inner http.RoundTripper
	side  string
	point func(string)
}

func (x telling) RoundTrip(r *http.Request) (*http.Response, error) {
	x.point(x.side + " asked")
	response, err := x.inner.RoundTrip(r)
	x.point(x.side + " answered")
	return response, err
}

// copyUntilKilled is the child: one pass, the same each time.
func copyUntilKilled(ctx context.Context, c testkit.Child) error {
	text, err := os.ReadFile(filepath.Join(c.Dir, orders))
	if err != nil {
		return err
	}
	var o order
	if err := json.Unmarshal(text, &o); err != nil {
		return err
	}
	through := func(side string) http.RoundTripper {
		return telling{rest.Transport(rest.TransportOptions{}), side, c.Point}
	}
	config := aws.Config{Region: o.Region, BaseEndpoint: &o.Endpoint, Credentials: credentials.NewStaticCredentialsProvider(o.Key, o.Secret, "")}
	source, err := s3.New(ctx, s3.Options{Config: config, Bucket: o.Bucket, Pause: time.Millisecond, Transport: through("source")})
	if err != nil {
		return err
	}
	credential, err := o.credential()
	if err != nil {
		return err
	}
	target, err := blob.New(blob.Options{URL: o.Target, Credential: credential, Pause: time.Millisecond, Transport: through("target")})
	if err != nil {
		return err
	}
	m, err := objects.New(objects.Ports{Source: source, Target: target, Journal: kept{c.Dir}, Folder: c.Dir}, realSettings(), move.Limits{Requests: 4})
	if err != nil {
		return err
	}
	to, err := os.Create(filepath.Join(c.Dir, manifestIn))
	if err != nil {
		return err
	}
	_, err = m.Copy(ctx, objects.Pass{ID: "killed"}, to)
	return errors.Join(err, to.Close())
}

// counted is a sink that counts what it took, by name and block.
type counted struct {
	*objectkit.Sink
	mu    sync.Mutex
	taken map[string]int
}

type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) {
	s.code = code
	s.ResponseWriter.WriteHeader(code)
}

func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := &status{w, http.StatusOK}
	c.Sink.ServeHTTP(s, r)
	if r.Method == http.MethodPut && s.code == http.StatusCreated {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.taken[r.URL.Path+"?"+r.URL.Query().Get("comp")+r.URL.Query().Get("blockid")]++
	}
}

// killing is a bucket, and a folder in which children copy it.
type killing struct {
	*real
	dir      string
	contents map[string][]byte
	random   *mathrand.Rand
}

// toBeKilled fills a bucket; its bodies take a while, so that kills cut some.
func toBeKilled(t *testing.T, contents map[string][]byte) *killing {
	t.Helper()
	seed := [32]byte{}
	_, _ = rand.Read(seed[:])
	t.Logf("seed %x", seed)
	k := &killing{realSides(t, false), t.TempDir(), contents, mathrand.New(mathrand.NewChaCha8(seed))}
	for key, content := range contents {
		k.put(t, key, content, map[string]string{"who": "me"})
	}
	k.ofSource.Break(objectkit.Rule{Op: "GetObject", Times: -1, Fault: objectkit.Fault{Pause: time.Millisecond}})
	return k
}

// run copies into a target, is killed some times, and then left alone.
func (k *killing) run(t *testing.T, to order, times int) (kills int) {
	t.Helper()
	store := testkit.ObjectStore(t)
	to.Endpoint, to.Region, to.Key, to.Secret, to.Bucket = objectkit.Serve(t, k.ofSource), store.Config(t).Region, store.Key, store.Secret, k.bucket
	text, err := json.Marshal(to)
	fatal(t, err)
	fatal(t, os.WriteFile(filepath.Join(k.dir, orders), text, 0o600))
	for range times {
		at := testkit.Point{Name: []string{"source asked", "source answered", "target asked", "target answered"}[k.random.IntN(4)], Hit: 1 + k.random.IntN(20)}
		outcome := testkit.Crash{Body: killedBody, Dir: k.dir, At: at}.Run(t)
		if !outcome.Killed && outcome.ExitCode != 0 {
			t.Fatalf("exit code %d: %s", outcome.ExitCode, outcome.Output)
		}
		if !outcome.Killed {
			break
		}
		kills++
	}
	if outcome := (testkit.Crash{Body: killedBody, Dir: k.dir}).Run(t); outcome.Killed || outcome.ExitCode != 0 {
		t.Fatalf("the last run: exit code %d: %s", outcome.ExitCode, outcome.Output)
	}
	manifest, err := os.ReadFile(filepath.Join(k.dir, manifestIn))
	fatal(t, err)
	if got := lines(t, manifest); len(got) != len(k.contents) {
		t.Errorf("%d lines of %d objects", len(got), len(k.contents))
	}
	return kills
}

// A process that is killed at whatever instant, and begun again, loses nothing and
// sends nothing again that had arrived: neither a blob nor a block of one.
func TestKilledCopiesGoOn(t *testing.T) {
	t.Parallel()
	contents := map[string][]byte{"large": body(1, 12<<20), "other": body(2, 3<<20+1)}
	for i := range 30 {
		contents[fmt.Sprintf("small/%02d", i)] = body(i, i*500)
	}
	k := toBeKilled(t, contents)
	sink := &counted{Sink: objectkit.NewSink(), taken: map[string]int{}}
	kills := k.run(t, order{Target: objectkit.Serve(t, sink) + "/account/container"}, 8)
	for key, content := range contents {
		if b, ok := sink.Blob(key); !ok || b.Size != int64(len(content)) || b.CRC64 != checksum.CRC64(content) || b.Metadata["who"] != "me" {
			t.Errorf("%q is %+v, there %t", key, b, ok)
		}
	}
	sink.mu.Lock()
	defer sink.mu.Unlock()
	for what, n := range sink.taken {
		if n > 1 {
			t.Errorf("%s was sent %d times", what, n)
		}
	}
	_, sent := sink.Count(objectkit.PutBlock)
	t.Logf("%d kills, %d blobs and blocks, %d bytes of blocks", kills, len(sink.taken), sent)
}

// The same into a real Azurite, which has the contents to be read again.
func TestKilledCopiesGoOnAtAzurite(t *testing.T) {
	t.Parallel()
	contents := map[string][]byte{"large": body(1, 4<<20)}
	for i := range 8 {
		contents[fmt.Sprintf("small/%02d", i)] = body(i, 100+i*500)
	}
	k := toBeKilled(t, contents)
	k.run(t, order{Target: k.container, Account: k.account.Name, AccountKey: k.account.Key}, 3)
	k.ofSource.Break()
	if got, result := k.pass(t, "verify", realSettings(), objects.LevelFull); result.Err() != nil || result.Proof != move.Read || len(got) != len(contents) {
		t.Errorf("%v, %+v", result.Err(), result.Counts)
	}
}
