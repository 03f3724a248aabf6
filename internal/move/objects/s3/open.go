package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"example.com/landfall/internal/fault"
	"example.com/landfall/internal/move/objects/object"
	"example.com/landfall/internal/move/objects/rest"
)

// Open reads an object, or a span of it.
func (s *Source) Open(ctx context.Context, ref object.Ref, span object.Span) (object.Head, io.ReadCloser, error) {
	a := ask{op: "read object", method: http.MethodGet, key: ref.Key, query: version(ref), headers: make([]header, 0, 3)}
	a.headers = append(a.headers, header{"X-Amz-Checksum-Mode", "ENABLED"})
	if ref.IfMatch != "" {
		a.headers = append(a.headers, header{"If-Match", quote(ref.IfMatch)})
	}
	whole := span == object.Span{}
	if !whole {
		if span.From < 0 || span.Size <= 0 {
			return object.Head{}, nil, fault.Newf(fault.Invalid, "read object %q: no span: %d bytes from %d", ref.Key, span.Size, span.From)
		}
		a.headers = append(a.headers, header{"Range", "bytes=" + strconv.FormatInt(span.From, 10) + "-" + strconv.FormatInt(span.From+span.Size-1, 10)})
	}
	response, err := s.do(ctx, a)
	if err != nil {
		return object.Head{}, nil, err
	}
	h, err := head(response.Header)
	due := response.ContentLength
	var against rest.Check
	switch {
	case err != nil:
	case whole:
		against = newCheck(h.Sums)
		err = complete(response, due)
	default:
		due, err = part(response, span, &h)
	}
	if err != nil {
		response.Body.Close()
		return object.Head{}, nil, fault.Of(fault.Unavailable, "read object", s.bucket+"/"+ref.Key, err)
	}
	return h, rest.NewBody(response, s.bucket+"/"+ref.Key, due, against), nil
}

// complete refuses an answer that is not the whole object, or does not say how
// long it is.
func complete(response *http.Response, due int64) error {
	if response.StatusCode != http.StatusOK {
		return errors.New("the answer is HTTP " + strconv.Itoa(response.StatusCode) + ", not the object")
	}
	if due < 0 {
		return errors.New("the answer does not say how long the object is")
	}
	return nil
}

// part refuses an answer that is not the span, and sets the size of the whole
// object. It returns how many bytes are to come.
func part(response *http.Response, span object.Span, h *object.Head) (int64, error) {
	const form = "bytes "
	text := first(response.Header, "Content-Range")
	from, rest, ok := strings.Cut(strings.TrimPrefix(text, form), "-")
	to, total, okay := strings.Cut(rest, "/")
	begin, err1 := strconv.ParseInt(from, 10, 64)
	end, err2 := strconv.ParseInt(to, 10, 64)
	size, err3 := strconv.ParseInt(total, 10, 64)
	if response.StatusCode != http.StatusPartialContent || !ok || !okay || errors.Join(err1, err2, err3) != nil {
		return 0, errors.New("the answer is not the range that was asked for")
	}
	due := end - begin + 1
	if begin != span.From || due != min(span.Size, size-span.From) || response.ContentLength != due {
		return 0, errors.New("the answer is another range than was asked for: " + strconv.Quote(text))
	}
	h.Size = size
	return due, nil
}

// Head asks for the head alone.
func (s *Source) Head(ctx context.Context, ref object.Ref) (object.Head, error) {
	response, err := s.head(ctx, ref, version(ref))
	if err != nil {
		return object.Head{}, s.wordsOf(ctx, ref, err)
	}
	h, err := head(response.Header)
	return h, fault.Wrap(err, "read the head of object", s.bucket+"/"+ref.Key)
}

func (s *Source) head(ctx context.Context, ref object.Ref, query string) (*http.Response, error) {
	a := ask{op: "read the head of object", method: http.MethodHead, key: ref.Key, query: query, headers: []header{{"X-Amz-Checksum-Mode", "ENABLED"}}}
	if ref.IfMatch != "" {
		a.headers = append(a.headers, header{"If-Match", quote(ref.IfMatch)})
	}
	response, err := s.do(ctx, a)
	if err != nil {
		return nil, err
	}
	return response, response.Body.Close()
}

// wordsOf asks again for one byte when an answer to HEAD was a refusal: only
// the answer to GET has a body that says why (SSE-C, a key of KMS, Requester
// Pays).
func (s *Source) wordsOf(ctx context.Context, ref object.Ref, err error) error {
	trouble, ok := errors.AsType[*rest.Trouble](err)
	if !ok || trouble.Code != "" || trouble.Status != http.StatusBadRequest && trouble.Status != http.StatusForbidden {
		return err
	}
	_, body, told := s.Open(ctx, ref, object.Span{From: 0, Size: 1})
	if told == nil {
		return errors.Join(err, body.Close())
	}
	if fault.Is(told, fault.Refused) || fault.Is(told, fault.Denied) {
		return told
	}
	return err
}

func version(ref object.Ref) string {
	if ref.Version == "" {
		return ""
	}
	return "versionId=" + url.QueryEscape(ref.Version)
}

func quote(etag string) string {
	if etag == "*" {
		return etag
	}
	return `"` + etag + `"`
}
