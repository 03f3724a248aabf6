// Package snapshot reads what AWS Config writes and answers: configuration
// snapshots and history files as it delivers them to S3, and the outputs of
// the AWS CLI for GetResourceConfigHistory, BatchGetResourceConfig,
// SelectResourceConfig, ListDiscoveredResources and their aggregate forms.
//
// A snapshot can hold a hundred thousand items, and together with the history
// files the same resource many times. The files are therefore read twice, item
// by item: First notes the time of the newest item of each resource, Second
// converts only those. Nothing but the times is kept in between.
//
// Called by files. An item that cannot be converted is refused by itself; what
// an answer lists as unprocessed is unread.
package snapshot
