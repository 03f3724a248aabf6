package conformance

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/object"
)

// Target runs the suite. empty makes a target of an empty container.
func Target(t *testing.T, empty func(t *testing.T) object.Target) {
	for name, run := range map[string]func(*testing.T, object.Target){
		"what is written comes back": writtenComesBack, "odd names come back": oddNames, "conditions of writes": conditions,
		"a wrong hash is refused": wrongHash, "blocks make a blob": blocks, "what is staged is listed": staged,
		"foreign blocks are told apart and cleared": foreignBlocks, "clearing keeps the blob": clearingKeeps,
		"listing in pages": listing, "listing from a name on": listingFrom, "what is kept under a name": earlier, "what is not there": absent, "spans": targetSpans, "a cancelled call": cancelled,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, empty(t))
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%s: %v (kind %q), want %q", what, err, fault.KindOf(err), kind)
	}
}

// crc returns the sums of a body that go along with it.
func crc(body []byte) object.Sums {
	return object.Sums{Known: object.CRC64, CRC64: checksum.CRC64(body)}
}

func read(t *testing.T, target object.Target, name string) (object.Head, string) {
	t.Helper()
	head, body, err := target.Open(t.Context(), name, object.Span{}, "")
	must(t, err)
	defer body.Close()
	content, err := io.ReadAll(body)
	must(t, err)
	return head, string(content)
}

func writtenComesBack(t *testing.T, target object.Target) {
	body := []byte("hello, blob")
	sum := md5.Sum(body)
	w := object.Write{
		Name: "a/b.txt", Tier: "Cool", MD5: sum[:],
		Headers:  object.Headers{Type: "text/plain; charset=utf-8", Encoding: "gzip", Language: "de", Disposition: `attachment; filename="b"`, CacheControl: "max-age=1, public"},
		Metadata: map[string]string{"landfall": "1:etag:-:11:0011223344556677:b", "under_score": "1", "a1": "2", "a_1": "3"},
		Tags:     map[string]string{"env": "test", "a b": "c=d/e+f"},
	}
	receipt, err := target.Put(t.Context(), w, body, object.Sums{Known: object.CRC64 | object.MD5, CRC64: checksum.CRC64(body), MD5: sum})
	must(t, err)
	head, content := read(t, target, w.Name)
	if content != string(body) || head.Size != int64(len(body)) || head.ETag != receipt.ETag || head.ETag == "" || strings.Contains(head.ETag, `"`) {
		t.Errorf("content %q, head %+v, receipt %+v", content, head, receipt)
	}
	if head.Headers != w.Headers {
		t.Errorf("headers %+v, want %+v", head.Headers, w.Headers)
	}
	if !maps.Equal(head.Metadata, w.Metadata) {
		t.Errorf("metadata %v", head.Metadata)
	}
	if head.Sums.MD5 != sum || !head.Sums.Known.Has(object.MD5) {
		t.Errorf("sums %+v", head.Sums)
	}
	tags, err := target.Tags(t.Context(), w.Name)
	if err != nil || !maps.Equal(tags, w.Tags) {
		t.Errorf("tags %v, %v", tags, err)
	}
	page, err := target.Page(t.Context(), "", "", "")
	must(t, err)
	if len(page.Items) != 1 {
		t.Fatalf("listing %+v", page)
	}
	b := page.Items[0]
	if b.Name != w.Name || b.Size != head.Size || b.ETag != head.ETag || b.Tier != "Cool" || b.Kind != "BlockBlob" || !bytes.Equal(b.MD5, sum[:]) ||
		!maps.Equal(listedMetadata(b), w.Metadata) || b.Headers != w.Headers || b.Modified.IsZero() {
		t.Errorf("listed %+v", b)
	}
	must(t, target.SetTier(t.Context(), w.Name, "Hot"))
	page, err = target.Page(t.Context(), "", "", "")
	if err != nil || page.Items[0].Tier != "Hot" {
		t.Errorf("tier after SetTier: %+v, %v", page.Items, err)
	}
}

// listedMetadata are those of a listed blob, the mark included.
func listedMetadata(b object.Blob) map[string]string {
	if b.Mark == "" {
		return b.Metadata
	}
	all := map[string]string{"landfall": b.Mark}
	maps.Copy(all, b.Metadata)
	return all
}

func oddNames(t *testing.T, target object.Target) {
	names := OddNames()
	for _, name := range names {
		if _, err := target.Put(t.Context(), object.Write{Name: name, Metadata: map[string]string{"n": "1"}}, []byte(name), crc([]byte(name))); err != nil {
			t.Errorf("put %q: %v", name, err)
		}
	}
	var got []string
	for next := ""; ; {
		page, err := target.Page(t.Context(), "", "", next)
		must(t, err)
		for _, b := range page.Items {
			got = append(got, b.Name)
		}
		if next = page.Next; next == "" {
			break
		}
	}
	slices.Sort(got)
	slices.Sort(names)
	if !slices.Equal(got, names) {
		t.Errorf("listed %q\nwant %q", except(got, names), except(names, got))
	}
	for _, name := range names {
		if _, content := read(t, target, name); content != name {
			t.Errorf("blob %q holds %q", name, content)
		}
		head, err := target.Head(t.Context(), name)
		must(t, err)
		must(t, target.Delete(t.Context(), name, head.ETag))
	}
}

// except returns those of a that are not in b.
func except(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

func conditions(t *testing.T, target object.Target) {
	ctx := t.Context()
	w := object.Write{Name: "a", IfAbsent: true}
	first, err := target.Put(ctx, w, []byte("1"), crc([]byte("1")))
	must(t, err)
	_, err = target.Put(ctx, w, []byte("2"), crc([]byte("2")))
	wantKind(t, "put where there is one", err, fault.Conflict)
	w = object.Write{Name: "a", IfMatch: first.ETag}
	second, err := target.Put(ctx, w, []byte("3"), crc([]byte("3")))
	must(t, err)
	_, err = target.Put(ctx, w, []byte("4"), crc([]byte("4")))
	wantKind(t, "put over another one", err, fault.Conflict)
	_, _, err = target.Open(ctx, "a", object.Span{}, first.ETag)
	wantKind(t, "open another one", err, fault.Conflict)
	wantKind(t, "delete another one", target.Delete(ctx, "a", first.ETag), fault.Conflict)
	must(t, target.Delete(ctx, "a", second.ETag))
	wantKind(t, "delete none", target.Delete(ctx, "a", ""), fault.NotFound)
	_, err = target.Put(ctx, object.Write{Name: "a", IfMatch: "*"}, nil, object.Sums{})
	wantKind(t, "put where there is none", err, fault.Conflict)
	if _, err := target.Stage(ctx, "b", "0001", []byte("x"), crc([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	_, err = target.Commit(ctx, object.Write{Name: "b", IfMatch: second.ETag}, []string{"0001"})
	wantKind(t, "commit where there is none", err, fault.Conflict)
	// What is only staged is no blob.
	_, err = target.Commit(ctx, object.Write{Name: "b", IfAbsent: true}, []string{"0001"})
	must(t, err)
	_, err = target.Commit(ctx, object.Write{Name: "b", IfAbsent: true}, nil)
	wantKind(t, "commit where there is one", err, fault.Conflict)
}

func wrongHash(t *testing.T, target object.Target) {
	ctx, body := t.Context(), []byte("content")
	wrong := crc([]byte("contend"))
	_, err := target.Put(ctx, object.Write{Name: "a"}, body, wrong)
	wantKind(t, "put with a wrong CRC64", err, fault.Invalid)
	if !errors.Is(err, object.ErrMismatch) {
		t.Errorf("no ErrMismatch: %v", err)
	}
	_, err = target.Stage(ctx, "a", "0001", body, wrong)
	wantKind(t, "stage with a wrong CRC64", err, fault.Invalid)
	_, err = target.Put(ctx, object.Write{Name: "a"}, body, object.Sums{Known: object.MD5, MD5: md5.Sum([]byte("x"))})
	wantKind(t, "put with a wrong MD5", err, fault.Invalid)
	if _, err := target.Head(ctx, "a"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a blob was made: %v", err)
	}
}

func blocks(t *testing.T, target object.Target) {
	ctx := t.Context()
	var ids []string
	var all []byte
	for i := range 5 {
		body := bytes.Repeat([]byte{byte('a' + i)}, 1000+i)
		id := strings.Repeat(string(rune('0'+i)), 48)
		receipt, err := target.Stage(ctx, "big", id, body, crc(body))
		must(t, err)
		if receipt.Known.Has(object.CRC64) && receipt.CRC64 != checksum.CRC64(body) {
			t.Errorf("receipt %+v", receipt)
		}
		ids, all = append(ids, id), append(all, body...)
	}
	w := object.Write{Name: "big", Headers: object.Headers{Type: "video/mp4"}, Metadata: map[string]string{"k": "v"}, Tags: map[string]string{"t": "1"}, Tier: "Cold"}
	sum := md5.Sum(all)
	w.MD5 = sum[:]
	if _, err := target.Commit(ctx, w, append(ids[:4:4], "none of these")); !fault.Is(err, fault.Invalid) {
		t.Errorf("commit with a block that is not there: %v", err)
	}
	if _, err := target.Commit(ctx, w, ids); err != nil {
		t.Fatal(err)
	}
	head, content := read(t, target, "big")
	if content != string(all) || head.Headers.Type != "video/mp4" || head.Metadata["k"] != "v" || head.Sums.MD5 != sum {
		t.Errorf("%d bytes, head %+v", len(content), head)
	}
	page, err := target.Page(ctx, "", "", "")
	if err != nil || len(page.Items) != 1 || !maps.Equal(page.Items[0].Metadata, w.Metadata) {
		t.Errorf("listed %+v, %v", page.Items, err)
	}
	left, err := target.Staged(ctx, "big")
	if err != nil || len(left) != 0 {
		t.Errorf("still staged: %v, %v", left, err)
	}
}

func staged(t *testing.T, target object.Target) {
	ctx := t.Context()
	if found, err := target.Staged(ctx, "a/b"); err != nil || len(found) != 0 {
		t.Errorf("staged where nothing is: %v, %v", found, err)
	}
	want := []object.Block{{ID: strings.Repeat("\x00\xff", 24), Size: 3}, {ID: strings.Repeat("+/", 24), Size: 4}}
	for _, b := range want {
		body := bytes.Repeat([]byte("x"), int(b.Size))
		if _, err := target.Stage(ctx, "a/b", b.ID, body, crc(body)); err != nil {
			t.Fatal(err)
		}
	}
	found, err := target.Staged(ctx, "a/b")
	must(t, err)
	slices.SortFunc(found, func(a, b object.Block) int { return int(a.Size - b.Size) })
	if !slices.Equal(found, want) {
		t.Errorf("staged %+v", found)
	}
	if page, err := target.Page(ctx, "", "", ""); err != nil || len(page.Items) != 0 {
		t.Errorf("what is only staged is listed: %+v, %v", page, err)
	}
}

func absent(t *testing.T, target object.Target) {
	ctx := t.Context()
	_, err := target.Head(ctx, "none")
	wantKind(t, "head", err, fault.NotFound)
	_, _, err = target.Open(ctx, "none", object.Span{}, "")
	wantKind(t, "open", err, fault.NotFound)
	_, err = target.Tags(ctx, "none")
	wantKind(t, "tags", err, fault.NotFound)
	wantKind(t, "set tier", target.SetTier(ctx, "none", "Hot"), fault.NotFound)
	_, err = target.Head(ctx, "")
	wantKind(t, "no name", err, fault.Invalid)
}

func targetSpans(t *testing.T, target object.Target) {
	body := []byte("0123456789")
	if _, err := target.Put(t.Context(), object.Write{Name: "s"}, body, crc(body)); err != nil {
		t.Fatal(err)
	}
	for span, want := range map[object.Span]string{{From: 0, Size: 3}: "012", {From: 4, Size: 2}: "45", {From: 8, Size: 100}: "89", {From: 0, Size: 10}: "0123456789"} {
		head, r, err := target.Open(t.Context(), "s", span, "")
		must(t, err)
		content, err := io.ReadAll(r)
		if err != nil || string(content) != want || head.Size != 10 {
			t.Errorf("span %+v: %q, size %d, %v", span, content, head.Size, err)
		}
		r.Close()
	}
	_, _, err := target.Open(t.Context(), "s", object.Span{From: 10, Size: 1}, "")
	wantKind(t, "a span behind the end", err, fault.Conflict)
}

func cancelled(t *testing.T, target object.Target) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := target.Put(ctx, object.Write{Name: "a"}, []byte("x"), object.Sums{})
	wantKind(t, "put", err, fault.Canceled)
	_, err = target.Page(ctx, "", "", "")
	wantKind(t, "page", err, fault.Canceled)
}
