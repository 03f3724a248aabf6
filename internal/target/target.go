package target

import (
	"context"

	"example.com/landfall/internal/cloud"
)

// Access answers what the credentials at hand are and may do. Both methods
// may be called repeatedly and concurrently; a cancelled context ends them
// early with its error.
type Access interface {
	// Caller asks for a token and the subscription. Error kinds: fault.Denied
	// (no credentials, refused, a subscription that the caller may not see or
	// that is not there), fault.NotFound (where the target says so),
	// fault.Unavailable (no answer).
	Caller(ctx context.Context) (cloud.Caller, error)
	// Probe compares the permissions that the caller holds on the
	// subscription with those that a deployment needs, in a fixed order. What
	// is not held is in the probe, not an error.
	Probe(ctx context.Context) []cloud.Probe
}
