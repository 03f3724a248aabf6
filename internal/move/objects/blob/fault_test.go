package blob_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/objectkit"
)

// broken returns a target behind a front of an Azurite.
func broken(t *testing.T, tries int) (*blob.Target, *objectkit.Front) {
	t.Helper()
	o := azurite(t, testkit.Azurite(t))
	root := o.URL[:strings.Index(o.URL[len("http://"):], "/")+len("http://")]
	front, err := objectkit.Faults(root, objectkit.OperationOfBlob)
	if err != nil {
		t.Fatal(err)
	}
	o.URL = objectkit.Serve(t, front) + o.URL[len(root):]
	o.Tries = tries
	return open(t, o), front
}

func crc(body []byte) object.Sums {
	return object.Sums{Known: object.CRC64, CRC64: checksum.CRC64(body)}
}

// Trouble that passes is not seen, also where the write was carried out and
// only its answer was lost, and also under a condition that the write itself
// has made untrue.
func TestPassingTroubleIsNotSeen(t *testing.T) {
	t.Parallel()
	target, front := broken(t, 0)
	ctx, body := t.Context(), []byte("content")
	for name, f := range map[string]objectkit.Fault{
		"500": {Status: 500, Code: "InternalError"}, "busy": {Status: 503, Code: "ServerBusy"}, "429": {Status: 429}, "timed out": {Status: 500, Code: "OperationTimedOut"},
		"reset before the answer": {After: true}, "500 after it was done": {Status: 500, Code: "InternalError", After: true}, "a body damaged on the way": {FlipSent: 3},
	} {
		once := func(op string) { front.Break(objectkit.Rule{Op: op, Fault: f}) }
		w := object.Write{Name: name, IfAbsent: true, Metadata: map[string]string{"landfall": "1:" + strings.ReplaceAll(name, " ", "")}}
		once("PutBlob")
		receipt, err := target.Put(ctx, w, body, crc(body))
		if err != nil || receipt.ETag == "" {
			t.Errorf("%s: put: %+v, %v", name, receipt, err)
		}
		once("GetBlobProperties")
		head, err := target.Head(ctx, name)
		if err != nil || head.ETag != receipt.ETag {
			t.Errorf("%s: head %+v, %v", name, head, err)
		}
		once("PutBlock")
		if _, err := target.Stage(ctx, name, "0001", body, crc(body)); err != nil {
			t.Errorf("%s: stage: %v", name, err)
		}
		w.IfAbsent, w.IfMatch = false, head.ETag
		if f.FlipSent == 0 { // nothing covers the list itself; TLS does
			once("PutBlockList")
		}
		if receipt, err = target.Commit(ctx, w, []string{"0001"}); err != nil {
			t.Errorf("%s: commit: %v", name, err)
		}
		once("DeleteBlob")
		if err := target.Delete(ctx, name, receipt.ETag); err != nil {
			t.Errorf("%s: delete: %v", name, err)
		}
	}
}

// What somebody else wrote meanwhile is never taken for our own work.
func TestAnotherOnesBlobIsAConflict(t *testing.T) {
	t.Parallel()
	target, front := broken(t, 0)
	ctx := t.Context()
	if _, err := target.Put(ctx, object.Write{Name: "n"}, []byte("theirs!"), object.Sums{}); err != nil {
		t.Fatal(err)
	}
	front.Break(objectkit.Rule{Op: "PutBlob", Fault: objectkit.Fault{Status: 500}})
	if _, err := target.Put(ctx, object.Write{Name: "n", IfAbsent: true}, []byte("content"), object.Sums{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("put: %v", err)
	}
}

func TestTroubleThatStaysHasItsKind(t *testing.T) {
	t.Parallel()
	target, front := broken(t, 2)
	for _, c := range []struct {
		status int
		code   string
		kind   fault.Kind
		is     error
	}{
		{503, "ServerBusy", fault.Throttled, nil}, {500, "OperationTimedOut", fault.Unavailable, nil}, {409, "BlobImmutableDueToPolicy", fault.Denied, nil},
		{412, "LeaseIdMissing", fault.Denied, nil}, {403, "AuthorizationPermissionMismatch", fault.Denied, nil}, {401, "InvalidAuthenticationInfo", fault.Denied, nil},
		{404, "ContainerNotFound", fault.NotFound, nil}, {409, "BlobArchived", fault.Refused, object.ErrArchived}, {409, "BlobBeingRehydrated", fault.Refused, object.ErrArchived},
		{400, "InvalidBlobOrBlock", fault.Invalid, object.ErrForeignBlocks}, {400, "InvalidBlockList", fault.Invalid, object.ErrForeignBlocks},
		{400, "Md5Mismatch", fault.Invalid, object.ErrMismatch}, {400, "Crc64Mismatch", fault.Invalid, object.ErrMismatch}, {400, "InvalidMetadata", fault.Invalid, nil},
		{409, "InvalidBlobType", fault.Invalid, nil}, {409, "SnapshotsPresent", fault.Conflict, nil}, {409, "ContainerBeingDeleted", fault.Conflict, nil},
		{409, "BlobAccessTierNotSupportedForAccountType", fault.Unsupported, nil}, {409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts", fault.Unsupported, nil},
		{413, "RequestBodyTooLarge", fault.Invalid, nil}, {404, "CannotVerifyCopySource", fault.NotFound, nil}, {500, "CannotVerifyCopySource", fault.Unavailable, nil},
	} {
		front.Break(objectkit.Rule{Times: -1, Fault: objectkit.Fault{Status: c.status, Code: c.code}})
		_, err := target.Put(t.Context(), object.Write{Name: "n"}, []byte("x"), crc([]byte("x")))
		if !fault.Is(err, c.kind) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%d %s: %v (%s)", c.status, c.code, err, fault.KindOf(err))
		}
		if !strings.Contains(err.Error(), c.code) || strings.Contains(err.Error(), "\n") {
			t.Errorf("the text does not say it on a line: %q", err)
		}
		if c.kind == fault.Denied && fault.HintOf(err) == "" {
			t.Errorf("%s: no hint", c.code)
		}
	}
}

func TestBrokenBodiesAndListings(t *testing.T) {
	t.Parallel()
	target, front := broken(t, 1)
	body := bytes.Repeat([]byte("0123456789"), 50_000)
	if _, err := target.Put(t.Context(), object.Write{Name: "n"}, body, crc(body)); err != nil {
		t.Fatal(err)
	}
	for _, span := range []object.Span{{}, {From: 5, Size: 400_000}} {
		for _, f := range []objectkit.Fault{{Cut: 1000}, {Off: -1}} {
			front.Break(objectkit.Rule{Op: "GetBlob", Times: -1, Fault: f})
			head, r, err := target.Open(t.Context(), "n", span, "")
			if err == nil {
				_, err = io.Copy(io.Discard, r)
				r.Close()
			}
			// A whole blob that is shorter says so in its head.
			if !fault.Is(err, fault.Unavailable) && head.Size == int64(len(body)) {
				t.Errorf("%+v, %+v: %v", span, f, err)
			}
		}
	}
	for _, f := range []objectkit.Fault{{Cut: 300}, {Off: -1}, {Off: -40}} {
		front.Break(objectkit.Rule{Op: "ListBlobs", Fault: f})
		if page, err := target.Page(t.Context(), "", "", ""); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%+v: %+v, %v", f, page, err)
		}
	}
}

// A buffer may be used again as soon as a call has returned, also when the
// service did not wait for the body.
func TestTheBufferIsFreeAfterTheCall(t *testing.T) {
	t.Parallel()
	url := objectkit.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden) // at once, with the body unread
	}))
	target := open(t, blob.Options{URL: url + "/account/container", Credential: blob.SAS("sig=x"), Pause: time.Millisecond})
	body := make([]byte, 8<<20)
	for range 5 {
		if _, err := target.Stage(t.Context(), "n", "0001", body, object.Sums{}); err == nil {
			t.Fatal("no error")
		}
		for i := range body { // the race detector watches
			body[i]++
		}
	}
}

// Put Block From URL, through the front that carries it out.
func TestStageFrom(t *testing.T) {
	t.Parallel()
	account := testkit.Azurite(t)
	o := azurite(t, account)
	front, err := objectkit.FromURL(account)
	if err != nil {
		t.Fatal(err)
	}
	root := o.URL[:strings.Index(o.URL[len("http://"):], "/")+len("http://")]
	o.URL = objectkit.Serve(t, front) + o.URL[len(root):]
	o.Tries = 2
	target := open(t, o)
	content := bytes.Repeat([]byte("0123456789"), 1000)
	source := objectkit.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/denied" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	ids := []string{"0001", "0002"}
	for i, span := range []object.Span{{From: 0, Size: 6000}, {From: 6000, Size: 4000}} {
		receipt, err := target.StageFrom(t.Context(), "odd//../n", ids[i], source+"/x", span)
		if err != nil || !receipt.Known.Has(object.CRC64) || receipt.CRC64 != checksum.CRC64(content[span.From:span.From+span.Size]) {
			t.Fatalf("%+v, %v", receipt, err)
		}
	}
	if _, err := target.Commit(t.Context(), object.Write{Name: "odd//../n"}, ids); err != nil {
		t.Fatal(err)
	}
	_, r, err := target.Open(t.Context(), "odd//../n", object.Span{}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	_, err = target.StageFrom(t.Context(), "n", ids[0], source+"/denied", object.Span{From: 0, Size: 10})
	if !fault.Is(err, fault.Denied) || strings.Contains(err.Error(), source) {
		t.Errorf("a source that is denied: %v", err)
	}
}

// Over the sink, which lists as the reference says, names that Azurite cannot
// list come back too; and the sink does check.
func TestOverTheSink(t *testing.T) {
	t.Parallel()
	sink := objectkit.NewSink()
	target := open(t, blob.Options{URL: objectkit.Serve(t, sink) + "/account/container", Credential: blob.SAS("sig=x"), Pause: time.Millisecond})
	names := []string{"\x01", "a\x1fb", "a\uffffb", "plain", "a&b<c>\r\n", "a/b/c"}
	for _, name := range names {
		sum := md5.Sum([]byte(name))
		w := object.Write{Name: name, MD5: sum[:], Metadata: map[string]string{"landfall": "m"}, Headers: object.Headers{Type: "a/b"}}
		if _, err := target.Put(t.Context(), w, []byte(name), crc([]byte(name))); err != nil {
			t.Fatal(err)
		}
		if b, ok := sink.Blob(name); !ok || b.CRC64 != checksum.CRC64([]byte(name)) || b.Size != int64(len(name)) {
			t.Errorf("%q: %+v", name, b)
		}
	}
	page, err := target.Page(t.Context(), "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range page.Items {
		got = append(got, b.Name)
		if b.Mark != "m" || b.Headers.Type != "a/b" || len(b.MD5) != 16 {
			t.Errorf("%+v", b)
		}
	}
	slices.Sort(names)
	if !slices.Equal(got, names) {
		t.Errorf("%q", got)
	}
	if _, err := target.Put(t.Context(), object.Write{Name: "n"}, []byte("x"), crc([]byte("y"))); !errors.Is(err, object.ErrMismatch) {
		t.Errorf("a wrong hash: %v", err)
	}
	if n, bytes := sink.Count(objectkit.PutBlob); n != int64(len(names))+2 || bytes == 0 {
		t.Errorf("%d requests, %d bytes", n, bytes)
	}
}
