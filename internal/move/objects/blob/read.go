package blob

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/markup"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/rest"
)

// Open reads a blob, or a span of it.
func (t *Target) Open(ctx context.Context, name string, span object.Span, ifMatch string) (object.Head, io.ReadCloser, error) {
	h := make(http.Header, 5)
	whole := span == object.Span{}
	if !whole {
		if span.From < 0 || span.Size <= 0 {
			return object.Head{}, nil, fault.Newf(fault.Invalid, "read blob %q: no span: %d bytes from %d", name, span.Size, span.From)
		}
		h["x-ms-range"] = []string{byteRange(span)}
	}
	if ifMatch != "" {
		h["If-Match"] = []string{quote(ifMatch)}
	}
	a := ask{op: "read blob", method: http.MethodGet, name: name, headers: h}
	response, _, err := t.do(ctx, a)
	if err != nil {
		return object.Head{}, nil, err
	}
	head, err := headOf(response.Header)
	due := response.ContentLength
	switch {
	case err != nil:
	case due < 0, whole && response.StatusCode != http.StatusOK:
		err = errors.New("the answer is not the blob")
	case !whole:
		due, err = part(response, span, &head)
	}
	if err != nil {
		response.Body.Close()
		return object.Head{}, nil, fault.Of(kindOf(err), "read blob", t.resource(a), err)
	}
	return head, rest.NewBody(response, t.resource(a), due, nil), nil
}

// kindOf is Unavailable for what is no error of ours.
func kindOf(err error) fault.Kind {
	if kind := fault.KindOf(err); kind != fault.Internal {
		return kind
	}
	return fault.Unavailable
}

// part refuses an answer that is not the span, and sets what is of the whole
// blob. A range that takes in all of a blob may be answered as the blob.
func part(response *http.Response, span object.Span, head *object.Head) (int64, error) {
	due := response.ContentLength
	if response.StatusCode == http.StatusOK && span.From == 0 && due <= span.Size {
		return due, nil
	}
	from, total, ok := strings.Cut(first(response.Header, "Content-Range"), "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if err == nil && span.From >= size {
		return 0, fault.Newf(fault.Conflict, "the blob has only %d bytes", size)
	}
	want := "bytes " + strconv.FormatInt(span.From, 10) + "-" + strconv.FormatInt(span.From+due-1, 10)
	if !ok || err != nil || from != want || due != min(span.Size, size-span.From) {
		return 0, errors.New("the answer is another range than was asked for")
	}
	head.Size = size
	// Content-MD5 of such an answer is that of the range; the blob's has a
	// header of its own (Azure Storage REST reference, "Get Blob").
	if first(response.Header, "X-Ms-Blob-Content-Md5") == "" {
		head.Sums.Known &^= object.MD5
	}
	return due, nil
}

// Head asks for the properties alone.
func (t *Target) Head(ctx context.Context, name string) (object.Head, error) {
	response, err := t.properties(ctx, name)
	if err != nil {
		return object.Head{}, err
	}
	return headOf(response.Header)
}

func (t *Target) properties(ctx context.Context, name string) (*http.Response, error) {
	response, _, err := t.do(ctx, ask{op: "read the properties of blob", method: http.MethodHead, name: name})
	if err != nil {
		return nil, err
	}
	return response, response.Body.Close()
}

const metaPrefix = "X-Ms-Meta-"

// headOf reads the headers of a blob. Names of metadata come in lower case:
// HTTP does not keep the case, and Azure compares without it.
func headOf(h http.Header) (object.Head, error) {
	o := object.Head{ETag: strings.Trim(first(h, "Etag"), `"`), Version: first(h, "X-Ms-Version-Id")}
	o.Size, _ = strconv.ParseInt(first(h, "Content-Length"), 10, 64)
	o.Modified, _ = http.ParseTime(first(h, "Last-Modified"))
	o.Headers = object.Headers{
		Type: first(h, "Content-Type"), Encoding: first(h, "Content-Encoding"), Language: first(h, "Content-Language"),
		Disposition: first(h, "Content-Disposition"), CacheControl: first(h, "Cache-Control"),
	}
	o.Metadata = map[string]string{}
	for name, values := range h {
		if len(name) > len(metaPrefix) && strings.EqualFold(name[:len(metaPrefix)], metaPrefix) {
			o.Metadata[strings.ToLower(name[len(metaPrefix):])] = strings.Join(values, ",")
		}
	}
	o.Tags, _ = strconv.Atoi(first(h, "X-Ms-Tag-Count"))
	var err error
	o.Sums, err = hashes(h)
	return o, err
}

// Tags reads the index tags of a blob.
func (t *Target) Tags(ctx context.Context, name string) (map[string]string, error) {
	tags := map[string]string{}
	var key string
	err := t.document(ctx, ask{op: "read the tags of blob", name: name, query: "comp=tags"}, func(s *markup.Scanner) error {
		switch string(s.Name()) {
		case "Key":
			key = string(s.Text())
		case "Value":
			tags[key] = string(s.Text())
		}
		return nil
	})
	return tags, err
}

// Staged lists the uncommitted blocks.
func (t *Target) Staged(ctx context.Context, name string) ([]object.Block, error) {
	blocks, err := t.blocks(ctx, name, "uncommitted")
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return blocks, err
}

func (t *Target) blocks(ctx context.Context, name, which string) ([]object.Block, error) {
	var blocks []object.Block
	var id string
	err := t.document(ctx, ask{op: "list the blocks of blob", name: name, query: "comp=blocklist&blocklisttype=" + which}, func(s *markup.Scanner) error {
		switch string(s.Name()) {
		case "Name":
			raw, err := base64.StdEncoding.AppendDecode(nil, s.Text())
			if err != nil {
				return markup.ErrMarkup
			}
			id = string(raw)
		case "Size":
			size, err := strconv.ParseInt(string(s.Text()), 10, 64)
			if err != nil {
				return markup.ErrMarkup
			}
			blocks = append(blocks, object.Block{ID: id, Size: size})
		}
		return nil
	})
	return blocks, err
}

// document asks for a document and hands over each element that ends.
func (t *Target) document(ctx context.Context, a ask, element func(*markup.Scanner) error) error {
	a.method = http.MethodGet
	response, _, err := t.do(ctx, a)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	s := markup.NewScanner(response.Body)
	for kind := s.Step(); kind != markup.End; kind = s.Step() {
		if kind != markup.Close {
			continue
		}
		if err := element(s); err != nil {
			return fault.Of(fault.Unavailable, a.op, t.resource(a), err)
		}
	}
	if s.Err() != nil {
		return fault.Of(fault.Unavailable, a.op, t.resource(a), s.Err())
	}
	return nil
}
