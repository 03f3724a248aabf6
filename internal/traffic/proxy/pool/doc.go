// Package pool sends requests to one side: it picks an endpoint, tries again
// where that is safe, checks the endpoints, and leaves out those that fail.
//
// It decides nothing between sides: when a side has no endpoint left, its
// requests are refused and never go to the other one, which may be fenced off
// from writes. Its only caller is package proxy.
//
// Always true: a request of which any byte may have been acted upon is sent
// again only when its method is idempotent and it has no body; ejection leaves
// at least the share of endpoints that the configuration wants.
package pool
