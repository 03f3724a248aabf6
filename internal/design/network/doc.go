// Package network is the family of rules for what a VPC is made of, and the
// design.NetworkPlan that all other families ask.
//
// # Addresses
//
// Each VPC that moves gets a VNet whose blocks have the size of the VPC's and
// overlap nothing that is known: Blocks lists the pairs. An address keeps its
// offset: 10.20.10.7 in a VPC of 10.20.0.0/16 is 10.21.10.7 in a VNet of
// 10.21.0.0/16. A source subnet keeps its offset too. What gets a subnet of
// its own (a managed database, a gateway) stands in the free space of the VNet
// instead, and its subnet takes part in every rule that named all the source
// subnets it stood in.
//
// A block of a rule is read as a set of source addresses and written as the
// set of target addresses that stand for them: blocks inside a VPC move with
// it, blocks around a VPC get the VNet's blocks beside them, other blocks stay.
//
// # Where the rules stand
//
// Network interfaces (machines, scale sets) carry one NSG for each distinct
// set of security groups, and are members of an application security group for
// each group that some rule names. Subnets made by Dedicated and PrivateEndpoint
// carry the security groups and the network ACL of their source in the NSG of
// the subnet, since what stands there has no interface of its own. Other
// subnets carry an NSG only when their network ACL is not the one that allows
// everything; traffic inside such a subnet is allowed first, as an ACL does not
// see it. Every NSG ends in an explicit deny at 4096 in both directions, because
// Azure's default rules allow the whole VNet, the load balancer and the
// Internet (Microsoft Learn, "Network security groups").
//
// A network ACL has no memory, an NSG has: a rule that stands for an entry names
// as source ports those to which the list of the other direction lets the
// answers through. Where a NAT gateway stands in a subnet with an ACL of its own,
// the NSGs of the subnets that leave by it say what that ACL says.
//
// Rules whose names begin with "platform-" are what Azure demands for its own
// control of a service; they let through no packet of the workload. What an NSG
// cannot say (types of ICMP, protocols other than TCP, UDP, ICMP, ESP and AH) is
// left closed and becomes a gap: nothing is ever opened wider.
//
// A private endpoint listens where the target's service does: a rule that lets
// the source's port in lets the target's in as well (Ports).
//
// # Networks that nobody describes
//
// A reference that names nothing known (a parameter of a template) gets a
// subnet in one VNet for all such networks, without routes and rules of the
// source; a finding says so. A security group that is not known lets nothing
// in. An empty reference gets no subnet.
//
// NSG bodies are written when all other families have finished, since only then
// is known who the members of a group are.
//
// It is no proof: package design/proof computes from the inventory and the
// bodies made here whether both sides let the same packets through.
package network
