package aws

import (
	"context"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
)

type efsReader interface {
	efs.DescribeAccessPointsAPIClient
	efs.DescribeFileSystemsAPIClient
	efs.DescribeMountTargetsAPIClient
	efs.DescribeReplicationConfigurationsAPIClient
	DescribeBackupPolicy(context.Context, *efs.DescribeBackupPolicyInput, ...func(*efs.Options)) (*efs.DescribeBackupPolicyOutput, error)
	DescribeFileSystemPolicy(context.Context, *efs.DescribeFileSystemPolicyInput, ...func(*efs.Options)) (*efs.DescribeFileSystemPolicyOutput, error)
	DescribeLifecycleConfiguration(context.Context, *efs.DescribeLifecycleConfigurationInput, ...func(*efs.Options)) (*efs.DescribeLifecycleConfigurationOutput, error)
	DescribeMountTargetSecurityGroups(context.Context, *efs.DescribeMountTargetSecurityGroupsInput, ...func(*efs.Options)) (*efs.DescribeMountTargetSecurityGroupsOutput, error)
}

func efsService() service {
	return service{name: "elasticfilesystem", steps: func(config sdk.Config) []*step {
		var api efsReader = efs.NewFromConfig(config)
		const of = "FileSystemId"
		return []*step{
			list(api.DescribeFileSystems).items("FileSystems", "AWS::EFS::FileSystem").with(
				get(api.DescribeLifecycleConfiguration, of).into("LifecyclePolicies", "LifecyclePolicies"),
				get(api.DescribeFileSystemPolicy, of).into("Policy", "Policy").absent("PolicyNotFound"),
				get(api.DescribeBackupPolicy, of).into("BackupPolicy", "BackupPolicy").absent("PolicyNotFound"),
				list(api.DescribeReplicationConfigurations, of).into("Replications.Destinations", "ReplicationDestinations").absent("ReplicationNotFound"),
				list(api.DescribeMountTargets, of).items("MountTargets", "AWS::EFS::MountTarget").with(
					get(api.DescribeMountTargetSecurityGroups, "MountTargetId").into("SecurityGroups", "SecurityGroups"),
				),
			),
			list(api.DescribeAccessPoints).items("AccessPoints", "AWS::EFS::AccessPoint"),
		}
	}}
}
