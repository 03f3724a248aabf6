// Package cert makes the certificates of one sandbox: an authority of its own
// and certificates for the servers that speak TLS on loopback (the Resource
// Manager, the PostgreSQL clusters).
//
// It is not a general authority: keys exist for the life of a sandbox, are
// kept by whoever asked for them, and nothing on the machine trusts them
// unless it is told to (see Bundle).
package cert
