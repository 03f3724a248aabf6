// Package audit holds a database against the journals of the load generator
// and says whether an order was lost, doubled, changed, reordered, fulfilled
// twice or made up.
//
// `bookshop audit` calls it after a load, before and after a migration. It
// needs nothing but read access, works on a database that takes no writes,
// and trusts no constraint: a copy whose unique index was not built is what
// it is there to catch. Contents are compared by rebuilding them from the
// rows, not by a hash that was stored beside them.
//
// Invariant: everything is read in one snapshot, so orders that arrive
// meanwhile cannot look like violations of each other.
package audit
