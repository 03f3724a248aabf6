package object

import "time"

// Object is one object (or one version of it) as a listing tells it.
type Object struct {
	// Key is the key as the service keeps it: up to 1,024 bytes of UTF-8 (Amazon
	// S3 User Guide, "Naming Amazon S3 objects").
	Key string
	// Version is the version id; "" where the bucket has none, or in a listing
	// of current objects.
	Version string
	// ETag is without quotes.
	ETag     string
	Size     int64
	Modified time.Time
	// Class is the storage class, "" for STANDARD.
	Class string
	// Restored says that an archived object can be read for the time being,
	// Restoring that it has been asked for.
	Restored, Restoring bool
	// Latest and Marker are of versions: the current one, a delete marker.
	Latest, Marker bool
}

// Ref names what is read. IfMatch, when set, refuses an object that is no
// longer the one that was listed.
type Ref struct {
	Key, Version, IfMatch string
}

// Ref of the object as it was listed.
func (o Object) Ref() Ref { return Ref{o.Key, o.Version, o.ETag} }

// Span is a part of a content. The zero value is all of it.
type Span struct {
	From, Size int64
}

// Head is what a service says of an object or a blob when it is opened.
type Head struct {
	ETag     string
	Version  string
	Size     int64
	Modified time.Time
	Headers  Headers
	// Metadata are the user's own, names in lower case as S3 answers them.
	Metadata map[string]string
	// Hidden counts metadata that the service could not put into headers
	// (x-amz-missing-meta).
	Hidden int
	Sums   Sums
	// Encryption is "", "AES256", "aws:kms", "aws:kms:dsse" or "SSE-C".
	Encryption string
	// Tags counts the tags of the object.
	Tags int
	// Parts is how many parts it was uploaded in, 0 for unknown, 1 for one body.
	Parts int
}

// Headers are the content headers that both sides know, as they are stored. A
// missing one is "".
type Headers struct {
	Type, Encoding, Language, Disposition, CacheControl string
	// Expires and Redirect exist in S3 only (website redirect location).
	Expires, Redirect string
}

// Sums are the hashes of the content that a service holds.
type Sums struct {
	// Known says which of the values below are set.
	Known Sum
	// Composite says that those that S3 computes are hashes of the hashes of
	// parts ("x-amz-checksum-type: COMPOSITE"), Parts-many of them.
	Composite bool
	// CRC64 is CRC-64/NVME as a number; S3 writes it big-endian, Azure
	// little-endian.
	CRC64  uint64
	CRC32  uint32
	CRC32C uint32
	MD5    [16]byte
	SHA1   [20]byte
	SHA256 [32]byte
}

// Sum is a set of kinds of hashes.
type Sum uint8

// The kinds of hashes.
const (
	CRC64 Sum = 1 << iota
	CRC32
	CRC32C
	MD5
	SHA1
	SHA256
)

// Has reports whether the kinds are all in the set.
func (s Sum) Has(kinds Sum) bool { return s&kinds == kinds }

// Blob is one blob as a listing tells it.
type Blob struct {
	Name     string
	ETag     string
	Size     int64
	Modified time.Time
	// Tier is "Hot", "Cool", "Cold", "Archive", "" for the account's default.
	Tier string
	// Kind is "BlockBlob", "AppendBlob" or "PageBlob".
	Kind string
	// MD5 is the stored Content-MD5, nil for none.
	MD5 []byte
	// Metadata as stored. A listing may put the mark into Mark instead, which is
	// the only metadata of most blobs: a map for each would be half of a listing.
	Metadata map[string]string
	Mark     string
	Headers  Headers
	// Directory says that an account with a hierarchical namespace keeps a
	// folder under this name.
	Directory bool
}

// Block is a staged block.
type Block struct {
	// ID is the decoded block id.
	ID   string
	Size int64
}

// Write is what a blob is made with.
type Write struct {
	Name     string
	Headers  Headers
	Metadata map[string]string
	Tags     map[string]string
	Tier     string
	// MD5 is stored as the blob's Content-MD5, nil for none.
	MD5 []byte
	// IfMatch is the ETag that the blob must have, "*" any, "" no condition;
	// IfAbsent refuses to overwrite.
	IfMatch  string
	IfAbsent bool
}

// Receipt is what the target answered to a write.
type Receipt struct {
	ETag string
	// Version is the id of the version, "" where the container keeps none.
	Version  string
	Modified time.Time
	// CRC64 and MD5 are what the service computed of the body that it got, where
	// it says so. Known has CRC64, MD5 or nothing.
	Known Sum
	CRC64 uint64
	MD5   [16]byte
}
