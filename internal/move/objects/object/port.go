package object

import (
	"context"
	"io"
	"time"
)

// Range is a part of the names of one side: those with the prefix that come
// after After (exclusive) and not after To (inclusive), in the order of their
// bytes. Empty bounds bound nothing.
type Range struct {
	Prefix, After, To string
}

// Listed is one page of a listing. Next continues it, "" at its end.
type Listed[T any] struct {
	Items []T
	// Prefixes are the common prefixes, of listings by delimiter only.
	Prefixes []string
	Next     string
}

// Source reads the objects of one bucket. It is safe for concurrent use. Error
// kinds: fault.NotFound (no such object or version), fault.Conflict (IfMatch:
// no longer the one that was listed), fault.Denied (policy, key of KMS, Requester
// Pays), fault.Refused (archived, SSE-C: cannot be read as it is), fault.Throttled,
// fault.Unavailable, fault.Timeout. A body that ends early gives fault.Unavailable
// from its Read, never io.EOF. Throttling and passing trouble are tried again
// beneath this port, with back-off and jitter; what comes out is final.
type Source interface {
	// Page lists current objects in the order of the service. A delimiter of ""
	// goes through everything below.
	Page(ctx context.Context, within Range, delimiter, next string) (Listed[Object], error)
	// Versions lists all versions and delete markers.
	Versions(ctx context.Context, within Range, next string) (Listed[Object], error)
	// Open reads an object or a span of it. The caller closes the body. The head
	// of a span has the whole object's size and sums.
	Open(ctx context.Context, ref Ref, span Span) (Head, io.ReadCloser, error)
	// Head asks for the head alone.
	Head(ctx context.Context, ref Ref) (Head, error)
	Tags(ctx context.Context, ref Ref) (map[string]string, error)
	// Restore asks for an archived object to be readable for some days. It is no
	// error when that has been asked for. tier: "Standard", "Bulk", "Expedited".
	Restore(ctx context.Context, ref Ref, days int, tier string) error
	// Presign returns a URL with which anybody reads the object for a while. It
	// is a secret: it goes into a request, and nowhere else.
	Presign(ctx context.Context, ref Ref, valid time.Duration) (string, error)
}

// Target writes the blobs of one container. It is safe for concurrent use.
// Error kinds as of Source; fault.Conflict is a condition that does not hold,
// fault.Invalid a body that is not the one the checksum was made of (the service
// refused it), or what the service refuses as it is, fault.Denied also a blob under
// a legal hold or immutability policy.
type Target interface {
	// Page lists blobs with their metadata.
	Page(ctx context.Context, prefix, delimiter, next string) (Listed[Blob], error)
	// Put writes a blob in one request. sums: of CRC64 and MD5 the strongest known
	// one goes along, and the service checks it on arrival.
	Put(ctx context.Context, w Write, body []byte, sums Sums) (Receipt, error)
	// Stage stages one block; sums as of Put.
	Stage(ctx context.Context, name, id string, body []byte, sums Sums) (Receipt, error)
	// StageFrom lets the target fetch a block from a URL; its receipt has the
	// CRC64 of what it fetched, where the service says so.
	StageFrom(ctx context.Context, name, id, url string, span Span) (Receipt, error)
	// Staged lists the uncommitted blocks, none when there is no such blob.
	Staged(ctx context.Context, name string) ([]Block, error)
	// Commit makes the blob of staged blocks, in this order.
	Commit(ctx context.Context, w Write, ids []string) (Receipt, error)
	Head(ctx context.Context, name string) (Head, error)
	// Open reads a blob or a span of it. The caller closes the body.
	Open(ctx context.Context, name string, span Span, ifMatch string) (Head, io.ReadCloser, error)
	Tags(ctx context.Context, name string) (map[string]string, error)
	// Delete removes a blob that still has this ETag.
	Delete(ctx context.Context, name, ifMatch string) error
	// Earlier lists what the container keeps under a name, the current blob and
	// earlier versions of it, with their metadata; none where it keeps none.
	Earlier(ctx context.Context, name string) ([]Blob, error)
	// SetTier moves a blob to a tier.
	SetTier(ctx context.Context, name, tier string) error
}

// Seeker is a Target whose listing can begin at a name, from inclusive (Azure:
// startFrom of List Blobs). Error kind: fault.Unsupported (the service does not
// begin there, which only asking tells).
type Seeker interface {
	PageFrom(ctx context.Context, prefix, from, next string) (Listed[Blob], error)
}
