// Package queue is the port to the order queue: send, receive, delete, bury.
//
// The worker calls it. Delivery is at least once and in no promised order, as
// both SQS and Azure Queue Storage have it; whoever receives must be able to
// receive twice. Drivers are sqsqueue and azurequeue; both pass the suite in
// queuetest.
package queue
