package inventory

import "example.com/landfall/internal/cloud"

// Version is the schemaVersion of inventory.json.
const Version = 1

// Inventory is inventory.json. All lists are ordered, so that the same
// observations in any order give the same bytes.
type Inventory struct {
	SchemaVersion int `json:"schemaVersion"`
	// Inputs are the fingerprints ("sha256:<hex>") of the files that were read,
	// by path as given; live reading has the input "live".
	Inputs    map[string]string `json:"inputs"`
	Scope     Scope             `json:"scope"`
	Resources []Resource        `json:"resources"`
	// Drift lists what two sources say differently of one resource.
	Drift []Difference `json:"drift"`
	// Unread is what exists or may exist and was not read.
	Unread []Unread `json:"unread"`
	// Refused is what a file said and could not be understood.
	Refused []Refused `json:"refused"`
}

// ArtefactVersion is the schemaVersion that the program writes and reads.
func (Inventory) ArtefactVersion() int { return Version }

// Scope is where was looked.
type Scope struct {
	Accounts []cloud.Account `json:"accounts"`
	Regions  []cloud.Region  `json:"regions"`
	// Sources names the ways of reading that were used.
	Sources []Source `json:"sources"`
}

// Source is a way of reading: the API itself, or a format of exported files.
type Source string

// The sources, in the order of trust: where two say something different of one
// property, the earlier is believed and the difference is listed.
const (
	Live              Source = "live"
	Describe          Source = "describe"
	ConfigSnapshot    Source = "config-snapshot"
	TerraformState    Source = "terraform-state"
	CloudFormation    Source = "cloudformation"
	TerraformPlan     Source = "terraform-plan"
	WorkloadDiscovery Source = "workload-discovery"
	ResourceList      Source = "resource-list"
	// Sweep is the generic way (Resource Groups Tagging, AWS Config's lists):
	// that something exists, and little else.
	Sweep Source = "sweep"
	// Answers are what people said in the questionnaire.
	Answers Source = "answers"
)

// Sources returns all sources in the order of trust.
func Sources() []Source {
	return []Source{Live, Describe, ConfigSnapshot, TerraformState, CloudFormation, TerraformPlan, WorkloadDiscovery, ResourceList, Sweep, Answers}
}

// Properties are CloudFormation property names with their values. A value is
// what encoding/json decodes into (nil, bool, float64, string, []any,
// map[string]any); a whole number may also be an int64 or a json.Number
// before the builder, which normalises. Read-only properties of the
// CloudFormation schema ("Endpoint" of a DB instance) stand here too.
//
// A reference to a resource whose id is not known (in a template) is a
// Reference in its text form, alone or inside a longer string.
type Properties map[string]any

// Resource is one thing at the source.
type Resource struct {
	// ID is the ARN where AWS has one or its form is known
	// ("arn:aws:ec2:us-east-1:123456789012:instance/i-0abc"); for a kind
	// without ARN, the ARN of its parent, "|" and the rest
	// ("arn:…:route-table/rtb-1|0.0.0.0/0"); for a resource that only a
	// template describes, "cloudformation:<stack>/<LogicalId>"; likewise
	// "terraform:<address>".
	ID   cloud.ResourceID `json:"id"`
	Kind cloud.Kind       `json:"kind"`
	// Name is what people call it: its Name tag, its name property, or the last
	// part of its id.
	Name string `json:"name"`
	// LogicalID is its name in a CloudFormation template, or its address in
	// Terraform ("module.db.aws_db_instance.main[0]").
	LogicalID  string        `json:"logicalId,omitempty"`
	Stack      string        `json:"stack,omitempty"`
	Account    cloud.Account `json:"account"`
	Region     cloud.Region  `json:"region"`
	Tags       cloud.Tags    `json:"tags"`
	Properties Properties    `json:"properties"`
	// Attributes are facts that CloudFormation has no property for, in the API's
	// own names: state, launch time, addresses of an interface.
	Attributes map[string]any `json:"attributes,omitempty"`
	// Aliases are other names by which it is referred to: physical id, DNS
	// name, endpoint, address.
	Aliases    []string     `json:"aliases,omitempty"`
	Marks      []Mark       `json:"marks"`
	Provenance []Provenance `json:"provenance"`
}

// Mark says that a resource needs a second look before anything is done to it.
type Mark string

// The marks.
const (
	// Deleted items are still listed by the API, or by an old snapshot.
	Deleted Mark = "deleted"
	// Default things are AWS's own: the default VPC, alias/aws/*, default
	// parameter groups, AWS-managed policies.
	Default Mark = "aws-default"
	// ServiceLinked things belong to a service: its roles, the interfaces it
	// requested.
	ServiceLinked Mark = "service-linked"
	// Operator is the identity that Landfall itself uses.
	Operator Mark = "operator"
	// Conditional resources of a template exist under a condition that is false
	// with the default parameters, or cannot be decided.
	Conditional Mark = "conditional"
)

// Provenance is one reading of a resource.
type Provenance struct {
	Source Source `json:"source"`
	// Origin is the API operation ("ec2:DescribeInstances") or the file, with
	// the place in it ("stack.yaml#/Resources/Web").
	Origin string `json:"origin"`
	// Properties are the names of the properties whose value is this reading's,
	// in order.
	Properties []string `json:"properties"`
}

// Difference is one property of which two sources say different things.
type Difference struct {
	ID       cloud.ResourceID `json:"id"`
	Property string           `json:"property"`
	Values   []Said           `json:"values"`
}

// Said is what one source says.
type Said struct {
	Source Source `json:"source"`
	Origin string `json:"origin"`
	Value  any    `json:"value"`
}

// Unread is something that was not read, and what that hides.
type Unread struct {
	Source Source `json:"source"`
	// Operation is the API operation ("rds:DescribeDBInstances"), or the file.
	Operation string        `json:"operation"`
	Account   cloud.Account `json:"account,omitempty"`
	Region    cloud.Region  `json:"region"`
	// Reason is one line: the kind of the error and the API's own code.
	Reason string `json:"reason"`
	// Hides says what may be missing: "all AWS::RDS::DBInstance", "tags of
	// queue orders", "pages after the first 200 AWS::EC2::Volume".
	Hides string `json:"hides"`
}

// Refused is a file, or a part of one, that could not be understood.
type Refused struct {
	// File is the path as given, with the place ("x.yaml#/Resources/A", "x.csv:17").
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// Observation is what one reading says of one resource. Empty fields are not
// known. Kind is always set, and ID or (LogicalID with Stack).
type Observation struct {
	Resource
	Source Source
	Origin string
}
