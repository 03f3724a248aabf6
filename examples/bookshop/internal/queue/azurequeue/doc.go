// Package azurequeue is the queue driver for Azure Queue Storage, over its
// REST API with Shared Key.
//
// Microsoft's Go module for queues is not used; the five calls of the shop
// need one pipeline (retries, time-outs) from azcore and this package.
// Messages that are given up go to "<queue>-poison", the name that Azure
// Functions uses as well; it is created at the first burial, because unlike
// SQS the service has no redrive policy that would bring one with it.
package azurequeue
