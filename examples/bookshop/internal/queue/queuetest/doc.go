// Package queuetest is the conformance suite of the queue port: every
// driver's test calls Suite with an empty queue.
package queuetest
