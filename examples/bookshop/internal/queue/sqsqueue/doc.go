// Package sqsqueue is the queue driver for Amazon SQS.
//
// The dead-letter queue is the one that the queue's own redrive policy names,
// so that messages end in one place whether SQS or the worker gives them up.
package sqsqueue
