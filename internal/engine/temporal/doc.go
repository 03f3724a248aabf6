// Package temporal carries a run out on Temporal: commands of the reducer
// become activities and timers, updates become events. It holds no rule about
// runbooks; those are engine's. An attempt that falls into parts is carried out
// by child workflows between the command and the event, on any number of workers.
// The same code runs on the embedded engine and on any other Temporal cluster.
// The app starts and asks runs through Client, and hosts a worker with NewWorker.
package temporal
