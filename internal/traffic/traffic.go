package traffic

import (
	"context"
	"net/netip"
	"time"

	"example.com/landfall/internal/fault"
)

// ShortTTL is the time to live, in seconds, of records that had none of their
// own: that of the addresses of a load balancer (Amazon Route 53 Developer
// Guide, "Choosing between alias and non-alias records").
const ShortTTL = 60

// Endpoint is where the target takes requests: by a host name, by addresses, or
// by both.
type Endpoint struct {
	Host      string       `json:"host,omitempty"`
	Addresses []netip.Addr `json:"addresses,omitempty"`
}

// Valid checks that there is somewhere to go.
func (e Endpoint) Valid() error {
	if e.Host == "" && len(e.Addresses) == 0 {
		return fault.Newf(fault.Invalid, "lead users to the target: it has neither a host name nor an address").
			Hintf("deploy the target, or name its front in the step's inputs")
	}
	for _, a := range e.Addresses {
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
			return fault.Newf(fault.Invalid, "lead users to the target: %v is no address of a host", a)
		}
	}
	return nil
}

// Entrance is one name that users come by, and where the target takes them.
type Entrance struct {
	// Name is the DNS name in lower case without the last dot.
	Name string
	// Zone is the id of the zone or profile that holds the name.
	Zone   string
	Target Endpoint
}

// State is how a name is led.
type State struct {
	// Share is the target's part of new answers, in percent.
	Share float64
	// TTL is the longest that an answer may be kept; 0 where the service decides.
	TTL time.Duration
	// Changed says that the driver has changed the name and knows how it was.
	Changed bool
	// Text is one line for people: the records or endpoints with their weights.
	Text string
}

// Switch leads users. Each of its verbs looks first, so that repeating one
// changes nothing, and changes all or nothing. A name that somebody else changed
// meanwhile is Conflict; one that cannot be led is Refused or Unsupported, with
// what to do.
type Switch interface {
	// Get says how the name is led. It changes nothing.
	Get(ctx context.Context, e Entrance) (State, error)
	// Shift gives the target a share of new answers, 0 to 100 percent.
	Shift(ctx context.Context, e Entrance, share int) (State, error)
	// SetTTL says how long answers may be kept.
	SetTTL(ctx context.Context, e Entrance, ttl time.Duration) (State, error)
	// Restore leads the name as it was before the first change. A name that was
	// not changed stays as it is.
	Restore(ctx context.Context, e Entrance) (State, error)
	// Settle leads the name to the target alone, and forgets how it was: there is
	// no way back from it by Restore.
	Settle(ctx context.Context, e Entrance) (State, error)
}
