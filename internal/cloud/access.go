package cloud

import "time"

// Caller is who the credentials at hand belong to.
type Caller struct {
	Account Account
	// Name is the caller's own id at the provider: an ARN, an object id.
	Name string
	// ServerTime is the other side's clock, zero when it did not say. Signed
	// requests are refused when the clocks differ by more than minutes.
	ServerTime time.Time
}

// Probe is one permission that was tried with a harmless read.
type Probe struct {
	// Permission in the provider's own words: "ec2:DescribeVpcs",
	// "Microsoft.Resources/subscriptions/resourceGroups/read".
	Permission string
	// Err is nil when the read was answered.
	Err error
}
