package graph

import (
	"time"

	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// Version is the schemaVersion of graph.json.
const Version = 1

// Graph is graph.json. All lists are ordered, so that the same inventory and
// logs in any order give the same bytes.
type Graph struct {
	SchemaVersion int `json:"schemaVersion"`
	// Inputs are the fingerprints ("sha256:<hex>") of what the graph was made
	// from, by name.
	Inputs map[string]string `json:"inputs"`
	Seeds  Seeds             `json:"seeds"`
	// Window is the time that the logs cover, nil without logs.
	Window *Window `json:"window,omitempty"`
	Nodes  []Node  `json:"nodes"`
	Edges  []Edge  `json:"edges"`
	Flows  []Flow  `json:"flows"`
	// Questions are what a person should settle.
	Questions []Question `json:"questions"`
}

// ArtefactVersion is the schemaVersion that the program writes and reads.
func (Graph) ArtefactVersion() int { return Version }

// Window is a stretch of time, UTC.
type Window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Seeds say where the search for the workload's resources begins. A resource
// that any of them matches is in.
type Seeds struct {
	// Tags must all be carried by the resource.
	Tags cloud.Tags `json:"tags,omitempty"`
	// VPCs are VPC ids; what stands in one belongs to the workload.
	VPCs []string `json:"vpcs,omitempty"`
	// Stacks are CloudFormation stack names.
	Stacks []string `json:"stacks,omitempty"`
	// Names are resource names; * stands for any run of characters.
	Names []string `json:"names,omitempty"`
	// IDs are resource ids or aliases of them.
	IDs []string `json:"ids,omitempty"`
}

// Boundary says whether a resource belongs to the workload.
type Boundary string

// The boundaries.
const (
	// In belongs to the workload and moves with it.
	In Boundary = "in"
	// Out belongs to something else, or to nothing known.
	Out Boundary = "out"
	// Shared is needed by the workload and by others: it stays at the source.
	Shared Boundary = "shared"
)

// Node is a resource of the inventory or an endpoint outside of it.
type Node struct {
	// ID is the resource's id in the inventory; "external:<host or block>" for
	// what stands outside.
	ID   cloud.ResourceID `json:"id"`
	Kind cloud.Kind       `json:"kind"`
	// Boundary with the reason for it, one sentence.
	Boundary Boundary `json:"boundary"`
	Reason   string   `json:"reason"`
	// Because are the ids of the nodes that the reason leans on.
	Because []cloud.ResourceID `json:"because,omitempty"`
	Name    string             `json:"name"`
	// Identity is the name without account, region and generated ids: it is the
	// same for a resource and for the template that describes it.
	Identity string        `json:"identity,omitempty"`
	Account  cloud.Account `json:"account,omitempty"`
	Region   cloud.Region  `json:"region,omitempty"`
	// Owner is the workload that the tags name, "" when they name none.
	Owner string `json:"owner,omitempty"`
	Tier  Tier   `json:"tier"`
	// Network is the id of the subnet, or else of the VPC, that it stands in.
	Network cloud.ResourceID `json:"network,omitempty"`
	// External says that it is no resource of the inventory.
	External bool             `json:"external,omitempty"`
	Marks    []inventory.Mark `json:"marks,omitempty"`
	// Criticality is the highest of the flows that cross it.
	Criticality Criticality `json:"criticality,omitempty"`
	// RTO and RPO are the shortest of the flows that cross it, 0 when unknown.
	RTOSeconds int64 `json:"rtoSeconds,omitempty"`
	RPOSeconds int64 `json:"rpoSeconds,omitempty"`
}

// Tier is what a node is for, coarse enough to group a picture by.
type Tier string

// The tiers, from the outside to the inside.
const (
	TierExternal    Tier = "external"
	TierEdge        Tier = "edge"        // DNS, distributions, gateways, balancers
	TierCompute     Tier = "compute"     // instances, functions, tasks
	TierIntegration Tier = "integration" // queues, topics, buses, schedules
	TierData        Tier = "data"        // databases, buckets, tables, caches, file systems
	TierIdentity    Tier = "identity"    // roles, policies, keys, secrets, certificates
	TierNetwork     Tier = "network"     // VPCs, subnets, routes, rules
	TierOperations  Tier = "operations"  // logs, alarms, backups, trails
	TierOther       Tier = "other"
)

// Kinds of nodes outside the inventory.
const (
	ExternalHost     cloud.Kind = "External::Host"     // a DNS name or one address
	ExternalNetwork  cloud.Kind = "External::Network"  // a block of addresses, the internet
	ExternalService  cloud.Kind = "External::Service"  // a public service of AWS, by its name for the range
	ExternalResource cloud.Kind = "External::Resource" // an AWS resource that the inventory lacks
	ExternalAccount  cloud.Kind = "External::Account"  // another AWS account, a federated identity
	// Asked things are those that people named in the questionnaire.
	ExternalAsked cloud.Kind = "External::Asked"
)

// Internet is the node of all addresses outside that are clients.
const Internet cloud.ResourceID = "external:internet"

// Relation is what one node does with another. The edge points from the one
// that needs to the one that is needed.
type Relation string

// Edge is one relation. At most one edge stands for the same from, to,
// relation, port and protocol.
type Edge struct {
	From     cloud.ResourceID `json:"from"`
	To       cloud.ResourceID `json:"to"`
	Relation Relation         `json:"relation"`
	Port     int              `json:"port,omitempty"`
	Protocol string           `json:"protocol,omitempty"`
	// Bytes are those of both directions in the window of the logs.
	Bytes int64 `json:"bytes,omitempty"`
	// Calls counts API calls, or requests, in the window of the logs.
	Calls    int64      `json:"calls,omitempty"`
	Evidence []Evidence `json:"evidence"`
	// Confidence is from 0 to 1; see Confidence in this package for the rule.
	Confidence float64 `json:"confidence"`
	// Potential says that the rules would allow it and nothing says that it is
	// so: no dependency, and neither boundary nor flows follow it.
	Potential bool `json:"potential,omitempty"`
	// Border says that the edge crosses the boundary; the sentence tells what
	// that means for the workload.
	Border string `json:"border,omitempty"`
}

// Evidence is why an edge is there.
type Evidence struct {
	// Source is "configuration", "policy", "flow-logs", "cloudtrail", "alb",
	// "answers"...
	Source string `json:"source"`
	// At is the place: a property path of the needing resource, an action.
	At string `json:"at,omitempty"`
	// Note is what else to know: a condition, the NAT gateway in between.
	Note string `json:"note,omitempty"`
	// Count is how many records say so.
	Count int64      `json:"count,omitempty"`
	First *time.Time `json:"first,omitempty"`
	Last  *time.Time `json:"last,omitempty"`
}

// Question is something that a person should settle.
type Question struct {
	// ID is stable between runs: "boundary:<node>", "flow:<entry>".
	ID    string           `json:"id"`
	About cloud.ResourceID `json:"about"`
	Text  string           `json:"text"`
	// Why is what makes it a question.
	Why string `json:"why"`
	// Choices are the answers that Options.Answers takes for a boundary.
	Choices []Boundary `json:"choices,omitempty"`
	// Assumed is what holds until it is answered.
	Assumed Boundary `json:"assumed,omitempty"`
	// Weight ranks: bytes or calls at stake first.
	Weight int64 `json:"weight,omitempty"`
}

// Criticality is how much depends on a flow.
type Criticality string

// The criticalities, "" when nobody said.
const (
	CriticalityLow    Criticality = "low"
	CriticalityMedium Criticality = "medium"
	CriticalityHigh   Criticality = "high"
)

// Flow is a way through the workload from where it is called to where data is
// kept.
type Flow struct {
	// ID is stable between runs.
	ID   string `json:"id"`
	Name string `json:"name"`
	Rank int    `json:"rank"`
	// Entry is where it begins, Stores is where data is kept.
	Entry  cloud.ResourceID   `json:"entry"`
	Stores []cloud.ResourceID `json:"stores"`
	// Components are all nodes on the way, entry first, then in order of depth.
	Components []cloud.ResourceID `json:"components"`
	// Score and Because say why it ranks there.
	Score   float64  `json:"score"`
	Because []string `json:"because"`
	Bytes   int64    `json:"bytes,omitempty"`
	Calls   int64    `json:"calls,omitempty"`
	// SinglePoints are the components each of which cuts the flow alone.
	SinglePoints []cloud.ResourceID `json:"singlePoints"`
	Criticality  Criticality        `json:"criticality,omitempty"`
	RTOSeconds   int64              `json:"rtoSeconds,omitempty"`
	RPOSeconds   int64              `json:"rpoSeconds,omitempty"`
	// From says where criticality, RTO and RPO come from: "tags", "answers", "unknown".
	From string `json:"from"`
	// Facts are what the configuration says of recovery: multi-AZ, backups.
	Facts []string `json:"facts,omitempty"`
}

// FlowAnswer is what a person says of a flow.
type FlowAnswer struct {
	Name        string
	Criticality Criticality
	RTO, RPO    time.Duration
	// Drop says that it is no critical flow.
	Drop bool
}

// Options say how the graph is to be made.
type Options struct {
	Seeds Seeds
	// Answers settle the boundary of nodes, by id.
	Answers map[cloud.ResourceID]Boundary
	// FlowAnswers settle flows, by id.
	FlowAnswers map[string]FlowAnswer
	// OwnerTags are the names of the tags that name the workload; the names of
	// the seed tags, and "workload", "application", "app", "service", "project"
	// and "system" (in any capitals), when empty.
	OwnerTags []string
	// Asserted are edges and nodes that people named in the questionnaire.
	Asserted Asserted
}

// Asserted is what people said and no tool can see.
type Asserted struct {
	Nodes []Node
	Edges []Edge
}
