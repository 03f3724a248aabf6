// Package dns is the name server of the sandbox: it answers from the hosted
// zones of Route 53 and the profiles of Traffic Manager as they are now, with
// their weights and TTLs, so that a shift of traffic can be observed the way a
// client would see it.
//
// It is not a general resolver: names outside the sandbox are refused, and
// nothing is ever asked of another server. It does not probe endpoints: a
// record with a health check counts as healthy, and the state of a Traffic
// Manager endpoint is what its profile says.
//
// Called by the supervisor, which gives it a source of zones (NewRoute53, with
// a client that talks to moto directly, so that its reading does not show up
// in the gateway's CloudTrail), a source of profiles and a HostMap for the
// names that the clouds hand out (load balancers, databases, gateways).
//
// Routing policies of Route 53: simple, weighted and multivalue answers as the
// service gives them; failover always answers the primary, latency the record
// of the server's own region or else the first, geolocation the default record
// or else the first. Geoproximity and CIDR records answer SERVFAIL.
//
// Invariants:
//   - It listens on loopback, and hands out what the zones hold: an address
//     outside loopback comes only from a record somebody wrote.
//   - The source of zones is read at most once a second, and only when asked.
//     Stale answers are given for a bounded time; after it, or when the source
//     was never reached, the answer is SERVFAIL.
//   - The n-th choice within one group of records depends on the seed, the
//     group and n alone, whatever else is asked in between.
//   - A chain of names ends after a bound.
package dns
