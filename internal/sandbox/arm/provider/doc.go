// Package provider is what the Resource Manager sandbox knows of resource types.
//
// One table, read from a published SDK, says which types exist, in which API
// versions, which status codes each operation answers and which actions a type
// has. Around it stand small functions, one file per Azure provider: the
// read-only properties a provider fills in, the ids in a body that must exist,
// the parts of a body that are resources of their own, the answers of actions.
//
// It holds no state and does no I/O: what a function needs (the stored
// resource, allocated addresses, other resources) is handed to it. The control
// package calls it.
package provider
