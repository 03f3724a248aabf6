// Package cloud holds the values that every part of Landfall shares: which
// provider, which region, what kind of resource, its id and its tags. They
// are distinct string types, so that a function cannot be called with the
// wrong string. The package does no I/O and imports no SDK.
package cloud
