// Package nodes is the part of AWS Systems Manager that knows what runs on the
// instances: DescribeInstanceInformation, GetInventory, GetInventorySchema,
// ListInventoryEntries, PutInventory and DescribeInstancePatchStates. The
// control plane behind the gate has none of them (parameters, documents and
// commands stay with it).
//
// The gate calls it as an awsapi.Service and fills it through Load; in AWS the
// SSM agent of each node would. It does not look at EC2: a node is what was
// loaded, and its tags are those that were loaded with it.
//
// Supported: filters of every type (Equal, NotEqual, BeginWith, LessThan,
// GreaterThan, Exists), aggregation by one expression, paging. Nested
// aggregators, groups and sub-type schemas are refused by name.
//
// Invariants: every list is sorted (nodes by id, entries as they were loaded),
// tokens name the last element handed out, so pages are stable while nodes are
// added; nothing is kept beyond the bounds of the API's model.
package nodes
