package blob

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/checksum"
	"example.com/landfall/internal/move/objects/name"
	"example.com/landfall/internal/move/objects/object"
)

// Put writes a blob in one request.
func (t *Target) Put(ctx context.Context, w object.Write, body []byte, sums object.Sums) (object.Receipt, error) {
	h := writeHeaders(w)
	h["x-ms-blob-type"] = []string{"BlockBlob"}
	// The hash to be stored counts as one that goes along, and is checked.
	if len(w.MD5) == len(sums.MD5) {
		sums.Known, sums.MD5 = object.MD5, [16]byte(w.MD5)
	}
	hashHeader(h, sums)
	a := ask{op: "write blob", method: http.MethodPut, name: w.Name, headers: h, body: body}
	response, sent, err := t.do(ctx, a)
	if err != nil {
		return t.settle(ctx, w, written{body, true}, outcome{sent, err})
	}
	return done(response, true)
}

// Stage stages one block.
func (t *Target) Stage(ctx context.Context, name, id string, body []byte, sums object.Sums) (object.Receipt, error) {
	h := make(http.Header, 8)
	hashHeader(h, sums)
	response, _, err := t.do(ctx, ask{op: "stage a block of blob", method: http.MethodPut, name: name, query: blockQuery(id), headers: h, body: body})
	if err != nil {
		return object.Receipt{}, err
	}
	return done(response, true)
}

// StageFrom has the service fetch a block from a URL.
func (t *Target) StageFrom(ctx context.Context, name, id, from string, span object.Span) (object.Receipt, error) {
	h := make(http.Header, 8)
	h["x-ms-copy-source"] = []string{from}
	if span != (object.Span{}) {
		h["x-ms-source-range"] = []string{byteRange(span)}
	}
	response, _, err := t.do(ctx, ask{op: "stage a block of blob from a URL", method: http.MethodPut, name: name, query: blockQuery(id), headers: h})
	if err != nil {
		return object.Receipt{}, err
	}
	return done(response, true)
}

// Commit makes the blob of staged blocks.
func (t *Target) Commit(ctx context.Context, w object.Write, ids []string) (object.Receipt, error) {
	response, sent, err := t.commit(ctx, w, ids)
	if err != nil {
		return t.settle(ctx, w, written{}, outcome{sent, err})
	}
	return done(response, false)
}

func (t *Target) commit(ctx context.Context, w object.Write, ids []string) (*http.Response, bool, error) {
	return t.do(ctx, ask{op: "commit the blocks of blob", method: http.MethodPut, name: w.Name, query: "comp=blocklist",
		headers: listHeaders(w), body: blockList("Latest", ids)})
}

func listHeaders(w object.Write) http.Header {
	h := writeHeaders(w)
	h["Content-Type"] = []string{"application/xml"}
	return h
}

// blockList is the body of Put Block List. which is where to look for a block:
// Latest (among the staged ones first) or Committed.
func blockList(which string, ids []string) []byte {
	body := make([]byte, 0, 64+len(ids)*(2*len("<Committed>")+65))
	body = append(body, `<?xml version="1.0" encoding="utf-8"?><BlockList>`...)
	for _, id := range ids {
		body = append(append(append(body, '<'), which...), '>')
		body = base64.StdEncoding.AppendEncode(body, []byte(id))
		body = append(append(append(body, "</"...), which...), '>')
	}
	return append(body, "</BlockList>"...)
}

// done ends a write.
func done(response *http.Response, hashed bool) (object.Receipt, error) {
	r, err := receipt(response.Header, hashed)
	return r, errors.Join(err, response.Body.Close())
}

func blockQuery(id string) string {
	return "comp=block&blockid=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(id)))
}

func byteRange(span object.Span) string {
	return "bytes=" + strconv.FormatInt(span.From, 10) + "-" + strconv.FormatInt(span.From+span.Size-1, 10)
}

// hashHeader adds one hash of the body: the service takes either and refuses
// both (Azure Storage REST reference, "Put Block"). MD5 is the longer one.
func hashHeader(h http.Header, sums object.Sums) {
	switch {
	case sums.Known.Has(object.MD5):
		h["Content-Md5"] = []string{checksum.ContentMD5(sums.MD5)}
	case sums.Known.Has(object.CRC64):
		h["x-ms-content-crc64"] = []string{checksum.AzureCRC64(sums.CRC64)}
	}
}

// writeHeaders are those of a request that makes a blob.
func writeHeaders(w object.Write) http.Header {
	h := make(http.Header, 16+len(w.Metadata))
	set := func(name, value string) {
		if value != "" {
			h[name] = []string{value}
		}
	}
	set("x-ms-blob-content-type", w.Headers.Type)
	set("x-ms-blob-content-encoding", w.Headers.Encoding)
	set("x-ms-blob-content-language", w.Headers.Language)
	set("x-ms-blob-content-disposition", w.Headers.Disposition)
	set("x-ms-blob-cache-control", w.Headers.CacheControl)
	set("x-ms-access-tier", w.Tier)
	for name, value := range w.Metadata {
		h["x-ms-meta-"+name] = []string{value}
	}
	if len(w.MD5) > 0 {
		set("x-ms-blob-content-md5", base64.StdEncoding.EncodeToString(w.MD5))
	}
	set("x-ms-tags", tags(w.Tags))
	if w.IfMatch != "" {
		set("If-Match", quote(w.IfMatch))
	}
	if w.IfAbsent {
		set("If-None-Match", "*")
	}
	return h
}

// tags is the form of the header, which is that of a query string (Azure
// Storage REST reference, "Put Blob").
func tags(all map[string]string) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(key) + "=" + escape(all[key]))
	}
	return b.String()
}

func quote(etag string) string {
	if etag == "*" {
		return etag
	}
	return `"` + etag + `"`
}

// written is what is known of the content that was sent.
type written struct {
	body  []byte
	known bool
}

// outcome is how a write ended.
type outcome struct {
	sent bool
	err  error
}

// settle decides about a conditional write that was refused after an earlier
// sending of it had no answer: what stands there may be its own work, which no
// longer meets its condition. It is, when metadata and headers are those of
// this write, and so is the content as far as it can be told.
func (t *Target) settle(ctx context.Context, w object.Write, c written, o outcome) (object.Receipt, error) {
	if !o.sent || !fault.Is(o.err, fault.Conflict) {
		return object.Receipt{}, o.err
	}
	there, err := t.Head(ctx, w.Name)
	if err != nil || !equalWrite(there, w, c) {
		return object.Receipt{}, o.err
	}
	return object.Receipt{ETag: there.ETag, Version: there.Version, Modified: there.Modified}, nil
}

func equalWrite(there object.Head, w object.Write, c written) bool {
	want := make(map[string]string, len(w.Metadata))
	for key, value := range w.Metadata {
		want[strings.ToLower(key)] = value
	}
	if !maps.Equal(there.Metadata, want) || c.known && int64(len(c.body)) != there.Size {
		return false
	}
	// The service computes the MD5 of what comes in one body, and none of blocks.
	// Of blocks only metadata can tell, and of those only a mark stands for the
	// content: others may be those of what was there before.
	if c.known && there.Sums.Known.Has(object.MD5) {
		return there.Sums.MD5 == md5.Sum(c.body)
	}
	return want[name.Mark] != ""
}

// Delete removes a blob that still has this ETag.
func (t *Target) Delete(ctx context.Context, name, ifMatch string) error {
	h := make(http.Header, 4)
	if ifMatch != "" {
		h["If-Match"] = []string{quote(ifMatch)}
	}
	response, sent, err := t.do(ctx, ask{op: "delete blob", method: http.MethodDelete, name: name, headers: h})
	if sent && fault.Is(err, fault.Conflict) {
		// A condition does not hold of what is gone either.
		if _, gone := t.Head(ctx, name); fault.Is(gone, fault.NotFound) {
			err = gone
		}
	}
	if sent && fault.Is(err, fault.NotFound) {
		return nil // by the sending whose answer was lost
	}
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// SetTier moves a blob to a tier.
func (t *Target) SetTier(ctx context.Context, name, tier string) error {
	h := http.Header{"x-ms-access-tier": {tier}}
	response, _, err := t.do(ctx, ask{op: "set the tier of blob", method: http.MethodPut, name: name, query: "comp=tier", headers: h})
	if err != nil {
		return err
	}
	return response.Body.Close()
}
