package aws

import (
	"context"
	"maps"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

type instanceReader interface {
	ec2.DescribeInstancesAPIClient
	ec2.DescribeKeyPairsAPIClient
	ec2.DescribeImagesAPIClient
	ec2.DescribeHostsAPIClient
	ec2.DescribeCapacityReservationsAPIClient
	ec2.DescribeSpotFleetRequestsAPIClient
	ec2.DescribeFleetsAPIClient
	ec2.DescribeLaunchTemplatesAPIClient
	ec2.DescribeLaunchTemplateVersionsAPIClient
	ec2.DescribeInstanceConnectEndpointsAPIClient
	DescribeInstanceAttribute(context.Context, *ec2.DescribeInstanceAttributeInput, ...func(*ec2.Options)) (*ec2.DescribeInstanceAttributeOutput, error)
	DescribeAddresses(context.Context, *ec2.DescribeAddressesInput, ...func(*ec2.Options)) (*ec2.DescribeAddressesOutput, error)
	DescribePlacementGroups(context.Context, *ec2.DescribePlacementGroupsInput, ...func(*ec2.Options)) (*ec2.DescribePlacementGroupsOutput, error)
}

// instanceService reads EC2's computing side: instances, what they are made
// from and what belongs to them.
func instanceService() service {
	return service{name: "ec2", steps: func(config sdk.Config) []*step {
		var api instanceReader = ec2.NewFromConfig(config)
		return []*step{
			list(api.DescribeInstances, "MaxResults:1000").items("Reservations.Instances", "AWS::EC2::Instance").with(
				get(api.DescribeInstanceAttribute, "InstanceId", "Attribute:userData").into("UserData.Value", "UserData").given(exists).unkept(),
				get(api.DescribeInstanceAttribute, "InstanceId", "Attribute:disableApiTermination").
					into("DisableApiTermination.Value", "DisableApiTermination").given(exists),
				usedImages(api, "ImageId"),
			),
			list(api.DescribeImages, "Owners:self", "IncludeDeprecated:true").items("Images", "AWS::EC2::Image"),
			list(api.DescribeLaunchTemplates, "MaxResults:200").items("LaunchTemplates", "AWS::EC2::LaunchTemplate").with(
				list(api.DescribeLaunchTemplateVersions, "LaunchTemplateId", "MaxResults:200").into("LaunchTemplateVersions", "Versions"),
				usedImages(api, "Versions.LaunchTemplateData.ImageId"),
			),
			list(api.DescribeAddresses).items("Addresses", "AWS::EC2::EIP"),
			list(api.DescribeKeyPairs).items("KeyPairs", "AWS::EC2::KeyPair"),
			list(api.DescribePlacementGroups).items("PlacementGroups", "AWS::EC2::PlacementGroup"),
			list(api.DescribeHosts).items("Hosts", "AWS::EC2::Host"),
			list(api.DescribeCapacityReservations).items("CapacityReservations", "AWS::EC2::CapacityReservation"),
			list(api.DescribeSpotFleetRequests).items("SpotFleetRequestConfigs", "AWS::EC2::SpotFleet"),
			list(api.DescribeFleets).items("Fleets", "AWS::EC2::EC2Fleet"),
			list(api.DescribeInstanceConnectEndpoints).items("InstanceConnectEndpoints", "AWS::EC2::InstanceConnectEndpoint"),
		}
	}}
}

// exists leaves out instances that are only listed still: EC2 shows a
// terminated instance for about an hour, and has no attributes of it.
func exists(instance item) bool { return instance.text("State.Name") != "terminated" }

// usedImages reads the images that the elements were made from, which may be
// somebody else's. A filter is asked and not the ids themselves, because EC2
// refuses a call that names one image that is no more.
func usedImages(api ec2.DescribeImagesAPIClient, path string) *step {
	return batchOf(api.DescribeImages, 100, func(above []item) *ec2.DescribeImagesInput {
		ids := map[string]bool{}
		for _, i := range above {
			for _, id := range elements(map[string]any(i), path) {
				// A template may name a parameter instead ("resolve:ssm:...").
				if text, ok := id.(string); ok && strings.HasPrefix(text, "ami-") {
					ids[text] = true
				}
			}
		}
		if len(ids) == 0 {
			return nil
		}
		return &ec2.DescribeImagesInput{IncludeDeprecated: sdk.Bool(true), IncludeDisabled: sdk.Bool(true),
			Filters: []ec2types.Filter{{Name: sdk.String("image-id"), Values: slices.Sorted(maps.Keys(ids))}}}
	}).items("Images", "AWS::EC2::Image")
}
