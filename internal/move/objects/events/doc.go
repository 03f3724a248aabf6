// Package events reads what happens to the objects of a bucket out of an SQS
// queue: notifications of S3 as they are, wrapped by SNS, or sent by EventBridge.
//
// What it is not: complete. S3 may tell an event late, twice, or hardly ever not
// at all ("Amazon S3 Event Notifications" of the user guide: at least once, in no
// order), so that passes over the listing go on beside it. A message is deleted
// only when all that it names is at the target.
//
// Called by wire; what it yields goes to objects.Follow.
package events
