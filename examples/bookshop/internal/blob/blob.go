package blob

import (
	"context"
	"errors"
	"io"
	"time"
)

// What an open can be answered with besides the object.
var (
	// ErrNotFound: there is no object of this name.
	ErrNotFound = errors.New("no such object")
	// ErrRange: the object is shorter than the offset asked for.
	ErrRange = errors.New("the range starts behind the end of the object")
)

// Range is a part of an object. Length 0 means to the end, so the zero Range
// is the whole object.
type Range struct {
	Offset, Length int64
}

// Whole reports whether the range is the whole object.
func (r Range) Whole() bool { return r == Range{} }

// Object is an opened object. The caller closes Body.
type Object struct {
	Body        io.ReadCloser
	SizeBytes   int64 // of the whole object
	Offset      int64 // of Body in the object
	LengthBytes int64 // of Body
	ETag        string
	ContentType string
	Modified    time.Time
}

// Info is an entry of a listing. MD5 is nil when the store does not tell.
type Info struct {
	Name      string
	SizeBytes int64
	MD5       []byte
}

// Store is a bucket or container. All methods may be called concurrently.
//
// Put replaces an existing object; a reader sees the old or the new content,
// never a mixture. Open answers with an error that wraps ErrNotFound or
// ErrRange where they apply, and with trouble.Unavailable when the store does
// not answer. List calls each for every object whose name has the prefix, in
// no promised order, and stops at the first error that each returns. Check
// proves that the bucket or container can be read.
type Store interface {
	Put(ctx context.Context, name string, body []byte, contentType string) error
	Open(ctx context.Context, name string, part Range) (*Object, error)
	List(ctx context.Context, prefix string, each func(Info) error) error
	Check(ctx context.Context) error
}
