// Package store is the shop's PostgreSQL: the catalogue, orders, the outbox,
// and the worker's side of fulfilment.
//
// The web server and the worker call it; it knows neither HTTP nor queues. It
// does not create its tables (package schema does) and does not fill them
// (package stock does).
//
// Invariants: an order is accepted in one transaction together with its stock
// movements, its event and its outbox row; the same client order id is
// accepted at most once whatever the concurrency; a commit whose answer was
// lost is reported as trouble.Unknown and as nothing else.
package store
