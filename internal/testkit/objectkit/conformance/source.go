package conformance

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
)

// Bucket is an empty bucket with what reads it. The suite fills it through the
// functions, which are the test's own client.
type Bucket struct {
	Source object.Source
	// Put writes an object and returns its ETag.
	Put func(t *testing.T, key string, body []byte, p Properties) (etag string)
	// Remove deletes an object.
	Remove func(t *testing.T, key string)
	// Keys are the odd keys that the server takes.
	Keys []string
}

// Properties are what an object is written with.
type Properties struct {
	Headers  object.Headers
	Metadata map[string]string
	Tags     map[string]string
}

// Source runs the suite. empty makes a source of an empty bucket.
func Source(t *testing.T, empty func(t *testing.T) Bucket) {
	for name, run := range map[string]func(*testing.T, Bucket){
		"what was written is read": writtenIsRead, "odd keys come back": oddKeys, "listing in ranges": ranges, "spans": sourceSpans,
		"conditions of reads": conditionsOfReads, "what is not there": absentObjects, "a presigned URL": presigned,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, empty(t))
		})
	}
}

func readObject(t *testing.T, source object.Source, ref object.Ref) (object.Head, string) {
	t.Helper()
	head, body, err := source.Open(t.Context(), ref, object.Span{})
	if err != nil {
		t.Errorf("open %q: %v", ref.Key, err)
		return head, ""
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	if err != nil {
		t.Errorf("read %q: %v", ref.Key, err)
	}
	return head, string(content)
}

func writtenIsRead(t *testing.T, b Bucket) {
	p := Properties{
		Headers:  object.Headers{Type: "text/plain", Encoding: "gzip", Language: "de", Disposition: "inline", CacheControl: "no-cache", Expires: "Thu, 01 Jan 2026 00:00:00 GMT"},
		Metadata: map[string]string{"a": "1", "some-name": "some value"}, Tags: map[string]string{"k": "v", "a b": "c/d"},
	}
	etag := b.Put(t, "dir/key", []byte("hello"), p)
	page, err := b.Source.Page(t.Context(), object.Range{}, "", "")
	must(t, err)
	if len(page.Items) != 1 {
		t.Fatalf("listing %+v", page)
	}
	o := page.Items[0]
	if o.Key != "dir/key" || o.ETag != etag || o.Size != 5 || o.Class != "" || time.Since(o.Modified).Abs() > time.Hour {
		t.Errorf("listed %+v", o)
	}
	head, content := readObject(t, b.Source, o.Ref())
	if content != "hello" || head.ETag != etag || head.Size != 5 || head.Headers != p.Headers || !maps.Equal(head.Metadata, p.Metadata) {
		t.Errorf("content %q, head %+v", content, head)
	}
	alone, err := b.Source.Head(t.Context(), o.Ref())
	must(t, err)
	if alone.ETag != head.ETag || alone.Headers != head.Headers || !maps.Equal(alone.Metadata, head.Metadata) || alone.Sums != head.Sums || alone.Size != head.Size {
		t.Errorf("head alone %+v\nwith the body %+v", alone, head)
	}
	tags, err := b.Source.Tags(t.Context(), o.Ref())
	if err != nil || !maps.Equal(tags, p.Tags) {
		t.Errorf("tags %v, %v", tags, err)
	}
	b.Put(t, "empty", nil, Properties{})
	if head, content := readObject(t, b.Source, object.Ref{Key: "empty"}); content != "" || head.Size != 0 {
		t.Errorf("empty object: %q, %+v", content, head)
	}
}

func oddKeys(t *testing.T, b Bucket) {
	for _, key := range b.Keys {
		b.Put(t, key, []byte(key), Properties{})
	}
	var got []string
	for next := ""; ; {
		page, err := b.Source.Page(t.Context(), object.Range{}, "", next)
		must(t, err)
		for _, o := range page.Items {
			got = append(got, o.Key)
			if _, content := readObject(t, b.Source, o.Ref()); content != o.Key {
				t.Errorf("object %q holds %q", o.Key, content)
			}
		}
		if next = page.Next; next == "" {
			break
		}
	}
	slices.Sort(got)
	want := slices.Sorted(slices.Values(b.Keys))
	if !slices.Equal(got, want) {
		t.Errorf("listed too much: %q\ntoo little: %q", except(got, want), except(want, got))
	}
}

func ranges(t *testing.T, b Bucket) {
	for _, key := range []string{"a", "b/1", "b/2", "b/c/3", "b+c", "d"} {
		b.Put(t, key, []byte("x"), Properties{})
	}
	for _, c := range []struct {
		within    object.Range
		delimiter string
		want      string
	}{
		{object.Range{}, "", "a b+c b/1 b/2 b/c/3 d"},
		{object.Range{Prefix: "b/"}, "", "b/1 b/2 b/c/3"},
		{object.Range{Prefix: "b+"}, "", "b+c"},
		{object.Range{After: "b/1"}, "", "b/2 b/c/3 d"},
		{object.Range{To: "b/2"}, "", "a b+c b/1 b/2"},
		{object.Range{After: "a", To: "b/1"}, "", "b+c b/1"},
		{object.Range{Prefix: "b/", After: "b/1", To: "b/2"}, "", "b/2"},
		{object.Range{After: "d"}, "", ""},
		{object.Range{}, "/", "a b+c d | b/"},
		{object.Range{Prefix: "b/"}, "/", "b/1 b/2 | b/c/"},
		{object.Range{To: "b"}, "/", "a"},
	} {
		var got []string
		var prefixes []string
		for next := ""; ; {
			page, err := b.Source.Page(t.Context(), c.within, c.delimiter, next)
			must(t, err)
			for _, o := range page.Items {
				got = append(got, o.Key)
			}
			prefixes = append(prefixes, page.Prefixes...)
			if next = page.Next; next == "" {
				break
			}
		}
		text := strings.Join(got, " ")
		if len(prefixes) > 0 {
			text += " | " + strings.Join(prefixes, " ")
		}
		if text != c.want {
			t.Errorf("%+v by %q: %q, want %q", c.within, c.delimiter, text, c.want)
		}
	}
}

func sourceSpans(t *testing.T, b Bucket) {
	b.Put(t, "k", []byte("0123456789"), Properties{})
	for span, want := range map[object.Span]string{{From: 0, Size: 3}: "012", {From: 4, Size: 2}: "45", {From: 8, Size: 100}: "89", {From: 0, Size: 10}: "0123456789"} {
		head, r, err := b.Source.Open(t.Context(), object.Ref{Key: "k"}, span)
		must(t, err)
		content, err := io.ReadAll(r)
		if err != nil || string(content) != want || head.Size != 10 {
			t.Errorf("span %+v: %q, size %d, %v", span, content, head.Size, err)
		}
		r.Close()
	}
	_, _, err := b.Source.Open(t.Context(), object.Ref{Key: "k"}, object.Span{From: 10, Size: 1})
	wantKind(t, "a span behind the end", err, fault.Conflict)
	_, _, err = b.Source.Open(t.Context(), object.Ref{Key: "k"}, object.Span{From: 1})
	wantKind(t, "no span", err, fault.Invalid)
}

func conditionsOfReads(t *testing.T, b Bucket) {
	first := b.Put(t, "k", []byte("first"), Properties{})
	ref := object.Ref{Key: "k", IfMatch: first}
	if _, content := readObject(t, b.Source, ref); content != "first" {
		t.Errorf("content %q", content)
	}
	b.Put(t, "k", []byte("second"), Properties{})
	_, _, err := b.Source.Open(t.Context(), ref, object.Span{})
	wantKind(t, "open another one", err, fault.Conflict)
	_, _, err = b.Source.Open(t.Context(), ref, object.Span{From: 1, Size: 2})
	wantKind(t, "open a span of another one", err, fault.Conflict)
	_, err = b.Source.Head(t.Context(), ref)
	wantKind(t, "head of another one", err, fault.Conflict)
}

func absentObjects(t *testing.T, b Bucket) {
	ref := object.Ref{Key: "none"}
	_, _, err := b.Source.Open(t.Context(), ref, object.Span{})
	wantKind(t, "open", err, fault.NotFound)
	_, err = b.Source.Head(t.Context(), ref)
	wantKind(t, "head", err, fault.NotFound)
	_, err = b.Source.Tags(t.Context(), ref)
	wantKind(t, "tags", err, fault.NotFound)
	_, err = b.Source.Head(t.Context(), object.Ref{})
	wantKind(t, "no key", err, fault.Invalid)
	page, err := b.Source.Page(t.Context(), object.Range{Prefix: "none"}, "", "")
	if err != nil || len(page.Items) != 0 || page.Next != "" {
		t.Errorf("listing of nothing: %+v, %v", page, err)
	}
}

func presigned(t *testing.T, b Bucket) {
	for _, key := range []string{"dir/plain", "with space+plus/ä%2F"} {
		body := bytes.Repeat([]byte(key), 10)
		b.Put(t, key, body, Properties{})
		url, err := b.Source.Presign(t.Context(), object.Ref{Key: key}, time.Minute)
		must(t, err)
		client := &http.Client{Transport: &http.Transport{Proxy: nil}}
		answer, err := client.Get(url)
		must(t, err)
		content, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || !bytes.Equal(content, body) {
			t.Errorf("%q: HTTP %d, %d bytes, %v", key, answer.StatusCode, len(content), err)
		}
	}
	_, err := b.Source.Presign(t.Context(), object.Ref{Key: "k"}, 8*24*time.Hour)
	wantKind(t, "for longer than S3 has it", err, fault.Usage)
}

// Versions runs the suite of versions over a bucket that has them.
func Versions(t *testing.T, b Bucket) {
	b.Put(t, "a", []byte("one"), Properties{})
	b.Put(t, "a", []byte("three"), Properties{})
	b.Put(t, "b", []byte("x"), Properties{})
	b.Remove(t, "b")
	b.Put(t, "c", []byte("y"), Properties{})
	var got []object.Object
	for next := ""; ; {
		page, err := b.Source.Versions(t.Context(), object.Range{}, next)
		must(t, err)
		got = append(got, page.Items...)
		if next = page.Next; next == "" {
			break
		}
	}
	want := []object.Object{{Key: "a", Size: 5, Latest: true}, {Key: "a", Size: 3}, {Key: "b", Latest: true, Marker: true}, {Key: "b", Size: 1}, {Key: "c", Size: 1, Latest: true}}
	if len(got) != len(want) {
		t.Fatalf("%d versions: %+v", len(got), got)
	}
	for i, o := range got {
		if o.Key != want[i].Key || o.Size != want[i].Size || o.Latest != want[i].Latest || o.Marker != want[i].Marker || o.Version == "" {
			t.Errorf("version %d is %+v, want %+v", i, o, want[i])
		}
		if o.Marker {
			_, _, err := b.Source.Open(t.Context(), object.Ref{Key: o.Key, Version: o.Version}, object.Span{})
			wantKind(t, "open a delete marker", err, fault.NotFound)
			continue
		}
		if head, content := readObject(t, b.Source, o.Ref()); int64(len(content)) != o.Size || head.Version != o.Version {
			t.Errorf("version %+v: %q, %+v", o, content, head)
		}
	}
	page, err := b.Source.Versions(t.Context(), object.Range{After: "a", To: "b"}, "")
	if err != nil || len(page.Items) != 2 || page.Items[0].Key != "b" || page.Next != "" {
		t.Errorf("versions after a to b: %+v, %v", page, err)
	}
}
