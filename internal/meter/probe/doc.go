// Package probe measures a running service by sending it requests: an open
// loop over a list of addresses of one's own, whose arrival times are fixed in
// advance.
//
// Open loop means that a request is sent when it is due, whether or not
// earlier ones have been answered, and that its latency counts from when it was
// due. A server that stalls for a second so shows a second of slow requests; a
// loop that waits for each answer would show one ("coordinated omission").
// What cannot be sent, because too many requests are on the way, is counted.
//
// The service is in production, so the defaults are careful: a rate above a cap
// and methods that change something are refused until they are asked for.
// Values of headers, bodies and queries never leave the package.
package probe
