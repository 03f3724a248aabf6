// Package control is the heart of the Resource Manager sandbox: what exists,
// and what may be done to it.
//
// A Plane holds one subscription's resource groups and resources in memory. A
// write goes through one pipeline whoever asks (a request or a deployment):
// scope, parent, registration, locks, ETag, names, location, tags, published
// type definition, references, the type's own rules; then it is stored, its
// read-only properties are filled in, and a long-running operation finishes it
// after the configured delay, with the provisioner of its type when there is
// one.
//
// It is not an HTTP server (package arm is) and knows no templates (package
// deploy does). Invariants: a stored body is never changed, only replaced; what
// a resource answers holds no secret that was written to it; one operation at a
// time per resource; every error is an *armerror.Error with Azure's own code.
// All methods may be called concurrently.
package control
