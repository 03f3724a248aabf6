package objectkit_test

import (
	"errors"
	"fmt"
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
	"example.com/landfall/internal/move/objects/s3"
	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/objectkit"
)

func source(t *testing.T, url string) *s3.Source {
	t.Helper()
	s, err := s3.New(t.Context(), s3.Options{Config: testkit.AWSConfig(t, url), Bucket: "bucket", Tries: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func target(t *testing.T, url string) *blob.Target {
	t.Helper()
	b, err := blob.New(blob.Options{URL: url + "/account/container", Credential: blob.SAS("sig=x"), Tries: 2, Pause: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keys goes through a listing of S3 in pages.
func keys(t *testing.T, s *s3.Source, within object.Range, delimiter string) (all, prefixes []string) {
	t.Helper()
	for next := ""; ; {
		page, err := s.Page(t.Context(), within, delimiter, next)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Items {
			all = append(all, o.Key)
		}
		prefixes = append(prefixes, page.Prefixes...)
		if next = page.Next; next == "" {
			return all, prefixes
		}
	}
}

// The formula gives keys in order, each once, whether they are listed flat, by
// folders, or from somewhere in the middle, and the same on both sides.
func TestListing(t *testing.T) {
	t.Parallel()
	for _, shape := range []objectkit.Shape{objectkit.Flat, objectkit.Deep, objectkit.Skewed} {
		l := &objectkit.Listing{N: 12_345, Shape: shape}
		var want []string
		for i := range l.N {
			want = append(want, l.Name(i))
		}
		if !slices.IsSorted(want) || len(slices.Compact(slices.Clone(want))) != l.N {
			t.Fatalf("shape %d: the keys are not in order", shape)
		}
		s := source(t, objectkit.Serve(t, l))
		all, _ := keys(t, s, object.Range{}, "")
		if !slices.Equal(all, want) {
			t.Errorf("shape %d: %d keys", shape, len(all))
		}
		if got, _ := keys(t, s, object.Range{After: want[5000], To: want[7000]}, ""); !slices.Equal(got, want[5001:7001]) {
			t.Errorf("shape %d: %d keys of a range", shape, len(got))
		}
		if got := folders(t, s, ""); !slices.Equal(got, want) {
			t.Errorf("shape %d: %d keys by folders", shape, len(got))
		}
		b := target(t, objectkit.Serve(t, l.Blobs(mark)))
		var names []string
		if page, err := b.PageFrom(t.Context(), want[5000][:2], want[5000], ""); err != nil || len(page.Items) == 0 || page.Items[0].Name != want[5000] {
			t.Errorf("shape %d: from a name on: %d blobs, %v", shape, len(page.Items), err)
		}
		for next := ""; ; {
			page, err := b.Page(t.Context(), "", "", next)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range page.Items {
				if item.Mark != mark(len(names))["landfall"] || item.Size != l.Size(len(names)) {
					t.Fatalf("blob %+v", item)
				}
				names = append(names, item.Name)
			}
			if next = page.Next; next == "" {
				break
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("shape %d: %d blobs", shape, len(names))
		}
	}
}

// folders collects what a walk by delimiter finds.
func folders(t *testing.T, s *s3.Source, prefix string) []string {
	t.Helper()
	all, prefixes := keys(t, s, object.Range{Prefix: prefix}, "/")
	if prefix != "" && len(prefixes) > 20 {
		// Below the first level one request does it.
		all, _ = keys(t, s, object.Range{Prefix: prefix}, "")
		return all
	}
	for _, p := range prefixes {
		all = append(all, folders(t, s, p)...)
	}
	slices.Sort(all)
	return all
}

// Ten million keys cost the server nothing but the page.
func TestListingOfTenMillion(t *testing.T) {
	t.Parallel()
	l := &objectkit.Listing{N: 10_000_000, Shape: objectkit.Skewed}
	s := source(t, objectkit.Serve(t, l))
	page, err := s.Page(t.Context(), object.Range{After: l.Name(9_999_000)}, "", "")
	if err != nil || len(page.Items) != 999 || page.Next != "" || page.Items[998].Key != l.Name(l.N-1) {
		t.Errorf("%d items, next %q, %v", len(page.Items), page.Next, err)
	}
	if _, prefixes := keys(t, s, object.Range{}, "/"); len(prefixes) < 900 {
		t.Errorf("%d folders", len(prefixes))
	}
}

func crc(body string) object.Sums {
	return object.Sums{Known: object.CRC64, CRC64: checksum.CRC64([]byte(body))}
}

// The sink refuses what Azure refuses, and knows the content by its CRC64.
func TestSinkChecks(t *testing.T) {
	t.Parallel()
	sink := objectkit.NewSink()
	b, ctx := target(t, objectkit.Serve(t, sink)), t.Context()
	var ids []string
	whole := ""
	for i := range 3 {
		id, body := fmt.Sprintf("%048d", i), strings.Repeat(string(rune('a'+i)), 1000+i)
		if _, err := b.Stage(ctx, "n", id, []byte(body), crc(body)); err != nil {
			t.Fatal(err)
		}
		ids, whole = append(ids, id), whole+body
	}
	if _, err := b.Stage(ctx, "n", "short", []byte("x"), crc("x")); !errors.Is(err, object.ErrForeignBlocks) {
		t.Errorf("an id of another length: %v", err)
	}
	if _, err := b.Commit(ctx, object.Write{Name: "n"}, append(ids[:2:2], "x")); !errors.Is(err, object.ErrForeignBlocks) {
		t.Errorf("a block that is not there: %v", err)
	}
	if staged, err := b.Staged(ctx, "n"); err != nil || len(staged) != 3 || staged[2].Size != 1002 {
		t.Errorf("staged %+v, %v", staged, err)
	}
	receipt, err := b.Commit(ctx, object.Write{Name: "n", Metadata: map[string]string{"landfall": "m"}, IfAbsent: true}, ids)
	if err != nil {
		t.Fatal(err)
	}
	kept, ok := sink.Blob("n")
	if !ok || kept.CRC64 != checksum.CRC64([]byte(whole)) || kept.Size != int64(len(whole)) || kept.ETag != receipt.ETag || kept.Metadata["landfall"] != "m" {
		t.Errorf("%+v", kept)
	}
	if _, err := b.Put(ctx, object.Write{Name: "n", IfAbsent: true}, nil, object.Sums{}); !fault.Is(err, fault.Conflict) {
		t.Errorf("put where there is one: %v", err)
	}
	if _, err := b.Stage(ctx, "n", ids[0], []byte("x"), crc("y")); !errors.Is(err, object.ErrMismatch) {
		t.Errorf("a wrong hash: %v", err)
	}
	head, err := b.Head(ctx, "n")
	if err != nil || head.Size != kept.Size || head.Metadata["landfall"] != "m" {
		t.Errorf("head %+v, %v", head, err)
	}
	if err := b.Delete(ctx, "n", "another"); !fault.Is(err, fault.Conflict) {
		t.Errorf("delete another one: %v", err)
	}
	if err := b.Delete(ctx, "n", head.ETag); err != nil || sink.Len() != 0 {
		t.Errorf("delete: %v, %d left", err, sink.Len())
	}
	if n, _ := sink.Count(objectkit.PutBlock); n != 6 { // one of them twice: a mismatch is tried once more
		t.Errorf("%d blocks of %d requests", n, sink.Requests())
	}
}

// Rules break the calls that they name, and no others.
func TestFaults(t *testing.T) {
	t.Parallel()
	backend := objectkit.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "0123456789%s", body)
	}))
	front, err := objectkit.Faults(backend, func(r *http.Request) string { return r.Method })
	if err != nil {
		t.Fatal(err)
	}
	url := objectkit.Serve(t, front)
	client := &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	get := func(method string) string {
		request, _ := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader("ab"))
		answer, err := client.Do(request)
		if err != nil {
			return "broken"
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return "broken after " + string(body)
		}
		return fmt.Sprint(answer.StatusCode, " ", string(body))
	}
	const whole = "200 0123456789ab"
	for _, c := range []struct {
		fault objectkit.Fault
		want  string
	}{
		{objectkit.Fault{Cut: 3}, "broken after 012"}, {objectkit.Fault{Flip: 1}, "200 1123456789ab"}, {objectkit.Fault{FlipSent: 1}, "200 0123456789`b"},
		{objectkit.Fault{Off: -2}, "200 0123456789"}, {objectkit.Fault{Off: 1}, whole + "\x00"}, {objectkit.Fault{After: true}, "broken"},
		{objectkit.Fault{Pause: time.Millisecond}, whole}, {objectkit.Fault{}, whole},
	} {
		front.Break(objectkit.Rule{Op: "POST", From: 2, Fault: c.fault})
		for n, want := range []string{whole, c.want, whole} {
			if got := get("POST"); got != want {
				t.Errorf("%+v, call %d: %q, want %q", c.fault, n+1, got, want)
			}
			if got := get("PUT"); got != whole {
				t.Errorf("%+v, another operation: %q", c.fault, got)
			}
		}
	}
	front.Break(objectkit.Rule{Times: -1, Fault: objectkit.Fault{Status: 429, RetryAfter: "7", Code: "Busy"}})
	if got := get("POST"); !strings.HasPrefix(got, "429 ") || !strings.Contains(got, "<Code>Busy</Code>") || front.Calls("POST") != 1 {
		t.Errorf("%q", got)
	}
}
