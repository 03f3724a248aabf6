package objectworld

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/url"
	"slices"
	"time"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
)

// Source is the bucket of the world.
func (w *World) Source() object.Source { return source{w} }

type source struct{ w *World }

var (
	_ object.Source = source{}
	_ object.Parted = source{}
)

func (s source) Page(ctx context.Context, within object.Range, delimiter, next string) (page object.Listed[object.Object], err error) {
	if err := ctx.Err(); err != nil {
		return page, err
	}
	c, err := s.w.enter("source.Page", within.Prefix, 0)
	defer s.w.mu.Unlock()
	if err != nil {
		return page, err
	}
	var names []string
	for _, key := range slices.Sorted(maps.Keys(s.w.versions)) {
		if !s.w.latest(key).Object.Marker {
			names = append(names, key)
		}
	}
	var entries []entry
	entries, page.Next = s.w.within(names, within, delimiter, next, s.w.SourceOrder)
	for _, e := range entries {
		if e.prefix {
			page.Prefixes = append(page.Prefixes, e.name)
			continue
		}
		o := s.w.latest(e.name).Object
		o.Version, o.Latest = "", false
		page.Items = append(page.Items, o)
	}
	return page, s.w.leave(c, nil)
}

func (s source) Versions(ctx context.Context, within object.Range, next string) (page object.Listed[object.Object], err error) {
	if err := ctx.Err(); err != nil {
		return page, err
	}
	c, err := s.w.enter("source.Versions", within.Prefix, 0)
	defer s.w.mu.Unlock()
	if err != nil {
		return page, err
	}
	var entries []entry
	entries, page.Next = s.w.within(slices.Sorted(maps.Keys(s.w.versions)), within, "", next, s.w.SourceOrder)
	for _, e := range entries {
		for _, v := range slices.Backward(s.w.versions[e.name]) {
			page.Items = append(page.Items, v.Object)
		}
	}
	return page, s.w.leave(c, nil)
}

// find is called with the lock held.
func (s source) find(op string, ref object.Ref) (*Content, error) {
	v := s.w.latest(ref.Key)
	if ref.Version != "" {
		all := s.w.versions[ref.Key]
		if i := slices.IndexFunc(all, func(c *Content) bool { return c.Object.Version == ref.Version }); i >= 0 {
			v = all[i]
		} else {
			v = nil
		}
	}
	if v == nil || v.Object.Marker {
		return nil, fault.Of(fault.NotFound, op, ref.Key, nil)
	}
	if ref.IfMatch != "" && ref.IfMatch != v.Object.ETag {
		return nil, fault.Of(fault.Conflict, op, ref.Key, nil)
	}
	if v.Denied {
		return nil, fault.Of(fault.Denied, op, ref.Key, nil)
	}
	return v, nil
}

func (v *Content) head() object.Head {
	return object.Head{
		ETag: v.Object.ETag, Version: v.Object.Version, Size: v.Object.Size, Modified: v.Object.Modified,
		Headers: v.Headers, Metadata: maps.Clone(v.Metadata), Sums: v.Sums, Encryption: v.Encryption,
		Tags: len(v.Tags), Parts: v.Parts,
	}
}

func (s source) Open(ctx context.Context, ref object.Ref, span object.Span) (head object.Head, body io.ReadCloser, err error) {
	if err := ctx.Err(); err != nil {
		return head, nil, err
	}
	c, err := s.w.enter("source.Open", ref.Key, span.From)
	defer s.w.mu.Unlock()
	if err != nil {
		return head, nil, err
	}
	v, err := s.find("read object", ref)
	if err != nil {
		return head, nil, err
	}
	if class := v.Object.Class; (class == "GLACIER" || class == "DEEP_ARCHIVE") && !v.Object.Restored {
		return head, nil, fault.Of(fault.Refused, "read object", ref.Key, object.ErrArchived)
	}
	return v.head(), io.NopCloser(bytes.NewReader(cut(v.Body, span))), s.w.leave(c, nil)
}

func cut(body []byte, span object.Span) []byte {
	if span == (object.Span{}) {
		return body
	}
	return body[span.From:min(span.From+span.Size, int64(len(body)))]
}

func (s source) Head(ctx context.Context, ref object.Ref) (head object.Head, err error) {
	if err := ctx.Err(); err != nil {
		return head, err
	}
	c, err := s.w.enter("source.Head", ref.Key, 0)
	defer s.w.mu.Unlock()
	if err != nil {
		return head, err
	}
	v, err := s.find("read head", ref)
	if err != nil {
		return head, err
	}
	return v.head(), s.w.leave(c, nil)
}

func (s source) Tags(ctx context.Context, ref object.Ref) (map[string]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := s.w.enter("source.Tags", ref.Key, 0)
	defer s.w.mu.Unlock()
	if err != nil {
		return nil, err
	}
	v, err := s.find("read tags", object.Ref{Key: ref.Key, Version: ref.Version})
	if err != nil {
		return nil, err
	}
	return maps.Clone(v.Tags), s.w.leave(c, nil)
}

func (s source) Restore(ctx context.Context, ref object.Ref, days int, _ string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := s.w.enter("source.Restore", ref.Key, 0)
	defer s.w.mu.Unlock()
	if err != nil {
		return err
	}
	v, err := s.find("restore", object.Ref{Key: ref.Key, Version: ref.Version})
	if err != nil {
		return err
	}
	if (v.Object.Class == "INTELLIGENT_TIERING") != (days == 0) {
		return fault.Of(fault.Invalid, "restore", ref.Key, nil)
	}
	v.Object.Restoring = true
	return s.w.leave(c, nil)
}

func (s source) Presign(ctx context.Context, ref object.Ref, _ time.Duration) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	c, err := s.w.enter("source.Presign", ref.Key, 0)
	defer s.w.mu.Unlock()
	if err != nil {
		return "", err
	}
	q := url.Values{"key": {ref.Key}, "version": {ref.Version}}
	return "memory://source?" + q.Encode(), s.w.leave(c, nil)
}

// Parts tells the sizes of parts, nil for an object that was not told of any.
func (s source) Parts(ctx context.Context, ref object.Ref) ([]int64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := s.w.enter("source.Parts", ref.Key, 0)
	defer s.w.mu.Unlock()
	if err != nil {
		return nil, err
	}
	v, err := s.find("read attributes", ref)
	if err != nil || v.PartSize == 0 {
		return nil, err
	}
	var sizes []int64
	for left := v.Object.Size; left > 0; left -= v.PartSize {
		sizes = append(sizes, min(left, v.PartSize))
	}
	return sizes, s.w.leave(c, nil)
}
