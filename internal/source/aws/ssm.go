package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

type ssmReader interface {
	ssm.DescribeInstanceInformationAPIClient
	ssm.DescribeParametersAPIClient
	GetParameters(context.Context, *ssm.GetParametersInput, ...func(*ssm.Options)) (*ssm.GetParametersOutput, error)
	ListInventoryEntries(context.Context, *ssm.ListInventoryEntriesInput, ...func(*ssm.Options)) (*ssm.ListInventoryEntriesOutput, error)
	ListTagsForResource(context.Context, *ssm.ListTagsForResourceInput, ...func(*ssm.Options)) (*ssm.ListTagsForResourceOutput, error)
}

// ssmService reads parameters, of SecureStrings without the value, and what
// the agents report of their machines.
func ssmService() service {
	return service{name: "ssm", steps: func(config sdk.Config) []*step {
		var api ssmReader = ssm.NewFromConfig(config)
		inventory := func(sort, field string) *step {
			return list(api.ListInventoryEntries, "InstanceId", "TypeName:"+sort).into("Entries", field)
		}
		tags := ask(api.ListTagsForResource, func(parameter item) *ssm.ListTagsForResourceInput {
			return &ssm.ListTagsForResourceInput{ResourceType: types.ResourceTypeForTaggingParameter, ResourceId: sdk.String(parameter.text("Name"))}
		})
		return []*step{
			list(api.DescribeParameters, "MaxResults:50").items("Parameters", "AWS::SSM::Parameter").with(
				batch(api.GetParameters, 10, "Names=Name").into("Parameters", "Value").given(plain).matching("Name", "Value"),
				tags.into("TagList", "Tags"),
			),
			list(api.DescribeInstanceInformation, "MaxResults:50").items("InstanceInformationList", "AWS::SSM::ManagedInstanceInventory").with(
				inventory("AWS:Application", "Applications"),
				inventory("AWS:Service", "Services"),
				inventory("AWS:Network", "Network"),
				inventory("AWS:InstanceDetailedInformation", "Details"),
				inventory("AWS:WindowsRole", "WindowsRoles"),
			),
		}
	}}
}

// plain parameters have a value that is no secret by its type.
func plain(parameter item) bool { return parameter.text("Type") != "SecureString" }
