package cloud

import (
	"maps"
	"slices"
	"strings"
)

// Provider is a cloud.
type Provider string

// The two providers: AWS is always the source, Azure always the target.
const (
	AWS   Provider = "aws"
	Azure Provider = "azure"
)

// Region is a provider's own region name: "us-east-1", "eastus".
type Region string

// Account is an AWS account number (12 digits) or an Azure subscription id.
type Account string

// Kind is the type of a resource: a CloudFormation type name at the source
// ("AWS::EC2::Instance"), an ARM type at the target
// ("Microsoft.Compute/virtualMachines").
type Kind string

// Service returns the part of the kind that names the service: "EC2" of
// "AWS::EC2::Instance", "Microsoft.Compute" of
// "Microsoft.Compute/virtualMachines". A kind of neither form is returned
// whole.
func (k Kind) Service() string {
	s := string(k)
	if parts := strings.Split(s, "::"); len(parts) >= 2 {
		return parts[1]
	}
	head, _, _ := strings.Cut(s, "/")
	return head
}

// ResourceID identifies one resource: an ARN or a provider's own id at the
// source, an ARM resource id at the target.
type ResourceID string

// Tags are the key/value labels of a resource.
type Tags map[string]string

// Keys returns the tag names in order, so that whatever is written from them
// has the same bytes each time.
func (t Tags) Keys() []string { return slices.Sorted(maps.Keys(t)) }
