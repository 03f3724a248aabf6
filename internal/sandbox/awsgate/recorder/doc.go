// Package recorder is AWS Config for the sandbox: configuration items of what
// the control plane holds, their relationships and their history, and the
// queries over them.
//
// The gate calls it as an awsapi.Service for ListDiscoveredResources,
// GetDiscoveredResourceCounts, GetResourceConfigHistory,
// BatchGetResourceConfig and SelectResourceConfig, and tells it of every call
// as an awsapi.Observer. Recorders, delivery channels, rules and the rest of
// AWS Config stay with the control plane behind the gate; whether its recorder
// is on or off makes no difference here. Snapshot writes all current items in
// the file form of AWS Config.
//
// # How it knows
//
// A family (one file each: ec2.go, rds.go, ...) reads the describe calls of one
// service from the control plane directly and turns each answer into items. A
// call that may change something marks the families of its service; the next
// query reads the marked families again, once however many queries wait. A
// resource that was there and is no more gets an item ResourceDeleted. What
// comes and goes between two queries is therefore never seen. A kind that
// cannot be read keeps its items, is logged, and is tried again.
//
// # Form of an item
//
// Names and spelling follow AWS Config's published resource schemas
// (awslabs/aws-config-resource-schema) as far as those say: kinds of before
// 2022 have the describe answer with a small first letter ("dBInstanceClass"),
// later ones the CloudFormation properties. Members that the API does not have
// are left out.
//
// Invariants: items are sorted by type and id; an item is written only when
// something changed; state ids only grow; readers never write to the control
// plane.
package recorder
