package design

import (
	"path"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// Options are what landfall.yaml says of the design.
type Options struct {
	Workload string
	// Region, Subscription and Group place the target; each may be empty.
	Region       cloud.Region
	Subscription cloud.Account
	Group        string
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

// Override changes one decision.
type Override struct {
	// Source is a resource's id, alias or name; * stands for any run of
	// characters.
	Source string
	// Action replaces the rule's action, "" leaves it.
	Action Action
	// Size is the size or SKU to take, "" leaves it to the rule.
	Size string
	// Target chooses one of the rule's alternatives by its kind, "" leaves it.
	Target string
	// Reason is kept in the decision.
	Reason string
}

func (o Override) matches(r *inventory.Resource) bool {
	for _, name := range append([]string{string(r.ID), r.Name, r.LogicalID}, r.Aliases...) {
		if name == "" {
			continue
		}
		if ok, err := path.Match(o.Source, name); name == o.Source || (err == nil && ok) {
			return true
		}
	}
	return false
}
