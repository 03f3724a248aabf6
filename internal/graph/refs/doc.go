// Package refs finds which resources of an inventory a text names: by id, ARN,
// address, DNS name, URL, or by a name whose kind the property tells.
//
// It holds no opinion about what a mention means: package graph, its only
// caller, turns mentions into edges. It does no I/O, and its answers depend on
// the inventory and the text alone.
package refs
