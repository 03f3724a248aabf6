package kinds

import (
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/inventory"
)

// Place is where a resource was found.
type Place struct {
	// Partition is "aws", "aws-cn", "aws-us-gov", ...; "" is told from the
	// region.
	Partition string
	Account   cloud.Account
	Region    cloud.Region
}

// Rule says what is particular about a kind. Everything in it is optional but
// Kind: without a rule a kind is converted by its schema alone.
//
// Paths are names joined by dots, "[]" for the members of a list
// ("BlockDeviceMappings[].Ebs.VolumeId"). Case makes no difference on the
// reading side; on the writing side use the schema's own spelling. In Move a
// path may not go through more lists on the writing side than on the reading
// side.
type Rule struct {
	Kind cloud.Kind
	// Move takes values from a path of the API's answer to a path of the
	// properties: {"SecurityGroups[].GroupId": "SecurityGroupIds[]",
	// "Placement.AvailabilityZone": "AvailabilityZone"}. What is moved is not
	// taken by the default rule any more.
	Move map[string]string
	// Drop lists names (paths) of the API's answer that say nothing lasting:
	// request tokens, progress. They are neither properties nor attributes.
	Drop []string
	// Attribute lists names (paths) of the API's answer that are no property
	// although the schema has a property of that name.
	Attribute []string
	// Unordered lists properties (paths) whose list has no order although the
	// schema does not say so. They are sorted.
	Unordered []string
	// Shape changes the properties after Move and the default rule, before they
	// are put into the schema's types. It may use everything in r and writes
	// r.Properties and r.Attributes. It is called for every way of reading;
	// what it does must be right for properties that have canonical form
	// already.
	Shape func(r *Reading)
	// ID returns the part of the ARN that kinds.ARN takes as name, or a whole
	// ARN or composed id. Without it, the schema's primary identifier is used.
	ID func(r *Reading) string
	// Name returns what people call it. Without it: the Name tag, the property
	// that holds its name, the last part of the id.
	Name func(r *Reading) string
	// Aliases are the properties or attributes (paths) whose values are other
	// names of it. The primary identifier is always an alias.
	Aliases []string
	// Marks returns the marks of it.
	Marks func(r *Reading) []inventory.Mark
	// Children returns the resources of their own that the answer nests, each
	// in API form.
	Children func(r *Reading) []Child
}

// Child is a resource of its own that the answer of its parent nests.
type Child struct {
	Kind cloud.Kind
	// Item is in API form or canonical form. What its ID needs of the parent
	// must be in it.
	Item map[string]any
}

// Reading is one resource on its way to canonical form.
type Reading struct {
	Kind  cloud.Kind
	Place Place
	// Item is what was read, with names as given. Do not change it.
	Item map[string]any
	// Properties are what is known so far, in the schema's names.
	Properties map[string]any
	// Attributes is what no property exists for.
	Attributes map[string]any
	Tags       cloud.Tags
	// ID is set before Name, Marks and Children are called.
	ID cloud.ResourceID
}
