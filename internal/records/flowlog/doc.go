// Package flowlog sums up VPC and transit gateway flow logs into conversations:
// which client talks to which port of which server, how much, and whether it
// was ever answered.
//
// It reads every published version and any selection and order of fields, as
// text with its header in any place or none, as CloudWatch Logs exports and
// events, and as Parquet. A Collector keeps one entry per conversation and
// interface, never per record; where more conversations exist than its cap
// allows, those between private addresses stay longest, and the rest is one
// stated overflow. All sums are independent of the order of files and records.
//
// Package records opens the files; package trail turns the result into the
// graph's terms. Nothing here knows a cloud API.
package flowlog
