// Package terraform reads what Terraform and OpenTofu know of a workload: raw
// states (version 3 and 4), the JSON of "terraform show -json" of a state, and
// that of a plan.
//
// A resource of the AWS provider becomes the resource that it manages, under
// the same ID as when it is read from the account, with its address as
// LogicalID. A resource of another provider is kept as external, without its
// values: "random_password" and the like hold secrets. Data sources are no
// resources; they tell account and region, and what depends on them depends on
// what they stand for. What Terraform itself calls sensitive is replaced
// before anything else looks at it. In Attributes stand: dependsOn (the IDs),
// terraformProvider, tainted, deposed, plannedAction, unknownUntilApply.
//
// States of version 1 and 2 (before Terraform 0.7) and binary plans are
// refused with what to do. Called by files.
package terraform
