package aws_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/trail"
	"example.com/landfall/internal/trail/aws"
)

// What cannot be listed is unread, with what that hides; the others go on.
func TestBucketsThatAreNotThere(t *testing.T) {
	t.Parallel()
	store := testkit.ObjectStore(t)
	bucket := store.Bucket(t)
	put(t, store, bucket, map[string]string{"s3/2026-11-20-00-00-00-B": fmt.Sprintf(s3Line, "y")})
	inv := inventoryOf("bucket-that-is-nowhere")
	inv.Resources = append(inv.Resources, resource("AWS::S3::Bucket", "other", inventory.Properties{"LoggingConfiguration": map[string]any{"DestinationBucketName": bucket, "LogFilePrefix": "s3/"}}))
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	s := &sink{}
	finder := aws.New(store.Config(t), aws.Options{LookupPages: 1})
	logs, err := finder.Find(t.Context(), inv, trail.Window{From: at.Add(-time.Hour), To: at.Add(time.Hour)}, s)
	if err != nil {
		t.Fatal(err)
	}
	missing := 0
	for _, u := range s.unread {
		if u.Operation == "s3:ListBucket" && strings.Contains(u.Reason, "NoSuchBucket") && u.Hides != "" && u.Account == account {
			missing++
		}
	}
	// Two flow logs, one trail, two balancers' places, a distribution, two buckets.
	if missing != 8 {
		t.Errorf("%d missing places: %+v", missing, s.unread)
	}
	// The event history takes the place of the trail.
	history, others := 0, 0
	for _, l := range logs {
		if l.Kind == trail.Events && strings.Contains(l.Files[0].Name, "event-history") {
			history++
		} else {
			others += len(l.Files)
		}
	}
	if history != 1 || others != 1 {
		t.Errorf("%d histories, %d other files", history, others)
	}
}

// cutting passes requests on and breaks the body of the first answers to
// GetObject in the middle.
type cutting struct {
	counter
	cuts atomic.Int64
}

func (c *cutting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, ".log") && c.cuts.Add(-1) >= 0 {
		w = &half{ResponseWriter: w}
	}
	c.counter.ServeHTTP(w, r)
}

type half struct {
	http.ResponseWriter
	n int
}

func (h *half) Write(p []byte) (int, error) {
	const most = 100_000
	if h.n+len(p) > most {
		_, _ = h.ResponseWriter.Write(p[:most-h.n])
		panic(http.ErrAbortHandler)
	}
	h.n += len(p)
	return h.ResponseWriter.Write(p)
}

// A connection that breaks inside an object is made again where it broke.
func TestReadingGoesOnWhereTheConnectionBroke(t *testing.T) {
	t.Parallel()
	store := testkit.ObjectStore(t)
	bucket := store.Bucket(t)
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	body := flow("10.0.0.5", at) + strings.Repeat(strings.SplitAfter(flow("10.0.0.5", at), "\n")[1], 5000)
	put(t, store, bucket, map[string]string{"AWSLogs/" + account + "/vpcflowlogs/us-east-1/2026/11/20/" + account + "_vpcflowlogs_us-east-1_fl-1_x_a.log": body})
	front := &cutting{counter: counter{inner: store.URL}}
	front.cuts.Store(2)
	server := httptest.NewServer(front)
	t.Cleanup(server.Close)
	config := store.Config(t)
	config.BaseEndpoint = &server.URL
	inv := inventory.Inventory{Resources: []inventory.Resource{resource("AWS::S3::Bucket", bucket, nil),
		resource("AWS::EC2::FlowLog", "fl-1", inventory.Properties{"Id": "fl-1", "LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::" + bucket})}}
	s := &sink{}
	logs, err := aws.New(config, aws.Options{}).Find(t.Context(), inv, trail.Window{From: at, To: at.Add(time.Hour)}, s)
	if err != nil || len(logs) == 0 {
		t.Fatal(err, s.unread)
	}
	r, err := logs[0].Files[0].Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != body {
		t.Errorf("%d of %d bytes, %v", len(got), len(body), err)
	}
}
