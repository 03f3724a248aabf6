// Package cloudtrail reads CloudTrail records and sums them up: which
// principal did what to which resource.
//
// It takes the files that CloudTrail delivers, lines of records, answers of
// LookupEvents, events of EventBridge and CloudWatch Logs, and CSV exports of
// CloudTrail Lake and Athena, of all event versions. A scanner of its own reads
// only the wanted fields of a record and steps over the rest, so that reading
// keeps up with decompressing. Records that were delivered twice count once.
//
// Package records opens the files; package trail turns the sums into the
// graph's terms. Nothing here knows a cloud API.
package cloudtrail
