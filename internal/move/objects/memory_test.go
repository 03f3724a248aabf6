package objects_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"example.com/landfall/internal/move"
	"example.com/landfall/internal/move/objects"
	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/manifest"
	"example.com/landfall/internal/move/objects/s3"
	"example.com/landfall/internal/testkit/objectkit"
)

// weighed answers requests by a handler in this process, body by body as it is
// read, and weighs what is held while it does.
type weighed struct {
	source, target http.Handler

	mu    sync.Mutex
	pages int
	most  uint64
}

// answered is a response on its way through a pipe.
type answered struct {
	header http.Header
	body   *io.PipeWriter
}

func (a answered) Header() http.Header         { return a.header }
func (a answered) WriteHeader(int)             {}
func (a answered) Write(p []byte) (int, error) { return a.body.Write(p) }

func (w *weighed) RoundTrip(r *http.Request) (*http.Response, error) {
	w.weigh()
	handler, most, q := w.source, "max-keys", r.URL.Query()
	if q.Get("comp") == "list" {
		handler, most = w.target, "maxresults"
	}
	// Small pages: fewer objects than it takes with large ones show whether what is
	// held grows with them.
	q.Set(most, "100")
	r = r.Clone(r.Context())
	r.URL.RawQuery = q.Encode()
	from, to := io.Pipe()
	header := http.Header{}
	go func() {
		defer to.Close()
		defer func() { _ = recover() }() // the client has gone
		handler.ServeHTTP(answered{header, to}, r)
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: from, ContentLength: -1, Request: r}, nil
}

// weigh keeps the most that was alive at any fiftieth request.
func (w *weighed) weigh() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pages++; w.pages%50 == 0 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		w.most = max(w.most, m.HeapAlloc)
	}
}

// heldFor is the most that a pass holds which finds all of so many objects at
// the target, read by the drivers of both services.
func heldFor(t *testing.T, n int) uint64 {
	t.Helper()
	listing := &objectkit.Listing{N: n, Shape: objectkit.Deep}
	origin := sha256.Sum256([]byte("bucket"))
	w := &weighed{source: listing, target: listing.Blobs(func(i int) map[string]string {
		return map[string]string{"landfall": fmt.Sprintf("1:%s:-:%d:0011223344556677:b:%d:%x", listing.ETag(i), listing.Size(i), listing.Modified().Unix(), origin[:4])}
	})}
	source, err := s3.New(t.Context(), s3.Options{
		Config: aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), BaseEndpoint: aws.String("http://127.0.0.1:1")},
		Bucket: "bucket", Transport: w,
	})
	fatal(t, err)
	target, err := blob.New(blob.Options{URL: "http://127.0.0.1:1/account/container", Credential: blob.SAS("sig=x"), Transport: w})
	fatal(t, err)
	mover, err := objects.New(objects.Ports{Source: source, Target: target, Folder: t.TempDir()}, objects.Settings{Source: "s3://bucket", Target: "az://account/container"}, move.Limits{})
	fatal(t, err)
	r, err := mover.Copy(t.Context(), objects.Pass{ID: "p"}, io.Discard)
	if err != nil || r.Counts.Results[manifest.Same].Objects != int64(n) {
		t.Fatalf("%v, %+v", err, r.Counts)
	}
	return w.most
}

// What is held is that of the parts of the listing which are read at once, and
// does not grow with how many objects there are. Not parallel: it weighs the heap
// of the process.
func TestMemoryOfAPassIsFlat(t *testing.T) {
	few, many := heldFor(t, 60_000), heldFor(t, 240_000)
	t.Logf("60,000 objects take %d KiB, 240,000 take %d KiB", few>>10, many>>10)
	if many > 2*few || many > 16<<20 {
		t.Errorf("60,000 objects take %d KiB, 240,000 take %d KiB", few>>10, many>>10)
	}
}
