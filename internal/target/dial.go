package target

import (
	"context"

	"example.com/landfall/internal/design/connect"
)

// Dialer tries connections from where it runs. It sends nothing but what opens
// a connection: a DNS question, a TLS greeting, a HEAD request. Try may be
// called concurrently.
type Dialer interface {
	Try(ctx context.Context, c connect.Check) connect.Result
}
