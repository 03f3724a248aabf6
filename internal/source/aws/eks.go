package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
)

type eksReader interface {
	eks.DescribeAddonAPIClient
	eks.DescribeClusterAPIClient
	eks.DescribeFargateProfileAPIClient
	eks.DescribeNodegroupAPIClient
	eks.ListAccessEntriesAPIClient
	eks.ListAddonsAPIClient
	eks.ListClustersAPIClient
	eks.ListFargateProfilesAPIClient
	eks.ListNodegroupsAPIClient
	eks.ListPodIdentityAssociationsAPIClient
	DescribeAccessEntry(context.Context, *eks.DescribeAccessEntryInput, ...func(*eks.Options)) (*eks.DescribeAccessEntryOutput, error)
	DescribePodIdentityAssociation(context.Context, *eks.DescribePodIdentityAssociationInput, ...func(*eks.Options)) (*eks.DescribePodIdentityAssociationOutput, error)
}

func eksService() service {
	return service{name: "eks", steps: func(config sdk.Config) []*step {
		var api eksReader = eks.NewFromConfig(config)
		const of = "ClusterName=Name"
		return []*step{list(api.ListClusters).items("Clusters", "AWS::EKS::Cluster").as("Name").with(
			get(api.DescribeCluster, "Name").into("Cluster", ""),
			list(api.ListNodegroups, of).items("Nodegroups", "AWS::EKS::Nodegroup").as("NodegroupName").carrying(of).with(
				get(api.DescribeNodegroup, "ClusterName", "NodegroupName").into("Nodegroup", ""),
			),
			list(api.ListFargateProfiles, of).items("FargateProfileNames", "AWS::EKS::FargateProfile").as("FargateProfileName").carrying(of).with(
				get(api.DescribeFargateProfile, "ClusterName", "FargateProfileName").into("FargateProfile", ""),
			),
			list(api.ListAddons, of).items("Addons", "AWS::EKS::Addon").as("AddonName").carrying(of).with(
				get(api.DescribeAddon, "ClusterName", "AddonName").into("Addon", ""),
			),
			list(api.ListAccessEntries, of).items("AccessEntries", "AWS::EKS::AccessEntry").as("PrincipalArn").carrying(of).with(
				get(api.DescribeAccessEntry, "ClusterName", "PrincipalArn").into("AccessEntry", ""),
			).given(entries),
			list(api.ListPodIdentityAssociations, of).items("Associations", "AWS::EKS::PodIdentityAssociation").with(
				get(api.DescribePodIdentityAssociation, "ClusterName", "AssociationId").into("Association", ""),
			),
		)}
	}}
}

// entries are what clusters have that do not keep access in a config map alone.
func entries(cluster item) bool {
	return cluster.text("AccessConfig.AuthenticationMode") != "CONFIG_MAP"
}
