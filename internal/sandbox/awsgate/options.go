package awsgate

import (
	"log/slog"
	"net/url"
	"time"

	"example.com/landfall/internal/fault"
)

// Options configure a gate.
type Options struct {
	// Upstream is moto. Required.
	Upstream *url.URL
	// ObjectStore is versitygw, with ObjectKey and ObjectSecret its root key.
	// Nil leaves the bytes of S3 to moto as well.
	ObjectStore  *url.URL
	ObjectKey    string
	ObjectSecret string
	// Account and Region of the sandbox; 123456789012 and us-east-1 when "".
	Account string
	Region  string
	// AdminKey is the access key of the sandbox itself: the account's root,
	// spared by rate limits. With "" every key that nobody was seen to create
	// is the root.
	AdminKey string
	// Dir keeps the trail's records; with "" they go to a folder that Close
	// removes.
	Dir string
	// DeliverEvery is how often the trails' files are written; CloudTrail
	// takes about five minutes, a sandbox has less patience. 0 is 5 s.
	DeliverEvery time.Duration
	// UnlimitedLookups switches off the rate limit of LookupEvents.
	UnlimitedLookups bool
	// Seed of ids and of faults.
	Seed uint64
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Log; nothing is logged when nil.
	Log *slog.Logger
}

func (o Options) complete() (Options, error) {
	if o.Upstream == nil || o.Upstream.Host == "" {
		return o, fault.Newf(fault.Invalid, "start AWS gate: no upstream")
	}
	if o.ObjectStore != nil && (o.ObjectStore.Host == "" || o.ObjectKey == "" || o.ObjectSecret == "") {
		return o, fault.Newf(fault.Invalid, "start AWS gate: an object store needs a host and its root key")
	}
	if o.Account == "" {
		o.Account = "123456789012"
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.DeliverEvery == 0 {
		o.DeliverEvery = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}
