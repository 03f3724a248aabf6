package s3_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/s3"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/objectkit"
	"example.com/landfall/internal/testkit/objectkit/conformance"
)

// broken returns a source behind a front, with one object in its bucket.
func broken(t *testing.T, body []byte, change func(*s3.Options)) (*s3.Source, *objectkit.Front) {
	t.Helper()
	store := testkit.ObjectStore(t)
	name := store.Bucket(t)
	put(t, store.Client(t), name, "k", body, conformance.Properties{})
	front, err := objectkit.Faults(store.URL, objectkit.OperationOfS3)
	if err != nil {
		t.Fatal(err)
	}
	config := store.Config(t)
	config.BaseEndpoint = aws.String(objectkit.Serve(t, front))
	o := s3.Options{Config: config, Bucket: name}
	if change != nil {
		change(&o)
	}
	return open(t, o), front
}

func readAll(t *testing.T, source *s3.Source, span object.Span) (string, error) {
	t.Helper()
	_, body, err := source.Open(t.Context(), object.Ref{Key: "k"}, span)
	if err != nil {
		return "", err
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	return string(content), err
}

// Trouble before the body is tried again and not seen.
func TestPassingTroubleIsNotSeen(t *testing.T) {
	t.Parallel()
	source, front := broken(t, []byte("content"), nil)
	for name, f := range map[string]objectkit.Fault{
		"500": {Status: 500, Code: "InternalError"}, "503": {Status: 503, Code: "SlowDown"}, "429": {Status: 429}, "a proxy's page": {Status: 502},
		"reset": {After: true}, "500 after it was done": {Status: 500, After: true}, "RequestTimeout": {Status: 400, Code: "RequestTimeout"},
	} {
		front.Break(objectkit.Rule{Times: 3, Fault: f})
		if content, err := readAll(t, source, object.Span{}); err != nil || content != "content" {
			t.Errorf("%s: %q, %v", name, content, err)
		}
		if n := front.Calls("GetObject"); n != 4 {
			t.Errorf("%s: %d calls", name, n)
		}
		front.Break(objectkit.Rule{Fault: f})
		if page, err := source.Page(t.Context(), object.Range{}, "", ""); err != nil || len(page.Items) != 1 {
			t.Errorf("%s: %+v, %v", name, page, err)
		}
	}
}

func TestTroubleThatStaysHasItsKind(t *testing.T) {
	t.Parallel()
	source, front := broken(t, []byte("content"), func(o *s3.Options) { o.Tries = 3 })
	for _, c := range []struct {
		fault objectkit.Fault
		kind  fault.Kind
		is    error
		calls int
	}{
		{objectkit.Fault{Status: 503, Code: "SlowDown"}, fault.Throttled, nil, 3},
		{objectkit.Fault{Status: 500, Code: "InternalError"}, fault.Unavailable, nil, 3},
		// The transport sends a GET once more by itself on a connection that was used.
		{objectkit.Fault{After: true}, fault.Unavailable, nil, 0},
		{objectkit.Fault{Status: 403, Code: "AccessDenied"}, fault.Denied, nil, 1},
		{objectkit.Fault{Status: 400, Code: "KMS.DisabledException"}, fault.Denied, nil, 1},
		{objectkit.Fault{Status: 403, Code: "InvalidObjectState"}, fault.Refused, object.ErrArchived, 1},
		{objectkit.Fault{Status: 404, Code: "NoSuchVersion"}, fault.NotFound, nil, 1},
		{objectkit.Fault{Status: 405, Code: "MethodNotAllowed", Header: http.Header{"X-Amz-Delete-Marker": {"true"}}}, fault.NotFound, nil, 1},
		{objectkit.Fault{Status: 501, Code: "NotImplemented"}, fault.Unsupported, nil, 1},
		{objectkit.Fault{Status: 301, Code: "PermanentRedirect", Header: http.Header{"X-Amz-Bucket-Region": {"eu-west-1"}}}, fault.Invalid, nil, 1},
	} {
		front.Break(objectkit.Rule{Times: -1, Fault: c.fault})
		_, err := readAll(t, source, object.Span{})
		if !fault.Is(err, c.kind) || c.is != nil && !errors.Is(err, c.is) || c.calls > 0 && front.Calls("GetObject") != c.calls {
			t.Errorf("%+v: %v (%s) after %d calls", c.fault, err, fault.KindOf(err), front.Calls("GetObject"))
		}
		if c.fault.Code == "PermanentRedirect" && !strings.Contains(fault.HintOf(err), "eu-west-1") {
			t.Errorf("the hint does not say the region: %q", fault.HintOf(err))
		}
	}
}

// A body that is not all of the object, or not the object, never ends well.
func TestBrokenBodies(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	source, front := broken(t, content, nil)
	exact := func(span object.Span, size int) error {
		_, body, err := source.Open(t.Context(), object.Ref{Key: "k"}, span)
		if err != nil {
			return err
		}
		defer body.Close()
		_, err = io.ReadFull(body, make([]byte, size))
		return err
	}
	part := object.Span{From: 1000, Size: 100_000}
	for _, c := range []struct {
		name  string
		fault objectkit.Fault
		// spans: a flipped bit of a range shows only in the hash of the whole.
		spans bool
	}{
		{"reset", objectkit.Fault{Cut: 50_000}, true}, {"short", objectkit.Fault{Off: -1}, false}, {"long", objectkit.Fault{Off: 1}, false},
		{"a flipped bit", objectkit.Fault{Flip: 77_777}, false}, {"the last bit", objectkit.Fault{Flip: len(content)}, false},
	} {
		front.Break(objectkit.Rule{Op: "GetObject", Times: -1, Fault: c.fault})
		if _, err := readAll(t, source, object.Span{}); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", c.name, err)
		}
		// One that is too long shows in the size of its head.
		if err := exact(object.Span{}, len(content)); c.fault.Off <= 0 && !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s, into a buffer of the size: %v", c.name, err)
		}
		if err := exact(part, int(part.Size)); c.spans && !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s, a span: %v", c.name, err)
		}
	}
	front.Break(objectkit.Rule{Op: "GetObject", Times: -1, Fault: objectkit.Fault{Off: -1}})
	if err := exact(part, int(part.Size)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("a short range: %v", err)
	}
	front.Break(objectkit.Rule{Op: "GetObject", Times: -1, Fault: objectkit.Fault{Header: http.Header{"Content-Range": {"bytes 0-99999/1048576"}}}})
	if err := exact(part, int(part.Size)); !fault.Is(err, fault.Unavailable) {
		t.Errorf("another range: %v", err)
	}
	front.Break(objectkit.Rule{Op: "GetObject", Fault: objectkit.Fault{Pause: 5 * time.Millisecond}})
	if err := exact(object.Span{}, len(content)); err != nil {
		t.Errorf("a slow body: %v", err)
	}
}

// A listing that breaks off is no shorter listing.
func TestBrokenListings(t *testing.T) {
	t.Parallel()
	source, front := broken(t, []byte("x"), func(o *s3.Options) { o.Tries = 1 })
	for _, f := range []objectkit.Fault{{Cut: 200}, {Off: -1}, {Off: -30}} {
		front.Break(objectkit.Rule{Times: -1, Fault: f})
		if page, err := source.Page(t.Context(), object.Range{}, "", ""); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%+v: %+v, %v", f, page, err)
		}
	}
}

func TestThrottlingIsToldAndRetryAfterObeyed(t *testing.T) {
	t.Parallel()
	var slowed atomic.Int64
	source, front := broken(t, []byte("x"), func(o *s3.Options) { o.Slowed = func(d time.Duration) { slowed.Add(int64(d)) } })
	front.Break(objectkit.Rule{Fault: objectkit.Fault{Status: 503, Code: "SlowDown", RetryAfter: "1"}})
	start := time.Now()
	if _, err := readAll(t, source, object.Span{}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < time.Second || time.Duration(slowed.Load()) != time.Second {
		t.Errorf("after %s, told of %s", took, time.Duration(slowed.Load()))
	}
}

// An answer to HEAD has no body: the driver asks for the words with a GET.
func TestHeadOfAnObjectUnderACustomersKey(t *testing.T) {
	t.Parallel()
	source := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		if r.Method == http.MethodGet {
			fmt.Fprint(w, "<Error><Code>InvalidRequest</Code><Message>The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.</Message></Error>")
		}
	})
	_, err := source.Head(t.Context(), object.Ref{Key: "k"})
	if !fault.Is(err, fault.Refused) || !errors.Is(err, object.ErrCustomerKey) {
		t.Errorf("head: %v", err)
	}
}
