package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/sandbox/seed"
)

// OddNames are the odd keys of the sandbox and more that Azure takes as they
// are: names that mean something else, or nothing, to a URL, a path or an XML
// document. It takes a backslash for a slash, so none has one; and none has a
// character that XML 1.0 cannot hold, of which Azurite cannot list any.
func OddNames() []string {
	names := append(seed.OddKeys(), "..", ".", "a/../b", "a/./b", "../x", "//", "/", "a", "a/", "a//", "%", "%25", "%2F", "%2f", "a%20b", "a b", "a+b",
		"&amp;", "&#13;", "]]>", "<!-- -->", "<a/>", "?", "#", "??comp=list", "a\r", "a\r\n", "a\n", "\u0085", "\u2028", "\ufeff", "\ufffd",
		"e\u0301", "\u00e9", "\U0001f600", "comp=list", "$root", "~", "'", `"`, "*", ":", "@", "=", ";", ",", "!", "(", ")", "\u212b", "\u00c5", "ß", "SS", "İ", "i")
	names = slices.DeleteFunc(names, func(name string) bool { return strings.ContainsAny(name, "\\\x01\x1f") })
	slices.Sort(names)
	return slices.Compact(names)
}

// foreignBlocks: blocks of an upload that somebody else gave up have ids of
// another length.
func foreignBlocks(t *testing.T, target object.Target) {
	cleaner, ok := target.(object.Cleaner)
	if !ok {
		t.Fatal("the target is no Cleaner")
	}
	ctx := t.Context()
	stage := func(id string) error {
		_, err := target.Stage(ctx, "n", id, []byte("x"), crc([]byte("x")))
		return err
	}
	must(t, stage("short"))
	err := stage(strings.Repeat("l", 48))
	if !errors.Is(err, object.ErrForeignBlocks) || !fault.Is(err, fault.Invalid) {
		t.Fatalf("no ErrForeignBlocks: %v", err)
	}
	must(t, cleaner.Unstage(ctx, "n"))
	if _, err := target.Head(ctx, "n"); !fault.Is(err, fault.NotFound) {
		t.Errorf("clearing left a blob: %v", err)
	}
	must(t, stage(strings.Repeat("l", 48)))
}

// clearingKeeps: of a blob of one body and of one of blocks nothing is lost.
func clearingKeeps(t *testing.T, target object.Target) {
	cleaner, ok := target.(object.Cleaner)
	if !ok {
		t.Fatal("the target is no Cleaner")
	}
	ctx := t.Context()
	for _, kind := range []string{"one body", "empty", "blocks"} {
		w := object.Write{Name: kind, Tier: "Cool", Headers: object.Headers{Type: "text/x", CacheControl: "no-store"}, Metadata: map[string]string{"landfall": "mark"}, Tags: map[string]string{"a": "b"}}
		body := bytes.Repeat([]byte("content "), 100)
		switch kind {
		case "empty":
			body = nil
			fallthrough
		case "one body":
			_, err := target.Put(ctx, w, body, crc(body))
			must(t, err)
		case "blocks":
			ids := []string{}
			for i, part := range [][]byte{body[:300], body[300:]} {
				ids = append(ids, fmt.Sprintf("%048d", i))
				_, err := target.Stage(ctx, kind, ids[i], part, crc(part))
				must(t, err)
			}
			_, err := target.Commit(ctx, w, ids)
			must(t, err)
		}
		before, err := target.Head(ctx, kind)
		must(t, err)
		_, err = target.Stage(ctx, kind, fmt.Sprintf("%048d", 9), []byte("left behind"), crc([]byte("left behind")))
		must(t, err)
		must(t, cleaner.Unstage(ctx, kind))
		left, err := target.Staged(ctx, kind)
		if err != nil || len(left) != 0 {
			t.Errorf("%s: still staged: %v, %v", kind, left, err)
		}
		_, content := read(t, target, kind)
		after, err := target.Head(ctx, kind)
		must(t, err)
		if content != string(body) || after.Headers != before.Headers || !maps.Equal(after.Metadata, before.Metadata) || after.Sums != before.Sums {
			t.Errorf("%s: before %+v\nafter %+v\n%d bytes", kind, before, after, len(content))
		}
		tags, err := target.Tags(ctx, kind)
		if err != nil || tags["a"] != "b" {
			t.Errorf("%s: tags %v, %v", kind, tags, err)
		}
	}
}

// listing goes through prefixes, a delimiter and pages.
func listing(t *testing.T, target object.Target) {
	ctx := t.Context()
	for _, name := range []string{"a/1", "a/2", "a/b/3", "b", "c/4"} {
		_, err := target.Put(ctx, object.Write{Name: name}, []byte(name), object.Sums{})
		must(t, err)
	}
	page, err := target.Page(ctx, "a/", "", "")
	must(t, err)
	if got := blobNames(page.Items); !slices.Equal(got, []string{"a/1", "a/2", "a/b/3"}) || page.Next != "" {
		t.Errorf("with a prefix: %q, next %q", got, page.Next)
	}
	page, err = target.Page(ctx, "", "/", "")
	must(t, err)
	if got := blobNames(page.Items); !slices.Equal(got, []string{"b"}) || !slices.Equal(page.Prefixes, []string{"a/", "c/"}) {
		t.Errorf("with a delimiter: %q and %q", got, page.Prefixes)
	}
	page, err = target.Page(ctx, "none", "", "")
	if err != nil || len(page.Items)+len(page.Prefixes) != 0 {
		t.Errorf("of nothing: %+v, %v", page, err)
	}
}

func blobNames(blobs []object.Blob) []string {
	names := make([]string, len(blobs))
	for i, b := range blobs {
		names[i] = b.Name
	}
	return names
}

// earlier is of what is kept under one name; whether that is more than the
// current blob is the container's affair.
func earlier(t *testing.T, target object.Target) {
	ctx := t.Context()
	if found, err := target.Earlier(ctx, "a"); err != nil || len(found) != 0 {
		t.Errorf("of nothing: %+v, %v", found, err)
	}
	for _, name := range []string{"a", "a", "ab", "a/b"} {
		_, err := target.Put(ctx, object.Write{Name: name, Metadata: map[string]string{"n": "1"}}, nil, object.Sums{})
		must(t, err)
	}
	found, err := target.Earlier(ctx, "a")
	if err != nil || len(found) == 0 {
		t.Errorf("%+v, %v", found, err)
	}
	for _, b := range found {
		if b.Name != "a" || b.Metadata["n"] != "1" {
			t.Errorf("%+v", b)
		}
	}
}

// listingFrom is of targets whose listing can begin at a name.
func listingFrom(t *testing.T, target object.Target) {
	seeker, ok := target.(object.Seeker)
	if !ok {
		t.Fatalf("%T is no object.Seeker", target)
	}
	ctx := t.Context()
	for _, name := range []string{"a", "p/a", "p/b b+c", "p/b/1", "p/é", "q"} {
		_, err := target.Put(ctx, object.Write{Name: name, Metadata: map[string]string{"n": "1"}}, nil, object.Sums{})
		must(t, err)
	}
	for _, c := range []struct {
		prefix, from string
		want         []string
	}{
		{"", "", []string{"a", "p/a", "p/b b+c", "p/b/1", "p/é", "q"}},
		{"", "p/b b+c", []string{"p/b b+c", "p/b/1", "p/é", "q"}},
		{"p/", "p/b", []string{"p/b b+c", "p/b/1", "p/é"}},
		{"p/", "p/b\U0010FFFF", []string{"p/é"}},
		{"p/", "p/é\U0010FFFF", []string{}},
	} {
		page, err := seeker.PageFrom(ctx, c.prefix, c.from, "")
		must(t, err)
		if got := blobNames(page.Items); !slices.Equal(got, c.want) || page.Next != "" {
			t.Errorf("below %q from %q: %q, next %q", c.prefix, c.from, got, page.Next)
		}
		for _, b := range page.Items {
			if b.Metadata["n"] != "1" {
				t.Errorf("%q has the metadata %v", b.Name, b.Metadata)
			}
		}
	}
}
