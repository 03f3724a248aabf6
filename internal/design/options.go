package design

import "example.com/landfall/internal/cloud"

// Options are what landfall.yaml says of the design.
type Options struct {
	Workload string
	// Region, Subscription and Group place the target; each may be empty.
	Region       cloud.Region
	Subscription cloud.Account
	Group        string
	// Environment is the environment that stands in the group, "" when landfall.yaml
	// names none.
	Environment string
	// SourceRegion is where the workload mostly stands, for prices and advice.
	SourceRegion cloud.Region
	Overrides    []Override
	// Accept names differences and findings that a person accepted, with the
	// reason.
	Accept map[string]string
	// AddressSpaces gives the block of the VNet that stands for a VPC, by VPC id
	// or name.
	AddressSpaces map[string]string
	// OnPremises are blocks of addresses that the VNets must not overlap.
	OnPremises []string
	// MergeSubnets makes one subnet of those of one tier in several zones.
	MergeSubnets bool
	// Tags are put on every target resource that takes tags.
	Tags cloud.Tags
}
