package blob_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/blob"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/objectkit"
)

// recorder answers requests one after the other and keeps the names of their
// headers as they came over the line, which net/http does not show.
func recorder(t *testing.T, statuses ...string) (url string, names func() []string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var raw bytes.Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		reader := bufio.NewReader(io.TeeReader(conn, &raw))
		for _, status := range statuses {
			request, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\nContent-Length: 0\r\n\r\n")
		}
	}()
	return "http://" + listener.Addr().String(), func() []string {
		<-done
		var names []string
		for line := range strings.Lines(raw.String()) {
			if name, _, ok := strings.Cut(line, ":"); ok && strings.Contains(strings.ToLower(name), "-meta-") {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
}

// Names of metadata go over the line exactly as they are given, the second time
// too: Azure keeps their case.
func TestNamesOfMetadataKeepTheirCase(t *testing.T) {
	t.Parallel()
	url, names := recorder(t, "500 Oops", "201 Created", "201 Created")
	target := open(t, blob.Options{URL: url + "/a/c", Credential: blob.SAS("sig=x"), Pause: time.Millisecond})
	w := object.Write{Name: "n", Metadata: map[string]string{"landfall": "1", "who_am_i": "2", "MiXed": "3"}}
	if _, err := target.Put(t.Context(), w, []byte("x"), crc([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	if _, err := target.Commit(t.Context(), w, []string{"id"}); err != nil {
		t.Fatal(err)
	}
	var want []string
	for range 3 {
		want = append(want, "x-ms-meta-MiXed", "x-ms-meta-landfall", "x-ms-meta-who_am_i")
	}
	slices.Sort(want)
	if got := names(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// A service that begins its listing at the prefix all the same, or refuses the
// parameter, is told apart from one that begins where it is told to.
func TestListingFromANameWhereTheServiceCannot(t *testing.T) {
	t.Parallel()
	listing := &objectkit.Listing{N: 20}
	blobs := listing.Blobs(nil)
	refuses := false
	url := objectkit.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuses && r.URL.Query().Has("startFrom") {
			w.Header().Set("X-Ms-Error-Code", "UnsupportedQueryParameter")
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		q := r.URL.Query()
		q.Del("startFrom")
		r.URL.RawQuery = q.Encode()
		blobs.ServeHTTP(w, r)
	}))
	target := open(t, blob.Options{URL: url + "/a/c", Credential: blob.SAS("sig=x")})
	for range 2 {
		if page, err := target.PageFrom(t.Context(), "", listing.Name(5), ""); !fault.Is(err, fault.Unsupported) || len(page.Items) != 0 {
			t.Errorf("refuses %t: %d items, %v", refuses, len(page.Items), err)
		}
		if page, err := target.PageFrom(t.Context(), "", "", ""); err != nil || len(page.Items) != 20 {
			t.Errorf("refuses %t, from the beginning: %d items, %v", refuses, len(page.Items), err)
		}
		refuses = true
	}
}

// The blob that is written again to be rid of staged blocks must be the one that
// it was: what was damaged on the way is not written.
func TestClearingWritesNoDamagedContent(t *testing.T) {
	t.Parallel()
	o := azurite(t, testkit.Azurite(t))
	root := o.URL[:strings.Index(o.URL[len("http://"):], "/")+len("http://")]
	front, err := objectkit.Faults(root, objectkit.OperationOfBlob)
	if err != nil {
		t.Fatal(err)
	}
	direct := open(t, o)
	o.URL = objectkit.Serve(t, front) + o.URL[len(root):]
	target := open(t, o)
	ctx, body := t.Context(), []byte("what was there before")
	if _, err := direct.Put(ctx, object.Write{Name: "n"}, body, crc(body)); err != nil {
		t.Fatal(err)
	}
	if _, err := direct.Stage(ctx, "n", "short", []byte("x"), crc([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	front.Break(objectkit.Rule{Op: "GetBlob", Times: -1, Fault: objectkit.Fault{Flip: 3}})
	if err := target.Unstage(ctx, "n"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
	front.Break()
	if err := target.Unstage(ctx, "n"); err != nil {
		t.Error(err)
	}
	_, from, err := direct.Open(ctx, "n", object.Span{}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	if got, err := io.ReadAll(from); err != nil || !bytes.Equal(got, body) {
		t.Errorf("%q, %v", got, err)
	}
}

// A commit whose first sending was lost, and that meets another blob, is no
// success because that one has the same metadata: they are often those of what was
// there before. A mark stands for the content.
func TestCommitsAreNotMistakenForOthers(t *testing.T) {
	t.Parallel()
	target, front := broken(t, 0)
	ctx := t.Context()
	for metadata, kind := range map[string]fault.Kind{"who": fault.Conflict, "landfall": ""} {
		w := object.Write{Name: metadata, Metadata: map[string]string{metadata: "me"}}
		if _, err := target.Put(ctx, w, []byte("another"), crc([]byte("another"))); err != nil {
			t.Fatal(err)
		}
		if _, err := target.Stage(ctx, w.Name, "0001", []byte("x"), crc([]byte("x"))); err != nil {
			t.Fatal(err)
		}
		front.Break(objectkit.Rule{Op: "PutBlockList", Fault: objectkit.Fault{Status: http.StatusInternalServerError, Code: "InternalError"}})
		w.IfMatch = "0x8D0"
		if _, err := target.Commit(ctx, w, []string{"0001"}); kind != "" && !fault.Is(err, kind) || kind == "" && err != nil {
			t.Errorf("%s: %v", metadata, err)
		}
	}
}
