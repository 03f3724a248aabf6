package rest

import (
	"context"
	"errors"
	"io"
	"net/http"

	"example.com/landfall/internal/fault"
)

// Check looks at the bytes of a body as they are read and has the last word:
// a body that does not match what the service said of it is not delivered.
type Check interface {
	io.Writer
	// Matches is asked once, at the end.
	Matches() bool
}

// Body is the content of an answer. It ends with io.EOF only when all of it
// came and matches; otherwise the bytes that would complete it are withheld, so
// that io.ReadFull into a buffer of the exact size sees the trouble as well.
type Body struct {
	inner    io.ReadCloser
	ctx      context.Context
	resource string
	left     int64
	check    Check
	err      error
}

// NewBody returns the body of the answer, of which size bytes are to come.
// check may be nil.
func NewBody(response *http.Response, resource string, size int64, check Check) *Body {
	ctx := context.Background()
	if response.Request != nil {
		ctx = response.Request.Context()
	}
	return &Body{inner: response.Body, ctx: ctx, resource: resource, left: size, check: check}
}

func (b *Body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	// One byte more than is due shows a body that is too long.
	n, err := b.inner.Read(p[:min(int64(len(p)), b.left+1)])
	switch {
	case int64(n) > b.left:
		b.err = fault.Of(fault.Unavailable, "read body", b.resource, errors.New("it is longer than the service said"))
		return 0, b.err
	case err == io.EOF && int64(n) < b.left:
		err = io.ErrUnexpectedEOF
	}
	b.left -= int64(n)
	if b.check != nil {
		b.check.Write(p[:n]) // a hash never returns an error
	}
	if err != nil && err != io.EOF {
		b.err = broken(b.ctx, "read body", b.resource, err)
		return n, b.err
	}
	if b.left > 0 {
		return n, nil
	}
	if b.check != nil && !b.check.Matches() {
		b.err = fault.Of(fault.Unavailable, "read body", b.resource, errors.New("it does not match the checksum that came with it"))
		return 0, b.err
	}
	// A reader that knows the size stops here; the connection is free for the
	// next request only after the end was seen.
	if err == nil {
		err = b.end()
	}
	b.err = err
	if err != io.EOF {
		return 0, err
	}
	return n, io.EOF
}

// end reads past the last byte.
func (b *Body) end() error {
	var over [1]byte
	n, err := b.inner.Read(over[:])
	switch {
	case n > 0:
		return fault.Of(fault.Unavailable, "read body", b.resource, errors.New("it is longer than the service said"))
	case err == nil || err == io.EOF:
		return io.EOF
	}
	return broken(b.ctx, "read body", b.resource, err)
}

// Close gives the connection back, or ends it when the body was not read.
func (b *Body) Close() error { return b.inner.Close() }
