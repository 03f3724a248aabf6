package app

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the ETag of S3 is one
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"example.com/landfall/internal/action"
	"example.com/landfall/internal/config"
	"example.com/landfall/internal/engine/temporal"
	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/rest"
	"example.com/landfall/internal/move/objects/s3"
	"example.com/landfall/internal/runbook"
	"example.com/landfall/internal/store"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/enginekit"
	"example.com/landfall/internal/testkit/objectkit"
)

const (
	shardWorker = "worker on shards"
	shardOrder  = "order.json"
	shardLeave  = "leave"
)

// workerOrder is what a child is to work on.
type workerOrder struct {
	Server         enginekit.Server
	Queue          string
	Home           bool
	Workspace      string
	Source, Target string
}

// workOnShards is a worker in a process of its own, of which the clouds are the
// servers of the test.
func workOnShards(ctx context.Context, c testkit.Child) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var o workerOrder
	text, err := os.ReadFile(filepath.Join(c.Dir, shardOrder))
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err != nil {
		return err
	}
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(filepath.Dir(c.Dir), shardLeave)); err == nil {
				cancel()
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	a, err := shardApp(o, c.Point)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	connection, err := o.Server.Connect(ctx, log)
	if err != nil {
		return err
	}
	defer connection.Close()
	return connection.Work(ctx, temporal.WorkerOptions{Queue: o.Queue, Home: o.Home, Hands: hands{a, 1}, Log: log, Silence: enginekit.Quick()})
}

// pointing passes a point when the target has taken something.
type pointing struct {
	inner http.RoundTripper
	point func(string)
}

func (p pointing) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := p.inner.RoundTrip(r)
	if r.Method == http.MethodPut {
		p.point("target took")
	}
	return answer, err
}

// shardApp is the application of a workspace over the servers of the test.
func shardApp(o workerOrder, point func(string)) (*App, error) {
	w, err := store.Open(o.Workspace)
	if err != nil {
		return nil, err
	}
	a := New(Setup{Dir: o.Workspace, Now: time.Now, User: "tester", Version: "test", Getenv: func(string) (string, bool) { return "", false }}, Parts{Workspace: w, Config: &config.Config{}})
	a.Movers.Objects = func(ctx context.Context, _ ObjectSides) (ObjectPorts, error) {
		source, err := s3.New(ctx, s3.Options{Config: aws.Config{Region: "us-east-1", BaseEndpoint: &o.Source, Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")}, Bucket: "covers", Pause: time.Millisecond})
		if err != nil {
			return ObjectPorts{}, err
		}
		target, err := blob.New(blob.Options{URL: o.Target + "/stshop/covers", Credential: blob.SAS("sig=x"), Pause: time.Millisecond, Transport: pointing{rest.Transport(rest.TransportOptions{}), point}})
		return ObjectPorts{Source: source, Target: target}, err
	}
	a.Movers.Key = func(string) (ManifestKey, bool, error) { return plainKey{}, false, nil }
	m := a.objectShards()
	m.shards = 1000
	a.Actions[action.KindMoveObjects] = action.MoveObjectsInParts{MoveObjects: action.MoveObjects{Mover: m.objectMover}, Shards: m}
	a.Actions[action.KindVerifyObjects] = action.VerifyObjectsInParts{VerifyObjects: action.VerifyObjects{Mover: m.objectMover}, Shards: m}
	return a, nil
}

// shelf is a bucket that lists two names at a time, so that a few objects are
// many shards. Facts relied on: Amazon S3 API Reference, "ListObjectsV2",
// "GetObject", "GetObjectTagging".
type shelf struct{ keys []string }

// newShelf has folders of seven folders of seven, each of which has as many
// objects as make it worth a shard.
func newShelf(folders int) *shelf {
	s := &shelf{}
	for i := range folders * 7 * 7 {
		for k := range 5 {
			s.keys = append(s.keys, fmt.Sprintf("a%d/b%d/c%d/o%d", i/49, i/7%7, i%7, k))
		}
	}
	sort.Strings(s.keys)
	return s
}

func (*shelf) body(key string) []byte { return bytes.Repeat([]byte(key), 1+len(key)%3) }

func (s *shelf) etag(key string) string {
	sum := md5.Sum(s.body(key))
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("list-type") == "2" {
		s.list(w, r)
		return
	}
	key := strings.TrimPrefix(r.URL.Path, "/covers/")
	if _, ok := slices.BinarySearch(s.keys, key); !ok {
		http.Error(w, "<Error><Code>NoSuchKey</Code></Error>", http.StatusNotFound)
		return
	}
	if r.URL.Query().Has("tagging") {
		_, _ = io.WriteString(w, "<Tagging><TagSet></TagSet></Tagging>")
		return
	}
	body := s.body(key)
	h := w.Header()
	h.Set("ETag", s.etag(key))
	h.Set("Last-Modified", noon().Format(http.TimeFormat))
	h.Set("x-amz-checksum-type", "FULL_OBJECT")
	h.Set("x-amz-checksum-crc64nvme", base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, checksum.CRC64(body))))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}

func (s *shelf) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	prefix, delimiter, after := q.Get("prefix"), q.Get("delimiter"), max(q.Get("start-after"), q.Get("continuation-token"))
	var out strings.Builder
	last, n := "", 0
	for _, key := range s.keys {
		if !strings.HasPrefix(key, prefix) || key <= after {
			continue
		}
		name, common := key, false
		if at := strings.Index(key[len(prefix):], delimiter); delimiter != "" && at >= 0 {
			name, common = key[:len(prefix)+at+len(delimiter)], true
		}
		if common && (name == last || name+"\xff" == after || strings.HasPrefix(after, name)) {
			continue
		}
		if n == 2 {
			out.WriteString("<IsTruncated>true</IsTruncated><NextContinuationToken>" + last + "</NextContinuationToken>")
			break
		}
		n++
		last = name
		if common {
			out.WriteString("<CommonPrefixes><Prefix>" + name + "</Prefix></CommonPrefixes>")
			continue
		}
		fmt.Fprintf(&out, "<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>%s</ETag><Size>%d</Size><StorageClass>STANDARD</StorageClass></Contents>", name, noon().Format("2006-01-02T15:04:05.000Z"), s.etag(key), len(s.body(key)))
	}
	_, _ = io.WriteString(w, "<ListBucketResult>"+out.String()+"</ListBucketResult>")
}

// tallied is a sink that counts how often each blob was written.
type tallied struct {
	*objectkit.Sink
	mu   sync.Mutex
	puts map[string]int
}

func (c *tallied) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.Sink.ServeHTTP(w, r)
	if r.Method == http.MethodPut {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.puts[r.URL.Path]++
	}
}

// shardRun is a run that copies the shelf, and the workers that carry it out.
type shardRun struct {
	*enginekit.World
	home   *App
	sink   *tallied
	crew   string
	target string
	group  sync.WaitGroup
}

// startShards begins a run that copies the shelf with three workers: all in the
// workspace, or two of them in folders of their own, near the target.
func startShards(t *testing.T, server enginekit.Server, name, source string, apart bool) *shardRun {
	t.Helper()
	r := &shardRun{home: workspace(t), sink: &tallied{Sink: objectkit.NewSink(), puts: map[string]int{}}, crew: t.TempDir()}
	r.target = objectkit.Serve(t, r.sink)
	r.World = enginekit.NewWorld(t, server, name, func(string) *runbook.Runbook {
		steps := []runbook.Step{{ID: "copy", Kind: action.KindMoveObjects, Inputs: map[string]any{"data": "bucket:covers", "source": "arn:aws:s3:::covers", "target": shardSet("").Target, "what": "copy"}}}
		if apart {
			// Behind the fence the last copy and the comparison are two stages of parts.
			compare := runbook.Step{ID: "compare", Kind: action.KindVerifyObjects, Needs: []string{"copy"}, UndoReason: "comparing changes nothing", Inputs: maps.Clone(steps[0].Inputs)}
			compare.Inputs["what"] = "final"
			steps = append(steps, compare)
		}
		return enginekit.Book(append(steps, runbook.Step{ID: "sign-off", Kind: "manual", UndoReason: "it changes nothing"}))
	})
	r.Bound(temporal.Fans{Children: 3, PerChild: 7})
	order := workerOrder{Server: server, Queue: enginekit.Queue(name), Home: true, Workspace: r.home.Workspace.Root(), Source: source, Target: r.target}
	crash := testkit.Crash{At: testkit.Point{Name: "target took", Hit: 30}}
	if apart {
		r.Plan.Steps[0].Place, r.Plan.Steps[1].Place = runbook.NearTarget, runbook.NearTarget
		r.Queues = map[runbook.Place]string{runbook.NearTarget: order.Queue + ".near"}
	}
	if err := r.home.Workspace.KeepExecution(store.Execution{Run: name, Fingerprint: enginekit.Print(t, r.Plan), Environment: "test", Begun: time.Now(), By: "ada", Queue: order.Queue}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		o, c := order, testkit.Crash{}
		if i == 1 {
			c = crash
		}
		if apart && i > 0 {
			o.Home, o.Queue, o.Workspace = false, r.Queues[runbook.NearTarget], workspace(t).Workspace.Root()
		}
		r.hire(t, i, o, c)
	}
	r.Begin(t, nil)
	return r
}

// hire starts a worker. One that is killed stays away.
func (r *shardRun) hire(t *testing.T, i int, o workerOrder, c testkit.Crash) {
	t.Helper()
	dir := filepath.Join(r.crew, strconv.Itoa(i))
	text, err := json.Marshal(o)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, shardOrder), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.Body, c.Dir, c.Within = shardWorker, dir, 2*enginekit.Patience
	r.group.Go(func() {
		o := c.Run(t)
		if o.Killed != (c.At.Name != "") {
			t.Errorf("worker %d: killed %t, exit code %d: %s", i, o.Killed, o.ExitCode, o.Output)
		}
	})
}

// dismiss asks the workers to leave, and waits for them.
func (r *shardRun) dismiss(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(r.crew, shardLeave), nil, 0o600); err != nil {
		t.Error(err)
	}
	r.group.Wait()
}

// A step that copies some hundred shards is carried out by three workers, of which
// one is killed in the middle and stays away: the others take its shards over. The
// manifest has what one of an undisturbed copy has, and each object was written
// once. Once all workers share the workspace, once two have folders of their own
// and also make the last copy and the comparison behind the fence, shard by shard.
func TestThreeWorkersCopyAStep(t *testing.T) {
	t.Parallel()
	e := enginekit.NewEngine(t)
	for name, shelf := range map[string]*shelf{"together": newShelf(7), "apart": newShelf(1)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []string
			for _, key := range shelf.keys {
				body := shelf.body(key)
				want = append(want, fmt.Sprint(key, " ", strings.Trim(shelf.etag(key), `"`), " ", len(body), " ", checksum.CRC64(body), " ", true))
			}
			r := startShards(t, e.Server(), name, objectkit.Serve(t, shelf), name == "apart")
			defer r.dismiss(t)
			end := r.Operate(t, nil)
			if end.Result != "done" || end.Steps[0].Attempt != 1 {
				t.Fatalf("%s, %d attempts: %s", enginekit.Essence(*end), end.Steps[0].Attempt, end.Steps[0].Detail)
			}
			got, results := essence(t, objectShards{objectMover: objectMover{r.home}}, verbCopy)
			if !slices.Equal(got, want) || results[manifest.Copied]+results[manifest.Same] != len(want) {
				t.Errorf("%d lines, want %d: %v", len(got), len(want), results)
			}
			if name == "apart" {
				compared, found := essence(t, objectShards{objectMover: objectMover{r.home}}, verbVerify)
				if !slices.Equal(compared, want) || found[manifest.Same] != len(want) {
					t.Errorf("%d lines are compared, want %d: %v", len(compared), len(want), found)
				}
			}
			r.sink.mu.Lock()
			defer r.sink.mu.Unlock()
			if len(r.sink.puts) != len(want) {
				t.Errorf("%d blobs of %d objects", len(r.sink.puts), len(want))
			}
			for name, n := range r.sink.puts {
				if n != 1 {
					t.Errorf("%s was written %d times", name, n)
				}
			}
			t.Logf("%v", results)
		})
	}
}
