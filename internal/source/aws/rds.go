package aws

import (
	"context"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

type rdsReader interface {
	rds.DescribeDBClusterParameterGroupsAPIClient
	rds.DescribeDBClusterParametersAPIClient
	rds.DescribeDBClusterSnapshotsAPIClient
	rds.DescribeDBClustersAPIClient
	rds.DescribeDBInstancesAPIClient
	rds.DescribeDBParameterGroupsAPIClient
	rds.DescribeDBParametersAPIClient
	rds.DescribeDBProxiesAPIClient
	rds.DescribeDBProxyEndpointsAPIClient
	rds.DescribeDBProxyTargetGroupsAPIClient
	rds.DescribeDBProxyTargetsAPIClient
	rds.DescribeDBSnapshotsAPIClient
	rds.DescribeDBSubnetGroupsAPIClient
	rds.DescribeEventSubscriptionsAPIClient
	rds.DescribeGlobalClustersAPIClient
	rds.DescribeOptionGroupsAPIClient
	ListTagsForResource(context.Context, *rds.ListTagsForResourceInput, ...func(*rds.Options)) (*rds.ListTagsForResourceOutput, error)
}

// rdsService reads RDS and Aurora. DocumentDB and Neptune answer through the
// same calls; their engine says which they are.
func rdsService() service {
	return service{name: "rds", steps: func(config sdk.Config) []*step {
		var api rdsReader = rds.NewFromConfig(config)
		tags := func(arn string) *step {
			return get(api.ListTagsForResource, "ResourceName="+arn).into("TagList", "Tags")
		}
		return []*step{
			list(api.DescribeDBInstances).items("DBInstances", "AWS::RDS::DBInstance"),
			list(api.DescribeDBClusters).items("DBClusters", "AWS::RDS::DBCluster"),
			list(api.DescribeGlobalClusters).items("GlobalClusters", "AWS::RDS::GlobalCluster"),
			list(api.DescribeDBSnapshots).items("DBSnapshots", "AWS::RDS::DBSnapshot"),
			list(api.DescribeDBClusterSnapshots).items("DBClusterSnapshots", "AWS::RDS::DBClusterSnapshot"),
			list(api.DescribeDBSubnetGroups).items("DBSubnetGroups", "AWS::RDS::DBSubnetGroup").with(tags("DBSubnetGroupArn")),
			list(api.DescribeDBParameterGroups).items("DBParameterGroups", "AWS::RDS::DBParameterGroup").with(
				list(api.DescribeDBParameters, "DBParameterGroupName", "Source:user").into("Parameters", "Parameters").given(own("DBParameterGroupName")),
				tags("DBParameterGroupArn"),
			),
			list(api.DescribeDBClusterParameterGroups).items("DBClusterParameterGroups", "AWS::RDS::DBClusterParameterGroup").with(
				list(api.DescribeDBClusterParameters, "DBClusterParameterGroupName", "Source:user").into("Parameters", "Parameters").given(own("DBClusterParameterGroupName")),
				tags("DBClusterParameterGroupArn"),
			),
			list(api.DescribeOptionGroups).items("OptionGroupsList", "AWS::RDS::OptionGroup").with(tags("OptionGroupArn")),
			list(api.DescribeEventSubscriptions).items("EventSubscriptionsList", "AWS::RDS::EventSubscription").with(tags("EventSubscriptionArn")),
			list(api.DescribeDBProxies).items("DBProxies", "AWS::RDS::DBProxy").with(
				tags("DBProxyArn"),
				list(api.DescribeDBProxyTargetGroups, "DBProxyName").items("TargetGroups", "AWS::RDS::DBProxyTargetGroup").with(
					list(api.DescribeDBProxyTargets, "DBProxyName", "TargetGroupName").into("Targets", "Targets"),
				),
				list(api.DescribeDBProxyEndpoints, "DBProxyName").items("DBProxyEndpoints", "AWS::RDS::DBProxyEndpoint"),
			),
		}
	}}
}

// own is for groups that are not the engine's own ("default.postgres15",
// "default:mysql-8-0"): nobody can change those.
func own(name string) func(item) bool {
	return func(i item) bool {
		return !strings.HasPrefix(i.text(name), "default.") && !strings.HasPrefix(i.text(name), "default:")
	}
}
