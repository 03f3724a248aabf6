// Package temporal carries a run out on Temporal: commands of the reducer
// become activities and timers, updates become events. It holds no rule about
// runbooks; those are engine's. The same code runs on the embedded engine and
// on any other Temporal cluster. The app starts and asks runs through Client,
// and hosts a worker with NewWorker.
package temporal
