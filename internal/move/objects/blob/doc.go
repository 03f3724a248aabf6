// Package blob is the object.Target of Azure Blob Storage, block blobs.
//
// The credentials are those of Azure's SDKs (an account's key, a shared access
// signature, a token of azidentity); the requests go over objects/rest, because
// the SDK's pipeline costs more than a small blob does. Names go out escaped as
// a whole, slashes included, as the SDKs of Azure send them, so that nothing on
// the way takes ".." or "//" in a name for a path.
//
// What it is not: a planner. What Azure cannot hold is decided before (package
// name); what it refuses comes out as an error. Called by objects through the
// port; built in wire.
package blob
