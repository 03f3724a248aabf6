package object

import (
	"context"
	"errors"
)

// Why an object or a blob cannot be read or written, where the kind of the
// error does not say enough. Drivers put them below their errors.
var (
	// ErrArchived is an object of an archive class, or a blob of the archive
	// tier, that has to be restored first (fault.Refused).
	ErrArchived = errors.New("the content is archived and has to be restored first")
	// ErrCustomerKey is an object encrypted with a key that only the customer
	// has (fault.Refused).
	ErrCustomerKey = errors.New("the content is encrypted with a key that the customer provides (SSE-C)")
	// ErrMismatch is a body that is not the one its checksum was made of
	// (fault.Invalid).
	ErrMismatch = errors.New("the body that arrived does not match its checksum")
	// ErrForeignBlocks is a blob name that holds uncommitted blocks with ids of
	// another length, or a block list with one that is not staged
	// (fault.Invalid). Target.Unstage clears them, where a target is a Cleaner.
	ErrForeignBlocks = errors.New("the blob holds staged blocks that are not ours, or lacks one of ours")
)

// Cleaner is a Target that can discard uncommitted blocks.
type Cleaner interface {
	// Unstage discards the uncommitted blocks under a name, whoever staged them,
	// and leaves the blob of that name, or that there is none, as it is. Error
	// kinds: fault.Conflict (the blob changed meanwhile), fault.Refused (its
	// content cannot be kept while they are cleared).
	Unstage(ctx context.Context, name string) error
}

// Parted is a Source that can say in which parts an object was uploaded.
type Parted interface {
	// Parts returns the sizes of the parts in order, nil when they cannot be
	// known. Their sum is the size of the object.
	Parts(ctx context.Context, ref Ref) ([]int64, error)
}
