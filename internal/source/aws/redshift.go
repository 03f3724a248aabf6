package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
)

type redshiftReader interface {
	redshift.DescribeClusterParameterGroupsAPIClient
	redshift.DescribeClusterParametersAPIClient
	redshift.DescribeClusterSubnetGroupsAPIClient
	redshift.DescribeClustersAPIClient
	DescribeLoggingStatus(context.Context, *redshift.DescribeLoggingStatusInput, ...func(*redshift.Options)) (*redshift.DescribeLoggingStatusOutput, error)
}

func redshiftService() service {
	return service{name: "redshift", steps: func(config sdk.Config) []*step {
		var api redshiftReader = redshift.NewFromConfig(config)
		return []*step{
			list(api.DescribeClusters).items("Clusters", "AWS::Redshift::Cluster").with(
				get(api.DescribeLoggingStatus, "ClusterIdentifier").into("", "LoggingStatus"),
			),
			list(api.DescribeClusterSubnetGroups).items("ClusterSubnetGroups", "AWS::Redshift::ClusterSubnetGroup"),
			list(api.DescribeClusterParameterGroups).items("ParameterGroups", "AWS::Redshift::ClusterParameterGroup").with(
				list(api.DescribeClusterParameters, "ParameterGroupName", "Source:user").into("Parameters", "Parameters").given(own("ParameterGroupName")),
			),
		}
	}}
}
