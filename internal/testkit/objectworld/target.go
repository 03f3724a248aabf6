package objectworld

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // Content-MD5 is one
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
)

// Target is the container of the world.
func (w *World) Target() object.Target {
	if w.Seeks {
		return seeking{target{w}}
	}
	return target{w}
}

type target struct{ w *World }

type seeking struct{ target }

var (
	_ object.Target  = target{}
	_ object.Cleaner = target{}
	_ object.Seeker  = seeking{}
)

func (t target) Page(ctx context.Context, prefix, delimiter, next string) (object.Listed[object.Blob], error) {
	return t.page(ctx, object.Range{Prefix: prefix}, delimiter, next)
}

func (t seeking) PageFrom(ctx context.Context, prefix, from, next string) (object.Listed[object.Blob], error) {
	r := object.Range{Prefix: prefix}
	if from != "" {
		// After is exclusive: the greatest name before from, nearly.
		r.After = from[:len(from)-1] + string([]byte{from[len(from)-1] - 1}) + "\xff"
	}
	return t.page(ctx, r, "", next)
}

func (t target) page(ctx context.Context, within object.Range, delimiter, next string) (page object.Listed[object.Blob], err error) {
	if err := ctx.Err(); err != nil {
		return page, err
	}
	c, err := t.w.enter("target.Page", within.Prefix, 0)
	defer t.w.mu.Unlock()
	if err != nil {
		return page, err
	}
	var entries []entry
	entries, page.Next = t.w.within(slices.Sorted(maps.Keys(t.w.blobs)), within, delimiter, next, t.w.TargetOrder)
	for _, e := range entries {
		if e.prefix {
			page.Prefixes = append(page.Prefixes, e.name)
			continue
		}
		page.Items = append(page.Items, t.w.blobs[e.name].Blob)
	}
	return page, t.w.leave(c, nil)
}

// check is what the service does on arrival: exactly one of the two sums goes
// with a request.
func check(body []byte, sums object.Sums) (object.Receipt, error) {
	r := object.Receipt{}
	switch {
	case sums.Known.Has(object.CRC64):
		r.Known, r.CRC64 = object.CRC64, CRC(body)
		if r.CRC64 != sums.CRC64 {
			return r, fault.Of(fault.Invalid, "Crc64Mismatch", "", object.ErrMismatch)
		}
	case sums.Known.Has(object.MD5):
		r.Known, r.MD5 = object.MD5, md5.Sum(body)
		if r.MD5 != sums.MD5 {
			return r, fault.Of(fault.Invalid, "Md5Mismatch", "", object.ErrMismatch)
		}
	}
	return r, nil
}

// allowed checks the conditions of a write.
func (t target) allowed(write object.Write) error {
	b := t.w.blobs[write.Name]
	switch {
	case write.IfAbsent && b != nil,
		write.IfMatch == "*" && b == nil,
		write.IfMatch != "" && write.IfMatch != "*" && (b == nil || b.ETag != write.IfMatch):
		return fault.Of(fault.Conflict, "write blob", write.Name, nil)
	}
	return nil
}

// store replaces a blob; it drops the uncommitted blocks of the name.
func (w *World) store(write object.Write, body, sum []byte) *blob {
	if w.blobs == nil {
		w.blobs = map[string]*blob{}
	}
	at := w.now()
	b := &blob{body: bytes.Clone(body), tags: maps.Clone(write.Tags), Blob: object.Blob{
		Name: write.Name, ETag: "0x" + strconv.FormatInt(w.clock, 16), Size: int64(len(body)), Modified: at,
		Tier: write.Tier, Kind: "BlockBlob", MD5: bytes.Clone(sum), Metadata: maps.Clone(write.Metadata), Headers: write.Headers,
	}}
	w.blobs[write.Name] = b
	delete(w.staged, write.Name)
	if w.Keeps {
		if w.earlier == nil {
			w.earlier = map[string][]object.Blob{}
		}
		w.earlier[write.Name] = append(w.earlier[write.Name], b.Blob)
	}
	return b
}

// version is the id of a blob's version, where the container keeps them.
func (w *World) version(b *blob) string {
	if !w.Keeps {
		return ""
	}
	return b.Modified.String()
}

func (t target) Earlier(ctx context.Context, name string) ([]object.Blob, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := t.w.enter("target.Earlier", name, 0)
	defer t.w.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return slices.Clone(t.w.earlier[name]), t.w.leave(c, nil)
}

func (t target) Put(ctx context.Context, write object.Write, body []byte, sums object.Sums) (r object.Receipt, err error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	c, err := t.w.enter("target.Put", write.Name, 0)
	defer t.w.mu.Unlock()
	if err != nil {
		return r, err
	}
	if err := t.allowed(write); err != nil {
		return r, err
	}
	if r, err = check(body, sums); err != nil {
		return r, err
	}
	sum := write.MD5
	if sum == nil {
		// Put Blob stores the MD5 that it computes of what it got.
		own := md5.Sum(body)
		sum = own[:]
	}
	b := t.w.store(write, body, sum)
	r.ETag, r.Version, r.Modified = b.ETag, t.w.version(b), b.Modified
	return r, t.w.leave(c, nil)
}

func (w *World) stage(name, id string, body []byte) {
	if w.staged == nil {
		w.staged = map[string][]block{}
	}
	w.staged[name] = slices.DeleteFunc(w.staged[name], func(b block) bool { return b.id == id })
	w.staged[name] = append(w.staged[name], block{id, bytes.Clone(body)})
}

func (t target) Stage(ctx context.Context, name, id string, body []byte, sums object.Sums) (r object.Receipt, err error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	c, err := t.w.ask(Call{Op: "target.Stage", Name: name, ID: id})
	defer t.w.mu.Unlock()
	if err != nil {
		return r, err
	}
	for _, b := range t.w.staged[name] {
		if len(b.id) != len(id) {
			return r, fault.Of(fault.Invalid, "InvalidBlobOrBlock", name, object.ErrForeignBlocks)
		}
	}
	if r, err = check(body, sums); err != nil {
		return r, err
	}
	t.w.stage(name, id, body)
	return r, t.w.leave(c, nil)
}

func (t target) StageFrom(ctx context.Context, name, id, link string, span object.Span) (r object.Receipt, err error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	c, err := t.w.ask(Call{Op: "target.StageFrom", Name: name, Offset: span.From, ID: id})
	defer t.w.mu.Unlock()
	if err != nil {
		return r, err
	}
	u, err := url.Parse(link)
	if err != nil {
		return r, err
	}
	v, err := source(t).find("fetch", object.Ref{Key: u.Query().Get("key"), Version: u.Query().Get("version")})
	if err != nil {
		return r, err
	}
	body := cut(v.Body, span)
	t.w.stage(name, id, body)
	r.Known, r.CRC64 = object.CRC64, CRC(body)
	return r, t.w.leave(c, nil)
}

func (t target) Staged(ctx context.Context, name string) (blocks []object.Block, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := t.w.enter("target.Staged", name, 0)
	defer t.w.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for _, b := range t.w.staged[name] {
		blocks = append(blocks, object.Block{ID: b.id, Size: int64(len(b.body))})
	}
	return blocks, t.w.leave(c, nil)
}

func (t target) Commit(ctx context.Context, write object.Write, ids []string) (r object.Receipt, err error) {
	if err := ctx.Err(); err != nil {
		return r, err
	}
	c, err := t.w.enter("target.Commit", write.Name, 0)
	defer t.w.mu.Unlock()
	if err != nil {
		return r, err
	}
	if err := t.allowed(write); err != nil {
		return r, err
	}
	var body []byte
	for _, id := range ids {
		i := slices.IndexFunc(t.w.staged[write.Name], func(b block) bool { return b.id == id })
		if i < 0 {
			return r, fault.Of(fault.Invalid, "InvalidBlockList", write.Name, object.ErrForeignBlocks)
		}
		body = append(body, t.w.staged[write.Name][i].body...)
	}
	b := t.w.store(write, body, write.MD5)
	r.ETag, r.Version, r.Modified = b.ETag, t.w.version(b), b.Modified
	return r, t.w.leave(c, nil)
}

func (t target) Head(ctx context.Context, name string) (head object.Head, err error) {
	if err := ctx.Err(); err != nil {
		return head, err
	}
	c, err := t.w.enter("target.Head", name, 0)
	defer t.w.mu.Unlock()
	if err != nil {
		return head, err
	}
	b := t.w.blobs[name]
	if b == nil {
		return head, fault.Of(fault.NotFound, "read head", name, nil)
	}
	return b.head(), t.w.leave(c, nil)
}

func (b *blob) head() object.Head {
	h := object.Head{ETag: b.ETag, Size: b.Size, Modified: b.Modified, Headers: b.Headers, Metadata: maps.Clone(b.Metadata), Tags: len(b.tags)}
	if len(b.MD5) == md5.Size {
		h.Sums = object.Sums{Known: object.MD5, MD5: [md5.Size]byte(b.MD5)}
	}
	return h
}

func (t target) Open(ctx context.Context, name string, span object.Span, ifMatch string) (head object.Head, body io.ReadCloser, err error) {
	if err := ctx.Err(); err != nil {
		return head, nil, err
	}
	c, err := t.w.enter("target.Open", name, span.From)
	defer t.w.mu.Unlock()
	if err != nil {
		return head, nil, err
	}
	b := t.w.blobs[name]
	if b == nil {
		return head, nil, fault.Of(fault.NotFound, "read blob", name, nil)
	}
	if ifMatch != "" && b.ETag != ifMatch {
		return head, nil, fault.Of(fault.Conflict, "read blob", name, nil)
	}
	return b.head(), io.NopCloser(bytes.NewReader(cut(b.body, span))), t.w.leave(c, nil)
}

func (t target) Tags(ctx context.Context, name string) (map[string]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := t.w.enter("target.Tags", name, 0)
	defer t.w.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if t.w.blobs[name] == nil {
		return nil, fault.Of(fault.NotFound, "read tags", name, nil)
	}
	return maps.Clone(t.w.blobs[name].tags), t.w.leave(c, nil)
}

func (t target) Delete(ctx context.Context, name, ifMatch string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := t.w.enter("target.Delete", name, 0)
	defer t.w.mu.Unlock()
	if err != nil {
		return err
	}
	b := t.w.blobs[name]
	if b == nil {
		return fault.Of(fault.NotFound, "delete blob", name, nil)
	}
	if ifMatch != "" && ifMatch != b.ETag {
		return fault.Of(fault.Conflict, "delete blob", name, nil)
	}
	delete(t.w.blobs, name)
	return t.w.leave(c, nil)
}

func (t target) SetTier(ctx context.Context, name, tier string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := t.w.enter("target.SetTier", name, 0)
	defer t.w.mu.Unlock()
	if err != nil {
		return err
	}
	b := t.w.blobs[name]
	if b == nil {
		return fault.Of(fault.NotFound, "set tier", name, nil)
	}
	b.Tier = tier
	return t.w.leave(c, nil)
}

// Unstage drops the uncommitted blocks, as Put Block List of the committed ones
// does, which makes the blob another one.
func (t target) Unstage(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c, err := t.w.enter("target.Unstage", name, 0)
	defer t.w.mu.Unlock()
	if err != nil {
		return err
	}
	if b := t.w.blobs[name]; b != nil {
		t.w.clock++
		b.ETag = "0x" + strconv.FormatInt(t.w.clock, 16)
	}
	delete(t.w.staged, name)
	return t.w.leave(c, nil)
}
