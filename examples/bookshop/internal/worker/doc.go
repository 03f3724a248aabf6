// Package worker fulfils orders: it relays what the outbox owes to the queue,
// works off the queue, and does the upkeep (best sellers, event partitions).
//
// `bookshop serve` runs it beside the web server, `bookshop worker` alone. Any
// number of workers may run against one database and queue.
//
// Invariants: an order is fulfilled at most once however often its message
// comes; the queue is never the only place that knows of an order, since the
// outbox row stays until fulfilment and is sent again; while the database
// takes no writes, nothing is received, so a fence uses up no deliveries.
package worker
