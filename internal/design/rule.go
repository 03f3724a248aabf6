package design

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// Stage orders rules: a rule sees the targets of all earlier stages, and of
// its own stage only what stands before it in the family's list.
type Stage int

// The stages.
const (
	// Networks make VNets, subnets, NSGs, ASGs, routes, gateways.
	Networks Stage = iota
	// Identities make managed identities.
	Identities
	// Keys make vaults, keys, secrets, certificates.
	Keys
	// Data makes databases, accounts, caches, file shares, registries.
	Data
	// Integration makes queues, topics, buses, streams.
	Integration
	// Compute makes machines, scale sets, functions, container apps, clusters.
	Compute
	// Edge makes balancers, gateways, distributions, firewalls.
	Edge
	// Names make DNS zones, records and traffic profiles.
	Names
	// Access makes role assignments between identities and what now exists.
	Access
	// Operations make alerts, dashboards, backups, diagnostic settings.
	Operations
)

// Rule decides what becomes of the resources of some kinds.
type Rule struct {
	// Name is "<file>/<what>": "ec2/instance".
	Name string
	// Kinds are source kinds, each in one rule only.
	Kinds []cloud.Kind
	Stage Stage
	// Source is the page that the rule rests on.
	Source string
	// Targets are the target kinds that it can make, for the reference.
	Targets []cloud.Kind
	// Apply decides one resource. It sets Action, Why, Confidence, and what
	// else it knows; Make fills in Source, Kind, Name, Rule and RuleSource.
	Apply func(c *Context, r *inventory.Resource) Decision
}

// Family is a group of rules that share a package.
type Family struct {
	Name  string
	Rules []Rule
	// Gaps is the family's part of the gap catalogue; see ParseGaps.
	Gaps string
	// Start runs before all rules, Finish after all rules, both optional: what
	// belongs to no single source resource is put there.
	Start  func(c *Context)
	Finish func(c *Context)
	// Prove runs after every Finish, and judges what is put without putting more.
	Prove func(c *Context)
}

// NetworkPlan is what the network family offers to the others. References are
// property values as they stand in a source resource: ids, names, references.
type NetworkPlan interface {
	// Subnet returns the target subnet that stands for a source subnet.
	Subnet(ref any) (cloud.ResourceID, bool)
	// VNet returns the target network that stands for a VPC.
	VNet(ref any) (cloud.ResourceID, bool)
	// Dedicated returns a subnet of the network that stands for the VPC of the
	// given source subnets, made on first asking, for one purpose. groups are the
	// security groups whose rules its NSG carries. ok is false without a VPC.
	Dedicated(p Purpose) (cloud.ResourceID, bool)
	// Security returns the NSG that carries the union of the security groups,
	// and the ASGs that their members are in, for one network interface.
	Security(from *inventory.Resource, groups []any) (nsg cloud.ResourceID, asgs []cloud.ResourceID)
	// PrivateEndpoint gives a target resource an address in the network, with
	// the DNS zone that its name needs: group is the sub-resource ("blob",
	// "vault", "postgresqlServer"), near any source subnets or a VPC.
	PrivateEndpoint(to cloud.ResourceID, group string, near []any) (cloud.ResourceID, bool)
	// Outbound says how machines in a subnet that Dedicated returned come to the
	// Internet, after the routes of the source subnets that they stood in.
	Outbound(subnet cloud.ResourceID) Outbound
	// Address returns an address or block at the target for one at the source,
	// itself when it is not inside a VPC that moves.
	Address(text string) string
}

// Outbound is a way to the Internet.
type Outbound string

// The ways: unknown where the subnets of the source are not, by the NAT gateway
// of the subnet, by a default route to something else, by an internet gateway
// with an address of one's own, none.
const (
	OutboundUnknown Outbound = ""
	OutboundNAT     Outbound = "NAT gateway"
	OutboundRoute   Outbound = "default route"
	OutboundGateway Outbound = "internet gateway"
	OutboundNone    Outbound = "none"
)

// Purpose is what a dedicated subnet is for.
type Purpose struct {
	// Name becomes part of the subnet's name: "gateway", "postgres", "functions".
	Name string
	// Delegation is the service that the subnet is delegated to
	// ("Microsoft.DBforPostgreSQL/flexibleServers"), "" for none.
	Delegation string
	// Bits is the prefix length that is needed: 28 holds 11 addresses.
	Bits int
	// From is the source resource that asks, Near its subnets or its VPC.
	From *inventory.Resource
	Near []any
	// Groups are the security groups of From.
	Groups []any
	// Listens are the ports of From, for NSG rules that a platform demands.
	Listens []int
}
