package source

import (
	"context"

	"example.com/landfall/internal/inventory"
)

// Scanner reads what exists at the source: the live account, or exported
// files. Scan hands everything to the sink and returns when all was read or
// listed as unread or refused; its error is only for what makes the whole
// reading useless (cancelled, no credentials at all, a full disk). It may be
// called again, and then reads again, except for the pages that the journal
// still holds.
type Scanner interface {
	Scan(ctx context.Context, to Sink) error
}

// Sink takes what a scanner finds. It is safe for concurrent use. An error of
// Found ends the scan.
type Sink interface {
	Found(o ...inventory.Observation) error
	Unread(u inventory.Unread)
	Refused(r inventory.Refused)
	// Input names something that was read, with its fingerprint ("sha256:<hex>").
	Input(name, fingerprint string)
	// Scope tells an account and a region that were looked at.
	Scope(account, region string)
	// Done and Planned count calls (live) or bytes (files), for the progress.
	Planned(n int64)
	Done(n int64)
}

// Journal keeps pages that were read, so that a scan that was killed goes on
// where it stopped. It is safe for concurrent use.
type Journal interface {
	// Page returns what was kept under the key, and whether there is any.
	Page(key string) ([]byte, bool)
	// Keep stores a page durably. Equal keys keep the first.
	Keep(key string, page []byte) error
}
