package blobtest

import (
	"bytes"
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"example.com/landfall/examples/bookshop/internal/blob"
	"example.com/landfall/examples/bookshop/internal/trouble"
)

// Suite runs all behaviours against an empty store. absent is a store of the
// same kind whose bucket or container does not exist.
func Suite(t *testing.T, store, absent blob.Store) {
	t.Run("PutAndOpen", func(t *testing.T) { putAndOpen(t, store) })
	t.Run("Overwrite", func(t *testing.T) { overwrite(t, store) })
	t.Run("Ranges", func(t *testing.T) { ranges(t, store) })
	t.Run("Absent", func(t *testing.T) { missing(t, store, absent) })
	t.Run("List", func(t *testing.T) { list(t, store) })
	t.Run("Canceled", func(t *testing.T) { canceled(t, store) })
}

func put(t *testing.T, store blob.Store, name string, body []byte) {
	t.Helper()
	if err := store.Put(t.Context(), name, body, "image/jpeg"); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, object *blob.Object, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer object.Body.Close()
	body, err := io.ReadAll(object.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func putAndOpen(t *testing.T, store blob.Store) {
	for _, size := range []int{0, 1, 3000, 300_000} {
		name, body := fmt.Sprintf("open/%d.jpg", size), bytes.Repeat([]byte{'x', 0, 0xff}, size/3+1)[:size]
		put(t, store, name, body)
		object, err := store.Open(t.Context(), name, blob.Range{})
		if got := read(t, object, err); !bytes.Equal(got, body) {
			t.Errorf("%s: got %d bytes, want the %d that were put", name, len(got), size)
		}
		if object.SizeBytes != int64(size) || object.LengthBytes != int64(size) || object.Offset != 0 {
			t.Errorf("%s: size %d, length %d, offset %d", name, object.SizeBytes, object.LengthBytes, object.Offset)
		}
		if object.ETag == "" || object.ContentType != "image/jpeg" || time.Since(object.Modified).Abs() > time.Hour {
			t.Errorf("%s: etag %q, type %q, modified %s", name, object.ETag, object.ContentType, object.Modified)
		}
	}
	if err := store.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
}

func overwrite(t *testing.T, store blob.Store) {
	put(t, store, "over.jpg", []byte("one"))
	first, err := store.Open(t.Context(), "over.jpg", blob.Range{})
	read(t, first, err)
	put(t, store, "over.jpg", []byte("second"))
	second, err := store.Open(t.Context(), "over.jpg", blob.Range{})
	if got := read(t, second, err); string(got) != "second" || second.ETag == first.ETag {
		t.Errorf("after overwriting: %q, etag %s, before %s", got, second.ETag, first.ETag)
	}
}

func ranges(t *testing.T, store blob.Store) {
	put(t, store, "range.jpg", []byte("0123456789"))
	for _, c := range []struct {
		part blob.Range
		want string
	}{
		{blob.Range{Offset: 0, Length: 4}, "0123"},
		{blob.Range{Offset: 3, Length: 4}, "3456"},
		{blob.Range{Offset: 7}, "789"},
		{blob.Range{Offset: 8, Length: 100}, "89"},
		{blob.Range{Offset: 9, Length: 1}, "9"},
	} {
		object, err := store.Open(t.Context(), "range.jpg", c.part)
		got := read(t, object, err)
		if string(got) != c.want || object.SizeBytes != 10 || object.LengthBytes != int64(len(c.want)) || object.Offset != c.part.Offset {
			t.Errorf("%+v: %q, size %d, length %d, offset %d", c.part, got, object.SizeBytes, object.LengthBytes, object.Offset)
		}
	}
	if _, err := store.Open(t.Context(), "range.jpg", blob.Range{Offset: 10}); !errors.Is(err, blob.ErrRange) {
		t.Errorf("a range behind the end gave %v", err)
	}
}

func missing(t *testing.T, store, absent blob.Store) {
	if _, err := store.Open(t.Context(), "nothing.jpg", blob.Range{}); !errors.Is(err, blob.ErrNotFound) || !trouble.Is(err, trouble.NotFound) {
		t.Errorf("an absent object gave %v", err)
	}
	if err := absent.Check(t.Context()); !trouble.Is(err, trouble.NotFound) {
		t.Errorf("an absent bucket gave %v (%s)", err, trouble.KindOf(err))
	}
	if err := absent.Put(t.Context(), "x", []byte("x"), "text/plain"); !trouble.Is(err, trouble.NotFound) {
		t.Errorf("putting into an absent bucket gave %v (%s)", err, trouble.KindOf(err))
	}
}

func list(t *testing.T, store blob.Store) {
	var want []string
	for i := range 12 {
		name := fmt.Sprintf("list/%02d.jpg", i)
		put(t, store, name, fmt.Append(nil, i))
		want = append(want, name)
	}
	put(t, store, "listing.jpg", []byte("outside the prefix"))
	var got []string
	err := store.List(t.Context(), "list/", func(i blob.Info) error {
		got = append(got, i.Name)
		body := fmt.Append(nil, len(got)-1)
		if sum := md5.Sum(body); i.SizeBytes != int64(len(body)) || i.MD5 != nil && !bytes.Equal(i.MD5, sum[:]) {
			t.Errorf("%s: %d bytes, MD5 %x", i.Name, i.SizeBytes, i.MD5)
		}
		return nil
	})
	slices.Sort(got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("listed %v, %v", got, err)
	}
	stop, calls := errors.New("stop"), 0
	err = store.List(t.Context(), "list/", func(blob.Info) error { calls++; return stop })
	if !errors.Is(err, stop) || calls != 1 {
		t.Errorf("stopping a listing: %v after %d calls", err, calls)
	}
}

func canceled(t *testing.T, store blob.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Open(ctx, "over.jpg", blob.Range{}); !trouble.Is(err, trouble.Canceled) {
		t.Errorf("a cancelled open gave %v", err)
	}
}
