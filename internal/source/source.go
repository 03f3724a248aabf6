package source

import (
	"context"

	"example.com/landfall/internal/cloud"
)

// Access answers what the credentials at hand are and may read. Both methods
// may be called repeatedly and concurrently; a cancelled context ends them
// early with its error.
type Access interface {
	// Caller asks who the credentials belong to. Error kinds: fault.Denied
	// (none, expired, wrong), fault.Unavailable (no answer).
	Caller(ctx context.Context) (cloud.Caller, error)
	// Probe tries one harmless read for each service that discovery starts
	// from, in a fixed order. What was denied is in the probe, not an error.
	Probe(ctx context.Context) []cloud.Probe
}
