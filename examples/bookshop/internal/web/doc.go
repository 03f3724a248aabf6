// Package web is the shop's HTTP side: pages, the JSON API, covers, orders,
// health and metrics.
//
// `bookshop serve` runs it. It decides statuses and headers; what an order is
// stands in package order, what the database does with it in package store.
//
// Invariants: an order is answered with Bookshop-Outcome "accepted" only
// after the commit, "refused" only when nothing was written, and "unknown"
// otherwise; a page never shows text of an error from below; every request
// has a deadline and a bounded body.
package web
