// Package document holds JSON values as the Resource Manager sandbox keeps them.
//
// A document is a tree of nil, bool, int64, float64, string, []any and
// map[string]any. Whole numbers are int64, so that a size read from a request
// and the same size computed by a template are equal. Documents are treated as
// immutable: every function here returns a new tree and shares what did not
// change; nobody writes into a document that another part may hold.
package document
